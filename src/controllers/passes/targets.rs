//! The target is edited: what was seen of the first decides nothing about the second.

use super::bench::LEDGERS;
use super::{Bench, every_kind};
use crate::controllers::passes::cases::Case;
use crate::operations::Kind;

every_kind!(a_target_edited_after_plan_is_observed_from_scratch: after_plan);

async fn after_plan<K: Kind>(case: Case) {
    // What it has seen is forgotten in this process, and in one that takes over.
    for restarted in [false, true] {
        let mut bench = Bench::<K>::new(case, 60);
        bench.edit(|spec| spec["mode"] = "Plan".into());
        bench.pass().await;
        bench.check(bench.state() == "Planned", "it is planned");
        bench.check(!bench.status()["observed"].is_null(), "the first was seen");
        bench.retarget("b");
        if restarted {
            bench.restart();
        }
        bench.pass().await;
        bench.check(bench.state() == "Planned", "the second is planned");
        bench.check(bench.calls() == 0, "a plan sends nothing");
        bench.edit(|spec| spec["mode"] = "Execute".into());
        bench.passes(3600).await;
        bench.check_is("of the second", "Succeeded", case.done);
        bench.check(bench.is_true("b"), "the cloud shows it of the second");
        bench.check(bench.calls_on("a") == 0, "no call is about the first");
        let calls = if case.calls.is_empty() { 0 } else { 1 };
        bench.check(bench.calls_on("b") == calls, "one is about the second");
    }
}

every_kind!(a_target_edited_together_with_the_mode_is_observed_from_scratch: with_the_mode);

async fn with_the_mode<K: Kind>(case: Case) {
    let mut bench = Bench::<K>::new(case, 60);
    bench.edit(|spec| spec["mode"] = "Plan".into());
    bench.pass().await;
    bench.retarget("b");
    bench.edit(|spec| spec["mode"] = "Execute".into());
    bench.passes(3600).await;
    bench.check_is("of the second", "Succeeded", case.done);
    bench.check(bench.is_true("b"), "the cloud shows it of the second");
    bench.check(bench.calls_on("a") == 0, "no call is about the first");
}

every_kind!(a_target_that_is_edited_to_none_that_exists_is_not_found: to_nothing);

/// Also where the first is what the operation is for by then: nothing of it counts.
async fn to_nothing<K: Kind>(case: Case) {
    for executed in [false, true] {
        let mut bench = Bench::<K>::new(case, 60);
        match executed {
            true => bench.edit(|spec| {
                spec["schedule"] = serde_json::json!({"notBefore": "2100-01-01T00:00:00Z"});
            }),
            false => bench.edit(|spec| spec["mode"] = "Plan".into()),
        }
        bench.pass().await;
        bench.check(!bench.status()["observed"].is_null(), "the first was seen");
        if bench.state() == "Succeeded" {
            // It only observes, so it did not wait for the window.
            return;
        }
        bench.retarget("none");
        bench.edit(|spec| {
            spec["mode"] = "Execute".into();
            spec["schedule"] = serde_json::Value::Null;
        });
        bench.passes(3600).await;
        bench.check_is("of none that exists", "Failed", "TargetNotFound");
        bench.check(bench.calls() == 0, "nothing is called");
    }
}

every_kind!(a_target_edited_at_a_question_is_claimed_and_given_up_itself: at_a_question);

/// Of a kind that claims: the question may be about the claim of the first target.
async fn at_a_question<K: Kind>(case: Case) {
    if case.calls.is_empty() || !K::CALLS.iter().any(|call| call.ledger) {
        return;
    }
    let mut bench = Bench::<K>::new(case, 30 * 24 * 3600);
    bench.edit(|spec| spec["verifyTimeout"] = "10m".into());
    // What comes from a backup is asked about before its first call.
    bench.api.edit(&bench.path, |object| {
        object["metadata"]["labels"] = serde_json::json!({"velero.io/restore-name": "nightly"});
    });
    bench.passes(600).await;
    bench.check_is("first", "Held", "NoRecord");
    bench.retarget("b");
    bench.pass().await;
    bench.check_is("of the second", "Held", "NoRecord");
    bench.decide("SendAgain");
    bench.passes(3600).await;
    bench.check_is("it does not show", "Held", "ProofTimeout");
    bench.check(bench.calls_on("b") == 1, "one call is about the second");
    bench.decide("GiveUp");
    bench.passes(60).await;
    bench.check(bench.outcome() == "GivenUp", "it is given up");
    for path in bench.api.paths(LEDGERS) {
        let ledger = bench.api.get(&path).expect("it is there");
        bench.check(ledger["spec"]["open"].is_null(), "no claim is left");
    }
}

