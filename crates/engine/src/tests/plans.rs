//! A plan is judged as mode Execute would be, and nothing comes of it.

use super::ledger::{ORDER, ORPHAN, SPENT, foreign_claim, with};
use super::*;

const BLOCKED: Trouble = Trouble {
    code: FORBIDDEN,
    blocked: true,
    quiet: 0,
    pause: None,
    refused: false,
};

/// A plan whose next look finds the ledger like this.
fn planning(record: Record) -> Script {
    let mut s = with(record);
    s.object.wish.execute = false;
    s
}

/// It was reported, is judged again after this, and nothing else happened.
fn assert_planned(s: &mut Script, forecast: Forecast, again: Span) {
    s.written();
    assert_eq!(s.report, Some(Report::Planned(forecast)));
    assert_eq!(s.rests_for(), again, "{forecast:?}");
    for effect in ["Claim", "Intend", "Send", "Close", "Announce"] {
        assert!(!s.trail.contains(&effect), "{forecast:?}: {:?}", s.trail);
    }
    assert!(!s.object.ended && s.object.hold.is_none() && s.object.steps.is_empty());
}

#[test]
fn a_plan_says_that_its_call_would_be_sent() {
    for plan in [NATURAL, NEVER, ORDER] {
        let record = if plan.ledger {
            Record::Free
        } else {
            Record::None
        };
        let mut s = planning(record);
        s.wake().sees(Goal::Act(plan)).permitted();
        assert_planned(&mut s, Forecast::Sends, rules().recheck);
    }
}

#[test]
fn a_plan_says_how_it_would_end_at_once() {
    let absent = Goal::Lost(GONE, Evidence::Absence(Witness::NOT_THERE));
    let already = End::Succeeded(How::AlreadySatisfied);
    for (goal, end, looks) in [
        (SEEN, already, 1),
        (MISSING, already, 2),
        (Goal::Lost(GONE, Evidence::Presence), End::Lost(GONE), 1),
        (absent, End::Lost(GONE), 2),
    ] {
        let mut s = planning(Record::None);
        s.wake();
        for _ in 0..looks {
            s.sees(goal);
        }
        assert_planned(&mut s, Forecast::Ended(end), rules().recheck);
    }

    let mut s = planning(Record::Spent(SPENT));
    s.wake().sees(Goal::Act(ORDER));
    assert_planned(&mut s, Forecast::Ended(End::Lost(SPENT)), rules().recheck);

    let mut s = planning(Record::None);
    s.object.wish.not_after = Some(s.now.wall);
    s.wake().sees(Goal::Act(NATURAL));
    let missed = Forecast::Ended(End::WindowMissed);
    assert_planned(&mut s, missed, rules().recheck);
}

#[test]
fn a_plan_says_what_it_would_wait_for() {
    let mut s = planning(Record::None);
    s.wake().sees(Goal::Wait(BUSY, Some(Span(MINUTE))));
    assert_planned(&mut s, Forecast::Waits(BUSY), Span(MINUTE));

    let mut s = planning(Record::None);
    s.wake().sees(Goal::Unclear);
    assert_planned(&mut s, Forecast::Waits(OBSERVATION_UNCLEAR), rules().poll);

    let mut s = planning(Record::None);
    s.object.wish.not_before = Some(Tick(s.now.wall.0 + MINUTE));
    s.wake().sees(Goal::Act(NATURAL));
    assert_planned(&mut s, Forecast::BeforeWindow, Span(MINUTE));

    let mut s = planning(Record::None);
    s.object.wish.not_after = Some(s.now.wall);
    s.skewed = true;
    s.wake().sees(Goal::Act(NATURAL));
    assert_planned(&mut s, Forecast::Waits(CLOCK_SKEW), rules().poll);

    let mut s = planning(Record::None);
    s.wake().sees(Goal::Act(NATURAL));
    let throttled = Trouble {
        quiet: 0,
        ..THROTTLED
    };
    s.on(Event::Forbidden(s.now, throttled));
    assert_planned(&mut s, Forecast::Waits(THROTTLED.code), rules().backoff);

    for trace in [Trace::NotShown, Trace::Shown] {
        let mut s = planning(Record::Orphan(foreign_claim(), ORPHAN));
        s.wake().sees_with(Goal::Act(ORDER), trace);
        assert_planned(&mut s, Forecast::Resolves, rules().recheck);
    }
}

