//! A server on loopback for the tests of the clouds' calls: canned answers, one for
//! each request, and what was asked. The simulator knows the services; this knows
//! nothing.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Arguments, Client, Gate, Key, Mutation, SecretText, Sent, Transport};
use crate::clock::Clock;

pub(crate) struct Server {
    origin: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Each connection is given the next answer, as it is, and then closed.
    pub(crate) fn answering<A: Into<String>>(answers: impl IntoIterator<Item = A>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answers: Vec<String> = answers.into_iter().map(Into::into).collect();
        let log = asked.clone();
        std::thread::spawn(move || {
            for answer in answers {
                let Ok((mut stream, _)) = listener.accept() else {
                    return;
                };
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n > 0)
                {
                    request.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&request).to_lowercase();
                let length = head
                    .lines()
                    .find_map(|l| l.strip_prefix("content-length: "));
                let mut body = vec![0; length.and_then(|n| n.parse().ok()).unwrap_or(0)];
                if stream.read_exact(&mut body).is_ok() {
                    request.extend(body);
                }
                let text = String::from_utf8_lossy(&request).into_owned();
                log.lock().expect("no panic while it is held").push(text);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Server {
            origin: format!("http://{address}"),
            asked,
        }
    }

    /// The requests so far, as they came.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked
            .lock()
            .expect("no panic while it is held")
            .clone()
    }

    /// Where it listens.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }
}

/// What a proxy or a firewall on the way may answer, in no cloud's form with a code.
pub(crate) const OF_PROXIES: [&str; 12] = [
    "",
    "<html><h1>403 Forbidden</h1></html>",
    "{}",
    "null",
    r#"{"code": 403, "message": "Forbidden"}"#,
    r#"{"error": "access_denied", "error_description": "policy 12"}"#,
    r#"{"error": {"code": "ACCESS_DENIED", "message": "blocked"}}"#,
    r#"{"errors": [{"code": "POLICY.403", "message": "blocked"}]}"#,
    r#"{"Error": {"Code": "AccessDenied", "Message": "blocked"}}"#,
    r#"{"Response": {"Status": "Blocked", "Error": "Forbidden"}}"#,
    r#"{"ResponseMetadata": {"RequestId": "r", "Error": "Forbidden"}}"#,
    r#"{"error_code": "FW-403", "error_msg": "blocked by policy"}"#,
];

/// An invented key.
pub(crate) fn key() -> Key {
    Key {
        namespace: "team".to_owned(),
        id: SecretText::new("AK"),
        secret: SecretText::new("SK"),
        token: None,
        trial: None,
    }
}

/// An invented key of temporary credentials, none of which may show anywhere.
pub(crate) fn temporary_key() -> Key {
    Key {
        namespace: "team".to_owned(),
        id: SecretText::new(SECRETS[0]),
        secret: SecretText::new(SECRETS[1]),
        token: Some(SecretText::new(SECRETS[2])),
        trial: None,
    }
}

/// The parts of [`temporary_key`].
pub(crate) const SECRETS: [&str; 3] = ["AKIDINVENTED", "SECRETINVENTED", "TOKENINVENTED"];

/// A gate that agrees.
pub(crate) fn open_gate() -> Gate {
    Arc::new(|| true)
}

/// The body of a request as it came.
pub(crate) fn body_of(request: &str) -> serde_json::Value {
    let (_, body) = request.split_once("\r\n\r\n").expect("a whole request");
    serde_json::from_str(body).expect("JSON")
}

/// A way out by the real clock.
pub(crate) fn transport() -> Transport {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Transport::new(Clock::system(), Duration::from_secs(10)).expect("a client")
}

/// An answer of that status.
pub(crate) fn answer(status: u16, body: &str) -> String {
    answer_with(status, "", body)
}

/// The same with further header lines, each ending with CR LF.
pub(crate) fn answer_with(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// What the official SDK sent for that call, from the captured requests: method,
/// target, header names in lower case, body.
pub(crate) fn captured(name: &str) -> (String, String, Vec<String>, String) {
    let all: serde_json::Value = serde_json::from_str(include_str!(
        "../../tests/fixtures/sdk-requests/official-sdks.json"
    ))
    .expect("JSON");
    let captures = all["captures"].as_array().expect("captures");
    let capture = captures.iter().find(|c| c["name"] == name).expect("named");
    let request = &capture["requests"][0];
    let text = |member: &str| request[member].as_str().unwrap_or_default().to_owned();
    let headers = request["headers"].as_array().expect("headers");
    let names = headers
        .iter()
        .map(|header| header[0].as_str().unwrap_or_default().to_lowercase());
    (
        text("method"),
        text("target"),
        names.collect(),
        text("body"),
    )
}

/// Sends a call with these arguments and that token, in that project.
pub(crate) async fn send(
    client: &Client,
    call: &Mutation,
    (scope, token): (&str, &str),
    arguments: &Arguments,
) -> Sent {
    let draft = (call.request)(arguments, scope).expect("valid arguments");
    let draft = draft.with_token(call, token).expect("a valid token");
    client.send(call, draft, open_gate()).await
}
