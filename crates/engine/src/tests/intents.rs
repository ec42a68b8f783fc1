//! The write of the intent: conflicts, time-outs, a reply without it.

use super::*;

#[test]
fn a_conflict_on_the_intent_starts_over_and_sends_nothing() {
    let mut s = Script::new();
    s.wake().sees(Goal::Act(NATURAL)).permitted().conflict();
    assert_eq!(s.todo, Some(Effect::Read));
    s.read();
    assert_eq!(s.todo, Some(Effect::Observe), "with a look of its own");
    assert!(!s.trail.contains(&"Send"));
    assert!(s.object.steps.is_empty());
}

#[test]
fn an_intent_whose_write_timed_out_but_stands_there_is_sent_once_without_a_second() {
    let mut s = Script::new();
    s.wake().sees(Goal::Act(NEVER)).permitted();
    s.arrives().no_reply();
    assert_eq!(s.todo, Some(Effect::Read));
    s.read().sees(Goal::Act(NEVER)).permitted();
    assert_eq!(s.todo, Some(Effect::Send(1)));
    s.answer(Answer::Accepted).written().sees(SEEN).written();
    assert_eq!(s.object.steps.len(), 1);
    assert_eq!(s.trail.iter().filter(|e| **e == "Intend").count(), 1);
    assert_eq!(s.sends, 1);
}

#[test]
fn an_intent_whose_write_timed_out_and_did_not_arrive_is_written_again_as_it_was() {
    let mut s = Script::new();
    s.wake().sees(Goal::Act(NEVER)).permitted();
    let first = s.intent();
    s.no_reply().pass(SECOND).read();
    s.sees(Goal::Act(NEVER)).permitted();
    assert_eq!(s.intent(), first, "it may yet arrive");
    s.written();
    assert_eq!(s.todo, Some(Effect::Send(1)));
}

#[test]
fn an_intent_that_is_not_there_yet_is_not_sent() {
    let mut s = Script::new();
    s.wake().sees(Goal::Act(NEVER)).permitted();
    s.no_reply().read().sees(Goal::Act(NEVER)).permitted();
    assert!(!s.trail.contains(&"Send"));
}

#[test]
fn the_intent_of_another_step_is_not_written_in_the_place_of_the_one_that_is_next() {
    let (stop, cancel) = (plan(0, Class::Natural), plan(1, Class::Natural));
    let mut s = Script::new();
    s.wake().sees(Goal::Act(stop)).permitted();
    s.no_reply().read().sees(Goal::Act(cancel)).permitted();
    assert_eq!(s.intent().key, cancel.key);
}

#[test]
fn a_reply_without_the_intent_blocks_and_sends_nothing() {
    let mut s = Script::new();
    s.wake().sees(Goal::Act(NATURAL)).permitted();
    s.on(Event::Written(s.now, false)).written();
    assert_eq!(s.report, Some(Report::Blocked(INTENT_NOT_STORED)));
    assert!(!s.trail.contains(&"Send"));
    assert_eq!(s.rests_for(), rules().recheck);
}

#[test]
fn an_intent_of_another_process_is_never_sent_by_this_one() {
    let mut s = Script::new();
    s.sent(NEVER).restart().wake().sees(Goal::Act(NEVER));
    assert_eq!(s.storing(), Report::ResolvingAnswer);
}

#[test]
fn an_unsent_intent_past_its_window_is_recorded_as_not_sent_and_a_new_one_made() {
    for plan in [NATURAL, PROVABLE, NEVER] {
        let mut s = Script::new();
        s.sent(plan).unsent(THROTTLED);
        s.pass(31 * MINUTE).wake();
        s.sees(Goal::Act(plan)).permitted();
        assert_eq!(s.intent().number, 2);
        assert_eq!(s.intent().intended, s.now);
        s.written();
        assert_eq!(s.object.steps[0].answer, Some(Answer::NotSent));
        assert_eq!(s.todo, Some(Effect::Send(2)));
    }
}

#[test]
fn a_conflict_on_the_second_intent_does_not_forget_that_the_first_was_not_sent() {
    let mut s = Script::new();
    s.sent(NEVER).unsent(THROTTLED);
    s.pass(31 * MINUTE).wake();
    s.sees(Goal::Act(NEVER)).permitted().conflict();
    s.read().sees(Goal::Act(NEVER));
    assert_eq!(s.todo, Some(Effect::Permit(NEVER)), "not ResolvingAnswer");
}

