//! The operation's own order was accepted, and its effect is not there yet.

use errand_engine::{Due, Evidence, Goal, Tick, Witness};

use super::super::ORDER;
use super::super::trace::millis;
use super::{Look, Meaning, PAID, lost, wait};
use crate::api::{ConditionStatus, Timestamp};
use crate::cloud::huawei::bss::{Order, OrderStatus};
use crate::cloud::huawei::workspace::{Change, Job, Progress};
use crate::operations::desktop_order::{Payment, words};

impl Look<'_> {
    pub(super) fn accepted(&self, change: &Change<'_>) -> Meaning {
        let order = self.order().map(|details| &details.order);
        let name = self.name();
        let now = self.now(change);
        let failed = self.job().filter(|job| job.failed());
        match (order.and_then(|order| order.status()), failed) {
            (Some(OrderStatus::Cancelled), failed) if failed.is_none_or(|job| self.lapsed(job)) => {
                lost(
                    words::ORDER_CANCELLED,
                    self.of_a_cancelled_order(),
                    format!("{name} is cancelled. {now}"),
                )
            }
            (Some(OrderStatus::InReview), None) => wait(
                words::ORDER_IN_REVIEW,
                Due::Later,
                format!("{name} is under review at the cloud. {now}"),
            ),
            (Some(OrderStatus::PendingApproval), None) => wait(
                words::ORDER_IN_REVIEW,
                Due::Later,
                format!(
                    "{name} waits for approval: approve it at the cloud, or cancel it there. {now}"
                ),
            ),
            (Some(OrderStatus::PendingPayment), _) => {
                let price = order.and_then(Order::price);
                let costs = price.map_or(String::new(), |price| format!(" (price: {price})"));
                let unpaid = match self.object.spec.payment {
                    Payment::Manual => "is not paid",
                    Payment::Automatic => "was not paid automatically",
                };
                wait(
                    words::WAITING_FOR_PAYMENT,
                    Due::Later,
                    format!(
                        "{name}{costs} {unpaid}: pay it at the cloud, or cancel it there. {now}"
                    ),
                )
            }
            (_, Some(job)) => lost(
                words::ORDER_FAILED,
                Evidence::Presence,
                format!("{} {now}", self.failure(job)),
            ),
            // While it goes on, or may, the desktop can come back, and then it is changed.
            _ if self.facts.desktop.is_none() && self.is_carried_out() => lost(
                words::ORDER_FAILED,
                Evidence::Absence(Witness::NOT_THERE),
                format!("{name} is placed. {now}"),
            ),
            (Some(status), None) => wait(
                words::ORDER_PROCESSING,
                self.due(),
                format!("{name} is {} and not delivered yet. {now}", status.word()),
            ),
            (None, None) => (Goal::Act(ORDER.plan()), self.due(), now),
        }
    }

    /// The job was read before the order, and may have failed in between, which says more.
    fn of_a_cancelled_order(&self) -> Evidence {
        match self.job().map(Job::progress) {
            Some(Progress::Open) => Evidence::Absence(Witness::NOT_THERE),
            _ => Evidence::Presence,
        }
    }

    /// From when on the delivery can be expected: an order that a person pays, from its
    /// payment on.
    pub(super) fn due(&self) -> Due {
        let Some(details) = self.order() else {
            return Due::SinceAnswer;
        };
        let order = &details.order;
        if let Some(at) = order.payment_time.as_deref().and_then(millis) {
            return Due::Since(Tick(at - self.facts.clock_offset));
        }
        if self.object.spec.payment == Payment::Automatic || paid(order) != ConditionStatus::True {
            return Due::SinceAnswer;
        }
        // It is paid, and when is not understood: at the latest when that was seen.
        match self.condition(PAID) {
            Some((ConditionStatus::True, since)) => Due::Since(Tick(since)),
            _ => Due::Later,
        }
    }

    /// Nothing more comes of it, by its order or, where BSS does not tell that, its job.
    fn is_carried_out(&self) -> bool {
        match self.order() {
            Some(details) => !details.order.may_be_open(),
            None => self
                .job()
                .is_some_and(|job| job.progress() == Progress::Done),
        }
    }

    /// The job has failed because its order was cancelled before anyone paid it: the
    /// order was seen unpaid, and neither order nor job says anything else.
    fn lapsed(&self, job: &Job) -> bool {
        let paid_at = self
            .order()
            .and_then(|order| order.order.payment_time.as_deref());
        let unpaid = self.condition(PAID).map(|(status, _)| status);
        self.object.spec.payment == Payment::Manual
            && paid_at.is_none()
            && job.failure().is_empty()
            && unpaid.is_none_or(|status| status == ConditionStatus::False)
    }

    /// A condition as it is stored, and since when.
    fn condition(&self, type_: &str) -> Option<(ConditionStatus, i64)> {
        let conditions = &self.object.status.as_ref()?.conditions;
        let found = conditions
            .iter()
            .find(|condition| condition.type_ == type_)?;
        Some((found.status, found.since().map_or(0, Timestamp::millis)))
    }
}

/// What BSS says of the money.
pub(super) fn paid(order: &Order) -> ConditionStatus {
    use OrderStatus::{
        Cancelled, Compensating, Completed, Exchanging, InReview, Initializing, MerchantReceipt,
        PendingApproval, PendingPayment, PickUp, Processing, RefundPending, ToConfirm, ToReceive,
        ToShip,
    };
    match order.status() {
        Some(PendingPayment) => ConditionStatus::False,
        Some(
            Processing | Completed | ToConfirm | ToShip | ToReceive | PickUp | Exchanging
            | MerchantReceipt,
        ) => ConditionStatus::True,
        Some(
            Initializing | InReview | PendingApproval | RefundPending | Compensating | Cancelled,
        )
        | None => ConditionStatus::Unknown,
    }
}
