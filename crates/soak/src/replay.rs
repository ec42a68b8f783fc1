//! Replays what a process has recorded through the engine: told the same, it has to
//! want the same. So the shell decides nothing of its own, and a run that went wrong
//! can be looked at step by step without its processes.

use std::collections::HashMap;

use errand_engine::{Event, Rules, Span, State, Writer, step};
use serde::Deserialize;

/// What every recording begins with.
#[derive(Deserialize)]
struct Head {
    writer: Writer,
    rules: [Span; 4],
}

#[derive(Deserialize)]
struct Entry {
    uid: String,
    /// The process knew nothing of the object.
    new: bool,
    event: Event,
    /// What the engine wanted then.
    effects: String,
}

/// Replays a recording; gives the number of events.
pub fn replay(recording: &str) -> Result<usize, String> {
    let mut lines = recording.lines().enumerate().peekable();
    let Some((_, head)) = lines.next() else {
        // The process ended before it looked at anything.
        return Ok(0);
    };
    let head: Head = match serde_json::from_str(head) {
        Ok(head) => head,
        Err(e) if lines.peek().is_some() => return Err(format!("line 1: {e}")),
        Err(_) => return Ok(0),
    };
    let [validity, margin, call_timeout, lease] = head.rules;
    let rules = Rules::new(validity, margin, call_timeout, lease);
    let mut states: HashMap<String, State> = HashMap::new();
    let mut count = 0;
    while let Some((n, line)) = lines.next() {
        let entry: Entry = match serde_json::from_str(line) {
            Ok(entry) => entry,
            // A kill has cut it off.
            Err(_) if lines.peek().is_none() => break,
            Err(e) => return Err(format!("line {}: {e}", n + 1)),
        };
        let state = match (entry.new, states.remove(&entry.uid)) {
            (true, _) => State::new(head.writer),
            (false, Some(state)) => state,
            (false, None) => return Err(format!("line {}: nothing came before", n + 1)),
        };
        let told = format!("{:?}", entry.event);
        let (state, effects) = step(&rules, state, entry.event);
        let effects = format!("{effects:?}");
        if effects != entry.effects {
            return Err(format!(
                "line {}: told {told}, the engine wanted {}; replayed, it wants {effects}",
                n + 1,
                entry.effects
            ));
        }
        states.insert(entry.uid, state);
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
#[path = "replay/tests.rs"]
mod tests;
