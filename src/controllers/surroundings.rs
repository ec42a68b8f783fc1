//! What is around operations: the CRD of their kind and the labels of their namespace. A
//! change of either may fix what blocks an operation, so it ends the operation's pause.
//!
//! These are hints: what they miss is noticed later. So kube's own watcher of metadata is
//! good enough, and an operator without the rights for it loses nothing else.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::marker::PhantomData;
use std::pin::pin;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{Config, Event, watcher};
use kube::{Api, Client, Resource};
use serde::{Deserialize, Deserializer};

use super::shown::ObjectKey;

/// What has changed around operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A connection, or its key.
    Connection(ObjectKey),
    /// The labels of the namespace of that name.
    Namespace(String),
    /// The CRD of that name.
    Crd(String),
}

/// Reports what changes in the cluster, without an end.
pub(super) async fn watch(client: Client, tell: impl Fn(Change)) {
    let labels = |meta: &ObjectMeta| hash(&meta.labels);
    let schema = |meta: &ObjectMeta| hash(&(&meta.uid, meta.generation));
    tokio::join!(
        metadata::<Namespace>(client.clone(), labels, |name| tell(Change::Namespace(name))),
        metadata::<CustomResourceDefinition>(client, schema, |name| tell(Change::Crd(name))),
    );
}

async fn metadata<R>(client: Client, part: impl Fn(&ObjectMeta) -> u64, tell: impl Fn(String))
where
    R: Resource<DynamicType = ()> + Clone + Debug + Send + 'static,
{
    let all = Api::<Light<R>>::all(client);
    let events = watcher(all, Config::default()).default_backoff();
    let mut events = pin!(events);
    let mut seen = Seen::default();
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                if let Some(name) = seen.change(event, &part) {
                    tell(name);
                }
            }
            Err(e) => tracing::debug!(kind = %R::kind(&()), error = %e, "watch of metadata"),
        }
    }
}

/// An object's metadata, as far as it counts. The rest is not typed: one object in which
/// another user has written what the types do not take would hide all others.
#[derive(Clone, Debug)]
struct Light<R> {
    metadata: ObjectMeta,
    of: PhantomData<R>,
}

impl<'de, R> Deserialize<'de> for Light<R> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Given {
            #[serde(default)]
            metadata: Part,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Part {
            name: Option<String>,
            uid: Option<String>,
            resource_version: Option<String>,
            generation: Option<i64>,
            labels: Option<BTreeMap<String, String>>,
        }
        let part = Given::deserialize(from)?.metadata;
        Ok(Self {
            metadata: ObjectMeta {
                name: part.name,
                uid: part.uid,
                resource_version: part.resource_version,
                generation: part.generation,
                labels: part.labels,
                ..ObjectMeta::default()
            },
            of: PhantomData,
        })
    }
}

impl<R: Resource<DynamicType = ()>> Resource for Light<R> {
    type DynamicType = ();
    type Scope = R::Scope;

    fn kind((): &()) -> Cow<'_, str> {
        R::kind(&())
    }

    fn group((): &()) -> Cow<'_, str> {
        R::group(&())
    }

    fn version((): &()) -> Cow<'_, str> {
        R::version(&())
    }

    fn plural((): &()) -> Cow<'_, str> {
        R::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

fn hash(part: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    part.hash(&mut hasher);
    hasher.finish()
}

/// The part of each object that counts.
#[derive(Default)]
struct Seen {
    parts: HashMap<String, u64>,
    /// What was known when the list began that is under way.
    before: HashMap<String, u64>,
    listed: bool,
}

impl Seen {
    /// The name of the object whose part has changed. What the first list shows has not.
    fn change<R>(
        &mut self,
        event: Event<Light<R>>,
        part: impl Fn(&ObjectMeta) -> u64,
    ) -> Option<String> {
        let shown = match event {
            Event::Apply(shown) | Event::InitApply(shown) => shown,
            Event::Delete(gone) => {
                self.parts.remove(&gone.metadata.name?);
                return None;
            }
            Event::Init => {
                // Another list may have broken off.
                self.before.extend(std::mem::take(&mut self.parts));
                return None;
            }
            Event::InitDone => {
                self.listed = true;
                self.before.clear();
                return None;
            }
        };
        let part = part(&shown.metadata);
        let name = shown.metadata.name?;
        let known = self.before.remove(&name);
        let before = self.parts.insert(name.clone(), part).or(known);
        (self.listed && before != Some(part)).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With what anybody may write there who may write to it.
    fn namespace(name: &str, label: &str, annotation: &str) -> Light<Namespace> {
        let object = serde_json::json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {
                "name": name, "labels": {"l": label}, "annotations": {"a": annotation},
                "managedFields": [{"manager": "m", "time": "9999-12-31T23:59:59Z"}],
            },
            "spec": {"finalizers": ["kubernetes"]},
        });
        serde_json::from_value(object).expect("metadata")
    }

    #[test]
    fn only_the_part_that_counts_is_a_change_and_a_list_repeats_none() {
        let mut seen = Seen::default();
        let mut change = |event| seen.change(event, |meta| hash(&meta.labels));
        let (a, b) = (namespace("a", "1", ""), namespace("b", "1", ""));
        assert_eq!(change(Event::Init), None);
        assert_eq!(change(Event::InitApply(a.clone())), None);
        assert_eq!(change(Event::InitDone), None);
        assert_eq!(change(Event::Apply(namespace("a", "1", "x"))), None);
        let relabelled = namespace("a", "2", "");
        assert_eq!(change(Event::Apply(relabelled.clone())), Some("a".into()));
        // Another list, before which one was changed and one was made.
        assert_eq!(change(Event::Init), None);
        assert_eq!(change(Event::InitApply(relabelled)), None);
        assert_eq!(change(Event::InitApply(b.clone())), Some("b".into()));
        assert_eq!(change(Event::InitDone), None);
        assert_eq!(change(Event::Delete(b.clone())), None);
        assert_eq!(change(Event::Apply(b)), Some("b".into()), "it is recreated");
        assert_eq!(change(Event::Apply(a)), Some("a".into()));
        // A list that breaks off, and the next one.
        let seen_again = |name| Event::InitApply(namespace(name, "1", ""));
        for event in [
            Event::Init,
            seen_again("a"),
            Event::Init,
            seen_again("a"),
            seen_again("b"),
        ] {
            assert_eq!(change(event), None);
        }
        assert_eq!(change(Event::InitDone), None);
        // A list that lacks one.
        for event in [Event::Init, Event::InitDone] {
            assert_eq!(change(event), None);
        }
        assert!(seen.parts.is_empty());
    }
}
