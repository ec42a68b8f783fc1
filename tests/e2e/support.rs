//! What the tests share.

use errand_testbed::{Bed, BedOptions, shared_plane};

/// A bed with the operator of this build, not started yet.
pub fn bed(name: &str) -> Bed {
    bed_with(name, BedOptions::default())
}

/// A bed with options.
pub fn bed_with(name: &str, options: BedOptions) -> Bed {
    Bed::new(shared_plane(), env!("CARGO_BIN_EXE_errand"), name, options)
}

/// State, outcome and the reason of Ready.
pub fn ending(object: &serde_json::Value) -> (String, String, String) {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let conditions = object["status"]["conditions"]
        .as_array()
        .expect("status has conditions");
    let ready = conditions
        .iter()
        .find(|c| c["type"] == "Ready")
        .expect("there is a Ready");
    (
        text(&object["status"]["state"]),
        text(&object["status"]["outcome"]),
        text(&ready["reason"]),
    )
}
