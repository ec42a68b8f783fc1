//! Tencent Cloud: TC3-HMAC-SHA256, the envelope that all its services answer in,
//! and the calls of Auto Scaling about an instance refresh.

pub mod autoscaling;
mod client;
#[cfg(test)]
pub(crate) mod server;
mod signer;
pub mod verdicts;

pub use client::Client;
pub use signer::{SignInput, sign};
