//! What a call to any cloud comes to: an answer, a reading of why there is none,
//! or the honest word that nobody knows.
//!
//! Each cloud has its own client, because they sign, name errors and tell success
//! differently. What they hand on is the same, and so is what they may not hand
//! on: more than a line of a cloud's words. The transport has taken the key out of them.
//!
//! An answer is a refusal only in the cloud's own form, with a code in it: a proxy on the
//! way may forward a call and then answer it itself (contracts: l.5). What that form is
//! differs. Huawei Cloud's is a flat object with `error_code`, which others write as well,
//! so a code counts only if it begins like one of its services'. Tencent Cloud's is a 200
//! with `Response.Error.Code`, and Volcengine's is `ResponseMetadata.Error.Code`: no proxy
//! writes these by accident, so their codes need no such list. A proxy that forges them on
//! purpose could forge any code.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::TransportError;
use super::verdict::{Reading, Refusal};
use crate::api::Reason;
use crate::mistakes::Mistake;
use crate::text;

/// The header `User-Agent` of every call.
pub(super) const USER_AGENT: &str = concat!("errand/", env!("CARGO_PKG_VERSION"));

/// Bytes of a cloud's message that are passed on. An event has to have room for it.
pub(super) const MESSAGE_LIMIT: usize = 512;

/// The same of its error codes.
const CODE_LIMIT: usize = 64;

/// The same of its request ids.
const REQUEST_ID_LIMIT: usize = 128;

/// What stands where a cloud would say who may not call. It may repeat what was
/// signed, headers included.
pub(super) const NOT_ACCEPTED: &str = "the key or the signature is not accepted";

/// The message of a 4xx without a code of the cloud's own.
pub(super) const NO_CODE: &str =
    "the answer has no error code of the cloud; a proxy on the way may have written it";

/// Ids by the cloud's names, like `order_id`.
pub type Ids = BTreeMap<String, String>;

/// Why a read gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// How it is read.
    pub reading: Reading,
    /// What the cloud said.
    pub refusal: Refusal,
}

impl CallError {
    /// There is no answer that could be read; a later one may be.
    pub(super) fn unavailable(refusal: Refusal) -> Self {
        Self {
            reading: Reading::Retry(Reason::CLOUD_UNAVAILABLE),
            refusal,
        }
    }

    /// The same of that API.
    pub(super) fn of(self, call: &'static str) -> Self {
        let refusal = self.refusal.of(call);
        Self { refusal, ..self }
    }

    /// The same of an answer that says something else than it should.
    pub(super) fn unreadable(why: impl Into<String>) -> Self {
        Self::unavailable(Refusal::of_transport(why))
    }
}

impl From<TransportError> for CallError {
    fn from(error: TransportError) -> Self {
        Self::unreadable(error.to_string())
    }
}

/// What came of a mutating call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The documented answer of success.
    Accepted {
        /// The cloud's request id.
        request_id: String,
        /// Ids in the answer that nothing else tells, by the cloud's names.
        ids: Ids,
    },
    /// A listed refusal: no effect of this call.
    Refused(Reading, Refusal),
    /// Nothing of it left.
    NotSent(Refusal),
    /// Anything else.
    Unknown(Refusal),
}

impl From<TransportError> for Sent {
    fn from(error: TransportError) -> Self {
        let refusal = Refusal::of_transport(error.to_string());
        match error {
            TransportError::NotSent(_) => Sent::NotSent(refusal),
            TransportError::NoAnswer(_) if Mistake::LostIsNotSent.is_made() => {
                Sent::NotSent(refusal)
            }
            TransportError::NoAnswer(_) => Sent::Unknown(refusal),
        }
    }
}

/// What a service makes of an answer of success to a mutating call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The documented answer, with these ids.
    Accepted(Ids),
    /// Anything else; what ids there are may still help.
    Unclear(Ids),
}

impl Meaning {
    /// The outcome of a call whose answer, told by `refusal`, means this.
    pub(super) fn into_sent(self, mut refusal: Refusal) -> Sent {
        match self {
            Meaning::Accepted(ids) => Sent::Accepted {
                request_id: refusal.request_id,
                ids,
            },
            Meaning::Unclear(ids) => {
                if refusal.message.is_empty() {
                    refusal.message = "the answer is not the documented one".to_owned();
                }
                Sent::Unknown(Refusal { ids, ..refusal })
            }
        }
    }
}

/// The header `Host` for that origin. The port that the scheme implies is not sent.
pub(super) fn host(origin: &str) -> &str {
    let (scheme, authority) = origin.split_once("://").unwrap_or(("", origin));
    let implied = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return authority,
    };
    authority.strip_suffix(implied).unwrap_or(authority)
}

/// A time in milliseconds since 1970 as the signatures date it: `20261121T080000Z`.
pub(super) fn basic_date(millis: i64) -> String {
    time(millis).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A time in milliseconds since 1970.
pub(super) fn time(millis: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// The body of an answer.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, CallError> {
    serde_json::from_slice(body).map_err(|e| unreadable(&e))
}

/// Why the body of an answer could not be read. Not in the parser's words, which quote
/// the answer.
pub(super) fn unreadable(error: &serde_json::Error) -> CallError {
    let what = match error.classify() {
        Category::Data => "a part of it has another form than is documented",
        Category::Eof => "it ends too early",
        Category::Syntax | Category::Io => "it is not JSON",
    };
    let (line, column) = (error.line(), error.column());
    CallError::unreadable(format!(
        "the answer cannot be read: {what} (line {line}, column {column})"
    ))
}

/// What a cloud said, in a line each.
pub(super) fn refusal(status: u16, code: &str, message: &str, request_id: &str) -> Refusal {
    let said = text::line;
    let uncoded = code.is_empty() && (400..500).contains(&status);
    let message = match message {
        // The same, whatever was signed.
        "" | NOT_ACCEPTED if uncoded => NO_CODE,
        message => message,
    };
    Refusal {
        status,
        code: said(code, CODE_LIMIT),
        message: said(message, MESSAGE_LIMIT),
        request_id: said(request_id, REQUEST_ID_LIMIT),
        ids: Ids::new(),
        more: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_that_a_scheme_implies_is_neither_sent_nor_signed() {
        for (origin, expected) in [
            ("https://as.example", "as.example"),
            ("https://as.example:443", "as.example"),
            ("https://as.example:80", "as.example:80"),
            ("http://127.0.0.1:80", "127.0.0.1"),
            ("http://127.0.0.1:4430", "127.0.0.1:4430"),
            ("http://[::1]:8080", "[::1]:8080"),
        ] {
            assert_eq!(host(origin), expected, "{origin}");
        }
    }
}
