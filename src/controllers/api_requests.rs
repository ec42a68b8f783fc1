//! Counts each request to the Kubernetes API server, by what it asks for and how
//! it was answered.

use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Method, Request, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tower::{Layer, Service};

/// A request to the API server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ApiRequest {
    /// As Kubernetes calls it: get, list, watch, create, update, patch, delete.
    pub(super) verb: &'static str,
    /// Plural of the resource, with its subresource.
    pub(super) resource: String,
    /// HTTP status, or `none` without an answer.
    pub(super) code: String,
}

impl ApiRequest {
    /// The path holds names, which are no labels.
    fn new(method: &Method, path: &str, query: &str, code: String) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        // Behind the group and version, and the namespace if there is one.
        let behind = match parts.first() {
            Some(&"api") => parts.get(2..),
            Some(&"apis") => parts.get(3..),
            _ => None,
        };
        let (resource, named) = match behind.unwrap_or_default() {
            ["namespaces", _, resource, _, sub] => (format!("{resource}/{sub}"), true),
            ["namespaces", _, resource, _] => ((*resource).to_owned(), true),
            ["namespaces", _, resource] => ((*resource).to_owned(), false),
            [resource, _, sub] => (format!("{resource}/{sub}"), true),
            [resource, _] => ((*resource).to_owned(), true),
            [resource] => ((*resource).to_owned(), false),
            _ => ("other".to_owned(), true),
        };
        let watch = query.split('&').any(|pair| pair == "watch=true");
        let verb = match (method, named) {
            (&Method::GET, _) if watch => "watch",
            (&Method::GET, true) => "get",
            (&Method::GET, false) => "list",
            (&Method::POST, _) => "create",
            (&Method::PUT, _) => "update",
            (&Method::PATCH, _) => "patch",
            (&Method::DELETE, _) => "delete",
            _ => "other",
        };
        Self {
            verb,
            resource,
            code,
        }
    }
}

/// The layer of the Kubernetes client that counts.
#[derive(Clone)]
pub(super) struct CountRequests(pub(super) Family<ApiRequest, Counter>);

impl<S> Layer<S> for CountRequests {
    type Service = Counting<S>;

    fn layer(&self, inner: S) -> Counting<S> {
        Counting {
            inner,
            requests: self.0.clone(),
        }
    }
}

/// A client that counts.
pub(super) struct Counting<S> {
    inner: S,
    requests: Family<ApiRequest, Counter>,
}

impl<S, A, B> Service<Request<A>> for Counting<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<B>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let requests = self.requests.clone();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            let code = match &answer {
                Ok(answer) => answer.status().as_str().to_owned(),
                Err(_) => "none".to_owned(),
            };
            let query = uri.query().unwrap_or_default();
            let label = ApiRequest::new(&method, uri.path(), query, code);
            requests.get_or_create(&label).inc();
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_named_by_verb_and_resource_without_any_name() {
        let group = "/apis/huawei.errand.cloud/v1alpha1";
        for (method, path, query, verb, resource) in [
            (
                Method::GET,
                "/api/v1/namespaces/n/secrets/s",
                "",
                "get",
                "secrets",
            ),
            (
                Method::GET,
                "/api/v1/namespaces/kube-system",
                "",
                "get",
                "namespaces",
            ),
            (
                Method::GET,
                &format!("{group}/resizecancellations"),
                "watch=true&x=1",
                "watch",
                "resizecancellations",
            ),
            (
                Method::GET,
                &format!("{group}/namespaces/n/resizecancellations"),
                "",
                "list",
                "resizecancellations",
            ),
            (
                Method::PUT,
                &format!("{group}/namespaces/n/resizecancellations/o/status"),
                "",
                "update",
                "resizecancellations/status",
            ),
            (
                Method::POST,
                "/apis/events.k8s.io/v1/namespaces/n/events",
                "",
                "create",
                "events",
            ),
            (
                Method::DELETE,
                &format!("{group}/namespaces/n/resizecancellations/o"),
                "",
                "delete",
                "resizecancellations",
            ),
            (Method::GET, "/version", "", "get", "other"),
        ] {
            let label = ApiRequest::new(&method, path, query, "200".into());
            assert_eq!((label.verb, label.resource.as_str()), (verb, resource));
        }
    }
}
