//! What is sent, and which answers are refusals.

mod parsing;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::cloud::call::Ids;
use crate::cloud::huawei::server::client;
use crate::cloud::server::{OF_PROXIES, Server, answer, answer_with};

#[test]
fn a_date_is_written_as_the_signature_wants_it() {
    assert_eq!(basic_date(1_795_248_000_000), "20261121T080000Z");
    assert_eq!(basic_date(1_795_248_000_999), "20261121T080000Z");
}

fn path(segments: &[&str]) -> Path {
    Path::of(segments).expect("a path")
}

fn open_gate() -> Gate {
    Arc::new(|| true)
}

/// A service that takes every 2xx without an error in it.
fn plain(success: &Success<'_>) -> Meaning {
    match success.code {
        "" => Meaning::Accepted(Ids::new()),
        _ => Meaning::Unclear(Ids::new()),
    }
}

/// What comes of a POST that is answered like this.
async fn posted(answer: String) -> Sent {
    let server = Server::answering([answer]);
    client(server.origin())
        .send(
            Method::Post,
            &path(&["v2", "p1", "x"]),
            Vec::new(),
            open_gate(),
            plain,
        )
        .await
}

#[tokio::test]
async fn a_post_without_body_says_so_and_is_signed_for_the_path_it_is_sent_to() {
    let server = Server::answering([answer(200, "{}")]);
    let sent = client(server.origin())
        .send(
            Method::Post,
            &path(&["v2", "p1", "x"]),
            Vec::new(),
            open_gate(),
            plain,
        )
        .await;
    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    let asked = &server.asked()[0];
    let lower = asked.to_lowercase();
    assert!(asked.starts_with("POST /v2/p1/x HTTP/1.1\r\n"), "{asked}");
    for line in [
        "content-length: 0\r\n",
        "x-project-id: p1\r\n",
        "host: 127.0.0.1:",
    ] {
        assert!(lower.contains(line), "{line:?} in {asked}");
    }
    for name in [
        "host",
        "authorization",
        "content-length",
        "content-type",
        "x-sdk-date",
    ] {
        let count = lower.matches(&format!("\r\n{name}:")).count();
        assert_eq!(count, 1, "{name} in {asked}");
    }
    assert!(lower.contains("signedheaders=content-type;host;user-agent;x-project-id;x-sdk-date,"));
}

#[tokio::test]
async fn a_global_service_is_asked_for_the_account_and_not_for_a_project() {
    let server = Server::answering([answer(200, "{}")]);
    let mut client = client(server.origin());
    client.scope = Scope::Domain("d1".to_owned());
    client
        .get("ShowX", &path(&["v2", "x"]), &Query::default())
        .await
        .expect("an answer");
    let asked = server.asked()[0].to_lowercase();
    assert!(asked.contains("\r\nx-domain-id: d1\r\n"), "{asked}");
    assert!(!asked.contains("x-project-id"), "{asked}");
    assert!(asked.contains("signedheaders=content-type;host;user-agent;x-domain-id;x-sdk-date,"));
}

#[tokio::test]
async fn what_a_2xx_means_is_for_the_service_to_say() {
    let ids = || Ids::from([("order_id".to_owned(), "o1".to_owned())]);
    let meant = async |meaning: Meaning| {
        let server = Server::answering([answer_with(200, "X-Request-Id: r1\r\n", "{}")]);
        let client = client(server.origin());
        client
            .send(Method::Post, &path(&["x"]), Vec::new(), open_gate(), |_| {
                meaning
            })
            .await
    };
    let accepted = meant(Meaning::Accepted(ids())).await;
    let expected = Sent::Accepted {
        request_id: "r1".to_owned(),
        ids: ids(),
    };
    assert_eq!(accepted, expected);
    let Sent::Unknown(said) = meant(Meaning::Unclear(ids())).await else {
        panic!("an unclear answer is unknown");
    };
    assert_eq!((said.status, said.ids), (200, ids()));
    assert_eq!(said.message, "the answer is not the documented one");
}

#[tokio::test]
async fn temporary_credentials_are_sent_and_signed() {
    let server = Server::answering([answer(200, "{}")]);
    let mut client = client(server.origin());
    client.key.token = Some(crate::cloud::SecretText::new("TOKEN"));
    client
        .send(
            Method::Post,
            &path(&["v2", "p1", "x"]),
            Vec::new(),
            open_gate(),
            plain,
        )
        .await;
    let asked = server.asked()[0].to_lowercase();
    assert!(asked.contains("\r\nx-security-token: token\r\n"));
    assert!(asked.contains(";x-sdk-date;x-security-token,"));
}

