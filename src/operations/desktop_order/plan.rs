//! What the facts mean. Pure.

mod accepted;
mod others;
mod shown;

use errand_engine::{Due, Evidence, Goal, Trace, Witness};

use self::accepted::paid;
use super::facts::Facts;
use super::sentences::{WORD, choice, has};
use super::standing::{Obstacle, Standing, obstacle, standing, unsettling};
use super::trace::{Traced, trace};
use super::{Assessment, ORDER, OpenCall, call_of, left, order};
use crate::api::{AnswerWord, ConditionStatus, Reason};
use crate::cloud::Members;
use crate::cloud::huawei::bss::{OrderDetails, OrderStatus};
use crate::cloud::huawei::workspace::{Change, ChangeOrder, ChargeMode, Desktop, Job, Product};
use crate::operations::code;
use crate::operations::desktop_order::{DesktopObservation, DesktopOrder, words};
use crate::text::line;

const PAID: &str = "Paid";

/// One look, and what is known of the operation's own call.
struct Look<'a> {
    object: &'a DesktopOrder,
    facts: &'a Facts,
    /// The operation's own call, if one may have had an effect.
    own: Option<OpenCall<'a>>,
    traced: Option<Traced<'a>>,
    /// The call of an operation that is gone, which comes first.
    foreign: Option<OpenCall<'a>>,
    /// The very same was ordered before, and is over.
    ordered_before: bool,
}

type Meaning = (Goal, Due, String);

