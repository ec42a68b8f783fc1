//! Reads of single objects without a kubectl process for each: tests that wait
//! for something look often, and a process costs more than the answer.

use std::io;
use std::sync::Mutex;

use reqwest::{Certificate, Client, StatusCode, redirect};
use serde_json::Value;
use tokio::runtime::Runtime;

/// A client that only reads.
pub(crate) struct Reader {
    url: String,
    token: String,
    client: Client,
    runtime: Mutex<Runtime>,
}

impl Reader {
    pub(crate) fn new(url: &str, ca_pem: &str, token: &str) -> io::Result<Self> {
        let client = client(ca_pem)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            url: url.to_owned(),
            token: token.to_owned(),
            client,
            runtime: Mutex::new(runtime),
        })
    }

    /// The JSON at that path; `None`: it is not there.
    pub(crate) fn get(&self, path: &str) -> Result<Option<Value>, String> {
        let request = || {
            let request = self.client.get(format!("{}{path}", self.url));
            request.bearer_auth(&self.token).send()
        };
        let text = |e: reqwest::Error| e.to_string();
        let runtime = self.runtime.lock().expect("no panic while it is held");
        runtime.block_on(async {
            let answer = match request().await {
                // Nobody looks at an idle connection, so it may be one to an API
                // server that has been restarted.
                Err(e) if e.is_request() => request().await.map_err(text)?,
                answer => answer.map_err(text)?,
            };
            match answer.status() {
                StatusCode::OK => {
                    let body = answer.bytes().await.map_err(text)?;
                    serde_json::from_slice(&body)
                        .map(Some)
                        .map_err(|e| e.to_string())
                }
                StatusCode::NOT_FOUND => Ok(None),
                status => Err(format!("{path}: {status}")),
            }
        })
    }
}

/// A client that trusts this CA alone.
pub(crate) fn client(ca_pem: &str) -> io::Result<Client> {
    // Fails only if one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Certificate::from_pem(ca_pem.as_bytes())
        .and_then(|ca| {
            Client::builder()
                .tls_certs_only([ca])
                .redirect(redirect::Policy::none())
                .no_proxy()
                .build()
        })
        .map_err(io::Error::other)
}
