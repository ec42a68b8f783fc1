//! The open claim of a ledger, and who may change it. Pure.
//!
//! A user may be able to write the status of objects in one namespace, and whatever an
//! object says of itself can be forged there: which ledger it has, which step, which
//! answer, which ids. The API server alone gives an object its uid, kind, namespace and
//! name, and only Errand writes ledgers. So a claim is changed by the object whose uid it
//! has. Others may only end the claim of an object that is gone, after they found the
//! ledger by their own target; the call then stays in the ledger as an entry.
//!
//! [`Changed`] is the only thing that is written into a ledger, and only this file makes
//! one.
//!
//! What is believed of a call that may have been sent, in this order:
//! 1. what this process knows, because it sent the call or did not ([`NoEffect`]);
//! 2. what the ledger says: a refusal is recorded there before status tells it;
//! 3. of an answer in status, only what keeps the claim (Accepted, Unknown). That a call
//!    had no effect is never believed of status alone, because the claim would go, and a
//!    second order would be placed.

use std::collections::BTreeSet;

use errand_engine::Closing;

use crate::api::{
    AnswerWord, LEDGER_ENTRIES, LedgerClaim, LedgerEntry, LedgerObject, OperationLedger,
    OperationLedgerSpec, StepStatus, Timestamp, Unknown,
};
use crate::cloud::{Ids, is_id};
use crate::operations::Claimant;

/// Ids that a ledger takes for one call.
const MOST_IDS: usize = 8;

/// By what right an object changes an open claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// It is the object's own.
    Own,
    /// The object that it is of is gone, and this one asks for the same in the same
    /// namespace: the key and the body of the call are the same.
    Again,
    /// The object that it is of is gone or claims something else. The claim may be ended,
    /// and is kept as an entry.
    Orphan,
    /// The ledger says that its call had no effect, so it counts for no other object, and
    /// may be replaced.
    Void,
}

/// Steps of an object of which this process knows that they had no effect, because it has
/// not sent them, or received a refusal.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct NoEffect(BTreeSet<String>);

impl NoEffect {
    /// Steps of one object that are kept.
    const MOST: usize = 16;

    /// It is not sent yet, or was refused.
    pub(in crate::controllers) fn note(&mut self, step: &str) {
        self.0.insert(step.to_owned());
        while self.0.len() > Self::MOST {
            // The time is part of an id, after the process that wrote it.
            self.0.pop_first();
        }
    }

    /// It is about to be sent.
    pub(in crate::controllers) fn forget(&mut self, step: &str) {
        self.0.remove(step);
    }

    /// It certainly had none.
    pub(in crate::controllers) fn is_known(&self, step: &str) -> bool {
        self.0.contains(step)
    }
}

/// A ledger with what is to be written into it.
pub(super) struct Changed {
    ledger: OperationLedger,
    spec: OperationLedgerSpec,
}

impl Changed {
    pub(super) fn into_parts(self) -> (OperationLedger, OperationLedgerSpec) {
        (self.ledger, self.spec)
    }

    /// It would be written as it is.
    pub(super) fn is_none(&self) -> bool {
        self.ledger.spec == self.spec
    }
}

#[cfg(test)]
impl Changed {
    /// Anything at all.
    pub(super) fn anything(ledger: OperationLedger, spec: OperationLedgerSpec) -> Self {
        Self { ledger, spec }
    }
}

/// An open claim that may be changed.
pub(super) struct Open {
    ledger: OperationLedger,
    open: LedgerClaim,
    right: Right,
}

impl Open {
    /// The claim of that step, if it is the object's own.
    pub(super) fn own(ledger: OperationLedger, me: &LedgerObject, step: &str) -> Option<Self> {
        let open = ledger.spec.open.clone()?;
        let own = is_own(&open, me) && open.step_id == step;
        own.then_some(Self {
            ledger,
            open,
            right: Right::Own,
        })
    }

