//! Tencent's Auto Scaling: what is read of groups and activities.

use crate::support::tencent::*;
use crate::support::*;
use crate::tencent::{failing, kinds};
use errand_simulator::{
    EmptySet, RefreshActivity, RefreshLists, RefreshSettings, RefreshStatus, RefreshTimes,
    ScalingGroup, ScalingReadings, Seed,
};
use serde_json::{Value, json};

use RefreshStatus as S;

#[test]
fn what_is_not_there_has_its_own_codes() {
    let (simulator, _) = tencent(activity());
    simulator.seed(Seed::new().scaling_group(ScalingGroup::new("asg-empty")));
    let stop = |body: Value| Tc3::new(&simulator, "StopInstanceRefresh", body).send(&simulator);
    let both =
        |group: &str, id: &str| stop(json!({"AutoScalingGroupId": group, "RefreshActivityId": id}));
    let no_activity = "ResourceNotFound.RefreshActivityNotFound";
    both(GROUP, "asr-none").assert_code(no_activity);
    both("asg-empty", ACTIVITY).assert_code(no_activity);
    both("asg-none", ACTIVITY).assert_code("ResourceNotFound.AutoScalingGroupNotFound");
    stop(json!({"AutoScalingGroupId": GROUP})).assert_code("MissingParameter");
    stop(json!({"AutoScalingGroupId": GROUP, "RefreshActivityId": 1}))
        .assert_code("InvalidParameter");
    stop(json!([])).assert_code("InvalidParameter");
    let more = |name: &str, value: &str| {
        let body = json!({"AutoScalingGroupId": GROUP, "RefreshActivityId": ACTIVITY, name: value});
        stop(body)
    };
    more("ResumeMode", "RETRY").assert_code("UnknownParameter");
    resume_refresh(&simulator, Some("retry")).assert_code("InvalidParameterValue");
    assert!(kinds(&simulator).is_empty());
}

#[test]
fn a_group_of_another_region_is_not_there() {
    let (simulator, _) = tencent(activity().region("ap-beijing"));
    stop_refresh(&simulator).assert_code("ResourceNotFound.AutoScalingGroupNotFound");
    let listed = describe(&simulator, json!({})).json();
    assert_eq!(listed["Response"]["TotalCount"], 0);
}

