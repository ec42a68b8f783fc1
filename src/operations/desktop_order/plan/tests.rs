//! What each reading of the clouds means, a sentence for each.

use errand_engine::Span;
use serde_json::json;

use super::super::OrderDesktop;
use super::super::facts::Candidate;
use super::super::samples::{self, asking, expand, resize, subscribe};
use super::*;
use crate::api::{DesktopChange, DesktopOrderStatus, Resize};
use crate::cloud::huawei::bss::Order;
use crate::cloud::huawei::workspace::Volume;
use crate::cloud::{Ids, Refusal};
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
        data_volumes: vec![Volume {
            volume_id: Some("v2".into()),
            bill_resource_id: Some("bill-v2".into()),
            ..Volume::default()
        }],
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
        desktop: Some(desktop),
        targets: Some(vec![product("p2", "normal"), product("p3", "normal")]),
        job: None,
        orders: Orders::NotAsked,
    }
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
        resources: Vec::new(),
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

const REACHED: Goal = Goal::Reached(Evidence::Presence);

fn paid_condition(seen: &Seen) -> ConditionStatus {
    match seen.conditions[..] {
        [("Paid", status)] => status,
        ref other => panic!("{other:?}"),
    }
}

fn ids(seen: &Seen) -> Vec<(&str, &str)> {
    let ids: &Ids = &seen.ids;
    ids.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect()
}

#[test]
fn each_change_that_is_missing_is_ordered_and_the_plan_says_in_which_words() {
    for (change, has, plan) in [
        (
            resize(),
            "Desktop d1 has product p1.",
            "type=resizeDesktops resize_product_id=p2",
        ),
        (
            expand(),
            "Volume v1 of desktop d1 has 80 GiB.",
            "type=expandVolumes expand_volume_id=v1 expand_new_size=100",
        ),
        (
            subscribe(),
            "Desktop d1 is charged on demand.",
            "type=meteredToPeriod period_type=2 period_num=3 is_auto_renew=0",
        ),
    ] {
        let seen = see(change, &facts(desktop()), None);
        assert_eq!(seen.goal, act());
        assert_eq!(seen.seen, has);
        let line = format!("CreateChangeOrder desktop_id=d1 is_auto_pay=false {plan}");
        assert_eq!(seen.plan.steps, [line]);
        assert!(seen.plan.paid);
        assert_eq!(seen.trace, Trace::NotShown);
        assert_eq!(paid_condition(&seen), ConditionStatus::Unknown);
        assert_eq!(seen.observed.desktop_status.as_deref(), Some("ACTIVE"));
        assert_eq!(seen.observed.product_id.as_deref(), Some("p1"));
        assert_eq!(seen.observed.charge_mode.as_deref(), Some("1"));
    }
    let seen = see(expand(), &facts(desktop()), None);
    assert_eq!(seen.observed.volume_size_gib, Some(80));
}

#[test]
fn a_plan_says_who_pays_and_for_which_project_and_fits_into_status() {
    let mut order = asking(resize());
    order.spec.payment = Payment::Automatic;
    order.spec.enterprise_project_id = Some("e1".into());
    let line = |order: &DesktopOrder| {
        let seen = OrderDesktop::assess(order, &facts(desktop()), None);
        seen.plan.steps.first().cloned().unwrap_or_default()
    };
    assert_eq!(
        line(&order),
        "CreateChangeOrder desktop_id=d1 is_auto_pay=true type=resizeDesktops resize_product_id=p2 enterprise_project_id=e1"
    );
    let long = "p".repeat(128);
    order.spec.desktop_id = "d".repeat(64);
    order.spec.enterprise_project_id = Some("e".repeat(36));
    order.spec.change.resize = Some(Resize {
        product_id: long.clone(),
    });
    let facts = Facts {
        targets: Some(vec![product(&long, "normal")]),
        ..facts(desktop())
    };
    let seen = OrderDesktop::assess(&order, &facts, None);
    assert_eq!(seen.plan.steps[0].len(), 256);
    assert!(seen.plan.steps[0].contains("is_auto_pay=true"));
}

