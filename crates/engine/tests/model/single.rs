//! The cloud of an operation of one step, of any class.

use super::faults::{Deed, NOT_UNDERSTOOD, Slip};
use super::refresh::{Call, ended};
use super::world::*;
use super::{Family, NATURAL, Scenario, TRUST};
use errand_engine::*;

/// Where the target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    Idle,
    /// What leads to the effect is under way, as an unpaid order is.
    Begun,
    /// As wanted.
    Done,
    /// It can no longer be had.
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Single {
    pub(super) stage: Stage,
    /// Whose call that is. 0: somebody else's.
    pub(super) by: u8,
    /// Calls that took effect, by operation key; and for which objects.
    pub(super) effects: [u8; 3],
    pub(super) acted: u16,
    /// A reading has shown it; later ones do too (assumption 4).
    pub(super) shown: bool,
    /// How often somebody changed it back.
    pub(super) undone: u8,
    /// Somebody else's was begun and ended.
    pub(super) theirs_ended: bool,
    /// When each operation key's token was first used, while that is remembered.
    pub(super) tokens: [Option<i64>; 3],
}

pub(super) const IDLE: Single = Single {
    stage: Stage::Idle,
    by: 0,
    effects: [0; 3],
    acted: 0,
    shown: false,
    undone: 0,
    theirs_ended: false,
    tokens: [None; 3],
};

pub(super) const GONE: Code = Code(1);
pub(super) const UNDER_WAY: Code = Code(4);
/// What the cloud waits for, maybe for ever.
pub(super) const WAITS: Code = Code(5);

impl Single {
    fn is_there(&self) -> bool {
        matches!(self.stage, Stage::Begun | Stage::Done)
    }
}

impl Scenario {
    pub(super) fn act(&self, world: &mut World, late: Late) -> Answer {
        match &mut world.cloud {
            Cloud::Single(cloud) => self.act_single(cloud, late),
            Cloud::Refresh(_) => self.act_refresh(world, late),
        }
    }

    fn act_single(&self, cloud: &mut Single, late: Late) -> Answer {
        if cloud.stage == Stage::Ended {
            return Answer::Refused(Verdict::Lost(GONE));
        }
        let key = usize::from(late.object.key);
        if let Family::Single(Class::Token { .. }) = self.family {
            if cloud.tokens[key].is_some() {
                return Answer::Accepted;
            }
            cloud.tokens[key] = Some(0);
        }
        cloud.effects[key] += 1;
        cloud.acted |= 1 << late.object.uid;
        if cloud.stage == Stage::Idle {
            cloud.by = late.object.uid;
        }
        cloud.stage = match cloud.stage {
            Stage::Idle if self.goes_slowly() => Stage::Begun,
            Stage::Idle => Stage::Done,
            other => other,
        };
        Answer::Accepted
    }

    /// For how long a token is remembered: the trust, and as long as a call with it
    /// can arrive.
    pub(super) fn token_lifetime(&self) -> i64 {
        match self.violates(15) {
            true => 0,
            false => TRUST.0 + self.rules.settle().0 + 2 * self.offset,
        }
    }

    /// Whether the reading can be wrong like that.
    pub(super) fn can_misread(&self, world: &World, p: usize, o: usize, slip: Slip) -> bool {
        let session = &world.processes[p].sessions[o];
        let cloud = match &world.cloud {
            Cloud::Single(cloud) => cloud,
            Cloud::Refresh(cloud) => {
                let lags = !cloud.shown && cloud.before != cloud.now();
                return lags && (!session.misread || self.violates(14));
            }
        };
        let twice = match self.family {
            Family::Single(Class::Provable | Class::Token { .. }) => self.violates(14),
            Family::Absence => self.violates(11) || self.violates(12),
            _ => true,
        };
        match slip {
            Slip::Shared if self.was_there(world, p, o) => true,
            Slip::Shared => cloud.is_there(),
            _ if session.misread && !twice => false,
            _ if self.family == Family::Absence => cloud.stage == Stage::Idle,
            _ => cloud.is_there() && (!cloud.shown || self.violates(4)),
        }
    }

    /// It was as wanted, and a shared reading may still show that. What others read may
    /// be of the time before this object, but not of before its own last reading.
    fn was_there(&self, world: &World, p: usize, o: usize) -> bool {
        let Cloud::Single(cloud) = &world.cloud else {
            return false;
        };
        let stored = world.processes[p].sessions[o].state.object();
        let seen = stored.is_some_and(|stored| stored.seen);
        let was = cloud.stage == Stage::Idle && cloud.undone > 0;
        self.family == NATURAL && was && (world.objects[o].was_reached || !seen)
    }

