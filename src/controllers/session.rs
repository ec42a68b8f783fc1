//! One look at one object: carries out the engine's effects until it rests.
//!
//! Each effect is one `await` on the outside world and gives one event. What
//! follows from that event is the engine's business.

use std::sync::Arc;

use errand_engine::{
    Answer, Change, Closing, Effect, Event, Now, Record, Report, Span, Step, Trouble, View,
    may_send, step,
};
use kube::runtime::events::{Event as KubeEvent, EventType};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Resource as _, ResourceExt};
use rand::Rng as _;
use tokio::time::timeout;

use super::admission::connection_id;
use super::audit::{Answered, Line};
use super::connections::{Unusable, Usable, suspends};
use super::context::{API_TIMEOUT, Context, Memory};
use super::effects::name;
use super::expiry::{Expiry, expiry};
use super::ledger::{Look, NotWritten as Unwritten};
use super::metrics::{CloudCall, Ended, Reconcile};
use super::put::{NotWritten, put_status};
use super::recording::Entry;
use super::status::{Rendering, approved, step_status, stored, verdict, wish, words};
use super::troubles::{
    concurrency_limit, no_ledger, not_leading, passing, read_trouble, said, unpayable,
};
use super::watches::all_shown;
use crate::api::{Reason, State, StepStatus, Timestamp};
use crate::cloud::{Gate, Reading, Refusal, Sent};
use crate::mistakes::Mistake;
use crate::operations::{Assessment, Kind, Object};
use crate::test_point::test_point;

type Observed<K> = <<K as Kind>::Object as Object>::Observed;

/// A session of one object.
pub(super) struct Session<'a, K: Kind> {
    ctx: &'a Context,
    /// The newest objects that the watch has shown.
    cache: &'a Store<K::Object>,
    object: K::Object,
    memory: Memory,
    assessment: Option<Assessment<Observed<K>>>,
    connection: Option<Usable>,
    /// The ledger as it was found, for kinds that have one.
    look: Option<Look>,
    trouble: Option<String>,
    /// What stands there is not what `object` says: an intent that was not stored
    /// as written. The next write replaces it.
    mangled: bool,
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

/// What an effect gave.
enum Outcome {
    Event(Event),
    Nothing,
    Rest(Option<Span>),
}

impl<'a, K: Kind> Session<'a, K> {
    pub(super) fn new(
        ctx: &'a Context,
        cache: &'a Store<K::Object>,
        object: K::Object,
        memory: Memory,
    ) -> Self {
        Self {
            ctx,
            cache,
            object,
            memory,
            assessment: None,
            connection: None,
            look: None,
            trouble: None,
            mangled: false,
        }
    }

    /// Runs it.
    pub(super) async fn run(mut self) -> Rested<K> {
        let kind = <K::Object as kube::Resource>::kind(&()).into_owned();
        let reconciles = &self.ctx.metrics.reconciles;
        reconciles.get_or_create(&Reconcile { kind }).inc();
        self.note_version();
        // What a connection says counts from the first moment on.
        let _ = timeout(API_TIMEOUT, all_shown(&self.ctx.connections.store)).await;
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
            Effect::Permit(_) => self.permit().await,
            Effect::Claim(step) => self.claim(step).await,
            Effect::Close(step, closing) => self.close(step, closing).await,
            Effect::Intend(step, change) => self.write(change, Some(step)).await,
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
        Event::Woken(self.now(), stored::<K>(&self.object, suspended))
    }

    fn note_version(&mut self) {
        let version = super::watches::version(&self.object);
        self.memory.version = self.memory.version.max(version);
    }

    fn namespace(&self) -> String {
        self.object.namespace().unwrap_or_default()
    }

    fn api(&self) -> kube::Api<K::Object> {
        kube::Api::namespaced(self.ctx.client.clone(), &self.namespace())
    }

    async fn read(&mut self) -> Event {
        match timeout(API_TIMEOUT, self.api().get_opt(&self.object.name_any())).await {
            Ok(Ok(Some(found))) if found.uid() == self.object.uid() => {
                self.object = found;
                self.note_version();
                self.woken()
            }
            // Gone, or another object of the same name, which has its own session.
            Ok(Ok(_)) => Event::Gone,
            Ok(Err(e)) => {
                tracing::warn!(error = %e, "the object cannot be read");
                Event::NoReply(self.now())
            }
            Err(_) => Event::NoReply(self.now()),
        }
    }

