//! The custom resources: what users write, and what Errand writes back.
//!
//! A file per kind, `shared.rs` for what every operation has, `reasons.rs` for
//! the closed list. Nothing here knows of the engine, of a cloud client or of a
//! controller; the CRDs in `crds/` are generated from these types alone.

mod connection;
mod crds;
mod reasons;
mod resize_cancellation;
mod shared;

pub use connection::{
    CloudConnection, CloudConnectionSpec, CloudConnectionStatus, ConnectionReason, Credentials,
    Endpoints, HuaweiConnection, Policy, SecretKeys, SecretRef,
};
pub use crds::crds;
pub use reasons::{Group, Reason};
pub use resize_cancellation::{
    PendingChange, ResizeCancellation, ResizeCancellationSpec, ResizeCancellationStatus,
    ResizeObservation,
};
pub use shared::{
    AnswerWord, Condition, ConditionStatus, ConnectionKind, ConnectionRef, Decision, Hold,
    LocalRef, Mode, PlanStatus, Resolution, Schedule, State, Status, StepStatus, Timestamp,
};
