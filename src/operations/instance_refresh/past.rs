//! What the recorded calls of an operation say about what the cloud shows. Pure.

use errand_engine::{Plan, Trace};

use super::stage::Stage;
use super::{CANCEL, CONTINUE, RESUME, RETRY, STOP};
use crate::api::{AnswerWord, StepStatus};
use crate::cloud::tencent::autoscaling::{RefreshActivity, RefreshBatch};
use crate::cloud::{Field, parse_time};
use crate::operations::CallRules;
use crate::operations::instance_refresh::RefreshState;
use crate::text;

/// The calls that let a refresh go on.
static RESUMES: [&CallRules; 3] = [&RESUME, &RETRY, &CONTINUE];

/// Which pause a refresh is in. A call that lets it go on, and the question before
/// it, are about one pause only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// It is not paused.
    No,
    /// In this one, in words that no other pause of it has.
    At(String),
    /// It is, or may be, and nothing tells which pause that is.
    Unclear,
}

impl Pause {
    pub(super) fn of(activity: &RefreshActivity) -> Self {
        let Some(status) = activity.status.text() else {
            return Self::Unclear;
        };
        match Stage::of(activity) {
            Stage::Unclear => return Self::Unclear,
            stage if !stage.is_paused() => return Self::No,
            _ => {}
        }
        let Some(number) = activity.current_batch.known() else {
            return Self::Unclear;
        };
        let listed = activity.batches.members();
        let mut current = listed.iter().filter(|b| b.number.known() == Some(number));
        let (begun, ended) = match (current.next(), current.next()) {
            (Some(batch), None) => match limits(batch) {
                Some(limits) => limits,
                None => return Self::Unclear,
            },
            (None, _) if not_begun(activity) => (UNSET.to_owned(), UNSET.to_owned()),
            _ => return Self::Unclear,
        };
        let pause = format!("{status} at batch {number}, {begun} to {ended}");
        Self::At(text::line(&pause, 256))
    }

    /// Whether it is the one that a call was pinned to. `None`: nothing tells.
    fn is(&self, pinned: Option<&str>) -> Option<bool> {
        match (self, pinned) {
            (Self::No, _) => Some(false),
            (Self::At(here), Some(pinned)) => same(here, pinned),
            (Self::At(_), None) | (Self::Unclear, _) => None,
        }
    }
}

/// Written for a time that a batch does not have yet.
const UNSET: &str = "-";

/// When a batch began and ended, in words that another run of it does not have.
fn limits(batch: &RefreshBatch) -> Option<(String, String)> {
    let runs = batch.status.is("INIT") || batch.status.is("RUNNING");
    let waits = batch.status.is("WAITING");
    let time = |time: &Field<String>, may_lack: bool| match time {
        Field::Known(text) => Some(canonical(text)),
        Field::Absent if may_lack => Some(UNSET.to_owned()),
        Field::Absent | Field::Unclear => None,
    };
    // A batch may begin again at the same time as before; it does not end so.
    let begun = match &batch.start_time {
        Field::Absent if !runs => Some(UNSET.to_owned()),
        start => time(start, waits),
    };
    Some((begun?, time(&batch.end_time, runs || waits)?))
}

fn not_begun(activity: &RefreshActivity) -> bool {
    let waits = |batch: &RefreshBatch| batch.status.is("WAITING");
    let all = activity.batches.whole();
    all.is_some_and(|all| !all.is_empty() && all.iter().all(waits))
}

/// One form for every form of a time; what is no time stays as it is.
fn canonical(text: &str) -> String {
    parse_time(text).map_or_else(|| text.to_owned(), |time| time.to_string())
}

/// Whether two pauses are one. `None`: a time that one of them lacks may be that of
/// the other.
fn same(one: &str, other: &str) -> Option<bool> {
    let parts = |pause: &str| {
        let (place, times) = pause.split_once(", ")?;
        let (begun, ended) = times.split_once(" to ")?;
        Some((place.to_owned(), [canonical(begun), canonical(ended)]))
    };
    let (Some((here, times)), Some((there, others))) = (parts(one), parts(other)) else {
        return Some(one == other);
    };
    if here != there {
        return Some(false);
    }
    let mut pairs = times.iter().zip(&others);
    let differ =
        |(time, other): (&String, &String)| time != other && time != UNSET && other != UNSET;
    match pairs.clone().any(differ) {
        true => Some(false),
        false => pairs.all(|(time, other)| time == other).then_some(true),
    }
}

/// What a stop is pinned to: a later batch that runs is no longer the one that it
/// was to be the last of. `None`: the cloud does not tell.
pub(super) fn batch(activity: &RefreshActivity) -> Option<String> {
    let number = activity.current_batch.known().filter(|number| **number > 0);
    number.map(|number| format!("batch {number}"))
}

/// What version 0.1.0 wrote where the number was missing.
const NO_BATCH: &str = "batch 0";

fn is_resume(step: &StepStatus) -> bool {
    RESUMES.iter().any(|info| info.name == step.name)
}

/// What was decided about a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decided {
    /// Nothing yet.
    Nothing,
    /// This call, whatever its answer was: the decision is used.
    This(Plan),
    /// This call was accepted; that the pause still shows proves nothing.
    Accepted(Plan),
    /// The last call may have been for this pause or for an earlier one.
    Unclear,
}

/// What was decided about the pause that it is in.
pub(super) fn decided(steps: &[StepStatus], pause: &Pause) -> Decided {
    let Some(last) = steps.iter().rfind(|step| is_resume(step)) else {
        return Decided::Nothing;
    };
    let info = RESUMES.iter().find(|info| info.name == last.name);
    match (pause.is(last.baseline.as_deref()), info) {
        (Some(false), _) | (_, None) => Decided::Nothing,
        (Some(true), Some(info)) if last.answer == Some(AnswerWord::Accepted) => {
            Decided::Accepted(info.plan())
        }
        (Some(true), Some(info)) => Decided::This(info.plan()),
        (None, Some(_)) => Decided::Unclear,
    }
}

/// Whether the refresh has left the pause that the last call, whose answer is unknown,
/// was to end.
pub(super) fn trace(steps: &[StepStatus], activity: &RefreshActivity) -> Trace {
    let last = steps
        .last()
        .filter(|step| is_resume(step) && step.is_open());
    let Some(last) = last else {
        return Trace::NotShown;
    };
    match Pause::of(activity).is(last.baseline.as_deref()) {
        Some(false) => Trace::Shown,
        Some(true) => Trace::NotShown,
        None => Trace::Unclear,
    }
}

/// Calls up to this number have run their course.
pub(super) fn over(steps: &[StepStatus], activity: &RefreshActivity) -> u32 {
    let (pause, batch) = (Pause::of(activity), batch(activity));
    let runs = Stage::of(activity) == Stage::Running;
    let over = |step: &&StepStatus| match step.baseline.as_deref() {
        _ if !step.may_have_acted() => false,
        // It let the refresh go on, so what was stopped before is not any more.
        baseline if is_resume(step) => pause.is(baseline) == Some(false),
        // A batch after the last one that it meant runs: another client let it go on.
        Some(baseline) if step.name == STOP.name && baseline != NO_BATCH => {
            runs && batch.as_deref().is_some_and(|here| here != baseline)
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
        .any(|step| step.name == CANCEL.name && step.may_have_acted())
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
        against && step.is_open()
    })
}

/// A call may have changed the refresh.
pub(super) fn may_have_changed_it(steps: &[StepStatus]) -> bool {
    steps.iter().any(StepStatus::may_have_acted)
}
