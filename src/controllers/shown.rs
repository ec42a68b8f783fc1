//! What the watch of one kind shows, as far as it is used: an object that has not ended
//! as a whole, and a short record of one that has.

use std::collections::HashMap;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use errand_engine::Tick;
use kube::ResourceExt;
use tokio::sync::watch as signal;

use crate::api::State;

/// An object's place among those of its kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ObjectKey {
    pub(super) namespace: Arc<str>,
    pub(super) name: Arc<str>,
}

impl ObjectKey {
    pub(super) fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    pub(super) fn of(object: &impl ResourceExt) -> Self {
        Self::new(&object.namespace().unwrap_or_default(), &object.name_any())
    }
}

/// What is kept of an object.
#[derive(Clone, Debug)]
pub(super) enum Kept<R> {
    Whole(Arc<R>),
    Ended(Ended),
}

/// What is kept of an object that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) uid: Box<str>,
    /// What was shown of it before is older.
    pub(super) version: u64,
    pub(super) state: State,
    /// When it is to be deleted, on the wall clock.
    pub(super) expires: Option<Tick>,
}

impl<R: ResourceExt> Kept<R> {
    pub(super) fn uid(&self) -> String {
        match self {
            Self::Whole(object) => object.uid().unwrap_or_default(),
            Self::Ended(ended) => ended.uid.to_string(),
        }
    }
}

/// The objects of one kind. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Shown<R>(Arc<All<R>>);

#[derive(Debug)]
struct All<R> {
    kept: RwLock<HashMap<ObjectKey, Kept<R>>>,
    listed: signal::Sender<bool>,
}

impl<R> Default for Shown<R> {
    fn default() -> Self {
        Self(Arc::new(All {
            kept: RwLock::default(),
            listed: signal::Sender::new(false),
        }))
    }
}

impl<R: ResourceExt + Clone> Shown<R> {
    /// The object, if it is there and has not ended.
    pub(super) fn get(&self, key: &ObjectKey) -> Option<Arc<R>> {
        match self.read().get(key)? {
            Kept::Whole(object) => Some(object.clone()),
            Kept::Ended(_) => None,
        }
    }

    /// What is kept of the object.
    pub(super) fn kept(&self, key: &ObjectKey) -> Option<Kept<R>> {
        self.read().get(key).cloned()
    }

    /// Every object that has not ended.
    pub(super) fn whole(&self) -> Vec<Arc<R>> {
        let kept = self.read();
        let whole = kept.values().filter_map(|kept| match kept {
            Kept::Whole(object) => Some(object.clone()),
            Kept::Ended(_) => None,
        });
        whole.collect()
    }

    /// What each of them is like.
    pub(super) fn map<T>(&self, each: impl Fn(&Kept<R>) -> T) -> Vec<T> {
        self.read().values().map(each).collect()
    }

    /// Every object's place.
    pub(super) fn keys(&self) -> Vec<ObjectKey> {
        self.read().keys().cloned().collect()
    }

    /// Keeps it; gives what was kept before.
    pub(super) fn put(&self, key: ObjectKey, kept: Kept<R>) -> Option<Kept<R>> {
        self.write().insert(key, kept)
    }

    /// Keeps only the record of the object that is kept there as a whole.
    pub(super) fn end(&self, key: &ObjectKey, ended: Ended) {
        let mut all = self.write();
        if let Some(kept) = all.get_mut(key)
            && kept.uid() == *ended.uid
        {
            *kept = Kept::Ended(ended);
        }
    }

    /// It is gone; gives what was kept.
    pub(super) fn remove(&self, key: &ObjectKey) -> Option<Kept<R>> {
        self.write().remove(key)
    }

    /// Every object has been shown.
    pub(super) fn set_listed(&self) {
        self.0.listed.send_replace(true);
    }

    /// Ends once every object has been shown.
    pub(super) async fn listed(&self) {
        let mut listed = self.0.listed.subscribe();
        // The sender is kept here.
        let _ = listed.wait_for(|listed| *listed).await;
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<ObjectKey, Kept<R>>> {
        self.0.kept.read().expect("no panic while it is held")
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<ObjectKey, Kept<R>>> {
        self.0.kept.write().expect("no panic while it is held")
    }
}
