//! Pauses and failures: what is told, and how soon it is tried again.

use super::*;

#[test]
fn what_is_not_ready_is_looked_at_again_as_routine_or_when_the_cloud_says() {
    let mut s = Script::new();
    s.wake().sees(Goal::Wait(BUSY, None)).written();
    assert_eq!(s.report, Some(Report::Waiting(BUSY)));
    assert_eq!(s.rests_for(), rules().poll);

    s.pass(MINUTE).wake();
    s.sees(Goal::Wait(BUSY, Some(Span(MINUTE)))).written();
    assert_eq!(s.rests_for(), Span(MINUTE));
}

#[test]
fn a_failure_that_passes_is_not_told_one_that_lasts_is() {
    let mut s = Script::new();
    for _ in 0..AWAY.quiet {
        s.wake();
        s.on(Event::Unobserved(s.now, AWAY));
        s.pass(s.rests_for().0);
    }
    assert_eq!(s.writes, 0);
    s.wake();
    s.on(Event::Unobserved(s.now, AWAY)).written();
    assert_eq!(s.report, Some(Report::Waiting(AWAY.code)));
}

#[test]
fn a_look_that_succeeds_ends_a_row_of_failures() {
    let mut s = Script::new();
    s.sent(NATURAL)
        .answer(Answer::Accepted)
        .sees(Goal::Act(NATURAL))
        .written();
    for _ in 0..10 {
        s.pass(MINUTE).wake();
        s.on(Event::Unobserved(s.now, AWAY));
        assert_eq!(s.rests_for(), rules().backoff, "the first of its row");
        s.pass(SECOND).wake().sees(Goal::Act(NATURAL)).written();
        assert_eq!(s.report, Some(Report::Verifying));
    }
}

#[test]
fn what_a_person_has_to_mend_is_told_at_once() {
    let blocked = Trouble {
        code: FORBIDDEN,
        blocked: true,
        quiet: 0,
        pause: None,
        refused: false,
    };
    let mut s = Script::new();
    s.wake();
    s.on(Event::Unobserved(s.now, blocked)).written();
    assert_eq!(s.report, Some(Report::Blocked(FORBIDDEN)));
    assert_eq!(s.rests_for(), rules().recheck);
}

#[test]
fn a_permit_that_is_refused_writes_no_intent() {
    let mut s = Script::new();
    s.wake().sees(Goal::Act(NEVER));
    s.on(Event::Forbidden(s.now, AWAY));
    assert_eq!(s.trail, ["Observe", "Permit", "Rest"]);
}

#[test]
fn a_pause_that_the_shell_names_is_taken() {
    let mut s = Script::new();
    s.wake();
    let trouble = Trouble {
        pause: Some(Span(7 * SECOND)),
        ..AWAY
    };
    s.on(Event::Unobserved(s.now, trouble));
    assert_eq!(s.rests_for(), Span(7 * SECOND));
}

#[test]
fn an_object_that_is_gone_is_left_alone() {
    let mut s = Script::new();
    s.wake().sees(Goal::Act(NATURAL)).permitted().conflict();
    s.on(Event::Gone);
    assert_eq!((s.trail.last(), s.wake), (Some(&"Rest"), None));
}

#[test]
fn settle_covers_lease_signature_margin_and_call() {
    let rules = rules();
    let sum = 15 * SECOND + 15 * MINUTE + 10 * MINUTE + 30 * SECOND;
    assert_eq!(rules.settle(), Span(sum));
}

#[test]
fn pauses_double_up_to_their_limit() {
    let rules = rules();
    let pauses = [0, 1, 2, 3, 6, 7, 40, u32::MAX].map(|n| rules.pause(n).0 / SECOND);
    assert_eq!(pauses, [1, 1, 2, 4, 32, 60, 60, 60]);
}

#[test]
fn a_wall_clock_that_is_set_back_does_not_keep_the_next_attempt_waiting() {
    let mut s = Script::new();
    s.sent(NATURAL).unsent(AWAY);
    s.pass(s.rests_for().0);
    s.now.wall.0 -= 60 * MINUTE;
    s.wake().sees(Goal::Act(NATURAL)).permitted();
    assert_eq!(s.todo, Some(Effect::Send(1)));
}

#[test]
fn a_pause_counts_from_what_decided_it_and_not_from_the_write_that_tells_it() {
    let now = Now::default();
    let object = Script::new().object;
    for event in [
        Event::Woken(now, object),
        Event::Unobserved(now, AWAY),
        Event::Recalled(now, Record::None),
        Event::Permitted(now),
        Event::Forbidden(now, AWAY),
        Event::NoReply(now),
        Event::Answered(now, Answer::Accepted),
        Event::Unsent(now, AWAY),
    ] {
        assert_eq!(event.decides_at(), Some(now), "{event:?}");
    }
    for event in [Event::Gone, Event::Conflict, Event::Written(now, true)] {
        assert_eq!(event.decides_at(), None, "{event:?}");
    }
}

#[test]
fn a_change_ends_the_pause_before_the_next_attempt() {
    for changed in [false, true] {
        let mut s = Script::new();
        s.sent(NATURAL).unsent(THROTTLED);
        s.object.wish.changed = changed;
        s.wake().sees(Goal::Act(NATURAL));
        let permit = matches!(s.todo, Some(Effect::Permit(_)));
        assert_eq!(permit, changed, "{:?}", s.todo);
    }
}
