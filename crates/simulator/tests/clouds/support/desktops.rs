//! A desktop that can be resized, grown and subscribed, and the calls for it.

use errand_simulator::{
    Account, OrderTiming, Seed, Simulator, WorkspaceDesktop, WorkspaceProduct, WorkspaceVolume,
};
use serde_json::{Value, json};

use super::*;

pub(crate) const DESKTOP: &str = "f8f7fe7a-9043-44ff-815e-ad20fc779d18";
pub(crate) const SMALL: &str = "workspacehost.k.large2";
pub(crate) const LARGE: &str = "workspacehost.k.large4";
pub(crate) const VOLUME: &str = "21b2c3d4-0000-4444-8888-0123456789ab";
pub(crate) const ORDER: &str = "workspace.CreateChangeOrder";

/// A prepaid desktop of 80 GB with a data disk of 100 GB.
pub(crate) fn desktop() -> WorkspaceDesktop {
    WorkspaceDesktop::new(DESKTOP)
        .product(SMALL)
        .data_volume(WorkspaceVolume::new(VOLUME, 100))
        .timing(OrderTiming {
            runs_for: 600,
            ..OrderTiming::default()
        })
}

pub(crate) fn workspace_with(desktop: WorkspaceDesktop) -> Seed {
    Seed::new()
        .account(Account::new(ACCESS, SECRET).project(PROJECT).domain(DOMAIN))
        .product(PROJECT, WorkspaceProduct::new(SMALL))
        .product(PROJECT, WorkspaceProduct::new(LARGE))
        .desktop(PROJECT, desktop)
}

pub(crate) fn workspace() -> (Simulator, TestClock) {
    started(|_| {}, workspace_with(desktop()))
}

pub(crate) fn resize(auto_pay: bool) -> Value {
    json!({
        "type": "resizeDesktops",
        "resize_product_id": LARGE,
        "extend_param": {"is_auto_pay": auto_pay.to_string()},
    })
}

pub(crate) fn expand(volume: &str, size: u32) -> Value {
    json!({
        "type": "expandVolumes",
        "expand_volume_id": volume,
        "expand_new_size": size,
        "extend_param": {"is_auto_pay": "true"},
    })
}

pub(crate) fn order_path(desktop: &str) -> String {
    format!("/v2/{PROJECT}/periodic/{desktop}/change/order")
}

/// Sends a change order, signed now.
pub(crate) fn order(simulator: &Simulator, body: Value) -> Seen {
    let request = Signed::new(simulator, "POST", order_path(DESKTOP)).body(body);
    request.send(simulator)
}

/// The id of an order that was accepted.
#[track_caller]
pub(crate) fn placed(simulator: &Simulator, body: Value) -> String {
    let answer = order(simulator, body).answer();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["order_id"].as_str().unwrap().to_owned()
}

pub(crate) fn shown(simulator: &Simulator) -> Value {
    let path = format!("/v2/{PROJECT}/desktops/{DESKTOP}");
    get(simulator, path).json()["desktop"].clone()
}

pub(crate) fn bss(simulator: &Simulator, target: &str) -> Answer {
    let request = Signed::new(simulator, "GET", target.into()).global();
    request.send(simulator).answer()
}

pub(crate) fn details(simulator: &Simulator, order: &str) -> Answer {
    bss(
        simulator,
        &format!("/v2/orders/customer-orders/details/{order}"),
    )
}

#[track_caller]
pub(crate) fn order_status(simulator: &Simulator, order: &str) -> Value {
    let answer = details(simulator, order);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["order_info"]["status"].clone()
}

/// The order ids that BSS lists.
#[track_caller]
pub(crate) fn listed(simulator: &Simulator, query: &str) -> Vec<String> {
    let answer = bss(simulator, &format!("/v2/orders/customer-orders{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text);
    let infos = answer.json()["order_infos"].clone();
    let infos = infos.as_array().unwrap().iter();
    infos
        .map(|info| info["order_id"].as_str().unwrap().to_owned())
        .collect()
}
