//! The words of Auto Scaling, and what tests and people see of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The status of an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefreshStatus {
    /// It has not begun.
    Init,
    /// It runs.
    Running,
    /// A batch failed.
    FailedPause,
    /// It paused by itself between two batches.
    AutoPause,
    /// Somebody stopped it; its batch may still run.
    ManualPause,
    /// The end.
    Successful,
    /// The end, by somebody's wish.
    Cancelled,
    /// The end.
    Failed,
}

impl RefreshStatus {
    /// Whether nothing follows it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Successful | Self::Cancelled | Self::Failed)
    }

    /// Whether it waits for somebody.
    pub fn is_pause(self) -> bool {
        matches!(
            self,
            Self::FailedPause | Self::AutoPause | Self::ManualPause
        )
    }

    /// The cloud's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Running => "RUNNING",
            Self::FailedPause => "FAILED_PAUSE",
            Self::AutoPause => "AUTO_PAUSE",
            Self::ManualPause => "MANUAL_PAUSE",
            Self::Successful => "SUCCESSFUL",
            Self::Cancelled => "CANCELLED",
            Self::Failed => "FAILED",
        }
    }
}

/// The status of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BatchStatus {
    /// Its turn has not come.
    Waiting,
    /// It is about to run.
    Init,
    /// It runs.
    Running,
    /// An instance of it failed.
    Failed,
    /// It failed, and the activity went on without its failed instances.
    PartiallySuccessful,
    /// It will not run.
    Cancelled,
    /// The end.
    Successful,
}

impl BatchStatus {
    /// The cloud's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Init => "INIT",
            Self::Running => "RUNNING",
            Self::Failed => "FAILED",
            Self::PartiallySuccessful => "PARTIALLY_SUCCESSFUL",
            Self::Cancelled => "CANCELLED",
            Self::Successful => "SUCCESSFUL",
        }
    }
}

/// A scaling group as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalingGroupState {
    /// The AutoScalingGroupId.
    pub id: String,
    /// Its region.
    pub region: String,
    /// Normal scaling is off, because an activity runs or is paused.
    pub blocked: bool,
    /// That activity.
    pub activity: Option<String>,
}

/// A refresh activity as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshActivityState {
    /// The RefreshActivityId.
    pub id: String,
    /// The AutoScalingGroupId.
    pub group: String,
    /// The group's region.
    pub region: String,
    /// Its status.
    pub status: RefreshStatus,
    /// CurrentRefreshBatchNum, from 1; 0 before it starts.
    pub current_batch: u32,
    /// Its batches.
    pub batches: Vec<RefreshBatchState>,
    /// A cancel was accepted and does not show yet.
    pub cancelling: bool,
    /// All instances are updated, surplus ones are being removed.
    pub scaling_in: bool,
    /// When somebody asked for it.
    pub created_at: Timestamp,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl RefreshActivityState {
    /// Whether a batch is INIT or RUNNING, whatever the activity's status.
    pub fn batch_in_flight(&self) -> bool {
        let mut batches = self.batches.iter();
        batches.any(|b| matches!(b.status, BatchStatus::Init | BatchStatus::Running))
    }
}

/// A batch as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshBatchState {
    /// Its status.
    pub status: BatchStatus,
    /// How many instances it has.
    pub instances: u32,
    /// When it started, the last time.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}
