//! Objects that f7ba42e has left in an API server continue: what was sent is not sent
//! again, and what was not ends as it would have.
//!
//! The usual run takes those with a call under way, an open question, or a ledger;
//! `ERRAND_TEST_FULL=1` (`.ci/full`) takes all.

mod expected;

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use errand_simulator::{Call, OrderAction, ReservationAction, Seed};
use errand_testbed::{Bed, CLUSTER, DCS_PROJECT};
use serde_json::Value;

use self::expected::{EXPECTED, Expected, Then};
use crate::restored::{Restored, all, allow_everything, restore};
use crate::support::{ending, resolve_of, seconds};

const VERSION: &str = "f7ba42e";

/// Longest wait for a state, in real time.
const PATIENCE: Duration = Duration::from_secs(120);

/// Beds at a time. Each waits much of its time.
const BEDS: usize = 2;

#[test]
fn every_fixture_of_f7ba42e_has_an_expectation() {
    let names: Vec<&str> = EXPECTED.iter().map(|expected| expected.name).collect();
    for name in all(VERSION) {
        assert_eq!(
            names.iter().filter(|one| **one == name).count(),
            1,
            "{name}"
        );
    }
    assert_eq!(names.len(), all(VERSION).len());
}

#[test]
fn objects_of_f7ba42e_continue_and_nothing_is_sent_again() {
    let full = std::env::var_os("ERRAND_TEST_FULL").is_some();
    let only = std::env::var("ERRAND_TEST_FIXTURE").unwrap_or_default();
    let chosen = |expected: &&Expected| match only.as_str() {
        "" => full || expected.usual,
        only => expected.name.contains(only),
    };
    let queue: Vec<&Expected> = EXPECTED.iter().filter(chosen).collect();
    let count = queue.len();
    let (queue, failed) = (Mutex::new(queue), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..BEDS {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("not poisoned").pop();
                    let Some(expected) = next else { return };
                    let went_on = thread::spawn(|| go_on(expected)).join();
                    if went_on.is_err() {
                        failed.lock().expect("not poisoned").push(expected.name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("not poisoned");
    println!("{} of {count} fixtures continue", count - failed.len());
    assert!(failed.is_empty(), "{failed:#?}");
}

fn go_on(expected: &Expected) {
    let mut restored = restore(VERSION, expected.name);
    let at = |object: &Value| {
        let found = ending(object);
        (found.state, found.reason)
    };
    // It is read as it was written before anything else happens.
    restored.bed.start_operator();
    for (then, state, reason) in expected.then {
        act(&restored, *then);
        let step = if *then == Then::Settle { 300 } else { 10 };
        await_ending(&restored, expected, step, state, reason);
    }
    let object = restored.bed.get(&restored.kind, &restored.name);
    let journal = restored.bed.simulator.journal();
    // A call that was refused did nothing.
    let refused = |call: &Call| call.code.is_some() || call.status.is_some_and(|s| s >= 400);
    let sent = journal.all_calls().iter();
    let sent = sent.filter(|call| is_mutating(&call.api) && !refused(call));
    let context = || {
        format!(
            "{}: {:?}\n{object:#}\n{journal}",
            expected.name,
            at(&object)
        )
    };
    assert_eq!(sent.count(), expected.calls, "{}", context());
}

fn is_mutating(api: &str) -> bool {
    [
        "dcs.CancelInstanceResize",
        "workspace.CreateChangeOrder",
        "as.CancelInstanceRefresh",
        "as.StopInstanceRefresh",
        "as.ResumeInstanceRefresh",
        "ecs.DeleteScheduledInstance",
    ]
    .contains(&api)
}

fn await_ending(restored: &Restored, expected: &Expected, step: u64, state: &str, reason: &str) {
    let Restored {
        bed, kind, name, ..
    } = restored;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let object = bed.get(kind, name);
        let found = ending(&object);
        if found.state == state && found.reason == reason {
            return;
        }
        let (journal, log) = (bed.simulator.journal(), bed.operator_log());
        assert!(
            Instant::now() < deadline,
            "{} is not {state}/{reason}\n{object:#}\n{journal}\n{log}",
            expected.name
        );
        bed.advance_if_led(seconds(step));
        thread::sleep(Duration::from_millis(40));
    }
}

/// The operator looks at it now, and has seen that it did.
fn look(restored: &Restored) {
    let Restored {
        bed, kind, name, ..
    } = restored;
    let asked = "errand.cloud/reconcile-requested-at=restored";
    bed.kubectl(&["annotate", "--overwrite", kind, name, asked]);
    // Not at every look: on a slow machine a verifyTimeout would be over before the first.
    let mut polls = 0;
    bed.wait_until("it is looked at", || {
        polls += 1;
        if polls % 5 == 0 {
            bed.advance_if_led(seconds(1));
        }
        bed.get(kind, name)["status"]["lastHandledReconcileAt"] == "restored"
    });
}

fn patch(restored: &Restored, spec: Value) {
    let Restored {
        bed, kind, name, ..
    } = restored;
    let patch = serde_json::json!({"spec": spec});
    bed.edit(kind, name, &patch);
}

fn act(restored: &Restored, then: Then) {
    let Restored {
        bed, kind, name, ..
    } = restored;
    match then {
        Then::Nothing | Then::Settle => {}
        Then::Look => look(restored),
        Then::Execute => patch(restored, serde_json::json!({"mode": "Execute"})),
        Then::Resume => patch(restored, serde_json::json!({"suspend": false})),
        Then::Allow => {
            allow_everything(bed);
            connect(bed);
        }
        Then::Decide(decision) => resolve_of(bed, kind, name, decision),
        Then::Orders(action) => {
            allow_everything(bed);
            for order in bed.simulator.orders("desk-1") {
                bed.simulator.act_on_order(&order.order_id, action);
            }
        }
        Then::Shows => show_effects(bed, kind),
        Then::Later(hours) => {
            for _ in 0..hours * 6 {
                bed.advance_if_led(seconds(600));
                thread::sleep(Duration::from_millis(20));
            }
        }
        Then::State(state) => bed.simulator.act_on_clouddc(DCS_PROJECT, "i-1", state),
    }
}

/// The connections allow all that operations ask for.
fn connect(bed: &Bed) {
    bed.apply(&bed.paying_connection("huawei-prod", "AutomaticPayment", CLUSTER));
    for name in ["tencent-prod", "volcengine-prod"] {
        bed.apply(&bed.cloud_connection(name, "  policy: {suspend: false}\n"));
    }
    let patch = serde_json::json!({"spec": {"policy": {"suspend": false}}});
    bed.edit("cc", "huawei-prod", &patch);
}

/// What the accepted call of before did is visible now.
fn show_effects(bed: &Bed, kind: &str) {
    let readings = Seed {
        readings: Some(errand_simulator::Readings::default()),
        ..Seed::new()
    };
    bed.simulator.seed(readings);
    match kind {
        "rsc" => {
            let state = bed.simulator.state();
            for instance in state.dcs.values().flatten() {
                let mut changed = errand_simulator::DcsInstance::new(&instance.id);
                for task in instance
                    .tasks
                    .iter()
                    .filter(|task| task.id != "task-1" || instance.id == "dcs-1")
                {
                    let task = errand_simulator::FinishedTask::new(&task.id, "CANCELLED", 600);
                    changed = changed.finished(task);
                }
                // Where one of two is under way, the other waits for it.
                let first = state.dcs.values().flatten().count() > 1;
                if !(first && instance.id == "dcs-1") {
                    bed.simulator.seed(Seed::new().dcs(DCS_PROJECT, changed));
                }
            }
        }
        "irf" => {
            let cancel = errand_simulator::RefreshAction::Cancel;
            bed.simulator.act_on_refresh("asr-1", cancel);
        }
        "sir" => {
            let cancel = ReservationAction::Cancel;
            bed.simulator.act_on_reservation("esi-1", cancel);
        }
        _ => {
            allow_everything(bed);
            for order in bed.simulator.orders("desk-1") {
                bed.simulator
                    .act_on_order(&order.order_id, OrderAction::Hurry);
            }
        }
    }
}
