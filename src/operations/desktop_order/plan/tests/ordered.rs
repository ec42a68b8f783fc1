//! An order was accepted.

use super::*;
use crate::operations::desktop_order::words;

#[test]
fn every_status_of_an_order_is_read_as_documented() {
    use ConditionStatus::{False, True, Unknown};
    for (status, reason, word, money) in [
        (0, words::ORDER_PROCESSING, "Initializing", Unknown),
        (1, words::ORDER_IN_REVIEW, "InReview", Unknown),
        (2, words::ORDER_PROCESSING, "RefundPending", Unknown),
        (3, words::ORDER_PROCESSING, "Processing", True),
        (5, words::ORDER_PROCESSING, "Completed", True),
        (6, words::WAITING_FOR_PAYMENT, "PendingPayment", False),
        (7, words::ORDER_PROCESSING, "Compensating", Unknown),
        (8, words::ORDER_IN_REVIEW, "PendingApproval", Unknown),
        (9, words::ORDER_PROCESSING, "ToConfirm", True),
        (10, words::ORDER_PROCESSING, "ToShip", True),
        (11, words::ORDER_PROCESSING, "ToReceive", True),
        (12, words::ORDER_PROCESSING, "PickUp", True),
        (13, words::ORDER_PROCESSING, "Exchanging", True),
        (14, words::ORDER_PROCESSING, "MerchantReceipt", True),
    ] {
        let seen = after(known(status), None);
        assert_eq!(seen.goal, wait(reason), "{status}");
        assert_eq!(seen.observed.order_status.as_deref(), Some(word));
        assert_eq!(seen.observed.order_id.as_deref(), Some("CS1"));
        assert_eq!(paid_condition(&seen), Some(money), "{status}");
        assert!(seen.seen.starts_with("Order CS1 "), "{}", seen.seen);
        assert!(seen.seen.ends_with("Desktop d1 has product p1."));
    }
    let seen = after(known(4), None);
    assert_eq!(seen.goal, lost(words::ORDER_CANCELLED, Evidence::Presence));
    assert_eq!(
        seen.seen,
        "Order CS1 is cancelled. Desktop d1 has product p1."
    );
    assert_eq!(paid_condition(&seen), Some(Unknown));
    let seen = after(known(77), None);
    assert_eq!(seen.goal, act(), "verified until its time is up");
    assert!(seen.seen.contains("status 77, which is not documented"));
    assert_eq!(seen.observed.order_status.as_deref(), Some("77"));
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
    let approval = after(known(8), None);
    assert_eq!(approval.due, Due::Later, "nor an approval");
    assert_eq!(
        approval.seen,
        "Order CS1 waits for approval: approve it at the cloud, or cancel it there. Desktop d1 has product p1."
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
    }
    let facts = Facts {
        clock_offset: MINUTE,
        orders: paid(3),
        ..facts(desktop())
    };
    let seen = see(resize(), &facts, Some(&accepted()));
    assert_eq!(seen.due, Due::Since(Tick(NOON + 9 * MINUTE)));
}

/// The time of the payment may be missing, or written in a way that is not understood.
#[test]
fn a_payment_of_an_unknown_time_counts_from_when_it_was_seen() {
    let odd = |time: Option<&str>| {
        let mut order = details("CS1", 3, &[]);
        order.order.payment_time = time.map(str::to_owned);
        Facts {
            orders: Orders::Known(Some(order)),
            ..facts(desktop())
        }
    };
    let mut seen_paid = asking(resize());
    let condition = json!({"type": "Paid", "status": "True", "reason": "OrderProcessing",
        "message": "m", "lastTransitionTime": "2026-11-21T12:20:00Z"});
    let condition = serde_json::from_value(condition).expect("a condition");
    seen_paid.status = Some(DesktopOrderStatus {
        conditions: vec![condition],
        ..DesktopOrderStatus::default()
    });
    let mut automatic = asking(resize());
    automatic.spec.payment = Payment::Automatic;
    for time in [None, Some("2026-11-21 12:10:00"), Some("soon")] {
        let due =
            |order: &DesktopOrder| OrderDesktop::assess(order, &odd(time), Some(&accepted())).due;
        assert_eq!(
            due(&asking(resize())),
            Due::Later,
            "it is seen for the first time"
        );
        assert_eq!(due(&seen_paid), Due::Since(Tick(NOON + 20 * MINUTE)));
        assert_eq!(due(&automatic), Due::SinceAnswer);
    }
}

