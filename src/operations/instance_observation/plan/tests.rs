use errand_engine::{Span, Tick};

use super::*;
use crate::cloud::huawei::clouddc::InstanceError;
use crate::operations::Kind;
use crate::operations::instance_observation::{ObserveInstance, words};

fn asking(until: serde_json::Value) -> InstanceObservation {
    let mut spec = serde_json::json!({
        "connectionRef": {"kind": "CloudConnection", "name": "c"},
        "target": {"service": "CloudDC", "instanceId": "i-1"},
        "interval": "2m",
    });
    if !until.is_null() {
        spec["until"] = until;
    }
    serde_json::from_value(serde_json::json!({
        "apiVersion": "huawei.errand.cloud/v1alpha1",
        "kind": "InstanceObservation",
        "metadata": {"name": "o"},
        "spec": spec,
    }))
    .expect("an object")
}

fn seen_before(mut object: InstanceObservation, state: &str) -> InstanceObservation {
    let status = serde_json::json!({"observed": {"instanceState": state}});
    object.status = serde_json::from_value(status).expect("status");
    object
}

fn text(text: &str) -> Field<String> {
    Field::Known(text.to_owned())
}

fn found(instance: InstanceStatus) -> Facts {
    Facts {
        instance: Found::There(instance),
        at: Tick(0),
        shared_since: None,
    }
}

fn instance(state: &str, operation: Option<&str>) -> Facts {
    found(InstanceStatus {
        state: text(state),
        operation_state: operation.map(str::to_owned).into(),
        ..InstanceStatus::default()
    })
}

const GONE: Facts = Facts {
    instance: Found::NotThere,
    at: Tick(0),
    shared_since: None,
};

fn goal(until: serde_json::Value, state: &str, operation: Option<&str>) -> Goal {
    assess(&asking(until), &instance(state, operation)).goal
}

fn reached() -> Goal {
    Goal::Reached(Evidence::Presence)
}

fn unreachable(evidence: Evidence) -> Goal {
    Goal::Lost(code(words::STATE_UNREACHABLE), evidence)
}

fn waits() -> Goal {
    Goal::Wait(code(words::AWAITING_STATE), Some(Span(120_000)))
}

#[test]
fn without_until_one_reading_is_the_result_whatever_it_says() {
    for word in ["running", "error", "a-word-of-tomorrow", "terminated"] {
        assert_eq!(
            goal(serde_json::Value::Null, word, None),
            reached(),
            "{word}"
        );
    }
    assert_eq!(
        ObserveInstance::done(&asking(serde_json::Value::Null)),
        words::OBSERVED
    );
}

#[test]
fn a_wanted_state_is_reached_however_it_is_spelled() {
    let until = serde_json::json!({"states": ["shutting_down", "stopped"]});
    assert_eq!(goal(until.clone(), "shutting-down", None), reached());
    assert_eq!(goal(until.clone(), "STOPPED", None), reached());
    assert_eq!(goal(until.clone(), "running", None), waits());
    assert_eq!(ObserveInstance::done(&asking(until)), words::REACHED);
}

#[test]
fn settled_waits_until_nothing_is_being_done() {
    let until = serde_json::json!({"states": ["running"], "settled": true});
    assert_eq!(
        goal(until.clone(), "running", Some("install-processing")),
        waits()
    );
    assert_eq!(
        goal(until.clone(), "running", Some("install-succeed")),
        reached()
    );
    let alone = serde_json::json!({"settled": true});
    assert_eq!(goal(alone.clone(), "stopped", None), reached());
    assert_eq!(goal(alone, "pending", None), waits());
}

