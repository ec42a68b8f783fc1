//! What the operator sees of the API server: objects that are hard to read, watches that
//! fall silent, kinds that are not there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use errand_testbed::{Bed, BedOptions, Plane};

use crate::support::{CANCEL, assert_ending, bed, bed_on, bed_with, ending, seconds};

/// The API server accepts this time, and the operator's library for times does not.
const LATE: &str = "9999-12-31T23:59:59Z";

/// Gives the object a time in its managedFields that typed metadata cannot hold.
pub fn make_hostile(bed: &Bed, kind: &str, name: &str) {
    // A change of managedFields alone is none for the API server.
    let patch = serde_json::json!([
        {"op": "replace", "path": "/metadata/managedFields/0/time", "value": LATE},
        {"op": "add", "path": "/metadata/annotations", "value": {"changed": "too"}},
    ]);
    let patch = patch.to_string();
    bed.kubectl(&["patch", kind, name, "--type=json", "-p", &patch]);
    let object = bed.get(kind, name);
    let fields = object["metadata"]["managedFields"].to_string();
    assert!(fields.contains(LATE), "{object:#}");
}

fn seed(bed: &Bed, numbers: std::ops::RangeInclusive<u32>) {
    for n in numbers {
        bed.seed_pending_change(&format!("dcs-{n}"), &format!("task-{n}"), 48 * 3600);
    }
}

fn cancellation(bed: &Bed, name: &str, n: u32, more: &str) -> String {
    bed.cancellation(name, &format!("dcs-{n}"), &format!("task-{n}"), more)
}

fn assert_cancelled(bed: &Bed, name: &str) {
    bed.wait_until(&format!("{name} has ended"), || {
        !ending(&bed.get("rsc", name)).outcome.is_empty()
    });
    assert_ending(bed, &bed.get("rsc", name), "Succeeded", "Cancelled");
}

/// The value of a metric; nothing if it has none.
fn metric(bed: &Bed, line: &str) -> Option<i64> {
    let metrics = bed.http("/metrics");
    let rest = metrics.split(&format!("{line} ")).nth(1)?;
    rest.split_whitespace().next()?.parse().ok()
}

fn ready(bed: &Bed) -> bool {
    bed.http("/readyz").starts_with("HTTP/1.1 200")
}

#[test]
fn hostile_metadata_of_one_operation_stops_no_operation() {
    let mut bed = bed("hostile");
    seed(&bed, 1..=3);
    bed.apply(&cancellation(&bed, "hostile", 1, ""));
    make_hostile(&bed, "rsc", "hostile");
    bed.apply(&cancellation(&bed, "other", 2, ""));
    bed.start_operator();
    assert_cancelled(&bed, "other");
    assert_cancelled(&bed, "hostile");
    bed.stop_operator();
    bed.start_operator();
    bed.apply(&cancellation(&bed, "after-restart", 3, ""));
    assert_cancelled(&bed, "after-restart");
}

#[test]
fn hostile_metadata_of_one_connection_stops_no_operation() {
    let mut bed = bed("hostile-cc");
    seed(&bed, 1..=2);
    let hostile = bed.connection("huawei-prod");
    bed.apply(&hostile.replace("name: huawei-prod", "name: hostile"));
    make_hostile(&bed, "cc", "hostile");
    bed.apply(&cancellation(&bed, "other", 1, ""));
    let through = cancellation(&bed, "through", 2, "").replace("huawei-prod", "hostile");
    bed.apply(&through);
    bed.start_operator();
    assert_cancelled(&bed, "other");
    assert_cancelled(&bed, "through");
}

#[test]
fn hostile_metadata_of_a_secret_does_not_hide_its_key() {
    let mut bed = bed("hostile-secret");
    seed(&bed, 1..=1);
    make_hostile(&bed, "secret", "huawei-key");
    bed.apply(&cancellation(&bed, "stop", 1, ""));
    bed.start_operator_with(&["--log", "trace"], &[]);
    assert_cancelled(&bed, "stop");
    let log = bed.operator_log();
    // In base64, as the API server shows it.
    assert!(
        !log.contains("RXJyYW5kVGVzdFNlY3JldEtleS"),
        "a Secret is in the log"
    );
}