#[test]
fn a_desktop_that_is_as_wanted_is_reached_by_presence_before_and_after_a_call() {
    for (change, desktop, has) in [
        (resize(), with_product("p2"), "Desktop d1 has product p2."),
        (
            expand(),
            with_size(Some(100)),
            "Volume v1 of desktop d1 has 100 GiB.",
        ),
        (
            expand(),
            with_size(Some(200)),
            "Volume v1 of desktop d1 has 200 GiB.",
        ),
    ] {
        for open in [None, Some(accepted()), Some(unanswered())] {
            let seen = see(change.clone(), &facts(desktop.clone()), open.as_ref());
            assert_eq!((seen.goal, seen.seen.as_str()), (REACHED, has));
            assert!(seen.plan.steps.is_empty() && !seen.plan.paid);
        }
    }
    for orders in [known(4), unreadable()] {
        let facts = Facts {
            orders,
            job: job("FAILED"),
            ..facts(with_product("p2"))
        };
        let seen = see(resize(), &facts, Some(&accepted()));
        assert_eq!(seen.goal, REACHED, "whatever is said of the order");
    }
}

#[test]
fn a_subscription_is_reached_only_by_a_desktop_that_was_not_prepaid_before() {
    for open in [accepted(), unanswered()] {
        let seen = see(subscribe(), &facts(prepaid()), Some(&open));
        assert_eq!(seen.goal, REACHED);
    }
    let over = Recorded {
        over: true,
        ..accepted()
    };
    let seen = see(subscribe(), &facts(prepaid()), Some(&over));
    assert_eq!(seen.goal, REACHED, "an earlier run of it subscribed");
    let seen = see(subscribe(), &facts(desktop()), Some(&over));
    assert_eq!(seen.goal, Goal::Act(ORDER.plan()), "the ledger ends it");
    for open in [None, Some(foreign(resize()))] {
        let seen = see(subscribe(), &facts(prepaid()), open.as_ref());
        assert_eq!(seen.goal, lost(Reason::AlreadyPrepaid, Evidence::Presence));
        assert_eq!(
            seen.seen,
            "Desktop d1 is prepaid. Whether its term is the wanted one cannot be seen."
        );
    }
    let mut order = asking(subscribe());
    let steps = json!({"steps": [{"number": 1, "id": "s", "name": "CreateChangeOrder", "writer": "w",
        "intendedAt": "2026-11-21T12:00:00Z", "sendBefore": "2026-11-21T12:30:00Z",
        "answer": "Refused"}]});
    let status: DesktopOrderStatus = serde_json::from_value(steps).expect("a status");
    order.status = Some(status);
    let seen = OrderDesktop::assess(&order, &facts(prepaid()), None);
    assert_eq!(seen.goal, REACHED, "a step of its own came before");
}

#[test]
fn what_does_not_fit_the_desktop_is_never_ordered() {
    let no_volume = Desktop {
        root_volume: None,
        ..desktop()
    };
    let seen = see(expand(), &facts(no_volume), None);
    let absent = lost(Reason::InvalidForTarget, Evidence::Absence);
    assert_eq!(seen.goal, absent);
    assert_eq!(seen.seen, "Desktop d1 has no volume v1.");
    let with = |targets: Vec<Product>| {
        let facts = Facts {
            targets: Some(targets),
            ..facts(desktop())
        };
        see(resize(), &facts, None)
    };
    let seen = with(vec![product("p3", "normal"), product("p4", "sellout")]);
    assert_eq!(seen.goal, absent);
    assert_eq!(
        seen.seen,
        "Desktop d1 cannot be changed to product p2. It can be changed to p3."
    );
    let seen = with(Vec::new());
    assert_eq!(seen.goal, absent);
    assert!(
        seen.seen
            .ends_with("There is none that it can be changed to.")
    );
    let many = (10..30).map(|n| product(&format!("p{n}"), "normal"));
    let seen = with(many.collect());
    assert!(
        seen.seen.ends_with("p16, p17 and 12 more."),
        "{}",
        seen.seen
    );
    for word in ["sellout", "abandon"] {
        let seen = with(vec![product("p2", word), product("p3", "normal")]);
        assert_eq!(
            seen.goal,
            lost(Reason::InvalidForTarget, Evidence::Presence)
        );
        assert_eq!(
            seen.seen,
            format!("Product p2 is not on sale ({word}). It can be changed to p3.")
        );
    }
    let both = DesktopChange {
        expand_volume: expand().expand_volume,
        ..resize()
    };
    for none_or_two in [both, DesktopChange::default()] {
        let seen = see(none_or_two, &facts(desktop()), None);
        assert_eq!(
            seen.goal,
            lost(Reason::InvalidForTarget, Evidence::Presence)
        );
        assert!(seen.plan.steps.is_empty());
    }
}

