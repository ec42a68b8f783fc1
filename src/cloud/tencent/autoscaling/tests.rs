//! What is asked, against the official SDK's captured requests, and what odd answers
//! mean.

use super::*;
use crate::api::Reason;
use crate::cloud::server::{Server, answer, body_of, captured, open_gate};
use crate::cloud::tencent::server::client;

const GROUP: &str = "asg-h7tgd87d";
const ACTIVITY: &str = "asr-juhf6ytr";

fn response(response: &Value) -> String {
    answer(200, &json!({"Response": response}).to_string())
}

fn error(code: &str) -> String {
    response(&json!({"Error": {"Code": code, "Message": "m"}, "RequestId": "r1"}))
}

async fn described(answer: String) -> Result<Option<RefreshActivity>, Reading> {
    let server = Server::answering([answer]);
    let found = describe_refresh_activity(&client(server.origin()), ACTIVITY).await;
    found.map_err(|e| e.reading)
}

/// What is asked by a call that is accepted: its action and its body.
async fn asked(call: impl AsyncFnOnce(&Client) -> Sent) -> (String, Value) {
    let server = Server::answering([response(&json!({"RequestId": "r1"}))]);
    let sent = call(&client(server.origin())).await;
    let expected = Sent::Accepted {
        request_id: "r1".to_owned(),
        ids: Ids::new(),
    };
    assert_eq!(sent, expected);
    let asked = &server.asked()[0];
    let mut lines = asked.lines();
    let action = lines.find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("x-tc-action")
            .then(|| value.to_owned())
    });
    (action.expect("an action"), body_of(asked))
}

#[tokio::test]
async fn a_stop_and_a_cancel_ask_what_the_official_sdk_asks() {
    let stop = asked(async |c| stop_instance_refresh(c, GROUP, ACTIVITY, open_gate()).await).await;
    let cancel =
        asked(async |c| cancel_instance_refresh(c, GROUP, ACTIVITY, open_gate()).await).await;
    for (name, action, asked) in [
        ("tencent-stop-instance-refresh", "StopInstanceRefresh", stop),
        (
            "tencent-cancel-instance-refresh",
            "CancelInstanceRefresh",
            cancel,
        ),
    ] {
        let (_, _, _, body) = captured(name);
        let body: Value = serde_json::from_str(&body).expect("JSON");
        let ids = json!({"AutoScalingGroupId": GROUP, "RefreshActivityId": ACTIVITY});
        assert_eq!(asked, (action.to_owned(), ids));
        let names = |body: &Value| -> Vec<String> {
            let members = body.as_object().expect("members");
            members.keys().cloned().collect()
        };
        assert_eq!(names(&asked.1), names(&body), "{name}");
    }
}

#[tokio::test]
async fn a_resume_names_its_mode_only_where_it_has_one() {
    for (mode, word) in [
        (None, None),
        (Some(ResumeMode::Retry), Some("RETRY")),
        (Some(ResumeMode::Continue), Some("CONTINUE")),
    ] {
        let (action, body) =
            asked(async |c| resume_instance_refresh(c, GROUP, ACTIVITY, mode, open_gate()).await)
                .await;
        assert_eq!(action, "ResumeInstanceRefresh");
        assert_eq!(body["AutoScalingGroupId"], GROUP);
        assert_eq!(body["RefreshActivityId"], ACTIVITY);
        assert_eq!(body.get("ResumeMode").and_then(Value::as_str), word);
    }
}

#[tokio::test]
async fn an_answer_without_a_request_id_is_not_the_documented_one() {
    for odd in [
        json!({}),
        json!({"RequestId": null}),
        json!({"RequestId": ""}),
    ] {
        let server = Server::answering([response(&odd)]);
        let sent =
            cancel_instance_refresh(&client(server.origin()), GROUP, ACTIVITY, open_gate()).await;
        assert!(matches!(sent, Sent::Unknown(_)), "{odd}: {sent:?}");
    }
}

#[tokio::test]
async fn a_conflict_with_the_activitys_state_is_to_be_looked_into() {
    let conflict = "ResourceUnavailable.RefreshActivityStatusConflictWithOperation";
    for (code, reading) in [
        (conflict, Reading::Verify),
        (
            "ResourceUnavailable.AutoScalingGroupInActivity",
            Reading::Wait(Reason::TargetBusy),
        ),
        ("ResourceNotFound.RefreshActivityNotFound", Reading::Gone),
    ] {
        let server = Server::answering([error(code)]);
        let sent =
            cancel_instance_refresh(&client(server.origin()), GROUP, ACTIVITY, open_gate()).await;
        assert!(
            matches!(sent, Sent::Refused(r, _) if r == reading),
            "{code}: {sent:?}"
        );
    }
}

