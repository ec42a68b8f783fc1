//! What must not stop the operator, nor lose anything.

use errand_testbed::{Bed, shared_plane};
use serde_json::Value;

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
    bed.wait_until("the connection reports it", || {
        bed.get("cc", "huawei-prod")["status"]["conditions"][0]["reason"] == "CredentialsRejected"
    });
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
    // Of a minute ago it may be a connection that is on its way.
    bed.wait_until("it is blocked", || {
        bed.advance(seconds(30));
        let now = ending(&bed.get("rsc", "stop"));
        (&*now.state, &*now.reason) == ("Blocked", "ConnectionNotFound")
    });
    // Its event comes a moment after its status.
    bed.wait_until("that is told", || {
        bed.operation_writes()
            .iter()
            .any(|write| write == "create events")
    });
    assert_unchanged(&bed, 400);
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

/// kubectl with that verb, by the client's merge or the server's.
fn by_mode(bed: &Bed, verb: &str, mode: &str, manifest: &str) -> std::process::Output {
    let arguments = [verb, mode, "-n", bed.namespace.as_str(), "-f", "-"];
    shared_plane().kubectl_output(&arguments, Some(manifest))
}

const MODES: [&str; 2] = ["--server-side=false", "--server-side=true"];

#[test]
fn bad_input_is_refused_with_a_message_that_says_what_is_wrong() {
    let bed = bed("bad-input");
    let good = bed.cancellation("stop", "dcs-1", "task-1", "");
    let both = format!("{good}  pendingChange: {{createdBefore: \"2026-11-22T00:00:00Z\"}}\n");
    let order = bed.order("order", "desk-1", "{}", "  payment: Manual\n");
    let connection = bed.connection("other");
    let cases = [
        (
            good.replace("instanceId: dcs-1", "instanceId: \"a/b\""),
            "spec.instanceId",
        ),
        (
            good.replace("  taskId: task-1\n", ""),
            "exactly one of taskId and pendingChange",
        ),
        (both, "exactly one of taskId and pendingChange"),
        (
            format!(
                "{good}  schedule: {{notBefore: \"2026-11-23T00:00:00Z\", notAfter: \"2026-11-22T00:00:00Z\"}}\n"
            ),
            "notBefore has to be earlier than notAfter",
        ),
        (format!("{good}  verifyTimout: 1h\n"), "verifyTimout"),
        (
            format!("{good}  ttlAfterSuccess: 5s\n"),
            "ttlAfterSuccess has to be at least 60s",
        ),
        (order, "exactly one of resize, expandVolume and subscribe"),
        (
            format!("{connection}  policy: {{paidOperations: ManualPayment}}\n"),
            "clusterId has to be given",
        ),
        (
            connection.replace("region: cn-north-4", "region: \"\""),
            "spec.huawei.region",
        ),
    ];
    for mode in MODES {
        for (manifest, words) in &cases {
            let output = by_mode(&bed, "apply", mode, manifest);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{mode}: {manifest}");
            assert!(said.contains(words), "{mode}: {said}");
        }
    }
}

