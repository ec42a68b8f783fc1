//! Every question that a kind can be held for, with every decision that it offers, and
//! everything that can be in the way.

use errand_engine::Hold;
use errand_simulator::{Fault, FaultKind, RefreshActivity, RefreshStatus, Seed};

use super::bench::{CONNECTION, HERE, LEDGERS, SECRET};
use super::cases::Case;
use super::{Bench, every_kind};
use crate::api::Reason;
use crate::controllers::status::every_question;
use crate::operations::{Kind, code, reason_of_code};

/// What is in the way.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Free,
    /// The cloud is busy with the target.
    Busy,
    Unavailable,
    /// The cloud's answers are not understood.
    Unreadable,
    Suspended,
    SuspendedByConnection,
    NoSecret,
    NoConnection,
    /// The ledgers cannot be read.
    NoLedger,
}

const WAYS: [Way; 9] = [
    Way::Free,
    Way::Busy,
    Way::Unavailable,
    Way::Unreadable,
    Way::Suspended,
    Way::SuspendedByConnection,
    Way::NoSecret,
    Way::NoConnection,
    Way::NoLedger,
];

fn put<K: Kind>(bench: &Bench<K>, way: Way) {
    match way {
        Way::Free => {}
        Way::Busy => {
            if let Some(busy) = bench.case.busy {
                bench.cloud.seed(busy());
            }
        }
        Way::Unavailable => bench.fault(FaultKind::Error {
            status: 500,
            code: "Test.500".to_owned(),
            message: "a fault".to_owned(),
        }),
        Way::Unreadable => bench.fault(FaultKind::BadBody),
        Way::Suspended => bench.edit(|spec| spec["suspend"] = true.into()),
        Way::SuspendedByConnection => {
            bench.edit_connection(|spec| spec["policy"]["suspend"] = true.into());
        }
        Way::NoSecret => bench.api.delete(SECRET),
        Way::NoConnection => bench.api.delete(CONNECTION),
        Way::NoLedger => bench.api.refuse(Some(LEDGERS)),
    }
}

fn remove<K: Kind>(bench: &Bench<K>, way: Way) {
    match way {
        Way::Free => {}
        Way::Busy => bench.advance(3700),
        Way::Unavailable | Way::Unreadable => bench.cloud.clear_faults(),
        Way::Suspended => bench.edit(|spec| spec["suspend"] = false.into()),
        Way::NoLedger => bench.api.refuse(None),
        Way::SuspendedByConnection | Way::NoSecret | Way::NoConnection => bench.put_back(),
    }
}

/// The operation held for that; none: this case is not held for it.
async fn held<K: Kind>(case: Case, hold: Hold) -> Option<Bench<K>> {
    let ledger = K::CALLS.iter().any(|call| call.ledger);
    let mut bench = match hold {
        // What is stopped is paused when its batch has ended, however long that takes.
        Hold::ProofTimeout if !case.calls.is_empty() && case.done != "Paused" => {
            let bench = Bench::<K>::new(case, 30 * 24 * 3600);
            bench.edit(|spec| spec["verifyTimeout"] = "10m".into());
            bench
        }
        Hold::AnswerUnknown if ledger => {
            let bench = Bench::<K>::new(case, 60);
            let lost = Fault::new(case.calls[0], FaultKind::DropBefore);
            bench.cloud.fault(lost);
            bench
        }
        Hold::OrphanUnknown if ledger => {
            let mut bench = Bench::<K>::new(case, 60);
            let lost = Fault::new(case.calls[0], FaultKind::DropBefore);
            bench.cloud.fault(lost);
            bench.pass().await;
            // Deleted, and made again as another operation.
            let mut object = bench.api.get(&bench.path)?;
            bench.api.delete(&bench.path);
            object["spec"]["operationKey"] = "another".into();
            object["status"] = serde_json::json!({});
            bench.api.put(&bench.path, object);
            bench
        }
        Hold::NoRecord if ledger => {
            let bench = Bench::<K>::new(case, 60);
            bench.api.edit(&bench.path, |object| {
                object["metadata"]["labels"] =
                    serde_json::json!({"velero.io/restore-name": "nightly"});
            });
            bench
        }
        Hold::LedgerConflict if ledger => {
            let mut bench = Bench::<K>::new(case, 30 * 24 * 3600);
            // Where BSS tells how far the order is, that is what is waited for.
            bench.deny("bss.");
            bench.pass().await;
            for ledger in bench.api.paths(LEDGERS) {
                bench.api.delete(&ledger);
            }
            bench
        }
        Hold::OfKind(asked)
            if asked == code(Reason::DESIRED_STATE_UNREACHABLE)
                && case.done == "Cancelled"
                && K::QUESTIONS.iter().any(|own| code(own.reason) == asked) =>
        {
            let mut bench = Bench::<K>::new(case, 0);
            bench.passes(600).await;
            bench.check_is("first", "Succeeded", "Cancelled");
            let wanted = match case.calls[0].starts_with("as.") {
                true => "Completed",
                false => "Delivered",
            };
            bench.edit(|spec| spec["desiredState"] = wanted.into());
            bench
        }
        Hold::OfKind(asked) if case.done == "Completed" => {
            let bench = Bench::<K>::new(case, 60);
            let status = match reason_of_code(asked)?.word() {
                "RefreshPausedAtBatch" => RefreshStatus::ManualPause,
                "RefreshPausedOnFailure" => RefreshStatus::FailedPause,
                _ => return None,
            };
            let activity = RefreshActivity::new("asg-a", "asr-a").batches(3, 60);
            let activity = activity.region(HERE.1).standing(status, 2);
            bench.cloud.seed(Seed::new().refresh(activity));
            bench
        }
        _ => return None,
    };
    bench.passes(4 * 3600).await;
    bench.check(bench.state() == "Held", &format!("held for {hold:?}"));
    Some(bench)
}

