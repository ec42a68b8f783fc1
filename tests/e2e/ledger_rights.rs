//! An operator that may not read its ledgers.

use errand_simulator::WorkspaceDesktop;
use errand_testbed::Bed;
use serde_json::{Value, json};

use crate::command::errand;
use crate::support::*;

/// What the operator may do in its own namespace.
fn set_rights(bed: &Bed, rules: &[Value]) {
    let patch = json!({"rules": rules}).to_string();
    bed.kubectl(&["patch", "role", "errand-own", "--type=merge", "-p", &patch]);
}

#[test]
fn a_ledger_that_cannot_be_read_is_told_as_such_and_nothing_is_ordered_until_it_can() {
    let mut bed = order_bed("no-ledger-rights");
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    let role = bed.kubectl(&["get", "role", "errand-own", "-o", "json"]);
    let role: Value = serde_json::from_str(&role).expect("kubectl prints JSON");
    let all = role["rules"].as_array().expect("rules").clone();
    let mut fewer = all.clone();
    fewer.retain(|rule| rule["resources"] != json!(["operationledgers"]));
    assert_eq!(fewer.len() + 1, all.len(), "{role:#}");
    set_rights(&bed, &fewer);
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    let object = until_order(&bed, "bigger", "IntentNotStored");
    assert_eq!(ending(&object).state, "Blocked", "{object:#}");
    assert!(summary(&object).contains("OperationLedger"), "{object:#}");
    let why = errand(&bed, &["why", "dor/bigger"]).out;
    assert!(why.contains("errand rbac"), "{why}");
    assert!(!why.contains("kubectl edit"), "{why}");
    assert_eq!(bed.simulator.journal().calls(ORDER), 0);

    set_rights(&bed, &all);
    until_order(&bed, "bigger", "WaitingForPayment");
    assert_eq!(orders(&bed), 1);
}
