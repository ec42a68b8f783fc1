//! What `errand why` says of an object, by its status.

use errand::operations::reasons;

use super::*;
use crate::cli::types::named;

#[test]
fn a_code_means_what_the_table_of_the_called_service_says() {
    let means = |call: &str, status: u16, code: &str| {
        meant(&serde_json::json!({"call": call, "httpStatus": status, "code": code}))
    };
    let of_dcs = |status, code| means("ListBackgroundTask", status, code);
    assert_eq!(of_dcs(403, "DCS.2003"), " (the key lacks a permission)");
    assert_eq!(of_dcs(403, "DCS.2999"), " (the key lacks a permission)");
    // Of a proxy, or of another service.
    for (status, code) in [
        (404, "nope"),
        (401, "unauthorized"),
        (403, "policy_denied"),
        (429, "slow_down"),
        (404, ""),
        (200, "AuthFailure.TokenFailure"),
    ] {
        assert_eq!(of_dcs(status, code), "", "{status} {code}");
    }
    let step = serde_json::json!({"name": "ResumeInstanceRefresh RETRY", "httpStatus": 200,
        "code": "UnauthorizedOperation"});
    assert!(meant(&step).starts_with(" ("));
    assert_eq!(means("NoSuchCall", 403, "DCS.2003"), "");
}

fn shown(data: Value) -> String {
    shown_of("rsc/stop", data)
}

fn shown_of(object: &str, data: Value) -> String {
    let place = Place {
        named: named(object),
        namespace: "team".to_owned(),
        program: "errand",
        everywhere: false,
    };
    let mut object = DynamicObject::new("stop", &place.named.type_.resource);
    object.metadata.generation = Some(1);
    object.data = data;
    page(&place, &object, None, None)
}

#[test]
fn a_status_with_missing_or_malformed_fields_is_shown_as_far_as_it_can_be_read() {
    let odd = [
        serde_json::json!(null),
        serde_json::json!({"status": 7}),
        serde_json::json!({"status": {"conditions": {"type": "Ready"}, "steps": "x", "hold": []}}),
        serde_json::json!({"status": {
            "state": 3, "outcome": {}, "observed": [1], "conditions": [null, {"type": "Ready"}],
            "steps": [null, 4, {"number": "one", "name": null, "code": "a\u{1b}[2Jb\nc"}],
            "stepCount": -1, "plan": {"steps": {}}, "hold": {"choices": [null, 2, "Maybe"]},
        }}),
    ];
    for data in odd {
        let page = shown(data);
        assert!(page.starts_with("Object:     ResizeCancellation team/stop\n"));
        assert!(page.contains("\nNext:"), "{page}");
        assert!(!page.contains('\u{1b}'), "{page}");
    }
}

#[test]
fn every_reason_says_what_to_do_now() {
    for reason in reasons() {
        let page = shown(serde_json::json!({"status": {
            "observedGeneration": 1,
            "conditions": [{"type": "Ready", "reason": reason.to_string()}],
        }}));
        assert!(page.contains(reason.meaning()), "{page}");
        let next = page.lines().find(|line| line.starts_with("Next:"));
        assert!(next.is_some_and(|line| line.len() > 20), "{page}");
        assert!(page.contains("\nNext:"), "{page}");
    }
}

/// Whatever the sentence in the summary is: what holds the target is stored.
#[test]
fn the_holder_of_a_target_is_read_from_its_own_field() {
    let locked = |locked_by: Value| {
        shown(serde_json::json!({"status": {
            "state": "Waiting", "observedGeneration": 1,
            "summary": "DesktopOrder elsewhere/other: another sentence.",
            "lockedBy": locked_by,
            "conditions": [{"type": "Ready", "reason": "TargetLocked"}],
        }}))
    };
    let here =
        locked(serde_json::json!({"kind": "DesktopOrder", "name": "bigger", "ledger": "ledger-1"}));
    assert!(
        here.contains("errand why desktoporder/bigger -n team"),
        "{here}"
    );
    let elsewhere = locked(serde_json::json!({"kind": "DesktopOrder", "ledger": "ledger-1"}));
    assert!(
        elsewhere.contains("OperationLedger ledger-1"),
        "{elsewhere}"
    );
    assert!(!elsewhere.contains("errand why"), "{elsewhere}");
}

