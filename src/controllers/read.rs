//! Requests to the API server about one object. Every answer is decoded like what the
//! watches show, so that no metadata of another client's making hurts a read, and
//! nothing of an answer is logged.

use http::{Method, Request, header};
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::core::Status;
use kube::{Client, Resource};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use super::context::API_TIMEOUT;
use super::unreadable::Unreadable;
use super::watch::decode;

/// Bytes of an answer about one object. etcd takes 1.5 MiB as the API server is set up
/// by default.
const ONE_OBJECT: usize = 16 << 20;
/// Bytes of a refusal that are read.
const REFUSAL: usize = 64 << 10;
/// What a name may not say in a path.
const IN_A_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// Why there is no object.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotRead {
    /// No or half an answer within [`API_TIMEOUT`].
    #[error("no answer in time")]
    NoAnswer,
    /// The API server refuses, with an HTTP status.
    #[error("{}", .0.message)]
    Refused(Box<Status>),
    /// The connection fails.
    #[error("{0}")]
    Failed(#[from] kube::Error),
    /// The answer is longer than so many bytes.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    /// There is an object, and it cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(Box<Unreadable>),
}

impl NotRead {
    /// HTTP status of a refusal.
    pub(super) fn code(&self) -> Option<u16> {
        match self {
            Self::Refused(status) => Some(status.code),
            _ => None,
        }
    }
}

/// The object of that name, if there is one; `namespace` is absent for kinds that are
/// in none.
pub(super) async fn get<R>(
    client: &Client,
    namespace: Option<&str>,
    name: &str,
) -> Result<Option<R>, NotRead>
where
    R: Resource<DynamicType = ()> + DeserializeOwned,
{
    if !is_name(name) {
        return Ok(None);
    }
    let found = get_raw(client, &url::<R>(namespace, name)).await?;
    found.map(|raw| object(&raw)).transpose()
}

/// The JSON at that path, if there is an object.
pub(super) async fn get_raw(client: &Client, url: &str) -> Result<Option<Vec<u8>>, NotRead> {
    found(timed(answer(client, request(Method::GET, url, None)?, ONE_OBJECT)).await)
}

/// The same of its metadata alone. An API server that knows no such form gives all of it.
pub(super) async fn get_metadata(client: &Client, url: &str) -> Result<Option<Vec<u8>>, NotRead> {
    const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    let mut request = request(Method::GET, url, None)?;
    let accept = header::HeaderValue::from_static(METADATA);
    request.headers_mut().insert(header::ACCEPT, accept);
    found(timed(answer(client, request, ONE_OBJECT)).await)
}

fn found(answer: Result<Vec<u8>, NotRead>) -> Result<Option<Vec<u8>>, NotRead> {
    match answer {
        Err(e) if e.code() == Some(404) => Ok(None),
        answer => answer.map(Some),
    }
}

/// Creates (POST), replaces (PUT) or deletes what is at that path; the answer's JSON.
pub(super) async fn write(
    client: &Client,
    method: Method,
    url: &str,
    body: &Value,
) -> Result<Vec<u8>, NotRead> {
    timed(answer(
        client,
        request(method, url, Some(body))?,
        ONE_OBJECT,
    ))
    .await
}

/// Decodes an answer.
pub(super) fn object<R: DeserializeOwned>(raw: &[u8]) -> Result<R, NotRead> {
    decode(raw).map_err(NotRead::Unreadable)
}

/// An object can have that name. Of another one the API server would take a part for
/// something else, for instance for a subresource.
pub(super) fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '%'])
}

/// The path of an object; of all of the kind for an empty name.
pub(super) fn url<R: Resource<DynamicType = ()>>(namespace: Option<&str>, name: &str) -> String {
    let namespace = namespace.map(|name| utf8_percent_encode(name, IN_A_PATH).to_string());
    let all = R::url_path(&(), namespace.as_deref());
    match name {
        "" => all,
        name => format!("{all}/{}", utf8_percent_encode(name, IN_A_PATH)),
    }
}

/// A request without an answer yet.
pub(super) fn request(
    method: Method,
    url: &str,
    body: Option<&Value>,
) -> Result<Request<Body>, NotRead> {
    let request = Request::builder().method(method).uri(url);
    let request = match body {
        None => request.body(Body::empty()),
        Some(body) => request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string().into_bytes())),
    };
    Ok(request.map_err(kube::Error::HttpError)?)
}

