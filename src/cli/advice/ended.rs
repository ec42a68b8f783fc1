//! Advice about what has ended without what was wanted.

use errand::api::Reason;
use errand::operations::Again;

use super::{Advice, Asker};

impl Asker<'_> {
    pub(super) fn failed(&self, reason: Reason) -> Advice {
        let advice = Advice::new(match reason {
            Reason::GIVEN_UP => {
                "Errand does nothing more with it. A call that was made may still take effect."
            }
            _ => "Nothing; it has ended, and nothing of it is in flight.",
        });
        let advice = match (self.guide(reason), reason) {
            (Some(guide), _) => self.with(guide, advice),
            (None, Reason::TARGET_NOT_FOUND) => advice.say(format!(
                "Compare {} with the cloud's console: the ids, and the region and project of {}.",
                self.target(),
                self.connection_object(),
            )),
            (None, Reason::WINDOW_MISSED) => advice.say("Give a later schedule.notAfter if it is still wanted."),
            (None, Reason::REFUSED) => advice.say(
                "Correct what the cloud names; the code's meaning is below, and in its documentation.",
            ),
            (None, Reason::INVALID_FOR_TARGET) => advice.say("Correct what the spec names."),
            _ => advice.say(format!("Look at {} in the cloud's console.", self.target())),
        };
        let delete = format!(
            "kubectl delete {} -n {}",
            self.object(),
            self.place.namespace
        );
        match self.again(reason) {
            Again::Never => advice,
            again if again == Again::WithAnotherKey || self.is_spent(reason) => advice
                .say("A finished operation stays finished, and the same one is not carried out again. To order it again, delete it and apply the manifest with a spec.operationKey that was not used yet:")
                .run(delete),
            // Another desiredState continues the same object.
            _ if !self.view.text("/spec/desiredState").is_empty() => advice.say(
                "Another spec.desiredState starts it again. To try the same again, delete it and apply the manifest (GitOps does that from Git):",
            )
            .run(delete),
            _ => advice
                .say("A finished operation stays finished. To run it again, delete it and apply the corrected manifest (GitOps does that from Git):")
                .run(delete),
        }
    }
}
