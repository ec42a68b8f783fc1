//! Whole reconcile passes of every kind of operation, without a process: the API server
//! keeps its objects in memory, the clouds are the simulated ones, and time passes when
//! the test says so. Each test goes through every kind, and so does every fault.

mod bench;
mod cache;
mod cases;
mod clouds;
mod codes;
mod connections;
mod decisions;
mod forged;
mod hostile;
mod money;
mod on_time;
mod others;
mod permissions;
mod places;
mod plans;
mod recorded;
mod refused;
mod refused_status;
mod refusing;
mod seen;
mod targets;
mod told;
mod twice;
mod unclear;
mod unsent;

use self::bench::{Bench, CONNECTION};

/// A test of an async function `f::<K>(Case)`, for every case of every kind.
macro_rules! every_kind {
    ($(#[$meta:meta])* $name:ident: $function:ident) => {
        $(#[$meta])*
        #[test]
        fn $name() {
            struct Each;
            impl crate::operations::Visitor for Each {
                type Output = ();

                fn visit<K: crate::operations::Kind>(&mut self) {
                    for case in crate::controllers::passes::cases::cases::<K>() {
                        crate::controllers::fake_api::block_on($function::<K>(case));
                    }
                }
            }
            crate::operations::each_kind(&mut Each);
            crate::controllers::passes::bench::conclude();
        }
    };
}
use every_kind;

every_kind!(every_kind_ends_well_where_nothing_goes_wrong: ends_well);

async fn ends_well<K: crate::operations::Kind>(case: cases::Case) {
    for late in [0, 90] {
        let mut bench = Bench::<K>::new(case, late);
        bench.passes(3600).await;
        bench.check_is("with nothing in the way", "Succeeded", case.done);
        bench.check(bench.is_true("a"), "the cloud shows it");
        bench.check(bench.calls() <= case.calls.len(), "each call was made once");
        bench.check(bench.calls_on("b") == 0, "the other target was left alone");
    }
}

every_kind!(no_condition_keeps_the_time_of_the_schemas_default: times);

/// The API server gives a new object that status.
async fn times<K: crate::operations::Kind>(case: cases::Case) {
    let none = "1970-01-01T00:00:00Z";
    let not_yet = |types: &[&str]| {
        let one = |type_: &&str| {
            serde_json::json!({
                "type": type_, "status": "Unknown", "reason": "Pending", "message": "",
                "lastTransitionTime": none,
            })
        };
        serde_json::Value::from_iter(types.iter().map(one))
    };
    let mut bench = Bench::<K>::new(case, 90);
    let of_operations = ["Ready", "Succeeded", "Reconciling", "Stalled", "Suspended"];
    bench.forge(|status| {
        *status = serde_json::json!({"state": "Pending", "conditions": not_yet(&of_operations)});
    });
    bench.api.edit(CONNECTION, |connection| {
        connection["status"] = serde_json::json!({"conditions": not_yet(&["Ready"])});
    });
    let connection = bench.api.get(CONNECTION).expect("it is there");
    bench.pass_of_connection(connection).await;
    bench.pass().await;
    let connection = bench.api.get(CONNECTION).expect("it is there");
    for status in [bench.status(), connection["status"].clone()] {
        let all = status["conditions"].as_array().expect("conditions");
        let kept = |one: &serde_json::Value| one["lastTransitionTime"] == none;
        bench.check(
            !all.is_empty() && !all.iter().any(kept),
            &status.to_string(),
        );
    }
}
