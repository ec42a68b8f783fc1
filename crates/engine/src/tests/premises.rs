//! When a question is withdrawn: when its premise is gone, and at nothing else.

use super::decisions::held;
use super::ledger::{ORDER, foreign_claim};
use super::*;

/// The question is over, and that was announced.
fn assert_withdrawn(s: &Script, hold: Hold) {
    assert_eq!(s.object.hold, None, "{hold:?}");
    assert_eq!(s.announced, [Report::Withdrawn(hold)], "{hold:?}");
}

#[test]
fn an_unknown_answer_whose_call_is_found_is_no_question_any_more() {
    // SendAgain would place a second order.
    for decision in [None, Some(Decision::SendAgain)] {
        let mut s = held(Hold::AnswerUnknown);
        if let Some(decision) = decision {
            s.decide(decision);
        }
        s.wake().sees_with(Goal::Wait(BUSY, None), Trace::Shown);
        s.written();
        assert_withdrawn(&s, Hold::AnswerUnknown);
        assert_eq!(s.object.steps[0].answer, Some(Answer::Accepted));
        assert_eq!((s.report, s.sends), (Some(Report::Waiting(BUSY)), 1));
    }
}

#[test]
fn an_unknown_answer_whose_second_call_is_found_is_no_question_either() {
    let mut s = held(Hold::AnswerUnknown);
    s.decide(Decision::SendAgain).wake().sees(Goal::Act(ORDER));
    s.permitted();
    s.record = Record::Ours(s.claiming());
    s.permitted().written().answer(Answer::Unknown).written();
    s.sees(Goal::Act(ORDER)).written();
    s.pass(61 * MINUTE).wake().sees(Goal::Act(ORDER)).written();
    assert_eq!(s.report, Some(Report::Held(Hold::AnswerUnknown)));
    s.announced.clear();
    s.decide(Decision::SendAgain);
    s.wake().sees_with(Goal::Wait(BUSY, None), Trace::Shown);
    s.written();
    assert_withdrawn(&s, Hold::AnswerUnknown);
    assert_eq!(s.sends, 2);
}

#[test]
fn a_natural_step_that_was_unclear_is_sent_again_once_the_reading_is_clear() {
    let mut s = Script::new();
    s.sent(NATURAL).answer(Answer::Unknown);
    s.sees(Goal::Unclear).written();
    assert_eq!(s.report, Some(Report::ResolvingAnswer));
    s.pass(61 * MINUTE).wake().sees(Goal::Unclear).written();
    assert_eq!(s.report, Some(Report::Held(Hold::AnswerUnknown)));
    s.announced.clear();
    s.pass(MINUTE).wake().sees(Goal::Act(NATURAL)).permitted();
    s.written();
    assert_withdrawn(&s, Hold::AnswerUnknown);
    assert_eq!(s.todo, Some(Effect::Send(2)));
}

#[test]
fn a_proof_that_is_not_due_yet_is_no_question_any_more() {
    let mut s = held(Hold::ProofTimeout);
    s.wake();
    let view = View {
        due: Due::Later,
        ..s.view(Goal::Wait(BUSY, None), Trace::NotShown)
    };
    s.on(Event::Observed(s.now, view)).written();
    assert_withdrawn(&s, Hold::ProofTimeout);
    assert_eq!(s.report, Some(Report::Waiting(BUSY)));
}

#[test]
fn a_proof_is_not_asked_for_once_another_step_is_next() {
    let other = plan(1, Class::Natural);
    let mut s = Script::new();
    s.sent(NATURAL).answer(Answer::Accepted);
    s.sees(Goal::Act(NATURAL)).written();
    s.pass(61 * MINUTE)
        .wake()
        .sees(Goal::Act(NATURAL))
        .written();
    assert_eq!(s.report, Some(Report::Held(Hold::ProofTimeout)));
    s.announced.clear();
    s.pass(MINUTE).wake().sees(Goal::Act(other)).permitted();
    assert_eq!(s.intent().key, other.key);
    s.written();
    assert_withdrawn(&s, Hold::ProofTimeout);
}

