//! The CRDs compared with those of the chart's previous commit: what was valid stays
//! valid, and means the same.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::tools::{chart, objects, previous_chart};

/// Limits that may only be raised or taken away.
const UPPER: [&str; 5] = [
    "maxLength",
    "maximum",
    "maxItems",
    "maxProperties",
    "exclusiveMaximum",
];
/// Limits that may only be lowered or taken away.
const LOWER: [&str; 5] = [
    "minLength",
    "minimum",
    "minItems",
    "minProperties",
    "exclusiveMinimum",
];
/// What may not change, appear or go.
const FIXED: [&str; 6] = [
    "type",
    "default",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
    "x-kubernetes-int-or-string",
];
/// What may go, and not appear or change.
const CONDITIONS: [&str; 3] = ["pattern", "format", "multipleOf"];

/// What somebody would notice who goes from one to the other.
fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for pointer in [
        "/spec/group",
        "/spec/scope",
        "/spec/names/kind",
        "/spec/names/plural",
    ] {
        if old.pointer(pointer) != new.pointer(pointer) {
            found.push(format!("{pointer} changes"));
        }
    }
    for (name, old) in versions(old) {
        let new = versions(new);
        let Some(new) = new.get(&name) else {
            found.push(format!("version {name} goes"));
            continue;
        };
        for selectable in list(&old["selectableFields"]) {
            if !list(&new["selectableFields"]).contains(selectable) {
                found.push(format!("{selectable} cannot be selected by any more"));
            }
        }
        if old["subresources"] != new["subresources"] {
            found.push("subresources change".to_owned());
        }
        let schema = |version: &Value| version["schema"]["openAPIV3Schema"].clone();
        schema_breaks(&name, &schema(old), &schema(new), &mut found);
    }
    found
}

