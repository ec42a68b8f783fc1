//! What is asked, against the official SDK's captured requests, and what odd answers
//! mean.

use serde_json::{Value, json};

use super::*;
use crate::api::Reason;
use crate::cloud::huawei::verdicts::CLOUDDC_ROWS;
use crate::cloud::huawei::{Scope, server};
use crate::cloud::server::{SECRETS, Server, answer, captured, temporary_key};

const PROJECT: &str = "0123456789abcdef0123456789abcdef";
const ID: &str = "2c6f5b0e-3b2e-4b8c-9d0a-1f4e2d3c4b5a";

fn client(server: &Server) -> Client {
    Client {
        scope: Scope::Project(PROJECT.to_owned()),
        rows: CLOUDDC_ROWS,
        ..server::client(server.origin())
    }
}

async fn shown(answer: String) -> Result<Found<InstanceStatus>, Reading> {
    let server = Server::answering([answer]);
    let shown = show_instance_status(&client(&server), ID).await;
    shown.map_err(|e| e.reading)
}

async fn listed(answers: Vec<String>) -> (Result<Vec<Instance>, Reading>, Vec<String>) {
    let server = Server::answering(answers);
    let listed = list_instances(&client(&server)).await;
    (listed.map_err(|e| e.reading), server.asked())
}

/// A page of so many instances from that number on.
fn page(from: usize, many: usize, more: &Value) -> String {
    let instances: Vec<Value> = (from..from + many)
        .map(|n| json!({"id": format!("i{n}"), "state": "running"}))
        .collect();
    let mut page = json!({"instances": instances});
    for (name, value) in more.as_object().expect("members") {
        page[name] = value.clone();
    }
    answer(200, &page.to_string())
}

fn text(text: &str) -> Field<String> {
    Field::Known(text.to_owned())
}

const UNAVAILABLE: Reading = Reading::Retry(Reason::CLOUD_UNAVAILABLE);

#[tokio::test]
async fn a_status_is_asked_as_the_official_sdk_asks() {
    let body = r#"{"state": "stopped", "operation_state": "install-succeed"}"#;
    let server = Server::answering([answer(200, body)]);
    let shown = show_instance_status(&client(&server), ID).await;
    let expected = InstanceStatus {
        state: text("stopped"),
        operation_state: text("install-succeed"),
        error: Field::Absent,
    };
    assert_eq!(shown, Ok(Found::There(expected)));
    let (method, target, _, _) = captured("huawei-clouddc-instance-status");
    let line = format!("{method} {target} HTTP/1.1\r\n");
    assert!(
        server.asked()[0].starts_with(&line),
        "{}",
        server.asked()[0]
    );
}

