//! Advice about what has a desiredState, instance refreshes above all: one that
//! stands still blocks its group.

use errand::api::{InstanceRefresh, Reason};
use kube::Resource as _;

use super::{Advice, Asker, rules, span};

impl Asker<'_> {
    fn is_refresh(&self) -> bool {
        self.place.named.type_.resource.kind == InstanceRefresh::kind(&())
    }

    pub(super) fn refresh_running(&self) -> Advice {
        Advice::new(format!(
            "Errand looks every {}, however long the refresh takes. If the cloud pauses it, the operation is Held.",
            span(rules().poll)
        ))
        .say("Nothing, as a rule. To have it paused or cancelled (with GitOps: in Git):")
        .run(self.cancel())
    }

    /// What else answers a question, beside the choices.
    pub(super) fn another_way(&self) -> Option<(String, String)> {
        match self.view.known_reason()? {
            Reason::RefreshPausedOnFailure | Reason::RefreshPausedAtBatch => Some((
                "While it is paused, its group does not scale. To have it cancelled instead (with GitOps: in Git):".to_owned(),
                self.cancel(),
            )),
            Reason::DesiredStateUnreachable => Some((
                "Or ask for what it is (with GitOps: in Git), which ends it at once:".to_owned(),
                self.cancel(),
            )),
            _ if self.is_refresh() => Some((
                "Or change what is wanted of the refresh (with GitOps: in Git), for instance:".to_owned(),
                self.cancel(),
            )),
            _ => None,
        }
    }

    fn cancel(&self) -> String {
        self.patch(&self.object(), r#"{"spec":{"desiredState":"Cancelled"}}"#)
    }
}
