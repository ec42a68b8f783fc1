//! What every Tencent Cloud service shares: signing, the envelope of an answer, and
//! which answers are refusals.
//!
//! A service always answers with HTTP 200 and a `Response`, be it an error or not.
//! Another status, or another body, comes from something in between.

use serde_json::Value;

use super::signer::{SignInput, sign};
use crate::api::Reason;
use crate::cloud::call::{self, CallError, Meaning, NOT_ACCEPTED, Sent, USER_AGENT, unreadable};
use crate::cloud::verdict::{Reading, Refusal, Rows};
use crate::cloud::{Actions, Gate, Held, Hidden, Key, Method, Reply, Request, Transport};

/// What is signed. With the action, which the official SDK leaves open.
const SIGNED: &[&str] = &["content-type", "host", "x-tc-action"];

/// A service, as one key sees it in one region.
#[derive(Clone, Debug)]
pub struct Client {
    /// Scheme and authority.
    pub origin: String,
    /// Region.
    pub region: String,
    /// Which service's actions it calls.
    pub actions: Actions,
    /// The key that requests are signed with.
    pub key: Key,
    /// The way out.
    pub transport: Transport,
    /// The service's verdict table.
    pub rows: Rows,
}

impl Client {
    /// A read: the member `Response`; an error in it is one with its reading.
    pub async fn call(&self, action: &'static str, body: &Value) -> Result<Held<Value>, CallError> {
        let reply = self.transport.read(self.request(action, body)).await;
        let reply = reply.map_err(|e| CallError::from(e).of(action))?;
        let (refusal, answer) = self.answer(&reply);
        let refusal = refusal.of(action);
        match answer {
            Answer::Response(response) => {
                self.key.answered(None);
                Ok(Held::new(response, reply.place))
            }
            Answer::Fault => Err(CallError::unavailable(refusal)),
            Answer::Error(Some(reading)) => {
                self.key.answered(Some((Some(reading), &refusal)));
                Err(CallError { reading, refusal })
            }
            Answer::Error(None) if refusal.code.starts_with("InternalError") => {
                Err(CallError::unavailable(refusal))
            }
            Answer::Error(None) => Err(CallError {
                reading: Reading::Terminal,
                refusal,
            }),
        }
    }

    /// A mutating call: signed now, sent once. `meaning` is asked about the member
    /// `Response` without an error in it.
    pub async fn send(
        &self,
        action: &str,
        body: &Value,
        gate: Gate,
        meaning: impl FnOnce(&Value) -> Meaning,
    ) -> Sent {
        let request = self.request(action, body);
        let reply = match self.transport.send_once(request, gate).await {
            Ok(reply) => reply,
            Err(e) => return e.into(),
        };
        let (refusal, answer) = self.answer(&reply);
        match answer {
            Answer::Response(response) => meaning(&response).into_sent(refusal),
            Answer::Error(Some(reading)) => Sent::Refused(reading, refusal),
            Answer::Error(None) | Answer::Fault => Sent::Unknown(refusal),
        }
    }

    /// How far the cloud's clock is from ours, in milliseconds.
    pub fn clock_offset(&self) -> i64 {
        self.transport.offset(&self.origin)
    }

    /// An answer, taken apart. The refusal is empty but for the request id if
    /// nothing was refused.
    fn answer(&self, reply: &Reply) -> (Refusal, Answer) {
        let refusal = |code: &str, message: &str, request_id: &str| {
            call::refusal(reply.status, code, message, request_id)
        };
        if reply.status != 200 {
            return (refusal("", "", &reply.request_id), Answer::Fault);
        }
        let mut body: Value = match serde_json::from_slice(&reply.body) {
            Ok(body) => body,
            Err(e) => {
                let why = unreadable(&e).refusal.message;
                return (refusal("", &why, &reply.request_id), Answer::Fault);
            }
        };
        let response = body.get_mut("Response").map(Value::take);
        let Some(response) = response.filter(Value::is_object) else {
            let why = "the answer is not the documented one";
            return (refusal("", why, &reply.request_id), Answer::Fault);
        };
        let text = |of: &Value, name: &str| match &of[name] {
            Value::String(text) => text.clone(),
            _ => String::new(),
        };
        let request_id = text(&response, "RequestId");
        let error = &response["Error"];
        if error.is_null() {
            return (refusal("", "", &request_id), Answer::Response(response));
        }
        let code = text(error, "Code");
        let row = self.rows.find(reply.status, &code);
        let listed = row.map(|row| row.reading);
        // Such an answer may repeat what was signed, headers included.
        let message = match listed {
            Some(Reading::Blocked(Reason::CredentialsRejected)) => NOT_ACCEPTED.to_owned(),
            _ => text(error, "Message"),
        };
        (refusal(&code, &message, &request_id), Answer::Error(listed))
    }

    fn request(&self, action: &str, body: &Value) -> Request {
        let method = Method::Post;
        let body = body.to_string().into_bytes();
        let now = self.transport.clock.now().wall.0 + self.clock_offset();
        let timestamp = now.div_euclid(1000);
        let mut headers: Vec<(String, String)> = [
            ("Host", call::host(&self.origin)),
            // To the letter: it is signed, and a charset would not be accepted.
            ("Content-Type", "application/json"),
            ("User-Agent", USER_AGENT),
            ("X-TC-Action", action),
            ("X-TC-Version", self.actions.version),
            ("X-TC-Region", &self.region),
            ("X-TC-Timestamp", &timestamp.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        if let Some(token) = &self.key.token {
            headers.push(("X-TC-Token".to_owned(), token.reveal().to_owned()));
        }
        let signed = sign(SignInput {
            method: method.as_str(),
            query: "",
            headers: &headers,
            signed: SIGNED,
            body: &body,
            timestamp,
            service: self.actions.service,
            key_id: self.key.id.reveal(),
            secret: self.key.secret.reveal(),
        });
        headers.remove(0);
        let hidden = Hidden::of(&self.key, &signed.authorization);
        headers.push(("Authorization".to_owned(), signed.authorization));
        Request {
            method,
            origin: self.origin.clone(),
            target: "/".to_owned(),
            headers,
            body,
            namespace: self.key.namespace.clone(),
            hidden,
            trial: self.key.trial.clone(),
        }
    }
}

/// What a service said.
enum Answer {
    /// The member `Response`, which has no error in it.
    Response(Value),
    /// An error, and how its row reads it.
    Error(Option<Reading>),
    /// No answer of the service.
    Fault,
}

#[cfg(test)]
mod tests;
