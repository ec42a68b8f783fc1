//! Questions to a person, and what they can decide.

use super::step::{Code, Plan};

/// Why a person has to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Hold {
    /// It is unknown whether the last step took effect.
    AnswerUnknown,
    /// It is unknown whether the call of an earlier operation, which is gone, took
    /// effect on the same target.
    OrphanUnknown,
    /// It was accepted, and its effect did not show in time.
    ProofTimeout,
    /// The object was restored from a backup, its step costs money, and there is
    /// no record of what happened before.
    NoRecord,
    /// A call was made that the ledger does not have.
    LedgerConflict,
    /// A kind asks it because of what the cloud shows, as long as it shows that.
    OfKind(Code),
}

impl Hold {
    /// Every question of the protocol itself.
    pub const SHARED: [Hold; 5] = [
        Hold::AnswerUnknown,
        Hold::OrphanUnknown,
        Hold::ProofTimeout,
        Hold::NoRecord,
        Hold::LedgerConflict,
    ];

    /// What a person may decide, by the protocol itself. What else a question of a kind
    /// takes is in the reading that puts it.
    pub fn choices(self) -> &'static [Decision] {
        use Decision::{AssumeDone, GiveUp, LookAgain, SendAgain};
        match self {
            Hold::AnswerUnknown => &[SendAgain, AssumeDone, GiveUp],
            Hold::OrphanUnknown => &[AssumeDone, GiveUp],
            Hold::ProofTimeout => &[LookAgain, AssumeDone, GiveUp],
            Hold::NoRecord => &[SendAgain, GiveUp],
            Hold::LedgerConflict => &[LookAgain, GiveUp],
            Hold::OfKind(_) => &[GiveUp],
        }
    }

    /// The decision may answer it. Whether a question of a kind offers it, and what it
    /// leads to, is known with the next reading.
    pub(crate) fn may_take(self, decision: Decision) -> bool {
        let by_reading = matches!(decision, Decision::LookAgain | Decision::OfKind(_));
        self.choices().contains(&decision) || self.is_of_the_kind() && by_reading
    }

    /// A kind asks it because of what the cloud shows, as long as it shows that.
    pub fn is_of_the_kind(self) -> bool {
        matches!(self, Hold::OfKind(_))
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
    /// It is done; the person has checked.
    AssumeDone,
    /// Leave it.
    GiveUp,
    /// One that only kinds offer, opaque to the protocol.
    OfKind(u8),
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
    pub code: Code,
    /// What the cloud showed. When that changes it is another question.
    pub pin: Pin,
    /// What can be decided, besides GiveUp, which every question takes.
    pub choices: [Option<Choice>; Ask::MOST_CHOICES],
}

impl Ask {
    /// A question offers no more choices than this, besides GiveUp.
    pub const MOST_CHOICES: usize = 4;

    /// The question in the protocol's words.
    pub fn hold(&self) -> Hold {
        Hold::OfKind(self.code)
    }

    /// The choice that is that decision.
    pub fn choice(&self, decision: Decision) -> Option<Choice> {
        let mut choices = self.choices.into_iter().flatten();
        choices.find(|choice| choice.decision == decision)
    }
}

/// A decision that a question of a kind offers, and what it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Choice {
    /// [`Decision::LookAgain`] or [`Decision::OfKind`].
    pub decision: Decision,
    /// The step that is next. None: the cloud is read again.
    pub step: Option<Plan>,
}

/// Tells what a question is about from everything else that it could be about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pin(pub u64);
