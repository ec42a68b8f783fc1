//! What every operation asks: the reference to an account, the mode, the schedule,
//! the answer to a question.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::Date;
use kube::KubeSchema;
use kube::core::Duration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::words::words;

/// The annotation that asks for a fresh observation of the cloud, whatever the object waits
/// for.
pub const REQUESTED_AT: &str = "errand.cloud/reconcile-requested-at";

/// A point in time, to the millisecond, as RFC 3339 text. One that the API server
/// accepts and [`jiff::Timestamp`] cannot hold is read as the nearest one that it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Timestamp(pub jiff::Timestamp);

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let found = text.parse().ok().or_else(|| saturating(&text));
        // Without the text: an error may be shown where the value must not be.
        found
            .map(Self)
            .ok_or_else(|| D::Error::custom("not a date-time"))
    }
}

/// Every time of `format: date-time` as the API server's validation takes it: more than
/// RFC 3339 (any offset of two times two digits, any character before a fraction, and
/// anything after a second `t`).
fn saturating(text: &str) -> Option<jiff::Timestamp> {
    let text = text.to_ascii_lowercase();
    let mut parts = text.split('t');
    let date: Date = parts.next()?.parse().ok()?;
    let time = parts.next()?;
    let number = |from: usize| -> Option<i64> {
        let digits = time.get(from..from + 2)?;
        digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let (hour, minute, second) = (number(0)?, number(3)?, number(6)?);
    let colons = time.get(2..3)? == ":" && time.get(5..6)? == ":";
    if !colons || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let offset = match time.strip_suffix('z') {
        Some(_) => 0,
        None => {
            let at = time.len().checked_sub(6).filter(|at| *at >= 8)?;
            let size = number(at + 1)? * 3600 + number(at + 4)? * 60;
            match time.get(at..at + 1)? {
                "+" => size,
                "-" => -size,
                _ => return None,
            }
        }
    };
    let midnight = date
        .at(0, 0, 0, 0)
        .duration_since(Date::constant(1970, 1, 1).at(0, 0, 0, 0));
    let seconds = midnight.as_secs() + hour * 3600 + minute * 60 + second.min(59) - offset;
    let (first, last) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
    jiff::Timestamp::from_second(seconds.clamp(first.as_second(), last.as_second())).ok()
}

impl Timestamp {
    /// The time of a condition in the schema's default, which cannot hold the current one.
    /// The default has a time because version 0.1.0 reads no condition without one; Errand's
    /// first write replaces it.
    pub const NOT_YET: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// From milliseconds since 1970-01-01 UTC.
    pub fn from_millis(millis: i64) -> Self {
        Self(jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub fn millis(self) -> i64 {
        self.0.as_millisecond()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

/// An object can have that name, which is a DNS subdomain. Of another one the API server
/// would take a part for something else, for instance for a subresource.
pub fn is_object_name(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    name.len() <= 253
        && bytes.iter().all(|b| inner(*b))
        && edge(bytes.first())
        && edge(bytes.last())
        && !name.contains("..")
}

/// Where the account of an operation is declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionRef {
    /// Kind of the connection.
    pub kind: ConnectionKind,
    /// Name of the connection, in the operation's namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// Kinds of connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConnectionKind {
    /// A connection in the operation's own namespace.
    CloudConnection,
}

words! {
    /// Whether anything may be changed in the cloud.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    pub enum Mode {
        /// Send what is needed.
        #[default]
        Execute = "Execute",
        /// Observe and report what would be sent; change nothing.
        Plan = "Plan",
    }
}

/// When the first call may be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.notBefore) || !has(self.notAfter) || self.notBefore < self.notAfter").message("notBefore has to be earlier than notAfter")
)]
pub struct Schedule {
    /// The first call is not sent before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// If the first call has not been sent by this time, the operation ends as
    /// WindowMissed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
}

/// What the spec of every operation has beside what it asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.ttlAfterSuccess) || duration(self.ttlAfterSuccess) >= duration('60s')").message("ttlAfterSuccess has to be at least 60s"))]
pub struct Common {
    /// The account that the target is in.
    pub connection_ref: ConnectionRef,
    /// Execute (also when absent): send what is needed. Plan: only report what
    /// would be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// True: send nothing further and do not poll. The answer of a call in
    /// flight is still recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// From the accepted call (an order that a person pays: from the payment)
    /// until its effect has to be seen, as a duration like 90s, 30m or 1h (1h
    /// when absent). After that a person is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Option<String>",
        regex(pattern = "^([0-9]{1,6}(s|m|h))+$"),
        length(max = 32)
    )]
    pub verify_timeout: Option<Duration>,
    /// Delete this object that long after it succeeded, as a duration like 30m or
    /// 24h, at least 60s; kept when absent. One that failed or is held never
    /// expires, nor one that Argo CD, Flux or Helm tracks: it would come back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "Option<String>",
        regex(pattern = "^([0-9]{1,6}(s|m|h))+$"),
        length(max = 32)
    )]
    pub ttl_after_success: Option<Duration>,
    /// When the first call may be sent; at any time when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// The answer to the question in status.hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
}

