//! See a scheduled-instance order to the wanted end: reserved, delivered or
//! cancelled.
//!
//! What the cloud's status words mean is published nowhere, so counts, times and
//! the answer of the call itself are gone by (contracts: b.1, b.4).

mod facts;
mod plan;
mod resource;
mod words;

use errand_engine::{Class, Tick};

use super::{Asked, Assessment, CallRules, Clients, Guide, Kind, Object, Question, Recorded};
use crate::api::{KindInfo, Reason, StepStatus, Timestamp};
use crate::cloud::volcengine::ecs;
use crate::cloud::{CallError, Service};

pub use facts::Facts;
pub use resource::{
    AdoptReservation, ReservationObservation, ReservationState, ScheduledInstanceReservation,
    ScheduledInstanceReservationSpec, ScheduledInstanceReservationStatus,
};

/// The kind.
#[derive(Clone, Copy, Debug)]
pub struct SteerReservation;

/// Natural: it names the order, so a second call can hit nothing else. Its token makes the
/// cloud give the first answer again.
static DELETE: CallRules = CallRules::new(
    0,
    "DeleteScheduledInstance",
    &ecs::DELETE_SCHEDULED_INSTANCE,
    Class::Natural,
);

impl Object for ScheduledInstanceReservation {
    type Observed = ReservationObservation;

    const INFO: KindInfo = resource::INFO;

    fn asked(&self) -> Asked<'_> {
        Asked::of(&self.spec.common)
    }

    fn target(&self) -> String {
        order(self).to_owned()
    }

    fn status(&self) -> Option<&ScheduledInstanceReservationStatus> {
        self.status.as_ref()
    }

    fn status_mut(&mut self) -> Option<&mut ScheduledInstanceReservationStatus> {
        self.status.as_mut()
    }

    fn announced_end(&self, reason: Reason) -> Option<Timestamp> {
        let observed = self.status.as_ref()?.observed.as_ref()?;
        let awaited = reason == words::AWAITING_DELIVERY;
        observed.delivery_ends.filter(|_| awaited)
    }

    const DEADLINE: Option<&'static str> = Some("the time to cancel ends");

    fn possible_until(&self, _: Tick) -> Option<Timestamp> {
        self.status.as_ref()?.observed.as_ref()?.cancellable_until
    }

    fn desired_state(&self) -> Option<String> {
        Some(self.spec.desired_state.word().to_owned())
    }
}

/// The `ScheduledInstanceId` that is meant. The schema makes sure that there is
/// one.
fn order(object: &ScheduledInstanceReservation) -> &str {
    let adopt = object.spec.adopt.as_ref();
    adopt.map_or("", |adopt| &adopt.scheduled_instance_id)
}

fn steps(object: &ScheduledInstanceReservation) -> &[StepStatus] {
    let status = object.status.as_ref();
    status.map_or(&[], |status| &status.steps)
}

impl Kind for SteerReservation {
    type Object = ScheduledInstanceReservation;
    type Facts = Facts;

    const CALLS: &'static [&'static CallRules] = &[&DELETE];
    const SERVICES: &'static [&'static Service] = &[&ecs::SERVICE];
    const REASONS: &'static [Reason] = words::REASONS;
    const QUESTIONS: &'static [Question] = &[words::UNREACHABLE];
    const GUIDES: &'static [Guide] = words::GUIDES;

    fn done(object: &ScheduledInstanceReservation) -> Reason {
        match object.spec.desired_state {
            ReservationState::Reserved => words::RESERVED,
            ReservationState::Delivered => Reason::DELIVERED,
            ReservationState::Cancelled => Reason::CANCELLED,
        }
    }

    /// Being there and being delivered are seen, not brought about.
    fn already(object: &ScheduledInstanceReservation) -> Reason {
        match object.spec.desired_state {
            ReservationState::Cancelled => Reason::ALREADY_SATISFIED,
            _ => Self::done(object),
        }
    }

    async fn observe(
        clients: &Clients,
        object: &ScheduledInstanceReservation,
        _: Option<&Recorded>,
    ) -> Result<Facts, CallError> {
        facts::observe(clients.volcengine(), order(object)).await
    }

    fn assess(
        object: &ScheduledInstanceReservation,
        facts: &Facts,
        _: Option<&Recorded>,
    ) -> Assessment<ReservationObservation> {
        plan::assess(object, facts)
    }
}
