//! What the cloud says: the instance's status, or its entry in a list that the
//! observations of one account and project share.

use errand_engine::Tick;
use kube::ResourceExt;

use super::interval;
use crate::api::InstanceObservation;
use crate::clock::millis;
use crate::cloud::huawei::Client;
use crate::cloud::huawei::clouddc::{self, InstanceStatus};
use crate::cloud::{Asker, CallError};

/// A complete reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The instance; `None`: there is no such one, by a reading of its own.
    pub instance: Option<InstanceStatus>,
    /// When it was taken, if it is one that others share.
    pub shared_since: Option<Tick>,
}

pub(super) async fn observe(
    client: &Client,
    object: &InstanceObservation,
) -> Result<Facts, CallError> {
    let id = &object.spec.target.instance_id;
    if let Some((since, instance)) = listed(client, object).await? {
        return Ok(Facts {
            instance: Some(instance),
            shared_since: Some(since),
        });
    }
    Ok(Facts {
        instance: clouddc::show_instance_status(client, id).await?,
        shared_since: None,
    })
}

/// Its entry in the shared list. A list may be older than the instance, so one
/// that lacks it says nothing.
async fn listed(
    client: &Client,
    object: &InstanceObservation,
) -> Result<Option<(Tick, InstanceStatus)>, CallError> {
    let now = || client.transport.clock.now().wall.0;
    let uid = object.uid().unwrap_or_default();
    let asker = Asker {
        id: &uid,
        interval: millis(interval(object)).0,
        now: now(),
        // A single reading is one of now.
        fresh: object.spec.until.is_none(),
    };
    let list = || async {
        let instances = clouddc::list_instances(client).await?;
        let pages = instances.len().div_ceil(clouddc::LARGEST_PAGE);
        Ok((instances, pages))
    };
    let what = client.identity();
    let shared = client.transport.shared.get(&what, asker, list, now);
    let Some(taken) = shared.await else {
        return Ok(None);
    };
    let (begun, instances) = taken?;
    let id = &object.spec.target.instance_id;
    let found = instances.iter().find(|instance| instance.id == *id);
    Ok(found.map(|found| (Tick(begun), found.status.clone())))
}
