//! Tencent Cloud's form and checks: HTTP 200 for everything, TC3, regions, quotas.

use crate::support::tencent::*;
use crate::support::*;
use errand_simulator::{Fault, FaultKind, Seed, TencentAccount};
use serde_json::json;

#[test]
fn an_answer_is_200_of_exactly_one_content_type_with_a_request_id() {
    let (simulator, _) = tencent(activity());
    let answer = describe(&simulator, json!({}));
    answer.assert_done();
    assert_eq!(answer.header("content-type"), "application/json");
    let journal = simulator.journal();
    let call = &journal.all_calls()[0];
    assert_eq!(answer.json()["Response"]["RequestId"], call.request_id);
    assert_eq!(call.api, "as.DescribeRefreshActivities");
    assert_eq!(call.access_key.as_deref(), Some(SECRET_ID));
    let seconds = simulator.now().as_second();
    let signed: i64 = call.sdk_date.as_ref().unwrap().parse().unwrap();
    assert!((seconds - 60..=seconds).contains(&signed));
}

#[test]
fn both_forms_of_signed_headers_are_accepted() {
    let (simulator, _) = tencent(activity());
    for signs_action in [false, true] {
        let mut call = Tc3::new(&simulator, "DescribeRefreshActivities", json!({}));
        call.signs_action = signs_action;
        call.send(&simulator).assert_done();
    }
}

#[test]
fn a_signed_action_that_was_changed_is_refused() {
    let (simulator, _) = tencent(activity());
    let body = json!({"AutoScalingGroupId": GROUP, "RefreshActivityId": ACTIVITY});
    let mut call = Tc3::new(&simulator, "StopInstanceRefresh", body);
    call.signs_action = true;
    let host = simulator.address().to_string();
    let text = String::from_utf8(call.bytes(&host)).unwrap();
    let changed = text.replace("X-TC-Action: Stop", "X-TC-Action: Cancel");
    exchange(&simulator, changed.as_bytes(), seconds(20))
        .answer()
        .assert_code("AuthFailure.SignatureFailure");
}

#[test]
fn a_wrong_key_an_unknown_id_and_no_signature_are_told_apart() {
    let (simulator, _) = tencent(activity());
    let call = || Tc3::new(&simulator, "DescribeRefreshActivities", json!({}));
    let mut wrong = call();
    wrong.key = "other".into();
    let answer = wrong.send(&simulator);
    answer.assert_code("AuthFailure.SignatureFailure");
    assert!(!answer.text.contains(SECRET_KEY));
    let mut unknown = call();
    unknown.id = "AKIDNOBODY".into();
    unknown
        .send(&simulator)
        .assert_code("AuthFailure.SecretIdNotFound");
    let bare = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                X-TC-Action: DescribeRefreshActivities\r\nContent-Length: 2\r\n\r\n{}";
    exchange(&simulator, bare.as_bytes(), seconds(20))
        .answer()
        .assert_code("AuthFailure.SignatureFailure");
}

#[test]
fn a_timestamp_is_valid_for_five_minutes_either_way() {
    let (simulator, _) = tencent(activity());
    let at = |seconds| {
        let call = Tc3::new(&simulator, "DescribeRefreshActivities", json!({}));
        call.shifted(seconds).send(&simulator)
    };
    at(-290).assert_done();
    at(290).assert_done();
    at(-310).assert_code("AuthFailure.SignatureExpire");
    at(320).assert_code("AuthFailure.SignatureExpire");
}

#[test]
fn the_scope_is_of_the_timestamps_day() {
    let (simulator, _) = tencent(activity());
    let mut call = Tc3::new(&simulator, "DescribeRefreshActivities", json!({}));
    call.date = Some("2020-01-01".into());
    call.send(&simulator)
        .assert_code("AuthFailure.SignatureFailure");
}

#[test]
fn a_temporary_key_needs_its_token_and_a_permanent_one_has_none() {
    let (simulator, _) = tencent(activity());
    let temporary = TencentAccount::new("AKIDTEMP", "tk").region(REGION);
    simulator.seed(Seed::new().tencent_account(temporary.token("token-1")));
    let with = |id: &str, key: &str, token: Option<&str>| {
        let mut call = Tc3::new(&simulator, "DescribeRefreshActivities", json!({}));
        (call.id, call.key) = (id.into(), key.into());
        call.token = token.map(Into::into);
        call.send(&simulator)
    };
    with("AKIDTEMP", "tk", Some("token-1")).assert_done();
    let failure = "AuthFailure.TokenFailure";
    with("AKIDTEMP", "tk", Some("token-2")).assert_code(failure);
    with("AKIDTEMP", "tk", None).assert_code(failure);
    with(SECRET_ID, SECRET_KEY, Some("token-1")).assert_code(failure);
}

