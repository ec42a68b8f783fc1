//! In time: refusals for the rate of requests are told at once, calls of every class end as
//! refused, pauses are short near a deadline of the cloud, and an answer that does not
//! concern the key is not told as the key's.

use errand_engine::Span;
use errand_simulator::{DcsInstance, Fault, FaultKind, PendingChange, Reservation, Seed, When};

use super::bench::HERE;
use super::cases::Case;
use super::told::{error, says, unlisted};
use super::{Bench, every_kind};
use crate::cloud::Cloud;
use crate::operations::Kind;

/// A refusal for the rate of requests, in other words each time.
fn too_often(case: Case, time: usize) -> FaultKind {
    let (status, code) = match case.cloud {
        Cloud::Huawei => (429, "APIGW.0308"),
        Cloud::Volcengine => (429, "FlowLimitExceeded"),
        Cloud::Tencent => (200, "RequestLimitExceeded"),
    };
    FaultKind::Error {
        status,
        code: code.to_owned(),
        message: format!("slow down, request {time}"),
    }
}

every_kind!(a_throttled_request_is_told_at_once_and_its_repeats_cost_no_write: throttled);

async fn throttled<K: Kind>(case: Case) {
    if case.name == "pause a refresh" {
        // It completes meanwhile.
        return;
    }
    let call = case.calls.first().copied();
    for api in [Some(case.services[0]), call].into_iter().flatten() {
        let mut bench = Bench::<K>::new(case, 0);
        let mut versions = Vec::new();
        for time in 0..20 {
            bench.cloud.clear_faults();
            let refused = Fault::new(api, too_often(case, time)).always();
            bench.cloud.fault(refused);
            bench.pass().await;
            bench.check_is(api, "Waiting", "Throttled");
            let error = bench.status()["lastCloudError"].clone();
            let code = error["code"].as_str().unwrap_or("HTTP 429").to_owned();
            bench.check(bench.summary().contains(&code), &format!("{api}: {error}"));
            // CloudDC has no codes, and a proxy may have written what has none.
            let worded = bench.summary().contains("slow down");
            bench.check(worded || api == "clouddc.", "its message");
            bench.check(bench.conditions()[1] == "False", "it is not Stalled");
            versions.push(bench.version());
            bench.advance_by(bench.wake.unwrap_or(Span(1000)));
        }
        versions.dedup();
        // The condition Paid of an order follows its intent with the next observation.
        let paid = Some(api) == call && K::CALLS.iter().any(|call| call.payment.is_some());
        let writes = 1 + usize::from(paid);
        bench.check(versions.len() == writes, &format!("{api}: {versions:?}"));
        bench.cloud.clear_faults();
        bench.during(600).await;
        bench.check(bench.state() == "Succeeded", "let through");
        let error = bench.status()["lastCloudError"].clone();
        bench.check(error.is_null(), &format!("it has gone: {error}"));
    }
}

every_kind!(a_resume_that_the_cloud_refuses_three_times_is_blocked: resumed);

/// Of class provable: it is repeated once it is certain that the one before did nothing.
async fn resumed<K: Kind>(case: Case) {
    if case.name != "cancel a refresh" {
        return;
    }
    let mut bench = Bench::<K>::new(case, 0);
    bench.edit(|spec| spec["desiredState"] = "Completed".into());
    bench.pass().await;
    bench.check_is("it stands still", "Held", "RefreshPausedAtBatch");
    let (refused, code) = unlisted(case);
    let resume = "as.ResumeInstanceRefresh";
    bench.cloud.fault(Fault::new(resume, refused).always());
    bench.decide("Continue");
    let calls = |bench: &Bench<K>| bench.cloud.journal().calls(resume);
    let mut reached = false;
    for _ in 0..400 {
        bench.pass().await;
        let blocked = (bench.state(), bench.reason()) == ("Blocked".into(), "CloudRefuses".into());
        bench.check(blocked == (calls(&bench) >= 3), "after three");
        bench.check(bench.state() != "Held", "it is not asked again");
        reached |= blocked;
        if calls(&bench) >= 5 {
            break;
        }
        bench.advance_by(bench.wake.unwrap_or(Span(1000)));
    }
    bench.check(reached && calls(&bench) >= 5, "it is tried again");
    says(&bench, code, "Blocked");
    bench.check(bench.conditions()[1] == "True", "it is Stalled");
    bench.cloud.clear_faults();
    bench.during(3 * 3600).await;
    bench.check_is("once it is accepted", "Succeeded", "Completed");
    bench.check(calls(&bench) == 6, "it is let go on once");
}

every_kind!(near_a_deadline_of_the_cloud_every_pause_is_short_and_ends_before_it: near);

