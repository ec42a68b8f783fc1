//! Makes reconcile passes of the objects of one kind: which, when, and how many at once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use errand_engine::{Now, Span, Tick};
use futures::FutureExt as _;
use kube::Resource;
use tokio::sync::{mpsc, watch as signal};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::Instrument as _;

use super::observability::span;
use super::queue::{Owner, Queue, Urgency};
use super::shown::ObjectKey;
use super::stop::stopped;
use super::unreadable::Unreadable;
use super::watch::Event;
use crate::clock::{Clock, duration};

/// The clock is looked at this often, so that one that is set does not make a deadline
/// late by more.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(300);

/// How long passes that are under way may take to end when the process stops.
const DRAIN: Duration = Duration::from_secs(20);

/// After a pass that broke off by a mistake of ours.
const AFTER_PANIC: Span = Span(300_000);

/// When the next pass of an object is due, if nothing happens before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Next {
    /// Of the monotonic clock; absent: on a change only.
    pub(super) at: Option<(Tick, Urgency)>,
    /// Of the wall clock, whichever comes first: for what the schedule says.
    pub(super) wall: Option<(Tick, Urgency)>,
}

impl Next {
    /// At that time of the monotonic clock.
    pub(super) fn at(at: Tick, urgency: Urgency) -> Self {
        Self {
            at: Some((at, urgency)),
            wall: None,
        }
    }

    /// At that time of the wall clock, whether it is set meanwhile or not.
    pub(super) fn wall(wall: Tick, now: Now, urgency: Urgency) -> Self {
        let span = Span(wall.0.saturating_sub(now.wall.0));
        Self {
            at: Some((now.after(span), urgency)),
            wall: Some((wall, urgency)),
        }
    }

    /// At the first time of both.
    pub(super) fn or(self, other: Self) -> Self {
        let first = |one: Option<(Tick, Urgency)>, other| one.into_iter().chain(other).min();
        Self {
            at: first(self.at, other.at),
            wall: first(self.wall, other.wall),
        }
    }
}

/// What follows from what the watch shows of an object.
#[derive(Clone, Debug)]
pub(super) enum Told {
    /// A pass is due.
    Wake(Owner, Urgency),
    /// None before that time.
    At(Owner, Next),
    /// None any more.
    Done,
    /// Nothing has changed that matters.
    Nothing,
}

/// What is done with the objects of one kind.
pub(super) trait Work: Send + Sync + 'static {
    /// An object.
    type Object: Resource<DynamicType = ()> + Send + 'static;

    /// The watch shows it.
    fn shown(&self, object: Self::Object) -> (ObjectKey, Told);
    /// It cannot be read; what is known of it stays.
    fn unreadable(&self, unreadable: &Unreadable);
    /// It is gone; `last` is its last state, if that can be read.
    fn gone(&self, key: &ObjectKey, last: Option<Self::Object>);
    /// The places of all objects that were shown.
    fn keys(&self) -> Vec<ObjectKey>;
    /// Every object has been shown.
    fn listed(&self);
    /// The uid of an object that is shown.
    fn uid(&self, key: &ObjectKey) -> Option<String>;
    /// Who an object that is shown counts for; nothing if it is gone or has ended.
    fn owner(&self, key: &ObjectKey) -> Option<(Owner, Urgency)>;
    /// One pass. `changed`: something has happened since the last.
    fn pass(&self, key: ObjectKey, changed: bool) -> impl Future<Output = Next> + Send;
}

/// Objects that are to be looked at because something else has changed.
#[derive(Clone, Debug)]
pub(super) struct Wake(pub(super) Vec<ObjectKey>);

struct Dispatch<W: Work> {
    work: Arc<W>,
    clock: Clock,
    queue: Queue<ObjectKey>,
    passes: JoinSet<(ObjectKey, Next)>,
    /// Deadlines of the wall clock.
    walls: BTreeSet<(Tick, Urgency, ObjectKey)>,
    wall_of: HashMap<ObjectKey, (Tick, Urgency)>,
    /// What a list that is under way has shown.
    listing: Option<HashSet<ObjectKey>>,
    listed: bool,
}

/// Works until told to stop; then lets passes that are under way end.
pub(super) async fn dispatch<W: Work>(
    work: Arc<W>,
    clock: Clock,
    places: usize,
    mut events: mpsc::Receiver<Event<W::Object>>,
    mut wakes: mpsc::UnboundedReceiver<Wake>,
    stop: signal::Receiver<bool>,
) {
    let mut dispatch = Dispatch {
        work,
        clock: clock.clone(),
        queue: Queue::new(places),
        passes: JoinSet::new(),
        walls: BTreeSet::new(),
        wall_of: HashMap::new(),
        listing: None,
        listed: false,
    };
    let stop = stopped(stop);
    tokio::pin!(stop);
    loop {
        dispatch.begin_due();
        let pause = dispatch.pause();
        tokio::select! {
            () = &mut stop => break,
            Some(event) = events.recv() => {
                dispatch.event(event);
                // Those that came with it, before any pass begins.
                while let Ok(event) = events.try_recv() {
                    dispatch.event(event);
                }
            }
            Some(wake) = wakes.recv() => dispatch.wake(wake),
            Some(Ok((key, next))) = dispatch.passes.join_next() => dispatch.ended(&key, next),
            () = clock.sleep(pause) => {}
        }
    }
    let drained = timeout(DRAIN, async {
        while dispatch.passes.join_next().await.is_some() {}
    });
    if drained.await.is_err() {
        // A pass that does not end by then is cut off.
        tracing::error!("reconcile passes did not end in time");
        std::process::exit(1);
    }
}

