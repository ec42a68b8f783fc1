//! BSS: orders as the account's billing shows them, and each reading of that. A list
//! of sentences about one state machine, long as that is.

use crate::support::desktops::*;
use crate::support::*;
use errand_simulator::{
    Account, AfterFailure, BssReadings, DesktopChange, DesktopOrderSeed, Fault, FaultKind,
    ListOrder, OrderAction, OrderLines, OrderResources, OrderTimes, OrderTiming, Seed, Simulator,
    When,
};
use errand_testclock::TestClock;
use serde_json::{Value, json};

const PAY: &str = "/v3/orders/customer-orders/pay";
const CANCEL_ORDER: &str = "/v2/orders/customer-orders/cancel";

fn with(readings: BssReadings) -> (Simulator, TestClock) {
    let configure = |config: &mut errand_simulator::Config| config.readings.bss = readings;
    started(configure, workspace_with(desktop()))
}

fn send(simulator: &Simulator, method: &'static str, target: &str, body: Value) -> Answer {
    let request = Signed::new(simulator, method, target.into()).global();
    request.body(body).send(simulator).answer()
}

fn pay(simulator: &Simulator, order: &str) -> Answer {
    let body = json!({"order_id": order, "use_coupon": "NO", "use_discount": "NO"});
    send(simulator, "POST", PAY, body)
}

fn cancel_order(simulator: &Simulator, order: &str) -> Answer {
    send(simulator, "PUT", CANCEL_ORDER, json!({"order_id": order}))
}

/// A colleague's resize of the same desktop.
fn foreign() -> DesktopOrderSeed {
    let product_id = LARGE.into();
    DesktopOrderSeed::new(PROJECT, DESKTOP, DesktopChange::Resize { product_id })
}

#[test]
fn an_unpaid_order_waits_until_its_deadline_and_then_lapses() {
    let timing = OrderTiming {
        pay_within: 3600,
        ..OrderTiming::default()
    };
    let (simulator, clock) = started(|_| {}, workspace_with(desktop().timing(timing)));
    let id = placed(&simulator, resize(false));
    let info = details(&simulator, &id).json()["order_info"].clone();
    assert_eq!(
        (&info["status"], &info["order_type"]),
        (&json!(6), &json!(3))
    );
    let time = |name: &str| {
        info[name]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
    };
    let patience = time("pending_payment_end_time").duration_since(time("create_time"));
    assert_eq!(patience.as_secs(), 3600);
    clock.advance(seconds(1800));
    assert_eq!(order_status(&simulator, &id), 6);
    clock.advance(seconds(1800));
    let info = details(&simulator, &id).json()["order_info"].clone();
    assert_eq!(
        (&info["status"], &info["pending_payment_end_time"]),
        (&json!(4), &Value::Null)
    );
    pay(&simulator, &id).assert_error(400, "CBC.99003110");
    assert_eq!(shown(&simulator)["product_id"], SMALL);
}

#[test]
fn a_payment_sets_the_order_going_once() {
    let (simulator, clock) = workspace();
    let id = placed(&simulator, resize(false));
    assert_eq!(
        details(&simulator, &id).json()["order_info"]["payment_time"],
        Value::Null
    );
    let paid = pay(&simulator, &id);
    assert_eq!((paid.status, &*paid.text), (204, ""));
    pay(&simulator, &id).assert_error(400, "CBC.99003106");
    let info = details(&simulator, &id).json()["order_info"].clone();
    assert_eq!(
        (&info["status"], info["payment_time"].is_string()),
        (&json!(3), true)
    );
    clock.advance(seconds(600));
    assert_eq!(order_status(&simulator, &id), 5);
    assert_eq!(shown(&simulator)["product_id"], LARGE);
    assert_eq!(simulator.journal().effects_on("bss.pay", &id), 1);
}