#[test]
fn a_busy_or_frozen_desktop_is_waited_for() {
    let busy = Desktop {
        task_status: Some("rebooting".into()),
        root_volume: None,
        ..desktop()
    };
    let frozen = Desktop {
        is_freeze: Some(true),
        ..desktop()
    };
    for change in [resize(), expand(), subscribe()] {
        for open in [None, Some(unanswered())] {
            let seen = see(change.clone(), &facts(busy.clone()), open.as_ref());
            assert_eq!(seen.goal, wait(Reason::TargetBusy));
            assert_eq!(
                seen.seen,
                "Desktop d1 is busy (rebooting); waiting until it is not."
            );
            assert_eq!(seen.observed.task_status.as_deref(), Some("rebooting"));
            let seen = see(change.clone(), &facts(frozen.clone()), open.as_ref());
            assert_eq!(seen.goal, wait(Reason::TargetBusy));
            assert!(seen.seen.contains("frozen"), "{}", seen.seen);
            assert!(seen.plan.steps.is_empty());
        }
    }
}

#[test]
fn nothing_is_ordered_where_the_answer_does_not_say_what_there_is() {
    let unsaid = Desktop {
        product_id: None,
        product: None,
        ..with_size(None)
    };
    for change in [resize(), expand(), subscribe()] {
        let seen = see(change, &facts(unsaid.clone()), None);
        assert_eq!(seen.goal, wait(Reason::CloudUnavailable));
        assert!(seen.seen.contains("does not say"), "{}", seen.seen);
    }
}

#[test]
fn a_missing_desktop_ends_it_without_effect_only_if_no_call_was_made() {
    let gone = |orders, open: Option<&Recorded>| {
        let facts = Facts {
            desktop: None,
            orders,
            ..facts(desktop())
        };
        see(resize(), &facts, open)
    };
    let none = "There is no desktop d1 in the region and project of the connection.";
    let seen = gone(Orders::NotAsked, None);
    assert_eq!(seen.goal, lost(Reason::TargetNotFound, Evidence::Absence));
    assert_eq!(seen.seen, none);
    let seen = gone(listed(&[]), Some(&unanswered()));
    assert_eq!(seen.goal, act(), "which the engine leaves to a person");
    let seen = gone(paid(3), Some(&accepted()));
    assert_eq!(seen.goal, lost(Reason::OrderFailed, Evidence::Absence));
    assert_eq!(seen.seen, format!("Order CS1 is placed. {none}"));
    let seen = gone(known(4), Some(&accepted()));
    assert_eq!(seen.goal, lost(Reason::OrderCancelled, Evidence::Presence));
}

