//! HMAC-SHA256 in the manner of version 4, a pure function of a request
//! (contract: f.3; the official SDK's vectors are in `tests/fixtures/signing`).
//!
//! The key is derived for a day, a region and a service, and the secret has no
//! prefix there.

use crate::cloud::signing::{
    CanonicalHeaders, Signed, canonical, canonical_query, derived_key, hash, hex, hmac,
};

const ALGORITHM: &str = "HMAC-SHA256";

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct SignInput<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Path as it is sent.
    pub path: &'a str,
    /// Query parameters, not encoded.
    pub query: &'a [(String, String)],
    /// Every header that is sent; Host and X-Date among them. Content-Type,
    /// Content-Md5, Host and all that start with X- are signed.
    pub headers: &'a [(String, String)],
    /// Body as it is sent.
    pub body: &'a [u8],
    /// Region, as the scope names it.
    pub region: &'a str,
    /// Service, as the scope names it.
    pub service: &'a str,
    /// Access key id.
    pub key_id: &'a str,
    /// Secret access key.
    pub secret: &'a str,
}

/// Signs a request. `X-Date` has to be among its headers.
pub fn sign(input: SignInput<'_>) -> Signed {
    let signed = input.headers.iter().map(canonical);
    let signed = signed.filter(|(name, _)| is_signed(name));
    let headers = CanonicalHeaders::new(signed.map(|(name, value)| match name.as_str() {
        "host" => (name, without_port(value)),
        _ => (name, value),
    }));
    let date = headers.value("x-date");
    let day = date.get(..8).unwrap_or(date);

    let (lines, names) = (headers.lines(), headers.names());
    let path = match input.path {
        "" => "/",
        path => path,
    };
    let canonical_request = format!(
        "{}\n{path}\n{}\n{lines}\n{names}\n{}",
        input.method.to_ascii_uppercase(),
        canonical_query(input.query),
        hash(input.body),
    );
    let scope = [day, input.region, input.service, "request"];
    let string_to_sign = format!(
        "{ALGORITHM}\n{date}\n{}\n{}",
        scope.join("/"),
        hash(&canonical_request),
    );
    let key = derived_key(input.secret.to_owned(), &scope);
    let authorization = format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={names}, Signature={}",
        input.key_id,
        scope.join("/"),
        hex(&hmac(&key, &string_to_sign)),
    );
    Signed {
        canonical_request,
        string_to_sign,
        authorization,
    }
}

fn is_signed(name: &str) -> bool {
    matches!(name, "content-type" | "content-md5" | "host") || name.starts_with("x-")
}

/// The ports that a scheme implies are not signed.
fn without_port(host: &str) -> &str {
    let cut = |port| host.strip_suffix(port);
    cut(":80").or_else(|| cut(":443")).unwrap_or(host)
}
