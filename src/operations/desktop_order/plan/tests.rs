//! What each reading of the clouds means, a sentence for each. Here is what they are
//! made of.

mod before;
mod ordered;
mod others;
mod traced;
mod undone;

use errand_engine::{Span, Tick};
use serde_json::json;

use super::super::OrderDesktop;
use super::super::earlier::Earlier;
use super::super::facts::{Candidate, Orders};
use super::super::open_orders::Target;
use super::super::samples::{self, asking, expand, resize, subscribe};
use super::*;
use crate::api::PaidOperations;
use crate::cloud::huawei::bss::Order;
use crate::cloud::huawei::workspace::Volume;
use crate::cloud::{Ids, Refusal};
use crate::operations::desktop_order::{DesktopChange, DesktopOrderStatus, Payment, Resize};
use crate::operations::{Kind as _, Recorded};

/// 2026-11-21T12:00:00Z, when the call was intended.
const NOON: i64 = 1_795_262_400_000;
const MINUTE: i64 = 60_000;

type Seen = Assessment<DesktopObservation>;

/// Product p1, a volume of 80 GiB, charged per use.
fn desktop() -> Desktop {
    Desktop {
        desktop_id: "d1".into(),
        product_id: Some("p1".into()),
        product: Some(Product {
            charge_mode: Some("1".into()),
            ..Product::default()
        }),
        status: Some("ACTIVE".into()),
        bill_resource_id: Some("bill-d1".into()),
        root_volume: Some(Volume {
            id: Some("id-v1".into()),
            volume_id: Some("v1".into()),
            size: Some(80),
            bill_resource_id: Some("bill-v1".into()),
        }),
        data_volumes: Members::from(vec![Volume {
            id: Some("id-v2".into()),
            volume_id: Some("v2".into()),
            bill_resource_id: Some("bill-v2".into()),
            ..Volume::default()
        }]),
        ..Desktop::default()
    }
}

fn prepaid() -> Desktop {
    Desktop {
        product: Some(Product {
            charge_mode: Some("0".into()),
            ..Product::default()
        }),
        ..desktop()
    }
}

fn with_product(id: &str) -> Desktop {
    Desktop {
        product_id: Some(id.into()),
        ..desktop()
    }
}

fn with_size(size: Option<i64>) -> Desktop {
    let root_volume = desktop().root_volume.map(|v| Volume { size, ..v });
    Desktop {
        root_volume,
        ..desktop()
    }
}

fn product(id: &str, status: &str) -> Product {
    Product {
        product_id: Some(id.into()),
        status: Some(status.into()),
        ..Product::default()
    }
}

fn facts(desktop: Desktop) -> Facts {
    Facts {
        clock_offset: 0,
        target: at("d1"),
        desktop: Some(desktop),
        targets: targets(vec![product("p2", "normal"), product("p3", "normal")]),
        job: None,
        orders: Orders::NotAsked,
        open: None,
        earlier: Earlier::default(),
        unread: None,
    }
}

fn at(desktop: &str) -> Target {
    Target {
        place: "here".into(),
        desktop: desktop.into(),
    }
}

fn targets(products: Vec<Product>) -> Option<Members<Product>> {
    Some(products.into())
}

/// A call that was intended at noon.
fn call(answer: Option<AnswerWord>, ids: &[(&str, &str)]) -> Recorded {
    samples::call(NOON, answer, ids)
}

fn accepted() -> Recorded {
    call(Some(AnswerWord::Accepted), &[("order_id", "CS1")])
}

fn unanswered() -> Recorded {
    call(None, &[])
}

/// The call of an operation that is gone, which asked for this.
fn foreign(change: DesktopChange) -> Recorded {
    samples::foreign(unanswered(), change)
}

fn details(id: &str, status: i64, lines: &[&str]) -> OrderDetails {
    OrderDetails {
        order: Order {
            order_id: id.into(),
            status_number: Some(status),
            order_type: Some(3),
            create_time: Some("2026-11-21T12:01:00Z".into()),
            pending_payment_end_time: Some("2026-11-28T12:01:00Z".into()),
            ..Order::default()
        },
        lines: lines.iter().map(|id| json!({"resource": id})).collect(),
    }
}

fn known(status: i64) -> Orders {
    Orders::Known(Some(details("CS1", status, &[])))
}

fn paid(status: i64) -> Orders {
    let mut order = details("CS1", status, &[]);
    order.order.payment_time = Some("2026-11-21T12:10:00Z".into());
    Orders::Known(Some(order))
}

fn listed(orders: &[(&str, &str)]) -> Orders {
    let candidates = orders.iter().map(|(id, line)| Candidate {
        details: details(id, 6, &[line]),
        ..Candidate::default()
    });
    Orders::Listed {
        candidates: candidates.collect(),
        whole: true,
    }
}

fn unreadable() -> Orders {
    Orders::Unreadable(Refusal {
        status: 403,
        code: "CBC.0151".into(),
        ..Refusal::default()
    })
}

fn job(status: &str) -> Option<Job> {
    Some(Job {
        id: "j1".into(),
        status: Some(status.into()),
        job_error_code: Some("WKS.0001".into()),
        fail_reason: Some("no\nhost".into()),
        sub_jobs: Members::default(),
    })
}

fn see(change: DesktopChange, facts: &Facts, open: Option<&Recorded>) -> Seen {
    OrderDesktop::assess(&asking(change), facts, open)
}

/// The desktop is as before, and the call was accepted as order CS1.
fn after(orders: Orders, job: Option<Job>) -> Seen {
    let facts = Facts {
        orders,
        job,
        ..facts(desktop())
    };
    see(resize(), &facts, Some(&accepted()))
}

fn lost(reason: Reason, evidence: Evidence) -> Goal {
    Goal::Lost(code(reason), evidence)
}

fn wait(reason: Reason) -> Goal {
    Goal::Wait(code(reason), None::<Span>)
}

fn act() -> Goal {
    Goal::Act(ORDER.plan())
}

fn block() -> Goal {
    Goal::Block(code(Reason::TARGET_BLOCKED))
}

/// Something is missing, and that much is understood.
const NOT_THERE: Evidence = Evidence::Absence(Witness::NOT_THERE);

const REACHED: Goal = Goal::Reached(Evidence::Presence);

fn paid_condition(seen: &Seen) -> Option<ConditionStatus> {
    match seen.conditions[..] {
        [] => None,
        [("Paid", status)] => Some(status),
        ref other => panic!("{other:?}"),
    }
}

fn ids(seen: &Seen) -> Vec<(&str, &str)> {
    let ids: &Ids = &seen.ids;
    ids.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect()
}
