//! What the facts mean. Pure.

use errand_engine::{Ask, Due, Evidence, Goal, Hold, Past, Plan, Trace, Witness};

use super::stage::{Stage, batch_runs};
use super::{CANCEL, CONTINUE, Facts, RESUME, RETRY, STOP, activity, past, steps};
use crate::api::{
    ConditionStatus, InstanceRefresh, PlanStatus, Reason, RefreshObservation, RefreshState,
    StepStatus, Timestamp,
};
use crate::cloud::tencent::autoscaling::RefreshActivity;
use crate::operations::{Assessment, code, pin};

/// A refresh that runs or stands still keeps its group from scaling.
const GROUP_BLOCKED: &str = "GroupBlocked";

/// One look, and what was done before.
struct Look<'a> {
    activity: &'a RefreshActivity,
    steps: &'a [StepStatus],
    wanted: RefreshState,
    stage: Stage,
    /// A batch is being refreshed.
    busy: bool,
    /// Which pause it is in, if it is in one.
    pause: Option<String>,
}

/// What is next, from when on its effect can be expected, and why in words.
type Meaning = (Goal, Due, String);

pub(super) fn assess(object: &InstanceRefresh, facts: &Facts) -> Assessment<RefreshObservation> {
    let spec = &object.spec;
    let before = || object.status.as_ref().and_then(|s| s.observed.clone());
    let lost = |reason, evidence, seen: String| {
        let goal = Goal::Lost(code(reason), evidence);
        Assessment {
            conditions: vec![(GROUP_BLOCKED, ConditionStatus::Unknown)],
            ..Assessment::new(goal, seen, before().unwrap_or_default())
        }
    };
    let Some(found) = &facts.activity else {
        let seen = format!(
            "There is no refresh activity {} in the region of the connection.",
            activity(object)
        );
        return lost(
            Reason::TargetNotFound,
            Evidence::Absence(Witness::FULL),
            seen,
        );
    };
    if found.group != spec.auto_scaling_group_id {
        let seen = format!(
            "Refresh activity {} is of group {}.",
            activity(object),
            found.group
        );
        return lost(Reason::InvalidForTarget, Evidence::Presence, seen);
    }
    let look = Look {
        activity: found,
        steps: steps(object),
        wanted: spec.desired_state,
        stage: Stage::of(found),
        busy: batch_runs(found),
        pause: past::pause(found),
    };
    let (goal, due, seen) = look.meaning();
    let seen = format!("{} {seen}", look.standing());
    Assessment {
        due,
        trace: match past::went_on(look.steps, found) {
            true => Trace::Shown,
            false => Trace::NotShown,
        },
        plan: look.plan(goal),
        conditions: vec![(
            GROUP_BLOCKED,
            match look.stage.is_final() {
                true => ConditionStatus::False,
                false => ConditionStatus::True,
            },
        )],
        // A stop is pinned to the batch that it follows, a resume to the pause.
        baseline: match goal {
            Goal::Act(plan) if plan == STOP.plan() => Some(past::batch(found)),
            _ => look.pause.clone(),
        },
        past: Past {
            over: past::over(look.steps, found),
            contrary: past::contrary(look.steps, look.wanted),
        },
        about: match goal {
            Goal::Ask(_) => Some(look.question()),
            _ => None,
        },
        ..Assessment::new(goal, seen.trim_end(), observation(found))
    }
}

