//! Every question, every decision that it offers, and everything that can be in the
//! way: a decision is taken, or the status names what is in the way and keeps it, or
//! its question is withdrawn.

use super::ledger::{ORDER, ORPHAN, foreign_claim};
use super::*;

const LIMITED: Trouble = Trouble {
    code: Code(52),
    blocked: true,
    quiet: 0,
    pause: Some(Span(5 * MINUTE)),
    refused: false,
};

/// What a session meets.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// Nothing is in the way.
    Free,
    Waits,
    Blocks,
    Unclear,
    /// No complete observation, for a reason that passes, or that lasts.
    Away,
    Rejected,
    /// The ledger cannot be read either.
    NoLedger,
    Suspended,
    /// spec.mode is Plan.
    Plan,
    BeforeWindow,
    Skewed,
    /// The first attempt has to wait, or may not be made.
    Throttled,
    Forbidden,
    /// What is written does not stand there: an older CRD prunes the intent.
    NotStored,
}

const WAYS: [Way; 14] = [
    Way::Free,
    Way::Waits,
    Way::Blocks,
    Way::Unclear,
    Way::Away,
    Way::Rejected,
    Way::NoLedger,
    Way::Suspended,
    Way::Plan,
    Way::BeforeWindow,
    Way::Skewed,
    Way::Throttled,
    Way::Forbidden,
    Way::NotStored,
];

/// What the cloud shows where that question is asked.
fn shown(hold: Hold) -> Goal {
    match hold {
        Hold::OfKind(code) => asks(code, 1),
        _ => Goal::Act(ORDER),
    }
}

/// A script whose object is held.
pub(super) fn held(hold: Hold) -> Script {
    let mut s = Script::new();
    match hold {
        Hold::AnswerUnknown | Hold::ProofTimeout => {
            let answer = match hold {
                Hold::AnswerUnknown => Answer::Unknown,
                _ => Answer::Accepted,
            };
            s.ordered().answer(answer).written();
            s.sees(Goal::Act(ORDER)).written();
            s.pass(61 * MINUTE).wake().sees(Goal::Act(ORDER)).written();
        }
        Hold::OrphanUnknown => {
            s.record = Record::Orphan(foreign_claim(), ORPHAN);
            s.wake().sees(Goal::Act(ORDER)).written();
            s.pass(61 * MINUTE).wake().sees(Goal::Act(ORDER)).written();
        }
        Hold::NoRecord => {
            s.record = Record::Free;
            s.object.restored = true;
            s.wake().sees(Goal::Act(ORDER)).written();
        }
        Hold::LedgerConflict => {
            s.ordered().answer(Answer::Accepted).written();
            s.record = Record::Free;
            s.sees(Goal::Act(ORDER)).written();
        }
        Hold::OfKind(_) => {
            s.wake().sees(shown(hold)).written();
        }
    }
    assert_eq!(s.object.hold.map(|question| question.hold), Some(hold));
    assert_eq!(s.report, Some(Report::Held(hold)));
    s.pass(MINUTE);
    s.announced.clear();
    s.changes.clear();
    s.trail.clear();
    s
}

