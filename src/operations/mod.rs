//! The operations, a folder per kind: `facts` reads the cloud, `plan` says what
//! the facts mean (pure), `calls` are its mutating calls, as values.
//!
//! Nothing here writes to Kubernetes, sends a call, decides whether one may be sent, or
//! repeats one: that is the engine's, carried out by `controllers`.

mod call;
mod claims;
pub mod desktop_order;
mod guide;
pub mod instance_observation;
pub mod instance_refresh;
mod reasons;
mod registry;
pub mod resize_cancellation;
pub mod scheduled_instance_reservation;
mod services;

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

pub use call::{Call, CallRules};
pub(crate) use claims::digest;
pub use claims::{Claimant, ClosedCall, HostOwner, Others, Place, Recorded, ServiceHost};
use errand_engine::{Due, Goal, Past, Pin, Tick, Trace};
pub use guide::{Again, BY_HAND, Choice, Guide, Line, Question, decision};
use k8s_openapi::NamespaceResourceScope;
pub use reasons::{code, reason_of_code, reason_of_word, reasons};
pub use registry::{Visitor, crds, each_kind};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
pub use services::Clients;

use crate::api::{
    Common, ConditionStatus, ConnectionRef, KindInfo, Mode, Reason, Resolution, Schedule, Status,
    Timestamp,
};
use crate::cloud::{CallError, Ids, Refusal, Service};

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
    /// For the engine. Its codes are those of [`code`].
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
    /// The calls that it may lead to. Of [`Goal::Act`] in order, the next one first.
    pub calls: Vec<Call>,
    /// The kind's own conditions.
    pub conditions: Vec<(&'static str, ConditionStatus)>,
    /// What the effect of the next step is told by comparison with; recorded with
    /// its intent.
    pub baseline: Option<String>,
    /// For the engine: what is to be seen of earlier steps.
    pub past: Past,
    /// What [`Goal::Ask`] is about, in words; its pin is [`pin`] of them.
    pub about: Option<String>,
    /// A part of it could not be read, so that nothing is concluded from it; what the
    /// other part showed is remembered.
    pub unread: Option<CallError>,
    /// A read that the cloud refused, where the observation is complete without it.
    pub refused: Option<Refusal>,
    /// When the reading was taken, in the operator's time, where it is one that
    /// other operations share. Else it was taken when it was asked for.
    pub shared_since: Option<Tick>,
}

impl<O: Serialize> Assessment<O> {
    /// It shows something of the target, or that there is none.
    pub fn shows_anything(&self) -> bool {
        let observed = serde_json::to_value(&self.observed).unwrap_or_default();
        let nothing = observed.as_object().is_none_or(serde_json::Map::is_empty);
        self.goal != Goal::Unclear || !nothing
    }
}

impl<O> Assessment<O> {
    /// What most readings mean: nothing beyond this.
    pub fn new(goal: Goal, seen: impl Into<String>, observed: O) -> Self {
        Self {
            goal,
            trace: Trace::NotShown,
            due: Due::SinceAnswer,
            ids: Ids::new(),
            seen: seen.into(),
            observed,
            calls: Vec::new(),
            conditions: Vec::new(),
            baseline: None,
            past: Past::default(),
            about: None,
            unread: None,
            refused: None,
            shared_since: None,
        }
    }
}

/// The pin of a question that is about this.
pub fn pin(about: &str) -> Pin {
    let digest = claims::digest(&[about]);
    let number = digest.get(..15).map(|word| u64::from_str_radix(word, 16));
    Pin(number.and_then(Result::ok).unwrap_or_default())
}

