//! The model: two processes and a lease, objects and their ledger, and a cloud
//! that loses, delays and errs. It drives the production [`step`], of the library that the
//! operator links, and is checked
//! for every pair of faults, each up to twice (`faults.rs`).
//!
//! Its world is worse than the real one where that is simpler: a session of a
//! deleted object may still send, a process that lost the lease still writes, and
//! a reading may lag behind an effect for as long as the class of the step allows.
//! A session is short beside a tick of time, unless its process is paused.
//!
//! What must hold is in `properties.rs` and `liveness.rs`, what the model takes
//! for granted in `assumptions.rs`, and that it would notice in `mutants.rs`. All
//! three are compared with `docs/assumptions.md`.

mod assumptions;
mod faults;
mod liveness;
mod mutant;
mod mutants;
mod occurrences;
mod pairs;
mod properties;
mod refresh;
mod shell;
mod single;
#[path = "../shared/stored.rs"]
mod stored;
mod time;
mod world;

use std::sync::Arc;

use errand_engine::*;
use faults::{Budget, Deed, Edit, Kind, Slip, fresh};
use mutant::Mutant;
use refresh::Wanted;
use stateright::{Model, Property};
use world::*;

/// What the model is of: the class of its step, or an operation of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Single(Class),
    /// A natural step whose effect shows by something missing.
    Absence,
    Refresh {
        resume: Class,
    },
}

#[derive(Clone, Debug)]
struct Scenario {
    rules: Rules,
    /// The deliberate mistake.
    mutant: Option<Mutant>,
    family: Family,
    /// Objects for the same target.
    objects: usize,
    budget: Budget,
    /// How much of the budget may be used, of all kinds together.
    most: u8,
    /// How far a clock may be set.
    offset: i64,
    /// The assumption that does not hold, by its number.
    broken: Option<u8>,
    occurred: Arc<occurrences::Occurred>,
    rests: Arc<liveness::Memo>,
    takes: Arc<liveness::Memo>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Action {
    Tick,
    Wake(usize, usize),
    Run(usize, usize),
    Slip(usize, usize, Slip),
    Crash(usize),
    Pause(usize),
    /// The lease is taken away.
    Steal,
    Arrive(usize),
    /// What was begun comes about.
    Deliver,
    /// A batch ends; a refresh that may go on completes, or pauses by itself.
    BatchEnds,
    BatchPauses,
    Foreign(Deed),
    Clock(usize, i64),
    Freeze(usize, usize),
    Delete(usize),
    Create(usize, u8),
    Restore(usize),
    Suspend(usize),
    Wipe(usize),
    Decide(usize, Decision),
    Want(usize, Wanted),
    /// The cloud is like this from now on.
    CloudBecomes(CloudMode),
    Edit(usize, Edit),
}

/// One tick; the figures are as small as they can be for everything to happen, and
/// those that only some faults can use up are nothing without these.
fn rules(budget: &Budget) -> Rules {
    let has = |kind| budget[kind as usize] > 0;
    Rules {
        validity: Span(1),
        margin: Span(i64::from(has(Kind::Clock))),
        call_timeout: Span(1),
        lease: Span(i64::from(has(Kind::Theft) || has(Kind::Pause))),
        window: Span(2),
        poll: Span(1),
        backoff: Span(1),
        backoff_max: Span(1),
        recheck: Span(1),
        urgent: Span(1),
        soon: Span(1),
        passing: Span(1),
        refusals: 2,
        readings_of_absence: 2,
    }
}

const TRUST: Span = Span(2);
const VERIFY: Span = Span(2);
const NATURAL: Family = Family::Single(Class::Natural);
const TOKEN: Family = Family::Single(Class::Token { trust: TRUST });
const PROVABLE: Family = Family::Single(Class::Provable);
const CLOUD_MODES: [CloudMode; 5] = [
    CloudMode::Skewed,
    CloudMode::Waits,
    CloudMode::Unclear,
    CloudMode::Unreachable,
    CloudMode::NoCalls,
];
/// A step that must not repeat, as an order is.
const NEVER: Family = Family::Single(Class::Never);
const REFRESH: Family = Family::Refresh {
    resume: Class::Provable,
};

/// After this it may not be known any more what came of a call.
fn loses_an_answer(action: Action) -> bool {
    match action {
        Action::Slip(_, _, slip) => match slip {
            Slip::AnswerLost | Slip::RequestLost | Slip::Late => true,
            Slip::Unlisted(_) => true,
            Slip::Unheard | Slip::Undone => true,
            Slip::Slow | Slip::Refused(_) | Slip::NotSent | Slip::Withheld => false,
            Slip::Misread | Slip::Shared | Slip::Reached(_) | Slip::Lost => false,
        },
        Action::Crash(_) | Action::Pause(_) | Action::Steal | Action::Freeze(..) => true,
        Action::Delete(_) | Action::Wipe(_) | Action::Restore(_) => true,
        _ => false,
    }
}

impl Scenario {
    fn new(family: Family, budget: Budget) -> Self {
        let rules = rules(&budget);
        Scenario {
            rules,
            mutant: None,
            family,
            objects: 1,
            budget,
            most: budget.iter().sum(),
            offset: rules.margin.0,
            broken: None,
            occurred: Arc::default(),
            rests: Arc::default(),
            takes: Arc::default(),
        }
    }

