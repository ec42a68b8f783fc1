//! What users see of an operation in time, and that it is about this object and place.

use std::sync::Arc;

use errand_simulator::{CloudDcInstance, OrderTiming, Seed, WorkspaceDesktop};
use errand_testbed::{Bed, BedOptions, DCS_PROJECT, Plane};
use serde_json::Value;

use crate::support::{
    ORDER, assert_ending, bed, bed_on, condition, ending, order_bed, resize, seconds, seed_desktop,
    time,
};

/// The order ends at most so many seconds after its job. The exact limits are held by
/// `passes::told::an_effect_is_seen_soon_after_it_is_there`; here the test's clock goes on
/// while the operator works.
fn assert_soon(job: u32, most: i64) {
    let mut bed = order_bed("soon");
    let timing = OrderTiming {
        runs_for: job,
        ..OrderTiming::default()
    };
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1").timing(timing));
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    bed.wait_until("it is ordered", || {
        bed.simulator.journal().calls(ORDER) == 1
    });
    bed.wait_until("it is delivered", || {
        bed.advance_if_led(seconds(1));
        ending(&bed.get("dor", "bigger")).state == "Succeeded"
    });
    let object = bed.get("dor", "bigger");
    let status = &object["status"];
    let sent = time(&status["steps"][0]["intendedAt"]);
    let took = time(&status["finishedAt"]).duration_since(sent).as_secs();
    assert!(
        took <= i64::from(job) + most,
        "{took} s with a job of {job} s: {object:#}"
    );
}

#[test]
fn an_order_whose_job_takes_a_second_ends_long_before_the_routine_interval() {
    assert_soon(1, 18);
}

#[test]
fn an_order_whose_job_takes_ten_seconds_ends_long_before_the_routine_interval() {
    assert_soon(10, 18);
}

/// The times of the conditions.
fn times(object: &Value) -> Vec<String> {
    let all = object["status"]["conditions"].as_array();
    let each = all.into_iter().flatten();
    each.map(|one| one["lastTransitionTime"].to_string())
        .collect()
}

#[test]
fn once_errand_has_looked_no_condition_has_the_time_of_the_schemas_default() {
    let mut bed = bed("no-1970");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    bed.wait_until("the connection's status is written", || {
        condition(&bed.get("cc", "huawei-prod"), "Ready") == "True"
    });
    for (kind, name) in [("rsc", "stop"), ("cc", "huawei-prod")] {
        let object = bed.get(kind, name);
        let times = times(&object);
        assert!(!times.is_empty(), "{object:#}");
        assert!(
            !times.iter().any(|time| time.contains("1970")),
            "{object:#}"
        );
    }
}

#[test]
fn an_order_that_was_never_placed_has_no_payment_in_its_columns() {
    let mut bed = order_bed("never-paid");
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    bed.start_operator();
    let change = "{resize: {productId: no.such.product}}";
    bed.apply(&bed.order("odd", "desk-1", change, "  payment: Automatic\n"));
    let object = bed.wait_at_rest("dor", "odd");
    assert_ending(&bed, &object, "Failed", "InvalidForTarget");
    let row = bed.kubectl(&["get", "dor", "odd", "-o", "wide", "--no-headers"]);
    assert!(!row.contains("Unknown"), "{row}");
}

#[test]
fn an_observation_says_which_states_it_waits_for() {
    let mut bed = bed("odd-state");
    let instance = CloudDcInstance::new("i-1");
    bed.simulator
        .seed(Seed::new().clouddc(DCS_PROJECT, instance));
    bed.start_operator();
    let until = "  until: {states: [runing]}\n";
    bed.apply(&bed.observation("odd", "i-1", until));
    let waits = |bed: &Bed| ending(&bed.get("iob", "odd")).reason == "AwaitingState";
    bed.wait_until("it waits", || waits(&bed));
    let object = bed.get("iob", "odd");
    let summary = object["status"]["summary"].as_str().unwrap_or_default();
    assert!(summary.contains("runing"), "{summary}");
}

#[test]
fn a_connection_with_a_mistyped_region_is_not_ready_because_its_key_works_elsewhere() {
    let mut bed = bed("elsewhere");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_at_rest("rsc", "stop");
    bed.wait_until("the key is accepted", || {
        condition(&bed.get("cc", "huawei-prod"), "Ready") == "True"
    });
    let right = bed.connection("huawei-typo");
    let wrong = right.replace("cn-north-4", "cn-nroth-4");
    assert_ne!(right, wrong);
    bed.apply(&wrong);
    let seen = |bed: &Bed| !bed.get("cc", "huawei-typo")["status"]["observedGeneration"].is_null();
    bed.wait_until("Errand has looked at it", || {
        bed.advance_if_led(seconds(5));
        seen(&bed)
    });
    let connection = bed.get("cc", "huawei-typo");
    assert_ne!(condition(&connection, "Ready"), "True", "{connection:#}");
}

/// The first requests for a new kind are answered with 429 while the API server makes room.
#[test]
fn an_api_server_that_is_still_starting_is_no_warning() {
    let plane = Arc::new(Plane::start().unwrap_or_else(|e| panic!("{e}")));
    let kubectl = |arguments: &[&str]| plane.kubectl(arguments).unwrap_or_else(|e| panic!("{e}"));
    let mut bed = bed_on(&plane, "fresh", BedOptions::default());
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    let names = kubectl(&["get", "crd", "-o", "name"]);
    let operations = names.lines().filter(|name| name.contains("huawei.errand"));
    for crd in operations.collect::<Vec<_>>() {
        kubectl(&["delete", crd]);
    }
    let crds = errand_testbed::repository().join("crds");
    let crds = crds.to_str().expect("a path that is text");
    kubectl(&["apply", "--server-side", "-f", crds]);
    bed.start_operator();
    let manifest = bed.cancellation("stop", "dcs-1", "task-1", "");
    bed.wait_until("it is taken", || bed.try_apply(&manifest).is_ok());
    bed.wait_until("it has ended", || {
        bed.advance_if_led(seconds(2));
        ending(&bed.get("rsc", "stop")).outcome == "Cancelled"
    });
    let log = bed.operator_log();
    assert!(!log.contains(" WARN "), "{log}");
}