#[test]
fn what_has_failed_does_not_settle_by_itself_and_ends_it() {
    let lost = unreachable(Evidence::Presence);
    let reached = reached();
    for (until, state, operation, expected) in [
        (r#"{"settled": true}"#, "error", None, lost),
        (
            r#"{"settled": true}"#,
            "stopped",
            Some("install-failed"),
            lost,
        ),
        (
            r#"{"settled": true}"#,
            "running",
            Some("modify_ip_failed"),
            lost,
        ),
        (
            r#"{"settled": true, "states": ["running"]}"#,
            "error",
            None,
            lost,
        ),
        (
            r#"{"settled": true, "states": ["running"]}"#,
            "running",
            Some("reinstall-failed"),
            lost,
        ),
        // What fails may be what is asked for.
        (
            r#"{"settled": true, "states": ["error"]}"#,
            "error",
            Some("install-failed"),
            reached,
        ),
        (
            r#"{"settled": true, "states": ["error"]}"#,
            "error",
            None,
            reached,
        ),
        // It is being repaired, or deleted, or not asked to settle.
        (
            r#"{"settled": true}"#,
            "error",
            Some("reinstall-processing"),
            waits(),
        ),
        (
            r#"{"settled": true}"#,
            "shutting-down",
            Some("install-failed"),
            waits(),
        ),
        (
            r#"{"settled": true, "states": ["terminated"]}"#,
            "stopped",
            Some("install-failed"),
            waits(),
        ),
        (
            r#"{"settled": true, "states": ["terminated"]}"#,
            "error",
            None,
            lost,
        ),
        (
            r#"{"settled": true, "states": ["terminated"]}"#,
            "terminated",
            Some("uninstall-failed"),
            reached,
        ),
        (r#"{"states": ["running"]}"#, "error", None, waits()),
        (
            r#"{"states": ["stopped"]}"#,
            "stopped",
            Some("install-failed"),
            reached,
        ),
    ] {
        let asked = serde_json::from_str(until).expect("JSON");
        assert_eq!(
            goal(asked, state, operation),
            expected,
            "{until} {state} {operation:?}"
        );
    }
    let until = serde_json::json!({"settled": true});
    let seen = assess(&asking(until), &instance("error", None)).seen;
    assert!(seen.contains("settles no further by itself"), "{seen}");
}

#[test]
fn a_word_or_a_state_that_is_not_understood_concludes_nothing() {
    let settled = serde_json::json!({"settled": true});
    assert_eq!(
        goal(settled.clone(), "running", Some("a-word-of-tomorrow")),
        Goal::Unclear
    );
    let running = serde_json::json!({"states": ["running"]});
    let fails = serde_json::json!({"states": ["running"], "failOn": ["install-failed"]});
    let status = |state, operation_state| {
        found(InstanceStatus {
            state,
            operation_state,
            ..InstanceStatus::default()
        })
    };
    for state in [Field::Absent, Field::Unclear] {
        for until in [serde_json::Value::Null, settled.clone(), running.clone()] {
            let seen = assess(
                &asking(until.clone()),
                &status(state.clone(), Field::Absent),
            );
            assert_eq!(seen.goal, Goal::Unclear, "{until}");
            assert_eq!(seen.observed.instance_state, None);
        }
    }
    // An operation_state in another form matters where it is asked for.
    for (until, expected) in [
        (serde_json::Value::Null, reached()),
        (running, reached()),
        (settled, Goal::Unclear),
        (fails, Goal::Unclear),
    ] {
        let seen = assess(
            &asking(until.clone()),
            &status(text("running"), Field::Unclear),
        );
        assert_eq!(seen.goal, expected, "{until}");
    }
}

#[test]
fn a_state_that_is_named_as_a_failure_ends_it() {
    let until = serde_json::json!({"states": ["running"], "failOn": ["error", "install_failed"]});
    let lost = unreachable(Evidence::Presence);
    assert_eq!(goal(until.clone(), "error", None), lost);
    assert_eq!(goal(until.clone(), "stopped", Some("install-failed")), lost);
    assert_eq!(goal(until, "pending", None), waits());
}

#[test]
fn nothing_comes_after_terminated() {
    let running = serde_json::json!({"states": ["running"]});
    assert_eq!(
        goal(running, "terminated", None),
        unreachable(Evidence::Presence)
    );
    let terminated = serde_json::json!({"states": ["terminated"]});
    assert_eq!(goal(terminated, "terminated", None), reached());
}

#[test]
fn an_instance_that_is_gone_has_been_deleted_if_it_was_ever_seen() {
    let until = serde_json::json!({"states": ["terminated"]});
    let never = assess(&asking(until.clone()), &GONE);
    let not_found = Goal::Lost(
        code(Reason::TARGET_NOT_FOUND),
        Evidence::Absence(Witness::NOT_THERE),
    );
    assert_eq!(never.goal, not_found);
    let object = seen_before(asking(until), "shutting-down");
    assert_eq!(
        assess(&object, &GONE).goal,
        Goal::Reached(Evidence::Absence(Witness::FULL))
    );
    let running = seen_before(
        asking(serde_json::json!({"states": ["running"]})),
        "stopped",
    );
    assert_eq!(
        assess(&running, &GONE).goal,
        unreachable(Evidence::Absence(Witness::FULL))
    );
}

#[test]
fn a_shared_reading_says_when_it_was_taken() {
    let mut facts = instance("running", None);
    facts.shared_since = Some(Tick(7));
    let seen = assess(&asking(serde_json::Value::Null), &facts);
    assert_eq!(seen.shared_since, Some(Tick(7)));
}

#[test]
fn what_the_cloud_says_of_an_error_is_shown_and_bounded() {
    let facts = found(InstanceStatus {
        state: text("error"),
        error: Field::Known(InstanceError {
            code: text("CloudDC.0001"),
            msg: text(&"x".repeat(2000)),
            error_type: Field::Absent,
        }),
        ..InstanceStatus::default()
    });
    let seen = assess(&asking(serde_json::Value::Null), &facts);
    assert_eq!(seen.observed.error_code.as_deref(), Some("CloudDC.0001"));
    assert_eq!(seen.observed.error_message.map(|m| m.len()), Some(512));
    assert!(
        seen.seen
            .starts_with("Instance i-1 is error. The cloud says: CloudDC.0001 ")
    );
    let odd = found(InstanceStatus {
        state: text("error"),
        error: Field::Unclear,
        ..InstanceStatus::default()
    });
    let seen = assess(&asking(serde_json::Value::Null), &odd).seen;
    assert_eq!(
        seen,
        "Instance i-1 is error. It has an error that cannot be read."
    );
}

#[test]
fn a_reading_without_a_state_keeps_the_state_that_was_read_before() {
    for state in [Field::Absent, Field::Unclear] {
        let mut object = seen_before(
            asking(serde_json::json!({"states": ["terminated"]})),
            "shutting-down",
        );
        let without = InstanceStatus {
            state,
            ..InstanceStatus::default()
        };
        let looked = assess(&object, &found(without));
        assert_eq!(looked.goal, Goal::Unclear);
        object.status.as_mut().expect("status").observed = Some(looked.observed);
        let gone = Goal::Reached(Evidence::Absence(Witness::FULL));
        assert_eq!(assess(&object, &GONE).goal, gone);
    }
}

/// An error or an empty answer may be about any id.
#[test]
fn an_answer_without_a_state_does_not_show_an_instance() {
    let not_found = Goal::Lost(
        code(Reason::TARGET_NOT_FOUND),
        Evidence::Absence(Witness::NOT_THERE),
    );
    for first in [
        InstanceStatus::default(),
        InstanceStatus {
            state: Field::Unclear,
            operation_state: text("RESIZING"),
            ..InstanceStatus::default()
        },
    ] {
        for state in ["terminated", "running"] {
            let mut object = asking(serde_json::json!({"states": [state]}));
            let seen = assess(&object, &found(first.clone()));
            assert_eq!(seen.goal, Goal::Unclear, "{}", seen.seen);
            // As the API server keeps it; and as earlier versions wrote it.
            for observed in [
                serde_json::json!(seen.observed),
                serde_json::json!({"seen": true}),
            ] {
                let status = serde_json::json!({"observed": observed});
                object.status = serde_json::from_value(status).expect("status");
                let gone = assess(&object, &GONE);
                assert_eq!(gone.goal, not_found, "{}", gone.seen);
            }
        }
    }
}

fn later(facts: &Facts, seconds: i64) -> Facts {
    Facts {
        at: Tick(seconds * 1000),
        ..facts.clone()
    }
}

/// A state that passes while its own operation has failed: in one reading the word may be
/// left over from an earlier attempt.
#[test]
fn a_failed_transition_ends_it_when_observations_show_it_for_an_interval() {
    let settled = serde_json::json!({"settled": true});
    let deleted = serde_json::json!({"settled": true, "states": ["terminated"]});
    let failed = serde_json::json!({"settled": true, "states": ["error"]});
    let lost = unreachable(Evidence::Presence);
    for (until, state, operation, second) in [
        (&settled, "pending", "install-failed", lost),
        (&settled, "reinstalling", "reinstall_failed", lost),
        (&settled, "reinstalling", "switch-install-failed", lost),
        (&settled, "stopping", "power-off-fail", lost),
        (&settled, "stopping", "reboot-failed", lost),
        (&settled, "shutting_down", "uninstall-failed", lost),
        (&deleted, "shutting-down", "uninstall-failed", lost),
        // The state that it is about to fail into is asked for.
        (&failed, "pending", "install-failed", waits()),
        // Another operation failed earlier; this one is under way.
        (&settled, "shutting-down", "install-failed", waits()),
        (&settled, "reinstalling", "modify-ip-failed", waits()),
        (&settled, "pending", "install-processing", waits()),
        (&settled, "pending", "install-succeed", waits()),
        // Which operation that is, is not known.
        (&settled, "stopping", "x-failed", Goal::Unclear),
    ] {
        let mut object = asking(until.clone());
        let facts = instance(state, Some(operation));
        let first = assess(&object, &facts);
        let expected = if second == lost { waits() } else { second };
        assert_eq!(first.goal, expected, "first: {until} {state} {operation}");
        let status = serde_json::json!({"observed": first.observed});
        object.status = serde_json::from_value(status).expect("status");
        // The interval is two minutes.
        for (seconds, goal) in [(1, expected), (119, expected), (120, second), (600, second)] {
            let again = assess(&object, &later(&facts, seconds));
            assert_eq!(again.goal, goal, "{seconds}: {until} {state} {operation}");
        }
        // No observation in between, or the clock was set back.
        let earlier = assess(&object, &later(&facts, -300));
        assert_eq!(earlier.goal, expected, "{until} {state} {operation}");
        let long_after = assess(&object, &later(&facts, 601));
        assert_eq!(long_after.goal, expected, "{until} {state} {operation}");
        // It has moved on in between.
        let moving = instance(state, Some("install-processing"));
        let other = assess(&object, &later(&moving, 60));
        assert_eq!(other.goal, waits(), "{until} {state} {operation}");
        let status = serde_json::json!({"observed": other.observed});
        object.status = serde_json::from_value(status).expect("status");
        let failed_again = assess(&object, &later(&facts, 120));
        assert_eq!(failed_again.goal, expected, "{until} {state} {operation}");
    }
}

#[test]
fn it_says_what_it_waits_for_and_which_word_is_no_state() {
    let waits = |until: serde_json::Value| assess(&asking(until), &instance("pending", None)).seen;
    for (until, says) in [
        (
            serde_json::json!({"states": ["running"]}),
            "Errand waits for running.",
        ),
        (
            serde_json::json!({"states": ["running", "Stopped"], "settled": true}),
            "Errand waits for running or Stopped, and until nothing is being done with it.",
        ),
        (
            serde_json::json!({"settled": true}),
            "Errand waits until nothing is being done with it.",
        ),
        (
            serde_json::json!({"states": ["runing"]}),
            "Errand waits for runing. runing is no documented state: if it is a mistake, correct spec.until.",
        ),
    ] {
        let seen = waits(until);
        assert!(seen.ends_with(says), "{seen}");
    }
    let seen = assess(
        &asking(serde_json::json!({"states": ["running"]})),
        &instance("running", None),
    );
    assert!(!seen.seen.contains("waits"), "{}", seen.seen);
}
