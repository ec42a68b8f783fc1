//! The cloud lets no call through, and somebody else brings about what is wanted.

use errand_simulator::{Fault, FaultKind};

use super::cases::Case;
use super::{Bench, every_kind};
use crate::controllers::dispatch::{Told, Work as _};
use crate::operations::Kind;

every_kind!(a_call_that_was_never_sent_brought_nothing_about: by_others);

async fn by_others<K: Kind>(case: Case) {
    let Some((by_others, reason)) = case.by_others.filter(|_| !case.calls.is_empty()) else {
        return;
    };
    let mut bench = Bench::<K>::new(case, 60);
    for call in case.calls {
        let throttled = Fault::new(*call, FaultKind::Throttle).always();
        bench.cloud.fault(throttled);
    }
    bench.passes(120).await;
    bench.check(bench.calls() > 0, "it was tried");
    by_others(&bench.cloud);
    let effects = bench.effects();
    bench.passes(3600).await;
    let state = match reason {
        "AlreadyPrepaid" => "Failed",
        _ => "Succeeded",
    };
    bench.check_is("somebody else did it", state, reason);
    bench.check(bench.effects() == effects, "no call of ours did anything");
}

every_kind!(an_end_that_the_pass_did_not_hear_of_is_told: unheard);

/// The final status is stored, and the answers to that and to the next read are lost. The
/// watch shows the end while the pass is still under way.
async fn unheard<K: Kind>(case: Case) {
    if case.calls.is_empty() {
        return;
    }
    let mut bench = Bench::<K>::new(case, 90);
    while bench.calls() < case.calls.len() {
        bench.pass().await;
        bench.advance(30);
    }
    bench.check(bench.outcome().is_empty(), "it does not show yet");
    bench.advance(120);
    let path = bench.path.clone();
    bench.api.lose_answers(Some(&path));
    let told = |bench: &Bench<K>| {
        let events = bench.api.events();
        events
            .iter()
            .filter(|(reason, _)| reason == case.done)
            .count()
    };
    for _ in 0..20 {
        if bench.outcome().is_empty() {
            bench.pass().await;
            bench.advance(30);
        }
    }
    bench.check(!bench.outcome().is_empty(), "the end is stored");
    bench.check(told(&bench) == 0, "and not known to be");
    bench.api.lose_answers(None);
    bench.shown_during_a_pass().await;
    bench.check(told(&bench) == 1, "it is told once");
    bench.shown_during_a_pass().await;
    bench.check(told(&bench) == 1, "it is told once");
}

every_kind!(an_edit_while_the_end_is_told_is_seen: edited);

/// The pass that ends it is writing its event when a person asks for a fresh look, and the
/// watch shows that.
async fn edited<K: Kind>(case: Case) {
    let bench = Bench::<K>::new(case, 0);
    let operations = bench.operations();
    let (api, path, working) = (bench.api.clone(), bench.path.clone(), operations.clone());
    operations.shown(bench.object());
    bench.api.at_event(move || {
        api.edit(&path, |object| {
            object["metadata"]["annotations"]["errand.cloud/reconcile-requested-at"] = "x".into();
        });
        let object = api.get(&path).expect("it is there");
        working.shown(serde_json::from_value(object).expect("an object"));
    });
    for _ in 0..40 {
        bench.dispatched(&operations).await;
        bench.advance(30);
        if bench.status()["lastHandledReconcileAt"] == "x" {
            break;
        }
    }
    bench.check(!bench.outcome().is_empty(), "it has ended");
    let seen = bench.status()["lastHandledReconcileAt"].clone();
    bench.check(seen == "x", "the edit was seen");
}

every_kind!(a_request_for_a_look_is_seen_however_long_it_is: requested);

async fn requested<K: Kind>(case: Case) {
    let bench = Bench::<K>::new(case, 0);
    let operations = bench.operations();
    operations.shown(bench.object());
    for end in ["1", "2"] {
        bench.api.edit(&bench.path, |object| {
            let value = "x".repeat(100) + end;
            object["metadata"]["annotations"]["errand.cloud/reconcile-requested-at"] = value.into();
        });
        for woken in [true, false] {
            let (_, told) = operations.shown(bench.object());
            bench.check(matches!(told, Told::Wake(..)) == woken, end);
        }
    }
}

every_kind!(an_intent_is_sent_though_the_reply_to_its_write_was_lost: written_unheard);

async fn written_unheard<K: Kind>(case: Case) {
    if case.calls.is_empty() {
        return;
    }
    let mut bench = Bench::<K>::new(case, 90);
    let path = bench.path.clone();
    bench.api.lose_answers(Some(&path));
    bench.pass().await;
    bench.api.lose_answers(None);
    let steps = bench.status()["steps"].as_array().map_or(0, Vec::len);
    bench.check(
        steps == 1 && bench.calls() == 0,
        "the intent is stored, and not sent",
    );
    bench.during(60).await;
    bench.check(bench.calls() == 1, "it was sent");
    bench.passes(3600).await;
    bench.check_is("after a lost reply", "Succeeded", case.done);
    bench.check(bench.calls() <= case.calls.len(), "each call was made once");
}
