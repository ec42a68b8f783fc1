//! What the CustomResourceDefinition of every operation has beside what is
//! generated from its type.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps,
};

use super::status::State;

/// Gives an operation's status the default that makes a new object Pending.
pub fn operation_crd(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        let status = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
            .and_then(|root| root.properties.as_mut())
            .and_then(|properties| properties.get_mut("status"));
        if let Some(status) = status {
            make_default(status);
        }
    }
    crd
}

fn make_default(status: &mut JSONSchemaProps) {
    status.nullable = None;
    status.default = Some(JSON(State::pending_status()));
}
