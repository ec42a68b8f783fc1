//! From a connectionRef to a client that may be used, and what a connection's
//! own status says.

use errand_engine::{Code, Trouble};
use kube::ResourceExt;
use kube::runtime::reflector::{ObjectRef, Store};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;

use super::context::API_TIMEOUT;
use super::endpoints::EndpointPolicy;
use super::keys::{Keys, NoKey, SECRET_FRESH, Standing, Taken};
use crate::api::{CloudConnection, ConnectionReason, ConnectionRef, Reason};
use crate::cloud::huawei::{Client, verdicts};
use crate::cloud::{EndpointError, Transport};
use crate::operations::{Object, Service};

/// A connection that cannot be used now, with the sentence that says why.
#[derive(Clone, Debug)]
pub(super) struct Unusable {
    pub(super) trouble: Trouble,
    pub(super) text: String,
}

/// Connections and their keys. One per process.
pub(super) struct Connections {
    pub(super) store: Store<CloudConnection>,
    pub(super) transport: Transport,
    pub(super) endpoints: EndpointPolicy,
    pub(super) keys: Keys,
    /// Connections about whose key there is news.
    pub(super) news: UnboundedSender<ObjectRef<CloudConnection>>,
}

/// A client, and the right to try its key if nobody has used that yet.
pub(super) struct Usable {
    pub(super) client: Client,
    /// policy.maxConcurrent.
    pub(super) limit: Option<usize>,
    taken: Taken,
    reference: ObjectRef<CloudConnection>,
    /// Names of the CloudConnection and of its Secret.
    names: (String, String),
    news: UnboundedSender<ObjectRef<CloudConnection>>,
}

impl Usable {
    /// The cloud gave an authenticated answer: the key is good.
    pub(super) fn accepted(&mut self) {
        self.settle(Standing::Accepted);
    }

    /// The cloud rejected the key: nobody uses it until it is mended.
    pub(super) fn rejected(&mut self) -> Unusable {
        let at = self.client.transport.clock.now().mono.0;
        self.settle(Standing::Rejected(at));
        no_key(&NoKey::Rejected, &self.names.0, &self.names.1)
    }

    fn settle(&mut self, standing: Standing) {
        if self.taken.settle(standing) {
            // Fails only while the process shuts down.
            let _ = self.news.send(self.reference.clone());
        }
    }
}

impl Connections {
    /// The connection that is named, once the watch has shown all of them.
    pub(super) async fn find(
        &self,
        namespace: &str,
        wanted: &ConnectionRef,
    ) -> Result<std::sync::Arc<CloudConnection>, Unusable> {
        let ready = timeout(API_TIMEOUT, self.store.wait_until_ready()).await;
        if !matches!(ready, Ok(Ok(()))) {
            return Err(Unusable {
                trouble: trouble(Reason::ConnectionNotFound, false, 3),
                text: "CloudConnections cannot be listed from the API server now.".to_owned(),
            });
        }
        let reference = ObjectRef::new(&wanted.name).within(namespace);
        self.store.get(&reference).ok_or_else(|| Unusable {
            trouble: trouble(Reason::ConnectionNotFound, false, 0),
            text: format!(
                "There is no CloudConnection {} in namespace {namespace}. Create it, or correct connectionRef.",
                wanted.name
            ),
        })
    }

