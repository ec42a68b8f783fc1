//! What each reading of the cloud means for each wanted end, a sentence for each. All
//! of them are about one pure function, and stay together.

use errand_engine::{Ask, StepKey, Trace};

use super::super::{CONTINUE, RESUME, RETRY};
use super::*;
use crate::api::Decision;
use crate::cloud::tencent::autoscaling::{RefreshBatch, RefreshInstance};
use crate::cloud::{Field, List};
use crate::operations::instance_refresh::{SteerRefresh, words};
use crate::operations::{CallRules, Kind, decision, pin, reason_of_code};

mod failures;
mod forms;

const STATES: [RefreshState; 3] = [
    RefreshState::Completed,
    RefreshState::Paused,
    RefreshState::Cancelled,
];

fn text(text: &str) -> Field<String> {
    Field::Known(text.to_owned())
}

fn list<T>(members: Vec<T>) -> Field<List<T>> {
    Field::Known(List { members, others: 0 })
}

/// A batch of one instance, as the cloud shows it: one that runs has begun, and one
/// that is over has ended.
fn batch(number: i64, status: &str) -> RefreshBatch {
    let time = |minute: i64, told: bool| match told {
        true => text(&format!("2026-11-25T10:{:02}:00Z", 10 * number + minute)),
        false => Field::Absent,
    };
    let runs = ["INIT", "RUNNING"].contains(&status);
    let begun = !["WAITING", "CANCELLED"].contains(&status);
    RefreshBatch {
        number: Field::Known(number),
        status: text(status),
        start_time: time(0, begun),
        end_time: time(5, begun && !runs),
        instances: list(vec![RefreshInstance {
            id: text(&format!("ins-{number}")),
            status: text(status),
            ..RefreshInstance::default()
        }]),
    }
}

/// An activity of two batches, of which `current` is the current one.
fn activity(status: &str, current: i64, batches: [&str; 2]) -> RefreshActivity {
    RefreshActivity {
        id: text("asr-1"),
        group: text("asg-1"),
        status: text(status),
        current_batch: Field::Known(current),
        fail_process: text("AUTO_PAUSE"),
        batches: list(vec![batch(1, batches[0]), batch(2, batches[1])]),
        ..RefreshActivity::default()
    }
}

fn running() -> RefreshActivity {
    activity("RUNNING", 1, ["RUNNING", "WAITING"])
}

fn between() -> RefreshActivity {
    activity("RUNNING", 1, ["SUCCESSFUL", "WAITING"])
}

fn paused(status: &str) -> RefreshActivity {
    let first = match status {
        "FAILED_PAUSE" => "FAILED",
        _ => "SUCCESSFUL",
    };
    activity(status, 1, [first, "WAITING"])
}

fn ended(status: &str) -> RefreshActivity {
    activity(status, 2, ["SUCCESSFUL", "SUCCESSFUL"])
}

fn asking(wanted: RefreshState) -> InstanceRefresh {
    serde_json::from_value(serde_json::json!({
        "apiVersion": "tencent.errand.cloud/v1alpha1",
        "kind": "InstanceRefresh",
        "metadata": {"name": "r"},
        "spec": {
            "connectionRef": {"kind": "CloudConnection", "name": "c"},
            "autoScalingGroupId": "asg-1",
            "adopt": {"refreshActivityId": "asr-1"},
            "desiredState": wanted,
        }
    }))
    .expect("an object")
}

/// The same with calls, each with what came of it and what it was pinned to.
fn after(wanted: RefreshState, calls: &[(&CallRules, Option<&str>, &str)]) -> InstanceRefresh {
    let steps: Vec<_> = calls
        .iter()
        .zip(1..)
        .map(|((info, answer, baseline), number)| {
            serde_json::json!({
                "number": number,
                "id": format!("s{number}"),
                "name": info.name,
                "writer": "0000000000000007",
                "intendedAt": "2026-11-25T10:00:00Z",
                "sendBefore": "2026-11-25T10:30:00Z",
                "baseline": baseline,
                "answer": answer,
            })
        })
        .collect();
    let mut object = asking(wanted);
    object.status = serde_json::from_value(serde_json::json!({ "steps": steps })).expect("status");
    object
}

