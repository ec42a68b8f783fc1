//! A wait that lasts for longer than expected is reported, once.

use std::time::Duration;

use errand_simulator::{Fault, FaultKind};
use errand_testbed::Bed;
use serde_json::{Value, json};

use crate::command::errand;
use crate::support::{assert_ending, bed, condition, ending};

/// How long a cloud is expected to be unavailable.
const EXPECTED: i64 = 3_600_000;

fn overdue(object: &Value) -> Option<&Value> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions.iter().find(|c| c["type"] == "Overdue")
}

fn millis(time: &Value) -> i64 {
    crate::support::time(time).as_millisecond()
}

/// Moves the clock to that time, in steps in which the operator keeps its lease.
fn advance_to(bed: &Bed, at: i64) {
    bed.wait_until("the time has come", || {
        let left = at - bed.simulator.now().as_millisecond();
        let step = u64::try_from(left).unwrap_or_default().min(300_000);
        bed.advance_if_led(Duration::from_millis(step));
        left <= 0
    });
}

fn events(bed: &Bed) -> usize {
    let events = bed.kubectl(&["get", "events", "-o", "json"]);
    let events: Value = serde_json::from_str(&events).expect("JSON");
    let events = events["items"].as_array().expect("a list");
    let overdue = events.iter().filter(|event| event["reason"] == "Overdue");
    overdue
        .map(|event| {
            assert_eq!(event["type"], "Warning", "{event:#}");
            event["series"]["count"]
                .as_i64()
                .map_or(1, |n| usize::try_from(n).unwrap_or(99))
        })
        .sum()
}

#[test]
fn a_wait_is_overdue_in_time_with_one_write_and_one_event_and_ends_with_one() {
    let mut bed = bed("overdue");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.start_operator();
    let down = FaultKind::Error {
        status: 503,
        code: "DCS.5000".into(),
        message: "away".into(),
    };
    let down = Fault::new("dcs.", down);
    bed.simulator.fault(down.always());
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let get = |bed: &Bed| bed.get("rsc", "stop");
    bed.wait_until("it waits", || {
        bed.advance_if_led(Duration::from_millis(500));
        ending(&get(&bed)).reason == "CloudUnavailable"
    });
    let waits = get(&bed);
    let since = millis(&waits["status"]["waiting"]["since"]);
    let status = "update resizecancellations status";
    assert_eq!(bed.operation_writes(), [status]);
    assert_eq!(overdue(&waits), None);
    let gauge = |bed: &Bed, n: u8| {
        let line = format!("errand_operations_overdue{{kind=\"ResizeCancellation\"}} {n}\n");
        bed.http("/metrics").contains(&line)
    };
    assert!(gauge(&bed, 0), "{}", bed.http("/metrics"));

    advance_to(&bed, since + EXPECTED - 30_000);
    assert_eq!(get(&bed), waits, "nothing is new before its time");
    // Its polling pauses for up to five minutes.
    bed.wait_until("it is overdue", || {
        let left = since + EXPECTED + 5_000 - bed.simulator.now().as_millisecond();
        if left > 0 {
            bed.advance(Duration::from_millis(500));
        }
        overdue(&get(&bed)).is_some()
    });
    let told = get(&bed);
    let told_of = overdue(&told).expect("it is overdue");
    assert_eq!(told_of["status"], "True", "{told_of:#}");
    assert_eq!(told_of["reason"], "CloudUnavailable", "{told_of:#}");
    let message = told_of["message"].as_str().unwrap_or_default();
    for words in ["since 20", "expected 1 h", "status page"] {
        assert!(message.contains(words), "{message}");
    }
    let late = millis(&told_of["lastTransitionTime"]) - since - EXPECTED;
    assert!((0..20_000).contains(&late), "{late} ms late");
    for (name, status) in [
        ("Ready", "Unknown"),
        ("Reconciling", "True"),
        ("Stalled", "False"),
    ] {
        assert_eq!(condition(&told, name), status, "{told:#}");
    }
    bed.wait_until("the event is there", || events(&bed) == 1);
    bed.wait_until("the gauge counts it", || gauge(&bed, 1));
    let why = errand(&bed, &["why", "rsc/stop"]).out;
    assert!(why.contains(&format!("Overdue:    {message}\n")), "{why}");

    // Neither time nor another operator tells it again.
    advance_to(&bed, since + EXPECTED + 1_800_000);
    bed.kill_operator();
    bed.delete_lease();
    bed.start_operator();
    bed.wait_until("the next operator counts it", || gauge(&bed, 1));
    advance_to(&bed, since + EXPECTED + 3_600_000);
    assert_eq!(get(&bed), told, "nothing is new");
    assert_eq!(
        bed.operation_writes(),
        [status, status, "create events"],
        "it waits, it is overdue, and the event"
    );

    bed.simulator.clear_faults();
    bed.wait_until("it ends", || {
        bed.advance_if_led(Duration::from_secs(2));
        !ending(&get(&bed)).outcome.is_empty()
    });
    let object = get(&bed);
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    let ended = overdue(&object).expect("the condition stays");
    assert_eq!(ended["status"], "False", "{ended:#}");
    assert_eq!(object["status"]["waiting"], Value::Null, "{object:#}");
    bed.wait_until("its end is told", || bed.operation_writes().len() >= 6);
    assert_eq!(
        bed.operation_writes()[3..],
        [status, status, "create events"],
        "the intent, which ends the wait, the end, and its event"
    );
    assert_eq!(events(&bed), 1);
    bed.wait_until("the gauge counts none", || gauge(&bed, 0));
}

#[test]
fn what_is_suspended_or_before_its_window_is_never_overdue() {
    let mut bed = bed("not-overdue");
    bed.start_operator();
    let later = bed.simulator.now().as_second() + 400 * 86_400;
    let later = jiff::Timestamp::from_second(later).expect("a time");
    let window = format!("  schedule: {{notBefore: \"{later}\"}}\n");
    let cases = [
        ("suspended", "  suspend: true\n", "SuspendedBySpec"),
        ("before", &window, "BeforeWindow"),
    ];
    for (name, more, reason) in &cases {
        bed.seed_pending_change(&format!("dcs-{name}"), "task-1", 900 * 86_400);
        bed.apply(&bed.cancellation(name, &format!("dcs-{name}"), "task-1", more));
        bed.wait_until(reason, || ending(&bed.get("rsc", name)).reason == *reason);
    }
    let before: Vec<_> = cases.map(|(name, ..)| bed.get("rsc", name)).into();
    let now = bed.simulator.now().as_millisecond();
    advance_to(&bed, now + 30 * 3_600_000);
    for object in before {
        let name = object["metadata"]["name"].as_str().expect("a name");
        assert_eq!(bed.get("rsc", name), object, "nothing is new");
        assert_eq!(object["status"]["waiting"], json!(null), "{object:#}");
    }
    assert_eq!(events(&bed), 0);
}
