//! What the administrators of the operator let operations cost.

use std::process::Command;

use errand_simulator::{OrderTiming, WorkspaceDesktop};

use crate::support::*;
use crate::tenants::Cluster;

const MANUAL: [&str; 4] = [
    "--paid-operations",
    "ManualPayment",
    "--paid-namespace-selector",
    "example.org/pays=yes",
];

#[test]
fn what_was_ordered_before_the_ceiling_was_lowered_ends_succeeded() {
    let mut cluster = Cluster::start("ceiling");
    for desktop in ["desk-1", "desk-2", "desk-3"] {
        let at_once = OrderTiming {
            runs_for: 0,
            ..OrderTiming::default()
        };
        seed_desktop(&cluster.bed, WorkspaceDesktop::new(desktop).timing(at_once));
    }
    let connection = cluster.connection();
    for namespace in ["team-a", "team-b"] {
        cluster.tenant(namespace, &connection);
    }
    let label = |namespace| {
        let labelled = ["label", "namespace", namespace, "example.org/pays=yes"];
        let labelled = cluster.plane.kubectl(&labelled);
        labelled.unwrap_or_else(|e| panic!("{e}"));
    };
    label("team-a");
    cluster.bed.start_operator_with(&MANUAL, &[]);
    let order = |name, desktop, payment| resize(&cluster.bed, name, desktop, payment);
    cluster.apply("team-a", &order("placed", "desk-1", "Manual"));
    cluster.apply("team-b", &order("later", "desk-2", "Manual"));
    cluster.apply("team-a", &order("automatic", "desk-3", "Automatic"));
    cluster.wait_for("team-a", "placed", "WaitingForPayment");
    for (namespace, name, words) in [
        (
            "team-b",
            "later",
            "is example.org/pays=yes, which the labels of namespace team-b do not match; this operation needs ManualPayment",
        ),
        (
            "team-a",
            "automatic",
            "--paid-operations of the operator (chart value operator.paidOperations) is ManualPayment; this operation needs AutomaticPayment",
        ),
    ] {
        let object = cluster.wait_for(namespace, name, "PaidOperationsForbidden");
        assert_eq!(ending(&object).state, "Blocked", "{object:#}");
        assert!(summary(&object).contains(words), "{object:#}");
    }
    label("team-b");
    cluster.wait_for("team-b", "later", "WaitingForPayment");

    cluster.bed.kill_operator();
    cluster
        .bed
        .start_operator_with(&["--paid-operations", "Forbid"], &[]);
    for (namespace, name, desktop) in [
        ("team-a", "placed", "desk-1"),
        ("team-b", "later", "desk-2"),
    ] {
        pay(&cluster.bed, desktop);
        let object = cluster.wait_for(namespace, name, "Delivered");
        assert_ending(&cluster.bed, &object, "Succeeded", "Delivered");
    }
    let object = cluster.wait_for("team-a", "automatic", "PaidOperationsForbidden");
    assert!(summary(&object).contains("is Forbid"), "{object:#}");
    let journal = cluster.bed.simulator.journal();
    assert_eq!(journal.calls(ORDER), 2, "{journal}");
}

#[test]
fn flags_about_money_that_cannot_be_gone_by_stop_the_start() {
    let selector = "--paid-namespace-selector=pays=yes";
    for (flags, words) in [
        (
            &[selector, "--watch-namespace=team"][..],
            "--paid-namespace-selector cannot be combined with --watch-namespace",
        ),
        (&["--paid-namespace-selector="], "the selector is empty"),
        (&["--paid-namespace-selector=a>b"], "not supported"),
        (
            &["--paid-operations=Sometimes"],
            "[possible values: Forbid, ManualPayment, AutomaticPayment]",
        ),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_errand"));
        let ended = command.arg("run").args(flags).env("KUBECONFIG", "/nowhere");
        let ended = ended.output().expect("errand runs");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success(), "{flags:?}");
        assert!(said.contains(words), "{flags:?}: {said}");
    }
}
