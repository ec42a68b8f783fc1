//! What every Tencent Cloud service shares: signing, the envelope of an answer, and
//! which answers are refusals.
//!
//! A service always answers with HTTP 200 and a `Response`, be it an error or not.
//! Another status, or another body, comes from something in between.

use serde_json::Value;

use super::signer::{SignInput, sign};
use crate::api::Reason;
use crate::cloud::answer::{self, Answer, Told};
use crate::cloud::call::{self, CallError, Meaning, NOT_ACCEPTED, Sent, USER_AGENT, unreadable};
use crate::cloud::verdict::{Reading, Rows};
use crate::cloud::{Actions, Gate, Held, Hidden, Key, Method, Reply, Request, Success, Transport};

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
        let reply = self
            .transport
            .read(self.request(Method::Post, action, body.to_string()))
            .await;
        let reply = reply.map_err(|e| CallError::from(e).of(action))?;
        let read = answer::read(self.answer(&reply), &self.key);
        let held = read.map(|response| Held::new(response, reply.place));
        held.map_err(|e| e.of(action))
    }

    /// A mutating call: signed now, sent once. `meaning` is asked about the member
    /// `Response` without an error in it.
    pub async fn send(
        &self,
        method: Method,
        action: &str,
        body: String,
        gate: Gate,
        meaning: impl FnOnce(&Success<'_>) -> Meaning,
    ) -> Sent {
        let request = self.request(method, action, body);
        let reply = match self.transport.send_once(request, gate).await {
            Ok(reply) => reply,
            Err(e) => return e.into(),
        };
        answer::sent(self.answer(&reply), &reply.body, meaning)
    }

    /// How far the cloud's clock is from ours, in milliseconds.
    pub fn clock_offset(&self) -> i64 {
        self.transport.offset(&self.origin)
    }

    fn answer(&self, reply: &Reply) -> Told<Value> {
        let refusal = |code: &str, message: &str, request_id: &str| {
            call::refusal(reply.status, code, message, request_id)
        };
        if reply.status != 200 {
            return Err(refusal("", "", &reply.request_id));
        }
        let mut body: Value = match serde_json::from_slice(&reply.body) {
            Ok(body) => body,
            Err(e) => {
                let why = unreadable(&e).refusal.message;
                return Err(refusal("", &why, &reply.request_id));
            }
        };
        let response = body.get_mut("Response").map(Value::take);
        let Some(response) = response.filter(Value::is_object) else {
            let why = "the answer is not the documented one";
            return Err(refusal("", why, &reply.request_id));
        };
        let text = |of: &Value, name: &str| match &of[name] {
            Value::String(text) => text.clone(),
            _ => String::new(),
        };
        let request_id = text(&response, "RequestId");
        let error = &response["Error"];
        if error.is_null() {
            return Ok(Answer {
                refusal: refusal("", "", &request_id),
                listed: None,
                own: false,
                passes: false,
                success: Some(response),
            });
        }
        let code = text(error, "Code");
        let row = self.rows.find(reply.status, &code);
        let listed = row.map(|row| row.reading);
        // Such an answer may repeat what was signed, headers included.
        let message = match listed {
            Some(Reading::Blocked(Reason::CREDENTIALS_REJECTED)) => NOT_ACCEPTED.to_owned(),
            _ => text(error, "Message"),
        };
        Ok(Answer {
            refusal: refusal(&code, &message, &request_id),
            listed,
            own: !code.is_empty(),
            passes: code.starts_with("InternalError"),
            success: None,
        })
    }

    fn request(&self, method: Method, action: &str, body: String) -> Request {
        let body = body.into_bytes();
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

#[cfg(test)]
mod tests;
