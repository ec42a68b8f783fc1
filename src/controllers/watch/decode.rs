//! From the JSON of one object to a typed one. Metadata is reduced first to what Errand
//! uses: what other clients write there can be large, and the API server accepts times
//! in it that the library for times does not.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::api::Timestamp;
use crate::controllers::marks;

/// Characters of a label or annotation that are kept. A label has 63 at most; of the
/// annotations only whether they are there counts, or the first 64 characters.
const KEPT_VALUE: usize = 253;
/// Characters of what an unreadable object says of itself.
const KEPT_WORDS: usize = 300;
/// Bytes of an object in which the field is searched that serde does not name.
const SEARCHED: usize = 64 * 1024;

/// An object that cannot be read. It holds no value of the object except its identity,
/// so that it can be logged and reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::controllers) struct Unreadable {
    pub(in crate::controllers) namespace: Option<String>,
    pub(in crate::controllers) name: Option<String>,
    pub(in crate::controllers) uid: Option<String>,
    pub(in crate::controllers) resource_version: Option<String>,
    pub(in crate::controllers) generation: Option<i64>,
    /// The field that cannot be read, for instance `spec.instanceId`; `.` for the whole.
    pub(in crate::controllers) path: String,
    /// What is wrong with it.
    pub(in crate::controllers) error: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.error)
    }
}

/// Decodes one object.
pub(in crate::controllers) fn decode<R: DeserializeOwned>(
    raw: &[u8],
) -> Result<R, Box<Unreadable>> {
    let parts: BTreeMap<Cow<'_, str>, &RawValue> =
        serde_json::from_slice(raw).map_err(|e| unreadable(".", &e, &Metadata::default()))?;
    let given = parts.get("metadata").map_or("null", |part| part.get());
    let mut from = serde_json::Deserializer::from_str(given);
    let metadata: Option<Metadata> = serde_path_to_error::deserialize(&mut from).map_err(|e| {
        let path = format!("metadata.{}", e.path());
        let path = path.trim_end_matches('.');
        unreadable(path, e.inner(), &Metadata::identity(given))
    })?;
    let metadata = metadata.unwrap_or_default();
    let reduced = serde_json::value::to_raw_value(&metadata);
    let reduced = reduced.map_err(|e| unreadable("metadata", &e, &metadata))?;
    let mut parts = parts;
    parts.insert(Cow::Borrowed("metadata"), &reduced);
    let object = serde_json::to_string(&parts).map_err(|e| unreadable(".", &e, &metadata))?;
    if let Ok(object) = serde_json::from_str(&object) {
        return Ok(object);
    }
    // Once more, with the path, which costs every object that can be read some time.
    let mut from = serde_json::Deserializer::from_str(&object);
    serde_path_to_error::deserialize(&mut from).map_err(|e| {
        let path = narrowed::<R>(&object, e.path());
        unreadable(&path, e.inner(), &metadata)
    })
}

/// What Errand uses of an object's metadata. Its fields are untyped where the typed
/// object decides whether they can be read.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default, skip_serializing_if = "Value::is_null")]
    name: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    namespace: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    uid: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    resource_version: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    generation: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    creation_timestamp: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deletion_timestamp: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Marks::is_empty")]
    labels: Marks,
    #[serde(default, skip_serializing_if = "Marks::is_empty")]
    annotations: Marks,
}

impl Metadata {
    /// What can be known of an object whose metadata cannot be read.
    fn identity(raw: &str) -> Self {
        let mut raw: Value = serde_json::from_str(raw).unwrap_or_default();
        let mut take = |name: &str| raw.get_mut(name).map(Value::take).unwrap_or_default();
        Self {
            name: take("name"),
            namespace: take("namespace"),
            uid: take("uid"),
            resource_version: take("resourceVersion"),
            generation: take("generation"),
            ..Self::default()
        }
    }
}

/// Of labels or annotations those that Errand reads, shortened.
#[derive(Default, Serialize)]
struct Marks(BTreeMap<String, String>);

