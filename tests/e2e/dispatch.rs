//! Which operation is looked at, and when: in time, in turn, and at once where something
//! has changed.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use errand_simulator::{Fault, FaultKind};
use errand_testbed::{BedOptions, Plane};
use serde_json::{Value, json};

use crate::support::{CANCEL, assert_ending, bed, bed_on, ending, seconds};

/// Set nine hours before, the window of six operations: each is due as it begins.
#[test]
fn a_window_that_was_set_hours_before_is_met_to_the_second() {
    const AHEAD: u64 = 9 * 3600;
    let mut bed = bed("in-time");
    let begins = bed.simulator.now().as_second() + i64::try_from(AHEAD).expect("a time");
    let ends = jiff::Timestamp::from_second(begins + 900).expect("a time");
    let begins = jiff::Timestamp::from_second(begins).expect("a time");
    bed.start_operator();
    for n in 0..6 {
        bed.seed_pending_change(&format!("dcs-{n}"), &format!("task-{n}"), 48 * 3600);
        let schedule = format!("  schedule: {{notBefore: \"{begins}\", notAfter: \"{ends}\"}}\n");
        let (name, instance) = (format!("stop-{n}"), format!("dcs-{n}"));
        bed.apply(&bed.cancellation(&name, &instance, &format!("task-{n}"), &schedule));
    }
    let all = |reason: &str| {
        (0..6).all(|n| ending(&bed.get("rsc", &format!("stop-{n}"))).reason == reason)
    };
    bed.wait_until("all of them wait", || all("BeforeWindow"));
    let left = begins.as_millisecond() - bed.simulator.now().as_millisecond();
    // To a few seconds before it, in steps in which the lease is kept.
    let mut left = u64::try_from(left).expect("it is ahead") / 1000 - 5;
    bed.wait_until("it is about to begin", || {
        let before = bed.simulator.now();
        bed.advance_if_led(seconds(left.min(600)));
        let moved = bed.simulator.now().as_second() - before.as_second();
        left = left.saturating_sub(u64::try_from(moved).unwrap_or_default());
        left == 0
    });
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0);
    bed.wait_until("all are sent", || {
        bed.advance(Duration::from_millis(100));
        bed.simulator.journal().calls(CANCEL) == 6
    });
    let journal = bed.simulator.journal();
    let sent = journal.all_calls().iter().filter(|call| call.api == CANCEL);
    for call in sent {
        let late = call.time.as_millisecond() - begins.as_millisecond();
        assert!(
            (0..5_000).contains(&late),
            "{late} ms after its begin\n{journal}"
        );
    }
}

#[test]
fn a_blocked_operation_goes_on_at_once_when_asked_and_costs_nothing_for_a_label() {
    let mut bed = bed("hurried");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    let denied = FaultKind::Error {
        status: 403,
        code: "DCS.2003".into(),
        message: "no permission".into(),
    };
    bed.simulator.fault(Fault::new(CANCEL, denied).always());
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_eq!(ending(&object).reason, "PermissionDenied", "{object:#}");
    let calls = || bed.simulator.journal().all_calls().len();
    let before = calls();
    for n in 0..1_000 {
        let label = json!({"metadata": {"labels": {"n": n.to_string()}}});
        bed.edit("rsc", "stop", &label);
    }
    bed.simulator.clear_faults();
    assert_eq!(calls(), before, "a label is none of its business");
    let ask = "errand.cloud/reconcile-requested-at=now";
    bed.kubectl(&["annotate", "rsc", "stop", ask]);
    bed.wait_until("it has ended without its pause", || {
        ending(&bed.get("rsc", "stop")).outcome == "Cancelled"
    });
}

