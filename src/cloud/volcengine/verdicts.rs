//! How the answers of Volcengine are read (contracts: b.1, b.6 and h), as data.
//!
//! An error is told by its code: it may come with any status, and 412 carries one
//! that passes and one that is final. What is not listed is not a refusal, and
//! neither are the codes of a fault (InternalError, InternalServiceTimeout): the
//! call may have had its effect.

use crate::api::Reason::{
    ClockSkew, ConnectionMismatch, CredentialsRejected, PermissionDenied, TargetBusy, Throttled,
    TooLate,
};
use crate::cloud::verdict::Reading::{Blocked, Gone, Lost, Retry, Terminal, Verify};
use crate::cloud::verdict::{Reading, Row, Rows, Status};

const fn row(code: &'static str, reading: Reading, meaning: &'static str) -> Row {
    Row {
        status: Status::Shown,
        code,
        reading,
        meaning,
    }
}

/// Elastic Compute Service: scheduled instances.
pub const ECS: &[Row] = &[
    row(
        "IdempotentProcessing",
        Retry(TargetBusy),
        "a call with the same token is being processed",
    ),
    row(
        "IdempotentParameterMismatch",
        Terminal,
        "the token was used with other parameters",
    ),
    row(
        "InvalidClientToken.Malformed",
        Terminal,
        "the token is malformed",
    ),
    row(
        "InvalidDeliveryTypeForScheduledInstanceDeletion.Unsupported",
        Terminal,
        "an order of this delivery type cannot be cancelled",
    ),
    row(
        "InvalidScheduledInstanceStatus",
        Verify,
        "the order's state forbids it: cancelled, or delivered",
    ),
    row(
        "MissingParameter.ScheduledInstanceId",
        Terminal,
        "the order's id is missing",
    ),
    row(
        "InvalidScheduledInstance.NotFound",
        Gone,
        "there is no such order",
    ),
    row(
        "OperationDenied.LatestCancelTime",
        Lost(TooLate),
        "the time in which the order can be cancelled is over",
    ),
];

/// What every service answers.
pub const COMMON: &[Row] = &[
    row("FlowLimitExceeded", Retry(Throttled), "too many calls"),
    row(
        "AccountFlowLimitExceeded",
        Retry(Throttled),
        "too many calls of the account",
    ),
    row(
        "InvalidTimestamp",
        Retry(ClockSkew),
        "the date of the signature is not accepted",
    ),
    row(
        "InvalidAccessKey",
        Blocked(CredentialsRejected),
        "the key is not accepted",
    ),
    row(
        "SignatureDoesNotMatch",
        Blocked(CredentialsRejected),
        "the signature is not accepted",
    ),
    row(
        "AccessDenied",
        Blocked(PermissionDenied),
        "the key lacks a permission",
    ),
    row(
        "ServiceNotFound",
        Blocked(ConnectionMismatch),
        "no such service at this endpoint",
    ),
    row(
        "InvalidActionOrVersion",
        Blocked(ConnectionMismatch),
        "no such API at this endpoint",
    ),
    row("MissingParameter", Terminal, "a parameter is missing"),
    row(
        "MissingRequestInfo",
        Terminal,
        "a part of the request is missing",
    ),
    // Whatever else it carries. If it carries nothing, that is no answer to a mutating
    // call (contracts: l.5).
    Row {
        status: Status::Is(429),
        code: "",
        reading: Retry(Throttled),
        meaning: "too many calls",
    },
];

/// ECS, with what every service answers.
pub const ECS_ROWS: Rows = Rows(&[ECS, COMMON]);

#[cfg(test)]
mod tests;
