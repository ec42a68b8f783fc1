//! What there is in Tencent Cloud, for tests and people to look at.

use serde::{Deserialize, Serialize};

use super::scaling::state::{RefreshActivityState, ScalingGroupState};

/// Everything that Tencent Cloud has, without secrets.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TencentState {
    /// The keys.
    pub accounts: Vec<TencentAccountState>,
    /// The scaling groups.
    pub groups: Vec<ScalingGroupState>,
    /// The refresh activities, in the order of their ids.
    pub activities: Vec<RefreshActivityState>,
}

/// A SecretId and its account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TencentAccountState {
    /// The SecretId.
    pub secret_id: String,
    /// The regions that it may use.
    pub regions: Vec<String>,
    /// The APIs that it may not use.
    pub denied: Vec<String>,
}
