//! What is known of every watch: whether its kind was listed, and since when nothing
//! was heard of it. Readiness and metrics go by it.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
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
}

/// What is known of one watch.
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

    /// Ends while the API server does not know the kind, so that it has no object.
    pub(in crate::controllers) async fn not_served(&self) {
        let mut standing = self.standing.subscribe();
        // An error means that the sender is gone, which this holds.
        let _ = standing.wait_for(|now| *now == Standing::NotServed).await;
    }

    fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// Milliseconds.
    fn silence(&self) -> i64 {
        self.clock.now().mono.0 - self.at.load(Ordering::SeqCst)
    }
}

/// What is known of all of them. Cheap to clone.
#[derive(Clone, Default)]
pub(in crate::controllers) struct Hearing(Arc<All>);

#[derive(Default)]
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
            Standing::Unlisted => false,
            Standing::Listed => kind.silence() < TOO_SILENT,
            Standing::NotServed => true,
        };
        !self.0.leading.load(Ordering::SeqCst) || !kinds.is_empty() && kinds.iter().all(fine)
    }

    #[cfg(test)]
    pub(super) fn kinds_for_tests(&self) -> Vec<Arc<Heard>> {
        self.kinds().clone()
    }

    fn kinds(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Heard>>> {
        self.0.kinds.lock().expect("no panic while it is held")
    }
}

impl fmt::Debug for Hearing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hearing")
    }
}

impl Collector for Hearing {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        type Value = fn(&Heard) -> i64;
        let gauges: [(&str, &str, Value); 3] = [
            (
                "errand_watch_silence_seconds",
                "Seconds since the API server was heard on the watch of a kind",
                |kind| kind.silence().max(0) / 1000,
            ),
            (
                "errand_watch_listed",
                "1 if all objects of a kind were listed since this process leads",
                |kind| i64::from(kind.standing() == Standing::Listed),
            ),
            (
                "errand_watch_served",
                "0 while the API server does not know a kind because its CRD is missing",
                |kind| i64::from(kind.standing() != Standing::NotServed),
            ),
        ];
        for (name, help, value) in gauges {
            let mut gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for kind in self.kinds().iter() {
                let labels = [("kind", kind.kind.as_str())];
                let encoder = gauge.encode_family(&labels)?;
                ConstGauge::new(value(kind)).encode(encoder)?;
            }
        }
        Ok(())
    }
}
