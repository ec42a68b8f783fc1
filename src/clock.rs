//! The one clock of the operator. A release build reads the system's clocks; a
//! test build may take a file that the test advances.

use std::time::{Duration, Instant, SystemTime};

use errand_engine::{Now, Rules, Span, Tick};

/// Wall and monotonic time, and sleeping. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Instant,
    #[cfg(feature = "test-clock")]
    test: Option<errand_testclock::TestClock>,
}

impl Clock {
    /// The system's clocks.
    pub fn system() -> Self {
        Self {
            start: Instant::now(),
            #[cfg(feature = "test-clock")]
            test: None,
        }
    }

    /// The clock in this file.
    #[cfg(feature = "test-clock")]
    pub fn test(file: &std::path::Path) -> std::io::Result<Self> {
        Ok(Self {
            start: Instant::now(),
            test: Some(errand_testclock::TestClock::open(file)?),
        })
    }

    fn ahead(&self) -> Duration {
        #[cfg(feature = "test-clock")]
        if let Some(test) = &self.test {
            return test.ahead();
        }
        Duration::ZERO
    }

    /// Both clocks, in milliseconds; wall time since 1970-01-01 UTC.
    pub fn now(&self) -> Now {
        let ahead = self.ahead();
        let wall = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let millis = |d: Duration| Tick(i64::try_from((d + ahead).as_millis()).unwrap_or(i64::MAX));
        Now {
            wall: millis(wall),
            mono: millis(self.start.elapsed()),
        }
    }

    /// When this much time will have passed, on the monotonic clock.
    pub fn after(&self, span: Span) -> Tick {
        self.now().after(span)
    }

    /// Returns once this much time of this clock has passed.
    pub async fn sleep(&self, span: Duration) {
        #[cfg(feature = "test-clock")]
        if self.test.is_some() {
            // Short real steps: an advance is noticed within one.
            let until = self.now().mono.0 + millis(span).0;
            while self.now().mono.0 < until {
                let left = u64::try_from(until - self.now().mono.0).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(left.min(10))).await;
            }
            return;
        }
        tokio::time::sleep(span).await;
    }

    /// The protocol's figures: the defaults, or the test's timing profile.
    pub fn rules(&self) -> Rules {
        #[cfg(feature = "test-clock")]
        if let Some(test) = &self.test {
            let timing = test.timing();
            return rules(
                timing.signature_validity,
                timing.clock_margin,
                timing.call_timeout,
                timing.lease,
            );
        }
        rules(
            Duration::from_secs(15 * 60),
            Duration::from_secs(10 * 60),
            Duration::from_secs(30),
            Duration::from_secs(15),
        )
    }
}

/// A length of time in the engine's unit.
pub fn millis(duration: Duration) -> Span {
    Span(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

/// A length of time from the engine's unit.
pub fn duration(span: Span) -> Duration {
    Duration::from_millis(u64::try_from(span.0).unwrap_or(0))
}

fn rules(validity: Duration, margin: Duration, call_timeout: Duration, lease: Duration) -> Rules {
    Rules::new(
        millis(validity),
        millis(margin),
        millis(call_timeout),
        millis(lease),
    )
}
