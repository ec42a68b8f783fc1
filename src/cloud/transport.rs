//! The one way out: bounded in time and size, no redirects, no hidden retry, and a proxy
//! only where the operator is told to use one. What mutates goes over a fresh connection,
//! and is checked again between connecting and sending.

use std::error::Error as _;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tower::{BoxError, Layer, Service};

use super::hidden::LONG;
use super::room::{HEAVIEST, Place, Room, weigh};
use super::{Hidden, Recent, SharedReads, Trial};
use crate::clock::Clock;
use crate::mistakes::Mistake;
use crate::proxies::{Proxies, Proxy};
use crate::test_point::test_point;

/// Answers longer than this are cut off and count as unreadable.
const LONGEST: usize = 4 << 20;

/// The same of answers to what mutates, which are documented to be far shorter. An answer
/// longer than this needs a place, and no answer of these may have to wait for one.
const SHORT: usize = LONG;

/// HTTP method of a cloud call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads; with Volcengine it mutates, too.
    Get,
    /// Mutates, or asks what is too long for a path.
    Post,
    /// Mutates.
    Put,
}

impl Method {
    /// As it stands in the request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
        }
    }
}

/// A request, signed and ready.
#[derive(Clone)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Scheme and authority, like `https://dcs.cn-north-4.myhuaweicloud.com`.
    pub origin: String,
    /// Path and query as they are sent.
    pub target: String,
    /// Every header but Host and Content-Length.
    pub headers: Vec<(String, String)>,
    /// Body; empty for none.
    pub body: Vec<u8>,
    /// The namespace of the key that signed it.
    pub namespace: String,
    /// What must not be found in the answer.
    pub hidden: Hidden,
    /// Of the key that signed it.
    pub trial: Option<Arc<Trial>>,
}

/// An answer, whatever its status, without anything of the key that was used.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Header `Date` in milliseconds since 1970, if there was a readable one.
    pub date: Option<i64>,
    /// Header `X-Request-Id`.
    pub request_id: String,
    /// Body.
    pub body: Vec<u8>,
    /// Of a long one, until it was decoded.
    pub place: Option<Place>,
}

/// Why there is no readable answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing of the request left.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It may have arrived.
    #[error("no readable answer: {0}")]
    NoAnswer(String),
}

/// An exchange without a readable answer.
struct Failed {
    error: TransportError,
    /// The cloud may have counted a bad signature. Not where an answer came and this process
    /// did not read all of it, for a reason of its own.
    counts: bool,
}

impl From<TransportError> for Failed {
    fn from(error: TransportError) -> Self {
        Self {
            error,
            counts: true,
        }
    }
}

/// What came of a mutating call.
pub type Outcome = Result<Reply, TransportError>;

/// Asked after the connection stands and before the first byte leaves.
pub type Gate = Arc<dyn Fn() -> bool + Send + Sync>;

/// Connections and what is learnt from answers. One per process.
#[derive(Clone)]
pub struct Transport {
    reads: reqwest::Client,
    /// Made once: reading the system's certificates takes longer than a call.
    tls: rustls::ClientConfig,
    proxies: Arc<Proxies>,
    timeout: Duration,
    /// Cloud's time minus ours, by origin, in milliseconds.
    offsets: Arc<Mutex<Recent<String, i64>>>,
    room: Arc<Room>,
    /// Of lists that are read in several answers.
    lists: Arc<Room>,
    /// The clock that requests are dated with.
    pub clock: Clock,
    /// Readings that operations share.
    pub shared: Arc<SharedReads>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

impl Transport {
    /// With the total time-out of one call, and without a proxy.
    pub fn new(clock: Clock, timeout: Duration) -> Result<Self, TransportError> {
        Self::through(Proxies::default(), clock, timeout)
    }

    /// The same through proxies.
    pub fn through(
        proxies: Proxies,
        clock: Clock,
        timeout: Duration,
    ) -> Result<Self, TransportError> {
        let tls = rustls::ClientConfig::builder()
            .with_platform_verifier()
            .map_err(|e| TransportError::NotSent(format!("no certificates: {e}")))?
            .with_no_client_auth();
        let proxies = Arc::new(proxies);
        let reads = builder(&tls, &proxies, timeout)
            .build()
            .map_err(|e| TransportError::NotSent(describe(&e, None)))?;
        Ok(Self {
            reads,
            tls,
            proxies,
            timeout,
            offsets: Arc::default(),
            room: Arc::default(),
            lists: Arc::default(),
            shared: Arc::default(),
            clock,
        })
    }

