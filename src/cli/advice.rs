//! What happens next to an operation, and what a person can do about it: for
//! somebody who is woken at night and knows neither Errand nor the cloud well.
//!
//! When something is looked at again is the protocol's, so it is taken from
//! there.

mod orders;
mod refreshes;

use errand::api::{Group, Reason};
use errand::clock::{Clock, duration};
use errand::operations::VERIFY_TIMEOUT;
use errand_engine::{Rules, Span};
use kube::core::Duration;
use serde_json::Value;

use super::view::{View, text};
use super::{DECISIONS, Place};

const PUT_KEY: &str = "Put a valid key into the Secret, from two files: ID-FILE with the access key id, KEY-FILE with the secret access key:";

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
            return Advice::new(
                "Errand looks at the object as it is now: within seconds, if it runs and watches this namespace.",
            )
            .say("If that does not happen, see whether the operator runs. HOLDER names the one that works:")
            .run("kubectl get lease -A --field-selector metadata.name=errand");
        }
        match self.view.known_reason() {
            Some(reason) => self.by_reason(reason),
            None if state == "Succeeded" => Advice::new("Nothing; it has ended."),
            None => Advice::new("This version of errand does not know the reason.")
                .say("See Cause, or use the errand of the operator's version."),
        }
    }

    fn by_reason(&self, reason: Reason) -> Advice {
        match (reason, reason.group()) {
            (_, Group::Waiting) => self.waiting(reason),
            (_, Group::Running) => self.running(reason),
            (_, Group::Suspended) => self.suspended(reason),
            (_, Group::Planned) => Advice::new("Nothing is sent in mode Plan.")
                .say("Read the plan below. To have it carried out (with GitOps: in Git):")
                .run(self.patch(&self.object(), r#"{"spec":{"mode":"Execute"}}"#)),
            (_, Group::Blocked) => self.blocked(reason),
            // Without a question in the status it cannot be answered.
            (_, Group::Held) => Advice::new("Nothing further is sent; Errand is about to ask."),
            (Reason::AssumedDone, _) => Advice::new("Nothing; it has ended.").say(format!(
                "Look at {} in the cloud if you have to be sure: Errand has not seen the effect.",
                self.target()
            )),
            (_, Group::Success) => Advice::new("Nothing; it has ended."),
            (_, Group::FailureWithoutEffect | Group::Failure) => self.failed(reason),
        }
    }

    fn waiting(&self, reason: Reason) -> Advice {
        let rules = rules();
        let poll = span(rules.poll);
        let longest = span(rules.backoff_max);
        let connection = self.connection_object();
        match reason {
            Reason::BeforeWindow => Advice::new(format!(
                "The first call is sent at {} if it is still needed then{}.",
                self.or("/spec/schedule/notBefore", "schedule.notBefore"),
                match self.view.text("/spec/schedule/notAfter") {
                    end if end.is_empty() => String::new(),
                    end => format!("; if it cannot be sent by {end}, the operation ends as WindowMissed"),
                }
            ))
            .say("To send it earlier, change spec.schedule."),
            Reason::ConnectionNotFound => Advice::new(
                "Nothing is sent. Errand goes on by itself as soon as the connection is there.",
            )
            .say("Create it, or correct spec.connectionRef. What there is:")
            .run(format!("kubectl get cloudconnections -n {}", self.place.namespace)),
            Reason::ConnectionNotReady => Advice::new(
                "Nothing is sent. Errand goes on by itself once the connection is mended.",
            )
            .say("Mend the connection as Cause says (with GitOps: in Git):")
            .run(format!("kubectl edit {connection} -n {}", self.place.namespace)),
            Reason::ConcurrencyLimit => Advice::new(format!(
                "It starts by itself once another operation of the connection has ended; Errand looks every {poll}."
            ))
            .say("See which one takes long, or raise policy.maxConcurrent of the connection:")
            .run(self.list()),
            Reason::WaitingForPayment | Reason::OrderInReview | Reason::OrderProcessing => {
                self.waiting_for_an_order(reason)
            }
            Reason::TargetLocked => self.locked(),
            Reason::RefreshRunning => self.refresh_running(),
            Reason::AwaitingDelivery => Advice::new(format!(
                "Errand looks every {poll}, however long, and ends it once all instances are delivered; if the order ends before that, as NotDelivered."
            ))
            .say("Nothing, as a rule. To have it cancelled, while the cloud still does that (with GitOps: in Git):")
            .run(self.patch(&self.object(), r#"{"spec":{"desiredState":"Cancelled"}}"#)),
            Reason::AwaitingState => Advice::new(format!(
                "Errand looks every {}, however long, and ends it once the instance is as spec.until says.",
                self.or("/spec/interval", &poll)
            ))
            .say("Nothing, as a rule. To be told when it is at rest:")
            .run(self.place.command("wait")),
            Reason::Throttled => Advice::new(format!(
                "Errand tries again by itself, each time after a longer pause, {longest} at most."
            ))
            .say("Nothing, as a rule. If it lasts, find who else uses up the account's quota for this API."),
            Reason::CloudUnavailable => Advice::new(format!(
                "Errand tries again by itself, each time after a longer pause, {longest} at most."
            ))
            .say("Nothing, as a rule. If it lasts, look at the cloud's status page, and whether the operator's pod reaches the endpoint (DNS, firewall).")
            .say(self.by_hand()),
            Reason::ClockSkew => Advice::new(format!(
                "Errand looks again within {longest}, and goes on by itself once the clock is right."
            ))
            .say("Set the clock of the node that the operator runs on. This shows there how far it is off:")
            .run("chronyc tracking"),
            Reason::MaintenanceWindow => Advice::new(format!(
                "The window closes at {}. Then the call is sent if the change is still pending; if the change ran meanwhile, the operation ends as TooLate. Errand looks every {}.",
                self.end_of_window(),
                span(rules.recheck)
            ))
            .say(self.by_hand()),
            _ => Advice::new(format!("Errand looks every {poll} and goes on by itself."))
                .say("Nothing, as a rule. To be told when it is at rest:")
                .run(self.place.command("wait")),
        }
    }

    fn running(&self, reason: Reason) -> Advice {
        let poll = span(rules().poll);
        let next = match reason {
            Reason::Executing => {
                "The call is sent once; then its effect is looked for in the cloud.".to_owned()
            }
            Reason::Verifying => format!(
                "Errand looks every {poll}. If the effect does not show by {}, it asks a person (Held).",
                self.proof_deadline()
            ),
            _ => format!(
                "Errand looks every {poll}: it ends if the effect shows, and otherwise sends the call again where that is harmless, or asks a person (Held)."
            ),
        };
        Advice::new(next)
            .say("Nothing, as a rule. To be told when it is at rest:")
            .run(self.place.command("wait"))
    }

    fn suspended(&self, reason: Reason) -> Advice {
        let next = "Nothing is sent and nothing is looked at until it is resumed. What was sent before may still take effect.";
        let say = "To resume it (with GitOps: in Git):";
        Advice::new(next).say(say).run(match reason {
            Reason::SuspendedByConnection => self.patch(
                &self.connection_object(),
                r#"{"spec":{"policy":{"suspend":false}}}"#,
            ),
            _ => self.patch(&self.object(), r#"{"spec":{"suspend":false}}"#),
        })
    }

    fn blocked(&self, reason: Reason) -> Advice {
        let rules = rules();
        let recheck = span(rules.recheck);
        let mended = format!(
            "Errand tries again every {recheck} and goes on by itself once that is mended."
        );
        match reason {
            Reason::CredentialsMissing => Advice::new(
                "Nothing is sent. Within a minute after the Secret is mended Errand goes on by itself.",
            )
            .say(PUT_KEY)
            .run(self.put_key()),
            Reason::CredentialsRejected => Advice::new(format!(
                "Nothing is sent with this key; a single read tries it again every {recheck}, as too many bad signatures lock a key. Within a minute after another key is in the Secret Errand goes on by itself."
            ))
            .say(PUT_KEY)
            .run(self.put_key()),
            Reason::PermissionDenied => Advice::new(mended).say(format!(
                "Grant the permission to the owner of the access key{} in the cloud's IAM.",
                match self.secret() {
                    secret if secret.is_empty() => String::new(),
                    secret => format!(" in Secret {secret}"),
                }
            )),
            Reason::TargetBlocked => Advice::new(mended).say(format!(
                "Deal with it in the cloud's console, at {}: pay or cancel the open order, for instance.",
                self.target()
            )),
            Reason::PaidOperationsForbidden => Advice::new(mended)
                .say("Allow it in policy.paidOperations of the connection, if this account may be charged; or delete the operation and apply it with spec.payment Manual, if that is allowed. With GitOps: in Git.")
                .run(format!(
                    "kubectl edit {} -n {}",
                    self.connection_object(),
                    self.place.namespace
                )),
            Reason::LedgerFull => Advice::new(format!("Nothing is sent. {mended}")).say(
                "Ask the administrators of Errand: they can set the ledger that Cause names aside. Whatever is recorded in it could then be done once more.",
            ),
            Reason::IntentNotStored => {
                Advice::new(format!("Nothing is sent. {mended}")).say(
                    "Install the CRDs and the rights of the operator's version; errand has those of its own:",
                )
                .run("errand crds | kubectl apply --server-side -f -")
                .run("errand rbac | kubectl apply -f -")
            }
            _ => Advice::new(mended)
                .say("Mend the connection as Cause says (with GitOps: in Git):")
                .run(format!(
                    "kubectl edit {} -n {}",
                    self.connection_object(),
                    self.place.namespace
                )),
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
                "The answer {decision} has been given; Errand acts on it within seconds, if it runs."
            ))
            .say("Wait for that:")
            .run(self.place.command("wait"));
        }
        let mut advice = Advice::new(format!(
            "Nothing further is sent before somebody decides. Errand still looks every {}, and ends it if the effect shows.",
            span(rules().recheck)
        ))
        .say(format!(
            "Look at {}, then choose one:",
            self.to_look_at()
        ));
        if let Some(other) = self.another_way() {
            advice = advice.say(other.0).run(other.1);
        }
        for choice in &hold.choices {
            advice = match DECISIONS.iter().find(|(word, _)| word == choice) {
                Some((word, meaning)) => advice
                    .say(match self.danger(word) {
                        Some(danger) => format!("{word}: {meaning} {danger}"),
                        None => format!("{word}: {meaning}"),
                    })
                    .run(self.place.resolve_command(word)),
                None => advice.say(format!("{choice}: not known to this version of errand")),
            };
        }
        advice
    }

    fn failed(&self, reason: Reason) -> Advice {
        let advice = Advice::new(match reason {
            Reason::GivenUp => {
                "Errand does nothing more with it. A call that was made may still take effect."
            }
            _ => "Nothing; it has ended, and nothing of it is in flight.",
        });
        let advice = match reason {
            Reason::TargetNotFound => advice.say(format!(
                "Compare {} with the cloud's console: the ids, and the region and project of {}.",
                self.target(),
                self.connection_object(),
            )),
            Reason::TooLate => advice.say(format!(
                "If {} has to be as it was before, change it back in the cloud's console: that is a new change.",
                self.target()
            )),
            Reason::ChangeFailed => advice.say(format!(
                "See in the cloud's console why the change of {} failed; there is nothing left to cancel.",
                self.target()
            )),
            Reason::WindowMissed => advice.say("Give a later schedule.notAfter if it is still wanted."),
            Reason::Refused => advice.say(
                "Correct what the cloud names; the code's meaning is below, and in its documentation.",
            ),
            Reason::InvalidForTarget => advice.say("Correct what the spec names."),
            Reason::RefreshFailed | Reason::CancelledElsewhere => advice.say(format!(
                "See in the cloud's console which instances of {} are refreshed; failed ones stay in standby until somebody deals with them.",
                self.target()
            )),
            Reason::NotDelivered => advice.say(format!(
                "See in the cloud's console what became of {}, and whether it was charged.",
                self.target()
            )),
            Reason::StateUnreachable => advice.say(format!(
                "See in the cloud's console what is the matter with {}.",
                self.target()
            )),
            _ => advice.say(format!("Look at {} in the cloud's console.", self.target())),
        };
        match reason {
            // There is nothing that another try could cancel.
            Reason::TooLate | Reason::ChangeFailed => advice,
            _ if self.anew_with_a_key(reason) => advice
                .say("An ended operation stays ended, and the same one is not carried out again. To have it ordered anew, delete it and apply the manifest with a spec.operationKey that was not used yet:")
                .run(format!(
                    "kubectl delete {} -n {}",
                    self.object(),
                    self.place.namespace
                )),
            _ => advice
                .say("An ended operation stays ended. To have it done anew, delete it and apply the corrected manifest (GitOps does that from Git):")
                .run(format!(
                    "kubectl delete {} -n {}",
                    self.object(),
                    self.place.namespace
                )),
        }
    }

    fn end_of_window(&self) -> String {
        let window = self.view.text("/status/observed/maintenanceWindow");
        let end = window.split_once('-').map(|(_, end)| end.to_owned());
        end.unwrap_or_else(|| "its end".to_owned())
    }

    /// What can be done without Errand, and that this is no harm.
    fn by_hand(&self) -> String {
        format!(
            "If it cannot wait, do it by hand in the cloud's console, at {}: Errand sees that and sends nothing.",
            self.target()
        )
    }

    /// The last accepted call's answer, or the last question's, plus verifyTimeout.
    fn proof_deadline(&self) -> String {
        let absent = || "the end of verifyTimeout".to_owned();
        let steps = self.view.at("/status/steps").as_array();
        let Some(last) = steps.and_then(|steps| steps.last()) else {
            return absent();
        };
        let since = ["lookedAgainAt", "answeredAt"]
            .iter()
            .map(|key| text(&last[*key]))
            .find_map(|time| time.parse::<jiff::Timestamp>().ok());
        let given = self.view.text("/spec/verifyTimeout");
        let timeout = match given.parse::<Duration>() {
            // No text at all is read as no time at all.
            Ok(timeout) if !given.is_empty() => std::time::Duration::from(timeout),
            _ => VERIFY_TIMEOUT,
        };
        let deadline = since.and_then(|since| since.checked_add(timeout).ok());
        deadline.map_or_else(absent, |at| format!("{at:.0}"))
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

    /// The name of the connection's Secret, if it can be known.
    fn secret(&self) -> String {
        self.of_credentials("/name")
    }

    fn of_credentials(&self, part: &str) -> String {
        let pointer = format!("/spec/credentials/secretRef{part}");
        let found = self.connection.and_then(|object| object.pointer(&pointer));
        found.map(text).unwrap_or_default()
    }

    /// Works whether or not the Secret is there. The key comes from files, which
    /// no shell's history keeps.
    fn put_key(&self) -> String {
        let or = |part: &str, other: &str| match self.of_credentials(part) {
            found if found.is_empty() => other.to_owned(),
            found => found,
        };
        let (secret, id) = (or("/name", "NAME"), or("/keys/accessKey", "accessKey"));
        let key = or("/keys/secretKey", "secretKey");
        let namespace = &self.place.namespace;
        format!(
            "kubectl create secret generic {secret} -n {namespace} --from-file={id}=ID-FILE --from-file={key}=KEY-FILE --dry-run=client -o yaml | kubectl apply --server-side --force-conflicts -f -"
        )
    }
}

/// The figures of a release build.
fn rules() -> Rules {
    Clock::system().rules()
}

/// `30 s` or `5 min`.
fn span(span: Span) -> String {
    match duration(span).as_secs() {
        seconds if seconds > 60 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}
