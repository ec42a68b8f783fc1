//! The passing of time, and who is who. As only differences mean anything, now
//! stays where it is and the rest moves; what is older than anything that a rule
//! asks for stays at that age. So the model needs no last tick, and states that
//! differ in when they came about are one.

use super::world::*;
use super::{NEVER, Scenario};
use errand_engine::*;

/// The monotonic clocks of the two processes begin far from each other.
pub(super) fn epoch(p: usize) -> i64 {
    100 * p as i64
}

/// A reading of a clock that no living process has.
const DEAD: i64 = 40;

/// The age that no rule looks beyond.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    /// Since a step was first seen open.
    pub(super) open: i64,
    /// In all else.
    pub(super) other: i64,
    /// Of a token, which is then forgotten.
    pub(super) token: i64,
}

/// What is visited of a world.
enum Part<'a> {
    Wall(&'a mut Tick),
    Mono(&'a mut Tick),
    Step(&'a mut Step),
    Seen(&'a mut (u32, Writer, StepKey, Tick), &'a mut Now),
}

fn stored(stored: &mut Stored, f: &mut dyn FnMut(Part)) {
    stored.steps.iter_mut().for_each(|s| f(Part::Step(s)));
    for at in [&mut stored.wish.not_before, &mut stored.wish.not_after] {
        at.iter_mut().for_each(|at| f(Part::Wall(at)));
    }
}

fn change(change: &mut Change, f: &mut dyn FnMut(Part)) {
    if let Some((_, _, at)) = &mut change.answer {
        f(Part::Wall(at));
    }
    change
        .look_again
        .iter_mut()
        .for_each(|(_, at)| f(Part::Wall(at)));
}

fn state(state: &mut State, f: &mut dyn FnMut(Part)) {
    let state = state.inside();
    state.stored.into_iter().for_each(|s| stored(s, f));
    for step in [state.unsent, state.dead, state.unstored] {
        step.iter_mut().for_each(|step| f(Part::Step(step)));
    }
    if let Some((intent, now)) = state.seen {
        f(Part::Seen(intent, now));
    }
    if let Record::Ours(step) | Record::Orphan(step, _) = state.record {
        f(Part::Step(step));
    }
    state.asked.into_iter().for_each(|at| f(Part::Wall(at)));
    state.closing.into_iter().for_each(|s| f(Part::Step(s)));
    state.not_before.iter_mut().for_each(|at| f(Part::Mono(at)));
}

fn session(session: &mut Session, f: &mut dyn FnMut(Part)) {
    state(&mut session.state, f);
    session
        .cache
        .iter_mut()
        .for_each(|c| stored(&mut c.stored, f));
    match &mut session.todo {
        Some(Effect::Claim(step) | Effect::Close(step, _)) => f(Part::Step(step)),
        Some(Effect::Intend(step, c)) => {
            f(Part::Step(step));
            change(c, f);
        }
        Some(Effect::Store(c)) => change(c, f),
        _ => {}
    }
}

impl World {
    fn each(&mut self, f: &mut dyn FnMut(Part)) {
        self.objects
            .iter_mut()
            .for_each(|o| stored(&mut o.stored, f));
        for claim in self.ledgers.iter_mut().flat_map(|l| &mut l.open) {
            f(Part::Step(&mut claim.step));
        }
        for process in &mut self.processes {
            process.sessions.iter_mut().for_each(|s| session(s, f));
        }
    }

    /// One tick passes.
    pub(super) fn pass(&mut self, lease: i64, memory: Memory) {
        let older = |at: &mut i64, memory: i64| *at = (*at - 1).max(-memory);
        let mono_older = |at: &mut i64, memory: i64| {
            let epoch = if *at > 70 { 100 } else { 0 };
            if *at != DEAD {
                *at = (*at - 1).max(epoch - memory);
            }
        };
        let age = |at: &mut i64| older(at, memory.other);
        let mono = |at: &mut i64| mono_older(at, memory.other);
        self.each(&mut |part| match part {
            Part::Wall(at) => age(&mut at.0),
            Part::Mono(at) => mono(&mut at.0),
            Part::Step(step) => {
                age(&mut step.intended.wall.0);
                mono(&mut step.intended.mono.0);
                step.answered.iter_mut().for_each(|at| age(&mut at.0));
            }
            Part::Seen(intent, now) => {
                age(&mut intent.3.0);
                older(&mut now.wall.0, memory.open);
                mono_older(&mut now.mono.0, memory.open);
            }
        });
        for (p, process) in self.processes.iter_mut().enumerate() {
            let renews = p == self.holder && !process.paused;
            process.leads = if renews {
                lease
            } else {
                (process.leads - 1).max(-1)
            };
            for session in &mut process.sessions {
                if session.due != i64::MAX {
                    session.due = (session.due - 1).max(0);
                }
                session.signed.iter_mut().for_each(age);
            }
        }
        self.lease = match self.processes[self.holder].paused {
            true => (self.lease - 1).max(-1),
            false => lease,
        };
        let other = self.processes.len() - 1 - self.holder;
        if self.lease < 0 && !self.processes[other].paused {
            self.gives_lease(other, lease);
        }
        for late in &mut self.late {
            match late.queued && !late.expires {
                true => late.date = 0,
                false => age(&mut late.date),
            }
        }
        if let Cloud::Single(cloud) = &mut self.cloud {
            for token in &mut cloud.tokens {
                let older = token.map(|first| first - 1);
                *token = older.filter(|first| -first <= memory.token);
            }
        }
    }

    pub(super) fn gives_lease(&mut self, p: usize, lease: i64) {
        self.holder = p;
        self.lease = lease;
        self.processes[p].leads = lease;
    }

    /// A process is replaced by a new one, which has another name and another
    /// beginning of time; if it led, the other takes over.
    pub(super) fn crash(&mut self, p: usize, lease: i64) {
        let old = Writer(p as u64 + 1);
        let mut taken = 0;
        self.each(&mut |part| match part {
            Part::Step(step) => taken = taken.max(step.writer.0),
            Part::Seen(intent, _) => taken = taken.max(intent.1.0),
            Part::Wall(_) | Part::Mono(_) => {}
        });
        let name = Writer(taken.max(self.processes.len() as u64) + 1);
        let sessions = self.objects.iter();
        let sessions = sessions.map(|living| Session::start(old.0, living));
        self.processes[p] = Process {
            sessions: sessions.collect(),
            paused: false,
            offset: self.processes[p].offset,
            leads: -1,
        };
        self.each(&mut |part| match part {
            Part::Step(step) if step.writer == old => {
                step.writer = name;
                step.intended.mono = Tick(DEAD);
            }
            Part::Seen(intent, _) if intent.1 == old => intent.1 = name,
            _ => {}
        });
        if self.holder == p {
            self.gives_lease(self.processes.len() - 1 - p, lease);
        }
    }
}

impl Scenario {
    /// What can no longer make a difference is forgotten, so that states which
    /// differ in nothing else are one.
    pub(super) fn settle_down(&self, world: &mut World) {
        let World {
            objects,
            ledgers,
            processes,
            ..
        } = world;
        let claimed = |step: &Step| {
            let mut claims = ledgers.iter().filter_map(|l| l.open);
            claims.any(|claim| claim.step.intent() == step.intent())
        };
        let old = -self.memory().other;
        // That a call had no effect is all that matters of it.
        let fade = |stored: &mut Stored| {
            let fading = |step: &&mut Step| !step.may_have_acted() && !claimed(step);
            for step in stored.steps.iter_mut().filter(fading) {
                step.intended.wall = Tick(old);
                step.intended.mono = Tick(DEAD);
                step.answered = Some(Tick(old));
            }
        };
        for process in processes {
            for (session, living) in process.sessions.iter_mut().zip(&*objects) {
                let open = living.stored.steps.iter().filter(|step| step.is_open());
                let stands = |intent| open.clone().any(|step| step.intent() == intent);
                let claims = || ledgers.iter().filter_map(|l| l.open);
                let state = session.state.inside();
                for count in state.counts {
                    *count = (*count).min(2);
                }
                if let Some(at) = *state.not_before {
                    let now = if at.0 > 70 { 100 } else { 0 };
                    *state.not_before = Some(at).filter(|at| at.0 > now);
                }
                let same = session.object == living.object && !living.gone;
                session.recorded |= state
                    .unsent
                    .is_some_and(|step| same && stands(step.intent()));
                session.recorded &= state.unsent.is_some();
                if session.todo.is_none() {
                    let matters = |intent| {
                        stands(intent) || claims().any(|claim| claim.step.intent() == intent)
                    };
                    let ours = [*state.unsent, *state.unstored, *state.dead];
                    let loose = |intent| ours.iter().flatten().any(|s| s.intent() == intent);
                    let seen = *state.seen;
                    *state.seen = seen.filter(|(intent, _)| matters(*intent) || loose(*intent));
                }
                state.stored.into_iter().for_each(fade);
                if session.todo.is_none() {
                    session.forget_reading();
                }
            }
        }
        objects
            .iter_mut()
            .for_each(|living| fade(&mut living.stored));
        let sends = if self.family == NEVER { u8::MAX } else { 2 };
        world.sends.iter_mut().for_each(|n| *n = (*n).min(sends));
        if let (Cloud::Single(cloud), false) = (&mut world.cloud, self.ledger()) {
            cloud.effects.iter_mut().for_each(|n| *n = (*n).min(1));
        }
    }
}
