//! Orders whose answer is lost: found where that is possible, held where nobody
//! can know, and a person's decision is carried out once.

use errand_simulator::{
    DesktopChange, DesktopOrderSeed, Fault, FaultKind, OrderTiming, Seed, When, WorkspaceDesktop,
};
use errand_testbed::{Bed, DCS_PROJECT};
use serde_json::{Value, json};

use crate::support::{
    LARGER, ORDER, assert_ending, assert_held, await_look, deny, ending, order_bed, pass_hours,
    pay, reread_of, resize, seed_desktop, until_order, until_said,
};

/// A bed with a desktop, and an operator whose next order meets this.
fn struck(name: &str, desktop: WorkspaceDesktop, kind: FaultKind) -> Bed {
    let mut bed = order_bed(name);
    seed_desktop(&bed, desktop);
    bed.simulator.fault(Fault::new(ORDER, kind));
    bed.start_operator();
    bed
}

fn desktop(runs_for: u32) -> WorkspaceDesktop {
    let timing = OrderTiming {
        runs_for,
        ..OrderTiming::default()
    };
    WorkspaceDesktop::new("desk-1").timing(timing)
}

/// Applies the order, with an answer to a question.
fn answer(bed: &Bed, hold: &Value, decision: &str) -> String {
    let id = hold["id"].as_str().expect("a hold has an id");
    let order = resize(bed, "bigger", "desk-1", "Automatic");
    let manifest = format!("{order}  resolution: {{holdId: {id}, decision: {decision}}}\n");
    bed.apply(&manifest);
    manifest
}

/// Waits until nothing of the call can arrive any more and a person is asked.
fn until_held(bed: &Bed) -> Value {
    let object = until_order(bed, "bigger", "ResolvingAnswer");
    assert_eq!(ending(&object).state, "Verifying", "{object:#}");
    pass_hours(bed, 15);
    let object = until_order(bed, "bigger", "AnswerUnknown");
    assert_eq!(ending(&object).state, "Held", "{object:#}");
    assert_eq!(
        object["status"]["hold"]["choices"],
        json!(["SendAgain", "AssumeDone", "GiveUp"])
    );
    object
}

/// An order of which nobody can know whether it was placed; it was not.
fn lost(name: &str) -> (Bed, Value) {
    let bed = struck(name, desktop(0), FaultKind::DropBefore);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    let object = until_held(&bed);
    let hold = object["status"]["hold"].clone();
    (bed, hold)
}

#[track_caller]
fn assert_calls(bed: &Bed, calls: usize, orders: usize) {
    let journal = bed.simulator.journal();
    assert_eq!(journal.calls(ORDER), calls, "{journal}");
    assert_eq!(journal.effects("workspace.order"), orders, "{journal}");
}

/// The result of the closed claims, and that none is open.
fn ledger_results(bed: &Bed) -> Vec<String> {
    let spec = bed.list("operationledger")[0]["spec"].clone();
    assert!(spec["open"].is_null(), "{spec:#}");
    let entries = spec["entries"].as_array().cloned().unwrap_or_default();
    let result = |entry: &Value| entry["result"].as_str().unwrap_or_default().to_owned();
    entries.iter().map(result).collect()
}

fn summary(object: &Value) -> &str {
    object["status"]["summary"].as_str().unwrap_or_default()
}

#[test]
fn a_lost_answer_whose_order_shows_in_bss_ends_without_a_person() {
    for (name, kind) in [
        ("in-bss", FaultKind::DropAfter),
        ("in-bss-half", FaultKind::Truncate),
        ("in-bss-bad", FaultKind::BadBody),
    ] {
        let timing = OrderTiming {
            waits_for: 3 * 3600,
            ..OrderTiming::default()
        };
        let bed = struck(name, desktop(0).timing(timing), kind);
        bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
        // Neither desktop nor job show it yet.
        let object = until_order(&bed, "bigger", "OrderProcessing");
        let order = bed.simulator.orders("desk-1")[0].order_id.clone();
        let step = &object["status"]["steps"][0];
        assert_eq!(step["answer"], "Accepted", "{object:#}");
        assert_eq!(step["ids"]["order_id"], order.as_str(), "{object:#}");
        bed.simulator
            .act_on_order(&order, errand_simulator::OrderAction::Hurry);
        let object = until_order(&bed, "bigger", "Delivered");
        assert_ending(&bed, &object, "Succeeded", "Delivered");
        assert_calls(&bed, 1, 1);
    }
}

#[test]
fn a_lost_answer_whose_order_shows_in_bss_late_ends_without_a_person() {
    let timing = OrderTiming {
        waits_for: 9 * 3600,
        ..OrderTiming::default()
    };
    let bed = struck("bss-lag", desktop(0).timing(timing), FaultKind::DropAfter);
    reread_of(&bed, "bss", json!({"visible_after": 3600}));
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    until_order(&bed, "bigger", "ResolvingAnswer");
    let object = until_order(&bed, "bigger", "OrderProcessing");
    assert_eq!(object["status"]["steps"][0]["answer"], "Accepted");
    pass_hours(&bed, 9);
    until_order(&bed, "bigger", "Delivered");
    assert_calls(&bed, 1, 1);
}

