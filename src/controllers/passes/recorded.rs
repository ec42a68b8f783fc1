//! What is planned is what is claimed, recorded and sent: one value.

use std::collections::BTreeSet;

use errand_engine::Class;
use errand_simulator::{Fault, FaultKind};
use serde_json::{Value, json};

use super::bench::LEDGERS;
use super::cases::Case;
use super::{Bench, CONNECTION, every_kind};
use crate::api::{CloudConnection, StepStatus};
use crate::cloud::Protocol;
use crate::controllers::connections::place;
use crate::operations::{Call, Kind};

every_kind!(each_call_is_planned_claimed_recorded_and_sent_as_one_value: one_value);

async fn one_value<K: Kind>(case: Case) {
    let mut bench = Bench::<K>::new(case, 0);
    bench.edit(|spec| spec["mode"] = "Plan".into());
    bench.pass().await;
    let planned = bench.status()["plan"]["calls"].clone();
    bench.edit(|spec| spec["mode"] = "Execute".into());
    bench.passes(3600).await;
    let steps = bench.status()["steps"].clone();
    let steps: Vec<StepStatus> = serde_json::from_value(steps).unwrap_or_default();
    bench.check(steps.is_empty() == case.calls.is_empty(), "it called");
    let recorded: Vec<Value> = steps.iter().map(|step| json!(step.call)).collect();
    let planned = planned.as_array().cloned().unwrap_or_default();
    let what = format!("planned {planned:?}, recorded {recorded:?}");
    bench.check(planned.first() == recorded.first(), &what);
    for step in &steps {
        let claims = bench.api.paths(LEDGERS).into_iter();
        let claims = claims.filter_map(|path| bench.api.get(&path));
        let claimed: Vec<Value> = claims
            .flat_map(|ledger| {
                let entries = ledger["spec"]["entries"].as_array().cloned();
                let open = ledger["spec"]["open"].clone();
                entries.unwrap_or_default().into_iter().chain([open])
            })
            .filter(|claim| claim["stepId"] == step.id)
            .map(|claim| claim["call"].clone())
            .collect();
        let rules = K::CALLS.iter().find(|rules| rules.name == step.name);
        let expected = usize::from(rules.is_some_and(|rules| rules.ledger));
        let same = claimed.iter().all(|call| *call == json!(step.call));
        bench.check(
            same && claimed.len() == expected,
            "it is claimed as recorded",
        );
        sent(&bench, step);
    }
}

/// The request that the record leads to is, with the token, the one that arrived.
fn sent<K: Kind>(bench: &Bench<K>, step: &StepStatus) {
    let connection = bench.api.get(CONNECTION).expect("it is there");
    let connection: CloudConnection = serde_json::from_value(connection).expect("a connection");
    let place = place(&bench.context().connections.endpoints, &connection, "ns");
    let call = Call::recorded(K::CALLS, step).expect("a call of the kind");
    let digest = call.digest(&place).expect("valid ids");
    bench.check(Some(&digest) == step.request_digest.as_ref(), "the digest");
    let mutation = call.rules.mutation;
    let draft = call.draft(&place).expect("valid ids");
    let token = step.token.as_deref().unwrap_or_default();
    let draft = draft.with_token(mutation, token).expect("a valid token");
    let journal = bench.cloud.journal();
    let arrived = journal.all_calls().iter();
    let mut arrived = arrived.filter(|call| call.api.ends_with(&format!(".{}", mutation.name)));
    let pairs = |query: &str| -> BTreeSet<String> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs.map(str::to_owned).collect()
    };
    let mut query: BTreeSet<String> = draft
        .query
        .pairs()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if let Protocol::Volcengine(actions) = mutation.service.protocol {
        query.insert(format!("Action={}", mutation.name));
        query.insert(format!("Version={}", actions.version));
    }
    let found = arrived.any(|call| {
        let path = draft.path.as_ref().map_or("/", |path| path.as_str());
        call.path == path && pairs(&call.query) == query && call.request_body == draft.body
    });
    bench.check(found, &format!("{draft:?} arrived as recorded"));
}

every_kind!(a_plan_announces_no_call_that_is_under_way: under_way);

async fn under_way<K: Kind>(case: Case) {
    // One that may be sent again is announced again.
    let never = K::CALLS.iter().all(|call| call.class == Class::Never);
    let Some(call) = case.calls.first().filter(|_| never) else {
        return;
    };
    let mut bench = Bench::<K>::new(case, 600);
    bench.cloud.fault(Fault::new(*call, FaultKind::DropAfter));
    bench.pass().await;
    bench.check(bench.calls() == 1, "it called");
    bench.edit(|spec| spec["mode"] = "Plan".into());
    bench.advance(60);
    bench.pass().await;
    let plan = bench.status()["plan"].clone();
    let again = plan["steps"].as_array().cloned().unwrap_or_default();
    bench.check(again.is_empty(), &plan.to_string());
}

every_kind!(a_plan_shows_its_call_while_that_of_a_deleted_object_is_resolved: after_an_orphan);

async fn after_an_orphan<K: Kind>(case: Case) {
    if !K::CALLS.iter().any(|call| call.ledger) {
        return;
    }
    let mut bench = Bench::<K>::new(case, 0);
    bench.claim_of_others(false);
    bench.edit(|spec| spec["mode"] = "Plan".into());
    bench.pass().await;
    let plan = bench.status()["plan"].clone();
    let whole = plan["paid"] == true && plan["calls"].as_array().is_some_and(|all| all.len() == 1);
    bench.check(whole, &format!("{}: {plan}", bench.reason()));
}
