//! Volcengine's form and checks: ResponseMetadata, V4 signatures, actions, quotas.

use crate::support::volcengine::*;
use crate::support::*;
use errand_simulator::{EcsReadings, Fault, FaultKind, Reservation, Seed, VolcengineAccount};
use serde_json::json;

fn list(simulator: &errand_simulator::Simulator) -> V4 {
    V4::new(simulator, "DescribeScheduledInstances", &[])
}

#[test]
fn an_answer_repeats_what_was_called() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    let answer = list(&simulator).send(&simulator);
    answer.assert_accepted();
    assert_eq!(answer.header("content-type"), "application/json");
    let journal = simulator.journal();
    let call = &journal.all_calls()[0];
    let expected = json!({
        "RequestId": call.request_id, "Action": "DescribeScheduledInstances",
        "Version": "2020-04-01", "Service": "ecs", "Region": REGION,
    });
    assert_eq!(answer.json()["ResponseMetadata"], expected);
    assert_eq!(call.api, "ecs.DescribeScheduledInstances");
    assert_eq!(call.access_key.as_deref(), Some(AK));
    assert!(call.sdk_date.is_some());
    let refused = delete_call(&simulator, None).set("ScheduledInstanceId", "esi-none");
    let refused = refused.send(&simulator).json();
    let metadata = &refused["ResponseMetadata"];
    assert_eq!(metadata["Action"], "DeleteScheduledInstance");
    assert!(metadata["Error"]["Message"].is_string());
}

#[test]
fn a_wrong_secret_an_unknown_key_and_no_signature_are_told_apart() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    let mut wrong = list(&simulator);
    wrong.secret = "other".into();
    let answer = wrong.send(&simulator);
    answer.assert_refused(401, "SignatureDoesNotMatch");
    assert!(!answer.text.contains(SK));
    assert!(answer.json()["ResponseMetadata"]["Error"]["CodeN"].is_number());
    let mut unknown = list(&simulator);
    unknown.access = "AKLTNOBODY".into();
    unknown
        .send(&simulator)
        .assert_refused(401, "InvalidAccessKey");
    let bare =
        "GET /?Action=DeleteScheduledInstance HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    exchange(&simulator, bare.as_bytes(), seconds(20))
        .answer()
        .assert_refused(400, "MissingRequestInfo");
}

#[test]
fn a_date_is_valid_for_fifteen_minutes_either_way() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    let at = |seconds| list(&simulator).shifted(seconds).send(&simulator);
    at(-890).assert_accepted();
    at(890).assert_accepted();
    at(-910).assert_refused(400, "InvalidTimestamp");
    at(920).assert_refused(400, "InvalidTimestamp");
}

#[test]
fn scope_and_content_hash_must_agree_with_the_request() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    let mut other_day = list(&simulator);
    other_day.day = Some("20200101".into());
    let mut other_body = list(&simulator);
    other_body.claimed_hash = Some("0".repeat(64));
    for call in [other_day, other_body] {
        call.send(&simulator)
            .assert_refused(401, "SignatureDoesNotMatch");
    }
}

#[test]
fn a_blank_may_be_sent_as_a_plus() {
    let tagged = Reservation::esi(ESI).tag("team", "x y");
    let (simulator, _) = volcengine(tagged);
    for plus in [false, true] {
        let query = [
            ("TagFilters.1.Key", "team"),
            ("TagFilters.1.Values.1", "x y"),
        ];
        let mut call = V4::new(&simulator, "DescribeScheduledInstances", &query);
        call.plus = plus;
        let answer = call.send(&simulator);
        answer.assert_accepted();
        let found = &answer.json()["Result"]["ScheduledInstanceInfo"][0];
        assert_eq!(found["ScheduledInstanceId"], ESI);
    }
}

