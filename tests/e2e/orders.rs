//! What the API server takes as an order, and what it says about the rest.

use errand_testbed::Bed;

use crate::support::bed;

/// The manifest of an order; `change` is the member of spec.change.
fn order(payment: &str, change: &str) -> String {
    format!(
        "apiVersion: huawei.errand.cloud/v1alpha1\nkind: DesktopOrder\nmetadata: {{name: larger}}\nspec:\n  connectionRef: {{kind: CloudConnection, name: huawei-prod}}\n  desktopId: desk-1\n{payment}  change: {change}\n"
    )
}

const MANUAL: &str = "  payment: Manual\n";
const EXPAND: &str = "{expandVolume: {volumeId: v-1, sizeGiB: 100}}";

fn refused(bed: &Bed, manifest: &str, words: &[&str]) {
    let said = bed
        .try_apply(manifest)
        .expect_err(&format!("refused: {manifest}"));
    for word in words {
        assert!(said.contains(word), "{word:?} in {said}");
    }
}

#[test]
fn an_order_that_cannot_be_meant_is_refused_with_a_message_that_says_why() {
    let bed = bed("bad-orders");
    for (size, words) in [
        (5, "should be greater than or equal to 10"),
        (15, "should be a multiple of 10"),
        (32770, "should be less than or equal to 32760"),
    ] {
        let manifest = order(MANUAL, &EXPAND.replace("100", &size.to_string()));
        let field = "spec.change.expandVolume.sizeGiB";
        refused(&bed, &manifest, &[field, words]);
    }
    let one = "exactly one of resize, expandVolume and subscribe has to be given";
    let both = "{resize: {productId: p}, expandVolume: {volumeId: v, sizeGiB: 100}}";
    refused(&bed, &order(MANUAL, both), &["spec.change", one]);
    refused(&bed, &order(MANUAL, "{}"), &["spec.change", one]);
    refused(&bed, &order("", EXPAND), &["spec.payment", "Required"]);
    let nobody = order("  payment: Nobody\n", EXPAND);
    refused(
        &bed,
        &nobody,
        &["spec.payment", "\"Manual\", \"Automatic\""],
    );
    let week = "{subscribe: {unit: Week, count: 1}}";
    let words = ["spec.change.subscribe.unit", "\"Month\", \"Year\""];
    refused(&bed, &order(MANUAL, week), &words);
    let none = "{subscribe: {unit: Month, count: 0}}";
    let words = ["spec.change.subscribe.count", "greater than or equal to 1"];
    refused(&bed, &order(MANUAL, none), &words);
    let typo = EXPAND.replace("sizeGiB", "size");
    refused(&bed, &order(MANUAL, &typo), &["size"]);
    let path = order(MANUAL, EXPAND).replace("desk-1", "\"a/b\"");
    refused(&bed, &path, &["spec.desktopId"]);
    let project = format!("{MANUAL}  enterpriseProjectId: {}\n", "x".repeat(37));
    let words = ["spec.enterpriseProjectId", "36"];
    refused(&bed, &order(&project, EXPAND), &words);
    // What every operation shares.
    let soon = format!("{}  ttlAfterSuccess: 5s\n", order(MANUAL, EXPAND));
    refused(&bed, &soon, &["ttlAfterSuccess has to be at least 60s"]);
    let unknown = format!("{}  verifyTimout: 1h\n", order(MANUAL, EXPAND));
    refused(&bed, &unknown, &["verifyTimout"]);
}

