//! What can be put into Tencent Cloud: keys, scaling groups and refresh activities.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::scaling::seed::{RefreshActivity, ScalingGroup};

/// The part of a seed that is Tencent Cloud's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TencentSeed {
    /// Keys and what they may do.
    pub accounts: Vec<TencentAccount>,
    /// Scaling groups; those of activities need not be named.
    pub groups: Vec<ScalingGroup>,
    /// Refresh activities.
    pub activities: Vec<RefreshActivity>,
}

/// A SecretId and the account behind it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TencentAccount {
    /// The SecretId.
    pub secret_id: String,
    /// The SecretKey.
    pub secret_key: String,
    /// With a temporary key: the token that every request must carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The regions that it may use.
    #[serde(default)]
    pub regions: Vec<String>,
    /// API names (`as.CancelInstanceRefresh`, or `as.`) that are unauthorized.
    #[serde(default)]
    pub denied: Vec<String>,
}

impl TencentAccount {
    /// A permanent key without regions.
    pub fn new(secret_id: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self {
            secret_id: secret_id.into(),
            secret_key: secret_key.into(),
            token: None,
            regions: Vec::new(),
            denied: Vec::new(),
        }
    }

    /// Lets the key use a region.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.regions.push(region.into());
        self
    }

    /// Makes the key a temporary one.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Refuses an API (or all: `as.`) as unauthorized.
    pub fn deny(mut self, api: impl Into<String>) -> Self {
        self.denied.push(api.into());
        self
    }
}

impl fmt::Debug for TencentAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TencentAccount")
            .field("secret_id", &self.secret_id)
            .field("regions", &self.regions)
            .field("denied", &self.denied)
            .finish_non_exhaustive()
    }
}
