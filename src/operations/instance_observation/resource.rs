//! `InstanceObservation`: read the state of a CloudDC instance once, or until it is
//! as wanted (CloudDC `ShowInstanceStatus`, `ListInstances`). Changes nothing.

use kube::core::Duration;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{Column, Common, KindInfo, Status, Timestamp};

/// Reads the state of a Huawei Cloud CloudDC instance, once or until it is as
/// wanted.
#[derive(Clone, Debug, PartialEq, Eq, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "huawei.errand.cloud",
    version = "v1alpha1",
    kind = "InstanceObservation",
    plural = "instanceobservations",
    shortname = "iob",
    category = "errand",
    namespaced,
    status = "InstanceObservationStatus",
    doc = "Reads the state of a Huawei Cloud CloudDC instance, once or until it is as wanted, for pipelines and sync hooks. Changes nothing in the cloud."
)]
#[serde(rename_all = "camelCase")]
pub struct InstanceObservationSpec {
    /// What is observed (CloudDC `instances`).
    pub target: ObservationTarget,
    /// Until when to look (CloudDC `state`). Absent: one reading, and the operation
    /// has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// How often to look at CloudDC `state`, as a duration like 30s or 5m, from 10s
    /// to 1h (30s when absent). Observations of one account share their reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Option<String>",
        regex(pattern = "^([0-9]{1,6}(s|m|h))+$"),
        length(max = 32)
    )]
    #[x_kube(validation = Rule::new("duration(self) >= duration('10s') && duration(self) <= duration('1h')").message("interval has to be from 10s to 1h"))]
    pub interval: Option<Duration>,
    /// What every operation asks.
    #[serde(flatten)]
    pub common: Common,
}

/// What is observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservationTarget {
    /// The service that the instance is of: CloudDC (`clouddc`).
    pub service: ObservedService,
    /// CloudDC `instance_id`.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))]
    pub instance_id: String,
}

/// Services whose instances can be observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ObservedService {
    /// Huawei Cloud CloudDC.
    #[serde(rename = "CloudDC")]
    CloudDc,
}

/// When an observation has reached what it looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.states) || (has(self.settled) && self.settled)").message("states has to be given, or settled has to be true"),
    validation = Rule::new("!has(self.states) || !has(self.failOn) || !self.states.exists(state, state in self.failOn)").message("a state cannot be in states and in failOn")
)]
pub struct Until {
    /// CloudDC `state`: any of these, for instance running or stopped; `_` and `-`
    /// count as the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 16),
        inner(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))
    )]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub states: Option<Vec<String>>,
    /// True: only once nothing is being done with the instance (CloudDC
    /// `operation_state` is absent or ends with -succeed). Without states: until it
    /// is running or stopped, with nothing being done. An instance in state error, or
    /// whose operation ended with -failed, does not settle by itself: the operation
    /// ends as StateUnreachable, unless states has that state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<bool>,
    /// CloudDC `state` or `operation_state`: any of these ends the operation as
    /// StateUnreachable, for instance error or install-failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 16),
        inner(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))
    )]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub fail_on: Option<Vec<String>>,
}

/// What its definition says of its fields.
pub(super) const INFO: KindInfo = KindInfo {
    target: &["target"],
    fixed: &["until"],
    free: &["interval"],
    shown: ".spec.target.instanceId",
    columns: &[
        Column::text("Instance", ".status.observed.instanceState"),
        Column::text("Operation", ".status.observed.operationState").wide(),
    ],
};

/// The status of an [`InstanceObservation`].
pub type InstanceObservationStatus = Status<InstanceReading>;

/// What was seen in CloudDC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstanceReading {
    /// CloudDC `state`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub instance_state: Option<String>,
    /// CloudDC `operation_state`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub operation_state: Option<String>,
    /// CloudDC `error.error_code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub error_code: Option<String>,
    /// CloudDC `error.error_msg`, shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub error_message: Option<String>,
    /// CloudDC `error.error_type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub error_type: Option<String>,
    /// CloudDC `ShowInstanceStatus` or `ListInstances` showed a state of the instance. Absent if
    /// neither did, or if an earlier version looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<bool>,
    /// Since when each observation showed a state that passes by itself whose own operation
    /// has failed. One that shows it again an interval later ends a wait for `settled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_since: Option<Timestamp>,
}
