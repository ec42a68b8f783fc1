//! What policy.maxConcurrent of a connection limits: the operations of every kind
//! that are under way through it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use kube::ResourceExt;
use tokio::time::timeout;

use super::context::API_TIMEOUT;
use super::shown::Shown;
use super::watch::Heard;
use crate::operations::Object;

/// What the watch of one kind shows.
pub(super) trait Shows: Send + Sync {
    /// Ends once it has shown every object, or the API server does not know the kind or
    /// gives no list of it.
    fn ready(&self) -> BoxFuture<'_, ()>;
    /// The uids of its objects that are under way through this connection.
    fn under_way(&self, connection: &str) -> Vec<String>;
}

/// What is shown of one kind, and what is known of its watch.
pub(super) struct Kept<O: Object> {
    pub(super) shown: Shown<O>,
    pub(super) heard: Arc<Heard>,
}

impl<O: Object> Shows for Kept<O> {
    fn ready(&self) -> BoxFuture<'_, ()> {
        async {
            tokio::select! {
                () = self.shown.listed() => {}
                () = self.heard.cannot_be_listed() => {}
            }
        }
        .boxed()
    }

    fn under_way(&self, connection: &str) -> Vec<String> {
        let all = self.shown.whole();
        let here = all.iter().filter(|object| {
            let status = object.status();
            status.is_some_and(|s| !s.steps.is_empty())
                && !object.is_finished()
                && connection_id(object.as_ref()) == connection
        });
        here.filter_map(|object| object.uid()).collect()
    }
}

/// Tells the connection of an operation from every other.
pub(super) fn connection_id(object: &impl Object) -> String {
    let namespace = object.namespace().unwrap_or_default();
    format!("{namespace}/{}", object.asked().connection.name)
}

/// Operations that may be under way, by connection: what the watches of all kinds
/// show, and what this process has started that they do not show yet.
#[derive(Clone, Default)]
pub(super) struct Started {
    here: Arc<Mutex<HashMap<String, HashSet<String>>>>,
    kinds: Arc<Mutex<Vec<Arc<dyn Shows>>>>,
}

impl Started {
    /// Counts what this watch shows, too.
    pub(super) fn add(&self, kind: impl Shows + 'static) {
        let mut kinds = self.kinds.lock().expect("no panic while it is held");
        kinds.push(Arc::new(kind));
    }

    /// Counts `uid` in, unless that would make more than `limit`.
    pub(super) async fn admit(&self, connection: &str, uid: &str, limit: usize) -> bool {
        let kinds = self.kinds();
        // A process that has just begun to lead counts what others have started. A
        // kind that cannot be listed has to be done without.
        let _ = timeout(API_TIMEOUT, join_all(kinds.iter().map(|kind| kind.ready()))).await;
        let shown = kinds.iter().flat_map(|kind| kind.under_way(connection));
        let shown: HashSet<String> = shown.collect();
        let mut all = self.lock();
        let here = all.entry(connection.to_owned()).or_default();
        let others = here.union(&shown).filter(|other| *other != uid).count();
        let admitted = others < limit;
        if admitted {
            here.insert(uid.to_owned());
        }
        admitted
    }

    /// It is gone.
    pub(super) fn forget(&self, uid: &str) {
        self.lock().retain(|_, here| {
            here.remove(uid);
            !here.is_empty()
        });
    }

    /// It has ended, or was not started after all.
    pub(super) fn release(&self, connection: &str, uid: &str) {
        if let Some(here) = self.lock().get_mut(connection) {
            here.remove(uid);
        }
    }

    fn kinds(&self) -> Vec<Arc<dyn Shows>> {
        let kinds = self.kinds.lock().expect("no panic while it is held");
        kinds.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, HashSet<String>>> {
        self.here.lock().expect("no panic while it is held")
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake_api::block_on;
    use super::*;

    /// A watch that shows these, once it is ready.
    struct Watch(&'static [&'static str]);

    impl Shows for Watch {
        fn ready(&self) -> BoxFuture<'_, ()> {
            async {}.boxed()
        }

        fn under_way(&self, connection: &str) -> Vec<String> {
            let shown = self.0.iter().filter(|_| connection == "ns/a");
            shown.map(|uid| (*uid).to_owned()).collect()
        }
    }

    #[test]
    fn what_is_under_way_of_any_kind_counts_against_the_limit_of_its_connection() {
        block_on(async {
            let started = Started::default();
            started.add(Watch(&["order"]));
            started.add(Watch(&[]));
            assert!(!started.admit("ns/a", "cancellation", 1).await);
            assert!(started.admit("ns/a", "order", 1).await, "itself");
            assert!(started.admit("ns/a", "cancellation", 2).await);
            assert!(!started.admit("ns/a", "another", 2).await);
            assert!(started.admit("ns/b", "another", 1).await);
            started.release("ns/a", "cancellation");
            assert!(started.admit("ns/a", "another", 2).await);
            started.forget("another");
            assert!(started.admit("ns/a", "cancellation", 2).await);
        });
    }
}
