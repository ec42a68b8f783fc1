//! What a Git revert may change at any time: mode, suspend and schedule. The API
//! server accepts it in every state; what the cloud can no longer do becomes a
//! state and not an error, as a refused apply would stop the whole sync.

use std::fs;

use errand_simulator::{DcsInstance, Fault, FaultKind, Seed};
use errand_testbed::{Bed, DCS_PROJECT};
use serde_json::Value;

use crate::support::{
    CANCEL, assert_ending, bed, ending, held, pause_at, reread, seconds, until_reason,
};

/// Changes that take nothing away for good, with the state that follows from
/// them alone.
const CHANGES: &[(&str, &str)] = &[
    ("  mode: Plan\n", "Planned"),
    ("  mode: Execute\n", ""),
    ("  suspend: true\n", "Suspended"),
    ("  suspend: false\n", ""),
    (
        "  schedule: {notBefore: \"2100-01-01T00:00:00Z\"}\n",
        "Waiting",
    ),
    ("  schedule: {notAfter: \"2100-01-01T00:00:00Z\"}\n", ""),
    (
        "  mode: Plan\n  suspend: true\n  schedule: {notBefore: \"2100-01-01T00:00:00Z\"}\n",
        "Suspended",
    ),
];

/// Applies the manifest with `more`; the API server takes it.
fn accepted(bed: &Bed, more: &str) {
    let manifest = bed.cancellation("stop", "dcs-1", "task-1", more);
    bed.try_apply(&manifest)
        .unwrap_or_else(|e| panic!("{more} is refused: {e}"));
}

/// The operation once Errand has looked at it as it is now.
fn seen(bed: &Bed) -> Value {
    bed.wait_until("it was looked at", || {
        bed.advance(seconds(1));
        let object = bed.get("rsc", "stop");
        object["status"]["observedGeneration"] == object["metadata"]["generation"]
    });
    bed.get("rsc", "stop")
}

/// Each change and its revert, by the manifest that had `base`; `check` is asked
/// after both, with the state that follows from the change alone.
fn each_change(bed: &Bed, base: &str, check: impl Fn(&Value, &str, &str)) {
    each_of(CHANGES.iter(), bed, base, check);
}

fn each_of<'a>(
    changes: impl Iterator<Item = &'a (&'a str, &'a str)>,
    bed: &Bed,
    base: &str,
    check: impl Fn(&Value, &str, &str),
) {
    for (change, state) in changes {
        // A field that the manifest has already is changed, not given twice.
        let field = |line: &str| line.trim().split(':').next().map(str::to_owned);
        let changed: Vec<_> = change.lines().map(field).collect();
        let kept = base.lines().filter(|line| !changed.contains(&field(line)));
        let kept: String = kept.map(|line| format!("{line}\n")).collect();
        accepted(bed, &format!("{kept}{change}"));
        check(&seen(bed), change, state);
        accepted(bed, base);
        check(&seen(bed), "the revert", "");
    }
}

fn assert_state(object: &Value, change: &str, wanted: &str) {
    assert_eq!(ending(object).state, wanted, "after {change}: {object:#}");
}

#[test]
fn a_waiting_operation_takes_every_change_and_its_revert() {
    let mut bed = bed("revert-waiting");
    let instance = DcsInstance::new("dcs-1")
        .window("00:00:00", "23:59:59")
        .pending_change("task-1", "redis.ha.xu1.large.r2.8", 48 * 3600);
    bed.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
    bed.start_operator();
    accepted(&bed, "");
    assert_state(&seen(&bed), "the first apply", "Waiting");
    each_change(&bed, "", |object, change, state| {
        // A plan that would wait for the window is a plan all the same.
        match state {
            "Suspended" | "Planned" => assert_state(object, change, state),
            _ => assert_state(object, change, "Waiting"),
        }
    });
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0);
}

