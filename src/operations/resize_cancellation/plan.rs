//! What the facts mean. Pure.

mod choice;
mod compare;
mod meaning;

use errand_engine::{Evidence, Goal, Witness};

use self::choice::{Choice, NO_ID, Tasks, choose, unclear_tasks};
use self::compare::observation;
use self::meaning::Look;
use super::task::{sort, stage};
use super::{Assessment, CANCEL, Facts};
use crate::api::{ConditionStatus, Reason};
use crate::cloud::huawei::dcs::{self, BackgroundTask, Instance};
use crate::cloud::{Read, arguments};
use crate::mistakes::Mistake;
use crate::operations::resize_cancellation::{ResizeCancellationSpec, ResizeObservation, TaskSort};
use crate::operations::{Call, code};

/// What was seen, where it is of a task that the operation is about. One that only may
/// be the change that is meant is not.
pub(super) fn found(observed: &ResizeObservation) -> Option<&ResizeObservation> {
    let id = observed.task_id.as_ref()?;
    (!observed.unclear_tasks.contains(id)).then_some(observed)
}

/// What a reading is compared with.
#[derive(Clone, Copy)]
pub(super) struct Before<'a> {
    /// What was seen at the last look that was written down.
    pub(super) observed: Option<&'a ResizeObservation>,
    /// The task that a call was intended for.
    pub(super) pinned: Option<&'a str>,
    /// The cloud has answered a cancel of that task, so that it waits no more.
    pub(super) answered: bool,
}

impl<'a> Before<'a> {
    fn pinned(self) -> Option<&'a str> {
        self.pinned
            .filter(|_| !Mistake::TargetResolvedAgain.is_made())
    }

    /// What was seen, where a task was found.
    fn found(self) -> Option<&'a ResizeObservation> {
        self.observed
            .and_then(found)
            .filter(|_| !Mistake::TargetResolvedAgain.is_made())
    }

    /// What was seen of that very task.
    fn of(self, id: &str) -> Option<&'a ResizeObservation> {
        self.observed
            .filter(|seen| seen.task_id.as_deref() == Some(id))
    }

    /// That task was listed at an earlier look. One that a call was intended for was.
    fn saw(self, id: &str) -> bool {
        // Older versions did not write what kind of task it is. Each of the others comes
        // from a task that is listed.
        let listed = |seen: &ResizeObservation| {
            seen.task_sort.is_some()
                || seen.last_task_status.is_some()
                || seen.task_status.is_some()
                || seen.task_created_at.is_some()
                || seen.old_spec_code.is_some()
                || seen.new_spec_code.is_some()
                || seen.old_capacity.is_some()
                || seen.new_capacity.is_some()
                || seen.old_replica_count.is_some()
                || seen.new_replica_count.is_some()
        };
        self.pinned == Some(id) || self.of(id).is_some_and(listed)
    }

    /// What kind of task it is. Once understood as a change, it stays one; and one that
    /// a call was intended for was.
    fn sort(self, task: &BackgroundTask) -> TaskSort {
        let change = |seen: &ResizeObservation| {
            seen.task_sort == Some(TaskSort::Change)
                || seen.new_spec_code.is_some()
                || seen.new_capacity.is_some()
                || seen.new_replica_count.is_some()
        };
        match self.pinned == Some(&*task.id) || self.of(&task.id).is_some_and(change) {
            true => TaskSort::Change,
            false => sort(task),
        }
    }

    /// A task that was listed and not understood, and that is not listed now. The one
    /// of which most is remembered comes first.
    fn vanished(self, tasks: Tasks<'_>) -> Option<&'a str> {
        let seen = self.observed?;
        let first = seen.task_id.as_ref();
        let unclear = &seen.unclear_tasks;
        let first = first.filter(|id| unclear.contains(id)).into_iter();
        let mut gone = first.chain(unclear).filter(|id| tasks.find(id).is_none());
        gone.next().map(String::as_str)
    }
}

pub(super) fn assess(
    spec: &ResizeCancellationSpec,
    before: Before<'_>,
    facts: &Facts,
) -> Assessment<ResizeObservation> {
    let listed = facts.tasks.as_deref().map(members);
    let tasks = listed.as_ref().map(|(read, unread)| Tasks { read, unread });
    let (Some(tasks), Some(instance)) = (tasks, &facts.instance) else {
        return not_there(spec, before, tasks, facts);
    };
    let look = Look {
        at: facts.at,
        id: &spec.instance_id,
        instance,
        tasks,
    };
    let Remembered {
        choice,
        task,
        observed,
    } = remember(spec, before, tasks, instance);
    let (goal, seen) = match &choice {
        Choice::Unclear { why, .. } => (Goal::Unclear, why.clone()),
        Choice::Vanished(id) => look.vanished(id, spec, &observed),
        Choice::None => look.none_fits(spec),
        Choice::Task(id) => match task {
            Some(task) => look.listed(task, before.sort(task), &observed),
            None if before.saw(id) => look.gone(id, before.answered, &observed),
            None => look.never_seen(id, before.vanished(tasks), &observed),
        },
    };
    let open =
        task.is_some_and(|task| before.sort(task) != TaskSort::Other && stage(task).is_open());
    let pending = match goal {
        Goal::Unclear => ConditionStatus::Unknown,
        _ if open => ConditionStatus::True,
        // Its record is gone, which does not say that the change is.
        Goal::Act(_) => ConditionStatus::Unknown,
        _ => ConditionStatus::False,
    };
    let target = match &choice {
        Choice::Task(id) => Some(id),
        _ => None,
    };
    Assessment {
        calls: match (goal, target) {
            (Goal::Act(_), Some(task)) => {
                let ids = [(dcs::INSTANCE, &*spec.instance_id), (dcs::TASK, task)];
                vec![Call::new(&CANCEL, arguments(ids))]
            }
            _ => Vec::new(),
        },
        conditions: vec![(CHANGE_PENDING, pending)],
        ..Assessment::new(goal, seen, observed)
    }
}

