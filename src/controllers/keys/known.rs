//! What is known of credentials, and the bad signatures that were made with key ids.
//! Decisions alone: no clock, no requests.

use std::collections::{HashMap, HashSet};

use errand_engine::Span;

use super::{NoKey, Standing};
use crate::cloud::{Key, Recent, Refusal};
use crate::controllers::endpoints::Authority;

/// Bad signatures with one key id at one cloud, of credentials that it never accepted,
/// in [`COUNTED`]: at most so many. Huawei Cloud locks a key after five.
const MOST_BAD: usize = 3;

/// The same of one namespace, so that it does not keep every other one from trying its
/// key; and of all that nothing vouches for, while there are some that something does.
const SHARE: usize = MOST_BAD - 1;

const COUNTED: Span = Span(5 * 60_000);

/// How long after the first one keys that an earlier process has seen accepted go before
/// others. By then each that is in use was tried.
const VOUCHED: Span = Span(10 * 60_000);

/// The credential in a Secret, at a cloud.
#[derive(Clone, Debug)]
pub(super) struct Credential {
    /// Which cloud counts its bad signatures.
    cloud: Authority,
    /// Of the whole credential in its namespace.
    identity: String,
    /// Of its key id alone.
    id: String,
    namespace: String,
    /// Name of what is read of the Secret.
    slot: String,
}

impl Credential {
    pub(super) fn of(cloud: &Authority, key: &Key, slot: String) -> Self {
        Self {
            cloud: cloud.clone(),
            identity: key.identity(),
            id: key.id_digest(),
            namespace: key.namespace.clone(),
            slot,
        }
    }

    fn key(&self) -> (String, Authority) {
        (self.identity.clone(), self.cloud.clone())
    }
}

/// What is known of one credential.
#[derive(Default)]
struct Entry {
    standing: Standing,
    being_tried: bool,
    /// What was said last to a request with it, if it was not that the cloud rejects it.
    unclear: Option<Box<Refusal>>,
    /// When the vendor had accepted it before and it was used last. What others sign badly
    /// does not stop it; its own rejection does, until it is tried again.
    proven: Option<i64>,
}

/// An accepted credential that was not used for so long is forgotten: temporary ones are
/// replaced by others for ever.
const PROVEN: i64 = 7 * 24 * 3_600_000;

impl Entry {
    /// A cloud of its own accepts whatever its owner likes, so that is forgotten.
    fn is_needed(&self, now: i64) -> bool {
        self.being_tried || self.proven.is_some_and(|used| now - used < PROVEN)
    }
}

/// What is known of all.
#[derive(Default)]
pub(super) struct Known {
    /// By identity and cloud.
    credentials: Recent<(String, Authority), Entry>,
    /// Where a credential had an answer, by its identity and the place of a connection.
    places: Recent<(String, String), ()>,
    /// Times and namespaces of bad signatures, by cloud and key id. One that is being
    /// tried counts already.
    bad: HashMap<(Authority, String), Vec<Bad>>,
    /// Secrets whose key an earlier process has seen accepted, until then (monotonic).
    vouched: HashSet<String>,
    vouched_until: i64,
}

struct Bad {
    namespace: String,
    /// Absent while a request is under way that may turn out to be one.
    at: Option<i64>,
    /// The cloud said that it was one.
    certain: bool,
}

impl Known {
    pub(super) fn vouch(&mut self, slot: String, now: i64) {
        if self.vouched_until == 0 {
            self.vouched_until = now + VOUCHED.0;
        }
        if now < self.vouched_until {
            self.vouched.insert(slot);
        }
    }

    pub(super) fn unvouch(&mut self, slot: &str) {
        self.vouched.remove(slot);
    }

    pub(super) fn standing(&self, of: &Credential) -> Standing {
        let entry = self.credentials.get(&of.key());
        entry.map_or(Standing::Untried, |entry| entry.standing)
    }

