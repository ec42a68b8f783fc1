//! From a connectionRef to a client that may be used, and what a connection's
//! own status says.

use errand_engine::{Span, Trouble};
use kube::{Resource as _, ResourceExt};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;

use super::connection_ids::odd_id;
use super::context::API_TIMEOUT;
use super::dispatch::Wake;
use super::endpoints::{EndpointError, EndpointPolicy, Origin, one_cloud};
use super::keys::{Keys, NoKey, SECRET_FRESH, Standing, Taken};
use super::observed_for::At;
use super::read::get;
use super::secrets::LABEL;
use super::shown::{ObjectKey, Shown};
use super::troubles::read_failed;
use crate::api::{CloudConnection, ConnectionReason, ConnectionRef, Policy, Reason};
use crate::cloud::huawei::{self, Scope};
use crate::cloud::{
    Client, HuaweiScope, Key, Protocol, Refusal, SERVICES, Service, Transport, tencent, volcengine,
};
use crate::operations::{Clients, Object, Place, ServiceHost, code};

/// A connection that cannot be used now, with the sentence that says why.
#[derive(Clone, Debug)]
pub(super) struct Unusable {
    pub(super) trouble: Trouble,
    pub(super) text: String,
    /// What the cloud said, if that is why.
    pub(super) said: Option<Box<Refusal>>,
}

/// Connections and their keys. One per process.
pub(super) struct Connections {
    pub(super) store: Shown<CloudConnection>,
    pub(super) transport: Transport,
    pub(super) endpoints: EndpointPolicy,
    pub(super) keys: Keys,
    /// The largest clock offset at which anything is sent.
    pub(super) margin: Span,
    /// Connections about whose key there is news.
    pub(super) news: UnboundedSender<Wake>,
}

/// A client, and the right to try its key if nobody has used that yet.
pub(super) struct Usable {
    pub(super) clients: Clients,
    /// Where the operations of a namespace that use it take place.
    pub(super) place: Place,
    /// Where that is, in every respect: what is remembered belongs to it.
    pub(super) at: At,
    /// The connection's place, whatever of it the operation needs.
    here: String,
    /// policy of the connection.
    pub(super) policy: Policy,
    /// policy.maxConcurrent.
    pub(super) limit: Option<usize>,
    taken: Taken,
    key: ObjectKey,
    /// Which state of the connection it is of.
    seen: (Option<String>, Option<i64>),
    /// Names of the CloudConnection and of its Secret.
    names: (String, String),
    news: UnboundedSender<Wake>,
}

impl Usable {
    /// The cloud has answered: the key is good if an answer to a request that was signed
    /// with it shows that. `read`: it was read at the connection's place.
    pub(super) fn answered(&mut self, read: bool) {
        let here = read && self.taken.answers_at(&self.here);
        if self.taken.heard() || here {
            self.tell_news();
        }
    }

    /// It could not be read, and not because the cloud rejected the key.
    pub(super) fn failed(&mut self, refusal: &Refusal) {
        self.taken.note(refusal);
        self.answered(false);
    }

    /// The cloud rejected the key: it is not used until it is corrected, or a slow
    /// recheck is due.
    pub(super) fn rejected(&mut self, refusal: &Refusal) -> Unusable {
        let at = self.taken.now();
        let locked = refusal.says_locked();
        if self.taken.settle(Standing::Rejected { at, locked }) {
            self.tell_news();
        }
        let no_key = match locked {
            true => NoKey::Locked,
            false => NoKey::Rejected,
        };
        let names = (&*self.key.namespace, &*self.names.0);
        Unusable {
            said: Some(Box::new(refusal.clone())),
            ..self::no_key(&no_key, names, &self.names.1)
        }
    }

    /// By the API server the connection is as it was when the clients were made. The
    /// watch may be silent, and then does not show that it was suspended or deleted.
    pub(super) async fn is_newest(&self, client: &kube::Client) -> bool {
        let ObjectKey { namespace, name } = &self.key;
        let found = get::<CloudConnection>(client, Some(namespace), name).await;
        matches!(found, Ok(Some(found)) if seen(&found) == self.seen)
    }

