//! What a complete reading of the cloud leads to.

use crate::attempt::attempt;
use crate::proof::{
    certain, certainly_not_shown, counts, proof_left, unsettled, until_proof, verify,
};
use crate::question::{asked, decided, end_orphan, look_again};
use crate::state::{Closed, Missing, Next, State, finish, hold};
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
    // Evidence that is not good enough for what it is given for says nothing.
    let view = View {
        goal: match view.goal {
            Goal::Reached(evidence) if !counts(&state, Missing::Unwanted, evidence) => {
                Goal::Unclear
            }
            Goal::Lost(code, evidence) if !counts(&state, Missing::Needed(code), evidence) => {
                Goal::Unclear
            }
            goal => goal,
        },
        ..view
    };
    let moot = |question: &Question| state.is_moot(*question, &view);
    if let Some(question) = state.stored().hold.filter(moot) {
        state.withdraw_question(question);
    }
    // Only readings in a row count.
    state.missing = state.missing.filter(|(missing, _)| match view.goal {
        Goal::Reached(_) | Goal::Lost(..) => true,
        Goal::Act(_) => *missing == Missing::Effect,
        Goal::Wait(..) | Goal::Block(_) | Goal::Ask(_) | Goal::Unclear => false,
    });
    let waits = matches!(
        view.goal,
        Goal::Lost(..) | Goal::Wait(..) | Goal::Block(_) | Goal::Unclear
    );
    let answered = state.unstored.is_some_and(|step| !step.is_open());
    if view.past.contrary && !waits && answered {
        // What it is against may be that very step, whose answer only this process
        // knows yet: the kind has to know it too.
        return state.store(rules, Report::Verifying, Next::Observe);
    }
    if view.past.contrary
        && !waits
        && let Some(left) = unsettled(rules, &state, now)
    {
        // It could still arrive, and undo what is wanted now.
        return resolving(rules, state, left);
    }
    if matches!(view.goal, Goal::Reached(_) | Goal::Lost(..))
        && state.may_send_unwritten(state.stored())
    {
        // The kind took the call for one that may have acted, and it was never sent:
        // it has to know that before it concludes.
        state.withdraw(now);
        return state.store(rules, Report::Verifying, Next::Observe);
    }
    match view.goal {
        Goal::Reached(evidence) => {
            if !certain(rules, &mut state, Missing::Unwanted, evidence) {
                return state.observe(now);
            }
            let how = if state.may_have_acted() {
                How::Proven
            } else {
                How::AlreadySatisfied
            };
            finish(rules, state, End::Succeeded(how))
        }
        Goal::Lost(code, evidence) => {
            if !certain(rules, &mut state, Missing::Needed(code), evidence) {
                return state.observe(now);
            }
            // Failed says that nothing is in flight. A natural step that still
            // is can change nothing any more.
            let open = |step: Step| step.is_open() && step.class != Class::Natural;
            if state.steps().any(open)
                && let Some(left) = unsettled(rules, &state, now)
            {
                return resolving(rules, state, left);
            }
            finish(rules, state, End::Lost(code))
        }
        Goal::Wait(code, until) => {
            let soon = until_proof(rules, &state, now, view);
            let pause = until.unwrap_or(soon);
            waiting(rules, state, now, view, Report::Waiting(code), pause)
        }
        Goal::Block(code) => {
            let report = Report::Blocked(code);
            let pause = rules.recheck;
            waiting(rules, state, now, view, report, pause)
        }
        Goal::Unclear => unclear(rules, state, now, view),
        Goal::Act(plan) => act(rules, state, now, plan, view),
        Goal::Ask(ask) => asked(rules, state, now, ask),
    }
}

/// Nothing is to be done now, and a decision to look again needs nothing else.
fn waiting(
    rules: &Rules,
    mut state: State,
    now: Now,
    view: View,
    report: Report,
    pause: Span,
) -> (State, Vec<Effect>) {
    state.misses = 0;
    state.not_before = None;
    if let Some((id, Decision::LookAgain)) = state.offered() {
        return look_again(rules, state, now, id, view.past.over);
    }
    // What keeps the cloud busy after it accepted a step is that step, whatever was
    // claimed or refused since.
    if state.stored().hold.is_none()
        && let Some(last) = state.last_accepted(view.past.over)
        && proof_left(&state, now, last, view.due).0 <= 0
    {
        return hold(rules, state, Hold::ProofTimeout);
    }
    // A decision that waits for the cloud is looked after as the cloud is.
    let pause = match state.offered() {
        Some(_) => pause.min(rules.poll),
        None => pause,
    };
    state.store(rules, report, Next::Rest(Some(pause)))
}

/// The reading is neither yes nor no. If that lasts longer than a call can be under
/// way, the result of the call is unknown.
fn unclear(rules: &Rules, state: State, now: Now, view: View) -> (State, Vec<Effect>) {
    let report = Report::Waiting(OBSERVATION_UNCLEAR);
    let asked = state.stored().hold.is_some() || state.only_plans();
    if !asked && state.has_open_call(view.past.over) {
        return match unsettled(rules, &state, now) {
            Some(left) => resolving(rules, state, left),
            None => hold(rules, state, Hold::AnswerUnknown),
        };
    }
    let pause = until_proof(rules, &state, now, view);
    waiting(rules, state, now, view, report, pause)
}

