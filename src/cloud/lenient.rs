//! Members that the documents, the examples and the services write with
//! different types.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A text, or a number as text. Empty counts as absent.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = match Value::deserialize(from)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => return Ok(None),
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// A number, or a text that is one.
pub(crate) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    })
}

/// A time in RFC 3339, with or without seconds. Empty counts as absent, but a text
/// that is no time does not: nothing may be concluded from not understanding it.
pub(crate) fn time<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<jiff::Timestamp>, D::Error> {
    let Some(text) = text(from)? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(time) => Ok(Some(time)),
        Err(_) => Err(D::Error::custom(format!("no time: {text:?}"))),
    }
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
