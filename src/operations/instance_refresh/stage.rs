//! Where a refresh stands, by the cloud's words. A word that is not documented is
//! none that anything is concluded from.

use crate::cloud::tencent::autoscaling::RefreshActivity;

/// Where a refresh stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not begun.
    Init,
    /// A batch runs, or the next is about to.
    Running,
    /// All instances are refreshed and the surplus is removed: it can be neither
    /// stopped nor cancelled.
    ScaleIn,
    /// FAILED_PAUSE
    PausedOnFailure,
    /// AUTO_PAUSE, MANUAL_PAUSE
    Paused,
    /// SUCCESSFUL
    Successful,
    /// CANCELLED
    Cancelled,
    /// FAILED
    Failed,
    /// A word that is not documented.
    Unknown,
}

impl Stage {
    pub(super) fn of(activity: &RefreshActivity) -> Self {
        match activity.status.as_str() {
            "INIT" => Stage::Init,
            "RUNNING" if refreshed(activity) => Stage::ScaleIn,
            "RUNNING" => Stage::Running,
            "FAILED_PAUSE" => Stage::PausedOnFailure,
            "AUTO_PAUSE" | "MANUAL_PAUSE" => Stage::Paused,
            "SUCCESSFUL" => Stage::Successful,
            "CANCELLED" => Stage::Cancelled,
            "FAILED" => Stage::Failed,
            _ => Stage::Unknown,
        }
    }

    pub(super) fn is_final(self) -> bool {
        matches!(self, Stage::Successful | Stage::Cancelled | Stage::Failed)
    }
}

/// The status says that it stands still.
pub(super) fn is_paused(status: &str) -> bool {
    matches!(status, "FAILED_PAUSE" | "AUTO_PAUSE" | "MANUAL_PAUSE")
}

/// A batch is being refreshed. It goes on to its end though the activity is
/// paused.
pub(super) fn batch_runs(activity: &RefreshActivity) -> bool {
    let runs = |word: &str| matches!(word, "INIT" | "RUNNING");
    activity.batches.iter().any(|batch| runs(&batch.status))
}

fn refreshed(activity: &RefreshActivity) -> bool {
    let over = |word: &str| matches!(word, "SUCCESSFUL" | "PARTIALLY_SUCCESSFUL" | "CANCELLED");
    !activity.batches.is_empty() && activity.batches.iter().all(|batch| over(&batch.status))
}