    fn tell_news(&self) {
        // Fails only while the process shuts down.
        let _ = self.news.send(Wake(vec![self.key.clone()]));
    }
}

impl Connections {
    /// The connection that is named, once the watch has shown all of them.
    pub(super) async fn find(
        &self,
        namespace: &str,
        wanted: &ConnectionRef,
    ) -> Result<std::sync::Arc<CloudConnection>, Unusable> {
        if timeout(API_TIMEOUT, self.store.listed()).await.is_err() {
            return Err(Unusable {
                trouble: trouble(Reason::CONNECTION_NOT_FOUND, false, 3),
                text: "CloudConnections cannot be listed from the API server now.".to_owned(),
                said: None,
            });
        }
        let reference = ObjectKey::new(namespace, &wanted.name);
        self.store.get(&reference).ok_or_else(|| Unusable {
            trouble: trouble(Reason::CONNECTION_NOT_FOUND, false, 0),
            text: format!(
                "There is no CloudConnection {} in namespace {namespace}. Create it, or correct connectionRef.",
                wanted.name
            ),
said: None,
})
    }

    /// The client for an operation in `namespace`.
    pub(super) async fn usable(
        &self,
        namespace: &str,
        connection: &CloudConnection,
        services: &[&'static Service],
    ) -> Result<Usable, Unusable> {
        if let Some(odd) = odd_id(&connection.spec) {
            return Err(Unusable {
                trouble: trouble(Reason::CONNECTION_NOT_READY, false, 0),
                text: format!("CloudConnection {}: {odd}", connection.name_any()),
                said: None,
            });
        }
        // What does not need the key first: a connection that cannot be used is
        // told as such.
        let places = services.iter().map(|service| {
            let origin = self.origin_of(connection, service)?;
            Ok((*service, origin))
        });
        let places = places.collect::<Result<Vec<_>, Unusable>>()?;
        let name = connection.name_any();
        one_cloud(&places).map_err(|why| Unusable {
            trouble: trouble(Reason::CONNECTION_MISMATCH, true, 0),
            text: format!("CloudConnection {name}: {why}."),
            said: None,
        })?;
        let secret = &connection.spec.credentials.secret_ref;
        // The services of a kind are of one cloud.
        let cloud = places.first().map(|(_, origin)| &origin.authority);
        let cloud = cloud.expect("each kind calls a service");
        let taken = self.keys.take(namespace, secret, cloud).await;
        let taken = taken.map_err(|e| {
            if e.blocks() && !blocked_by_key(connection) {
                // Its Secret is looked at more often from now on.
                self.tell(connection);
            }
            no_key(&e, (namespace, &name), &secret.name)
        })?;
        let policy = connection.spec.policy.clone().unwrap_or_default();
        Ok(Usable {
            place: place(&self.endpoints, connection, namespace),
            at: At::of(connection, &places),
            here: self.here(connection),
            clients: Clients {
                known_since: i64::MAX,
                services: places
                    .into_iter()
                    .map(|(service, origin)| {
                        let client = self.client(connection, service, origin.url, &taken.key);
                        (service, client)
                    })
                    .collect(),
            },
            limit: policy
                .max_concurrent
                .and_then(|limit| usize::try_from(limit).ok()),
            policy,
            taken,
            key: ObjectKey::of(connection),
            seen: seen(connection),
            names: (name, secret.name.clone()),
            news: self.news.clone(),
        })
    }

    /// The place of a connection as a text: what a mistyped region or project changes.
    fn here(&self, connection: &CloudConnection) -> String {
        let hosts = SERVICES.into_iter().filter_map(|service| {
            let origin = self.origin(connection, service)?.ok()?;
            Some(format!("{} {}", service.name, origin.url))
        });
        let spec = &connection.spec;
        let mut place = vec![spec.account_id.clone(), scope(connection)];
        // Its hosts may be given, and then do not tell the region.
        place.extend(spec.huawei.iter().map(|huawei| huawei.region.clone()));
        place.extend(hosts);
        place.join("\n")
    }

    /// There is news about the connection's key.
    fn tell(&self, connection: &CloudConnection) {
        // Fails only while the process shuts down.
        let _ = self.news.send(Wake(vec![ObjectKey::of(connection)]));
    }

    /// A client for a service of a connection. An operation that calls several
    /// services uses the one key that it has taken for all of them.
    fn client(
        &self,
        connection: &CloudConnection,
        service: &'static Service,
        origin: String,
        key: &Key,
    ) -> Client {
        let (key, transport, rows) = (key.clone(), self.transport.clone(), service.rows);
        let scope = scope(connection);
        match service.protocol {
            Protocol::Huawei(of) => Client::Huawei(huawei::Client {
                origin,
                scope: match of {
                    HuaweiScope::Project => Scope::Project(scope),
                    HuaweiScope::Account => Scope::Domain(connection.spec.account_id.clone()),
                },
                key,
                transport,
                rows,
            }),
            Protocol::Volcengine(actions) => Client::Volcengine(volcengine::Client {
                origin,
                region: scope,
                actions,
                key,
                transport,
                rows,
            }),
            Protocol::Tencent(actions) => Client::Tencent(tencent::Client {
                origin,
                region: scope,
                actions,
                key,
                transport,
                rows,
            }),
        }
    }

    /// Where a service is, if the connection is of its cloud.
    fn origin_of(
        &self,
        connection: &CloudConnection,
        service: &'static Service,
    ) -> Result<Origin, Unusable> {
        let name = connection.name_any();
        match self.origin(connection, service) {
            None => Err(Unusable {
                trouble: trouble(Reason::CONNECTION_MISMATCH, true, 0),
                text: format!(
                    "CloudConnection {name} is not of {}. Correct connectionRef.",
                    service.cloud().name()
                ),
                said: None,
            }),
            Some(Err(e)) => Err(Unusable {
                trouble: trouble(Reason::CONNECTION_NOT_READY, false, 0),
                text: format!("CloudConnection {name}: {e}."),
                said: None,
            }),
            Some(Ok(origin)) => Ok(origin),
        }
    }

    /// Why the connection is ready or not; nothing while that cannot be known.
    pub(super) async fn readiness(
        &self,
        connection: &CloudConnection,
    ) -> Option<(ConnectionReason, String)> {
        let said = |reason, text: &str| Some((reason, text.to_owned()));
        let policy = connection.spec.policy.as_ref();
        if policy.and_then(|policy| policy.suspend).unwrap_or(false) {
            let text = "policy.suspend is true: no operation of this connection sends anything.";
            return said(ConnectionReason::SuspendedBySpec, text);
        }
        let places = SERVICES
            .iter()
            .filter_map(|service| self.origin(connection, service));
        let mut clouds = Vec::new();
        for origin in places {
            match origin {
                Err(e) => return Some((ConnectionReason::EndpointNotAllowed, format!("{e}."))),
                Ok(origin) if self.transport.offset(&origin.url).abs() > self.margin.0 => {
                    return said(ConnectionReason::ClockSkew, Reason::CLOCK_SKEW.meaning());
                }
                Ok(origin) if clouds.contains(&origin.authority) => {}
                Ok(origin) => clouds.push(origin.authority),
            }
        }
        let namespace = connection.namespace().unwrap_or_default();
        let secret = &connection.spec.credentials.secret_ref;
        let name = connection.name_any();
        let text = |e: &NoKey| no_key(e, (&namespace, &name), &secret.name).text;
        let here = self.here(connection);
        let standing = self.keys.standing(&namespace, secret, &clouds, &here);
        match standing.await {
            Ok((Standing::Accepted, true)) => said(
                ConnectionReason::CredentialsAccepted,
                "The cloud accepts the key.",
            ),
            Ok((Standing::Accepted, false)) => said(
                ConnectionReason::NotProbed,
                "The cloud accepts the key, but nothing was read yet with the account, region, project and endpoints of this connection; its first operation does that. If one waits, check these fields.",
            ),
            Ok((Standing::Untried, _)) => said(
                ConnectionReason::NotProbed,
                "No operation has used the key yet; the first one tries it.",
            ),
            Ok((Standing::Rejected { locked: true, .. }, _)) | Err(NoKey::Locked) => {
                Some((ConnectionReason::KeyLocked, text(&NoKey::Locked)))
            }
            Ok((Standing::Rejected { .. }, _)) | Err(NoKey::Rejected) => Some((
                ConnectionReason::CredentialsRejected,
                text(&NoKey::Rejected),
            )),
            Err(e @ NoKey::NotFound) => Some((ConnectionReason::SecretNotFound, text(&e))),
            Err(e @ NoKey::NotLabelled) => Some((ConnectionReason::SecretNotLabelled, text(&e))),
            Err(e @ NoKey::Malformed(_)) => Some((ConnectionReason::SecretKeyMissing, text(&e))),
            Err(
                NoKey::Unreadable
                | NoKey::Forbidden
                | NoKey::BeingTried
                | NoKey::TooManyBad
                | NoKey::Unclear(_),
            ) => None,
        }
    }

    /// Where a service is: what the connection names, if that may be used, or the
    /// vendor's own. `None`: the connection is of another cloud.
    fn origin(
        &self,
        connection: &CloudConnection,
        service: &'static Service,
    ) -> Option<Result<Origin, EndpointError>> {
        self.endpoints.origin(connection, service)
    }
}

/// By its status its operations wait for another key.
pub(super) fn blocked_by_key(connection: &CloudConnection) -> bool {
    ready_reason(connection).is_some_and(ConnectionReason::is_about_the_key)
}

/// By its status a cloud has accepted its key.
pub(super) fn accepts_the_key(connection: &CloudConnection) -> bool {
    ready_reason(connection) == Some(ConnectionReason::CredentialsAccepted)
}

fn ready_reason(connection: &CloudConnection) -> Option<ConnectionReason> {
    let mut conditions = connection.status.iter().flat_map(|s| &s.conditions);
    let ready = conditions.find(|c| c.type_ == "Ready")?;
    let mut all = ConnectionReason::ALL.iter();
    all.find(|reason| reason.word() == ready.reason).copied()
}

/// What another uid or generation tells from every other state of its spec.
fn seen(connection: &CloudConnection) -> (Option<String>, Option<i64>) {
    (connection.uid(), connection.meta().generation)
}

/// Where the operations of a namespace that use the connection take place.
pub(super) fn place(
    endpoints: &EndpointPolicy,
    connection: &CloudConnection,
    namespace: &str,
) -> Place {
    let hosts = SERVICES.into_iter().filter_map(|service| {
        let origin = endpoints.origin(connection, service)?.ok()?;
        Some(ServiceHost {
            service,
            owner: origin.owner(),
            host: origin.host,
        })
    });
    Place {
        scope: scope(connection),
        region: region(connection),
        account: connection.spec.account_id.clone(),
        namespace: namespace.to_owned(),
        hosts: hosts.collect(),
    }
}

/// The cloud's id of where a connection's operations take place: the project, or
/// the region where a cloud has no projects.
fn scope(connection: &CloudConnection) -> String {
    let spec = &connection.spec;
    let huawei = spec.huawei.as_ref().map(|huawei| &huawei.project_id);
    let volcengine = spec
        .volcengine
        .as_ref()
        .map(|volcengine| &volcengine.region);
    let tencent = spec.tencent.as_ref().map(|tencent| &tencent.region);
    let found = huawei.or(volcengine).or(tencent);
    found.cloned().unwrap_or_default()
}

fn region(connection: &CloudConnection) -> String {
    let spec = &connection.spec;
    let huawei = spec.huawei.as_ref().map(|huawei| huawei.region.clone());
    huawei.unwrap_or_else(|| scope(connection))
}

/// policy.suspend of the operation's connection is true.
pub(super) fn suspends<O: Object>(store: &Shown<CloudConnection>, object: &O) -> bool {
    let namespace = object.namespace().unwrap_or_default();
    let reference = ObjectKey::new(&namespace, &object.asked().connection.name);
    let connection = store.get(&reference);
    let policy = connection.and_then(|connection| connection.spec.policy.clone());
    policy.and_then(|policy| policy.suspend).unwrap_or(false)
}

/// Why a key that is not accepted is tried so seldom, and when.
const PACED: &str = "Too many bad signatures lock a key, so Errand tries it every 5 minutes at most, also near a deadline of the cloud.";

fn no_key(e: &NoKey, (namespace, connection): (&str, &str), secret: &str) -> Unusable {
    let then = "Errand then continues by itself.";
    let missing = trouble(Reason::CREDENTIALS_MISSING, true, 0);
    let (trouble, text) = match e {
        NoKey::Unreadable => (
            trouble(Reason::CREDENTIALS_MISSING, false, 3),
            format!("Secret {secret} cannot be read from the API server now."),
        ),
        NoKey::Forbidden => (
            missing,
            format!(
                "Errand may not read Secret {secret}. Grant its service account the verb get on Secrets here; {then}"
            ),
        ),
        NoKey::NotFound => (
            missing,
            format!("Secret {secret} does not exist. Create it; {then}"),
        ),
        NoKey::Malformed(what) => (
            missing,
            format!("Secret {secret}: {what}. Correct it; {then}"),
        ),
        NoKey::NotLabelled => (
            missing,
            format!(
                "Secret {secret} lacks the label {LABEL}=true, without which Errand reads no Secret here. If its key is meant for Errand, run: kubectl label secret {secret} -n {namespace} {LABEL}=true. {then}"
            ),
        ),
        NoKey::BeingTried => (
            self::trouble(Reason::CLOUD_UNAVAILABLE, false, 3),
            format!(
                "The key in Secret {secret} of CloudConnection {connection} has not been used yet. Another operation tries it, and the cloud has not answered that one."
            ),
        ),
        NoKey::TooManyBad => (
            self::trouble(Reason::CREDENTIALS_REJECTED, true, 0),
            format!(
                "The key in Secret {secret} of CloudConnection {connection} has not been accepted yet, and within five minutes the cloud has refused others with the same key id, in this Secret or in others. Correct or delete those Secrets. {PACED}"
            ),
        ),
        NoKey::Unclear(said) => return unclear(said.as_deref(), connection, secret),
        NoKey::Locked => (
            self::trouble(Reason::CREDENTIALS_REJECTED, true, 0),
            format!(
                "The cloud has locked the key in Secret {secret} of CloudConnection {connection} after too many bad signatures, for everybody who uses it. Find out who signs wrongly with it; Errand tries it again every 5 minutes."
            ),
        ),
        NoKey::Rejected => (
            self::trouble(Reason::CREDENTIALS_REJECTED, true, 0),
            format!(
                "The cloud does not accept the key in Secret {secret} of CloudConnection {connection}. Put a valid one there; {then} {PACED}"
            ),
        ),
    };
    let said = None;
    Unusable {
        trouble,
        text,
        said,
    }
}

/// A key that was not accepted yet is not tried more often than the cloud lets it be tried
/// with bad signatures, as what was answered does not tell that they are good.
fn unclear(said: Option<&Refusal>, connection: &str, secret: &str) -> Unusable {
    let paced = format!(
        "No answer has shown yet whether the cloud accepts the key in Secret {secret} of CloudConnection {connection}. {PACED}"
    );
    let refused = said.filter(|said| said.says_no());
    let reason = match refused {
        Some(_) => Reason::CLOUD_REFUSES,
        None => Reason::CLOUD_UNAVAILABLE,
    };
    Unusable {
        trouble: Trouble {
            pause: Some(SECRET_FRESH),
            refused: refused.is_some(),
            ..trouble(reason, false, 0)
        },
        text: match said {
            Some(said) => format!("{} {paced}", read_failed(said, refused.is_some())),
            None => paced,
        },
        said: said.map(|said| Box::new(said.clone())),
    }
}

fn trouble(reason: Reason, blocked: bool, quiet: u32) -> Trouble {
    Trouble {
        code: code(reason),
        blocked,
        quiet,
        // Looking again at a connection costs no cloud call, so it can be soon.
        pause: blocked.then_some(SECRET_FRESH),
        refused: false,
    }
}
