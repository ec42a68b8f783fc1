//! What the facts mean. Pure.

use errand_engine::{Evidence, Goal, Span, Witness};

use super::window::Window;
use super::{Assessment, CANCEL, Facts};
use crate::api::{
    ConditionStatus, PendingChange, PlanStatus, Reason, ResizeCancellationSpec, ResizeObservation,
};
use crate::cloud::huawei::dcs::{BackgroundTask, Instance};
use crate::mistakes::Mistake;
use crate::operations::code;

/// Names of a specification change, which differ between API versions.
const CHANGE_NAMES: [&str; 2] = ["EXTEND", "CHANGEINSTANCESPEC"];

/// Where the change stands.
enum Change {
    NotListed,
    /// Gone, and nothing tells whether it ran.
    Vanished,
    /// The task is of another sort.
    Other,
    Pending,
    Running,
    Ran,
    Failed,
    Cancelled,
}

/// What a reading is compared with.
#[derive(Clone, Copy)]
pub(super) struct Before<'a> {
    /// What was seen at the last look that was written down.
    pub(super) observed: Option<&'a ResizeObservation>,
    /// The task that a call was intended for.
    pub(super) pinned: Option<&'a str>,
}

impl<'a> Before<'a> {
    /// The task that the operation has settled on.
    fn task(self) -> Option<&'a str> {
        if Mistake::TargetResolvedAgain.is_made() {
            return None;
        }
        self.pinned.or(self.observed?.task_id.as_deref())
    }
}

pub(super) fn assess(
    spec: &ResizeCancellationSpec,
    before: Before<'_>,
    facts: &Facts,
) -> Assessment<ResizeObservation> {
    let (Some(tasks), Some(instance)) = (&facts.tasks, &facts.instance) else {
        let goal = Goal::Lost(
            code(Reason::TargetNotFound),
            Evidence::Absence(Witness::FULL),
        );
        let seen = format!(
            "There is no instance {} in the region and project of the connection.",
            spec.instance_id
        );
        let observed = before.observed.cloned().unwrap_or_default();
        return Assessment {
            conditions: vec![(CHANGE_PENDING, ConditionStatus::False)],
            ..Assessment::new(goal, seen, observed)
        };
    };
    let known = spec.task_id.as_deref().or(before.task());
    let task = match (known, &spec.pending_change) {
        (Some(id), _) => tasks.iter().find(|task| task.id == id),
        (None, Some(wanted)) => newest(tasks, wanted),
        (None, None) => None,
    };
    let id = task.map(|task| task.id.as_str()).or(known);
    let observed = observation(instance, id, task, before.observed);
    let change = change(instance, task, &observed, before.observed);
    // A change that somebody else has planned keeps the instance EXTENDING too.
    let other = |task: &BackgroundTask| {
        Some(task.id.as_str()) != id && matches!(stage(task), Change::Pending | Change::Running)
    };
    let settling = instance.status == "EXTENDING" && !tasks.iter().any(other);
    let look = Look {
        at: facts.at,
        instance,
        id,
        settling,
        observed: &observed,
        before: before.observed,
    };
    let (goal, seen) = meaning(spec, &look, &change);
    let pending = matches!(change, Change::Pending | Change::Running);
    Assessment {
        plan: PlanStatus {
            steps: match (goal, id) {
                (Goal::Act(_), Some(id)) => vec![format!(
                    "{} instance_id={} task_id={id}",
                    CANCEL.name, spec.instance_id
                )],
                _ => Vec::new(),
            },
            paid: false,
        },
        target: id.map(str::to_owned),
        conditions: vec![(
            CHANGE_PENDING,
            match pending {
                true => ConditionStatus::True,
                false => ConditionStatus::False,
            },
        )],
        ..Assessment::new(goal, seen, observed)
    }
}

/// How often to look while the maintenance window is open.
const WINDOW_POLL: Span = Span(5 * 60 * 1000);

/// The change waits or runs.
const CHANGE_PENDING: &str = "ChangePending";

/// The newest unfinished change that fits; one scheduled later never does.
fn newest<'a>(tasks: &'a [BackgroundTask], wanted: &PendingChange) -> Option<&'a BackgroundTask> {
    let created = |task: &BackgroundTask| {
        let text = task.created_at.as_deref()?;
        let time: jiff::Timestamp = text.parse().ok()?;
        Some(time)
    };
    let fits = |task: &&BackgroundTask| {
        let unfinished = matches!(stage(task), Change::Pending | Change::Running);
        let earlier = created(task).is_some_and(|at| at < wanted.created_before.0);
        let spec = wanted.new_spec_code.as_deref();
        unfinished && earlier && (spec.is_none() || new_spec(task) == spec)
    };
    tasks.iter().filter(fits).max_by_key(|task| created(task))
}

/// Where a listed task stands, by its own word. Only what the cloud documents
/// as an end is one; any other word of a change counts as pending (contracts: a.3).
fn stage(task: &BackgroundTask) -> Change {
    let named = CHANGE_NAMES.contains(&task.name.to_ascii_uppercase().as_str());
    if !named && new_spec(task).is_none() {
        return Change::Other;
    }
    match task.status.to_ascii_uppercase().as_str() {
        "SUCCESS" => Change::Ran,
        "FAILED" => Change::Failed,
        "EXECUTING" => Change::Running,
        "CANCELLED" | "CANCELED" | "DELETED" => Change::Cancelled,
        _ => Change::Pending,
    }
}

