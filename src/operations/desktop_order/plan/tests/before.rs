//! Before anything was ordered.

use super::*;
use crate::operations::desktop_order::words;

#[test]
fn each_change_that_is_missing_is_ordered_and_the_plan_says_in_which_words() {
    for (change, has, plan) in [
        (
            resize(),
            "Desktop d1 has product p1.",
            "is_auto_pay=false resize_product_id=p2 type=resizeDesktops",
        ),
        (
            expand(),
            "Volume v1 of desktop d1 has 80 GiB.",
            "expand_new_size=100 expand_volume_id=v1 is_auto_pay=false type=expandVolumes",
        ),
        (
            subscribe(),
            "Desktop d1 is charged on demand.",
            "is_auto_pay=false is_auto_renew=0 period_num=3 period_type=2 type=meteredToPeriod",
        ),
    ] {
        let prepaid = match change.subscribe {
            None => prepaid(),
            Some(_) => desktop(),
        };
        let seen = see(change, &facts(prepaid), None);
        assert_eq!(seen.goal, act());
        assert_eq!(seen.seen, has);
        let line = format!("CreateChangeOrder desktop_id=d1 {plan}");
        assert_eq!(seen.calls[0].line(), line);
        assert_eq!(seen.calls[0].payment(), PaidOperations::ManualPayment);
        assert_eq!(seen.trace, Trace::NotShown);
        assert_eq!(paid_condition(&seen), None, "nothing was ordered");
        assert_eq!(seen.observed.desktop_status.as_deref(), Some("ACTIVE"));
        assert_eq!(seen.observed.product_id.as_deref(), Some("p1"));
    }
    let seen = see(expand(), &facts(desktop()), None);
    assert_eq!(seen.observed.volume_size_gib, Some(80));
    assert_eq!(seen.observed.charge_mode.as_deref(), Some("1"));
}

#[test]
fn a_plan_says_that_changing_an_on_demand_desktop_is_an_assumption() {
    for change in [resize(), expand()] {
        let seen = see(change.clone(), &facts(desktop()), None);
        assert_eq!(seen.goal, act());
        assert!(
            seen.seen.ends_with("Desktop d1 is charged on demand: the call is documented for yearly and monthly desktops, and it is assumed that it changes this one too."),
            "{}",
            seen.seen
        );
        let unsaid = Desktop {
            product: None,
            ..desktop()
        };
        for other in [prepaid(), unsaid] {
            let seen = see(change.clone(), &facts(other), None);
            assert!(!seen.seen.contains("assumed"), "{}", seen.seen);
        }
    }
    let seen = see(subscribe(), &facts(desktop()), None);
    assert!(!seen.seen.contains("assumed"), "{}", seen.seen);
}

