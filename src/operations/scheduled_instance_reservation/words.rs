//! What it says to users: its question, and what its reasons come to.

use crate::api::{Decision, Reason};
use crate::operations::guide::CANCEL;
use crate::operations::{Choice, Guide, Line, Question};

/// This operation cancelled the order, and something else is wanted now.
pub(super) const UNREACHABLE: Question = Question {
    reason: Reason::DesiredStateUnreachable,
    choices: &[Choice {
        decision: Decision::LookAgain,
        meaning: "Read the order again now; the question is asked again if it is still cancelled.",
        call: None,
    }],
};

pub(super) const GUIDES: &[Guide] = &[
    Guide {
        reasons: &[Reason::AwaitingDelivery],
        next: "{observes}, however long, and ends it once all instances are delivered; if the order ends before that, as NotDelivered.",
        can: &[
            Line::Say(
                "Nothing, as a rule. To have it cancelled, while the cloud still does that (with GitOps: in Git):",
            ),
            CANCEL,
        ],
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[Reason::DesiredStateUnreachable],
        can: &[
            Line::Say("Or ask for what it is (with GitOps: in Git), which ends it at once:"),
            CANCEL,
        ],
        ..Guide::DEFAULT
    },
    // The cloud no longer cancels what it has yet to deliver.
    Guide {
        reasons: &[Reason::TooLate],
        only: Some(("/status/observed/orderStatus", "Scheduled")),
        can: &[Line::Say(
            "Order {target} is not cancelled: its instances will be delivered between {/status/observed/deliveryBegins|the begin} and {/status/observed/deliveryEnds|the end of its delivery}. Ask the cloud's support if it must be cancelled.",
        )],
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[Reason::NotDelivered],
        can: &[Line::Say(
            "See in the cloud's console what became of {target}, and whether it was charged.",
        )],
        ..Guide::DEFAULT
    },
];