    /// The claim that was found with that right.
    pub(super) fn with(ledger: OperationLedger, right: Right) -> Option<Self> {
        let open = ledger.spec.open.clone()?;
        Some(Self {
            ledger,
            open,
            right,
        })
    }

    /// What came of it is written.
    ///
    /// `result`: how an entry ends, in a word. `None`: it may not be closed like this.
    pub(super) fn closed(
        self,
        closing: Closing,
        answer: AnswerWord,
        result: String,
        ids: Ids,
        now: Timestamp,
        no_effect: &NoEffect,
    ) -> Option<Changed> {
        let Self {
            ledger,
            mut open,
            right,
        } = self;
        let mut spec = ledger.spec.clone();
        spec.open = None;
        match (closing, right) {
            (_, Right::Void) | (Closing::NoEffect | Closing::Answered(_), Right::Orphan) => {
                return None;
            }
            (Closing::NoEffect, _) if had_no_effect(&open, no_effect) => {}
            // It may have had one after all: the next operation on the target finds out.
            (Closing::NoEffect, _) => {
                open.answer = Some(open.answer.unwrap_or(AnswerWord::Unknown));
                spec.open = Some(open);
            }
            (Closing::Answered(_), _) => {
                open.answer = Some(answer);
                open.ids = both(&open.ids, ids);
                spec.open = Some(open);
            }
            (Closing::Ended(_) | Closing::Seen | Closing::Decided(_), _) => {
                spec.entries.push(entry(open, now, result, ids));
            }
        }
        Some(Changed { ledger, spec })
    }

    /// It is the claim of that step, and has no answer.
    pub(super) fn lacks_the_answer_of(&self, step: &str) -> bool {
        self.open.step_id == step && self.open.answer.is_none()
    }

    /// The process that sent it learnt that it had no effect.
    pub(super) fn without_effect(self, answer: AnswerWord) -> Changed {
        let mut spec = self.ledger.spec.clone();
        spec.open = Some(LedgerClaim {
            answer: Some(answer),
            ..self.open
        });
        Changed {
            ledger: self.ledger,
            spec,
        }
    }

    /// Its object was deleted, and no process knows more than its status says, which may be
    /// forged: `last` is the step's, `before` those before it.
    pub(super) fn deleted(self, last: &StepStatus, before: &[StepStatus]) -> Changed {
        let Self {
            ledger, mut open, ..
        } = self;
        let mut spec = ledger.spec.clone();
        // The ledger says so itself, or the claim is of a version that did not write it.
        let believed =
            says_no_effect(open.answer) || !open.records_answer && says_no_effect(last.answer);
        match last.answer {
            // A call of this object before may have had an effect: one that the ledger
            // keeps as approved, or one that status tells of.
            _ if believed
                && (open.approvals > 0 || before.iter().any(StepStatus::may_have_acted)) =>
            {
                open.answer = Some(AnswerWord::Unknown);
                spec.open = Some(open);
            }
            _ if believed => spec.open = None,
            // Believed, because the claim stays: if it is not true, it costs a question.
            Some(AnswerWord::Accepted) => {
                open.answer = last.answer;
                open.ids = both(&open.ids, last.ids.clone());
                spec.open = Some(open);
            }
            Some(AnswerWord::Refused | AnswerWord::NotSent | AnswerWord::Unknown) | None => {}
        }
        Changed { ledger, spec }
    }
}

/// Why a claim is not made.
pub(super) enum NoClaim {
    /// The claim that stands there is not this object's to replace.
    NotOurs,
    /// There is no room for an entry.
    Full,
}

