use errand_engine::{Span, Tick};

use super::*;
use crate::cloud::huawei::clouddc::InstanceError;
use crate::operations::Kind;
use crate::operations::instance_observation::ObserveInstance;

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

fn instance(state: &str, operation: Option<&str>) -> Facts {
    Facts {
        instance: Some(InstanceStatus {
            state: state.into(),
            operation_state: operation.map(str::to_owned),
            ..InstanceStatus::default()
        }),
        shared_since: None,
    }
}

const GONE: Facts = Facts {
    instance: None,
    shared_since: None,
};

fn goal(until: serde_json::Value, state: &str, operation: Option<&str>) -> Goal {
    assess(&asking(until), &instance(state, operation)).goal
}

fn reached() -> Goal {
    Goal::Reached(Evidence::Presence)
}

fn unreachable(evidence: Evidence) -> Goal {
    Goal::Lost(code(Reason::StateUnreachable), evidence)
}

fn waits() -> Goal {
    Goal::Wait(code(Reason::AwaitingState), Some(Span(120_000)))
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
        Reason::Observed
    );
}

#[test]
fn a_wanted_state_is_reached_however_it_is_spelled() {
    let until = serde_json::json!({"states": ["shutting_down", "stopped"]});
    assert_eq!(goal(until.clone(), "shutting-down", None), reached());
    assert_eq!(goal(until.clone(), "STOPPED", None), reached());
    assert_eq!(goal(until.clone(), "running", None), waits());
    assert_eq!(ObserveInstance::done(&asking(until)), Reason::Reached);
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
    assert_eq!(
        goal(alone.clone(), "error", None),
        waits(),
        "it may yet be mended"
    );
    assert_eq!(goal(alone, "pending", None), waits());
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
    let not_found = Goal::Lost(code(Reason::TargetNotFound), Evidence::Absence);
    assert_eq!(never.goal, not_found);
    let object = seen_before(asking(until), "shutting-down");
    assert_eq!(
        assess(&object, &GONE).goal,
        Goal::Reached(Evidence::Absence)
    );
    let running = seen_before(
        asking(serde_json::json!({"states": ["running"]})),
        "stopped",
    );
    assert_eq!(assess(&running, &GONE).goal, unreachable(Evidence::Absence));
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
    let mut facts = instance("error", None);
    let long = "x".repeat(2000);
    facts.instance.as_mut().expect("there").error = Some(InstanceError {
        code: Some("CloudDC.0001".into()),
        msg: Some(long),
        error_type: None,
    });
    let seen = assess(&asking(serde_json::Value::Null), &facts);
    assert_eq!(seen.observed.error_code.as_deref(), Some("CloudDC.0001"));
    assert_eq!(seen.observed.error_message.map(|m| m.len()), Some(512));
    assert!(
        seen.seen
            .starts_with("Instance i-1 is error. The cloud says: CloudDC.0001 ")
    );
}
