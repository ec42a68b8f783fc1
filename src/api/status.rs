//! The status of every operation.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::Reason;
use super::shared::Timestamp;
use super::words::words;

words! {
    /// Where an operation stands, for people and field selectors. Derived from the
    /// same decision as the conditions.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
    pub enum State {
        /// Not observed yet.
        Pending = "Pending",
        /// Waits for something that passes by itself.
        Waiting = "Waiting",
        /// A call is intended and being sent.
        Executing = "Executing",
        /// A call was sent; its effect is looked for.
        Verifying = "Verifying",
        /// Suspended by the spec.
        Suspended = "Suspended",
        /// What would be sent is known; nothing will be.
        Planned = "Planned",
        /// A person has to mend something; then it goes on by itself.
        Blocked = "Blocked",
        /// A person has to decide between the listed choices.
        Held = "Held",
        /// The wanted result was seen in the cloud.
        Succeeded = "Succeeded",
        /// The wanted result is not there, and nothing of this object is in flight.
        Failed = "Failed",
    }
}

impl State {
    /// Every state.
    pub const ALL: [State; 10] = [
        Self::Pending,
        Self::Waiting,
        Self::Executing,
        Self::Verifying,
        Self::Suspended,
        Self::Planned,
        Self::Blocked,
        Self::Held,
        Self::Succeeded,
        Self::Failed,
    ];

    /// The statuses of Ready, Succeeded, Reconciling, Stalled and Suspended.
    pub fn conditions(self) -> [(&'static str, ConditionStatus); 5] {
        use ConditionStatus::{False, True, Unknown};
        let [ready, succeeded, reconciling, stalled, suspended] = match self {
            State::Pending | State::Waiting | State::Executing | State::Verifying => {
                [Unknown, Unknown, True, False, False]
            }
            State::Suspended => [Unknown, Unknown, False, False, True],
            State::Planned => [True, Unknown, False, False, False],
            State::Blocked | State::Held => [False, Unknown, False, True, False],
            State::Succeeded => [True, True, False, False, False],
            State::Failed => [False, False, False, True, False],
        };
        [
            ("Ready", ready),
            ("Succeeded", succeeded),
            ("Reconciling", reconciling),
            ("Stalled", stalled),
            ("Suspended", suspended),
        ]
    }

    /// The same of a plan that would not lead to what is asked for.
    pub fn failing_plan() -> [(&'static str, ConditionStatus); 5] {
        use ConditionStatus::{False, True, Unknown};
        [
            ("Ready", False),
            ("Succeeded", Unknown),
            ("Reconciling", False),
            ("Stalled", True),
            ("Suspended", False),
        ]
    }

    /// The status that a new object has before anybody has looked at it: the
    /// schema's default, so that it costs no write and is there while the
    /// operator is down.
    pub(super) fn pending_status() -> serde_json::Value {
        let conditions: Vec<_> = State::Pending
            .conditions()
            .into_iter()
            .map(|(type_, status)| Condition {
                type_: type_.to_owned(),
                status,
                observed_generation: None,
                last_transition_time: Some(Timestamp::NOT_YET),
                reason: Reason::PENDING.to_string(),
                message: "Errand has not observed it yet.".to_owned(),
            })
            .collect();
        serde_json::json!({"state": State::Pending, "conditions": conditions})
    }
}

/// An aspect of an operation's state, as Kubernetes words it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Type of the condition.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 64))]
    pub type_: String,
    /// True, False or Unknown.
    pub status: ConditionStatus,
    /// The generation of the object that this is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// When the status last changed. Absent, or 1970-01-01T00:00:00Z, before Errand has
    /// looked at the object for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Timestamp>,
    /// A word of the closed list.
    #[schemars(length(min = 1, max = 64))]
    pub reason: String,
    /// What happened and what to do, for people. Stable: no moving times, no
    /// request ids.
    #[schemars(length(max = 2048))]
    pub message: String,
}

impl Condition {
    /// When the status last changed, once Errand has looked.
    pub fn since(&self) -> Option<Timestamp> {
        self.last_transition_time
            .filter(|time| *time != Timestamp::NOT_YET)
    }
}

words! {
    /// Status of a condition.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    pub enum ConditionStatus {
        /// It holds.
        True = "True",
        /// It does not.
        False = "False",
        /// Not known (yet).
        Unknown = "Unknown",
    }
}

/// What would be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanStatus {
    /// The mutating calls, in order, in the cloud's words.
    #[schemars(length(max = 16), inner(length(max = 256)))]
    pub steps: Vec<String>,
    /// Whether any of them costs money.
    pub paid: bool,
    /// The same calls, each with its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub calls: Vec<CallStatus>,
}

