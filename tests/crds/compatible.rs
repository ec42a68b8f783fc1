//! What is stored stays: every field of a schema of f7ba42e is there, with its type, so that
//! an object of that version is read, and one of this version after a rollback.

use std::fs;
use std::path::Path;

use super::*;

/// The definitions of f7ba42e.
fn former() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/f7ba42e/crds");
    let entries = fs::read_dir(folder).expect("a folder");
    let texts = entries.map(|entry| fs::read_to_string(entry.expect("an entry").path()));
    let all: Vec<Value> = texts
        .map(|text| serde_yaml_ng::from_str(&text.expect("a file")).expect("a definition"))
        .collect();
    assert!(all.len() > 6, "{}", all.len());
    all
}

/// What was there and is there no more, or with another type. Named fields may have become
/// a map's values.
fn lost(path: &str, before: &Value, now: &Value, found: &mut Vec<String>) {
    let types = ["type", "format", "x-kubernetes-int-or-string"];
    if types.iter().any(|name| before[*name] != now[*name]) {
        found.push(format!("{path} has another type"));
    }
    for (name, property) in before["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        let place = [&now["properties"][name], &now["additionalProperties"]];
        match place.into_iter().find(|schema| schema.is_object()) {
            Some(now) => lost(&path, property, now, found),
            None => found.push(format!("{path} is gone")),
        }
    }
    for part in ["items", "additionalProperties"] {
        match (&before[part], &now[part]) {
            (before, now) if before.is_object() && now.is_object() => {
                lost(&format!("{path}.{part}"), before, now, found);
            }
            (before, _) if before.is_object() => found.push(format!("{path}.{part} is gone")),
            _ => {}
        }
    }
}

fn all_lost(before: &[Value], now: &[Value]) -> Vec<String> {
    let mut found = vec![];
    for old in before {
        let Some(new) = now.iter().find(|crd| name(crd) == name(old)) else {
            found.push(format!("{} is gone", name(old)));
            continue;
        };
        for version in versions(old) {
            let mut same = versions(new).iter();
            match same.find(|other| other["name"] == version["name"]) {
                Some(other) => lost(name(old), root(version), root(other), &mut found),
                None => found.push(format!("{} {} is gone", name(old), version["name"])),
            }
        }
    }
    found
}

#[test]
fn no_field_of_f7ba42e_is_removed_or_has_another_type() {
    let now = definitions();
    assert_none("lost since f7ba42e", all_lost(&former(), &now));
}

#[test]
fn a_field_that_is_removed_or_has_another_type_is_found() {
    let mut former = former();
    for crd in &mut former {
        let schema = &mut crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
        schema["spec"]["properties"]["once"] = json!({"type": "string"});
        schema["status"]["type"] = "array".into();
    }
    let found = all_lost(&former, &definitions());
    let count = |end: &str| found.iter().filter(|line| line.ends_with(end)).count();
    assert_eq!(count(".once is gone"), former.len(), "{found:?}");
    assert!(
        count(".status has another type") >= former.len() - 1,
        "{found:?}"
    );
}
