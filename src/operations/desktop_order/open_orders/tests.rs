//! What is read of the orders of others, and how often, from the simulated clouds.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use errand_engine::Goal;
use errand_simulator::{
    Account, BssReadings, Config, DesktopChange, DesktopOrderSeed, Fault, FaultKind, OrderAction,
    OrderLines, OrderResources, Readings, Rewrite, RewrittenValue, Seed, Simulator, When,
    WorkspaceDesktop, WorkspaceProduct,
};
use errand_testclock::{TestClock, Timing};
use futures::future::join_all;
use serde_json::Value;

use super::super::samples::{asking, place_order, resize};
use super::super::{Clients, DesktopOrder, Facts, Kind as _, OrderDesktop};
use super::*;
use crate::api::Reason;
use crate::clock::Clock;
use crate::cloud::Service;
use crate::cloud::huawei::Scope;
use crate::cloud::huawei::server::client;
use crate::cloud::huawei::{bss, workspace};
use crate::cloud::{Ids, Sent, Transport};
use crate::operations::desktop_order::DesktopObservation;
use crate::operations::{Assessment, ClosedCall, Others, code};

const PROJECT: &str = "p1";
const DAY: i64 = 86_400;

struct Bed {
    simulator: Simulator,
    clients: Clients,
    clock: TestClock,
    file: PathBuf,
}

impl Drop for Bed {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

fn account() -> Account {
    Account::new("AK", "SK").project(PROJECT).domain("domain")
}

fn bed() -> Bed {
    bed_with(BssReadings::default(), account())
}

fn bed_with(bss: BssReadings, account: Account) -> Bed {
    static BEDS: AtomicUsize = AtomicUsize::new(0);
    let number = BEDS.fetch_add(1, Ordering::Relaxed);
    let file = format!("errand-open-orders-{}-{number}", std::process::id());
    let file = std::env::temp_dir().join(file);
    let clock = TestClock::create(&file, Timing::default()).expect("a clock");
    let simulator = Simulator::start(Config {
        readings: Readings {
            bss,
            ..Readings::default()
        },
        ..Config::with_clock(clock.clone())
    });
    let simulator = simulator.expect("a free port");
    let products = [WorkspaceProduct::new("p1"), WorkspaceProduct::new("p2")];
    let seed = Seed::new().account(account);
    let seed = products
        .into_iter()
        .fold(seed, |seed, product| seed.product(PROJECT, product));
    simulator.seed(seed);
    // Fails only if one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let transport = Transport::new(
        Clock::test(&file).expect("the same clock"),
        Duration::from_secs(30),
    );
    let transport = transport.expect("a client");
    let of = |service: &'static Service, scope| {
        let client = Client {
            scope,
            rows: service.rows,
            transport: transport.clone(),
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
        simulator,
        clients,
        clock,
        file,
    }
}

/// An order by its desktop; another one for each uid.
fn order_for(desktop: &str, uid: &str) -> DesktopOrder {
    let mut order = asking(resize());
    order.spec.desktop_id = desktop.to_owned();
    order.metadata.uid = Some(uid.to_owned());
    order
}

fn theirs(desktop: &str, id: &str) -> DesktopOrderSeed {
    let change = DesktopChange::Resize {
        product_id: "p2".into(),
    };
    DesktopOrderSeed::new(PROJECT, desktop, change).id(id)
}

impl Bed {
    fn desktops(&self, names: impl IntoIterator<Item = String>) {
        let seed = names.into_iter().fold(Seed::new(), |seed, name| {
            seed.desktop(PROJECT, WorkspaceDesktop::new(name).product("p1"))
        });
        self.simulator.seed(seed);
    }

    /// That many desktops of colleagues, each with an order that nobody has paid.
    fn colleagues(&self, count: usize) {
        self.desktops((0..count).map(|n| format!("their-{n}")));
        let seed = (0..count).fold(Seed::new(), |seed, n| {
            let id = format!("CS-T{n}");
            let at = When::In(n as i64 - 1000);
            seed.desktop_order(theirs(&format!("their-{n}"), &id).created(at))
        });
        self.simulator.seed(seed);
    }

