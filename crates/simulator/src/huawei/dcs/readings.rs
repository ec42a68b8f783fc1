//! The switches for what the contract of DCS leaves open.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The points of contracts section a that nobody could verify.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DcsReadings {
    /// The task's status while it waits for the window.
    pub waiting: WaitingWord,
    /// The task after an accepted cancel.
    pub after_cancel: AfterCancel,
    /// The instance's status while a change waits.
    pub instance_while_waiting: InstanceWord,
    /// The task's name where the seed gives none.
    pub task_name: TaskName,
    /// The type of `task_count`.
    pub task_count: TaskCount,
    /// The order of the list, by creation.
    pub task_order: TaskOrder,
    /// Seconds until an accepted cancel shows. The change does not run meanwhile.
    pub cancel_visible_after: u32,
    /// How an empty list of tasks is written.
    pub empty_tasks: EmptyTasks,
    /// How `created_at` of a task is written.
    pub created_at: TaskTime,
    /// How `updated_at` of a task is written.
    pub updated_at: TaskTime,
    /// Whether a task says what it changes.
    pub details: TaskDetails,
    /// Whether an instance says how many replicas it has.
    pub replica_count: ReplicaCount,
    /// Task ids must be 32 hex digits; otherwise 1 to 64 of `A-Za-z0-9_-`.
    pub strict_task_ids: bool,
}

impl DcsReadings {
    pub(crate) fn accepts_task_id(&self, id: &str) -> bool {
        if self.strict_task_ids {
            return id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (1..=64).contains(&id.len()) && id.bytes().all(plain)
    }
}

/// See [`DcsReadings::waiting`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum WaitingWord {
    /// `WAITING`
    #[default]
    Waiting,
    /// `CREATED`
    Created,
}

impl WaitingWord {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Created => "CREATED",
        }
    }
}

/// See [`DcsReadings::after_cancel`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AfterCancel {
    /// It stays in the list as `CANCELLED`.
    #[default]
    #[serde(rename = "CANCELLED")]
    Cancelled,
    /// It stays in the list as `DELETED`.
    #[serde(rename = "DELETED")]
    Deleted,
    /// It leaves the list.
    #[serde(rename = "vanishes")]
    Vanishes,
}

/// See [`DcsReadings::instance_while_waiting`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum InstanceWord {
    /// `EXTENDING`
    #[default]
    Extending,
    /// `RUNNING` (more exactly: the instance's own status).
    Running,
}

/// See [`DcsReadings::task_name`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskName {
    /// `ChangeInstanceSpec`, as the newest SDK has it.
    #[default]
    ChangeInstanceSpec,
    /// `EXTEND`, as older pages have it.
    #[serde(rename = "EXTEND")]
    Extend,
    /// `AddReplica`
    AddReplica,
    /// `DelReplica`
    DelReplica,
}

impl TaskName {
    const ALL: [Self; 4] = [
        Self::ChangeInstanceSpec,
        Self::Extend,
        Self::AddReplica,
        Self::DelReplica,
    ];

    /// The name with that word.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.word() == word)
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::ChangeInstanceSpec => "ChangeInstanceSpec",
            Self::Extend => "EXTEND",
            Self::AddReplica => "AddReplica",
            Self::DelReplica => "DelReplica",
        }
    }
}

/// See [`DcsReadings::empty_tasks`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyTasks {
    /// `[]`
    #[default]
    List,
    /// `null`, as servers in Go do.
    Null,
    /// Left out.
    Absent,
}

/// See [`DcsReadings::created_at`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskTime {
    /// `2020-06-17T07:38:42.503Z`, as documented.
    #[default]
    Utc,
    /// `2020-06-17T07:38:42.503+0000`
    Offset,
    /// `2020-06-17T07:38:42.503+00:00`
    OffsetWithColon,
    /// `2020-06-17 07:38:42+0000`
    Blank,
    /// `2020-06-17 07:38:42`: in which zone is not said.
    WithoutZone,
    /// `"1592379522"`
    Seconds,
    /// `"1592379522503"`
    Millis,
    /// `1592379522`
    SecondsNumber,
    /// `1592379522503`
    MillisNumber,
    /// `null`
    Null,
    /// Left out.
    Absent,
}

impl TaskTime {
    /// The value; nothing where it is left out.
    pub(crate) fn write(self, time: Timestamp) -> Option<Value> {
        let text = |form: &str| json!(time.strftime(form).to_string());
        Some(match self {
            Self::Utc => text("%Y-%m-%dT%H:%M:%S%.3fZ"),
            Self::Offset => text("%Y-%m-%dT%H:%M:%S%.3f+0000"),
            Self::OffsetWithColon => text("%Y-%m-%dT%H:%M:%S%.3f+00:00"),
            Self::Blank => text("%Y-%m-%d %H:%M:%S+0000"),
            Self::WithoutZone => text("%Y-%m-%d %H:%M:%S"),
            Self::Seconds => json!(time.as_second().to_string()),
            Self::Millis => json!(time.as_millisecond().to_string()),
            Self::SecondsNumber => json!(time.as_second()),
            Self::MillisNumber => json!(time.as_millisecond()),
            Self::Null => Value::Null,
            Self::Absent => return None,
        })
    }
}

/// See [`DcsReadings::details`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskDetails {
    /// With what it was and what it will be.
    #[default]
    Given,
    /// `null`
    Null,
}

/// See [`DcsReadings::replica_count`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplicaCount {
    /// As documented.
    #[default]
    Given,
    /// Left out.
    Absent,
}

/// See [`DcsReadings::task_count`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskCount {
    /// `"1"`, as the model has it.
    #[default]
    String,
    /// `1`, as the example has it.
    Number,
}

/// See [`DcsReadings::task_order`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskOrder {
    /// The newest task comes first.
    #[default]
    NewestFirst,
    /// The oldest task comes first.
    OldestFirst,
}
