//! A user who may write the status of objects in one namespace writes there what is not
//! so. A claim is neither released nor changed by it, and no id of it leads anywhere.

use errand_simulator::{Fault, FaultKind};
use serde_json::{Value, json};

use super::bench::LEDGERS;
use super::cases::Case;
use super::{Bench, CONNECTION, every_kind};
use crate::controllers::connections::place;
use crate::operations::{Call, Kind, Place};

fn has_a_ledger<K: Kind>() -> bool {
    K::CALLS.iter().any(|call| call.ledger)
}

/// The operation with a call that had an effect and whose answer was lost; its ledger. The
/// effect shows so many seconds later.
async fn lost<K: Kind>(case: Case, late: u32) -> (Bench<K>, Value) {
    lost_with(case, late, FaultKind::DropAfter).await
}

async fn lost_with<K: Kind>(case: Case, late: u32, lost: FaultKind) -> (Bench<K>, Value) {
    let mut bench = Bench::<K>::new(case, late);
    bench.cloud.fault(Fault::new(case.calls[0], lost));
    bench.pass().await;
    let ledger = ledger(&bench);
    assert!(ledger["spec"]["open"].is_object(), "{ledger:#}");
    (bench, ledger)
}

fn ledger<K: Kind>(bench: &Bench<K>) -> Value {
    let ledgers = bench.api.paths(LEDGERS);
    assert_eq!(ledgers.len(), 1, "{ledgers:?}");
    bench.api.get(&ledgers[0]).expect("it is there")
}

/// An object of that name and namespace with the victim's ledger and call in its status,
/// and that answer. The API server gives it a uid of its own.
fn forged<K: Kind>(bench: &Bench<K>, namespace: &str, name: &str, answer: &str) -> K::Object {
    let mut object = bench.api.get(&bench.path).expect("the victim");
    let ledger = ledger(bench);
    object["metadata"]["name"] = name.into();
    object["metadata"]["namespace"] = namespace.into();
    object["metadata"]["uid"] = json!(null);
    object["status"]["ledgerRef"] = json!({"name": ledger["metadata"]["name"]});
    let step = &mut object["status"]["steps"][0];
    step["id"] = ledger["spec"]["open"]["stepId"].clone();
    step["answer"] = answer.into();
    step["ids"] = json!({"order_id": "CS0000000000000000"});
    let path = bench
        .path
        .replace("/namespaces/ns/", &format!("/namespaces/{namespace}/"));
    let path = path.replace("/op", &format!("/{name}"));
    bench.api.put(&path, object);
    let object = bench.api.get(&path).expect("it was put there");
    bench.api.delete(&path);
    serde_json::from_value(object).expect("an object")
}

every_kind!(a_deleted_object_with_a_forged_status_changes_no_claim: forged_and_deleted);

async fn forged_and_deleted<K: Kind>(case: Case) {
    if !has_a_ledger::<K>() {
        return;
    }
    for answer in ["Refused", "NotSent", "Accepted"] {
        for namespace in ["attacker", "ns"] {
            let (mut bench, before) = lost::<K>(case, 60).await;
            let what = format!("{answer} of {namespace}");
            let forged = forged::<K>(&bench, namespace, "forged", answer);
            bench.deleted(forged).await;
            bench.check(
                ledger(&bench) == before,
                &format!("{what}: the claim stays"),
            );
            // The victim's manifest is deleted and applied again.
            bench.delete_and_apply_again().await;
            bench.passes(7200).await;
            let placed = bench.effects();
            bench.check(placed <= 1, &format!("{what}: {placed} orders were placed"));
            bench.check(bench.calls() == 1, &format!("{what}: it is called once"));
        }
    }
}

every_kind!(a_forged_refusal_of_the_own_call_releases_nothing: forged_refusal);

