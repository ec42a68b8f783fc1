//! What the official SDK really sent, byte for byte, to a running simulator: it
//! finds the call, the project or the domain, and the fields of the body.

use std::path::Path;
use std::time::Duration;

use crate::support::desktops::*;
use crate::support::metal::*;
use crate::support::*;
use errand_simulator::{
    Account, DesktopChange, DesktopOrderSeed, RefreshActivity, RefreshStatus, Reservation, Seed,
    Simulator, TencentAccount, VolcengineAccount,
};
use serde_json::Value;

/// The captures are of one day, whenever this runs.
const ANY_DATE: Duration = Duration::from_secs(100 * 366 * 24 * 3600);
const CAPTURED_ORDER: &str = "CS2108102036B2CAI";

fn captures() -> Value {
    let file = "../../tests/fixtures/sdk-requests/official-sdks.json";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// A simulator where the captured ids exist.
fn simulator_of(captures: &Value) -> Simulator {
    let (key, secret) = captures["keys_used"]
        .as_object()
        .unwrap()
        .iter()
        .find(|(key, _)| *key == "HUAWEITESTAKEXAMPLE1")
        .unwrap();
    let account = Account::new(key, secret.as_str().unwrap());
    let product_id = LARGE.into();
    let order = DesktopOrderSeed::new(PROJECT, DESKTOP, DesktopChange::Resize { product_id });
    let seed = workspace_with(desktop().on_demand())
        .account(account.project(PROJECT).domain(DOMAIN))
        .desktop_order(order.id(CAPTURED_ORDER))
        .clouddc(PROJECT, metal());
    started(|config| config.date_window = ANY_DATE, seed).0
}

fn replay(simulator: &Simulator, request: &Value) -> Answer {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut bytes = format!(
        "{} {} HTTP/1.1\r\n",
        text(&request["method"]),
        text(&request["target"])
    );
    for header in request["headers"].as_array().unwrap() {
        let (name, value) = (text(&header[0]), text(&header[1]));
        if name != "Connection" {
            bytes += &format!("{name}: {value}\r\n");
        }
    }
    // It is not signed, and the answer's end must be seen.
    bytes += "Connection: close\r\n";
    bytes += "\r\n";
    bytes += &text(&request["body"]);
    exchange(simulator, bytes.as_bytes(), seconds(20)).answer()
}

#[test]
fn requests_of_the_official_sdk_for_desktops_orders_and_metal_are_answered() {
    let captures = captures();
    let simulator = simulator_of(&captures);
    let mut answered = Vec::new();
    for capture in captures["captures"].as_array().unwrap() {
        let name = capture["name"].as_str().unwrap();
        let ours = ["huawei-workspace-", "huawei-bss-", "huawei-clouddc-"];
        if !ours.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        for request in capture["requests"].as_array().unwrap() {
            let answer = replay(&simulator, request);
            let call = simulator.journal().all_calls().last().unwrap().clone();
            answered.push((name.to_owned(), call.api, answer.status));
        }
    }
    let is = |name: &str, api: &str, status| (name.to_owned(), api.to_owned(), status);
    let mut expected = vec![
        is("huawei-workspace-change-order-resize", ORDER, 200),
        is("huawei-workspace-change-order-metered", ORDER, 200),
        is(
            "huawei-workspace-show-desktop",
            "workspace.ShowDesktop",
            200,
        ),
        is(
            "huawei-workspace-list-desktops-detail",
            "workspace.ListDesktops",
            200,
        ),
        // Its job is not one of this simulator's.
        is("huawei-workspace-show-job", "workspace.ShowJob", 404),
        is("huawei-bss-order-details", "bss.ShowOrder", 200),
        is("huawei-clouddc-instance-status", METAL_STATUS, 200),
        is("huawei-clouddc-instance-status-429", METAL_STATUS, 200),
        // Its instance is called x.
        is("huawei-clouddc-status-401", METAL_STATUS, 404),
        is("huawei-clouddc-list-instances", METAL_LIST, 200),
    ];
    answered.sort();
    expected.sort();
    assert_eq!(answered, expected);
    let journal = simulator.journal();
    let of = |what: &str| journal.effects_on("workspace.order", what);
    assert_eq!((of("resizeDesktops"), of("automatic")), (1, 1));
    assert_eq!((of("meteredToPeriod"), of("manual")), (1, 1));
}

/// The id and the secret of a key of the captures.
fn key_of<'a>(captures: &'a Value, start: &str) -> (&'a str, &'a str) {
    let keys = captures["keys_used"].as_object().unwrap();
    let (key, secret) = keys.iter().find(|(key, _)| key.starts_with(start)).unwrap();
    (key, secret.as_str().unwrap())
}

