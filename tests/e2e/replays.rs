//! What GitOps does to objects: they are deleted and applied again, renamed,
//! copied, emptied and restored from backups. None of it orders twice.

use errand_simulator::{Account, DesktopChange, Fault, FaultKind, OrderTiming, Seed};
use errand_simulator::{BssReadings, WorkspaceDesktop};
use errand_testbed::{ACCESS_KEY, Bed, CLUSTER, DCS_PROJECT, DOMAIN, SECRET_KEY, shared_plane};
use serde_json::Value;

use crate::support::*;

/// An order that was placed, delivered and proven.
pub fn delivered(name: &str) -> Bed {
    delivered_by(name, &[])
}

/// The same, by an operator with these environment variables.
pub fn delivered_by(name: &str, variables: &[(&str, &str)]) -> Bed {
    let mut bed = order_bed(name);
    let timing = OrderTiming {
        runs_for: 0,
        ..OrderTiming::default()
    };
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1").timing(timing));
    bed.start_operator_with(&[], variables);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    let object = until_order(&bed, "bigger", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    assert_eq!(orders(&bed), 1);
    bed
}

/// An order that was placed and waits for somebody to pay it.
pub fn unpaid(name: &str) -> Bed {
    let mut bed = order_bed(name);
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    until_order(&bed, "bigger", "WaitingForPayment");
    assert_eq!(orders(&bed), 1);
    bed
}

/// It is paid, delivered, and was the only order.
fn ends_as_the_one_order(bed: &Bed, name: &str) {
    pay(bed, "desk-1");
    let object = until_order(bed, name, "Delivered");
    assert_ending(bed, &object, "Succeeded", "Delivered");
    assert_eq!(orders(bed), 1, "{}", bed.simulator.journal());
}

/// It ends like this, and no second order was placed.
pub fn ends_without_an_order(bed: &Bed, name: &str, state: &str, outcome: &str) -> Value {
    let object = bed.wait_at_rest("dor", name);
    assert_ending(bed, &object, state, outcome);
    assert_eq!(orders(bed), 1, "{}", bed.simulator.journal());
    assert_eq!(bed.simulator.journal().calls(ORDER), 1);
    object
}

/// The operation keys of the closed calls to the bed's only target.
pub fn keys(bed: &Bed) -> Vec<String> {
    let ledgers = bed.list("operationledger");
    assert_eq!(ledgers.len(), 1, "{ledgers:#?}");
    let entries = ledgers[0]["spec"]["entries"].as_array();
    let key = |entry: &Value| {
        entry["operationKey"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    entries.into_iter().flatten().map(key).collect()
}

/// Nothing of an order shows: the key may not read BSS.
pub fn hide_orders(bed: &Bed) {
    let account = Account::new(ACCESS_KEY, SECRET_KEY)
        .project(DCS_PROJECT)
        .domain(DOMAIN)
        .deny("bss.");
    bed.simulator.seed(Seed::new().account(account));
}

/// The cloud takes another order while one is unpaid, which is a guess.
pub fn take_second_orders(bed: &Bed) {
    let accepted = serde_json::json!({"second_order": "accepted"});
    reread_of(bed, "workspace", accepted);
}

/// The operator dies there, and the object of the order is deleted meanwhile.
fn killed_and_deleted(bed: &mut Bed, moment: &str) {
    seed_desktop(bed, WorkspaceDesktop::new("desk-1"));
    bed.start_operator_with(&[], &[("ERRAND_TEST_KILL", moment)]);
    bed.apply(&resize(bed, "bigger", "desk-1", "Manual"));
    bed.wait_for_operator_to_end();
    bed.delete_lease();
    bed.kubectl(&["delete", "dor", "bigger"]);
}

#[test]
pub fn deleted_and_applied_again_after_success_orders_once() {
    let bed = delivered("again");
    // Also by another name: a rename is a deletion and a new object.
    for name in ["bigger", "renamed"] {
        bed.kubectl(&["delete", "dor", "--all"]);
        bed.apply(&resize(&bed, name, "desk-1", "Automatic"));
        ends_without_an_order(&bed, name, "Succeeded", "AlreadySatisfied");
    }
    assert_eq!(keys(&bed).len(), 1);
}

#[test]
pub fn applied_again_after_the_desktop_was_changed_back_is_already_executed_until_a_new_key_is_given()
 {
    let bed = delivered("changed-back");
    change_back(&bed, "desk-1");
    for name in ["bigger", "renamed"] {
        bed.kubectl(&["delete", "dor", "--all"]);
        bed.apply(&resize(&bed, name, "desk-1", "Automatic"));
        let object = ends_without_an_order(&bed, name, "Failed", "AlreadyExecuted");
        assert!(summary(&object).contains("operationKey"), "{object:#}");
    }
    let keyed = resize(&bed, "once-more", "desk-1", "Automatic") + "  operationKey: once-more\n";
    bed.apply(&keyed);
    let object = until_order(&bed, "once-more", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    assert_eq!(orders(&bed), 2);
    let keys = keys(&bed);
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1], "one order for each key");
    // The new key was used as well, now.
    change_back(&bed, "desk-1");
    bed.kubectl(&["delete", "dor", "--all"]);
    bed.apply(&keyed);
    let object = bed.wait_at_rest("dor", "once-more");
    assert_ending(&bed, &object, "Failed", "AlreadyExecuted");
    assert_eq!(orders(&bed), 2);
}

#[test]
pub fn the_same_operation_key_with_another_body_is_refused() {
    let mut bed = order_bed("reused");
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    bed.start_operator();
    bed.apply(&(resize(&bed, "bigger", "desk-1", "Automatic") + "  operationKey: k\n"));
    until_order(&bed, "bigger", "Delivered");
    bed.kubectl(&["delete", "dor", "bigger"]);
    bed.apply(&(expand(&bed, "bigger", "desk-1", "Automatic") + "  operationKey: k\n"));
    let object = ends_without_an_order(&bed, "bigger", "Failed", "OperationKeyReused");
    assert!(summary(&object).contains("operationKey"), "{object:#}");
}

#[test]
fn deleted_and_applied_again_or_renamed_while_unpaid_it_is_the_same_order() {
    let bed = unpaid("in-flight");
    for name in ["bigger", "renamed"] {
        bed.kubectl(&["delete", "dor", "--all"]);
        bed.apply(&resize(&bed, name, "desk-1", "Manual"));
        until_order(&bed, name, "WaitingForPayment");
    }
    ends_as_the_one_order(&bed, "renamed");
}

#[test]
fn killed_between_call_and_record_a_new_object_finds_the_order() {
    let mut bed = order_bed("killed-proof");
    killed_and_deleted(&mut bed, "after:Send:1");
    assert_eq!(orders(&bed), 1);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    bed.start_operator();
    until_order(&bed, "bigger", "WaitingForPayment");
    ends_as_the_one_order(&bed, "bigger");
}

#[test]
pub fn killed_between_call_and_record_an_order_that_does_not_show_is_asked_about() {
    let mut bed = order_bed("killed-hidden");
    killed_and_deleted(&mut bed, "after:Send:1");
    hide_orders(&bed);
    assert_eq!(orders(&bed), 1);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    bed.start_operator();
    until_order(&bed, "bigger", "ResolvingAnswer");
    let object = settle(&bed, "bigger");
    let choices = ["SendAgain", "AssumeDone", "GiveUp"];
    assert_held(&bed, &object, "AnswerUnknown", &choices);
    assert_eq!(orders(&bed), 1);
    resolve(&bed, "bigger", "AssumeDone");
    let object = ends_without_an_order(&bed, "bigger", "Succeeded", "AssumedDone");
    assert!(summary(&object).contains("not seen"), "{object:#}");
    // What was assumed counts as executed.
    bed.kubectl(&["delete", "dor", "bigger"]);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    ends_without_an_order(&bed, "bigger", "Failed", "AlreadyExecuted");
}

#[test]
fn killed_between_claim_and_call_one_order_is_placed_when_a_person_says_so() {
    for moment in ["after:Claim:1", "before:Send:1"] {
        let mut bed = order_bed("killed-unsent");
        killed_and_deleted(&mut bed, moment);
        bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
        bed.start_operator();
        let object = settle(&bed, "bigger");
        let choices = ["SendAgain", "AssumeDone", "GiveUp"];
        assert_held(&bed, &object, "AnswerUnknown", &choices);
        assert_eq!(orders(&bed), 0);
        resolve(&bed, "bigger", "SendAgain");
        until_order(&bed, "bigger", "WaitingForPayment");
        ends_as_the_one_order(&bed, "bigger");
    }
}

#[test]
pub fn a_second_object_for_a_desktop_waits_for_the_first_whatever_its_connection() {
    let bed = unpaid("locked");
    bed.apply(&bed.paying_connection("other-name", "AutomaticPayment", CLUSTER));
    let same = resize(&bed, "same", "desk-1", "Manual");
    bed.apply(&same.replace("name: huawei-prod", "name: other-name"));
    bed.apply(&expand(&bed, "disk", "desk-1", "Automatic"));
    for name in ["same", "disk"] {
        let object = until_order(&bed, name, "TargetLocked");
        assert_eq!(ending(&object).state, "Waiting");
        assert!(
            summary(&object).contains("DesktopOrder bigger "),
            "{object:#}"
        );
    }
    assert_eq!(orders(&bed), 1);
    pay(&bed, "desk-1");
    let object = until_order(&bed, "bigger", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    let object = until_order(&bed, "same", "AlreadySatisfied");
    assert_ending(&bed, &object, "Succeeded", "AlreadySatisfied");
    // It wants something else, and orders that.
    let object = until_order(&bed, "disk", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    let placed = bed.simulator.orders("desk-1");
    let resizes = |change: &DesktopChange| matches!(change, DesktopChange::Resize { .. });
    assert_eq!(placed.len(), 2);
    assert_eq!(placed.iter().filter(|o| resizes(&o.change)).count(), 1);
}

/// What `kubectl replace --subresource=status` with an empty status does.
fn empty_status(bed: &Bed, name: &str) {
    let mut object = bed.get("dor", name);
    object["status"] = serde_json::json!({});
    if let Some(meta) = object["metadata"].as_object_mut() {
        meta.remove("resourceVersion");
    }
    let arguments = [
        "replace",
        "--subresource=status",
        "-n",
        &bed.namespace,
        "-f",
        "-",
    ];
    let output = shared_plane().kubectl_output(&arguments, Some(&object.to_string()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn an_emptied_status_is_filled_from_the_ledger_and_orders_nothing() {
    let bed = unpaid("emptied");
    empty_status(&bed, "bigger");
    let object = until_order(&bed, "bigger", "WaitingForPayment");
    assert_eq!(
        object["status"]["observed"]["orderStatus"],
        "PendingPayment"
    );
    // The same of a backup: the ledger is a record, so the label asks nothing.
    let label = format!("{RESTORED}=after-the-fire");
    bed.kubectl(&["label", "dor", "bigger", &label]);
    empty_status(&bed, "bigger");
    let object = until_order(&bed, "bigger", "WaitingForPayment");
    assert!(object["status"]["hold"].is_null(), "{object:#}");
    assert_eq!(orders(&bed), 1);
    ends_as_the_one_order(&bed, "bigger");
    empty_status(&bed, "bigger");
    ends_without_an_order(&bed, "bigger", "Succeeded", "AlreadySatisfied");
    change_back(&bed, "desk-1");
    empty_status(&bed, "bigger");
    ends_without_an_order(&bed, "bigger", "Failed", "AlreadyExecuted");
}

/// What Velero labels what it restores with.
const RESTORED: &str = "velero.io/restore-name";

/// As Velero applies it.
fn restored(manifest: &str) -> String {
    let label = format!("labels: {{{RESTORED}: after-the-fire}}");
    let applied = manifest.replacen("metadata: {", &format!("metadata: {{{label}, "), 1);
    assert_ne!(applied, manifest);
    applied
}

#[test]
pub fn a_restored_object_without_a_record_is_asked_about_before_it_orders() {
    let mut bed = order_bed("restored");
    for desktop in ["desk-1", "desk-2"] {
        seed_desktop(&bed, WorkspaceDesktop::new(desktop));
    }
    bed.start_operator();
    for (name, desktop) in [("bigger", "desk-1"), ("given-up", "desk-2")] {
        bed.apply(&restored(&resize(&bed, name, desktop, "Manual")));
        let object = bed.wait_at_rest("dor", name);
        assert_held(&bed, &object, "NoRecord", &["SendAgain", "GiveUp"]);
    }
    bed.advance(seconds(3600));
    assert_eq!(orders(&bed), 0);
    resolve(&bed, "given-up", "GiveUp");
    let object = bed.wait_at_rest("dor", "given-up");
    bed.wait_until("it has ended", || {
        !ending(&bed.get("dor", "given-up")).outcome.is_empty()
    });
    assert_ending(&bed, &bed.get("dor", "given-up"), "Failed", "GivenUp");
    assert!(object["status"]["steps"].is_null(), "{object:#}");
    assert_eq!(orders(&bed), 0);
    resolve(&bed, "bigger", "SendAgain");
    until_order(&bed, "bigger", "WaitingForPayment");
    ends_as_the_one_order(&bed, "bigger");
}

#[test]
fn a_restored_object_with_its_ledger_is_already_executed() {
    let bed = delivered("restored-with");
    bed.kubectl(&["delete", "dor", "bigger"]);
    change_back(&bed, "desk-1");
    bed.apply(&restored(&resize(&bed, "bigger", "desk-1", "Automatic")));
    ends_without_an_order(&bed, "bigger", "Failed", "AlreadyExecuted");
    // Without it, nobody knows that the desktop was ordered before.
    bed.kubectl(&["delete", "dor", "bigger"]);
    bed.kubectl(&["delete", "operationledger", "--all"]);
    bed.apply(&restored(&resize(&bed, "bigger", "desk-1", "Automatic")));
    let object = bed.wait_at_rest("dor", "bigger");
    assert_held(&bed, &object, "NoRecord", &["SendAgain", "GiveUp"]);
    bed.advance(seconds(3600));
    await_request(&bed);
    assert_eq!(orders(&bed), 1);
    assert_eq!(bed.simulator.journal().calls(ORDER), 1);
}

/// Waits until the operator has looked at the order as somebody asks it to.
fn await_request(bed: &Bed) {
    let request = "errand.cloud/reconcile-requested-at=now";
    bed.kubectl(&["annotate", "--overwrite", "dor", "bigger", request]);
    bed.wait_until("it was looked at", || {
        bed.advance(seconds(5));
        bed.get("dor", "bigger")["status"]["lastHandledReconcileAt"] == "now"
    });
}

#[test]
fn the_call_of_an_object_that_is_gone_is_resolved_by_its_proof_before_another_one_orders() {
    let mut bed = order_bed("orphan-proof");
    take_second_orders(&bed);
    killed_and_deleted(&mut bed, "after:Send:1");
    bed.apply(&expand(&bed, "disk", "desk-1", "Manual"));
    bed.start_operator();
    // It is unpaid, and another one is not placed beside it.
    until_order(&bed, "disk", "TargetBlocked");
    assert_eq!(orders(&bed), 1, "{}", bed.simulator.journal());
    pay(&bed, "desk-1");
    until_order(&bed, "disk", "WaitingForPayment");
    let ledger = &bed.list("operationledger")[0]["spec"];
    assert_eq!(ledger["entries"][0]["result"], "Seen", "{ledger:#}");
    assert_eq!(ledger["entries"][0]["object"]["name"], "bigger");
    let placed = bed.simulator.orders("desk-1");
    let resizes = |change: &DesktopChange| matches!(change, DesktopChange::Resize { .. });
    assert_eq!(placed.len(), 2, "its own, and the one that was there");
    assert_eq!(placed.iter().filter(|o| resizes(&o.change)).count(), 1);
}

#[test]
pub fn the_unknown_call_of_an_object_that_is_gone_is_asked_about_before_another_one_orders() {
    for decision in ["GiveUp", "AssumeDone"] {
        let mut bed = order_bed("orphan-hidden");
        take_second_orders(&bed);
        killed_and_deleted(&mut bed, "after:Send:1");
        hide_orders(&bed);
        bed.apply(&expand(&bed, "disk", "desk-1", "Automatic"));
        bed.start_operator();
        let object = settle(&bed, "disk");
        assert_held(&bed, &object, "AnswerUnknown", &["AssumeDone", "GiveUp"]);
        assert_eq!(orders(&bed), 1, "nothing of its own yet");
        resolve(&bed, "disk", decision);
        let object = until_order(&bed, "disk", "Delivered");
        assert_ending(&bed, &object, "Succeeded", "Delivered");
        let ledger = &bed.list("operationledger")[0]["spec"];
        assert_eq!(ledger["entries"][0]["result"], decision, "{ledger:#}");
        assert_eq!(orders(&bed), 2, "one for each key");
        let keys = keys(&bed);
        assert_ne!(keys[0], keys[1]);
        // The one that is gone is not ordered again, whatever was decided.
        bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
        let object = bed.wait_at_rest("dor", "bigger");
        assert_ending(&bed, &object, "Failed", "AlreadyExecuted");
        assert_eq!(orders(&bed), 2);
    }
}

#[test]
fn an_order_that_shows_late_ends_the_question_by_itself() {
    let mut bed = order_bed("shows-late");
    let late = BssReadings {
        visible_after: 20 * 3600,
        ..BssReadings::default()
    };
    let late = serde_json::to_value(late).expect("readings are JSON");
    reread_of(&bed, "bss", late);
    bed.simulator.fault(Fault::new(ORDER, FaultKind::DropAfter));
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    let object = settle(&bed, "bigger");
    let choices = ["SendAgain", "AssumeDone", "GiveUp"];
    assert_held(&bed, &object, "AnswerUnknown", &choices);
    ends_as_the_one_order(&bed, "bigger");
}