#[test]
fn a_job_that_failed_is_the_end_of_an_order_that_cannot_be_paid_any_more() {
    let failed = lost(words::ORDER_FAILED, Evidence::Presence);
    for word in ["FAILED", "FAIL"] {
        for orders in [
            known(0),
            known(1),
            known(3),
            known(4),
            known(5),
            known(7),
            paid(4),
            unreadable(),
            Orders::Known(None),
        ] {
            let seen = after(orders, job(word));
            assert_eq!(seen.goal, failed);
            assert!(
                seen.seen
                    .starts_with("Job j1 of order CS1 failed (WKS.0001: no host). Desktop d1"),
                "{}",
                seen.seen
            );
        }
    }
    let seen = after(known(6), job("FAILED"));
    assert_eq!(seen.goal, wait(words::WAITING_FOR_PAYMENT));
    let open = call(Some(AnswerWord::Unknown), &[("job_id", "j1")]);
    let facts = Facts {
        job: job("FAIL"),
        orders: listed(&[]),
        ..facts(desktop())
    };
    assert_eq!(see(resize(), &facts, Some(&open)).goal, failed);
}

#[test]
fn a_complete_job_with_a_part_that_failed_is_a_failure() {
    let part = json!({"id": "j1", "status": "COMPLETE", "sub_jobs": [
        {"status": "SUCCESS"}, {"status": "FAILED", "error_code": "WKS.2", "fail_reason": "no disk"}]});
    let part: Job = serde_json::from_value(part).expect("a job");
    let seen = after(paid(3), Some(part));
    assert_eq!(seen.goal, lost(words::ORDER_FAILED, Evidence::Presence));
    assert!(
        seen.seen
            .starts_with("Job j1 of order CS1 failed (WKS.2: no disk).")
    );
    for (word, goal) in [
        ("COMPLETE", wait(words::ORDER_PROCESSING)),
        ("SUCCESS", wait(words::ORDER_PROCESSING)),
        ("odd", wait(words::ORDER_PROCESSING)),
    ] {
        assert_eq!(after(paid(3), job(word)).goal, goal, "{word}");
    }
}

/// GUESS: that the job of an order that lapses unpaid ends as failed, without a word.
#[test]
fn an_order_that_lapses_unpaid_is_cancelled_though_its_job_ends_as_failed() {
    let silent = || {
        Some(Job {
            id: "j1".into(),
            status: Some("FAIL".into()),
            ..Job::default()
        })
    };
    let cancelled = lost(words::ORDER_CANCELLED, Evidence::Presence);
    let failed = lost(words::ORDER_FAILED, Evidence::Presence);
    assert_eq!(after(known(4), silent()).goal, cancelled);
    assert_eq!(after(paid(4), silent()).goal, failed);
    let facts = Facts {
        orders: known(4),
        job: silent(),
        ..facts(desktop())
    };
    let mut automatic = asking(resize());
    automatic.spec.payment = Payment::Automatic;
    let seen = OrderDesktop::assess(&automatic, &facts, Some(&accepted()));
    assert_eq!(seen.goal, failed, "it was paid at once");
}

/// The job is read before the order, and both change in between.
#[test]
fn a_cancelled_order_whose_job_was_still_running_is_read_once_more() {
    let absence = Evidence::Absence(Witness::NOT_THERE);
    let seen = after(known(4), job("RUNNING"));
    assert_eq!(seen.goal, lost(words::ORDER_CANCELLED, absence));
    let seen = after(known(4), None);
    assert_eq!(seen.goal, lost(words::ORDER_CANCELLED, Evidence::Presence));
}

