//! `errand check`: whether an installation works, asked of the API server alone.

use std::time::Duration;

use errand::operations::crds;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Api, ListParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, Error};
use tokio::time::Instant;

use super::plain::Plain;
use super::{API_TIMEOUT, Check, Failure, chain};

/// How often the lease is looked at. A leader renews it every few seconds.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The Lease that the leader holds.
const LEASE: &str = "errand";

/// Says what is well; what is not is the error.
pub async fn check(client: Client, check: &Check) -> Result<String, Failure> {
    let kinds = kinds_are_served(&client, check).await?;
    let leader = somebody_leads(&client, check).await?;
    Ok(format!("{kinds} kinds are served; {leader} leads\n"))
}

/// Every kind but the ledger, which is read by its name alone.
async fn kinds_are_served(client: &Client, check: &Check) -> Result<usize, Failure> {
    let mut served = 0;
    for crd in crds() {
        let (names, group) = (&crd.spec.names, &crd.spec.group);
        if names.kind == "OperationLedger" {
            continue;
        }
        let version = &crd.spec.versions[0].name;
        let kind = GroupVersionKind::gvk(group, version, &names.kind);
        let resource = ApiResource::from_gvk_with_plural(&kind, &names.plural);
        let api: Api<Plain> = match &check.watch_namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
            None => Api::all_with(client.clone(), &resource),
        };
        let one = ListParams::default().limit(1);
        let what = format!("{}.{group}", names.plural);
        answer(api.list(&one)).await.map_err(|e| failed(&what, e))?;
        served += 1;
    }
    Ok(served)
}

/// Its holder, once a renewal was seen: this clock and the leader's may differ, so
/// the time that stands there tells nothing.
async fn somebody_leads(client: &Client, check: &Check) -> Result<String, Failure> {
    let api: Api<Lease> = Api::namespaced(client.clone(), &check.namespace);
    let deadline = Instant::now() + check.timeout;
    let mut first = None;
    loop {
        let lease = answer(api.get_opt(LEASE)).await;
        let lease = lease.map_err(|e| failed("the lease", e))?;
        let spec = lease.and_then(|lease| lease.spec).unwrap_or_default();
        let holder = spec.holder_identity.unwrap_or_default();
        let now = (holder, spec.renew_time);
        match &first {
            None => first = Some(now),
            Some(seen) if *seen != now && !now.0.is_empty() => return Ok(now.0),
            Some(_) => {}
        }
        if Instant::now() > deadline {
            return Err(Failure::new(format!(
                "no operator leads: the lease {LEASE} in namespace {} was not renewed for {} s",
                check.namespace,
                check.timeout.as_secs()
            )));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Nothing: the API server does not answer.
async fn answer<T>(request: impl Future<Output = Result<T, Error>>) -> Result<T, Option<Error>> {
    match tokio::time::timeout(API_TIMEOUT, request).await {
        Ok(answer) => answer.map_err(Some),
        Err(_) => Err(None),
    }
}

fn failed(what: &str, error: Option<Error>) -> Failure {
    Failure::new(match error {
        None => "the API server does not answer".to_owned(),
        Some(Error::Api(status)) if status.code == 404 => {
            format!("{what}: not served; are Errand's CRDs installed?")
        }
        Some(Error::Api(status)) => format!("{what}: {}", status.message),
        Some(other) => format!("{what}: {}", chain(&other)),
    })
}
