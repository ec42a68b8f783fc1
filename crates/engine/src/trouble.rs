//! What does not get through: a pause, and a report once it has lasted.

use crate::state::{Next, State};
use crate::types::*;

impl State {
    /// Nobody knows whether a write took place: look, once; then pause.
    pub(crate) fn not_heard(mut self, rules: &Rules) -> (State, Vec<Effect>) {
        self.unheard = self.unheard.saturating_add(1);
        match self.unheard {
            0..2 => self.reread(),
            times => self.rest(Some(rules.pause(times))),
        }
    }

    /// A look that failed: pause, and tell it once it has lasted.
    pub(crate) fn trouble(mut self, rules: &Rules, t: Trouble) -> (State, Vec<Effect>) {
        self.failures = self.failures.saturating_add(1);
        self.refusals = match t.refused {
            true => self.refusals.saturating_add(1),
            false => 0,
        };
        self.missing = None;
        let t = Trouble {
            blocked: t.blocked || self.refusals >= rules.refusals,
            ..t
        };
        let failures = self.failures;
        self.tell(rules, t, failures).0
    }

    /// An attempt that did not get through: the same, and no other before its time.
    pub(crate) fn miss(mut self, rules: &Rules, now: Now, t: Trouble) -> (State, Vec<Effect>) {
        self.misses = self.misses.saturating_add(1);
        let misses = self.misses;
        let (mut result, pause) = self.tell(rules, t, misses);
        result.0.not_before = Some(now.after(pause));
        result
    }

    /// A decision that was to be acted on is kept, and its question with it. A user who
    /// has decided sees soon what comes of it: gives the pause.
    pub(crate) fn keep_decision(&mut self, rules: &Rules, pause: Span) -> Span {
        if self.withdrawn.is_none() {
            self.handled = None;
        }
        match self.is_decided() {
            true => pause.min(rules.poll),
            false => pause,
        }
    }

    fn is_decided(&self) -> bool {
        self.stored.is_some() && self.offered().is_some()
    }

    fn tell(mut self, rules: &Rules, t: Trouble, times: u32) -> ((State, Vec<Effect>), Span) {
        let pause = match t.pause {
            Some(pause) => pause,
            None if t.blocked => rules.recheck,
            None => rules.pause(times),
        };
        let pause = self.keep_decision(rules, pause);
        if t.quiet == u32::MAX || (times <= t.quiet && !self.is_decided()) {
            return (self.rest(Some(pause)), pause);
        }
        let report = match t.blocked {
            true => Report::Blocked(t.code),
            false => Report::Waiting(t.code),
        };
        let stored = self.store(rules, report, Next::Rest(Some(pause)));
        (stored, pause)
    }
}
