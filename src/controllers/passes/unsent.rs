//! The cloud lets no call through, and somebody else brings about what is wanted.

use errand_simulator::{Fault, FaultKind};

use super::cases::Case;
use super::{Bench, every_kind};
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
