//! Operators under fire: real processes, the real API server and simulated clouds,
//! while everything that can go wrong does. Afterwards the oracle compares what the
//! operations say of themselves with the journal of the clouds, which alone counts.
//!
//! A run is a number of waves. Each has a namespace, a cloud, a clock and operators
//! of its own: one operator or two, the clouds read in the one way or in the other,
//! the API server reached directly or through a proxy that spoils answers.

pub mod audit;
pub mod chaos;
pub mod oracle;
pub mod person;
pub mod replay;
pub mod tally;
mod team;
mod wave;
pub mod work;

use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::tally::Tally;
use crate::wave::{Wave, WaveResult};

/// What a run is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// The operator's binary, a test build.
    pub operator: PathBuf,
    /// Every choice follows from it; what the processes are in the middle of when a
    /// choice is carried out does not.
    pub seed: u64,
    /// How many times an operator is killed.
    pub kills: u32,
    /// In each wave, at most.
    pub wave: u32,
    /// Waves that work side by side.
    pub lanes: usize,
    /// A folder to keep the operators' recordings in.
    pub record: Option<PathBuf>,
    /// The mistake that the operators are to make, to see whether it is noticed.
    pub mistake: Option<String>,
}

/// Runs it all; `say` is told how far it has come. Ends early when a mistake that
/// was asked for has been noticed.
pub fn run(options: &Options, say: impl Fn(&str) + Sync) -> Result<Tally, String> {
    let mut random = StdRng::seed_from_u64(options.seed);
    let mut waves = Vec::new();
    let mut left = options.kills;
    while left > 0 {
        let kills = left.min(options.wave.max(1));
        left -= kills;
        let number = waves.len();
        waves.push(Wave {
            number,
            seed: random.random(),
            kills,
            // Each combination comes round once in eight waves.
            replicas: 1 + number % 2,
            other_readings: (number / 2) % 2 == 1,
            proxied: (number % 2 == 1) != ((number / 4) % 2 == 1),
        });
    }
    let count = waves.len();
    waves.reverse();
    let queue = Mutex::new(waves);
    let total = Mutex::new(Tally::default());
    let failed = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..options.lanes.max(1) {
            scope.spawn(|| {
                loop {
                    let noticed = {
                        let total = total.lock().expect("not poisoned");
                        options.mistake.is_some() && !total.violations.is_empty()
                    };
                    let next = queue.lock().expect("not poisoned").pop();
                    let Some(wave) = next.filter(|_| !noticed) else {
                        return;
                    };
                    match wave.run(options) {
                        Ok(WaveResult { tally, line }) => {
                            let mut total = total.lock().expect("not poisoned");
                            total.add(tally);
                            say(&format!(
                                "wave {:>2} of {count}: {line}; {} of {} kills",
                                wave.number + 1,
                                total.kills(),
                                options.kills
                            ));
                        }
                        Err(e) => {
                            *failed.lock().expect("not poisoned") = Some(e);
                            queue.lock().expect("not poisoned").clear();
                        }
                    }
                }
            });
        }
    });
    match failed.into_inner().expect("not poisoned") {
        Some(error) => Err(error),
        None => Ok(total.into_inner().expect("not poisoned")),
    }
}
