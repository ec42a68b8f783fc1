//! Refusals that are in no table, and how soon a proof is looked for.

use super::*;

/// As the shell words a read that is refused.
const REFUSED: Trouble = Trouble {
    code: Code(60),
    blocked: false,
    quiet: 0,
    pause: None,
    refused: true,
};
const BLOCKED: Option<Report> = Some(Report::Blocked(CLOUD_REFUSES));

/// The step is due, sent, and refused; then the cloud is observed and shows nothing.
fn refused(s: &mut Script, plan: Plan) {
    s.wake().sees(Goal::Act(plan)).permitted().written();
    s.answer(Answer::Unlisted).sees(Goal::Act(plan)).written();
}

fn unread(s: &mut Script, trouble: Trouble) {
    s.wake();
    s.on(Event::Unobserved(s.now, trouble)).written();
}

#[test]
fn three_unlisted_refusals_of_a_step_in_a_row_are_blocked_and_retried_slowly() {
    let mut s = Script::new();
    for pause in [1, 2] {
        refused(&mut s, NATURAL);
        assert_eq!(s.report, Some(Report::ResolvingAnswer));
        assert_eq!(s.rests_for(), Span(pause * SECOND));
        s.pass(s.rests_for().0);
    }
    for _ in 0..3 {
        refused(&mut s, NATURAL);
        assert_eq!(s.report, BLOCKED);
        assert_eq!(s.rests_for(), rules().recheck);
        s.pass(s.rests_for().0 - 1)
            .wake()
            .sees(Goal::Act(NATURAL))
            .written();
        assert_eq!(s.report, BLOCKED, "not before its time");
        s.pass(1);
    }
    assert_eq!(s.sends, 5);
    s.wake().sees(Goal::Act(NATURAL)).permitted().written();
    s.answer(Answer::Accepted).sees(SEEN).written();
    assert_eq!(s.report, Some(Report::Ended(End::Succeeded(How::Proven))));
}

#[test]
fn another_answer_ends_a_row_of_refusals() {
    let mut s = Script::new();
    for answer in [Answer::Unlisted, Answer::Unlisted, Answer::Unknown] {
        s.wake().sees(Goal::Act(NATURAL)).permitted().written();
        s.answer(answer).sees(Goal::Act(NATURAL)).written();
        s.pass(s.rests_for().0);
    }
    for _ in 0..2 {
        refused(&mut s, NATURAL);
        assert_eq!(s.report, Some(Report::ResolvingAnswer));
        s.pass(s.rests_for().0);
    }
    refused(&mut s, NATURAL);
    assert_eq!(s.report, BLOCKED);
}

#[test]
fn a_restart_forgets_no_refusal() {
    let mut s = Script::new();
    for _ in 0..2 {
        refused(&mut s, NATURAL);
        s.pass(s.rests_for().0);
    }
    s.restart();
    refused(&mut s, NATURAL);
    assert_eq!(s.report, BLOCKED);
}

#[test]
fn a_change_ends_the_pause_after_refusals() {
    let mut s = Script::new();
    for _ in 0..3 {
        refused(&mut s, NATURAL);
        s.pass(MINUTE);
    }
    s.object.wish.changed = true;
    s.wake().sees(Goal::Act(NATURAL)).permitted();
    assert!(matches!(s.todo, Some(Effect::Intend(..))));
}

#[test]
fn a_step_that_must_not_repeat_is_held_however_it_was_refused() {
    let mut s = Script::new();
    s.sent(NEVER).answer(Answer::Unlisted);
    assert_eq!(s.storing(), Report::ResolvingAnswer);
    s.written().sees(Goal::Act(NEVER)).written();
    s.pass(rules().settle().0)
        .wake()
        .sees(Goal::Act(NEVER))
        .written();
    assert_eq!(s.report, Some(Report::Held(Hold::AnswerUnknown)));
    assert_eq!(s.sends, 1);
}

/// Sessions as they come due, until that step may be sent.
fn due(s: &mut Script, plan: Plan) {
    while s.todo != Some(Effect::Permit(plan)) {
        match s.todo {
            None => s.pass(s.wake.map_or(0, |pause| pause.0)).wake(),
            Some(Effect::Observe) => s.sees(Goal::Act(plan)),
            _ => s.written(),
        };
    }
}

