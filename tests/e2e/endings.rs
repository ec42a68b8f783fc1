//! Each ending of an operation, and what was sent to get there.

use errand_simulator::{
    AfterCancel, DcsInstance, Fault, FaultKind, FinishedTask, PendingChange, Seed,
};
use errand_testbed::{Bed, DCS_PROJECT};
use serde_json::Value;

use crate::support::{
    CANCEL, assert_ending, bed, ending, pass_hours, reread, seconds, until_reason, until_state,
};

fn effects(bed: &Bed) -> usize {
    bed.simulator.journal().effects("dcs.cancel")
}

fn calls(bed: &Bed) -> usize {
    bed.simulator.journal().calls(CANCEL)
}

/// An instance with one task that has ended like this.
fn seed_finished(bed: &Bed, status: &str) {
    let instance = DcsInstance::new("dcs-1").finished(FinishedTask::new("task-1", status, 600));
    bed.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
}

fn apply_and_wait(bed: &Bed, more: &str) -> Value {
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", more));
    bed.wait_at_rest("rsc", "stop")
}

#[test]
pub fn a_pending_change_is_cancelled_by_its_task_id_and_proven() {
    let mut bed = bed("cancelled");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    bed.start_operator();
    let object = apply_and_wait(&bed, "");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(
        (calls(&bed), effects(&bed)),
        (1, 1),
        "{}",
        bed.simulator.journal()
    );
    let step = &object["status"]["steps"][0];
    assert_eq!(
        step["answer"], "Accepted",
        "the answer is folded into the final write: {step:#}"
    );
    assert!(step["requestId"].is_string(), "{step:#}");
}

#[test]
fn a_cancelled_change_is_proven_however_the_cloud_lists_it_afterwards() {
    let mut bed = bed("afterwards");
    bed.start_operator();
    for (n, after) in ["CANCELLED", "DELETED", "vanishes"].iter().enumerate() {
        reread(&bed, serde_json::json!({"after_cancel": after}));
        let (instance, task) = (format!("dcs-{n}"), format!("task-{n}"));
        bed.seed_pending_change(&instance, &task, 3600);
        bed.apply(&bed.cancellation(&instance, &instance, &task, ""));
        let object = bed.wait_at_rest("rsc", &instance);
        assert_ending(&bed, &object, "Succeeded", "Cancelled");
        let last = &object["status"]["observed"]["taskStatus"];
        match *after {
            "vanishes" => assert!(last.is_null(), "{object:#}"),
            word => assert_eq!(last, word, "{object:#}"),
        }
        assert_eq!(calls(&bed), n + 1);
    }
}

#[test]
pub fn a_change_that_is_cancelled_already_sends_nothing() {
    let mut bed = bed("satisfied");
    seed_finished(&bed, "CANCELLED");
    bed.start_operator();
    let object = apply_and_wait(&bed, "");
    assert_ending(&bed, &object, "Succeeded", "AlreadySatisfied");
    assert_eq!(calls(&bed), 0);
}

#[test]
fn a_task_that_was_never_there_sends_nothing_and_says_so() {
    let mut bed = bed("never-seen");
    bed.simulator
        .seed(Seed::new().dcs(DCS_PROJECT, DcsInstance::new("dcs-1")));
    bed.start_operator();
    let object = apply_and_wait(&bed, "");
    assert_ending(&bed, &object, "Succeeded", "AlreadySatisfied");
    assert_eq!(calls(&bed), 0);
    let summary = object["status"]["summary"].as_str().unwrap_or_default();
    assert!(summary.contains("never seen"), "{summary}");
}

#[test]
pub fn a_change_that_has_run_is_too_late() {
    let mut bed = bed("too-late");
    seed_finished(&bed, "SUCCESS");
    bed.start_operator();
    let object = apply_and_wait(&bed, "");
    assert_ending(&bed, &object, "Failed", "TooLate");
    assert_eq!(calls(&bed), 0);
}

#[test]
pub fn a_change_that_runs_while_errand_waits_for_the_window_to_close_is_too_late() {
    let mut bed = bed("ran");
    let instance = DcsInstance::new("dcs-1")
        .window("00:00:00", "23:59:59")
        .pending_change("task-1", "redis.ha.xu1.large.r2.8", 1800);
    bed.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("it waits for the window", || {
        ending(&bed.get("rsc", "stop")).reason == "MaintenanceWindow"
    });
    let object = until_state(&bed, "stop", "Failed", seconds(300));
    assert_ending(&bed, &object, "Failed", "TooLate");
    assert_eq!(calls(&bed), 0, "nothing is sent inside the window");
}