fn look(object: &InstanceRefresh, activity: RefreshActivity) -> Assessment<RefreshObservation> {
    assess(object, &facts(activity))
}

fn facts(activity: RefreshActivity) -> Facts {
    Facts {
        activity: Found::There(activity),
        roll_back: None,
        refused: None,
    }
}

/// Which pause it is in, as it is recorded.
fn pause(activity: &RefreshActivity) -> String {
    match Pause::of(activity) {
        Pause::At(pause) => pause,
        other => panic!("{other:?}"),
    }
}

fn goal(object: &InstanceRefresh, activity: RefreshActivity) -> Goal {
    look(object, activity).goal
}

fn is_next(goal: Goal, info: &CallRules) -> bool {
    goal == Goal::Act(info.plan())
}

fn waits_for(goal: Goal) -> Option<Reason> {
    match goal {
        Goal::Wait(code, None) => reason_of_code(code),
        _ => None,
    }
}

fn is_lost(goal: Goal) -> Option<Reason> {
    match goal {
        Goal::Lost(code, Evidence::Presence) => reason_of_code(code),
        _ => None,
    }
}

#[test]
fn a_running_batch_is_stopped_first_and_waited_for_and_then_cancelled() {
    let object = asking(RefreshState::Cancelled);
    let first = look(&object, running());
    assert!(is_next(first.goal, &STOP));
    assert_eq!(first.calls.len(), 2, "both calls are told");
    assert_eq!(first.baseline.as_deref(), Some("batch 1"));
    let stopped = after(
        RefreshState::Cancelled,
        &[(&STOP, Some("Accepted"), "batch 1")],
    );
    let held = activity("MANUAL_PAUSE", 1, ["RUNNING", "WAITING"]);
    let waiting = look(&stopped, held);
    assert_eq!(waits_for(waiting.goal), Some(Reason::TARGET_BUSY));
    assert_eq!(waiting.due, Due::Later, "a batch takes as long as it takes");
    assert!(is_next(goal(&stopped, paused("MANUAL_PAUSE")), &CANCEL));
    let reached = Goal::Reached(Evidence::Presence);
    assert_eq!(goal(&stopped, ended("CANCELLED")), reached);
}

#[test]
fn what_no_batch_runs_of_is_cancelled_at_once() {
    let object = asking(RefreshState::Cancelled);
    for activity in [
        between(),
        paused("AUTO_PAUSE"),
        paused("FAILED_PAUSE"),
        paused("MANUAL_PAUSE"),
        activity("INIT", 0, ["WAITING", "WAITING"]),
    ] {
        let word = activity.status.clone();
        assert!(is_next(goal(&object, activity), &CANCEL), "{word:?}");
    }
}

#[test]
fn what_cannot_be_stopped_or_cancelled_is_waited_for() {
    for wanted in STATES {
        let seen = look(
            &asking(wanted),
            activity("RUNNING", 2, ["SUCCESSFUL", "SUCCESSFUL"]),
        );
        let reason = match wanted {
            RefreshState::Completed => words::REFRESH_RUNNING,
            _ => Reason::TARGET_BUSY,
        };
        assert_eq!(waits_for(seen.goal), Some(reason), "{wanted:?}");
    }
}

