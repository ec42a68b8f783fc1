//! The machine: which event moves a session from where to where.
//!
//! What to do with a complete reading is decided in `decide.rs`; here is the
//! order in which effects follow one another, and what is kept in memory.

use crate::decide::decide;
#[cfg(test)]
use crate::mutant::Mutant;
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
    /// Claim the step's target in the ledger for this step, under the precondition
    /// that the ledger is as the last look found it. [`Event::Permitted`],
    /// [`Event::Forbidden`], [`Event::Conflict`] or [`Event::NoReply`].
    Claim(Step),
    /// Write into the ledger what came of a step, if it is claimed there.
    /// [`Event::Written`], [`Event::Forbidden`], [`Event::Conflict`] or
    /// [`Event::NoReply`].
    Close(Step, Closing),
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Event {
    /// A session starts, or the object was read: it stands like this.
    Woken(Now, Stored),
    /// The object is no longer there, or was seen to go before this session.
    Gone,
    /// A complete reading of the cloud.
    Observed(Now, View),
    /// No complete reading.
    Unobserved(Now, Trouble),
    /// Permitted, or claimed.
    Permitted(Now),
    /// Not permitted, not claimed, or not closed.
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

impl Event {
    /// When what it leads to was decided, which is what a pause counts from. The
    /// reply to a write decides nothing: what follows it was decided before.
    pub fn decides_at(&self) -> Option<Now> {
        match *self {
            Event::Woken(now, _)
            | Event::Observed(now, _)
            | Event::Unobserved(now, _)
            | Event::Permitted(now)
            | Event::Forbidden(now, _)
            | Event::NoReply(now)
            | Event::Answered(now, _)
            | Event::Unsent(now, _) => Some(now),
            Event::Gone | Event::Conflict | Event::Written(..) => None,
        }
    }
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
    Closing(Closed),
}

/// What follows a stored change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Next {
    Observe,
    Rest(Option<Span>),
    Announce(Option<Span>),
    Close(Step, Closing, Closed),
}

/// What follows what was written into the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Closed {
    End(End),
    Observe,
    Rest(Option<Span>),
    Orphaned,
}

/// What a reading does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Missing {
    /// What the operation wants to be gone.
    Unwanted,
    /// What it would need, so that this is its end.
    Needed(Code),
    /// The effect of the last step.
    Effect,
}

/// What one process remembers of one object, between sessions too. Losing it
/// costs time, never safety.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State {
    pub(crate) me: Writer,
    pub(crate) phase: Phase,
    pub(crate) stored: Option<Stored>,
    /// An intent of this process, no attempt of which can have had an effect so
    /// far. It may be sent until its window closes.
    pub(crate) unsent: Option<Step>,
    /// A step of this process that was never sent, and will not be.
    pub(crate) dead: Option<Step>,
    /// A step of this process whose answer is not stored yet.
    pub(crate) unstored: Option<Step>,
    /// The open step that this process saw last, and when it first did.
    pub(crate) seen: Option<(Intent, Now)>,
    /// What people have not been told yet, as nobody knows whether it was stored.
    pub(crate) untold: Option<Report>,
    /// What the ledger held when this session last looked, or was made to hold. Kept
    /// between sessions only if it is the claim of a call that is not recorded yet.
    pub(crate) record: Record,
    /// When the running look at the cloud was asked for.
    pub(crate) asked: Tick,
    /// What is missing in this many complete readings in a row.
    pub(crate) missing: Option<(Missing, u8)>,
    /// Looks at the cloud that failed, in a row.
    pub(crate) failures: u32,
    /// Requests to the API server without a usable answer, in a row.
    pub(crate) unheard: u32,
    /// Attempts in a row that did not get through.
    pub(crate) misses: u32,
    /// No new attempt before this (monotonic clock, as every pause).
    pub(crate) not_before: Option<Tick>,
    /// The question that a decision of this session answers.
    pub(crate) handled: Option<u64>,
    /// What a question that this session puts is about.
    pub(crate) pin: Pin,
}

