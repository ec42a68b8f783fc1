//! What the cloud says is shown: an answer that is in no table, to a read and to a call,
//! from the first one on, and until something else is known.

use errand_simulator::{Fault, FaultKind, Reservation, Seed};

use super::cases::Case;
use super::{Bench, every_kind};
use crate::cloud::Cloud;
use crate::cloud::server::{Server, answer};
use crate::operations::{Kind, Object as _};

/// A refusal that is in no table.
pub(super) fn unlisted(case: Case) -> (FaultKind, &'static str) {
    let (status, code) = match (case.cloud, case.services[0]) {
        (Cloud::Huawei, "dcs.") => (400, "DCS.9999"),
        (Cloud::Huawei, "workspace.") => (400, "WKS.0001"),
        (Cloud::Huawei, _) => (400, "CloudDC.9999"),
        (Cloud::Volcengine, _) => (409, "SomethingNew"),
        (Cloud::Tencent, _) => (200, "FailedOperation.SomethingNew"),
    };
    (error(status, code), code)
}

pub(super) fn error(status: u16, code: &str) -> FaultKind {
    FaultKind::Error {
        status,
        code: code.to_owned(),
        message: "the account balance is too low".to_owned(),
    }
}

/// The summary and the field say what the cloud said to that.
pub(super) fn says<K: Kind>(bench: &Bench<K>, code: &str, what: &str) {
    let (summary, error) = (bench.summary(), bench.status()["lastCloudError"].clone());
    bench.check(summary.contains(code), &format!("{what}: the code"));
    bench.check(
        summary.contains("balance is too low"),
        &format!("{what}: the message"),
    );
    bench.check(error["code"] == code, &format!("{what}: {error}"));
    bench.check(
        error["message"] == "the account balance is too low",
        &format!("{what}: {error}"),
    );
    bench.check(error["call"].is_string(), &format!("{what}: {error}"));
}

every_kind!(a_read_that_is_refused_is_reported_as_refused_with_its_code: read_refused);

async fn read_refused<K: Kind>(case: Case) {
    if case.name == "pause a refresh" {
        // It completes meanwhile.
        return;
    }
    let (refused, code) = unlisted(case);
    let mut bench = Bench::<K>::new(case, 0);
    let service = case.services[0];
    bench.cloud.fault(Fault::new(service, refused).always());
    for state in ["Waiting", "Waiting", "Blocked"] {
        bench.pass().await;
        bench.check_is("refused", state, "CloudRefuses");
        says(&bench, code, state);
        bench.check(
            !bench.summary().contains("cannot be reached"),
            "it is reached",
        );
        let pause = bench.wake.map_or(0, |wake| wake.0);
        // A deadline that was never read may be near.
        let long = match K::Object::DEADLINE {
            Some(_) => 30_000,
            None => 300_000,
        };
        bench.check((pause == long) == (state == "Blocked"), "the pause");
        bench.advance(pause / 1000);
    }
    bench.check(bench.conditions()[1] == "True", "it is Stalled");
    // Another process goes on from there.
    bench.restart();
    bench.pass().await;
    bench.check_is("after a restart", "Blocked", "CloudRefuses");
    bench.cloud.clear_faults();
    bench.advance(300);
    bench.during(3600).await;
    bench.check(bench.state() == "Succeeded", "once it is accepted");
    let error = bench.status()["lastCloudError"].clone();
    bench.check(error.is_null(), &format!("it has gone: {error}"));
}

every_kind!(a_call_that_is_refused_says_so_from_the_first_time_on: call_refused);

async fn call_refused<K: Kind>(case: Case) {
    if case.calls.is_empty() || case.name == "pause a refresh" {
        return;
    }
    let (refused, code) = unlisted(case);
    let mut bench = Bench::<K>::new(case, 0);
    bench
        .cloud
        .fault(Fault::new(case.calls[0], refused).always());
    bench.pass().await;
    bench.check_is("refused once", "Verifying", "ResolvingAnswer");
    says(&bench, code, "refused once");
    bench.during(60).await;
    if K::CALLS.iter().any(|call| call.ledger) {
        bench.passes(4 * 3600).await;
        bench.check_is("refused", "Held", "AnswerUnknown");
        says(&bench, code, "Held");
        bench.check(bench.calls() == 1, "it is not repeated");
        return;
    }
    bench.check_is("refused three times", "Blocked", "CloudRefuses");
    says(&bench, code, "Blocked");
    bench.check(bench.calls() == 3, "three times so far");
    bench.during(1200).await;
    bench.check_is("later", "Blocked", "CloudRefuses");
    bench.check((5..=8).contains(&bench.calls()), "every five minutes");
    bench.cloud.clear_faults();
    bench.advance(300);
    bench.during(3600).await;
    bench.check(bench.state() == "Succeeded", "once it is accepted");
    let error = bench.status()["lastCloudError"].clone();
    bench.check(error.is_null(), &format!("it has gone: {error}"));
}

