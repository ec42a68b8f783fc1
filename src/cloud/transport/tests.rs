//! Dates, and what is learnt from them; proxies; and how much of an answer is read.

use super::*;
use crate::cloud::server::{Server, answer, answer_with, key, open_gate, transport};

const ORIGIN: &str = "https://dcs.example";
const NOON: i64 = 1_795_262_400_000;

/// The offset after an answer with that `Date`, to a question of `asked` that
/// was answered at `answered` (milliseconds after noon, all).
fn learnt(date: i64, asked: i64, answered: i64) -> i64 {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let transport = Transport::new(Clock::system(), Duration::from_secs(1)).expect("a client");
    transport.learn(ORIGIN, NOON + date, NOON + asked, NOON + answered);
    transport.offset(ORIGIN)
}

#[test]
fn what_rounding_and_latency_explain_is_no_offset() {
    for (date, asked, answered) in [
        (0, 0, 0),
        // The header has whole seconds: it may name the second before.
        (0, 999, 999),
        (0, 500, 1_500),
        // Written anywhere between question and answer.
        (5_000, 0, 5_000),
        (0, 0, 20_000),
        (20_000, 0, 20_000),
        (10_000, 0, 20_000),
    ] {
        assert_eq!(
            learnt(date, asked, answered),
            0,
            "{date} {asked} {answered}"
        );
    }
}

#[test]
fn only_what_they_cannot_explain_counts() {
    assert_eq!(learnt(0, 1_000, 1_000), -1, "one millisecond too early");
    assert_eq!(learnt(1_000, 0, 999), 1, "one millisecond too late");
    assert_eq!(learnt(-600_000, 0, 2_000), -599_001);
    assert_eq!(learnt(600_000, 0, 2_000), 598_000);
}

#[test]
fn a_later_answer_corrects_an_earlier_one_and_origins_are_apart() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let transport = Transport::new(Clock::system(), Duration::from_secs(1)).expect("a client");
    assert_eq!(transport.offset(ORIGIN), 0, "nothing seen yet");
    transport.learn(ORIGIN, NOON + 60_000, NOON, NOON);
    assert_eq!(transport.offset(ORIGIN), 60_000);
    assert_eq!(transport.offset("https://other.example"), 0);
    transport.learn(ORIGIN, NOON, NOON, NOON);
    assert_eq!(transport.offset(ORIGIN), 0);
}

#[test]
fn the_date_header_is_read_in_the_form_that_http_writes() {
    assert_eq!(parse_date("Sat, 21 Nov 2026 12:00:00 GMT"), Some(NOON));
    assert_eq!(
        parse_date("Sat, 21 Nov 2026 12:00:01 GMT"),
        Some(NOON + 1000)
    );
}

#[test]
fn a_date_that_cannot_be_read_is_none() {
    for text in [
        "",
        "yesterday",
        "2026-11-21T12:00:00Z",
        "Sat, 31 Nov 2026 12:00:00 GMT",
        "0",
    ] {
        assert_eq!(parse_date(text), None, "{text:?}");
    }
}

#[test]
fn debug_of_the_transport_prints_nothing_of_what_it_learnt() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let transport = Transport::new(Clock::system(), Duration::from_secs(1)).expect("a client");
    assert_eq!(format!("{transport:?}"), "Transport");
}

/// Calls of https go through that proxy.
fn through(proxy: &Server) -> Transport {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let address = proxy.origin().trim_start_matches("http://");
    let address = format!("http://errand:p%40ss-canary@{address}");
    let proxies = Proxies::read(|name| (name == "HTTPS_PROXY").then(|| address.clone()));
    let proxies = proxies.and_then(Proxies::for_clouds).expect("a proxy");
    Transport::through(proxies, Clock::system(), Duration::from_secs(10)).expect("a client")
}

