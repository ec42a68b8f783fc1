//! The open orders of an account, which are read before anything is ordered: an order
//! for the same desktop may have been placed by anyone. The operations of a connection
//! share the list, and each order is looked into once.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use super::facts::Candidate;
use crate::cloud::huawei::Client;
use crate::cloud::huawei::bss::{
    self, Look, Order, OrderDetails, OrderFilter, OrderList, WORKSPACE_SERVICE,
};
use crate::cloud::huawei::workspace::Desktop;
use crate::cloud::{CallError, Members, Refusal, Waiter, is_id};

/// How far back open orders are looked for, in milliseconds: 30 days. An approval can
/// take a day, an order that nobody pays lapses after a week, and a delivery takes
/// hours, so no order that can still act is older than about two weeks. Twice that
/// leaves room, and a longer time would make the list long.
pub(super) const LOOKED_BACK: i64 = 30 * 24 * 3_600_000;

/// How far ahead, for clocks that differ, in milliseconds.
const LOOKED_AHEAD: i64 = 15 * 60_000;

/// How old the shared list may be, in milliseconds.
const AGE: i64 = 30_000;

/// Most orders that are looked into. With more, the list is taken for too long to check.
pub(super) const MOST_DETAILS: usize = 50;

/// Most orders whose resources are asked for in addition to one list, where their lines
/// do not name them.
const MOST_RESOURCES: usize = 10;

/// How long it is kept which order was placed for what, at the least, in milliseconds.
const KEPT: i64 = 3_600_000;

/// What BSS shows of an account's open orders for desktops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenOrders {
    /// Those that are not known to be over.
    pub orders: Vec<OpenOrder>,
    /// Ids of those in the list that are.
    pub over: HashSet<String>,
    /// Why some could not be checked, where that is no reason to wait.
    pub unchecked: Option<Unchecked>,
    /// The list was understood to the last member.
    pub understood: bool,
}

/// An order that may be open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    /// The order as the list shows it.
    pub order: Order,
    /// What it is for.
    pub about: About,
}

/// What an order is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// For this desktop, where it was placed from here.
    Desktop(Target),
    /// For what these details say.
    Shown(Box<Candidate>),
    /// It was not looked into.
    NotRead,
}

/// Why open orders could not be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unchecked {
    /// BSS refuses to show them.
    Unreadable(Refusal),
    /// There are more than are looked into.
    TooMany(usize),
    /// Nothing in these links them to what they are for.
    Unlinked(Vec<String>),
}

/// A desktop and where it is: another project may have one of the same id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The project, which is the same by whatever endpoint it is reached.
    pub place: String,
    /// The desktop's id.
    pub desktop: String,
}

impl Target {
    pub(super) fn of(workspace: &Client, desktop: &str) -> Self {
        Self {
            place: workspace.scope.id().to_owned(),
            desktop: desktop.to_owned(),
        }
    }

    /// The same desktop, however the letters of its id are written.
    fn is(&self, other: &Self) -> bool {
        bss::is_same_id(&self.place, &other.place) && bss::is_same_id(&self.desktop, &other.desktop)
    }
}

impl OpenOrder {
    /// It is for this desktop or one of its volumes.
    pub fn is_for(&self, target: &Target, desktop: &Desktop) -> bool {
        match &self.about {
            About::Desktop(placed_for) => placed_for.is(target),
            About::Shown(candidate) => {
                let named = desktop.order_id.as_deref() == Some(&*self.order.order_id);
                named || desktop.ids().any(|id| candidate.carries(id))
            }
            About::NotRead => false,
        }
    }
}

/// What is kept of orders between two lists.
#[derive(Default)]
struct Book(Mutex<Notes>);

#[derive(Default)]
struct Notes {
    /// Desktops of orders that operations of this process placed or follow, and when
    /// that was last noted.
    placed: HashMap<String, (Target, i64)>,
    /// What was read of orders.
    shown: HashMap<String, Shown>,
}

/// What was read of an order.
struct Shown {
    /// What the list said of it then.
    then: Order,
    candidate: Candidate,
    /// When its resources were asked for, if they were.
    asked: Option<i64>,
}

impl Book {
    fn of(bss: &Client) -> Arc<Self> {
        bss.transport.shared.kept(&name(bss), now(bss))
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.0.lock().expect("no panic while it is held")
    }

