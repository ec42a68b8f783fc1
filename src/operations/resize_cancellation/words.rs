//! What it says to users: its reasons, and what they come to.

use crate::api::reasons;
use crate::operations::guide::TOO_LATE;
use crate::operations::{Again, BY_HAND, Guide, Line};

reasons! {
    REASONS:

    Waiting {
        MAINTENANCE_WINDOW "MaintenanceWindow": "The target's maintenance window is open, so a cancel would race with the change; nothing is sent until it has closed.",
            for 12 hours => "Check the target's maintenance window in the cloud console.",
            is dated;
    }
    Failure {
        CHANGE_FAILED "ChangeFailed": "The change ran and failed; there is nothing left to cancel.",
            listed 45;
    }
}

pub(super) const GUIDES: &[Guide] = &[
    Guide {
        reasons: &[MAINTENANCE_WINDOW],
        next: "The window closes at {/status/observed/maintenanceWindow>-|its end}. Then the call is sent if the change is still pending; if the change ran meanwhile, the operation ends as TooLate. Errand looks every {recheck}.",
        can: &[Line::Say(BY_HAND)],
        ..Guide::DEFAULT
    },
    TOO_LATE,
    Guide {
        reasons: &[CHANGE_FAILED],
        can: &[Line::Say(
            "See in the cloud's console why the change of {target} failed; there is nothing left to cancel.",
        )],
        again: Again::Never,
        ..Guide::DEFAULT
    },
];