#[test]
fn a_step_of_every_class_that_errand_repeats_is_blocked_after_three_refusals() {
    for plan in [NATURAL, TOKEN, PROVABLE] {
        let mut s = Script::new();
        for times in 1..=5 {
            due(&mut s, plan);
            s.permitted().written().answer(Answer::Unlisted);
            while s.todo.is_some() {
                if s.todo == Some(Effect::Observe) {
                    s.sees(Goal::Act(plan));
                    continue;
                }
                s.written();
                let blocked = s.report == BLOCKED;
                assert_eq!(blocked, times >= 3, "{plan:?} {times} {:?}", s.report);
            }
            let slow = s.rests_for() == rules().recheck;
            assert_eq!(slow, times >= 3, "{plan:?} {times} {:?}", s.rests_for());
            let sent = s.now;
            due(&mut s, plan);
            let since = s.now.wall.0 - sent.wall.0;
            match plan {
                PROVABLE => assert_eq!(since, rules().settle().0, "no sooner"),
                _ => assert!(since <= rules().settle().0, "{plan:?} {since}"),
            }
        }
    }
}

#[test]
fn refusals_of_a_step_that_has_run_its_course_do_not_count_for_the_next_one() {
    let mut s = Script::new();
    for _ in 0..3 {
        refused(&mut s, NATURAL);
        s.pass(s.rests_for().0);
    }
    assert_eq!(s.report, BLOCKED);
    s.past.over = 3;
    refused(&mut s, NATURAL);
    assert_eq!(s.report, Some(Report::ResolvingAnswer));
}

/// Whatever is in the way, in any order of deadline and pause.
#[test]
fn near_a_deadline_of_the_cloud_no_pause_is_long_and_none_ends_after_it() {
    let forbidden = Trouble {
        blocked: true,
        quiet: 0,
        ..AWAY
    };
    let troubles = [THROTTLED, AWAY, REFUSED, forbidden];
    for left in [1, 700, 29 * SECOND, 31 * SECOND, 10 * MINUTE, 29 * MINUTE] {
        for sent in [true, false] {
            for trouble in troubles {
                let mut s = Script::new();
                let deadline = s.now.wall.0 + left;
                s.object.deadline = Some(Tick(deadline));
                while s.now.wall.0 < deadline {
                    s.wake();
                    match sent {
                        true if s.object.steps.is_empty() => {
                            s.sees(Goal::Act(NATURAL)).permitted().written();
                            s.unsent(trouble);
                        }
                        true => {
                            s.sees(Goal::Act(NATURAL)).permitted();
                            assert_eq!(s.todo, Some(Effect::Send(1)), "it is due");
                            s.unsent(trouble);
                        }
                        false => {
                            s.on(Event::Unobserved(s.now, trouble));
                        }
                    }
                    if s.todo.is_some() {
                        s.written();
                    }
                    let pause = s.rests_for();
                    assert!(pause <= rules().poll, "{trouble:?} {pause:?}");
                    s.pass(pause.0);
                    assert!(s.now.wall.0 <= deadline, "{trouble:?} {pause:?}");
                }
            }
        }
    }
}

#[test]
fn a_pause_ends_when_a_deadline_of_the_cloud_becomes_near() {
    let within = |minutes: i64, left: i64| {
        let deadline = Some(Tick(left));
        rules().within(Span(minutes * MINUTE), deadline, Tick(0)).0
    };
    assert_eq!(within(5, 60 * MINUTE), 5 * MINUTE);
    assert_eq!(within(5, 33 * MINUTE), 3 * MINUTE);
    assert_eq!(within(5, 30 * MINUTE), 30 * SECOND);
    assert_eq!(within(5, 30 * MINUTE - 1), 30 * SECOND);
    assert_eq!(within(5, 10 * SECOND), 10 * SECOND);
    assert_eq!(within(5, 0), 5 * MINUTE);
    assert_eq!(within(5, -MINUTE), 5 * MINUTE);
    let none = rules().within(Span(5 * MINUTE), None, Tick(0));
    assert_eq!(none.0, 5 * MINUTE);
}

