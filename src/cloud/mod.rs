//! Talking to clouds: one transport, the signers, and per cloud the typed calls
//! with their verdict tables. Knows nothing of Kubernetes.

mod answer;
mod call;
mod client;
mod contradicted;
mod field;
mod hidden;
mod hosts;
pub mod huawei;
mod ids;
mod lenient;
mod members;
mod mutation;
mod permissions;
mod recent;
mod room;
mod secret;
#[cfg(test)]
pub(crate) mod server;
mod service;
mod shared;
mod signing;
pub mod tencent;
mod transport;
mod verdict;
pub mod volcengine;

pub use call::{CallError, Ids, Meaning, Sent};
pub use client::Client;
pub use contradicted::contradicted;
pub use field::{Field, Found, List};
pub use hidden::Hidden;
pub(crate) use hosts::is_dns_label;
pub use hosts::{HostRule, Region, Regions};
pub use ids::{OddId, Path, Query, is_id};
pub use lenient::Read;
pub(crate) use lenient::parse_time;
pub use members::Members;
pub use mutation::{Arguments, Draft, Mutation, Success, arguments};
pub use permissions::{Missing, Needs};
pub use recent::Recent;
pub use room::Held;
pub use secret::{Key, SecretText, Trial};
pub use service::{Actions, Cloud, HuaweiScope, Protocol, SERVICES, Service};
pub use shared::{Asker, SharedReads, Waiter};
pub use signing::Signed;
pub use transport::{Gate, Method, Outcome, Reply, Request, Transport, TransportError};
pub use verdict::{More, Reading, Refusal, Row, Rows, Status, says_no};
