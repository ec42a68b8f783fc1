//! What is known of every watch: whether its kind was listed, and since when nothing
//! was heard of it. Readiness and metrics go by it.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch as signal;

use crate::clock::Clock;

/// Milliseconds of silence after which the process is not ready. A silent stream is
/// replaced much earlier, so that then the API server cannot be reached.
const TOO_SILENT: i64 = 5 * 60_000;

/// Whether a kind was listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::controllers) enum Standing {
    /// Not yet.
    Unlisted,
    /// All of its objects were shown once.
    Listed,
    /// The API server does not know it: its CRD is not installed.
    NotServed,
    /// The API server refuses to list it, or gives no list for some time. No pass waits
    /// for it any more.
    Failing,
}

/// What is known of one watch.
#[derive(Debug)]
pub(in crate::controllers) struct Heard {
    kind: String,
    clock: Clock,
    /// Milliseconds of the monotonic clock.
    at: AtomicI64,
    standing: signal::Sender<Standing>,
}

impl Heard {
    /// Something came from the API server.
    pub(super) fn note(&self) {
        self.at.store(self.clock.now().mono.0, Ordering::SeqCst);
    }

    /// Says where it stands; true if that is new.
    pub(super) fn set(&self, standing: Standing) -> bool {
        self.standing
            .send_if_modified(|now| std::mem::replace(now, standing) != standing)
    }

    /// Its kind.
    pub(in crate::controllers) fn kind(&self) -> &str {
        &self.kind
    }

    /// Ends while the kind cannot be listed, so that no pass waits for it.
    pub(in crate::controllers) async fn cannot_be_listed(&self) {
        let mut standing = self.standing.subscribe();
        // An error means that the sender is gone, which this holds.
        let none = [Standing::NotServed, Standing::Failing];
        let _ = standing.wait_for(|now| none.contains(now)).await;
    }

    pub(in crate::controllers) fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// Milliseconds since anything was heard of it.
    pub(in crate::controllers) fn silence(&self) -> i64 {
        self.clock.now().mono.0 - self.at.load(Ordering::SeqCst)
    }
}

/// What is known of all of them. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct Hearing(Arc<All>);

#[derive(Debug, Default)]
struct All {
    leading: AtomicBool,
    kinds: Mutex<Vec<Arc<Heard>>>,
}

impl Hearing {
    /// A further kind.
    pub(in crate::controllers) fn add(&self, kind: &str, clock: &Clock) -> Arc<Heard> {
        let heard = Arc::new(Heard {
            kind: kind.to_owned(),
            clock: clock.clone(),
            at: AtomicI64::new(clock.now().mono.0),
            standing: signal::Sender::new(Standing::Unlisted),
        });
        self.kinds().push(heard.clone());
        heard
    }

    /// Whether this process leads; until then it watches nothing.
    pub(in crate::controllers) fn lead(&self, leads: bool) {
        self.0.leading.store(leads, Ordering::SeqCst);
    }

    /// False while this process leads and a kind was not listed, or is silent for
    /// 5 min. A kind without a CRD is not served and does not count: the others work.
    pub(in crate::controllers) fn is_ready(&self) -> bool {
        let kinds = self.kinds();
        let fine = |kind: &Arc<Heard>| match kind.standing() {
            Standing::Unlisted | Standing::Failing => false,
            Standing::Listed => kind.silence() < TOO_SILENT,
            Standing::NotServed => true,
        };
        !self.0.leading.load(Ordering::SeqCst) || !kinds.is_empty() && kinds.iter().all(fine)
    }

    /// What is known of each.
    pub(in crate::controllers) fn kinds(&self) -> MutexGuard<'_, Vec<Arc<Heard>>> {
        self.0.kinds.lock().expect("no panic while it is held")
    }
}
