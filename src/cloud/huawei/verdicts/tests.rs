//! One row for each code that the contracts list (a.6, e.3, e.5 and h), so that a
//! change of the table is a change here too.

use super::*;

/// HTTP status, code, and how that answer to a mutating call is read. `None`: not
/// listed, so nobody knows.
type Expected = (u16, &'static str, Option<Reading>);

/// Every service: its own rows, all that are asked, and what is expected of it
/// beside [`OF_THE_GATEWAY`].
const SERVICES: &[(&[Row], Rows, &[Expected])] = &[
    (DCS, DCS_ROWS, OF_DCS),
    (WORKSPACE, WORKSPACE_ROWS, OF_WORKSPACE),
    (BSS, BSS_ROWS, OF_BSS),
];

/// e.5
const OF_WORKSPACE: &[Expected] = &[
    (409, "WKS.00010032", Some(Wait(Reason::TARGET_BUSY))),
    (400, "WKS.0407", Some(Wait(Reason::TARGET_BUSY))),
    (409, "WKS.0407", Some(Wait(Reason::TARGET_BUSY))),
    (403, "WKS.00010099", Some(Terminal)),
    (400, "WKS.0202", Some(Terminal)),
    (404, "WKS.0202", Some(Terminal)),
    (404, "WKS.0915", Some(Terminal)),
    // Too general, or of unknown meaning.
    (400, "WKS.0001", None),
    (400, "WKS.00170312", None),
    (400, "WKS.99999999", None),
    (409, "WKS.99999999", None),
    (404, "WKS.99999999", None),
    // A fault, whatever code it carries; and a success with an error in it.
    (500, "WKS.0202", None),
    (500, "WKS.0915", None),
    (500, "WKS.00010032", None),
    (200, "WKS.0407", None),
    (200, "WKS.00010099", None),
    // The right code with a status that it is not documented with.
    (400, "WKS.00010032", None),
    // Not its own.
    (400, "DCS.4239", None),
];

/// e.3
const OF_BSS: &[Expected] = &[
    (403, "CBC.0150", Some(Blocked(Reason::CONNECTION_MISMATCH))),
    (403, "CBC.0156", Some(Blocked(Reason::CONNECTION_MISMATCH))),
    (400, "CBC.0151", Some(Blocked(Reason::PERMISSION_DENIED))),
    (403, "CBC.0151", Some(Blocked(Reason::PERMISSION_DENIED))),
    (
        400,
        "CBC.18000016",
        Some(Blocked(Reason::PERMISSION_DENIED)),
    ),
    (400, "CBC.30000010", Some(Gone)),
    (400, "CBC.9999", None),
];

/// a.6
const OF_DCS: &[Expected] = &[
    (400, "DCS.4239", Some(Verify)),
    (400, "DCS.4957", Some(Verify)),
    (400, "DCS.4017", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4026", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4049", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4096", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4097", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4108", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4111", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4113", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4114", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4115", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4116", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4117", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4118", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4120", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4121", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4231", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4975", Some(Wait(Reason::TARGET_BUSY))),
    (400, "CBC.99003651", Some(Wait(Reason::TARGET_BUSY))),
    (400, "DCS.4107", Some(Blocked(Reason::TARGET_BLOCKED))),
    (400, "DCS.4070", Some(Terminal)),
    (400, "DCS.4102", Some(Terminal)),
    (400, "DCS.4103", Some(Terminal)),
    (400, "DCS.4927", Some(Terminal)),
    (404, "DCS.3022", Some(Gone)),
    (401, "DCS.1001", Some(Blocked(Reason::CREDENTIALS_REJECTED))),
    (401, "DCS.1002", Some(Blocked(Reason::CREDENTIALS_REJECTED))),
    (401, "DCS.1003", Some(Blocked(Reason::CREDENTIALS_REJECTED))),
    (401, "DCS.1004", Some(Blocked(Reason::CREDENTIALS_REJECTED))),
    (403, "DCS.2003", Some(Blocked(Reason::PERMISSION_DENIED))),
    (403, "DCS.2007", Some(Blocked(Reason::PERMISSION_DENIED))),
    (403, "DCS.3002", Some(Blocked(Reason::PERMISSION_DENIED))),
    (403, "DCS.3003", Some(Blocked(Reason::PERMISSION_DENIED))),
    (500, "DCS.5000", None),
    (500, "DCS.5006", None),
    (500, "DCS.4842", None),
    (400, "DCS.9999", None),
    (403, "DCS.2999", Some(Blocked(Reason::PERMISSION_DENIED))),
    (404, "DCS.9999", None),
    // The right code with a status that it is not documented with.
    (400, "DCS.3022", None),
    (400, "DCS.2003", None),
];

/// h, and what is listed nowhere.
const OF_THE_GATEWAY: &[Expected] = &[
    // Throttled
    (429, "", Some(Retry(Reason::THROTTLED))),
    (429, "APIGW.0308", Some(Retry(Reason::THROTTLED))),
    (429, "ANY.0001", Some(Retry(Reason::THROTTLED))),
    // authentication and permission
    (401, "ANY.0001", Some(Blocked(Reason::CREDENTIALS_REJECTED))),
    (403, "ANY.0001", Some(Blocked(Reason::PERMISSION_DENIED))),
    (
        401,
        "APIGW.0301",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (
        401,
        "APIGW.0303",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (
        401,
        "APIGW.0305",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (
        401,
        "APIGW.0307",
        Some(Blocked(Reason::CREDENTIALS_REJECTED)),
    ),
    (403, "APIGW.0302", Some(Blocked(Reason::PERMISSION_DENIED))),
    (403, "APIGW.0304", Some(Blocked(Reason::PERMISSION_DENIED))),
    (403, "APIGW.0306", Some(Blocked(Reason::PERMISSION_DENIED))),
    (403, "APIGW.0310", Some(Blocked(Reason::PERMISSION_DENIED))),
    (403, "APIGW.0401", Some(Blocked(Reason::PERMISSION_DENIED))),
    (403, "APIGW.0402", Some(Blocked(Reason::PERMISSION_DENIED))),
    (403, "APIGW.0801", Some(Blocked(Reason::PERMISSION_DENIED))),
    (403, "APIGW.0802", Some(Blocked(Reason::PERMISSION_DENIED))),
    // a wrong endpoint, never "gone"
    (
        404,
        "APIGW.0101",
        Some(Blocked(Reason::CONNECTION_MISMATCH)),
    ),
    // transient, and the overloaded 0201
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
    // A proxy may have written them after the call took effect.
    (401, "", None),
    (403, "", None),
    (404, "", None),
    (409, "", None),
    (302, "", None),
    // The right code with a status that it is not documented with.
    (400, "APIGW.0101", None),
    (400, "APIGW.0302", None),
];

fn read(rows: Rows, status: u16, code: &str) -> Option<Reading> {
    rows.find(status, code).map(|row| row.reading)
}

#[test]
fn every_listed_code_is_read_as_the_contract_says_and_no_other_is_a_refusal() {
    for (_, rows, own) in SERVICES {
        for (status, code, reading) in own.iter().chain(OF_THE_GATEWAY) {
            assert_eq!(read(*rows, *status, code), *reading, "{status} {code}");
        }
    }
}

#[test]
fn every_row_of_the_tables_has_a_row_here() {
    let of_gateway: (&[Row], &[Expected]) = (GATEWAY, OF_THE_GATEWAY);
    let own = SERVICES
        .iter()
        .map(|(rows, _, expected)| (*rows, *expected));
    for (rows, expected) in own.chain([of_gateway]) {
        for row in rows {
            let tried = expected.iter().any(|(status, code, reading)| {
                (row.status == Status::Any4xx || row.status == Status::Is(*status))
                    && (row.code == *code || row.code == "*" && !code.is_empty())
                    && *reading == Some(row.reading)
            });
            assert!(tried, "{row:?}");
        }
    }
}

#[test]
fn no_code_has_two_rows() {
    for (own, _, _) in SERVICES {
        let all: Vec<&Row> = own.iter().chain(GATEWAY).collect();
        for (n, a) in all.iter().enumerate() {
            for b in &all[..n] {
                let meet = a.status == b.status || [a.status, b.status].contains(&Status::Any4xx);
                assert!(a.code != b.code || !meet, "{a:?} and {b:?}");
            }
        }
    }
}

#[test]
fn both_prefixes_of_the_gateway_are_the_same_code() {
    let mut tried = 0;
    for (_, rows, _) in SERVICES {
        for (status, code, reading) in OF_THE_GATEWAY {
            let Some(number) = code.strip_prefix("APIGW.") else {
                continue;
            };
            let code = format!("APIG.{number}");
            assert_eq!(read(*rows, *status, &code), *reading, "{status} {code}");
            tried += 1;
        }
    }
    assert!(tried > 30);
}

#[test]
fn every_row_says_what_it_means_and_is_told_with_a_reason_that_fits() {
    let passing: &[Reason] = &[Reason::THROTTLED, Reason::TARGET_BUSY, Reason::CLOCK_SKEW];
    let own = SERVICES.iter().flat_map(|(rows, ..)| *rows);
    for row in own.chain(GATEWAY) {
        assert!(!row.meaning.is_empty(), "{row:?}");
        match row.reading {
            Retry(reason) | Wait(reason) => assert!(passing.contains(&reason), "{row:?}"),
            Blocked(reason) => assert!(!passing.contains(&reason), "{row:?}"),
            Verify | Terminal | Gone | Reading::Lost(_) => {}
        }
    }
}

#[test]
fn an_instance_of_clouddc_that_is_gone_is_told_by_the_status_and_the_rest_by_the_gateway() {
    for (status, code, reading) in OF_THE_GATEWAY {
        let expected = match (status, code) {
            (404, code) if *code != "APIGW.0101" => Some(Gone),
            _ => *reading,
        };
        assert_eq!(
            read(CLOUDDC_ROWS, *status, code),
            expected,
            "{status} {code}"
        );
    }
    let mismatch = Some(Blocked(Reason::CONNECTION_MISMATCH));
    assert_eq!(read(CLOUDDC_ROWS, 404, "APIG.0101"), mismatch);
    assert_eq!(read(CLOUDDC_ROWS, 404, "CloudDC.1"), Some(Gone));
}