/// A ledger that claims this, in the place of what this object claimed before.
/// `approved`: a user decided that the call be made again.
pub(super) fn claimed(
    ledger: OperationLedger,
    right: Option<Right>,
    claim: LedgerClaim,
    approved: bool,
    no_effect: &NoEffect,
) -> Result<Changed, NoClaim> {
    let mut spec = ledger.spec.clone();
    let before = match (spec.open.take(), right) {
        (None, _) => None,
        (Some(before), Some(Right::Own | Right::Again)) => Some(before),
        (Some(_), Some(Right::Void)) => None,
        (Some(_), Some(Right::Orphan) | None) => return Err(NoClaim::NotOurs),
    };
    let approvals = before.as_ref().map_or(0, |open| open.approvals) + u32::from(approved);
    match before {
        // It may have had its effect.
        Some(before) if approved => {
            let now = claim.claimed_at;
            let approved = "SendAgain".to_owned();
            spec.entries.push(entry(before, now, approved, Ids::new()));
        }
        Some(before) if !had_no_effect(&before, no_effect) => return Err(NoClaim::NotOurs),
        Some(_) | None => {}
    }
    if spec.entries.len() >= LEDGER_ENTRIES {
        return Err(NoClaim::Full);
    }
    spec.open = Some(LedgerClaim { approvals, ..claim });
    Ok(Changed { ledger, spec })
}

/// By what right that object may change the open claim, if no other object holds it.
pub(super) fn right(open: &LedgerClaim, me: &LedgerObject, claimant: &Claimant) -> Right {
    let same = open.operation_key == claimant.key && open.body_digest == claimant.body_digest();
    match (is_own(open, me), same) {
        (true, _) => Right::Own,
        (false, _) if is_void(open) => Right::Void,
        (false, true) => Right::Again,
        (false, false) => Right::Orphan,
    }
}

/// The ledger itself says that the call had no effect, and it stands for no call before it
/// that may have had one.
pub(super) fn is_void(open: &LedgerClaim) -> bool {
    open.records_answer && says_no_effect(open.answer) && open.approvals == 0
}

fn says_no_effect(answer: Option<AnswerWord>) -> bool {
    matches!(answer, Some(AnswerWord::Refused | AnswerWord::NotSent))
}

/// It is claimed for that very object.
pub(super) fn is_own(open: &LedgerClaim, me: &LedgerObject) -> bool {
    let of = |object: &LedgerObject| {
        let LedgerObject {
            kind,
            namespace,
            name,
            uid,
            unknown: _,
        } = object;
        [kind, namespace, name, uid].map(String::clone)
    };
    !me.uid.is_empty() && of(&open.object) == of(me)
}

/// That call certainly had no effect.
fn had_no_effect(open: &LedgerClaim, no_effect: &NoEffect) -> bool {
    // A version that did not write it believed status.
    says_no_effect(open.answer) || !open.records_answer || no_effect.is_known(&open.step_id)
}

/// The id of a claim's step if its object's status says that it had no effect, and nothing
/// that can be believed says so.
pub(super) fn doubted<'a>(
    open: &'a LedgerClaim,
    steps: &[StepStatus],
    no_effect: &NoEffect,
) -> Option<&'a str> {
    let told = steps.iter().find(|step| step.id == open.step_id)?;
    let doubted = !told.may_have_acted() && !had_no_effect(open, no_effect);
    doubted.then_some(&*open.step_id)
}

/// The ids of the ledger, and others that it does not have. What is no id is left out.
fn both(known: &Ids, more: Ids) -> Ids {
    let mut ids = known.clone();
    for (name, id) in more {
        if is_id(&name) && is_id(&id) && ids.len() < MOST_IDS {
            ids.entry(name).or_insert(id);
        }
    }
    ids
}

fn entry(open: LedgerClaim, now: Timestamp, result: String, ids: Ids) -> LedgerEntry {
    LedgerEntry {
        ids: both(&open.ids, ids),
        step_id: open.step_id,
        object: open.object,
        operation_key: open.operation_key,
        body_digest: open.body_digest,
        call: open.call,
        claimed_at: open.claimed_at,
        closed_at: now,
        result,
        approvals: open.approvals,
        unknown: Unknown::new(),
    }
}