every_kind!(retries_stay_short_while_the_cloud_takes_the_call_for_a_short_time: near_its_end);

/// A reservation of this kind can be cancelled for 30 minutes.
async fn near_its_end<K: Kind>(case: Case) {
    if case.name != "cancel a reservation" {
        return;
    }
    for (status, code, reason) in [
        (409, "SomethingNew", "CloudRefuses"),
        (403, "LackProjectPolicy", "PermissionDenied"),
    ] {
        let mut bench = Bench::<K>::new(case, 0);
        let order = Reservation::esi("esi-a").region(super::bench::HERE.1);
        bench.cloud.seed(Seed::new().reservation(order));
        let refused = error(status, code);
        bench
            .cloud
            .fault(Fault::new(case.calls[0], refused).always());
        bench.during(1200).await;
        bench.check_is(code, "Blocked", reason);
        says(&bench, code, "near its end");
        bench.check(bench.calls() >= 38, &format!("{}", bench.calls()));
        bench.cloud.clear_faults();
        bench.during(60).await;
        bench.check_is("in time", "Succeeded", case.done);
    }
}

every_kind!(what_is_read_anew_replaces_what_the_cloud_said_before: replaced);

/// A read is refused, then a call is; each is what is shown then.
async fn replaced<K: Kind>(case: Case) {
    if case.calls.is_empty() {
        return;
    }
    let (refused, code) = unlisted(case);
    let mut bench = Bench::<K>::new(case, 60);
    bench
        .cloud
        .fault(Fault::new(case.services[0], error(503, "Fault.1")));
    bench.cloud.fault(Fault::new(case.services[0], refused));
    bench.pass().await;
    bench.check(
        bench.status()["lastCloudError"].is_null(),
        "a fault that passes is not reported",
    );
    bench.advance(1);
    bench.pass().await;
    says(&bench, code, "the read");
    bench.advance(2);
    bench.pass().await;
    bench.check(bench.calls() == 1, "it is called");
    bench.check(
        bench.status()["lastCloudError"].is_null(),
        "it was accepted",
    );
}

every_kind!(an_effect_is_seen_soon_after_it_is_there: soon);

/// Jobs of 1 s, 10 s and 10 min, with pauses as the engine gives them.
async fn soon<K: Kind>(case: Case) {
    if case.calls.is_empty() || case.name == "pause a refresh" {
        return;
    }
    for (job, most, observations) in [(1, 2, 4), (10, 4, 12), (600, 31, 600 / 30 + 18)] {
        let mut bench = Bench::<K>::new(case, job);
        let (mut after, mut passes) = (0, 0);
        loop {
            bench.pass().await;
            passes += 1;
            let Some(pause) = bench.wake.filter(|_| bench.outcome().is_empty()) else {
                break;
            };
            bench.advance_by(pause);
            after += pause.0;
        }
        bench.check_is(&format!("{job} s"), "Succeeded", case.done);
        let late = after - i64::from(job) * 1000;
        bench.check(late <= most * 1000, &format!("{job} s: {late} ms late"));
        bench.check(
            passes <= observations,
            &format!("{job} s: {passes} observations"),
        );
    }
}

every_kind!(a_connection_that_does_not_fit_is_blocked_after_a_minute: unfit);

