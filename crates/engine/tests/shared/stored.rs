//! What a stored change makes of an object, for the model and the unit tests: the words of
//! it are the shell's.

use super::*;

/// `question` is the id of a new question.
pub(crate) fn apply(stored: &mut Stored, intent: Option<Step>, change: Change, question: u64) {
    if let Some((number, answer, at)) = change.answer
        && let Some(step) = stored.steps.iter_mut().find(|s| s.number == number)
        && step.is_open()
    {
        step.answer = Some(answer);
        step.answered = Some(at);
    }
    stored.steps.extend(intent);
    stored.refused = change.report == Report::Blocked(CLOUD_REFUSES);
    stored.ended |= matches!(change.report, Report::Ended(_));
    let open = stored.hold.map(|question| question.id);
    if stored.ended || (change.handled.is_some() && change.handled == open) {
        stored.hold = None;
    }
    if let (Report::Held(hold), None) = (change.report, stored.hold) {
        stored.hold = Some(Question {
            id: question,
            hold,
            pin: change.pin,
        });
    }
    if let Some((number, at)) = change.look_again {
        let step = stored.steps.iter_mut().find(|step| step.number == number);
        step.into_iter().for_each(|step| step.answered = Some(at));
    }
}
