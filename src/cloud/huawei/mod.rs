//! Huawei Cloud: SDK-HMAC-SHA256, what all its services answer alike, and DCS.

mod client;
pub mod dcs;
#[cfg(test)]
mod server;
mod signer;
pub mod verdicts;

pub use client::{CallError, Client, Sent};
pub use signer::{SignInput, Signed, sign};
