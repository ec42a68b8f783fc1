//! Volcengine: HMAC-SHA256, the envelope that all its services answer in, and the
//! calls of ECS about scheduled instances.

mod client;
pub mod ecs;
#[cfg(test)]
pub(crate) mod server;
mod signer;
pub mod verdicts;

pub use client::Client;
pub use signer::{SignInput, sign};
