//! The course that an instance takes on the simulator's clock, and the documented
//! state machine that it is held to.
//!
//! A course is a list of statuses and times, so every look is a lookup: a clock that
//! jumps by hours misses nothing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::seed::{
    CloudDcError, CloudDcInstance, CloudDcReadings, CloudDcStatus, ErrorForm, ShuttingDown,
};
use crate::huawei::query::seconds;
use crate::seed::BadSeed;

const SHUTTING_DOWN: &str = "shutting-down";
const STATES: [&str; 6] = [
    "pending",
    "running",
    "stopped",
    SHUTTING_DOWN,
    "terminated",
    "error",
];

/// The vendor's diagram. A state that stays is always legal: only the operation goes
/// on. An instance must be stopped before it is deleted.
const TRANSITIONS: [(&str, &str); 11] = [
    ("pending", "running"),
    ("pending", SHUTTING_DOWN),
    ("pending", "error"),
    ("running", "stopped"),
    ("stopped", "running"),
    ("stopped", "error"),
    ("stopped", SHUTTING_DOWN),
    ("error", "running"),
    ("error", SHUTTING_DOWN),
    (SHUTTING_DOWN, "error"),
    (SHUTTING_DOWN, "terminated"),
];

const OPERATIONS: [&str; 5] = [
    "install",
    "reinstall",
    "switch-install",
    "modify-ip",
    "uninstall",
];
const PHASES: [&str; 3] = ["processing", "succeed", "failed"];

/// An instance as a caller would see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudDcInstanceState {
    /// The instance id.
    pub id: String,
    /// The state word.
    pub state: String,
    /// What is, or was, being done to it.
    pub operation_state: Option<String>,
    /// The failure that it shows.
    pub error: Option<CloudDcError>,
    /// The physical server.
    pub server_id: String,
    /// Since when it has been like this.
    pub updated_at: Timestamp,
}

/// An instance.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) server_id: String,
    name: String,
    /// Its creation first; never empty.
    course: Vec<(Timestamp, CloudDcStatus)>,
}

impl Instance {
    pub(crate) fn new(seed: CloudDcInstance, now: Timestamp) -> Result<Self, BadSeed> {
        let created_at = match seed.created_at {
            Some(when) => when.from(now)?,
            None => now,
        };
        documented(&seed.status)?;
        let mut instance = Self {
            name: seed.name.unwrap_or_else(|| seed.id.clone()),
            server_id: seed
                .server_id
                .unwrap_or_else(|| format!("server-{}", seed.id)),
            id: seed.id,
            course: vec![(created_at, seed.status)],
        };
        for step in seed.script {
            instance.go_on(step.at.from(now)?, step.status)?;
        }
        Ok(instance)
    }

    /// What was still to come is forgotten: this is another course of events.
    pub(crate) fn act(&mut self, status: CloudDcStatus, now: Timestamp) -> Result<(), BadSeed> {
        let mut changed = self.clone();
        changed.course.truncate(self.past(now).count().max(1));
        let last = changed.course[changed.course.len() - 1].0;
        changed.go_on(now.max(last), status)?;
        *self = changed;
        Ok(())
    }

    fn go_on(&mut self, at: Timestamp, status: CloudDcStatus) -> Result<(), BadSeed> {
        let (before, from) = &self.course[self.course.len() - 1];
        let bad = |why: String| Err(BadSeed::new(format!("CloudDC instance {}: {why}", self.id)));
        if at < *before {
            return bad("its script is not in the order of time, from its creation on".into());
        }
        documented(&status)?;
        if !from.undocumented && !status.undocumented {
            let (from, to) = (hyphened(&from.state), hyphened(&status.state));
            if from != to && !TRANSITIONS.contains(&(&from, &to)) {
                let way = format!("no documented way leads from {from} to {to}");
                return bad(format!("{way}; set undocumented if it must"));
            }
        }
        self.course.push((at, status));
        Ok(())
    }

