//! A later call is refused for good, and an earlier one had an effect or may have had one.

use errand_simulator::{
    BssReadings, DesktopChange, DesktopOrderSeed, Fault, FaultKind, OrderAction, Readings,
    RefreshActivity,
};
use errand_simulator::{Rewrite, RewrittenValue, Seed};

use super::bench::HERE;
use super::cases::{Case, LARGER};
use super::{Bench, every_kind};
use crate::operations::Kind;

fn error(status: u16, code: &str) -> FaultKind {
    FaultKind::Error {
        status,
        code: code.to_owned(),
        message: "refused".to_owned(),
    }
}

every_kind!(a_refused_repeat_says_nothing_of_the_call_before_it: repeated);

/// The first order was placed and its answer lost; a person has it sent again.
async fn repeated<K: Kind>(case: Case) {
    if !K::CALLS.iter().any(|call| call.ledger) {
        return;
    }
    for denied in [false, true] {
        let mut bench = Bench::<K>::new(case, 7200);
        bench.edit(|spec| spec["payment"] = "Manual".into());
        let mut seed = Seed::new();
        seed.readings = Some(Readings {
            bss: BssReadings {
                visible_after: 24 * 3600,
                ..BssReadings::default()
            },
            ..Readings::default()
        });
        bench.cloud.seed(seed);
        if denied {
            bench.deny("bss.");
        }
        let lost = Fault::new(case.calls[0], FaultKind::DropAfter);
        bench.cloud.fault(lost);
        bench.passes(4 * 3600).await;
        bench.check_is("its answer was lost", "Held", "AnswerUnknown");
        let first = bench.status()["hold"]["id"].clone();
        bench.decide("SendAgain");
        let refused = Fault::new(case.calls[0], error(400, "WKS.00010099"));
        bench.cloud.fault(refused.always());
        bench.during(4 * 3600).await;
        bench.check_is("refused for good", "Held", "AnswerUnknown");
        bench.check(bench.status()["hold"]["id"] != first, "it is asked anew");
        bench.check(bench.calls() == 2, "it was sent again once");
        let before = bench.status()["hold"]["id"].clone();
        bench.during(4 * 3600).await;
        bench.check(
            bench.status()["hold"]["id"] == before,
            "the question stands",
        );
        // The object goes, and another operation comes.
        bench.cloud.clear_faults();
        let mut object = bench.api.get(&bench.path).expect("it is there");
        bench.api.delete(&bench.path);
        object["spec"]["operationKey"] = "another".into();
        object["status"] = serde_json::json!({});
        bench.api.put(&bench.path, object);
        bench.during(60).await;
        bench.check(bench.effects() == 1, "nothing is ordered unattended");
    }
}

every_kind!(an_order_that_was_found_stands_though_its_repeat_was_refused: found);

/// The first order is found after its repeat was refused; then BSS does not show it.
async fn found<K: Kind>(case: Case) {
    if !K::CALLS.iter().any(|call| call.ledger) {
        return;
    }
    for refused in [error(400, "WKS.00010099"), error(409, "WKS.00010032")] {
        for hidden in [error(403, "CBC.9999"), error(404, "CBC.0404")] {
            let mut bench = Bench::<K>::new(case, 7200);
            bench.edit(|spec| spec["payment"] = "Manual".into());
            let denied = Fault::new("bss.", error(403, "CBC.9999")).always();
            bench.cloud.fault(denied);
            let lost = Fault::new(case.calls[0], FaultKind::DropAfter);
            bench.cloud.fault(lost);
            bench.passes(4 * 3600).await;
            bench.check_is("its answer was lost", "Held", "AnswerUnknown");
            bench.decide("SendAgain");
            let repeat = Fault::new(case.calls[0], refused.clone()).times(2);
            bench.cloud.fault(repeat);
            bench.during(40).await;
            bench.cloud.clear_faults();
            bench
                .cloud
                .fault(Fault::new(case.calls[0], refused.clone()));
            bench.during(120).await;
            let calls = bench.calls();
            bench.cloud.clear_faults();
            bench.cloud.fault(Fault::new("bss.", hidden).always());
            bench.during(1800).await;
            bench.check(
                bench.state() != "Failed",
                "the order that was found is open",
            );
            bench.check(bench.effects() == 1, "no second order");
            bench.check(bench.calls() == calls, "nothing more is sent");
        }
    }
}

every_kind!(a_repeat_is_not_sent_beside_an_order_of_others_that_opened_meanwhile: meanwhile);

