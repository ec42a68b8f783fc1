//! From a look to the call: the undisturbed path, and what keeps a call back.

use super::*;

#[test]
fn a_natural_cancel_is_seen_intended_sent_proven_and_stored_in_this_order() {
    let mut s = Script::new();
    s.sent(NATURAL)
        .answer(Answer::Accepted)
        .sees(SEEN)
        .written();
    assert_eq!(
        s.trail,
        [
            "Observe", "Permit", "Intend", "Send", "Observe", "Store", "Announce", "Rest"
        ]
    );
    let end = Report::Ended(End::Succeeded(How::Proven));
    assert_eq!((s.report, &s.announced[..]), (Some(end), &[end][..]));
    assert_eq!(s.wake, None, "an ended operation is not looked at again");
    assert_eq!((s.sends, s.writes), (1, 2));
}

#[test]
fn the_intent_names_its_number_its_writer_and_how_long_it_may_be_sent() {
    let mut s = Script::new();
    s.wake().sees(Goal::Act(NATURAL)).permitted();
    let expected = Step {
        number: 1,
        key: NATURAL.key,
        class: Class::Natural,
        writer: ME,
        intended: s.now,
        window: rules().window,
        answer: None,
        answered: None,
    };
    assert_eq!(s.intent(), expected);
    s.written();
    assert_eq!(s.todo, Some(Effect::Send(1)));
    assert_eq!(s.state.intent(), Some(&expected));
}

#[test]
fn a_step_of_the_ledger_is_claimed_after_the_permit_and_before_the_intent() {
    let mut s = Script::new();
    let plan = Plan {
        ledger: true,
        ..NEVER
    };
    s.wake().sees(Goal::Act(plan)).permitted().permitted();
    assert_eq!(s.trail, ["Observe", "Permit", "Claim", "Intend"]);
}

#[test]
fn a_claim_that_is_refused_intends_nothing() {
    let mut s = Script::new();
    let plan = Plan {
        ledger: true,
        ..NEVER
    };
    s.wake().sees(Goal::Act(plan)).permitted();
    s.on(Event::Forbidden(s.now, AWAY));
    assert_eq!(s.trail, ["Observe", "Permit", "Claim", "Rest"]);
}

#[test]
fn what_is_as_wanted_before_anything_was_sent_is_already_satisfied() {
    let mut s = Script::new();
    s.wake().sees(SEEN).written();
    let end = Report::Ended(End::Succeeded(How::AlreadySatisfied));
    assert_eq!(s.report, Some(end));
    assert_eq!(s.trail, ["Observe", "Store", "Announce", "Rest"]);
}

#[test]
fn an_ended_operation_is_neither_looked_at_nor_written() {
    let mut s = Script::new();
    s.object.ended = true;
    s.wake();
    assert_eq!(s.trail, ["Rest"]);
    assert_eq!(s.wake, None);
}

#[test]
fn an_object_that_is_being_deleted_sends_nothing_and_undoes_nothing() {
    let mut s = Script::new();
    s.sent(NATURAL).unsent(THROTTLED);
    s.object.wish.deleting = true;
    s.wake();
    assert_eq!(s.trail.last(), Some(&"Rest"));
    assert_eq!((s.sends, s.wake), (0, None));
}

#[test]
fn an_intent_that_stands_there_is_sent_only_after_the_object_was_read() {
    for deleted in [false, true] {
        let mut s = Script::new();
        s.sent(NATURAL).unsent(THROTTLED);
        let then = s.object.clone();
        match deleted {
            true => s.object.wish.deleting = true,
            false => s.object.wish.suspended = true,
        }
        // The watch has not shown it yet.
        s.pass(rules().backoff_max.0).cached(then);
        assert_eq!(s.todo, Some(Effect::Read));
        s.read();
        match deleted {
            true => assert_eq!(s.todo, None),
            false => assert_eq!(s.storing(), Report::Suspended),
        }
        assert_eq!(s.sends, 0);
    }
}

#[test]
fn a_suspended_operation_says_so_once_and_does_not_look() {
    let mut s = Script::new();
    s.object.wish.suspended = true;
    s.wake().written();
    assert_eq!(s.report, Some(Report::Suspended));
    assert_eq!(s.trail, ["Store", "Rest"]);
    assert_eq!(s.wake, None, "no polling");
}

