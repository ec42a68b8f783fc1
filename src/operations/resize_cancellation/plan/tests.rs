//! What each reading of the cloud means, a sentence for each. All of them are about
//! one pure function, and stay together.

use super::super::CANCEL;
use super::*;
use crate::api::Common;
use crate::cloud::huawei::dcs::TaskDetails;

/// 2026-11-21, a day whose window is 18:00 to 19:00 UTC.
const MIDNIGHT: i64 = 1_795_219_200_000;
const HOUR: i64 = 3_600_000;
const NOON: i64 = MIDNIGHT + 12 * HOUR;
const INSIDE: i64 = MIDNIGHT + 18 * HOUR + HOUR / 2;

fn after(observed: Option<&ResizeObservation>) -> Before<'_> {
    Before {
        observed,
        pinned: None,
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

fn task(status: &str) -> BackgroundTask {
    BackgroundTask {
        id: "t1".into(),
        name: "EXTEND".into(),
        status: status.into(),
        created_at: None,
        details: Some(TaskDetails {
            old_resource_spec_code: Some("old".into()),
            new_resource_spec_code: Some("new".into()),
        }),
    }
}

fn instance() -> Instance {
    Instance {
        status: "RUNNING".into(),
        spec_code: "old".into(),
        maintain_begin: Some("18:00:00".into()),
        maintain_end: Some("19:00:00".into()),
    }
}

fn with_spec(spec_code: &str) -> Instance {
    Instance {
        spec_code: spec_code.into(),
        ..instance()
    }
}

fn extending() -> Instance {
    Instance {
        status: "EXTENDING".into(),
        ..instance()
    }
}

fn facts(at: i64, tasks: Vec<BackgroundTask>, instance: Instance) -> Facts {
    Facts {
        at,
        tasks: Some(tasks),
        instance: Some(instance),
    }
}

/// At noon, with nothing seen before.
fn see(tasks: Vec<BackgroundTask>, instance: Instance) -> Seen {
    assess(&spec(), after(None), &facts(NOON, tasks, instance))
}

/// The next look after `before`.
fn then(before: &Seen, tasks: Vec<BackgroundTask>, instance: Instance) -> Seen {
    assess(
        &spec(),
        after(Some(&before.observed)),
        &facts(NOON, tasks, instance),
    )
}

fn lost(reason: Reason, evidence: Evidence) -> Goal {
    Goal::Lost(code(reason), evidence)
}

fn busy() -> Goal {
    Goal::Wait(code(Reason::TargetBusy), None)
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

#[test]
fn a_pending_change_outside_the_window_is_cancelled() {
    let seen = see(vec![task("WAITING")], instance());
    assert_eq!(seen.goal, act());
    assert_eq!(
        seen.seen,
        "Task t1 is WAITING, and instance i1 has specification old."
    );
    assert_eq!(
        seen.plan.steps,
        ["CancelInstanceResize instance_id=i1 task_id=t1"]
    );
    assert!(!seen.plan.paid);
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
        Goal::Wait(code(Reason::MaintenanceWindow), Some(WINDOW_POLL))
    );
    for words in [
        "until 19:00:00 UTC",
        "The change may run meanwhile",
        "The console can still be tried",
    ] {
        assert!(seen.seen.contains(words), "{}", seen.seen);
    }
    assert!(seen.plan.steps.is_empty());
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
        Goal::Wait(code(Reason::MaintenanceWindow), Some(WINDOW_POLL))
    );
    assert_eq!(
        goal(end - 1),
        Goal::Wait(code(Reason::MaintenanceWindow), Some(Span(1000)))
    );
    assert_eq!(goal(end), act());
}

#[test]
fn an_instance_without_a_readable_window_has_none() {
    for (begin, end) in [(None, None), (Some("18"), None), (Some("x"), Some("y"))] {
        let instance = Instance {
            maintain_begin: begin.map(str::to_owned),
            maintain_end: end.map(str::to_owned),
            ..instance()
        };
        let seen = assess(
            &spec(),
            after(None),
            &facts(INSIDE, vec![task("WAITING")], instance),
        );
        assert_eq!(seen.goal, act());
    }
}

#[test]
fn a_running_change_is_waited_for_and_not_cancelled() {
    for at in [NOON, INSIDE] {
        let seen = assess(
            &spec(),
            after(None),
            &facts(at, vec![task("EXECUTING")], instance()),
        );
        assert_eq!(seen.goal, busy());
        assert!(seen.seen.contains("can no longer be cancelled"));
        assert!(seen.plan.steps.is_empty());
        assert_eq!(change_pending(&seen), ConditionStatus::True);
    }
}

#[test]
fn a_change_that_has_run_is_too_late() {
    let seen = see(vec![task("SUCCESS")], with_spec("new"));
    assert_eq!(seen.goal, lost(Reason::TooLate, Evidence::Presence));
    assert_eq!(
        seen.seen,
        "The change has run: instance i1 has specification new."
    );
    assert_eq!(change_pending(&seen), ConditionStatus::False);
}

