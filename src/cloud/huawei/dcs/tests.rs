//! Parsing and paging.

use super::*;
use crate::cloud::huawei::server::client;
use crate::cloud::server::{Server, answer, send};
use crate::cloud::{self, Sent};

fn tasks(range: std::ops::Range<usize>) -> Vec<serde_json::Value> {
    range
        .map(|n| serde_json::json!({"id": format!("t{n}"), "name": "EXTEND", "status": "WAITING"}))
        .collect()
}

fn page_body(count: impl Into<serde_json::Value>, range: std::ops::Range<usize>) -> String {
    let count: serde_json::Value = count.into();
    serde_json::json!({"task_count": count, "tasks": tasks(range)}).to_string()
}

fn page(count: serde_json::Value, range: std::ops::Range<usize>) -> String {
    answer(200, &page_body(count, range))
}

async fn listed(answers: Vec<String>) -> (Result<Option<usize>, CallError>, Vec<String>) {
    let server = Server::answering(answers);
    let found = list_background_tasks(&client(server.origin()), "i1").await;
    let asked = server
        .asked()
        .iter()
        .map(|head| head.split(' ').nth(1).unwrap_or_default().to_owned())
        .collect();
    (found.map(|t| t.map(|t| t.len())), asked)
}

#[tokio::test]
async fn the_count_of_tasks_is_read_as_text_and_as_a_number() {
    for count in [serde_json::json!("3"), serde_json::json!(3)] {
        let (found, asked) = listed(vec![page(count, 0..3)]).await;
        assert_eq!(found, Ok(Some(3)));
        assert_eq!(asked, ["/v2/p1/instances/i1/tasks?offset=0&limit=100"]);
    }
}

#[tokio::test]
async fn tasks_are_read_to_the_last_page() {
    for count in [serde_json::json!("250"), serde_json::json!(250)] {
        let pages = vec![
            page(count.clone(), 0..100),
            page(count.clone(), 100..200),
            page(count, 200..250),
        ];
        let (found, asked) = listed(pages).await;
        assert_eq!(found, Ok(Some(250)));
        assert_eq!(asked.len(), 3);
        assert!(asked[2].ends_with("?offset=200&limit=100"), "{asked:?}");
    }
}

#[tokio::test]
async fn a_full_page_is_never_taken_for_the_last() {
    // The count is wrong, or the list has grown meanwhile.
    for count in [serde_json::json!(100), serde_json::json!(0)] {
        let pages = [0..100, 100..101, 101..101].map(|range| page(count.clone(), range));
        let (found, asked) = listed(pages.into()).await;
        assert_eq!((found, asked.len()), (Ok(Some(101)), 3));
    }
}

#[tokio::test]
async fn without_a_count_only_an_empty_page_is_the_last() {
    for count in [
        serde_json::Value::Null,
        "many".into(),
        [3].as_slice().into(),
    ] {
        // Ten at a time, whatever was asked for.
        let pages = [0..10, 10..14, 14..14].map(|range| page(count.clone(), range));
        let (found, asked) = listed(pages.into()).await;
        assert_eq!((found, asked.len()), (Ok(Some(14)), 3));
    }
}

#[tokio::test]
async fn a_server_that_gives_smaller_pages_is_asked_for_the_rest() {
    let pages = vec![
        page(25.into(), 0..10),
        page(25.into(), 10..20),
        page(25.into(), 20..25),
    ];
    let (found, asked) = listed(pages).await;
    assert_eq!(found, Ok(Some(25)));
    assert!(asked[1].contains("offset=10&"), "{asked:?}");
}

#[tokio::test]
async fn a_page_that_fails_gives_no_reading_at_all() {
    let pages = vec![page(200.into(), 0..100), answer(500, "")];
    assert!(listed(pages).await.0.is_err());
    for body in ["", "<html>", "[]", "7"] {
        assert!(listed(vec![answer(200, body)]).await.0.is_err(), "{body}");
    }
}

/// What the answer gives, in order: an id, or `None` for a member that is not
/// understood.
async fn members(bodies: &[&str]) -> Vec<Option<String>> {
    let answers: Vec<String> = bodies.iter().map(|body| answer(200, body)).collect();
    let server = Server::answering(answers);
    let tasks = list_background_tasks(&client(server.origin()), "i1").await;
    let tasks = tasks.expect("a reading").expect("an instance");
    let id = |task: &Read<BackgroundTask>| {
        let task = task.known()?;
        Some(match &task.status {
            Read::Unclear(why) if why.contains("twice") => format!("{}, listed twice", task.id),
            _ => task.id.clone(),
        })
    };
    tasks.iter().map(id).collect()
}

#[tokio::test]
async fn a_null_list_is_empty_and_so_is_an_absent_one_of_none() {
    for body in [
        r#"{"task_count": 0, "tasks": null}"#,
        r#"{"task_count": "0", "tasks": null}"#,
        r#"{"task_count": null, "tasks": null}"#,
        r#"{"tasks": null}"#,
        r#"{"task_count": "0"}"#,
    ] {
        assert_eq!(members(&[body]).await, [], "{body}");
    }
}