#[test]
fn each_end_is_read_for_what_is_wanted() {
    use RefreshState::{Cancelled, Completed, Paused};
    let reached = Goal::Reached(Evidence::Presence);
    assert_eq!(goal(&asking(Completed), ended("SUCCESSFUL")), reached);
    assert_eq!(goal(&asking(Cancelled), ended("CANCELLED")), reached);
    for word in ["AUTO_PAUSE", "MANUAL_PAUSE", "FAILED_PAUSE"] {
        assert_eq!(goal(&asking(Paused), paused(word)), reached, "{word}");
    }
    for (wanted, word, reason) in [
        (Completed, "FAILED", words::REFRESH_FAILED),
        (Completed, "CANCELLED", words::CANCELLED_ELSEWHERE),
        (Paused, "SUCCESSFUL", Reason::TOO_LATE),
        (Paused, "FAILED", words::REFRESH_FAILED),
        (Paused, "CANCELLED", words::CANCELLED_ELSEWHERE),
        (Cancelled, "SUCCESSFUL", Reason::TOO_LATE),
        (Cancelled, "FAILED", Reason::TOO_LATE),
    ] {
        let goal = goal(&asking(wanted), ended(word));
        assert_eq!(is_lost(goal), Some(reason), "{wanted:?} {word}");
    }
}

#[test]
fn what_is_not_there_or_of_another_group_ends() {
    let nothing = Facts {
        activity: Found::NotThere,
        roll_back: None,
        refused: None,
    };
    let none = assess(&asking(RefreshState::Cancelled), &nothing);
    let evidence = Evidence::Absence(Witness::NOT_THERE);
    let absent = Goal::Lost(code(Reason::TARGET_NOT_FOUND), evidence);
    assert_eq!(none.goal, absent);
    let refused = after(RefreshState::Cancelled, &[(&STOP, Some("Refused"), "x")]);
    assert_eq!(assess(&refused, &nothing).goal, absent);
    // A call that the cloud took was for an activity that was there.
    for answer in [None, Some("Unknown"), Some("Accepted")] {
        let object = after(RefreshState::Cancelled, &[(&STOP, answer, "x")]);
        assert_eq!(assess(&object, &nothing).goal, Goal::Unclear, "{answer:?}");
    }
    let other = RefreshActivity {
        group: text("asg-2"),
        ..running()
    };
    let goal = goal(&asking(RefreshState::Cancelled), other);
    assert_eq!(is_lost(goal), Some(Reason::INVALID_FOR_TARGET));
}

#[test]
fn a_status_that_is_not_documented_concludes_nothing_and_sends_nothing() {
    for wanted in STATES {
        for status in [text("A_WORD_OF_TOMORROW"), Field::Absent, Field::Unclear] {
            let odd = RefreshActivity {
                status,
                ..paused("MANUAL_PAUSE")
            };
            let seen = look(&asking(wanted), odd);
            assert_eq!(seen.goal, Goal::Unclear, "{wanted:?}");
            assert_eq!(seen.conditions[0].1, ConditionStatus::Unknown);
            assert!(seen.calls.is_empty());
        }
    }
}

/// The call that the decision leads to.
fn leads(ask: Ask, chosen: Decision) -> Option<Plan> {
    ask.choice(decision(chosen))?.step
}

#[test]
fn a_pause_is_asked_about_once_and_each_pause_anew() {
    let object = asking(RefreshState::Completed);
    let first = look(&object, paused("FAILED_PAUSE"));
    let Goal::Ask(ask) = first.goal else {
        panic!("{:?}", first.goal)
    };
    assert_eq!(ask.code, code(words::REFRESH_PAUSED_ON_FAILURE));
    assert_eq!(leads(ask, Decision::Retry), Some(RETRY.plan()));
    assert_eq!(leads(ask, Decision::Continue), Some(CONTINUE.plan()));
    assert_eq!(Some(ask.pin), first.about.as_deref().map(pin));
    let Goal::Ask(by_hand) = goal(&object, paused("MANUAL_PAUSE")) else {
        panic!("a pause by hand is asked about")
    };
    assert_eq!(by_hand.code, code(words::REFRESH_PAUSED_AT_BATCH));
    assert_eq!(leads(by_hand, Decision::Retry), None);
    assert_eq!(leads(by_hand, Decision::Continue), Some(RESUME.plan()));
    assert_ne!(by_hand.pin, ask.pin);
    // The next batch fails too: that is another question.
    let second = activity("FAILED_PAUSE", 2, ["SUCCESSFUL", "FAILED"]);
    let Goal::Ask(second) = goal(&object, second) else {
        panic!("asked again")
    };
    assert_ne!(second.pin, ask.pin);
}