async fn meanwhile<K: Kind>(case: Case) {
    if case.name != "order another product" {
        return;
    }
    for busy in [FaultKind::Throttle, error(409, "WKS.00010032")] {
        let mut bench = Bench::<K>::new(case, 7200);
        bench.edit(|spec| spec["payment"] = "Manual".into());
        let lost = Fault::new(case.calls[0], FaultKind::DropBefore);
        bench.cloud.fault(lost);
        bench.passes(4 * 3600).await;
        bench.decide("SendAgain");
        bench.cloud.fault(Fault::new(case.calls[0], busy).always());
        bench.during(300).await;
        bench.check(bench.calls() >= 2, "it was sent again");
        let change = DesktopChange::Resize {
            product_id: LARGER.into(),
        };
        let order = DesktopOrderSeed::new(HERE.0, "desk-a", change).id("CS-THEIRS");
        bench.cloud.seed(Seed::new().desktop_order(order));
        bench.advance(120);
        bench.during(300).await;
        bench.cloud.clear_faults();
        bench.during(900).await;
        bench.check(bench.effects() == 0, "no order beside one that is open");
        bench.check(bench.summary().contains("CS-THEIRS"), "it is named");
    }
}

every_kind!(what_somebody_else_made_so_is_not_put_down_to_an_order_that_did_nothing: by_others);

/// Our order is not paid, or was cancelled; the desktop becomes as wanted by another one.
async fn by_others<K: Kind>(case: Case) {
    if !K::CALLS.iter().any(|call| call.ledger) {
        return;
    }
    for cancelled in [false, true] {
        let mut bench = Bench::<K>::new(case, 60);
        bench.edit(|spec| spec["payment"] = "Manual".into());
        bench.during(120).await;
        let order = bench.cloud.orders("desk-a")[0].order_id.clone();
        if cancelled {
            bench.cloud.act_on_order(&order, OrderAction::Cancel);
        }
        let (product, size) = match case.name {
            "order another product" => (Some(LARGER), 80),
            "order a larger disk" => (None, 100),
            _ => (None, 80),
        };
        let is = |to: serde_json::Value| RewrittenValue::Is(to);
        let mut changes = vec![
            Rewrite::new("/desktop/product/charge_mode".to_owned(), is("0".into())),
            Rewrite::new("/desktop/root_volume/size".to_owned(), is(size.into())),
        ];
        if let Some(product) = product {
            for at in ["/desktop/product_id", "/desktop/product/product_id"] {
                changes.push(Rewrite::new(at.to_owned(), is(product.into())));
            }
        }
        let changed = FaultKind::Rewrite { changes };
        bench
            .cloud
            .fault(Fault::new("workspace.ShowDesktop", changed).always());
        bench.during(600).await;
        let month = case.name == "order a month";
        match (month, cancelled) {
            (true, true) => bench.check_is("cancelled", "Failed", "AlreadyPrepaid"),
            (true, false) => bench.check_is("not paid", "Waiting", "WaitingForPayment"),
            (false, _) => bench.check_is("it is as wanted", "Succeeded", "Delivered"),
        }
        if !cancelled {
            bench.check(bench.summary().contains(&order), "it can still be paid");
            bench.check(
                month || bench.summary().contains("can be paid until"),
                "until when",
            );
        }
        if month && !cancelled {
            bench.cloud.act_on_order(&order, OrderAction::Cancel);
            bench.during(600).await;
            bench.check_is("cancelled then", "Failed", "AlreadyPrepaid");
        }
    }
}

every_kind!(what_is_lost_after_a_repeat_without_effect_ends_no_unknown_call: lost_after_repeat);

/// The repeat found the desktop busy; then what was ordered is not for sale any more, or
/// the desktop is gone.
async fn lost_after_repeat<K: Kind>(case: Case) {
    if case.name != "order another product" {
        return;
    }
    for gone in [false, true] {
        let mut bench = Bench::<K>::new(case, 7200);
        bench.edit(|spec| spec["payment"] = "Manual".into());
        bench.deny("bss.");
        let lost = Fault::new(case.calls[0], FaultKind::DropAfter);
        bench.cloud.fault(lost);
        bench.passes(4 * 3600).await;
        bench.decide("SendAgain");
        let busy = Fault::new(case.calls[0], error(409, "WKS.00010032"));
        bench.cloud.fault(busy.always());
        bench.during(60).await;
        bench.check(bench.calls() >= 2, "it was sent again");
        let (api, kind) = match gone {
            true => ("workspace.ShowDesktop", error(404, "WKS.0202")),
            false => {
                let to = RewrittenValue::Is("sellout".into());
                let changes = vec![Rewrite::new("/products/*/status".to_owned(), to)];
                ("workspace.ListProducts", FaultKind::Rewrite { changes })
            }
        };
        bench.cloud.fault(Fault::new(api, kind).always());
        bench.during(3 * 3600).await;
        bench.check(
            bench.state() != "Failed",
            &format!("the first order is open, gone {gone}"),
        );
    }
}

