//! What the facts mean. Pure.

use errand_engine::{Ask, Due, Evidence, Goal, Hold, Past, Witness};
use jiff::{SignedDuration, Timestamp};

use super::{DELETE, Facts, order, steps};
use crate::api::Timestamp as Time;
use crate::api::{
    AnswerWord, ConditionStatus, PlanStatus, Reason, ReservationObservation, ReservationState,
    ScheduledInstanceReservation, StepStatus,
};
use crate::cloud::volcengine::ecs::ScheduledInstance;
use crate::operations::{Assessment, code, pin};

/// The cloud would still cancel the order, by what it documents.
const CANCELLABLE: &str = "Cancellable";

/// How long an elastic reserved instance can be cancelled after it was ordered.
const ESI: SignedDuration = SignedDuration::from_mins(30);

/// Until when an order can be cancelled, by what the cloud documents. Only for
/// people: its own answer decides.
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
    let before = object.status.as_ref().and_then(|s| s.observed.as_ref());
    let steps = steps(object);
    let past = Past {
        over: 0,
        // A cancel that still arrives is against everything but being cancelled.
        contrary: object.spec.desired_state != ReservationState::Cancelled
            && steps.iter().any(is_open),
    };
    let Some(found) = &facts.order else {
        let (goal, seen) = absent(object, before);
        return Assessment {
            past,
            about: about(goal),
            conditions: vec![(CANCELLABLE, ConditionStatus::False)],
            ..Assessment::new(goal, seen, before.cloned().unwrap_or_default())
        };
    };
    let cancellable = cancellable(found);
    let observed = observation(found, &cancellable);
    let (goal, due, why) = meaning(object, facts.at, found, &cancellable);
    let seen = format!("{} {why}", standing(found));
    Assessment {
        due,
        past,
        about: about(goal),
        plan: PlanStatus {
            steps: match goal {
                Goal::Act(_) => vec![format!(
                    "{} ScheduledInstanceId={}",
                    DELETE.name,
                    order(object)
                )],
                _ => Vec::new(),
            },
            paid: false,
        },
        baseline: Some(mark(found)),
        conditions: vec![(
            CANCELLABLE,
            match &cancellable {
                _ if delivered(found) > 0 || is_over(found, facts.at) => ConditionStatus::False,
                Cancellable::Until(until) if facts.at <= *until => ConditionStatus::True,
                Cancellable::Until(_) | Cancellable::Never => ConditionStatus::False,
                Cancellable::Unknown => ConditionStatus::Unknown,
            },
        )],
        ..Assessment::new(goal, seen.trim_end(), observed)
    }
}

/// What a question is about: there is but one.
fn about(goal: Goal) -> Option<String> {
    matches!(goal, Goal::Ask(_)).then(|| CANCELLED_BY_US.to_owned())
}

const CANCELLED_BY_US: &str = "cancelled by this operation";

/// The order is not there any more, or never was.
fn absent(
    object: &ScheduledInstanceReservation,
    before: Option<&ReservationObservation>,
) -> (Goal, String) {
    let id = order(object);
    let seen = before.filter(|before| **before != ReservationObservation::default());
    let came = seen
        .and_then(|seen| seen.delivery_count)
        .unwrap_or_default()
        > 0;
    let acted = steps(object).iter().any(may_have_acted);
    let lost = |reason| Goal::Lost(code(reason), Evidence::Absence(Witness::FULL));
    let goal = match object.spec.desired_state {
        // What was delivered was not cancelled, though it is gone by now.
        ReservationState::Cancelled if came => lost(Reason::TooLate),
        ReservationState::Cancelled if acted || seen.is_some() => {
            Goal::Reached(Evidence::Absence(Witness::FULL))
        }
        _ if acted && !came => unreachable(),
        _ if seen.is_some() => lost(Reason::NotDelivered),
        _ => lost(Reason::TargetNotFound),
    };
    let said = match seen {
        Some(seen) => format!(
            "Scheduled-instance order {id} is no longer there; when it last was, {} of {} instances were delivered.",
            seen.delivery_count.unwrap_or_default(),
            seen.count.unwrap_or_default()
        ),
        None if acted => format!("Scheduled-instance order {id} is no longer there."),
        None => {
            format!("There is no scheduled-instance order {id} in the region of the connection.")
        }
    };
    (goal, said)
}

fn unreachable() -> Goal {
    Goal::Ask(Ask {
        hold: Hold::Unreachable,
        pin: pin(CANCELLED_BY_US),
        retry: None,
        go_on: None,
    })
}

