//! An HTTP proxy on loopback, as companies have them: it asks for a password, knows names
//! that no one else knows, and opens TLS with certificates of its own authority where it
//! inspects.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// Bytes of a request to the proxy itself.
const LONGEST_HEAD: usize = 16 << 10;

/// What the proxy does with a request that it has read, after it has forwarded it.
pub type Inspect = Box<dyn Fn(&Method, &str) -> Option<(StatusCode, String)> + Send + Sync>;

/// A running proxy. Dropping it closes its connections.
pub struct ForwardProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    ca_pem: String,
    runtime: Option<Runtime>,
}

struct Shared {
    /// What `Proxy-Authorization` has to say.
    login: String,
    issuer: Issuer<'static, KeyPair>,
    client: reqwest::Client,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Where each name and port is, and whether TLS is opened.
    routes: HashMap<String, Route>,
    /// What is answered to CONNECT instead, by name and port.
    refused: HashMap<String, u16>,
    inspect: Option<Arc<Inspect>>,
    /// Each CONNECT with the right password.
    tunnels: Vec<String>,
    /// Each CONNECT without.
    strangers: usize,
}

#[derive(Clone)]
enum Route {
    /// Bytes pass as they come.
    Tunnel(String),
    /// TLS ends here, and requests go on to this origin.
    Opened(String),
}

impl ForwardProxy {
    /// Starts one that lets in who logs in with this user and password.
    pub fn start(user: &str, password: &str) -> io::Result<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let ca_pem = params.self_signed(&key).map_err(io::Error::other)?.pem();
        let shared = Arc::new(Shared {
            login: format!("Basic {}", base64(format!("{user}:{password}").as_bytes())),
            issuer: Issuer::new(params, key),
            client: crate::api::client(&ca_pem)?,
            state: Mutex::default(),
        });
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("errand-forward-proxy")
            .enable_all()
            .build()?;
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            ca_pem,
            runtime: Some(runtime),
        })
    }

    /// Host and port.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The authority by which it opens TLS.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Passes what is meant for `name` (`HOST:PORT`) on to `address`, unopened.
    pub fn tunnel(&self, name: &str, address: &str) {
        let route = Route::Tunnel(address.to_owned());
        self.shared.state().routes.insert(name.to_owned(), route);
    }

    /// Opens the TLS of what is meant for `name`, and passes requests on to `origin`.
    pub fn open(&self, name: &str, origin: &str) {
        let route = Route::Opened(origin.to_owned());
        self.shared.state().routes.insert(name.to_owned(), route);
    }

    /// Answers each CONNECT for `name` with that status; `None`: no longer.
    pub fn refuse(&self, name: &str, status: Option<u16>) {
        let refused = &mut self.shared.state().refused;
        match status {
            Some(status) => refused.insert(name.to_owned(), status),
            None => refused.remove(name),
        };
    }

    /// Replaces the answers to requests that have been forwarded already.
    pub fn inspect(&self, inspect: Inspect) {
        self.shared.state().inspect = Some(Arc::new(inspect));
    }

    /// How often a tunnel to that name was asked for with the right password.
    pub fn tunnels(&self, name: &str) -> usize {
        let state = self.shared.state();
        state.tunnels.iter().filter(|to| *to == name).count()
    }

    /// How many requests had no password or a wrong one.
    pub fn strangers(&self) -> usize {
        self.shared.state().strangers
    }
}