    /// It may be used; true if that is to try it, which ends with
    /// [`end_trial`](Self::end_trial).
    pub(super) fn take(&mut self, of: &Credential, recheck: Span, now: i64) -> Result<bool, NoKey> {
        let entry =
            self.credentials
                .entry(of.key(), now, |entry| entry.is_needed(now), Entry::default);
        match entry.standing {
            Standing::Accepted => {
                entry.proven = entry.proven.map(|_| now);
                return Ok(false);
            }
            Standing::Rejected { at, locked } if now - at < recheck.0 => {
                return Err(match locked {
                    true => NoKey::Locked,
                    false => NoKey::Rejected,
                });
            }
            Standing::Untried | Standing::Rejected { .. } => {}
        }
        if entry.being_tried {
            return Err(NoKey::BeingTried);
        }
        if now >= self.vouched_until {
            self.vouched.clear();
        }
        let vouched = self.vouched.contains(&of.slot);
        let (most, own) = match () {
            () if entry.proven.is_some() => (usize::MAX, usize::MAX),
            () if vouched => (MOST_BAD, SHARE),
            () if self.vouched.is_empty() => (MOST_BAD, SHARE),
            () => (SHARE, SHARE),
        };
        self.bad.retain(|_, all| {
            all.retain(|bad| bad.at.is_none_or(|at| now - at < COUNTED.0));
            !all.is_empty()
        });
        let key = (of.cloud.clone(), of.id.clone());
        let bad = self.bad.entry(key).or_default();
        let ours = bad.iter().filter(|bad| bad.namespace == of.namespace);
        if bad.len() >= most || ours.count() >= own {
            let certain = bad.iter().any(|bad| bad.certain);
            return Err(match &entry.unclear {
                None if certain => NoKey::TooManyBad,
                said => NoKey::Unclear(said.clone()),
            });
        }
        bad.push(Bad {
            namespace: of.namespace.clone(),
            at: None,
            certain: false,
        });
        entry.standing = Standing::Untried;
        entry.being_tried = true;
        Ok(true)
    }

    pub(super) fn end_trial(&mut self, of: &Credential) {
        let key = (of.cloud.clone(), of.id.clone());
        if let Some(bad) = self.bad.get_mut(&key) {
            let is_it = |bad: &Bad| bad.at.is_none() && bad.namespace == of.namespace;
            if let Some(at) = bad.iter().position(is_it) {
                bad.swap_remove(at);
            }
        }
        if let Some(entry) = self.credentials.get_mut(&of.key()) {
            entry.being_tried = false;
        }
    }

    /// It had an answer at that place; true if that is news.
    pub(super) fn note_place(&mut self, of: &Credential, place: &str, now: i64) -> bool {
        let key = (of.identity.clone(), place.to_owned());
        let known = self.places.get(&key).is_some();
        self.places.entry(key, now, |()| false, || ());
        !known
    }

    /// It had an answer at that place. Who asks needs that further.
    pub(super) fn answers_at(&mut self, identity: String, place: &str, now: i64) -> bool {
        let key = (identity, place.to_owned());
        let known = self.places.get(&key).is_some();
        if known {
            self.places.entry(key, now, |()| false, || ());
        }
        known
    }

    /// So many bad signatures were made with it.
    pub(super) fn count_rejected(&mut self, of: &Credential, bad: u32, now: i64) {
        self.count(of, bad, now, true);
    }

    /// So many requests with it may have had a bad signature; and what was said to the last
    /// one.
    pub(super) fn count_unclear(
        &mut self,
        of: &Credential,
        bad: u32,
        said: Option<Box<Refusal>>,
        now: i64,
    ) {
        self.count(of, bad, now, false);
        if let Some(entry) = self.credentials.get_mut(&of.key()).filter(|_| bad > 0) {
            entry.unclear = said;
        }
    }

    fn count(&mut self, of: &Credential, bad: u32, now: i64, certain: bool) {
        let key = (of.cloud.clone(), of.id.clone());
        let all = self.bad.entry(key).or_default();
        for _ in 0..bad {
            all.push(Bad {
                namespace: of.namespace.clone(),
                at: Some(now),
                certain,
            });
        }
    }

    /// True if that is news.
    pub(super) fn settle(&mut self, of: &Credential, standing: Standing, now: i64) -> bool {
        self.vouched.remove(&of.slot);
        let entry =
            self.credentials
                .entry(of.key(), now, |entry| entry.is_needed(now), Entry::default);
        if standing == Standing::Accepted && matches!(of.cloud, Authority::Vendor(_)) {
            entry.proven = Some(now);
        }
        entry.unclear = None;
        std::mem::replace(&mut entry.standing, standing) != standing
    }
}