pub(super) fn assess(
    object: &DesktopOrder,
    facts: &Facts,
    call: Option<OpenCall<'_>>,
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
    if let Some(e) = &facts.unread {
        let observed = look.observation(asked.as_ref());
        return Assessment {
            unread: Some(e.clone()),
            ..Assessment::new(Goal::Unclear, "", observed)
        };
    }
    let (goal, due, seen) = match &asked {
        Some(asked) => look.meaning(asked),
        None => lost(
            Reason::INVALID_FOR_TARGET,
            Evidence::Presence,
            "spec.change does not name exactly one change.".to_owned(),
        ),
    };
    let calls = match (goal, &asked) {
        (Goal::Act(_), Some(asked)) => vec![call_of(&object.spec, asked)],
        _ => Vec::new(),
    };
    // Nothing to pay where nothing was ordered.
    let money = look.own.map(|_| {
        let order = look.order();
        order.map_or(ConditionStatus::Unknown, |details| paid(&details.order))
    });
    Assessment {
        due,
        trace: look.traced.as_ref().map_or(Trace::NotShown, |t| t.trace),
        ids: look
            .traced
            .as_ref()
            .map(|t| t.ids.clone())
            .unwrap_or_default(),
        calls,
        refused: facts.refused().cloned(),
        conditions: money.map(|money| (PAID, money)).into_iter().collect(),
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
        if let Some(meaning) = self.may_not_last(change, desktop) {
            return meaning;
        }
        let status = self.object.status.as_ref();
        // A call that was refused, or was not sent, made nothing prepaid.
        let may_have_acted = status.is_some_and(|status| {
            let mut steps = status.steps.iter();
            steps.any(|step| step.may_have_acted())
        });
        let own = self.order().and_then(|details| details.order.status());
        let own_job_failed = self.job().is_some_and(Job::failed);
        let ended = own == Some(OrderStatus::Cancelled) || own_job_failed;
        let never = self.own.is_none() && !may_have_acted && !self.ordered_before;
        let now = has(change, desktop);
        let unused = own.filter(|status| status.has_not_begun());
        let now = match unused.and_then(|status| self.stays(status)) {
            Some(stays) => format!("{now} It did not become so by the own order. {stays}"),
            None => now,
        };
        match change {
            // By another order, whose term is not known.
            Change::Subscribe { .. } if unused.is_some() => self.accepted(change),
            Change::Subscribe { .. } if never || ended => lost(
                words::ALREADY_PREPAID,
                Evidence::Presence,
                format!("{now} Whether its term is the wanted one cannot be seen."),
            ),
            _ => (Goal::Reached(Evidence::Presence), Due::SinceAnswer, now),
        }
    }

    /// What can still become of the operation's own order.
    fn stays(&self, status: OrderStatus) -> Option<String> {
        left::stays(self.order_id()?, Some(status.word()), self.deadline())
    }

    /// The desktop is as specified, and an order or a task may change that again.
    fn may_not_last(&self, change: &Change<'_>, desktop: &Desktop) -> Option<Meaning> {
        let now = has(change, desktop);
        if let Some(order) = self.traced.as_ref().and_then(|traced| traced.undone) {
            let word = order.status().map_or("", OrderStatus::word);
            let seen = format!(
                "Order {} is {word}: the cloud may undo its change, so Errand waits until the order has ended. {now}",
                line(&order.order_id, WORD)
            );
            return Some(wait(words::ORDER_PROCESSING, self.due(), seen));
        }
        let before = self.kept_status().and_then(OrderStatus::from_word);
        if let Some(status) = before.filter(|status| status.is_being_undone()) {
            let seen = format!(
                "{} was {} when BSS last showed it: the cloud may undo its change, so Errand waits until BSS shows that it has ended. {now}",
                self.name(),
                status.word()
            );
            return Some(wait(words::ORDER_PROCESSING, self.due(), seen));
        }
        let task = unsettling(change, desktop)?;
        let seen = format!(
            "Desktop {} is busy ({}), which may change it again, so Errand waits until it is not. {now}",
            desktop.desktop_id,
            line(task, WORD)
        );
        Some(wait(Reason::TARGET_BUSY, self.due(), seen))
    }

    /// Nothing was ordered by this operation.
    fn before(&self, change: &Change<'_>) -> Meaning {
        let Some(desktop) = &self.facts.desktop else {
            let not_there = Evidence::Absence(Witness::NOT_THERE);
            return lost(Reason::TARGET_NOT_FOUND, not_there, self.missing());
        };
        // Its ledger is named by its id: by another spelling nothing is ordered, so that
        // both do not order.
        let asked = &self.object.spec.desktop_id;
        if desktop.desktop_id != *asked && self.foreign.is_none() {
            return lost(
                Reason::INVALID_FOR_TARGET,
                Evidence::Presence,
                format!(
                    "The cloud writes the id of desktop {asked} as {0}. Create the operation with spec.desktopId {0}.",
                    line(&desktop.desktop_id, WORD)
                ),
            );
        }
        match obstacle(desktop) {
            Some(Obstacle::Passing(why)) => {
                return wait(Reason::TARGET_BUSY, Due::SinceAnswer, why);
            }
            Some(Obstacle::Lasting(why)) => {
                let goal = Goal::Block(code(Reason::TARGET_BLOCKED));
                return (goal, Due::SinceAnswer, why);
            }
            None => {}
        }
        match (standing(change, desktop), change) {
            (Standing::NoVolume, _) if desktop.shows_every_volume() => {
                let not_there = Evidence::Absence(Witness::NOT_THERE);
                lost(Reason::INVALID_FOR_TARGET, not_there, has(change, desktop))
            }
            // Without it nobody knows whether the order is needed at all.
            (Standing::Unsaid | Standing::NoVolume, _) => unclear(has(change, desktop)),
            (_, Change::Resize { product }) => {
                let illegal = match &self.facts.targets {
                    Some(targets) => self.legal(product, targets),
                    None => Some(unclear(has(change, desktop))),
                };
                illegal.unwrap_or_else(|| self.next(change, desktop))
            }
            _ => self.next(change, desktop),
        }
    }

    /// The order is next, unless there is another one for the desktop.
    fn next(&self, change: &Change<'_>, desktop: &Desktop) -> Meaning {
        if let Some(open) = self
            .orphan_is_open()
            .or_else(|| self.another_order(desktop))
        {
            return open;
        }
        if self.foreign.is_some() {
            return self.act(has(change, desktop));
        }
        let mut seen = vec![has(change, desktop)];
        if !matches!(change, Change::Subscribe { .. })
            && desktop.charge_mode() == Some(ChargeMode::OnDemand)
        {
            seen.push(format!(
                "Desktop {} is charged on demand: the call is documented for yearly and monthly desktops, and it is assumed that it changes this one too.",
                desktop.desktop_id
            ));
        }
        seen.extend(self.unchecked(desktop));
        self.act(seen.join(" "))
    }

    /// Why a desktop cannot be changed to that product.
    fn legal(&self, product: &str, targets: &Members<Product>) -> Option<Meaning> {
        let named = |t: &&Product| t.product_id.as_deref() == Some(product);
        let found: Vec<&Product> = targets.list.iter().filter(named).collect();
        let desktop = &self.object.spec.desktop_id;
        let (evidence, seen) = match found[..] {
            // It may be listed more than once, in several zones for instance.
            [first, ..] if found.iter().all(|target| off_sale(target)) => (
                Evidence::Presence,
                format!(
                    "Product {product} is not on sale ({}).",
                    first.status.as_deref().unwrap_or_default()
                ),
            ),
            [_, ..] => return None,
            [] if targets.understood => (
                Evidence::Absence(Witness::NOT_THERE),
                format!("Desktop {desktop} cannot be changed to product {product}."),
            ),
            [] => {
                return Some(unclear(format!(
                    "Workspace's list of the products that desktop {desktop} can be changed to was not fully understood, and product {product} is not in the part that was. If this lasts, check in the cloud console which products it can be changed to."
                )));
            }
        };
        let seen = match choice(targets, |target| !off_sale(target)) {
            Some(others) => format!("{seen} {others}"),
            None => seen,
        };
        Some(lost(Reason::INVALID_FOR_TARGET, evidence, seen))
    }

    /// A call was made, and nobody knows what came of it.
    fn unanswered(&self, change: &Change<'_>) -> Meaning {
        if let Some(job) = self.job().filter(|job| job.failed()) {
            let seen = format!("{} {}", self.failure(job), self.now(change));
            return lost(words::ORDER_FAILED, Evidence::Presence, seen);
        }
        let Some(desktop) = &self.facts.desktop else {
            return self.act(self.now(change));
        };
        // What keeps it busy may be the order.
        if let Some(Obstacle::Passing(why)) = obstacle(desktop) {
            return wait(Reason::TARGET_BUSY, Due::SinceAnswer, why);
        }
        // No decision leads to an order beside one that is known to be open.
        if let Some((goal, due, seen)) = self.another_order(desktop) {
            return (goal, due, format!("{} {seen}", self.now(change)));
        }
        // Only where sending again is asked about: who decides has to know it.
        let mut seen = vec![self.now(change)];
        seen.extend(self.unchecked(desktop));
        self.act(seen.join(" "))
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

fn unclear(seen: String) -> Meaning {
    (Goal::Unclear, Due::SinceAnswer, seen)
}

fn wait(reason: Reason, due: Due, seen: String) -> Meaning {
    (Goal::Wait(code(reason), None), due, seen)
}

fn off_sale(product: &Product) -> bool {
    matches!(product.status.as_deref(), Some("sellout" | "abandon"))
}

#[cfg(test)]
mod tests;
