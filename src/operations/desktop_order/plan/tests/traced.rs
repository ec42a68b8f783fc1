//! Which of the orders and jobs that are to be seen is the call's.

use super::*;
use crate::operations::desktop_order::words;

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
        assert_eq!(seen.goal, wait(words::WAITING_FOR_PAYMENT));
    }
    let candidate = Candidate {
        details: details("CS9", 6, &[]),
        resources: Members::from(vec!["bill-d1".into()]),
        ..Candidate::default()
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
fn a_job_shows_that_the_call_was_accepted_whatever_came_of_it() {
    for word in ["RUNNING", "SUCCESS", "WAITING", "FAILED", "FAIL", "odd"] {
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
            assert_eq!(
                see(resize(), &facts, Some(&open)).trace,
                Trace::Shown,
                "{word}"
            );
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
    assert!(!seen.calls.is_empty(), "its own order is still to come");
    let seen = shown(expand(), desktop(), listed(&[("CS9", "bill-v1")]));
    assert_eq!((seen.goal, seen.trace), (block(), Trace::Shown));
    assert_eq!(ids(&seen), [("order_id", "CS9")], "kept in the ledger");
    assert_eq!(seen.observed.order_id, None, "and not as this one's");
    assert_eq!(paid_condition(&seen), None);
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
fn an_order_of_a_time_that_is_not_understood_may_be_the_call_s_and_is_not_taken_for_it() {
    let Orders::Listed { mut candidates, .. } = listed(&[("CS9", "bill-d1")]) else {
        unreachable!()
    };
    candidates[0].untimed = true;
    let facts = Facts {
        orders: Orders::Listed {
            candidates,
            whole: true,
        },
        ..facts(desktop())
    };
    let seen = see(resize(), &facts, Some(&unanswered()));
    assert_eq!((seen.goal, seen.trace), (act(), Trace::Unclear));
    assert!(
        seen.seen.contains("may be any of these in BSS: CS9"),
        "{}",
        seen.seen
    );
}
