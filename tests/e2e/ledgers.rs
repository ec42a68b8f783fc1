//! The ledger itself: what the API server and the operator's rights keep it from,
//! and what happens where it is lost or full.

use errand_simulator::WorkspaceDesktop;
use errand_testbed::{Bed, shared_plane};
use serde_json::Value;

use crate::replays::{delivered, ends_without_an_order, hide_orders};
use crate::support::*;

fn ledger(bed: &Bed) -> Value {
    let ledgers = bed.list("operationledger");
    assert_eq!(ledgers.len(), 1, "{ledgers:#?}");
    ledgers[0].clone()
}

/// `kubectl replace`, and what it says if that is refused.
fn replace(bed: &Bed, object: &Value) -> Result<(), String> {
    let arguments = ["replace", "-n", &bed.namespace, "-f", "-"];
    let output = shared_plane().kubectl_output(&arguments, Some(&object.to_string()));
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn nobody_removes_or_changes_an_entry_and_the_operator_cannot_delete_a_ledger() {
    let bed = delivered("append-only");
    let ledger = ledger(&bed);
    let mut removed = ledger.clone();
    removed["spec"]["entries"] = serde_json::json!([]);
    let said = replace(&bed, &removed).expect_err("an entry is removed");
    assert!(said.contains("never removed"), "{said}");
    let mut removed = ledger.clone();
    removed["spec"]
        .as_object_mut()
        .and_then(|spec| spec.remove("entries"));
    let said = replace(&bed, &removed).expect_err("all entries are removed");
    assert!(said.contains("never removed"), "{said}");
    for field in ["result", "operationKey", "bodyDigest"] {
        let mut changed = ledger.clone();
        changed["spec"]["entries"][0][field] = "x".into();
        let said = replace(&bed, &changed).expect_err(field);
        assert!(said.contains("never changed"), "{said}");
    }
    let mut moved = ledger.clone();
    moved["spec"]["target"]["id"] = "desk-2".into();
    let said = replace(&bed, &moved).expect_err("it is about another target");
    assert!(said.contains("about one target"), "{said}");
    replace(&bed, &ledger).expect("nothing is changed");

    let name = ledger["metadata"]["name"].as_str().expect("a name");
    let account = format!("system:serviceaccount:{}:errand", bed.namespace);
    let said = bed.try_kubectl(&["delete", "operationledger", name, "--as", &account]);
    let said = said.expect_err("the operator must not delete");
    assert!(said.contains("Forbidden"), "{said}");
    let all = ["delete", "operationledger", "--all", "--as", &account];
    assert!(bed.try_kubectl(&all).is_err());
    assert!(
        bed.find("operationledger", name)
            .is_ok_and(|found| found.is_some())
    );
}

#[test]
pub fn a_full_ledger_blocks_and_nothing_is_sent_or_dropped() {
    let bed = delivered("full");
    let mut almost = ledger(&bed);
    let first = almost["spec"]["entries"][0].clone();
    let entries = almost["spec"]["entries"].as_array_mut().expect("entries");
    for n in 1..255 {
        let mut entry = first.clone();
        entry["stepId"] = format!("earlier-{n}").into();
        entry["operationKey"] = format!("{n:064}").into();
        entries.push(entry);
    }
    replace(&bed, &almost).expect("the API server takes 255 entries");
    // There is room for one more.
    bed.apply(&expand(&bed, "disk", "desk-1", "Automatic"));
    let object = until_order(&bed, "disk", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    let full = ledger(&bed);
    assert_eq!(full["spec"]["entries"].as_array().map(Vec::len), Some(256));
    assert_eq!(orders(&bed), 2);

    change_back(&bed, "desk-1");
    bed.apply(&(resize(&bed, "once-more", "desk-1", "Automatic") + "  operationKey: k\n"));
    let object = bed.wait_at_rest("dor", "once-more");
    assert_eq!(ending(&object).state, "Blocked", "{object:#}");
    assert_eq!(ending(&object).reason, "LedgerFull", "{object:#}");
    let name = full["metadata"]["name"].as_str().expect("a name");
    assert!(summary(&object).contains(name), "{object:#}");
    bed.advance(seconds(3600));
    assert_eq!(orders(&bed), 2);
    assert_eq!(ledger(&bed)["spec"], full["spec"]);
}

#[test]
pub fn a_ledger_that_is_deleted_by_hand_in_flight_is_a_conflict_that_a_person_decides() {
    let mut bed = order_bed("lost");
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    hide_orders(&bed);
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    bed.wait_until("it is accepted", || {
        bed.get("dor", "bigger")["status"]["steps"][0]["answer"] == "Accepted"
    });
    bed.kubectl(&["delete", "operationledger", "--all"]);
    bed.wait_until("it has looked", || {
        bed.advance(seconds(10));
        ending(&bed.get("dor", "bigger")).state == "Held"
    });
    let object = bed.get("dor", "bigger");
    assert_held(&bed, &object, "LedgerConflict", &["LookAgain", "GiveUp"]);
    assert_eq!(orders(&bed), 1);
    resolve(&bed, "bigger", "GiveUp");
    bed.wait_until("it has ended", || {
        !ending(&bed.get("dor", "bigger")).outcome.is_empty()
    });
    ends_without_an_order(&bed, "bigger", "Failed", "GivenUp");
}
