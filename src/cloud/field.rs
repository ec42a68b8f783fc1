//! Members of an answer that something is concluded from.
//!
//! "Not there" and "there, but not understood" are different things, and neither is
//! a no. A type that turned both into an empty value would let an operation end on
//! a reading that was not understood.

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A member of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// Not there, null, an empty text, or what a service writes for "not set".
    #[default]
    Absent,
    /// Understood.
    Known(T),
    /// There, in a form that is not understood. Nothing is concluded from it.
    Unclear,
}

impl<T> Field<T> {
    /// For `#[serde(default)]` of a member that an answer must have: an answer
    /// without it is not the documented one.
    pub(crate) fn unclear() -> Self {
        Self::Unclear
    }

    /// What was understood.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unclear => None,
        }
    }

    /// It is there, in a form that is not understood.
    pub fn is_unclear(&self) -> bool {
        matches!(self, Self::Unclear)
    }
}

impl Field<String> {
    /// The text that was understood.
    pub fn text(&self) -> Option<&str> {
        self.known().map(String::as_str)
    }

    /// It is this text.
    pub fn is(&self, text: &str) -> bool {
        self.text() == Some(text)
    }
}

impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Known)
    }
}

/// What can be read from a member in every form that services write it in.
pub trait Member: Sized {
    /// Reads a value that is neither null nor an empty text.
    fn read(value: Value) -> Field<Self>;
}

impl<'de, T: Member> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(from)? {
            Value::Null => Self::Absent,
            Value::String(text) if text.trim().is_empty() => Self::Absent,
            value => T::read(value),
        })
    }
}

/// A text, or a number as text.
impl Member for String {
    fn read(value: Value) -> Field<Self> {
        match value {
            Value::String(text) => Field::Known(text),
            Value::Number(number) => Field::Known(number.to_string()),
            _ => Field::Unclear,
        }
    }
}

/// A whole number, or a text that is one.
impl Member for i64 {
    fn read(value: Value) -> Field<Self> {
        let whole = |number: f64| {
            let exact = number.fract() == 0.0 && number.abs() < 9e15;
            exact.then_some(number as i64)
        };
        let number = match &value {
            Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.map_or(Field::Unclear, Field::Known)
    }
}

/// A time with a zone or an offset, or in seconds or milliseconds since 1970. A time
/// without a zone could be eight hours off, so it is not understood.
impl Member for Timestamp {
    fn read(value: Value) -> Field<Self> {
        let time = match &value {
            Value::Number(number) => number.as_f64().and_then(since_1970),
            Value::String(text) => written(text.trim()),
            _ => None,
        };
        match time {
            Some(time) if time == NEVER_OF_GO || time == Timestamp::UNIX_EPOCH => Field::Absent,
            Some(time) if time < EARLIEST => Field::Unclear,
            Some(time) => Field::Known(time),
            None => Field::Unclear,
        }
    }
}

/// No cloud is older.
const EARLIEST: Timestamp = Timestamp::constant(946_684_800, 0);

/// `0001-01-01T00:00:00Z`, which services in Go write for a time that is not set.
const NEVER_OF_GO: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// Seconds, or milliseconds; their sizes differ from 2001 to 2286.
fn since_1970(number: f64) -> Option<Timestamp> {
    let seconds = match number {
        0.0 => 0.0,
        seconds if (1e9..1e10).contains(&seconds) => seconds,
        millis if (1e12..1e13).contains(&millis) => millis / 1000.0,
        _ => return None,
    };
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(since).ok()
}

fn written(text: &str) -> Option<Timestamp> {
    if text.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return since_1970(text.parse().ok()?);
    }
    if text.starts_with("9999-12-3") {
        // "Never" of some services, and later than the last time of this library.
        return Some(Timestamp::MAX);
    }
    // A blank before the offset, as several services of one cloud write it.
    let joined = match text.rsplit_once(' ') {
        Some((time, "UTC" | "GMT" | "Z" | "z")) => format!("{time}Z"),
        Some((time, offset)) if offset.starts_with(['+', '-']) => format!("{time}{offset}"),
        _ => text.to_owned(),
    };
    let rfc_2822 = || {
        let parser = jiff::fmt::rfc2822::DateTimeParser::new();
        parser.parse_timestamp(text).ok()
    };
    joined.parse().ok().or_else(rfc_2822)
}

/// A list of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T> {
    /// The members that were understood.
    pub members: Vec<T>,
    /// How many others it has.
    pub others: usize,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self {
            members: Vec::new(),
            others: 0,
        }
    }
}

impl<T: DeserializeOwned> Member for List<T> {
    fn read(value: Value) -> Field<Self> {
        let Value::Array(all) = value else {
            return Field::Unclear;
        };
        let count = all.len();
        let members: Vec<T> = all
            .into_iter()
            .filter_map(|member| T::deserialize(member).ok())
            .collect();
        Field::Known(Self {
            others: count - members.len(),
            members,
        })
    }
}

