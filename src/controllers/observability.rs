//! `/livez`, `/readyz` and `/metrics`, and the span of a reconcile pass.

mod server;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use kube::Resource;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;

use self::server::{Limits, serve};
use super::shown::ObjectKey;
use super::watch::Hearing;

/// A probe asks at once, and its answer is a word.
const PROBES: Limits = Limits {
    connections: 32,
    request: Duration::from_secs(1),
    total: Duration::from_secs(2),
};

/// Metrics are longer, and who reads them may be further away.
const METRICS: Limits = Limits {
    connections: 32,
    request: Duration::from_secs(2),
    total: Duration::from_secs(10),
};

/// What the endpoints tell.
#[derive(Clone)]
pub(super) struct Health {
    /// The API server was reached, and this process leads or waits to.
    pub(super) ready: Arc<AtomicBool>,
    /// What the watches of a process that leads have heard.
    pub(super) hearing: Hearing,
    pub(super) registry: Arc<Registry>,
}

/// Serves all paths until the process ends.
pub(super) async fn serve_all(listener: TcpListener, health: Health) {
    serve(listener, METRICS, move |request| answer(request, &health)).await;
}

/// Serves the probes alone, on a port of their own, until the process ends.
pub(super) async fn serve_probes(listener: TcpListener, health: Health) {
    serve(listener, PROBES, move |request| {
        match request.uri().path() {
            "/metrics" => text(
                StatusCode::NOT_FOUND,
                "metrics are on the port of --listen\n",
            ),
            _ => answer(request, &health),
        }
    })
    .await;
}

/// Opens the port.
pub(super) async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

fn answer(request: &Request<Incoming>, health: &Health) -> Response<Full<Bytes>> {
    let (status, text) = match request.uri().path() {
        "/livez" => (StatusCode::OK, "ok\n".to_owned()),
        "/readyz" => match health.ready.load(Ordering::SeqCst) && health.hearing.is_ready() {
            true => (StatusCode::OK, "ok\n".to_owned()),
            false => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n".to_owned()),
        },
        "/metrics" => {
            let mut text = String::new();
            match prometheus_client::encoding::text::encode(&mut text, &health.registry) {
                Ok(()) => (StatusCode::OK, text),
                Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
            }
        }
        _ => (
            StatusCode::NOT_FOUND,
            "see /livez, /readyz, /metrics\n".to_owned(),
        ),
    };
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let mut reply = Response::new(Full::new(Bytes::from(text)));
    *reply.status_mut() = status;
    if request.uri().path() == "/metrics"
        && let Ok(kind) = kind.parse()
    {
        reply.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    }
    reply
}

fn text(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut reply = Response::new(Full::new(Bytes::from(text)));
    *reply.status_mut() = status;
    reply
}

/// The span of a reconcile pass: each of its log lines names the object. Its level is the
/// highest, so that `--log` never leaves it out. A span's own name is `name` in JSON.
pub(super) fn span<R: Resource<DynamicType = ()>>(key: &ObjectKey, uid: &str) -> tracing::Span {
    tracing::error_span!(
        "reconcile",
        object.kind = %R::kind(&()),
        object.namespace = %key.namespace,
        object.name = %key.name,
        object.uid = %uid,
    )
}