#[cfg(test)]
impl Common {
    /// What most operations ask: nothing but the account.
    pub(crate) fn through(connection: &str) -> Self {
        Self {
            connection_ref: ConnectionRef {
                kind: ConnectionKind::CloudConnection,
                name: connection.to_owned(),
            },
            mode: None,
            suspend: None,
            verify_timeout: None,
            ttl_after_success: None,
            schedule: None,
            resolution: None,
        }
    }
}

/// A person's answer to the question in status.hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resolution {
    /// status.hold.id of the question. An answer to another question is ignored.
    #[schemars(length(min = 1, max = 64))]
    pub hold_id: String,
    /// One of status.hold.choices.
    pub decision: Decision,
}

words! {
    /// What a person may decide.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    pub enum Decision {
        /// Make the call again, whatever the last one did.
        SendAgain = "SendAgain",
        /// Look for the effect for another verifyTimeout.
        LookAgain = "LookAgain",
        /// It is done: end as Succeeded/AssumedDone.
        AssumeDone = "AssumeDone",
        /// Leave it: end as Failed/GivenUp.
        GiveUp = "GiveUp",
        /// Have the cloud try again what failed (Tencent `ResumeMode` RETRY).
        Retry = "Retry",
        /// Have the cloud go on (Tencent `ResumeInstanceRefresh`; after a failure with
        /// `ResumeMode` CONTINUE).
        Continue = "Continue",
    }
}

impl Decision {
    /// Every decision.
    pub const ALL: [Decision; 6] = [
        Decision::SendAgain,
        Decision::LookAgain,
        Decision::AssumeDone,
        Decision::GiveUp,
        Decision::Retry,
        Decision::Continue,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let time = serde_json::from_value::<Timestamp>(text.into()).ok()?;
        Some(time.0.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    #[test]
    fn a_time_that_the_api_server_accepts_is_read_as_the_nearest_that_can_be_held() {
        let last = "9999-12-30T22:00:00Z";
        for (text, expected) in [
            ("9999-12-31T23:59:59Z", last),
            ("9999-12-31T23:59:59.999999999-99:99", last),
            ("9999-12-30T23:00:00Z", last),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
            ("0001-01-01T00:00:00+23:59", "0000-12-31T00:01:00Z"),
            ("2026-11-22t02:30:00z", "2026-11-22T02:30:00Z"),
            ("2026-11-22T02:30:60Z", "2026-11-22T02:30:59Z"),
            ("2026-12-31T23:59:60.5Z", "2026-12-31T23:59:59Z"),
            ("2026-11-22T02:30:00+99:99", "2026-11-17T21:51:00Z"),
            ("2026-11-22T02:30:00x25z", "2026-11-22T02:30:00Z"),
            ("2026-11-22T02:30:00ZT", "2026-11-22T02:30:00Z"),
            ("1970-01-01T00:00:00-00:00", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_without_its_text() {
        for text in [
            "",
            "t",
            "2026-11-22",
            "2026-13-22T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T00:00:00",
            "2026-11-22T00-00-00Z",
            "canary",
            "2026-11-22Tééééééz",
            "2026-11-22T00:00:00+1:00",
            "2026-11-22T+1:+1:+1Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let error = serde_json::from_value::<Timestamp>("canary".into()).expect_err("no time");
        assert_eq!(error.to_string(), "not a date-time");
    }
}