#[test]
fn every_status_of_an_order_is_read_as_documented() {
    use ConditionStatus::{False, True, Unknown};
    for (status, reason, word, money) in [
        (1, Reason::OrderInReview, "InReview", Unknown),
        (2, Reason::OrderProcessing, "RefundPending", Unknown),
        (3, Reason::OrderProcessing, "Processing", True),
        (5, Reason::OrderProcessing, "Completed", True),
        (6, Reason::WaitingForPayment, "PendingPayment", False),
        (9, Reason::OrderProcessing, "ToConfirm", True),
        (10, Reason::OrderProcessing, "ToShip", True),
        (11, Reason::OrderProcessing, "ToReceive", True),
        (12, Reason::OrderProcessing, "PickUp", True),
        (13, Reason::OrderProcessing, "Exchanging", True),
    ] {
        let seen = after(known(status), None);
        assert_eq!(seen.goal, wait(reason), "{status}");
        assert_eq!(seen.observed.order_status.as_deref(), Some(word));
        assert_eq!(seen.observed.order_id.as_deref(), Some("CS1"));
        assert_eq!(paid_condition(&seen), money, "{status}");
        assert!(seen.seen.starts_with("Order CS1 "), "{}", seen.seen);
        assert!(seen.seen.ends_with("Desktop d1 has product p1."));
        assert!(seen.plan.steps.is_empty(), "it is sent already");
    }
    let seen = after(known(4), None);
    assert_eq!(seen.goal, lost(Reason::OrderCancelled, Evidence::Presence));
    assert_eq!(
        seen.seen,
        "Order CS1 is cancelled. Desktop d1 has product p1."
    );
    assert_eq!(paid_condition(&seen), Unknown);
    let seen = after(known(7), None);
    assert_eq!(seen.goal, act(), "verified until its time is up");
    assert!(seen.seen.contains("status 7, which is not documented"));
    assert_eq!(seen.observed.order_status.as_deref(), Some("7"));
}

#[test]
fn an_unpaid_order_waits_for_ever_with_its_deadline_in_a_field_of_its_own() {
    let seen = after(known(6), None);
    assert_eq!(seen.due, Due::Later);
    assert_eq!(
        seen.seen,
        "Order CS1 is not paid: pay it at the cloud, or cancel it there. Desktop d1 has product p1."
    );
    let deadline = seen.observed.payment_deadline.map(|at| at.to_string());
    assert_eq!(deadline.as_deref(), Some("2026-11-28T12:01:00Z"));
    assert_eq!(after(known(3), None).observed.payment_deadline, None);
    assert_eq!(
        after(known(1), None).due,
        Due::Later,
        "nor is a review timed"
    );
    let mut automatic = asking(resize());
    automatic.spec.payment = Payment::Automatic;
    let facts = Facts {
        orders: known(6),
        ..facts(desktop())
    };
    let seen = OrderDesktop::assess(&automatic, &facts, Some(&accepted()));
    assert!(seen.seen.contains("was not paid automatically"));
}

#[test]
fn an_order_is_due_from_its_payment_on_by_our_clock() {
    for status in [3, 5, 9] {
        let seen = after(paid(status), None);
        assert_eq!(seen.due, Due::Since(Tick(NOON + 10 * MINUTE)), "{status}");
        assert_eq!(after(known(status), None).due, Due::SinceAnswer);
    }
    let facts = Facts {
        clock_offset: MINUTE,
        orders: paid(3),
        ..facts(desktop())
    };
    let seen = see(resize(), &facts, Some(&accepted()));
    assert_eq!(seen.due, Due::Since(Tick(NOON + 9 * MINUTE)));
}

#[test]
fn a_job_that_failed_is_the_end_of_an_order_that_cannot_be_paid_any_more() {
    let failed = lost(Reason::OrderFailed, Evidence::Presence);
    for orders in [
        known(3),
        known(5),
        paid(4),
        unreadable(),
        Orders::Known(None),
    ] {
        let seen = after(orders, job("FAILED"));
        assert_eq!(seen.goal, failed);
        assert!(
            seen.seen
                .starts_with("Job j1 of order CS1 failed (WKS.0001: no host). Desktop d1"),
            "{}",
            seen.seen
        );
    }
    // Cancelled before it was paid.
    let seen = after(known(4), job("FAILED"));
    assert_eq!(seen.goal, lost(Reason::OrderCancelled, Evidence::Presence));
    let seen = after(known(6), job("FAILED"));
    assert_eq!(seen.goal, wait(Reason::WaitingForPayment));
    let open = call(Some(AnswerWord::Unknown), &[("job_id", "j1")]);
    let facts = Facts {
        job: job("FAILED"),
        orders: listed(&[]),
        ..facts(desktop())
    };
    assert_eq!(see(resize(), &facts, Some(&open)).goal, failed);
}

