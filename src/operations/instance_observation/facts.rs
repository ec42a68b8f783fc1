//! What the cloud says: the instance's status, or its entry in a list that the
//! observations of one account and project share.

use errand_engine::Tick;
use kube::ResourceExt;

use super::interval;
use crate::clock::millis;
use crate::cloud::huawei::Client;
use crate::cloud::huawei::clouddc::{self, InstanceStatus};
use crate::cloud::{Asker, CallError, Found};
use crate::operations::instance_observation::InstanceObservation;

/// A complete reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The instance. Only a reading of its own says that it is not there.
    pub instance: Found<InstanceStatus>,
    /// When the reading was begun, in the operator's time.
    pub at: Tick,
    /// When it was taken, if it is one that others share.
    pub shared_since: Option<Tick>,
}

pub(super) async fn observe(
    client: &Client,
    object: &InstanceObservation,
    known_since: i64,
) -> Result<Facts, CallError> {
    let id = &object.spec.target.instance_id;
    if let Some((since, instance)) = listed(client, object, known_since).await? {
        return Ok(Facts {
            instance: Found::There(instance),
            at: since,
            shared_since: Some(since),
        });
    }
    let at = client.transport.clock.now().wall;
    Ok(Facts {
        at,
        instance: clouddc::show_instance_status(client, id).await?,
        shared_since: None,
    })
}

/// A reading may be one that others have taken before, if it is not older than what
/// is asked: neither than the object nor than an edit of its spec.
fn newer_than(object: &InstanceObservation, known_since: i64, now: i64) -> Option<i64> {
    let status = object.status.as_ref();
    let seen = status.is_some_and(|status| {
        status.observed.is_some() && status.observed_generation == object.metadata.generation
    });
    match (&object.spec.until, seen) {
        // A single reading is one of now.
        (None, _) => Some(now),
        (Some(_), false) => Some(known_since),
        (Some(_), true) => None,
    }
}

/// Its entry in the shared list. A list may be older than the instance, so one
/// that lacks it says nothing; nor does an entry without a state.
async fn listed(
    client: &Client,
    object: &InstanceObservation,
    known_since: i64,
) -> Result<Option<(Tick, InstanceStatus)>, CallError> {
    let now = || client.transport.clock.now().wall.0;
    let uid = object.uid().unwrap_or_default();
    let asker = Asker {
        id: &uid,
        interval: millis(interval(object)).0,
        now: now(),
        since: newer_than(object, known_since, now()),
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
    let mut found = instances.iter().filter(|instance| instance.id.is(id));
    let found = found.next().map(|found| &found.status);
    let clear = found.filter(|status| status.state.known().is_some());
    Ok(clear.map(|status| (Tick(begun), status.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observing(status: &serde_json::Value, until: bool) -> InstanceObservation {
        let mut spec = serde_json::json!({
            "connectionRef": {"kind": "CloudConnection", "name": "c"},
            "target": {"service": "CloudDC", "instanceId": "i-1"},
        });
        if until {
            spec["until"] = serde_json::json!({"states": ["running"]});
        }
        serde_json::from_value(serde_json::json!({
            "apiVersion": "huawei.errand.cloud/v1alpha1",
            "kind": "InstanceObservation",
            "metadata": {"name": "o", "generation": 2},
            "spec": spec,
            "status": status,
        }))
        .expect("an object")
    }

    #[test]
    fn a_first_reading_and_one_after_an_edit_are_not_older_than_the_spec() {
        let seen = serde_json::json!({"instanceState": "stopped"});
        for (status, until, since) in [
            (serde_json::json!({}), true, Some(5)),
            (serde_json::json!({"observedGeneration": 2}), true, Some(5)),
            (
                serde_json::json!({"observedGeneration": 1, "observed": seen}),
                true,
                Some(5),
            ),
            (
                serde_json::json!({"observedGeneration": 2, "observed": seen}),
                true,
                None,
            ),
            (
                serde_json::json!({"observedGeneration": 2, "observed": seen}),
                false,
                Some(9),
            ),
        ] {
            let object = observing(&status, until);
            assert_eq!(newer_than(&object, 5, 9), since, "{status} {until}");
        }
    }
}
