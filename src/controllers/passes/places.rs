//! The place of the connection is edited: region, project, account or endpoint.

use errand_simulator::{Fault, FaultKind, Rewrite, RewrittenValue, Simulator};
use serde_json::{Value, json};

use super::bench::{ACCOUNT, HERE, THERE};
use super::cases::Case;
use super::{Bench, every_kind};
use crate::cloud::Cloud;
use crate::operations::Kind;

/// An edit of a connection.
struct Edit {
    name: &'static str,
    change: Box<dyn Fn(&mut Value)>,
    /// What tells the places apart, in words.
    before: String,
    after: String,
    /// The target is not there.
    empty: bool,
}

fn edits(cloud: Cloud, here: &Simulator, there: &Simulator) -> Vec<Edit> {
    let word = match cloud {
        Cloud::Huawei => "huawei",
        Cloud::Volcengine => "volcengine",
        Cloud::Tencent => "tencent",
    };
    let url = there.url();
    let mut edits = vec![
        Edit {
            name: "the region",
            change: Box::new(move |spec| spec[word]["region"] = THERE.1.into()),
            before: HERE.1.to_owned(),
            after: THERE.1.to_owned(),
            // At Huawei Cloud the project tells where it is, and the endpoint is given.
            empty: cloud != Cloud::Huawei,
        },
        Edit {
            name: "the account",
            change: Box::new(|spec| spec["accountId"] = "domain-0002".into()),
            before: ACCOUNT.to_owned(),
            after: "domain-0002".to_owned(),
            empty: false,
        },
        Edit {
            name: "the endpoint",
            change: Box::new(move |spec| {
                let endpoints = spec["endpoints"].as_object_mut().expect("endpoints");
                endpoints
                    .values_mut()
                    .for_each(|at| *at = url.clone().into());
            }),
            before: here.url(),
            after: there.url(),
            empty: true,
        },
    ];
    if cloud == Cloud::Huawei {
        edits.push(Edit {
            name: "the project",
            change: Box::new(|spec| spec["huawei"]["projectId"] = THERE.0.into()),
            before: HERE.0.to_owned(),
            after: THERE.0.to_owned(),
            empty: true,
        });
    }
    edits
}

/// Runs a test for each edit.
macro_rules! each_edit {
    ($case:ident, $late:expr, |$bench:ident, $edit:ident, $there:ident| $test:block) => {
        for number in 0.. {
            let mut $bench = Bench::<K>::new($case, $late);
            let $there = $bench.elsewhere();
            // A cloud of its own.
            let own = format!("ns={}", $there.address());
            $bench.admit(&["127.0.0.1", &own]);
            let mut all = edits($case.cloud, &$bench.cloud, &$there);
            if number >= all.len() {
                break;
            }
            let $edit = all.swap_remove(number);
            $test
        }
    };
}

/// How many mutating calls there were at the other place.
fn calls(case: &Case, there: &Simulator) -> usize {
    let journal = there.journal();
    let calls = case.calls.iter();
    calls.map(|call| journal.calls(call)).sum()
}

every_kind!(a_plan_observes_another_place_from_scratch: planned);

async fn planned<K: Kind>(case: Case) {
    each_edit!(case, 60, |bench, edit, there| {
        bench.edit(|spec| spec["mode"] = "Plan".into());
        bench.pass().await;
        bench.check(bench.state() == "Planned", "it is planned");
        let (before, reason) = (bench.status(), bench.reason());
        bench.edit_connection(&edit.change);
        bench.pass().await;
        let at = bench.status()["observedFor"].to_string();
        bench.check(at.contains(&edit.after), edit.name);
        bench.check(!at.contains(&edit.before), edit.name);
        match edit.empty {
            true => bench.check_is(edit.name, "Planned", "TargetNotFound"),
            false => bench.check_is(edit.name, "Planned", &reason),
        }
        // Back where it was, it is planned as it was.
        let back = bench.own_connection();
        bench.edit_connection(|spec| *spec = back);
        bench.pass().await;
        bench.check(bench.status()["plan"] == before["plan"], edit.name);
        bench.edit(|spec| spec["mode"] = "Execute".into());
        bench.passes(3600).await;
        bench.check_is(edit.name, "Succeeded", case.done);
        bench.check(calls(&case, &there) == 0, "nothing is called elsewhere");
    });
}

