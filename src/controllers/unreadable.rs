//! Tells people of an object that cannot be read: a Warning event, and a status that
//! names the field. What is recorded of its calls stays as it is.

mod fault;

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use errand_engine::{Span, Tick};
use futures::FutureExt as _;
use http::Method;
use kube::Resource;
use kube::runtime::events::{Event, EventType};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::events::Events;
use super::queue::{Owner, Queue, Urgency};
use super::read::{self, Url};
use super::shown::ObjectKey;
use super::status::limit;
use super::watch::decode;
use crate::api::{ConditionStatus, OVERDUE, Reason, State, Timestamp};
use crate::clock::{Clock, duration};
use crate::text;

pub(super) use self::fault::{Unreadable, cut, narrowed};

/// What tells of unreadable objects of one kind: each namespace in turn, and of an object
/// that changes again and again at most once in two seconds.
#[derive(Clone)]
pub(super) struct Teller {
    pub(super) client: kube::Client,
    pub(super) clock: Clock,
    pub(super) events: Events,
}

/// How long a status that cannot be read may be one that is about to be replaced.
const REPLACED: Span = Span(1_000);

/// When an object that was told of is looked at again.
const LATER: Span = Span(600_000);

/// So many objects are told of at once.
const AT_ONCE: usize = 4;

/// What is known of an object that the watch has shown.
#[derive(Clone, Debug)]
pub(super) enum Word {
    Unreadable(ObjectKey),
    Gone(ObjectKey),
}

/// What was found at a look.
enum Found {
    /// It can be read, or is gone.
    Fine,
    /// It is to be looked at again soon: its status may be about to be replaced, or the
    /// API server did not answer.
    Again,
    /// It has been told of, in these words.
    Told(String),
}

/// What is known of an object that cannot be read.
#[derive(Clone)]
struct Known {
    first: Tick,
    told: Option<String>,
}