#[test]
fn a_deadline_of_the_cloud_keeps_retries_short_until_it_has_passed() {
    for (minutes, pause) in [
        (40, rules().recheck),
        (20, rules().poll),
        (-1, rules().recheck),
    ] {
        let mut s = Script::new();
        s.object.deadline = Some(Tick(s.now.wall.0 + minutes * MINUTE));
        for _ in 0..2 {
            refused(&mut s, NATURAL);
            s.pass(s.rests_for().0);
        }
        refused(&mut s, NATURAL);
        assert_eq!((s.report, s.rests_for()), (BLOCKED, pause), "{minutes}");
        let deadline = s.object.deadline;
        let mut s = Script::new();
        s.object.deadline = deadline;
        for _ in 0..3 {
            unread(&mut s, REFUSED);
        }
        assert_eq!(s.rests_for(), pause, "{minutes}");
        let mut s = Script::new();
        s.object.deadline = deadline;
        s.sent(NATURAL);
        s.answer(Answer::Refused(Verdict::Blocked(FORBIDDEN)))
            .written();
        assert_eq!(s.rests_for(), pause, "{minutes}");
    }
}

#[test]
fn three_reads_refused_in_a_row_are_blocked_and_the_first_is_reported_at_once() {
    let mut s = Script::new();
    for pause in [1, 2] {
        unread(&mut s, REFUSED);
        assert_eq!(s.report, Some(Report::Waiting(REFUSED.code)));
        assert_eq!(s.rests_for(), Span(pause * SECOND));
        s.pass(s.rests_for().0);
    }
    for _ in 0..2 {
        unread(&mut s, REFUSED);
        assert_eq!(s.report, Some(Report::Blocked(REFUSED.code)));
        assert_eq!(s.rests_for(), rules().recheck);
        s.pass(s.rests_for().0);
    }
    // A read that succeeds, or fails otherwise, ends the row.
    unread(&mut s, Trouble { quiet: 0, ..AWAY });
    unread(&mut s, REFUSED);
    assert_eq!(s.report, Some(Report::Waiting(REFUSED.code)));
}

#[test]
fn a_read_that_stays_refused_after_a_restart_stays_blocked() {
    let mut s = Script::new();
    s.object.refused = true;
    unread(&mut s, REFUSED);
    assert_eq!(s.report, Some(Report::Blocked(REFUSED.code)));
}

#[test]
fn a_proof_is_looked_for_soon_at_first_and_then_more_slowly() {
    let first = |seconds: i64| rules().until_proof(Span(seconds * SECOND), false);
    let pauses = [-5, 0, 1, 4, 8, 40, 120, 3600].map(|seconds| first(seconds).0);
    assert_eq!(
        pauses,
        [1_000, 1_000, 1_000, 1_000, 2_000, 10_000, 30_000, 30_000]
    );
    for goal in [Goal::Act(NEVER), Goal::Wait(BUSY, None), Goal::Unclear] {
        let mut s = Script::new();
        s.sent(NEVER)
            .answer(Answer::Accepted)
            .written()
            .sees(goal)
            .written();
        let (mut observations, mut since) = (0, 0);
        while since < 600 * SECOND {
            let pause = s.rests_for();
            assert_eq!(pause, rules().until_proof(Span(since), false), "{goal:?}");
            since += pause.0;
            observations += 1;
            s.pass(pause.0).wake().sees(goal).written();
        }
        assert!(observations <= 600 / 30 + 18, "{observations} {goal:?}");
    }
}

#[test]
fn an_effect_that_passes_is_looked_for_every_second_of_the_first_minute() {
    let mut s = Script::new();
    s.sent(NEVER).answer(Answer::Accepted).written();
    let look = |s: &mut Script| {
        let view = View {
            due: Due::Passing,
            ..s.view(Goal::Act(NEVER), Trace::NotShown)
        };
        s.on(Event::Observed(s.now, view)).written();
    };
    look(&mut s);
    for second in 0..60 {
        assert_eq!(s.rests_for(), Span(SECOND), "{second}");
        s.pass(SECOND).wake();
        look(&mut s);
    }
    assert_eq!(s.rests_for(), rules().until_proof(Span(60 * SECOND), false));
}

#[test]
fn before_a_call_was_accepted_the_routine_interval_holds() {
    for goal in [Goal::Wait(BUSY, None), Goal::Unclear] {
        let mut s = Script::new();
        s.wake().sees(goal).written();
        assert_eq!(s.rests_for(), rules().poll, "{goal:?}");
    }
}
