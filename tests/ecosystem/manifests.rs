//! Everything that is there to be applied is what Kubernetes takes it for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use errand_controlplane::assets::Program;
use errand_testbed::repository;
use serde_json::{Value, json};

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
        let yaml = template(&["-f", &file]);
        let yaml = yaml.unwrap_or_else(|e| panic!("{name}: {e}"));
        kubeconform(&yaml).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn kubeconform_accepts_all_that_is_there_to_be_applied_and_the_recorded_objects() {
    let folders = ["examples", "deploy", "integrations"];
    let all = folders.map(|folder| yaml_below(&repository().join(folder)));
    let bulk = repository().join("examples/gitops/bulk");
    let mut seen = BTreeSet::new();
    for file in all.concat() {
        let yaml = fs::read_to_string(&file).expect("readable");
        // What tools read and no API server is given.
        let for_kustomize = yaml.contains("apiVersion: kustomize.config.k8s.io/");
        if for_kustomize || file.ends_with("health_test.yaml") || file.starts_with(&bulk) {
            continue;
        }
        kubeconform(&yaml).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        seen.extend(
            objects(&yaml)
                .iter()
                .map(|object| object["kind"].to_string()),
        );
    }
    for kind in [
        "Application",
        "Kustomization",
        "HelmRelease",
        "GitRepository",
    ] {
        assert!(seen.contains(&format!("\"{kind}\"")), "{kind}: {seen:?}");
    }
}

#[test]
fn kubeconform_refuses_what_is_misspelt_in_kubernetes_kinds_and_in_ours() {
    let example = fs::read_to_string(repository().join("examples/resize-cancellation.yaml"));
    let example = example.expect("readable");
    kubeconform(&example.replace("taskId", "taskid")).expect_err("an unknown field");
    let install = fs::read_to_string(repository().join("deploy/operator.yaml"));
    let install = install.expect("readable");
    let misspelt = install.replace("readOnlyRootFilesystem", "readonlyRootFilesystem");
    assert_ne!(misspelt, install);
    kubeconform(&misspelt).expect_err("an unknown field");
}

#[test]
fn kubeconform_refuses_what_argo_cd_flux_or_the_prometheus_operator_would_refuse() {
    let read = |path: &str| fs::read_to_string(repository().join(path)).expect("readable");
    let argo_cd = read("examples/gitops/argocd/errand.yaml");
    let flux = read("integrations/flux/kustomization.yaml");
    let sources = read("examples/gitops/flux/errand.yaml");
    let monitor = template(&[
        "--set=serviceMonitor.enabled=true",
        "--show-only=templates/servicemonitor.yaml",
    ]);
    let monitor = monitor.unwrap_or_else(|e| panic!("{e}"));
    for (good, from, to) in [
        (&argo_cd, "selfHeal", "selfheal"),
        (&argo_cd, "  project: default\n", ""),
        (&flux, "healthCheckExprs", "healthChecksExprs"),
        (&flux, "timeout: 2h", "timeout: two hours"),
        (
            &sources,
            "reconcileStrategy: Revision",
            "reconcileStrategy: Commit",
        ),
        (&sources, "createNamespace", "createNameSpace"),
        (&monitor, "interval: 30s", "interval: half a minute"),
    ] {
        kubeconform(good).unwrap_or_else(|e| panic!("{e}"));
        let bad = good.replace(from, to);
        assert_ne!(bad, *good, "{from}");
        kubeconform(&bad).expect_err(to);
    }
}

/// The API server decides it: it refuses others, or says what is wrong with them.
#[test]
fn each_crd_is_structural_and_within_the_limits_of_what_its_rules_may_cost() {
    let folder = repository().join("charts/errand/files/crds");
    for file in yaml_below(&folder) {
        let crd = objects(&fs::read_to_string(&file).expect("readable")).remove(0);
        let replace = ["replace", "--dry-run=server", "-f", "-"];
        kubectl(&replace, &crd.to_string()).unwrap_or_else(|e| panic!("{e}"));
        let name = crd["metadata"]["name"].as_str().expect("a name");
        let stored = kubectl(&["get", "crd", name, "-o", "json"], "");
        let stored = objects(&stored.unwrap_or_else(|e| panic!("{e}"))).remove(0);
        let conditions = stored["status"]["conditions"].as_array().expect("a list");
        let conditions: BTreeSet<_> = conditions
            .iter()
            .map(|c| (c["type"].as_str().expect("text"), c["status"] == "True"))
            .collect();
        let expected = BTreeSet::from([("NamesAccepted", true), ("Established", true)]);
        assert_eq!(conditions, expected, "{name}");

        let schema = "/spec/versions/0/schema/openAPIV3Schema";
        let refused = |change: &dyn Fn(&mut Value), words: &str| {
            let mut crd = crd.clone();
            change(crd.pointer_mut(schema).expect("a schema"));
            let error = kubectl(&replace, &crd.to_string()).expect_err(words);
            assert!(error.contains(words), "{error}");
        };
        let untyped = |schema: &mut Value| schema["properties"]["more"] = json!({});
        refused(&untyped, "must not be empty for specified object fields");
        let rule = "self.all(a, self.all(b, a != b))";
        let list = json!({"type": "array", "items": {"type": "string"},
            "x-kubernetes-validations": [{"rule": rule}]});
        let costly = |schema: &mut Value| schema["properties"]["more"] = list.clone();
        refused(&costly, "estimated rule cost");
    }
}

/// The two sets of manifests, as kustomize builds them.
fn sets() -> [Vec<Value>; 2] {
    ["crds", "operator"].map(|set| {
        let base = repository().join("deploy/kustomize").join(set);
        let built = kubectl(&["kustomize", base.to_str().expect("text")], "");
        let built = objects(&built.unwrap_or_else(|e| panic!("{e}")));
        let file = repository().join(format!("deploy/{set}.yaml"));
        let file = fs::read_to_string(file).expect("readable");
        assert_eq!(built, objects(&file), "the file has what the base has");
        built
    })
}

/// O12: whatever deletes the operator's manifests leaves all that Errand remembers.
#[test]
fn the_operators_manifests_hold_nothing_that_must_stay() {
    let [stays, operator] = sets();
    let kinds = |set: &[Value]| -> BTreeSet<String> {
        let kinds = set.iter().map(|object| object["kind"].as_str());
        kinds.map(|kind| kind.expect("text").to_owned()).collect()
    };
    let memory = ["CustomResourceDefinition", "Namespace"].map(str::to_owned);
    assert_eq!(kinds(&stays), BTreeSet::from(memory.clone()));
    let of_operator = kinds(&operator);
    assert!(of_operator.contains("Deployment"), "{of_operator:?}");
    assert!(
        memory.iter().all(|kind| !of_operator.contains(kind)),
        "{of_operator:?}"
    );
    // No tool of GitOps prunes them where they leave a set that it applies.
    for object in &stays {
        let annotations = &object["metadata"]["annotations"];
        assert_eq!(annotations["kustomize.toolkit.fluxcd.io/prune"], "disabled");
        let argo_cd = &annotations["argocd.argoproj.io/sync-options"];
        assert_eq!(
            argo_cd, "Prune=false,Delete=false",
            "{}",
            object["metadata"]["name"]
        );
    }
    let crds = stays
        .iter()
        .filter(|o| o["kind"] == "CustomResourceDefinition");
    assert_eq!(crds.count(), errand::operations::crds().len());
}
