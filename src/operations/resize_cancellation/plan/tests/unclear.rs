//! Every field of both reads made null, missing, empty, or of another form, in each
//! stage of the operation: what comes of it is never more than what is understood.

use super::*;

/// What each field is made.
fn forms() -> [Value; 7] {
    [
        json!(null),
        json!("absent"),
        json!(""),
        json!("something else"),
        json!(17),
        json!({"unexpected": []}),
        json!([]),
    ]
}

fn full_task(status: &str) -> Value {
    let details = json!({
        "old_resource_spec_code": "old", "new_resource_spec_code": "new",
        "old_capacity": "4", "new_capacity": "8",
        "old_replica_num": "2", "new_replica_num": "3",
    });
    but(task(status), json!({"details": details}))
}

fn full_instance() -> Value {
    but(
        instance(),
        json!({"capacity_minor": null, "replica_count": 2}),
    )
}

fn wanted() -> ResizeCancellationSpec {
    ResizeCancellationSpec {
        task_id: None,
        pending_change: Some(PendingChange {
            created_before: Timestamp("2026-11-21T00:00:00Z".parse().expect("a time")),
            new_spec_code: Some("new".into()),
        }),
        ..spec()
    }
}

/// Every variant of that object with one field changed, and of its details.
fn variants(object: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for name in object.as_object().expect("an object").keys() {
        for form in forms() {
            let changed = but(object.clone(), json!({name: form}));
            all.push((format!("{name}: {form}"), changed));
        }
    }
    if let Some(details) = object["details"].as_object() {
        for name in details.keys() {
            for form in forms() {
                let details = but(object["details"].clone(), json!({name: form}));
                let changed = but(object.clone(), json!({"details": details}));
                all.push((format!("details.{name}: {form}"), changed));
            }
        }
    }
    all
}

/// While the change is pending, nothing says that it is not.
#[test]
fn no_field_of_another_form_makes_a_pending_change_end() {
    let extending = but(full_instance(), json!({"status": "EXTENDING"}));
    let mut readings = Vec::new();
    for (what, task) in variants(&full_task("WAITING")) {
        readings.push((what, task, extending.clone()));
    }
    for (what, instance) in variants(&extending) {
        readings.push((what, full_task("WAITING"), instance));
    }
    for spec in [spec(), wanted()] {
        for (what, task, instance) in &readings {
            // Then it is another task.
            if what.starts_with("id") {
                continue;
            }
            // It is another change, or a change that the instance shows.
            let another = ["details.new_resource_spec_code", "spec_code"];
            if another.iter().any(|name| what.starts_with(name)) && spec.task_id.is_none() {
                continue;
            }
            let first = assess(
                &spec,
                after(None),
                &facts(NOON, vec![full_task("WAITING")], extending.clone()),
            );
            for before in [None, Some(&first.observed)] {
                let facts = facts(NOON, vec![task.clone()], instance.clone());
                let seen = assess(&spec, after(before), &facts);
                assert!(
                    matches!(seen.goal, Goal::Act(_) | Goal::Wait(..) | Goal::Unclear),
                    "{what}: {:?} {}",
                    seen.goal,
                    seen.seen
                );
            }
        }
    }
}

/// After the change has run, nothing says that it was cancelled.
#[test]
fn no_field_of_another_form_makes_a_change_that_ran_a_success() {
    let ran = but(
        full_instance(),
        json!({"spec_code": "new", "capacity": 8, "replica_count": 3}),
    );
    let first = see(vec![full_task("WAITING")], full_instance());
    for (what, instance) in variants(&ran) {
        for tasks in [vec![], vec![full_task("CANCELLED")], vec![json!(null)]] {
            let seen = then(&first, tasks.clone(), instance.clone());
            assert!(
                !matches!(seen.goal, Goal::Reached(_) | Goal::Act(_)),
                "{what} {tasks:?}: {:?} {}",
                seen.goal,
                seen.seen
            );
        }
    }
}

/// A capacity-only change likewise, of which only one field tells.
#[test]
fn no_field_of_another_form_makes_a_larger_capacity_a_success() {
    let details = json!({"old_capacity": "4", "new_capacity": "8"});
    let change = but(task("WAITING"), json!({"details": details}));
    let first = see(vec![change], full_instance());
    for (what, instance) in variants(&but(full_instance(), json!({"capacity": 8}))) {
        let seen = then(&first, vec![], instance);
        assert!(
            !matches!(seen.goal, Goal::Reached(_)),
            "{what}: {:?} {}",
            seen.goal,
            seen.seen
        );
    }
}

/// A window that is not understood is neither open nor closed.
#[test]
fn a_window_that_is_not_understood_is_neither_open_nor_closed() {
    let mut readings = variants(&instance());
    readings.retain(|(what, _)| what.starts_with("maintain"));
    let mut unclear = 0;
    for (what, instance) in readings {
        let seen = assess(
            &spec(),
            after(None),
            &facts(INSIDE, vec![task("WAITING")], instance),
        );
        // "17" is an hour.
        if matches!(seen.goal, Goal::Unclear) {
            unclear += 1;
            assert!(seen.seen.contains("not understood"), "{}", seen.seen);
        } else {
            assert!(what.ends_with("17"), "{what}: {:?}", seen.goal);
        }
    }
    assert!(unclear >= 10, "{unclear}");
}

/// Nothing that is seen fails to be stored: what the CRD allows is kept.
#[test]
fn words_of_any_length_fit_into_the_status() {
    let long = "预".repeat(300);
    let task = but(task(&long), json!({"id": "t1"}));
    let instance = but(instance(), json!({"status": long, "spec_code": long}));
    let observed = see(vec![task], instance).observed;
    for word in [&observed.task_status, &observed.instance_status] {
        let bytes = word.as_deref().unwrap_or_default().len();
        assert!((60..=64).contains(&bytes), "{bytes}");
    }
    assert_eq!(
        observed.spec_code, None,
        "a code is kept whole or not at all"
    );
}