#[test]
fn a_decision_is_carried_out_for_its_own_pause_whatever_comes_of_the_call() {
    let here = pause(&paused("FAILED_PAUSE"));
    for answer in [
        None,
        Some("Unknown"),
        Some("Refused"),
        Some("NotSent"),
        Some("Accepted"),
    ] {
        let object = after(RefreshState::Completed, &[(&RETRY, answer, &here)]);
        let next = goal(&object, paused("FAILED_PAUSE"));
        assert!(is_next(next, &RETRY), "{answer:?}: not asked twice");
    }
    let object = after(
        RefreshState::Completed,
        &[(&RETRY, Some("Accepted"), &here)],
    );
    let elsewhere = activity("FAILED_PAUSE", 2, ["SUCCESSFUL", "FAILED"]);
    assert!(matches!(goal(&object, elsewhere), Goal::Ask(_)));
}

#[test]
fn a_resume_whose_answer_is_lost_shows_by_the_pause_that_was_left() {
    let here = pause(&paused("AUTO_PAUSE"));
    let object = after(
        RefreshState::Completed,
        &[(&RESUME, Some("Unknown"), &here)],
    );
    assert_eq!(look(&object, paused("AUTO_PAUSE")).trace, Trace::NotShown);
    let next = activity("RUNNING", 2, ["SUCCESSFUL", "RUNNING"]);
    assert_eq!(look(&object, next).trace, Trace::Shown);
    let answered = after(
        RefreshState::Completed,
        &[(&RESUME, Some("Accepted"), &here)],
    );
    assert_eq!(
        look(&answered, running()).trace,
        Trace::NotShown,
        "it is known"
    );
}

#[test]
fn a_lost_call_against_what_is_wanted_now_is_contrary() {
    use RefreshState::{Cancelled, Completed, Paused};
    for (info, wanted, contrary) in [
        (&STOP, Completed, true),
        (&CANCEL, Completed, true),
        (&CANCEL, Paused, true),
        (&RESUME, Paused, true),
        (&STOP, Paused, false),
        (&STOP, Cancelled, false),
        (&CANCEL, Cancelled, false),
        (&RESUME, Cancelled, false),
        (&RESUME, Completed, false),
    ] {
        for (answer, open) in [
            (Some("Unknown"), true),
            (None, true),
            (Some("Accepted"), false),
        ] {
            let object = after(wanted, &[(info, answer, "x")]);
            let seen = look(&object, paused("MANUAL_PAUSE")).past.contrary;
            assert_eq!(seen, contrary && open, "{} {wanted:?}", info.name);
        }
    }
}

#[test]
fn a_cancel_that_was_accepted_is_awaited_whatever_is_wanted_by_then() {
    for wanted in STATES {
        let object = after(wanted, &[(&CANCEL, Some("Accepted"), "x")]);
        assert!(
            is_next(goal(&object, paused("MANUAL_PAUSE")), &CANCEL),
            "{wanted:?}"
        );
    }
}

#[test]
fn a_resume_that_was_accepted_is_awaited_whatever_is_wanted_by_then() {
    let here = pause(&paused("AUTO_PAUSE"));
    for wanted in STATES {
        let object = after(wanted, &[(&RESUME, Some("Accepted"), &here)]);
        assert!(
            is_next(goal(&object, paused("AUTO_PAUSE")), &RESUME),
            "{wanted:?}"
        );
        // At the next pause it has done what it was for.
        let next = activity("AUTO_PAUSE", 2, ["SUCCESSFUL", "SUCCESSFUL"]);
        assert!(!is_next(goal(&object, next), &RESUME), "{wanted:?}");
    }
}

