//! Errand's own audit log against the journal: a line before each mutating call, and
//! one with its answer unless the process was killed in between.

use errand_simulator::{Call, Journal};
use serde_json::Value;

use crate::work::{Operation, TASKS};

/// What one process has written of its calls, in its order.
#[derive(Clone, Debug, Default)]
pub struct Log {
    lines: Vec<Line>,
    /// The process was killed; otherwise it ended in order.
    pub killed: bool,
}

#[derive(Clone, Debug)]
struct Line {
    /// In milliseconds since 1970, on the clock of the wave.
    time: i64,
    event: String,
    target: String,
    step: String,
    id: String,
}

impl Log {
    /// From everything that it has written. A line that was cut off by a kill tells
    /// nothing.
    pub fn new(text: &str, killed: bool) -> Self {
        let lines = text.lines().filter(|line| line.starts_with('{'));
        let lines = lines.filter_map(|line| Line::parse(&serde_json::from_str(line).ok()?));
        Self {
            lines: lines.collect(),
            killed,
        }
    }
}

impl Line {
    fn parse(line: &Value) -> Option<Self> {
        let text = |name: &str| Some(line[name].as_str()?.to_owned());
        let time: jiff::Timestamp = line["time"].as_str()?.parse().ok()?;
        Some(Self {
            time: time.as_millisecond(),
            event: text("event")?,
            target: text("target")?,
            step: text("step")?,
            id: text("stepId")?,
        })
    }

    fn is_of(&self, call: &Call, name: &str) -> bool {
        // Some steps are a call and its mode: `ResumeInstanceRefresh RETRY`.
        let name_of_call = self.step.split(' ').next().unwrap_or_default();
        call.api.ends_with(&format!(".{name_of_call}"))
            && self.target.contains(name)
            && self.time <= call.time.as_millisecond()
    }
}

/// Calls without a line before them, and lines without an answer that no kill
/// explains; a sentence for each.
pub fn unaccounted(journal: &Journal, operations: &[Operation], logs: &[Log]) -> Vec<String> {
    let mut sent: Vec<&Line> = Vec::new();
    let mut found = Vec::new();
    for log in logs {
        for (n, line) in log.lines.iter().enumerate() {
            if line.event != "sending" {
                continue;
            }
            sent.push(line);
            let mut later = log.lines[n + 1..].iter();
            let answered = later.any(|other| other.id == line.id && other.event == "answered");
            if !answered && !log.killed {
                found.push(format!(
                    "the call of step {} has no answer in the audit log",
                    line.id
                ));
            }
        }
    }
    sent.sort_by_key(|line| line.time);
    let mutates = |call: &&Call| {
        TASKS
            .iter()
            .any(|task| task.calls().contains(&call.api.as_str()))
    };
    for call in journal.all_calls().iter().filter(mutates) {
        let named = operations.iter().find(|one| call.is_about(&one.name));
        let line = named.and_then(|one| sent.iter().position(|line| line.is_of(call, &one.name)));
        match line {
            // Each line is for one call.
            Some(at) => drop(sent.remove(at)),
            None => found.push(format!(
                "call {} ({} {}) has no line before it in the audit log",
                call.sequence, call.api, call.path
            )),
        }
    }
    found
}

#[cfg(test)]
#[path = "audit/tests.rs"]
mod tests;