every_kind!(a_target_that_was_seen_in_mode_execute_stays_at_its_place: seen);

async fn seen<K: Kind>(case: Case) {
    if !case.waits {
        // It ends with its first observation.
        return;
    }
    each_edit!(case, 900, |bench, edit, there| {
        let soon = bench.time(600);
        bench.edit(|spec| spec["schedule"] = json!({"notBefore": soon}));
        bench.pass().await;
        bench.check(bench.calls() == 0, "it is too early for a call");
        elsewhere(&mut bench, &edit, &there).await;
        let calls = if case.calls.is_empty() { 0 } else { 1 };
        bench.check(bench.calls() == calls, "it is called once");
    });
}

every_kind!(an_operation_stays_at_its_place_after_its_call: called);

/// Whether the answer was lost or not.
async fn called<K: Kind>(case: Case) {
    if case.calls.is_empty() {
        return;
    }
    for lost in [false, true] {
        each_edit!(case, 300, |bench, edit, there| {
            if lost {
                let fault = Fault::new(case.calls[0], FaultKind::DropAfter);
                bench.cloud.fault(fault);
            }
            bench.pass().await;
            bench.check(bench.calls() == 1, "it is called");
            bench.check(bench.outcome().is_empty(), "its effect does not show yet");
            elsewhere(&mut bench, &edit, &there).await;
            bench.check(bench.effects() == 1, "it is done once");
        });
    }
}

/// The connection is edited for an hour, and then back.
async fn elsewhere<K: Kind>(bench: &mut Bench<K>, edit: &Edit, there: &Simulator) {
    let calls_before = bench.calls();
    let case = bench.case;
    bench.edit_connection(&edit.change);
    for restarted in [false, true] {
        if restarted {
            bench.restart();
        }
        bench.pass().await;
        bench.check_is(edit.name, "Blocked", "ConnectionMismatch");
        for place in [&edit.before, &edit.after] {
            bench.check(bench.summary().contains(place), "both places are named");
        }
        bench.advance(1800);
        bench.pass().await;
        bench.check_is(edit.name, "Blocked", "ConnectionMismatch");
    }
    bench.check(bench.calls() == calls_before, "nothing is called meanwhile");
    bench.check(calls(&case, there) == 0, "nothing is called elsewhere");
    let back = bench.own_connection();
    bench.edit_connection(|spec| *spec = back);
    bench.passes(7200).await;
    bench.check_is(edit.name, "Succeeded", case.done);
    bench.check(bench.is_true("a"), "the cloud shows it");
    bench.check(calls(&case, there) == 0, "nothing is called elsewhere");
}

every_kind!(a_place_where_nothing_was_understood_binds_nothing: not_understood);

/// The connection names another place by mistake, and what comes from there is not
/// understood; then it is corrected.
async fn not_understood<K: Kind>(case: Case) {
    let list = match case.services[0] {
        "ecs." => (
            "ecs.DescribeScheduledInstances",
            "/Result/ScheduledInstanceInfo",
        ),
        "as." => (
            "as.DescribeRefreshActivities",
            "/Response/RefreshActivitySet",
        ),
        "dcs." => ("dcs.ListBackgroundTask", "/tasks"),
        "workspace." => ("workspace.ShowDesktop", "/desktop/charge_mode"),
        _ => return,
    };
    each_edit!(case, 60, |bench, edit, there| {
        let to = RewrittenValue::Is("strange".into());
        let changes = vec![Rewrite::new(list.1.to_owned(), to)];
        for cloud in [&bench.cloud, &there] {
            let kind = FaultKind::Rewrite {
                changes: changes.clone(),
            };
            cloud.fault(Fault::new(list.0, kind).always());
        }
        bench.edit_connection(&edit.change);
        bench.pass().await;
        let unclear = bench.reason() == "ObservationUnclear";
        let own = bench.own_connection();
        bench.edit_connection(|spec| *spec = own);
        bench.cloud.clear_faults();
        bench.advance(300);
        bench.passes(7200).await;
        // Where the target is not, it was not found, which is final; where it is, all
        // but the list was understood.
        if unclear && edit.empty {
            bench.check(bench.state() == "Succeeded", edit.name);
        }
    });
}

