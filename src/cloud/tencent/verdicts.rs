//! How the answers of Tencent Cloud are read (contracts: c.3, h and l.3), as data.
//!
//! An error comes with HTTP 200 and is told by its code alone. What is not listed is
//! not a refusal, and neither is InternalError in any form: the call may have had its
//! effect.

use crate::api::Reason;
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
        Wait(Reason::TARGET_BUSY),
        "the group is being scaled",
    ),
    row(
        "ResourceUnavailable.InstanceInOperation",
        Wait(Reason::TARGET_BUSY),
        "an instance of the group is busy",
    ),
    row(
        "ResourceUnavailable.AutoScalingGroupInRefreshActivity",
        Wait(Reason::TARGET_BUSY),
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
        Retry(Reason::CLOCK_SKEW),
        "the date of the signature is not accepted",
    ),
    row(
        "AuthFailure.UnauthorizedOperation",
        Blocked(Reason::PERMISSION_DENIED),
        "the key lacks a permission",
    ),
    row(
        "AuthFailure.*",
        Blocked(Reason::CREDENTIALS_REJECTED),
        "the key or the signature is not accepted",
    ),
    row(
        "UnauthorizedOperation.AutoScalingRoleUnauthorized",
        Blocked(Reason::PERMISSION_DENIED),
        "Auto Scaling lacks its service role AS_QCSRole in the account",
    ),
    row(
        "UnauthorizedOperation*",
        Blocked(Reason::PERMISSION_DENIED),
        "the key lacks a permission",
    ),
    row(
        "IpInBlacklist",
        Blocked(Reason::PERMISSION_DENIED),
        "the address of this operator is on a deny list of the account",
    ),
    row(
        "IpNotInWhitelist",
        Blocked(Reason::PERMISSION_DENIED),
        "the address of this operator is not on the allow list of the account",
    ),
    row(
        "RequestLimitExceeded*",
        Retry(Reason::THROTTLED),
        "too many calls",
    ),
    row(
        "InvalidAction",
        Blocked(Reason::CONNECTION_MISMATCH),
        "no such API at this endpoint",
    ),
    row(
        "NoSuchVersion",
        Blocked(Reason::CONNECTION_MISMATCH),
        "no such version of the API at this endpoint",
    ),
    row(
        "ActionOffline",
        Blocked(Reason::CONNECTION_MISMATCH),
        "the API is no longer offered at this endpoint",
    ),
    row(
        "NoSuchProduct",
        Blocked(Reason::CONNECTION_MISMATCH),
        "no such service at this endpoint",
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
