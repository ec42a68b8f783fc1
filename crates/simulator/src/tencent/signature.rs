//! The verification of TC3-HMAC-SHA256, from contracts section f.4 alone.
//!
//! The header list comes from `Authorization`. `X-TC-Token` and, in the SDK's form,
//! `X-TC-Action` and `X-TC-Region` are not signed. Pure; no I/O, no clock.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use crate::message::Request;
use crate::verification::{
    Authorization, UNREADABLE, derived_key, header_lines, in_window, sha256_hex,
};
pub use crate::verification::{Unverified, Verified};

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
    let authorization = authorization(request)?;
    let timestamp = request
        .single(TIMESTAMP)
        .ok_or(Unverified::Malformed("X-TC-Timestamp is missing"))?;
    let names = authorization.names(&REQUIRED)?;
    let Credential {
        secret_id,
        date,
        service,
    } = Credential::of(&authorization)?;
    let secret = secret_of(secret_id).ok_or(Unverified::UnknownKey)?;

    let canonical = canonical_request(request, authorization.signed_headers, &names)?;
    let text = format!(
        "{ALGORITHM}\n{timestamp}\n{date}/{service}/{TERMINATOR}\n{}",
        sha256_hex(&canonical)
    );
    let key = derived_key(
        format!("TC3{secret}").as_bytes(),
        &[date, service, TERMINATOR],
    );
    authorization.verify(&key, &text)?;

    let signed_at =
        parse_timestamp(timestamp).ok_or(Unverified::Malformed("X-TC-Timestamp is no time"))?;
    if date != signed_at.strftime("%Y-%m-%d").to_string() {
        return Err(Unverified::Malformed("the scope is of another day"));
    }
    in_window(signed_at, now, window)?;
    let token = request.single("x-tc-token");
    Ok(Verified {
        access_key: secret_id.into(),
        signed_at,
        security_token: token.map(|token| token.as_bytes().to_vec()),
    })
}

/// The secret id that a request names, true or not.
pub fn claimed_secret_id(request: &Request) -> Option<&str> {
    let authorization = authorization(request).ok()?;
    Some(Credential::of(&authorization).ok()?.secret_id)
}

/// The service of the scope, true or not.
pub(super) fn claimed_service(request: &Request) -> Option<&str> {
    let authorization = authorization(request).ok()?;
    Some(Credential::of(&authorization).ok()?.service)
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

fn authorization(request: &Request) -> Result<Authorization<'_>, Unverified> {
    Authorization::of(request, ALGORITHM, "Credential")
}

/// `…/date/service/tc3_request`.
struct Credential<'a> {
    secret_id: &'a str,
    date: &'a str,
    service: &'a str,
}

impl<'a> Credential<'a> {
    fn of(authorization: &Authorization<'a>) -> Result<Self, Unverified> {
        let parts: Vec<&str> = authorization.credential.split('/').collect();
        let [secret_id, date, service, TERMINATOR] = parts[..] else {
            return Err(UNREADABLE);
        };
        Ok(Self {
            secret_id,
            date,
            service,
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
    // The vendor's example, and it alone, signs the action in lower case.
    let signed = |name: &str, sent| match name {
        ACTION => Cow::Owned(<[u8]>::to_ascii_lowercase(sent)),
        _ => Cow::Borrowed(sent),
    };
    let mut text = line.into_bytes();
    text.extend(header_lines(request, names, signed)?);
    text.extend_from_slice(format!("\n{signed_headers}\n{}", payload(request)).as_bytes());
    Ok(text)
}

fn payload(request: &Request) -> String {
    if request.single("x-tc-content-sha256") == Some(UNSIGNED_PAYLOAD) {
        return sha256_hex(UNSIGNED_PAYLOAD.as_bytes());
    }
    sha256_hex(&request.body)
}
