//! What an operation costs: writes to the API server and calls to the cloud.

use std::time::Duration;

use errand_simulator::Config;
use errand_testbed::BedOptions;
use errand_testclock::Timing;

use crate::support::{CANCEL, assert_ending, bed_with, crowd, ending, seconds};

#[test]
fn a_cancelled_resize_costs_two_status_writes_and_then_nothing_for_an_hour() {
    let options = BedOptions {
        timing: Timing {
            lease: seconds(600),
            ..Timing::default()
        },
        ..BedOptions::default()
    };
    let mut bed = bed_with("two-writes", options);
    bed.seed_pending_change("dcs-1", "task-1", 7200);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    bed.wait_until("the event is there", || {
        bed.writes().iter().any(|write| write.ends_with("events"))
    });
    let status = "update resizecancellations status";
    let writes = [status, status, "create events"];
    assert_eq!(
        bed.operation_writes(),
        writes,
        "two status writes and one event"
    );
    bed.wait_until("the connection is ready", || {
        bed.get("cc", "huawei-prod")["status"]["conditions"][0]["status"] == "True"
    });
    let writes = bed.writes();
    let calls = bed.simulator.journal().all_calls().len();
    assert!(
        calls <= 6 + 1,
        "at most six reads and the call itself: {}",
        bed.simulator.journal()
    );

    // The clock moves on as the operator renews its lease, so it has had its chance to do
    // anything else.
    let clock = bed.clock.clone().expect("a test clock");
    let later = clock.now() + seconds(3600);
    bed.wait_until("an hour is over", || {
        bed.advance_if_led(seconds(100));
        clock.now() >= later
    });
    assert_eq!(bed.writes(), writes, "an hour later: no further write");
    let later = bed.simulator.journal().all_calls().len();
    assert_eq!(
        later,
        calls,
        "an hour later: no further call\n{}",
        bed.simulator.journal()
    );
}

#[test]
fn two_hundred_operations_at_once_have_two_hundred_effects_each_once() {
    const N: usize = 200;
    let options = BedOptions {
        simulator: Config {
            delay: Duration::from_millis(20),
            ..Config::default()
        },
        ..BedOptions::default()
    };
    let mut bed = bed_with("crowd", options);
    let manifests = crowd(&bed, N);
    bed.start_operator();
    bed.apply(&manifests);
    bed.wait_until("all have ended", || {
        let ended = |object: &serde_json::Value| !ending(object).outcome.is_empty();
        bed.list("rsc")
            .iter()
            .filter(|object| ended(object))
            .count()
            == N
    });
    let journal = bed.simulator.journal();
    let items = bed.list("rsc");
    assert_eq!(items.len(), N);
    for item in &items {
        assert_eq!(ending(item).outcome, "Cancelled", "{item:#}");
    }
    for item in &items {
        let instance = item["spec"]["instanceId"].as_str().expect("text");
        let effects = journal.effects_on("dcs.cancel", instance);
        assert_eq!(effects, 1, "{instance}\n{journal}");
    }
    assert_eq!(journal.effects("dcs.cancel"), N);
    assert_eq!(journal.calls(CANCEL), N, "no call was repeated");
}