#[test]
fn a_suspended_operation_goes_on_at_once_when_it_is_resumed() {
    let mut bed = bed("resumed");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", "  suspend: true\n"));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_eq!(ending(&object).reason, "SuspendedBySpec", "{object:#}");
    let patch = json!({"spec": {"suspend": false}});
    bed.edit("rsc", "stop", &patch);
    bed.wait_until("it has ended", || {
        ending(&bed.get("rsc", "stop")).outcome == "Cancelled"
    });
}

/// Seventy operations through a connection whose cloud takes requests and never answers;
/// one through another connection.
#[test]
fn a_cloud_that_hangs_keeps_no_operation_of_another_connection_waiting() {
    let mut bed = bed("hanging");
    let hanging = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", hanging.local_addr().expect("its address"));
    let connection = bed.connection("hanging");
    bed.apply(&connection.replace(&bed.simulator.url(), &url));
    bed.start_operator();
    // Of a key that was not used yet, one operation makes the first call and the others wait.
    bed.seed_pending_change("dcs-2", "task-2", 48 * 3600);
    bed.apply(&bed.cancellation("first", "dcs-2", "task-2", ""));
    bed.wait_at_rest("rsc", "first");
    let one = |n: usize| {
        bed.cancellation(&format!("stuck-{n}"), "dcs-9", &format!("task-{n}"), "")
            .replace("name: huawei-prod", "name: hanging")
    };
    let all: Vec<String> = (0..70).map(one).collect();
    bed.apply(&all.join("---\n"));
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    let began = Instant::now();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    // A call to that cloud is given up after 30 s.
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    drop(hanging);
}

/// The Secret is only read by its name, so it is read more often while its key is what
/// blocks. The pause of the operation, and the look at the connection, are longer.
#[test]
fn a_blocked_operation_goes_on_within_seconds_after_its_secret_is_fixed() {
    let mut bed = bed("another-key");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.kubectl(&["delete", "secret", "huawei-key"]);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let reason = || ending(&bed.get("rsc", "stop")).reason;
    let connection = || {
        let connection = bed.get("cc", "huawei-prod");
        connection["status"]["conditions"][0]["reason"].clone()
    };
    bed.wait_until("it is blocked", || reason() == "CredentialsMissing");
    bed.wait_until("the connection is, too", || {
        connection() == "SecretNotFound"
    });
    let began = Instant::now();
    bed.put_secret("a-wrong-key");
    bed.wait_until("the key is rejected", || reason() == "CredentialsRejected");
    let first = began.elapsed();
    bed.wait_until("the connection says it", || {
        connection() == "CredentialsRejected"
    });
    let signed = || bed.simulator.journal().all_calls().len();
    let before = signed();
    for n in 0..5 {
        let label = format!("n=v{n}");
        bed.kubectl(&["label", "--overwrite", "secret", "huawei-key", &label]);
    }
    let gets = || {
        let all = bed.audit();
        let gets = all.iter().filter(|event| event["verb"] == "get");
        gets.filter(|event| event["objectRef"]["resource"] == "secrets")
            .count()
    };
    let read = gets();
    bed.wait_until("the Secret is read again", || gets() >= read + 2);
    assert_eq!(signed(), before, "a label makes no other key");
    let began = Instant::now();
    bed.put_right_secret();
    bed.wait_until("it has ended", || reason() == "Cancelled");
    let second = began.elapsed();
    for took in [first, second] {
        assert!(took < Duration::from_secs(25), "{took:?}");
    }
}

/// The operator of a whole cluster: no time passes for the pause of what is blocked.
#[test]
fn a_blocked_operation_goes_on_at_once_after_a_change_of_its_namespace_or_crd() {
    let plane = Arc::new(Plane::start().unwrap_or_else(|e| panic!("{e}")));
    let options = BedOptions {
        cluster: true,
        ..BedOptions::default()
    };
    let mut bed = bed_on(&plane, "around", options);
    bed.start_operator();
    let denied = FaultKind::Error {
        status: 403,
        code: "DCS.2003".into(),
        message: "no permission".into(),
    };
    let label = || {
        bed.kubectl(&["label", "namespace", &bed.namespace, "team=a"]);
    };
    let schema = || {
        let crd = "resizecancellations.huawei.errand.cloud";
        let describe = |schema: &mut Value| schema["description"] = json!("Another one.");
        plane
            .install_schema(crd, describe)
            .unwrap_or_else(|e| panic!("{e}"));
    };
    let changes: [(&str, &dyn Fn()); 2] = [("label", &label), ("schema", &schema)];
    for (n, (name, change)) in changes.into_iter().enumerate() {
        let (instance, task) = (format!("dcs-{n}"), format!("task-{n}"));
        bed.seed_pending_change(&instance, &task, 48 * 3600);
        bed.simulator
            .fault(Fault::new(CANCEL, denied.clone()).always());
        bed.apply(&bed.cancellation(name, &instance, &task, ""));
        let object = bed.wait_at_rest("rsc", name);
        assert_eq!(ending(&object).reason, "PermissionDenied", "{object:#}");
        bed.simulator.clear_faults();
        change();
        bed.wait_until("it has ended without its pause", || {
            ending(&bed.get("rsc", name)).outcome == "Cancelled"
        });
    }
}
