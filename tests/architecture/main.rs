//! docs/architecture.md is true: each part of the operator, and each module of the engine,
//! uses those that its table allows, and no others.

mod kinds;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What test builds have, and any part may ask.
const ANYBODY: [&str; 2] = ["test_point", "mistakes"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Who uses whom.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// The table "Who may use whom".
fn allowed() -> Uses {
    table("| Part | Holds |")
}

/// The table with that heading.
fn table(heading: &str) -> Uses {
    let page = fs::read_to_string(root().join("docs/architecture.md")).expect("the page");
    let (_, table) = page.split_once(heading).expect("its table");
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

/// The Rust files there, and below.
fn rust_files(path: &Path) -> Vec<PathBuf> {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        return paths.flat_map(|path| rust_files(&path)).collect();
    }
    let is_rust = path.extension().is_some_and(|end| end == "rs");
    is_rust.then(|| path.to_owned()).into_iter().collect()
}

/// The sources of a part.
fn files(part: &str) -> Vec<PathBuf> {
    let places = [format!("src/{part}"), format!("src/{part}.rs")];
    let places = places.map(|place| root().join(place));
    let there = places.iter().filter(|place| place.exists());
    there.flat_map(|place| rust_files(place)).collect()
}

/// Parts that this text names in paths.
fn used(part: &str, text: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    // The command line is in the binary, for which the library is another crate.
    let paths: &[&str] = match part {
        "cli" => &["crate::", "errand::"],
        _ => &["crate::"],
    };
    for (at, path) in paths.iter().flat_map(|path| text.match_indices(path)) {
        let name = &text[at + path.len()..];
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
            for name in used(part, &text) {
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

/// The modules of the engine, with their text, without its unit tests.
fn engine() -> Vec<(String, String)> {
    let sources = root().join("crates/engine/src");
    let mut modules = Vec::new();
    for path in rust_files(&sources) {
        let name = path.strip_prefix(&sources).expect("below it");
        let name = name.with_extension("").to_string_lossy().replace('/', "::");
        if name.split("::").next() != Some("tests") {
            let text = fs::read_to_string(&path).expect("a source file");
            modules.push((name, text));
        }
    }
    assert!(modules.len() > 10, "{}", modules.len());
    modules
}

/// Who uses whom in the engine: by a path, or by calling a method that it alone has.
fn uses_in(engine: &[(String, String)]) -> Uses {
    let mut methods: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (module, text) in engine {
        for line in text.lines().filter(|line| line.starts_with("    pub")) {
            if let Some((_, rest)) = line.split_once(" fn ") {
                let name = rest.split(['(', '<']).next().unwrap_or_default();
                methods.entry(name).or_default().insert(module);
            }
        }
    }
    let mut uses = Uses::new();
    for (module, text) in engine.iter().filter(|(module, _)| module != "lib") {
        let all = uses.entry(module.clone()).or_default();
        all.extend(used(module, text));
        for (at, _) in text.match_indices("super::") {
            let name = text[at + "super::".len()..].split("::").next();
            all.insert(format!("types::{}", name.unwrap_or_default()));
        }
        for (name, of) in methods.iter().filter(|(_, of)| of.len() == 1) {
            if text.contains(&format!(".{name}(")) {
                let of = of.first().expect("one").split("::").next();
                all.insert(of.expect("a module").to_owned());
            }
        }
        all.remove(module);
        if module.starts_with("types") {
            all.remove("types");
        }
    }
    uses
}

/// Those that use one another around, if there are any.
fn circle(uses: &Uses) -> Vec<String> {
    let mut left = uses.clone();
    loop {
        let done = left
            .iter()
            .find(|(_, uses)| uses.iter().all(|name| !left.contains_key(name)));
        match done.map(|(name, _)| name.clone()) {
            Some(done) => left.remove(&done),
            None => return left.into_keys().collect(),
        };
    }
}

#[test]
fn the_arrows_of_the_engine_point_one_way() {
    let engine = engine();
    let uses = uses_in(&engine);
    let (words, modules): (Uses, Uses) = uses.into_iter().partition(|(name, _)| name.contains(':'));
    assert_eq!(modules, table("| Module of the engine | Holds |"));
    assert!(words.len() > 5, "{words:?}");
    assert_eq!(circle(&modules), [""; 0]);
    assert_eq!(circle(&words), [""; 0]);
    assert_eq!(circle(&allowed()), [""; 0]);
}

#[test]
fn an_arrow_of_the_engine_that_is_turned_is_noticed() {
    for (module, line, around) in [
        ("state", "use crate::machine::step;", "machine"),
        ("proof", "use crate::decide::decide;", "decide"),
        (
            "state",
            "let sent = state.holds_stored_intent(now, key);",
            "attempt",
        ),
        ("types::step", "use super::object::Wish;", "types::object"),
    ] {
        let mut engine = engine();
        let (_, text) = engine
            .iter_mut()
            .find(|(name, _)| name == module)
            .expect("it is there");
        text.push_str(line);
        let found = circle(&uses_in(&engine));
        let expected = [module, around].map(str::to_owned);
        assert!(
            expected.iter().all(|name| found.contains(name)),
            "{line}: {found:?}"
        );
    }
}

/// The lines with conditional compilation, but for the unit tests and what serde derives.
fn conditions(text: &str) -> Vec<String> {
    let text = text.replace("#[cfg(test)]\nmod tests;", "");
    let serde = |line: &&str| !line.trim().starts_with("#[cfg_attr(feature = \"serde\",");
    let condition = |line: &&str| {
        ["cfg(", "cfg!(", "cfg_attr("]
            .iter()
            .any(|c| line.contains(c))
    };
    let lines = text.lines().filter(serde).filter(condition);
    lines.map(str::to_owned).collect()
}

#[test]
fn the_engine_that_is_checked_is_the_one_that_runs() {
    for (module, text) in engine() {
        let found = conditions(&text);
        assert!(found.is_empty(), "{module}: {found:?}");
    }
    for text in [
        "#[cfg(test)]\nuse crate::mutant::Mutant;",
        "#[cfg(not(test))]\nlet _ = rules;",
        "#[cfg(any(test, doc))]",
        "if cfg!(test) {",
        "#[cfg_attr(test, derive(Debug))]",
    ] {
        assert_eq!(conditions(text).len(), 1, "{text}");
    }
    assert!(conditions("#[cfg(test)]\nmod tests;\n").is_empty());
}

#[test]
fn no_part_of_the_operator_reaches_into_the_memory_of_the_engine() {
    for path in rust_files(&root().join("src")) {
        let text = fs::read_to_string(&path).expect("a source file");
        assert!(!text.contains(".inside()"), "{}", path.display());
    }
}

/// The rows of the tables in docs/threat-model.md whose first column is `Asset`.
fn threats(page: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut of_threats = false;
    for line in page.lines() {
        if !line.starts_with('|') {
            of_threats = false;
            continue;
        }
        let cells = line.trim_matches('|').split('|');
        let cells: Vec<String> = cells.map(|cell| cell.trim().to_owned()).collect();
        match &*cells[0] {
            "Asset" => of_threats = true,
            cell if of_threats && !cell.starts_with("---") => rows.push(cells),
            _ => {}
        }
    }
    rows
}

/// Every test of the repository: the parts of its file's path, and its name.
fn tests() -> Vec<(Vec<String>, String)> {
    let folders = ["src", "tests", "crates"].map(|folder| root().join(folder));
    let files = folders.iter().flat_map(|folder| rust_files(folder));
    let mut tests = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file");
        let place = file
            .strip_prefix(root())
            .expect("below it")
            .with_extension("");
        let place = place.iter().map(|part| part.to_string_lossy().into_owned());
        let place: Vec<String> = place.collect();
        let mut attributes = String::new();
        for line in text.lines().map(str::trim) {
            if let Some((name, _)) = line
                .strip_prefix("every_kind!(")
                .and_then(|rest| rest.split_once(':'))
            {
                tests.push((place.clone(), name.to_owned()));
            }
            let function = line.strip_prefix("pub ").unwrap_or(line);
            let function = function.strip_prefix("async ").unwrap_or(function);
            if let Some(rest) = function.strip_prefix("fn ") {
                if attributes.contains("test]") {
                    let name = rest.split('(').next().unwrap_or_default();
                    tests.push((place.clone(), name.to_owned()));
                }
                attributes.clear();
            } else if line.starts_with("#[") {
                attributes.push_str(line);
            } else if !line.starts_with("//") {
                attributes.clear();
            }
        }
    }
    tests
}

/// The steps of `.ci/run`, by name.
fn steps() -> Vec<String> {
    let script = fs::read_to_string(root().join(".ci/run")).expect("the script");
    let steps = script
        .lines()
        .filter_map(|line| line.strip_prefix("step '"));
    let names = steps.filter_map(|step| step.split('\'').next());
    names.map(str::to_owned).collect()
}

/// Why a row of the threat model says nothing; `None`: it names tests or steps of `.ci/run`
/// that exist, or an accepted risk.
fn unproven(row: &[String], tests: &[(Vec<String>, String)]) -> Option<String> {
    let [_, _, _, defence, proof] = row else {
        return Some(format!("it has {} columns and not 5", row.len()));
    };
    if row.iter().any(String::is_empty) {
        return Some("a column is empty".to_owned());
    }
    if proof == "Accepted risk" {
        // The reason has to be a sentence.
        return (defence.split_whitespace().count() < 4).then(|| "no reason is given".to_owned());
    }
    let named: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
    if named.is_empty() {
        return Some("neither a test nor an accepted risk".to_owned());
    }
    let exists = |named: &str| {
        if let Some(step) = named.strip_prefix(".ci/run ") {
            return steps().iter().any(|name| name == step);
        }
        let mut modules: Vec<&str> = named.split("::").collect();
        let name = modules.pop().unwrap_or_default();
        tests.iter().any(|(place, test)| {
            let mut place = place.iter();
            test == name
                && modules
                    .iter()
                    .all(|module| place.any(|part| part == module))
        })
    };
    let missing = named.into_iter().find(|named| !exists(named));
    missing.map(|named| format!("there is no test {named}"))
}

#[test]
fn every_row_of_the_threat_model_names_a_test_or_an_accepted_risk() {
    let page = fs::read_to_string(root().join("docs/threat-model.md")).expect("the page");
    let (rows, tests) = (threats(&page), tests());
    assert!(rows.len() > 10 && tests.len() > 500);
    let unproven: Vec<String> = rows
        .iter()
        .filter_map(|row| Some(format!("{}: {}", row.join(" | "), unproven(row, &tests)?)))
        .collect();
    assert!(unproven.is_empty(), "{}", unproven.join("\n"));
}

#[test]
fn a_row_of_the_threat_model_that_proves_nothing_is_noticed() {
    let tests = tests();
    let row = |proof: &str| -> Vec<String> {
        let page = format!(
            "| Asset | a |\n| --- | --- |\n| key | tenant | reads it | no right to read it | {proof} |\n"
        );
        threats(&page).remove(0)
    };
    let this = "every_row_of_the_threat_model_names_a_test_or_an_accepted_risk";
    for proof in [
        format!("`architecture::{this}`"),
        "`.ci/run supply chain`".to_owned(),
        "Accepted risk".to_owned(),
    ] {
        assert_eq!(unproven(&row(&proof), &tests), None, "{proof}");
    }
    for proof in [
        "",
        "later",
        "Accepted risk?",
        "`architecture::no_such_test`",
        "`.ci/run no such step`",
        &format!("`controllers::{this}`"),
        &format!("`architecture::{this}`, `architecture::unproven`"),
        "`architecture::root`",
    ] {
        assert!(unproven(&row(proof), &tests).is_some(), "{proof}");
    }
    let short =
        "| Asset | a |\n| --- | --- |\n| key | tenant | reads it | none | Accepted risk |\n";
    assert!(unproven(&threats(short)[0], &tests).is_some());
}