every_kind!(a_backup_that_was_seen_is_asked_about_though_its_label_is_gone: label);

/// What is restored from a backup is shown by a label alone, and a tool that applies the
/// manifest again may remove it before it could be asked about.
async fn label<K: Kind>(case: Case) {
    if case.calls.is_empty() || !K::CALLS.iter().any(|call| call.ledger) {
        return;
    }
    for planned in [false, true] {
        let mut bench = Bench::<K>::new(case, 60);
        let label = |labels: serde_json::Value| {
            let set = |object: &mut serde_json::Value| object["metadata"]["labels"] = labels;
            bench.api.edit(&bench.path, set);
        };
        label(serde_json::json!({"velero.io/restore-name": "nightly"}));
        match (planned, case.busy) {
            (true, _) => bench.edit(|spec| spec["mode"] = "Plan".into()),
            (false, Some(busy)) => bench.cloud.seed(busy()),
            (false, None) => continue,
        }
        bench.pass().await;
        let label = serde_json::Value::Null;
        bench
            .api
            .edit(&bench.path, |object| object["metadata"]["labels"] = label);
        bench.edit(|spec| spec["mode"] = "Execute".into());
        bench.advance(3700);
        bench.during(60).await;
        bench.check_is("without its label", "Held", "NoRecord");
        bench.check(bench.effects() == 0, "nothing is done before it is decided");
    }
}

every_kind!(a_target_edited_while_it_waits_for_its_window_is_observed_from_scratch: in_wait);

/// Nothing was called, so the target may be edited in mode Execute, too.
async fn in_wait<K: Kind>(case: Case) {
    let mut bench = Bench::<K>::new(case, 60);
    let soon = bench.time(600);
    bench.edit(|spec| spec["schedule"] = serde_json::json!({"notBefore": soon}));
    bench.pass().await;
    if bench.state() == "Succeeded" {
        return;
    }
    bench.check(bench.calls() == 0, "it is too early for a call");
    bench.retarget("b");
    bench.passes(7200).await;
    bench.check_is("of the second", "Succeeded", case.done);
    bench.check(bench.is_true("b"), "the cloud shows it of the second");
    bench.check(bench.calls_on("a") == 0, "no call is about the first");
}

every_kind!(a_claim_for_a_target_that_is_not_wanted_any_more_keeps_nobody_waiting: claimed);

/// The process was killed between the claim and the intent, and then the target was
/// edited. Whether the call was made cannot be known, so the next one asks.
async fn claimed<K: Kind>(case: Case) {
    if !K::CALLS.iter().any(|call| call.ledger) {
        return;
    }
    let mut bench = Bench::<K>::new(case, 30 * 24 * 3600);
    bench.pass_before_intent().await;
    bench.check(bench.status()["steps"].is_null(), "no intent was stored");
    bench.check(
        !bench.api.paths(LEDGERS).is_empty(),
        "the target is claimed",
    );
    bench.retarget("b");
    bench.during(3600).await;
    bench.check(
        bench.outcome().is_empty(),
        "its call on the other target is under way",
    );
    let mut other = bench.api.get(&bench.path).expect("it is there");
    other["metadata"] = serde_json::json!({"name": "op2", "namespace": "ns"});
    other["status"] = serde_json::json!({});
    bench.path = bench.path.replace("/op", "/op2");
    bench.api.put(&bench.path.clone(), other);
    bench.retarget("a");
    bench.edit(|spec| spec["operationKey"] = "another".into());
    bench.during(2 * 3600).await;
    bench.check_is("the next one on the first target", "Held", "AnswerUnknown");
    bench.decide("GiveUp");
    bench.during(60).await;
    bench.check(
        bench.calls_on("a") == 1,
        "its own call follows the decision",
    );
}

