//! What is concluded from a task that is not listed.

use super::*;
use crate::operations::resize_cancellation::words;

fn other(status: &str) -> Value {
    but(task(status), json!({"id": "t2"}))
}

#[test]
fn an_id_never_seen_is_satisfied_only_where_nothing_is_pending() {
    for tasks in [
        vec![],
        vec![other("SUCCESS"), other("CANCELLED")],
        vec![but(
            other("WAITING"),
            json!({"name": "BindEip", "details": {}}),
        )],
    ] {
        let seen = see(tasks, instance());
        assert_eq!(seen.goal, Goal::Reached(NOTHING), "{}", seen.seen);
        for words in ["never seen", "Check the id", "no change of it is pending"] {
            assert!(seen.seen.contains(words), "{}", seen.seen);
        }
    }
}

#[test]
fn an_id_never_seen_is_not_found_where_another_change_is_pending() {
    for word in ["WAITING", "CREATED", "EXECUTING", "SOMETHING_NEW"] {
        for instance in [instance(), extending()] {
            let seen = see(vec![other(word), other("SUCCESS")], instance);
            assert_eq!(
                seen.goal,
                lost(Reason::TARGET_NOT_FOUND, NOT_FOUND),
                "{word}"
            );
            assert_eq!(
                seen.seen,
                format!("Instance i1 has no task t1, but task t2 (new) is {word}. Check the id.")
            );
            assert!(seen.calls.is_empty());
        }
    }
}

#[test]
fn an_id_never_seen_is_not_found_while_the_instance_is_extending() {
    for tasks in [vec![], vec![other("SUCCESS")]] {
        let seen = see(tasks, extending());
        assert_eq!(seen.goal, lost(Reason::TARGET_NOT_FOUND, NOT_FOUND));
        assert!(seen.seen.contains("is EXTENDING"), "{}", seen.seen);
    }
}

#[test]
fn an_id_never_seen_is_unclear_where_anything_is_not_understood() {
    let unknown = but(
        other("WAITING"),
        json!({"name": "NewTask", "details": null}),
    );
    for (tasks, instance) in [
        (vec![json!(null)], instance()),
        (
            vec![json!({"name": "EXTEND", "status": "SUCCESS"})],
            instance(),
        ),
        (vec![json!("t1"), other("WAITING")], instance()),
        (vec![unknown], instance()),
        (vec![], but(instance(), json!({"status": null}))),
        (vec![], but(instance(), json!({"status": {}}))),
    ] {
        let seen = see(tasks, instance);
        assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
        assert!(seen.seen.contains("cannot be told"), "{}", seen.seen);
    }
}

#[test]
fn a_task_that_is_gone_may_still_wait_until_a_cancel_is_answered() {
    let before = see(vec![task("WAITING")], instance());
    for instance in [instance(), extending()] {
        let seen = then(&before, vec![], instance);
        assert_eq!(seen.goal, act());
        assert_eq!(
            seen.seen,
            "Task t1 is no longer listed, which may be its record alone: only a cancel tells whether the change still waits, and instance i1 has specification old."
        );
        assert_eq!(change_pending(&seen), ConditionStatus::Unknown);
        assert_eq!(
            seen.calls.iter().map(Call::line).collect::<Vec<_>>(),
            ["CancelInstanceResize instance_id=i1 task_id=t1"]
        );
    }
    // A cancel in the window would race with the change.
    let inside = facts(INSIDE, vec![], instance());
    let seen = assess(&spec(), after(Some(&before.observed)), &inside);
    let waits = Goal::Wait(code(words::MAINTENANCE_WINDOW), Some(WINDOW_POLL));
    assert_eq!(seen.goal, waits);
}

#[test]
fn a_task_that_is_gone_from_an_unchanged_instance_after_an_answer_is_reached_by_absence() {
    let before = see(vec![task("WAITING")], instance());
    let seen = answered(&before, vec![], instance());
    assert_eq!(seen.goal, Goal::Reached(GONE));
    assert_eq!(
        seen.seen,
        "Task t1 is no longer listed, and instance i1 has specification old."
    );
    let again = answered(&seen, vec![], instance());
    assert_eq!(again.seen, seen.seen, "remembered from look to look");
    assert_eq!(again.observed, seen.observed);
    assert_eq!(again.goal, Goal::Reached(GONE));
    assert_eq!(answered(&before, vec![], extending()).goal, busy());
}

