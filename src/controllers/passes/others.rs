//! What the claim of another namespace's operation means for a target: it counts as long
//! as its call may have had an effect, wherever it went, and nothing of it is told.

use errand_simulator::{Fault, FaultKind};
use serde_json::{Value, json};

use super::bench::LEDGERS;
use super::cases::Case;
use super::{Bench, every_kind};
use crate::api::PaidOperations;
use crate::controllers::Ceiling;
use crate::operations::Kind;

fn claims<K: Kind>(case: &Case) -> bool {
    !case.calls.is_empty() && K::CALLS.iter().any(|call| call.ledger)
}

fn edit_claims<K: Kind>(bench: &Bench<K>, change: impl Fn(&mut Value)) {
    for ledger in bench.api.paths(LEDGERS) {
        bench
            .api
            .edit(&ledger, |ledger| change(&mut ledger["spec"]["open"]));
    }
}

every_kind!(a_call_to_the_same_host_counts_however_the_flags_admit_it: flags);

/// The host was an alias, and two namespaces used it. Now it is a cloud of its own for each,
/// or the other way round.
async fn flags<K: Kind>(case: Case) {
    if !claims::<K>(&case) {
        return;
    }
    for held in [false, true] {
        for (then_own, now_own) in [(false, false), (false, true), (true, false)] {
            let mut bench = Bench::<K>::new(case, 60);
            let address = bench.cloud.address().to_string();
            let own = [format!("ns={address}"), format!("others={address}")];
            let flags = |is_own: bool| match is_own {
                true => vec![own[0].as_str(), own[1].as_str()],
                false => vec!["127.0.0.1"],
            };
            bench.admit(&flags(then_own));
            bench.claim_of_others(held);
            edit_claims(&bench, |open| open["host"] = address.clone().into());
            bench.admit(&flags(now_own));
            bench.during(3600).await;
            let what = format!("held {held}, own {then_own} and then {now_own}");
            bench.check(bench.calls() == 0, &format!("{what}: nothing is sent"));
            bench.check(
                matches!(&*bench.reason(), "TargetLocked" | "AnswerUnknown"),
                &format!("{what}: {}", bench.reason()),
            );
        }
    }
}

every_kind!(a_call_that_had_no_effect_by_the_ledger_locks_the_target_for_nobody_else: without_effect);

/// Its operation has not ended: it is suspended.
async fn without_effect<K: Kind>(case: Case) {
    if !claims::<K>(&case) {
        return;
    }
    for (answer, approvals, locks) in [
        (Some("NotSent"), 0, false),
        (Some("Refused"), 0, false),
        // One before it may have had an effect.
        (Some("Refused"), 1, true),
        (Some("Unknown"), 0, true),
        (None, 0, true),
    ] {
        let mut bench = Bench::<K>::new(case, 60);
        bench.claim_of_others(true);
        let theirs = bench.path.replace("/namespaces/ns/", "/namespaces/others/");
        bench.api.edit(&theirs, |object| {
            object["spec"]["suspend"] = true.into();
            // Status alone is not believed.
            object["status"]["steps"][0]["answer"] = "Refused".into();
        });
        edit_claims(&bench, |open| {
            open["recordsAnswer"] = true.into();
            open["approvals"] = approvals.into();
            if let Some(answer) = answer {
                open["answer"] = answer.into();
            }
        });
        bench.during(3600).await;
        let what = format!("{answer:?}, {approvals} approvals");
        let locked = bench.reason() == "TargetLocked";
        bench.check(locked == locks, &format!("{what}: {}", bench.reason()));
        bench.check(
            (bench.calls() == 1) != locks,
            &format!("{what}: it is sent"),
        );
    }
}

every_kind!(an_intent_that_was_never_sent_is_recorded_as_such: not_sent);

/// The cloud was busy; then the namespace may not pay any more, or the owner suspends it.
async fn not_sent<K: Kind>(case: Case) {
    if !claims::<K>(&case) {
        return;
    }
    for suspended in [false, true] {
        let mut bench = Bench::<K>::new(case, 60);
        bench.label_namespace(json!({"pays": "yes"}));
        bench.restart_under(Ceiling {
            paid_operations: PaidOperations::AutomaticPayment,
            namespaces: Some("pays=yes".parse().expect("a selector")),
        });
        bench
            .cloud
            .fault(Fault::new(case.calls[0], FaultKind::Throttle));
        bench.pass().await;
        match suspended {
            true => bench.edit(|spec| spec["suspend"] = true.into()),
            false => bench.label_namespace(json!({"pays": "no"})),
        }
        bench.during(2 * 3600).await;
        bench.advance(3600);
        bench.pass().await;
        let ledger = bench.api.paths(LEDGERS);
        let ledger = bench.api.get(&ledger[0]).expect("it is there");
        let open = &ledger["spec"]["open"];
        bench.check(
            open.is_null() || open["answer"] == "NotSent",
            &format!("suspended {suspended}: {open}"),
        );
    }
}

every_kind!(nothing_of_a_call_of_another_namespace_is_told: told);

async fn told<K: Kind>(case: Case) {
    if !claims::<K>(&case) {
        return;
    }
    for held in [false, true] {
        let mut bench = Bench::<K>::new(case, 60);
        bench.claim_of_others(held);
        edit_claims(&bench, |open| {
            open["object"]["namespace"] = "merger".into();
            open["object"]["name"] = "their-name".into();
            open["body"] = r#"{"canary":"their-body"}"#.into();
        });
        bench.during(7200).await;
        let said = format!("{} {:?}", bench.status(), bench.api.events());
        for name in ["merger", "their-name", "their-body"] {
            bench.check(!said.contains(name), &format!("held {held}: {name}"));
        }
    }
}
