//! From a connectionRef to a client: the connection, the endpoint, the Secret,
//! and whether its key may be used.
//!
//! A key that a cloud has rejected is not used again before its Secret changes
//! or a slow recheck is due: more than five rejected signatures lock it at
//! Huawei Cloud, for everybody who uses it. A key that has not been used yet is
//! tried by one read before anybody else may use it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use errand_engine::{Code, Rules, Span, Trouble};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Api, ResourceExt};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio::time::timeout;

use super::context::API_TIMEOUT;
use crate::api::{CloudConnection, ConnectionRef, Reason, SecretRef};
use crate::cloud::huawei::{Client, verdicts};
use crate::cloud::{EndpointError, Key, SecretText, Transport};
use crate::operations::Service;

/// A Secret that was read is not read again for this long.
const SECRET_FRESH: Span = Span(30_000);

/// A connection that cannot be used now, with the sentence that says why.
#[derive(Clone, Debug)]
pub(super) struct Unusable {
    pub(super) trouble: Trouble,
    pub(super) text: String,
}

/// Which endpoints other than the vendors' may be used.
#[derive(Clone, Debug, Default)]
pub struct EndpointPolicy {
    /// Hosts, or suffixes of hosts that begin with a dot.
    pub allowed: Vec<String>,
    /// http to a loopback address is allowed.
    pub http_loopback: bool,
}

/// Connections and the state of their keys. One per process.
pub(super) struct Connections {
    pub(super) client: kube::Client,
    pub(super) store: Store<CloudConnection>,
    pub(super) transport: Transport,
    pub(super) rules: Rules,
    pub(super) endpoints: EndpointPolicy,
    pub(super) keys: Mutex<HashMap<String, Arc<KeySlot>>>,
}

/// The key of one Secret, as several connections and operations share it.
#[derive(Default)]
pub(super) struct KeySlot {
    /// Held while a key that nobody has used yet is being tried.
    trial: Arc<AsyncMutex<()>>,
    state: Mutex<KeyState>,
}

#[derive(Default)]
struct KeyState {
    version: String,
    read_at: Option<i64>,
    key: Option<Result<Key, String>>,
    standing: Standing,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Untried,
    Accepted,
    Rejected {
        at: i64,
    },
}

/// A client, and the right to try its key if nobody has used that yet.
pub(super) struct Usable {
    pub(super) client: Client,
    slot: Arc<KeySlot>,
    version: String,
    /// Names of the CloudConnection and of its Secret.
    names: (String, String),
    _trial: Option<OwnedMutexGuard<()>>,
}

impl Usable {
    /// The cloud answered: the key is good.
    pub(super) fn accepted(&mut self) {
        self.settle(Standing::Accepted);
    }

    /// The cloud rejected the key: nobody uses it until it is mended.
    pub(super) fn rejected(&mut self) -> Unusable {
        let at = self.client.transport.clock.now().mono.0;
        self.settle(Standing::Rejected { at });
        rejected(&self.names.0, &self.names.1)
    }

    fn settle(&mut self, standing: Standing) {
        let mut state = self.slot.lock();
        // Somebody may have put another key there meanwhile.
        if state.version == self.version {
            state.standing = standing;
        }
        drop(state);
        self._trial = None;
    }
}

impl KeySlot {
    fn lock(&self) -> std::sync::MutexGuard<'_, KeyState> {
        self.state.lock().expect("no panic while it is held")
    }
}

