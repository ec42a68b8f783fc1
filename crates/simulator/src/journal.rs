//! What was called and what it did: the record that tests count and people read.
//!
//! Calls and effects are apart because their difference is the point: a call may
//! be refused or lost, and an effect may come from a call that nobody saw answered.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::faults::{name_matches, names};

/// Every cloud call in the order received, and every effect in the order it happened.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Journal {
    calls: Vec<Call>,
    effects: Vec<Effect>,
}

/// One request to a cloud, refused ones included.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    /// From 1, without gaps.
    pub sequence: u64,
    /// When it was received, on the cloud's clock.
    pub time: Timestamp,
    /// Such as `dcs.CancelInstanceResize`; `unknown` for a path without an API.
    pub api: String,
    /// The method.
    pub method: String,
    /// The path as sent.
    pub path: String,
    /// The query as sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// The body, as sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_body: String,
    /// The ids that it names in query or body, where its cloud has them there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// The access key id it named, if an account has it.
    pub access_key: Option<String>,
    /// What `X-Request-Id` of the answer said.
    pub request_id: String,
    /// The date it was signed at, if it is one: `X-Sdk-Date`, and what other clouds
    /// call it.
    pub sdk_date: Option<String>,
    /// The HTTP status sent; none when no answer was sent (yet).
    pub status: Option<u16>,
    /// The error code sent.
    pub code: Option<String>,
    /// The connection was closed, or left hanging, without an answer.
    pub dropped: bool,
    /// The fault that met it.
    pub fault: Option<String>,
    /// How a request that was delivered late was handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<LateArrival>,
    /// The body of the answer before a fault rewrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<serde_json::Value>,
}

impl Call {
    /// Its path contains that, or an id that it names elsewhere does.
    pub fn is_about(&self, part: &str) -> bool {
        names(&self.path, &self.ids, part)
    }
}

/// The arrival of a request that was delivered late. Nobody saw this answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LateArrival {
    /// When it arrived, on the cloud's clock.
    pub time: Timestamp,
    /// The status that it would have been answered with.
    pub status: u16,
    /// The error code likewise.
    pub code: Option<String>,
}

/// Something in the cloud that a call changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Effect {
    /// From 1, without gaps.
    pub sequence: u64,
    /// When it happened, on the cloud's clock.
    pub time: Timestamp,
    /// The sequence number of the call; 0: it happened by itself, when its time came.
    pub call: u64,
    /// Such as `dcs.cancel`.
    pub kind: String,
    /// What it happened to: `project`, `instance`, `task` and the like.
    pub resources: BTreeMap<String, String>,
}

/// An effect before it is recorded.
pub(crate) struct NewEffect {
    pub(crate) kind: &'static str,
    pub(crate) resources: BTreeMap<String, String>,
}

impl Journal {
    /// How many calls of an API (or, with `dcs.`, of a service) were received.
    pub fn calls(&self, api: &str) -> usize {
        self.calls_on(api, "")
    }

    /// The same, of calls whose path contains `part` (an instance id, say), or that
    /// name such an id elsewhere.
    pub fn calls_on(&self, api: &str, part: &str) -> usize {
        self.all_calls()
            .iter()
            .filter(|call| name_matches(api, &call.api) && call.is_about(part))
            .count()
    }

    /// How many effects of a kind there were.
    pub fn effects(&self, kind: &str) -> usize {
        self.all_effects()
            .iter()
            .filter(|effect| name_matches(kind, &effect.kind))
            .count()
    }

    /// The same, of effects on one resource (its whole id).
    pub fn effects_on(&self, kind: &str, resource: &str) -> usize {
        self.all_effects()
            .iter()
            .filter(|effect| name_matches(kind, &effect.kind))
            .filter(|effect| effect.resources.values().any(|id| id == resource))
            .count()
    }

    /// Every call in the order received.
    pub fn all_calls(&self) -> &[Call] {
        &self.calls
    }

    /// Every effect in the order it happened.
    pub fn all_effects(&self) -> &[Effect] {
        &self.effects
    }

    /// The calls after this sequence number, their effects, and what happened by
    /// itself since the call with this number was received.
    pub fn after(&self, sequence: u64) -> Self {
        let calls = self.calls.iter().filter(|c| c.sequence > sequence);
        let since = sequence
            .checked_sub(1)
            .and_then(|at| self.calls.get(at as usize).map(|call| call.time));
        let effects = self.effects.iter().filter(|e| match e.call {
            0 => since.is_none_or(|since| e.time > since),
            call => call > sequence,
        });
        Self {
            calls: calls.cloned().collect(),
            effects: effects.cloned().collect(),
        }
    }

    /// Adds a call that has no answer yet and returns its sequence number.
    pub(crate) fn open(&mut self, mut call: Call) -> u64 {
        call.sequence = self.calls.len() as u64 + 1;
        let sequence = call.sequence;
        self.calls.push(call);
        sequence
    }

    pub(crate) fn call(&mut self, sequence: u64) -> &mut Call {
        &mut self.calls[sequence as usize - 1]
    }

    pub(crate) fn effect(&mut self, time: Timestamp, call: u64, new: NewEffect) {
        self.effects.push(Effect {
            sequence: self.effects.len() as u64 + 1,
            time,
            call,
            kind: new.kind.into(),
            resources: new.resources,
        });
    }
}

const COLUMNS: [&str; 8] = [
    "#", "TIME", "API", "METHOD", "PATH", "ANSWER", "FAULT", "EFFECT",
];

impl Journal {
    fn row(&self, call: &Call) -> [String; 8] {
        let answer = match (call.status, &call.code) {
            (Some(status), Some(code)) => format!("{status} {code}"),
            (Some(status), None) => status.to_string(),
            (None, _) if call.dropped => "dropped".into(),
            (None, _) => "open".into(),
        };
        let answer = match &call.late {
            Some(late) => format!("{answer}, late {}", late.status),
            None => answer,
        };
        let effects: Vec<_> = self
            .effects
            .iter()
            .filter(|effect| effect.call == call.sequence)
            .map(|effect| &*effect.kind)
            .collect();
        [
            call.sequence.to_string(),
            clock_time(call.time),
            call.api.clone(),
            call.method.clone(),
            call.path.clone(),
            answer,
            call.fault.clone().unwrap_or_default(),
            effects.join(" "),
        ]
    }
}

impl Effect {
    /// The row of an effect that no call had.
    fn row(&self) -> [String; 8] {
        let about: Vec<&str> = self.resources.values().map(String::as_str).collect();
        let mut row = [const { String::new() }; 8];
        row[1] = clock_time(self.time);
        row[4] = about.join(" ");
        row[7].clone_from(&self.kind);
        row
    }
}

fn clock_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows: Vec<_> = self.calls.iter().map(|c| (c.time, self.row(c))).collect();
        let alone = self.effects.iter().filter(|effect| effect.call == 0);
        rows.extend(alone.map(|effect| (effect.time, effect.row())));
        rows.sort_by_key(|(time, _)| *time);
        let rows: Vec<_> = std::iter::once(COLUMNS.map(String::from))
            .chain(rows.into_iter().map(|(_, row)| row))
            .collect();
        let mut widths = [0; COLUMNS.len()];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in &rows {
            let mut line = String::new();
            for (width, cell) in widths.iter().zip(row) {
                line.push_str(&format!("{cell:<width$}  "));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        write!(
            f,
            "{} calls, {} effects",
            self.calls.len(),
            self.effects.len()
        )
    }
}
