//! The verification against what the official SDKs really sent, and against the
//! same requests with one byte changed in each signed part.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use errand_simulator::{Request, Unverified, Verified, huawei, tencent, volcengine};
use jiff::Timestamp;
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

/// The verification of each cloud, and the words of its `Authorization`.
#[derive(Clone, Copy)]
enum Cloud {
    Huawei,
    Volcengine,
    Tencent,
}

impl Cloud {
    fn named(name: &str) -> Self {
        match name {
            "huawei" => Self::Huawei,
            "volcengine" => Self::Volcengine,
            "tencent" => Self::Tencent,
            other => panic!("there is no cloud {other}"),
        }
    }

    /// Where the date is.
    fn date(self) -> &'static str {
        match self {
            Self::Huawei => "x-sdk-date",
            Self::Volcengine => "x-date",
            Self::Tencent => "x-tc-timestamp",
        }
    }

    /// What stands before the key in `Authorization`.
    fn key(self) -> &'static str {
        match self {
            Self::Huawei => "Access=",
            Self::Volcengine | Self::Tencent => "Credential=",
        }
    }

    fn signed_at(self, request: &Request) -> Timestamp {
        let date = request.single(self.date()).expect("a date");
        let time = match self {
            Self::Huawei => huawei::signature::parse_date(date),
            Self::Volcengine => volcengine::signature::parse_date(date),
            Self::Tencent => tencent::signature::parse_timestamp(date),
        };
        time.expect("a date")
    }

    /// Verified at the very time that `original` was signed.
    fn verify(
        self,
        request: &Request,
        original: &Request,
        keys: &Keys,
    ) -> Result<Verified, Unverified> {
        let now = self.signed_at(original);
        let secret_of = |key: &str| keys.get(key).cloned();
        match self {
            Self::Huawei => huawei::signature::verify(request, secret_of, now, WINDOW),
            Self::Volcengine => volcengine::signature::verify(request, secret_of, now, WINDOW),
            Self::Tencent => tencent::signature::verify(request, secret_of, now, WINDOW),
        }
    }
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
        let keys = &captures.keys_used;
        for capture in &captures.captures {
            for captured in &capture.requests {
                if captured.signature_verified != Some(true) {
                    let names = left_out.entry(capture.cloud.clone()).or_default();
                    names.push(capture.name.clone());
                    continue;
                }
                let cloud = Cloud::named(&capture.cloud);
                let request = captured.request();
                cloud
                    .verify(&request, &request, keys)
                    .unwrap_or_else(|e| panic!("{}: {e:?}", capture.name));
                changes += assert_refused_when_changed(cloud, &capture.name, &request, keys);
                *accepted.entry(capture.cloud.clone()).or_default() += 1;
            }
        }
    }
    println!("{accepted:?} accepted, {changes} changed ones refused");
    for (cloud, names) in &mut left_out {
        names.dedup();
        println!("{cloud}: not signed: {}", names.join(", "));
    }
    let clouds: Vec<&str> = accepted.keys().map(String::as_str).collect();
    assert_eq!(clouds, ["huawei", "tencent", "volcengine"]);
    // Tokens are fetched unsigned; everything else is checked.
    let unsigned = ["volc-sts-assume-role-with-oidc", "volc-ecs-role-imds"];
    assert_eq!(left_out["volcengine"], unsigned);
    let unsigned = ["tencent-sts-web-identity", "tencent-cvm-role-metadata"];
    assert_eq!(left_out["tencent"], unsigned);
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
fn assert_refused_when_changed(cloud: Cloud, name: &str, original: &Request, keys: &Keys) -> usize {
    let mut tried = 0;
    let mut refused = |part: &str, request: Request| {
        tried += 1;
        // By the signature, not by something else that a change happens to break.
        let result = cloud.verify(&request, original, keys);
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
        // The date is signed also where it is no signed header.
        let mut signed = names.split(';').chain([cloud.date()]);
        if !signed.any(|n| n.eq_ignore_ascii_case(header)) {
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
    tried + assert_refused_with_another_key_or_list(cloud, name, original, keys, authorization)
}

/// Changes whose refusal has more than one right reason.
fn assert_refused_with_another_key_or_list(
    cloud: Cloud,
    name: &str,
    original: &Request,
    keys: &Keys,
    authorization: &str,
) -> usize {
    let mut tried = 0;
    for part in [
        between(authorization, cloud.key(), ","),
        between(authorization, "SignedHeaders=", ","),
    ] {
        for other in changed_text(part) {
            tried += 1;
            let with = authorization.replace(part, &other);
            let result = cloud.verify(&with_authorization(original, &with), original, keys);
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
                let verified = Cloud::Huawei.verify(&original, &original, keys).unwrap();
                assert_eq!(verified.security_token.as_deref(), Some(token.as_bytes()));
                let mut without = original.clone();
                without
                    .headers
                    .retain(|(n, _)| !n.eq_ignore_ascii_case("x-security-token"));
                assert!(Cloud::Huawei.verify(&without, &original, keys).is_err());
            }
        }
    }
    assert!(found > 0, "no request with a security token was found");
}

/// The vectors of the official signers reach what no capture does: paths that need
/// encoding, blanks in queries, bodies that are forms, Tencent Cloud's variant by GET,
/// a body that is left out of the signature, a port that is not signed.
#[test]
fn signing_vectors_of_the_official_sdks_are_accepted() {
    let mut accepted = BTreeMap::new();
    let (mut forms, mut gets) = (0, 0);
    for file in fixtures("signing") {
        let vectors: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for (list, cloud) in [
            ("huawei_sdk_hmac_sha256", Cloud::Huawei),
            ("volcengine_hmac_sha256_v4", Cloud::Volcengine),
            ("tencent_tc3_hmac_sha256", Cloud::Tencent),
        ] {
            for vector in vectors[list].as_array().into_iter().flatten() {
                let (request, keys) = vector_request(cloud, vector);
                if let Err(e) = cloud.verify(&request, &request, &keys) {
                    panic!("{}: {e:?}", vector["name"]);
                }
                forms += usize::from(sends_a_form(&vector["input"], &request));
                gets += usize::from(list.starts_with("tencent") && request.method == "GET");
                *accepted.entry(list).or_insert(0) += 1;
            }
        }
    }
    println!("{accepted:?} vectors accepted, {forms} forms and {gets} by GET");
    assert!(forms > 0 && gets > 0, "{forms} {gets}");
    assert_eq!(accepted.len(), 3, "{accepted:?}");
}

fn vector_request(cloud: Cloud, vector: &Value) -> (Request, Keys) {
    let (input, expected) = (&vector["input"], &vector["expected"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (key, secret) = match cloud {
        Cloud::Huawei | Cloud::Volcengine => (&input["ak"], &input["sk"]),
        Cloud::Tencent => (&input["secret_id"], &input["secret_key"]),
    };
    let headers = expected["headers_sent"].as_object();
    let headers = headers.expect("headers").iter();
    let mut request = Request {
        method: text(&input["method"]),
        target: "/".into(),
        headers: headers
            .map(|(name, value)| (name.clone(), text(value).into_bytes()))
            .collect(),
        body: text(&input["body"]).into_bytes(),
    };
    match cloud {
        Cloud::Huawei => request.target = text(&expected["request_target"]),
        Cloud::Volcengine => {
            let query = text(&expected["wire_query_by_sdk"]);
            request.target = format!("{}?{query}", text(&input["path"]));
            if sends_a_form(input, &request) {
                request.body = form_text(&input["form_params"]).into_bytes();
            }
        }
        // It sends its parameters in the query, and no body.
        Cloud::Tencent if request.method == "GET" => {
            request.target = format!("/?{}", text(&expected["query_string"]));
        }
        Cloud::Tencent => request.body = text(&expected["body"]).into_bytes(),
    }
    (request, Keys::from([(text(key), text(secret))]))
}

/// The SDK sends form parameters only where the content is a form.
fn sends_a_form(input: &Value, request: &Request) -> bool {
    let given = input["form_params"].as_array();
    let form = "application/x-www-form-urlencoded";
    let content = request.single("content-type");
    request.method == "POST"
        && given.is_some_and(|pairs| !pairs.is_empty())
        && content.is_some_and(|content| content.starts_with(form))
}

/// Pairs as the SDK writes a form: a blank is a plus.
fn form_text(pairs: &Value) -> String {
    let encode = |value: &Value| -> String {
        let text = match value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        let byte = |byte: u8| match byte {
            b' ' => "+".to_owned(),
            b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect()
    };
    let pairs = pairs.as_array().into_iter().flatten();
    let pairs: Vec<String> = pairs
        .map(|pair| format!("{}={}", encode(&pair[0]), encode(&pair[1])))
        .collect();
    pairs.join("&")
}

/// Contracts section f.4, 5: what the SDK's form leaves open is open here too.
#[test]
fn tencents_sdk_signs_neither_action_nor_region_nor_token() {
    let file = &fixtures("sdk-requests")[0];
    let captures: Captures = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let capture = captures
        .captures
        .iter()
        .find(|c| c.name == "tencent-cancel-instance-refresh");
    let original = capture.unwrap().requests[0].request();
    for header in ["X-TC-Action", "X-TC-Region"] {
        let mut request = original.clone();
        let mut headers = request.headers.iter_mut();
        headers.find(|(name, _)| name == header).unwrap().1 = b"Other".to_vec();
        let verified = Cloud::Tencent.verify(&request, &original, &captures.keys_used);
        assert!(verified.is_ok(), "{header}");
    }
    let mut request = original.clone();
    request
        .headers
        .push(("X-TC-Token".into(), b"token".to_vec()));
    let verified = Cloud::Tencent
        .verify(&request, &original, &captures.keys_used)
        .unwrap();
    assert_eq!(verified.security_token.as_deref(), Some(&b"token"[..]));
}
