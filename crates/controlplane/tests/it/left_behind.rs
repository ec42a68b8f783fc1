//! Nothing is left behind, however we end.

use crate::common::{alone, eventually, processes_of};
use crate::sigint;
use errand_controlplane::{ControlPlane, Error, Options};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

fn assert_nothing_is_left(dir: &Path) {
    assert_eq!(processes_of(dir), Vec::<String>::new());
    assert!(!dir.exists(), "{} is still there", dir.display());
}

/// A process of its own that holds a control plane, and the folder of that.
/// Its stdin and stdout stay open, so that it ends by nothing but the test.
fn holder() -> (Child, PathBuf) {
    let mut holder = Command::new(env!("CARGO_BIN_EXE_errand-controlplane"))
        .arg("up")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(holder.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    holder.stdout = Some(stdout.into_inner());
    let dir = Path::new(line.trim()).parent().unwrap().to_owned();
    let programs = processes_of(&dir).join("\n");
    for name in ["etcd", "kube-apiserver", "watchdog", "janitor"] {
        assert!(programs.contains(name), "no {name} among:\n{programs}");
    }
    (holder, dir)
}

fn nothing_is_left_after(signal: &str, number: i32) {
    let _alone = alone();
    sigint::ends_children();
    let (mut holder, dir) = holder();
    let kill = Command::new("sh")
        .args(["-c", r#"kill -s "$1" "$2""#, "kill", signal])
        .arg(holder.id().to_string())
        .status()
        .unwrap();
    assert!(kill.success());
    assert_eq!(holder.wait().unwrap().signal(), Some(number));
    eventually("all processes end and the folder goes", || {
        processes_of(&dir).is_empty() && !dir.exists()
    });
}

#[test]
fn after_sigkill_nothing_is_left() {
    nothing_is_left_after("KILL", 9);
}

#[test]
fn after_sigint_nothing_is_left() {
    nothing_is_left_after("INT", 2);
}

#[test]
fn when_stdin_ends_it_stops_and_nothing_is_left() {
    let _alone = alone();
    let (mut holder, dir) = holder();
    drop(holder.stdin.take());
    assert!(holder.wait().unwrap().success());
    assert_nothing_is_left(&dir);
}

#[test]
fn after_a_panic_and_after_a_drop_nothing_is_left() {
    let _alone = alone();
    let plane = ControlPlane::start(Options::default()).unwrap();
    let dir = plane.dir().to_owned();
    let moved = AssertUnwindSafe(plane);
    let panicked = panic::catch_unwind(move || {
        let _plane = moved;
        // Without the hook's message, which would look like a failure.
        panic::resume_unwind(Box::new("on purpose"));
    });
    assert!(panicked.is_err());
    assert_nothing_is_left(&dir);

    let plane = ControlPlane::start(Options::default()).unwrap();
    let dir = plane.dir().to_owned();
    drop(plane);
    assert_nothing_is_left(&dir);
}

#[test]
fn a_component_that_ends_by_itself_is_said_with_its_log() {
    let _alone = alone();
    let mut plane = ControlPlane::start(Options::default()).unwrap();
    plane.check().unwrap();
    let apiserver = processes_named("kube-apiserver", plane.dir());
    let kill = Command::new("sh")
        .args(["-c", &format!("kill -s KILL {apiserver}")])
        .status()
        .unwrap();
    assert!(kill.success());
    let mut said = None;
    eventually("it is noticed", || {
        said = plane.check().err();
        said.is_some()
    });
    let Some(Error::Exited { program, code, .. }) = said else {
        panic!("{said:?}");
    };
    assert_eq!((program, code), ("kube-apiserver", 128 + 9));
    let dir = plane.dir().to_owned();
    drop(plane);
    assert_nothing_is_left(&dir);
}

/// The id of the one process that runs this program (a watchdog's line begins
/// with sh) for the instance in this folder.
fn processes_named(program: &str, dir: &Path) -> String {
    let dir = dir.display().to_string();
    std::fs::read_dir("/proc")
        .unwrap()
        .find_map(|entry| {
            let entry = entry.ok()?;
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let first = line.split('\0').next()?;
            (Path::new(first).ends_with(program) && line.contains(&dir))
                .then(|| entry.file_name().to_string_lossy().into_owned())
        })
        .expect("it runs")
}
