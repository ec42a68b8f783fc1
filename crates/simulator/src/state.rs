//! What there is, for tests and people to look at. Nothing in here is a secret.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::faults::{Fault, FaultId};
use crate::huawei::bss::state::OrderState;
use crate::huawei::clouddc::state::CloudDcInstanceState;
use crate::huawei::dcs::state::DcsInstanceState;
use crate::huawei::workspace::state::WorkspaceDesktopState;
use crate::readings::Readings;
use crate::tencent::state::TencentState;
use crate::volcengine::state::VolcengineState;

/// Everything there is, without secrets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// The cloud's time.
    pub time: Timestamp,
    /// The Huawei Cloud keys.
    pub accounts: Vec<AccountState>,
    /// Calls per second by API name.
    pub rate_limits: BTreeMap<String, u32>,
    /// How open points are read.
    pub readings: Readings,
    /// DCS instances by project id.
    pub dcs: BTreeMap<String, Vec<DcsInstanceState>>,
    /// Desktops by project id.
    pub workspace: BTreeMap<String, Vec<WorkspaceDesktopState>>,
    /// Orders for desktops, in the order placed, whether BSS shows them yet or not.
    pub orders: Vec<OrderState>,
    /// CloudDC instances by project id; those that are gone are left out.
    pub clouddc: BTreeMap<String, Vec<CloudDcInstanceState>>,
    /// What Tencent Cloud has.
    #[serde(default)]
    pub tencent: TencentState,
    /// What Volcengine has.
    #[serde(default)]
    pub volcengine: VolcengineState,
    /// Faults that are not used up, with what is left of `skip` and `times`.
    pub faults: BTreeMap<FaultId, Fault>,
    /// How many requests are still on their way.
    pub late: usize,
}

/// A key and its account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountState {
    /// The access key id.
    pub access_key: String,
    /// The account's id.
    pub domain_id: String,
    /// The projects it may use.
    pub projects: Vec<String>,
    /// The APIs that it may not use.
    pub denied: Vec<String>,
    /// Until when its key is locked, if it is.
    pub locked_until: Option<Timestamp>,
}
