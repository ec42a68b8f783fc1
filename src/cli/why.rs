//! `errand why`: everything that a person wants to know about an operation.

use std::fmt::Write as _;

use errand::api::{Group, Reason};
use kube::api::DynamicObject;
use serde_json::Value;

use super::view::{View, text};
use super::{DECISIONS, Place};

/// How wide the labels are.
const LABEL: usize = 10;

/// The page about this object.
pub fn page(place: &Place, object: &DynamicObject) -> String {
    let view = View::new(object);
    let mut page = Page(String::new());
    let kind = &place.named.type_.resource.kind;
    let (name, namespace) = (&place.named.name, &place.namespace);
    page.line("Object", &format!("{kind} {namespace}/{name}"));
    page.line("State", &view.state());
    page.line("Reason", &view.reason());
    let meaning = view.known_reason().map(Reason::meaning);
    page.line("Meaning", meaning.unwrap_or_default());
    page.line("Summary", &view.text("/status/summary"));
    page.line("Target", &view.text("/status/target"));
    page.line("Started", &view.text("/status/startedAt"));
    page.line("Finished", &view.text("/status/finishedAt"));
    page.list("Seen", seen(view.at("/status/observed")));
    page.list("Plan", plan(&view));
    page.list("Steps", steps(&view));
    hold(&mut page, place, &view);
    page.line("Now", &now(place, &view));
    page.0
}

struct Page(String);

impl Page {
    /// A labelled line; none without content.
    fn line(&mut self, label: &str, content: &str) {
        if !content.is_empty() {
            let label = format!("{label}:");
            let _ = writeln!(self.0, "{label:LABEL$}{content}");
        }
    }

    /// Labelled lines.
    fn list(&mut self, label: &str, lines: Vec<String>) {
        for (number, line) in lines.iter().enumerate() {
            match number {
                0 => self.line(label, line),
                _ => {
                    let _ = writeln!(self.0, "{:LABEL$}{line}", "");
                }
            }
        }
    }
}

fn seen(observed: &Value) -> Vec<String> {
    let fields = observed.as_object().into_iter().flatten();
    let mut lines: Vec<_> = fields
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| format!("{}: {}", text(&key.as_str().into()), text(value)))
        .collect();
    lines.sort();
    lines
}

fn plan(view: &View) -> Vec<String> {
    let calls = view.at("/status/plan/steps").as_array();
    let mut lines: Vec<_> = calls.into_iter().flatten().map(text).collect();
    if view.at("/status/plan/paid") == &Value::Bool(true) {
        lines.push("(costs money)".to_owned());
    }
    lines
}

fn steps(view: &View) -> Vec<String> {
    let steps = view.at("/status/steps").as_array();
    let mut lines = Vec::new();
    for step in steps.into_iter().flatten() {
        let part = |label: &str, key: &str| match text(&step[key]) {
            value if value.is_empty() => String::new(),
            value => format!(", {label}{value}"),
        };
        let answer = match text(&step["answer"]) {
            answer if answer.is_empty() => "no answer yet".to_owned(),
            answer => answer,
        };
        let or = |key: &str, other: &str| match text(&step[key]) {
            value if value.is_empty() => other.to_owned(),
            value => value,
        };
        let mut line = format!("#{} {}", or("number", "?"), or("name", "(no name)"));
        line += &part("intended at ", "intendedAt");
        line += &format!(": {answer}");
        line += &part("code ", "code");
        line += &part("request id ", "requestId");
        line += &part("message: ", "message");
        lines.push(line);
    }
    let count = view.at("/status/stepCount").as_u64().unwrap_or(0);
    if count > lines.len() as u64 {
        lines.push(format!("({count} in all; the first and the last are kept)"));
    }
    lines
}

fn hold(page: &mut Page, place: &Place, view: &View) {
    let Some(hold) = view.hold() else {
        return;
    };
    let since = match hold.since.as_str() {
        "" => String::new(),
        since => format!(", since {since}"),
    };
    let id = match hold.id.as_str() {
        "" => "(no id)",
        id => id,
    };
    page.line("Hold", &format!("{id}{since}"));
    let mut lines = Vec::new();
    for choice in &hold.choices {
        match DECISIONS.iter().find(|(word, _)| word == choice) {
            Some((word, meaning)) => {
                lines.push(format!("{word}: {meaning}"));
                lines.push(format!("  {}", place.resolve_command(word)));
            }
            None => lines.push(format!("{choice}: not known to this version of errand")),
        }
    }
    page.list("Choices", lines);
}

