use errand_engine::{Goal, Verdict};
use serde_json::json;

use super::stored::unexplained;
use super::*;
use crate::operations::reason_of_word;
use crate::operations::resize_cancellation::{CancelResize, ResizeCancellation};

/// An operation that was asked this, and answered so.
fn held(reason: &str, choices: &[&str], decision: &str) -> ResizeCancellation {
    let since = "2026-11-22T02:30:00Z";
    let object = json!({
        "apiVersion": "huawei.errand.cloud/v1alpha1",
        "kind": "ResizeCancellation",
        "metadata": {"name": "stop", "namespace": "ns", "uid": "u"},
        "spec": {
            "connectionRef": {"kind": "CloudConnection", "name": "c"},
            "instanceId": "dcs-1",
            "taskId": "task-1",
            "resolution": {"holdId": "h-1", "decision": decision},
        },
        "status": {
            "hold": {"id": "h-1", "reason": reason, "choices": choices, "since": since},
        },
    });
    serde_json::from_value(object).expect("an operation")
}

#[test]
fn only_a_decision_that_status_offers_answers_a_question() {
    for (reason, choices, decision, answers) in [
        (
            "AnswerUnknown",
            &["SendAgain", "GiveUp"][..],
            "SendAgain",
            true,
        ),
        // A newer Errand's question, which this one takes for that.
        ("AskedByANewerErrand", &["GiveUp"], "GiveUp", true),
        ("AskedByANewerErrand", &["GiveUp"], "SendAgain", false),
        ("ProofTimeout", &["LookAgain", "GiveUp"], "SendAgain", false),
    ] {
        let object = held(reason, choices, decision);
        let answered = stored::<CancelResize>(&object, false).wish.decision;
        assert_eq!(
            answered.is_some(),
            answers,
            "{reason} {choices:?} {decision}"
        );
        assert_eq!(approved(&object), answers && decision == "SendAgain");
    }
}

/// What an operation says that waits for its target, by how its call was answered:
/// as it was recorded before, or is with this very write.
fn says(answer: Answer, code_of_the_cloud: &str, recorded: bool) -> String {
    let refusal = Refusal {
        status: 400,
        code: code_of_the_cloud.into(),
        message: "Not now.".into(),
        ..Refusal::default()
    };
    let mut step = json!({
        "number": 1,
        "id": "s1",
        "name": "CancelInstanceResize",
        "writer": "0000000000000007",
        "intendedAt": "2026-11-22T02:30:00Z",
        "sendBefore": "2026-11-22T03:00:00Z",
    });
    if recorded {
        step["answer"] = json!(answer_word(answer).word());
        step["httpStatus"] = json!(refusal.status);
        step["code"] = json!(refusal.code);
        step["message"] = json!(refusal.message);
    }
    let mut object = held("", &[], "GiveUp");
    let status = json!({"steps": [step]});
    object.status = Some(serde_json::from_value(status).expect("a status"));
    let busy = code(Reason::TARGET_BUSY);
    let said = Said {
        refusal,
        reading: None,
    };
    let seen = Assessment::new(Goal::Wait(busy, None), "It is there.", Default::default());
    let rendering = Rendering::<CancelResize> {
        object: &object,
        change: Change {
            report: Report::Waiting(busy),
            answer: (!recorded).then_some((1, answer, Tick(0))),
            pin: Default::default(),
            handled: None,
            look_again: None,
            in_the_way: None,
        },
        assessment: Some(&seen),
        trouble: None,
        failed: None,
        said: (!recorded).then_some(&said),
        intent: None,
        at: None,
        locked_by: None,
        claimant: None,
        orphan: None,
        claim: None,
        now: Tick(0),
        random: 0,
    };
    rendering.status().summary.expect("a summary")
}

#[test]
fn a_refusal_that_no_look_explains_is_told_while_it_is_waited() {
    for recorded in [false, true] {
        assert_eq!(
            says(Answer::Refused(unexplained()), "DCS.4957", recorded),
            "It is there. CancelInstanceResize: DCS.4957: Not now."
        );
        for (answer, code) in [
            (Answer::Accepted, ""),
            (Answer::Refused(Verdict::Terminal), "DCS.4070"),
        ] {
            assert_eq!(says(answer, code, recorded), "It is there.", "{code}");
        }
    }
}

