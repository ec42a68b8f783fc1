//! The machine: which event moves a session from where to where.
//!
//! What to do with a complete reading is decided in `decide.rs`; here is the
//! order in which effects follow one another, and what is kept in memory.

use crate::decide::decide;
use crate::types::*;

/// What the shell is to carry out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Read the object from the API server, not from a cache.
    /// Answers with [`Event::Woken`], [`Event::Gone`] or [`Event::NoReply`].
    Read,
    /// Read the cloud. [`Event::Observed`] or [`Event::Unobserved`].
    Observe,
    /// Get everything ready that a send of this step needs: connection, policy,
    /// credentials, throttle. [`Event::Permitted`] or [`Event::Forbidden`].
    Permit(Plan),
    /// Claim the step's target in the ledger. [`Event::Permitted`] or
    /// [`Event::Forbidden`].
    Claim(Plan),
    /// Write this intent, with the change, under the precondition that the
    /// object is as it was last read. [`Event::Written`], [`Event::Conflict`] or
    /// [`Event::NoReply`].
    Intend(Step, Change),
    /// Sign, connect, check [`may_send`], send the step of this number once.
    /// [`Event::Answered`] or [`Event::Unsent`].
    Send(u32),
    /// Write the change into status, if it changes anything. Answers as
    /// [`Effect::Intend`] does.
    Store(Change),
    /// Tell people what came of it (an event, an audit line). No answer.
    Announce(Report),
    /// The session is over; wake the object after this time, or on its next
    /// change only. No answer.
    Rest(Option<Span>),
}

/// What came of the last effect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A session starts, or the object was read: it stands like this.
    Woken(Now, Stored),
    /// The object is no longer there.
    Gone,
    /// A complete reading of the cloud.
    Observed(Now, View),
    /// No complete reading.
    Unobserved(Now, Trouble),
    /// Permitted, or claimed.
    Permitted(Now),
    /// Not permitted, or not claimed.
    Forbidden(Now, Trouble),
    /// Stored; and the reply holds the intent as it was written.
    Written(Now, bool),
    /// Not stored: the object has changed since it was read.
    Conflict,
    /// The API server gave no usable answer: not read; or nobody knows whether
    /// it was stored.
    NoReply(Now),
    /// The call's answer.
    Answered(Now, Answer),
    /// The call is known to have had no effect and may be made again: it did
    /// not leave, or the gateway refused it for now.
    Unsent(Now, Trouble),
}

/// Where a session stands: which effect is being carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    Idle,
    Reading,
    Observing,
    Permitting(Plan),
    Claiming(Plan),
    Intending,
    Sending,
    Storing(Report, Next),
}

/// What follows a stored change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Next {
    Observe,
    Rest(Option<Span>),
    Announce(Option<Span>),
}

/// An intent of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Mine {
    pub(crate) step: Step,
    /// Every attempt so far is known to have had no effect, so a further one
    /// may be made before the window closes.
    pub(crate) unsent: bool,
}

/// What one process remembers of one object, between sessions too. Losing it
/// costs time, never safety.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State {
    pub(crate) me: Writer,
    pub(crate) phase: Phase,
    pub(crate) stored: Option<Stored>,
    /// The newest intent of this process, and its answer once there is one.
    pub(crate) mine: Option<Mine>,
    /// When this process first saw the open intent of that number.
    pub(crate) seen: Option<(u32, Now)>,
    /// When the running look at the cloud was asked for.
    pub(crate) asked: Tick,
    /// Complete readings in a row that agree on something missing.
    pub(crate) streak: u8,
    /// Failures in a row.
    pub(crate) failures: u32,
    /// No new attempt before this.
    pub(crate) not_before: Option<Tick>,
}

impl State {
    /// A process that knows nothing of the object yet.
    pub fn new(me: Writer) -> Self {
        Self {
            me,
            phase: Phase::Idle,
            stored: None,
            mine: None,
            seen: None,
            asked: Tick(0),
            streak: 0,
            failures: 0,
            not_before: None,
        }
    }

    /// The process that this is the memory of.
    pub fn writer(&self) -> Writer {
        self.me
    }

    /// The session is over.
    pub fn at_rest(&self) -> bool {
        self.phase == Phase::Idle
    }

    /// The intent that [`Effect::Send`] is about.
    pub fn intent(&self) -> Option<&Step> {
        self.mine.as_ref().map(|mine| &mine.step)
    }

    pub(crate) fn stored(&self) -> &Stored {
        self.stored.as_ref().expect("a session starts with Woken")
    }

    /// The last recorded step, with what this process knows of it.
    pub(crate) fn last(&self) -> Option<Step> {
        let stored = *self.stored().steps.last()?;
        match &self.mine {
            Some(mine) if same_intent(&mine.step, &stored) && stored.answer.is_none() => {
                Some(mine.step)
            }
            _ => Some(stored),
        }
    }

    /// Any recorded step may have taken effect.
    pub(crate) fn may_have_acted(&self) -> bool {
        let stored = &self.stored().steps;
        let before = stored.split_last().map_or(&[][..], |(_, before)| before);
        before.iter().any(Step::may_have_acted) || self.last().is_some_and(|s| s.may_have_acted())
    }

