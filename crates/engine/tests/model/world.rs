//! What the model's world is made of. There is no absolute time in it: now is
//! always 0, and as time passes everything else gets older (`time.rs`).

use super::faults::{Budget, Kind};
use super::refresh::{Call, Refresh, Wanted};
use super::single::Single;
use errand_engine::*;

/// An object's uid, and its operation key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Object {
    pub(super) uid: u8,
    pub(super) key: u8,
}

pub(super) const FIRST: Object = Object { uid: 1, key: 1 };
pub(super) const RIVAL: Object = Object { uid: 9, key: 2 };

/// An object as the API server has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Living {
    pub(super) object: Object,
    /// It was deleted, and none has taken its place.
    pub(super) gone: bool,
    pub(super) stored: Stored,
    pub(super) report: Option<Report>,
    /// What a refresh is to become.
    pub(super) wanted: Wanted,
    /// Which batch each intent of a refresh was pinned to, by its number.
    pub(super) pins: Vec<u8>,
    /// What is in the way of a decision, by status.
    pub(super) in_the_way: Option<Report>,
    /// The cloud was as wanted at some time since it was first observed for this one.
    pub(super) was_reached: bool,
}

/// How the cloud is, until that changes; which may be never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum CloudMode {
    /// It can be read and called.
    Normal,
    /// It is busy with something.
    Waits,
    /// Its readings are not understood.
    Unclear,
    /// It cannot be read.
    Unreachable,
    /// It can be read, and no call may be made.
    NoCalls,
    /// So it is with clocks that differ too much, which the cloud tells.
    Skewed,
}

/// By how much they then do.
const SKEW: i64 = 3;

/// A claimed step, and the object that it is claimed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Claim {
    pub(super) object: Object,
    pub(super) step: Step,
}

/// The ledger of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Ledger {
    pub(super) open: Option<Claim>,
    /// Who had a call that counts.
    pub(super) closed: Vec<Object>,
}

/// What one process does and knows about one object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Session {
    pub(super) state: State,
    pub(super) object: Object,
    /// What it is to do next.
    pub(super) todo: Option<Effect>,
    /// The object is as it was last read: the precondition of a write holds.
    pub(super) fresh: bool,
    /// It has read or written the object since it was woken.
    pub(super) confirmed: bool,
    /// The same of the ledger; and whether it was another's when last read.
    pub(super) ledger_fresh: bool,
    pub(super) locked: bool,
    /// When it looks again, if nothing changes before.
    pub(super) due: i64,
    /// The date of bytes that are signed and checked, and have not left.
    pub(super) signed: Option<i64>,
    /// Its intent stands in the store, or stood there.
    pub(super) recorded: bool,
    /// Its last reading was wrong.
    pub(super) misread: bool,
    /// Its last reading was right in that the cloud is as wanted.
    pub(super) saw: bool,
    /// Its last reading was not understood, or lacked what makes it evidence.
    pub(super) unclear: bool,
    /// In its last reading the cloud waits for a decision.
    pub(super) asking: bool,
    /// A cache that lags: what the next session starts with.
    pub(super) cache: Option<Box<Living>>,
    /// What the object that it has read wants, and the batch of its last look.
    pub(super) wanted: Wanted,
    pub(super) pin: u8,
}

/// An operator process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Process {
    /// One for each object.
    pub(super) sessions: Vec<Session>,
    /// Stands still, while time goes on.
    pub(super) paused: bool,
    /// Its wall clock is ahead by this.
    pub(super) offset: i64,
    /// For how long it takes itself for the leader; below 0 it does not.
    pub(super) leads: i64,
}

/// A request that may still take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Late {
    pub(super) object: Object,
    pub(super) call: Call,
    pub(super) activity: u8,
    /// The date of its signature.
    pub(super) date: i64,
    /// It was answered as accepted, and is carried out when the cloud likes.
    pub(super) queued: bool,
    /// It counts as not having acted once that has been proven, so it acts soon or
    /// never (assumption 1).
    pub(super) expires: bool,
}

/// What the cloud has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Cloud {
    Single(Single),
    Refresh(Refresh),
}

