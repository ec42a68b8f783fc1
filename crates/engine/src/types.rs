//! The words of the protocol. They carry no text: what a [`Code`] or a
//! [`StepKey`] is called is the business of the shell and of each kind.

#[cfg(test)]
use crate::mutant::Mutant;

/// A point in time, in milliseconds. Only differences on one clock mean anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Tick(pub i64);

/// A length of time, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Span(pub i64);

/// Both clocks of this process. The wall clock can be set back, the monotonic
/// one stands still while a machine sleeps, so neither is trusted alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Now {
    /// Wall clock.
    pub wall: Tick,
    /// Monotonic clock of this process.
    pub mono: Tick,
}

impl Now {
    /// Elapsed since `then` at the most: for "is it still early enough?".
    pub fn at_most_since(self, then: Now) -> Span {
        Span((self.wall.0 - then.wall.0).max(self.mono.0 - then.mono.0))
    }

    /// Elapsed since `then` at the least: for "has it been long enough?".
    pub fn at_least_since(self, then: Now) -> Span {
        Span((self.wall.0 - then.wall.0).min(self.mono.0 - then.mono.0))
    }

    /// When this much time will have passed, on the monotonic clock: for a pause
    /// that ends whatever becomes of the wall clock.
    pub fn after(self, span: Span) -> Tick {
        Tick(self.mono.0.saturating_add(span.0))
    }
}

/// One process start. Random, so that no restart is taken for its predecessor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Writer(pub u64);

/// A reason of a kind or of the shell, opaque to the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Code(pub u16);

/// Which of its kind's steps a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StepKey(pub u8);

/// What is known of a step's repeat, and so what an unknown answer leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Class {
    /// A repeat commutes with everything that we may do next: send again.
    Natural,
    /// The cloud recognises the token within `trust` of the first send: send
    /// again with the same token; later as [`Class::Provable`].
    Token {
        /// How long the cloud is trusted to remember the token.
        trust: Span,
    },
    /// Absence can be proven, after the settle time: then send again.
    Provable,
    /// Nobody can know that it had no effect: never send again unattended.
    Never,
}

/// A step that a kind wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Plan {
    /// Which step.
    pub key: StepKey,
    /// What a repeat of it would mean.
    pub class: Class,
    /// Its repeat would have an effect, so it is claimed in the ledger first.
    pub ledger: bool,
    /// It costs money.
    pub paid: bool,
}

/// The durable record of a step (an intent, and what came of it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Step {
    /// Counts the object's intents from 1.
    pub number: u32,
    /// Which of the kind's steps.
    pub key: StepKey,
    /// What a repeat of it would mean.
    pub class: Class,
    /// The process that may send it.
    pub writer: Writer,
    /// When it was intended, on the writer's clocks. `mono` means nothing to
    /// any other process.
    pub intended: Now,
    /// After this much time no attempt may be sent.
    pub window: Span,
    /// What came of it, if that is known. `None`: open.
    pub answer: Option<Answer>,
    /// When it was answered, or looked for anew (wall clock of whoever recorded
    /// it).
    pub answered: Option<Tick>,
}

impl Step {
    /// The call may have taken effect, or may yet.
    pub fn may_have_acted(&self) -> bool {
        matches!(
            self.answer,
            None | Some(Answer::Unknown) | Some(Answer::Accepted)
        )
    }

    /// Nobody knows what came of it.
    pub fn is_open(&self) -> bool {
        matches!(self.answer, None | Some(Answer::Unknown))
    }
}

/// What came back from a mutating call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Answer {
    /// The cloud said that it does it.
    Accepted,
    /// The cloud documents that this answer means: no effect of this call.
    Refused(Verdict),
    /// Anything else, silence included.
    Unknown,
    /// Nothing of it reached the cloud.
    NotSent,
}

/// How a refusal is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Verdict {
    /// Says nothing about earlier calls: look at the cloud. If that does not tell
    /// either, this is what the operation waits for.
    Verify(Code),
    /// Send again after a while.
    Retry,
    /// A precondition is not met now and may be later.
    Wait(Code),
    /// A person has to mend something.
    Blocked(Code),
    /// Will never be accepted as it stands.
    Terminal,
    /// What the operation is for can no longer be had; the code says why.
    Lost(Code),
}

