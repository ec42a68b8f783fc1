//! What is sent, and how the envelope is read.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::cloud::call::Ids;
use crate::cloud::server::{
    OF_PROXIES, SECRETS, Server, answer, answer_with, body_of, open_gate, temporary_key,
};
use crate::cloud::tencent::server::client;

/// A service that takes every answer of success.
fn plain(_: &Success<'_>) -> Meaning {
    Meaning::Accepted(Ids::new())
}

fn error(code: &str) -> String {
    json!({"Response": {"Error": {"Code": code, "Message": "m"}, "RequestId": "r1"}}).to_string()
}

/// What comes of a mutating call that is answered like this.
async fn sent(answer: String) -> Sent {
    let server = Server::answering([answer]);
    let client = client(server.origin());
    client
        .send(Method::Post, "Cancel", "{}".to_owned(), open_gate(), plain)
        .await
}

/// What comes of a read that is answered like this.
async fn got(answer: String) -> Result<Value, Reading> {
    let server = Server::answering([answer]);
    let got = client(server.origin()).call("Describe", &json!({})).await;
    let got = got.map(|held| held.decode(|value| value));
    got.map_err(|e| e.reading)
}

#[tokio::test]
async fn the_action_is_a_header_that_is_signed_and_the_content_type_is_exact() {
    let server = Server::answering([answer(200, r#"{"Response": {"RequestId": "r1"}}"#)]);
    let body = json!({"AutoScalingGroupId": "asg-1"});
    let client = client(server.origin());
    let sent = client
        .send(Method::Post, "Cancel", body.to_string(), open_gate(), plain)
        .await;
    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    let asked = &server.asked()[0];
    assert!(asked.starts_with("POST / HTTP/1.1\r\n"), "{asked}");
    assert_eq!(body_of(asked), body);
    let lower = asked.to_lowercase();
    for line in [
        "content-type: application/json\r\n",
        "x-tc-action: cancel\r\n",
        "x-tc-version: 2018-04-19\r\n",
        "x-tc-region: ap-guangzhou\r\n",
        "host: 127.0.0.1:",
    ] {
        assert_eq!(
            lower.matches(&format!("\r\n{line}")).count(),
            1,
            "{line:?} in {asked}"
        );
    }
    assert!(!lower.contains("\r\nx-tc-token:"), "{asked}");
    assert!(asked.contains("/as/tc3_request, SignedHeaders=content-type;host;x-tc-action, "));
}

#[tokio::test]
async fn temporary_credentials_are_sent() {
    let server = Server::answering([answer(200, r#"{"Response": {"RequestId": "r1"}}"#)]);
    let mut client = client(server.origin());
    client.key = temporary_key();
    client
        .call("Describe", &json!({}))
        .await
        .expect("an answer");
    let asked = &server.asked()[0];
    assert!(
        asked
            .to_lowercase()
            .contains("\r\nx-tc-token: tokeninvented\r\n"),
        "{asked}"
    );
}

#[tokio::test]
async fn a_success_is_a_response_without_an_error_in_it() {
    let body = r#"{"Response": {"RequestId": "r1", "Error": null, "TotalCount": 1}}"#;
    let accepted = Sent::Accepted {
        request_id: "r1".to_owned(),
        ids: Ids::new(),
    };
    assert_eq!(sent(answer(200, body)).await, accepted);
    assert_eq!(
        got(answer(200, body)).await.expect("a response")["TotalCount"],
        1
    );
    for body in [
        "",
        "{",
        "null",
        "[]",
        "\"x\"",
        "{}",
        "<html>200</html>",
        r#"{"RequestId": "r1"}"#,
        r#"{"Response": null}"#,
        r#"{"Response": []}"#,
        r#"{"Response": "x"}"#,
        r#"{"Response": {"RequestId": "r1"}"#,
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
    for error in [
        "{}",
        "\"x\"",
        "[]",
        "1",
        r#"{"Code": ""}"#,
        r#"{"Code": 1}"#,
    ] {
        let body = format!(r#"{{"Response": {{"Error": {error}, "RequestId": "r1"}}}}"#);
        let sent = sent(answer(200, &body)).await;
        assert!(matches!(sent, Sent::Unknown(_)), "{body}: {sent:?}");
        assert!(got(answer(200, &body)).await.is_err(), "{body}");
    }
}

#[tokio::test]
async fn the_content_type_of_an_answer_tells_nothing() {
    for kind in ["text/html", "text/plain", "application/json; charset=utf-8"] {
        let header = format!("Content-Type: {kind}\r\n");
        let code = "ResourceUnavailable.RefreshActivityStatusConflictWithOperation";
        let refused = sent(answer_with(200, &header, &error(code))).await;
        assert!(
            matches!(refused, Sent::Refused(Reading::Verify, _)),
            "{kind}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn another_status_than_200_comes_from_something_in_between() {
    for status in [302, 400, 401, 403, 404, 429, 500, 502, 503] {
        for body in [
            error("AuthFailure.SignatureFailure"),
            error("InvalidParameter"),
            String::new(),
        ] {
            let sent = sent(answer(status, &body)).await;
            let Sent::Unknown(said) = sent else {
                panic!("{status} {body}: {sent:?}");
            };
            assert_eq!((said.status, said.code.as_str()), (status, ""));
            let got = got(answer(status, &body)).await;
            assert_eq!(
                got,
                Err(Reading::Retry(Reason::CLOUD_UNAVAILABLE)),
                "{status} {body}"
            );
        }
    }
}

#[tokio::test]
async fn a_listed_error_is_refused_and_everything_else_is_unknown() {
    let refused = sent(answer(200, &error("InvalidParameterValue.LimitExceeded"))).await;
    let Sent::Refused(Reading::Terminal, said) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        (said.message.as_str(), said.request_id.as_str()),
        ("m", "r1")
    );
    for code in [
        "InternalError",
        "InternalError.CallError",
        "FailedOperation",
        "SomethingNew",
    ] {
        let sent = sent(answer(200, &error(code))).await;
        assert!(matches!(sent, Sent::Unknown(_)), "{code}: {sent:?}");
    }
}

#[tokio::test]
async fn a_read_that_fails_is_told_by_its_code() {
    for (code, reading) in [
        ("ResourceNotFound.RefreshActivityNotFound", Reading::Gone),
        (
            "AuthFailure.SignatureExpire",
            Reading::Retry(Reason::CLOCK_SKEW),
        ),
        (
            "AuthFailure.TokenFailure",
            Reading::Blocked(Reason::CREDENTIALS_REJECTED),
        ),
        ("RequestLimitExceeded", Reading::Retry(Reason::THROTTLED)),
        ("InternalError", Reading::Retry(Reason::CLOUD_UNAVAILABLE)),
        (
            "InternalError.CalleeError",
            Reading::Retry(Reason::CLOUD_UNAVAILABLE),
        ),
        ("SomethingNew", Reading::Terminal),
    ] {
        assert_eq!(got(answer(200, &error(code))).await, Err(reading), "{code}");
    }
}

#[tokio::test]
async fn nothing_of_the_key_shows_in_what_is_passed_on() {
    let [id, secret, token] = SECRETS;
    for code in [
        "UnsupportedOperation",
        "AuthFailure.SignatureFailure",
        "SomethingNew",
    ] {
        let message = format!("a\n{id} {secret} x-tc-token:{token}");
        let error = json!({"Code": code, "Message": message});
        let body = json!({"Response": {"Error": error, "RequestId": format!("r-{id}")}});
        let answers = [(); 2].map(|()| answer(200, &body.to_string()));
        let server = Server::answering(answers);
        let mut client = client(server.origin());
        client.key = temporary_key();
        let read = client.call("Describe", &json!({})).await;
        let sent = client
            .send(Method::Post, "Cancel", "{}".to_owned(), open_gate(), plain)
            .await;
        let said = format!("{read:?} {sent:?}");
        assert!(said.contains(code), "{said}");
        for secret in SECRETS {
            assert!(!said.contains(secret), "{said}");
        }
    }
}

#[tokio::test]
async fn a_call_that_mutates_is_sent_once_and_only_if_the_gate_agrees() {
    let broken = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned();
    let whole = answer(200, r#"{"Response": {"RequestId": "r1"}}"#);
    let server = Server::answering([broken, whole.clone()]);
    let cut = client(server.origin())
        .send(Method::Post, "Cancel", "{}".to_owned(), open_gate(), plain)
        .await;
    assert!(matches!(cut, Sent::Unknown(_)), "{cut:?}");
    assert_eq!(server.asked().len(), 1);

    let server = Server::answering([whole]);
    let gate: Gate = Arc::new(|| false);
    let withheld = client(server.origin())
        .send(Method::Post, "Cancel", "{}".to_owned(), gate, plain)
        .await;
    assert!(matches!(withheld, Sent::NotSent(_)), "{withheld:?}");
    assert!(server.asked().iter().all(String::is_empty));
}

#[tokio::test]
async fn a_clock_that_is_off_is_corrected_for_the_next_call() {
    let far = "Date: Sat, 21 Nov 2020 08:00:00 GMT\r\n";
    let expired = answer_with(200, far, &error("AuthFailure.SignatureExpire"));
    let server = Server::answering([expired, answer(200, r#"{"Response": {}}"#)]);
    let client = client(server.origin());
    let sent = client
        .send(Method::Post, "Cancel", "{}".to_owned(), open_gate(), plain)
        .await;
    let skew = Reading::Retry(Reason::CLOCK_SKEW);
    assert!(matches!(sent, Sent::Refused(r, _) if r == skew), "{sent:?}");
    client
        .call("Describe", &json!({}))
        .await
        .expect("an answer");
    let second = server.asked()[1].to_lowercase();
    assert!(second.contains("\r\nx-tc-timestamp: 160594"), "{second}");
    assert!(second.contains("/2020-11-21/as/tc3_request"), "{second}");
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
