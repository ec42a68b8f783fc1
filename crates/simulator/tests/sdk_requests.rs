//! The verification against what the official SDKs really sent, and against the
//! same requests with one byte changed in each signed part.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use errand_simulator::Request;
use errand_simulator::huawei::signature::{self, Unverified, Verified};
use serde::Deserialize;
use serde_json::Value;

const WINDOW: Duration = Duration::from_secs(15 * 60);

#[derive(Deserialize)]
struct Captures {
    keys_used: BTreeMap<String, String>,
    captures: Vec<Capture>,
}

#[derive(Deserialize)]
struct Capture {
    name: String,
    cloud: String,
    requests: Vec<Captured>,
}

#[derive(Deserialize)]
struct Captured {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    signature_verified: Option<bool>,
}

impl Captured {
    fn request(&self) -> Request {
        let headers = self.headers.iter();
        Request {
            method: self.method.clone(),
            target: self.target.clone(),
            headers: headers
                .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
                .collect(),
            body: self.body.clone().into_bytes(),
        }
    }
}

type Keys = BTreeMap<String, String>;

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures")
        .join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    files
}

/// Verified at the very time that `original` was signed.
fn verify(request: &Request, original: &Request, keys: &Keys) -> Result<Verified, Unverified> {
    let date = original.single("x-sdk-date").expect("a date");
    let now = signature::parse_date(date).expect("a date");
    signature::verify(request, |key| keys.get(key).cloned(), now, WINDOW)
}

#[test]
fn sdk_requests_are_accepted_and_refused_with_any_signed_byte_changed() {
    let mut accepted = BTreeMap::<String, usize>::new();
    let mut left_out = BTreeMap::<String, Vec<String>>::new();
    let mut changes = 0;
    for file in fixtures("sdk-requests") {
        let text = std::fs::read(&file).unwrap();
        let captures: Captures =
            serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        for capture in &captures.captures {
            for captured in &capture.requests {
                if captured.signature_verified != Some(true) || capture.cloud != "huawei" {
                    let why = match captured.signature_verified {
                        Some(true) => "not built yet",
                        _ => "not signed",
                    };
                    let key = format!("{}: {why}", capture.cloud);
                    left_out.entry(key).or_default().push(capture.name.clone());
                    continue;
                }
                let request = captured.request();
                verify(&request, &request, &captures.keys_used)
                    .unwrap_or_else(|e| panic!("{}: {e:?}", capture.name));
                changes +=
                    assert_refused_when_changed(&capture.name, &request, &captures.keys_used);
                *accepted.entry(capture.cloud.clone()).or_default() += 1;
            }
        }
    }
    for (cloud, n) in &accepted {
        println!("{cloud}: {n} accepted, {changes} changed ones refused");
    }
    for (why, names) in &left_out {
        println!("{why}: {} skipped ({})", names.len(), names.join(", "));
    }
    assert!(
        accepted.contains_key("huawei"),
        "no signed Huawei request was found"
    );
}

/// Another byte of the same class. It is never the same byte in another case or
/// encoding: a changed hex digit of an escape decodes to another byte, and a change
/// of one raw byte cannot reorder a query, so every change is one to the canonical
/// request too. A blank becomes a letter, because outer blanks are not signed.
fn other(byte: u8) -> u8 {
    match byte {
        b'9' => b'0',
        b'z' => b'a',
        b'Z' => b'A',
        b'0'..=b'8' | b'a'..=b'y' | b'A'..=b'Y' => byte + 1,
        _ => b'x',
    }
}

/// Every position of `text`, each with that one byte changed.
fn changed(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..text.len()).map(|at| {
        let mut text = text.to_vec();
        text[at] = other(text[at]);
        text
    })
}

fn changed_text(text: &str) -> impl Iterator<Item = String> {
    changed(text.as_bytes()).map(|text| String::from_utf8(text).expect("ASCII stays ASCII"))
}

