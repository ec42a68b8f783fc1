//! Steps that are claimed in the ledger (design: 3.3).

use super::*;

pub(super) const ORDER: Plan = Plan {
    ledger: true,
    paid: true,
    ..NEVER
};
pub(super) const SPENT: Code = Code(60);
pub(super) const UNPAID: Code = Code(61);

/// A script whose next look finds the ledger like this.
pub(super) fn with(record: Record) -> Script {
    let mut s = Script::new();
    s.record = record;
    s
}

impl Script {
    pub(super) fn claiming(&self) -> Step {
        match self.todo {
            Some(Effect::Claim(step)) => step,
            ref other => panic!("nothing is being claimed: {other:?}"),
        }
    }

    pub(super) fn closing(&self) -> Closing {
        match self.todo {
            Some(Effect::Close(_, closing)) => closing,
            ref other => panic!("nothing is being closed: {other:?}"),
        }
    }

    pub(super) fn closed(&mut self) -> &mut Self {
        self.closing();
        self.on(Event::Written(self.now, true))
    }

    /// Claimed and intended, up to the answer.
    pub(super) fn ordered(&mut self) -> &mut Self {
        self.record = Record::Free;
        self.wake().sees(Goal::Act(ORDER)).permitted();
        self.record = Record::Ours(self.claiming());
        self.permitted().written()
    }
}

/// What tells that claim from another one.
pub(super) const ORPHAN: Pin = Pin(99);

/// A claim of a process that is gone.
pub(super) fn foreign_claim() -> Step {
    Step {
        number: 1,
        key: StepKey(0),
        class: Class::Never,
        writer: Writer(99),
        intended: Now {
            wall: Tick(990 * MINUTE),
            mono: Tick(0),
        },
        window: Span(30 * MINUTE),
        answer: None,
        answered: None,
    }
}

#[test]
fn an_order_is_claimed_intended_sent_recorded_proven_closed_and_stored_in_this_order() {
    let mut s = Script::new();
    s.ordered().answer(Answer::Accepted).written().sees(SEEN);
    assert_eq!(s.closing(), Closing::Ended(End::Succeeded(How::Proven)));
    s.closed().written();
    assert_eq!(
        s.trail,
        [
            "Observe", "Permit", "Claim", "Intend", "Send", "Store", "Observe", "Close", "Store",
            "Announce", "Rest"
        ]
    );
    assert_eq!(s.report, Some(Report::Ended(End::Succeeded(How::Proven))));
}

#[test]
fn a_ledger_that_has_changed_is_looked_at_again_and_the_same_step_claimed() {
    let mut s = with(Record::Free);
    s.wake().sees(Goal::Act(ORDER)).permitted();
    let step = s.claiming();
    s.on(Event::Conflict)
        .read()
        .sees(Goal::Act(ORDER))
        .permitted();
    assert_eq!(s.claiming(), step);
}

#[test]
fn a_claim_without_an_answer_that_stands_there_is_not_made_twice() {
    let mut s = with(Record::Free);
    s.wake().sees(Goal::Act(ORDER)).permitted();
    s.record = Record::Ours(s.claiming());
    s.no_reply().read().sees(Goal::Act(ORDER)).permitted();
    assert!(matches!(s.todo, Some(Effect::Intend(..))), "{:?}", s.todo);
}

#[test]
fn a_claimed_step_that_status_lacks_may_have_been_sent() {
    let mut s = with(Record::Ours(foreign_claim()));
    s.wake().sees(Goal::Act(ORDER));
    assert_eq!(s.storing(), Report::ResolvingAnswer);
    s.written();
    s.pass(rules().settle().0)
        .wake()
        .sees(Goal::Act(ORDER))
        .written();
    assert_eq!(s.report, Some(Report::Held(Hold::AnswerUnknown)));
    let question = s.object.hold.expect("a question");
    s.object.wish.decision = Some((question.id, Decision::SendAgain));
    s.wake().sees(Goal::Act(ORDER)).permitted();
    assert_eq!(s.claiming().number, 2);
    s.permitted().written();
    assert_eq!(s.object.hold, None);
    assert_eq!(s.todo, Some(Effect::Send(2)));
}

