//! The orders that the ledger knows of earlier operations on the desktop: nothing is
//! ordered while one of them is not over, wherever its object was.

use super::open_orders::{LOOKED_BACK, OpenOrders};
use super::sentences::WORD;
use crate::api::{Decision, Reason};
use crate::cloud::huawei::Client;
use crate::cloud::huawei::bss::{self, Look, Order};
use crate::cloud::huawei::workspace::{self, Job, Progress};
use crate::cloud::{CallError, Refusal, is_id};
use crate::operations::ClosedCall;
use crate::operations::desktop_order::words;
use crate::text::line;

/// Most of them that are looked up one by one, the newest first.
const MOST: usize = 10;

/// How long BSS may take to show an order, in milliseconds: an hour. Not documented. After
/// that somebody has to find out.
const SHOWN_WITHIN: i64 = 3_600_000;

/// What the ledger knows of the desktop's orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// Orders that an operation saw delivered.
    pub delivered: Vec<String>,
    /// All others.
    pub known: Vec<String>,
    /// Those of them that the list of open orders lacks, and that are not over.
    pub open: Vec<StillOpen>,
    /// Those that BSS can be asked about and does not show, and that are young enough to
    /// be open.
    pub unshown: Vec<Unshown>,
    /// Those of which nothing tells whether they are over, as BSS cannot be asked.
    pub unknown: Vec<String>,
    /// BSS refused to show one of them.
    pub refused: Option<Refusal>,
}

/// An order that BSS does not show, or not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unshown {
    /// Its id.
    pub order: String,
    /// When its call was closed, in milliseconds since 1970.
    pub closed_at: i64,
    /// So long ago that BSS should show it.
    pub for_long: bool,
}

impl Unshown {
    /// From then on it is taken for over, in milliseconds since 1970.
    pub fn until(&self) -> i64 {
        self.closed_at + LOOKED_BACK
    }
}

/// An order that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StillOpen {
    /// As BSS shows it.
    Order(Box<Order>),
    /// BSS does not show it, and its job has not ended.
    Job(Option<String>, Box<Job>),
}

impl Earlier {
    /// What the ledger itself says.
    pub(super) fn of(closed: &[ClosedCall]) -> Self {
        let ids = |delivered: bool| {
            let calls = closed
                .iter()
                .filter(move |call| is_delivered(call) == delivered);
            let ids = calls.filter_map(|call| call.ids.get("order_id").cloned());
            ids.collect()
        };
        Self {
            delivered: ids(true),
            known: ids(false),
            ..Self::default()
        }
    }

    /// Looks up what the list of open orders does not tell.
    pub(super) async fn look_up(
        &mut self,
        (bss, workspace): (&Client, &Client),
        closed: &[ClosedCall],
        listed: &OpenOrders,
    ) -> Result<(), CallError> {
        let mut calls: Vec<&ClosedCall> =
            closed.iter().filter(|call| !is_delivered(call)).collect();
        calls.reverse();
        for (number, call) in calls.into_iter().enumerate() {
            if let Some(odd) = call.ids.values().find(|id| !is_id(id)) {
                // Nothing can be asked about it, so nothing tells whether it is over.
                self.unknown.push(line(odd, WORD));
                continue;
            }
            let id = |name: &str| call.ids.get(name).map(String::as_str);
            if let Some(order) = id("order_id") {
                let in_the_list = listed.orders.iter().any(|o| o.order.order_id == order);
                if in_the_list || listed.over.contains(order) {
                    continue;
                }
            }
            if number >= MOST {
                self.unseen(bss, call, listed);
                continue;
            }
            if let Some(order) = id("order_id")
                && !listed.is_unreadable()
            {
                match bss::show_order(bss, order).await? {
                    Look::Seen(Some(details)) => {
                        if details.order.may_be_open() {
                            let order = Box::new(details.order);
                            self.open.push(StillOpen::Order(order));
                        }
                        continue;
                    }
                    Look::Seen(None) => {}
                    Look::Unreadable(refusal) => self.refused = Some(refusal),
                }
            }
            let job = match id("job_id") {
                Some(job) => workspace::show_job(workspace, job).await?,
                None => None,
            };
            match job {
                Some(job) if job.progress() == Progress::Open => {
                    let order = id("order_id").map(str::to_owned);
                    self.open.push(StillOpen::Job(order, Box::new(job)));
                }
                Some(_) => {}
                None => self.unseen(bss, call, listed),
            }
        }
        Ok(())
    }

    /// Neither BSS nor a job tells whether the order of that call is over.
    fn unseen(&mut self, bss: &Client, call: &ClosedCall, listed: &OpenOrders) {
        let Some(order) = call.ids.get("order_id") else {
            return;
        };
        if listed.is_unreadable() {
            self.unknown.push(order.clone());
            return;
        }
        // A list that could be read has every order that is young enough to be open, but
        // for one that BSS does not show yet.
        let age = bss.transport.clock.now().wall.0 - call.closed_at;
        if age <= LOOKED_BACK && !is_over(call) {
            self.unshown.push(Unshown {
                order: order.clone(),
                closed_at: call.closed_at,
                for_long: age > SHOWN_WITHIN,
            });
        }
    }
}

/// Its operation saw its effect. Any other end says only what became of the operation:
/// the order of a job that failed may still be open, and be carried out or undone.
fn is_delivered(call: &ClosedCall) -> bool {
    call.result == Reason::DELIVERED.to_string()
}

/// BSS showed the order as cancelled, or a person decided that its effect is there.
fn is_over(call: &ClosedCall) -> bool {
    let over = [words::ORDER_CANCELLED, Reason::ASSUMED_DONE].map(|reason| reason.to_string());
    let decided = Decision::AssumeDone.word();
    over.contains(&call.result) || call.result == decided
}
