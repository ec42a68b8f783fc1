//! Advice where Errand goes on by itself: nothing to do, as a rule, but to know when.

use errand::api::Reason;
use errand::operations::VERIFY_TIMEOUT;
use kube::core::Duration;

use super::{Advice, Asker, after_the_call, rules, span};
use crate::cli::view::text;

impl Asker<'_> {
    pub(super) fn waiting(&self, reason: Reason) -> Advice {
        if let Some(guide) = self.guide(reason) {
            return self.guided(guide);
        }
        let rules = rules();
        let poll = span(rules.poll);
        let longest = span(rules.backoff_max);
        match reason {
            Reason::BEFORE_WINDOW => Advice::new(format!(
                "The first call is sent at {} if it is still needed then{}.",
                self.or("/spec/schedule/notBefore", "schedule.notBefore"),
                match self.view.text("/spec/schedule/notAfter") {
                    end if end.is_empty() => String::new(),
                    end => format!("; if it cannot be sent by {end}, the operation ends as WindowMissed"),
                }
            ))
            .say("To send it earlier, change spec.schedule."),
            Reason::CONCURRENCY_LIMIT => Advice::new(format!(
                "It starts by itself once another operation of the connection has ended; Errand looks every {poll}."
            ))
            .say("See which one takes long, or raise policy.maxConcurrent of the connection:")
            .run(self.list()),
            Reason::TARGET_LOCKED => self.locked(),
            Reason::THROTTLED => Advice::new(format!(
                "Errand tries again by itself, each time after a longer pause, {longest} at most."
            ))
            .say("Nothing, as a rule. If it lasts, find who else uses up the account's quota for this API."),
            Reason::CLOUD_UNAVAILABLE => Advice::new(format!(
                "Errand tries again by itself, each time after a longer pause, {longest} at most."
            ))
            .say(match self.cloud_error() {
                Some(_) => "Nothing, as a rule. If it lasts, check the cloud's status page.",
                None => "Check the operator's network: DNS, firewall, proxy (HTTPS_PROXY, user and password), and its certificate authorities (caBundle).",
            })
            .say(self.by_hand()),
            Reason::CLOCK_SKEW => Advice::new(format!(
                "Errand looks again within {longest}, and goes on by itself once the clock is right."
            ))
            .say("Set the clock of the node that the operator runs on. This shows there how far it is off:")
            .run("chronyc tracking"),
            _ => Advice::new(format!("Errand looks every {poll} and goes on by itself."))
                .say("Nothing, as a rule. To wait until it finishes or needs attention:")
                .run(self.place.command("wait")),
        }
    }

    pub(super) fn running(&self, reason: Reason) -> Advice {
        let poll = span(rules().poll);
        let next = match reason {
            Reason::EXECUTING => {
                "The call is sent once; then its effect is looked for in the cloud.".to_owned()
            }
            Reason::VERIFYING => format!(
                "{}. If the effect is not visible by {}, the operation is Held.",
                after_the_call(),
                self.proof_deadline()
            ),
            _ => format!(
                "Errand looks every {poll}: it ends if the effect shows, and otherwise sends the call again where that is harmless, or the operation is Held."
            ),
        };
        let advice = Advice::new(next);
        match self.cloud_error() {
            Some(error) => advice
                .say(format!(
                    "Read what the cloud said ({error}). If it names something that you can fix, fix it: Errand sees that with its next observation."
                ))
                .say(self.by_hand())
                .say("To wait until it finishes or needs attention:"),
            None => advice.say("Nothing, as a rule. To wait until it finishes or needs attention:"),
        }
        .run(self.place.command("wait"))
    }

    /// The code of what the cloud said last, or its HTTP status.
    pub(super) fn cloud_error(&self) -> Option<String> {
        match (self.said("code"), self.said("httpStatus")) {
            (code, _) if !code.is_empty() => Some(code),
            (_, status) if !status.is_empty() => Some(format!("HTTP {status}")),
            _ => None,
        }
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
}
