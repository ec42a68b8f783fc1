//! A client for the tests beside it.

use super::client::{Client, Scope};
use super::verdicts::DCS_ROWS;
use crate::cloud::server::{key, transport};

/// A client of that origin with an invented key.
pub(crate) fn client(origin: &str) -> Client {
    Client {
        origin: origin.to_owned(),
        scope: Scope::Project("p1".to_owned()),
        key: key(),
        transport: transport(),
        rows: DCS_ROWS,
    }
}
