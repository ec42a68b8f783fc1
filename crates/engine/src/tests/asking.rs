//! Questions of a kind, and operations of more than one step.

use super::*;

const STOP: Plan = plan(0, Class::Natural);
const CANCEL: Plan = plan(1, Class::Natural);

/// The cloud stands still; `pin` says where.
fn paused(pin: u64) -> Goal {
    asks(FAILED, pin)
}

/// A person was asked.
fn asked(pin: u64) -> Script {
    let mut s = Script::new();
    s.wake().sees(paused(pin)).written();
    assert_eq!(s.report, Some(Report::Held(Hold::OfKind(FAILED))));
    s
}

#[test]
fn what_a_person_chooses_is_sent_once_and_ends_the_question() {
    for (decision, plan) in [(RETRY, RETRYING), (GO_ON, GOING_ON)] {
        let mut s = asked(1);
        s.decide(decision);
        s.wake().sees(paused(1)).permitted();
        assert_eq!(s.intent().key, plan.key);
        s.written();
        assert_eq!(s.object.hold, None, "the intent's own write ends it");
        s.answer(Answer::Accepted).written();
        // It stands still again, elsewhere: the same answer is none to that.
        s.sees(paused(2)).written();
        let again = s.object.hold.expect("another question");
        assert_eq!((again.pin, s.sends), (Pin(2), 1));
        s.pass(MINUTE).wake().sees(paused(2)).written();
        assert_eq!((s.object.hold, s.sends), (Some(again), 1));
    }
}

#[test]
fn a_decision_is_about_what_was_shown_when_it_was_asked() {
    let mut s = asked(1);
    let first = s.object.hold.expect("a question");
    s.decide(GO_ON);
    s.wake().sees(paused(2)).written();
    let second = s.object.hold.expect("another question");
    assert_ne!(first.id, second.id);
    assert_eq!(s.sends, 0);
}

#[test]
fn a_question_is_over_when_its_cause_does_not_show_any_more() {
    let mut s = asked(1);
    s.pass(MINUTE).wake().sees(Goal::Wait(BUSY, None)).written();
    assert_eq!(s.object.hold, None);
    assert_eq!(s.report, Some(Report::Waiting(BUSY)));
    s.pass(MINUTE).wake().sees(SEEN).written();
    assert!(s.object.ended);
}

#[test]
fn a_question_of_a_kind_can_be_given_up_or_looked_at_again() {
    let mut s = asked(1);
    s.decide(Decision::GiveUp);
    s.wake().recalled().written();
    assert_eq!(s.report, Some(Report::Ended(End::GivenUp)));

    let unreachable = asks(UNREACHABLE, 3);
    let mut s = Script::new();
    s.wake().sees(unreachable).written();
    let first = s.object.hold.expect("a question").id;
    s.decide(Decision::LookAgain);
    s.wake().sees(unreachable).written();
    assert_eq!(s.todo, Some(Effect::Observe), "it looks again at once");
    s.sees(unreachable).written();
    assert_ne!(s.object.hold.expect("asked anew").id, first);
    assert_eq!(s.sends, 0);
}

#[test]
fn a_plan_reports_the_question_and_does_not_put_it() {
    let mut s = Script::new();
    s.object.wish.execute = false;
    s.wake().sees(paused(1)).written();
    assert_eq!(
        s.report,
        Some(Report::Planned(Forecast::Held(Hold::OfKind(FAILED))))
    );
    assert_eq!(s.object.hold, None);
    assert!(s.announced.is_empty());
}

#[test]
fn a_second_step_follows_a_first_whose_effect_shows() {
    let mut s = Script::new();
    s.sent(STOP).answer(Answer::Accepted);
    s.sees(Goal::Act(CANCEL)).permitted().written();
    assert_eq!(s.object.steps[0].answer, Some(Answer::Accepted));
    s.answer(Answer::Accepted).sees(SEEN).written();
    assert_eq!(s.report, Some(Report::Ended(End::Succeeded(How::Proven))));
    assert_eq!(s.sends, 2);
}

