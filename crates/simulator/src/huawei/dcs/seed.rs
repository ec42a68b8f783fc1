//! What can be put into DCS.

use serde::{Deserialize, Serialize};

use super::readings::TaskName;
use crate::seed::When;

/// An instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DcsInstance {
    /// The instance id.
    pub id: String,
    /// Its name; absent: the id.
    #[serde(default)]
    pub name: Option<String>,
    /// The present flavor.
    #[serde(default = "spec_code")]
    pub spec_code: String,
    /// GB.
    #[serde(default = "capacity")]
    pub capacity: f64,
    /// How many replicas it has, the master included.
    #[serde(default = "replicas")]
    pub replicas: u32,
    /// The status while no change is pending or running.
    #[serde(default = "running")]
    pub status: String,
    /// Start of the maintenance window, UTC, as the cloud writes it.
    #[serde(default = "maintain_begin")]
    pub maintain_begin: String,
    /// End of the maintenance window, UTC; may be before the start (next day).
    #[serde(default = "maintain_end")]
    pub maintain_end: String,
    /// 0 on demand, 1 prepaid.
    #[serde(default)]
    pub charging_mode: u8,
    /// Changes that start by themselves.
    #[serde(default)]
    pub changes: Vec<PendingChange>,
    /// Tasks of the past.
    #[serde(default)]
    pub finished: Vec<FinishedTask>,
}

fn spec_code() -> String {
    "redis.ha.xu1.large.r2.4".into()
}

fn capacity() -> f64 {
    4.0
}

fn replicas() -> u32 {
    2
}

fn running() -> String {
    "RUNNING".into()
}

fn maintain_begin() -> String {
    "22:00:00".into()
}

fn maintain_end() -> String {
    "02:00:00".into()
}

impl DcsInstance {
    /// A running 4 GB instance whose window is 22:00 to 02:00 UTC.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
            spec_code: spec_code(),
            capacity: capacity(),
            replicas: replicas(),
            status: running(),
            maintain_begin: maintain_begin(),
            maintain_end: maintain_end(),
            charging_mode: 0,
            changes: Vec::new(),
            finished: Vec::new(),
        }
    }

    /// Sets the present flavor and capacity (GB).
    pub fn spec(mut self, spec_code: impl Into<String>, capacity: f64) -> Self {
        self.spec_code = spec_code.into();
        self.capacity = capacity;
        self
    }

    /// Sets the maintenance window, as the cloud writes it.
    pub fn window(mut self, begin: impl Into<String>, end: impl Into<String>) -> Self {
        self.maintain_begin = begin.into();
        self.maintain_end = end.into();
        self
    }

    /// Adds a change that starts by itself in so many seconds.
    pub fn pending_change(
        self,
        task_id: impl Into<String>,
        new_spec_code: impl Into<String>,
        in_seconds: i64,
    ) -> Self {
        self.change(PendingChange::new(task_id, new_spec_code, in_seconds))
    }

    /// Adds a change.
    pub fn change(mut self, change: PendingChange) -> Self {
        self.changes.push(change);
        self
    }

    /// Adds a task of the past.
    pub fn finished(mut self, task: FinishedTask) -> Self {
        self.finished.push(task);
        self
    }
}

/// A specification change that waits for its time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingChange {
    /// The id of the background task.
    pub task_id: String,
    /// The task's name; absent: that of a change of replicas if it changes nothing
    /// else, or else as the readings say.
    #[serde(default)]
    pub name: Option<TaskName>,
    /// The flavor that the instance gets; absent: unchanged.
    #[serde(default)]
    pub new_spec_code: Option<String>,
    /// The capacity in GB that it gets; absent: unchanged.
    #[serde(default)]
    pub new_capacity: Option<f64>,
    /// How many replicas it gets; absent: unchanged.
    #[serde(default)]
    pub new_replicas: Option<u32>,
    /// When somebody asked for the change; absent: now.
    #[serde(default)]
    pub created_at: Option<When>,
    /// When it starts by itself.
    pub runs_at: When,
    /// Seconds from its start to its end.
    #[serde(default = "runs_for")]
    pub runs_for: u32,
    /// It ends as FAILED and changes nothing.
    #[serde(default)]
    pub fails: bool,
    /// When somebody deletes the task's record, which is all that this does: the
    /// change goes on.
    #[serde(default)]
    pub record_deleted_at: Option<When>,
}

