//! What counts as a change, and how the instance tells whether it ran.

use super::*;
use crate::operations::resize_cancellation::words;

/// A change that keeps the specification code.
fn larger(status: &str) -> Value {
    let details = json!({
        "old_resource_spec_code": "old", "new_resource_spec_code": "old",
        "old_capacity": "4", "new_capacity": "8",
    });
    but(task(status), json!({"details": details}))
}

fn of_capacity(capacity: Value) -> Value {
    but(instance(), json!({"capacity": capacity}))
}

fn replicas(name: &str, old: Value, new: Value) -> Value {
    let details = json!({"old_replica_num": old, "new_replica_num": new});
    but(task("WAITING"), json!({"name": name, "details": details}))
}

fn of_replicas(count: Value) -> Value {
    but(instance(), json!({"replica_count": count}))
}

#[test]
fn every_name_of_a_specification_change_is_known_in_any_case() {
    for name in [
        "EXTEND",
        "extend",
        "ChangeInstanceSpec",
        "changeinstancespec",
        "AddReplica",
        "addreplica",
        "DelReplica",
    ] {
        let bare = but(task("WAITING"), json!({"name": name, "details": null}));
        assert_eq!(see(vec![bare], instance()).goal, act(), "{name}");
    }
}

#[test]
fn a_task_of_another_name_is_no_change_unless_it_says_so() {
    for name in ["BindEip", "UpdatePort", "masterStandbySwapJob", "modify"] {
        for details in [json!(null), json!({}), json!({"new_port": "6380"})] {
            let other = but(task("WAITING"), json!({"name": name, "details": details}));
            let seen = see(vec![other], instance());
            assert_eq!(
                seen.goal,
                lost(Reason::INVALID_FOR_TARGET, Evidence::Presence)
            );
            assert_eq!(seen.seen, "Task t1 is no specification change.");
            assert!(seen.calls.is_empty());
        }
        let change = but(task("WAITING"), json!({"name": name}));
        assert_eq!(see(vec![change], instance()).goal, act(), "{name}");
    }
}

#[test]
fn an_open_task_of_a_name_that_is_not_known_is_unclear() {
    for name in [json!("NewTask"), json!(null), json!(["EXTEND"])] {
        for word in ["WAITING", "EXECUTING"] {
            let bare = but(task(word), json!({"name": name, "details": null}));
            let seen = see(vec![bare], instance());
            assert_eq!(seen.goal, Goal::Unclear, "{name} {word}");
        }
    }
}

#[test]
fn a_change_of_the_capacity_alone_is_told_by_the_capacity() {
    let first = see(vec![larger("WAITING")], instance());
    assert_eq!(first.goal, act());
    assert!(
        first.seen.contains("specification old, 4 GB"),
        "{}",
        first.seen
    );
    // However many looks there were since.
    let later = answered(&first, vec![], but(extending(), json!({})));
    assert_eq!(later.goal, busy());
    let later = then(&later, vec![json!(null)], instance());
    assert_eq!(later.goal, Goal::Unclear, "{}", later.seen);
    for before in [&first, &later] {
        assert_eq!(then(before, vec![], instance()).goal, act());
        let gone = answered(before, vec![], instance());
        assert_eq!(gone.goal, Goal::Reached(GONE));
        let ran = then(before, vec![], of_capacity(json!(8)));
        assert_eq!(ran.goal, lost(Reason::TOO_LATE, Evidence::Presence));
        let unread = then(before, vec![], of_capacity(json!(null)));
        assert_eq!(unread.goal, Goal::Unclear, "{}", unread.seen);
    }
}

#[test]
fn a_capacity_is_compared_however_it_is_written() {
    let details = json!({"old_capacity": 0.125, "new_capacity": "0.5"});
    let small = but(task("WAITING"), json!({"details": details}));
    let of = |minor: &str| of_capacity(json!(0)).tap(|i| i["capacity_minor"] = json!(minor));
    let first = see(vec![small], of(".125"));
    assert_eq!(first.observed.old_capacity.as_deref(), Some("0.125"));
    assert_eq!(first.observed.new_capacity.as_deref(), Some("0.5"));
    let gone = answered(&first, vec![], of("0.1250"));
    assert_eq!(gone.goal, Goal::Reached(GONE));
    let ran = then(&first, vec![], of(".5"));
    assert_eq!(ran.goal, lost(Reason::TOO_LATE, Evidence::Presence));
}