    /// What is known of it without asking.
    fn about(&self, order: &Order) -> Option<About> {
        let notes = self.notes();
        if let Some((target, _)) = notes.placed.get(&order.order_id) {
            return Some(About::Desktop(target.clone()));
        }
        let shown = notes.shown.get(&order.order_id)?;
        (shown.then == *order).then(|| About::Shown(Box::new(shown.candidate.clone())))
    }

    fn note_shown(&self, order: &Order, details: OrderDetails) {
        let candidate = Candidate {
            details,
            ..Candidate::default()
        };
        let shown = Shown {
            then: order.clone(),
            candidate,
            asked: None,
        };
        self.notes().shown.insert(order.order_id.clone(), shown);
    }

    fn note_resources(&self, order: &str, resources: Look<Members<String>>, now: i64) {
        if let Some(shown) = self.notes().shown.get_mut(order) {
            shown.asked = Some(now);
            shown.candidate.learn(resources);
        }
    }

    /// It was asked about before, and no line of it was given then.
    fn lacks_lines(&self, order: &str) -> bool {
        let notes = self.notes();
        let shown = notes.shown.get(order).filter(|shown| shown.asked.is_some());
        shown.is_some_and(|shown| shown.candidate.details.lines.is_empty())
    }

    fn note_lines(&self, order: &str, details: OrderDetails) {
        if let Some(shown) = self.notes().shown.get_mut(order) {
            shown.candidate.details = details;
        }
    }

    /// Orders that nothing links to what they are for, and of which BSS may say more by
    /// now: those that were not asked about come first, then those that wait longest.
    fn to_ask_about(&self, orders: &[Order], now: i64) -> Vec<String> {
        let notes = self.notes();
        let mut unlinked: Vec<(Option<i64>, &str)> = orders
            .iter()
            .filter(|order| !notes.placed.contains_key(&order.order_id))
            .filter_map(|order| {
                let shown = notes.shown.get(&order.order_id)?;
                let due = shown.asked.is_none_or(|asked| now - asked >= AGE);
                let linked = shown.candidate.is_linked();
                (due && !linked).then_some((shown.asked, &*order.order_id))
            })
            .collect();
        unlinked.sort_by_key(|(asked, _)| *asked);
        let ids = unlinked.into_iter().map(|(_, id)| id.to_owned());
        ids.take(MOST_RESOURCES).collect()
    }

    fn forget_all_but(&self, orders: &[Order], now: i64) {
        let open: HashSet<&str> = orders.iter().map(|order| &*order.order_id).collect();
        let mut notes = self.notes();
        notes.shown.retain(|id, _| open.contains(&**id));
        let newer = |noted: i64| noted > now - KEPT;
        notes
            .placed
            .retain(|id, (_, noted)| newer(*noted) || open.contains(&**id));
    }
}

/// Name of the shared list: as one key sees one account.
fn name(bss: &Client) -> String {
    format!("open orders of {}", bss.identity())
}

fn now(bss: &Client) -> i64 {
    bss.transport.clock.now().wall.0
}

/// An order is for this desktop: it was placed for it here.
pub(super) fn note_placed(bss: &Client, order: &str, target: Target) {
    let placed = (target, now(bss));
    let book = Book::of(bss);
    book.notes().placed.insert(order.to_owned(), placed);
}

/// Which list an operation may have that asks from now on: one that began after the
/// operation was made, or seen at least.
pub(super) fn waiter(bss: &Client, known_since: i64) -> Waiter {
    let asked = now(bss);
    Waiter {
        asked,
        since: known_since.min(asked),
        age: AGE,
    }
}

/// The list that this asker may have.
pub(super) async fn open_orders(
    bss: &Client,
    waiter: Waiter,
) -> Result<Arc<OpenOrders>, CallError> {
    let shared = &bss.transport.shared;
    let list = || read(bss);
    let clock = &bss.transport.clock;
    let (_, open) = shared.paced(&name(bss), waiter, list, clock).await?;
    Ok(open)
}