/// A whole session, of which the cloud, the API server and the ledger let everything
/// through but what is in the way.
fn session(s: &mut Script, goal: Goal, way: Way) {
    s.object.wish.suspended = way == Way::Suspended;
    s.object.wish.execute = way != Way::Plan;
    s.skewed = way == Way::Skewed;
    s.object.wish.not_before = match way {
        Way::BeforeWindow | Way::Skewed => Some(Tick(s.now.wall.0 + 60 * MINUTE)),
        _ => None,
    };
    let goal = match way {
        Way::Waits => Goal::Wait(BUSY, Some(Span(10 * MINUTE))),
        Way::Blocks => Goal::Block(FORBIDDEN),
        Way::Unclear => Goal::Unclear,
        _ => goal,
    };
    s.wake = None;
    s.wake();
    for _ in 0..20 {
        let now = s.now;
        match s.todo.clone() {
            None => return,
            Some(Effect::Observe) => match way {
                Way::Away | Way::NoLedger => s.on(Event::Unobserved(now, AWAY)),
                Way::Rejected => s.on(Event::Unobserved(now, LIMITED)),
                _ => s.sees(goal),
            },
            Some(Effect::Permit(_)) => match way {
                Way::Throttled => s.on(Event::Forbidden(now, THROTTLED)),
                Way::Forbidden => s.on(Event::Forbidden(now, LIMITED)),
                _ => s.permitted(),
            },
            Some(Effect::Claim(step)) => {
                s.record = Record::Ours(step);
                s.permitted()
            }
            Some(Effect::Close(_, closing)) => {
                s.closings.push(closing);
                s.record = Record::Free;
                s.closed()
            }
            Some(Effect::Send(_)) => s.answer(Answer::Accepted),
            Some(Effect::Intend(..)) if way == Way::NotStored => s.on(Event::Written(now, false)),
            Some(Effect::Recall) => match way {
                Way::NoLedger => s.on(Event::Unobserved(now, AWAY)),
                _ => s.recalled(),
            },
            Some(Effect::Read) => s.read(),
            Some(_) => s.written(),
        };
    }
    panic!("the session does not end: {:?}", s.trail);
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Taken,
    /// Kept, and this is in the way.
    Kept(Report),
    Withdrawn,
}

/// What has to come of a decision.
fn expected(hold: Hold, decision: Decision, way: Way) -> Outcome {
    use Decision::{LookAgain, OfKind, SendAgain};
    let calls = matches!(decision, SendAgain | OfKind(_));
    let new = !matches!(hold, Hold::AnswerUnknown);
    match way {
        Way::NoLedger => Outcome::Kept(Report::Waiting(AWAY.code)),
        _ if decision.ends() => Outcome::Taken,
        Way::Away => Outcome::Kept(Report::Waiting(AWAY.code)),
        Way::Rejected => Outcome::Kept(Report::Blocked(LIMITED.code)),
        Way::Suspended => Outcome::Kept(Report::Suspended),
        Way::Waits | Way::Blocks if hold.is_of_the_kind() => Outcome::Withdrawn,
        _ if decision == LookAgain => Outcome::Taken,
        Way::Waits => Outcome::Kept(Report::Waiting(BUSY)),
        Way::Blocks => Outcome::Kept(Report::Blocked(FORBIDDEN)),
        Way::Unclear => Outcome::Kept(Report::Waiting(OBSERVATION_UNCLEAR)),
        Way::Plan => Outcome::Kept(Report::Planned(Forecast::Sends)),
        // Only the first call has a window.
        Way::BeforeWindow if new => Outcome::Kept(Report::BeforeWindow),
        Way::Skewed if new => Outcome::Kept(Report::Waiting(CLOCK_SKEW)),
        Way::Throttled => Outcome::Kept(Report::Waiting(THROTTLED.code)),
        Way::Forbidden => Outcome::Kept(Report::Blocked(LIMITED.code)),
        Way::NotStored => Outcome::Kept(Report::Blocked(INTENT_NOT_STORED)),
        _ => {
            assert!(calls);
            Outcome::Taken
        }
    }
}

/// What came of it.
fn outcome(s: &Script, question: Question, way: Way) -> Outcome {
    if s.announced.contains(&Report::Withdrawn(question.hold)) {
        assert_ne!(s.object.hold, Some(question));
        return Outcome::Withdrawn;
    }
    if s.changes.iter().any(|c| c.handled == Some(question.id)) {
        assert_ne!(s.object.hold, Some(question), "it is used once");
        return Outcome::Taken;
    }
    assert_eq!(s.object.hold, Some(question), "the question stays");
    let report = match way {
        Way::Suspended => Report::Suspended,
        _ => Report::Held(question.hold),
    };
    assert_eq!(s.report, Some(report));
    let last = s
        .changes
        .last()
        .expect("the status names what is in the way");
    if way != Way::Suspended {
        assert!(s.rests_for() <= rules().poll, "it waits for {:?}", s.wake);
    }
    Outcome::Kept(last.in_the_way.expect("what is in the way"))
}

