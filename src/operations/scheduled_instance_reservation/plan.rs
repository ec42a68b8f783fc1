//! What the facts mean. Pure.

use errand_engine::{Due, Evidence, Goal, Past, Witness};
use jiff::{SignedDuration, Timestamp};

use super::{DELETE, Facts, order, steps, words};
use crate::api::Timestamp as Time;
use crate::api::{AnswerWord, ConditionStatus, Reason, Status, StepStatus};
use crate::cloud::volcengine::ecs::{self, ScheduledInstance};
use crate::cloud::{Field, Found, arguments};
use crate::operations::scheduled_instance_reservation::{
    ReservationObservation, ReservationState, ScheduledInstanceReservation,
};
use crate::operations::{Assessment, Call, code};
use crate::text;

mod mark;

use mark::mark;

/// The cloud would still cancel the order, by what it documents.
const CANCELLABLE: &str = "Cancellable";

/// How long an elastic reserved instance can be cancelled after it was ordered.
const ESI: SignedDuration = SignedDuration::from_mins(30);

/// Until when an order can be cancelled, by what the cloud documents. Only for
/// people: its own answer decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cancellable {
    Until(Timestamp),
    Never,
    Unknown,
}

/// What is next, from when on its effect can be expected, and why in words.
type Meaning = (Goal, Due, String);

pub(super) fn assess(
    object: &ScheduledInstanceReservation,
    facts: &Facts,
) -> Assessment<ReservationObservation> {
    let found = match &facts.order {
        Found::There(found) => found,
        Found::NotThere => {
            let (goal, seen) = absent(object, facts.at);
            let cancellable = match goal {
                Goal::Unclear => ConditionStatus::Unknown,
                _ => ConditionStatus::False,
            };
            return without(object, goal, seen, cancellable);
        }
        Found::Unclear(why) => {
            return without(
                object,
                Goal::Unclear,
                (*why).to_owned(),
                ConditionStatus::Unknown,
            );
        }
    };
    let cancellable = cancellable(found);
    let (goal, due, why) = meaning(object, facts.at, found, cancellable);
    let seen = format!("{} {why}", standing(found));
    Assessment {
        due,
        past: past(object),
        about: about(goal),
        calls: match goal {
            Goal::Act(_) => {
                let id = [(ecs::SCHEDULED_INSTANCE, order(object))];
                vec![Call::new(&DELETE, arguments(id))]
            }
            _ => Vec::new(),
        },
        baseline: mark(found),
        conditions: vec![(
            CANCELLABLE,
            match cancellable {
                _ if came(found) == Some(true) || is_over(found, facts.at) == Some(true) => {
                    ConditionStatus::False
                }
                Cancellable::Never => ConditionStatus::False,
                _ if came(found).is_none() || is_over(found, facts.at).is_none() => {
                    ConditionStatus::Unknown
                }
                Cancellable::Until(until) if facts.at <= until => ConditionStatus::True,
                Cancellable::Until(_) => ConditionStatus::False,
                Cancellable::Unknown => ConditionStatus::Unknown,
            },
        )],
        ..Assessment::new(
            goal,
            seen.trim_end(),
            observation(found, cancellable, object.status.as_ref()),
        )
    }
}

/// Without a reading of the order: what was seen before stays.
fn without(
    object: &ScheduledInstanceReservation,
    goal: Goal,
    seen: String,
    cancellable: ConditionStatus,
) -> Assessment<ReservationObservation> {
    let before = object.status.as_ref().and_then(|s| s.observed.clone());
    Assessment {
        past: past(object),
        about: about(goal),
        conditions: vec![(CANCELLABLE, cancellable)],
        ..Assessment::new(goal, seen, before.unwrap_or_default())
    }
}

fn past(object: &ScheduledInstanceReservation) -> Past {
    Past {
        over: 0,
        // A cancel that still arrives is against everything but being cancelled.
        contrary: object.spec.desired_state != ReservationState::Cancelled
            && steps(object).iter().any(StepStatus::is_open),
    }
}

