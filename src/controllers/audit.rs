//! Errand's own audit log: a JSON line before each mutating call, and one with
//! its answer. It goes to standard output, apart from the log, so that it can be
//! kept where the calls of an account have to be accounted for.

use std::io::Write as _;

use serde::Serialize;

use crate::api::{CallStatus, Timestamp};
use crate::cloud::Refusal;
use crate::text;

/// A line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line<'a> {
    pub(super) time: Timestamp,
    /// intended to be sent now, answered, or lost (its object is gone).
    pub(super) event: &'static str,
    pub(super) kind: &'a str,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) uid: &'a str,
    pub(super) target: &'a str,
    pub(super) step: &'a str,
    pub(super) step_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) call: Option<&'a CallStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_digest: Option<&'a str>,
    #[serde(flatten)]
    pub(super) answer: Option<Answered<'a>>,
}

/// What the line of an answer has beside.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answered<'a> {
    /// accepted, refused, unknown or not_sent.
    answer: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    code: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
}

impl<'a> Answered<'a> {
    pub(super) fn new(answer: &'static str, said: &'a Refusal) -> Self {
        Self {
            answer,
            code: &said.code,
            request_id: &said.request_id,
            message: &said.message,
        }
    }
}

impl Line<'_> {
    /// Writes it, whole, before the caller goes on. A log that cannot be written
    /// is told once per line and does not stop the operation.
    pub(super) fn write(&self) {
        let written = serde_json::to_string(self).map_err(std::io::Error::other);
        let written = written.and_then(|line| {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{}", text::visible(&line))?;
            out.flush()
        });
        if let Err(e) = written {
            tracing::error!(error = %e, "audit log cannot be written");
        }
    }
}
