//! docs/architecture.md is true: each part of the operator uses those that its table
//! allows, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What test builds have, and any part may ask.
const ANYBODY: [&str; 2] = ["test_point", "mistakes"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The table "Who may use whom".
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let page = fs::read_to_string(root().join("docs/architecture.md")).expect("the page");
    let (_, table) = page.split_once("| Part | Holds |").expect("its table");
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let words = |cell: &str| -> BTreeSet<String> {
        let words = cell.split('`').skip(1).step_by(2);
        words.map(str::to_owned).collect()
    };
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let part = words(cells[0]).pop_first().expect("a part");
        (part, words(cells[2]))
    })
    .collect()
}

/// The sources of a part.
fn files(part: &str) -> Vec<PathBuf> {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        if path.is_dir() {
            let entries = fs::read_dir(path).expect("a folder");
            for entry in entries {
                walk(&entry.expect("an entry").path(), found);
            }
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path.to_owned());
        }
    }
    let mut found = Vec::new();
    for path in [format!("src/{part}"), format!("src/{part}.rs")] {
        let path = root().join(path);
        if path.exists() {
            walk(&path, &mut found);
        }
    }
    found
}

/// Parts that this text names in paths.
fn used(text: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let name = &text[at + "crate::".len()..];
        let end = name.find(|c: char| !c.is_ascii_lowercase() && c != '_');
        let name = &name[..end.unwrap_or(name.len())];
        used.insert(name.to_owned());
    }
    if text.contains("errand_engine") {
        used.insert("engine".to_owned());
    }
    used.remove("");
    used
}

#[test]
fn each_part_uses_what_the_page_allows_and_nothing_else() {
    let allowed = allowed();
    assert!(allowed.len() > 4, "{allowed:?}");
    for (part, allowed) in &allowed {
        let files = files(part);
        assert!(!files.is_empty(), "{part} is not there");
        let mut all = BTreeSet::new();
        for file in files {
            let text = fs::read_to_string(&file).expect("a source file");
            for name in used(&text) {
                let fine = name == *part || allowed.contains(&name);
                let fine = fine || ANYBODY.contains(&name.as_str());
                assert!(fine, "{} uses {name}: {part} may not", file.display());
                all.insert(name);
            }
        }
        let unused: Vec<_> = allowed.difference(&all).collect();
        assert!(unused.is_empty(), "{part} does not use {unused:?}");
    }
}

#[test]
fn the_page_names_every_part() {
    let allowed = allowed();
    let library = fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs");
    let parts = library.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    for part in parts {
        let named = allowed.contains_key(part) || ANYBODY.contains(&part);
        assert!(named, "docs/architecture.md does not name {part}");
    }
}

#[test]
fn what_a_release_build_has_of_the_engine_depends_on_nothing() {
    let manifest = root().join("crates/engine/Cargo.toml");
    let manifest = fs::read_to_string(manifest).expect("the engine's manifest");
    let (_, rest) = manifest.split_once("[dependencies]").expect("a section");
    let section = rest.split("\n[").next().unwrap_or_default();
    let lines = section.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        assert!(line.contains("optional = true"), "{line}");
    }
}
