//! Requests to the API server about one object. Every answer is decoded like what the
//! watches show, so that no metadata of another client's making hurts a read, and
//! nothing of an answer is logged.

use http::{Method, Request, header};
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::core::Status;
use kube::{Client, Resource};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use super::context::API_TIMEOUT;
use super::unreadable::Unreadable;
use super::watch::decode;
use crate::api::is_object_name;
use crate::text;

/// Bytes of an answer about one object. etcd takes 1.5 MiB as the API server is set up
/// by default.
const ONE_OBJECT: usize = 16 << 20;
/// Bytes of a refusal that are read.
const REFUSAL: usize = 64 << 10;
/// Longest part of an odd name that is told.
const TOLD: usize = 64;

/// Why there is no object.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotRead {
    /// No or half an answer within [`API_TIMEOUT`].
    #[error("no answer in time")]
    NoAnswer,
    /// The API server refuses, with an HTTP status. Its message may quote an object.
    #[error("{}", text::line(&.0.message, 512))]
    Refused(Box<Status>),
    /// The connection fails, at a proxy for instance: what is outermost does not say so.
    #[error("{}", text::chain(.0))]
    Failed(#[from] kube::Error),
    /// The answer is longer than so many bytes.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    /// No object can have that name, so the API server is not asked about it.
    #[error("\"{0}\" is not a valid name")]
    NoName(String),
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

    /// As an API server answers while it starts, or while the storage of a CRD that was
    /// just installed does: "storage is (re)initializing".
    pub(super) fn may_be_starting(&self) -> bool {
        matches!(self.code(), Some(429 | 503))
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
    let url = match url::<R>(namespace, name) {
        // There is no object of such a name.
        Err(NotRead::NoName(_)) => return Ok(None),
        url => url?,
    };
    let found = get_raw(client, &url).await?;
    found.map(|raw| object(&raw)).transpose()
}

/// The JSON at that path, if there is an object.
pub(super) async fn get_raw(client: &Client, url: &Url) -> Result<Option<Vec<u8>>, NotRead> {
    let request = request(Method::GET, url, None)?;
    found(timed(answer(client, request, ONE_OBJECT)).await)
}

/// The same of its metadata alone. An API server that knows no such form gives all of it.
pub(super) async fn get_metadata(client: &Client, url: &Url) -> Result<Option<Vec<u8>>, NotRead> {
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

/// Creates (POST), replaces (PUT), changes (PATCH) or deletes what is at that path; the
/// answer's JSON.
pub(super) async fn write(
    client: &Client,
    method: Method,
    url: &Url,
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

/// The path of a request. It is made of names that were checked, wherever they come from,
/// and requests are made with no other.
#[derive(Clone, Debug)]
pub(super) struct Url(String);

impl Url {
    /// The status of the object at this path.
    pub(super) fn status(&self) -> Self {
        Self(format!("{}/status", self.0))
    }

    /// The same with a query, whose values are percent-encoded.
    pub(super) fn with(&self, query: &str) -> Self {
        Self(format!("{}?{query}", self.0))
    }

    /// As it is sent.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The path of an object.
pub(super) fn url<R: Resource<DynamicType = ()>>(
    namespace: Option<&str>,
    name: &str,
) -> Result<Url, NotRead> {
    let Url(all) = list_url::<R>(namespace)?;
    match is_object_name(name) {
        true => Ok(Url(format!("{all}/{name}"))),
        false => Err(NotRead::NoName(text::line(name, TOLD))),
    }
}

/// The path of all objects of the kind.
pub(super) fn list_url<R: Resource<DynamicType = ()>>(
    namespace: Option<&str>,
) -> Result<Url, NotRead> {
    match namespace.filter(|name| !is_object_name(name)) {
        None => Ok(Url(R::url_path(&(), namespace))),
        Some(odd) => Err(NotRead::NoName(text::line(odd, TOLD))),
    }
}

/// A request without an answer yet.
pub(super) fn request(
    method: Method,
    url: &Url,
    body: Option<&Value>,
) -> Result<Request<Body>, NotRead> {
    let form = match method {
        Method::PATCH => "application/merge-patch+json",
        _ => "application/json",
    };
    let request = Request::builder().method(method).uri(url.as_str());
    let request = match body {
        None => request.body(Body::empty()),
        Some(body) => request
            .header(header::CONTENT_TYPE, form)
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
    fn a_failed_connection_is_reported_with_its_innermost_error() {
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Layer(&'static str, #[source] Option<Box<Layer>>);
        let refused = Layer("tunnel error: unsuccessful", None);
        let outer = Layer("client error (Connect)", Some(Box::new(refused)));
        let shown = NotRead::from(kube::Error::Service(Box::new(outer))).to_string();
        for part in ["client error (Connect)", "unsuccessful", "HTTP_PROXY"] {
            assert!(shown.contains(part), "{shown}");
        }
    }

    #[test]
    fn a_path_is_made_of_valid_names_alone() {
        let longest = "a".repeat(253);
        for name in ["huawei-prod.x-1", "a", &longest] {
            let url = url::<Secret>(Some("ns"), name).expect("a name");
            assert_eq!(
                url.as_str(),
                format!("/api/v1/namespaces/ns/secrets/{name}")
            );
            assert_eq!(url.status().as_str(), format!("{}/status", url.as_str()));
        }
        let all = list_url::<Secret>(None).expect("no name");
        assert_eq!(all.as_str(), "/api/v1/secrets");
        for odd in ODD {
            assert!(url::<Secret>(Some("ns"), odd).is_err(), "{odd}");
            assert!(url::<Secret>(Some(odd), "name").is_err(), "{odd}");
            assert!(list_url::<Secret>(Some(odd)).is_err(), "{odd}");
        }
        let long = "a".repeat(254);
        assert!(url::<Secret>(Some("ns"), &long).is_err());
    }

    const ODD: [&str; 14] = [
        "", ".", "..", "a/b", "a/../b", "a%2Fb", "a..b", "a?b", "a#b", "A", "-a", "a.", "a\n",
        "\u{FF41}",
    ];

    #[test]
    fn what_is_no_name_is_not_asked_about() {
        for name in ODD {
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
            let url = list_url::<CloudConnection>(None).expect("no name");
            let request = request(Method::GET, &url, None).expect("a request");
            let answer = answer(&client, request, 999).await;
            assert!(matches!(answer, Err(NotRead::TooLong(999))));
        });
    }
}