#[test]
fn an_order_can_be_cancelled_while_it_is_unpaid_only() {
    let (simulator, clock) = workspace();
    let id = placed(&simulator, resize(false));
    assert_eq!(cancel_order(&simulator, &id).status, 204);
    assert_eq!(order_status(&simulator, &id), 4);
    cancel_order(&simulator, &id).assert_error(400, "CBC.99005010");
    pay(&simulator, &id).assert_error(400, "CBC.99003106");
    let paid = placed(&simulator, resize(true));
    cancel_order(&simulator, &paid).assert_error(400, "CBC.99005010");
    cancel_order(&simulator, "CS-unheard-of").assert_error(400, "CBC.30000010");
    clock.advance(seconds(600));
    assert_eq!(order_status(&simulator, &paid), 5);
    assert_eq!(simulator.journal().effects("bss.cancel"), 1);
}

#[test]
fn an_order_under_review_goes_on_by_itself() {
    let timing = OrderTiming {
        review_for: 900,
        ..OrderTiming::default()
    };
    let (simulator, clock) = started(|_| {}, workspace_with(desktop().timing(timing)));
    let (paid, unpaid) = (
        placed(&simulator, resize(true)),
        placed(&simulator, resize(false)),
    );
    let statuses = || {
        [
            order_status(&simulator, &paid),
            order_status(&simulator, &unpaid),
        ]
    };
    assert_eq!(statuses(), [1, 1]);
    clock.advance(seconds(900));
    assert_eq!(statuses(), [3, 6]);
    let third = placed(&simulator, resize(true));
    simulator.act_on_order(&third, OrderAction::Hurry);
    assert_eq!(order_status(&simulator, &third), 3);
    simulator.act_on_order(&third, OrderAction::Hurry);
    assert_eq!(order_status(&simulator, &third), 5);
    assert_eq!(shown(&simulator)["product_id"], LARGE);
}

#[test]
fn every_other_status_can_be_given_and_stays() {
    let (simulator, clock) = workspace();
    let id = placed(&simulator, resize(true));
    for status in [2, 9, 10, 11, 12, 13, 4] {
        simulator.act_on_order(&id, OrderAction::Status(status));
        clock.advance(seconds(3600));
        assert_eq!(order_status(&simulator, &id), status);
    }
    assert_eq!(shown(&simulator)["product_id"], SMALL);
    simulator.seed(Seed::new().desktop_order(foreign().id("CS-9").status(9)));
    assert_eq!(order_status(&simulator, "CS-9"), 9);
}

#[test]
fn a_new_order_is_not_found_until_bss_shows_it() {
    let (simulator, clock) = with(BssReadings {
        visible_after: 300,
        ..BssReadings::default()
    });
    let id = placed(&simulator, resize(false));
    details(&simulator, &id).assert_error(400, "CBC.30000010");
    pay(&simulator, &id).assert_error(400, "CBC.30000010");
    assert_eq!(listed(&simulator, ""), [""; 0]);
    clock.advance(seconds(301));
    assert_eq!(order_status(&simulator, &id), 6);
    assert_eq!(listed(&simulator, ""), [id]);
    details(&simulator, "CS-unheard-of").assert_error(400, "CBC.30000010");
}

#[test]
fn a_line_names_what_is_changed_or_the_desktop_or_nothing() {
    let bill_volume = json!(format!("bill-{VOLUME}"));
    let bill_desktop = json!(format!("bill-{DESKTOP}"));
    for (order_lines, of_resize, of_expand) in [
        (OrderLines::Changed, &bill_desktop, &bill_volume),
        (OrderLines::Desktop, &bill_desktop, &bill_desktop),
        (OrderLines::Unlinked, &Value::Null, &Value::Null),
    ] {
        let (simulator, _) = with(BssReadings {
            order_lines,
            ..BssReadings::default()
        });
        let line = |body| {
            let id = placed(&simulator, body);
            details(&simulator, &id).json()["order_line_items"][0].clone()
        };
        assert_eq!(
            line(resize(true))
                .get("resource_id")
                .unwrap_or(&Value::Null),
            of_resize
        );
        let line = line(expand(VOLUME, 200));
        assert_eq!(line.get("resource_id").unwrap_or(&Value::Null), of_expand);
        let words = ["bill", DESKTOP, VOLUME];
        let linked = words.iter().any(|word| line.to_string().contains(word));
        assert_eq!(linked, order_lines != OrderLines::Unlinked, "{line}");
    }
    let shown = shown(&workspace().0);
    assert_eq!(shown["bill_resource_id"], bill_desktop);
    assert_eq!(shown["data_volumes"][0]["bill_resource_id"], bill_volume);
}