    fn makes(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// Steps whose repeat has an effect have a ledger.
    fn ledger(&self) -> bool {
        matches!(
            self.family,
            Family::Single(Class::Token { .. } | Class::Provable | Class::Never)
        )
    }

    /// Between the call and its effect there is more, as there is for an order.
    fn goes_slowly(&self) -> bool {
        self.family == NEVER
    }

    fn violates(&self, assumption: u8) -> bool {
        self.broken == Some(assumption)
    }

    /// How the cloud may be. Only natural steps have a window here, for which clocks
    /// matter most.
    fn cloud_modes(&self) -> &'static [CloudMode] {
        match self.family {
            NATURAL => &CLOUD_MODES,
            _ => &CLOUD_MODES[1..],
        }
    }

    /// The age that no rule looks beyond: since a step was first seen open, and in
    /// all else.
    fn memory(&self) -> time::Memory {
        let leeway = 2 * self.offset;
        let open = self.rules.settle().0 + leeway;
        let other = match self.mutant {
            Some(Mutant::RemoteClock) => open,
            _ => VERIFY.0.max(TRUST.0).max(self.rules.window.0) + leeway + 1,
        };
        time::Memory {
            open,
            other,
            token: self.token_lifetime(),
        }
    }

    fn wish(&self) -> Wish {
        Wish {
            changed: false,
            execute: true,
            suspended: false,
            deleting: false,
            verify_timeout: VERIFY,
            not_before: None,
            not_after: (self.family == NATURAL).then_some(Tick(2)),
            decision: None,
        }
    }

    fn world(&self, wanted: Wanted) -> World {
        let objects: Vec<_> = [FIRST, RIVAL][..self.objects]
            .iter()
            .map(|object| Living::new(*object, wanted, fresh(self.wish())))
            .collect();
        let process = |p: usize| Process {
            sessions: objects
                .iter()
                .map(|living| Session::start(p as u64 + 1, living))
                .collect(),
            paused: false,
            offset: 0,
            leads: if p == 0 || self.objects > 1 {
                self.rules.lease.0
            } else {
                -1
            },
        };
        let ledgers = if self.violates(7) { self.objects } else { 1 };
        World {
            processes: vec![process(0), process(1)],
            objects,
            ledgers: vec![Ledger::default(); ledgers],
            holder: 0,
            lease: self.rules.lease.0,
            cloud: match self.family {
                Family::Refresh { .. } => Cloud::Refresh(refresh::RUNNING),
                _ => Cloud::Single(single::IDLE),
            },
            mode: CloudMode::Normal,
            late: vec![],
            budget: self.budget,
            left: self.most,
            approvals: 0,
            again: [0; 3],
            sends: [0; 3],
            marks: Marks::default(),
        }
    }

    /// One process works on the only object, while the other waits for the lease. Of
    /// two objects each has a process of its own, and there is no lease.
    fn serves(&self, p: usize, o: usize) -> bool {
        self.objects == 1 || p == o
    }

    /// A session of it is due.
    fn wakes(&self, world: &World, p: usize, o: usize) -> bool {
        let session = &world.processes[p].sessions[o];
        self.serves(p, o)
            && world.leads(p)
            && session.todo.is_none()
            && (session.due <= 0 || !session.fresh)
    }

