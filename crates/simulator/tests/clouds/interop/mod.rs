//! The official Python SDKs, unmodified, against a running simulator: each seed call
//! that they offer, once accepted and once refused. A test asserts on what the SDK
//! saw and on what the simulator wrote down.
//!
//! The simulator's other tests sign with a few lines of their own, and Errand with
//! its own; only these tests can find a misunderstanding that all of them share.

mod huawei;
mod tencent;
mod venv;
mod volcengine;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{ACCESS, DOMAIN, PROJECT, SECRET};
use errand_simulator::Simulator;
use serde_json::{Value, json};

/// Lets the SDKs make these calls, and returns what they saw of each.
#[track_caller]
fn seen<const N: usize>(simulator: &Simulator, calls: [(&str, Value); N]) -> [Value; N] {
    let address = simulator.address();
    let given = json!({
        "host": address.ip().to_string(), "port": address.port(), "calls": calls.to_vec(),
        "access_key": ACCESS, "secret_key": SECRET, "project": PROJECT, "domain": DOMAIN,
    });
    let home = Home::new();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clouds/interop/calls.py");
    let mut python = Command::new(venv::python())
        .arg(program)
        // No proxy, no credentials of a developer, no files in somebody's home.
        .env_clear()
        .env("HOME", &home.0)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut stdin = python.stdin.take().expect("a pipe");
    stdin.write_all(given.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", venv::said(&output));
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    lines.try_into().expect("a line for each call")
}

/// The request ids that the simulator answered with, oldest first.
fn request_ids(simulator: &Simulator) -> Vec<String> {
    let journal = simulator.journal();
    let calls = journal.all_calls().iter();
    calls.map(|call| call.request_id.clone()).collect()
}

/// Whether each call came once, in this order, with this answer.
#[track_caller]
fn assert_calls(simulator: &Simulator, expected: &[(&str, u16)]) {
    let journal = simulator.journal();
    let calls: Vec<(&str, u16)> = journal
        .all_calls()
        .iter()
        .map(|call| (&*call.api, call.status.unwrap_or(0)))
        .collect();
    assert_eq!(calls, expected);
}

/// A folder that goes when the SDK is done.
struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("errand-interop-{}-{number}", std::process::id());
        let home = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&home).unwrap();
        Self(home)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
