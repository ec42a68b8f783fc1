//! Orders that are not sent, or that the cloud does not take.

use errand_simulator::{Fault, FaultKind, OrderTiming, Seed, WorkspaceDesktop, WorkspaceProduct};
use errand_testbed::{Bed, CLUSTER, DCS_PROJECT};
use serde_json::Value;

use crate::support::{
    LARGER, ORDER, assert_ending, await_look, bed, deny, ending, order_bed, pass_hours, resize,
    seconds, seed_desktop, subscribe, until_order,
};

/// A desktop whose orders are delivered at once.
fn desktop() -> WorkspaceDesktop {
    WorkspaceDesktop::new("desk-1").timing(OrderTiming {
        runs_for: 0,
        ..OrderTiming::default()
    })
}

/// An order for a desktop, with an operator that may place it.
fn ordered(name: &str, desktop: WorkspaceDesktop) -> Bed {
    let mut bed = order_bed(name);
    seed_desktop(&bed, desktop);
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    bed
}

/// The same, where the next calls meet an error.
fn refused(name: &str, times: u32, status: u16, code: &str) -> Bed {
    let mut bed = order_bed(name);
    seed_desktop(&bed, desktop());
    let kind = FaultKind::Error {
        status,
        code: code.into(),
        message: "injected".into(),
    };
    bed.simulator.fault(Fault::new(ORDER, kind).times(times));
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    bed
}

fn summary(object: &Value) -> &str {
    object["status"]["summary"].as_str().unwrap_or_default()
}

#[track_caller]
fn assert_nothing_sent(bed: &Bed) {
    let journal = bed.simulator.journal();
    assert_eq!(journal.calls(ORDER), 0, "{journal}");
    assert!(
        bed.list("operationledger").is_empty(),
        "nothing was claimed"
    );
}

/// Nothing is claimed any more, so another operation need not wait.
fn await_release(bed: &Bed) {
    bed.wait_until("the claim is released", || {
        let ledgers = bed.list("operationledger");
        !ledgers.is_empty() && ledgers[0]["spec"]["open"].is_null()
    });
}

#[test]
fn an_order_for_a_desktop_that_is_not_there_is_target_not_found() {
    let mut bed = order_bed("no-desk");
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    let object = until_order(&bed, "bigger", "TargetNotFound");
    assert_ending(&bed, &object, "Failed", "TargetNotFound");
    assert_nothing_sent(&bed);
}

#[test]
fn an_order_for_a_volume_that_the_desktop_has_not_is_invalid_for_the_target() {
    let mut bed = order_bed("no-volume");
    seed_desktop(&bed, desktop());
    bed.start_operator();
    let change = "{expandVolume: {volumeId: vol-9, sizeGiB: 200}}";
    bed.apply(&bed.order("bigger", "desk-1", change, "  payment: Automatic\n"));
    let object = until_order(&bed, "bigger", "InvalidForTarget");
    assert_ending(&bed, &object, "Failed", "InvalidForTarget");
    assert!(summary(&object).contains("has no volume vol-9"));
    assert_nothing_sent(&bed);
}

#[test]
fn an_order_for_a_product_that_cannot_be_had_names_those_that_can() {
    let mut bed = order_bed("no-product");
    seed_desktop(&bed, desktop());
    let sold_out = WorkspaceProduct::new("sold-out").status("sellout");
    bed.simulator
        .seed(Seed::new().product(DCS_PROJECT, sold_out));
    bed.start_operator();
    for (name, product, why) in [
        ("soldout", "sold-out", "is not on sale (sellout)"),
        ("unknown", "unheard-of", "cannot be changed to product"),
    ] {
        let change = format!("{{resize: {{productId: {product}}}}}");
        bed.apply(&bed.order(name, "desk-1", &change, "  payment: Automatic\n"));
        let object = until_order(&bed, name, "InvalidForTarget");
        assert_ending(&bed, &object, "Failed", "InvalidForTarget");
        let said = summary(&object);
        assert!(said.contains(why), "{said}");
        let legal = format!("It can be changed to {LARGER}.");
        assert!(said.contains(&legal), "{said}");
    }
    assert_nothing_sent(&bed);
}

#[test]
fn a_busy_desktop_is_waited_for() {
    let bed = ordered("busy", desktop().busy("rebooting", 3600));
    let object = until_order(&bed, "bigger", "TargetBusy");
    assert_eq!(ending(&object).state, "Waiting", "{object:#}");
    let said = summary(&object);
    assert!(said.contains("rebooting"), "{said}");
    assert_nothing_sent(&bed);
    until_order(&bed, "bigger", "Delivered");
    assert_eq!(bed.simulator.journal().calls(ORDER), 1);
}

