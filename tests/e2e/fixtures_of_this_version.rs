//! Records what this version of the operator leaves in the API server in every state:
//! objects, ledgers, connections, and the cloud that they are about. Later versions
//! read them (`tests/fixtures/COMMIT`). Run by hand:
//!
//! `ERRAND_RECORD_FIXTURES=$PWD/tests/fixtures/COMMIT cargo test -p errand --test e2e -- --ignored
//! --exact fixtures_of_this_version::every_state_is_recorded`

pub mod cases;
pub mod kinds;
pub mod recording;

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use self::cases::{Case, cases};
use self::recording::Recording;

/// Names the folder to record into.
const FOLDER: &str = "ERRAND_RECORD_FIXTURES";

/// Only cases whose name contains one of these, which commas separate.
const ONLY: &str = "ERRAND_RECORD_ONLY";

/// Beds at a time. Each waits much of its time.
const BEDS: usize = 4;

#[test]
#[ignore = "records fixtures, by hand, into the folder that ERRAND_RECORD_FIXTURES names"]
fn every_state_is_recorded() {
    let folder = std::env::var_os(FOLDER).map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| panic!("{FOLDER} names the folder"));
    let by = folder.file_name().expect("a folder has a name");
    let by = by.to_string_lossy();
    let only = std::env::var(ONLY).unwrap_or_default();
    let mut cases = cases();
    cases.retain(|case| only.split(',').any(|part| case.file().contains(part)));
    let count = cases.len();
    let (queue, failed) = (Mutex::new(cases), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..BEDS {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("not poisoned").pop();
                    let Some(case) = next else { return };
                    let file = case.file();
                    // One that cannot be recorded does not stop the others.
                    let by = by.to_string();
                    let recorded = thread::spawn(move || record(case, &by)).join();
                    match recorded {
                        Ok(text) => write(&folder.join(&file), &text),
                        Err(_) => failed.lock().expect("not poisoned").push(file),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("not poisoned");
    println!("{} of {count} recorded", count - failed.len());
    assert!(failed.is_empty(), "not recorded: {failed:#?}");
}

fn record(case: Case, by: &str) -> String {
    let (state, reason) = (case.state, case.reason);
    let mut recording = Recording::start(&case);
    (case.drive)(&mut recording);
    recording.await_standing(state, reason);
    recording.fixture(by)
}

fn write(file: &PathBuf, text: &str) {
    let folder = file.parent().expect("a file is in a folder");
    fs::create_dir_all(folder).expect("a folder can be made");
    fs::write(file, text).expect("a file can be written");
}
