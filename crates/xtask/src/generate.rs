//! `cargo xtask generate`: the files that are made from the operator's code.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::chart;
use crate::integrations;
use crate::tools::{self, OPERATOR_AND_DEMO, cargo_build};

/// Subcommands of errand that fill a folder, and which one. Nothing else may
/// lie in there.
const FOLDERS: [(&str, &str); 4] = [
    ("crds", "crds"),
    ("crds", "charts/errand/files/crds"),
    ("rbac", "charts/errand/files/rules"),
    ("reference", "docs/reference"),
];

const RBAC: &str = "deploy/rbac.yaml";
const RBAC_HEAD: &str = "# Generated from src/controllers/rbac.rs by `cargo xtask generate`.\n";

/// Writes all, and removes what is not generated any more.
pub fn write() -> Result<(), String> {
    // The chart is rendered with what the operator's code has put into it.
    let by_the_operator = by_the_operator()?;
    bring_up_to_date(&by_the_operator, &found(by_the_operator_before)?)?;
    let others = from_files()?;
    bring_up_to_date(&others, &found(from_files_before)?)?;
    let count = by_the_operator.len() + others.len();
    println!("{count} generated files are up to date");
    Ok(())
}

fn bring_up_to_date(wanted: &Files, found: &Files) -> Result<(), String> {
    for (file, text) in wanted {
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
    Ok(())
}

/// Fails if [`write()`] would change anything.
pub fn check() -> Result<(), String> {
    let mut differences = differences(&by_the_operator()?, &found(by_the_operator_before)?);
    let from_files = from_files()?;
    differences.extend(self::differences(&from_files, &found(from_files_before)?));
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!(
        "generated files are not up to date:\n{}\nmend it with: cargo xtask generate",
        differences.join("\n")
    ))
}

/// What is made from files that were written by hand or by the operator.
fn from_files() -> Result<Files, String> {
    let mut files = chart::generated()?;
    files.extend(integrations::generated()?);
    Ok(files)
}

fn from_files_before(files: &mut Files) -> Result<(), String> {
    chart::before(files)?;
    integrations::before(files)
}

/// A file's path from the root of the repository, and its text.
pub type Files = BTreeMap<PathBuf, String>;

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

/// Builds the operator, which is asked for what its code generates.
pub fn build() -> Result<(), String> {
    let status = cargo_build(&OPERATOR_AND_DEMO)
        .arg("--quiet")
        .stdin(Stdio::null())
        .status()
        .map_err(|e| format!("cargo build: {e}"))?;
    match status.success() {
        true => Ok(()),
        false => Err("cargo build failed; see above".to_owned()),
    }
}

/// What the operator's code generates, as it was built.
fn by_the_operator() -> Result<Files, String> {
    let errand = tools::built("errand")?;
    let mut files = Files::new();
    for (subcommand, folder) in FOLDERS {
        let dir = format!(
            "generated-{}-{}",
            folder.replace('/', "-"),
            std::process::id()
        );
        let dir = tools::built(&dir)?;
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
fn found(read: fn(&mut Files) -> Result<(), String>) -> Result<Files, String> {
    let mut files = Files::new();
    read(&mut files)?;
    Ok(files)
}

fn by_the_operator_before(files: &mut Files) -> Result<(), String> {
    for (_, folder) in FOLDERS {
        files.extend(read_dir(&tools::root().join(folder), folder)?);
    }
    read_file(RBAC, files);
    Ok(())
}

/// A file of the repository, if it is there.
pub fn read_file(file: &str, files: &mut Files) {
    if let Ok(text) = fs::read_to_string(tools::root().join(file)) {
        files.insert(file.into(), text);
    }
}

/// The files in a folder, named as if they were in `folder`.
pub fn read_dir(dir: &Path, folder: &str) -> Result<Files, String> {
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

/// Runs a program; its output.
pub fn run(program: &Path, arguments: &[&str]) -> Result<String, String> {
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

pub fn at(path: &Path) -> impl Fn(std::io::Error) -> String + use<> {
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