#[test]
fn a_ledger_that_has_a_record_again_ends_the_questions_about_it() {
    let mut s = held(Hold::LedgerConflict);
    s.record = Record::Ours(s.object.steps[0]);
    s.wake().sees(Goal::Wait(BUSY, None)).written();
    assert_withdrawn(&s, Hold::LedgerConflict);

    let mut s = held(Hold::NoRecord);
    s.record = Record::Spent(GONE);
    s.wake().sees(Goal::Wait(BUSY, None)).written();
    assert_withdrawn(&s, Hold::NoRecord);

    let mut s = held(Hold::OrphanUnknown);
    s.record = Record::Free;
    s.wake().sees(Goal::Wait(BUSY, None)).written();
    assert_withdrawn(&s, Hold::OrphanUnknown);
}

#[test]
fn a_ledger_that_was_not_read_ends_no_question_about_it() {
    for hold in [Hold::OrphanUnknown, Hold::NoRecord, Hold::LedgerConflict] {
        let mut s = held(hold);
        let question = s.object.hold;
        s.record = Record::None;
        s.wake().sees(Goal::Wait(BUSY, None)).written();
        assert_eq!(s.object.hold, question, "{hold:?}");
    }
}

#[test]
fn a_question_of_the_kind_is_withdrawn_when_its_cause_is_gone() {
    for hold in HOLDS.into_iter().filter(|hold| hold.is_of_the_kind()) {
        for goal in [
            Goal::Wait(BUSY, None),
            Goal::Block(FORBIDDEN),
            Goal::Act(GOING_ON),
        ] {
            let mut s = held(hold);
            s.wake().sees(goal);
            match goal {
                Goal::Act(_) => s.permitted().written(),
                _ => s.written(),
            };
            assert_withdrawn(&s, hold);
        }
        let mut s = held(hold);
        s.wake().sees(SEEN).written();
        let end = Report::Ended(End::Succeeded(How::AlreadySatisfied));
        assert_eq!(s.announced, [Report::Withdrawn(hold), end], "{hold:?}");
    }
}

#[test]
fn another_question_of_the_kind_takes_the_place_of_the_first() {
    let ask = |pin| asks(STANDS, pin);
    let mut s = held(Hold::OfKind(STANDS));
    s.wake().sees(ask(2)).written();
    let held = Report::Held(Hold::OfKind(STANDS));
    assert_eq!(s.announced, [Report::Withdrawn(Hold::OfKind(STANDS)), held]);
    assert_eq!(s.object.hold.map(|question| question.pin), Some(Pin(2)));
}

#[test]
fn an_unclear_reading_withdraws_no_question() {
    for hold in HOLDS {
        for due in [Due::SinceAnswer, Due::Later] {
            let mut s = held(hold);
            let question = s.object.hold;
            s.wake();
            let view = View {
                due,
                ..s.view(Goal::Unclear, Trace::NotShown)
            };
            s.on(Event::Observed(s.now, view)).written();
            assert_eq!(s.object.hold, question, "{hold:?}, {due:?}");
            assert!(s.announced.is_empty());
        }
    }
}

/// Labels, schedules, time-outs, the mode and suspending are no reason to send what a
/// question is about.
#[test]
fn an_edit_of_the_object_withdraws_no_question() {
    type Edit = fn(&mut Stored);
    let edits: [(&str, Edit); 7] = [
        ("the restore label is gone", |o| o.restored = false),
        ("a restore label is added", |o| o.restored = true),
        ("a longer verifyTimeout", |o| {
            o.wish.verify_timeout = Span(600 * MINUTE);
        }),
        ("mode Plan", |o| o.wish.execute = false),
        ("suspended", |o| o.wish.suspended = true),
        ("a window that has passed", |o| {
            o.wish.not_after = Some(Tick(0));
        }),
        ("a window to come", |o| {
            o.wish.not_before = Some(Tick(i64::MAX));
        }),
    ];
    for hold in HOLDS {
        for (edit, of) in edits {
            for due in [Due::SinceAnswer, Due::Since(Tick(0))] {
                let case = format!("{hold:?}: {edit}, {due:?}");
                let mut s = held(hold);
                let question = s.object.hold.expect("a question");
                of(&mut s.object);
                s.wake();
                if s.todo == Some(Effect::Observe) {
                    let goal = match hold {
                        Hold::OfKind(code) => asks(code, question.pin.0),
                        _ => Goal::Act(ORDER),
                    };
                    let view = View {
                        due,
                        ..s.view(goal, Trace::NotShown)
                    };
                    s.on(Event::Observed(s.now, view));
                }
                s.written();
                assert_eq!(s.object.hold, Some(question), "{case}");
                assert!(s.announced.is_empty(), "{case}");
                assert_eq!(s.todo, None, "{case}");
            }
        }
    }
}

