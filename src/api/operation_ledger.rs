//! `OperationLedger`: the durable memory of calls whose repeat would have an
//! effect. Written by the operator alone, in its own namespace.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::Timestamp;
use super::status::{AnswerWord, CallStatus, ids};

/// What this Errand does not know, by name.
pub type Unknown = BTreeMap<String, serde_json::Value>;

/// How many entries a ledger has room for.
pub const LEDGER_ENTRIES: usize = 256;

/// What Errand remembers of the calls to one target.
#[derive(Clone, Debug, PartialEq, Eq, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "errand.cloud",
    version = "v1alpha1",
    kind = "OperationLedger",
    plural = "operationledgers",
    namespaced,
    doc = "The durable memory of calls to one target whose repeat would have an effect. Written by Errand alone; keep it in backups, and do not delete it.",
    printcolumn(name = "Service", type_ = "string", json_path = ".spec.target.service"),
    printcolumn(name = "Target", type_ = "string", json_path = ".spec.target.id"),
    printcolumn(name = "Open", type_ = "string", json_path = ".spec.open.object.name"),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.target == oldSelf.target").message("target is immutable: a ledger is about one target"),
    validation = Rule::new("!has(oldSelf.entries) || (has(self.entries) && oldSelf.entries.all(old, self.entries.exists(new, new.stepId == old.stepId)))").message("the list of entries is immutable but for new ones: entries of a ledger are never removed")
)]
pub struct OperationLedgerSpec {
    /// What it is about.
    pub target: LedgerTarget,
    /// The call that is claimed and not closed: no other operation on the target
    /// may send one meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<LedgerClaim>,
    /// The calls that are over, oldest first. Never changed, never removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["stepId"]))]
    pub entries: Vec<LedgerEntry>,
    /// Fields that a newer Errand wrote; carried along, as the API server refuses to
    /// lose them.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: Unknown,
}

/// What a ledger is about, in the cloud's ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LedgerTarget {
    /// Cloud and service, for instance huawei/workspace.
    #[schemars(length(max = 64))]
    pub service: String,
    /// Where ids are unique: the project at Huawei Cloud.
    #[schemars(length(max = 64))]
    pub scope: String,
    /// The cloud's id of the target: the desktop.
    #[schemars(length(max = 64))]
    pub id: String,
    /// The host of a cloud of its own (--allow-endpoint NAMESPACE=HOST), with its port if
    /// that is not 443. Absent at the vendor and its aliases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 260))]
    pub host: Option<String>,
    /// Fields that a newer Errand wrote; carried along.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: Unknown,
}

/// The object that a call is claimed for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LedgerObject {
    /// Kind of the operation.
    #[schemars(length(max = 64))]
    pub kind: String,
    /// Namespace of the object.
    #[schemars(length(max = 63))]
    pub namespace: String,
    /// Name of the object.
    #[schemars(length(max = 253))]
    pub name: String,
    /// uid of the object.
    #[schemars(length(max = 64))]
    pub uid: String,
    /// Fields that a newer Errand wrote; carried along.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: Unknown,
}

/// A call that is claimed: it may have been sent, or may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LedgerClaim {
    /// Identifies the call; the same as in status.steps of the object.
    #[schemars(length(max = 64))]
    pub step_id: String,
    /// Counts the object's intents from 1.
    #[schemars(with = "i32", range(min = 1))]
    pub number: u32,
    /// The call, in the cloud's words.
    #[schemars(length(max = 64))]
    pub step: String,
    /// The operator process that may send it.
    #[schemars(length(max = 32))]
    pub writer: String,
    /// The object that it is claimed for.
    pub object: LedgerObject,
    /// Tells the operation from others on the same target.
    #[schemars(length(max = 64))]
    pub operation_key: String,
    /// SHA-256 of the call's body, in hexadecimal.
    #[schemars(length(max = 64))]
    pub body_digest: String,
    /// The call's body.
    #[schemars(length(max = 1024))]
    pub body: String,
    /// The call. Absent in a record of version 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallStatus>,
    /// The host that the call goes to, with its port if that is not 443; absent in a claim
    /// of a version that did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 260))]
    pub host: Option<String>,
    /// When it was claimed.
    pub claimed_at: Timestamp,
    /// After this it is not sent any more.
    pub send_before: Timestamp,
    /// How often a person decided that the call be made again.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(with = "i32", range(min = 0))]
    pub approvals: u32,
    /// If the call had no effect, that is written here before it is written into the
    /// object's status; absent in a claim of a version that wrote it there alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub records_answer: bool,
    /// What came of it, where it had no effect or its object was deleted before its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<AnswerWord>,
    /// Ids that only the answer told, by the cloud's names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "ids")]
    pub ids: BTreeMap<String, String>,
    /// Fields that a newer Errand wrote; carried along.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: Unknown,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A call that is over. Immutable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self == oldSelf").message("an entry is immutable: an entry of a ledger is never changed"))]
pub struct LedgerEntry {
    /// Identifies the call.
    #[schemars(length(max = 64))]
    pub step_id: String,
    /// The object that it was claimed for.
    pub object: LedgerObject,
    /// Tells the operation from others on the same target.
    #[schemars(length(max = 64))]
    pub operation_key: String,
    /// SHA-256 of the call's body, in hexadecimal.
    #[schemars(length(max = 64))]
    pub body_digest: String,
    /// The call. Absent in a record of version 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallStatus>,
    /// When it was claimed.
    pub claimed_at: Timestamp,
    /// When it was closed.
    pub closed_at: Timestamp,
    /// How it ended: the operation's outcome; Seen or Decided where a later
    /// operation had to find out.
    #[schemars(length(max = 64))]
    pub result: String,
    /// How often a person decided that the call be made again.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(with = "i32", range(min = 0))]
    pub approvals: u32,
    /// Ids that only the answer told, by the cloud's names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "ids")]
    pub ids: BTreeMap<String, String>,
    /// Fields that a newer Errand wrote; carried along.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: Unknown,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A ledger that a newer Errand has written, everywhere something of its own.
    fn newer() -> Value {
        let object =
            json!({"kind": "DesktopOrder", "namespace": "ns", "name": "n", "uid": "u", "newer": 1});
        json!({
            "target": {"service": "s", "scope": "p", "id": "d", "newer": {"a": 1}},
            "open": {
                "stepId": "w-2", "number": 2, "step": "CreateChangeOrder", "writer": "w",
                "object": object, "operationKey": "k", "bodyDigest": "d", "body": "{}",
                "claimedAt": "2026-11-22T02:30:00Z", "sendBefore": "2026-11-22T03:00:00Z",
                "newer": [1, 2],
            },
            "entries": [{
                "stepId": "w-1", "object": object, "operationKey": "k", "bodyDigest": "d",
                "claimedAt": "2026-11-22T02:30:00Z", "closedAt": "2026-11-22T03:00:00Z",
                "result": "Delivered", "newer": "x",
            }],
            "newer": true,
        })
    }

    #[test]
    fn what_a_newer_errand_wrote_into_a_ledger_is_written_back_as_it_was() {
        let read: OperationLedgerSpec = serde_json::from_value(newer()).expect("a ledger");
        assert_eq!(serde_json::to_value(&read).expect("a ledger"), newer());
    }
}
