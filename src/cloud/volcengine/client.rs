//! What every Volcengine service shares: signing, the envelope of an answer, and
//! which answers are refusals.
//!
//! Everything stands in the query, and a GET may mutate. An answer is told by its
//! `ResponseMetadata`: an error is there whatever the HTTP status, and an answer
//! without it is none.

use serde::Deserialize;
use serde_json::Value;

use super::signer::{SignInput, sign};
use crate::api::Reason;
use crate::cloud::answer::{self, Answer, Told};
use crate::cloud::call::{
    self, CallError, Meaning, NOT_ACCEPTED, Sent, USER_AGENT, basic_date, unreadable,
};
use crate::cloud::signing::{hash, query_text};
use crate::cloud::verdict::{Reading, Refusal, Rows};
use crate::cloud::{
    Actions, Gate, Held, Hidden, Key, Method, Query, Reply, Request, Success, Transport,
};

/// A service, as one key sees it in one region.
#[derive(Clone, Debug)]
pub struct Client {
    /// Scheme and authority.
    pub origin: String,
    /// Region, which stands in the signature only.
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

/// What every answer is wrapped in.
#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "ResponseMetadata")]
    metadata: Metadata,
    #[serde(rename = "Result", default)]
    result: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    #[serde(default)]
    request_id: Option<String>,
    #[serde(default)]
    error: Option<Value>,
}

impl Client {
    /// A read: the member `Result`; an error in the answer is one with its reading.
    pub async fn get(&self, action: &'static str, query: &Query) -> Result<Held<Value>, CallError> {
        let reply = self
            .transport
            .read(self.request(Method::Get, action, query))
            .await;
        let reply = reply.map_err(|e| CallError::from(e).of(action))?;
        let read = answer::read(self.answer(&reply), &self.key);
        let held = read.map(|result| Held::new(result, reply.place));
        held.map_err(|e| e.of(action))
    }

    /// A mutating call: signed now, sent once. `meaning` is asked about the member
    /// `Result` of an answer of success, which is null where there is none.
    pub async fn send(
        &self,
        method: Method,
        action: &str,
        query: &Query,
        gate: Gate,
        meaning: impl FnOnce(&Success<'_>) -> Meaning,
    ) -> Sent {
        let request = self.request(method, action, query);
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
        let envelope: Result<Envelope, _> = serde_json::from_slice(&reply.body);
        let metadata = envelope.as_ref().ok().map(|envelope| &envelope.metadata);
        let error = metadata.and_then(|metadata| metadata.error.as_ref());
        let of_error = |name: &str| {
            error
                .and_then(|e| e.get(name)?.as_str())
                .unwrap_or_default()
        };
        let code = of_error("Code");
        let listed = self.rows.find(reply.status, code).map(|row| row.reading);
        // Such an answer may repeat what was signed, headers included.
        let message = match listed {
            Some(Reading::Blocked(Reason::CREDENTIALS_REJECTED)) => NOT_ACCEPTED,
            _ if reply.status == 401 => NOT_ACCEPTED,
            _ => of_error("Message"),
        };
        let request_id = metadata.and_then(|metadata| metadata.request_id.as_deref());
        let request_id = request_id.unwrap_or(&reply.request_id);
        let refusal = call::refusal(reply.status, code, message, request_id);
        let (ok, is_error) = ((200..300).contains(&reply.status), error.is_some());
        let success = match envelope {
            Ok(envelope) => (ok && !is_error).then_some(envelope.result),
            Err(e) if ok => {
                let message = unreadable(&e).refusal.message;
                return Err(Refusal { message, ..refusal });
            }
            Err(_) => None,
        };
        Ok(Answer {
            listed,
            own: !refusal.code.is_empty(),
            passes: !(400..500).contains(&reply.status),
            success,
            refusal,
        })
    }

    fn request(&self, method: Method, action: &str, query: &Query) -> Request {
        let named = [("Action", action), ("Version", self.actions.version)];
        let named = named.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let query = [&named[..], query.pairs()].concat();
        let now = self.transport.clock.now().wall.0 + self.clock_offset();
        let mut headers: Vec<(String, String)> = [
            ("Host", call::host(&self.origin)),
            ("Accept", "application/json"),
            ("User-Agent", USER_AGENT),
            ("X-Date", &basic_date(now)),
            ("X-Content-Sha256", &hash("")),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        if let Some(token) = &self.key.token {
            headers.push(("X-Security-Token".to_owned(), token.reveal().to_owned()));
        }
        let signed = sign(SignInput {
            method: method.as_str(),
            path: "/",
            query: &query,
            headers: &headers,
            body: &[],
            region: &self.region,
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
            target: format!("/?{}", query_text(&query)),
            headers,
            body: Vec::new(),
            namespace: self.key.namespace.clone(),
            hidden,
            trial: self.key.trial.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