    /// What a write about `report` carries along.
    pub(crate) fn change(&self, report: Report) -> Change {
        let answer = self
            .mine
            .as_ref()
            .and_then(|m| Some((m.step.number, m.step.answer?, m.step.answered?)));
        Change { report, answer }
    }

    pub(crate) fn observe(mut self, now: Now) -> (State, Vec<Effect>) {
        self.phase = Phase::Observing;
        self.asked = now.wall;
        (self, vec![Effect::Observe])
    }

    pub(crate) fn permit(mut self, plan: Plan) -> (State, Vec<Effect>) {
        self.phase = Phase::Permitting(plan);
        (self, vec![Effect::Permit(plan)])
    }

    pub(crate) fn store(mut self, report: Report, next: Next) -> (State, Vec<Effect>) {
        self.phase = Phase::Storing(report, next);
        let change = self.change(report);
        (self, vec![Effect::Store(change)])
    }

    pub(crate) fn rest(mut self, wake: Option<Span>) -> (State, Vec<Effect>) {
        self.forget_session();
        (self, vec![Effect::Rest(wake)])
    }

    /// Between sessions only what the next one needs is kept; it starts with the
    /// object as it then stands.
    fn forget_session(&mut self) {
        self.phase = Phase::Idle;
        self.stored = None;
        self.asked = Tick(0);
        self.streak = 0;
    }

    /// The last change was stored, and with it the answer that it carried.
    fn note_stored_answer(&mut self) {
        let Some(mine) = self.mine.take_if(|mine| mine.step.answer.is_some()) else {
            return;
        };
        let last = self
            .stored
            .as_mut()
            .and_then(|stored| stored.steps.last_mut());
        if let Some(last) = last.filter(|last| same_intent(&mine.step, last)) {
            *last = mine.step;
        }
    }

    fn read(mut self) -> (State, Vec<Effect>) {
        self.phase = Phase::Reading;
        (self, vec![Effect::Read])
    }

    pub(crate) fn send(mut self) -> (State, Vec<Effect>) {
        let number = self
            .intent()
            .expect("only an intent of ours is sent")
            .number;
        self.phase = Phase::Sending;
        (self, vec![Effect::Send(number)])
    }

    /// A failure: pause, and tell it once it has lasted.
    pub(crate) fn trouble(mut self, rules: &Rules, t: Trouble) -> (State, Vec<Effect>) {
        self.failures = self.failures.saturating_add(1);
        self.streak = 0;
        let pause = match t.pause {
            Some(pause) => pause,
            None if t.blocked => rules.recheck,
            None => rules.pause(self.failures),
        };
        if self.failures <= t.quiet {
            return self.rest(Some(pause));
        }
        let report = if t.blocked {
            Report::Blocked(t.code)
        } else {
            Report::Waiting(t.code)
        };
        self.store(report, Next::Rest(Some(pause)))
    }
}

/// The intent that was written and the one that stands there are the same one.
pub(crate) fn same_intent(a: &Step, b: &Step) -> bool {
    a.number == b.number
        && a.writer == b.writer
        && a.key == b.key
        && a.intended.wall == b.intended.wall
}

/// Advances one object's session by what came of its last effect.
pub fn step(rules: &Rules, mut state: State, event: Event) -> (State, Vec<Effect>) {
    match (state.phase, event) {
        (Phase::Idle | Phase::Reading, Event::Woken(now, stored)) => begin(state, now, stored),
        (Phase::Reading, Event::Gone) => {
            // Deleting sends nothing and undoes nothing.
            state.mine = None;
            state.rest(None)
        }
        (Phase::Observing, Event::Observed(now, view)) => {
            if view.started < state.asked {
                // Older than the question: proves nothing.
                return state.observe(now);
            }
            decide(rules, state, now, view)
        }
        (Phase::Observing, Event::Unobserved(_, t)) => state.trouble(rules, t),
        (Phase::Permitting(plan), Event::Permitted(_)) if plan.ledger => {
            state.phase = Phase::Claiming(plan);
            (state, vec![Effect::Claim(plan)])
        }
        (Phase::Permitting(plan) | Phase::Claiming(plan), Event::Permitted(now)) => {
            if state.holds_stored_intent(now) {
                state.send()
            } else {
                intend(rules, state, now, plan)
            }
        }
        (Phase::Permitting(_) | Phase::Claiming(_), Event::Forbidden(_, t)) => {
            state.trouble(rules, t)
        }
        (Phase::Intending, Event::Written(_, true)) => {
            let step = state.intent().copied().expect("intended above");
            if let Some(stored) = &mut state.stored {
                stored.steps.push(step);
            }
            state.send()
        }
        (Phase::Intending, Event::Written(_, false)) => {
            // The reply lacks the intent: an older CRD prunes it, or something
            // rewrites status. Nothing may be sent without a record.
            state.mine = None;
            let pause = rules.recheck;
            state.store(Report::Blocked(INTENT_NOT_STORED), Next::Rest(Some(pause)))
        }
        // Start over with what stands there. After a time-out the intent may
        // stand there as we wrote it: `mine` recognises it.
        (Phase::Intending | Phase::Storing(..), Event::Conflict) => state.read(),
        (Phase::Reading | Phase::Intending | Phase::Storing(..), Event::NoReply(_)) => {
            state.failures = state.failures.saturating_add(1);
            match (state.phase, state.failures) {
                (Phase::Reading, _) | (_, 2..) => {
                    let pause = rules.pause(state.failures);
                    state.rest(Some(pause))
                }
                _ => state.read(),
            }
        }
        (Phase::Sending, Event::Answered(now, answer)) => answered(rules, state, now, answer),
        (Phase::Sending, Event::Unsent(_, t)) => state.trouble(rules, t),
        (Phase::Storing(report, next), Event::Written(now, _)) => {
            state.note_stored_answer();
            match next {
                Next::Observe => state.observe(now),
                Next::Rest(wake) => state.rest(wake),
                Next::Announce(wake) => {
                    state.forget_session();
                    (state, vec![Effect::Announce(report), Effect::Rest(wake)])
                }
            }
        }
        // The shell answers each effect with one of its events; anything else
        // is a mistake there, and starting over is safe from everywhere.
        (_, _) => state.read(),
    }
}

