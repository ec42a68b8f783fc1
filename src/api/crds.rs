//! What the CustomResourceDefinitions of operations and connections have beside what is
//! generated from their types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, JSON, JSONSchemaProps,
    SelectableField, ValidationRule,
};

use super::connection::CloudConnectionStatus;
use super::status::State;

/// What a kind of operation declares of its fields. Its CustomResourceDefinition has the rule,
/// the columns and the selectable fields that follow from it.
#[derive(Clone, Copy, Debug)]
pub struct KindInfo {
    /// The fields of the spec that say what the operation is about, besides the connection.
    /// They cannot be changed once a call was intended or the operation has ended.
    pub target: &'static [&'static str],
    /// More fields that cannot be changed from then on. What was seen before such a change is
    /// still about the same target.
    pub fixed: &'static [&'static str],
    /// The other fields of the kind's own, which may be changed at any time.
    pub free: &'static [&'static str],
    /// Where the column Target is read.
    pub shown: &'static str,
    /// The columns after it, before the message.
    pub columns: &'static [Column],
}

/// A column of `kubectl get`.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    name: &'static str,
    type_: &'static str,
    path: &'static str,
    wide: bool,
}

impl Column {
    /// Of a text, or of a time, which kubectl would show as an age.
    pub const fn text(name: &'static str, path: &'static str) -> Self {
        Self {
            name,
            path,
            type_: "string",
            wide: false,
        }
    }

    /// Of a number.
    pub const fn number(name: &'static str, path: &'static str) -> Self {
        Self {
            type_: "integer",
            ..Self::text(name, path)
        }
    }

    /// Shown with `-o wide` alone.
    #[must_use]
    pub const fn wide(self) -> Self {
        Self { wide: true, ..self }
    }

    fn definition(&self) -> CustomResourceColumnDefinition {
        CustomResourceColumnDefinition {
            name: self.name.to_owned(),
            type_: self.type_.to_owned(),
            json_path: self.path.to_owned(),
            priority: self.wide.then_some(1),
            ..CustomResourceColumnDefinition::default()
        }
    }
}

/// The columns of every operation before those of its kind, but for Target.
const FIRST: [Column; 3] = [
    Column::text("Ready", READY_STATUS),
    Column::text("State", ".status.state"),
    Column::text("Reason", READY_REASON),
];

const READY_STATUS: &str = r#".status.conditions[?(@.type=="Ready")].status"#;
const READY_REASON: &str = r#".status.conditions[?(@.type=="Ready")].reason"#;

/// Those after them. Of mode Plan the first call that would be sent, and whether it costs
/// money, come before the message, which is long.
const LAST: [Column; 4] = [
    Column::text("Plan", ".status.plan.steps[0]").wide(),
    Column {
        type_: "boolean",
        ..Column::text("Plan costs money", ".status.plan.paid").wide()
    },
    Column::text("Message", ".status.summary").wide(),
    Column {
        type_: "date",
        ..Column::text("Age", ".metadata.creationTimestamp")
    },
];

/// What field selectors can ask for.
const SELECTABLE: [&str; 2] = [".status.state", ".status.outcome"];

/// Gives an operation's definition what follows from the kind's declaration, and its status
/// the default that makes a new object Pending. `sends`: the kind has mutating calls.
pub fn operation_crd(
    crd: CustomResourceDefinition,
    info: &KindInfo,
    sends: bool,
) -> CustomResourceDefinition {
    let mut crd = with_default_status(crd, State::pending_status());
    let shown = Column::text("Target", info.shown);
    let columns = FIRST.iter().chain([&shown]);
    let columns = columns.chain(info.columns).chain(&LAST);
    let columns: Vec<_> = columns.map(Column::definition).collect();
    let selectable = SELECTABLE.map(|path| SelectableField {
        json_path: path.to_owned(),
    });
    let kind = crd.spec.names.kind.clone();
    for version in &mut crd.spec.versions {
        version.additional_printer_columns = Some(columns.clone());
        version.selectable_fields = Some(selectable.to_vec());
        let root = version.schema.as_mut();
        if let Some(root) = root.and_then(|schema| schema.open_api_v3_schema.as_mut()) {
            let rule = target_is_immutable(root, info, &kind, sends);
            let rules = root.x_kubernetes_validations.get_or_insert_default();
            rules.push(rule);
        }
    }
    crd
}

/// The rule of what an operation is about. It reads `oldSelf.status`, so that a plan can be
/// iterated on.
fn target_is_immutable(
    root: &JSONSchemaProps,
    info: &KindInfo,
    kind: &str,
    sends: bool,
) -> ValidationRule {
    let spec = root.properties.as_ref().and_then(|all| all.get("spec"));
    let required = spec.and_then(|spec| spec.required.clone());
    let required = required.unwrap_or_default();
    let is_required = |name: &&str| required.iter().any(|field| field == name);
    let fields = ["connectionRef"].into_iter();
    let fields = fields.chain(info.target.iter().chain(info.fixed).copied());
    let fields: Vec<&str> = fields.collect();
    let (always, optional): (Vec<&str>, Vec<&str>) = fields.iter().partition(|f| is_required(f));
    let same = |name: &str| format!("self.spec.{name} == oldSelf.spec.{name}");
    let both = |name: &str| {
        let same = same(name);
        format!(
            "has(self.spec.{name}) == has(oldSelf.spec.{name}) && (!has(self.spec.{name}) || {same})"
        )
    };
    let all = always.iter().map(|name| same(name));
    let all: Vec<String> = all.chain(optional.iter().map(|name| both(name))).collect();
    let (open, what, since) = match sends {
        true => (
            "(!has(oldSelf.status.outcome) && (!has(oldSelf.status.steps) || size(oldSelf.status.steps) == 0))",
            "the target",
            "once a call was intended or the operation has ended",
        ),
        false => (
            "!has(oldSelf.status.outcome)",
            "what is observed",
            "once the operation has ended",
        ),
    };
    ValidationRule {
        rule: format!("!has(oldSelf.status) || {open} || ({})", all.join(" && ")),
        message: Some(format!(
            "{what} ({}) is immutable {since}: create a new {kind}",
            fields.join(", ")
        )),
        ..ValidationRule::default()
    }
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