#[test]
fn every_offered_decision_is_taken_or_kept_or_its_question_withdrawn() {
    for hold in HOLDS {
        for decision in offers(hold) {
            for way in WAYS {
                let case = format!("{hold:?}, {decision:?}, {way:?}");
                let mut s = held(hold);
                let question = s.object.hold.expect("a question");
                s.decide(decision);
                session(&mut s, shown(hold), way);
                let found = outcome(&s, question, way);
                assert_eq!(found, expected(hold, decision, way), "{case}");
                if found == Outcome::Taken {
                    continue;
                }
                // It is taken as soon as nothing is in the way; a question that was
                // withdrawn leaves nothing to be decided about.
                s.changes.clear();
                s.announced.clear();
                s.pass(rules().poll.0);
                session(&mut s, shown(hold), Way::Free);
                let taken = s.changes.iter().any(|c| c.handled == Some(question.id));
                assert_eq!(taken, found != Outcome::Withdrawn, "{case}, then Free");
            }
        }
    }
}

#[test]
fn a_decision_that_ends_the_operation_is_taken_without_an_observation() {
    for hold in HOLDS {
        for decision in hold.choices().iter().filter(|decision| decision.ends()) {
            for way in WAYS.into_iter().filter(|way| *way != Way::NoLedger) {
                let case = format!("{hold:?}, {decision:?}, {way:?}");
                let mut s = held(hold);
                s.decide(*decision);
                session(&mut s, shown(hold), way);
                assert_eq!(s.trail[0], "Recall", "{case}");
                if hold == Hold::OrphanUnknown {
                    let decided = Closing::Decided(*decision);
                    let closings = match way {
                        // Its own claim, whose call is never sent.
                        Way::NotStored => vec![decided, Closing::NoEffect],
                        _ => vec![decided],
                    };
                    assert_eq!(s.closings, closings, "{case}");
                    continue;
                }
                let end = match decision {
                    Decision::AssumeDone => End::Succeeded(How::Assumed),
                    _ => End::GivenUp,
                };
                assert_eq!(s.report, Some(Report::Ended(end)), "{case}");
                assert_eq!(s.announced, [Report::Ended(end)], "{case}");
                assert_eq!(s.sends, usize::from(!s.object.steps.is_empty()), "{case}");
                assert!(!s.trail.contains(&"Observe"), "{case}");
                let claimed = matches!(hold, Hold::AnswerUnknown | Hold::ProofTimeout);
                let closings = [Closing::Ended(end)];
                assert_eq!(s.closings, closings[..usize::from(claimed)], "{case}");
            }
        }
    }
}

/// After a write of which nothing is known: the object is read, or woken later.
fn again(s: &mut Script) -> &mut Script {
    match s.todo {
        Some(_) => s.read(),
        None => {
            let pause = s.rests_for().0;
            s.pass(pause).wake()
        }
    }
}

#[test]
fn an_ending_decision_survives_conflicts_and_lost_replies() {
    let holds = HOLDS.into_iter();
    for hold in holds.filter(|hold| *hold != Hold::OrphanUnknown) {
        let mut s = held(hold);
        s.decide(Decision::GiveUp).wake().recalled();
        if matches!(s.todo, Some(Effect::Close(..))) {
            s.on(Event::Conflict).read().recalled().no_reply();
            again(&mut s).recalled().closed();
            s.record = Record::Closed;
        }
        s.conflict().read().recalled().no_reply();
        again(&mut s).recalled().written();
        assert_eq!(s.report, Some(Report::Ended(End::GivenUp)), "{hold:?}");
    }
}

