//! What a model checker sees of a [`State`], and changes where two states mean the same. A
//! shell needs none of it.

use crate::state::{Intent, Next, Phase, State};
use crate::types::*;

/// Everything in a [`State`] that is a time, or that a model counts no further.
#[derive(Debug)]
pub struct Inside<'a> {
    /// The object as the running session knows it.
    pub stored: Option<&'a mut Stored>,
    /// An intent of this process that it may yet send.
    pub unsent: &'a mut Option<Step>,
    /// A step of this process that was never sent, and will not be.
    pub dead: &'a mut Option<Step>,
    /// A step of this process whose answer is not stored yet.
    pub unstored: &'a mut Option<Step>,
    /// The open step that this process saw last, and when it first did.
    pub seen: &'a mut Option<(Intent, Now)>,
    /// What the ledger held.
    pub record: &'a mut Record,
    /// The claim that is closed once the running write has taken place.
    pub closing: Option<&'a mut Step>,
    /// When the running session asked for its last look at the cloud.
    pub asked: Option<&'a mut Tick>,
    /// No new attempt before this.
    pub not_before: &'a mut Option<Tick>,
    /// What counts failures of one sort in a row.
    pub counts: [&'a mut u32; 3],
}

impl State {
    /// All of that.
    pub fn inside(&mut self) -> Inside<'_> {
        let asked = match self.phase {
            Phase::Idle => None,
            _ => Some(&mut self.asked),
        };
        let closing = match &mut self.phase {
            Phase::Storing(_, Next::Close(step, ..)) => Some(step),
            _ => None,
        };
        Inside {
            stored: self.stored.as_mut(),
            unsent: &mut self.unsent,
            dead: &mut self.dead,
            unstored: &mut self.unstored,
            seen: &mut self.seen,
            record: &mut self.record,
            closing,
            asked,
            not_before: &mut self.not_before,
            counts: [&mut self.failures, &mut self.unheard, &mut self.misses],
        }
    }

    /// The object as the running session knows it.
    pub fn object(&self) -> Option<&Stored> {
        self.stored.as_ref()
    }

    /// What the ledger held, as far as this process knows.
    pub fn record(&self) -> Record {
        self.record
    }

    /// When the running session asked for its last look at the cloud.
    pub fn asked(&self) -> Tick {
        self.asked
    }

    /// The last look of this session gave a complete reading.
    pub fn judged(&self) -> bool {
        self.judged
    }

    /// What the question was about that this session withdraws.
    pub fn withdrawn(&self) -> Option<Hold> {
        self.withdrawn
    }
}
