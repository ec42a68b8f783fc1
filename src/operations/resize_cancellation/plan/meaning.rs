//! What one reading means for the task that the operation is about. Pure.

use errand_engine::{Evidence, Goal, Span, Witness};

use super::choice::{NO_ID, Tasks};
use super::compare::{Compared, alters_something, compare, keeps};
use crate::api::Reason;
use crate::cloud::Read;
use crate::cloud::huawei::dcs::{BackgroundTask, Instance};
use crate::operations::code;
use crate::operations::resize_cancellation::CANCEL;
use crate::operations::resize_cancellation::task::{Stage, named, stage, waits, word};
use crate::operations::resize_cancellation::window::Window;
use crate::operations::resize_cancellation::{
    PendingChange, ResizeCancellationSpec, ResizeObservation, TaskSort, words,
};

/// What is there, and all of it is understood.
pub(super) const NOTHING: Evidence = Evidence::Nothing { understood: true };

/// How often to look while the maintenance window is open.
pub(super) const WINDOW_POLL: Span = Span(5 * 60 * 1000);

/// One look at the instance and its tasks.
pub(super) struct Look<'a> {
    pub(super) at: i64,
    pub(super) id: &'a str,
    pub(super) instance: &'a Instance,
    pub(super) tasks: Tasks<'a>,
}

pub(super) type Meaning = (Goal, String);

fn lost(reason: Reason, seen: String) -> Meaning {
    (Goal::Lost(code(reason), Evidence::Presence), seen)
}

/// What was listed at an earlier observation and not understood, as the begin of a
/// sentence.
fn earlier(id: &str, what: &str) -> String {
    match id {
        NO_ID => format!(
            "An earlier list of tasks had a member that was not understood and may be {what}"
        ),
        _ => {
            format!("Task {id} is no longer listed, and it could not be told whether it is {what}")
        }
    }
}

fn busy(seen: String) -> Meaning {
    (Goal::Wait(code(Reason::TARGET_BUSY), None), seen)
}

