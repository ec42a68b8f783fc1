//! What must not stop the operator, nor lose anything.

use errand_testbed::{Bed, shared_plane};

use crate::support::{CANCEL, assert_ending, bed, ending, seconds, until_reason};

#[test]
pub fn a_wrong_key_costs_one_failing_call_however_many_operations_wait() {
    let mut bed = bed("breaker");
    for n in 1..=10 {
        bed.seed_pending_change(&format!("dcs-{n}"), &format!("task-{n}"), 48 * 3600);
    }
    bed.put_secret("not-the-right-one");
    bed.start_operator();
    for n in 1..=10 {
        let name = format!("stop-{n}");
        bed.apply(&bed.cancellation(&name, &format!("dcs-{n}"), &format!("task-{n}"), ""));
    }
    let blocked = || {
        bed.list("rsc")
            .iter()
            .filter(|item| ending(item).reason == "CredentialsRejected")
            .count()
    };
    bed.wait_until("all are blocked", || blocked() == 10);
    assert_eq!(
        bed.simulator.journal().all_calls().len(),
        1,
        "{}",
        bed.simulator.journal()
    );
    let connection = bed.get("cc", "huawei-prod");
    let ready = &connection["status"]["conditions"][0];
    assert_eq!(ready["reason"], "CredentialsRejected", "{connection:#}");
    // The slow recheck is one call too.
    bed.wait_until("it was rechecked", || {
        bed.advance(seconds(20));
        bed.simulator.journal().all_calls().len() > 1
    });
    assert_eq!(bed.simulator.journal().all_calls().len(), 2);
    bed.put_right_secret();
    bed.wait_until("all go on", || {
        bed.advance(seconds(20));
        bed.simulator.journal().effects("dcs.cancel") == 10
    });
}

#[test]
pub fn a_missing_secret_blocks_and_the_operation_goes_on_when_it_comes() {
    let mut bed = bed("no-secret");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.kubectl(&["delete", "secret", "huawei-key"]);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_eq!(ending(&object).reason, "CredentialsMissing", "{object:#}");
    bed.wait_until("the connection says so", || {
        bed.get("cc", "huawei-prod")["status"]["conditions"][0]["reason"] == "SecretNotFound"
    });
    bed.put_right_secret();
    until_reason(&bed, "stop", "Cancelled", seconds(10));
}

#[test]
pub fn a_forbidden_call_is_blocked_with_the_permission_named_as_reason() {
    let mut bed = bed("forbidden");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    let denied = errand_simulator::FaultKind::Error {
        status: 403,
        code: "DCS.2003".into(),
        message: "no permission dcs:instance:cancelResizeTask".into(),
    };
    bed.simulator
        .fault(errand_simulator::Fault::new(CANCEL, denied).always());
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_eq!(ending(&object).state, "Blocked", "{object:#}");
    assert_eq!(ending(&object).reason, "PermissionDenied");
    let summary = object["status"]["summary"].as_str().unwrap_or_default();
    assert!(summary.contains("cancelResizeTask"), "{summary}");
    let before = object["status"].to_string();
    assert_eq!(
        object["status"]["steps"][0]["answer"], "Refused",
        "{before}"
    );
}

/// How many sessions the operator has counted.
fn reconciles(bed: &Bed) -> u64 {
    let metrics = bed.http("/metrics");
    let line = "errand_reconciles_total{kind=\"ResizeCancellation\"} ";
    let rest = metrics.split(line).nth(1).unwrap_or("0");
    let count = rest.split_whitespace().next();
    count
        .and_then(|count| count.parse().ok())
        .expect("a number")
}

/// The operation meets the same trouble again and again; nothing of it is written
/// again.
fn assert_unchanged(bed: &Bed, time_for_a_look: u64) {
    let before = bed.get("rsc", "stop");
    let writes = bed.operation_writes();
    let mut looked = reconciles(bed);
    for _ in 0..5 {
        bed.wait_until("it is looked at once more", || {
            bed.advance(seconds(time_for_a_look));
            reconciles(bed) > looked
        });
        looked = reconciles(bed);
    }
    assert_eq!(before, bed.get("rsc", "stop"), "byte for byte");
    assert_eq!(writes, bed.operation_writes(), "it costs no write");
}

