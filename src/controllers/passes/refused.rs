//! A later call is refused for good, and an earlier one had an effect or may have had one.

use errand_simulator::{BssReadings, Fault, FaultKind, Readings, RefreshActivity};
use errand_simulator::{Rewrite, RewrittenValue, Seed};

use super::bench::HERE;
use super::cases::Case;
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
    if !K::STEPS.iter().any(|step| step.ledger) {
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
