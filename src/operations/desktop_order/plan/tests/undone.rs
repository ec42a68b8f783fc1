//! The desktop is as specified, and something may change that again.

use super::*;
use crate::operations::desktop_order::words;

/// A desktop that is as the change asks.
fn delivered() -> [(DesktopChange, Desktop); 3] {
    [
        (resize(), with_product("p2")),
        (expand(), with_size(Some(100))),
        (subscribe(), prepaid()),
    ]
}

fn busy(desktop: &Desktop, task: &str) -> Desktop {
    Desktop {
        task_status: Some(task.into()),
        ..desktop.clone()
    }
}

fn calls() -> [Option<Recorded>; 4] {
    let foreign = foreign(resize());
    [None, Some(accepted()), Some(unanswered()), Some(foreign)]
}

#[test]
fn a_resize_that_the_desktop_is_still_in_is_not_reached() {
    for task in [
        "resize_reverting",
        "RESIZE_REVERTING",
        "resize_prep",
        "resize_migrating",
        "resize_migrated",
        "resize_finish",
    ] {
        for call in calls() {
            let facts = facts(busy(&with_product("p2"), task));
            let seen = see(resize(), &facts, call.as_ref());
            assert_eq!(seen.goal, wait(Reason::TARGET_BUSY), "{task}");
            assert!(seen.seen.contains(task), "{}", seen.seen);
            assert!(
                seen.seen.ends_with("Desktop d1 has product p2."),
                "{}",
                seen.seen
            );
        }
    }
}

#[test]
fn a_task_that_may_change_what_is_compared_is_waited_for() {
    for (change, desktop) in delivered() {
        // One is for changes of any kind, the others are not documented.
        for task in ["updating", "odd", "{\"state\":1}"] {
            for call in calls() {
                let facts = facts(busy(&desktop, task));
                let seen = see(change.clone(), &facts, call.as_ref());
                assert_eq!(seen.goal, wait(Reason::TARGET_BUSY), "{task}");
            }
        }
    }
}

#[test]
fn a_task_that_leaves_it_as_it_is_does_not_delay_success() {
    for (change, desktop) in delivered() {
        for task in [
            "rebooting",
            "reboot_started_hard",
            "rebuild_spawning",
            "migrating",
            "powering-off",
            "POWERING-ON",
            "desktopNetworkChanging",
            "deleting",
            "deleteFailed",
        ] {
            let facts = facts(busy(&desktop, task));
            let seen = see(change.clone(), &facts, Some(&accepted()));
            assert_eq!(seen.goal, REACHED, "{task}");
        }
        if change.resize.is_none() {
            let facts = facts(busy(&desktop, "resize_reverting"));
            let seen = see(change, &facts, Some(&accepted()));
            assert_eq!(seen.goal, REACHED, "another change is undone");
        }
    }
    // For arrears, which change neither product, size nor charging.
    let frozen = Desktop {
        is_freeze: Some(true),
        ..with_product("p2")
    };
    let seen = see(resize(), &facts(frozen), Some(&accepted()));
    assert_eq!(seen.goal, REACHED);
}

#[test]
fn an_order_that_is_being_undone_is_no_success() {
    for (change, desktop) in delivered() {
        for (status, word) in [(2, "RefundPending"), (7, "Compensating")] {
            let gone = Recorded {
                ids: accepted().ids,
                ..foreign(change.clone())
            };
            for call in [accepted(), gone] {
                let facts = Facts {
                    orders: known(status),
                    ..facts(desktop.clone())
                };
                let seen = see(change.clone(), &facts, Some(&call));
                assert_eq!(seen.goal, wait(words::ORDER_PROCESSING), "{word}");
                assert!(
                    seen.seen.contains("CS1") && seen.seen.contains(word),
                    "{}",
                    seen.seen
                );
            }
        }
        for status in [0, 1, 3, 4, 5, 6, 8, 9, 13, 14, 77] {
            let facts = Facts {
                orders: known(status),
                ..facts(desktop.clone())
            };
            let seen = see(change.clone(), &facts, Some(&accepted()));
            // Whose term it is that the desktop has cannot be seen.
            let right = match (change == subscribe(), status) {
                (true, 4) => lost(words::ALREADY_PREPAID, Evidence::Presence),
                (true, 0) => wait(words::ORDER_PROCESSING),
                (true, 1 | 8) => wait(words::ORDER_IN_REVIEW),
                (true, 6) => wait(words::WAITING_FOR_PAYMENT),
                _ => REACHED,
            };
            assert_eq!(seen.goal, right, "the desktop is the proof: {status}");
        }
    }
}