#[test]
fn an_accepted_order_that_bss_does_not_show_is_verified_by_the_desktop_alone() {
    let seen = after(unreadable(), job("RUNNING"));
    assert_eq!((seen.goal, seen.due), (act(), Due::SinceAnswer));
    assert_eq!(
        seen.seen,
        "Desktop d1 has product p1. Order CS1 cannot be looked up, as BSS does not let this key read orders (CBC.0151)."
    );
    assert_eq!(paid_condition(&seen), ConditionStatus::Unknown);
    assert_eq!(seen.observed.order_id.as_deref(), Some("CS1"));
    assert_eq!(seen.observed.order_status, None);
    assert_eq!(seen.observed.job_status.as_deref(), Some("RUNNING"));
    assert!(seen.plan.steps.is_empty());
    let seen = after(Orders::Known(None), None);
    assert_eq!(seen.goal, act());
    assert!(
        seen.seen
            .contains("does not show in BSS, which proves nothing")
    );
}

#[test]
fn the_one_order_that_is_about_the_desktop_is_the_call_s_and_its_id_is_kept() {
    for (change, line) in [
        (resize(), "bill-d1"),
        (resize(), "d1"),
        (subscribe(), "bill-d1"),
        (expand(), "bill-v1"),
        (expand(), "v1"),
        (expand(), "id-v1"),
        (expand(), "bill-d1"),
    ] {
        let orders = listed(&[("CS8", "another"), ("CS9", line)]);
        let facts = Facts {
            orders,
            ..facts(desktop())
        };
        let seen = see(change, &facts, Some(&unanswered()));
        assert_eq!(seen.trace, Trace::Shown, "{line}");
        assert_eq!(ids(&seen), [("order_id", "CS9")]);
        assert_eq!(seen.observed.order_id.as_deref(), Some("CS9"));
        assert_eq!(seen.goal, wait(Reason::WaitingForPayment));
    }
    let candidate = Candidate {
        details: details("CS9", 6, &[]),
        resources: vec!["bill-d1".into()],
    };
    let facts = Facts {
        orders: Orders::Listed {
            candidates: vec![candidate],
            whole: true,
        },
        ..facts(desktop())
    };
    let seen = see(resize(), &facts, Some(&unanswered()));
    assert_eq!(seen.trace, Trace::Shown, "by what its lines do not say");
}

#[test]
fn an_order_for_something_else_is_not_the_call_s() {
    for (change, line) in [
        (resize(), "bill-v1"),
        (resize(), "bill-d2"),
        (expand(), "bill-v2"),
        (subscribe(), ""),
    ] {
        let facts = Facts {
            orders: listed(&[("CS9", line)]),
            ..facts(desktop())
        };
        let seen = see(change, &facts, Some(&unanswered()));
        assert_eq!((seen.goal, seen.trace), (act(), Trace::NotShown), "{line}");
        assert_eq!(seen.observed.order_id, None);
        assert!(ids(&seen).is_empty());
        assert!(seen.plan.steps.is_empty(), "nothing further is planned");
        assert!(seen.seen.contains("proves nothing"), "{}", seen.seen);
    }
}

#[test]
fn orders_that_cannot_be_told_apart_are_unclear_and_named() {
    let two = listed(&[("CS8", "bill-d1"), ("CS9", "bill-d1")]);
    let seen_with = |orders| {
        let facts = Facts {
            orders,
            ..facts(desktop())
        };
        see(resize(), &facts, Some(&unanswered()))
    };
    let seen = seen_with(two);
    assert_eq!((seen.goal, seen.trace), (act(), Trace::Unclear));
    assert_eq!(
        seen.seen,
        "Desktop d1 has product p1. Its order may be any of these in BSS: CS8, CS9."
    );
    assert!(ids(&seen).is_empty());
    let Orders::Listed { candidates, .. } = listed(&[("CS9", "bill-d1")]) else {
        unreachable!()
    };
    for candidates in [candidates, Vec::new()] {
        let seen = seen_with(Orders::Listed {
            candidates,
            whole: false,
        });
        assert_eq!((seen.goal, seen.trace), (act(), Trace::Unclear));
        assert!(seen.seen.contains("cannot be told from the other orders"));
    }
    let seen = seen_with(unreadable());
    assert_eq!((seen.goal, seen.trace), (act(), Trace::NotShown));
}

