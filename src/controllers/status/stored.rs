//! What is stored, in the engine's words. Pure.

use errand_engine::{
    Answer, Hold as EngineHold, Now, Question, Span, Step, Stored, Tick, Verdict, Wish, Writer,
};

use kube::Resource as _;

use super::question;
use crate::api::{
    AnswerWord, Decision, Group, Hold, LedgerClaim, Mode, Reason, Resolution, State, Status,
    StepStatus,
};
use crate::cloud::Reading;
use crate::controllers::marks::RESTORED;
use crate::operations::{CallRules, Kind, Object, code, decision, pin, reason_of_word};

/// The object as the engine sees it; `suspended` is what its connection says. What else
/// depends on the session is for that to add.
pub(in crate::controllers) fn stored<K: Kind>(object: &K::Object, suspended: bool) -> Stored {
    let empty = Status::default();
    let status = object.status().unwrap_or(&empty);
    Stored {
        steps: status
            .steps
            .iter()
            .filter_map(|step| engine_step::<K>(step))
            .collect(),
        ended: object.is_finished(),
        restored: restored(object) || status.restored == Some(true),
        seen: status.observed.is_some(),
        hold: status.hold.as_ref().map(|hold| Question {
            id: hold_number(&hold.id),
            hold: engine_hold(hold),
            pin: hold.about.as_deref().map(pin).unwrap_or_default(),
        }),
        wish: wish::<K>(object, suspended),
        deadline: None,
        refused: status.state == Some(State::Blocked)
            && reason(status) == Some(Reason::CLOUD_REFUSES),
    }
}

/// The reason that status gives.
pub(in crate::controllers) fn reason<O>(status: &Status<O>) -> Option<Reason> {
    let ready = status.conditions.iter().find(|c| c.type_ == "Ready")?;
    reason_of_word(&ready.reason)
}

/// A label shows that it was restored from a backup.
pub(super) fn restored(object: &impl kube::Resource) -> bool {
    let labels = object.meta().labels.as_ref();
    labels.is_some_and(|labels| RESTORED.iter().any(|label| labels.contains_key(*label)))
}

/// Which question it is. Version 0.1.0 wrote its reason alone, which is the word of the
/// question but for one: that is known by its choices.
pub(super) fn engine_hold(hold: &Hold) -> EngineHold {
    let word = hold.question.as_deref().unwrap_or(&hold.reason);
    if hold.question.is_none() && word == "AnswerUnknown" && hold.choices == NO_REPEAT {
        return EngineHold::OrphanUnknown;
    }
    let mut shared = EngineHold::SHARED.into_iter();
    let own = || {
        let reason = reason_of_word(word).filter(|reason| reason.group() == Group::Held);
        reason.map(|reason| EngineHold::OfKind(code(reason)))
    };
    let known = shared.find(|shared| question(*shared) == word).or_else(own);
    // A newer version's, of which only what it offers may be decided.
    known.unwrap_or(EngineHold::AnswerUnknown)
}

/// What can be decided about the call of an operation that is gone.
const NO_REPEAT: [&str; 2] = ["AssumeDone", "GiveUp"];

/// The answer to the open question is that the call be made again.
pub(in crate::controllers) fn approved<O: Object>(object: &O) -> bool {
    offered(object).is_some_and(|answer| answer.decision == Decision::SendAgain)
}

/// What the user asks, in the engine's words.
pub(in crate::controllers) fn wish<K: Kind>(object: &K::Object, suspended: bool) -> Wish {
    let asked = object.asked();
    Wish {
        changed: false,
        execute: asked.mode == Mode::Execute,
        suspended: asked.suspend || suspended,
        deleting: object.meta().deletion_timestamp.is_some(),
        verify_timeout: crate::clock::millis(asked.verify_timeout),
        not_before: asked
            .schedule
            .and_then(|s| Some(Tick(s.not_before?.millis()))),
        not_after: asked
            .schedule
            .and_then(|s| Some(Tick(s.not_after?.millis()))),
        decision: offered(object)
            .map(|answer| (hold_number(&answer.hold_id), decision(answer.decision))),
    }
}