/// The members of a list of tasks: those that were understood, and the others.
fn members(tasks: &[Read<BackgroundTask>]) -> (Vec<&BackgroundTask>, Vec<&str>) {
    let read = tasks.iter().filter_map(Read::known).collect();
    (read, tasks.iter().filter_map(unread).collect())
}

/// What a reading adds to what is remembered.
struct Remembered<'a> {
    choice: Choice,
    /// The task that it is about, where it is listed.
    task: Option<&'a BackgroundTask>,
    observed: ResizeObservation,
}

/// What was seen of that task, and of those that may be it, is kept until it is shown
/// differently.
fn remember<'a>(
    spec: &ResizeCancellationSpec,
    before: Before<'_>,
    tasks: Tasks<'a>,
    instance: &Instance,
) -> Remembered<'a> {
    let choice = choose(spec, before, tasks);
    let unclear_tasks = unclear_tasks(spec, before, tasks);
    let (id, task, remembered) = match &choice {
        Choice::Task(id) => (Some(&**id), tasks.find(id), before.of(id)),
        // What is remembered is kept until there is an answer.
        Choice::Unclear { about, .. } => match kept(before, tasks) {
            Some(found) => (found.task_id.as_deref(), None, Some(found)),
            None => {
                let last = before.observed.and_then(|seen| seen.task_id.as_deref());
                let id = about.as_deref().or(last);
                let id = id.filter(|id| unclear_tasks.iter().any(|unclear| unclear == id));
                let task = id.and_then(|id| tasks.find(id));
                (id, task, id.and_then(|id| before.of(id)))
            }
        },
        Choice::Vanished(id) => (Some(&**id).filter(|id| *id != NO_ID), None, before.of(id)),
        Choice::None => (None, None, None),
    };
    let observed = ResizeObservation {
        task_sort: match task {
            Some(task) => Some(before.sort(task)),
            None => remembered.and_then(|seen| seen.task_sort),
        },
        unclear_tasks,
        ..observation(instance, id, task, remembered)
    };
    Remembered {
        choice,
        task,
        observed,
    }
}

/// What is remembered of a task that the reading tells nothing of.
fn kept<'a>(before: Before<'a>, tasks: Tasks<'_>) -> Option<&'a ResizeObservation> {
    let seen = before.observed?;
    let listed = |id: &String| tasks.find(id).is_some();
    let told = found(seen).is_none() && seen.task_id.as_ref().is_none_or(listed);
    (!told).then_some(seen)
}

/// The change waits or runs.
const CHANGE_PENDING: &str = "ChangePending";

fn unread(member: &Read<BackgroundTask>) -> Option<&str> {
    match member {
        Read::Understood(_) => None,
        Read::Missing => Some("null"),
        Read::Unclear(text) => Some(text),
    }
}

/// The instance is not there, or was not read, or only one half of it is there.
fn not_there(
    spec: &ResizeCancellationSpec,
    before: Before<'_>,
    tasks: Option<Tasks<'_>>,
    facts: &Facts,
) -> Assessment<ResizeObservation> {
    let (id, instance) = (&spec.instance_id, facts.instance.as_ref());
    let no_instance = (
        Goal::Lost(
            code(Reason::TARGET_NOT_FOUND),
            Evidence::Absence(Witness::NOT_THERE),
        ),
        ConditionStatus::False,
        format!("There is no instance {id} in the region and project of the connection."),
    );
    let seen_before = before
        .observed
        .is_some_and(|seen| *seen != ResizeObservation::default());
    let (goal, pending, seen) = match (tasks, instance) {
        // A moment's absence must not end what may still take effect.
        (None, None) if before.pinned().is_some() => (
            Goal::Unclear,
            ConditionStatus::Unknown,
            format!(
                "There is no instance {id} in the region and project of the connection any more, so the effect of the call cannot be seen."
            ),
        ),
        (None, None) => no_instance,
        // Whether DCS gives the tasks of an instance that it does not know as none is
        // documented nowhere. One that was never seen is not there either way.
        (Some(tasks), None) if tasks.is_empty() && !seen_before && before.pinned().is_none() => {
            no_instance
        }
        (listed, _) => {
            let (there, not) = match listed {
                Some(_) => ("background tasks", "the instance"),
                None => ("the instance", "its background tasks"),
            };
            (
                Goal::Unclear,
                ConditionStatus::Unknown,
                format!("DCS gives {there} of {id}, but not {not}, so nothing is concluded."),
            )
        }
    };
    let known = before.observed.cloned().unwrap_or_default();
    let observed = match (tasks, instance) {
        // What is listed was seen, whatever the other half says. Of the instance, what
        // was seen last stays.
        (Some(tasks), None) if !tasks.is_empty() => ResizeObservation {
            instance_status: known.instance_status,
            spec_code: known.spec_code,
            capacity: known.capacity,
            replica_count: known.replica_count,
            maintenance_window: known.maintenance_window,
            ..remember(spec, before, tasks, &Instance::default()).observed
        },
        (None, Some(instance)) => {
            let now = observation(instance, None, None, None);
            ResizeObservation {
                instance_status: now.instance_status,
                spec_code: now.spec_code,
                capacity: now.capacity,
                replica_count: now.replica_count,
                maintenance_window: now.maintenance_window,
                ..known
            }
        }
        _ => known,
    };
    Assessment {
        conditions: vec![(CHANGE_PENDING, pending)],
        unread: facts.unread.clone(),
        ..Assessment::new(goal, seen, observed)
    }
}

#[cfg(test)]
mod tests;
