//! The status that is left where the API server refuses the whole one. Pure.

use errand_engine::{Change, Report};
use kube::Resource as _;

use super::Rendering;
use crate::api::{Reason, State, Status, Timestamp};
use crate::cloud::is_id;
use crate::controllers::fit::fitted;
use crate::controllers::overdue;
use crate::operations::{Kind, Object};
use crate::text;

impl<K: Kind> Rendering<'_, K> {
    /// What replaces a status that the API server refuses, because of these fields. It has
    /// everything that the next process needs to know (each call with its answer and ids,
    /// the ledger, the question, the outcome), and no text of this reading.
    pub(in crate::controllers) fn minimal(
        &self,
        fields: &str,
    ) -> Status<<K::Object as Object>::Observed> {
        let before = self.object.status().cloned().unwrap_or_default();
        let now = Timestamp::from_millis(self.now.0);
        let (state, reason) = match self.change.report {
            Report::Ended(_) | Report::Held(_) => self.words(),
            _ => (State::Blocked, Reason::STATUS_REFUSED),
        };
        let text = format!(
            "{} (refused: {}) {}",
            reason.meaning(),
            text::line(fields, 512),
            match reason {
                Reason::STATUS_REFUSED => "What was sent is recorded.",
                _ =>
                    "The API server refuses the status that Errand writes, so this is all that it shows.",
            }
        );
        // An intent is written with everything or not at all, and what it would end stands.
        let without_intent = Rendering {
            change: match self.intent {
                Some(_) => Change {
                    handled: None,
                    ..self.change
                },
                None => self.change,
            },
            intent: None,
            ..*self
        };
        let mut status = Status {
            observed: before.observed,
            observed_for: before.observed_for,
            plan: None,
            target: before.target,
            locked_by: None,
            last_cloud_error: None,
            state: Some(state),
            summary: Some(text.clone()),
            ..without_intent.rendered()
        };
        status.waiting = overdue::waiting(self.object, state, reason, now, before.waiting);
        for step in &mut status.steps {
            if !before.steps.contains(step) {
                (step.code, step.request_id, step.message) = (None, None, None);
                step.ids.retain(|_, id| is_id(id));
            }
        }
        status.conditions = before.conditions;
        self.render_conditions(&mut status.conditions, state, reason, &text, now);
        overdue::end(&mut status, self.object.meta().generation, now);
        let kind = K::Object::kind(&());
        fitted(&kind, status, self.object.status())
    }
}
