//! A plan reports what Execute would come to: two operations meet the same, and one of
//! them is executed.

use errand_simulator::{Fault, FaultKind};
use serde_json::json;

use super::bench::{CONNECTION, LEDGERS, SECRET};
use super::cases::Case;
use super::{Bench, every_kind};
use crate::cloud::Cloud;
use crate::operations::Kind;

/// What an operation meets.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Met {
    Nothing,
    NoTarget,
    Invalid,
    PaidForbidden,
    OtherCluster,
    Denied,
    NoSecret,
    WrongKey,
    NoConnection,
    OtherCloud,
    EndpointNotAllowed,
    WindowMissed,
    BeforeWindow,
    Skewed,
    Busy,
    Unavailable,
    LedgerFull,
}

const ALL: [Met; 17] = [
    Met::Nothing,
    Met::NoTarget,
    Met::Invalid,
    Met::PaidForbidden,
    Met::OtherCluster,
    Met::Denied,
    Met::NoSecret,
    Met::WrongKey,
    Met::NoConnection,
    Met::OtherCloud,
    Met::EndpointNotAllowed,
    Met::WindowMissed,
    Met::BeforeWindow,
    Met::Skewed,
    Met::Busy,
    Met::Unavailable,
    Met::LedgerFull,
];

/// An operation that meets it; none: its kind cannot.
fn meeting<K: Kind>(case: Case, met: Met) -> Option<Bench<K>> {
    let offset = if met == Met::Skewed { 12 * 60 } else { 0 };
    let bench = Bench::<K>::with_offset(case, 600, offset);
    match met {
        Met::Nothing | Met::Skewed => {}
        Met::NoTarget => bench.retarget("none"),
        Met::Invalid => bench.edit(case.invalid?),
        Met::PaidForbidden => {
            bench.edit_connection(|spec| spec["policy"]["paidOperations"] = "Forbid".into());
        }
        Met::OtherCluster => {
            bench.edit_connection(|spec| spec["policy"]["clusterId"] = "another".into());
        }
        // BSS apart: what it shows is only a hint.
        Met::Denied => bench.deny(case.services[0]),
        Met::NoSecret => bench.api.delete(SECRET),
        Met::WrongKey => bench.api.edit(SECRET, |secret| {
            let wrong = secret["data"]["accessKey"].clone();
            secret["data"]["secretKey"] = wrong;
        }),
        Met::NoConnection => bench.api.delete(CONNECTION),
        Met::OtherCloud => bench.edit_connection(|spec| {
            let other = match case.cloud {
                Cloud::Huawei => "tencent",
                Cloud::Volcengine | Cloud::Tencent => "huawei",
            };
            for cloud in ["huawei", "volcengine", "tencent"] {
                spec[cloud] = serde_json::Value::Null;
            }
            spec[other] = json!({"region": "in-here-1", "projectId": "0123"});
        }),
        Met::EndpointNotAllowed => bench.edit_connection(|spec| {
            let endpoints = spec["endpoints"].as_object_mut().expect("endpoints");
            for endpoint in endpoints.values_mut() {
                *endpoint = "https://evil.example".into();
            }
        }),
        Met::WindowMissed => {
            let past = bench.time(-60);
            bench.edit(|spec| spec["schedule"] = json!({"notAfter": past}));
        }
        Met::BeforeWindow => {
            let soon = bench.time(7200);
            bench.edit(|spec| spec["schedule"] = json!({"notBefore": soon}));
        }
        Met::LedgerFull => {
            bench.fill_ledger().then_some(())?;
        }
        Met::Busy => bench.cloud.seed((case.busy?)()),
        Met::Unavailable => bench.fault(FaultKind::Error {
            status: 503,
            code: "Test.503".to_owned(),
            message: "unavailable".to_owned(),
        }),
    }
    Some(bench)
}

/// What Execute has to come to, where that is the same for every kind.
fn expected(met: Met, acts: bool) -> Option<&'static str> {
    Some(match met {
        Met::NoTarget => "TargetNotFound",
        Met::Invalid => "InvalidForTarget",
        Met::Denied => "PermissionDenied",
        Met::NoSecret => "CredentialsMissing",
        Met::WrongKey => "CredentialsRejected",
        Met::NoConnection => "ConnectionNotFound",
        Met::OtherCloud => "ConnectionMismatch",
        Met::EndpointNotAllowed => "ConnectionNotReady",
        Met::WindowMissed if acts => "WindowMissed",
        Met::BeforeWindow if acts => "BeforeWindow",
        Met::Unavailable => "CloudUnavailable",
        Met::LedgerFull => "LedgerFull",
        _ => return None,
    })
}

every_kind!(a_plan_reports_what_execute_would_come_to: reports);

