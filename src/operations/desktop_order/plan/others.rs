//! Orders for the desktop that are not the operation's own: nothing is ordered while one
//! of them is not over.

use errand_engine::{Due, Goal};

use super::super::earlier::{StillOpen, Unshown};
use super::super::open_orders::{About, MOST_DETAILS, OpenOrder, OpenOrders, Unchecked};
use super::super::sentences::WORD;
use super::accepted::paid;
use super::{Look, Meaning, unclear, wait};
use crate::api::{ConditionStatus, Reason, Timestamp};
use crate::cloud::huawei::bss::{Order, OrderStatus, why_unreadable};
use crate::cloud::huawei::workspace::{Desktop, Progress};
use crate::operations::code;
use crate::text::line;

/// Most orders that a sentence names.
const NAMED: usize = 3;

/// What an order waits for.
struct Waits {
    /// For a person.
    for_a_person: bool,
    /// As a sentence.
    said: String,
}

impl Look<'_> {
    /// Why nothing is ordered because of another order for the desktop.
    pub(super) fn another_order(&self, desktop: &Desktop) -> Option<Meaning> {
        let open = self.facts.open.as_ref()?;
        let earlier = &self.facts.earlier;
        let for_it = open
            .orders
            .iter()
            .filter(|other| self.counts(other) && self.is_for_it(other, desktop));
        let listed =
            for_it.map(|other| of_order(&desktop.desktop_id, &other.order, deadline(other)));
        let looked_up = earlier.open.iter().map(|still| match still {
            StillOpen::Order(order) => {
                let deadline = order.pending_payment_end_time.as_deref();
                of_order(&desktop.desktop_id, order, deadline)
            }
            StillOpen::Job(order, job) => Waits {
                for_a_person: false,
                said: of_job(&desktop.desktop_id, order.as_deref(), job.status.as_deref()),
            },
        });
        let given = self.object.spec.operation_key.as_deref();
        let unshown = earlier.unshown.iter().filter(|unshown| {
            // Whoever gives that key has looked it up.
            !given.is_some_and(|key| has_word(key, &unshown.order))
        });
        let unshown = unshown.map(|unshown| of_unshown(&desktop.desktop_id, unshown));
        let all = listed.chain(looked_up).chain(unshown);
        if let Some(meaning) = waits_for(all.collect()) {
            return Some(meaning);
        }
        if !open.understood {
            return Some(unclear(format!(
                "The account's list of open orders was not fully understood, so there may be an open order for desktop {}.",
                desktop.desktop_id
            )));
        }
        None
    }

    /// It is not over as far as can be told. BSS may show a delivered order as open for a
    /// while. One that is not paid, or is being undone, can still change the desktop: its
    /// operation took another change for its own, or its effect does not last.
    fn counts(&self, other: &OpenOrder) -> bool {
        let delivered = &self.facts.earlier.delivered;
        !delivered.contains(&other.order.order_id) || paid(&other.order) != ConditionStatus::True
    }

    fn is_for_it(&self, other: &OpenOrder, desktop: &Desktop) -> bool {
        let known = &self.facts.earlier.known;
        known.contains(&other.order.order_id) || other.is_for(&self.facts.target, desktop)
    }

    /// The call of an operation that is gone placed an order that is not over.
    pub(super) fn orphan_is_open(&self) -> Option<Meaning> {
        self.foreign.as_ref()?;
        let desktop = &self.object.spec.desktop_id;
        let traced = self.traced.as_ref()?;
        if traced.as_asked {
            return None;
        }
        if let Some(found) = traced.order {
            let deadline = found.order.pending_payment_end_time.as_deref();
            let open = found.order.may_be_open();
            return open
                .then(|| vec![of_order(desktop, &found.order, deadline)])
                .and_then(waits_for);
        }
        let job = self.facts.job.as_ref()?;
        let order = self.foreign.as_ref()?.order_id;
        (job.progress() == Progress::Open).then(|| {
            let said = of_job(desktop, order, job.status.as_deref());
            wait(Reason::TARGET_BUSY, Due::SinceAnswer, said)
        })
    }

    /// What could not be checked about other orders, a sentence for each reason.
    pub(super) fn unchecked(&self, desktop: &Desktop) -> Vec<String> {
        let Some(open) = &self.facts.open else {
            return Vec::new();
        };
        let id = &desktop.desktop_id;
        let unseen = format!("so an open order for desktop {id} would not be noticed");
        let unchecked = open.unchecked.as_ref().map(|unchecked| match unchecked {
            Unchecked::Unreadable(refusal) => format!(
                "The account's open orders could not be checked ({}), {unseen}.",
                why_unreadable(refusal)
            ),
            Unchecked::TooMany(count) => format!(
                "The account has {count} open orders, too many to look into (at most {MOST_DETAILS}), {unseen}."
            ),
            Unchecked::Unlinked(ids) => {
                format!("BSS does not say what open {} for, {unseen}.", orders(ids))
            }
        });
        let hidden = match &self.hidden(open, desktop)[..] {
            [] => None,
            ids => Some(format!(
                "Workspace does not show every id of desktop {id} and its volumes, so it cannot be told what open {} for.",
                orders(ids)
            )),
        };
        let earlier = match &self.facts.earlier.unknown[..] {
            [] => None,
            ids => Some(format!(
                "Whether what earlier operations ordered for it ({}) is over is not known.",
                names(ids)
            )),
        };
        [unchecked, hidden, earlier].into_iter().flatten().collect()
    }

    /// Orders that may be for an id of the desktop that Workspace does not show.
    fn hidden(&self, open: &OpenOrders, desktop: &Desktop) -> Vec<String> {
        if desktop.shows_every_id() {
            return Vec::new();
        }
        let linked = |other: &&OpenOrder| match &other.about {
            About::Shown(candidate) => candidate.is_linked(),
            // It is known for what, or named for another reason.
            About::Desktop(_) | About::NotRead => false,
        };
        open.orders
            .iter()
            .filter(|other| self.counts(other) && !self.is_for_it(other, desktop))
            .filter(linked)
            .map(|other| other.order.order_id.clone())
            .collect()
    }
}