#[test]
fn the_resources_of_an_order_can_be_asked_for() {
    for order_resources in [OrderResources::Changed, OrderResources::Nothing] {
        let (simulator, _) = with(BssReadings {
            order_resources,
            ..BssReadings::default()
        });
        let id = placed(&simulator, expand(VOLUME, 200));
        let path = "/v2/orders/suscriptions/resources/query";
        let list = send(&simulator, "POST", path, json!({"order_id": id})).json();
        match order_resources {
            OrderResources::Changed => {
                assert_eq!(list["data"][0]["resource_id"], format!("bill-{VOLUME}"));
            }
            OrderResources::Nothing => assert_eq!(list, json!({"total_count": 0, "data": []})),
        }
    }
}

#[test]
fn an_order_whose_job_failed_has_each_reading() {
    for (after_failure, status) in [
        (AfterFailure::Cancelled, 4),
        (AfterFailure::Processing, 3),
        (AfterFailure::Completed, 5),
    ] {
        let (simulator, _) = with(BssReadings {
            after_failure,
            ..BssReadings::default()
        });
        let id = placed(&simulator, resize(true));
        simulator.act_on_order(&id, OrderAction::Fail);
        assert_eq!(order_status(&simulator, &id), status);
        assert_eq!(shown(&simulator)["product_id"], SMALL);
    }
}

#[test]
fn a_colleagues_order_appears_at_its_time_and_changes_the_desktop() {
    let (simulator, clock) = workspace();
    simulator.seed(
        Seed::new().desktop_order(foreign().id("CS-colleague").paid().created(When::In(1800))),
    );
    assert_eq!(listed(&simulator, ""), [""; 0]);
    assert_eq!(simulator.orders(DESKTOP).len(), 0);
    clock.advance(seconds(1801));
    let ours = placed(&simulator, expand(VOLUME, 200));
    assert_eq!(listed(&simulator, ""), [ours, "CS-colleague".into()]);
    assert_eq!(shown(&simulator)["task_status"], "resize_migrating");
    clock.advance(seconds(600));
    assert_eq!(shown(&simulator)["product_id"], LARGE);
    let orders = simulator.orders(DESKTOP);
    assert_eq!(
        orders.iter().map(|o| o.foreign).collect::<Vec<_>>(),
        [true, false]
    );
    assert_eq!(
        simulator.journal().effects("workspace.order"),
        1,
        "its own only"
    );
}

#[test]
fn a_seeded_order_has_the_type_the_service_and_the_status_that_it_is_given() {
    let (simulator, _) = workspace();
    simulator.seed(
        Seed::new()
            .desktop_order(foreign().id("CS-1").order_type(1))
            .desktop_order(foreign().id("CS-2").service("hws.service.type.ec2"))
            .desktop_order(foreign().id("CS-3").status(0))
            .desktop_order(foreign().id("CS-4").status(14)),
    );
    for (query, ids) in [
        ("?order_type=1", "1"),
        ("?order_type=3&order_by=createTime", "2 3 4"),
        ("?service_type_code=hws.service.type.ec2", "2"),
        ("?status=0", "3"),
        ("?status=14", "4"),
    ] {
        let listed = listed(&simulator, query).join(" ").replace("CS-", "");
        assert_eq!(listed, ids, "{query}");
    }
    let info = details(&simulator, "CS-2").json()["order_info"].clone();
    assert_eq!(info["service_type_code"], "hws.service.type.ec2");
    assert_eq!(
        simulator.orders(DESKTOP)[0].change.clone(),
        DesktopChange::Resize {
            product_id: LARGE.into()
        }
    );
}

