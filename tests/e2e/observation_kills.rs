//! SIGKILL before and after every effect of the shell while an instance is observed:
//! it ends with its outcome, and has changed nothing.

use std::fs;

use errand::controllers::EFFECTS;
use errand_simulator::{CloudDcInstance, Seed};
use errand_testbed::{Bed, DCS_PROJECT};

use crate::support::{assert_ending, bed, ending, pause_at, seconds};

/// Effects that no observation has, and why.
const NOT_REACHED: &[(&str, &str)] = &[
    ("Recall", "no decision is given"),
    ("Permit", SENDS_NOTHING),
    ("Claim", SENDS_NOTHING),
    ("Close", SENDS_NOTHING),
    ("Intend", SENDS_NOTHING),
    ("Send", SENDS_NOTHING),
];

const SENDS_NOTHING: &str = "an observation has no step";

/// What is observed, and how it ends.
#[derive(Clone, Copy, Debug)]
enum Form {
    Once,
    Until,
}

/// One that waits stores and rests before it sees what it waits for; the end alone
/// is announced.
fn times(form: Form, effect: &str) -> usize {
    match (form, effect) {
        (Form::Until, "Observe" | "Store" | "Rest") => 2,
        _ => 1,
    }
}

#[test]
fn an_observation_that_is_killed_at_any_effect_ends_with_its_outcome() {
    for (effect, why) in NOT_REACHED {
        println!("not reached: {effect}: {why}");
    }
    let mut bed = bed("iob-kill");
    let mut number = 0;
    for form in [Form::Once, Form::Until] {
        let reached = EFFECTS
            .iter()
            .filter(|effect| !NOT_REACHED.iter().any(|(name, _)| name == *effect));
        for effect in reached {
            for nth in 1..=times(form, effect) {
                for side in ["before", "after"] {
                    number += 1;
                    kill_at(&mut bed, form, number, &format!("{side}:{effect}:{nth}"));
                    println!("{form:?}, killed {side}:{effect}:{nth}: its outcome");
                }
            }
        }
    }
}

fn kill_at(bed: &mut Bed, form: Form, number: usize, moment: &str) {
    let (name, instance) = (format!("look-{number}"), format!("i-{number}"));
    let (seeded, more, outcome) = match form {
        Form::Once => (CloudDcInstance::new(&instance), "", "Observed"),
        Form::Until => (
            CloudDcInstance::new(&instance)
                .status("pending")
                .then(60, "running"),
            "  interval: 10s\n  until: {states: [running]}\n",
            "Reached",
        ),
    };
    bed.simulator.seed(Seed::new().clouddc(DCS_PROJECT, seeded));
    let manifest = bed.observation(&name, &instance, more);
    let kill = ("ERRAND_TEST_KILL", moment);
    if moment.contains(":Read:") {
        // An object is read anew where it was edited before its status is written.
        let (file, pause) = pause_at(bed, "before:Store:1");
        let pauses = |bed: &Bed| bed.operator_log().matches("test pause").count();
        let before = pauses(bed);
        bed.start_operator_with(&[], &[kill, ("ERRAND_TEST_PAUSE", &pause)]);
        bed.apply(&manifest);
        bed.wait_until("it is about to store", || pauses(bed) > before);
        bed.kubectl(&["label", "iob", &name, "edited=yes"]);
        fs::remove_file(file).expect("it was made above");
    } else {
        bed.start_operator_with(&[], &[kill]);
        bed.apply(&manifest);
    }
    // What it waits for is still to come at the first look.
    let later = moment.ends_with(":2") || moment.contains("Announce");
    if let (Form::Until, true) = (form, later) {
        bed.wait_until("it waits", || {
            ending(&bed.get("iob", &name)).reason == "AwaitingState"
        });
        bed.advance(seconds(60));
    }
    let status = bed.wait_for_operator_to_end();
    assert_eq!(status, 128 + 9, "{moment}: {}", bed.operator_log());
    bed.delete_lease();
    bed.start_operator();
    bed.wait_until("it has ended", || {
        bed.advance_if_led(seconds(30));
        !ending(&bed.get("iob", &name)).outcome.is_empty()
    });
    let object = bed.get("iob", &name);
    assert_ending(bed, &object, "Succeeded", outcome);
    assert_eq!(object["status"]["observed"]["instanceState"], "running");
    let journal = bed.simulator.journal();
    let caused = journal.all_effects().iter().any(|effect| effect.call != 0);
    assert!(!caused, "{moment}\n{journal}");
    bed.kubectl(&["delete", "iob", &name]);
    bed.kill_operator();
}
