//! Huawei Cloud: DCS by the SDK's generic request, Workspace, BSS and CloudDC typed.

use errand_simulator::{
    Account, CloudDcStatus, Config, Fault, FaultKind, NotFoundForm, Seed, WorkspaceDesktop,
};
use serde_json::{Value, json};

use super::{assert_calls, request_ids, seen};
use crate::support::desktops::*;
use crate::support::metal::*;
use crate::support::*;

fn cancel() -> (&'static str, Value) {
    (
        "huawei.dcs_cancel",
        json!({"instance": INSTANCE, "task": TASK}),
    )
}

fn resize(auto_pay: &str) -> (&'static str, Value) {
    let arguments = json!({"desktop": DESKTOP, "product": LARGE, "auto_pay": auto_pay});
    ("huawei.workspace_resize", arguments)
}

fn status(instance: &str) -> (&'static str, Value) {
    ("huawei.clouddc_status", json!({"instance": instance}))
}

fn stopped() -> Seed {
    let status = CloudDcStatus::new("stopped").operation("install-succeed");
    metal_with([metal().status(status)])
}

#[test]
fn the_sdk_cancels_a_pending_change_once_and_is_refused_the_second_time() {
    let (simulator, _) = simulator();
    let [first, second] = seen(&simulator, [cancel(), cancel()]);
    assert_eq!(first, json!({"seen": {"result": "success", "status": 200}}));
    assert_eq!(
        second["error"],
        json!({
            "class": "ClientRequestException", "status": 400, "code": "DCS.4239",
            "message": "instance status is not extending",
            "request_id": request_ids(&simulator)[1],
        })
    );
    assert_calls(&simulator, &[(CANCEL, 200), (CANCEL, 400)]);
    let effects = simulator.journal().effects_on("dcs.cancel", TASK);
    assert_eq!(effects, 1);
}

#[test]
fn the_sdk_places_an_order_that_bss_shows_and_the_desktop_follows() {
    let (simulator, clock) = workspace();
    let [placed] = seen(&simulator, [resize("true")]);
    let order = placed["seen"]["order_id"].as_str().unwrap();
    assert_eq!(simulator.orders(DESKTOP)[0].order_id, order);
    clock.advance(seconds(600));
    let [shown, desktop] = seen(
        &simulator,
        [
            ("huawei.bss_order", json!({"order": order})),
            ("huawei.workspace_desktop", json!({"desktop": DESKTOP})),
        ],
    );
    assert_eq!(shown["seen"]["order_info"]["status"], 5);
    assert_eq!(desktop["seen"]["desktop"]["product_id"], LARGE);
    let journal = simulator.journal();
    let of = |what: &str| journal.effects_on("workspace.order", what);
    assert_eq!(
        (of(order), of("automatic"), of("resizeDesktops")),
        (1, 1, 1)
    );
    assert_calls(
        &simulator,
        &[
            (ORDER, 200),
            ("bss.ShowOrder", 200),
            ("workspace.ShowDesktop", 200),
        ],
    );
}

#[test]
fn the_sdk_is_refused_an_order_for_a_desktop_that_does_not_exist() {
    let seed = workspace_with(WorkspaceDesktop::new("another"));
    let (simulator, _) = started(|_| {}, seed);
    let [refused] = seen(&simulator, [resize("false")]);
    let error = &refused["error"];
    assert_eq!(error["class"], "ClientRequestException");
    assert_eq!(
        (&error["status"], &error["code"]),
        (&json!(404), &json!("WKS.0202"))
    );
    assert_eq!(error["request_id"], request_ids(&simulator)[0]);
    assert_calls(&simulator, &[(ORDER, 404)]);
    assert_eq!(simulator.journal().all_effects().len(), 0);
}

/// The service's error page has many codes with HTTP 200 (contracts e.5).
#[test]
fn the_sdk_takes_a_refusal_with_200_for_an_order_without_an_id() {
    let seed = workspace_with(WorkspaceDesktop::new("another"));
    let read = |config: &mut Config| {
        config.readings.workspace.refusals_with_200 = true;
    };
    let (simulator, _) = started(read, seed);
    let [taken] = seen(&simulator, [resize("false")]);
    assert_eq!(taken, json!({"seen": {}}));
}

#[test]
fn the_sdk_reads_the_status_and_the_list_of_instances() {
    let (simulator, _) = started(|_| {}, stopped());
    let query = json!({"instance_id": METAL, "instance_state": "stopped", "limit": "100"});
    let calls = [status(METAL), ("huawei.clouddc_list", query)];
    let [shown, listed] = seen(&simulator, calls);
    assert_eq!(
        shown["seen"],
        json!({"state": "stopped", "operation_state": "install-succeed"})
    );
    let listed = &listed["seen"];
    assert_eq!(
        (&listed["count"], &listed["page_info"]["current_count"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(listed["instances"][0]["id"], METAL);
    assert_eq!(listed["instances"][0]["state"], "stopped");
    assert_calls(&simulator, &[(METAL_STATUS, 200), (METAL_LIST, 200)]);
}

#[test]
fn the_sdk_sees_each_form_of_a_missing_instance() {
    for (form, code) in [
        (NotFoundForm::Service, "CloudDC.0404"),
        (NotFoundForm::Gateway, "CloudDC.0404"),
        // One level down, and a number.
        (NotFoundForm::Iam, "404"),
    ] {
        let (simulator, _) = started(|config| config.readings.clouddc.not_found = form, stopped());
        let [missing] = seen(&simulator, [status("another")]);
        let error = &missing["error"];
        assert_eq!(error["class"], "ClientRequestException");
        assert_eq!(error["status"], 404, "{form:?}");
        let seen_code = error["code"].to_string();
        assert_eq!(seen_code.trim_matches('"'), code, "{form:?}");
        assert_calls(&simulator, &[(METAL_STATUS, 404)]);
    }
}

/// Its HTTP library gives up before the SDK looks at the body, so no form of the 429
/// makes a difference (contracts i.20).
#[test]
fn the_sdk_loses_the_body_of_a_throttled_call_and_does_not_call_again() {
    let (simulator, _) = started(|_| {}, stopped());
    simulator.fault(Fault::new(METAL_STATUS, FaultKind::Throttle));
    let [throttled] = seen(&simulator, [status(METAL)]);
    let error = &throttled["error"];
    assert_eq!(error["class"], "ClientRequestException");
    assert_eq!(
        (&error["status"], &error["code"]),
        (&json!(429), &json!("429"))
    );
    assert_calls(&simulator, &[(METAL_STATUS, 429)]);
}

#[test]
fn the_sdk_is_told_that_its_secret_is_wrong() {
    let account = Account::new(ACCESS, "another secret").project(PROJECT);
    let (simulator, _) = started(|_| {}, stopped().account(account));
    let [refused] = seen(&simulator, [status(METAL)]);
    let error = &refused["error"];
    assert_eq!(
        (&error["status"], &error["code"]),
        (&json!(401), &json!("APIGW.0301"))
    );
}
