//! What the facts mean. Pure.

use errand_engine::{Evidence, Goal, Witness};

use super::words::{TERMINATED, is_good, is_last, is_settled, same};
use super::{Facts, interval};
use crate::api::{InstanceObservation, InstanceReading, Reason, Until};
use crate::clock::millis;
use crate::cloud::huawei::clouddc::InstanceStatus;
use crate::operations::{Assessment, code};

pub(super) fn assess(object: &InstanceObservation, facts: &Facts) -> Assessment<InstanceReading> {
    let id = &object.spec.target.instance_id;
    let before = object.status.as_ref().and_then(|s| s.observed.clone());
    let Some(instance) = &facts.instance else {
        let (goal, seen) = absent(object, before.as_ref());
        return Assessment::new(goal, seen, before.unwrap_or_default());
    };
    let seen = standing(id, instance);
    let goal = match &object.spec.until {
        None => Goal::Reached(Evidence::Presence),
        Some(until) => goal(object, until, instance),
    };
    Assessment {
        shared_since: facts.shared_since,
        ..Assessment::new(goal, seen, reading(instance))
    }
}

fn goal(object: &InstanceObservation, until: &Until, instance: &InstanceStatus) -> Goal {
    let (state, operation) = (&instance.state, instance.operation_state.as_deref());
    let is = |word: &String| same(word, state) || operation.is_some_and(|o| same(word, o));
    let wanted = match &until.states {
        Some(states) => states.iter().any(|word| same(word, state)),
        None => is_good(state),
    };
    let settled = !until.settled.unwrap_or(false) || is_settled(state, operation);
    let fails = until.fail_on.iter().flatten().any(is);
    if fails || (is_last(state) && !wanted) {
        return Goal::Lost(code(Reason::StateUnreachable), Evidence::Presence);
    }
    match wanted && settled {
        true => Goal::Reached(Evidence::Presence),
        false => Goal::Wait(code(Reason::AwaitingState), Some(millis(interval(object)))),
    }
}

/// An instance that was there and is not any more has been deleted: whether its
/// entry stays for a while as `terminated` is nowhere said.
fn absent(object: &InstanceObservation, before: Option<&InstanceReading>) -> (Goal, String) {
    let id = &object.spec.target.instance_id;
    let Some(before) = before.and_then(|before| before.instance_state.as_deref()) else {
        let goal = Goal::Lost(
            code(Reason::TargetNotFound),
            Evidence::Absence(Witness::FULL),
        );
        let seen =
            format!("There is no instance {id} in the region and project of the connection.");
        return (goal, seen);
    };
    let until = object.spec.until.as_ref();
    let states = until.and_then(|until| until.states.as_ref());
    let wanted = states.is_some_and(|states| states.iter().any(|word| same(word, TERMINATED)));
    let goal = match wanted {
        true => Goal::Reached(Evidence::Absence(Witness::FULL)),
        false => Goal::Lost(
            code(Reason::StateUnreachable),
            Evidence::Absence(Witness::FULL),
        ),
    };
    let seen = format!("Instance {id} is no longer there; it was {before} when last seen.");
    (goal, seen)
}

fn standing(id: &str, instance: &InstanceStatus) -> String {
    let operation = match instance.operation_state.as_deref() {
        None | Some("") => String::new(),
        Some(operation) => format!(", operation {operation}"),
    };
    let error = instance.error.as_ref().map(|error| {
        let parts = [&error.code, &error.msg].into_iter().flatten();
        parts.map(String::as_str).collect::<Vec<_>>().join(" ")
    });
    let error = match error {
        Some(words) if !words.is_empty() => format!(" The cloud says: {words}"),
        _ => String::new(),
    };
    let seen = format!("Instance {id} is {}{operation}.{error}", instance.state);
    seen.trim_end().to_owned()
}

fn reading(instance: &InstanceStatus) -> InstanceReading {
    let short = |text: Option<&String>, limit| {
        let short: String = text?.chars().take(limit).collect();
        Some(short).filter(|text| !text.is_empty())
    };
    let error = instance.error.as_ref();
    InstanceReading {
        instance_state: short(Some(&instance.state), 64),
        operation_state: short(instance.operation_state.as_ref(), 64),
        error_code: short(error.and_then(|e| e.code.as_ref()), 128),
        error_message: short(error.and_then(|e| e.msg.as_ref()), 512),
        error_type: short(error.and_then(|e| e.error_type.as_ref()), 128),
    }
}

#[cfg(test)]
mod tests;