    /// The client for an operation in `namespace`.
    pub(super) async fn usable(
        &self,
        namespace: &str,
        connection: &CloudConnection,
        service: Service,
    ) -> Result<Usable, Unusable> {
        let name = connection.name_any();
        let Some(huawei) = &connection.spec.huawei else {
            return Err(Unusable {
                trouble: trouble(Reason::ConnectionMismatch, true, 0),
                text: format!("CloudConnection {name} is not of Huawei Cloud."),
            });
        };
        let given = self
            .given_endpoint(connection, service)
            .map_err(|e| Unusable {
                trouble: trouble(Reason::ConnectionNotReady, false, 0),
                text: format!("CloudConnection {name}: {e}."),
            })?;
        let origin = given.unwrap_or_else(|| match service {
            Service::HuaweiDcs => format!("https://dcs.{}.myhuaweicloud.com", huawei.region),
        });
        let secret = &connection.spec.credentials.secret_ref;
        let taken = self.keys.take(namespace, secret).await;
        let taken = taken.map_err(|e| no_key(&e, &name, &secret.name))?;
        Ok(Usable {
            client: Client {
                origin,
                project: huawei.project_id.clone(),
                key: taken.key.clone(),
                transport: self.transport.clone(),
                rows: match service {
                    Service::HuaweiDcs => verdicts::DCS_ROWS,
                },
            },
            limit: connection
                .spec
                .policy
                .as_ref()
                .and_then(|policy| usize::try_from(policy.max_concurrent?).ok()),
            taken,
            reference: ObjectRef::from_obj(connection),
            names: (name, secret.name.clone()),
            news: self.news.clone(),
        })
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
        if let Err(e) = self.given_endpoint(connection, Service::HuaweiDcs) {
            return Some((ConnectionReason::EndpointNotAllowed, format!("{e}.")));
        }
        let namespace = connection.namespace().unwrap_or_default();
        let secret = &connection.spec.credentials.secret_ref;
        let name = connection.name_any();
        let text = |e: &NoKey| no_key(e, &name, &secret.name).text;
        match self.keys.standing(&namespace, secret).await {
            Ok(Standing::Accepted) => said(
                ConnectionReason::CredentialsAccepted,
                "The cloud accepts the key.",
            ),
            Ok(Standing::Untried) => said(
                ConnectionReason::NotProbed,
                "No operation has used the key yet; the first one tries it.",
            ),
            Ok(Standing::Rejected(_)) | Err(NoKey::Rejected) => Some((
                ConnectionReason::CredentialsRejected,
                text(&NoKey::Rejected),
            )),
            Err(e @ NoKey::NotFound) => Some((ConnectionReason::SecretNotFound, text(&e))),
            Err(e @ NoKey::Malformed(_)) => Some((ConnectionReason::SecretKeyMissing, text(&e))),
            Err(NoKey::Unreadable | NoKey::Forbidden) => None,
        }
    }

    /// The endpoint that the connection names for a service, if it may be used.
    fn given_endpoint(
        &self,
        connection: &CloudConnection,
        service: Service,
    ) -> Result<Option<String>, EndpointError> {
        let endpoints = connection.spec.endpoints.as_ref();
        let given = match service {
            Service::HuaweiDcs => endpoints.and_then(|e| e.dcs.as_deref()),
        };
        given.map(|given| self.endpoints.check(given)).transpose()
    }
}

/// policy.suspend of the operation's connection is true.
pub(super) fn suspends<O: Object>(store: &Store<CloudConnection>, object: &O) -> bool {
    let namespace = object.namespace().unwrap_or_default();
    let reference = ObjectRef::new(&object.asked().connection.name).within(&namespace);
    let connection = store.get(&reference);
    let policy = connection.and_then(|connection| connection.spec.policy.clone());
    policy.and_then(|policy| policy.suspend).unwrap_or(false)
}

fn no_key(e: &NoKey, connection: &str, secret: &str) -> Unusable {
    let mended = "Errand then goes on by itself.";
    let missing = trouble(Reason::CredentialsMissing, true, 0);
    let (trouble, text) = match e {
        NoKey::Unreadable => (
            trouble(Reason::CredentialsMissing, false, 3),
            format!("Secret {secret} cannot be read from the API server now."),
        ),
        NoKey::Forbidden => (
            missing,
            format!(
                "Errand may not read Secret {secret}. Grant its service account the verb get on Secrets here; {mended}"
            ),
        ),
        NoKey::NotFound => (
            missing,
            format!("Secret {secret} does not exist. Create it; {mended}"),
        ),
        NoKey::Malformed(what) => (
            missing,
            format!("Secret {secret}: {what}. Mend it; {mended}"),
        ),
        NoKey::Rejected => (
            self::trouble(Reason::CredentialsRejected, true, 0),
            format!(
                "The cloud does not accept the key in Secret {secret} of CloudConnection {connection}. Put a valid one there; {mended}"
            ),
        ),
    };
    Unusable { trouble, text }
}

fn trouble(reason: Reason, blocked: bool, quiet: u32) -> Trouble {
    Trouble {
        code: Code(reason.index()),
        blocked,
        quiet,
        // Looking again at a connection costs no cloud call, so it can be soon.
        pause: blocked.then_some(SECRET_FRESH),
    }
}
