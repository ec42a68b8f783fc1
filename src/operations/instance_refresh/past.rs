//! What the recorded calls of an operation say, beside what the cloud shows. Pure.

use errand_engine::Plan;

use super::stage::{Stage, is_paused};
use super::{CANCEL, CONTINUE, RESUME, RETRY, STOP};
use crate::api::{AnswerWord, RefreshState, StepStatus};
use crate::cloud::tencent::autoscaling::RefreshActivity;
use crate::operations::StepInfo;

/// The calls that let a refresh go on.
const RESUMES: [StepInfo; 3] = [RESUME, RETRY, CONTINUE];

/// What tells a pause from every other one of the refresh. A call that lets it go
/// on, and the question before it, are about one pause only.
pub(super) fn pause(activity: &RefreshActivity) -> Option<String> {
    if !is_paused(&activity.status) {
        return None;
    }
    let batch = activity.current_batch.unwrap_or_default();
    let current = activity.batches.iter().find(|b| b.number == Some(batch));
    let (begun, ended) = current.map_or((None, None), |b| {
        (b.start_time.as_deref(), b.end_time.as_deref())
    });
    let (begun, ended) = (begun.unwrap_or("-"), ended.unwrap_or("-"));
    let pause = format!("{} at batch {batch}, {begun} to {ended}", activity.status);
    Some(pause.chars().take(256).collect())
}

/// What a stop is pinned to: a later batch that runs is no longer the one that it
/// was to be the last of.
pub(super) fn batch(activity: &RefreshActivity) -> String {
    format!("batch {}", activity.current_batch.unwrap_or_default())
}

fn is_open(step: &StepStatus) -> bool {
    matches!(step.answer, None | Some(AnswerWord::Unknown))
}

/// It had an effect, or may have had one.
fn may_have_acted(step: &StepStatus) -> bool {
    is_open(step) || step.answer == Some(AnswerWord::Accepted)
}

fn is_resume(step: &StepStatus) -> bool {
    RESUMES.iter().any(|info| info.name == step.name)
}

/// The call that a person has chosen for this very pause, whatever came of it: the
/// decision is used, and stands.
pub(super) fn chosen(steps: &[StepStatus], pause: &str) -> Option<Plan> {
    let last = steps.iter().rfind(|step| is_resume(step))?;
    let here = last.baseline.as_deref() == Some(pause);
    let info = RESUMES.iter().find(|info| info.name == last.name)?;
    here.then(|| info.plan())
}

/// The accepted call that lets it go on from this very pause, which still shows.
pub(super) fn letting_go_on(steps: &[StepStatus], pause: &str) -> Option<Plan> {
    let last = steps.iter().rfind(|step| is_resume(step))?;
    let accepted = last.answer == Some(AnswerWord::Accepted);
    chosen(steps, pause).filter(|_| accepted)
}

/// The last call was to let the refresh go on, nobody knows what came of it, and
/// the refresh has left that pause.
pub(super) fn went_on(steps: &[StepStatus], activity: &RefreshActivity) -> bool {
    let last = steps.last().filter(|step| is_resume(step) && is_open(step));
    last.is_some_and(|step| step.baseline != pause(activity))
}

/// Calls up to this number have run their course.
pub(super) fn over(steps: &[StepStatus], activity: &RefreshActivity) -> u32 {
    let here = (pause(activity), batch(activity));
    let over = |step: &&StepStatus| match &step.baseline {
        _ if !may_have_acted(step) => false,
        // It let the refresh go on, so what was stopped before is not any more.
        baseline if is_resume(step) => *baseline != here.0,
        // A batch after the last one that it meant runs: somebody let it go on.
        Some(baseline) if step.name == STOP.name => {
            *baseline != here.1 && Stage::of(activity) == Stage::Running
        }
        _ => false,
    };
    let last = steps.iter().rfind(over);
    last.map_or(0, |step| step.number)
}

/// A cancel was accepted, and its effect is to show.
pub(super) fn cancelling(steps: &[StepStatus]) -> bool {
    let accepted = |step: &StepStatus| step.answer == Some(AnswerWord::Accepted);
    steps
        .iter()
        .any(|step| step.name == CANCEL.name && accepted(step))
}

/// A cancel of ours may have been carried out.
pub(super) fn may_have_cancelled(steps: &[StepStatus]) -> bool {
    steps
        .iter()
        .any(|step| step.name == CANCEL.name && may_have_acted(step))
}

/// A call whose answer nobody knows would, if it still arrived, be against what is
/// wanted now. What a cancelled refresh is told has no effect.
pub(super) fn contrary(steps: &[StepStatus], wanted: RefreshState) -> bool {
    steps.iter().any(|step| {
        let against = match wanted {
            RefreshState::Completed => step.name == STOP.name || step.name == CANCEL.name,
            RefreshState::Paused => step.name == CANCEL.name || is_resume(step),
            RefreshState::Cancelled => false,
        };
        against && is_open(step)
    })
}
