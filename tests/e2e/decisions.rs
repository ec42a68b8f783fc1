//! What people decide: when, which change, and what becomes of a question.

use std::fs;

use errand_simulator::{DcsChange, DcsInstance, Fault, FaultKind, PendingChange, Seed, When};
use errand_testbed::{Bed, DCS_PROJECT};
use serde_json::Value;

use crate::support::{
    CANCEL, assert_ending, bed, condition, ending, held, pass_hours, pause_at, reread, seconds,
    until_state,
};

fn answer(bed: &Bed, object: &Value, decision: &str) {
    let hold = object["status"]["hold"]["id"]
        .as_str()
        .expect("a hold has an id");
    let more =
        format!("  verifyTimeout: 10m\n  resolution: {{holdId: {hold}, decision: {decision}}}\n");
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", &more));
}

#[test]
pub fn an_effect_that_does_not_show_in_time_is_held_with_the_choices_and_ended_by_proof() {
    let mut bed = bed("held");
    let object = held(&mut bed);
    assert_eq!(ending(&object).reason, "ProofTimeout");
    let choices = serde_json::json!(["LookAgain", "AssumeDone", "GiveUp"]);
    assert_eq!(object["status"]["hold"]["choices"], choices);
    assert_eq!(
        bed.simulator.journal().calls(CANCEL),
        1,
        "accepted is never sent again"
    );
    pass_hours(&bed, 24);
    let object = until_state(&bed, "stop", "Succeeded", seconds(60));
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
}

#[test]
pub fn assume_done_ends_as_assumed_and_says_that_it_was_not_seen() {
    let mut bed = bed("assumed");
    let object = held(&mut bed);
    answer(&bed, &object, "AssumeDone");
    bed.wait_until("it has ended", || {
        !ending(&bed.get("rsc", "stop")).outcome.is_empty()
    });
    let object = bed.get("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "AssumedDone");
    let summary = object["status"]["summary"].as_str().unwrap_or_default();
    assert!(summary.contains("has not seen it"), "{summary}");
    assert!(object["status"]["lastHandledHoldId"].is_string());
}

#[test]
pub fn give_up_ends_as_given_up() {
    let mut bed = bed("given-up");
    let object = held(&mut bed);
    answer(&bed, &object, "GiveUp");
    bed.wait_until("it has ended", || {
        !ending(&bed.get("rsc", "stop")).outcome.is_empty()
    });
    assert_ending(&bed, &bed.get("rsc", "stop"), "Failed", "GivenUp");
}

#[test]
fn look_again_looks_for_another_verify_timeout_and_asks_a_new_question() {
    let mut bed = bed("again");
    let object = held(&mut bed);
    let first = object["status"]["hold"]["id"].clone();
    answer(&bed, &object, "LookAgain");
    bed.wait_until("it looks again", || {
        ending(&bed.get("rsc", "stop")).state == "Verifying"
    });
    let object = until_state(&bed, "stop", "Held", seconds(60));
    assert_ne!(
        object["status"]["hold"]["id"], first,
        "a question has an id of its own"
    );
    // The old answer is still in the spec. It answers nothing any more, and
    // status says so.
    let summary = object["status"]["summary"].as_str().unwrap_or_default();
    assert!(summary.contains("answers another question"), "{summary}");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 1);
}

fn time(bed: &Bed, ahead: i64) -> String {
    let now = bed.simulator.now();
    let at = jiff::Timestamp::from_second(now.as_second() + ahead).expect("a time");
    format!("\"{at}\"")
}

#[test]
pub fn nothing_is_sent_before_the_schedule_and_then_it_is() {
    let mut bed = bed("before");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.start_operator();
    let schedule = format!("  schedule: {{notBefore: {}}}\n", time(&bed, 3600));
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", &schedule));
    bed.wait_until("it waits", || {
        ending(&bed.get("rsc", "stop")).reason == "BeforeWindow"
    });
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0);
    // In small steps: a request during a jump shows a cloud with another clock.
    bed.wait_until("it has ended", || {
        bed.advance(seconds(60));
        !ending(&bed.get("rsc", "stop")).outcome.is_empty()
    });
    let object = bed.get("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
}

#[test]
pub fn a_missed_schedule_ends_as_window_missed_and_sends_nothing() {
    let mut bed = bed("missed");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    let schedule = format!("  schedule: {{notAfter: {}}}\n", time(&bed, 60));
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", &schedule));
    bed.advance(seconds(120));
    bed.start_operator();
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Failed", "WindowMissed");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0);
}