async fn forged_refusal<K: Kind>(case: Case) {
    if !has_a_ledger::<K>() {
        return;
    }
    for answer in ["Refused", "NotSent"] {
        for restart in [false, true] {
            for deleted in [false, true] {
                // Nothing but the ledger tells that there may be an order.
                let (mut bench, _) = lost_with::<K>(case, 60, FaultKind::DropBefore).await;
                bench.forge(|status| {
                    let step = &mut status["steps"][0];
                    step["answer"] = answer.into();
                    step["httpStatus"] = 400.into();
                    step["code"] = "WKS.0001".into();
                    step["reading"] = "Terminal".into();
                });
                if restart {
                    bench.restart();
                }
                if deleted {
                    bench.delete_and_apply_again().await;
                }
                bench.passes(7200).await;
                let what = format!("{answer}, restart {restart}, deleted {deleted}");
                bench.check(bench.calls() == 1, &format!("{what}: it is not sent again"));
                bench.check_is(&what, "Held", "AnswerUnknown");
            }
        }
    }
}

every_kind!(a_refusal_that_the_ledger_has_needs_no_question: honest_refusal);

/// The process was killed between the two writes that follow a refusal.
async fn honest_refusal<K: Kind>(case: Case) {
    if !has_a_ledger::<K>() {
        return;
    }
    let mut bench = Bench::<K>::new(case, 0);
    let busy = FaultKind::Error {
        status: 409,
        code: "WKS.00010032".to_owned(),
        message: "busy".to_owned(),
    };
    bench.cloud.fault(Fault::new(case.calls[0], busy));
    bench.api.take_for_invalid(Some("/status/steps/0/answer"));
    bench.pass().await;
    bench.api.take_for_invalid(None);
    let open = ledger(&bench)["spec"]["open"].clone();
    bench.check(
        open["answer"] == "Refused",
        "the ledger has the refusal first",
    );
    bench.restart();
    bench.passes(7200).await;
    bench.check_is("it goes on by itself", "Succeeded", case.done);
    bench.check(bench.calls() == 2, "it is called again");
}

every_kind!(a_forged_name_or_id_leads_nowhere_and_is_told: forged_names);

async fn forged_names<K: Kind>(case: Case) {
    let long = "a".repeat(300);
    for odd in [
        "a/b",
        "..",
        "../../../api",
        "%2e%2e%2fx",
        "a?b=c",
        "a\u{1B}[2J\u{202E}",
        &long,
    ] {
        if has_a_ledger::<K>() {
            let (mut bench, before) = lost::<K>(case, 7200).await;
            let calls = bench.cloud.journal().all_calls().len();
            bench.forge(|status| status["steps"][0]["ids"] = json!({"order_id": odd}));
            bench.passes(600).await;
            let asked: Vec<String> = paths(&bench).split_off(calls);
            let led = |path: &String| path.contains("orders/customer-orders/details");
            bench.check(
                !asked.iter().any(led),
                &format!("{odd:?} is not asked about: {asked:?}"),
            );
            let told = bench.summary();
            let shown = crate::text::line(odd, 64);
            bench.check(told.contains(&shown), &format!("{odd:?} is told"));
            bench.check(
                ledger(&bench)["spec"]["open"] == before["spec"]["open"],
                "the claim stays",
            );
            bench.check(bench.calls() == 1, "it is called once");
        }
        // A ledger of that name is not looked for, and nothing is concluded.
        let mut bench = Bench::<K>::new(case, 60);
        bench.forge(|status| {
            status["ledgerRef"] = json!({"name": odd});
            status["hold"] = json!({
                "id": "h-00000001", "reason": "AnswerUnknown", "question": "OrphanUnknown",
                "choices": ["AssumeDone", "GiveUp"], "since": "2026-11-22T02:30:00Z",
            });
        });
        bench.decide("GiveUp");
        bench.api.delete(super::bench::CONNECTION);
        bench.pass().await;
        bench.check(
            bench.api.strange_paths().is_empty(),
            &format!("{odd:?} in a path"),
        );
    }
}

fn paths<K: Kind>(bench: &Bench<K>) -> Vec<String> {
    let journal = bench.cloud.journal();
    let calls = journal.all_calls().iter();
    calls.map(|call| call.path.clone()).collect()
}

every_kind!(a_forged_question_ends_no_claim_of_another_namespace: forged_question);

