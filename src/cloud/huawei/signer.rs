//! SDK-HMAC-SHA256, a pure function of a request and a time
//! (contract: f.1; the official SDK's vectors are in `tests/fixtures/signing`).
//!
//! The key is used as it is, without a derived key or a scope. The canonical
//! path ends with a slash, the one that is sent does not.

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// What the canonical form leaves as it is, beside letters and digits.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

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

/// The result, with the intermediate texts that the vectors check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The canonical request.
    pub canonical_request: String,
    /// The string to sign.
    pub string_to_sign: String,
    /// The value of the header Authorization.
    pub authorization: String,
}

/// Signs a request. `X-Sdk-Date` has to be among its headers.
pub fn sign(input: SignInput<'_>) -> Signed {
    let mut headers: Vec<(String, &str)> = input
        .headers
        .iter()
        .filter(|(name, _)| !name.contains('_'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .collect();
    headers.sort();
    let header = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name == wanted);
        found.map_or("", |(_, value)| *value)
    };
    // Without a body the SDK signs the empty hash, whatever that header says.
    let payload = match header("x-sdk-content-sha256") {
        literal if !literal.is_empty() && !input.body.is_empty() => literal.to_owned(),
        _ => hex(&Sha256::digest(input.body)),
    };
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let canonical_request = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{payload}",
        input.method.to_ascii_uppercase(),
        canonical_path(input.path),
        canonical_query(input.query),
    );
    let string_to_sign = format!(
        "{ALGORITHM}\n{}\n{}",
        header("x-sdk-date"),
        hex(&Sha256::digest(&canonical_request)),
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(input.secret.as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(string_to_sign.as_bytes());
    let signature = hex(&mac.finalize().into_bytes());
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

fn canonical_query(query: &[(String, String)]) -> String {
    let mut pairs = query.to_vec();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

/// Percent-encodes a name or value of a query, or a segment of a path.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
