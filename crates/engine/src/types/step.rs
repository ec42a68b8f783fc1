//! A step: one mutating call, what is recorded of it before it is sent, and what
//! came of it.

use super::time::{Now, Span, Tick};

/// One process start. Random, so that no restart is taken for its predecessor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Writer(pub u64);

/// A reason of a kind or of the shell, opaque to the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Code(pub u16);

/// The code of Blocked/IntentNotStored. This and the next are reasons that the protocol
/// itself gives, beside those that are reports of their own.
pub const INTENT_NOT_STORED: Code = Code(u16::MAX);

/// The code of Waiting/ObservationUnclear.
pub const OBSERVATION_UNCLEAR: Code = Code(u16::MAX - 1);

/// The code of Waiting/ClockSkew.
pub const CLOCK_SKEW: Code = Code(u16::MAX - 2);

/// The code of Blocked/CloudRefuses.
pub const CLOUD_REFUSES: Code = Code(u16::MAX - 3);

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
            None | Some(Answer::Unknown | Answer::Unlisted | Answer::Accepted)
        )
    }

    /// Nobody knows what came of it.
    pub fn is_open(&self) -> bool {
        matches!(self.answer, None | Some(Answer::Unknown | Answer::Unlisted))
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
    /// A refusal that is not documented as having no effect: as unknown as silence, but
    /// a user can read it and act on it.
    Unlisted,
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
