//! Workspace: what is read of desktops, products and jobs.

use crate::support::desktops::*;
use crate::support::*;
use crate::workspace::project_get;
use errand_simulator::{WorkspaceDesktop, WorkspaceProduct, WorkspaceVolume};
use serde_json::json;

#[test]
fn desktops_are_listed_by_id_charge_mode_and_page() {
    let mut seed = workspace_with(desktop());
    for n in 0..3 {
        let desktop = WorkspaceDesktop::new(format!("d-{n}")).on_demand();
        seed = seed.desktop(PROJECT, desktop.root_volume(WorkspaceVolume::new("v", 40)));
    }
    let (simulator, _) = started(|_| {}, seed);
    let list = |query: &str| {
        let list = project_get(&simulator, &format!("desktops/detail{query}")).json();
        let desktops = list["desktops"].as_array().unwrap().iter();
        let ids: Vec<String> = desktops
            .map(|desktop| desktop["desktop_id"].as_str().unwrap().to_owned())
            .collect();
        (list["total_count"].as_u64().unwrap(), ids.join(" "))
    };
    assert_eq!(list(""), (4, format!("d-0 d-1 d-2 {DESKTOP}")));
    assert_eq!(
        list("?desktop_id=d-1&desktop_id=d-2&desktop_id=x"),
        (2, "d-1 d-2".into())
    );
    assert_eq!(list("?charge_mode=0"), (1, DESKTOP.into()));
    assert_eq!(list("?limit=1&offset=2"), (4, "d-2".into()));
    assert_eq!(list("?status=SHUTOFF"), (0, String::new()));
    for query in ["?limit=501", "?limit=x", "?offset=-1"] {
        let answer = project_get(&simulator, &format!("desktops/detail{query}"));
        assert_eq!(answer.status, 400, "{query}");
    }
}

#[test]
fn products_of_a_product_are_the_ones_to_change_to_with_their_status() {
    let seed = workspace_with(desktop())
        .product(PROJECT, WorkspaceProduct::new("sold").status("sellout"))
        .product(PROJECT, WorkspaceProduct::new(LARGE).targets(["sold"]));
    let (simulator, _) = started(|_| {}, seed);
    let list = |query: &str| {
        let list = project_get(&simulator, &format!("products{query}")).json();
        let products = list["products"].as_array().unwrap().iter();
        products
            .map(|product| format!("{} {}", product["product_id"], product["status"]))
            .collect::<Vec<_>>()
            .join(", ")
            .replace('"', "")
    };
    assert_eq!(list(&format!("?product_id={LARGE}")), "sold sellout");
    assert_eq!(
        list(&format!("?product_id={SMALL}")),
        format!("sold sellout, {LARGE} normal")
    );
    assert_eq!(list("").split(", ").count(), 3);
    assert_eq!(
        project_get(&simulator, "volume/products").json(),
        json!({"volumes": []})
    );
}

#[test]
fn sub_jobs_are_found_by_job_type_and_status() {
    let (simulator, clock) = workspace();
    let job = order(&simulator, resize(true)).answer().json()["job_id"].clone();
    let job = job.as_str().unwrap();
    placed(&simulator, expand(VOLUME, 200));
    let count = |query: &str| {
        let list = project_get(&simulator, &format!("workspace-sub-jobs{query}")).json();
        assert_eq!(list["jobs"].as_array().unwrap().len(), list["total_count"]);
        list["total_count"].clone()
    };
    assert_eq!(count(&format!("?job_id={job}")), 1);
    assert_eq!(count("?job_type=expandVolumes&status=RUNNING"), 1);
    assert_eq!(count("?status=SUCCESS"), 0);
    clock.advance(seconds(600));
    assert_eq!(count("?status=SUCCESS"), 2);
    project_get(&simulator, "workspace-jobs/unheard-of").assert_error(404, "WKS.0202");
}
