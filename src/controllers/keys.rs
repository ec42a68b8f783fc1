//! The keys in Secrets: read by name, tried once, and not used while rejected.
//!
//! A key that a cloud has rejected is not used again before its Secret changes
//! or a slow recheck is due: more than five rejected signatures lock it at
//! Huawei Cloud, for everybody who uses it. A key that has not been used yet is
//! tried by one read before anybody else may use it.
//!
//! What is known of a key belongs to the whole credential, at one cloud, in one
//! namespace. Bad signatures, which a cloud counts by the key id alone, are counted by
//! it over all namespaces, and stop only credentials that were never accepted.

mod known;

use std::sync::{Arc, Mutex, MutexGuard};

use errand_engine::Span;

use self::known::{Credential, Known};
use super::endpoints::Authority;
use super::secrets;
use crate::api::SecretRef;
use crate::clock::Clock;
use crate::cloud::{Key, Recent, Refusal, Trial};

/// A Secret that was read is not read again for this long.
pub(super) const SECRET_FRESH: Span = Span(30_000);

/// The same of one without a key that may be used, which is being fixed.
const SECRET_BLOCKS: Span = Span(4_000);

/// Why there is no key to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The API server does not answer.
    Unreadable,
    /// The operator lacks the right to read it.
    Forbidden,
    /// The Secret is not there.
    NotFound,
    /// It lacks the label that it needs.
    NotLabelled,
    /// It lacks a key, or holds something that cannot be one.
    Malformed(String),
    /// The cloud does not accept it.
    Rejected,
    /// The cloud has locked it after too many bad signatures.
    Locked,
    /// It was not used yet, and is about to be.
    BeingTried,
    /// It was not used yet, and too many bad signatures were made with its key id, by
    /// this Secret or others.
    TooManyBad,
    /// The same of requests whose answer does not tell that their signature was bad; and
    /// what was said to the last one with this credential.
    Unclear(Option<Box<Refusal>>),
}

impl NoKey {
    /// It lasts until its Secret is corrected, or the cloud unlocks the key.
    pub(super) fn blocks(&self) -> bool {
        match self {
            Self::NotFound
            | Self::NotLabelled
            | Self::Malformed(_)
            | Self::Rejected
            | Self::Locked => true,
            Self::Unreadable
            | Self::Forbidden
            | Self::BeingTried
            | Self::TooManyBad
            | Self::Unclear(_) => false,
        }
    }
}

/// Every key that this process uses.
pub(super) struct Keys {
    client: kube::Client,
    clock: Clock,
    /// How long a rejected key is left alone.
    recheck: Span,
    /// Secrets without [`secrets::LABEL`] are not read.
    needs_label: bool,
    slots: Mutex<Recent<String, Arc<Slot>>>,
    known: Arc<Mutex<Known>>,
}

/// The key of one Secret, which several connections and operations share.
#[derive(Default)]
struct Slot(Mutex<SlotState>);

#[derive(Clone, Default)]
struct SlotState {
    read_at: Option<i64>,
    key: Option<Result<Key, NoKey>>,
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was not used yet.
    #[default]
    Untried,
    /// A cloud gave an authenticated answer.
    Accepted,
    /// A cloud rejected it then (monotonic clock); it may be a good one that the
    /// cloud has locked.
    Rejected { at: i64, locked: bool },
}

/// A key that may be used now.
pub(super) struct Taken {
    pub(super) key: Key,
    credential: Credential,
    /// What was said to a request with it, if that does not tell what the cloud thinks of it.
    said: Option<Box<Refusal>>,
    known: Arc<Mutex<Known>>,
    clock: Clock,
}

impl Taken {
    /// Monotonic, as [`Standing::Rejected`] has it.
    pub(super) fn now(&self) -> i64 {
        self.clock.now().mono.0
    }

    /// A request with it was answered so.
    pub(super) fn note(&mut self, refusal: &Refusal) {
        self.said = Some(Box::new(refusal.clone()));
    }

    /// Says what the requests so far have shown; true if that is news.
    pub(super) fn heard(&mut self) -> bool {
        let trial = self.key.trial.as_ref();
        trial.is_some_and(|trial| trial.is_accepted()) && self.settle(Standing::Accepted)
    }

    /// It was used to read the cloud at that place; true if that is news.
    pub(super) fn answers_at(&self, place: &str) -> bool {
        lock(&self.known).note_place(&self.credential, place, self.now())
    }

    /// Says what a cloud thinks of it; true if that is news.
    pub(super) fn settle(&mut self, standing: Standing) -> bool {
        let now = self.now();
        let bad = self.end_trial();
        let mut known = lock(&self.known);
        match standing {
            Standing::Rejected { .. } => {
                known.count_rejected(&self.credential, bad.unwrap_or(1).max(1), now);
            }
            Standing::Accepted | Standing::Untried => {}
        }
        known.settle(&self.credential, standing, now)
    }