impl<T> Field<List<T>> {
    /// A whole list. Null counts as an empty one, which is how services in Go write
    /// it. `None`: not every member was understood, or it is no list.
    pub fn whole(&self) -> Option<&[T]> {
        match self {
            Self::Absent => Some(&[]),
            Self::Known(list) if list.others == 0 => Some(&list.members),
            Self::Known(_) | Self::Unclear => None,
        }
    }

    /// The members that were understood, whether or not those are all.
    pub fn members(&self) -> &[T] {
        self.known().map_or(&[], |list| &list.members)
    }
}

/// What a reading says of one thing that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<T> {
    /// It is there.
    There(T),
    /// The cloud knows no such thing, by an answer that was understood.
    NotThere,
    /// Neither: why, for people.
    Unclear(&'static str),
}

impl<T> Found<T> {
    /// What is there.
    pub fn there(&self) -> Option<&T> {
        match self {
            Self::There(found) => Some(found),
            Self::NotThere | Self::Unclear(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read<T: Member>(value: Value) -> Field<T> {
        Field::deserialize(value).expect("never a failure")
    }

    fn at(text: &str) -> Field<Timestamp> {
        Field::Known(text.parse().expect("a time"))
    }

    #[test]
    fn a_time_is_read_in_every_form_that_was_seen() {
        let time = at("2026-07-10T08:00:00Z");
        for form in [
            json!("2026-07-10T08:00:00Z"),
            json!("2026-07-10T08:00Z"),
            json!("2026-07-10T08:00:00.000Z"),
            json!("2026-07-10T16:00:00+08:00"),
            json!("2026-07-10T16:00:00+0800"),
            json!("2026-07-10T08:00:00+0000"),
            json!("2026-07-10T16:00+08:00"),
            json!("2026-07-10 08:00:00Z"),
            json!("2026-07-10 16:00:00 +0800"),
            json!("2026-07-10 08:00:00 UTC"),
            json!(" 2026-07-10T08:00:00Z "),
            json!("Fri, 10 Jul 2026 08:00:00 GMT"),
            json!(1_783_670_400),
            json!(1_783_670_400_000_i64),
            json!(1_783_670_400.0),
            json!("1783670400"),
            json!("1783670400000"),
        ] {
            assert_eq!(read(form.clone()), time, "{form}");
        }
        assert_eq!(
            read(json!("9999-12-31T23:59:59Z")),
            Field::Known(Timestamp::MAX)
        );
    }

    #[test]
    fn a_time_that_could_be_another_is_not_understood() {
        for form in [
            json!("2026-07-10 08:00:00"),
            json!("2026-07-10T08:00:00"),
            json!("2026-07-10"),
            json!("20260710080000"),
            json!("soon"),
            json!("-"),
            json!(7),
            json!(-1),
            json!("1998-01-01T00:00:00Z"),
            json!(true),
            json!({"seconds": 1}),
            json!([]),
        ] {
            assert_eq!(read::<Timestamp>(form.clone()), Field::Unclear, "{form}");
        }
    }

    #[test]
    fn a_time_that_is_not_set_is_absent_and_not_long_ago() {
        for form in [
            json!(null),
            json!(""),
            json!(" "),
            json!(0),
            json!("0"),
            json!("0001-01-01T00:00:00Z"),
            json!("1970-01-01T00:00:00Z"),
            json!("1970-01-01T08:00:00+08:00"),
        ] {
            assert_eq!(read::<Timestamp>(form.clone()), Field::Absent, "{form}");
        }
    }

    #[test]
    fn a_number_is_read_also_as_text_and_nothing_else_is_zero() {
        for (form, expected) in [
            (json!(3), Field::Known(3)),
            (json!("3"), Field::Known(3)),
            (json!(" 0 "), Field::Known(0)),
            (json!(3.0), Field::Known(3)),
            (json!(null), Field::Absent),
            (json!(""), Field::Absent),
            (json!("three"), Field::Unclear),
            (json!(0.5), Field::Unclear),
            (json!(false), Field::Unclear),
            (json!([]), Field::Unclear),
            (json!({}), Field::Unclear),
        ] {
            assert_eq!(read::<i64>(form.clone()), expected, "{form}");
        }
    }

    #[test]
    fn a_list_says_whether_every_member_was_understood() {
        let list = |value| read::<List<u8>>(value);
        assert_eq!(list(json!([1, 2])).whole(), Some(&[1, 2][..]));
        assert_eq!(list(json!([])).whole(), Some(&[][..]));
        assert_eq!(list(json!(null)).whole(), Some(&[][..]));
        for odd in [
            json!([1, null]),
            json!([1, "x"]),
            json!({}),
            json!("x"),
            json!(0),
        ] {
            assert_eq!(list(odd.clone()).whole(), None, "{odd}");
        }
        assert_eq!(list(json!([1, null])).members(), [1]);
    }
}
