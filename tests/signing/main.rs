//! The signers against vectors that the vendors' own SDKs made, and against what
//! these really sent.
//!
//! Every `*.json` in `tests/fixtures/signing` and `tests/fixtures/sdk-requests` is
//! read, so a further file of either format (its `field_descriptions` or `fields` say
//! which) needs no line of code here.

mod captures;
mod request;
mod vectors;

use std::io::Write as _;

use errand::cloud::Signed;

use crate::request::Scheme;
use crate::vectors::{CLOUDS, Vector, all_vectors, vectors};

#[test]
fn signing_matches_every_vector_of_the_official_sdks() {
    let mut differences: Vec<String> = vec![];
    let mut passed: Vec<String> = vec![];
    for (cloud, section, prepare) in CLOUDS {
        let vectors = vectors(section, prepare);
        assert!(!vectors.is_empty(), "no vector in any section {section}");
        let differ: Vec<String> = vectors.iter().filter_map(difference).collect();
        passed.push(format!("{cloud}: {} passed", vectors.len() - differ.len()));
        differences.extend(differ);
    }
    // Past the test harness, which swallows what a passing test prints.
    let _ = writeln!(std::io::stderr(), "{}", passed.join("; "));
    assert!(
        differences.is_empty(),
        "{} vectors differ:\n\n{}",
        differences.len(),
        differences.join("\n\n")
    );
}

#[test]
fn signing_knows_every_section_of_vectors() {
    for (file, json) in vectors::files("signing") {
        for (section, value) in json.as_object().expect("an object") {
            let known = CLOUDS.iter().any(|(_, known, _)| section == known);
            let vectors = value[0]["expected"].is_object();
            assert!(known || !vectors, "{file}: {section}");
        }
    }
}

#[test]
fn signing_covers_every_byte_of_what_is_signed() {
    let vectors = all_vectors();
    let mut changes = 0;
    for vector in &vectors {
        let signed = signature(&vector.request.sign());
        for (part, changed) in vector.request.with_one_byte_changed() {
            let same = signature(&changed.sign()) == signed;
            let unsigned_body = part.starts_with("body") && vector.request.leaves_body_unsigned();
            assert_eq!(
                same, unsigned_body,
                "{}: a change of {part} and the signature",
                vector.place
            );
            changes += 1;
        }
    }
    assert!(
        changes > 100 * vectors.len(),
        "only {changes} changes tried"
    );
}

#[test]
fn signing_of_huawei_leaves_out_headers_with_an_underscore() {
    let vector = &vectors(CLOUDS[0].1, CLOUDS[0].2)[0];
    let mut request = vector.request.clone();
    request.headers.push(("X_Other".into(), "1".into()));
    assert_eq!(request.sign(), vector.request.sign());
}

#[test]
fn signing_does_not_depend_on_the_order_of_headers_and_parameters() {
    for vector in all_vectors() {
        let mut request = vector.request.clone();
        request.headers.reverse();
        request.query.reverse();
        if let Scheme::Tencent { signed, .. } = &mut request.scheme {
            signed.reverse();
        }
        assert_eq!(request.sign(), vector.request.sign(), "{}", vector.place);
    }
}

#[test]
fn signing_never_shows_the_secret() {
    for vector in all_vectors() {
        let text = format!("{:?}", vector.request.sign());
        assert!(!text.contains(&vector.request.secret), "{}", vector.place);
    }
}

fn signature(signed: &Signed) -> String {
    let (_, signature) = signed
        .authorization
        .split_once("Signature=")
        .expect("Authorization names the signature");
    signature.to_owned()
}

/// What a vector expects and the signer does not give.
fn difference(vector: &Vector) -> Option<String> {
    let signed = vector.request.sign();
    let last_line = signed.canonical_request.lines().last().unwrap_or_default();
    let got = [
        ("canonical_request", signed.canonical_request.clone()),
        ("payload_sha256", last_line.to_owned()),
        ("string_to_sign", signed.string_to_sign.clone()),
        ("authorization", signed.authorization.clone()),
        ("signature", signature(&signed)),
    ];
    let expected = |name: &str| vector.expected[name].as_str();
    if expected("authorization")
        .or(expected("signature"))
        .is_none()
    {
        return Some(format!("{}: expects no signature", vector.place));
    }
    got.iter().find_map(|(name, got)| {
        let expected = expected(name)?;
        let line = first_differing_line(expected, got)?;
        Some(format!("{}: {name}: {line}", vector.place))
    })
}

fn first_differing_line(expected: &str, got: &str) -> Option<String> {
    if expected == got {
        return None;
    }
    let (mut e, mut g) = (expected.split('\n'), got.split('\n'));
    for number in 1.. {
        let (e, g) = (e.next(), g.next());
        if e != g {
            let text = |line: Option<&str>| line.map_or("(no line)".into(), |l| format!("{l:?}"));
            return Some(format!(
                "line {number}\n  expected {}\n  got      {}",
                text(e),
                text(g)
            ));
        }
    }
    None
}
