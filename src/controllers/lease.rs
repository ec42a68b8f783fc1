//! One process leads: a Lease, taken and renewed with its resourceVersion.
//!
//! A leader that could not renew stops leading on its own clocks a while before
//! anybody else may take over; it does not have to be told. What a process that
//! wrongly takes itself for the leader could still do is bounded elsewhere: its
//! intents need the object's resourceVersion, and its signatures expire.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use errand_engine::{Now, Span};
use http::Method;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Client;
use kube::api::ObjectMeta;

use super::read::{self, NotRead};
use crate::clock::{Clock, duration};

/// The Lease that leaders hold.
const NAME: &str = "errand";

/// Whether this process leads, asked before each mutating call.
#[derive(Clone)]
pub(super) struct Leadership {
    clock: Clock,
    /// When the last successful renewal was begun, and for how long it counts.
    renewed: Arc<Mutex<Option<(Now, Span)>>>,
}

impl Leadership {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            renewed: Arc::default(),
        }
    }

    /// Of a process that leads and is never followed by another.
    #[cfg(test)]
    pub(super) fn held(clock: Clock) -> Self {
        let leadership = Self::new(clock.clone());
        leadership.set(Some((clock.now(), Span(i64::MAX))));
        leadership
    }

    /// True until the renew deadline, on the clock that runs faster.
    pub(super) fn holds(&self) -> bool {
        let renewed = *self.renewed.lock().expect("no panic while it is held");
        renewed.is_some_and(|(at, deadline)| self.clock.now().at_most_since(at) < deadline)
    }

    fn set(&self, renewed: Option<(Now, Span)>) {
        *self.renewed.lock().expect("no panic while it is held") = renewed;
    }
}

/// Takes and renews the lease.
pub(super) struct Elector {
    pub(super) client: Client,
    /// Where the Lease is.
    pub(super) namespace: String,
    pub(super) clock: Clock,
    pub(super) identity: String,
    /// How long a renewal is valid for others.
    pub(super) lease: Span,
    pub(super) leadership: Leadership,
}

/// What this process last saw of somebody else's lease.
struct Seen {
    version: String,
    at: Now,
}

