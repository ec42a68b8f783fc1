//! What the administrators of the operator allow to be paid, for every kind.

use errand_simulator::{Fault, FaultKind};
use serde_json::json;

use super::bench::NAMESPACES;
use super::cases::Case;
use super::{Bench, every_kind};
use crate::api::PaidOperations::{self, AutomaticPayment, Forbid, ManualPayment};
use crate::controllers::Ceiling;
use crate::operations::Kind;

fn is_paid<K: Kind>() -> bool {
    K::CALLS.iter().any(|call| call.payment.is_some())
}

fn ceiling(paid_operations: PaidOperations, selector: Option<&str>) -> Ceiling {
    Ceiling {
        paid_operations,
        namespaces: selector.map(|text| text.parse().expect("a selector")),
    }
}

/// A ceiling, the labels of the namespace, and what the message has to name.
const FORBIDDING: [(PaidOperations, Option<&str>, &str); 3] = [
    (Forbid, None, "--paid-operations"),
    (ManualPayment, Some("pays=yes"), "--paid-operations"),
    (
        AutomaticPayment,
        Some("pays=no"),
        "--paid-namespace-selector",
    ),
];

every_kind!(a_call_that_costs_money_is_not_sent_beyond_the_ceiling: beyond);

async fn beyond<K: Kind>(case: Case) {
    for (payment, selector, flag) in FORBIDDING {
        for mode in ["Execute", "Plan"] {
            let mut bench = Bench::<K>::new(case, 60);
            bench.label_namespace(json!({"pays": "yes"}));
            bench.restart_under(ceiling(payment, selector));
            bench.edit(|spec| {
                spec["mode"] = mode.into();
                if !spec["payment"].is_null() {
                    spec["payment"] = "Automatic".into();
                }
            });
            bench.during(300).await;
            let what = format!("{mode} under {payment} {selector:?}");
            if !is_paid::<K>() {
                let reason = bench.reason();
                let free = reason != "PaidOperationsForbidden";
                bench.check(free, &format!("{what}: it costs nothing"));
                continue;
            }
            let state = match mode {
                "Plan" => "Planned",
                _ => "Blocked",
            };
            bench.check_is(&what, state, "PaidOperationsForbidden");
            let [ready, stalled, _] = bench.conditions();
            bench.check((&*ready, &*stalled) == ("False", "True"), &what);
            let told = bench.summary().contains(flag);
            bench.check(told, &format!("{what}: {flag} is named"));
            bench.check(bench.calls() == 0, &format!("{what}: no call"));
            // Its administrators allow it.
            bench.restart_under(ceiling(AutomaticPayment, Some("pays=yes")));
            bench.during(3600).await;
            match mode {
                "Plan" => bench.check_is(&what, "Planned", "PlanReady"),
                _ => bench.check_is(&what, "Succeeded", case.done),
            }
        }
    }
}

every_kind!(what_was_sent_is_followed_to_its_end_whatever_the_ceiling: followed);

/// The answer is recorded, or lost; or the process ends before it records it.
async fn followed<K: Kind>(case: Case) {
    let Some(call) = case.calls.first() else {
        return;
    };
    for lost in [false, true] {
        let mut bench = Bench::<K>::new(case, 600);
        if lost {
            bench.cloud.fault(Fault::new(*call, FaultKind::DropAfter));
        }
        bench.pass().await;
        bench.check(bench.calls() == 1, "it was called");
        bench.restart_under(ceiling(Forbid, None));
        bench.during(4 * 3600).await;
        let what = format!("sent before the ceiling was lowered, the answer lost: {lost}");
        bench.check_is(&what, "Succeeded", case.done);
        bench.check(
            bench.calls() == 1 || !is_paid::<K>(),
            &format!("{what}: one order"),
        );
    }
}

every_kind!(an_unsent_call_is_judged_again_by_the_ceiling_of_now: unsent);