/// The body of a successful answer that is at most so long.
pub(super) async fn answer(
    client: &Client,
    request: Request<Body>,
    most: usize,
) -> Result<Vec<u8>, NotRead> {
    let mut body = open(client, request).await?;
    up_to(&mut body, most).await
}

/// The body of a successful answer, to be read as it comes.
pub(super) async fn open(client: &Client, request: Request<Body>) -> Result<Body, NotRead> {
    let response = client.send(request).await?;
    let code = response.status();
    let mut body = response.into_body();
    if code.is_success() {
        return Ok(body);
    }
    let text = up_to(&mut body, REFUSAL).await.unwrap_or_default();
    let told = serde_json::from_slice::<Status>(&text).ok();
    // A proxy's page is no Status. Its text is not ours to repeat.
    let mut status = told.unwrap_or_else(|| Status::failure(&format!("HTTP {code}"), ""));
    status.code = code.as_u16();
    Err(NotRead::Refused(Box::new(status)))
}

async fn up_to(body: &mut Body, most: usize) -> Result<Vec<u8>, NotRead> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame?.into_data() else {
            continue;
        };
        if bytes.len() + chunk.len() > most {
            return Err(NotRead::TooLong(most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// With the time-out of a request.
pub(super) async fn timed<T>(
    answer: impl Future<Output = Result<T, NotRead>>,
) -> Result<T, NotRead> {
    timeout(API_TIMEOUT, answer)
        .await
        .unwrap_or(Err(NotRead::NoAnswer))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fake_api::{block_on, client, failure};
    use super::*;
    use crate::api::CloudConnection;
    use k8s_openapi::api::core::v1::Secret;

    #[test]
    fn a_name_cannot_lead_to_another_path() {
        for (name, path) in [
            ("huawei-prod.x_1", "huawei-prod.x_1"),
            ("a/../b?c#d%2e", "a%2F..%2Fb%3Fc%23d%252e"),
        ] {
            let url = url::<Secret>(Some("ns"), name);
            assert_eq!(url, format!("/api/v1/namespaces/ns/secrets/{path}"));
        }
        assert_eq!(url::<Secret>(None, ""), "/api/v1/secrets");
    }

    #[test]
    fn what_is_no_name_is_asked_of_nobody() {
        for name in ["", ".", "..", "a/b", "a/../b", "a%2Fb"] {
            let found = block_on(async {
                let client = client(|request| panic!("{}", request.uri()));
                get::<Secret>(&client, Some("ns"), name).await
            });
            assert!(matches!(found, Ok(None)), "{name}");
        }
    }

    #[test]
    fn an_answer_is_an_object_none_a_refusal_or_unreadable() {
        let metadata = json!({"name": "s", "managedFields": [{"time": "9999-12-31T23:59:59Z"}]});
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata});
        let ask = |code: u16, body: Value| {
            block_on(async {
                let client = client(move |_| (code, body.clone()));
                get::<Secret>(&client, Some("ns"), "s").await
            })
        };
        assert!(matches!(ask(200, secret), Ok(Some(_))));
        let (code, body) = failure(404, "NotFound");
        assert!(matches!(ask(code, body), Ok(None)));
        let (code, body) = failure(403, "Forbidden");
        assert_eq!(ask(code, body).expect_err("a refusal").code(), Some(403));
        // Not one of the API server's.
        let refused = ask(502, json!("canary")).expect_err("a refusal");
        assert_eq!(
            (refused.code(), refused.to_string().contains("canary")),
            (Some(502), false)
        );
        let wrong = json!({"metadata": {"name": "s"}, "data": "canary"});
        let unreadable = ask(200, wrong).expect_err("no Secret").to_string();
        assert!(
            unreadable.contains("data") && !unreadable.contains("canary"),
            "{unreadable}"
        );
    }

    #[test]
    fn an_answer_that_is_too_long_is_not_read_to_its_end() {
        block_on(async {
            let client = client(|_| (200, json!("x".repeat(1_000))));
            let url = url::<CloudConnection>(None, "");
            let request = request(Method::GET, &url, None).expect("a request");
            let answer = answer(&client, request, 999).await;
            assert!(matches!(answer, Err(NotRead::TooLong(999))));
        });
    }
}
