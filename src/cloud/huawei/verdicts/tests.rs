//! One row for each code that the contracts list (a.6 and h), so that a change
//! of the table is a change here too.

use super::*;
use crate::api::Reason::{self, ClockSkew};

/// HTTP status, code, and how that answer to a mutating call is read. `None`: not
/// listed, so nobody knows.
const EXPECTED: &[(u16, &str, Option<Reading>)] = &[
    // a.6
    (400, "DCS.4239", Some(Verify)),
    (400, "DCS.4957", Some(Verify)),
    (400, "DCS.4017", Some(Wait(TargetBusy))),
    (400, "DCS.4026", Some(Wait(TargetBusy))),
    (400, "DCS.4049", Some(Wait(TargetBusy))),
    (400, "DCS.4096", Some(Wait(TargetBusy))),
    (400, "DCS.4097", Some(Wait(TargetBusy))),
    (400, "DCS.4108", Some(Wait(TargetBusy))),
    (400, "DCS.4111", Some(Wait(TargetBusy))),
    (400, "DCS.4113", Some(Wait(TargetBusy))),
    (400, "DCS.4114", Some(Wait(TargetBusy))),
    (400, "DCS.4115", Some(Wait(TargetBusy))),
    (400, "DCS.4116", Some(Wait(TargetBusy))),
    (400, "DCS.4117", Some(Wait(TargetBusy))),
    (400, "DCS.4118", Some(Wait(TargetBusy))),
    (400, "DCS.4120", Some(Wait(TargetBusy))),
    (400, "DCS.4121", Some(Wait(TargetBusy))),
    (400, "DCS.4231", Some(Wait(TargetBusy))),
    (400, "DCS.4975", Some(Wait(TargetBusy))),
    (400, "CBC.99003651", Some(Wait(TargetBusy))),
    (400, "DCS.4107", Some(Blocked(TargetBlocked))),
    (400, "DCS.4070", Some(Terminal)),
    (400, "DCS.4102", Some(Terminal)),
    (400, "DCS.4103", Some(Terminal)),
    (400, "DCS.4927", Some(Terminal)),
    (404, "DCS.3022", Some(Gone)),
    (401, "DCS.1001", Some(Blocked(CredentialsRejected))),
    (401, "DCS.1002", Some(Blocked(CredentialsRejected))),
    (401, "DCS.1003", Some(Blocked(CredentialsRejected))),
    (401, "DCS.1004", Some(Blocked(CredentialsRejected))),
    (403, "DCS.2003", Some(Blocked(PermissionDenied))),
    (403, "DCS.2007", Some(Blocked(PermissionDenied))),
    (403, "DCS.3002", Some(Blocked(PermissionDenied))),
    (403, "DCS.3003", Some(Blocked(PermissionDenied))),
    (500, "DCS.5000", None),
    (500, "DCS.5006", None),
    (500, "DCS.4842", None),
    // h: throttled
    (429, "", Some(Retry(Throttled))),
    (429, "APIGW.0308", Some(Retry(Throttled))),
    (429, "ANY.0001", Some(Retry(Throttled))),
    // h: authentication and permission
    (401, "", Some(Blocked(CredentialsRejected))),
    (401, "APIGW.0301", Some(Blocked(CredentialsRejected))),
    (401, "APIGW.0303", Some(Blocked(CredentialsRejected))),
    (401, "APIGW.0305", Some(Blocked(CredentialsRejected))),
    (401, "APIGW.0307", Some(Blocked(CredentialsRejected))),
    (403, "APIGW.0302", Some(Blocked(PermissionDenied))),
    (403, "APIGW.0304", Some(Blocked(PermissionDenied))),
    (403, "APIGW.0306", Some(Blocked(PermissionDenied))),
    (403, "APIGW.0310", Some(Blocked(PermissionDenied))),
    (403, "APIGW.0401", Some(Blocked(PermissionDenied))),
    (403, "APIGW.0402", Some(Blocked(PermissionDenied))),
    (403, "APIGW.0801", Some(Blocked(PermissionDenied))),
    (403, "APIGW.0802", Some(Blocked(PermissionDenied))),
    // h: a wrong endpoint, never "gone"
    (404, "APIGW.0101", Some(Blocked(ConnectionMismatch))),
    // h: transient, and the overloaded 0201
    (500, "", None),
    (400, "APIGW.0201", None),
    (413, "APIGW.0201", None),
    (414, "APIGW.0201", None),
    (494, "APIGW.0201", None),
    (502, "APIGW.0201", None),
    (504, "APIGW.0201", None),
    (500, "APIGW.0601", None),
    (500, "APIGW.0605", None),
    (500, "APIGW.0606", None),
    (500, "APIGW.0610", None),
    (503, "APIGW.0613", None),
    // Not listed anywhere: Unknown, whatever the status.
    (400, "", None),
    (400, "DCS.9999", None),
    (403, "", None),
    (403, "DCS.9999", None),
    (404, "", None),
    (404, "DCS.9999", None),
    (409, "", None),
    (302, "", None),
    // The right code with a status that it is not documented with.
    (400, "DCS.3022", None),
    (400, "DCS.2003", None),
    (400, "APIGW.0101", None),
    (400, "APIGW.0302", None),
];

