//! What is committed is what is generated.

use std::path::Path;

use serde_json::Value;

use super::{definitions, name};

/// What `errand crds --dir` writes, into a folder of this test.
fn generated() -> Vec<(String, String)> {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated-crds");
    let _ = std::fs::remove_dir_all(&dir);
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_errand"))
        .args(["crds", "--dir"])
        .arg(&dir)
        .status()
        .expect("errand runs");
    assert!(status.success());
    files(&dir)
}

fn committed() -> Vec<(String, String)> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("crds"))
}

fn files(dir: &Path) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = std::fs::read_dir(dir)
        .unwrap_or_else(|e| panic!("{}: {e}", dir.display()))
        .map(|entry| {
            let path = entry.expect("a readable folder").path();
            let name = path.file_name().expect("a file").to_string_lossy();
            let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
            (name.into_owned(), text)
        })
        .collect();
    files.sort();
    files
}

#[test]
fn the_files_in_crds_are_what_is_generated() {
    let (generated, committed) = (generated(), committed());
    let names = |files: &[(String, String)]| -> Vec<String> {
        files.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&committed), names(&generated));
    for ((name, got), (_, expected)) in committed.iter().zip(&generated) {
        let line = got.lines().zip(expected.lines()).position(|(a, b)| a != b);
        assert!(
            got == expected,
            "crds/{name} differs from line {} on: run `errand crds --dir crds`",
            line.map_or(0, |n| n + 1)
        );
    }
}

#[test]
fn the_files_in_crds_say_what_the_types_say() {
    let committed: Vec<Value> = committed()
        .iter()
        .map(|(name, text)| {
            serde_yaml_ng::from_str(text).unwrap_or_else(|e| panic!("crds/{name}: {e}"))
        })
        .collect();
    let mut expected = definitions();
    expected.sort_by_key(|crd| name(crd).to_owned());
    assert_eq!(committed.len(), expected.len());
    for (got, expected) in committed.iter().zip(&expected) {
        assert_eq!(got, expected, "crds/{}.yaml", name(expected));
    }
}
