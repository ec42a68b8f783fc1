//! What is asked, against the official SDK's captured request, what odd answers
//! mean, and what is unreadable rather than broken.

use serde_json::json;

use super::*;
use crate::api::Reason;
use crate::cloud::huawei::Scope;
use crate::cloud::huawei::server;
use crate::cloud::huawei::verdicts::BSS_ROWS;
use crate::cloud::server::{Server, answer, captured};

fn client(server: &Server) -> Client {
    Client {
        scope: Scope::Domain("d1".to_owned()),
        rows: BSS_ROWS,
        ..server::client(server.origin())
    }
}

const FILTER: OrderFilter = OrderFilter {
    created_from: 1_795_248_000_000,
    created_until: 1_795_248_600_001,
    order_type: Some(OrderType::Change),
    service: None,
};

async fn listed(answers: Vec<String>) -> (Result<Look<usize>, CallError>, Vec<String>) {
    let server = Server::answering(answers);
    let found = list_orders(&client(&server), FILTER).await;
    let count = found.map(|look| match look {
        Look::Seen(list) if !list.understood => Look::Seen(usize::MAX),
        Look::Seen(list) => Look::Seen(list.orders.len()),
        Look::Unreadable(refusal) => Look::Unreadable(refusal),
    });
    (count, server.asked())
}

fn page(count: usize, range: std::ops::Range<usize>) -> String {
    let orders: Vec<_> = range
        .map(|n| json!({"order_id": format!("CS{n}"), "status": 6}))
        .collect();
    let body = json!({"total_count": count, "order_infos": orders});
    answer(200, &body.to_string())
}

async fn shown(body: &str) -> Option<OrderDetails> {
    let server = Server::answering([answer(200, body)]);
    match show_order(&client(&server), "CS1").await {
        Ok(Look::Seen(details)) => details,
        other => panic!("{body}: {other:?}"),
    }
}

