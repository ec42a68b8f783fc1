//! What the custom resources of all operations share, and those that are no operation:
//! what users write, and what Errand writes back.
//!
//! `shared.rs` has what every operation asks, `status.rs` what it is told, `reasons.rs` the
//! reasons that more than one kind has. The resource of a kind of operation is in its folder.
//! Nothing here knows of the engine, of a kind, of a cloud client or of a controller.

mod connection;
mod crds;
mod operation_ledger;
mod reasons;
mod shared;
mod status;
mod waits;
mod words;

pub use connection::{
    CloudConnection, CloudConnectionSpec, CloudConnectionStatus, ConnectionReason, Credentials,
    Endpoint, HuaweiConnection, PaidOperations, Policy, SecretKeys, SecretRef, Site,
    TencentConnection, VolcengineConnection,
};
pub use crds::{Column, KindInfo, connection_crd, operation_crd};
pub use operation_ledger::{
    LEDGER_ENTRIES, LedgerClaim, LedgerEntry, LedgerObject, LedgerTarget, OperationLedger,
    OperationLedgerSpec, Unknown,
};
pub(crate) use reasons::reasons;
pub use reasons::{Group, Reason, ReasonRow};
pub use shared::is_object_name;
pub use shared::{
    Common, ConnectionKind, ConnectionRef, Decision, Mode, REQUESTED_AT, Resolution, Schedule,
    Timestamp,
};
pub use status::{
    AnswerWord, CallStatus, CloudError, Condition, ConditionStatus, Hold, LocalRef, LockedBy,
    ObservedFor, PlanStatus, State, Status, StepStatus, Waiting,
};
pub use waits::{OVERDUE, Wait};
pub(crate) use words::words;