every_kind!(a_claim_of_a_plan_keeps_nobody_waiting: claimed_and_planned);

/// The process was killed between the claim and the intent, and then the mode became
/// Plan.
async fn claimed_and_planned<K: Kind>(case: Case) {
    if !K::CALLS.iter().any(|call| call.ledger) {
        return;
    }
    let mut bench = Bench::<K>::new(case, 60);
    bench.pass_before_intent().await;
    bench.edit(|spec| spec["mode"] = "Plan".into());
    bench.during(3600).await;
    let first = bench.path.clone();
    let mut other = bench.api.get(&first).expect("it is there");
    other["metadata"] = serde_json::json!({"name": "op2", "namespace": "ns"});
    other["status"] = serde_json::json!({});
    other["spec"]["mode"] = "Execute".into();
    other["spec"]["operationKey"] = "another".into();
    bench.path = first.replace("/op", "/op2");
    bench.api.put(&bench.path.clone(), other);
    bench.during(2 * 3600).await;
    bench.check_is("the next one", "Held", "AnswerUnknown");
    bench.decide("GiveUp");
    bench.passes(3600).await;
    bench.check_is("as decided", "Succeeded", case.done);
    bench.check(bench.effects() == 1, "it is done once");
}

every_kind!(look_again_about_a_call_that_only_the_ledger_has_is_taken: emptied);

async fn emptied<K: Kind>(case: Case) {
    if !K::CALLS.iter().any(|call| call.ledger) {
        return;
    }
    for applied_again in [false, true] {
        let mut bench = Bench::<K>::new(case, 30 * 24 * 3600);
        bench.edit(|spec| spec["verifyTimeout"] = "20m".into());
        bench.pass().await;
        bench.check(bench.calls() == 1, "it is called");
        let path = bench.path.clone();
        let mut object = bench.api.get(&path).expect("it is there");
        object["status"] = serde_json::json!({});
        if applied_again {
            bench.api.delete(&path);
            object["metadata"] = serde_json::json!({"name": "op", "namespace": "ns"});
        }
        bench.api.put(&path, object);
        bench.restart();
        bench.during(5 * 3600).await;
        bench.check_is("not delivered", "Held", "ProofTimeout");
        bench.decide("LookAgain");
        bench.during(1000).await;
        bench.check(bench.state() != "Held", "another 20 min have begun");
        bench.during(600).await;
        bench.check_is("after that", "Held", "ProofTimeout");
        bench.check(bench.calls() == 1, "it is called once");
    }
}

every_kind!(a_decision_about_one_target_sends_nothing_to_another: decided);

/// The restored operation waits for its window with the decision about the first target.
async fn decided<K: Kind>(case: Case) {
    if case.calls.is_empty() || !K::CALLS.iter().any(|call| call.ledger) {
        return;
    }
    let mut bench = Bench::<K>::new(case, 60);
    bench.api.edit(&bench.path, |object| {
        object["metadata"]["labels"] = serde_json::json!({"velero.io/restore-name": "nightly"});
    });
    bench.passes(600).await;
    bench.check_is("restored", "Held", "NoRecord");
    let first = bench.status()["hold"]["id"].clone();
    let later = bench.time(1800);
    bench.edit(|spec| spec["schedule"] = serde_json::json!({"notBefore": later}));
    bench.decide("SendAgain");
    bench.during(60).await;
    bench.retarget("b");
    bench.during(60).await;
    bench.check_is("of the second", "Held", "NoRecord");
    bench.check(
        bench.status()["hold"]["id"] != first,
        "it is another question",
    );
    let events = bench.api.events();
    let withdrawn = events
        .iter()
        .any(|(reason, _)| reason == "QuestionWithdrawn");
    bench.check(withdrawn, "the first question is withdrawn");
    bench.advance(1800);
    bench.during(60).await;
    bench.check(bench.calls() == 0, "nobody has decided about the second");
    bench.decide("SendAgain");
    bench.passes(600).await;
    bench.check_is("as decided", "Succeeded", case.done);
    bench.check(bench.calls_on("b") == 1, "it is called once");
}
