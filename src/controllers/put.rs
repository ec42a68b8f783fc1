//! The one way in which status is written: a PUT under the precondition that the
//! object is as it was read. The body has no spec, so it cannot change one.

use kube::core::DeserializeGuard;
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::context::{API_TIMEOUT, Context};

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
    R: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned,
    S: Serialize,
{
    let put = put(context, object, status);
    match timeout(API_TIMEOUT, put).await {
        Ok(Ok(DeserializeGuard(Ok(object)))) => Ok(object),
        Ok(Ok(DeserializeGuard(Err(invalid)))) => {
            let (kind, error) = (R::kind(&()), &invalid.error);
            tracing::error!(%kind, %error, "status was not stored as written");
            Err(NotWritten::Unreadable(invalid.metadata.resource_version))
        }
        // Changed since it was read, or gone.
        Ok(Err(kube::Error::Api(e))) if e.code == 409 || e.code == 404 => Err(NotWritten::Conflict),
        Ok(Err(e)) => {
            tracing::warn!(kind = %R::kind(&()), error = %e, "status not written");
            Err(NotWritten::NoReply)
        }
        Err(_) => Err(NotWritten::NoReply),
    }
}

async fn put<R, S>(context: &Context, object: &R, status: &S) -> kube::Result<DeserializeGuard<R>>
where
    R: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned,
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
    let api: Api<R> = Api::namespaced(context.client.clone(), &namespace);
    let url = format!("{}/{}/status", api.resource_url(), object.name_any());
    let request = http::Request::put(url)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(serde_json::to_vec(&body).map_err(kube::Error::SerdeError)?)
        .map_err(kube::Error::HttpError)?;
    context.client.request(request).await
}
