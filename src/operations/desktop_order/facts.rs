//! What the clouds say: the desktop, and as far as that is known or can be looked
//! for, the job and the order of the call.

use std::sync::Arc;

use super::super::{Clients, Others};
use super::earlier::Earlier;
use super::open_orders::{OpenOrders, Target, note_placed, open_orders, waiter};
use super::standing::{Standing, is_next, standing};
use super::trace::{Fit, Window, is_about, order_type};
use super::{DesktopOrder, OpenCall, Recorded, order};
use crate::api::AnswerWord;
use crate::cloud::huawei::Client;
use crate::cloud::huawei::bss::{self, Look, OrderDetails, OrderFilter, OrderStatus};
use crate::cloud::huawei::workspace::{self, Change, ChangeOrder, Desktop, Job, Product};
use crate::cloud::{CallError, Members, Refusal, Waiter, is_id};

/// Most orders that are looked into; more cannot be told apart anyway.
const MOST_CANDIDATES: usize = 10;

/// A complete reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How far the cloud's clock is from ours, in milliseconds.
    pub clock_offset: i64,
    /// Which desktop is asked for, and where.
    pub target: Target,
    /// The desktop; `None`: no such desktop.
    pub desktop: Option<Desktop>,
    /// What the desktop's product may be changed to, where that is to be known.
    pub targets: Option<Members<Product>>,
    /// The job of the call, if it is known and there.
    pub job: Option<Job>,
    /// What BSS shows of the call.
    pub orders: Orders,
    /// The open orders of the account, where they were asked for.
    pub open: Option<Arc<OpenOrders>>,
    /// The desktop's orders by the ledger.
    pub earlier: Earlier,
    /// Why the rest was not read. The desktop was: what it shows is not forgotten for that.
    pub unread: Option<CallError>,
}

/// What BSS shows of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Orders {
    /// There is no call, or nothing is known of it to look for.
    NotAsked,
    /// This key may not see.
    Unreadable(Refusal),
    /// The order whose id is known; `None`: BSS does not know it (yet).
    Known(Option<OrderDetails>),
    /// The orders that were created while the call could arrive.
    Listed {
        /// Those that were looked into.
        candidates: Vec<Candidate>,
        /// That was all of them.
        whole: bool,
    },
}

/// An order that may be the call's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// The order.
    pub details: OrderDetails,
    /// What BSS says beside its lines that it is about.
    pub resources: Members<String>,
    /// BSS refused to say that.
    pub refused: Option<Refusal>,
    /// Whether it was created while the call could arrive is not known.
    pub untimed: bool,
}

#[cfg(test)]
impl Facts {
    /// These, unless a part was not read.
    pub(super) fn complete(self) -> Result<Self, CallError> {
        match self.unread {
            Some(e) => Err(e),
            None => Ok(self),
        }
    }
}

impl Facts {
    /// A read of BSS that was refused. An order is only a hint, so the rest counts all the
    /// same.
    pub fn refused(&self) -> Option<&Refusal> {
        let own = match &self.orders {
            Orders::Unreadable(refusal) => Some(refusal),
            Orders::Listed { candidates, .. } => {
                let mut refused = candidates.iter().filter_map(|one| one.refused.as_ref());
                refused.next()
            }
            Orders::NotAsked | Orders::Known(_) => None,
        };
        let open = || self.open.as_ref().and_then(|open| open.refused());
        own.or_else(open).or(self.earlier.refused.as_ref())
    }
}

impl Candidate {
    /// Takes in what BSS says that it is about. What was there once is not taken back by
    /// an answer that has less.
    pub(super) fn learn(&mut self, resources: Look<Members<String>>) {
        self.refused = match resources {
            Look::Seen(resources) => {
                if !resources.list.is_empty() {
                    self.resources = resources;
                }
                None
            }
            Look::Unreadable(refusal) => Some(refusal),
        };
    }

