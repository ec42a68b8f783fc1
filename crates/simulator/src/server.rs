//! The sockets: hyper without a framework, because faults need what frameworks
//! hide. A request is taken raw; a connection can end without an answer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE};
use hyper::service::service_fn;
use hyper::{Response, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::Config;
use crate::admin;
use crate::message::{Answer, Request};
use crate::world::{Arrival, Outcome, World};

/// The gateway's documented limit.
const LARGEST_BODY: usize = 12 << 20;
const LARGEST_SEED: usize = 256 << 20;
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// What the connections, the admin API and [`crate::Simulator`] share.
pub(crate) struct Shared {
    world: Mutex<World>,
    delay: Duration,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            delay: config.delay,
            world: Mutex::new(World::new(config)),
        }
    }

    /// A panic of one request must not take the journal from the others.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts until `stopped` is told or dropped.
pub(crate) async fn serve(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    mut stopped: oneshot::Receiver<()>,
) {
    let listener = TcpListener::from_std(listener).expect("the listener is non-blocking");
    loop {
        let accepted = tokio::select! {
            _ = &mut stopped => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((socket, peer)) = accepted else {
            // Out of file descriptors, most likely; some will be closed.
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        let _ = socket.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(|request| receive(request, Arc::clone(&shared), peer));
            // An error here is a client that left, or a fault that closed.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}

/// An error makes hyper drop the connection without a word.
async fn receive(
    request: hyper::Request<Incoming>,
    shared: Arc<Shared>,
    peer: SocketAddr,
) -> io::Result<Response<Payload>> {
    let is_admin = request.uri().path().starts_with(admin::PREFIX);
    let limit = if is_admin { LARGEST_SEED } else { LARGEST_BODY };
    let (request, too_large) = timeout(BODY_TIMEOUT, read(request, limit))
        .await
        .map_err(|_| aborted())??;
    if is_admin {
        return Ok(admin::answer(&shared, &request, peer));
    }
    // On a task of its own: a cloud finishes what it has read, also when the client
    // gives up meanwhile.
    let outcome = tokio::spawn(handle(shared, request, too_large))
        .await
        .map_err(|_| aborted())?;
    match outcome {
        Outcome::Answer(answer) => Ok(respond(answer, false)),
        Outcome::Truncated(answer) => Ok(respond(answer, true)),
        Outcome::Close => Err(aborted()),
        Outcome::Hang => std::future::pending().await,
    }
}

async fn handle(shared: Arc<Shared>, request: Request, too_large: bool) -> Outcome {
    let arrival = shared.world().arrive(&request, too_large);
    if !shared.delay.is_zero() {
        sleep(shared.delay).await;
    }
    match arrival {
        Arrival::Refused(answer) => Outcome::Answer(answer),
        Arrival::Admitted {
            call,
            time,
            route,
            fault,
        } => {
            if let Some(crate::FaultKind::Delay { ms }) = fault {
                sleep(Duration::from_millis(ms)).await;
            }
            let mut world = shared.world();
            world.carry_out(call, time, route, request, fault)
        }
    }
}

/// Takes a request as it is. The flag says that its body was over the limit.
async fn read(request: hyper::Request<Incoming>, limit: usize) -> io::Result<(Request, bool)> {
    let (head, body) = request.into_parts();
    let (body, too_large) = match Limited::new(body, limit).collect().await {
        Ok(body) => (body.to_bytes().to_vec(), false),
        Err(error) if error.is::<LengthLimitError>() => (Vec::new(), true),
        Err(_) => return Err(aborted()),
    };
    let target = match head.uri.path_and_query() {
        Some(target) => target.to_string(),
        None => head.uri.path().to_owned(),
    };
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect();
    let request = Request {
        method: head.method.to_string(),
        target,
        headers,
        body,
    };
    Ok((request, too_large))
}

fn aborted() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

fn respond(answer: Answer, truncated: bool) -> Response<Payload> {
    let date = answer.date.strftime("%a, %d %b %Y %H:%M:%S GMT");
    let length = answer.body.len();
    let mut response = Response::builder()
        .status(answer.status)
        .header(DATE, date.to_string());
    if let Some(id) = answer.request_id {
        response = response.header("X-Request-Id", id);
    }
    // A 204 has no body, and must not give its length.
    if answer.status != 204 {
        response = response
            .header(CONTENT_TYPE, answer.content_type)
            .header(CONTENT_LENGTH, length);
    }
    response
        .body(if truncated {
            Payload::truncated(answer.body)
        } else {
            Payload::whole(answer.body)
        })
        .expect("status and headers are valid")
}

/// A body that may break off. Breaking off first lets hyper flush what was sent.
pub(crate) struct Payload {
    bytes: Option<Bytes>,
    left: u8,
}

impl Payload {
    pub(crate) fn whole(bytes: Vec<u8>) -> Self {
        Self {
            bytes: Some(bytes.into()),
            left: 0,
        }
    }

    fn truncated(mut bytes: Vec<u8>) -> Self {
        bytes.truncate(bytes.len() / 2);
        Self {
            bytes: Some(bytes.into()),
            left: 2,
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(bytes) = self.bytes.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match self.left {
            0 => Poll::Ready(None),
            1 => Poll::Ready(Some(Err(aborted()))),
            _ => {
                self.left -= 1;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0 && self.bytes.is_none()
    }
}