#[tokio::test]
async fn every_word_of_the_cloud_is_taken_as_it_is() {
    let body = r#"{"state": "some_new-word", "operation_state": "", "error": {"error_code": "CloudDC.1", "error_msg": "m", "error_type": 7}, "more": []}"#;
    let expected = InstanceStatus {
        state: text("some_new-word"),
        operation_state: Field::Absent,
        error: Field::Known(InstanceError {
            code: text("CloudDC.1"),
            msg: text("m"),
            error_type: text("7"),
        }),
    };
    assert_eq!(shown(answer(200, body)).await, Ok(Found::There(expected)));
    for (error, read) in [
        ("null", Field::Absent),
        ("{}", Field::Known(InstanceError::default())),
        (
            "\"no server\"",
            Field::Known(InstanceError {
                msg: text("no server"),
                ..InstanceError::default()
            }),
        ),
        ("[]", Field::Unclear),
        ("true", Field::Unclear),
    ] {
        let body = format!(r#"{{"state": "running", "operation_state": null, "error": {error}}}"#);
        let found = shown(answer(200, &body)).await.expect("an answer");
        assert_eq!(found.there().expect("an instance").error, read, "{error}");
    }
}

#[tokio::test]
async fn a_404_in_any_form_says_that_there_is_no_such_instance_but_a_wrong_endpoint_does_not() {
    for gone in [
        "",
        "not found",
        "{}",
        r#"{"error_code": "CloudDC.0404", "error_msg": "m"}"#,
        r#"{"error": {"code": "404"}}"#,
    ] {
        assert_eq!(
            shown(answer(404, gone)).await,
            Ok(Found::NotThere),
            "{gone}"
        );
    }
    for wrong in ["APIGW.0101", "APIG.0101"] {
        let body = format!(r#"{{"error_code": "{wrong}", "error_msg": "m"}}"#);
        let mismatch = Reading::Blocked(Reason::CONNECTION_MISMATCH);
        assert_eq!(shown(answer(404, &body)).await, Err(mismatch), "{wrong}");
    }
}

#[tokio::test]
async fn other_failures_are_told_by_their_status_with_and_without_a_body() {
    for (status, body, reading) in [
        (429, "", Reading::Retry(Reason::THROTTLED)),
        (429, "slow down", Reading::Retry(Reason::THROTTLED)),
        (
            429,
            r#"{"error_code": "APIGW.0308"}"#,
            Reading::Retry(Reason::THROTTLED),
        ),
        (
            401,
            r#"{"error_code": "CloudDC.1"}"#,
            Reading::Blocked(Reason::CREDENTIALS_REJECTED),
        ),
        (
            403,
            r#"{"error_code": "CloudDC.1"}"#,
            Reading::Blocked(Reason::PERMISSION_DENIED),
        ),
        (401, "", Reading::Terminal),
        (403, "<html>", Reading::Terminal),
        (400, "", Reading::Terminal),
        (500, r#"{"error_code": "CloudDC.5"}"#, UNAVAILABLE),
        (502, "<html>", UNAVAILABLE),
    ] {
        assert_eq!(
            shown(answer(status, body)).await,
            Err(reading),
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn a_status_without_a_state_is_told_and_is_no_state() {
    for odd in [
        "{}",
        r#"{"state": null}"#,
        r#"{"state": ""}"#,
        r#"{"state": []}"#,
    ] {
        let found = shown(answer(200, odd)).await.expect("an answer");
        let state = &found.there().expect("an instance").state;
        assert_eq!(state.known(), None, "{odd}");
    }
    for broken in [
        "",
        "null",
        "x",
        r#"{"state": "runn"#,
        // It would be taken for the fields, in order.
        r#"["running"]"#,
        // An error of the call, and not of the instance; and another instance.
        r#"{"error_code": "CloudDC.0500", "error_msg": "m"}"#,
        r#"{"state": "running", "error_code": "CloudDC.0500"}"#,
        r#"{"state": "running", "id": "i-2"}"#,
        r#"{"state": "running", "instance_id": "i-2"}"#,
    ] {
        assert_eq!(
            shown(answer(200, broken)).await,
            Err(UNAVAILABLE),
            "{broken}"
        );
    }
}

#[tokio::test]
async fn a_short_page_is_the_whole_list() {
    let (all, asked) = listed(vec![page(0, 2, &json!({"count": 2}))]).await;
    let all = all.expect("a list");
    assert_eq!((all.len(), all[1].id.text()), (2, Some("i1")));
    assert_eq!(all[0].status.state, text("running"));
    let line = format!("GET /v1/{PROJECT}/instances?limit=1000 HTTP/1.1\r\n");
    assert!(asked[0].starts_with(&line), "{}", asked[0]);
    for empty in [r#"{"instances": [], "count": 0}"#, r#"{"instances": null}"#] {
        assert_eq!(listed(vec![answer(200, empty)]).await.0, Ok(Vec::new()));
    }
}

#[tokio::test]
async fn an_instance_of_a_list_carries_what_its_status_would() {
    let body = json!({"instances": [{
        "id": ID, "name": "n", "state": "error", "operation_state": "install-failed",
        "server_id": "s", "created_at": "2026-11-21T08:00:00Z", "updated_at": null,
        "error": {"error_code": "c", "error_msg": "m", "error_type": "t"},
    }]});
    let (all, _) = listed(vec![answer(200, &body.to_string())]).await;
    let expected = Instance {
        id: text(ID),
        status: InstanceStatus {
            state: text("error"),
            operation_state: text("install-failed"),
            error: Field::Known(InstanceError {
                code: text("c"),
                msg: text("m"),
                error_type: text("t"),
            }),
        },
    };
    assert_eq!(all, Ok(vec![expected]));
}

#[tokio::test]
async fn one_that_cannot_be_read_keeps_no_other_from_being_read() {
    let list = json!({"instances": [
        null, {"state": "running"}, {"id": {}, "state": "running"}, {"id": "odd"},
        {"id": ID, "state": "stopped"},
    ], "count": 5});
    let (all, _) = listed(vec![answer(200, &list.to_string())]).await;
    let all = all.expect("a list");
    let ids: Vec<_> = all
        .iter()
        .filter_map(|instance| instance.id.text())
        .collect();
    assert_eq!(ids, ["odd", ID]);
    assert_eq!(all[0].status.state, Field::Absent);
    for odd in [
        r#"{"count": 2}"#,
        r#"{"instances": {}}"#,
        r#"{"instances": "x"}"#,
    ] {
        let (all, _) = listed(vec![answer(200, odd)]).await;
        assert_eq!(
            all,
            Ok(Vec::new()),
            "{odd}: it says nothing of any instance"
        );
    }
}

#[tokio::test]
async fn full_pages_are_followed_by_their_last_id_or_by_the_marker_that_is_named() {
    let (all, asked) = listed(vec![
        page(0, 1000, &json!({})),
        page(
            1000,
            1000,
            &json!({"page_info": {"next_marker": "m2"}, "count": 2001}),
        ),
        page(
            2000,
            1,
            &json!({"page_info": {"next_marker": null}, "count": 2001}),
        ),
    ])
    .await;
    assert_eq!(all.expect("a list").len(), 2001);
    assert!(
        asked[1].contains("?limit=1000&marker=i999 "),
        "{}",
        asked[1]
    );
    assert!(asked[2].contains("?limit=1000&marker=m2 "), "{}", asked[2]);

    let (all, _) = listed(vec![page(0, 1000, &json!({})), page(1000, 0, &json!({}))]).await;
    assert_eq!(all.expect("a list").len(), 1000);
}

#[tokio::test]
async fn a_list_that_is_not_whole_is_none() {
    let first = || page(0, 1000, &json!({"count": 1500}));
    for (rest, reading) in [
        (answer(500, ""), UNAVAILABLE),
        (String::new(), UNAVAILABLE),
        (answer(429, ""), Reading::Retry(Reason::THROTTLED)),
        // Nothing of a list is not nothing in it.
        (answer(404, ""), UNAVAILABLE),
        (answer(200, "x"), UNAVAILABLE),
        (
            answer(200, r#"{"instances": [{"id": "i"}], "count": 1500}"#),
            UNAVAILABLE,
        ),
        // The same page again, and one that is short.
        (page(0, 1000, &json!({})), UNAVAILABLE),
        (page(1000, 400, &json!({"count": 1500})), UNAVAILABLE),
    ] {
        assert_eq!(listed(vec![first(), rest]).await.0, Err(reading));
    }
    let short = page(0, 2, &json!({"count": 3}));
    assert_eq!(listed(vec![short]).await.0, Err(UNAVAILABLE));
}

#[tokio::test]
async fn temporary_credentials_are_sent_and_show_nowhere() {
    let [id, secret, token] = SECRETS;
    let body = json!({"error_code": "x", "error_msg": format!("{id} {secret} {token}")});
    for status in [400, 401, 500] {
        let server = Server::answering([answer(status, &body.to_string())]);
        let mut client = client(&server);
        client.key = temporary_key();
        let said = format!("{:?}", show_instance_status(&client, ID).await);
        for secret in SECRETS {
            assert!(!said.contains(secret), "{said}");
        }
        let asked = server.asked()[0].to_lowercase();
        assert!(
            asked.contains("\r\nx-security-token: tokeninvented\r\n"),
            "{asked}"
        );
        assert!(asked.contains(";x-sdk-date;x-security-token,"), "{asked}");
    }
}

#[tokio::test]
async fn a_list_longer_than_any_documented_one_is_no_reading() {
    let more = |n: usize| json!({"page_info": {"next_marker": format!("i{n}")}});
    let (found, asked) = listed((0..=MAX_PAGES).map(|n| page(n, 1, &more(n))).collect()).await;
    assert_eq!((found, asked.len()), (Err(UNAVAILABLE), MAX_PAGES));
    // Of 8 MiB, in answers that are not too long each.
    let long = |n: usize| {
        let named = json!({"id": format!("i{n}"), "state": "running", "name": "n".repeat(3 << 20)});
        let mut page = more(n);
        page["instances"] = json!([named]);
        answer(200, &page.to_string())
    };
    let (found, asked) = listed((0..4).map(long).collect()).await;
    assert_eq!((found, asked.len()), (Err(UNAVAILABLE), 3));
}
