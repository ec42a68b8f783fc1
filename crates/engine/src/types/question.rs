//! What a person is asked, and can decide.

use super::step::Plan;

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

impl Decision {
    /// It says how the operation ends, whatever the cloud shows or fails to show, so
    /// it is taken without an observation.
    pub fn ends(self) -> bool {
        matches!(self, Decision::AssumeDone | Decision::GiveUp)
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
