//! Tencent Cloud: the cancel of an instance refresh, typed.

use errand_simulator::{RefreshActivity, RefreshStatus, Seed, TencentAccount};
use serde_json::{Value, json};

use super::{assert_calls, request_ids, seen};
use crate::support::*;

const REGION: &str = "ap-guangzhou";
const GROUP: &str = "asg-8fbozqja";
const ACTIVITY: &str = "asr-5l2ejpfo";
const CANCEL: &str = "as.CancelInstanceRefresh";

fn refresh(status: RefreshStatus) -> Seed {
    let activity = RefreshActivity::new(GROUP, ACTIVITY).batches(3, 600);
    Seed::new()
        .tencent_account(TencentAccount::new(ACCESS, SECRET).region(REGION))
        .refresh(activity.standing(status, 2))
}

fn cancel() -> (&'static str, Value) {
    let arguments = json!({"region": REGION, "group": GROUP, "activity": ACTIVITY});
    ("tencent.refresh_cancel", arguments)
}

#[test]
fn the_sdk_cancels_a_paused_refresh_and_sees_it_cancelled() {
    let (simulator, _) = started(|_| {}, refresh(RefreshStatus::ManualPause));
    let activities = json!({"region": REGION, "activity": ACTIVITY});
    let calls = [cancel(), ("tencent.refresh_activities", activities)];
    let [cancelled, shown] = seen(&simulator, calls);
    assert_eq!(
        cancelled,
        json!({"seen": {"RequestId": request_ids(&simulator)[0]}})
    );
    let shown = &shown["seen"]["RefreshActivitySet"][0];
    assert_eq!(shown["RefreshActivityId"], ACTIVITY);
    assert_eq!(shown["Status"], "CANCELLED");
    assert_calls(
        &simulator,
        &[(CANCEL, 200), ("as.DescribeRefreshActivities", 200)],
    );
    assert_eq!(simulator.journal().effects_on("as.cancel", ACTIVITY), 1);
}

/// The error comes with HTTP 200; the SDK finds it only under the exact Content-Type.
#[test]
fn the_sdk_is_refused_the_cancel_of_a_refresh_whose_batch_runs() {
    let (simulator, _) = started(|_| {}, refresh(RefreshStatus::Running));
    let [refused] = seen(&simulator, [cancel()]);
    let error = &refused["error"];
    assert_eq!(error["class"], "TencentCloudSDKException");
    assert_eq!(
        error["code"],
        "ResourceUnavailable.RefreshActivityStatusConflictWithOperation"
    );
    assert_eq!(error["request_id"], request_ids(&simulator)[0]);
    assert_calls(&simulator, &[(CANCEL, 200)]);
    assert_eq!(simulator.journal().effects("as.cancel"), 0);
}