    fn colleague(&self, order: DesktopOrderSeed) {
        self.simulator.seed(Seed::new().desktop_order(order));
    }

    async fn facts(&self, order: &DesktopOrder, others: &Others) -> Result<Facts, CallError> {
        let facts = OrderDesktop::observe_among(&self.clients, order, None, others).await?;
        facts.complete()
    }

    /// By an operation that was made long ago.
    async fn see(&self, order: &DesktopOrder) -> Assessment<DesktopObservation> {
        self.see_among(order, &Others::default()).await
    }

    /// By an operation that is seen now for the first time.
    async fn see_first(&self, order: &DesktopOrder) -> Assessment<DesktopObservation> {
        let clients = Clients {
            known_since: i64::MAX,
            ..self.clients.clone()
        };
        let others = Others::default();
        let facts = OrderDesktop::observe_among(&clients, order, None, &others).await;
        OrderDesktop::assess(order, &facts.expect("a reading"), None)
    }

    async fn see_among(
        &self,
        order: &DesktopOrder,
        others: &Others,
    ) -> Assessment<DesktopObservation> {
        let facts = self.facts(order, others).await.expect("a complete reading");
        OrderDesktop::assess(order, &facts, None)
    }

    async fn send(&self, order: &DesktopOrder) -> Sent {
        place_order(&self.clients, order).await
    }

    fn calls(&self, api: &str) -> usize {
        self.simulator.journal().calls(api)
    }

