//! ttlAfterSuccess: objects that succeeded are deleted after a while.
//!
//! Deleting is safe in itself, since it sends nothing and undoes nothing. But an
//! object that a GitOps tool tracks would be created anew at once, and done
//! again, so it is left alone.

use errand_engine::Tick;
use http::Method;
use kube::{Resource as _, ResourceExt};

use super::context::Context;
use super::marks::TRACKED_BY;
use super::read;
use crate::api::State;
use crate::clock::millis;
use crate::operations::{Kind, Object};

/// Whether and when an object expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    /// It is kept.
    Never,
    /// It would expire, but that tool tracks it.
    TrackedBy(&'static str),
    /// At this time of the wall clock.
    At(Tick),
}

/// Says it for an object as it stands. Pure.
pub(super) fn expiry<O: Object>(object: &O) -> Expiry {
    let status = object.status();
    // A changed desiredState reopens it.
    let ended = status.filter(|status| status.desired_state == object.desired_state());
    let succeeded = ended.filter(|status| status.state == Some(State::Succeeded));
    let finished = succeeded.and_then(|status| status.finished_at);
    let (Some(finished), Some(ttl)) = (finished, object.asked().ttl_after_success) else {
        return Expiry::Never;
    };
    match tracked_by(object) {
        Some(tool) => Expiry::TrackedBy(tool),
        None => Expiry::At(Tick(finished.millis().saturating_add(millis(ttl).0))),
    }
}

fn tracked_by(object: &impl ResourceExt) -> Option<&'static str> {
    let marked =
        |key: &&str| object.annotations().contains_key(*key) || object.labels().contains_key(*key);
    let tool = TRACKED_BY.iter().find(|(_, keys)| keys.iter().any(marked));
    tool.map(|(tool, _)| *tool)
}

/// Deletes the object as it was seen: one that was changed or made anew since is
/// left alone, and looked at again when the watch shows it. False: try again.
pub(super) async fn delete<K: Kind>(context: &Context, object: &K::Object) -> bool {
    let name = object.name_any();
    let seen = serde_json::json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {
            "resourceVersion": object.resource_version(),
            "uid": object.uid(),
        },
    });
    let kind = K::Object::kind(&());
    let deleted = async {
        let url = read::url::<K::Object>(object.namespace().as_deref(), &name)?;
        read::write(&context.client, Method::DELETE, &url, &seen).await
    };
    match deleted.await {
        Ok(_) => {
            tracing::info!(%kind, %name, "deleted: ttlAfterSuccess is over");
            true
        }
        Err(e) if matches!(e.code(), Some(404 | 409)) => true,
        Err(e) => {
            tracing::warn!(%kind, %name, error = %e, "not deleted");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::resize_cancellation::ResizeCancellation;

    fn object(state: &str, metadata: serde_json::Value) -> ResizeCancellation {
        serde_json::from_value(serde_json::json!({
            "apiVersion": "huawei.errand.cloud/v1alpha1",
            "kind": "ResizeCancellation",
            "metadata": metadata,
            "spec": {
                "connectionRef": {"kind": "CloudConnection", "name": "c"},
                "instanceId": "dcs-1", "taskId": "task-1", "ttlAfterSuccess": "2m"
            },
            "status": {"state": state, "finishedAt": "1970-01-01T00:01:00Z"}
        }))
        .expect("an object")
    }

    #[test]
    fn only_an_untracked_success_expires() {
        let plain = serde_json::json!({"name": "o"});
        assert_eq!(
            expiry(&object("Succeeded", plain.clone())),
            Expiry::At(Tick(180_000))
        );
        for state in ["Failed", "Held", "Verifying"] {
            assert_eq!(expiry(&object(state, plain.clone())), Expiry::Never);
        }
        for (tool, metadata) in [
            (
                "Argo CD",
                serde_json::json!({"annotations": {"argocd.argoproj.io/tracking-id": "a:b"}}),
            ),
            (
                "Argo CD",
                serde_json::json!({"labels": {"app.kubernetes.io/instance": "a"}}),
            ),
            (
                "Flux",
                serde_json::json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "a"}}),
            ),
            (
                "Helm",
                serde_json::json!({"annotations": {"meta.helm.sh/release-name": "a"}}),
            ),
        ] {
            let expiry = expiry(&object("Succeeded", metadata));
            assert_eq!(expiry, Expiry::TrackedBy(tool));
        }
    }
}
