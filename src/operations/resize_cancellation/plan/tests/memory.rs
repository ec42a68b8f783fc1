//! What was seen of a task and not understood is not forgotten.

use super::*;
use crate::operations::resize_cancellation::words;

fn wanted(new_spec_code: Option<&str>) -> ResizeCancellationSpec {
    ResizeCancellationSpec {
        task_id: None,
        pending_change: Some(PendingChange {
            created_before: Timestamp("2026-11-21T00:00:00Z".parse().expect("a time")),
            new_spec_code: new_spec_code.map(str::to_owned),
        }),
        ..spec()
    }
}

/// Several observations of one operation; what each remembers is stored in between, as
/// the API server keeps it.
struct Looks {
    spec: ResizeCancellationSpec,
    stored: Option<ResizeObservation>,
}

impl Looks {
    fn of(spec: ResizeCancellationSpec) -> Self {
        Looks { spec, stored: None }
    }

    fn at(&mut self, at: i64, tasks: Vec<Value>, instance: Value) -> Seen {
        let before = after(self.stored.as_ref());
        let seen = assess(&self.spec, before, &facts(at, tasks, instance));
        let stored = serde_json::to_value(&seen.observed).expect("JSON");
        self.stored = Some(serde_json::from_value(stored).expect("an observation"));
        seen
    }

    fn next(&mut self, tasks: Vec<Value>, instance: Value) -> Seen {
        self.at(NOON, tasks, instance)
    }
}

fn idle() -> Value {
    but(instance(), json!({"replica_count": 2}))
}

/// Tasks of which one thing or another is not given or not understood.
fn half_read() -> Vec<Value> {
    let details = [
        json!({"old_capacity": "4", "new_capacity": "8"}),
        json!({"new_capacity": "8"}),
        json!({"old_replica_num": "2", "new_replica_num": "3"}),
        json!({"new_replica_num": ["3"]}),
        json!({"old_resource_spec_code": "old", "new_resource_spec_code": "new"}),
        json!({"new_resource_spec_code": {}}),
        json!({}),
        json!(null),
        json!("{"),
    ];
    let mut tasks = Vec::new();
    for details in details {
        for status in [json!(null), json!(["WAITING"]), json!("WAITING")] {
            for created in [json!(null), json!("2026-11-20T08:00:00Z")] {
                for name in [json!(null), json!("NewTask"), json!("EXTEND")] {
                    let fields = json!({
                        "details": details, "status": status, "created_at": created, "name": name,
                    });
                    tasks.push(but(task("WAITING"), fields));
                }
            }
        }
    }
    tasks
}

