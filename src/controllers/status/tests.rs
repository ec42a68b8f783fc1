use serde_json::json;

use super::*;
use crate::api::ResizeCancellation;
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