impl Look<'_> {
    /// The task is listed.
    pub(super) fn listed(
        &self,
        task: &BackgroundTask,
        sort: TaskSort,
        observed: &ResizeObservation,
    ) -> Meaning {
        let (id, word) = (&task.id, word(task));
        let keeps = keeps(self.id, self.instance, observed);
        let stage = stage(task);
        // A name that can be read, of something that is over and says of nothing that it
        // changes it: a change would have said so.
        let says_nothing = !stage.is_open()
            && matches!(task.name, Read::Understood(_))
            && !matches!(task.details, Read::Unclear(_));
        match sort {
            TaskSort::Change => {}
            TaskSort::Unknown if !says_nothing => {
                let name = match &task.name {
                    Read::Understood(name) => format!("a name that is not known ({name})"),
                    Read::Missing => "no name".to_owned(),
                    Read::Unclear(text) => format!("a name that is not understood ({text})"),
                };
                return (
                    Goal::Unclear,
                    format!(
                        "Task {id} has {name} and does not say what it changes, so it cannot be told whether it is a specification change. It is {word}; look at it in the console."
                    ),
                );
            }
            TaskSort::Unknown | TaskSort::Other => {
                let seen = format!("Task {id} is no specification change.");
                return lost(Reason::INVALID_FOR_TARGET, seen);
            }
        }
        let compared = compare(self.instance, observed);
        match stage {
            Stage::Ran => lost(Reason::TOO_LATE, format!("The change has run: {keeps}.")),
            Stage::Failed => {
                let code = task.error_code.known();
                let code = code.map_or_else(String::new, |code| format!(" ({code})"));
                lost(
                    words::CHANGE_FAILED,
                    format!("Task {id} is {word}{code}: {keeps}."),
                )
            }
            Stage::Running if self.has_status("RUNNING") == Some(true) => (
                Goal::Unclear,
                format!(
                    "Task {id} is {word}{}, but instance {} is RUNNING, so it cannot be told whether the change still runs; the record may be left over.",
                    since(task),
                    self.id
                ),
            ),
            Stage::Running => busy(format!(
                "The change is running (task {id} is {word}) and can no longer be cancelled; waiting for its end."
            )),
            Stage::Cancelled => self.cancelled(id, &word, observed, &keeps),
            // A word that is not known, of a change that shows at the instance.
            Stage::Pending if compared == Compared::New && !waits(task) => lost(
                Reason::TOO_LATE,
                format!("Task {id} is {word}, and the change has run: {keeps}."),
            ),
            Stage::Pending => self.pending(id, &format!("is {word}"), &keeps),
        }
    }

    /// The change waits, or may wait: `stands` says what is known of that.
    fn pending(&self, id: &str, stands: &str, keeps: &str) -> Meaning {
        let (begin, end) = (&self.instance.maintain_begin, &self.instance.maintain_end);
        let window = match (begin, end) {
            (Read::Understood(begin), Read::Understood(end)) => Window::parse(begin, end),
            (Read::Missing, Read::Missing) => {
                let seen =
                    format!("Task {id} {stands}, and {keeps}, which names no maintenance window.");
                return (Goal::Act(CANCEL.plan()), seen);
            }
            _ => None,
        };
        let Some(window) = window else {
            return (
                Goal::Unclear,
                format!(
                    "Task {id} {stands}, and the maintenance window of instance {} ({} to {}) is not understood, so it cannot be told whether it is open; nothing is sent. The change may run meanwhile. The console can still be tried.",
                    self.id,
                    shown(begin),
                    shown(end)
                ),
            );
        };
        match window.open_for(self.at) {
            Some(left) => (
                Goal::Wait(
                    code(words::MAINTENANCE_WINDOW),
                    // The change may run meanwhile, so not only when it closes.
                    Some(Span(left * 1000).min(WINDOW_POLL)),
                ),
                format!(
                    "The maintenance window is open until {} UTC, so a cancel would race with the change; it is sent after that. The change may run meanwhile. The console can still be tried.",
                    shown(end)
                ),
            ),
            None => (
                Goal::Act(CANCEL.plan()),
                format!("Task {id} {stands}, and {keeps}."),
            ),
        }
    }

    /// Its record says that it was cancelled.
    fn cancelled(
        &self,
        id: &str,
        word: &str,
        observed: &ResizeObservation,
        keeps: &str,
    ) -> Meaning {
        let compared = compare(self.instance, observed);
        // Whatever its record says: the instance is what the change makes of it.
        if compared == Compared::New {
            return lost(Reason::TOO_LATE, format!("The change has run: {keeps}."));
        }
        if let Some(waits) = self.settling(id) {
            return waits;
        }
        let unread = compared == Compared::Untold && alters_something(observed);
        let why = match compared {
            _ if unread => "what it would change of the instance cannot be read",
            Compared::Partly => "the instance is partly as the change makes it",
            _ => {
                return (
                    Goal::Reached(Evidence::Presence),
                    format!("Task {id} is {word}, and {keeps}."),
                );
            }
        };
        (
            Goal::Unclear,
            format!("Task {id} is {word}, but {why}; {keeps}."),
        )
    }

    /// The task was seen before, and its record is gone. That proves nothing by itself:
    /// anybody can delete a record, and the change stays (contracts: l.2). Only an
    /// answer to the cancel tells that it does not wait any more.
    pub(super) fn gone(&self, id: &str, answered: bool, observed: &ResizeObservation) -> Meaning {
        let keeps = keeps(self.id, self.instance, observed);
        let compared = compare(self.instance, observed);
        if compared == Compared::New {
            return lost(Reason::TOO_LATE, format!("The change has run: {keeps}."));
        }
        if compared == Compared::Old && !answered && self.tasks.not_understood().is_none() {
            let stands = "is no longer listed, which may be its record alone: only a cancel tells whether the change still waits";
            return self.pending(id, stands, &keeps);
        }
        if let Some(waits) = self.settling(id) {
            return waits;
        }
        let why = match compared {
            Compared::Old => match self.tasks.not_understood() {
                None => {
                    return (
                        Goal::Reached(Evidence::Absence(Witness::FULL)),
                        format!("Task {id} is no longer listed, and {keeps}."),
                    );
                }
                Some(why) => {
                    return (
                        Goal::Unclear,
                        format!("{why}, so it cannot be told whether task {id} is gone; {keeps}."),
                    );
                }
            },
            Compared::Partly => "the instance is partly as the change makes it",
            Compared::Other => "the instance is neither as before the change nor as after it",
            Compared::Untold | Compared::New => {
                "nothing is known of the instance that the change alters"
            }
        };
        (
            Goal::Unclear,
            format!(
                "Task {id} is no longer listed, and nothing tells whether it ran, because {why}. Look at the instance in the console; {keeps}."
            ),
        )
    }

    /// No task of that id was ever listed.
    pub(super) fn never_seen(
        &self,
        id: &str,
        vanished: Option<&str>,
        observed: &ResizeObservation,
    ) -> Meaning {
        if let Some(why) = self.tasks.not_understood() {
            let seen = format!("{why}, so it cannot be told whether there is a task {id}.");
            return (Goal::Unclear, seen);
        }
        if vanished == Some(NO_ID) {
            return self.not_evidence(NO_ID, &format!("task {id}"), observed);
        }
        let open = self.tasks.open_changes(Some(id));
        let extending = self.has_status("EXTENDING");
        if !open.is_empty() || extending == Some(true) {
            let pending = match names(&open) {
                Some(names) => names,
                None => "the instance is EXTENDING, so a change of it waits or runs".to_owned(),
            };
            return lost_unseen(format!(
                "Instance {} has no task {id}, but {pending}. Check the id.",
                self.id
            ));
        }
        let unknown = self.tasks.open_unknown(Some(id));
        if let Some(names) = names(&unknown) {
            return (
                Goal::Unclear,
                format!(
                    "Instance {} has no task {id}, and it cannot be told whether a change is pending: {names}.",
                    self.id
                ),
            );
        }
        if extending.is_none() {
            return (Goal::Unclear, self.without_status());
        }
        if let Some(other) = vanished {
            return self.not_evidence(other, "a specification change", observed);
        }
        (
            Goal::Reached(NOTHING),
            format!(
                "Task {id} was never seen: the instance has no such task, and no change of it is pending. Check the id if that is a surprise; {}.",
                keeps(self.id, self.instance, observed)
            ),
        )
    }

    /// A task that may have been the change that is meant is no longer listed.
    pub(super) fn vanished(
        &self,
        id: &str,
        spec: &ResizeCancellationSpec,
        observed: &ResizeObservation,
    ) -> Meaning {
        let wanted = spec.pending_change.as_ref();
        let code = wanted.and_then(|wanted| wanted.new_spec_code.as_ref());
        let keeps = keeps(self.id, self.instance, observed);
        if compare(self.instance, observed) == Compared::New {
            return lost(
                Reason::TOO_LATE,
                format!(
                    "Task {id}, which may be the change that is meant, is no longer listed, and it has run: {keeps}."
                ),
            );
        }
        if let Some(code) = code
            && self.instance.spec_code.is(|spec| spec == code) == Some(true)
        {
            return lost(
                Reason::TOO_LATE,
                format!(
                    "{}, and the change that was to be prevented has run: {keeps}.",
                    earlier(id, "the change that is meant")
                ),
            );
        }
        self.not_evidence(id, "the change that is meant", observed)
    }

    /// Something was listed and not understood, and is no longer listed.
    fn not_evidence(&self, id: &str, what: &str, observed: &ResizeObservation) -> Meaning {
        (
            Goal::Unclear,
            format!(
                "{}. That does not tell whether its change waits, runs or has run. Look at instance {} in the console, and cancel a pending change there; {}.",
                earlier(id, what),
                self.id,
                keeps(self.id, self.instance, observed)
            ),
        )
    }

    /// No listed task fits pendingChange, and all of them are understood.
    pub(super) fn none_fits(&self, spec: &ResizeCancellationSpec) -> Meaning {
        let keeps = keeps(self.id, self.instance, &ResizeObservation::default());
        let wanted = spec.pending_change.as_ref();
        let code = wanted.and_then(|wanted| wanted.new_spec_code.as_ref());
        match code.map(|code| self.instance.spec_code.is(|spec| spec == code)) {
            Some(Some(true)) => {
                return lost(
                    Reason::TOO_LATE,
                    format!(
                        "No change that fits pendingChange is pending, and {keeps} already, the very one that was to be prevented."
                    ),
                );
            }
            Some(None) => {
                return (
                    Goal::Unclear,
                    format!(
                        "No change that fits pendingChange is pending, and it cannot be told whether it has run: {keeps}."
                    ),
                );
            }
            Some(Some(false)) | None => {}
        }
        let others = self.tasks.open_changes(None);
        if let Some(wanted) = wanted
            && let Some(other) = self.pending_then(wanted, &others)
        {
            return other;
        }
        match self.has_status("EXTENDING") {
            None => return (Goal::Unclear, self.without_status()),
            Some(true) if others.is_empty() => return busy(self.still_extending()),
            Some(_) => {}
        }
        let others = names(&others).map(|names| format!(" Another one is: {names}."));
        (
            Goal::Reached(NOTHING),
            format!(
                "No change that fits pendingChange is pending; {keeps}.{}",
                others.unwrap_or_default()
            ),
        )
    }

    /// Another change was pending before createdBefore, so that newSpecCode may be
    /// misspelt.
    fn pending_then(&self, wanted: &PendingChange, others: &[&BackgroundTask]) -> Option<Meaning> {
        let then = |task: &&&BackgroundTask, is: Option<bool>| {
            task.created_at.is(|at| *at < wanted.created_before.0) == is
        };
        let of = |is| -> Vec<&BackgroundTask> {
            let found = others.iter().filter(|task| then(task, is));
            found.copied().collect()
        };
        let code = wanted.new_spec_code.as_deref().unwrap_or_default();
        if let Some(names) = names(&of(Some(true))) {
            return Some(lost_unseen(format!(
                "No change to {code} is pending, but {names}. Check newSpecCode."
            )));
        }
        let unclear = names(&of(None))?;
        Some((
            Goal::Unclear,
            format!(
                "No change to {code} is pending, and it cannot be told whether another one was before createdBefore: {unclear}."
            ),
        ))
    }

    /// EXTENDING, and no other change explains it: whether that lasts a moment longer
    /// than the change is nowhere documented.
    fn settling(&self, id: &str) -> Option<Meaning> {
        match self.has_status("EXTENDING") {
            None => Some((Goal::Unclear, self.without_status())),
            Some(true) if self.tasks.open_changes(Some(id)).is_empty() => {
                Some(busy(self.still_extending()))
            }
            Some(_) => None,
        }
    }

    fn has_status(&self, word: &str) -> Option<bool> {
        self.instance
            .status
            .is(|status| status.eq_ignore_ascii_case(word))
    }

    fn still_extending(&self) -> String {
        format!(
            "Instance {} is still EXTENDING; waiting until it is not.",
            self.id
        )
    }

    fn without_status(&self) -> String {
        format!(
            "The status of instance {} is {}, so it cannot be told whether it is EXTENDING.",
            self.id,
            match &self.instance.status {
                Read::Unclear(text) => format!("not understood ({text})"),
                Read::Missing | Read::Understood(_) => "missing".to_owned(),
            }
        )
    }
}

/// What was asked for was never there.
fn lost_unseen(seen: String) -> Meaning {
    let goal = Goal::Lost(
        code(Reason::TARGET_NOT_FOUND),
        Evidence::Absence(Witness::NOT_THERE),
    );
    (goal, seen)
}

fn shown(value: &Read<String>) -> &str {
    match value {
        Read::Understood(text) | Read::Unclear(text) => text,
        Read::Missing => "not given",
    }
}

fn since(task: &BackgroundTask) -> String {
    let created = task.created_at.known();
    created.map_or_else(String::new, |at| format!(" since {at}"))
}

/// The first few, in words.
fn names(tasks: &[&BackgroundTask]) -> Option<String> {
    const SHOWN: usize = 3;
    let names: Vec<String> = tasks.iter().take(SHOWN).map(|task| named(task)).collect();
    let more = tasks.len().saturating_sub(SHOWN);
    match (names.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(names.join(", ")),
        (false, more) => Some(format!("{}, and {more} more", names.join(", "))),
    }
}