#[test]
fn a_decision_to_call_survives_conflicts_and_lost_replies() {
    for (hold, decision, key) in [
        (Hold::AnswerUnknown, Decision::SendAgain, ORDER.key),
        (Hold::NoRecord, Decision::SendAgain, ORDER.key),
        (Hold::OfKind(FAILED), RETRY, RETRYING.key),
        (Hold::OfKind(STANDS), GO_ON, GOING_ON.key),
    ] {
        let mut s = held(hold);
        let (goal, sent) = (shown(hold), s.sends);
        s.decide(decision).wake().sees(goal).permitted();
        if let Some(Effect::Claim(step)) = s.todo {
            s.on(Event::Conflict).read().sees(goal).permitted();
            s.record = Record::Ours(step);
            s.no_reply();
            again(&mut s).sees(goal).permitted();
        }
        s.conflict().read().sees(goal).permitted().no_reply();
        again(&mut s).sees(goal).permitted();
        assert_eq!(s.intent().key, key, "{hold:?}");
        s.written().answer(Answer::Accepted);
        assert_eq!((s.object.hold, s.sends), (None, sent + 1), "{hold:?}");
    }
}

/// The next question about the same is another one.
#[test]
fn a_decision_is_used_once() {
    let mut s = held(Hold::AnswerUnknown);
    s.decide(Decision::SendAgain).wake().sees(Goal::Act(ORDER));
    s.permitted();
    s.record = Record::Ours(s.claiming());
    s.permitted().written().answer(Answer::Unknown).written();
    s.sees(Goal::Act(ORDER)).written();
    for _ in 0..5 {
        s.pass(61 * MINUTE).wake().sees(Goal::Act(ORDER)).written();
    }
    assert_eq!(s.report, Some(Report::Held(Hold::AnswerUnknown)));
    assert_eq!(s.sends, 2);
}

/// A repeat that had no effect leaves what it was decided about as it was.
#[test]
fn what_shows_of_an_accepted_repeat_is_no_answer_to_the_call_before_it() {
    let mut s = held(Hold::AnswerUnknown);
    s.decide(Decision::SendAgain).wake().sees(Goal::Act(ORDER));
    s.permitted();
    s.record = Record::Ours(s.claiming());
    s.permitted().written().answer(Answer::Accepted).written();
    let answers = |s: &Script| Vec::from_iter(s.object.steps.iter().map(|step| step.answer));
    let before = answers(&s);
    while s.todo.is_some() {
        match s.todo {
            Some(Effect::Observe) => s.sees_with(Goal::Wait(BUSY, None), Trace::Shown),
            _ => s.written(),
        };
    }
    s.pass(MINUTE).wake();
    s.sees_with(Goal::Wait(BUSY, None), Trace::Shown);
    assert_eq!(answers(&s), before);
}

#[test]
fn a_repeat_that_is_refused_for_good_says_nothing_of_the_call_before_it() {
    for verdict in [Verdict::Terminal, Verdict::Lost(GONE)] {
        let mut s = held(Hold::AnswerUnknown);
        s.decide(Decision::SendAgain).wake().sees(Goal::Act(ORDER));
        s.permitted();
        s.record = Record::Ours(s.claiming());
        s.permitted().written().answer(Answer::Refused(verdict));
        for _ in 0..3 {
            while s.todo.is_some() {
                match s.todo {
                    Some(Effect::Observe) => s.sees(Goal::Act(ORDER)),
                    _ => s.written(),
                };
            }
            assert_eq!(
                s.report,
                Some(Report::Held(Hold::AnswerUnknown)),
                "{verdict:?}"
            );
            s.pass(61 * MINUTE).wake();
        }
        assert_eq!(s.sends, 2);
        let told = [Report::Held(Hold::AnswerUnknown)];
        assert_eq!(s.announced, told, "it is asked once more");
    }
}

