//! What the facts mean. Pure.

use errand_engine::{Due, Evidence, Goal, Past, Plan, Witness};

use super::failure::Failure;
use super::past::{Decided, Pause};
use super::stage::{Batches, Stage};
use super::{CANCEL, Facts, Kind as _, STOP, SteerRefresh, activity, call, past, steps, words};
use crate::api::{ConditionStatus, Reason, StepStatus};
use crate::cloud::Found;
use crate::cloud::tencent::autoscaling::RefreshActivity;
use crate::operations::instance_refresh::{InstanceRefresh, RefreshObservation, RefreshState};
use crate::operations::{Assessment, Call, Question, code};

mod shown;

use shown::observation;

/// A refresh that runs or stands still keeps its group from scaling.
const GROUP_BLOCKED: &str = "GroupBlocked";

/// One observation, and what was done before.
struct Look<'a> {
    activity: &'a RefreshActivity,
    roll_back: Option<&'a Found<RefreshActivity>>,
    steps: &'a [StepStatus],
    wanted: RefreshState,
    stage: Stage,
    batches: Batches,
    /// Which pause it is in, if it is in one.
    pause: Pause,
}

/// What is next, from when on its effect can be expected, and why in words.
type Meaning = (Goal, Due, String);

pub(super) fn assess(object: &InstanceRefresh, facts: &Facts) -> Assessment<RefreshObservation> {
    let found = match &facts.activity {
        Found::There(found) => found,
        Found::NotThere => return not_there(object),
        Found::Unclear(why) => return without(object, Goal::Unclear, (*why).to_owned()),
    };
    match found.group.text() {
        Some(group) if group == object.spec.auto_scaling_group_id => {}
        Some(group) => {
            let seen = format!("Refresh activity {} is of group {group}.", activity(object));
            let goal = Goal::Lost(code(Reason::INVALID_FOR_TARGET), Evidence::Presence);
            return without(object, goal, seen);
        }
        None => {
            let seen = format!(
                "The cloud does not tell which group refresh activity {} is of.",
                activity(object)
            );
            return without(object, Goal::Unclear, seen);
        }
    }
    let look = Look {
        activity: found,
        roll_back: facts.roll_back.as_ref(),
        steps: steps(object),
        wanted: object.spec.desired_state,
        stage: Stage::of(found),
        batches: Batches::of(found),
        pause: Pause::of(found),
    };
    let (goal, due, why) = look.meaning();
    let seen = format!("{} {why}", shown::standing(found));
    Assessment {
        due,
        trace: past::trace(look.steps, found),
        calls: calls(object, goal),
        conditions: vec![(GROUP_BLOCKED, look.group_blocked())],
        // A stop is pinned to the batch that it follows, a resume to the pause.
        baseline: match (goal, &look.pause) {
            (Goal::Act(plan), _) if plan == STOP.plan() => past::batch(found),
            (_, Pause::At(pause)) => Some(pause.clone()),
            _ => None,
        },
        past: Past {
            over: past::over(look.steps, found),
            contrary: past::contrary(look.steps, look.wanted),
        },
        refused: facts.refused.clone(),
        about: match goal {
            Goal::Ask(_) => Some(look.question()),
            _ => None,
        },
        ..Assessment::new(goal, seen.trim_end(), observation(found, look.roll_back))
    }
}

/// Without a reading of the activity: what was seen before stays.
fn without(object: &InstanceRefresh, goal: Goal, seen: String) -> Assessment<RefreshObservation> {
    let before = object.status.as_ref().and_then(|s| s.observed.clone());
    Assessment {
        conditions: vec![(GROUP_BLOCKED, ConditionStatus::Unknown)],
        past: Past {
            over: 0,
            contrary: past::contrary(steps(object), object.spec.desired_state),
        },
        ..Assessment::new(goal, seen, before.unwrap_or_default())
    }
}

/// The cloud knows no such activity. That it did nothing is not known of a call that
/// was made: the cloud took it, or may have, for an activity that was there.
fn not_there(object: &InstanceRefresh) -> Assessment<RefreshObservation> {
    let id = activity(object);
    if past::may_have_changed_it(steps(object)) {
        let seen = format!(
            "Refresh activity {id} is no longer listed, so the effect of the last call cannot be seen."
        );
        return without(object, Goal::Unclear, seen);
    }
    let seen = format!("There is no refresh activity {id} in the region of the connection.");
    let evidence = Evidence::Absence(Witness::NOT_THERE);
    let goal = Goal::Lost(code(Reason::TARGET_NOT_FOUND), evidence);
    without(object, goal, seen)
}