#[test]
fn a_fresh_order_is_pending_and_its_target_can_change_only_until_a_call_was_intended() {
    let bed = bed("order-target");
    for change in [
        EXPAND,
        "{resize: {productId: workspace.x86.ultimate.large2}}",
        "{subscribe: {unit: Year, count: 3, autoRenew: true}}",
    ] {
        bed.apply(&order(MANUAL, change));
        bed.kubectl(&["delete", "dor", "larger"]);
    }
    bed.apply(&order(MANUAL, EXPAND));
    let object = bed.get("dor", "larger");
    assert_eq!(object["status"]["state"], "Pending", "{object:#}");
    assert_eq!(object["spec"]["change"]["expandVolume"]["sizeGiB"], 100);
    // Nothing was intended yet.
    let larger = EXPAND.replace("100", "200");
    bed.apply(&order(MANUAL, &larger));
    let step = r#"{"status": {"steps": [{"number": 1, "id": "w-1", "name": "CreateChangeOrder", "writer": "w",
        "intendedAt": "2026-11-22T02:30:00Z", "sendBefore": "2026-11-22T02:31:00Z", "answer": "Accepted",
        "ids": {"order_id": "CS1", "job_id": "j1"}}]}}"#;
    bed.kubectl(&[
        "patch",
        "dor",
        "larger",
        "--subresource=status",
        "--type=merge",
        "-p",
        step,
    ]);
    let kept = bed.get("dor", "larger");
    assert_eq!(kept["status"]["steps"][0]["ids"]["order_id"], "CS1");
    let good = order(MANUAL, &larger);
    for other in [
        order(MANUAL, EXPAND),
        order("  payment: Automatic\n", &larger),
        good.replace("desk-1", "desk-2"),
        good.replace("huawei-prod", "other"),
        format!("{good}  operationKey: again\n"),
        format!("{good}  enterpriseProjectId: \"0\"\n"),
        order(MANUAL, "{resize: {productId: p}}"),
    ] {
        refused(&bed, &other, &["is immutable once a call was intended"]);
    }
    // What Git may always revert.
    bed.apply(&format!(
        "{good}  mode: Plan\n  suspend: true\n  schedule: {{notAfter: \"2026-12-01T00:00:00Z\"}}\n"
    ));
}

#[test]
fn orders_are_listed_with_their_own_columns_and_explained() {
    let bed = bed("order-columns");
    bed.apply(&order(MANUAL, EXPAND));
    let wide = bed.kubectl(&["get", "dor", "-o", "wide"]);
    let head = wide.lines().next().unwrap_or_default();
    let columns: Vec<&str> = head.split_whitespace().collect();
    assert_eq!(
        columns,
        [
            "NAME", "READY", "STATE", "REASON", "TARGET", "PAYMENT", "PAID", "ORDER", "PAY",
            "UNTIL", "PLAN", "PLAN", "COSTS", "MONEY", "MESSAGE", "AGE"
        ]
    );
    let all = bed.kubectl(&["get", "errand"]);
    assert!(all.contains("desktoporder"), "{all}");
    for (field, words) in [
        ("dor.spec.payment", "Who pays the order"),
        ("dor.spec.change.expandVolume.sizeGiB", "expand_new_size"),
        (
            "dor.status.observed.paymentDeadline",
            "pending_payment_end_time",
        ),
        ("dor.status.steps.ids", "order_id"),
        (
            "dor.spec.connectionRef",
            "The account that the target is in",
        ),
    ] {
        let text = bed.kubectl(&["explain", field]);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(words), "{field}: {text}");
    }
}

#[test]
fn a_connection_that_allows_what_costs_money_has_to_name_the_cluster() {
    let bed = bed("paid-policy");
    let connection = bed.connection("paid");
    let with = |policy: &str| format!("{connection}  policy: {policy}\n");
    for allowed in ["ManualPayment", "AutomaticPayment"] {
        let policy = format!("{{paidOperations: {allowed}}}");
        refused(
            &bed,
            &with(&policy),
            &["spec.policy", "clusterId has to be given"],
        );
        let policy = format!("{{paidOperations: {allowed}, clusterId: c-1}}");
        bed.apply(&with(&policy));
    }
    for harmless in [
        "{paidOperations: Forbid}",
        "{suspend: false}",
        "{clusterId: c-1}",
    ] {
        bed.apply(&with(harmless));
    }
    let unknown = with("{paidOperations: Sometimes, clusterId: c-1}");
    refused(
        &bed,
        &unknown,
        &["spec.policy.paidOperations", "\"Forbid\""],
    );
    let site = connection.replace("region: cn-north-4", "region: cn-north-4, site: Mars");
    refused(
        &bed,
        &site,
        &["spec.huawei.site", "\"China\", \"International\""],
    );
}
