//! What was read: of the cloud, and of the target's ledger.

use super::question::{Ask, Pin};
use super::step::{Code, Plan, Step};
use super::time::{Span, Tick};

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
    /// The target that it is about, as far as questions are about it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub target: Pin,
    /// Many objects share it, so it may be older than this one's question.
    pub shared: bool,
    /// The clocks of this process and of the cloud differ by more than the margin:
    /// nothing final is concluded from ours.
    pub skewed: bool,
    /// Until when the cloud takes the call, where it says so.
    #[cfg_attr(feature = "serde", serde(default))]
    pub deadline: Option<Tick>,
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
    /// A person has to fix this at the cloud first. Look again as rarely as that asks for.
    Block(Code),
    /// A person has to choose what is next.
    Ask(Ask),
    /// The reading is not fully understood, so nothing is concluded from it: neither
    /// yes nor no.
    Unclear,
}

/// How certain a reading is, by how the thing shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Evidence {
    /// It is there to see: one complete reading proves it.
    Presence,
    /// It shows by something missing: two complete readings prove it, if the witness
    /// is good enough for what is concluded.
    Absence(Witness),
    /// Nothing is there that would have to be changed. Two complete readings prove
    /// that, and no more: it says nothing of what a call of ours did.
    Nothing {
        /// Every member of every list, and every field that matters, was understood.
        understood: bool,
    },
}

/// What makes an absence say something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Witness {
    /// The target was seen before, at this very place.
    pub seen: bool,
    /// A field that the change alters was read before and after.
    pub compared: bool,
    /// Every member of every list, and every field that matters, was understood.
    pub understood: bool,
}

impl Witness {
    /// All of it.
    pub const FULL: Witness = Witness {
        seen: true,
        compared: true,
        understood: true,
    };

    /// That something is not there, and no more: the service says so itself.
    pub const NOT_THERE: Witness = Witness {
        seen: false,
        compared: false,
        understood: true,
    };
}

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

/// From when on the effect of an accepted step can be expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Due {
    /// From its answer on.
    SinceAnswer,
    /// From its answer on, and it may be over soon.
    Passing,
    /// From this time on, if that is later.
    Since(Tick),
    /// Not before something else happens, which may take any time.
    Later,
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
    /// This step is claimed for an operation that is gone; and what a question about it
    /// is about.
    Orphan(Step, Pin),
    /// An operation of the same key has ended; the code says how that reads.
    Spent(Code),
    /// This object's own claim is closed; the object was about to end.
    Closed,
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
    /// A refusal that is in no table: Blocked once there are
    /// [`Rules::refusals`](super::time::Rules::refusals) in a row.
    #[cfg_attr(feature = "serde", serde(default))]
    pub refused: bool,
}
