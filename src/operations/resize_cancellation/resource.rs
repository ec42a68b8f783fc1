//! `ResizeCancellation`: cancel a specification change of a DCS instance that
//! waits for its maintenance window (DCS `CancelInstanceResize`).

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{Column, Common, KindInfo, Status, Timestamp, words};

/// Cancels a pending specification change of a Huawei Cloud DCS instance, once,
/// and verifies from the cloud that it is cancelled.
#[derive(Clone, Debug, PartialEq, Eq, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "huawei.errand.cloud",
    version = "v1alpha1",
    kind = "ResizeCancellation",
    plural = "resizecancellations",
    shortname = "rsc",
    category = "errand",
    namespaced,
    status = "ResizeCancellationStatus",
    doc = "Cancels a specification change of a Huawei Cloud DCS instance that waits for its maintenance window, once, and verifies from the cloud that it is cancelled."
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.taskId) != has(self.pendingChange)").message("exactly one of taskId and pendingChange has to be given"))]
pub struct ResizeCancellationSpec {
    /// DCS `instance_id`.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))]
    pub instance_id: String,
    /// DCS `task_id` of the change: the id of a background task of the instance.
    /// Either this or pendingChange has to be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))]
    pub task_id: Option<String>,
    /// The change that is pending, whatever its task id. The id that is found is
    /// kept, so that a later change is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_change: Option<PendingChange>,
    /// What every operation asks.
    #[serde(flatten)]
    pub common: Common,
}

/// Which pending change is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PendingChange {
    /// Only a change whose task was created before this time (DCS `created_at`).
    pub created_before: Timestamp,
    /// Only a change to this specification (DCS
    /// `details.new_resource_spec_code`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9._-]{1,128}$"), length(max = 128))]
    pub new_spec_code: Option<String>,
}

/// What its definition says of its fields.
pub(super) const INFO: KindInfo = KindInfo {
    target: &["instanceId", "taskId", "pendingChange"],
    fixed: &[],
    free: &[],
    shown: ".spec.instanceId",
    columns: &[Column::text("Task", ".status.observed.taskId").wide()],
};

/// The status of a [`ResizeCancellation`].
pub type ResizeCancellationStatus = Status<ResizeObservation>;

/// What was seen in DCS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResizeObservation {
    /// DCS `status` of the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub instance_status: Option<String>,
    /// DCS `id` of the background task that the operation is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub task_id: Option<String>,
    /// DCS `details.old_resource_spec_code` of the task, or the instance's
    /// `spec_code` when the task was first seen: what it is without the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub old_spec_code: Option<String>,
    /// DCS `spec_code` of the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub spec_code: Option<String>,
    /// DCS `status` of the background task; absent if it is not listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub task_status: Option<String>,
    /// DCS `details.new_resource_spec_code` of the task: what the change would
    /// make of the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub new_spec_code: Option<String>,
    /// DCS `status` of the background task when it was last listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub last_task_status: Option<String>,
    /// DCS `created_at` of the background task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_created_at: Option<Timestamp>,
    /// DCS `details.old_capacity` of the task, or the instance's when the task was
    /// first seen, in GB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub old_capacity: Option<String>,
    /// DCS `capacity` or `capacity_minor` of the instance, in GB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub capacity: Option<String>,
    /// DCS `details.new_capacity` of the task, in GB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub new_capacity: Option<String>,
    /// DCS `details.old_replica_num` of the task, or the instance's `replica_count`
    /// when the task was first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_replica_count: Option<i64>,
    /// DCS `replica_count` of the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica_count: Option<i64>,
    /// DCS `details.new_replica_num` of the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_replica_count: Option<i64>,
    /// DCS `maintain_begin` and `maintain_end` of the instance, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub maintenance_window: Option<String>,
    /// What kind of task `taskId` is, as far as DCS `name` and `details` ever told;
    /// absent if it was never listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_sort: Option<TaskSort>,
    /// DCS `id` of each background task that may matter and could not be understood
    /// when it was last listed. That its record is gone later tells nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 64)))]
    pub unclear_tasks: Vec<String>,
}

words! {
    /// What kind of task `taskId` is, as far as DCS `name` and `details` ever told.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    pub enum TaskSort {
        /// A specification change.
        Change = "Change",
        /// Something else.
        Other = "Other",
        /// Not understood.
        Unknown = "Unknown",
    }
}
