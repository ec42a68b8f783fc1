//! What the CustomResourceDefinitions of operations and connections have beside what is
//! generated from their types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, JSON, JSONSchemaProps,
};

use super::connection::CloudConnectionStatus;
use super::status::State;

/// Gives an operation's status the default that makes a new object Pending, and the
/// columns that show what a plan would send.
pub fn operation_crd(crd: CustomResourceDefinition) -> CustomResourceDefinition {
    with_plan_columns(with_default_status(crd, State::pending_status()))
}

/// Of mode Plan: the first call that would be sent, and whether it costs money. They
/// come before the message, which is long.
fn with_plan_columns(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    let column = |name: &str, type_: &str, path: &str| CustomResourceColumnDefinition {
        name: name.to_owned(),
        type_: type_.to_owned(),
        json_path: path.to_owned(),
        priority: Some(1),
        ..CustomResourceColumnDefinition::default()
    };
    for version in &mut crd.spec.versions {
        let columns = version.additional_printer_columns.get_or_insert_default();
        let message = columns.iter().position(|column| column.name == "Message");
        let at = message.unwrap_or(columns.len());
        let plan = [
            column("Plan", "string", ".status.plan.steps[0]"),
            column("Plan costs money", "boolean", ".status.plan.paid"),
        ];
        columns.splice(at..at, plan);
    }
    crd
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
