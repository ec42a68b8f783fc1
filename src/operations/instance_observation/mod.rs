//! Read the state of a CloudDC instance, once or until it is as wanted. It sends
//! nothing that changes anything, so it has no steps.

mod facts;
mod motion;
mod plan;
mod resource;
mod words;

use std::time::Duration;

use super::{Asked, Assessment, CallRules, Clients, Guide, Kind, Object, Recorded};
use crate::api::{KindInfo, Reason};
use crate::cloud::huawei::clouddc;
use crate::cloud::{CallError, Service};

pub use facts::Facts;
pub use resource::{
    InstanceObservation, InstanceObservationSpec, InstanceObservationStatus, InstanceReading,
    ObservationTarget, ObservedService, Until,
};

/// The kind.
#[derive(Clone, Copy, Debug)]
pub struct ObserveInstance;

/// How often to look where the spec does not say.
const INTERVAL: Duration = Duration::from_secs(30);

impl Object for InstanceObservation {
    type Observed = InstanceReading;

    const INFO: KindInfo = resource::INFO;

    fn asked(&self) -> Asked<'_> {
        Asked::of(&self.spec.common)
    }

    fn target(&self) -> String {
        self.spec.target.instance_id.clone()
    }

    fn status(&self) -> Option<&InstanceObservationStatus> {
        self.status.as_ref()
    }

    fn status_mut(&mut self) -> Option<&mut InstanceObservationStatus> {
        self.status.as_mut()
    }
}

fn interval(object: &InstanceObservation) -> Duration {
    object.spec.interval.map_or(INTERVAL, Into::into)
}

impl Kind for ObserveInstance {
    type Object = InstanceObservation;
    type Facts = Facts;

    const CALLS: &'static [&'static CallRules] = &[];
    const SERVICES: &'static [&'static Service] = &[&clouddc::SERVICE];
    const REASONS: &'static [Reason] = words::REASONS;
    const GUIDES: &'static [Guide] = words::GUIDES;

    fn done(object: &InstanceObservation) -> Reason {
        match object.spec.until {
            Some(_) => words::REACHED,
            None => words::OBSERVED,
        }
    }

    /// That it was so from the start makes no difference to who waits for it.
    fn already(object: &InstanceObservation) -> Reason {
        Self::done(object)
    }

    async fn observe(
        clients: &Clients,
        object: &InstanceObservation,
        _: Option<&Recorded>,
    ) -> Result<Facts, CallError> {
        let client = clients.huawei(&clouddc::SERVICE);
        facts::observe(client, object, clients.known_since).await
    }

    fn assess(
        object: &InstanceObservation,
        facts: &Facts,
        _: Option<&Recorded>,
    ) -> Assessment<InstanceReading> {
        plan::assess(object, facts)
    }
}
