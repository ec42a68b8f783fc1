//! How the answers of Huawei Cloud are read (contracts: a.6, e.3, e.5 and h), as data.
//!
//! What is not listed is not a refusal: for a mutating call no one knows whether it acted.
//! A 401 or 403 is a refusal if it has a code of the cloud's own: without one it may be a
//! proxy's, which forwarded the call and answered after that (contracts: l.5).

use crate::api::Reason;
use crate::cloud::verdict::Reading::{Blocked, Gone, Retry, Terminal, Verify, Wait};
use crate::cloud::verdict::{Reading, Row, Rows, Status};

/// Status 0 stands for any 4xx.
const fn row(status: u16, code: &'static str, reading: Reading, meaning: &'static str) -> Row {
    Row {
        status: match status {
            0 => Status::Any4xx,
            one => Status::Is(one),
        },
        code,
        reading,
        meaning,
    }
}

/// The API gateway in front of every service.
pub static GATEWAY: &[Row] = &[
    row(429, "", Retry(Reason::THROTTLED), "too many calls"),
    row(0, "APIGW.0308", Retry(Reason::THROTTLED), "too many calls"),
    row(
        404,
        "APIGW.0101",
        Blocked(Reason::CONNECTION_MISMATCH),
        "no such API at this endpoint",
    ),
    row(
        401,
        "*",
        Blocked(Reason::CREDENTIALS_REJECTED),
        "the signature or the key is not accepted",
    ),
    row(
        403,
        "APIGW.0302",
        Blocked(Reason::PERMISSION_DENIED),
        "not authorised for the API",
    ),
    row(
        403,
        "APIGW.0304",
        Blocked(Reason::PERMISSION_DENIED),
        "the app is not authorised for the API",
    ),
    row(
        403,
        "APIGW.0306",
        Blocked(Reason::PERMISSION_DENIED),
        "access denied",
    ),
    row(
        403,
        "APIGW.0310",
        Blocked(Reason::PERMISSION_DENIED),
        "the project is not available",
    ),
    row(
        403,
        "APIGW.0401",
        Blocked(Reason::PERMISSION_DENIED),
        "the source address is forbidden",
    ),
    row(
        403,
        "APIGW.0402",
        Blocked(Reason::PERMISSION_DENIED),
        "the account is forbidden",
    ),
    row(
        403,
        "APIGW.0801",
        Blocked(Reason::PERMISSION_DENIED),
        "access denied",
    ),
    row(
        403,
        "APIGW.0802",
        Blocked(Reason::PERMISSION_DENIED),
        "the agency or identity is forbidden in this region",
    ),
    row(
        403,
        "*",
        Blocked(Reason::PERMISSION_DENIED),
        "the key lacks a permission",
    ),
];

