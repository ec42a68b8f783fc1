//! SIGKILL before and after every effect of the shell while a scheduled-instance
//! order is cancelled: it is cancelled once, and the object says so.

use std::fs;

use errand::controllers::EFFECTS;
use errand_simulator::{Reservation, Seed};
use errand_testbed::Bed;

use crate::reservations::DELETE;
use crate::support::{assert_ending, bed, ending, pause_at, seconds};

/// Effects that a cancel does not reach, and why.
const NOT_REACHED: &[(&str, &str)] = &[
    ("Claim", NO_LEDGER),
    ("Close", NO_LEDGER),
    ("Recall", "no decision is given"),
];

const NO_LEDGER: &str = "cancelling an order needs no ledger";

#[test]
fn an_order_whose_cancel_is_killed_at_any_effect_is_cancelled_once() {
    for (effect, why) in NOT_REACHED {
        println!("not reached: {effect}: {why}");
    }
    let mut bed = bed("sir-kill");
    bed.connect_all_clouds();
    let reached = |effect: &&&str| !NOT_REACHED.iter().any(|(name, _)| name == *effect);
    for (number, effect) in EFFECTS.iter().filter(reached).enumerate() {
        // The look at the cloud before the call, and the one after it.
        for nth in 1..=if *effect == "Observe" { 2 } else { 1 } {
            for side in ["before", "after"] {
                let order = format!("esi-{number}-{nth}-{side}");
                kill_at(&mut bed, &order, &format!("{side}:{effect}:{nth}"));
            }
        }
    }
}

fn kill_at(bed: &mut Bed, order: &str, moment: &str) {
    bed.simulator
        .seed(Seed::new().reservation(Reservation::esi(order)));
    let manifest = bed.reservation(order, order, "Cancelled", "");
    let kill = ("ERRAND_TEST_KILL", moment);
    if moment.contains(":Read:") {
        // An object is read anew where it was edited before the intent is written.
        let (file, pause) = pause_at(bed, "before:Intend:1");
        let pauses = |bed: &Bed| bed.operator_log().matches("test pause").count();
        let before = pauses(bed);
        bed.start_operator_with(&[], &[kill, ("ERRAND_TEST_PAUSE", &pause)]);
        bed.apply(&manifest);
        bed.wait_until("it is about to intend", || pauses(bed) > before);
        bed.kubectl(&["label", "sir", order, "edited=yes"]);
        fs::remove_file(file).expect("it was made above");
    } else {
        bed.start_operator_with(&[], &[kill]);
        bed.apply(&manifest);
    }
    // That a cancel shows may take its time.
    let status = bed.wait_for_operator_to_end_in_steps(seconds(2));
    assert_eq!(status, 128 + 9, "{moment}: {}", bed.operator_log());
    let cancelled = |bed: &Bed| bed.simulator.journal().effects_on("ecs.delete", order);
    let at_death = ending(&bed.get("sir", order)).state;
    assert!(
        at_death != "Succeeded" || cancelled(bed) == 1,
        "{moment}: success without an effect"
    );
    bed.delete_lease();
    bed.start_operator();
    bed.wait_until("it has ended", || {
        bed.advance_if_led(seconds(2));
        !ending(&bed.get("sir", order)).outcome.is_empty()
    });
    let object = bed.get("sir", order);
    assert_ending(bed, &object, "Succeeded", "Cancelled");
    assert_eq!(cancelled(bed), 1, "{moment}");
    let journal = bed.simulator.journal();
    let calls = journal.all_calls().iter();
    let calls = calls.filter(|call| call.api == DELETE && call.ids.iter().any(|id| id == order));
    let queries: Vec<&str> = calls.map(|call| call.query.as_str()).collect();
    let token = |query: &&str| {
        let parameter = query
            .split('&')
            .find(|part| part.starts_with("ClientToken="));
        parameter.map(str::to_owned)
    };
    let mut tokens: Vec<_> = queries.iter().filter_map(token).collect();
    tokens.dedup();
    assert_eq!(
        tokens.len(),
        1,
        "{moment}: one token for all of them: {queries:?}"
    );
    println!("killed {moment}: cancelled once, {} calls", queries.len());
    bed.kubectl(&["delete", "sir", order]);
    bed.kill_operator();
}
