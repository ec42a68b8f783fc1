//! `errand why`: everything that a person wants to know about an operation. The
//! cause, what happens next and what can be done come first; then what it was
//! found from.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use errand::api::Reason;
use errand::cloud::{SERVICES, Service};
use kube::api::DynamicObject;
use serde_json::Value;

use super::Place;
use super::advice::{Advice, Asker, Line};
use super::view::{View, text};

/// How wide the labels are.
const LABEL: usize = 12;

/// Narrower than this, text is not broken.
const NARROW: usize = 40;

/// How wide a line may be: a terminal's width, or without a limit, so that what
/// is piped can be searched by line.
pub fn width() -> Option<usize> {
    let terminal = std::io::stdout().is_terminal();
    terminal.then(textwrap::termwidth)
}

/// The page about this object; `connection` is the one that it uses, if that is
/// there and may be read.
pub fn page(
    place: &Place,
    object: &DynamicObject,
    connection: Option<&DynamicObject>,
    width: Option<usize>,
) -> String {
    let view = View::new(object);
    let mut page = Page::new(width);
    let kind = &place.named.type_.resource.kind;
    let (name, namespace) = (&place.named.name, &place.namespace);
    page.line("Object", &format!("{kind} {namespace}/{name}"));
    page.line("State", &view.standing());
    page.gap();
    page.list("Cause", cause(&view));
    page.line("Overdue", &view.overdue());
    let asker = Asker {
        place,
        view: &view,
        connection: connection.map(|connection| &connection.data),
    };
    page.advice(&asker.advice());
    page.gap();
    page.line("Target", &view.text("/status/target"));
    page.line("Connection", &used(&view, connection));
    page.line("Started", &view.text("/status/startedAt"));
    page.line("Finished", &view.text("/status/finishedAt"));
    page.list("Seen", seen(view.at("/status/observed")));
    page.list("Plan", plan(&view));
    page.list(heading(&view), cloud_said(&view));
    page.list("Steps", steps(&view));
    page.line("Hold", &hold(&view));
    page.text
}

pub(super) struct Page {
    text: String,
    width: Option<usize>,
}

impl Page {
    /// Empty.
    pub(super) fn new(width: Option<usize>) -> Self {
        Self {
            text: String::new(),
            width: width.filter(|width| *width >= NARROW),
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// A labelled line; none without content.
    pub(super) fn line(&mut self, label: &str, content: &str) {
        if !content.is_empty() {
            let label = format!("{label}:");
            self.prose(&format!("{label:LABEL$}"), content);
        }
    }

    /// Labelled lines.
    pub(super) fn list(&mut self, label: &str, lines: Vec<String>) {
        for (number, line) in lines.iter().enumerate() {
            match number {
                0 => self.line(label, line),
                _ => self.prose(&" ".repeat(LABEL), line),
            }
        }
    }

    pub(super) fn advice(&mut self, advice: &Advice) {
        self.line("Next", &advice.next);
        for (number, line) in advice.can.iter().enumerate() {
            match line {
                Line::Prose(prose) if number == 0 => self.line("You can", prose),
                Line::Prose(prose) => self.prose(&" ".repeat(LABEL), prose),
                Line::Command(command) => {
                    let _ = writeln!(self.text, "{:LABEL$}  {command}", "");
                }
            }
        }
    }

    /// Text that may be broken at blanks.
    fn prose(&mut self, first: &str, content: &str) {
        let indent = " ".repeat(LABEL);
        let text = match self.width {
            Some(width) => {
                let options = textwrap::Options::new(width)
                    .initial_indent(first)
                    .subsequent_indent(&indent)
                    .word_splitter(textwrap::WordSplitter::NoHyphenation)
                    .break_words(false);
                textwrap::fill(content, options)
            }
            None => format!("{first}{content}"),
        };
        let _ = writeln!(self.text, "{text}");
    }

    pub(super) fn gap(&mut self) {
        self.text.push('\n');
    }
}

/// What Errand says about this very case, the cloud's words first; and what the reason
/// means, where the summary is the cloud's words alone.
pub(super) fn cause(view: &View) -> Vec<String> {
    let summary = view.text("/status/summary");
    let Some(reason) = view.known_reason() else {
        return vec![summary];
    };
    let meaning = reason.meaning().to_owned();
    let quoted = matches!(
        reason,
        Reason::THROTTLED
            | Reason::CLOUD_UNAVAILABLE
            | Reason::PERMISSION_DENIED
            | Reason::TARGET_BLOCKED
            | Reason::TARGET_BUSY
            | Reason::CLOUD_REFUSES
    );
    match summary.as_str() {
        "" => vec![meaning],
        said if quoted && !said.contains(&meaning) => vec![summary, meaning],
        _ => vec![summary],
    }
}

fn used(view: &View, connection: Option<&DynamicObject>) -> String {
    let part = |key: &str| view.text(&format!("/spec/connectionRef/{key}"));
    let name = format!("{} {}", part("kind"), part("name"));
    match connection.map(|connection| View::new(connection).reason()) {
        Some(reason) if !reason.is_empty() => format!("{name} ({reason})"),
        _ => name.trim().to_owned(),
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

/// Whose words these are: without a code and an HTTP status the cloud gave no answer.
fn heading(view: &View) -> &'static str {
    let error = view.at("/status/lastCloudError");
    match error["code"].is_null() && error["httpStatus"].is_null() {
        true => "Last error",
        false => "Cloud said",
    }
}

/// What the cloud said last, in its words.
fn cloud_said(view: &View) -> Vec<String> {
    let error = view.at("/status/lastCloudError");
    let part = |label: &str, key: &str| match text(&error[key]) {
        value if value.is_empty() => None,
        value => Some(format!(
            "{label}: {value}{}",
            match key {
                "code" => meant(error),
                _ => String::new(),
            }
        )),
    };
    let parts = [
        part("to", "call"),
        part("HTTP status", "httpStatus"),
        part("code", "code"),
        part("message", "message"),
        part("request id", "requestId"),
        part("detail", "detail"),
        part(
            "encoded authorization message",
            "encodedAuthorizationMessage",
        ),
    ];
    parts.into_iter().flatten().collect()
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
            answer if answer.is_empty() => "no final answer yet".to_owned(),
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
        line += &meant(step);
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

/// What the table of the service says about the answer's code.
fn meant(answer: &Value) -> String {
    let code = text(&answer["code"]);
    let status = answer["httpStatus"]
        .as_u64()
        .and_then(|s| u16::try_from(s).ok());
    // A recorded step has its call in `call`, too, with what it is about.
    let call = [&answer["call"], &answer["name"]];
    let call = call.into_iter().find_map(Value::as_str).unwrap_or_default();
    let call = call.split(' ').next().unwrap_or_default();
    let makes = |service: &&&Service| service.needs.iter().any(|needs| needs.call == call);
    let service = SERVICES.iter().find(makes).filter(|_| !code.is_empty());
    let row = service.and_then(|service| service.row(status.unwrap_or(400), &code));
    row.map_or_else(String::new, |row| format!(" ({})", row.meaning))
}

fn hold(view: &View) -> String {
    let Some(hold) = view.hold() else {
        return String::new();
    };
    let id = match hold.id.as_str() {
        "" => "(no id)",
        id => id,
    };
    match hold.since.as_str() {
        "" => id.to_owned(),
        since => format!("{id}, since {since}"),
    }
}

#[cfg(test)]
mod tests;
