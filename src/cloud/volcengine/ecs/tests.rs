//! What is asked, against the official SDK's captured request, and what odd answers
//! mean.

use serde_json::json;

use super::*;
use crate::api::Reason;
use crate::cloud::server::{Server, answer, captured, open_gate};
use crate::cloud::volcengine::server::client;

const ID: &str = "esi-3thhlu8byl4bwbha0001";
const TOKEN: &str = "op-7f0c1b2e-0001";

fn result(result: &Value) -> String {
    let body = json!({"ResponseMetadata": {"RequestId": "r1"}, "Result": result});
    answer(200, &body.to_string())
}

fn error(status: u16, code: &str) -> String {
    let error = json!({"Code": code, "Message": "m"});
    let body = json!({"ResponseMetadata": {"RequestId": "r1", "Error": error}});
    answer(status, &body.to_string())
}

async fn described(
    answers: Vec<String>,
) -> (Result<Option<ScheduledInstance>, CallError>, Vec<String>) {
    let server = Server::answering(answers);
    let found = describe_scheduled_instance(&client(server.origin()), ID).await;
    (found, server.asked())
}

async fn deleted(answer: String) -> Sent {
    let server = Server::answering([answer]);
    delete_scheduled_instance(&client(server.origin()), ID, TOKEN, open_gate()).await
}

/// The query of a request line, in order of the names.
fn query(target: &str) -> Vec<&str> {
    let (_, query) = target.split_once('?').expect("a query");
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.sort_unstable();
    pairs
}

#[tokio::test]
async fn a_delete_asks_what_the_official_sdk_asks() {
    let server = Server::answering([result(&json!({}))]);
    let sent = delete_scheduled_instance(&client(server.origin()), ID, TOKEN, open_gate()).await;
    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    let (method, target, _, body) = captured("volc-delete-scheduled-instance");
    let asked = &server.asked()[0];
    let line: Vec<&str> = asked.lines().next().expect("a line").split(' ').collect();
    assert_eq!((line[0], body.as_str()), (method.as_str(), ""));
    assert_eq!(query(line[1]), query(&target));
}