impl Look<'_> {
    fn meaning(&self) -> Meaning {
        if self.stage == Stage::Unclear {
            return unclear("Errand does not know this status.");
        }
        if past::cancelling(self.steps) && !self.stage.is_final() {
            // It is on its way, whatever is wanted by now.
            return act(CANCEL.plan(), "It is being cancelled.");
        }
        if let Decided::Accepted(resume) = past::decided(self.steps, &self.pause) {
            // The same: that it is still there proves no pause that stays.
            return act(resume, "It is being let go on.");
        }
        match self.wanted {
            RefreshState::Completed => self.completed(),
            RefreshState::Paused => self.paused(),
            RefreshState::Cancelled => self.cancelled(),
        }
    }

    fn completed(&self) -> Meaning {
        match self.stage {
            Stage::Successful => reached(),
            Stage::Failed => self.failed(),
            Stage::Cancelled => self.was_cancelled(),
            Stage::PausedOnFailure | Stage::Paused => self.standing_still(),
            Stage::Init | Stage::Running | Stage::ScaleIn => wait(words::REFRESH_RUNNING, ""),
            Stage::Unclear => unclear(""),
        }
    }

    fn paused(&self) -> Meaning {
        match (self.stage, self.batches) {
            (Stage::Successful, _) => lost(Reason::TOO_LATE),
            (Stage::Failed, _) => self.failed(),
            (Stage::Cancelled, _) => self.was_cancelled(),
            (Stage::Init, _) => wait(Reason::TARGET_BUSY, ""),
            (Stage::ScaleIn, _) => self.removing_the_surplus(),
            (Stage::Running, Batches::Run | Batches::Rest) => self.stop(""),
            (Stage::PausedOnFailure | Stage::Paused, Batches::Run) => {
                self.to_the_end_of_the_batch()
            }
            (Stage::PausedOnFailure | Stage::Paused, Batches::Rest | Batches::Over) => reached(),
            (_, Batches::Unclear) => unclear(BATCHES),
            (Stage::Running, Batches::Over) | (Stage::Unclear, _) => unclear(""),
        }
    }

    fn cancelled(&self) -> Meaning {
        match (self.stage, self.batches) {
            (Stage::Cancelled, _) => {
                let (goal, due, _) = reached();
                (goal, due, self.failure().rolled_back())
            }
            (Stage::Successful | Stage::Failed, _) => lost(Reason::TOO_LATE),
            (Stage::ScaleIn, _) => self.removing_the_surplus(),
            (Stage::Running, Batches::Run) => {
                self.stop("A running batch cannot be cancelled, so the refresh is stopped first.")
            }
            (Stage::PausedOnFailure | Stage::Paused | Stage::Init, Batches::Run) => {
                self.to_the_end_of_the_batch()
            }
            (_, Batches::Unclear) => unclear(BATCHES),
            (
                Stage::Init | Stage::Running | Stage::PausedOnFailure | Stage::Paused,
                Batches::Rest | Batches::Over,
            ) => act(CANCEL.plan(), ""),
            (Stage::Unclear, _) => unclear(""),
        }
    }

    /// A stop is pinned to the batch that it is to follow, and not sent without.
    fn stop(&self, why: &str) -> Meaning {
        match past::batch(self.activity) {
            Some(_) => act(STOP.plan(), why),
            None => unclear("The cloud does not tell which batch is running."),
        }
    }

    fn failure(&self) -> Failure<'_> {
        Failure::of(self.activity, self.roll_back)
    }

    fn failed(&self) -> Meaning {
        let (goal, due, _) = lost(words::REFRESH_FAILED);
        let failure = self.failure();
        let why = format!("{} {}", failure.instances(), failure.rolled_back());
        (goal, due, why.trim().to_owned())
    }

    fn was_cancelled(&self) -> Meaning {
        if past::may_have_cancelled(self.steps) {
            return self.ask(words::UNREACHABLE);
        }
        let failure = self.failure();
        match failure.cancelled_by_the_cloud() {
            Some(false) => lost(words::CANCELLED_ELSEWHERE),
            Some(true) => {
                let (goal, due, _) = lost(words::REFRESH_FAILED);
                let why = format!(
                    "The cloud cancelled the refresh because instances failed (FailProcess {}). {} {}",
                    self.activity.fail_process.text().unwrap_or_default(),
                    failure.instances(),
                    failure.rolled_back(),
                );
                (goal, due, why.trim().replace("  ", " "))
            }
            None => unclear(
                "Whether the cloud cancelled it because instances failed, or another client did, cannot be told: FailProcess or the instances' statuses are missing or unknown.",
            ),
        }
    }

    /// A pause of a refresh that is to go on: the user chooses, once for each.
    fn standing_still(&self) -> Meaning {
        match self.batches {
            Batches::Run => return wait(words::REFRESH_RUNNING, "The batch runs to its end."),
            Batches::Unclear => return unclear(BATCHES),
            Batches::Rest | Batches::Over => {}
        }
        match past::decided(self.steps, &self.pause) {
            Decided::This(chosen) | Decided::Accepted(chosen) => return act(chosen, ""),
            _ if self.pause == Pause::Unclear => return unclear(PAUSE),
            Decided::Unclear => return unclear(PAUSE),
            Decided::Nothing => {}
        }
        let failed = self.stage == Stage::PausedOnFailure;
        let (goal, due, _) = self.ask(match failed {
            true => words::PAUSED_ON_FAILURE,
            false => words::PAUSED_AT_BATCH,
        });
        let why = match failed {
            true => self.failure().instances(),
            false => String::new(),
        };
        (goal, due, why)
    }

    /// The group scales again once the refresh has ended, and no roll-back has begun.
    fn group_blocked(&self) -> ConditionStatus {
        let of = |stage: Stage| match stage {
            Stage::Unclear => ConditionStatus::Unknown,
            stage if stage.is_final() => ConditionStatus::False,
            _ => ConditionStatus::True,
        };
        match (of(self.stage), self.roll_back) {
            (ConditionStatus::False, Some(Found::There(other))) => of(Stage::of(other)),
            (ConditionStatus::False, Some(_)) => ConditionStatus::Unknown,
            (own, _) => own,
        }
    }

    fn to_the_end_of_the_batch(&self) -> Meaning {
        wait(
            Reason::TARGET_BUSY,
            "The batch that is running goes on to its end; Errand waits for that.",
        )
    }

    fn removing_the_surplus(&self) -> Meaning {
        wait(
            Reason::TARGET_BUSY,
            "All instances are refreshed and surplus ones are being removed; meanwhile the cloud neither stops nor cancels it.",
        )
    }

    fn ask(&self, question: Question) -> Meaning {
        (question.ask(&self.question()), Due::Later, String::new())
    }

    /// What a question is about.
    fn question(&self) -> String {
        match &self.pause {
            Pause::At(pause) => pause.clone(),
            Pause::No | Pause::Unclear => {
                let status = self.activity.status.text().unwrap_or_default();
                format!("{status} and not {}", self.wanted.word())
            }
        }
    }
}

