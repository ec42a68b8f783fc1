//! Two operators and an order, and bytes that arrive when nobody expects them.

use std::fs;

use errand_simulator::{Fault, FaultKind, WorkspaceDesktop};
use errand_testbed::{Bed, BedOptions, CLUSTER, Replica};

use crate::replicas::{answers, give_lease_to, identity_of, leads, pause_at, two_replicas};
use crate::support::*;

/// Longer than a request's signature counts, and lost by nobody who renews it.
const LEASE: u64 = 3600;

fn bed_with_lease(name: &str) -> Bed {
    let mut options = BedOptions::default();
    options.timing.lease = seconds(LEASE);
    // A stopped process does not give its call up for as long as a test takes.
    options.timing.call_timeout = seconds(300);
    let bed = bed_with(name, options);
    bed.apply(&bed.paying_connection("huawei-prod", "AutomaticPayment", CLUSTER));
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    bed
}

/// Time passes, but no more than a leader has had the time to renew its lease in.
fn pass(bed: &Bed) {
    bed.advance_if_led(seconds(60));
}

fn held_after_settling(bed: &Bed) {
    bed.wait_until("it was looked for long enough", || {
        pass(bed);
        ending(&bed.get("dor", "bigger")).state == "Held"
    });
    let object = bed.get("dor", "bigger");
    let choices = ["SendAgain", "AssumeDone", "GiveUp"];
    assert_held(bed, &object, "AnswerUnknown", &choices);
}

fn reaches(bed: &Bed, reason: &str) {
    bed.wait_until(reason, || {
        pass(bed);
        ending(&bed.get("dor", "bigger")).reason == reason
    });
}

/// It is paid and delivered, and was ordered once.
fn ends_as_the_one_order(bed: &Bed) {
    reaches(bed, "WaitingForPayment");
    pay(bed, "desk-1");
    reaches(bed, "Delivered");
    assert_ending(bed, &bed.get("dor", "bigger"), "Succeeded", "Delivered");
    assert_eq!(orders(bed), 1, "{}", bed.simulator.journal());
}

/// The other replica gets the lease, and the signature of what the old leader
/// may have in its hands runs out.
fn other_takes_over(bed: &Bed, other: &Replica) {
    give_lease_to(bed, &identity_of(bed, other));
    bed.wait_until("the other leads", || {
        pass(bed);
        leads(bed, other)
    });
    for _ in 0..20 {
        bed.advance(seconds(60));
    }
}

fn wait_for_pause(bed: &Bed, leader: &Replica) {
    bed.wait_until("it stands there", || {
        bed.replica_log(leader).contains("test pause")
    });
}

fn wait_for_end(bed: &Bed, leader: &mut Replica) {
    bed.wait_until("the old leader has ended", || {
        let ended = leader.process.try_wait();
        ended.expect("its watchdog tells").is_some()
    });
}

#[test]
fn a_leader_that_is_paused_before_it_sends_and_loses_its_lease_does_not_order() {
    let mut bed = bed_with_lease("paused-before");
    let (file, pause) = pause_at(&bed, "before:Send:1");
    let variables = [("ERRAND_TEST_PAUSE", pause.as_str())];
    let (mut leader, other) = two_replicas(&mut bed, "1", &variables);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    wait_for_pause(&bed, &leader);
    other_takes_over(&bed, &other);
    reaches(&bed, "ResolvingAnswer");
    fs::remove_file(file).expect("it was made above");
    wait_for_end(&bed, &mut leader);
    let log = bed.replica_log(&leader);
    assert!(answers(&log)[0].contains("not_sent"), "{log}");
    held_after_settling(&bed);
    assert_eq!(orders(&bed), 0);
    resolve(&bed, "bigger", "SendAgain");
    ends_as_the_one_order(&bed);
    assert_eq!(bed.simulator.journal().calls(ORDER), 1);
}

#[test]
fn a_stopped_process_that_wakes_after_another_has_ordered_orders_nothing() {
    let mut bed = bed_with_lease("stopped");
    let (file, pause) = pause_at(&bed, "before:Claim:1");
    let variables = [("ERRAND_TEST_PAUSE", pause.as_str())];
    let (mut leader, other) = two_replicas(&mut bed, "1", &variables);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    wait_for_pause(&bed, &leader);
    leader.process.signal("STOP").expect("it can be stopped");
    other_takes_over(&bed, &other);
    reaches(&bed, "WaitingForPayment");
    fs::remove_file(file).expect("it was made above");
    leader.process.signal("CONT").expect("it goes on");
    wait_for_end(&bed, &mut leader);
    assert!(answers(&bed.replica_log(&leader)).is_empty());
    ends_as_the_one_order(&bed);
    assert_eq!(bed.simulator.journal().calls(ORDER), 1);
}