#[test]
fn an_operation_before_its_time_takes_every_change_and_its_revert() {
    let mut bed = bed("revert-before");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.start_operator();
    let base = "  schedule: {notBefore: \"2100-01-01T00:00:00Z\"}\n";
    accepted(&bed, base);
    for (change, state) in [
        ("  mode: Plan\n", "Planned"),
        ("  suspend: true\n", "Suspended"),
    ] {
        accepted(&bed, &format!("{base}{change}"));
        assert_state(&seen(&bed), change, state);
        accepted(&bed, base);
        assert_state(&seen(&bed), "the revert", "Waiting");
    }
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0);
    // A time that is over ends it, and that is told as an outcome.
    accepted(&bed, "  schedule: {notAfter: \"2020-01-01T00:00:00Z\"}\n");
    bed.wait_until("it has ended", || {
        ending(&bed.get("rsc", "stop")).outcome == "WindowMissed"
    });
    accepted(&bed, base);
    accepted(&bed, "");
    assert_ending(&bed, &bed.get("rsc", "stop"), "Failed", "WindowMissed");
}

#[test]
fn an_operation_whose_call_is_under_way_takes_every_change_and_is_sent_once() {
    let mut bed = bed("revert-executing");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    let (file, pause) = pause_at(&bed, "after:Send:1");
    bed.start_operator_with(&[], &[("ERRAND_TEST_PAUSE", &pause)]);
    accepted(&bed, "");
    bed.wait_until("its answer is not recorded yet", || {
        bed.operator_log().contains("test pause")
    });
    for (change, _) in CHANGES {
        accepted(&bed, change);
        accepted(&bed, "");
    }
    fs::remove_file(file).expect("it was made above");
    bed.wait_until("it has ended", || {
        bed.advance(seconds(1));
        !ending(&bed.get("rsc", "stop")).outcome.is_empty()
    });
    assert_ending(&bed, &bed.get("rsc", "stop"), "Succeeded", "Cancelled");
    assert_eq!(bed.simulator.journal().effects("dcs.cancel"), 1);
}

#[test]
fn a_verifying_operation_takes_every_change_and_goes_on_looking() {
    let mut bed = bed("revert-verifying");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    reread(&bed, serde_json::json!({"cancel_visible_after": 3600}));
    bed.start_operator();
    let base = "  verifyTimeout: 24h\n";
    accepted(&bed, base);
    bed.wait_until("the call is verified", || {
        ending(&bed.get("rsc", "stop")).state == "Verifying"
    });
    each_change(&bed, base, |object, change, state| match state {
        "Suspended" => assert_state(object, change, state),
        // The call was made: no plan and no schedule takes it back.
        _ => assert_state(object, change, "Verifying"),
    });
    accepted(
        &bed,
        &format!("{base}  schedule: {{notAfter: \"2020-01-01T00:00:00Z\"}}\n"),
    );
    assert_state(&seen(&bed), "a schedule that is over", "Verifying");
    accepted(&bed, base);
    bed.advance(seconds(3600));
    bed.wait_until("the effect shows", || {
        bed.advance(seconds(5));
        !ending(&bed.get("rsc", "stop")).outcome.is_empty()
    });
    assert_ending(&bed, &bed.get("rsc", "stop"), "Succeeded", "Cancelled");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 1);
}

#[test]
fn a_held_operation_takes_every_change_and_its_question_stays() {
    let mut bed = bed("revert-held");
    let question = held(&mut bed)["status"]["hold"].clone();
    let base = "  verifyTimeout: 10m\n";
    each_change(&bed, base, |object, change, state| {
        match state {
            "Suspended" => assert_state(object, change, state),
            _ => assert_state(object, change, "Held"),
        }
        assert_eq!(object["status"]["hold"], question, "after {change}");
    });
    assert_eq!(bed.simulator.journal().calls(CANCEL), 1);
}

