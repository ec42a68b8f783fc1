//! See an instance refresh to the wanted end: completed, paused or cancelled.
//!
//! A batch that is running cannot be cancelled, so cancelling it is: stop, wait
//! for the batch's end, cancel (contracts: c.1, c.3). A refresh that stands still
//! blocks its group, so it is never left without a word.

mod facts;
mod failure;
mod past;
mod plan;
mod stage;
mod words;

use errand_engine::{Class, StepKey};

use super::{Asked, Assessment, Clients, Guide, Kind, Object, Question, Recorded, StepInfo};
use crate::api::{
    InstanceRefresh, InstanceRefreshStatus, Reason, RefreshObservation, RefreshState, StepStatus,
};
use crate::cloud::tencent::autoscaling::{self, ResumeMode};
use crate::cloud::{CallError, Gate, Refusal, Sent, Service};

pub use facts::Facts;

/// The kind.
#[derive(Clone, Copy, Debug)]
pub struct SteerRefresh;

const fn step(key: u8, name: &'static str, class: Class) -> StepInfo {
    StepInfo {
        key: StepKey(key),
        name,
        class,
        ledger: false,
        paid: false,
        token: false,
    }
}

/// Natural: it names the activity, and stopping what stands still does nothing.
/// One whose answer is lost is against a later wish to go on, which then waits.
const STOP: StepInfo = step(0, "StopInstanceRefresh", Class::Natural);
/// Natural: it names the activity, and cancelled is final.
const CANCEL: StepInfo = step(1, "CancelInstanceRefresh", Class::Natural);
/// Provable, all three: the activity leaves the pause that the intent was pinned
/// to. A second one could let it go on from the next pause. Each follows a
/// person's decision.
const RESUME: StepInfo = step(2, "ResumeInstanceRefresh", Class::Provable);
/// With `ResumeMode` RETRY.
const RETRY: StepInfo = step(3, "ResumeInstanceRefresh RETRY", Class::Provable);
/// With `ResumeMode` CONTINUE.
const CONTINUE: StepInfo = step(4, "ResumeInstanceRefresh CONTINUE", Class::Provable);

impl Object for InstanceRefresh {
    type Observed = RefreshObservation;

    fn asked(&self) -> Asked<'_> {
        Asked::of(&self.spec.common)
    }

    fn target(&self) -> String {
        format!("{}/{}", self.spec.auto_scaling_group_id, activity(self))
    }

    fn status(&self) -> Option<&InstanceRefreshStatus> {
        self.status.as_ref()
    }

    fn status_mut(&mut self) -> Option<&mut InstanceRefreshStatus> {
        self.status.as_mut()
    }

    fn desired_state(&self) -> Option<String> {
        Some(self.spec.desired_state.word().to_owned())
    }
}

/// The `RefreshActivityId` that is meant. The schema makes sure that there is one.
fn activity(object: &InstanceRefresh) -> &str {
    let adopt = object.spec.adopt.as_ref();
    adopt.map_or("", |adopt| &adopt.refresh_activity_id)
}

fn steps(object: &InstanceRefresh) -> &[StepStatus] {
    let status = object.status.as_ref();
    status.map_or(&[], |status| &status.steps)
}

impl Kind for SteerRefresh {
    type Object = InstanceRefresh;
    type Facts = Facts;

    const STEPS: &'static [StepInfo] = &[STOP, CANCEL, RESUME, RETRY, CONTINUE];
    const SERVICES: &'static [&'static Service] = &[&autoscaling::SERVICE];
    const QUESTIONS: &'static [Question] = &[
        words::PAUSED_ON_FAILURE,
        words::PAUSED_AT_BATCH,
        words::UNREACHABLE,
    ];
    const GUIDES: &'static [Guide] = words::GUIDES;

    fn done(object: &InstanceRefresh) -> Reason {
        match object.spec.desired_state {
            RefreshState::Completed => Reason::Completed,
            RefreshState::Paused => Reason::Paused,
            RefreshState::Cancelled => Reason::Cancelled,
        }
    }

    /// What came about under Errand's eyes was not so before.
    fn already(object: &InstanceRefresh) -> Reason {
        let status = object.status.as_ref();
        match status.and_then(|status| status.observed.as_ref()) {
            Some(_) => Self::done(object),
            None => Reason::AlreadySatisfied,
        }
    }

    fn left_behind(object: &InstanceRefresh, ended: bool) -> Option<String> {
        let mut last = steps(object).iter().rev();
        let stopped = last.find(|step| step.may_have_acted());
        let paused = object
            .status
            .as_ref()
            .and_then(|status| status.observed.as_ref()?.activity_status.as_deref())
            .is_some_and(stage::is_paused);
        let stands = paused || stopped.is_some_and(|step| step.name == STOP.name);
        stands.then(|| {
            let go_on = match ended {
                true => "",
                false => "let Errand go on (suspend: false), or ",
            };
            format!(
                "The refresh may stand still, and its group {} is blocked while it does: {go_on}resume or cancel refresh activity {} in the console.",
                object.spec.auto_scaling_group_id,
                activity(object)
            )
        })
    }

    async fn observe(
        clients: &Clients,
        object: &InstanceRefresh,
        _: Option<&Recorded>,
    ) -> Result<Facts, CallError> {
        let group = &object.spec.auto_scaling_group_id;
        facts::observe(clients.tencent(), group, activity(object)).await
    }

    fn assess(
        object: &InstanceRefresh,
        facts: &Facts,
        _: Option<&Recorded>,
    ) -> Assessment<RefreshObservation> {
        plan::assess(object, facts)
    }

    async fn perform(
        clients: &Clients,
        object: &InstanceRefresh,
        step: StepKey,
        gate: Gate,
    ) -> Sent {
        let client = clients.tencent();
        let (group, activity) = (&object.spec.auto_scaling_group_id, activity(object));
        let mode = match step {
            key if key == STOP.key => {
                return autoscaling::stop_instance_refresh(client, group, activity, gate).await;
            }
            key if key == CANCEL.key => {
                return autoscaling::cancel_instance_refresh(client, group, activity, gate).await;
            }
            key if key == RESUME.key => None,
            key if key == RETRY.key => Some(ResumeMode::Retry),
            key if key == CONTINUE.key => Some(ResumeMode::Continue),
            _ => return Sent::NotSent(Refusal::of_transport("no step of this kind")),
        };
        autoscaling::resume_instance_refresh(client, group, activity, mode, gate).await
    }
}
