//! What a complete reading of the cloud leads to.

use crate::machine::Effect;
#[cfg(test)]
use crate::mutant::Mutant;
use crate::proof::{certain, proof_left, unsettled, verify};
use crate::state::{Closed, Missing, Next, State, same_intent};
use crate::types::*;

pub(crate) fn decide(
    rules: &Rules,
    mut state: State,
    now: Now,
    view: View,
) -> (State, Vec<Effect>) {
    if view.trace == Trace::Shown {
        state.note_shown(now);
    }
    if let Some(question) = state.stored().hold
        && question.hold.is_of_the_kind()
        && !matches!(view.goal, Goal::Ask(ask) if ask.puts(question))
    {
        // What it was about does not show any more.
        state.drop_question(question);
    }
    let lost_or_waits = matches!(view.goal, Goal::Lost(..) | Goal::Wait(..));
    #[cfg(test)]
    let lost_or_waits = lost_or_waits || rules.is(Mutant::ContraryIgnored);
    let answered = state.unstored.is_some_and(|step| !step.is_open());
    if view.past.contrary && !lost_or_waits && answered {
        // What it is against may be that very step, whose answer only this process
        // knows yet: the kind has to know it too.
        return state.store(Report::Verifying, Next::Observe);
    }
    if view.past.contrary
        && !lost_or_waits
        && let Some(left) = unsettled(rules, &state, now)
    {
        // It could still arrive, and undo what is wanted now.
        return resolving(rules, state, left);
    }
    match view.goal {
        Goal::Reached(evidence) => {
            if !certain(rules, &mut state, Missing::Unwanted, evidence) {
                return state.observe(now);
            }
            if state.only_plans() {
                return state.store(Report::Planned, Next::Rest(None));
            }
            let how = if state.may_have_acted() {
                How::Proven
            } else {
                How::AlreadySatisfied
            };
            finish(state, End::Succeeded(how))
        }
        Goal::Lost(code, evidence) => {
            if !certain(rules, &mut state, Missing::Needed(code), evidence) {
                return state.observe(now);
            }
            if state.only_plans() {
                return state.store(Report::Planned, Next::Rest(None));
            }
            // Failed says that nothing is in flight. A natural step that still
            // is can change nothing any more.
            let open = |step: Step| step.is_open() && step.class != Class::Natural;
            if state.steps().any(open)
                && let Some(left) = unsettled(rules, &state, now)
            {
                return resolving(rules, state, left);
            }
            finish(state, End::Lost(code))
        }
        Goal::Wait(code, until) => {
            state.missing = None;
            state.misses = 0;
            state.not_before = None;
            // What keeps the cloud busy after it accepted a step is that step.
            if let Some(last) = state.last().filter(|s| s.answer == Some(Answer::Accepted))
                && proof_left(&state, now, last, view.due).0 <= 0
            {
                return hold(rules, state, Hold::ProofTimeout);
            }
            let pause = until.unwrap_or(rules.poll);
            state.store(Report::Waiting(code), Next::Rest(Some(pause)))
        }
        Goal::Act(plan) => act(rules, state, now, plan, view),
        Goal::Ask(ask) => asked(rules, state, now, ask),
    }
}

impl Ask {
    /// It is this question.
    fn puts(self, question: Question) -> bool {
        (question.hold, question.pin) == (self.hold, self.pin)
    }
}

/// A person chooses what is next; each answer is to one thing that the cloud
/// showed.
fn asked(rules: &Rules, mut state: State, now: Now, ask: Ask) -> (State, Vec<Effect>) {
    if state.only_plans() {
        return state.store(Report::Planned, Next::Rest(None));
    }
    if let Some(question) = state.stored().hold.filter(|question| !ask.puts(*question)) {
        state.drop_question(question);
    }
    state.pin = ask.pin;
    let Some((id, decision)) = decision(&state) else {
        return hold(rules, state, ask.hold);
    };
    state.handled = Some(id);
    let plan = match decision {
        Decision::GiveUp => return finish(state, End::GivenUp),
        Decision::Retry => ask.retry,
        Decision::Continue => ask.go_on,
        Decision::LookAgain | Decision::SendAgain | Decision::AssumeDone => None,
    };
    match plan {
        // The intent's own write ends the question, so it is used once.
        Some(plan) => attempt(rules, state, now, plan),
        None => {
            let change = state.change(Report::Verifying);
            state.store_change(change, Next::Observe)
        }
    }
}

