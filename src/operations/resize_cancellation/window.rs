//! The daily maintenance window of a DCS instance, in UTC.
//!
//! `maintain_begin` and `maintain_end` come as `HH`, `HH:mm` or `HH:mm:ss`, and
//! the end may be past midnight (contracts: a.2). That they are in UTC may be said.

const DAY: i64 = 86_400;

/// A daily window; seconds since midnight UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    begin: i64,
    end: i64,
}

impl Window {
    /// `None` where one of the two cannot be read, or they are the same.
    pub(super) fn parse(begin: &str, end: &str) -> Option<Self> {
        let (begin, end) = (seconds(begin)?, seconds(end)?);
        (begin != end).then_some(Self { begin, end })
    }

    /// Seconds until the window closes, if it is open at that time
    /// (milliseconds since 1970).
    pub(super) fn open_for(self, at: i64) -> Option<i64> {
        let second = at.div_euclid(1000).rem_euclid(DAY);
        let length = (self.end - self.begin).rem_euclid(DAY);
        let since = (second - self.begin).rem_euclid(DAY);
        (since < length).then_some(length - since)
    }

    /// When it opens next after that time; both in milliseconds since 1970.
    pub(super) fn opens_after(self, at: i64) -> i64 {
        let today = at.div_euclid(1000 * DAY) * DAY + self.begin;
        let next = match today * 1000 > at {
            true => today,
            false => today + DAY,
        };
        next * 1000
    }
}

fn seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    let zone = ["Z", "UTC", "+00:00", "+0000"];
    let bare = zone.iter().find_map(|zone| text.strip_suffix(zone));
    let mut parts = bare.unwrap_or(text).trim().split(':');
    let mut part = |limit: i64| match parts.next() {
        None => Some(0),
        Some(digits) if (1..=2).contains(&digits.len()) => {
            digits.parse().ok().filter(|n| (0..=limit).contains(n))
        }
        Some(_) => None,
    };
    let (hours, minutes, seconds) = (part(24)?, part(59)?, part(59)?);
    let total = hours * 3600 + minutes * 60 + seconds;
    (parts.next().is_none() && total <= DAY).then_some(total % DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64, minutes: i64) -> i64 {
        (20_000 * DAY + hours * 3600 + minutes * 60) * 1000
    }

    #[test]
    fn a_window_is_read_in_all_three_spellings() {
        for (begin, end) in [("18", "19"), ("18:00", "19:00"), ("18:00:00", "19:00:00")] {
            let window = Window::parse(begin, end).unwrap();
            assert_eq!(window.open_for(at(17, 59)), None);
            assert_eq!(window.open_for(at(18, 0)), Some(3600));
            assert_eq!(window.open_for(at(18, 59)), Some(60));
            assert_eq!(window.open_for(at(19, 0)), None);
        }
    }

    #[test]
    fn a_window_may_say_that_it_is_in_utc() {
        for end in ["19Z", "19:00Z", "19:00:00Z", "19:00:00+00:00", "19:00 UTC"] {
            let window = Window::parse("18:00:00+0000", end);
            assert_eq!(window, Window::parse("18", "19"), "{end}");
            assert!(window.is_some());
        }
        assert_eq!(Window::parse("18:00+08:00", "19"), None);
    }

    #[test]
    fn a_window_opens_each_day() {
        let window = Window::parse("18", "19").unwrap();
        assert_eq!(window.opens_after(at(17, 59)), at(18, 0));
        assert_eq!(window.opens_after(at(18, 0) - 1), at(18, 0));
        for now in [at(18, 0), at(18, 30), at(23, 0)] {
            assert_eq!(window.opens_after(now), at(24 + 18, 0));
        }
        assert_eq!(window.opens_after(at(0, 0)), at(18, 0));
    }

    #[test]
    fn a_window_may_pass_midnight() {
        let window = Window::parse("22", "02:00:00").unwrap();
        assert_eq!(window.open_for(at(21, 59)), None);
        assert_eq!(window.open_for(at(23, 0)), Some(3 * 3600));
        assert_eq!(window.open_for(at(1, 30)), Some(1800));
        assert_eq!(window.open_for(at(2, 0)), None);
    }

    #[test]
    fn a_window_to_the_end_of_the_day_closes_there() {
        let window = Window::parse("22:00:00", "24:00:00").unwrap();
        assert_eq!(window.open_for(at(23, 0)), Some(3600));
        assert_eq!(window.open_for(at(0, 0)), None);
    }

    #[test]
    fn what_is_no_time_of_day_is_no_window() {
        for text in ["", "25", "18:60", "18:00:00:00", "six", "-1", "24:01"] {
            assert_eq!(Window::parse(text, "19"), None, "{text:?}");
        }
        assert_eq!(Window::parse("18", "18"), None);
    }
}
