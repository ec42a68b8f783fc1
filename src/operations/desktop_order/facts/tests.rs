//! What is read from the simulated clouds, and what an order goes through there.

use errand_engine::{Goal, Trace};
use errand_simulator::{
    Account, BssReadings, Config, DesktopChange as Change, DesktopOrderSeed, Fault, FaultKind,
    OrderAction, OrderLines, OrderResources, Readings, Seed, Simulator, When, WorkspaceDesktop,
    WorkspaceProduct,
};

use super::super::samples::{asking, call, foreign, place_order, resize, subscribe};
use super::super::{Kind as _, OrderDesktop};
use super::*;
use crate::api::{AnswerWord, Reason};
use crate::cloud::Sent;
use crate::cloud::Service;
use crate::cloud::huawei::Scope;
use crate::cloud::huawei::server::client;
use crate::cloud::huawei::{bss, workspace};
use crate::operations::desktop_order::{
    DesktopObservation, DesktopOrder, DesktopOrderStatus, Payment, words,
};
use crate::operations::{Assessment, Recorded, code, reason_of_code};

const PROJECT: &str = "p1";
const ORDER: &str = "workspace.CreateChangeOrder";

struct Bed {
    simulator: Simulator,
    clients: Clients,
    order: DesktopOrder,
    intended_at: i64,
}

fn bed_with(bss: BssReadings, account: Account) -> Bed {
    let readings = Readings {
        bss,
        ..Readings::default()
    };
    let simulator = Simulator::start(Config {
        readings,
        ..Config::default()
    });
    let simulator = simulator.expect("a free port");
    simulator.seed(
        Seed::new()
            .account(account)
            .desktop(PROJECT, WorkspaceDesktop::new("d1").product("p1"))
            .desktop(PROJECT, WorkspaceDesktop::new("d2").product("p1"))
            .product(PROJECT, WorkspaceProduct::new("p1"))
            .product(PROJECT, WorkspaceProduct::new("p2")),
    );
    let of = |service: &'static Service, scope| {
        let client = Client {
            scope,
            rows: service.rows,
            ..client(&simulator.url())
        };
        (service, crate::cloud::Client::Huawei(client))
    };
    let clients = Clients {
        known_since: 0,
        services: vec![
            of(&workspace::SERVICE, Scope::Project(PROJECT.into())),
            of(&bss::SERVICE, Scope::Domain("domain".into())),
        ],
    };
    Bed {
        intended_at: simulator.now().as_millisecond(),
        order: asking(resize()),
        clients,
        simulator,
    }
}

fn account() -> Account {
    Account::new("AK", "SK").project(PROJECT).domain("domain")
}

fn bed() -> Bed {
    bed_with(BssReadings::default(), account())
}

impl Bed {
    async fn send(&self) -> Sent {
        place_order(&self.clients, &self.order).await
    }

    /// Sends it, and loses the answer.
    async fn send_unheard(&self) -> Recorded {
        self.simulator
            .fault(Fault::new(ORDER, FaultKind::DropAfter));
        let sent = self.send().await;
        assert!(matches!(sent, Sent::Unknown(_)), "{sent:?}");
        self.unanswered()
    }

    fn unanswered(&self) -> Recorded {
        call(self.intended_at, None, &[])
    }

    async fn facts(&self, open: Option<&Recorded>) -> Result<Facts, CallError> {
        let facts = OrderDesktop::observe(&self.clients, &self.order, open).await?;
        facts.complete()
    }

    async fn see(&self, open: Option<&Recorded>) -> Assessment<DesktopObservation> {
        let facts = self.facts(open).await.expect("a complete reading");
        OrderDesktop::assess(&self.order, &facts, open)
    }

    fn placed(&self) -> String {
        let orders = self.simulator.orders("d1");
        orders.last().expect("an order").order_id.clone()
    }

    /// Somebody else's order for a desktop, so many seconds from now.
    fn colleague(&self, desktop: &str, seconds: i64) {
        let change = Change::Resize {
            product_id: "p2".into(),
        };
        let order = DesktopOrderSeed {
            created_at: Some(When::In(seconds)),
            ..DesktopOrderSeed::new(PROJECT, desktop, change)
        };
        self.simulator.seed(Seed::new().desktop_order(order));
    }

    fn called(&self) -> Vec<String> {
        let journal = self.simulator.journal();
        let calls = journal.all_calls().iter();
        calls.map(|call| call.api.clone()).collect()
    }
}

fn waits(reason: Reason) -> Goal {
    Goal::Wait(code(reason), None)
}