/// What a question is about: there is but one.
fn about(goal: Goal) -> Option<String> {
    matches!(goal, Goal::Ask(_)).then(|| CANCELLED_BY_US.to_owned())
}

const CANCELLED_BY_US: &str = "cancelled by this operation";

/// What is known of an order that is no longer there.
struct Gone<'a> {
    /// It was there at an earlier observation.
    before: Option<&'a ReservationObservation>,
    /// A cancel of ours was accepted; the cloud accepts none of what it delivered.
    accepted: bool,
    /// A cancel of ours may have been carried out.
    acted: bool,
    /// The slot of its delivery had not begun by the cloud's clock.
    before_delivery: bool,
}

impl<'a> Gone<'a> {
    fn of(object: &'a ScheduledInstanceReservation, at: Timestamp) -> Self {
        let observed = object.status.as_ref().and_then(|s| s.observed.as_ref());
        // A first observation that finds nothing is remembered, too.
        let before = observed.filter(|before| **before != ReservationObservation::default());
        let begins = before.and_then(|before| before.delivery_begins);
        let accepted = |step: &StepStatus| step.answer == Some(AnswerWord::Accepted);
        Self {
            before,
            accepted: steps(object).iter().any(accepted),
            acted: steps(object).iter().any(StepStatus::may_have_acted),
            before_delivery: begins.is_some_and(|begins| at < begins.0),
        }
    }

    /// How many of it were delivered when it was last there.
    fn delivered(&self) -> Option<u32> {
        self.before?.delivery_count
    }

    /// It is known that none was delivered since, either: another number was read
    /// before, and it can have changed no more.
    fn undelivered(&self) -> bool {
        let none = self.delivered() == Some(0);
        (self.accepted && self.delivered().is_none_or(|count| count == 0))
            || (none && self.before_delivery)
    }

    /// All of it was delivered when it was last there.
    fn complete(&self) -> bool {
        let counts = self
            .before
            .and_then(|b| Some((b.delivery_count?, b.count?)));
        counts.is_some_and(|(delivered, count)| count > 0 && delivered >= count)
    }

    fn witness(&self) -> Witness {
        Witness {
            seen: self.before.is_some() || self.accepted,
            compared: self.undelivered(),
            understood: true,
        }
    }
}

/// The order is no longer there, or never was.
fn absent(object: &ScheduledInstanceReservation, at: Timestamp) -> (Goal, String) {
    let id = order(object);
    let gone = Gone::of(object, at);
    let came = gone.delivered().is_some_and(|count| count > 0);
    let lost = |reason| Goal::Lost(code(reason), Evidence::Absence(gone.witness()));
    let known = gone.before.is_some() || gone.acted;
    let goal = match object.spec.desired_state {
        _ if !known => lost(Reason::TARGET_NOT_FOUND),
        // What was delivered was not cancelled, though it is gone by now.
        ReservationState::Cancelled if came => lost(Reason::TOO_LATE),
        ReservationState::Cancelled if gone.undelivered() => {
            Goal::Reached(Evidence::Absence(gone.witness()))
        }
        ReservationState::Delivered if gone.complete() => {
            Goal::Reached(Evidence::Absence(Witness {
                compared: true,
                ..gone.witness()
            }))
        }
        ReservationState::Reserved | ReservationState::Delivered if gone.accepted && !came => {
            unreachable()
        }
        ReservationState::Reserved | ReservationState::Delivered if gone.undelivered() => {
            match gone.acted {
                true => unreachable(),
                false => lost(words::NOT_DELIVERED),
            }
        }
        // It may have been delivered, and released, since it was last there.
        _ => Goal::Unclear,
    };
    let said = match gone.before {
        Some(before) => {
            let counts = match (before.delivery_count, before.count) {
                (Some(delivered), Some(count)) => {
                    format!("; when it last was, {delivered} of {count} instances were delivered")
                }
                _ => String::new(),
            };
            let doubt = match goal {
                Goal::Unclear => {
                    " Whether more were delivered since, or it was cancelled, cannot be told."
                }
                _ => "",
            };
            format!("Scheduled-instance order {id} is no longer there{counts}.{doubt}")
        }
        None if gone.acted => format!("Scheduled-instance order {id} is no longer there."),
        None => {
            format!("There is no scheduled-instance order {id} in the region of the connection.")
        }
    };
    (goal, said)
}

