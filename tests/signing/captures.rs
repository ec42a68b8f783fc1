//! The signers against what the official SDKs really sent: each signed request is
//! signed again from its own headers.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::request::{Request, Scheme, header};
use crate::vectors::files;

/// Every signed request: where it stands, as it was sent, and its Authorization.
fn captured() -> Vec<(String, Request, String)> {
    let mut all = vec![];
    for (file, json) in files("sdk-requests") {
        let secret = |id: &str| json["keys_used"][id].as_str().map(str::to_owned);
        for capture in json["captures"].as_array().into_iter().flatten() {
            let place = format!("{file}: {}", capture["name"]);
            for request in capture["requests"].as_array().into_iter().flatten() {
                let read = read(request, &secret);
                let read = read.unwrap_or_else(|e| panic!("{place}: {e}"));
                let signed = request["signature_verified"] == true;
                assert_eq!(read.is_some(), signed, "{place}: whether it is signed");
                all.extend(read.map(|(request, sent)| (place.clone(), request, sent)));
            }
        }
    }
    all
}

/// `None`: it is not signed.
fn read(
    sent: &Value,
    secret: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<(Request, String)>, String> {
    let text = |name: &str| {
        let text = sent[name].as_str().map(str::to_owned);
        text.ok_or(format!("{name} is missing"))
    };
    let headers = sent["headers"].as_array().into_iter().flatten();
    let headers: Vec<(String, String)> = headers
        .filter_map(|pair| Some((pair[0].as_str()?.to_owned(), pair[1].as_str()?.to_owned())))
        .collect();
    let Some(authorization) = header(&headers, "authorization").map(str::to_owned) else {
        return Ok(None);
    };
    let part = |name: &str| {
        let (_, rest) = authorization.split_once(name)?;
        rest.split(", ").next()
    };
    let Some(signed) = part("SignedHeaders=") else {
        return Ok(None);
    };
    let signed: Vec<String> = signed.split(';').map(str::to_owned).collect();
    let target = text("target")?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let decode = |text: &str, plus: bool| {
        let text = if plus {
            text.replace('+', " ")
        } else {
            text.to_owned()
        };
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let pairs = |plus: bool| -> Vec<(String, String)> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decode(name, plus), decode(value, plus)))
            .collect()
    };
    let credential = part("Credential=").unwrap_or_default().to_owned();
    let scope: Vec<String> = credential.split('/').map(str::to_owned).collect();
    let (scheme, key_id, query) = match (authorization.split(' ').next(), &scope[..]) {
        (Some("SDK-HMAC-SHA256"), _) => {
            let key_id = part("Access=").ok_or("no Access")?;
            (Scheme::Huawei, key_id.to_owned(), pairs(false))
        }
        (Some("HMAC-SHA256"), [key_id, _, region, service, _]) => {
            let scheme = Scheme::Volcengine {
                region: region.clone(),
                service: service.clone(),
            };
            (scheme, key_id.clone(), pairs(true))
        }
        (Some("TC3-HMAC-SHA256"), [key_id, _, service, _]) => {
            let timestamp = header(&headers, "x-tc-timestamp").and_then(|text| text.parse().ok());
            let scheme = Scheme::Tencent {
                query: query.to_owned(),
                signed: signed.clone(),
                timestamp: timestamp.ok_or("no X-TC-Timestamp")?,
                service: service.clone(),
            };
            (scheme, key_id.clone(), vec![])
        }
        _ => return Err(format!("what signs like this: {authorization}")),
    };
    // Its HTTP library adds headers to what the SDK has signed.
    let own = |(name, _): &(String, String)| signed.contains(&name.to_lowercase());
    let request = Request {
        scheme,
        method: text("method")?,
        path: path.to_owned(),
        query,
        headers: headers.into_iter().filter(own).collect(),
        body: text("body")?.into_bytes(),
        secret: secret(&key_id).ok_or(format!("the key {key_id} is not known"))?,
        key_id,
    };
    Ok(Some((request, authorization)))
}

#[test]
fn signing_reproduces_every_signed_request_that_the_official_sdks_sent() {
    let captured = captured();
    let mut counts = [0; 3];
    for (place, request, sent) in &captured {
        assert_eq!(request.sign().authorization, *sent, "{place}");
        counts[match request.scheme {
            Scheme::Huawei => 0,
            Scheme::Volcengine { .. } => 1,
            Scheme::Tencent { .. } => 2,
        }] += 1;
    }
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}
