//! What the operator tells beside status: its audit log, its log as JSON, and its
//! metrics. One bed works for all of these tests, and is asked when it has ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use errand_simulator::{Fault, FaultKind, Journal, OrderTiming, WorkspaceDesktop};
use errand_testbed::{Bed, DCS_PROJECT, DOMAIN};
use serde_json::Value;

use crate::support::*;

/// What was there when all had ended.
struct Told {
    /// Each line of standard output and error.
    lines: Vec<String>,
    metrics: String,
    objects: Vec<Value>,
    journal: Journal,
    namespace: String,
}

/// Calls that are accepted, refused, throttled and lost, of both kinds.
fn told() -> &'static Told {
    static TOLD: OnceLock<Told> = OnceLock::new();
    TOLD.get_or_init(|| {
        let mut bed = order_bed("told");
        let refused = FaultKind::Error {
            status: 400,
            code: "DCS.4070".into(),
            message: "task id invalid".into(),
        };
        let fault = |instance: &str, kind: FaultKind| {
            let fault = Fault::new(CANCEL, kind).path_contains(instance);
            bed.simulator.fault(fault);
        };
        fault("dcs-2", refused);
        fault("dcs-3", FaultKind::DropAfter);
        fault("dcs-4", FaultKind::DropBefore);
        fault("dcs-5", FaultKind::Throttle);
        let at_once = OrderTiming {
            runs_for: 0,
            ..OrderTiming::default()
        };
        seed_desktop(&bed, WorkspaceDesktop::new("desk-1").timing(at_once));
        bed.start_operator_with(&["--log", "trace", "--log-format", "json"], &[]);
        for n in 1..=5 {
            let (name, instance) = (format!("stop-{n}"), format!("dcs-{n}"));
            let task = format!("task-{n}");
            bed.seed_pending_change(&instance, &task, 48 * 3600);
            bed.apply(&bed.cancellation(&name, &instance, &task, ""));
        }
        bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
        until_order(&bed, "bigger", "Delivered");
        bed.wait_until("all have ended", || {
            bed.advance(seconds(5));
            let all = bed.list("rsc");
            all.iter().all(|object| !ending(object).outcome.is_empty())
        });
        let metrics = bed.http("/metrics");
        assert_eq!(bed.stop_operator(), 0, "{}", bed.operator_log());
        Told {
            lines: bed.operator_log().lines().map(str::to_owned).collect(),
            metrics,
            objects: everything(&bed),
            journal: bed.simulator.journal(),
            namespace: bed.namespace.clone(),
        }
    })
}

fn everything(bed: &Bed) -> Vec<Value> {
    let kinds = ["rsc", "dor", "cc", "operationledger", "lease"];
    let mut all: Vec<Value> = kinds.iter().flat_map(|kind| bed.list(kind)).collect();
    all.push(bed.get("secret", "huawei-key"));
    all
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn is_audit(line: &Value) -> bool {
    line["stepId"].is_string()
}

#[test]
fn each_mutating_call_has_a_line_of_the_audit_log_before_it_and_one_with_its_answer() {
    let told = told();
    let lines = told.lines.iter().map(|line| json(line)).filter(is_audit);
    let mut steps: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in lines {
        steps
            .entry(text(&line["stepId"]).to_owned())
            .or_default()
            .push(line);
    }
    let mutating = |api: &str| api == CANCEL || api == ORDER;
    let mut calls: Vec<_> = told.journal.all_calls().to_vec();
    calls.retain(|call| mutating(&call.api));
    assert_eq!(calls.len(), 5 + 2 + 1, "two were sent once more");
    for (id, lines) in &steps {
        assert_eq!(lines.len() % 2, 0, "{id}: {lines:#?}");
        for pair in lines.chunks(2) {
            let (sending, answered) = (&pair[0], &pair[1]);
            assert_eq!(sending["event"], "sending", "{pair:#?}");
            assert!(sending.get("answer").is_none(), "{pair:#?}");
            assert_eq!(answered["event"], "answered", "{pair:#?}");
            for line in pair {
                assert_says_whose_it_is(told, line);
            }
            let at = calls.iter().position(|call| {
                let wanted = match text(&sending["step"]) {
                    "CancelInstanceResize" => CANCEL,
                    _ => ORDER,
                };
                let of_it = match wanted {
                    CANCEL => call.path.contains(&instance_of(told, sending)),
                    _ => true,
                };
                call.api == wanted && of_it
            });
            let call = calls.remove(at.unwrap_or_else(|| panic!("no call for {pair:#?}")));
            let time = |line: &Value| text(&line["time"]).parse::<jiff::Timestamp>();
            let times = (
                time(sending).expect("a time"),
                time(answered).expect("a time"),
            );
            let called = call.time.as_millisecond();
            assert!(times.0.as_millisecond() <= called, "{pair:#?}\n{call:#?}");
            assert!(called <= times.1.as_millisecond(), "{pair:#?}\n{call:#?}");
            let said = match call.status {
                Some(200..300) => "accepted",
                Some(_) => "refused",
                None => "unknown",
            };
            assert_eq!(answered["answer"], said, "{pair:#?}\n{call:#?}");
            if call.status.is_some() {
                assert_eq!(answered["requestId"], call.request_id.as_str());
            }
            let code = call.code.unwrap_or_default();
            assert_eq!(text(&answered["code"]), code, "{pair:#?}");
        }
    }
    assert!(calls.is_empty(), "calls without a line: {calls:#?}");
}

/// The object that a line of the audit log names.
fn object_of<'a>(told: &'a Told, line: &Value) -> &'a Value {
    let mut objects = told.objects.iter();
    let found = objects.find(|object| object["metadata"]["uid"] == line["uid"]);
    found.unwrap_or_else(|| panic!("whose is {line:#}"))
}