fn unreachable() -> Goal {
    words::UNREACHABLE.ask(CANCELLED_BY_US)
}

/// Nothing is concluded, and a call that was accepted is asked about in time.
fn unclear(why: &str) -> Meaning {
    (Goal::Unclear, Due::SinceAnswer, why.to_owned())
}

const COUNT: &str = "DeliveryCount is missing or not a number, so Errand cannot tell whether instances were delivered.";
const INVALID: &str =
    "InvalidAt is not a time that Errand can read, so it cannot tell whether the order has ended.";
const COUNTS: &str = "Count or DeliveryCount is missing or not a number, so Errand cannot tell whether all instances were delivered.";

fn meaning(
    object: &ScheduledInstanceReservation,
    at: Timestamp,
    found: &ScheduledInstance,
    cancellable: Cancellable,
) -> Meaning {
    let since = |goal| (goal, Due::SinceAnswer, String::new());
    let lost = |reason| since(Goal::Lost(code(reason), Evidence::Presence));
    let reached = since(Goal::Reached(Evidence::Presence));
    let mut steps = steps(object).iter();
    let accepted = steps.rfind(|step| step.answer == Some(AnswerWord::Accepted));
    let (came, over) = (came(found), is_over(found, at));
    if let Some(step) = accepted
        && came != Some(true)
    {
        // It is on its way, whatever is wanted by now.
        return match (came, over, shows(step, found, over)) {
            (None, ..) => unclear(COUNT),
            (_, None, _) => unclear(INVALID),
            (_, _, false) => (
                Goal::Act(DELETE.plan()),
                Due::SinceAnswer,
                "It is being cancelled.".to_owned(),
            ),
            (_, _, true) => match object.spec.desired_state {
                ReservationState::Cancelled => reached,
                ReservationState::Reserved | ReservationState::Delivered => since(unreachable()),
            },
        };
    }
    match object.spec.desired_state {
        ReservationState::Cancelled => match (came, over) {
            (Some(false), Some(true)) => reached,
            _ if cancellable == Cancellable::Never => (
                Goal::Lost(code(Reason::INVALID_FOR_TARGET), Evidence::Presence),
                Due::SinceAnswer,
                "One that is delivered immediately can never be cancelled.".to_owned(),
            ),
            (Some(true), _) => lost(Reason::TOO_LATE),
            (None, _) => unclear(COUNT),
            (_, None) => unclear(INVALID),
            (Some(false), Some(false)) => (
                Goal::Act(DELETE.plan()),
                Due::SinceAnswer,
                match cancellable {
                    Cancellable::Until(until) if at > until => format!(
                        "By its dates it could be cancelled until {until}, so the cloud is expected to refuse."
                    ),
                    _ => String::new(),
                },
            ),
        },
        ReservationState::Reserved => match (over, all_came(found)) {
            (Some(false), _) | (_, Some(true)) => reached,
            (Some(true), Some(false)) => lost(words::NOT_DELIVERED),
            (Some(true), None) => unclear(COUNTS),
            (None, _) => unclear(INVALID),
        },
        ReservationState::Delivered => match (all_came(found), over) {
            (Some(true), _) => reached,
            (Some(false), Some(true)) => lost(words::NOT_DELIVERED),
            (None, _) => unclear(COUNTS),
            (_, None) => unclear(INVALID),
            (Some(false), Some(false)) => (
                Goal::Wait(code(words::AWAITING_DELIVERY), None),
                Due::Later,
                String::new(),
            ),
        },
    }
}

/// The effect of an accepted cancel: the order has ended, or is not what it was before.
fn shows(step: &StepStatus, found: &ScheduledInstance, over: Option<bool>) -> bool {
    over == Some(true) || mark::differs(step.baseline.as_deref(), found)
}

