//! What counts as seen: a thing of that id, in an answer that is understood. What was
//! seen once is remembered until an answer shows it differently.

use errand_simulator::{Fault, FaultKind, Rewrite, RewrittenValue as To};
use serde_json::{Value, json};

use super::cases::Case;
use super::{Bench, every_kind};
use crate::operations::Kind;

fn answer<K: Kind>(bench: &Bench<K>, api: &str, status: u16, code: &str) {
    let kind = FaultKind::Error {
        status,
        code: code.into(),
        message: "said".into(),
    };
    bench.cloud.fault(Fault::new(api, kind).always());
}

fn rewrite<K: Kind>(bench: &Bench<K>, api: &str, changes: &[(&str, Value)]) {
    let change = |(at, value): &(&str, Value)| Rewrite::new(*at, To::Is(value.clone()));
    let kind = FaultKind::Rewrite {
        changes: changes.iter().map(change).collect(),
    };
    bench.cloud.fault(Fault::new(api, kind).always());
}

/// DCS lists no tasks.
fn no_tasks<K: Kind>(bench: &Bench<K>) {
    let none = [("/tasks", json!([])), ("/task_count", json!(0))];
    rewrite(bench, "dcs.ListBackgroundTask", &none);
}

every_kind!(what_one_read_showed_while_another_found_nothing_is_remembered: hidden);

/// Only DCS needs two reads for one thing.
async fn hidden<K: Kind>(case: Case) {
    if !case.services.contains(&"dcs.") {
        return;
    }
    for (mode, status, code, reason) in [
        ("Plan", 404, "DCS.3022", "ObservationUnclear"),
        ("Execute", 404, "DCS.3022", "ObservationUnclear"),
        ("Plan", 503, "DCS.5000", "CloudUnavailable"),
        ("Execute", 503, "DCS.5000", "CloudUnavailable"),
        ("Plan", 403, "DCS.2003", "PermissionDenied"),
        ("Execute", 403, "DCS.2003", "PermissionDenied"),
        ("Execute", 400, "DCS.9999", "CloudRefuses"),
    ] {
        let mut bench = Bench::<K>::new(case, 60);
        bench.edit(|spec| spec["mode"] = mode.into());
        answer(&bench, "dcs.ShowInstance", status, code);
        bench.pass().await;
        bench.check(bench.reason() == reason, mode);
        // A plan that nothing could be judged of is not ready.
        let planned = bench.state() == "Planned";
        bench.check(!planned || status != 503, "nothing was judged");
        bench.check(status == 404 || bench.summary().contains(code), "its code");
        let seen = bench.status()["observed"].clone();
        bench.check(seen["taskId"] == "task-a", "the task is remembered");
        // Its record is deleted, and the change is alive.
        bench.cloud.clear_faults();
        no_tasks(&bench);
        rewrite(&bench, "dcs.ShowInstance", &[("/status", json!("RUNNING"))]);
        bench.edit(|spec| spec["mode"] = "Execute".into());
        bench.advance(400);
        bench.during(120).await;
        let cancelled = bench.is_true("a");
        bench.check(bench.state() != "Succeeded" || cancelled, "it is alive");
        bench.check(bench.state() != "Failed", "nothing has failed");
    }
}

/// Answers of success that show nothing.
#[derive(Clone, Copy, Debug)]
enum Nothing {
    Error,
    Empty,
    Null,
}

every_kind!(an_error_or_an_empty_answer_of_success_shows_no_target: nothing);