#[test]
fn a_task_that_was_listed_is_never_called_never_seen() {
    let mut wrong = Vec::new();
    for task in half_read() {
        for at in [NOON, INSIDE] {
            for now in [idle(), but(idle(), json!({"status": "EXTENDING"}))] {
                let mut looks = Looks::of(spec());
                looks.at(at, vec![task.clone()], now.clone());
                for _ in 0..2 {
                    let seen = looks.at(at, vec![], now.clone());
                    if matches!(seen.goal, Goal::Reached(_) | Goal::Lost(..)) {
                        wrong.push(format!("{task}: {:?} {}", seen.goal, seen.seen));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong: {}", wrong.len(), wrong[0]);
}

#[test]
fn a_change_that_ran_is_too_late_however_little_was_read_of_it() {
    for (details, ran) in [
        (
            json!({"old_capacity": "4", "new_capacity": "8"}),
            json!({"capacity": 8}),
        ),
        (
            json!({"old_replica_num": "2", "new_replica_num": "3"}),
            json!({"replica_count": 3}),
        ),
    ] {
        let fields = json!({"details": details, "status": null, "name": null, "created_at": null});
        let change = but(task("WAITING"), fields);
        for (spec, pending) in [(spec(), INSIDE), (wanted(None), INSIDE)] {
            let mut looks = Looks::of(spec);
            looks.at(pending, vec![change.clone()], idle());
            let seen = looks.next(vec![], but(idle(), ran.clone()));
            let too_late = lost(Reason::TOO_LATE, Evidence::Presence);
            assert_eq!(seen.goal, too_late, "{details}: {}", seen.seen);
        }
    }
}

#[test]
fn a_task_that_an_older_version_saw_counts_as_seen() {
    for seen in [
        json!({"newCapacity": "8", "oldCapacity": "4"}),
        json!({"newReplicaCount": 3, "oldReplicaCount": 2}),
        json!({"taskCreatedAt": "2026-11-20T08:00:00Z"}),
        json!({"oldSpecCode": "old"}),
    ] {
        let older = but(json!({"taskId": "t1", "instanceStatus": "RUNNING"}), seen);
        let mut looks = Looks::of(spec());
        looks.stored = Some(serde_json::from_value(older.clone()).expect("an observation"));
        let seen = looks.next(vec![], idle());
        let ended = matches!(seen.goal, Goal::Reached(_) | Goal::Lost(..));
        assert!(!ended, "{older}: {:?} {}", seen.goal, seen.seen);
    }
}

#[test]
fn a_closed_task_that_is_not_understood_is_unclear() {
    for name in [json!(null), json!("absent"), json!({}), json!("NewTask")] {
        for details in [json!(null), json!({}), json!("{")] {
            // What it is not can be read of a name, unless it says something else besides.
            let goal = match name == "NewTask" && details != "{" {
                true => lost(Reason::INVALID_FOR_TARGET, Evidence::Presence),
                false => Goal::Unclear,
            };
            for word in ["SUCCESS", "FAILED", "CANCELLED"] {
                let fields = json!({"name": name, "details": details});
                let seen = see(vec![but(task(word), fields)], instance());
                assert_eq!(seen.goal, goal, "{name} {details} {word}: {}", seen.seen);
            }
        }
    }
}

#[test]
fn a_task_once_understood_as_a_change_stays_one() {
    for first in [
        task("WAITING"),
        but(task("WAITING"), json!({"details": null})),
        but(task("WAITING"), json!({"name": null})),
        but(task("WAITING"), json!({"name": "modify"})),
        but(
            task("WAITING"),
            json!({"name": null, "details": {"new_capacity": []}}),
        ),
    ] {
        for name in [json!(null), json!("NewTask"), first["name"].clone()] {
            for (word, goal) in [
                ("CANCELLED", Goal::Reached(Evidence::Presence)),
                ("FAILED", lost(words::CHANGE_FAILED, Evidence::Presence)),
                ("SUCCESS", lost(Reason::TOO_LATE, Evidence::Presence)),
                ("WAITING", act()),
            ] {
                let mut looks = Looks::of(spec());
                looks.next(vec![first.clone()], instance());
                for _ in 0..2 {
                    let odd = but(task(word), json!({"name": name, "details": null}));
                    let seen = looks.next(vec![odd], instance());
                    assert_eq!(seen.goal, goal, "{first} {name} {word}: {}", seen.seen);
                }
            }
        }
    }
}

#[test]
fn a_task_that_a_call_was_intended_for_is_a_change() {
    let pinned = Before {
        observed: None,
        pinned: Some("t1"),
        answered: true,
    };
    let odd = but(task("CANCELLED"), json!({"name": null, "details": null}));
    let seen = assess(&spec(), pinned, &facts(NOON, vec![odd], instance()));
    assert_eq!(
        seen.goal,
        Goal::Reached(Evidence::Presence),
        "{}",
        seen.seen
    );
}

#[test]
fn a_closed_task_of_unknown_name_may_be_the_pending_change() {
    for name in [json!(null), json!("absent"), json!([]), json!("NewTask")] {
        let closed = |word: &str, ended: Value, created: Value| {
            let fields = json!({
                "name": name, "details": null, "updated_at": ended, "created_at": created,
            });
            let mut looks = Looks::of(wanted(None));
            looks.next(vec![but(task(word), fields)], instance()).goal
        };
        let (since, before) = (json!("2026-11-21T03:00:00Z"), json!("2026-11-20T23:59:59Z"));
        let then = json!("2026-11-20T08:00:00Z");
        for word in ["SUCCESS", "FAILED"] {
            for created in [then.clone(), json!(null)] {
                for ended in [since.clone(), json!(null), json!("soon")] {
                    let goal = closed(word, ended, created.clone());
                    assert_eq!(goal, Goal::Unclear, "{name} {word} {created}");
                }
                let goal = closed(word, before.clone(), created);
                assert_eq!(goal, Goal::Reached(NOTHING), "{name} {word}");
            }
            let goal = closed(word, since.clone(), since.clone());
            assert_eq!(goal, Goal::Reached(NOTHING), "it was scheduled later");
        }
        let goal = closed("CANCELLED", since, then);
        assert_eq!(goal, Goal::Reached(NOTHING), "nothing of it is pending");
    }
}

/// What may be the change that is meant, in the ways in which that cannot be told.
fn candidates() -> Vec<Value> {
    [
        json!({"created_at": null}),
        json!({"created_at": "yesterday"}),
        json!({"name": null, "details": null}),
        json!({"name": "NewTask", "details": {}}),
        json!({"created_at": null, "status": "EXECUTING"}),
        json!({"created_at": null, "status": "SUCCESS", "updated_at": "2026-11-21T03:00:00Z"}),
        json!({"updated_at": null, "status": "FAILED"}),
    ]
    .map(|fields| but(task("WAITING"), fields))
    .into()
}

#[test]
fn an_unclear_candidate_that_vanishes_does_not_end_the_operation() {
    for candidate in candidates() {
        for spec in [wanted(None), wanted(Some("new"))] {
            for after in [vec![], vec![but(task("CANCELLED"), json!({"id": "t2"}))]] {
                let mut looks = Looks::of(spec.clone());
                let first = looks.next(vec![candidate.clone()], extending());
                assert_eq!(first.goal, Goal::Unclear, "{candidate}: {}", first.seen);
                for _ in 0..3 {
                    let seen = looks.next(after.clone(), instance());
                    assert_eq!(seen.goal, Goal::Unclear, "{candidate}: {}", seen.seen);
                    assert!(seen.seen.contains("ask t1"), "{}", seen.seen);
                    assert!(seen.seen.contains("console"), "{}", seen.seen);
                    assert_eq!(task_of(&seen), None);
                    assert_eq!(change_pending(&seen), ConditionStatus::Unknown);
                }
            }
        }
    }
}

#[test]
fn an_unclear_candidate_that_vanishes_and_shows_is_too_late() {
    let too_late = lost(Reason::TOO_LATE, Evidence::Presence);
    let no_time = but(task("WAITING"), json!({"created_at": null}));
    for spec in [wanted(None), wanted(Some("new"))] {
        let mut looks = Looks::of(spec);
        looks.next(vec![no_time.clone()], instance());
        for _ in 0..2 {
            let seen = looks.next(vec![], with_spec("new"));
            assert_eq!(seen.goal, too_late, "{}", seen.seen);
            assert!(seen.seen.contains("ask t1"), "{}", seen.seen);
        }
    }
    let bare = but(task("WAITING"), json!({"name": null, "details": null}));
    let mut looks = Looks::of(wanted(Some("new")));
    looks.next(vec![bare], instance());
    let seen = looks.next(vec![], with_spec("new"));
    assert_eq!(seen.goal, too_late, "{}", seen.seen);
}

#[test]
fn each_of_several_unclear_candidates_is_remembered() {
    let no_time = |id: &str| but(task("WAITING"), json!({"id": id, "created_at": null}));
    let mut looks = Looks::of(wanted(None));
    looks.next(vec![no_time("t1"), no_time("t2")], instance());
    // One is understood as another change, the other is gone.
    let later = but(
        task("WAITING"),
        json!({"created_at": "2026-11-22T00:00:00Z"}),
    );
    let seen = looks.next(vec![later.clone()], instance());
    assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
    assert!(seen.seen.contains("ask t2"), "{}", seen.seen);
    let again = looks.next(vec![later], instance());
    assert_eq!(again.seen, seen.seen, "stable");
}

#[test]
fn an_unclear_candidate_that_is_understood_later_is_judged_then() {
    let no_time = but(task("WAITING"), json!({"created_at": null}));
    let later = but(
        task("WAITING"),
        json!({"created_at": "2026-11-22T00:00:00Z"}),
    );
    for (now, goal) in [
        (vec![task("WAITING")], act()),
        (vec![task("CANCELLED")], Goal::Reached(NOTHING)),
        (vec![later], Goal::Reached(NOTHING)),
    ] {
        let mut looks = Looks::of(wanted(None));
        looks.next(vec![no_time.clone()], instance());
        let seen = looks.next(now, instance());
        assert_eq!(seen.goal, goal, "{}", seen.seen);
    }
    // Another one that fits and waits is still cancelled.
    let mut looks = Looks::of(wanted(None));
    looks.next(vec![no_time], instance());
    let other = but(task("WAITING"), json!({"id": "t2"}));
    let seen = looks.next(vec![other], instance());
    assert_eq!(seen.goal, act(), "{}", seen.seen);
    assert_eq!(task_of(&seen).as_deref(), Some("t2"));
}

#[test]
fn another_task_that_was_not_understood_and_vanishes_is_unclear() {
    let unknown = but(
        task("WAITING"),
        json!({"id": "t2", "name": "NewTask", "details": null}),
    );
    let no_id = but(task("WAITING"), json!({"id": null}));
    for member in [unknown, no_id, json!(null)] {
        for spec in [spec(), wanted(None)] {
            let mut looks = Looks::of(spec);
            let first = looks.next(vec![member.clone()], instance());
            assert_eq!(first.goal, Goal::Unclear, "{member}: {}", first.seen);
            for _ in 0..2 {
                let seen = looks.next(vec![], instance());
                assert_eq!(seen.goal, Goal::Unclear, "{member}: {}", seen.seen);
                assert!(seen.seen.contains("console"), "{}", seen.seen);
            }
            // The task itself is judged as ever.
            let seen = looks.next(vec![task("WAITING")], instance());
            assert_eq!(seen.goal, act(), "{}", seen.seen);
        }
    }
}

#[test]
fn however_many_are_not_understood_the_status_takes_it() {
    let tasks: Vec<Value> = (0..40)
        .map(|n| {
            let id = format!("{n:02}-{}", "x".repeat(n * 3));
            but(task("WAITING"), json!({"id": id, "created_at": null}))
        })
        .collect();
    let mut looks = Looks::of(wanted(None));
    for now in [tasks, vec![], vec![]] {
        let seen = looks.next(now, instance());
        assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
        let stored = serde_json::to_value(&seen.observed).expect("JSON");
        let ids = stored["unclearTasks"].as_array().expect("ids");
        assert!((1..=16).contains(&ids.len()), "{}", ids.len());
        for id in ids {
            assert!(id.as_str().expect("a text").len() <= 64);
        }
    }
}
