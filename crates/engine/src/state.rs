//! What one process keeps of one object, and the moves that a session is made of.

use crate::types::*;

/// Where a session stands: which effect is being carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    Idle,
    Reading,
    Observing,
    Recalling(Decision),
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
    Reread,
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
    /// The same of a question that was withdrawn: its id, and what it was about.
    pub(crate) unannounced: Option<(u64, Hold)>,
    /// What the ledger held when this session last looked, or was made to hold. Kept
    /// between sessions only if it is the claim of a call that is not recorded yet.
    pub(crate) record: Record,
    /// The claimed step that status does not hold.
    pub(crate) only_claimed: Option<Step>,
    /// When the running look at the cloud was asked for.
    pub(crate) asked: Tick,
    /// What is missing in this many complete readings in a row.
    pub(crate) missing: Option<(Missing, u8)>,
    /// Looks at the cloud that failed, in a row.
    pub(crate) failures: u32,
    /// Those of them that the cloud refused, and no table lists.
    pub(crate) refusals: u8,
    /// Requests to the API server without a usable answer, in a row.
    pub(crate) unheard: u32,
    /// Attempts in a row that did not get through.
    pub(crate) misses: u32,
    /// No new attempt before this (monotonic clock, as every pause).
    pub(crate) not_before: Option<Tick>,
    /// The question that a decision of this session answers, or that is withdrawn.
    pub(crate) handled: Option<u64>,
    /// What the question was about that is withdrawn, as its premise is gone.
    pub(crate) withdrawn: Option<Hold>,
    /// The object is a plan, by what stood there when it was read.
    pub(crate) plans: bool,
    /// The last look of this session gave a complete reading of the cloud.
    pub(crate) judged: bool,
    /// By that reading the clocks differ too much.
    pub(crate) skewed: bool,
    /// By that reading steps up to this number have run their course.
    pub(crate) over: u32,
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
            unannounced: None,
            record: Record::None,
            only_claimed: None,
            asked: Tick(0),
            missing: None,
            failures: 0,
            refusals: 0,
            unheard: 0,
            misses: 0,
            not_before: None,
            handled: None,
            withdrawn: None,
            plans: false,
            judged: false,
            skewed: false,
            over: 0,
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
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = Step> {
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
    pub(crate) fn may_be_older(&self, goal: Goal) -> bool {
        let shows = match goal {
            Goal::Reached(evidence) | Goal::Lost(_, evidence) => evidence == Evidence::Presence,
            Goal::Wait(..) => true,
            Goal::Act(_) | Goal::Ask(_) | Goal::Block(_) | Goal::Unclear => false,
        };
        shows && self.steps().next().is_none()
    }

    /// Any recorded step may have taken effect.
    pub fn may_have_acted(&self) -> bool {
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
            in_the_way: None,
        }
    }

    /// The last of that name that has not run its course: what came between settles
    /// nothing about it. A repeat that had no effect changes nothing of one that was
    /// accepted.
    pub(crate) fn last_of(&self, key: StepKey, over: u32) -> Option<Step> {
        let of_that_name = |step: &Step| step.key == key && step.number > over;
        let accepted = |step: &Step| of_that_name(step) && step.answer == Some(Answer::Accepted);
        match self.steps().rfind(of_that_name) {
            Some(last) if !last.may_have_acted() => self.steps().rfind(accepted).or(Some(last)),
            last => last,
        }
    }

    /// The last accepted step that has not run its course.
    pub(crate) fn last_accepted(&self, over: u32) -> Option<Step> {
        self.steps()
            .rfind(|step| step.answer == Some(Answer::Accepted) && step.number > over)
    }

    pub(crate) fn observe(mut self, now: Now) -> (State, Vec<Effect>) {
        self.phase = Phase::Observing;
        self.judged = false;
        self.asked = now.wall;
        (self, vec![Effect::Observe])
    }

    pub(crate) fn permit(mut self, plan: Plan) -> (State, Vec<Effect>) {
        // What was read before a call proves nothing after it.
        self.missing = None;
        self.phase = Phase::Permitting(plan);
        (self, vec![Effect::Permit(plan)])
    }

    /// The one place where a report is made of what was decided.
    pub(crate) fn store(self, rules: &Rules, report: Report, next: Next) -> (State, Vec<Effect>) {
        // A question stands until it is answered, withdrawn, or the operation has
        // ended, whatever else there is to tell.
        let question = self.stored.as_ref().and_then(|stored| stored.hold);
        let decided = self.stored.is_some() && self.handled.is_none() && self.offered().is_some();
        let ends = matches!(report, Report::Ended(_));
        let in_the_way = Some(report).filter(|_| decided && !ends);
        let report = match (question, report) {
            (_, Report::Ended(_) | Report::Suspended | Report::Held(_)) => report,
            (Some(question), _) if self.handled.is_none() => Report::Held(question.hold),
            _ => report,
        };
        let (report, next) = match self.only_plans() {
            true => self.forecast(rules, report, next),
            false => (report, next),
        };
        let change = Change {
            in_the_way,
            ..self.change(report)
        };
        self.store_change(change, next)
    }

    /// A plan is judged as it would be executed, by the same decisions; what would be
    /// done is only told.
    fn forecast(&self, rules: &Rules, report: Report, next: Next) -> (Report, Next) {
        let forecast = match report {
            Report::Blocked(code) => Forecast::Blocked(code),
            Report::Held(hold) => Forecast::Held(hold),
            Report::Ended(end) => Forecast::Ended(end),
            // What could not be read says nothing of the plan.
            _ if !self.judged => return (report, next),
            Report::Waiting(code) => Forecast::Waits(code),
            Report::BeforeWindow => Forecast::BeforeWindow,
            Report::ResolvingAnswer => Forecast::Resolves,
            _ => return (report, next),
        };
        let again = match next {
            Next::Rest(Some(pause)) | Next::Announce(Some(pause)) => pause,
            _ => rules.recheck,
        };
        (Report::Planned(forecast), Next::Rest(Some(again)))
    }

    /// No call can have had an effect, no question is open, and nothing is to be sent.
    pub(crate) fn only_plans(&self) -> bool {
        self.plans
    }

    /// The answer to the very question that stands there.
    pub(crate) fn offered(&self) -> Option<(u64, Decision)> {
        let question = self.stored().hold?;
        let answer = self.stored().wish.decision;
        answer.filter(|(id, decision)| *id == question.id && question.hold.may_take(*decision))
    }

    pub(crate) fn store_change(mut self, change: Change, next: Next) -> (State, Vec<Effect>) {
        self.phase = Phase::Storing(change.report, next);
        (self, vec![Effect::Store(change)])
    }

    pub(crate) fn close(
        mut self,
        step: Step,
        closing: Closing,
        then: Closed,
    ) -> (State, Vec<Effect>) {
        self.phase = Phase::Closing(then);
        (self, vec![Effect::Close(step, closing)])
    }

    pub(crate) fn rest(mut self, wake: Option<Span>) -> (State, Vec<Effect>) {
        self.forget_session();
        (self, vec![Effect::Rest(wake)])
    }

    pub(crate) fn announce(mut self, report: Report, wake: Option<Span>) -> (State, Vec<Effect>) {
        self.untold = None;
        self.forget_session();
        (self, vec![Effect::Announce(report), Effect::Rest(wake)])
    }

    /// Between sessions only what the next one needs is kept; it starts with the
    /// object as it then stands.
    pub(crate) fn forget_session(&mut self) {
        self.phase = Phase::Idle;
        self.stored = None;
        self.only_claimed = None;
        self.asked = Tick(0);
        self.missing = None;
        self.handled = None;
        self.withdrawn = None;
        self.plans = false;
        self.judged = false;
        self.skewed = false;
        self.over = 0;
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
    pub(crate) fn note_stored_answer(&mut self) {
        let Some(known) = self.unstored.take() else {
            return;
        };
        let steps = self.stored.iter_mut().flat_map(|stored| &mut stored.steps);
        for step in steps.filter(|step| same_intent(&known, step)) {
            *step = known;
        }
    }

    /// A change was stored: with it the answer that it carried, and the end of a
    /// question. Gives the question that was withdrawn.
    pub(crate) fn note_stored_change(&mut self) -> Option<Hold> {
        self.note_stored_answer();
        if self.handled.take().is_some()
            && let Some(stored) = &mut self.stored
        {
            stored.hold = None;
        }
        self.withdrawn.take()
    }

    /// Starts over with what stands there.
    pub(crate) fn reread(mut self) -> (State, Vec<Effect>) {
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

    /// Keeps when this process first saw that step open.
    pub(crate) fn note_open(&mut self, now: Now, open: Option<Step>) {
        let Some(open) = open else { return };
        if self.seen.is_none_or(|(seen, _)| seen != open.intent()) {
            self.seen = Some((open.intent(), now));
        }
    }
}

pub(crate) fn hold(rules: &Rules, state: State, hold: Hold) -> (State, Vec<Effect>) {
    let report = Report::Held(hold);
    let next = match state.stored().hold {
        Some(_) if state.untold != Some(report) => Next::Rest(Some(rules.recheck)),
        _ => Next::Announce(Some(rules.recheck)),
    };
    state.store(rules, report, next)
}

/// The claim is closed first: a finished object does not come back to do it.
pub(crate) fn finish(rules: &Rules, state: State, end: End) -> (State, Vec<Effect>) {
    match state.record {
        Record::Ours(step) if !state.only_plans() => {
            let closing = match state.may_have_acted() {
                true => Closing::Ended(end),
                false => Closing::NoEffect,
            };
            state.close(step, closing, Closed::End(end))
        }
        _ => state.store(rules, Report::Ended(end), Next::Announce(None)),
    }
}

/// What tells one intent from every other.
pub type Intent = (u32, Writer, StepKey, Tick);

impl Step {
    /// What tells its intent from every other.
    pub fn intent(&self) -> Intent {
        (self.number, self.writer, self.key, self.intended.wall)
    }
}

/// The intent that was written and the one that stands there are the same one.
pub(crate) fn same_intent(a: &Step, b: &Step) -> bool {
    a.intent() == b.intent()
}
