//! Parsing and paging.

use std::sync::Arc;

use super::*;
use crate::cloud::huawei::server::client;
use crate::cloud::server::{Server, answer};

fn tasks(range: std::ops::Range<usize>) -> Vec<serde_json::Value> {
    range
        .map(|n| serde_json::json!({"id": format!("t{n}"), "name": "EXTEND", "status": "WAITING"}))
        .collect()
}

fn page(count: serde_json::Value, range: std::ops::Range<usize>) -> String {
    let body = serde_json::json!({"task_count": count, "tasks": tasks(range)});
    answer(200, &body.to_string())
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
    // The count is wrong, missing, or the list has grown meanwhile.
    for count in [
        serde_json::json!(100),
        serde_json::json!(0),
        serde_json::Value::Null,
    ] {
        let pages = vec![page(count.clone(), 0..100), page(count, 100..101)];
        let (found, asked) = listed(pages).await;
        assert_eq!((found, asked.len()), (Ok(Some(101)), 2));
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
    for body in ["", "<html>", r#"{"tasks": "none"}"#, r#"{"tasks": [{}]}"#] {
        assert!(listed(vec![answer(200, body)]).await.0.is_err(), "{body}");
    }
}

#[tokio::test]
async fn a_200_without_a_list_of_tasks_is_no_reading() {
    for body in [
        "{}",
        "[]",
        r#"{"tasks": null}"#,
        r#"{"error_code": "DCS.5000", "error_msg": "m"}"#,
    ] {
        assert!(listed(vec![answer(200, body)]).await.0.is_err(), "{body}");
    }
}

#[tokio::test]
async fn a_list_that_ends_before_its_own_count_is_no_reading() {
    let pages = vec![page(3.into(), 0..0)];
    assert!(listed(pages).await.0.is_err());
}

#[tokio::test]
async fn a_200_without_an_instance_is_no_reading() {
    let server = Server::answering([answer(200, "{}")]);
    assert!(show_instance(&client(server.origin()), "i1").await.is_err());
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

#[tokio::test]
async fn an_instance_is_read_with_its_window() {
    let body = r#"{"instance_id": "i1", "status": "RUNNING", "spec_code": "s", "capacity": 8,
        "maintain_begin": "18:00:00", "maintain_end": "19:00:00"}"#;
    let server = Server::answering([answer(200, body)]);
    let instance = show_instance(&client(server.origin()), "i1").await;
    let expected = Instance {
        status: "RUNNING".into(),
        spec_code: "s".into(),
        maintain_begin: Some("18:00:00".into()),
        maintain_end: Some("19:00:00".into()),
    };
    assert_eq!(instance, Ok(Some(expected)));
    assert!(server.asked()[0].starts_with("GET /v2/p1/instances/i1 "));
}

#[test]
fn a_task_is_read_with_what_it_would_change() {
    let task: BackgroundTask = serde_json::from_str(
        r#"{"id": "t", "name": "EXTEND", "status": "WAITING", "user_id": "u", "params": "{}",
            "created_at": "2020-06-17T07:38:42.503Z",
            "details": {"old_resource_spec_code": "a", "new_resource_spec_code": "b", "old_capacity": "8"}}"#,
    )
    .expect("a task");
    let details = task.details.expect("details");
    assert_eq!(details.old_resource_spec_code.as_deref(), Some("a"));
    assert_eq!(details.new_resource_spec_code.as_deref(), Some("b"));
    assert_eq!(task.created_at.as_deref(), Some("2020-06-17T07:38:42.503Z"));
}

async fn cancelled(answer: String) -> Sent {
    let server = Server::answering([answer]);
    let sent = cancel_resize(&client(server.origin()), "i1", "t1", Arc::new(|| true)).await;
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