impl Marks {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Marks;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of strings")
            }

            fn visit_unit<E>(self) -> Result<Marks, E> {
                Ok(Marks::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Marks, A::Error> {
                let mut marks = Marks::default();
                while let Some(key) = map.next_key::<String>()? {
                    match marks::is_read(&key) {
                        false => drop(map.next_value::<IgnoredAny>()?),
                        true => {
                            let value: Option<String> = map.next_value()?;
                            let value = cut(&value.unwrap_or_default(), KEPT_VALUE);
                            marks.0.insert(key, value);
                        }
                    }
                }
                Ok(marks)
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// serde loses the path below a flattened part of a spec. The member without which the
/// object can be read is then the one; where none is, the path stays.
fn narrowed<R: DeserializeOwned>(object: &str, path: &serde_path_to_error::Path) -> String {
    let mut path = path.to_string();
    let small = object.len() <= SEARCHED;
    let Some(object) = small
        .then(|| serde_json::from_str::<Value>(object).ok())
        .flatten()
    else {
        return path;
    };
    // No spec is deeper than this.
    for _ in 0..4 {
        let pointer = format!("/{}", path.replace('.', "/"));
        let members = object.pointer(&pointer).and_then(Value::as_object);
        let found = members.into_iter().flatten().find(|(name, _)| {
            let mut without = object.clone();
            let members = without.pointer_mut(&pointer).and_then(Value::as_object_mut);
            members.is_some_and(|members| members.remove(*name).is_some())
                && R::deserialize(without).is_ok()
        });
        match found {
            Some((name, _)) => path = format!("{path}.{name}"),
            None => break,
        }
    }
    path
}

fn unreadable(path: &str, error: &serde_json::Error, of: &Metadata) -> Box<Unreadable> {
    let text = |value: &Value| value.as_str().map(|text| cut(text, KEPT_VALUE));
    Box::new(Unreadable {
        namespace: text(&of.namespace),
        name: text(&of.name),
        uid: text(&of.uid),
        resource_version: text(&of.resource_version),
        generation: of.generation.as_i64(),
        path: cut(path, KEPT_WORDS),
        error: words(error),
    })
}

/// What serde says without the value that it quotes, which may be a secret.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let unquoted = |text: &str| {
        let end = text.find(['"', '`']).unwrap_or(text.len());
        text[..end].trim_end_matches([' ', ',']).to_owned()
    };
    match text.rsplit_once(", expected ") {
        Some((found, expected)) => {
            let found = unquoted(found);
            cut(&format!("{found}, expected {expected}"), KEPT_WORDS)
        }
        None if text.starts_with("missing field ") => cut(text, KEPT_WORDS),
        None => cut(&unquoted(text), KEPT_WORDS),
    }
}

fn cut(text: &str, characters: usize) -> String {
    let printable = text.chars().filter(|c| !c.is_control());
    printable.take(characters).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::{CloudConnection, ResizeCancellation};
    use kube::ResourceExt as _;

    fn object() -> Value {
        json!({
            "apiVersion": "huawei.errand.cloud/v1alpha1",
            "kind": "ResizeCancellation",
            "metadata": {
                "name": "stop", "namespace": "team", "uid": "u-1", "resourceVersion": "7",
                "generation": 3, "creationTimestamp": "2026-11-22T00:00:00Z",
            },
            "spec": {
                "connectionRef": {"kind": "CloudConnection", "name": "c"},
                "instanceId": "dcs-1", "taskId": "task-1",
            },
        })
    }

    fn read(object: &Value) -> Result<ResizeCancellation, Box<Unreadable>> {
        decode(object.to_string().as_bytes())
    }

    #[test]
    fn metadata_that_errand_does_not_use_is_dropped_before_it_is_typed() {
        let mut hostile = object();
        let large = "x".repeat(100_000);
        let more = json!({
            "managedFields": [{"manager": "m", "time": "9999-12-31T23:59:59Z", "fieldsV1": 7}],
            "ownerReferences": "none",
            "finalizers": {"not": "a list"},
            "creationTimestamp": "9999-12-31T23:59:59Z",
            "deletionTimestamp": "9999-12-31T23:59:59Z",
            "labels": {"team": large, "large": [large], "velero.io/restore-name": large},
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": large,
                "errand.cloud/reconcile-requested-at": "now",
                "meta.helm.sh/release-name": null,
            },
        });
        let metadata = hostile["metadata"].as_object_mut().expect("an object");
        metadata.extend(more.as_object().expect("an object").clone());
        let read = read(&hostile).expect("it can be read");
        assert!(read.metadata.managed_fields.is_none());
        assert!(read.metadata.owner_references.is_none());
        assert!(read.metadata.finalizers.is_none());
        assert!(read.metadata.deletion_timestamp.is_some());
        let labels: Vec<_> = read.labels().iter().map(|(k, v)| (&**k, v.len())).collect();
        assert_eq!(labels, [("velero.io/restore-name", KEPT_VALUE)]);
        let annotations: Vec<_> = read.annotations().keys().map(String::as_str).collect();
        assert_eq!(
            annotations,
            [
                "errand.cloud/reconcile-requested-at",
                "meta.helm.sh/release-name"
            ]
        );
        assert_eq!(
            (read.metadata.generation, read.uid().as_deref()),
            (Some(3), Some("u-1"))
        );
    }

    #[test]
    fn absent_and_null_metadata_is_read_as_empty() {
        for metadata in [
            json!({}),
            json!(null),
            json!({"labels": null, "annotations": null}),
        ] {
            let mut object = object();
            object["metadata"] = metadata;
            let read = read(&object).expect("it can be read");
            assert_eq!(read.metadata.name, None);
        }
        let mut object = object();
        object
            .as_object_mut()
            .expect("an object")
            .remove("metadata");
        assert!(read(&object).is_ok());
    }

    #[test]
    fn an_unreadable_object_is_named_with_the_field_and_without_its_value() {
        let canary = "canary-4711";
        let wrong = json!({"kind": canary});
        for (pointer, value, path) in [
            ("/spec/instanceId", json!(4), "spec.instanceId"),
            (
                "/spec/pendingChange",
                json!({"createdBefore": canary}),
                "spec.pendingChange.createdBefore",
            ),
            // Flattened, so that serde alone says `spec`.
            (
                "/spec/schedule",
                json!({"notBefore": canary}),
                "spec.schedule.notBefore",
            ),
            ("/spec/mode", json!(canary), "spec.mode"),
            ("/spec/connectionRef", wrong, "spec"),
            ("/metadata/generation", json!(canary), "metadata.generation"),
            ("/metadata/labels", json!(canary), "metadata.labels"),
            (
                "/metadata/deletionTimestamp",
                json!(canary),
                "metadata.deletionTimestamp",
            ),
            ("/status", json!({"state": canary}), "status.state"),
        ] {
            let mut object = object();
            let (parent, member) = pointer.rsplit_once('/').expect("a pointer");
            let parent = object.pointer_mut(parent).expect("it is there");
            parent[member] = value;
            let found = read(&object).expect_err(pointer);
            assert_eq!(found.path, path, "{found}");
            assert!(!found.to_string().contains(canary), "{found}");
            assert!(!found.error.is_empty());
            let identity = (found.namespace.as_deref(), found.name.as_deref());
            assert_eq!(identity, (Some("team"), Some("stop")), "{pointer}");
            assert_eq!(found.uid.as_deref(), Some("u-1"), "{pointer}");
            assert_eq!(found.resource_version.as_deref(), Some("7"), "{pointer}");
        }
    }

    #[test]
    fn what_is_no_object_is_unreadable_and_nothing_more() {
        for text in [
            "",
            "7",
            "[]",
            "{",
            "{\"metadata\": 7}",
            "{\"metadata\": {\"name\": {}}}",
        ] {
            assert!(
                decode::<CloudConnection>(text.as_bytes()).is_err(),
                "{text}"
            );
        }
        let long = format!(
            "{{\"metadata\": {{}}, \"spec\": {{\"{}\": 1}}}}",
            "x".repeat(9_000)
        );
        let found = decode::<CloudConnection>(long.as_bytes()).expect_err("no connection");
        assert!(found.to_string().len() < 1_000);
    }
}
