//! The custom resources: what users write, and what Errand writes back.
//!
//! A file per kind, `shared.rs` for what every operation asks, `status.rs` for what
//! it is told, `reasons.rs` for the closed list. Nothing here knows of the engine, of
//! a cloud client or of a controller; the CRDs in `crds/` are generated from these
//! types alone.

mod connection;
mod crds;
mod desktop_order;
mod instance_observation;
mod instance_refresh;
mod operation_ledger;
mod reasons;
mod resize_cancellation;
mod scheduled_instance_reservation;
mod shared;
mod status;
mod waits;
mod words;

pub use connection::{
    CloudConnection, CloudConnectionSpec, CloudConnectionStatus, ConnectionReason, Credentials,
    Endpoint, HuaweiConnection, PaidOperations, Policy, SecretKeys, SecretRef, Site,
    TencentConnection, VolcengineConnection,
};
pub use crds::{connection_crd, operation_crd};
pub use desktop_order::{
    DesktopChange, DesktopObservation, DesktopOrder, DesktopOrderSpec, DesktopOrderStatus,
    ExpandVolume, Payment, Resize, Subscribe, TermUnit,
};
pub use instance_observation::{
    InstanceObservation, InstanceObservationSpec, InstanceObservationStatus, InstanceReading,
    ObservationTarget, ObservedService, Until,
};
pub use instance_refresh::{
    AdoptRefresh, FailedInstance, InstanceRefresh, InstanceRefreshSpec, InstanceRefreshStatus,
    RefreshObservation, RefreshState,
};
pub use operation_ledger::{
    LEDGER_ENTRIES, LedgerClaim, LedgerEntry, LedgerObject, LedgerTarget, OperationLedger,
    OperationLedgerSpec, Unknown,
};
pub use reasons::{Group, Reason};
pub use resize_cancellation::{
    PendingChange, ResizeCancellation, ResizeCancellationSpec, ResizeCancellationStatus,
    ResizeObservation, TaskSort,
};
pub use scheduled_instance_reservation::{
    AdoptReservation, ReservationObservation, ReservationState, ScheduledInstanceReservation,
    ScheduledInstanceReservationSpec, ScheduledInstanceReservationStatus,
};
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
