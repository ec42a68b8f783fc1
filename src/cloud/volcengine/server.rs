//! A client for the tests beside it.

use super::client::Client;
use super::ecs::ACTIONS;
use super::verdicts::ECS_ROWS;
use crate::cloud::server::{key, transport};

/// A client of that origin with an invented key.
pub(crate) fn client(origin: &str) -> Client {
    Client {
        origin: origin.to_owned(),
        region: "cn-beijing".to_owned(),
        actions: ACTIONS,
        key: key(),
        transport: transport(),
        rows: ECS_ROWS,
    }
}
