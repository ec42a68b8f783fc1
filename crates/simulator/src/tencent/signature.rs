//! The verification of TC3-HMAC-SHA256, from contracts section f.4 alone.
//!
//! The header list comes from `Authorization`. `X-TC-Token` and, in the SDK's form,
//! `X-TC-Action` and `X-TC-Region` are not signed. Pure; no I/O, no clock.

use std::time::Duration;

use hmac::Mac;
use jiff::{SignedDuration, Timestamp};

use crate::message::Request;
pub use crate::verification::{Unverified, Verified};
use crate::verification::{derived_key, mac, sha256_hex, signed_names, unhex};

const ALGORITHM: &str = "TC3-HMAC-SHA256";
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
const TERMINATOR: &str = "tc3_request";
const TIMESTAMP: &str = "x-tc-timestamp";
const ACTION: &str = "x-tc-action";
/// What must be signed.
const REQUIRED: [&str; 2] = ["content-type", "host"];

/// Checks a request at the time `now`. The signature comes before the date: a
/// timestamp that was tampered with is a mismatch.
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
    let timestamp = request
        .single(TIMESTAMP)
        .ok_or(Unverified::Malformed("X-TC-Timestamp is missing"))?;
    let names = signed_names(authorization.signed_headers)
        .filter(|names| REQUIRED.iter().all(|name| names.contains(name)))
        .ok_or(Unverified::Malformed("SignedHeaders cannot be read"))?;
    let secret = secret_of(authorization.secret_id).ok_or(Unverified::UnknownKey)?;

    let canonical = canonical_request(request, authorization.signed_headers, &names)?;
    let Authorization { date, service, .. } = authorization;
    let text = format!(
        "{ALGORITHM}\n{timestamp}\n{date}/{service}/{TERMINATOR}\n{}",
        sha256_hex(&canonical)
    );
    let key = derived_key(
        format!("TC3{secret}").as_bytes(),
        &[date, service, TERMINATOR],
    );
    // Compares in constant time.
    mac(&key, text.as_bytes())
        .verify_slice(&authorization.signature)
        .map_err(|_| Unverified::Mismatch)?;

    let signed_at =
        parse_timestamp(timestamp).ok_or(Unverified::Malformed("X-TC-Timestamp is no time"))?;
    if date != signed_at.strftime("%Y-%m-%d").to_string() {
        return Err(Unverified::Malformed("the scope is of another day"));
    }
    let window = SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX);
    if now.duration_since(signed_at).abs() > window {
        return Err(Unverified::Expired { signed_at });
    }
    let token = request.single("x-tc-token");
    Ok(Verified {
        access_key: authorization.secret_id.into(),
        signed_at,
        security_token: token.map(|token| token.as_bytes().to_vec()),
    })
}

/// The secret id that a request names, true or not.
pub fn claimed_secret_id(request: &Request) -> Option<&str> {
    Authorization::of(request).ok().map(|a| a.secret_id)
}

/// The service of the scope, true or not.
pub(super) fn claimed_service(request: &Request) -> Option<&str> {
    Authorization::of(request).ok().map(|a| a.service)
}

/// Whether a request means to be signed like this.
pub(crate) fn is_claimed(request: &Request) -> bool {
    let authorization = request.single("authorization");
    authorization.is_some_and(|text| text.starts_with(ALGORITHM))
}

/// Reads unix seconds, in digits alone.
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Timestamp::from_second(text.parse().ok()?).ok()
}

/// The header
/// `Authorization: TC3-HMAC-SHA256 Credential=…/date/service/tc3_request, SignedHeaders=…, Signature=…`.
struct Authorization<'a> {
    secret_id: &'a str,
    date: &'a str,
    service: &'a str,
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
        let credential = fields.next()?.strip_prefix("Credential=")?;
        let signed_headers = fields.next()?.strip_prefix("SignedHeaders=")?;
        let signature = unhex(fields.next()?.strip_prefix("Signature=")?)?;
        let mut parts = credential.split('/');
        let (secret_id, date, service) = (parts.next()?, parts.next()?, parts.next()?);
        let ends = parts.next() == Some(TERMINATOR) && parts.next().is_none();
        (ends && fields.next().is_none()).then_some(Self {
            secret_id,
            date,
            service,
            signed_headers,
            signature,
        })
    }
}

fn canonical_request(
    request: &Request,
    signed_headers: &str,
    names: &[&str],
) -> Result<Vec<u8>, Unverified> {
    // A POST has `/` and no query here, and those are what it must have sent.
    let line = format!(
        "{}\n{}\n{}\n",
        request.method,
        request.path(),
        request.query()
    );
    let mut text = line.into_bytes();
    for name in names {
        let mut values = request.header(name);
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(Unverified::Malformed(
                "a signed header was not sent exactly once",
            ));
        };
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        // The vendor's example, and it alone, signs the action in lower case.
        if *name == ACTION {
            text.extend_from_slice(&value.to_ascii_lowercase());
        } else {
            text.extend_from_slice(value);
        }
        text.push(b'\n');
    }
    text.extend_from_slice(format!("\n{signed_headers}\n{}", payload(request)).as_bytes());
    Ok(text)
}

fn payload(request: &Request) -> String {
    if request.single("x-tc-content-sha256") == Some(UNSIGNED_PAYLOAD) {
        return sha256_hex(UNSIGNED_PAYLOAD.as_bytes());
    }
    sha256_hex(&request.body)
}
