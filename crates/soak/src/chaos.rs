//! What goes wrong, chosen at random: to a call, and to a process.

use errand_simulator::{Fault, FaultKind};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::work::Operation;

/// What the shell does between two events of the engine, and so where a process
/// can be killed or stopped: before and after each.
pub const EFFECTS: [&str; 10] = [
    "Read", "Observe", "Permit", "Claim", "Intend", "Send", "Store", "Close", "Announce", "Rest",
];

/// Those around which a call can be lost or made twice.
const DANGEROUS: [&str; 5] = ["Claim", "Intend", "Send", "Store", "Close"];

/// How a process ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manner {
    /// SIGKILL when it comes to this moment, as `after:Send:1`; after a while in any
    /// case.
    At(String),
    /// SIGKILL after this many milliseconds.
    After(u64),
    /// SIGSTOP after that many milliseconds; SIGCONT when this many seconds of the
    /// clock have passed; then SIGKILL.
    Stopped {
        /// Milliseconds of real time.
        after: u64,
        /// Seconds of the wave's clock.
        seconds: u64,
    },
    /// Stopped when it comes to this moment, for this long; then SIGKILL.
    StoppedAt {
        /// As `before:Send:1`.
        moment: String,
        /// Seconds of the wave's clock.
        seconds: u64,
    },
}

impl Manner {
    /// One of them.
    pub fn draw(random: &mut StdRng, settle: u64) -> Self {
        // Too short for anything to be decided meanwhile, or long enough that somebody
        // is asked and answers before it goes on.
        let seconds = match random.random_bool(0.5) {
            true => random.random_range(1..=settle),
            false => random.random_range(2 * settle..=4 * settle),
        };
        match random.random_range(0..10) {
            0..5 => Self::At(moment(random)),
            5..7 => Self::After(random.random_range(0..600)),
            7 => Self::Stopped {
                after: random.random_range(0..300),
                seconds,
            },
            8 => Self::StoppedAt {
                moment: moment(random),
                seconds,
            },
            // Everything is ready for the call but the last check.
            _ => Self::StoppedAt {
                moment: "before:Send:1".to_owned(),
                seconds,
            },
        }
    }

    /// What the log of a run calls it.
    pub fn label(&self) -> String {
        match self {
            Self::At(moment) => format!("SIGKILL {}", without_count(moment)),
            Self::After(_) => "SIGKILL at any time".to_owned(),
            Self::Stopped { .. } => "SIGSTOP at any time".to_owned(),
            Self::StoppedAt { moment, .. } => format!("SIGSTOP {}", without_count(moment)),
        }
    }
}

fn without_count(moment: &str) -> String {
    let mut parts = moment.split(':');
    let (side, effect) = (parts.next(), parts.next());
    format!(
        "{} {}",
        side.unwrap_or_default(),
        effect.unwrap_or_default()
    )
}

fn moment(random: &mut StdRng) -> String {
    let effect = match random.random_bool(0.7) {
        true => DANGEROUS[random.random_range(0..DANGEROUS.len())],
        false => EFFECTS[random.random_range(0..EFFECTS.len())],
    };
    let side = match random.random_bool(0.5) {
        true => "before",
        false => "after",
    };
    format!("{side}:{effect}:{}", random.random_range(1..=3))
}

/// What happens to the calls of an operation; nothing, most likely, or one or two
/// things. `validity` is that of a signature, in seconds.
pub fn faults(random: &mut StdRng, operation: &Operation, validity: u32) -> Vec<Fault> {
    let mut faults = Vec::new();
    let calls = operation.task.calls();
    if !calls.is_empty() && random.random_bool(0.6) {
        let call = calls[random.random_range(0..calls.len())];
        let kind = fate(random, validity);
        // A second one befalls the call that follows the first.
        let times = if random.random_bool(0.2) { 2 } else { 1 };
        faults.push(
            Fault::new(call, kind)
                .path_contains(&operation.name)
                .times(times),
        );
    }
    if random.random_bool(0.3) {
        let kind = trouble(random);
        let skip = random.random_range(0..4);
        let fault = Fault::new(operation.task.service(), kind);
        faults.push(fault.path_contains(&operation.name).skip(skip));
    }
    faults
}

/// What becomes of a call that changes something.
fn fate(random: &mut StdRng, validity: u32) -> FaultKind {
    match random.random_range(0..12) {
        0..2 => FaultKind::DropBefore,
        2..5 => FaultKind::DropAfter,
        // In time, or when its signature has expired.
        5..7 => FaultKind::Late {
            seconds: random.random_range(1..=2 * validity),
        },
        7 => FaultKind::BadBody,
        8 => FaultKind::Truncate,
        9 => FaultKind::HangAfter,
        10 => FaultKind::Delay { ms: 400 },
        _ => trouble(random),
    }
}

/// What becomes of any call.
fn trouble(random: &mut StdRng) -> FaultKind {
    let error = |status: u16| FaultKind::Error {
        status,
        code: "InternalError".into(),
        message: "something went wrong".into(),
    };
    match random.random_range(0..5) {
        0 => error(500),
        1 => error(503),
        2 => FaultKind::Throttle,
        3 => FaultKind::DropBefore,
        _ => FaultKind::Delay { ms: 200 },
    }
}
