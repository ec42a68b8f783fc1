//! Volcengine: the delete of a scheduled instance, typed.

use errand_simulator::{EcsReadings, EmptyResult, Reservation, Seed, VolcengineAccount, When};
use serde_json::{Value, json};

use super::{assert_calls, request_ids, seen};
use crate::support::*;

const REGION: &str = "cn-beijing";
const RESERVATION: &str = "esi-3thhlu8byl4bwbha0000";
const DELETE: &str = "ecs.DeleteScheduledInstance";
const DESCRIBE: &str = "ecs.DescribeScheduledInstances";

fn reserved(minutes_ago: i64) -> Seed {
    let created = When::In(-60 * minutes_ago);
    Seed::new()
        .volcengine_account(VolcengineAccount::new(ACCESS, SECRET).region(REGION))
        .reservation(Reservation::esi(RESERVATION).created(created))
}

fn delete() -> (&'static str, Value) {
    let token = "11111111-2222-4333-8444-555555555555";
    let arguments = json!({"region": REGION, "reservation": RESERVATION, "token": token});
    ("volcengine.reservation_delete", arguments)
}

fn describe() -> (&'static str, Value) {
    let arguments = json!({"region": REGION, "reservation": RESERVATION});
    ("volcengine.reservations", arguments)
}

#[test]
fn the_sdk_deletes_a_fresh_reservation_once_though_it_sends_the_token_twice() {
    let (simulator, _) = started(|_| {}, reserved(10));
    let calls = [describe(), delete(), delete(), describe()];
    let [before, first, again, after] = seen(&simulator, calls);
    let before = &before["seen"]["scheduled_instance_info"];
    assert_eq!(before[0]["scheduled_instance_id"], RESERVATION);
    let accepted = json!({"seen": null});
    assert_eq!((&first, &again), (&accepted, &accepted));
    let after = &after["seen"]["scheduled_instance_info"];
    assert_eq!(after.as_array().map_or(0, Vec::len), 0);
    assert_calls(
        &simulator,
        &[
            (DESCRIBE, 200),
            (DELETE, 200),
            (DELETE, 200),
            (DESCRIBE, 200),
        ],
    );
    let effects = simulator.journal().effects_on("ecs.delete", RESERVATION);
    assert_eq!(effects, 1);
}

#[test]
fn the_sdk_takes_an_empty_result_however_it_is_written() {
    for (empty_result, model) in [
        (EmptyResult::Absent, json!(null)),
        (EmptyResult::Null, json!(null)),
        (EmptyResult::Object, json!({})),
    ] {
        let readings = EcsReadings {
            empty_result,
            ..EcsReadings::default()
        };
        let (simulator, _) = started(|config| config.readings.ecs = readings, reserved(10));
        let [deleted] = seen(&simulator, [delete()]);
        assert_eq!(deleted, json!({"seen": model}), "{empty_result:?}");
        assert_eq!(simulator.journal().effects("ecs.delete"), 1);
    }
}

#[test]
fn the_sdk_is_told_that_half_an_hour_has_passed() {
    let (simulator, _) = started(|_| {}, reserved(45));
    let [refused] = seen(&simulator, [delete()]);
    let error = &refused["error"];
    assert_eq!(error["class"], "ApiException");
    assert_eq!(
        (&error["status"], &error["code"]),
        (&json!(412), &json!("OperationDenied.LatestCancelTime"))
    );
    assert_eq!(error["request_id"], request_ids(&simulator)[0]);
    assert_calls(&simulator, &[(DELETE, 412)]);
    assert_eq!(simulator.journal().effects("ecs.delete"), 0);
}
