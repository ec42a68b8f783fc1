//! What the clouds say reaches the user: twelve refusals of the three clouds, each with
//! the whole page of `errand why`, in one bed.

use errand_simulator::{
    DcsInstance, Fault, FaultKind, RefreshActivity, RefreshStatus, Reservation, Seed,
    WorkspaceDesktop,
};
use errand_testbed::Bed;

use crate::support::*;
use crate::why::assert_why_of;

/// Kind, name, API, HTTP status, code, message, and how it ends up.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    u16,
    &'static str,
    &'static str,
    &'static str,
);

const CASES: [Case; 12] = [
    (
        "rsc",
        "unlisted",
        "dcs.CancelInstanceResize",
        400,
        "DCS.9999",
        "The quota of the account is used up.",
        "CloudRefuses",
    ),
    (
        "rsc",
        "denied",
        "dcs.CancelInstanceResize",
        403,
        "DCS.2999",
        "Policy doesn't allow dcs:instance:cancelResizeTask to be performed.",
        "PermissionDenied",
    ),
    (
        "rsc",
        "unread",
        "dcs.ShowInstance",
        400,
        "DCS.9998",
        "The request is not complete.",
        "CloudRefuses",
    ),
    (
        "rsc",
        "proxy",
        "dcs.CancelInstanceResize",
        403,
        "",
        "Forbidden by the proxy",
        "CloudRefuses",
    ),
    (
        "dor",
        "closed",
        "workspace.CreateChangeOrder",
        400,
        "WKS.00010099",
        "The service is not open.",
        "Refused",
    ),
    (
        "sir",
        "project",
        "ecs.DeleteScheduledInstance",
        403,
        "LackProjectPolicy",
        "The request is not authorized in project default.",
        "PermissionDenied",
    ),
    (
        "sir",
        "late",
        "ecs.DeleteScheduledInstance",
        412,
        "OperationDenied.LatestCancelTime",
        "The latest cancel time has passed.",
        "TooLate",
    ),
    (
        "sir",
        "region",
        "ecs.DescribeScheduledInstances",
        400,
        "UnsupportedRegion",
        "The service is not offered in this region.",
        "ConnectionMismatch",
    ),
    (
        "irf",
        "address",
        "as.CancelInstanceRefresh",
        200,
        "IpNotInWhitelist",
        "The source address is not on the allow list.",
        "PermissionDenied",
    ),
    (
        "irf",
        "new-code",
        "as.CancelInstanceRefresh",
        200,
        "FailedOperation.SomethingNew",
        "The refresh cannot be cancelled by this account.",
        "CloudRefuses",
    ),
    (
        "irf",
        "disabled",
        "as.CancelInstanceRefresh",
        200,
        "ResourceUnavailable.AutoScalingGroupDisabled",
        "The group is disabled.",
        "Refused",
    ),
    (
        "dor",
        "balance",
        "workspace.CreateChangeOrder",
        400,
        "WKS.0001",
        "The account balance is too low.",
        "AnswerUnknown",
    ),
];

fn prepare(bed: &Bed, (kind, name, api, status, code, message, _): Case) {
    let target = format!("{kind}-{name}");
    let kind_of_fault = FaultKind::Error {
        status,
        code: code.into(),
        message: message.into(),
    };
    let fault = Fault::new(api, kind_of_fault).path_contains(&target);
    bed.simulator.fault(fault.always());
    match kind {
        "rsc" => bed.seed_pending_change(&target, "task-1", 48 * 3600),
        "dor" => seed_desktop(bed, WorkspaceDesktop::new(&target)),
        "sir" => {
            let order = Reservation::reserve(&target, 48 * 3600);
            bed.simulator.seed(Seed::new().reservation(order));
        }
        _ => {
            let activity = RefreshActivity::new(format!("asg-{target}"), &target);
            let activity = activity
                .batches(3, 600)
                .standing(RefreshStatus::ManualPause, 2);
            bed.simulator.seed(Seed::new().refresh(activity));
        }
    }
    bed.apply(&match kind {
        "rsc" => bed.cancellation(name, &target, "task-1", ""),
        "dor" => resize(bed, name, &target, "Automatic"),
        "sir" => bed.reservation(name, &target, "Cancelled", ""),
        _ => bed.refresh(name, &format!("asg-{target}"), &target, "Cancelled", ""),
    });
}

#[test]
pub fn what_the_cloud_said_is_shown_and_what_blocks_leaves_an_event() {
    let mut bed = order_bed("cloud-words");
    bed.connect_all_clouds();
    // The keys are accepted before anything is refused.
    let known = DcsInstance::new("rsc-known");
    bed.simulator
        .seed(Seed::new().dcs(errand_testbed::DCS_PROJECT, known));
    bed.start_operator();
    for case in CASES {
        prepare(&bed, case);
    }
    for (kind, name, .., reason) in CASES {
        // Only what may not be sent again is looked for until the settle time has passed.
        let step = if reason == "AnswerUnknown" { 600 } else { 5 };
        bed.wait_until(&format!("{kind} {name} is {reason}"), || {
            bed.advance_if_led(seconds(step));
            let object = bed.get(kind, name);
            let state = object["status"]["state"].as_str().unwrap_or_default();
            ending(&object).reason == reason && !["Waiting", "Executing"].contains(&state)
        });
        let page = format!("cloud-{kind}-{name}");
        assert_why_of(&bed, &format!("{kind}/{name}"), &page);
        if name == "unlisted" {
            assert_eq!(ending(&bed.get(kind, name)).reason, "CloudRefuses");
            assert_blocked_is_visible(&bed);
        }
    }
}

fn assert_blocked_is_visible(bed: &Bed) {
    let shown = bed.get("rsc", "unlisted");
    assert_eq!(shown["status"]["state"], "Blocked", "{shown:#}");
    assert_eq!(condition(&shown, "Stalled"), "True", "{shown:#}");
    let error = &shown["status"]["lastCloudError"];
    assert_eq!(error["code"], "DCS.9999", "{shown:#}");
    bed.wait_until("the metrics count it", || {
        let line = r#"errand_operations_blocked{kind="ResizeCancellation",reason="CloudRefuses"}"#;
        bed.http("/metrics").contains(line)
    });
    bed.wait_until("an event reports it", || {
        let events = bed.kubectl(&["get", "events", "-o", "json"]);
        let events: serde_json::Value = serde_json::from_str(&events).expect("JSON");
        let mut events = events["items"].as_array().expect("a list").iter();
        events.any(|event| event["reason"] == "CloudRefuses" && event["type"] == "Warning")
    });
}

/// It has a cloud of its own, as a rejected key stops every operation that uses it.
#[test]
fn a_rejected_token_is_told_with_the_clouds_code() {
    let mut bed = bed("rejected-token");
    bed.connect_all_clouds();
    bed.start_operator();
    prepare(
        &bed,
        (
            "sir",
            "token",
            "ecs.DeleteScheduledInstance",
            401,
            "InvalidSecretToken",
            "The token is invalid.",
            "CredentialsRejected",
        ),
    );
    let object = bed.wait_at_rest("sir", "token");
    assert_eq!(ending(&object).state, "Blocked", "{object:#}");
    assert_eq!(ending(&object).reason, "CredentialsRejected");
    let summary = object["status"]["summary"].as_str().unwrap_or_default();
    assert!(summary.contains("InvalidSecretToken"), "{summary}");
}
