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
mod places;
mod plans;
mod refused;
mod refused_status;
mod seen;
mod targets;
mod told;
mod twice;
mod unclear;
mod unsent;

use self::bench::Bench;

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
