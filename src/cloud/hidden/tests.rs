use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, RngExt as _, SeedableRng as _};

use super::*;
use crate::cloud::SecretText;

fn key(id: &str, secret: &str, token: Option<&str>) -> Key {
    Key {
        namespace: "team".to_owned(),
        id: SecretText::new(id),
        secret: SecretText::new(secret),
        token: token.map(SecretText::new),
        trial: None,
    }
}

fn hidden() -> Hidden {
    let key = key("AKID-1", "wJ/lr", Some("wJ/lr+token"));
    Hidden::of(&key, "SDK Access=AKID-1, Signature=c0ffee12")
}

#[test]
fn nothing_of_a_key_is_left_in_a_text() {
    let said = "Access=AKID-1 wJ/lr, wJ/lr+token: bad; wJ%2Flr wj%2flr%2Btoken c0ffee12";
    let left = "Access=(secret) (secret), (secret): bad; (secret) (secret) (secret)";
    assert_eq!(hidden().text(said), left);
    assert_eq!(hidden().text("no such instance"), "no such instance");
}

#[test]
fn nothing_of_a_token_is_left_in_any_usual_form() {
    let key = key("AKID-0001", "secret", Some("Canary-Token/4712+aB=="));
    let hidden = Hidden::of(&key, "SDK-HMAC-SHA256 Access=AKID-0001, Signature=c0ffee12");
    for echo in [
        "Canary-Token/4712+aB==",
        // RFC 3986; .NET and nginx; everything; a form.
        "Canary-Token%2F4712%2BaB%3D%3D",
        "Canary%2dToken%2f4712%2baB%3d%3d",
        "%43%61%6E%61%72%79-Token%2f4712%2BaB%3D%3D",
        "Canary-Token/4712 aB==",
        "Canary-Token%252F4712%252BaB%253D%253D",
        "Canary-Token%u002F4712%u002BaB==",
        "Canary-Token&#x2F;4712&#43;aB&#61;&#0061;",
        "Canary-Token&sol;4712&plus;aB&equals;&EQUALS;",
        "Canary-Token&amp;#x2F;4712&amp;#43;aB==",
        r"Canary-Token\/4712\u002baB\u003D\u003D",
        r"Canary-Token\\u002f4712\\u002BaB==",
        r"Canary-Token\x2F4712\x2baB==",
        "CANARY-TOKEN/4712+AB==",
        // Cut, at each end.
        "Canary-Token/4712+aB",
        "Canary-Token%2F47",
        "y-Token/4712+aB==",
    ] {
        for (before, after) in [
            ("", ""),
            ("x-security-token=", ""),
            ("a|", "..."),
            ("100%: ", "%2"),
        ] {
            let said = format!("{before}{echo}{after}");
            let left = format!("{before}(secret){after}");
            assert_eq!(hidden.text(&said), left);
            let body = hidden.body(said.into_bytes());
            assert_eq!(String::from_utf8(body).expect("UTF-8"), left);
        }
    }
    for harmless in [
        "SDK-HMAC-SHA256 Access",
        "Canary-Token",
        "50% of 100%",
        "a & b &c; \\",
        "&#x;",
    ] {
        let kept = harmless.replace("Canary-Token", "Canary-Toke");
        assert_eq!(hidden.text(&kept), kept);
    }
}

/// What a secret may be made of, and what programs escape in texts.
const CHARACTERS: &[u8] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-._~+/=-._~!$*,:;@#?()[]{}%&\"'<>\\";

/// One character as a program may write it.
fn written(c: char, how: u32) -> String {
    let named = [
        ('/', "sol"),
        ('+', "plus"),
        ('=', "equals"),
        ('&', "amp"),
        ('"', "quot"),
    ];
    let code = u32::from(c);
    match how {
        0 => format!("%{code:02X}"),
        1 => format!("%{code:02x}"),
        2 => format!("&#x{code:X};"),
        3 => format!("&#x{code:04x};"),
        4 => format!("&#{code};"),
        5 => format!("\\u{code:04x}"),
        6 => format!("\\u{code:04X}"),
        7 => format!("\\x{code:02x}"),
        8 if matches!(c, '/' | '"' | '\\') => format!("\\{c}"),
        9 => match named.iter().find(|(of, _)| *of == c) {
            Some((_, name)) => format!("&{name};"),
            None => format!("%{code:02X}"),
        },
        // What would be taken for an escape is never written as it is.
        _ if matches!(c, '%' | '&' | '\\') => format!("%{code:02x}"),
        _ => c.to_string(),
    }
}

