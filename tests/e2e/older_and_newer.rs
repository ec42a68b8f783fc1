//! CRDs of another version, and objects that only such a one lets in. The CRD is
//! cluster-wide, so each test has a control plane of its own.

use std::sync::Arc;

use errand_simulator::WorkspaceDesktop;
use errand_testbed::{Bed, BedOptions, CLUSTER, Plane};
use serde_json::{Value, json};

use crate::support::{
    CANCEL, ORDER, assert_ending, bed_on, condition, ending, reread, resize, seconds, seed_desktop,
    until_order,
};

const CRD: &str = "resizecancellations.huawei.errand.cloud";
const ORDERS: &str = "desktoporders.huawei.errand.cloud";

/// Where the schema of one step is.
const STEP: &str = "/properties/status/properties/steps/items";

fn own_plane() -> Arc<Plane> {
    Arc::new(Plane::start().unwrap_or_else(|e| panic!("{e}")))
}

fn install(plane: &Plane, change: impl FnOnce(&mut Value)) {
    install_of(plane, CRD, change);
}

fn install_of(plane: &Plane, crd: &str, change: impl FnOnce(&mut Value)) {
    plane
        .install_schema(crd, change)
        .unwrap_or_else(|e| panic!("{e}"));
}

/// What the API server would make of this status now.
fn stored(bed: &Bed, name: &str, status: &Value) -> Value {
    let patch = json!({"status": status}).to_string();
    let text = bed.kubectl(&[
        "patch",
        "rsc",
        name,
        "--subresource=status",
        "--type=merge",
        "--dry-run=server",
        "-o",
        "json",
        "-p",
        &patch,
    ]);
    let object: Value = serde_json::from_str(&text).expect("kubectl prints JSON");
    object["status"].clone()
}

/// A status with everything that these tests add to or take from the schema.
fn full_status() -> Value {
    json!({
        "newer": {"a": 1},
        "steps": [{
            "number": 1, "id": "w-1", "name": "CancelInstanceResize", "writer": "w",
            "intendedAt": "2026-11-22T02:30:00Z", "sendBefore": "2026-11-22T02:30:00Z",
            "target": "task-1", "newerInStep": [1, 2]
        }]
    })
}

/// Waits until the API server keeps, or drops, what is at that place of status.
fn wait_until_kept(bed: &Bed, name: &str, place: &str, kept: bool) {
    bed.wait_until("the API server goes by the new schema", || {
        stored(bed, name, &full_status()).pointer(place).is_some() == kept
    });
}

fn remove(schema: &mut Value, parent: &str, field: &str) {
    let parent = schema.pointer_mut(parent).expect("it is in the schema");
    let removed = parent["properties"]
        .as_object_mut()
        .and_then(|all| all.remove(field));
    assert!(removed.is_some(), "no {field} in the schema");
    if let Some(required) = parent["required"].as_array_mut() {
        required.retain(|name| name != field);
    }
}

#[test]
fn unknown_status_fields_survive_a_write_also_inside_steps() {
    let plane = own_plane();
    install(&plane, |schema| {
        let any = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        schema["properties"]["status"]["properties"]["newer"] = any;
        let step = schema.pointer_mut(STEP).expect("it is in the schema");
        step["properties"]["newerInStep"] = json!({"type": "array", "items": {"type": "integer"}});
    });
    let mut bed = bed_on(&plane, "newer", BedOptions::default());
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    reread(&bed, json!({"cancel_visible_after": 600}));
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    wait_until_kept(&bed, "stop", "/steps/0/newerInStep", true);
    bed.start_operator();
    bed.wait_until("the call is verified", || {
        ending(&bed.get("rsc", "stop")).state == "Verifying"
    });
    let patch = json!([
        {"op": "add", "path": "/status/newer", "value": {"a": {"b": 1}}},
        {"op": "add", "path": "/status/steps/0/newerInStep", "value": [1, 2]},
    ])
    .to_string();
    let arguments = [
        "patch",
        "rsc",
        "stop",
        "--subresource=status",
        "--type=json",
    ];
    bed.kubectl(&[&arguments[..], &["-p", &patch]].concat());
    bed.wait_until("it has ended", || {
        bed.advance(seconds(5));
        ending(&bed.get("rsc", "stop")).state == "Succeeded"
    });
    let object = bed.get("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    let status = &object["status"];
    assert_eq!(status["newer"], json!({"a": {"b": 1}}), "{status:#}");
    let step = &status["steps"][0];
    assert_eq!(step["newerInStep"], json!([1, 2]), "{status:#}");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 1);
}

