//! Every form that was seen, and what is not understood.

use serde_json::json;

use super::*;

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Member {
    id: String,
    #[serde(default)]
    at: Read<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    at: Read<Timestamp>,
    #[serde(default, deserialize_with = "members")]
    list: Option<Vec<Read<Member>>>,
}

fn answer(value: Value) -> Answer {
    serde_json::from_value(value).expect("no field fails the answer")
}

fn read<T: Form>(value: Value) -> Read<T> {
    serde_json::from_value(value).expect("a field never fails")
}

#[test]
fn a_time_is_read_in_every_form_seen() {
    let expected = "2026-07-10T08:00:00Z".parse().expect("a time");
    for form in [
        json!("2026-07-10T08:00:00Z"),
        json!("2026-07-10T08:00:00.000Z"),
        json!("2026-07-10T08:00Z"),
        json!("2026-07-10t08:00:00z"),
        json!("2026-07-10T08:00:00+00:00"),
        json!("2026-07-10T08:00:00+0000"),
        json!("2026-07-10T16:00:00+0800"),
        json!("2026-07-10T16:00:00.000+08:00"),
        json!("2026-07-10 08:00:00Z"),
        json!("2026-07-10 08:00:00+0000"),
        json!("2026-07-10 08:00:00 +0000"),
        json!("2026-07-10 08:00:00 UTC"),
        json!("2026-07-10 08:00:00.000 +0000 UTC"),
        json!(" 2026-07-10T08:00:00Z "),
        json!("1783670400"),
        json!("1783670400000"),
        json!(1_783_670_400),
        json!(1_783_670_400_000_i64),
    ] {
        let time = read::<Timestamp>(form.clone());
        assert_eq!(time, Read::Understood(expected), "{form}");
    }
}

#[test]
fn a_time_that_is_not_understood_is_unclear_and_kept() {
    for form in [
        json!("2026-07-10 08:00:00"),
        json!("2026-07-10T08:00:00"),
        json!("2026-07-10"),
        json!("20260710080000"),
        json!("10.07.2026 08:00"),
        json!("0001-01-01T00:00:00Z"),
        json!("1970-01-01T00:00:00Z"),
        json!("soon"),
        json!(0),
        json!("0"),
        json!(17_836_704),
        json!(1_783_670_400.5),
        json!(true),
        json!({"at": 1}),
        json!(["2026-07-10T08:00:00Z"]),
    ] {
        match read::<Timestamp>(form.clone()) {
            Read::Unclear(text) => assert!(!text.is_empty(), "{form}"),
            other => panic!("{form}: {other:?}"),
        }
    }
}

#[test]
fn null_absent_and_empty_are_missing() {
    assert_eq!(answer(json!({})).at, Read::Missing);
    for form in [json!(null), json!(""), json!(" ")] {
        assert_eq!(read::<Timestamp>(form.clone()), Read::Missing, "{form}");
        assert_eq!(read::<String>(form), Read::Missing);
    }
}

#[test]
fn nothing_is_concluded_from_what_is_not_understood() {
    let unclear = Read::<i64>::Unclear("x".into());
    assert_eq!(unclear.is(|n| *n > 1), None);
    assert_eq!(Read::<i64>::Missing.is(|n| *n > 1), None);
    assert_eq!(Read::Understood(2).is(|n| *n > 1), Some(true));
    assert_eq!(Read::Understood(1).is(|n| *n > 1), Some(false));
}

#[test]
fn what_is_not_understood_is_kept_short() {
    let Read::Unclear(text) = read::<i64>(json!("预".repeat(500))) else {
        panic!("it is no number");
    };
    assert!(text.len() <= SHOWN && text.ends_with('…'), "{text}");
    for (form, kept) in [
        (json!(["someone"]), "a list"),
        (
            json!({"user_name": "someone", "n": 1}),
            "an object with n, user_name",
        ),
        (json!({}), "{}"),
        (json!(true), "true"),
    ] {
        assert_eq!(read::<i64>(form), Read::Unclear(kept.to_owned()));
    }
}

#[test]
fn numbers_and_flags_are_read_as_text_too() {
    assert_eq!(read::<i64>(json!("-3")), Read::Understood(-3));
    assert_eq!(read::<u64>(json!(3)), Read::Understood(3));
    assert!(matches!(read::<u64>(json!(-3)), Read::Unclear(_)));
    assert!(matches!(read::<i64>(json!(1.5)), Read::Unclear(_)));
    for (form, flag) in [
        (json!(true), true),
        (json!("False"), false),
        (json!(0), false),
        (json!("1"), true),
    ] {
        assert_eq!(read::<bool>(form), Read::Understood(flag));
    }
    assert!(matches!(read::<bool>(json!("no idea")), Read::Unclear(_)));
}

#[test]
fn a_member_that_cannot_be_read_stays_in_the_list() {
    let list = answer(json!({"list": [{"id": "a"}, null, {"name": "b"}, 7, ["c"]]})).list;
    let list = list.expect("a list");
    assert_eq!(list.len(), 5);
    assert_eq!(list[0].is(|member| member.id == "a"), Some(true));
    for member in &list[1..] {
        assert!(matches!(member, Read::Unclear(_)), "{member:?}");
    }
}

#[test]
fn a_null_list_is_empty_an_absent_one_is_not_and_another_form_is_unclear() {
    assert_eq!(answer(json!({"list": null})).list, Some(Vec::new()));
    assert_eq!(answer(json!({"list": []})).list, Some(Vec::new()));
    assert_eq!(answer(json!({})).list, None);
    for form in [json!("none"), json!({"0": {}}), json!(0)] {
        let list = answer(json!({"list": form})).list.expect("a list");
        assert!(matches!(list[..], [Read::Unclear(_)]), "{list:?}");
    }
}

#[test]
fn an_answer_that_is_a_list_is_no_object() {
    let read = |text: &str| serde_json::from_str::<Object<Answer>>(text).is_ok();
    assert!(read("{}"));
    for text in ["[]", "7", "null", r#"["2026-07-10T08:00:00Z"]"#] {
        assert!(!read(text), "{text}");
    }
}

#[test]
fn a_text_of_a_cloud_is_one_bounded_line_without_what_cannot_be_seen() {
    for (form, shown) in [
        (json!("RUNNING"), "RUNNING"),
        (json!(" RUNNING\n"), "RUNNING"),
        (json!("RUN\u{1b}[2JNING"), "RUN\u{fffd}[2JNING"),
        (json!("RUN\u{202e}NING\nX"), "RUN\u{fffd}NING X"),
        (json!("RUNNING\u{200b}"), "RUNNING\u{fffd}"),
    ] {
        let read: Read<String> = read(form.clone());
        assert_eq!(read, Read::Understood(shown.to_owned()), "{form}");
        let text = super::text(form).expect("a text");
        assert_eq!(text.as_deref(), Some(shown));
    }
    for form in [json!("x".repeat(100_000)), json!("实".repeat(100_000))] {
        let Read::Understood(text) = read::<String>(form) else {
            panic!("it is a text");
        };
        assert!(text.len() <= LONGEST, "{}", text.len());
    }
}
