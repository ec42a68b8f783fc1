use super::*;
use crate::operations::scheduled_instance_reservation::{SteerReservation, words};
use crate::operations::{Kind, pin};

const CREATED: &str = "2026-11-25T10:00:00Z";

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn text(text: &str) -> Field<String> {
    Field::Known(text.to_owned())
}

fn order_of(elastic: &str, delivery: &str) -> ScheduledInstance {
    let word = |word: &str| match word {
        "" => Field::Absent,
        word => text(word),
    };
    ScheduledInstance {
        id: text("esi-1"),
        status: text("Scheduled"),
        elastic_type: word(elastic),
        delivery_type: word(delivery),
        count: Field::Known(3),
        delivery_count: Field::Known(0),
        created_at: Field::Known(time(CREATED)),
        start_delivery_at: Field::Known(time("2026-11-25T14:00:00Z")),
        ..ScheduledInstance::default()
    }
}

fn esi() -> ScheduledInstance {
    order_of("Esi", "")
}

fn delivered_count(count: i64) -> ScheduledInstance {
    ScheduledInstance {
        delivery_count: Field::Known(count),
        ..esi()
    }
}

fn invalid() -> ScheduledInstance {
    ScheduledInstance {
        status: text("Invalid"),
        invalid_at: Field::Known(time("2026-11-25T10:05:00Z")),
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
        delivery_begins: Some(Time(time("2026-11-25T14:00:00Z"))),
        ..ReservationObservation::default()
    });
    object
}

fn look(
    object: &ScheduledInstanceReservation,
    order: Option<ScheduledInstance>,
) -> Assessment<ReservationObservation> {
    look_at(object, "2026-11-25T10:10:00Z", order)
}

fn look_at(
    object: &ScheduledInstanceReservation,
    at: &str,
    order: Option<ScheduledInstance>,
) -> Assessment<ReservationObservation> {
    let facts = Facts {
        at: time(at),
        order: order.map_or(Found::NotThere, Found::There),
    };
    assess(object, &facts)
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
    let waits = waits();
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
        lost(words::NOT_DELIVERED)
    );
    assert_eq!(
        goal(Reserved, &[], Some(invalid())),
        lost(words::NOT_DELIVERED)
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
        let seen = look_at(&object, at, Some(esi()));
        assert_eq!(seen.goal, Goal::Act(DELETE.plan()), "{at}");
        let over = at > "2026-11-25T10:30:00Z";
        let told = seen.seen.contains("until 2026-11-25T10:30:00Z");
        assert_eq!(told, over, "{}", seen.seen);
    }
}

#[test]
fn what_is_delivered_cannot_be_cancelled() {
    let late = lost(Reason::TOO_LATE);
    assert_eq!(goal(Cancelled, &[], Some(delivered_count(1))), late);
    let accepted = [Some("Accepted")];
    assert_eq!(goal(Cancelled, &accepted, Some(delivered_count(1))), late);
}

#[test]
fn what_is_delivered_immediately_is_never_cancellable() {
    let order = order_of("Segmented", "Immediate");
    assert_eq!(
        goal(Cancelled, &[], Some(order.clone())),
        lost(Reason::INVALID_FOR_TARGET)
    );
    let delivered = ScheduledInstance {
        delivery_count: Field::Known(3),
        ..order
    };
    assert_eq!(
        goal(Cancelled, &[], Some(delivered)),
        lost(Reason::INVALID_FOR_TARGET)
    );
}

#[test]
fn an_accepted_cancel_shows_by_another_look_of_the_order_or_by_its_absence() {
    let accepted = [Some("Accepted")];
    let act = Goal::Act(DELETE.plan());
    assert_eq!(goal(Cancelled, &accepted, Some(esi())), act, "not yet");
    assert_eq!(goal(Cancelled, &accepted, Some(invalid())), REACHED);
    let changed = ScheduledInstance {
        status: text("A word of tomorrow"),
        ..esi()
    };
    assert_eq!(goal(Cancelled, &accepted, Some(changed.clone())), REACHED);
    let absent = Goal::Reached(Evidence::Absence(Witness::FULL));
    assert_eq!(goal(Cancelled, &accepted, None), absent);
    // Without an accepted call a word says nothing.
    assert_eq!(goal(Cancelled, &[], Some(changed.clone())), act);
    assert_eq!(goal(Cancelled, &[Some("Unknown")], Some(changed)), act);
}

fn absence(seen: bool, compared: bool) -> Evidence {
    Evidence::Absence(Witness {
        seen,
        compared,
        understood: true,
    })
}

fn gone(reason: Reason, compared: bool) -> Goal {
    Goal::Lost(code(reason), absence(true, compared))
}