/// The step is next, and its effect does not show.
fn act(rules: &Rules, mut state: State, now: Now, plan: Plan, view: View) -> (State, Vec<Effect>) {
    if plan.ledger
        && state.stored().wish.execute
        && let Some(first) = before_a_claim(rules, &mut state, now, plan, view.trace)
    {
        return first;
    }
    if let Some(question) = state.stored().hold {
        return decided(rules, state, now, plan, question);
    }
    // The last of that name: what came between settles nothing about it.
    let last = state
        .steps()
        .rfind(|step| step.key == plan.key && step.number > view.past.over);
    match last.map(|last| (last, last.answer)) {
        None | Some((_, Some(Answer::NotSent))) => attempt(rules, state, now, plan),
        Some((_, Some(Answer::Refused(Verdict::Terminal)))) => {
            refused(rules, state, now, End::Refused)
        }
        Some((_, Some(Answer::Refused(Verdict::Lost(code))))) => {
            refused(rules, state, now, End::Lost(code))
        }
        Some((_, Some(Answer::Refused(_)))) => attempt(rules, state, now, plan),
        Some((last, Some(Answer::Accepted))) => verify(rules, state, now, last, view.due),
        Some((_, None)) if state.holds_stored_intent(now, plan.key) => {
            attempt(rules, state, now, plan)
        }
        Some((_, None | Some(Answer::Unknown))) => unknown(rules, state, now, plan, view.trace),
    }
}

/// What the ledger holds comes before anything of this operation's own. None: it
/// may go on.
fn before_a_claim(
    rules: &Rules,
    state: &mut State,
    now: Now,
    plan: Plan,
    trace: Trace,
) -> Option<(State, Vec<Effect>)> {
    let new = state.steps().next().is_none();
    let conflict = state.contradicts_the_ledger();
    let unrecorded = plan.paid && state.stored().restored && new && state.record == Record::Free;
    if let Some(question) = state.stored().hold {
        let moot = match question.hold {
            Hold::OrphanUnknown => conflict || !matches!(state.record, Record::Orphan(_)),
            Hold::LedgerConflict => !conflict,
            Hold::NoRecord => !unrecorded,
            Hold::AnswerUnknown
            | Hold::ProofTimeout
            | Hold::Unreachable
            | Hold::PausedOnFailure
            | Hold::Paused => false,
        };
        if !moot && question.hold != Hold::OrphanUnknown {
            return None;
        }
        if moot {
            state.drop_question(question);
        }
    }
    match state.record {
        _ if conflict => Some(hold(rules, state.clone(), Hold::LedgerConflict)),
        Record::Orphan(step) => Some(orphan(rules, state.clone(), now, step, trace)),
        Record::Spent(code) if new => Some(finish(state.clone(), End::Lost(code))),
        _ if unrecorded => Some(hold(rules, state.clone(), Hold::NoRecord)),
        _ => None,
    }
}

/// A call of an operation that is gone comes first: this operation must not be
/// sent while that one can still take effect unseen.
fn orphan(
    rules: &Rules,
    mut state: State,
    now: Now,
    step: Step,
    trace: Trace,
) -> (State, Vec<Effect>) {
    if trace == Trace::Shown {
        return state.close(step, Closing::Seen, Closed::Observe);
    }
    if let Some(left) = unsettled(rules, &state, now) {
        return resolving(rules, state, left);
    }
    let Some((id, decision)) = decision(&state) else {
        return hold(rules, state, Hold::OrphanUnknown);
    };
    // The question ends first: a decision that is lost on the way is asked for
    // again, and none is used twice.
    state.handled = Some(id);
    let change = state.change(Report::ResolvingAnswer);
    let next = Next::Close(step, Closing::Decided(decision), Closed::Observe);
    state.store_change(change, next)
}

/// The answer to the very question that stands there.
fn decision(state: &State) -> Option<(u64, Decision)> {
    let question = state.stored().hold?;
    let answer = state.stored().wish.decision;
    answer.filter(|(id, decision)| *id == question.id && question.hold.choices().contains(decision))
}

/// Refused for good; but an earlier call of ours may yet arrive.
fn refused(rules: &Rules, mut state: State, now: Now, end: End) -> (State, Vec<Effect>) {
    if !state.may_have_acted() {
        return finish(state, end);
    }
    match unsettled(rules, &state, now) {
        Some(left) => resolving(rules, state, left),
        None if !certain(rules, &mut state, Missing::Effect, Evidence::Absence) => {
            state.observe(now)
        }
        None => finish(state, end),
    }
}

/// A person was asked; nothing goes on without an answer to that very question.
fn decided(
    rules: &Rules,
    mut state: State,
    now: Now,
    plan: Plan,
    question: Question,
) -> (State, Vec<Effect>) {
    let Some((id, decision)) = decision(&state) else {
        return hold(rules, state, question.hold);
    };
    state.handled = Some(id);
    match decision {
        // The intent's own write ends the question, so it is used once.
        Decision::SendAgain => attempt(rules, state, now, plan),
        Decision::AssumeDone => finish(state, End::Succeeded(How::Assumed)),
        Decision::GiveUp => finish(state, End::GivenUp),
        // Not offered by the questions that come here.
        Decision::Retry | Decision::Continue => hold(rules, state, question.hold),
        Decision::LookAgain => {
            let change = Change {
                look_again: Some(now.wall),
                ..state.change(Report::Verifying)
            };
            state.store_change(change, Next::Rest(Some(rules.poll)))
        }
    }
}

