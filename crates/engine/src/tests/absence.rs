//! How many readings prove something, and which readings count.

use super::*;

#[test]
fn what_shows_is_proven_by_one_reading_what_is_missing_by_two() {
    let mut s = Script::new();
    s.sent(NATURAL).answer(Answer::Accepted).sees(MISSING);
    assert_eq!(s.todo, Some(Effect::Observe));
    s.sees(MISSING).written();
    assert_eq!(s.report, Some(Report::Ended(End::Succeeded(How::Proven))));
}

#[test]
fn a_missing_target_is_proven_by_two_readings() {
    let missing = Goal::Lost(GONE, Evidence::Absence(Witness::NOT_THERE));
    let mut s = Script::new();
    s.wake().sees(missing);
    assert_eq!(s.todo, Some(Effect::Observe));
    s.sees(missing).written();
    assert_eq!(s.report, Some(Report::Ended(End::Lost(GONE))));
}

#[test]
fn two_readings_that_miss_different_things_prove_neither() {
    let lost = Goal::Lost(GONE, Evidence::Absence(Witness::NOT_THERE));
    let mut s = Script::new();
    s.wake().sees(lost).sees(MISSING);
    assert_eq!(s.todo, Some(Effect::Observe));

    let mut s = Script::new();
    s.wake().sees(MISSING).sees(lost);
    assert_eq!(s.todo, Some(Effect::Observe));
}

#[test]
fn a_reading_from_before_the_call_is_none_of_the_two() {
    let mut s = Script::new();
    s.wake().sees(MISSING).sees(Goal::Act(NATURAL)).permitted();
    s.written().answer(Answer::Accepted).sees(MISSING);
    assert_eq!(s.todo, Some(Effect::Observe));
}

#[test]
fn a_failed_look_between_two_readings_starts_the_count_again() {
    let mut s = Script::new();
    s.wake().sees(MISSING);
    s.on(Event::Unobserved(s.now, AWAY));
    s.pass(SECOND).wake().sees(MISSING);
    assert_eq!(s.todo, Some(Effect::Observe));
}

#[test]
fn a_reading_that_shows_it_again_starts_the_count_again() {
    let mut s = Script::new();
    s.sent(NATURAL).answer(Answer::Accepted).sees(MISSING);
    s.sees(Goal::Act(NATURAL)).written();
    s.pass(MINUTE).wake().sees(MISSING);
    assert_eq!(s.todo, Some(Effect::Observe));
}

#[test]
fn a_view_older_than_the_question_proves_nothing() {
    for goal in [
        SEEN,
        Goal::Act(NATURAL),
        Goal::Lost(GONE, Evidence::Presence),
    ] {
        let mut s = Script::new();
        s.wake();
        let view = View {
            started: Tick(s.now.wall.0 - 1),
            goal,
            trace: Trace::NotShown,
            due: Due::SinceAnswer,
            record: Record::None,
            past: Past::default(),
            target: Pin::default(),
            shared: false,
            skewed: false,
            deadline: None,
        };
        s.on(Event::Observed(s.now, view));
        assert_eq!(s.todo, Some(Effect::Observe), "{goal:?}");
    }
}

#[test]
fn a_view_from_before_the_answer_is_no_proof() {
    let mut s = Script::new();
    s.sent(NATURAL);
    let before = s.now.wall;
    s.pass(SECOND).answer(Answer::Accepted);
    let view = View {
        started: before,
        goal: SEEN,
        trace: Trace::NotShown,
        due: Due::SinceAnswer,
        record: Record::None,
        past: Past::default(),
        target: Pin::default(),
        shared: false,
        skewed: false,
        deadline: None,
    };
    s.on(Event::Observed(s.now, view));
    assert_eq!(s.todo, Some(Effect::Observe));
}

/// Found by the model: a wrong reading, a right one that is thrown away, and a
/// wrong one are not two in a row.
#[test]
fn a_reading_that_is_thrown_away_between_two_starts_the_count_again() {
    let mut s = Script::new();
    s.wake().sees(MISSING);
    s.now.wall.0 -= SECOND;
    s.sees(MISSING).sees(MISSING);
    assert_eq!(s.todo, Some(Effect::Observe));
    s.sees(MISSING);
    assert!(matches!(s.todo, Some(Effect::Store(_))));
}