    fn bss_calls(&self) -> usize {
        let journal = self.simulator.journal();
        let calls = journal.all_calls().iter();
        calls.filter(|call| call.api.starts_with("bss.")).count()
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

fn sends(goal: Goal) -> bool {
    matches!(goal, Goal::Act(_))
}

const BLOCKED: fn() -> Goal = || Goal::Block(code(Reason::TARGET_BLOCKED));

#[tokio::test]
async fn three_hundred_orders_look_once_into_forty_of_others() {
    let bed = bed();
    bed.colleagues(40);
    bed.desktops((0..300).map(|n| format!("d{n}")));
    let orders: Vec<_> = (0..300)
        .map(|n| order_for(&format!("d{n}"), &format!("u{n}")))
        .collect();
    let seen = join_all(orders.iter().map(|order| bed.see(order))).await;
    assert!(seen.iter().all(|seen| sends(seen.goal)));
    assert!(bed.bss_calls() <= 60, "{}", bed.bss_calls());
    assert_eq!(bed.calls("bss.ShowOrder"), 40);
    for sent in join_all(orders.iter().map(|order| bed.send(order))).await {
        assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    }
    // One more that comes later: what was placed here is not looked into either.
    bed.desktops(["late".to_owned()]);
    bed.pass(2);
    let seen = bed.see_first(&order_for("late", "late")).await;
    assert!(sends(seen.goal), "{}", seen.seen);
    assert_eq!(bed.calls("bss.ShowOrder"), 40);
    // And it is known for which desktop it was.
    let seen = bed.see(&order_for("d7", "again")).await;
    assert_eq!(seen.goal, BLOCKED(), "{}", seen.seen);
}

#[tokio::test]
async fn an_order_is_looked_into_again_only_if_the_list_shows_a_change() {
    let bed = bed();
    bed.colleagues(5);
    bed.desktops(["d1".to_owned()]);
    let order = order_for("d1", "u1");
    bed.see(&order).await;
    assert_eq!(bed.calls("bss.ShowOrder"), 5);
    bed.pass(31);
    bed.see(&order).await;
    assert_eq!(bed.calls("bss.ListOrders"), 2);
    assert_eq!(bed.calls("bss.ShowOrder"), 5, "nothing has changed");
    bed.simulator.act_on_order("CS-T3", OrderAction::Pay);
    bed.pass(31);
    bed.see(&order).await;
    assert_eq!(bed.calls("bss.ShowOrder"), 6, "one has");
}

#[tokio::test]
async fn the_list_is_younger_than_thirty_seconds_and_than_the_operation() {
    let bed = bed();
    bed.desktops(["d1".to_owned(), "d2".to_owned()]);
    let (first, second) = (order_for("d1", "u1"), order_for("d2", "u2"));
    assert!(sends(bed.see(&first).await.goal));
    bed.pass(5);
    bed.colleague(theirs("d2", "CS-T1"));
    let seen = bed.see_first(&second).await;
    assert_eq!(seen.goal, BLOCKED(), "its list began after it asked");
    assert_eq!(bed.calls("bss.ListOrders"), 2);
    bed.pass(5);
    bed.see(&first).await;
    bed.see(&second).await;
    assert_eq!(bed.calls("bss.ListOrders"), 2, "young enough for both");
    bed.simulator.act_on_order("CS-T1", OrderAction::Cancel);
    bed.pass(31);
    assert!(sends(bed.see(&second).await.goal));
    assert_eq!(bed.calls("bss.ListOrders"), 3);
    assert_eq!(bed.calls("bss.ShowOrder"), 1);
}

#[tokio::test]
async fn only_open_changes_of_desktops_in_the_last_month_are_looked_into() {
    let bed = bed();
    bed.desktops(["d1".to_owned()]);
    bed.colleague(theirs("d1", "CS-OVER4").status(4));
    bed.colleague(theirs("d1", "CS-OVER5").status(5));
    bed.colleague(theirs("d1", "CS-NEW").order_type(1).status(6));
    bed.colleague(
        theirs("d1", "CS-ECS")
            .service("hws.service.type.ec2")
            .status(6),
    );
    bed.colleague(
        theirs("d1", "CS-OLD")
            .status(6)
            .created(When::In(-31 * DAY)),
    );
    let seen = bed.see(&order_for("d1", "u1")).await;
    assert!(sends(seen.goal), "{}", seen.seen);
    assert_eq!(bed.calls("bss.ShowOrder"), 0);
    for (number, status, goal) in [
        (1, 6, BLOCKED()),
        (2, 8, BLOCKED()),
        (3, 0, Goal::Wait(code(Reason::TARGET_BUSY), None)),
        (4, 7, Goal::Wait(code(Reason::TARGET_BUSY), None)),
    ] {
        let desktop = format!("e{number}");
        bed.desktops([desktop.clone()]);
        let theirs = theirs(&desktop, &format!("CS-{number}")).status(status);
        bed.colleague(theirs.created(When::In(-29 * DAY)));
        bed.pass(31);
        let seen = bed.see(&order_for(&desktop, &desktop)).await;
        assert_eq!(seen.goal, goal, "{status}: {}", seen.seen);
        assert!(seen.seen.contains(&format!("CS-{number}")), "{}", seen.seen);
    }
}

#[tokio::test]
async fn more_open_orders_than_fifty_are_not_looked_into_and_that_is_said() {
    let bed = bed();
    bed.colleagues(MOST_DETAILS + 1);
    bed.desktops(["d1".to_owned()]);
    let seen = bed.see(&order_for("d1", "u1")).await;
    assert!(sends(seen.goal));
    assert!(
        seen.seen.contains("51 open orders, too many"),
        "{}",
        seen.seen
    );
    assert_eq!(bed.calls("bss.ShowOrder"), 0);
    bed.simulator.act_on_order("CS-T0", OrderAction::Cancel);
    bed.pass(31);
    let seen = bed.see(&order_for("d1", "u1")).await;
    assert!(!seen.seen.contains("too many"), "{}", seen.seen);
    assert_eq!(bed.calls("bss.ShowOrder"), MOST_DETAILS);
}

#[tokio::test]
async fn a_key_without_rights_for_bss_orders_as_before_and_that_is_said() {
    for denied in ["bss.", "bss.ListOrders", "bss.ShowOrder"] {
        let bed = bed_with(BssReadings::default(), account().deny(denied));
        bed.desktops(["d1".to_owned()]);
        bed.colleague(theirs("d1", "CS-T1"));
        let seen = bed.see(&order_for("d1", "u1")).await;
        assert!(sends(seen.goal), "{denied}: {}", seen.seen);
        for words in [
            "could not be checked (",
            ": CBC.0151: ",
            "; it needs the permission bss:order:view",
            "), so an open order",
        ] {
            assert!(seen.seen.contains(words), "{denied}: {}", seen.seen);
        }
    }
}

#[tokio::test]
async fn every_refused_read_of_bss_is_reported_with_call_and_code() {
    for (api, call) in [
        ("bss.ListOrders", "ListCustomerOrders"),
        ("bss.ShowOrder", "ShowCustomerOrderDetails"),
        ("bss.ListResources", "ListPayPerUseCustomerResources"),
    ] {
        for (status, code) in [(400, "CBC.9999"), (409, "CBC.9999"), (403, "CBC.0151")] {
            let hidden = BssReadings {
                order_lines: OrderLines::Unlinked,
                ..BssReadings::default()
            };
            let bed = bed_with(hidden, account());
            bed.desktops(["d1".to_owned()]);
            bed.colleagues(1);
            let refused = FaultKind::Error {
                status,
                code: code.into(),
                message: "m".into(),
            };
            bed.simulator.fault(Fault::new(api, refused).always());
            let seen = bed.see(&order_for("d1", "u1")).await;
            assert!(sends(seen.goal), "{api}: {}", seen.seen);
            let said = seen.refused.expect("the refusal");
            let reported = (said.call(), said.status, said.code.as_str());
            assert_eq!(reported, (call, status, code), "{}", seen.seen);
        }
    }
}

#[tokio::test]
async fn a_cloud_that_is_away_is_no_list_of_open_orders() {
    let bed = bed();
    bed.desktops(["d1".to_owned()]);
    bed.colleagues(1);
    let order = order_for("d1", "u1");
    for api in ["bss.ListOrders", "bss.ShowOrder"] {
        let kind = FaultKind::Error {
            status: 500,
            code: "X.1".into(),
            message: "m".into(),
        };
        bed.simulator.fault(Fault::new(api, kind));
        assert!(
            bed.facts(&order, &Others::default()).await.is_err(),
            "{api}"
        );
        bed.pass(2);
    }
    assert!(sends(bed.see(&order).await.goal));
}

#[tokio::test]
async fn orders_that_nothing_links_to_what_they_are_for_are_named() {
    let readings = BssReadings {
        order_lines: OrderLines::Unlinked,
        order_resources: OrderResources::Nothing,
        ..BssReadings::default()
    };
    let bed = bed_with(readings, account());
    bed.colleagues(40);
    bed.desktops(["d1".to_owned()]);
    let seen = bed.see(&order_for("d1", "u1")).await;
    assert!(sends(seen.goal));
    assert!(
        seen.seen
            .contains("CS-T0, CS-T1, CS-T2 and 37 more are for"),
        "{}",
        seen.seen
    );
    assert_eq!(bed.calls("bss.ListResources"), MOST_RESOURCES);
    assert!(bed.bss_calls() <= 60, "{}", bed.bss_calls());
    let linked = BssReadings {
        order_lines: OrderLines::Unlinked,
        ..BssReadings::default()
    };
    let bed = bed_with(linked, account());
    bed.desktops(["d1".to_owned()]);
    bed.colleague(theirs("d1", "CS-T1"));
    let seen = bed.see(&order_for("d1", "u1")).await;
    assert_eq!(seen.goal, BLOCKED(), "by its resources: {}", seen.seen);
}

fn closed(result: &str, ids: &[(&str, &str)]) -> Others {
    let ids: Ids = ids
        .iter()
        .map(|(name, id)| ((*name).to_owned(), (*id).to_owned()))
        .collect();
    Others {
        closed: vec![ClosedCall {
            result: result.to_owned(),
            closed_at: jiff::Timestamp::now().as_millisecond(),
            ids,
        }],
        ..Others::default()
    }
}

#[tokio::test]
async fn an_order_that_only_the_ledger_knows_is_looked_up() {
    let bed = bed();
    bed.desktops(["d1".to_owned()]);
    bed.colleague(
        theirs("d1", "CS-OLD")
            .status(6)
            .created(When::In(-40 * DAY)),
    );
    for (result, goes_on) in [
        ("GivenUp", false),
        ("AssumedDone", false),
        ("Seen", false),
        ("GiveUp", false),
        ("OrderCancelled", false),
        ("OrderFailed", false),
        ("Delivered", true),
    ] {
        let others = closed(result, &[("order_id", "CS-OLD")]);
        let seen = bed.see_among(&order_for("d1", result), &others).await;
        assert_eq!(sends(seen.goal), goes_on, "{result}: {}", seen.seen);
        bed.pass(2);
    }
    bed.simulator.act_on_order("CS-OLD", OrderAction::Status(4));
    let others = closed("GivenUp", &[("order_id", "CS-OLD")]);
    let seen = bed.see_among(&order_for("d1", "late"), &others).await;
    assert!(sends(seen.goal), "{}", seen.seen);
}

#[tokio::test]
async fn where_bss_may_not_be_read_the_job_of_an_order_tells_whether_it_is_over() {
    let bed = bed_with(BssReadings::default(), account().deny("bss."));
    bed.desktops(["d1".to_owned()]);
    bed.colleague(theirs("d1", "CS-T1"));
    let job = bed.simulator.orders("d1")[0].job_id.clone();
    let others = closed("GivenUp", &[("order_id", "CS-T1"), ("job_id", &job)]);
    let seen = bed.see_among(&order_for("d1", "u1"), &others).await;
    assert_eq!(
        seen.goal,
        Goal::Wait(code(Reason::TARGET_BUSY), None),
        "{}",
        seen.seen
    );
    assert!(seen.seen.contains("CS-T1"), "{}", seen.seen);
    let no_job = closed("GivenUp", &[("order_id", "CS-T1")]);
    let seen = bed.see_among(&order_for("d1", "u1"), &no_job).await;
    assert!(sends(seen.goal), "{}", seen.seen);
    assert!(
        seen.seen.contains("(CS-T1) is over is not known"),
        "{}",
        seen.seen
    );
    bed.simulator.act_on_order("CS-T1", OrderAction::Cancel);
    let seen = bed.see_among(&order_for("d1", "u1"), &others).await;
    assert!(sends(seen.goal), "{}", seen.seen);
    assert!(!seen.seen.contains("is not known"), "{}", seen.seen);
}

#[tokio::test]
async fn nothing_is_asked_of_bss_for_an_operation_that_waits_for_another() {
    let bed = bed();
    bed.desktops(["d1".to_owned()]);
    let locked = Others {
        locked: true,
        ..Others::default()
    };
    assert!(sends(
        bed.see_among(&order_for("d1", "u1"), &locked).await.goal
    ));
    assert_eq!(bed.bss_calls(), 0);
}

#[tokio::test]
async fn earlier_orders_that_are_too_many_to_look_up_are_named_as_unknown() {
    let bed = bed_with(BssReadings::default(), account().deny("bss."));
    bed.desktops(["d1".to_owned()]);
    let calls = (0..25).flat_map(|n| closed("GivenUp", &[("order_id", &format!("CS{n}"))]).closed);
    let others = Others {
        closed: calls.collect(),
        ..Others::default()
    };
    let facts = bed.facts(&order_for("d1", "u1"), &others).await;
    let unknown = facts.expect("a reading").earlier.unknown;
    assert_eq!(unknown.len(), 25, "{unknown:?}");
    assert_eq!(unknown[0], "CS24", "the newest first");
}

/// A project is the same by whatever endpoint it is reached.
#[test]
fn an_order_that_was_placed_through_another_endpoint_is_for_the_same_desktop() {
    let at = |origin: &str, project: &str| {
        let client = Client {
            scope: Scope::Project(project.into()),
            ..client(origin)
        };
        Target::of(&client, "d1")
    };
    let here = at("https://workspace.example.com", "p1");
    assert_eq!(here, at("https://workspace.internal.example.com", "p1"));
    assert_ne!(here, at("https://workspace.example.com", "p2"));
}

/// More of them than are asked about for one list, or BSS has them later.
#[tokio::test]
async fn an_order_that_nothing_links_yet_is_asked_about_again() {
    let linked = BssReadings {
        order_lines: OrderLines::Unlinked,
        ..BssReadings::default()
    };
    let bed = bed_with(linked, account());
    bed.colleagues(MOST_RESOURCES);
    bed.desktops(["d1".to_owned()]);
    bed.colleague(theirs("d1", "CS-OURS"));
    let order = order_for("d1", "u1");
    let seen = bed.see(&order).await;
    assert!(seen.seen.contains("CS-OURS"), "{}", seen.seen);
    bed.pass(31);
    let seen = bed.see(&order).await;
    assert_eq!(seen.goal, BLOCKED(), "{}", seen.seen);
    assert_eq!(bed.calls("bss.ListResources"), MOST_RESOURCES + 1);
    assert_eq!(bed.calls("bss.ShowOrder"), MOST_RESOURCES + 1, "once each");
}

#[tokio::test]
async fn an_order_whose_lines_are_not_given_yet_is_looked_into_again() {
    let readings = BssReadings {
        order_resources: OrderResources::Nothing,
        ..BssReadings::default()
    };
    let bed = bed_with(readings, account());
    bed.desktops(["d1".to_owned()]);
    bed.colleague(theirs("d1", "CS-T1"));
    let no_lines = Rewrite::new(
        "/order_line_items".to_owned(),
        RewrittenValue::Is(Value::Null),
    );
    let changes = vec![no_lines];
    let fault = Fault::new("bss.ShowOrder", FaultKind::Rewrite { changes });
    bed.simulator.fault(fault);
    let order = order_for("d1", "u1");
    let seen = bed.see(&order).await;
    assert!(seen.seen.contains("CS-T1"), "{}", seen.seen);
    bed.pass(31);
    let seen = bed.see(&order).await;
    assert_eq!(seen.goal, BLOCKED(), "{}", seen.seen);
}

#[tokio::test]
async fn orders_whose_resources_bss_does_not_have_take_turns() {
    let readings = BssReadings {
        order_lines: OrderLines::Unlinked,
        order_resources: OrderResources::Nothing,
        ..BssReadings::default()
    };
    let bed = bed_with(readings, account());
    bed.colleagues(MOST_RESOURCES + 5);
    bed.desktops(["d1".to_owned()]);
    let order = order_for("d1", "u1");
    for asked in [1, 2, 3] {
        bed.see(&order).await;
        assert_eq!(bed.calls("bss.ListResources"), asked * MOST_RESOURCES);
        bed.pass(31);
    }
    let book = Book::default();
    let orders: Vec<Order> = (0..MOST_RESOURCES + 5)
        .map(|n| Order {
            order_id: format!("CS-{n}"),
            ..Order::default()
        })
        .collect();
    for order in &orders {
        book.note_shown(order, OrderDetails::default());
    }
    let mut asked = HashSet::new();
    for turn in 0..2 {
        let ids = book.to_ask_about(&orders, turn);
        assert!(ids.len() <= MOST_RESOURCES);
        for id in ids {
            book.note_resources(&id, Look::Seen(Members::default()), turn);
            assert!(asked.insert(id.clone()), "{id} again");
        }
    }
    assert_eq!(asked.len(), orders.len(), "each in its turn");
    assert!(book.to_ask_about(&orders, AGE - 1).is_empty());
    let first = &book.to_ask_about(&orders, AGE + 1)[0];
    assert!(
        orders[..MOST_RESOURCES]
            .iter()
            .any(|order| order.order_id == *first)
    );
}

/// No other order is placed until that one is proven to be over.
#[tokio::test]
async fn an_order_of_the_ledger_that_bss_does_not_show_stands_in_the_way() {
    let late = BssReadings {
        visible_after: 600,
        ..BssReadings::default()
    };
    let bed = bed_with(late, account());
    bed.desktops(["d1".to_owned()]);
    let Sent::Accepted { ids, .. } = bed.send(&order_for("d1", "u0")).await else {
        panic!("it is placed");
    };
    let id = ids["order_id"].clone();
    for result in ["GivenUp", "Seen", "Decided", "OrderFailed", "Later"] {
        let others = closed(result, &[("order_id", &id)]);
        let seen = bed.see_among(&order_for("d1", "u1"), &others).await;
        assert_eq!(
            seen.goal,
            Goal::Wait(code(Reason::TARGET_BUSY), None),
            "{result}: {}",
            seen.seen
        );
        assert!(seen.seen.contains(&id), "{}", seen.seen);
    }
    bed.pass(700);
    let others = closed("GivenUp", &[("order_id", &id)]);
    let seen = bed.see_among(&order_for("d1", "u1"), &others).await;
    assert_eq!(seen.goal, BLOCKED(), "as BSS shows it: {}", seen.seen);
    bed.simulator.act_on_order(&id, OrderAction::Cancel);
    bed.pass(31);
    let seen = bed.see_among(&order_for("d1", "u1"), &others).await;
    assert!(sends(seen.goal), "{}", seen.seen);
}

#[tokio::test]
async fn an_order_that_bss_never_shows_is_named_with_what_a_user_can_do() {
    let never = BssReadings {
        visible_after: 366 * DAY as u32,
        ..BssReadings::default()
    };
    let bed = bed_with(never, account());
    bed.desktops(["d1".to_owned()]);
    let order = order_for("d1", "u1");
    let ids = [("order_id", "CS-OLD"), ("job_id", "no-such-job")];
    let others = closed("GivenUp", &ids);
    bed.pass(3_700);
    let seen = bed.see_among(&order, &others).await;
    assert_eq!(seen.goal, BLOCKED(), "{}", seen.seen);
    for said in ["CS-OLD", "spec.operationKey", "From 20"] {
        assert!(seen.seen.contains(said), "{said}: {}", seen.seen);
    }
    // A user has looked it up, and names it.
    let mut keyed = order.clone();
    for (key, goes_on) in [
        ("again", false),
        ("after-CS-OLDER", false),
        ("CS-OLD", true),
        ("after-CS-OLD", true),
        ("after_CS-OLD.2", true),
    ] {
        keyed.spec.operation_key = Some(key.to_owned());
        let seen = bed.see_among(&keyed, &others).await;
        assert_eq!(sends(seen.goal), goes_on, "{key}: {}", seen.seen);
    }
    // It was seen cancelled, or a user decided that its effect is there.
    for result in ["OrderCancelled", "AssumedDone", "AssumeDone"] {
        let seen = bed.see_among(&order, &closed(result, &ids)).await;
        assert!(sends(seen.goal), "{result}: {}", seen.seen);
    }
    // Too many to look up one by one are not forgotten.
    let many = Others {
        closed: (0..12)
            .flat_map(|n| closed("GivenUp", &[("order_id", &format!("CS-{n}"))]).closed)
            .collect(),
        ..Others::default()
    };
    let facts = bed.facts(&order, &many).await.expect("a reading");
    assert_eq!(facts.earlier.unshown.len(), 12);
    bed.pass(30 * DAY as u64);
    let seen = bed.see_among(&order, &others).await;
    assert!(sends(seen.goal), "no open order is as old: {}", seen.seen);
}