async fn nothing<K: Kind>(case: Case) {
    let wanted: &[Value] = match case.services {
        ["clouddc."] if case.waits => &[json!("terminated"), json!("running")],
        _ => &[Value::Null],
    };
    let all = [Nothing::Error, Nothing::Empty, Nothing::Null];
    for (wanted, nothing) in wanted.iter().flat_map(|wanted| all.map(|n| (wanted, n))) {
        let mut bench = Bench::<K>::new(case, 600);
        if wanted.is_string() {
            bench.edit(|spec| spec["until"] = json!({"states": [wanted]}));
        }
        for service in case.services {
            match nothing {
                Nothing::Error => answer(&bench, service, 200, "Some.0500"),
                Nothing::Empty => rewrite(&bench, service, &[("", json!({}))]),
                Nothing::Null => rewrite(&bench, service, &[("", Value::Null)]),
            }
        }
        bench.during(120).await;
        let what = format!("{nothing:?} {wanted}");
        bench.check(bench.outcome().is_empty(), &format!("{what}: too early"));
        // Then the service says that it knows no such thing.
        bench.cloud.clear_faults();
        let (status, code) = match case.services[0] {
            "dcs." => (404, "DCS.3022"),
            "workspace." => (404, "WKS.0202"),
            "clouddc." => (404, "CloudDC.0404"),
            "as." => (200, "ResourceNotFound.RefreshActivityNotFound"),
            _ => (404, "InvalidScheduledInstance.NotFound"),
        };
        answer(&bench, case.services[0], status, code);
        bench.advance(300);
        bench.during(120).await;
        bench.check_is(&what, "Failed", "TargetNotFound");
        bench.check(bench.calls() == 0, "nothing is called");
    }
}

every_kind!(an_instance_that_dcs_does_not_know_is_not_found: unknown);

/// DCS may answer 200 and no tasks for an instance that it does not know.
async fn unknown<K: Kind>(case: Case) {
    if !case.services.contains(&"dcs.") {
        return;
    }
    let mut bench = Bench::<K>::new(case, 60);
    answer(&bench, "dcs.ShowInstance", 404, "DCS.3022");
    no_tasks(&bench);
    bench.during(600).await;
    bench.check_is("never seen", "Failed", "TargetNotFound");
    let readings = bench.cloud.journal().calls("dcs.ShowInstance");
    bench.check(readings >= 2, "one reading is not enough");
    // Once it was seen, that answer contradicts what was seen.
    let mut bench = Bench::<K>::new(case, 60);
    let soon = bench.time(6000);
    bench.edit(|spec| spec["schedule"] = json!({"notBefore": soon}));
    bench.pass().await;
    answer(&bench, "dcs.ShowInstance", 404, "DCS.3022");
    no_tasks(&bench);
    bench.advance(300);
    bench.during(600).await;
    bench.check_is("seen before", "Waiting", "ObservationUnclear");
}

every_kind!(a_word_that_may_be_left_over_ends_no_observation: left_over);

/// A failed operation in a state that passes by itself.
async fn left_over<K: Kind>(case: Case) {
    if !(case.services == ["clouddc."] && case.waits) {
        return;
    }
    for days_between in [false, true] {
        let mut bench = Bench::<K>::new(case, 600);
        bench.edit(|spec| spec["until"] = json!({"states": ["running"], "settled": true}));
        let failed = json!({"state": "reinstalling", "operation_state": "reinstall-failed"});
        rewrite(&bench, "clouddc.ShowInstanceStatus", &[("", failed)]);
        let none = [
            ("/instances", json!([])),
            ("/count", json!(0)),
            ("/total_count", json!(0)),
        ];
        rewrite(&bench, "clouddc.ListInstances", &none);
        bench.pass().await;
        if days_between {
            bench.edit(|spec| spec["suspend"] = true.into());
            bench.pass().await;
            bench.advance(3 * 24 * 3600);
            bench.edit(|spec| spec["suspend"] = false.into());
        } else {
            bench.edit(|spec| spec["verifyTimeout"] = "59m".into());
        }
        bench.pass().await;
        bench.check(bench.outcome().is_empty(), "the word may be left over");
        // It stays so for an interval.
        bench.during(120).await;
        bench.check_is("it stays", "Failed", "StateUnreachable");
    }
}
