//! What Flux and Argo CD make of operations and connections, by their own code: the
//! kstatus library, Flux's evaluator of health expressions, Argo CD's of Lua. The
//! objects are from runs of the end-to-end tests, one for each state of each kind:
//!
//! `ERRAND_RECORD_OBJECTS=$PWD/integrations/argocd/resource_customizations cargo test -p
//! errand --test e2e` records what is not there yet, and `UPDATE_SNAPSHOTS=1` writes
//! Argo CD's own list of tests beside them.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use errand_controlplane::assets::Program;
use errand_testbed::repository;
use serde_json::{Value, json};

use crate::recorded::{Recorded, argocd, folder, kinds, recorded, recorded_of};
use crate::tools::{kubectl, objects, run, tool};

const STATES: [&str; 10] = [
    "Pending",
    "Waiting",
    "Executing",
    "Verifying",
    "Suspended",
    "Planned",
    "Blocked",
    "Held",
    "Succeeded",
    "Failed",
];

/// Sends nothing, so that it is never in these states; nor is there anything to plan.
const NOT_OF_OBSERVATIONS: [&str; 3] = ["Executing", "Verifying", "Held"];

/// What kstatus and Argo CD are to say, by the table of the design.
fn expected(recorded: &Recorded) -> (&'static str, &'static str) {
    let reason = recorded.ready()["reason"].as_str().expect("a reason");
    if recorded.is_stale() {
        return ("InProgress", "Progressing");
    }
    if recorded.kind() == "CloudConnection" {
        return match reason {
            "CredentialsAccepted" | "NotProbed" => ("Current", "Healthy"),
            "SuspendedBySpec" => ("InProgress", "Suspended"),
            _ => ("Failed", "Degraded"),
        };
    }
    match (recorded.text("/status/state"), reason) {
        ("Waiting", "BeforeWindow" | "WaitingForPayment") => ("InProgress", "Suspended"),
        ("Pending" | "Waiting" | "Executing" | "Verifying", _) => ("InProgress", "Progressing"),
        ("Suspended", _) => ("InProgress", "Suspended"),
        ("Planned" | "Succeeded", _) => ("Current", "Healthy"),
        ("Blocked" | "Held" | "Failed", _) => ("Failed", "Degraded"),
        (state, reason) => panic!("{}: {state}/{reason}", recorded.file.display()),
    }
}

/// Status and message that a program gives to each object.
fn verdicts(program: Program, mut input: Value, objects: &[&Value]) -> Vec<(String, String)> {
    input["objects"] = json!(objects);
    let said = run(&mut Command::new(tool(program)), &input.to_string());
    let said: Value = serde_json::from_str(&said.unwrap_or_else(|e| panic!("{e}"))).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let verdicts = said.as_array().expect("a list").iter();
    verdicts
        .map(|verdict| (text(&verdict["status"]), text(&verdict["message"])))
        .collect()
}

fn kstatus(objects: &[&Value]) -> Vec<(String, String)> {
    verdicts(Program::Kstatus, json!({}), objects)
}

/// Flux with the Kustomization that we recommend.
fn flux(objects: &[&Value]) -> Vec<(String, String)> {
    let file = repository().join("integrations/flux/kustomization.yaml");
    let yaml = fs::read_to_string(file).expect("readable");
    let kustomization = self::objects(&yaml).remove(0);
    let exprs = &kustomization["spec"]["healthCheckExprs"];
    verdicts(
        Program::Kstatus,
        json!({"healthCheckExprs": exprs}),
        objects,
    )
}

/// Argo CD with our scripts.
fn argo(objects: &[&Value]) -> Vec<(String, String)> {
    let yaml = fs::read_to_string(argocd().join("argocd-cm.yaml")).expect("readable");
    let data = &self::objects(&yaml).remove(0)["data"];
    verdicts(Program::ArgocdHealth, json!({"data": data}), objects)
}

fn statuses(verdicts: &[(String, String)]) -> Vec<&str> {
    verdicts.iter().map(|(status, _)| status.as_str()).collect()
}

#[test]
fn there_is_an_object_of_every_state_of_every_kind_and_a_stale_one() {
    for (group, kind) in kinds() {
        let recorded = recorded_of(&group, &kind);
        if kind == "CloudConnection" {
            let reasons: BTreeSet<_> = recorded
                .iter()
                .map(|r| &r.ready()["status"])
                .map(Value::to_string)
                .collect();
            assert_eq!(reasons.len(), 3, "{reasons:?}");
            continue;
        }
        let has = |state: &str| {
            let mut fresh = recorded
                .iter()
                .filter(|r| !r.is_stale() || state == "Pending");
            fresh.any(|r| r.text("/status/state") == state)
        };
        let of_kind =
            |state: &&&str| kind != "InstanceObservation" || !NOT_OF_OBSERVATIONS.contains(state);
        let missing: Vec<_> = STATES.iter().filter(of_kind).filter(|s| !has(s)).collect();
        assert!(missing.is_empty(), "{kind}: {missing:?}");
        let stale =
            |r: &Recorded| r.object["status"]["observedGeneration"].is_i64() && r.is_stale();
        assert!(recorded.iter().any(stale), "{kind}: none is stale");
    }
}

