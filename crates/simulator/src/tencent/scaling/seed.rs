//! What can be put into Auto Scaling, what can be done to an activity, and the
//! switches for what its contract leaves open.

use serde::{Deserialize, Serialize};

use super::state::RefreshStatus;
use crate::seed::When;

/// Where groups and activities are that name no region.
pub(crate) const REGION: &str = "ap-guangzhou";

fn region() -> String {
    REGION.into()
}

/// A scaling group that need not have an activity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScalingGroup {
    /// The AutoScalingGroupId.
    pub id: String,
    /// Its region.
    #[serde(default = "region")]
    pub region: String,
}

impl ScalingGroup {
    /// A group in ap-guangzhou.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            region: region(),
        }
    }

    /// Sets its region.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }
}

/// A refresh activity, which goes on by itself from where it is put in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshActivity {
    /// The AutoScalingGroupId; the group comes into being with it.
    pub group: String,
    /// The RefreshActivityId.
    pub id: String,
    /// The group's region.
    #[serde(default = "region")]
    pub region: String,
    /// The batches, at least one.
    pub batches: Vec<RefreshBatch>,
    /// RefreshMode.
    #[serde(default = "reset")]
    pub mode: String,
    /// ActivityType: NORMAL or ROLLBACK.
    #[serde(default = "normal")]
    pub activity_type: String,
    /// OriginRefreshActivityId, of a roll-back.
    #[serde(default)]
    pub origin: Option<String>,
    /// Where it pauses by itself.
    #[serde(default)]
    pub batch_pause: BatchPause,
    /// What the cloud does when a batch fails.
    #[serde(default)]
    pub fail_process: FailProcess,
    /// MaxSurge.
    #[serde(default)]
    pub max_surge: Option<u32>,
    /// Seconds between the end of a batch and the start of the next.
    #[serde(default)]
    pub pause_between: u32,
    /// Seconds of the scale-in phase after the last batch; 0: there is none.
    #[serde(default)]
    pub scale_in_for: u32,
    /// It ends as FAILED instead of SUCCESSFUL.
    #[serde(default)]
    pub ends_failed: bool,
    /// When somebody asked for it; absent: when it starts, at the latest now.
    #[serde(default)]
    pub created_at: Option<When>,
    /// When it starts, INIT until then; absent: now.
    #[serde(default)]
    pub starts_at: Option<When>,
    /// Where it stands: RUNNING, a pause, or a final status.
    #[serde(default = "running")]
    pub status: RefreshStatus,
    /// The batch that runs, or that it paused or ended at (from 1). Those before it
    /// were successful. In FAILED_PAUSE it failed; in the other pauses it comes next.
    #[serde(default = "one")]
    pub at_batch: u32,
}

fn reset() -> String {
    "ROLLING_UPDATE_RESET".into()
}

fn normal() -> String {
    "NORMAL".into()
}

fn running() -> RefreshStatus {
    RefreshStatus::Running
}

fn one() -> u32 {
    1
}

impl RefreshActivity {
    /// A running activity in ap-guangzhou that still lacks its batches.
    pub fn new(group: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            id: id.into(),
            region: region(),
            batches: Vec::new(),
            mode: reset(),
            activity_type: normal(),
            origin: None,
            batch_pause: BatchPause::default(),
            fail_process: FailProcess::default(),
            max_surge: None,
            pause_between: 0,
            scale_in_for: 0,
            ends_failed: false,
            created_at: None,
            starts_at: None,
            status: running(),
            at_batch: 1,
        }
    }

    /// Adds a batch.
    pub fn batch(mut self, batch: RefreshBatch) -> Self {
        self.batches.push(batch);
        self
    }

    /// Adds so many batches of one instance, each of which runs this long.
    pub fn batches(mut self, count: usize, seconds: u32) -> Self {
        let more = std::iter::repeat_n(RefreshBatch::new(1, seconds), count);
        self.batches.extend(more);
        self
    }

    /// Sets the group's region.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// Sets where it stands, and at which batch (from 1).
    pub fn standing(mut self, status: RefreshStatus, at_batch: u32) -> Self {
        self.status = status;
        self.at_batch = at_batch;
        self
    }

    /// Makes it INIT until it starts, in so many seconds.
    pub fn starts_in(mut self, seconds: i64) -> Self {
        self.starts_at = Some(When::In(seconds));
        self
    }

    /// Sets when somebody asked for it.
    pub fn created(mut self, when: When) -> Self {
        self.created_at = Some(when);
        self
    }

    /// Sets where it pauses by itself.
    pub fn batch_pause(mut self, pause: BatchPause) -> Self {
        self.batch_pause = pause;
        self
    }

    /// Sets what the cloud does when a batch fails.
    pub fn fail_process(mut self, fail_process: FailProcess) -> Self {
        self.fail_process = fail_process;
        self
    }

    /// Puts so many seconds between two batches.
    pub fn pause_between(mut self, seconds: u32) -> Self {
        self.pause_between = seconds;
        self
    }

    /// Gives it a scale-in phase of so many seconds after the last batch.
    pub fn scale_in_for(mut self, seconds: u32) -> Self {
        self.scale_in_for = seconds;
        self
    }

    /// Makes it end as FAILED.
    pub fn ends_failed(mut self) -> Self {
        self.ends_failed = true;
        self
    }

    /// Makes it the roll-back of another activity.
    pub fn rollback_of(mut self, origin: impl Into<String>) -> Self {
        self.activity_type = "ROLLBACK".into();
        self.origin = Some(origin.into());
        self
    }
}