/// A question of a kind, by its reason's word.
fn of_kind(word: &str) -> EngineHold {
    EngineHold::OfKind(code(reason_of_word(word).expect("a reason")))
}

/// What is stored of a question, and what is read back, by its word alone.
#[test]
fn a_question_is_stored_and_read_by_its_own_word() {
    for (hold, word) in [
        (EngineHold::AnswerUnknown, "AnswerUnknown"),
        (EngineHold::OrphanUnknown, "OrphanUnknown"),
        (EngineHold::ProofTimeout, "ProofTimeout"),
        (EngineHold::NoRecord, "NoRecord"),
        (EngineHold::LedgerConflict, "LedgerConflict"),
        (
            of_kind("DesiredStateUnreachable"),
            "DesiredStateUnreachable",
        ),
        (of_kind("RefreshPausedOnFailure"), "RefreshPausedOnFailure"),
        (of_kind("RefreshPausedAtBatch"), "RefreshPausedAtBatch"),
    ] {
        assert_eq!(question(hold), word);
        let mut object = held("a reason of tomorrow", &["a choice of tomorrow"], "GiveUp");
        let status = object.status.as_mut().expect("a status");
        status.hold.as_mut().expect("a hold").question = Some(word.to_owned());
        let read = stored::<CancelResize>(&object, false).hold.expect("a hold");
        assert_eq!(
            read.hold, hold,
            "whatever its reason and choices are called"
        );
    }
}

/// Scripts and dashboards read status.hold.choices.
#[test]
fn a_question_offers_what_its_kind_says_and_then_to_give_up() {
    use crate::operations::instance_refresh::SteerRefresh;
    let offered = |word| choices::<SteerRefresh>(of_kind(word));
    let failed = offered("RefreshPausedOnFailure");
    assert_eq!(failed, ["Retry", "Continue", "GiveUp"]);
    let paused = offered("RefreshPausedAtBatch");
    assert_eq!(paused, ["Continue", "GiveUp"]);
    let unreachable = offered("DesiredStateUnreachable");
    assert_eq!(unreachable, ["LookAgain", "GiveUp"]);
    let shared = choices::<SteerRefresh>(EngineHold::ProofTimeout);
    assert_eq!(shared, ["LookAgain", "AssumeDone", "GiveUp"]);
}

/// The questions of version 0.1.0, as that wrote them.
#[test]
fn a_question_of_version_0_1_0_is_known_by_its_reason_and_choices() {
    for (reason, choices, hold) in [
        (
            "AnswerUnknown",
            &["SendAgain", "AssumeDone", "GiveUp"][..],
            EngineHold::AnswerUnknown,
        ),
        (
            "AnswerUnknown",
            &["AssumeDone", "GiveUp"],
            EngineHold::OrphanUnknown,
        ),
        (
            "ProofTimeout",
            &["LookAgain", "AssumeDone", "GiveUp"],
            EngineHold::ProofTimeout,
        ),
        ("NoRecord", &["SendAgain", "GiveUp"], EngineHold::NoRecord),
        (
            "LedgerConflict",
            &["LookAgain", "GiveUp"],
            EngineHold::LedgerConflict,
        ),
        (
            "DesiredStateUnreachable",
            &["LookAgain", "GiveUp"],
            of_kind("DesiredStateUnreachable"),
        ),
        (
            "RefreshPausedOnFailure",
            &["Retry", "Continue", "GiveUp"],
            of_kind("RefreshPausedOnFailure"),
        ),
        (
            "RefreshPausedAtBatch",
            &["Continue", "GiveUp"],
            of_kind("RefreshPausedAtBatch"),
        ),
    ] {
        let object = held(reason, choices, "GiveUp");
        let read = stored::<CancelResize>(&object, false).hold.expect("a hold");
        assert_eq!(read.hold, hold, "{reason} {choices:?}");
    }
}