/// Distributed Cache Service.
pub static DCS: &[Row] = &[
    row(
        0,
        super::dcs::NOT_EXTENDING,
        Verify,
        "the instance is not extending: cancelled, run, or never pending",
    ),
    row(
        0,
        "DCS.4017",
        Wait(Reason::TARGET_BUSY),
        "a job of the instance is running",
    ),
    row(
        0,
        "DCS.4026",
        Wait(Reason::TARGET_BUSY),
        "not allowed in the instance's present state",
    ),
    row(
        0,
        "DCS.4049",
        Wait(Reason::TARGET_BUSY),
        "the instance is not running",
    ),
    row(
        0,
        "DCS.4096",
        Wait(Reason::TARGET_BUSY),
        "the instance is busy",
    ),
    row(
        0,
        "DCS.4097",
        Wait(Reason::TARGET_BUSY),
        "the instance is busy",
    ),
    row(
        0,
        "DCS.4111",
        Wait(Reason::TARGET_BUSY),
        "the instance is restarting",
    ),
    row(
        0,
        "DCS.4113",
        Wait(Reason::TARGET_BUSY),
        "the instance is extending",
    ),
    row(
        0,
        "DCS.4114",
        Wait(Reason::TARGET_BUSY),
        "the instance is being configured",
    ),
    row(
        0,
        "DCS.4115",
        Wait(Reason::TARGET_BUSY),
        "the instance's password is being changed",
    ),
    row(
        0,
        "DCS.4116",
        Wait(Reason::TARGET_BUSY),
        "the instance is being upgraded",
    ),
    row(
        0,
        "DCS.4117",
        Wait(Reason::TARGET_BUSY),
        "the instance is being rolled back",
    ),
    row(
        0,
        "DCS.4118",
        Wait(Reason::TARGET_BUSY),
        "the instance is being created",
    ),
    row(
        0,
        "DCS.4120",
        Wait(Reason::TARGET_BUSY),
        "the instance is being frozen",
    ),
    row(
        0,
        "DCS.4121",
        Wait(Reason::TARGET_BUSY),
        "the instance is busy",
    ),
    row(
        0,
        "DCS.4231",
        Wait(Reason::TARGET_BUSY),
        "the instance is busy",
    ),
    row(
        0,
        "DCS.4975",
        Wait(Reason::TARGET_BUSY),
        "the instance is busy",
    ),
    row(
        0,
        "DCS.4108",
        Wait(Reason::TARGET_BUSY),
        "an order for the instance is in process",
    ),
    row(
        0,
        "CBC.99003651",
        Wait(Reason::TARGET_BUSY),
        "another billing operation is running",
    ),
    row(
        0,
        "DCS.4107",
        Blocked(Reason::TARGET_BLOCKED),
        "an order for the instance is unpaid",
    ),
    row(0, "DCS.4957", Verify, "the task's state forbids it"),
    row(0, "DCS.4070", Terminal, "the task id is malformed"),
    row(0, "DCS.4102", Terminal, "the change is not supported"),
    row(0, "DCS.4103", Terminal, "the specification is not valid"),
    row(0, "DCS.4927", Terminal, "the change is not supported"),
    row(404, "DCS.3022", Gone, "there is no such instance"),
    row(
        401,
        "DCS.1001",
        Blocked(Reason::CREDENTIALS_REJECTED),
        "the key is not accepted",
    ),
    row(
        401,
        "DCS.1002",
        Blocked(Reason::CREDENTIALS_REJECTED),
        "the key is not accepted",
    ),
    row(
        401,
        "DCS.1003",
        Blocked(Reason::CREDENTIALS_REJECTED),
        "the key is not accepted",
    ),
    row(
        401,
        "DCS.1004",
        Blocked(Reason::CREDENTIALS_REJECTED),
        "the key is not accepted",
    ),
    row(
        403,
        "DCS.2003",
        Blocked(Reason::PERMISSION_DENIED),
        "the key lacks a permission",
    ),
    row(
        403,
        "DCS.2007",
        Blocked(Reason::PERMISSION_DENIED),
        "the key lacks a permission",
    ),
    row(
        403,
        "DCS.3002",
        Blocked(Reason::PERMISSION_DENIED),
        "the key lacks a permission",
    ),
    row(
        403,
        "DCS.3003",
        Blocked(Reason::PERMISSION_DENIED),
        "the key lacks a permission",
    ),
];

/// Workspace. WKS.0001 and its like are too general to be a refusal of the call.
pub static WORKSPACE: &[Row] = &[
    row(
        409,
        "WKS.00010032",
        Wait(Reason::TARGET_BUSY),
        "the desktop's present state forbids it",
    ),
    row(
        0,
        "WKS.0407",
        Wait(Reason::TARGET_BUSY),
        "disks are being added to the desktop",
    ),
    row(
        0,
        "WKS.00010099",
        Terminal,
        "Workspace is not open in this project",
    ),
    row(0, "WKS.0202", Terminal, "what the call names is not there"),
    row(0, "WKS.0915", Terminal, "what the call names is not there"),
];

/// The account's orders.
pub static BSS: &[Row] = &[
    row(
        403,
        "CBC.0150",
        Blocked(Reason::CONNECTION_MISMATCH),
        "the account belongs to the other site",
    ),
    row(
        403,
        "CBC.0156",
        Blocked(Reason::CONNECTION_MISMATCH),
        "the account belongs to the other site",
    ),
    row(
        0,
        "CBC.0151",
        Blocked(Reason::PERMISSION_DENIED),
        "the key lacks a permission",
    ),
    row(
        400,
        "CBC.18000016",
        Blocked(Reason::PERMISSION_DENIED),
        "the account's partner has not granted it",
    ),
    row(
        400,
        "CBC.30000010",
        Gone,
        "the order is not valid; it may not exist",
    ),
];

/// CloudDC, which documents no code of its own. An instance that is gone is told by
/// the status, so what the gateway says with the same status has to come first.
pub static CLOUDDC: &[Row] = &[
    row(
        404,
        "APIGW.0101",
        Blocked(Reason::CONNECTION_MISMATCH),
        "no such API at this endpoint",
    ),
    row(404, "", Gone, "there is no such instance"),
];

/// DCS behind the gateway.
pub static DCS_ROWS: Rows = Rows(&[DCS, GATEWAY]);
/// Workspace behind the gateway.
pub static WORKSPACE_ROWS: Rows = Rows(&[WORKSPACE, GATEWAY]);
/// CloudDC behind the gateway.
pub static CLOUDDC_ROWS: Rows = Rows(&[CLOUDDC, GATEWAY]);
/// BSS behind the gateway.
pub static BSS_ROWS: Rows = Rows(&[BSS, GATEWAY]);

#[cfg(test)]
mod tests;
