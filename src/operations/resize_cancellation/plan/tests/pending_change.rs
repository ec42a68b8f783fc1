//! Which change is meant where no task id is given.

use super::*;
use crate::operations::resize_cancellation::words;

const BEFORE: &str = "2026-11-21T00:00:00Z";

fn wanted(new_spec_code: Option<&str>) -> ResizeCancellationSpec {
    ResizeCancellationSpec {
        task_id: None,
        pending_change: Some(PendingChange {
            created_before: Timestamp(BEFORE.parse().expect("a time")),
            new_spec_code: new_spec_code.map(str::to_owned),
        }),
        ..spec()
    }
}

fn found(spec: &ResizeCancellationSpec, tasks: Vec<Value>, instance: Value) -> Seen {
    assess(spec, after(None), &facts(NOON, tasks, instance))
}

fn created(id: &str, status: &str, at: &str) -> Value {
    but(
        task(status),
        json!({"id": id, "created_at": at, "updated_at": at}),
    )
}

fn ended(status: &str, at: Value) -> Value {
    but(task(status), json!({"updated_at": at}))
}

#[test]
fn the_newest_pending_change_that_fits_is_cancelled() {
    let seen = found(
        &wanted(None),
        vec![
            created("later", "WAITING", "2026-11-21T00:00:00Z"),
            created("newest", "CREATED", "2026-11-20 09:00:00 +0000"),
            created("older", "WAITING", "2026-11-20T08:59:59Z"),
            created("runs", "EXECUTING", "2026-11-20T10:00:00Z"),
            created("ran", "SUCCESS", "2026-11-20T11:00:00Z"),
        ],
        instance(),
    );
    assert_eq!(seen.goal, act(), "{}", seen.seen);
    assert_eq!(task_of(&seen).as_deref(), Some("newest"));
    assert_eq!(seen.observed.task_id.as_deref(), Some("newest"));
}

#[test]
fn a_pending_change_whose_time_is_not_understood_is_never_none() {
    for at in [
        json!("2026-07-10 08:00:00"),
        json!("2026-07-10T08:00:00"),
        json!(null),
        json!("absent"),
        json!(""),
        json!("yesterday"),
        json!(20_260_710),
        json!({"at": BEFORE}),
    ] {
        for word in ["WAITING", "CREATED", "NEW", "EXECUTING"] {
            let task = but(task(word), json!({"created_at": at}));
            let seen = found(&wanted(None), vec![task], instance());
            assert_eq!(seen.goal, Goal::Unclear, "{at} {word}: {}", seen.seen);
            assert!(seen.seen.contains("created_at"), "{}", seen.seen);
            assert!(seen.seen.contains("task t1") || seen.seen.contains("Task t1"));
            assert_eq!(task_of(&seen), None);
            assert_eq!(change_pending(&seen), ConditionStatus::Unknown);
        }
    }
}

#[test]
fn a_pending_change_is_found_by_its_time_in_every_form() {
    for at in [
        json!("2026-11-20T08:00:00Z"),
        json!("2026-11-20T08:00:00.503+0000"),
        json!("2026-11-20 16:00:00+08:00"),
        json!("1795161600"),
        json!(1_795_161_600_000_i64),
    ] {
        let task = but(task("WAITING"), json!({"created_at": at}));
        let seen = found(&wanted(None), vec![task], instance());
        assert_eq!(seen.goal, act(), "{at}: {}", seen.seen);
    }
}

