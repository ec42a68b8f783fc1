//! Makes reconcile passes of the objects of one kind: which, when, and how many at once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use errand_engine::{Span, Tick};
use kube::Resource;
use tokio::sync::{mpsc, watch as signal};
use tokio::task::{Id, JoinSet};
use tokio::time::timeout;
use tracing::Instrument as _;

use super::queue::{Limits, Owner, Queue, Urgency};
use super::shown::ObjectKey;
use super::stop::stopped;
use super::watch::{Event, Unreadable};
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
    pub(super) wall: Option<Tick>,
}

impl Next {
    /// At that time of the monotonic clock.
    pub(super) fn at(at: Tick, urgency: Urgency) -> Self {
        Self {
            at: Some((at, urgency)),
            wall: None,
        }
    }

    /// The same, or at that time if that is earlier.
    pub(super) fn no_later_than(self, at: Tick, urgency: Urgency) -> Self {
        match self.at {
            Some((before, _)) if before <= at => self,
            _ => Self {
                at: Some((at, urgency)),
                ..self
            },
        }
    }
}

/// What follows from what the watch shows of an object.
#[derive(Clone, Debug)]
pub(super) enum Told {
    /// A pass is due.
    Wake(Owner, Urgency),
    /// None before that time of the monotonic clock.
    At(Owner, Tick),
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
    /// Whose pass it is, for one that does not end as it should.
    names: HashMap<Id, (ObjectKey, tracing::Span)>,
    /// Deadlines of the wall clock.
    walls: BTreeSet<(Tick, ObjectKey)>,
    wall_of: HashMap<ObjectKey, Tick>,
    /// What a list that is under way has shown.
    listing: Option<HashSet<ObjectKey>>,
    listed: bool,
}

/// Works until told to stop; then lets passes that are under way end.
pub(super) async fn dispatch<W: Work>(
    work: Arc<W>,
    clock: Clock,
    limits: Limits,
    mut events: mpsc::Receiver<Event<W::Object>>,
    mut wakes: mpsc::UnboundedReceiver<Wake>,
    stop: signal::Receiver<bool>,
) {
    let mut dispatch = Dispatch {
        work,
        clock: clock.clone(),
        queue: Queue::new(limits),
        passes: JoinSet::new(),
        names: HashMap::new(),
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
            Some(ended) = dispatch.passes.join_next_with_id() => dispatch.ended(ended),
            () = clock.sleep(pause) => {}
        }
    }
    let drained = timeout(DRAIN, async {
        while let Some(ended) = dispatch.passes.join_next_with_id().await {
            dispatch.ended(ended);
        }
    });
    if drained.await.is_err() {
        // A pass that does not end by then is cut off.
        tracing::error!("reconcile passes did not end in time");
        std::process::exit(1);
    }
}

impl<W: Work> Dispatch<W> {
    fn now(&self) -> Tick {
        self.clock.now().mono
    }

    fn begin_due(&mut self) {
        if !self.listed {
            return;
        }
        let now = self.clock.now();
        while let Some((at, _)) = self.walls.first()
            && *at <= now.wall
        {
            let (_, key) = self.walls.pop_first().expect("seen above");
            self.wall_of.remove(&key);
            if let Some((owner, _)) = self.work.owner(&key) {
                let due = Some((now.mono, Urgency::Deadline));
                self.queue.set(&key, owner, due, now.mono);
            }
        }
        while let Some((key, changed)) = self.queue.next(now.mono) {
            self.forget_wall(&key);
            let (work, of) = (self.work.clone(), key.clone());
            let pass = async move {
                let next = work.pass(of.clone(), changed).await;
                (of, next)
            };
            let span = self.span(&key);
            let id = self.passes.spawn(pass.instrument(span.clone())).id();
            self.names.insert(id, (key, span));
        }
    }

    fn pause(&self) -> Duration {
        if !self.listed {
            return LOOK_AT_CLOCK;
        }
        let now = self.clock.now();
        let until = |at: Option<Tick>, now: Tick| {
            let at = at.map(|at| duration(Span(at.0.saturating_sub(now.0).max(0))));
            at.unwrap_or(LOOK_AT_CLOCK)
        };
        let wall = self.walls.first().map(|(at, _)| *at);
        until(self.queue.next_time(), now.mono)
            .min(until(wall, now.wall))
            .min(LOOK_AT_CLOCK)
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
                self.work.unreadable(&unreadable);
                if let Some(key) = place(&unreadable) {
                    self.note(&key);
                }
            }
            Event::Gone(Ok(object)) => {
                let key = ObjectKey::of(&object);
                self.gone(&key, Some(object));
            }
            Event::Gone(Err(unreadable)) => {
                if let Some(key) = place(&unreadable) {
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
        let now = self.now();
        match told {
            Told::Wake(owner, urgency) => self.queue.wake(key, owner, urgency, now),
            Told::At(owner, at) => {
                self.forget_wall(key);
                let due = Some((at, Urgency::Routine));
                self.queue.set(key, owner, due, now);
            }
            Told::Done => {
                self.forget_wall(key);
                self.queue.remove(key);
            }
            Told::Nothing => {}
        }
    }

    fn gone(&mut self, key: &ObjectKey, last: Option<W::Object>) {
        if let Some(listing) = &mut self.listing {
            listing.remove(key);
        }
        self.queue.remove(key);
        self.forget_wall(key);
        self.work.gone(key, last);
    }

    fn wake(&mut self, wake: Wake) {
        let now = self.now();
        for key in wake.0 {
            if let Some((owner, urgency)) = self.work.owner(&key) {
                self.queue.wake(&key, owner, urgency, now);
            }
        }
    }

    fn ended(&mut self, ended: Result<(Id, (ObjectKey, Next)), tokio::task::JoinError>) {
        let now = self.now();
        let (key, next) = match ended {
            Ok((id, (key, next))) => {
                self.names.remove(&id);
                (key, next)
            }
            Err(e) => {
                let Some((key, span)) = self.names.remove(&e.id()) else {
                    return;
                };
                let _entered = span.enter();
                tracing::error!(error = %e, "a reconcile pass broke off; the next one is in five minutes");
                let at = Tick(now.0 + AFTER_PANIC.0);
                (key, Next::at(at, Urgency::Routine))
            }
        };
        if let Some(wall) = next.wall {
            self.walls.insert((wall, key.clone()));
            self.wall_of.insert(key.clone(), wall);
        }
        self.queue.done(&key, next.at, now);
    }

    fn span(&self, key: &ObjectKey) -> tracing::Span {
        span::<W::Object>(key, &self.work.uid(key).unwrap_or_default())
    }

    fn forget_wall(&mut self, key: &ObjectKey) {
        if let Some(at) = self.wall_of.remove(key) {
            self.walls.remove(&(at, key.clone()));
        }
    }
}

/// The span of a reconcile pass: each of its log lines names the object. Its level is the
/// highest, so that `--log` never leaves it out. A span's own name is `name` in JSON.
pub(super) fn span<R: Resource<DynamicType = ()>>(key: &ObjectKey, uid: &str) -> tracing::Span {
    tracing::error_span!(
        "reconcile",
        object.kind = %R::kind(&()),
        object.namespace = %key.namespace,
        object.name = %key.name,
        object.uid = %uid,
    )
}

/// Where the object is that cannot be read, if that much can be.
fn place(unreadable: &Unreadable) -> Option<ObjectKey> {
    let namespace = unreadable.namespace.as_deref().unwrap_or_default();
    Some(ObjectKey::new(namespace, unreadable.name.as_deref()?))
}

#[cfg(test)]
mod tests;
