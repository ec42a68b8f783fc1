//! Orders for the desktop that are not the operation's own.

use std::sync::Arc;

use super::super::super::earlier::StillOpen;
use super::super::super::open_orders::{About, OpenOrder, OpenOrders, Unchecked};
use super::*;
use crate::operations::ClosedCall;
use crate::operations::desktop_order::words;

fn shown(id: &str, status: i64, line: &str) -> OpenOrder {
    let details = details(id, status, &[line]);
    let mut order = details.order.clone();
    // Only the details have it.
    order.pending_payment_end_time = None;
    OpenOrder {
        order,
        about: About::Shown(Box::new(Candidate {
            details,
            ..Candidate::default()
        })),
    }
}

fn open(orders: Vec<OpenOrder>) -> OpenOrders {
    OpenOrders {
        orders,
        understood: true,
        ..OpenOrders::default()
    }
}

fn with(open: OpenOrders) -> Facts {
    Facts {
        open: Some(Arc::new(open)),
        ..facts(prepaid())
    }
}

#[test]
fn an_order_of_anyone_for_the_desktop_is_named_and_nothing_is_ordered() {
    for (status, goal, said) in [
        (
            6,
            block(),
            "waits for its payment until 2026-11-28T12:01:00Z: pay it or cancel it there.",
        ),
        (
            8,
            block(),
            "waits for approval: approve it or cancel it there.",
        ),
        (0, wait(Reason::TARGET_BUSY), "(Initializing)"),
        (1, wait(Reason::TARGET_BUSY), "(InReview)"),
        (2, wait(Reason::TARGET_BUSY), "(RefundPending)"),
        (3, wait(Reason::TARGET_BUSY), "(Processing)"),
        (7, wait(Reason::TARGET_BUSY), "(Compensating)"),
        (14, wait(Reason::TARGET_BUSY), "(MerchantReceipt)"),
        (77, wait(Reason::TARGET_BUSY), "(status 77)"),
    ] {
        for change in [resize(), expand()] {
            for line in ["bill-d1", "d1", "bill-v1", "id-v1", "v2", "bill-v2"] {
                let others = vec![shown("CS8", 6, "bill-d2"), shown("CS9", status, line)];
                let seen = see(change.clone(), &with(open(others)), None);
                assert_eq!(seen.goal, goal, "{status} {line}");
                assert!(
                    seen.seen
                        .starts_with("Order CS9 for desktop d1 is open at the cloud"),
                    "{}",
                    seen.seen
                );
                assert!(seen.seen.contains(said), "{}", seen.seen);
                assert!(seen.calls.is_empty());
            }
        }
    }
}

#[test]
fn orders_for_other_desktops_stand_in_nobodys_way() {
    let elsewhere = OpenOrder {
        about: About::Desktop(at("d2")),
        ..shown("CS7", 6, "")
    };
    let of_another_project = OpenOrder {
        about: About::Desktop(Target {
            place: "elsewhere".into(),
            ..at("d1")
        }),
        ..shown("CS7", 6, "")
    };
    let others = vec![shown("CS8", 6, "bill-d2"), elsewhere, of_another_project];
    let seen = see(resize(), &with(open(others)), None);
    assert_eq!(seen.goal, act());
    assert_eq!(seen.seen, "Desktop d1 has product p1.");
}

#[test]
fn an_order_that_was_placed_here_is_known_by_its_desktop() {
    let here = OpenOrder {
        about: About::Desktop(at("d1")),
        ..shown("CS7", 6, "")
    };
    let seen = see(resize(), &with(open(vec![here])), None);
    assert_eq!(seen.goal, block());
    assert!(seen.seen.contains("CS7"), "{}", seen.seen);
}

#[test]
fn one_that_waits_for_a_person_comes_first_and_many_are_counted() {
    let others = (0..5).map(|n| shown(&format!("CS{n}"), if n == 4 { 6 } else { 3 }, "d1"));
    let seen = see(resize(), &with(open(others.collect())), None);
    assert_eq!(seen.goal, block());
    assert!(seen.seen.starts_with("Order CS4 "), "{}", seen.seen);
    assert!(
        seen.seen
            .ends_with("2 more are open, too. Nothing is ordered before that.")
    );
}

