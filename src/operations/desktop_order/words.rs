//! What it says to users: its reasons, and what they come to.

use crate::api::reasons;
use crate::operations::guide::NOTHING_BUT_WAIT;
use crate::operations::{Again, Guide, Line};

reasons! {
    REASONS:

    Waiting {
        WAITING_FOR_PAYMENT "WaitingForPayment": "The order is placed and not paid. Pay it at the cloud before its deadline, or cancel it there.",
            for 24 hours => "Pay the order in the cloud console, or cancel it there.",
            listed 31;
        ORDER_IN_REVIEW "OrderInReview": "The order is placed and under review at the cloud.",
            for 3 days => "Ask the person who approves the order, or cancel it in the cloud console.",
            listed 32;
        ORDER_PROCESSING "OrderProcessing": "The order is placed and being carried out by the cloud.",
            for 6 hours => "Check the order in the cloud console, and open a ticket with the cloud if it makes no progress.",
            listed 33;
    }
    Failure {
        ORDER_CANCELLED "OrderCancelled": "The order was cancelled at the cloud, or was not paid in time.",
            listed 21;
        ORDER_FAILED "OrderFailed": "The order was accepted, and the cloud could not carry it out. Look at the order there: it may have been charged.",
            listed 22;
        ALREADY_PREPAID "AlreadyPrepaid": "The desktop was prepaid before; whether its term is the wanted one cannot be seen.",
            listed 23;
    }
}

pub(super) const GUIDES: &[Guide] = &[
    Guide {
        reasons: &[WAITING_FOR_PAYMENT],
        next: "The cloud waits for the payment until {/status/observed/paymentDeadline|the order's deadline}. {observes}, however long, and continues by itself once it is paid; if it is cancelled or lapses, the operation ends as OrderCancelled.",
        can: &[
            Line::Say(
                "Pay {/status/observed/orderId|the order}, or cancel it if it is not wanted any more, in the cloud's console: Billing Center, Unpaid Orders. Do not order the same there again: that is a second order.",
            ),
            Line::Say("To wait until it finishes or needs attention:"),
            Line::Wait,
        ],
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[ORDER_IN_REVIEW],
        next: "{observes}, however long, and continues by itself once the cloud has reviewed {/status/observed/orderId|the order}.",
        can: &[Line::Say(
            "Nothing, as a rule. If it lasts, ask the cloud's support about {/status/observed/orderId|the order}.",
        )],
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[ORDER_PROCESSING],
        next: "{observes}. If the effect is not visible within verifyTimeout after the payment, the operation is Held.",
        can: NOTHING_BUT_WAIT,
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[ORDER_CANCELLED, ORDER_FAILED],
        can: &[Line::Say("Look at {target} in the cloud's console.")],
        again: Again::WithAnotherKey,
        ..Guide::DEFAULT
    },
];