/// An answer that nobody knows, and no visible effect (design: 3.2).
fn unknown(
    rules: &Rules,
    mut state: State,
    now: Now,
    plan: Plan,
    trace: Trace,
) -> (State, Vec<Effect>) {
    let first = state
        .stored()
        .steps
        .iter()
        .rev()
        .take_while(|s| s.key == plan.key)
        .last()
        .map(|s| s.intended);
    let class = plan.class;
    #[cfg(test)]
    let class = match class {
        Class::Token { .. } if rules.is(Mutant::TokenForever) => Class::Natural,
        Class::Never if rules.is(Mutant::NeverAsProvable) => Class::Provable,
        Class::Never if rules.is(Mutant::NeverAsNatural) => Class::Natural,
        class => class,
    };
    match class {
        Class::Natural => attempt(rules, state, now, plan),
        Class::Token { trust } if first.is_some_and(|first| now.at_most_since(first) <= trust) => {
            attempt(rules, state, now, plan)
        }
        Class::Token { .. } | Class::Provable => match unsettled(rules, &state, now) {
            Some(left) => resolving(rules, state, left),
            None if trace == Trace::Unclear => hold(rules, state, Hold::AnswerUnknown),
            None if !certain(rules, &mut state, Missing::Effect, Evidence::Absence) => {
                state.observe(now)
            }
            None => attempt(rules, state, now, plan),
        },
        Class::Never => match unsettled(rules, &state, now) {
            Some(left) => resolving(rules, state, left),
            None => hold(rules, state, Hold::AnswerUnknown),
        },
    }
}

/// Whoever may send it now, sends it; anything else says so and waits.
fn attempt(rules: &Rules, mut state: State, now: Now, plan: Plan) -> (State, Vec<Effect>) {
    let wish = state.stored().wish;
    if !wish.execute {
        return state.store(Report::Planned, Next::Rest(None));
    }
    if state.has_sent_nothing(now, plan.key) {
        if wish.not_after.is_some_and(|at| now.wall >= at) {
            state.withdraw(now);
            return finish(state, End::WindowMissed);
        }
        if let Some(at) = wish.not_before.filter(|at| now.wall < *at) {
            let wait = Span(at.0 - now.wall.0);
            return state.store(Report::BeforeWindow, Next::Rest(Some(wait)));
        }
    }
    if let Some(wait) = state.not_before.map(|at| at.0 - now.mono.0)
        && wait > 0
    {
        let pause = Some(Span(wait).min(rules.backoff_max));
        let last = state.last().and_then(|last| last.answer);
        return match last {
            Some(Answer::Refused(Verdict::Verify(code))) => {
                state.store(Report::Waiting(code), Next::Rest(pause))
            }
            _ => state.rest(pause),
        };
    }
    state.permit(plan)
}

fn resolving(rules: &Rules, state: State, left: Span) -> (State, Vec<Effect>) {
    let pause = rules.poll.min(left);
    state.store(Report::ResolvingAnswer, Next::Rest(Some(pause)))
}

pub(crate) fn hold(rules: &Rules, state: State, hold: Hold) -> (State, Vec<Effect>) {
    let report = Report::Held(hold);
    let next = match state.stored().hold {
        Some(_) if state.untold != Some(report) => Next::Rest(Some(rules.recheck)),
        _ => Next::Announce(Some(rules.recheck)),
    };
    state.store(report, next)
}

/// The claim is closed first: a finished object does not come back to do it.
pub(crate) fn finish(state: State, end: End) -> (State, Vec<Effect>) {
    match state.record {
        Record::Ours(step) => {
            let closing = match state.may_have_acted() {
                true => Closing::Ended(end),
                false => Closing::NoEffect,
            };
            state.close(step, closing, Closed::End(end))
        }
        _ => state.store(Report::Ended(end), Next::Announce(None)),
    }
}

impl State {
    /// The open intent of that step stands there, is ours and in time, and no
    /// attempt of it can have had an effect.
    pub(crate) fn holds_stored_intent(&self, now: Now, key: StepKey) -> bool {
        let last = self.stored().steps.last();
        self.unsent.is_some_and(|unsent| {
            unsent.key == key
                && last.is_some_and(|last| same_intent(&unsent, last))
                && now.at_most_since(unsent.intended) < unsent.window
        })
    }

    /// No step so far can have had an effect.
    fn has_sent_nothing(&self, now: Now, key: StepKey) -> bool {
        let ours = usize::from(self.holds_stored_intent(now, key));
        !self.steps().rev().skip(ours).any(|s| s.may_have_acted())
    }

    /// Nothing was intended, and nothing shall be.
    fn only_plans(&self) -> bool {
        let stored = self.stored();
        !stored.wish.execute && stored.steps.is_empty()
    }
}
