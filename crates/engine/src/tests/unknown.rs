//! Unknown answers, by class (design: 3.2).

use super::*;

/// A step of that class was sent, nobody knows what came of it, and a look shows
/// nothing.
fn unknown(plan: Plan) -> Script {
    let mut s = Script::new();
    s.sent(plan).answer(Answer::Unknown);
    if plan != NATURAL {
        assert_eq!(s.storing(), Report::ResolvingAnswer);
        s.written();
        assert_eq!(s.object.steps[0].answer, Some(Answer::Unknown));
    }
    s.sees(Goal::Act(plan));
    s
}

/// The process died between intent and answer; its successor has looked once.
fn orphaned(plan: Plan) -> Script {
    let mut s = Script::new();
    s.sent(plan)
        .restart()
        .pass(SECOND)
        .wake()
        .sees(Goal::Act(plan));
    s
}

#[test]
fn a_natural_step_is_sent_again_with_a_new_intent_after_a_pause() {
    let mut s = unknown(NATURAL);
    assert_eq!(s.storing(), Report::ResolvingAnswer);
    s.written();
    assert_eq!(s.rests_for(), rules().backoff);
    s.pass(s.rests_for().0).wake().sees(Goal::Act(NATURAL));
    s.permitted().written();
    assert_eq!(s.todo, Some(Effect::Send(2)));
    assert_eq!(s.object.steps[0].answer, Some(Answer::Unknown));
    s.answer(Answer::Accepted).sees(SEEN).written();
    assert_eq!(s.report, Some(Report::Ended(End::Succeeded(How::Proven))));
}

#[test]
fn a_natural_step_of_a_dead_process_is_sent_again_at_once() {
    let mut s = orphaned(NATURAL);
    s.permitted().written();
    assert_eq!(s.todo, Some(Effect::Send(2)));
}

#[test]
fn a_step_that_must_not_repeat_is_resolved_until_settle_and_then_held() {
    let mut s = unknown(NEVER);
    assert_eq!(s.storing(), Report::ResolvingAnswer);
    s.written();
    s.pass(rules().settle().0 - 1).wake().sees(Goal::Act(NEVER));
    assert_eq!(s.storing(), Report::ResolvingAnswer);
    s.written();
    assert_eq!(s.rests_for(), Span(1));
    s.pass(1).wake().sees(Goal::Act(NEVER)).written();
    assert_eq!(s.report, Some(Report::Held(Hold::AnswerUnknown)));
    for _ in 0..5 {
        s.pass(60 * MINUTE).wake().sees(Goal::Act(NEVER)).written();
    }
    assert_eq!(s.sends, 1);
    assert_eq!(s.announced, [Report::Held(Hold::AnswerUnknown)]);
}

#[test]
fn a_step_that_must_not_repeat_of_a_dead_process_is_resolved_until_settle_and_then_held() {
    let mut s = orphaned(NEVER);
    assert_eq!(s.storing(), Report::ResolvingAnswer);
    s.written();
    s.pass(rules().settle().0 - 1).wake().sees(Goal::Act(NEVER));
    assert_eq!(s.storing(), Report::ResolvingAnswer);
    s.written().pass(1).wake().sees(Goal::Act(NEVER)).written();
    assert_eq!(s.report, Some(Report::Held(Hold::AnswerUnknown)));
    assert_eq!(s.sends, 0);
}

#[test]
fn settle_counts_anew_after_a_restart() {
    let mut s = orphaned(NEVER);
    s.written()
        .pass(rules().settle().0 - MINUTE)
        .restart()
        .wake();
    s.sees(Goal::Act(NEVER)).written();
    s.pass(2 * MINUTE).wake().sees(Goal::Act(NEVER));
    assert_eq!(s.storing(), Report::ResolvingAnswer);
}

#[test]
fn settle_is_measured_on_the_clock_that_passed_less() {
    let mut s = orphaned(NEVER);
    s.written();
    // The wall clock is set forward by an hour.
    s.now.wall.0 += 60 * MINUTE;
    s.now.mono.0 += MINUTE;
    s.wake().sees(Goal::Act(NEVER));
    assert_eq!(s.storing(), Report::ResolvingAnswer);
}

