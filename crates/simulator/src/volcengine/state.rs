//! What there is in Volcengine, for tests and people to look at.

use serde::{Deserialize, Serialize};

use super::ecs::state::ReservationState;

/// Everything that Volcengine has, without secrets.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct VolcengineState {
    /// The keys.
    pub accounts: Vec<VolcengineAccountState>,
    /// The orders for scheduled instances, those included that callers no longer see.
    pub reservations: Vec<ReservationState>,
}

/// An access key and its account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VolcengineAccountState {
    /// The access key id.
    pub access_key: String,
    /// The regions that it may use.
    pub regions: Vec<String>,
    /// The APIs that it may not use.
    pub denied: Vec<String>,
}
