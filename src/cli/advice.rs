//! What happens next to an operation, and what a person can do about it: for
//! somebody who is woken at night and knows neither Errand nor the cloud well.
//!
//! When something is looked at again is the protocol's, so it is taken from
//! there. Here is which advice it is; the words are in a file for each sort of state.

mod blocked;
mod connections;
mod ended;
mod guides;
mod orders;
mod waiting;

use errand::api::{Group, Reason};
use errand::clock::{Clock, duration};
use errand::operations::reason_of_word;
use errand_engine::{Rules, Span};
use serde_json::Value;

use super::view::View;
use super::{DECISIONS, Place};

/// A line of advice.
pub enum Line {
    /// For reading.
    Prose(String),
    /// For copying; never broken.
    Command(String),
}

/// What happens next, and what a person can do.
pub struct Advice {
    /// What Errand does by itself, and when.
    pub next: String,
    /// What a person can do.
    pub can: Vec<Line>,
}

impl Advice {
    fn new(next: impl Into<String>) -> Self {
        Self {
            next: next.into(),
            can: Vec::new(),
        }
    }

    fn say(mut self, prose: impl Into<String>) -> Self {
        self.can.push(Line::Prose(prose.into()));
        self
    }

    fn run(mut self, command: impl Into<String>) -> Self {
        self.can.push(Line::Command(command.into()));
        self
    }
}

/// Where the advice is about.
pub struct Asker<'a> {
    /// The object's place.
    pub place: &'a Place,
    /// The object.
    pub view: &'a View<'a>,
    /// Its connection, if it is there and may be read.
    pub connection: Option<&'a Value>,
}