    /// The same with another clock, by which nothing was learnt yet.
    pub fn with_clock(&self, clock: Clock) -> Self {
        Self {
            offsets: Arc::default(),
            room: Arc::default(),
            lists: Arc::default(),
            shared: Arc::default(),
            clock,
            ..self.clone()
        }
    }

    /// The cloud's time at this origin minus ours, as last seen in a `Date`
    /// header; 0 while it has not been seen.
    pub fn offset(&self, origin: &str) -> i64 {
        let offsets = self.offsets.lock().expect("no panic while it is held");
        offsets.get(origin).copied().unwrap_or_default()
    }

    /// A call that changes nothing.
    pub async fn read(&self, request: Request) -> Outcome {
        self.call(&self.reads, request, LONGEST).await
    }

    /// A call that changes something: once, over a connection of its own, and
    /// only if `gate` agrees after that connection stands.
    pub async fn send_once(&self, request: Request, gate: Gate) -> Outcome {
        let client = builder(&self.tls, &self.proxies, self.timeout)
            .pool_max_idle_per_host(0)
            .connector_layer(GateLayer(gate))
            .build()
            .map_err(|e| TransportError::NotSent(describe(&e, None)))?;
        if Mistake::Retry.is_made() {
            let first = self.call(&client, request.clone(), SHORT).await;
            if !matches!(first, Err(TransportError::NoAnswer(_))) {
                return first;
            }
        }
        self.call(&client, request, SHORT).await
    }

    /// Nothing of an answer leaves here with the key in it.
    async fn call(&self, client: &reqwest::Client, request: Request, most: usize) -> Outcome {
        let (hidden, trial) = (request.hidden.clone(), request.trial.clone());
        if trial.as_ref().is_some_and(|trial| trial.is_over()) {
            let why = "the cloud has not accepted the key a moment ago";
            return Err(TransportError::NotSent(why.to_owned()));
        }
        match self.exchange(client, request, most).await {
            Ok(reply) => Ok(Reply {
                request_id: hidden.text(&reply.request_id),
                body: without(hidden, reply.body).await,
                ..reply
            }),
            Err(Failed { error, counts }) => Err(match error {
                TransportError::NotSent(text) => TransportError::NotSent(hidden.text(&text)),
                TransportError::NoAnswer(text) => {
                    if let Some(trial) = trial.filter(|_| counts) {
                        trial.miss();
                    }
                    TransportError::NoAnswer(hidden.text(&text))
                }
            }),
        }
    }

