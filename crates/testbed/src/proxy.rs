//! A reverse proxy in front of the API server that spoils some of its answers to
//! the operator, as a busy or failing control plane and the network before it do.
//!
//! It is plain HTTP on loopback, so that the operator needs no certificate of
//! its; upstream is the real API server. Bodies pass as they come, so watches
//! stream. Only writes of statuses and of ledgers, and reads of single objects, are
//! ever spoilt.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderMap};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::{Body, Client};
use tokio::runtime::Runtime;

/// Of a hundred writes of statuses and of ledgers, this many are spoilt.
const SPOILT_WRITES: u32 = 40;
/// Of a hundred reads of one object.
const SPOILT_READS: u32 = 4;
/// Every so many spoilt writes, the client is to run into its time-out.
const HANG_EVERY: u32 = 16;
/// But hardly more often than this in all: each costs its real time.
const MOST_HANGS: usize = 6;

/// What the client gets instead of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spoilt {
    /// 409.
    Conflict,
    /// 429 with `Retry-After`.
    TooManyRequests,
    /// 500.
    InternalError,
    /// The connection is closed.
    Closed,
    /// Nothing, and the connection stays open.
    Hang,
}

/// What became of the request whose answer was spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Upstream {
    /// The API server has stored what was written.
    Applied,
    /// The API server never got it.
    NotApplied,
    /// It was a read.
    Read,
}

/// The faults that were met, and how often.
pub type Met = BTreeMap<(Spoilt, Upstream), usize>;

/// A running proxy. Dropping it closes its connections.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

struct Shared {
    seed: u64,
    upstream: String,
    client: Client,
    state: Mutex<State>,
    /// How often the watches were frozen.
    freezes: Arc<AtomicU64>,
}

#[derive(Default)]
struct State {
    calm: bool,
    /// Refuses to stream lists, as an API server without that feature does.
    pages_only: bool,
    /// How often each object was read or written.
    times: HashMap<String, u32>,
    met: Met,
    met_on_ledgers: Met,
}

