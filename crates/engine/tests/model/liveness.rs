//! Liveness as an invariant: from every state, a run without any further fault
//! comes to rest within [`STEPS`]; and within as many a decision that is offered is
//! taken, however the cloud is.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Mutex;

use super::shell::{AWAY, BUSY};
use super::single::{UNDER_WAY, WAITS};
use super::world::*;
use super::{Action, Scenario};
use errand_engine::*;
use stateright::Model;

/// Steps of the fair run, a tick of time being one.
pub(super) const STEPS: u16 = 60;

/// How many steps are left from states that were looked at.
#[derive(Debug, Default)]
pub(super) struct Memo(Mutex<HashMap<u64, u16, BuildHasherDefault<Mix>>>);

impl Memo {
    /// The longest fair run so far.
    pub(super) fn longest(&self) -> u16 {
        let known = self.0.lock().expect("no panic while it is held");
        known.values().copied().max().unwrap_or_default()
    }
}

/// A fast hash (FxHash), as this is asked for every state.
#[derive(Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_u8(&mut self, n: u8) {
        self.write_u64(u64::from(n));
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_i64(&mut self, n: i64) {
        self.write_u64(n as u64);
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }

    fn write_isize(&mut self, n: isize) {
        self.write_u64(n as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

fn fingerprint(world: &World) -> u64 {
    let mut hasher = Mix::default();
    world.hash(&mut hasher);
    hasher.finish()
}

impl Scenario {
    /// Once the cloud can be read and called; and where it waits or is unclear for ever.
    pub(super) fn rests(&self, world: &World) -> bool {
        let lasts = matches!(world.mode, CloudMode::Waits | CloudMode::Unclear);
        let rests = |mode| self.runs(&self.rests, world, mode, 0, is_at_rest);
        rests(CloudMode::Normal) && (!lasts || rests(world.mode))
    }

    /// Those that end the operation are taken. The others too, or status names what is
    /// in the way.
    pub(super) fn decisions_are_taken(&self, world: &World) -> bool {
        let mut objects = world.objects.iter().enumerate();
        !world.marks.unused
            && objects.all(|(o, living)| {
                let Some((question, decision)) = pending(living) else {
                    return true;
                };
                let settled = |world: &World| {
                    let living = &world.objects[o];
                    let named = || living.in_the_way.is_some_and(|r| names(world, r, decision));
                    let open = living.stored.hold.map(|question| question.id);
                    open != Some(question) || !decision.ends() && named()
                };
                let taken = |mode| self.runs(&self.takes, world, mode, o as u64, settled);
                taken(CloudMode::Normal) && self.cloud_modes().iter().all(|mode| taken(*mode))
            })
    }

    /// Whether the fair run comes there, while the cloud is like that. `which` tells
    /// questions about one world from each other.
    fn runs(
        &self,
        memo: &Memo,
        world: &World,
        mode: CloudMode,
        which: u64,
        there: impl Fn(&World) -> bool,
    ) -> bool {
        let mut memo = memo.0.lock().expect("no panic while it is held");
        let mut world = world.clone();
        world.budget = Default::default();
        world.left = 0;
        world.mode = mode;
        let mut path = vec![];
        let mut actions = vec![];
        let left = loop {
            let print = fingerprint(&world) ^ which;
            if let Some(left) = memo.get(&print) {
                break *left;
            }
            path.push(print);
            if there(&world) {
                break 0;
            }
            if path.len() > usize::from(STEPS) {
                break STEPS;
            }
            actions.clear();
            self.actions(&world, &mut actions);
            let fair = actions.iter().min_by_key(|action| rank(&world, action));
            let fair = *fair.expect("time goes on");
            world = self.go(&world, fair);
        };
        let mut steps = left;
        for print in path.into_iter().rev() {
            memo.insert(print, steps);
            steps = (steps + 1).min(STEPS + 1);
        }
        steps.saturating_sub(1) < STEPS
    }
}

/// The question that was answered, and the answer, which is not taken yet.
fn pending(living: &Living) -> Option<(u64, Decision)> {
    let question = living.stored.hold.filter(|_| !living.gone)?;
    let (id, decision) = living.stored.wish.decision?;
    (id == question.id).then_some((id, decision))
}

/// It is what is in the way of a decision that needs an observation.
fn names(world: &World, report: Report, decision: Decision) -> bool {
    let calls = decision != Decision::LookAgain;
    match report {
        Report::Suspended => true,
        Report::Planned(_) => calls,
        Report::Waiting(OBSERVATION_UNCLEAR) => world.mode == CloudMode::Unclear && calls,
        Report::Waiting(AWAY) => match world.mode {
            CloudMode::Unreachable => true,
            CloudMode::NoCalls | CloudMode::Skewed => calls,
            _ => false,
        },
        Report::Waiting(CLOCK_SKEW) => world.mode == CloudMode::Skewed && calls,
        Report::Waiting(WAITS) => world.mode == CloudMode::Waits && calls,
        Report::Waiting(UNDER_WAY | BUSY) => calls,
        _ => false,
    }
}

/// What comes first in a fair run. What was accepted comes about; what was lost on
/// the way does not.
fn rank(world: &World, action: &Action) -> u8 {
    match action {
        Action::Run(..) => 0,
        Action::Wake(p, o) if world.processes[*p].sessions[*o].is_urgent() => 1,
        Action::Deliver | Action::BatchEnds => 2,
        Action::Arrive(n) if world.late[*n].queued => 3,
        Action::Tick => 4,
        _ => 5,
    }
}

fn is_at_rest(world: &World) -> bool {
    let mut sessions = world.processes.iter().flat_map(|p| &p.sessions);
    let idle = sessions.all(|session| session.todo.is_none());
    let held = world.reports(|report| {
        matches!(
            report,
            Report::Held(_) | Report::Blocked(_) | Report::Suspended | Report::Planned(_)
        )
    });
    let theirs = matches!(&world.cloud, Cloud::Single(cloud) if cloud.by == 0);
    let rests = |living: &Living| match living.report {
        _ if living.gone => true,
        Some(Report::Ended(_) | Report::Held(_) | Report::Blocked(_)) => true,
        Some(Report::Suspended | Report::Planned(_)) => true,
        // Somebody else's is under way.
        Some(Report::Waiting(UNDER_WAY)) => theirs,
        // Behind one that a person keeps.
        Some(Report::Waiting(BUSY)) => held,
        // A call of ours that does not show is asked about, sooner or later.
        Some(Report::Waiting(WAITS)) => {
            let mut steps = living.stored.steps.iter();
            let accepted = steps.any(|step| step.answer == Some(Answer::Accepted));
            world.mode == CloudMode::Waits && !accepted
        }
        Some(Report::Waiting(OBSERVATION_UNCLEAR)) => {
            let last = living.stored.steps.last();
            world.mode == CloudMode::Unclear && !last.is_some_and(Step::may_have_acted)
        }
        _ => false,
    };
    idle && world.objects.iter().all(rests)
}