/// As the cloud writes it, in whole hours, and in another spelling across midnight.
#[test]
fn it_is_sent_once_the_window_has_closed_also_where_that_is_tomorrow() {
    let mut bed = bed("window-closes");
    let noon = bed.simulator.now();
    for (name, begin, end) in [("today", "11", "13"), ("tomorrow", "10:30", "09")] {
        let instance = DcsInstance::new(name).window(begin, end);
        let instance = instance.pending_change(name, "redis.big", 7 * 24 * 3600);
        bed.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
    }
    bed.start_operator();
    for (name, end, hours) in [("today", "13", 1), ("tomorrow", "09", 21)] {
        bed.apply(&bed.cancellation(name, name, name, ""));
        bed.wait_until("it waits for the window", || {
            ending(&bed.get("rsc", name)).reason == "MaintenanceWindow"
        });
        let summary = bed.get("rsc", name)["status"]["summary"].to_string();
        assert!(
            summary.contains(&format!("open until {end} UTC")),
            "{summary}"
        );
        pass_hours(&bed, hours * 4 / 7);
        // It looks every five to six minutes, and no step is made before it has.
        let looks = || bed.simulator.journal().calls("dcs.ListBackgroundTask");
        let ended = || ending(&bed.get("rsc", name)).state == "Succeeded";
        while !ended() {
            let before = looks();
            bed.advance(seconds(360));
            // The clock may have moved in the middle of the look before.
            bed.wait_until("it looks again", || {
                bed.advance(seconds(10));
                looks() > before || ended()
            });
        }
        let object = bed.wait_at_rest("rsc", name);
        assert_ending(&bed, &object, "Succeeded", "Cancelled");
        let journal = bed.simulator.journal();
        let mut calls = journal.all_calls().iter();
        let call = calls.find(|call| call.api == CANCEL && call.path.contains(name));
        let after = call.expect("it was called").time.duration_since(noon);
        let closes = i64::try_from(hours * 3600).expect("hours");
        let late = after.as_secs() - closes;
        assert!((0..3600).contains(&late), "{name}: {late} s\n{journal}");
    }
}

#[test]
pub fn an_instance_that_is_not_there_is_target_not_found() {
    let mut bed = bed("no-instance");
    bed.start_operator();
    let object = apply_and_wait(&bed, "");
    assert_ending(&bed, &object, "Failed", "TargetNotFound");
    assert_eq!(calls(&bed), 0);
}

#[test]
fn plan_sends_nothing_and_tells_the_step() {
    let mut bed = bed("plan");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    bed.start_operator();
    let object = apply_and_wait(&bed, "  mode: Plan\n");
    assert_eq!(ending(&object).state, "Planned", "{object:#}");
    let step = object["status"]["plan"]["steps"][0]
        .as_str()
        .unwrap_or_default();
    assert!(
        step.starts_with("CancelInstanceResize") && step.contains("task-1"),
        "{step}"
    );
    assert_eq!(object["status"]["plan"]["paid"], false);
    assert_eq!(calls(&bed), 0);
    // A plan can be iterated on, and then executed.
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("it is executed", || {
        ending(&bed.get("rsc", "stop")).outcome == "Cancelled"
    });
    assert_eq!(effects(&bed), 1);
}

#[test]
fn a_dropped_answer_after_the_effect_ends_succeeded_with_one_effect() {
    let mut bed = bed("dropped-answer");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    bed.simulator
        .fault(Fault::new(CANCEL, FaultKind::DropAfter));
    bed.start_operator();
    let object = apply_and_wait(&bed, "");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    // Where the record of a cancelled change goes, only another cancel tells.
    let vanishes = crate::readings().dcs.after_cancel == AfterCancel::Vanishes;
    assert_eq!(
        (calls(&bed), effects(&bed)),
        (1 + usize::from(vanishes), 1),
        "{}",
        bed.simulator.journal()
    );
}

#[test]
fn a_dropped_request_ends_succeeded_with_one_effect() {
    let mut bed = bed("dropped-request");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    bed.simulator
        .fault(Fault::new(CANCEL, FaultKind::DropBefore));
    bed.start_operator();
    let object = apply_and_wait(&bed, "");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(
        (calls(&bed), effects(&bed)),
        (2, 1),
        "{}",
        bed.simulator.journal()
    );
    let steps = object["status"]["steps"].as_array().expect("steps");
    assert_eq!(
        steps.len(),
        2,
        "each send has an intent of its own: {object:#}"
    );
    assert_eq!(steps[0]["answer"], "Unknown");
}

#[test]
fn dcs_4239_for_a_task_that_is_gone_is_looked_into_and_ends_succeeded() {
    let mut bed = bed("gone");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    // The first call takes effect, its answer is lost and the effect does not
    // show at once: the second call meets a task that is gone.
    reread(&bed, serde_json::json!({"cancel_visible_after": 300}));
    bed.simulator
        .fault(Fault::new(CANCEL, FaultKind::DropAfter));
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("the second call was refused", || {
        let journal = bed.simulator.journal();
        journal
            .all_calls()
            .iter()
            .any(|call| call.code.as_deref() == Some("DCS.4239"))
    });
    let object = until_state(&bed, "stop", "Succeeded", seconds(10));
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(effects(&bed), 1, "{}", bed.simulator.journal());
}