fn change(
    instance: &Instance,
    task: Option<&BackgroundTask>,
    known: &ResizeObservation,
    before: Option<&ResizeObservation>,
) -> Change {
    let changes = known.new_spec_code.is_some() && known.new_spec_code != known.old_spec_code;
    let has_new = known.new_spec_code.as_deref() == Some(&instance.spec_code);
    match task.map(stage) {
        // Whatever its record says: the instance is what the change makes of it.
        Some(Change::Cancelled) | None if changes && has_new => Change::Ran,
        Some(stage) => stage,
        None if changes => Change::NotListed,
        // It was seen, and its specification would not tell that it ran.
        None if before.is_some_and(|before| before.task_status.is_some()) => Change::Vanished,
        None => Change::NotListed,
    }
}

/// One look at the instance, and what was known before it.
struct Look<'a> {
    at: i64,
    instance: &'a Instance,
    id: Option<&'a str>,
    /// EXTENDING, and no other change explains it.
    settling: bool,
    observed: &'a ResizeObservation,
    before: Option<&'a ResizeObservation>,
}

fn meaning(spec: &ResizeCancellationSpec, look: &Look<'_>, change: &Change) -> (Goal, String) {
    let Look {
        at,
        instance,
        id,
        settling,
        observed,
        before,
    } = *look;
    let task = id.map_or("The change".to_owned(), |id| format!("Task {id}"));
    let word = observed.task_status.as_deref().unwrap_or_default();
    let keeps = format!(
        "instance {} has specification {}",
        spec.instance_id, instance.spec_code
    );
    match change {
        Change::Other => (
            Goal::Lost(code(Reason::InvalidForTarget), Evidence::Presence),
            format!("{task} is no specification change."),
        ),
        Change::Ran => (
            Goal::Lost(code(Reason::TooLate), Evidence::Presence),
            format!("The change has run: {keeps}."),
        ),
        Change::Failed => (
            Goal::Lost(code(Reason::ChangeFailed), Evidence::Presence),
            format!("{task} is {word}: {keeps}."),
        ),
        Change::Running => (
            Goal::Wait(code(Reason::TargetBusy), None),
            format!(
                "The change is running ({task} is {word}) and can no longer be cancelled; waiting for its end."
            ),
        ),
        // Whether EXTENDING lasts a moment longer than the change is nowhere said.
        Change::Cancelled | Change::NotListed | Change::Vanished if settling => (
            Goal::Wait(code(Reason::TargetBusy), None),
            format!(
                "Instance {} is still EXTENDING; waiting until it is not.",
                spec.instance_id
            ),
        ),
        Change::Cancelled => (
            Goal::Reached(Evidence::Presence),
            format!("{task} is {word}, and {keeps}."),
        ),
        Change::Vanished => (
            Goal::Wait(code(Reason::TargetBusy), None),
            format!(
                "{task} is no longer listed, and as the change keeps the specification code nothing tells whether it ran. Look at the instance in the console; {keeps}."
            ),
        ),
        Change::NotListed
            if before.is_some_and(|b| b.task_status.is_some() || b.new_spec_code.is_some()) =>
        {
            (
                Goal::Reached(Evidence::Absence(Witness::FULL)),
                format!("{task} is no longer listed, and {keeps}."),
            )
        }
        Change::NotListed if id.is_none() => (
            Goal::Reached(Evidence::Absence(Witness::FULL)),
            format!("No change that fits pendingChange is pending; {keeps}."),
        ),
        Change::NotListed => (
            Goal::Reached(Evidence::Absence(Witness::FULL)),
            format!(
                "{task} was never seen: the instance has no such task. Check the id if that is a surprise; {keeps}."
            ),
        ),
        Change::Pending => match window(instance).and_then(|w| w.open_for(at)) {
            Some(left) => (
                Goal::Wait(
                    code(Reason::MaintenanceWindow),
                    // The change may run meanwhile, so not only when it closes.
                    Some(Span(left * 1000).min(WINDOW_POLL)),
                ),
                format!(
                    "The maintenance window is open until {} UTC, so a cancel would race with the change; it is sent after that. The change may run meanwhile. The console can still be tried.",
                    instance.maintain_end.as_deref().unwrap_or_default()
                ),
            ),
            None => (
                Goal::Act(CANCEL.plan()),
                format!("{task} is {word}, and {keeps}."),
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

/// What a look shows. What tells a change that ran from one that was cancelled
/// is kept from the first look on, as the task may vanish.
fn observation(
    instance: &Instance,
    id: Option<&str>,
    task: Option<&BackgroundTask>,
    before: Option<&ResizeObservation>,
) -> ResizeObservation {
    let window = match (&instance.maintain_begin, &instance.maintain_end) {
        (Some(begin), Some(end)) => Some(format!("{begin}-{end} UTC")),
        _ => None,
    };
    let details = task.and_then(|task| task.details.as_ref());
    let old = before.and_then(|b| b.old_spec_code.clone());
    let old = old.or_else(|| details?.old_resource_spec_code.clone());
    let pending = task.is_some_and(|task| matches!(stage(task), Change::Pending));
    ResizeObservation {
        task_id: id.map(str::to_owned),
        old_spec_code: old.or_else(|| pending.then(|| instance.spec_code.clone())),
        instance_status: Some(instance.status.clone()),
        spec_code: Some(instance.spec_code.clone()),
        task_status: task.map(|task| task.status.clone()),
        new_spec_code: task
            .and_then(new_spec)
            .map(str::to_owned)
            .or_else(|| before?.new_spec_code.clone()),
        maintenance_window: window,
    }
}

#[cfg(test)]
mod tests;