/// No status write stores the answer of such a call: it must not start again each time.
#[test]
fn a_question_about_one_orphan_is_none_about_another() {
    let about = |pin| with(Record::Orphan(foreign_claim(), pin));
    let asked = |pin| {
        let mut s = about(pin);
        s.wake().sees(Goal::Act(ORDER)).written();
        s.pass(rules().settle().0)
            .wake()
            .sees(Goal::Act(ORDER))
            .written();
        assert_eq!(s.report, Some(Report::Held(Hold::OrphanUnknown)));
        assert_eq!(s.object.hold.expect("a question").pin, pin);
        s
    };
    let other = Record::Orphan(foreign_claim(), Pin(100));
    // The ledger is read: for the decision alone, or with the cloud.
    let mut s = asked(ORPHAN);
    s.record = other;
    s.decide(Decision::GiveUp);
    s.wake().recalled();
    s.sees(Goal::Act(ORDER)).written();
    assert!(!s.trail.contains(&"Close"), "{:?}", s.trail);
    assert_eq!(s.report, Some(Report::Held(Hold::OrphanUnknown)));
    assert_eq!(s.object.hold.expect("another").pin, Pin(100));

    let mut s = asked(ORPHAN);
    s.record = other;
    s.wake().sees(Goal::Act(ORDER)).written();
    assert_eq!(s.object.hold.expect("another").pin, Pin(100));

    // Version 0.1.0 did not write which one.
    let mut s = asked(Pin::default());
    s.record = other;
    s.decide(Decision::GiveUp);
    s.wake().recalled();
    assert_eq!(s.storing(), Report::ResolvingAnswer);
    s.written();
    assert_eq!(s.closing(), Closing::Decided(Decision::GiveUp));
}

#[test]
fn what_status_lacks_is_waited_for_no_longer_than_what_it_has() {
    let busy = Goal::Wait(BUSY, None);
    let mut s = with(Record::Ours(foreign_claim()));
    s.object.wish.verify_timeout = Span(30 * MINUTE);
    for _ in 0..2 {
        s.wake().sees_with(busy, Trace::Shown).written();
        assert_eq!(s.report, Some(Report::Waiting(BUSY)));
        s.pass(10 * MINUTE);
    }
    s.wake().sees_with(busy, Trace::Shown).written();
    assert_eq!(s.report, Some(Report::Held(Hold::ProofTimeout)));
    s.decide(Decision::LookAgain);
    s.wake().sees_with(busy, Trace::Shown).written();
    assert_eq!(s.report, Some(Report::Verifying));
    s.wake().sees_with(busy, Trace::Shown).written();
    assert_eq!(s.report, Some(Report::Held(Hold::ProofTimeout)));
    s.decide(Decision::GiveUp);
    s.wake().recalled();
    assert_eq!(s.closing(), Closing::Ended(End::GivenUp));
}

#[test]
fn proof_of_presence_ends_what_status_lacks() {
    let mut s = with(Record::Ours(foreign_claim()));
    s.wake().sees(SEEN);
    assert_eq!(s.closing(), Closing::Ended(End::Succeeded(How::Proven)));
    s.closed().written();
    assert_eq!(s.report, Some(Report::Ended(End::Succeeded(How::Proven))));
}

#[test]
fn a_call_of_an_operation_that_is_gone_is_asked_about_before_the_own_one() {
    let mut s = with(Record::Orphan(foreign_claim(), ORPHAN));
    s.wake().sees(Goal::Act(ORDER));
    assert_eq!(s.storing(), Report::ResolvingAnswer);
    s.written();
    s.pass(rules().settle().0)
        .wake()
        .sees(Goal::Act(ORDER))
        .written();
    assert_eq!(s.report, Some(Report::Held(Hold::OrphanUnknown)));
    let question = s.object.hold.expect("a question");
    for decision in [Decision::SendAgain, Decision::LookAgain] {
        s.object.wish.decision = Some((question.id, decision));
        s.wake().sees(Goal::Act(ORDER)).written();
        assert_eq!(s.report, Some(Report::Held(Hold::OrphanUnknown)));
    }
    s.object.wish.decision = Some((question.id, Decision::GiveUp));
    s.wake().recalled().written();
    assert_eq!(
        s.object.hold, None,
        "the question is over before its answer is used"
    );
    assert_eq!(s.closing(), Closing::Decided(Decision::GiveUp));
    s.record = Record::Free;
    s.closed().read().sees(Goal::Act(ORDER)).permitted();
    assert_eq!(s.claiming().number, 1);
    assert_eq!(s.sends, 0);
}

#[test]
fn a_call_of_an_operation_that_is_gone_is_closed_when_it_shows() {
    let mut s = with(Record::Orphan(foreign_claim(), ORPHAN));
    s.wake().sees_with(Goal::Act(ORDER), Trace::Shown);
    assert_eq!(s.closing(), Closing::Seen);
    s.record = Record::Free;
    s.closed().sees(Goal::Act(ORDER)).permitted();
    assert_eq!(s.claiming().writer, ME);
}