/// How certain a reading is, by how the thing shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Evidence {
    /// It is there to see: one complete reading proves it.
    Presence,
    /// It shows by something missing: two complete readings prove it.
    Absence,
}

/// What a complete reading of the cloud means for the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Goal {
    /// The cloud is as wanted.
    Reached(Evidence),
    /// The cloud can no longer become as wanted, whatever anybody sends.
    Lost(Code, Evidence),
    /// This step is next.
    Act(Plan),
    /// Not now. Look again after this time, or as routine.
    Wait(Code, Option<Span>),
    /// A person has to choose what is next.
    Ask(Ask),
}

/// A question that a kind puts because of what the cloud shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ask {
    /// What it is about.
    pub hold: Hold,
    /// What the cloud showed. When that changes it is another question.
    pub pin: Pin,
    /// The step that the decision Retry leads to.
    pub retry: Option<Plan>,
    /// The step that the decision Continue leads to.
    pub go_on: Option<Plan>,
}

/// Tells what a question is about from everything else that it could be about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pin(pub u64);

/// What a reading says of the open step's own effect: of the one that the ledger
/// holds, or else of the last recorded one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Trace {
    /// Nothing of it shows.
    NotShown,
    /// It shows, and nothing else can be it: the step was accepted.
    Shown,
    /// More than one thing could be it.
    Unclear,
}

/// What the ledger of the target holds (design: 3.3). It is read before the
/// cloud is, so that a claim that leaves it unchanged counts on a look that is
/// newer than every earlier claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Record {
    /// The kind has no ledger.
    None,
    /// Nothing that this operation has to answer for: free, or claimed by
    /// another object, which the claim then tells.
    Free,
    /// This step is claimed for this object, or for one of the same key that is
    /// gone. It counts as a recorded step even if status does not have it.
    Ours(Step),
    /// This step is claimed for an operation that is gone.
    Orphan(Step),
    /// An operation of the same key has ended; the code says how that reads.
    Spent(Code),
    /// This object's own claim is closed; the object was about to end.
    Closed,
}

/// What the ledger is to keep of a claimed step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Closing {
    /// Its operation ended like this.
    Ended(End),
    /// No call of it had an effect.
    NoEffect,
    /// Its operation is gone, and its effect is there.
    Seen,
    /// Its operation is gone, and a person decided.
    Decided(Decision),
    /// Its operation is gone, and this was the answer. The claim stays.
    Answered(Answer),
}

/// From when on the effect of an accepted step can be expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Due {
    /// From its answer on.
    SinceAnswer,
    /// From this time on, if that is later.
    Since(Tick),
    /// Not before something else happens, which may take any time.
    Later,
}

/// A complete reading of the cloud in the protocol's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct View {
    /// When its first request started (wall clock of this process).
    pub started: Tick,
    /// What it means.
    pub goal: Goal,
    /// What it shows of the open step.
    pub trace: Trace,
    /// From when on the effect of an accepted step can be expected.
    pub due: Due,
    /// What the ledger held when it began.
    pub record: Record,
    /// Recorded steps, and what this reading says of them.
    pub past: Past,
    /// Many objects share it, so it may be older than this one's question.
    pub shared: bool,
}

/// What a reading says of earlier steps. Nothing, for operations of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Past {
    /// Steps up to this number have run their course: the next one of the same
    /// name is no repeat of them.
    pub over: u32,
    /// What an open step would do is against what is wanted now.
    pub contrary: bool,
}

/// Why an effect could not be carried out, and how that is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Trouble {
    /// The reason.
    pub code: Code,
    /// A person has to mend it (Blocked), or it passes by itself (Waiting).
    pub blocked: bool,
    /// Say nothing for this many failures in a row: most of them pass.
    pub quiet: u32,
    /// Try again after this, however many failures there were.
    pub pause: Option<Span>,
}

/// What a person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Decision {
    /// Make the call again, whatever the last one did.
    SendAgain,
    /// Look for the effect for another verify time-out.
    LookAgain,
    /// It is done; the person has looked.
    AssumeDone,
    /// Leave it.
    GiveUp,
    /// Have the cloud try again what failed.
    Retry,
    /// Have the cloud go on.
    Continue,
}

