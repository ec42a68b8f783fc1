//! Orders that are accepted: who pays them when, and what they end as.

use errand_simulator::{OrderAction, OrderTiming, WorkspaceDesktop, WorkspaceVolume};
use errand_testbed::{Bed, BedOptions, CLUSTER, DCS_PROJECT};
use serde_json::Value;

use crate::support::{
    LARGER, ORDER, assert_ending, await_look, bed, bed_with, condition, deny, ending, order_bed,
    pass_hours, resize, seconds, seed_desktop, subscribe, until_order, until_said, volume_id,
};

/// A desktop whose orders are delivered the moment they are paid.
fn at_once(desktop: WorkspaceDesktop) -> WorkspaceDesktop {
    desktop.timing(OrderTiming {
        runs_for: 0,
        ..OrderTiming::default()
    })
}

/// A bed through whose connection orders may be placed that a person pays.
fn manual_bed(name: &str) -> Bed {
    allowing_manual(bed(name))
}

fn allowing_manual(bed: Bed) -> Bed {
    bed.apply(&bed.paying_connection("huawei-prod", "ManualPayment", CLUSTER));
    bed
}

/// An order that waits for its payment.
fn unpaid(bed: &mut Bed, desktop: WorkspaceDesktop, more: &str) -> Value {
    let id = desktop.id.clone();
    seed_desktop(bed, desktop);
    bed.start_operator();
    bed.apply(&format!("{}{more}", resize(bed, "bigger", &id, "Manual")));
    until_order(bed, "bigger", "WaitingForPayment")
}

fn act(bed: &Bed, desktop: &str, action: OrderAction) {
    let orders = bed.simulator.orders(desktop);
    bed.simulator.act_on_order(&orders[0].order_id, action);
}

#[track_caller]
fn assert_one_order(bed: &Bed) {
    let journal = bed.simulator.journal();
    assert_eq!(journal.calls(ORDER), 1, "{journal}");
    assert_eq!(journal.effects("workspace.order"), 1, "{journal}");
}

#[test]
fn a_paid_order_is_placed_once_delivered_proven_and_costs_six_writes() {
    let mut bed = order_bed("six");
    seed_desktop(&bed, at_once(WorkspaceDesktop::new("desk-1")));
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    let object = bed.wait_at_rest("dor", "bigger");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    assert_one_order(&bed);
    let step = &object["status"]["steps"][0];
    assert_eq!(step["answer"], "Accepted", "{object:#}");
    assert_eq!(
        step["ids"]["order_id"],
        bed.simulator.orders("desk-1")[0].order_id.as_str()
    );
    bed.wait_until("the event is there", || bed.operation_writes().len() >= 6);
    bed.advance(seconds(3600));
    assert_eq!(
        bed.operation_writes(),
        [
            "create operationledgers",
            "update desktoporders status",
            "update desktoporders status",
            "update operationledgers",
            "update desktoporders status",
            "create events",
        ],
        "claim, intent, answer, close, end and event"
    );
}