    /// The world after that.
    fn go(&self, world: &World, action: Action) -> World {
        let mut world = world.clone();
        let lease = self.rules.lease.0;
        world.marks.doubt |= loses_an_answer(action);
        match action {
            Action::Tick => {
                world.pass(lease, self.memory());
                if self.objects > 1 {
                    world.processes.iter_mut().for_each(|p| p.leads = lease);
                }
            }
            Action::Wake(p, o) => self.wake(&mut world, p, o),
            Action::Run(p, o) => {
                world.processes[p].paused = false;
                self.run(&mut world, p, o, None);
            }
            Action::Slip(p, o, slip) => {
                world.spend(slip.kind());
                world.processes[p].paused = false;
                self.run(&mut world, p, o, Some(slip));
            }
            Action::Crash(p) => {
                world.spend(Kind::Crash);
                world.crash(p, lease);
                if self.objects > 1 {
                    world.processes[p].leads = lease;
                }
            }
            Action::Pause(p) => {
                world.spend(Kind::Pause);
                world.processes[p].paused = true;
            }
            Action::Steal => {
                world.spend(Kind::Theft);
                world.gives_lease(1 - world.holder, lease);
            }
            Action::Arrive(n) => {
                let late = world.late.remove(n);
                self.act(&mut world, late);
            }
            Action::Deliver => {
                if let Cloud::Single(cloud) = &mut world.cloud {
                    cloud.stage = single::Stage::Done;
                }
            }
            Action::BatchEnds | Action::BatchPauses => {
                if let Cloud::Refresh(cloud) = &mut world.cloud {
                    cloud.batch_ends(action == Action::BatchPauses);
                }
            }
            Action::Foreign(deed) => {
                world.spend(Kind::Foreign);
                self.foreign(&mut world, deed);
            }
            event => self.happen(&mut world, event),
        }
        if !self.violates(1) {
            let validity = self.rules.validity.0;
            let lasts = |late: &Late| late.queued && !late.expires || late.date >= -validity;
            world.late.retain(lasts);
        }
        if world.has_left(Kind::SharedReading)
            && matches!(&world.cloud, Cloud::Single(cloud) if cloud.stage == single::Stage::Done)
        {
            let objects = &mut world.objects;
            objects
                .iter_mut()
                .for_each(|o| o.was_reached |= o.stored.seen);
        }
        self.settle_down(&mut world);
        world
    }

    /// What the cloud does by itself.
    fn cloud_moves(&self, world: &World, actions: &mut Vec<Action>) {
        match &world.cloud {
            Cloud::Single(cloud) if cloud.stage == single::Stage::Begun && cloud.by > 0 => {
                actions.push(Action::Deliver);
            }
            Cloud::Single(_) => {}
            Cloud::Refresh(cloud) if cloud.past.is_some() => {}
            Cloud::Refresh(cloud) => match cloud.stage {
                refresh::Stage::Running => {
                    actions.extend([Action::BatchEnds, Action::BatchPauses]);
                }
                refresh::Stage::Stopping => actions.push(Action::BatchEnds),
                _ => {}
            },
        }
    }
}

impl Model for Scenario {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let wanted: &[Wanted] = match self.family {
            Family::Refresh { .. } => &[Wanted::Completed, Wanted::Paused, Wanted::Cancelled],
            _ => &[Wanted::Completed],
        };
        wanted.iter().map(|wanted| self.world(*wanted)).collect()
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let mut quiet = true;
        for (p, process) in world.processes.iter().enumerate() {
            let mut running = false;
            for (o, session) in process.sessions.iter().enumerate() {
                if session.todo.is_some() {
                    running = true;
                    actions.push(Action::Run(p, o));
                    self.slips(world, p, o, actions);
                } else if !process.paused && self.wakes(world, p, o) {
                    quiet &= !session.is_urgent();
                    actions.push(Action::Wake(p, o));
                }
            }
            quiet &= !running || process.paused;
            if world.has_left(Kind::Crash) && (running || world.leads(p)) {
                actions.push(Action::Crash(p));
            }
            if world.has_left(Kind::Pause) && running && !process.paused {
                actions.push(Action::Pause(p));
            }
        }
        if quiet {
            actions.push(Action::Tick);
            self.cloud_moves(world, actions);
        }
        if world.has_left(Kind::Theft) && self.objects == 1 {
            actions.push(Action::Steal);
        }
        actions.extend((0..world.late.len()).map(Action::Arrive));
        self.events(world, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let world = self.go(world, action);
        self.occurred.note(&world, action);
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let always =
            |(name, holds): &(&'static str, properties::Holds)| Property::always(name, *holds);
        properties::ALL.iter().map(always).collect()
    }

    /// One intent, and one more for each fault. Beyond, intents only pile up: two
    /// processes that both work can claim by turns for ever without time passing.
    fn within_boundary(&self, world: &World) -> bool {
        let few = |step: &Step| step.number <= 5;
        let mut claims = world.ledgers.iter().filter_map(|ledger| ledger.open);
        let mut objects = world.objects.iter();
        claims.all(|claim| few(&claim.step)) && objects.all(|o| o.stored.steps.iter().all(few))
    }
}