async fn forged_question<K: Kind>(case: Case) {
    if !has_a_ledger::<K>() {
        return;
    }
    for connected in [false, true] {
        // The victim was deleted while its call was under way.
        let (mut bench, before) = lost::<K>(case, 60).await;
        let open = &before["spec"]["open"];
        let mut forged = bench.api.get(&bench.path).expect("it is there");
        bench.api.delete(&bench.path);
        bench.move_claim_to("victim");
        forged["status"] = json!({
            "state": "Held",
            "ledgerRef": {"name": before["metadata"]["name"]},
            "hold": {
                "id": "h-00000001", "reason": "AnswerUnknown", "question": "OrphanUnknown",
                "choices": ["AssumeDone", "GiveUp"], "about": open["stepId"],
                "since": "2026-11-22T02:30:00Z",
            },
        });
        forged["spec"]["operationKey"] = "another".into();
        let resolution = json!({"holdId": "h-00000001", "decision": "GiveUp"});
        forged["spec"]["resolution"] = resolution;
        bench.api.put(&bench.path, forged);
        if !connected {
            bench.api.delete(super::bench::CONNECTION);
        }
        // The cloud refuses the attacker's key, or there is none.
        bench.fault(FaultKind::Error {
            status: 401,
            code: "APIGW.0301".to_owned(),
            message: "no".to_owned(),
        });
        bench.pass().await;
        let open_now = &ledger(&bench)["spec"]["open"];
        let what = format!("connected {connected}");
        bench.check(
            open_now["stepId"] == open["stepId"],
            &format!("{what}: the claim stays"),
        );
        // Nor is anything of another tenant told.
        let told = bench.status().to_string();
        let (namespace, name) = ("victim", "\"op\"");
        bench.check(
            !told.contains(namespace) && !told.contains(name),
            &format!("{what}: {told}"),
        );
    }
}

every_kind!(a_call_that_status_was_changed_about_before_it_left_is_not_sent: changed);

/// The intent is stored, and its call does not leave at once. Whoever may write status
/// changes it, with a digest that fits.
async fn changed<K: Kind>(case: Case) {
    let Some(call) = case.calls.first() else {
        return;
    };
    let (ours, other) = ((case.id)("a"), (case.id)("b"));
    let to_other = |step: &mut Value, place: &Place| {
        let arguments = step["call"]["arguments"].to_string();
        step["call"]["arguments"] =
            serde_json::from_str(&arguments.replace(&ours, &other)).expect("arguments");
        redigest::<K>(step, place);
    };
    let unused = |step: &mut Value, place: &Place| {
        step["call"]["arguments"]["more"] = "x".into();
        redigest::<K>(step, place);
    };
    let id = |step: &mut Value, _: &Place| step["id"] = "another-1".into();
    type Forge<'a> = &'a dyn Fn(&mut Value, &Place);
    let changes: [(&str, Forge<'_>); 3] = [
        ("its target", &to_other),
        ("an argument that the request leaves out", &unused),
        ("its id", &id),
    ];
    for (what, change) in changes {
        let mut bench = Bench::<K>::new(case, 600);
        bench.cloud.fault(Fault::new(*call, FaultKind::Throttle));
        bench.pass().await;
        bench.check(bench.calls() == 1, "it was tried");
        let connection = bench.api.get(CONNECTION).expect("it is there");
        let connection = serde_json::from_value(connection).expect("a connection");
        let place = place(&bench.context().connections.endpoints, &connection, "ns");
        bench.forge(|status| change(&mut status["steps"][0], &place));
        bench.during(120).await;
        let text = format!("{what} was changed: {}", bench.summary());
        bench.check(bench.calls() == 1 && bench.effects() == 0, &text);
        bench.check(bench.reason() == "IntentNotStored", &text);
    }
}

/// The digest of the call that stands there.
fn redigest<K: Kind>(step: &mut Value, place: &Place) {
    let record = serde_json::from_value(step.clone()).expect("a step");
    let call = Call::recorded(K::CALLS, &record).expect("a call of the kind");
    // What leads to no request has none.
    step["requestDigest"] = json!(call.digest(place).ok());
}