#[test]
fn a_lost_answer_whose_effect_shows_at_the_desktop_alone_ends_without_a_person() {
    let timing = OrderTiming {
        waits_for: 3600,
        runs_for: 3600,
        ..OrderTiming::default()
    };
    let bed = struck("at-desk", desktop(0).timing(timing), FaultKind::DropAfter);
    deny(&bed, &["bss."]);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    until_order(&bed, "bigger", "ResolvingAnswer");
    until_said(&bed, "bigger", "cannot be looked up in BSS");
    // What keeps the desktop busy then may be the order.
    until_order(&bed, "bigger", "TargetBusy");
    let object = until_order(&bed, "bigger", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    assert_calls(&bed, 1, 1);
}

/// An answer without an order is none, and what it says of a job leads to the order.
#[test]
fn an_answer_with_a_job_and_no_order_is_looked_into_and_followed_by_the_job() {
    let mut bed = order_bed("job-alone");
    let timing = OrderTiming {
        waits_for: 3600,
        ..OrderTiming::default()
    };
    seed_desktop(&bed, desktop(0).timing(timing));
    let job_alone = json!({"order_id_in_answer": false, "job_id_in_answer": true});
    reread_of(&bed, "workspace", job_alone);
    // Neither BSS nor the desktop shows it.
    deny(&bed, &["bss."]);
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    let object = until_order(&bed, "bigger", "Verifying");
    let job = bed.simulator.orders("desk-1")[0].job_id.clone();
    let step = &object["status"]["steps"][0];
    assert_eq!(step["ids"]["job_id"], job.as_str(), "{object:#}");
    assert_eq!(step["ids"].get("order_id"), None, "{object:#}");
    assert_eq!(object["status"]["observed"]["jobId"], job.as_str());
    pass_hours(&bed, 1);
    let object = until_order(&bed, "bigger", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    assert_calls(&bed, 1, 1);
}

#[test]
fn a_request_that_arrives_late_is_found_and_not_sent_again() {
    let bed = struck("late", desktop(0), FaultKind::Late { seconds: 600 });
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    until_order(&bed, "bigger", "ResolvingAnswer");
    let object = until_order(&bed, "bigger", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    assert_eq!(bed.simulator.journal().effects("workspace.order"), 1);
    assert_eq!(object["status"]["steps"].as_array().map(Vec::len), Some(1));
}

#[test]
pub fn send_again_places_exactly_one_further_order() {
    let (bed, hold) = lost("again");
    assert_eq!(
        ending(&bed.get("dor", "bigger")).reason,
        "AnswerUnknown",
        "nobody has decided"
    );
    assert_calls(&bed, 1, 0);
    answer(&bed, &hold, "SendAgain");
    let object = until_order(&bed, "bigger", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    assert_eq!(object["status"]["lastHandledHoldId"], hold["id"]);
    assert_calls(&bed, 2, 1);
    assert_eq!(ledger_results(&bed), ["SendAgain", "Delivered"]);
}

#[test]
fn an_answered_question_is_not_answered_again_by_the_same_words() {
    let (bed, hold) = lost("once");
    bed.simulator
        .fault(Fault::new(ORDER, FaultKind::DropBefore));
    let manifest = answer(&bed, &hold, "SendAgain");
    let object = until_held(&bed);
    assert_ne!(object["status"]["hold"]["id"], hold["id"]);
    let said = summary(&object);
    assert!(said.contains("answers another question"), "{said}");
    bed.apply(&manifest);
    await_look(&bed);
    assert_calls(&bed, 2, 0);
}

#[test]
fn an_answer_left_in_git_is_none_to_a_later_object() {
    let (bed, hold) = lost("stale");
    bed.kubectl(&["delete", "dor", "bigger"]);
    answer(&bed, &hold, "SendAgain");
    // It takes over the call of the one before, and asks anew.
    let object = until_held(&bed);
    assert_ne!(object["status"]["hold"]["id"], hold["id"]);
    let said = summary(&object);
    assert!(said.contains("answers another question"), "{said}");
    assert_calls(&bed, 1, 0);
}

#[test]
pub fn assume_done_ends_the_order_and_closes_its_claim() {
    let (bed, hold) = lost("assume");
    answer(&bed, &hold, "AssumeDone");
    let object = until_order(&bed, "bigger", "AssumedDone");
    assert_ending(&bed, &object, "Succeeded", "AssumedDone");
    assert_eq!(ledger_results(&bed), ["AssumedDone"]);
    assert_calls(&bed, 1, 0);
}

#[test]
fn give_up_ends_the_order_and_closes_its_claim() {
    let (bed, hold) = lost("give-up");
    answer(&bed, &hold, "GiveUp");
    let object = until_order(&bed, "bigger", "GivenUp");
    assert_ending(&bed, &object, "Failed", "GivenUp");
    assert_eq!(ledger_results(&bed), ["GivenUp"]);
    assert_calls(&bed, 1, 0);
}

#[test]
fn an_order_that_bss_does_not_link_to_the_desktop_is_held_and_not_repeated() {
    let timing = OrderTiming {
        waits_for: 7 * 86_400,
        ..OrderTiming::default()
    };
    let desktop = desktop(0).timing(timing);
    let bed = struck("unlinked", desktop, FaultKind::DropAfter);
    reread_of(
        &bed,
        "bss",
        json!({"order_lines": "unlinked", "order_resources": "nothing"}),
    );
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    until_held(&bed);
    assert_calls(&bed, 1, 1);
    // The proof ends the question.
    let order = bed.simulator.orders("desk-1")[0].order_id.clone();
    bed.simulator
        .act_on_order(&order, errand_simulator::OrderAction::Hurry);
    until_order(&bed, "bigger", "Delivered");
    assert_calls(&bed, 1, 1);
}

fn colleague(bed: &Bed, change: DesktopChange, created: When) {
    let order = DesktopOrderSeed::new(DCS_PROJECT, "desk-1", change);
    let order = order.created(created);
    bed.simulator.seed(Seed::new().desktop_order(order));
}

fn larger() -> DesktopChange {
    DesktopChange::Resize {
        product_id: LARGER.into(),
    }
}

#[test]
fn an_order_of_before_the_call_is_not_taken_for_it() {
    let bed = struck("before", desktop(0), FaultKind::DropBefore);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    until_order(&bed, "bigger", "ResolvingAnswer");
    // BSS shows it late: while it is open, nothing would have been ordered.
    colleague(&bed, larger(), When::In(-3600));
    let object = until_held(&bed);
    assert_eq!(object["status"]["steps"][0]["answer"], "Unknown");
    assert_calls(&bed, 1, 0);
}

#[test]
fn an_order_of_another_type_is_not_taken_for_the_call() {
    let bed = struck("type", desktop(0), FaultKind::DropBefore);
    let month = DesktopChange::Subscribe {
        period_type: 2,
        period_num: 1,
        auto_renew: false,
    };
    colleague(&bed, month, When::In(600));
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    let object = until_held(&bed);
    assert_eq!(object["status"]["steps"][0]["answer"], "Unknown");
    assert_calls(&bed, 1, 0);
}

/// Assumption 8: nothing tells a colleague's order of the same type from ours. It is
/// followed; what it brings is no success of ours, and nothing is ordered beside it.
#[test]
fn a_colleagues_only_order_in_the_window_is_followed_and_what_it_brings_is_no_success() {
    let bed = struck("theirs", desktop(0), FaultKind::DropBefore);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    until_order(&bed, "bigger", "ResolvingAnswer");
    let other = DesktopChange::Resize {
        product_id: "workspacehost.k.other".into(),
    };
    colleague(&bed, other, When::In(0));
    let theirs = bed.simulator.orders("desk-1")[0].order_id.clone();
    let object = until_order(&bed, "bigger", "WaitingForPayment");
    let step = &object["status"]["steps"][0];
    assert_eq!(step["ids"]["order_id"], theirs.as_str(), "{object:#}");
    pay(&bed, "desk-1");
    let object = until_order(&bed, "bigger", "ProofTimeout");
    let choices = ["LookAgain", "AssumeDone", "GiveUp"];
    assert_held(&bed, &object, "ProofTimeout", &choices);
    let product = &object["status"]["observed"]["productId"];
    assert_eq!(product, "workspacehost.k.other", "{object:#}");
    assert_calls(&bed, 1, 0);
}

#[test]
fn of_two_orders_that_may_be_the_call_none_is_taken_for_it() {
    let timing = OrderTiming {
        waits_for: 7 * 86_400,
        ..OrderTiming::default()
    };
    let desktop = desktop(0).timing(timing);
    let bed = struck("two", desktop, FaultKind::DropAfter);
    reread_of(&bed, "bss", json!({"visible_after": 300}));
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    until_order(&bed, "bigger", "ResolvingAnswer");
    // Both show at the same time.
    let ours = bed.simulator.orders("desk-1")[0].created_at;
    colleague(&bed, larger(), When::At(ours));
    let object = until_held(&bed);
    assert_eq!(object["status"]["steps"][0]["answer"], "Unknown");
    for order in bed.simulator.orders("desk-1") {
        let said = summary(&object);
        assert!(said.contains(&order.order_id), "{said}");
    }
    assert_calls(&bed, 1, 1);
}
