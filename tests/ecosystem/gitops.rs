//! The layouts in `examples/gitops`: what they name is there, what they hold is
//! accepted, and two hundred orders from a table are two hundred orders.

use std::fs;
use std::path::PathBuf;

use errand_simulator::{Seed, WorkspaceDesktop, WorkspaceProduct};
use errand_testbed::{Bed, BedOptions, CLUSTER, DCS_PROJECT, repository, shared_plane};
use serde_json::Value;

use crate::manifests::kubeconform;
use crate::tools::{helm, kubectl, objects};

/// How many of the orders Git brings once more.
const AGAIN: usize = 40;

fn gitops(path: &str) -> PathBuf {
    repository().join("examples/gitops").join(path)
}

fn read(folder: &str) -> Vec<Value> {
    let files = fs::read_dir(gitops(folder)).expect("the folder is there");
    let texts = files.map(|f| fs::read_to_string(f.expect("readable").path()).expect("text"));
    texts.flat_map(|text| objects(&text)).collect()
}

/// The table's orders, as Argo CD and Flux render them.
fn bulk() -> String {
    let chart = gitops("bulk");
    let chart = chart.to_str().expect("text");
    helm(&["template", "bulk", chart]).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn every_folder_that_an_application_or_a_kustomization_names_is_there() {
    let mut named = 0;
    for object in [read("argocd"), read("flux")].concat() {
        let spec = &object["spec"];
        let places = [
            &spec["source"]["path"],
            &spec["path"],
            &spec["chart"]["spec"]["chart"],
        ];
        for path in places.into_iter().filter_map(Value::as_str) {
            // Errand's own repository is another than the platform's.
            let of_errand = path.ends_with("charts/errand");
            let root = if of_errand { repository() } else { gitops("") };
            assert!(root.join(path).is_dir(), "{path}");
            named += 1;
        }
    }
    assert_eq!(named, 6);
}

#[test]
fn the_teams_folder_is_what_the_api_server_and_kubeconform_take() {
    let folder = gitops("teams/design");
    let built = kubectl(&["kustomize", folder.to_str().expect("text")], "");
    let built = built.unwrap_or_else(|e| panic!("{e}"));
    kubeconform(&built).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(objects(&built).len(), 3);
}

/// Those in files of their own are applied by the end-to-end tests.
#[test]
fn the_teams_folder_is_in_sync_once_it_is_applied_also_for_two_tools() {
    let folder = gitops("teams/design");
    let folder = folder.to_str().expect("text");
    let run = |arguments: &[&str]| {
        let done = kubectl(&[arguments, &["-k", folder]].concat(), "");
        done.unwrap_or_else(|e| panic!("{arguments:?}: {e}"));
    };
    run(&["apply"]);
    // Fails when there is a difference.
    run(&["diff"]);
    let managers = ["argocd-controller", "kustomize-controller"];
    let by = managers.map(|manager| format!("--field-manager={manager}"));
    for verb in ["apply", "apply", "diff"] {
        by.iter().for_each(|by| run(&[verb, "--server-side", by]));
    }
}

#[test]
fn the_example_for_flux_has_the_expressions_that_are_tested() {
    let file = repository().join("integrations/flux/kustomization.yaml");
    let recommended = objects(&fs::read_to_string(file).expect("readable")).remove(0);
    let flux = read("flux");
    let mut used = flux
        .iter()
        .filter(|object| object["kind"] == "Kustomization");
    let used = used.next().expect("a Kustomization");
    assert_eq!(
        used["spec"]["healthCheckExprs"],
        recommended["spec"]["healthCheckExprs"]
    );
}

#[test]
fn two_hundred_orders_of_a_table_are_placed_once_each_however_often_git_brings_them() {
    let orders = bulk();
    kubeconform(&orders).unwrap_or_else(|e| panic!("{e}"));
    let rows = objects(&orders);
    assert_eq!(rows.len(), 200);

    let binary = env!("CARGO_BIN_EXE_errand");
    let mut bed = Bed::new(shared_plane(), binary, "bulk", BedOptions::default());
    bed.apply(&bed.paying_connection("huawei-prod", "AutomaticPayment", CLUSTER));
    let product = rows[0]["spec"]["change"]["resize"]["productId"].as_str();
    let product = WorkspaceProduct::new(product.expect("a product"));
    let mut seed = Seed::new().product(DCS_PROJECT, product);
    for row in &rows {
        let desktop = row["spec"]["desktopId"].as_str().expect("a desktop");
        seed = seed.desktop(DCS_PROJECT, WorkspaceDesktop::new(desktop));
    }
    bed.simulator.seed(seed);
    bed.start_operator();
    bed.apply(&orders);
    await_success(&bed, 200);
    assert_eq!(placed(&bed), 200);

    // A commit is reverted and the orders are pruned, which sends nothing …
    let changes = |bed: &Bed| bed.simulator.journal().all_effects().len();
    let before = changes(&bed);
    bed.kubectl(&["delete", "dor", "--all"]);
    assert!(bed.list("dor").is_empty());
    // … and for some of them the revert is reverted, under other names.
    let again = orders.replace("name: resize-", "name: again-");
    let again: Vec<_> = again.split("---\n").take(AGAIN + 1).collect();
    bed.apply(&again.join("---\n"));
    await_success(&bed, AGAIN);
    assert_eq!(placed(&bed), 200);
    assert_eq!(changes(&bed), before);
}

fn placed(bed: &Bed) -> usize {
    bed.simulator.journal().effects("workspace.order")
}

fn await_success(bed: &Bed, count: usize) {
    bed.wait_until(&format!("{count} have succeeded"), || {
        bed.advance_if_led(std::time::Duration::from_secs(20));
        let orders = bed.list("dor");
        let done = orders
            .iter()
            .filter(|o| o["status"]["state"] == "Succeeded");
        done.count() == count
    });
}
