//! The CustomResourceDefinitions keep the conventions that a cluster's owner
//! counts on: bounded, described, and without defaults that would make Git and
//! cluster differ.

mod bounds;
mod compatible;
mod declared;
mod files;
mod words;

use errand::operations::crds;
use serde_json::{Value, json};

/// Each definition as the API server gets it.
fn definitions() -> Vec<Value> {
    let crds = crds();
    assert!(!crds.is_empty());
    crds.iter()
        .map(|crd| serde_json::to_value(crd).expect("a definition is data"))
        .collect()
}

fn name(crd: &Value) -> &str {
    crd["metadata"]["name"].as_str().expect("named")
}

fn versions(crd: &Value) -> &[Value] {
    crd["spec"]["versions"].as_array().expect("versions")
}

fn root(version: &Value) -> &Value {
    &version["schema"]["openAPIV3Schema"]
}

/// Of one of the operation kinds.
fn is_operation(crd: &Value) -> bool {
    crd["spec"]["group"] != "errand.cloud"
}

/// Written by Errand alone and kept in backups, so it is all spec: nobody asks
/// for it by name, and a restore brings back what it says.
fn is_ledger(crd: &Value) -> bool {
    crd["spec"]["names"]["kind"] == "OperationLedger"
}

/// The kinds that people write.
fn written_by_people() -> Vec<Value> {
    let all = definitions();
    let count = all.len();
    let all: Vec<Value> = all.into_iter().filter(|crd| !is_ledger(crd)).collect();
    assert_eq!(all.len(), count - 1);
    all
}

fn operations() -> Vec<Value> {
    let all: Vec<Value> = definitions().into_iter().filter(is_operation).collect();
    assert!(!all.is_empty());
    all
}

/// Calls `check` with every schema of every definition and its path.
fn each_schema(mut check: impl FnMut(&str, &Value)) {
    fn walk(path: &str, schema: &Value, check: &mut impl FnMut(&str, &Value)) {
        check(path, schema);
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            walk(&format!("{path}.{name}"), property, check);
        }
        for part in ["items", "additionalProperties", "not"] {
            if schema[part].is_object() {
                walk(&format!("{path}.{part}"), &schema[part], check);
            }
        }
        for part in ["allOf", "anyOf", "oneOf"] {
            for (n, inner) in schema[part].as_array().into_iter().flatten().enumerate() {
                walk(&format!("{path}.{part}[{n}]"), inner, check);
            }
        }
    }
    for crd in definitions() {
        for version in versions(&crd) {
            walk(name(&crd), root(version), &mut check);
        }
    }
}

/// The places where `wrong` finds something.
fn offenders(mut wrong: impl FnMut(&str, &Value) -> bool) -> Vec<String> {
    let mut found = vec![];
    let mut seen = 0;
    each_schema(|path, schema| {
        seen += 1;
        if wrong(path, schema) {
            found.push(path.to_owned());
        }
    });
    assert!(seen > 20, "only {seen} schemas were looked at");
    found
}

fn assert_none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

fn is_type(schema: &Value, name: &str) -> bool {
    schema["type"] == name
}

#[test]
fn conditions_are_a_list_map_keyed_by_type() {
    for crd in written_by_people() {
        for version in versions(&crd) {
            let conditions = &root(version)["properties"]["status"]["properties"]["conditions"];
            assert_eq!(
                conditions["x-kubernetes-list-type"],
                "map",
                "{}",
                name(&crd)
            );
            assert_eq!(conditions["x-kubernetes-list-map-keys"], json!(["type"]));
            let required = conditions["items"]["required"]
                .as_array()
                .expect("required");
            assert!(required.contains(&json!("type")), "{}", name(&crd));
        }
    }
}

#[test]
fn steps_are_a_list_map_keyed_by_number() {
    for crd in operations() {
        for version in versions(&crd) {
            let steps = &root(version)["properties"]["status"]["properties"]["steps"];
            assert_eq!(steps["x-kubernetes-list-type"], "map", "{}", name(&crd));
            assert_eq!(steps["x-kubernetes-list-map-keys"], json!(["number"]));
        }
    }
}