fn instance_of(told: &Told, line: &Value) -> String {
    let object = object_of(told, line);
    format!("/{}/", text(&object["spec"]["instanceId"]))
}

fn assert_says_whose_it_is(told: &Told, line: &Value) {
    let object = object_of(told, line);
    assert_eq!(line["kind"], object["kind"], "{line:#}");
    assert_eq!(line["name"], object["metadata"]["name"], "{line:#}");
    assert_eq!(line["namespace"], told.namespace.as_str(), "{line:#}");
    assert_eq!(line["target"], object["status"]["target"], "{line:#}");
    let steps = object["status"]["steps"].as_array().expect("steps");
    let step = steps.iter().find(|step| step["id"] == line["stepId"]);
    let step = step.unwrap_or_else(|| panic!("status has no step of {line:#}"));
    assert_eq!(line["step"], step["name"], "{line:#}");
}

#[test]
fn every_line_of_the_log_is_json_where_json_is_asked_for() {
    let told = told();
    let mut levels = BTreeSet::new();
    for line in &told.lines {
        let line = json(line);
        if is_audit(&line) {
            continue;
        }
        let time = text(&line["timestamp"]).parse::<jiff::Timestamp>();
        assert!(time.is_ok(), "{line:#}");
        assert!(line["fields"]["message"].is_string(), "{line:#}");
        assert!(line["target"].is_string(), "{line:#}");
        levels.insert(text(&line["level"]).to_owned());
    }
    for level in ["INFO", "TRACE"] {
        assert!(
            levels.contains(level),
            "the loudest was asked for: {levels:?}"
        );
    }
}

/// Each label of each sample: its name and its value.
fn labels(metrics: &str) -> Vec<(String, String)> {
    let samples = metrics.lines().filter(|line| line.starts_with("errand_"));
    let labels = samples.filter_map(|line| {
        let (_, rest) = line.split_once('{')?;
        let (labels, _) = rest.rsplit_once("\"}")?;
        Some(labels.split("\",").map(str::to_owned).collect::<Vec<_>>())
    });
    let pair = |label: String| {
        let (name, value) = label.split_once("=\"").expect("name=\"value\"");
        (name.to_owned(), value.to_owned())
    };
    labels.flatten().map(pair).collect()
}

/// Every name and id of this bed, each of which a label must not have.
fn names(told: &Told) -> BTreeSet<String> {
    let mut names = BTreeSet::from([DCS_PROJECT, DOMAIN, &told.namespace].map(str::to_owned));
    let calls = told.journal.all_calls().iter();
    names.extend(calls.map(|call| call.request_id.clone()));
    for effect in told.journal.all_effects() {
        names.extend(effect.resources.values().cloned());
    }
    for object in &told.objects {
        for field in ["name", "uid"] {
            names.insert(text(&object["metadata"][field]).to_owned());
        }
        for field in ["instanceId", "taskId", "desktopId"] {
            names.insert(text(&object["spec"][field]).to_owned());
        }
        for step in object["status"]["steps"].as_array().into_iter().flatten() {
            for field in ["id", "writer", "token", "bodyDigest"] {
                names.insert(text(&step[field]).to_owned());
            }
        }
    }
    // The lease is named like the prefix of every metric.
    names.retain(|name| !name.is_empty() && name != "errand");
    names
}

#[test]
fn the_labels_of_metrics_are_a_closed_list_and_hold_no_name_and_no_id() {
    const LABELS: [&str; 11] = [
        "call", "code", "fault", "kind", "outcome", "resource", "result", "service", "state",
        "verb", "le",
    ];
    let told = told();
    let names = names(told);
    for known in [
        "bigger",
        "stop-1",
        "dcs-1",
        "task-1",
        "desk-1",
        "huawei-prod",
    ] {
        assert!(
            names.contains(known),
            "{known} is not looked for: {names:?}"
        );
    }
    let labels = labels(&told.metrics);
    assert!(labels.len() > 20, "{}", told.metrics);
    for (label, value) in labels {
        assert!(LABELS.contains(&label.as_str()), "{label}={value:?} is new");
        let found = names.iter().find(|name| value.contains(name.as_str()));
        assert_eq!(found, None, "in {label}={value:?}");
    }
}
