//! What the answers of the call lead to: told by code, whatever status they have.

use errand_simulator::{Fault, FaultKind, Reservation, ReservationAction, When};
use errand_testbed::Bed;
use serde_json::json;

use crate::reservations::*;
use crate::support::*;

/// The ClientToken of each cancel that was sent.
pub fn tokens(bed: &Bed) -> Vec<String> {
    let journal = bed.simulator.journal();
    let calls = journal.all_calls().iter();
    let sent = calls.filter(|call| call.api == DELETE).map(|call| {
        let mut pairs = call.query.split('&');
        let token = pairs.find_map(|pair| pair.strip_prefix("ClientToken="));
        token.expect("a token in every cancel").to_owned()
    });
    sent.collect()
}

/// The status and the code that each cancel was answered with.
fn said(bed: &Bed) -> Vec<(u16, String)> {
    let journal = bed.simulator.journal();
    let calls = journal.all_calls().iter().filter(|call| call.api == DELETE);
    let answered = calls.filter_map(|call| Some((call.status?, call.code.clone()?)));
    answered.collect()
}

#[test]
fn a_repeat_after_a_lost_answer_is_the_same_call_and_has_one_effect() {
    for lost in [FaultKind::DropBefore, FaultKind::DropAfter] {
        let readings = json!({"cancel_visible_after": 1200, "processing_for": 0});
        let mut bed = ecs_bed("sir-repeat", readings, vec![Reservation::esi("esi-1")]);
        bed.simulator.fault(Fault::new(DELETE, lost));
        bed.start_operator();
        apply(&bed, "esi-1", "Cancelled", "");
        bed.wait_until("it is sent again", || {
            bed.advance_if_led(seconds(2));
            deletes(&bed) == 2
        });
        let object = until_later(&bed, "esi-1", "Cancelled");
        assert_ending(&bed, &object, "Succeeded", "Cancelled");
        let tokens = tokens(&bed);
        assert_eq!(tokens.len(), 2, "{}", bed.simulator.journal());
        for (n, token) in tokens.iter().enumerate() {
            assert_eq!(object["status"]["steps"][n]["token"], **token);
            assert_eq!(*token, tokens[0]);
        }
        assert_eq!(cancelled(&bed), 1);
    }
}

#[test]
pub fn the_two_meanings_of_412_are_told_apart_also_in_an_answer_with_200() {
    for with_200 in [false, true] {
        let orders = vec![
            Reservation::esi("again"),
            Reservation::esi("late")
                .created(When::In(-1860))
                .delivers_nothing(),
            Reservation::reserve("begun", -60).delivers_nothing(),
        ];
        let readings = json!({
            "processing_for": 900,
            "cancel_visible_after": 3600,
            "errors_with_200": with_200,
        });
        let mut bed = ecs_bed("sir-412", readings, orders);
        bed.start_operator();
        for order in ["late", "begun"] {
            apply(&bed, order, "Cancelled", "");
            let object = bed.wait_at_rest("sir", order);
            assert_ending(&bed, &object, "Failed", "TooLate");
        }
        let status = if with_200 { 200 } else { 412 };
        let too_late = (status, "OperationDenied.LatestCancelTime".to_owned());
        assert_eq!(said(&bed), [too_late.clone(), too_late]);
        let before = tokens(&bed).len();
        bed.simulator
            .fault(Fault::new(DELETE, FaultKind::DropAfter));
        apply(&bed, "again", "Cancelled", "");
        let processing = (status, "IdempotentProcessing".to_owned());
        bed.wait_until("the first call is still being processed", || {
            bed.advance_if_led(seconds(2));
            said(&bed).contains(&processing)
        });
        let object = until_later(&bed, "again", "Cancelled");
        assert_ending(&bed, &object, "Succeeded", "Cancelled");
        let tokens = &tokens(&bed)[before..];
        assert!(tokens.len() > 2, "{}", bed.simulator.journal());
        assert!(tokens.iter().all(|token| *token == tokens[0]));
        assert_eq!(cancelled(&bed), 1);
    }
}

#[test]
fn a_state_that_forbids_the_cancel_is_waited_for_without_a_storm_of_calls() {
    // Somebody else has cancelled it, and that does not show yet.
    let readings = json!({"after_cancel": "stays", "cancel_visible_after": 1800});
    let mut bed = ecs_bed("sir-busy", readings, vec![Reservation::esi("esi-1")]);
    bed.simulator
        .act_on_reservation("esi-1", ReservationAction::Cancel);
    bed.start_operator();
    apply(&bed, "esi-1", "Cancelled", "");
    bed.wait_until("it waits, and names the cloud's code", || {
        bed.advance_if_led(seconds(2));
        let object = bed.get("sir", "esi-1");
        let found = ending(&object);
        let waits = (&*found.state, &*found.reason) == ("Waiting", "TargetBusy");
        waits && summary(&object).contains("InvalidScheduledInstanceStatus")
    });
    let object = until_later(&bed, "esi-1", "AlreadySatisfied");
    assert_ending(&bed, &object, "Succeeded", "AlreadySatisfied");
    // Once a minute, and more often only at first.
    assert!(deletes(&bed) <= 45, "{}", bed.simulator.journal());
    assert_eq!(cancelled(&bed), 0);
}

#[test]
fn an_order_that_the_call_does_not_find_is_looked_at_before_anything_is_said_of_it() {
    let mut bed = ecs_bed("sir-404", json!({}), vec![Reservation::esi("esi-1")]);
    let not_found = FaultKind::Error {
        status: 404,
        code: "InvalidScheduledInstance.NotFound".into(),
        message: "The scheduled instance does not exist.".into(),
    };
    bed.simulator.fault(Fault::new(DELETE, not_found));
    bed.start_operator();
    apply(&bed, "esi-1", "Cancelled", "");
    let object = until(&bed, "esi-1", "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!((deletes(&bed), cancelled(&bed)), (2, 1));
}