#[test]
fn a_plan_that_would_fail_is_not_advised_to_be_executed() {
    for (reason, ready, executes) in [
        ("PlanReady", "True", true),
        ("TargetBusy", "True", true),
        ("InvalidForTarget", "False", false),
        ("TargetNotFound", "False", false),
        ("PermissionDenied", "False", false),
        ("NoRecord", "False", false),
    ] {
        let page = shown(serde_json::json!({"status": {
            "state": "Planned", "observedGeneration": 1,
            "conditions": [{"type": "Ready", "reason": reason, "status": ready}],
        }}));
        assert_eq!(page.contains(r#""mode":"Execute""#), executes, "{page}");
    }
}

/// A reason may have several causes, and each is fixed elsewhere.
#[test]
fn the_advice_is_about_the_cause() {
    const EDIT: &str = "kubectl edit cloudconnection";
    let ceiling =
        "--paid-operations of the operator (chart value operator.paidOperations) is Forbid";
    let labels = "--paid-namespace-selector of the operator is pays=yes, which the labels of namespace team do not match";
    let policy = "policy.paidOperations of the connection is Forbid";
    let both = format!("{ceiling}; {policy}; this operation needs ManualPayment.");
    let host = "CloudConnection c: the host x.example is not one of the vendor's. Have an administrator add the flag --allow-endpoint=x.example.";
    for (reason, cause, says, not) in [
        ("PaidOperationsForbidden", ceiling, "administrators", EDIT),
        ("PaidOperationsForbidden", labels, "administrators", EDIT),
        ("PaidOperationsForbidden", policy, EDIT, "administrators"),
        ("PaidOperationsForbidden", &both, EDIT, "-"),
        ("PaidOperationsForbidden", &both, "administrators", "-"),
        (
            "ConnectionMismatch",
            "CloudConnection c is not of Volcengine. Correct connectionRef.",
            "kubectl get cloudconnections",
            EDIT,
        ),
        (
            "ConnectionMismatch",
            "The operator was not told which cluster this is (--cluster-id), so it sends nothing that costs money.",
            "administrators",
            EDIT,
        ),
        (
            "ConnectionMismatch",
            "policy.clusterId of the connection is other, and this cluster is here.",
            "set policy.clusterId",
            "administrators",
        ),
        ("ConnectionNotReady", host, "administrators", "-"),
        (
            "IntentNotStored",
            "The recorded call is not the one that Errand was about to send, so nothing is sent. Check who else writes the status of this object.",
            "--show-managed-fields",
            "errand crds",
        ),
        (
            "IntentNotStored",
            "The API server did not keep the record of the call.",
            "errand crds",
            "--show-managed-fields",
        ),
        (
            "ConnectionNotReady",
            "The connection's spec is invalid.",
            EDIT,
            "administrators",
        ),
    ] {
        let page = shown(serde_json::json!({
            "spec": {"connectionRef": {"kind": "CloudConnection", "name": "c"}},
            "status": {
                "state": "Blocked", "observedGeneration": 1, "summary": cause,
                "conditions": [{"type": "Ready", "reason": reason, "status": "False"}],
            },
        }));
        let can = page.split("You can:").nth(1).unwrap_or_default();
        assert!(can.contains(says), "{says}: {page}");
        assert!(not == "-" || !can.contains(not), "{not}: {page}");
    }
}

#[test]
fn another_way_comes_after_the_choices() {
    for object in ["irf/stop", "sir/stop"] {
        let page = shown_of(
            object,
            serde_json::json!({"status": {
                "state": "Held", "observedGeneration": 1,
                "hold": {"id": "h-1", "reason": "DesiredStateUnreachable",
                    "choices": ["LookAgain", "GiveUp"]},
                "conditions": [
                    {"type": "Ready", "reason": "DesiredStateUnreachable", "status": "False"},
                ],
            }}),
        );
        let at = |words: &str| {
            page.find(words)
                .unwrap_or_else(|| panic!("{words}: {page}"))
        };
        let (other, choices) = (at("Or ask for what it is"), ["LookAgain:", "GiveUp:"]);
        assert!(choices.iter().all(|choice| at(choice) < other), "{page}");
    }
}

/// It is about the cluster, whatever else the reason is given for.
#[test]
fn another_cluster_is_not_reported_as_another_cloud() {
    for cause in [
        "The operator was not told which cluster this is (--cluster-id), so it sends nothing that costs money.",
        "policy.clusterId of the connection is other, and this cluster is here.",
        "CloudConnection c is not of Volcengine. Correct connectionRef.",
    ] {
        let page = shown(serde_json::json!({"status": {
            "state": "Blocked", "observedGeneration": 1, "summary": cause,
            "conditions": [{"type": "Ready", "reason": "ConnectionMismatch", "status": "False"}],
        }}));
        let words: Vec<&str> = page.split_whitespace().collect();
        let page = words.join(" ");
        assert!(page.contains(cause), "{page}");
        assert!(!page.contains("of another cloud"), "{page}");
    }
}

#[test]
fn a_pause_after_a_401_is_named_with_its_reason_near_a_deadline_too() {
    for (state, reason) in [
        ("Waiting", "CloudRefuses"),
        ("Blocked", "CredentialsRejected"),
    ] {
        let page = shown(serde_json::json!({"status": {
            "state": state, "observedGeneration": 1,
            "lastCloudError": {"call": "ShowInstance", "httpStatus": 401},
            "conditions": [{"type": "Ready", "reason": reason, "status": "False"}],
        }}));
        let next = page.lines().find(|line| line.starts_with("Next:"));
        let next = next.unwrap_or_default();
        for words in ["every 5 min", "bad signatures lock a key"] {
            assert!(next.contains(words), "{next}");
        }
        assert!(!next.contains("every 30 s"), "{next}");
    }
}

#[test]
fn a_missing_service_role_is_not_asked_of_the_owner_of_the_key() {
    let page = shown(serde_json::json!({"status": {
        "state": "Blocked", "observedGeneration": 1, "lastCloudError": {
            "call": "CancelInstanceRefresh", "httpStatus": 200,
            "code": "UnauthorizedOperation.AutoScalingRoleUnauthorized",
        },
        "conditions": [{"type": "Ready", "reason": "PermissionDenied", "status": "False"}],
    }}));
    let can = page.split("You can:").nth(1).unwrap_or_default();
    assert!(
        can.contains("AS_QCSRole") && !can.contains("access key"),
        "{page}"
    );
}

#[test]
fn the_missing_permission_and_what_decodes_the_denial_are_named() {
    let denied = |error: Value| {
        let page = shown(serde_json::json!({"status": {
            "state": "Blocked", "observedGeneration": 1, "lastCloudError": error,
            "conditions": [{"type": "Ready", "reason": "PermissionDenied", "status": "False"}],
        }}));
        page.split_once("You can:").expect("advice").1.to_owned()
    };
    let of_call = denied(serde_json::json!({"call": "ShowInstance", "code": "APIGW.0302"}));
    assert!(of_call.contains("dcs:instance:get"), "{of_call}");
    assert!(!of_call.contains("decode"), "{of_call}");
    let named = denied(serde_json::json!({
        "call": "CreateChangeOrder", "code": "WKS.1", "message": "no",
        "detail": "Policy doesn't allow ims:images:list to be performed.",
        "encodedAuthorizationMessage": "ENCODED", "requestId": "r-1",
    }));
    for word in [
        "permission ims:images:list.",
        "decode",
        "ENCODED",
        "request id: r-1",
        "detail: Policy",
    ] {
        assert!(named.contains(word), "{word}: {named}");
    }
    let address = denied(serde_json::json!({"call": "ShowInstance", "code": "APIG.0401"}));
    assert!(address.contains("allow list"), "{address}");
    assert!(!address.contains("grant"), "{address}");
    for code in [
        "APIGW.0310",
        "APIG.0304",
        "APIGW.0402",
        "APIGW.0802",
        "ServiceShouldCallSelfApi",
    ] {
        let place = denied(serde_json::json!({"call": "ShowInstance", "code": code}));
        assert!(
            place.contains("projectId") && !place.contains("grant"),
            "{place}"
        );
    }
    assert!(
        address.contains("errand.cloud/reconcile-requested-at"),
        "{address}"
    );
}

#[test]
fn a_held_operation_lists_its_choices_with_the_commands() {
    let page = shown(serde_json::json!({"status": {
        "state": "Held", "observedGeneration": 1,
        "steps": [{"number": 1, "name": "CancelInstanceResize",
            "intendedAt": "2026-01-01T00:00:00.000Z", "answer": "Unknown"}],
        "hold": {"id": "1-Answer", "since": "2026-01-01T01:00:00.000Z", "choices": ["GiveUp"]},
    }}));
    for wanted in [
        "
Steps:      #1 CancelInstanceResize, intended at 2026-01-01T00:00:00.000Z: Unknown
Hold:       1-Answer, since 2026-01-01T01:00:00.000Z
",
        "
            GiveUp: It is not wanted any more, or done by hand: end as Failed/GivenUp.
              errand resolve resizecancellation/stop -n team --decision GiveUp
",
    ] {
        assert!(page.contains(wanted), "{page}");
    }
}

#[test]
fn the_time_at_which_a_person_will_be_asked_is_told() {
    let next = |step: Value, spec: Value| {
        let page = shown(serde_json::json!({"spec": spec, "status": {
            "observedGeneration": 1, "steps": [step],
            "conditions": [{"type": "Ready", "reason": "Verifying"}],
        }}));
        let next = page.lines().find(|line| line.starts_with("Next:"));
        next.unwrap_or_default().to_owned()
    };
    let answered = serde_json::json!({"answeredAt": "2026-01-01T01:00:00.123Z"});
    let ten_minutes = serde_json::json!({"verifyTimeout": "10m"});
    let told = next(answered.clone(), ten_minutes.clone());
    assert!(told.contains("by 2026-01-01T01:10:00Z"), "{told}");
    let told = next(answered, Value::Null);
    assert!(told.contains("by 2026-01-01T02:00:00Z"), "{told}");
    let again = serde_json::json!({
        "answeredAt": "2026-01-01T01:00:00Z", "lookedAgainAt": "2026-01-01T03:00:00Z"
    });
    let told = next(again, ten_minutes);
    assert!(told.contains("by 2026-01-01T03:10:00Z"), "{told}");
    let told = next(serde_json::json!({"answeredAt": "soon"}), Value::Null);
    assert!(told.contains("the end of verifyTimeout"), "{told}");
}

#[test]
fn prose_is_broken_at_the_width_of_a_terminal_and_commands_never() {
    let place = Place {
        named: named("rsc/stop"),
        namespace: "team".to_owned(),
        program: "errand",
        everywhere: false,
    };
    let mut object = DynamicObject::new("stop", &place.named.type_.resource);
    object.metadata.generation = Some(1);
    object.data = serde_json::json!({"status": {
        "observedGeneration": 1,
        "conditions": [{"type": "Ready", "reason": "CredentialsRejected"}],
    }});
    let wide = page(&place, &object, None, None);
    for width in [40, 60, 80, 120] {
        let page = page(&place, &object, None, Some(width));
        for line in page.lines() {
            let command = line.trim_start().starts_with("kubectl ");
            assert!(command || line.len() <= width, "{width}: {line}");
        }
        let words =
            |page: &str| -> Vec<String> { page.split_whitespace().map(str::to_owned).collect() };
        assert_eq!(words(&page), words(&wide));
    }
    let command = |page: &str| page.lines().any(|line| line.ends_with("-f -"));
    assert!(command(&wide) && command(&page(&place, &object, None, Some(40))));
}
