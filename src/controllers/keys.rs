//! The keys in Secrets: read by name, tried once, and not used while rejected.
//!
//! A key that a cloud has rejected is not used again before its Secret changes
//! or a slow recheck is due: more than five rejected signatures lock it at
//! Huawei Cloud, for everybody who uses it. A key that has not been used yet is
//! tried by one read before anybody else may use it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use errand_engine::Span;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::read::get;
use crate::api::SecretRef;
use crate::clock::Clock;
use crate::cloud::{Key, SecretText};

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
    /// It lacks a key, or holds something that cannot be one.
    Malformed(String),
    /// The cloud does not accept it.
    Rejected,
    /// The cloud has locked it after too many bad signatures.
    Locked,
    /// Nobody has used it yet, and somebody is about to.
    BeingTried,
}

impl NoKey {
    /// It lasts until somebody fixes it, or the cloud unlocks the key.
    pub(super) fn blocks(&self) -> bool {
        match self {
            Self::NotFound | Self::Malformed(_) | Self::Rejected | Self::Locked => true,
            Self::Unreadable | Self::Forbidden | Self::BeingTried => false,
        }
    }
}

/// Every key that this process uses.
pub(super) struct Keys {
    client: kube::Client,
    clock: Clock,
    /// How long a rejected key is left alone.
    recheck: Span,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

/// The key of one Secret, which several connections and operations share.
#[derive(Default)]
struct Slot {
    /// Held while a key that nobody has used yet is being tried.
    trial: Arc<AsyncMutex<()>>,
    state: Mutex<SlotState>,
}

#[derive(Default)]
struct SlotState {
    version: String,
    read_at: Option<i64>,
    key: Option<Result<Key, NoKey>>,
    standing: Standing,
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody has used it.
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
    slot: Arc<Slot>,
    version: String,
    /// Held by the one who tries it.
    trial: Option<OwnedMutexGuard<()>>,
    clock: Clock,
}

impl Taken {
    /// Monotonic, as [`Standing::Rejected`] has it.
    pub(super) fn now(&self) -> i64 {
        self.clock.now().mono.0
    }

    /// Says what a cloud thinks of it; true if that is news.
    pub(super) fn settle(&mut self, standing: Standing) -> bool {
        let mut state = self.slot.lock();
        // Somebody may have put another key there meanwhile.
        let news = state.version == self.version && state.standing != standing;
        if news {
            state.standing = standing;
        }
        drop(state);
        self.trial = None;
        news
    }
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, SlotState> {
        self.state.lock().expect("no panic while it is held")
    }

    fn untried(self: &Arc<Self>, trial: OwnedMutexGuard<()>, clock: Clock) -> Result<Taken, NoKey> {
        let state = self.lock();
        let key = state.key.clone().unwrap_or(Err(NoKey::Unreadable))?;
        Ok(Taken {
            key,
            version: state.version.clone(),
            slot: self.clone(),
            trial: Some(trial),
            clock,
        })
    }
}

impl Keys {
    pub(super) fn new(client: kube::Client, clock: Clock, recheck: Span) -> Self {
        Self {
            client,
            clock,
            recheck,
            slots: Mutex::default(),
        }
    }

    /// The key, once it is known to be good; or with the right to try it.
    pub(super) async fn take(&self, namespace: &str, secret: &SecretRef) -> Result<Taken, NoKey> {
        let slot = self.fresh(namespace, secret).await?;
        if let Some(taken) = self.accepted(&slot)? {
            return Ok(taken);
        }
        // Nobody has used it yet: one tries it, the others come again. Waiting for
        // that here would let one silent cloud take up every session.
        let trial = slot.trial.clone().try_lock_owned();
        let trial = trial.map_err(|_| NoKey::BeingTried)?;
        match self.accepted(&slot)? {
            Some(taken) => Ok(taken),
            None => slot.untried(trial, self.clock.clone()),
        }
    }

    /// What is known of the key, without using it.
    pub(super) async fn standing(
        &self,
        namespace: &str,
        secret: &SecretRef,
    ) -> Result<Standing, NoKey> {
        let slot = self.fresh(namespace, secret).await?;
        let state = slot.lock();
        match &state.key {
            Some(Ok(_)) => Ok(state.standing),
            Some(Err(no_key)) => Err(no_key.clone()),
            None => Err(NoKey::Unreadable),
        }
    }

    fn accepted(&self, slot: &Arc<Slot>) -> Result<Option<Taken>, NoKey> {
        let now = self.clock.now().mono.0;
        let mut state = slot.lock();
        let key = state.key.clone().unwrap_or(Err(NoKey::Unreadable))?;
        match state.standing {
            Standing::Accepted => Ok(Some(Taken {
                key,
                version: state.version.clone(),
                slot: slot.clone(),
                trial: None,
                clock: self.clock.clone(),
            })),
            Standing::Untried => Ok(None),
            Standing::Rejected { at, .. } if now - at >= self.recheck.0 => {
                state.standing = Standing::Untried;
                Ok(None)
            }
            Standing::Rejected { locked: true, .. } => Err(NoKey::Locked),
            Standing::Rejected { locked: false, .. } => Err(NoKey::Rejected),
        }
    }

