//! An instance refresh is seen to the wanted end, and its group is never left
//! blocked without a word.

use errand_simulator::{
    BatchPause, CancelWhileRunning, Fault, FaultKind, Readings, RefreshAction, RefreshActivity,
    RefreshBatch, RefreshStatus, ScalingReadings, Seed,
};
use errand_testbed::Bed;
use serde_json::Value;

use crate::support::{assert_ending, bed, condition, effects_on, ending, seconds};

const STOP: &str = "as.StopInstanceRefresh";
const CANCEL: &str = "as.CancelInstanceRefresh";
const RESUME: &str = "as.ResumeInstanceRefresh";

/// A refresh of three batches of one instance, each of which takes ten minutes.
fn activity() -> RefreshActivity {
    RefreshActivity::new("asg-1", "asr-1").batches(3, 600)
}

/// A bed with that refresh.
fn refresh_bed(name: &str, activity: RefreshActivity) -> Bed {
    let bed = bed(name);
    bed.connect_all_clouds();
    bed.simulator.seed(Seed::new().refresh(activity));
    bed
}

fn apply(bed: &Bed, wanted: &str, more: &str) {
    bed.apply(&bed.refresh("roll", "asg-1", "asr-1", wanted, more));
}

fn object(bed: &Bed) -> Value {
    bed.get("irf", "roll")
}

/// Waits, in steps of the test's clock, until it has that reason. The first look
/// comes before time passes.
fn until(bed: &Bed, reason: &str) -> Value {
    bed.wait_until(&format!("the refresh is {reason}"), || {
        let object = object(bed);
        if object["status"]["observedGeneration"] == object["metadata"]["generation"] {
            bed.advance_if_led(seconds(20));
        }
        ending(&object).reason == reason
    });
    object(bed)
}

/// The same without that time passes.
fn at_once(bed: &Bed, reason: &str) -> Value {
    bed.wait_until(&format!("the refresh is {reason}"), || {
        ending(&object(bed)).reason == reason
    });
    object(bed)
}

fn status(bed: &Bed) -> RefreshStatus {
    let found = bed.simulator.refresh_activity("asr-1");
    found.expect("the activity is there").status
}

fn answer(bed: &Bed, wanted: &str, decision: &str) {
    let object = object(bed);
    let hold = object["status"]["hold"]["id"].as_str();
    let hold = hold.unwrap_or_else(|| panic!("no question: {object:#}"));
    apply(
        bed,
        wanted,
        &format!("  resolution: {{holdId: {hold}, decision: {decision}}}\n"),
    );
}

