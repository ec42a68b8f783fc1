//! What is asked, against the official SDK's captured request, and what odd answers
//! mean.

use serde_json::json;

use super::*;
use crate::api::Reason;
use crate::cloud::server::{Server, answer, captured, send};
use crate::cloud::volcengine::server::client;
use crate::cloud::{self, Sent};

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
) -> (Result<Found<ScheduledInstance>, CallError>, Vec<String>) {
    let server = Server::answering(answers);
    let found = describe_scheduled_instance(&client(server.origin()), ID).await;
    (found, server.asked())
}

async fn deleted(answer: String) -> Sent {
    let server = Server::answering([answer]);
    delete_at(&server).await
}

async fn delete_at(server: &Server) -> Sent {
    let client = cloud::Client::Volcengine(client(server.origin()));
    let ids = cloud::arguments([(SCHEDULED_INSTANCE, ID)]);
    send(&client, &DELETE_SCHEDULED_INSTANCE, ("", TOKEN), &ids).await
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
    let sent = delete_at(&server).await;
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
    let retry = Reading::Retry(Reason::TARGET_BUSY);
    assert!(
        matches!(busy, Sent::Refused(r, _) if r == retry),
        "{busy:?}"
    );
    let late = deleted(error(412, "OperationDenied.LatestCancelTime")).await;
    let lost = Reading::Lost(Reason::TOO_LATE);
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
        "EndDeliveryAt": "2023-02-28T16:20:00.5Z", "AutoReleaseAt": "2023-03-01T16:00Z",
        "ZoneId": "z", "InstanceConfig": {"Volumes": []},
    });
    let (found, _) = described(vec![result(&json!({"ScheduledInstanceInfo": [order]}))]).await;
    let at = |text: &str| Field::Known(text.parse::<Timestamp>().expect("a time"));
    let text = |text: &str| Field::Known(text.to_owned());
    let expected = ScheduledInstance {
        id: text(ID),
        name: text("n"),
        status: text("SomeWord"),
        elastic_type: text("Segmented"),
        delivery_type: text("Reserve"),
        count: Field::Known(3),
        delivery_count: Field::Known(1),
        release_count: Field::Absent,
        created_at: at("2023-02-28T16:00:00Z"),
        invalid_at: Field::Absent,
        start_delivery_at: at("2023-02-28T16:10:00Z"),
        end_delivery_at: at("2023-02-28T16:20:00.5Z"),
        auto_release_at: at("2023-03-01T16:00:00Z"),
    };
    assert_eq!(found, Ok(Found::There(expected)));
}

#[tokio::test]
async fn an_empty_list_and_a_404_say_that_there_is_no_such_order() {
    for nothing in [
        result(&json!({"ScheduledInstanceInfo": [], "NextToken": ""})),
        result(&json!({"ScheduledInstanceInfo": null})),
        error(404, "InvalidScheduledInstance.NotFound"),
        error(200, "InvalidScheduledInstance.NotFound"),
    ] {
        assert_eq!(described(vec![nothing]).await.0, Ok(Found::NotThere));
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
    let found = found.expect("a list");
    assert_eq!(found.there().expect("an order").id.text(), Some(ID));
    assert!(asked[0].contains(&format!("ScheduledInstanceIds.1={ID}&MaxResults=100 ")));
    assert!(asked[1].contains("&NextToken=t%201 "), "{}", asked[1]);

    let (found, _) = described(vec![page(&[], "t1"), page(&[], "")]).await;
    assert_eq!(found, Ok(Found::NotThere));
    // Other orders than the one that was asked for; and a list without an end.
    for odd in [
        vec![page(&["esi-other"], "")],
        vec![page(&[], "t1"), page(&[], "t1")],
    ] {
        let (found, _) = described(odd).await;
        assert!(matches!(found, Ok(Found::Unclear(_))), "{found:?}");
    }
    for odd in [
        vec![page(&[], "t1"), error(500, "InternalError")],
        vec![page(&[], "t1"), String::new()],
    ] {
        let (found, _) = described(odd).await;
        let found = found.map_err(|e| e.reading);
        assert_eq!(found, Err(Reading::Retry(Reason::CLOUD_UNAVAILABLE)));
    }
}

#[tokio::test]
async fn what_is_malformed_is_unclear_and_no_absence() {
    for odd in [
        json!({}),
        json!(null),
        json!([]),
        json!({"ScheduledInstanceInfo": {}}),
        json!({"ScheduledInstanceInfo": "none"}),
        json!({"ScheduledInstanceInfo": [null]}),
        json!({"ScheduledInstanceInfo": [{"Status": "x"}]}),
        json!({"ScheduledInstanceInfo": [{"ScheduledInstanceId": 1}]}),
        json!({"ScheduledInstanceInfo": [], "NextToken": {}}),
        json!({"ScheduledInstanceInfo": null, "NextToken": []}),
    ] {
        let (found, _) = described(vec![result(&odd)]).await;
        assert!(matches!(found, Ok(Found::Unclear(_))), "{odd}: {found:?}");
    }
}

#[tokio::test]
async fn a_list_with_two_of_the_id_counts_only_if_they_are_the_same() {
    let order = |status: &str| json!({"ScheduledInstanceId": ID, "Status": status});
    let other = json!({"ScheduledInstanceId": "esi-other"});
    let info = |all: Value| vec![result(&json!({"ScheduledInstanceInfo": all}))];
    let (found, _) = described(info(json!([order("a"), order("b")]))).await;
    assert!(matches!(found, Ok(Found::Unclear(_))), "{found:?}");
    for all in [json!([order("a"), order("a")]), json!([other, order("a")])] {
        let (found, _) = described(info(all.clone())).await;
        assert!(matches!(found, Ok(Found::There(_))), "{all}: {found:?}");
    }
}

#[tokio::test]
async fn a_member_in_another_form_is_unclear_and_fails_no_reading() {
    let order = json!({
        "ScheduledInstanceId": ID, "Status": {}, "Count": "many", "DeliveryCount": [],
        "CreatedAt": "soon", "InvalidAt": "2026-11-25 10:00:00", "StartDeliveryAt": true,
    });
    let (found, _) = described(vec![result(&json!({"ScheduledInstanceInfo": [order]}))]).await;
    let found = found.expect("a list").there().expect("an order").clone();
    assert!(found.status.is_unclear() && found.count.is_unclear());
    assert!(found.delivery_count.is_unclear() && found.created_at.is_unclear());
    assert!(found.invalid_at.is_unclear() && found.start_delivery_at.is_unclear());
}

#[tokio::test]
async fn an_order_that_a_later_page_shows_differently_is_unclear() {
    let page = |status: &str, next: &str| {
        let order = json!({"ScheduledInstanceId": ID, "Status": status});
        result(&json!({"ScheduledInstanceInfo": [order], "NextToken": next}))
    };
    let (found, _) = described(vec![page("a", "t"), page("b", "")]).await;
    assert!(matches!(found, Ok(Found::Unclear(_))), "{found:?}");
    let (found, _) = described(vec![page("a", "t"), page("a", "")]).await;
    assert!(matches!(found, Ok(Found::There(_))), "{found:?}");
}

#[tokio::test]
async fn a_list_longer_than_any_documented_one_proves_no_absence() {
    let page = |n: usize| {
        let next = format!("t{n}");
        result(&json!({"ScheduledInstanceInfo": [], "NextToken": next}))
    };
    let (found, asked) = described((0..=MAX_PAGES).map(page).collect()).await;
    assert!(matches!(found, Ok(Found::Unclear(_))), "{found:?}");
    assert_eq!(asked.len(), MAX_PAGES, "no page more is asked for");
}