/// A batch of an activity.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshBatch {
    /// How many instances it refreshes.
    #[serde(default = "one")]
    pub instances: u32,
    /// Seconds from RUNNING to its end.
    #[serde(default = "runs_for")]
    pub runs_for: u32,
    /// Seconds of INIT before that.
    #[serde(default)]
    pub init_for: u32,
    /// How many times it fails: 1 means that the first retry succeeds.
    #[serde(default)]
    pub fails: u32,
}

fn runs_for() -> u32 {
    300
}

impl RefreshBatch {
    /// A batch of so many instances that succeeds after so many seconds.
    pub fn new(instances: u32, seconds: u32) -> Self {
        Self {
            instances,
            runs_for: seconds,
            init_for: 0,
            fails: 0,
        }
    }

    /// Makes it INIT for so many seconds before it runs.
    pub fn init_for(mut self, seconds: u32) -> Self {
        self.init_for = seconds;
        self
    }

    /// Makes it fail so many times.
    pub fn fails(mut self, times: u32) -> Self {
        self.fails = times;
        self
    }
}

/// BatchPause: where an activity pauses by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BatchPause {
    /// Nowhere.
    #[default]
    Automatic,
    /// After the first batch.
    FirstBatchPause,
    /// After each batch but the last.
    BatchIntervalPause,
}

/// FailProcess: what the cloud does by itself when a batch fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailProcess {
    /// The activity pauses, and waits for a user.
    #[default]
    AutoPause,
    /// It ends, and an activity that rolls it back begins.
    AutoRollback,
    /// It is cancelled.
    AutoCancel,
}

/// What somebody else does to an activity, in the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshAction {
    /// As StopInstanceRefresh.
    Pause,
    /// As ResumeInstanceRefresh without ResumeMode.
    Resume,
    /// As ResumeInstanceRefresh with CONTINUE.
    Continue,
    /// As CancelInstanceRefresh.
    Cancel,
}

/// The points of contracts section c that nobody could verify.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScalingReadings {
    /// A cancel while a batch is INIT or RUNNING.
    pub cancel_while_running: CancelWhileRunning,
    /// Seconds until an accepted cancel shows as CANCELLED; 0: at once.
    pub cancelled_after: u32,
    /// What becomes of an activity that was stopped during its last batch.
    pub stopped_last_batch: StoppedLastBatch,
    /// CONTINUE where the activity did not pause after a failure.
    pub continue_without_failure: ContinueWithoutFailure,
    /// What an activity becomes when the cloud begins to roll it back.
    pub rolled_back: RolledBack,
    /// How the times of activities and batches are written.
    pub times: RefreshTimes,
    /// What is in the lists of batches and of their instances.
    pub lists: RefreshLists,
    /// RefreshSettings.
    pub settings: RefreshSettings,
    /// `RefreshActivitySet` where there is nothing in it.
    pub nothing: EmptySet,
}

/// See [`ScalingReadings::rolled_back`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RolledBack {
    /// CANCELLED.
    #[default]
    Cancelled,
    /// FAILED.
    Failed,
}

/// See [`ScalingReadings::times`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshTimes {
    /// `2026-11-21T08:00:00Z`.
    #[default]
    Utc,
    /// `2026-11-21T16:00:00+0800`.
    Offset,
    /// `2026-11-21 16:00:00`: whose time that is, is not told.
    NoZone,
    /// `1795248000`, a number.
    Unix,
    /// `null`.
    Null,
}

/// See [`ScalingReadings::lists`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshLists {
    /// Everything that there is.
    #[default]
    Whole,
    /// `RefreshBatchSet` is `null`.
    NullBatches,
    /// There is no `RefreshBatchSet`.
    NoBatches,
    /// Each `RefreshBatchRelatedInstanceSet` is `null`.
    NullInstances,
}

/// See [`ScalingReadings::settings`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshSettings {
    /// They are shown.
    #[default]
    Shown,
    /// `null`.
    Null,
    /// With a FailProcess that no document has.
    UnknownWord,
}

/// See [`ScalingReadings::nothing`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptySet {
    /// `[]`.
    #[default]
    Empty,
    /// `null`, as servers in Go write it.
    Null,
}

/// See [`ScalingReadings::cancel_while_running`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelWhileRunning {
    /// It is refused, as the present documents say.
    #[default]
    Refused,
    /// The batch goes on, those to come are cancelled, as in March 2024.
    TakesEffect,
}

/// See [`ScalingReadings::stopped_last_batch`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoppedLastBatch {
    /// It stays in MANUAL_PAUSE and can still be cancelled.
    #[default]
    Paused,
    /// It ends by itself, as if it had not been stopped.
    Ends,
}

/// See [`ScalingReadings::continue_without_failure`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContinueWithoutFailure {
    /// The call is accepted and changes nothing.
    #[default]
    Nothing,
    /// The mode is ignored: it goes on as without.
    ModeIgnored,
}
