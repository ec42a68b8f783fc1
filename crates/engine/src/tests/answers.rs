//! What becomes of an answer: when it is stored, and what a refusal leads to.

use super::*;

#[test]
fn the_answer_of_a_natural_step_is_stored_together_with_the_result() {
    let mut s = Script::new();
    s.sent(NATURAL).answer(Answer::Accepted);
    assert_eq!(s.todo, Some(Effect::Observe));
    s.sees(SEEN);
    let Some(Effect::Store(change)) = &s.todo else {
        panic!("{:?}", s.todo);
    };
    let end = Report::Ended(End::Succeeded(How::Proven));
    assert_eq!(change.report, end);
    assert_eq!(change.answer, Some((1, Answer::Accepted, s.now.wall)));
    s.written();
    assert_eq!(s.object.steps[0].answer, Some(Answer::Accepted));
}

#[test]
fn the_answer_of_a_step_that_must_not_repeat_is_stored_at_once() {
    for plan in [NEVER, PROVABLE, TOKEN] {
        let mut s = Script::new();
        s.sent(plan).answer(Answer::Accepted);
        assert_eq!(s.storing(), Report::Verifying, "{plan:?}");
        s.written();
        assert_eq!(s.object.steps[0].answer, Some(Answer::Accepted));
        assert_eq!(s.todo, Some(Effect::Observe));
    }
}

#[test]
fn accepted_is_not_success_until_the_effect_is_seen() {
    for plan in [NATURAL, PROVABLE, TOKEN, NEVER] {
        let mut s = Script::new();
        s.sent(plan).answer(Answer::Accepted);
        if plan != NATURAL {
            s.written();
        }
        s.sees(Goal::Act(plan)).written();
        assert_eq!(s.report, Some(Report::Verifying));
        assert_eq!(s.rests_for(), rules().soon);
        assert_eq!(s.sends, 1);
    }
}

#[test]
fn accepted_without_proof_is_verified_until_the_time_out_and_then_held() {
    let mut s = Script::new();
    s.sent(NATURAL)
        .answer(Answer::Accepted)
        .sees(Goal::Act(NATURAL))
        .written();
    s.pass(60 * MINUTE - 1).wake().sees(Goal::Act(NATURAL));
    assert_eq!(s.storing(), Report::Verifying);
    s.written();
    assert_eq!(s.rests_for(), Span(1), "looks again when the time is up");
    s.pass(1).wake().sees(Goal::Act(NATURAL)).written();
    let held = Report::Held(Hold::ProofTimeout);
    assert_eq!((s.report, &s.announced[..]), (Some(held), &[held][..]));
    assert_eq!(s.sends, 1);
}

#[test]
fn observation_goes_on_while_held_and_proof_ends_the_hold() {
    let mut s = Script::new();
    s.sent(NEVER).answer(Answer::Accepted).written();
    s.sees(Goal::Act(NEVER)).written();
    s.pass(61 * MINUTE).wake().sees(Goal::Act(NEVER)).written();
    assert_eq!(s.rests_for(), rules().recheck);
    s.pass(5 * MINUTE).wake().sees(Goal::Act(NEVER)).written();
    assert_eq!(s.announced.len(), 1, "a standing question is told once");
    s.pass(5 * MINUTE).wake().sees(SEEN).written();
    assert_eq!(s.report, Some(Report::Ended(End::Succeeded(How::Proven))));
}

#[test]
fn what_the_cloud_keeps_busy_with_after_accepting_is_held_at_the_time_out_too() {
    let mut s = Script::new();
    s.sent(NATURAL)
        .answer(Answer::Accepted)
        .sees(Goal::Wait(BUSY, None))
        .written();
    s.pass(61 * MINUTE)
        .wake()
        .sees(Goal::Wait(BUSY, None))
        .written();
    assert_eq!(s.report, Some(Report::Held(Hold::ProofTimeout)));
}

#[test]
fn a_restart_during_a_hold_keeps_the_hold() {
    let mut s = Script::new();
    s.sent(NEVER).answer(Answer::Accepted).written();
    s.sees(Goal::Act(NEVER)).written();
    s.pass(61 * MINUTE).wake().sees(Goal::Act(NEVER)).written();
    s.restart().wake().sees(Goal::Act(NEVER)).written();
    assert_eq!(s.report, Some(Report::Held(Hold::ProofTimeout)));
    assert_eq!(s.announced.len(), 1);
}

#[test]
fn a_cloud_that_is_away_for_long_does_not_take_the_question_back() {
    let mut s = Script::new();
    s.sent(NEVER).answer(Answer::Accepted).written();
    s.sees(Goal::Act(NEVER)).written();
    s.pass(61 * MINUTE).wake().sees(Goal::Act(NEVER)).written();
    for _ in 0..10 {
        s.pass(5 * MINUTE).wake();
        s.on(Event::Unobserved(s.now, AWAY));
        if s.todo.is_some() {
            s.written();
        }
        assert_eq!(s.object.hold.map(|q| q.hold), Some(Hold::ProofTimeout));
    }
}

#[test]
fn a_target_that_is_busy_does_not_take_the_question_back() {
    let mut s = Script::new();
    s.sent(NEVER).answer(Answer::Accepted).written();
    s.sees(Goal::Act(NEVER)).written();
    s.pass(61 * MINUTE).wake().sees(Goal::Act(NEVER)).written();
    s.pass(5 * MINUTE)
        .wake()
        .sees(Goal::Wait(BUSY, None))
        .written();
    assert_eq!(s.object.hold.map(|q| q.hold), Some(Hold::ProofTimeout));
}