#[test]
fn times_at_the_end_of_the_calendar_are_understood() {
    let mut bed = bed("late-times");
    seed(&bed, 1..=3);
    bed.start_operator();
    let not_after = format!("  schedule: {{notAfter: \"{LATE}\"}}\n");
    bed.apply(&cancellation(&bed, "not-after", 1, &not_after));
    let not_before = format!("  schedule: {{notBefore: \"{LATE}\"}}\n");
    bed.apply(&cancellation(&bed, "not-before", 2, &not_before));
    let pending = format!("pendingChange: {{createdBefore: \"{LATE}\"}}");
    let pending = cancellation(&bed, "created", 3, "").replace("taskId: task-3", &pending);
    bed.apply(&pending);
    assert_cancelled(&bed, "not-after");
    assert_cancelled(&bed, "created");
    bed.wait_until("the third waits", || {
        ending(&bed.get("rsc", "not-before")).reason == "BeforeWindow"
    });
    assert_eq!(bed.simulator.journal().calls(CANCEL), 2);
}

/// A bed whose operator reaches the API server through a proxy that spoils nothing.
fn proxied(name: &str) -> Bed {
    let options = BedOptions {
        proxy: Some(0),
        ..BedOptions::default()
    };
    let bed = bed_with(name, options);
    bed.proxy.as_ref().expect("it has one").calm();
    bed
}

#[test]
fn a_frozen_watch_is_replaced_within_100_seconds() {
    let mut bed = proxied("frozen");
    seed(&bed, 1..=2);
    bed.start_operator();
    bed.apply(&cancellation(&bed, "before", 1, ""));
    assert_cancelled(&bed, "before");
    bed.proxy.as_ref().expect("it has one").freeze_watches();
    bed.apply(&cancellation(&bed, "frozen", 2, ""));
    let mut passed = 0;
    bed.wait_until("a new operation is seen", || {
        if passed < 100 {
            bed.advance(seconds(20));
            passed += 20;
            std::thread::sleep(Duration::from_millis(20));
        }
        !ending(&bed.get("rsc", "frozen")).outcome.is_empty()
    });
    assert_cancelled(&bed, "frozen");
}

#[test]
fn a_server_that_streams_no_lists_is_listed_in_pages() {
    let mut bed = proxied("pages");
    let number = 70;
    let all = (1..=number).map(|n| {
        let name = format!("stop-{n}");
        cancellation(&bed, &name, n, "  suspend: true\n") + "---\n"
    });
    bed.apply(&all.collect::<String>());
    bed.proxy.as_ref().expect("it has one").stream_no_lists();
    bed.start_operator();
    let shown = r#"errand_operations{kind="ResizeCancellation",state="Suspended"}"#;
    bed.wait_until("all are shown", || {
        metric(&bed, shown) == Some(number.into())
    });
    let lists =
        r#"errand_api_requests_total{verb="list",resource="resizecancellations",code="200"}"#;
    assert_eq!(metric(&bed, lists), Some(2), "{}", bed.http("/metrics"));
    let refused =
        r#"errand_api_requests_total{verb="watch",resource="resizecancellations",code="422"}"#;
    assert_eq!(metric(&bed, refused), Some(1), "remembered");
    bed.wait_until("the other kinds are listed, too", || ready(&bed));
}

#[test]
fn a_gauge_and_readiness_show_how_long_a_watch_is_silent() {
    let mut bed = proxied("silence");
    seed(&bed, 1..=1);
    bed.start_operator();
    bed.apply(&cancellation(&bed, "stop", 1, ""));
    assert_cancelled(&bed, "stop");
    bed.wait_until("it is ready", || ready(&bed));
    let line = r#"errand_watch_silence_seconds{kind="ResizeCancellation"}"#;
    bed.wait_until("the gauge is there", || {
        metric(&bed, line).is_some_and(|silent| silent < 60)
    });
    bed.proxy.as_ref().expect("it has one").freeze_watches();
    bed.advance(seconds(85));
    let silent = metric(&bed, line).expect("the gauge");
    assert!((80..=89).contains(&silent), "{silent} s");
    bed.advance(seconds(10));
    bed.wait_until("it is heard again", || {
        metric(&bed, line).is_some_and(|silent| silent < 60)
    });
    assert!(ready(&bed));
}