/// A refusal means what it meant when it came, whatever the tables say now.
#[test]
fn a_recorded_refusal_is_read_by_the_words_that_were_recorded() {
    let mut object = held("AnswerUnknown", &[], "GiveUp");
    let read = |object: &ResizeCancellation| stored::<CancelResize>(object, false).steps[0].answer;
    for (reading, reason, expected) in [
        ("Terminal", None, Verdict::Terminal),
        (
            "Wait",
            Some("TargetBusy"),
            Verdict::Wait(code(Reason::TARGET_BUSY)),
        ),
        (
            "Blocked",
            Some("PermissionDenied"),
            Verdict::Blocked(code(Reason::PERMISSION_DENIED)),
        ),
        ("Retry", Some("Throttled"), Verdict::Retry),
        (
            "Lost",
            Some("TooLate"),
            Verdict::Lost(code(Reason::TOO_LATE)),
        ),
        ("Verify", None, unexplained()),
        ("Gone", None, unexplained()),
        ("of tomorrow", None, unexplained()),
    ] {
        let mut step = json!({
            "number": 1, "id": "s1", "name": "CancelInstanceResize", "writer": "7",
            "intendedAt": "2026-11-22T02:30:00Z", "sendBefore": "2026-11-22T03:00:00Z",
            // The table would say something else of it.
            "answer": "Refused", "httpStatus": 400, "code": "DCS.4107", "reading": reading,
        });
        if let Some(reason) = reason {
            step["readingReason"] = json!(reason);
        }
        let status = json!({"steps": [step]});
        object.status = Some(serde_json::from_value(status).expect("a status"));
        assert_eq!(read(&object), Some(Answer::Refused(expected)), "{reading}");
    }
}

/// What a failing plan says in its conditions, and one that would only wait.
#[test]
fn a_plan_is_ready_unless_executing_it_would_fail_or_need_somebody() {
    use crate::api::ConditionStatus::{False, True, Unknown};
    let busy = code(Reason::TARGET_BUSY);
    for (forecast, reason, ready, stalled) in [
        (Forecast::Sends, Reason::PLAN_READY, True, False),
        (
            Forecast::Ended(End::Succeeded(How::AlreadySatisfied)),
            Reason::PLAN_READY,
            True,
            False,
        ),
        (Forecast::Waits(busy), Reason::TARGET_BUSY, True, False),
        (Forecast::BeforeWindow, Reason::BEFORE_WINDOW, True, False),
        (Forecast::Resolves, Reason::RESOLVING_ANSWER, True, False),
        (
            Forecast::Blocked(code(Reason::PERMISSION_DENIED)),
            Reason::PERMISSION_DENIED,
            False,
            True,
        ),
        (
            Forecast::Held(EngineHold::NoRecord),
            Reason::NO_RECORD,
            False,
            True,
        ),
        (
            Forecast::Ended(End::Lost(code(Reason::INVALID_FOR_TARGET))),
            Reason::INVALID_FOR_TARGET,
            False,
            True,
        ),
        (
            Forecast::Ended(End::WindowMissed),
            Reason::WINDOW_MISSED,
            False,
            True,
        ),
    ] {
        let mut object = held("", &[], "GiveUp");
        object.status = None;
        let seen = Assessment::new(Goal::Wait(busy, None), "It is there.", Default::default());
        let change = Change {
            report: Report::Planned(forecast),
            answer: None,
            pin: Default::default(),
            handled: None,
            look_again: None,
            in_the_way: None,
        };
        let status = Rendering::<CancelResize> {
            object: &object,
            change,
            assessment: Some(&seen),
            trouble: None,
            failed: None,
            said: None,
            intent: None,
            at: None,
            locked_by: None,
            claimant: None,
            orphan: None,
            claim: None,
            now: Tick(0),
            random: 0,
        }
        .status();
        assert_eq!(status.state, Some(State::Planned));
        assert_eq!(status.outcome, None);
        let condition = |name: &str| {
            let mut all = status.conditions.iter();
            all.find(|c| c.type_ == name).expect("a shared condition")
        };
        assert_eq!(condition("Ready").reason, reason.to_string());
        assert_eq!(condition("Ready").status, ready, "{forecast:?}");
        assert_eq!(condition("Stalled").status, stalled, "{forecast:?}");
        assert_eq!(condition("Succeeded").status, Unknown, "{forecast:?}");
    }
}