pub fn pending_change(bed: &Bed, created_before: i64) -> String {
    let manifest = bed.cancellation("stop", "dcs-1", "TASK", "");
    let wanted = format!(
        "pendingChange: {{createdBefore: {}}}",
        time(bed, created_before)
    );
    manifest.replace("taskId: TASK", &wanted)
}

/// Plans a further change of the instance, created now.
pub fn plan_change(bed: &Bed, task: &str) {
    let change = PendingChange::new(task, "redis.other", 48 * 3600).created(When::In(0));
    bed.simulator.seed(Seed::new().dcs_change(DcsChange {
        project: DCS_PROJECT.into(),
        instance: "dcs-1".into(),
        change,
    }));
}

#[test]
fn the_pending_change_is_found_and_cancelled_without_its_task_id() {
    let mut bed = bed("pending");
    bed.simulator
        .seed(Seed::new().dcs(DCS_PROJECT, DcsInstance::new("dcs-1")));
    plan_change(&bed, "found-1");
    bed.start_operator();
    bed.apply(&pending_change(&bed, 60));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(
        object["status"]["steps"][0]["target"], "found-1",
        "{object:#}"
    );
}

#[test]
fn only_a_change_to_the_specification_that_is_named_is_found_and_change_pending_follows_it() {
    let mut bed = bed("by-spec");
    bed.simulator
        .seed(Seed::new().dcs(DCS_PROJECT, DcsInstance::new("dcs-1")));
    plan_change(&bed, "found-1");
    bed.start_operator();
    let asked = |spec: &str, name: &str| {
        let manifest = pending_change(&bed, 60).replace("name: stop", &format!("name: {name}"));
        manifest.replace("\"}", &format!("\", newSpecCode: {spec}}}"))
    };
    bed.apply(&asked("redis.another", "another"));
    let object = bed.wait_at_rest("rsc", "another");
    assert_ending(&bed, &object, "Failed", "TargetNotFound");
    assert_eq!(condition(&object, "ChangePending"), "False", "{object:#}");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0);

    let right = asked("redis.other", "right");
    bed.apply(&format!("{right}  mode: Plan\n"));
    let object = bed.wait_at_rest("rsc", "right");
    assert_eq!(ending(&object).state, "Planned", "{object:#}");
    assert_eq!(condition(&object, "ChangePending"), "True", "{object:#}");
    assert_eq!(object["status"]["observed"]["newSpecCode"], "redis.other");
    bed.apply(&right);
    let object = until_state(&bed, "right", "Succeeded", seconds(1));
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(condition(&object, "ChangePending"), "False", "{object:#}");
    assert_eq!(object["status"]["steps"][0]["target"], "found-1");
}

#[test]
fn a_change_scheduled_after_created_before_is_left_alone() {
    let mut bed = bed("later");
    bed.simulator
        .seed(Seed::new().dcs(DCS_PROJECT, DcsInstance::new("dcs-1")));
    plan_change(&bed, "later-1");
    bed.start_operator();
    bed.apply(&pending_change(&bed, -60));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "AlreadySatisfied");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0);
}

#[test]
fn a_change_that_somebody_else_makes_after_a_lost_answer_is_not_touched() {
    let mut bed = bed("recreated");
    bed.simulator
        .seed(Seed::new().dcs(DCS_PROJECT, DcsInstance::new("dcs-1")));
    plan_change(&bed, "ours-1");
    // The answer is lost, and before the next look somebody plans another change.
    bed.simulator
        .fault(Fault::new(CANCEL, FaultKind::DropAfter));
    let (file, pause) = pause_at(&bed, "after:Send:1");
    bed.start_operator_with(&[], &[("ERRAND_TEST_PAUSE", &pause)]);
    bed.apply(&pending_change(&bed, 24 * 3600));
    bed.wait_until("the call was made", || {
        bed.operator_log().contains("test pause")
    });
    assert_eq!(bed.simulator.journal().effects("dcs.cancel"), 1);
    plan_change(&bed, "theirs-1");
    let object = bed.get("rsc", "stop");
    assert_eq!(ending(&object).state, "Executing", "{object:#}");
    fs::remove_file(file).expect("it was made above");
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    let journal = bed.simulator.journal();
    assert_eq!(journal.effects_on("dcs.cancel", "ours-1"), 1, "{journal}");
    assert_eq!(journal.calls_on(CANCEL, "theirs-1"), 0, "{journal}");
}

