//! Reverts of desiredState at every state that a refresh can be in: the API server
//! takes each, and what the cloud makes of it becomes a state and not an error.

use errand_simulator::{BatchPause, Fault, FaultKind, RefreshActivity, RefreshStatus, Seed};
use errand_testbed::{Bed, BedOptions};
use errand_testclock::Timing;
use serde_json::Value;

use crate::support::{
    LEASE_OF_AN_HOUR, assert_ending, assert_held, bed_with, effects_on, ending, resolve_of, seconds,
};

const STOP: &str = "as.StopInstanceRefresh";
const CANCEL: &str = "as.CancelInstanceRefresh";

/// How long a request takes that arrives late. Its signature is valid for five
/// minutes.
const LATE: u32 = 200;

const WISHES: [&str; 3] = ["Completed", "Paused", "Cancelled"];

/// A refresh of three batches of one instance, each of which takes ten minutes.
fn activity() -> RefreshActivity {
    RefreshActivity::new("asg-1", "asr-1").batches(3, 600)
}

/// A bed with that refresh, whose lease is short: settling includes it.
fn revert_bed(name: &str, activity: RefreshActivity) -> Bed {
    let options = BedOptions {
        timing: Timing {
            lease: LEASE_OF_AN_HOUR,
            ..Timing::default()
        },
        ..BedOptions::default()
    };
    let mut bed = bed_with(name, options);
    bed.connect_all_clouds();
    bed.simulator.seed(Seed::new().refresh(activity));
    bed.start_operator();
    bed
}

/// Applies the manifest; the API server takes it.
fn want(bed: &Bed, wanted: &str, more: &str) {
    let manifest = bed.refresh("roll", "asg-1", "asr-1", wanted, more);
    bed.try_apply(&manifest)
        .unwrap_or_else(|e| panic!("{wanted} {more} is refused: {e}"));
}

fn object(bed: &Bed) -> Value {
    bed.get("irf", "roll")
}

/// Waits, in steps of the test's clock, until it has that reason and was looked at
/// as it is now.
fn until(bed: &Bed, reason: &str) -> Value {
    bed.wait_until(&format!("the refresh is {reason}"), || {
        bed.advance_if_led(seconds(30));
        is(&object(bed), reason)
    });
    object(bed)
}

/// The same without the time passing.
fn at_once(bed: &Bed, reason: &str) -> Value {
    bed.wait_until(&format!("the refresh is {reason}"), || {
        bed.advance_if_led(seconds(1));
        is(&object(bed), reason)
    });
    object(bed)
}

fn is(object: &Value, reason: &str) -> bool {
    let seen = &object["status"]["observedGeneration"];
    ending(object).reason == reason && *seen == object["metadata"]["generation"]
}

/// Every wish, and those before it, are taken while it stands there.
fn takes_every_wish(bed: &Bed) {
    for wanted in WISHES {
        want(bed, wanted, "  suspend: true\n");
        at_once(bed, "SuspendedBySpec");
    }
}

#[test]
fn before_the_first_call_every_wish_is_taken_and_the_last_one_counts() {
    let mut bed = revert_bed("irf-before", activity());
    let later = "  schedule: {notBefore: \"2100-01-01T00:00:00Z\"}\n";
    want(&bed, "Cancelled", later);
    at_once(&bed, "BeforeWindow");
    want(&bed, "Completed", later);
    at_once(&bed, "RefreshRunning");
    want(&bed, "Paused", later);
    at_once(&bed, "BeforeWindow");
    takes_every_wish(&bed);
    want(&bed, "Completed", "");
    let object = until(&bed, "Completed");
    assert_ending(&bed, &object, "Succeeded", "Completed");
    let journal = bed.simulator.journal();
    assert_eq!((journal.calls(STOP), journal.calls(CANCEL)), (0, 0));
    bed.stop_operator();
}