async fn unfit<K: Kind>(case: Case) {
    for missing in [true, false] {
        let mut bench = Bench::<K>::new(case, 0);
        let reason = match missing {
            true => {
                bench.api.delete(super::bench::CONNECTION);
                "ConnectionNotFound"
            }
            false => {
                bench.edit_connection(|spec| {
                    let endpoints = spec["endpoints"].as_object_mut().expect("endpoints");
                    endpoints
                        .values_mut()
                        .for_each(|at| *at = "https://elsewhere.example".into());
                });
                "ConnectionNotReady"
            }
        };
        bench.pass().await;
        bench.check_is("at first", "Waiting", reason);
        bench.check(
            bench.wake.is_some_and(|wake| wake.0 <= 60_000),
            "soon again",
        );
        bench.advance(61);
        for restart in [false, true] {
            if restart {
                bench.restart();
            }
            bench.pass().await;
            bench.check_is("after a minute", "Blocked", reason);
            bench.check(bench.conditions()[1] == "True", "it is Stalled");
        }
        let events = bench.api.events();
        let told = events.iter().filter(|(of, _)| of == reason).count();
        bench.check(told == 1, &format!("one event: {events:?}"));
        bench.put_back();
        bench.passes(3600).await;
        bench.check(bench.state() == "Succeeded", "with the connection");
    }
}

every_kind!(what_blocks_leaves_one_event_for_each_reason: events);

async fn events<K: Kind>(case: Case) {
    let (refused, _) = unlisted(case);
    let api = case.calls.first().copied().unwrap_or(case.services[0]);
    if K::CALLS.iter().any(|call| call.ledger) {
        return;
    }
    let mut bench = Bench::<K>::new(case, 0);
    bench.cloud.fault(Fault::new(api, refused).always());
    bench.during(1500).await;
    if bench.outcome().is_empty() {
        bench.check_is("refused", "Blocked", "CloudRefuses");
        let events = bench.api.events();
        let told = events.iter().filter(|(of, _)| of == "CloudRefuses").count();
        bench.check(told == 1, &format!("one event: {events:?}"));
        bench.api.delete(super::bench::CONNECTION);
        bench.during(400).await;
        bench.check_is("then", "Blocked", "ConnectionNotFound");
        let events = bench.api.events();
        let told = events.iter().filter(|(of, _)| of == "ConnectionNotFound");
        bench.check(told.count() == 1, &format!("another event: {events:?}"));
    }
}

every_kind!(what_the_cloud_adds_to_its_message_is_reported: details);

async fn details<K: Kind>(case: Case) {
    if case.services[0] != "workspace." {
        return;
    }
    let body = serde_json::json!({
        "error_code": "WKS.0403", "error_msg": "Access denied.", "request_id": "r-1",
        "error_detail": "Policy doesn't allow ims:images:list to be performed.",
        "encoded_authorization_message": "RU5DT0RFRA==",
    });
    let server = Server::answering(vec![answer(403, &body.to_string()); 4]);
    let mut bench = Bench::<K>::new(case, 0);
    bench.admit(&["127.0.0.1"]);
    let origin = server.origin().to_owned();
    bench.edit_connection(|spec| spec["endpoints"]["workspace"] = origin.into());
    for restart in [false, true] {
        if restart {
            bench.restart();
        }
        bench.pass().await;
        bench.check_is("denied", "Blocked", "PermissionDenied");
        let error = bench.status()["lastCloudError"].clone();
        for (name, said) in [
            (
                "detail",
                "Policy doesn't allow ims:images:list to be performed.",
            ),
            ("encodedAuthorizationMessage", "RU5DT0RFRA=="),
            ("requestId", "r-1"),
        ] {
            bench.check(error[name] == said, &format!("{name}: {error}"));
        }
        let named = bench.summary().contains("the permission ims:images:list.");
        bench.check(named, "the permission that the cloud names");
        bench.advance(300);
    }
}

every_kind!(the_request_id_is_reported_and_a_repeat_does_not_change_it: request_id);

async fn request_id<K: Kind>(case: Case) {
    let (refused, _) = unlisted(case);
    let mut bench = Bench::<K>::new(case, 0);
    bench
        .cloud
        .fault(Fault::new(case.services[0], refused).always());
    bench.pass().await;
    let first = bench.status()["lastCloudError"]["requestId"].clone();
    bench.check(first.is_string(), &format!("it is there: {first}"));
    bench.advance(60);
    bench.pass().await;
    let again = bench.status()["lastCloudError"]["requestId"].clone();
    bench.check(again == first, "the same answer has the same id");
}
