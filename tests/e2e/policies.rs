//! The samples for a cluster's own rules.

use std::sync::Arc;

use errand_testbed::{Bed, BedOptions, Plane, repository};

use crate::support::bed_on;

/// Patches the object as that user.
fn patch(bed: &Bed, user: &str, patch: &str) -> Result<String, String> {
    bed.try_kubectl(&[
        "patch",
        "rsc",
        "stop",
        "--type=merge",
        "-p",
        patch,
        "--as",
        user,
    ])
}

#[test]
fn answering_a_question_takes_a_permission_of_its_own() {
    let plane = Arc::new(Plane::start().unwrap_or_else(|e| panic!("{e}")));
    let bed = bed_on(&plane, "resolvers", BedOptions::default());
    let sample = repository().join("integrations/policies/who-may-resolve.yaml");
    let sample = sample.to_str().expect("text");
    bed.kubectl(&["apply", "-f", sample]);
    let editor = [
        "create",
        "role",
        "editor",
        "--verb=get,patch,update",
        "--resource=resizecancellations.huawei.errand.cloud",
    ];
    bed.kubectl(&editor);
    bed.kubectl(&[
        "create",
        "rolebinding",
        "dev",
        "--role=editor",
        "--user=dev",
    ]);
    bed.kubectl(&[
        "create",
        "rolebinding",
        "sre",
        "--clusterrole=errand-resolver",
        "--user=sre",
    ]);
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));

    let answer = r#"{"spec": {"resolution": {"holdId": "h-1", "decision": "GiveUp"}}}"#;
    let other = r#"{"spec": {"resolution": {"holdId": "h-1", "decision": "LookAgain"}}}"#;
    let edit = r#"{"spec": {"suspend": true}}"#;
    // Policies take a moment to be in force, and an answer that stands there is
    // none any more.
    let mut tries = 0;
    bed.wait_until("the policy refuses", || {
        tries += 1;
        let answer = answer.replace("h-1", &format!("h-{tries}-th"));
        patch(&bed, "dev", &answer).is_err()
    });
    let refused = patch(&bed, "dev", answer).expect_err("refused");
    let words = "spec.resolution may be changed only by who has the verb resolve on resizecancellations.huawei.errand.cloud";
    assert!(refused.contains(words), "{refused}");
    patch(&bed, "dev", edit).expect("everything else may be edited");
    patch(&bed, "sre", answer).expect("who may resolve, resolves");
    let wipe = [
        "patch",
        "rsc",
        "stop",
        "--subresource=status",
        "--type=merge",
        "-p",
        r#"{"status": {"steps": null}}"#,
        "--as",
        "sre",
    ];
    let wiped = bed.try_kubectl(&wipe);
    wiped.expect_err("what was done is nobody's to change");
    patch(&bed, "dev", edit).expect("an answer that stands there is no hindrance");
    patch(&bed, "dev", other).expect_err("nor may it be changed");
    let back = r#"{"spec": {"resolution": null}}"#;
    patch(&bed, "dev", back).expect("it may be taken back");
    // A new object with an answer in it is an answer too.
    let copy = bed.cancellation(
        "copy",
        "dcs-1",
        "task-1",
        "  resolution: {holdId: h-1, decision: GiveUp}\n",
    );
    bed.kubectl(&[
        "create",
        "role",
        "creator",
        "--verb=create",
        "--resource=resizecancellations.huawei.errand.cloud",
    ]);
    bed.kubectl(&[
        "create",
        "rolebinding",
        "dev-creates",
        "--role=creator",
        "--user=dev",
    ]);
    let create = ["create", "-n", &bed.namespace, "-f", "-", "--as", "dev"];
    let created = plane.kubectl_output(&create, Some(&copy));
    assert!(!created.status.success());
}