/// The status of a finished operation without the generation that was seen of it,
/// which goes on.
fn end_of(object: &Value) -> Value {
    let mut status = object["status"].clone();
    let seen = &object["status"]["observedGeneration"];
    status["observedGeneration"].take();
    for condition in status["conditions"].as_array_mut().expect("conditions") {
        assert_eq!(condition["observedGeneration"].take(), *seen);
    }
    status
}

#[test]
fn a_planned_operation_takes_every_change_and_its_revert_and_is_executed_at_last() {
    let mut bed = bed("revert-planned");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.start_operator();
    let base = "  mode: Plan\n";
    accepted(&bed, base);
    assert_state(&seen(&bed), "the first apply", "Planned");
    // To execute takes more away than a revert gives back.
    let changes = || {
        CHANGES
            .iter()
            .filter(|(change, _)| !change.contains("Execute"))
    };
    each_of(changes(), &bed, base, |object, change, state| match state {
        "Suspended" => assert_state(object, change, state),
        _ => assert_state(object, change, "Planned"),
    });
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0);
    accepted(&bed, "  mode: Execute\n");
    bed.wait_until("it is executed", || {
        bed.advance(seconds(1));
        !ending(&bed.get("rsc", "stop")).outcome.is_empty()
    });
    accepted(&bed, base);
    assert_ending(&bed, &seen(&bed), "Succeeded", "Cancelled");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 1);
}

#[test]
fn a_blocked_operation_takes_every_change_and_stays_blocked_until_it_is_mended() {
    let mut bed = bed("revert-blocked");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.put_secret("not-the-right-one");
    bed.start_operator();
    accepted(&bed, "");
    let object = bed.wait_at_rest("rsc", "stop");
    assert_state(&object, "the first apply", "Blocked");
    each_change(&bed, "", |object, change, state| match state {
        "Suspended" => assert_state(object, change, state),
        _ => {
            // A plan says what it would be blocked by.
            let planned = state == "Planned";
            assert_state(object, change, if planned { state } else { "Blocked" });
            assert_eq!(ending(object).reason, "CredentialsRejected", "{object:#}");
        }
    });
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0);
    bed.put_right_secret();
    until_reason(&bed, "stop", "Cancelled", seconds(10));
}

#[test]
fn a_finished_operation_takes_every_change_and_stays_as_it_ended() {
    finished(bed("revert-finished"), "Succeeded", "Cancelled");
}

#[test]
fn a_refused_operation_takes_every_change_and_stays_as_it_ended() {
    let bed = bed("revert-refused");
    let refused = FaultKind::Error {
        status: 400,
        code: "DCS.4070".into(),
        message: "task id invalid".into(),
    };
    let refused = Fault::new(CANCEL, refused).path_contains("dcs-1");
    bed.simulator.fault(refused);
    finished(bed, "Failed", "Refused");
}

fn finished(mut bed: Bed, state: &str, outcome: &str) {
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.start_operator();
    accepted(&bed, "");
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, state, outcome);
    let effects = usize::from(state == "Succeeded");
    let calls = bed.simulator.journal().all_calls().len();
    let past = "  schedule: {notAfter: \"2020-01-01T00:00:00Z\"}\n";
    for change in CHANGES.iter().map(|(change, _)| *change).chain([past]) {
        accepted(&bed, change);
        accepted(&bed, "");
    }
    // Another operation passes through the same operator meanwhile.
    bed.seed_pending_change("dcs-2", "task-2", 48 * 3600);
    bed.apply(&bed.cancellation("next", "dcs-2", "task-2", ""));
    bed.wait_at_rest("rsc", "next");
    assert_eq!(
        end_of(&seen(&bed)),
        end_of(&object),
        "nothing of it changed"
    );
    let journal = bed.simulator.journal();
    let on_it = journal.effects_on("dcs.cancel", "task-1");
    assert_eq!(on_it, effects, "{journal}");
    assert_eq!(journal.calls_on(CANCEL, "task-1"), 1, "{journal}");
    assert!(journal.all_calls().len() > calls, "the other one was seen");
}
