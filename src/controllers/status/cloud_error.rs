//! What the cloud said, as it is shown while nothing else is known since. Pure.

use errand_engine::{End, Report};

use super::Rendering;
use super::stored::reason;
use crate::api::{AnswerWord, CloudError, Reason, Status, StepStatus};
use crate::cloud::Refusal;
use crate::operations::{Kind, Object, reason_of_word};

impl<K: Kind> Rendering<'_, K> {
    /// What the cloud said last, by the status that is being written for this reason.
    pub(super) fn cloud_error(
        &self,
        status: &Status<<K::Object as Object>::Observed>,
        why: Reason,
    ) -> Option<CloudError> {
        let before = self.object.status();
        let shown = before.and_then(|before| before.last_cloud_error.as_ref());
        if let Some(said) = self.failed {
            return Some(kept(shown, cloud_error(said.call(), said)));
        }
        let answered = |step: &&StepStatus| {
            step.answer
                .is_some_and(|answer| answer != AnswerWord::NotSent)
        };
        let last = status.steps.iter().rev().find(answered);
        if let Some(last) = last.filter(|last| self.is_open_about(last, why)) {
            let new = match self.said {
                Some(said) if self.is_new(last) => cloud_error(&last.name, &said.refusal),
                _ => recorded(last),
            };
            // A step does not keep all of it.
            let same = shown.filter(|shown| without_details(shown) == without_details(&new));
            let error = same.cloned().unwrap_or(new);
            return Some(error).filter(|error| *error != nothing_of(error));
        }
        let refused = self.assessment.and_then(|seen| seen.refused.as_ref());
        let succeeded = matches!(self.change.report, Report::Ended(End::Succeeded(_)));
        if let Some(said) = refused.filter(|_| !succeeded) {
            return Some(kept(shown, cloud_error(said.call(), said)));
        }
        // Nothing else is known than before.
        let same = before.is_some_and(|before| reason(before) == Some(why));
        shown.filter(|_| self.trouble.is_some() && same).cloned()
    }

    /// The same refusal for the rate of requests as the one that is shown, and what is shown
    /// of it. The words, or the call, may be others each time, and each would cost a write.
    pub(super) fn throttled_again(&self, why: Reason) -> Option<(&CloudError, &String)> {
        let before = self.object.status()?;
        let (said, shown) = (self.failed?, before.last_cloud_error.as_ref()?);
        let (status, code) = (Some(said.status), Some(&said.code));
        let same = shown.http_status.or(Some(0)) == status
            && shown.code.as_ref().or(Some(&String::new())) == code;
        let waits = matches!(self.change.report, Report::Waiting(_));
        let still = why == Reason::THROTTLED && reason(before) == Some(why);
        (same && waits && still).then_some((shown, before.summary.as_ref()?))
    }

    /// Its answer is the one that this change folds in.
    fn is_new(&self, step: &StepStatus) -> bool {
        let answer = self.change.answer;
        answer.is_some_and(|(number, ..)| number == step.number)
    }

    /// What was said of the call still says where the operation stands.
    fn is_open_about(&self, step: &StepStatus, why: Reason) -> bool {
        let report = self.change.report;
        match step.answer {
            Some(AnswerWord::Unknown) => !matches!(report, Report::Ended(End::Succeeded(_))),
            Some(AnswerWord::Refused) => match report {
                Report::Ended(End::Succeeded(_)) => false,
                Report::Ended(_)
                | Report::Executing
                | Report::Held(_)
                | Report::ResolvingAnswer => true,
                Report::Waiting(_) | Report::Blocked(_) => {
                    let own = step.reading_reason.as_deref().and_then(reason_of_word);
                    let of = match step.reading.as_deref() {
                        // An observation that does not explain it is reported as this.
                        Some("Verify" | "Gone") => Some(Reason::TARGET_BUSY),
                        _ => own,
                    };
                    of == Some(why)
                }
                _ => false,
            },
            _ => false,
        }
    }
}

/// What was said to that call.
fn cloud_error(call: &str, said: &Refusal) -> CloudError {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let more = said.more.as_deref();
    CloudError {
        call: text(call),
        http_status: Some(said.status).filter(|status| *status > 0),
        code: text(&said.code),
        message: text(&said.message),
        detail: more.and_then(|more| text(&more.detail)),
        encoded_authorization_message: more.and_then(|more| text(&more.encoded)),
        request_id: text(&said.request_id),
    }
}

/// The one that is shown, if the new one says the same: its id differs each time, and a
/// status is not written for that.
fn kept(shown: Option<&CloudError>, new: CloudError) -> CloudError {
    let same = |shown: &&CloudError| {
        CloudError {
            request_id: new.request_id.clone(),
            ..(*shown).clone()
        } == new
    };
    let has_id = |shown: &&CloudError| shown.request_id.is_some();
    shown.filter(has_id).filter(same).cloned().unwrap_or(new)
}

fn recorded(step: &StepStatus) -> CloudError {
    CloudError {
        call: Some(step.name.clone()),
        http_status: step.http_status,
        code: step.code.clone(),
        message: step.message.clone(),
        request_id: step.request_id.clone(),
        ..CloudError::default()
    }
}

fn without_details(error: &CloudError) -> CloudError {
    CloudError {
        detail: None,
        encoded_authorization_message: None,
        request_id: None,
        ..error.clone()
    }
}

/// The call alone: nothing is known of what was said to it.
fn nothing_of(error: &CloudError) -> CloudError {
    CloudError {
        call: error.call.clone(),
        ..CloudError::default()
    }
}

impl CloudError {
    /// The same as a sentence, for people.
    pub(super) fn sentence(&self) -> String {
        let said = Refusal {
            status: self.http_status.unwrap_or_default(),
            code: self.code.clone().unwrap_or_default(),
            message: self.message.clone().unwrap_or_default(),
            ..Refusal::default()
        };
        let call = self.call.as_deref().unwrap_or("the cloud");
        said.sentence(&format!("Answer to {call}"))
    }

    /// A text has its code and its message.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let has = |part: &Option<String>| {
            let part = part.as_deref().unwrap_or_default();
            text.contains(part.trim_end_matches('.'))
        };
        let label = match (&self.code, self.http_status) {
            (None, Some(status)) => Some(format!("HTTP {status}")),
            (code, _) => code.clone(),
        };
        has(&label) && has(&self.message)
    }
}