impl State {
    /// A process that knows nothing of the object yet.
    pub fn new(me: Writer) -> Self {
        Self {
            me,
            phase: Phase::Idle,
            stored: None,
            unsent: None,
            dead: None,
            unstored: None,
            seen: None,
            untold: None,
            record: Record::None,
            asked: Tick(0),
            missing: None,
            failures: 0,
            unheard: 0,
            misses: 0,
            not_before: None,
            handled: None,
            pin: Pin::default(),
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

    /// More is known here of a call than may be recorded, which nobody else will
    /// tell if the object goes.
    pub fn has_loose_ends(&self) -> bool {
        self.unsent.is_some() || self.unstored.is_some() || self.dead.is_some()
    }

    /// An answer is known here that may not be stored yet.
    pub fn holds_an_answer(&self) -> bool {
        self.unstored.is_some()
    }

    /// The object may have been ended by this process, which has not told it yet.
    pub fn may_have_to_tell_an_end(&self) -> bool {
        matches!(self.untold, Some(Report::Ended(_)))
    }

    /// The intent that [`Effect::Send`] is about.
    pub fn intent(&self) -> Option<&Step> {
        self.unsent.as_ref()
    }

    pub(crate) fn stored(&self) -> &Stored {
        self.stored.as_ref().expect("a session starts with Woken")
    }

    /// The recorded steps, with what this process knows beside.
    pub(crate) fn steps(&self) -> impl DoubleEndedIterator<Item = Step> {
        self.stored()
            .steps
            .iter()
            .map(|stored| match self.unstored {
                Some(known) if stored.is_open() && same_intent(&known, stored) => known,
                _ => *stored,
            })
    }

    /// The last recorded step, with what this process knows of it.
    pub(crate) fn last(&self) -> Option<Step> {
        self.steps().next_back()
    }

    /// A reading that is older than the question proves nothing about a step. It
    /// will do where there is none and what it shows is there to see, so that many
    /// objects can share one reading.
    fn may_be_older(&self, goal: Goal) -> bool {
        let shows = match goal {
            Goal::Reached(evidence) | Goal::Lost(_, evidence) => evidence == Evidence::Presence,
            Goal::Wait(..) => true,
            Goal::Act(_) | Goal::Ask(_) => false,
        };
        shows && self.steps().next().is_none()
    }

    /// Any recorded step may have taken effect.
    pub(crate) fn may_have_acted(&self) -> bool {
        self.steps().any(|step| step.may_have_acted())
    }

    /// What a write about `report` carries along.
    pub(crate) fn change(&self, report: Report) -> Change {
        let answer = self
            .unstored
            .and_then(|step| Some((step.number, step.answer?, step.answered?)));
        Change {
            report,
            answer,
            pin: self.pin,
            handled: self.handled,
            look_again: None,
        }
    }

    pub(crate) fn observe(mut self, now: Now) -> (State, Vec<Effect>) {
        self.phase = Phase::Observing;
        self.asked = now.wall;
        (self, vec![Effect::Observe])
    }

    pub(crate) fn permit(mut self, plan: Plan) -> (State, Vec<Effect>) {
        // What was read before a call proves nothing after it.
        self.missing = None;
        self.phase = Phase::Permitting(plan);
        (self, vec![Effect::Permit(plan)])
    }

    pub(crate) fn store(self, report: Report, next: Next) -> (State, Vec<Effect>) {
        // A question stands until it is answered or the operation has ended,
        // whatever else there is to tell.
        let question = self.stored.as_ref().and_then(|stored| stored.hold);
        let report = match (question, report) {
            (_, Report::Ended(_) | Report::Suspended | Report::Held(_)) => report,
            (Some(question), _) if self.handled.is_none() => Report::Held(question.hold),
            _ => report,
        };
        let change = self.change(report);
        self.store_change(change, next)
    }

    pub(crate) fn store_change(mut self, change: Change, next: Next) -> (State, Vec<Effect>) {
        self.phase = Phase::Storing(change.report, next);
        (self, vec![Effect::Store(change)])
    }

    pub(crate) fn rest(mut self, wake: Option<Span>) -> (State, Vec<Effect>) {
        self.forget_session();
        (self, vec![Effect::Rest(wake)])
    }

    fn announce(mut self, report: Report, wake: Option<Span>) -> (State, Vec<Effect>) {
        self.untold = None;
        self.forget_session();
        (self, vec![Effect::Announce(report), Effect::Rest(wake)])
    }

    /// Between sessions only what the next one needs is kept; it starts with the
    /// object as it then stands.
    pub(crate) fn forget_session(&mut self) {
        self.phase = Phase::Idle;
        self.stored = None;
        self.asked = Tick(0);
        self.missing = None;
        self.handled = None;
        self.pin = Pin::default();
        // Whose claim has to be closed if the object goes meanwhile.
        if !matches!(self.record, Record::Ours(claim) if self.is_loose(&claim)) {
            self.record = Record::None;
        }
    }

    fn is_loose(&self, claim: &Step) -> bool {
        let mut loose = [self.unsent, self.unstored, self.dead]
            .into_iter()
            .flatten();
        loose.any(|step| same_intent(&step, claim))
    }

    /// A change was stored, and with it the answer that it carried.
    fn note_stored_answer(&mut self) {
        let Some(known) = self.unstored.take() else {
            return;
        };
        let steps = self.stored.iter_mut().flat_map(|stored| &mut stored.steps);
        for step in steps.filter(|step| same_intent(&known, step)) {
            *step = known;
        }
    }

    /// Starts over with what stands there.
    pub(crate) fn reread(mut self) -> (State, Vec<Effect>) {
        self.phase = Phase::Reading;
        (self, vec![Effect::Read])
    }

    /// Nobody knows whether a write took place: look, once; then pause.
    pub(crate) fn not_heard(mut self, rules: &Rules) -> (State, Vec<Effect>) {
        self.unheard = self.unheard.saturating_add(1);
        match self.unheard {
            0..2 => self.reread(),
            times => self.rest(Some(rules.pause(times))),
        }
    }

    pub(crate) fn send(mut self) -> (State, Vec<Effect>) {
        let number = self
            .intent()
            .expect("only an intent of ours is sent")
            .number;
        self.phase = Phase::Sending;
        (self, vec![Effect::Send(number)])
    }

    /// The unsent intent will not be sent any more: that is its answer.
    pub(crate) fn withdraw(&mut self, now: Now) {
        if let Some(step) = self.unsent.take() {
            self.dead = Some(step);
            self.unstored = Some(Step {
                answer: Some(Answer::NotSent),
                answered: Some(now.wall),
                ..step
            });
        }
    }

    /// A look that failed: pause, and tell it once it has lasted.
    pub(crate) fn trouble(mut self, rules: &Rules, t: Trouble) -> (State, Vec<Effect>) {
        self.failures = self.failures.saturating_add(1);
        self.missing = None;
        let failures = self.failures;
        self.tell(rules, t, failures).0
    }

    /// An attempt that did not get through: the same, and no other before its time.
    fn miss(mut self, rules: &Rules, now: Now, t: Trouble) -> (State, Vec<Effect>) {
        self.misses = self.misses.saturating_add(1);
        let misses = self.misses;
        let (mut result, pause) = self.tell(rules, t, misses);
        result.0.not_before = Some(now.after(pause));
        result
    }

    fn tell(self, rules: &Rules, t: Trouble, times: u32) -> ((State, Vec<Effect>), Span) {
        let pause = match t.pause {
            Some(pause) => pause,
            None if t.blocked => rules.recheck,
            None => rules.pause(times),
        };
        if times <= t.quiet {
            return (self.rest(Some(pause)), pause);
        }
        let report = match t.blocked {
            true => Report::Blocked(t.code),
            false => Report::Waiting(t.code),
        };
        (self.store(report, Next::Rest(Some(pause))), pause)
    }
}

/// What tells one intent from every other.
pub(crate) type Intent = (u32, Writer, StepKey, Tick);

impl Step {
    pub(crate) fn intent(&self) -> Intent {
        (self.number, self.writer, self.key, self.intended.wall)
    }
}

/// The intent that was written and the one that stands there are the same one.
pub(crate) fn same_intent(a: &Step, b: &Step) -> bool {
    a.intent() == b.intent()
}

/// Advances one object's session by what came of its last effect.
pub fn step(rules: &Rules, mut state: State, event: Event) -> (State, Vec<Effect>) {
    match (state.phase, event) {
        (Phase::Idle | Phase::Reading, Event::Woken(now, stored)) => begin(state, now, stored),
        (Phase::Idle | Phase::Reading, Event::Gone) => state.gone(),
        (Phase::Observing, Event::Observed(now, view)) => {
            let older = view.started < state.asked;
            #[cfg(test)]
            let older = older && !rules.is(Mutant::StaleListAsProof);
            if older && !(view.shared && state.may_be_older(view.goal)) {
                // It says nothing; what is missing is so in readings in a row.
                state.missing = None;
                return state.observe(now);
            }
            state.failures = 0;
            state.note_record(rules, now, view.record);
            decide(rules, state, now, view)
        }
        (Phase::Observing, Event::Unobserved(_, t)) => state.trouble(rules, t),
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
            state.note_stored_answer();
            let step = state.intent().copied().expect("intended above");
            let handled = state.handled.take().is_some();
            if let Some(stored) = &mut state.stored {
                stored.steps.push(step);
                if handled {
                    stored.hold = None;
                }
            }
            state.send()
        }
        (Phase::Intending, Event::Written(_, false)) => {
            // The reply lacks the intent: an older CRD prunes it, or something
            // rewrites status. Nothing may be sent without a record.
            state.unsent = None;
            let pause = rules.recheck;
            state.store(Report::Blocked(INTENT_NOT_STORED), Next::Rest(Some(pause)))
        }
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
                state.not_heard(rules)
            }
        },
        (Phase::Sending, Event::Answered(now, answer)) => answered(rules, state, now, answer),
        (Phase::Sending, Event::Unsent(now, t)) => state.miss(rules, now, t),
        (Phase::Storing(report, next), Event::Written(now, _)) => {
            state.unheard = 0;
            state.note_stored_answer();
            if state.handled.take().is_some()
                && let Some(stored) = &mut state.stored
            {
                stored.hold = None;
            }
            match next {
                Next::Observe => state.observe(now),
                Next::Rest(wake) => state.rest(wake),
                Next::Announce(wake) => state.announce(report, wake),
                Next::Close(step, closing, then) => state.close(step, closing, then),
            }
        }
        // The shell answers each effect with one of its events; anything else
        // is a mistake there, and starting over is safe from everywhere.
        (_, _) => state.reread(),
    }
}

