//! What a person does between the stored intent and the call.

use std::fs;
use std::path::PathBuf;

use errand_testbed::{Bed, shared_plane};

use crate::support::{CANCEL, assert_ending, bed, ending, seconds};

/// An operator that stands before its first call, with the intent stored, for as
/// long as the file is there.
pub fn before_the_call(bed: &mut Bed, variables: &[(&str, &str)]) -> PathBuf {
    let dir = shared_plane().control_plane().dir();
    let file = dir.join(format!("{}.pause", bed.namespace));
    fs::write(&file, "").expect("the plane's folder can be written");
    let pause = format!("before:Send:1:{}", file.display());
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    let mut variables = variables.to_vec();
    variables.push(("ERRAND_TEST_PAUSE", &pause));
    bed.start_operator_with(&[], &variables);
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("it stands before the call", || {
        bed.operator_log().contains("test pause")
    });
    let object = bed.get("rsc", "stop");
    assert!(object["status"]["steps"][0]["id"].is_string(), "{object:#}");
    file
}

/// The operator has seen everything that was stored before: it has answered
/// another object since, and watches are in order.
pub fn wait_until_seen(bed: &Bed) {
    bed.seed_pending_change("dcs-2", "task-2", 48 * 3600);
    bed.apply(&bed.cancellation("later", "dcs-2", "task-2", "  mode: Plan\n"));
    let object = bed.wait_at_rest("rsc", "later");
    assert_eq!(ending(&object).state, "Planned", "{object:#}");
}

/// The session that was paused has gone on, and its call was withheld.
fn go_on(bed: &Bed, pause: PathBuf) {
    fs::remove_file(pause).expect("it was made above");
    bed.wait_until("the call was withheld", || {
        bed.operator_log()
            .lines()
            .any(|line| line.contains(r#""event":"answered""#) && line.contains("not_sent"))
    });
}

#[test]
fn suspended_between_intent_and_call_it_is_not_sent_and_sent_once_when_resumed() {
    let mut bed = bed("suspended-between");
    let pause = before_the_call(&mut bed, &[]);
    let suspend = |value: bool| {
        let patch = serde_json::json!({"spec": {"suspend": value}});
        bed.edit("rsc", "stop", &patch);
    };
    suspend(true);
    wait_until_seen(&bed);
    go_on(&bed, pause);
    let object = bed.wait_at_rest("rsc", "stop");
    assert_eq!(ending(&object).state, "Suspended", "{object:#}");
    assert_eq!(ending(&object).reason, "SuspendedBySpec");
    bed.advance(seconds(600));
    wait_until_seen(&bed);
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0);

    suspend(false);
    bed.wait_until("it goes on", || {
        bed.advance(seconds(1));
        ending(&bed.get("rsc", "stop")).state == "Succeeded"
    });
    let object = bed.get("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 1);
}

#[test]
fn deleted_between_intent_and_call_it_is_not_sent() {
    let mut bed = bed("deleted-between");
    let pause = before_the_call(&mut bed, &[]);
    bed.kubectl(&["delete", "rsc", "stop"]);
    wait_until_seen(&bed);
    go_on(&bed, pause);
    // Nor is it later: the operator's pauses pass, and it works on.
    bed.advance(seconds(600));
    bed.seed_pending_change("dcs-3", "task-3", 48 * 3600);
    bed.apply(&bed.cancellation("next", "dcs-3", "task-3", ""));
    let object = bed.wait_at_rest("rsc", "next");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    let journal = bed.simulator.journal();
    assert_eq!(journal.calls_on(CANCEL, "dcs-1"), 0, "{journal}");
    assert_eq!(journal.calls(CANCEL), 1, "{journal}");
}
