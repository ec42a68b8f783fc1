//! JSON Schemas for kubeconform: of Kubernetes' kinds what the API server publishes,
//! of ours and of the projects that ours are used with what their CRDs say. Strict, as in
//! the collections that kubeconform usually reads: what is not described is not allowed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use errand::operations::crds;
use errand_controlplane::assets::Program;
use errand_testbed::shared_plane;
use serde_json::{Map, Value, json};

use crate::tools::{objects, tool};

/// The `-schema-location` of a folder with a schema for each kind.
pub fn location() -> &'static str {
    static LOCATION: OnceLock<String> = OnceLock::new();
    LOCATION.get_or_init(|| {
        let dir = shared_plane().control_plane().dir().join("schemas");
        fs::create_dir_all(&dir).expect("a folder can be made");
        for (name, schema) in schemas() {
            fs::write(dir.join(name), schema.to_string()).expect("a file can be written");
        }
        let file = dir.join("{{.Group}}_{{.ResourceAPIVersion}}_{{.ResourceKind}}.json");
        PathBuf::into_os_string(file).into_string().expect("text")
    })
}

fn schemas() -> BTreeMap<String, Value> {
    let published = shared_plane().read("/openapi/v2");
    let published = published.expect("the API server answers").expect("OpenAPI");
    let definitions = published["definitions"].as_object().expect("definitions");
    let mut schemas = BTreeMap::new();
    for (name, definition) in definitions {
        let kinds = definition["x-kubernetes-group-version-kind"].as_array();
        for kind in kinds.into_iter().flatten() {
            let mut used = Map::new();
            collect(name, definitions, &mut used);
            let reference = format!("#/definitions/{name}");
            let schema = json!({"$ref": reference, "definitions": used});
            schemas.insert(file(kind), schema);
        }
    }
    for crd in ours().chain(of_others()) {
        let spec = &crd["spec"];
        for version in spec["versions"].as_array().expect("versions") {
            let gvk = json!({"group": spec["group"], "version": version["name"],
                "kind": spec["names"]["kind"]});
            let mut schema = version["schema"]["openAPIV3Schema"].clone();
            for name in ["apiVersion", "kind"] {
                schema["properties"][name] = json!({"type": "string"});
            }
            schema["properties"]["metadata"] = json!({"type": "object"});
            schemas.insert(file(&gvk), strict(&schema));
        }
    }
    schemas
}

fn ours() -> impl Iterator<Item = Value> {
    let crds = crds().into_iter();
    crds.map(|crd| serde_json::to_value(crd).expect("data"))
}

/// Those of Argo CD, Flux and the Prometheus operator.
fn of_others() -> impl Iterator<Item = Value> {
    let file = tool(Program::Crds);
    objects(&fs::read_to_string(file).expect("readable")).into_iter()
}

fn file(gvk: &Value) -> String {
    let text = |name: &str| gvk[name].as_str().unwrap_or_default().to_lowercase();
    let (group, version) = (text("group"), text("version"));
    // For kubeconform the group of the core is its version.
    let group = if group.is_empty() { &version } else { &group };
    format!("{group}_{version}_{}.json", text("kind"))
}

/// A definition and all that it refers to.
fn collect(name: &str, all: &Map<String, Value>, used: &mut Map<String, Value>) {
    if used.contains_key(name) {
        return;
    }
    let schema = match name.rsplit('.').next().unwrap_or_default() {
        "IntOrString" | "Quantity" => json!({"type": ["string", "number"]}),
        _ => strict(&all[name]),
    };
    used.insert(name.to_owned(), schema.clone());
    each_reference(&schema, &mut |name| collect(name, all, used));
}

fn each_reference(schema: &Value, found: &mut impl FnMut(&str)) {
    match schema {
        Value::Object(map) => {
            if let Some(name) = map.get("$ref").and_then(Value::as_str) {
                found(name.trim_start_matches("#/definitions/"));
            }
            map.values().for_each(|v| each_reference(v, found));
        }
        Value::Array(list) => list.iter().for_each(|v| each_reference(v, found)),
        _ => {}
    }
}

/// With `additionalProperties: false` wherever properties are described.
fn strict(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => {
            let mut map: Map<_, _> = map.iter().map(|(k, v)| (k.clone(), strict(v))).collect();
            let described = map.get("properties").is_some_and(Value::is_object);
            let open = map.get("x-kubernetes-preserve-unknown-fields");
            // An object whose property is called `properties` describes none.
            let described = described && map.get("type").is_some_and(Value::is_string);
            if described && open.is_none() {
                map.entry("additionalProperties").or_insert(json!(false));
            }
            Value::Object(map)
        }
        Value::Array(list) => list.iter().map(strict).collect(),
        other => other.clone(),
    }
}