#[test]
fn an_open_step_that_is_against_what_is_wanted_now_is_waited_for_until_settle() {
    for goal in [SEEN, Goal::Act(GOING_ON), paused(1)] {
        let mut s = Script::new();
        s.sent(STOP).answer(Answer::Unknown);
        s.past.contrary = true;
        s.sees(goal).written();
        assert_eq!(s.report, Some(Report::ResolvingAnswer), "{goal:?}");
        s.pass(rules().settle().0 - 1).wake().sees(goal);
        assert_eq!(s.storing(), Report::ResolvingAnswer, "{goal:?}");
        s.written().pass(1).wake().sees(goal);
        assert_ne!(s.todo, None);
        assert!(!matches!(
            s.todo,
            Some(Effect::Store(Change {
                report: Report::ResolvingAnswer,
                ..
            }))
        ));
    }
}

/// Found by the model: the kind calls a step open that this process knows to be
/// accepted, and nothing waited for it.
#[test]
fn an_answer_that_the_kind_does_not_know_is_stored_before_it_is_against_what_is_wanted() {
    let mut s = Script::new();
    s.sent(CANCEL).answer(Answer::Accepted);
    s.past.contrary = true;
    s.sees(SEEN);
    assert_eq!(s.storing(), Report::Verifying);
    s.written();
    assert_eq!(s.object.steps[0].answer, Some(Answer::Accepted));
    assert_eq!(s.todo, Some(Effect::Observe));
}

#[test]
fn a_step_that_has_run_its_course_is_no_answer_to_the_next_of_its_name() {
    let mut s = Script::new();
    s.sent(STOP).answer(Answer::Accepted);
    s.sees(Goal::Act(STOP)).written();
    assert_eq!(s.report, Some(Report::Verifying), "its effect is awaited");
    s.past.over = 1;
    s.pass(MINUTE).wake().sees(Goal::Act(STOP)).permitted();
    assert_eq!(s.intent().number, 2);
}

#[test]
fn a_refusal_that_says_it_is_too_late_ends_with_that_reason() {
    let late = Answer::Refused(Verdict::Lost(GONE));
    let mut s = Script::new();
    s.sent(NATURAL)
        .answer(late)
        .sees(Goal::Act(NATURAL))
        .written();
    assert_eq!(s.report, Some(Report::Ended(End::Lost(GONE))));

    // But not while an earlier call may yet arrive.
    let mut s = Script::new();
    s.sent(NATURAL)
        .answer(Answer::Unknown)
        .sees(Goal::Act(NATURAL))
        .written();
    s.pass(MINUTE).wake().sees(Goal::Act(NATURAL));
    s.permitted().written().answer(late);
    s.sees(Goal::Act(NATURAL)).written();
    assert_eq!(s.report, Some(Report::ResolvingAnswer));
}

#[test]
fn a_shared_reading_may_be_older_where_no_step_is_about() {
    let look = |s: &mut Script, goal: Goal| {
        let view = View {
            started: Tick(s.now.wall.0 - MINUTE),
            goal,
            trace: Trace::NotShown,
            due: Due::SinceAnswer,
            record: Record::None,
            past: Past::default(),
            target: Pin::default(),
            shared: true,
            skewed: false,
            deadline: None,
        };
        s.on(Event::Observed(s.now, view));
        s.todo == Some(Effect::Observe)
    };
    for (goal, again) in [
        (SEEN, false),
        (Goal::Wait(BUSY, None), false),
        (MISSING, true),
        (
            Goal::Lost(GONE, Evidence::Absence(Witness::NOT_THERE)),
            true,
        ),
        (Goal::Act(NATURAL), true),
    ] {
        let mut s = Script::new();
        s.object.seen = true;
        s.wake();
        assert_eq!(look(&mut s, goal), again, "{goal:?}");

        let mut s = Script::new();
        s.wake();
        assert!(look(&mut s, goal), "the first one is newer than the object");
    }
    let mut s = Script::new();
    s.object.seen = true;
    s.sent(NATURAL).answer(Answer::Accepted);
    assert!(look(&mut s, SEEN), "it says nothing of a step");
}