fn versions(crd: &Value) -> BTreeMap<String, &Value> {
    let versions = list(&crd["spec"]["versions"]).iter();
    versions
        .map(|version| (version["name"].to_string(), version))
        .collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn schema_breaks(path: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    let mut say = |what: String| found.push(format!("{path}: {what}"));
    for name in FIXED {
        // No one applies a status, and what is stored without one has the default, whose
        // messages may be worded differently.
        let same = old[name].is_null() || unworded(&old[name]) == unworded(&new[name]);
        if same && name == "default" && path.ends_with(".status") {
            continue;
        }
        if old[name] != new[name] {
            say(format!("{name} changes"));
        }
    }
    for name in CONDITIONS {
        if !new[name].is_null() && old[name] != new[name] {
            say(format!("{name} is asked for"));
        }
    }
    let limit = |schema: &Value, name: &str| schema[name].as_f64();
    // Named fields may become a map of values like theirs, with a rule that lists the names.
    let names: Vec<&String> = old["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .collect();
    let is_map_now =
        !names.is_empty() && new["properties"].is_null() && new["additionalProperties"].is_object();
    for name in UPPER {
        let before = match name {
            "maxProperties" if is_map_now => Some(names.len() as f64),
            _ => None,
        };
        let old = limit(old, name).or(before).unwrap_or(f64::INFINITY);
        if limit(new, name).unwrap_or(f64::INFINITY) < old {
            say(format!("{name} is lower"));
        }
    }
    for name in LOWER {
        let old = limit(old, name).unwrap_or(f64::NEG_INFINITY);
        if limit(new, name).unwrap_or(f64::NEG_INFINITY) > old {
            say(format!("{name} is higher"));
        }
    }
    // With a default, null is what is not there.
    if old["nullable"] == true && new["nullable"] != true && new["default"].is_null() {
        say("null is not taken any more".to_owned());
    }
    for required in list(&new["required"]) {
        if !list(&old["required"]).contains(required) {
            say(format!("{required} has to be there"));
        }
    }
    let words = list(&old["enum"]);
    if words.is_empty() && !list(&new["enum"]).is_empty() {
        say("words are prescribed".to_owned());
    }
    for word in words.iter().filter(|_| new["enum"].is_array()) {
        if !list(&new["enum"]).contains(word) {
            say(format!("the word {word} goes"));
        }
    }
    let rules = |schema: &Value| -> Vec<Value> {
        let rules = list(&schema["x-kubernetes-validations"]).iter();
        rules.map(|rule| rule["rule"].clone()).collect()
    };
    let lists_names = |rule: &Value| {
        let rule = rule.as_str().unwrap_or_default();
        is_map_now && names.iter().all(|name| rule.contains(&format!("'{name}'")))
    };
    let is_new = |rule: &&Value| !rules(old).contains(rule) && !lists_names(rule);
    for rule in rules(new).iter().filter(is_new) {
        say(format!("a rule is asked for: {rule}"));
    }
    for (name, old) in old["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        let same = match is_map_now {
            true => &new["additionalProperties"],
            false => &new["properties"][name],
        };
        match same {
            Value::Null => found.push(format!("{path}: goes")),
            new => schema_breaks(&path, old, new, found),
        }
    }
    for part in ["items", "additionalProperties"] {
        if old[part].is_object() {
            schema_breaks(&format!("{path}.{part}"), &old[part], &new[part], found);
        }
    }
}

/// A default of a status without the messages of its conditions.
fn unworded(status: &Value) -> Value {
    let mut status = status.clone();
    let conditions = status.get_mut("conditions").and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten() {
        condition["message"] = Value::Null;
    }
    status
}

/// The definitions in a chart, by name.
fn definitions(chart: &str) -> BTreeMap<String, Value> {
    let files = fs::read_dir(format!("{chart}/files/crds")).expect("the chart has CRDs");
    let texts = files.map(|f| fs::read_to_string(f.expect("readable").path()).expect("text"));
    let crds = texts.flat_map(|text| objects(&text));
    crds.map(|crd| (crd["metadata"]["name"].to_string(), crd))
        .collect()
}

#[test]
fn the_crds_are_compatible_with_those_of_the_charts_previous_commit() {
    let new = definitions(&chart());
    for (name, old) in definitions(&previous_chart()) {
        let new = new.get(&name).unwrap_or_else(|| panic!("{name} goes"));
        let found = breaks(&old, new);
        assert!(found.is_empty(), "{name}:\n{}", found.join("\n"));
    }
}

#[test]
fn what_would_break_somebodys_objects_is_found() {
    let schema = json!({"type": "object", "required": ["a"], "properties": {
        "a": {"type": "string", "maxLength": 10, "minLength": 1, "enum": ["x", "y"], "nullable": true},
        "b": {"type": "array", "maxItems": 3, "items": {"type": "integer", "minimum": 0}}}});
    let crd = |schema: &Value| {
        json!({"spec": {"group": "g", "scope": "Namespaced", "names": {"kind": "K", "plural": "ks"},
            "versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema},
                "subresources": {"status": {}}, "selectableFields": [{"jsonPath": ".status.state"}]}]}})
    };
    let old = crd(&schema);
    assert_eq!(breaks(&old, &old), [""; 0]);
    let a = "/spec/versions/0/schema/openAPIV3Schema/properties/a";
    let b = "/spec/versions/0/schema/openAPIV3Schema/properties/b";
    let cases = [
        ("/spec/scope", json!("Cluster")),
        ("/spec/versions", json!([])),
        ("/spec/versions/0/subresources", json!({})),
        ("/spec/versions/0/selectableFields", json!([])),
        (a, Value::Null),
        (&format!("{a}/type"), json!("integer")),
        (&format!("{a}/maxLength"), json!(9)),
        (&format!("{a}/minLength"), json!(2)),
        (&format!("{a}/enum"), json!(["x"])),
        (&format!("{a}/nullable"), json!(false)),
        (&format!("{b}/maxItems"), json!(2)),
        (&format!("{b}/items/minimum"), json!(1)),
        (
            "/spec/versions/0/schema/openAPIV3Schema/required",
            json!(["a", "b"]),
        ),
    ];
    for (pointer, value) in cases {
        let mut new = old.clone();
        *new.pointer_mut(pointer).expect("it is there") = value;
        assert_eq!(
            breaks(&old, &new).len(),
            1,
            "{pointer}: {:?}",
            breaks(&old, &new)
        );
    }
    for (name, value) in [
        ("pattern", json!("^x$")),
        ("default", json!("x")),
        ("x-kubernetes-validations", json!([{"rule": "self != ''"}])),
    ] {
        let mut new = old.clone();
        new.pointer_mut(a).expect("it is there")[name] = value;
        assert_eq!(breaks(&old, &new).len(), 1, "{name}");
    }
}

#[test]
fn what_is_added_or_loosened_breaks_nothing() {
    let old = json!({"type": "object", "properties": {"a": {"type": "string", "maxLength": 10, "enum": ["x"]}}});
    let new = json!({"type": "object", "properties": {
        "a": {"type": "string", "maxLength": 20, "enum": ["x", "y"]},
        "b": {"type": "integer", "minimum": 1}}});
    let mut found = Vec::new();
    schema_breaks("", &old, &new, &mut found);
    assert_eq!(found, [""; 0]);
}

#[test]
fn named_fields_may_become_a_map_that_takes_all_of_them() {
    let old = json!({"type": "object", "properties": {
        "a": {"type": "string", "maxLength": 10}, "b": {"type": "string", "maxLength": 10}}});
    let map = |length: u32, most: u32, rule: &str| {
        let value = json!({"type": "string", "maxLength": length});
        let rules = json!([{"rule": rule}]);
        json!({"type": "object", "additionalProperties": value, "maxProperties": most,
            "x-kubernetes-validations": rules})
    };
    let both = "self.all(key, key in ['a', 'b', 'c'])";
    for (new, count) in [
        (map(10, 2, both), 0),
        (map(9, 2, both), 2),
        (map(10, 1, both), 1),
        (map(10, 2, "self.all(key, key in ['a'])"), 1),
    ] {
        let mut found = Vec::new();
        schema_breaks("", &old, &new, &mut found);
        assert_eq!(found.len(), count, "{new}: {found:?}");
    }
}