/// What was seen of the order stays until BSS shows it differently.
#[test]
fn an_order_that_was_being_undone_is_no_success_while_bss_does_not_show_it() {
    for (change, desktop) in delivered() {
        for (status, word) in [(2, "RefundPending"), (7, "Compensating")] {
            let mut object = asking(change.clone());
            let look = |object: &DesktopOrder, orders: Orders| {
                let facts = Facts {
                    orders,
                    ..facts(desktop.clone())
                };
                OrderDesktop::assess(object, &facts, Some(&accepted()))
            };
            let store = |object: &mut DesktopOrder, seen: &Seen| {
                let status = serde_json::json!({"observed": seen.observed});
                object.status = serde_json::from_value(status).expect("a status");
            };
            let seen = look(&object, known(status));
            store(&mut object, &seen);
            // Denied, not shown, not asked for: one after another.
            for orders in [unreadable(), Orders::Known(None), Orders::NotAsked] {
                let seen = look(&object, orders.clone());
                assert_eq!(seen.goal, wait(words::ORDER_PROCESSING), "{orders:?}");
                assert!(seen.seen.contains(word), "{}", seen.seen);
                assert_eq!(seen.observed.order_status.as_deref(), Some(word));
                store(&mut object, &seen);
            }
            let seen = look(&object, known(5));
            assert_eq!(seen.goal, REACHED, "it has ended");
        }
    }
}

/// Which of them is the call's is not known; either would undo it.
#[test]
fn any_order_that_may_be_the_call_s_and_is_being_undone_is_no_success() {
    let candidate = |id: &str, status| Candidate {
        details: details(id, status, &["bill-d1"]),
        ..Candidate::default()
    };
    let facts = Facts {
        orders: Orders::Listed {
            candidates: vec![candidate("CS8", 5), candidate("CS9", 7)],
            whole: true,
        },
        ..facts(with_product("p2"))
    };
    let seen = see(resize(), &facts, Some(&unanswered()));
    assert_eq!(seen.goal, wait(words::ORDER_PROCESSING));
    assert!(seen.seen.contains("CS9"), "{}", seen.seen);
}

/// It was paid long after it was placed: the proof is due since the payment.
#[test]
fn the_end_of_what_undoes_it_is_due_since_the_payment() {
    let facts = Facts {
        orders: paid(5),
        ..facts(busy(&with_product("p2"), "resize_finish"))
    };
    let seen = see(resize(), &facts, Some(&accepted()));
    assert_eq!(seen.due, Due::Since(Tick(NOON + 10 * MINUTE)));
}

/// As while the product is being exchanged: neither of the two is proof.
#[test]
fn two_products_that_differ_are_no_proof_of_either() {
    let product = |id: &str| {
        Some(Product {
            product_id: Some(id.into()),
            ..Product::default()
        })
    };
    for (own, inner) in [("p2", "p1"), ("p1", "p2")] {
        let odd = Desktop {
            product: product(inner),
            ..with_product(own)
        };
        let seen = see(resize(), &facts(odd.clone()), None);
        assert_eq!(seen.goal, Goal::Unclear);
        assert!(seen.seen.contains("does not say"), "{}", seen.seen);
        let seen = see(resize(), &facts(odd), Some(&accepted()));
        assert_ne!(seen.goal, REACHED);
    }
    let same = Desktop {
        product: product("p2"),
        ..with_product("p2")
    };
    assert_eq!(see(resize(), &facts(same), None).goal, REACHED);
}