    async fn observe(&mut self) -> Event {
        self.trouble = None;
        let started = self.now().wall;
        let namespace = self.namespace();
        let asked = self.object.asked();
        let connections = &self.ctx.connections;
        let usable = match connections.find(&namespace, asked.connection).await {
            Ok(found) => connections.usable(&namespace, &found, K::SERVICES).await,
            Err(unusable) => Err(unusable),
        };
        let mut connection = match usable {
            Ok(usable) => usable,
            Err(unusable) => return Event::Unobserved(self.now(), self.tell(unusable)),
        };
        // The ledger first: a claim on it as it is found counts on a look at the
        // cloud that is newer than every earlier claim.
        self.look = None;
        if let Some(claimant) = K::claimant(&self.object, &connection.place) {
            match self.ctx.ledgers.look::<K>(&self.object, claimant).await {
                Ok(look) => self.look = Some(look),
                Err(text) => return Event::Unobserved(self.now(), self.tell(no_ledger(text))),
            }
        }
        let record = self.look.as_ref().map_or(Record::None, |look| look.record);
        let open = self.look.as_ref().and_then(|look| look.open.clone());
        let facts = K::observe(&connection.clients, &self.object, open.as_ref()).await;
        self.count_call("observe", if facts.is_ok() { "ok" } else { "failed" });
        match facts {
            Ok(facts) => {
                connection.accepted();
                self.connection = Some(connection);
                let assessment = K::assess(&self.object, &facts, open.as_ref());
                let view = View {
                    started: assessment.shared_since.unwrap_or(started),
                    goal: assessment.goal,
                    trace: assessment.trace,
                    due: assessment.due,
                    record,
                    past: assessment.past,
                    shared: assessment.shared_since.is_some(),
                };
                self.assessment = Some(assessment);
                Event::Observed(self.now(), view)
            }
            Err(e) => {
                let unusable = match e.reading {
                    Reading::Blocked(Reason::CredentialsRejected) => {
                        connection.rejected(&e.refusal)
                    }
                    Reading::Retry(_) => read_trouble(&e),
                    // Any other answer was given to an accepted key.
                    _ => {
                        connection.accepted();
                        read_trouble(&e)
                    }
                };
                Event::Unobserved(self.now(), self.tell(unusable))
            }
        }
    }

    async fn permit(&mut self) -> Event {
        let now = self.now();
        if !self.ctx.leadership.holds() {
            return Event::Forbidden(now, not_leading());
        }
        let Some(connection) = &self.connection else {
            return Event::Forbidden(now, passing(Reason::ConnectionNotReady));
        };
        let offset = connection.clients.of(K::SERVICES[0]).clock_offset();
        if offset.abs() > self.ctx.rules.margin.0 {
            let trouble = passing(Reason::ClockSkew);
            self.trouble = Some(Reason::ClockSkew.meaning().to_owned());
            return Event::Forbidden(now, trouble);
        }
        if let Some(unusable) = self.unpayable() {
            return Event::Forbidden(now, self.tell(unusable));
        }
        match self.admitted().await {
            true => Event::Permitted(now),
            false => {
                let trouble = self.tell(concurrency_limit(self.ctx.rules.poll));
                Event::Forbidden(now, trouble)
            }
        }
    }

    /// Why what costs money must not be sent through this connection, or from
    /// this cluster.
    fn unpayable(&self) -> Option<Unusable> {
        let policy = &self.connection.as_ref()?.policy;
        let wanted = K::payment(&self.object);
        unpayable(wanted, policy, self.ctx.cluster_id.as_deref())
    }

