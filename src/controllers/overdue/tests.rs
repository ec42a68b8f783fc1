use serde_json::json;

use super::*;
use crate::operations::desktop_order::DesktopOrder;
use crate::operations::reasons;
use crate::operations::resize_cancellation::ResizeCancellation;

const SINCE: &str = "2026-11-22T02:30:00Z";

fn since() -> i64 {
    let at: jiff::Timestamp = SINCE.parse().expect("a time");
    at.as_millisecond()
}

fn object(state: &str, reason: &str, mode: &str) -> ResizeCancellation {
    let object = json!({
        "apiVersion": "huawei.errand.cloud/v1alpha1",
        "kind": "ResizeCancellation",
        "metadata": {"name": "stop", "namespace": "ns", "uid": "u", "generation": 3},
        "spec": {
            "connectionRef": {"kind": "CloudConnection", "name": "c"},
            "instanceId": "dcs-1", "taskId": "task-1", "mode": mode,
        },
        "status": {
            "state": state,
            "waiting": {"reason": reason, "since": SINCE},
            "conditions": [{
                "type": "Ready", "status": "Unknown", "lastTransitionTime": SINCE,
                "reason": reason, "message": "",
            }],
        },
    });
    serde_json::from_value(object).expect("an operation")
}

fn at(object: &ResizeCancellation, after: i64) -> Overdue {
    decide(object, Some(Tick(since())), Tick(since() + after))
}

const YEAR: i64 = 366 * 24 * 3_600_000;

#[test]
fn each_reason_to_wait_is_overdue_at_its_time_and_told_once() {
    let mut waits = 0;
    for reason in reasons() {
        let state = match *reason {
            Reason::PENDING => "Pending",
            _ => "Waiting",
        };
        let mut object = object(state, &reason.to_string(), "Execute");
        let Some(wait) = reason.expected_wait() else {
            assert_eq!(at(&object, YEAR), Overdue::No, "{reason}");
            continue;
        };
        waits += 1;
        let length = millis(wait.length).0;
        let due = Overdue::At(Tick(since() + length));
        assert_eq!(at(&object, 0), due, "{reason}");
        assert_eq!(at(&object, length - 1), due, "{reason}");
        let Overdue::Now(condition) = at(&object, length) else {
            panic!("{reason} is overdue");
        };
        assert_eq!(condition.reason, reason.to_string());
        assert_eq!(
            condition.since().map(Timestamp::millis),
            Some(since() + length)
        );
        assert_eq!(condition.observed_generation, Some(3));
        for told in [SINCE, &wait.words(), wait.then] {
            assert!(condition.message.contains(told), "{}", condition.message);
        }
        assert!(!is(&object));
        let status = object.status.as_mut().expect("a status");
        status.conditions.push(condition);
        assert!(is(&object));
        // Also for a process that knows nothing of it.
        assert_eq!(decide(&object, None, Tick(since())), Overdue::Stored);
        assert_eq!(at(&object, YEAR), Overdue::Stored, "{reason}");
    }
    assert!(waits > 13, "{waits}");
}

#[test]
fn what_does_not_wait_by_itself_is_never_overdue() {
    for (state, reason, mode) in [
        ("Suspended", "SuspendedBySpec", "Execute"),
        ("Waiting", "BeforeWindow", "Execute"),
        ("Held", "ProofTimeout", "Execute"),
        ("Planned", "TargetBusy", "Plan"),
        // A plan that could not be judged.
        ("Waiting", "CloudUnavailable", "Plan"),
        ("Blocked", "PermissionDenied", "Execute"),
        ("Succeeded", "Cancelled", "Execute"),
        ("Failed", "TooLate", "Execute"),
        ("Verifying", "Verifying", "Execute"),
        // A newer version's.
        ("Waiting", "AwaitingTheMoon", "Execute"),
    ] {
        let mut object = object(state, reason, mode);
        assert_eq!(at(&object, YEAR), Overdue::No, "{state} {reason} {mode}");
        // What an older version has left there.
        let status = object.status.as_mut().expect("a status");
        let mut left = status.conditions[0].clone();
        (left.type_, left.status) = (OVERDUE.to_owned(), ConditionStatus::True);
        status.conditions.push(left);
        assert!(!is(&object), "{state} {reason} {mode}");
    }
}