#[test]
fn a_new_specification_that_is_not_understood_is_unclear() {
    for details in [
        json!(null),
        json!("absent"),
        json!({}),
        json!({"new_resource_spec_code": null, "new_capacity": "8"}),
        json!({"new_resource_spec_code": ["new"]}),
        json!("{"),
    ] {
        let task = but(task("WAITING"), json!({"details": details}));
        let seen = found(&wanted(Some("new")), vec![task.clone()], instance());
        assert_eq!(seen.goal, Goal::Unclear, "{details}: {}", seen.seen);
        assert!(seen.seen.contains("new specification"), "{}", seen.seen);
        assert_eq!(found(&wanted(None), vec![task], instance()).goal, act());
    }
    let text = json!(r#"{"new_resource_spec_code": "new", "old_resource_spec_code": "old"}"#);
    let task = but(task("WAITING"), json!({"details": text}));
    assert_eq!(
        found(&wanted(Some("new")), vec![task], instance()).goal,
        act(),
        "details as a text"
    );
}

#[test]
fn what_is_surely_not_meant_is_no_reason_to_wait() {
    let later = but(
        task("WAITING"),
        json!({"created_at": "2026-11-21T00:00:00.001Z", "details": null}),
    );
    let seen = found(&wanted(Some("new")), vec![later], extending());
    assert_eq!(seen.goal, Goal::Reached(NOTHING), "{}", seen.seen);
}

/// A specification that is misspelt must not end well while the change goes on.
#[test]
fn another_change_that_was_pending_then_is_no_proof_that_nothing_is() {
    let not_found = lost(
        Reason::TARGET_NOT_FOUND,
        Evidence::Absence(Witness::NOT_THERE),
    );
    for status in ["WAITING", "EXECUTING"] {
        for instance in [instance(), extending()] {
            let seen = found(&wanted(Some("third")), vec![task(status)], instance);
            assert_eq!(seen.goal, not_found, "{}", seen.seen);
            let named = format!("task t1 (new) is {status}");
            assert!(seen.seen.contains(&named), "{}", seen.seen);
            assert!(seen.seen.contains("newSpecCode"), "{}", seen.seen);
        }
    }
    let no_time = but(task("WAITING"), json!({"created_at": null}));
    let seen = found(&wanted(Some("third")), vec![no_time], instance());
    assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
    let over = created("t1", "CANCELLED", "2026-11-20T08:00:00Z");
    let seen = found(&wanted(Some("third")), vec![over], instance());
    assert_eq!(seen.goal, Goal::Reached(NOTHING), "{}", seen.seen);
}

#[test]
fn nothing_is_pending_only_where_the_whole_list_is_understood() {
    for member in [json!(null), json!({"status": "WAITING"}), json!("t1")] {
        let seen = found(&wanted(None), vec![member.clone()], instance());
        assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
        let seen = found(&wanted(None), vec![member, task("WAITING")], instance());
        assert_eq!(seen.goal, act(), "what fits is there to see");
    }
    let unknown = but(task("WAITING"), json!({"name": "NewTask", "details": null}));
    let seen = found(&wanted(None), vec![unknown], instance());
    assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
    for status in [json!(null), json!("absent"), json!(["RUNNING"])] {
        let instance = but(instance(), json!({"status": status}));
        let seen = found(&wanted(None), vec![], instance);
        assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
    }
    assert_eq!(
        found(&wanted(None), vec![], instance()).goal,
        Goal::Reached(NOTHING)
    );
    assert_eq!(found(&wanted(None), vec![], extending()).goal, busy());
}

#[test]
fn an_instance_that_has_the_specification_already_is_too_late() {
    let seen = found(&wanted(Some("new")), vec![], with_spec("new"));
    assert_eq!(seen.goal, lost(Reason::TOO_LATE, Evidence::Presence));
    assert!(
        seen.seen
            .contains("specification new already, the very one"),
        "{}",
        seen.seen
    );
    let unread = but(instance(), json!({"spec_code": null}));
    let seen = found(&wanted(Some("new")), vec![], unread);
    assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
    let seen = found(&wanted(Some("new")), vec![], instance());
    assert_eq!(seen.goal, Goal::Reached(NOTHING));
}

#[test]
fn a_change_pending_then_and_ended_since_is_the_one_that_is_meant() {
    let since = json!("2026-11-21T03:00:00Z");
    for (word, goal) in [
        ("SUCCESS", lost(Reason::TOO_LATE, Evidence::Presence)),
        ("FAILED", lost(words::CHANGE_FAILED, Evidence::Presence)),
        ("CANCELLED", Goal::Reached(Evidence::Presence)),
    ] {
        let of = |at: &Value| found(&wanted(None), vec![ended(word, at.clone())], instance());
        assert_eq!(of(&since).goal, goal, "{word}");
        let earlier = json!("2026-11-20T23:59:59Z");
        assert_eq!(of(&earlier).goal, Goal::Reached(NOTHING), "{word}");
        let unclear = match word {
            "CANCELLED" => Goal::Reached(NOTHING),
            _ => Goal::Unclear,
        };
        for at in [json!(null), json!("absent"), json!("soon")] {
            assert_eq!(of(&at).goal, unclear, "{word} {at}");
        }
    }
}

#[test]
fn a_task_found_earlier_that_no_longer_fits_decides_nothing() {
    let first = found(&wanted(None), vec![task("WAITING")], instance());
    assert_eq!(first.observed.task_id.as_deref(), Some("t1"));
    let edited = wanted(Some("third"));
    for tasks in [vec![task("WAITING")], vec![]] {
        let ended = match tasks.is_empty() {
            true => Goal::Reached(NOTHING),
            false => lost(
                Reason::TARGET_NOT_FOUND,
                Evidence::Absence(Witness::NOT_THERE),
            ),
        };
        let facts = facts(NOON, tasks, instance());
        let seen = assess(&edited, after(Some(&first.observed)), &facts);
        assert_eq!(seen.goal, ended, "{}", seen.seen);
        assert_eq!(task_of(&seen), None);
        assert_eq!(seen.observed.task_id, None);
        assert_eq!(seen.observed.new_spec_code, None, "nothing of it is kept");
    }
    let mut earlier = wanted(None);
    let change = earlier.pending_change.as_mut().expect("a change");
    change.created_before = Timestamp("2026-11-20T08:00:00Z".parse().expect("a time"));
    let facts = facts(NOON, vec![], with_spec("new"));
    let seen = assess(&earlier, after(Some(&first.observed)), &facts);
    assert_eq!(seen.goal, Goal::Reached(NOTHING), "{}", seen.seen);
}

#[test]
fn a_task_found_earlier_is_kept_so_that_a_later_one_is_left_alone() {
    let first = found(&wanted(None), vec![task("WAITING")], instance());
    let later = created("t2", "WAITING", "2026-11-20T09:00:00Z");
    let tasks = vec![later, task("CANCELLED")];
    let facts = facts(NOON, tasks, instance());
    let seen = assess(&wanted(None), after(Some(&first.observed)), &facts);
    assert_eq!(seen.goal, Goal::Reached(Evidence::Presence));
    assert_eq!(seen.observed.task_id.as_deref(), Some("t1"));
}

#[test]
fn a_task_found_earlier_is_remembered_through_an_unclear_reading() {
    let first = found(&wanted(None), vec![task("WAITING")], instance());
    let look = |before: &Seen, tasks, instance| {
        let facts = facts(NOON, tasks, instance);
        assess(&wanted(None), after(Some(&before.observed)), &facts)
    };
    let no_time = but(task("WAITING"), json!({"created_at": null}));
    let unclear = look(&first, vec![no_time], instance());
    assert_eq!(unclear.goal, Goal::Unclear, "{}", unclear.seen);
    assert_eq!(unclear.observed.task_id.as_deref(), Some("t1"));
    let gone = look(&unclear, vec![], instance());
    assert_eq!(gone.goal, act(), "{}", gone.seen);
    assert_eq!(task_of(&gone).as_deref(), Some("t1"));
    let ran = look(&unclear, vec![], with_spec("new"));
    assert_eq!(ran.goal, lost(Reason::TOO_LATE, Evidence::Presence));
}

#[test]
fn what_an_older_version_found_is_not_trusted_without_its_time() {
    let older: ResizeObservation = serde_json::from_value(json!({
        "taskId": "t1", "taskStatus": "WAITING", "oldSpecCode": "old", "newSpecCode": "new",
    }))
    .expect("an observation");
    let look = |tasks| {
        let facts = facts(NOON, tasks, instance());
        assess(&wanted(None), after(Some(&older)), &facts)
    };
    assert_eq!(look(vec![]).goal, Goal::Unclear);
    assert_eq!(look(vec![task("WAITING")]).goal, act());
}

#[test]
fn a_task_that_a_call_was_intended_for_is_kept_whatever_fits() {
    let pinned = Before {
        answered: false,
        observed: None,
        pinned: Some("t1"),
    };
    let other = created("t2", "WAITING", "2026-11-20T10:00:00Z");
    let facts = facts(NOON, vec![other, task("CANCELLED")], instance());
    let seen = assess(&wanted(None), pinned, &facts);
    assert_eq!(seen.goal, Goal::Reached(Evidence::Presence));
    assert_eq!(seen.observed.task_id.as_deref(), Some("t1"));
}

#[test]
fn a_replica_change_that_waits_is_found() {
    let details = json!({"old_replica_num": "2", "new_replica_num": "3"});
    let change = but(
        task("WAITING"),
        json!({"name": "AddReplica", "details": details}),
    );
    let instance = but(instance(), json!({"replica_count": 2}));
    let seen = found(&wanted(None), vec![change], instance);
    assert_eq!(seen.goal, act(), "{}", seen.seen);
}

#[test]
fn a_record_left_over_does_not_hide_a_change_that_waits() {
    let ghost = created("ghost", "EXECUTING", "2025-10-20T10:00:00Z");
    let seen = found(
        &wanted(None),
        vec![ghost.clone(), task("WAITING")],
        instance(),
    );
    assert_eq!(task_of(&seen).as_deref(), Some("t1"));
    let seen = found(&wanted(None), vec![ghost], instance());
    assert_eq!(seen.goal, Goal::Unclear);
    assert!(seen.seen.contains("may be left over"), "{}", seen.seen);
}