#[test]
pub fn deleted_in_flight_leaves_an_event_and_an_audit_line() {
    let mut bed = bed("deleted");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    let (file, pause) = pause_at(&bed, "after:Send:1");
    bed.start_operator_with(&[], &[("ERRAND_TEST_PAUSE", &pause)]);
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("its answer is not recorded yet", || {
        bed.operator_log().contains("test pause")
    });
    let object = bed.get("rsc", "stop");
    assert_eq!(ending(&object).reason, "Executing", "{object:#}");
    bed.kubectl(&["delete", "rsc", "stop"]);
    fs::remove_file(file).expect("it was made above");
    bed.wait_until("an event tells it", || {
        bed.kubectl(&["get", "events", "-o", "yaml"])
            .contains("DeletedInFlight")
    });
    assert!(
        bed.operator_log().contains(r#""event":"orphaned""#),
        "{}",
        bed.operator_log()
    );
}

/// An operation that rests because its connection is suspended; its reason, and the
/// manifest of the connection that is not.
fn suspended_by_its_connection(name: &str) -> (Bed, String, String) {
    let mut bed = bed(name);
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    let connection = bed.connection("huawei-prod");
    bed.apply(&format!("{connection}  policy: {{suspend: true}}\n"));
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let reason = ending(&bed.wait_at_rest("rsc", "stop")).reason;
    assert!(bed.simulator.journal().all_calls().is_empty());
    (bed, reason, connection)
}

#[test]
pub fn a_suspended_connection_stops_its_operations_until_it_is_resumed() {
    let (bed, reason, connection) = suspended_by_its_connection("cc-suspended");
    assert_eq!(reason, "SuspendedByConnection");
    bed.apply(&connection);
    bed.wait_until("it goes on", || {
        ending(&bed.get("rsc", "stop")).outcome == "Cancelled"
    });
}

#[test]
fn a_suspended_connection_that_is_deleted_is_told_as_missing() {
    let (bed, reason, connection) = suspended_by_its_connection("cc-suspended-gone");
    assert_eq!(reason, "SuspendedByConnection");
    bed.kubectl(&["delete", "cc", "huawei-prod"]);
    bed.wait_until("it is told", || {
        ending(&bed.get("rsc", "stop")).reason == "ConnectionNotFound"
    });
    bed.apply(&connection);
    bed.wait_until("it goes on", || {
        ending(&bed.get("rsc", "stop")).outcome == "Cancelled"
    });
}

#[test]
pub fn no_more_operations_are_under_way_than_the_connection_allows() {
    let mut bed = bed("limited");
    for n in 1..=3 {
        bed.seed_pending_change(&format!("dcs-{n}"), &format!("task-{n}"), 48 * 3600);
    }
    reread(&bed, serde_json::json!({"cancel_visible_after": 600}));
    let connection = bed.connection("huawei-prod");
    bed.apply(&format!("{connection}  policy: {{maxConcurrent: 1}}\n"));
    bed.start_operator();
    for n in 1..=3 {
        let manifest = bed.cancellation(
            &format!("stop-{n}"),
            &format!("dcs-{n}"),
            &format!("task-{n}"),
            "",
        );
        bed.apply(&manifest);
    }
    let reasons = || -> Vec<String> {
        (1..=3)
            .map(|n| ending(&bed.get("rsc", &format!("stop-{n}"))).reason)
            .collect()
    };
    bed.wait_until("one is under way and two wait", || {
        let reasons = reasons();
        let count = |word: &str| reasons.iter().filter(|reason| *reason == word).count();
        count("Verifying") == 1 && count("ConcurrencyLimit") == 2
    });
    assert_eq!(bed.simulator.journal().calls(CANCEL), 1);
    bed.wait_until("all have ended", || {
        bed.advance(seconds(120));
        reasons().iter().all(|reason| reason == "Cancelled")
    });
    assert_eq!(bed.simulator.journal().effects("dcs.cancel"), 3);
}

#[test]
fn a_fresh_look_is_taken_when_it_is_asked_for_and_status_says_so() {
    let mut bed = bed("requested");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", "  mode: Plan\n"));
    bed.wait_at_rest("rsc", "stop");
    let before = bed.simulator.journal().calls("dcs.ShowInstance");
    let ask = |at: &str| {
        let annotation = format!("errand.cloud/reconcile-requested-at={at}");
        bed.kubectl(&["annotate", "--overwrite", "rsc", "stop", &annotation]);
        bed.wait_until("it is answered", || {
            bed.get("rsc", "stop")["status"]["lastHandledReconcileAt"] == at
        });
    };
    ask("one");
    assert_eq!(
        bed.simulator.journal().calls("dcs.ShowInstance"),
        before + 1
    );
    // A finished operation is final; it only says that it was asked.
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("it has ended", || {
        ending(&bed.get("rsc", "stop")).outcome == "Cancelled"
    });
    let calls = bed.simulator.journal().all_calls().len();
    ask("two");
    assert_eq!(bed.simulator.journal().all_calls().len(), calls);
}
