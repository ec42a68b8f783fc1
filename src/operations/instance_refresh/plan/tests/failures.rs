//! What the cloud does by itself when instances fail (contracts: l.3).

use super::*;
use crate::operations::instance_refresh::words;

/// A cancelled activity of which one instance failed.
fn failed(fail_process: &str) -> RefreshActivity {
    let mut found = activity("CANCELLED", 1, ["FAILED", "CANCELLED"]);
    found.fail_process = text(fail_process);
    let mut first = batch(1, "FAILED");
    first.instances = list(vec![RefreshInstance {
        id: text("ins-1"),
        status: text("FAILED"),
        message: text("no image\nfound."),
        ..RefreshInstance::default()
    }]);
    found.batches = list(vec![first, batch(2, "CANCELLED")]);
    found
}

fn ends(wanted: RefreshState, activity: RefreshActivity) -> (Option<Reason>, String) {
    let seen = look(&asking(wanted), activity);
    (is_lost(seen.goal), seen.seen)
}

#[test]
fn a_cancel_of_the_cloud_because_instances_failed_is_no_other_clients() {
    for wanted in [RefreshState::Completed, RefreshState::Paused] {
        let (reason, seen) = ends(wanted, failed("AUTO_CANCEL"));
        assert_eq!(reason, Some(words::REFRESH_FAILED));
        assert!(
            seen.ends_with(
                "The cloud cancelled the refresh because instances failed (FailProcess AUTO_CANCEL). Instance ins-1 failed: no image found."
            ),
            "{seen}"
        );
        let (reason, _) = ends(wanted, failed("AUTO_PAUSE"));
        assert_eq!(reason, Some(words::CANCELLED_ELSEWHERE));
        // Without a failed instance it was not the cloud.
        let mut fine = activity("CANCELLED", 1, ["SUCCESSFUL", "CANCELLED"]);
        fine.fail_process = text("AUTO_CANCEL");
        assert_eq!(ends(wanted, fine).0, Some(words::CANCELLED_ELSEWHERE));
    }
    let goal = goal(&asking(RefreshState::Cancelled), failed("AUTO_CANCEL"));
    assert_eq!(goal, Goal::Reached(Evidence::Presence));
}

#[test]
fn a_roll_back_is_named_and_keeps_the_group_blocked() {
    let of = |status: &str| {
        Found::There(RefreshActivity {
            id: text("asr-back"),
            origin: text("asr-1"),
            activity_type: text("ROLLBACK"),
            ..activity(status, 1, ["RUNNING", "WAITING"])
        })
    };
    for (roll_back, blocked, words) in [
        (
            of("RUNNING"),
            ConditionStatus::True,
            "rolls it back: refresh activity asr-back is RUNNING.",
        ),
        (
            of("SUCCESSFUL"),
            ConditionStatus::False,
            "refresh activity asr-back is SUCCESSFUL.",
        ),
        (
            of("A_WORD"),
            ConditionStatus::Unknown,
            "in a status that Errand does not know.",
        ),
        (
            Found::NotThere,
            ConditionStatus::Unknown,
            "No roll-back is listed yet.",
        ),
        (
            Found::Unclear("Not whole."),
            ConditionStatus::Unknown,
            "cannot be told. Not whole.",
        ),
    ] {
        let mut ended = failed("AUTO_ROLLBACK");
        for status in ["CANCELLED", "FAILED"] {
            ended.status = text(status);
            let facts = Facts {
                activity: Found::There(ended.clone()),
                roll_back: Some(roll_back.clone()),
                refused: None,
            };
            let seen = assess(&asking(RefreshState::Completed), &facts);
            assert_eq!(is_lost(seen.goal), Some(words::REFRESH_FAILED), "{status}");
            assert!(seen.seen.ends_with(words), "{}", seen.seen);
            assert_eq!(seen.conditions[0].1, blocked, "{words}");
            let shown = roll_back.there().map(|_| "asr-back");
            assert_eq!(seen.observed.rollback_activity_id.as_deref(), shown);
            assert_eq!(seen.observed.rollback_status.is_some(), shown.is_some());
        }
    }
}

#[test]
fn who_cancelled_is_left_open_where_a_word_or_the_instances_are_missing() {
    let unclear = |activity| {
        let seen = look(&asking(RefreshState::Completed), activity);
        assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
    };
    for fail_process in [Field::Absent, Field::Unclear, text("AUTO_SOMETHING")] {
        unclear(RefreshActivity {
            fail_process,
            ..failed("")
        });
    }
    for batches in [
        Field::Absent,
        Field::Unclear,
        list(vec![]),
        list(vec![RefreshBatch::default()]),
    ] {
        unclear(RefreshActivity {
            batches,
            ..failed("AUTO_CANCEL")
        });
    }
    let mut instances = activity("CANCELLED", 1, ["SUCCESSFUL", "CANCELLED"]);
    instances.fail_process = text("AUTO_CANCEL");
    for all in [
        Field::Absent,
        Field::Unclear,
        list(vec![RefreshInstance::default()]),
    ] {
        let mut first = batch(1, "SUCCESSFUL");
        first.instances = all;
        unclear(RefreshActivity {
            batches: list(vec![first, batch(2, "CANCELLED")]),
            ..instances.clone()
        });
    }
}

#[test]
fn every_failed_instance_is_shown_within_limits() {
    let mut found = failed("AUTO_PAUSE");
    found.status = text("FAILED_PAUSE");
    let instance = |n: usize| RefreshInstance {
        id: text(&format!("ins-{n}")),
        status: text("FAILED"),
        message: text(&"why ".repeat(1000)),
        ..RefreshInstance::default()
    };
    let mut first = batch(1, "FAILED");
    first.instances = list((0..40).map(instance).collect());
    found.batches = list(vec![first, batch(2, "WAITING")]);
    let seen = look(&asking(RefreshState::Completed), found);
    assert!(seen.seen.contains("ins-2"), "{}", seen.seen);
    assert!(!seen.seen.contains("ins-3"), "{}", seen.seen);
    assert!(seen.seen.ends_with("So did 37 more."), "{}", seen.seen);
    assert!(seen.seen.len() < 1100, "{}", seen.seen.len());
    let shown = &seen.observed.failed_instances;
    assert_eq!(shown.len(), 16);
    assert_eq!(shown[15].id.as_deref(), Some("ins-15"));
    let message = shown[0].message.as_deref().unwrap_or_default();
    assert!((200..=256).contains(&message.len()), "{message}");
}

#[test]
fn a_question_after_a_failure_says_which_instance_failed_and_why() {
    let mut found = failed("AUTO_PAUSE");
    found.status = text("FAILED_PAUSE");
    let seen = look(&asking(RefreshState::Completed), found);
    assert!(matches!(seen.goal, Goal::Ask(_)), "{:?}", seen.goal);
    assert!(
        seen.seen
            .ends_with("Instance ins-1 failed: no image found."),
        "{}",
        seen.seen
    );
}