fn request(origin: &str) -> Request {
    Request {
        method: Method::Post,
        origin: origin.to_owned(),
        target: "/v2/call".to_owned(),
        headers: vec![],
        body: b"signed".to_vec(),
        namespace: "team".to_owned(),
        hidden: Hidden::of(&key(), ""),
        trial: None,
    }
}

/// Contracts l.5(2): the request itself has not left before the tunnel stands.
#[tokio::test]
async fn whatever_a_proxy_answers_to_connect_nothing_was_sent() {
    let html = "<html>Access denied by policy</html>";
    for reply in [
        answer_with(407, "Proxy-Authenticate: Basic realm=\"x\"\r\n", html),
        answer(400, ""),
        answer(403, html),
        answer(429, html),
        answer(500, html),
        answer(502, ""),
        answer(204, ""),
        answer(302, html),
        "SSH-2.0-nothing like HTTP\r\n".to_owned(),
        String::new(),
        // The tunnel stands, and behind it is no TLS.
        "HTTP/1.1 200 Connection established\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 Connection established\r\n\r\n{html}"),
    ] {
        let proxy = Server::answering([reply.clone(), reply.clone()]);
        let transport = through(&proxy);
        let sent = transport.send_once(request("https://dcs.example"), open_gate());
        let read = transport.read(request("https://dcs.example:8443"));
        for outcome in [sent.await, read.await] {
            let Err(TransportError::NotSent(text)) = outcome else {
                panic!("{reply}: {outcome:?}");
            };
            assert!(text.contains(proxy.origin()), "{text}");
            for hidden in ["errand:", "canary", "ZXJyYW5kOnBAc3MtY2FuYXJ5"] {
                assert!(!text.contains(hidden), "{text}");
            }
        }
        let asked = proxy.asked().join("");
        assert!(
            asked.contains("CONNECT dcs.example:443 HTTP/1.1"),
            "{asked}"
        );
        assert!(
            asked.contains("CONNECT dcs.example:8443 HTTP/1.1"),
            "{asked}"
        );
        let login = "Proxy-Authorization: Basic ZXJyYW5kOnBAc3MtY2FuYXJ5";
        assert!(asked.contains(login), "{asked}");
        assert!(!asked.contains("signed"), "{asked}");
    }
}

#[tokio::test]
async fn http_on_loopback_never_goes_through_a_proxy() {
    let proxy = Server::answering([answer(403, "")]);
    let cloud = Server::answering([answer(200, "{}"), answer(200, "{}")]);
    let transport = through(&proxy);
    let sent = transport.send_once(request(cloud.origin()), open_gate());
    assert_eq!(sent.await.expect("an answer").status, 200);
    let read = transport.read(request(cloud.origin()));
    assert_eq!(read.await.expect("an answer").status, 200);
    assert!(proxy.asked().is_empty());
}

