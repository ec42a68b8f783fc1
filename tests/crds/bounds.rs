//! Nothing that a user or a cloud can fill is without a limit.

use super::*;

/// A pattern that is anchored at both ends and repeats nothing without limit.
fn is_bounded(pattern: &str) -> bool {
    let open = ['*', '+'].iter().any(|sign| pattern.contains(*sign)) || pattern.contains(",}");
    pattern.starts_with('^') && pattern.ends_with('$') && !open
}

#[test]
fn every_list_is_bounded() {
    let found = offenders(|_, s| is_type(s, "array") && !s["maxItems"].is_u64());
    assert_none("arrays without maxItems", found);
}

#[test]
fn every_map_is_bounded() {
    let found =
        offenders(|_, s| s["additionalProperties"].is_object() && !s["maxProperties"].is_u64());
    assert_none("maps without maxProperties", found);
    let found = offenders(|_, s| {
        let rules = s["x-kubernetes-validations"].as_array();
        let mut rules = rules
            .into_iter()
            .flatten()
            .map(|rule| rule["rule"].as_str());
        // By their length, or because they are of a list.
        let bounded = |rule: Option<&str>| {
            rule.is_some_and(|rule| rule.contains("size(key) <=") || rule.contains(" in ["))
        };
        s["additionalProperties"].is_object() && !rules.any(bounded)
    });
    assert_none("maps whose keys have no bound", found);
}

#[test]
fn every_text_is_bounded() {
    let found = offenders(|_, s| {
        is_type(s, "string")
            && !s["maxLength"].is_u64()
            && !s["enum"].is_array()
            && s["format"] != "date-time"
            && !s["pattern"].as_str().is_some_and(is_bounded)
    });
    assert_none("strings without a bound", found);
}

#[test]
fn every_value_has_a_type_and_nothing_unknown_is_kept() {
    let untyped = offenders(|path, s| {
        let part_of_a_union = path.contains("Of[") || path.ends_with(".not");
        !part_of_a_union && !s["type"].is_string()
    });
    assert_none("schemas without a type", untyped);
    let open = offenders(|_, s| {
        !s["x-kubernetes-preserve-unknown-fields"].is_null()
            || s["additionalProperties"] == json!(true)
    });
    assert_none("schemas that keep unknown fields", open);
}

#[test]
fn every_definition_is_small() {
    for crd in definitions() {
        let size = crd.to_string().len();
        assert!(size < 64 * 1024, "{} has {size} bytes", name(&crd));
    }
}
