//! How the answers of Volcengine are read (contracts: b.1, b.6, h and l.4), as data.
//!
//! An error is told by its code: it may come with any status, and 412 carries one
//! that passes and one that is final. What is not listed is not a refusal, and
//! neither are the codes of a fault (InternalError, InternalServiceTimeout): the
//! call may have had its effect.

use crate::api::Reason;
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
pub static ECS: &[Row] = &[
    row(
        "IdempotentProcessing",
        Retry(Reason::TARGET_BUSY),
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
        Lost(Reason::TOO_LATE),
        "the time in which the order can be cancelled is over",
    ),
];

/// What every service answers.
pub static COMMON: &[Row] = &[
    row(
        "FlowLimitExceeded",
        Retry(Reason::THROTTLED),
        "too many calls",
    ),
    row(
        "AccountFlowLimitExceeded",
        Retry(Reason::THROTTLED),
        "too many calls of the account",
    ),
    row(
        "InvalidTimestamp",
        Retry(Reason::CLOCK_SKEW),
        "the date of the signature is not accepted",
    ),
    row(
        "InvalidAccessKey",
        Blocked(Reason::CREDENTIALS_REJECTED),
        "the key is not accepted",
    ),
    row(
        "SignatureDoesNotMatch",
        Blocked(Reason::CREDENTIALS_REJECTED),
        "the signature is not accepted",
    ),
    row(
        "InvalidAuthorization",
        Blocked(Reason::CREDENTIALS_REJECTED),
        "the signature is malformed",
    ),
    row(
        "InvalidCredential",
        Blocked(Reason::CREDENTIALS_REJECTED),
        "the credential in the signature is not valid",
    ),
    row(
        "MissingAuthenticationToken",
        Blocked(Reason::CREDENTIALS_REJECTED),
        "the request has no credentials",
    ),
    row(
        "MissingSignature",
        Blocked(Reason::CREDENTIALS_REJECTED),
        "the request has no signature",
    ),
    row(
        "InvalidSecretToken",
        Blocked(Reason::CREDENTIALS_REJECTED),
        "the session token is not accepted",
    ),
    row(
        "InvalidClientTokenId",
        Blocked(Reason::CREDENTIALS_REJECTED),
        "the key is not accepted",
    ),
    row(
        "AccessDenied",
        Blocked(Reason::PERMISSION_DENIED),
        "the key lacks a permission",
    ),
    row(
        "LackPolicy",
        Blocked(Reason::PERMISSION_DENIED),
        "the key lacks a permission",
    ),
    row(
        "LackProjectPolicy",
        Blocked(Reason::PERMISSION_DENIED),
        "the key lacks a permission in the project",
    ),
    row(
        "ServiceShouldCallSelfApi",
        Blocked(Reason::PERMISSION_DENIED),
        "the API is not open to this account",
    ),
    row(
        "ServiceNotFound",
        Blocked(Reason::CONNECTION_MISMATCH),
        "no such service at this endpoint",
    ),
    row(
        "InvalidActionOrVersion",
        Blocked(Reason::CONNECTION_MISMATCH),
        "no such API at this endpoint",
    ),
    row(
        "MethodNotAllowed",
        Blocked(Reason::CONNECTION_MISMATCH),
        "the endpoint does not take this request method",
    ),
    row(
        "UnsupportedRegion",
        Blocked(Reason::CONNECTION_MISMATCH),
        "the service is not offered in this region",
    ),
    row(
        "UnsupportedProtocol",
        Blocked(Reason::CONNECTION_MISMATCH),
        "the endpoint does not take this protocol",
    ),
    row(
        "UnsupportedOperation",
        Blocked(Reason::CONNECTION_MISMATCH),
        "the endpoint does not offer this operation",
    ),
    row("MissingParameter", Terminal, "a parameter is missing"),
    row("MissingParameter.*", Terminal, "a parameter is missing"),
    row("Invalid*.Malformed", Terminal, "a parameter is malformed"),
    row(
        "InnerApiNeedAccountInfo",
        Terminal,
        "the request lacks information about the account",
    ),
    row(
        "MissingRequestInfo",
        Terminal,
        "a part of the request is missing",
    ),
    // What is refused with a code of the service's own, whichever it is (contracts: l.5).
    Row {
        status: Status::Is(401),
        code: "*",
        reading: Blocked(Reason::CREDENTIALS_REJECTED),
        meaning: "the key or the signature is not accepted",
    },
    Row {
        status: Status::Is(403),
        code: "*",
        reading: Blocked(Reason::PERMISSION_DENIED),
        meaning: "the key lacks a permission",
    },
    // Whatever else it carries. If it carries nothing, that is no answer to a mutating
    // call (contracts: l.5).
    Row {
        status: Status::Is(429),
        code: "",
        reading: Retry(Reason::THROTTLED),
        meaning: "too many calls",
    },
];

/// ECS, with what every service answers.
pub static ECS_ROWS: Rows = Rows(&[ECS, COMMON]);

#[cfg(test)]
mod tests;
