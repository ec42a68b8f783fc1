//! The API server takes a status for invalid, whatever the reason. A minimal one is
//! written, nothing is forgotten, and a user hears of it.

use super::cases::Case;
use super::{Bench, every_kind};
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
    let events = bench.api.events();
    let told = events
        .iter()
        .filter(|(reason, _)| reason == "StatusRefused");
    bench.check(told.count() == 1, "an event tells it once");
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
