//! The CustomResourceDefinitions keep the conventions that a cluster's owner
//! counts on: bounded, described, and without defaults that would make Git and
//! cluster differ.

use std::path::Path;

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

/// A pattern that is anchored at both ends and repeats nothing without limit.
fn is_bounded(pattern: &str) -> bool {
    let open = ['*', '+'].iter().any(|sign| pattern.contains(*sign)) || pattern.contains(",}");
    pattern.starts_with('^') && pattern.ends_with('$') && !open
}

#[test]
fn every_property_says_what_it_is() {
    let mut missing = vec![];
    each_schema(|path, schema| {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let described = property["description"]
                .as_str()
                .is_some_and(|text| !text.trim().is_empty());
            if !described {
                missing.push(format!("{path}.{name}"));
            }
        }
    });
    assert_none("without a description", missing);
}

/// What every operation has, in Kubernetes' words or in Errand's own. All other
/// fields of a spec stand for one of the cloud's.
const OWN_FIELDS: &[&str] = &[
    "connectionRef",
    "mode",
    "suspend",
    "schedule",
    "verifyTimeout",
    "ttlAfterSuccess",
    "operationKey",
    "resolution",
];

/// The fields without fields of their own below a schema, with their paths.
fn leaves<'a>(path: &str, schema: &'a Value, found: &mut Vec<(String, &'a Value)>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        match property["properties"].is_object() {
            true => leaves(&path, property, found),
            false => found.push((path, property)),
        }
    }
}

/// A word in backticks, written as a field: `task_id`, `TaskId`, `details.code`.
fn names_a_word_of_the_cloud(description: &str) -> bool {
    let quoted = description.split('`').skip(1).step_by(2);
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    quoted
        .into_iter()
        .any(|word| !word.is_empty() && word.chars().all(is_word))
}

#[test]
fn every_field_that_stands_for_one_of_the_clouds_names_the_clouds_word() {
    let mut found = vec![];
    let all = definitions();
    for crd in &all {
        for version in versions(crd) {
            let (name, top) = (name(crd), &root(version)["properties"]);
            if is_operation(crd) {
                let mut spec = top["spec"].clone();
                let fields = spec["properties"].as_object_mut().expect("a spec");
                fields.retain(|field, _| !OWN_FIELDS.contains(&field.as_str()));
                assert!(!fields.is_empty(), "{name}");
                let observed = &top["status"]["properties"]["observed"];
                for (part, schema) in [("spec", &spec), ("status.observed", observed)] {
                    let mut fields = vec![];
                    leaves(&format!("{name}.{part}"), schema, &mut fields);
                    assert!(!fields.is_empty(), "{name}.{part}");
                    found.extend(fields.iter().map(|(path, f)| (path.clone(), (*f).clone())));
                }
            } else if top["spec"]["properties"]["accountId"].is_object() {
                let spec = &top["spec"]["properties"];
                found.push((format!("{name}.accountId"), spec["accountId"].clone()));
                for cloud in ["huawei", "volcengine", "tencent"] {
                    let mut fields = vec![];
                    leaves(&format!("{name}.spec.{cloud}"), &spec[cloud], &mut fields);
                    found.extend(fields.iter().map(|(path, f)| (path.clone(), (*f).clone())));
                }
            }
        }
    }
    assert!(found.len() > 12, "only {} fields", found.len());
    found.retain(|(_, field)| {
        let description = field["description"].as_str().unwrap_or_default();
        !names_a_word_of_the_cloud(description)
    });
    let paths = found.into_iter().map(|(path, _)| path).collect();
    assert_none("without the cloud's word in backticks", paths);
}

#[test]
fn every_definition_says_what_it_is() {
    for crd in definitions() {
        for version in versions(&crd) {
            assert!(root(version)["description"].is_string(), "{}", name(&crd));
        }
    }
}

#[test]
fn every_list_is_bounded() {
    let found = offenders(|_, s| is_type(s, "array") && !s["maxItems"].is_u64());
    assert_none("arrays without maxItems", found);
}

