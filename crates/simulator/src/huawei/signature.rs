//! The verification of SDK-HMAC-SHA256, from contracts section f.1 alone.
//!
//! It rebuilds the canonical request from the raw one: the header list comes from
//! `Authorization`, everything else from what was received. Pure; no I/O, no clock.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use crate::message::{Request, percent_decode, query_pairs};
use crate::verification::{
    Authorization, canonical_query, encode, header_lines, in_window, parse_compact_date, sha256_hex,
};
pub use crate::verification::{Unverified, Verified};

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
    let authorization = authorization(request)?;
    let date = request
        .single(DATE)
        .ok_or(Unverified::Malformed("X-Sdk-Date is missing"))?;
    let names = authorization.names(&[])?;
    if !names.contains(&DATE) {
        return Err(Unverified::Malformed("X-Sdk-Date is not signed"));
    }
    let access_key = authorization.credential;
    let secret = secret_of(access_key).ok_or(Unverified::UnknownKey)?;

    let canonical = canonical_request(request, authorization.signed_headers, &names)?;
    let text = format!("{ALGORITHM}\n{date}\n{}", sha256_hex(&canonical));
    authorization.verify(secret.as_bytes(), &text)?;

    let token = request.single(TOKEN).map(|token| token.as_bytes().to_vec());
    if token.is_some() && !names.contains(&TOKEN) {
        return Err(Unverified::Malformed("X-Security-Token is not signed"));
    }
    let signed_at = parse_date(date).ok_or(Unverified::Malformed("X-Sdk-Date is not a date"))?;
    in_window(signed_at, now, window)?;
    Ok(Verified {
        access_key: access_key.into(),
        signed_at,
        security_token: token,
    })
}

/// The access key id that a request names, true or not.
pub fn claimed_access_key(request: &Request) -> Option<&str> {
    authorization(request).ok().map(|a| a.credential)
}

/// Reads `YYYYMMDDTHHMMSSZ`.
pub fn parse_date(text: &str) -> Option<Timestamp> {
    parse_compact_date(text)
}

/// The header `Authorization: SDK-HMAC-SHA256 Access=…, SignedHeaders=…, Signature=…`.
fn authorization(request: &Request) -> Result<Authorization<'_>, Unverified> {
    Authorization::of(request, ALGORITHM, "Access")
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
        canonical_query(query_pairs(request.query()))
    )
    .into_bytes();
    text.extend(header_lines(request, names, |_, sent| Cow::Borrowed(sent))?);
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
