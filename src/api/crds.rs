//! What the CustomResourceDefinitions of operations and connections have beside what is
//! generated from their types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, JSON, JSONSchemaProps, ValidationRule,
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
/// has used, and its endpoints the rule that each is for one of these services.
pub fn connection_crd(
    crd: CustomResourceDefinition,
    services: &[&str],
) -> CustomResourceDefinition {
    let mut crd = with_default_status(crd, CloudConnectionStatus::not_probed());
    let names = services.join(", ");
    let quoted: Vec<_> = services.iter().map(|name| format!("'{name}'")).collect();
    let rule = ValidationRule {
        rule: format!("self.all(service, service in [{}])", quoted.join(", ")),
        message: Some(format!(
            "endpoints are given by service, and the services are {names}"
        )),
        ..ValidationRule::default()
    };
    for endpoints in properties(&mut crd, &["spec", "endpoints"]) {
        let text = endpoints.description.get_or_insert_default();
        text.push_str(&format!(" The services are {names}."));
        endpoints.x_kubernetes_validations = Some(vec![rule.clone()]);
    }
    crd
}

fn with_default_status(
    mut crd: CustomResourceDefinition,
    default: serde_json::Value,
) -> CustomResourceDefinition {
    for status in properties(&mut crd, &["status"]) {
        make_default(status, default.clone());
    }
    crd
}

/// The schema of a field, in each version.
fn properties<'a>(
    crd: &'a mut CustomResourceDefinition,
    path: &'a [&str],
) -> impl Iterator<Item = &'a mut JSONSchemaProps> {
    crd.spec.versions.iter_mut().filter_map(|version| {
        let root = version.schema.as_mut()?.open_api_v3_schema.as_mut()?;
        path.iter().try_fold(root, |schema, name| {
            schema.properties.as_mut()?.get_mut(*name)
        })
    })
}

fn make_default(status: &mut JSONSchemaProps, default: serde_json::Value) {
    status.nullable = None;
    status.default = Some(JSON(default));
}
