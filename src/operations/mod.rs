//! The operations, a folder per kind: `facts` reads the cloud, `plan` says what
//! the facts mean (pure), `steps` sends what mutates.
//!
//! Nothing here writes to Kubernetes, decides whether a step may be sent, or
//! repeats one: that is the engine's, carried out by `controllers`.

pub mod resize_cancellation;

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use errand_engine::{Class, Goal, Plan, StepKey, Trace};
use k8s_openapi::NamespaceResourceScope;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::{
    ConditionStatus, ConnectionRef, Mode, PlanStatus, Reason, Resolution, Schedule, Status,
};
use crate::cloud::huawei::{CallError, Client, Sent};
use crate::cloud::{Gate, Reading};

/// A step of a kind: one mutating cloud call.
#[derive(Clone, Copy, Debug)]
pub struct StepInfo {
    /// Its number among the kind's steps.
    pub key: StepKey,
    /// The cloud's name of the call.
    pub name: &'static str,
    /// What a repeat would mean.
    pub class: Class,
    /// Recorded in the ledger.
    pub ledger: bool,
}

impl StepInfo {
    /// The step in the engine's words.
    pub fn plan(&self) -> Plan {
        Plan {
            key: self.key,
            class: self.class,
            ledger: self.ledger,
        }
    }
}

/// What operations of every kind ask in the same way.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The account.
    pub connection: &'a ConnectionRef,
    /// Execute or Plan.
    pub mode: Mode,
    /// Send nothing further.
    pub suspend: bool,
    /// From an accepted answer until its effect has to be seen.
    pub verify_timeout: Duration,
    /// When the first call may be sent.
    pub schedule: Option<&'a Schedule>,
    /// The answer to a question.
    pub resolution: Option<&'a Resolution>,
}

/// What a complete reading of the cloud means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment<O> {
    /// For the engine. Its codes are indices of [`Reason`].
    pub goal: Goal,
    /// For the engine.
    pub trace: Trace,
    /// What was seen, as a sentence for people. Stable from look to look.
    pub seen: String,
    /// What was seen, for status.
    pub observed: O,
    /// What would be sent.
    pub plan: PlanStatus,
    /// The cloud's id of what the next step is about; recorded with its intent.
    pub target: Option<String>,
    /// The kind's own conditions.
    pub conditions: Vec<(&'static str, ConditionStatus)>,
}

/// A custom resource of an operation.
pub trait Object:
    kube::Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + Serialize
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
    /// What `status.observed` holds.
    type Observed: Clone
        + Debug
        + PartialEq
        + Serialize
        + DeserializeOwned
        + JsonSchema
        + Send
        + Sync
        + 'static;

    /// What every operation asks.
    fn asked(&self) -> Asked<'_>;
    /// What it is about, in the cloud's ids.
    fn target(&self) -> String;
    /// The status, which the schema's default makes always present.
    fn status(&self) -> Option<&Status<Self::Observed>>;
}

/// A kind of operation. Implemented by a type without a value.
pub trait Kind: Send + Sync + 'static {
    /// Its custom resource.
    type Object: Object;
    /// One complete reading of the cloud.
    type Facts: Send;

    /// Its mutating calls.
    const STEPS: &'static [StepInfo];
    /// The outcome when the wanted result was seen after a step.
    const DONE: Reason;
    /// Which of the cloud's services it calls, for the endpoint and for metrics.
    const SERVICE: Service;

    /// Reads everything that [`Kind::assess`] needs.
    fn observe(
        client: &Client,
        object: &Self::Object,
    ) -> impl Future<Output = Result<Self::Facts, CallError>> + Send;

    /// Says what the facts mean. Pure.
    fn assess(
        object: &Self::Object,
        facts: &Self::Facts,
    ) -> Assessment<<Self::Object as Object>::Observed>;

    /// Sends a step, once.
    fn perform(
        client: &Client,
        object: &Self::Object,
        step: StepKey,
        gate: Gate,
    ) -> impl Future<Output = Sent> + Send;
}

/// A cloud service that operations call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Huawei Cloud Distributed Cache Service.
    HuaweiDcs,
}

impl Service {
    /// Bounded label for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Service::HuaweiDcs => "huawei/dcs",
        }
    }

    /// How a refusal with this code, read back from status, was read.
    pub fn recorded(self, code: &str) -> Option<Reading> {
        let rows = match self {
            Service::HuaweiDcs => crate::cloud::huawei::verdicts::DCS_ROWS,
        };
        rows.by_code(code).map(|row| row.reading)
    }
}

/// How long an accepted call may go unproven where the spec does not say.
pub const VERIFY_TIMEOUT: Duration = Duration::from_secs(3600);
