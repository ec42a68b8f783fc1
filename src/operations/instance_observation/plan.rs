//! What the facts mean. Pure.

use errand_engine::{Evidence, Goal, Tick, Witness};

use super::motion::{Motion, TERMINATED, is_documented, is_failed, is_good, is_last, same};
use super::{Facts, interval};
use crate::api::{Reason, Timestamp};
use crate::clock::millis;
use crate::cloud::huawei::clouddc::InstanceStatus;
use crate::cloud::{Field, Found};
use crate::operations::instance_observation::{InstanceObservation, InstanceReading, Until, words};
use crate::operations::{Assessment, code};
use crate::text;

pub(super) fn assess(object: &InstanceObservation, facts: &Facts) -> Assessment<InstanceReading> {
    let id = &object.spec.target.instance_id;
    let before = object.status.as_ref().and_then(|s| s.observed.clone());
    let instance = match &facts.instance {
        Found::There(instance) => instance,
        Found::NotThere => {
            let (goal, seen) = absent(object, before.as_ref());
            return Assessment::new(goal, seen, before.unwrap_or_default());
        }
        Found::Unclear(why) => {
            return Assessment::new(Goal::Unclear, *why, before.unwrap_or_default());
        }
    };
    let stuck = stuck(object, facts.at, instance, before.as_ref());
    let (goal, why) = match (&object.spec.until, instance.state.text()) {
        (_, None) => (
            Goal::Unclear,
            "The cloud's answer has no state that can be read.",
        ),
        (None, Some(_)) => (Goal::Reached(Evidence::Presence), ""),
        (Some(until), Some(state)) => {
            let again = stuck.is_some_and(|stuck| stuck.again);
            goal(object, until, state, &instance.operation_state, again)
        }
    };
    let awaited = match (goal, &object.spec.until) {
        (Goal::Wait(..), Some(until)) => awaited(until),
        _ => String::new(),
    };
    let seen = format!("{} {why}{awaited}", standing(id, instance));
    let observed = InstanceReading {
        failed_since: stuck.map(|stuck| stuck.since),
        ..reading(instance, before)
    };
    Assessment {
        shared_since: facts.shared_since,
        ..Assessment::new(goal, seen.trim_end(), observed)
    }
}

/// What is waited for. The words are open, so an unknown one is no mistake for certain.
fn awaited(until: &Until) -> String {
    let states = until.states.as_deref().unwrap_or(&[]);
    let settled = match (until.settled, states) {
        (Some(true), []) => "until nothing is being done with it",
        (Some(true), _) => ", and until nothing is being done with it",
        _ => "",
    };
    let named = match states {
        [] => String::new(),
        _ => format!("for {}", states.join(" or ")),
    };
    let odd: Vec<&str> = states
        .iter()
        .map(String::as_str)
        .filter(|state| !is_documented(state))
        .collect();
    let odd = match odd[..] {
        [] => String::new(),
        _ => format!(
            " {} is no documented state: if it is a mistake, correct spec.until.",
            odd.join(" or ")
        ),
    };
    format!("Errand waits {named}{settled}.{odd}")
}

/// Observations in a row that show a failed operation in a state that passes by itself.
#[derive(Clone, Copy)]
struct Stuck {
    since: Timestamp,
    /// The first was an interval ago, so the word is not left over from an earlier attempt.
    again: bool,
}

/// Observations that are more than so many intervals apart are not in a row, unless it is
/// less than this many milliseconds.
const IN_A_ROW: i64 = 3;
const NOT_LONG: i64 = 600_000;

fn stuck(
    object: &InstanceObservation,
    at: Tick,
    instance: &InstanceStatus,
    before: Option<&InstanceReading>,
) -> Option<Stuck> {
    let motion = |state: Option<&str>, operation| Some(Motion::of(state?, operation));
    let now = motion(instance.state.text(), instance.operation_state.text());
    if now != Some(Motion::Stuck) {
        return None;
    }
    let first = Stuck {
        since: Timestamp::from_millis(at.0),
        again: false,
    };
    let as_before = before.filter(|before| is_as_before(instance, before));
    let Some(since) = as_before.and_then(|before| before.failed_since) else {
        return Some(first);
    };
    let interval = millis(interval(object)).0;
    match at.0.saturating_sub(since.millis()) {
        // The clock was set back.
        ..0 => Some(first),
        apart if apart <= interval.saturating_mul(IN_A_ROW).max(NOT_LONG) => Some(Stuck {
            since,
            again: apart >= interval,
        }),
        _ => Some(first),
    }
}

const FAILED: &str = "It has failed and settles no further by itself. Repair the instance, then create a new InstanceObservation.";

/// The observation before showed the same two words.
fn is_as_before(instance: &InstanceStatus, before: &InstanceReading) -> bool {
    let now = reading(instance, None);
    now.instance_state == before.instance_state && now.operation_state == before.operation_state
}

