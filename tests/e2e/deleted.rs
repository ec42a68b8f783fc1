//! Orders whose object goes while their call is under way. What this process
//! knows of the call is kept, so that nobody is asked what it could have told.

use std::fs;
use std::path::PathBuf;

use errand_simulator::{Fault, FaultKind, WorkspaceDesktop};
use errand_testbed::Bed;
use serde_json::Value;

use crate::replicas::{answers, pause_at};
use crate::support::*;

/// An order that stands at that moment, until the file is removed.
fn ordering(name: &str, moment: &str) -> (Bed, PathBuf) {
    let mut bed = order_bed(name);
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    let (file, pause) = pause_at(&bed, moment);
    bed.start_operator_with(&[], &[("ERRAND_TEST_PAUSE", &pause)]);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    bed.wait_until("it stands there", || {
        bed.operator_log().contains("test pause")
    });
    (bed, file)
}

/// An order whose call is to be made again, as the gateway was too busy for it.
fn throttled(name: &str) -> Bed {
    let mut bed = order_bed(name);
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    bed.simulator
        .fault(Fault::new(ORDER, FaultKind::Throttle).always());
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    bed.wait_until("it was turned away", || {
        !answers(&bed.operator_log()).is_empty()
    });
    bed
}

/// The operator's watch shows no order.
fn until_shown_gone(bed: &Bed) {
    bed.wait_until("the operator has seen that it is gone", || {
        let metrics = bed.http("/metrics");
        metrics.contains("# EOF") && !metrics.contains("operations{kind=\"DesktopOrder\"")
    });
}

fn finalizer(bed: &Bed, finalizers: &[&str]) {
    let patch = serde_json::json!({"metadata": {"finalizers": finalizers}});
    bed.edit("dor", "bigger", &patch);
}

/// What the ledger holds as open.
fn open(bed: &Bed) -> Value {
    let ledgers = bed.list("operationledger");
    assert_eq!(ledgers.len(), 1, "{ledgers:#?}");
    ledgers[0]["spec"]["open"].clone()
}

fn until_released(bed: &Bed) {
    bed.wait_until("the claim is closed", || open(bed).is_null());
}

/// Applied again, it is ordered without asking anybody.
fn is_ordered_once_when_applied_again(bed: &Bed) {
    assert_eq!(orders(bed), 0, "{}", bed.simulator.journal());
    bed.simulator.clear_faults();
    bed.apply(&resize(bed, "bigger", "desk-1", "Manual"));
    until_order(bed, "bigger", "WaitingForPayment");
    assert_eq!(orders(bed), 1, "{}", bed.simulator.journal());
}

#[test]
fn an_order_deleted_between_claim_and_send_is_not_sent_and_leaves_no_question() {
    for moment in ["after:Claim:1", "after:Intend:1", "before:Send:1"] {
        let (bed, file) = ordering("unsent", moment);
        assert_eq!(open(&bed)["object"]["name"], "bigger", "{moment}");
        bed.kubectl(&["delete", "dor", "bigger"]);
        until_shown_gone(&bed);
        fs::remove_file(file).expect("it was made above");
        until_released(&bed);
        let log = bed.operator_log();
        let withheld = |answer: &&str| answer.contains("not_sent");
        assert!(answers(&log).iter().all(withheld), "{moment}\n{log}");
        assert!(!log.contains("orphaned"), "nothing is known of nothing");
        is_ordered_once_when_applied_again(&bed);
    }
}

#[test]
fn an_order_deleted_before_its_next_attempt_leaves_no_question() {
    let bed = throttled("turned-away");
    bed.kubectl(&["delete", "dor", "bigger"]);
    until_released(&bed);
    is_ordered_once_when_applied_again(&bed);
}

#[test]
fn an_order_that_a_finalizer_keeps_from_going_releases_what_it_has_not_sent() {
    let bed = throttled("kept");
    finalizer(&bed, &["example.org/keep"]);
    bed.kubectl(&["delete", "dor", "bigger", "--wait=false"]);
    until_released(&bed);
    finalizer(&bed, &[]);
    until_shown_gone(&bed);
    is_ordered_once_when_applied_again(&bed);
}

#[test]
fn the_answer_to_an_order_that_a_finalizer_keeps_from_going_is_kept_in_the_ledger_and_told() {
    let (bed, file) = ordering("kept-answer", "after:Send:1");
    assert_eq!(orders(&bed), 1);
    finalizer(&bed, &["example.org/keep"]);
    bed.kubectl(&["delete", "dor", "bigger", "--wait=false"]);
    fs::remove_file(file).expect("it was made above");
    bed.wait_until("an event tells it", || {
        let events = bed.kubectl(&["get", "events", "-o", "yaml"]);
        events.contains("DeletedInFlight")
    });
    let kept = open(&bed);
    assert_eq!(kept["answer"], "Accepted", "{kept:#}");
    let placed = bed.simulator.orders("desk-1").remove(0).order_id;
    assert_eq!(kept["ids"]["order_id"], placed.as_str(), "{kept:#}");
    finalizer(&bed, &[]);
    until_shown_gone(&bed);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    until_order(&bed, "bigger", "WaitingForPayment");
    assert_eq!(orders(&bed), 1, "{}", bed.simulator.journal());
}