/// The calls that it may lead to.
fn calls(object: &InstanceRefresh, goal: Goal) -> Vec<Call> {
    let cancelled = object.spec.desired_state == RefreshState::Cancelled;
    let plans = match goal {
        Goal::Act(next) if next == STOP.plan() && cancelled => vec![next, CANCEL.plan()],
        Goal::Act(next) => vec![next],
        Goal::Ask(ask) => {
            let choices = ask.choices.into_iter().flatten();
            choices.filter_map(|choice| choice.step).collect()
        }
        _ => Vec::new(),
    };
    let rules = |plan: Plan| {
        let mut all = SteerRefresh::CALLS.iter();
        all.find(|rules| rules.key == plan.key)
    };
    let rules = plans.into_iter().filter_map(rules);
    rules.map(|rules| call(object, rules)).collect()
}

const BATCHES: &str =
    "Its batches are missing, or not all of them are listed with a status that Errand knows.";
const PAUSE: &str = "The current batch, or when it ended, is missing, so Errand cannot tell this pause from another one and does not ask for a decision. Resume or cancel the refresh in the console, or set desiredState to Cancelled.";

fn reached() -> Meaning {
    let goal = Goal::Reached(Evidence::Presence);
    (goal, Due::SinceAnswer, String::new())
}

fn lost(reason: Reason) -> Meaning {
    let goal = Goal::Lost(code(reason), Evidence::Presence);
    (goal, Due::SinceAnswer, String::new())
}

fn act(plan: Plan, why: &str) -> Meaning {
    (Goal::Act(plan), Due::SinceAnswer, why.to_owned())
}

/// For what takes as long as it takes: no time-out of ours applies.
fn wait(reason: Reason, why: &str) -> Meaning {
    (Goal::Wait(code(reason), None), Due::Later, why.to_owned())
}

/// Nothing is concluded, and a call that was accepted is asked about in time.
fn unclear(why: &str) -> Meaning {
    (Goal::Unclear, Due::SinceAnswer, why.to_owned())
}

#[cfg(test)]
mod tests;