/// An older CRD lacks the steps altogether, or something of each step.
#[test]
pub fn an_older_crd_that_drops_the_intent_blocks_and_nothing_is_sent_until_it_is_replaced() {
    let plane = own_plane();
    // CEL rules may only name what is there.
    let without_steps = pruned_intent(&plane, "/steps", |schema| {
        let whole = schema.as_object_mut().expect("a schema");
        whole.remove("x-kubernetes-validations");
        remove(schema, "/properties/status", "steps");
    });
    // Without this one, a step cannot even be read.
    let without_time = pruned_intent(&plane, "/steps/0/sendBefore", |schema| {
        remove(schema, STEP, "sendBefore");
    });
    let without_target = pruned_intent(&plane, "/steps/0/target", |schema| {
        remove(schema, STEP, "target");
    });
    for object in [without_steps, without_time, without_target] {
        assert_eq!(ending(&object).state, "Blocked", "{object:#}");
        assert_eq!(ending(&object).reason, "IntentNotStored", "{object:#}");
    }
}

/// The operation while an older CRD drops that of its status; nothing is sent
/// before it is replaced.
fn pruned_intent(plane: &Arc<Plane>, dropped: &str, older: impl FnOnce(&mut Value)) -> Value {
    let mut bed = bed_on(plane, "older", BedOptions::default());
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    let manifest = bed.cancellation("stop", "dcs-1", "task-1", "");
    let found = "pendingChange: {createdBefore: \"2099-01-01T00:00:00Z\"}";
    bed.apply(&manifest.replace("taskId: task-1", found));
    install(plane, older);
    wait_until_kept(&bed, "stop", dropped, false);
    bed.start_operator();
    let reason = || ending(&bed.get("rsc", "stop")).reason;
    bed.wait_until("it says so", || reason() == "IntentNotStored");
    // It tries again now and then, to see whether somebody has mended it.
    let writes = bed.operation_writes().len();
    bed.wait_until("it has tried again", || {
        bed.advance(seconds(10));
        bed.operation_writes().len() >= writes + 4 && reason() == "IntentNotStored"
    });
    let blocked = bed.get("rsc", "stop");
    let steps = &blocked["status"]["steps"];
    assert!(steps.is_null(), "{dropped}: none was sent: {blocked:#}");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0, "{dropped}");

    install(plane, |_| {});
    wait_until_kept(&bed, "stop", dropped, true);
    bed.wait_until("it goes on by itself", || {
        bed.advance(seconds(10));
        ending(&bed.get("rsc", "stop")).state == "Succeeded"
    });
    let object = bed.get("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 1, "{dropped}");
    bed.stop_operator();
    blocked
}

/// The claim in the ledger outlives the intent: it must not become a question.
#[test]
fn an_order_whose_claim_an_older_crd_left_alone_is_placed_once_the_crd_is_replaced() {
    let plane = own_plane();
    let mut bed = bed_on(&plane, "older-order", BedOptions::default());
    bed.apply(&bed.paying_connection("huawei-prod", "AutomaticPayment", CLUSTER));
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    install_of(&plane, ORDERS, |schema| remove(schema, STEP, "call"));
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    until_order(&bed, "bigger", "IntentNotStored");
    let writes = bed.operation_writes().len();
    bed.wait_until("it has tried again", || {
        bed.advance(seconds(10));
        bed.operation_writes().len() >= writes + 4
    });
    let blocked = bed.get("dor", "bigger");
    assert_eq!(ending(&blocked).reason, "IntentNotStored", "{blocked:#}");
    assert_eq!(bed.simulator.journal().calls(ORDER), 0);

    install_of(&plane, ORDERS, |_| {});
    bed.wait_until("it is delivered", || {
        bed.advance(seconds(10));
        ending(&bed.get("dor", "bigger")).state == "Succeeded"
    });
    let object = bed.get("dor", "bigger");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    assert_eq!(bed.simulator.journal().calls(ORDER), 1);
}

