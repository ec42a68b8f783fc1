//! An order is cancelled once, and that shows in either of two ways.

use std::fs;

use errand_simulator::{Fault, FaultKind, Reservation};
use serde_json::{Value, json};

use crate::reservation_answers::tokens;
use crate::reservations::*;
use crate::support::*;

#[test]
fn an_order_of_either_sort_is_cancelled_and_seen_to_be_whether_it_vanishes_or_stays() {
    for (reading, result) in [
        ("vanishes", "absent"),
        ("vanishes", "null"),
        ("stays", "object"),
    ] {
        let orders = vec![Reservation::esi("esi"), Reservation::reserve("slot", 3600)];
        let readings = json!({"after_cancel": reading, "empty_result": result});
        let mut bed = ecs_bed("sir-cancel", readings, orders);
        bed.start_operator();
        for order in ["esi", "slot"] {
            apply(&bed, order, "Cancelled", "");
            let object = until(&bed, order, "Cancelled");
            assert_ending(&bed, &object, "Succeeded", "Cancelled");
            assert_eq!(condition(&object, "Cancellable"), "False");
        }
        assert_eq!((deletes(&bed), cancelled(&bed)), (2, 2), "{reading}");
    }
}

#[test]
fn a_cancel_that_shows_late_is_looked_for() {
    for reading in ["vanishes", "stays"] {
        let readings = json!({"after_cancel": reading, "cancel_visible_after": 1200});
        let mut bed = ecs_bed("sir-late", readings, vec![Reservation::esi("esi-1")]);
        bed.start_operator();
        apply(&bed, "esi-1", "Cancelled", "");
        until(&bed, "esi-1", "Verifying");
        let object = until_later(&bed, "esi-1", "Cancelled");
        assert_ending(&bed, &object, "Succeeded", "Cancelled");
        assert_eq!(deletes(&bed), 1, "{reading}");
    }
}

#[test]
fn an_order_that_has_vanished_after_a_lost_answer_was_cancelled() {
    let readings = json!({"after_cancel": "vanishes", "cancel_visible_after": 0});
    let mut bed = ecs_bed("sir-gone", readings, vec![Reservation::esi("esi-1")]);
    bed.simulator
        .fault(Fault::new(DELETE, FaultKind::DropAfter));
    bed.start_operator();
    apply(&bed, "esi-1", "Cancelled", "");
    let object = until(&bed, "esi-1", "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!((deletes(&bed), cancelled(&bed)), (1, 1));
}

#[test]
fn the_token_stands_in_status_before_it_is_sent() {
    let mut bed = ecs_bed("sir-token", json!({}), vec![Reservation::esi("esi-1")]);
    let (file, pause) = pause_at(&bed, "before:Send:1");
    bed.start_operator_with(&[], &[("ERRAND_TEST_PAUSE", &pause)]);
    apply(&bed, "esi-1", "Cancelled", "");
    bed.wait_until("it is about to be sent", || {
        bed.operator_log().contains("test pause")
    });
    let recorded = bed.get("sir", "esi-1")["status"]["steps"][0]["token"].clone();
    assert_eq!(deletes(&bed), 0);
    fs::remove_file(file).expect("it was made above");
    until(&bed, "esi-1", "Cancelled");
    assert_eq!(tokens(&bed), [recorded.as_str().expect("a token")]);
}

#[test]
fn killed_at_any_moment_of_its_call_it_is_cancelled_once() {
    for moment in [
        "before:Intend:1",
        "after:Intend:1",
        "before:Send:1",
        "after:Send:1",
    ] {
        let mut bed = ecs_bed("sir-kill", json!({}), vec![Reservation::esi("esi-1")]);
        bed.start_operator_with(&[], &[("ERRAND_TEST_KILL", moment)]);
        apply(&bed, "esi-1", "Cancelled", "");
        assert_eq!(bed.wait_for_operator_to_end(), 128 + 9, "{moment}");
        bed.delete_lease();
        bed.start_operator();
        let object = until(&bed, "esi-1", "Cancelled");
        assert_ending(&bed, &object, "Succeeded", "Cancelled");
        assert_eq!(cancelled(&bed), 1, "{moment}");
    }
}

#[test]
fn what_is_cancelled_cannot_be_had_any_more_and_asking_for_it_is_held_until_it_is_taken_back() {
    for reading in ["vanishes", "stays"] {
        let readings = json!({"after_cancel": reading});
        let mut bed = ecs_bed("sir-revert", readings, vec![Reservation::esi("esi-1")]);
        bed.start_operator();
        apply(&bed, "esi-1", "Cancelled", "");
        until(&bed, "esi-1", "Cancelled");
        for wanted in ["Delivered", "Reserved"] {
            apply(&bed, "esi-1", wanted, "");
            let object = until(&bed, "esi-1", "DesiredStateUnreachable");
            let choices = &["LookAgain", "GiveUp"];
            assert_held(&bed, &object, "DesiredStateUnreachable", choices);
        }
        apply(&bed, "esi-1", "Cancelled", "");
        let object = until(&bed, "esi-1", "Cancelled");
        assert_ending(&bed, &object, "Succeeded", "Cancelled");
        assert_eq!(object["status"]["hold"], Value::Null);
        assert_eq!(deletes(&bed), 1, "{reading}");
    }
}

#[test]
fn each_decision_about_a_reservation_is_taken() {
    let names = ["esi-1", "esi-2", "esi-3", "esi-4", "esi-5"];
    let readings = json!({"after_cancel": "stays", "cancel_visible_after": 2 * 3600});
    let mut bed = ecs_bed(
        "sir-decided",
        readings,
        names.map(Reservation::esi).to_vec(),
    );
    bed.start_operator();
    for name in names {
        apply(&bed, name, "Cancelled", "  verifyTimeout: 10m\n");
    }
    for name in names {
        let object = until_later(&bed, name, "ProofTimeout");
        let choices = ["LookAgain", "AssumeDone", "GiveUp"];
        assert_held(&bed, &object, "ProofTimeout", &choices);
    }
    let decide = |name: &str, decision: &str| resolve_of(&bed, "sir", name, decision);
    decide("esi-1", "AssumeDone");
    let object = until(&bed, "esi-1", "AssumedDone");
    assert_ending(&bed, &object, "Succeeded", "AssumedDone");
    decide("esi-2", "GiveUp");
    let object = until(&bed, "esi-2", "GivenUp");
    assert_ending(&bed, &object, "Failed", "GivenUp");
    decide("esi-3", "LookAgain");
    let again = until(&bed, "esi-3", "Verifying");
    assert!(again["status"]["hold"].is_null(), "{again:#}");

    for name in ["esi-3", "esi-4", "esi-5"] {
        until_later(&bed, name, "Cancelled");
    }
    for (name, decision) in [("esi-4", "LookAgain"), ("esi-5", "GiveUp")] {
        apply(&bed, name, "Delivered", "");
        let object = until_later(&bed, name, "DesiredStateUnreachable");
        let choices = ["LookAgain", "GiveUp"];
        assert_held(&bed, &object, "DesiredStateUnreachable", &choices);
        let id = object["status"]["hold"]["id"].clone();
        decide(name, decision);
        bed.wait_until("it is taken", || {
            bed.get("sir", name)["status"]["lastHandledHoldId"] == id
        });
    }
    assert_eq!(deletes(&bed), names.len());
}