#[tokio::test]
async fn before_a_call_the_desktop_what_it_may_become_and_the_open_orders_are_read() {
    let bed = bed();
    let seen = bed.see(None).await;
    assert!(matches!(seen.goal, Goal::Act(_)), "{seen:?}");
    assert_eq!(
        bed.called(),
        [
            "workspace.ShowDesktop",
            "workspace.ListProducts",
            "bss.ListOrders"
        ]
    );
    let bed = Bed {
        order: asking(subscribe()),
        ..bed
    };
    bed.see(None).await;
    // It is prepaid already.
    assert_eq!(bed.called()[3..], ["workspace.ShowDesktop"]);
}

#[tokio::test]
async fn an_order_is_followed_from_its_placing_over_its_payment_to_the_desktop() {
    let bed = bed();
    let Sent::Accepted { ids, .. } = bed.send().await else {
        panic!("an order");
    };
    let accepted = Recorded {
        answer: Some(AnswerWord::Accepted),
        ids,
        ..bed.unanswered()
    };
    let id = bed.placed();
    let seen = bed.see(Some(&accepted)).await;
    assert_eq!(
        seen.goal,
        waits(words::WAITING_FOR_PAYMENT),
        "{}",
        seen.seen
    );
    assert_eq!(seen.observed.order_id.as_ref(), Some(&id));
    assert_eq!(seen.observed.job_status.as_deref(), Some("WAITING"));
    assert!(seen.observed.payment_deadline.is_some());
    bed.simulator.act_on_order(&id, OrderAction::Pay);
    let seen = bed.see(Some(&accepted)).await;
    assert_eq!(seen.goal, waits(words::ORDER_PROCESSING), "{}", seen.seen);
    assert_eq!(seen.observed.job_status.as_deref(), Some("RUNNING"));
    bed.simulator.act_on_order(&id, OrderAction::Hurry);
    let seen = bed.see(Some(&accepted)).await;
    assert!(matches!(seen.goal, Goal::Reached(_)), "{}", seen.seen);
    assert_eq!(seen.observed.order_status.as_deref(), Some("Completed"));
}

