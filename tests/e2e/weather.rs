//! Clouds as they are: throttled, down, with a clock of their own, with long
//! lists.

use errand_simulator::{Config, DcsInstance, Fault, FaultKind, FinishedTask, Seed};
use errand_testbed::{BedOptions, DCS_PROJECT};

use crate::support::{CANCEL, assert_ending, bed, bed_with, ending, reread, seconds};

fn with_clock_offset(seconds: i64) -> BedOptions {
    BedOptions {
        simulator: Config {
            date_offset: seconds,
            ..Config::default()
        },
        ..BedOptions::default()
    }
}

#[test]
fn a_clock_that_is_five_minutes_off_is_corrected_by_the_date_header() {
    for offset in [300, -300] {
        let mut bed = bed_with("skewed", with_clock_offset(offset));
        bed.seed_pending_change("dcs-1", "task-1", 7200);
        bed.start_operator();
        bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
        let object = bed.wait_at_rest("rsc", "stop");
        assert_ending(&bed, &object, "Succeeded", "Cancelled");
    }
}

#[test]
pub fn a_clock_that_is_twenty_minutes_off_sends_nothing_and_says_clock_skew() {
    let mut bed = bed_with("far-off", with_clock_offset(1200));
    bed.seed_pending_change("dcs-1", "task-1", 7200);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("it says so", || {
        bed.advance(seconds(5));
        ending(&bed.get("rsc", "stop")).reason == "ClockSkew"
    });
    assert_eq!(
        bed.simulator.journal().calls(CANCEL),
        0,
        "{}",
        bed.simulator.journal()
    );
    let refused = bed
        .simulator
        .journal()
        .all_calls()
        .iter()
        .filter(|c| c.status == Some(401))
        .count();
    assert!(
        refused <= 1,
        "the offset is learnt from one answer: {}",
        bed.simulator.journal()
    );
}

#[test]
fn twenty_throttled_calls_are_told_at_once_and_cost_one_write() {
    let mut bed = bed("throttled");
    bed.seed_pending_change("dcs-1", "task-1", 24 * 3600);
    bed.simulator
        .fault(Fault::new(CANCEL, FaultKind::Throttle).times(20));
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    // In small steps: the intent may be sent for half an hour, and twenty pauses
    // take half of that.
    bed.wait_until("it got through", || {
        bed.advance(seconds(1));
        bed.simulator.journal().effects("dcs.cancel") == 1
    });
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 21);
    let status = "update resizecancellations status";
    let writes: Vec<String> = bed.writes().into_iter().filter(|w| w == status).collect();
    // The intent, the first refusal, the end.
    assert_eq!(writes.len(), 3, "{object:#}\n{}", bed.simulator.journal());
}

#[test]
pub fn a_cloud_that_is_down_is_told_after_a_while_and_waited_for() {
    let mut bed = bed("down");
    bed.seed_pending_change("dcs-1", "task-1", 24 * 3600);
    let down = FaultKind::Error {
        status: 503,
        code: "APIGW.0201".into(),
        message: "Backend unavailable".into(),
    };
    bed.simulator.fault(Fault::new("dcs.", down).always());
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("it says so", || {
        bed.advance(seconds(5));
        ending(&bed.get("rsc", "stop")).reason == "CloudUnavailable"
    });
    bed.simulator.clear_faults();
    bed.wait_until("it goes on", || {
        bed.advance(seconds(30));
        ending(&bed.get("rsc", "stop")).outcome == "Cancelled"
    });
    assert_eq!(bed.simulator.journal().effects("dcs.cancel"), 1);
}

#[test]
fn the_task_is_found_on_the_last_page() {
    let mut bed = bed("pages");
    let mut instance = DcsInstance::new("dcs-1").pending_change("task-1", "redis.big", 3600);
    for n in 0..250 {
        let status = if n % 2 == 0 { "SUCCESS" } else { "FAILED" };
        instance = instance.finished(FinishedTask::new(
            format!("old-{n:03}"),
            status,
            100_000 + n,
        ));
    }
    reread(&bed, serde_json::json!({"task_order": "oldest_first"}));
    bed.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    let pages = bed.simulator.journal().calls("dcs.ListBackgroundTask");
    assert!(
        pages >= 6,
        "three pages before the call and three after: {pages}"
    );
}