#[tokio::test]
async fn an_order_is_asked_for_as_the_official_sdk_does_but_for_the_page() {
    let server = Server::answering([answer(200, r#"{"total_count": 0}"#)]);
    let look = show_order(&client(&server), "CS2108102036B2CAI").await;
    assert_eq!(look, Ok(Look::Seen(None)));
    let (method, target, headers, _) = captured("huawei-bss-order-details");
    let asked = server.asked()[0].to_lowercase();
    let line = format!("{method} {target}?offset=0&limit=100 HTTP/1.1\r\n");
    assert!(asked.starts_with(&line.to_lowercase()), "{asked}");
    assert!(headers.contains(&"x-domain-id".to_owned()));
    assert!(asked.contains("\r\nx-domain-id: d1\r\n"), "{asked}");
    assert!(!asked.contains("x-project-id"), "{asked}");
}

#[tokio::test]
async fn an_order_is_read_with_its_deadline_and_what_its_lines_are_about() {
    let found = shown(
        r#"{"total_count": 2, "error_code": "CBC.0000",
            "order_info": {"order_id": "CS1", "status": "6", "order_type": 3,
                "service_type_code": "hws.service.type.vdi",
                "create_time": "2026-11-21T19:32:48Z", "payment_time": null,
                "pending_payment_end_time": "2026-11-28T19:32:48Z"},
            "order_line_items": [{"order_line_item_id": "L1"},
                {"order_line_item_id": "L2", "extra": {"resources": ["r2"]}}]}"#,
    )
    .await
    .expect("an order");
    assert_eq!(found.order.status(), Some(OrderStatus::PendingPayment));
    assert_eq!(found.order.order_type, Some(OrderType::Change as i64));
    assert_eq!(found.order.payment_time, None);
    let deadline = found.order.pending_payment_end_time.as_deref();
    assert_eq!(deadline, Some("2026-11-28T19:32:48Z"));
    assert!(found.carries("r2"));
    assert!(!found.carries("r"), "only the whole id");
    assert!(!found.carries("CS1"), "only the lines");
}

#[tokio::test]
async fn lines_are_read_to_the_last_page() {
    let page = |range: std::ops::Range<usize>| {
        let lines: Vec<_> = range
            .map(|n| json!({"resource": format!("r{n}")}))
            .collect();
        let body = json!({"total_count": 150, "order_info": {"order_id": "CS1", "status": 5},
            "order_line_items": lines});
        answer(200, &body.to_string())
    };
    let server = Server::answering([page(0..100), page(100..150)]);
    let Ok(Look::Seen(Some(found))) = show_order(&client(&server), "CS1").await else {
        panic!("an order");
    };
    assert!(found.carries("r0") && found.carries("r149"));
}

#[tokio::test]
async fn an_order_that_bss_does_not_know_is_none() {
    let unknown = answer(400, r#"{"error_code": "CBC.30000010", "error_msg": "m"}"#);
    let server = Server::answering([unknown]);
    let look = show_order(&client(&server), "CS1").await;
    assert_eq!(look, Ok(Look::Seen(None)));
}

#[tokio::test]
async fn an_order_whose_lines_are_not_given_is_still_an_order() {
    let body = r#"{"total_count": 1, "order_info": {"order_id": "CS1", "status": 5}}"#;
    let found = shown(body).await.expect("an order");
    assert_eq!(found.order.status(), Some(OrderStatus::Completed));
    assert!(!found.carries("r1"));
}

#[test]
fn every_status_has_the_word_that_scripts_rely_on() {
    let words: Vec<(i64, &str)> = (-1..=15)
        .filter_map(|number| Some((number, OrderStatus::of(number)?.word())))
        .collect();
    assert_eq!(
        words,
        [
            (0, "Initializing"),
            (1, "InReview"),
            (2, "RefundPending"),
            (3, "Processing"),
            (4, "Cancelled"),
            (5, "Completed"),
            (6, "PendingPayment"),
            (7, "Compensating"),
            (8, "PendingApproval"),
            (9, "ToConfirm"),
            (10, "ToShip"),
            (11, "ToReceive"),
            (12, "PickUp"),
            (13, "Exchanging"),
            (14, "MerchantReceipt"),
        ]
    );
    for number in 0..=14 {
        let order = Order {
            status_number: Some(number),
            ..Order::default()
        };
        assert_eq!(order.may_be_open(), !matches!(number, 4 | 5), "{number}");
        let person = order.status().is_some_and(OrderStatus::needs_a_person);
        assert_eq!(person, matches!(number, 6 | 8), "{number}");
    }
    assert!(Order::default().may_be_open(), "nobody knows");
}

#[tokio::test]
async fn an_undocumented_status_is_none_of_the_documented_ones() {
    for status in ["-1", "15", "99", "null", r#""x""#, "{}", "[]", "3.5"] {
        let body = format!(
            r#"{{"total_count": 0, "order_info": {{"order_id": "CS1", "status": {status}}}}}"#
        );
        let found = shown(&body).await.expect("an order");
        assert_eq!(found.order.status(), None, "{status}");
    }
}

#[tokio::test]
async fn orders_are_looked_for_by_time_and_type_oldest_first_and_to_the_last_page() {
    let (found, asked) = listed(vec![page(120, 0..100), page(120, 100..120)]).await;
    assert_eq!(found, Ok(Look::Seen(120)));
    let filter = "create_time_begin=2026-11-21T08%3A00%3A00Z&create_time_end=2026-11-21T08%3A10%3A01Z&order_type=3&order_by=createTime";
    for (asked, offset) in asked.iter().zip([0, 100]) {
        let line = format!(
            "GET /v2/orders/customer-orders?{filter}&offset={offset}&limit=100 HTTP/1.1\r\n"
        );
        assert!(asked.starts_with(&line), "{asked}");
    }
}

#[tokio::test]
async fn orders_of_a_service_are_looked_for_whatever_their_type() {
    let filter = OrderFilter {
        order_type: None,
        service: Some(WORKSPACE_SERVICE),
        ..FILTER
    };
    let server = Server::answering([page(2, 0..2)]);
    let found = list_orders(&client(&server), filter).await;
    let Ok(Look::Seen(list)) = found else {
        panic!("{found:?}");
    };
    assert_eq!((list.orders.len(), list.requests), (2, 1));
    let asked = &server.asked()[0];
    assert!(
        asked.contains("&service_type_code=hws.service.type.vdi&order_by="),
        "{asked}"
    );
    assert!(!asked.contains("order_type="), "{asked}");
}

#[tokio::test]
async fn a_member_that_is_no_order_is_not_taken_for_no_order() {
    for member in [
        "7",
        "null",
        "{}",
        r#"{"order_id": null}"#,
        r#"{"order_id": 7}"#,
    ] {
        let body =
            format!(r#"{{"total_count": 2, "order_infos": [{{"order_id": "CS1"}}, {member}]}}"#);
        let server = Server::answering([answer(200, &body)]);
        let Ok(Look::Seen(list)) = list_orders(&client(&server), FILTER).await else {
            panic!("{member}");
        };
        assert_eq!((list.orders.len(), list.understood), (1, false), "{member}");
    }
}

#[tokio::test]
async fn lines_name_their_resources_only_if_each_line_names_one() {
    for (lines, named) in [
        (r#"[{"resource_id": "r1"}]"#, true),
        (r#"[{"extra": [{"cloud_resource_ids": "r1"}]}]"#, true),
        (r#"[{"resource_id": "r1"}, {"resourceId": "r2"}]"#, true),
        (r#"[{"resource_id": ""}]"#, false),
        (r#"[{"resource_id": " "}]"#, false),
        // What the other line is about is not known.
        (r#"[{"resource_id": "r1"}, {"product_id": "p1"}]"#, false),
        (r#"[{"product_id": "p1"}, {"resource_id": "r1"}]"#, false),
        (r#"[{"resource_id": "r1"}, {"resource_id": null}]"#, false),
        (r#"[{"resource_id": "r1"}, null]"#, false),
        (r#"[{"resource_id": "r1"}, "r2"]"#, false),
        (r#"[{"resource_id": null}]"#, false),
        (r#"[{"order_line_item_id": "L1"}]"#, false),
        ("[]", false),
        ("null", false),
    ] {
        let count = serde_json::from_str::<Option<Vec<Value>>>(lines).expect("JSON");
        let count = count.unwrap_or_default().len();
        let body = format!(
            r#"{{"total_count": {count}, "order_info": {{"order_id": "CS1"}}, "order_line_items": {lines}}}"#
        );
        let found = shown(&body).await.expect("an order");
        assert_eq!(found.names_its_resources(), named, "{lines}");
    }
}

#[tokio::test]
async fn no_orders_are_seen_as_none_and_a_list_that_is_not_whole_is_no_reading() {
    for body in [
        r#"{"total_count": 0, "order_infos": []}"#,
        r#"{"total_count": 0, "order_infos": null}"#,
        r#"{"total_count": 0}"#,
    ] {
        assert_eq!(
            listed(vec![answer(200, body)]).await.0,
            Ok(Look::Seen(0)),
            "{body}"
        );
    }
    for body in ["{}", "", r#"{"order_infos": []}"#, r#"{"total_count": 3}"#] {
        assert!(listed(vec![answer(200, body)]).await.0.is_err(), "{body}");
    }
}

#[tokio::test]
async fn what_a_key_may_not_read_is_told_apart_from_a_fault() {
    let error = |code: &str| format!(r#"{{"error_code": "{code}", "error_msg": "m"}}"#);
    for (status, code) in [
        (403, "CBC.0150"),
        (403, "CBC.0156"),
        (403, "CBC.0151"),
        (403, "CBC.9999"),
        (403, ""),
        (403, "APIGW.0302"),
        (400, "CBC.18000016"),
        (400, "CBC.9999"),
        // An error in an answer of success.
        (200, "CBC.0151"),
        // Nothing of the sort at this address.
        (404, "APIGW.0101"),
        // The key is good elsewhere.
        (401, "APIGW.0301"),
    ] {
        let (found, _) = listed(vec![answer(status, &error(code))]).await;
        let Ok(Look::Unreadable(said)) = found else {
            panic!("{status} {code}: {found:?}");
        };
        assert_eq!((said.status, said.code.as_str()), (status, code));
        let server = Server::answering([answer(status, &error(code))]);
        let shown = show_order(&client(&server), "CS1").await;
        assert!(
            matches!(shown, Ok(Look::Unreadable(_))),
            "{status} {code}: {shown:?}"
        );
    }
    for (status, code, reading) in [
        (429, "APIGW.0308", Reading::Retry(Reason::THROTTLED)),
        (500, "CBC.9999", Reading::Retry(Reason::CLOUD_UNAVAILABLE)),
        (200, "APIGW.0308", Reading::Retry(Reason::THROTTLED)),
        // Not understood.
        (200, "CBC.9999", Reading::Retry(Reason::CLOUD_UNAVAILABLE)),
    ] {
        let (found, _) = listed(vec![answer(status, &error(code))]).await;
        let found = found.map_err(|e| e.reading);
        assert_eq!(found, Err(reading), "{status} {code}");
    }
    let server = Server::answering([answer(200, &error("CBC.30000010"))]);
    let shown = show_order(&client(&server), "CS1").await;
    assert_eq!(shown, Ok(Look::Seen(None)), "there is no such order");
}

#[tokio::test]
async fn what_an_order_is_about_is_asked_by_post_and_read_as_ids() {
    let asked = async |status, body: &str| {
        let server = Server::answering([answer(status, body)]);
        let found = order_resources(&client(&server), "CS1").await;
        (found, server.asked()[0].clone())
    };
    let body = r#"{"total_count": 2, "data": [{"resource_id": "r1"}, {"resource_name": "n"}]}"#;
    let (found, request) = asked(200, body).await;
    assert!(
        matches!(&found, Ok(Look::Seen(found)) if found.list == ["r1"] && !found.understood),
        "{found:?}"
    );
    let line = "POST /v2/orders/suscriptions/resources/query HTTP/1.1\r\n";
    assert!(request.starts_with(line), "{request}");
    let question = request.split_once("\r\n\r\n").map(|(_, body)| body);
    let question: Value = serde_json::from_str(question.expect("a body")).expect("JSON");
    assert_eq!(
        question,
        json!({"order_id": "CS1", "offset": 0, "limit": 100})
    );
    let (found, _) = asked(200, r#"{"total_count": 0, "data": null}"#).await;
    assert_eq!(found, Ok(Look::Seen(Vec::new().into())));
    let (found, _) = asked(200, r#"{"total_count": 101, "data": []}"#).await;
    assert_eq!(found, Ok(Look::Seen(Members::default())), "too many to say");
    let (found, _) = asked(403, r#"{"error_code": "CBC.0151"}"#).await;
    assert!(matches!(found, Ok(Look::Unreadable(_))), "{found:?}");
    for (status, body) in [(200, "{}"), (500, ""), (429, "")] {
        let (found, _) = asked(status, body).await;
        assert!(found.is_err(), "{status} {body}");
    }
}

/// The documented count, or a value in its place that counts nothing.
fn page_with(count: Value, range: std::ops::Range<usize>) -> String {
    let orders: Vec<_> = range
        .map(|n| json!({"order_id": format!("CS{n}"), "status": 6}))
        .collect();
    let body = json!({"total_count": count, "order_infos": orders});
    answer(200, &body.to_string())
}

#[tokio::test]
async fn a_list_without_a_count_is_read_on_to_an_empty_page() {
    for count in [json!(null), json!(""), json!("many"), json!({}), json!(-1)] {
        let pages = [0..10, 10..12, 12..12].map(|range| page_with(count.clone(), range));
        let (found, asked) = listed(pages.to_vec()).await;
        assert_eq!(found, Ok(Look::Seen(12)), "{count}");
        assert!(asked[2].contains("&offset=12&"), "{}", asked[2]);
    }
}

#[tokio::test]
async fn a_count_that_is_less_than_what_was_read_counts_nothing() {
    for count in [0, 1, 9] {
        let pages = [0..10, 10..12, 12..12].map(|range| page_with(json!(count), range));
        let (found, _) = listed(pages.to_vec()).await;
        assert_eq!(found, Ok(Look::Seen(12)), "{count}");
    }
}

#[tokio::test]
async fn a_page_that_comes_again_is_no_next_page() {
    let again = vec![page_with(json!(null), 0..10), page_with(json!(null), 0..10)];
    let (found, asked) = listed(again).await;
    assert!(found.is_err(), "{found:?}");
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn neither_a_count_nor_a_list_is_no_reading() {
    for body in [
        r#"{"total_count": null}"#,
        r#"{"total_count": null, "order_infos": null}"#,
        r#"{"total_count": "x", "order_infos": null}"#,
    ] {
        let found = listed(vec![answer(200, body)]).await.0;
        assert!(found.is_err(), "{body}: {found:?}");
    }
}

#[tokio::test]
async fn lines_without_a_count_are_read_on_to_an_empty_page() {
    let page = |range: std::ops::Range<usize>| {
        let lines: Vec<_> = range
            .map(|n| json!({"resource": format!("r{n}")}))
            .collect();
        let body = json!({"total_count": null, "order_info": {"order_id": "CS1", "status": 6},
            "order_line_items": lines});
        answer(200, &body.to_string())
    };
    let server = Server::answering([page(0..10), page(10..12), page(12..12)]);
    let found = show_order(&client(&server), "CS1").await;
    let Ok(Look::Seen(Some(found))) = found else {
        panic!("{found:?}");
    };
    assert!(found.carries("r0") && found.carries("r11"));
}

#[tokio::test]
async fn lines_of_which_the_rest_is_not_given_are_no_reading() {
    let page = |range: std::ops::Range<usize>| {
        let lines: Vec<_> = range
            .map(|n| json!({"resource": format!("r{n}")}))
            .collect();
        let body = json!({"total_count": 150, "order_info": {"order_id": "CS1", "status": 6},
            "order_line_items": lines});
        answer(200, &body.to_string())
    };
    let server = Server::answering([page(0..100), page(0..0)]);
    let found = show_order(&client(&server), "CS1").await;
    assert!(found.is_err(), "{found:?}");
}

#[tokio::test]
async fn the_details_of_another_order_say_nothing_about_this_one() {
    let body = r#"{"total_count": 0, "order_info": {"order_id": "CS2", "status": 5}}"#;
    let server = Server::answering([answer(200, body)]);
    let found = show_order(&client(&server), "CS1").await;
    assert_eq!(found, Ok(Look::Seen(None)));
}

#[tokio::test]
async fn a_line_carries_an_id_however_it_is_written() {
    let body = r#"{"total_count": 1, "order_info": {"order_id": "CS1"},
        "order_line_items": [{"resource_id": " Bill-D1 "}]}"#;
    let found = shown(body).await.expect("an order");
    assert!(found.carries("bill-d1") && !found.carries("bill-d") && !found.carries(""));
}

/// A row of a kind that is not understood may be an order for a desktop.
#[test]
fn only_an_order_of_a_known_other_kind_is_not_one_for_a_desktop() {
    for (service, expected) in [
        (Some("hws.service.type.vdi"), true),
        (Some(" hws.service.type.vdi "), true),
        (Some("HWS.Service.Type.VDI\n"), true),
        (Some("hws.service.type.ec2"), false),
        (Some(" HWS.service.type.ebs"), false),
        (Some("hws.service.type."), true),
        (Some("workspace"), true),
        (Some("hws.service.type.vdi;hws.service.type.ebs"), true),
        (Some(""), true),
        (None, true),
    ] {
        let order = Order {
            service_type_code: service.map(str::to_owned),
            ..Order::default()
        };
        assert_eq!(order.may_change_a_desktop(), expected, "{service:?}");
    }
    for (kind, expected) in [
        (Some(3), true),
        (Some(11), true),
        (Some(1), false),
        (Some(2), false),
        (Some(4), false),
        (Some(10), false),
        (Some(0), true),
        (Some(77), true),
        (None, true),
    ] {
        let order = Order {
            order_type: kind,
            ..Order::default()
        };
        assert_eq!(order.may_change_a_desktop(), expected, "{kind:?}");
    }
}

#[tokio::test]
async fn resources_are_all_known_only_if_each_of_them_is_named() {
    for (body, count, understood) in [
        (
            r#"{"total_count": 1, "data": [{"resource_id": "r1"}]}"#,
            1,
            true,
        ),
        (r#"{"total_count": 0, "data": []}"#, 0, true),
        (
            r#"{"total_count": null, "data": [{"resource_id": "r1"}]}"#,
            1,
            false,
        ),
        (
            r#"{"total_count": 2, "data": [{"resource_id": "r1"}]}"#,
            1,
            false,
        ),
        (
            r#"{"total_count": 0, "data": [{"resource_id": "r1"}]}"#,
            1,
            false,
        ),
        (
            r#"{"total_count": 101, "data": [{"resource_id": "r1"}]}"#,
            1,
            false,
        ),
        (
            r#"{"total_count": 2, "data": [{"resource_id": "r1"}, {"resource_name": "n"}]}"#,
            1,
            false,
        ),
        (
            r#"{"total_count": 2, "data": [{"resource_id": "r1"}, null]}"#,
            1,
            false,
        ),
        (r#"{"total_count": 1, "data": null}"#, 0, false),
    ] {
        let server = Server::answering([answer(200, body)]);
        let found = order_resources(&client(&server), "CS1").await;
        let Ok(Look::Seen(found)) = found else {
            panic!("{body}: {found:?}");
        };
        assert_eq!(
            (found.list.len(), found.understood),
            (count, understood),
            "{body}"
        );
    }
}

#[tokio::test]
async fn an_order_that_is_listed_twice_differently_may_be_open() {
    for (first, second, understood) in [(4, 4, true), (4, 5, false), (5, 4, false)] {
        let body = format!(
            r#"{{"total_count": 2, "order_infos": [{{"order_id": "CS1", "status": {first}}},
                {{"order_id": "CS1", "status": {second}}}]}}"#
        );
        let server = Server::answering([answer(200, &body)]);
        let Ok(Look::Seen(list)) = list_orders(&client(&server), FILTER).await else {
            panic!("{first} {second}");
        };
        assert_eq!(list.understood, understood, "{first} {second}");
        let open = list.orders.iter().any(Order::may_be_open);
        assert_eq!(open, !understood, "{first} {second}");
        assert!(list.orders.iter().all(|order| order.order_id == "CS1"));
    }
}

#[tokio::test]
async fn an_order_whose_pages_differ_stands_nowhere_that_is_known() {
    let page = |id: &str, status: i64, from: usize, to: usize| {
        let lines: Vec<Value> = (from..to).map(|n| json!({"id": n})).collect();
        let info = json!({"order_id": id, "status": status});
        let body = json!({"total_count": 120, "order_info": info, "order_line_items": lines});
        answer(200, &body.to_string())
    };
    for (id, status, shown) in [
        ("CS1", 6, Some(Some(OrderStatus::PendingPayment))),
        ("CS1", 5, Some(None)),
        ("CS2", 6, None),
    ] {
        let pages = [page("CS1", 6, 0, 100), page(id, status, 100, 120)];
        let server = Server::answering(pages);
        let Ok(Look::Seen(found)) = show_order(&client(&server), "CS1").await else {
            panic!("{id} {status}");
        };
        let found = found.map(|details| details.order.status());
        assert_eq!(found, shown, "{id} {status}");
    }
}

#[tokio::test]
async fn a_list_longer_than_any_documented_one_is_no_reading() {
    // By the bytes of a page, by its items, and by its pages where there is no count.
    let order = json!({"order_id": "CS1", "status": 6, "name": "n".repeat(1 << 20)});
    let long = json!({"total_count": 1, "order_infos": [order]});
    let items = |n: usize| page(10_000, n * 100..(n + 1) * 100);
    let pages = |n: usize| page_with(json!(null), n..n + 1);
    for (answers, read) in [
        (vec![answer(200, &long.to_string())], 1),
        ((0..101).map(items).collect(), 100),
        ((0..101).map(pages).collect(), 100),
    ] {
        let (found, asked) = listed(answers).await;
        let error = found.expect_err("not whole");
        assert!(error.refusal.message.contains("not complete"), "{error:?}");
        assert_eq!(asked.len(), read, "no page more is asked for");
    }
    let (found, _) = listed(
        (0..100)
            .map(|n| page(9_999, n * 100..9_999.min((n + 1) * 100)))
            .collect(),
    )
    .await;
    assert_eq!(found, Ok(Look::Seen(9_999)));
}
