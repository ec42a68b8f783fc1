//! Operations that are deleted while a call of theirs is under way.

use super::ledger::*;
use super::*;

#[test]
fn what_came_of_a_deleted_operations_call_is_kept_in_the_ledger() {
    for (answer, closing) in [
        (Answer::Accepted, Closing::Answered(Answer::Accepted)),
        (Answer::Unknown, Closing::Answered(Answer::Unknown)),
        (Answer::Refused(Verdict::Terminal), Closing::NoEffect),
    ] {
        let mut s = Script::new();
        s.ordered().answer(answer).conflict().on(Event::Gone);
        assert_eq!(s.closing(), closing);
        s.closed();
        assert_eq!(s.announced, [Report::Orphaned]);
    }
}

#[test]
fn a_claim_that_was_never_sent_is_released_when_its_object_is_gone() {
    let mut s = with(Record::Free);
    s.wake().sees(Goal::Act(ORDER)).permitted().permitted();
    s.conflict().on(Event::Gone);
    assert_eq!(s.closing(), Closing::NoEffect);
    s.closed();
    assert!(s.announced.is_empty());
}

#[test]
fn an_object_that_goes_while_its_call_waits_to_be_sent_leaves_no_claim() {
    // Its memory is all that is left of it when that is noticed.
    let mut s = Script::new();
    s.ordered().unsent(AWAY).on(Event::Gone);
    assert_eq!(s.closing(), Closing::NoEffect);
    s.closed();
    assert!(!s.state.has_loose_ends());
    assert_eq!((s.wake, s.announced.len()), (None, 0));
}

#[test]
fn an_answer_that_could_not_be_stored_before_its_object_went_is_kept_in_the_ledger() {
    let mut s = Script::new();
    s.ordered().answer(Answer::Accepted).no_reply();
    s.no_reply().on(Event::Gone);
    assert_eq!(s.closing(), Closing::Answered(Answer::Accepted));
    s.closed();
    assert_eq!(s.announced, [Report::Orphaned]);
}

#[test]
fn an_object_that_something_keeps_from_going_leaves_no_claim_of_an_unsent_call() {
    let mut s = Script::new();
    s.ordered().unsent(AWAY);
    s.object.wish.deleting = true;
    s.wake();
    assert_eq!(s.closing(), Closing::NoEffect);
    s.closed();
    assert!(s.announced.is_empty());
    s.wake();
    assert_eq!((s.trail.last(), s.wake), (Some(&"Rest"), None));
}

#[test]
fn an_answer_of_an_object_that_is_going_is_kept_in_the_ledger_and_told() {
    let mut s = Script::new();
    s.ordered().answer(Answer::Accepted).conflict();
    s.object.wish.deleting = true;
    s.read();
    assert_eq!(s.closing(), Closing::Answered(Answer::Accepted));
    s.closed();
    assert_eq!(s.announced, [Report::Orphaned]);
}

/// Found by the model: the claim was released, and another order made while the
/// first call could still arrive.
#[test]
fn the_claim_of_a_tokens_repeat_stands_for_the_calls_before_it() {
    let token = Goal::Act(Plan {
        ledger: true,
        ..TOKEN
    });
    for answer in [None, Some(Answer::Refused(Verdict::Retry))] {
        let mut s = with(Record::Free);
        s.wake().sees(token).permitted();
        s.record = Record::Ours(s.claiming());
        s.permitted().written().answer(Answer::Unknown).written();
        s.sees(token)
            .written()
            .pass(MINUTE)
            .wake()
            .sees(token)
            .permitted();
        s.record = Record::Ours(s.claiming());
        s.permitted().written();
        match answer {
            None => s.unsent(AWAY),
            Some(answer) => s.answer(answer).no_reply().no_reply(),
        };
        s.on(Event::Gone);
        assert_eq!(s.closing(), Closing::Answered(Answer::Unknown));
    }
}

/// Found by the model: another process had already used the decision, its claim was
/// replaced by one that was then released, and the next object ordered once more.
#[test]
fn the_claim_of_a_call_that_is_sent_again_stands_for_the_calls_before_it() {
    let mut s = super::decisions::held(Hold::AnswerUnknown);
    s.decide(Decision::SendAgain).wake();
    s.record = Record::Ours(Step {
        number: 2,
        ..foreign_claim()
    });
    s.sees(Goal::Act(ORDER)).permitted();
    assert_eq!(s.claiming().number, 3);
    s.permitted().conflict().on(Event::Gone);
    assert_eq!(s.closing(), Closing::Answered(Answer::Unknown));
}

#[test]
fn a_call_without_a_ledger_whose_object_goes_before_it_was_sent_is_forgotten() {
    let mut s = Script::new();
    s.sent(NATURAL).unsent(AWAY).on(Event::Gone);
    assert_eq!((s.trail.last(), s.wake), (Some(&"Rest"), None));
}
