//! SIGKILL before and after every effect of the shell, then a restart: one
//! effect in the cloud, the right final state, no success that was not seen.

use std::fs;
use std::sync::Mutex;
use std::thread;

use errand::controllers::EFFECTS;
use errand_testbed::Bed;

use crate::support::{CANCEL, assert_ending, bed, ending, pause_at};

/// Effects that no path of this kind has, and why.
const NOT_REACHED: &[(&str, &str)] = &[
    ("Claim", NO_LEDGER),
    ("Close", NO_LEDGER),
    ("Recall", "no decision is given"),
];

const NO_LEDGER: &str = "ResizeCancellation's one step is natural, so it needs no ledger";

/// Where to kill: an effect, and which time it is carried out.
fn moments() -> Vec<String> {
    let reached = EFFECTS
        .iter()
        .filter(|effect| !NOT_REACHED.iter().any(|(name, _)| name == *effect));
    let mut moments = Vec::new();
    for effect in reached {
        for side in ["before", "after"] {
            moments.push(format!("{side}:{effect}:1"));
            // The look at the cloud before the send, and the one after it.
            if *effect == "Observe" {
                moments.push(format!("{side}:{effect}:2"));
            }
        }
    }
    moments
}

#[test]
fn killed_at_any_effect_it_ends_with_one_effect_and_the_right_state() {
    println!("effects of the shell: {}", EFFECTS.join(", "));
    for (effect, why) in NOT_REACHED {
        println!("not reached: {effect}: {why}");
    }
    let queue = Mutex::new(moments());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(moment) = queue.lock().expect("not poisoned").pop() else {
                        return;
                    };
                    kill_at(&moment);
                    println!("killed {moment}: one effect, Succeeded/Cancelled");
                }
            });
        }
    });
}

fn kill_at(moment: &str) {
    let mut bed = bed("kill");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    // An object is read anew where it was edited between the look and the intent.
    if moment.contains(":Read:") {
        edited_after_the_look(&mut bed, &[("ERRAND_TEST_KILL", moment)]);
    } else {
        bed.start_operator_with(&[], &[("ERRAND_TEST_KILL", moment)]);
        bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    }
    let status = bed.wait_for_operator_to_end();
    assert_eq!(
        status,
        128 + 9,
        "{moment}: ended otherwise\n{}",
        bed.operator_log()
    );
    let effects = || bed.simulator.journal().effects("dcs.cancel");
    let at_death = bed.get("rsc", "stop");
    if ending(&at_death).state == "Succeeded" {
        assert_eq!(effects(), 1, "{moment}: success without an effect");
    }
    bed.delete_lease();
    bed.start_operator();
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(bed.simulator.journal().effects("dcs.cancel"), 1, "{moment}");
}

/// Starts the operator and edits the object after its look at the cloud, before
/// the intent is written.
fn edited_after_the_look(bed: &mut Bed, variables: &[(&str, &str)]) {
    let (file, pause) = pause_at(bed, "after:Observe:1");
    let pause = [("ERRAND_TEST_PAUSE", pause.as_str())];
    bed.start_operator_with(&[], &[variables, &pause].concat());
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("Errand has looked at the cloud", || {
        bed.operator_log().contains("test pause")
    });
    bed.kubectl(&["label", "rsc", "stop", "edited=yes"]);
    fs::remove_file(file).expect("it was made above");
}

#[test]
fn an_edit_between_look_and_intent_costs_no_second_call() {
    let mut bed = bed("conflict");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    edited_after_the_look(&mut bed, &[]);
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 1);
    assert_eq!(object["metadata"]["labels"]["edited"], "yes");
}