#[test]
fn a_cancel_that_is_taken_back_after_the_stop_asks_and_goes_on_to_the_end() {
    let bed = revert_bed("irf-back", activity());
    want(&bed, "Cancelled", "");
    at_once(&bed, "TargetBusy");
    takes_every_wish(&bed);
    want(&bed, "Completed", "");
    // The batch runs to its end though the activity is paused.
    let object = at_once(&bed, "RefreshRunning");
    assert_eq!(ending(&object).state, "Waiting", "{object:#}");
    let object = until(&bed, "RefreshPausedAtBatch");
    assert_held(
        &bed,
        &object,
        "RefreshPausedAtBatch",
        &["Continue", "GiveUp"],
    );
    takes_every_wish(&bed);
    want(&bed, "Completed", "");
    at_once(&bed, "RefreshPausedAtBatch");
    resolve_of(&bed, "irf", "roll", "Continue");
    let object = until(&bed, "Completed");
    assert_ending(&bed, &object, "Succeeded", "Completed");
    let ours = |kind: &&String| ["as.stop", "as.resume", "as.cancel"].contains(&kind.as_str());
    let effects = effects_on(&bed, "asr-1");
    let ours: Vec<&String> = effects.iter().filter(ours).collect();
    assert_eq!(ours, ["as.stop", "as.resume"], "{effects:?}");
    // And what has ended is asked for otherwise: too late, and back.
    for (wanted, state, outcome) in [
        ("Cancelled", "Failed", "TooLate"),
        ("Paused", "Failed", "TooLate"),
        ("Completed", "Succeeded", "Completed"),
    ] {
        want(&bed, wanted, "");
        let object = at_once(&bed, outcome);
        assert_ending(&bed, &object, state, outcome);
    }
}

#[test]
fn a_stop_whose_answer_is_lost_is_waited_for_before_anything_is_asked_after_a_revert() {
    let bed = revert_bed("irf-lost", activity());
    bed.simulator
        .fault(Fault::new(STOP, FaultKind::DropAfter).always());
    want(&bed, "Cancelled", "");
    at_once(&bed, "TargetBusy");
    want(&bed, "Completed", "");
    // The pause is there, but the call that nobody knows of may be on its way yet.
    let object = until(&bed, "ResolvingAnswer");
    assert_eq!(ending(&object).state, "Verifying");
    assert!(object["status"]["hold"].is_null(), "{object:#}");
    takes_every_wish(&bed);
    want(&bed, "Completed", "");
    at_once(&bed, "ResolvingAnswer");
    is_asked_and_goes_on_to_the_end(&bed);
    assert_eq!(bed.simulator.journal().effects("as.stop"), 1);
    assert_eq!(bed.simulator.journal().effects("as.resume"), 1);
}

/// What to do with the pause is asked; a person has it go on.
fn is_asked_and_goes_on_to_the_end(bed: &Bed) {
    let object = until(bed, "RefreshPausedAtBatch");
    assert_held(
        bed,
        &object,
        "RefreshPausedAtBatch",
        &["Continue", "GiveUp"],
    );
    resolve_of(bed, "irf", "roll", "Continue");
    let object = until(bed, "Completed");
    assert_ending(bed, &object, "Succeeded", "Completed");
}

#[test]
fn a_stop_that_arrives_after_the_revert_stands_as_a_question_and_not_as_a_surprise() {
    let bed = revert_bed("irf-late", activity());
    bed.simulator
        .fault(Fault::new(STOP, FaultKind::Late { seconds: LATE }));
    bed.simulator
        .fault(Fault::new(STOP, FaultKind::DropBefore).always());
    want(&bed, "Cancelled", "");
    bed.wait_until("it was sent", || bed.simulator.journal().calls(STOP) > 0);
    want(&bed, "Completed", "");
    at_once(&bed, "RefreshRunning");
    let activity = || {
        bed.simulator
            .refresh_activity("asr-1")
            .expect("it is there")
    };
    bed.wait_until("it arrives", || {
        bed.advance_if_led(seconds(30));
        activity().status == RefreshStatus::ManualPause
    });
    is_asked_and_goes_on_to_the_end(&bed);
    assert_eq!(bed.simulator.journal().effects("as.stop"), 1);
}

