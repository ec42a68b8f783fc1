//! The API server goes away for a while. Each test has one of its own.

use std::fs;
use std::sync::Arc;

use errand_testbed::{Bed, BedOptions, Plane};
use serde_json::json;

use crate::support::{CANCEL, assert_ending, bed_on, ending, reread, seconds};

/// Lets a minute pass, in small steps.
fn a_minute_passes(bed: &Bed) {
    let mut passed = 0;
    bed.wait_until("a minute has passed", || {
        bed.advance(seconds(1));
        passed += 1;
        passed == 60
    });
}

fn stream_faults(bed: &Bed) -> u32 {
    let line = r#"errand_watch_faults_total{kind="ResizeCancellation",fault="stream"} "#;
    let metrics = bed.http("/metrics");
    let rest = metrics.split(line).nth(1).unwrap_or("0");
    let count = rest.split_whitespace().next();
    count.and_then(|count| count.parse().ok()).expect("a count")
}

/// One operation stands before its call, one has made it and looks for its
/// effect, one waits for its window, one for its connection.
#[test]
fn an_api_server_that_is_away_for_a_minute_costs_no_call_and_no_answer() {
    let plane = Arc::new(Plane::start().unwrap_or_else(|e| panic!("{e}")));
    let control_plane = plane.control_plane();
    let mut bed = bed_on(&plane, "away", BedOptions::default());
    for n in 1..=4 {
        bed.seed_pending_change(&format!("dcs-{n}"), &format!("task-{n}"), 48 * 3600);
    }
    reread(&bed, json!({"cancel_visible_after": 120}));
    let pause = control_plane.dir().join("pause");
    fs::write(&pause, "").expect("the plane's folder can be written");
    let before_the_second_call = format!("before:Send:2:{}", pause.display());
    bed.start_operator_with(&[], &[("ERRAND_TEST_PAUSE", &before_the_second_call)]);

    bed.apply(&bed.cancellation("verifying", "dcs-1", "task-1", ""));
    let state = |name: &str| ending(&bed.get("rsc", name)).state;
    bed.wait_until("one verifies", || state("verifying") == "Verifying");
    bed.apply(&bed.cancellation("in-flight", "dcs-2", "task-2", ""));
    bed.wait_until("one stands before its call", || {
        bed.operator_log().contains("test pause")
    });
    let soon = bed.simulator.now().as_second() + 90;
    let soon = jiff::Timestamp::from_second(soon).expect("a time of this century");
    let window = format!("  schedule: {{notBefore: \"{soon}\"}}\n");
    bed.apply(&bed.cancellation("before-window", "dcs-3", "task-3", &window));
    let unconnected = bed.cancellation("unconnected", "dcs-4", "task-4", "");
    bed.apply(&unconnected.replace("huawei-prod", "later"));
    let reason = |name: &str| ending(&bed.get("rsc", name)).reason;
    bed.wait_until("all wait", || {
        reason("before-window") == "BeforeWindow" && reason("unconnected") == "ConnectionNotFound"
    });
    assert_eq!(stream_faults(&bed), 0, "{}", bed.operator_log());

    control_plane
        .kill_api_server()
        .unwrap_or_else(|e| panic!("{e}"));
    fs::remove_file(&pause).expect("it was made above");
    bed.wait_until("the call was made meanwhile", || {
        bed.simulator.journal().calls_on(CANCEL, "dcs-2") == 1
    });
    a_minute_passes(&bed);
    a_minute_passes(&bed);
    bed.wait_until("an end could not be recorded", || {
        bed.operator_log().contains("status not written")
    });
    bed.wait_until("the broken watch is counted and told", || {
        let log = bed.operator_log();
        let told = |line: &str| {
            line.contains("WARN")
                && line.contains("kind=ResizeCancellation")
                && line.contains("watch")
        };
        stream_faults(&bed) > 0 && log.lines().any(told)
    });

    control_plane
        .start_api_server()
        .unwrap_or_else(|e| panic!("{e}"));
    bed.apply(&bed.connection("later"));
    for name in ["verifying", "in-flight", "before-window", "unconnected"] {
        bed.wait_until("it has ended", || {
            bed.advance(seconds(1));
            !ending(&bed.get("rsc", name)).outcome.is_empty()
        });
        let object = bed.get("rsc", name);
        assert_ending(&bed, &object, "Succeeded", "Cancelled");
        let steps = object["status"]["steps"].as_array().expect("steps");
        assert_eq!(steps.len(), 1, "{object:#}");
        assert_eq!(steps[0]["answer"], "Accepted", "{object:#}");
    }
    let journal = bed.simulator.journal();
    assert_eq!(journal.calls(CANCEL), 4, "{journal}");
    assert_eq!(journal.effects("dcs.cancel"), 4, "{journal}");
    let ended = bed.operator().try_wait().expect("its watchdog tells");
    assert_eq!(ended, None, "the operator is the same one");
    assert_eq!(bed.stop_operator(), 0);
}

#[test]
fn an_answer_that_could_not_be_stored_is_stored_by_an_orderly_end() {
    let plane = Arc::new(Plane::start().unwrap_or_else(|e| panic!("{e}")));
    let control_plane = plane.control_plane();
    let mut bed = bed_on(&plane, "answers", BedOptions::default());
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    let pause = control_plane.dir().join("pause");
    fs::write(&pause, "").expect("the plane's folder can be written");
    let before_the_call = format!("before:Send:1:{}", pause.display());
    bed.start_operator_with(&[], &[("ERRAND_TEST_PAUSE", &before_the_call)]);
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("it stands before its call", || {
        bed.operator_log().contains("test pause")
    });
    control_plane
        .kill_api_server()
        .unwrap_or_else(|e| panic!("{e}"));
    fs::remove_file(&pause).expect("it was made above");
    // By then it waits a minute before it tries again.
    bed.wait_until("its end could not be recorded many times", || {
        bed.advance(seconds(1));
        bed.operator_log().matches("status not written").count() > 7
    });
    control_plane
        .start_api_server()
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(bed.stop_operator(), 0, "{}", bed.operator_log());

    let object = bed.get("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(object["status"]["steps"][0]["answer"], "Accepted");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 1);
}