async fn near<K: Kind>(case: Case) {
    let (refused, _) = unlisted(case);
    let denied = match case.cloud {
        Cloud::Huawei => (403, "DCS.2003"),
        Cloud::Volcengine => (403, "LackProjectPolicy"),
        Cloud::Tencent => return,
    };
    let on_the_way = [
        FaultKind::Throttle,
        error(503, "Fault.1"),
        refused,
        error(denied.0, denied.1),
        FaultKind::DropBefore,
    ];
    for fault in on_the_way {
        for api in [case.services[0], case.calls.first().copied().unwrap_or("")] {
            let mut bench = Bench::<K>::new(case, 0);
            let Some(deadline) = with_a_deadline(&mut bench).await else {
                return;
            };
            let placed = bench.calls() > 0;
            if api.is_empty() || placed && Some(&api) == case.calls.first() {
                continue;
            }
            bench.cloud.fault(Fault::new(api, fault.clone()).always());
            bench.pass().await;
            // A pass lets some time go by.
            while bench.now() + 5_000 < deadline {
                let (pause, left) = (bench.wake.map_or(0, |w| w.0), deadline - bench.now());
                let what = format!("{api} {fault:?}: {pause} ms, {left} ms before it");
                bench.check((1..=30_000).contains(&pause), &what);
                bench.check(pause <= left + 5_000, &what);
                bench.advance_by(Span(pause));
                bench.pass().await;
            }
            bench.check(bench.outcome().is_empty(), "it was not done");
        }
    }
}

/// The target as it is some minutes before a deadline; and when that is.
async fn with_a_deadline<K: Kind>(bench: &mut Bench<K>) -> Option<i64> {
    const LEFT: i64 = 300;
    let mut deadline = bench.now() + LEFT * 1000;
    match bench.case.name {
        "cancel a resize by taskId" => {
            let window = (bench.time(LEFT), bench.time(LEFT + 3600));
            let of_day = |time: &serde_json::Value| {
                let text = time.as_str().unwrap_or_default();
                text.get(11..19).unwrap_or_default().to_owned()
            };
            let change = PendingChange::new("task-a", "redis.larger", 10 * 3600);
            let instance = DcsInstance::new("dcs-a")
                .window(of_day(&window.0), of_day(&window.1))
                .change(change.created(When::In(-3600)));
            bench.cloud.seed(Seed::new().dcs(HERE.0, instance));
            planned(bench).await;
        }
        "cancel a reservation" => {
            let order = Reservation::esi("esi-a").region(HERE.1);
            bench.cloud.seed(Seed::new().reservation(order));
            bench.advance(1800 - LEFT);
            deadline = bench.now() + LEFT * 1000;
            planned(bench).await;
        }
        "order another product" => {
            bench.edit(|spec| spec["payment"] = "Manual".into());
            bench.during(60).await;
            bench.check_is("placed", "Waiting", "WaitingForPayment");
            let until = bench.status()["observed"]["paymentDeadline"].clone();
            let until = until.as_str().and_then(|text| text.parse().ok());
            deadline = until.map_or(0, jiff::Timestamp::as_millisecond);
            bench.advance_by(Span(deadline - LEFT * 1000 - bench.now()));
        }
        _ => return None,
    }
    Some(deadline)
}

/// The target is observed, and nothing is sent yet.
async fn planned<K: Kind>(bench: &mut Bench<K>) {
    bench.edit(|spec| spec["mode"] = "Plan".into());
    bench.pass().await;
    bench.edit(|spec| spec["mode"] = "Execute".into());
}

every_kind!(an_answer_of_401_without_a_code_is_told_as_that_and_not_as_a_bad_key: uncoded);

/// A proxy answers so. It may be a bad signature all the same, and is not made often.
async fn uncoded<K: Kind>(case: Case) {
    if case.cloud == Cloud::Tencent {
        // It has one status for every answer.
        return;
    }
    for code in ["", "unauthorized"] {
        if case.cloud != Cloud::Huawei && !code.is_empty() {
            // Their codes are all of one form.
            continue;
        }
        let mut bench = Bench::<K>::new(case, 0);
        bench.fault(FaultKind::Error {
            status: 401,
            code: code.to_owned(),
            message: "log in to the proxy".to_owned(),
        });
        let label = if code.is_empty() { "HTTP 401" } else { code };
        let mut since = 0;
        for time in 0..40 {
            bench.pass().await;
            bench.check(bench.reason() == "CloudRefuses", "as a refusal");
            let error = bench.status()["lastCloudError"].clone();
            bench.check(error["httpStatus"] == 401, &error.to_string());
            bench.check(error["call"].is_string(), &error.to_string());
            bench.check(bench.summary().contains(label), label);
            let false_cause = ["does not accept the key", "is not accepted", "valid one"];
            let told = false_cause
                .iter()
                .any(|part| bench.summary().contains(part));
            bench.check(!told, "nothing is said of the key");
            bench.check((bench.state() == "Blocked") == (time >= 2), "after three");
            let pause = bench.wake.unwrap_or(Span(1000));
            bench.advance_by(pause);
            since += pause.0 / 1000;
        }
        let connection = bench.api.get(super::CONNECTION).expect("it is there");
        bench.pass_of_connection(connection).await;
        let connection = bench.api.get(super::CONNECTION).expect("it is there");
        let told = connection.to_string();
        bench.check(!told.contains("CredentialsRejected"), &told);
        if case.cloud == Cloud::Huawei {
            // At most three in five minutes may be bad signatures.
            let asked = bench.cloud.journal().all_calls().len();
            let most = usize::try_from(since / 100).unwrap_or(0) + 3;
            let what = format!("{asked} requests in {since} s");
            bench.check((4..=most).contains(&asked), &what);
        }
        bench.cloud.clear_faults();
        bench.advance(300);
        bench.during(3600).await;
        bench.check(bench.state() == "Succeeded", "once it is accepted");
    }
}
