//! What is asked, against the official SDK's captured requests, and what odd answers
//! mean.

use super::*;
use crate::api::Reason;
use crate::cloud::server::{Server, answer, body_of, captured, send};
use crate::cloud::tencent::server::client;
use crate::cloud::{self, Sent};

const GROUP: &str = "asg-h7tgd87d";
const ACTIVITY: &str = "asr-juhf6ytr";

fn response(response: &Value) -> String {
    answer(200, &json!({"Response": response}).to_string())
}

fn error(code: &str) -> String {
    response(&json!({"Error": {"Code": code, "Message": "m"}, "RequestId": "r1"}))
}

async fn described(answer: String) -> Result<Found<RefreshActivity>, Reading> {
    let server = Server::answering([answer]);
    let found = describe_refresh_activity(&client(server.origin()), ACTIVITY).await;
    found.map_err(|e| e.reading)
}

async fn send_to(server: &Server, call: &Mutation, mode: Option<&str>) -> Sent {
    let client = cloud::Client::Tencent(client(server.origin()));
    let mut arguments = cloud::arguments([(super::GROUP, GROUP), (super::ACTIVITY, ACTIVITY)]);
    arguments.extend(mode.map(|mode| (MODE.to_owned(), mode.to_owned())));
    send(&client, call, ("", ""), &arguments).await
}

/// What is asked by a call that is accepted: its action and its body.
async fn asked(call: &Mutation, mode: Option<&str>) -> (String, Value) {
    let server = Server::answering([response(&json!({"RequestId": "r1"}))]);
    let sent = send_to(&server, call, mode).await;
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
    let stop = asked(&STOP_INSTANCE_REFRESH, None).await;
    let cancel = asked(&CANCEL_INSTANCE_REFRESH, None).await;
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
    for word in [None, Some("RETRY"), Some("CONTINUE")] {
        let (action, body) = asked(&RESUME_INSTANCE_REFRESH, word).await;
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
        let sent = send_to(&server, &CANCEL_INSTANCE_REFRESH, None).await;
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
            Reading::Wait(Reason::TARGET_BUSY),
        ),
        ("ResourceNotFound.RefreshActivityNotFound", Reading::Gone),
    ] {
        let server = Server::answering([error(code)]);
        let sent = send_to(&server, &CANCEL_INSTANCE_REFRESH, None).await;
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
    let text = |text: &str| Field::Known(text.to_owned());
    let batch = |number, status: &str, instances| RefreshBatch {
        number: Field::Known(number),
        status: text(status),
        instances,
        ..RefreshBatch::default()
    };
    let instance = RefreshInstance {
        id: text("ins-1"),
        status: text("RUNNING"),
        last_activity_id: text("asa-1"),
        message: Field::Absent,
    };
    let listed = |members| Field::Known(List { members, others: 0 });
    let expected = RefreshActivity {
        group: text(GROUP),
        id: text(ACTIVITY),
        origin: Field::Absent,
        mode: text("ROLLING_UPDATE_RESET"),
        activity_type: text("NORMAL"),
        status: text("SOME_NEW_WORD"),
        current_batch: Field::Known(1),
        fail_process: text("AUTO_PAUSE"),
        batches: listed(vec![
            RefreshBatch {
                start_time: text("2026-11-21T08:00:00Z"),
                ..batch(
                    1,
                    "ANOTHER",
                    Field::Known(List {
                        members: vec![instance],
                        others: 0,
                    }),
                )
            },
            batch(2, "WAITING", Field::Absent),
        ]),
        created_time: text("2026-11-21T07:59:00Z"),
        start_time: text("2026-11-21T08:00:00Z"),
        end_time: Field::Absent,
    };
    assert_eq!(found, Ok(Found::There(expected)));
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
        assert_eq!(described(nothing).await, Ok(Found::NotThere));
    }
}

fn of(id: &str) -> Value {
    json!({"AutoScalingGroupId": GROUP, "RefreshActivityId": id, "Status": "RUNNING"})
}

#[tokio::test]
async fn a_list_that_is_not_whole_or_about_others_is_unclear_and_no_absence() {
    for odd in [
        json!({"RequestId": "r1"}),
        json!({"TotalCount": 0, "RequestId": "r1"}),
        json!({"TotalCount": 1, "RefreshActivitySet": []}),
        json!({"TotalCount": 1, "RefreshActivitySet": null}),
        json!({"RefreshActivitySet": []}),
        json!({"TotalCount": null, "RefreshActivitySet": null}),
        json!({"TotalCount": "none", "RefreshActivitySet": []}),
        json!({"TotalCount": 1, "RefreshActivitySet": [of("asr-other")]}),
        json!({"RefreshActivitySet": [of("asr-other")]}),
        json!({"TotalCount": 0, "RefreshActivitySet": {}}),
        json!({"TotalCount": 0, "RefreshActivitySet": "none"}),
        json!({"TotalCount": 0, "RefreshActivitySet": [null]}),
        json!({"TotalCount": 1, "RefreshActivitySet": [{"Status": "RUNNING"}]}),
        json!({"TotalCount": 1, "RefreshActivitySet": [{"RefreshActivityId": {}}]}),
    ] {
        let found = described(response(&odd)).await;
        assert!(matches!(found, Ok(Found::Unclear(_))), "{odd}: {found:?}");
    }
}