#[tokio::test]
async fn a_delete_is_accepted_with_an_empty_result_or_none_and_nothing_else() {
    let without = answer(200, r#"{"ResponseMetadata": {"RequestId": "r1"}}"#);
    for accepted in [without, result(&Value::Null), result(&json!({}))] {
        let expected = Sent::Accepted {
            request_id: "r1".to_owned(),
            ids: Ids::new(),
        };
        assert_eq!(deleted(accepted).await, expected);
    }
    for other in [
        json!({"a": 1}),
        json!([]),
        json!("x"),
        json!(false),
        json!(0),
    ] {
        let sent = deleted(result(&other)).await;
        assert!(matches!(sent, Sent::Unknown(_)), "{other}: {sent:?}");
    }
    for broken in ["", "{}", "x", r#"{"Result": {}}"#] {
        let sent = deleted(answer(200, broken)).await;
        assert!(matches!(sent, Sent::Unknown(_)), "{broken}: {sent:?}");
    }
}

#[tokio::test]
async fn of_the_two_412_one_passes_and_one_is_final() {
    let busy = deleted(error(412, "IdempotentProcessing")).await;
    let retry = Reading::Retry(Reason::TargetBusy);
    assert!(
        matches!(busy, Sent::Refused(r, _) if r == retry),
        "{busy:?}"
    );
    let late = deleted(error(412, "OperationDenied.LatestCancelTime")).await;
    let lost = Reading::Lost(Reason::TooLate);
    assert!(matches!(late, Sent::Refused(r, _) if r == lost), "{late:?}");
}

#[tokio::test]
async fn an_order_is_read_with_times_of_minutes_or_seconds() {
    let order = json!({
        "ScheduledInstanceId": ID, "ScheduledInstanceName": "n", "Status": "SomeWord",
        "ElasticScheduledInstanceType": "Segmented", "DeliveryType": "Reserve",
        "Count": 3, "DeliveryCount": "1", "ReleaseCount": null,
        "CreatedAt": "2023-02-28T16:00Z", "UpdatedAt": "2023-02-28T16:00:01Z",
        "InvalidAt": "", "StartDeliveryAt": "2023-03-01T00:10+08:00",
        "EndDeliveryAt": "2023-02-28T16:20:00.5Z", "AutoReleaseAt": null,
        "ZoneId": "z", "InstanceConfig": {"Volumes": []},
    });
    let (found, _) = described(vec![result(&json!({"ScheduledInstanceInfo": [order]}))]).await;
    let at = |text: &str| Some(text.parse::<Timestamp>().expect("a time"));
    let expected = ScheduledInstance {
        id: ID.to_owned(),
        name: Some("n".to_owned()),
        status: Some("SomeWord".to_owned()),
        elastic_type: Some("Segmented".to_owned()),
        delivery_type: Some("Reserve".to_owned()),
        count: Some(3),
        delivery_count: Some(1),
        release_count: None,
        created_at: at("2023-02-28T16:00:00Z"),
        updated_at: at("2023-02-28T16:00:01Z"),
        invalid_at: None,
        start_delivery_at: at("2023-02-28T16:10:00Z"),
        end_delivery_at: at("2023-02-28T16:20:00.5Z"),
        auto_release_at: None,
    };
    assert_eq!(found, Ok(Some(expected)));
}

#[tokio::test]
async fn an_empty_list_and_a_404_say_that_there_is_no_such_order() {
    for nothing in [
        result(&json!({"ScheduledInstanceInfo": [], "NextToken": ""})),
        result(&json!({"ScheduledInstanceInfo": null})),
        error(404, "InvalidScheduledInstance.NotFound"),
        error(200, "InvalidScheduledInstance.NotFound"),
    ] {
        assert_eq!(described(vec![nothing]).await.0, Ok(None));
    }
}

#[tokio::test]
async fn the_list_is_followed_to_its_end() {
    let page = |ids: &[&str], next: &str| {
        let orders: Vec<Value> = ids
            .iter()
            .map(|id| json!({"ScheduledInstanceId": id}))
            .collect();
        result(&json!({"ScheduledInstanceInfo": orders, "NextToken": next}))
    };
    let (found, asked) = described(vec![page(&[], "t 1"), page(&[ID], "")]).await;
    assert_eq!(found.expect("a list").expect("an order").id, ID);
    assert!(asked[0].contains(&format!("ScheduledInstanceIds.1={ID}&MaxResults=100 ")));
    assert!(asked[1].contains("&NextToken=t%201 "), "{}", asked[1]);

    let (found, _) = described(vec![page(&[], "t1"), page(&[], "")]).await;
    assert_eq!(found, Ok(None));
    // Other orders than the one that was asked for; and a list without an end.
    for odd in [
        vec![page(&["esi-other"], "")],
        vec![page(&[], "t1"), page(&[], "t1")],
        vec![page(&[], "t1"), error(500, "InternalError")],
        vec![page(&[], "t1"), String::new()],
    ] {
        let (found, _) = described(odd).await;
        let found = found.map_err(|e| e.reading);
        assert_eq!(found, Err(Reading::Retry(Reason::CloudUnavailable)));
    }
}

#[tokio::test]
async fn what_is_malformed_says_nothing_of_the_order() {
    for odd in [
        json!({}),
        json!(null),
        json!([]),
        json!({"ScheduledInstanceInfo": {}}),
        json!({"ScheduledInstanceInfo": [null]}),
        json!({"ScheduledInstanceInfo": [{"Status": "x"}]}),
        json!({"ScheduledInstanceInfo": [{"ScheduledInstanceId": 1}]}),
        json!({"ScheduledInstanceInfo": [{"ScheduledInstanceId": ID, "InvalidAt": "soon"}]}),
    ] {
        let (found, _) = described(vec![result(&odd)]).await;
        let found = found.map_err(|e| e.reading);
        assert_eq!(
            found,
            Err(Reading::Retry(Reason::CloudUnavailable)),
            "{odd}"
        );
    }
}
