//! What is sent, and how the envelope is read whatever the HTTP status.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::cloud::call::Ids;
use crate::cloud::server::{
    OF_PROXIES, SECRETS, Server, answer, answer_with, open_gate, temporary_key, transport,
};
use crate::cloud::volcengine::server::client;

const ID: &str = "esi-3thhlu8byl4bwbha0001";

fn query() -> Query {
    Query::default()
        .id("ScheduledInstanceId", ID)
        .expect("an id")
}

/// A service that takes every answer of success.
fn plain(_: &Success<'_>) -> Meaning {
    Meaning::Accepted(Ids::new())
}

fn error(code: &str) -> String {
    format!(
        r#"{{"ResponseMetadata": {{"RequestId": "r1", "Error": {{"CodeN": 1, "Code": "{code}", "Message": "m"}}}}}}"#
    )
}

/// What comes of a mutating call that is answered like this.
async fn sent(answer: String) -> Sent {
    let server = Server::answering([answer]);
    let client = client(server.origin());
    client
        .send(Method::Get, "Delete", &query(), open_gate(), plain)
        .await
}

/// What comes of a read that is answered like this.
async fn got(answer: String) -> Result<Value, Reading> {
    let server = Server::answering([answer]);
    let got = client(server.origin()).get("Describe", &query()).await;
    let got = got.map(|held| held.decode(|value| value));
    got.map_err(|e| e.reading)
}