/// How many instances were delivered. `None`: not understood, which is not 0.
fn delivered(found: &ScheduledInstance) -> Option<i64> {
    found
        .delivery_count
        .known()
        .copied()
        .filter(|count| *count >= 0)
}

/// Instances of it were delivered.
fn came(found: &ScheduledInstance) -> Option<bool> {
    delivered(found).map(|count| count > 0)
}

/// All of its instances were. No order is of none.
fn all_came(found: &ScheduledInstance) -> Option<bool> {
    let count = found.count.known().filter(|count| **count > 0)?;
    delivered(found).map(|delivered| delivered >= *count)
}

/// `InvalidAt` has come, by the cloud's clock.
fn is_over(found: &ScheduledInstance, at: Timestamp) -> Option<bool> {
    match found.invalid_at {
        Field::Absent => Some(false),
        Field::Known(invalid) => Some(invalid <= at),
        Field::Unclear => None,
    }
}

fn cancellable(found: &ScheduledInstance) -> Cancellable {
    let known = |time: Option<Timestamp>| time.map_or(Cancellable::Unknown, Cancellable::Until);
    match (found.elastic_type.text(), found.delivery_type.text()) {
        (Some("Esi"), _) => {
            let created = found.created_at.known();
            known(created.and_then(|at| at.checked_add(ESI).ok()))
        }
        (Some("Segmented"), Some("Immediate")) => Cancellable::Never,
        (Some("Segmented"), Some("Reserve")) => known(found.start_delivery_at.known().copied()),
        _ => Cancellable::Unknown,
    }
}

/// Where it stands, in words that change only when it does.
fn standing(found: &ScheduledInstance) -> String {
    let word = match found.status.text() {
        None => String::new(),
        Some(word) => format!(" (status {word})"),
    };
    let counts = match (delivered(found), found.count.known()) {
        (Some(delivered), Some(count)) => {
            format!("; {delivered} of {count} instances are delivered")
        }
        (Some(delivered), None) => format!("; {delivered} instances are delivered"),
        (None, _) => String::new(),
    };
    let id = found.id.text().unwrap_or_default();
    let name = match name(found) {
        Some(name) if name != id => format!(" \"{name}\""),
        _ => String::new(),
    };
    let release = match found.auto_release_at.known() {
        Some(at) => format!(" The cloud releases its instances at {at:.0}."),
        None => String::new(),
    };
    format!("Scheduled-instance order {id}{name} is there{word}{counts}.{release}")
}

fn name(found: &ScheduledInstance) -> Option<String> {
    Some(text::line(found.name.text()?, 128)).filter(|name| !name.is_empty())
}

/// What the reading shows; what it lacks, and what an order that is gone is judged by,
/// is kept from the one before.
fn observation(
    found: &ScheduledInstance,
    cancellable: Cancellable,
    status: Option<&Status<ReservationObservation>>,
) -> ReservationObservation {
    let before = status.and_then(|status| status.observed.clone());
    let before = before.unwrap_or_default();
    let word =
        |word: &Field<String>| Some(text::line(word.text()?, 64)).filter(|word| !word.is_empty());
    let number = |number: Field<i64>| {
        let number = i32::try_from(*number.known()?).ok()?;
        u32::try_from(number).ok()
    };
    let time = |time: Field<Timestamp>| time.known().copied().map(Time);
    ReservationObservation {
        order_status: word(&found.status),
        name: name(found),
        elastic_type: word(&found.elastic_type),
        delivery_type: word(&found.delivery_type),
        count: number(found.count).or(before.count),
        delivery_count: number(found.delivery_count).or(before.delivery_count),
        release_count: number(found.release_count),
        created: time(found.created_at),
        invalid: time(found.invalid_at),
        delivery_begins: time(found.start_delivery_at).or(before.delivery_begins),
        delivery_ends: time(found.end_delivery_at),
        auto_release: time(found.auto_release_at),
        cancellable_until: match cancellable {
            Cancellable::Until(until) => Some(Time(until)),
            _ => None,
        },
        seen: Some(true),
    }
}

#[cfg(test)]
mod tests;