#[test]
fn a_revert_after_our_own_cancel_asks_for_what_cannot_be_had() {
    for wanted in [RefreshState::Completed, RefreshState::Paused] {
        let object = after(wanted, &[(&CANCEL, Some("Accepted"), "x")]);
        let Goal::Ask(ask) = goal(&object, ended("CANCELLED")) else {
            panic!("{wanted:?}")
        };
        assert_eq!(ask.code, code(Reason::DESIRED_STATE_UNREACHABLE));
    }
}

#[test]
fn a_stop_has_run_its_course_once_a_later_batch_runs_or_the_refresh_was_let_go_on() {
    let stopped = after(
        RefreshState::Cancelled,
        &[(&STOP, Some("Accepted"), "batch 1")],
    );
    assert_eq!(
        look(&stopped, running()).past.over,
        0,
        "its effect is awaited"
    );
    let second = || activity("RUNNING", 2, ["SUCCESSFUL", "RUNNING"]);
    assert_eq!(
        look(&stopped, second()).past.over,
        1,
        "somebody let it go on"
    );
    let here = pause(&paused("MANUAL_PAUSE"));
    let resumed = after(
        RefreshState::Cancelled,
        &[
            (&STOP, Some("Accepted"), "batch 1"),
            (&RESUME, Some("Accepted"), &here),
        ],
    );
    assert_eq!(look(&resumed, second()).past.over, 2);
    assert_eq!(look(&resumed, running()).past.over, 2);
}

#[test]
fn the_group_is_blocked_until_the_end() {
    let status = |activity| {
        let seen = look(&asking(RefreshState::Completed), activity);
        seen.conditions[0]
    };
    assert_eq!(status(running()), (GROUP_BLOCKED, ConditionStatus::True));
    assert_eq!(status(paused("AUTO_PAUSE")).1, ConditionStatus::True);
    for word in ["SUCCESSFUL", "CANCELLED", "FAILED"] {
        assert_eq!(status(ended(word)).1, ConditionStatus::False, "{word}");
    }
}

#[test]
fn progress_is_told_in_numbers() {
    let mut activity = activity("RUNNING", 2, ["SUCCESSFUL", "RUNNING"]);
    let Field::Known(batches) = &mut activity.batches else {
        unreachable!("set above")
    };
    let Field::Known(instances) = &mut batches.members[1].instances else {
        unreachable!("set above")
    };
    instances.members.push(RefreshInstance {
        status: text("FAILED"),
        ..RefreshInstance::default()
    });
    let seen = look(&asking(RefreshState::Completed), activity);
    let observed = &seen.observed;
    assert_eq!(observed.current_batch, Some(2));
    assert_eq!(observed.batches_total, Some(2));
    assert_eq!(observed.instances_total, Some(3));
    assert_eq!(observed.instances_done, Some(1));
    assert_eq!(observed.instances_failed, Some(1));
    assert_eq!(
        seen.seen,
        "Refresh activity asr-1 is RUNNING, batch 2 of 2; 1 of 3 instances are refreshed, 1 failed."
    );
}

#[test]
fn what_stands_still_is_named_with_the_remedy_when_errand_does_not_go_on() {
    assert_eq!(
        SteerRefresh::left_behind(&asking(RefreshState::Cancelled), false),
        None
    );
    let object = after(
        RefreshState::Cancelled,
        &[(&STOP, Some("Accepted"), "batch 1")],
    );
    let left = SteerRefresh::left_behind(&object, false).expect("words");
    assert!(left.contains("group asg-1 is blocked"), "{left}");
    assert!(left.contains("suspend: false"), "{left}");
    let ended = SteerRefresh::left_behind(&object, true).expect("words");
    assert!(!ended.contains("suspend"), "{ended}");
    let cancelled = after(
        RefreshState::Cancelled,
        &[
            (&STOP, Some("Accepted"), "x"),
            (&CANCEL, Some("Accepted"), "x"),
        ],
    );
    assert_eq!(SteerRefresh::left_behind(&cancelled, false), None);
}

#[test]
fn the_steps_are_numbered_as_they_are_listed() {
    for (info, number) in SteerRefresh::CALLS.iter().zip(0..) {
        assert_eq!(info.key, StepKey(number));
    }
}
