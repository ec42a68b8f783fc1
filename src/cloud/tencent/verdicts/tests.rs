//! One row for each code that the contracts list (c.3 and h), so that a change of the
//! table is a change here too.

use super::*;

/// Code, and how that error is read in the answer to a mutating call. `None`: not
/// listed, so nobody knows.
const EXPECTED: &[(&str, Option<Reading>)] = &[
    // c.3
    (
        "ResourceUnavailable.RefreshActivityStatusConflictWithOperation",
        Some(Verify),
    ),
    ("ResourceNotFound.RefreshActivityNotFound", Some(Gone)),
    ("ResourceNotFound.AutoScalingGroupNotFound", Some(Gone)),
    ("ResourceNotFound.AutoScalingGroupIdNotFound", Some(Gone)),
    (
        "ResourceUnavailable.AutoScalingGroupInActivity",
        Some(Wait(Reason::TARGET_BUSY)),
    ),
    (
        "ResourceUnavailable.InstanceInOperation",
        Some(Wait(Reason::TARGET_BUSY)),
    ),
    (
        "ResourceUnavailable.AutoScalingGroupInRefreshActivity",
        Some(Wait(Reason::TARGET_BUSY)),
    ),
    (
        "ResourceUnavailable.AutoScalingGroupDisabled",
        Some(Terminal),
    ),
    (
        "ResourceUnavailable.AutoScalingGroupAbnormalStatus",
        Some(Terminal),
    ),
    ("ResourceUnavailable.NoInstanceCanRefresh", Some(Terminal)),
    ("ResourceUnavailable.NoInstanceCanRollback", Some(Terminal)),
    (
        "ResourceUnavailable.RefreshActivityCanNotRollback",
        Some(Terminal),
    ),
    (
        "ResourceUnavailable.RollbackTypeActivityCanNotRollbackAgain",
        Some(Terminal),
    ),
    (
        "UnauthorizedOperation.AutoScalingRoleUnauthorized",
        Some(Blocked(Reason::PERMISSION_DENIED)),
    ),
    (
        "UnauthorizedOperation",
        Some(Blocked(Reason::PERMISSION_DENIED)),
    ),
    (
        "UnauthorizedOperation.Other",
        Some(Blocked(Reason::PERMISSION_DENIED)),
    ),
    (
        "AuthFailure.SignatureExpire",
        Some(Retry(Reason::CLOCK_SKEW)),
    ),
    (
        "AuthFailure.SignatureFailure",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (
        "AuthFailure.SecretIdNotFound",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (
        "AuthFailure.InvalidSecretId",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (
        "AuthFailure.UnauthorizedOperation",
        Some(Blocked(Reason::PERMISSION_DENIED)),
    ),
    (
        "AuthFailure.TokenFailure",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    ("RequestLimitExceeded", Some(Retry(Reason::THROTTLED))),
    (
        "RequestLimitExceeded.UinLimitExceeded",
        Some(Retry(Reason::THROTTLED)),
    ),
    (
        "RequestLimitExceeded.GlobalRegionUinLimitExceeded",
        Some(Retry(Reason::THROTTLED)),
    ),
    ("InvalidAction", Some(Blocked(Reason::CONNECTION_MISMATCH))),
    ("NoSuchVersion", Some(Blocked(Reason::CONNECTION_MISMATCH))),
    ("InvalidParameter", Some(Terminal)),
    ("InvalidParameter.InFilter", Some(Terminal)),
    ("InvalidParameterValue", Some(Terminal)),
    (
        "InvalidParameterValue.InvalidAutoScalingGroupId",
        Some(Terminal),
    ),
    ("MissingParameter", Some(Terminal)),
    ("UnknownParameter", Some(Terminal)),
    ("UnsupportedOperation", Some(Terminal)),
    // They may have had an effect.
    ("InternalError", None),
    ("InternalError.CallError", None),
    ("InternalError.CalleeError", None),
    ("InternalError.RequestError", None),
    // l.3
    ("ActionOffline", Some(Blocked(Reason::CONNECTION_MISMATCH))),
    ("NoSuchProduct", Some(Blocked(Reason::CONNECTION_MISMATCH))),
    (
        "UnsupportedRegion",
        Some(Blocked(Reason::CONNECTION_MISMATCH)),
    ),
    (
        "UnsupportedProtocol",
        Some(Blocked(Reason::CONNECTION_MISMATCH)),
    ),
    ("IpInBlacklist", Some(Blocked(Reason::PERMISSION_DENIED))),
    ("IpNotInWhitelist", Some(Blocked(Reason::PERMISSION_DENIED))),
    ("InvalidRequest", Some(Terminal)),
    ("RequestSizeLimitExceeded", Some(Terminal)),
    ("MissingParameter.Other", Some(Terminal)),
    // Not listed anywhere.
    ("", None),
    ("AuthFailure", None),
    ("ResourceUnavailable", None),
    ("ResourceUnavailable.Other", None),
    ("ResourceNotFound", None),
    ("ResourceInUse", None),
    ("FailedOperation", None),
    ("LimitExceeded", None),
    ("invalidparameter", None),
];

fn read(status: u16, code: &str) -> Option<Reading> {
    AS_ROWS.find(status, code).map(|row| row.reading)
}

#[test]
fn every_listed_code_is_read_as_the_contract_says_and_no_other_is_a_refusal() {
    for (code, reading) in EXPECTED {
        assert_eq!(read(200, code), *reading, "{code}");
    }
}

#[test]
fn another_status_than_200_is_no_answer_of_the_service() {
    for status in [0, 302, 400, 401, 403, 404, 429, 500, 502, 503] {
        for (code, _) in EXPECTED {
            assert_eq!(read(status, code), None, "{status} {code}");
        }
    }
}

#[test]
fn every_row_of_the_tables_has_a_row_here_and_says_what_it_means() {
    for row in AS.iter().chain(COMMON) {
        let tried = EXPECTED.iter().any(|(code, reading)| {
            let found = AS_ROWS.find(200, code);
            found.is_some_and(|found| found.code == row.code) && *reading == Some(row.reading)
        });
        assert!(tried && !row.meaning.is_empty(), "{row:?}");
    }
}

#[test]
fn no_code_has_two_rows() {
    let all: Vec<&Row> = AS.iter().chain(COMMON).collect();
    for (n, a) in all.iter().enumerate() {
        assert!(all[..n].iter().all(|b| a.code != b.code), "{a:?}");
    }
}
