//! A scheduled-instance order is seen to the wanted end. What its status words mean
//! is published nowhere, so no end hangs on one.

use errand_simulator::{Config, Reservation, ReservationAction, Seed, When};
use errand_testbed::{Bed, BedOptions};
use serde_json::{Value, json};

use crate::support::*;

pub const DELETE: &str = "ecs.DeleteScheduledInstance";

/// A bed with these orders, and a cloud that reads ECS like this.
pub fn ecs_bed(name: &str, readings: Value, orders: Vec<Reservation>) -> Bed {
    ecs_bed_with(name, Config::default(), readings, orders)
}

/// The same with a simulator of one's own.
pub fn ecs_bed_with(
    name: &str,
    simulator: Config,
    readings: Value,
    orders: Vec<Reservation>,
) -> Bed {
    let options = BedOptions {
        simulator,
        ..BedOptions::default()
    };
    let bed = bed_with(name, options);
    bed.connect_all_clouds();
    reread_of(&bed, "ecs", readings);
    let seed = |seed: Seed, order| seed.reservation(order);
    bed.simulator
        .seed(orders.into_iter().fold(Seed::new(), seed));
    bed
}

/// An operation of the order's name.
pub fn apply(bed: &Bed, order: &str, wanted: &str, more: &str) {
    bed.apply(&bed.reservation(order, order, wanted, more));
}

/// Waits until it has that reason, with little time of the test's clock: an order
/// can be cancelled for half an hour.
pub fn until(bed: &Bed, name: &str, reason: &str) -> Value {
    until_in_steps(bed, name, reason, 2)
}

/// The same where something has to happen in the cloud first.
pub fn until_later(bed: &Bed, name: &str, reason: &str) -> Value {
    until_in_steps(bed, name, reason, 60)
}

fn until_in_steps(bed: &Bed, name: &str, reason: &str, step: u64) -> Value {
    let mut object = Value::Null;
    bed.wait_until(&format!("{name} is {reason}"), || {
        bed.advance_if_led(seconds(step));
        object = bed.get("sir", name);
        ending(&object).reason == reason
    });
    object
}

pub fn deletes(bed: &Bed) -> usize {
    bed.simulator.journal().calls(DELETE)
}

/// How many orders were cancelled by calls.
pub fn cancelled(bed: &Bed) -> usize {
    bed.simulator.journal().effects("ecs.delete")
}

#[test]
pub fn an_order_that_is_there_is_reserved_and_until_when_it_can_be_cancelled_is_told() {
    let mut bed = ecs_bed(
        "sir-reserved",
        json!({"time_form": "offset"}),
        vec![Reservation::esi("esi-1")],
    );
    bed.start_operator();
    apply(&bed, "esi-1", "Reserved", "");
    let object = bed.wait_at_rest("sir", "esi-1");
    assert_ending(&bed, &object, "Succeeded", "Reserved");
    assert_eq!(condition(&object, "Cancellable"), "True");
    let until = object["status"]["observed"]["cancellableUntil"].as_str();
    let until: jiff::Timestamp = until.expect("a time").parse().expect("a time");
    let order = bed.simulator.reservation("esi-1").expect("the order");
    let allowed = order.cancellable_until.expect("a limit");
    assert_eq!(until.as_second(), allowed.as_second());
    assert_eq!(deletes(&bed), 0);
}

#[test]
pub fn an_order_is_delivered_once_all_of_it_is_also_in_two_parts() {
    let parts = Reservation::esi("parts").count(3);
    let orders = vec![
        Reservation::esi("whole").delivers(1, 3600),
        parts.delivers(1, 3600).delivers(2, 10_800),
    ];
    let mut bed = ecs_bed("sir-delivered", json!({}), orders);
    bed.start_operator();
    for order in ["whole", "parts"] {
        apply(&bed, order, "Delivered", "");
    }
    let object = until(&bed, "parts", "AwaitingDelivery");
    assert_eq!(ending(&object).state, "Waiting");
    bed.wait_until("a part is delivered", || {
        bed.advance_if_led(seconds(60));
        bed.get("sir", "parts")["status"]["observed"]["deliveryCount"] == 1
    });
    let object = bed.get("sir", "parts");
    assert_eq!(ending(&object).reason, "AwaitingDelivery");
    assert_eq!(condition(&object, "Cancellable"), "False");
    for order in ["whole", "parts"] {
        let object = until_later(&bed, order, "Delivered");
        assert_ending(&bed, &object, "Succeeded", "Delivered");
    }
    assert_eq!(deletes(&bed), 0);
}

