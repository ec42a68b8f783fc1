//! Refreshes, reservations and observations: nothing is concluded from what is not
//! understood, what the cloud does by itself is reported as that, and nothing that was
//! seen elsewhere or earlier decides.

use errand_simulator::{
    CloudDcInstance, CloudDcStatus, Config, FailProcess, Fault, FaultKind, RefreshActivity,
    RefreshBatch, RefreshStatus, Reservation, Seed, VolcengineAccount,
};
use errand_testbed::{ACCESS_KEY, Bed, DCS_PROJECT, SECRET_KEY, VOLCENGINE_REGION};
use serde_json::{Value, json};

use crate::reservations::{self, cancelled, deletes, ecs_bed, ecs_bed_with};
use crate::support::*;

/// Waits, in steps of the test's clock, until it has that reason.
fn until(bed: &Bed, kind: &str, name: &str, reason: &str) -> Value {
    let mut object = Value::Null;
    bed.wait_until(&format!("{name} is {reason}"), || {
        bed.advance_if_led(seconds(10));
        object = bed.get(kind, name);
        ending(&object).reason == reason
    });
    object
}

/// The same after an edit: the reason is that of the object as it is now.
fn until_edited(bed: &Bed, kind: &str, name: &str, reason: &str) -> Value {
    bed.wait_until("the edit is observed", || {
        bed.advance_if_led(seconds(2));
        let object = bed.get(kind, name);
        object["status"]["observedGeneration"] == object["metadata"]["generation"]
    });
    until(bed, kind, name, reason)
}

/// It waits because the cloud's answer is not understood, and says so.
fn assert_unclear(object: &Value, words: &str) {
    assert_eq!(ending(object).state, "Waiting", "{object:#}");
    let said = summary(object);
    assert!(said.contains(words), "{said}");
}

fn refreshing(bed: &Bed, number: u32, wanted: &str) {
    let ids = [format!("asg-{number}"), format!("asr-{number}")];
    let name = format!("roll-{number}");
    bed.apply(&bed.refresh(&name, &ids[0], &ids[1], wanted, ""));
}

/// A refresh of two batches of two instances, of which the first fails after a minute.
fn failing(number: u32, fail_process: FailProcess) -> RefreshActivity {
    RefreshActivity::new(format!("asg-{number}"), format!("asr-{number}"))
        .batch(RefreshBatch::new(2, 60).fails(1))
        .batch(RefreshBatch::new(2, 600))
        .fail_process(fail_process)
}