/// Every field of the kinds that people write, given by one object or another:
/// what is one of several takes an object each.
fn everything_given(bed: &Bed, number: usize) -> Vec<(&'static str, String)> {
    let common = "  mode: Execute\n  suspend: false\n  verifyTimeout: 90m\n  ttlAfterSuccess: 24h\n  schedule: {notBefore: \"2020-01-01T00:00:00Z\", notAfter: \"2100-01-01T00:00:00Z\"}\n  resolution: {holdId: h-0, decision: GiveUp}\n";
    let name = |what: &str| format!("{what}-{number}");
    let pending = bed.cancellation(&name("pending"), "dcs-none", "TASK", common);
    let pending = pending.replace(
        "taskId: TASK",
        "pendingChange: {createdBefore: \"2100-01-01T00:00:00Z\", newSpecCode: redis.big}",
    );
    let mut all = vec![
        (
            "rsc",
            bed.cancellation(&name("by-task"), "dcs-none", "task-1", common),
        ),
        ("rsc", pending),
    ];
    for (what, change) in [
        ("resize", "{resize: {productId: workspacehost.k.xlarge4}}"),
        (
            "expand",
            "{expandVolume: {volumeId: volume-1, sizeGiB: 100}}",
        ),
        (
            "subscribe",
            "{subscribe: {unit: Year, count: 1, autoRenew: false}}",
        ),
    ] {
        let more = "  payment: Manual\n  enterpriseProjectId: \"0\"\n  operationKey: once\n";
        let order = bed.order(&name(what), "desk-none", change, &format!("{more}{common}"));
        all.push(("dor", order));
    }
    let connection = bed.connection(&name("connection"));
    let connection = connection
        .replace("region: cn-north-4", "region: cn-north-4, site: China")
        .replace(
            "secretRef: {name: huawei-key}",
            "secretRef: {name: huawei-key, keys: {accessKey: accessKey, secretKey: secretKey, securityToken: securityToken}}",
        );
    let policy = "  policy: {suspend: false, maxConcurrent: 5, paidOperations: ManualPayment, clusterId: other}\n";
    all.push(("cc", format!("{connection}{policy}")));
    for cloud in ["tencent-prod", "volcengine-prod"] {
        let connection = bed.cloud_connection(cloud, "");
        let connection = connection
            .replace(
                &format!("{{name: {cloud}}}"),
                &format!("{{name: {}}}", name(cloud)),
            )
            .replace("ap-guangzhou}", "ap-guangzhou, site: International}");
        all.push(("cc", connection));
    }
    let refresh = bed.refresh(&name("roll"), "asg-none", "asr-none", "Paused", common);
    all.push(("irf", refresh));
    let until =
        "  interval: 5m\n  until: {states: [running, stopped], settled: true, failOn: [error]}\n";
    let observation = bed.observation(&name("seen"), "i-none", &format!("{until}{common}"));
    all.push(("iob", observation));
    let reservation = bed.reservation(&name("reserved"), "esi-none", "Delivered", common);
    all.push(("sir", reservation));
    all
}

/// The paths of all fields of a schema; those of a map or of anything end there.
fn fields(schema: &Value, path: &str, found: &mut Vec<String>) {
    let properties = schema["properties"].as_object();
    for (name, of_it) in properties.into_iter().flatten() {
        let path = format!("{path}/{name}");
        fields(of_it, &path, found);
        found.push(path);
    }
}

#[test]
fn what_is_applied_is_what_is_there_whatever_is_given() {
    let mut bed = bed("diff");
    bed.start_operator();
    let mut given = Vec::new();
    for (number, mode) in MODES.iter().enumerate() {
        let objects = everything_given(&bed, number);
        let manifests: Vec<&str> = objects.iter().map(|(_, text)| text.as_str()).collect();
        let manifests = manifests.join("---\n");
        let applied = by_mode(&bed, "apply", mode, &manifests);
        let said = String::from_utf8_lossy(&applied.stderr);
        assert!(applied.status.success(), "{mode}: {said}");
        let of_kind = |kind: &str| bed.list(kind);
        bed.wait_until("all were looked at", || {
            bed.advance(seconds(1));
            let looked =
                |o: &Value| o["status"]["observedGeneration"] == o["metadata"]["generation"];
            bed.operation_kinds()
                .iter()
                .all(|kind| of_kind(kind).iter().all(looked))
        });
        let diff = by_mode(&bed, "diff", mode, &manifests);
        let text = String::from_utf8_lossy(&diff.stdout);
        assert!(diff.status.success(), "{mode}: {text}");
        given = objects;
    }
    for definition in errand::operations::crds() {
        // Nobody writes a ledger by hand, so it has no short name.
        let Some(kind) = definition.spec.names.short_names.iter().flatten().next() else {
            continue;
        };
        let is_given = given.iter().any(|(of, _)| of == kind);
        assert!(is_given, "everything_given has no {kind}");
        let name = definition.metadata.name.expect("a CRD has a name");
        let crd = bed.kubectl(&["get", "crd", &name, "-o", "json"]);
        let crd: Value = serde_json::from_str(&crd).expect("kubectl prints JSON");
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let mut all = Vec::new();
        fields(&schema["properties"]["spec"], "/spec", &mut all);
        assert!(all.len() > 8, "{all:?}");
        let objects = bed.list(kind);
        for field in all {
            let has = |object: &&Value| object.pointer(&field).is_some();
            assert!(objects.iter().any(|o| has(&o)), "{kind} without {field}");
        }
    }
}