    fn past(&self, now: Timestamp) -> impl Iterator<Item = &(Timestamp, CloudDcStatus)> {
        self.course.iter().take_while(move |(at, _)| *at <= now)
    }

    /// Since when it is how. Before its creation it is as at its creation.
    fn present(&self, now: Timestamp) -> &(Timestamp, CloudDcStatus) {
        self.past(now).last().unwrap_or(&self.course[0])
    }

    pub(crate) fn word(&self, now: Timestamp) -> &str {
        &self.present(now).1.state
    }

    /// Since when it has been terminated, if it is.
    pub(crate) fn terminated_since(&self, now: Timestamp) -> Option<Timestamp> {
        let ended = |(_, status): &&(Timestamp, CloudDcStatus)| status.state == "terminated";
        self.course[..self.past(now).count()]
            .iter()
            .rev()
            .take_while(ended)
            .last()
            .map(|(at, _)| *at)
    }

    pub(crate) fn state(&self, now: Timestamp, readings: &CloudDcReadings) -> CloudDcInstanceState {
        let (since, status) = self.present(now);
        CloudDcInstanceState {
            id: self.id.clone(),
            state: status.spelled(readings).into(),
            operation_state: status.operation_state.clone(),
            error: status.error.clone(),
            server_id: self.server_id.clone(),
            updated_at: *since,
        }
    }

    /// The body of ShowInstanceStatus.
    pub(crate) fn show_status(&self, now: Timestamp, readings: &CloudDcReadings) -> Value {
        let (_, status) = self.present(now);
        let mut body = json!({});
        let state = status.spelled(readings);
        if !state.is_empty() {
            body["state"] = json!(state);
        }
        if let Some(word) = &status.operation_state {
            body["operation_state"] = json!(word);
        }
        match (&status.error, readings.error) {
            (Some(error), ErrorForm::Object) => body["error"] = json!(error),
            (Some(error), ErrorForm::Text) => body["error"] = json!(error.error_msg),
            (None, ErrorForm::Text) => body["error"] = Value::Null,
            (None, ErrorForm::Object) => {}
        }
        body
    }

    /// The instance in the answer of ListInstances. GUESS: how the times are written.
    pub(crate) fn show(&self, now: Timestamp, readings: &CloudDcReadings) -> Value {
        let mut body = self.show_status(now, readings);
        let launched = self.past(now).find(|(_, status)| status.state == "running");
        body["id"] = json!(self.id);
        body["name"] = json!(self.name);
        body["server_id"] = json!(self.server_id);
        body["created_at"] = json!(seconds(self.course[0].0));
        body["updated_at"] = json!(seconds(self.present(now).0));
        body["launched_at"] = json!(launched.map(|(at, _)| seconds(*at)));
        body
    }
}

impl CloudDcStatus {
    fn spelled(&self, readings: &CloudDcReadings) -> &str {
        if self.undocumented || !same_word(&self.state, SHUTTING_DOWN) {
            return &self.state;
        }
        match readings.shutting_down {
            ShuttingDown::Hyphen => SHUTTING_DOWN,
            ShuttingDown::Underscore => "shutting_down",
        }
    }
}

fn hyphened(word: &str) -> String {
    word.replace('_', "-")
}

/// The diagram and the SDK spell one word in two ways.
pub(crate) fn same_word(one: &str, other: &str) -> bool {
    hyphened(one) == hyphened(other)
}

fn documented(status: &CloudDcStatus) -> Result<(), BadSeed> {
    let operation = |word: &String| {
        let parts = word.rsplit_once('-');
        parts.is_some_and(|(what, phase)| OPERATIONS.contains(&what) && PHASES.contains(&phase))
    };
    let unknown = if !STATES.contains(&&*hyphened(&status.state)) {
        Some(&status.state)
    } else {
        status
            .operation_state
            .as_ref()
            .filter(|word| !operation(word))
    };
    match unknown {
        Some(word) if !status.undocumented => Err(BadSeed::new(format!(
            "CloudDC documents no state {word}; set undocumented if it must be"
        ))),
        _ => Ok(()),
    }
}