#[test]
fn every_map_is_bounded() {
    let found =
        offenders(|_, s| s["additionalProperties"].is_object() && !s["maxProperties"].is_u64());
    assert_none("maps without maxProperties", found);
}

#[test]
fn every_text_is_bounded() {
    let found = offenders(|_, s| {
        is_type(s, "string")
            && !s["maxLength"].is_u64()
            && !s["enum"].is_array()
            && s["format"] != "date-time"
            && !s["pattern"].as_str().is_some_and(is_bounded)
    });
    assert_none("strings without a bound", found);
}

#[test]
fn every_value_has_a_type_and_nothing_unknown_is_kept() {
    let untyped = offenders(|path, s| {
        let part_of_a_union = path.contains("Of[") || path.ends_with(".not");
        !part_of_a_union && !s["type"].is_string()
    });
    assert_none("schemas without a type", untyped);
    let open = offenders(|_, s| {
        !s["x-kubernetes-preserve-unknown-fields"].is_null()
            || s["additionalProperties"] == json!(true)
    });
    assert_none("schemas that keep unknown fields", open);
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

#[test]
fn every_definition_is_small() {
    for crd in definitions() {
        let size = crd.to_string().len();
        assert!(size < 64 * 1024, "{} has {size} bytes", name(&crd));
    }
}

/// What `errand crds --dir` writes, into a folder of this test.
fn generated() -> Vec<(String, String)> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated-crds");
    let _ = std::fs::remove_dir_all(&dir);
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_errand"))
        .args(["crds", "--dir"])
        .arg(&dir)
        .status()
        .expect("errand runs");
    assert!(status.success());
    files(&dir)
}

fn committed() -> Vec<(String, String)> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("crds"))
}

fn files(dir: &Path) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = std::fs::read_dir(dir)
        .unwrap_or_else(|e| panic!("{}: {e}", dir.display()))
        .map(|entry| {
            let path = entry.expect("a readable folder").path();
            let name = path.file_name().expect("a file").to_string_lossy();
            let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
            (name.into_owned(), text)
        })
        .collect();
    files.sort();
    files
}

#[test]
fn the_files_in_crds_are_what_is_generated() {
    let (generated, committed) = (generated(), committed());
    let names = |files: &[(String, String)]| -> Vec<String> {
        files.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&committed), names(&generated));
    for ((name, got), (_, expected)) in committed.iter().zip(&generated) {
        let line = got.lines().zip(expected.lines()).position(|(a, b)| a != b);
        assert!(
            got == expected,
            "crds/{name} differs from line {} on: run `errand crds --dir crds`",
            line.map_or(0, |n| n + 1)
        );
    }
}

#[test]
fn the_files_in_crds_say_what_the_types_say() {
    let committed: Vec<Value> = committed()
        .iter()
        .map(|(name, text)| {
            serde_yaml_ng::from_str(text).unwrap_or_else(|e| panic!("crds/{name}: {e}"))
        })
        .collect();
    let mut expected = definitions();
    expected.sort_by_key(|crd| name(crd).to_owned());
    assert_eq!(committed.len(), expected.len());
    for (got, expected) in committed.iter().zip(&expected) {
        assert_eq!(got, expected, "crds/{}.yaml", name(expected));
    }
}

#[test]
fn the_sample_of_who_may_resolve_names_every_kind_of_operation() {
    let sample =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("integrations/policies/who-may-resolve.yaml");
    let sample = std::fs::read_to_string(sample).expect("the sample");
    let role = sample.split("kind: ClusterRole\n").nth(1).expect("a role");
    for crd in definitions().iter().filter(|crd| is_operation(crd)) {
        let plural = crd["spec"]["names"]["plural"].as_str().expect("a plural");
        assert!(role.contains(&format!("- {plural}\n")), "{plural}:\n{role}");
    }
    assert!(!role.contains("\"*\""), "that is */status too:\n{role}");
}
