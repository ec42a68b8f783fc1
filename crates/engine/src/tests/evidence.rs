//! What counts as evidence, and that nothing is concluded from what does not.

use super::*;

const SEEN_ONLY: Witness = Witness {
    compared: false,
    ..Witness::FULL
};
const COMPARED_ONLY: Witness = Witness {
    seen: false,
    ..Witness::FULL
};
const NOT_UNDERSTOOD: Witness = Witness {
    understood: false,
    ..Witness::FULL
};

/// As often as the engine wants to look within a session, up to a few times.
fn look(s: &mut Script, goal: Goal) -> Report {
    s.wake();
    for _ in 0..4 {
        if s.todo == Some(Effect::Observe) {
            s.sees(goal);
        }
    }
    s.storing()
}

const UNCLEAR: Report = Report::Waiting(OBSERVATION_UNCLEAR);

#[test]
fn absence_is_success_only_with_the_whole_witness() {
    let already = Report::Ended(End::Succeeded(How::AlreadySatisfied));
    for (witness, report) in [
        (Witness::FULL, already),
        (SEEN_ONLY, UNCLEAR),
        (COMPARED_ONLY, UNCLEAR),
        (NOT_UNDERSTOOD, UNCLEAR),
        (Witness::NOT_THERE, UNCLEAR),
    ] {
        let goal = Goal::Reached(Evidence::Absence(witness));
        assert_eq!(look(&mut Script::new(), goal), report, "{witness:?}");
    }
}

#[test]
fn absence_is_a_loss_if_everything_was_understood() {
    let lost = Report::Ended(End::Lost(GONE));
    for (witness, report) in [
        (Witness::FULL, lost),
        (SEEN_ONLY, lost),
        (COMPARED_ONLY, lost),
        (Witness::NOT_THERE, lost),
        (NOT_UNDERSTOOD, UNCLEAR),
    ] {
        let goal = Goal::Lost(GONE, Evidence::Absence(witness));
        assert_eq!(look(&mut Script::new(), goal), report, "{witness:?}");
    }
}

#[test]
fn nothing_there_is_success_only_where_no_call_may_have_acted() {
    let nothing = |understood| Goal::Reached(Evidence::Nothing { understood });
    let already = Report::Ended(End::Succeeded(How::AlreadySatisfied));
    assert_eq!(look(&mut Script::new(), nothing(true)), already);
    assert_eq!(look(&mut Script::new(), nothing(false)), UNCLEAR);

    for (answer, report) in [
        (Answer::Accepted, UNCLEAR),
        (Answer::Unknown, Report::ResolvingAnswer),
        (Answer::Refused(Verdict::Retry), already),
        (Answer::NotSent, already),
    ] {
        let mut s = Script::new();
        s.sent(NATURAL).answer(answer).sees(Goal::Wait(BUSY, None));
        s.written().pass(MINUTE);
        assert_eq!(look(&mut s, nothing(true)), report, "{answer:?}");
    }
}

#[test]
fn an_unclear_reading_before_the_first_call_only_waits() {
    let mut s = Script::new();
    for _ in 0..5 {
        s.wake().sees(Goal::Unclear).written();
        assert_eq!(s.report, Some(UNCLEAR));
        assert_eq!(s.rests_for(), rules().poll);
        s.pass(24 * 60 * MINUTE);
    }
    assert!(s.object.hold.is_none() && s.announced.is_empty());
    assert_eq!(s.sends, 0);
}

#[test]
fn a_call_that_stays_unclear_is_asked_about_after_settle() {
    for plan in [NATURAL, PROVABLE, TOKEN, NEVER] {
        let mut s = Script::new();
        s.sent(plan).answer(Answer::Unknown);
        if plan != NATURAL {
            s.written();
        }
        s.sees(Goal::Unclear).written();
        assert_eq!(s.report, Some(Report::ResolvingAnswer), "{plan:?}");
        s.pass(rules().settle().0).wake().sees(Goal::Unclear);
        assert_eq!(s.storing(), Report::Held(Hold::AnswerUnknown), "{plan:?}");
    }
}

