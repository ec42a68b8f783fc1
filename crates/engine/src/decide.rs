//! What a complete reading of the cloud leads to.

use crate::machine::{Effect, Next, State, same_intent};
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
            if !certain(&mut state, evidence) {
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
            if !certain(&mut state, evidence) {
                return state.observe(now);
            }
            if state.only_plans() {
                return state.store(Report::Planned, Next::Rest(None));
            }
            match state.last() {
                // Failed says that nothing is in flight. A natural step that
                // still is can change nothing any more.
                Some(last) if last.is_open() && last.class != Class::Natural => {
                    match unsettled(rules, &state, now) {
                        Some(left) => resolving(rules, state, left),
                        None => finish(state, End::Lost(code)),
                    }
                }
                _ => finish(state, End::Lost(code)),
            }
        }
        Goal::Wait(code, until) => {
            state.streak = 0;
            calm(&mut state);
            let pause = until.map_or(rules.poll, |span| span.min(rules.recheck));
            state.store(Report::Waiting(code), Next::Rest(Some(pause)))
        }
        Goal::Act(plan) => act(rules, state, now, plan, view.trace),
    }
}

/// The step is next, and its effect does not show.
fn act(rules: &Rules, state: State, now: Now, plan: Plan, trace: Trace) -> (State, Vec<Effect>) {
    let last = state.last().filter(|last| last.key == plan.key);
    match last.map(|last| (last, last.answer)) {
        None | Some((_, Some(Answer::NotSent))) => attempt(state, now, plan),
        Some((_, Some(Answer::Refused(Verdict::Terminal)))) => finish(state, End::Refused),
        Some((_, Some(Answer::Refused(_)))) => attempt(state, now, plan),
        Some((last, Some(Answer::Accepted))) => verify(rules, state, now, last),
        Some((_, None)) if state.holds_stored_intent(now) => attempt(state, now, plan),
        Some((_, None | Some(Answer::Unknown))) => unknown(rules, state, now, plan, trace),
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
        return attempt(state, now, plan);
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
        Class::Natural => attempt(state, now, plan),
        Class::Token { trust } if first.is_some_and(|first| now.at_most_since(first) <= trust) => {
            attempt(state, now, plan)
        }
        Class::Token { .. } | Class::Provable => match unsettled(rules, &state, now) {
            Some(left) => resolving(rules, state, left),
            None if trace == Trace::Unclear => hold(rules, state, Hold::AnswerUnknown),
            None if !certain(&mut state, Evidence::Absence) => state.observe(now),
            None => attempt(state, now, plan),
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
    let since = last.answered.unwrap_or(last.intended.wall);
    let left = state.stored().wish.verify_timeout.0 - (now.wall.0 - since.0);
    if left <= 0 {
        return hold(rules, state, Hold::ProofTimeout);
    }
    let pause = rules.poll.min(Span(left));
    state.store(Report::Verifying, Next::Rest(Some(pause)))
}

/// Whoever may send it now, sends it; anything else says so and waits.
fn attempt(state: State, now: Now, plan: Plan) -> (State, Vec<Effect>) {
    if !state.stored().wish.execute {
        return state.store(Report::Planned, Next::Rest(None));
    }
    if let Some(wait) = state.not_before.map(|at| at.0 - now.wall.0)
        && wait > 0
    {
        return state.rest(Some(Span(wait)));
    }
    state.permit(plan)
}

fn resolving(rules: &Rules, state: State, left: Span) -> (State, Vec<Effect>) {
    // A process that has just started counts anew; the question stands.
    if let Some(question) = state.stored().hold {
        return hold(rules, state, question);
    }
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

fn calm(state: &mut State) {
    state.failures = 0;
    state.not_before = None;
}

/// Counts readings that agree on something missing.
fn certain(state: &mut State, evidence: Evidence) -> bool {
    if evidence == Evidence::Presence {
        return true;
    }
    state.streak = state.streak.saturating_add(1);
    state.streak >= READINGS_OF_ABSENCE
}

/// How much longer the open intent's effect can still arrive.
fn unsettled(rules: &Rules, state: &State, now: Now) -> Option<Span> {
    let (_, since) = state.seen?;
    let left = rules.settle().0 - now.at_least_since(since).0;
    (left > 0).then_some(Span(left))
}

impl State {
    /// The open intent that stands there is ours, no attempt of it can have had
    /// an effect, and it is still in time.
    pub(crate) fn holds_stored_intent(&self, now: Now) -> bool {
        let last = self.stored().steps.last();
        self.mine.as_ref().is_some_and(|mine| {
            mine.unsent
                && last.is_some_and(|last| same_intent(&mine.step, last))
                && now.at_most_since(mine.step.intended) < mine.step.window
        })
    }

    /// Nothing was intended, and nothing shall be.
    fn only_plans(&self) -> bool {
        let stored = self.stored();
        !stored.wish.execute && stored.steps.is_empty()
    }
}
