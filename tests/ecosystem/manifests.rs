//! Everything that is there to be applied is what Kubernetes takes it for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use errand_controlplane::assets::Program;
use errand_testbed::repository;

use crate::schemas::location;
use crate::tools::{ci_values, kubectl, objects, run, template, tool};

/// What kubeconform says of it.
pub fn kubeconform(yaml: &str) -> Result<String, String> {
    let mut kubeconform = Command::new(tool(Program::Kubeconform));
    kubeconform.args(["-strict", "-summary", "-schema-location", location()]);
    run(&mut kubeconform, yaml)
}

/// The YAML files below a folder.
fn yaml_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
        let path = entry.expect("readable").path();
        match path.is_dir() {
            true => found.extend(yaml_below(&path)),
            false if path.extension().is_some_and(|e| e == "yaml") => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

#[test]
fn kubeconform_accepts_the_chart_with_every_values_file_in_ci() {
    for (name, file) in ci_values() {
        // The kind of the Prometheus operator, whose schema is not ours to publish.
        let yaml = template(&["-f", &file, "--set=serviceMonitor.enabled=false"]);
        let yaml = yaml.unwrap_or_else(|e| panic!("{name}: {e}"));
        kubeconform(&yaml).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn kubeconform_accepts_all_that_is_there_to_be_applied_and_the_recorded_objects() {
    let folders = ["examples", "deploy", "integrations"];
    let all = folders.map(|folder| yaml_below(&repository().join(folder)));
    // No objects of an API, or of Argo CD's and Flux's, whose schemas are not ours to
    // publish.
    let others = ["kustomization.yaml", "health_test.yaml"];
    let folders = [
        "examples/gitops/argocd",
        "examples/gitops/flux",
        "examples/gitops/bulk",
    ];
    let is_other = |file: &PathBuf| {
        let in_folder = |folder: &str| file.starts_with(repository().join(folder));
        others.iter().any(|name| file.ends_with(name)) || folders.into_iter().any(in_folder)
    };
    for file in all.concat().iter().filter(|file| !is_other(file)) {
        let yaml = fs::read_to_string(file).expect("readable");
        kubeconform(&yaml).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    }
}

#[test]
fn kubeconform_refuses_what_is_misspelt_in_kubernetes_kinds_and_in_ours() {
    let example = fs::read_to_string(repository().join("examples/resize-cancellation.yaml"));
    let example = example.expect("readable");
    kubeconform(&example.replace("taskId", "taskid")).expect_err("an unknown field");
    let install = fs::read_to_string(repository().join("deploy/install.yaml"));
    let install = install.expect("readable");
    let misspelt = install.replace("readOnlyRootFilesystem", "readonlyRootFilesystem");
    assert_ne!(misspelt, install);
    kubeconform(&misspelt).expect_err("an unknown field");
}

#[test]
fn install_yaml_is_what_kustomize_makes_of_its_base() {
    let base = repository().join("deploy/kustomize");
    let built = kubectl(&["kustomize", base.to_str().expect("text")], "");
    let built = objects(&built.unwrap_or_else(|e| panic!("{e}")));
    let install = fs::read_to_string(repository().join("deploy/install.yaml"));
    assert_eq!(built, objects(&install.expect("readable")));
}