impl<W: Work> Dispatch<W> {
    fn begin_due(&mut self) {
        if !self.listed {
            return;
        }
        let now = self.clock.now();
        while let Some((at, _, _)) = self.walls.first()
            && *at <= now.wall
        {
            let (_, urgency, key) = self.walls.pop_first().expect("seen above");
            self.wall_of.remove(&key);
            self.queue.hurry(&key, urgency, now.mono);
        }
        while let Some((key, changed)) = self.queue.next(now.mono) {
            self.set_wall(&key, None);
            let uid = self.work.uid(&key).unwrap_or_default();
            let span = span::<W::Object>(&key, &uid);
            let (work, clock) = (self.work.clone(), self.clock.clone());
            let pass = async move {
                let pass = AssertUnwindSafe(work.pass(key.clone(), changed));
                let next = pass.catch_unwind().await.unwrap_or_else(|_| {
                    tracing::error!("a reconcile pass broke off; the next one is in five minutes");
                    Next::at(clock.after(AFTER_PANIC), Urgency::Routine)
                });
                (key, next)
            };
            self.passes.spawn(pass.instrument(span));
        }
    }

    fn pause(&self) -> Duration {
        if !self.listed {
            return LOOK_AT_CLOCK;
        }
        let now = self.clock.now();
        let until = |at: Option<Tick>, now: Tick| {
            let left = at.map_or(i64::MAX, |at| at.0.saturating_sub(now.0));
            duration(Span(left.max(0))).min(LOOK_AT_CLOCK)
        };
        let wall = self.walls.first().map(|(at, _, _)| *at);
        until(self.queue.next_time(), now.mono).min(until(wall, now.wall))
    }

    fn event(&mut self, event: Event<W::Object>) {
        match event {
            Event::Begin => self.listing = Some(HashSet::new()),
            Event::Shown(object) => {
                let (key, told) = self.work.shown(object);
                self.note(&key);
                self.told(&key, told);
            }
            Event::Unreadable(unreadable) => {
                if let Some(key) = unreadable.place() {
                    let before = self.work.uid(&key).filter(|_| unreadable.uid.is_some());
                    if before.is_some() && before != unreadable.uid {
                        // Another object of that name.
                        self.gone(&key, None);
                    }
                    self.note(&key);
                }
                self.work.unreadable(&unreadable);
            }
            Event::Gone(Ok(object)) => {
                let key = ObjectKey::of(&object);
                self.gone(&key, Some(object));
            }
            Event::Gone(Err(unreadable)) => {
                if let Some(key) = unreadable.place() {
                    self.gone(&key, None);
                }
            }
            Event::End => {
                let shown = self.listing.take().unwrap_or_default();
                for key in self.work.keys() {
                    if !shown.contains(&key) {
                        self.gone(&key, None);
                    }
                }
                self.listed = true;
                self.work.listed();
            }
        }
    }

    fn note(&mut self, key: &ObjectKey) {
        if let Some(listing) = &mut self.listing {
            listing.insert(key.clone());
        }
    }

    fn told(&mut self, key: &ObjectKey, told: Told) {
        let now = self.clock.now().mono;
        match told {
            Told::Wake(owner, urgency) => self.queue.wake(key, owner, urgency, now),
            Told::At(owner, next) => {
                self.queue.set(key, owner, next.at, now);
                self.set_wall(key, next.wall);
            }
            Told::Done => {
                self.set_wall(key, None);
                self.queue.rest(key, now);
            }
            Told::Nothing => {}
        }
    }

    fn gone(&mut self, key: &ObjectKey, last: Option<W::Object>) {
        if let Some(listing) = &mut self.listing {
            listing.remove(key);
        }
        self.queue.remove(key);
        self.set_wall(key, None);
        self.work.gone(key, last);
    }

    fn wake(&mut self, wake: Wake) {
        let now = self.clock.now().mono;
        for key in wake.0 {
            if let Some((owner, urgency)) = self.work.owner(&key) {
                self.queue.wake(&key, owner, urgency, now);
            }
        }
    }

    fn ended(&mut self, key: &ObjectKey, next: Next) {
        if self.queue.done(key, next.at, self.clock.now().mono) {
            self.set_wall(key, next.wall);
        }
    }

    fn set_wall(&mut self, key: &ObjectKey, wall: Option<(Tick, Urgency)>) {
        if let Some((at, urgency)) = self.wall_of.remove(key) {
            self.walls.remove(&(at, urgency, key.clone()));
        }
        if let Some((at, urgency)) = wall {
            self.walls.insert((at, urgency, key.clone()));
            self.wall_of.insert(key.clone(), (at, urgency));
        }
    }
}

#[cfg(test)]
mod tests;