#[tokio::test]
async fn a_list_of_another_form_is_not_understood_and_not_empty() {
    for body in [
        "{}",
        r#"{"task_count": 0, "tasks": "none"}"#,
        r#"{"task_count": "1", "tasks": {"0": {"id": "t1"}}}"#,
    ] {
        assert_eq!(members(&[body]).await, [None], "{body}");
    }
}

#[tokio::test]
async fn a_member_that_is_not_understood_stays_and_stops_no_other() {
    let body = r#"{"task_count": 5, "tasks": [null, {"id": "t1", "status": 4, "details": []},
        {"id": "../t2"}, {"name": "EXTEND"}, {"id": 7}]}"#;
    let ids = [
        None,
        Some("t1".to_owned()),
        None,
        None,
        Some("7".to_owned()),
    ];
    assert_eq!(members(&[body]).await, ids);
}

#[tokio::test]
async fn a_list_that_shrinks_while_it_is_read_is_not_whole() {
    let bodies = [page_body(120, 0..100), page_body(119, 100..119)];
    let ids = members(&[&bodies[0], &bodies[1]]).await;
    assert_eq!(ids.len(), 120);
    assert_eq!(ids.last(), Some(&None));
    // One that grows has moved some to the next page, which are there once.
    let bodies = [page_body(120, 0..100), page_body(121, 99..120)];
    let ids = members(&[&bodies[0], &bodies[1]]).await;
    assert_eq!(ids.len(), 120);
    assert!(ids.iter().all(Option::is_some));
}

#[tokio::test]
async fn a_list_that_ends_before_its_own_count_is_no_reading() {
    let pages = vec![page(3.into(), 0..0)];
    assert!(listed(pages).await.0.is_err());
}

#[tokio::test]
async fn a_200_without_an_instance_is_no_reading() {
    for body in ["{}", r#"{"status": null, "spec_code": ""}"#, "[]"] {
        let server = Server::answering([answer(200, body)]);
        let found = show_instance(&client(server.origin()), "i1").await;
        assert!(found.is_err(), "{body}");
    }
}

#[tokio::test]
async fn an_instance_that_is_not_there_is_none_and_a_wrong_address_is_an_error() {
    let gone = answer(404, r#"{"error_code": "DCS.3022", "error_msg": "m"}"#);
    assert_eq!(listed(vec![gone.clone()]).await.0, Ok(None));
    let server = Server::answering([gone]);
    assert_eq!(
        show_instance(&client(server.origin()), "i1").await,
        Ok(None)
    );
    for body in ["", r#"{"error_code": "APIGW.0101", "error_msg": "m"}"#] {
        assert!(listed(vec![answer(404, body)]).await.0.is_err(), "{body}");
    }
}

fn understood(text: &str) -> Read<String> {
    Read::Understood(text.to_owned())
}

#[tokio::test]
async fn an_instance_is_read_with_its_window() {
    let body = r#"{"instance_id": "i1", "status": "RUNNING", "spec_code": "s", "capacity": 8,
        "capacity_minor": null, "replica_count": "2",
        "maintain_begin": "18:00:00", "maintain_end": 19}"#;
    let server = Server::answering([answer(200, body)]);
    let instance = show_instance(&client(server.origin()), "i1").await;
    let instance = instance.expect("a reading").expect("an instance");
    assert_eq!(instance.status, understood("RUNNING"));
    assert_eq!(instance.spec_code, understood("s"));
    assert_eq!(instance.capacity(), gigabytes("8"));
    assert_eq!(instance.replica_count, Read::Understood(2));
    assert_eq!(instance.maintain_begin, understood("18:00:00"));
    assert_eq!(instance.maintain_end, understood("19"));
    assert!(server.asked()[0].starts_with("GET /v2/p1/instances/i1 "));
}

fn gigabytes(text: &str) -> Read<Capacity> {
    Read::Understood(Capacity::parse(text).expect("a capacity"))
}

#[test]
fn a_capacity_is_read_from_either_field() {
    let of = |capacity: serde_json::Value, minor: serde_json::Value| {
        let body = serde_json::json!({"capacity": capacity, "capacity_minor": minor});
        let instance: Instance = serde_json::from_value(body).expect("an instance");
        instance.capacity()
    };
    let null = || serde_json::Value::Null;
    assert_eq!(of(8.into(), null()), gigabytes("8"));
    assert_eq!(of("8".into(), "".into()), gigabytes("8.0"));
    assert_eq!(of(0.into(), ".125".into()), gigabytes("0.125"));
    assert_eq!(of(null(), 0.5.into()), gigabytes(".5"));
    assert_eq!(of(8.into(), "8".into()), gigabytes("8"));
    assert_eq!(of(8.into(), 0.into()), gigabytes("8"));
    for (capacity, minor) in [(null(), null()), (0.into(), null())] {
        assert_eq!(of(capacity, minor), Read::Missing);
    }
    for (capacity, minor) in [
        (8.into(), "4".into()),
        ("8 GB".into(), null()),
        (0.into(), "small".into()),
        ((-1).into(), null()),
    ] {
        let read = of(capacity, minor);
        assert!(matches!(read, Read::Unclear(_)), "{read:?}");
    }
}

