//! SIGKILL before and after every effect of the shell while a refresh is cancelled
//! in the middle of a batch: at each of the two calls. It ends Cancelled, its group
//! is released, and the cloud has seen Stop, the batch's end and Cancel alone.

use std::fs;
use std::sync::Mutex;
use std::thread;

use errand::controllers::EFFECTS;
use errand_simulator::{RefreshActivity, Seed};
use errand_testbed::Bed;

use crate::support::{assert_ending, bed, condition, effects_on, ending, pause_at, seconds};

/// Beds that work side by side.
const BEDS: usize = 2;

/// How long a batch takes.
const BATCH: u32 = 600;

/// Which of the two calls is next when the process starts that is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Stop,
    Cancel,
}

/// Effects that are not reached there, and why.
fn not_reached(next: Next, effect: &str) -> Option<&'static str> {
    match effect {
        "Claim" | "Close" => Some("the calls of a refresh need no ledger"),
        "Recall" => Some("no decision is given"),
        "Announce" if next == Next::Stop => Some("the end and questions alone are announced"),
        _ => None,
    }
}

/// When the process is killed.
struct Case {
    number: usize,
    next: Next,
    moment: String,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for next in [Next::Stop, Next::Cancel] {
        for effect in EFFECTS {
            if let Some(why) = not_reached(next, effect) {
                println!("not reached with {next:?} next: {effect}: {why}");
                continue;
            }
            // The look at the cloud before the call, and the one after it.
            let last = if *effect == "Observe" { 2 } else { 1 };
            for nth in 1..=last {
                for side in ["before", "after"] {
                    cases.push(Case {
                        number: cases.len(),
                        next,
                        moment: format!("{side}:{effect}:{nth}"),
                    });
                }
            }
        }
    }
    cases
}

#[test]
fn killed_at_any_effect_of_a_cancel_it_stops_once_cancels_once_and_releases_the_group() {
    let queue = Mutex::new(cases());
    thread::scope(|scope| {
        for _ in 0..BEDS {
            scope.spawn(|| {
                let mut bed = bed("irf-kill");
                bed.connect_all_clouds();
                loop {
                    let next = queue.lock().expect("not poisoned").pop();
                    let Some(case) = next else { return };
                    kill_at(&mut bed, &case);
                    println!("{:?} next, killed {}: Stop, Cancel", case.next, case.moment);
                }
            });
        }
    });
}

fn kill_at(bed: &mut Bed, case: &Case) {
    let (name, group, activity) = (
        format!("roll-{}", case.number),
        format!("asg-{:03}", case.number),
        format!("asr-{:03}", case.number),
    );
    let refresh = RefreshActivity::new(&group, &activity).batches(3, BATCH);
    bed.simulator.seed(Seed::new().refresh(refresh));
    let manifest = bed.refresh(&name, &group, &activity, "Cancelled", "");
    if case.next == Next::Cancel {
        bed.start_operator();
        bed.apply(&manifest);
        await_batch(bed, &name);
        bed.kill_operator();
        bed.advance(seconds(BATCH.into()));
    }
    let kill = ("ERRAND_TEST_KILL", case.moment.as_str());
    if case.moment.contains(":Read:") {
        // An object is read anew where it was edited before the intent is written.
        let (file, pause) = pause_at(bed, "before:Intend:1");
        let pauses = |bed: &Bed| bed.operator_log().matches("test pause").count();
        let before = pauses(bed);
        bed.start_operator_with(&[], &[kill, ("ERRAND_TEST_PAUSE", &pause)]);
        bed.apply(&manifest);
        bed.wait_until("it is about to intend", || pauses(bed) > before);
        bed.kubectl(&["label", "irf", &name, "edited=yes"]);
        fs::remove_file(file).expect("it was made above");
    } else {
        bed.start_operator_with(&[], &[kill]);
        bed.apply(&manifest);
    }
    // That a cancel shows may take its time.
    let step = match case.next {
        Next::Cancel => seconds(2),
        Next::Stop => seconds(0),
    };
    let status = bed.wait_for_operator_to_end_in_steps(step);
    let moment = format!("{:?} next, {}", case.next, case.moment);
    assert_eq!(status, 128 + 9, "{moment}: {}", bed.operator_log());
    let at_death = ending(&bed.get("irf", &name)).state;
    let cancelled = effects_on(bed, &activity).contains(&"as.cancel".to_owned());
    assert!(
        at_death != "Succeeded" || cancelled,
        "{moment}: success without an effect"
    );
    bed.delete_lease();
    bed.start_operator();
    // Before that the batch is not to end.
    bed.wait_until("it is stopped", || {
        effects_on(bed, &activity).contains(&"as.stop".to_owned())
    });
    if case.next == Next::Stop {
        await_batch(bed, &name);
        bed.advance(seconds(BATCH.into()));
    }
    // In small steps: a call is not to be under way for as long as its signature is
    // valid.
    bed.wait_until("it has ended", || {
        bed.advance_if_led(seconds(2));
        !ending(&bed.get("irf", &name)).outcome.is_empty()
    });
    let object = bed.get("irf", &name);
    assert_ending(bed, &object, "Succeeded", "Cancelled");
    assert_eq!(condition(&object, "GroupBlocked"), "False", "{moment}");
    let journal = bed.simulator.journal();
    assert_eq!(
        effects_on(bed, &activity),
        ["as.stop", "as.batch-ended", "as.cancel"],
        "{moment}\n{journal}"
    );
    let calls = |api: &str| journal.calls_on(api, &activity);
    assert_eq!(calls("as.StopInstanceRefresh"), 1, "{moment}\n{journal}");
    // One that does not show yet is sent again by the next process, and refused.
    let shows_at_once = crate::readings().scaling.cancelled_after == 0;
    let cancels = calls("as.CancelInstanceRefresh");
    assert!(cancels == 1 || !shows_at_once, "{moment}\n{journal}");
    let groups = bed.simulator.state().tencent.groups;
    let group = groups.iter().find(|found| found.id == group);
    assert!(!group.expect("it was seeded").blocked, "{moment}");
    // The next one begins with nothing left of this one.
    bed.kubectl(&["delete", "irf", &name]);
    bed.kill_operator();
}

fn await_batch(bed: &Bed, name: &str) {
    bed.wait_until("the batch is waited for", || {
        let object = bed.get("irf", name);
        ending(&object).reason == "TargetBusy" && condition(&object, "GroupBlocked") == "True"
    });
}
