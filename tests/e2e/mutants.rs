//! Mistakes of the shell that the engine's model cannot see: the operator is told to
//! make each (`src/mistakes.rs`), and what must not happen does. So these scenes
//! would notice it. The soak notices those that need a kill.

use errand_simulator::{DcsInstance, Fault, FaultKind, Seed};
use errand_testbed::{Bed, DCS_PROJECT};

use crate::between::{before_the_call, wait_until_seen};
use crate::decisions::{pending_change, plan_change};
use crate::replays::delivered_by;
use crate::support::*;

/// What has the operator make that mistake, if one is named.
fn made(mistake: Option<&str>) -> Vec<(&str, &str)> {
    let mistake = mistake.map(|name| ("ERRAND_TEST_MISTAKE", name));
    mistake.into_iter().collect()
}

/// Starts the operator; it makes that mistake, if one is named.
fn start(bed: &mut Bed, mistake: Option<&str>, more: &[(&str, &str)]) {
    let variables = [made(mistake), more.to_vec()].concat();
    bed.start_operator_with(&[], &variables);
}

fn await_end(bed: &Bed, kind: &str, name: &str) {
    bed.wait_until("it has ended", || {
        bed.advance_if_led(seconds(30));
        !ending(&bed.get(kind, name)).outcome.is_empty()
    });
}

#[test]
fn with_the_uid_in_its_key_an_order_that_is_applied_again_is_placed_again() {
    for (mistake, placed) in [(None, 1), (Some("KeyWithUid"), 2)] {
        let bed = delivered_by("mutant-uid", &made(mistake));
        change_back(&bed, "desk-1");
        bed.kubectl(&["delete", "dor", "bigger"]);
        bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
        await_end(&bed, "dor", "bigger");
        assert_eq!(orders(&bed), placed, "{mistake:?}");
    }
}

#[test]
fn without_the_body_in_its_key_another_order_is_taken_for_one_that_was_placed() {
    for (mistake, outcome) in [
        (None, "Delivered"),
        (Some("BodyNotInKey"), "OperationKeyReused"),
    ] {
        let bed = delivered_by("mutant-body", &made(mistake));
        bed.apply(&expand(&bed, "disk", "desk-1", "Automatic"));
        let object = until_order(&bed, "disk", outcome);
        assert_eq!(ending(&object).outcome, outcome, "{object:#}");
    }
}

#[test]
fn a_target_that_is_looked_for_again_is_somebody_elses() {
    for (mistake, cancelled) in [(None, 0), (Some("TargetResolvedAgain"), 1)] {
        let mut bed = bed("mutant-target");
        let instance = DcsInstance::new("dcs-1");
        bed.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
        plan_change(&bed, "ours-1");
        // The answer is lost, and before the next look somebody plans another change.
        bed.simulator
            .fault(Fault::new(CANCEL, FaultKind::DropAfter));
        let kill = ("ERRAND_TEST_KILL", "after:Send:1");
        start(&mut bed, mistake, &[kill]);
        bed.apply(&pending_change(&bed, 24 * 3600));
        bed.wait_for_operator_to_end();
        plan_change(&bed, "theirs-1");
        bed.delete_lease();
        start(&mut bed, mistake, &[]);
        let theirs = || bed.simulator.journal().effects_on("dcs.cancel", "theirs-1");
        match cancelled {
            0 => await_end(&bed, "rsc", "stop"),
            _ => bed.wait_until("it acts on the other change", || {
                bed.advance_if_led(seconds(30));
                theirs() > 0
            }),
        }
        let (journal, theirs) = (bed.simulator.journal(), theirs());
        assert_eq!(theirs, cancelled, "{mistake:?}\n{journal}");
    }
}

#[test]
fn without_a_last_check_a_call_is_made_that_was_stopped_in_time() {
    for (mistake, calls) in [(None, 0), (Some("NoLastCheck"), 1)] {
        let mut bed = bed("mutant-check");
        let made = mistake.map(|name| ("ERRAND_TEST_MISTAKE", name));
        let pause = before_the_call(&mut bed, made.as_slice());
        let suspend = r#"{"spec":{"suspend":true}}"#;
        bed.kubectl(&["patch", "rsc", "stop", "--type=merge", "-p", suspend]);
        wait_until_seen(&bed);
        std::fs::remove_file(pause).expect("it was made above");
        bed.wait_until("the call was made or withheld", || {
            bed.operator_log().contains(r#""event":"answered""#)
        });
        assert_eq!(bed.simulator.journal().calls(CANCEL), calls, "{mistake:?}");
    }
}

/// Whether a process may still send an intent is in its memory alone, so a restarted
/// one that is taken for the one before sends nothing twice. What is lost is which of
/// them a step is of.
#[test]
fn with_the_pods_name_as_writer_two_processes_look_like_one() {
    for (mistake, differ) in [(None, true), (Some("WriterIsPodName"), false)] {
        let mut bed = bed("mutant-writer");
        bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
        let kill = ("ERRAND_TEST_KILL", "before:Send:1");
        start(&mut bed, mistake, &[kill]);
        bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
        bed.wait_for_operator_to_end();
        bed.delete_lease();
        start(&mut bed, mistake, &[]);
        await_end(&bed, "rsc", "stop");
        let object = bed.get("rsc", "stop");
        assert_ending(&bed, &object, "Succeeded", "Cancelled");
        let writer = |n: usize| &object["status"]["steps"][n]["writer"];
        assert!(writer(1).is_string(), "{object:#}");
        assert_eq!(writer(0) != writer(1), differ, "{object:#}");
        assert_eq!(bed.simulator.journal().effects("dcs.cancel"), 1);
    }
}