#[test]
pub fn cancelling_in_the_middle_of_a_batch_stops_waits_for_its_end_and_cancels() {
    let mut bed = refresh_bed("irf-cancel", activity());
    bed.start_operator();
    apply(&bed, "Cancelled", "");
    bed.wait_until("the batch is waited for", || {
        let object = object(&bed);
        ending(&object).reason == "TargetBusy" && condition(&object, "GroupBlocked") == "True"
    });
    assert_eq!(status(&bed), RefreshStatus::ManualPause);
    assert_eq!(
        bed.simulator.journal().calls(CANCEL),
        0,
        "not while it runs"
    );
    let object = until(&bed, "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(condition(&object, "GroupBlocked"), "False");
    assert_eq!(status(&bed), RefreshStatus::Cancelled);
    assert_eq!(
        effects_on(&bed, "asr-1"),
        ["as.stop", "as.batch-ended", "as.cancel"],
        "and nothing else that changes anything"
    );
    let group = bed.simulator.state().tencent.groups;
    assert!(group.iter().all(|group| !group.blocked), "it is released");
}

#[test]
pub fn a_refresh_that_may_still_be_cancelled_while_a_batch_runs_is_cancelled_all_the_same() {
    let mut bed = bed("irf-other");
    bed.connect_all_clouds();
    let readings = Readings {
        scaling: ScalingReadings {
            cancel_while_running: CancelWhileRunning::TakesEffect,
            cancelled_after: 90,
            ..ScalingReadings::default()
        },
        ..Readings::default()
    };
    let mut seed = Seed::new().refresh(activity());
    seed.readings = Some(readings);
    bed.simulator.seed(seed);
    bed.start_operator();
    apply(&bed, "Cancelled", "");
    let object = until(&bed, "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 1);
}

#[test]
pub fn a_refresh_that_is_to_complete_is_watched_to_its_end_and_nothing_is_sent() {
    let mut bed = refresh_bed("irf-complete", activity());
    bed.start_operator();
    apply(&bed, "Completed", "");
    let running = at_once(&bed, "RefreshRunning");
    assert_eq!(running["status"]["observed"]["instancesTotal"], 3);
    let object = until(&bed, "Completed");
    assert_ending(&bed, &object, "Succeeded", "Completed");
    assert_eq!(object["status"]["observed"]["instancesDone"], 3);
    let journal = bed.simulator.journal();
    for call in [STOP, CANCEL, RESUME] {
        assert_eq!(journal.calls(call), 0, "{call}");
    }
}

#[test]
pub fn a_refresh_that_is_to_pause_is_stopped_and_says_that_its_group_is_blocked() {
    let mut bed = refresh_bed("irf-pause", activity());
    bed.start_operator();
    apply(&bed, "Paused", "");
    let object = until(&bed, "Paused");
    assert_ending(&bed, &object, "Succeeded", "Paused");
    assert_eq!(condition(&object, "GroupBlocked"), "True");
    assert_eq!(status(&bed), RefreshStatus::ManualPause);
    // A changed desiredState reopens it.
    apply(&bed, "Cancelled", "");
    let object = until(&bed, "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    // And one that the cloud cannot do any more is asked about.
    apply(&bed, "Completed", "");
    let object = until(&bed, "DesiredStateUnreachable");
    assert_eq!(ending(&object).state, "Held");
    assert_eq!(
        object["status"]["hold"]["choices"],
        serde_json::json!(["LookAgain", "GiveUp"])
    );
    apply(&bed, "Cancelled", "");
    let object = until(&bed, "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(
        bed.simulator.journal().calls(CANCEL),
        1,
        "it was so already"
    );
}

#[test]
pub fn a_failed_batch_is_asked_about_and_retried_as_decided() {
    let failing = RefreshActivity::new("asg-1", "asr-1")
        .batch(RefreshBatch::new(2, 600).fails(1))
        .batch(RefreshBatch::new(2, 600));
    let mut bed = refresh_bed("irf-failed", failing);
    bed.start_operator();
    apply(&bed, "Completed", "");
    let object = until(&bed, "RefreshPausedOnFailure");
    assert_eq!(ending(&object).state, "Held");
    let choices = serde_json::json!(["Retry", "Continue", "GiveUp"]);
    assert_eq!(object["status"]["hold"]["choices"], choices);
    assert_eq!(bed.simulator.journal().calls(RESUME), 0, "not unattended");
    answer(&bed, "Completed", "Retry");
    let object = until(&bed, "Completed");
    assert_ending(&bed, &object, "Succeeded", "Completed");
    assert_eq!(bed.simulator.journal().calls(RESUME), 1);
}

#[test]
pub fn each_pause_between_batches_is_a_question_of_its_own() {
    let pausing = activity().batch_pause(BatchPause::BatchIntervalPause);
    let mut bed = refresh_bed("irf-between", pausing);
    bed.start_operator();
    apply(&bed, "Completed", "");
    let first = until(&bed, "RefreshPausedAtBatch");
    answer(&bed, "Completed", "Continue");
    bed.wait_until("the next pause is asked about", || {
        bed.advance_if_led(seconds(20));
        let hold = object(&bed)["status"]["hold"].clone();
        hold.is_object() && hold["id"] != first["status"]["hold"]["id"]
    });
    assert_eq!(
        bed.simulator.journal().calls(RESUME),
        1,
        "once for each answer"
    );
    answer(&bed, "Completed", "GiveUp");
    let object = until(&bed, "GivenUp");
    assert_ending(&bed, &object, "Failed", "GivenUp");
    let summary = object["status"]["summary"].as_str().unwrap_or_default();
    assert!(summary.contains("group asg-1 is blocked"), "{summary}");
}

#[test]
pub fn suspended_between_stop_and_cancel_it_names_the_remedy() {
    let mut bed = refresh_bed("irf-suspend", activity());
    bed.start_operator();
    apply(&bed, "Cancelled", "");
    at_once(&bed, "TargetBusy");
    apply(&bed, "Cancelled", "  suspend: true\n");
    let object = until(&bed, "SuspendedBySpec");
    let summary = object["status"]["summary"].as_str().unwrap_or_default();
    assert!(summary.contains("group asg-1 is blocked"), "{summary}");
    assert!(summary.contains("suspend: false"), "{summary}");
    for _ in 0..40 {
        bed.advance_if_led(seconds(60));
    }
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0);
    apply(&bed, "Cancelled", "");
    let object = until(&bed, "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
}

#[test]
pub fn what_somebody_else_or_the_cloud_did_is_named() {
    let mut bed = refresh_bed("irf-elsewhere", activity());
    bed.start_operator();
    apply(&bed, "Completed", "");
    at_once(&bed, "RefreshRunning");
    bed.simulator.act_on_refresh("asr-1", RefreshAction::Pause);
    until(&bed, "RefreshPausedAtBatch");
    // A colleague goes on: the question is over by itself.
    bed.simulator.act_on_refresh("asr-1", RefreshAction::Resume);
    until(&bed, "RefreshRunning");
    bed.simulator.act_on_refresh("asr-1", RefreshAction::Pause);
    until(&bed, "RefreshPausedAtBatch");
    bed.simulator.act_on_refresh("asr-1", RefreshAction::Cancel);
    let object = until(&bed, "CancelledElsewhere");
    assert_ending(&bed, &object, "Failed", "CancelledElsewhere");
}

#[test]
pub fn a_refresh_that_has_failed_or_completed_is_no_success_of_another_wish() {
    let failed = activity().ends_failed();
    let mut bed = refresh_bed("irf-ends", failed);
    bed.simulator.seed(
        Seed::new().refresh(
            RefreshActivity::new("asg-2", "asr-2")
                .batches(1, 60)
                .standing(RefreshStatus::Successful, 1),
        ),
    );
    bed.start_operator();
    apply(&bed, "Completed", "");
    bed.apply(&bed.refresh("late", "asg-2", "asr-2", "Cancelled", ""));
    bed.apply(&bed.refresh("absent", "asg-1", "asr-9", "Cancelled", ""));
    bed.apply(&bed.refresh("other", "asg-9", "asr-1", "Cancelled", ""));
    for (name, outcome) in [
        ("late", "TooLate"),
        ("absent", "TargetNotFound"),
        ("other", "InvalidForTarget"),
    ] {
        let object = bed.wait_at_rest("irf", name);
        assert_ending(&bed, &object, "Failed", outcome);
    }
    let object = until(&bed, "RefreshFailed");
    assert_ending(&bed, &object, "Failed", "RefreshFailed");
    for call in [STOP, CANCEL] {
        assert_eq!(bed.simulator.journal().calls(call), 0, "{call}");
    }
}

#[test]
pub fn a_cancel_that_is_refused_for_good_after_the_stop_is_refused_halfway() {
    let mut bed = refresh_bed("irf-halfway", activity());
    let refused = FaultKind::Error {
        status: 200,
        code: "ResourceUnavailable.AutoScalingGroupDisabled".to_owned(),
        message: "The group is disabled.".to_owned(),
    };
    bed.simulator.fault(Fault::new(CANCEL, refused).always());
    bed.start_operator();
    apply(&bed, "Cancelled", "");
    let object = until(&bed, "RefusedHalfway");
    assert_ending(&bed, &object, "Failed", "RefusedHalfway");
    let summary = object["status"]["summary"].as_str().unwrap_or_default();
    for part in [
        "AutoScalingGroupDisabled",
        "group asg-1 is blocked",
        "asr-1",
    ] {
        assert!(summary.contains(part), "{part}: {summary}");
    }
}

#[test]
pub fn a_plan_says_what_would_be_sent_and_sends_nothing() {
    let mut bed = refresh_bed("irf-plan", activity());
    bed.start_operator();
    apply(&bed, "Cancelled", "  mode: Plan\n");
    let object = until(&bed, "PlanReady");
    let steps = object["status"]["plan"]["steps"].as_array().cloned();
    let steps = steps.unwrap_or_default();
    assert_eq!(steps.len(), 2, "{object:#}");
    assert!(steps[0].to_string().contains("StopInstanceRefresh"));
    assert!(steps[1].to_string().contains("CancelInstanceRefresh"));
    assert_eq!(status(&bed), RefreshStatus::Running);
}
