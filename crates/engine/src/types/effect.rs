//! What the shell is to carry out, and what it answers.

use super::object::Stored;
use super::reading::{Record, Trouble, View};
use super::report::{Change, Closing, Report};
use super::step::{Answer, Plan, Step};
use super::time::{Now, Span};

/// What the shell is to carry out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Read the object from the API server, not from a cache.
    /// Answers with [`Event::Woken`], [`Event::Gone`] or [`Event::NoReply`].
    Read,
    /// Read the cloud. [`Event::Observed`] or [`Event::Unobserved`].
    Observe,
    /// Read what the ledger holds for the object, and nothing of the cloud: for a
    /// decision that needs no observation. [`Event::Recalled`] or [`Event::Unobserved`].
    Recall,
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
    /// Sign, connect, check [`may_send`](super::object::may_send), send the step of this number once.
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
    /// What the ledger holds.
    Recalled(Now, Record),
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
        match self {
            Event::Written(..) => None,
            other => other.now(),
        }
    }

    /// When it happened, where that is known.
    pub(crate) fn now(&self) -> Option<Now> {
        match *self {
            Event::Woken(now, _)
            | Event::Observed(now, _)
            | Event::Unobserved(now, _)
            | Event::Recalled(now, _)
            | Event::Permitted(now)
            | Event::Forbidden(now, _)
            | Event::Written(now, _)
            | Event::NoReply(now)
            | Event::Answered(now, _)
            | Event::Unsent(now, _) => Some(now),
            Event::Gone | Event::Conflict => None,
        }
    }
}
