//! Every field says what it is, and which word of the cloud it stands for.

use serde_json::Value;

use super::*;

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
