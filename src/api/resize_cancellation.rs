//! `ResizeCancellation`: cancel a specification change of a DCS instance that
//! waits for its maintenance window (DCS `CancelInstanceResize`).

use kube::core::Duration;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::{ConnectionRef, Mode, Status};

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
    doc = "Cancels a specification change of a Huawei Cloud DCS instance that waits for its maintenance window, once, and verifies from the cloud that it is cancelled.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Target", type_ = "string", json_path = ".spec.instanceId"),
    printcolumn(name = "Task", type_ = "string", json_path = ".spec.taskId", priority = 1),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.summary", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    selectable = ".status.state",
    selectable = ".status.outcome",
    validation = Rule::new(TARGET_IS_IMMUTABLE).message("the target (connectionRef, instanceId, taskId) cannot be changed once a call was intended or the operation has ended: create a new ResizeCancellation"),
)]
#[serde(rename_all = "camelCase")]
pub struct ResizeCancellationSpec {
    /// The account that the instance is in.
    pub connection_ref: ConnectionRef,
    /// DCS `instance_id`.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))]
    pub instance_id: String,
    /// DCS `task_id` of the change: the id of a background task of the instance.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))]
    pub task_id: String,
    /// Execute (also when absent): cancel the change. Plan: only report what
    /// would be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// True: send nothing further and do not poll. The answer of a call in
    /// flight is still recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// From the accepted call until its effect has to be seen, as a duration
    /// like 90s, 30m or 1h (1h when absent). After that a person is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Option<String>",
        regex(pattern = "^([0-9]{1,6}(s|m|h))+$"),
        length(max = 32)
    )]
    pub verify_timeout: Option<Duration>,
}

/// Reads `oldSelf.status`, so that a plan can be iterated on.
const TARGET_IS_IMMUTABLE: &str = "!has(oldSelf.status) || (!has(oldSelf.status.outcome) && (!has(oldSelf.status.steps) || size(oldSelf.status.steps) == 0)) || (self.spec.connectionRef == oldSelf.spec.connectionRef && self.spec.instanceId == oldSelf.spec.instanceId && self.spec.taskId == oldSelf.spec.taskId)";

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
    /// DCS `maintain_begin` and `maintain_end` of the instance, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub maintenance_window: Option<String>,
}
