//! A wait that lasts for longer than expected: the condition Overdue. What is stored
//! decides, so a restart changes nothing.

use errand_engine::Tick;
use kube::runtime::events::{Event, EventType};
use kube::{Resource as _, ResourceExt as _};

use super::context::{Context, Memory};
use super::dispatch::Next;
use super::put::{NotWritten, put_status};
use super::queue::Urgency;
use super::session::{publish, tell_refused};
use super::status::limit;
use super::watches::version;
use crate::api::{
    Condition, ConditionStatus, Mode, OVERDUE, Reason, State, Status, Timestamp, Wait, Waiting,
};
use crate::clock::millis;
use crate::operations::{Kind, Object, reason_of_word};

/// What there is to do about a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Overdue {
    /// Nothing: it does not wait, or nothing is expected of the wait.
    No,
    /// It becomes overdue at that time of the wall clock.
    At(Tick),
    /// It is overdue, and status does not have this condition yet.
    Now(Condition),
    /// It is overdue, and status has the condition.
    Stored,
}

/// What a status says of the wait: its `waiting` is kept while the reason stays.
pub(super) fn waiting<O: Object>(
    object: &O,
    state: State,
    reason: Reason,
    now: Timestamp,
    before: Option<Waiting>,
) -> Option<Waiting> {
    expected(object, state, reason)?;
    let reason = reason.to_string();
    let same = before.filter(|before| before.reason == reason);
    Some(same.unwrap_or(Waiting { reason, since: now }))
}

fn expected<O: Object>(object: &O, state: State, reason: Reason) -> Option<Wait> {
    let waits = matches!(state, State::Pending | State::Waiting);
    // A plan waits for nothing.
    let executes = object.asked().mode == Mode::Execute;
    reason.expected_wait().filter(|_| waits && executes)
}

/// The condition becomes False with the wait that it is about.
pub(super) fn end<O>(status: &mut Status<O>, generation: Option<i64>, now: Timestamp) {
    let waiting = status.waiting.as_ref().map(|waiting| &waiting.reason);
    let conditions = &mut status.conditions;
    let Some(overdue) = conditions.iter_mut().find(|c| c.type_ == OVERDUE) else {
        return;
    };
    overdue.observed_generation = generation;
    if overdue.status == ConditionStatus::True && waiting != Some(&overdue.reason) {
        overdue.status = ConditionStatus::False;
        overdue.last_transition_time = Some(now);
        overdue.message = format!("The wait with reason {} has ended.", overdue.reason);
    }
}

/// The object waits, and is overdue. An older version of Errand does not end the
/// condition.
pub(super) fn is<O: Object>(object: &O) -> bool {
    let Some((_, reason, _)) = current(object) else {
        return false;
    };
    object.status().is_some_and(|status| has(status, reason))
}

fn has<O>(status: &Status<O>, reason: Reason) -> bool {
    status.conditions.iter().any(|c| {
        c.type_ == OVERDUE && c.status == ConditionStatus::True && c.reason == reason.to_string()
    })
}

/// What it waits for by its status, and what is expected of that.
fn current<O: Object>(object: &O) -> Option<(State, Reason, Wait)> {
    let status = object.status()?;
    let ready = status.conditions.iter().find(|c| c.type_ == "Ready")?;
    let state = status.state.unwrap_or(State::Pending);
    let reason = reason_of_word(&ready.reason)?;
    Some((state, reason, expected(object, state, reason)?))
}