    pub(super) fn look(&self, world: &mut World, p: usize, o: usize, slip: Option<Slip>) -> View {
        let record = self.record(world, p, o);
        let now = world.clock(p).wall;
        let asked = world.processes[p].sessions[o].state.asked();
        let (started, shared) = match slip {
            Some(Slip::Shared) => (Tick(asked.0 - 1), true),
            _ => (now, false),
        };
        world.processes[p].sessions[o].misread = slip == Some(Slip::Misread);
        let view = View {
            started,
            goal: Goal::Wait(UNDER_WAY, None),
            trace: Trace::NotShown,
            due: Due::SinceAnswer,
            record,
            past: Past::default(),
            target: Pin::default(),
            shared,
            skewed: world.mode == CloudMode::Skewed,
            deadline: None,
        };
        let session = &mut world.processes[p].sessions[o];
        (session.unclear, session.asking) = (false, false);
        let goal = match (world.mode, slip) {
            (CloudMode::Waits, _) => Goal::Wait(WAITS, None),
            (CloudMode::Unclear, _) => Goal::Unclear,
            (_, Some(Slip::Reached(evidence))) => Goal::Reached(evidence),
            (_, Some(Slip::Lost)) => Goal::Lost(GONE, Evidence::Absence(NOT_UNDERSTOOD)),
            _ => {
                return match world.cloud {
                    Cloud::Single(_) => self.look_single(world, p, o, slip, view),
                    Cloud::Refresh(_) => self.look_refresh(world, p, o, slip.is_some(), view),
                };
            }
        };
        session.unclear = goal != Goal::Wait(WAITS, None);
        View { goal, ..view }
    }

    fn look_single(
        &self,
        world: &mut World,
        p: usize,
        o: usize,
        slip: Option<Slip>,
        view: View,
    ) -> View {
        let wrong = slip.is_some();
        let was_there = slip == Some(Slip::Shared) && self.was_there(world, p, o);
        let was_reached = world.objects[o].was_reached;
        let claim = world.ledgers[self.ledger_of(world, o)].open;
        let Cloud::Single(cloud) = &mut world.cloud else {
            unreachable!("a single step")
        };
        let session = &mut world.processes[p].sessions[o];
        session.saw |= cloud.stage == Stage::Done || was_there && was_reached;
        let stage = match (self.family, wrong) {
            (_, false) => cloud.stage,
            _ if was_there => Stage::Done,
            (Family::Absence, true) if cloud.stage == Stage::Idle => Stage::Done,
            (_, true) => Stage::Idle,
        };
        cloud.shown |= !wrong && cloud.is_there();
        let about = claim.map_or(session.object, |claim| claim.object).uid;
        let ours = cloud.by == about || self.violates(8) && cloud.by == 0;
        let evidence = match self.family {
            Family::Absence => Evidence::Absence(Witness::FULL),
            _ => Evidence::Presence,
        };
        let (goal, due) = match stage {
            Stage::Done => (Goal::Reached(evidence), Due::SinceAnswer),
            Stage::Begun => (Goal::Wait(UNDER_WAY, None), Due::Later),
            Stage::Ended => (Goal::Lost(GONE, Evidence::Presence), Due::SinceAnswer),
            Stage::Idle if self.violates(8) && cloud.theirs_ended => {
                (Goal::Lost(GONE, Evidence::Presence), Due::SinceAnswer)
            }
            Stage::Idle => (Goal::Act(self.plan(Call::Stop)), Due::SinceAnswer),
        };
        let shows = matches!(stage, Stage::Done | Stage::Begun) && ours;
        View {
            goal,
            due,
            trace: match shows && self.goes_slowly() {
                true => Trace::Shown,
                false => Trace::NotShown,
            },
            ..view
        }
    }

    /// Whether somebody else can do that now.
    pub(super) fn can_do(&self, world: &World, deed: Deed) -> bool {
        match (&world.cloud, deed) {
            (Cloud::Single(cloud), Deed::Does) => cloud.stage == Stage::Idle,
            (Cloud::Single(cloud), Deed::Begins) => {
                self.goes_slowly() && cloud.stage == Stage::Idle
            }
            (Cloud::Single(cloud), Deed::Undoes) => cloud.stage == Stage::Done,
            (Cloud::Single(cloud), Deed::Ends) => cloud.stage != Stage::Ended,
            (Cloud::Refresh(cloud), Deed::Does) => cloud.stage == super::refresh::Stage::Paused,
            (Cloud::Refresh(_), Deed::Begins) => false,
            (Cloud::Refresh(cloud), Deed::Undoes) => ended(cloud.stage) && cloud.past.is_none(),
            (Cloud::Refresh(cloud), Deed::Ends) => cloud.stage == super::refresh::Stage::Paused,
        }
    }

    pub(super) fn foreign(&self, world: &mut World, deed: Deed) {
        match &mut world.cloud {
            Cloud::Single(cloud) => match deed {
                Deed::Does => {
                    cloud.stage = Stage::Done;
                    cloud.by = 0;
                }
                Deed::Begins => {
                    cloud.stage = Stage::Begun;
                    cloud.by = 0;
                }
                Deed::Undoes => {
                    cloud.stage = Stage::Idle;
                    cloud.undone += 1;
                    cloud.shown = false;
                    cloud.by = 0;
                }
                Deed::Ends if cloud.stage == Stage::Begun && cloud.by == 0 => {
                    cloud.stage = Stage::Idle;
                    cloud.theirs_ended = true;
                }
                Deed::Ends => cloud.stage = Stage::Ended,
            },
            Cloud::Refresh(cloud) => cloud.foreign(deed),
        }
    }
}
