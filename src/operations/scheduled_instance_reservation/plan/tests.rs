use super::*;
use crate::operations::Kind;
use crate::operations::scheduled_instance_reservation::SteerReservation;

const CREATED: &str = "2026-11-25T10:00:00Z";

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn order_of(elastic: &str, delivery: &str) -> ScheduledInstance {
    ScheduledInstance {
        id: "esi-1".into(),
        status: Some("Waiting".into()),
        elastic_type: Some(elastic.into()),
        delivery_type: Some(delivery.into()),
        count: Some(3),
        delivery_count: Some(0),
        created_at: Some(time(CREATED)),
        start_delivery_at: Some(time("2026-11-25T14:00:00Z")),
        ..ScheduledInstance::default()
    }
}

fn esi() -> ScheduledInstance {
    order_of("Esi", "")
}

fn delivered_count(count: i64) -> ScheduledInstance {
    ScheduledInstance {
        delivery_count: Some(count),
        ..esi()
    }
}

fn invalid() -> ScheduledInstance {
    ScheduledInstance {
        status: Some("Invalid".into()),
        invalid_at: Some(time("2026-11-25T10:05:00Z")),
        ..esi()
    }
}

fn after(wanted: ReservationState, answers: &[Option<&str>]) -> ScheduledInstanceReservation {
    let steps: Vec<_> = answers
        .iter()
        .zip(1..)
        .map(|(answer, number)| {
            serde_json::json!({
                "number": number,
                "id": format!("s{number}"),
                "name": DELETE.name,
                "writer": "0000000000000007",
                "intendedAt": "2026-11-25T10:01:00Z",
                "sendBefore": "2026-11-25T10:31:00Z",
                "baseline": mark(&esi()),
                "answer": answer,
            })
        })
        .collect();
    serde_json::from_value(serde_json::json!({
        "apiVersion": "volcengine.errand.cloud/v1alpha1",
        "kind": "ScheduledInstanceReservation",
        "metadata": {"name": "r"},
        "spec": {
            "connectionRef": {"kind": "CloudConnection", "name": "c"},
            "adopt": {"scheduledInstanceId": "esi-1"},
            "desiredState": wanted,
        },
        "status": {"steps": steps},
    }))
    .expect("an object")
}

/// The same whose order of three was there at the last look.
fn seen(
    wanted: ReservationState,
    delivered: u32,
    answers: &[Option<&str>],
) -> ScheduledInstanceReservation {
    let mut object = after(wanted, answers);
    object.status.as_mut().expect("status").observed = Some(ReservationObservation {
        count: Some(3),
        delivery_count: Some(delivered),
        ..ReservationObservation::default()
    });
    object
}

fn look(
    object: &ScheduledInstanceReservation,
    order: Option<ScheduledInstance>,
) -> Assessment<ReservationObservation> {
    let at = time("2026-11-25T10:10:00Z");
    assess(object, &Facts { at, order })
}

fn goal(
    wanted: ReservationState,
    answers: &[Option<&str>],
    order: Option<ScheduledInstance>,
) -> Goal {
    look(&after(wanted, answers), order).goal
}

const REACHED: Goal = Goal::Reached(Evidence::Presence);

fn lost(reason: Reason) -> Goal {
    Goal::Lost(code(reason), Evidence::Presence)
}

use ReservationState::{Cancelled, Delivered, Reserved};

#[test]
fn an_order_that_is_there_is_reserved_and_delivered_once_all_of_it_is() {
    assert_eq!(goal(Reserved, &[], Some(esi())), REACHED);
    let waits = Goal::Wait(code(Reason::AwaitingDelivery), None);
    assert_eq!(goal(Delivered, &[], Some(esi())), waits);
    assert_eq!(goal(Delivered, &[], Some(delivered_count(2))), waits);
    assert_eq!(goal(Delivered, &[], Some(delivered_count(3))), REACHED);
    let seen = look(&after(Delivered, &[]), Some(esi()));
    assert_eq!(seen.due, Due::Later, "a delivery takes as long as it takes");
}

#[test]
fn an_order_that_became_invalid_undelivered_is_not_delivered() {
    assert_eq!(
        goal(Delivered, &[], Some(invalid())),
        lost(Reason::NotDelivered)
    );
    assert_eq!(
        goal(Reserved, &[], Some(invalid())),
        lost(Reason::NotDelivered)
    );
}

#[test]
fn the_clouds_answer_decides_whether_it_is_too_late_to_cancel_not_our_clock() {
    let object = after(Cancelled, &[]);
    for at in [
        "2026-11-25T10:29:59Z",
        "2026-11-25T10:30:01Z",
        "2026-11-26T10:00:00Z",
    ] {
        let seen = assess(
            &object,
            &Facts {
                at: time(at),
                order: Some(esi()),
            },
        );
        assert_eq!(seen.goal, Goal::Act(DELETE.plan()), "{at}");
    }
}

#[test]
fn what_is_delivered_cannot_be_cancelled() {
    let late = lost(Reason::TooLate);
    assert_eq!(goal(Cancelled, &[], Some(delivered_count(1))), late);
    let accepted = [Some("Accepted")];
    assert_eq!(goal(Cancelled, &accepted, Some(delivered_count(1))), late);
}

#[test]
fn what_is_delivered_immediately_is_never_cancellable() {
    let order = order_of("Segmented", "Immediate");
    assert_eq!(
        goal(Cancelled, &[], Some(order.clone())),
        lost(Reason::InvalidForTarget)
    );
    let delivered = ScheduledInstance {
        delivery_count: Some(3),
        ..order
    };
    assert_eq!(
        goal(Cancelled, &[], Some(delivered)),
        lost(Reason::InvalidForTarget)
    );
}

