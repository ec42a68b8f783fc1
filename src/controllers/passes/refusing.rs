//! Refusals that change, or that may be a proxy's; and what a restart or a deadline that was
//! not read makes of them.

use errand_engine::Span;
use errand_simulator::{Fault, FaultKind, Reservation, Seed};

use super::bench::HERE;
use super::cases::Case;
use super::told::error;
use super::{Bench, every_kind};
use crate::cloud::Cloud;
use crate::operations::Kind;

/// Unlisted refusals, another one each time.
fn another(case: Case, time: usize) -> FaultKind {
    let (status, code) = match (case.cloud, case.services[0]) {
        (Cloud::Huawei, "dcs.") => (400, format!("DCS.9{time:03}")),
        (Cloud::Huawei, "workspace.") => (400, format!("WKS.9{time:03}")),
        (Cloud::Huawei, _) => (400, format!("CloudDC.9{time:03}")),
        (Cloud::Volcengine, _) => (409, format!("SomethingNew{time}")),
        (Cloud::Tencent, _) => (200, format!("FailedOperation.New{time}")),
    };
    error(status, &code)
}

async fn next<K: Kind>(bench: &mut Bench<K>) {
    bench.pass().await;
    let pause = bench.wake.unwrap_or(Span(1000));
    bench.advance_by(pause);
}

fn retries<K: Kind>() -> bool {
    !K::CALLS.iter().any(|call| call.ledger)
}

every_kind!(a_refusal_with_another_code_each_time_is_blocked_after_three: changing);

async fn changing<K: Kind>(case: Case) {
    if case.name == "pause a refresh" {
        return;
    }
    let call = case.calls.first().copied().filter(|_| retries::<K>());
    for api in [Some(case.services[0]), call].into_iter().flatten() {
        let mut bench = Bench::<K>::new(case, 0);
        for time in 0..8 {
            bench.cloud.clear_faults();
            bench
                .cloud
                .fault(Fault::new(api, another(case, time)).always());
            next(&mut bench).await;
        }
        bench.check_is(api, "Blocked", "CloudRefuses");
        let events = bench.api.events();
        let told = events.iter().filter(|(of, _)| of == "CloudRefuses").count();
        bench.check(told == 1, &format!("{api}: one event: {events:?}"));
    }
}

every_kind!(answers_of_a_proxy_to_a_read_are_told_and_prove_nothing: proxy_reads);

async fn proxy_reads<K: Kind>(case: Case) {
    for status in [302, 400, 403, 404, 405, 410, 418, 451] {
        // What CloudDC says of an instance that is gone has no documented form.
        if case.name == "pause a refresh" || (status == 404 && case.services == ["clouddc."]) {
            continue;
        }
        let mut bench = Bench::<K>::new(case, 0);
        for service in case.services {
            bench
                .cloud
                .fault(Fault::new(*service, error(status, "")).always());
        }
        for _ in 0..6 {
            next(&mut bench).await;
        }
        let what = format!("HTTP {status} without a code");
        bench.check(bench.outcome().is_empty(), &format!("{what}: it has ended"));
        bench.check(bench.summary().contains(&format!("HTTP {status}")), &what);
        bench.check(bench.calls() == 0, &format!("{what}: nothing is sent"));
    }
}

every_kind!(near_a_deadline_that_was_never_read_pauses_are_short: never_read);

/// The reservation was made a minute ago, and the key may not read it.
async fn never_read<K: Kind>(case: Case) {
    if case.name != "cancel a reservation" {
        return;
    }
    for (status, code) in [
        (403, "LackProjectPolicy"),
        (409, "SomethingNew"),
        (401, "InvalidSecretToken"),
    ] {
        let mut bench = Bench::<K>::new(case, 0);
        bench
            .cloud
            .seed(Seed::new().reservation(Reservation::esi("esi-a").region(HERE.1)));
        bench.advance(60);
        bench
            .cloud
            .fault(Fault::new(case.services[0], error(status, code)).always());
        let mut longest = 0;
        for _ in 0..8 {
            bench.pass().await;
            let pause = bench.wake.unwrap_or(Span(1000));
            longest = longest.max(pause.0);
            bench.advance_by(pause);
        }
        bench.check(
            longest <= 30_000,
            &format!("{code}: a pause of {longest} ms"),
        );
    }
}

every_kind!(each_reason_to_block_leaves_one_event_though_the_operator_restarts: blocked_events);

async fn blocked_events<K: Kind>(case: Case) {
    let (status, code) = match (case.cloud, case.services[0]) {
        (Cloud::Huawei, "dcs.") => (403, "DCS.2003"),
        (Cloud::Huawei, "workspace.") => (403, "WKS.9403"),
        (Cloud::Huawei, _) => (403, "CloudDC.0403"),
        (Cloud::Volcengine, _) => (403, "LackPolicy"),
        (Cloud::Tencent, _) => (200, "UnauthorizedOperation.CamNoAuth"),
    };
    let call = case.calls.first().copied();
    for api in [Some(case.services[0]), call].into_iter().flatten() {
        if case.name == "pause a refresh" {
            return;
        }
        let mut bench = Bench::<K>::new(case, 0);
        bench
            .cloud
            .fault(Fault::new(api, error(status, code)).always());
        for _ in 0..6 {
            next(&mut bench).await;
            bench.restart();
        }
        bench.check_is(api, "Blocked", "PermissionDenied");
        let events = bench.api.events();
        let told = events
            .iter()
            .filter(|(of, _)| of == "PermissionDenied")
            .count();
        bench.check(told == 1, &format!("{api}: one event: {events:?}"));
        bench.check(bench.summary().contains(code), "its code");
    }
}
