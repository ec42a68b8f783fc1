//! Kubernetes I/O: the shell around the engine.
//!
//! `session` carries out the engine's effects for one object; `status` renders
//! what it reports; `connections` turns a connectionRef into a client that may
//! be used; `controller` wakes sessions; `run` wires watches, timers and the lease
//! together. Nothing here decides whether a mutating call may be made.

mod admission;
mod api_requests;
mod audit;
mod connection_ids;
mod connection_status;
mod connections;
mod context;
mod controller;
mod dispatch;
mod effects;
mod endpoints;
mod events;
mod expiry;
#[cfg(test)]
mod fake_api;
mod finished;
mod fit;
mod keys;
mod lease;
mod ledger;
mod marks;
mod metrics;
mod money;
mod observability;
mod observed_for;
mod overdue;
#[cfg(test)]
mod passes;
mod put;
mod queue;
pub mod rbac;
mod read;
mod recording;
mod run;
mod secrets;
mod selector;
mod session;
mod shown;
mod status;
mod stop;
mod surroundings;
mod troubles;
mod unreadable;
mod watch;
mod watches;

pub use effects::EFFECTS;
pub use endpoints::{AllowedEndpoint, EndpointPolicy};
pub use money::Ceiling;
pub use run::{RunError, Settings, run};
pub use selector::{LabelSelector, NoSelector};
