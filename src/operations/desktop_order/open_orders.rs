//! The open orders of an account, which are read before anything is ordered: an order
//! for the same desktop may have been placed by anyone. The operations of a connection
//! share the list, and each order is looked into once.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use super::facts::{Candidate, resources};
use crate::cloud::huawei::Client;
use crate::cloud::huawei::bss::{
    self, Look, Order, OrderFilter, OrderList, OrderType, WORKSPACE_SERVICE,
};
use crate::cloud::huawei::workspace::Desktop;
use crate::cloud::{CallError, Members, Reading, Refusal, Waiter, is_id};

/// How far back open orders are looked for, in milliseconds: 30 days. An approval can
/// take a day, an order that nobody pays lapses after a week, and a delivery takes
/// hours, so no order that can still act is older than about two weeks. Twice that
/// leaves room, and a longer time would make the list long.
const LOOKED_BACK: i64 = 30 * 24 * 3_600_000;

/// How far ahead, for clocks that differ, in milliseconds.
const LOOKED_AHEAD: i64 = 15 * 60_000;

/// How old the shared list may be, in milliseconds.
const AGE: i64 = 30_000;

/// Most orders that are looked into. With more, the list is taken for too long to check.
pub(super) const MOST_DETAILS: usize = 50;

/// Most orders whose resources are asked for, where their lines name none.
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
    Shown(Candidate),
    /// It was not looked into.
    NotRead,
}

/// Why open orders could not be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unchecked {
    /// BSS does not let this key read them.
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
}

impl OpenOrder {
    /// It is for this desktop or one of its volumes.
    pub fn is_for(&self, target: &Target, desktop: &Desktop) -> bool {
        match &self.about {
            About::Desktop(placed_for) => placed_for == target,
            About::Shown(candidate) => desktop.ids().any(|id| candidate.carries(id)),
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
    /// What was read of an order, and what the list said of it then.
    shown: HashMap<String, (Order, Candidate)>,
}

impl Book {
    fn of(bss: &Client) -> Arc<Self> {
        bss.transport.shared.kept(&name(bss))
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
        let (then, candidate) = notes.shown.get(&order.order_id)?;
        (then == order).then(|| About::Shown(candidate.clone()))
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
    let list = match bss::list_orders(bss, filter).await {
        Ok(Look::Seen(list)) => list,
        Ok(Look::Unreadable(refusal)) => return Ok((OpenOrders::unreadable(refusal), 1)),
        // What was asked is refused: waiting does not make it readable.
        Err(e) if matches!(e.reading, Reading::Terminal | Reading::Gone) => {
            return Ok((OpenOrders::unreadable(e.refusal), 1));
        }
        Err(e) => return Err(e),
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
        .filter(is_a_change)
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
    if unknown > MOST_DETAILS {
        found.unchecked = Some(Unchecked::TooMany(open.len()));
    }
    let (mut unlinked, mut resources_left) = (Vec::new(), MOST_RESOURCES);
    for order in open {
        // Known by now, if an operation of this process has placed it meanwhile.
        let mut about = book.about(&order);
        if about.is_none() && found.unchecked.is_none() {
            match look_into(bss, &order, &mut resources_left).await? {
                Look::Seen(Some(candidate)) => {
                    let noted = (order.clone(), candidate.clone());
                    book.notes().shown.insert(order.order_id.clone(), noted);
                    about = Some(About::Shown(candidate));
                }
                // It is in the list, and its details are not those of an order.
                Look::Seen(None) => found.understood = false,
                Look::Unreadable(refusal) => {
                    found.unchecked = Some(Unchecked::Unreadable(refusal));
                }
            }
        }
        if let Some(About::Shown(candidate)) = &about
            && !candidate.is_linked()
        {
            unlinked.push(order.order_id.clone());
        }
        found.orders.push(OpenOrder {
            about: about.unwrap_or(About::NotRead),
            order,
        });
    }
    if found.unchecked.is_none() && !unlinked.is_empty() {
        found.unchecked = Some(Unchecked::Unlinked(unlinked));
    }
    Ok(found)
}

/// What an order is for; `None`: BSS lists it and does not show it.
async fn look_into(
    bss: &Client,
    order: &Order,
    resources_left: &mut usize,
) -> Result<Look<Option<Candidate>>, CallError> {
    if !is_id(&order.order_id) {
        return Ok(Look::Seen(None));
    }
    let details = match bss::show_order(bss, &order.order_id).await? {
        Look::Seen(Some(details)) if details.order.order_id == order.order_id => details,
        Look::Seen(_) => return Ok(Look::Seen(None)),
        Look::Unreadable(refusal) => return Ok(Look::Unreadable(refusal)),
    };
    let mut candidate = Candidate {
        details,
        resources: Members::default(),
        untimed: false,
    };
    if !candidate.is_linked() && *resources_left > 0 {
        *resources_left -= 1;
        candidate.resources = resources(bss, &order.order_id).await?;
    }
    Ok(Look::Seen(Some(candidate)))
}

/// It may change something that is there already. The filter may not have been kept to.
fn is_a_change(order: &Order) -> bool {
    let types = [OrderType::Change, OrderType::ToPeriod].map(|kind| kind as i64);
    let service = order.service_type_code.as_deref();
    order.order_type.is_none_or(|kind| types.contains(&kind))
        && service.is_none_or(|code| code.eq_ignore_ascii_case(WORKSPACE_SERVICE))
}

impl OpenOrders {
    fn unreadable(refusal: Refusal) -> Self {
        Self {
            unchecked: Some(Unchecked::Unreadable(refusal)),
            understood: true,
            ..Self::default()
        }
    }

    /// BSS did not let this key read anything of the list.
    pub fn is_unreadable(&self) -> bool {
        let refused = matches!(self.unchecked, Some(Unchecked::Unreadable(_)));
        refused && self.orders.is_empty() && self.over.is_empty()
    }
}

#[cfg(test)]
mod tests;