#[test]
pub fn an_unpaid_order_waits_without_a_write_however_long_and_is_delivered_after_payment() {
    let mut options = BedOptions::default();
    // What is on its way while three hours pass is answered all the same.
    options.timing.signature_validity = seconds(4 * 3600);
    let mut bed = allowing_manual(bed_with("unpaid", options));
    // Longer than from the order until it may be proven, and shorter than from
    // its payment.
    let timing = OrderTiming {
        runs_for: 1200,
        ..OrderTiming::default()
    };
    let desktop = WorkspaceDesktop::new("desk-1").timing(timing);
    let object = unpaid(&mut bed, desktop, "  verifyTimeout: 30m\n");
    assert_eq!(ending(&object).state, "Waiting", "{object:#}");
    assert_eq!(ending(&object).reason, "WaitingForPayment");
    assert_eq!(condition(&object, "Paid"), "False", "{object:#}");
    let deadline = object["status"]["observed"]["paymentDeadline"].as_str();
    let deadline: jiff::Timestamp = deadline.expect("a deadline").parse().expect("a time");
    let order = &bed.simulator.orders("desk-1")[0];
    let week = deadline.duration_since(order.created_at).as_secs();
    assert!((7 * 86_400 - week).abs() <= 1, "{object:#}");
    let writes = bed.operation_writes();
    pass_hours(&bed, 30);
    await_look(&bed);
    assert_eq!(bed.operation_writes(), writes, "nothing is new");
    assert_eq!(bed.get("dor", "bigger"), object);
    act(&bed, "desk-1", OrderAction::Pay);
    let object = until_order(&bed, "bigger", "OrderProcessing");
    assert_eq!(condition(&object, "Paid"), "True", "{object:#}");
    let object = until_order(&bed, "bigger", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    assert_one_order(&bed);
}

#[test]
fn the_time_for_the_proof_starts_at_the_payment() {
    let mut bed = manual_bed("due");
    let timing = OrderTiming {
        runs_for: 24 * 3600,
        ..OrderTiming::default()
    };
    let desktop = WorkspaceDesktop::new("desk-1").timing(timing);
    unpaid(&mut bed, desktop, "  verifyTimeout: 30m\n");
    pass_hours(&bed, 6);
    let paid_at = bed.simulator.now();
    act(&bed, "desk-1", OrderAction::Pay);
    until_order(&bed, "bigger", "OrderProcessing");
    let object = until_order(&bed, "bigger", "ProofTimeout");
    assert_eq!(ending(&object).state, "Held", "{object:#}");
    let since = object["status"]["hold"]["since"].as_str();
    let since: jiff::Timestamp = since.expect("a time").parse().expect("a time");
    let waited = since.duration_since(paid_at).as_secs();
    assert!(waited >= 1799, "asked {waited} s after the payment");
    // Proof ends the question by itself.
    pass_hours(&bed, 24);
    until_order(&bed, "bigger", "Delivered");
    assert_one_order(&bed);
}

#[test]
pub fn an_order_that_nobody_pays_in_time_ends_as_order_cancelled() {
    let mut bed = manual_bed("lapse");
    let timing = OrderTiming {
        pay_within: 24 * 3600,
        ..OrderTiming::default()
    };
    unpaid(&mut bed, WorkspaceDesktop::new("desk-1").timing(timing), "");
    pass_hours(&bed, 27);
    let object = until_order(&bed, "bigger", "OrderCancelled");
    assert_ending(&bed, &object, "Failed", "OrderCancelled");
    assert_one_order(&bed);
    let ledger = &bed.list("operationledger")[0]["spec"];
    assert!(ledger["open"].is_null(), "{ledger:#}");
    assert_eq!(ledger["entries"][0]["result"], "OrderCancelled");
}

#[test]
pub fn an_order_under_review_is_waited_for() {
    let mut bed = order_bed("review");
    let timing = OrderTiming {
        review_for: 48 * 3600,
        ..OrderTiming::default()
    };
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1").timing(timing));
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    let object = until_order(&bed, "bigger", "OrderInReview");
    assert_eq!(ending(&object).state, "Waiting", "{object:#}");
    assert_eq!(condition(&object, "Paid"), "Unknown", "{object:#}");
    pass_hours(&bed, 12);
    await_look(&bed);
    assert_eq!(ending(&bed.get("dor", "bigger")).reason, "OrderInReview");
    act(&bed, "desk-1", OrderAction::Hurry);
    until_order(&bed, "bigger", "Delivered");
    assert_one_order(&bed);
}

#[test]
pub fn an_order_that_is_carried_out_is_processing_and_paid() {
    let mut bed = order_bed("processing");
    let timing = OrderTiming {
        waits_for: 300,
        ..OrderTiming::default()
    };
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1").timing(timing));
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    let object = until_order(&bed, "bigger", "OrderProcessing");
    assert_eq!(ending(&object).state, "Waiting", "{object:#}");
    assert_eq!(condition(&object, "Paid"), "True", "{object:#}");
    until_order(&bed, "bigger", "Delivered");
    assert_one_order(&bed);
}

/// The outcome differs by reading: where neither the answer has a job's id nor
/// the order tells of the failure, nobody knows of it, and a person is asked.
#[test]
pub fn an_accepted_order_whose_job_fails_is_order_failed() {
    let mut bed = order_bed("job-fails");
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1").jobs_fail());
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    match crate::readings().workspace.job_id_in_answer {
        true => {
            let object = until_order(&bed, "bigger", "OrderFailed");
            assert_ending(&bed, &object, "Failed", "OrderFailed");
            let summary = object["status"]["summary"].as_str().unwrap_or_default();
            assert!(summary.contains("failed"), "{summary}");
        }
        false => {
            let object = until_order(&bed, "bigger", "ProofTimeout");
            assert_eq!(ending(&object).state, "Held", "{object:#}");
        }
    }
    assert_one_order(&bed);
}

#[test]
fn a_larger_volume_is_ordered_and_delivered() {
    let mut bed = order_bed("expand");
    let volume = WorkspaceVolume::new("vol-1", 100);
    let desktop = WorkspaceDesktop::new("desk-1").data_volume(volume);
    seed_desktop(&bed, at_once(desktop));
    bed.start_operator();
    let id = volume_id("vol-1");
    let change = format!("{{expandVolume: {{volumeId: {id}, sizeGiB: 200}}}}");
    bed.apply(&bed.order("bigger", "desk-1", &change, "  payment: Automatic\n"));
    let object = until_order(&bed, "bigger", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    assert_eq!(object["status"]["observed"]["volumeSizeGiB"], 200);
    let desktop = bed.simulator.desktop(DCS_PROJECT, "desk-1");
    let volumes = desktop.expect("it is there").volumes;
    assert!(volumes.contains(&("vol-1".into(), 200)), "{volumes:?}");
    assert_one_order(&bed);
    // The volume is larger than the next one wants.
    let smaller = change.replace("200", "150");
    bed.apply(&bed.order("smaller", "desk-1", &smaller, "  payment: Automatic\n"));
    let object = until_order(&bed, "smaller", "AlreadySatisfied");
    assert_ending(&bed, &object, "Succeeded", "AlreadySatisfied");
    assert_one_order(&bed);
}

#[test]
fn a_term_is_ordered_and_delivered() {
    let mut bed = order_bed("subscribe");
    let desktop = WorkspaceDesktop::new("desk-1").on_demand();
    seed_desktop(&bed, at_once(desktop));
    bed.start_operator();
    bed.apply(&subscribe(&bed, "month", "desk-1", "Automatic"));
    let object = until_order(&bed, "month", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    assert_eq!(object["status"]["observed"]["chargeMode"], "0");
    assert_one_order(&bed);
}

#[test]
pub fn a_term_for_a_desktop_that_was_prepaid_before_is_already_prepaid() {
    let mut bed = order_bed("prepaid");
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    bed.start_operator();
    bed.apply(&subscribe(&bed, "month", "desk-1", "Automatic"));
    let object = until_order(&bed, "month", "AlreadyPrepaid");
    assert_ending(&bed, &object, "Failed", "AlreadyPrepaid");
    assert_eq!(bed.simulator.journal().calls(ORDER), 0);
}

#[test]
fn a_desktop_that_has_the_product_is_already_satisfied() {
    let mut bed = order_bed("satisfied");
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1").product(LARGER));
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    let object = until_order(&bed, "bigger", "AlreadySatisfied");
    assert_ending(&bed, &object, "Succeeded", "AlreadySatisfied");
    assert_eq!(bed.simulator.journal().calls(ORDER), 0);
    assert!(
        bed.list("operationledger").is_empty(),
        "nothing was claimed"
    );
}

#[test]
fn without_permission_for_bss_an_order_ends_all_the_same_and_paid_is_unknown() {
    let mut bed = manual_bed("no-bss");
    deny(&bed, &["bss."]);
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    until_order(&bed, "bigger", "Verifying");
    until_said(&bed, "bigger", "cannot be looked up in BSS");
    let object = bed.get("dor", "bigger");
    assert_eq!(condition(&object, "Paid"), "Unknown", "{object:#}");
    // Whether it is paid cannot be seen, so a person is asked after a while.
    until_order(&bed, "bigger", "ProofTimeout");
    act(&bed, "desk-1", OrderAction::Pay);
    let object = until_order(&bed, "bigger", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    assert_eq!(condition(&object, "Paid"), "Unknown", "{object:#}");
    assert_one_order(&bed);
}