/// One that waits for a person comes first.
fn waits_for(mut all: Vec<Waits>) -> Option<Meaning> {
    all.sort_by_key(|waits| !waits.for_a_person);
    let for_a_person = all.first()?.for_a_person;
    let more = all.len().saturating_sub(NAMED);
    let mut said: Vec<String> = all
        .into_iter()
        .take(NAMED)
        .map(|waits| waits.said)
        .collect();
    if more > 0 {
        said.push(format!("{more} more are open, too."));
    }
    said.push("Nothing is ordered before that.".to_owned());
    let said = said.join(" ");
    Some(match for_a_person {
        true => (
            Goal::Block(code(Reason::TARGET_BLOCKED)),
            Due::SinceAnswer,
            said,
        ),
        false => wait(Reason::TARGET_BUSY, Due::SinceAnswer, said),
    })
}

/// Only the details tell it.
fn deadline(open: &OpenOrder) -> Option<&str> {
    let order = match &open.about {
        About::Shown(shown) => &shown.details.order,
        About::Desktop(_) | About::NotRead => &open.order,
    };
    order.pending_payment_end_time.as_deref()
}

fn of_order(desktop: &str, order: &Order, deadline: Option<&str>) -> Waits {
    let id = line(&order.order_id, WORD);
    let open = format!("Order {id} for desktop {desktop} is open at the cloud");
    let status = order.status();
    let said = match status {
        Some(OrderStatus::PendingPayment) => {
            let until = deadline.map(|at| format!(" until {}", line(at, WORD)));
            format!(
                "{open} and waits for its payment{}: pay it or cancel it there.",
                until.unwrap_or_default()
            )
        }
        Some(OrderStatus::PendingApproval) => {
            format!("{open} and waits for approval: approve it or cancel it there.")
        }
        Some(status) => format!("{open} ({}); waiting until it is over.", status.word()),
        None => format!(
            "{open} (status {}); waiting until it is over.",
            order
                .status_number
                .map_or_else(|| "not known".to_owned(), |number| number.to_string())
        ),
    };
    Waits {
        for_a_person: status.is_some_and(OrderStatus::needs_a_person),
        said,
    }
}

fn of_job(desktop: &str, order: Option<&str>, word: Option<&str>) -> String {
    let order = order.map_or_else(|| "An order".to_owned(), |id| format!("Order {id}"));
    format!(
        "{order} for desktop {desktop}, which another operation placed, is not over: its job is {}. If it waits for payment, pay it or cancel it at the cloud.",
        line(word.unwrap_or("not known"), WORD)
    )
}

/// The text has this word, and not only as a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let ends = |c: Option<char>| !c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.match_indices(word).any(|(at, found)| {
        let (before, after) = (&text[..at], &text[at + found.len()..]);
        ends(before.chars().next_back()) && ends(after.chars().next())
    })
}

fn of_unshown(desktop: &str, unshown: &Unshown) -> Waits {
    let order = line(&unshown.order, WORD);
    let known = format!(
        "Order {order}, which an earlier operation placed for desktop {desktop}, is not visible in BSS"
    );
    let until = Timestamp::from_millis(unshown.until());
    let said = match unshown.for_long {
        true => format!(
            "{known}, so it may still be open. Check in the cloud console that it is completed or cancelled, and that the connection's BSS is that of the same account. If it has ended, create the operation with a spec.operationKey that contains its id, for example after-{order}. From {until} on, it counts as ended."
        ),
        false => format!("{known} yet; waiting until it is."),
    };
    Waits {
        for_a_person: unshown.for_long,
        said,
    }
}

/// As the subject of a sentence, with its verb.
fn orders(ids: &[String]) -> String {
    match ids {
        [one] => format!("order {} is", line(one, WORD)),
        many => format!("orders {} are", names(many)),
    }
}

fn names(ids: &[String]) -> String {
    let named: Vec<String> = ids.iter().take(NAMED).map(|id| line(id, WORD)).collect();
    match ids.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