/// A text as a program, or several, may write it.
fn echo(text: &str, random: &mut StdRng) -> String {
    let turns = random.random_range(0..4);
    (0..turns).fold(text.to_owned(), |text, _| {
        let one = random.random_range(0..12);
        let mixed = random.random_bool(0.5);
        text.chars()
            .map(|c| {
                let how = if mixed {
                    random.random_range(0..24)
                } else {
                    one
                };
                let kept = !mixed && c.is_ascii_alphanumeric();
                written(c, if kept { 99 } else { how })
            })
            .collect()
    })
}

#[test]
fn nothing_of_random_secrets_is_left_in_any_mixture_of_forms() {
    let seed = rand::rng().next_u64();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for round in 0..300 {
        let mut secret = |length: std::ops::Range<usize>| -> String {
            let length = random.random_range(length);
            let one = |_| char::from(*CHARACTERS.choose(&mut random).expect("some"));
            (0..length).map(one).collect()
        };
        let parts = [secret(12..40), secret(12..60), secret(12..900)];
        let signature = format!(
            "{:032x}{:032x}",
            random.random::<u128>(),
            random.random::<u128>()
        );
        let key = key(&parts[0], &parts[1], Some(&parts[2]));
        let hidden = Hidden::of(
            &key,
            &format!("SDK Access={}, Signature={signature}", parts[0]),
        );
        for part in parts.iter().chain([&signature]) {
            let from = random.random_range(0..=part.len() - 12);
            let whole = random.random_bool(0.5);
            let cut = if whole {
                part
            } else {
                &part[from..random.random_range(from + 12..=part.len())]
            };
            let said = format!("bad header |{}| here", echo(cut, &mut random));
            let left = hidden.text(&said);
            assert_eq!(
                left, "bad header |(secret)| here",
                "seed {seed}, round {round}: {cut} in {said}"
            );
        }
    }
}

#[test]
fn nothing_of_a_key_is_left_in_a_body_however_it_is_written() {
    for (body, left) in [
        (r#"{"status":"is AKID-1"}"#, r#"{"status":"is (secret)"}"#),
        (
            r#"{"status":"is AKID\u002d1"}"#,
            r#"{"status":"is (secret)"}"#,
        ),
        (r#"{"a":[{"wJ\/lr":1}]}"#, r#"{"a":[{"(secret)":1}]}"#),
        (
            r#"{"details":"{\"a\":\"AKID\\u002d1\"}"}"#,
            r#"{"details":"{\"a\":\"(secret)\"}"}"#,
        ),
        // Neither JSON nor, in the last one, whole.
        ("<p>AKID-1</p>", "<p>(secret)</p>"),
        (r#"{"status":"AKID-1"#, r#"{"status":"(secret)"#),
        // Not JSON to us, and to a reader that skips what it does not need it is.
        (
            r#"{"status":"AKID\u002d1","x":1e999}"#,
            r#"{"status":"(secret)","x":1e999}"#,
        ),
        (
            r#"{"status":"AKID\u002d1","x":"\ud800"}"#,
            r#"{"status":"(secret)","x":"\ud800"}"#,
        ),
        // As it came, to the last blank.
        (
            r#"{ "n": 1.50, "t": "\u4e2d" }"#,
            r#"{ "n": 1.50, "t": "\u4e2d" }"#,
        ),
    ] {
        let hidden = hidden().body(body.as_bytes().to_vec());
        assert_eq!(String::from_utf8_lossy(&hidden), left, "{body}");
    }
    let many = |bracket: &str| bracket.repeat(200);
    let deep = format!(
        r#"{{"status":"AKID\u002d1","x":{}{}}}"#,
        many("["),
        many("]")
    );
    for no_json in [
        b"\xff AKID-1".to_vec(),
        b"{\"status\":\"AKID\\u002d1\",\"x\":\"\xff\"}".to_vec(),
        deep.into_bytes(),
    ] {
        let left = hidden().body(no_json);
        let left = String::from_utf8_lossy(&left);
        assert!(!left.contains("AKID"), "{left}");
    }
}

/// Where it is takes more memory than what it is, so it is not looked for.
#[test]
fn a_long_body_with_a_part_of_a_key_in_it_is_dropped_and_any_other_is_left_as_it_is() {
    let long = "x".repeat(LONG);
    let with = format!(r#"{{"a":"{long}","b":"AKID\u002d1"}}"#);
    assert_eq!(hidden().body(with.into_bytes()), b"");
    let without = format!(r#"{{"a":"{long}","b":"AKID\u002d2"}}"#).into_bytes();
    assert_eq!(hidden().body(without.clone()), without);
}