#[test]
fn an_activity_is_described_with_batches_and_instances() {
    let (simulator, clock) = tencent(failing());
    clock.advance(seconds(110));
    let body = json!({"RefreshActivityIds": [ACTIVITY]});
    let response = describe(&simulator, body).json()["Response"].clone();
    assert_eq!(response["TotalCount"], 1);
    let shown = &response["RefreshActivitySet"][0];
    let expected = json!({
        "AutoScalingGroupId": GROUP, "RefreshActivityId": ACTIVITY, "ActivityType": "NORMAL",
        "OriginRefreshActivityId": null, "RefreshMode": "ROLLING_UPDATE_RESET",
        "Status": "FAILED_PAUSE", "CurrentRefreshBatchNum": 1, "EndTime": null,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&shown[name], value, "{name}");
    }
    for name in ["StartTime", "CreatedTime"] {
        let text = shown[name].as_str().unwrap();
        assert!(text.ends_with('Z') && text.len() == 20, "{text}");
    }
    let settings = &shown["RefreshSettings"]["RollingUpdateSettings"];
    assert_eq!(settings["BatchNumber"], 2);
    assert_eq!(settings["BatchPause"], "AUTOMATIC");
    let [first, second] = &shown["RefreshBatchSet"].as_array().unwrap()[..] else {
        panic!("{shown}")
    };
    assert_eq!(
        (&first["RefreshBatchNum"], &second["RefreshBatchNum"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(first["RefreshBatchStatus"], "FAILED");
    assert_eq!(second["RefreshBatchStatus"], "WAITING");
    assert!(first["EndTime"].is_string() && second["StartTime"].is_null());
    let instances = first["RefreshBatchRelatedInstanceSet"].as_array().unwrap();
    let statuses: Vec<_> = instances.iter().map(|i| &i["InstanceStatus"]).collect();
    assert_eq!(statuses, ["FAILED", "SUCCESSFUL"]);
    assert!(
        instances[0]["InstanceId"]
            .as_str()
            .unwrap()
            .starts_with("ins-")
    );
    assert!(
        !instances[0]["InstanceStatusMessage"]
            .as_str()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn lists_are_filtered_and_paged() {
    let (simulator, _) = tencent(activity());
    let mut seed = Seed::new();
    for n in 0..30 {
        let id = format!("asr-{n}");
        let old = RefreshActivity::new(format!("asg-{n}"), id).batches(1, 10);
        seed = seed.refresh(old.standing(S::Successful, 1).rollback_of("asr-x"));
    }
    simulator.seed(seed);
    let list = |body: Value| describe(&simulator, body).json()["Response"].clone();
    let count = |response: &Value| response["RefreshActivitySet"].as_array().unwrap().len();
    let all = list(json!({}));
    assert_eq!((&all["TotalCount"], count(&all)), (&json!(31), 20));
    assert_eq!(count(&list(json!({"Limit": 100, "Offset": 28}))), 3);
    let filtered = |name: &str, values: Value| {
        list(json!({"Filters": [{"Name": name, "Values": values}]}))["TotalCount"].clone()
    };
    assert_eq!(
        filtered("auto-scaling-group-id", json!(["asg-1", "asg-2"])),
        2
    );
    assert_eq!(
        filtered("refresh-activity-status-code", json!(["RUNNING"])),
        1
    );
    assert_eq!(filtered("refresh-activity-type", json!(["ROLLBACK"])), 30);
    assert_eq!(
        filtered("refresh-activity-id", json!(["asr-3", "asr-none"])),
        1
    );
    let bad = |body: Value, code: &str| describe(&simulator, body).assert_code(code);
    bad(json!({"Limit": 101}), "InvalidParameterValue");
    bad(
        json!({"RefreshActivityIds": vec!["asr-1"; 101]}),
        "InvalidParameterValue",
    );
    let filter = json!({"Name": "refresh-activity-id", "Values": ["asr-1"]});
    let both = json!({"RefreshActivityIds": ["asr-1"], "Filters": [filter]});
    bad(both, "InvalidParameterConflict");
    bad(
        json!({"Filters": [{"Name": "colour", "Values": ["red"]}]}),
        "InvalidParameterValue",
    );
    bad(
        json!({"Filters": [{"Name": "refresh-activity-id", "Values": vec!["a"; 6]}]}),
        "InvalidParameterValue",
    );
    bad(json!({"Colour": "red"}), "UnknownParameter");
}

#[test]
fn lists_settings_and_times_have_the_form_that_the_readings_say() {
    let shown = |scaling: ScalingReadings, id: &str| {
        let (simulator, _) = tencent_with(|c| c.readings.scaling = scaling, activity());
        let body = json!({"RefreshActivityIds": [id]});
        describe(&simulator, body).json()["Response"]["RefreshActivitySet"].clone()
    };
    let usual = ScalingReadings::default;
    let nothing = EmptySet::Null;
    assert_eq!(
        shown(ScalingReadings { nothing, ..usual() }, "asr-none"),
        Value::Null
    );
    let of = |scaling| shown(scaling, ACTIVITY)[0].clone();
    let lists = RefreshLists::NullBatches;
    assert_eq!(
        of(ScalingReadings { lists, ..usual() })["RefreshBatchSet"],
        Value::Null
    );
    let lists = RefreshLists::NoBatches;
    assert_eq!(
        of(ScalingReadings { lists, ..usual() }).get("RefreshBatchSet"),
        None
    );
    let lists = RefreshLists::NullInstances;
    let first = of(ScalingReadings { lists, ..usual() })["RefreshBatchSet"][0].clone();
    assert_eq!(first["RefreshBatchRelatedInstanceSet"], Value::Null);
    let settings = RefreshSettings::Null;
    assert_eq!(
        of(ScalingReadings {
            settings,
            ..usual()
        })["RefreshSettings"],
        Value::Null
    );
    for times in [RefreshTimes::Offset, RefreshTimes::NoZone] {
        let time = of(ScalingReadings { times, ..usual() })["StartTime"].clone();
        assert_eq!(
            time.as_str().unwrap().ends_with("+0800"),
            times == RefreshTimes::Offset
        );
    }
    let times = RefreshTimes::Unix;
    assert!(of(ScalingReadings { times, ..usual() })["StartTime"].is_u64());
    let times = RefreshTimes::Null;
    assert!(of(ScalingReadings { times, ..usual() })["StartTime"].is_null());
}