#[test]
fn a_capacity_is_a_decimal_number() {
    for (text, shown) in [
        ("4", "4"),
        ("0.1250", "0.125"),
        (".5", "0.5"),
        ("64.0", "64"),
    ] {
        let capacity = Capacity::parse(text).expect("a capacity");
        assert_eq!(capacity.to_string(), shown);
    }
    for text in ["", ".", "x", "-1", "1e3", "4G", "1.2.3", "0.0000001", "+4"] {
        assert_eq!(Capacity::parse(text), None, "{text}");
    }
}

#[test]
fn a_task_is_read_with_what_it_would_change() {
    let task: BackgroundTask = serde_json::from_str(
        r#"{"id": "t", "name": "EXTEND", "status": "WAITING", "user_id": "u", "params": "{}",
            "created_at": "2020-06-17T07:38:42.503Z", "error_code": null,
            "details": {"old_resource_spec_code": "a", "new_resource_spec_code": "b",
                "old_capacity": "8", "new_capacity": 16, "new_replica_num": "3"}}"#,
    )
    .expect("a task");
    let details = task.details.known().expect("details");
    assert_eq!(details.old_resource_spec_code, understood("a"));
    assert_eq!(details.new_resource_spec_code, understood("b"));
    assert_eq!(details.old_capacity, gigabytes("8"));
    assert_eq!(details.new_capacity, gigabytes("16"));
    assert_eq!(details.old_replica_num, Read::Missing);
    assert_eq!(details.new_replica_num, Read::Understood(3));
    let time = "2020-06-17T07:38:42.503Z".parse().expect("a time");
    assert_eq!(task.created_at, Read::Understood(time));
    assert_eq!(task.updated_at, Read::Missing);
}

async fn cancelled(answer: String) -> Sent {
    let server = Server::answering([answer]);
    let client = cloud::Client::Huawei(client(server.origin()));
    let ids = cloud::arguments([(INSTANCE, "i1"), (TASK, "t1")]);
    let sent = send(&client, &CANCEL_RESIZE, ("p1", ""), &ids).await;
    let asked = &server.asked()[0];
    assert!(asked.starts_with("POST /v2/p1/instances/i1/resize/cancel/t1 HTTP/1.1\r\n"));
    sent
}

#[tokio::test]
async fn a_cancel_is_accepted_only_with_the_documented_words() {
    let sent = cancelled(answer(200, r#"{"result": "success"}"#)).await;
    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    for body in [
        "",
        "{}",
        r#"{"result": "failed"}"#,
        r#"{"result": null}"#,
        "success",
    ] {
        let sent = cancelled(answer(200, body)).await;
        assert!(matches!(sent, Sent::Unknown(_)), "{body}: {sent:?}");
    }
}

#[tokio::test]
async fn a_task_that_is_listed_twice_differently_is_not_understood() {
    let once = |status: &str| {
        serde_json::json!({"id": "t1", "name": "EXTEND", "status": status,
            "details": {"new_resource_spec_code": "s"}})
    };
    let other = serde_json::json!({"id": "t2", "name": "EXTEND", "status": "SUCCESS"});
    let body = |tasks: &[serde_json::Value]| {
        serde_json::json!({"task_count": tasks.len(), "tasks": tasks}).to_string()
    };
    let same = body(&[once("WAITING"), other.clone(), once("WAITING")]);
    let ids = [Some("t1".to_owned()), Some("t2".to_owned())];
    assert_eq!(members(&[&same]).await, ids);
    let differ = body(&[once("WAITING"), other.clone(), once("CANCELLED")]);
    let ids = [Some("t1, listed twice".to_owned()), Some("t2".to_owned())];
    assert_eq!(members(&[&differ]).await, ids);
    // One that has changed while it moved to the next page.
    let page = |tasks: &[serde_json::Value]| {
        serde_json::json!({"task_count": 3, "tasks": tasks}).to_string()
    };
    let (first, rest) = (page(&[once("WAITING")]), page(&[once("CANCELLED"), other]));
    assert_eq!(members(&[&first, &rest]).await, ids);
}

#[tokio::test]
async fn an_answer_about_another_instance_is_no_reading() {
    for (id, read) in [("i1", true), ("I1", true), ("i2", false)] {
        let body = format!(r#"{{"instance_id": "{id}", "status": "RUNNING"}}"#);
        let server = Server::answering([answer(200, &body)]);
        let found = show_instance(&client(server.origin()), "i1").await;
        assert_eq!(found.is_ok(), read, "{id}");
    }
}
