//! The sentence of a status: what the cloud said, what happened, what was seen, and what to
//! do. It stays the same while nothing changes: no moving times, no request ids.

use errand_engine::{Answer, End, Forecast, Report, Verdict};
use kube::ResourceExt as _;

use super::stored::{engine_step, offered};
use super::{Rendering, words};
use crate::api::{CloudError, Hold, Reason};
use crate::cloud::Refusal;
use crate::operations::{Call, Claimant, Kind, Object as _};
use crate::text;

impl<K: Kind> Rendering<'_, K> {
    /// What happened, what was seen, and what to do: stable while nothing changes.
    pub(super) fn summary(
        &self,
        reason: Reason,
        open: Option<&Hold>,
        error: Option<&CloudError>,
    ) -> String {
        let seen = self.assessment.map(|a| a.seen.as_str());
        let refused;
        let busy = self.waits_after_a_refusal().unwrap_or_default();
        let ended = matches!(self.change.report, Report::Ended(_));
        let left = K::left_behind(self.object, ended);
        let orphan = self.orphan.map(|claim| {
            let gone = &claim.object;
            // Other tenants' namespaces and names are not told.
            let of = match Some(&gone.namespace) == self.object.namespace().as_ref() {
                true => format!("{} {}", gone.kind, gone.name),
                false => format!(
                    "a {} in another namespace (OperationLedger {})",
                    gone.kind,
                    self.claimant.map(Claimant::ledger).unwrap_or_default()
                ),
            };
            format!(
                "It is the call of {of}, which is gone or has another target now; a decision is about that call, and then this operation goes on."
            )
        });
        let kept = self.kept_decision();
        let call = self.planned().first().map(Call::line);
        let question = open.filter(|_| kept.is_none()).map(|hold| {
            format!(
                "The question {} is open: GiveUp and AssumeDone are acted on now, where it offers them, and every other decision once it is resumed.",
                hold.reason
            )
        });
        let parts: Vec<&str> = match self.change.report {
            Report::Waiting(_) | Report::Blocked(_) => match (self.trouble, seen) {
                (Some(trouble), _) => vec![trouble],
                (None, Some(seen)) if reason == Reason::CLOUD_REFUSES => {
                    vec![reason.meaning(), seen]
                }
                (None, Some(seen)) => vec![seen, &busy],
                (None, None) => vec![reason.meaning()],
            },
            Report::Planned(forecast) => self.forecast(forecast, reason, call.as_deref()),
            Report::Ended(End::Refused) => {
                let refusal = self
                    .said
                    .map(|said| said.refusal.clone())
                    .or_else(|| self.recorded_refusal());
                refused = refusal.map(|refusal| refusal.sentence("The cloud said"));
                vec![
                    refused.as_deref().unwrap_or_default(),
                    reason.meaning(),
                    left.as_deref().unwrap_or_default(),
                ]
            }
            Report::Suspended => vec![
                reason.meaning(),
                question.as_deref().unwrap_or_default(),
                left.as_deref().unwrap_or_default(),
                kept.as_deref().unwrap_or_default(),
            ],
            Report::BeforeWindow => vec![reason.meaning()],
            Report::Ended(End::GivenUp) => vec![
                reason.meaning(),
                seen.unwrap_or_default(),
                left.as_deref().unwrap_or_default(),
            ],
            Report::Held(_) => {
                let parts = [
                    Some(reason.meaning()),
                    orphan.as_deref(),
                    seen,
                    // Nothing can be seen now, or not be done.
                    self.trouble.filter(|_| kept.is_none()),
                    kept.as_deref(),
                    self.stale_answer(open),
                ];
                parts.into_iter().flatten().collect()
            }
            Report::ResolvingAnswer => [Some(reason.meaning()), orphan.as_deref(), seen]
                .into_iter()
                .flatten()
                .collect(),
            _ => [Some(reason.meaning()), seen]
                .into_iter()
                .flatten()
                .collect(),
        };
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let mut sentence = parts.join(" ");
        if let Some(error) = error.filter(|error| !error.is_in(&sentence)) {
            // What the user has to know comes first. A refused read that stops nothing is a note.
            let refused = self.assessment.and_then(|seen| seen.refused.as_ref());
            let note = refused.is_some_and(|refused| error.call.as_deref() == Some(refused.call()));
            sentence = match note {
                true => format!("{sentence} {}", error.sentence()),
                false => format!("{} {sentence}", error.sentence()),
            };
        }
        text::line(&sentence, text::SENTENCE)
    }

    /// What executing the plan now would come to.
    fn forecast<'a>(
        &'a self,
        forecast: Forecast,
        reason: Reason,
        call: Option<&'a str>,
    ) -> Vec<&'a str> {
        let Some(assessment) = self.assessment else {
            let why = self.trouble.unwrap_or(reason.meaning());
            return vec![self.would(forecast), why];
        };
        let seen = assessment.seen.as_str();
        match (forecast, call) {
            (Forecast::Sends, Some(call)) => vec!["Would be sent:", call, "—", seen],
            (Forecast::Sends | Forecast::Ended(End::Succeeded(_)), _) => {
                vec!["Nothing would be sent.", seen]
            }
            _ => {
                let why = self.trouble.unwrap_or(reason.meaning());
                vec![self.would(forecast), why, seen]
            }
        }
    }

    fn would(&self, forecast: Forecast) -> &'static str {
        match forecast {
            Forecast::Sends => "In mode Execute the call would be sent now.",
            Forecast::Waits(_) | Forecast::BeforeWindow | Forecast::Resolves => {
                "In mode Execute it would wait now:"
            }
            Forecast::Blocked(_) => "In mode Execute it would be Blocked now:",
            Forecast::Held(_) => "In mode Execute it would be Held now:",
            Forecast::Ended(End::Succeeded(_)) => "In mode Execute it would succeed at once.",
            Forecast::Ended(_) => "In mode Execute it would fail now:",
        }
    }

    /// The decision that was given and is not taken yet, and what is in the way.
    fn kept_decision(&self) -> Option<String> {
        let report = self.change.in_the_way?;
        let decision = offered(self.object)?.decision;
        let (_, reason) = words::<K>(self.object, report);
        let why = match report {
            Report::Suspended => "the operation is suspended".to_owned(),
            Report::Planned(_) => "spec.mode is Plan".to_owned(),
            _ => format!("{reason}: {}", self.trouble.unwrap_or(reason.meaning())),
        };
        let why = why.trim_end_matches('.');
        Some(format!(
            "The decision {decision} is kept and not taken yet. In the way: {why}."
        ))
    }

    /// The last step's answer, where an earlier write recorded it.
    fn recorded_refusal(&self) -> Option<Refusal> {
        let step = self.object.status()?.steps.last()?;
        Some(Refusal {
            status: step.http_status.unwrap_or_default(),
            code: step.code.clone().unwrap_or_default(),
            message: step.message.clone().unwrap_or_default(),
            ..Refusal::default()
        })
    }

    /// What the cloud said to the last call, where nothing else tells what is waited
    /// for: the look after it does not explain it.
    fn waits_after_a_refusal(&self) -> Option<String> {
        let Report::Waiting(code) = self.change.report else {
            return None;
        };
        let last = self.object.status()?.steps.last()?;
        let (answer, refusal) = match self.change.answer {
            Some((number, answer, _)) if number == last.number => {
                (answer, self.said.map(|said| said.refusal.clone()))
            }
            _ => (engine_step::<K>(last)?.answer?, self.recorded_refusal()),
        };
        let explains = answer == Answer::Refused(Verdict::Verify(code));
        explains.then(|| refusal.unwrap_or_default().sentence(&last.name))
    }

    /// An answer in the spec that is none to the open question.
    fn stale_answer(&self, open: Option<&Hold>) -> Option<&'static str> {
        let open = open?;
        let answer = self.object.asked().resolution?;
        if answer.hold_id != open.id {
            return Some("spec.resolution answers another question and is ignored.");
        }
        let word = answer.decision.word();
        let offered = open.choices.iter().any(|choice| choice == word);
        (!offered).then_some("spec.resolution names a decision that this question does not offer.")
    }
}
