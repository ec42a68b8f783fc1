//! The verification of Volcengine's HMAC-SHA256 (V4), from contracts section f.3 alone.
//!
//! It rebuilds the canonical request from the raw one: the header list comes from
//! `Authorization`, everything else from what was received. Pure; no I/O, no clock.

use std::time::Duration;

use hmac::Mac;
use jiff::{SignedDuration, Timestamp};

use crate::message::{Request, form_pairs};
pub use crate::verification::{Unverified, Verified};
use crate::verification::{
    derived_key, encode, mac, parse_compact_date, sha256_hex, signed_names, unhex,
};

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
    let authorization = Authorization::of(request)?;
    let date = request
        .single(DATE)
        .ok_or(Unverified::Malformed("X-Date is missing"))?;
    let names = signed_names(authorization.signed_headers)
        .filter(|names| REQUIRED.iter().all(|name| names.contains(name)))
        .ok_or(Unverified::Malformed("SignedHeaders cannot be read"))?;
    let secret = secret_of(authorization.access_key).ok_or(Unverified::UnknownKey)?;

    let canonical = canonical_request(request, authorization.signed_headers, &names)?;
    let scope = &authorization.scope;
    let text = format!(
        "{ALGORITHM}\n{date}\n{}/{}/{}/{TERMINATOR}\n{}",
        scope.date,
        scope.region,
        scope.service,
        sha256_hex(&canonical)
    );
    let parts = [scope.date, scope.region, scope.service, TERMINATOR];
    let key = derived_key(secret.as_bytes(), &parts);
    // Compares in constant time.
    mac(&key, text.as_bytes())
        .verify_slice(&authorization.signature)
        .map_err(|_| Unverified::Mismatch)?;
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

/// Region and service of the scope, true or not.
pub(super) fn claimed_scope(request: &Request) -> Option<(&str, &str)> {
    let authorization = Authorization::of(request).ok()?;
    Some((authorization.scope.region, authorization.scope.service))
}

/// Reads `YYYYMMDDTHHMMSSZ`.
pub fn parse_date(text: &str) -> Option<Timestamp> {
    parse_compact_date(text)
}

/// The header
/// `Authorization: HMAC-SHA256 Credential=…/date/region/service/request, SignedHeaders=…, Signature=…`.
struct Authorization<'a> {
    access_key: &'a str,
    scope: Scope<'a>,
    signed_headers: &'a str,
    signature: Vec<u8>,
}

struct Scope<'a> {
    date: &'a str,
    region: &'a str,
    service: &'a str,
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
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key, date, region, service, TERMINATOR] = parts[..] else {
            return None;
        };
        fields.next().is_none().then_some(Self {
            access_key,
            scope: Scope {
                date,
                region,
                service,
            },
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
    let path = match request.path() {
        "" => "/",
        path => path,
    };
    let query = canonical_query(request.query());
    let mut text = format!("{}\n{path}\n{query}\n", request.method).into_bytes();
    for name in names {
        let mut values = request.header(name);
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(Unverified::Malformed(
                "a signed header was not sent exactly once",
            ));
        };
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        text.extend_from_slice(if *name == "host" {
            without_usual_port(value)
        } else {
            value
        });
        text.push(b'\n');
    }
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

/// A `+` on the wire is a blank, which is `%20` here.
fn canonical_query(query: &str) -> String {
    let mut pairs = form_pairs(query);
    pairs.sort();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}
