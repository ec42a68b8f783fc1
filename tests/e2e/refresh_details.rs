//! What else the contract says of a refresh: its phases, the codes of its refusals,
//! the key, the window, and a cancel that does not show.

use errand_simulator::{Fault, FaultKind, RefreshActivity, RefreshStatus, Seed, TencentAccount};
use errand_testbed::{ACCESS_KEY, Bed, SECRET_KEY, TENCENT_REGION};
use serde_json::{Value, json};

use crate::support::{
    assert_ending, assert_held, bed, effects_on, ending, reread_of, resolve_of, seconds, summary,
};

const STOP: &str = "as.StopInstanceRefresh";
const CANCEL: &str = "as.CancelInstanceRefresh";

/// A refresh of three batches of one instance, each of which takes ten minutes.
fn activity(number: u32) -> RefreshActivity {
    RefreshActivity::new(format!("asg-{number}"), format!("asr-{number}")).batches(3, 600)
}

/// A bed with these refreshes.
fn refresh_bed(name: &str, activities: impl IntoIterator<Item = RefreshActivity>) -> Bed {
    let bed = bed(name);
    bed.connect_all_clouds();
    let seed = activities.into_iter().fold(Seed::new(), Seed::refresh);
    bed.simulator.seed(seed);
    bed
}

/// Applies the operation on the refresh of that number.
fn apply(bed: &Bed, number: u32, wanted: &str, more: &str) {
    let (group, activity) = (format!("asg-{number}"), format!("asr-{number}"));
    bed.apply(&bed.refresh(&name(number), &group, &activity, wanted, more));
}

fn name(number: u32) -> String {
    format!("roll-{number}")
}

/// Waits, in steps of the test's clock, until it has that reason. The first look
/// comes before time passes.
fn until(bed: &Bed, number: u32, reason: &str) -> Value {
    bed.wait_until(&format!("refresh {number} is {reason}"), || {
        let object = bed.get("irf", &name(number));
        if object["status"]["observedGeneration"] == object["metadata"]["generation"] {
            bed.advance_if_led(seconds(20));
        }
        ending(&object).reason == reason
    });
    bed.get("irf", &name(number))
}

/// Waits until it waits for the cloud, and lets no time pass meanwhile.
fn busy(bed: &Bed, number: u32) -> Value {
    bed.wait_until(&format!("refresh {number} waits"), || {
        ending(&bed.get("irf", &name(number))).reason == "TargetBusy"
    });
    bed.get("irf", &name(number))
}

fn calls(bed: &Bed, number: u32) -> [usize; 2] {
    let journal = bed.simulator.journal();
    [STOP, CANCEL].map(|call| journal.calls_on(call, &format!("asr-{number}")))
}

fn error(code: &str) -> FaultKind {
    FaultKind::Error {
        status: 200,
        code: code.into(),
        message: "as the contract has it".into(),
    }
}

#[test]
fn while_the_surplus_is_removed_it_is_neither_stopped_nor_cancelled() {
    let scaling_in = |number| {
        RefreshActivity::new(format!("asg-{number}"), format!("asr-{number}"))
            .batches(1, 60)
            .scale_in_for(1200)
    };
    let mut bed = refresh_bed("irf-surplus", (1..=3).map(scaling_in));
    bed.advance(seconds(61));
    bed.start_operator();
    for (number, wanted) in [(1, "Cancelled"), (2, "Paused"), (3, "Completed")] {
        apply(&bed, number, wanted, "");
    }
    for number in [1, 2] {
        let object = busy(&bed, number);
        let told = summary(&object);
        assert!(told.contains("surplus ones are being removed"), "{told}");
    }
    for number in [1, 2] {
        let object = until(&bed, number, "TooLate");
        assert_ending(&bed, &object, "Failed", "TooLate");
        assert_eq!(calls(&bed, number), [0, 0], "{}", bed.simulator.journal());
    }
    let object = until(&bed, 3, "Completed");
    assert_ending(&bed, &object, "Succeeded", "Completed");
}

