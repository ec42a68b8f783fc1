//! TC3-HMAC-SHA256, a pure function of a request and a time
//! (contract: f.4; the official SDK's vectors are in `tests/fixtures/signing`).
//!
//! Which headers are signed is the caller's choice: the official SDK signs
//! `content-type;host`, which leaves the action unprotected.

use crate::cloud::call::time;
use crate::cloud::signing::{Signed, derived_key, hash, hex, hmac};

const ALGORITHM: &str = "TC3-HMAC-SHA256";

/// In the header `X-TC-Content-SHA256`: the body is not signed, this word is.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct SignInput<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Query as it is sent; empty for a POST.
    pub query: &'a str,
    /// Every header that is sent, Content-Type and Host among them.
    pub headers: &'a [(String, String)],
    /// Names of those that are signed, in lower case.
    pub signed: &'a [&'a str],
    /// Body as it is sent.
    pub body: &'a [u8],
    /// Seconds since 1970, as X-TC-Timestamp says.
    pub timestamp: i64,
    /// Service, as the scope names it.
    pub service: &'a str,
    /// Secret id.
    pub key_id: &'a str,
    /// Secret key.
    pub secret: &'a str,
}

/// Signs a request.
pub fn sign(input: SignInput<'_>) -> Signed {
    let header = |wanted: &str| {
        let mut headers = input.headers.iter();
        let found = headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map_or("", |(_, value)| value.trim())
    };
    let mut names = input.signed.to_vec();
    names.sort_unstable();
    let lines: String = names
        .iter()
        .map(|name| match *name {
            // As they are sent.
            "content-type" | "host" => format!("{name}:{}\n", header(name)),
            _ => format!("{name}:{}\n", header(name).to_lowercase()),
        })
        .collect();
    let names = names.join(";");
    let payload = match header("x-tc-content-sha256") {
        UNSIGNED => hash(UNSIGNED),
        _ => hash(input.body),
    };
    let canonical_request = format!(
        "{}\n/\n{}\n{lines}\n{names}\n{payload}",
        input.method.to_ascii_uppercase(),
        input.query,
    );
    let date = time(input.timestamp.saturating_mul(1000)).strftime("%Y-%m-%d");
    let scope = [
        date.to_string(),
        input.service.to_owned(),
        "tc3_request".to_owned(),
    ];
    let string_to_sign = format!(
        "{ALGORITHM}\n{}\n{}\n{}",
        input.timestamp,
        scope.join("/"),
        hash(&canonical_request),
    );
    let parts = scope.each_ref().map(String::as_str);
    let key = derived_key(format!("TC3{}", input.secret), &parts);
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
