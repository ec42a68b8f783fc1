//! Reads an operation as far as it can be read. Whatever is missing or of
//! another shape than expected is left out; nothing here fails.

use errand::api::{OVERDUE, Reason};
use errand::operations::reason_of_word;
use errand::text::visible;
use kube::api::DynamicObject;
use serde_json::Value;

/// An operation.
pub struct View<'a> {
    object: &'a DynamicObject,
}

/// A question to a person.
pub struct Hold {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub reason: String,
    /// Since when it is open.
    pub since: String,
    /// Which answers it takes.
    pub choices: Vec<String>,
}

impl<'a> View<'a> {
    /// Of this object.
    pub fn new(object: &'a DynamicObject) -> Self {
        Self { object }
    }

    /// A part of the spec or the status, as in `/status/hold/id`.
    pub fn at(&self, pointer: &str) -> &'a Value {
        self.object.data.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The text there, or nothing.
    pub fn text(&self, pointer: &str) -> String {
        text(self.at(pointer))
    }

    /// status.state; Pending before anybody has looked.
    pub fn state(&self) -> String {
        match self.text("/status/state") {
            state if state.is_empty() => "Pending".to_owned(),
            state => state,
        }
    }

    fn of_ready(&self, part: &str) -> Option<String> {
        let conditions = self.at("/status/conditions").as_array();
        let ready = conditions?.iter().find(|c| c["type"] == "Ready")?;
        Some(text(&ready[part])).filter(|text| !text.is_empty())
    }

    /// The status of Ready.
    pub fn ready(&self) -> String {
        self.of_ready("status").unwrap_or_default()
    }

    /// The message of Ready.
    pub fn message(&self) -> String {
        self.of_ready("message").unwrap_or_default()
    }

    /// The reason of Ready, or else how it ended.
    pub fn reason(&self) -> String {
        let outcome = || self.text("/status/outcome");
        self.of_ready("reason").unwrap_or_else(outcome)
    }

    /// The reason, if this version knows it.
    pub fn known_reason(&self) -> Option<Reason> {
        reason_of_word(&self.reason())
    }

    /// What the condition Overdue says of the present wait, if it has lasted for longer
    /// than expected.
    pub fn overdue(&self) -> String {
        let waits = matches!(self.state().as_str(), "Pending" | "Waiting");
        let conditions = self.at("/status/conditions").as_array();
        let overdue = conditions.into_iter().flatten().find(|c| {
            c["type"] == OVERDUE && c["status"] == "True" && text(&c["reason"]) == self.reason()
        });
        overdue
            .filter(|_| waits)
            .map_or_else(String::new, |c| text(&c["message"]))
    }

    /// `Held (ProofTimeout)`.
    pub fn standing(&self) -> String {
        match (self.state(), self.reason()) {
            (state, reason) if reason.is_empty() || reason == state => state,
            (state, reason) => format!("{state} ({reason})"),
        }
    }

    /// The status is about the object as it is now. An outcome is final for its
    /// desiredState, and a finished object is not looked at again.
    pub fn is_current(&self) -> bool {
        let observed = self.at("/status/observedGeneration").as_i64();
        let ended = self.at("/status/outcome").is_string()
            && self.at("/status/desiredState") == self.at("/spec/desiredState");
        ended || observed.is_some() && observed == self.object.metadata.generation
    }

    /// The open question.
    pub fn hold(&self) -> Option<Hold> {
        let hold = self.at("/status/hold").as_object()?;
        let text_of = |key: &str| hold.get(key).map(text).unwrap_or_default();
        let choices = hold.get("choices").and_then(Value::as_array);
        Some(Hold {
            id: text_of("id"),
            reason: text_of("reason"),
            since: text_of("since"),
            choices: choices
                .map(|all| all.iter().map(text).collect())
                .unwrap_or_default(),
        })
    }
}

/// A value on one line. What could change how a terminal shows the rest, and could come
/// from a cloud's message, does not reach it.
pub fn text(value: &Value) -> String {
    let plain = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    visible(&plain).into_owned()
}