#[test]
pub fn an_object_that_cannot_be_read_is_named_and_counted_and_stops_no_other() {
    let plane = own_plane();
    let mut bed = bed_on(&plane, "malformed", BedOptions::default());
    for n in [1, 2, 3, 5] {
        bed.seed_pending_change(&format!("dcs-{n}"), &format!("task-{n}"), 48 * 3600);
    }
    let cancellation = |bed: &Bed, n: u32| {
        let (name, instance) = (format!("stop-{n}"), format!("dcs-{n}"));
        bed.cancellation(&name, &instance, &format!("task-{n}"), "")
    };
    let count = |bed: &Bed| -> u32 {
        let line = r#"errand_watch_faults_total{kind="ResizeCancellation",fault="malformed"} "#;
        let metrics = bed.http("/metrics");
        let rest = metrics.split(line).nth(1).unwrap_or("0");
        rest.split_whitespace()
            .next()
            .and_then(|count| count.parse().ok())
            .expect("a count")
    };
    let applied = |bed: &Bed, n: u32| {
        bed.apply(&cancellation(bed, n));
        let object = bed.wait_at_rest("rsc", &format!("stop-{n}"));
        assert_ending(bed, &object, "Succeeded", "Cancelled");
    };
    let malformed = cancellation(&bed, 4).replace("instanceId: dcs-4", "instanceId: 4");
    let malformed = malformed.replace("name: stop-4", "name: malformed");
    bed.start_operator();
    applied(&bed, 1);
    assert_eq!(count(&bed), 0);

    install(&plane, |schema| {
        let whole = schema.as_object_mut().expect("a schema");
        whole.remove("x-kubernetes-validations");
        let any = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        schema["properties"]["spec"] = any;
    });
    bed.wait_until("it is let in", || bed.try_apply(&malformed).is_ok());
    install(&plane, |_| {});
    let again = malformed.replace("name: malformed", "name: again");
    bed.wait_until("no other is let in", || {
        let refused = bed.try_apply(&again);
        let _ = bed.try_kubectl(&["delete", "rsc", "again", "--ignore-not-found"]);
        refused.is_err()
    });
    let named = |bed: &Bed, log: &str| {
        let mut lines = log.lines();
        lines.any(|line| {
            line.contains("ERROR")
                && line.contains("stored object cannot be read")
                && line.contains(&format!("namespace={} name=malformed", bed.namespace))
        })
    };
    bed.wait_until("it is counted and named", || {
        count(&bed) >= 1 && named(&bed, &bed.operator_log())
    });
    applied(&bed, 2);

    // It is there when an operator starts, too.
    bed.stop_operator();
    let before = bed.operator_log().len();
    bed.start_operator();
    applied(&bed, 3);
    bed.wait_until("it is counted and named again", || {
        count(&bed) >= 1 && named(&bed, &bed.operator_log()[before..])
    });
    assert_eq!(bed.simulator.journal().effects("dcs.cancel"), 3);
    bed.wait_until("an event tells it", || {
        let events = bed.kubectl(&["get", "events", "-o", "yaml"]);
        events.contains("ObjectUnreadable") && events.contains("spec.instanceId")
    });
    bed.wait_until("status tells it", || {
        condition(&bed.get("rsc", "malformed"), "Stalled") == "True"
    });
    let told = bed.get("rsc", "malformed");
    assert_eq!(ending(&told).reason, "ObjectUnreadable", "{told:#}");
    assert_eq!(ending(&told).state, "Blocked", "{told:#}");
    assert_eq!(condition(&told, "Ready"), "False");
    let summary = told["status"]["summary"].as_str().unwrap_or_default();
    assert!(summary.contains("spec.instanceId"), "{summary}");
    let writes = told["metadata"]["resourceVersion"].clone();
    bed.advance(seconds(600));
    applied(&bed, 5);
    let later = bed.get("rsc", "malformed");
    assert_eq!(later["metadata"]["resourceVersion"], writes, "told once");

    // Mended, it goes on by itself.
    bed.seed_pending_change("dcs-4", "task-4", 48 * 3600);
    let mended = cancellation(&bed, 4).replace("name: stop-4", "name: malformed");
    bed.apply(&mended);
    let object = bed.wait_at_rest("rsc", "malformed");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
}