/// `known_since`: when this process first saw the object, which is since when it is
/// Pending for Errand.
fn decide<O: Object>(object: &O, known_since: Option<Tick>, now: Tick) -> Overdue {
    let Some((state, reason, wait)) = current(object) else {
        return Overdue::No;
    };
    let Some(status) = object.status() else {
        return Overdue::No;
    };
    let stored = status.waiting.as_ref();
    let stored = stored.filter(|waiting| waiting.reason == reason.to_string());
    let since = match (state, stored) {
        (State::Pending, _) => known_since,
        (_, stored) => stored.map(|waiting| Tick(waiting.since.millis())),
    };
    if has(status, reason) {
        return Overdue::Stored;
    }
    let Some(since) = since else {
        return Overdue::No;
    };
    let length = since.0.saturating_add(millis(wait.length).0);
    let announced = object.announced_end(reason).map(Timestamp::millis);
    let at = announced.map_or(length, |announced| announced.max(length));
    if now.0 < at {
        return Overdue::At(Tick(at));
    }
    let longer = match at > length {
        true => format!(
            "longer than the cloud has announced ({:.0})",
            Timestamp::from_millis(at).0
        ),
        false => format!("longer than the expected {}", wait.words()),
    };
    Overdue::Now(Condition {
        type_: OVERDUE.to_owned(),
        status: ConditionStatus::True,
        observed_generation: object.meta().generation,
        last_transition_time: Some(Timestamp::from_millis(now.0)),
        reason: reason.to_string(),
        message: format!(
            "The operation waits with reason {reason} since {:.0}, {longer}. {}",
            Timestamp::from_millis(since.0).0,
            wait.then
        ),
    })
}

/// Stores and reports at the end of a pass that a wait is overdue. Gives the object as it
/// is then, and when a pass has to look again.
pub(super) async fn note<K: Kind>(
    context: &Context,
    object: K::Object,
    memory: &mut Memory,
) -> (K::Object, Next) {
    let uid = object.uid().unwrap_or_default();
    let generation = object.meta().generation.unwrap_or_default();
    let known_since = context.memory.shown_since(&uid, generation);
    let now = context.clock.now();
    let condition = match decide(&object, known_since, now.wall) {
        Overdue::No => {
            memory.overdue_untold = false;
            return (object, Next::default());
        }
        Overdue::At(at) => {
            memory.overdue_untold = false;
            return (object, Next::wall(at, now, Urgency::Routine));
        }
        Overdue::Stored => {
            if std::mem::take(&mut memory.overdue_untold) {
                report(context, &object).await;
            }
            return (object, Next::default());
        }
        Overdue::Now(condition) => condition,
    };
    let mut status = object.status().cloned().unwrap_or_default();
    status.conditions.retain(|c| c.type_ != OVERDUE);
    status.conditions.push(condition);
    // All of ours were written with one reason.
    let ready = status.conditions.iter().find(|c| c.type_ == "Ready");
    let reason = ready.map(|c| c.reason.clone()).unwrap_or_default();
    limit(&mut status.conditions, |c| {
        c.type_ == OVERDUE || c.reason == reason
    });
    match put_status(context, &object, object.status(), &status).await {
        Ok(stored) => {
            memory.overdue_untold = false;
            context.memory.note_written(&uid, version(&stored));
            if is(&stored) {
                report(context, &stored).await;
            }
            (stored, Next::default())
        }
        Err(e) => {
            memory.overdue_untold |= !matches!(e, NotWritten::Conflict);
            if let NotWritten::Refused(fields) = &e {
                let known = &mut memory.status_refused;
                let shown = "That the operation waits for longer than expected is not shown.";
                tell_refused(context, &object, known, fields, shown).await;
            }
            let again = now.after(context.rules.poll);
            (object, Next::at(again, Urgency::Routine))
        }
    }
}

async fn report<O: Object>(context: &Context, object: &O) {
    let conditions = object.status().map(|status| status.conditions.as_slice());
    let overdue = conditions.and_then(|all| all.iter().find(|c| c.type_ == OVERDUE));
    let Some(overdue) = overdue else {
        return;
    };
    tracing::warn!(operation = %object.target(), reason = %overdue.reason, "overdue");
    let event = Event {
        type_: EventType::Warning,
        reason: OVERDUE.to_owned(),
        note: Some(overdue.message.clone()),
        action: State::Waiting.word().to_owned(),
        secondary: None,
    };
    publish(context, object, &event).await;
}

#[cfg(test)]
mod tests;
