//! A step that is next: whether it is sent now, later or not at all.

use crate::state::{Next, State, finish, same_intent};
use crate::types::*;

/// Sends it if it may be sent now; otherwise says what it waits for.
pub(crate) fn attempt(
    rules: &Rules,
    mut state: State,
    now: Now,
    plan: Plan,
) -> (State, Vec<Effect>) {
    let wish = state.stored().wish;
    // A decision is used up by the intent that it leads to, and by nothing before.
    let decided = state.handled.is_some() && state.withdrawn.is_none();
    let kept = |mut state: State| {
        if decided {
            state.handled = None;
        }
        state
    };
    if !wish.execute && !state.only_plans() {
        let report = Report::Planned(Forecast::Sends);
        let pause = if decided { rules.poll } else { rules.recheck };
        return kept(state).store(rules, report, Next::Rest(Some(pause)));
    }
    if state.has_sent_nothing(now, plan.key) {
        let early = wish.not_before.filter(|at| now.wall < *at);
        let late = wish.not_after.filter(|at| now.wall >= *at);
        if state.skewed && wish.not_before.or(wish.not_after).is_some() {
            // Whether it is time cannot be told by a clock that is wrong.
            let report = Report::Waiting(CLOCK_SKEW);
            return kept(state).store(rules, report, Next::Rest(Some(rules.poll)));
        }
        if late.is_some() {
            state.withdraw(now);
            return finish(rules, state, End::WindowMissed);
        }
        if let Some(at) = early {
            let wait = Span(at.0 - now.wall.0);
            let wait = if decided { wait.min(rules.poll) } else { wait };
            return kept(state).store(rules, Report::BeforeWindow, Next::Rest(Some(wait)));
        }
    }
    if let Some(wait) = state.not_before.map(|at| at.0 - now.mono.0)
        && wait > 0
        && !decided
        && !state.only_plans()
    {
        let pause = Some(Span(wait).min(rules.backoff_max));
        let last = state.last().and_then(|last| last.answer);
        return match last {
            Some(Answer::Refused(Verdict::Verify(code))) => {
                state.store(rules, Report::Waiting(code), Next::Rest(pause))
            }
            Some(Answer::Unlisted) if state.is_blocked_on(rules, plan.key, plan.class) => {
                let next = Next::Rest(Some(Span(wait)));
                state.store(rules, Report::Blocked(CLOUD_REFUSES), next)
            }
            // What came back is reported from the first time on.
            Some(Answer::Unknown | Answer::Unlisted) => {
                state.store(rules, Report::ResolvingAnswer, Next::Rest(pause))
            }
            _ => state.rest(pause),
        };
    }
    state.permit(plan)
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

    /// The unsent intent stands there, so that it could be sent without a write.
    pub(crate) fn may_send_unwritten(&self, stored: &Stored) -> bool {
        let last = stored.steps.last();
        let stands = |unsent| last.is_some_and(|last| same_intent(&unsent, last));
        self.unsent.is_some_and(stands)
    }

    /// No step so far can have had an effect.
    fn has_sent_nothing(&self, now: Now, key: StepKey) -> bool {
        let ours = usize::from(self.holds_stored_intent(now, key));
        !self.steps().rev().skip(ours).any(|s| s.may_have_acted())
    }

    /// The intent that the plan leads to: the unsent one, if that is still good,
    /// or a new one.
    pub(crate) fn next_intent(&self, rules: &Rules, now: Now, plan: Plan) -> Step {
        if let Some(unsent) = self.unsent
            && self.holds_stored_intent(now, plan.key)
        {
            return unsent;
        }
        let number = self.last().map_or(1, |last| last.number + 1);
        match self.unsent {
            // Its write timed out and may yet arrive, or it is claimed: write the
            // very same one.
            Some(unsent) if unsent.number == number && unsent.key == plan.key => unsent,
            _ => Step {
                number,
                key: plan.key,
                class: plan.class,
                writer: self.me,
                intended: now,
                window: rules.window,
                answer: None,
                answered: None,
            },
        }
    }

    /// The cloud refused the last calls of that name that have not run their course, in a
    /// way that is in no table.
    pub(crate) fn is_refused(&self, rules: &Rules, key: StepKey) -> bool {
        let sent = |step: &Step| {
            step.key == key && step.number > self.over && step.answer != Some(Answer::NotSent)
        };
        let steps = self.steps().rev().filter(sent);
        let row = steps.take_while(|step| step.answer == Some(Answer::Unlisted));
        row.count() >= usize::from(rules.refusals)
    }

    /// The same of one that Errand repeats by itself: a user has to fix something, and
    /// then it goes on. What must not repeat is asked about instead.
    pub(crate) fn is_blocked_on(&self, rules: &Rules, key: StepKey, class: Class) -> bool {
        class != Class::Never && self.is_refused(rules, key)
    }
}
