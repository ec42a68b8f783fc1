//! Verdict tables: what an answer of a cloud means, as data.

use std::collections::BTreeMap;

use crate::api::Reason;

/// How a documented refusal is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Says nothing about earlier calls: look at the cloud.
    Verify,
    /// Passes by itself: call again after a while.
    Retry(Reason),
    /// The target is not in a state for it now.
    Wait(Reason),
    /// A person has to mend something.
    Blocked(Reason),
    /// Will never be accepted as it stands.
    Terminal,
    /// What the call is about is not there.
    Gone,
}

/// One row of a verdict table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// HTTP status; 0 stands for any 4xx.
    pub status: u16,
    /// The cloud's error code; empty stands for any.
    pub code: &'static str,
    /// How it is read.
    pub reading: Reading,
    /// What it means, for the generated page.
    pub meaning: &'static str,
}

/// The rows of a service, after which those of its gateway are asked.
#[derive(Clone, Copy, Debug)]
pub struct Rows(pub &'static [&'static [Row]]);

impl Rows {
    /// The first row for that answer. None: not listed, so for a mutating call
    /// nobody knows whether it had an effect.
    pub fn find(&self, status: u16, code: &str) -> Option<&'static Row> {
        let code = &canonical(code);
        self.0.iter().flat_map(|rows| rows.iter()).find(|row| {
            // A 5xx is no refusal, whatever code it carries, unless it is listed so.
            let any = row.status == 0 && (400..500).contains(&status);
            (any || row.status == status) && (row.code.is_empty() || row.code == code)
        })
    }
}

/// Huawei Cloud's gateway writes its codes with two prefixes.
fn canonical(code: &str) -> String {
    match code.strip_prefix("APIG.") {
        Some(number) => format!("APIGW.{number}"),
        None => code.to_owned(),
    }
}

/// A refusal or fault as the cloud worded it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status; 0 if there was no readable answer.
    pub status: u16,
    /// The cloud's error code, or empty.
    pub code: String,
    /// The cloud's message, shortened and on one line.
    pub message: String,
    /// The cloud's request id, or empty.
    pub request_id: String,
    /// Ids in the answer that nothing else tells, by the cloud's names.
    pub ids: BTreeMap<String, String>,
}

impl Refusal {
    /// Something that is no answer of the cloud: a time-out, a reset.
    pub fn of_transport(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// The message of a 401 about a key that may be good, and is locked.
    pub const LOCKED: &'static str = "the key is locked after too many bad signatures";

    /// The cloud has locked the key.
    pub fn says_locked(&self) -> bool {
        self.status == 401 && self.message == Self::LOCKED
    }

    /// `DCS.4239`, or `HTTP 502` where there is no code, or nothing.
    pub fn label(&self) -> String {
        match (self.code.as_str(), self.status) {
            ("", 0) => String::new(),
            ("", status) => format!("HTTP {status}"),
            (code, _) => code.to_owned(),
        }
    }
}
