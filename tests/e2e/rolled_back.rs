//! The previous version reads the statuses of this one without sending anything. Run by
//! `.ci/full`, which builds the previous version and names its program in
//! `ERRAND_TEST_PREVIOUS`.

use std::sync::Mutex;
use std::thread;

use errand_simulator::Journal;
use serde_json::Value;

use crate::fixtures_of_this_version::cases::{Case, cases};
use crate::fixtures_of_this_version::recording::{NAME, Recording};
use crate::support::{ending, seconds};

/// Beds at a time. Each waits much of its time.
const BEDS: usize = 4;

/// Objects of which nothing was sent yet, or whose call was refused, go on: their call may
/// be sent, once. So may one again whose repeat has no second effect, where its answer was
/// lost.
const MAY_SEND: [&str; 8] = [
    "Pending",
    "Executing",
    "PermissionDenied-of-the-call",
    "TargetBlocked",
    "ScheduledInstanceReservation/Waiting-TargetBusy",
    "answered-while-away",
    "ResizeCancellation/Verifying-ResolvingAnswer",
    "ScheduledInstanceReservation/Verifying-ResolvingAnswer",
];

const EFFECTS: [&str; 6] = [
    "dcs.cancel",
    "workspace.order",
    "as.stop",
    "as.cancel",
    "as.resume",
    "ecs.delete",
];

#[test]
#[ignore = "needs the previous version: ERRAND_TEST_PREVIOUS names its program"]
fn the_previous_version_reads_every_state_and_sends_nothing() {
    let previous = std::env::var("ERRAND_TEST_PREVIOUS");
    let previous = previous.expect("ERRAND_TEST_PREVIOUS names the previous version's program");
    let only = std::env::var("ERRAND_RECORD_ONLY").unwrap_or_default();
    let mut cases = cases();
    cases.retain(|case| only.split(',').any(|part| case.file().contains(part)));
    let count = cases.len();
    let (queue, failed) = (Mutex::new(cases), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..BEDS {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("not poisoned").pop();
                    let Some(case) = next else { return };
                    let (file, previous) = (case.file(), previous.clone());
                    let played = thread::spawn(move || roll_back(case, &previous)).join();
                    if played.is_err() {
                        failed.lock().expect("not poisoned").push(file);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("not poisoned");
    println!("{} of {count} states are read", count - failed.len());
    assert!(failed.is_empty(), "{failed:#?}");
}

/// Calls that change something.
fn sent(journal: &Journal) -> usize {
    let changes = |api: &str| !["Describe", "List", "Show"].iter().any(|w| api.contains(w));
    let calls = journal.all_calls().iter();
    calls.filter(|call| changes(&call.api)).count()
}

fn roll_back(case: Case, previous: &str) {
    let (file, state, reason) = (case.file(), case.state, case.reason);
    let mut recording = Recording::start(&case);
    (case.drive)(&mut recording);
    recording.await_standing(state, reason);
    let kind = recording.sort.short;
    let written = recording.object();
    let bed = &mut recording.bed;
    bed.kill_operator();
    let before = bed.simulator.journal();
    bed.set_earlier_binary(previous);
    bed.start_operator();
    let asked = "errand.cloud/reconcile-requested-at=rolled-back";
    bed.kubectl(&["annotate", "--overwrite", kind, NAME, asked]);
    bed.wait_until(&format!("{file} is looked at"), || {
        bed.advance_if_led(seconds(1));
        bed.get(kind, NAME)["status"]["lastHandledReconcileAt"] == "rolled-back"
    });
    let object = bed.get(kind, NAME);
    let journal = bed.simulator.journal();
    let context = || format!("{file}\n{written:#}\n{object:#}\n{journal}");
    if !MAY_SEND.iter().any(|part| file.contains(part)) {
        assert_eq!(sent(&journal), sent(&before), "{}", context());
        assert_same(&written, &object, &context);
    }
    for effect in EFFECTS {
        let earlier = before.effects(effect).max(1);
        assert!(journal.effects(effect) <= earlier, "{}", context());
    }
}

/// What had ended or was asked stays as it was.
fn assert_same(written: &Value, read: &Value, context: &impl Fn() -> String) {
    let (before, after) = (ending(written), ending(read));
    if ["Succeeded", "Failed", "Held"].contains(&before.state.as_str()) {
        assert_eq!(before, after, "{}", context());
        let hold = |object: &Value| object["status"]["hold"]["id"].clone();
        assert_eq!(hold(written), hold(read), "{}", context());
    }
}