#[tokio::test]
async fn a_listed_refusal_is_refused_and_everything_else_is_unknown() {
    let refused = posted(answer(
        400,
        r#"{"error_code": "DCS.4239", "error_msg": "m"}"#,
    ))
    .await;
    assert!(
        matches!(refused, Sent::Refused(Reading::Verify, _)),
        "{refused:?}"
    );
    for (status, code, reading) in [
        (429, "APIGW.0308", Reading::Retry(Reason::THROTTLED)),
        (429, "WKS.1234", Reading::Retry(Reason::THROTTLED)),
        (
            401,
            "APIGW.0301",
            Reading::Blocked(Reason::CREDENTIALS_REJECTED),
        ),
        (401, "WKS.1", Reading::Blocked(Reason::CREDENTIALS_REJECTED)),
        (403, "DCS.2999", Reading::Blocked(Reason::PERMISSION_DENIED)),
    ] {
        for name in ["error_code", "errorCode", "code"] {
            let body = serde_json::json!({name: code, "error_msg": "m"});
            let sent = posted(answer(status, &body.to_string())).await;
            assert!(
                matches!(&sent, Sent::Refused(r, _) if *r == reading),
                "{status} {body}: {sent:?}"
            );
        }
    }
    for (status, body) in [
        (400, r#"{"error_code": "DCS.9999", "error_msg": "m"}"#),
        // In the form of the cloud, and not with a code of it: a proxy's, say.
        (401, r#"{"error_code": "policy.4711", "error_msg": "m"}"#),
        (403, r#"{"error": {"code": "policy.4711", "message": "m"}}"#),
        (403, r#"{"error_code": "WAF.0001", "error_msg": "m"}"#),
        (403, r#"{"error_code": "WKS.blocked", "error_msg": "m"}"#),
        (429, r#"{"error_code": "policy.4711", "error_msg": "m"}"#),
        (400, ""),
        (404, ""),
        (409, ""),
        (500, r#"{"error_code": "DCS.5000"}"#),
        (502, "<html>"),
        (504, r#"{"error_code": "APIGW.0201"}"#),
        (302, ""),
        // 2xx with an error in it.
        (200, r#"{"error_code": "DCS.4239", "error_msg": "m"}"#),
    ] {
        let sent = posted(answer(status, body)).await;
        assert!(
            matches!(sent, Sent::Unknown(_)),
            "{status} {body}: {sent:?}"
        );
    }
}

/// A proxy may write it after the cloud has acted (contracts: l.5).
#[tokio::test]
async fn an_answer_without_a_code_of_the_clouds_own_is_no_refusal() {
    let far = "Date: Sat, 21 Nov 2020 08:00:00 GMT\r\n";
    for body in [
        "",
        "<html>429 Too Many Requests</html>",
        "null",
        "{}",
        "[]",
        r#""APIGW.0308""#,
        r#"{"error_msg": "m"}"#,
        r#"{"error_code": ""}"#,
        r#"{"error_code": " "}"#,
        r#"{"error_code": null}"#,
        r#"{"code": 429, "message": "Too Many Requests"}"#,
        r#"{"code": "429"}"#,
        r#"{"code": "too_many_requests"}"#,
        r#"{"error": {"code": 401, "message": "m"}}"#,
        r#"{"error_code": "APIGW.0308"#,
    ] {
        for status in [401, 403, 404, 429] {
            for header in ["", far] {
                let sent = posted(answer_with(status, header, body)).await;
                assert!(
                    matches!(sent, Sent::Unknown(_)),
                    "{status} {header:?} {body}: {sent:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_unknown() {
    for broken in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        "hello\r\n\r\n",
    ] {
        let sent = posted(broken.to_owned()).await;
        assert!(matches!(sent, Sent::Unknown(_)), "{broken:?}: {sent:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Server::answering([answer(200, "{}")]);
    let location = format!("Location: {}/stolen\r\n", other.origin());
    let sent = posted(answer_with(307, &location, "")).await;
    assert!(matches!(sent, Sent::Unknown(_)));
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn what_cannot_connect_is_not_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    drop(listener);
    let sent = client(&origin)
        .send(Method::Post, &path(&["x"]), Vec::new(), open_gate(), plain)
        .await;
    assert!(matches!(sent, Sent::NotSent(_)), "{sent:?}");
}

#[tokio::test]
async fn a_gate_that_closes_after_connecting_keeps_every_byte_back() {
    let server = Server::answering([answer(200, "{}")]);
    let questions = Arc::new(AtomicUsize::new(0));
    let count = questions.clone();
    let gate: Gate = Arc::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
        false
    });
    let sent = client(server.origin())
        .send(Method::Post, &path(&["x"]), Vec::new(), gate, plain)
        .await;
    assert!(matches!(sent, Sent::NotSent(_)), "{sent:?}");
    assert_eq!(questions.load(Ordering::SeqCst), 1);
    assert!(server.asked().iter().all(String::is_empty));
}

#[tokio::test]
async fn a_call_that_mutates_has_a_connection_of_its_own_and_asks_the_gate_each_time() {
    let server = Server::answering([answer(200, "{}"), answer(200, "{}")]);
    let questions = Arc::new(AtomicUsize::new(0));
    let client = client(server.origin());
    for _ in 0..2 {
        let count = questions.clone();
        let gate: Gate = Arc::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
            true
        });
        client
            .send(Method::Post, &path(&["x"]), Vec::new(), gate, plain)
            .await;
    }
    assert_eq!(questions.load(Ordering::SeqCst), 2);
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_401_with_a_date_far_from_ours_is_the_clock_and_not_the_key() {
    let body = r#"{"error_code": "APIGW.0301", "error_msg": "m"}"#;
    let far = "Date: Sat, 21 Nov 2020 08:00:00 GMT\r\n";
    let server = Server::answering([answer_with(401, far, body)]);
    let client = client(server.origin());
    let sent = client
        .send(Method::Post, &path(&["x"]), Vec::new(), open_gate(), plain)
        .await;
    assert!(
        matches!(sent, Sent::Refused(Reading::Retry(Reason::CLOCK_SKEW), _)),
        "{sent:?}"
    );
    assert!(client.clock_offset() < -DATE_WINDOW_MS, "and it is learnt");

    let sent = posted(answer(401, body)).await;
    assert!(
        matches!(
            sent,
            Sent::Refused(Reading::Blocked(Reason::CREDENTIALS_REJECTED), _)
        ),
        "{sent:?}"
    );
}

/// How a read that is answered like this is told.
async fn got(answer: String) -> Result<Vec<u8>, Reading> {
    let server = Server::answering([answer]);
    let query = Query::default().number("limit", 1);
    let got = client(server.origin())
        .get("ShowX", &path(&["v2", "p1", "x"]), &query)
        .await;
    assert!(server.asked()[0].starts_with("GET /v2/p1/x?limit=1 HTTP/1.1\r\n"));
    got.map(|held| held.to_vec()).map_err(|e| e.reading)
}

#[tokio::test]
async fn a_read_that_fails_is_told_by_its_row_or_by_its_status() {
    assert_eq!(got(answer(200, "{}")).await, Ok(b"{}".to_vec()));
    for (status, body, reading) in [
        (404, r#"{"error_code": "DCS.3022"}"#, Reading::Gone),
        (
            404,
            r#"{"error_code": "APIGW.0101"}"#,
            Reading::Blocked(Reason::CONNECTION_MISMATCH),
        ),
        (404, "", Reading::Terminal),
        // Without a code of the cloud's own it is refused, and not by the cloud's IAM.
        (401, "", Reading::Terminal),
        (401, "<html>", Reading::Terminal),
        (403, "", Reading::Terminal),
        (403, r#"{"code": 403}"#, Reading::Terminal),
        (
            401,
            r#"{"error_code": "DCS.1"}"#,
            Reading::Blocked(Reason::CREDENTIALS_REJECTED),
        ),
        (
            403,
            r#"{"error_code": "DCS.1"}"#,
            Reading::Blocked(Reason::PERMISSION_DENIED),
        ),
        (400, "", Reading::Terminal),
        (429, "", Reading::Retry(Reason::THROTTLED)),
        (500, "", Reading::Retry(Reason::CLOUD_UNAVAILABLE)),
        (502, "", Reading::Retry(Reason::CLOUD_UNAVAILABLE)),
        (302, "", Reading::Retry(Reason::CLOUD_UNAVAILABLE)),
    ] {
        assert_eq!(
            got(answer(status, body)).await,
            Err(reading),
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_none() {
    let long = format!("\"{}\"", "x".repeat(5 << 20));
    assert_eq!(
        got(answer(200, &long)).await,
        Err(Reading::Retry(Reason::CLOUD_UNAVAILABLE))
    );
}

#[tokio::test]
async fn the_code_of_success_is_no_error() {
    let body = r#"{"error_code": "CBC.0000", "total_count": 0}"#;
    assert_eq!(got(answer(200, body)).await, Ok(body.as_bytes().to_vec()));
}

#[tokio::test]
async fn a_read_that_is_answered_with_an_error_in_a_2xx_gives_nothing() {
    let body = r#"{"error_code": "DCS.5000", "error_msg": "m"}"#;
    assert!(got(answer(200, body)).await.is_err());
}

#[tokio::test]
async fn what_a_proxy_writes_is_no_refusal_of_the_cloud() {
    for status in [401, 403, 429] {
        for body in OF_PROXIES {
            let sent = posted(answer(status, body)).await;
            let acted = matches!(sent, Sent::Unknown(_));
            assert!(acted, "{status} {body}: {sent:?}");
        }
    }
}
