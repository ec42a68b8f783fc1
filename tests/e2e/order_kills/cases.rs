//! The combinations of a kill and a lost answer, and what has to come of each.

use std::time::Duration;

use errand::controllers::EFFECTS;
use errand_simulator::FaultKind;

use crate::support::{Ending, combinations};

/// How long a request that arrives late takes.
const LATE: u32 = 600;

/// What becomes of the order and of its answer.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) name: &'static str,
    pub(super) fault: Option<FaultKind>,
    /// The order is placed, now or later.
    pub(super) ordered: bool,
}

pub(super) fn ways() -> Vec<Way> {
    let way = |name, fault, ordered| Way {
        name,
        fault,
        ordered,
    };
    let error = |status| {
        Some(FaultKind::Error {
            status,
            code: "WKS.99999999".into(),
            message: "something went wrong".into(),
        })
    };
    vec![
        way("answered", None, true),
        way("dropped before", Some(FaultKind::DropBefore), false),
        way("dropped after", Some(FaultKind::DropAfter), true),
        way("hangs before", Some(FaultKind::Hang), false),
        way("hangs after", Some(FaultKind::HangAfter), true),
        way("truncated", Some(FaultKind::Truncate), true),
        way("unreadable", Some(FaultKind::BadBody), true),
        way(
            "arrives late",
            Some(FaultKind::Late { seconds: LATE }),
            true,
        ),
        way("500", error(500), false),
        way("502", error(502), false),
        way("504", error(504), false),
        way("200 with an error", error(200), false),
    ]
}

/// When the process is killed: `after:Send:1`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) side: &'static str,
    pub(super) effect: &'static str,
    pub(super) nth: u32,
}

impl Moment {
    pub(super) fn name(&self) -> String {
        format!("{}:{}:{}", self.side, self.effect, self.nth)
    }

    /// A ledger entry is closed only where the order was seen.
    pub(super) fn comes(&self, way: &Way) -> bool {
        self.effect != "Close" || way.ordered
    }

    /// The claim may stand while nothing was sent, and the next process cannot
    /// know that.
    pub(super) fn between_claim_and_call(&self) -> bool {
        match self.effect {
            // It is what follows the conflict of the intent's write.
            "Read" | "Intend" => true,
            "Claim" => self.side == "after",
            "Send" => self.side == "before",
            _ => false,
        }
    }
}

pub(super) fn moments() -> Vec<Moment> {
    let mut moments = Vec::new();
    // Nothing is recalled where no decision is given.
    for effect in EFFECTS.iter().filter(|effect| **effect != "Recall") {
        // The look at the cloud before the order, and the one after it.
        let last = if *effect == "Observe" { 2 } else { 1 };
        for nth in 1..=last {
            for side in ["before", "after"] {
                moments.push(Moment { side, effect, nth });
            }
        }
    }
    moments
}

pub(super) struct Case {
    pub(super) number: usize,
    pub(super) kill: Option<Moment>,
    pub(super) way: Way,
}

/// Every way without a kill, and every moment with every way or with one of those
/// that lead to it.
pub(super) fn cases(full: bool) -> Vec<Case> {
    let pairs = combinations(&moments(), &ways(), full, Moment::comes);
    let numbered = pairs.into_iter().enumerate();
    numbered
        .map(|(number, (kill, way))| Case { number, kill, way })
        .collect()
}

/// What was seen of a case.
pub(super) struct Row {
    pub(super) number: usize,
    pub(super) kill: String,
    pub(super) way: &'static str,
    pub(super) killed: bool,
    pub(super) calls: usize,
    pub(super) orders: usize,
    pub(super) ending: Ending,
    pub(super) took: Duration,
    pub(super) wrong: Option<&'static str>,
}

/// What is not as it has to be.
pub(super) fn untrue(case: &Case, row: &Row) -> Option<&'static str> {
    let is = |state: &str, reason: &str| row.ending.state == state && row.ending.reason == reason;
    let unsent = case
        .kill
        .as_ref()
        .is_some_and(Moment::between_claim_and_call);
    match (row.orders, row.calls) {
        (2.., _) => Some("ordered twice"),
        (_, 2..) => Some("sent twice"),
        (1, _) if !is("Succeeded", "Delivered") => Some("the order is there"),
        (1, _) => None,
        (0, _) if !is("Held", "AnswerUnknown") => Some("nobody can know"),
        (0, 0) if !unsent => Some("held without need"),
        (0, 1) if case.way.ordered => Some("it was to be ordered"),
        _ => None,
    }
}

pub(super) fn print(rows: &[Row]) {
    println!(
        "{:<18} {:<18} {:<6} {:>5} {:>6}  {:<26} {:>5}",
        "MOMENT", "WAY", "KILLED", "CALLS", "ORDERS", "OUTCOME", "S"
    );
    for row in rows {
        println!(
            "{:<18} {:<18} {:<6} {:>5} {:>6}  {:<26} {:>5.1}{}",
            row.kill,
            row.way,
            if row.killed { "yes" } else { "no" },
            row.calls,
            row.orders,
            format!("{}/{}", row.ending.state, row.ending.reason),
            row.took.as_secs_f32(),
            row.wrong
                .map_or(String::new(), |wrong| format!("  WRONG: {wrong}")),
        );
    }
    let count = |state| rows.iter().filter(|row| row.ending.state == state).count();
    println!(
        "{} combinations, {} with a kill: {} orders; {} Succeeded, {} Held, {} Failed",
        rows.len(),
        rows.iter().filter(|row| row.killed).count(),
        rows.iter().map(|row| row.orders).sum::<usize>(),
        count("Succeeded"),
        count("Held"),
        count("Failed"),
    );
}