/// What a person should do now.
fn now(place: &Place, view: &View) -> String {
    let state = view.state();
    let ended = matches!(state.as_str(), "Succeeded" | "Failed");
    if let Some(hold) = view.hold().filter(|_| !ended) {
        let answered = view.text("/spec/resolution/holdId") == hold.id && !hold.id.is_empty();
        if answered {
            let decision = view.text("/spec/resolution/decision");
            return format!(
                "The answer {decision} has been given; wait until Errand has acted on it: {}",
                place.command("wait")
            );
        }
        return "Look at the target in the cloud, then give one of the answers above.".to_owned();
    }
    if !view.is_current() {
        return "Errand has not looked at the object as it is now. If that stays so, see whether the operator runs.".to_owned();
    }
    let wait = || format!("Nothing; it goes on by itself: {}", place.command("wait"));
    let mend = "Mend what Meaning and Summary name; then it goes on by itself.";
    let Some(reason) = view.known_reason() else {
        return match state.as_str() {
            "Succeeded" => "Nothing.".to_owned(),
            _ => "This version of errand does not know the reason; see Summary.".to_owned(),
        };
    };
    match (reason, reason.group()) {
        (Reason::ConnectionNotFound | Reason::ConnectionNotReady | Reason::ClockSkew, _)
        | (_, Group::Blocked) => mend.to_owned(),
        (_, Group::Waiting | Group::Running) => wait(),
        (Reason::SuspendedByConnection, _) => {
            "To resume it, set policy.suspend of the connection to false.".to_owned()
        }
        (_, Group::Suspended) => "To resume it, set spec.suspend to false.".to_owned(),
        (_, Group::Planned) => {
            "Read the plan. To have it carried out, set spec.mode to Execute.".to_owned()
        }
        // Without a question in the status it cannot be answered.
        (_, Group::Held) => "Look at the target in the cloud; Errand asks what to do.".to_owned(),
        (Reason::AssumedDone, _) => {
            "Nothing. Errand has not seen the effect; who needs to be sure looks in the cloud."
                .to_owned()
        }
        (_, Group::Success) => "Nothing.".to_owned(),
        (_, Group::FailureWithoutEffect) => {
            "No call had an effect. If it is still wanted, mend what Summary names and create a new object.".to_owned()
        }
        (_, Group::Failure) => {
            "Look at the target in the cloud. If something is still wanted, create a new object."
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::types::Named;

    fn shown(data: Value) -> String {
        let place = Place {
            named: Named::parse(&["rsc/stop".to_owned()]).unwrap(),
            namespace: "team".to_owned(),
            program: "errand",
        };
        let mut object = DynamicObject::new("stop", &place.named.type_.resource);
        object.metadata.generation = Some(1);
        object.data = data;
        page(&place, &object)
    }

    #[test]
    fn a_status_with_missing_or_malformed_fields_is_shown_as_far_as_it_can_be_read() {
        let odd = [
            serde_json::json!(null),
            serde_json::json!({"status": 7}),
            serde_json::json!({"status": {"conditions": {"type": "Ready"}, "steps": "x", "hold": []}}),
            serde_json::json!({"status": {
                "state": 3, "outcome": {}, "observed": [1], "conditions": [null, {"type": "Ready"}],
                "steps": [null, 4, {"number": "one", "name": null, "code": "a\u{1b}[2Jb\nc"}],
                "stepCount": -1, "plan": {"steps": {}}, "hold": {"choices": [null, 2, "Maybe"]},
            }}),
        ];
        for data in odd {
            let page = shown(data);
            assert!(page.starts_with("Object:   ResizeCancellation team/stop\n"));
            assert!(page.contains("\nNow:"), "{page}");
            assert!(!page.contains('\u{1b}'), "{page}");
        }
    }

    #[test]
    fn every_reason_says_what_to_do_now() {
        for reason in Reason::ALL {
            let page = shown(serde_json::json!({"status": {
                "observedGeneration": 1,
                "conditions": [{"type": "Ready", "reason": reason.to_string()}],
            }}));
            assert!(page.contains(reason.meaning()), "{page}");
            assert!(page.contains("\nNow:"), "{page}");
        }
    }

    #[test]
    fn a_held_operation_lists_its_choices_with_the_commands() {
        let page = shown(serde_json::json!({"status": {
            "state": "Held", "observedGeneration": 1,
            "steps": [{"number": 1, "name": "CancelInstanceResize",
                "intendedAt": "2026-01-01T00:00:00.000Z", "answer": "Unknown"}],
            "hold": {"id": "1-Answer", "since": "2026-01-01T01:00:00.000Z", "choices": ["GiveUp"]},
        }}));
        let wanted = "\
Steps:    #1 CancelInstanceResize, intended at 2026-01-01T00:00:00.000Z: Unknown
Hold:     1-Answer, since 2026-01-01T01:00:00.000Z
Choices:  GiveUp: Leave it: end as Failed/GivenUp.
            errand resolve resizecancellation/stop -n team --decision GiveUp
";
        assert!(page.contains(wanted), "{page}");
    }
}
