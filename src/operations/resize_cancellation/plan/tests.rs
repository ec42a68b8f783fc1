//! What each reading of the cloud means, a sentence for each. All of them are about
//! one pure function, and stay together.

mod absence;
mod changes;
mod memory;
mod pending_change;
mod unclear;

use serde_json::{Value, json};

use errand_engine::Span;

use super::super::{CANCEL, tells_of_the_change};
use super::meaning::{NOTHING, WINDOW_POLL};
use super::*;
use crate::api::{Common, Timestamp};
use crate::operations::resize_cancellation::{PendingChange, words};

/// 2026-11-21, a day whose window is 18:00 to 19:00 UTC.
const MIDNIGHT: i64 = 1_795_219_200_000;
const HOUR: i64 = 3_600_000;
const NOON: i64 = MIDNIGHT + 12 * HOUR;
const INSIDE: i64 = MIDNIGHT + 18 * HOUR + HOUR / 2;

fn after(observed: Option<&ResizeObservation>) -> Before<'_> {
    Before {
        observed,
        pinned: None,
        answered: false,
    }
}

type Seen = Assessment<ResizeObservation>;

fn spec() -> ResizeCancellationSpec {
    ResizeCancellationSpec {
        common: Common::through("c"),
        instance_id: "i1".into(),
        task_id: Some("t1".into()),
        pending_change: None,
    }
}

/// As the cloud writes it.
fn task(status: &str) -> Value {
    json!({
        "id": "t1",
        "name": "EXTEND",
        "status": status,
        "created_at": "2026-11-20T08:00:00.000Z",
        "updated_at": "2026-11-20T08:00:00.000Z",
        "details": {"old_resource_spec_code": "old", "new_resource_spec_code": "new"},
    })
}

fn instance() -> Value {
    json!({
        "status": "RUNNING",
        "spec_code": "old",
        "capacity": 4,
        "maintain_begin": "18:00:00",
        "maintain_end": "19:00:00",
    })
}

/// The same with these fields changed; `"absent"` removes one.
fn but(mut value: Value, changes: Value) -> Value {
    let fields = value.as_object_mut().expect("an object");
    for (name, change) in changes.as_object().expect("an object") {
        match change == "absent" {
            true => fields.remove(name),
            false => fields.insert(name.clone(), change.clone()),
        };
    }
    value
}

fn with_spec(spec_code: &str) -> Value {
    but(instance(), json!({"spec_code": spec_code}))
}

fn extending() -> Value {
    but(instance(), json!({"status": "EXTENDING"}))
}

fn facts(at: i64, tasks: Vec<Value>, instance: Value) -> Facts {
    let member = |task: Value| match serde_json::from_value(task.clone()) {
        Ok(task) => Read::Understood(task),
        Err(_) => Read::Unclear(task.to_string()),
    };
    Facts {
        at,
        tasks: Some(tasks.into_iter().map(member).collect()),
        instance: Some(serde_json::from_value(instance).expect("an instance")),
        unread: None,
    }
}

/// At noon, with nothing seen before.
fn see(tasks: Vec<Value>, instance: Value) -> Seen {
    assess(&spec(), after(None), &facts(NOON, tasks, instance))
}

/// The next look after `before`.
fn then(before: &Seen, tasks: Vec<Value>, instance: Value) -> Seen {
    assess(
        &spec(),
        after(Some(&before.observed)),
        &facts(NOON, tasks, instance),
    )
}

/// The same, once the cloud has answered the cancel.
fn answered(before: &Seen, tasks: Vec<Value>, instance: Value) -> Seen {
    let before = Before {
        pinned: Some("t1"),
        answered: true,
        ..after(Some(&before.observed))
    };
    assess(&spec(), before, &facts(NOON, tasks, instance))
}

const GONE: Evidence = Evidence::Absence(Witness::FULL);

const NOT_FOUND: Evidence = Evidence::Absence(Witness::NOT_THERE);

fn lost(reason: Reason, evidence: Evidence) -> Goal {
    Goal::Lost(code(reason), evidence)
}

fn busy() -> Goal {
    Goal::Wait(code(Reason::TARGET_BUSY), None)
}

fn act() -> Goal {
    Goal::Act(CANCEL.plan())
}

fn change_pending(seen: &Seen) -> ConditionStatus {
    match seen.conditions[..] {
        [("ChangePending", status)] => status,
        ref other => panic!("{other:?}"),
    }
}

