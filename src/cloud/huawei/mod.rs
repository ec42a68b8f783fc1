//! Huawei Cloud: SDK-HMAC-SHA256, what all its services answer alike, and the
//! calls of DCS, Workspace, CloudDC and BSS.

pub mod bss;
mod client;
pub mod clouddc;
pub mod dcs;
mod pages;
#[cfg(test)]
pub(crate) mod server;
mod signer;
pub mod verdicts;
pub mod workspace;

use super::Regions;

pub(super) use client::is_own_code;
pub use client::{Client, Scope};
pub use signer::{SignInput, sign};

const EU: Regions = Regions::Only(&["eu-west-101"]);
const ALL_BUT_EU: Regions = Regions::AllBut(&["eu-west-101"]);
