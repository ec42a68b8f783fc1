//! What is asked of the API server often, without a kubectl process for each: that
//! costs more than the answer.

use std::io;
use std::sync::Mutex;

use reqwest::{Certificate, Client, RequestBuilder, StatusCode, redirect};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// A client with an administrator's rights.
pub struct Api {
    url: String,
    token: String,
    client: Client,
    runtime: Mutex<Runtime>,
}

impl Api {
    /// For the API server at `url`, which shows a certificate of that CA.
    pub fn new(url: &str, ca_pem: &str, token: &str) -> io::Result<Self> {
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
    pub fn get(&self, path: &str) -> Result<Option<Value>, String> {
        self.ask(|client, url| client.get(format!("{url}{path}")))
            .map_err(|e| format!("{path}: {e}"))
    }

    /// Makes this object, as `kubectl apply` would make it, in this namespace if it belongs
    /// into one. The last part of its path is `plural`.
    pub(crate) fn create(
        &self,
        namespace: &str,
        mut object: Value,
        plural: &str,
    ) -> Result<(), String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
        let group = match version.contains('/') {
            true => format!("/apis/{version}"),
            false => format!("/api/{version}"),
        };
        let path = match kind.as_str() {
            "Namespace" | "ClusterRole" | "ClusterRoleBinding" => format!("{group}/{plural}"),
            _ => {
                object["metadata"]["namespace"] = namespace.into();
                format!("{group}/namespaces/{namespace}/{plural}")
            }
        };
        // What a later `kubectl apply` compares with.
        let applied = format!("{object}\n");
        object["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] =
            applied.into();
        let body = object.to_string();
        let created = self.ask(|client, url| {
            let post = client.post(format!("{url}{path}?fieldValidation=Strict"));
            let post = post.header("Content-Type", "application/json");
            post.body(body.clone())
        });
        match created {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(format!("{path}: not found")),
            Err(e) => Err(format!("{path}: {e}")),
        }
    }

    /// Changes the object at that path by a merge patch.
    pub(crate) fn merge(&self, path: &str, patch: &Value) -> Result<(), String> {
        let merged = self.ask(|client, url| {
            let sent = client.patch(format!("{url}{path}"));
            let sent = sent.header("Content-Type", "application/merge-patch+json");
            sent.body(patch.to_string())
        });
        match merged {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(format!("{path}: not found")),
            Err(e) => Err(format!("{path}: {e}")),
        }
    }

    /// Deletes what is at that path, if it is there.
    pub(crate) fn delete(&self, path: &str) -> Result<(), String> {
        self.ask(|client, url| client.delete(format!("{url}{path}")))
            .map(drop)
            .map_err(|e| format!("{path}: {e}"))
    }

    /// A token for this service account, for as many seconds.
    pub(crate) fn token(
        &self,
        namespace: &str,
        account: &str,
        seconds: u32,
    ) -> Result<String, String> {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": seconds},
        });
        let answer = self.ask(|client, url| {
            let post = client.post(format!("{url}{path}"));
            let post = post.header("Content-Type", "application/json");
            post.body(request.to_string())
        });
        let token = answer?.and_then(|answer| Some(answer["status"]["token"].as_str()?.to_owned()));
        token.ok_or_else(|| format!("{path}: no token"))
    }

    /// The JSON of the answer; `None`: not found.
    fn ask(
        &self,
        request: impl Fn(&Client, &str) -> RequestBuilder,
    ) -> Result<Option<Value>, String> {
        let request = || {
            let request = request(&self.client, &self.url);
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
                status if status.is_success() => {
                    let body = answer.bytes().await.map_err(text)?;
                    serde_json::from_slice(&body)
                        .map(Some)
                        .map_err(|e| e.to_string())
                }
                StatusCode::NOT_FOUND => Ok(None),
                status => Err(status.to_string()),
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