#[test]
fn what_could_not_be_checked_is_said_and_the_order_goes_on() {
    let refusal = Refusal {
        status: 403,
        code: "CBC.0151".into(),
        ..Refusal::default()
    };
    for (unchecked, said) in [
        (
            Unchecked::Unreadable(refusal),
            "The account's open orders could not be checked (CBC.0151), so an open order for desktop d1 would not be noticed.",
        ),
        (
            Unchecked::TooMany(60),
            "The account has 60 open orders, too many to look into (at most 50), so an open order for desktop d1 would not be noticed.",
        ),
        (
            Unchecked::Unlinked(vec!["CS8".into()]),
            "BSS does not say what open order CS8 is for, so an open order for desktop d1 would not be noticed.",
        ),
        (
            Unchecked::Unlinked((1..=5).map(|n| format!("CS{n}")).collect()),
            "BSS does not say what open orders CS1, CS2, CS3 and 2 more are for, so an open order for desktop d1 would not be noticed.",
        ),
    ] {
        let orders = OpenOrders {
            unchecked: Some(unchecked),
            ..open(Vec::new())
        };
        let seen = see(resize(), &with(orders), None);
        assert_eq!(seen.goal, act());
        assert_eq!(seen.seen, format!("Desktop d1 has product p1. {said}"));
    }
    // The ledger may know more, and not enough.
    let unreadable = OpenOrders {
        unchecked: Some(Unchecked::Unreadable(Refusal::default())),
        ..open(Vec::new())
    };
    let facts = Facts {
        earlier: Earlier {
            unknown: vec!["CS1".into()],
            ..Earlier::default()
        },
        ..with(unreadable)
    };
    let seen = see(resize(), &facts, None);
    assert_eq!(seen.goal, act());
    assert!(
        seen.seen
            .ends_with("what earlier operations ordered for it (CS1) is over is not known."),
        "{}",
        seen.seen
    );
    // What is known all the same still counts.
    let orders = OpenOrders {
        unchecked: Some(Unchecked::TooMany(60)),
        ..open(vec![shown("CS9", 6, "d1")])
    };
    assert_eq!(see(resize(), &with(orders), None).goal, block());
}

#[test]
fn a_list_that_was_not_understood_is_no_empty_one() {
    let orders = OpenOrders {
        understood: false,
        ..open(vec![shown("CS8", 6, "bill-d2")])
    };
    let seen = see(resize(), &with(orders.clone()), None);
    assert_eq!(seen.goal, Goal::Unclear);
    assert!(seen.seen.contains("not fully understood"), "{}", seen.seen);
    let orders = OpenOrders {
        orders: vec![shown("CS9", 6, "d1")],
        ..orders
    };
    assert_eq!(see(resize(), &with(orders), None).goal, block());
}

#[test]
fn an_order_of_the_ledger_counts_until_it_is_over() {
    let ledger = |delivered: &[&str], known: &[&str], open: Vec<StillOpen>| Earlier {
        delivered: delivered.iter().map(|id| (*id).to_owned()).collect(),
        known: known.iter().map(|id| (*id).to_owned()).collect(),
        open,
        ..Earlier::default()
    };
    let see_with = |earlier: Earlier, orders: Vec<OpenOrder>| {
        let facts = Facts {
            earlier,
            ..with(open(orders))
        };
        see(resize(), &facts, None)
    };
    // Nothing in BSS links it to the desktop.
    let seen = see_with(ledger(&[], &["CS1"], Vec::new()), vec![shown("CS1", 6, "")]);
    assert_eq!(seen.goal, block());
    // Its operation saw it delivered, whatever BSS still says.
    let seen = see_with(
        ledger(&["CS1"], &[], Vec::new()),
        vec![shown("CS1", 3, "d1")],
    );
    assert_eq!(seen.goal, act());
    // It is not in the list.
    let order = StillOpen::Order(Box::new(details("CS1", 6, &[]).order));
    let seen = see_with(ledger(&[], &["CS1"], vec![order]), Vec::new());
    assert_eq!(seen.goal, block());
    let job = StillOpen::Job(Some("CS1".into()), Box::new(job("WAITING").expect("a job")));
    let seen = see_with(ledger(&[], &["CS1"], vec![job]), Vec::new());
    assert_eq!(seen.goal, wait(Reason::TARGET_BUSY));
    assert!(
        seen.seen.starts_with("Order CS1 for desktop d1, which another operation placed, is not over: its job is WAITING."),
        "{}",
        seen.seen
    );
}