#[test]
fn a_held_refresh_can_be_cancelled_instead_and_a_cancelled_one_is_cancelled_for_good() {
    let failing = activity().standing(RefreshStatus::FailedPause, 1);
    let bed = revert_bed("irf-held", failing);
    want(&bed, "Completed", "");
    at_once(&bed, "RefreshPausedOnFailure");
    takes_every_wish(&bed);
    want(&bed, "Paused", "");
    let object = at_once(&bed, "Paused");
    assert_ending(&bed, &object, "Succeeded", "Paused");
    want(&bed, "Completed", "");
    let object = at_once(&bed, "RefreshPausedOnFailure");
    let choices = ["Retry", "Continue", "GiveUp"];
    assert_held(&bed, &object, "RefreshPausedOnFailure", &choices);
    want(&bed, "Cancelled", "");
    let object = at_once(&bed, "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    for wanted in ["Completed", "Paused"] {
        want(&bed, wanted, "");
        let object = at_once(&bed, "DesiredStateUnreachable");
        assert_held(
            &bed,
            &object,
            "DesiredStateUnreachable",
            &["LookAgain", "GiveUp"],
        );
    }
    resolve_of(&bed, "irf", "roll", "GiveUp");
    let object = at_once(&bed, "GivenUp");
    assert_ending(&bed, &object, "Failed", "GivenUp");
    want(&bed, "Cancelled", "");
    let object = at_once(&bed, "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    let journal = bed.simulator.journal();
    assert_eq!(journal.calls(CANCEL), 1, "{journal}");
    assert_eq!(journal.calls(STOP), 0, "{journal}");
}

#[test]
fn the_target_may_change_until_a_call_was_intended_and_not_any_more_then() {
    let bed = revert_bed("irf-target", activity());
    let apply = |group: &str, activity: &str, more: &str| {
        bed.try_apply(&bed.refresh("roll", group, activity, "Cancelled", more))
    };
    apply("asg-9", "asr-9", "  mode: Plan\n").expect("the first");
    apply("asg-1", "asr-1", "  mode: Plan\n").expect("a plan can be iterated on");
    at_once(&bed, "PlanReady");
    apply("asg-1", "asr-1", "").expect("and executed");
    at_once(&bed, "TargetBusy");
    for (group, activity) in [("asg-2", "asr-1"), ("asg-1", "asr-2")] {
        let refused = apply(group, activity, "").expect_err("a call was made for the other one");
        assert!(
            refused.contains("create a new InstanceRefresh"),
            "{refused}"
        );
    }
    let rename = |more: &str| {
        let manifest = bed.refresh("roll", "asg-1", "asr-1", "Cancelled", more);
        bed.try_apply(&manifest.replace("name: tencent-prod", "name: other"))
    };
    rename("").expect_err("the connection is part of it");
    let object = until(&bed, "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    apply("asg-2", "asr-2", "").expect_err("nor after the end");
}

/// The model has found it: the pause that a person has had it go on from is taken for
/// the one that is wanted since.
#[test]
fn a_pause_that_still_shows_after_it_was_let_go_on_is_not_the_one_that_is_wanted() {
    let standing = activity()
        .batch_pause(BatchPause::BatchIntervalPause)
        .standing(RefreshStatus::AutoPause, 2);
    let bed = revert_bed("irf-slow", standing);
    want(&bed, "Completed", "");
    until(&bed, "RefreshPausedAtBatch");
    let stale = Fault::new("as.DescribeRefreshActivities", FaultKind::Stale);
    bed.simulator.fault(stale.always());
    resolve_of(&bed, "irf", "roll", "Continue");
    at_once(&bed, "Verifying");
    assert_eq!(bed.simulator.journal().effects("as.resume"), 1);
    want(&bed, "Paused", "");
    at_once(&bed, "Verifying");
    bed.simulator.clear_faults();
    let object = until(&bed, "Paused");
    assert_ending(&bed, &object, "Succeeded", "Paused");
    let activity = bed.simulator.refresh_activity("asr-1");
    assert_ne!(activity.expect("it is there").current_batch, 1);
}
