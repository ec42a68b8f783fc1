//! A person lets a paused refresh go on, and the process dies while it does so, or
//! the answer is lost in any way: one decision lets it go on once. A second call
//! would let it go on from the next pause, which is a question of its own.
//!
//! The usual run takes every moment with one way in turn, and every way without a
//! kill. `ERRAND_TEST_FULL=1` takes every moment with every way.

use std::sync::Mutex;
use std::thread;

use errand_simulator::{BatchPause, Fault, FaultKind, RefreshActivity, RefreshStatus, Seed};
use errand_testbed::{Bed, BedOptions};
use errand_testclock::Timing;
use serde_json::Value;

use crate::support::{
    LEASE_OF_AN_HOUR, assert_ending, bed_with, combinations, effects_on, ending, resolve_of,
    seconds,
};

const RESUME: &str = "as.ResumeInstanceRefresh";

/// Beds that work side by side. Each waits much of its time.
const BEDS: usize = 3;

/// How long a batch takes; less than settling does.
const BATCH: u32 = 60;

/// What becomes of the call and of its answer.
type Way = (&'static str, Option<FaultKind>);

fn ways() -> Vec<Way> {
    let error = |status, code: &str| {
        Some(FaultKind::Error {
            status,
            code: code.into(),
            message: "something went wrong".into(),
        })
    };
    vec![
        ("answered", None),
        ("dropped before", Some(FaultKind::DropBefore)),
        ("dropped after", Some(FaultKind::DropAfter)),
        ("hangs before", Some(FaultKind::Hang)),
        ("hangs after", Some(FaultKind::HangAfter)),
        ("truncated", Some(FaultKind::Truncate)),
        ("unreadable", Some(FaultKind::BadBody)),
        // Its signature is valid for five minutes.
        ("arrives late", Some(FaultKind::Late { seconds: 200 })),
        ("arrives too late", Some(FaultKind::Late { seconds: 400 })),
        ("502", error(502, "BadGateway")),
        ("internal error", error(200, "InternalError")),
        ("unlisted", error(200, "FailedOperation.OfTomorrow")),
        ("throttled", Some(FaultKind::Throttle)),
        (
            "conflict",
            error(
                200,
                "ResourceUnavailable.RefreshActivityStatusConflictWithOperation",
            ),
        ),
    ]
}

/// `after:Send:1` and the like. A question has no intent before it is answered.
fn moments() -> Vec<String> {
    let mut moments = Vec::new();
    for effect in ["Permit", "Intend", "Send", "Store"] {
        for side in ["before", "after"] {
            // The first store is that of the question.
            let nth = if effect == "Store" { 2 } else { 1 };
            moments.push(format!("{side}:{effect}:{nth}"));
        }
    }
    moments
}

struct Case {
    number: usize,
    kill: Option<String>,
    way: Way,
}

/// Every way without a kill, and every moment with every way or with one in turn.
fn cases(full: bool) -> Vec<Case> {
    let pairs = combinations(&moments(), &ways(), full, |_, _| true);
    let numbered = pairs.into_iter().enumerate();
    numbered
        .map(|(number, (kill, way))| Case { number, kill, way })
        .collect()
}

#[test]
fn one_decision_lets_a_refresh_go_on_once_whatever_becomes_of_the_call() {
    let full = std::env::var_os("ERRAND_TEST_FULL").is_some();
    let queue = Mutex::new(cases(full));
    thread::scope(|scope| {
        for _ in 0..BEDS {
            scope.spawn(|| {
                let options = BedOptions {
                    timing: Timing {
                        lease: LEASE_OF_AN_HOUR,
                        // Each call that hangs takes this long in real time.
                        call_timeout: seconds(2),
                        ..Timing::default()
                    },
                    ..BedOptions::default()
                };
                let mut bed = bed_with("irf-resume", options);
                bed.connect_all_clouds();
                loop {
                    let next = queue.lock().expect("not poisoned").pop();
                    let Some(case) = next else { return };
                    decide_and_kill(&mut bed, &case);
                    let killed = case.kill.as_deref().unwrap_or("not killed");
                    println!("{killed}, {}: once", case.way.0);
                }
            });
        }
    });
}

fn decide_and_kill(bed: &mut Bed, case: &Case) {
    let (name, group, activity) = (
        format!("roll-{}", case.number),
        format!("asg-{}", case.number),
        format!("asr-{}", case.number),
    );
    let case_name = format!("{:?}, {}", case.kill, case.way.0);
    let refresh = RefreshActivity::new(&group, &activity)
        .batches(3, BATCH)
        .batch_pause(BatchPause::BatchIntervalPause)
        .standing(RefreshStatus::AutoPause, 2);
    bed.simulator.seed(Seed::new().refresh(refresh));
    if let Some(kind) = &case.way.1 {
        let fault = Fault::new(RESUME, kind.clone()).path_contains(&activity);
        bed.simulator.fault(fault);
    }
    let resumes = |bed: &Bed| {
        let effects = effects_on(bed, &activity);
        effects.iter().filter(|kind| *kind == "as.resume").count()
    };
    let question = |bed: &Bed| {
        let hold = bed.get("irf", &name)["status"]["hold"].clone();
        match hold["reason"] == "RefreshPausedAtBatch" {
            true => hold["id"].clone(),
            false => Value::Null,
        }
    };
    match &case.kill {
        Some(moment) => bed.start_operator_with(&[], &[("ERRAND_TEST_KILL", moment)]),
        None => bed.start_operator(),
    }
    bed.apply(&bed.refresh(&name, &group, &activity, "Completed", ""));
    bed.wait_until("the pause is asked about", || !question(bed).is_null());
    let first = question(bed);
    assert_eq!(resumes(bed), 0, "{case_name}: not unattended");
    resolve_of(bed, "irf", &name, "Continue");
    if case.kill.is_some() {
        let status = bed.wait_for_operator_to_end();
        assert_eq!(status, 128 + 9, "{case_name}: {}", bed.operator_log());
        bed.delete_lease();
        bed.start_operator();
    }
    bed.wait_until(
        &format!("{case_name}: the next pause is asked about"),
        || {
            bed.advance_if_led(seconds(300));
            let now = question(bed);
            !now.is_null() && now != first
        },
    );
    let journal = bed.simulator.journal();
    assert_eq!(resumes(bed), 1, "{case_name}\n{journal}");
    resolve_of(bed, "irf", &name, "Continue");
    bed.wait_until(&format!("{case_name}: it has ended"), || {
        bed.advance_if_led(seconds(300));
        !ending(&bed.get("irf", &name)).outcome.is_empty()
    });
    assert_ending(bed, &bed.get("irf", &name), "Succeeded", "Completed");
    let journal = bed.simulator.journal();
    assert_eq!(resumes(bed), 2, "{case_name}\n{journal}");
    bed.kubectl(&["delete", "irf", &name]);
    bed.kill_operator();
    bed.simulator.clear_faults();
}