impl Proxy {
    /// Starts one in front of the API server at `upstream`. The n-th write of an
    /// object meets the same fault whenever the seed is the same.
    pub fn start(upstream: &str, ca_pem: &str, seed: u64) -> io::Result<Self> {
        let client = crate::api::client(ca_pem)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            seed,
            upstream: upstream.to_owned(),
            client,
            state: Mutex::default(),
            freezes: Arc::default(),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("errand-proxy")
            .enable_all()
            .build()?;
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            runtime: Some(runtime),
        })
    }

    /// What to give to a client as the API server's address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The faults that were met so far.
    pub fn met(&self) -> Met {
        self.shared.state().met.clone()
    }

    /// Spoils nothing any more.
    pub fn calm(&self) {
        self.shared.state().calm = true;
    }

    /// Freezes every watch that is open now: its connection stays open and nothing
    /// comes through it any more, as when a middlebox forgets it. Later ones work.
    pub fn freeze_watches(&self) {
        self.shared.freezes.fetch_add(1, Ordering::SeqCst);
    }

    /// Lists come in pages only.
    pub fn stream_no_lists(&self) {
        self.shared.state().pages_only = true;
    }

    /// Those of them that writes of ledgers met.
    pub fn met_on_ledgers(&self) -> Met {
        self.shared.state().met_on_ledgers.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("it is non-blocking");
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            // Out of file descriptors, most likely; some will be closed.
            tokio::task::yield_now().await;
            continue;
        };
        let _ = socket.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(|request| shared.handle(request));
            // An error here is a client that left, or a fault that closed.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error makes hyper close the connection without a word.
    async fn handle(&self, request: Request<Incoming>) -> io::Result<Response<Body>> {
        let query = request.uri().query().unwrap_or_default();
        if query.contains("sendInitialEvents=true") && self.state().pages_only {
            return Ok(failure(StatusCode::UNPROCESSABLE_ENTITY, "Invalid"));
        }
        let Some((spoilt, point)) = self.choose(request.method(), request.uri().path()) else {
            return self.forward(request).await;
        };
        let of_ledger = request.uri().path().contains("/operationledgers");
        if point == Upstream::Applied {
            let answer = self.forward(request).await?;
            // What the API server itself refused was not applied.
            if !answer.status().is_success() {
                return Ok(answer);
            }
        } else {
            // A connection on which half a request was left unread would be reset
            // rather than answered.
            request.collect().await.map_err(io::Error::other)?;
        }
        {
            let mut state = self.state();
            *state.met.entry((spoilt, point)).or_default() += 1;
            if of_ledger && point != Upstream::Read {
                *state.met_on_ledgers.entry((spoilt, point)).or_default() += 1;
            }
        }
        match spoilt {
            Spoilt::Conflict => Ok(failure(StatusCode::CONFLICT, "Conflict")),
            Spoilt::TooManyRequests => {
                Ok(failure(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests"))
            }
            Spoilt::InternalError => {
                Ok(failure(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"))
            }
            Spoilt::Closed => Err(io::ErrorKind::ConnectionAborted.into()),
            Spoilt::Hang => std::future::pending().await,
        }
    }

    async fn forward(&self, request: Request<Incoming>) -> io::Result<Response<Body>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let target = head
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let watch = target.contains("watch=true");
        let opened = self.freezes.load(Ordering::SeqCst);
        let answer = self
            .client
            .request(head.method, format!("{}{target}", self.upstream))
            .headers(end_to_end(head.headers))
            .body(body)
            .send()
            .await
            .map_err(io::Error::other)?;
        let (mut head, body) = Response::<Body>::from(answer).into_parts();
        head.headers = end_to_end(head.headers);
        let body = match watch {
            false => body,
            true => Body::wrap(Freezing {
                body,
                opened,
                freezes: Arc::clone(&self.freezes),
            }),
        };
        Ok(Response::from_parts(head, body))
    }

    /// The fault that the next request of that method for that object meets.
    fn choose(&self, method: &Method, path: &str) -> Option<(Spoilt, Upstream)> {
        let parts: Vec<&str> = path.split('/').collect();
        let at = parts.iter().position(|part| *part == "namespaces")?;
        let (rate, object) = match (method, &parts[at + 2..]) {
            // Reading its lease is how a leader stays one.
            (&Method::GET, ["leases", _]) => return None,
            (&Method::GET, object @ [_, _]) => (SPOILT_READS, object),
            (&Method::PUT, object @ ([_, _, "status"] | ["operationledgers", _])) => {
                (SPOILT_WRITES, object)
            }
            // Its name is in the body, so creations are counted together.
            (&Method::POST, object @ ["operationledgers"]) => (SPOILT_WRITES, object),
            _ => return None,
        };
        let object = object.join("/");
        let mut state = self.state();
        if state.calm {
            return None;
        }
        let times = state.times.entry(object.clone()).or_default();
        *times += 1;
        let mut hasher = DefaultHasher::new();
        (self.seed, object, *times).hash(&mut hasher);
        let mut random = StdRng::seed_from_u64(hasher.finish());
        if !random.random_ratio(rate, 100) {
            return None;
        }
        let statuses = [
            Spoilt::TooManyRequests,
            Spoilt::InternalError,
            Spoilt::Closed,
        ];
        if method == Method::GET {
            return Some((statuses[random.random_range(0..3)], Upstream::Read));
        }
        let hang = (Spoilt::Hang, Upstream::Applied);
        let hangs = state.met.get(&hang).copied().unwrap_or_default();
        if random.random_ratio(1, HANG_EVERY) && hangs < MOST_HANGS {
            return Some(hang);
        }
        let spoilt = match random.random_range(0..4) {
            3 => Spoilt::Conflict,
            n => statuses[n],
        };
        let point = match random.random_bool(0.5) {
            true => Upstream::Applied,
            false => Upstream::NotApplied,
        };
        Some((spoilt, point))
    }
}

/// The body of a watch, until watches are frozen.
struct Freezing {
    body: Body,
    /// How often they had been frozen when it was opened.
    opened: u64,
    freezes: Arc<AtomicU64>,
}

impl HttpBody for Freezing {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        match self.freezes.load(Ordering::SeqCst) == self.opened {
            true => frame,
            // What came is lost on the way, an end too.
            false => Poll::Pending,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// Without what concerns one connection alone.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in [
        header::HOST,
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
    ] {
        headers.remove(name);
    }
    headers
}

/// As the API server says it.
fn failure(code: StatusCode, reason: &str) -> Response<Body> {
    let body = serde_json::json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": format!("{reason}, says the proxy"),
        "reason": reason,
        "code": code.as_u16(),
    });
    let mut answer = Response::new(Body::from(Bytes::from(body.to_string())));
    *answer.status_mut() = code;
    let json = header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    if code == StatusCode::TOO_MANY_REQUESTS {
        let second = header::HeaderValue::from_static("1");
        answer.headers_mut().insert(header::RETRY_AFTER, second);
    }
    answer
}