    async fn claim(&mut self, step: Step) -> Event {
        let now = self.now();
        if Mistake::Unrecorded.is_made() {
            return Event::Permitted(now);
        }
        let approved = approved(&self.object);
        let Some(look) = &mut self.look else {
            return Event::NoReply(now);
        };
        // Also if nobody knows whether it was claimed.
        self.memory.ledger = Some(look.claimant.ledger());
        match self.ctx.ledgers.claim::<K>(look, &step, approved).await {
            Ok(()) => Event::Permitted(self.now()),
            Err(Unwritten::Conflict) => Event::Conflict,
            Err(Unwritten::NoReply) => Event::NoReply(self.now()),
            Err(Unwritten::Forbidden(unusable)) => {
                let now = self.now();
                Event::Forbidden(now, self.tell(unusable))
            }
        }
    }

    async fn close(&mut self, step: Step, closing: Closing) -> Event {
        let now = self.now();
        if Mistake::Unrecorded.is_made() {
            return Event::Written(now, true);
        }
        let mut ids = self
            .assessment
            .as_ref()
            .map(|a| a.ids.clone())
            .unwrap_or_default();
        let id = self.intent(&step).id;
        let steps = self.object.status().map_or(&[][..], |status| &status.steps);
        let recorded = steps.iter().find(|step| step.id == id);
        ids.extend(recorded.map(|step| step.ids.clone()).unwrap_or_default());
        if let Some((number, said)) = &self.memory.said
            && *number == step.number
        {
            ids.extend(said.ids.clone());
        }
        let time = Timestamp::from_millis(now.wall.0);
        let ledgers = &self.ctx.ledgers;
        let closed = match (&mut self.look, &self.memory.ledger) {
            (Some(look), _) => {
                ledgers
                    .close::<K>(&self.object, look, closing, ids, time)
                    .await
            }
            // This session is about an object that is gone, and has not looked.
            (None, Some(name)) => {
                let ended = ledgers.close_claim::<K>(&self.object, name, &id, closing, ids, time);
                ended.await
            }
            (None, None) => Err(Unwritten::NoReply),
        };
        match closed {
            Ok(()) => Event::Written(self.now(), true),
            Err(Unwritten::Conflict) => Event::Conflict,
            Err(Unwritten::NoReply) => Event::NoReply(self.now()),
            Err(Unwritten::Forbidden(unusable)) => {
                let now = self.now();
                Event::Forbidden(now, self.tell(unusable))
            }
        }
    }

    /// policy.maxConcurrent of the connection lets it start, or it has started.
    async fn admitted(&self) -> bool {
        let steps = self.object.status().map_or(0, |status| status.steps.len());
        let limit = self
            .connection
            .as_ref()
            .and_then(|connection| connection.limit);
        let (0, Some(limit)) = (steps, limit) else {
            return true;
        };
        let uid = self.object.uid().unwrap_or_default();
        let connection = connection_id(&self.object);
        self.ctx.started.admit(&connection, &uid, limit).await
    }

    fn release_if_not_under_way(&self) {
        let status = self.object.status();
        if status.is_none_or(|s| s.steps.is_empty()) || self.object.is_finished() {
            let uid = self.object.uid().unwrap_or_default();
            let connection = connection_id(&self.object);
            self.ctx.started.release(&connection, &uid);
        }
    }

    async fn send(&mut self) -> Event {
        let (Some(step), Some(connection)) = (self.memory.engine.intent(), &self.connection) else {
            return Event::Unsent(self.now(), passing(Reason::ConnectionNotReady));
        };
        let (step, clients) = (*step, connection.clients.clone());
        let info = self.intent(&step);
        self.audit("sending", &info, None);
        let sent = K::perform(&clients, &self.object, step.key, self.gate(step)).await;
        let (result, refusal) = match &sent {
            Sent::Accepted { request_id, ids } => {
                let said = Refusal {
                    request_id: request_id.clone(),
                    ids: ids.clone(),
                    ..Refusal::default()
                };
                ("accepted", said)
            }
            Sent::Refused(_, refusal) => ("refused", refusal.clone()),
            Sent::NotSent(refusal) => ("not_sent", refusal.clone()),
            Sent::Unknown(refusal) => ("unknown", refusal.clone()),
        };
        self.audit("answered", &info, Some(Answered::new(result, &refusal)));
        self.count_call(K::STEPS[usize::from(step.key.0)].name, result);
        let now = self.now();
        let answer = match sent {
            Sent::Accepted { .. } => Answer::Accepted,
            Sent::Unknown(_) => Answer::Unknown,
            Sent::NotSent(_) => {
                self.trouble = Some(format!(
                    "{} could not be sent: {}.",
                    info.name, refusal.message
                ));
                return Event::Unsent(now, passing(Reason::CloudUnavailable));
            }
            Sent::Refused(Reading::Retry(reason), _) => {
                self.trouble = Some(format!("{}: {}.", info.name, refusal.label()));
                return Event::Unsent(now, passing(reason));
            }
            Sent::Refused(reading, _) => {
                if let Reading::Blocked(Reason::CredentialsRejected) = reading
                    && let Some(connection) = &mut self.connection
                {
                    self.trouble = Some(connection.rejected(&refusal).text);
                } else {
                    self.trouble = Some(said(info.name.as_str(), &refusal));
                }
                Answer::Refused(verdict(reading))
            }
        };
        self.memory.said = Some((step.number, refusal));
        Event::Answered(now, answer)
    }