#[test]
fn a_plan_says_who_pays_and_for_which_project_and_fits_into_status() {
    let mut order = asking(resize());
    order.spec.payment = Payment::Automatic;
    order.spec.enterprise_project_id = Some("e1".into());
    let line = |order: &DesktopOrder| {
        let seen = OrderDesktop::assess(order, &facts(desktop()), None);
        seen.calls[0].line()
    };
    assert_eq!(
        line(&order),
        "CreateChangeOrder desktop_id=d1 enterprise_project_id=e1 is_auto_pay=true resize_product_id=p2 type=resizeDesktops"
    );
    let long = "p".repeat(128);
    order.spec.desktop_id = "d".repeat(64);
    order.spec.enterprise_project_id = Some("e".repeat(36));
    order.spec.change.resize = Some(Resize {
        product_id: long.clone(),
    });
    let named = Desktop {
        desktop_id: order.spec.desktop_id.clone(),
        ..desktop()
    };
    let facts = Facts {
        targets: targets(vec![product(&long, "normal")]),
        ..facts(named)
    };
    let seen = OrderDesktop::assess(&order, &facts, None);
    let shown = crate::text::line(&seen.calls[0].line(), 256);
    assert!(
        shown.len() == 256 && shown.contains("is_auto_pay=true"),
        "{shown}"
    );
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
            assert!(seen.calls.is_empty());
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
        assert_eq!(seen.goal, lost(words::ALREADY_PREPAID, Evidence::Presence));
        assert_eq!(
            seen.seen,
            "Desktop d1 is prepaid. Whether its term is the wanted one cannot be seen."
        );
    }
    let after = |answers: &[Option<&str>]| {
        let mut order = asking(subscribe());
        let steps: Vec<_> = answers
            .iter()
            .map(|answer| {
                json!({"number": 1, "id": "s", "name": "CreateChangeOrder", "writer": "w",
                    "intendedAt": "2026-11-21T12:00:00Z", "sendBefore": "2026-11-21T12:30:00Z",
                    "answer": answer})
            })
            .collect();
        let status = serde_json::from_value(json!({"steps": steps}));
        order.status = Some(status.expect("a status"));
        OrderDesktop::assess(&order, &facts(prepaid()), None).goal
    };
    // Nothing of its own had an effect.
    let theirs = lost(words::ALREADY_PREPAID, Evidence::Presence);
    assert_eq!(after(&[Some("Refused")]), theirs);
    assert_eq!(after(&[Some("NotSent"), Some("Refused")]), theirs);
    for answer in [None, Some("Accepted"), Some("Unknown")] {
        assert_eq!(after(&[answer]), REACHED, "{answer:?}");
        assert_eq!(after(&[answer, Some("Refused")]), REACHED, "{answer:?}");
    }
}

#[test]
fn what_does_not_fit_the_desktop_is_never_ordered() {
    let other_root = desktop().root_volume.map(|root| Volume {
        id: Some("id-v9".into()),
        volume_id: Some("v9".into()),
        ..root
    });
    let no_volume = Desktop {
        root_volume: other_root,
        ..desktop()
    };
    let seen = see(expand(), &facts(no_volume), None);
    let absent = lost(Reason::INVALID_FOR_TARGET, NOT_THERE);
    assert_eq!(seen.goal, absent);
    assert_eq!(seen.seen, "Desktop d1 has no volume v1.");
    let with = |products: Vec<Product>| {
        let facts = Facts {
            targets: targets(products),
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
            lost(Reason::INVALID_FOR_TARGET, Evidence::Presence)
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
            lost(Reason::INVALID_FOR_TARGET, Evidence::Presence)
        );
        assert!(seen.calls.is_empty());
    }
}

/// Not to be understood is not to be absent.
#[test]
fn a_list_that_is_not_understood_proves_no_absence() {
    let lists = [
        Members {
            understood: false,
            ..desktop().data_volumes
        },
        Members::default(),
        Members::from(vec![Volume::default()]),
    ];
    let without_ids = Volume {
        size: Some(80),
        ..Volume::default()
    };
    for (root_volume, data_volumes) in [
        (None, desktop().data_volumes),
        (Some(without_ids), desktop().data_volumes),
    ]
    .into_iter()
    .chain(lists.map(|list| (None, list)))
    {
        let odd = Desktop {
            root_volume,
            data_volumes,
            ..desktop()
        };
        for call in [None, Some(accepted()), Some(unanswered())] {
            let seen = see(expand(), &facts(odd.clone()), call.as_ref());
            assert!(!seen.seen.contains("has no volume"), "{}", seen.seen);
            assert!(
                seen.seen
                    .contains("does not show every volume of desktop d1"),
                "{}",
                seen.seen
            );
            if call.is_none() {
                assert_eq!(seen.goal, Goal::Unclear);
            }
        }
    }
    let not_asked = Facts {
        targets: None,
        ..facts(desktop())
    };
    assert_eq!(see(resize(), &not_asked, None).goal, Goal::Unclear);
}