fn read(status: u16, code: &str) -> Option<Reading> {
    DCS_ROWS.find(status, code).map(|row| row.reading)
}

#[test]
fn every_listed_code_is_read_as_the_contract_says_and_no_other_is_a_refusal() {
    for (status, code, reading) in EXPECTED {
        assert_eq!(read(*status, code), *reading, "{status} {code}");
    }
}

#[test]
fn every_row_of_the_tables_has_a_row_here() {
    for row in DCS.iter().chain(GATEWAY) {
        let tried = EXPECTED.iter().any(|(status, code, reading)| {
            (row.status == 0 || row.status == *status)
                && row.code == *code
                && *reading == Some(row.reading)
        });
        assert!(tried, "{row:?}");
    }
}

#[test]
fn no_code_has_two_rows() {
    let all: Vec<&Row> = DCS.iter().chain(GATEWAY).collect();
    for (n, a) in all.iter().enumerate() {
        for b in &all[..n] {
            let same = a.code == b.code && (a.status == b.status || a.status == 0 || b.status == 0);
            assert!(!same, "{a:?} and {b:?}");
        }
    }
}

#[test]
fn both_prefixes_of_the_gateway_are_the_same_code() {
    let mut tried = 0;
    for (status, code, reading) in EXPECTED {
        let Some(number) = code.strip_prefix("APIGW.") else {
            continue;
        };
        let code = format!("APIG.{number}");
        assert_eq!(read(*status, &code), *reading, "{status} {code}");
        assert_eq!(
            DCS_ROWS.by_code(&code).map(|row| row.reading),
            DCS_ROWS
                .by_code(&format!("APIGW.{number}"))
                .map(|row| row.reading)
        );
        tried += 1;
    }
    assert!(tried > 10);
}

#[test]
fn a_recorded_code_is_read_as_it_was_when_it_came() {
    for (_, code, reading) in EXPECTED {
        if let (Some(reading), true) = (reading, DCS.iter().any(|row| row.code == *code)) {
            let recorded = DCS_ROWS.by_code(code).map(|row| row.reading);
            assert_eq!(recorded, Some(*reading), "{code}");
        }
    }
    assert_eq!(DCS_ROWS.by_code("DCS.9999").map(|row| row.reading), None);
}

#[test]
fn a_refusal_recorded_without_a_code_is_not_taken_for_another() {
    assert_eq!(DCS_ROWS.by_code("").map(|row| row.reading), None);
}

#[test]
fn every_row_says_what_it_means_and_is_told_with_a_reason_that_fits() {
    let passing: &[Reason] = &[Throttled, TargetBusy, ClockSkew];
    for row in DCS.iter().chain(GATEWAY) {
        assert!(!row.meaning.is_empty(), "{row:?}");
        match row.reading {
            Retry(reason) | Wait(reason) => assert!(passing.contains(&reason), "{row:?}"),
            Blocked(reason) => assert!(!passing.contains(&reason), "{row:?}"),
            Verify | Terminal | Gone => {}
        }
    }
}
