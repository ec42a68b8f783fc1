//! The machine: which event moves a session from where to where.
//!
//! What to do with a complete reading is decided in `decide.rs`; here is the
//! order in which effects follow one another. What is kept in memory is in
//! `state.rs`.

use crate::decide::decide;
use crate::question::conclude;
use crate::state::{Next, Phase, State, same_intent};
use crate::types::*;

/// Advances one object's session by what came of its last effect. The one place where a
/// deadline of the cloud shortens pauses, whatever they are for.
pub fn step(rules: &Rules, state: State, event: Event) -> (State, Vec<Effect>) {
    let known = match &event {
        Event::Woken(_, stored) => stored.deadline,
        Event::Observed(_, view) => view.deadline,
        _ => None,
    };
    let stored = state.stored.as_ref();
    let deadline = known.or(stored.and_then(|stored| stored.deadline));
    let now = event.now();
    let (mut state, mut effects) = advance(rules, state, event);
    if let Some(now) = now {
        let within = |pause| rules.within(pause, deadline, now.wall);
        for effect in &mut effects {
            if let Effect::Rest(Some(pause)) = effect {
                *pause = within(*pause);
            }
        }
        let latest = now.after(within(Span(i64::MAX)));
        state.not_before = state.not_before.map(|at| at.min(latest));
    }
    (state, effects)
}

fn advance(rules: &Rules, mut state: State, event: Event) -> (State, Vec<Effect>) {
    match (state.phase, event) {
        // The object may come from a cache that does not know yet that it is gone or
        // suspended. A write would find that out; an intent that stands there already
        // is sent without one.
        (Phase::Idle, Event::Woken(_, stored)) if state.may_send_unwritten(&stored) => {
            state.reread()
        }
        (Phase::Idle | Phase::Reading, Event::Woken(now, stored)) => {
            begin(rules, state, now, stored)
        }
        (Phase::Idle | Phase::Reading, Event::Gone) => state.gone(),
        (Phase::Observing, Event::Observed(now, view)) => {
            let older = view.started < state.asked;
            let seen = state.stored().seen;
            // The first reading is of the time since the object was made.
            if older && !(view.shared && seen && state.may_be_older(view.goal)) {
                // It says nothing; what is missing is so in readings in a row.
                state.missing = None;
                return state.observe(now);
            }
            state.failures = 0;
            state.refusals = 0;
            state.judged = true;
            state.skewed = view.skewed;
            state.over = view.past.over;
            if let Some(stored) = &mut state.stored {
                stored.deadline = view.deadline.or(stored.deadline);
            }
            state.note_record(now, view.record);
            match state.record {
                Record::Ours(claim) if state.only_plans() && !state.may_have_acted() => {
                    state.unclaim(rules, claim)
                }
                _ => decide(rules, state, now, view),
            }
        }
        (Phase::Recalling(decision), Event::Recalled(now, record)) => {
            state.note_record(now, record);
            conclude(rules, state, now, decision)
        }
        (Phase::Observing | Phase::Recalling(_), Event::Unobserved(_, t)) => {
            state.trouble(rules, t)
        }
        (Phase::Permitting(plan), Event::Permitted(now)) => permitted(rules, state, now, plan),
        (Phase::Claiming(plan), Event::Permitted(now)) => {
            state.record = state.unsent.map_or(Record::None, Record::Ours);
            permitted(rules, state, now, plan)
        }
        (Phase::Permitting(_) | Phase::Claiming(_), Event::Forbidden(now, t)) => {
            state.miss(rules, now, t)
        }
        (Phase::Intending, Event::Written(_, true)) => {
            state.unheard = 0;
            let step = state.intent().copied().expect("intended above");
            let withdrawn = state.note_stored_change();
            if let Some(stored) = &mut state.stored {
                stored.steps.push(step);
            }
            announcing(withdrawn, state.send())
        }
        (Phase::Intending, Event::Written(_, false)) => state.not_stored(rules),
        // Start over with what stands there. After a time-out the intent may
        // stand there as we wrote it: `unsent` recognises it.
        (Phase::Claiming(_) | Phase::Intending | Phase::Storing(..), Event::Conflict) => {
            state.reread()
        }
        (
            Phase::Closing(next),
            event @ (Event::Written(..)
            | Event::Forbidden(..)
            | Event::Conflict
            | Event::NoReply(_)),
        ) => state.closed(rules, next, event),
        (
            Phase::Reading | Phase::Claiming(_) | Phase::Intending | Phase::Storing(..),
            Event::NoReply(_),
        ) => match state.phase {
            Phase::Reading => {
                state.unheard = state.unheard.saturating_add(1);
                let pause = rules.pause(state.unheard);
                state.rest(Some(pause))
            }
            phase => {
                if let Phase::Storing(report, Next::Announce(_)) = phase {
                    state.untold = Some(report);
                }
                if matches!(phase, Phase::Storing(..) | Phase::Intending) {
                    state.unannounced = state.handled.zip(state.withdrawn);
                }
                state.not_heard(rules)
            }
        },
        (Phase::Sending, Event::Answered(now, answer)) => answered(rules, state, now, answer),
        (Phase::Sending, Event::Unsent(now, t)) => state.miss(rules, now, t),
        (Phase::Storing(report, next), Event::Written(now, _)) => {
            state.unheard = 0;
            let withdrawn = state.note_stored_change();
            let next = match next {
                Next::Observe => state.observe(now),
                Next::Rest(wake) => state.rest(wake),
                Next::Announce(wake) => state.announce(report, wake),
                Next::Close(step, closing, then) => state.close(step, closing, then),
            };
            announcing(withdrawn, next)
        }
        // The shell answers each effect with one of its events; anything else
        // is a mistake there, and starting over is safe from everywhere.
        (_, _) => state.reread(),
    }
}