/// Every capture of a cloud: its name, the API that it met, status and code.
fn replayed(simulator: &Simulator, captures: &Value, cloud: &str) -> Vec<(String, String, String)> {
    let mut seen = Vec::new();
    for capture in captures["captures"].as_array().unwrap() {
        if capture["cloud"] != cloud {
            continue;
        }
        for request in capture["requests"].as_array().unwrap() {
            if request["signature_verified"] != true {
                continue;
            }
            let answer = replay(simulator, request);
            let call = simulator.journal().all_calls().last().unwrap().clone();
            let code = call.code.unwrap_or("ok".into());
            let name = capture["name"].as_str().unwrap().to_owned();
            seen.push((name, call.api, format!("{} {code}", answer.status)));
        }
    }
    seen
}

#[track_caller]
fn assert_replayed(seen: &[(String, String, String)], expected: &[(&str, &str, &str)]) {
    for (name, api, end) in expected {
        let found = seen.iter().find(|(each, ..)| each == name);
        let (_, seen_api, seen_end) = found.unwrap_or_else(|| panic!("no capture {name}"));
        assert_eq!((&**seen_api, &**seen_end), (*api, *end), "{name}");
    }
}

#[test]
fn requests_of_the_official_sdk_for_refreshes_are_answered() {
    let captures = captures();
    let (id, secret) = key_of(&captures, "AKID");
    let activity = RefreshActivity::new("asg-h7tgd87d", "asr-juhf6ytr").batches(2, 60);
    let seed = Seed::new()
        .tencent_account(TencentAccount::new(id, secret).region("ap-guangzhou"))
        .refresh(activity.standing(RefreshStatus::AutoPause, 2));
    let (simulator, _) = started(|config| config.tencent_date_window = ANY_DATE, seed);
    let seen = replayed(&simulator, &captures, "tencent");
    let conflict = "200 ResourceUnavailable.RefreshActivityStatusConflictWithOperation";
    let cancel = "as.CancelInstanceRefresh";
    let expected = [
        ("tencent-cancel-instance-refresh", cancel, "200 ok"),
        // Signed with the odd Host that it was sent with.
        ("tencent-cancel-endpoint-url", cancel, conflict),
        (
            "tencent-stop-instance-refresh",
            "as.StopInstanceRefresh",
            conflict,
        ),
        (
            "tencent-describe-refresh-activities",
            "as.DescribeRefreshActivities",
            "200 ok",
        ),
        (
            "tencent-start-instance-refresh",
            "unknown",
            "200 InvalidAction",
        ),
    ];
    assert_replayed(&seen, &expected);
    assert_eq!(simulator.journal().effects("as.cancel"), 1);
}

#[test]
fn requests_of_the_official_sdk_for_scheduled_instances_are_answered() {
    let captures = captures();
    let (access, secret) = key_of(&captures, "VOLC");
    let seed = Seed::new()
        .volcengine_account(VolcengineAccount::new(access, secret).region("cn-beijing"))
        .reservation(Reservation::esi("esi-3thhlu8byl4bwbha0001"))
        .reservation(Reservation::immediate("esi-1"));
    let (simulator, _) = started(|config| config.date_window = ANY_DATE, seed);
    let seen = replayed(&simulator, &captures, "volcengine");
    let delete = "ecs.DeleteScheduledInstance";
    let unsupported = "400 InvalidDeliveryTypeForScheduledInstanceDeletion.Unsupported";
    let expected = [
        ("volc-delete-scheduled-instance", delete, "200 ok"),
        // It is gone, and the capture has no token.
        (
            "volc-delete-scheduled-instance-null-result",
            delete,
            "404 InvalidScheduledInstance.NotFound",
        ),
        ("volc-delete-retry-429", delete, unsupported),
        (
            "volc-describe-scheduled-instances",
            "ecs.DescribeScheduledInstances",
            "200 ok",
        ),
        ("volc-stock", "unknown", "404 InvalidActionOrVersion"),
    ];
    assert_replayed(&seen, &expected);
    assert_eq!(simulator.journal().effects("ecs.delete"), 1);
}