#[test]
fn the_order_of_an_operation_that_is_gone_is_waited_for_until_it_is_over() {
    let gone =
        |ids: &[(&str, &str)]| samples::foreign(call(Some(AnswerWord::Accepted), ids), expand());
    let call = gone(&[("order_id", "CS1"), ("job_id", "j1")]);
    let with = |orders: Orders, job: Option<Job>, desktop: Desktop| {
        let facts = Facts {
            orders,
            job,
            ..facts(desktop)
        };
        see(resize(), &facts, Some(&call))
    };
    for status in [0, 1, 2, 3, 6, 7, 8, 9, 77] {
        let seen = with(known(status), job("WAITING"), prepaid());
        let expected = match status {
            6 | 8 => block(),
            _ => wait(Reason::TARGET_BUSY),
        };
        assert_eq!(
            (seen.goal, seen.trace),
            (expected, Trace::Shown),
            "{status}"
        );
        assert!(seen.seen.contains("CS1"), "{}", seen.seen);
        assert_eq!(seen.observed.order_id, None);
    }
    for status in [4, 5] {
        let seen = with(known(status), None, prepaid());
        assert_eq!((seen.goal, seen.trace), (act(), Trace::Shown), "{status}");
    }
    // BSS may not be read.
    let seen = with(unreadable(), job("WAITING"), prepaid());
    assert_eq!(
        (seen.goal, seen.trace),
        (wait(Reason::TARGET_BUSY), Trace::Shown)
    );
    for word in ["SUCCESS", "FAIL"] {
        let seen = with(unreadable(), job(word), prepaid());
        assert_eq!((seen.goal, seen.trace), (act(), Trace::Shown), "{word}");
    }
    // The desktop is as it asked: its effect is there.
    let larger = Desktop {
        product: prepaid().product,
        ..with_size(Some(100))
    };
    let seen = with(known(3), None, larger);
    assert_eq!((seen.goal, seen.trace), (act(), Trace::Shown));
}

/// A decision to send again must not lead to an order beside one that is open.
#[test]
fn while_a_person_is_asked_an_order_of_anyone_stands_in_the_way_of_sending_again() {
    let facts = Facts {
        orders: listed(&[]),
        ..with(open(vec![shown("CS9", 6, "d1")]))
    };
    let seen = see(resize(), &facts, Some(&unanswered()));
    assert_eq!(seen.goal, block());
    assert!(seen.seen.contains("does not show in BSS"), "{}", seen.seen);
    assert!(seen.seen.contains("Order CS9"), "{}", seen.seen);
}

fn closed(result: &str) -> Vec<ClosedCall> {
    vec![ClosedCall {
        result: result.to_owned(),
        closed_at: NOON,
        ids: accepted().ids,
    }]
}

/// What an operation ended with is what it saw then; the list is of now.
#[test]
fn an_order_that_is_open_now_counts_whatever_its_operation_ended_with() {
    let with_status = |result: &str, status, line: &str| {
        let facts = Facts {
            earlier: Earlier::of(&closed(result)),
            ..with(open(vec![shown("CS1", status, line)]))
        };
        see(resize(), &facts, None)
    };
    for result in ["OrderFailed", "OrderCancelled", "GivenUp", "Seen", "odd"] {
        for status in [0, 1, 2, 3, 6, 7, 8, 9, 13, 77] {
            for line in ["bill-d1", ""] {
                let seen = with_status(result, status, line);
                assert_ne!(seen.goal, act(), "{result} {status}");
                assert!(seen.seen.contains("Order CS1"), "{}", seen.seen);
                assert!(seen.calls.is_empty());
            }
        }
    }
    // The desktop was the proof, so the order may still be unpaid, or be undone by now.
    for status in [0, 1, 2, 6, 7, 8, 77] {
        let seen = with_status("Delivered", status, "bill-d1");
        assert_ne!(seen.goal, act(), "Delivered {status}");
    }
    for status in [3, 9, 10, 11, 12, 13, 14] {
        let seen = with_status("Delivered", status, "bill-d1");
        assert_eq!(seen.goal, act(), "it is paid and delivered: {status}");
    }
}

#[test]
fn an_order_for_an_id_that_workspace_does_not_show_may_be_for_the_desktop() {
    let volume = |billed: Option<&str>| Volume {
        id: Some("id-v2".into()),
        volume_id: Some("v2".into()),
        size: None,
        bill_resource_id: billed.map(str::to_owned),
    };
    let linked = |line: &str| {
        let mut order = shown("CS9", 6, line);
        if let About::Shown(candidate) = &mut order.about {
            candidate.details.lines = vec![json!({"resource_id": line})];
        }
        order
    };
    let hidden = [
        Desktop {
            bill_resource_id: None,
            ..prepaid()
        },
        Desktop {
            data_volumes: Members::default(),
            ..prepaid()
        },
        Desktop {
            data_volumes: Members {
                understood: false,
                ..Members::from(vec![volume(Some("bill-v2"))])
            },
            ..prepaid()
        },
        Desktop {
            data_volumes: Members::from(vec![volume(None)]),
            ..prepaid()
        },
        Desktop {
            root_volume: None,
            ..prepaid()
        },
    ];
    for desktop in hidden {
        for change in [resize(), expand()] {
            if desktop.root_volume.is_none() && change.resize.is_none() {
                continue;
            }
            let facts = Facts {
                desktop: Some(desktop.clone()),
                ..with(open(vec![linked("bill-x")]))
            };
            let seen = see(change, &facts, None);
            assert_eq!(seen.goal, act(), "it is no reason to wait");
            assert!(
                seen.seen.contains("does not show every id of desktop d1")
                    && seen.seen.contains("CS9"),
                "{}",
                seen.seen
            );
        }
    }
    let facts = with(open(vec![linked("bill-x")]));
    let seen = see(resize(), &facts, None);
    assert!(!seen.seen.contains("CS9"), "{}", seen.seen);
    // It was placed from here, for another desktop.
    let elsewhere = OpenOrder {
        about: About::Desktop(at("d2")),
        ..linked("bill-x")
    };
    let facts = Facts {
        desktop: Some(Desktop {
            bill_resource_id: None,
            ..prepaid()
        }),
        ..with(open(vec![elsewhere]))
    };
    let seen = see(resize(), &facts, None);
    assert!(!seen.seen.contains("CS9"), "{}", seen.seen);
}

