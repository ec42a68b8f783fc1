use errand_engine::{Goal, Verdict};
use serde_json::json;

use super::stored::VERIFY;
use super::*;
use crate::api::ResizeCancellation;
use crate::operations::code;
use crate::operations::resize_cancellation::CancelResize;

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
        step["answer"] = json!(format!("{:?}", answer_word(answer)));
        step["httpStatus"] = json!(refusal.status);
        step["code"] = json!(refusal.code);
        step["message"] = json!(refusal.message);
    }
    let mut object = held("", &[], "GiveUp");
    let status = json!({"steps": [step]});
    object.status = Some(serde_json::from_value(status).expect("a status"));
    let busy = code(Reason::TargetBusy);
    let seen = Assessment::new(Goal::Wait(busy, None), "It is there.", Default::default());
    let rendering = Rendering::<CancelResize> {
        object: &object,
        change: Change {
            report: Report::Waiting(busy),
            answer: (!recorded).then_some((1, answer, Tick(0))),
            pin: Default::default(),
            handled: None,
            look_again: None,
        },
        assessment: Some(&seen),
        trouble: None,
        said: (!recorded).then_some(&refusal),
        intent: None,
        claimant: None,
        orphan_of: None,
        now: Tick(0),
        random: 0,
    };
    rendering.status().summary.expect("a summary")
}

#[test]
fn a_refusal_that_no_look_explains_is_told_while_it_is_waited() {
    for recorded in [false, true] {
        assert_eq!(
            says(Answer::Refused(VERIFY), "DCS.4957", recorded),
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