async fn reports<K: Kind>(case: Case) {
    for met in ALL {
        let Some(mut executed) = meeting::<K>(case, met) else {
            continue;
        };
        executed.during(300).await;
        let (state, reason) = (executed.state(), executed.reason());
        if let Some(expected) = expected(met, !case.calls.is_empty()) {
            executed.check(
                reason == expected,
                &format!("executed: {met:?}: {expected}"),
            );
        }
        let mut bench = meeting::<K>(case, met).expect("as before");
        bench.edit(|spec| spec["mode"] = "Plan".into());
        bench.during(300).await;
        let what = format!("{met:?}, of which Execute makes {state}/{reason}");
        bench.check(bench.outcome().is_empty(), &format!("{what}: no outcome"));
        bench.check(bench.calls() == 0, &format!("{what}: no call"));
        let ledgers = bench.api.paths(LEDGERS);
        let claims = ledgers.iter().filter_map(|path| bench.api.get(path));
        let mut open = claims.filter(|ledger| !ledger["spec"]["open"].is_null());
        bench.check(open.next().is_none(), &format!("{what}: no claim"));
        let fails = matches!(state.as_str(), "Failed" | "Blocked" | "Held");
        let found = (bench.state(), bench.reason(), bench.conditions());
        let planned = |reason: &str, [ready, stalled]: [&str; 2]| {
            let conditions = [ready, stalled, "Unknown"].map(str::to_owned);
            found == ("Planned".to_owned(), reason.to_owned(), conditions)
        };
        let right = match state.as_str() {
            _ if fails => planned(&reason, ["False", "True"]),
            // What it has to wait for before it knows anything, it waits for.
            "Waiting" if bench.status()["observed"].is_null() => {
                (bench.state(), bench.reason()) == (state, reason)
            }
            // What it waits for after its call, or for the effect, is planned as that.
            "Waiting" => {
                planned(&reason, ["True", "False"]) || planned("PlanReady", ["True", "False"])
            }
            _ => planned("PlanReady", ["True", "False"]),
        };
        bench.check(right, &format!("{what}; the plan: {found:?}"));
        // It can still be edited, and is judged again.
        let mut next = bench;
        next.put_back();
        next.cloud.clear_faults();
        next.retarget("a");
        next.edit(|spec| spec["schedule"] = serde_json::Value::Null);
        if met == Met::Denied {
            next.deny("nothing");
        }
        if matches!(met, Met::Skewed | Met::Busy | Met::LedgerFull) {
            continue;
        }
        // A key that was rejected is tried again after a while.
        next.advance(600);
        next.during(60).await;
        next.check(next.state() == "Planned", &format!("after {what}"));
        next.check(
            next.conditions()[0] == "True",
            &format!("after {what}: Ready"),
        );
    }
}

every_kind!(after_a_call_without_effect_a_plan_reports_what_execute_would_come_to: again);

/// The call was refused, or did not leave; then what it needs is taken away.
async fn again<K: Kind>(case: Case) {
    let Some(call) = case.calls.first() else {
        return;
    };
    let paid = K::CALLS.iter().any(|call| call.payment.is_some());
    for (what, reason) in [
        ("the window has passed", "WindowMissed"),
        ("it may not be paid", "PaidOperationsForbidden"),
    ] {
        if reason == "PaidOperationsForbidden" && !paid {
            continue;
        }
        for throttled in [false, true] {
            for mode in ["Execute", "Plan"] {
                let mut bench = Bench::<K>::new(case, 60);
                match throttled {
                    true => bench.cloud.fault(Fault::new(*call, FaultKind::Throttle)),
                    false => bench.cloud.fault(Fault::new(*call, forbidden(case.cloud))),
                };
                bench.pass().await;
                bench.check(bench.calls() == 1, "it was tried");
                match reason {
                    "WindowMissed" => {
                        let past = bench.time(-60);
                        bench.edit(|spec| spec["schedule"] = json!({"notAfter": past}));
                    }
                    _ => bench.edit_connection(|spec| {
                        spec["policy"]["paidOperations"] = "Forbid".into();
                    }),
                }
                bench.edit(|spec| spec["mode"] = mode.into());
                bench.advance(400);
                bench.during(60).await;
                let what = format!("{mode}, throttled {throttled}: {what}");
                bench.check(bench.reason() == reason, &what);
                let [ready, stalled, _] = bench.conditions();
                bench.check((&*ready, &*stalled) == ("False", "True"), &what);
                bench.check(bench.calls() == 1, "no further call");
                if mode == "Plan" {
                    let ledgers = bench.api.paths(LEDGERS).into_iter();
                    let mut ledgers = ledgers.filter_map(|path| bench.api.get(&path));
                    let free = ledgers.all(|ledger| ledger["spec"]["open"].is_null());
                    bench.check(
                        free,
                        &format!("{what}: a plan keeps nobody from the target"),
                    );
                }
            }
        }
    }
}

/// The key has no right to the call.
fn forbidden(cloud: Cloud) -> FaultKind {
    let (status, code) = match cloud {
        Cloud::Huawei => (403, "APIGW.0302"),
        Cloud::Volcengine => (403, "AccessDenied"),
        Cloud::Tencent => (200, "UnauthorizedOperation.CamNoAuth"),
    };
    FaultKind::Error {
        status,
        code: code.to_owned(),
        message: "forbidden".to_owned(),
    }
}
