//! Reading: the object from the API server, the ledger, the cloud.

use errand_engine::{Event, Hold, Record, Tick, View};
use kube::{Resource as _, ResourceExt as _};

use super::{Session, deadline};
use crate::api::{AnswerWord, Mode, ObservedFor, Reason};
use crate::cloud::{CallError, Reading};
use crate::controllers::connections::{Unusable, Usable, place};
use crate::controllers::ledger::Look;
use crate::controllers::observed_for::{Memory, memory};
use crate::controllers::read::get;
use crate::controllers::shown::ObjectKey;
use crate::controllers::status::stored;
use crate::controllers::troubles::{blocked, no_ledger, read_trouble};
use crate::operations::{Kind, Object};

impl<K: Kind> Session<'_, K> {
    pub(super) async fn read(&mut self) -> Event {
        let (namespace, name) = (self.namespace(), self.object.name_any());
        match get::<K::Object>(&self.ctx.client, Some(&namespace), &name).await {
            Ok(Some(found)) if found.uid() == self.object.uid() => {
                self.object = found;
                self.apply_doubt();
                self.note_version();
                self.woken()
            }
            // Gone, or another object of the same name, which has its own session.
            Ok(_) => Event::Gone,
            Err(e) => {
                tracing::warn!(error = %e, "the object cannot be read");
                Event::NoReply(self.now())
            }
        }
    }

    pub(super) async fn observe(&mut self) -> Event {
        (self.trouble, self.failed) = (None, None);
        // With the right to try its key, which only one has.
        self.connection = None;
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
        let remembers = match self.belongs(&connection) {
            Ok(remembers) => remembers,
            Err(unusable) => return Event::Unobserved(self.now(), self.tell(unusable)),
        };
        self.memory.unfit = None;
        // The ledger first: a claim on it as it is found counts on a look at the
        // cloud that is newer than every earlier claim.
        self.look = None;
        if let Some(claimant) = K::claimant(&self.object, &connection.place) {
            let look = self
                .ctx
                .ledgers
                .look::<K>(&self.object, claimant, connections);
            match look.await {
                Ok(look) => self.look = Some(look),
                Err(text) => return Event::Unobserved(self.now(), self.tell(no_ledger(text))),
            }
        }
        if self.has_a_new_doubt() {
            // The object is read again, with that.
            return Event::Conflict;
        }
        let record = self.look.as_ref().map_or(Record::None, |look| look.record);
        let open = self.look.as_ref().and_then(|look| look.open.clone());
        let others = self.look.as_ref().map(Look::others).unwrap_or_default();
        let known_since = self.known_since(started.0);
        connection.clients.known_since = known_since;
        let clients = &connection.clients;
        let facts = K::observe_among(clients, &self.object, open.as_ref(), &others).await;
        self.count_call("observe", if facts.is_ok() { "ok" } else { "failed" });
        match facts {
            Ok(facts) => {
                let assessment = K::assess(&self.object, &facts, open.as_ref());
                connection.answered(assessment.unread.is_none());
                let skewed = connection.clients.skewed(self.ctx.rules.margin.0);
                self.connection = Some(connection);
                if let Some(at) = &mut self.at {
                    let execute = self.object.asked().mode == Mode::Execute;
                    at.bound |= execute && assessment.shows_anything();
                }
                if let Some(e) = assessment.unread.clone() {
                    let before = self.object.status().and_then(|s| s.observed.as_ref());
                    let new = before != Some(&assessment.observed);
                    self.assessment = Some(assessment);
                    let mut unusable = self.unusable(&e);
                    if new {
                        // What was seen is stored at once.
                        unusable.trouble.quiet = 0;
                    }
                    return Event::Unobserved(self.now(), self.tell(unusable));
                }
                let view = View {
                    // One of since the object was made is as good as one of now for an
                    // object of which nothing is remembered.
                    started: match assessment.shared_since {
                        Some(since) if !remembers && since.0 >= known_since => started,
                        Some(since) => since,
                        None => started,
                    },
                    goal: assessment.goal,
                    trace: assessment.trace,
                    due: assessment.due,
                    record,
                    past: assessment.past,
                    target: self.look.as_ref().map(Look::pin).unwrap_or_default(),
                    // What nothing is remembered of was never seen before.
                    shared: assessment.shared_since.is_some() && remembers,
                    skewed,
                    deadline: self.deadline(&assessment.observed),
                };
                self.assessment = Some(assessment);
                Event::Observed(self.now(), view)
            }
            Err(e) => {
                self.connection = Some(connection);
                let unusable = self.unusable(&e);
                Event::Unobserved(self.now(), self.tell(unusable))
            }
        }
    }

    /// The deadline that the cloud sets, by this observation.
    fn deadline(&self, observed: &<K::Object as Object>::Observed) -> Option<Tick> {
        let mut seen = self.object.clone();
        seen.status_mut()?.observed = Some(observed.clone());
        deadline(&self.ctx.rules, &seen, self.now().wall)
    }

    /// The cloud was not read, or not all of it.
    fn unusable(&mut self, e: &CallError) -> Unusable {
        match (e.reading, &mut self.connection) {
            (Reading::Blocked(Reason::CREDENTIALS_REJECTED), Some(connection)) => {
                connection.rejected(&e.refusal)
            }
            (_, Some(connection)) => {
                connection.failed(&e.refusal);
                read_trouble(e)
            }
            (_, None) => read_trouble(e),
        }
    }

    /// Status says of the claimed call that it had no effect, and nothing else does: status
    /// can be forged, so the call counts as one whose answer is not known.
    fn has_a_new_doubt(&mut self) -> bool {
        let steps = self.object.status().map_or(&[][..], |status| &status.steps);
        let look = self.look.as_ref();
        let doubted = look.and_then(|look| look.doubted(steps, &self.memory.no_effect));
        if let Some(id) = &doubted {
            tracing::warn!(step = %id, "status says that this call had no effect, and the ledger does not");
            self.doubted = doubted;
            return true;
        }
        false
    }

    /// What is doubted is not what the session works with.
    fn apply_doubt(&mut self) {
        let steps = self.object.status_mut().map(|status| &mut status.steps);
        let doubted = self.doubted.as_ref();
        for step in steps.into_iter().flatten() {
            if doubted == Some(&step.id) && step.answer != Some(AnswerWord::Unknown) {
                step.answer = Some(AnswerWord::Unknown);
                (step.reading, step.reading_reason) = (None, None);
                (step.http_status, step.code, step.message) = (None, None, None);
                step.answered_at = None;
                // What is stored is not what this session works with.
                self.mangled = true;
            }
        }
    }

    /// Since when this process knows of the object as it is now; `now` if it does not.
    fn known_since(&self, now: i64) -> i64 {
        let uid = self.object.uid().unwrap_or_default();
        let generation = self.object.meta().generation.unwrap_or_default();
        let shown = self.ctx.memory.shown_since(&uid, generation);
        shown.map_or(now, |shown| shown.0.min(now))
    }

    /// Drops what is remembered of another place or target. Whether anything is
    /// remembered; an error where the operation belongs to another place.
    fn belongs(&mut self, connection: &Usable) -> Result<bool, Unusable> {
        let execute = self.object.asked().mode == Mode::Execute;
        let here = connection.at.observed_for(&self.object);
        let compared = memory(&self.object, &here, execute);
        let Some(status) = self.object.status_mut() else {
            self.at = Some(here);
            return Ok(false);
        };
        match compared {
            Memory::Kept => {
                let bound = status.observed_for.as_ref().is_some_and(|then| then.bound);
                self.at = Some(ObservedFor {
                    bound: bound || !status.steps.is_empty(),
                    ..here
                });
                Ok(status.observed.is_some())
            }
            Memory::Forgotten => {
                (status.observed, status.observed_for) = (None, None);
                self.at = Some(here);
                Ok(false)
            }
            Memory::Elsewhere(text) => Err(blocked(Reason::CONNECTION_MISMATCH, text)),
        }
    }

    /// What the ledger holds for the object. Where its connection is not there or is
    /// another one, by what status says of the ledger.
    pub(super) async fn recall(&mut self) -> Event {
        (self.look, self.recalled) = (None, None);
        if !K::CALLS.iter().any(|call| call.ledger) {
            return Event::Recalled(self.now(), Record::None);
        }
        let namespace = self.namespace();
        let name = &self.object.asked().connection.name;
        let reference = ObjectKey::new(&namespace, name);
        let connections = &self.ctx.connections;
        let claimant = connections.store.get(&reference).and_then(|connection| {
            let place = place(&connections.endpoints, &connection, &namespace);
            K::claimant(&self.object, &place)
        });
        let status = self.object.status();
        let known = status.and_then(|s| Some(s.ledger_ref.as_ref()?.name.clone()));
        let ledgers = &self.ctx.ledgers;
        let recalled = match (claimant, known) {
            (Some(claimant), known) if known.as_ref().is_none_or(|n| *n == claimant.ledger()) => {
                match ledgers.look::<K>(&self.object, claimant, connections).await {
                    Ok(look) => {
                        let record = look.recalled();
                        self.look = Some(look);
                        Ok(record)
                    }
                    Err(text) => Err(text),
                }
            }
            (_, Some(known)) => {
                let question = stored::<K>(&self.object, false).hold;
                let orphan = question.is_some_and(|question| question.hold == Hold::OrphanUnknown);
                let claim = ledgers.claim_by_name::<K>(&self.object, &known, orphan, connections);
                match claim.await {
                    Ok(Some((record, recalled))) => {
                        self.recalled = Some(recalled);
                        Ok(record)
                    }
                    Ok(None) => Ok(Record::None),
                    Err(text) => Err(text),
                }
            }
            (_, None) => Ok(Record::None),
        };
        if self.has_a_new_doubt() {
            return Event::Conflict;
        }
        match recalled {
            Ok(record) => Event::Recalled(self.now(), record),
            Err(text) => Event::Unobserved(self.now(), self.tell(no_ledger(text))),
        }
    }
}
