//! Dates, and what is learnt from them.

use super::*;

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