fn runs_for() -> u32 {
    300
}

impl PendingChange {
    /// A change that starts in so many seconds and succeeds after five minutes.
    pub fn new(
        task_id: impl Into<String>,
        new_spec_code: impl Into<String>,
        in_seconds: i64,
    ) -> Self {
        Self {
            new_spec_code: Some(new_spec_code.into()),
            ..Self::of_nothing(task_id.into(), in_seconds)
        }
    }

    /// The same of the capacity (GB) alone.
    pub fn of_capacity(task_id: impl Into<String>, new: f64, in_seconds: i64) -> Self {
        Self {
            new_capacity: Some(new),
            ..Self::of_nothing(task_id.into(), in_seconds)
        }
    }

    /// The same of the number of replicas alone.
    pub fn of_replicas(task_id: impl Into<String>, new: u32, in_seconds: i64) -> Self {
        Self {
            new_replicas: Some(new),
            ..Self::of_nothing(task_id.into(), in_seconds)
        }
    }

    fn of_nothing(task_id: String, in_seconds: i64) -> Self {
        Self {
            task_id,
            name: None,
            new_spec_code: None,
            new_capacity: None,
            new_replicas: None,
            created_at: None,
            runs_at: When::In(in_seconds),
            runs_for: runs_for(),
            fails: false,
            record_deleted_at: None,
        }
    }

    /// Sets when somebody deletes the task's record.
    pub fn record_deleted(mut self, when: When) -> Self {
        self.record_deleted_at = Some(when);
        self
    }

    /// Sets when somebody asked for it.
    pub fn created(mut self, when: When) -> Self {
        self.created_at = Some(when);
        self
    }

    /// Sets the seconds that it takes.
    pub fn runs_for(mut self, seconds: u32) -> Self {
        self.runs_for = seconds;
        self
    }

    /// Sets the capacity (GB) that the instance gets.
    pub fn capacity(mut self, new: f64) -> Self {
        self.new_capacity = Some(new);
        self
    }

    /// Sets the task's name, whatever the readings say.
    pub fn named(mut self, name: TaskName) -> Self {
        self.name = Some(name);
        self
    }

    /// Makes it fail when it runs.
    pub fn fails(mut self) -> Self {
        self.fails = true;
        self
    }
}

/// A change of an instance that is there already.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DcsChange {
    /// The project id.
    pub project: String,
    /// The instance id.
    pub instance: String,
    /// The change.
    pub change: PendingChange,
}

/// A background task of the past. It has no consequence of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinishedTask {
    /// The id of the background task.
    pub task_id: String,
    /// Any task name, also of other kinds of tasks; absent: as the readings say.
    #[serde(default)]
    pub name: Option<String>,
    /// Any status word.
    #[serde(default = "success")]
    pub status: String,
    /// The flavor before; absent: the instance's present one.
    #[serde(default)]
    pub old_spec_code: Option<String>,
    /// The flavor that was asked for; absent: the instance's present one.
    #[serde(default)]
    pub new_spec_code: Option<String>,
    /// When somebody asked for it.
    pub created_at: When,
    /// When it ended; absent: when it was asked for.
    #[serde(default)]
    pub updated_at: Option<When>,
}

fn success() -> String {
    "SUCCESS".into()
}

impl FinishedTask {
    /// A task with this status word, asked for so many seconds ago.
    pub fn new(task_id: impl Into<String>, status: impl Into<String>, seconds_ago: i64) -> Self {
        Self {
            task_id: task_id.into(),
            name: None,
            status: status.into(),
            old_spec_code: None,
            new_spec_code: None,
            created_at: When::In(-seconds_ago),
            updated_at: None,
        }
    }
}