impl Drop for ForwardProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: StdListener, shared: Arc<Shared>) {
    let listener = TcpListener::from_std(listener).expect("it is non-blocking");
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let shared = Arc::clone(&shared);
        // An error is a client or a server that left.
        tokio::spawn(async move { shared.serve(socket).await });
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(self: Arc<Self>, mut client: TcpStream) -> io::Result<()> {
        let head = read_head(&mut client).await?;
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let connect = head.starts_with("CONNECT ");
        let login = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let named = name.eq_ignore_ascii_case("proxy-authorization");
            named.then(|| value.trim())
        });
        let (status, route) = {
            let mut state = self.state();
            match login == Some(&self.login) {
                false => {
                    state.strangers += 1;
                    (407, None)
                }
                true if !connect => (400, None),
                true => {
                    state.tunnels.push(target.clone());
                    let route = state.routes.get(&target).cloned();
                    let unknown = route.as_ref().map_or(502, |_| 200);
                    let status = state.refused.get(&target).copied().unwrap_or(unknown);
                    (status, route)
                }
            }
        };
        let Some(route) = route.filter(|_| status == 200) else {
            let page = "<html>The proxy refuses this.</html>";
            let reply = format!(
                "HTTP/1.1 {status} Refused\r\nProxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                page.len()
            );
            return client.write_all(reply.as_bytes()).await;
        };
        let established = b"HTTP/1.1 200 Connection established\r\n\r\n";
        match route {
            Route::Tunnel(address) => {
                let mut server = TcpStream::connect(address).await?;
                client.write_all(established).await?;
                copy_bidirectional(&mut client, &mut server).await?;
            }
            Route::Opened(origin) => {
                client.write_all(established).await?;
                let host = target.rsplit_once(':').map_or(&*target, |(host, _)| host);
                let tls = self.acceptor(host)?.accept(client).await?;
                let service = service_fn(|request| self.forward(&origin, request));
                let served = http1::Builder::new().serve_connection(TokioIo::new(tls), service);
                served.await.map_err(io::Error::other)?;
            }
        }
        Ok(())
    }

    /// With a certificate for that host.
    fn acceptor(&self, host: &str) -> io::Result<TlsAcceptor> {
        let params = CertificateParams::new(vec![host.to_owned()]).map_err(io::Error::other)?;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(io::Error::other)?;
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(io::Error::other)?
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .map_err(io::Error::other)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    async fn forward(
        &self,
        origin: &str,
        request: Request<Incoming>,
    ) -> io::Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = head.headers;
        // That of the request stays, as it is signed: `Host`.
        for name in [
            header::CONNECTION,
            header::CONTENT_LENGTH,
            header::TRANSFER_ENCODING,
        ] {
            headers.remove(name);
        }
        let mut call = self
            .client
            .request(head.method.clone(), format!("{origin}{path}"));
        call = call.headers(headers);
        if head.method != Method::GET {
            call = call.body(body);
        }
        let answer = call.send().await.map_err(io::Error::other)?;
        let inspect = self.state().inspect.clone();
        let replaced = inspect.and_then(|inspect| (*inspect)(&head.method, path));
        if let Some((status, page)) = replaced {
            let mut reply = Response::new(Full::new(Bytes::from(page)));
            *reply.status_mut() = status;
            let html = header::HeaderValue::from_static("text/html");
            reply.headers_mut().insert(header::CONTENT_TYPE, html);
            return Ok(reply);
        }
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(io::Error::other)?;
        let mut reply = Response::new(Full::new(body));
        *reply.status_mut() = status;
        for (name, value) in &headers {
            let of_connection = [
                header::CONNECTION,
                header::CONTENT_LENGTH,
                header::TRANSFER_ENCODING,
            ];
            if !of_connection.contains(name) {
                reply.headers_mut().append(name, value.clone());
            }
        }
        Ok(reply)
    }
}

async fn read_head(client: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    // A client waits for the answer before it sends more.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > LONGEST_HEAD || client.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    String::from_utf8(head).map_err(io::Error::other)
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let three = [0, 1, 2].map(|n| u32::from(chunk.get(n).copied().unwrap_or(0)));
        let bits = three[0] << 16 | three[1] << 8 | three[2];
        for n in 0..4 {
            let index = (bits >> (18 - 6 * n)) & 63;
            text.push(match n <= chunk.len() {
                true => char::from(ALPHABET[index as usize]),
                false => '=',
            });
        }
    }
    text
}