/// The task that would be cancelled.
fn task_of(seen: &Assessment<ResizeObservation>) -> Option<String> {
    seen.calls.first().and_then(Call::target)
}

#[test]
fn a_pending_change_outside_the_window_is_cancelled() {
    let seen = see(vec![task("WAITING")], instance());
    assert_eq!(seen.goal, act());
    assert_eq!(
        seen.seen,
        "Task t1 is WAITING, and instance i1 has specification old."
    );
    assert_eq!(
        seen.calls.iter().map(Call::line).collect::<Vec<_>>(),
        ["CancelInstanceResize instance_id=i1 task_id=t1"]
    );
    assert!(seen.calls[0].rules.payment.is_none());
    assert_eq!(change_pending(&seen), ConditionStatus::True);
    assert_eq!(seen.observed.task_status.as_deref(), Some("WAITING"));
    assert_eq!(seen.observed.new_spec_code.as_deref(), Some("new"));
    assert_eq!(
        seen.observed.maintenance_window.as_deref(),
        Some("18:00:00-19:00:00 UTC")
    );
}

#[test]
fn a_pending_change_inside_the_window_waits_for_its_end_and_says_so() {
    let at_time = |at| {
        assess(
            &spec(),
            after(None),
            &facts(at, vec![task("WAITING")], instance()),
        )
    };
    let seen = at_time(INSIDE);
    assert_eq!(
        seen.goal,
        Goal::Wait(code(words::MAINTENANCE_WINDOW), Some(WINDOW_POLL))
    );
    for words in [
        "until 19:00:00 UTC",
        "The change may run meanwhile",
        "The console can still be tried",
    ] {
        assert!(seen.seen.contains(words), "{}", seen.seen);
    }
    assert!(seen.calls.is_empty());
    assert_eq!(change_pending(&seen), ConditionStatus::True);
    assert_eq!(
        at_time(INSIDE + 1000).seen,
        seen.seen,
        "stable from look to look"
    );
}

#[test]
fn the_window_begins_and_ends_to_the_second() {
    let goal = |at| {
        assess(
            &spec(),
            after(None),
            &facts(at, vec![task("WAITING")], instance()),
        )
        .goal
    };
    let (begin, end) = (MIDNIGHT + 18 * HOUR, MIDNIGHT + 19 * HOUR);
    assert_eq!(goal(begin - 1), act());
    assert_eq!(
        goal(begin),
        Goal::Wait(code(words::MAINTENANCE_WINDOW), Some(WINDOW_POLL))
    );
    assert_eq!(
        goal(end - 1),
        Goal::Wait(code(words::MAINTENANCE_WINDOW), Some(Span(1000)))
    );
    assert_eq!(goal(end), act());
}

#[test]
fn an_instance_that_names_no_window_has_none() {
    for none in [json!(null), json!(""), json!("absent")] {
        let without = json!({"maintain_begin": none, "maintain_end": none});
        let facts = facts(INSIDE, vec![task("WAITING")], but(instance(), without));
        let seen = assess(&spec(), after(None), &facts);
        assert_eq!(seen.goal, act(), "{}", seen.seen);
        assert!(seen.seen.contains("no maintenance window"), "{}", seen.seen);
    }
}

#[test]
fn a_running_change_is_waited_for_and_not_cancelled() {
    for at in [NOON, INSIDE] {
        let seen = assess(
            &spec(),
            after(None),
            &facts(at, vec![task("EXECUTING")], extending()),
        );
        assert_eq!(seen.goal, busy());
        assert!(seen.seen.contains("can no longer be cancelled"));
        assert!(seen.calls.is_empty());
        assert_eq!(change_pending(&seen), ConditionStatus::True);
    }
}

#[test]
fn a_change_that_has_run_is_too_late() {
    let seen = see(vec![task("SUCCESS")], with_spec("new"));
    assert_eq!(seen.goal, lost(Reason::TOO_LATE, Evidence::Presence));
    assert_eq!(
        seen.seen,
        "The change has run: instance i1 has specification new."
    );
    assert_eq!(change_pending(&seen), ConditionStatus::False);
}

#[test]
fn a_change_that_ran_and_failed_is_told_apart() {
    let seen = see(vec![task("FAILED")], instance());
    assert_eq!(seen.goal, lost(words::CHANGE_FAILED, Evidence::Presence));
    assert_eq!(
        seen.seen,
        "Task t1 is FAILED: instance i1 has specification old."
    );
}