#[test]
fn kstatus_gives_each_operation_the_column_of_the_table() {
    let recorded = recorded();
    let operations = recorded.iter().filter(|r| r.kind() != "CloudConnection");
    let operations: Vec<_> = operations.collect();
    let objects: Vec<_> = operations.iter().map(|r| &r.object).collect();
    for (recorded, (status, _)) in operations.iter().zip(kstatus(&objects)) {
        assert_eq!(status, expected(recorded).0, "{}", recorded.file.display());
    }
}

#[test]
fn flux_with_our_kustomization_gives_connections_and_operations_theirs() {
    let recorded = recorded();
    let objects: Vec<_> = recorded.iter().map(|r| &r.object).collect();
    for (recorded, (status, message)) in recorded.iter().zip(flux(&objects)) {
        let expected = expected(recorded).0;
        assert_eq!(status, expected, "{}: {message}", recorded.file.display());
    }
}

#[test]
fn argo_cd_gives_each_object_its_health_and_shows_the_summary() {
    let recorded = recorded();
    let objects: Vec<_> = recorded.iter().map(|r| &r.object).collect();
    for (recorded, (status, message)) in recorded.iter().zip(argo(&objects)) {
        let file = recorded.file.display();
        assert_eq!(status, expected(recorded).1, "{file}: {message}");
        let summary = recorded.text("/status/summary");
        if !recorded.is_stale() && !summary.is_empty() {
            assert_eq!(message, summary, "{file}");
        }
    }
}

/// People are told by an event, a metric and `errand why`.
#[test]
fn an_overdue_wait_changes_no_health() {
    let recorded = recorded();
    let operations = recorded.iter().filter(|r| r.kind() != "CloudConnection");
    let operations: Vec<_> = operations.map(|r| r.object.clone()).collect();
    let overdue: Vec<_> = operations
        .iter()
        .map(|object| {
            let mut object = object.clone();
            let conditions = object["status"]["conditions"].as_array_mut();
            let conditions = conditions.expect("conditions");
            let mut overdue = conditions[0].clone();
            overdue["type"] = json!("Overdue");
            overdue["status"] = json!("True");
            conditions.push(overdue);
            object
        })
        .collect();
    let (before, after): (Vec<_>, Vec<_>) = (operations.iter().collect(), overdue.iter().collect());
    assert_eq!(kstatus(&before), kstatus(&after));
    assert_eq!(flux(&before), flux(&after));
    assert_eq!(argo(&before), argo(&after));
}

/// While no operator runs, say.
#[test]
fn a_connection_that_nobody_has_looked_at_counts_as_done_nowhere() {
    let connection = json!({"apiVersion": "errand.cloud/v1alpha1", "kind": "CloudConnection",
        "metadata": {"name": "new", "namespace": "default"},
        "spec": {"accountId": "1", "credentials": {"secretRef": {"name": "key"}},
            "tencent": {"region": "ap-guangzhou"}}});
    let created = kubectl(
        &["create", "-o", "json", "-f", "-"],
        &connection.to_string(),
    );
    let created = created.unwrap_or_else(|e| panic!("{e}"));
    let created: Value = serde_json::from_str(&created).expect("JSON");
    assert_eq!(statuses(&kstatus(&[&created])), ["InProgress"]);
    assert_eq!(statuses(&flux(&[&created])), ["InProgress"]);
    assert_eq!(statuses(&argo(&[&created])), ["Progressing"]);
}

/// The API server gives objects a status with their creation, so that kstatus, which
/// takes what has none for done, never sees them without.
#[test]
fn without_a_status_nothing_counts_as_done_where_we_can_say_so() {
    let recorded = recorded();
    let mut bare: Vec<Value> = recorded.iter().map(|r| r.object.clone()).collect();
    for object in &mut bare {
        object.as_object_mut().expect("an object").remove("status");
    }
    let objects: Vec<_> = bare.iter().collect();
    let argo = argo(&objects);
    assert!(
        statuses(&argo).iter().all(|s| *s == "Progressing"),
        "{argo:?}"
    );
    let connections = bare.iter().filter(|o| o["kind"] == "CloudConnection");
    let flux = flux(&connections.collect::<Vec<_>>());
    assert!(statuses(&flux).iter().all(|s| *s == "Unknown"), "{flux:?}");
    let kstatus = kstatus(&objects);
    assert!(
        statuses(&kstatus).iter().all(|s| *s == "Current"),
        "{kstatus:?}"
    );
}

#[test]
fn the_lists_of_tests_in_argo_cds_own_layout_are_what_its_evaluator_says() {
    for (group, kind) in kinds() {
        let recorded = recorded_of(&group, &kind);
        let objects: Vec<_> = recorded.iter().map(|r| &r.object).collect();
        let tests: Vec<_> = recorded
            .iter()
            .zip(argo(&objects))
            .map(|(recorded, (status, message))| {
                let name = recorded.file.file_name().expect("a name").to_string_lossy();
                json!({"inputPath": format!("testdata/{name}"),
                    "healthStatus": {"status": status, "message": message}})
            })
            .collect();
        let wanted = serde_yaml_ng::to_string(&json!({"tests": tests})).expect("data");
        let file = folder(&group, &kind).join("health_test.yaml");
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            fs::write(&file, &wanted).expect("writable");
        }
        let found = fs::read_to_string(&file).unwrap_or_default();
        let file = file.display();
        assert_eq!(found, wanted, "{file} (UPDATE_SNAPSHOTS=1 writes it anew)");
    }
}