/// The first call was found after all; then what it did does not show any more.
#[test]
fn a_repeat_that_had_no_effect_changes_nothing_of_a_call_that_was_found() {
    for verdict in [
        Verdict::Terminal,
        Verdict::Lost(GONE),
        Verdict::Verify(BUSY),
    ] {
        let mut s = held(Hold::AnswerUnknown);
        s.decide(Decision::SendAgain).wake().sees(Goal::Act(ORDER));
        s.permitted();
        s.record = Record::Ours(s.claiming());
        s.permitted().written().answer(Answer::Refused(verdict));
        s.object.steps[0].answer = Some(Answer::Accepted);
        s.object.steps[0].answered = Some(s.now.wall);
        s.object.steps[1].answer = Some(Answer::Refused(verdict));
        let sends = s.sends;
        s.restart().pass(MINUTE);
        for _ in 0..5 {
            s.wake().sees(Goal::Act(ORDER)).written();
            assert_eq!(s.report, Some(Report::Verifying), "{verdict:?}");
            s.pass(MINUTE);
        }
        for _ in 0..3 {
            s.pass(61 * MINUTE).wake().sees(Goal::Act(ORDER)).written();
            let held = Report::Held(Hold::ProofTimeout);
            assert_eq!(s.report, Some(held), "{verdict:?}");
        }
        let question = s.object.hold.expect("a question");
        s.wake().sees(Goal::Act(ORDER)).written();
        assert_eq!(s.object.hold, Some(question), "it stands");
        assert_eq!(s.sends, sends, "{verdict:?}");
    }
}

/// An intent that an earlier decision led to, and that was never sent, stands there.
/// Sending it would leave the new question, and its answer, for another call.
#[test]
fn a_decision_is_written_before_the_call_that_it_leads_to() {
    let paused = |pin| asks(STANDS, pin);
    let mut s = held(Hold::OfKind(STANDS));
    s.decide(GO_ON).wake().sees(paused(1));
    s.permitted().written().unsent(THROTTLED);
    s.pass(MINUTE).wake().sees(paused(2)).written();
    s.decide(GO_ON).wake().sees(paused(2));
    s.permitted().written();
    assert_eq!(s.todo, Some(Effect::Send(2)));
    assert_eq!(s.object.hold, None);
    assert_eq!(s.object.steps[0].answer, Some(Answer::NotSent));
}

/// Without its connection nobody knows which ledger it is about.
#[test]
fn a_decision_about_a_claim_that_cannot_be_found_is_kept() {
    let mut s = held(Hold::OrphanUnknown);
    let orphan = s.record;
    s.record = Record::None;
    s.decide(Decision::GiveUp).wake().recalled();
    s.on(Event::Unobserved(s.now, LIMITED)).written();
    let change = *s.changes.last().expect("a change");
    assert_eq!(change.in_the_way, Some(Report::Blocked(LIMITED.code)));
    assert_eq!(s.report, Some(Report::Held(Hold::OrphanUnknown)));

    s.object.wish.suspended = true;
    s.wake().recalled().written();
    assert_eq!(s.report, Some(Report::Suspended));
    assert!(s.object.hold.is_some());

    // The connection comes back after the ledger was asked for.
    s.object.wish.suspended = false;
    s.wake().recalled();
    s.record = orphan;
    s.sees(Goal::Act(ORDER)).written();
    assert_eq!(s.closing(), Closing::Decided(Decision::GiveUp));
    assert_eq!(s.object.hold, None);
}

#[test]
fn a_decision_about_a_claim_that_is_over_is_withdrawn() {
    for suspended in [false, true] {
        let mut s = held(Hold::OrphanUnknown);
        s.record = Record::Free;
        s.object.wish.suspended = suspended;
        s.decide(Decision::GiveUp).wake().recalled();
        match suspended {
            true => s.written(),
            false => s.sees(Goal::Wait(BUSY, None)).written(),
        };
        assert_eq!(s.object.hold, None);
        assert_eq!(s.announced, [Report::Withdrawn(Hold::OrphanUnknown)]);
    }
}

#[test]
fn a_decision_that_is_not_offered_changes_nothing() {
    use Decision::{AssumeDone, GiveUp, LookAgain, OfKind, SendAgain};
    for hold in HOLDS {
        for decision in [
            SendAgain,
            LookAgain,
            AssumeDone,
            GiveUp,
            GO_ON,
            RETRY,
            OfKind(9),
        ] {
            if offers(hold).contains(&decision) {
                continue;
            }
            let mut s = held(hold);
            let question = s.object.hold;
            s.decide(decision);
            session(&mut s, shown(hold), Way::Free);
            assert_eq!(s.object.hold, question, "{hold:?}, {decision:?}");
            assert!(s.changes.iter().all(|change| change.in_the_way.is_none()));
        }
    }
}
