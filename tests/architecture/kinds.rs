//! A kind is a folder: what all kinds share names none of them.

use std::collections::BTreeSet;
use std::fs;

use super::{files, root, rust_files};

/// What the folders of the kinds alone may name: the types of a kind, and the words of its
/// own reasons with their constants.
fn names_of_kinds() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for words in rust_files(&root().join("src/operations")) {
        if !words.ends_with("words.rs") {
            continue;
        }
        let text = fs::read_to_string(&words).expect("a source file");
        for line in text.lines() {
            if let Some((name, rest)) = line.trim().split_once(" \"")
                && let Some((word, _)) = rest.split_once("\": \"")
            {
                names.insert(name.to_owned());
                names.insert(format!("\"{word}\""));
            }
        }
        let text = fs::read_to_string(words.with_file_name("mod.rs")).expect("a source file");
        let exported = text.split("pub use resource::{").nth(1);
        let exported = exported.and_then(|rest| rest.split('}').next());
        let types = exported.expect("the types of a kind").split(',');
        names.extend(types.map(|name| name.trim().to_owned()));
        let kind = text.split("\npub struct ").nth(1);
        let kind = kind.and_then(|rest| rest.split(';').next());
        names.insert(kind.expect("the kind").to_owned());
    }
    names.remove("");
    names
}

/// Which of these names a text has as whole words, without comments and unit tests.
fn named<'a>(text: &str, names: &'a BTreeSet<String>) -> Vec<&'a str> {
    let text = text.split("#[cfg(test)]\nmod tests {").next();
    let lines = text.into_iter().flat_map(str::lines);
    let code = lines.filter(|line| !line.trim_start().starts_with("//"));
    let code: Vec<&str> = code.collect();
    let code = code.join("\n");
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '"';
    let whole = |name: &str| {
        code.match_indices(name).any(|(at, _)| {
            let quoted = name.starts_with('"');
            let before = code[..at].chars().next_back();
            let after = code[at + name.len()..].chars().next();
            quoted || !before.is_some_and(inside) && !after.is_some_and(inside)
        })
    };
    let names = names.iter().map(String::as_str);
    names.filter(|name| whole(name)).collect()
}

#[test]
fn what_kinds_share_names_none_of_them() {
    let names = names_of_kinds();
    assert!(names.len() > 80, "{}", names.len());
    let mut seen = 0;
    for file in ["api", "cli"].into_iter().flat_map(files) {
        let of_tests = ["tests.rs", "codes.rs"]
            .iter()
            .any(|end| file.ends_with(end));
        if of_tests {
            continue;
        }
        seen += 1;
        let text = fs::read_to_string(&file).expect("a source file");
        let found = named(&text, &names);
        assert!(found.is_empty(), "{} names {found:?}", file.display());
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn a_kind_that_is_named_where_kinds_are_shared_is_noticed() {
    let names = names_of_kinds();
    for line in [
        "use crate::operations::desktop_order::DesktopOrder;",
        "            ChangeFailed => advice,"
            .replace("ChangeFailed", "\"ChangeFailed\"")
            .as_str(),
        "    REFRESH_RUNNING => 1,",
        "visit::<SteerRefresh>()",
        "fn of(object: &ResizeObservation) {",
    ] {
        assert_eq!(named(line, &names).len(), 1, "{line}");
    }
    for line in [
        "    // as of a DesktopOrder",
        "let order_in_review = NOT_REFRESH_RUNNING;",
        "#[cfg(test)]\nmod tests {\n    use super::DesktopOrder;",
    ] {
        assert_eq!(named(line, &names), [""; 0], "{line}");
    }
}