/// A mutating call: the cloud's name of it, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallStatus {
    /// The cloud's name of the call.
    #[schemars(length(max = 64))]
    pub name: String,
    /// Its arguments, by the cloud's names. A value that is not a string is JSON.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "arguments")]
    pub arguments: BTreeMap<String, String>,
}

/// A question to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// Identifies this question; an answer names it.
    #[schemars(length(max = 64))]
    pub id: String,
    /// Why a person is asked.
    #[schemars(length(max = 64))]
    pub reason: String,
    /// Which question it is. Two of them have one reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub question: Option<String>,
    /// The answers that are possible.
    #[schemars(length(max = 8), inner(length(max = 64)))]
    pub choices: Vec<String>,
    /// What the cloud showed when it was asked, where an answer is to that alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub about: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

/// A mutating call: the intent, written before it was sent, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepStatus {
    /// Counts the object's intents from 1.
    #[schemars(with = "i32", range(min = 1))]
    pub number: u32,
    /// Identifies the intent in logs and events.
    #[schemars(length(max = 64))]
    pub id: String,
    /// The call, in the cloud's words.
    #[schemars(length(max = 64))]
    pub name: String,
    /// The operator process that may send it (random at each process start).
    #[schemars(length(max = 32))]
    pub writer: String,
    /// When it was intended.
    pub intended_at: Timestamp,
    /// After this it is not sent any more.
    pub send_before: Timestamp,
    /// The idempotency token sent with it, where the cloud has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub token: Option<String>,
    /// The cloud's id of what it is about, where that was found by looking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub target: Option<String>,
    /// What was there before, where the effect is proven by comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub baseline: Option<String>,
    /// SHA-256 of the request's body, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub body_digest: Option<String>,
    /// What is sent. Absent in a record of version 0.1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallStatus>,
    /// SHA-256 of the request in hexadecimal: of cloud, region, project, method, path, query
    /// and body, without the token. A request with another digest is not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub request_digest: Option<String>,
    /// What came of it; absent while nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<AnswerWord>,
    /// When the answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// When a person asked to look for its effect for another verifyTimeout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_again_at: Option<Timestamp>,
    /// HTTP status of the cloud's answer, where that did not accept the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>", range(min = 100, max = 599))]
    pub http_status: Option<u16>,
    /// The cloud's error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub code: Option<String>,
    /// How a refusal was read when it came: Verify, Retry, Wait, Blocked, Terminal,
    /// Gone or Lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub reading: Option<String>,
    /// The reason that belongs to that reading, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub reading_reason: Option<String>,
    /// The cloud's request id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub request_id: Option<String>,
    /// The cloud's error message, shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub message: Option<String>,
    /// Ids that only this answer tells, by the cloud's names, for instance
    /// order_id and job_id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "ids")]
    pub ids: BTreeMap<String, String>,
    /// Fields that a newer Errand wrote; carried along.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

impl StepStatus {
    /// What came of it is not known.
    pub fn is_open(&self) -> bool {
        matches!(self.answer, None | Some(AnswerWord::Unknown))
    }

    /// It had an effect, or may have had one.
    pub fn may_have_acted(&self) -> bool {
        !matches!(self.answer, Some(AnswerWord::Refused | AnswerWord::NotSent))
    }
}

pub(super) fn ids(_: &mut SchemaGenerator) -> Schema {
    map(8, 64)
}

fn arguments(_: &mut SchemaGenerator) -> Schema {
    map(32, 1024)
}

/// A map with at most so many values, of at most so many characters each. A schema bounds
/// no keys, so a rule does.
fn map(most: u32, longest: u32) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": most,
        "additionalProperties": {"type": "string", "maxLength": longest},
        "x-kubernetes-validations": [{
            "rule": "self.all(key, size(key) <= 64)",
            "message": "a key has at most 64 characters",
        }],
    })
}

words! {
    /// What came of a mutating call.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    pub enum AnswerWord {
        /// The cloud said that it does it.
        Accepted = "Accepted",
        /// The cloud documents this answer as: no effect.
        Refused = "Refused",
        /// Anything else, silence included.
        Unknown = "Unknown",
        /// Nothing of it reached the cloud.
        NotSent = "NotSent",
    }
}

/// The name of an object without a namespace of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocalRef {
    /// Name of that object.
    #[schemars(length(max = 253))]
    pub name: String,
}

