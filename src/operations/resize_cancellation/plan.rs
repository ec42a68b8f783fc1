//! What the facts mean. Pure.

use errand_engine::{Code, Evidence, Goal, Span, Trace};

use super::window::Window;
use super::{Assessment, CANCEL, Facts};
use crate::api::{ConditionStatus, PlanStatus, Reason, ResizeCancellationSpec, ResizeObservation};
use crate::cloud::huawei::dcs::{BackgroundTask, Instance};

/// Names of a specification change, which differ between API versions.
const CHANGE_NAMES: [&str; 2] = ["EXTEND", "CHANGEINSTANCESPEC"];

/// Where the change that the task id names stands.
enum Change {
    NotListed,
    NotAChange,
    Pending,
    Running,
    Ran,
    Failed,
    Cancelled,
}

pub(super) fn assess(
    spec: &ResizeCancellationSpec,
    before: Option<&ResizeObservation>,
    facts: &Facts,
) -> Assessment<ResizeObservation> {
    let (Some(tasks), Some(instance)) = (&facts.tasks, &facts.instance) else {
        return Assessment {
            goal: Goal::Lost(code(Reason::TargetNotFound), Evidence::Absence),
            trace: Trace::NotShown,
            seen: format!("There is no instance {}.", spec.instance_id),
            observed: before.cloned().unwrap_or_default(),
            plan: PlanStatus::default(),
            conditions: vec![(CHANGE_PENDING, ConditionStatus::False)],
        };
    };
    let task = tasks.iter().find(|task| task.id == spec.task_id);
    let observed = observation(instance, task, before);
    let change = change(instance, task, before);
    let (goal, seen) = meaning(spec, facts.at, instance, task, &change, before);
    let pending = matches!(change, Change::Pending | Change::Running);
    Assessment {
        plan: PlanStatus {
            steps: match goal {
                Goal::Act(_) => vec![format!(
                    "{} instance_id={} task_id={}",
                    CANCEL.name, spec.instance_id, spec.task_id
                )],
                _ => Vec::new(),
            },
            paid: false,
        },
        goal,
        trace: Trace::NotShown,
        seen,
        observed,
        conditions: vec![(
            CHANGE_PENDING,
            match pending {
                true => ConditionStatus::True,
                false => ConditionStatus::False,
            },
        )],
    }
}

/// The change waits or runs.
const CHANGE_PENDING: &str = "ChangePending";

fn code(reason: Reason) -> Code {
    Code(reason.index())
}

fn change(
    instance: &Instance,
    task: Option<&BackgroundTask>,
    before: Option<&ResizeObservation>,
) -> Change {
    let Some(task) = task else {
        // Gone from the list; the instance tells whether it ran meanwhile.
        let wanted = before.and_then(|b| b.new_spec_code.as_deref());
        let old = before.and_then(|b| b.spec_code.as_deref());
        let ran = wanted == Some(&instance.spec_code) && old != wanted;
        return match ran {
            true => Change::Ran,
            false => Change::NotListed,
        };
    };
    let named = CHANGE_NAMES.contains(&task.name.to_ascii_uppercase().as_str());
    if !named && new_spec(task).is_none() {
        return Change::NotAChange;
    }
    // Only what the cloud documents as an end is one; any other word of a
    // change that is not running counts as pending (contracts: a.3).
    match task.status.to_ascii_uppercase().as_str() {
        "SUCCESS" => Change::Ran,
        "FAILED" => Change::Failed,
        "EXECUTING" => Change::Running,
        "CANCELLED" | "CANCELED" | "DELETED" => Change::Cancelled,
        _ => Change::Pending,
    }
}

fn meaning(
    spec: &ResizeCancellationSpec,
    at: i64,
    instance: &Instance,
    task: Option<&BackgroundTask>,
    change: &Change,
    before: Option<&ResizeObservation>,
) -> (Goal, String) {
    let id = &spec.task_id;
    let word = task.map_or("", |task| task.status.as_str());
    let keeps = format!(
        "instance {} has specification {}",
        spec.instance_id, instance.spec_code
    );
    match change {
        Change::NotAChange => (
            Goal::Lost(code(Reason::InvalidForTarget), Evidence::Presence),
            format!("Task {id} is no specification change."),
        ),
        Change::Ran => (
            Goal::Lost(code(Reason::TooLate), Evidence::Presence),
            format!("The change has run: {keeps}."),
        ),
        Change::Failed => (
            Goal::Lost(code(Reason::ChangeFailed), Evidence::Presence),
            format!("Task {id} is {word}: {keeps}."),
        ),
        Change::Running => (
            Goal::Wait(code(Reason::TargetBusy), None),
            format!(
                "The change is running (task {id} is {word}) and can no longer be cancelled; waiting for its end."
            ),
        ),
        // Whether EXTENDING lasts a moment longer than the change is nowhere said.
        Change::Cancelled | Change::NotListed if instance.status == "EXTENDING" => (
            Goal::Wait(code(Reason::TargetBusy), None),
            format!(
                "Instance {} is still EXTENDING; waiting until it is not.",
                spec.instance_id
            ),
        ),
        Change::Cancelled => (
            Goal::Reached(Evidence::Presence),
            format!("Task {id} is {word}, and {keeps}."),
        ),
        Change::NotListed if before.is_some_and(|b| b.new_spec_code.is_some()) => (
            Goal::Reached(Evidence::Absence),
            format!("Task {id} is no longer listed, and {keeps}."),
        ),
        Change::NotListed => (
            Goal::Reached(Evidence::Absence),
            format!(
                "Task {id} was never seen: the instance has no such task. Check the id if that is a surprise; {keeps}."
            ),
        ),
        Change::Pending => match window(instance).and_then(|w| w.open_for(at)) {
            Some(left) => (
                Goal::Wait(code(Reason::MaintenanceWindow), Some(Span(left * 1000))),
                format!(
                    "The maintenance window is open until {} UTC, so a cancel would race with the change; it is sent after that. The change may run meanwhile. The console can still be tried.",
                    instance.maintain_end.as_deref().unwrap_or_default()
                ),
            ),
            None => (
                Goal::Act(CANCEL.plan()),
                format!("Task {id} is {word}, and {keeps}."),
            ),
        },
    }
}

fn window(instance: &Instance) -> Option<Window> {
    Window::parse(
        instance.maintain_begin.as_deref()?,
        instance.maintain_end.as_deref()?,
    )
}

fn new_spec(task: &BackgroundTask) -> Option<&str> {
    task.details.as_ref()?.new_resource_spec_code.as_deref()
}

fn observation(
    instance: &Instance,
    task: Option<&BackgroundTask>,
    before: Option<&ResizeObservation>,
) -> ResizeObservation {
    let window = match (&instance.maintain_begin, &instance.maintain_end) {
        (Some(begin), Some(end)) => Some(format!("{begin}-{end} UTC")),
        _ => None,
    };
    ResizeObservation {
        instance_status: Some(instance.status.clone()),
        spec_code: Some(instance.spec_code.clone()),
        task_status: task.map(|task| task.status.clone()),
        // Kept after the task is gone: what tells a cancelled change from one
        // that ran.
        new_spec_code: task
            .and_then(new_spec)
            .map(str::to_owned)
            .or_else(|| before?.new_spec_code.clone()),
        maintenance_window: window,
    }
}

#[cfg(test)]
mod tests;