#[test]
fn an_accepted_call_that_stays_unclear_is_asked_about_at_the_time_out() {
    for evidence in [None, Some(SEEN_ONLY)] {
        let absent = |witness| Goal::Reached(Evidence::Absence(witness));
        let goal = evidence.map_or(Goal::Unclear, absent);
        let mut s = Script::new();
        s.sent(NATURAL).answer(Answer::Accepted);
        s.sees(goal).written();
        assert_eq!(s.report, Some(UNCLEAR));
        s.pass(60 * MINUTE - 1).wake().sees(goal).written();
        assert_eq!(s.report, Some(UNCLEAR));
        s.pass(1).wake().sees(goal).written();
        assert_eq!(s.report, Some(Report::Held(Hold::ProofTimeout)));
        assert_eq!(s.sends, 1);
    }
}

#[test]
fn an_intent_that_was_never_sent_is_not_asked_about() {
    for plan in [NATURAL, NEVER] {
        let mut s = Script::new();
        s.sent(plan).unsent(THROTTLED);
        for _ in 0..4 {
            s.pass(20 * MINUTE).wake().sees(Goal::Unclear).written();
            assert_eq!(s.report, Some(UNCLEAR), "{plan:?}");
        }
        assert!(s.object.hold.is_none());
    }
}

#[test]
fn a_call_that_a_user_sent_again_is_not_asked_about_for_the_first_one() {
    let mut s = Script::new();
    s.sent(NEVER).answer(Answer::Unknown).written();
    s.sees(Goal::Act(NEVER)).written();
    s.pass(61 * MINUTE).wake().sees(Goal::Act(NEVER)).written();
    s.decide(Decision::SendAgain).wake().sees(Goal::Act(NEVER));
    s.permitted().written().answer(Answer::Accepted).written();
    s.sees(Goal::Unclear).written();
    s.pass(50 * MINUTE).wake().sees(Goal::Unclear).written();
    assert_eq!(s.report, Some(UNCLEAR));
    s.pass(11 * MINUTE).wake().sees(Goal::Unclear).written();
    assert_eq!(s.report, Some(Report::Held(Hold::ProofTimeout)));
}

#[test]
fn an_unclear_reading_between_two_starts_the_count_again() {
    for between in [
        Goal::Unclear,
        Goal::Reached(Evidence::Absence(SEEN_ONLY)),
        Goal::Lost(GONE, Evidence::Absence(NOT_UNDERSTOOD)),
    ] {
        let mut s = Script::new();
        s.wake().sees(MISSING).sees(between).written();
        assert_eq!(s.report, Some(UNCLEAR));
        s.pass(MINUTE).wake().sees(MISSING);
        assert_eq!(s.todo, Some(Effect::Observe), "{between:?}");
    }
}

/// The operator's clock is hours ahead, and an hour is left by the cloud's.
#[test]
fn a_clock_that_differs_too_much_decides_nothing_final() {
    let mut s = Script::new();
    s.object.wish.not_after = Some(Tick(s.now.wall.0 + MINUTE));
    s.pass(60 * MINUTE);
    s.skewed = true;
    for _ in 0..3 {
        s.wake().sees(Goal::Act(NATURAL)).written();
        assert_eq!(s.report, Some(Report::Waiting(CLOCK_SKEW)));
        assert_eq!(s.rests_for(), rules().poll);
        s.pass(MINUTE);
    }
    assert!(!s.object.ended);
    s.now.wall.0 -= 63 * MINUTE;
    s.skewed = false;
    s.wake().sees(Goal::Act(NATURAL)).permitted().written();
    assert_eq!(s.todo, Some(Effect::Send(1)));
}

#[test]
fn a_clock_that_differs_too_much_opens_no_window_either() {
    let mut s = Script::new();
    s.object.wish.not_before = Some(Tick(s.now.wall.0));
    s.skewed = true;
    s.wake().sees(Goal::Act(NATURAL)).written();
    assert_eq!(s.report, Some(Report::Waiting(CLOCK_SKEW)));
    // What the cloud shows is true all the same.
    s.pass(MINUTE).wake().sees(SEEN).written();
    let end = End::Succeeded(How::AlreadySatisfied);
    assert_eq!(s.report, Some(Report::Ended(end)));
}