every_kind!(each_decision_is_taken_or_kept_with_what_is_in_the_way: decided);

async fn decided<K: Kind>(case: Case) {
    for hold in every_question() {
        let Some(bench) = held::<K>(case, hold).await else {
            continue;
        };
        let question = bench.status()["hold"].clone();
        let choices = question["choices"].as_array().cloned().unwrap_or_default();
        bench.check(!choices.is_empty(), "there is a choice");
        for choice in &choices {
            let choice = choice.as_str().expect("a word");
            for way in WAYS {
                if way == Way::Busy && case.busy.is_none() {
                    continue;
                }
                let bench = held::<K>(case, hold).await.expect("as before");
                decide(bench, hold, choice, way).await;
            }
        }
    }
}

async fn decide<K: Kind>(mut bench: Bench<K>, hold: Hold, choice: &str, way: Way) {
    let what = format!("{hold:?}, {choice}, {way:?}");
    put(&bench, way);
    // The obstacle is there before the decision is.
    bench.advance(60);
    bench.during(10).await;
    if bench.status()["hold"].is_null() {
        let events = bench.api.events();
        let told = events
            .iter()
            .any(|(reason, _)| reason == "QuestionWithdrawn");
        bench.check(told, &format!("{what}: withdrawn with an event"));
        return;
    }
    let (id, calls) = (bench.status()["hold"]["id"].clone(), bench.calls());
    bench.decide(choice);
    let taken = |bench: &Bench<K>| {
        let status = bench.status();
        status["hold"]["id"] != id || status["lastHandledHoldId"] == id
    };
    let ledger = K::CALLS.iter().any(|call| call.ledger);
    if matches!(choice, "GiveUp" | "AssumeDone") && (way != Way::NoLedger || !ledger) {
        bench.pass().await;
        bench.check(taken(&bench), &format!("{what}: taken at once"));
        let outcome = match choice {
            "GiveUp" => "GivenUp",
            _ => "AssumedDone",
        };
        // A decision about an operation that is gone does not end this one.
        if hold != Hold::OrphanUnknown {
            bench.check(bench.outcome() == outcome, &format!("{what}: {outcome}"));
        }
        bench.check(bench.calls() == calls || hold == Hold::OrphanUnknown, &what);
        return;
    }
    bench.during(30).await;
    if !taken(&bench) {
        let free = way == Way::Free || way == Way::NoLedger && !ledger;
        bench.check(!free, &format!("{what}: taken within 30 s"));
        let kept = format!("The decision {choice} is kept");
        bench.check(bench.summary().contains(&kept), &format!("{what}: kept"));
        bench.check(bench.calls() == calls, &format!("{what}: no call"));
        let object = bench.api.get(&bench.path).expect("it is there");
        let given = &object["spec"]["resolution"]["holdId"];
        bench.check(*given == id, &format!("{what}: not used up"));
        remove(&bench, way);
        bench.during(60).await;
        bench.check(taken(&bench), &format!("{what}: taken afterwards"));
    }
}