/// What an answer of that body comes to, read and sent.
async fn of_body(body: &str) -> [Outcome; 2] {
    let cloud = Server::answering([answer(200, body), answer(200, body)]);
    let transport = transport();
    let read = transport.read(request(cloud.origin())).await;
    let sent = transport.send_once(request(cloud.origin()), open_gate());
    [read, sent.await]
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_length_and_to_what_it_becomes_when_it_is_decoded() {
    let of_length = |length: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8));
    let [read, sent] = of_body(&of_length(SHORT)).await;
    assert!(read.expect("short").place.is_none() && sent.expect("short").place.is_none());
    let [read, sent] = of_body(&of_length(LONGEST)).await;
    assert!(read.expect("long").place.is_some());
    let list = format!("[{}]", vec![r#"{"":0}"#; 100_000].join(","));
    let [values, _] = of_body(&list).await;
    let [long, _] = of_body(&of_length(LONGEST + 1)).await;
    // The answer came: its status says whether it can have been a bad signature.
    for (status, counted) in [(200, 0), (403, 0), (401, 1)] {
        let cloud = Server::answering([answer(status, &of_length(LONGEST + 1))]);
        let trial = Arc::<Trial>::default();
        let tried = Request {
            trial: Some(trial.clone()),
            ..request(cloud.origin())
        };
        assert!(transport().read(tried).await.is_err());
        assert_eq!(trial.bad_signatures(), counted, "{status}");
    }
    for (outcome, why) in [
        (sent, "the answer is longer than 65536 bytes"),
        (long, "the answer is longer than 4194304 bytes"),
        (values, "the answer has more values than any documented one"),
    ] {
        assert_eq!(
            outcome.err(),
            Some(TransportError::NoAnswer(why.to_owned()))
        );
    }
}

#[tokio::test]
async fn a_long_answer_waits_for_a_place_of_its_namespace_and_a_short_one_for_none() {
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(SHORT));
    let transport = Transport {
        timeout: Duration::from_millis(100),
        ..transport()
    };
    let held = [
        transport.room.take("team").await,
        transport.room.take("team").await,
    ];
    let cloud = Server::answering([answer(200, &long), answer(200, "{}"), answer(200, &long)]);
    let trial = Arc::<Trial>::default();
    let read = |namespace: &str| {
        let namespace = namespace.to_owned();
        transport.read(Request {
            namespace,
            trial: Some(trial.clone()),
            ..request(cloud.origin())
        })
    };
    let why = "time-out: too many long answers at the same time".to_owned();
    assert_eq!(
        read("team").await.err(),
        Some(TransportError::NoAnswer(why))
    );
    assert_eq!(trial.bad_signatures(), 0, "it says nothing of the key");
    assert!(read("team").await.is_ok(), "a short one");
    assert!(read("others").await.is_ok(), "a long one of others");
    drop(held);
}

/// Who answers one namespace slowly keeps no place from the others for longer than half
/// of the call's time; the rest is for them.
#[tokio::test]
async fn a_long_answer_that_stands_still_gives_its_place_back_before_the_call_is_over() {
    use std::io::{Read as _, Write as _};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let slow = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let _ = stream.read(&mut [0; 4096]);
        let head = format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\n\r\n", SHORT * 2);
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(&vec![b' '; SHORT + 10]);
        let _ = wait.recv();
    });
    let transport = Transport {
        timeout: Duration::from_secs(1),
        ..transport()
    };
    let read = transport.read(request(&format!("http://{address}"))).await;
    let why = "the long answer comes too slowly".to_owned();
    assert_eq!(read.err(), Some(TransportError::NoAnswer(why)));
    let cloud = Server::answering([answer(200, &" ".repeat(SHORT + 1))]);
    assert!(transport.read(request(cloud.origin())).await.is_ok());
    drop(done);
    slow.join().expect("it ends");
}

#[tokio::test]
async fn a_host_of_no_proxy_is_not_called_through_the_proxy() {
    let proxy = Server::answering([answer(502, ""), answer(502, "")]);
    let through = |except: &'static str| {
        let address = proxy.origin().to_owned();
        let proxies = Proxies::read(|name| match name {
            "HTTPS_PROXY" => Some(address.clone()),
            "NO_PROXY" => Some(except.to_owned()),
            _ => None,
        });
        let proxies = proxies.and_then(Proxies::for_clouds).expect("a proxy");
        Transport::through(proxies, Clock::system(), Duration::from_secs(10)).expect("a client")
    };
    for (except, asked) in [(".cloud.invalid", 0), ("10.0.0.0/8,other.invalid", 1)] {
        let transport = through(except);
        let read = transport.read(request("https://dcs.cloud.invalid")).await;
        assert!(matches!(read, Err(TransportError::NotSent(_))), "{read:?}");
        let sent = transport.send_once(request("https://dcs.cloud.invalid"), open_gate());
        let sent = sent.await;
        assert!(matches!(sent, Err(TransportError::NotSent(_))), "{sent:?}");
        assert_eq!(proxy.asked().len(), asked * 2, "{except}");
    }
}