#[test]
pub fn a_wrong_key_is_blocked_and_goes_on_when_the_secret_is_mended() {
    let mut bed = bed("wrong-key");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    bed.put_secret("not-the-right-one");
    bed.start_operator();
    let object = apply_and_wait(&bed, "");
    assert_eq!(ending(&object).state, "Blocked", "{object:#}");
    assert_eq!(ending(&object).reason, "CredentialsRejected");
    let tried = bed.simulator.journal().all_calls().len();
    assert_eq!(
        tried,
        1,
        "one failing call, not a loop: {}",
        bed.simulator.journal()
    );
    bed.put_right_secret();
    until_reason(&bed, "stop", "Cancelled", seconds(10));
    assert_eq!(effects(&bed), 1);
}

#[test]
fn a_spec_change_after_the_intent_is_refused_with_the_rules_message() {
    let mut bed = bed("immutable");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    bed.start_operator();
    apply_and_wait(&bed, "");
    let refused = bed
        .try_apply(&bed.cancellation("stop", "dcs-1", "task-2", ""))
        .expect_err("the target is immutable");
    assert!(
        refused.contains("is immutable once a call was intended"),
        "{refused}"
    );
    // What a Git revert changes is accepted at any time.
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", "  mode: Plan\n  suspend: true\n"));
    assert_eq!(ending(&bed.get("rsc", "stop")).outcome, "Cancelled");
}

#[test]
fn a_suspended_operation_sends_nothing_until_it_is_resumed() {
    let mut bed = bed("suspended");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    bed.start_operator();
    let object = apply_and_wait(&bed, "  suspend: true\n");
    assert_eq!(ending(&object).state, "Suspended", "{object:#}");
    assert!(
        bed.simulator.journal().all_calls().is_empty(),
        "no polling either"
    );
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("it is cancelled", || {
        ending(&bed.get("rsc", "stop")).outcome == "Cancelled"
    });
}

#[test]
pub fn a_change_that_ran_and_failed_is_change_failed() {
    let mut bed = bed("failed");
    seed_finished(&bed, "FAILED");
    bed.start_operator();
    let object = apply_and_wait(&bed, "");
    assert_ending(&bed, &object, "Failed", "ChangeFailed");
    assert_eq!(calls(&bed), 0);
}

#[test]
pub fn a_change_that_is_running_is_waited_for_and_then_too_late() {
    let mut bed = bed("running");
    let change = PendingChange::new("task-1", "redis.big", 60).runs_for(1200);
    let instance = DcsInstance::new("dcs-1").change(change);
    bed.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
    bed.advance(seconds(120));
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("it waits for the end", || {
        ending(&bed.get("rsc", "stop")).reason == "TargetBusy"
    });
    let object = until_state(&bed, "stop", "Failed", seconds(120));
    assert_ending(&bed, &object, "Failed", "TooLate");
    assert_eq!(calls(&bed), 0);
}

#[test]
pub fn an_unpaid_order_blocks_until_somebody_has_dealt_with_it() {
    let mut bed = bed("unpaid");
    bed.seed_pending_change("dcs-1", "task-1", 24 * 3600);
    let unpaid = FaultKind::Error {
        status: 400,
        code: "DCS.4107".into(),
        message: "an unpaid order".into(),
    };
    bed.simulator.fault(Fault::new(CANCEL, unpaid));
    bed.start_operator();
    let object = apply_and_wait(&bed, "");
    assert_eq!(ending(&object).state, "Blocked", "{object:#}");
    assert_eq!(ending(&object).reason, "TargetBlocked");
    until_reason(&bed, "stop", "Cancelled", seconds(60));
    assert_eq!((calls(&bed), effects(&bed)), (2, 1));
}

#[test]
pub fn an_endpoint_that_no_flag_allows_is_not_called() {
    let mut bed = bed("endpoint");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    let elsewhere = bed
        .connection("elsewhere")
        .replace("127.0.0.1", "localhost");
    bed.apply(&elsewhere);
    bed.start_operator();
    let manifest = bed.cancellation("stop", "dcs-1", "task-1", "");
    bed.apply(&manifest.replace("huawei-prod", "elsewhere"));
    bed.wait_until("it waits for the connection", || {
        ending(&bed.get("rsc", "stop")).reason == "ConnectionNotReady"
    });
    bed.wait_until("the connection says why", || {
        bed.get("cc", "elsewhere")["status"]["conditions"][0]["reason"] == "EndpointNotAllowed"
    });
    assert!(bed.simulator.journal().all_calls().is_empty());
}

#[test]
fn an_edit_after_the_end_leaves_it_ended_for_kubectl_wait() {
    let mut bed = bed("edited");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_at_rest("rsc", "stop");
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", "  suspend: true\n"));
    // It takes a condition of an older generation for none.
    bed.kubectl(&[
        "wait",
        "--for=condition=Succeeded",
        "rsc/stop",
        "--timeout=60s",
    ]);
    let object = bed.get("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(
        object["status"]["observedGeneration"],
        object["metadata"]["generation"]
    );
}