/// Returns how many changes were tried.
fn assert_refused_when_changed(name: &str, original: &Request, keys: &Keys) -> usize {
    let mut tried = 0;
    let mut refused = |part: &str, request: Request| {
        tried += 1;
        // By the signature, not by something else that a change happens to break.
        let result = verify(&request, original, keys);
        assert_eq!(
            result,
            Err(Unverified::Mismatch),
            "{name}: {part}: {request:?}"
        );
    };
    for method in changed_text(&original.method) {
        let request = Request {
            method,
            ..original.clone()
        };
        refused("method", request);
    }
    // Path, `?` and query, each byte.
    for target in changed_text(&original.target) {
        let request = Request {
            target,
            ..original.clone()
        };
        refused("target", request);
    }
    for body in changed(&original.body) {
        let request = Request {
            body,
            ..original.clone()
        };
        refused("body", request);
    }
    let mut longer = original.clone();
    longer.body.push(b' ');
    refused("body with a byte more", longer);
    let authorization = original.single("authorization").unwrap();
    let names = between(authorization, "SignedHeaders=", ",");
    for (at, (header, value)) in original.headers.iter().enumerate() {
        if !names.split(';').any(|n| n.eq_ignore_ascii_case(header)) {
            continue;
        }
        for value in changed(value) {
            let mut request = original.clone();
            request.headers[at].1 = value;
            refused(header, request);
        }
    }
    let signature = between(authorization, "Signature=", ",");
    for at in 0..signature.len() {
        let mut other = signature.as_bytes().to_vec();
        other[at] = if other[at] == b'0' { b'1' } else { b'0' };
        let other = String::from_utf8(other).unwrap();
        let with = authorization.replace(signature, &other);
        refused("signature", with_authorization(original, &with));
    }
    tried + assert_refused_with_another_key_or_list(name, original, keys, authorization)
}

/// Changes whose refusal has more than one right reason.
fn assert_refused_with_another_key_or_list(
    name: &str,
    original: &Request,
    keys: &Keys,
    authorization: &str,
) -> usize {
    let mut tried = 0;
    for part in [
        between(authorization, "Access=", ","),
        between(authorization, "SignedHeaders=", ","),
    ] {
        for other in changed_text(part) {
            tried += 1;
            let with = authorization.replace(part, &other);
            let result = verify(&with_authorization(original, &with), original, keys);
            assert!(result.is_err(), "{name}: accepted {with}");
        }
    }
    tried
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let text = text.split_once(start).expect("a field of Authorization").1;
    text.split_once(end).map_or(text, |t| t.0)
}

fn with_authorization(request: &Request, value: &str) -> Request {
    let mut request = request.clone();
    for header in &mut request.headers {
        if header.0.eq_ignore_ascii_case("authorization") {
            header.1 = value.into();
        }
    }
    request
}

#[test]
fn sdk_requests_carry_their_security_token_signed() {
    let mut found = 0;
    for file in fixtures("sdk-requests") {
        let text = std::fs::read(&file).unwrap();
        let captures: Captures = serde_json::from_slice(&text).unwrap();
        for capture in captures.captures.iter().filter(|c| c.cloud == "huawei") {
            for captured in &capture.requests {
                let original = captured.request();
                let Some(token) = original.single("x-security-token") else {
                    continue;
                };
                if captured.signature_verified != Some(true) {
                    continue;
                }
                found += 1;
                let keys = &captures.keys_used;
                let verified = verify(&original, &original, keys).unwrap();
                assert_eq!(verified.security_token.as_deref(), Some(token.as_bytes()));
                let mut without = original.clone();
                without
                    .headers
                    .retain(|(n, _)| !n.eq_ignore_ascii_case("x-security-token"));
                assert!(verify(&without, &original, keys).is_err());
            }
        }
    }
    assert!(found > 0, "no request with a security token was found");
}

/// The vectors of the official signer reach what no capture does: paths that need
/// encoding, blanks in queries, a body that is left out of the signature.
#[test]
fn signing_vectors_of_the_official_sdk_are_accepted() {
    let mut accepted = 0;
    for file in fixtures("signing") {
        let vectors: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let vectors = vectors["huawei_sdk_hmac_sha256"].as_array();
        for vector in vectors.into_iter().flatten() {
            let (input, expected) = (&vector["input"], &vector["expected"]);
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let request = Request {
                method: text(&input["method"]),
                target: text(&expected["request_target"]),
                headers: expected["headers_sent"]
                    .as_object()
                    .expect("headers")
                    .iter()
                    .map(|(name, value)| (name.clone(), text(value).into_bytes()))
                    .collect(),
                body: text(&input["body"]).into_bytes(),
            };
            let keys = Keys::from([(text(&input["ak"]), text(&input["sk"]))]);
            if let Err(e) = verify(&request, &request, &keys) {
                panic!("{}: {e:?}", vector["name"]);
            }
            accepted += 1;
        }
    }
    println!("huawei: {accepted} vectors accepted");
    assert!(accepted > 0, "no Huawei vector was found");
}
