//! The watches: pruned, guarded against objects that cannot be read, and with
//! their errors counted.

use std::time::Duration;

use futures::{Stream, StreamExt};
use kube::api::Api;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::{self, Store};
use kube::runtime::watcher::{self, Event as WatchEvent};
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Client, ResourceExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::metrics::{Metrics, WatchFault};

/// The watch of one kind, kept in `writer`'s store. A stored object that cannot
/// be read is counted and left out; it does not stop the others.
pub(super) fn objects<R>(
    client: Client,
    namespace: Option<&str>,
    writer: reflector::store::Writer<R>,
    metrics: Metrics,
    shown: impl Fn(&R) + Send + 'static,
    gone: impl Fn(&R) + Send + 'static,
) -> impl Stream<Item = Result<R, watcher::Error>> + Send + 'static
where
    R: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let api: Api<DeserializeGuard<R>> = match namespace {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    };
    let kind = R::kind(&()).into_owned();
    let events = watch(api, watcher::Config::default())
        .default_backoff()
        .filter_map(move |event| {
            let kept = match event {
                Ok(event) => readable(event, &kind, &metrics).map(Ok),
                Err(e) => {
                    tracing::warn!(%kind, error = %e, "watch");
                    count_fault(&metrics, &kind, "stream");
                    Some(Err(e))
                }
            };
            match &kept {
                Some(Ok(WatchEvent::Apply(object) | WatchEvent::InitApply(object))) => {
                    shown(object);
                }
                Some(Ok(WatchEvent::Delete(object))) => gone(object),
                _ => {}
            }
            async { kept }
        });
    WatchStreamExt::reflect(events, writer).applied_objects()
}

fn readable<R: kube::Resource<DynamicType = ()>>(
    event: WatchEvent<DeserializeGuard<R>>,
    kind: &str,
    metrics: &Metrics,
) -> Option<WatchEvent<R>> {
    let open = |guard: DeserializeGuard<R>| match guard.0 {
        Ok(mut object) => {
            let meta = object.meta_mut();
            meta.managed_fields = None;
            if let Some(annotations) = &mut meta.annotations {
                annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
            }
            Some(object)
        }
        Err(invalid) => {
            let name = invalid.metadata.name.unwrap_or_default();
            let namespace = invalid.metadata.namespace.unwrap_or_default();
            tracing::error!(%kind, %namespace, %name, error = %invalid.error, "stored object cannot be read; it is left alone");
            count_fault(metrics, kind, "malformed");
            None
        }
    };
    match event {
        WatchEvent::Apply(guard) => open(guard).map(WatchEvent::Apply),
        WatchEvent::Delete(guard) => open(guard).map(WatchEvent::Delete),
        WatchEvent::InitApply(guard) => open(guard).map(WatchEvent::InitApply),
        WatchEvent::Init => Some(WatchEvent::Init),
        WatchEvent::InitDone => Some(WatchEvent::InitDone),
    }
}

fn count_fault(metrics: &Metrics, kind: &str, fault: &'static str) {
    let kind = kind.to_owned();
    metrics
        .watch_faults
        .get_or_create(&WatchFault { kind, fault })
        .inc();
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

    #[test]
    fn a_watch_that_ends_before_it_has_shown_all_is_not_waited_for() {
        block_on(async {
            let (store, writer) = reflector::store::<CloudConnection>();
            drop(writer);
            assert!(!all_shown(&store).await);
        });
    }
}