    fn audit(&self, event: &'static str, step: &StepStatus, answer: Option<Answered<'_>>) {
        Line {
            time: Timestamp::from_millis(self.now().wall.0),
            event,
            kind: &<K::Object as kube::Resource>::kind(&()),
            namespace: &self.namespace(),
            name: &self.object.name_any(),
            uid: &self.object.uid().unwrap_or_default(),
            target: &self.object.target(),
            step: &step.name,
            step_id: &step.id,
            answer,
        }
        .write();
    }

    /// The last check before the bytes leave, with what is known then.
    fn gate(&self, step: Step) -> Gate {
        let me = self.ctx.writer;
        let clock = self.ctx.clock.clone();
        let leadership = self.ctx.leadership.clone();
        let cache = self.cache.clone();
        let reference = ObjectRef::from_obj(&self.object);
        let uid = self.object.uid();
        let wanted = self.object.desired_state();
        let connections = self.ctx.connections.store.clone();
        Arc::new(move || {
            if Mistake::NoLastCheck.is_made() {
                return true;
            }
            let newest = cache.get(&reference).filter(|object| object.uid() == uid);
            newest.is_some_and(|object| {
                let suspended = suspends(&connections, object.as_ref());
                let wish = wish::<K>(&object, suspended);
                object.desired_state() == wanted
                    && may_send(&step, me, clock.now(), leadership.holds(), &wish)
            })
        })
    }

    /// PUT of status under the precondition that the object is as it was read.
    async fn write(&mut self, change: Change, intent: Option<Step>) -> Event {
        if intent.is_some() && Mistake::Unrecorded.is_made() {
            return Event::Written(self.now(), true);
        }
        let said = self.memory.said.as_ref();
        let status = Rendering::<K> {
            object: &self.object,
            change,
            assessment: self.assessment.as_ref(),
            trouble: self.trouble.as_deref(),
            said: said
                .filter(|(number, _)| change.answer.is_some_and(|(n, ..)| n == *number))
                .map(|(_, said)| said),
            intent: intent.map(|step| self.intent(&step)),
            claimant: self.look.as_ref().map(|look| &look.claimant),
            orphan_of: self.look.as_ref().and_then(Look::orphan_of),
            now: self.now().wall,
            random: rand::rng().next_u64(),
        }
        .status();
        if !self.mangled && self.object.status() == Some(&status) {
            return Event::Written(self.now(), true);
        }
        match put_status(self.ctx, &self.object, &status).await {
            Ok(object) if intent.is_none_or(|step| self.echoes(&object, &step)) => {
                self.object = object;
                self.mangled = false;
                self.note_version();
                if change.answer.is_some() {
                    self.memory.said = None;
                }
                Event::Written(self.now(), true)
            }
            Ok(object) => self.not_echoed(object.resource_version()),
            Err(NotWritten::Unreadable(version)) if intent.is_some() => self.not_echoed(version),
            Err(NotWritten::Conflict) => Event::Conflict,
            Err(NotWritten::NoReply | NotWritten::Unreadable(_)) => Event::NoReply(self.now()),
        }
    }

