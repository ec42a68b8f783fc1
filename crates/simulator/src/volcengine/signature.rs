//! The verification of Volcengine's HMAC-SHA256 (V4), from contracts section f.3 alone.
//!
//! It rebuilds the canonical request from the raw one: the header list comes from
//! `Authorization`, everything else from what was received. Pure; no I/O, no clock.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use crate::message::{Request, form_pairs};
use crate::verification::{
    Authorization, UNREADABLE, canonical_query, derived_key, header_lines, in_window,
    parse_compact_date, sha256_hex,
};
pub use crate::verification::{Unverified, Verified};

const ALGORITHM: &str = "HMAC-SHA256";
const TERMINATOR: &str = "request";
const DATE: &str = "x-date";
const HASH: &str = "x-content-sha256";
const TOKEN: &str = "x-security-token";
/// What must be signed.
const REQUIRED: [&str; 3] = ["host", HASH, DATE];

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
        .ok_or(Unverified::Malformed("X-Date is missing"))?;
    let names = authorization.names(&REQUIRED)?;
    let scope = Scope::of(&authorization)?;
    let secret = secret_of(scope.access_key).ok_or(Unverified::UnknownKey)?;

    let canonical = canonical_request(request, authorization.signed_headers, &names)?;
    let text = format!(
        "{ALGORITHM}\n{date}\n{}/{}/{}/{TERMINATOR}\n{}",
        scope.date,
        scope.region,
        scope.service,
        sha256_hex(&canonical)
    );
    let parts = [scope.date, scope.region, scope.service, TERMINATOR];
    let key = derived_key(secret.as_bytes(), &parts);
    authorization.verify(&key, &text)?;
    // The body's own hash was signed; a header that says otherwise is none of it.
    if request.single(HASH) != Some(&*sha256_hex(&request.body)) {
        return Err(Unverified::Mismatch);
    }

    let token = request.single(TOKEN).map(|token| token.as_bytes().to_vec());
    if token.is_some() && !names.contains(&TOKEN) {
        return Err(Unverified::Malformed("X-Security-Token is not signed"));
    }
    let signed_at = parse_date(date).ok_or(Unverified::Malformed("X-Date is not a date"))?;
    if scope.date != &date[..8] {
        return Err(Unverified::Malformed("the scope is of another day"));
    }
    in_window(signed_at, now, window)?;
    Ok(Verified {
        access_key: scope.access_key.into(),
        signed_at,
        security_token: token,
    })
}

/// The access key id that a request names, true or not.
pub fn claimed_access_key(request: &Request) -> Option<&str> {
    let authorization = authorization(request).ok()?;
    Some(Scope::of(&authorization).ok()?.access_key)
}

/// Region and service of the scope, true or not.
pub(super) fn claimed_scope(request: &Request) -> Option<(&str, &str)> {
    let authorization = authorization(request).ok()?;
    let scope = Scope::of(&authorization).ok()?;
    Some((scope.region, scope.service))
}

/// Reads `YYYYMMDDTHHMMSSZ`.
pub fn parse_date(text: &str) -> Option<Timestamp> {
    parse_compact_date(text)
}

fn authorization(request: &Request) -> Result<Authorization<'_>, Unverified> {
    Authorization::of(request, ALGORITHM, "Credential")
}

/// `…/date/region/service/request`.
struct Scope<'a> {
    access_key: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
}

impl<'a> Scope<'a> {
    fn of(authorization: &Authorization<'a>) -> Result<Self, Unverified> {
        let parts: Vec<&str> = authorization.credential.split('/').collect();
        let [access_key, date, region, service, TERMINATOR] = parts[..] else {
            return Err(UNREADABLE);
        };
        Ok(Self {
            access_key,
            date,
            region,
            service,
        })
    }
}

fn canonical_request(
    request: &Request,
    signed_headers: &str,
    names: &[&str],
) -> Result<Vec<u8>, Unverified> {
    let path = match request.path() {
        "" => "/",
        path => path,
    };
    // A `+` on the wire is a blank, which is `%20` here.
    let query = canonical_query(form_pairs(request.query()));
    let mut text = format!("{}\n{path}\n{query}\n", request.method).into_bytes();
    let signed = |name: &str, sent| match name {
        "host" => Cow::Borrowed(without_usual_port(sent)),
        _ => Cow::Borrowed(sent),
    };
    text.extend(header_lines(request, names, signed)?);
    let hash = sha256_hex(&request.body);
    text.extend_from_slice(format!("\n{signed_headers}\n{hash}").as_bytes());
    Ok(text)
}

/// The ports 80 and 443 are not signed.
fn without_usual_port(host: &[u8]) -> &[u8] {
    host.strip_suffix(b":80")
        .or_else(|| host.strip_suffix(b":443"))
        .unwrap_or(host)
}