#[test]
fn a_change_that_ran_and_failed_is_told_apart() {
    let seen = see(vec![task("FAILED")], instance());
    assert_eq!(seen.goal, lost(Reason::ChangeFailed, Evidence::Presence));
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
fn a_task_that_was_never_seen_is_reached_by_absence_and_the_message_says_so() {
    let other = BackgroundTask {
        id: "t2".into(),
        ..task("WAITING")
    };
    for tasks in [vec![], vec![other]] {
        let seen = see(tasks, instance());
        assert_eq!(seen.goal, Goal::Reached(Evidence::Absence));
        assert!(seen.seen.contains("never seen"), "{}", seen.seen);
        assert!(seen.seen.contains("Check the id"), "{}", seen.seen);
    }
}

#[test]
fn a_task_that_was_seen_before_is_reached_by_absence_and_the_message_says_so() {
    let before = see(vec![task("WAITING")], instance());
    let seen = then(&before, vec![], instance());
    assert_eq!(seen.goal, Goal::Reached(Evidence::Absence));
    assert_eq!(
        seen.seen,
        "Task t1 is no longer listed, and instance i1 has specification old."
    );
    let again = then(&seen, vec![], instance());
    assert_eq!(again.seen, seen.seen, "remembered from look to look");
    assert_eq!(again.observed, seen.observed);
}

#[test]
fn a_task_without_details_that_was_seen_before_is_not_called_never_seen() {
    let bare = BackgroundTask {
        details: None,
        ..task("WAITING")
    };
    let before = see(vec![bare], instance());
    assert_eq!(before.goal, act());
    let seen = then(&before, vec![], instance());
    assert!(!seen.seen.contains("never seen"), "{}", seen.seen);
}

#[test]
fn a_task_that_is_gone_from_an_instance_with_the_new_specification_is_too_late() {
    let before = see(vec![task("WAITING")], instance());
    let seen = then(&before, vec![], with_spec("new"));
    assert_eq!(seen.goal, lost(Reason::TooLate, Evidence::Presence));
}

#[test]
fn a_change_that_was_seen_running_and_is_gone_is_not_taken_for_cancelled() {
    let pending = see(vec![task("WAITING")], instance());
    // The instance already has it while the task still runs.
    let running = then(&pending, vec![task("EXECUTING")], with_spec("new"));
    assert_eq!(running.goal, busy());
    let seen = then(&running, vec![], with_spec("new"));
    assert_eq!(seen.goal, lost(Reason::TooLate, Evidence::Presence));
}

#[test]
fn a_listed_change_whose_specification_the_instance_has_is_not_cancelled_when_it_vanishes() {
    let first = see(vec![task("EXECUTING")], with_spec("new"));
    let seen = then(&first, vec![], with_spec("new"));
    assert_eq!(seen.goal, lost(Reason::TooLate, Evidence::Presence));
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
        let seen = then(&before, tasks, extending());
        assert_eq!(seen.goal, busy());
        assert!(seen.seen.contains("still EXTENDING"), "{}", seen.seen);
    }
    assert_eq!(see(vec![], extending()).goal, busy());
}

#[test]
fn what_has_run_or_failed_is_told_even_while_the_instance_extends() {
    assert_eq!(
        see(vec![task("SUCCESS")], extending()).goal,
        lost(Reason::TooLate, Evidence::Presence)
    );
    assert_eq!(
        see(vec![task("FAILED")], extending()).goal,
        lost(Reason::ChangeFailed, Evidence::Presence)
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
    assert_eq!(see(vec![task("executing")], instance()).goal, busy());
    assert_eq!(
        see(vec![task("Success")], with_spec("new")).goal,
        lost(Reason::TooLate, Evidence::Presence)
    );
    assert_eq!(
        see(vec![task("failed")], instance()).goal,
        lost(Reason::ChangeFailed, Evidence::Presence)
    );
}

#[test]
fn both_names_of_a_specification_change_are_known_in_any_case() {
    for name in [
        "EXTEND",
        "extend",
        "ChangeInstanceSpec",
        "changeinstancespec",
        "CHANGEINSTANCESPEC",
    ] {
        let bare = BackgroundTask {
            name: name.into(),
            details: None,
            ..task("WAITING")
        };
        assert_eq!(see(vec![bare], instance()).goal, act(), "{name}");
    }
}

#[test]
fn a_task_of_another_name_is_no_change_unless_it_says_what_it_would_change() {
    let named = |details| BackgroundTask {
        name: "BACKUP".into(),
        details,
        ..task("WAITING")
    };
    let none = Some(TaskDetails::default());
    for details in [None, none] {
        let seen = see(vec![named(details)], instance());
        assert_eq!(
            seen.goal,
            lost(Reason::InvalidForTarget, Evidence::Presence)
        );
        assert_eq!(seen.seen, "Task t1 is no specification change.");
        assert!(seen.plan.steps.is_empty());
    }
    let seen = see(vec![named(task("WAITING").details)], instance());
    assert_eq!(seen.goal, act());
}

#[test]
fn only_the_task_that_was_named_is_looked_at() {
    let other = BackgroundTask {
        id: "t2".into(),
        ..task("SUCCESS")
    };
    assert_eq!(see(vec![other, task("WAITING")], instance()).goal, act());
}

#[test]
fn an_instance_that_is_not_there_is_not_found_by_absence() {
    let gone = [
        (None, None),
        (Some(vec![task("WAITING")]), None),
        (None, Some(instance())),
    ];
    let before = see(vec![task("WAITING")], instance()).observed;
    for (tasks, instance) in gone {
        let facts = Facts {
            at: NOON,
            tasks,
            instance,
        };
        let seen = assess(&spec(), after(Some(&before)), &facts);
        assert_eq!(seen.goal, lost(Reason::TargetNotFound, Evidence::Absence));
        assert_eq!(
            seen.seen,
            "There is no instance i1 in the region and project of the connection."
        );
        assert_eq!(seen.observed, before, "what was known is kept");
        assert_eq!(change_pending(&seen), ConditionStatus::False);
    }
}
