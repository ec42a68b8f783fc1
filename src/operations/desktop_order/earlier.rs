//! The orders that the ledger knows of earlier operations on the desktop: nothing is
//! ordered while one of them is not over, wherever its object was.

use super::open_orders::OpenOrders;
use crate::api::Reason;
use crate::cloud::CallError;
use crate::cloud::huawei::Client;
use crate::cloud::huawei::bss::{self, Look, Order};
use crate::cloud::huawei::workspace::{self, Job, Progress};
use crate::operations::ClosedCall;

/// Most of them that are looked up one by one, the newest first.
const MOST: usize = 10;

/// What the ledger knows of the desktop's orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// Orders that an operation saw delivered.
    pub delivered: Vec<String>,
    /// All others.
    pub known: Vec<String>,
    /// Those of them that the list of open orders lacks, and that are not over.
    pub open: Vec<StillOpen>,
    /// Those of which nothing tells whether they are over.
    pub unknown: Vec<String>,
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
            open: Vec::new(),
            unknown: Vec::new(),
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
        let rest = calls.split_off(calls.len().min(MOST));
        for call in calls {
            let id = |name: &str| call.ids.get(name).map(String::as_str);
            if let Some(order) = id("order_id") {
                let in_the_list = listed.orders.iter().any(|o| o.order.order_id == order);
                if in_the_list || listed.over.contains(order) {
                    continue;
                }
                if !listed.is_unreadable()
                    && let Look::Seen(Some(details)) = bss::show_order(bss, order).await?
                {
                    if details.order.may_be_open() {
                        let order = Box::new(details.order);
                        self.open.push(StillOpen::Order(order));
                    }
                    continue;
                }
            }
            let order = id("order_id").map(str::to_owned);
            let job = match id("job_id") {
                Some(job) => workspace::show_job(workspace, job).await?,
                None => None,
            };
            match job {
                Some(job) if job.progress() == Progress::Open => {
                    self.open.push(StillOpen::Job(order, Box::new(job)));
                }
                Some(_) => {}
                None => self.unknown.extend(order),
            }
        }
        // A list that could be read has every order that is young enough to be open.
        if listed.is_unreadable() {
            let orders = rest.iter().filter_map(|call| call.ids.get("order_id"));
            self.unknown.extend(orders.cloned());
        }
        Ok(())
    }
}

/// Its operation saw its effect. Any other end says only what became of the operation:
/// the order of a job that failed may still be open, and be carried out or undone.
fn is_delivered(call: &ClosedCall) -> bool {
    call.result == Reason::Delivered.to_string()
}
