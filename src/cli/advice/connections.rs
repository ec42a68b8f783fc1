//! Advice about a connection itself.

use errand::api::ConnectionReason;

use super::{Advice, Asker, rules, span};
use crate::cli::advice::blocked::PUT_KEY;

impl Asker<'_> {
    /// What happens next to the connection, and what the user can do.
    pub fn of_connection(&self) -> Advice {
        if !self.view.is_current() {
            return Self::not_seen_yet();
        }
        let said = self.view.reason();
        let mut all = ConnectionReason::ALL.iter();
        match all.find(|reason| reason.word() == said) {
            Some(reason) => self.by_connection_reason(*reason),
            None => Advice::new("This version of errand does not know the reason.")
                .say("See Cause, or use the errand of the operator's version."),
        }
    }

    fn by_connection_reason(&self, reason: ConnectionReason) -> Advice {
        let recheck = span(rules().recheck);
        let namespace = &self.place.namespace;
        let edit = format!("kubectl edit {} -n {namespace}", self.object());
        let blocked = "No operation of this connection calls the cloud.";
        match reason {
            ConnectionReason::CredentialsAccepted => {
                Advice::new("Nothing; operations can use the connection.")
            }
            ConnectionReason::NotProbed => Advice::new(
                "No answer has shown yet whether the cloud accepts the key. Errand tries it with the first operation that uses the connection.",
            )
            .say("To try it without any effect, create an operation with spec.mode Plan."),
            ConnectionReason::SecretNotFound | ConnectionReason::SecretKeyMissing => {
                let next = "Errand checks the Secret every minute and tries the key that it finds.";
                Advice::new(format!("{blocked} {next}"))
                    .say(PUT_KEY)
                    .run(self.put_key())
            }
            ConnectionReason::SecretNotLabelled => Advice::new(format!(
                "{blocked} Errand checks the Secret every minute and uses it once it has the label."
            ))
            .say("If the key in the Secret is meant for Errand, label it:")
            .run(format!(
                "kubectl label secret {} -n {namespace} errand.cloud/credentials=true",
                self.secret()
            )),
            ConnectionReason::CredentialsRejected => Advice::new(format!(
                "{blocked} A single read tries the key again every {recheck}, as too many bad signatures lock a key."
            ))
            .say(PUT_KEY)
            .run(self.put_key()),
            ConnectionReason::KeyLocked => Advice::new(format!(
                "{blocked} A single read tries the key again every {recheck}; the cloud unlocks it after a while."
            ))
            .say("Find the client that signs with a wrong secret key. To use another key:")
            .say(PUT_KEY)
            .run(self.put_key()),
            ConnectionReason::EndpointNotAllowed => Advice::new(format!(
                "{blocked} Errand continues once the endpoint is allowed."
            ))
            .say("Correct the endpoint or the region as Cause says, or ask the administrators of Errand to allow the host (--allow-endpoint):")
            .run(edit),
            ConnectionReason::ClockSkew => Advice::new(format!(
                "{blocked} Errand continues once the clock is right."
            ))
            .say("Set the clock of the node that the operator runs on. This shows there how far it is off:")
            .run("chronyc tracking"),
            ConnectionReason::SuspendedBySpec => Advice::new(format!(
                "{blocked} Calls that were sent before may still take effect."
            ))
            .say("To resume it (with GitOps: in Git):")
            .run(self.patch(&self.object(), r#"{"spec":{"policy":{"suspend":false}}}"#)),
            _ => Advice::new(format!(
                "{blocked} Errand continues once the connection is correct."
            ))
            .say("Correct the connection as Cause says (with GitOps: in Git):")
            .run(edit),
        }
    }
}
