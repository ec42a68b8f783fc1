//! The vectors of the fixtures folder, each prepared as the official SDK prepares a
//! request before it signs it.

use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::request::{Request, Scheme, header};

/// Clouds, the sections of their vectors, and how these are prepared.
pub const CLOUDS: [(&str, &str, Prepare); 3] = [
    ("huawei", "huawei_sdk_hmac_sha256", of_huawei),
    ("volcengine", "volcengine_hmac_sha256_v4", of_volcengine),
    ("tencent", "tencent_tc3_hmac_sha256", of_tencent),
];

/// Makes a request of a vector's input and of what was sent.
type Prepare = fn(&Value, &Value) -> Result<Request, String>;

/// A vector and where it stands, for messages.
pub struct Vector {
    pub place: String,
    pub request: Request,
    pub expected: Value,
}

/// Every vector of a cloud, of every file.
pub fn vectors(section: &str, prepare: Prepare) -> Vec<Vector> {
    let mut all = vec![];
    for (file, json) in files("signing") {
        let vectors = json[section].as_array().into_iter().flatten();
        for (n, vector) in vectors.enumerate() {
            let name = vector["name"].as_str();
            let name = name.map_or(format!("#{n}"), str::to_owned);
            let place = format!("{file}: {name}");
            all.push(Vector {
                request: prepare(&vector["input"], &vector["expected"])
                    .unwrap_or_else(|e| panic!("{place}: {e}")),
                expected: vector["expected"].clone(),
                place,
            });
        }
    }
    all
}

/// Every vector of every cloud.
pub fn all_vectors() -> Vec<Vector> {
    let clouds = CLOUDS.into_iter();
    clouds
        .flat_map(|(_, section, prepare)| vectors(section, prepare))
        .collect()
}

/// Every `*.json` of a folder of fixtures, by name.
pub fn files(folder: &str) -> Vec<(String, Value)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let dir = fixtures.join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&dir)
        .unwrap_or_else(|e| panic!("{}: {e}", dir.display()))
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let name = file.file_name().expect("a file").to_string_lossy();
            let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{name}: {e}"));
            let json: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(json.is_object(), "{name}: no object");
            (name.to_string(), json)
        })
        .collect()
}

fn of_huawei(input: &Value, _: &Value) -> Result<Request, String> {
    let text = |name: &str| match &input[name] {
        Value::String(text) => Some(text.clone()),
        _ => None,
    };
    let required = |name: &str| text(name).ok_or(format!("input.{name} is missing"));
    let mut headers = headers_before_signing(input)?;
    let mut set = |name: &str, value: Option<String>, keep: bool| {
        let Some(value) = value else { return };
        let found = headers
            .iter_mut()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        match found {
            Some(_) if keep => {}
            Some((_, present)) => *present = value,
            None => headers.push((name.to_owned(), value)),
        }
    };
    set("X-Project-Id", text("project_id"), false);
    set("X-Domain-Id", text("domain_id"), false);
    set("X-Security-Token", text("security_token"), false);
    set("Host", text("host"), true);
    let content_type = header(&headers, "content-type").unwrap_or_default();
    let hashed = ["application/json", "application/bson"];
    if !content_type.is_empty() && !hashed.iter().any(|t| content_type.starts_with(t)) {
        headers.push(("X-Sdk-Content-Sha256".into(), "UNSIGNED-PAYLOAD".into()));
    }
    if header(&headers, "host").is_none() || header(&headers, "x-sdk-date").is_none() {
        return Err("neither Host nor X-Sdk-Date may be missing".to_owned());
    }
    Ok(Request {
        scheme: Scheme::Huawei,
        method: required("method")?,
        path: text("resource_path")
            .or_else(|| text("path"))
            .ok_or("input.resource_path is missing")?,
        query: query(&input["query_params"])?,
        headers,
        body: text("body").unwrap_or_default().into_bytes(),
        key_id: required("ak")?,
        secret: required("sk")?,
    })
}

