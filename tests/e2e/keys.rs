//! Keys of several tenants: what a Secret with another tenant's key id can and cannot do.

use errand_simulator::{CloudDcInstance, Seed};
use errand_testbed::{ACCESS_KEY, Bed, DCS_PROJECT, SECRET_KEY};

use crate::support::{bed, ending, seconds};

/// A Secret and a connection that uses it.
fn connected(bed: &Bed, name: &str, secret_key: &str) -> String {
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, labels: {{errand.cloud/credentials: \"true\"}}}}\nstringData: {{accessKey: {ACCESS_KEY}, secretKey: \"{secret_key}\"}}\n"
    );
    let connection = bed.connection(name).replace("huawei-key", name);
    format!("{secret}---\n{connection}")
}

fn observation(bed: &Bed, name: &str, connection: &str) -> String {
    let more = "  interval: 30s\n  until: {states: [running]}\n";
    let manifest = bed.observation(name, "i-1", more);
    manifest.replace("name: huawei-prod", &format!("name: {connection}"))
}

/// Refused signatures with the key id.
fn refused(bed: &Bed) -> usize {
    let journal = bed.simulator.journal();
    let refused = journal
        .all_calls()
        .iter()
        .filter(|call| call.status == Some(401));
    refused.count()
}

#[test]
fn forty_secrets_with_the_key_id_of_a_working_connection_do_not_stop_it_or_read_with_it() {
    let mut bed = bed("forty");
    bed.simulator
        .seed(Seed::new().clouddc(DCS_PROJECT, CloudDcInstance::new("i-1").status("stopped")));
    // Two with the right key, so that they share their reads.
    let working = ["working-1", "working-2"];
    let own = working.map(|name| connected(&bed, name, SECRET_KEY));
    let observes = working.map(|name| observation(&bed, name, name));
    bed.start_operator();
    bed.apply(&[own.join("---\n"), observes.join("---\n")].join("---\n"));
    let reason = |bed: &Bed, name: &str| ending(&bed.get("iob", name)).reason;
    for name in working {
        bed.wait_until("it works", || reason(&bed, name) == "AwaitingState");
    }
    let wrong: Vec<String> = (0..40)
        .flat_map(|n| {
            let name = format!("wrong-{n}");
            let key = format!("not the right one {n}").replace(' ', "-");
            [
                connected(&bed, &name, &key),
                observation(&bed, &name, &name),
            ]
        })
        .collect();
    bed.apply(&wrong.join("---\n"));
    let rejected = |bed: &Bed| {
        let all = bed.list("iob");
        let rejected = all
            .iter()
            .filter(|object| ending(object).reason == "CredentialsRejected");
        rejected.count()
    };
    bed.wait_until("all are told", || rejected(&bed) == 40);
    for restart in [false, true] {
        if restart {
            bed.stop_operator();
            bed.advance(seconds(300));
            bed.start_operator();
        }
        let (before, bad) = (bed.simulator.journal().all_calls().len(), refused(&bed));
        bed.wait_until("the working ones are read", || {
            bed.advance_if_led(seconds(2));
            bed.simulator.journal().all_calls().len() >= before + 4
        });
        assert!(refused(&bed) <= bad + 3, "{}", bed.simulator.journal());
        for name in working {
            assert_eq!(reason(&bed, name), "AwaitingState");
            bed.wait_until("it is accepted", || {
                let ready = &bed.get("cc", name)["status"]["conditions"][0];
                ready["reason"] == "CredentialsAccepted"
            });
        }
    }
    for connection in bed.list("cc") {
        let name = connection["metadata"]["name"].as_str().unwrap_or_default();
        let ready = &connection["status"]["conditions"][0];
        let accepted = ready["reason"] == "CredentialsAccepted";
        // The bed's own connection has the same key, and is looked at later.
        if name != "huawei-prod" {
            assert_eq!(accepted, working.contains(&name), "{connection:#}");
        }
    }
    for object in bed.list("iob") {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let read = !object["status"]["observed"].is_null();
        assert_eq!(read, working.contains(&name), "{object:#}");
    }
}
