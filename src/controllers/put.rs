//! The one way in which status is written: a PUT under the precondition that the
//! object is as it was read. The body has no spec, so it cannot change one.

use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::context::{API_TIMEOUT, Context};
use super::metrics::ApiWrite;

/// Why status was not written.
#[derive(Debug)]
pub(super) enum NotWritten {
    /// The object is not as it was read, or gone.
    Conflict,
    /// Nobody knows whether it was written.
    NoReply,
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
    let (result, label) = match timeout(API_TIMEOUT, put).await {
        Ok(Ok(object)) => (Ok(object), "ok"),
        Ok(Err(kube::Error::Api(e))) if e.code == 409 => (Err(NotWritten::Conflict), "conflict"),
        Ok(Err(kube::Error::Api(e))) if e.code == 404 => (Err(NotWritten::Conflict), "gone"),
        Ok(Err(e)) => {
            tracing::warn!(kind = %R::kind(&()), error = %e, "status not written");
            (Err(NotWritten::NoReply), "failed")
        }
        Err(_) => (Err(NotWritten::NoReply), "failed"),
    };
    let label = ApiWrite {
        resource: format!("{}/status", R::plural(&())),
        result: label,
    };
    context.metrics.api_writes.get_or_create(&label).inc();
    result
}

async fn put<R, S>(context: &Context, object: &R, status: &S) -> kube::Result<R>
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
