//! The oracle: what the operations say of themselves against what the cloud has in
//! its journal. It knows nothing of how an operator works.

use std::fmt;

use errand_simulator::Journal;
use serde_json::Value;

use crate::person::{Decision, People};
use crate::work::{Operation, Task, Twist};

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
    /// A decision that was offered was given, and neither was it taken nor does the
    /// summary name what is in the way.
    Ignored,
    /// A call was made for a target that the operation does not name any more.
    Astray,
    /// A process recorded something else than a replay of it gives.
    Unreplayable,
    /// A mutating call without its line in the audit log before, or such a line
    /// without an answer and without a reason for that.
    Unaccounted,
}

/// All of them, as the log of a run counts them.
pub const VIOLATIONS: [Violation; 9] = [
    Violation::Duplicate,
    Violation::Lost,
    Violation::FalseSuccess,
    Violation::Stuck,
    Violation::NeedlessHold,
    Violation::Ignored,
    Violation::Astray,
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
            Self::Ignored => "ignored decisions",
            Self::Astray => "calls for another target",
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
    /// The reason of Ready.
    pub reason: String,
    /// `status.hold.id`; empty: nothing is asked.
    pub hold: String,
    /// `status.summary`.
    pub summary: String,
    /// The answer to an order has named its job.
    pub knows_job: bool,
}

impl Claim {
    /// From the object.
    pub fn of(object: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let conditions = object["status"]["conditions"].as_array();
        let ready = conditions.and_then(|all| all.iter().find(|c| c["type"] == "Ready"));
        Self {
            state: text(&object["status"]["state"]),
            outcome: text(&object["status"]["outcome"]),
            reason: ready
                .map(|ready| text(&ready["reason"]))
                .unwrap_or_default(),
            hold: text(&object["status"]["hold"]["id"]),
            summary: text(&object["status"]["summary"]),
            knows_job: {
                let steps = object["status"]["steps"].as_array();
                let mut steps = steps.into_iter().flatten();
                steps.any(|step| step["ids"]["job_id"].is_string())
            },
        }
    }

    /// This decision was neither taken nor is what is in its way named.
    pub fn ignores(&self, decision: &Decision) -> bool {
        self.hold == decision.hold
            && self.outcome.is_empty()
            && !self.summary.contains("In the way: ")
    }

    /// Nothing can tell what has become of the target, and it says so.
    pub fn cannot_tell(&self, operation: &Operation) -> bool {
        operation.twist.loses_its_record()
            && self.state == "Waiting"
            && self.reason == "ObservationUnclear"
    }

    /// There was nothing to do, and what it names was never there: it says so.
    fn never_saw(&self) -> bool {
        self.outcome == "AlreadySatisfied" && self.summary.contains("never seen")
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
    people: &People,
    reached: bool,
) -> Vec<Violation> {
    let (task, twist) = (operation.task, operation.twist);
    let mine = || {
        people
            .decisions
            .iter()
            .filter(|one| one.name == operation.name)
    };
    let decided = |word: &str| mine().filter(|one| one.decision == word).count();
    let effects = |kind: &str| journal.effects_on(kind, &operation.name);
    let done = task.effect().map_or(0, effects);
    let mut found = Vec::new();

    let allowed = match task {
        Task::CompleteRefresh => decided("Continue") + decided("Retry"),
        // Also where people had it sent again: they look first, and it asks only
        // when nothing can arrive any more.
        _ => 1,
    };
    let again = done > allowed || (task == Task::CancelRefresh && effects("as.stop") > 1);
    let beside =
        || twist.has_a_colleague() && orders_beside_a_colleague(operation, journal, people);
    if again || beside() {
        found.push(Violation::Duplicate);
    }
    let decoy = operation.decoy();
    let kinds = task.effect().into_iter().chain(["as.stop"]);
    if kinds
        .map(|kind| journal.effects_on(kind, &decoy))
        .sum::<usize>()
        > 0
    {
        found.push(Violation::Astray);
    }
    if mine().next_back().is_some_and(|last| claim.ignores(last)) {
        found.push(Violation::Ignored);
    }

    let success = claim.state == "Succeeded";
    let vouched = claim.outcome == "AssumedDone" && decided("AssumeDone") > 0;
    let is_done = match task {
        Task::Observe => reached,
        Task::CompleteRefresh => effects("as.ended") > 0,
        Task::Order | Task::OrderToPay if twist == Twist::JobFails => false,
        _ => done > 0,
    };
    let never_saw = twist.loses_its_record() && claim.never_saw();
    if success && !is_done && !vouched && !never_saw {
        found.push(Violation::FalseSuccess);
    }

    // It may be over before anybody gets to cancel it.
    let too_late = task == Task::CancelRefresh
        && claim.outcome == "TooLate"
        && done == 0
        && effects("as.ended") > 0;
    // People leave it, or the cloud fails or is faster.
    let given_up = claim.outcome == "GivenUp" && decided("GiveUp") > 0;
    // Where the answer was lost, and with it the job's id, all that the cloud shows is an
    // order that it has cancelled.
    let failed = twist == Twist::JobFails
        && done > 0
        && (claim.outcome == "OrderFailed"
            || (claim.outcome == "OrderCancelled" && !claim.knows_job));
    let ran = twist == Twist::RunsUnrecorded && claim.outcome == "TooLate" && done == 0;
    // The record had gone before anybody could see it.
    let unseen = twist.loses_its_record()
        && done == 0
        && (claim.outcome == "TargetNotFound" || claim.never_saw());
    let told = given_up || failed || ran || unseen;
    // One that was applied again may find the work of the one before.
    let knows = task.outcomes().contains(&claim.outcome.as_str())
        || vouched
        || too_late
        || told
        || (operation.replaced > 0
            && ["AlreadySatisfied", "AlreadyExecuted"].contains(&claim.outcome.as_str()));
    if claim.outcome.is_empty() {
        if !claim.cannot_tell(operation) || done > 0 {
            found.push(Violation::Stuck);
        }
    } else if !knows || (done > 0 && NOTHING_DONE.contains(&claim.outcome.as_str())) {
        found.push(Violation::Lost);
    }

    let provable = !task.is_order() && !twist.is_hard_to_prove();
    if provable && mine().any(|one| !ASKED_BY_THE_CLOUD.contains(&one.reason.as_str())) {
        found.push(Violation::NeedlessHold);
    }
    found
}

/// An order of ours was placed while a colleague's was still open.
fn orders_beside_a_colleague(operation: &Operation, journal: &Journal, people: &People) -> bool {
    let settled = people.settled.get(&operation.name);
    let mut effects = journal.all_effects().iter();
    effects.any(|effect| {
        effect.kind == "workspace.order"
            && effect.resources.values().any(|id| *id == operation.name)
            && settled.is_none_or(|settled| effect.time < *settled)
    })
}

#[cfg(test)]
#[path = "oracle/tests.rs"]
mod tests;
