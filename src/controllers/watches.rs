//! Starts the watch of each kind.

use std::sync::Arc;

use kube::{Client, ResourceExt};
use tokio::sync::mpsc;

use super::events::Events;
use super::metrics::{Metrics, WatchFault};
use super::shown::ObjectKey;
use super::unreadable::{Teller, Unreadable, Word};
use super::watch::{Event, Heard, Hearing, Turn, Watch};
use crate::clock::Clock;

/// What every watch needs.
pub(super) struct Watching {
    pub(super) client: Client,
    pub(super) clock: Clock,
    /// Of one namespace only.
    pub(super) namespace: Option<String>,
    pub(super) metrics: Metrics,
    pub(super) hearing: Hearing,
    pub(super) events: Events,
    pub(super) turn: Turn,
}

/// A kind that is watched.
pub(super) struct Watched<R> {
    pub(super) events: mpsc::Receiver<Event<R>>,
    pub(super) heard: Arc<Heard>,
    pub(super) reports: Reports,
}

impl Watching {
    /// The watch of one kind.
    pub(super) fn objects<R>(&self) -> Watched<R>
    where
        R: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + serde::de::DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        let heard = self.hearing.add(&R::kind(&()), &self.clock);
        let (watch, events) = Watch::<R>::new(
            self.client.clone(),
            self.clock.clone(),
            self.namespace.as_deref(),
            self.metrics.clone(),
            heard.clone(),
            self.turn.clone(),
        );
        tokio::spawn(watch.run());
        let teller = Teller {
            client: self.client.clone(),
            clock: self.clock.clone(),
            events: self.events.clone(),
        };
        let (tell, unreadable) = mpsc::unbounded_channel();
        tokio::spawn(teller.run::<R>(unreadable));
        let reports = Reports {
            kind: heard.kind().to_owned(),
            metrics: self.metrics.clone(),
            tell,
        };
        Watched {
            events,
            heard,
            reports,
        }
    }
}

/// Reports objects that cannot be read: each is counted, told of, and left out.
pub(super) struct Reports {
    kind: String,
    metrics: Metrics,
    tell: mpsc::UnboundedSender<Word>,
}

impl Reports {
    /// For tests: no one listens.
    #[cfg(test)]
    pub(super) fn to_nobody() -> Self {
        Self {
            kind: String::new(),
            metrics: Metrics::default(),
            tell: mpsc::unbounded_channel().0,
        }
    }

    pub(super) fn tell(&self, unreadable: &Unreadable) {
        let kind = self.kind.clone();
        let namespace = unreadable.namespace.clone().unwrap_or_default();
        let name = unreadable.name.clone().unwrap_or_default();
        tracing::error!(%kind, %namespace, %name, error = %unreadable, "stored object cannot be read; it is left alone");
        let fault = "malformed";
        let label = WatchFault { kind, fault };
        self.metrics.watch_faults.get_or_create(&label).inc();
        if !name.is_empty() {
            self.send(Word::Unreadable(ObjectKey::new(&namespace, &name)));
        }
    }

    /// An object is gone.
    pub(super) fn gone(&self, key: &ObjectKey) {
        self.send(Word::Gone(key.clone()));
    }

    fn send(&self, word: Word) {
        // Fails only while the process shuts down.
        let _ = self.tell.send(word);
    }
}

/// The resourceVersion as a number, which it is in every API server that
/// Errand supports; 0 if it is not, so that nothing is taken for old.
pub(super) fn version(object: &impl ResourceExt) -> u64 {
    let version = object.resource_version().unwrap_or_default();
    version.parse().unwrap_or(0)
}
