//! The host of a connection changes, or what the operator's flags admit it as: the vendor
//! and its aliases are one cloud, and a cloud of its own is another.

use errand_simulator::{Fault, FaultKind};
use serde_json::Value;

use super::bench::LEDGERS;
use super::cases::Case;
use super::{Bench, every_kind};
use crate::operations::Kind;

/// Every service of the connection is at that URL.
fn move_to<K: Kind>(bench: &Bench<K>, url: &str) {
    bench.edit_connection(|spec| {
        let endpoints = spec["endpoints"].as_object_mut().expect("endpoints");
        let urls = endpoints.values_mut();
        urls.for_each(|at| *at = url.into());
    });
}

fn with_ledger<K: Kind>(case: &Case) -> bool {
    !case.calls.is_empty() && K::CALLS.iter().any(|call| call.ledger)
}

/// What is claimed, and how the calls that are over ended, by ledger.
fn ledgers<K: Kind>(bench: &Bench<K>) -> Vec<(String, bool, Vec<Value>)> {
    let paths = bench.api.paths(LEDGERS).into_iter();
    let read = paths.map(|path| {
        let ledger = bench.api.get(&path).expect("it is there");
        let entries = ledger["spec"]["entries"].as_array().cloned();
        let results = entries.unwrap_or_default();
        let results = results.iter().map(|entry| entry["result"].clone());
        let name = path.trim_start_matches(LEDGERS).to_owned();
        (name, !ledger["spec"]["open"].is_null(), results.collect())
    });
    read.collect()
}

every_kind!(a_change_between_the_vendor_and_an_alias_makes_one_call: alias);

/// Two hosts of the vendor: an operation that is in the air goes on at the other one, in
/// this process and in one that takes over, and as a new object.
async fn alias<K: Kind>(case: Case) {
    if case.calls.is_empty() {
        return;
    }
    for (lost, restarted, recreated) in [
        (false, false, false),
        (true, false, false),
        (true, true, false),
        (true, true, true),
    ] {
        let mut bench = Bench::<K>::new(case, 300);
        bench.admit(&["127.0.0.1", "localhost"]);
        if lost {
            let fault = Fault::new(case.calls[0], FaultKind::DropAfter);
            bench.cloud.fault(fault);
        }
        bench.pass().await;
        bench.check(bench.calls() == 1, "it is called");
        bench.check(bench.outcome().is_empty(), "its effect does not show yet");
        move_to(&bench, &bench.cloud.url().replace("127.0.0.1", "localhost"));
        if restarted {
            bench.restart();
        }
        if recreated {
            if !with_ledger::<K>(&case) {
                continue;
            }
            bench.recreate();
        }
        bench.passes(7200).await;
        bench.check_is("at the alias", "Succeeded", case.done);
        bench.check(bench.effects() == 1, "it is done once");
        // A call that may be repeated without a second effect is repeated.
        let once = !lost || with_ledger::<K>(&case);
        bench.check(!once || bench.calls() == 1, "it is called once");
    }
}

every_kind!(a_ledger_that_was_written_before_the_host_became_a_cloud_of_its_own_counts: to_own);

/// Version 0.1.0 wrote it, with the host as an alias of the vendor.
async fn to_own<K: Kind>(case: Case) {
    flags_change::<K>(case, |own| ("127.0.0.1".to_owned(), own)).await;
}

every_kind!(a_ledger_of_a_cloud_of_its_own_counts_after_it_became_an_alias: to_alias);

async fn to_alias<K: Kind>(case: Case) {
    flags_change::<K>(case, |own| (own, "127.0.0.1".to_owned())).await;
}

/// The flags change from the first to the second while a call is in the air.
async fn flags_change<K: Kind>(case: Case, flags: fn(String) -> (String, String)) {
    if !with_ledger::<K>(&case) {
        return;
    }
    for (lost, recreated) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut bench = Bench::<K>::new(case, 300);
        let (then, now) = flags(format!("ns={}", bench.cloud.address()));
        bench.admit(&[&then]);
        if lost {
            let fault = Fault::new(case.calls[0], FaultKind::DropAfter);
            bench.cloud.fault(fault);
        }
        bench.pass().await;
        bench.check(bench.calls() == 1, "it is called");
        let before = ledgers(&bench);
        bench.check(before.len() == 1 && before[0].1, "it is claimed");
        bench.admit(&[&now]);
        bench.restart();
        if recreated {
            bench.recreate();
        }
        bench.passes(7200).await;
        bench.check_is("with the new flags", "Succeeded", case.done);
        bench.check(bench.effects() == 1, "it is done once");
        let after = ledgers(&bench);
        bench.check(
            after == [(before[0].0.clone(), false, vec![case.done.into()])],
            &format!("it is closed where it was claimed: {after:?}"),
        );
        // Someone changes the target back: the same operation is not done again.
        bench.cloud.seed((case.seed)("a", 300));
        bench.recreate();
        bench.passes(7200).await;
        bench.check_is("the same again", "Failed", "AlreadyExecuted");
        bench.check(bench.effects() == 1, "the same is not done again");
        // Another operation on the target is claimed in the ledger of the new flags.
        bench.edit(|spec| spec["operationKey"] = "again".into());
        bench.recreate();
        bench.passes(7200).await;
        bench.check_is("with another key", "Succeeded", case.done);
        bench.check(ledgers(&bench).len() == 2, "in the ledger of the new flags");
    }
}