    /// It is about what has this id.
    pub fn carries(&self, id: &str) -> bool {
        let own = &self.resources.list;
        self.details.carries(id) || own.iter().any(|own| bss::is_same_id(own, id))
    }

    /// Something says what it is about, and says all of it: each line names a resource,
    /// or there are as many resources as lines.
    pub fn is_linked(&self) -> bool {
        let Members { list, understood } = &self.resources;
        let lines = self.details.lines.len();
        self.details.names_its_resources()
            || (*understood && !list.is_empty() && list.len() >= lines)
    }
}

/// The desktop first, then what tells of orders. Where that cannot be read, the desktop
/// was seen all the same.
pub(super) async fn observe(
    clients: &Clients,
    object: &DesktopOrder,
    call: Option<OpenCall<'_>>,
    others: &Others,
) -> Result<Facts, CallError> {
    let workspace = clients.huawei(&workspace::SERVICE);
    let spec = &object.spec;
    let desktop = workspace::show_desktop(workspace, &spec.desktop_id).await?;
    let mut facts = Facts {
        clock_offset: workspace.clock_offset(),
        target: Target::of(workspace, &spec.desktop_id),
        desktop,
        targets: None,
        job: None,
        orders: Orders::NotAsked,
        open: None,
        earlier: Earlier::default(),
        unread: None,
    };
    if let Err(e) = observe_orders(&mut facts, clients, object, call, others).await {
        if facts.desktop.is_none() {
            return Err(e);
        }
        facts.unread = Some(e);
    }
    Ok(facts)
}

/// The job and the order of the call, the open orders of others, and what the desktop can
/// be changed to, as far as the desktop shows that they matter.
async fn observe_orders(
    facts: &mut Facts,
    clients: &Clients,
    object: &DesktopOrder,
    call: Option<OpenCall<'_>>,
    others: &Others,
) -> Result<(), CallError> {
    let workspace = clients.huawei(&workspace::SERVICE);
    let bss = clients.huawei(&bss::SERVICE);
    let waiter = waiter(bss, clients.known_since);
    let desktop = facts.desktop.as_ref();
    let asked = order(&object.spec);
    let delivered = match (&asked, desktop) {
        (Some(asked), Some(desktop)) => standing(&asked.change, desktop) == Standing::AsWanted,
        _ => false,
    };
    if let Some(job) = call.and_then(|call| call.job_id) {
        facts.job = workspace::show_job(workspace, job).await?;
    }
    // Learnt from the answers above.
    facts.clock_offset = workspace.clock_offset();
    if let Some(call) = call {
        match orders(bss, &call, desktop, facts.clock_offset).await {
            // The desktop is the proof: an order that cannot be read does
            // not stand in its way, unless it was being undone when last seen.
            Err(_) if delivered && !was_being_undone(object) => {}
            orders => facts.orders = orders?,
        }
    }
    if let Some(id) = call.and_then(|call| call.order_id) {
        note_placed(bss, id, facts.target.clone());
    }
    if let Some(desktop) = desktop
        && call.is_none_or(|call| call.recorded.foreign)
    {
        facts.targets = targets(workspace, asked, desktop).await?;
    }
    // What is not the next step does not depend on the orders of others.
    let next = match (&asked, desktop) {
        (Some(asked), Some(desktop)) => is_next(&asked.change, desktop),
        _ => false,
    };
    if next && may_order(object, call, others) {
        // A user decides about an order in addition to a call of ours, at a moment
        // that is not known here: only a list of now will do.
        let age = if call.is_some() { 0 } else { waiter.age };
        let waiter = Waiter { age, ..waiter };
        (facts.open, facts.earlier) = others_orders((bss, workspace), waiter, others).await?;
    }
    Ok(())
}

/// The operation's own order was being undone when it was last seen.
fn was_being_undone(object: &DesktopOrder) -> bool {
    let status = object.status.as_ref();
    let observed = status.and_then(|status| status.observed.as_ref());
    let word = observed.and_then(|observed| observed.order_status.as_deref());
    word.and_then(OrderStatus::from_word)
        .is_some_and(OrderStatus::is_being_undone)
}