#[test]
fn earlier_orders_of_an_unknown_end_are_named_though_the_list_was_checked() {
    let facts = Facts {
        earlier: Earlier {
            unknown: vec!["CS1".into()],
            ..Earlier::default()
        },
        ..with(open(Vec::new()))
    };
    let seen = see(resize(), &facts, None);
    assert_eq!(seen.goal, act());
    assert_eq!(
        seen.seen,
        "Desktop d1 has product p1. Whether what earlier operations ordered for it (CS1) is over is not known."
    );
}

/// The one who decides about sending again has to know what was not checked.
#[test]
fn what_could_not_be_checked_is_named_where_sending_again_is_asked_about() {
    let unreadable = OpenOrders {
        unchecked: Some(Unchecked::Unlinked(vec!["CS8".into()])),
        ..open(Vec::new())
    };
    let facts = Facts {
        orders: listed(&[]),
        ..with(unreadable)
    };
    let seen = see(resize(), &facts, Some(&unanswered()));
    assert_eq!(seen.goal, act());
    assert!(seen.seen.contains("CS8"), "{}", seen.seen);
}

/// What the first line is about says nothing about the second one.
#[test]
fn an_order_of_which_one_line_is_linked_and_another_is_not_is_not_linked() {
    for line in [
        json!({"product_id": "p2"}),
        json!(null),
        json!("strange"),
        json!({"resource_id": null}),
    ] {
        let mut order = shown("CS9", 6, "");
        if let About::Shown(candidate) = &mut order.about {
            candidate.details.lines = vec![json!({"resource_id": "bill-other"}), line.clone()];
            assert!(!candidate.is_linked(), "{line}");
            candidate.resources = vec!["bill-other".to_owned()].into();
            assert!(!candidate.is_linked(), "fewer resources than lines");
            candidate.resources = vec!["bill-other".to_owned(), "r2".to_owned()].into();
            assert!(candidate.is_linked());
        }
    }
}

#[test]
fn a_desktop_is_the_same_in_either_case_of_its_id() {
    let placed = OpenOrder {
        about: About::Desktop(at("D1")),
        ..shown("CS7", 6, "")
    };
    for other in [placed, shown("CS7", 6, "BILL-D1")] {
        let seen = see(resize(), &with(open(vec![other])), None);
        assert_eq!(seen.goal, block(), "{}", seen.seen);
    }
}

/// Its ledger would be another one.
#[test]
fn a_desktop_whose_id_the_cloud_writes_otherwise_is_not_ordered_for() {
    for change in [resize(), expand(), subscribe()] {
        let mut order = asking(change);
        order.spec.desktop_id = "D1".into();
        let seen = OrderDesktop::assess(&order, &with(open(Vec::new())), None);
        let goal = lost(Reason::INVALID_FOR_TARGET, Evidence::Presence);
        let prepaid_already = lost(words::ALREADY_PREPAID, Evidence::Presence);
        assert!(
            [goal, prepaid_already].contains(&seen.goal),
            "{:?}",
            seen.goal
        );
    }
    let mut order = asking(resize());
    order.spec.desktop_id = "D1".into();
    let seen = OrderDesktop::assess(&order, &facts(prepaid()), None);
    assert!(seen.seen.contains("spec.desktopId d1"), "{}", seen.seen);
    // A call that was made is followed.
    let seen = OrderDesktop::assess(&order, &facts(desktop()), Some(&accepted()));
    assert_ne!(
        seen.goal,
        lost(Reason::INVALID_FOR_TARGET, Evidence::Presence)
    );
}

/// GUESS: which ids an order carries; the desktop names the order that it is charged by.
#[test]
fn the_order_that_a_desktop_names_is_for_it() {
    let named = Desktop {
        order_id: Some("CS7".into()),
        bill_resource_id: None,
        ..prepaid()
    };
    let facts = Facts {
        desktop: Some(named),
        ..with(open(vec![shown("CS7", 6, "bill-of-another-name")]))
    };
    let seen = see(resize(), &facts, None);
    assert_eq!(seen.goal, block(), "{}", seen.seen);
}