#[test]
fn a_refresh_that_the_cloud_cancels_or_rolls_back_has_failed() {
    let mut bed = bed("truth-fail-process");
    bed.connect_all_clouds();
    let seed = Seed::new()
        .refresh(failing(1, FailProcess::AutoCancel))
        .refresh(failing(2, FailProcess::AutoRollback))
        .refresh(failing(3, FailProcess::AutoCancel));
    bed.simulator.seed(seed);
    bed.start_operator();
    for (number, wanted) in [(1, "Completed"), (2, "Completed"), (3, "Cancelled")] {
        refreshing(&bed, number, wanted);
    }
    bed.wait_until("each is observed before its batch fails", || {
        let observed =
            |number| bed.get("irf", &format!("roll-{number}"))["status"]["observed"].is_object();
        (1..=3).all(observed)
    });
    let object = until(&bed, "irf", "roll-1", "RefreshFailed");
    assert_ending(&bed, &object, "Failed", "RefreshFailed");
    let said = summary(&object);
    assert!(
        said.contains("The cloud cancelled the refresh because instances failed"),
        "{said}"
    );
    assert!(said.contains("The instance failed."), "{said}");
    let object = until(&bed, "irf", "roll-2", "RefreshFailed");
    assert_ending(&bed, &object, "Failed", "RefreshFailed");
    let said = summary(&object);
    assert!(said.contains("refresh activity asr-2-back"), "{said}");
    assert_eq!(
        condition(&object, "GroupBlocked"),
        "True",
        "by the roll-back"
    );
    // desiredState is Cancelled: it is, whichever client did it.
    let object = until(&bed, "irf", "roll-3", "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
}

#[test]
fn null_batches_and_times_conclude_nothing_about_a_paused_refresh() {
    let mut bed = bed("truth-null-lists");
    bed.connect_all_clouds();
    let running = RefreshActivity::new("asg-1", "asr-1").batches(2, 3600);
    let paused = RefreshActivity::new("asg-2", "asr-2").batches(2, 600);
    let seed = Seed::new()
        .refresh(running)
        .refresh(paused.standing(RefreshStatus::FailedPause, 1));
    bed.simulator.seed(seed);
    let pause = errand_simulator::RefreshAction::Pause;
    bed.simulator.act_on_refresh("asr-1", pause);
    reread_of(
        &bed,
        "scaling",
        json!({"lists": "null_batches", "times": "null"}),
    );
    bed.start_operator();
    refreshing(&bed, 1, "Paused");
    refreshing(&bed, 2, "Completed");
    for name in ["roll-1", "roll-2"] {
        let object = until(&bed, "irf", name, "ObservationUnclear");
        assert_unclear(&object, "batches");
    }
    // Without times, one pause cannot be distinguished from another.
    reread_of(&bed, "scaling", json!({"lists": "whole"}));
    let object = until(&bed, "irf", "roll-1", "TargetBusy");
    assert_eq!(object["status"]["outcome"], Value::Null, "its batch runs");
    bed.wait_until("the pause cannot be identified", || {
        bed.advance_if_led(seconds(10));
        summary(&bed.get("irf", "roll-2")).contains("cannot tell this pause")
    });
    assert_eq!(bed.get("irf", "roll-2")["status"]["hold"], Value::Null);
    reread_of(&bed, "scaling", json!({"times": "unix"}));
    until(&bed, "irf", "roll-2", "RefreshPausedOnFailure");
}

#[test]
fn a_reservation_is_bound_to_its_region_once_it_was_seen() {
    const ELSEWHERE: &str = "cn-shanghai";
    let mut bed = ecs_bed("truth-region", json!({}), vec![Reservation::esi("esi-1")]);
    let account = VolcengineAccount::new(ACCESS_KEY, SECRET_KEY)
        .region(VOLCENGINE_REGION)
        .region(ELSEWHERE);
    bed.simulator.seed(Seed::new().volcengine_account(account));
    bed.start_operator();
    reservations::apply(&bed, "esi-1", "Delivered", "");
    until(&bed, "sir", "esi-1", "AwaitingDelivery");
    let here = bed.cloud_connection("volcengine-prod", "");
    bed.apply(&here.replace(VOLCENGINE_REGION, ELSEWHERE));
    reservations::apply(&bed, "esi-1", "Cancelled", "");
    let object = until_edited(&bed, "sir", "esi-1", "ConnectionMismatch");
    assert_eq!(ending(&object).state, "Blocked");
    for region in [VOLCENGINE_REGION, ELSEWHERE] {
        assert!(summary(&object).contains(region), "{}", summary(&object));
    }
    assert_eq!(deletes(&bed), 0);
    // Changed back, it goes on.
    bed.apply(&here);
    let object = until(&bed, "sir", "esi-1", "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(cancelled(&bed), 1);
}

#[test]
pub fn counts_and_times_of_a_reservation_that_are_not_understood_are_not_0() {
    let orders = vec![
        Reservation::esi("count"),
        Reservation::esi("time").lapses_in(-60),
    ];
    let mut bed = ecs_bed("truth-counts", json!({"counts": "null"}), orders);
    bed.start_operator();
    reservations::apply(&bed, "count", "Cancelled", "");
    let object = until(&bed, "sir", "count", "ObservationUnclear");
    assert_unclear(&object, "DeliveryCount");
    reread_of(
        &bed,
        "ecs",
        json!({"counts": "text", "time_form": "no_zone"}),
    );
    reservations::apply(&bed, "time", "Delivered", "");
    let object = until(&bed, "sir", "time", "ObservationUnclear");
    assert_unclear(&object, "InvalidAt");
    // Understood, each is judged as ever.
    reread_of(
        &bed,
        "ecs",
        json!({"time_form": "blank", "unset_time": "zero"}),
    );
    let object = until(&bed, "sir", "time", "NotDelivered");
    assert_ending(&bed, &object, "Failed", "NotDelivered");
    let object = until(&bed, "sir", "count", "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(cancelled(&bed), 1);
}

#[test]
fn an_order_gone_after_its_slot_began_was_not_seen_cancelled() {
    let order = Reservation::reserve("esi-1", 1200).delivers_nothing();
    let mut bed = ecs_bed("truth-gone", json!({}), vec![order]);
    bed.start_operator();
    reservations::apply(&bed, "esi-1", "Delivered", "");
    until(&bed, "sir", "esi-1", "AwaitingDelivery");
    bed.stop_operator();
    bed.advance(seconds(1800));
    let gone = FaultKind::Error {
        status: 404,
        code: "InvalidScheduledInstance.NotFound".into(),
        message: "it was released".into(),
    };
    let fault = Fault::new("ecs.DescribeScheduledInstances", gone);
    bed.simulator.fault(fault.always());
    reservations::apply(&bed, "esi-1", "Cancelled", "");
    bed.start_operator();
    let object = until_edited(&bed, "sir", "esi-1", "ObservationUnclear");
    assert_unclear(&object, "no longer there");
    assert_eq!(deletes(&bed), 0);
}

#[test]
fn an_observation_is_not_reached_by_a_list_that_is_older_than_it() {
    let mut bed = bed("truth-old-list");
    let seed = ["i-1", "i-2", "i-3"].iter().fold(Seed::new(), |seed, id| {
        seed.clouddc(DCS_PROJECT, CloudDcInstance::new(*id))
    });
    bed.simulator.seed(seed);
    bed.start_operator();
    // Two who share their list, and will not see what they wait for.
    let stopped = "  interval: 1h\n  until: {states: [terminated]}\n";
    for (name, instance) in [("one", "i-1"), ("two", "i-2")] {
        bed.apply(&bed.observation(name, instance, stopped));
        until(&bed, "iob", name, "AwaitingState");
    }
    bed.wait_until("a list is shared", || {
        bed.advance_if_led(seconds(600));
        bed.simulator.journal().calls("clouddc.ListInstances") > 0
    });
    bed.simulator.act_on_clouddc(DCS_PROJECT, "i-3", "stopped");
    let running = "  interval: 1h\n  until: {states: [running]}\n";
    bed.apply(&bed.observation("late", "i-3", running));
    let object = until(&bed, "iob", "late", "AwaitingState");
    assert_eq!(object["status"]["observed"]["instanceState"], "stopped");
}

#[test]
fn an_instance_that_has_failed_ends_what_waits_for_it_to_settle() {
    let mut bed = bed("truth-settled");
    let failed = CloudDcStatus::new("stopped").operation("install-failed");
    let nothing = CloudDcStatus::new("").undocumented();
    let seed = Seed::new()
        .clouddc(DCS_PROJECT, CloudDcInstance::new("i-1").status("error"))
        .clouddc(DCS_PROJECT, CloudDcInstance::new("i-2").status(failed))
        .clouddc(DCS_PROJECT, CloudDcInstance::new("i-3").status(nothing));
    bed.simulator.seed(seed);
    bed.start_operator();
    let settled = "  until: {settled: true}\n";
    for (name, instance) in [("error", "i-1"), ("failed", "i-2"), ("nothing", "i-3")] {
        bed.apply(&bed.observation(name, instance, settled));
    }
    for name in ["error", "failed"] {
        let object = until(&bed, "iob", name, "StateUnreachable");
        assert_ending(&bed, &object, "Failed", "StateUnreachable");
    }
    let object = until(&bed, "iob", "nothing", "ObservationUnclear");
    assert_unclear(&object, "no state");
}

#[test]
fn a_clock_that_is_hours_ahead_misses_no_window() {
    let simulator = Config {
        date_offset: -2 * 3600,
        ..Config::default()
    };
    let orders = vec![Reservation::esi("esi-1")];
    let mut bed = ecs_bed_with("truth-clock", simulator, json!({}), orders);
    bed.start_operator();
    // An hour is left by the cloud's clock; by ours it passed an hour ago.
    let cloud = bed.simulator.now() - jiff::SignedDuration::from_hours(2);
    let window = cloud + jiff::SignedDuration::from_hours(1);
    let schedule = format!("  schedule: {{notAfter: \"{window:.0}\"}}\n");
    reservations::apply(&bed, "esi-1", "Cancelled", &schedule);
    let object = until(&bed, "sir", "esi-1", "ClockSkew");
    assert_eq!(ending(&object).state, "Waiting");
    assert_eq!(object["status"]["outcome"], Value::Null);
    assert_eq!(deletes(&bed), 0);
}