#[test]
fn a_refresh_that_has_not_begun_is_cancelled_at_once_and_paused_once_it_runs() {
    let beginning = |number| activity(number).starts_in(900);
    let mut bed = refresh_bed("irf-init", (1..=2).map(beginning));
    bed.start_operator();
    apply(&bed, 1, "Cancelled", "");
    let object = until(&bed, 1, "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(calls(&bed, 1), [0, 1]);
    apply(&bed, 2, "Paused", "");
    let object = busy(&bed, 2);
    assert_eq!(object["status"]["observed"]["activityStatus"], "INIT");
    let object = until(&bed, 2, "Paused");
    assert_ending(&bed, &object, "Succeeded", "Paused");
    assert_eq!(calls(&bed, 2), [1, 0], "{}", bed.simulator.journal());
}

#[test]
fn a_cloud_that_throttles_is_waited_for_and_its_twenty_calls_a_second_suffice() {
    const MANY: u32 = 50;
    let done = |number| activity(number).standing(RefreshStatus::Successful, 3);
    // Long enough for all that is throttled before the call.
    let number = MANY + 1;
    let running = RefreshActivity::new(format!("asg-{number}"), format!("asr-{number}"));
    let running = running.batches(3, 3000);
    let mut bed = refresh_bed("irf-quota", (1..=MANY).map(done).chain([running]));
    let manifests: Vec<String> = (1..=MANY)
        .map(|n| {
            let (group, activity) = (format!("asg-{n}"), format!("asr-{n}"));
            bed.refresh(&name(n), &group, &activity, "Completed", "")
        })
        .collect();
    bed.apply(&manifests.join("\n---\n"));
    bed.start_operator();
    bed.wait_until("all have ended", || {
        bed.advance_if_led(seconds(1));
        let all = bed.list("irf");
        all.iter().all(|object| ending(object).state == "Succeeded")
    });
    bed.simulator
        .fault(Fault::new("as.", FaultKind::Throttle).always());
    apply(&bed, MANY + 1, "Cancelled", "");
    bed.wait_until("that is told", || {
        bed.advance_if_led(seconds(20));
        ending(&bed.get("irf", &name(MANY + 1))).reason == "Throttled"
    });
    bed.simulator.clear_faults();
    bed.simulator
        .fault(Fault::new(STOP, FaultKind::Throttle).times(3));
    bed.simulator
        .fault(Fault::new(CANCEL, FaultKind::Throttle).times(3));
    let object = until(&bed, MANY + 1, "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(calls(&bed, MANY + 1), [4, 4]);
    let effects = effects_on(&bed, &format!("asr-{}", MANY + 1));
    let ours = |kind: &&String| ["as.stop", "as.cancel"].contains(&kind.as_str());
    assert_eq!(effects.iter().filter(ours).count(), 2, "{effects:?}");
}

#[test]
fn a_race_for_the_state_of_the_refresh_is_looked_at_again_and_gone_on_with() {
    let mut bed = refresh_bed("irf-race", [activity(1)]);
    let conflict = "ResourceUnavailable.RefreshActivityStatusConflictWithOperation";
    for call in [STOP, CANCEL] {
        bed.simulator.fault(Fault::new(call, error(conflict)));
    }
    bed.start_operator();
    apply(&bed, 1, "Cancelled", "");
    let object = until(&bed, 1, "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(calls(&bed, 1), [2, 2]);
    assert_eq!(
        effects_on(&bed, "asr-1"),
        ["as.stop", "as.batch-ended", "as.cancel"]
    );
}

/// What the bed's key may do.
fn put_account(bed: &Bed, change: impl Fn(TencentAccount) -> TencentAccount) {
    let account = TencentAccount::new(ACCESS_KEY, SECRET_KEY).region(TENCENT_REGION);
    bed.simulator
        .seed(Seed::new().tencent_account(change(account)));
}

#[test]
fn a_missing_right_blocks_it_where_it_is_and_it_goes_on_once_that_is_given() {
    let mut bed = refresh_bed("irf-denied", [activity(1)]);
    bed.start_operator();
    for denied in ["as.DescribeRefreshActivities", STOP, CANCEL] {
        put_account(&bed, |account| account.deny(denied));
        if denied == "as.DescribeRefreshActivities" {
            apply(&bed, 1, "Cancelled", "");
        }
        let object = until(&bed, 1, "PermissionDenied");
        assert_eq!(ending(&object).state, "Blocked", "{denied}: {object:#}");
    }
    put_account(&bed, |account| account);
    let object = until(&bed, 1, "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(
        effects_on(&bed, "asr-1"),
        ["as.stop", "as.batch-ended", "as.cancel"]
    );
}

/// A temporary key in the Secret of the connections.
fn put_token(bed: &Bed, token: &str) {
    bed.apply(&format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: huawei-key, labels: {{errand.cloud/credentials: \"true\"}}}}\nstringData: {{accessKey: {ACCESS_KEY}, secretKey: \"{SECRET_KEY}\", securityToken: \"{token}\"}}\n"
    ));
}

#[test]
fn a_temporary_key_is_used_with_its_token_and_rejected_with_another() {
    const TOKEN: &str = "canary-tencent-token-4714";
    let mut bed = refresh_bed("irf-token", [activity(1)]);
    put_account(&bed, |account| account.token(TOKEN));
    put_token(&bed, "of-yesterday");
    bed.start_operator();
    let bed = &bed;
    apply(bed, 1, "Paused", "");
    let object = until(bed, 1, "CredentialsRejected");
    assert_eq!(ending(&object).state, "Blocked");
    assert_eq!(calls(bed, 1), [0, 0]);
    put_token(bed, TOKEN);
    let object = until(bed, 1, "Paused");
    assert_ending(bed, &object, "Succeeded", "Paused");
    let object = object.to_string();
    assert!(!object.contains(TOKEN), "{object}");
    let log = bed.operator_log();
    assert!(!log.contains(TOKEN), "{log}");
}

#[test]
fn a_connection_of_another_cloud_is_a_mismatch_for_each_kind() {
    let mut bed = refresh_bed("mismatch", [activity(1)]);
    bed.start_operator();
    let change = "{resize: {productId: some.product}}";
    let manifests = [
        ("rsc", bed.cancellation("one", "dcs-1", "task-1", "")),
        (
            "dor",
            bed.order("one", "d-1", change, "  payment: Manual\n"),
        ),
        ("iob", bed.observation("one", "i-1", "")),
        ("irf", bed.refresh("one", "asg-1", "asr-1", "Cancelled", "")),
    ];
    for (_, manifest) in &manifests {
        let other = match manifest.contains("tencent-prod") {
            true => manifest.replace("tencent-prod", "huawei-prod"),
            false => manifest.replace("huawei-prod", "volcengine-prod"),
        };
        bed.apply(&other);
    }
    for (kind, _) in &manifests {
        let object = bed.wait_at_rest(kind, "one");
        let found = ending(&object);
        assert_eq!(found.state, "Blocked", "{object:#}");
        assert_eq!(found.reason, "ConnectionMismatch", "{object:#}");
    }
    assert!(bed.simulator.journal().all_calls().is_empty());
    // Nothing was sent, so the connection can be mended.
    bed.apply(&manifests[3].1);
    bed.wait_until("it is mended", || {
        bed.advance_if_led(seconds(20));
        ending(&bed.get("irf", "one")).reason == "Cancelled"
    });
}

#[test]
fn the_window_is_for_the_first_call_and_the_second_follows_after_its_end() {
    let mut bed = refresh_bed("irf-window", [activity(1), activity(2)]);
    bed.start_operator();
    let end = bed.simulator.now() + jiff::SignedDuration::from_secs(60);
    let window = format!("  schedule: {{notAfter: \"{end:.0}\"}}\n");
    apply(&bed, 1, "Cancelled", &window);
    busy(&bed, 1);
    assert_eq!(calls(&bed, 1), [1, 0]);
    bed.advance(seconds(120));
    let object = until(&bed, 1, "Cancelled");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(calls(&bed, 1), [1, 1]);
    apply(&bed, 2, "Cancelled", &window);
    let object = until(&bed, 2, "WindowMissed");
    assert_ending(&bed, &object, "Failed", "WindowMissed");
    assert_eq!(calls(&bed, 2), [0, 0]);
}

#[test]
fn a_cancel_that_does_not_show_in_time_is_asked_about_with_three_choices() {
    let paused = |number| activity(number).standing(RefreshStatus::ManualPause, 2);
    let mut bed = refresh_bed("irf-unseen", (1..=4).map(paused));
    reread_of(&bed, "scaling", json!({"cancelled_after": 2 * 3600}));
    bed.start_operator();
    for number in 1..=4 {
        apply(&bed, number, "Cancelled", "  verifyTimeout: 10m\n");
    }
    for number in 1..=4 {
        let object = until(&bed, number, "ProofTimeout");
        let choices = ["LookAgain", "AssumeDone", "GiveUp"];
        assert_held(&bed, &object, "ProofTimeout", &choices);
    }
    resolve_of(&bed, "irf", &name(1), "LookAgain");
    resolve_of(&bed, "irf", &name(2), "AssumeDone");
    resolve_of(&bed, "irf", &name(3), "GiveUp");
    let object = until(&bed, 2, "AssumedDone");
    assert_ending(&bed, &object, "Succeeded", "AssumedDone");
    let object = until(&bed, 3, "GivenUp");
    assert_ending(&bed, &object, "Failed", "GivenUp");
    let again = until(&bed, 1, "Verifying");
    assert!(again["status"]["hold"].is_null(), "{again:#}");
    until(&bed, 1, "ProofTimeout");
    // Proof ends the question by itself.
    for number in [1, 4] {
        let object = until(&bed, number, "Cancelled");
        assert_ending(&bed, &object, "Succeeded", "Cancelled");
    }
    for number in 1..=4 {
        assert_eq!(calls(&bed, number), [0, 1], "{}", bed.simulator.journal());
    }
}