    async fn exchange(
        &self,
        client: &reqwest::Client,
        request: Request,
        most: usize,
    ) -> Result<Reply, Failed> {
        let asked = self.clock.now().wall.0;
        let proxy = request.origin.parse().ok();
        let proxy = proxy.and_then(|origin| self.proxies.of(&origin));
        let url = format!("{}{}", request.origin, request.target);
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
        };
        let mut call = client.request(method, url);
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        if request.method != Method::Get && request.body.is_empty() {
            call = call.header(http::header::CONTENT_LENGTH, "0");
        }
        if !request.body.is_empty() {
            call = call.body(request.body);
        }
        let mut response = call.send().await.map_err(|e| {
            // reqwest connects before it writes, and a proxy's answer to CONNECT belongs
            // to connecting; its own word is relied on, and tests hold it to it.
            if e.is_connect() || e.is_builder() {
                TransportError::NotSent(describe(&e, proxy))
            } else {
                TransportError::NoAnswer(describe(&e, proxy))
            }
        })?;
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().ok()?.to_owned())
        };
        let date = header("date").and_then(|text| parse_date(&text));
        let request_id = header("x-request-id").unwrap_or_default();
        let answered = self.clock.now().wall.0;
        if let Some(date) = date {
            self.learn(&request.origin, date, asked, answered);
        }
        let status = response.status().as_u16();
        let own = |error| Failed {
            error,
            counts: status == 401,
        };
        let unreadable = |why: String| Err(own(TransportError::NoAnswer(why)));
        let (mut body, mut weight, mut place) = (Vec::new(), 0, None);
        let mut until = None;
        loop {
            let chunk = match until {
                None => response.chunk().await,
                Some(until) => match tokio::time::timeout_at(until, response.chunk()).await {
                    Ok(chunk) => chunk,
                    Err(_) => return unreadable("the long answer comes too slowly".to_owned()),
                },
            };
            let chunk = chunk.map_err(|e| TransportError::NoAnswer(describe(&e, proxy)))?;
            let Some(chunk) = chunk else {
                break;
            };
            let length = body.len() + chunk.len();
            weight += weigh(&chunk);
            if length > most {
                return unreadable(format!("the answer is longer than {most} bytes"));
            }
            if weight > HEAVIEST {
                return unreadable("the answer has more values than any documented one".to_owned());
            }
            if length > SHORT && place.is_none() {
                let taken = self.place(&self.room, &request.namespace).await;
                place = Some(taken.map_err(own)?);
                // The other half of the time is for one who waits for that place.
                until = Some(tokio::time::Instant::now() + self.timeout / 2);
                body.reserve_exact(most - body.len());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply {
            status,
            date,
            request_id,
            body,
            place,
        })
    }

    /// A place for a list that a key of that namespace reads in several long answers.
    pub(super) async fn place_of_list(&self, namespace: &str) -> Result<Place, TransportError> {
        self.place(&self.lists, namespace).await
    }

    /// Who has held the place of a list for so long gives it up: another one waits.
    pub(super) fn is_due(&self, held: Duration) -> bool {
        held > self.timeout / 2 && self.lists.is_wanted()
    }

    async fn place(&self, room: &Room, namespace: &str) -> Result<Place, TransportError> {
        let taken = tokio::time::timeout(self.timeout, room.take(namespace)).await;
        let why = "time-out: too many long answers at the same time";
        taken.map_err(|_| TransportError::NoAnswer(why.to_owned()))
    }

    /// The header has whole seconds and was written somewhere between question
    /// and answer: what that can explain counts as no offset.
    fn learn(&self, origin: &str, date: i64, asked: i64, answered: i64) {
        let offset = if date + 999 < asked {
            date + 999 - asked
        } else if date > answered {
            date - answered
        } else {
            0
        };
        // An offset matters for as long as requests go there, whatever becomes of the
        // wall clock.
        let now = self.clock.now().mono.0;
        let mut offsets = self.offsets.lock().expect("no panic while it is held");
        *offsets.entry(origin.to_owned(), now, |_| false, || 0) = offset;
    }
}

/// The body without the key. Where that takes a while, not in the way of other tasks.
async fn without(hidden: Hidden, body: Vec<u8>) -> Vec<u8> {
    if body.len() <= SHORT {
        return hidden.body(body);
    }
    let searched = tokio::task::spawn_blocking(move || hidden.body(body));
    searched.await.expect("it does not panic")
}

fn builder(
    tls: &rustls::ClientConfig,
    proxies: &Arc<Proxies>,
    timeout: Duration,
) -> reqwest::ClientBuilder {
    let proxies = proxies.clone();
    let proxy = reqwest::Proxy::custom(move |url| {
        let target = url.as_str().parse().ok()?;
        Some(proxies.of(&target)?.reveal().to_string())
    });
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .connect_timeout(timeout.min(Duration::from_secs(5)))
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .proxy(proxy)
        .referer(false)
        .http1_only()
}

/// The error and its causes, without the URL (an id in it is no secret, but a
/// query may become one).
fn describe(error: &reqwest::Error, proxy: Option<&Proxy>) -> String {
    let mut text = match () {
        () if error.is_timeout() => "time-out".to_owned(),
        () if error.is_connect() => "connecting failed".to_owned(),
        () => "the connection failed".to_owned(),
    };
    if let Some(proxy) = proxy {
        text = format!("{text} (through the proxy {proxy})");
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

fn parse_date(text: &str) -> Option<i64> {
    let time = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()?;
    Some(time.as_millisecond())
}

/// The gate said no: the reason for an unsent call.
#[derive(Debug, thiserror::Error)]
#[error("withheld by the last check before sending")]
struct Withheld;

#[derive(Clone)]
struct GateLayer(Gate);

impl<S> Layer<S> for GateLayer {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated {
            inner,
            gate: self.0.clone(),
        }
    }
}

#[derive(Clone)]
struct Gated<S> {
    inner: S,
    gate: Gate,
}

impl<S, R> Service<R> for Gated<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: Send,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let connect = self.inner.call(request);
        let gate = self.gate.clone();
        Box::pin(async move {
            let connection = connect.await?;
            if !gate() {
                return Err(Withheld.into());
            }
            test_point("after", "Gate").await;
            Ok(connection)
        })
    }
}

#[cfg(test)]
mod tests;
