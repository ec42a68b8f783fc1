//! What `kubectl explain` says of the custom resources, from a real API server.

use errand_testbed::shared_plane;
use serde_json::Value;

use crate::support::bed;

/// The paths of all fields that have fields of their own, below `path`.
fn objects(path: &str, schema: &Value, found: &mut Vec<(String, Vec<String>)>) {
    let schema = match &schema["items"] {
        Value::Null => schema,
        items => items,
    };
    let Some(fields) = schema["properties"].as_object() else {
        return;
    };
    found.push((path.to_owned(), fields.keys().cloned().collect()));
    for (name, field) in fields {
        objects(&format!("{path}.{name}"), field, found);
    }
}

#[test]
fn kubectl_explains_every_field_of_every_kind() {
    let bed = bed("explain");
    let kubectl = |arguments: &[&str]| {
        let said = shared_plane().kubectl(arguments);
        said.unwrap_or_else(|e| panic!("kubectl {arguments:?}: {e}"))
    };
    let definitions: Value =
        serde_json::from_str(&kubectl(&["get", "crd", "-o", "json"])).expect("JSON");
    let mut levels = 0;
    for crd in definitions["items"].as_array().expect("a list") {
        let names = &crd["spec"]["names"];
        let singular = names["singular"].as_str().expect("a name");
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        // The ledger has no status.
        let has = |part: &&str| schema["properties"][*part].is_object();
        for part in ["spec", "status"].into_iter().filter(has) {
            let top = format!("{singular}.{part}");
            // The schema is published a moment after the definition is there.
            bed.wait_until("kubectl knows the kind", || {
                shared_plane().kubectl(&["explain", &top]).is_ok()
            });
            let tree = kubectl(&["explain", &top, "--recursive"]);
            let mut found = vec![];
            objects(&top, &schema["properties"][part], &mut found);
            for (path, fields) in found {
                levels += 1;
                let said = kubectl(&["explain", &path]);
                assert!(!said.contains("<no description>"), "{path}:\n{said}");
                assert!(!said.contains("<empty>"), "{path}:\n{said}");
                for field in fields {
                    let listed = |line: &str| line.trim_start().starts_with(&format!("{field}\t"));
                    assert!(tree.lines().any(listed), "{path}.{field}:\n{tree}");
                    // Its line, and below it what it means.
                    let mut lines = said.lines().skip_while(|line| !listed(line));
                    let meaning = lines.nth(1).unwrap_or_default().trim();
                    assert!(meaning.len() > 8, "{path}.{field}:\n{said}");
                }
            }
        }
    }
    assert!(levels > 10, "only {levels} levels");
}
