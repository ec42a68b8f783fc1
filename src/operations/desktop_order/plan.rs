//! What the facts mean. Pure.

mod shown;

use errand_engine::{Due, Evidence, Goal, Tick, Trace, Witness};

use super::facts::Facts;
use super::standing::{Standing, busy, standing};
use super::trace::{Traced, millis, trace};
use super::words::{choice, has, planned};
use super::{Assessment, Call, ORDER, order};
use crate::api::{
    AnswerWord, ConditionStatus, DesktopObservation, DesktopOrder, Payment, PlanStatus, Reason,
};
use crate::cloud::huawei::bss::{OrderDetails, OrderStatus};
use crate::cloud::huawei::workspace::{Change, ChangeOrder, Desktop, Job, Product};
use crate::operations::code;

const PAID: &str = "Paid";

/// One look, and what is known of the operation's own call.
struct Look<'a> {
    object: &'a DesktopOrder,
    facts: &'a Facts,
    /// The operation's own call, if one may have had an effect.
    own: Option<Call<'a>>,
    traced: Option<Traced<'a>>,
    /// The call of an operation that is gone, which comes first.
    foreign: Option<Call<'a>>,
    /// The very same was ordered before, and is over.
    ordered_before: bool,
}

type Meaning = (Goal, Due, String);

pub(super) fn assess(
    object: &DesktopOrder,
    facts: &Facts,
    call: Option<Call<'_>>,
) -> Assessment<DesktopObservation> {
    let ordered_before = call.is_some_and(|call| call.recorded.over);
    let call = call.filter(|_| !ordered_before);
    let look = Look {
        object,
        ordered_before,
        facts,
        own: call.filter(|call| !call.recorded.foreign),
        foreign: call.filter(|call| call.recorded.foreign),
        traced: call.map(|call| trace(facts, &call)),
    };
    let asked = order(&object.spec);
    let (goal, due, seen) = match &asked {
        Some(asked) => look.meaning(asked),
        None => lost(
            Reason::InvalidForTarget,
            Evidence::Presence,
            "spec.change does not name exactly one change.".to_owned(),
        ),
    };
    // After a call of its own nothing is sent unless a person says so.
    let steps = match (goal, look.own, &asked) {
        (Goal::Act(_), None, Some(asked)) => vec![planned(&object.spec, asked)],
        _ => Vec::new(),
    };
    Assessment {
        due,
        trace: look.traced.as_ref().map_or(Trace::NotShown, |t| t.trace),
        ids: look
            .traced
            .as_ref()
            .map(|t| t.ids.clone())
            .unwrap_or_default(),
        plan: PlanStatus {
            paid: !steps.is_empty(),
            steps,
        },
        conditions: vec![(PAID, look.order().map_or(ConditionStatus::Unknown, paid))],
        ..Assessment::new(goal, seen, look.observation(asked.as_ref()))
    }
}

