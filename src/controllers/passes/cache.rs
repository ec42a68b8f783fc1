//! The watch has gone silent: what it showed last is not what is there.

use errand_simulator::{Fault, FaultKind};

use super::bench::CONNECTION;
use super::cases::Case;
use super::{Bench, every_kind};
use crate::operations::Kind;

/// An operation whose call is throttled for now, with what the watch shows of it.
async fn throttled<K: Kind>(case: Case, call: &str) -> (Bench<K>, serde_json::Value) {
    let mut bench = Bench::<K>::new(case, 60);
    bench
        .cloud
        .fault(Fault::new(call, FaultKind::Throttle).always());
    bench.pass().await;
    bench.check(bench.calls() == 1, "the gateway has refused it for now");
    let shown = bench.api.get(&bench.path).expect("it is there");
    (bench, shown)
}

every_kind!(an_intent_that_stands_there_is_not_sent_from_a_cache_alone: behind);

async fn behind<K: Kind>(case: Case) {
    let Some(call) = case.calls.first() else {
        return;
    };
    for change in ["suspended", "in mode Plan", "deleted"] {
        let (mut bench, shown) = throttled::<K>(case, call).await;
        match change {
            "suspended" => bench.edit(|spec| spec["suspend"] = true.into()),
            "deleted" => bench.api.delete(&bench.path),
            _ => bench.edit(|spec| spec["mode"] = "Plan".into()),
        }
        bench.cloud.clear_faults();
        bench.advance(300);
        bench.pass_of(shown).await;
        bench.check(bench.calls() == 1, &format!("{change}, so it is not sent"));
        bench.check(bench.effects() == 0, &format!("{change}: nothing was done"));
    }
}

every_kind!(an_intent_that_stands_there_is_not_sent_through_a_cached_connection: connection);

async fn connection<K: Kind>(case: Case) {
    let Some(call) = case.calls.first() else {
        return;
    };
    for change in ["suspended", "changed", "deleted"] {
        let (mut bench, shown) = throttled::<K>(case, call).await;
        match change {
            "deleted" => bench.api.delete(CONNECTION),
            change => bench.api.edit(CONNECTION, |connection| {
                let policy = &mut connection["spec"]["policy"];
                match change {
                    "suspended" => policy["suspend"] = true.into(),
                    _ => policy["paidOperations"] = "Never".into(),
                }
            }),
        }
        bench.cloud.clear_faults();
        bench.advance(300);
        bench.pass_of(shown).await;
        let what = format!("the connection is {change}, so nothing is sent");
        bench.check(bench.calls() == 1, &what);
        bench.check(bench.effects() == 0, &what);
    }
}
