//! The state of an instance is read once, or until it is as wanted.

use errand_simulator::{CloudDcInstance, CloudDcStatus, Fault, FaultKind, Seed};
use errand_testbed::{Bed, DCS_PROJECT};
use serde_json::Value;

use crate::support::{assert_ending, bed, ending, seconds};

const SHOW: &str = "clouddc.ShowInstanceStatus";
const LIST: &str = "clouddc.ListInstances";

/// Waits, in steps of the test's clock, until it has that reason.
fn until(bed: &Bed, name: &str, reason: &str) -> Value {
    bed.wait_until(&format!("{name} is {reason}"), || {
        bed.advance_if_led(seconds(10));
        ending(&bed.get("iob", name)).reason == reason
    });
    bed.get("iob", name)
}

fn seed(bed: &Bed, instances: impl IntoIterator<Item = CloudDcInstance>) {
    let seed = Seed::new();
    let seed = instances
        .into_iter()
        .fold(seed, |seed, instance| seed.clouddc(DCS_PROJECT, instance));
    bed.simulator.seed(seed);
}

#[test]
pub fn a_single_reading_is_taken_with_the_status_call() {
    let mut bed = bed("iob-once");
    let failed = CloudDcStatus::new("error").error("CloudDC.0009", "no server");
    seed(
        &bed,
        [
            CloudDcInstance::new("i-1"),
            CloudDcInstance::new("i-2").status(failed),
        ],
    );
    bed.start_operator();
    bed.apply(&bed.observation("once", "i-1", ""));
    let object = bed.wait_at_rest("iob", "once");
    assert_ending(&bed, &object, "Succeeded", "Observed");
    assert_eq!(object["status"]["observed"]["instanceState"], "running");
    let journal = bed.simulator.journal();
    assert_eq!((journal.calls(SHOW), journal.calls(LIST)), (1, 0));
    // What is wrong with an instance is a result as well.
    bed.apply(&bed.observation("error", "i-2", ""));
    let object = bed.wait_at_rest("iob", "error");
    assert_ending(&bed, &object, "Succeeded", "Observed");
    assert_eq!(object["status"]["observed"]["errorCode"], "CloudDC.0009");
    bed.apply(&bed.observation("absent", "i-9", ""));
    let object = bed.wait_at_rest("iob", "absent");
    assert_ending(&bed, &object, "Failed", "TargetNotFound");
}

#[test]
pub fn a_state_is_waited_for_and_reached() {
    let mut bed = bed("iob-until");
    let building = CloudDcInstance::new("i-1")
        .status("pending")
        .then(
            300,
            CloudDcStatus::new("running").operation("install-processing"),
        )
        .then(
            600,
            CloudDcStatus::new("running").operation("install-succeed"),
        );
    seed(&bed, [building]);
    bed.start_operator();
    let until_running = "  interval: 10s\n  until: {states: [running], settled: true}\n";
    bed.apply(&bed.observation("built", "i-1", until_running));
    let object = until(&bed, "built", "AwaitingState");
    assert_eq!(ending(&object).state, "Waiting");
    let object = until(&bed, "built", "Reached");
    assert_ending(&bed, &object, "Succeeded", "Reached");
    assert_eq!(
        object["status"]["observed"]["operationState"],
        "install-succeed"
    );
    assert_eq!(
        bed.simulator.journal().calls(LIST),
        0,
        "one by itself asks for itself"
    );
    let looks = bed.simulator.journal().calls(SHOW);
    for _ in 0..10 {
        bed.advance_if_led(seconds(600));
    }
    assert_eq!(
        bed.simulator.journal().calls(SHOW),
        looks,
        "and not any more"
    );
}

#[test]
pub fn a_state_that_cannot_be_reached_any_more_ends_it() {
    let mut bed = bed("iob-never");
    let failing = CloudDcInstance::new("i-1")
        .status("pending")
        .then(60, "error");
    let ending_one = CloudDcInstance::new("i-2")
        .status("stopped")
        .then(60, "shutting-down")
        .then(120, "terminated");
    let word = CloudDcStatus::new("a-word_of-tomorrow").undocumented();
    let strange = CloudDcInstance::new("i-3")
        .status(word)
        .then(60, CloudDcStatus::new("running").undocumented());
    seed(&bed, [failing, ending_one, strange]);
    bed.start_operator();
    let running = |more: &str| format!("  until: {{states: [running]{more}}}\n");
    bed.apply(&bed.observation("fails", "i-1", &running(", failOn: [error]")));
    bed.apply(&bed.observation("ends", "i-2", &running("")));
    bed.apply(&bed.observation("deleted", "i-2", "  until: {states: [terminated]}\n"));
    bed.apply(&bed.observation("strange", "i-3", &running("")));
    for name in ["fails", "ends"] {
        let object = until(&bed, name, "StateUnreachable");
        assert_ending(&bed, &object, "Failed", "StateUnreachable");
    }
    for name in ["deleted", "strange"] {
        let object = until(&bed, name, "Reached");
        assert_ending(&bed, &object, "Succeeded", "Reached");
    }
}

#[test]
fn an_instance_that_is_gone_after_it_was_terminated_counts_as_terminated() {
    let mut bed = bed("iob-gone");
    let going = CloudDcInstance::new("i-1")
        .status("stopped")
        .then(30, "shutting-down");
    let mut seeded = Seed::new().clouddc(DCS_PROJECT, going.then(60, "terminated"));
    seeded.readings = Some(errand_simulator::Readings {
        clouddc: errand_simulator::CloudDcReadings {
            gone_after: 1,
            ..Default::default()
        },
        ..crate::readings()
    });
    bed.simulator.seed(seeded);
    bed.start_operator();
    bed.apply(&bed.observation("gone", "i-1", "  until: {states: [terminated]}\n"));
    let object = until(&bed, "gone", "Reached");
    assert_ending(&bed, &object, "Succeeded", "Reached");
}

#[test]
fn a_throttled_observer_without_a_body_waits_and_goes_on() {
    let mut bed = bed("iob-throttled");
    seed(&bed, [CloudDcInstance::new("i-1")]);
    bed.simulator
        .fault(Fault::new("clouddc.", FaultKind::Throttle).always());
    bed.start_operator();
    bed.apply(&bed.observation("once", "i-1", ""));
    until(&bed, "once", "Throttled");
    bed.simulator.clear_faults();
    let object = until(&bed, "once", "Observed");
    assert_ending(&bed, &object, "Succeeded", "Observed");
}
