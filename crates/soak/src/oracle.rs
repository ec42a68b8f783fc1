//! The oracle: what the operations say of themselves against what the cloud has in
//! its journal. It knows nothing of how an operator works.

use std::fmt;

use errand_simulator::Journal;
use serde_json::Value;

use crate::person::Decision;
use crate::work::{Operation, Task};

/// What must not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Violation {
    /// An effect happened more often than people wanted it.
    Duplicate,
    /// The cloud did what was wanted, and the operation does not know; or it has
    /// ended without anything being done and without a reason.
    Lost,
    /// It says that it is done, and the cloud has not done it.
    FalseSuccess,
    /// It is still at work long after the last disturbance, or waits for somebody
    /// without saying for what.
    Stuck,
    /// A person was asked although a repeat is harmless or absence can be proven.
    NeedlessHold,
    /// A process recorded something else than a replay of it gives.
    Unreplayable,
    /// A mutating call without its line in the audit log before, or such a line
    /// without an answer and without a reason for that.
    Unaccounted,
}

/// All of them, as the log of a run counts them.
pub const VIOLATIONS: [Violation; 7] = [
    Violation::Duplicate,
    Violation::Lost,
    Violation::FalseSuccess,
    Violation::Stuck,
    Violation::NeedlessHold,
    Violation::Unaccounted,
    Violation::Unreplayable,
];

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Duplicate => "duplicates",
            Self::Lost => "lost",
            Self::FalseSuccess => "false successes",
            Self::Stuck => "stuck",
            Self::NeedlessHold => "needless holds",
            Self::Unaccounted => "unaccounted calls",
            Self::Unreplayable => "unreplayable recordings",
        })
    }
}

/// One that did happen.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which.
    pub violation: Violation,
    /// To what, with everything that there is to see of it.
    pub text: String,
}

/// What an operation's object says in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// `status.state`.
    pub state: String,
    /// `status.outcome`; empty: none.
    pub outcome: String,
}

impl Claim {
    /// From the object.
    pub fn of(object: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            state: text(&object["status"]["state"]),
            outcome: text(&object["status"]["outcome"]),
        }
    }
}

/// Outcomes by which an operation says that none of its calls took effect.
const NOTHING_DONE: [&str; 3] = ["Refused", "TargetNotFound", "WindowMissed"];

/// Questions that a refresh puts because of what the cloud shows, not because
/// something is unknown.
const ASKED_BY_THE_CLOUD: [&str; 2] = ["RefreshPausedAtBatch", "RefreshPausedOnFailure"];

/// Judges one operation. `reached` tells of an observation whether the cloud has got
/// to what was waited for.
pub fn judge(
    operation: &Operation,
    claim: &Claim,
    journal: &Journal,
    decisions: &[Decision],
    reached: bool,
) -> Vec<Violation> {
    let task = operation.task;
    let mine = || decisions.iter().filter(|one| one.name == operation.name);
    let decided = |word: &str| mine().filter(|one| one.decision == word).count();
    let effects = |kind: &str| journal.effects_on(kind, &operation.name);
    let done = task.effect().map_or(0, effects);
    let mut found = Vec::new();

    let allowed = match task {
        Task::CompleteRefresh => decided("Continue"),
        // Also where people had it sent again: they look first, and it asks only
        // when nothing can arrive any more.
        _ => 1,
    };
    if done > allowed || (task == Task::CancelRefresh && effects("as.stop") > 1) {
        found.push(Violation::Duplicate);
    }

    let success = claim.state == "Succeeded";
    let vouched = claim.outcome == "AssumedDone" && decided("AssumeDone") > 0;
    let is_done = match task {
        Task::Observe => reached,
        Task::CompleteRefresh => effects("as.ended") > 0,
        _ => done > 0,
    };
    if success && !is_done && !vouched {
        found.push(Violation::FalseSuccess);
    }

    // It may be over before anybody gets to cancel it.
    let too_late = task == Task::CancelRefresh
        && claim.outcome == "TooLate"
        && done == 0
        && effects("as.ended") > 0;
    // One that was applied again may find the work of the one before.
    let knows = task.outcomes().contains(&claim.outcome.as_str())
        || vouched
        || too_late
        || (operation.replaced > 0
            && ["AlreadySatisfied", "AlreadyExecuted"].contains(&claim.outcome.as_str()));
    if claim.outcome.is_empty() {
        found.push(Violation::Stuck);
    } else if !knows || (done > 0 && NOTHING_DONE.contains(&claim.outcome.as_str())) {
        found.push(Violation::Lost);
    }

    if !task.is_order() && mine().any(|one| !ASKED_BY_THE_CLOUD.contains(&one.reason.as_str())) {
        found.push(Violation::NeedlessHold);
    }
    found
}

#[cfg(test)]
#[path = "oracle/tests.rs"]
mod tests;