#[test]
fn a_plan_says_that_the_call_of_an_operation_that_is_gone_would_be_asked_about() {
    let mut s = planning(Record::Orphan(foreign_claim(), ORPHAN));
    s.wake().sees(Goal::Act(ORDER)).written();
    s.pass(rules().settle().0).wake().sees(Goal::Act(ORDER));
    let held = Forecast::Held(Hold::OrphanUnknown);
    assert_planned(&mut s, held, rules().recheck);
}

#[test]
fn a_plan_says_what_would_block_it() {
    let mut s = planning(Record::None);
    s.wake().sees(Goal::Block(FORBIDDEN));
    assert_planned(&mut s, Forecast::Blocked(FORBIDDEN), rules().recheck);

    let mut s = planning(Record::None);
    s.wake().sees(Goal::Act(ORDER));
    s.on(Event::Forbidden(s.now, BLOCKED));
    assert_planned(&mut s, Forecast::Blocked(FORBIDDEN), rules().recheck);

    let mut s = planning(Record::None);
    s.wake();
    s.on(Event::Unobserved(s.now, BLOCKED));
    assert_planned(&mut s, Forecast::Blocked(FORBIDDEN), rules().recheck);
}

#[test]
fn a_plan_says_what_would_be_asked() {
    let mut s = planning(Record::Free);
    s.object.restored = true;
    s.wake().sees(Goal::Act(ORDER));
    assert_planned(&mut s, Forecast::Held(Hold::NoRecord), rules().recheck);

    let mut s = planning(Record::None);
    s.wake().sees(asks(STANDS, 1));
    let held = Forecast::Held(Hold::OfKind(STANDS));
    assert_planned(&mut s, held, rules().recheck);
}

#[test]
fn a_cloud_that_cannot_be_read_says_nothing_of_a_plan() {
    let away = Trouble { quiet: 0, ..AWAY };
    let mut s = planning(Record::None);
    s.wake();
    s.on(Event::Unobserved(s.now, away)).written();
    assert_eq!(s.report, Some(Report::Waiting(AWAY.code)));

    // Nor does the first of the two readings that something missing takes.
    let mut s = planning(Record::None);
    s.wake().sees(MISSING);
    s.on(Event::Unobserved(s.now, away)).written();
    assert_eq!(s.report, Some(Report::Waiting(AWAY.code)));
}

#[test]
fn a_plan_is_judged_again_at_once_after_what_blocked_it_is_fixed() {
    let mut s = planning(Record::None);
    s.wake().sees(Goal::Act(ORDER));
    s.on(Event::Forbidden(s.now, BLOCKED)).written();
    // The connection's policy is edited, which wakes it.
    s.pass(SECOND).wake().sees(Goal::Act(ORDER)).permitted();
    assert_planned(&mut s, Forecast::Sends, rules().recheck);
}

#[test]
fn a_plan_that_is_executed_sends_its_call() {
    let mut s = planning(Record::None);
    s.wake().sees(Goal::Act(NEVER)).permitted().written();
    s.object.wish.execute = true;
    s.sent(NEVER);
    assert_eq!(s.todo, Some(Effect::Send(1)));
}

#[test]
fn after_a_call_without_effect_a_plan_is_judged_and_keeps_no_claim() {
    let order = Plan {
        ledger: true,
        ..NEVER
    };
    for throttled in [false, true] {
        let mut s = Script::new();
        s.record = Record::Free;
        s.wake().sees(Goal::Act(order)).permitted();
        let Some(Effect::Claim(step)) = s.todo else {
            panic!("a claim comes first");
        };
        s.permitted().written();
        s.record = Record::Ours(step);
        match throttled {
            true => s.unsent(THROTTLED),
            false => s.answer(Answer::Refused(Verdict::Blocked(FORBIDDEN))),
        };
        if !throttled {
            // Its claim is released with that, or found at the next look.
            s.written().closed();
            s.record = Record::Free;
        }
        s.object.wish.execute = false;
        s.object.wish.not_after = Some(Tick(s.now.wall.0 - 1));
        s.pass(rules().recheck.0).wake().sees(Goal::Act(order));
        if throttled {
            assert_eq!(s.storing(), Report::Planned(Forecast::Sends));
            s.written();
            assert_eq!(s.object.steps[0].answer, Some(Answer::NotSent));
            assert_eq!(s.todo, Some(Effect::Close(step, Closing::NoEffect)));
            s.closed();
            s.record = Record::Free;
            s.sees(Goal::Act(order));
        }
        s.written();
        let missed = Forecast::Ended(End::WindowMissed);
        assert_eq!(s.report, Some(Report::Planned(missed)), "{throttled}");
        assert_eq!(s.sends, usize::from(!throttled));
    }
}