#[test]
fn the_times_of_an_order_have_each_reading() {
    for times in [
        OrderTimes::Documented,
        OrderTimes::Offset,
        OrderTimes::Blank,
        OrderTimes::Number,
        OrderTimes::Null,
    ] {
        let (simulator, _) = with(BssReadings {
            times,
            ..BssReadings::default()
        });
        let id = placed(&simulator, resize(true));
        let info = details(&simulator, &id).json()["order_info"].clone();
        for name in ["create_time", "payment_time"] {
            let text = info[name].as_str().unwrap_or_default();
            let as_expected = match times {
                OrderTimes::Documented => text.ends_with('Z') && text.contains('T'),
                OrderTimes::Offset => text.ends_with("+0000"),
                OrderTimes::Blank => text.len() == 19 && text.contains(' '),
                OrderTimes::Number => info[name].is_i64(),
                OrderTimes::Null => info[name].is_null(),
            };
            assert!(as_expected, "{times:?}: {info}");
        }
    }
}

fn five_orders(simulator: &Simulator) {
    let hours = |n: i64| When::In(-n * 3600);
    let subscribe = DesktopChange::Subscribe {
        period_type: 2,
        period_num: 1,
        auto_renew: false,
    };
    let metered = DesktopOrderSeed::new(PROJECT, DESKTOP, subscribe);
    simulator.seed(
        Seed::new()
            .desktop_order(foreign().id("CS-1").created(hours(200)))
            .desktop_order(foreign().id("CS-2").created(hours(4)).paid())
            .desktop_order(foreign().id("CS-3").created(hours(3)).paid().fails())
            .desktop_order(foreign().id("CS-4").created(hours(2)))
            .desktop_order(metered.id("CS-5").created(hours(1))),
    );
}

#[test]
fn the_list_has_filters_pages_and_either_order() {
    let (simulator, _) = workspace();
    five_orders(&simulator);
    let now = simulator.now();
    let ago = |minutes: i64| {
        let time = now - jiff::SignedDuration::from_mins(minutes);
        let text = time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        text.replace(':', "%3A")
    };
    let window = format!(
        "?create_time_begin={}&create_time_end={}",
        ago(270),
        ago(90)
    );
    let paid = format!("?payment_time_begin={}", ago(330));
    for (query, ids) in [
        ("", "5 4 3 2 1"),
        ("?order_by=createTime", "1 2 3 4 5"),
        ("?order_by=-CREATETIME&limit=2&offset=1", "4 3"),
        ("?status=6", "5 4"),
        ("?status=4", "3 1"),
        ("?status=5", "2"),
        ("?order_type=11", "5"),
        ("?order_id=cs-2", "2"),
        ("?order_id=&status=", "5 4 3 2 1"),
        ("?service_type_code=HWS.service.type.vdi", "5 4 3 2 1"),
        ("?service_type_code=hws.service.type.ec2", ""),
        (&*window, "4 3 2"),
        (&*paid, "3 2"),
    ] {
        let listed = listed(&simulator, query).join(" ").replace("CS-", "");
        assert_eq!(listed, ids, "{query}");
    }
    let page = bss(&simulator, "/v2/orders/customer-orders?limit=1").json();
    assert_eq!(page["total_count"], 5);
    assert_eq!(page["order_infos"][0].get("pending_payment_end_time"), None);
    for query in [
        "limit=0",
        "limit=101",
        "offset=x",
        "status=x",
        "order_by=amount",
        "create_time_begin=today",
    ] {
        let answer = bss(&simulator, &format!("/v2/orders/customer-orders?{query}"));
        answer.assert_error(400, "CBC.0100");
    }
    let (simulator, _) = with(BssReadings {
        list_order: ListOrder::OldestFirst,
        ..BssReadings::default()
    });
    five_orders(&simulator);
    assert_eq!(listed(&simulator, "?limit=2"), ["CS-1", "CS-2"]);
}

