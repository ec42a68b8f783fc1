//! What the CustomResourceDefinitions of operations and connections have beside what is
//! generated from their types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps,
};

use super::connection::CloudConnectionStatus;
use super::status::State;

/// Gives an operation's status the default that makes a new object Pending.
pub fn operation_crd(crd: CustomResourceDefinition) -> CustomResourceDefinition {
    with_default_status(crd, State::pending_status())
}

/// Gives a connection's status the default that makes a new object one whose key nobody
/// has used.
pub fn connection_crd(crd: CustomResourceDefinition) -> CustomResourceDefinition {
    with_default_status(crd, CloudConnectionStatus::not_probed())
}

fn with_default_status(
    mut crd: CustomResourceDefinition,
    default: serde_json::Value,
) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        let status = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
            .and_then(|root| root.properties.as_mut())
            .and_then(|properties| properties.get_mut("status"));
        if let Some(status) = status {
            make_default(status, default.clone());
        }
    }
    crd
}

fn make_default(status: &mut JSONSchemaProps, default: serde_json::Value) {
    status.nullable = None;
    status.default = Some(JSON(default));
}
