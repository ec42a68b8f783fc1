//! What every session of a process shares.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use errand_engine::{Now, Rules, State, Tick, Writer};
use kube::runtime::events::Recorder;

use super::admission::Started;
use super::connections::Connections;
use super::lease::Leadership;
use super::ledger::Ledgers;
use super::metrics::Metrics;
use super::status::Said;
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
    pub(super) metrics: Metrics,
    pub(super) events: Recorder,
    pub(super) memory: Memories,
    pub(super) started: Started,
}

/// What this process remembers of one object between sessions.
#[derive(Clone)]
pub(super) struct Memory {
    pub(super) engine: State,
    /// The newest resourceVersion that this process read or wrote itself. An
    /// older one in the watch cache is behind our own writes.
    pub(super) version: u64,
    /// Nothing to do for an unchanged object before this time of the monotonic
    /// clock, which is what its timer runs on, too.
    pub(super) quiet_until: Option<Tick>,
    /// The words of the newest answer, by step number, until they are stored.
    pub(super) said: Option<(u32, Said)>,
    /// The ledger that this process claimed a call in.
    pub(super) ledger: Option<String>,
}

impl Memory {
    fn new(writer: Writer) -> Self {
        Self {
            engine: State::new(writer),
            version: 0,
            quiet_until: Some(Tick(i64::MIN)),
            said: None,
            ledger: None,
        }
    }

    /// Nothing has happened to the object of this version, and its pause is not
    /// over.
    pub(super) fn is_quiet(&self, version: u64, now: Now) -> bool {
        version == self.version && self.quiet_until.is_none_or(|at| now.mono < at)
    }
}

/// Memories by uid. An object that is gone has none, nor one that has ended once
/// the watch cache shows it so.
#[derive(Clone, Default)]
pub(super) struct Memories {
    all: Arc<Mutex<HashMap<String, Memory>>>,
    /// When the watch first showed each object that has not ended as it is now: its
    /// generation, and the wall clock.
    shown: Arc<Mutex<HashMap<String, (i64, Tick)>>>,
}

impl Memories {
    /// Takes the memory out for a session; a new one if there is none.
    pub(super) fn take(&self, uid: &str, writer: Writer) -> Memory {
        let kept = self.lock().remove(uid);
        kept.unwrap_or_else(|| Memory::new(writer))
    }

    /// Takes out the memory of an object that this process has ended and has not
    /// told of yet.
    pub(super) fn take_untold(&self, uid: &str) -> Option<Memory> {
        let mut all = self.lock();
        let untold = all.get(uid)?.engine.may_have_to_tell_an_end();
        untold.then(|| all.remove(uid)).flatten()
    }

    /// Forgets an object that is gone; gives what is known of its call and may
    /// not be recorded.
    pub(super) fn part_with(&self, uid: &str) -> Option<Memory> {
        let kept = self.lock().remove(uid);
        kept.filter(|kept| kept.engine.has_loose_ends())
    }

    /// An answer for this object may not be stored yet.
    pub(super) fn holds_an_answer(&self, uid: &str) -> bool {
        let all = self.lock();
        all.get(uid)
            .is_some_and(|kept| kept.engine.holds_an_answer())
    }

    /// Keeps it for the next session.
    pub(super) fn keep(&self, uid: &str, memory: Memory) {
        self.lock().insert(uid.to_owned(), memory);
    }

    /// Looks at the object when it is next asked to, changed or not.
    pub(super) fn poke(&self, uid: &str) {
        if let Some(memory) = self.lock().get_mut(uid) {
            memory.quiet_until = Some(Tick(i64::MIN));
        }
    }

    /// Forgets an object that is gone.
    pub(super) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
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

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Memory>> {
        self.all.lock().expect("no panic while it is held")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_is_set_back_does_not_make_a_pause_longer() {
        let all = Memories::default();
        let decided = Now {
            wall: Tick(1_000_000),
            mono: Tick(5_000),
        };
        let kept = Memory {
            version: 7,
            quiet_until: Some(decided.after(errand_engine::Span(300))),
            ..all.take("uid", Writer(1))
        };
        let now = |wall, mono| Now {
            wall: Tick(wall),
            mono: Tick(mono),
        };
        assert!(kept.is_quiet(7, now(1_000_299, 5_299)));
        assert!(!kept.is_quiet(7, now(1_000, 5_300)), "the timer is used up");
        assert!(!kept.is_quiet(8, now(1_000_000, 5_000)), "it has changed");
    }
}