#[test]
fn an_order_that_conflicts_waits_and_releases_its_claim() {
    let bed = refused("conflict", 1, 409, "WKS.00010032");
    until_order(&bed, "bigger", "TargetBusy");
    await_release(&bed);
    let object = until_order(&bed, "bigger", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    let journal = bed.simulator.journal();
    assert_eq!(journal.calls(ORDER), 2, "{journal}");
    assert_eq!(journal.effects("workspace.order"), 1, "{journal}");
}

#[test]
fn an_order_that_is_forbidden_is_blocked_and_releases_its_claim() {
    let mut bed = order_bed("forbidden");
    seed_desktop(&bed, desktop());
    deny(&bed, &[ORDER]);
    // The gateway says so, with its own status in every reading.
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    let object = until_order(&bed, "bigger", "PermissionDenied");
    assert_eq!(ending(&object).state, "Blocked", "{object:#}");
    await_release(&bed);
    deny(&bed, &[]);
    let object = until_order(&bed, "bigger", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    assert_eq!(bed.simulator.journal().effects("workspace.order"), 1);
}

#[test]
fn a_refused_order_was_not_executed_and_can_be_applied_again() {
    let bed = refused("terminal", 1, 400, "WKS.00010099");
    let object = until_order(&bed, "bigger", "Refused");
    assert_ending(&bed, &object, "Failed", "Refused");
    let said = summary(&object);
    assert!(said.contains("WKS.00010099"), "{said}");
    await_release(&bed);
    bed.kubectl(&["delete", "dor", "bigger"]);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    let object = until_order(&bed, "bigger", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    let journal = bed.simulator.journal();
    assert_eq!(journal.calls(ORDER), 2, "{journal}");
    assert_eq!(journal.effects("workspace.order"), 1, "{journal}");
}

#[test]
fn an_answer_without_an_order_is_unknown_whatever_its_status() {
    for (name, status, code) in [
        ("error-in-200", 200, "WKS.00010032"),
        ("unlisted-400", 400, "WKS.0001"),
        ("fault-500", 500, "WKS.0001"),
    ] {
        let bed = refused(name, 1, status, code);
        let object = until_order(&bed, "bigger", "ResolvingAnswer");
        let step = &object["status"]["steps"][0];
        assert_eq!(step["answer"], "Unknown", "{object:#}");
        assert_eq!(step["code"], code, "{object:#}");
        pass_hours(&bed, 15);
        let object = until_order(&bed, "bigger", "AnswerUnknown");
        assert_eq!(ending(&object).state, "Held", "{object:#}");
        assert_eq!(bed.simulator.journal().calls(ORDER), 1);
    }
}

/// An order of that payment under that policy is blocked for that reason, and
/// goes on when the policy allows it.
fn blocked_by_policy(name: &str, policy: &str, payment: &str, reason: &str, words: &str) {
    let mut bed = bed(name);
    let connection = bed.connection("huawei-prod");
    bed.apply(&format!("{connection}{policy}"));
    seed_desktop(&bed, desktop());
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", payment));
    let object = until_order(&bed, "bigger", reason);
    assert_eq!(ending(&object).state, "Blocked", "{object:#}");
    let said = summary(&object);
    assert!(said.contains(words), "{said}");
    await_look(&bed);
    assert_nothing_sent(&bed);
    bed.apply(&bed.paying_connection("huawei-prod", "AutomaticPayment", CLUSTER));
    bed.wait_until("it is sent", || {
        bed.advance(seconds(10));
        bed.simulator.journal().effects("workspace.order") == 1
    });
}

#[test]
pub fn an_order_through_a_connection_that_forbids_it_is_blocked_until_it_is_allowed() {
    let reason = "PaidOperationsForbidden";
    let words = "is Forbid; this operation needs ManualPayment";
    blocked_by_policy("forbid", "", "Manual", reason, words);
}

#[test]
fn automatic_payment_is_blocked_where_only_a_person_may_pay() {
    let policy = format!("  policy: {{paidOperations: ManualPayment, clusterId: {CLUSTER}}}\n");
    let reason = "PaidOperationsForbidden";
    let words = "is ManualPayment; this operation needs AutomaticPayment";
    blocked_by_policy("manual-only", &policy, "Automatic", reason, words);
}

#[test]
fn an_order_of_another_cluster_is_blocked() {
    let policy = "  policy: {paidOperations: AutomaticPayment, clusterId: other}\n";
    let words = "policy.clusterId of the connection is other";
    blocked_by_policy(
        "elsewhere",
        policy,
        "Automatic",
        "ConnectionMismatch",
        words,
    );
}

#[test]
fn a_plan_says_what_would_be_sent_and_who_pays_and_sends_nothing() {
    let mut bed = order_bed("plan-order");
    seed_desktop(&bed, desktop().on_demand());
    bed.start_operator();
    for (name, manifest, words) in [
        (
            "bigger",
            resize(&bed, "bigger", "desk-1", "Automatic"),
            "is_auto_pay=true resize_product_id=",
        ),
        (
            "month",
            subscribe(&bed, "month", "desk-1", "Manual"),
            "is_auto_pay=false is_auto_renew=",
        ),
    ] {
        bed.apply(&format!("{manifest}  mode: Plan\n"));
        let object = until_order(&bed, name, "PlanReady");
        assert_eq!(ending(&object).state, "Planned", "{object:#}");
        let plan = &object["status"]["plan"];
        assert_eq!(plan["paid"], true, "{plan:#}");
        let line = plan["steps"][0].as_str().unwrap_or_default();
        assert!(line.contains(words), "{line}");
        assert!(summary(&object).contains(line));
    }
    assert_nothing_sent(&bed);
}
