//! An API server that keeps objects: what Errand's writes rely on (resourceVersion, uid,
//! generation, the status subresource), and nothing else. Schemas are not checked.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::{Value, json};

use super::failure;

/// The objects, by the path of each.
#[derive(Clone, Default)]
pub(in crate::controllers) struct Objects(Arc<Mutex<All>>);

#[derive(Default)]
struct All {
    version: u64,
    by_path: BTreeMap<String, Value>,
    refused: Option<String>,
    unheard: Option<String>,
    events: Vec<Value>,
    /// An event whose note has this is refused.
    refused_note: Option<String>,
    /// A status that has something there is refused as invalid.
    invalid: Option<String>,
    /// Writes of status that were refused so.
    invalid_writes: usize,
    /// Paths of requests that are not made of plain names.
    strange: Vec<String>,
    /// Requests about events.
    event_requests: usize,
    /// What happens while something is written below that path.
    at_write: Option<(String, Box<dyn FnOnce() + Send>)>,
}

impl Objects {
    /// A client of this server.
    pub(in crate::controllers) fn client(&self) -> kube::Client {
        kube::Client::new(Server(self.clone()), "here")
    }

    /// The object at that path.
    pub(in crate::controllers) fn get(&self, path: &str) -> Option<Value> {
        self.lock().by_path.get(path).cloned()
    }

    /// Every path below that one.
    pub(in crate::controllers) fn paths(&self, below: &str) -> Vec<String> {
        let all = self.lock();
        let paths = all.by_path.keys();
        paths
            .filter(|path| path.starts_with(below))
            .cloned()
            .collect()
    }

    /// Makes an object, or replaces all of it, as its owner may: another spec is
    /// another generation.
    pub(in crate::controllers) fn put(&self, path: &str, object: Value) {
        self.lock().store(path, object);
    }

    /// Changes an object that is there.
    pub(in crate::controllers) fn edit(&self, path: &str, change: impl FnOnce(&mut Value)) {
        let mut all = self.lock();
        let mut object = all.by_path.get(path).expect("it is there").clone();
        change(&mut object);
        all.store(path, object);
    }

    /// From now on every request below that path is refused; absent: none.
    pub(in crate::controllers) fn refuse(&self, below: Option<&str>) {
        self.lock().refused = below.map(str::to_owned);
    }

    /// From now on every request below that path is carried out, and the answer lost.
    pub(in crate::controllers) fn lose_answers(&self, below: Option<&str>) {
        self.lock().unheard = below.map(str::to_owned);
    }

    /// What happens while the next event is being written.
    pub(in crate::controllers) fn at_event(&self, happens: impl FnOnce() + Send + 'static) {
        self.at_write("/events", happens);
    }

    /// What happens while the next request is carried out that writes where this is a
    /// part of the path.
    pub(in crate::controllers) fn at_write(
        &self,
        part: &str,
        happens: impl FnOnce() + Send + 'static,
    ) {
        self.lock().at_write = Some((part.to_owned(), Box::new(happens)));
    }

    /// Deletes an object.
    pub(in crate::controllers) fn delete(&self, path: &str) {
        self.lock().by_path.remove(path);
    }

    /// From now on every status that has something there, for instance at
    /// `/status/observed/x`, is refused as invalid; absent: none.
    pub(in crate::controllers) fn take_for_invalid(&self, pointer: Option<&str>) {
        self.lock().invalid = pointer.map(str::to_owned);
    }

    /// How many writes were refused so.
    pub(in crate::controllers) fn invalid_writes(&self) -> usize {
        self.lock().invalid_writes
    }

    /// Paths of requests that are not made of plain names.
    pub(in crate::controllers) fn strange_paths(&self) -> Vec<String> {
        self.lock().strange.clone()
    }

    /// From now on every event whose note has this text is refused.
    pub(in crate::controllers) fn refuse_notes(&self, with: &str) {
        self.lock().refused_note = Some(with.to_owned());
    }

    /// The events so far, whole, and how many requests there were about events.
    pub(in crate::controllers) fn whole_events(&self) -> (Vec<Value>, usize) {
        let all = self.lock();
        (all.events.clone(), all.event_requests)
    }

    /// The events so far: reason and note.
    pub(in crate::controllers) fn events(&self) -> Vec<(String, String)> {
        let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let all = self.lock();
        let events = all.events.iter();
        events
            .map(|event| (text(event, "reason"), text(event, "note")))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().expect("no panic while it is held")
    }
}

impl All {
    fn store(&mut self, path: &str, mut object: Value) -> Value {
        self.version += 1;
        let before = self.by_path.get(path);
        let generation = before.map_or(1, |before| {
            let then = before["metadata"]["generation"].as_i64().unwrap_or(1);
            then + i64::from(before["spec"] != object["spec"])
        });
        let uid = match before {
            Some(before) => before["metadata"]["uid"].clone(),
            None => format!("00000000-0000-4000-8000-{:012x}", self.version).into(),
        };
        let metadata = &mut object["metadata"];
        metadata["resourceVersion"] = self.version.to_string().into();
        metadata["generation"] = generation.into();
        metadata["uid"] = uid;
        self.by_path.insert(path.to_owned(), object.clone());
        object
    }

