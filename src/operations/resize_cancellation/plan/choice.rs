//! Which task the operation is about. Pure.

use jiff::Timestamp;

use super::Before;
use crate::cloud::huawei::dcs::BackgroundTask;
use crate::cloud::{Read, is_id};
use crate::operations::resize_cancellation::task::{
    Stage, fits, named, new_spec, sort, stage, why_unclear,
};
use crate::operations::resize_cancellation::{
    PendingChange, ResizeCancellationSpec, ResizeObservation, TaskSort,
};

/// The background tasks of a reading.
#[derive(Clone, Copy)]
pub(super) struct Tasks<'a> {
    pub(super) read: &'a [&'a BackgroundTask],
    /// Members of the list that are not understood, as the cloud wrote them. While
    /// there is one, nothing is concluded from what the list lacks.
    pub(super) unread: &'a [&'a str],
}

impl<'a> Tasks<'a> {
    /// The list has no member at all.
    pub(super) fn is_empty(self) -> bool {
        self.read.is_empty() && self.unread.is_empty()
    }

    pub(super) fn find(self, id: &str) -> Option<&'a BackgroundTask> {
        self.read.iter().find(|task| task.id == id).copied()
    }

    /// Changes that wait or run, but that one.
    pub(super) fn open_changes(self, but: Option<&str>) -> Vec<&'a BackgroundTask> {
        self.open(TaskSort::Change, but)
    }

    /// Tasks that wait or run and may be changes.
    pub(super) fn open_unknown(self, but: Option<&str>) -> Vec<&'a BackgroundTask> {
        self.open(TaskSort::Unknown, but)
    }

    fn open(self, of: TaskSort, but: Option<&str>) -> Vec<&'a BackgroundTask> {
        let open = |task: &&&BackgroundTask| {
            Some(&*task.id) != but && stage(task).is_open() && sort(task) == of
        };
        self.read.iter().filter(open).copied().collect()
    }

    /// Why the list is not fully understood, as the begin of a sentence.
    pub(super) fn not_understood(self) -> Option<String> {
        let first = self.unread.first()?;
        Some(match self.unread.len() {
            1 => format!("The list of tasks has a member that is not understood ({first})"),
            n => format!("The list of tasks has {n} members that are not understood ({first}, …)"),
        })
    }
}

/// Which task it is.
pub(super) enum Choice {
    /// This one, listed or not.
    Task(String),
    /// None that is listed fits pendingChange.
    None,
    /// This one may have been it: it was not understood, and is no longer listed.
    Vanished(String),
    /// That cannot be told.
    Unclear {
        /// The task that may be it.
        about: Option<String>,
        why: String,
    },
}

impl Choice {
    fn unclear(about: Option<&str>, why: String) -> Self {
        let about = about.filter(|id| *id == as_stored(id));
        Choice::Unclear {
            about: about.map(str::to_owned),
            why,
        }
    }
}

/// Stands for a member of the list that has no id, or none that status takes.
pub(super) const NO_ID: &str = "(no id)";

/// How many tasks status takes.
const MOST: usize = 16;

fn as_stored(id: &str) -> &str {
    match is_id(id) {
        true => id,
        false => NO_ID,
    }
}

/// The tasks that may matter and are not understood, with those that were so when they
/// were last listed.
pub(super) fn unclear_tasks(
    spec: &ResizeCancellationSpec,
    before: Before<'_>,
    tasks: Tasks<'_>,
) -> Vec<String> {
    let earlier = before.observed.map(|seen| &*seen.unclear_tasks);
    let gone = |id: &&str| tasks.find(id).is_none();
    let mut ids: Vec<&str> = earlier.unwrap_or_default().iter().map(|id| &**id).collect();
    ids.retain(gone);
    let now = match (&spec.task_id, &spec.pending_change, before.pinned()) {
        // Then it is no longer asked what else is there.
        (Some(id), _, _) if before.saw(id) || tasks.find(id).is_some() => return stored(&ids),
        (None, _, Some(_)) | (None, None, None) => return stored(&ids),
        (Some(id), _, _) => tasks.open_unknown(Some(id)),
        (None, Some(wanted), None) => {
            let found = before.found().and_then(|seen| seen.task_id.as_deref());
            let unclear =
                |task: &&&BackgroundTask| found != Some(&*task.id) && may_be(task, wanted, before);
            tasks.read.iter().filter(unclear).copied().collect()
        }
    };
    ids.extend(now.iter().map(|task| as_stored(&task.id)));
    ids.extend(tasks.unread.first().map(|_| NO_ID));
    stored(&ids)
}

fn stored(ids: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for id in ids {
        if !all.iter().any(|known| known == id) {
            all.push((*id).to_owned());
        }
    }
    if all.len() > MOST {
        all.truncate(MOST - 1);
        all.push(NO_ID.to_owned());
    }
    all
}

/// It cannot be told whether that task is meant, or is what newSpecCode misspells.
fn may_be(task: &BackgroundTask, wanted: &PendingChange, before: Before<'_>) -> bool {
    let Some(candidate) = candidate(task, wanted, before) else {
        return false;
    };
    let misspelt = candidate.stage.is_open() && task.created_at.known().is_none();
    candidate.fits.is_none() || misspelt
}

