//! Errand installed, upgraded and uninstalled on a real control plane with a scheduler
//! and a node. It takes minutes and more of Go's programs than the other tests, so
//! `.ci/full` runs it: `cargo test --test installation`.

#[path = "../ecosystem/health.rs"]
mod health;
mod install;
mod kubelet;
// What other modules share.
#[allow(dead_code)]
#[path = "../ecosystem/tools.rs"]
mod tools;
mod upgrade;