#[test]
pub fn an_order_that_ends_undelivered_is_not_delivered_whether_it_stays_or_vanishes() {
    let orders = vec![
        Reservation::esi("lapses").lapses_in(3600),
        Reservation::esi("vanishes"),
    ];
    let mut bed = ecs_bed("sir-lapses", json!({"after_cancel": "vanishes"}), orders);
    bed.start_operator();
    for order in ["lapses", "vanishes"] {
        apply(&bed, order, "Delivered", "");
        until(&bed, order, "AwaitingDelivery");
    }
    // Somebody else, in the console.
    bed.simulator
        .act_on_reservation("vanishes", ReservationAction::Cancel);
    for order in ["lapses", "vanishes"] {
        let object = until_later(&bed, order, "NotDelivered");
        assert_ending(&bed, &object, "Failed", "NotDelivered");
    }
    assert_eq!(deletes(&bed), 0);
}

#[test]
pub fn what_cannot_be_cancelled_or_is_not_there_or_invalid_before_sends_nothing() {
    let orders = vec![
        Reservation::immediate("immediate").delivers_nothing(),
        Reservation::immediate("at-once").delivers(1, -1),
        Reservation::esi("here").delivers(1, -1),
        Reservation::reserve("begun", -60),
        Reservation::esi("invalid")
            .created(When::In(-600))
            .lapses_in(-60),
    ];
    let mut bed = ecs_bed("sir-nothing", json!({}), orders);
    bed.start_operator();
    for (order, outcome) in [
        ("immediate", "InvalidForTarget"),
        ("at-once", "InvalidForTarget"),
        ("here", "TooLate"),
        ("begun", "TooLate"),
        ("absent", "TargetNotFound"),
    ] {
        apply(&bed, order, "Cancelled", "");
        let object = bed.wait_at_rest("sir", order);
        assert_ending(&bed, &object, "Failed", outcome);
        assert_eq!(condition(&object, "Cancellable"), "False", "{order}");
    }
    apply(&bed, "invalid", "Cancelled", "");
    let object = bed.wait_at_rest("sir", "invalid");
    assert_ending(&bed, &object, "Succeeded", "AlreadySatisfied");
    assert_eq!(deletes(&bed), 0);
}

#[test]
pub fn the_clouds_words_are_shown_and_no_end_hangs_on_one() {
    for words in ["plain", "numbered"] {
        let orders = vec![
            Reservation::esi("esi-1"),
            Reservation::esi("esi-2").count(2).delivers(2, 600),
            Reservation::esi("esi-3").lapses_in(600),
        ];
        let readings = json!({"status_words": words, "after_cancel": "stays"});
        let mut bed = ecs_bed("sir-words", readings, orders);
        bed.start_operator();
        let wanted = [
            ("esi-1", "Cancelled", "Succeeded", "Cancelled"),
            ("esi-2", "Delivered", "Succeeded", "Delivered"),
            ("esi-3", "Delivered", "Failed", "NotDelivered"),
        ];
        for (order, wanted, ..) in wanted {
            apply(&bed, order, wanted, "");
        }
        for (order, _, state, outcome) in wanted {
            let object = match outcome {
                "Cancelled" => until(&bed, order, outcome),
                _ => until_later(&bed, order, outcome),
            };
            assert_ending(&bed, &object, state, outcome);
            let shown = bed.simulator.reservation(order).expect("the order").status;
            assert_eq!(object["status"]["observed"]["orderStatus"], shown);
        }
    }
}

#[test]
pub fn a_plan_says_what_would_be_sent_and_a_suspended_one_sends_nothing_until_it_goes_on() {
    let mut bed = ecs_bed("sir-plan", json!({}), vec![Reservation::esi("esi-1")]);
    bed.start_operator();
    apply(&bed, "esi-1", "Cancelled", "  mode: Plan\n");
    let object = until(&bed, "esi-1", "PlanReady");
    assert_eq!(
        object["status"]["plan"]["steps"],
        json!(["DeleteScheduledInstance ScheduledInstanceId=esi-1"])
    );
    apply(&bed, "esi-1", "Cancelled", "  suspend: true\n");
    until(&bed, "esi-1", "SuspendedBySpec");
    let looks = || bed.simulator.journal().calls("ecs.");
    let before = looks();
    for _ in 0..5 {
        bed.advance_if_led(seconds(30));
    }
    assert_eq!((looks(), deletes(&bed)), (before, 0));
    apply(&bed, "esi-1", "Cancelled", "");
    let object = until(&bed, "esi-1", "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(cancelled(&bed), 1);
}