/// The step is next, and its effect does not show.
fn act(rules: &Rules, mut state: State, now: Now, plan: Plan, view: View) -> (State, Vec<Effect>) {
    if plan.ledger
        && (state.stored().wish.execute || state.only_plans())
        && let Some(first) = before_a_claim(rules, &mut state, now, plan, view)
    {
        return first;
    }
    if let Some(question) = state.stored().hold {
        return decided(rules, state, now, plan, question, view.past.over);
    }
    let last = state.last_of(plan.key, view.past.over);
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
        Some((_, None | Some(Answer::Unknown | Answer::Unlisted))) => {
            unknown(rules, state, now, plan, view.trace)
        }
    }
}

/// What the ledger holds comes before anything of this operation's own. None: it
/// may go on.
fn before_a_claim(
    rules: &Rules,
    state: &mut State,
    now: Now,
    plan: Plan,
    view: View,
) -> Option<(State, Vec<Effect>)> {
    let asked = state.stored().hold.map(|question| question.hold);
    if asked.is_some_and(|hold| hold != Hold::OrphanUnknown) {
        return None;
    }
    let new = state.steps().next().is_none();
    let unrecorded = plan.paid && state.stored().restored && new && state.record == Record::Free;
    match state.record {
        _ if state.contradicts_the_ledger() => {
            Some(hold(rules, state.clone(), Hold::LedgerConflict))
        }
        Record::Orphan(step, pin) => {
            state.pin = pin;
            Some(orphan(rules, state.clone(), now, step, view.trace))
        }
        // Nothing in status may have had an effect, or it would contradict the ledger.
        Record::Spent(code) => Some(finish(rules, state.clone(), End::Lost(code))),
        _ if unrecorded => {
            state.pin = view.target;
            Some(hold(rules, state.clone(), Hold::NoRecord))
        }
        _ => None,
    }
}

/// A call of an operation that is gone comes first: this operation must not be
/// sent while that one can still take effect unseen.
fn orphan(rules: &Rules, state: State, now: Now, step: Step, trace: Trace) -> (State, Vec<Effect>) {
    let unsettled = unsettled(rules, &state, now);
    if state.only_plans() && (trace == Trace::Shown || unsettled.is_some()) {
        let next = Next::Rest(Some(rules.recheck));
        return state.store(rules, Report::ResolvingAnswer, next);
    }
    if trace == Trace::Shown {
        return state.close(step, Closing::Seen, Closed::Observe);
    }
    match (unsettled, state.offered()) {
        (Some(left), _) => resolving(rules, state, left),
        // The ledger could not be found before there was a reading.
        (None, Some((id, decision))) if decision.ends() => end_orphan(state, step, id, decision),
        (None, _) => hold(rules, state, Hold::OrphanUnknown),
    }
}

/// Refused for good; but an earlier call of ours may yet arrive.
fn refused(rules: &Rules, mut state: State, now: Now, end: End) -> (State, Vec<Effect>) {
    if !state.may_have_acted() {
        return finish(rules, state, end);
    }
    let unknown = |step: Step| step.class == Class::Never && step.is_open();
    match unsettled(rules, &state, now) {
        Some(left) => resolving(rules, state, left),
        // Nothing that can be seen tells what came of that one.
        None if state.steps().any(unknown) => hold(rules, state, Hold::AnswerUnknown),
        None if !certainly_not_shown(rules, &mut state) => state.observe(now),
        None => finish(rules, state, end),
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
    match plan.class {
        Class::Natural => attempt(rules, state, now, plan),
        Class::Token { trust } if first.is_some_and(|first| now.at_most_since(first) <= trust) => {
            attempt(rules, state, now, plan)
        }
        Class::Token { .. } | Class::Provable => match unsettled(rules, &state, now) {
            Some(left) if state.is_blocked_on(rules, plan.key, plan.class) => {
                // It is sent again once it is certain that none of them had an effect.
                let next = Next::Rest(Some(rules.recheck.min(left)));
                state.store(rules, Report::Blocked(CLOUD_REFUSES), next)
            }
            Some(left) => resolving(rules, state, left),
            None if trace == Trace::Unclear => hold(rules, state, Hold::AnswerUnknown),
            None if !certainly_not_shown(rules, &mut state) => state.observe(now),
            None => attempt(rules, state, now, plan),
        },
        Class::Never => match unsettled(rules, &state, now) {
            Some(left) => resolving(rules, state, left),
            None => hold(rules, state, Hold::AnswerUnknown),
        },
    }
}

fn resolving(rules: &Rules, state: State, left: Span) -> (State, Vec<Effect>) {
    let pause = rules.poll.min(left);
    state.store(rules, Report::ResolvingAnswer, Next::Rest(Some(pause)))
}
