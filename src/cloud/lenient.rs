//! Members that the documents, the examples and the services write with
//! different types.

use jiff::Timestamp;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::text;

/// What a field of an answer says: something, nothing, or something that is not
/// understood. The last two are neither yes nor no, so whoever asks has to say what
/// each of them means.
///
/// A field of this type never fails the answer that it is in:
/// `#[serde(default)] created_at: Read<Timestamp>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Read<T> {
    /// Absent, null, or an empty text.
    #[default]
    Missing,
    /// This.
    Understood(T),
    /// Something else, as the cloud wrote it (shortened; of an object its fields' names).
    Unclear(String),
}

/// What can be read out of a JSON value, in each form that was seen.
pub trait Form: Sized {
    /// `None`: this form is not known.
    fn read(value: &Value) -> Option<Self>;
}

impl<T> Read<T> {
    /// The value. `None` means that it is not known, never that there is none.
    pub fn known(&self) -> Option<&T> {
        match self {
            Read::Understood(value) => Some(value),
            Read::Missing | Read::Unclear(_) => None,
        }
    }

    /// Whether it is so; `None`: that cannot be told.
    pub fn is(&self, so: impl FnOnce(&T) -> bool) -> Option<bool> {
        self.known().map(so)
    }
}

impl<'de, T: Form> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        Ok(match &value {
            Value::Null => Read::Missing,
            Value::String(text) if text.trim().is_empty() => Read::Missing,
            value => T::read(value).map_or_else(|| unclear(value), Read::Understood),
        })
    }
}

/// Bytes of something not understood that are kept.
const SHOWN: usize = 80;

/// Bytes of a text that are kept. No id and no word is nearly as long, and one that was
/// cut is none that Errand knows, nor a valid id.
const LONGEST: usize = 1024;

/// A text of a cloud: on one line, of a bounded length, without what cannot be seen. A
/// word or an id with something invisible in it becomes another one, and never one that
/// is known. What is compared later was read in the same way.
fn plain(text: &str) -> String {
    text::line(text, LONGEST)
}

/// Of what is no plain value only the form is kept: the rest says nothing to people,
/// and may name some.
fn unclear<T>(value: &Value) -> Read<T> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let names: Vec<&str> = fields.keys().map(String::as_str).collect();
            format!("an object with {}", names.join(", "))
        }
    };
    Read::Unclear(text::line(&text, SHOWN))
}

impl Form for String {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(plain(text)),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl Form for i64 {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }
}

impl Form for u64 {
    fn read(value: &Value) -> Option<Self> {
        i64::read(value)?.try_into().ok()
    }
}

impl Form for bool {
    fn read(value: &Value) -> Option<Self> {
        let word = match value {
            Value::Bool(flag) => return Some(*flag),
            value => String::read(value)?,
        };
        match word.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

impl Form for Timestamp {
    fn read(value: &Value) -> Option<Self> {
        parse_time(&String::read(value)?)
    }
}

/// No cloud existed before: an earlier time stands for "not set" (0, or year 1 as
/// services in Go write it).
const EARLIEST: i64 = 946_684_800;

/// A time as services write it: RFC 3339 with `T` or a blank, with `Z`, `+00:00`,
/// `+0000` or ` UTC`, or seconds or milliseconds since 1970. A time without a zone is
/// not understood: which one is meant is documented nowhere.
pub(crate) fn parse_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let time = match text.bytes().all(|b| b.is_ascii_digit()) {
        true => since_1970(text)?,
        false => with_zone(text)?,
    };
    (time.as_second() >= EARLIEST).then_some(time)
}

fn since_1970(digits: &str) -> Option<Timestamp> {
    let number: i64 = digits.parse().ok()?;
    match digits.len() {
        10 => Timestamp::from_second(number).ok(),
        13 => Timestamp::from_millisecond(number).ok(),
        _ => None,
    }
}

/// A time with its time zone, however long ago.
pub(super) fn with_zone(text: &str) -> Option<Timestamp> {
    // "2020-06-17 07:38:42.503 +0000 UTC" is how Go prints a time.
    let bare = text
        .strip_suffix(" UTC")
        .or_else(|| text.strip_suffix(" GMT"));
    let joined = bare.unwrap_or(text).replace(" +", "+").replace(" -", "-");
    let time = joined.parse().ok();
    time.or_else(|| bare.and_then(|_| format!("{joined}Z").parse().ok()))
}

/// A text, or a number as text. Empty counts as absent.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = match Value::deserialize(from)? {
        Value::String(text) => plain(&text),
        Value::Number(number) => number.to_string(),
        _ => return Ok(None),
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// A text that has to be there.
pub(crate) fn plain_text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(plain(&String::deserialize(from)?))
}

/// A number, or a text that is one.
pub(crate) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    })
}

/// How many there are; 0 where that is not said.
pub(crate) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Ok(number(from)?.and_then(|n| n.try_into().ok()).unwrap_or(0))
}

/// A list, or null for an empty one.
pub(crate) fn list<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// The members of a list, each read by itself: one that cannot be read stays in the
/// list as [`Read::Unclear`]. Null is an empty list, and a value of another form a
/// list of one member that is not understood. Absent, with `default`: `None`.
pub(crate) fn members<'de, D, T>(from: D) -> Result<Option<Vec<Read<T>>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let member = |value: Value| match T::deserialize(&value) {
        // A list would be taken for the fields of a member, in order.
        Ok(member) if !value.is_array() => Read::Understood(member),
        _ => unclear(&value),
    };
    Ok(Some(match Value::deserialize(from)? {
        Value::Null => Vec::new(),
        Value::Array(values) => values.into_iter().map(member).collect(),
        other => vec![unclear(&other)],
    }))
}

/// An answer that has to be an object: a list would be taken for its fields, in order.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        if !value.is_object() {
            return Err(D::Error::custom("no object"));
        }
        T::deserialize(value).map(Object).map_err(D::Error::custom)
    }
}

/// Whether it is so, in the ways in which that is written.
pub(crate) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Bool(flag) => Some(flag),
        Value::Number(number) => Some(number.as_i64() != Some(0)),
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(!matches!(text.to_lowercase().as_str(), "false" | "0")),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