#[tokio::test]
async fn a_list_with_two_of_the_id_counts_only_if_they_are_the_same() {
    let mut other = of(ACTIVITY);
    other["Status"] = json!("CANCELLED");
    let list = |all: Value| response(&json!({"TotalCount": 2, "RefreshActivitySet": all}));
    let twice = described(list(json!([of(ACTIVITY), other]))).await;
    assert!(matches!(twice, Ok(Found::Unclear(_))), "{twice:?}");
    for all in [
        json!([of(ACTIVITY), of(ACTIVITY)]),
        json!([of("asr-other"), of(ACTIVITY)]),
        json!([null, of(ACTIVITY)]),
    ] {
        let found = described(list(all.clone())).await;
        assert!(matches!(found, Ok(Found::There(_))), "{all}: {found:?}");
    }
}

#[tokio::test]
async fn a_member_in_another_form_is_unclear_and_fails_no_reading() {
    for (name, value) in [
        ("Status", json!(null)),
        ("Status", json!({})),
        ("AutoScalingGroupId", json!(null)),
        ("CurrentRefreshBatchNum", json!("two")),
        ("RefreshSettings", json!("x")),
        ("RefreshSettings", json!({"RollingUpdateSettings": []})),
        ("RefreshBatchSet", json!({})),
        ("RefreshBatchSet", json!("x")),
        ("RefreshBatchSet", json!([null])),
        ("RefreshBatchSet", json!([{"RefreshBatchNum": 1}])),
        ("StartTime", json!([])),
    ] {
        let mut activity = of(ACTIVITY);
        activity[name] = value.clone();
        let list = json!({"TotalCount": 1, "RefreshActivitySet": [activity]});
        let found = described(response(&list)).await;
        assert!(
            matches!(found, Ok(Found::There(_))),
            "{name} {value}: {found:?}"
        );
    }
}

#[tokio::test]
async fn what_is_no_answer_of_the_service_is_unavailable() {
    for body in ["", "x", "{}", r#"{"Response": []}"#] {
        let found = described(answer(200, body)).await;
        let unavailable = Err(Reading::Retry(Reason::CLOUD_UNAVAILABLE));
        assert_eq!(found, unavailable, "{body}");
    }
}

#[tokio::test]
async fn a_roll_back_is_found_by_its_origin_and_a_part_of_a_list_shows_none() {
    let back = |id: &str, origin: &str, created: &str| {
        let mut back = of(id);
        back["ActivityType"] = json!("ROLLBACK");
        back["OriginRefreshActivityId"] = json!(origin);
        back["CreatedTime"] = json!(created);
        back
    };
    let read = async |set: Value, total: usize| {
        let list = json!({"TotalCount": total, "RefreshActivitySet": set});
        let server = Server::answering([response(&list)]);
        let found = describe_roll_back(&client(server.origin()), GROUP, ACTIVITY).await;
        (found.expect("a list"), body_of(&server.asked()[0]))
    };
    let both = json!([
        back("asr-new", ACTIVITY, "2026-11-21T09:00:00Z"),
        back("asr-old", ACTIVITY, "2026-11-21T08:00:00Z"),
        back("asr-foreign", "asr-x", "2026-11-21T10:00:00Z"),
    ]);
    let (found, asked) = read(both, 3).await;
    let found = found.there().expect("a roll-back").clone();
    assert_eq!(found.id.text(), Some("asr-new"));
    let filters = json!([
        {"Name": "auto-scaling-group-id", "Values": [GROUP]},
        {"Name": "refresh-activity-type", "Values": ["ROLLBACK"]},
    ]);
    assert_eq!(asked["Filters"], filters);
    assert_eq!(read(json!([]), 0).await.0, Found::NotThere);
    assert_eq!(
        read(json!([back("a", "asr-x", "")]), 1).await.0,
        Found::NotThere
    );
    let mut differs = back("asr-new", ACTIVITY, "2026-11-21T09:00:00Z");
    differs["Status"] = json!("FAILED");
    let twice = json!([differs, back("asr-new", ACTIVITY, "2026-11-21T09:00:00Z")]);
    for (set, total) in [
        (json!([]), 1),
        (json!({}), 0),
        (json!([null]), 1),
        (twice, 2),
    ] {
        let (found, _) = read(set.clone(), total).await;
        assert!(matches!(found, Found::Unclear(_)), "{set}: {found:?}");
    }
}
