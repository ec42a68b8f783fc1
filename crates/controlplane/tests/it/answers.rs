//! A real control plane answers, and is as strict as one.

use crate::common::{alone, eventually};
use errand_controlplane::{ControlPlane, Options};
use std::fs;
use std::process::{Command, Output};

fn run(command: &mut Command, arguments: &str) -> Output {
    command
        .args(arguments.split_whitespace())
        .output()
        .expect("kubectl runs")
}

fn ok(plane: &ControlPlane, arguments: &str) -> String {
    let output = run(&mut plane.kubectl(), arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments}: {stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn it_starts_answers_refuses_and_writes_an_audit_log() {
    let _alone = alone();
    let plane = ControlPlane::start(Options {
        audit: true,
        ..Options::default()
    })
    .unwrap();

    // It answers, and tells the version that was asked for.
    assert_eq!(ok(&plane, "get --raw /readyz"), "ok");
    let version = ok(&plane, "version -o json");
    let wanted = errand_controlplane::assets::kubernetes_version();
    if std::env::var_os("KUBEBUILDER_ASSETS").is_none() {
        assert!(version.matches(wanted).count() == 2, "{version}");
    }
    assert!(plane.url().starts_with("https://127.0.0.1:"));
    assert!(plane.ca_pem().starts_with("-----BEGIN CERTIFICATE"));

    // RBAC is on: a service account may do what it was given, and only that.
    ok(&plane, "create serviceaccount nobody");
    ok(
        &plane,
        "create role reader --verb=list --resource=configmaps",
    );
    ok(
        &plane,
        "create rolebinding reader --role=reader --serviceaccount=default:nobody",
    );
    let token = ok(&plane, "create token nobody");
    let config = plane.dir().join("nobody.kubeconfig");
    plane
        .write_kubeconfig(&config, token.trim(), "default")
        .unwrap();
    let as_nobody = |arguments: &str| {
        let mut kubectl = plane.kubectl();
        run(kubectl.env("KUBECONFIG", &config), arguments)
    };
    let refused = as_nobody("get secrets");
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert!(stderr.contains("Forbidden"), "{stderr}");
    assert!(stderr.contains("serviceaccount:default:nobody"), "{stderr}");
    // The authorizer learns of a new binding by a watch.
    eventually("what was granted is allowed", || {
        as_nobody("get configmaps").status.success()
    });

    // A token that nobody issued is not believed.
    plane
        .write_kubeconfig(&config, "invented", "default")
        .unwrap();
    let refused = as_nobody("get configmaps");
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert!(stderr.contains("Unauthorized"), "{stderr}");

    // The audit log has one line for a request.
    ok(&plane, "create configmap audited");
    let lines = || {
        fs::read_to_string(plane.audit_log().unwrap())
            .unwrap()
            .lines()
            .filter(|line| line.contains(r#""verb":"create""#) && line.contains(r#""audited""#))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    eventually("a line for the request", || !lines().is_empty());
    assert_eq!(lines().len(), 1);
    assert!(lines()[0].contains(r#""stage":"ResponseComplete""#));
    assert!(lines()[0].contains(r#""level":"Metadata""#));

    let dir = plane.dir().to_owned();
    plane.stop();
    assert!(!dir.exists());
}

#[test]
fn with_a_controller_manager_a_namespace_that_is_deleted_goes() {
    let _alone = alone();
    let plane = ControlPlane::start(Options {
        controller_manager: true,
        ..Options::default()
    })
    .unwrap();
    ok(&plane, "create namespace short-lived");
    eventually("its default service account is made", || {
        run(
            &mut plane.kubectl(),
            "get serviceaccount default -n short-lived",
        )
        .status
        .success()
    });
    ok(&plane, "delete namespace short-lived --timeout=30s");
}