every_kind!(a_target_that_was_seen_in_part_stays_at_its_place: in_part);

/// It was seen in mode Execute, and one field of it was not understood.
async fn in_part<K: Kind>(case: Case) {
    let (api, field) = match case.services[0] {
        "ecs." => (
            "ecs.DescribeScheduledInstances",
            "/Result/ScheduledInstanceInfo/*/ScheduledInstanceStatus",
        ),
        "as." => (
            "as.DescribeRefreshActivities",
            "/Response/RefreshActivitySet/*/Status",
        ),
        "dcs." => ("dcs.ListBackgroundTask", "/tasks/*/status"),
        "workspace." => ("workspace.ShowDesktop", "/desktop/status"),
        _ => return,
    };
    each_edit!(case, 60, |bench, edit, _there| {
        let changes = vec![Rewrite::new(
            field.to_owned(),
            RewrittenValue::Is(json!(["strange"])),
        )];
        let strange = FaultKind::Rewrite { changes };
        bench.cloud.fault(Fault::new(api, strange).always());
        bench.pass().await;
        if bench.reason() != "ObservationUnclear" || bench.status()["observed"] == json!({}) {
            return;
        }
        bench.cloud.clear_faults();
        bench.edit_connection(&edit.change);
        bench.advance(60);
        bench.pass().await;
        bench.check_is(edit.name, "Blocked", "ConnectionMismatch");
    });
}

every_kind!(a_target_that_was_seen_while_another_read_failed_stays_at_its_place: half_read);

/// One look needs several reads; the target was seen by one of them in mode Execute, and
/// another one failed.
async fn half_read<K: Kind>(case: Case) {
    let apis: &[&str] = match case.services[0] {
        "dcs." => &["dcs.ShowInstance"],
        "workspace." => &["bss.", "workspace.ListProducts"],
        _ => return,
    };
    for api in apis {
        each_edit!(case, 60, |bench, edit, _there| {
            let away = FaultKind::Error {
                status: 503,
                code: "Some.0503".into(),
                message: "away".into(),
            };
            bench.cloud.fault(Fault::new(*api, away).always());
            bench.pass().await;
            if bench.calls() > 0 {
                // It does not read that.
                return;
            }
            bench.during(600).await;
            let seen = bench.status()["observed"].clone();
            bench.check(seen != json!({}) && !seen.is_null(), "it is remembered");
            bench.cloud.clear_faults();
            bench.edit_connection(&edit.change);
            bench.advance(60);
            bench.during(600).await;
            bench.check_is(
                &format!("{api} {}", edit.name),
                "Blocked",
                "ConnectionMismatch",
            );
            let back = bench.own_connection();
            bench.edit_connection(|spec| *spec = back);
            bench.passes(7200).await;
            bench.check_is(edit.name, "Succeeded", case.done);
        });
    }
}

every_kind!(a_plan_that_was_executing_before_and_has_called_nothing_may_move: back_to_plan);

async fn back_to_plan<K: Kind>(case: Case) {
    if !case.waits {
        return;
    }
    each_edit!(case, 900, |bench, edit, _there| {
        let soon = bench.time(600);
        bench.edit(|spec| spec["schedule"] = json!({"notBefore": soon}));
        bench.pass().await;
        bench.edit(|spec| spec["mode"] = "Plan".into());
        bench.pass().await;
        bench.edit_connection(&edit.change);
        bench.pass().await;
        let at = bench.status()["observedFor"].to_string();
        bench.check(at.contains(&edit.after), edit.name);
        if edit.empty {
            bench.check_is(edit.name, "Planned", "TargetNotFound");
        }
    });
}
