//! The model: two processes without any lease between them, the object, and a
//! cloud that loses, delays and lies. It drives the production [`step`].
//!
//! What it leaves out yet: the ledger, holds answered by a person, foreign
//! actions, status wiped. Its world is worse than the real one in two ways: both
//! processes always take themselves for the leader, and a reading of the cloud
//! may lag behind an effect for as long as the class allows.

use crate::types::Mutant;
use crate::*;
use stateright::{Checker, HasDiscoveries, Model, Property};

/// One tick; the figures are small so that everything can happen.
const RULES: Rules = Rules {
    validity: Span(1),
    margin: Span(0),
    call_timeout: Span(1),
    lease: Span(0),
    window: Span(1),
    poll: Span(1),
    backoff: Span(1),
    backoff_max: Span(1),
    recheck: Span(1),
    mutant: None,
};
const LAST_TICK: i64 = 4;
const KEY: StepKey = StepKey(0);

#[derive(Clone, Copy, Debug)]
struct Operation {
    rules: Rules,
    class: Class,
    /// How many faults of all sorts may happen.
    faults: u8,
    /// People answer questions.
    people: bool,
    /// Processes that work at the same time, each taking itself for the leader.
    replicas: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    now: i64,
    version: u8,
    stored: Stored,
    report: Option<Report>,
    processes: [Process; 2],
    /// Requests under way in the network, with when they were signed.
    late: Vec<i64>,
    effects: u8,
    /// The cloud accepted a request that it does not carry out.
    lied: bool,
    starts: u64,
    faults: u8,
    /// Questions put, and the calls that people agreed to make again.
    questions: u64,
    approvals: u8,
    /// Requests whose bytes left a process.
    sends: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Process {
    state: State,
    /// What it is to do next.
    todo: Option<Effect>,
    /// The resourceVersion that its next write is made with.
    version: u8,
    /// When it looks again, if nothing changes before.
    due: i64,
    /// Stands still in the middle of a session while time goes on.
    paused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fault {
    None,
    /// Done, and the answer is lost.
    AnswerLost,
    /// Not done, and no answer.
    RequestLost,
    /// No answer now; may be done later.
    Late,
    /// Answered as accepted, and never done.
    Lie,
    /// The reading does not show the effect yet.
    Lag,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Action {
    Tick,
    Wake(usize),
    Run(usize, Fault),
    Crash(usize),
    Pause(usize),
    Arrive(usize),
    Decide(Decision),
}

impl Process {
    fn start(number: u64) -> Self {
        Process {
            state: State::new(Writer(number)),
            todo: None,
            version: 0,
            due: 0,
            paused: false,
        }
    }

    fn advance(&mut self, rules: &Rules, now: i64, event: Event) {
        let (state, effects) = step(rules, self.state.clone(), event);
        self.state = state;
        for effect in effects {
            match effect {
                Effect::Announce(_) => {}
                Effect::Rest(wake) => self.due = wake.map_or(i64::MAX, |span| now + span.0),
                // Touches nothing that another process could see.
                Effect::Permit(_) | Effect::Claim(_) => {
                    let clock = Now {
                        wall: Tick(now),
                        mono: Tick(now),
                    };
                    return self.advance(rules, now, Event::Permitted(clock));
                }
                other => self.todo = Some(other),
            }
        }
    }
}

impl Operation {
    fn plan(&self) -> Plan {
        Plan {
            key: KEY,
            class: self.class,
            ledger: false,
        }
    }

    fn write(&self, world: &mut World, p: usize, intent: Option<Step>, change: Change, lost: bool) {
        let now = world.clock();
        let process = &mut world.processes[p];
        let guarded = !self.rules.is(Mutant::NoPrecondition);
        if guarded && process.version != world.version {
            return process.advance(&self.rules, now.wall.0, Event::Conflict);
        }
        let before = (world.stored.clone(), world.report);
        let question = world.questions + 1;
        world.stored.apply(intent, change, question);
        if world.stored.hold.is_some_and(|open| open.id == question) {
            world.questions = question;
        }
        world.report = Some(change.report);
        // As the shell does: no write where nothing changes.
        if before != (world.stored.clone(), world.report) {
            world.version += 1;
        }
        if lost {
            return process.advance(&self.rules, now.wall.0, Event::NoReply(now));
        }
        process.version = world.version;
        process.advance(&self.rules, now.wall.0, Event::Written(now, true));
    }

    fn send(&self, world: &mut World, p: usize, fault: Fault) {
        let now = world.clock();
        let process = &mut world.processes[p];
        let step = *process.state.intent().expect("only an intent is sent");
        if !may_send(&step, process.state.writer(), now, true, &world.stored.wish) {
            let trouble = Trouble {
                code: Code(1),
                blocked: false,
                quiet: u32::MAX,
                pause: None,
            };
            return process.advance(&self.rules, now.wall.0, Event::Unsent(now, trouble));
        }
        world.sends += 1;
        let answer = match fault {
            Fault::None | Fault::Lie => Answer::Accepted,
            _ => Answer::Unknown,
        };
        match fault {
            Fault::None | Fault::AnswerLost => world.effects += 1,
            Fault::Late => world.late.push(world.now),
            Fault::Lie => world.lied = true,
            Fault::RequestLost | Fault::Lag => {}
        }
        process.advance(&self.rules, now.wall.0, Event::Answered(now, answer));
    }

    fn run(&self, world: &mut World, p: usize, effect: Effect, fault: Fault) {
        let now = world.clock();
        match effect {
            Effect::Read => {
                let stored = world.stored.clone();
                let process = &mut world.processes[p];
                process.version = world.version;
                process.advance(&self.rules, now.wall.0, Event::Woken(now, stored));
            }
            Effect::Observe => {
                let shown = world.effects > 0 && fault != Fault::Lag;
                let view = View {
                    started: now.wall,
                    goal: match shown {
                        true => Goal::Reached(Evidence::Presence),
                        false => Goal::Act(self.plan()),
                    },
                    trace: Trace::NotShown,
                };
                world.processes[p].advance(&self.rules, now.wall.0, Event::Observed(now, view));
            }
            Effect::Intend(step, change) => {
                self.write(world, p, Some(step), change, fault == Fault::AnswerLost);
            }
            Effect::Store(change) => self.write(world, p, None, change, fault == Fault::AnswerLost),
            Effect::Send(_) => self.send(world, p, fault),
            _ => unreachable!("carried out by advance"),
        }
    }
}

impl World {
    fn clock(&self) -> Now {
        Now {
            wall: Tick(self.now),
            mono: Tick(self.now),
        }
    }
}

impl Model for Operation {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            now: 0,
            version: 1,
            stored: Stored {
                steps: vec![],
                ended: false,
                hold: None,
                wish: Wish {
                    execute: true,
                    suspended: false,
                    deleting: false,
                    verify_timeout: Span(2),
                    not_before: None,
                    not_after: None,
                    decision: None,
                },
            },
            report: None,
            processes: [Process::start(1), Process::start(2)],
            late: vec![],
            effects: 0,
            lied: false,
            starts: 2,
            faults: 0,
            questions: 0,
            approvals: 0,
            sends: 0,
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        // A session is short beside a tick, unless its process is paused.
        let still = |p: &Process| p.todo.is_none() || p.paused;
        if world.now < LAST_TICK && world.processes.iter().all(still) {
            actions.push(Action::Tick);
        }
        if let Some(question) = world.stored.hold
            && self.people
            && world.stored.wish.decision.is_none()
        {
            let choices = question.hold.choices().iter();
            actions.extend(choices.map(|choice| Action::Decide(*choice)));
        }
        let faulty = world.faults < self.faults;
        for (p, process) in world.processes.iter().enumerate().take(self.replicas) {
            let Some(effect) = &process.todo else {
                if world.now >= process.due || process.version != world.version {
                    actions.push(Action::Wake(p));
                }
                continue;
            };
            actions.push(Action::Run(p, Fault::None));
            if !faulty {
                continue;
            }
            actions.push(Action::Crash(p));
            if !process.paused {
                actions.push(Action::Pause(p));
            }
            let faults: &[Fault] = match effect {
                Effect::Send(_) => &[
                    Fault::AnswerLost,
                    Fault::RequestLost,
                    Fault::Late,
                    Fault::Lie,
                ],
                Effect::Intend(..) | Effect::Store(_) => &[Fault::AnswerLost],
                // Absence of a provable step's effect is what the class counts on.
                Effect::Observe if world.effects > 0 && self.class != Class::Provable => {
                    &[Fault::Lag]
                }
                _ => &[],
            };
            actions.extend(faults.iter().map(|fault| Action::Run(p, *fault)));
        }
        for (n, signed) in world.late.iter().enumerate() {
            if world.now - signed <= self.rules.validity.0 {
                actions.push(Action::Arrive(n));
            }
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut world = world.clone();
        match action {
            Action::Tick => world.now += 1,
            Action::Arrive(n) => {
                world.late.remove(n);
                world.effects += 1;
            }
            Action::Crash(p) => {
                world.faults += 1;
                world.starts += 1;
                world.processes[p] = Process::start(world.starts);
            }
            // A person answers once, and leaves the answer in the spec.
            Action::Decide(decision) => {
                let question = world.stored.hold?;
                world.stored.wish.decision = Some((question.id, decision));
                world.approvals += u8::from(decision == Decision::SendAgain);
                world.version += 1;
            }
            Action::Pause(p) => {
                world.faults += 1;
                world.processes[p].paused = true;
            }
            Action::Wake(p) => {
                let (now, stored) = (world.clock(), world.stored.clone());
                let process = &mut world.processes[p];
                process.version = world.version;
                process.advance(&self.rules, now.wall.0, Event::Woken(now, stored));
            }
            Action::Run(p, fault) => {
                world.faults += u8::from(fault != Fault::None);
                world.processes[p].paused = false;
                let effect = world.processes[p].todo.take()?;
                self.run(&mut world, p, effect, fault);
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always("no success unseen", |_: &Operation, w: &World| {
                let assumed = End::Succeeded(How::Assumed);
                match w.report {
                    Some(Report::Ended(end)) if end == assumed => true,
                    Some(Report::Ended(End::Succeeded(_))) => w.effects > 0,
                    _ => true,
                }
            }),
            Property::sometimes("succeeds", |_, w: &World| {
                w.report == Some(Report::Ended(End::Succeeded(How::Proven)))
            }),
            Property::sometimes("holds when the cloud lies", |_, w: &World| {
                w.lied && w.report == Some(Report::Held(Hold::ProofTimeout))
            }),
        ];
        match self.class {
            Class::Never => properties.extend([
                Property::always("at most one effect", |_: &Operation, w: &World| {
                    w.effects <= 1 + w.approvals
                }),
                Property::always("at most one send undecided", |_, w: &World| {
                    w.sends <= 1 + w.approvals
                }),
                Property::sometimes("holds when nobody can know", |_, w: &World| {
                    w.report == Some(Report::Held(Hold::AnswerUnknown))
                }),
            ]),
            Class::Natural => {
                properties.push(Property::sometimes("repeats", |_, w: &World| w.effects > 1))
            }
            _ => properties.push(Property::always(
                "at most one effect",
                |_: &Operation, w: &World| w.effects <= 1,
            )),
        }
        if self.people {
            properties.extend([
                Property::sometimes("sends again as decided", |_, w: &World| {
                    w.approvals == 1 && w.sends == 2
                }),
                Property::sometimes("is given up", |_, w: &World| {
                    w.report == Some(Report::Ended(End::GivenUp))
                }),
            ]);
        }
        properties
    }

    /// Enough for every pair of faults; beyond, intents only pile up.
    fn within_boundary(&self, world: &World) -> bool {
        world.stored.steps.len() <= 4 - self.replicas
            && world.version < 12 - 2 * self.replicas as u8
    }
}

fn check(model: Operation, until: HasDiscoveries) -> impl Checker<Operation> {
    let checker = model.checker().threads(2);
    checker.finish_when(until).spawn_bfs().join()
}

fn model(class: Class, faults: u8, people: bool) -> Operation {
    Operation {
        rules: RULES,
        class,
        faults,
        people,
        replicas: 2,
    }
}

/// Fewer states than this mean that the model no longer says much.
fn assert_holds(model: Operation, floor: usize) {
    let checker = check(model, HasDiscoveries::All);
    let states = checker.unique_state_count();
    println!(
        "model {:?}, {} faults, people {}: {states} unique states",
        model.class, model.faults, model.people
    );
    checker.assert_properties();
    assert!(states >= floor, "below the floor of {floor}");
}

fn assert_caught(mut model: Operation, mutant: Mutant, property: &'static str) {
    model.rules.mutant = Some(mutant);
    let until = HasDiscoveries::AnyOf([property].into());
    let path = check(model, until)
        .discovery(property)
        .unwrap_or_else(|| panic!("{mutant:?} does not break {property:?}"));
    println!(
        "mutant {mutant:?} breaks {property:?} in {} actions",
        path.into_actions().len()
    );
}

#[test]
fn a_step_that_must_not_repeat_has_at_most_one_effect() {
    assert_holds(model(Class::Never, 2, false), 50_000);
}

#[test]
fn a_decision_is_used_once() {
    assert_holds(model(Class::Never, 1, true), 50_000);
}

#[test]
fn a_provable_step_has_at_most_one_effect() {
    assert_holds(model(Class::Provable, 2, false), 50_000);
}

#[test]
fn a_natural_step_repeats_and_no_success_is_unseen() {
    assert_holds(model(Class::Natural, 1, false), 20_000);
}

#[test]
fn every_mutant_is_caught() {
    let never = model(Class::Never, 2, false);
    let people = Operation {
        replicas: 1,
        ..model(Class::Never, 2, true)
    };
    let provable = model(Class::Provable, 1, false);
    let natural = model(Class::Natural, 1, false);
    assert_caught(never, Mutant::NeverAsNatural, "at most one effect");
    assert_caught(never, Mutant::NoPrecondition, "at most one effect");
    assert_caught(people, Mutant::ApprovalTwice, "at most one send undecided");
    assert_caught(provable, Mutant::SettleShort, "at most one effect");
    assert_caught(natural, Mutant::AcceptedIsSuccess, "no success unseen");
}
