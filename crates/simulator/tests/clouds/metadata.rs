//! The simulator judges Errand's requests, so it must not share code with Errand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The workspace's packages by folder, each with the folders of its path dependencies
/// (of every kind). Packages from a registry cannot lead back into the workspace,
/// so this is the whole graph that matters, and it needs no network.
fn workspace() -> BTreeMap<String, (String, Vec<String>)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let manifest = text(&package["manifest_path"]);
            let folder = Path::new(&manifest).parent().expect("a folder");
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            let paths = dependencies.iter().filter_map(|d| d["path"].as_str());
            let paths = paths.map(Into::into).collect();
            let folder = folder.to_str().expect("a path in UTF-8").to_owned();
            (folder, (text(&package["name"]), paths))
        })
        .collect()
}

#[test]
fn no_path_leads_from_the_simulator_to_errand() {
    let workspace = workspace();
    assert!(workspace.values().any(|(name, _)| name == "errand"));
    let mut reached = BTreeSet::new();
    let mut next = vec![env!("CARGO_MANIFEST_DIR").to_owned()];
    while let Some(folder) = next.pop() {
        let (name, dependencies) = &workspace[&folder];
        if reached.insert(&**name) {
            next.extend(dependencies.iter().cloned());
        }
    }
    let reached: Vec<&str> = reached.into_iter().collect();
    assert_eq!(reached, ["errand-simulator", "errand-testclock"]);
}