/// How an operation succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// A step of ours may have done it, and the effect was seen.
    Proven,
    /// It was so before we sent anything.
    AlreadySatisfied,
    /// A person said so. The only success that was not seen.
    Assumed,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// The wanted result was seen.
    Succeeded(How),
    /// The wanted result can no longer be had.
    Lost(Code),
    /// The cloud refused for good.
    Refused,
    /// The time in which the first step might be sent is over.
    WindowMissed,
    /// A person gave it up.
    GivenUp,
}

/// Why a person has to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Hold {
    /// Nobody can know whether the last step took effect.
    AnswerUnknown,
    /// Nobody can know whether the call of an earlier operation, which is gone,
    /// took effect on the same target.
    OrphanUnknown,
    /// It was accepted, and its effect did not show in time.
    ProofTimeout,
    /// The object was restored from a backup, its step costs money, and there is
    /// no record of what happened before.
    NoRecord,
    /// A call was made that the ledger does not have.
    LedgerConflict,
    /// The cloud can no longer become as is wanted now, after what this operation
    /// did when something else was wanted.
    Unreachable,
    /// The cloud paused by itself because something failed.
    PausedOnFailure,
    /// The cloud stands still until somebody lets it go on.
    Paused,
}

impl Hold {
    /// Every question.
    pub const ALL: [Hold; 8] = [
        Hold::AnswerUnknown,
        Hold::OrphanUnknown,
        Hold::ProofTimeout,
        Hold::NoRecord,
        Hold::LedgerConflict,
        Hold::Unreachable,
        Hold::PausedOnFailure,
        Hold::Paused,
    ];

    /// What a person may decide.
    pub fn choices(self) -> &'static [Decision] {
        use Decision::{AssumeDone, Continue, GiveUp, LookAgain, Retry, SendAgain};
        match self {
            Hold::AnswerUnknown => &[SendAgain, AssumeDone, GiveUp],
            Hold::OrphanUnknown => &[AssumeDone, GiveUp],
            Hold::ProofTimeout => &[LookAgain, AssumeDone, GiveUp],
            Hold::NoRecord => &[SendAgain, GiveUp],
            Hold::LedgerConflict | Hold::Unreachable => &[LookAgain, GiveUp],
            Hold::PausedOnFailure => &[Retry, Continue, GiveUp],
            Hold::Paused => &[Continue, GiveUp],
        }
    }

    /// A kind asks it because of what the cloud shows, as long as that shows.
    pub fn is_of_the_kind(self) -> bool {
        matches!(
            self,
            Hold::Unreachable | Hold::PausedOnFailure | Hold::Paused
        )
    }
}

/// A question that was put to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Question {
    /// Names this very question, so that an answer to another is none to it.
    pub id: u64,
    /// What it is about.
    pub hold: Hold,
    /// What the cloud showed, for a question of the kind.
    pub pin: Pin,
}

/// What status is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Report {
    /// Waits for something that passes by itself.
    Waiting(Code),
    /// Waits for the time from which the first step may be sent.
    BeforeWindow,
    /// A step is intended and being sent.
    Executing,
    /// A step was accepted; its effect is looked for.
    Verifying,
    /// A step's answer is not known; its effect is looked for.
    ResolvingAnswer,
    /// The spec says so.
    Suspended,
    /// What would be sent is known; nothing will be.
    Planned,
    /// A person has to mend something.
    Blocked(Code),
    /// A person has to decide.
    Held(Hold),
    /// Final.
    Ended(End),
    /// The object went while a call of it was under way. Told, never stored.
    Orphaned,
}

/// What a status write changes, beside folding in an answer that is known to
/// this process and not yet stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    /// The report.
    pub report: Report,
    /// The last step's answer, with when it came.
    pub answer: Option<(u32, Answer, Tick)>,
    /// What a new question is about.
    pub pin: Pin,
    /// The question that a decision has answered: it is over.
    pub handled: Option<u64>,
    /// The last step's effect is looked for anew from this time on.
    pub look_again: Option<Tick>,
}

/// What the user asks, in the protocol's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Wish {
    /// Send what is needed; otherwise only tell it.
    pub execute: bool,
    /// No further step.
    pub suspended: bool,
    /// The object is gone or going.
    pub deleting: bool,
    /// From an accepted answer until its effect has to be seen.
    pub verify_timeout: Span,
    /// The first step is not sent before this.
    pub not_before: Option<Tick>,
    /// The first step is not sent at or after this.
    pub not_after: Option<Tick>,
    /// The answer to a question.
    pub decision: Option<(u64, Decision)>,
}

