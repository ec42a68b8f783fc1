//! What every Huawei Cloud service shares: signing, the error body, and which
//! answers are refusals.

use serde_json::Value;

use super::signer::{SignInput, sign};
use crate::api::Reason;
use crate::cloud::answer::{self, Answer};
use crate::cloud::call::{self, CallError, Meaning, NOT_ACCEPTED, Sent, USER_AGENT, basic_date};
use crate::cloud::signing::query_text;
use crate::cloud::verdict::{More, Reading, Refusal, Rows};
use crate::cloud::{
    Gate, Held, Hidden, Key, Method, Path, Query, Reply, Request, Success, Transport,
};
use crate::text;

/// How long a date may be off before the gateway refuses the signature.
const DATE_WINDOW_MS: i64 = 15 * 60 * 1000;

/// Bytes of `error_detail` that are passed on, and the longest
/// `encoded_authorization_message`.
const DETAIL_LIMIT: usize = 1024;
const ENCODED_LIMIT: usize = 4096;

/// The members that hold an error's code.
const CODES: &[&str] = &["error_code", "errorCode", "code"];

/// BSS writes this code where others write none.
const SUCCESS: &str = "CBC.0000";

/// Whose resources a call is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A project id: services of a region.
    Project(String),
    /// A domain id, which is the account's: global services.
    Domain(String),
}

impl Scope {
    /// The id, as it stands in paths.
    pub fn id(&self) -> &str {
        match self {
            Scope::Project(id) | Scope::Domain(id) => id,
        }
    }

    fn header(&self) -> &'static str {
        match self {
            Scope::Project(_) => "X-Project-Id",
            Scope::Domain(_) => "X-Domain-Id",
        }
    }
}

/// A service, as one key sees it in one project or account.
#[derive(Clone, Debug)]
pub struct Client {
    /// Scheme and authority.
    pub origin: String,
    /// Project or account.
    pub scope: Scope,
    /// The key that requests are signed with.
    pub key: Key,
    /// The way out.
    pub transport: Transport,
    /// The service's verdict table.
    pub rows: Rows,
}

impl Client {
    /// A read; an answer outside 2xx is an error with its reading. `call` is the API's name.
    pub async fn get(
        &self,
        call: &'static str,
        path: &Path,
        query: &Query,
    ) -> Result<Held<Vec<u8>>, CallError> {
        let dated = self.date();
        let request = self.request(Method::Get, path, query, Vec::new());
        self.read(request, dated).await.map_err(|e| e.of(call))
    }

    /// A read whose question is too long for a path: it is asked by POST.
    pub async fn ask(
        &self,
        call: &'static str,
        path: &Path,
        body: Vec<u8>,
    ) -> Result<Held<Vec<u8>>, CallError> {
        let dated = self.date();
        let request = self.request(Method::Post, path, &Query::default(), body);
        self.read(request, dated).await.map_err(|e| e.of(call))
    }

    /// A read whose documented answer has errors in a member of it: those of what was
    /// asked about. One that is in no member is of the call.
    pub async fn get_with_errors(
        &self,
        call: &'static str,
        path: &Path,
    ) -> Result<Held<Vec<u8>>, CallError> {
        let dated = self.date();
        let request = self.request(Method::Get, path, &Query::default(), Vec::new());
        let answered = self.answered(request, dated).await;
        let (reply, refusal) = answered.map_err(|e| e.of(call))?;
        let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        match member(&body, CODES).as_str() {
            "" | SUCCESS => Ok(Held::new(reply.body, reply.place)),
            _ => Err(CallError::unavailable(refusal).of(call)),
        }
    }

    async fn read(&self, request: Request, dated: i64) -> Result<Held<Vec<u8>>, CallError> {
        let (reply, refusal) = self.answered(request, dated).await?;
        match refusal.code.as_str() {
            "" | SUCCESS => Ok(Held::new(reply.body, reply.place)),
            // 2xx with an error in it.
            _ => Err(CallError::unavailable(refusal)),
        }
    }

    /// An answer of 2xx, and what error there is in it.
    async fn answered(&self, request: Request, dated: i64) -> Result<(Reply, Refusal), CallError> {
        let reply = self.transport.read(request).await?;
        let answer = self.answer(&reply, dated);
        let refusal = answer.refusal.clone();
        answer::read(Ok(answer), &self.key)?;
        Ok((reply, refusal))
    }

