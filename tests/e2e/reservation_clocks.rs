//! The cloud's clock decides whether an order can still be cancelled, whatever ours
//! says.

use std::fs;

use errand_simulator::{Config, Reservation, Seed, When};
use errand_testbed::Bed;
use serde_json::json;

use crate::reservations::*;
use crate::support::*;

/// An order, never delivered, that was placed so many seconds ago.
fn placed(id: &str, seconds: i64) -> Reservation {
    let order = Reservation::esi(id).created(When::In(-seconds));
    order.delivers_nothing()
}

/// A bed whose cloud's clock is ahead of ours.
fn ahead(name: &str, seconds: i64, orders: Vec<Reservation>) -> Bed {
    let simulator = Config {
        date_offset: seconds,
        ..Config::default()
    };
    ecs_bed_with(name, simulator, json!({"cancel_visible_after": 0}), orders)
}

/// Lets a cancel arrive 29:59 after its order was placed, by the cloud's clock.
/// Whether it came in time after all, which a busy machine may prevent.
fn at_the_last_second(offset: i64) -> bool {
    let mut bed = ahead("sir-in-time", offset, vec![placed("esi-1", 600)]);
    let (file, pause) = pause_at(&bed, "before:Send:1");
    bed.start_operator_with(&[], &[("ERRAND_TEST_PAUSE", &pause)]);
    apply(&bed, "esi-1", "Cancelled", "");
    bed.wait_until("it is about to be sent", || {
        bed.operator_log().contains("test pause")
    });
    let order = placed("esi-1", 30 * 60 - 1);
    bed.simulator.seed(Seed::new().reservation(order));
    let order = bed.simulator.reservation("esi-1").expect("the order");
    let until = order.cancellable_until.expect("a limit");
    fs::remove_file(file).expect("it was made above");
    let object = bed.wait_at_rest("sir", "esi-1");
    let journal = bed.simulator.journal();
    let mut calls = journal.all_calls().iter();
    let call = calls.find(|call| call.api == DELETE).expect("a cancel");
    // Whether the last second itself is in time is not documented.
    let in_time = call.time.as_second() < until.as_second();
    match in_time {
        true => assert_ending(&bed, &object, "Succeeded", "Cancelled"),
        false => println!("the machine was too busy for it"),
    }
    in_time
}

#[test]
fn a_cancel_at_29_59_is_in_time_and_at_30_01_too_late_by_the_clouds_clock() {
    for offset in [-540, 0, 540] {
        const TRIES: usize = 5;
        assert!((0..TRIES).any(|_| at_the_last_second(offset)), "{offset}");
        let mut bed = ahead("sir-too-late", offset, vec![placed("esi-1", 30 * 60 + 1)]);
        bed.start_operator();
        apply(&bed, "esi-1", "Cancelled", "");
        let object = bed.wait_at_rest("sir", "esi-1");
        assert_ending(&bed, &object, "Failed", "TooLate");
        assert_eq!(
            (deletes(&bed), cancelled(&bed)),
            (1, 0),
            "the cloud decides"
        );
    }
}

#[test]
fn a_clock_that_is_twenty_minutes_off_is_told_and_nothing_is_sent() {
    for offset in [-1200, 1200] {
        let mut bed = ahead("sir-skew", offset, vec![placed("esi-1", 60)]);
        bed.start_operator();
        apply(&bed, "esi-1", "Cancelled", "");
        let object = until(&bed, "esi-1", "ClockSkew");
        assert_eq!(ending(&object).state, "Waiting");
        assert_eq!(deletes(&bed), 0);
    }
}