#[test]
fn a_fresh_operation_never_counts_as_done() {
    for crd in operations() {
        for version in versions(&crd) {
            let default = &root(version)["properties"]["status"]["default"];
            assert_eq!(default["state"], "Pending", "{}", name(&crd));
            assert!(default["outcome"].is_null());
            let conditions: Vec<(&str, &str, &str)> = default["conditions"]
                .as_array()
                .expect("conditions in the default")
                .iter()
                .map(|c| {
                    let text = |field: &str| c[field].as_str().unwrap_or_default();
                    (text("type"), text("status"), text("reason"))
                })
                .collect();
            assert_eq!(
                conditions,
                [
                    ("Ready", "Unknown", "Pending"),
                    ("Succeeded", "Unknown", "Pending"),
                    ("Reconciling", "True", "Pending"),
                    ("Stalled", "False", "Pending"),
                    ("Suspended", "False", "Pending"),
                ]
            );
            for condition in default["conditions"].as_array().into_iter().flatten() {
                assert!(condition["lastTransitionTime"].is_string());
                assert!(condition["message"].is_string());
            }
        }
    }
}

#[test]
fn a_fresh_connection_is_one_whose_key_nobody_has_used() {
    let crds = written_by_people().into_iter();
    let connection = crds.filter(|crd| !is_operation(crd)).collect::<Vec<_>>();
    assert_eq!(connection.len(), 1);
    for version in versions(&connection[0]) {
        let default = &root(version)["properties"]["status"]["default"];
        assert!(default["observedGeneration"].is_null());
        let ready = &default["conditions"][0];
        assert_eq!(ready["type"], "Ready");
        assert_eq!(ready["status"], "Unknown");
        assert_eq!(ready["reason"], "NotProbed");
    }
}

#[test]
fn the_spec_has_no_defaults() {
    let found = offenders(|path, s| {
        let at = path.find(".cloud.spec").is_some();
        at && !s["default"].is_null()
    });
    assert_none("defaults in a spec", found);
}

#[test]
fn operations_can_be_selected_by_state_and_outcome() {
    for crd in operations() {
        for version in versions(&crd) {
            let paths: Vec<&Value> = version["selectableFields"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|field| &field["jsonPath"])
                .collect();
            assert_eq!(
                paths,
                [".status.state", ".status.outcome"],
                "{}",
                name(&crd)
            );
        }
    }
}

#[test]
fn operations_are_listed_with_the_same_columns() {
    for crd in operations() {
        for version in versions(&crd) {
            let columns: Vec<&Value> = version["additionalPrinterColumns"]
                .as_array()
                .expect("columns")
                .iter()
                .collect();
            let shown: Vec<String> = columns
                .iter()
                .filter(|c| c["priority"].as_i64().unwrap_or(0) == 0)
                .map(|c| c["name"].as_str().unwrap_or_default().to_uppercase())
                .collect();
            // The column NAME is kubectl's own.
            assert_eq!(shown[..4], ["READY", "STATE", "REASON", "TARGET"]);
            assert_eq!(shown.last().map(String::as_str), Some("AGE"));
            let age = columns.last().expect("columns");
            assert_eq!(age["jsonPath"], ".metadata.creationTimestamp");
            assert_eq!(age["type"], "date");
        }
    }
}

/// kubectl prints a `date` as an age, and a time in the future as `<invalid>`.
#[test]
fn only_the_age_is_printed_as_a_date() {
    for crd in definitions() {
        for version in versions(&crd) {
            let columns = version["additionalPrinterColumns"].as_array();
            for column in columns.into_iter().flatten() {
                let age = column["jsonPath"] == ".metadata.creationTimestamp";
                assert_eq!(column["type"] == "date", age, "{}: {column}", name(&crd));
            }
        }
    }
}

/// Calls `see` with the schema and each schema in it.
fn walk(schema: &Value, see: &mut impl FnMut(&Value)) {
    see(schema);
    let inner = schema["properties"].as_object().into_iter().flatten();
    let inner = inner.map(|(_, schema)| schema).chain([&schema["items"]]);
    for schema in inner.filter(|schema| schema.is_object()) {
        walk(schema, see);
    }
}