    /// A mutating call: signed now, sent once. `meaning` is asked about a 2xx.
    pub async fn send(
        &self,
        method: Method,
        path: &Path,
        body: Vec<u8>,
        gate: Gate,
        meaning: impl FnOnce(&Success<'_>) -> Meaning,
    ) -> Sent {
        let request = self.request(method, path, &Query::default(), body);
        let dated = self.date();
        let reply = match self.transport.send_once(request, gate).await {
            Ok(reply) => reply,
            Err(e) => return e.into(),
        };
        answer::sent(Ok(self.answer(&reply, dated)), &reply.body, meaning)
    }

    /// Every 2xx is an answer of success; an error in it is for who asked.
    fn answer(&self, reply: &Reply, dated: i64) -> Answer<Value> {
        let refusal = refusal(reply);
        Answer {
            listed: self.listed(&refusal, reply, dated),
            own: is_own_code(&refusal.code),
            passes: !(400..500).contains(&reply.status),
            success: (200..300).contains(&reply.status).then_some(Value::Null),
            refusal,
        }
    }

    /// Tells what one key sees of a service in one project from everything else
    /// that could be read.
    pub fn identity(&self) -> String {
        let (origin, scope, key) = (&self.origin, self.scope.id(), self.key.identity());
        format!("{origin} {scope} {key}")
    }

    /// How far the cloud's clock is from ours, in milliseconds.
    pub fn clock_offset(&self) -> i64 {
        self.transport.offset(&self.origin)
    }

    /// The cloud's time as far as we know it.
    fn date(&self) -> i64 {
        self.transport.clock.now().wall.0 + self.clock_offset()
    }

    fn listed(&self, refusal: &Refusal, reply: &Reply, dated: i64) -> Option<Reading> {
        // The gateway uses one code for a bad key and for a bad date. A date
        // that its own clock would not accept says which it was; the offset is
        // learnt by now, so the next call is dated right.
        let stale = reply
            .date
            .is_some_and(|date| (date - dated).abs() >= DATE_WINDOW_MS - 1000);
        if reply.status == 401 && stale {
            return Some(Reading::Retry(Reason::CLOCK_SKEW));
        }
        let own = is_own_code(&refusal.code);
        let code = if own { refusal.code.as_str() } else { "" };
        self.rows.find(reply.status, code).map(|row| row.reading)
    }

    fn request(&self, method: Method, path: &Path, query: &Query, body: Vec<u8>) -> Request {
        let (path, query) = (path.as_str(), query.pairs());
        let mut headers = vec![
            ("Host".to_owned(), call::host(&self.origin).to_owned()),
            ("Content-Type".to_owned(), "application/json".to_owned()),
            ("User-Agent".to_owned(), USER_AGENT.to_owned()),
            (self.scope.header().to_owned(), self.scope.id().to_owned()),
            ("X-Sdk-Date".to_owned(), basic_date(self.date())),
        ];
        if let Some(token) = &self.key.token {
            headers.push(("X-Security-Token".to_owned(), token.reveal().to_owned()));
        }
        let signed = sign(SignInput {
            method: method.as_str(),
            path,
            query,
            headers: &headers,
            body: &body,
            key_id: self.key.id.reveal(),
            secret: self.key.secret.reveal(),
        });
        headers.remove(0);
        let hidden = Hidden::of(&self.key, &signed.authorization);
        headers.push(("Authorization".to_owned(), signed.authorization));
        let target = match query.is_empty() {
            true => path.to_owned(),
            false => format!("{path}?{}", query_text(query)),
        };
        Request {
            method,
            origin: self.origin.clone(),
            target,
            headers,
            body,
            namespace: self.key.namespace.clone(),
            hidden,
            trial: self.key.trial.clone(),
        }
    }
}

/// What the documented codes of the services, their gateway and the billing begin with.
const OWN_CODES: [&str; 6] = ["APIG", "APIGW", "CBC", "CloudDC", "DCS", "WKS"];

/// A code of the cloud's own: `WKS.0407`. An answer with another one, or without any, may
/// be a proxy's, which forwarded the call and told it after that (contracts: l.5).
pub(in crate::cloud) fn is_own_code(code: &str) -> bool {
    code.split_once('.').is_some_and(|(word, number)| {
        let digits = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
        digits && OWN_CODES.contains(&word)
    })
}

/// The first of these members that is a text or a number. Huawei Cloud's
/// services and its gateway spell them differently.
fn member(body: &serde_json::Value, names: &[&str]) -> String {
    let found = names.iter().find_map(|name| match body.get(name)? {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    found.unwrap_or_default()
}

fn refusal(reply: &Reply) -> Refusal {
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    // The error may be one level down, under any name.
    let nested = body.as_object().and_then(|members| {
        members
            .values()
            .find(|inner| inner.is_object() && !member(inner, CODES).is_empty())
    });
    let error = match nested {
        Some(inner) if member(&body, CODES).is_empty() => inner,
        _ => &body,
    };
    let code = member(error, CODES);
    // A 401 of the gateway repeats the canonical request, headers included.
    let raw = member(error, &["error_msg", "errorMsg", "message"]);
    let message = match reply.status {
        401 if raw.contains("reach the limit") => Refusal::LOCKED,
        // A proxy's, which knows nothing of the key.
        401 if !code.is_empty() && !is_own_code(&code) => "",
        401 => NOT_ACCEPTED,
        _ => &raw,
    };
    let request_id = match reply.request_id.as_str() {
        "" => member(&body, &["request_id"]),
        id => id.to_owned(),
    };
    let refusal = call::refusal(reply.status, &code, message, &request_id);
    let encoded = member(error, &["encoded_authorization_message"]);
    // What was signed may be repeated in it, and a part of what is encoded is nothing.
    let shown = reply.status != 401;
    let more = More {
        call: "",
        detail: match shown {
            true => text::line(&member(error, &["error_detail"]), DETAIL_LIMIT),
            false => String::new(),
        },
        encoded: match shown && encoded.len() <= ENCODED_LIMIT && text::is_visible(&encoded) {
            true => encoded,
            false => String::new(),
        },
    };
    Refusal {
        more: (more != More::default()).then(|| Box::new(more)),
        ..refusal
    }
}

#[cfg(test)]
mod tests;