#[test]
fn a_wait_whose_beginning_is_not_known_is_not_overdue() {
    let mut object = object("Waiting", "TargetBusy", "Execute");
    let status = object.status.as_mut().expect("a status");
    // An older version wrote the reason and carried the field along.
    status.waiting.as_mut().expect("it waits").reason = "Throttled".to_owned();
    assert_eq!(at(&object, YEAR), Overdue::No);
    object.status.as_mut().expect("a status").waiting = None;
    assert_eq!(at(&object, YEAR), Overdue::No);
}

#[test]
fn a_wait_begins_with_its_reason_and_ends_with_it() {
    let executes = object("Waiting", "TargetBusy", "Execute");
    let (first, later) = (Timestamp::from_millis(1), Timestamp::from_millis(2));
    let next = |state, reason, before| waiting(&executes, state, reason, later, before);
    let busy = waiting(&executes, State::Waiting, Reason::TARGET_BUSY, first, None);
    let busy = busy.expect("it waits");
    assert_eq!(busy.since, first);
    let same = next(State::Waiting, Reason::TARGET_BUSY, Some(busy.clone()));
    assert_eq!(same, Some(busy.clone()));
    let other = next(State::Waiting, Reason::THROTTLED, Some(busy.clone()));
    assert_eq!(other.expect("it waits").since, later);
    for (state, reason) in [
        (State::Executing, Reason::EXECUTING),
        (State::Waiting, Reason::BEFORE_WINDOW),
        (State::Planned, Reason::TARGET_BUSY),
        (State::Succeeded, Reason::CANCELLED),
    ] {
        assert_eq!(next(state, reason, Some(busy.clone())), None, "{reason}");
    }
    let plans = object("Planned", "PlanReady", "Plan");
    let unread = Reason::CLOUD_UNAVAILABLE;
    assert_eq!(waiting(&plans, State::Waiting, unread, first, None), None);
}

#[test]
fn the_condition_ends_once_with_the_wait() {
    let mut object = object("Waiting", "TargetBusy", "Execute");
    let Overdue::Now(condition) = at(&object, YEAR) else {
        panic!("it is overdue");
    };
    let status = object.status.as_mut().expect("a status");
    status.conditions.push(condition);
    let overdue = status.clone();
    let (first, later) = (Timestamp::from_millis(1), Timestamp::from_millis(2));
    end(status, Some(3), first);
    assert_eq!(*status, overdue, "it still waits");
    status.waiting = None;
    end(status, Some(3), first);
    let ended = status.conditions[1].clone();
    assert_eq!(ended.status, ConditionStatus::False);
    assert_eq!(ended.since(), Some(first));
    assert!(ended.message.contains("TargetBusy"), "{}", ended.message);
    let before = status.clone();
    end(status, Some(3), later);
    assert_eq!(*status, before, "nothing is new");
}

#[test]
fn an_end_that_the_cloud_has_announced_counts_if_it_is_later() {
    let order = |reason: &str, deadline: &str| -> DesktopOrder {
        let mut order = json!({
            "apiVersion": "huawei.errand.cloud/v1alpha1",
            "kind": "DesktopOrder",
            "metadata": {"name": "bigger", "namespace": "ns", "uid": "u"},
            "spec": {
                "connectionRef": {"kind": "CloudConnection", "name": "c"},
                "desktopId": "desk-1", "payment": "Manual",
                "change": {"resize": {"productId": "p"}},
            },
        });
        order["status"] = serde_json::to_value(object("Waiting", reason, "Execute")).expect("JSON")
            ["status"]
            .take();
        order["status"]["observed"] = json!({"paymentDeadline": deadline});
        serde_json::from_value(order).expect("an order")
    };
    let week = "2026-11-29T02:30:00Z";
    let due = |object: &DesktopOrder| decide(object, None, Tick(since()));
    let days = |days: i64| Overdue::At(Tick(since() + days * 24 * 3_600_000));
    assert_eq!(due(&order("WaitingForPayment", week)), days(7));
    assert_eq!(due(&order("WaitingForPayment", SINCE)), days(1));
    assert_eq!(
        due(&order("OrderInReview", week)),
        days(3),
        "not about that"
    );
    let object = order("WaitingForPayment", week);
    let Overdue::Now(condition) = decide(&object, None, Tick(since() + YEAR)) else {
        panic!("it is overdue");
    };
    assert!(condition.message.contains(week), "{}", condition.message);
}
