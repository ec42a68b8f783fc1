//! The verification of SDK-HMAC-SHA256, from contracts section f.1 alone.
//!
//! It rebuilds the canonical request from the raw one: the header list comes from
//! `Authorization`, everything else from what was received. Pure; no I/O, no clock.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::message::{Request, percent_decode, query_pairs};

const ALGORITHM: &str = "SDK-HMAC-SHA256";
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
const DATE: &str = "x-sdk-date";
const TOKEN: &str = "x-security-token";

/// What an accepted signature says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whose key it is.
    pub access_key: String,
    /// `X-Sdk-Date`.
    pub signed_at: Timestamp,
    /// `X-Security-Token`, which was signed. That it is the key's is for the
    /// caller to check.
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
        /// `X-Sdk-Date`.
        signed_at: Timestamp,
    },
}

/// Checks a request at the time `now`. The signature comes before the date: a date
/// that was tampered with is a mismatch.
///
/// # Errors
/// See [`Unverified`].
pub fn verify(
    request: &Request,
    secret_of: impl Fn(&str) -> Option<String>,
    now: Timestamp,
    window: Duration,
) -> Result<Verified, Unverified> {
    let authorization = Authorization::of(request)?;
    let date = request
        .single(DATE)
        .ok_or(Unverified::Malformed("X-Sdk-Date is missing"))?;
    let names = authorization.names()?;
    let secret = secret_of(authorization.access_key).ok_or(Unverified::UnknownKey)?;

    let canonical = canonical_request(request, authorization.signed_headers, &names)?;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of every length");
    mac.update(format!("{ALGORITHM}\n{date}\n{}", hex(&Sha256::digest(canonical))).as_bytes());
    // Compares in constant time.
    mac.verify_slice(&authorization.signature)
        .map_err(|_| Unverified::Mismatch)?;

    let token = request.single(TOKEN).map(|token| token.as_bytes().to_vec());
    if token.is_some() && !names.contains(&TOKEN) {
        return Err(Unverified::Malformed("X-Security-Token is not signed"));
    }
    let signed_at = parse_date(date).ok_or(Unverified::Malformed("X-Sdk-Date is not a date"))?;
    let window = SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX);
    if now.duration_since(signed_at).abs() > window {
        return Err(Unverified::Expired { signed_at });
    }
    Ok(Verified {
        access_key: authorization.access_key.into(),
        signed_at,
        security_token: token,
    })
}

/// The access key id that a request names, true or not.
pub fn claimed_access_key(request: &Request) -> Option<&str> {
    Authorization::of(request).ok().map(|a| a.access_key)
}

/// Reads `YYYYMMDDTHHMMSSZ`.
pub fn parse_date(text: &str) -> Option<Timestamp> {
    if text.len() != 16 {
        return None;
    }
    let date = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// The header `Authorization: SDK-HMAC-SHA256 Access=…, SignedHeaders=…, Signature=…`.
struct Authorization<'a> {
    access_key: &'a str,
    signed_headers: &'a str,
    signature: Vec<u8>,
}

impl<'a> Authorization<'a> {
    fn of(request: &'a Request) -> Result<Self, Unverified> {
        if request.header("authorization").next().is_none() {
            return Err(Unverified::Unsigned);
        }
        request
            .single("authorization")
            .and_then(Self::parse)
            .ok_or(Unverified::Malformed("Authorization cannot be read"))
    }

    fn parse(text: &'a str) -> Option<Self> {
        let mut fields = text.strip_prefix(ALGORITHM)?.strip_prefix(' ')?.split(", ");
        let access_key = fields.next()?.strip_prefix("Access=")?;
        let signed_headers = fields.next()?.strip_prefix("SignedHeaders=")?;
        let signature = unhex(fields.next()?.strip_prefix("Signature=")?)?;
        fields.next().is_none().then_some(Self {
            access_key,
            signed_headers,
            signature,
        })
    }

    /// The names, which must be lower case, sorted and without repetition.
    fn names(&self) -> Result<Vec<&'a str>, Unverified> {
        let names: Vec<&str> = self.signed_headers.split(';').collect();
        let plain = |name: &&str| {
            !name.is_empty() && !name.contains('_') && !name.bytes().any(|b| b.is_ascii_uppercase())
        };
        if !names.iter().all(plain) || !names.is_sorted_by(|a, b| a < b) {
            return Err(Unverified::Malformed("SignedHeaders cannot be read"));
        }
        if !names.contains(&DATE) {
            return Err(Unverified::Malformed("X-Sdk-Date is not signed"));
        }
        Ok(names)
    }
}

fn canonical_request(
    request: &Request,
    signed_headers: &str,
    names: &[&str],
) -> Result<Vec<u8>, Unverified> {
    let mut text = format!(
        "{}\n{}\n{}\n",
        request.method,
        canonical_path(request.path()),
        canonical_query(request.query())
    )
    .into_bytes();
    for name in names {
        let mut values = request.header(name);
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(Unverified::Malformed(
                "a signed header was not sent exactly once",
            ));
        };
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        text.extend_from_slice(value);
        text.push(b'\n');
    }
    text.extend_from_slice(format!("\n{signed_headers}\n{}", payload(request)).as_bytes());
    Ok(text)
}

/// The SDK leaves a body out of the signature when its type is not JSON, and says so.
fn payload(request: &Request) -> String {
    if request.single("x-sdk-content-sha256") == Some(UNSIGNED_PAYLOAD) {
        return UNSIGNED_PAYLOAD.into();
    }
    hex(&Sha256::digest(&request.body))
}

/// Decoded as a whole, then split: an encoded slash becomes a separator.
fn canonical_path(path: &str) -> String {
    let decoded = percent_decode(path);
    let segments: Vec<String> = decoded.split(|b| *b == b'/').map(encode).collect();
    let mut path = segments.join("/");
    if !path.ends_with('/') {
        path.push('/');
    }
    path
}

fn canonical_query(query: &str) -> String {
    let mut pairs = query_pairs(query);
    pairs.sort();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

fn encode(bytes: &[u8]) -> String {
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lower case only, as the algorithm writes it.
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