/// A custom resource of an operation.
pub trait Object:
    kube::Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + kube::CustomResourceExt
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
        + Default
        + PartialEq
        + Serialize
        + DeserializeOwned
        + JsonSchema
        + Send
        + Sync
        + 'static;

    /// What its definition and the memory of what was seen have to know of its fields.
    const INFO: KindInfo;

    /// What every operation asks.
    fn asked(&self) -> Asked<'_>;
    /// What it is about, in the cloud's ids.
    fn target(&self) -> String;
    /// The status, which the schema's default makes always present.
    fn status(&self) -> Option<&Status<Self::Observed>>;
    /// The same, to be changed in memory.
    fn status_mut(&mut self) -> Option<&mut Status<Self::Observed>>;
    /// The fields of the spec that say what the operation is about, with their values:
    /// everything but what may change while it is under way.
    fn target_fields(&self) -> serde_json::Value {
        target_fields(self)
    }
    /// spec.desiredState, for kinds that have one.
    fn desired_state(&self) -> Option<String> {
        None
    }

    /// The end that the cloud has announced for a wait with that reason.
    fn announced_end(&self, reason: Reason) -> Option<Timestamp> {
        let _ = reason;
        None
    }

    /// What happens at a deadline that the cloud sets; nothing for kinds that have none.
    const DEADLINE: Option<&'static str> = None;

    /// That deadline, by what was observed last: until when the cloud takes the call, or
    /// what is wanted can still come about.
    fn possible_until(&self, now: Tick) -> Option<Timestamp> {
        let _ = now;
        None
    }

    /// It has ended, and what is wanted of it has not changed since.
    fn is_finished(&self) -> bool {
        self.status().is_some_and(|status| {
            status.outcome.is_some() && status.desired_state == self.desired_state()
        })
    }
}

/// Fields of every spec that may change while an operation is under way.
const NOT_OF_THE_TARGET: [&str; 6] = [
    "mode",
    "suspend",
    "schedule",
    "verifyTimeout",
    "ttlAfterSuccess",
    "resolution",
];

/// The spec without what may change.
fn target_fields<O: Object>(object: &O) -> serde_json::Value {
    let mut object = serde_json::to_value(object).unwrap_or_default();
    let mut spec = object["spec"].take();
    if let Some(fields) = spec.as_object_mut() {
        let own = [O::INFO.fixed, O::INFO.free].concat();
        let changes = |name: &str| NOT_OF_THE_TARGET.contains(&name) || own.contains(&name);
        fields.retain(|name, _| !changes(name));
    }
    spec
}

/// A kind of operation. Implemented by a type without a value.
pub trait Kind: Send + Sync + 'static {
    /// Its custom resource.
    type Object: Object;
    /// One complete reading of the cloud.
    type Facts: Send;

    /// Its mutating calls.
    const CALLS: &'static [&'static CallRules];
    /// The cloud's services that it calls; the first is the one that it changes.
    const SERVICES: &'static [&'static Service];
    /// The reasons of its own, in addition to the shared ones.
    const REASONS: &'static [Reason];
    /// The questions of its own.
    const QUESTIONS: &'static [Question] = &[];
    /// What its reasons come to, where that differs from other kinds. The first that
    /// fits counts.
    const GUIDES: &'static [Guide] = &[];

    /// The outcome when the wanted result was seen.
    fn done(object: &Self::Object) -> Reason;

    /// The outcome when it was seen and no call of ours can have brought it about.
    fn already(object: &Self::Object) -> Reason {
        let _ = object;
        Reason::ALREADY_SATISFIED
    }

    /// What a person has to know about what the operation leaves behind where it
    /// stands, when it does not go on by itself; `ended`: nor by a person's word.
    fn left_behind(object: &Self::Object, ended: bool) -> Option<String> {
        let _ = (object, ended);
        None
    }

    /// What it claims in the ledger; nothing where no step needs that.
    fn claimant(object: &Self::Object, place: &Place) -> Option<Claimant> {
        let _ = (object, place);
        None
    }

    /// Reads everything that [`Kind::assess`] needs. `open` is the recorded call
    /// that is to be traced.
    fn observe(
        clients: &Clients,
        object: &Self::Object,
        open: Option<&Recorded>,
    ) -> impl Future<Output = Result<Self::Facts, CallError>> + Send;

    /// The same for a kind whose step must not meet another call on its target:
    /// `others` is what the ledger knows of those.
    fn observe_among(
        clients: &Clients,
        object: &Self::Object,
        open: Option<&Recorded>,
        others: &Others,
    ) -> impl Future<Output = Result<Self::Facts, CallError>> + Send {
        let _ = others;
        Self::observe(clients, object, open)
    }

    /// Says what the facts mean. Pure.
    fn assess(
        object: &Self::Object,
        facts: &Self::Facts,
        open: Option<&Recorded>,
    ) -> Assessment<<Self::Object as Object>::Observed>;

    /// The cloud has accepted a call, with these ids.
    fn accepted(clients: &Clients, object: &Self::Object, ids: &Ids) {
        let _ = (clients, object, ids);
    }
}

/// How long an accepted call may go unproven where the spec does not say.
pub const VERIFY_TIMEOUT: Duration = Duration::from_secs(3600);
