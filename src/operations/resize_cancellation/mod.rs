//! Cancel a DCS specification change that waits for its maintenance window.

mod facts;
mod plan;
mod resource;
mod task;
mod window;
mod words;

use errand_engine::{Class, Tick};

use self::window::Window;
use super::{Asked, Assessment, CallRules, Clients, Guide, Kind, Object, Recorded};
use crate::api::{AnswerWord, KindInfo, Reason, StepStatus, Timestamp};
use crate::cloud::huawei::dcs;
use crate::cloud::{CallError, Service};

pub use facts::Facts;
pub use resource::{
    PendingChange, ResizeCancellation, ResizeCancellationSpec, ResizeCancellationStatus,
    ResizeObservation, TaskSort,
};

/// The kind.
#[derive(Clone, Copy, Debug)]
pub struct CancelResize;

/// Natural: it names the task, so a second call can hit nothing else.
static CANCEL: CallRules = CallRules {
    target: Some(dcs::TASK),
    ..CallRules::new(
        0,
        "CancelInstanceResize",
        &dcs::CANCEL_RESIZE,
        Class::Natural,
    )
};

/// After this answer the change does not wait any more: it is cancelled, or it runs or
/// has run, or it was not there.
fn tells_of_the_change(step: &StepStatus) -> bool {
    match step.answer {
        Some(AnswerWord::Accepted) => true,
        Some(AnswerWord::Refused) => step.code.as_deref() == Some(dcs::NOT_EXTENDING),
        Some(AnswerWord::Unknown | AnswerWord::NotSent) | None => false,
    }
}

impl Object for ResizeCancellation {
    type Observed = ResizeObservation;

    const INFO: KindInfo = resource::INFO;

    fn asked(&self) -> Asked<'_> {
        Asked::of(&self.spec.common)
    }

    fn target(&self) -> String {
        let status = self.status.as_ref();
        let pinned = status.and_then(|s| s.steps.last()?.target.as_ref());
        let observed = status.and_then(|s| s.observed.as_ref());
        let found = pinned.or_else(|| plan::found(observed?)?.task_id.as_ref());
        match self.spec.task_id.as_ref().or(found) {
            Some(task) => format!("{}/{task}", self.spec.instance_id),
            None => self.spec.instance_id.clone(),
        }
    }

    fn status(&self) -> Option<&ResizeCancellationStatus> {
        self.status.as_ref()
    }

    fn status_mut(&mut self) -> Option<&mut ResizeCancellationStatus> {
        self.status.as_mut()
    }

    const DEADLINE: Option<&'static str> = Some("the maintenance window opens");

    /// A change that is listed may run from then on.
    fn possible_until(&self, now: Tick) -> Option<Timestamp> {
        let observed = self.status.as_ref()?.observed.as_ref()?;
        observed.task_status.as_ref()?;
        let (begin, end) = observed.maintenance_window.as_ref()?.split_once('-')?;
        let opens = Window::parse(begin, end)?.opens_after(now.0);
        Some(Timestamp::from_millis(opens))
    }
}

impl Kind for CancelResize {
    type Object = ResizeCancellation;
    type Facts = Facts;

    const CALLS: &'static [&'static CallRules] = &[&CANCEL];
    const SERVICES: &'static [&'static Service] = &[&dcs::SERVICE];
    const REASONS: &'static [Reason] = words::REASONS;
    const GUIDES: &'static [Guide] = words::GUIDES;

    fn done(_: &ResizeCancellation) -> Reason {
        Reason::CANCELLED
    }

    async fn observe(
        clients: &Clients,
        object: &ResizeCancellation,
        _: Option<&Recorded>,
    ) -> Result<Facts, CallError> {
        facts::observe(clients.huawei(&dcs::SERVICE), &object.spec.instance_id).await
    }

    fn assess(
        object: &ResizeCancellation,
        facts: &Facts,
        _: Option<&Recorded>,
    ) -> Assessment<ResizeObservation> {
        let status = object.status.as_ref();
        let before = plan::Before {
            observed: status.and_then(|s| s.observed.as_ref()),
            pinned: status.and_then(|s| s.steps.last()?.target.as_deref()),
            answered: status.is_some_and(|s| s.steps.iter().any(tells_of_the_change)),
        };
        plan::assess(&object.spec, before, facts)
    }
}