trait Tap: Sized {
    fn tap(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Tap for Value {}

#[test]
fn a_cancelled_record_of_an_instance_with_the_new_capacity_is_too_late() {
    let first = see(vec![larger("WAITING")], instance());
    let seen = then(&first, vec![larger("CANCELLED")], of_capacity(json!(8)));
    assert_eq!(seen.goal, lost(Reason::TOO_LATE, Evidence::Presence));
    let seen = then(&first, vec![larger("CANCELLED")], of_capacity(json!(null)));
    assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
    let seen = then(&first, vec![larger("CANCELLED")], instance());
    assert_eq!(seen.goal, Goal::Reached(Evidence::Presence));
}

#[test]
fn replica_changes_are_changes_and_told_by_the_replica_count() {
    for (name, old, new) in [("AddReplica", 2, 3), ("DelReplica", 3, 2)] {
        let change = replicas(name, json!(old.to_string()), json!(new));
        let first = see(vec![change], of_replicas(json!(old)));
        assert_eq!(first.goal, act(), "{name}");
        let same = answered(&first, vec![], of_replicas(json!(old)));
        assert_eq!(same.goal, Goal::Reached(GONE), "{name}");
        let ran = then(&first, vec![], of_replicas(json!(new)));
        assert_eq!(ran.goal, lost(Reason::TOO_LATE, Evidence::Presence));
        for unread in [json!(null), json!("absent"), json!({})] {
            let seen = then(&first, vec![], of_replicas(unread));
            assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
        }
    }
}

#[test]
fn numbers_that_mean_something_else_at_the_instance_are_not_compared() {
    // It counts the master, the task does not.
    let change = replicas("AddReplica", json!(1), json!(2));
    let first = see(vec![change], of_replicas(json!(2)));
    assert_eq!(first.goal, act());
    for count in [2, 3] {
        let seen = then(&first, vec![], of_replicas(json!(count)));
        assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
    }
}

#[test]
fn a_record_that_executes_while_the_instance_runs_as_ever_is_unclear() {
    let seen = see(vec![task("EXECUTING")], instance());
    assert_eq!(seen.goal, Goal::Unclear);
    for words in [
        "Task t1 is EXECUTING since 2026-11-20T08:00:00Z",
        "instance i1 is RUNNING",
        "may be left over",
    ] {
        assert!(seen.seen.contains(words), "{}", seen.seen);
    }
    assert_eq!(change_pending(&seen), ConditionStatus::Unknown);
}

#[test]
fn a_record_left_over_of_another_task_is_in_nobodys_way() {
    let ghost = but(task("EXECUTING"), json!({"id": "ghost"}));
    let of = |word| see(vec![ghost.clone(), task(word)], instance()).goal;
    assert_eq!(of("WAITING"), act());
    assert_eq!(of("CANCELLED"), Goal::Reached(Evidence::Presence));
}

#[test]
fn a_failed_change_names_its_error_code() {
    let failed = but(
        task("FAIL"),
        json!({"error_code": "DCS.4957", "job_id": "j"}),
    );
    let seen = see(vec![failed], instance());
    assert_eq!(seen.goal, lost(words::CHANGE_FAILED, Evidence::Presence));
    assert!(seen.seen.contains("FAIL (DCS.4957)"), "{}", seen.seen);
}

#[test]
fn a_new_word_of_a_change_that_shows_at_the_instance_is_too_late() {
    for word in [json!("COMPLETED"), json!(null), json!("absent"), json!([])] {
        let task = but(task("WAITING"), json!({"status": word}));
        let seen = see(vec![task.clone()], with_spec("new"));
        assert_eq!(
            seen.goal,
            lost(Reason::TOO_LATE, Evidence::Presence),
            "{word}"
        );
        assert_eq!(see(vec![task], instance()).goal, act(), "{word}");
    }
    assert_eq!(see(vec![task("WAITING")], with_spec("new")).goal, act());
}