/// Its intent is stored, and the cloud is too busy to take it.
async fn unsent<K: Kind>(case: Case) {
    let Some(call) = case.calls.first().filter(|_| is_paid::<K>()) else {
        return;
    };
    let mut bench = Bench::<K>::new(case, 60);
    bench.label_namespace(json!({"pays": "yes"}));
    bench.restart_under(ceiling(AutomaticPayment, Some("pays=yes")));
    bench.cloud.fault(Fault::new(*call, FaultKind::Throttle));
    bench.pass().await;
    bench.check(bench.calls() == 1, "it was tried");
    let steps = bench.status()["steps"].as_array().map_or(0, Vec::len);
    bench.check(steps == 1, "the intent is stored");
    bench.label_namespace(json!({"pays": "no longer"}));
    bench.advance(60);
    bench.during(600).await;
    bench.check_is("it may not pay now", "Blocked", "PaidOperationsForbidden");
    bench.check(bench.calls() == 1, "no further call");
    bench.label_namespace(json!({"pays": "yes"}));
    bench.during(3600).await;
    bench.check_is("it may pay again", "Succeeded", case.done);
    bench.check(bench.effects() == 1, "it had its effect once");
}

every_kind!(the_last_check_before_the_bytes_leave_is_about_money_too: last);

/// The connection forbids it while the intent is being stored.
async fn last<K: Kind>(case: Case) {
    if !is_paid::<K>() {
        return;
    }
    let mut bench = Bench::<K>::new(case, 60);
    let status = format!("{}/status", bench.path);
    bench.connection_at_write(&status, |spec| {
        spec["policy"]["paidOperations"] = "Forbid".into();
    });
    bench.pass().await;
    let steps = bench.status()["steps"].as_array().map_or(0, Vec::len);
    bench.check(steps == 1, "the intent is stored");
    bench.check(bench.calls() == 0, "nothing has left");
    bench.edit_connection(|spec| spec["policy"]["paidOperations"] = "Forbid".into());
    bench.advance(60);
    bench.during(60).await;
    bench.check_is("its reason", "Blocked", "PaidOperationsForbidden");
    bench.check(bench.calls() == 0, "nothing has left");
}

every_kind!(labels_that_cannot_be_read_pass_and_are_told_if_they_do_not: unread);

async fn unread<K: Kind>(case: Case) {
    if !is_paid::<K>() {
        return;
    }
    let mut bench = Bench::<K>::new(case, 60);
    bench.label_namespace(json!({"pays": "yes"}));
    bench.restart_under(ceiling(AutomaticPayment, Some("pays=yes")));
    bench.api.refuse(Some(&format!("{NAMESPACES}?")));
    bench.during(120).await;
    bench.check_is(
        "the labels are unknown",
        "Blocked",
        "PaidOperationsForbidden",
    );
    let told = bench.summary().contains("cannot be read");
    bench.check(told, "the message says so");
    bench.check(bench.calls() == 0, "no call");
    bench.api.refuse(None);
    bench.during(3600).await;
    bench.check_is("they can be read", "Succeeded", case.done);
}

every_kind!(a_decision_to_send_again_is_judged_by_the_ceiling_of_now: again);

/// The call was lost on its way, and the user has it sent again.
async fn again<K: Kind>(case: Case) {
    let Some(call) = case.calls.first().filter(|_| is_paid::<K>()) else {
        return;
    };
    let mut bench = Bench::<K>::new(case, 60);
    bench.cloud.fault(Fault::new(*call, FaultKind::DropBefore));
    bench.during(4 * 3600).await;
    bench.check_is("no effect shows", "Held", "AnswerUnknown");
    bench.restart_under(ceiling(Forbid, None));
    bench.decide("SendAgain");
    bench.during(600).await;
    bench.check(bench.calls() == 1, "it is not sent again");
    let told = bench.summary().contains("--paid-operations");
    bench.check(told, "the message says what is in the way");
    bench.restart_under(ceiling(AutomaticPayment, None));
    bench.during(3600).await;
    bench.check_is("it is allowed", "Succeeded", case.done);
    bench.check(bench.effects() == 1, "it had its effect once");
}
