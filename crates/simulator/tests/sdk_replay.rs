//! What the official SDK really sent, byte for byte, to a running simulator: it
//! finds the call, the project or the domain, and the fields of the body.

mod support;

use std::path::Path;
use std::time::Duration;

use errand_simulator::{Account, DesktopChange, DesktopOrderSeed, Simulator};
use serde_json::Value;
use support::desktops::*;
use support::metal::*;
use support::*;

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
        // It is not signed, and the answer's end must be seen.
        let value = if name == "Connection" {
            "close".into()
        } else {
            value
        };
        bytes += &format!("{name}: {value}\r\n");
    }
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