#[test]
fn the_same_failure_twice_leaves_the_same_status() {
    let mut bed = bed("same");
    bed.start_operator();
    let manifest = bed.cancellation("stop", "dcs-1", "task-1", "");
    bed.apply(&manifest.replace("huawei-prod", "missing"));
    bed.wait_until("it waits", || {
        ending(&bed.get("rsc", "stop")).reason == "ConnectionNotFound"
    });
    assert_unchanged(&bed, 180);
}

#[test]
fn a_failure_that_differs_in_its_request_id_alone_leaves_the_same_status() {
    let mut bed = bed("same-503");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    let fault = errand_simulator::FaultKind::Error {
        status: 503,
        code: "APIGW.0201".into(),
        message: "Backend unavailable".into(),
    };
    bed.simulator
        .fault(errand_simulator::Fault::new("dcs.", fault).always());
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("it says so", || {
        bed.advance(seconds(30));
        ending(&bed.get("rsc", "stop")).reason == "CloudUnavailable"
    });
    assert_unchanged(&bed, 60);
    let journal = bed.simulator.journal();
    let mut ids: Vec<&str> = journal
        .all_calls()
        .iter()
        .map(|call| call.request_id.as_str())
        .collect();
    let calls = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), calls, "each answer has an id of its own");
}

#[test]
fn an_unknown_answer_format_is_no_success() {
    let mut bed = bed("bad-body");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    bed.simulator.fault(errand_simulator::Fault::new(
        CANCEL,
        errand_simulator::FaultKind::BadBody,
    ));
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(
        bed.simulator.journal().effects("dcs.cancel"),
        1,
        "{}",
        bed.simulator.journal()
    );
}

#[test]
pub fn a_terminal_refusal_is_failed_refused_and_not_repeated() {
    let mut bed = bed("refused");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    let refused = errand_simulator::FaultKind::Error {
        status: 400,
        code: "DCS.4070".into(),
        message: "task id invalid".into(),
    };
    bed.simulator
        .fault(errand_simulator::Fault::new(CANCEL, refused).always());
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Failed", "Refused");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 1);
}

#[test]
fn bad_input_is_refused_with_a_message_that_says_what_is_wrong() {
    let bed = bed("bad-input");
    let good = bed.cancellation("stop", "dcs-1", "task-1", "");
    let refused = |manifest: &str| bed.try_apply(manifest).expect_err("it is refused");
    let bad_id = refused(&good.replace("instanceId: dcs-1", "instanceId: \"a/b\""));
    assert!(bad_id.contains("spec.instanceId"), "{bad_id}");
    let neither = refused(&good.replace("  taskId: task-1\n", ""));
    assert!(
        neither.contains("exactly one of taskId and pendingChange"),
        "{neither}"
    );
    let both = format!("{good}  pendingChange: {{createdBefore: \"2026-11-22T00:00:00Z\"}}\n");
    let both = refused(&both);
    assert!(
        both.contains("exactly one of taskId and pendingChange"),
        "{both}"
    );
    let schedule =
        "  schedule: {notBefore: \"2026-11-23T00:00:00Z\", notAfter: \"2026-11-22T00:00:00Z\"}\n";
    let schedule = refused(&format!("{good}{schedule}"));
    assert!(
        schedule.contains("notBefore has to be earlier than notAfter"),
        "{schedule}"
    );
    let unknown = refused(&format!("{good}  verifyTimout: 1h\n"));
    assert!(unknown.contains("verifyTimout"), "{unknown}");
}

#[test]
fn what_is_applied_is_what_is_there() {
    let mut bed = bed("diff");
    bed.start_operator();
    for (n, mode) in ["--server-side=false", "--server-side=true"]
        .iter()
        .enumerate()
    {
        let (instance, task) = (format!("dcs-{n}"), format!("task-{n}"));
        bed.seed_pending_change(&instance, &task, 3600);
        let manifest = bed.cancellation(&instance, &instance, &task, "");
        let kubectl = |verb: &str| {
            let arguments = [verb, mode, "-n", bed.namespace.as_str(), "-f", "-"];
            shared_plane().kubectl_output(&arguments, Some(&manifest))
        };
        assert!(kubectl("apply").status.success(), "{mode}");
        bed.wait_at_rest("rsc", &instance);
        let diff = kubectl("diff");
        let text = String::from_utf8_lossy(&diff.stdout);
        assert!(diff.status.success(), "{mode}: {text}");
    }
}