#[test]
fn an_order_that_is_not_there_was_cancelled_only_if_it_ever_was() {
    let not_found = Goal::Lost(code(Reason::TARGET_NOT_FOUND), absence(false, false));
    let reached = Goal::Reached(Evidence::Absence(Witness::FULL));
    for wanted in [Cancelled, Reserved, Delivered] {
        assert_eq!(goal(wanted, &[], None), not_found);
        assert_eq!(goal(wanted, &[Some("Refused")], None), not_found);
    }
    assert_eq!(goal(Cancelled, &[Some("Accepted")], None), reached);
    // The answer of the call is unknown, and nothing was seen before.
    for answer in [None, Some("Unknown")] {
        assert_eq!(
            goal(Cancelled, &[answer], None),
            Goal::Unclear,
            "{answer:?}"
        );
        let seen = look(&seen(Cancelled, 0, &[answer]), None);
        assert_eq!(seen.goal, reached, "{answer:?}");
    }
    assert_eq!(look(&seen(Cancelled, 0, &[]), None).goal, reached);
    let not_delivered = gone(words::NOT_DELIVERED, true);
    for wanted in [Reserved, Delivered] {
        assert_eq!(look(&seen(wanted, 0, &[]), None).goal, not_delivered);
    }
    // A first look that finds nothing is remembered, too.
    let mut unseen = after(Cancelled, &[]);
    unseen.status.as_mut().expect("status").observed = Some(look(&unseen, None).observed);
    assert_eq!(look(&unseen, None).goal, not_found);
}

#[test]
fn an_order_that_may_have_been_delivered_before_it_went_is_unclear() {
    let mut unknown_slot = seen(Cancelled, 0, &[]);
    let observed = unknown_slot
        .status
        .as_mut()
        .expect("status")
        .observed
        .as_mut();
    observed.expect("set above").delivery_begins = None;
    let mut unknown_count = seen(Cancelled, 0, &[]);
    let observed = unknown_count
        .status
        .as_mut()
        .expect("status")
        .observed
        .as_mut();
    observed.expect("set above").delivery_count = None;
    for (object, at) in [
        (unknown_slot, "2026-11-25T10:10:00Z"),
        (unknown_count, "2026-11-25T10:10:00Z"),
        (seen(Cancelled, 0, &[]), "2026-11-25T14:00:00Z"),
        (
            seen(Cancelled, 0, &[Some("Unknown")]),
            "2026-11-25T14:00:00Z",
        ),
        (seen(Reserved, 0, &[]), "2026-11-25T14:00:00Z"),
        (seen(Delivered, 0, &[]), "2026-11-25T14:00:00Z"),
        (seen(Delivered, 2, &[]), "2026-11-25T10:10:00Z"),
    ] {
        let seen = look_at(&object, at, None);
        assert_eq!(seen.goal, Goal::Unclear, "{at} {}", seen.seen);
        assert_eq!(seen.conditions[0].1, ConditionStatus::Unknown);
    }
    // An accepted cancel is known to have come before any delivery.
    let reached = Goal::Reached(Evidence::Absence(Witness::FULL));
    let accepted = seen(Cancelled, 0, &[Some("Accepted")]);
    assert_eq!(
        look_at(&accepted, "2026-11-26T10:00:00Z", None).goal,
        reached
    );
    let all = seen(Delivered, 3, &[]);
    assert_eq!(look_at(&all, "2026-11-26T10:00:00Z", None).goal, reached);
}