/// The code of Blocked/IntentNotStored, the one reason of the protocol's own
/// that is not a report of its own.
pub const INTENT_NOT_STORED: Code = Code(u16::MAX);

fn begin(mut state: State, now: Now, stored: Stored) -> (State, Vec<Effect>) {
    let last = stored.steps.last();
    // What we remember of an intent counts only while it is the last one there;
    // or while it may yet arrive there, because its write timed out.
    let counts = |mine: &Mine| match last {
        Some(last) if same_intent(&mine.step, last) => true,
        last => mine.unsent && mine.step.number == last.map_or(1, |last| last.number + 1),
    };
    if !state.mine.as_ref().is_some_and(counts) {
        state.mine = None;
    }
    // Never sent with an effect, and too late to be sent: that is its answer.
    if let Some(mine) = &mut state.mine
        && mine.unsent
        && now.at_most_since(mine.step.intended) >= mine.step.window
    {
        mine.unsent = false;
        mine.step.answer = Some(Answer::NotSent);
        mine.step.answered = Some(now.wall);
    }
    let open = last.filter(|s| s.is_open()).map(|s| s.number);
    state.seen = match (open, state.seen) {
        (Some(number), Some((seen, at))) if seen == number => Some((number, at)),
        (Some(number), _) => Some((number, now)),
        (None, _) => None,
    };
    state.streak = 0;
    let (ended, wish) = (stored.ended, stored.wish);
    state.stored = Some(stored);
    if ended || wish.deleting {
        return state.rest(None);
    }
    if wish.suspended {
        return state.store(Report::Suspended, Next::Rest(None));
    }
    state.observe(now)
}

fn intend(rules: &Rules, mut state: State, now: Now, plan: Plan) -> (State, Vec<Effect>) {
    let number = state.last().map_or(1, |last| last.number + 1);
    let change = state.change(Report::Executing);
    let step = match &state.mine {
        // Its write timed out and may yet arrive: write the very same one.
        Some(mine) if mine.unsent && mine.step.number == number => mine.step,
        _ => Step {
            number,
            key: plan.key,
            class: plan.class,
            writer: state.me,
            intended: now,
            window: rules.window,
            answer: None,
            answered: None,
        },
    };
    state.mine = Some(Mine { step, unsent: true });
    state.phase = Phase::Intending;
    (state, vec![Effect::Intend(step, change)])
}

fn answered(rules: &Rules, mut state: State, now: Now, answer: Answer) -> (State, Vec<Effect>) {
    let Some(mine) = &mut state.mine else {
        return state.read();
    };
    mine.unsent = false;
    mine.step.answer = Some(answer);
    mine.step.answered = Some(now.wall);
    let class = mine.step.class;
    match answer {
        Answer::Refused(Verdict::Blocked(code)) => {
            let pause = rules.recheck;
            return state.store(Report::Blocked(code), Next::Rest(Some(pause)));
        }
        Answer::Refused(Verdict::Wait(code)) => {
            let pause = rules.poll;
            return state.store(Report::Waiting(code), Next::Rest(Some(pause)));
        }
        Answer::Unknown | Answer::Refused(Verdict::Verify | Verdict::Retry) => {
            // A look at the cloud comes first; if that shows nothing, the next
            // attempt waits.
            state.failures = state.failures.saturating_add(1);
            state.not_before = Some(Tick(now.wall.0 + rules.pause(state.failures).0));
        }
        _ => state.failures = 0,
    }
    match class {
        // What a lost record would lead to is harmless: the answer is stored
        // together with the result.
        Class::Natural => state.observe(now),
        _ => {
            let report = match answer {
                Answer::Accepted => Report::Verifying,
                _ => Report::ResolvingAnswer,
            };
            state.store(report, Next::Observe)
        }
    }
}
