//! What a complete reading of the cloud leads to.

use crate::machine::{Effect, Missing, Next, State, same_intent};
#[cfg(test)]
use crate::types::Mutant;
use crate::types::*;

/// Two complete readings are needed before something missing counts.
const READINGS_OF_ABSENCE: u8 = 2;

pub(crate) fn decide(
    rules: &Rules,
    mut state: State,
    now: Now,
    view: View,
) -> (State, Vec<Effect>) {
    match view.goal {
        Goal::Reached(evidence) => {
            if !certain(&mut state, Missing::Unwanted, evidence) {
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
            if !certain(&mut state, Missing::Needed(code), evidence) {
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
                && proof_left(&state, now, last).0 <= 0
            {
                return hold(rules, state, Hold::ProofTimeout);
            }
            let pause = until.map_or(rules.poll, |span| span.min(rules.recheck));
            state.store(Report::Waiting(code), Next::Rest(Some(pause)))
        }
        Goal::Act(plan) => act(rules, state, now, plan, view.trace),
    }
}

/// The step is next, and its effect does not show.
fn act(rules: &Rules, state: State, now: Now, plan: Plan, trace: Trace) -> (State, Vec<Effect>) {
    if let Some(question) = state.stored().hold {
        return decided(rules, state, now, plan, question);
    }
    // The last of that name: what came between settles nothing about it.
    let last = state.steps().rfind(|step| step.key == plan.key);
    match last.map(|last| (last, last.answer)) {
        None | Some((_, Some(Answer::NotSent))) => attempt(rules, state, now, plan),
        Some((_, Some(Answer::Refused(Verdict::Terminal)))) => refused(rules, state, now),
        Some((_, Some(Answer::Refused(_)))) => attempt(rules, state, now, plan),
        Some((last, Some(Answer::Accepted))) => verify(rules, state, now, last),
        Some((_, None)) if state.holds_stored_intent(now, plan.key) => {
            attempt(rules, state, now, plan)
        }
        Some((_, None | Some(Answer::Unknown))) => unknown(rules, state, now, plan, trace),
    }
}

/// Refused for good; but an earlier call of ours may yet arrive.
fn refused(rules: &Rules, mut state: State, now: Now) -> (State, Vec<Effect>) {
    if !state.may_have_acted() {
        return finish(state, End::Refused);
    }
    match unsettled(rules, &state, now) {
        Some(left) => resolving(rules, state, left),
        None if !certain(&mut state, Missing::Effect, Evidence::Absence) => state.observe(now),
        None => finish(state, End::Refused),
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
    let answer = state.stored().wish.decision;
    let decision = answer
        .filter(|(id, decision)| *id == question.id && question.hold.choices().contains(decision));
    let Some((id, decision)) = decision else {
        return hold(rules, state, question.hold);
    };
    state.handled = Some(id);
    match decision {
        // The intent's own write ends the question, so it is used once.
        Decision::SendAgain => attempt(rules, state, now, plan),
        Decision::AssumeDone => finish(state, End::Succeeded(How::Assumed)),
        Decision::GiveUp => finish(state, End::GivenUp),
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
    #[cfg(test)]
    if rules.is(Mutant::NeverAsNatural) {
        return attempt(rules, state, now, plan);
    }
    let first = state
        .stored()
        .steps
        .iter()
        .rev()
        .take_while(|s| s.key == plan.key)
        .last()
        .map(|s| s.intended);
    match plan.class {
        Class::Natural => attempt(rules, state, now, plan),
        Class::Token { trust } if first.is_some_and(|first| now.at_most_since(first) <= trust) => {
            attempt(rules, state, now, plan)
        }
        Class::Token { .. } | Class::Provable => match unsettled(rules, &state, now) {
            Some(left) => resolving(rules, state, left),
            None if trace == Trace::Unclear => hold(rules, state, Hold::AnswerUnknown),
            None if !certain(&mut state, Missing::Effect, Evidence::Absence) => state.observe(now),
            None => attempt(rules, state, now, plan),
        },
        Class::Never => match unsettled(rules, &state, now) {
            Some(left) => resolving(rules, state, left),
            None => hold(rules, state, Hold::AnswerUnknown),
        },
    }
}

/// Accepted, and not seen yet.
fn verify(rules: &Rules, state: State, now: Now, last: Step) -> (State, Vec<Effect>) {
    #[cfg(test)]
    if rules.is(Mutant::AcceptedIsSuccess) {
        return finish(state, End::Succeeded(How::Proven));
    }
    let left = proof_left(&state, now, last);
    if left.0 <= 0 {
        return hold(rules, state, Hold::ProofTimeout);
    }
    state.store(Report::Verifying, Next::Rest(Some(rules.poll.min(left))))
}

/// How much longer the accepted step's effect may take to show.
fn proof_left(state: &State, now: Now, last: Step) -> Span {
    let since = last.answered.unwrap_or(last.intended.wall);
    Span(state.stored().wish.verify_timeout.0 - (now.wall.0 - since.0))
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
    if let Some(wait) = state.not_before.map(|at| at.0 - now.wall.0)
        && wait > 0
    {
        return state.rest(Some(Span(wait).min(rules.backoff_max)));
    }
    state.permit(plan)
}

fn resolving(rules: &Rules, state: State, left: Span) -> (State, Vec<Effect>) {
    let pause = rules.poll.min(left);
    state.store(Report::ResolvingAnswer, Next::Rest(Some(pause)))
}

fn hold(rules: &Rules, state: State, hold: Hold) -> (State, Vec<Effect>) {
    let next = match state.stored().hold {
        Some(_) => Next::Rest(Some(rules.recheck)),
        None => Next::Announce(Some(rules.recheck)),
    };
    state.store(Report::Held(hold), next)
}

fn finish(state: State, end: End) -> (State, Vec<Effect>) {
    state.store(Report::Ended(end), Next::Announce(None))
}

/// Counts the readings that agree on the same thing missing.
fn certain(state: &mut State, missing: Missing, evidence: Evidence) -> bool {
    if evidence == Evidence::Presence {
        return true;
    }
    let count = match state.missing {
        Some((before, count)) if before == missing => count.saturating_add(1),
        _ => 1,
    };
    state.missing = Some((missing, count));
    count >= READINGS_OF_ABSENCE
}

/// How much longer an open intent's effect can still arrive. One that this
/// process has not seen before now can for the whole time.
fn unsettled(rules: &Rules, state: &State, now: Now) -> Option<Span> {
    let open = state.steps().rfind(Step::is_open)?;
    let since = match state.seen {
        Some((number, since)) if number == open.number => now.at_least_since(since),
        _ => Span(0),
    };
    let left = rules.settle().0 - since.0;
    (left > 0).then_some(Span(left))
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
