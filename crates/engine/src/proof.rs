//! What it takes to be certain: that an effect is there, that it is not, and that it
//! cannot come any more.

use crate::state::{Missing, Next, State, hold};
use crate::types::*;

/// Accepted, and not seen yet.
pub(crate) fn verify(
    rules: &Rules,
    state: State,
    now: Now,
    last: Step,
    due: Due,
) -> (State, Vec<Effect>) {
    let left = proof_left(&state, now, last, due);
    if left.0 <= 0 {
        return hold(rules, state, Hold::ProofTimeout);
    }
    let pause = interval(rules, now, last, due);
    state.store(rules, Report::Verifying, Next::Rest(Some(pause.min(left))))
}

/// The interval between observations: shorter while an accepted call was answered a
/// short time ago.
pub(crate) fn until_proof(rules: &Rules, state: &State, now: Now, view: View) -> Span {
    match state.last_accepted(view.past.over) {
        Some(last) => interval(rules, now, last, view.due),
        None => rules.poll,
    }
}

fn interval(rules: &Rules, now: Now, last: Step, due: Due) -> Span {
    rules.until_proof(waited(now, last, due), due == Due::Passing)
}

/// How long the accepted step's effect has been due.
fn waited(now: Now, last: Step, due: Due) -> Span {
    let answered = last.answered.unwrap_or(last.intended.wall);
    let since = match due {
        Due::SinceAnswer | Due::Passing | Due::Later => answered,
        Due::Since(at) => answered.max(at),
    };
    Span(now.wall.0 - since.0)
}

/// How much longer the accepted step's effect may take to show.
pub(crate) fn proof_left(state: &State, now: Now, last: Step, due: Due) -> Span {
    match due {
        Due::Later => Span(i64::MAX),
        _ => Span(state.stored().wish.verify_timeout.0 - waited(now, last, due).0),
    }
}

/// The evidence is good enough for what it is given for.
pub(crate) fn counts(state: &State, missing: Missing, evidence: Evidence) -> bool {
    match (evidence, missing) {
        (Evidence::Presence, _) => true,
        (Evidence::Absence(witness), Missing::Unwanted) => {
            witness.seen && witness.compared && witness.understood
        }
        (Evidence::Absence(witness), Missing::Needed(_) | Missing::Effect) => witness.understood,
        // It is no proof of what a call did.
        (Evidence::Nothing { understood }, _) => understood && !state.may_have_acted(),
    }
}

/// Counts the readings that agree on the same thing missing.
pub(crate) fn certain(
    rules: &Rules,
    state: &mut State,
    missing: Missing,
    evidence: Evidence,
) -> bool {
    if evidence == Evidence::Presence {
        return true;
    }
    let count = match state.missing {
        Some((before, count)) if before == missing => count.saturating_add(1),
        _ => 1,
    };
    state.missing = Some((missing, count));
    count >= rules.readings_of_absence
}

/// The same of the effect of a call, in readings that are fully understood.
pub(crate) fn certainly_not_shown(rules: &Rules, state: &mut State) -> bool {
    let evidence = Evidence::Absence(Witness::NOT_THERE);
    certain(rules, state, Missing::Effect, evidence)
}

/// How much longer an open intent's effect can still arrive. One that this
/// process has not seen before now can for the whole time.
pub(crate) fn unsettled(rules: &Rules, state: &State, now: Now) -> Option<Span> {
    let open = match state.record {
        Record::Orphan(step, _) => step,
        _ => state.steps().rfind(Step::is_open)?,
    };
    let since = match state.seen {
        Some((seen, since)) if seen == open.intent() => now.at_least_since(since),
        _ => Span(0),
    };
    let left = rules.settle().0 - since.0;
    (left > 0).then_some(Span(left))
}
