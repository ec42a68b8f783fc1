//! What it says to users: its reasons, and what they come to.

use crate::api::reasons;
use crate::operations::guide::NOTHING_BUT_WAIT;
use crate::operations::{Guide, Line};

reasons! {
    REASONS:

    Waiting {
        AWAITING_STATE "AwaitingState": "The instance is not yet in a state that spec.until names; Errand watches it.",
            for 7 days => "Check the instance in the cloud console. Delete this observation if it is not needed any more.",
            listed 36;
    }
    Success {
        OBSERVED "Observed": "The state of the instance was read.",
            listed 44;
        REACHED "Reached": "The instance is in a state that spec.until names.",
            listed 45;
    }
    Failure {
        STATE_UNREACHABLE "StateUnreachable": "The instance is in a state that spec.until.failOn names, or one from which no wanted state can come.",
            listed 44;
    }
}

pub(super) const GUIDES: &[Guide] = &[
    Guide {
        reasons: &[AWAITING_STATE],
        next: "Errand looks every {/spec/interval|poll}, however long, and ends it once the instance is as spec.until says.",
        can: NOTHING_BUT_WAIT,
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[STATE_UNREACHABLE],
        can: &[Line::Say(
            "See in the cloud's console what is the matter with {target}.",
        )],
        ..Guide::DEFAULT
    },
];
