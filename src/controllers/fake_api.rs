//! An API server for unit tests: a function from a request to an answer. One that keeps
//! objects is in `objects`.

mod objects;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::{Request, Response};
use kube::client::Body;

pub(super) use self::objects::Objects;

struct Fake<F>(F);

impl<F> tower::Service<Request<Body>> for Fake<F>
where
    F: FnMut(&Request<Body>) -> (u16, serde_json::Value),
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (status, body) = (self.0)(&request);
        let response = Response::builder().status(status);
        let response = response.body(Body::from(body.to_string().into_bytes()));
        ready(Ok(response.expect("a response")))
    }
}

/// A client that `answer` answers, with an HTTP status and a body.
pub(super) fn client(
    answer: impl FnMut(&Request<Body>) -> (u16, serde_json::Value) + Send + 'static,
) -> kube::Client {
    kube::Client::new(Fake(answer), "here")
}

/// What an API server says to a request that it does not carry out.
pub(super) fn failure(code: u16, reason: &str) -> (u16, serde_json::Value) {
    let body = serde_json::json!({
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": reason,
        "reason": reason,
        "code": code,
    });
    (code, body)
}

/// Runs a test's future.
pub(super) fn block_on<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(test)
}
