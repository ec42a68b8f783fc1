//! Lists, numbers and times that are missing or in another form: nothing is concluded
//! from them, and no pause is taken for another.

use super::*;
use crate::operations::instance_refresh::words;

fn stopped() -> RefreshActivity {
    activity("MANUAL_PAUSE", 1, ["RUNNING", "WAITING"])
}

#[test]
fn batches_that_are_not_understood_do_not_say_that_none_runs() {
    let odd_word = || list(vec![batch(1, "SUCCESSFUL"), batch(2, "A_WORD")]);
    let part = || {
        Field::Known(List {
            members: vec![batch(1, "SUCCESSFUL")],
            others: 1,
        })
    };
    for batches in [
        Field::Absent,
        Field::Unclear,
        list(vec![]),
        odd_word(),
        part(),
    ] {
        for status in ["RUNNING", "MANUAL_PAUSE", "AUTO_PAUSE", "FAILED_PAUSE"] {
            let odd = RefreshActivity {
                batches: batches.clone(),
                ..activity(status, 1, ["SUCCESSFUL", "WAITING"])
            };
            for wanted in STATES {
                let goal = goal(&asking(wanted), odd.clone());
                match (status, wanted) {
                    // It runs, whatever its batches do.
                    ("RUNNING", RefreshState::Completed) => {
                        assert_eq!(waits_for(goal), Some(words::REFRESH_RUNNING));
                    }
                    _ => assert_eq!(goal, Goal::Unclear, "{status} {wanted:?} {batches:?}"),
                }
            }
        }
    }
    // One that runs is enough to know that one runs.
    let mut running = stopped();
    running.batches = Field::Known(List {
        members: vec![batch(1, "RUNNING")],
        others: 1,
    });
    let goal = goal(&asking(RefreshState::Cancelled), running);
    assert_eq!(waits_for(goal), Some(Reason::TARGET_BUSY));
}

#[test]
fn a_refresh_that_has_not_begun_needs_no_batches() {
    for batches in [Field::Absent, list(vec![])] {
        let waiting = RefreshActivity {
            batches,
            ..activity("INIT", 0, ["WAITING", "WAITING"])
        };
        assert!(is_next(
            goal(&asking(RefreshState::Cancelled), waiting),
            &CANCEL
        ));
    }
}

#[test]
fn a_stop_is_not_sent_without_the_number_of_the_batch_it_is_pinned_to() {
    for current_batch in [Field::Absent, Field::Unclear, Field::Known(0)] {
        for wanted in [RefreshState::Paused, RefreshState::Cancelled] {
            let odd = RefreshActivity {
                current_batch,
                ..running()
            };
            assert_eq!(goal(&asking(wanted), odd), Goal::Unclear);
        }
    }
}

#[test]
fn a_number_that_was_missing_once_makes_no_batch_a_later_one() {
    let stopped = after(
        RefreshState::Cancelled,
        &[(&STOP, Some("Accepted"), "batch 1")],
    );
    let odd = RefreshActivity {
        current_batch: Field::Absent,
        ..running()
    };
    assert_eq!(look(&stopped, odd).past.over, 0);
    // As an earlier version wrote it.
    let unnamed = after(
        RefreshState::Cancelled,
        &[(&STOP, Some("Accepted"), "batch 0")],
    );
    assert_eq!(look(&unnamed, running()).past.over, 0);
}

#[test]
fn a_pause_without_its_times_is_no_pause_that_is_asked_about_or_acted_on() {
    let object = asking(RefreshState::Completed);
    for (number, end_time) in [
        (Field::Known(1), Field::Absent),
        (Field::Known(1), Field::Unclear),
        (Field::Absent, text("2026-11-25T10:15:00Z")),
        (Field::Known(7), text("2026-11-25T10:15:00Z")),
    ] {
        let mut first = batch(1, "FAILED");
        first.end_time = end_time;
        let odd = RefreshActivity {
            current_batch: number,
            batches: list(vec![first, batch(2, "WAITING")]),
            ..paused("FAILED_PAUSE")
        };
        assert_eq!(goal(&object, odd.clone()), Goal::Unclear);
        // A decision about another pause is not used for this one, nor is it over.
        let here = pause(&paused("FAILED_PAUSE"));
        let decided = after(RefreshState::Completed, &[(&RETRY, Some("Unknown"), &here)]);
        let seen = look(&decided, odd.clone());
        assert_eq!(seen.goal, Goal::Unclear);
        assert_eq!((seen.trace, seen.past.over), (Trace::Unclear, 0));
        // And neither is one that an earlier version pinned to no time.
        let blank = "FAILED_PAUSE at batch 1, - to -";
        let decided = after(
            RefreshState::Completed,
            &[(&RETRY, Some("Accepted"), blank)],
        );
        assert_eq!(goal(&decided, odd), Goal::Unclear);
        assert_eq!(goal(&decided, paused("FAILED_PAUSE")), Goal::Unclear);
    }
}

