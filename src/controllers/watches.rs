//! The watches of all kinds, as kube's reflector and controllers take them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream::{self, Stream, StreamExt};
use kube::runtime::WatchStreamExt;
use kube::runtime::events::Recorder;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::watcher::{self, Event as WatchEvent};
use kube::{Client, ResourceExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::metrics::{Metrics, WatchFault};
use super::unreadable::{Named, Teller};
use super::watch::{Event, Heard, Hearing, Turn, Unreadable, Watch};
use crate::clock::Clock;

/// What every watch needs.
pub(super) struct Watching {
    pub(super) client: Client,
    pub(super) clock: Clock,
    /// Of one namespace only.
    pub(super) namespace: Option<String>,
    pub(super) metrics: Metrics,
    pub(super) hearing: Hearing,
    pub(super) events: Recorder,
    /// The place of the kind that is listed next.
    pub(super) turn: Mutex<Turn>,
}

/// A kind that is watched.
pub(super) struct Watched<S> {
    /// Its objects as they come.
    pub(super) objects: S,
    pub(super) heard: Arc<Heard>,
}

impl Watching {
    /// The watch of one kind, kept in `writer`'s store. An object that cannot be read is
    /// counted, reported and left out; it does not stop the others.
    pub(super) fn objects<R>(
        &self,
        writer: reflector::store::Writer<R>,
        shown: impl Fn(&R) + Send + 'static,
        gone: impl Fn(&R) + Send + 'static,
    ) -> Watched<impl Stream<Item = Result<R, watcher::Error>> + Send + 'static>
    where
        R: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned
            + Send
            + Sync
            + 'static,
    {
        let heard = self.hearing.add(&R::kind(&()), &self.clock);
        let turn = {
            let mut place = self.turn.lock().expect("no panic while it is held");
            let next = place.next();
            std::mem::replace(&mut *place, next)
        };
        let (watch, events) = Watch::<R>::new(
            self.client.clone(),
            self.clock.clone(),
            self.namespace.as_deref(),
            self.metrics.clone(),
            heard.clone(),
            turn,
        );
        tokio::spawn(watch.run());
        let teller = Teller {
            client: self.client.clone(),
            clock: self.clock.clone(),
            events: self.events.clone(),
        };
        let (tell, unreadable) = mpsc::unbounded_channel();
        tokio::spawn(teller.run::<R>(unreadable));
        let mut bridge = Bridge {
            store: writer.as_reader(),
            listing: false,
            gone_meanwhile: Vec::new(),
            kind: heard.kind().to_owned(),
            metrics: self.metrics.clone(),
            tell,
        };
        let events = listened(events)
            .flat_map(move |event| stream::iter(bridge.cross(event)))
            .inspect(move |event| match event {
                WatchEvent::Apply(object) | WatchEvent::InitApply(object) => shown(object),
                WatchEvent::Delete(object) => gone(object),
                WatchEvent::Init | WatchEvent::InitDone => {}
            })
            .map(Ok);
        let objects = WatchStreamExt::reflect(events, writer).applied_objects();
        Watched { objects, heard }
    }
}

/// From our events to those of kube's watcher, which know neither an unreadable object
/// nor one that goes while a list is under way.
struct Bridge<R>
where
    R: kube::Resource<DynamicType = ()> + 'static,
{
    store: Store<R>,
    listing: bool,
    gone_meanwhile: Vec<R>,
    kind: String,
    metrics: Metrics,
    tell: mpsc::UnboundedSender<Named>,
}

impl<R> Bridge<R>
where
    R: kube::Resource<DynamicType = ()> + Clone + 'static,
{
    fn cross(&mut self, event: Event<R>) -> Vec<WatchEvent<R>> {
        match event {
            Event::Begin => {
                self.listing = true;
                self.gone_meanwhile.clear();
                vec![WatchEvent::Init]
            }
            Event::Shown(object) if self.listing => {
                let same = |gone: &R| {
                    gone.name_any() == object.name_any() && gone.namespace() == object.namespace()
                };
                self.gone_meanwhile.retain(|gone| !same(gone));
                vec![WatchEvent::InitApply(object)]
            }
            Event::Shown(object) => vec![WatchEvent::Apply(object)],
            Event::Unreadable(unreadable) => {
                self.note(&unreadable);
                Vec::new()
            }
            Event::Gone(gone) => {
                let gone = match gone {
                    Ok(gone) => Some(gone),
                    Err(unreadable) => self.last_shown(&unreadable),
                };
                match self.listing {
                    true => {
                        self.gone_meanwhile.extend(gone);
                        Vec::new()
                    }
                    false => gone.map(WatchEvent::Delete).into_iter().collect(),
                }
            }
            Event::End => {
                self.listing = false;
                let gone = self.gone_meanwhile.drain(..).map(WatchEvent::Delete);
                std::iter::once(WatchEvent::InitDone).chain(gone).collect()
            }
        }
    }

    /// What was shown of an object before it could not be read any more.
    fn last_shown(&self, gone: &Unreadable) -> Option<R> {
        let reference = ObjectRef::new(gone.name.as_deref()?);
        let reference = match &gone.namespace {
            Some(namespace) => reference.within(namespace),
            None => reference,
        };
        let shown = self.store.get(&reference)?;
        (shown.uid() == gone.uid).then(|| (*shown).clone())
    }

    fn note(&self, unreadable: &Unreadable) {
        let kind = self.kind.clone();
        let (namespace, name) = (
            unreadable.namespace.clone().unwrap_or_default(),
            unreadable.name.clone().unwrap_or_default(),
        );
        tracing::error!(%kind, %namespace, %name, error = %unreadable, "stored object cannot be read; it is left alone");
        let fault = "malformed";
        let label = WatchFault { kind, fault };
        self.metrics.watch_faults.get_or_create(&label).inc();
        if !name.is_empty() {
            // Fails only while the process shuts down.
            let _ = self.tell.send((namespace, name));
        }
    }
}

fn listened<R: Send>(events: mpsc::Receiver<Event<R>>) -> impl Stream<Item = Event<R>> + Send {
    stream::unfold(events, |mut events| async {
        Some((events.recv().await?, events))
    })
}

/// How long to wait before asking a watch again.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Ends once the watch has shown every object; false if it ended before that.
///
/// kube's own future is woken for one of those who wait, the one that asked last:
/// the others would stand there until their time-outs.
pub(super) async fn all_shown<R>(store: &Store<R>) -> bool
where
    R: kube::Resource<DynamicType = ()> + Clone + 'static,
{
    loop {
        if let Ok(ready) = timeout(ASK_AGAIN, store.wait_until_ready()).await {
            return ready.is_ok();
        }
    }
}

/// The resourceVersion as a number, which it is in every API server that
/// Errand supports; 0 if it is not, so that nothing is taken for old.
pub(super) fn version(object: &impl ResourceExt) -> u64 {
    let version = object.resource_version().unwrap_or_default();
    version.parse().unwrap_or(0)
}

/// A channel as a stream.
pub(super) fn received<T: Send>(
    receiver: mpsc::UnboundedReceiver<T>,
) -> impl Stream<Item = T> + Send {
    futures::stream::unfold(receiver, |mut receiver| async {
        Some((receiver.recv().await?, receiver))
    })
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::super::fake_api::block_on;
    use super::*;
    use crate::api::CloudConnection;

    #[test]
    fn everybody_who_waits_for_a_watch_goes_on_when_it_has_shown_all() {
        block_on(async {
            let (store, mut writer) = reflector::store::<CloudConnection>();
            let waiting = (0..3).map(|_| {
                let store = store.clone();
                tokio::spawn(async move { all_shown(&store).await })
            });
            let waiting: Vec<_> = waiting.collect();
            tokio::task::yield_now().await;
            writer.apply_watcher_event(&WatchEvent::Init);
            writer.apply_watcher_event(&WatchEvent::InitDone);
            let long = Duration::from_secs(5);
            let went_on = timeout(long, join_all(waiting)).await;
            let went_on = went_on.expect("none of them is left behind");
            assert!(went_on.into_iter().all(|shown| shown.expect("no panic")));
        });
    }

    fn connection(name: &str) -> CloudConnection {
        serde_json::from_value(serde_json::json!({
            "apiVersion": "errand.cloud/v1alpha1", "kind": "CloudConnection",
            "metadata": {"name": name, "namespace": "ns", "uid": name},
            "spec": {"accountId": "a", "credentials": {"secretRef": {"name": "s"}}},
        }))
        .expect("a connection")
    }

    #[test]
    fn an_object_that_goes_while_it_is_listed_or_unreadable_is_gone() {
        let (store, mut writer) = reflector::store::<CloudConnection>();
        let (tell, mut told) = mpsc::unbounded_channel();
        let mut bridge = Bridge {
            store: store.clone(),
            listing: false,
            gone_meanwhile: Vec::new(),
            kind: "CloudConnection".to_owned(),
            metrics: Metrics::default(),
            tell,
        };
        let mut cross = |event| {
            let events = bridge.cross(event);
            let words = events.iter().map(|event| match event {
                WatchEvent::Init => "init".to_owned(),
                WatchEvent::InitApply(object) => format!("init {}", object.name_any()),
                WatchEvent::InitDone => "done".to_owned(),
                WatchEvent::Apply(object) => format!("apply {}", object.name_any()),
                WatchEvent::Delete(object) => format!("delete {}", object.name_any()),
            });
            let words = Iterator::collect::<Vec<_>>(words).join(", ");
            events
                .iter()
                .for_each(|event| writer.apply_watcher_event(event));
            words
        };
        let unreadable = |name: &str| {
            Box::new(Unreadable {
                namespace: Some("ns".to_owned()),
                name: Some(name.to_owned()),
                uid: Some(name.to_owned()),
                ..Unreadable::default()
            })
        };
        assert_eq!(cross(Event::Begin), "init");
        assert_eq!(cross(Event::Shown(connection("a"))), "init a");
        assert_eq!(cross(Event::Shown(connection("b"))), "init b");
        assert_eq!(cross(Event::Gone(Ok(connection("a")))), "");
        assert_eq!(cross(Event::Gone(Ok(connection("b")))), "");
        // Created again.
        assert_eq!(cross(Event::Shown(connection("b"))), "init b");
        assert_eq!(cross(Event::End), "done, delete a");
        assert_eq!(cross(Event::Unreadable(unreadable("b"))), "");
        assert_eq!(
            told.try_recv().ok(),
            Some(("ns".to_owned(), "b".to_owned()))
        );
        assert_eq!(store.len(), 1, "what was shown of it is kept");
        assert_eq!(cross(Event::Gone(Err(unreadable("never-shown")))), "");
        assert_eq!(cross(Event::Gone(Err(unreadable("b")))), "delete b");
        assert!(store.is_empty());
    }

    #[test]
    fn a_watch_that_ends_before_it_has_shown_all_is_not_waited_for() {
        block_on(async {
            let (store, writer) = reflector::store::<CloudConnection>();
            drop(writer);
            assert!(!all_shown(&store).await);
        });
    }
}