#[test]
fn a_missing_crd_delays_no_other_kind() {
    let plane = Arc::new(Plane::start().unwrap_or_else(|e| panic!("{e}")));
    let crd = "instancerefreshes.tencent.errand.cloud";
    let file = errand_testbed::repository().join(format!("crds/{crd}.yaml"));
    let file = file.to_str().expect("a path that is text");
    let kubectl = |arguments: &[&str]| plane.kubectl(arguments).unwrap_or_else(|e| panic!("{e}"));
    kubectl(&["delete", "crd", crd]);
    let mut bed = bed_on(&plane, "no-crd", BedOptions::default());
    seed(&bed, 1..=3);
    let connection = bed.connection("huawei-prod");
    bed.apply(&format!("{connection}  policy: {{maxConcurrent: 1}}\n"));
    bed.start_operator();
    let began = Instant::now();
    for n in 1..=3 {
        let name = format!("stop-{n}");
        bed.apply(&cancellation(&bed, &name, n, ""));
        assert_cancelled(&bed, &name);
    }
    let took = began.elapsed();
    assert!(
        took < Duration::from_secs(20),
        "three first calls took {took:?}"
    );
    bed.wait_until("it is ready", || ready(&bed));
    let served = r#"errand_watch_served{kind="InstanceRefresh"}"#;
    let listed = |kind: &str| metric(&bed, &format!("errand_watch_listed{{kind=\"{kind}\"}}"));
    assert_eq!(metric(&bed, served), Some(0), "{}", bed.http("/metrics"));
    assert_eq!(listed("InstanceRefresh"), Some(0));
    assert_eq!(listed("ResizeCancellation"), Some(1));

    kubectl(&["apply", "--server-side", "-f", file]);
    bed.wait_until("the kind is watched", || {
        bed.advance(seconds(5));
        listed("InstanceRefresh") == Some(1)
    });
    assert_eq!(metric(&bed, served), Some(1));
}

#[test]
fn a_kind_whose_crd_is_removed_and_recreated_works_on() {
    let plane = Arc::new(Plane::start().unwrap_or_else(|e| panic!("{e}")));
    let crd = "resizecancellations.huawei.errand.cloud";
    let file = errand_testbed::repository().join(format!("crds/{crd}.yaml"));
    let file = file.to_str().expect("a path that is text");
    let kubectl = |arguments: &[&str]| plane.kubectl(arguments).unwrap_or_else(|e| panic!("{e}"));
    let mut bed = bed_on(&plane, "other-crd", BedOptions::default());
    seed(&bed, 1..=2);
    bed.start_operator();
    bed.apply(&cancellation(&bed, "first", 1, ""));
    assert_cancelled(&bed, "first");
    bed.apply(&cancellation(&bed, "suspended", 2, "  suspend: true\n"));
    bed.wait_until("it is suspended", || {
        ending(&bed.get("rsc", "suspended")).reason == "SuspendedBySpec"
    });
    kubectl(&["delete", "crd", crd]);
    let served = r#"errand_watch_served{kind="ResizeCancellation"}"#;
    bed.wait_until("it is noticed", || {
        bed.advance(seconds(5));
        metric(&bed, served) == Some(0)
    });
    kubectl(&["apply", "--server-side", "-f", file]);
    kubectl(&["wait", "--for=condition=Established", "crd", crd]);
    bed.wait_until("it is served", || {
        let applied = bed.try_apply(&cancellation(&bed, "again", 2, ""));
        applied.is_ok()
    });
    bed.wait_until("it has ended", || {
        bed.advance(seconds(5));
        ending(&bed.get("rsc", "again")).outcome == "Cancelled"
    });
    assert!(
        bed.find("rsc", "suspended")
            .is_ok_and(|found| found.is_none())
    );
    bed.wait_until("it is ready", || ready(&bed));
}
