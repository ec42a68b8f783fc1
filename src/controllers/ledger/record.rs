//! What a ledger means for an operation, and how its entries are made. Pure.

use errand_engine::{Closing, Record, Report, Step, Writer};
use kube::{Resource as _, ResourceExt as _};

use super::claim::Right;
use crate::api::{
    AnswerWord, LedgerEntry, LedgerObject, OperationLedgerSpec, Reason, StepStatus, Timestamp,
    Unknown,
};
use crate::controllers::status::{answer_word, claimed_step, decision_word, words};
use crate::operations::{Claimant, Kind, Recorded, code, pin};

pub(super) fn identity<K: Kind>(object: &K::Object) -> LedgerObject {
    LedgerObject {
        kind: K::Object::kind(&()).into_owned(),
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        uid: object.uid().unwrap_or_default(),
        unknown: Unknown::new(),
    }
}

/// What the ledger holds for this object, where no other holds the target.
pub(super) fn record<K: Kind>(
    ledger: &OperationLedgerSpec,
    right: Option<Right>,
    claimant: &Claimant,
    me: &LedgerObject,
    steps: &[StepStatus],
) -> Record {
    let reason = |reason: Reason| Record::Spent(code(reason));
    if let (Some(open), Some(right)) = (&ledger.open, right) {
        let same = open.operation_key == claimant.key && open.body_digest == claimant.body_digest();
        let step = claimed_step::<K>(open);
        // The very call that status has, whatever was edited since.
        let recorded = steps.iter().any(|step| step.id == open.step_id);
        match right {
            Right::Own | Right::Again if same || recorded => return Record::Ours(step),
            // Claimed for what the object asked before: not this process's intent.
            Right::Own | Right::Again => {
                return Record::Ours(Step {
                    writer: Writer(0),
                    ..step
                });
            }
            Right::Orphan => return Record::Orphan(step, pin(&open.step_id)),
            // It had no effect, and the entries count.
            Right::Void => {}
        }
    }
    let mut entries = ledger.entries.iter().rev();
    match entries.find(|entry| entry.operation_key == claimant.key) {
        // A status that tells of no effect, be it forged or of before, is no reason to act.
        Some(entry)
            if entry.object.uid == me.uid && steps.iter().any(StepStatus::may_have_acted) =>
        {
            Record::Closed
        }
        Some(entry) if entry.body_digest != claimant.body_digest() => {
            reason(Reason::OPERATION_KEY_REUSED)
        }
        Some(_) => reason(Reason::ALREADY_EXECUTED),
        None => Record::Free,
    }
}

/// The call whose traces are to be looked for: the claimed one, or the last one
/// in status that may have had an effect.
pub(super) fn recorded(
    ledger: &OperationLedgerSpec,
    record: Record,
    steps: &[StepStatus],
    claimant: &Claimant,
    me: &LedgerObject,
) -> Option<Recorded> {
    if let Record::Spent(_) = record {
        return earlier_run(ledger, claimant);
    }
    let claim = match record {
        Record::Ours(_) | Record::Orphan(..) => ledger.open.as_ref(),
        _ => None,
    };
    let known = steps
        .iter()
        .find(|step| claim.is_some_and(|claim| step.id == claim.step_id));
    let claimed = claim.filter(|_| known.is_none_or(StepStatus::may_have_acted));
    let Some(claim) = claimed else {
        // What came before a repeat that had no effect is still to be found.
        let last = steps.iter().rfind(|step| step.may_have_acted())?;
        return Some(Recorded {
            intended_at: last.intended_at.millis(),
            send_before: last_sent(last.send_before, last),
            answer: last.answer,
            ids: last.ids.clone(),
            body: claim.map(|claim| claim.body.clone()),
            foreign: false,
            elsewhere: false,
            over: false,
        });
    };
    // What only the ledger can say comes first.
    let mut ids = known.map(|step| step.ids.clone()).unwrap_or_default();
    ids.extend(claim.ids.clone());
    Some(Recorded {
        intended_at: claim.claimed_at.millis(),
        send_before: known.map_or(claim.send_before.millis(), |step| {
            last_sent(claim.send_before, step)
        }),
        answer: known.and_then(|step| step.answer).or(claim.answer),
        ids,
        body: Some(claim.body.clone()),
        foreign: matches!(record, Record::Orphan(..)),
        elsewhere: claim.object.namespace != me.namespace,
        over: false,
    })
}

/// When it may have been sent last: what has an answer is not sent again.
fn last_sent(send_before: Timestamp, step: &StepStatus) -> i64 {
    let answered = step.answered_at.map_or(i64::MAX, Timestamp::millis);
    send_before.millis().min(answered)
}

/// An earlier run of the very same operation.
fn earlier_run(ledger: &OperationLedgerSpec, claimant: &Claimant) -> Option<Recorded> {
    let digest = claimant.body_digest();
    let same =
        |entry: &&LedgerEntry| entry.operation_key == claimant.key && entry.body_digest == digest;
    let entry = ledger.entries.iter().rfind(same)?;
    Some(Recorded {
        intended_at: entry.claimed_at.millis(),
        send_before: entry.closed_at.millis(),
        answer: Some(AnswerWord::Accepted),
        ids: entry.ids.clone(),
        body: Some(claimant.body.clone()),
        foreign: false,
        elsewhere: false,
        over: true,
    })
}

/// How a closing is told: as an answer, and as the result of an entry.
pub(super) fn told<K: Kind>(object: &K::Object, closing: Closing) -> (AnswerWord, String) {
    let answer = match closing {
        Closing::Answered(answer) => answer_word(answer),
        _ => AnswerWord::Unknown,
    };
    let result = match closing {
        Closing::Ended(end) => words::<K>(object, Report::Ended(end)).1.to_string(),
        Closing::Decided(decision) => decision_word(decision).to_owned(),
        Closing::Seen | Closing::NoEffect | Closing::Answered(_) => "Seen".to_owned(),
    };
    (answer, result)
}
