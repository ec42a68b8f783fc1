//! The clock and the timing profile that test builds of the operator share with
//! the simulator, so that hours pass in an instant and nothing sleeps.
//!
//! A file holds how far the test's time is ahead of the wall clock, and the
//! durations of the timing profile. Every process that opened the file reads it
//! at each look at the clock, so an advance is seen by all of them at once; a
//! clock that was pushed to them would let two processes disagree for a moment.
//! Time goes on at its normal rate between advances and never goes back.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The durations that a test may shorten. The simulator uses only
/// `signature_validity`; the rest is the operator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long the cloud accepts a signed request.
    pub signature_validity: Duration,
    /// The largest clock offset to a cloud at which requests are still sent.
    pub clock_margin: Duration,
    /// The total time-out of one cloud call.
    pub call_timeout: Duration,
    /// How long a lease is valid without renewal.
    pub lease: Duration,
}

impl Default for Timing {
    /// The values of a release build (Huawei Cloud's 15 minutes of validity).
    fn default() -> Self {
        Self {
            signature_validity: Duration::from_secs(15 * 60),
            clock_margin: Duration::from_secs(10 * 60),
            call_timeout: Duration::from_secs(30),
            lease: Duration::from_secs(15),
        }
    }
}

/// Milliseconds ahead of the wall clock, then the four durations of [`Timing`]
/// in milliseconds, each as a little-endian `u64`.
const WORDS: usize = 5;

/// A clock in a file. Clones and other openers of the file share it.
#[derive(Clone, Debug)]
pub struct TestClock {
    file: Arc<File>,
}

impl TestClock {
    /// Creates the file (or starts it anew) with no advance and this timing.
    pub fn create(path: &Path, timing: Timing) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        let words = [
            Duration::ZERO,
            timing.signature_validity,
            timing.clock_margin,
            timing.call_timeout,
            timing.lease,
        ];
        let bytes: Vec<u8> = words
            .iter()
            .flat_map(|d| (d.as_millis() as u64).to_le_bytes())
            .collect();
        file.write_all_at(&bytes, 0)?;
        Ok(Self {
            file: Arc::new(file),
        })
    }

    /// Opens a clock that another process (or this one) created.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let clock = Self {
            file: Arc::new(file),
        };
        clock.word(WORDS - 1)?;
        Ok(clock)
    }

    /// How far this clock is ahead of the wall clock.
    pub fn ahead(&self) -> Duration {
        self.word(0)
            .expect("the clock file was readable when it was opened")
    }

    /// The wall clock plus every advance.
    pub fn now(&self) -> SystemTime {
        SystemTime::now() + self.ahead()
    }

    /// Moves the clock forward for everybody who shares the file. One process
    /// (the test) advances it.
    pub fn advance(&self, by: Duration) {
        let ahead = self.ahead() + by;
        self.file
            .write_all_at(&(ahead.as_millis() as u64).to_le_bytes(), 0)
            .expect("the clock file was writable when it was opened");
    }

    /// The timing profile that the file was created with.
    pub fn timing(&self) -> Timing {
        let word = |n| self.word(n).expect("checked when it was opened");
        Timing {
            signature_validity: word(1),
            clock_margin: word(2),
            call_timeout: word(3),
            lease: word(4),
        }
    }

    fn word(&self, n: usize) -> io::Result<Duration> {
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, (n * 8) as u64)?;
        Ok(Duration::from_millis(u64::from_le_bytes(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advance_is_seen_by_every_opener_at_once() {
        let path = std::env::temp_dir().join(format!("errand-testclock-{}", std::process::id()));
        let timing = Timing {
            lease: Duration::from_millis(1500),
            ..Timing::default()
        };
        let one = TestClock::create(&path, timing).unwrap();
        let other = TestClock::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let before = other.now();
        one.advance(Duration::from_secs(3600));
        assert!(other.now() >= before + Duration::from_secs(3600));
        assert_eq!(other.timing(), timing);
    }
}
