//! Writing status: intents, and what came of them.

use errand_engine::{Change, Event, Step, StepKey};
use kube::{Resource as _, ResourceExt as _};
use rand::Rng as _;

use super::Session;
use super::tell::shown;
use crate::api::{AnswerWord, StepStatus};
use crate::controllers::ledger::{self, Look};
use crate::controllers::put::{NotWritten, put_status};
use crate::controllers::status::{Rendering, answer_word, step_status};
use crate::mistakes::Mistake;
use crate::operations::{Call, Kind, Object as _};

impl<K: Kind> Session<'_, K> {
    /// PUT of status under the precondition that the object is as it was read.
    pub(super) async fn write(&mut self, change: Change, intent: Option<Step>) -> Event {
        let intent = intent.map(|step| self.intent(&step));
        if intent.is_some() {
            // Also if the reply to this write is lost.
            self.memory.intent.clone_from(&intent);
            if Mistake::Unrecorded.is_made() {
                return Event::Written(self.now(), true);
            }
        }
        match self.note_no_effect(&change).await {
            // What the API server refuses for good is no reason to keep the answer back.
            Ok(()) | Err(ledger::NotWritten::Forbidden(_)) => {}
            Err(_) => return Event::NoReply(self.now()),
        }
        let said = self.memory.said.as_ref();
        let rendering = Rendering::<K> {
            object: &self.object,
            change,
            assessment: self.assessment.as_ref(),
            trouble: self.trouble.as_deref(),
            failed: self.failed.as_deref(),
            said: said
                .filter(|(number, _)| change.answer.is_some_and(|(n, ..)| n == *number))
                .map(|(_, said)| said),
            intent: intent.clone(),
            at: self.at.as_ref(),
            locked_by: self.locked_by.as_ref(),
            claimant: self.look.as_ref().map(|look| &look.claimant),
            orphan: self.look.as_ref().and_then(Look::orphan),
            claim: self.look.as_ref().and_then(Look::own),
            now: self.now().wall,
            random: rand::rng().next_u64(),
        };
        let status = rendering.status();
        if !self.mangled && self.object.status() == Some(&status) {
            return Event::Written(self.now(), true);
        }
        let before = self.object.status();
        let mut written = put_status(self.ctx, &self.object, before, &status).await;
        let refused = match &written {
            Err(NotWritten::Refused(fields)) => Some(fields.clone()),
            _ => None,
        };
        if let Some(fields) = refused {
            let status = rendering.minimal(&fields);
            written = match !self.mangled && before == Some(&status) {
                true => Ok(self.object.clone()),
                false => put_status(self.ctx, &self.object, before, &status).await,
            };
            self.tell_refused(&fields, written.is_ok()).await;
            if let (Ok(object), true) = (&written, intent.is_some()) {
                // The intent is not among it, and is not sent before it is stored.
                self.object = object.clone();
                self.note_version();
                return Event::NoReply(self.now());
            }
        }
        match written {
            Ok(object)
                if intent
                    .as_ref()
                    .is_none_or(|intent| self.echoes(&object, intent)) =>
            {
                let before = shown(self.object.status());
                self.object = object;
                self.mangled = false;
                self.note_version();
                self.note_blocked(before).await;
                if change.answer.is_some() {
                    self.memory.said = None;
                }
                Event::Written(self.now(), true)
            }
            Ok(object) => self.not_echoed(object.resource_version()),
            Err(NotWritten::Unreadable(version)) if intent.is_some() => self.not_echoed(version),
            Err(NotWritten::Conflict) => Event::Conflict,
            Err(NotWritten::NoReply | NotWritten::Unreadable(_) | NotWritten::Refused(_)) => {
                Event::NoReply(self.now())
            }
        }
    }

    /// That a call had no effect is recorded in its ledger first: of status alone another
    /// process would not believe it.
    async fn note_no_effect(&mut self, change: &Change) -> Result<(), ledger::NotWritten> {
        let Some((number, answer, _)) = change.answer else {
            return Ok(());
        };
        let word = answer_word(answer);
        let steps = self.object.status().map_or(&[][..], |status| &status.steps);
        let step = steps.iter().find(|step| step.number == number);
        let (AnswerWord::Refused | AnswerWord::NotSent, Some(step)) = (word, step) else {
            return Ok(());
        };
        let (ledgers, object) = (&self.ctx.ledgers, &self.object);
        match (&mut self.look, &self.memory.ledger) {
            (Some(look), _) => ledgers.note_no_effect(look, &step.id, word).await,
            // Without a connection, for instance.
            (None, Some(name)) => {
                let noted = ledgers.note_no_effect_in::<K>(name, object, &step.id, word);
                noted.await
            }
            (None, None) => Ok(()),
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
    fn echoes(&self, reply: &K::Object, intent: &StepStatus) -> bool {
        let last = reply.status().and_then(|status| status.steps.last());
        reply.uid() == self.object.uid()
            && reply.meta().generation == self.object.meta().generation
            && last == Some(intent)
    }

    /// The call of a step. One that needs the ledger is the one that is claimed there.
    pub(super) fn call(&self, key: StepKey) -> Option<&Call> {
        let claimed = self.look.iter().map(|look| &look.claimant.call);
        let seen = self.assessment.iter().flat_map(|seen| &seen.calls);
        let mut calls = claimed.filter(|call| call.rules.ledger).chain(seen);
        calls.find(|call| call.rules.key == key)
    }

    /// The step as an intent of this object, about what the last look found.
    pub(super) fn intent(&self, step: &Step) -> StepStatus {
        let uid = self.object.uid().unwrap_or_default();
        let seen = self.assessment.as_ref();
        let call = self.call(step.key);
        let place = self.connection.as_ref().map(|used| &used.place);
        StepStatus {
            target: call.and_then(Call::target),
            baseline: seen.and_then(|seen| seen.baseline.clone()),
            request_digest: call.and_then(|call| call.digest(place?).ok()),
            call: call.map(Call::status),
            body_digest: self.look.as_ref().map(|look| look.claimant.body_digest()),
            ..step_status::<K>(&uid, step)
        }
    }
}