#[test]
fn region_action_and_version_are_checked() {
    let (simulator, _) = tencent(activity());
    let call = || Tc3::new(&simulator, "DescribeRefreshActivities", json!({}));
    let mut nowhere = call();
    nowhere.region = None;
    nowhere.send(&simulator).assert_code("MissingParameter");
    let mut elsewhere = call();
    elsewhere.region = Some("ap-beijing".into());
    elsewhere.send(&simulator).assert_code("UnsupportedRegion");
    let mut unknown = call();
    unknown.action = "DescribeNothing".into();
    unknown.send(&simulator).assert_code("InvalidAction");
    let mut other_service = call();
    other_service.service = "cvm".into();
    other_service.send(&simulator).assert_code("InvalidAction");
    let mut old = call();
    old.version = "2017-03-12".into();
    old.send(&simulator).assert_code("NoSuchVersion");
    assert_eq!(simulator.journal().calls("unknown"), 1);
}

#[test]
fn a_denied_action_is_unauthorized_and_its_neighbours_are_not() {
    let (simulator, _) = tencent(activity());
    simulator.seed(Seed::new().tencent_account(tencent_account().deny(CANCEL_REFRESH)));
    cancel_refresh(&simulator).assert_code("UnauthorizedOperation");
    describe(&simulator, json!({})).assert_done();
}

#[test]
fn twenty_calls_of_an_api_in_a_second_are_the_limit() {
    let (simulator, clock) = tencent(activity());
    assert_eq!(simulator.state().rate_limits[CANCEL_REFRESH], 20);
    // The clock runs on, so a slow machine may need more than one second's twenty.
    let limit = "RequestLimitExceeded";
    let passed = (0..1000).take_while(|_| {
        let answer = describe(&simulator, json!({}));
        answer.json()["Response"]["Error"]["Code"] != limit
    });
    assert!((20..1000).contains(&passed.count()));
    clock.advance(seconds(1));
    describe(&simulator, json!({})).assert_done();
    simulator.seed(Seed::new().rate_limit(CANCEL_REFRESH, 0));
    cancel_refresh(&simulator).assert_code(limit);
}

#[test]
fn faults_speak_as_the_cloud_does() {
    let (simulator, _) =
        tencent(activity().standing(errand_simulator::RefreshStatus::AutoPause, 2));
    let inject = |kind| simulator.fault(Fault::new("as.", kind));
    inject(FaultKind::Throttle);
    cancel_refresh(&simulator).assert_code("RequestLimitExceeded");
    let error = |status| FaultKind::Error {
        status,
        code: "InternalError".into(),
        message: "later".into(),
    };
    inject(error(400));
    cancel_refresh(&simulator).assert_code("InternalError");
    inject(error(502));
    assert_eq!(
        cancel_refresh(&simulator).status,
        502,
        "not the cloud itself"
    );
    inject(FaultKind::DropAfter);
    let body = json!({"AutoScalingGroupId": GROUP, "RefreshActivityId": ACTIVITY});
    let call = Tc3::new(&simulator, "CancelInstanceRefresh", body);
    call.seen(&simulator).assert_closed_without_a_byte();
    let journal = simulator.journal();
    assert_eq!(journal.calls_on(CANCEL_REFRESH, ACTIVITY), 4);
    assert_eq!(journal.effects_on("as.cancel", ACTIVITY), 1);
}

#[test]
fn a_fault_can_be_for_one_activity() {
    let (simulator, _) = tencent(activity());
    simulator.fault(Fault::new("as.", FaultKind::Throttle).path_contains("asr-other"));
    stop_refresh(&simulator).assert_done();
    simulator.fault(Fault::new("as.", FaultKind::Throttle).path_contains(ACTIVITY));
    stop_refresh(&simulator).assert_code("RequestLimitExceeded");
}

#[test]
fn a_late_cancel_is_refused_when_its_signature_has_expired() {
    let (simulator, clock) =
        tencent(activity().standing(errand_simulator::RefreshStatus::AutoPause, 2));
    simulator.fault(Fault::new(CANCEL_REFRESH, FaultKind::Late { seconds: 310 }));
    let body = json!({"AutoScalingGroupId": GROUP, "RefreshActivityId": ACTIVITY});
    let call = Tc3::new(&simulator, "CancelInstanceRefresh", body);
    call.seen(&simulator).assert_closed_without_a_byte();
    clock.advance(seconds(400));
    let late = simulator.journal().all_calls()[0].late.clone().unwrap();
    assert_eq!(late.code.as_deref(), Some("AuthFailure.SignatureExpire"));
    assert_eq!(simulator.journal().effects("as.cancel"), 0);
}