#[test]
fn a_pause_is_the_same_whatever_form_its_times_have() {
    let timed = |start: &str, end: &str| {
        let mut first = batch(1, "FAILED");
        (first.start_time, first.end_time) = (text(start), text(end));
        RefreshActivity {
            batches: list(vec![first, batch(2, "WAITING")]),
            ..paused("FAILED_PAUSE")
        }
    };
    let here = pause(&timed("2026-11-25T10:10:00Z", "2026-11-25T10:15:00Z"));
    for (start, end) in [
        ("2026-11-25T18:10:00+0800", "2026-11-25T18:15:00+0800"),
        ("2026-11-25 10:10:00 +0000", "2026-11-25 10:15:00 +0000"),
        ("1795601400", "1795601700"),
    ] {
        assert_eq!(pause(&timed(start, end)), here, "{start}");
    }
    // Without a zone it tells one pause from another all the same.
    let bare = timed("2026-11-25 18:10:00", "2026-11-25 18:15:00");
    assert!(matches!(
        goal(&asking(RefreshState::Completed), bare),
        Goal::Ask(_)
    ));
    // As an earlier version recorded it, to the letter.
    let recorded = "FAILED_PAUSE at batch 1, 2026-11-25T18:10:00+0800 to 2026-11-25T18:15:00+0800";
    let decided = after(
        RefreshState::Completed,
        &[(&RETRY, Some("Unknown"), recorded)],
    );
    let seen = look(&decided, paused("FAILED_PAUSE"));
    assert!(is_next(seen.goal, &RETRY));
    assert_eq!((seen.trace, seen.past.over), (Trace::NotShown, 0));
}

#[test]
fn what_is_stored_is_written_as_version_0_1_0_wrote_it() {
    assert_eq!(
        pause(&paused("AUTO_PAUSE")),
        "AUTO_PAUSE at batch 1, 2026-11-25T10:10:00Z to 2026-11-25T10:15:00Z"
    );
    let first = RefreshActivity {
        batches: list(vec![batch(1, "WAITING"), batch(2, "WAITING")]),
        ..paused("MANUAL_PAUSE")
    };
    assert_eq!(pause(&first), "MANUAL_PAUSE at batch 1, - to -");
    assert_eq!(
        look(&asking(RefreshState::Paused), running())
            .baseline
            .as_deref(),
        Some("batch 1")
    );
    let cancelled = after(RefreshState::Completed, &[(&CANCEL, Some("Accepted"), "x")]);
    let about = look(&cancelled, ended("CANCELLED")).about;
    assert_eq!(about.as_deref(), Some("CANCELLED and not Completed"));
    for (wanted, word) in STATES.iter().zip(["Completed", "Paused", "Cancelled"]) {
        let object = asking(*wanted);
        let stored = crate::operations::Object::desired_state(&object);
        assert_eq!(stored.as_deref(), Some(word));
    }
}

#[test]
fn a_number_that_is_not_known_is_left_out_and_is_not_0() {
    for batches in [Field::Absent, Field::Unclear, list(vec![])] {
        let odd = RefreshActivity {
            batches,
            current_batch: Field::Absent,
            ..running()
        };
        let seen = look(&asking(RefreshState::Completed), odd);
        assert_eq!(seen.seen, "Refresh activity asr-1 is RUNNING.");
        assert_eq!(seen.observed.instances_total, None);
        assert_eq!(seen.observed.instances_done, None);
        assert_eq!(seen.observed.batches_total, None);
    }
    for instances in [Field::Absent, Field::Unclear, list(vec![])] {
        let mut second = batch(2, "WAITING");
        second.instances = instances;
        let odd = RefreshActivity {
            batches: list(vec![batch(1, "RUNNING"), second]),
            ..running()
        };
        let seen = look(&asking(RefreshState::Completed), odd);
        assert_eq!(
            seen.seen,
            "Refresh activity asr-1 is RUNNING, batch 1 of 2."
        );
        assert_eq!(seen.observed.instances_done, None);
    }
}

#[test]
fn a_reading_that_is_not_understood_keeps_what_was_seen_before() {
    let mut object = asking(RefreshState::Completed);
    object.status = serde_json::from_value(serde_json::json!({
        "observed": {"activityStatus": "RUNNING"},
    }))
    .expect("status");
    let facts = Facts {
        activity: Found::Unclear("The list is not whole."),
        roll_back: None,
        refused: None,
    };
    let seen = assess(&object, &facts);
    assert_eq!(seen.goal, Goal::Unclear);
    assert_eq!(seen.observed.activity_status.as_deref(), Some("RUNNING"));
    for group in [Field::Absent, Field::Unclear] {
        let odd = RefreshActivity { group, ..running() };
        assert_eq!(goal(&object, odd), Goal::Unclear);
    }
}
