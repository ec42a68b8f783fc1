//! Cancel a DCS specification change that waits for its maintenance window.

mod facts;
mod plan;
mod steps;
mod window;

use errand_engine::{Class, StepKey};

use super::{Asked, Assessment, Kind, Object, Service, StepInfo, VERIFY_TIMEOUT};
use crate::api::{Reason, ResizeCancellation, ResizeCancellationStatus, ResizeObservation};
use crate::cloud::Gate;
use crate::cloud::huawei::{CallError, Client, Sent};

pub use facts::Facts;

/// The kind.
#[derive(Clone, Copy, Debug)]
pub struct CancelResize;

/// `CancelInstanceResize`. Natural: it names the task, so a second call can hit
/// nothing else.
const CANCEL: StepInfo = StepInfo {
    key: StepKey(0),
    name: "CancelInstanceResize",
    class: Class::Natural,
    ledger: false,
};

impl Object for ResizeCancellation {
    type Observed = ResizeObservation;

    fn asked(&self) -> Asked<'_> {
        let spec = &self.spec;
        Asked {
            connection: &spec.connection_ref,
            mode: spec.mode.unwrap_or_default(),
            suspend: spec.suspend.unwrap_or(false),
            verify_timeout: spec.verify_timeout.map_or(VERIFY_TIMEOUT, Into::into),
            schedule: spec.schedule.as_ref(),
            resolution: spec.resolution.as_ref(),
        }
    }

    fn target(&self) -> String {
        let found = self
            .status
            .as_ref()
            .and_then(|s| s.observed.as_ref()?.task_id.as_ref());
        match self.spec.task_id.as_ref().or(found) {
            Some(task) => format!("{}/{task}", self.spec.instance_id),
            None => self.spec.instance_id.clone(),
        }
    }

    fn status(&self) -> Option<&ResizeCancellationStatus> {
        self.status.as_ref()
    }
}

impl Kind for CancelResize {
    type Object = ResizeCancellation;
    type Facts = Facts;

    const STEPS: &'static [StepInfo] = &[CANCEL];
    const DONE: Reason = Reason::Cancelled;
    const SERVICE: Service = Service::HuaweiDcs;

    async fn observe(client: &Client, object: &ResizeCancellation) -> Result<Facts, CallError> {
        facts::observe(client, &object.spec.instance_id).await
    }

    fn assess(object: &ResizeCancellation, facts: &Facts) -> Assessment<ResizeObservation> {
        let status = object.status.as_ref();
        let before = plan::Before {
            observed: status.and_then(|s| s.observed.as_ref()),
            pinned: status.and_then(|s| s.steps.last()?.target.as_deref()),
        };
        plan::assess(&object.spec, before, facts)
    }

    async fn perform(
        client: &Client,
        object: &ResizeCancellation,
        step: StepKey,
        gate: Gate,
    ) -> Sent {
        debug_assert_eq!(step, CANCEL.key);
        steps::cancel(client, object, gate).await
    }
}
