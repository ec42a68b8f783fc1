//! The one clock of the operator. A release build reads the system's clocks; a
//! test build may take a file that the test advances.

use std::time::{Duration, Instant, SystemTime};

use errand_engine::{Now, Rules, Span, Tick};

/// Wall and monotonic time, and sleeping. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Instant,
    #[cfg(feature = "test-clock")]
    test: Option<std::sync::Arc<test::Moving>>,
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
            test: Some(std::sync::Arc::new(test::Moving::open(file)?)),
        })
    }

    fn ahead(&self) -> Duration {
        #[cfg(feature = "test-clock")]
        if let Some(test) = &self.test {
            return test.clock.ahead();
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
        if let Some(test) = &self.test {
            let mut moved = test.moved();
            let until = self.now().mono.0 + millis(span).0;
            loop {
                moved.mark_unchanged();
                let left = Span(until - self.now().mono.0);
                if left.0 <= 0 {
                    return;
                }
                // It ends with an error only together with this clock.
                let _ = tokio::time::timeout(duration(left), moved.changed()).await;
            }
        }
        tokio::time::sleep(span).await;
    }

    /// Returns once everything that sleeps on this clock was woken by the test's last move.
    #[cfg(test)]
    pub(crate) async fn moved(&self) {
        let test = self.test.as_ref().expect("a clock that a test moves");
        let mut moved = test.moved();
        let _ = moved.wait_for(|known| *known == test.clock.ahead()).await;
    }

    /// The protocol's figures: the defaults, or the test's timing profile.
    pub fn rules(&self) -> Rules {
        #[cfg(feature = "test-clock")]
        if let Some(test) = &self.test {
            let timing = test.clock.timing();
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

#[cfg(feature = "test-clock")]
mod test {
    use std::path::Path;
    use std::sync::OnceLock;
    use std::time::Duration;
    use std::{io, thread};

    use errand_testclock::TestClock;
    use tokio::sync::watch;

    /// A clock that a test moves.
    #[derive(Debug)]
    pub(super) struct Moving {
        pub(super) clock: TestClock,
        moved: OnceLock<watch::Receiver<Duration>>,
    }

    impl Moving {
        pub(super) fn open(file: &Path) -> io::Result<Self> {
            Ok(Self {
                clock: TestClock::open(file)?,
                moved: OnceLock::new(),
            })
        }

        /// Changes when the test has moved the clock. One thread looks for everything
        /// that sleeps: a look costs a test more than all that is done in between.
        pub(super) fn moved(&self) -> watch::Receiver<Duration> {
            let start = || {
                let clock = self.clock.clone();
                let (sender, receiver) = watch::channel(clock.ahead());
                thread::spawn(move || follow(&clock, &sender));
                receiver
            };
            self.moved.get_or_init(start).clone()
        }
    }

    fn follow(clock: &TestClock, moved: &watch::Sender<Duration>) {
        while !moved.is_closed() {
            thread::sleep(Duration::from_millis(10));
            let ahead = clock.ahead();
            moved.send_if_modified(|known| std::mem::replace(known, ahead) != ahead);
        }
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