#[test]
fn a_question_about_an_operation_that_is_gone_is_dropped_with_its_claim() {
    let mut s = with(Record::Orphan(foreign_claim(), ORPHAN));
    s.wake().sees(Goal::Act(ORDER)).written();
    s.pass(rules().settle().0)
        .wake()
        .sees(Goal::Act(ORDER))
        .written();
    assert!(s.object.hold.is_some());
    s.record = Record::Free;
    s.wake()
        .sees(Goal::Act(ORDER))
        .permitted()
        .permitted()
        .written();
    assert_eq!(s.object.hold, None);
    assert_eq!(s.todo, Some(Effect::Send(1)));
}

#[test]
fn a_key_that_was_executed_ends_without_a_call() {
    let mut s = with(Record::Spent(SPENT));
    s.wake().sees(Goal::Act(ORDER)).written();
    assert_eq!(s.report, Some(Report::Ended(End::Lost(SPENT))));
    let mut s = with(Record::Spent(SPENT));
    s.wake().sees(SEEN).written();
    let already = End::Succeeded(How::AlreadySatisfied);
    assert_eq!(
        s.report,
        Some(Report::Ended(already)),
        "its result is taken over"
    );
}

#[test]
fn an_end_that_was_not_stored_after_its_claim_was_closed_is_stored() {
    let mut s = Script::new();
    s.ordered()
        .answer(Answer::Accepted)
        .written()
        .sees(SEEN)
        .closed();
    s.restart();
    s.record = Record::Closed;
    s.wake().sees(SEEN).written();
    assert_eq!(s.report, Some(Report::Ended(End::Succeeded(How::Proven))));
}

/// Another object did the same meanwhile, or a status was forged. A step of which status
/// says that it had no effect is no reason to do it once more.
#[test]
fn a_refused_step_does_not_stand_in_the_way_of_what_was_done_already() {
    let mut s = Script::new();
    s.ordered()
        .answer(Answer::Refused(Verdict::Wait(BUSY)))
        .written()
        .closed();
    s.record = Record::Spent(SPENT);
    s.pass(s.rests_for().0)
        .wake()
        .sees(Goal::Act(ORDER))
        .written();
    assert_eq!(s.report, Some(Report::Ended(End::Lost(SPENT))));
}

#[test]
fn a_refusal_that_lasts_releases_the_claim() {
    for verdict in [Verdict::Blocked(FORBIDDEN), Verdict::Wait(BUSY)] {
        let mut s = Script::new();
        s.ordered().answer(Answer::Refused(verdict)).written();
        assert_eq!(s.closing(), Closing::NoEffect, "{verdict:?}");
        s.closed();
        assert!(s.rests_for() > Span(0));
        s.record = Record::Free;
        s.pass(s.rests_for().0)
            .wake()
            .sees(Goal::Act(ORDER))
            .permitted();
        assert_eq!(s.claiming().number, 2);
    }
}

#[test]
fn a_final_refusal_is_no_executed_key() {
    let mut s = Script::new();
    s.ordered()
        .answer(Answer::Refused(Verdict::Terminal))
        .written();
    s.sees(Goal::Act(ORDER));
    assert_eq!(s.closing(), Closing::NoEffect);
    s.closed().written();
    assert_eq!(s.report, Some(Report::Ended(End::Refused)));
}

#[test]
fn a_claim_whose_time_ran_out_unsent_is_claimed_anew_and_asks_nobody() {
    let mut s = with(Record::Free);
    s.wake().sees(Goal::Act(ORDER)).permitted();
    let first = s.claiming();
    s.permitted().conflict();
    s.object.wish.suspended = true;
    s.read().written().pass(60 * MINUTE);
    s.object.wish.suspended = false;
    s.record = Record::Ours(first);
    s.wake().sees(Goal::Act(ORDER)).permitted();
    assert_eq!(s.claiming().number, 2);
    s.permitted().written();
    assert_eq!(s.todo, Some(Effect::Send(2)));
}

#[test]
fn a_restored_object_without_a_record_is_asked_about_before_it_costs_money() {
    let mut s = with(Record::Free);
    s.object.restored = true;
    s.wake().sees(Goal::Act(ORDER)).written();
    assert_eq!(s.report, Some(Report::Held(Hold::NoRecord)));
    let question = s.object.hold.expect("a question");
    s.object.wish.decision = Some((question.id, Decision::SendAgain));
    s.wake()
        .sees(Goal::Act(ORDER))
        .permitted()
        .permitted()
        .written();
    assert_eq!(s.todo, Some(Effect::Send(1)));
    assert_eq!(s.object.hold, None);
}