    /// The list of the one object of that name in a collection.
    fn list_of_one(&self, path: &str, name: &str) -> (u16, Value) {
        let asked = format!("{path}?");
        if matches!(&self.refused, Some(below) if asked.starts_with(below.as_str())) {
            return failure(403, "Forbidden");
        }
        let items: Vec<&Value> = self
            .by_path
            .get(&format!("{path}/{name}"))
            .into_iter()
            .collect();
        (200, json!({"items": items}))
    }

    fn answer(&mut self, method: &Method, path: &str, body: Value) -> (u16, Value) {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/');
        if !path.chars().all(plain) || path.contains("..") || path.contains("//") {
            self.strange.push(path.to_owned());
        }
        if matches!(&self.refused, Some(below) if path.starts_with(below.as_str())) {
            return failure(403, "Forbidden");
        }
        if path.contains("/events") {
            self.event_requests += 1;
            if *method == Method::POST {
                let note = body["note"].as_str().unwrap_or_default();
                let refused = self.refused_note.as_ref();
                if !is_valid_event(&body) || refused.is_some_and(|with| note.contains(with)) {
                    return failure(422, "Invalid");
                }
                self.events.push(body.clone());
            }
            return (201, body);
        }
        let (path, status_only) = match path.strip_suffix("/status") {
            Some(path) => (path, true),
            None => (path, false),
        };
        let found = self.by_path.get(path).cloned();
        match (method, found) {
            (&Method::GET, Some(object)) => (200, object),
            (&Method::POST, _) => {
                let name = body["metadata"]["name"].as_str().unwrap_or_default();
                let path = format!("{path}/{name}");
                match self.by_path.contains_key(&path) {
                    true => failure(409, "AlreadyExists"),
                    false => (201, self.store(&path, body)),
                }
            }
            (&Method::PUT, Some(found)) => {
                let same = |name: &str| {
                    let given = &body["metadata"][name];
                    given.is_null() || *given == found["metadata"][name]
                };
                if !same("resourceVersion") || !same("uid") {
                    return failure(409, "Conflict");
                }
                if let Some(pointer) = self.invalid.clone()
                    && status_only
                    && body.pointer(&pointer).is_some_and(|value| !value.is_null())
                {
                    self.invalid_writes += 1;
                    return invalid(&pointer);
                }
                let mut object = found;
                match status_only {
                    true => object["status"] = body["status"].clone(),
                    false => object["spec"] = body["spec"].clone(),
                }
                (200, self.store(path, object))
            }
            (&Method::DELETE, Some(_)) => {
                self.by_path.remove(path);
                (
                    200,
                    json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}),
                )
            }
            (_, None) => failure(404, "NotFound"),
            (other, Some(_)) => panic!("nothing does {other} {path}"),
        }
    }
}

/// The refusal of an object because of one field, whose value it quotes.
fn invalid(pointer: &str) -> (u16, Value) {
    let field = pointer.trim_start_matches('/').replace('/', ".");
    let (code, mut body) = failure(422, "Invalid");
    body["message"] = format!("{field}: Invalid value: \"canary\"").into();
    body["details"] = json!({"causes": [{
        "field": field, "reason": "FieldValueInvalid", "message": "Invalid value: \"canary\"",
    }]});
    (code, body)
}

/// As the API server checks it, which counts bytes.
fn is_valid_event(event: &Value) -> bool {
    let within = |pointer: &str, most: usize| {
        let text = event.pointer(pointer).and_then(Value::as_str);
        text.is_some_and(|text| (1..=most).contains(&text.len()))
    };
    (event["note"].is_null() || within("/note", 1024))
        && within("/metadata/name", 253)
        && [
            "/reason",
            "/action",
            "/reportingController",
            "/reportingInstance",
        ]
        .iter()
        .all(|pointer| within(pointer, 128))
}

/// The name in a query that selects an object by its name.
fn named(query: &str) -> Option<&str> {
    query.strip_prefix("fieldSelector=metadata.name%3D")
}

struct Server(Objects);

impl tower::Service<Request<Body>> for Server {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let objects = self.0.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.expect("a body").to_bytes();
            let body = serde_json::from_slice(&body).unwrap_or_default();
            let path = head.uri.path();
            let mut all = objects.lock();
            let (mut status, mut body) = match head.uri.query().and_then(named) {
                Some(name) => all.list_of_one(path, name),
                None => all.answer(&head.method, path, body),
            };
            if matches!(&all.unheard, Some(below) if path.starts_with(below.as_str())) {
                (status, body) = failure(504, "Timeout");
            }
            let writes = head.method != Method::GET;
            let here = |(part, _): &mut (String, _)| writes && path.contains(part.as_str());
            let happens = all.at_write.take_if(here);
            drop(all);
            if let Some((_, happens)) = happens {
                happens();
            }
            let response = Response::builder().status(status);
            let response = response.body(Body::from(body.to_string().into_bytes()));
            Ok(response.expect("a response"))
        }
        .boxed()
    }
}