#[test]
fn a_process_that_is_stopped_between_the_last_check_and_the_bytes_is_refused_when_it_wakes() {
    let mut bed = bed_with_lease("stopped-checked");
    let (file, pause) = pause_at(&bed, "after:Gate:1");
    let variables = [("ERRAND_TEST_PAUSE", pause.as_str())];
    let (mut leader, other) = two_replicas(&mut bed, "1", &variables);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    wait_for_pause(&bed, &leader);
    leader.process.signal("STOP").expect("it can be stopped");
    other_takes_over(&bed, &other);
    held_after_settling(&bed);
    assert_eq!(bed.simulator.journal().calls(ORDER), 0);
    resolve(&bed, "bigger", "SendAgain");
    reaches(&bed, "WaitingForPayment");
    fs::remove_file(file).expect("it was made above");
    leader.process.signal("CONT").expect("it goes on");
    wait_for_end(&bed, &mut leader);
    let journal = bed.simulator.journal();
    let calls = journal.all_calls().iter().filter(|call| call.api == ORDER);
    let answers: Vec<_> = calls.map(|call| call.status).collect();
    assert_eq!(answers, [Some(200), Some(401)], "{journal}");
    ends_as_the_one_order(&bed);
}

#[test]
fn a_leader_that_loses_its_lease_with_the_answer_in_its_hands_leaves_one_order() {
    let mut bed = bed_with_lease("paused-after");
    let (file, pause) = pause_at(&bed, "after:Send:1");
    let variables = [("ERRAND_TEST_PAUSE", pause.as_str())];
    let (mut leader, other) = two_replicas(&mut bed, "1", &variables);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    wait_for_pause(&bed, &leader);
    assert_eq!(orders(&bed), 1);
    other_takes_over(&bed, &other);
    // The other finds the order.
    reaches(&bed, "WaitingForPayment");
    fs::remove_file(file).expect("it was made above");
    wait_for_end(&bed, &mut leader);
    ends_as_the_one_order(&bed);
    assert_eq!(bed.simulator.journal().calls(ORDER), 1);
}

#[test]
fn a_claim_on_a_ledger_that_has_changed_since_the_look_is_refused() {
    // The ledger is made by the claim, or is there already.
    for earlier in [false, true] {
        let mut bed = order_bed("claims");
        seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
        if earlier {
            bed.start_operator();
            bed.apply(&expand(&bed, "earlier", "desk-1", "Automatic"));
            until_order(&bed, "earlier", "Delivered");
            bed.stop_operator();
        }
        let (file, pause) = pause_at(&bed, "before:Claim:1");
        bed.start_operator_with(&[], &[("ERRAND_TEST_PAUSE", &pause)]);
        bed.apply(&resize(&bed, "slow", "desk-1", "Manual"));
        bed.wait_until("it stands before its claim", || {
            bed.operator_log().contains("test pause")
        });
        let keyed = resize(&bed, "fast", "desk-1", "Manual") + "  operationKey: fast\n";
        bed.apply(&keyed);
        until_order(&bed, "fast", "WaitingForPayment");
        let before = orders(&bed);
        fs::remove_file(file).expect("it was made above");
        let object = until_order(&bed, "slow", "TargetLocked");
        assert!(
            summary(&object).contains("DesktopOrder fast "),
            "{object:#}"
        );
        assert_eq!(orders(&bed), before);
        pay(&bed, "desk-1");
        until_order(&bed, "fast", "Delivered");
        let object = until_order(&bed, "slow", "AlreadySatisfied");
        assert_ending(&bed, &object, "Succeeded", "AlreadySatisfied");
        assert_eq!(orders(&bed), before, "{}", bed.simulator.journal());
    }
}

/// An order whose bytes arrive that many seconds later.
fn delivered_late(name: &str, seconds: u32) -> Bed {
    let mut bed = bed_with_lease(name);
    bed.simulator
        .fault(Fault::new(ORDER, FaultKind::Late { seconds }));
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    reaches(&bed, "ResolvingAnswer");
    bed
}

fn arrival(bed: &Bed) -> Option<u16> {
    let journal = bed.simulator.journal();
    let call = journal.all_calls().iter().find(|call| call.api == ORDER);
    call.and_then(|call| call.late.as_ref())
        .map(|late| late.status)
}

#[test]
fn bytes_that_arrive_after_their_signature_has_expired_are_refused_and_asked_about() {
    let bed = delivered_late("too-late", 1000);
    held_after_settling(&bed);
    assert_eq!(arrival(&bed), Some(401), "{}", bed.simulator.journal());
    assert_eq!(orders(&bed), 0);
    resolve(&bed, "bigger", "SendAgain");
    ends_as_the_one_order(&bed);
}

#[test]
fn bytes_that_arrive_while_their_signature_counts_are_the_one_order_and_found() {
    let bed = delivered_late("late", 600);
    ends_as_the_one_order(&bed);
    assert!(arrival(&bed).is_some_and(|status| status < 300));
    assert_eq!(bed.simulator.journal().calls(ORDER), 1);
}
