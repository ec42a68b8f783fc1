//! A second simulator and operator, on a clock that the demo moves: what takes
//! hours there takes a moment here.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use errand_testbed::{Bed, BedOptions, Plane};

use crate::progress::Story;

/// Longest time that anything may take, on the wall clock.
pub const PATIENCE: Duration = Duration::from_secs(45);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The bed, whose operator is not started yet.
pub fn set(story: &Story, plane: &Arc<Plane>, operator: &Path) -> Result<Bed, String> {
    println!();
    story.tell("the other clouds, another operator, and a clock that the demo moves");
    let operator = operator.to_str().ok_or("the operator's path is not text")?;
    let mut options = BedOptions {
        connection: false,
        ..BedOptions::default()
    };
    options.timing.lease = Duration::from_secs(3600);
    Ok(Bed::new(plane, operator, "clouds", options))
}

/// Waits for a moment, and fails when it is too late.
pub fn in_time(bed: &Bed, deadline: Instant) -> Result<(), String> {
    thread::sleep(LOOK_EVERY);
    match Instant::now() < deadline {
        true => Ok(()),
        false => Err(format!(
            "no end after {} s\n{}\n{}",
            PATIENCE.as_secs(),
            bed.simulator.journal(),
            bed.operator_log()
        )),
    }
}
