//! How long a reason to wait is expected to last. Past that the operation has the
//! condition `Overdue`.

use std::time::Duration;

/// The type of the condition.
pub const OVERDUE: &str = "Overdue";

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// What is expected of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// It lasts no longer than this, or than the cloud has announced, if that is later.
    pub length: Duration,
    /// What to do when it lasts longer.
    pub then: &'static str,
}

impl Wait {
    /// Of that many minutes.
    pub const fn minutes(count: u64, then: &'static str) -> Self {
        let length = Duration::from_secs(count * MINUTE);
        Self { length, then }
    }

    /// Of that many hours.
    pub const fn hours(count: u64, then: &'static str) -> Self {
        Self::minutes(count * 60, then)
    }

    /// Of that many days.
    pub const fn days(count: u64, then: &'static str) -> Self {
        Self::hours(count * 24, then)
    }

    /// The length in words: `30 min`, `6 h` or `3 days`.
    pub fn words(self) -> String {
        match self.length.as_secs() {
            seconds if seconds >= 2 * DAY && seconds.is_multiple_of(DAY) => {
                format!("{} days", seconds / DAY)
            }
            seconds if seconds.is_multiple_of(HOUR) => format!("{} h", seconds / HOUR),
            seconds => format!("{} min", seconds / MINUTE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_told_in_whole_units() {
        for (wait, words) in [
            (Wait::minutes(30, ""), "30 min"),
            (Wait::minutes(60, ""), "1 h"),
            (Wait::hours(6, ""), "6 h"),
            (Wait::hours(24, ""), "24 h"),
            (Wait::days(3, ""), "3 days"),
        ] {
            assert_eq!(wait.words(), words);
        }
    }
}