/// An order may be placed after this look: for the first time, or because a person
/// decides so about a call whose answer is not known.
fn may_order(object: &DesktopOrder, call: Option<OpenCall<'_>>, others: &Others) -> bool {
    match call {
        None => !others.locked,
        Some(call) => {
            let Recorded {
                foreign, answer, ..
            } = call.recorded;
            let status = object.status.as_ref();
            let asked = status.is_some_and(|status| status.hold.is_some());
            // A repeat that had no effect so far is tried again.
            let last = status.and_then(|status| status.steps.last());
            let again = last.is_some_and(|last| !last.may_have_acted());
            !foreign && *answer != Some(AnswerWord::Accepted) && (asked || again)
        }
    }
}

async fn others_orders(
    (bss, workspace): (&Client, &Client),
    waiter: Waiter,
    others: &Others,
) -> Result<(Option<Arc<OpenOrders>>, Earlier), CallError> {
    let open = open_orders(bss, waiter).await?;
    let mut earlier = Earlier::of(&others.closed);
    earlier
        .look_up((bss, workspace), &others.closed, &open)
        .await?;
    Ok((Some(open), earlier))
}

/// Only where a resize is next.
async fn targets(
    workspace: &Client,
    asked: Option<ChangeOrder<'_>>,
    desktop: &Desktop,
) -> Result<Option<Members<Product>>, CallError> {
    let resize = match asked.map(|asked| asked.change) {
        Some(change @ Change::Resize { .. }) => is_next(&change, desktop),
        _ => false,
    };
    match desktop.product_id() {
        Some(product) if resize => {
            let targets = workspace::list_products(workspace, product).await?;
            Ok(Some(targets))
        }
        _ => Ok(None),
    }
}

async fn orders(
    bss: &Client,
    call: &OpenCall<'_>,
    desktop: Option<&Desktop>,
    clock_offset: i64,
) -> Result<Orders, CallError> {
    if let Some(id) = call.order_id {
        return Ok(match bss::show_order(bss, id).await? {
            Look::Seen(order) => Orders::Known(order),
            Look::Unreadable(refusal) => Orders::Unreadable(refusal),
        });
    }
    let Some(asks) = &call.asks else {
        return Ok(Orders::NotAsked);
    };
    let (window, order_type) = (
        Window::of(call.recorded, clock_offset),
        order_type(&asks.change),
    );
    let filter = OrderFilter {
        created_from: window.from,
        created_until: window.until,
        order_type: Some(order_type),
        service: None,
    };
    let list = match bss::list_orders(bss, filter).await? {
        Look::Seen(list) => list,
        Look::Unreadable(refusal) => return Ok(Orders::Unreadable(refusal)),
    };
    let understood = list.understood;
    let mut listed = list.orders;
    listed.retain(|order| window.fits(order, order_type) != Fit::No);
    // One whose id cannot be put into a path may be the call's too.
    if listed.len() > MOST_CANDIDATES || !listed.iter().all(|order| is_id(&order.order_id)) {
        return Ok(Orders::Listed {
            candidates: Vec::new(),
            whole: false,
        });
    }
    let (mut candidates, mut whole) = (Vec::new(), understood);
    for order in &listed {
        let untimed = window.fits(order, order_type) == Fit::Unknown;
        let mut candidate = match bss::show_order(bss, &order.order_id).await? {
            Look::Seen(Some(details)) if details.order.order_id == order.order_id => Candidate {
                details,
                untimed,
                ..Candidate::default()
            },
            Look::Seen(_) => {
                whole = false;
                continue;
            }
            Look::Unreadable(refusal) => return Ok(Orders::Unreadable(refusal)),
        };
        if !is_about(&candidate, &asks.change, desktop) {
            candidate.learn(bss::order_resources(bss, &order.order_id).await?);
        }
        candidates.push(candidate);
    }
    Ok(Orders::Listed { candidates, whole })
}

#[cfg(test)]
mod tests;
