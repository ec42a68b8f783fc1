//! From the JSON of one object to a typed one. Metadata is reduced first to what Errand
//! uses: what other clients write there can be large, and the API server accepts times
//! in it that the library for times does not.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::api::Timestamp;
use crate::controllers::marks;
use crate::controllers::unreadable::{Unreadable, narrowed};

/// Decodes one object.
pub(in crate::controllers) fn decode<R: DeserializeOwned>(
    raw: &[u8],
) -> Result<R, Box<Unreadable>> {
    let mut parts: BTreeMap<Cow<'_, str>, &RawValue> =
        serde_json::from_slice(raw).map_err(|e| Unreadable::new(".", &e, ""))?;
    let given = parts.get("metadata").map_or("null", |part| part.get());
    let mut from = serde_json::Deserializer::from_str(given);
    let metadata: Option<Metadata> = serde_path_to_error::deserialize(&mut from).map_err(|e| {
        let path = format!("metadata.{}", e.path());
        Unreadable::new(path.trim_end_matches('.'), e.inner(), given)
    })?;
    let failed = |e| Unreadable::new(".", &e, given);
    let reduced = serde_json::value::to_raw_value(&metadata.unwrap_or_default()).map_err(failed)?;
    parts.insert(Cow::Borrowed("metadata"), &reduced);
    let object = serde_json::to_string(&parts).map_err(failed)?;
    if let Ok(object) = serde_json::from_str(&object) {
        return Ok(object);
    }
    // Once more, with the path, which costs every object that can be read some time.
    let mut from = serde_json::Deserializer::from_str(&object);
    serde_path_to_error::deserialize(&mut from).map_err(|e| {
        let path = narrowed::<R>(&object, e.path());
        Unreadable::new(&path, e.inner(), given)
    })
}

/// What Errand uses of an object's metadata. Its fields are untyped where the typed
/// object decides whether they can be read.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    name: Value,
    namespace: Value,
    uid: Value,
    resource_version: Value,
    generation: Value,
    creation_timestamp: Option<Timestamp>,
    deletion_timestamp: Option<Timestamp>,
    #[serde(deserialize_with = "marks::read")]
    labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "marks::read")]
    annotations: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::CloudConnection;
    use crate::controllers::marks::KEPT_VALUE;
    use crate::operations::resize_cancellation::ResizeCancellation;
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
    fn a_request_for_a_look_differs_from_another_one_at_its_end() {
        let kept = |end: &str| {
            let mut object = object();
            let value = "x".repeat(10_000) + end;
            object["metadata"]["annotations"] =
                json!({"errand.cloud/reconcile-requested-at": value});
            let read = read(&object).expect("it can be read");
            let value = read.annotations().values().next().expect("it is kept");
            assert_eq!(value.len(), KEPT_VALUE);
            value.clone()
        };
        assert_eq!(kept("1"), kept("1"));
        assert_ne!(kept("1"), kept("2"));
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
