//! Members of an answer that something is concluded from.
//!
//! "Not there" and "there, but not understood" are different things, and neither is
//! a no. A type that turned both into an empty value would let an operation end on
//! a reading that was not understood.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::lenient::{Form, Read, parse_time, with_zone};

/// A member of an answer. As [`Read`], without the text that was not
/// understood, so that it is copied where its value is.
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

impl<'de, T: Form> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match Read::deserialize(from)? {
            Read::Missing => Self::Absent,
            Read::Understood(value) => Self::Known(value),
            Read::Unclear(_) => Self::Unclear,
        })
    }
}

/// A time that a service may write also where it is not set: as 0, or as a day before
/// every cloud, or as one after every other.
pub(crate) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Field<Timestamp>, D::Error> {
    let field = Field::<String>::deserialize(from)?;
    Ok(match field.text() {
        Some(text) if is_unset(text) => Field::Absent,
        // Later than the last time of this library, and never.
        Some(text) if text.starts_with("9999-12-3") => Field::Known(Timestamp::MAX),
        Some(text) => parse_time(text).map_or(Field::Unclear, Field::Known),
        None if field.is_unclear() => Field::Unclear,
        None => Field::Absent,
    })
}

/// How services in Go, and in others, write a time that is not set: the first of
/// their calendar, or 0, in every form and time zone.
fn is_unset(text: &str) -> bool {
    let text = text.trim();
    let first = ["0001-01-01", "0000-00-00", "-62135596800"];
    let zero = |text: &str| text.bytes().all(|b| b == b'0');
    zero(text)
        || first.iter().any(|first| text.starts_with(first))
        || ["1970-01-01T00:00:00", "1970-01-01 00:00:00"].contains(&text)
        || with_zone(text).is_some_and(|time| time.as_second() == 0)
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

impl<T: DeserializeOwned> Form for List<T> {
    fn read(value: &Value) -> Option<Self> {
        let all = value.as_array()?;
        let members: Vec<T> = all
            .iter()
            // A list would be taken for the fields of a member, in order.
            .filter(|member| !member.is_array())
            .filter_map(|member| T::deserialize(member).ok())
            .collect();
        Some(Self {
            others: all.len() - members.len(),
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

    fn read<T: Form>(value: Value) -> Field<T> {
        Field::deserialize(value).expect("never a failure")
    }

    #[test]
    fn absent_and_unclear_are_different_and_neither_is_a_value() {
        for (form, expected) in [
            (json!(3), Field::Known(3)),
            (json!(" 0 "), Field::Known(0)),
            (json!(null), Field::Absent),
            (json!(" "), Field::Absent),
            (json!("three"), Field::Unclear),
            (json!(false), Field::Unclear),
            (json!([]), Field::Unclear),
            (json!({}), Field::Unclear),
        ] {
            assert_eq!(read::<i64>(form.clone()), expected, "{form}");
        }
    }

    #[test]
    fn a_time_that_is_not_set_is_absent_and_not_long_ago() {
        let read = |form: &Value| time(form.clone()).expect("never a failure");
        for form in [
            json!(null),
            json!(""),
            json!(0),
            json!("0"),
            json!("0001-01-01T00:00:00Z"),
            json!("1970-01-01T00:00:00Z"),
            json!("1970-01-01T08:00:00+08:00"),
            json!("0001-01-01 00:00:00 +0000 UTC"),
            json!("0001-01-01T08:05:43+08:05"),
            json!("0001-01-01 00:00:00"),
            json!("0000-00-00 00:00:00"),
            json!("1970-01-01 00:00:00 +0000 UTC"),
            json!("1970-01-01 08:00:00 +0800"),
            json!("1970-01-01 00:00:00"),
            json!(" 1970-01-01T00:00:00.000Z "),
            json!("0000000000"),
            json!(-62_135_596_800_i64),
        ] {
            assert_eq!(read(&form), Field::Absent, "{form}");
        }
        for form in [
            json!("2026-07-10 08:00:00"),
            json!("1998-01-01T00:00:00Z"),
            json!(7),
            json!(true),
            json!({"seconds": 1}),
        ] {
            assert_eq!(read(&form), Field::Unclear, "{form}");
        }
        let known = Field::Known("2026-07-10T08:00:00Z".parse().expect("a time"));
        for form in [
            json!("2026-07-10T08:00Z"),
            json!("2026-07-10 16:00:00 +0800"),
            json!(1_783_670_400),
        ] {
            assert_eq!(read(&form), known, "{form}");
        }
        let never = json!("9999-12-31T23:59:59Z");
        assert_eq!(read(&never), Field::Known(Timestamp::MAX));
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
        let of_lists = read::<List<Vec<u8>>>(json!([[1], [2]]));
        assert_eq!(of_lists.whole(), None, "a list is no member of one");
    }
}