#[test]
fn a_list_of_products_that_is_not_understood_does_not_rule_one_out() {
    let with = |products: Vec<Product>| {
        let products = Members {
            understood: false,
            ..Members::from(products)
        };
        let facts = Facts {
            targets: Some(products),
            ..facts(desktop())
        };
        see(resize(), &facts, None)
    };
    for products in [vec![product("p3", "normal")], Vec::new()] {
        let seen = with(products);
        assert_eq!(seen.goal, Goal::Unclear);
        assert!(seen.seen.contains("not fully understood"), "{}", seen.seen);
        for no in ["cannot be changed", "There is none"] {
            assert!(!seen.seen.contains(no), "{}", seen.seen);
        }
    }
    let seen = with(vec![product("p2", "normal")]);
    assert_eq!(seen.goal, act(), "it is in the part that was understood");
    let seen = with(vec![product("p2", "sellout")]);
    assert_eq!(
        seen.goal,
        lost(Reason::INVALID_FOR_TARGET, Evidence::Presence)
    );
    assert_eq!(seen.seen, "Product p2 is not on sale (sellout).");
}

#[test]
fn a_product_that_is_listed_twice_is_on_sale_if_one_of_them_is() {
    for words in [["sellout", "normal"], ["normal", "abandon"]] {
        let facts = Facts {
            targets: targets(words.map(|word| product("p2", word)).to_vec()),
            ..facts(desktop())
        };
        assert_eq!(see(resize(), &facts, None).goal, act());
    }
}

#[test]
fn a_desktop_that_could_not_be_deleted_is_for_a_person() {
    for word in ["deleteFailed", "DELETEFAILED"] {
        let failed = Desktop {
            task_status: Some(word.into()),
            ..desktop()
        };
        for change in [resize(), expand(), subscribe()] {
            let seen = see(change, &facts(failed.clone()), None);
            assert_eq!(seen.goal, block());
            assert!(seen.seen.contains(word), "{}", seen.seen);
            assert!(seen.calls.is_empty());
        }
        // No order of ours left it like that, so the question about ours stays.
        let seen = see(resize(), &facts(failed), Some(&unanswered()));
        assert_eq!(seen.goal, act());
    }
    for passing in ["resize_reverting", "desktopNetworkChanging", "odd"] {
        let busy = Desktop {
            task_status: Some(passing.into()),
            ..desktop()
        };
        let seen = see(resize(), &facts(busy), None);
        assert_eq!(seen.goal, wait(Reason::TARGET_BUSY), "{passing}");
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
            assert_eq!(seen.goal, wait(Reason::TARGET_BUSY));
            assert_eq!(
                seen.seen,
                "Desktop d1 is busy (rebooting); waiting until it is not."
            );
            assert_eq!(seen.observed.task_status.as_deref(), Some("rebooting"));
            let seen = see(change.clone(), &facts(frozen.clone()), open.as_ref());
            assert_eq!(seen.goal, wait(Reason::TARGET_BUSY));
            assert!(seen.seen.contains("frozen"), "{}", seen.seen);
            assert!(seen.calls.is_empty());
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
        assert_eq!(seen.goal, Goal::Unclear);
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
    assert_eq!(seen.goal, lost(Reason::TARGET_NOT_FOUND, NOT_THERE));
    assert_eq!(seen.seen, none);
    let seen = gone(listed(&[]), Some(&unanswered()));
    assert_eq!(seen.goal, act(), "which the engine leaves to a person");
    let seen = gone(paid(3), Some(&accepted()));
    assert_eq!(seen.goal, wait(words::ORDER_PROCESSING), "it goes on");
    let seen = gone(paid(5), Some(&accepted()));
    assert_eq!(seen.goal, lost(words::ORDER_FAILED, NOT_THERE));
    assert_eq!(seen.seen, format!("Order CS1 is placed. {none}"));
    let seen = gone(known(4), Some(&accepted()));
    assert_eq!(seen.goal, lost(words::ORDER_CANCELLED, Evidence::Presence));
}