#[test]
fn only_an_answer_that_tells_of_the_change_counts() {
    let step = |answer, code: Option<&str>| {
        let step = json!({
            "number": 1, "id": "1", "name": "CancelInstanceResize", "writer": "0",
            "intendedAt": "2026-11-20T08:00:00Z", "sendBefore": "2026-11-20T08:30:00Z",
            "answer": answer, "code": code,
        });
        let step = serde_json::from_value(step).expect("a step");
        tells_of_the_change(&step)
    };
    assert!(step(json!("Accepted"), None));
    assert!(step(json!("Refused"), Some("DCS.4239")));
    assert!(!step(json!("Refused"), Some("DCS.4026")));
    for word in [json!(null), json!("Unknown"), json!("NotSent")] {
        assert!(!step(word, Some("DCS.4239")));
    }
}

#[test]
fn a_task_that_is_gone_is_unclear_while_a_member_of_the_list_is() {
    let before = see(vec![task("WAITING")], instance());
    let seen = then(&before, vec![json!({"x": 1}), json!(null)], instance());
    assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
}

#[test]
fn a_task_that_is_gone_with_nothing_to_compare_stays_unclear() {
    let bare = but(task("WAITING"), json!({"details": null}));
    let first = see(vec![bare], instance());
    assert_eq!(first.goal, act());
    let mut seen = first;
    for _ in 0..3 {
        seen = then(&seen, vec![], instance());
        assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
        assert!(
            seen.seen.contains("nothing tells whether it ran"),
            "{}",
            seen.seen
        );
        assert!(!seen.seen.contains("never seen"), "{}", seen.seen);
    }
}

#[test]
fn a_task_that_is_gone_from_an_instance_that_is_neither_is_unclear() {
    let before = see(vec![task("WAITING")], instance());
    let seen = then(&before, vec![], with_spec("third"));
    assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
    let unread = but(instance(), json!({"spec_code": null}));
    let seen = then(&before, vec![], unread);
    assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
}

#[test]
fn a_task_that_a_call_was_intended_for_counts_as_seen() {
    let pinned = Before {
        observed: None,
        pinned: Some("t1"),
        answered: false,
    };
    let seen = assess(&spec(), pinned, &facts(NOON, vec![], instance()));
    assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
}

#[test]
fn what_was_seen_of_another_task_says_nothing_of_this_one() {
    let before = see(vec![task("WAITING")], instance());
    let other = ResizeCancellationSpec {
        task_id: Some("t9".into()),
        ..spec()
    };
    let facts = facts(NOON, vec![], with_spec("new"));
    let seen = assess(&other, after(Some(&before.observed)), &facts);
    assert_eq!(seen.goal, Goal::Reached(NOTHING), "{}", seen.seen);
    assert_eq!(seen.observed.new_spec_code, None);
}

#[test]
fn what_an_older_version_remembered_counts() {
    let older: ResizeObservation = serde_json::from_value(json!({
        "taskId": "t1", "oldSpecCode": "old", "specCode": "old", "newSpecCode": "new",
    }))
    .expect("an observation");
    let gone = |instance| assess(&spec(), after(Some(&older)), &facts(NOON, vec![], instance));
    assert_eq!(gone(instance()).goal, act());
    assert_eq!(
        gone(with_spec("new")).goal,
        lost(Reason::TOO_LATE, Evidence::Presence)
    );
}

#[test]
fn a_task_gone_from_an_instance_with_the_new_spec_is_too_late() {
    let before = see(vec![task("WAITING")], instance());
    let seen = then(&before, vec![], with_spec("new"));
    assert_eq!(seen.goal, lost(Reason::TOO_LATE, Evidence::Presence));
}

#[test]
fn a_change_that_was_seen_running_and_is_gone_is_not_taken_for_cancelled() {
    let pending = see(vec![task("WAITING")], instance());
    // The instance already has it while the task still runs.
    let new = but(extending(), json!({"spec_code": "new"}));
    let running = then(&pending, vec![task("EXECUTING")], new);
    assert_eq!(running.goal, busy());
    let seen = then(&running, vec![], with_spec("new"));
    assert_eq!(seen.goal, lost(Reason::TOO_LATE, Evidence::Presence));
}

#[test]
fn a_running_change_that_shows_and_is_gone_is_too_late() {
    let first = see(vec![task("EXECUTING")], with_spec("new"));
    let seen = then(&first, vec![], with_spec("new"));
    assert_eq!(seen.goal, lost(Reason::TOO_LATE, Evidence::Presence));
}
