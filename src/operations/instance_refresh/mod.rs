//! See an instance refresh to the wanted end: completed, paused or cancelled.
//!
//! A batch that is running cannot be cancelled, so cancelling it is: stop, wait
//! for the batch's end, cancel (contracts: c.1, c.3). A refresh that stands still
//! blocks its group, so it is never left without a word.

mod facts;
mod failure;
mod past;
mod plan;
mod resource;
mod stage;
mod words;

use errand_engine::Class;

use super::{Asked, Assessment, Call, CallRules, Clients, Guide, Kind, Object, Question, Recorded};
use crate::api::{KindInfo, Reason, StepStatus};
use crate::cloud::tencent::autoscaling;
use crate::cloud::{CallError, Service, arguments};

pub use facts::Facts;
pub use resource::{
    AdoptRefresh, FailedInstance, InstanceRefresh, InstanceRefreshSpec, InstanceRefreshStatus,
    RefreshObservation, RefreshState,
};

/// The kind.
#[derive(Clone, Copy, Debug)]
pub struct SteerRefresh;

/// Natural: it names the activity, and stopping what stands still does nothing.
/// One whose answer is lost is against a later wish to go on, which then waits.
static STOP: CallRules = CallRules::new(
    0,
    "StopInstanceRefresh",
    &autoscaling::STOP_INSTANCE_REFRESH,
    Class::Natural,
);
/// Natural: it names the activity, and cancelled is final.
static CANCEL: CallRules = CallRules::new(
    1,
    "CancelInstanceRefresh",
    &autoscaling::CANCEL_INSTANCE_REFRESH,
    Class::Natural,
);
/// Provable, all three: the activity leaves the pause that the intent was pinned
/// to. A second one could let it go on from the next pause. Each follows a
/// decision of a user.
static RESUME: CallRules = resume(2, "ResumeInstanceRefresh");
/// With `ResumeMode` RETRY.
static RETRY: CallRules = resume(3, "ResumeInstanceRefresh RETRY");
/// With `ResumeMode` CONTINUE.
static CONTINUE: CallRules = resume(4, "ResumeInstanceRefresh CONTINUE");

const fn resume(key: u8, name: &'static str) -> CallRules {
    CallRules::new(
        key,
        name,
        &autoscaling::RESUME_INSTANCE_REFRESH,
        Class::Provable,
    )
}

/// A call about the refresh that is meant. The mode of a resume is the second word of its
/// name.
fn call(object: &InstanceRefresh, rules: &'static CallRules) -> Call {
    let mut arguments = arguments([
        (autoscaling::GROUP, &object.spec.auto_scaling_group_id),
        (autoscaling::ACTIVITY, activity(object)),
    ]);
    if let Some((_, mode)) = rules.name.split_once(' ') {
        arguments.insert(autoscaling::MODE.to_owned(), mode.to_owned());
    }
    Call::new(rules, arguments)
}

impl Object for InstanceRefresh {
    type Observed = RefreshObservation;

    const INFO: KindInfo = resource::INFO;

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

    const CALLS: &'static [&'static CallRules] = &[&STOP, &CANCEL, &RESUME, &RETRY, &CONTINUE];
    const SERVICES: &'static [&'static Service] = &[&autoscaling::SERVICE];
    const REASONS: &'static [Reason] = words::REASONS;
    const QUESTIONS: &'static [Question] = &[
        words::PAUSED_ON_FAILURE,
        words::PAUSED_AT_BATCH,
        words::UNREACHABLE,
    ];
    const GUIDES: &'static [Guide] = words::GUIDES;

    fn done(object: &InstanceRefresh) -> Reason {
        match object.spec.desired_state {
            RefreshState::Completed => words::COMPLETED,
            RefreshState::Paused => words::PAUSED,
            RefreshState::Cancelled => Reason::CANCELLED,
        }
    }

    /// What came about under Errand's eyes was not so before.
    fn already(object: &InstanceRefresh) -> Reason {
        let status = object.status.as_ref();
        match status.and_then(|status| status.observed.as_ref()) {
            Some(_) => Self::done(object),
            None => Reason::ALREADY_SATISFIED,
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
}