#[test]
fn an_accepted_order_that_bss_does_not_show_is_verified_by_the_desktop_alone() {
    let seen = after(unreadable(), job("RUNNING"));
    assert_eq!((seen.goal, seen.due), (act(), Due::SinceAnswer));
    assert_eq!(
        seen.seen,
        "Desktop d1 has product p1. Order CS1 cannot be looked up in BSS (CBC.0151)."
    );
    assert_eq!(paid_condition(&seen), Some(ConditionStatus::Unknown));
    assert_eq!(seen.observed.order_id.as_deref(), Some("CS1"));
    assert_eq!(seen.observed.order_status, None);
    assert_eq!(seen.observed.job_status.as_deref(), Some("RUNNING"));
    let seen = after(Orders::Known(None), None);
    assert_eq!(seen.goal, act());
    assert!(
        seen.seen
            .contains("does not show in BSS, which proves nothing")
    );
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

/// It may come back, and the order goes on.
#[test]
fn a_desktop_that_is_missing_is_waited_for_while_its_order_is_not_over() {
    let missing = |orders: Orders, job: Option<Job>| {
        let facts = Facts {
            desktop: None,
            orders,
            job,
            ..facts(desktop())
        };
        see(resize(), &facts, Some(&accepted()))
    };
    for status in [0, 2, 3, 7, 9, 14] {
        let seen = missing(known(status), None);
        assert_eq!(seen.goal, wait(words::ORDER_PROCESSING), "{status}");
        assert!(
            seen.seen.contains("There is no desktop d1"),
            "{}",
            seen.seen
        );
    }
    let seen = missing(paid(3), None);
    let paid_at = Due::Since(Tick(NOON + 10 * MINUTE));
    assert_eq!(seen.due, paid_at, "it is a question after some time");
    // Nothing tells whether it is over: a question after the same time.
    for orders in [
        unreadable(),
        Orders::Known(None),
        known(77),
        Orders::NotAsked,
    ] {
        let seen = missing(orders, None);
        assert_eq!(seen.goal, act(), "{}", seen.seen);
        assert_eq!(seen.due, Due::SinceAnswer);
        let running = missing(unreadable(), job("RUNNING"));
        assert_eq!(running.goal, act(), "{}", running.seen);
    }
    // The order is carried out, and the desktop is not there.
    let failed = lost(words::ORDER_FAILED, NOT_THERE);
    assert_eq!(missing(known(5), None).goal, failed);
    assert_eq!(missing(unreadable(), job("SUCCESS")).goal, failed);
}

#[test]
fn an_unpaid_order_tells_its_price_and_an_odd_amount_is_left_out() {
    let with = |amount: Option<&str>, official: Option<&str>, currency: Option<&str>| {
        let mut order = details("CS1", 6, &[]);
        order.order.amount_after_discount = amount.map(str::to_owned);
        order.order.official_amount = official.map(str::to_owned);
        order.order.currency = currency.map(str::to_owned);
        let facts = Facts {
            orders: Orders::Known(Some(order)),
            ..facts(desktop())
        };
        see(resize(), &facts, Some(&accepted()))
    };
    let seen = with(Some("99.5"), Some("120"), Some("CNY"));
    assert!(
        seen.seen
            .starts_with("Order CS1 (price: 99.5 CNY) is not paid"),
        "{}",
        seen.seen
    );
    assert_eq!(seen.observed.price.as_deref(), Some("99.5 CNY"));
    assert_eq!(seen.observed.official_price.as_deref(), Some("120 CNY"));
    for (amount, currency) in [
        (None, Some("CNY")),
        (Some("99.5"), None),
        (Some("-1"), Some("CNY")),
        (Some("1e9"), Some("CNY")),
        (Some("free"), Some("CNY")),
        (Some("."), Some("CNY")),
        (Some("99.5"), Some("C\u{202e}")),
    ] {
        let seen = with(amount, amount, currency);
        assert!(
            seen.seen.starts_with("Order CS1 is not paid"),
            "{}",
            seen.seen
        );
        assert_eq!(seen.observed.price, None, "{amount:?} {currency:?}");
    }
}
