//! Errand installed, upgraded and uninstalled on a real control plane with a scheduler
//! and a node. It needs Linux, and more of Go's programs than the other tests, so it is not
//! among those of `cargo test`: `cargo test --workspace --test installation`.

mod install;
mod kubelet;
mod operations;
// Of these two the other tests use more than these do.
#[allow(dead_code)]
#[path = "../ecosystem/recorded.rs"]
mod recorded;
#[allow(dead_code)]
#[path = "../ecosystem/tools.rs"]
mod tools;
mod under_way;
mod upgrade;
