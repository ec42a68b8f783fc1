//! What came of an operation is told once, also where nobody heard that it was
//! stored.

use super::*;

const END: Report = Report::Ended(End::Succeeded(How::Proven));
const HELD: Report = Report::Held(Hold::ProofTimeout);

/// Up to the write of its end.
fn ending() -> Script {
    let mut s = Script::new();
    s.sent(NATURAL).answer(Answer::Accepted).sees(SEEN);
    assert_eq!(s.storing(), END);
    s
}

/// Up to the write of its question.
fn asking() -> Script {
    let mut s = Script::new();
    s.sent(NEVER).answer(Answer::Accepted).written();
    s.sees(Goal::Act(NEVER)).written();
    s.pass(61 * MINUTE).wake().sees(Goal::Act(NEVER));
    assert_eq!(s.storing(), HELD);
    s
}

#[test]
fn an_end_that_was_stored_unheard_is_told_when_it_is_read() {
    let mut s = ending();
    s.arrives().no_reply().read();
    assert_eq!(s.announced, [END]);
    assert_eq!(s.todo, None);
    s.wake();
    assert_eq!(s.announced, [END], "once");
}

#[test]
fn an_end_that_was_stored_unheard_is_told_in_a_later_session_too() {
    let mut s = ending();
    s.arrives().no_reply().no_reply();
    assert!(s.state.may_have_to_tell_an_end());
    s.pass(s.rests_for().0).wake();
    assert_eq!(s.announced, [END]);
    assert!(!s.state.may_have_to_tell_an_end());
}

#[test]
fn an_end_that_was_not_stored_is_told_once_it_is() {
    let mut s = ending();
    s.no_reply().read();
    assert_eq!(s.announced, [], "it does not stand there");
    s.sees(SEEN).written();
    assert_eq!(s.announced, [END]);
    s.wake();
    assert_eq!(s.announced, [END], "once");
}

#[test]
fn a_question_that_was_stored_unheard_is_told_once() {
    let mut s = asking();
    s.arrives().no_reply().read();
    s.sees(Goal::Act(NEVER)).written();
    assert_eq!(s.announced, [HELD]);
    s.pass(5 * MINUTE).wake().sees(Goal::Act(NEVER)).written();
    assert_eq!(s.announced, [HELD], "once");
}

#[test]
fn an_end_by_another_process_is_not_told_as_the_question_of_this_one() {
    let mut s = asking();
    s.no_reply();
    s.object.ended = true;
    s.read();
    assert_eq!(s.announced, []);
}