#[test]
fn a_call_that_the_ledger_does_not_have_is_asked_about() {
    let mut s = Script::new();
    s.ordered().answer(Answer::Accepted).written();
    s.record = Record::Free;
    s.sees(Goal::Act(ORDER)).written();
    assert_eq!(s.report, Some(Report::Held(Hold::LedgerConflict)));
    s.record = Record::Ours(s.object.steps[0]);
    s.wake().sees(Goal::Act(ORDER)).written();
    assert_eq!(
        s.report,
        Some(Report::Verifying),
        "the ledger is there again"
    );
    assert_eq!(s.object.hold, None);
}

#[test]
fn a_lost_answer_whose_order_is_found_counts_as_accepted() {
    let mut s = Script::new();
    s.ordered().answer(Answer::Unknown).written();
    s.sees_with(Goal::Wait(UNPAID, None), Trace::Shown)
        .written();
    assert_eq!(s.object.steps[0].answer, Some(Answer::Accepted));
    assert_eq!(s.report, Some(Report::Waiting(UNPAID)));
}

#[test]
fn what_is_paid_later_is_due_from_then_on() {
    let mut s = Script::new();
    s.ordered().answer(Answer::Accepted).written();
    let look = |s: &mut Script, goal: Goal, due: Due| {
        let view = View {
            started: s.now.wall,
            goal,
            trace: Trace::NotShown,
            due,
            record: s.record,
            past: Past::default(),
            target: Pin::default(),
            shared: false,
            skewed: false,
            deadline: None,
        };
        let event = Event::Observed(s.now, view);
        s.on(event).written();
    };
    look(&mut s, Goal::Wait(UNPAID, None), Due::Later);
    s.pass(7 * 24 * 60 * MINUTE).wake();
    look(&mut s, Goal::Wait(UNPAID, None), Due::Later);
    assert_eq!(s.report, Some(Report::Waiting(UNPAID)), "no time-out");
    let paid = s.now.wall;
    s.pass(59 * MINUTE).wake();
    look(&mut s, Goal::Act(ORDER), Due::Since(paid));
    assert_eq!(s.report, Some(Report::Verifying));
    s.pass(MINUTE).wake();
    look(&mut s, Goal::Act(ORDER), Due::Since(paid));
    assert_eq!(s.report, Some(Report::Held(Hold::ProofTimeout)));
}

#[test]
fn a_ledger_that_may_not_be_written_is_told_and_the_end_is_not_stored_before_it() {
    let broken = Trouble {
        code: FORBIDDEN,
        blocked: true,
        quiet: 0,
        pause: None,
        refused: false,
    };
    let mut s = Script::new();
    s.ordered().answer(Answer::Accepted).written().sees(SEEN);
    s.closing();
    s.on(Event::Forbidden(s.now, broken)).written();
    assert_eq!(s.report, Some(Report::Blocked(FORBIDDEN)));
    assert!(!s.object.ended);
    s.record = Record::Ours(s.object.steps[0]);
    s.pass(s.rests_for().0).wake().sees(SEEN).closed().written();
    assert_eq!(s.report, Some(Report::Ended(End::Succeeded(How::Proven))));
}

/// Claimed, and the intent was pruned from status.
fn not_stored() -> Script {
    let mut s = with(Record::Free);
    s.wake().sees(Goal::Act(ORDER)).permitted();
    s.record = Record::Ours(s.claiming());
    s.permitted();
    s.on(Event::Written(s.now, false)).written();
    assert_eq!(s.report, Some(Report::Blocked(INTENT_NOT_STORED)));
    s
}

#[test]
fn a_claim_whose_intent_was_not_stored_is_given_back() {
    let mut s = not_stored();
    assert_eq!(s.closing(), Closing::NoEffect);
    s.closed();
    assert_eq!(s.rests_for(), rules().recheck);
    s.record = Record::Free;
    s.pass(rules().recheck.0).wake().sees(Goal::Act(ORDER));
    assert_eq!(s.todo, Some(Effect::Permit(ORDER)));
}

#[test]
fn a_claim_that_could_not_be_given_back_is_known_as_never_sent() {
    let mut s = not_stored();
    s.no_reply();
    s.pass(rules().recheck.0)
        .wake()
        .sees(Goal::Act(ORDER))
        .permitted();
    assert_eq!(s.claiming().number, 2, "no question about the first");
}
