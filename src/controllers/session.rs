//! One look at one object: carries out the engine's effects until it rests.
//!
//! Each effect is one `await` on the outside world and gives one event. What
//! follows from that event is the engine's business.

mod look;
mod permit;
mod send;
mod store;
mod tell;

use self::tell::shown;
pub(super) use self::tell::{publish, tell_refused};

use errand_engine::{Effect, Event, Now, Rules, Span, Tick, step};
use kube::ResourceExt as _;
use tokio::time::timeout;

use super::connections::{Usable, suspends};
use super::context::{API_TIMEOUT, Context, Memory};
use super::effects::name;
use super::ledger::{Look, Recalled};
use super::metrics::Reconcile;
use super::money::Charge;
use super::recording::Entry;
use super::shown::Shown;
use super::status::stored;
use super::watches::version;
use crate::api::{LockedBy, ObservedFor, Reason, State};
use crate::cloud::Refusal;
use crate::operations::{Assessment, Kind, Object};
use crate::test_point::test_point;

type Observed<K> = <<K as Kind>::Object as Object>::Observed;

/// A session of one object.
pub(super) struct Session<'a, K: Kind> {
    ctx: &'a Context,
    /// The newest objects that the watch has shown.
    cache: &'a Shown<K::Object>,
    object: K::Object,
    memory: Memory,
    assessment: Option<Assessment<Observed<K>>>,
    connection: Option<Usable>,
    /// What the call costs that was permitted last.
    charge: Option<Charge>,
    /// What the assessment is about.
    at: Option<ObservedFor>,
    /// Which operation holds the target.
    locked_by: Option<LockedBy>,
    /// The claim that a decision without an observation is about.
    recalled: Option<Recalled>,
    /// The id of a call of which status says without any proof that it had no effect.
    doubted: Option<String>,
    /// The ledger as it was found, for kinds that have one.
    look: Option<Look>,
    trouble: Option<String>,
    /// What the cloud said, if that is the trouble.
    failed: Option<Box<Refusal>>,
    /// What stands there is not what `object` says: an intent that was not stored
    /// as written. The next write replaces it.
    mangled: bool,
    /// Something has changed since the last session.
    pub(super) changed: bool,
    /// The intent was written in this session.
    intended: bool,
    /// What its status showed when this session began.
    stood: Option<(State, Reason)>,
}

/// What is left of a session.
pub(super) struct Rested<K: Kind> {
    /// The object as it was last read or written.
    pub(super) object: K::Object,
    /// What to remember.
    pub(super) memory: Memory,
    /// When it was decided to rest.
    pub(super) decided: Now,
    /// How long after that to look again; absent: on the next change only.
    pub(super) wake: Option<Span>,
}

/// The deadline that the cloud sets for the operation, by what was observed last. One that
/// has not been read yet may be as near as the time that counts as near. Before the time
/// from which the user lets anything be sent, no deadline matters.
pub(super) fn deadline<O: Object>(rules: &Rules, object: &O, now: Tick) -> Option<Tick> {
    let schedule = object.asked().schedule;
    let begins = schedule.and_then(|schedule| schedule.not_before);
    if begins.is_some_and(|at| now.0 < at.millis()) {
        return None;
    }
    let until = object.possible_until(now).map(|at| Tick(at.millis()));
    let unread = || {
        let seen = object
            .status()
            .is_some_and(|status| status.observed.is_some());
        let made = object.meta().creation_timestamp.as_ref();
        let made = made.filter(|_| O::DEADLINE.is_some() && !seen)?;
        Some(Tick(made.0.as_millisecond() + rules.urgent.0))
    };
    until.or_else(unread)
}

/// What an effect gave.
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
enum Outcome {
    Event(Event),
    Nothing,
    Rest(Option<Span>),
}

impl<'a, K: Kind> Session<'a, K> {
    pub(super) fn new(
        ctx: &'a Context,
        cache: &'a Shown<K::Object>,
        object: K::Object,
        memory: Memory,
    ) -> Self {
        let stood = shown(object.status());
        Self {
            ctx,
            cache,
            object,
            memory,
            assessment: None,
            connection: None,
            charge: None,
            at: None,
            locked_by: None,
            recalled: None,
            doubted: None,
            look: None,
            trouble: None,
            failed: None,
            mangled: false,
            changed: false,
            intended: false,
            stood,
        }
    }

    /// Runs it.
    pub(super) async fn run(mut self) -> Rested<K> {
        let kind = <K::Object as kube::Resource>::kind(&()).into_owned();
        let reconciles = &self.ctx.metrics.reconciles;
        reconciles.get_or_create(&Reconcile { kind }).inc();
        self.note_version();
        // What a connection says counts from the first moment on.
        let _ = timeout(API_TIMEOUT, self.ctx.connections.store.listed()).await;
        let woken = self.woken();
        self.go_on(woken).await
    }

    /// The object is gone, and this process may know more of its call than is
    /// recorded.
    pub(super) async fn end(self) {
        self.go_on(Event::Gone).await;
    }

    async fn go_on(mut self, mut event: Event) -> Rested<K> {
        let mut decided = self.now();
        loop {
            decided = event.decides_at().unwrap_or(decided);
            let engine = self.memory.engine.clone();
            let entry = Entry::new(self.ctx, &self.object, &engine, &event);
            let (engine, effects) = step(&self.ctx.rules, engine, event);
            entry.write(&effects);
            self.memory.engine = engine;
            let mut next = None;
            for effect in effects {
                let effect_name = name(&effect);
                tracing::trace!(?effect, "effect");
                test_point("before", effect_name).await;
                let outcome = self.carry_out(effect).await;
                test_point("after", effect_name).await;
                match outcome {
                    Outcome::Event(event) => next = Some(event),
                    Outcome::Nothing => {}
                    Outcome::Rest(wake) => {
                        self.release_if_not_under_way();
                        return Rested {
                            object: self.object,
                            memory: self.memory,
                            decided,
                            wake,
                        };
                    }
                }
            }
            event = next.expect("a batch of effects ends with one that answers, or with Rest");
        }
    }

    async fn carry_out(&mut self, effect: Effect) -> Outcome {
        Outcome::Event(match effect {
            Effect::Read => self.read().await,
            Effect::Observe => self.observe().await,
            Effect::Recall => self.recall().await,
            Effect::Permit(plan) => self.permit(plan).await,
            Effect::Claim(step) => self.claim(step).await,
            Effect::Close(step, closing) => self.close(step, closing).await,
            Effect::Intend(step, change) => {
                self.intended = true;
                self.write(change, Some(step)).await
            }
            Effect::Send(_) => self.send().await,
            Effect::Store(change) => self.write(change, None).await,
            Effect::Announce(report) => {
                self.announce(report).await;
                return Outcome::Nothing;
            }
            Effect::Rest(wake) => return Outcome::Rest(wake),
        })
    }

    fn now(&self) -> Now {
        self.ctx.clock.now()
    }

    fn woken(&self) -> Event {
        let suspended = suspends(&self.ctx.connections.store, &self.object);
        let mut stored = stored::<K>(&self.object, suspended);
        stored.wish.changed = self.changed;
        let now = self.now();
        stored.deadline = deadline(&self.ctx.rules, &self.object, now.wall);
        Event::Woken(now, stored)
    }

    fn note_version(&mut self) {
        let version = version(&self.object);
        let uid = self.object.uid().unwrap_or_default();
        self.ctx.memory.note_written(&uid, version);
    }

    fn namespace(&self) -> String {
        self.object.namespace().unwrap_or_default()
    }
}