impl Look<'_> {
    /// The operation's own order as BSS shows it.
    fn order(&self) -> Option<&OrderDetails> {
        self.own.and(self.traced.as_ref()?.order)
    }

    fn order_id(&self) -> Option<&str> {
        let found = self.order().map(|found| found.order.order_id.as_str());
        self.own.as_ref()?.order_id.or(found)
    }

    fn job(&self) -> Option<&Job> {
        self.own.and(self.facts.job.as_ref())
    }

    fn meaning(&self, asked: &ChangeOrder<'_>) -> Meaning {
        let desktop = self.facts.desktop.as_ref();
        if let Some(desktop) = desktop
            && standing(&asked.change, desktop) == Standing::AsWanted
        {
            return self.as_wanted(&asked.change, desktop);
        }
        let shown = self
            .traced
            .as_ref()
            .is_some_and(|t| t.trace == Trace::Shown);
        match &self.own {
            Some(own) if shown || own.recorded.answer == Some(AnswerWord::Accepted) => {
                self.accepted(&asked.change)
            }
            Some(_) => self.unanswered(&asked.change),
            None => self.before(&asked.change),
        }
    }

    fn as_wanted(&self, change: &Change<'_>, desktop: &Desktop) -> Meaning {
        let status = self.object.status.as_ref();
        let new = status.is_none_or(|status| status.steps.is_empty());
        let never = self.own.is_none() && new && !self.ordered_before;
        match change {
            Change::Subscribe { .. } if never => lost(
                Reason::AlreadyPrepaid,
                Evidence::Presence,
                format!(
                    "{} Whether its term is the wanted one cannot be seen.",
                    has(change, desktop)
                ),
            ),
            _ => (
                Goal::Reached(Evidence::Presence),
                Due::SinceAnswer,
                has(change, desktop),
            ),
        }
    }

    /// Nothing was ordered by this operation.
    fn before(&self, change: &Change<'_>) -> Meaning {
        let Some(desktop) = &self.facts.desktop else {
            return lost(
                Reason::TargetNotFound,
                Evidence::Absence(Witness::FULL),
                self.missing(),
            );
        };
        if let Some(why) = busy(desktop) {
            return wait(Reason::TargetBusy, Due::SinceAnswer, why);
        }
        match (standing(change, desktop), change) {
            (Standing::NoVolume, Change::ExpandVolume { volume, .. }) => lost(
                Reason::InvalidForTarget,
                Evidence::Absence(Witness::FULL),
                format!("Desktop {} has no volume {volume}.", desktop.desktop_id),
            ),
            // Without it nobody knows whether the order is needed at all.
            (Standing::Unsaid, _) => wait(
                Reason::CloudUnavailable,
                Due::SinceAnswer,
                has(change, desktop),
            ),
            (_, Change::Resize { product }) => {
                let targets = self.facts.targets.as_deref().unwrap_or_default();
                self.legal(product, targets)
                    .unwrap_or_else(|| self.act(has(change, desktop)))
            }
            _ => self.act(has(change, desktop)),
        }
    }

    /// Why a desktop cannot be changed to that product.
    fn legal(&self, product: &str, targets: &[Product]) -> Option<Meaning> {
        let id = |target: &'_ Product| target.product_id.clone();
        let on_sale = |target: &&Product| !off_sale(target);
        match targets
            .iter()
            .find(|t| t.product_id.as_deref() == Some(product))
        {
            Some(target) if off_sale(target) => Some(lost(
                Reason::InvalidForTarget,
                Evidence::Presence,
                format!(
                    "Product {product} is not on sale ({}). {}",
                    target.status.as_deref().unwrap_or_default(),
                    choice(targets.iter().filter(on_sale).filter_map(id))
                ),
            )),
            Some(_) => None,
            None => Some(lost(
                Reason::InvalidForTarget,
                Evidence::Absence(Witness::FULL),
                format!(
                    "Desktop {} cannot be changed to product {product}. {}",
                    self.object.spec.desktop_id,
                    choice(targets.iter().filter(on_sale).filter_map(id))
                ),
            )),
        }
    }

    /// A call was made, and nobody knows what came of it.
    fn unanswered(&self, change: &Change<'_>) -> Meaning {
        if let Some(job) = self.job().filter(|job| job.failed()) {
            let seen = format!("{} {}", self.failure(job), self.now(change));
            return lost(Reason::OrderFailed, Evidence::Presence, seen);
        }
        // What keeps it busy may be the order.
        match self.facts.desktop.as_ref().and_then(busy) {
            Some(why) => wait(Reason::TargetBusy, Due::SinceAnswer, why),
            None => self.act(self.now(change)),
        }
    }

    /// The order was accepted, and its effect is not there yet.
    fn accepted(&self, change: &Change<'_>) -> Meaning {
        let order = self.order().map(|details| &details.order);
        let name = self.name();
        let paid_at = order.and_then(|order| millis(order.payment_time.as_deref()?));
        let due = match paid_at {
            Some(at) => Due::Since(Tick(at - self.facts.clock_offset)),
            None => Due::SinceAnswer,
        };
        let now = self.now(change);
        let failed = self.job().filter(|job| job.failed());
        match (order.and_then(|order| order.status()), failed) {
            // A job that failed shows as a cancelled order too.
            (Some(OrderStatus::Cancelled), failed) if failed.is_none() || paid_at.is_none() => {
                lost(
                    Reason::OrderCancelled,
                    Evidence::Presence,
                    format!("{name} is cancelled. {now}"),
                )
            }
            (Some(OrderStatus::InReview), _) => wait(
                Reason::OrderInReview,
                Due::Later,
                format!("{name} is under review at the cloud. {now}"),
            ),
            (Some(OrderStatus::PendingPayment), _) => {
                let unpaid = match self.object.spec.payment {
                    Payment::Manual => "is not paid",
                    Payment::Automatic => "was not paid automatically",
                };
                wait(
                    Reason::WaitingForPayment,
                    Due::Later,
                    format!("{name} {unpaid}: pay it at the cloud, or cancel it there. {now}"),
                )
            }
            (_, Some(job)) => lost(
                Reason::OrderFailed,
                Evidence::Presence,
                format!("{} {now}", self.failure(job)),
            ),
            _ if self.facts.desktop.is_none() => lost(
                Reason::OrderFailed,
                Evidence::Absence(Witness::FULL),
                format!("{name} is placed. {now}"),
            ),
            (Some(status), None) => wait(
                Reason::OrderProcessing,
                due,
                format!("{name} is {status:?} and not delivered yet. {now}"),
            ),
            (None, None) => (Goal::Act(ORDER.plan()), due, now),
        }
    }

    /// The order is next; or, where it was sent, what the engine makes of that.
    fn act(&self, seen: String) -> Meaning {
        let seen = match self.foreign {
            Some(_) => format!("{seen} {}", self.told()),
            None => seen,
        };
        (Goal::Act(ORDER.plan()), Due::SinceAnswer, seen)
    }
}

fn lost(reason: Reason, evidence: Evidence, seen: String) -> Meaning {
    (Goal::Lost(code(reason), evidence), Due::SinceAnswer, seen)
}

fn wait(reason: Reason, due: Due, seen: String) -> Meaning {
    (Goal::Wait(code(reason), None), due, seen)
}

fn off_sale(product: &Product) -> bool {
    matches!(product.status.as_deref(), Some("sellout" | "abandon"))
}

/// What BSS says of the money.
fn paid(details: &OrderDetails) -> ConditionStatus {
    use OrderStatus::{
        Cancelled, Completed, Exchanging, InReview, PendingPayment, PickUp, Processing,
        RefundPending, ToConfirm, ToReceive, ToShip,
    };
    match details.order.status() {
        Some(PendingPayment) => ConditionStatus::False,
        Some(Processing | Completed | ToConfirm | ToShip | ToReceive | PickUp | Exchanging) => {
            ConditionStatus::True
        }
        Some(InReview | RefundPending | Cancelled) | None => ConditionStatus::Unknown,
    }
}

#[cfg(test)]
mod tests;
