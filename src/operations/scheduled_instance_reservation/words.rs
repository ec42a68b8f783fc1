//! What it says to users: its reasons and its question, and what reasons come to.

use crate::api::{Decision, Reason, reasons};
use crate::operations::guide::{CANCEL, TOO_LATE};
use crate::operations::{Again, Choice, Guide, Line, Question};

reasons! {
    REASONS:

    Waiting {
        AWAITING_DELIVERY "AwaitingDelivery": "The reservation is there and not delivered yet; Errand watches it.",
            for 24 hours => "Check the reservation and its delivery slot in the cloud console.",
            listed 35;
    }
    Success {
        RESERVED "Reserved": "The reservation is there.",
            listed 41;
    }
    Failure {
        NOT_DELIVERED "NotDelivered": "The reservation ended without being delivered in full.",
            listed 41;
    }
}

/// This operation cancelled the order, and something else is wanted now.
pub(super) const UNREACHABLE: Question = Question {
    reason: Reason::DESIRED_STATE_UNREACHABLE,
    choices: &[Choice {
        decision: Decision::LookAgain,
        meaning: "Read the order again now; the question is asked again if it is still cancelled.",
        call: None,
    }],
};

pub(super) const GUIDES: &[Guide] = &[
    Guide {
        reasons: &[AWAITING_DELIVERY],
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
        reasons: &[Reason::DESIRED_STATE_UNREACHABLE],
        can: &[
            Line::Say("Or ask for what it is (with GitOps: in Git), which ends it at once:"),
            CANCEL,
        ],
        ..Guide::DEFAULT
    },
    // The cloud no longer cancels what it has yet to deliver.
    Guide {
        reasons: &[Reason::TOO_LATE],
        only: Some(("/status/observed/orderStatus", "Scheduled")),
        can: &[Line::Say(
            "Order {target} is not cancelled: its instances will be delivered between {/status/observed/deliveryBegins|the begin} and {/status/observed/deliveryEnds|the end of its delivery}. Ask the cloud's support if it must be cancelled.",
        )],
        again: Again::Never,
        ..Guide::DEFAULT
    },
    TOO_LATE,
    Guide {
        reasons: &[NOT_DELIVERED],
        can: &[Line::Say(
            "See in the cloud's console what became of {target}, and whether it was charged.",
        )],
        ..Guide::DEFAULT
    },
];