every_kind!(an_order_of_others_whose_details_bss_refuses_keeps_no_order_from_being_placed: theirs);

async fn theirs<K: Kind>(case: Case) {
    if case.name != "order another product" {
        return;
    }
    for (status, code) in [
        (400, "CBC.99003602"),
        (404, "CBC.0404"),
        (403, "CBC.9999"),
        (400, ""),
    ] {
        for same in [false, true] {
            let mut bench = Bench::<K>::new(case, 60);
            let change = || DesktopChange::Resize {
                product_id: LARGER.into(),
            };
            let order = |desk: &str, id: &str| DesktopOrderSeed::new(HERE.0, desk, change()).id(id);
            bench
                .cloud
                .seed(Seed::new().desktop_order(order("desk-b", "CS-THEIRS")));
            if same {
                bench
                    .cloud
                    .seed(Seed::new().desktop_order(order("desk-a", "CS-SAME")));
            }
            let refused = Fault::new("bss.ShowOrder", error(status, code)).always();
            bench.cloud.fault(refused.path_contains("CS-THEIRS"));
            bench.during(600).await;
            let what = format!("{status} {code}, one for the same desktop too {same}");
            match same {
                false => bench.check(bench.calls() == 1, &what),
                true if status == 403 => {}
                true => bench.check_is(&what, "Blocked", "TargetBlocked"),
            }
        }
    }
}

every_kind!(an_accepted_order_whose_details_bss_refuses_is_asked_about_in_the_end: own_refused);

async fn own_refused<K: Kind>(case: Case) {
    if !K::CALLS.iter().any(|call| call.ledger) {
        return;
    }
    for (status, code) in [(400, "CBC.99003602"), (404, "CBC.0404"), (400, "")] {
        let mut bench = Bench::<K>::new(case, 30 * 24 * 3600);
        bench.pass().await;
        let refused = Fault::new("bss.ShowOrder", error(status, code));
        bench.cloud.fault(refused.always());
        bench.during(5 * 3600).await;
        let what = format!("{status} {code}");
        bench.check_is(&what, "Held", "ProofTimeout");
        let error = &bench.status()["lastCloudError"];
        bench.check(error["call"] == "ShowCustomerOrderDetails", &what);
        bench.check(error["httpStatus"] == status, &what);
        bench.check(error["code"].as_str().unwrap_or_default() == code, &what);
    }
}

fn running(batches: usize) -> Seed {
    let activity = RefreshActivity::new("asg-a", "asr-a").batches(batches, 60);
    Seed::new().refresh(activity.region(HERE.1))
}

every_kind!(a_cancel_refused_after_the_stop_tells_that_the_refresh_stands_still: halfway);

async fn halfway<K: Kind>(case: Case) {
    if case.name != "cancel a refresh" {
        return;
    }
    let mut bench = Bench::<K>::new(case, 0);
    bench.cloud.seed(running(5));
    let refused = error(200, "ResourceUnavailable.AutoScalingGroupDisabled");
    let refused = Fault::new("as.CancelInstanceRefresh", refused);
    bench.cloud.fault(refused.always());
    bench.passes(1800).await;
    bench.check_is("after the stop", "Failed", "RefusedHalfway");
    bench.check(
        bench.summary().contains("group asg-a is blocked"),
        "it is told",
    );
}

every_kind!(look_again_is_about_the_step_whose_effect_did_not_show: looked_for);

/// The step after it was refused, and what it did is not understood.
async fn looked_for<K: Kind>(case: Case) {
    if case.name != "cancel a refresh" {
        return;
    }
    let mut bench = Bench::<K>::new(case, 0);
    bench.cloud.seed(running(5));
    bench.edit(|spec| spec["verifyTimeout"] = "20m".into());
    let conflict = "ResourceUnavailable.RefreshActivityStatusConflictWithOperation";
    let refused = Fault::new("as.CancelInstanceRefresh", error(200, conflict));
    bench.cloud.fault(refused.always());
    bench.during(300).await;
    let to = RewrittenValue::Is("strange".into());
    let batches = "/Response/RefreshActivitySet/*/RefreshBatchSet".to_owned();
    let changes = vec![Rewrite::new(batches, to)];
    let strange = FaultKind::Rewrite { changes };
    bench
        .cloud
        .fault(Fault::new("as.DescribeRefreshActivities", strange).always());
    bench.during(3 * 3600).await;
    bench.check_is("its effect did not show", "Held", "ProofTimeout");
    bench.decide("LookAgain");
    bench.during(1000).await;
    bench.check(bench.state() != "Held", "another 20 min have begun");
    bench.during(600).await;
    bench.check_is("after that", "Held", "ProofTimeout");
}
