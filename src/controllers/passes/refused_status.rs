//! The API server takes a status for invalid, whatever the reason. A minimal one is
//! written, nothing is forgotten, and a user hears of it.

use serde_json::json;

use super::cases::Case;
use super::{Bench, every_kind};
use crate::controllers::finished::finished;
use crate::controllers::overdue::note;
use crate::operations::Kind;

/// Parts of a status that come from outside.
const PARTS: [&str; 3] = ["/status/observed", "/status/target", "/status/summary/none"];

every_kind!(a_refused_status_is_replaced_by_a_minimal_one: replaced);

async fn replaced<K: Kind>(case: Case) {
    let mut bench = Bench::<K>::new(case, 60);
    bench.api.take_for_invalid(Some("/status/observed"));
    bench.during(600).await;
    if bench.state() != "Succeeded" || !case.calls.is_empty() {
        bench.check_is("it says so", "Blocked", "StatusRefused");
    }
    let summary = bench.summary();
    bench.check(summary.contains("status.observed"), "the field is named");
    bench.check(!summary.contains("canary"), "its value is not");
    bench.check(bench.calls() == 0, "nothing is sent");
    bench.check(told(&bench) == 1, "an event tells it once");
    // Not hot: at most a few writes for each look.
    let writes = bench.api.invalid_writes();
    bench.check(
        (1..200).contains(&writes),
        &format!("{writes} refused writes"),
    );
    bench.api.take_for_invalid(None);
    bench.during(7200).await;
    // What nothing was recorded of may have been so before.
    let succeeded = bench.state() == "Succeeded" && bench.is_true("a");
    bench.check(succeeded, "it goes on afterwards");
    bench.check(bench.calls() <= case.calls.len(), "each call was made once");
}

every_kind!(what_is_known_of_a_call_is_kept_while_a_status_is_refused: kept);

async fn kept<K: Kind>(case: Case) {
    if case.calls.is_empty() {
        return;
    }
    for part in PARTS {
        for restart in [false, true] {
            let what = format!("{part}, restart {restart}");
            let mut bench = Bench::<K>::new(case, 120);
            bench.pass().await;
            bench.check(bench.calls() == 1, &format!("{what}: it is called"));
            let steps = bench.status()["steps"].clone();
            bench.api.take_for_invalid(Some(part));
            if restart {
                bench.restart();
            }
            bench.during(7200).await;
            let now = bench.status()["steps"].clone();
            bench.check(
                now[0]["id"] == steps[0]["id"],
                &format!("{what}: the call is kept"),
            );
            bench.check(
                bench.calls() <= case.calls.len(),
                &format!("{what}: called once"),
            );
            bench.api.take_for_invalid(None);
            bench.during(7200).await;
            bench.check_is(&format!("{what}: afterwards"), "Succeeded", case.done);
            bench.check(bench.calls() <= case.calls.len(), &format!("{what}: once"));
        }
    }
}

every_kind!(where_not_even_a_minimal_status_is_taken_an_event_tells_it: nothing_taken);

async fn nothing_taken<K: Kind>(case: Case) {
    let mut bench = Bench::<K>::new(case, 60);
    bench.api.take_for_invalid(Some("/status"));
    bench.during(1800).await;
    bench.check(bench.calls() == 0, "nothing is sent");
    let events = bench.api.events();
    let told: Vec<_> = events
        .iter()
        .filter(|(reason, note)| reason == "StatusRefused" && note.contains("Not even"))
        .collect();
    bench.check(
        told.len() == 1,
        &format!("an event tells it once: {events:?}"),
    );
    let writes = bench.api.invalid_writes();
    bench.check(
        (1..400).contains(&writes),
        &format!("{writes} refused writes"),
    );
    bench.api.take_for_invalid(None);
    bench.during(7200).await;
    // What nothing was recorded of may have been so before.
    let succeeded = bench.state() == "Succeeded" && bench.is_true("a");
    bench.check(succeeded, "it goes on afterwards");
}

every_kind!(what_cannot_be_written_of_an_operation_that_has_ended_is_told: ended);

async fn ended<K: Kind>(case: Case) {
    let mut bench = Bench::<K>::new(case, 0);
    bench.during(7200).await;
    bench.check(!bench.outcome().is_empty(), "it has ended");
    bench.api.edit(&bench.path, |object| {
        object["metadata"]["annotations"]["errand.cloud/reconcile-requested-at"] = "x".into();
    });
    bench.api.take_for_invalid(Some("/status/conditions"));
    let context = bench.context();
    let (next, said) = finished::<K>(context, &bench.object()).await;
    bench.check(!said && next.at.is_some(), "it is tried again");
    bench.check(told(&bench) == 1, "an event tells it");
}

every_kind!(an_overdue_wait_that_cannot_be_written_is_told: overdue);

async fn overdue<K: Kind>(case: Case) {
    let bench = Bench::<K>::new(case, 60);
    bench.forge(|status| {
        let since = "2020-01-01T00:00:00Z";
        status["state"] = "Waiting".into();
        status["waiting"] = json!({"reason": "TargetBusy", "since": since});
        status["conditions"] = json!([{
            "type": "Ready", "status": "Unknown", "reason": "TargetBusy", "message": "",
            "lastTransitionTime": since,
        }]);
    });
    bench.api.take_for_invalid(Some("/status/conditions/1"));
    let context = bench.context();
    let mut memory = context.memory.take("u", context.writer);
    for _ in 0..3 {
        note::<K>(context, bench.object(), &mut memory).await;
    }
    bench.check(told(&bench) == 1, "an event tells it once");
}

fn told<K: Kind>(bench: &Bench<K>) -> usize {
    let events = bench.api.events();
    let told = events
        .iter()
        .filter(|(reason, _)| reason == "StatusRefused");
    told.count()
}
