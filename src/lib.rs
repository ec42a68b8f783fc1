//! Errand carries out one-shot cloud operations that must not happen twice, and
//! verifies them.
//!
//! Arrows point one way: `controllers → operations → {engine, api, cloud}`.

pub mod api;
pub mod clock;
pub mod cloud;
pub mod controllers;
pub mod kubernetes;
pub mod log;
mod mistakes;
pub mod operations;
pub mod proxies;
pub mod reference;
mod test_point;
pub mod text;