    /// The intent does not stand there as written, and is not sent. It must not
    /// look like one that was, either: the next write goes from the status before.
    fn not_echoed(&mut self, version: Option<String>) -> Event {
        self.object.meta_mut().resource_version = version;
        self.mangled = true;
        self.note_version();
        Event::Written(self.now(), false)
    }

    /// The reply holds the intent as it was written, for this very object.
    fn echoes(&self, reply: &K::Object, step: &Step) -> bool {
        let last = reply.status().and_then(|status| status.steps.last());
        reply.uid() == self.object.uid()
            && reply.meta().generation == self.object.meta().generation
            && last.is_some_and(|last| *last == self.intent(step))
    }

    /// The step as an intent of this object, about what the last look found.
    fn intent(&self, step: &Step) -> StepStatus {
        let uid = self.object.uid().unwrap_or_default();
        let seen = self.assessment.as_ref();
        StepStatus {
            target: seen.and_then(|seen| seen.target.clone()),
            baseline: seen.and_then(|seen| seen.baseline.clone()),
            body_digest: self.look.as_ref().map(|look| look.claimant.body_digest()),
            ..step_status::<K>(&uid, step)
        }
    }

    async fn announce(&self, report: Report) {
        let (state, reason) = words::<K>(&self.object, report);
        let kind = <K::Object as kube::Resource>::kind(&()).into_owned();
        let (reason, note) = match report {
            Report::Orphaned => (
                "DeletedInFlight".to_owned(),
                self.orphaned().map(|(_, note)| note),
            ),
            _ => {
                let summary = self.object.status().and_then(|s| s.summary.clone());
                (reason.to_string(), summary)
            }
        };
        if let Report::Ended(_) = report {
            let outcome = reason.clone();
            let stands = self.object.status().and_then(|s| s.outcome.as_ref());
            if stands != Some(&outcome) {
                // Another process has ended it otherwise, and tells that.
                return;
            }
            self.ctx
                .metrics
                .ended
                .get_or_create(&Ended { kind, outcome })
                .inc();
        }
        if let (Report::Orphaned, Some((step, _))) = (report, self.orphaned())
            && let Some((_, said)) = &self.memory.said
        {
            self.audit(
                "orphaned",
                step,
                Some(Answered::new("recorded_here_only", said)),
            );
        }
        tracing::info!(operation = %self.object.target(), ?state, %reason, "reported");
        let type_ = match state {
            State::Succeeded => EventType::Normal,
            _ => EventType::Warning,
        };
        self.publish(type_, reason, note, format!("{state:?}"))
            .await;
        if let Expiry::TrackedBy(tool) = expiry(&self.object, self.now().wall) {
            let note = format!(
                "ttlAfterSuccess is not applied: {tool} tracks this object and would make it anew. Remove it there."
            );
            let reason = "TtlNotApplied".to_owned();
            self.publish(EventType::Normal, reason, Some(note), "Expire".to_owned())
                .await;
        }
    }

    async fn publish(
        &self,
        type_: EventType,
        reason: String,
        note: Option<String>,
        action: String,
    ) {
        let event = KubeEvent {
            type_,
            reason,
            note,
            action,
            secondary: None,
        };
        let reference = self.object.object_ref(&());
        let published = timeout(API_TIMEOUT, self.ctx.events.publish(&event, &reference)).await;
        if let Ok(Err(e)) = published {
            tracing::warn!(error = %e, "event not published");
        }
    }

    /// The step whose answer has no object any more, and a sentence about it.
    fn orphaned(&self) -> Option<(&StepStatus, String)> {
        let step = self.object.status()?.steps.last()?;
        let note = format!(
            "The object was deleted while {} was under way. What came of the call is in Errand's audit log, id {}; look at {} in the cloud.",
            step.name,
            step.id,
            self.object.target()
        );
        Some((step, note))
    }

    fn tell(&mut self, unusable: Unusable) -> Trouble {
        self.trouble = Some(unusable.text);
        unusable.trouble
    }

    fn count_call(&self, call: &'static str, result: &'static str) {
        let service = K::SERVICES[0].label();
        let label = CloudCall {
            service,
            call,
            result,
        };
        self.ctx.metrics.cloud_calls.get_or_create(&label).inc();
    }
}
