//! What can be put into Volcengine: keys and reservations.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ecs::seed::Reservation;

/// The part of a seed that is Volcengine's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VolcengineSeed {
    /// Keys and what they may do.
    pub accounts: Vec<VolcengineAccount>,
    /// Orders for scheduled instances.
    pub reservations: Vec<Reservation>,
}

/// An access key and the account behind it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolcengineAccount {
    /// The access key id.
    pub access_key: String,
    /// The secret key.
    pub secret_key: String,
    /// With a temporary key: the token that every request must carry, signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<String>,
    /// The regions that it may use.
    #[serde(default)]
    pub regions: Vec<String>,
    /// API names (`ecs.DeleteScheduledInstance`, or `ecs.`) that answer 403.
    #[serde(default)]
    pub denied: Vec<String>,
}

impl VolcengineAccount {
    /// A permanent key without regions.
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self {
            access_key: access_key.into(),
            secret_key: secret_key.into(),
            session_token: None,
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
    pub fn session_token(mut self, token: impl Into<String>) -> Self {
        self.session_token = Some(token.into());
        self
    }

    /// Refuses an API (or all: `ecs.`) with 403.
    pub fn deny(mut self, api: impl Into<String>) -> Self {
        self.denied.push(api.into());
        self
    }
}

impl fmt::Debug for VolcengineAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VolcengineAccount")
            .field("access_key", &self.access_key)
            .field("regions", &self.regions)
            .field("denied", &self.denied)
            .finish_non_exhaustive()
    }
}
