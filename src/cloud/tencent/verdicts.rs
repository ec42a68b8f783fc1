//! How the answers of Tencent Cloud are read (contracts: c.3, h and l.3), as data.
//!
//! An error comes with HTTP 200 and is told by its code alone. What is not listed is
//! not a refusal, and neither is InternalError in any form: the call may have had its
//! effect.

use crate::api::Reason::{
    ClockSkew, ConnectionMismatch, CredentialsRejected, PermissionDenied, TargetBusy, Throttled,
};
use crate::cloud::verdict::Reading::{Blocked, Gone, Retry, Terminal, Verify, Wait};
use crate::cloud::verdict::{Reading, Row, Rows, Status};

const fn row(code: &'static str, reading: Reading, meaning: &'static str) -> Row {
    Row {
        status: Status::Is(200),
        code,
        reading,
        meaning,
    }
}

/// Auto Scaling: instance refresh.
pub static AS: &[Row] = &[
    row(
        "ResourceUnavailable.RefreshActivityStatusConflictWithOperation",
        Verify,
        "the activity's state forbids it: ended, or a batch is running",
    ),
    row(
        "ResourceNotFound.RefreshActivityNotFound",
        Gone,
        "there is no such activity",
    ),
    row(
        "ResourceNotFound.AutoScalingGroupNotFound",
        Gone,
        "there is no such group",
    ),
    row(
        "ResourceNotFound.AutoScalingGroupIdNotFound",
        Gone,
        "there is no such group",
    ),
    row(
        "ResourceUnavailable.AutoScalingGroupInActivity",
        Wait(TargetBusy),
        "the group is being scaled",
    ),
    row(
        "ResourceUnavailable.InstanceInOperation",
        Wait(TargetBusy),
        "an instance of the group is busy",
    ),
    row(
        "ResourceUnavailable.AutoScalingGroupInRefreshActivity",
        Wait(TargetBusy),
        "another refresh of the group is running or paused",
    ),
    row(
        "ResourceUnavailable.AutoScalingGroupDisabled",
        Terminal,
        "the group is disabled",
    ),
    row(
        "ResourceUnavailable.AutoScalingGroupAbnormalStatus",
        Terminal,
        "the group is in an abnormal state",
    ),
    row(
        "ResourceUnavailable.NoInstanceCanRefresh",
        Terminal,
        "the group has no instance to refresh",
    ),
    row(
        "ResourceUnavailable.NoInstanceCanRollback",
        Terminal,
        "the group has no instance to roll back",
    ),
    row(
        "ResourceUnavailable.RefreshActivityCanNotRollback",
        Terminal,
        "the activity cannot be rolled back",
    ),
    row(
        "ResourceUnavailable.RollbackTypeActivityCanNotRollbackAgain",
        Terminal,
        "a roll-back cannot be rolled back",
    ),
];

/// What every service answers.
pub static COMMON: &[Row] = &[
    row(
        "AuthFailure.SignatureExpire",
        Retry(ClockSkew),
        "the date of the signature is not accepted",
    ),
    row(
        "AuthFailure.UnauthorizedOperation",
        Blocked(PermissionDenied),
        "the key lacks a permission",
    ),
    row(
        "AuthFailure.*",
        Blocked(CredentialsRejected),
        "the key or the signature is not accepted",
    ),
    row(
        "UnauthorizedOperation.AutoScalingRoleUnauthorized",
        Blocked(PermissionDenied),
        "Auto Scaling lacks its service role AS_QCSRole in the account",
    ),
    row(
        "UnauthorizedOperation*",
        Blocked(PermissionDenied),
        "the key lacks a permission",
    ),
    row(
        "IpInBlacklist",
        Blocked(PermissionDenied),
        "the address of this operator is on a deny list of the account",
    ),
    row(
        "IpNotInWhitelist",
        Blocked(PermissionDenied),
        "the address of this operator is not on the allow list of the account",
    ),
    row("RequestLimitExceeded*", Retry(Throttled), "too many calls"),
    row(
        "InvalidAction",
        Blocked(ConnectionMismatch),
        "no such API at this endpoint",
    ),
    row(
        "NoSuchVersion",
        Blocked(ConnectionMismatch),
        "no such version of the API at this endpoint",
    ),
    row(
        "ActionOffline",
        Blocked(ConnectionMismatch),
        "the API is no longer offered at this endpoint",
    ),
    row(
        "NoSuchProduct",
        Blocked(ConnectionMismatch),
        "no such service at this endpoint",
    ),
    row(
        "UnsupportedRegion",
        Blocked(ConnectionMismatch),
        "the service is not offered in this region",
    ),
    row(
        "UnsupportedProtocol",
        Blocked(ConnectionMismatch),
        "the endpoint does not take this protocol",
    ),
    row(
        "InvalidParameter*",
        Terminal,
        "a parameter, or its value, is not valid",
    ),
    row("MissingParameter*", Terminal, "a parameter is missing"),
    row("InvalidRequest", Terminal, "the request is not valid"),
    row(
        "RequestSizeLimitExceeded",
        Terminal,
        "the request is too large",
    ),
    row("UnknownParameter", Terminal, "a parameter is not known"),
    row(
        "UnsupportedOperation",
        Terminal,
        "the operation is not supported",
    ),
];

/// Auto Scaling, with what every service answers.
pub static AS_ROWS: Rows = Rows(&[AS, COMMON]);

#[cfg(test)]
mod tests;