fn meaning(
    object: &ScheduledInstanceReservation,
    at: Timestamp,
    found: &ScheduledInstance,
    cancellable: &Cancellable,
) -> Meaning {
    let steps = steps(object);
    let since = |goal| (goal, Due::SinceAnswer, String::new());
    let lost = |reason| since(Goal::Lost(code(reason), Evidence::Presence));
    let accepted = steps
        .iter()
        .rfind(|step| step.answer == Some(AnswerWord::Accepted));
    let came = delivered(found) > 0;
    let over = is_over(found, at);
    let cancelled = !came && accepted.is_some_and(|step| shows(step, found, at));
    let all = found
        .count
        .is_some_and(|count| count > 0 && delivered(found) >= count);
    match object.spec.desired_state {
        _ if accepted.is_some() && !cancelled && !came => (
            // It is on its way, whatever is wanted by now.
            Goal::Act(DELETE.plan()),
            Due::SinceAnswer,
            "It is being cancelled.".to_owned(),
        ),
        ReservationState::Cancelled if cancelled || (over && !came) => {
            since(Goal::Reached(Evidence::Presence))
        }
        ReservationState::Cancelled if matches!(cancellable, Cancellable::Never) => (
            Goal::Lost(code(Reason::InvalidForTarget), Evidence::Presence),
            Due::SinceAnswer,
            "One that is delivered immediately can never be cancelled.".to_owned(),
        ),
        ReservationState::Cancelled if came => lost(Reason::TooLate),
        ReservationState::Cancelled => since(Goal::Act(DELETE.plan())),
        ReservationState::Reserved | ReservationState::Delivered if cancelled => {
            since(unreachable())
        }
        ReservationState::Delivered if all => since(Goal::Reached(Evidence::Presence)),
        ReservationState::Reserved | ReservationState::Delivered if over && !all => {
            lost(Reason::NotDelivered)
        }
        ReservationState::Reserved => since(Goal::Reached(Evidence::Presence)),
        ReservationState::Delivered => (
            Goal::Wait(code(Reason::AwaitingDelivery), None),
            Due::Later,
            String::new(),
        ),
    }
}

fn is_open(step: &StepStatus) -> bool {
    matches!(step.answer, None | Some(AnswerWord::Unknown))
}

fn may_have_acted(step: &StepStatus) -> bool {
    is_open(step) || step.answer == Some(AnswerWord::Accepted)
}

/// What an order looks like, to be compared after a cancel: whatever its words
/// mean, other ones say that something has happened to it.
fn mark(found: &ScheduledInstance) -> String {
    let invalid = found
        .invalid_at
        .map(|at| at.to_string())
        .unwrap_or_default();
    format!(
        "{}, invalid {invalid}",
        found.status.as_deref().unwrap_or_default()
    )
    .chars()
    .take(256)
    .collect()
}

/// The effect of an accepted cancel: the order is not what it was before.
fn shows(step: &StepStatus, found: &ScheduledInstance, at: Timestamp) -> bool {
    is_over(found, at) || step.baseline.as_deref() != Some(&mark(found))
}

fn delivered(found: &ScheduledInstance) -> i64 {
    found.delivery_count.unwrap_or_default()
}

/// `InvalidAt` has come.
fn is_over(found: &ScheduledInstance, at: Timestamp) -> bool {
    found.invalid_at.is_some_and(|invalid| invalid <= at)
}

fn cancellable(found: &ScheduledInstance) -> Cancellable {
    let known = |time: Option<Timestamp>| time.map_or(Cancellable::Unknown, Cancellable::Until);
    let word = |word: &Option<String>| word.clone().unwrap_or_default();
    match (
        word(&found.elastic_type).as_str(),
        word(&found.delivery_type).as_str(),
    ) {
        ("Esi", _) => known(found.created_at.and_then(|at| at.checked_add(ESI).ok())),
        ("Segmented", "Immediate") => Cancellable::Never,
        ("Segmented", "Reserve") => known(found.start_delivery_at),
        _ => Cancellable::Unknown,
    }
}

/// Where it stands, in words that change only when it does.
fn standing(found: &ScheduledInstance) -> String {
    let word = match found.status.as_deref() {
        None | Some("") => String::new(),
        Some(word) => format!(" (status {word})"),
    };
    format!(
        "Scheduled-instance order {} is there{word}; {} of {} instances are delivered.",
        found.id,
        delivered(found),
        found.count.unwrap_or_default()
    )
}

fn observation(found: &ScheduledInstance, cancellable: &Cancellable) -> ReservationObservation {
    let word = |word: &Option<String>| {
        let short: String = word.as_deref()?.chars().take(64).collect();
        Some(short).filter(|word| !word.is_empty())
    };
    let number = |number: Option<i64>| number.and_then(|n| u32::try_from(n).ok());
    ReservationObservation {
        order_status: word(&found.status),
        elastic_type: word(&found.elastic_type),
        delivery_type: word(&found.delivery_type),
        count: number(found.count),
        delivery_count: number(found.delivery_count),
        release_count: number(found.release_count),
        created: found.created_at.map(Time),
        invalid: found.invalid_at.map(Time),
        delivery_begins: found.start_delivery_at.map(Time),
        delivery_ends: found.end_delivery_at.map(Time),
        cancellable_until: match cancellable {
            Cancellable::Until(until) => Some(Time(*until)),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests;