/// The code of Blocked/IntentNotStored, the one reason of the protocol's own
/// that is not a report of its own.
pub const INTENT_NOT_STORED: Code = Code(u16::MAX);

fn begin(mut state: State, now: Now, stored: Stored) -> (State, Vec<Effect>) {
    let last = stored.steps.last();
    let in_time = |step: &Step| now.at_most_since(step.intended) < step.window;
    if let Some(unsent) = state.unsent {
        let stands = last.is_some_and(|last| same_intent(&unsent, last));
        // Its write timed out and may yet arrive, or the ledger alone has it.
        let may_arrive = unsent.number > last.map_or(0, |last| last.number);
        match (stands, in_time(&unsent)) {
            (true, true) => {}
            (true, false) => state.withdraw(now),
            (false, true) if may_arrive => {}
            (false, _) => state.dead = state.unsent.take(),
        }
    }
    let unknown = |known: Step| {
        let found = stored.steps.iter().find(|step| same_intent(&known, step));
        found.is_some_and(|step| step.is_open() && step.answer != known.answer)
    };
    state.unstored = state.unstored.filter(|known| unknown(*known));
    state.missing = None;
    state.handled = None;
    state.pin = Pin::default();
    let (ended, wish) = (stored.ended, stored.wish);
    state.stored = Some(stored);
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
    if wish.suspended {
        return state.store(Report::Suspended, Next::Rest(None));
    }
    state.observe(now)
}

