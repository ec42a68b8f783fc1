//! A client for the tests beside it.

use super::autoscaling::ACTIONS;
use super::client::Client;
use super::verdicts::AS_ROWS;
use crate::cloud::server::{key, transport};

/// A client of that origin with an invented key.
pub(crate) fn client(origin: &str) -> Client {
    Client {
        origin: origin.to_owned(),
        region: "ap-guangzhou".to_owned(),
        actions: ACTIONS,
        key: key(),
        transport: transport(),
        rows: AS_ROWS,
    }
}