impl Connections {
    /// The client for an operation in `namespace`.
    pub(super) async fn usable(
        &self,
        namespace: &str,
        wanted: &ConnectionRef,
        service: Service,
    ) -> Result<Usable, Unusable> {
        // A connection that the watch has not shown yet is not one that is missing.
        if !matches!(
            timeout(API_TIMEOUT, self.store.wait_until_ready()).await,
            Ok(Ok(()))
        ) {
            return Err(Unusable {
                trouble: trouble(Reason::ConnectionNotFound, false, 3),
                text: "CloudConnections cannot be listed from the API server now.".to_owned(),
            });
        }
        let reference = ObjectRef::new(&wanted.name).within(namespace);
        let Some(connection) = self.store.get(&reference) else {
            return Err(waiting(
                Reason::ConnectionNotFound,
                format!(
                    "There is no CloudConnection {} in namespace {namespace}. Create it, or correct connectionRef.",
                    wanted.name
                ),
            ));
        };
        let name = connection.name_any();
        let Some(huawei) = &connection.spec.huawei else {
            return Err(blocked(
                Reason::ConnectionMismatch,
                format!("CloudConnection {name} is not of Huawei Cloud."),
            ));
        };
        let given = connection.spec.endpoints.as_ref();
        let origin = match (service, given.and_then(|e| e.dcs.clone())) {
            (Service::HuaweiDcs, Some(given)) => self.endpoints.check(&given),
            (Service::HuaweiDcs, None) => {
                Ok(format!("https://dcs.{}.myhuaweicloud.com", huawei.region))
            }
        };
        let origin = origin.map_err(|e| {
            blocked(
                Reason::ConnectionNotReady,
                format!("CloudConnection {name}: {e}."),
            )
        })?;
        let secret = &connection.spec.credentials.secret_ref;
        let slot = self.slot(namespace, secret);
        let (key, version, trial) = self.key(&slot, namespace, &name, secret).await?;
        Ok(Usable {
            client: Client {
                origin,
                project: huawei.project_id.clone(),
                key,
                transport: self.transport.clone(),
                rows: match service {
                    Service::HuaweiDcs => verdicts::DCS_ROWS,
                },
            },
            slot,
            version,
            names: (name, secret.name.clone()),
            _trial: trial,
        })
    }

    fn slot(&self, namespace: &str, secret: &SecretRef) -> Arc<KeySlot> {
        let id = format!("{namespace}/{}/{:?}", secret.name, secret.keys);
        let mut keys = self.keys.lock().expect("no panic while it is held");
        keys.entry(id).or_default().clone()
    }

    async fn key(
        &self,
        slot: &Arc<KeySlot>,
        namespace: &str,
        connection: &str,
        secret: &SecretRef,
    ) -> Result<(Key, String, Option<OwnedMutexGuard<()>>), Unusable> {
        self.refresh(slot, namespace, secret).await?;
        if let Some(usable) = self.standing(slot, connection, secret)? {
            return Ok((usable.0, usable.1, None));
        }
        // Nobody has used it yet: one tries it, the others wait for that.
        let trial = slot.trial.clone().lock_owned().await;
        match self.standing(slot, connection, secret)? {
            Some(usable) => Ok((usable.0, usable.1, None)),
            None => {
                let state = slot.lock();
                let key = state.key.clone().and_then(Result::ok);
                let key = key.ok_or_else(|| missing(secret, "it has just changed"))?;
                Ok((key, state.version.clone(), Some(trial)))
            }
        }
    }

    /// The key if it was accepted, nothing if it has to be tried.
    fn standing(
        &self,
        slot: &KeySlot,
        connection: &str,
        secret: &SecretRef,
    ) -> Result<Option<(Key, String)>, Unusable> {
        let now = self.transport.clock.now().mono.0;
        let mut state = slot.lock();
        let key = match &state.key {
            Some(Ok(key)) => key.clone(),
            Some(Err(what)) => return Err(missing(secret, what)),
            None => return Err(missing(secret, "it could not be read")),
        };
        match state.standing {
            Standing::Accepted => Ok(Some((key, state.version.clone()))),
            Standing::Untried => Ok(None),
            Standing::Rejected { at } if now - at >= self.rules.recheck.0 => {
                state.standing = Standing::Untried;
                Ok(None)
            }
            Standing::Rejected { .. } => Err(rejected(connection, &secret.name)),
        }
    }

    /// Reads the Secret by name if that is some time ago.
    async fn refresh(
        &self,
        slot: &KeySlot,
        namespace: &str,
        secret: &SecretRef,
    ) -> Result<(), Unusable> {
        let now = self.transport.clock.now().mono.0;
        let fresh = |state: &KeyState| {
            matches!(state.key, Some(Ok(_)))
                && state.read_at.is_some_and(|at| now - at < SECRET_FRESH.0)
        };
        if fresh(&slot.lock()) {
            return Ok(());
        }
        let api: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
        let found = match timeout(API_TIMEOUT, api.get_opt(&secret.name)).await {
            Ok(Ok(found)) => found,
            Ok(Err(kube::Error::Api(status))) if status.code == 403 => {
                return Err(missing(secret, "Errand may not read Secrets here"));
            }
            Ok(Err(_)) | Err(_) => {
                return Err(Unusable {
                    trouble: trouble(Reason::CredentialsMissing, false, 3),
                    text: format!(
                        "Secret {} cannot be read from the API server now.",
                        secret.name
                    ),
                });
            }
        };
        let mut state = slot.lock();
        state.read_at = Some(now);
        let Some(found) = found else {
            state.version = String::new();
            state.key = Some(Err("it does not exist".to_owned()));
            return Ok(());
        };
        let version = format!(
            "{}/{}",
            found.uid().unwrap_or_default(),
            found.resource_version().unwrap_or_default()
        );
        if state.version != version {
            let key = key_of(&found.data.unwrap_or_default(), secret);
            // A label edit is no new key.
            if state.key.as_ref() != Some(&key) {
                state.standing = Standing::Untried;
            }
            state.key = Some(key);
            state.version = version;
        }
        Ok(())
    }
}