/// `again`: the observations before showed the same two words, for an interval.
fn goal(
    object: &InstanceObservation,
    until: &Until,
    state: &str,
    operation: &Field<String>,
    again: bool,
) -> (Goal, &'static str) {
    let unreachable = Goal::Lost(code(words::STATE_UNREACHABLE), Evidence::Presence);
    let unclear = (
        Goal::Unclear,
        "Errand does not know this operation_state, so it cannot tell whether the instance has settled.",
    );
    let wanted = match &until.states {
        Some(states) => states.iter().any(|word| same(word, state)),
        None => is_good(state),
    };
    let states = || until.states.iter().flatten();
    let ends_deleted = states().any(|word| is_last(word));
    let ends_failed = states().any(|word| is_failed(word));
    let ends = until.fail_on.as_deref().unwrap_or(&[]);
    let is = |word: &String| {
        let operation = operation.text();
        same(word, state) || operation.is_some_and(|operation| same(word, operation))
    };
    if ends.iter().any(is) || (is_last(state) && !wanted) {
        return (unreachable, "");
    }
    if operation.is_unclear() && (!ends.is_empty() || until.settled == Some(true)) {
        return unclear;
    }
    let waits = Goal::Wait(code(words::AWAITING_STATE), Some(millis(interval(object))));
    let reached = Goal::Reached(Evidence::Presence);
    if until.settled != Some(true) {
        return (if wanted { reached } else { waits }, "");
    }
    match Motion::of(state, operation.text()) {
        Motion::Moving => (waits, ""),
        // It is about to become what was asked for.
        Motion::Stuck if ends_failed => (waits, ""),
        // The word may be left over from an earlier attempt.
        Motion::Stuck if !again => (waits, ""),
        Motion::Stuck => (unreachable, FAILED),
        Motion::Settled if wanted => (reached, ""),
        Motion::Settled => (waits, ""),
        // What was asked for is that it has failed.
        Motion::Failed if wanted && is_failed(state) => (reached, ""),
        // A failed operation does not keep it from being deleted.
        Motion::Failed if ends_deleted && !is_failed(state) => (waits, ""),
        Motion::Failed => (unreachable, FAILED),
        Motion::Unclear => unclear,
    }
}

/// An instance that was there and is no longer has been deleted: whether its entry
/// stays for a while as `terminated` is documented nowhere. It was there if a state of
/// it was read: an answer without one may be about any id.
fn absent(object: &InstanceObservation, before: Option<&InstanceReading>) -> (Goal, String) {
    let id = &object.spec.target.instance_id;
    let seen = before.and_then(|before| before.instance_state.as_deref());
    let Some(last) = seen else {
        let evidence = Evidence::Absence(Witness::NOT_THERE);
        let goal = Goal::Lost(code(Reason::TARGET_NOT_FOUND), evidence);
        let seen =
            format!("There is no instance {id} in the region and project of the connection.");
        return (goal, seen);
    };
    let until = object.spec.until.as_ref();
    let states = until.and_then(|until| until.states.as_ref());
    let wanted = states.is_some_and(|states| states.iter().any(|word| same(word, TERMINATED)));
    // It was there before, and is not now.
    let evidence = Evidence::Absence(Witness::FULL);
    let goal = match wanted {
        true => Goal::Reached(evidence),
        false => Goal::Lost(code(words::STATE_UNREACHABLE), evidence),
    };
    let seen = format!("Instance {id} is no longer there; it was {last} when last seen.");
    (goal, seen)
}

fn standing(id: &str, instance: &InstanceStatus) -> String {
    let state = match instance.state.text() {
        Some(state) => format!("is {state}"),
        None => "was found".to_owned(),
    };
    let operation = match &instance.operation_state {
        Field::Absent => String::new(),
        Field::Known(operation) => format!(", operation {operation}"),
        Field::Unclear => ", with an operation_state that cannot be read".to_owned(),
    };
    let error = instance.error.known().map(|error| {
        let parts = [&error.code, &error.msg].map(Field::text);
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    });
    let error = match error {
        Some(words) if !words.is_empty() => format!(" The cloud says: {words}"),
        _ if instance.error.is_unclear() => " It has an error that cannot be read.".to_owned(),
        _ => String::new(),
    };
    format!("Instance {id} {state}{operation}.{error}")
}

fn reading(instance: &InstanceStatus, before: Option<InstanceReading>) -> InstanceReading {
    let short =
        |text: Option<&str>, limit| Some(text::line(text?, limit)).filter(|text| !text.is_empty());
    let error = instance.error.known();
    // What was read before counts if the instance is gone next.
    let state = short(instance.state.text(), 64);
    let instance_state = state.or(before.and_then(|before| before.instance_state));
    InstanceReading {
        operation_state: short(instance.operation_state.text(), 64),
        error_code: short(error.and_then(|e| e.code.text()), 128),
        error_message: short(error.and_then(|e| e.msg.text()), 512),
        error_type: short(error.and_then(|e| e.error_type.text()), 128),
        seen: instance_state.is_some().then_some(true),
        failed_since: None,
        instance_state,
    }
}

#[cfg(test)]
mod tests;