#[test]
fn what_was_delivered_before_it_was_gone_was_not_cancelled() {
    let late = gone(Reason::TOO_LATE, false);
    for answers in [&[][..], &[Some("Accepted")]] {
        assert_eq!(look(&seen(Cancelled, 1, answers), None).goal, late);
    }
    // And a cancel that was accepted did not keep it from coming.
    let changed = ScheduledInstance {
        status: text("Delivering"),
        ..delivered_count(1)
    };
    let waits = waits();
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
            assert_eq!(ask.code, code(Reason::DESIRED_STATE_UNREACHABLE));
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

fn waits() -> Goal {
    Goal::Wait(code(words::AWAITING_DELIVERY), None)
}

const ODD_COUNTS: [Field<i64>; 3] = [Field::Absent, Field::Unclear, Field::Known(-1)];

#[test]
fn a_count_that_is_not_understood_is_not_0() {
    for count in ODD_COUNTS {
        let order = ScheduledInstance {
            delivery_count: count,
            ..esi()
        };
        for wanted in [Cancelled, Delivered] {
            for answers in [&[][..], &[Some("Unknown")], &[Some("Accepted")]] {
                let seen = look(&after(wanted, answers), Some(order.clone()));
                assert_eq!(seen.goal, Goal::Unclear, "{wanted:?} {answers:?} {count:?}");
                assert!(!seen.seen.contains(" 0 of "), "{}", seen.seen);
                assert_eq!(seen.observed.delivery_count, None);
                assert_eq!(seen.conditions[0].1, ConditionStatus::Unknown);
            }
        }
        assert_eq!(goal(Reserved, &[], Some(order)), REACHED, "it is there");
    }
    for count in [Field::Absent, Field::Unclear, Field::Known(0)] {
        let order = |delivered| ScheduledInstance {
            count,
            ..delivered_count(delivered)
        };
        assert_eq!(
            goal(Delivered, &[], Some(order(3))),
            Goal::Unclear,
            "{count:?}"
        );
        assert_eq!(
            goal(Cancelled, &[], Some(order(0))),
            Goal::Act(DELETE.plan())
        );
        assert_eq!(goal(Cancelled, &[], Some(order(1))), lost(Reason::TOO_LATE));
    }
}

#[test]
fn an_end_whose_time_is_not_understood_is_neither_come_nor_to_come() {
    let order = ScheduledInstance {
        invalid_at: Field::Unclear,
        ..esi()
    };
    for wanted in [Cancelled, Reserved, Delivered] {
        for answers in [&[][..], &[Some("Accepted")]] {
            let seen = look(&after(wanted, answers), Some(order.clone()));
            assert_eq!(seen.goal, Goal::Unclear, "{wanted:?} {answers:?}");
            assert_eq!(seen.conditions[0].1, ConditionStatus::Unknown);
        }
    }
    // What does not depend on it.
    let delivered = ScheduledInstance {
        delivery_count: Field::Known(3),
        ..order
    };
    assert_eq!(
        goal(Cancelled, &[], Some(delivered.clone())),
        lost(Reason::TOO_LATE)
    );
    assert_eq!(goal(Delivered, &[], Some(delivered)), REACHED);
}

#[test]
fn times_that_only_say_how_long_it_can_be_cancelled_decide_nothing() {
    for time in [Field::Absent, Field::Unclear] {
        for order in [esi(), order_of("Segmented", "Reserve")] {
            let order = ScheduledInstance {
                created_at: time,
                start_delivery_at: time,
                end_delivery_at: time,
                ..order
            };
            let seen = look(&after(Cancelled, &[]), Some(order.clone()));
            assert_eq!(seen.goal, Goal::Act(DELETE.plan()));
            assert_eq!(seen.conditions[0].1, ConditionStatus::Unknown);
            assert_eq!(goal(Delivered, &[], Some(order)), waits());
        }
    }
}

#[test]
fn a_word_that_is_missing_once_is_no_effect_of_a_cancel() {
    let accepted = [Some("Accepted")];
    let act = Goal::Act(DELETE.plan());
    for status in [Field::Absent, Field::Unclear] {
        let order = ScheduledInstance { status, ..esi() };
        assert_eq!(goal(Cancelled, &accepted, Some(order.clone())), act);
        // Nor is one that was missing when the cancel was sent.
        let mut object = after(Cancelled, &accepted);
        let step = &mut object.status.as_mut().expect("status").steps[0];
        step.baseline = mark(&order);
        assert_eq!(look(&object, Some(esi())).goal, act);
    }
}

#[test]
fn what_is_stored_is_written_as_version_0_1_0_wrote_it() {
    assert_eq!(mark(&esi()).as_deref(), Some("Scheduled, invalid "));
    assert_eq!(
        mark(&invalid()).as_deref(),
        Some("Invalid, invalid 2026-11-25T10:05:00Z")
    );
    assert_eq!(CANCELLED_BY_US, "cancelled by this operation");
    for (wanted, word) in [
        (Reserved, "Reserved"),
        (Delivered, "Delivered"),
        (Cancelled, "Cancelled"),
    ] {
        let stored = crate::operations::Object::desired_state(&after(wanted, &[]));
        assert_eq!(stored.as_deref(), Some(word));
    }
}

#[test]
fn the_clouds_clock_says_whether_an_end_has_come() {
    let object = after(Delivered, &[]);
    let order = || {
        Some(ScheduledInstance {
            invalid_at: Field::Known(time("2026-11-25T12:00:00Z")),
            ..esi()
        })
    };
    assert_eq!(
        look_at(&object, "2026-11-25T11:59:59Z", order()).goal,
        waits()
    );
    let over = look_at(&object, "2026-11-25T12:00:00Z", order());
    assert_eq!(over.goal, lost(words::NOT_DELIVERED));
}

#[test]
fn a_reading_that_is_not_understood_keeps_what_was_seen_before() {
    for answers in [&[][..], &[Some("Unknown")], &[Some("Accepted")]] {
        let object = seen(Cancelled, 0, answers);
        let facts = Facts {
            at: time(CREATED),
            order: Found::Unclear("The list is not whole."),
        };
        let seen = assess(&object, &facts);
        assert_eq!(seen.goal, Goal::Unclear);
        assert_eq!(Some(seen.observed), object.status.and_then(|s| s.observed));
    }
}

#[test]
fn an_outcome_of_seeing_is_named_as_such() {
    assert_eq!(
        SteerReservation::already(&after(Reserved, &[])),
        words::RESERVED
    );
    assert_eq!(
        SteerReservation::already(&after(Delivered, &[])),
        Reason::DELIVERED
    );
    assert_eq!(
        SteerReservation::already(&after(Cancelled, &[])),
        Reason::ALREADY_SATISFIED
    );
}

#[test]
fn what_a_reading_lacks_is_remembered_from_the_one_before() {
    let unread = ScheduledInstance {
        status: Field::Unclear,
        count: Field::Unclear,
        delivery_count: Field::Unclear,
        start_delivery_at: Field::Unclear,
        ..esi()
    };
    let absent = ScheduledInstance {
        id: text("esi-1"),
        ..ScheduledInstance::default()
    };
    let reached = Goal::Reached(Evidence::Absence(Witness::FULL));
    for without in [unread, absent] {
        for (wanted, delivered, answers, expected) in [
            // One of three had come, so the order was not cancelled as a whole.
            (
                Cancelled,
                1,
                &[Some("Accepted")][..],
                gone(Reason::TOO_LATE, false),
            ),
            (Cancelled, 0, &[], reached),
            (Delivered, 3, &[], Goal::Reached(absence(true, true))),
        ] {
            let mut object = seen(wanted, delivered, answers);
            let observed = look(&object, Some(without.clone())).observed;
            object.status.as_mut().expect("status").observed = Some(observed);
            assert_eq!(look(&object, None).goal, expected, "{wanted:?} {delivered}");
        }
    }
}

/// It was there, whatever of it could be read.
#[test]
fn an_order_seen_of_which_nothing_was_read_and_gone_is_unclear() {
    let bare = || ScheduledInstance {
        id: Field::Known("esi-1".to_owned()),
        ..ScheduledInstance::default()
    };
    let unread = || ScheduledInstance {
        status: Field::Unclear,
        count: Field::Unclear,
        delivery_count: Field::Unclear,
        invalid_at: Field::Unclear,
        ..bare()
    };
    let only_a_status = || ScheduledInstance {
        status: Field::Known("Word".to_owned()),
        ..bare()
    };
    for wanted in [Cancelled, Reserved, Delivered] {
        for orders in [
            vec![bare()],
            vec![unread()],
            vec![only_a_status(), unread()],
        ] {
            let mut object = after(wanted, &[]);
            for order in orders {
                let seen = look(&object, Some(order));
                // As the API server keeps it.
                let stored = serde_json::to_value(&seen.observed).expect("JSON");
                let observed = serde_json::from_value(stored).expect("an observation");
                object.status.as_mut().expect("status").observed = Some(observed);
            }
            let gone = look(&object, None);
            assert_eq!(gone.goal, Goal::Unclear, "{wanted:?}: {}", gone.seen);
            assert!(gone.seen.contains("no longer there"), "{}", gone.seen);
        }
    }
}

#[test]
fn the_name_and_the_time_of_release_are_shown() {
    let named = ScheduledInstance {
        name: text("nightly"),
        auto_release_at: Field::Known(time("2026-11-26T14:00:00Z")),
        ..esi()
    };
    let facts = Facts {
        order: Found::There(named),
        at: time(CREATED),
    };
    let seen = assess(&after(ReservationState::Reserved, &[]), &facts);
    assert!(
        seen.seen.contains("order esi-1 \"nightly\" is there"),
        "{}",
        seen.seen
    );
    assert!(
        seen.seen
            .contains("The cloud releases its instances at 2026-11-26T14:00:00Z."),
        "{}",
        seen.seen
    );
    assert_eq!(seen.observed.name.as_deref(), Some("nightly"));
    assert_eq!(
        seen.observed.auto_release,
        Some(Time(time("2026-11-26T14:00:00Z")))
    );
    let facts = Facts {
        order: Found::There(esi()),
        at: time(CREATED),
    };
    let seen = assess(&after(ReservationState::Reserved, &[]), &facts);
    assert!(!seen.seen.contains("releases"), "{}", seen.seen);
}
