//! `InstanceRefresh`: see an instance refresh of an Auto Scaling group to the
//! wanted end: completed, paused or cancelled (Auto Scaling
//! `StopInstanceRefresh`, `CancelInstanceRefresh`, `ResumeInstanceRefresh`).

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{Column, Common, KindInfo, Status, Timestamp, words};

/// Brings one instance refresh of a Tencent Cloud Auto Scaling group to the wanted
/// end, and verifies it.
#[derive(Clone, Debug, PartialEq, Eq, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "tencent.errand.cloud",
    version = "v1alpha1",
    kind = "InstanceRefresh",
    plural = "instancerefreshes",
    shortname = "irf",
    category = "errand",
    namespaced,
    status = "InstanceRefreshStatus",
    doc = "Brings one instance refresh of a Tencent Cloud Auto Scaling group to the wanted end (completed, paused or cancelled), and verifies it. A refresh that is left paused blocks its group; deleting this object does not let it go on."
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.adopt)").message("adopt has to be given: the refresh activity that is meant"))]
pub struct InstanceRefreshSpec {
    /// Auto Scaling `AutoScalingGroupId`.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))]
    pub auto_scaling_group_id: String,
    /// A refresh that was started elsewhere, for instance in the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt: Option<AdoptRefresh>,
    /// What is to become of the refresh (Auto Scaling `Status`): Completed, Paused or
    /// Cancelled. It may be changed at any time, and reopens an operation that has
    /// ended; what the cloud can no longer do is held for a person.
    pub desired_state: RefreshState,
    /// What every operation asks.
    #[serde(flatten)]
    pub common: Common,
}

/// A refresh that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdoptRefresh {
    /// Auto Scaling `RefreshActivityId`.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))]
    pub refresh_activity_id: String,
}

words! {
    /// What is to become of a refresh.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    pub enum RefreshState {
        /// It runs to its end (SUCCESSFUL). A pause is asked about.
        Completed = "Completed",
        /// It stands still, and can go on later. Its group stays blocked. Of a refresh that
        /// has completed the operation ends as Failed/TooLate.
        Paused = "Paused",
        /// It is cancelled for good (CANCELLED). Instances that were refreshed stay
        /// so.
        Cancelled = "Cancelled",
    }
}

/// What its definition says of its fields.
pub(super) const INFO: KindInfo = KindInfo {
    target: &["autoScalingGroupId", "adopt"],
    fixed: &[],
    free: &["desiredState"],
    shown: ".spec.autoScalingGroupId",
    columns: &[
        Column::text("Wanted", ".spec.desiredState"),
        Column::number("Done", ".status.observed.instancesDone"),
        Column::number("Of", ".status.observed.instancesTotal"),
        Column::text(
            "Blocked",
            r#".status.conditions[?(@.type=="GroupBlocked")].status"#,
        )
        .wide(),
        Column::text("Activity", ".spec.adopt.refreshActivityId").wide(),
    ],
};

/// The status of an [`InstanceRefresh`].
pub type InstanceRefreshStatus = Status<RefreshObservation>;

/// What was seen in Auto Scaling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefreshObservation {
    /// Auto Scaling `Status` of the activity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub activity_status: Option<String>,
    /// Auto Scaling `ActivityType`: NORMAL or ROLLBACK.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub activity_type: Option<String>,
    /// Auto Scaling `RefreshMode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub refresh_mode: Option<String>,
    /// Auto Scaling `CurrentRefreshBatchNum`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>", range(min = 0))]
    pub current_batch: Option<u32>,
    /// Auto Scaling `RefreshBatchStatus` of the current batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub batch_status: Option<String>,
    /// How many batches there are (Auto Scaling `RefreshBatchSet`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>", range(min = 0))]
    pub batches_total: Option<u32>,
    /// How many instances the refresh is about (Auto Scaling
    /// `RefreshBatchRelatedInstanceSet`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>", range(min = 0))]
    pub instances_total: Option<u32>,
    /// How many of them are refreshed (Auto Scaling `InstanceStatus` SUCCESSFUL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>", range(min = 0))]
    pub instances_done: Option<u32>,
    /// How many of them could not be (Auto Scaling `InstanceStatus` FAILED); they
    /// stay in standby.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>", range(min = 0))]
    pub instances_failed: Option<u32>,
    /// The first of those that could not be (Auto Scaling
    /// `RefreshBatchRelatedInstanceSet`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub failed_instances: Vec<FailedInstance>,
    /// Auto Scaling `RefreshActivityId` of the activity by which the cloud rolls the
    /// refresh back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub rollback_activity_id: Option<String>,
    /// Auto Scaling `Status` of that activity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub rollback_status: Option<String>,
    /// Auto Scaling `StartTime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// Auto Scaling `EndTime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

/// An instance that could not be refreshed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailedInstance {
    /// Auto Scaling `InstanceId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub id: Option<String>,
    /// Auto Scaling `InstanceStatusMessage`: why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub message: Option<String>,
}
