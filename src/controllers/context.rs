//! What every session of a process shares.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use errand_engine::{Code, Rules, State, Tick, Writer};

use super::admission::Started;
use super::connections::Connections;
use super::events::Events;
use super::lease::Leadership;
use super::ledger::{Ledgers, NoEffect};
use super::metrics::Metrics;
use super::money::Ceiling;
use super::status::Said;
use crate::api::{Reason, StepStatus};
use crate::clock::Clock;

/// The total time-out of one request to the API server.
pub(super) const API_TIMEOUT: Duration = Duration::from_secs(10);

/// Shared by every session of this process.
pub(super) struct Context {
    pub(super) client: kube::Client,
    pub(super) clock: Clock,
    pub(super) rules: Rules,
    /// This process start.
    pub(super) writer: Writer,
    pub(super) leadership: Leadership,
    pub(super) connections: Connections,
    pub(super) ledgers: Ledgers,
    /// Which cluster this is, where that is known.
    pub(super) cluster_id: Option<String>,
    /// What operations may cost at most.
    pub(super) ceiling: Arc<Ceiling>,
    pub(super) metrics: Metrics,
    pub(super) events: Events,
    pub(super) memory: Memories,
    pub(super) started: Started,
}

/// What this process remembers of one object between sessions.
#[derive(Clone)]
pub(super) struct Memory {
    pub(super) engine: State,
    /// The newest intent, as this process wrote it. Who may write status can replace it
    /// there before it is sent.
    pub(super) intent: Option<StepStatus>,
    /// The words of the newest answer, by step number, until they are stored.
    pub(super) said: Option<(u32, Said)>,
    /// The ledger that this process claimed a call in.
    pub(super) ledger: Option<String>,
    /// What this process knows of the calls that it claimed.
    pub(super) no_effect: NoEffect,
    /// The fields for which the API server refused a status, and when that was told.
    pub(super) status_refused: Option<(String, Tick)>,
    /// Why it is Blocked, as an event has told.
    pub(super) blocked: Option<Reason>,
    /// Since when it waits for something that only the user can fix (monotonic clock).
    pub(super) unfit: Option<(Code, Tick)>,
    /// Whether the condition Overdue was stored is not known, so no event tells it yet.
    pub(super) overdue_untold: bool,
}

impl Memory {
    fn new(writer: Writer) -> Self {
        Self {
            engine: State::new(writer),
            intent: None,
            said: None,
            ledger: None,
            no_effect: NoEffect::default(),
            status_refused: None,
            blocked: None,
            unfit: None,
            overdue_untold: false,
        }
    }
}

/// Memories by uid. An object that is gone has none, nor one that has ended once
/// the watch cache shows it so.
#[derive(Clone, Default)]
pub(super) struct Memories {
    /// Nothing: a session has taken it out.
    all: Arc<Mutex<HashMap<String, Option<Memory>>>>,
    /// When the watch first showed each object that has not ended as it is now: its
    /// generation, and the wall clock.
    shown: Arc<Mutex<HashMap<String, (i64, Tick)>>>,
    /// The newest version of each that this process has read or written itself.
    written: Arc<Mutex<HashMap<String, u64>>>,
}

impl Memories {
    /// Takes the memory out for a session; a new one if there is none.
    pub(super) fn take(&self, uid: &str, writer: Writer) -> Memory {
        let kept = self.lock().insert(uid.to_owned(), None);
        kept.flatten().unwrap_or_else(|| Memory::new(writer))
    }

    /// Takes out the memory of an object that this process has ended and has not
    /// told of yet.
    pub(super) fn take_untold(&self, uid: &str) -> Option<Memory> {
        let mut all = self.lock();
        let untold = all.get(uid)?.as_ref()?.engine.may_have_to_tell_an_end();
        untold.then(|| all.remove(uid)).flatten().flatten()
    }

    /// Forgets an object that is gone; gives what is known of its call and may
    /// not be recorded.
    pub(super) fn part_with(&self, uid: &str) -> Option<Memory> {
        self.forget_written(uid);
        let kept = self.lock().remove(uid).flatten();
        kept.filter(|kept| kept.engine.has_loose_ends())
    }

    /// An answer for this object may not be stored yet.
    pub(super) fn holds_an_answer(&self, uid: &str) -> bool {
        let all = self.lock();
        let kept = all.get(uid).and_then(Option::as_ref);
        kept.is_some_and(|kept| kept.engine.holds_an_answer())
    }

    /// Keeps it for the next session.
    pub(super) fn keep(&self, uid: &str, memory: Memory) {
        self.lock().insert(uid.to_owned(), Some(memory));
    }

    /// Something is remembered of it, or a session of it is under way.
    pub(super) fn may_be_untold(&self, uid: &str) -> bool {
        self.lock().contains_key(uid)
    }

    /// Something is remembered of it.
    pub(super) fn knows(&self, uid: &str) -> bool {
        matches!(self.lock().get(uid), Some(Some(_)))
    }

    /// This process has ended it, and has not told that yet.
    pub(super) fn is_to_be_told(&self, uid: &str) -> bool {
        let all = self.lock();
        let kept = all.get(uid).and_then(Option::as_ref);
        kept.is_some_and(|kept| kept.engine.may_have_to_tell_an_end())
    }

    /// This process has read or written that version of the object.
    pub(super) fn note_written(&self, uid: &str, version: u64) {
        let mut written = self.written.lock().expect("no panic while it is held");
        match written.get_mut(uid) {
            Some(known) => *known = version.max(*known),
            None => {
                written.insert(uid.to_owned(), version);
            }
        }
    }

    fn forget_written(&self, uid: &str) {
        let mut written = self.written.lock().expect("no panic while it is held");
        written.remove(uid);
    }

    /// The newest version that this process has read or written itself.
    pub(super) fn written(&self, uid: &str) -> u64 {
        let written = self.written.lock().expect("no panic while it is held");
        written.get(uid).copied().unwrap_or_default()
    }

    /// Forgets an object that is gone.
    pub(super) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
        self.forget_written(uid);
    }

    /// The watch shows an object that has not ended.
    pub(super) fn note_shown(&self, uid: &str, generation: i64, now: Tick) {
        let mut shown = self.shown.lock().expect("no panic while it is held");
        match shown.get_mut(uid) {
            Some(known) if known.0 == generation => {}
            Some(known) => *known = (generation, now),
            None => {
                shown.insert(uid.to_owned(), (generation, now));
            }
        }
    }

    /// An object has ended or is gone.
    pub(super) fn forget_shown(&self, uid: &str) {
        let mut shown = self.shown.lock().expect("no panic while it is held");
        shown.remove(uid);
    }

    /// Since when an object of that generation is known here.
    pub(super) fn shown_since(&self, uid: &str, generation: i64) -> Option<Tick> {
        let shown = self.shown.lock().expect("no panic while it is held");
        let (known, since) = shown.get(uid)?;
        (*known == generation).then_some(*since)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Option<Memory>>> {
        self.all.lock().expect("no panic while it is held")
    }
}