#[test]
fn a_question_does_not_come_and_go_while_nothing_changes() {
    for hold in HOLDS {
        let mut s = held(hold);
        let question = s.object.hold;
        let goals = match hold {
            Hold::OfKind(code) => [asks(code, 1), Goal::Unclear, asks(code, 1)],
            _ => [Goal::Act(ORDER), Goal::Unclear, Goal::Wait(BUSY, None)],
        };
        for goal in goals.into_iter().cycle().take(12) {
            s.pass(5 * MINUTE).wake().sees(goal).written();
            assert_eq!(s.object.hold, question, "{hold:?}, {goal:?}");
        }
        assert!(s.announced.is_empty(), "{hold:?}");
    }
}

/// A step that has run its course is not waited for, and not asked about by turns.
#[test]
fn an_accepted_step_that_has_run_its_course_is_not_asked_about() {
    let mut s = Script::new();
    s.sent(NATURAL).answer(Answer::Accepted);
    s.past.over = 1;
    s.sees(Goal::Wait(BUSY, None)).written();
    for _ in 0..3 {
        s.pass(61 * MINUTE)
            .wake()
            .sees(Goal::Wait(BUSY, None))
            .written();
        assert_eq!(s.report, Some(Report::Waiting(BUSY)));
    }
    assert!(s.announced.is_empty());
}

/// Found by the model: with a claim in the ledger that status does not have, it waited
/// for ever and asked nobody.
#[test]
fn an_accepted_step_is_asked_about_whatever_was_claimed_since() {
    let mut s = Script::new();
    s.ordered().answer(Answer::Accepted).written();
    s.record = Record::Ours(Step {
        number: 2,
        ..foreign_claim()
    });
    s.sees(Goal::Wait(BUSY, None)).written();
    s.pass(61 * MINUTE)
        .wake()
        .sees(Goal::Wait(BUSY, None))
        .written();
    assert_eq!(s.report, Some(Report::Held(Hold::ProofTimeout)));
}

#[test]
fn a_withdrawal_that_was_stored_unheard_is_announced_when_it_is_read() {
    for late in [false, true] {
        let mut s = held(Hold::AnswerUnknown);
        s.wake().sees_with(Goal::Wait(BUSY, None), Trace::Shown);
        s.arrives().no_reply();
        assert!(s.announced.is_empty());
        if late {
            s.no_reply();
            s.pass(s.rests_for().0).wake();
        } else {
            s.read();
        }
        s.sees_with(Goal::Wait(BUSY, None), Trace::Shown).written();
        assert_withdrawn(&s, Hold::AnswerUnknown);
    }
}

#[test]
fn a_withdrawal_that_was_not_stored_is_announced_once_it_is() {
    let mut s = held(Hold::AnswerUnknown);
    s.wake().sees_with(Goal::Wait(BUSY, None), Trace::Shown);
    s.no_reply().read();
    assert!(s.announced.is_empty());
    s.sees_with(Goal::Wait(BUSY, None), Trace::Shown).written();
    assert_withdrawn(&s, Hold::AnswerUnknown);
    s.pass(MINUTE).wake().sees(Goal::Wait(BUSY, None)).written();
    assert_eq!(s.announced.len(), 1, "once");
}
