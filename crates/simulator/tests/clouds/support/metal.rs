//! An instance of CloudDC and the calls that read it.

use errand_simulator::{Account, CloudDcInstance, CloudDcReadings, Seed, Simulator};
use serde_json::Value;

use super::*;

pub(crate) const METAL: &str = "2c6f5b0e-3b2e-4b8c-9d0a-1f4e2d3c4b5a";
pub(crate) const METAL_STATUS: &str = "clouddc.ShowInstanceStatus";
pub(crate) const METAL_LIST: &str = "clouddc.ListInstances";

/// A running instance.
pub(crate) fn metal() -> CloudDcInstance {
    CloudDcInstance::new(METAL)
}

pub(crate) fn metal_with(instances: impl IntoIterator<Item = CloudDcInstance>) -> Seed {
    let account = Account::new(ACCESS, SECRET).project(PROJECT);
    let seed = Seed::new().account(account);
    let add = |seed: Seed, instance| seed.clouddc(PROJECT, instance);
    instances.into_iter().fold(seed, add)
}

/// A simulator with these readings and one instance.
pub(crate) fn metal_read_as(
    read: impl FnOnce(&mut CloudDcReadings),
    instance: CloudDcInstance,
) -> (Simulator, TestClock) {
    let seed = metal_with([instance]);
    started(|config| read(&mut config.readings.clouddc), seed)
}

pub(crate) fn metal_status(simulator: &Simulator, id: &str) -> Answer {
    get(simulator, format!("/v1/{PROJECT}/instances/{id}/status"))
}

#[track_caller]
pub(crate) fn metal_shown(simulator: &Simulator) -> Value {
    let answer = metal_status(simulator, METAL);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

pub(crate) fn metal_list(simulator: &Simulator, query: &str) -> Answer {
    get(simulator, format!("/v1/{PROJECT}/instances{query}"))
}

pub(crate) fn listed_ids(list: &Answer) -> Vec<String> {
    let list = list.json();
    let instances = list["instances"].as_array().unwrap().iter();
    let id = |instance: &Value| instance["id"].as_str().unwrap().to_owned();
    instances.map(id).collect()
}
