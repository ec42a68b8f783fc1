//! That the model is not vacuous: what has to be seen to happen in it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Action;
use super::refresh::{GO_ON, PAUSED, UNREACHABLE};
use super::shell::{BUSY, SPENT};
use super::world::*;
use errand_engine::*;

type Occurs = fn(&World, Action) -> bool;

macro_rules! reports {
    ($pattern:pat) => {
        |world, _| world.reports(|report| matches!(report, $pattern))
    };
}

pub(super) const ALL: &[(&str, Occurs)] = &[
    (
        "succeeds",
        reports!(Report::Ended(End::Succeeded(How::Proven))),
    ),
    (
        "is already satisfied",
        reports!(Report::Ended(End::Succeeded(How::AlreadySatisfied))),
    ),
    (
        "is assumed done",
        reports!(Report::Ended(End::Succeeded(How::Assumed))),
    ),
    (
        "is lost",
        reports!(Report::Ended(End::Lost(super::single::GONE))),
    ),
    (
        "was executed before",
        reports!(Report::Ended(End::Lost(SPENT))),
    ),
    ("is refused", reports!(Report::Ended(End::Refused))),
    (
        "misses its window",
        reports!(Report::Ended(End::WindowMissed)),
    ),
    ("is given up", reports!(Report::Ended(End::GivenUp))),
    ("is suspended", reports!(Report::Suspended)),
    (
        "waits for the cloud",
        reports!(Report::Waiting(super::single::WAITS)),
    ),
    ("is unclear", reports!(Report::Waiting(OBSERVATION_UNCLEAR))),
    (
        "is not reached",
        reports!(Report::Waiting(super::shell::AWAY)),
    ),
    ("is a plan", reports!(Report::Planned(_))),
    ("keeps a decision", |world, _| {
        world.objects.iter().any(|o| o.in_the_way.is_some())
    }),
    ("is blocked", reports!(Report::Blocked(_))),
    (
        "is refused by the cloud",
        reports!(Report::Blocked(CLOUD_REFUSES)),
    ),
    ("waits for another", reports!(Report::Waiting(BUSY))),
    (
        "asks AnswerUnknown",
        reports!(Report::Held(Hold::AnswerUnknown)),
    ),
    (
        "asks OrphanUnknown",
        reports!(Report::Held(Hold::OrphanUnknown)),
    ),
    (
        "asks ProofTimeout",
        reports!(Report::Held(Hold::ProofTimeout)),
    ),
    ("asks NoRecord", reports!(Report::Held(Hold::NoRecord))),
    (
        "asks LedgerConflict",
        reports!(Report::Held(Hold::LedgerConflict)),
    ),
    (
        "asks Unreachable",
        reports!(Report::Held(Hold::OfKind(UNREACHABLE))),
    ),
    ("asks Paused", reports!(Report::Held(Hold::OfKind(PAUSED)))),
    ("SendAgain", |_, action| {
        decides(action, Decision::SendAgain)
    }),
    ("LookAgain", |_, action| {
        decides(action, Decision::LookAgain)
    }),
    ("AssumeDone", |_, action| {
        decides(action, Decision::AssumeDone)
    }),
    ("GiveUp", |_, action| decides(action, Decision::GiveUp)),
    ("Continue", |_, action| decides(action, GO_ON)),
    ("takes over", takes_over),
    ("repeats", |world, _| {
        world.sends.iter().any(|sends| *sends > 1)
    }),
    ("stops and cancels", |world, _| match &world.cloud {
        Cloud::Refresh(cloud) => cloud.stops > 0 && cloud.stage == super::refresh::Stage::Cancelled,
        Cloud::Single(_) => false,
    }),
    ("goes on and completes", |world, _| match &world.cloud {
        Cloud::Refresh(cloud) => {
            cloud.resumed > 0 && cloud.stage == super::refresh::Stage::Completed
        }
        Cloud::Single(_) => false,
    }),
];

fn decides(action: Action, decision: Decision) -> bool {
    matches!(action, Action::Decide(_, decided) if decided == decision)
}

/// The standby ends what the other process began.
fn takes_over(world: &World, _: Action) -> bool {
    world.objects.iter().any(|living| {
        let standby = Writer(2);
        let other = living
            .stored
            .steps
            .first()
            .is_some_and(|s| s.writer != standby);
        other && living.has_ended() && world.leads(1)
    })
}

/// What has happened so far, one bit each.
#[derive(Debug, Default)]
pub(super) struct Occurred(AtomicU64);

impl Occurred {
    pub(super) fn note(&self, world: &World, action: Action) {
        let mut bits = 0;
        for (n, (_, occurs)) in ALL.iter().enumerate() {
            bits |= u64::from(occurs(world, action)) << n;
        }
        self.0.fetch_or(bits, Ordering::Relaxed);
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        let bits = self.0.load(Ordering::Relaxed);
        let all = ALL.iter().enumerate();
        let seen = all.filter(|(n, _)| bits & (1 << n) != 0);
        seen.map(|(_, (name, _))| *name).collect()
    }
}