/// The question that was withdrawn is told before anything else.
fn announcing(withdrawn: Option<Hold>, next: (State, Vec<Effect>)) -> (State, Vec<Effect>) {
    let (state, mut effects) = next;
    if let Some(hold) = withdrawn {
        effects.insert(0, Effect::Announce(Report::Withdrawn(hold)));
    }
    (state, effects)
}

fn begin(rules: &Rules, mut state: State, now: Now, stored: Stored) -> (State, Vec<Effect>) {
    let stands = |id| stored.hold.is_some_and(|question| question.id == id);
    let withdrawn = state.unannounced.take().filter(|(id, _)| !stands(*id));
    let next = begin_with(rules, state, now, stored);
    announcing(withdrawn.map(|(_, hold)| hold), next)
}

fn begin_with(rules: &Rules, mut state: State, now: Now, stored: Stored) -> (State, Vec<Effect>) {
    let last = stored.steps.last();
    let in_time = |step: &Step| now.at_most_since(step.intended) < step.window;
    if let Some(unsent) = state.unsent {
        let stands = last.is_some_and(|last| same_intent(&unsent, last));
        // Its write timed out and may yet arrive, or the ledger alone has it.
        let may_arrive = unsent.number > last.map_or(0, |last| last.number);
        match (stands, in_time(&unsent)) {
            (true, true) if stored.wish.execute => {}
            // It has not been sent, and in mode Plan it will not be.
            (true, _) => state.withdraw(now),
            (false, true) if may_arrive => {}
            (false, _) => state.dead = state.unsent.take(),
        }
    }
    let unknown = |known: Step| {
        let found = stored.steps.iter().find(|step| same_intent(&known, step));
        found.is_some_and(|step| match step.answer {
            None => true,
            // One that is as unknown says no more.
            Some(_) => step.is_open() && !known.is_open(),
        })
    };
    state.unstored = state.unstored.filter(|known| unknown(*known));
    state.missing = None;
    state.handled = None;
    state.withdrawn = None;
    state.judged = false;
    state.pin = Pin::default();
    let (ended, wish) = (stored.ended, stored.wish);
    if wish.changed {
        state.not_before = None;
    }
    let asked = stored.hold.is_some();
    if stored.refused {
        // Another process has counted them.
        state.refusals = state.refusals.max(rules.refusals.saturating_sub(1));
    }
    state.stored = Some(stored);
    state.plans = !wish.execute && !asked && !state.may_have_acted();
    if let (true, Some(report @ Report::Ended(_))) = (ended, state.untold) {
        // It was stored after all.
        return state.announce(report, None);
    }
    if ended {
        return state.rest(None);
    }
    if wish.deleting {
        // Something keeps it there yet; nothing more is done for it.
        return state.gone();
    }
    // Whatever the cloud shows or fails to show, and also while it is suspended.
    let ending = state.offered().map(|(_, decision)| decision);
    if let Some(decision) = ending.filter(|decision| decision.ends()) {
        state.phase = Phase::Recalling(decision);
        return (state, vec![Effect::Recall]);
    }
    if wish.suspended {
        return state.store(rules, Report::Suspended, Next::Rest(None));
    }
    state.observe(now)
}