#[test]
fn a_call_refused_for_good_is_looked_after_and_then_failed() {
    let terminal = Answer::Refused(Verdict::Terminal);
    let mut s = Script::new();
    s.sent(NATURAL).answer(terminal);
    assert_eq!(s.todo, Some(Effect::Observe));
    s.sees(Goal::Act(NATURAL)).written();
    assert_eq!(s.report, Some(Report::Ended(End::Refused)));
    assert_eq!(s.object.steps[0].answer, Some(terminal));
    assert_eq!(s.sends, 1);
}

#[test]
fn a_call_refused_for_good_whose_goal_shows_all_the_same_is_no_failure() {
    let mut s = Script::new();
    s.sent(NATURAL)
        .answer(Answer::Refused(Verdict::Terminal))
        .sees(SEEN)
        .written();
    let end = Report::Ended(End::Succeeded(How::AlreadySatisfied));
    assert_eq!(s.report, Some(end));
}

#[test]
fn refused_for_good_is_not_failed_while_an_earlier_call_may_yet_arrive() {
    // "Refused" claims that nothing of the object had or can have an effect.
    let mut s = Script::new();
    s.sent(NATURAL)
        .answer(Answer::Unknown)
        .sees(Goal::Act(NATURAL))
        .written();
    s.pass(s.rests_for().0).wake().sees(Goal::Act(NATURAL));
    s.permitted().written();
    s.answer(Answer::Refused(Verdict::Terminal))
        .sees(Goal::Act(NATURAL))
        .written();
    assert_eq!(s.report, Some(Report::ResolvingAnswer));
    s.pass(rules().settle().0)
        .wake()
        .sees(Goal::Act(NATURAL))
        .sees(Goal::Act(NATURAL))
        .written();
    assert_eq!(s.report, Some(Report::Ended(End::Refused)));
}

#[test]
fn a_refusal_that_says_nothing_counts_as_no_step_of_ours_when_the_goal_is_reached() {
    let mut s = Script::new();
    s.sent(NATURAL)
        .answer(Answer::Refused(Verdict::Verify(BUSY)))
        .sees(SEEN)
        .written();
    let end = Report::Ended(End::Succeeded(How::AlreadySatisfied));
    assert_eq!(s.report, Some(end), "no other step may have acted");
}

#[test]
fn a_refusal_that_says_nothing_is_proof_of_an_earlier_step_that_may_have_acted() {
    let mut s = Script::new();
    s.sent(NATURAL)
        .answer(Answer::Unknown)
        .sees(Goal::Act(NATURAL))
        .written();
    s.pass(s.rests_for().0).wake().sees(Goal::Act(NATURAL));
    s.permitted().written();
    s.answer(Answer::Refused(Verdict::Verify(BUSY)))
        .sees(SEEN)
        .written();
    assert_eq!(s.report, Some(Report::Ended(End::Succeeded(How::Proven))));
}

#[test]
fn a_refusal_that_says_nothing_is_not_repeated_at_once() {
    let mut s = Script::new();
    let mut pauses = vec![];
    s.sent(NATURAL);
    for number in 2..9 {
        s.answer(Answer::Refused(Verdict::Verify(BUSY)))
            .sees(Goal::Act(NATURAL))
            .written();
        assert_eq!(s.report, Some(Report::Waiting(BUSY)), "it says so");
        pauses.push(s.rests_for());
        s.pass(s.rests_for().0).wake().sees(Goal::Act(NATURAL));
        s.permitted().written();
        assert_eq!(s.todo, Some(Effect::Send(number)), "a new intent each");
    }
    assert!(
        pauses.is_sorted() && pauses[6] == rules().backoff_max,
        "{pauses:?}"
    );
}

#[test]
fn a_precondition_that_is_not_met_waits_and_is_then_asked_with_a_new_intent() {
    let wait = Answer::Refused(Verdict::Wait(BUSY));
    for plan in [NATURAL, NEVER] {
        let mut s = Script::new();
        s.sent(plan).answer(wait).written();
        assert_eq!(s.report, Some(Report::Waiting(BUSY)));
        assert_eq!(s.object.steps[0].answer, Some(wait));
        s.pass(s.rests_for().0).wake().sees(Goal::Act(plan));
        s.permitted().written();
        assert_eq!(s.todo, Some(Effect::Send(2)));
    }
}

#[test]
fn what_a_person_has_to_mend_blocks_and_is_tried_again_slowly() {
    let blocked = Answer::Refused(Verdict::Blocked(FORBIDDEN));
    let mut s = Script::new();
    s.sent(NEVER).answer(blocked).written();
    assert_eq!(s.report, Some(Report::Blocked(FORBIDDEN)));
    assert_eq!(s.object.steps[0].answer, Some(blocked));
    assert_eq!(s.rests_for(), rules().recheck);
}

#[test]
fn a_goal_that_cannot_be_reached_any_more_ends_the_operation() {
    let lost = Goal::Lost(GONE, Evidence::Presence);
    let mut s = Script::new();
    s.wake().sees(lost).written();
    assert_eq!(s.report, Some(Report::Ended(End::Lost(GONE))));
}

#[test]
fn failed_waits_until_nothing_of_a_step_that_must_not_repeat_is_in_flight() {
    let lost = Goal::Lost(GONE, Evidence::Presence);
    for plan in [PROVABLE, NEVER] {
        let mut s = Script::new();
        s.sent(plan).answer(Answer::Unknown).written();
        s.sees(lost).written();
        assert_eq!(s.report, Some(Report::ResolvingAnswer), "{plan:?}");
        s.pass(rules().settle().0 - 1).wake().sees(lost).written();
        assert_eq!(s.report, Some(Report::ResolvingAnswer), "{plan:?}");
        s.pass(1).wake().sees(lost).written();
        assert_eq!(s.report, Some(Report::Ended(End::Lost(GONE))));
    }
}