#[test]
fn a_restart_keeps_the_question_of_an_unknown_answer() {
    let mut s = unknown(NEVER);
    s.written()
        .pass(rules().settle().0)
        .wake()
        .sees(Goal::Act(NEVER))
        .written();
    s.restart().wake().sees(Goal::Act(NEVER)).written();
    assert_eq!(s.report, Some(Report::Held(Hold::AnswerUnknown)));
    assert_eq!(s.announced.len(), 1);
}

#[test]
fn proof_of_presence_ends_the_question_of_an_unknown_answer() {
    let mut s = unknown(NEVER);
    s.written()
        .pass(rules().settle().0)
        .wake()
        .sees(Goal::Act(NEVER))
        .written();
    s.pass(MINUTE).wake().sees(SEEN).written();
    assert_eq!(s.report, Some(Report::Ended(End::Succeeded(How::Proven))));
}

#[test]
fn a_provable_step_is_sent_again_only_after_settle_and_two_readings_of_its_absence() {
    for mut s in [unknown(PROVABLE), orphaned(PROVABLE)] {
        assert_eq!(s.storing(), Report::ResolvingAnswer);
        s.written();
        s.pass(rules().settle().0 - 1).wake();
        s.sees(Goal::Act(PROVABLE));
        assert_eq!(s.storing(), Report::ResolvingAnswer);
        s.written().pass(1).wake().sees(Goal::Act(PROVABLE));
        assert_eq!(s.todo, Some(Effect::Observe), "one reading is not enough");
        s.sees(Goal::Act(PROVABLE)).permitted().written();
        assert_eq!(s.todo, Some(Effect::Send(2)));
    }
}

#[test]
fn settle_of_a_second_unknown_answer_counts_from_the_second() {
    let mut s = orphaned(PROVABLE);
    s.written().pass(rules().settle().0).wake();
    s.sees(Goal::Act(PROVABLE)).sees(Goal::Act(PROVABLE));
    s.permitted().written();
    s.answer(Answer::Unknown)
        .written()
        .sees(Goal::Act(PROVABLE));
    assert_eq!(s.storing(), Report::ResolvingAnswer);
}

#[test]
fn a_provable_step_with_more_than_one_candidate_is_held() {
    let mut s = orphaned(PROVABLE);
    s.written().pass(rules().settle().0).wake();
    s.sees_with(Goal::Act(PROVABLE), Trace::Unclear).written();
    assert_eq!(s.report, Some(Report::Held(Hold::AnswerUnknown)));
}

#[test]
fn a_step_with_a_token_is_sent_again_while_the_token_is_trusted() {
    let mut s = orphaned(TOKEN);
    s.permitted().written();
    assert_eq!(s.todo, Some(Effect::Send(2)));

    let mut s = Script::new();
    s.sent(TOKEN).restart().pass(10 * MINUTE).wake();
    s.sees(Goal::Act(TOKEN));
    assert_eq!(s.todo, Some(Effect::Permit(TOKEN)), "its last moment");
}

#[test]
fn a_step_whose_token_may_be_forgotten_is_treated_as_provable() {
    let mut s = Script::new();
    s.sent(TOKEN).restart().pass(10 * MINUTE + 1).wake();
    s.sees(Goal::Act(TOKEN)).written();
    assert_eq!(s.report, Some(Report::ResolvingAnswer));
    s.pass(rules().settle().0).wake().sees(Goal::Act(TOKEN));
    assert_eq!(s.todo, Some(Effect::Observe));
    s.sees(Goal::Act(TOKEN));
    assert_eq!(s.todo, Some(Effect::Permit(TOKEN)));
}

#[test]
fn the_trust_in_a_token_counts_from_its_first_intent() {
    let mut s = orphaned(TOKEN);
    s.permitted().written().answer(Answer::Unknown).written();
    s.pass(10 * MINUTE).restart();
    s.todo = None;
    s.wake().sees(Goal::Act(TOKEN));
    assert_eq!(s.storing(), Report::ResolvingAnswer);
}

#[test]
fn an_open_step_is_not_forgotten_because_another_one_came_after_it() {
    // PlaceOrder, nobody knows; then something harmless; then PlaceOrder is next.
    let other = plan(1, Class::Natural);
    let mut s = unknown(NEVER);
    s.written().pass(MINUTE).wake().sees(Goal::Act(other));
    s.permitted().written().answer(Answer::Accepted);
    s.sees(Goal::Act(NEVER));
    assert_eq!(s.storing(), Report::ResolvingAnswer);
}