fn rejected(connection: &str, secret: &str) -> Unusable {
    blocked(
        Reason::CredentialsRejected,
        format!(
            "The cloud does not accept the key in Secret {secret} of CloudConnection {connection}. Put a valid one there; Errand then goes on by itself."
        ),
    )
}

fn missing(secret: &SecretRef, what: &str) -> Unusable {
    blocked(
        Reason::CredentialsMissing,
        format!(
            "Secret {}: {what}. Create or mend it; Errand then goes on by itself.",
            secret.name
        ),
    )
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

fn trouble(reason: Reason, blocked: bool, quiet: u32) -> Trouble {
    Trouble {
        code: Code(reason.index()),
        blocked,
        quiet,
        pause: None,
    }
}

fn waiting(reason: Reason, text: String) -> Unusable {
    Unusable {
        trouble: trouble(reason, false, 0),
        text,
    }
}

fn blocked(reason: Reason, text: String) -> Unusable {
    // Looking again costs no cloud call, so it can be soon.
    let pause = Some(SECRET_FRESH);
    Unusable {
        trouble: Trouble {
            pause,
            ..trouble(reason, true, 0)
        },
        text,
    }
}

impl EndpointPolicy {
    /// The origin, if this policy lets it be used.
    fn check(&self, given: &str) -> Result<String, EndpointError> {
        let refused = || EndpointError(given.to_owned());
        let uri: http::Uri = given.parse().map_err(|_| refused())?;
        let host = uri.host().ok_or_else(refused)?;
        let address: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        let loopback = address.map_or(host == "localhost", |ip| ip.is_loopback());
        let link_local = match address {
            Some(std::net::IpAddr::V4(ip)) => ip.is_link_local(),
            Some(std::net::IpAddr::V6(ip)) => ip.is_unicast_link_local(),
            None => false,
        };
        let vendor = host.ends_with(".myhuaweicloud.com");
        let allowed = vendor
            || self
                .allowed
                .iter()
                .any(|pattern| match pattern.strip_prefix('.') {
                    Some(_) => host.ends_with(pattern.as_str()),
                    None => host == pattern,
                });
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => loopback && self.http_loopback,
            _ => false,
        };
        if !allowed || !secure || link_local || uri.path() != "/" {
            return Err(refused());
        }
        Ok(given.trim_end_matches('/').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(policy: &EndpointPolicy, given: &str) -> bool {
        policy.check(given).is_ok()
    }

    #[test]
    fn only_the_vendors_endpoints_are_allowed_without_a_flag() {
        let policy = EndpointPolicy::default();
        assert!(allows(&policy, "https://dcs.cn-north-4.myhuaweicloud.com"));
        assert!(!allows(&policy, "http://dcs.cn-north-4.myhuaweicloud.com"));
        assert!(!allows(&policy, "https://myhuaweicloud.com.evil.example"));
        assert!(!allows(&policy, "https://evilmyhuaweicloud.com"));
        assert!(!allows(&policy, "http://127.0.0.1:8080"));
    }

    #[test]
    fn flags_allow_hosts_suffixes_and_http_to_loopback_but_never_link_local() {
        let policy = EndpointPolicy {
            allowed: vec![
                ".cloud.example".into(),
                "127.0.0.1".into(),
                "169.254.169.254".into(),
            ],
            http_loopback: true,
        };
        assert!(allows(&policy, "https://dcs.cloud.example"));
        assert!(!allows(&policy, "http://dcs.cloud.example"));
        assert!(allows(&policy, "http://127.0.0.1:8080"));
        assert!(!allows(&policy, "https://169.254.169.254"));
    }

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
}
