//! The tools as processes.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use errand_controlplane::assets::{Program, find_or_build};
use errand_testbed::{repository, shared_plane};
use serde::Deserialize as _;
use serde_json::Value;

/// Where a tool is; built for the first one who asks.
pub fn tool(program: Program) -> PathBuf {
    static FOUND: Mutex<BTreeMap<&str, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let path = found.entry(program.name()).or_insert_with(|| {
        let assets = find_or_build(&[program]).unwrap_or_else(|e| panic!("{e}"));
        assets.path(program).expect("it was asked for").to_owned()
    });
    path.clone()
}

/// What it wrote, or what it complained of.
pub fn run(command: &mut Command, input: &str) -> Result<String, String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let mut stdin = child.stdin.take().expect("piped");
    // One that fails at once may not read it all. What is written here fits into
    // what the tools read before they answer.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(format!("{}{}", text(&output.stdout), text(&output.stderr))),
    }
}

/// helm, which finds neither a cluster nor somebody's settings.
pub fn helm(arguments: &[&str]) -> Result<String, String> {
    let nowhere = repository().join("charts/nowhere");
    let mut helm = Command::new(tool(Program::Helm));
    helm.args(arguments)
        .env("KUBECONFIG", nowhere.join("kubeconfig"))
        .env("HELM_CONFIG_HOME", &nowhere)
        .env("HELM_DATA_HOME", &nowhere);
    run(&mut helm, "")
}

/// The folder of the chart.
pub fn chart() -> String {
    let chart = repository().join("charts/errand");
    chart.to_str().expect("text").to_owned()
}

/// The chart as it was before it was changed last, from the repository's history. It is
/// unpacked once: tests that ask at the same time would write into each other's archive.
pub fn previous_chart() -> String {
    static UNPACKED: OnceLock<String> = OnceLock::new();
    UNPACKED.get_or_init(unpack_previous_chart).clone()
}

fn unpack_previous_chart() -> String {
    let root = repository();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        // A clone of CI may belong to somebody else.
        git.args(["-c", "safe.directory=*", "-C"]).arg(&root);
        run(git.args(arguments), "").map_err(|e| format!("git {arguments:?}: {e}"))
    };
    let commits = git(&["log", "--format=%H", "-2", "--", "charts/errand"]);
    let commits = commits.unwrap_or_else(|e| panic!("{e}"));
    let changed = git(&["diff", "--quiet", "HEAD", "--", "charts/errand"]).is_err();
    // The first commit with a chart is compared with itself.
    let commit = commits.lines().take(if changed { 1 } else { 2 }).last();
    let commit = commit.expect("the repository's history has the chart");
    let dir = shared_plane().control_plane().dir().join(commit);
    std::fs::create_dir_all(&dir).expect("a folder can be made");
    let tar = dir.join("chart.tar");
    let (tar, dir) = (tar.to_str().expect("text"), dir.to_str().expect("text"));
    let archived = git(&["archive", "--output", tar, commit, "charts/errand"]);
    archived.unwrap_or_else(|e| panic!("{e}"));
    let unpacked = run(Command::new("tar").args(["-xf", tar, "-C", dir]), "");
    unpacked.unwrap_or_else(|e| panic!("{e}"));
    format!("{dir}/charts/errand")
}

/// The values files in the chart's ci/, by name.
pub fn ci_values() -> Vec<(String, String)> {
    let dir = repository().join("charts/errand/ci");
    let files = std::fs::read_dir(dir).expect("ci/ is there");
    let mut files: Vec<_> = files
        .map(|file| {
            let file = file.expect("readable");
            let text = |s: &std::ffi::OsStr| s.to_str().expect("text").to_owned();
            (text(&file.file_name()), text(file.path().as_os_str()))
        })
        .collect();
    files.sort();
    assert!(files.len() > 2, "{files:?}");
    files
}

/// The chart with these further arguments, as text.
pub fn template(arguments: &[&str]) -> Result<String, String> {
    let chart = chart();
    let mut all = vec!["template", "errand", &chart, "--namespace=errand-system"];
    all.extend(arguments);
    helm(&all)
}

/// The same, as objects.
pub fn rendered(arguments: &[&str]) -> Vec<Value> {
    objects(&template(arguments).unwrap_or_else(|e| panic!("{e}")))
}

/// The documents of a YAML text.
pub fn objects(yaml: &str) -> Vec<Value> {
    serde_yaml_ng::Deserializer::from_str(yaml)
        .map(|document| Value::deserialize(document).unwrap_or_else(|e| panic!("{e}")))
        .filter(|object| !object.is_null())
        .collect()
}

/// Those of this kind.
pub fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|o| o["kind"] == kind).collect()
}

/// kubectl as admin, with this on its standard input.
pub fn kubectl(arguments: &[&str], input: &str) -> Result<String, String> {
    run(
        shared_plane().control_plane().kubectl().args(arguments),
        input,
    )
}
