//! What the three clouds' signatures have in common: their outcome, and the
//! primitives. Each cloud's canonical form is its own, in its folder.

use std::borrow::Cow;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::message::Request;

/// What an accepted signature says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whose key it is.
    pub access_key: String,
    /// The date that was signed.
    pub signed_at: Timestamp,
    /// The token of a temporary key (`X-Security-Token`, which was signed;
    /// `X-TC-Token`, which need not be). That it is the key's is for the caller to
    /// check.
    pub security_token: Option<Vec<u8>>,
}

/// Why a request was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unverified {
    /// There is no `Authorization` header.
    Unsigned,
    /// The header, or what it refers to, is not as documented.
    Malformed(&'static str),
    /// Nobody has this access key.
    UnknownKey,
    /// The signature is not that of this request and key.
    Mismatch,
    /// The signature is right and too old, or of the future.
    Expired {
        /// The date that was signed.
        signed_at: Timestamp,
    },
}

/// HMAC-SHA256 over `text`, still to be finalised or compared in constant time.
fn mac(key: &[u8], text: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(text);
    mac
}

/// The key that comes of mixing each part into the one before.
pub(crate) fn derived_key(secret: &[u8], parts: &[&str]) -> Vec<u8> {
    parts.iter().fold(secret.to_vec(), |key, part| {
        mac(&key, part.as_bytes()).finalize().into_bytes().to_vec()
    })
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Reads `YYYYMMDDTHHMMSSZ`.
pub(crate) fn parse_compact_date(text: &str) -> Option<Timestamp> {
    if text.len() != 16 {
        return None;
    }
    let date = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// The names of `SignedHeaders`, which must be lower case, sorted and without
/// repetition.
fn signed_names(list: &str) -> Option<Vec<&str>> {
    let names: Vec<&str> = list.split(';').collect();
    let plain = |name: &&str| {
        !name.is_empty() && !name.contains('_') && !name.bytes().any(|b| b.is_ascii_uppercase())
    };
    (names.iter().all(plain) && names.is_sorted_by(|a, b| a < b)).then_some(names)
}

/// With the unreserved characters of RFC 3986 left as they are.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                text.push(char::from(*byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lower case only, as the algorithms write it.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?))
        .collect()
}

/// The header `Authorization: ALGORITHM Credential=…, SignedHeaders=…, Signature=…`.
pub(crate) struct Authorization<'a> {
    /// What each cloud divides in its own way.
    pub(crate) credential: &'a str,
    /// As it was sent.
    pub(crate) signed_headers: &'a str,
    signature: Vec<u8>,
}

impl<'a> Authorization<'a> {
    /// Of a request that is signed by `algorithm`; `credential` is what the field with
    /// the key's id is called.
    pub(crate) fn of(
        request: &'a Request,
        algorithm: &str,
        credential: &str,
    ) -> Result<Self, Unverified> {
        if request.header("authorization").next().is_none() {
            return Err(Unverified::Unsigned);
        }
        request
            .single("authorization")
            .and_then(|text| Self::parse(text, algorithm, credential))
            .ok_or(UNREADABLE)
    }

    fn parse(text: &'a str, algorithm: &str, credential: &str) -> Option<Self> {
        let mut fields = text.strip_prefix(algorithm)?.strip_prefix(' ')?.split(", ");
        let mut field = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix('=');
        let credential = field(credential)?;
        let signed_headers = field("SignedHeaders")?;
        let signature = unhex(field("Signature")?)?;
        fields.next().is_none().then_some(Self {
            credential,
            signed_headers,
            signature,
        })
    }

    /// The names of the signed headers, the required ones among them.
    pub(crate) fn names(&self, required: &[&str]) -> Result<Vec<&'a str>, Unverified> {
        signed_names(self.signed_headers)
            .filter(|names| required.iter().all(|name| names.contains(name)))
            .ok_or(Unverified::Malformed("SignedHeaders cannot be read"))
    }

    /// The text was signed with this key. Compares in constant time.
    pub(crate) fn verify(&self, key: &[u8], text: &str) -> Result<(), Unverified> {
        mac(key, text.as_bytes())
            .verify_slice(&self.signature)
            .map_err(|_| Unverified::Mismatch)
    }
}

/// What cannot be read as a header Authorization.
pub(crate) const UNREADABLE: Unverified = Unverified::Malformed("Authorization cannot be read");

/// A line for each signed header; `value` says what is signed of what was sent.
pub(crate) fn header_lines<'a>(
    request: &'a Request,
    names: &[&str],
    value: impl Fn(&str, &'a [u8]) -> Cow<'a, [u8]>,
) -> Result<Vec<u8>, Unverified> {
    let mut text = Vec::new();
    for name in names {
        let mut values = request.header(name);
        let (Some(sent), None) = (values.next(), values.next()) else {
            return Err(Unverified::Malformed(
                "a signed header was not sent exactly once",
            ));
        };
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        text.extend_from_slice(&value(name, sent));
        text.push(b'\n');
    }
    Ok(text)
}

/// Sorted, encoded, joined.
pub(crate) fn canonical_query(mut pairs: Vec<(Vec<u8>, Vec<u8>)>) -> String {
    pairs.sort();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

/// The signature is not older, and not newer, than this.
pub(crate) fn in_window(
    signed_at: Timestamp,
    now: Timestamp,
    window: Duration,
) -> Result<(), Unverified> {
    let window = SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX);
    match now.duration_since(signed_at).abs() > window {
        true => Err(Unverified::Expired { signed_at }),
        false => Ok(()),
    }
}
