//! What the three signers share: their result, and how it is encoded.

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// What the canonical forms leave as it is, beside letters and digits.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A signature, with the intermediate texts that the vectors check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The canonical request.
    pub canonical_request: String,
    /// The string to sign.
    pub string_to_sign: String,
    /// The value of the header Authorization.
    pub authorization: String,
}

/// The headers that are signed, as two of the signers write them.
pub(super) struct CanonicalHeaders<'a>(Vec<(String, &'a str)>);

impl<'a> CanonicalHeaders<'a> {
    /// Of these names in lower case and values.
    pub(super) fn new(headers: impl Iterator<Item = (String, &'a str)>) -> Self {
        let mut headers: Vec<_> = headers.collect();
        headers.sort();
        Self(headers)
    }

    /// The value of the first of that name; nothing if there is none.
    pub(super) fn value(&self, wanted: &str) -> &'a str {
        let found = self.0.iter().find(|(name, _)| name == wanted);
        found.map_or("", |(_, value)| *value)
    }

    /// A line for each.
    pub(super) fn lines(&self) -> String {
        let lines = self.0.iter();
        lines
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect()
    }

    /// The names, in the order of the lines.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.join(";")
    }
}

/// A name and value as they go into [`CanonicalHeaders`].
pub(super) fn canonical((name, value): &(String, String)) -> (String, &str) {
    (name.to_ascii_lowercase(), value.trim())
}

/// Percent-encodes a name or value of a query, or a segment of a path.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// The query as it is sent.
pub(super) fn query_text(query: &[(String, String)]) -> String {
    let pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

/// The query as it is signed by those who sort it: by name, then by value.
pub(super) fn canonical_query(query: &[(String, String)]) -> String {
    let mut pairs = query.to_vec();
    pairs.sort();
    query_text(&pairs)
}

/// The SHA-256 of it in hexadecimal.
pub(super) fn hash(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

/// The HMAC-SHA256 of it.
pub(super) fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// The key that is good for one scope only: a day, a region, a service.
pub(super) fn derived_key(secret: String, scope: &[&str]) -> Vec<u8> {
    scope
        .iter()
        .fold(secret.into_bytes(), |key, part| hmac(&key, part))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
