//! Where a refresh stands, by the cloud's words. A word that is not documented is
//! none that anything is concluded from.

use crate::cloud::tencent::autoscaling::{RefreshActivity, RefreshBatch};

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
    /// A word that is not documented, or none.
    Unclear,
}

impl Stage {
    pub(super) fn of(activity: &RefreshActivity) -> Self {
        match activity.status.text() {
            Some("INIT") => Stage::Init,
            Some("RUNNING") if Batches::of(activity) == Batches::Over => Stage::ScaleIn,
            Some("RUNNING") => Stage::Running,
            Some("FAILED_PAUSE") => Stage::PausedOnFailure,
            Some("AUTO_PAUSE" | "MANUAL_PAUSE") => Stage::Paused,
            Some("SUCCESSFUL") => Stage::Successful,
            Some("CANCELLED") => Stage::Cancelled,
            Some("FAILED") => Stage::Failed,
            _ => Stage::Unclear,
        }
    }

    pub(super) fn is_final(self) -> bool {
        matches!(self, Stage::Successful | Stage::Cancelled | Stage::Failed)
    }

    pub(super) fn is_paused(self) -> bool {
        matches!(self, Stage::PausedOnFailure | Stage::Paused)
    }
}

/// The status says that it stands still.
pub(super) fn is_paused(status: &str) -> bool {
    matches!(status, "FAILED_PAUSE" | "AUTO_PAUSE" | "MANUAL_PAUSE")
}

/// What the batches are doing. A batch goes on to its end though the activity is
/// paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Batches {
    /// One is being refreshed.
    Run,
    /// None is, and there are more to come, or one failed.
    Rest,
    /// All are refreshed, or will not be.
    Over,
    /// Not every batch is listed with a word that is documented, and none of those
    /// that are is being refreshed.
    Unclear,
}

impl Batches {
    pub(super) fn of(activity: &RefreshActivity) -> Self {
        let is = |batch: &RefreshBatch, words: &[&str]| {
            let status = batch.status.text();
            status.is_some_and(|status| words.contains(&status))
        };
        let listed = activity.batches.members();
        if listed.iter().any(|batch| is(batch, &["INIT", "RUNNING"])) {
            return Self::Run;
        }
        let over = ["SUCCESSFUL", "PARTIALLY_SUCCESSFUL", "CANCELLED"];
        let rests = |batch| is(batch, &over) || is(batch, &["WAITING", "FAILED"]);
        match activity.batches.whole() {
            // It has none yet. Every other one has, so an empty list is not a whole one.
            Some([]) if activity.status.is("INIT") => Self::Rest,
            Some([]) | None => Self::Unclear,
            Some(all) if all.iter().all(|batch| is(batch, &over)) => Self::Over,
            Some(all) if all.iter().all(rests) => Self::Rest,
            Some(_) => Self::Unclear,
        }
    }
}
