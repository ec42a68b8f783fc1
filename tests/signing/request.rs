//! A request in the terms of all three signers.

use errand::cloud::{Signed, huawei, tencent, volcengine};

/// Which signer, with what it wants beside the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    Huawei,
    Volcengine {
        region: String,
        service: String,
    },
    Tencent {
        /// The query as it is sent.
        query: String,
        /// Names of the headers that are signed.
        signed: Vec<String>,
        timestamp: i64,
        service: String,
    },
}

/// What is to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub scheme: Scheme,
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub key_id: String,
    pub secret: String,
}

impl Request {
    pub fn sign(&self) -> Signed {
        match &self.scheme {
            Scheme::Huawei => huawei::sign(huawei::SignInput {
                method: &self.method,
                path: &self.path,
                query: &self.query,
                headers: &self.headers,
                body: &self.body,
                key_id: &self.key_id,
                secret: &self.secret,
            }),
            Scheme::Volcengine { region, service } => volcengine::sign(volcengine::SignInput {
                method: &self.method,
                path: &self.path,
                query: &self.query,
                headers: &self.headers,
                body: &self.body,
                region,
                service,
                key_id: &self.key_id,
                secret: &self.secret,
            }),
            Scheme::Tencent {
                query,
                signed,
                timestamp,
                service,
            } => tencent::sign(tencent::SignInput {
                method: &self.method,
                query,
                headers: &self.headers,
                signed: &signed.iter().map(String::as_str).collect::<Vec<_>>(),
                body: &self.body,
                timestamp: *timestamp,
                service,
                key_id: &self.key_id,
                secret: &self.secret,
            }),
        }
    }

    pub fn leaves_body_unsigned(&self) -> bool {
        ["x-sdk-content-sha256", "x-tc-content-sha256"]
            .iter()
            .any(|name| header(&self.headers, name) == Some("UNSIGNED-PAYLOAD"))
    }

    /// Whether a change of that header's value has to change the signature.
    fn signs(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        match &self.scheme {
            // Left out of the signature, or the word that says so of the body.
            Scheme::Huawei => !name.contains('_') && name != "x-sdk-content-sha256",
            Scheme::Volcengine { .. } => {
                name.starts_with("x-") || ["content-type", "content-md5", "host"].contains(&&*name)
            }
            Scheme::Tencent { signed, .. } => signed.contains(&name),
        }
    }

    /// Every request that differs from this one at a single place of a signed
    /// part, with the name of the place.
    pub fn with_one_byte_changed(&self) -> Vec<(String, Request)> {
        let mut all = vec![];
        let mut each = |part: &str, text: &str, put: &dyn Fn(&mut Request, String)| {
            for (at, changed) in changes_of(text) {
                let mut request = self.clone();
                put(&mut request, changed);
                all.push((format!("{part} at {at}"), request));
            }
        };
        each("method", &self.method, &|r, text| r.method = text);
        each("secret", &self.secret, &|r, text| r.secret = text);
        match &self.scheme {
            Scheme::Huawei => each("path", &self.path, &|r, text| r.path = text),
            Scheme::Volcengine { region, service } => {
                each("path", &self.path, &|r, text| r.path = text);
                each("region", region, &|r, text| {
                    if let Scheme::Volcengine { region, .. } = &mut r.scheme {
                        *region = text;
                    }
                });
                each("service", service, &|r, text| {
                    if let Scheme::Volcengine { service, .. } = &mut r.scheme {
                        *service = text;
                    }
                });
            }
            Scheme::Tencent { query, service, .. } => {
                each("query", query, &|r, text| {
                    if let Scheme::Tencent { query, .. } = &mut r.scheme {
                        *query = text;
                    }
                });
                each("service", service, &|r, text| {
                    if let Scheme::Tencent { service, .. } = &mut r.scheme {
                        *service = text;
                    }
                });
            }
        }
        for (n, (name, value)) in self.query.iter().enumerate() {
            each(&format!("query name {name}"), name, &|r, t| {
                r.query[n].0 = t;
            });
            each(&format!("query value of {name}"), value, &|r, t| {
                r.query[n].1 = t;
            });
        }
        for (n, (name, value)) in self.headers.iter().enumerate() {
            if self.signs(name) {
                each(&format!("header {name}"), value, &|r, t| {
                    r.headers[n].1 = t;
                });
            }
        }
        let body = String::from_utf8(self.body.clone()).expect("made from text");
        each("body", &body, &|r, text| r.body = text.into_bytes());
        all
    }
}

/// The text with each of its characters, in turn, replaced by another; of a part
/// that is too long for that, so many of them.
fn changes_of(text: &str) -> Vec<(usize, String)> {
    const MOST: usize = 4096;
    text.char_indices()
        .step_by(text.len() / MOST + 1)
        .map(|(at, char)| {
            let other = if char == 'x' { 'y' } else { 'x' };
            let after = &text[at + char.len_utf8()..];
            (at, format!("{}{other}{after}", &text[..at]))
        })
        .collect()
}

pub fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}