pub(super) fn choose(
    spec: &ResizeCancellationSpec,
    before: Before<'_>,
    tasks: Tasks<'_>,
) -> Choice {
    let task = |id: &str| Choice::Task(id.to_owned());
    match (&spec.task_id, &spec.pending_change, before.pinned()) {
        (Some(id), _, _) => task(id),
        // A call was intended for it, so the spec is as it was then.
        (None, _, Some(pinned)) => task(pinned),
        (None, Some(wanted), None) => {
            let found = remembered(wanted, before.found(), tasks);
            found.unwrap_or_else(|| pick(wanted, before, tasks))
        }
        (None, None, None) => Choice::None,
    }
}

/// What was found before is kept, so that a later change is left alone; but only if it
/// still is what the spec asks for.
fn remembered(
    wanted: &PendingChange,
    found: Option<&ResizeObservation>,
    tasks: Tasks<'_>,
) -> Option<Choice> {
    let found = found?;
    let id = found.task_id.as_deref()?;
    let (created, spec) = match tasks.find(id) {
        Some(task) => (task.created_at.clone(), new_spec(task)),
        None => {
            let created = found.task_created_at.map(|at| at.0);
            (read(created), read(found.new_spec_code.clone()))
        }
    };
    match fits(&created, &spec, wanted) {
        Some(true) => Some(Choice::Task(id.to_owned())),
        Some(false) => None,
        None => {
            let why = why_unclear(&created, &spec, wanted);
            let why = cannot_tell(&format!("Task {id} was found before"), &why);
            Some(Choice::unclear(Some(id), why))
        }
    }
}

fn read<T>(value: Option<T>) -> Read<T> {
    value.map_or(Read::Missing, Read::Understood)
}

fn cannot_tell(what: &str, why: &str) -> String {
    format!("{what}, and it cannot be told whether it fits pendingChange: {why}.")
}

/// Whether a task is the change that is meant, as far as that can be told.
struct Candidate<'a> {
    task: &'a BackgroundTask,
    stage: Stage,
    fits: Option<bool>,
    why: String,
}

/// The newest change that fits and waits, or else runs, or else has ended since
/// createdBefore: that is what was pending then.
fn pick(wanted: &PendingChange, before: Before<'_>, tasks: Tasks<'_>) -> Choice {
    let candidates: Vec<Candidate<'_>> = tasks
        .read
        .iter()
        .filter_map(|task| candidate(task, wanted, before))
        .collect();
    let newest = |wanted: &[Stage]| {
        let fitting = candidates
            .iter()
            .filter(|c| c.fits == Some(true) && wanted.contains(&c.stage));
        fitting.max_by_key(|c| c.task.created_at.known().copied())
    };
    let unclear = |wanted: &[Stage]| {
        let found = candidates
            .iter()
            .find(|c| c.fits.is_none() && wanted.contains(&c.stage))?;
        let mut what = named(found.task);
        what[..1].make_ascii_uppercase();
        let why = cannot_tell(&what, &found.why);
        Some(Choice::unclear(Some(&found.task.id), why))
    };
    let ended = [Stage::Ran, Stage::Failed, Stage::Cancelled];
    for stages in [&[Stage::Pending][..], &[Stage::Running], &ended] {
        if let Some(found) = newest(stages) {
            return Choice::Task(found.task.id.clone());
        }
        if let Some(unclear) = unclear(stages) {
            return unclear;
        }
        if !stages.contains(&Stage::Running) {
            continue;
        }
        if let Some(why) = tasks.not_understood() {
            let why = format!(
                "{why}, so it cannot be told whether a change that fits pendingChange is pending."
            );
            return Choice::unclear(None, why);
        }
        // Where it stands is not known, so what has ended does not come before it.
        if let Some(id) = before.vanished(tasks) {
            return Choice::Vanished(id.to_owned());
        }
    }
    Choice::None
}

fn candidate<'a>(
    task: &'a BackgroundTask,
    wanted: &PendingChange,
    before: Before<'_>,
) -> Option<Candidate<'a>> {
    let (sort, stage) = (before.sort(task), stage(task));
    let spec = new_spec(task);
    let mut fits = fits(&task.created_at, &spec, wanted);
    let mut why = why_unclear(&task.created_at, &spec, wanted);
    match sort {
        TaskSort::Other => return None,
        TaskSort::Change => {}
        TaskSort::Unknown => {
            if fits == Some(true) {
                (fits, why) = (None, "its name is not known".to_owned());
            }
        }
    }
    if !stage.is_open() {
        let since = ended_since(&task.updated_at, wanted.created_before.0);
        match (fits, since) {
            (Some(false), _) | (_, Some(false)) => fits = Some(false),
            (_, None) => {
                fits = None;
                why = "when it ended is not understood".to_owned();
            }
            (_, Some(true)) => {}
        }
        // One that was cancelled is no reason to wait: nothing of it is pending.
        if stage == Stage::Cancelled && fits.is_none() {
            fits = Some(false);
        }
    }
    Some(Candidate {
        task,
        stage,
        fits,
        why,
    })
}

fn ended_since(ended: &Read<Timestamp>, time: Timestamp) -> Option<bool> {
    ended.is(|at| *at >= time)
}