#[test]
fn suspended_between_look_and_intent_nothing_is_sent() {
    let mut s = Script::new();
    s.wake().sees(Goal::Act(NATURAL)).permitted();
    s.object.wish.suspended = true;
    s.conflict().read().written();
    assert_eq!(s.report, Some(Report::Suspended));
    assert!(s.object.steps.is_empty());
    assert!(!s.trail.contains(&"Send"));
}

#[test]
fn suspended_between_two_attempts_the_intent_stays_unsent() {
    let mut s = Script::new();
    s.sent(NATURAL).unsent(THROTTLED);
    s.object.wish.suspended = true;
    let sends = s.trail.iter().filter(|e| **e == "Send").count();
    s.pass(5 * SECOND).wake().written();
    assert_eq!(s.report, Some(Report::Suspended));
    assert_eq!(s.trail.iter().filter(|e| **e == "Send").count(), sends);
}

#[test]
fn suspended_after_the_call_its_answer_is_still_recorded() {
    let mut s = Script::new();
    s.sent(NATURAL).answer(Answer::Accepted);
    s.on(Event::Unobserved(s.now, AWAY));
    s.object.wish.suspended = true;
    s.wake().written();
    assert_eq!(s.object.steps[0].answer, Some(Answer::Accepted));
}

#[test]
fn may_send_wants_all_of_its_conditions() {
    let s = Script::new();
    let now = s.now;
    let step = Step {
        number: 1,
        key: StepKey(0),
        class: Class::Never,
        writer: ME,
        intended: now,
        window: Span(30 * MINUTE),
        answer: None,
        answered: None,
    };
    let wish = s.object.wish;
    let at = |wall: i64, mono: i64| Now {
        wall: Tick(now.wall.0 + wall),
        mono: Tick(now.mono.0 + mono),
    };
    assert!(may_send(&step, ME, now, true, &wish));
    assert!(may_send(&step, ME, at(30 * MINUTE - 1, 0), true, &wish));

    assert!(!may_send(&step, Writer(8), now, true, &wish), "the writer");
    for answer in [
        Answer::Accepted,
        Answer::Unknown,
        Answer::NotSent,
        Answer::Refused(Verdict::Retry),
    ] {
        let answered = Step {
            answer: Some(answer),
            ..step
        };
        assert!(!may_send(&answered, ME, now, true, &wish), "{answer:?}");
    }
    assert!(!may_send(&step, ME, now, false, &wish), "the leader");
    for refusing in [
        Wish {
            execute: false,
            ..wish
        },
        Wish {
            suspended: true,
            ..wish
        },
        Wish {
            deleting: true,
            ..wish
        },
    ] {
        assert!(!may_send(&step, ME, now, true, &refusing), "{refusing:?}");
    }
    let late = 30 * MINUTE;
    assert!(!may_send(&step, ME, at(late, 0), true, &wish), "wall clock");
    assert!(!may_send(&step, ME, at(0, late), true, &wish), "monotonic");
    assert!(
        !may_send(&step, ME, at(-MINUTE, late), true, &wish),
        "a wall clock that was set back gives no time"
    );
}

#[test]
fn what_shows_while_the_call_was_never_sent_was_not_brought_about_by_it() {
    let already = Goal::Lost(GONE, Evidence::Presence);
    let ends = [
        (SEEN, End::Succeeded(How::AlreadySatisfied)),
        (already, End::Lost(GONE)),
    ];
    for plan in [NATURAL, NEVER] {
        for (then, end) in ends {
            let mut s = Script::new();
            s.sent(plan).unsent(THROTTLED);
            // To the kind, the call may have brought it about, until it is told otherwise.
            s.pass(rules().backoff_max.0).wake().sees(SEEN);
            s.written();
            assert_eq!(s.object.steps[0].answer, Some(Answer::NotSent));
            s.sees(then);
            if plan.ledger {
                s.closed();
            }
            s.written();
            assert_eq!(s.report, Some(Report::Ended(end)));
        }
    }
}
