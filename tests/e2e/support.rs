//! What the tests share.

use std::time::Duration;

use errand_testbed::{Bed, BedOptions, shared_plane};
use serde_json::Value;

/// The simulator's name of the mutating call.
pub const CANCEL: &str = "dcs.CancelInstanceResize";

/// A bed with the operator of this build, not started yet.
pub fn bed(name: &str) -> Bed {
    bed_with(name, BedOptions::default())
}

/// A bed with options, and a cloud that is read as this binary reads it.
pub fn bed_with(name: &str, mut options: BedOptions) -> Bed {
    options.simulator.readings = crate::readings();
    Bed::new(shared_plane(), env!("CARGO_BIN_EXE_errand"), name, options)
}

/// Where an operation stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Ending {
    pub state: String,
    pub outcome: String,
    /// Of Ready.
    pub reason: String,
}

pub fn ending(object: &Value) -> Ending {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let conditions = object["status"]["conditions"].as_array();
    let ready = conditions.and_then(|all| all.iter().find(|c| c["type"] == "Ready"));
    Ending {
        state: text(&object["status"]["state"]),
        outcome: text(&object["status"]["outcome"]),
        reason: ready
            .map(|ready| text(&ready["reason"]))
            .unwrap_or_default(),
    }
}

/// The operation ended like this; its reason is its outcome.
pub fn assert_ending(bed: &Bed, object: &Value, state: &str, outcome: &str) {
    let wanted = Ending {
        state: state.to_owned(),
        outcome: outcome.to_owned(),
        reason: outcome.to_owned(),
    };
    assert_eq!(
        ending(object),
        wanted,
        "{object:#}\n{}\n{}",
        bed.simulator.journal(),
        bed.operator_log()
    );
}

/// Changes some of the simulator's readings of DCS and leaves the others.
pub fn reread(bed: &Bed, changes: Value) {
    let mut readings = serde_json::to_value(crate::readings()).expect("readings are JSON");
    for (name, value) in changes.as_object().expect("named readings") {
        readings["dcs"][name] = value.clone();
    }
    let seed = serde_json::json!({"readings": readings});
    bed.simulator
        .seed(serde_json::from_value(seed).expect("a seed"));
}

/// An operation that was accepted and does not show in time, so that it is held.
pub fn held(bed: &mut Bed) -> Value {
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    reread(bed, serde_json::json!({"cancel_visible_after": 24 * 3600}));
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", "  verifyTimeout: 10m\n"));
    bed.wait_until("the call is verified", || {
        ending(&bed.get("rsc", "stop")).state == "Verifying"
    });
    bed.advance(seconds(700));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_eq!(ending(&object).state, "Held", "{object:#}");
    assert_eq!(ending(&object).reason, "ProofTimeout");
    object
}

pub fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}
