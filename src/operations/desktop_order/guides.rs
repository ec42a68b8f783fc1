//! What its reasons come to, for users.

use crate::api::Reason;
use crate::operations::guide::NOTHING_BUT_WAIT;
use crate::operations::{Guide, Line};

pub(super) const GUIDES: &[Guide] = &[
    Guide {
        reasons: &[Reason::WaitingForPayment],
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
        reasons: &[Reason::OrderInReview],
        next: "{observes}, however long, and continues by itself once the cloud has reviewed {/status/observed/orderId|the order}.",
        can: &[Line::Say(
            "Nothing, as a rule. If it lasts, ask the cloud's support about {/status/observed/orderId|the order}.",
        )],
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[Reason::OrderProcessing],
        next: "{observes}. If the effect is not visible within verifyTimeout after the payment, the operation is Held.",
        can: NOTHING_BUT_WAIT,
        ..Guide::DEFAULT
    },
];
