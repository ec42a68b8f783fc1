//! The operator as a process: its rights, its lease, its end.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use errand_testbed::Bed;
use serde_json::{Value, json};

use crate::support::{assert_ending, bed, ending, seconds};

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
        (
            "deletecollection",
            "resizecancellations.huawei.errand.cloud",
        ),
        ("delete", "cloudconnections.errand.cloud"),
        ("create", "pods"),
        ("delete", "leases.coordination.k8s.io"),
    ] {
        assert!(!may(verb, resource), "it may {verb} {resource}");
    }
}

#[test]
pub fn without_its_connection_an_operation_waits_and_goes_on_when_it_comes() {
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
    bed.start_operator_with(&["--probe-port", "0"], &[]);
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_at_rest("rsc", "stop");
    assert!(bed.http("/livez").starts_with("HTTP/1.1 200"));
    // Kinds are listed one after another.
    bed.wait_until("it is ready", || {
        bed.http("/readyz").starts_with("HTTP/1.1 200")
    });
    bed.wait_until("the last write is counted", || {
        bed.http("/metrics")
            .contains(r#"verb="create",resource="events",code="201"} 1"#)
    });
    let metrics = bed.http("/metrics");
    for line in [
        r#"errand_cloud_calls_total{service="huawei/dcs",call="CancelInstanceResize",result="accepted"} 1"#,
        r#"errand_api_requests_total{verb="update",resource="resizecancellations/status",code="200"} 2"#,
        r#"errand_reconciles_total{kind="ResizeCancellation"} "#,
        r#"errand_operations{kind="ResizeCancellation",state="Succeeded"} 1"#,
        r#"errand_operations_ended_total{kind="ResizeCancellation",outcome="Cancelled"} 1"#,
        "\nerrand_leader 1\n",
    ] {
        assert!(metrics.contains(line), "no {line} in\n{metrics}");
    }
    assert!(!metrics.contains("task-1"), "no ids in labels");
    idle_clients_do_not_stop_the_probes(&bed);
}

/// 64 clients on each port that ask nothing, or half a request. Probes are answered within
/// milliseconds, on a busy machine within some seconds, and not after a client's time-out.
fn idle_clients_do_not_stop_the_probes(bed: &Bed) {
    let log = bed.operator_log();
    let addresses = ["address=", "probes="].map(|word| {
        let (_, rest) = log.split_once(word).expect(word);
        rest.split_whitespace()
            .next()
            .expect("an address")
            .to_owned()
    });
    let connect = |address: &String| TcpStream::connect(address).expect("a connection");
    let mut clients = Vec::new();
    for address in &addresses {
        for number in 0..64 {
            let mut client = connect(address);
            if number % 2 == 0 {
                client
                    .write_all(b"GET /metrics HTTP/1.1\r\nHost")
                    .expect("half a request");
            }
            clients.push(client);
        }
    }
    for address in &addresses {
        for path in ["/livez", "/readyz"] {
            let mut probe = connect(address);
            probe
                .set_read_timeout(Some(seconds(5)))
                .expect("a time-out");
            write!(probe, "GET {path} HTTP/1.1\r\nHost: errand\r\n\r\n").expect("a request");
            let mut answer = String::new();
            let read = probe.read_to_string(&mut answer);
            assert!(
                answer.starts_with("HTTP/1.1 200"),
                "{address}{path}: {read:?} {answer}"
            );
        }
    }
    let metrics = bed.http("/metrics");
    assert!(metrics.contains("\nerrand_leader 1\n"), "{metrics}");
}

#[test]
fn every_log_line_of_a_pass_names_the_object() {
    let mut bed = bed("log-span");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    let log = ["--log", "warn,errand=trace", "--log-format", "json"];
    bed.start_operator_with(&log, &[]);
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    let reported = || {
        let log = bed.operator_log();
        log.lines()
            .any(|line| line.contains(r#""message":"reported""#))
    };
    bed.wait_until("its end is in the log", reported);
    let log = bed.operator_log();
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let of_passes = |line: &Value| {
        let message = line["fields"]["message"].as_str().unwrap_or_default();
        ["effect", "reported"].contains(&message)
    };
    let lines: Vec<Value> = lines.filter(of_passes).collect();
    assert!(lines.len() > 3, "{log}");
    for line in lines {
        let span = line["spans"].as_array().expect("spans").iter();
        let mut span = span.filter(|span| span["name"] == "reconcile");
        let named = json!({
            "name": "reconcile",
            "object.kind": "ResizeCancellation",
            "object.namespace": bed.namespace,
            "object.name": "stop",
            "object.uid": object["metadata"]["uid"],
        });
        assert_eq!(span.next(), Some(&named), "{line:#}");
    }
}
