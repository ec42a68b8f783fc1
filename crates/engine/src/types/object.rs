//! The object: what its user asks, and what is stored of what was done.

use super::question::{Decision, Question};
use super::step::{Step, Writer};
use super::time::{Now, Span, Tick};

/// What the user asks, in the protocol's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Wish {
    /// Send what is needed; otherwise only tell it.
    pub execute: bool,
    /// Something has changed since the last session, so that what its pauses were made
    /// for may be fixed.
    #[cfg_attr(feature = "serde", serde(default))]
    pub changed: bool,
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
    /// The cloud was observed for it before.
    pub seen: bool,
    /// A person was asked to decide.
    pub hold: Option<Question>,
    /// What the user asks.
    pub wish: Wish,
    /// Until when the cloud takes the call, where it has said so.
    #[cfg_attr(feature = "serde", serde(default))]
    pub deadline: Option<Tick>,
    /// It was reported that the cloud refuses: Blocked with
    /// [`CLOUD_REFUSES`](super::step::CLOUD_REFUSES).
    #[cfg_attr(feature = "serde", serde(default))]
    pub refused: bool,
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
