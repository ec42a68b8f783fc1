//! Text from outside: a cloud's words, an object's name, a time that the API server itself
//! cannot read again. None of it keeps a status or an event from being written, and what
//! is refused all the same is told.

use errand_simulator::{Fault, FaultKind, Rewrite, RewrittenValue};
use errand_testbed::{Bed, BedOptions, Plane};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::support::{CANCEL, assert_ending, bed, bed_on, ending, seconds};

/// Nothing in it changes how a terminal shows the rest.
fn is_plain(text: &str) -> bool {
    !text
        .chars()
        .any(|c| c.is_control() || ('\u{2028}'..='\u{202E}').contains(&c))
}

/// Reasons and notes of the events about that object.
fn events(bed: &Bed, name: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = bed.kubectl(&["get", "events", "-o", "json"]);
    let all: Value = serde_json::from_str(&all).expect("kubectl prints JSON");
    let all = all["items"].as_array().cloned().unwrap_or_default();
    let own = all
        .iter()
        .filter(|event| event["involvedObject"]["name"] == name);
    own.map(|event| (text(&event["reason"]), text(&event["message"])))
        .collect()
}

fn until_event(bed: &Bed, name: &str, reason: &str) -> String {
    let found = || {
        let events = events(bed, name).into_iter();
        events.into_iter().find(|(of, _)| of == reason)
    };
    bed.wait_until(&format!("event {reason}"), || found().is_some());
    found().expect("it was there").1
}

#[test]
fn hostile_words_and_long_names_lose_neither_status_nor_events() {
    let mut bed = bed("words");
    for n in 1..=3 {
        bed.seed_pending_change(&format!("dcs-{n}"), &format!("task-{n}"), 48 * 3600);
    }
    let word = format!("{}\u{1B}[2J\u{202E}", "W".repeat(200));
    let changes = vec![Rewrite::new("/status", RewrittenValue::Is(word.into()))];
    let show = Fault::new("dcs.ShowInstance", FaultKind::Rewrite { changes });
    bed.simulator.fault(show.path_contains("dcs-1").always());
    let refused = FaultKind::Error {
        status: 400,
        code: "DCS.4070".into(),
        message: "任务不存在。".repeat(65),
    };
    let refused = Fault::new(CANCEL, refused).path_contains("dcs-2");
    bed.simulator.fault(refused);
    bed.start_operator();

    // Names that left no room for what kube adds to them.
    let names = [
        "a".repeat(253),
        format!("b{}", ".b".repeat(119)),
        "odd".to_owned(),
    ];
    for (n, name) in (1..).zip(&names) {
        let manifest = bed.cancellation(name, &format!("dcs-{n}"), &format!("task-{n}"), "");
        let odd = "pendingChange: {createdBefore: \"2099-11-22T02:30:00x25z\"}";
        let manifest = match n {
            3 => manifest.replace("taskId: task-3", odd),
            _ => manifest,
        };
        let applied = bed.try_apply(&manifest);
        assert!(applied.is_ok() || n == 3, "{applied:?}");
        if applied.is_err() {
            // The schema refuses the time, which is as good.
            continue;
        }
        match n {
            1 => {
                let object = bed.wait_at_rest("rsc", name);
                assert_ending(&bed, &object, "Succeeded", "Cancelled");
                let seen = &object["status"]["observed"]["instanceStatus"];
                let seen = seen.as_str().expect("the word");
                assert!(seen.starts_with("WWWW") && seen.len() <= 64, "{seen:?}");
                assert!(is_plain(&object["status"].to_string()), "{object:#}");
                until_event(&bed, name, "Cancelled");
            }
            2 => {
                let object = bed.wait_at_rest("rsc", name);
                assert_ending(&bed, &object, "Failed", "Refused");
                let summary = object["status"]["summary"].as_str().unwrap_or_default();
                assert!(summary.contains("任务不存在"), "{summary}");
                let note = until_event(&bed, name, "Refused");
                assert!(note.contains("任务不存在") && note.len() <= 1024, "{note}");
            }
            _ => {
                let tells = || {
                    let state = ending(&bed.get("rsc", name)).state;
                    state == "Succeeded"
                        || events(&bed, name).iter().any(|(r, _)| r == "StatusRefused")
                };
                bed.wait_until("it ends, or an event says why not", tells);
            }
        }
    }
    let log = bed.operator_log();
    assert!(log.lines().all(is_plain), "{log}");
}

/// The CRD is cluster-wide, so this has a control plane of its own.
#[test]
pub fn a_refused_status_is_told_and_nothing_is_forgotten() {
    let plane = Arc::new(Plane::start().unwrap_or_else(|e| panic!("{e}")));
    let mut bed = bed_on(&plane, "refused", BedOptions::default());
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.seed_pending_change("dcs-2", "task-2", 48 * 3600);
    let schema = |change: fn(&mut Value)| {
        plane
            .install_schema("resizecancellations.huawei.errand.cloud", change)
            .unwrap_or_else(|e| panic!("{e}"));
    };
    bed.start_operator();
    bed.apply(&bed.cancellation("first", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "first");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    // Of another version: what the cloud says is too long for it.
    schema(|schema| {
        let observed = "/properties/status/properties/observed/properties/instanceStatus";
        schema.pointer_mut(observed).expect("it is there")["maxLength"] = json!(3);
    });
    let patch = json!({"status": {"observed": {"instanceStatus": "ANOTHER"}}}).to_string();
    let dry = [
        "patch",
        "rsc",
        "first",
        "--subresource=status",
        "--type=merge",
    ];
    let dry = [&dry[..], &["--dry-run=server", "-p", &patch]].concat();
    bed.wait_until("the API server goes by it", || {
        bed.try_kubectl(&dry).is_err()
    });

    bed.apply(&bed.cancellation("second", "dcs-2", "task-2", ""));
    bed.wait_until("status tells it", || {
        ending(&bed.get("rsc", "second")).reason == "StatusRefused"
    });
    let told = bed.get("rsc", "second");
    assert_eq!(ending(&told).state, "Blocked", "{told:#}");
    let summary = told["status"]["summary"].as_str().unwrap_or_default();
    assert!(
        summary.contains("status.observed.instanceStatus"),
        "{summary}"
    );
    let note = until_event(&bed, "second", "StatusRefused");
    assert!(note.contains("status.observed.instanceStatus"), "{note}");
    assert!(bed.operator_log().contains("status refused"));
    assert_eq!(bed.simulator.journal().calls(CANCEL), 1, "only the first");
    schema(|_| {});
    bed.wait_until("it goes on", || {
        bed.advance(seconds(10));
        ending(&bed.get("rsc", "second")).state == "Succeeded"
    });
    assert_eq!(bed.simulator.journal().calls(CANCEL), 2);
}
