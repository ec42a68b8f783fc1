//! The one way in which status is written: a PUT under the precondition that the
//! object is as it was read. The body has no spec, so it cannot change one.

use http::Method;
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::Context;
use super::read::{self, NotRead};

/// Why status was not written.
#[derive(Debug)]
pub(super) enum NotWritten {
    /// The object is not as it was read, or gone.
    Conflict,
    /// Nobody knows whether it was written.
    NoReply,
    /// Something was written, with this resourceVersion, that cannot be read: the
    /// CRD is another version's, or something rewrites status.
    Unreadable(Option<String>),
}

/// Writes the status; the object as it stands then.
pub(super) async fn put_status<R, S>(
    context: &Context,
    object: &R,
    status: &S,
) -> Result<R, NotWritten>
where
    R: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + DeserializeOwned,
    S: Serialize,
{
    let kind = R::kind(&());
    match put(context, object, status).await {
        Ok(object) => Ok(object),
        Err(NotRead::Unreadable(unreadable)) => {
            tracing::error!(%kind, error = %unreadable, "status was not stored as written");
            Err(NotWritten::Unreadable(unreadable.resource_version))
        }
        // Changed since it was read, or gone.
        Err(e) if matches!(e.code(), Some(409 | 404)) => Err(NotWritten::Conflict),
        Err(e) => {
            tracing::warn!(%kind, error = %e, "status not written");
            Err(NotWritten::NoReply)
        }
    }
}

async fn put<R, S>(context: &Context, object: &R, status: &S) -> Result<R, NotRead>
where
    R: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + DeserializeOwned,
    S: Serialize,
{
    let meta = object.meta();
    let body = serde_json::json!({
        "apiVersion": R::api_version(&()),
        "kind": R::kind(&()),
        "metadata": {
            "name": meta.name,
            "namespace": meta.namespace,
            "resourceVersion": meta.resource_version,
            "uid": meta.uid,
        },
        "status": status,
    });
    let namespace = object.namespace().unwrap_or_default();
    let url = read::url::<R>(Some(&namespace), &object.name_any());
    let url = format!("{url}/status");
    let stored = read::write(&context.client, Method::PUT, &url, &body).await?;
    read::object(&stored)
}