#[test]
fn a_conflict_on_the_second_intent_does_not_forget_that_the_first_was_refused() {
    // Whether the answer is stored by then or not.
    for (verdict, stored) in [(Verdict::Verify(BUSY), true), (Verdict::Retry, false)] {
        let mut s = Script::new();
        s.sent(NATURAL)
            .answer(Answer::Refused(verdict))
            .sees(Goal::Act(NATURAL));
        if stored {
            s.written();
        }
        s.pass(MINUTE).wake().sees(Goal::Act(NATURAL));
        s.permitted().conflict().read().sees(SEEN).written();
        let end = Report::Ended(End::Succeeded(How::AlreadySatisfied));
        assert_eq!(s.report, Some(end), "nothing of ours had an effect");
        assert_eq!(s.object.steps[0].answer, Some(Answer::Refused(verdict)));
    }
}

#[test]
fn an_intent_of_whose_write_nobody_knows_is_not_recorded_as_not_sent_when_written_anew() {
    let mut s = Script::new();
    s.wake().sees(Goal::Act(NATURAL)).permitted();
    s.no_reply().no_reply().pass(31 * MINUTE).wake();
    s.sees(Goal::Act(NATURAL)).permitted().written();
    assert_eq!(s.object.steps.len(), 1);
    assert_eq!(s.object.steps[0].answer, None);
    assert_eq!(s.todo, Some(Effect::Send(1)));
}

#[test]
fn twenty_throttled_sends_are_told_at_once_and_cost_no_further_intent() {
    let mut s = Script::new();
    s.sent(NATURAL);
    let writes = s.writes;
    let mut pauses = vec![];
    for _ in 0..20 {
        s.unsent(THROTTLED);
        // The same each time, so the shell writes it once.
        assert_eq!(s.report, Some(Report::Waiting(THROTTLED.code)));
        pauses.push(s.rests_for());
        s.pass(s.rests_for().0).wake();
        s.sees(Goal::Act(NATURAL)).permitted();
        assert_eq!(s.todo, Some(Effect::Send(1)));
    }
    assert_eq!(s.writes, writes + 20);
    assert_eq!(s.object.steps.len(), 1);
    assert!(pauses.is_sorted(), "{pauses:?}");
    assert_eq!(pauses[0], rules().backoff);
    assert_eq!(pauses[19], rules().backoff_max);
}

#[test]
fn a_wake_during_the_pause_of_a_throttled_send_does_not_send_before_its_time() {
    let mut s = Script::new();
    s.sent(NATURAL);
    for _ in 0..6 {
        s.unsent(THROTTLED);
        s.pass(s.rests_for().0).wake();
        s.sees(Goal::Act(NATURAL)).permitted();
    }
    s.unsent(THROTTLED);
    assert_eq!(s.rests_for(), Span(60 * SECOND));
    // Somebody edits a label.
    s.pass(SECOND).wake().sees(Goal::Act(NATURAL));
    assert_eq!(s.rests_for(), Span(59 * SECOND));
}

#[test]
fn an_api_server_that_is_away_is_asked_less_and_less_and_no_call_goes_out() {
    let mut s = Script::new();
    let mut pauses = vec![];
    for _ in 0..10 {
        s.wake().sees(Goal::Act(NATURAL)).permitted().no_reply();
        while s.todo.is_some() {
            s.no_reply();
        }
        pauses.push(s.rests_for());
        s.pass(s.rests_for().0);
    }
    assert!(pauses.is_sorted(), "{pauses:?}");
    assert_eq!(pauses[9], rules().backoff_max);
    assert_eq!(s.sends, 0);
    assert!(!s.trail.contains(&"Send"));
    let looks = s.trail.iter().filter(|e| **e == "Observe").count();
    assert_eq!(looks, 10, "one look at the cloud a session");
}

#[test]
fn an_answer_that_cannot_be_stored_is_kept_and_stored_later() {
    let mut s = Script::new();
    s.sent(NEVER).answer(Answer::Accepted);
    s.no_reply().no_reply();
    assert_eq!(s.object.steps[0].answer, None);
    s.pass(s.rests_for().0).wake();
    s.sees(Goal::Act(NEVER)).written();
    assert_eq!(s.report, Some(Report::Verifying));
    assert_eq!(s.object.steps[0].answer, Some(Answer::Accepted));
    assert_eq!(s.sends, 1);
}

#[test]
fn a_label_edit_while_the_answer_is_stored_does_not_lose_it() {
    let mut s = Script::new();
    s.sent(NEVER).answer(Answer::Accepted).conflict().read();
    s.sees(Goal::Act(NEVER)).written();
    assert_eq!(s.object.steps[0].answer, Some(Answer::Accepted));
    assert_eq!(s.sends, 1);
}