#[test]
fn a_cancelled_change_is_reached_by_what_is_there_to_see() {
    for word in ["CANCELLED", "CANCELED", "DELETED", "cancelled"] {
        let seen = see(vec![task(word)], instance());
        assert_eq!(seen.goal, Goal::Reached(Evidence::Presence), "{word}");
        assert!(seen.seen.contains(word));
        assert_eq!(change_pending(&seen), ConditionStatus::False);
    }
}

#[test]
fn a_cancelled_task_of_an_instance_with_the_new_specification_is_no_success() {
    let before = see(vec![task("WAITING")], instance());
    let seen = then(&before, vec![task("CANCELLED")], with_spec("new"));
    assert!(!matches!(seen.goal, Goal::Reached(_)), "{:?}", seen.goal);
}

#[test]
fn an_instance_that_is_still_extending_is_waited_for_after_the_cancel() {
    let before = see(vec![task("WAITING")], extending());
    assert_eq!(before.goal, act(), "what is pending may show as EXTENDING");
    for tasks in [vec![task("CANCELLED")], vec![]] {
        let seen = answered(&before, tasks, extending());
        assert_eq!(seen.goal, busy());
        assert!(seen.seen.contains("still EXTENDING"), "{}", seen.seen);
    }
}

#[test]
fn what_has_run_or_failed_is_told_even_while_the_instance_extends() {
    assert_eq!(
        see(vec![task("SUCCESS")], extending()).goal,
        lost(Reason::TOO_LATE, Evidence::Presence)
    );
    assert_eq!(
        see(vec![task("FAILED")], extending()).goal,
        lost(words::CHANGE_FAILED, Evidence::Presence)
    );
}

#[test]
fn unknown_words_of_a_change_count_as_pending() {
    for word in [
        "",
        "CREATED",
        "WAITING",
        "waiting",
        "SCHEDULED",
        "待执行",
        "RUNNING",
    ] {
        let seen = see(vec![task(word)], instance());
        assert_eq!(seen.goal, act(), "{word:?}");
        assert_eq!(change_pending(&seen), ConditionStatus::True);
    }
}

#[test]
fn the_words_of_an_end_are_read_in_any_case() {
    assert_eq!(see(vec![task("executing")], extending()).goal, busy());
    assert_eq!(
        see(vec![task("Success")], with_spec("new")).goal,
        lost(Reason::TOO_LATE, Evidence::Presence)
    );
    assert_eq!(
        see(vec![task("failed")], instance()).goal,
        lost(words::CHANGE_FAILED, Evidence::Presence)
    );
}

#[test]
fn only_the_task_that_was_named_is_looked_at() {
    let other = but(task("SUCCESS"), json!({"id": "t2"}));
    assert_eq!(see(vec![other, task("WAITING")], instance()).goal, act());
}

#[test]
fn an_instance_that_is_not_there_is_not_found_by_absence() {
    let before = see(vec![task("WAITING")], instance()).observed;
    let gone = Facts {
        at: NOON,
        tasks: None,
        instance: None,
        unread: None,
    };
    let seen = assess(&spec(), after(Some(&before)), &gone);
    assert_eq!(seen.goal, lost(Reason::TARGET_NOT_FOUND, NOT_FOUND));
    assert_eq!(
        seen.seen,
        "There is no instance i1 in the region and project of the connection."
    );
    assert_eq!(seen.observed, before, "what was known is kept");
    assert_eq!(change_pending(&seen), ConditionStatus::False);
    // After a call: it may be hidden for a moment.
    let called = Before {
        pinned: Some("t1"),
        ..after(Some(&before))
    };
    let seen = assess(&spec(), called, &gone);
    assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
    assert_eq!(change_pending(&seen), ConditionStatus::Unknown);
}

#[test]
fn an_instance_of_which_only_one_half_is_there_is_unclear() {
    let whole = facts(NOON, vec![task("WAITING")], instance());
    for half in [
        Facts {
            tasks: None,
            ..whole.clone()
        },
        Facts {
            instance: None,
            ..whole.clone()
        },
    ] {
        let seen = assess(&spec(), after(None), &half);
        assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
        assert_eq!(change_pending(&seen), ConditionStatus::Unknown);
    }
}
