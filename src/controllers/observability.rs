//! `/livez`, `/readyz` and `/metrics`, and the span of a reconcile pass.

mod server;

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use kube::Resource;
use prometheus_client::registry::Registry;
use socket2::{Domain, Socket, Type};
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

/// Opens the port. An address `[::]` is that of IPv4, too; without IPv6 it is `0.0.0.0`.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = with_fallback(address, listen)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Asks for the address of IPv4 where the one of IPv6 is not available. A port that is
/// taken, or not allowed, is not available for IPv4 either.
fn with_fallback<T>(
    address: SocketAddr,
    mut listen: impl FnMut(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let any_v6 = address.ip() == IpAddr::from(Ipv6Addr::UNSPECIFIED);
    match listen(address) {
        Err(e)
            if any_v6
                && !matches!(e.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) =>
        {
            listen(SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())))
        }
        result => result,
    }
}

fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A node may be set up otherwise.
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    Ok(socket.into())
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

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 8080);

    #[test]
    fn without_ipv6_the_port_is_opened_for_ipv4() {
        let refusing = |kind: ErrorKind| {
            move |address: SocketAddr| match address.is_ipv6() {
                true => Err(kind.into()),
                false => Ok(address),
            }
        };
        let any_v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080));
        // The address is not there, or not even its family.
        for kind in [
            ErrorKind::AddrNotAvailable,
            ErrorKind::Unsupported,
            ErrorKind::Other,
        ] {
            assert_eq!(with_fallback(ANY, refusing(kind)).unwrap(), any_v4);
        }
        for kind in [ErrorKind::AddrInUse, ErrorKind::PermissionDenied] {
            assert_eq!(with_fallback(ANY, refusing(kind)).unwrap_err().kind(), kind);
        }
        let loopback = SocketAddr::from((Ipv6Addr::LOCALHOST, 8080));
        let failed = with_fallback(loopback, refusing(ErrorKind::AddrNotAvailable));
        assert!(
            failed.is_err(),
            "an address that was asked for is not replaced"
        );
    }

    #[tokio::test]
    async fn every_address_is_reached_whatever_its_family() {
        let listener = bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let reached = |host: IpAddr| tokio::net::TcpStream::connect((host, port));
        reached(Ipv4Addr::LOCALHOST.into())
            .await
            .expect("over IPv4");
        if std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
            reached(Ipv6Addr::LOCALHOST.into())
                .await
                .expect("over IPv6");
        }
    }
}
