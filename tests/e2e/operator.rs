//! The operator as a process: its rights, its lease, its end.

use crate::support::{assert_ending, bed, ending};

#[test]
fn sigterm_ends_the_operator_orderly_and_frees_the_lease_for_the_next() {
    let mut bed = bed("term");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_at_rest("rsc", "stop");
    assert_eq!(bed.stop_operator(), 0, "{}", bed.operator_log());
    let lease = bed.get("lease", "errand");
    assert!(lease["spec"]["holderIdentity"].is_null(), "{lease:#}");
    // The lease is hours long: only a freed one lets the next operator work.
    bed.seed_pending_change("dcs-2", "task-2", 3600);
    bed.start_operator();
    bed.apply(&bed.cancellation("next", "dcs-2", "task-2", ""));
    let object = bed.wait_at_rest("rsc", "next");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
}

#[test]
fn the_operator_runs_as_its_service_account_with_no_more_than_its_rights() {
    let bed = bed("rights");
    let account = format!("system:serviceaccount:{}:errand", bed.namespace);
    let may = |verb: &str, resource: &str| {
        let asked = bed.try_kubectl(&["auth", "can-i", verb, resource, "--as", &account]);
        asked.is_ok_and(|answer| answer.trim() == "yes")
    };
    assert!(may("watch", "resizecancellations.huawei.errand.cloud"));
    assert!(may("get", "secrets"));
    for (verb, resource) in [
        ("list", "secrets"),
        ("watch", "secrets"),
        ("update", "resizecancellations.huawei.errand.cloud"),
        ("patch", "resizecancellations.huawei.errand.cloud"),
        ("delete", "resizecancellations.huawei.errand.cloud"),
        ("create", "pods"),
        ("delete", "leases.coordination.k8s.io"),
    ] {
        assert!(!may(verb, resource), "it may {verb} {resource}");
    }
}

#[test]
fn no_secret_shows_in_log_status_or_events() {
    let mut bed = bed("canary");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    bed.start_operator_with(&["--log", "trace"], &[]);
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_at_rest("rsc", "stop");
    bed.stop_operator();
    let shown = [
        bed.operator_log(),
        bed.get("rsc", "stop").to_string(),
        bed.kubectl(&["get", "events", "-o", "yaml"]),
    ];
    assert!(
        shown[0].contains(r#""event":"sending""#),
        "the audit log is there to look at"
    );
    assert!(shown[0].contains(r#""answer":"accepted""#), "{}", shown[0]);
    for text in shown {
        assert!(!text.contains("canary-4711"), "the secret key shows");
    }
}

#[test]
fn without_its_connection_an_operation_waits_and_goes_on_when_it_comes() {
    let mut bed = bed("no-connection");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    bed.start_operator();
    let manifest = bed.cancellation("stop", "dcs-1", "task-1", "");
    bed.apply(&manifest.replace("huawei-prod", "later"));
    bed.wait_until("it waits for the connection", || {
        ending(&bed.get("rsc", "stop")).reason == "ConnectionNotFound"
    });
    bed.apply(&bed.connection("later"));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
}

#[test]
fn health_and_metrics_are_served() {
    let mut bed = bed("health");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_at_rest("rsc", "stop");
    let log = bed.operator_log();
    let address = log
        .split("address=")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap_or_else(|| panic!("the log tells the address: {log}"));
    assert!(http_get(address, "/livez").starts_with("HTTP/1.1 200"));
    assert!(http_get(address, "/readyz").starts_with("HTTP/1.1 200"));
    bed.wait_until("the last write is counted", || {
        http_get(address, "/metrics").contains(r#"resource="events",result="ok"} 1"#)
    });
    let metrics = http_get(address, "/metrics");
    for line in [
        r#"errand_cloud_calls_total{service="huawei/dcs",call="CancelInstanceResize",result="accepted"} 1"#,
        r#"errand_api_writes_total{resource="resizecancellations/status",result="ok"} 2"#,
        r#"errand_operations_ended_total{kind="ResizeCancellation",outcome="Cancelled"} 1"#,
        "errand_leader 1",
    ] {
        assert!(metrics.contains(line), "no {line} in\n{metrics}");
    }
    assert!(!metrics.contains("task-1"), "no ids in labels");
}

fn http_get(address: &str, path: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).expect("it listens");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: errand\r\nConnection: close\r\n\r\n"
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    answer
}
