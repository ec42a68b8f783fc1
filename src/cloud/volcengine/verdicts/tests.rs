//! One row for each code that the contracts list (b.1, b.6 and h), so that a change
//! of the table is a change here too.

use super::*;

/// HTTP status, code, and how that answer to a mutating call is read. `None`: not
/// listed, so nobody knows.
const EXPECTED: &[(u16, &str, Option<Reading>)] = &[
    // b.1
    (400, "IdempotentParameterMismatch", Some(Terminal)),
    (400, "InvalidClientToken.Malformed", Some(Terminal)),
    (
        400,
        "InvalidDeliveryTypeForScheduledInstanceDeletion.Unsupported",
        Some(Terminal),
    ),
    (400, "InvalidScheduledInstanceStatus", Some(Verify)),
    (400, "MissingParameter.ScheduledInstanceId", Some(Terminal)),
    (404, "InvalidScheduledInstance.NotFound", Some(Gone)),
    (
        412,
        "IdempotentProcessing",
        Some(Retry(Reason::TARGET_BUSY)),
    ),
    (
        412,
        "OperationDenied.LatestCancelTime",
        Some(Lost(Reason::TOO_LATE)),
    ),
    (500, "InternalError", None),
    // b.6
    (400, "MissingParameter", Some(Terminal)),
    (400, "MissingRequestInfo", Some(Terminal)),
    (400, "InvalidTimestamp", Some(Retry(Reason::CLOCK_SKEW))),
    (
        401,
        "InvalidAccessKey",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (
        401,
        "SignatureDoesNotMatch",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (
        403,
        "AccessDenied",
        Some(Blocked(Reason::PERMISSION_DENIED)),
    ),
    (
        404,
        "ServiceNotFound",
        Some(Blocked(Reason::CONNECTION_MISMATCH)),
    ),
    (
        404,
        "InvalidActionOrVersion",
        Some(Blocked(Reason::CONNECTION_MISMATCH)),
    ),
    (500, "InternalServiceTimeout", None),
    (429, "FlowLimitExceeded", Some(Retry(Reason::THROTTLED))),
    (
        429,
        "AccountFlowLimitExceeded",
        Some(Retry(Reason::THROTTLED)),
    ),
    (
        400,
        "AccountFlowLimitExceeded",
        Some(Retry(Reason::THROTTLED)),
    ),
    (429, "", Some(Retry(Reason::THROTTLED))),
    (429, "SomethingNew", Some(Retry(Reason::THROTTLED))),
    // l.4
    (
        400,
        "InvalidAuthorization",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (
        400,
        "InvalidCredential",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (
        401,
        "MissingAuthenticationToken",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (
        401,
        "MissingSignature",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (
        401,
        "InvalidSecretToken",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (
        401,
        "InvalidClientTokenId",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (403, "LackPolicy", Some(Blocked(Reason::PERMISSION_DENIED))),
    (
        403,
        "LackProjectPolicy",
        Some(Blocked(Reason::PERMISSION_DENIED)),
    ),
    (
        403,
        "ServiceShouldCallSelfApi",
        Some(Blocked(Reason::PERMISSION_DENIED)),
    ),
    (
        405,
        "MethodNotAllowed",
        Some(Blocked(Reason::CONNECTION_MISMATCH)),
    ),
    (
        400,
        "UnsupportedRegion",
        Some(Blocked(Reason::CONNECTION_MISMATCH)),
    ),
    (
        400,
        "UnsupportedProtocol",
        Some(Blocked(Reason::CONNECTION_MISMATCH)),
    ),
    (
        400,
        "UnsupportedOperation",
        Some(Blocked(Reason::CONNECTION_MISMATCH)),
    ),
    (400, "InvalidZoneId.Malformed", Some(Terminal)),
    (400, "MissingParameter.Other", Some(Terminal)),
    (400, "InnerApiNeedAccountInfo", Some(Terminal)),
    // l.5
    (
        401,
        "SomethingNew",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (
        403,
        "SomethingNew",
        Some(Blocked(Reason::PERMISSION_DENIED)),
    ),
    // A guess for this vendor, so it is not listed.
    (400, "RequestLimitExceeded", None),
    // Not listed anywhere: Unknown, whatever the status.
    (200, "", None),
    (400, "", None),
    (401, "", None),
    (403, "", None),
    (404, "", None),
    (409, "", None),
    (412, "", None),
    (412, "SomethingNew", None),
    (400, "OperationDenied.Other", None),
    (404, "InvalidInstance.NotFound", None),
    (500, "", None),
    (502, "", None),
    (503, "", None),
    (504, "", None),
    (302, "", None),
];

fn read(status: u16, code: &str) -> Option<Reading> {
    ECS_ROWS.find(status, code).map(|row| row.reading)
}

#[test]
fn every_listed_code_is_read_as_the_contract_says_and_no_other_is_a_refusal() {
    for (status, code, reading) in EXPECTED {
        assert_eq!(read(*status, code), *reading, "{status} {code}");
    }
}

#[test]
fn a_code_is_the_same_in_a_200_and_in_another_4xx_but_nothing_in_a_fault() {
    for (_, code, reading) in EXPECTED.iter().filter(|(_, code, _)| !code.is_empty()) {
        if *code == "SomethingNew" {
            continue;
        }
        for status in [200, 400, 404, 412] {
            assert_eq!(read(status, code), *reading, "{status} {code}");
        }
        for status in [500, 502, 503, 504, 302] {
            assert_eq!(read(status, code), None, "{status} {code}");
        }
    }
}

#[test]
fn every_row_of_the_tables_has_a_row_here_and_says_what_it_means() {
    for row in ECS.iter().chain(COMMON) {
        let tried = EXPECTED.iter().any(|(status, code, reading)| {
            let found = ECS_ROWS.find(*status, code);
            found.is_some_and(|found| std::ptr::eq(found, row)) && *reading == Some(row.reading)
        });
        assert!(tried && !row.meaning.is_empty(), "{row:?}");
    }
}

#[test]
fn no_code_has_two_rows() {
    let all: Vec<&Row> = ECS.iter().chain(COMMON).collect();
    for (n, a) in all.iter().enumerate() {
        let same = |b: &Row| a.code == b.code && a.status == b.status;
        assert!(!all[..n].iter().any(|b| same(b)), "{a:?}");
    }
}
