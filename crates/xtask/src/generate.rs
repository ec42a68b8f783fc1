//! `cargo xtask generate`: the files that are made from the operator's code.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tools::{self, OPERATOR_AND_DEMO, cargo_build};

/// Subcommands of errand that fill a folder, and which one. Nothing else may
/// lie in there.
const FOLDERS: [(&str, &str); 2] = [("crds", "crds"), ("reference", "docs/reference")];

const RBAC: &str = "deploy/rbac.yaml";
const RBAC_HEAD: &str = "# Generated from src/controllers/rbac.rs by `cargo xtask generate`.\n";

/// Writes all, and removes what is not generated any more.
pub fn write() -> Result<(), String> {
    let wanted = generated()?;
    let found = found()?;
    for (file, text) in &wanted {
        if found.get(file) != Some(text) {
            let path = tools::root().join(file);
            if let Some(dir) = path.parent() {
                fs::create_dir_all(dir).map_err(at(dir))?;
            }
            fs::write(&path, text).map_err(at(&path))?;
            println!("wrote    {}", file.display());
        }
    }
    for file in found.keys().filter(|file| !wanted.contains_key(*file)) {
        let path = tools::root().join(file);
        fs::remove_file(&path).map_err(at(&path))?;
        println!("removed  {}", file.display());
    }
    println!("{} generated files are up to date", wanted.len());
    Ok(())
}

/// Fails if [`write()`] would change anything.
pub fn check() -> Result<(), String> {
    let differences = differences(&generated()?, &found()?);
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!(
        "generated files are not up to date:\n{}\nmend it with: cargo xtask generate",
        differences.join("\n")
    ))
}

/// A file's path from the root of the repository, and its text.
type Files = BTreeMap<PathBuf, String>;

fn differences(wanted: &Files, found: &Files) -> Vec<String> {
    let mut lines = Vec::new();
    for (file, text) in wanted {
        match found.get(file) {
            None => lines.push(format!("  missing      {}", file.display())),
            Some(found) if found != text => {
                lines.push(format!("  differs      {}", file.display()))
            }
            Some(_) => {}
        }
    }
    let superfluous = found.keys().filter(|file| !wanted.contains_key(*file));
    lines.extend(superfluous.map(|file| format!("  superfluous  {}", file.display())));
    lines
}

/// What the operator's present code generates.
fn generated() -> Result<Files, String> {
    let status = cargo_build(&OPERATOR_AND_DEMO)
        .arg("--quiet")
        .stdin(Stdio::null())
        .status()
        .map_err(|e| format!("cargo build: {e}"))?;
    if !status.success() {
        return Err("cargo build failed; see above".to_owned());
    }
    let errand = tools::built("errand")?;
    let mut files = Files::new();
    for (subcommand, folder) in FOLDERS {
        let dir = tools::built(&format!("generated-{subcommand}-{}", std::process::id()))?;
        let written = run(&errand, &[subcommand, "--dir", &dir.to_string_lossy()]);
        let read = written.and_then(|_| read_dir(&dir, folder));
        let _ = fs::remove_dir_all(&dir);
        files.extend(read?);
    }
    let rbac = run(&errand, &["rbac"])?;
    files.insert(RBAC.into(), format!("{RBAC_HEAD}{rbac}"));
    Ok(files)
}

/// What there is in the repository.
fn found() -> Result<Files, String> {
    let mut files = Files::new();
    for (_, folder) in FOLDERS {
        files.extend(read_dir(&tools::root().join(folder), folder)?);
    }
    if let Ok(text) = fs::read_to_string(tools::root().join(RBAC)) {
        files.insert(RBAC.into(), text);
    }
    Ok(files)
}

/// The files in a folder, named as if they were in `folder`.
fn read_dir(dir: &Path, folder: &str) -> Result<Files, String> {
    let mut files = Files::new();
    if !dir.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(dir).map_err(at(dir))? {
        let entry = entry.map_err(at(dir))?;
        let text = fs::read_to_string(entry.path()).map_err(at(&entry.path()))?;
        files.insert(Path::new(folder).join(entry.file_name()), text);
    }
    Ok(files)
}

/// Runs the operator's binary; its output.
fn run(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(at(program))?;
    match output.status.success() {
        true => String::from_utf8(output.stdout).map_err(|e| e.to_string()),
        false => Err(format!(
            "{} {} failed",
            program.display(),
            arguments.join(" ")
        )),
    }
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> String + use<> {
    let path = path.display().to_string();
    move |error| format!("{path}: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_difference_is_named() {
        let files = |all: &[(&str, &str)]| -> Files {
            let file = |(path, text): &(&str, &str)| (PathBuf::from(path), (*text).to_owned());
            all.iter().map(file).collect()
        };
        let wanted = files(&[("crds/a", "1"), ("crds/b", "1"), ("crds/c", "1")]);
        let found = files(&[("crds/a", "1"), ("crds/b", "2"), ("crds/d", "1")]);
        assert_eq!(
            differences(&wanted, &found),
            [
                "  differs      crds/b",
                "  missing      crds/c",
                "  superfluous  crds/d"
            ]
        );
        assert!(differences(&wanted, &wanted).is_empty());
    }
}