/// The object as the API server has (or had) it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Stored {
    /// Oldest first.
    pub steps: Vec<Step>,
    /// It has an outcome.
    pub ended: bool,
    /// It was restored from a backup.
    pub restored: bool,
    /// A person was asked to decide.
    pub hold: Option<Question>,
    /// What the user asks.
    pub wish: Wish,
}

#[cfg(test)]
impl Stored {
    /// What a stored change makes of the object, for the model and the tests:
    /// the words of it are the shell's. `question` is the id of a new question.
    pub(crate) fn apply(&mut self, intent: Option<Step>, change: Change, question: u64) {
        if let Some((number, answer, at)) = change.answer
            && let Some(step) = self.steps.iter_mut().find(|s| s.number == number)
            && step.is_open()
        {
            step.answer = Some(answer);
            step.answered = Some(at);
        }
        self.steps.extend(intent);
        self.ended |= matches!(change.report, Report::Ended(_));
        let open = self.hold.map(|question| question.id);
        if self.ended || (change.handled.is_some() && change.handled == open) {
            self.hold = None;
        }
        if let (Report::Held(hold), None) = (change.report, self.hold) {
            self.hold = Some(Question {
                id: question,
                hold,
                pin: change.pin,
            });
        }
        if let (Some(at), Some(step)) = (change.look_again, self.steps.last_mut()) {
            step.answered = Some(at);
        }
    }
}

/// The protocol's figures, from the timing profile.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How long the cloud accepts a signature.
    pub validity: Span,
    /// The largest clock offset at which anything is sent.
    pub margin: Span,
    /// Total time-out of a call.
    pub call_timeout: Span,
    /// How long a process may take itself for the leader after losing the lease.
    pub lease: Span,
    /// How long an intent may be sent.
    pub window: Span,
    /// Routine interval between looks at a cloud that is not yet as wanted.
    pub poll: Span,
    /// First pause after a failure; doubles up to `backoff_max`.
    pub backoff: Span,
    /// Longest pause after a failure.
    pub backoff_max: Span,
    /// Pause before looking again at something that waits for a person.
    pub recheck: Span,
    /// The deliberate mistake that a test makes.
    #[cfg(test)]
    pub(crate) mutant: Option<Mutant>,
}

impl Rules {
    /// The figures that follow from nothing but the cloud's and the lease's.
    pub fn new(validity: Span, margin: Span, call_timeout: Span, lease: Span) -> Self {
        const SECOND: i64 = 1_000;
        Self {
            validity,
            margin,
            call_timeout,
            lease,
            window: Span(30 * 60 * SECOND),
            poll: Span(30 * SECOND),
            backoff: Span(SECOND),
            backoff_max: Span(60 * SECOND),
            recheck: Span(5 * 60 * SECOND),
            #[cfg(test)]
            mutant: None,
        }
    }

    /// How long an unseen effect can still arrive, counted from when this
    /// process first saw the open intent: its writer may take itself for the
    /// leader for a lease, sign then, and the cloud accepts those bytes for
    /// their validity, on a clock that is off by the margin.
    pub fn settle(&self) -> Span {
        #[cfg(test)]
        let rules = &self.mistaken_in_settle();
        #[cfg(not(test))]
        let rules = self;
        Span(rules.lease.0 + rules.validity.0 + rules.margin.0 + rules.call_timeout.0)
    }

    /// The pause after this many failures in a row.
    pub fn pause(&self, failures: u32) -> Span {
        let factor = 1i64 << failures.saturating_sub(1).min(20);
        Span(
            self.backoff
                .0
                .saturating_mul(factor)
                .min(self.backoff_max.0),
        )
    }

    #[cfg(test)]
    pub(crate) fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

/// The last check before the bytes leave: asked after the connection stands,
/// with the newest knowledge of this process.
pub fn may_send(step: &Step, me: Writer, now: Now, leader: bool, wish: &Wish) -> bool {
    step.writer == me
        && step.answer.is_none()
        && leader
        && wish.execute
        && !wish.suspended
        && !wish.deleting
        && now.at_most_since(step.intended) < step.window
}