/// Nothing stands in the way any more: claim, intend, send, whichever is next.
fn permitted(rules: &Rules, mut state: State, now: Now, plan: Plan) -> (State, Vec<Effect>) {
    if state.only_plans() {
        // Nothing is claimed and nothing sent.
        let report = Report::Planned(Forecast::Sends);
        return state.store(rules, report, Next::Rest(Some(rules.recheck)));
    }
    if state.handled.is_some() && state.holds_stored_intent(now, plan.key) {
        // What ends a question is written before anything is sent.
        state.withdraw(now);
    }
    let step = state.next_intent(rules, now, plan);
    let claimed = matches!(state.record, Record::Ours(claim) if same_intent(&claim, &step));
    if plan.ledger && !claimed {
        state.unsent = Some(step);
        state.phase = Phase::Claiming(plan);
        return (state, vec![Effect::Claim(step)]);
    }
    if state.holds_stored_intent(now, plan.key) {
        return state.send();
    }
    intend(state, now, step)
}

fn intend(mut state: State, now: Now, step: Step) -> (State, Vec<Effect>) {
    // One for another step stands there, or may: it will not be sent.
    if let Some(unsent) = state.unsent.filter(|unsent| !same_intent(unsent, &step)) {
        match unsent.number == step.number {
            true => state.dead = state.unsent.take(),
            false => state.withdraw(now),
        }
    }
    let change = state.change(Report::Executing);
    state.unsent = Some(step);
    state.phase = Phase::Intending;
    (state, vec![Effect::Intend(step, change)])
}

fn answered(rules: &Rules, mut state: State, now: Now, answer: Answer) -> (State, Vec<Effect>) {
    let Some(mut step) = state.unsent.take() else {
        return state.reread();
    };
    step.answer = Some(answer);
    step.answered = Some(now.wall);
    state.unstored = Some(step);
    // Whatever was sent was sent before now.
    if step.is_open() {
        state.seen = Some((step.intent(), now));
    }
    match answer {
        Answer::Refused(Verdict::Blocked(code)) => {
            let pause = rules.recheck;
            state.not_before = Some(now.after(pause));
            let next = state.release(step, pause);
            return state.store(rules, Report::Blocked(code), next);
        }
        Answer::Refused(Verdict::Wait(code)) => {
            let pause = rules.poll;
            state.not_before = Some(now.after(pause));
            let next = state.release(step, pause);
            return state.store(rules, Report::Waiting(code), next);
        }
        Answer::Unknown
        | Answer::Unlisted
        | Answer::Refused(Verdict::Verify(_) | Verdict::Retry) => {
            // A look at the cloud comes first; if that shows nothing, the next
            // attempt waits.
            state.misses = state.misses.saturating_add(1);
            let pause = match state.is_refused(rules, step.key) {
                true => rules.recheck,
                false => rules.pause(state.misses),
            };
            state.not_before = Some(now.after(pause));
        }
        _ => state.misses = 0,
    }
    match step.class {
        // What a lost record would lead to is harmless: the answer is stored
        // together with the result.
        Class::Natural => state.observe(now),
        _ => {
            let report = match answer {
                Answer::Accepted => Report::Verifying,
                _ if state.is_blocked_on(rules, step.key, step.class) => {
                    Report::Blocked(CLOUD_REFUSES)
                }
                _ => Report::ResolvingAnswer,
            };
            state.store(rules, report, Next::Observe)
        }
    }
}