impl Elector {
    /// Returns once this process leads.
    pub(super) async fn acquire(&self) {
        let mut seen: Option<Seen> = None;
        loop {
            match self.attempt(&mut seen).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(e) => tracing::warn!(error = %e, "lease: cannot be taken yet"),
            }
            self.clock.sleep(self.pause()).await;
        }
    }

    /// Renews until the renew deadline passes without a success, then returns.
    pub(super) async fn keep(&self) {
        while self.leadership.holds() {
            self.clock.sleep(self.pause()).await;
            match self.attempt(&mut None).await {
                Ok(true) => {}
                Ok(false) => {
                    tracing::error!("lease: another process has taken it");
                    self.leadership.set(None);
                }
                Err(e) => tracing::warn!(error = %e, "lease: not renewed"),
            }
        }
    }

    /// Gives it up, so that the next process need not wait.
    pub(super) async fn release(&self) {
        self.leadership.set(None);
        let Ok(Some(mut lease)) = self.get().await else {
            return;
        };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() == Some(&self.identity) {
            spec.holder_identity = None;
            if let Err(e) = self.put(&lease).await {
                tracing::warn!(error = %e, "lease: not released");
            }
        }
    }

    async fn get(&self) -> Result<Option<Lease>, NotRead> {
        read::get(&self.client, Some(&self.namespace), NAME).await
    }

    /// Creates it if it has no resourceVersion. What is stored then is of no interest.
    async fn put(&self, lease: &Lease) -> Result<(), NotRead> {
        let namespace = Some(&*self.namespace);
        let (method, url) = match lease.metadata.resource_version {
            Some(_) => (Method::PUT, read::url::<Lease>(namespace, NAME)?),
            None => (Method::POST, read::list_url::<Lease>(namespace)?),
        };
        let body = serde_json::to_value(lease).map_err(kube::Error::SerdeError)?;
        let written = read::write(&self.client, method, &url, &body).await;
        written.map(drop)
    }

    fn pause(&self) -> Duration {
        duration(Span(self.lease.0 / 6))
    }

    /// One try: true if this process leads after it. Any edit of the Lease, of a
    /// label too, refuses the write: who holds it then is looked at once more.
    async fn attempt(&self, seen: &mut Option<Seen>) -> Result<bool, String> {
        for _ in 0..2 {
            if let Some(leads) = self.write(seen).await? {
                return Ok(leads);
            }
        }
        Err("it is edited again and again".to_owned())
    }

    /// Nothing: it was edited since it was read.
    async fn write(&self, seen: &mut Option<Seen>) -> Result<Option<bool>, String> {
        let begun = self.clock.now();
        let found = self.get().await.map_err(|e| e.to_string())?;
        if let Some(lease) = &found
            && !self.may_take(lease, seen)
        {
            return Ok(Some(false));
        }
        let wanted = self.wanted(found);
        match self.put(&wanted).await {
            Ok(()) => {
                // Others wait for the whole lease; we stop at two thirds of it.
                self.leadership
                    .set(Some((begun, Span(self.lease.0 * 2 / 3))));
                Ok(Some(true))
            }
            Err(e) if e.code() == Some(409) => Ok(None),
            Err(e) => Err(e.to_string()),
        }
    }

    /// It is ours, free, or has not been renewed for its whole length on our
    /// own clock since we first saw it like this.
    fn may_take(&self, lease: &Lease, seen: &mut Option<Seen>) -> bool {
        let spec = lease.spec.as_ref();
        let holder = spec
            .and_then(|s| s.holder_identity.as_deref())
            .unwrap_or("");
        if holder.is_empty() || holder == self.identity {
            return true;
        }
        let version = lease.metadata.resource_version.clone().unwrap_or_default();
        let now = self.clock.now();
        match seen {
            Some(last) if last.version == version => {
                let seconds = spec.and_then(|s| s.lease_duration_seconds).unwrap_or(0);
                let length = Span(i64::from(seconds) * 1000).max(self.lease);
                now.at_least_since(last.at) >= length
            }
            _ => {
                *seen = Some(Seen { version, at: now });
                false
            }
        }
    }

    fn wanted(&self, found: Option<Lease>) -> Lease {
        let now = jiff::Timestamp::from_millisecond(self.clock.now().wall.0).unwrap_or_default();
        let before = found.as_ref().and_then(|lease| lease.spec.clone());
        let same = before
            .as_ref()
            .is_some_and(|spec| spec.holder_identity.as_deref() == Some(&self.identity));
        let transitions = before
            .as_ref()
            .and_then(|s| s.lease_transitions)
            .unwrap_or(0);
        let acquired = before.filter(|_| same).and_then(|spec| spec.acquire_time);
        Lease {
            metadata: ObjectMeta {
                name: Some(NAME.to_owned()),
                resource_version: found.and_then(|lease| lease.metadata.resource_version),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.identity.clone()),
                lease_duration_seconds: Some(
                    i32::try_from(self.lease.0 / 1000)
                        .unwrap_or(i32::MAX)
                        .max(1),
                ),
                acquire_time: acquired.or(Some(MicroTime(now))),
                renew_time: Some(MicroTime(now)),
                lease_transitions: Some(transitions + i32::from(!same)),
                ..LeaseSpec::default()
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::fake_api::{block_on, client, failure};
    use super::*;

    /// Tries to renew a lease that is edited `edits` times between its being read
    /// and written, and has this holder afterwards.
    fn renews(edits: usize, holder: &'static str) -> (Result<bool, String>, bool) {
        let lease = |holder: &str, version: usize| -> Value {
            let metadata = json!({"name": NAME, "resourceVersion": version.to_string()});
            let spec = json!({"holderIdentity": holder, "leaseDurationSeconds": 15});
            json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec})
        };
        let mut writes = 0;
        let answer =
            move |request: &http::Request<kube::client::Body>| match request.method().as_str() {
                "GET" if writes == 0 => (200, lease("me", 0)),
                "GET" => (200, lease(holder, writes)),
                _ if writes < edits => {
                    writes += 1;
                    failure(409, "Conflict")
                }
                _ => (200, lease("me", writes)),
            };
        let clock = Clock::system();
        block_on(async {
            let elector = Elector {
                client: client(answer),
                namespace: "here".to_owned(),
                leadership: Leadership::new(clock.clone()),
                clock,
                identity: "me".to_owned(),
                lease: Span(15_000),
            };
            let tried = elector.attempt(&mut None).await;
            (tried, elector.leadership.holds())
        })
    }

    #[test]
    fn an_edit_of_the_lease_that_leaves_its_holder_does_not_cost_the_lead() {
        assert_eq!(renews(0, "me"), (Ok(true), true));
        assert_eq!(renews(1, "me"), (Ok(true), true));
        let (tried, _) = renews(9, "me");
        assert!(tried.is_err(), "tried again later, until the deadline");
        assert_eq!(renews(1, "another"), (Ok(false), false));
    }
}