every_kind!(a_cloud_of_its_own_and_the_vendor_do_not_lock_each_others_targets: apart);

/// The same ids are other targets there. Who may use one of the two says nothing of the
/// other: neither a claim that is held nor one whose object is gone.
async fn apart<K: Kind>(case: Case) {
    if !with_ledger::<K>(&case) {
        return;
    }
    for held in [false, true] {
        for own_first in [false, true] {
            let mut bench = Bench::<K>::new(case, 300);
            let own = format!("ns={}", bench.cloud.address());
            let flags = [own.as_str(), "localhost"];
            bench.admit(&flags);
            let at_vendor = bench.cloud.url().replace("127.0.0.1", "localhost");
            let at_own = bench.cloud.url();
            // Another namespace's operation has claimed that target at the other cloud.
            let (theirs, ours) = match own_first {
                true => (&at_own, &at_vendor),
                false => (&at_vendor, &at_own),
            };
            move_to(&bench, theirs);
            bench.claim_of_others(held);
            let claimed = ledgers(&bench);
            move_to(&bench, ours);
            bench.passes(7200).await;
            bench.check_is("at the other cloud", "Succeeded", case.done);
            let mut after = ledgers(&bench);
            after.retain(|ledger| !claimed.contains(ledger));
            bench.check(
                after.len() == 1,
                "each has its ledger, and theirs is as it was",
            );
        }
    }
}

every_kind!(a_claim_is_not_ended_by_what_another_cloud_shows: elsewhere);

/// A tenant whose call is under way has its connection moved to a host of its own, whose
/// answers it decides.
async fn elsewhere<K: Kind>(case: Case) {
    if !with_ledger::<K>(&case) {
        return;
    }
    for (own_first, lost) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut bench = Bench::<K>::new(case, 300);
        let own = format!("ns={}", bench.cloud.address());
        bench.admit(&[&own, "localhost"]);
        let at_own = bench.cloud.url();
        let at_vendor = at_own.replace("127.0.0.1", "localhost");
        let (then, now) = match own_first {
            true => (&at_own, &at_vendor),
            false => (&at_vendor, &at_own),
        };
        move_to(&bench, then);
        if lost {
            let fault = Fault::new(case.calls[0], FaultKind::DropAfter);
            bench.cloud.fault(fault);
        }
        bench.pass().await;
        let claimed = ledgers(&bench);
        bench.check(claimed.len() == 1 && claimed[0].1, "it is claimed");
        bench.recreate();
        move_to(&bench, now);
        bench.passes(7200).await;
        let after = ledgers(&bench);
        bench.check(
            after.contains(&claimed[0]),
            &format!("the claim is as it was: {after:?}"),
        );
    }
}

every_kind!(an_operation_whose_services_are_at_two_clouds_sends_nothing: mixed);

async fn mixed<K: Kind>(case: Case) {
    if K::SERVICES.len() < 2 {
        return;
    }
    let mut bench = Bench::<K>::new(case, 0);
    let own = format!("ns={}", bench.cloud.address());
    bench.admit(&[&own, "localhost"]);
    let vendor = bench.cloud.url().replace("127.0.0.1", "localhost");
    bench.edit_connection(|spec| spec["endpoints"]["bss"] = vendor.into());
    bench.pass().await;
    bench.check_is("at two clouds", "Blocked", "ConnectionMismatch");
    bench.check(
        bench.summary().contains("a cloud of its own"),
        "it says why",
    );
    bench.check(
        bench.cloud.journal().all_calls().is_empty(),
        "nothing is sent",
    );
    let own = bench.own_connection();
    bench.edit_connection(|spec| *spec = own);
    bench.passes(3600).await;
    bench.check_is("at one", "Succeeded", case.done);
}