impl Teller {
    /// Tells of each object that comes, until no more can. An object is told once as
    /// long as the same field of the same generation cannot be read: our own write is a
    /// change of it, too.
    pub(super) async fn run<R>(self, mut words: mpsc::UnboundedReceiver<Word>)
    where
        R: Resource<DynamicType = ()> + DeserializeOwned + 'static,
    {
        let mut known: HashMap<ObjectKey, Known> = HashMap::new();
        let mut queue: Queue<ObjectKey> = Queue::new(AT_ONCE);
        let mut looks = JoinSet::new();
        // Real time, as it is about writes that are under way.
        let begun = Instant::now();
        let now = || Tick(i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX));
        loop {
            while let Some((key, _)) = queue.next(now()) {
                let first = now();
                let of = known
                    .entry(key.clone())
                    .or_insert(Known { first, told: None });
                let (teller, before, at) = (self.clone(), of.clone(), now());
                looks.spawn(async move {
                    let look = AssertUnwindSafe(teller.look::<R>(&key, before, at));
                    let found = look.catch_unwind().await.unwrap_or(Found::Again);
                    (key, found)
                });
            }
            let next = queue.next_time().unwrap_or(Tick(i64::MAX));
            let pause = duration(Span(next.0.saturating_sub(now().0)));
            tokio::select! {
                word = words.recv() => match word {
                    None => return,
                    Some(Word::Unreadable(key)) => {
                        queue.wake(&key, owner(&key), Urgency::Routine, now());
                    }
                    Some(Word::Gone(key)) => {
                        queue.remove(&key);
                        known.remove(&key);
                    }
                },
                Some(Ok((key, found))) = looks.join_next() => {
                    let pause = match found {
                        Found::Fine => None,
                        Found::Again => Some(REPLACED),
                        // Should a change have been missed.
                        Found::Told(_) => Some(LATER),
                    };
                    let again = pause.map(|pause| (Tick(now().0 + pause.0), Urgency::Routine));
                    let there = queue.done(&key, again, now());
                    match (found, known.get_mut(&key)) {
                        (Found::Again, _) if there => {}
                        (Found::Told(what), Some(known)) if there => known.told = Some(what),
                        _ => drop(known.remove(&key)),
                    }
                }
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn look<R>(&self, key: &ObjectKey, before: Known, now: Tick) -> Found
    where
        R: Resource<DynamicType = ()> + DeserializeOwned,
    {
        let Ok(url) = read::url::<R>(Some(&key.namespace), &key.name) else {
            return Found::Fine;
        };
        let raw = match read::get_raw(&self.client, &url).await {
            Ok(Some(raw)) => raw,
            Ok(None) => return Found::Fine,
            Err(_) => return Found::Again,
        };
        let Err(unreadable) = decode::<R>(&raw) else {
            return Found::Fine;
        };
        // A pass that finds that its write was not stored as written replaces it in the
        // next moment, and must not be disturbed.
        let known_for = now.0.saturating_sub(before.first.0);
        if unreadable.path.starts_with("status") && known_for < REPLACED.0 {
            return Found::Again;
        }
        let what = format!(
            "{:?} {:?} {unreadable}",
            unreadable.uid, unreadable.generation
        );
        if before.told.as_ref() != Some(&what) && !self.tell::<R>(&url, &raw, &unreadable).await {
            return Found::Again;
        }
        Found::Told(what)
    }

    /// False: it has changed meanwhile.
    async fn tell<R: Resource<DynamicType = ()>>(
        &self,
        url: &Url,
        raw: &[u8],
        unreadable: &Unreadable,
    ) -> bool {
        let kind = R::kind(&());
        let text = format!(
            "Errand cannot read this object and does nothing with it. {unreadable}. Correct the field, or check that the CRDs match the operator's version."
        );
        let text = text::line(&text, text::SENTENCE);
        let event = Event {
            type_: EventType::Warning,
            reason: Reason::OBJECT_UNREADABLE.to_string(),
            note: Some(text.clone()),
            action: "Read".to_owned(),
            secondary: None,
        };
        let reference = k8s_openapi::api::core::v1::ObjectReference {
            api_version: Some(R::api_version(&()).into_owned()),
            kind: Some(kind.clone().into_owned()),
            name: unreadable.name.clone(),
            namespace: unreadable.namespace.clone(),
            uid: unreadable.uid.clone(),
            ..Default::default()
        };
        let now = Timestamp::from_millis(self.clock.now().wall.0);
        let object = serde_json::from_slice(raw).ok();
        if let Some(body) = object.and_then(|object| told(object, &text, now)) {
            let written = read::write(&self.client, Method::PUT, &url.status(), &body).await;
            if let Err(e) = &written {
                // Where the API server refuses its status, the event has to do.
                tracing::debug!(%kind, error = %e, "status of an unreadable object not written");
            }
            if written.is_err_and(|e| e.code() == Some(409)) {
                return false;
            }
        }
        self.events.publish(&event, &reference).await;
        true
    }
}

/// Its namespace takes its turn.
fn owner(key: &ObjectKey) -> Owner {
    Owner {
        namespace: key.namespace.clone(),
        connection: "".into(),
    }
}

/// The body of a PUT of status that says so; nothing for an operation that has ended,
/// whose outcome is final. An operation has a `state`, a connection has not.
fn told(mut object: Value, text: &str, now: Timestamp) -> Option<Value> {
    let metadata = object["metadata"].take();
    let mut status = match object["status"].take() {
        Value::Null => json!({}),
        status => status,
    };
    let status_fields = status.as_object_mut()?;
    if status_fields.contains_key("outcome") {
        return None;
    }
    let is_operation = status_fields.contains_key("state");
    let all = State::Blocked.conditions();
    let shown: &[(&str, ConditionStatus)] = match is_operation {
        true => &all,
        false => &all[..1],
    };
    if is_operation {
        status_fields.insert("state".to_owned(), State::Blocked.word().into());
        status_fields.insert("summary".to_owned(), text.into());
        status_fields.remove("waiting");
    }
    let conditions = status_fields.entry("conditions").or_insert(json!([]));
    let conditions = conditions.as_array_mut()?;
    for (type_, is) in shown {
        let before = conditions.iter().position(|one| one["type"] == *type_);
        let before = before.map(|at| conditions.remove(at)).unwrap_or_default();
        let since = serde_json::from_value(before["lastTransitionTime"].clone()).ok();
        let since =
            since.filter(|since| before["status"] == is.word() && *since != Timestamp::NOT_YET);
        let since: Timestamp = since.unwrap_or(now);
        conditions.push(json!({
            "type": type_,
            "status": is.word(),
            "observedGeneration": metadata["generation"],
            "lastTransitionTime": since,
            "reason": Reason::OBJECT_UNREADABLE.to_string(),
            "message": text,
        }));
    }
    // It does not wait any more.
    let overdue = |one: &&mut Value| one["type"] == OVERDUE && one["status"] == "True";
    for overdue in conditions.iter_mut().filter(overdue) {
        overdue["status"] = ConditionStatus::False.word().into();
        overdue["lastTransitionTime"] = json!(now);
        overdue["message"] = "The wait has ended.".into();
    }
    limit(conditions, |condition| {
        shown.iter().any(|(type_, _)| condition["type"] == *type_)
    });
    let of = |name: &str| metadata[name].clone();
    Some(json!({
        "apiVersion": object["apiVersion"],
        "kind": object["kind"],
        "metadata": {
            "name": of("name"),
            "namespace": of("namespace"),
            "uid": of("uid"),
            "resourceVersion": of("resourceVersion"),
        },
        "status": status,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(status: Value) -> Value {
        json!({
            "apiVersion": "a/v1", "kind": "K",
            "metadata": {
                "name": "n", "namespace": "ns", "uid": "u", "resourceVersion": "7",
                "generation": 3, "managedFields": [],
            },
            "spec": {"wrong": 4},
            "status": status,
        })
    }

    fn now() -> Timestamp {
        Timestamp::from_millis(60_000)
    }

    #[test]
    fn what_is_recorded_of_an_operation_stays_and_its_conditions_name_the_field() {
        let status = json!({
            "state": "Verifying",
            "steps": [{"number": 1, "unknown": {"a": [1]}}],
            "hold": {"id": "h-1"},
            "conditions": [
                {"type": "Ready", "status": "False", "lastTransitionTime": "1970-01-01T00:00:01Z"},
                {"type": "Stalled", "status": "False", "lastTransitionTime": "1970-01-01T00:00:01Z"},
                {"type": "ChangePending", "status": "True"},
                {"type": "Overdue", "status": "True", "lastTransitionTime": "1970-01-01T00:00:01Z"},
            ],
            "waiting": {"reason": "TargetBusy", "since": "1970-01-01T00:00:00Z"},
        });
        let body = told(object(status.clone()), "spec.wrong", now()).expect("a body");
        assert!(body.get("spec").is_none(), "{body:#}");
        assert_eq!(body["metadata"]["resourceVersion"], "7");
        assert!(body["metadata"].get("managedFields").is_none());
        let written = &body["status"];
        for kept in ["steps", "hold"] {
            assert_eq!(written[kept], status[kept]);
        }
        assert_eq!(
            (&written["state"], &written["summary"]),
            (&json!("Blocked"), &json!("spec.wrong"))
        );
        let of = |type_: &str| {
            let conditions = written["conditions"].as_array().expect("conditions");
            let mut found = conditions.iter().filter(|one| one["type"] == type_);
            let condition = found.next().expect(type_).clone();
            assert!(found.next().is_none(), "{type_} twice");
            condition
        };
        assert_eq!(of("ChangePending")["status"], "True");
        let overdue = of("Overdue");
        assert_eq!(
            (&overdue["status"], &overdue["lastTransitionTime"]),
            (&json!("False"), &json!("1970-01-01T00:01:00Z"))
        );
        assert!(written.get("waiting").is_none(), "{body:#}");
        let (ready, stalled) = (of("Ready"), of("Stalled"));
        assert_eq!(ready["reason"], "ObjectUnreadable");
        assert_eq!(ready["observedGeneration"], 3);
        assert_eq!(
            ready["lastTransitionTime"], "1970-01-01T00:00:01Z",
            "as before"
        );
        assert_eq!(
            (&stalled["status"], &stalled["lastTransitionTime"]),
            (&json!("True"), &json!("1970-01-01T00:01:00Z"))
        );
        // The same again is no change.
        let mut again = object(written.clone());
        let body_again = told(again.take(), "spec.wrong", now()).expect("a body");
        assert_eq!(body_again["status"]["conditions"], written["conditions"]);
    }

    #[test]
    fn conditions_of_others_leave_room_for_what_is_told() {
        let others: Vec<Value> = (0..16)
            .map(|n| json!({"type": format!("Theirs{n}")}))
            .collect();
        let status = json!({"state": "Pending", "conditions": others});
        let body = told(object(status), "text", now()).expect("a body");
        let conditions = body["status"]["conditions"].as_array().expect("conditions");
        let types: Vec<_> = conditions.iter().map(|one| &one["type"]).collect();
        assert_eq!(types.len(), 16, "{types:?}");
        for (type_, _) in State::Blocked.conditions() {
            assert!(types.contains(&&json!(type_)), "{type_}");
        }
        assert!(types.contains(&&json!("Theirs10")) && !types.contains(&&json!("Theirs11")));
    }

    #[test]
    fn an_outcome_is_not_touched_and_a_connection_has_one_condition() {
        let ended = json!({"state": "Failed", "outcome": "Refused"});
        assert_eq!(told(object(ended), "text", now()), None);
        let body = told(object(Value::Null), "text", now()).expect("a body");
        let conditions = body["status"]["conditions"].as_array().expect("conditions");
        assert_eq!(conditions.len(), 1, "{body:#}");
        assert_eq!(conditions[0]["type"], "Ready");
        assert_eq!(body["status"].as_object().expect("a status").len(), 1);
        for status in [json!(7), json!({"conditions": 7})] {
            assert_eq!(told(object(status), "text", now()), None);
        }
    }
}
