//! SDK-HMAC-SHA256, a pure function of a request and a time
//! (contract: f.1; the official SDK's vectors are in `tests/fixtures/signing`).
//!
//! The key is used as it is, without a derived key or a scope. The canonical
//! path ends with a slash, the one that is sent does not.

use percent_encoding::percent_decode_str;

use crate::cloud::signing::{
    CanonicalHeaders, Signed, canonical, canonical_query, encode, hash, hex, hmac,
};

const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct SignInput<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Path as it is sent (percent-encoded).
    pub path: &'a str,
    /// Query parameters, not encoded.
    pub query: &'a [(String, String)],
    /// Every header that is to be signed, Host and X-Sdk-Date among them.
    pub headers: &'a [(String, String)],
    /// Body as it is sent.
    pub body: &'a [u8],
    /// Access key id.
    pub key_id: &'a str,
    /// Secret access key.
    pub secret: &'a str,
}

/// Signs a request. `X-Sdk-Date` has to be among its headers.
pub fn sign(input: SignInput<'_>) -> Signed {
    let signed = input.headers.iter();
    let signed = signed.filter(|(name, _)| !name.contains('_'));
    let headers = CanonicalHeaders::new(signed.map(canonical));
    // Without a body the SDK signs the empty hash, whatever that header says.
    let payload = match headers.value("x-sdk-content-sha256") {
        literal if !literal.is_empty() && !input.body.is_empty() => literal.to_owned(),
        _ => hash(input.body),
    };
    let (lines, names) = (headers.lines(), headers.names());
    let canonical_request = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{payload}",
        input.method.to_ascii_uppercase(),
        canonical_path(input.path),
        canonical_query(input.query),
    );
    let string_to_sign = format!(
        "{ALGORITHM}\n{}\n{}",
        headers.value("x-sdk-date"),
        hash(&canonical_request),
    );
    let signature = hex(&hmac(input.secret.as_bytes(), &string_to_sign));
    let authorization = format!(
        "{ALGORITHM} Access={}, SignedHeaders={names}, Signature={signature}",
        input.key_id
    );
    Signed {
        canonical_request,
        string_to_sign,
        authorization,
    }
}

/// Decodes the whole path before it splits it: an encoded slash becomes a
/// separator in the canonical form, though not on the wire.
fn canonical_path(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let segments: Vec<String> = decoded.split('/').map(encode).collect();
    let mut path = segments.join("/");
    if !path.ends_with('/') {
        path.push('/');
    }
    path
}