#[test]
fn a_global_service_needs_the_domain_of_the_account_signed() {
    let (simulator, _) = workspace();
    let id = placed(&simulator, resize(false));
    let path = format!("/v2/orders/customer-orders/details/{id}");
    let request = |headers: Vec<(&'static str, String)>| {
        let mut request = Signed::new(&simulator, "GET", path.clone());
        request.headers = headers;
        request.send(&simulator).answer()
    };
    request(vec![]).assert_error(403, "APIGW.0302");
    request(vec![("x-project-id", PROJECT.into())]).assert_error(403, "APIGW.0302");
    request(vec![("x-domain-id", "another".into())]).assert_error(403, "APIGW.0302");
    assert_eq!(request(vec![("x-domain-id", DOMAIN.into())]).status, 200);
}

#[test]
fn an_account_sees_its_own_orders_through_each_of_its_keys() {
    let other = Account::new("AKOTHER", SECRET)
        .domain("another")
        .project("p-2");
    let second = Account::new("AKSECOND", SECRET).domain(DOMAIN);
    let seed = workspace_with(desktop()).account(other).account(second);
    let (simulator, _) = started(|_| {}, seed);
    let id = placed(&simulator, resize(false));
    let path = format!("/v2/orders/customer-orders/details/{id}");
    let seen = |key: &str, domain: &str| {
        let mut request = Signed::new(&simulator, "GET", path.clone());
        request.access = key.into();
        request.headers = vec![("x-domain-id", domain.into())];
        request.send(&simulator).answer()
    };
    assert_eq!(seen("AKSECOND", DOMAIN).status, 200);
    seen("AKOTHER", "another").assert_error(400, "CBC.30000010");
}

#[test]
fn an_account_can_lack_bss_and_be_on_the_wrong_site() {
    let account = Account::new(ACCESS, SECRET).project(PROJECT).domain(DOMAIN);
    let seed = workspace_with(desktop()).account(account.deny("bss."));
    let (simulator, _) = started(|_| {}, seed);
    let id = placed(&simulator, resize(true));
    details(&simulator, &id).assert_error(403, "CBC.0151");
    let (simulator, _) = workspace();
    let kind = FaultKind::Error {
        status: 403,
        code: "CBC.0156".into(),
        message: "Access denied. The customer does not belong to the website you are now at."
            .into(),
    };
    simulator.fault(Fault::new("bss.", kind).always());
    let id = placed(&simulator, resize(true));
    details(&simulator, &id).assert_error(403, "CBC.0156");
    assert_eq!(shown(&simulator)["desktop_id"], DESKTOP);
}

#[test]
fn faults_meet_bss_too() {
    let (simulator, _) = workspace();
    let id = placed(&simulator, resize(false));
    simulator.fault(Fault::new("bss.PayOrder", FaultKind::DropAfter));
    let body = json!({"order_id": id, "use_coupon": "NO", "use_discount": "NO"});
    let request = Signed::new(&simulator, "POST", PAY.into())
        .global()
        .body(body);
    request.send(&simulator).assert_closed_without_a_byte();
    assert_eq!(simulator.journal().effects("bss.pay"), 1);
    simulator.fault(Fault::new("bss.ShowOrder", FaultKind::Throttle));
    details(&simulator, &id).assert_error(429, "APIGW.0308");
    assert_eq!(order_status(&simulator, &id), 3);
}

#[test]
fn a_body_that_cannot_be_read_is_a_bad_parameter() {
    let (simulator, _) = workspace();
    let id = placed(&simulator, resize(false));
    for (method, path, body) in [
        ("PUT", CANCEL_ORDER, json!({})),
        ("POST", PAY, json!({"order_id": id})),
        (
            "POST",
            PAY,
            json!({"order_id": id, "use_coupon": "no", "use_discount": "NO"}),
        ),
    ] {
        send(&simulator, method, path, body).assert_error(400, "CBC.0100");
    }
    assert_eq!(order_status(&simulator, &id), 6);
}