fn of_volcengine(input: &Value, _: &Value) -> Result<Request, String> {
    let required = |name: &str| {
        let text = input[name].as_str().map(str::to_owned);
        text.ok_or(format!("input.{name} is missing"))
    };
    let method = required("method")?;
    let form = query(&input["form_params"])?;
    let mut headers = headers_before_signing(input)?;
    if method == "POST" && header(&headers, "content-type").is_none() {
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        headers.push(("Content-Type".into(), form.into()));
    }
    let content = header(&headers, "content-type").unwrap_or_default();
    let is_form = method == "POST" && content.starts_with("application/x-www-form-urlencoded");
    let body = match is_form && !form.is_empty() {
        true => form_text(&form),
        false => input["body"].as_str().unwrap_or_default().to_owned(),
    };
    let clock = required("frozen_utc")?;
    let date: String = clock.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    headers.push(("X-Date".into(), date));
    headers.push(("X-Content-Sha256".into(), sha256(body.as_bytes())));
    if let Some(token) = input["session_token"].as_str() {
        headers.push(("X-Security-Token".into(), token.into()));
    }
    Ok(Request {
        scheme: Scheme::Volcengine {
            region: required("region")?,
            service: required("service")?,
        },
        method,
        path: required("path")?,
        query: query(&input["query_params"])?,
        headers,
        body: body.into_bytes(),
        key_id: required("ak")?,
        secret: required("sk")?,
    })
}

/// What is sent is the SDK's own writing of the parameters, so it is taken from there.
fn of_tencent(input: &Value, sent: &Value) -> Result<Request, String> {
    let required = |of: &Value, name: &str| {
        let text = of[name].as_str().map(str::to_owned);
        text.ok_or(format!("{name} is missing"))
    };
    let method = required(input, "method")?;
    let (content_type, query, body) = match method.as_str() {
        "GET" => (
            "application/x-www-form-urlencoded",
            required(sent, "query_string")?,
            String::new(),
        ),
        _ => ("application/json", String::new(), required(sent, "body")?),
    };
    let mut headers = vec![
        ("Content-Type".to_owned(), content_type.to_owned()),
        ("Host".to_owned(), required(input, "endpoint")?),
        ("X-TC-Action".to_owned(), required(input, "action")?),
    ];
    if input["unsigned_payload"] == true {
        headers.push(("X-TC-Content-SHA256".into(), "UNSIGNED-PAYLOAD".into()));
    }
    if let Some(token) = input["token"].as_str() {
        headers.push(("X-TC-Token".into(), token.into()));
    }
    let timestamp = input["timestamp"].as_i64();
    Ok(Request {
        scheme: Scheme::Tencent {
            query,
            signed: vec!["content-type".to_owned(), "host".to_owned()],
            timestamp: timestamp.ok_or("input.timestamp is missing")?,
            service: required(input, "service")?,
        },
        method,
        path: "/".to_owned(),
        query: vec![],
        headers,
        body: body.into_bytes(),
        key_id: required(input, "secret_id")?,
        secret: required(input, "secret_key")?,
    })
}

fn headers_before_signing(input: &Value) -> Result<Vec<(String, String)>, String> {
    match &input["headers_before_signing"] {
        Value::Object(headers) => headers
            .iter()
            .map(|(name, value)| Ok((name.clone(), scalar(value)?)))
            .collect(),
        _ => Ok(vec![]),
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As an HTML form is sent.
fn form_text(pairs: &[(String, String)]) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~')
        .remove(b' ');
    let encode = |text: &str| {
        utf8_percent_encode(text, KEPT)
            .to_string()
            .replace(' ', "+")
    };
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

/// Pairs in any order; an array stands for a repeated parameter.
fn query(params: &Value) -> Result<Vec<(String, String)>, String> {
    let pairs: Vec<(String, &Value)> = match params {
        Value::Null => vec![],
        Value::Object(map) => map.iter().map(|(name, v)| (name.clone(), v)).collect(),
        Value::Array(pairs) => pairs
            .iter()
            .map(|pair| match pair.as_array().map(Vec::as_slice) {
                Some([Value::String(name), value]) => Ok((name.clone(), value)),
                _ => Err(format!("input.query_params has {pair}")),
            })
            .collect::<Result<_, _>>()?,
        other => return Err(format!("input.query_params is {other}")),
    };
    let mut query = vec![];
    for (name, value) in pairs {
        match value {
            Value::Array(values) => {
                for value in values {
                    query.push((name.clone(), scalar(value)?));
                }
            }
            value => query.push((name, scalar(value)?)),
        }
    }
    Ok(query)
}

fn scalar(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        other => Err(format!("{other} is neither text nor a number")),
    }
}
