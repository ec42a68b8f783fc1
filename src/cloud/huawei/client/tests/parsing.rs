//! What is read out of a refusal.

use super::*;
use crate::cloud::call::MESSAGE_LIMIT;

fn parsed(status: u16, body: &str) -> Refusal {
    let reply = Reply {
        status,
        date: None,
        request_id: String::new(),
        body: body.as_bytes().to_vec(),
        place: None,
    };
    refusal(&reply)
}

fn code_and_message(body: &str) -> (String, String) {
    let refusal = parsed(400, body);
    (refusal.code, refusal.message)
}

fn expected() -> (String, String) {
    ("DCS.4239".to_owned(), "not extending".to_owned())
}

#[test]
fn every_spelling_of_code_and_message_is_understood() {
    for (code, message) in [
        ("error_code", "error_msg"),
        ("errorCode", "errorMsg"),
        ("code", "message"),
    ] {
        let body = format!(r#"{{"{code}": "DCS.4239", "{message}": "not extending"}}"#);
        assert_eq!(code_and_message(&body), expected(), "{body}");
        let nested = format!(r#"{{"error": {body}}}"#);
        assert_eq!(code_and_message(&nested), expected(), "{nested}");
    }
}

#[test]
fn a_refusal_may_be_nested_under_any_name() {
    let body = r#"{"badRequest": {"code": "DCS.4239", "message": "not extending"}}"#;
    assert_eq!(code_and_message(body), expected());
}

#[test]
fn what_stands_beside_the_code_does_not_hide_it() {
    for body in [
        r#"{"error_code": "DCS.4239", "error_msg": "not extending", "code": "DCS.4239"}"#,
        r#"{"error_code": "DCS.4239", "error_msg": "not extending", "message": "x"}"#,
        r#"{"error_code": "DCS.4239", "error_msg": "not extending", "error": "Bad Request"}"#,
    ] {
        assert_eq!(code_and_message(body), expected(), "{body}");
    }
}

#[test]
fn fields_that_are_null_or_unknown_do_no_harm() {
    let body = r#"{"error_code": "DCS.4239", "error_msg": "not extending", "error_ext_msg": null}"#;
    assert_eq!(code_and_message(body), expected());
    let body = r#"{"error_code": null, "error_msg": null}"#;
    let expected = (String::new(), call::NO_CODE.to_owned());
    assert_eq!(code_and_message(body), expected);
}

#[test]
fn a_code_that_is_a_number_is_a_code() {
    assert_eq!(
        code_and_message(r#"{"code": 404, "message": "m"}"#).0,
        "404"
    );
}

#[test]
fn a_body_that_is_no_json_gives_neither_code_nor_message() {
    for body in [
        "",
        "<html>502 Bad Gateway</html>",
        "{",
        "[]",
        "null",
        "\"x\"",
        "\u{0}",
    ] {
        let refusal = parsed(502, body);
        assert_eq!((refusal.code.as_str(), refusal.message.as_str()), ("", ""));
        assert_eq!(refusal.label(), "HTTP 502", "{body:?}");
    }
}

#[test]
fn the_message_of_a_401_never_repeats_the_body() {
    let body = r#"{"error_code": "APIGW.0301", "error_msg": "Incorrect IAM authentication information: verify aksk signature fail, canonical request: POST\nx-security-token:SECRETTOKEN", "request_id": "r-1"}"#;
    let refusal = parsed(401, body);
    assert_eq!(refusal.code, "APIGW.0301");
    assert!(!format!("{refusal:?}").contains("SECRETTOKEN"));
    assert!(!format!("{refusal:?}").contains("canonical"));
}

#[test]
fn a_message_is_one_line_without_control_characters() {
    let (_, message) = code_and_message(
        r#"{"code": "C", "message": "\n a\r\nb\tc\u0000d\u001b[31me\u0085f \u007f"}"#,
    );
    assert!(!message.chars().any(char::is_control), "{message:?}");
    assert_eq!(message, message.trim());
    assert_eq!(message, "a  b c\u{fffd}d\u{fffd}[31me f \u{fffd}");
}

#[test]
fn what_is_passed_on_is_bounded_in_bytes_and_cut_between_characters() {
    let body = serde_json::json!({
        "error_code": "é".repeat(1000),
        "error_msg": "é".repeat(1000),
        "request_id": "é".repeat(1000),
    });
    let refusal = parsed(400, &body.to_string());
    for (text, most) in [
        (&refusal.code, 64),
        (&refusal.message, MESSAGE_LIMIT),
        (&refusal.request_id, 128),
    ] {
        assert!((most - 4..=most).contains(&text.len()), "{}", text.len());
        assert!(text.ends_with("é…"), "{text}");
    }
}

#[test]
fn code_and_request_id_are_one_line_too() {
    let refusal = parsed(
        400,
        r#"{"code": "A\nB", "message": "", "request_id": "r\n1"}"#,
    );
    assert!(!refusal.code.chars().any(char::is_control));
    assert!(!refusal.request_id.chars().any(char::is_control));
}

#[test]
fn the_request_id_of_the_header_comes_before_that_of_the_body() {
    let mut reply = Reply {
        status: 400,
        date: None,
        request_id: "from-header".to_owned(),
        body: br#"{"request_id": "from-body"}"#.to_vec(),
        place: None,
    };
    assert_eq!(refusal(&reply).request_id, "from-header");
    reply.request_id.clear();
    assert_eq!(refusal(&reply).request_id, "from-body");
}