/// Its answer was lost, and what came of the call is found in the cloud later.
#[test]
fn an_answer_that_is_known_by_looking_does_not_keep_what_was_said_while_it_was_not() {
    let mut object = held("", &[], "GiveUp");
    let step = json!({
        "number": 1,
        "id": "s1",
        "name": "CancelInstanceResize",
        "writer": "0000000000000007",
        "intendedAt": "2026-11-22T02:30:00Z",
        "sendBefore": "2026-11-22T03:00:00Z",
        "answer": "Unknown",
        "httpStatus": 502,
        "code": "APIGW.0201",
        "reading": "Verify",
        "message": "no readable answer: a time-out",
    });
    object.status = Some(serde_json::from_value(json!({"steps": [step]})).expect("a status"));
    let seen = Assessment::new(
        Goal::Wait(code(Reason::TARGET_BUSY), None),
        "It is there.",
        Default::default(),
    );
    let status = Rendering::<CancelResize> {
        object: &object,
        change: Change {
            report: Report::Verifying,
            answer: Some((1, Answer::Accepted, Tick(0))),
            pin: Default::default(),
            handled: None,
            look_again: None,
            in_the_way: None,
        },
        assessment: Some(&seen),
        trouble: None,
        failed: None,
        said: None,
        intent: None,
        at: None,
        locked_by: None,
        claimant: None,
        orphan: None,
        claim: None,
        now: Tick(0),
        random: 0,
    }
    .status();
    let step = &status.steps[0];
    assert_eq!(step.answer, Some(AnswerWord::Accepted));
    assert_eq!((step.http_status, step.code.as_deref()), (None, None));
    assert_eq!(step.reading, None);
    let message = step.message.as_deref().unwrap_or_default();
    assert!(message.contains("found in the cloud"), "{message}");
}

#[test]
fn conditions_of_others_go_where_the_schema_takes_no_more() {
    let mut all: Vec<u32> = (0..18).collect();
    limit(&mut all, |n| n % 2 == 1);
    assert_eq!(all.len(), 16);
    assert!(!all.contains(&16) && !all.contains(&14), "{all:?}");
    let mut ours: Vec<u32> = (0..18).collect();
    limit(&mut ours, |_| true);
    assert_eq!(ours.len(), 18, "ours stay");
}

#[test]
fn the_object_of_an_orphaned_call_is_named_in_its_own_namespace_only() {
    let told = |namespace: &str| {
        let claim = json!({
            "stepId": "w-1", "number": 1, "step": "CreateChangeOrder", "writer": "w",
            "object": {
                "kind": "DesktopOrder", "namespace": namespace, "name": "bigger", "uid": "v",
            },
            "operationKey": "k", "bodyDigest": "d", "body": "{}",
            "claimedAt": "2026-11-22T02:30:00Z", "sendBefore": "2026-11-22T03:00:00Z",
        });
        let claim: LedgerClaim = serde_json::from_value(claim).expect("a claim");
        let mut object = held("", &[], "GiveUp");
        object.status = None;
        let rendering = Rendering::<CancelResize> {
            object: &object,
            change: Change {
                report: Report::Held(EngineHold::OrphanUnknown),
                answer: None,
                pin: Default::default(),
                handled: None,
                look_again: None,
                in_the_way: None,
            },
            assessment: None,
            trouble: None,
            failed: None,
            said: None,
            intent: None,
            at: None,
            locked_by: None,
            claimant: None,
            orphan: Some(&claim),
            claim: None,
            now: Tick(0),
            random: 0,
        };
        rendering.status().summary.expect("a summary")
    };
    assert!(told("ns").contains("DesktopOrder bigger"), "{}", told("ns"));
    let other = told("team-b");
    assert!(
        other.contains("DesktopOrder in another namespace"),
        "{other}"
    );
    for secret in ["bigger", "team-b"] {
        assert!(!other.contains(secret), "{other}");
    }
}