#[test]
pub fn a_connection_that_cannot_be_read_reports_the_field() {
    let plane = own_plane();
    let mut bed = bed_on(&plane, "malformed-cc", BedOptions::default());
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    let schema = |change: fn(&mut Value)| {
        plane
            .install_schema("cloudconnections.errand.cloud", change)
            .unwrap_or_else(|e| panic!("{e}"));
    };
    let connection = bed.connection("huawei-prod");
    let malformed = connection.replace("name: huawei-prod", "name: malformed");
    let malformed = malformed.replace("  accountId: ", "  accountId: 7 # ");
    assert_ne!(malformed, connection);
    schema(|schema| {
        let whole = schema.as_object_mut().expect("a schema");
        whole.remove("x-kubernetes-validations");
        let any = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        schema["properties"]["spec"] = any;
    });
    bed.wait_until("it is let in", || bed.try_apply(&malformed).is_ok());
    schema(|_| {});
    bed.start_operator();
    bed.wait_until("it is reported", || {
        let ready = &bed.get("cc", "malformed")["status"]["conditions"][0];
        ready["status"] == "False"
    });
    let ready = &bed.get("cc", "malformed")["status"]["conditions"][0];
    assert_eq!(ready["reason"], "ObjectUnreadable", "{ready:#}");
    let message = ready["message"].as_str().unwrap_or_default();
    assert!(message.contains("spec.accountId"), "{message}");
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
}

/// Endpoints were named fields, and are a map.
#[test]
fn endpoints_of_f7ba42e_read_back_after_the_upgrade_and_after_the_rollback() {
    const CONNECTIONS: &str = "cloudconnections.errand.cloud";
    let file = "tests/fixtures/f7ba42e/crds/cloudconnections.errand.cloud.yaml";
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let old = std::fs::read_to_string(file).expect("the definition of f7ba42e");
    let old: Value = serde_yaml_ng::from_str(&old).expect("a definition");
    let old = &old["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let plane = own_plane();
    let replace = |with: Option<&Value>| {
        let change = |schema: &mut Value| *schema = with.unwrap_or(schema).clone();
        let installed = plane.install_schema(CONNECTIONS, change);
        installed.unwrap_or_else(|e| panic!("{e}"));
    };
    let bed = bed_on(&plane, "endpoints", BedOptions::default());
    let named = |name: &str, endpoints: &str| {
        let manifest = bed.connection(name);
        let (rest, _) = manifest.split_once("  endpoints:").expect("they come last");
        format!("{rest}  endpoints: {endpoints}\n")
    };
    let refused = |endpoints: &str| bed.try_apply(&named("probe", endpoints)).err();
    let endpoints = |name: &str| bed.get("cc", name)["spec"]["endpoints"].clone();
    let given = json!({"dcs": "https://dcs.example", "as": "https://as.example", "bss": null});
    replace(Some(old));
    bed.wait_until("the old schema is used", || {
        refused("{nonsense: x}").is_some_and(|e| e.contains("unknown field"))
    });
    bed.apply(&named("old", &given.to_string()));
    replace(None);
    let is_refused =
        |e: String| e.contains("the services are dcs, workspace, bss, clouddc, ecs, as");
    bed.wait_until("the new schema is used", || {
        refused("{nonsense: \"https://x.example\"}").is_some_and(is_refused)
    });
    assert_eq!(endpoints("old"), given);
    bed.edit(
        "cc",
        "old",
        &json!({"metadata": {"labels": {"edited": "yes"}}}),
    );
    assert_eq!(endpoints("old"), given);
    bed.apply(&named("new", "{dcs: \"https://dcs.example\"}"));
    let said = refused("{dcs: \"dcs.example\"}").expect("it is no URL");
    assert!(said.contains("spec.endpoints.dcs"), "{said}");
    replace(Some(old));
    bed.wait_until("the old schema is used", || {
        refused("{nonsense: x}").is_some_and(|e| e.contains("unknown field"))
    });
    assert_eq!(endpoints("old"), given);
    assert_eq!(endpoints("new"), json!({"dcs": "https://dcs.example"}));
}
