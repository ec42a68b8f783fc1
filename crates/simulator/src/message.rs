//! A request as it was received and an answer as it will be sent, in a form that
//! no HTTP library has touched up: signatures are computed over these bytes.

use jiff::Timestamp;
use serde_json::Value;

/// A request, raw.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, as sent.
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// Names (any case) and values in the order received.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body; empty when there is none.
    pub body: Vec<u8>,
}

impl Request {
    /// The part of the target before the first `?`.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(&*self.target, |t| t.0)
    }

    /// The part of the target after the first `?`, or nothing.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |t| t.1)
    }

    /// The values of a header, blanks around them taken off.
    pub fn header<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim_ascii())
    }

    /// The value of a header that was sent exactly once and is text.
    pub fn single(&self, name: &str) -> Option<&str> {
        let mut values = self.header(name);
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        std::str::from_utf8(value).ok()
    }
}

/// A successful answer of a service.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Null for none.
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }

    pub(crate) fn no_content() -> Self {
        Self {
            status: 204,
            body: Value::Null,
        }
    }
}

/// A refusal, before it is put into the words of gateway or service.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
        }
    }
}

/// A refusal, and whether the gateway or the service words it.
#[derive(Clone, Debug)]
pub(crate) enum Refused {
    Gateway(Refusal),
    Service(Refusal),
}

impl Refused {
    pub(crate) fn into_refusal(self) -> Refusal {
        match self {
            Self::Gateway(refusal) | Self::Service(refusal) => refusal,
        }
    }
}

/// A reply or a refusal in the form of its cloud.
#[derive(Debug)]
pub(crate) struct Dressed {
    pub(crate) status: u16,
    pub(crate) code: Option<String>,
    /// Null for none; a text is sent as it is.
    pub(crate) body: Value,
    pub(crate) content_type: &'static str,
    /// The header `X-Request-Id`; some clouds name the request in the body alone.
    pub(crate) names_request: bool,
}

/// What goes onto the socket.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) code: Option<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) content_type: &'static str,
    pub(crate) request_id: Option<String>,
    pub(crate) date: Timestamp,
}

/// `%41` to `A`; an escape that is none stays as it is.
pub(crate) fn percent_decode(text: &str) -> Vec<u8> {
    let hex = |b: Option<&u8>| b.and_then(|b| (*b as char).to_digit(16));
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%'
            && let (Some(high), Some(low)) = (hex(bytes.get(at + 1)), hex(bytes.get(at + 2)))
        {
            decoded.push((high * 16 + low) as u8);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    decoded
}

/// The name and value pairs of a query, decoded. A `+` is a plus: the clouds'
/// canonical forms know only `%20` for a blank.
pub(crate) fn query_pairs(query: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (percent_decode(name), percent_decode(value)))
        .collect()
}

/// As [`query_pairs`] where a `+` is a blank, as in forms.
pub(crate) fn form_pairs(query: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    query_pairs(&query.replace('+', "%20"))
}
