//! What Errand takes for granted (docs/assumptions.md), broken one after the other in
//! the clouds: what the page says then happens. These are no promises but their limits.
//! Those that no request shows are parameters of the engine's model alone.

use errand_simulator::{CloudDcInstance, Fault, FaultKind, OrderTiming, Seed, WorkspaceDesktop};
use errand_testbed::{Bed, DCS_PROJECT};

use crate::replays::{hide_orders, take_second_orders};
use crate::support::*;

/// A desktop to order for, whose orders run for this many seconds, and an operator.
fn desktop(name: &str, runs_for: u32, fault: Option<FaultKind>) -> Bed {
    let mut bed = order_bed(name);
    let timing = OrderTiming {
        runs_for,
        ..OrderTiming::default()
    };
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1").timing(timing));
    if let Some(kind) = fault {
        bed.simulator.fault(Fault::new(ORDER, kind));
    }
    bed.start_operator();
    bed
}

/// 1: a signature that has expired is refused, and nobody queues.
#[test]
fn a_cloud_that_acts_on_queued_bytes_later_acts_twice_when_a_person_sends_again() {
    let day = 24 * 3600;
    let bed = desktop("queued", 0, Some(FaultKind::Queued { seconds: day }));
    take_second_orders(&bed);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    settle(&bed, "bigger");
    resolve(&bed, "bigger", "SendAgain");
    until_order(&bed, "bigger", "Delivered");
    assert_eq!(orders(&bed), 1);
    // Where a desktop takes an order of the product that it has.
    change_back(&bed, "desk-1");
    bed.advance(seconds(2 * u64::from(day)));
    assert_eq!(orders(&bed), 2);
}

/// 2: nobody in between repeats bytes.
#[test]
fn bytes_that_are_repeated_on_their_way_order_twice() {
    // The first order is still at work, and the cloud takes another.
    let bed = desktop("twice", 60, Some(FaultKind::Twice));
    take_second_orders(&bed);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    bed.wait_until("it was ordered", || orders(&bed) > 0);
    assert_eq!(bed.simulator.journal().calls(ORDER), 1);
    assert_eq!(orders(&bed), 2);
}

/// 3: what is listed as a refusal had no effect.
#[test]
fn a_refusal_that_acted_is_followed_by_another_order() {
    let throttled = FaultKind::ErrorAfter {
        status: 429,
        code: "APIGW.0308".into(),
        message: "too many requests".into(),
    };
    // Nothing shows of an order until it is paid.
    let bed = desktop("acted", 0, Some(throttled));
    hide_orders(&bed);
    take_second_orders(&bed);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    bed.wait_until("it was ordered again", || {
        bed.advance(seconds(5));
        orders(&bed) == 2
    });
}

/// 4: what a reading has shown, later ones show too.
#[test]
fn a_cloud_that_forgets_what_it_has_shown_gets_another_order() {
    let bed = desktop("stale", 0, None);
    let stale = Fault::new("workspace.ShowDesktop", FaultKind::Stale);
    // From the look before the next order on; it is put in time to remember.
    bed.simulator.fault(stale.clone().skip(1000));
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    until_order(&bed, "bigger", "Delivered");
    bed.simulator.clear_faults();
    bed.simulator.fault(stale.always());
    let again = resize(&bed, "again", "desk-1", "Automatic") + "  operationKey: again\n";
    bed.apply(&again);
    bed.wait_until("it was ordered", || {
        bed.simulator.journal().calls(ORDER) == 2
    });
}

/// 11: what was seen and is then not found, twice, has been deleted.
#[test]
fn an_instance_that_only_cannot_be_found_counts_as_terminated() {
    let mut bed = bed("hidden");
    let instance = CloudDcInstance::new("i-1").status("running");
    bed.simulator
        .seed(Seed::new().clouddc(DCS_PROJECT, instance));
    bed.start_operator();
    let until = "  interval: 10s\n  until: {states: [terminated]}\n";
    bed.apply(&bed.observation("gone", "i-1", until));
    bed.wait_until("it was seen", || {
        ending(&bed.get("iob", "gone")).reason == "AwaitingState"
    });
    let hidden = FaultKind::Error {
        status: 404,
        code: "CloudDC.2001".into(),
        message: "not found".into(),
    };
    bed.simulator
        .fault(Fault::new("clouddc.ShowInstanceStatus", hidden).always());
    bed.wait_until("it has ended", || {
        bed.advance(seconds(10));
        !ending(&bed.get("iob", "gone")).outcome.is_empty()
    });
    assert_ending(&bed, &bed.get("iob", "gone"), "Succeeded", "Reached");
    let instance = bed.simulator.clouddc_instance(DCS_PROJECT, "i-1");
    assert_eq!(instance.expect("it is there").state, "running");
}