/// What the observations of an operation are about. What is remembered of another
/// place or target is not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedFor {
    /// The cloud.
    #[schemars(length(max = 64))]
    pub cloud: String,
    /// spec.accountId of the connection.
    #[schemars(length(max = 64))]
    pub account_id: String,
    /// Region of the connection.
    #[schemars(length(max = 64))]
    pub region: String,
    /// Project of the connection, where the cloud has projects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub project_id: Option<String>,
    /// The endpoints that the connection names for the services of the operation.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "endpoints")]
    pub endpoints: BTreeMap<String, String>,
    /// Site of the connection, where it decides the endpoint of a service of the operation
    /// that the connection does not name. Absent also if an earlier version observed; then it
    /// is not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub site: Option<String>,
    /// Which cloud each service of the operation is at: `Vendor`, with its site where it
    /// has several (`Vendor/China`), also at an alias; or the host of a cloud of its own.
    /// Absent if an earlier version observed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "endpoints")]
    pub clouds: BTreeMap<String, String>,
    /// SHA-256 of the target fields of the spec, in hexadecimal.
    #[schemars(length(max = 64))]
    pub target_digest: String,
    /// The target was seen there in mode Execute, or a call was intended: the
    /// operation stays at this place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bound: bool,
}

fn endpoints(_: &mut SchemaGenerator) -> Schema {
    map(8, 256)
}

/// The operation that holds the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LockedBy {
    /// Kind of the object that holds it.
    #[schemars(length(max = 64))]
    pub kind: String,
    /// Its name, if it is in the same namespace; absent: it is in another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub name: Option<String>,
    /// The OperationLedger that says so, in the operator's namespace.
    #[schemars(length(max = 253))]
    pub ledger: String,
}

/// What the cloud, or something on the way to it, said when it last refused a call or a
/// read, or gave no clear answer to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CloudError {
    /// The call or the read, in the cloud's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub call: Option<String>,
    /// HTTP status of the answer; absent: there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>", range(min = 100, max = 599))]
    pub http_status: Option<u16>,
    /// The cloud's error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub code: Option<String>,
    /// The cloud's error message, shortened; or why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub message: Option<String>,
    /// What the cloud added to its message (`error_detail`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub detail: Option<String>,
    /// Why permission was denied, encoded (`encoded_authorization_message`). An
    /// administrator of the account decodes it with `decode-authorization-message` of STS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub encoded_authorization_message: Option<String>,
    /// The cloud's request id, for a ticket with its support. While the cloud repeats the
    /// same answer it is that of the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub request_id: Option<String>,
}

/// Why an operation waits, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// The reason, as in the condition Ready.
    #[schemars(length(max = 64))]
    pub reason: String,
    /// When the operation began to wait for this reason.
    pub since: Timestamp,
}

/// The status of every operation; `O` is what a kind saw in the cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status<O> {
    /// The generation of the object that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Where the operation stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// How it ended; absent until then, and then final (for its desiredState).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub outcome: Option<String>,
    /// The spec.desiredState that this status is about, for kinds that have one.
    /// Another one reopens an operation that has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub desired_state: Option<String>,
    /// One sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub summary: Option<String>,
    /// What the operation is about, in the cloud's ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub target: Option<String>,
    /// What would be sent (mode Plan).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanStatus>,
    /// The question that a person has to answer, while there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// The mutating calls: the first and the last 15.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["number"]))]
    pub steps: Vec<StepStatus>,
    /// How many there were in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>")]
    pub step_count: Option<u32>,
    /// The ledger that the operation's calls are recorded in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_ref: Option<LocalRef>,
    /// A label showed that the object was restored from a backup, before it had made a
    /// call. What costs money is asked about then, also when the label has gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<bool>,
    /// What was last seen in the cloud, in the cloud's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<O>,
    /// What `observed` is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_for: Option<ObservedFor>,
    /// Which operation holds the target, while this one waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_by: Option<LockedBy>,
    /// Why the operation waits and since when, where that is expected to end within some
    /// time: past it the condition Overdue is True.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// What the cloud said when it last refused a call or a read, or gave no clear answer;
    /// absent once something else is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_cloud_error: Option<CloudError>,
    /// When the first call was intended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When the operation ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// The last value of the annotation `errand.cloud/reconcile-requested-at`
    /// that was acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub last_handled_reconcile_at: Option<String>,
    /// The last question whose answer was acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub last_handled_hold_id: Option<String>,
    /// Ready, Succeeded, Reconciling, Stalled, Suspended, the kind's own, and Overdue
    /// once the operation has waited for longer than expected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// Fields that a newer Errand wrote; carried along.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

impl<O> Default for Status<O> {
    fn default() -> Self {
        Self {
            observed_generation: None,
            state: None,
            outcome: None,
            desired_state: None,
            summary: None,
            target: None,
            plan: None,
            hold: None,
            steps: Vec::new(),
            step_count: None,
            restored: None,
            ledger_ref: None,
            observed: None,
            observed_for: None,
            locked_by: None,
            waiting: None,
            last_cloud_error: None,
            started_at: None,
            finished_at: None,
            last_handled_reconcile_at: None,
            last_handled_hold_id: None,
            conditions: Vec::new(),
            unknown: BTreeMap::new(),
        }
    }
}