impl Asker<'_> {
    /// The advice.
    pub fn advice(&self) -> Advice {
        let state = self.view.state();
        let ended = matches!(state.as_str(), "Succeeded" | "Failed");
        if self.view.hold().is_some() && !ended {
            return self.held();
        }
        if !self.view.is_current() {
            return Self::not_seen_yet();
        }
        match self.view.known_reason() {
            Some(reason) if state == "Planned" => self.planned(reason),
            Some(reason) => self.by_reason(reason),
            None if state == "Succeeded" => Advice::new("Nothing; it has ended."),
            None => Advice::new("This version of errand does not know the reason.")
                .say("See Cause, or use the errand of the operator's version."),
        }
    }

    /// The status is not about the object as it is now.
    fn not_seen_yet() -> Advice {
        Advice::new(
            "Errand looks at the object as it is now: within seconds, if it runs and watches this namespace.",
        )
        .say("If that does not happen, see whether the operator runs. HOLDER names the one that works:")
        .run("kubectl get lease -A --field-selector metadata.name=errand")
    }

    fn by_reason(&self, reason: Reason) -> Advice {
        match (reason, reason.group()) {
            (_, Group::Waiting) => self.waiting(reason),
            (_, Group::Running) => self.running(reason),
            (_, Group::Suspended) => self.suspended(reason),
            (_, Group::Planned) => self.planned(reason),
            (_, Group::Blocked) if self.view.state() == "Waiting" => {
                let Advice { next, can } = self.blocked(reason);
                let then = match reason {
                    Reason::CLOUD_REFUSES => "After three refusals in a row",
                    Reason::CREDENTIALS_MISSING => {
                        "Once it is certain that the Secret is not usable"
                    }
                    _ => "After a minute",
                };
                let next = format!("{next} {then} the operation is Blocked.");
                Advice { next, can }
            }
            (_, Group::Blocked) => self.blocked(reason),
            // Without a question in the status it cannot be answered.
            (_, Group::Held) => Advice::new("Nothing further is sent; Errand is about to ask."),
            (Reason::ASSUMED_DONE, _) => Advice::new("Nothing; it has ended.").say(format!(
                "Look at {} in the cloud if you have to be sure: Errand has not seen the effect.",
                self.target()
            )),
            (_, Group::Success) => Advice::new("Nothing; it has ended."),
            (_, Group::FailureWithoutEffect | Group::Failure) => self.failed(reason),
        }
    }

    /// What becomes of a plan, and what executing it would come to.
    fn planned(&self, reason: Reason) -> Advice {
        let again = format!(
            "Nothing is sent in mode Plan. Errand judges the plan again every {}, and when the object changes.",
            span(rules().recheck)
        );
        if self.view.ready() != "False" {
            return Advice::new(again)
                .say("Read the plan below. To execute it (with GitOps: in Git):")
                .run(self.patch(&self.object(), r#"{"spec":{"mode":"Execute"}}"#));
        }
        let advice = Advice::new(again);
        match reason.group() {
            Group::Blocked => {
                let Advice { can, .. } = self.blocked(reason);
                Advice { can, ..advice }
            }
            Group::Held => {
                advice.say("In mode Execute it would be Held. Read Cause, and check the target first.")
            }
            _ => advice.say(
                "Do not switch to mode Execute: it would fail. Correct the spec as Cause says; it can still be edited. Or delete the object.",
            ),
        }
    }

    fn held(&self) -> Advice {
        let Some(hold) = self.view.hold() else {
            return Advice::new("");
        };
        let answered = self.view.text("/spec/resolution/holdId") == hold.id && !hold.id.is_empty();
        let decision = self.view.text("/spec/resolution/decision");
        if answered && hold.choices.contains(&decision) {
            return Advice::new(format!(
                "The answer {decision} has been given. Errand takes it within 30 s, unless Cause names what is in the way: the answer is kept until that is mended."
            ))
            .say("Mend what Cause names, if it names anything. Then look again:")
            .run(self.place.command("why"));
        }
        let mut advice = Advice::new(match self.view.known_reason().map(Reason::group) {
            Some(Group::Suspended) => "Nothing is sent and nothing is looked at while it is suspended. GiveUp and AssumeDone are taken within 30 s all the same, any other decision once it is resumed.".to_owned(),
            _ => format!(
                "Errand sends nothing until you decide. It checks every {} and finishes the operation if it finds the effect.",
                span(rules().recheck)
            ),
        })
        .say(match (self.view.known_reason(), self.cloud_error()) {
            (Some(Reason::ANSWER_UNKNOWN), Some(error)) => format!(
                "Fix what the cloud's message names ({error}), if it names anything. Look at {}, then choose one:",
                self.to_look_at()
            ),
            _ => format!("Look at {}, then choose one:", self.to_look_at()),
        });
        for choice in &hold.choices {
            let own = self.place.named.type_.meaning(&hold.reason, choice);
            let mut shared = DECISIONS.iter().filter(|(word, _)| word == choice);
            let meaning = own.or_else(|| shared.next().map(|(_, meaning)| *meaning));
            advice = match meaning {
                Some(meaning) => advice
                    .say(match self.danger(choice) {
                        Some(danger) => format!("{choice}: {meaning} {danger}"),
                        None => format!("{choice}: {meaning}"),
                    })
                    .run(self.place.resolve_command(choice)),
                None => advice.say(format!("{choice}: not known to this version of errand")),
            };
        }
        let asked = reason_of_word(&hold.reason).or(self.view.known_reason());
        match asked.and_then(|reason| self.guide(reason)) {
            Some(guide) => self.with(guide, advice),
            None => advice,
        }
    }

    /// A part of what the cloud said last; empty if it is not there.
    fn said(&self, part: &str) -> String {
        self.view.text(&format!("/status/lastCloudError/{part}"))
    }

    /// What the operation is about, in the cloud's ids.
    fn target(&self) -> String {
        self.or("/status/target", "the target")
    }

    fn or(&self, pointer: &str, other: &str) -> String {
        match self.view.text(pointer) {
            text if text.is_empty() => other.to_owned(),
            text => text,
        }
    }

    /// TYPE/NAME for kubectl.
    fn object(&self) -> String {
        self.place.named.reference()
    }

    fn connection_object(&self) -> String {
        let kind = self.or("/spec/connectionRef/kind", "CloudConnection");
        let name = self.or("/spec/connectionRef/name", "NAME");
        format!("{}/{name}", kind.to_lowercase())
    }

    fn list(&self) -> String {
        let plural = &self.place.named.type_.resource.plural;
        format!("kubectl get {plural} -n {}", self.place.namespace)
    }

    fn patch(&self, object: &str, patch: &str) -> String {
        let namespace = &self.place.namespace;
        format!("kubectl patch {object} -n {namespace} --type merge -p '{patch}'")
    }
}

/// The figures of a release build.
fn rules() -> Rules {
    Clock::system().rules()
}

/// How often an effect is looked for after an accepted call.
fn after_the_call() -> String {
    let rules = rules();
    format!(
        "Errand observes every {} after the call, then less often, and at least every {}",
        span(rules.soon),
        span(rules.poll)
    )
}

/// `30 s` or `5 min`.
fn span(span: Span) -> String {
    match duration(span).as_secs() {
        seconds if seconds > 60 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}