    /// The slot, its Secret read by name if that is some time ago.
    async fn fresh(&self, namespace: &str, secret: &SecretRef) -> Result<Arc<Slot>, NoKey> {
        let slot = {
            let id = format!("{namespace}/{}/{:?}", secret.name, secret.keys);
            let mut slots = self.slots.lock().expect("no panic while it is held");
            slots.entry(id).or_default().clone()
        };
        let now = self.clock.now().mono.0;
        let (read_at, fresh) = {
            let state = slot.lock();
            let rejected = matches!(state.standing, Standing::Rejected { .. });
            let blocks = rejected || matches!(state.key, Some(Err(_)));
            let fresh = if blocks { SECRET_BLOCKS } else { SECRET_FRESH };
            (state.read_at, fresh)
        };
        if read_at.is_some_and(|at| now - at < fresh.0) {
            return Ok(slot);
        }
        let found: Option<Secret> = match get(&self.client, Some(namespace), &secret.name).await {
            Ok(found) => found,
            Err(e) if e.code() == Some(403) => return Err(NoKey::Forbidden),
            // Not even the error: nothing of a Secret is told.
            Err(_) => return Err(NoKey::Unreadable),
        };
        let mut state = slot.lock();
        state.read_at = Some(now);
        let (version, key) = match found {
            None => (String::new(), Err(NoKey::NotFound)),
            Some(found) => (
                format!(
                    "{}/{}",
                    found.uid().unwrap_or_default(),
                    found.resource_version().unwrap_or_default()
                ),
                key_of(&found.data.unwrap_or_default(), secret).map_err(NoKey::Malformed),
            ),
        };
        // A label edit makes no new key.
        if state.key.as_ref() != Some(&key) {
            state.standing = Standing::Untried;
        }
        state.key = Some(key);
        state.version = version;
        drop(state);
        Ok(slot)
    }
}

fn key_of(data: &BTreeMap<String, ByteString>, secret: &SecretRef) -> Result<Key, String> {
    let names = secret.keys.clone().unwrap_or_default();
    let text = |name: &str| -> Result<Option<SecretText>, String> {
        let Some(ByteString(bytes)) = data.get(name) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(bytes).map_err(|_| format!("key {name} is not text"))?;
        // A trailing line break is the commonest mistake with `--from-file`.
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() || text.chars().any(|c| !c.is_ascii_graphic()) {
            return Err(format!(
                "key {name} is empty or holds blanks or other characters that a key cannot have"
            ));
        }
        Ok(Some(SecretText::new(text)))
    };
    let needed = |name: &str| text(name)?.ok_or_else(|| format!("it has no key {name}"));
    Ok(Key {
        id: needed(names.access_key.as_deref().unwrap_or("accessKey"))?,
        secret: needed(names.secret_key.as_deref().unwrap_or("secretKey"))?,
        token: text(names.security_token.as_deref().unwrap_or("securityToken"))?,
    })
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::super::context::API_TIMEOUT;
    use super::super::fake_api;
    use super::*;

    #[test]
    fn a_key_with_a_trailing_line_break_is_used_without_it() {
        let secret = SecretRef {
            name: "s".into(),
            keys: None,
        };
        let data = |id: &str| {
            BTreeMap::from([
                ("accessKey".to_owned(), ByteString(id.as_bytes().to_vec())),
                ("secretKey".to_owned(), ByteString(b"secret".to_vec())),
            ])
        };
        assert_eq!(key_of(&data("id\n"), &secret).unwrap().id.reveal(), "id");
        assert!(key_of(&data("i d"), &secret).is_err());
        assert!(key_of(&BTreeMap::new(), &secret).is_err());
    }

    #[test]
    fn a_key_that_is_being_tried_makes_nobody_wait_for_that() {
        let secret = SecretRef {
            name: "s".into(),
            keys: None,
        };
        fake_api::block_on(async {
            // "id" and "secret" in base64.
            let client = fake_api::client(|_| {
                let data = serde_json::json!({"accessKey": "aWQ=", "secretKey": "c2VjcmV0"});
                let meta = serde_json::json!({"name": "s", "uid": "u", "resourceVersion": "1"});
                let secret = serde_json::json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data});
                (200, secret)
            });
            let keys = Keys::new(client, Clock::system(), Span(1_000));
            let Ok(mut first) = keys.take("ns", &secret).await else {
                panic!("the first may try it");
            };
            let second = timeout(API_TIMEOUT, keys.take("ns", &secret)).await;
            let second = second.expect("is answered at once");
            assert_eq!(second.err(), Some(NoKey::BeingTried));
            first.settle(Standing::Accepted);
            assert!(keys.take("ns", &secret).await.is_ok());
        });
    }
}