/// Reads the list, and with it how many requests of it count for the pace.
async fn read(bss: &Client) -> Result<(OpenOrders, usize), CallError> {
    let time = now(bss) + bss.clock_offset();
    let filter = OrderFilter {
        created_from: time - LOOKED_BACK,
        created_until: time + LOOKED_AHEAD,
        // Of both types in one list; BSS takes one type or all.
        order_type: None,
        service: Some(WORKSPACE_SERVICE),
    };
    let list = match bss::list_orders(bss, filter).await? {
        Look::Seen(list) => list,
        Look::Unreadable(refusal) => return Ok((OpenOrders::unreadable(refusal), 1)),
    };
    let requests = list.requests;
    Ok((looked_into(bss, list).await?, requests))
}

async fn looked_into(bss: &Client, list: OrderList) -> Result<OpenOrders, CallError> {
    let OrderList {
        orders, understood, ..
    } = list;
    let (open, over): (Vec<Order>, Vec<Order>) = orders
        .into_iter()
        .filter(Order::may_change_a_desktop)
        .partition(Order::may_be_open);
    let mut found = OpenOrders {
        orders: Vec::new(),
        over: over.into_iter().map(|order| order.order_id).collect(),
        unchecked: None,
        understood,
    };
    let book = Book::of(bss);
    book.forget_all_but(&open, now(bss));
    let unknown = open.iter().filter(|order| book.about(order).is_none());
    let unknown = unknown.count();
    let (too_many, mut denied) = (unknown > MOST_DETAILS, false);
    if too_many {
        found.unchecked = Some(Unchecked::TooMany(open.len()));
    }
    for order in &open {
        // Known by now, if an operation of this process has placed it meanwhile.
        if book.about(order).is_some() || too_many || denied {
            continue;
        }
        match look_into(bss, order).await? {
            Look::Seen(Some(details)) => book.note_shown(order, details),
            // It is in the list, and its details are not those of an order.
            Look::Seen(None) => found.understood = false,
            Look::Unreadable(refusal) => {
                // A key without the right gets no other details either; one order that
                // BSS does not show says nothing of the next.
                denied = matches!(refusal.status, 401 | 403);
                found.unchecked = Some(Unchecked::Unreadable(refusal));
            }
        }
    }
    for order in book.to_ask_about(&open, now(bss)) {
        if book.lacks_lines(&order)
            && let Look::Seen(Some(details)) = bss::show_order(bss, &order).await?
        {
            book.note_lines(&order, details);
        }
        let resources = bss::order_resources(bss, &order).await?;
        book.note_resources(&order, resources, now(bss));
    }
    let mut unlinked = Vec::new();
    for order in open {
        let about = book.about(&order).unwrap_or(About::NotRead);
        if let About::Shown(candidate) = &about
            && !candidate.is_linked()
        {
            unlinked.push(order.order_id.clone());
        }
        found.orders.push(OpenOrder { order, about });
    }
    if found.unchecked.is_none() && !unlinked.is_empty() {
        found.unchecked = Some(Unchecked::Unlinked(unlinked));
    }
    Ok(found)
}

/// What an order is for by its details; `None`: BSS lists it and does not show it.
async fn look_into(bss: &Client, order: &Order) -> Result<Look<Option<OrderDetails>>, CallError> {
    if !is_id(&order.order_id) {
        return Ok(Look::Seen(None));
    }
    Ok(match bss::show_order(bss, &order.order_id).await? {
        Look::Seen(details) => {
            Look::Seen(details.filter(|shown| shown.order.order_id == order.order_id))
        }
        Look::Unreadable(refusal) => Look::Unreadable(refusal),
    })
}

impl OpenOrders {
    fn unreadable(refusal: Refusal) -> Self {
        Self {
            unchecked: Some(Unchecked::Unreadable(refusal)),
            understood: true,
            ..Self::default()
        }
    }

    /// A read of them that was refused.
    pub fn refused(&self) -> Option<&Refusal> {
        if let Some(Unchecked::Unreadable(refusal)) = &self.unchecked {
            return Some(refusal);
        }
        let mut refused = self.orders.iter().filter_map(|order| match &order.about {
            About::Shown(candidate) => candidate.refused.as_ref(),
            About::Desktop(_) | About::NotRead => None,
        });
        refused.next()
    }

    /// BSS refused to show the list.
    pub fn is_unreadable(&self) -> bool {
        let refused = matches!(self.unchecked, Some(Unchecked::Unreadable(_)));
        refused && self.orders.is_empty() && self.over.is_empty()
    }
}

#[cfg(test)]
mod tests;
