//! Questions: how a decision is taken, and when the premise of a question is gone.

use crate::attempt::attempt;
use crate::state::{Closed, Next, State, finish, hold, same_intent};
use crate::types::*;

/// A person chooses what is next; each answer is to one thing that the cloud
/// showed.
pub(crate) fn asked(rules: &Rules, mut state: State, now: Now, ask: Ask) -> (State, Vec<Effect>) {
    if let Some(question) = state.stored().hold.filter(|question| !ask.puts(*question)) {
        state.withdraw_question(question);
    }
    state.pin = ask.pin;
    let Some((id, decision)) = state.offered() else {
        return hold(rules, state, ask.hold());
    };
    let Some(Choice { step, .. }) = ask.choice(decision) else {
        // What it does not offer is no decision, so nothing is in the way of one.
        if let Some(stored) = &mut state.stored {
            stored.wish.decision = None;
        }
        return hold(rules, state, ask.hold());
    };
    state.handled = Some(id);
    match step {
        // The intent's own write ends the question, so it is used once.
        Some(plan) => attempt(rules, state, now, plan),
        None => {
            let change = state.change(Report::Verifying);
            state.store_change(change, Next::Observe)
        }
    }
}

/// A person was asked; nothing goes on without an answer to that very question.
pub(crate) fn decided(
    rules: &Rules,
    mut state: State,
    now: Now,
    plan: Plan,
    question: Question,
    over: u32,
) -> (State, Vec<Effect>) {
    match state.offered() {
        Some((id, Decision::SendAgain)) => {
            // The intent's own write ends the question, so it is used once.
            state.handled = Some(id);
            attempt(rules, state, now, plan)
        }
        Some((id, Decision::LookAgain)) => look_again(rules, state, now, id, over),
        // What ends it was taken before there was a reading; the others are not
        // offered by the questions that come here.
        _ => hold(rules, state, question.hold),
    }
}

/// Its effect is looked for once more, for another verify time-out.
pub(crate) fn look_again(
    rules: &Rules,
    mut state: State,
    now: Now,
    id: u64,
    over: u32,
) -> (State, Vec<Effect>) {
    state.handled = Some(id);
    let last = state.last_accepted(over).or(state.last());
    let change = Change {
        look_again: last.map(|step| (step.number, now.wall)),
        ..state.change(Report::Verifying)
    };
    state.store_change(change, Next::Rest(Some(rules.poll)))
}

/// A decision that ends the operation, whatever the cloud shows; or that ends what
/// is asked of the call of an operation that is gone.
pub(crate) fn conclude(
    rules: &Rules,
    mut state: State,
    now: Now,
    decision: Decision,
) -> (State, Vec<Effect>) {
    let (Some(question), Some((id, _))) = (state.stored().hold, state.offered()) else {
        return state.reread();
    };
    if question.hold != Hold::OrphanUnknown {
        state.handled = Some(id);
        let end = match decision {
            Decision::AssumeDone => End::Succeeded(How::Assumed),
            _ => End::GivenUp,
        };
        return finish(rules, state, end);
    }
    match state.record {
        Record::Orphan(step, pin) if question.is_about(pin) => {
            return end_orphan(state, step, id, decision);
        }
        // Which ledger it is about cannot be told now, so the decision is kept.
        Record::None => {}
        // What it was about is over.
        _ => state.withdraw_question(question),
    }
    match state.stored().wish.suspended {
        true => state.store(rules, Report::Suspended, Next::Rest(None)),
        false => state.observe(now),
    }
}

/// What came of the call of an operation that is gone is as was decided. The question
/// ends first: a decision that is lost on the way is asked for again, and none is
/// used twice.
pub(crate) fn end_orphan(
    mut state: State,
    step: Step,
    question: u64,
    decision: Decision,
) -> (State, Vec<Effect>) {
    state.handled = Some(question);
    let change = state.change(Report::ResolvingAnswer);
    let next = Next::Close(step, Closing::Decided(decision), Closed::Reread);
    state.store_change(change, next)
}

impl Question {
    /// What version 0.1.0 asked about the call of an operation that is gone does not say
    /// of which.
    fn is_about(self, pin: Pin) -> bool {
        self.pin == Pin::default() || self.pin == pin
    }
}

impl Ask {
    /// It is this question.
    fn puts(self, question: Question) -> bool {
        (question.hold, question.pin) == (self.hold(), self.pin)
    }
}

impl State {
    /// A call may have been made whose result is unknown, and its like have not run
    /// their course.
    pub(crate) fn has_open_call(&self, over: u32) -> bool {
        let never_sent = |step: &Step| {
            let mut known = [self.unsent, self.dead].into_iter().flatten();
            known.any(|known| same_intent(&known, step))
        };
        self.open_calls(over).any(|step| !never_sent(&step))
    }

    /// Those that are open, but for one that was sent again: that was decided about. A
    /// repeat that had no effect has not changed what is not known of the call before.
    fn open_calls(&self, over: u32) -> impl Iterator<Item = Step> {
        let later = |step: &Step| {
            let mut steps = self.steps().rev().filter(Step::may_have_acted);
            steps.any(|other| other.key == step.key && other.number > step.number)
        };
        self.steps()
            .filter(move |step| step.is_open() && step.number > over && !later(step))
    }

    /// The premise of the question is gone by what this reading shows. An edit of the
    /// object is no such thing.
    pub(crate) fn is_moot(&self, question: Question, view: &View) -> bool {
        let known = self.record != Record::None;
        match question.hold {
            Hold::OfKind(_) => match view.goal {
                Goal::Ask(ask) => !ask.puts(question),
                Goal::Unclear => false,
                _ => true,
            },
            Hold::AnswerUnknown => {
                // A reading that is understood is all that a natural step needs.
                let clear = view.goal != Goal::Unclear;
                let tells = |step: &Step| step.class == Class::Natural && clear;
                !self.open_calls(view.past.over).any(|step| !tells(&step))
            }
            // A ledger that was not read says nothing.
            Hold::OrphanUnknown | Hold::NoRecord | Hold::LedgerConflict if !known => false,
            Hold::OrphanUnknown => {
                let stands =
                    matches!(self.record, Record::Orphan(_, pin) if question.is_about(pin));
                self.contradicts_the_ledger() || !stands
            }
            Hold::ProofTimeout => view.goal != Goal::Unclear && self.is_nothing_due(view),
            Hold::NoRecord => {
                let other = question.pin != Pin::default() && question.pin != view.target;
                other || self.record != Record::Free || self.steps().next().is_some()
            }
            Hold::LedgerConflict => !self.contradicts_the_ledger(),
        }
    }

    /// Nothing accepted waits for its proof any more, or something else has to happen
    /// first. That there is more time is not looked at: it may come of an edit, which
    /// LookAgain is for.
    fn is_nothing_due(&self, view: &View) -> bool {
        let over = view.past.over;
        let last = match view.goal {
            Goal::Act(plan) => {
                let last = self.last_of(plan.key, over);
                last.filter(|last| last.answer == Some(Answer::Accepted))
            }
            _ => self.last_accepted(over),
        };
        last.is_none() || view.due == Due::Later
    }
}