/// By these words Flux's `force` tells what it has to replace.
#[test]
fn every_refusal_of_a_change_says_that_it_is_immutable() {
    let mut seen = 0;
    for crd in definitions() {
        for version in versions(&crd) {
            walk(root(version), &mut |schema| {
                let rules = schema["x-kubernetes-validations"].as_array();
                for rule in rules.into_iter().flatten() {
                    if rule["rule"].to_string().contains("oldSelf") {
                        seen += 1;
                        let message = rule["message"].as_str().expect("a message");
                        assert!(
                            message.contains("is immutable"),
                            "{}: {message}",
                            name(&crd)
                        );
                    }
                }
            });
        }
    }
    assert!(seen > 7, "only {seen} rules");
}

#[test]
fn every_kind_that_people_write_has_a_short_name_and_only_operations_are_in_the_category() {
    let mut short = vec![];
    for crd in definitions() {
        let names = &crd["spec"]["names"];
        let own = names["shortNames"].as_array().map_or(&[][..], |n| n);
        assert_eq!(own.len(), usize::from(!is_ledger(&crd)), "{}", name(&crd));
        short.extend_from_slice(own);
        let categories = names["categories"].as_array().map_or(&[][..], |c| c);
        let expected: &[Value] = match is_operation(&crd) {
            true => &[json!("errand")],
            false => &[],
        };
        assert_eq!(categories, expected, "{}", name(&crd));
    }
    short.sort_by_key(Value::to_string);
    let count = short.len();
    short.dedup();
    assert_eq!(short.len(), count, "two kinds share a short name");
}

#[test]
fn status_is_a_subresource_except_of_the_ledger_which_has_none() {
    for crd in definitions() {
        for version in versions(&crd) {
            let status = &version["subresources"]["status"];
            match is_ledger(&crd) {
                true => {
                    assert!(status.is_null(), "{status}");
                    assert!(root(version)["properties"]["status"].is_null());
                }
                false => assert_eq!(*status, json!({}), "{}", name(&crd)),
            }
        }
    }
}

#[test]
fn the_target_is_guarded_by_a_rule_that_looks_at_the_old_status() {
    for crd in operations() {
        for version in versions(&crd) {
            let rules = root(version)["x-kubernetes-validations"].as_array();
            let guarded = rules.into_iter().flatten().any(|rule| {
                let text = rule["rule"].as_str().unwrap_or_default();
                text.contains("oldSelf.status") && text.contains("connectionRef")
            });
            assert!(guarded, "{}", name(&crd));
        }
    }
}

/// The schema of a member of a kind's spec.
fn in_spec(kind: &str, path: &[&str]) -> Value {
    let crd = definitions()
        .into_iter()
        .find(|crd| crd["spec"]["names"]["kind"] == kind)
        .expect("a kind");
    let mut schema = root(&versions(&crd)[0])["properties"]["spec"].clone();
    for name in path {
        schema = schema["properties"][*name].clone();
    }
    schema
}

#[test]
fn what_an_order_costs_has_to_be_said_and_is_guarded_with_the_target() {
    let required = &in_spec("DesktopOrder", &[])["required"];
    assert_eq!(
        *required,
        json!(["change", "connectionRef", "desktopId", "payment"])
    );
    let payment = in_spec("DesktopOrder", &["payment"]);
    assert_eq!(payment["enum"], json!(["Manual", "Automatic"]));
    let size = in_spec("DesktopOrder", &["change", "expandVolume", "sizeGiB"]);
    assert_eq!(
        (&size["minimum"], &size["maximum"], &size["multipleOf"]),
        (&json!(10.0), &json!(32760.0), &json!(10.0))
    );
    let order = definitions()
        .into_iter()
        .find(|crd| crd["spec"]["names"]["kind"] == "DesktopOrder")
        .expect("a kind");
    let rules = root(&versions(&order)[0])["x-kubernetes-validations"].to_string();
    for field in [
        "connectionRef",
        "desktopId",
        "payment",
        "enterpriseProjectId",
        "change",
        "operationKey",
    ] {
        let compared = format!("self.spec.{field} == oldSelf.spec.{field}");
        assert!(rules.contains(&compared), "{compared}");
    }
}

#[test]
fn the_ids_of_an_answer_have_a_place_in_every_operations_steps() {
    for crd in operations() {
        for version in versions(&crd) {
            let step = &root(version)["properties"]["status"]["properties"]["steps"]["items"];
            let ids = &step["properties"]["ids"];
            assert_eq!(ids["additionalProperties"]["type"], "string");
            assert!(ids["description"].is_string(), "{}", name(&crd));
        }
    }
}