/// What must never be; each is a property.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Marks {
    /// A success was stored that its writer had not seen.
    pub(super) unseen: bool,
    /// Bytes left without a record of them.
    pub(super) unrecorded: bool,
    /// An outcome was changed, though nothing else is wanted.
    pub(super) reopened: bool,
    /// What happened can keep an answer from being recorded.
    pub(super) doubt: bool,
    /// A call of ours acted on what the operation is not about.
    pub(super) trespass: bool,
    /// Something was concluded from a reading that was not understood.
    pub(super) concluded_unclear: bool,
    /// A decision was used up, and what was decided was not done.
    pub(super) unused: bool,
    /// A question stayed after a reading by which it is none.
    pub(super) moot: bool,
    /// Something was claimed or intended for a plan.
    pub(super) plan_acted: bool,
    /// A window was missed that has not passed.
    pub(super) missed_early: bool,
    /// A call was sent by what a cache showed alone.
    pub(super) sent_blind: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) objects: Vec<Living>,
    /// One; or one for each object, where two clusters do not share it.
    pub(super) ledgers: Vec<Ledger>,
    pub(super) processes: Vec<Process>,
    /// Who holds the lease, and for how long if it is not renewed.
    pub(super) holder: usize,
    pub(super) lease: i64,
    pub(super) cloud: Cloud,
    pub(super) mode: CloudMode,
    /// Requests under way or queued.
    pub(super) late: Vec<Late>,
    /// What may still go wrong.
    pub(super) budget: Budget,
    /// How much of that may happen.
    pub(super) left: u8,
    /// Decisions after which another call may be made on the target; those that
    /// ask for another call of the same operation, by its key.
    pub(super) approvals: u8,
    pub(super) again: [u8; 3],
    /// Calls that were not refused, by operation key.
    pub(super) sends: [u8; 3],
    pub(super) marks: Marks,
}

impl Session {
    pub(super) fn start(writer: u64, living: &Living) -> Self {
        Session {
            state: State::new(Writer(writer)),
            object: living.object,
            todo: None,
            fresh: false,
            confirmed: false,
            ledger_fresh: false,
            locked: false,
            due: 0,
            signed: None,
            recorded: false,
            misread: false,
            saw: false,
            unclear: false,
            asking: false,
            cache: None,
            wanted: living.wanted,
            pin: 0,
        }
    }

    /// Time does not pass before it has begun. One that is due later anyway can wait:
    /// two processes that both take themselves for the leader wake each other.
    pub(super) fn is_urgent(&self) -> bool {
        self.due <= 0 || self.due == i64::MAX
    }

    pub(super) fn forget_reading(&mut self) {
        self.misread = false;
        self.saw = false;
        self.unclear = false;
        self.asking = false;
        self.pin = 0;
        self.locked = false;
        self.ledger_fresh = false;
    }
}

impl Living {
    pub(super) fn new(object: Object, wanted: Wanted, stored: Stored) -> Self {
        Living {
            object,
            gone: false,
            stored,
            report: None,
            wanted,
            pins: vec![],
            in_the_way: None,
            was_reached: false,
        }
    }

    /// Nothing more will be done for it unasked.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.report, Some(Report::Ended(_)))
    }
}

impl World {
    pub(super) fn lives(&self, object: Object) -> bool {
        self.objects.iter().any(|o| o.object == object && !o.gone)
    }

    /// Any object's status says so.
    pub(super) fn reports(&self, is: impl Fn(Report) -> bool) -> bool {
        let mut reports = self.objects.iter().filter(|o| !o.gone);
        reports.any(|o| o.report.is_some_and(&is))
    }

    pub(super) fn has_left(&self, kind: Kind) -> bool {
        self.budget[kind as usize] > 0
    }

    pub(super) fn spend(&mut self, kind: Kind) {
        self.budget[kind as usize] -= 1;
        self.left -= 1;
        if self.left == 0 {
            self.budget = Budget::default();
        }
    }

    /// Both clocks of a process. Those of two processes have nothing to do with
    /// each other.
    pub(super) fn clock(&self, p: usize) -> Now {
        let skew = if self.mode == CloudMode::Skewed {
            SKEW
        } else {
            0
        };
        Now {
            wall: Tick(self.processes[p].offset + skew),
            mono: Tick(super::time::epoch(p)),
        }
    }

    pub(super) fn leads(&self, p: usize) -> bool {
        self.processes[p].leads >= 0
    }

    /// Something changed what stands in the API server: caches and preconditions
    /// of all others are outdated.
    pub(super) fn touch(&mut self, o: usize) {
        for process in &mut self.processes {
            process.sessions[o].fresh = false;
        }
    }

    pub(super) fn touch_ledger(&mut self, l: usize) {
        let shared = self.ledgers.len() == 1;
        for process in &mut self.processes {
            for (o, session) in process.sessions.iter_mut().enumerate() {
                session.ledger_fresh &= !(shared || o == l);
            }
        }
    }

    pub(super) fn late(&mut self, late: Late) {
        self.late.push(late);
        self.late.sort();
    }
}