impl Look<'_> {
    fn meaning(&self) -> Meaning {
        if past::cancelling(self.steps) && !self.stage.is_final() {
            // It is on its way, whatever is wanted by now.
            return act(CANCEL.plan(), "It is being cancelled.");
        }
        let going_on = self
            .pause
            .as_deref()
            .and_then(|pause| past::letting_go_on(self.steps, pause));
        if let Some(resume) = going_on {
            // The same: that it still stands there proves no pause that stays.
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
            Stage::Failed => lost(Reason::RefreshFailed),
            Stage::Cancelled => self.was_cancelled(),
            Stage::PausedOnFailure | Stage::Paused => self.standing_still(),
            Stage::Init | Stage::Running | Stage::ScaleIn | Stage::Unknown => {
                wait(Reason::RefreshRunning, "")
            }
        }
    }

    fn paused(&self) -> Meaning {
        match self.stage {
            Stage::Successful => lost(Reason::TooLate),
            Stage::Failed => lost(Reason::RefreshFailed),
            Stage::Cancelled => self.was_cancelled(),
            Stage::PausedOnFailure | Stage::Paused if self.busy => self.to_the_end_of_the_batch(),
            Stage::PausedOnFailure | Stage::Paused => reached(),
            Stage::Running => act(STOP.plan(), ""),
            Stage::Init | Stage::Unknown => wait(Reason::TargetBusy, ""),
            Stage::ScaleIn => self.removing_the_surplus(),
        }
    }

    fn cancelled(&self) -> Meaning {
        match self.stage {
            Stage::Cancelled => reached(),
            Stage::Successful | Stage::Failed => lost(Reason::TooLate),
            Stage::ScaleIn => self.removing_the_surplus(),
            Stage::Unknown => wait(Reason::TargetBusy, ""),
            Stage::Running if self.busy => act(
                STOP.plan(),
                "A running batch cannot be cancelled, so the refresh is stopped first.",
            ),
            Stage::PausedOnFailure | Stage::Paused | Stage::Init if self.busy => {
                self.to_the_end_of_the_batch()
            }
            Stage::Init | Stage::Running | Stage::PausedOnFailure | Stage::Paused => {
                act(CANCEL.plan(), "")
            }
        }
    }

    fn was_cancelled(&self) -> Meaning {
        if past::may_have_cancelled(self.steps) {
            return ask(Ask {
                hold: Hold::Unreachable,
                pin: pin(&self.question()),
                retry: None,
                go_on: None,
            });
        }
        lost(Reason::CancelledElsewhere)
    }

    /// A pause of a refresh that is to go on: a person chooses, once for each.
    fn standing_still(&self) -> Meaning {
        let pause = self.pause.as_deref().unwrap_or_default();
        if self.busy {
            return wait(Reason::RefreshRunning, "The batch runs to its end.");
        }
        if let Some(chosen) = past::chosen(self.steps, pause) {
            return act(chosen, "");
        }
        let failed = self.stage == Stage::PausedOnFailure;
        ask(Ask {
            hold: match failed {
                true => Hold::PausedOnFailure,
                false => Hold::Paused,
            },
            pin: pin(&self.question()),
            retry: failed.then(|| RETRY.plan()),
            go_on: Some(match failed {
                true => CONTINUE.plan(),
                false => RESUME.plan(),
            }),
        })
    }

    fn to_the_end_of_the_batch(&self) -> Meaning {
        wait(
            Reason::TargetBusy,
            "The batch that is running goes on to its end; Errand waits for that.",
        )
    }

    fn removing_the_surplus(&self) -> Meaning {
        wait(
            Reason::TargetBusy,
            "All instances are refreshed and surplus ones are being removed; meanwhile the cloud neither stops nor cancels it.",
        )
    }

    /// What a question is about.
    fn question(&self) -> String {
        match &self.pause {
            Some(pause) => pause.clone(),
            None => format!("{} and not {:?}", self.activity.status, self.wanted),
        }
    }

    fn plan(&self, goal: Goal) -> PlanStatus {
        let Goal::Act(next) = goal else {
            return PlanStatus::default();
        };
        let mut plans = vec![next];
        if next == STOP.plan() && self.wanted == RefreshState::Cancelled {
            plans.push(CANCEL.plan());
        }
        let activity = self.activity;
        let call = |plan: Plan| {
            let all = [STOP, CANCEL, RESUME, RETRY, CONTINUE];
            let name = all.iter().find(|info| info.key == plan.key);
            format!(
                "{} AutoScalingGroupId={} RefreshActivityId={}",
                name.map_or("", |info| info.name),
                activity.group,
                activity.id
            )
        };
        PlanStatus {
            steps: plans.into_iter().map(call).collect(),
            paid: false,
        }
    }

    /// Where it stands, in words that change only when it does.
    fn standing(&self) -> String {
        let seen = observation(self.activity);
        let batch = match (seen.current_batch, seen.batches_total) {
            (Some(current), Some(all)) if all > 0 => format!(", batch {current} of {all}"),
            _ => String::new(),
        };
        let failed = match seen.instances_failed {
            Some(failed) if failed > 0 => format!(", {failed} failed"),
            _ => String::new(),
        };
        format!(
            "Refresh activity {} is {}{batch}; {} of {} instances are refreshed{failed}.",
            self.activity.id,
            self.activity.status,
            seen.instances_done.unwrap_or_default(),
            seen.instances_total.unwrap_or_default(),
        )
    }
}

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

fn ask(ask: Ask) -> Meaning {
    (Goal::Ask(ask), Due::Later, String::new())
}

fn observation(activity: &RefreshActivity) -> RefreshObservation {
    let number = |n: usize| u32::try_from(n).ok();
    let instances = || activity.batches.iter().flat_map(|batch| &batch.instances);
    let with = |word: &str| {
        let such = instances().filter(|i| i.status.as_deref() == Some(word));
        number(such.count())
    };
    let current = activity.current_batch;
    let batch = activity.batches.iter().find(|b| b.number == current);
    let short = |word: &str| {
        let short: String = word.chars().take(64).collect();
        Some(short).filter(|word| !word.is_empty())
    };
    let time = |text: &Option<String>| {
        let time: jiff::Timestamp = text.as_deref()?.parse().ok()?;
        Some(Timestamp(time))
    };
    RefreshObservation {
        activity_status: short(&activity.status),
        activity_type: activity.activity_type.as_deref().and_then(short),
        refresh_mode: activity.mode.as_deref().and_then(short),
        current_batch: current.and_then(|n| u32::try_from(n).ok()),
        batch_status: batch.and_then(|batch| short(&batch.status)),
        batches_total: number(activity.batches.len()),
        instances_total: number(instances().count()),
        instances_done: with("SUCCESSFUL"),
        instances_failed: with("FAILED"),
        started: time(&activity.start_time),
        ended: time(&activity.end_time),
    }
}

#[cfg(test)]
mod tests;
