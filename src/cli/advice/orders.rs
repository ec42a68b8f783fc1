//! Advice about what costs money, and about the ledger that keeps it from being
//! done twice.

use errand::api::Reason;

use super::{Advice, Asker, rules, span};

/// What the choice of sending an order again may come to.
const SECOND_ORDER: &str =
    "If the first order was placed after all, this is a second one, and both are charged.";

/// The same of what costs nothing.
const SECOND_CALL: &str = "If the first call had its effect after all, this has it again.";

impl Asker<'_> {
    /// What a person looks at before a decision.
    pub(super) fn to_look_at(&self) -> String {
        match self.place.named.type_.is_paid() {
            true => format!(
                "{} in the cloud's console, and in its Billing Center at the orders of the time when the call was sent (see Steps)",
                self.target()
            ),
            false => format!("{} in the cloud's console", self.target()),
        }
    }

    /// What a decision may come to, beside its meaning.
    pub(super) fn danger(&self, decision: &str) -> Option<&'static str> {
        let type_ = &self.place.named.type_;
        match decision {
            "SendAgain" if type_.is_paid() => Some(SECOND_ORDER),
            "SendAgain" if type_.is_recorded() => Some(SECOND_CALL),
            _ => None,
        }
    }

    /// Another operation has the target.
    pub(super) fn locked(&self) -> Advice {
        let advice = Advice::new(format!(
            "Nothing is sent. Errand looks again within {}, and goes on by itself once the other operation has ended.",
            span(rules().backoff_max)
        ));
        let locked_by = |part: &str| self.view.text(&format!("/status/lockedBy/{part}"));
        let (kind, name) = (locked_by("kind").to_lowercase(), locked_by("name"));
        match (kind.is_empty(), name.is_empty()) {
            (false, false) => advice
                .say("See what the other operation waits for:")
                .run(format!(
                    "{} why {kind}/{name} -n {}",
                    self.place.program, self.place.namespace
                )),
            (false, true) => advice.say(format!(
                "The other operation is in another namespace. An administrator of Errand finds it in OperationLedger {} (spec.open.object), in the operator's namespace.",
                locked_by("ledger")
            )),
            (true, _) => advice
                .say("See which operation has the target:")
                .run(self.list()),
        }
    }

    /// The ledger has its key, so that the same manifest is not sent again.
    pub(super) fn is_spent(&self, reason: Reason) -> bool {
        let executed = [
            Reason::ALREADY_EXECUTED,
            Reason::OPERATION_KEY_REUSED,
            Reason::GIVEN_UP,
        ];
        executed.contains(&reason) && self.place.named.type_.is_recorded()
    }
}