#[tokio::test]
async fn an_order_whose_job_failed_is_told_from_one_that_a_person_cancelled() {
    for (actions, reason) in [
        (&[OrderAction::Cancel][..], words::ORDER_CANCELLED),
        (
            &[OrderAction::Pay, OrderAction::Fail][..],
            words::ORDER_FAILED,
        ),
    ] {
        let bed = bed();
        let Sent::Accepted { ids, .. } = bed.send().await else {
            panic!("an order");
        };
        for action in actions {
            bed.simulator.act_on_order(&bed.placed(), *action);
        }
        let accepted = Recorded {
            answer: Some(AnswerWord::Accepted),
            ids,
            ..bed.unanswered()
        };
        let seen = bed.see(Some(&accepted)).await;
        let Goal::Lost(code, _) = seen.goal else {
            panic!("{seen:?}");
        };
        assert_eq!(reason_of_code(code), Some(reason), "{}", seen.seen);
    }
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_found_by_its_lines_or_by_its_resources() {
    for lines in [OrderLines::Changed, OrderLines::Unlinked] {
        let readings = BssReadings {
            order_lines: lines,
            ..BssReadings::default()
        };
        let bed = bed_with(readings, account());
        bed.colleague("d2", 0);
        let open = bed.send_unheard().await;
        let seen = bed.see(Some(&open)).await;
        assert_eq!(seen.trace, Trace::Shown, "{lines:?}: {}", seen.seen);
        assert_eq!(seen.ids["order_id"], bed.placed());
        assert_eq!(seen.goal, waits(words::WAITING_FOR_PAYMENT));
    }
}

#[tokio::test]
async fn an_order_that_nothing_links_to_the_desktop_is_not_taken_for_the_call_s() {
    let readings = BssReadings {
        order_lines: OrderLines::Unlinked,
        order_resources: OrderResources::Nothing,
        ..BssReadings::default()
    };
    for account in [account(), account().deny("bss.ListResources")] {
        let bed = bed_with(readings.clone(), account);
        let open = bed.send_unheard().await;
        let seen = bed.see(Some(&open)).await;
        assert_eq!(seen.trace, Trace::NotShown, "{}", seen.seen);
        assert!(matches!(seen.goal, Goal::Act(_)));
    }
}

#[tokio::test]
async fn an_order_that_somebody_else_placed_meanwhile_makes_it_unclear_and_an_earlier_one_does_not()
{
    let bed = bed();
    bed.colleague("d1", -120);
    let open = bed.send_unheard().await;
    let seen = bed.see(Some(&open)).await;
    assert_eq!(seen.trace, Trace::Shown, "{}", seen.seen);
    assert_eq!(seen.ids["order_id"], bed.placed());
    bed.colleague("d1", 0);
    let seen = bed.see(Some(&open)).await;
    assert_eq!(seen.trace, Trace::Unclear, "{}", seen.seen);
}

#[tokio::test]
async fn more_orders_than_can_be_looked_into_are_unclear_and_not_read_one_by_one() {
    let bed = bed();
    let open = bed.send_unheard().await;
    for _ in 0..MOST_CANDIDATES {
        bed.colleague("d2", 0);
    }
    let seen = bed.see(Some(&open)).await;
    assert_eq!(seen.trace, Trace::Unclear, "{}", seen.seen);
    assert!(!bed.called().contains(&"bss.ShowOrder".to_owned()));
}

#[tokio::test]
async fn the_call_of_an_operation_that_is_gone_is_looked_for_by_what_it_asked() {
    let mut bed = bed();
    let open = bed.send_unheard().await;
    bed.order = asking(subscribe());
    let facts = bed.facts(Some(&foreign(open.clone(), resize()))).await;
    let seen = OrderDesktop::assess(
        &bed.order,
        &facts.expect("a complete reading"),
        Some(&foreign(open, resize())),
    );
    assert_eq!(seen.trace, Trace::Shown);
    assert_eq!(seen.ids["order_id"], bed.placed());
    assert_eq!(seen.observed.order_id, None);
}

#[tokio::test]
async fn a_key_that_may_not_read_orders_is_no_failure_of_the_look() {
    let bed = bed_with(BssReadings::default(), account().deny("bss."));
    let Sent::Accepted { ids, .. } = bed.send().await else {
        panic!("an order");
    };
    let accepted = Recorded {
        answer: Some(AnswerWord::Accepted),
        ids,
        ..bed.unanswered()
    };
    for open in [bed.unanswered(), accepted] {
        let facts = bed.facts(Some(&open)).await.expect("a complete reading");
        assert!(
            matches!(facts.orders, Orders::Unreadable(_)),
            "{:?}",
            facts.orders
        );
    }
}

#[tokio::test]
async fn any_other_read_that_fails_is_no_reading_but_for_orders_of_a_desktop_that_is_as_wanted() {
    let fault = |api: &str| {
        let kind = FaultKind::Error {
            status: 500,
            code: "X.1".into(),
            message: "m".into(),
        };
        Fault::new(api, kind)
    };
    let mut bed = bed();
    bed.order.spec.payment = Payment::Automatic;
    let Sent::Accepted { ids, .. } = bed.send().await else {
        panic!("an order");
    };
    let open = Recorded {
        answer: Some(AnswerWord::Accepted),
        ids,
        ..bed.unanswered()
    };
    for (api, open) in [
        ("workspace.ShowDesktop", open.clone()),
        ("workspace.ShowJob", open.clone()),
        ("bss.ShowOrder", open.clone()),
        ("bss.ListOrders", bed.unanswered()),
        ("bss.ShowOrder", bed.unanswered()),
    ] {
        bed.simulator.fault(fault(api));
        assert!(bed.facts(Some(&open)).await.is_err(), "{api}");
    }
    bed.simulator.fault(fault("workspace.ListProducts"));
    let other = foreign(bed.unanswered(), subscribe());
    assert!(bed.facts(Some(&other)).await.is_ok(), "busy: not asked yet");
    bed.simulator.clear_faults();
    bed.simulator
        .act_on_order(&bed.placed(), OrderAction::Hurry);
    for (word, read) in [
        (Some("Compensating"), false),
        (Some("RefundPending"), false),
        (Some("Processing"), true),
        (None, true),
    ] {
        bed.order.status = Some(DesktopOrderStatus {
            observed: Some(DesktopObservation {
                order_status: word.map(str::to_owned),
                ..DesktopObservation::default()
            }),
            ..DesktopOrderStatus::default()
        });
        bed.simulator.fault(fault("bss."));
        assert_eq!(bed.facts(Some(&open)).await.is_ok(), read, "{word:?}");
        bed.simulator.clear_faults();
    }
    bed.simulator.fault(fault("bss."));
    let seen = bed.see(Some(&open)).await;
    assert!(matches!(seen.goal, Goal::Reached(_)), "{}", seen.seen);
    assert_eq!(seen.observed.order_status, None);
}