/// Nothing stands in the way any more: claim, intend, send, whichever is next.
fn permitted(rules: &Rules, mut state: State, now: Now, plan: Plan) -> (State, Vec<Effect>) {
    let step = state.next_intent(rules, now, plan);
    let claimed = matches!(state.record, Record::Ours(claim) if same_intent(&claim, &step));
    #[cfg(test)]
    let claimed = claimed || rules.is(Mutant::NoClaim);
    if plan.ledger && !claimed {
        state.unsent = Some(step);
        state.phase = Phase::Claiming(plan);
        return (state, vec![Effect::Claim(step)]);
    }
    if state.holds_stored_intent(now, plan.key) {
        return state.send();
    }
    intend(rules, state, now, step)
}

fn intend(rules: &Rules, mut state: State, now: Now, step: Step) -> (State, Vec<Effect>) {
    // One for another step stands there, or may: it will not be sent.
    if let Some(unsent) = state.unsent.filter(|unsent| !same_intent(unsent, &step)) {
        match unsent.number == step.number {
            true => state.dead = state.unsent.take(),
            false => state.withdraw(now),
        }
    }
    #[cfg(test)]
    if rules.is(Mutant::ApprovalTwice) {
        state.handled = None;
    }
    #[cfg(not(test))]
    let _ = rules;
    let change = state.change(Report::Executing);
    state.unsent = Some(step);
    #[cfg(test)]
    if rules.is(Mutant::SendWithoutIntent) {
        return state.send();
    }
    state.phase = Phase::Intending;
    (state, vec![Effect::Intend(step, change)])
}

impl State {
    /// The intent that the plan leads to: the unsent one, if that is still good,
    /// or a new one.
    fn next_intent(&self, rules: &Rules, now: Now, plan: Plan) -> Step {
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

    /// Keeps when this process first saw that step open.
    pub(crate) fn note_open(&mut self, now: Now, open: Option<Step>) {
        let Some(open) = open else { return };
        if self.seen.is_none_or(|(seen, _)| seen != open.intent()) {
            self.seen = Some((open.intent(), now));
        }
    }
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
            return state.store(Report::Blocked(code), next);
        }
        Answer::Refused(Verdict::Wait(code)) => {
            let pause = rules.poll;
            state.not_before = Some(now.after(pause));
            let next = state.release(step, pause);
            return state.store(Report::Waiting(code), next);
        }
        Answer::Unknown | Answer::Refused(Verdict::Verify(_) | Verdict::Retry) => {
            // A look at the cloud comes first; if that shows nothing, the next
            // attempt waits.
            state.misses = state.misses.saturating_add(1);
            state.not_before = Some(now.after(rules.pause(state.misses)));
        }
        _ => state.misses = 0,
    }
    #[cfg(test)]
    if rules.is(Mutant::AnswerForgotten) {
        state.unstored = None;
    }
    match step.class {
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
