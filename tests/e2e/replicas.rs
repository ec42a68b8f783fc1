//! Two operators on one namespace: one leads, the other is ready to.

use std::fs;

use errand_testbed::{Bed, BedOptions, Replica};

pub use crate::support::pause_at;
use crate::support::{CANCEL, assert_ending, bed_with, ending, seconds};

const OPERATIONS: usize = 20;

/// A lease that some seconds do not lose, and that can be waited for.
fn bed_with_lease(name: &str) -> Bed {
    let mut options = BedOptions::default();
    options.timing.lease = seconds(600);
    bed_with(name, options)
}

/// The metric, not the words of its help text, which begin alike.
pub fn leads(bed: &Bed, replica: &Replica) -> bool {
    bed.replica_http(replica, "/metrics")
        .contains("\nerrand_leader 1\n")
}

/// A leader that works on this many operations at a time, and another that waits.
pub fn two_replicas(
    bed: &mut Bed,
    at_a_time: &str,
    variables: &[(&str, &str)],
) -> (Replica, Replica) {
    let leader = bed.start_replica(&["--concurrency", at_a_time], variables);
    bed.wait_until("one leads", || leads(bed, &leader));
    let other = bed.start_replica(&[], &[]);
    bed.wait_until("the other is ready", || {
        bed.replica_http(&other, "/readyz")
            .starts_with("HTTP/1.1 200")
            && bed.replica_log(&other).contains("waiting for the lease")
    });
    (leader, other)
}

fn apply_all(bed: &Bed) {
    let mut manifests = String::new();
    for n in 1..=OPERATIONS {
        let (instance, task) = (format!("dcs-{n:02}"), format!("task-{n:02}"));
        bed.seed_pending_change(&instance, &task, 48 * 3600);
        manifests += &bed.cancellation(&format!("stop-{n:02}"), &instance, &task, "");
        manifests += "---\n";
    }
    bed.apply(&manifests);
}

/// All end well, and each call had its effect once.
fn all_end_with_one_effect_each(bed: &Bed) {
    let all = || bed.list("rsc");
    bed.wait_until("all have ended", || {
        bed.advance(seconds(1));
        all()
            .iter()
            .all(|object| !ending(object).outcome.is_empty())
    });
    let objects = all();
    assert_eq!(objects.len(), OPERATIONS);
    for object in objects {
        assert_ending(bed, &object, "Succeeded", "Cancelled");
    }
    let journal = bed.simulator.journal();
    for n in 1..=OPERATIONS {
        let effects = journal.effects_on("dcs.cancel", &format!("dcs-{n:02}"));
        assert_eq!(effects, 1, "dcs-{n:02}\n{journal}");
    }
    assert_eq!(journal.effects("dcs.cancel"), OPERATIONS, "{journal}");
}

#[test]
fn a_killed_leader_is_replaced_in_the_middle_of_its_work_and_nothing_happens_twice() {
    let mut bed = bed_with_lease("killed-leader");
    let (_file, pause) = pause_at(&bed, "after:Send:6");
    let variables = [("ERRAND_TEST_PAUSE", pause.as_str())];
    let (mut leader, other) = two_replicas(&mut bed, "1", &variables);
    apply_all(&bed);
    bed.wait_until("it is in the middle of its work", || {
        bed.replica_log(&leader).contains("test pause")
    });
    leader.process.kill().expect("it can be killed");
    assert_eq!(bed.simulator.journal().effects("dcs.cancel"), 6);
    assert!(!leads(&bed, &other), "the dead leader's lease still counts");
    assert!(!bed.replica_log(&other).contains(r#""event":"sending""#));
    bed.wait_until("the other leads", || {
        bed.advance(seconds(20));
        leads(&bed, &other)
    });
    all_end_with_one_effect_each(&bed);
}

pub fn give_lease_to(bed: &Bed, holder: &str) {
    let patch = serde_json::json!({"spec": {"holderIdentity": holder}});
    bed.edit("lease", "errand", &patch);
}

/// As it writes it into the lease.
pub fn identity_of(bed: &Bed, replica: &Replica) -> String {
    let log = bed.replica_log(replica);
    let identity = log.split("identity=").nth(1);
    let identity = identity.and_then(|rest| rest.split_whitespace().next());
    identity.expect("it tells its identity").to_owned()
}

/// Time passes, in steps that lose no lease, until the leader has noticed.
fn wait_until_lost(bed: &Bed, leader: &Replica) {
    bed.wait_until("the leader has noticed", || {
        bed.advance(seconds(10));
        bed.replica_log(leader)
            .contains("another process has taken it")
    });
}

pub fn answers(log: &str) -> Vec<&str> {
    log.lines()
        .filter(|line| line.contains(r#""event":"answered""#))
        .collect()
}

#[test]
fn a_leader_whose_lease_is_stolen_sends_nothing_more_and_the_thief_does_the_rest_once() {
    let mut bed = bed_with_lease("stolen");
    let (file, pause) = pause_at(&bed, "before:Send:6");
    let variables = [("ERRAND_TEST_PAUSE", pause.as_str())];
    let (mut leader, other) = two_replicas(&mut bed, "1", &variables);
    apply_all(&bed);
    bed.wait_until("it stands before a call", || {
        bed.replica_log(&leader).contains("test pause")
    });
    assert_eq!(bed.simulator.journal().calls(CANCEL), 5);
    give_lease_to(&bed, &identity_of(&bed, &other));
    wait_until_lost(&bed, &leader);
    fs::remove_file(file).expect("it was made above");
    bed.wait_until("the old leader has ended", || {
        leader
            .process
            .try_wait()
            .expect("its watchdog tells")
            .is_some()
    });
    let log = bed.replica_log(&leader);
    assert!(log.contains("the lease is lost"), "{log}");
    let answers = answers(&log);
    assert_eq!(answers.len(), 6, "{log}");
    assert!(answers[5].contains("not_sent"), "{log}");
    all_end_with_one_effect_each(&bed);
    assert!(leads(&bed, &other));
    assert_eq!(bed.simulator.journal().calls(CANCEL), OPERATIONS);
}

#[test]
fn a_leader_that_loses_its_lease_still_records_the_answer_in_its_hands() {
    let mut bed = bed_with_lease("lost");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    let (file, pause) = pause_at(&bed, "after:Send:1");
    let mut leader = bed.start_replica(&[], &[("ERRAND_TEST_PAUSE", &pause)]);
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("it has the answer", || {
        bed.replica_log(&leader).contains("test pause")
    });
    give_lease_to(&bed, "somebody-else");
    wait_until_lost(&bed, &leader);
    fs::remove_file(file).expect("it was made above");
    bed.wait_until("it has ended", || {
        leader
            .process
            .try_wait()
            .expect("its watchdog tells")
            .is_some()
    });
    let code = leader.process.try_wait().expect("its watchdog tells");
    assert_eq!(code, Some(1), "{}", bed.operator_log());
    let object = bed.get("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    let answer = &object["status"]["steps"][0]["answer"];
    assert_eq!(answer, "Accepted", "{object:#}");
}