    /// Gives the bad signatures that were made while it was tried.
    fn end_trial(&mut self) -> Option<u32> {
        let trial = self.key.trial.take()?;
        lock(&self.known).end_trial(&self.credential);
        Some(trial.bad_signatures())
    }
}

impl Drop for Taken {
    /// A trial without a verdict. What was not answered may have been a bad signature.
    fn drop(&mut self) {
        let now = self.now();
        if let Some(bad) = self.end_trial() {
            let said = self.said.take();
            lock(&self.known).count_unclear(&self.credential, bad, said, now);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no panic while it is held")
}

impl Keys {
    pub(super) fn new(
        client: kube::Client,
        clock: Clock,
        recheck: Span,
        needs_label: bool,
    ) -> Self {
        Self {
            client,
            clock,
            recheck,
            needs_label,
            slots: Mutex::default(),
            known: Arc::default(),
        }
    }

    /// An earlier process has seen that a cloud accepts the key in that Secret. It goes
    /// before those that nothing is known of.
    pub(super) fn vouch(&self, namespace: &str, secret: &SecretRef) {
        let now = self.clock.now().mono.0;
        lock(&self.known).vouch(slot_name(namespace, secret), now);
    }

    /// The key for that cloud, once it is known to be good; or with the right to try it.
    pub(super) async fn take(
        &self,
        namespace: &str,
        secret: &SecretRef,
        cloud: &Authority,
    ) -> Result<Taken, NoKey> {
        let mut key = self
            .fresh(namespace, secret, std::slice::from_ref(cloud))
            .await?;
        let credential = Credential::of(cloud, &key, slot_name(namespace, secret));
        let now = self.clock.now().mono.0;
        // One tries it, the others come again. Waiting for that here would let one
        // silent cloud take up every session.
        let tried = lock(&self.known).take(&credential, self.recheck, now)?;
        key.trial = tried.then(Arc::<Trial>::default);
        Ok(Taken {
            key,
            credential,
            said: None,
            known: self.known.clone(),
            clock: self.clock.clone(),
        })
    }

    /// What is known of the key at those clouds, without using it: that one of them does
    /// not accept it, or that one does; and whether it had an answer at that place.
    pub(super) async fn standing(
        &self,
        namespace: &str,
        secret: &SecretRef,
        clouds: &[Authority],
        place: &str,
    ) -> Result<(Standing, bool), NoKey> {
        let key = self.fresh(namespace, secret, clouds).await?;
        let standing = self.standing_of(&key, clouds, &slot_name(namespace, secret));
        let answers = lock(&self.known).answers_at(key.identity(), place, self.clock.now().mono.0);
        Ok((standing, answers))
    }

    fn standing_of(&self, key: &Key, clouds: &[Authority], slot: &str) -> Standing {
        let known = lock(&self.known);
        let standing = |cloud| known.standing(&Credential::of(cloud, key, slot.to_owned()));
        let all: Vec<Standing> = clouds.iter().map(standing).collect();
        let rejected = |standing: &&Standing| matches!(standing, Standing::Rejected { .. });
        let first = all.iter().find(rejected);
        let first = first.or_else(|| all.iter().find(|one| **one == Standing::Accepted));
        first.copied().unwrap_or_default()
    }

    /// What the Secret holds, read by name if that is some time ago.
    async fn fresh(
        &self,
        namespace: &str,
        secret: &SecretRef,
        clouds: &[Authority],
    ) -> Result<Key, NoKey> {
        let name = slot_name(namespace, secret);
        let now = self.clock.now().mono.0;
        let slot = {
            let mut slots = lock(&self.slots);
            Arc::clone(slots.entry(name.clone(), now, |_| false, Arc::default))
        };
        let SlotState { read_at, key } = lock(&slot.0).clone();
        if let (Some(at), Some(known)) = (read_at, key) {
            let standing = |key: &Key| self.standing_of(key, clouds, &name);
            let fresh = match &known {
                Ok(key) if !matches!(standing(key), Standing::Rejected { .. }) => SECRET_FRESH,
                _ => SECRET_BLOCKS,
            };
            if now - at < fresh.0 {
                return known;
            }
        }
        let key = secrets::key(&self.client, namespace, secret, self.needs_label).await;
        // What the API server did not say changes nothing of what is known.
        if matches!(key, Err(NoKey::Unreadable | NoKey::Forbidden)) {
            return key;
        }
        if key.is_err() {
            lock(&self.known).unvouch(&name);
        }
        *lock(&slot.0) = SlotState {
            read_at: Some(now),
            key: Some(key.clone()),
        };
        key
    }
}

fn slot_name(namespace: &str, secret: &SecretRef) -> String {
    format!("{namespace}/{}/{:?}", secret.name, secret.keys)
}

#[cfg(test)]
mod tests;
