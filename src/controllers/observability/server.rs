//! A small HTTP server that no client can keep from answering the others: every
//! connection is for one request and ends at a time-out, and where there are too many, the
//! oldest one that has not asked anything yet gives way to the new one.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

/// What a port gives to its clients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Connections at the same time.
    pub(super) connections: usize,
    /// Until the request has been read.
    pub(super) request: Duration,
    /// Until the answer has been taken, from the beginning.
    pub(super) total: Duration,
}

/// After an error of the listener, such as no free file descriptor.
const PAUSE: Duration = Duration::from_millis(50);

/// A connection that is open.
struct Open {
    task: AbortHandle,
    /// It has asked something.
    asked: Arc<AtomicBool>,
}

/// Serves until the process ends.
pub(super) async fn serve<A>(listener: TcpListener, limits: Limits, answer: A)
where
    A: Fn(&Request<Incoming>) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
{
    // The oldest first.
    let mut open: VecDeque<Open> = VecDeque::new();
    loop {
        let accepted = listener.accept().await;
        open.retain(|connection| !connection.task.is_finished());
        match accepted {
            Ok((stream, _)) => {
                while open.len() >= limits.connections.max(1) {
                    close_one(&mut open);
                }
                open.push_back(start(stream, limits, answer.clone()));
            }
            Err(e) => {
                tracing::debug!(error = %e, "a connection was not accepted");
                close_one(&mut open);
                sleep(PAUSE).await;
            }
        }
    }
}

/// Closes the oldest connection that has not asked anything, or the oldest.
fn close_one(open: &mut VecDeque<Open>) {
    let is_idle = |connection: &Open| !connection.asked.load(Ordering::Relaxed);
    let oldest = open.iter().position(is_idle).unwrap_or(0);
    if let Some(closed) = open.remove(oldest) {
        closed.task.abort();
    }
}

fn start<A>(stream: TcpStream, limits: Limits, answer: A) -> Open
where
    A: Fn(&Request<Incoming>) -> Response<Full<Bytes>> + Send + Sync + 'static,
{
    let asked = Arc::new(AtomicBool::new(false));
    let told = asked.clone();
    let service = service_fn(move |request| {
        told.store(true, Ordering::Relaxed);
        let reply = answer(&request);
        async move { Ok::<_, Infallible>(reply) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.request)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let task = tokio::spawn(async move {
        let _ = timeout(limits.total, connection).await;
    });
    let task = task.abort_handle();
    Open { task, asked }
}

#[cfg(test)]
mod tests;