#[test]
fn a_temporary_key_needs_its_token_signed() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    let temporary = VolcengineAccount::new("AKTP", "vk").region(REGION);
    simulator.seed(Seed::new().volcengine_account(temporary.session_token("token-1")));
    let with = |access: &str, secret: &str, token: Option<&str>, signs_token: bool| {
        let mut call = list(&simulator);
        (call.access, call.secret) = (access.into(), secret.into());
        (call.token, call.signs_token) = (token.map(Into::into), signs_token);
        call.send(&simulator)
    };
    with("AKTP", "vk", Some("token-1"), true).assert_accepted();
    with("AKTP", "vk", Some("token-1"), false).assert_refused(401, "SignatureDoesNotMatch");
    with("AKTP", "vk", Some("token-2"), true).assert_refused(401, "InvalidAccessKey");
    with("AKTP", "vk", None, true).assert_refused(401, "InvalidAccessKey");
    with(AK, SK, Some("token-1"), true).assert_refused(401, "InvalidAccessKey");
}

#[test]
fn service_region_action_version_and_method_are_checked() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    let refused = |call: V4, status, code: &str| call.send(&simulator).assert_refused(status, code);
    let mut elsewhere = list(&simulator);
    elsewhere.region = "cn-shanghai".into();
    refused(elsewhere, 404, "ServiceNotFound");
    let mut other_service = list(&simulator);
    other_service.service = "vpc".into();
    refused(other_service, 404, "ServiceNotFound");
    let unknown = "InvalidActionOrVersion";
    refused(list(&simulator).set("Action", "DoNothing"), 404, unknown);
    refused(list(&simulator).set("Version", "2016-11-15"), 404, unknown);
    let mut post = list(&simulator);
    post.method = "POST";
    refused(post, 404, unknown);
    refused(list(&simulator).set("Action", ""), 400, "MissingParameter");
    refused(list(&simulator).set("Version", ""), 400, "MissingParameter");
}

#[test]
fn a_denied_action_is_forbidden_and_its_neighbours_are_not() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    simulator.seed(Seed::new().volcengine_account(volcengine_account().deny(DELETE)));
    delete(&simulator).assert_refused(403, "AccessDenied");
    list(&simulator).send(&simulator).assert_accepted();
}

#[test]
fn a_limit_and_a_throttle_fault_are_429() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    simulator.fault(Fault::new("ecs.", FaultKind::Throttle));
    let answer = delete(&simulator);
    answer.assert_refused(429, "FlowLimitExceeded");
    assert_eq!(answer.json()["ResponseMetadata"]["Error"]["CodeN"], 100_018);
    simulator.seed(Seed::new().rate_limit(DELETE, 0));
    delete(&simulator).assert_refused(429, "FlowLimitExceeded");
    assert_eq!(simulator.journal().effects("ecs."), 0);
}

#[test]
fn errors_may_all_come_with_200() {
    let readings = EcsReadings {
        errors_with_200: true,
        ..Default::default()
    };
    let (simulator, _) = volcengine_with(readings, Reservation::immediate(ESI));
    let unsupported = "InvalidDeliveryTypeForScheduledInstanceDeletion.Unsupported";
    delete(&simulator).assert_refused(200, unsupported);
    let mut wrong = list(&simulator);
    wrong.secret = "other".into();
    wrong
        .send(&simulator)
        .assert_refused(200, "SignatureDoesNotMatch");
}

#[test]
fn faults_speak_as_the_cloud_does() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    let error = FaultKind::Error {
        status: 500,
        code: "InternalError".into(),
        message: "later".into(),
    };
    simulator.fault(Fault::new("ecs.", error).path_contains(ESI));
    delete(&simulator).assert_refused(500, "InternalError");
    simulator.fault(Fault::new("ecs.", FaultKind::DropAfter));
    let call = delete_call(&simulator, None);
    call.seen(&simulator).assert_closed_without_a_byte();
    let journal = simulator.journal();
    assert_eq!(journal.calls_on(DELETE, ESI), 2);
    assert_eq!(journal.effects_on("ecs.delete", ESI), 1);
}
