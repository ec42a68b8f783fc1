//! The one way in which status is written: a PUT under the precondition that the
//! object is as it was read. The body has no spec, so it cannot change one.

use http::Method;
use kube::core::Status;
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::Context;
use super::fit::fitted;
use super::read::{self, NotRead};
use crate::text;

/// Why status was not written.
#[derive(Debug)]
pub(super) enum NotWritten {
    /// The object is not as it was read, or gone.
    Conflict,
    /// Nobody knows whether it was written.
    NoReply,
    /// The API server takes the status for invalid. The fields that it names.
    Refused(String),
    /// Something was written, with this resourceVersion, that cannot be read: the
    /// CRD is another version's, or something rewrites status.
    Unreadable(Option<String>),
}

/// Writes the status, in the place of the one before; the object as it stands then.
pub(super) async fn put_status<R, S>(
    context: &Context,
    object: &R,
    before: Option<&S>,
    status: &S,
) -> Result<R, NotWritten>
where
    R: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + DeserializeOwned,
    S: Serialize + DeserializeOwned + Clone,
{
    let kind = R::kind(&());
    let status = fitted(&kind, status.clone(), before);
    match put(context, object, &status).await {
        Ok(object) => Ok(object),
        Err(NotRead::Unreadable(unreadable)) => {
            tracing::error!(%kind, error = %unreadable, "status was not stored as written");
            Err(NotWritten::Unreadable(unreadable.resource_version))
        }
        // Changed since it was read, or gone.
        Err(e) if matches!(e.code(), Some(409 | 404)) => Err(NotWritten::Conflict),
        Err(NotRead::Refused(refusal)) if refusal.code == 422 => {
            let fields = fields(&refusal);
            tracing::warn!(%kind, fields, "the API server refuses the status as invalid");
            Err(NotWritten::Refused(fields))
        }
        Err(e) => {
            tracing::warn!(%kind, error = %e, "status not written");
            Err(NotWritten::NoReply)
        }
    }
}

/// Most fields of a refusal that are named.
const NAMED: usize = 3;

/// The fields that a refusal is about. Its message is not repeated: it quotes the values.
fn fields(refusal: &Status) -> String {
    let details = refusal.details.iter();
    let causes = details.flat_map(|details| &details.causes);
    let mut fields: Vec<String> = causes
        .map(|cause| text::line(&cause.field, 128))
        // Rules that were not checked are said to be about no field.
        .filter(|field| !matches!(&**field, "" | "<nil>"))
        .collect();
    fields.dedup();
    let more = fields.len() > NAMED;
    fields.truncate(NAMED);
    match (fields.is_empty(), more) {
        (true, _) => "it names no field".to_owned(),
        (false, false) => fields.join(", "),
        (false, true) => format!("{} and more", fields.join(", ")),
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
    let url = read::url::<R>(Some(&namespace), &object.name_any())?.status();
    let stored = read::write(&context.client, Method::PUT, &url, &body).await?;
    read::object(&stored)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(causes: &serde_json::Value) -> Status {
        serde_json::from_value(json!({
            "status": "Failure", "code": 422, "reason": "Invalid",
            "message": "X is invalid: status.a: Invalid value: \"canary\"",
            "details": {"causes": causes},
        }))
        .expect("a Status")
    }

    #[test]
    fn the_fields_of_a_refusal_are_named_without_their_values() {
        let cause = |field: &str| json!({"field": field, "message": "Invalid value: \"canary\""});
        for (causes, expected) in [
            (json!([]), "it names no field"),
            (json!([cause("status.a")]), "status.a"),
            (json!([cause("a"), cause("<nil>"), cause("b")]), "a, b"),
            (json!([cause("a"), cause("a")]), "a"),
            (
                json!([cause("a"), cause("b"), cause("c"), cause("d")]),
                "a, b, c and more",
            ),
            (json!([cause("a\u{1b}[2J")]), "a\u{fffd}[2J"),
        ] {
            assert_eq!(fields(&refusal(&causes)), expected);
        }
        let long = fields(&refusal(&json!([cause(&"x".repeat(100_000))])));
        assert!(long.len() <= 128, "{}", long.len());
    }
}