#[tokio::test]
async fn everything_stands_in_the_query_and_the_signature_names_region_and_service() {
    let server = Server::answering([answer(200, r#"{"ResponseMetadata": {}}"#)]);
    let query = Query::default().mark("ClientToken", "op+1/a");
    let query = query.and_then(|query| query.id("ScheduledInstanceId", ID));
    let query = query.expect("valid values");
    let client = client(server.origin());
    let sent = client
        .send(Method::Get, "Delete", &query, open_gate(), plain)
        .await;
    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    let asked = &server.asked()[0];
    let line = format!(
        "GET /?Action=Delete&Version=2020-04-01&ClientToken=op%2B1%2Fa&ScheduledInstanceId={ID} HTTP/1.1\r\n"
    );
    assert!(asked.starts_with(&line), "{asked}");
    let lower = asked.to_lowercase();
    for name in ["host", "authorization", "x-date", "x-content-sha256"] {
        let count = lower.matches(&format!("\r\n{name}:")).count();
        assert_eq!(count, 1, "{name} in {asked}");
    }
    assert!(!lower.contains("\r\ncontent-type:") && !lower.contains("\r\ncontent-length:"));
    assert!(asked.contains("/cn-beijing/ecs/request, SignedHeaders=host;x-content-sha256;x-date,"));
}

#[tokio::test]
async fn temporary_credentials_are_sent_and_signed() {
    let server = Server::answering([answer(200, r#"{"ResponseMetadata": {}}"#)]);
    let mut client = client(server.origin());
    client.key = temporary_key();
    client.get("Describe", &query()).await.expect("an answer");
    let asked = server.asked()[0].to_lowercase();
    assert!(asked.contains("\r\nx-security-token: tokeninvented\r\n"));
    assert!(asked.contains(";x-date;x-security-token,"), "{asked}");
}

#[tokio::test]
async fn a_success_has_response_metadata_and_no_error_in_it() {
    let body = r#"{"ResponseMetadata": {"RequestId": "r1", "Error": null}, "Result": {"a": 1}}"#;
    let accepted = Sent::Accepted {
        request_id: "r1".to_owned(),
        ids: Ids::new(),
    };
    assert_eq!(sent(answer(200, body)).await, accepted);
    assert_eq!(
        got(answer(200, body)).await,
        Ok(serde_json::json!({"a": 1}))
    );
    for body in [
        "",
        "{",
        "null",
        "[]",
        "\"x\"",
        "{}",
        "<html>200</html>",
        r#"{"Result": {}}"#,
        r#"{"ResponseMetadata": null, "Result": {}}"#,
        r#"{"ResponseMetadata": "x", "Result": {}}"#,
        r#"{"ResponseMetadata": {"RequestId": "r1"}, "Result": {"#,
        r#"{"ResponseMetadata": {"Error": {}}}"#,
        r#"{"ResponseMetadata": {"Error": "x"}}"#,
        r#"{"ResponseMetadata": {"Error": {"Code": "", "Message": ""}}}"#,
    ] {
        let sent = sent(answer(200, body)).await;
        assert!(matches!(sent, Sent::Unknown(_)), "{body}: {sent:?}");
        let got = got(answer(200, body)).await;
        assert_eq!(
            got,
            Err(Reading::Retry(Reason::CLOUD_UNAVAILABLE)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn the_content_type_of_an_answer_tells_nothing() {
    for kind in ["text/html", "application/json; charset=utf-8"] {
        let header = format!("Content-Type: {kind}\r\n");
        let refused = sent(answer_with(200, &header, &error("AccessDenied"))).await;
        let blocked = Reading::Blocked(Reason::PERMISSION_DENIED);
        assert!(
            matches!(refused, Sent::Refused(r, _) if r == blocked),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn an_error_is_one_whatever_the_status_and_a_fault_is_unknown_whatever_the_code() {
    for status in [200, 400, 404, 412] {
        let refused = sent(answer(status, &error("IdempotentParameterMismatch"))).await;
        let Sent::Refused(Reading::Terminal, said) = refused else {
            panic!("{status}: {refused:?}");
        };
        assert_eq!((said.status, said.request_id.as_str()), (status, "r1"));
        assert_eq!(said.message, "m");
    }
    for (status, body) in [
        (500, error("IdempotentParameterMismatch")),
        (503, error("AccessDenied")),
        (500, error("InternalError")),
        (200, error("InternalError")),
        (504, error("InternalServiceTimeout")),
        (400, error("SomethingNew")),
        (200, error("SomethingNew")),
        // A status without an error says nothing of the call.
        (400, r#"{"ResponseMetadata": {}}"#.to_owned()),
        (401, String::new()),
        (403, String::new()),
        (404, String::new()),
        (412, String::new()),
        (302, String::new()),
        (502, "<html>".to_owned()),
    ] {
        let sent = sent(answer(status, &body)).await;
        assert!(
            matches!(sent, Sent::Unknown(_)),
            "{status} {body}: {sent:?}"
        );
    }
    // A proxy may write it after the cloud has acted (contracts: l.5).
    for body in [
        "",
        "<html>",
        "{}",
        r#"{"ResponseMetadata": {"RequestId": "r"}}"#,
        r#"{"ResponseMetadata": {"Error": {"Message": "m"}}}"#,
        r#"{"ResponseMetadata": {"Error": {"Code": ""}}}"#,
        r#"{"Error": {"Code": "FlowLimitExceeded"}}"#,
    ] {
        let sent = sent(answer(429, body)).await;
        assert!(matches!(sent, Sent::Unknown(_)), "{body}: {sent:?}");
    }
    let throttled = sent(answer(429, &error("SomethingNew"))).await;
    let retry = Reading::Retry(Reason::THROTTLED);
    assert!(
        matches!(throttled, Sent::Refused(r, _) if r == retry),
        "{throttled:?}"
    );
}

#[tokio::test]
async fn a_read_that_fails_is_told_by_its_row_or_by_its_status() {
    for (status, body, reading) in [
        (
            404,
            error("InvalidScheduledInstance.NotFound"),
            Reading::Gone,
        ),
        (404, String::new(), Reading::Terminal),
        (400, error("SomethingNew"), Reading::Terminal),
        (401, String::new(), Reading::Terminal),
        (403, "<html>".to_owned(), Reading::Terminal),
        (
            401,
            error("SomethingNew"),
            Reading::Blocked(Reason::CREDENTIALS_REJECTED),
        ),
        (
            403,
            error("LackProjectPolicy"),
            Reading::Blocked(Reason::PERMISSION_DENIED),
        ),
        (
            400,
            error("InvalidTimestamp"),
            Reading::Retry(Reason::CLOCK_SKEW),
        ),
        (429, String::new(), Reading::Retry(Reason::THROTTLED)),
        (
            200,
            error("FlowLimitExceeded"),
            Reading::Retry(Reason::THROTTLED),
        ),
        (
            200,
            error("SomethingNew"),
            Reading::Retry(Reason::CLOUD_UNAVAILABLE),
        ),
        (
            500,
            error("InternalError"),
            Reading::Retry(Reason::CLOUD_UNAVAILABLE),
        ),
        (
            302,
            String::new(),
            Reading::Retry(Reason::CLOUD_UNAVAILABLE),
        ),
    ] {
        let read = got(answer(status, &body)).await;
        assert_eq!(read, Err(reading), "{status} {body}");
    }
}

#[tokio::test]
async fn nothing_of_the_key_shows_in_what_is_passed_on() {
    let [id, secret, token] = SECRETS;
    for code in [
        "InvalidScheduledInstanceStatus",
        "SignatureDoesNotMatch",
        "SomethingNew",
    ] {
        let body = format!(
            r#"{{"ResponseMetadata": {{"RequestId": "r-{id}", "Error": {{"Code": "{code}", "Message": "a\n{id} {secret} x-security-token:{token}"}}}}}}"#
        );
        let server = Server::answering([answer(400, &body), answer(400, &body)]);
        let mut client = client(server.origin());
        client.key = temporary_key();
        let read = client.get("Describe", &query()).await;
        let sent = client
            .send(Method::Get, "Delete", &query(), open_gate(), plain)
            .await;
        let said = format!("{read:?} {sent:?}");
        assert!(said.contains(code), "{said}");
        for secret in SECRETS {
            assert!(!said.contains(secret), "{said}");
        }
    }
}

#[tokio::test]
async fn a_get_that_mutates_is_sent_once_and_only_if_the_gate_agrees() {
    let broken = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned();
    for answers in [
        vec![broken, answer(200, "{}")],
        vec![String::new(), answer(200, "{}")],
    ] {
        let server = Server::answering(answers);
        let client = client(server.origin());
        let sent = client
            .send(Method::Get, "Delete", &query(), open_gate(), plain)
            .await;
        assert!(matches!(sent, Sent::Unknown(_)), "{sent:?}");
        assert_eq!(server.asked().len(), 1);
    }
    let server = Server::answering([answer(200, "{}")]);
    let questions = Arc::new(AtomicUsize::new(0));
    let count = questions.clone();
    let gate: Gate = Arc::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
        false
    });
    let sent = client(server.origin())
        .send(Method::Get, "Delete", &query(), gate, plain)
        .await;
    assert!(matches!(sent, Sent::NotSent(_)), "{sent:?}");
    assert_eq!(questions.load(Ordering::SeqCst), 1);
    assert!(server.asked().iter().all(String::is_empty));
}

#[tokio::test]
async fn a_clock_that_is_off_is_corrected_for_the_next_call() {
    let far = "Date: Sat, 21 Nov 2020 08:00:00 GMT\r\n";
    let off = answer_with(400, far, &error("InvalidTimestamp"));
    let server = Server::answering([off, answer(200, r#"{"ResponseMetadata": {}}"#)]);
    let mut client = client(server.origin());
    client.transport = transport();
    assert!(client.get("Describe", &query()).await.is_err());
    assert!(client.clock_offset() < 0);
    client.get("Describe", &query()).await.expect("an answer");
    let second = server.asked()[1].to_lowercase();
    assert!(second.contains("\r\nx-date: 20201121t08"), "{second}");
}

#[tokio::test]
async fn what_a_proxy_writes_is_no_refusal_of_the_cloud() {
    for status in [200, 401, 403, 429] {
        for body in OF_PROXIES {
            let sent = sent(answer(status, body)).await;
            let acted = matches!(sent, Sent::Unknown(_));
            assert!(acted, "{status} {body}: {sent:?}");
        }
    }
}