#[tokio::test]
async fn an_activity_is_read_with_its_batches_and_their_instances() {
    let server = Server::answering([response(&json!({
        "TotalCount": 1,
        "RefreshActivitySet": [{
            "AutoScalingGroupId": GROUP, "RefreshActivityId": ACTIVITY,
            "OriginRefreshActivityId": "", "RefreshMode": "ROLLING_UPDATE_RESET",
            "RefreshSettings": {
                "RollingUpdateSettings": {
                    "BatchNumber": 2, "BatchPause": "AUTOMATIC", "MaxSurge": null,
                    "FailProcess": "AUTO_PAUSE",
                },
                "CheckInstanceTargetHealth": true,
                "CheckInstanceTargetHealthTimeout": 1800,
            },
            "ActivityType": "NORMAL", "Status": "SOME_NEW_WORD", "CurrentRefreshBatchNum": 1,
            "StartTime": "2026-11-21T08:00:00Z", "EndTime": null,
            "CreatedTime": "2026-11-21T07:59:00Z",
            "RefreshBatchSet": [{
                "RefreshBatchNum": 1, "RefreshBatchStatus": "ANOTHER",
                "StartTime": "2026-11-21T08:00:00Z", "EndTime": null,
                "RefreshBatchRelatedInstanceSet": [{
                    "InstanceId": "ins-1", "InstanceStatus": "RUNNING",
                    "LastActivityId": "asa-1", "InstanceStatusMessage": "",
                }],
            }, {
                "RefreshBatchNum": 2, "RefreshBatchStatus": "WAITING",
                "RefreshBatchRelatedInstanceSet": null,
            }],
        }],
        "RequestId": "r1",
    }))]);
    let found = describe_refresh_activity(&client(server.origin()), ACTIVITY).await;
    let text = |text: &str| Some(text.to_owned());
    let expected = RefreshActivity {
        group: GROUP.to_owned(),
        id: ACTIVITY.to_owned(),
        origin: None,
        mode: text("ROLLING_UPDATE_RESET"),
        activity_type: text("NORMAL"),
        status: "SOME_NEW_WORD".to_owned(),
        current_batch: Some(1),
        settings: Some(RefreshSettings {
            rolling: Some(RollingUpdateSettings {
                batch_number: Some(2),
                batch_pause: text("AUTOMATIC"),
                max_surge: None,
                fail_process: text("AUTO_PAUSE"),
            }),
            check_instance_target_health: Some(true),
            check_instance_target_health_timeout: Some(1800),
        }),
        batches: vec![
            RefreshBatch {
                number: Some(1),
                status: "ANOTHER".to_owned(),
                start_time: text("2026-11-21T08:00:00Z"),
                end_time: None,
                instances: vec![RefreshInstance {
                    id: "ins-1".to_owned(),
                    status: text("RUNNING"),
                    last_activity_id: text("asa-1"),
                    message: None,
                }],
            },
            RefreshBatch {
                number: Some(2),
                status: "WAITING".to_owned(),
                ..RefreshBatch::default()
            },
        ],
        created_time: text("2026-11-21T07:59:00Z"),
        start_time: text("2026-11-21T08:00:00Z"),
        end_time: None,
    };
    assert_eq!(found, Ok(Some(expected)));
    let asked = &server.asked()[0];
    assert_eq!(body_of(asked), json!({"RefreshActivityIds": [ACTIVITY]}));
}

#[tokio::test]
async fn an_empty_set_and_a_not_found_say_that_there_is_no_such_activity() {
    for nothing in [
        response(&json!({"TotalCount": 0, "RefreshActivitySet": [], "RequestId": "r1"})),
        response(&json!({"TotalCount": 0, "RefreshActivitySet": null, "RequestId": "r1"})),
        error("ResourceNotFound.RefreshActivityNotFound"),
    ] {
        assert_eq!(described(nothing).await, Ok(None));
    }
}

#[tokio::test]
async fn what_is_malformed_or_a_part_says_nothing_of_the_activity() {
    let of = |id: &str| json!({"AutoScalingGroupId": GROUP, "RefreshActivityId": id, "Status": "RUNNING"});
    let mut odd = vec![
        json!({"RequestId": "r1"}),
        json!({"TotalCount": 0, "RequestId": "r1"}),
        json!({"TotalCount": 1, "RefreshActivitySet": []}),
        json!({"TotalCount": 1, "RefreshActivitySet": [of("asr-other")]}),
        json!({"RefreshActivitySet": [of("asr-other")]}),
        json!({"TotalCount": 1, "RefreshActivitySet": {}}),
        json!({"TotalCount": 1, "RefreshActivitySet": [null]}),
        json!({"TotalCount": 1, "RefreshActivitySet": [{"RefreshActivityId": ACTIVITY}]}),
    ];
    for batches in [
        json!({}),
        json!("x"),
        json!([null]),
        json!([{"RefreshBatchNum": 1}]),
    ] {
        let mut activity = of(ACTIVITY);
        activity["RefreshBatchSet"] = batches;
        odd.push(json!({"TotalCount": 1, "RefreshActivitySet": [activity]}));
    }
    for odd in odd {
        let found = described(response(&odd)).await;
        assert_eq!(
            found,
            Err(Reading::Retry(Reason::CloudUnavailable)),
            "{odd}"
        );
    }
}
