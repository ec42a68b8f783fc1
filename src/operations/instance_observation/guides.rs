//! What its reasons come to, for users.

use crate::api::Reason;
use crate::operations::guide::NOTHING_BUT_WAIT;
use crate::operations::{Guide, Line};

pub(super) const GUIDES: &[Guide] = &[
    Guide {
        reasons: &[Reason::AwaitingState],
        next: "Errand looks every {/spec/interval|poll}, however long, and ends it once the instance is as spec.until says.",
        can: NOTHING_BUT_WAIT,
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[Reason::StateUnreachable],
        can: &[Line::Say(
            "See in the cloud's console what is the matter with {target}.",
        )],
        ..Guide::DEFAULT
    },
];