/// The answer to the open question, if it is one of its choices. They are taken as
/// they stand there: a newer Errand's question may be one that this one does not
/// know, and takes for another.
pub(super) fn offered<O: Object>(object: &O) -> Option<&Resolution> {
    let open = object.status()?.hold.as_ref()?;
    let answer = object.asked().resolution?;
    let offers = open
        .choices
        .iter()
        .any(|word| word == answer.decision.word());
    (open.id == answer.hold_id && offers).then_some(answer)
}

/// A hold's id is its number in hexadecimal; anything else is the number of none.
pub(super) fn hold_number(id: &str) -> u64 {
    let digits = id.strip_prefix("h-").unwrap_or_default();
    u64::from_str_radix(digits, 16).unwrap_or(0)
}

fn info<K: Kind>(name: &str) -> Option<&'static CallRules> {
    K::CALLS.iter().copied().find(|info| info.name == name)
}

pub(super) fn engine_step<K: Kind>(step: &StepStatus) -> Option<Step> {
    let info = info::<K>(&step.name)?;
    let intended = Tick(step.intended_at.millis());
    Some(Step {
        number: step.number,
        key: info.key,
        class: info.class,
        writer: Writer(u64::from_str_radix(&step.writer, 16).unwrap_or(0)),
        intended: Now {
            wall: intended,
            mono: intended,
        },
        window: Span(step.send_before.millis() - intended.0),
        answer: step.answer.map(|word| match word {
            AnswerWord::Refused => {
                Answer::Refused(recorded_reading::<K>(step).map_or_else(unexplained, verdict))
            }
            AnswerWord::Unknown if says_no(step) => Answer::Unlisted,
            known => engine_answer(known),
        }),
        answered: step
            .looked_again_at
            .or(step.answered_at)
            .map(|at| Tick(at.millis())),
    })
}

/// The recorded answer says no, and is in no table.
fn says_no(step: &StepStatus) -> bool {
    let status = step.http_status.unwrap_or_default();
    crate::cloud::says_no(status, step.code.as_deref().unwrap_or_default())
}

/// How a recorded refusal was read when it came.
fn recorded_reading<K: Kind>(step: &StepStatus) -> Option<Reading> {
    match &step.reading {
        Some(word) => {
            let reason = step.reading_reason.as_deref();
            Reading::of_words(word, reason.and_then(reason_of_word))
        }
        // Version 0.1.0 did not write it.
        None => {
            let status = step.http_status.unwrap_or_default();
            let code = step.code.as_deref().unwrap_or_default();
            K::SERVICES[0].recorded(status, code)
        }
    }
}

fn engine_answer(word: AnswerWord) -> Answer {
    match word {
        AnswerWord::Accepted => Answer::Accepted,
        AnswerWord::Unknown => Answer::Unknown,
        AnswerWord::NotSent => Answer::NotSent,
        AnswerWord::Refused => Answer::Refused(unexplained()),
    }
}

/// A step that the ledger holds, as the engine sees it.
pub(in crate::controllers) fn claimed_step<K: Kind>(claim: &LedgerClaim) -> Step {
    let info = info::<K>(&claim.step).unwrap_or(K::CALLS[0]);
    let claimed = Tick(claim.claimed_at.millis());
    Step {
        number: claim.number,
        key: info.key,
        class: info.class,
        writer: Writer(u64::from_str_radix(&claim.writer, 16).unwrap_or(0)),
        intended: Now {
            wall: claimed,
            mono: claimed,
        },
        window: Span(claim.send_before.millis() - claimed.0),
        answer: claim.answer.map(engine_answer),
        answered: None,
    }
}

/// A refusal that a look at the cloud does not explain: something is going on
/// there.
pub(super) fn unexplained() -> Verdict {
    Verdict::Verify(code(Reason::TARGET_BUSY))
}

/// How a refusal is read, in the engine's words.
pub(in crate::controllers) fn verdict(reading: Reading) -> Verdict {
    match reading {
        Reading::Verify | Reading::Gone => unexplained(),
        Reading::Retry(_) => Verdict::Retry,
        Reading::Wait(reason) => Verdict::Wait(code(reason)),
        Reading::Blocked(reason) => Verdict::Blocked(code(reason)),
        Reading::Terminal => Verdict::Terminal,
        Reading::Lost(reason) => Verdict::Lost(code(reason)),
    }
}