#[test]
fn a_job_that_did_not_fail_shows_that_the_call_was_accepted() {
    for (word, trace) in [
        ("RUNNING", Trace::Shown),
        ("SUCCESS", Trace::Shown),
        ("WAITING", Trace::Shown),
        ("FAILED", Trace::NotShown),
    ] {
        for foreign in [false, true] {
            let open = Recorded {
                foreign,
                ..call(Some(AnswerWord::Unknown), &[("job_id", "j1")])
            };
            let facts = Facts {
                orders: listed(&[]),
                job: job(word),
                ..facts(desktop())
            };
            assert_eq!(see(resize(), &facts, Some(&open)).trace, trace, "{word}");
        }
    }
}

#[test]
fn the_call_of_an_operation_that_is_gone_is_traced_by_what_it_asked_for() {
    let shown = |asked: DesktopChange, desktop: Desktop, orders: Orders| {
        let facts = Facts {
            orders,
            ..facts(desktop)
        };
        see(resize(), &facts, Some(&foreign(asked)))
    };
    let seen = shown(expand(), with_size(Some(100)), listed(&[]));
    assert_eq!((seen.goal, seen.trace), (act(), Trace::Shown));
    let seen = shown(subscribe(), prepaid(), listed(&[]));
    assert_eq!((seen.goal, seen.trace), (act(), Trace::Shown));
    let seen = shown(expand(), desktop(), listed(&[]));
    assert_eq!((seen.goal, seen.trace), (act(), Trace::NotShown));
    assert_eq!(
        seen.seen,
        "Desktop d1 has product p1. An order of an operation that is gone ({\"type\":\"expandVolumes\",\"expand_volume_id\":\"v1\",\"expand_new_size\":100,\"extend_param\":{\"is_auto_pay\":\"false\"}}) does not show in BSS, which proves nothing."
    );
    assert!(
        !seen.plan.steps.is_empty(),
        "its own order is still to come"
    );
    let seen = shown(expand(), desktop(), listed(&[("CS9", "bill-v1")]));
    assert_eq!((seen.goal, seen.trace), (act(), Trace::Shown));
    assert_eq!(ids(&seen), [("order_id", "CS9")], "kept in the ledger");
    assert_eq!(seen.observed.order_id, None, "and not as this one's");
    assert_eq!(paid_condition(&seen), ConditionStatus::Unknown);
    let broken = Recorded {
        body: Some("{}".into()),
        ..foreign(expand())
    };
    let facts = facts(with_size(Some(100)));
    let seen = see(resize(), &facts, Some(&broken));
    assert_eq!(seen.trace, Trace::NotShown);
}

#[test]
fn an_order_that_was_seen_is_known_without_its_answer() {
    let mut order = asking(resize());
    order.status = Some(DesktopOrderStatus {
        observed: Some(DesktopObservation {
            order_id: Some("CS1".into()),
            job_id: Some("j1".into()),
            ..DesktopObservation::default()
        }),
        ..DesktopOrderStatus::default()
    });
    let facts = Facts {
        orders: known(3),
        ..facts(desktop())
    };
    let seen = OrderDesktop::assess(&order, &facts, Some(&unanswered()));
    assert_eq!(seen.trace, Trace::Shown);
    assert_eq!(ids(&seen), [("order_id", "CS1")]);
    assert_eq!(seen.observed.job_id.as_deref(), Some("j1"));
    let seen = OrderDesktop::assess(&order, &facts, Some(&foreign(expand())));
    assert_eq!(seen.observed.order_id, None, "not of another's call");
}

#[test]
fn words_of_the_cloud_that_are_too_long_for_status_are_cut() {
    let odd = Desktop {
        status: Some("s".repeat(500)),
        task_status: Some("t".repeat(500)),
        ..with_size(Some(i64::MAX))
    };
    let seen = see(expand(), &facts(odd.clone()), None);
    assert_eq!(
        seen.observed.desktop_status.map(|word| word.len()),
        Some(64)
    );
    assert_eq!(seen.observed.task_status.map(|word| word.len()), Some(64));
    assert_eq!(seen.observed.volume_size_gib, None);
    let seen = see(resize(), &facts(odd), None);
    assert!(seen.seen.len() < 200, "{}", seen.seen);
}