#[test]
fn an_accepted_cancel_shows_by_another_look_of_the_order_or_by_its_absence() {
    let accepted = [Some("Accepted")];
    let act = Goal::Act(DELETE.plan());
    assert_eq!(goal(Cancelled, &accepted, Some(esi())), act, "not yet");
    assert_eq!(goal(Cancelled, &accepted, Some(invalid())), REACHED);
    let changed = ScheduledInstance {
        status: Some("A word of tomorrow".into()),
        ..esi()
    };
    assert_eq!(goal(Cancelled, &accepted, Some(changed.clone())), REACHED);
    let absent = Goal::Reached(Evidence::Absence);
    assert_eq!(goal(Cancelled, &accepted, None), absent);
    // Without an accepted call a word says nothing.
    assert_eq!(goal(Cancelled, &[], Some(changed.clone())), act);
    assert_eq!(goal(Cancelled, &[Some("Unknown")], Some(changed)), act);
}

#[test]
fn an_order_that_is_not_there_was_cancelled_only_if_it_ever_was() {
    let not_found = Goal::Lost(code(Reason::TargetNotFound), Evidence::Absence);
    let gone = Goal::Reached(Evidence::Absence);
    assert_eq!(goal(Cancelled, &[], None), not_found);
    assert_eq!(goal(Cancelled, &[Some("Refused")], None), not_found);
    for answer in [None, Some("Unknown"), Some("Accepted")] {
        assert_eq!(goal(Cancelled, &[answer], None), gone, "{answer:?}");
    }
    assert_eq!(goal(Reserved, &[], None), not_found);
    let not_delivered = Goal::Lost(code(Reason::NotDelivered), Evidence::Absence);
    assert_eq!(look(&seen(Delivered, 2, &[]), None).goal, not_delivered);
    assert_eq!(look(&seen(Reserved, 0, &[]), None).goal, not_delivered);
    assert_eq!(look(&seen(Cancelled, 0, &[]), None).goal, gone);
    // A first look that finds nothing is remembered, too.
    let mut unseen = after(Cancelled, &[]);
    unseen.status.as_mut().expect("status").observed = Some(look(&unseen, None).observed);
    assert_eq!(look(&unseen, None).goal, not_found);
}

#[test]
fn what_was_delivered_before_it_was_gone_was_not_cancelled() {
    let late = Goal::Lost(code(Reason::TooLate), Evidence::Absence);
    for answers in [&[][..], &[Some("Accepted")]] {
        assert_eq!(look(&seen(Cancelled, 1, answers), None).goal, late);
    }
    // And a cancel that was accepted did not keep it from coming.
    let changed = ScheduledInstance {
        status: Some("Delivering".into()),
        ..delivered_count(1)
    };
    let waits = Goal::Wait(code(Reason::AwaitingDelivery), None);
    let accepted = [Some("Accepted")];
    assert_eq!(goal(Delivered, &accepted, Some(changed)), waits);
    assert_eq!(
        goal(Delivered, &accepted, Some(delivered_count(3))),
        REACHED
    );
}

#[test]
fn a_revert_after_our_own_cancel_asks_for_what_cannot_be_had() {
    for wanted in [Reserved, Delivered] {
        for order in [None, Some(invalid())] {
            let object = after(wanted, &[Some("Accepted")]);
            let seen = look(&object, order);
            let Goal::Ask(ask) = seen.goal else {
                panic!("{wanted:?}: {:?}", seen.goal)
            };
            assert_eq!(ask.hold, Hold::Unreachable);
            assert_eq!(Some(ask.pin), seen.about.as_deref().map(pin));
        }
        let open = look(&after(wanted, &[Some("Unknown")]), Some(esi()));
        assert!(open.past.contrary, "it may yet arrive");
    }
    assert!(
        !look(&after(Cancelled, &[Some("Unknown")]), Some(esi()))
            .past
            .contrary
    );
}

#[test]
fn until_when_it_can_be_cancelled_is_told_for_each_sort() {
    let until = |order| {
        look(&after(Reserved, &[]), Some(order))
            .observed
            .cancellable_until
    };
    assert_eq!(until(esi()), Some(Time(time("2026-11-25T10:30:00Z"))));
    let slot = Some(Time(time("2026-11-25T14:00:00Z")));
    assert_eq!(until(order_of("Segmented", "Reserve")), slot);
    assert_eq!(until(order_of("Segmented", "Immediate")), None);
    assert_eq!(until(order_of("A word of tomorrow", "")), None);
    let condition = |order| look(&after(Reserved, &[]), Some(order)).conditions[0].1;
    assert_eq!(condition(esi()), ConditionStatus::True);
    assert_eq!(condition(delivered_count(1)), ConditionStatus::False);
    assert_eq!(condition(invalid()), ConditionStatus::False);
    assert_eq!(
        condition(order_of("Segmented", "Immediate")),
        ConditionStatus::False
    );
    assert_eq!(condition(order_of("?", "?")), ConditionStatus::Unknown);
}

#[test]
fn an_outcome_of_seeing_is_named_as_such() {
    assert_eq!(
        SteerReservation::already(&after(Reserved, &[])),
        Reason::Reserved
    );
    assert_eq!(
        SteerReservation::already(&after(Delivered, &[])),
        Reason::Delivered
    );
    assert_eq!(
        SteerReservation::already(&after(Cancelled, &[])),
        Reason::AlreadySatisfied
    );
}
