//! The operations, a folder per kind: `facts` reads the cloud, `plan` says what
//! the facts mean (pure), `steps` sends what mutates.
//!
//! Nothing here writes to Kubernetes, decides whether a step may be sent, or
//! repeats one: that is the engine's, carried out by `controllers`.

mod claims;
pub mod desktop_order;
pub mod resize_cancellation;

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

pub use claims::{Claimant, Place, Recorded};
use errand_engine::{Class, Due, Goal, Plan, StepKey, Trace};
use k8s_openapi::NamespaceResourceScope;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::{
    Common, ConditionStatus, ConnectionRef, Mode, PaidOperations, PlanStatus, Reason, Resolution,
    Schedule, Status,
};
use crate::cloud::huawei::{Client, verdicts};
use crate::cloud::{CallError, Gate, Ids, Reading, Rows, Sent};

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
    /// It costs money.
    pub paid: bool,
}

impl StepInfo {
    /// The step in the engine's words.
    pub fn plan(&self) -> Plan {
        Plan {
            key: self.key,
            class: self.class,
            ledger: self.ledger,
            paid: self.paid,
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
    /// How long after its success the object is deleted.
    pub ttl_after_success: Option<Duration>,
    /// When the first call may be sent.
    pub schedule: Option<&'a Schedule>,
    /// The answer to a question.
    pub resolution: Option<&'a Resolution>,
}

impl<'a> Asked<'a> {
    /// What is asked by a spec, with what it means where it says nothing.
    pub fn of(spec: &'a Common) -> Self {
        Self {
            connection: &spec.connection_ref,
            mode: spec.mode.unwrap_or_default(),
            suspend: spec.suspend.unwrap_or(false),
            verify_timeout: spec.verify_timeout.map_or(VERIFY_TIMEOUT, Into::into),
            ttl_after_success: spec.ttl_after_success.map(Into::into),
            schedule: spec.schedule.as_ref(),
            resolution: spec.resolution.as_ref(),
        }
    }
}

/// What a complete reading of the cloud means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment<O> {
    /// For the engine. Its codes are indices of [`Reason`].
    pub goal: Goal,
    /// For the engine: what is to be seen of the call that was to be traced.
    pub trace: Trace,
    /// For the engine.
    pub due: Due,
    /// Ids of that call which were found by looking; recorded with it.
    pub ids: Ids,
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
    /// The cloud's services that it calls; the first is the one that it changes.
    const SERVICES: &'static [Service];

    /// What it claims in the ledger; nothing where no step needs that.
    fn claimant(object: &Self::Object, place: &Place) -> Option<Claimant> {
        let _ = (object, place);
        None
    }

    /// What policy.paidOperations has to allow at least.
    fn payment(object: &Self::Object) -> PaidOperations {
        let _ = object;
        PaidOperations::Forbid
    }

    /// Reads everything that [`Kind::assess`] needs. `open` is the recorded call
    /// that is to be traced.
    fn observe(
        clients: &Clients,
        object: &Self::Object,
        open: Option<&Recorded>,
    ) -> impl Future<Output = Result<Self::Facts, CallError>> + Send;

    /// Says what the facts mean. Pure.
    fn assess(
        object: &Self::Object,
        facts: &Self::Facts,
        open: Option<&Recorded>,
    ) -> Assessment<<Self::Object as Object>::Observed>;

    /// Sends a step, once.
    fn perform(
        clients: &Clients,
        object: &Self::Object,
        step: StepKey,
        gate: Gate,
    ) -> impl Future<Output = Sent> + Send;
}

/// The services of one connection that a kind calls, with one key.
#[derive(Clone, Debug)]
pub struct Clients(pub Vec<(Service, Client)>);

impl Clients {
    /// The client of a service that is among [`Kind::SERVICES`].
    pub fn of(&self, service: Service) -> &Client {
        let mut clients = self.0.iter();
        let found = clients.find(|(of, _)| *of == service);
        &found.expect("a service of the kind").1
    }
}

/// A cloud service that operations call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Huawei Cloud Distributed Cache Service.
    HuaweiDcs,
    /// Huawei Cloud Workspace.
    HuaweiWorkspace,
    /// Huawei Cloud's billing, where orders are.
    HuaweiBss,
}

impl Service {
    /// Every service.
    pub const ALL: [Service; 3] = [
        Service::HuaweiDcs,
        Service::HuaweiWorkspace,
        Service::HuaweiBss,
    ];

    /// Bounded label for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Service::HuaweiDcs => "huawei/dcs",
            Service::HuaweiWorkspace => "huawei/workspace",
            Service::HuaweiBss => "huawei/bss",
        }
    }

    /// How its answers are read.
    pub fn rows(self) -> Rows {
        match self {
            Service::HuaweiDcs => verdicts::DCS_ROWS,
            Service::HuaweiWorkspace => verdicts::WORKSPACE_ROWS,
            Service::HuaweiBss => verdicts::BSS_ROWS,
        }
    }

    /// How a refusal that is recorded in status was read. None: by what is not in
    /// the tables, so it has to be verified.
    pub fn recorded(self, status: u16, code: &str) -> Option<Reading> {
        self.rows().find(status, code).map(|row| row.reading)
    }
}

/// How long an accepted call may go unproven where the spec does not say.
pub const VERIFY_TIMEOUT: Duration = Duration::from_secs(3600);
