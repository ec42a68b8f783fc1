//! The verification of SDK-HMAC-SHA256, from contracts section f.1 alone.
//!
//! It rebuilds the canonical request from the raw one: the header list comes from
//! `Authorization`, everything else from what was received. Pure; no I/O, no clock.

use std::time::Duration;

use hmac::Mac;
use jiff::{SignedDuration, Timestamp};

use crate::message::{Request, percent_decode, query_pairs};
pub use crate::verification::{Unverified, Verified};
use crate::verification::{encode, mac, parse_compact_date, sha256_hex, signed_names, unhex};

const ALGORITHM: &str = "SDK-HMAC-SHA256";
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
const DATE: &str = "x-sdk-date";
const TOKEN: &str = "x-security-token";

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
    let text = format!("{ALGORITHM}\n{date}\n{}", sha256_hex(&canonical));
    // Compares in constant time.
    mac(secret.as_bytes(), text.as_bytes())
        .verify_slice(&authorization.signature)
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
    parse_compact_date(text)
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

    fn names(&self) -> Result<Vec<&'a str>, Unverified> {
        let names = signed_names(self.signed_headers)
            .ok_or(Unverified::Malformed("SignedHeaders cannot be read"))?;
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
    sha256_hex(&request.body)
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
