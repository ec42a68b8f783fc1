//! The model: two processes without any lease between them, the object, the
//! ledger, and a cloud that loses, delays and lies. It drives the production
//! [`step`].
//!
//! What it leaves out yet: foreign actions, clock offsets. Its world is worse than
//! the real one in three ways: both processes always take themselves for the
//! leader, a session of a deleted object may still send, and a reading of the
//! cloud may lag behind an effect for as long as the class allows.

mod refresh;

use crate::machine::same_intent;
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
    /// The step is claimed in the ledger; objects are made anew, with the same
    /// key or another, and status is emptied.
    ledger: bool,
    /// There are two objects for one target, each with a process of its own.
    rivals: bool,
}

/// A claimed step, and the object that it is claimed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Claim {
    object: Object,
    step: Step,
}

/// An object that is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Living {
    object: Object,
    version: u8,
    stored: Stored,
    report: Option<Report>,
}

/// An object's uid, and its operation key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Object {
    uid: u8,
    key: u8,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Ledger {
    version: u8,
    open: Option<Claim>,
    /// Who had a call that counts.
    closed: Vec<Object>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    now: i64,
    objects: Vec<Living>,
    ledger: Ledger,
    processes: [Process; 2],
    /// Requests under way in the network, with when they were signed.
    late: Vec<i64>,
    effects: u8,
    /// A reading has shown the effect; later ones do too (an assumption).
    shown: bool,
    /// The cloud accepted a request that it does not carry out.
    lied: bool,
    starts: u64,
    faults: u8,
    /// Questions put, and the calls that people agreed to make again.
    questions: u64,
    approvals: u8,
    again: u8,
    /// Requests whose bytes left a process, by operation key.
    sends: [u8; 3],
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Process {
    state: State,
    /// What its session is about.
    object: Object,
    /// The version of the ledger that its last look found, and whether it was
    /// claimed for another object then.
    ledger: u8,
    locked: bool,
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
    Decide(usize, Decision),
    /// The object is deleted and made anew: with the same key, or another.
    Replace {
        key: u8,
    },
    /// Somebody empties status.
    Wipe,
}

const FIRST: Object = Object { uid: 1, key: 1 };
const RIVAL: Object = Object { uid: 9, key: 2 };

impl Process {
    fn start(number: u64, object: Object) -> Self {
        Process {
            state: State::new(Writer(number)),
            object,
            ledger: 0,
            locked: false,
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
                Effect::Permit(_) => {
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
            ledger: self.ledger,
            paid: false,
        }
    }

    /// The object that a process works on.
    fn slot(&self, p: usize) -> usize {
        match self.rivals {
            true => p,
            false => 0,
        }
    }

    fn record(&self, world: &World, p: usize) -> Record {
        let me = world.processes[p].object;
        if !self.ledger {
            return Record::None;
        }
        match world.ledger.open {
            Some(claim) if claim.object == me => Record::Ours(claim.step),
            // The claim would tell that another one is there.
            Some(claim) if world.lives(claim.object) => Record::Free,
            Some(claim) if claim.object.key == me.key => Record::Ours(claim.step),
            Some(claim) => Record::Orphan(claim.step),
            None => {
                let mut closed = world.ledger.closed.iter();
                match closed.find(|closed| closed.key == me.key) {
                    Some(closed)
                        if *closed == me
                            && !world.objects[self.slot(p)].stored.steps.is_empty() =>
                    {
                        Record::Closed
                    }
                    Some(_) => Record::Spent(SPENT),
                    None => Record::Free,
                }
            }
        }
    }

    fn claim(&self, world: &mut World, p: usize, step: Step, lost: bool) {
        let now = world.clock();
        let process = &mut world.processes[p];
        let blind = self.rules.is(Mutant::ClaimBlind);
        let event = if process.ledger != world.ledger.version && !blind {
            Event::Conflict
        } else if process.locked && !blind {
            Event::Forbidden(now, BUSY)
        } else {
            let object = process.object;
            world.ledger.open = Some(Claim { object, step });
            world.ledger.version += 1;
            process.ledger = world.ledger.version;
            match lost {
                true => Event::NoReply(now),
                false => Event::Permitted(now),
            }
        };
        process.advance(&self.rules, now.wall.0, event);
    }

    fn close(&self, world: &mut World, p: usize, step: Step, closing: Closing, lost: bool) {
        let now = world.clock();
        let process = &mut world.processes[p];
        let ledger = &mut world.ledger;
        let claim = ledger.open.filter(|c| same_intent(&c.step, &step));
        let event = match claim {
            None => Event::Conflict,
            Some(claim) => {
                ledger.version += 1;
                match closing {
                    Closing::NoEffect => ledger.open = None,
                    Closing::Answered(answer) => {
                        ledger.open.as_mut().expect("a claim").step.answer = Some(answer);
                    }
                    Closing::Ended(_) | Closing::Seen | Closing::Decided(_) => {
                        ledger.open = None;
                        ledger.closed.push(claim.object);
                    }
                }
                process.ledger = ledger.version;
                match lost {
                    true => Event::NoReply(now),
                    false => Event::Written(now, true),
                }
            }
        };
        process.advance(&self.rules, now.wall.0, event);
    }

    fn write(&self, world: &mut World, p: usize, intent: Option<Step>, change: Change, lost: bool) {
        let now = world.clock();
        let living = &mut world.objects[self.slot(p)];
        let process = &mut world.processes[p];
        let guarded = !self.rules.is(Mutant::NoPrecondition);
        if process.object != living.object || (guarded && process.version != living.version) {
            return process.advance(&self.rules, now.wall.0, Event::Conflict);
        }
        let before = (living.stored.clone(), living.report);
        let question = world.questions + 1;
        living.stored.apply(intent, change, question);
        if living.stored.hold.is_some_and(|open| open.id == question) {
            world.questions = question;
        }
        living.report = Some(change.report);
        // As the shell does: no write where nothing changes.
        if before != (living.stored.clone(), living.report) {
            living.version += 1;
        }
        if lost {
            return process.advance(&self.rules, now.wall.0, Event::NoReply(now));
        }
        process.version = living.version;
        process.advance(&self.rules, now.wall.0, Event::Written(now, true));
    }

    fn send(&self, world: &mut World, p: usize, fault: Fault) {
        let now = world.clock();
        let process = &mut world.processes[p];
        let step = *process.state.intent().expect("only an intent is sent");
        // The wish of an object that is gone stands in a cache at best.
        let wish = world.objects[self.slot(p)].stored.wish;
        if !may_send(&step, process.state.writer(), now, true, &wish) {
            let trouble = Trouble {
                code: Code(1),
                blocked: false,
                quiet: u32::MAX,
                pause: None,
            };
            return process.advance(&self.rules, now.wall.0, Event::Unsent(now, trouble));
        }
        let key = world.processes[p].object.key;
        world.sends[usize::from(key)] += 1;
        let process = &mut world.processes[p];
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
                let living = &world.objects[self.slot(p)];
                let process = &mut world.processes[p];
                let event = match process.object == living.object {
                    true => Event::Woken(now, living.stored.clone()),
                    false => Event::Gone,
                };
                process.version = living.version;
                process.advance(&self.rules, now.wall.0, event);
            }
            Effect::Claim(step) => self.claim(world, p, step, fault == Fault::AnswerLost),
            Effect::Close(step, closing) => {
                self.close(world, p, step, closing, fault == Fault::AnswerLost);
            }
            Effect::Observe => {
                let shown = world.effects > 0 && fault != Fault::Lag;
                world.shown |= shown;
                let view = View {
                    started: now.wall,
                    goal: match shown {
                        true => Goal::Reached(Evidence::Presence),
                        false => Goal::Act(self.plan()),
                    },
                    trace: Trace::NotShown,
                    due: Due::SinceAnswer,
                    record: self.record(world, p),
                    past: Past::default(),
                    shared: false,
                };
                let claim = world.ledger.open.map(|claim| claim.object);
                let mine = world.processes[p].object;
                world.processes[p].locked =
                    claim.is_some_and(|object| object != mine && world.lives(object));
                world.processes[p].ledger = world.ledger.version;
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

fn living(object: Object) -> Living {
    Living {
        object,
        version: 1,
        stored: fresh(),
        report: None,
    }
}

/// An object as it is applied.
fn fresh() -> Stored {
    Stored {
        steps: vec![],
        ended: false,
        restored: false,
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
    }
}

impl World {
    fn lives(&self, object: Object) -> bool {
        self.objects.iter().any(|living| living.object == object)
    }

    /// Any object's status says so.
    fn reports(&self, report: Report) -> bool {
        self.objects.iter().any(|o| o.report == Some(report))
    }

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
            objects: match self.rivals {
                true => vec![living(FIRST), living(RIVAL)],
                false => vec![living(FIRST)],
            },
            ledger: Ledger::default(),
            processes: [
                Process::start(1, FIRST),
                match self.rivals {
                    true => Process::start(2, RIVAL),
                    false => Process::start(2, FIRST),
                },
            ],
            late: vec![],
            effects: 0,
            shown: false,
            lied: false,
            starts: 2,
            faults: 0,
            questions: 0,
            approvals: 0,
            again: 0,
            sends: [0; 3],
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        // A session is short beside a tick, unless its process is paused.
        let still = |p: &Process| p.todo.is_none() || p.paused;
        if world.now < LAST_TICK && world.processes.iter().all(still) {
            actions.push(Action::Tick);
        }
        for (o, living) in world.objects.iter().enumerate() {
            let asked = living.stored.hold.filter(|_| self.people);
            if let (Some(question), None) = (asked, living.stored.wish.decision) {
                let choices = question.hold.choices().iter();
                actions.extend(choices.map(|choice| Action::Decide(o, *choice)));
            }
        }
        let faulty = world.faults < self.faults;
        if faulty && self.ledger && world.objects[0].object.uid < 3 {
            actions.push(Action::Replace { key: 1 });
            actions.push(Action::Replace { key: 2 });
        }
        if faulty && self.ledger && world.objects[0].report.is_some() {
            actions.push(Action::Wipe);
        }
        for (p, process) in world.processes.iter().enumerate().take(self.replicas) {
            let Some(effect) = &process.todo else {
                let version = world.objects[self.slot(p)].version;
                if world.now >= process.due || process.version != version {
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
                Effect::Intend(..) | Effect::Store(_) | Effect::Claim(_) | Effect::Close(..) => {
                    &[Fault::AnswerLost]
                }
                // Absence of a provable step's effect is what the class counts on.
                Effect::Observe if world.effects > 0 && !world.shown => match self.class {
                    Class::Provable => &[],
                    _ => &[Fault::Lag],
                },
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
                let object = world.processes[p].object;
                world.processes[p] = Process::start(world.starts, object);
            }
            // A person answers once, and leaves the answer in the spec.
            Action::Decide(o, decision) => {
                let living = &mut world.objects[o];
                let question = living.stored.hold?;
                living.stored.wish.decision = Some((question.id, decision));
                living.version += 1;
                // What a person ends leaves the way free for another operation.
                let ends = self.ledger && decision != Decision::LookAgain;
                world.approvals += u8::from(ends || decision == Decision::SendAgain);
                world.again += u8::from(decision == Decision::SendAgain);
            }
            Action::Replace { key } => {
                world.faults += 1;
                let old = &mut world.objects[0];
                *old = Living {
                    version: old.version + 1,
                    ..living(Object {
                        uid: old.object.uid + 1,
                        key,
                    })
                };
            }
            Action::Wipe => {
                world.faults += 1;
                let old = &mut world.objects[0];
                let (version, wish) = (old.version + 1, old.stored.wish);
                *old = Living {
                    version,
                    ..living(old.object)
                };
                old.stored.wish = wish;
            }
            Action::Pause(p) => {
                world.faults += 1;
                world.processes[p].paused = true;
            }
            Action::Wake(p) => {
                let now = world.clock();
                let living = &world.objects[self.slot(p)];
                let process = &mut world.processes[p];
                if process.object != living.object {
                    process.state = State::new(process.state.writer());
                    process.object = living.object;
                }
                process.version = living.version;
                let woken = Event::Woken(now, living.stored.clone());
                process.advance(&self.rules, now.wall.0, woken);
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
                let unseen = |o: &Living| match o.report {
                    Some(Report::Ended(End::Succeeded(How::Assumed))) => false,
                    Some(Report::Ended(End::Succeeded(_))) => w.effects == 0,
                    _ => false,
                };
                !w.objects.iter().any(unseen)
            }),
            Property::sometimes("succeeds", |_, w: &World| {
                w.reports(Report::Ended(End::Succeeded(How::Proven)))
            }),
            Property::sometimes("holds when the cloud lies", |_, w: &World| {
                w.lied && w.reports(Report::Held(Hold::ProofTimeout))
            }),
        ];
        match self.class {
            Class::Never => properties.extend([
                Property::always("at most one effect", |_: &Operation, w: &World| {
                    w.effects <= 1 + w.approvals
                }),
                Property::always("at most one send undecided", |_, w: &World| {
                    w.sends.iter().all(|sends| *sends <= 1 + w.again)
                }),
                Property::always(ASKS_AFTER_SETTLE, |m: &Operation, w: &World| {
                    let in_time = |signed: &i64| w.now - signed <= m.rules.validity.0;
                    let asks = w.reports(Report::Held(Hold::AnswerUnknown))
                        || w.reports(Report::Held(Hold::OrphanUnknown));
                    !asks || !w.late.iter().any(in_time)
                }),
                Property::sometimes("holds when nobody can know", |_, w: &World| {
                    w.reports(Report::Held(Hold::AnswerUnknown))
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
        if self.ledger {
            properties.push(Property::sometimes(
                "proves what an earlier object sent",
                |_: &Operation, w: &World| {
                    w.objects[0].object.uid > 1
                        && w.reports(Report::Ended(End::Succeeded(How::Proven)))
                },
            ));
        }
        if self.ledger && self.faults > 1 {
            properties.push(Property::sometimes(
                "holds for an operation that is gone",
                |_: &Operation, w: &World| w.reports(Report::Held(Hold::OrphanUnknown)),
            ));
        }
        if self.ledger && self.people {
            properties.push(Property::sometimes(
                "takes an executed key over",
                |_: &Operation, w: &World| w.reports(Report::Ended(End::Lost(SPENT))),
            ));
        }
        if self.people {
            properties.extend([
                Property::sometimes("sends again as decided", |_, w: &World| {
                    w.again == 1 && w.sends[1] == 2
                }),
                Property::sometimes("is given up", |_, w: &World| {
                    w.reports(Report::Ended(End::GivenUp))
                }),
            ]);
        }
        properties
    }

    /// Enough for every pair of faults; beyond, intents only pile up.
    fn within_boundary(&self, world: &World) -> bool {
        world.objects.iter().all(|o| {
            o.stored.steps.len() <= 4 - self.replicas && o.version < 12 - 2 * self.replicas as u8
        })
    }
}

fn check<M>(model: M, until: HasDiscoveries) -> impl Checker<M>
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + PartialEq + std::fmt::Debug + std::hash::Hash + Send + Sync,
    M::Action: Clone + PartialEq + std::fmt::Debug + Send + Sync,
{
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
        ledger: false,
        rivals: false,
    }
}

/// A step that must not repeat, with its ledger.
fn order(replicas: usize, faults: u8, people: bool) -> Operation {
    Operation {
        replicas,
        ledger: true,
        ..model(Class::Never, faults, people)
    }
}

/// Whether a call took effect is asked only when none can arrive any more.
const ASKS_AFTER_SETTLE: &str = "asks only when no call can arrive";

/// That the key was executed before.
const SPENT: Code = Code(9);
const BUSY: Trouble = Trouble {
    code: Code(2),
    blocked: false,
    quiet: u32::MAX,
    pause: None,
};

/// Fewer states than this mean that the model no longer says much.
fn assert_holds(model: Operation, floor: usize) {
    let checker = check(model, HasDiscoveries::All);
    let states = checker.unique_state_count();
    println!(
        "model {:?}, {} processes, {} faults, people {}, ledger {}: {states} unique states",
        model.class, model.replicas, model.faults, model.people, model.ledger
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
fn an_order_has_at_most_one_effect_whatever_becomes_of_its_object() {
    assert_holds(order(1, 2, false), 10_000);
}

#[test]
fn an_order_of_two_processes_has_at_most_one_effect() {
    assert_holds(order(2, 1, false), 10_000);
}

#[test]
fn two_objects_for_one_target_have_at_most_one_effect() {
    let rivals = Operation {
        rivals: true,
        ..order(2, 1, false)
    };
    assert_holds(rivals, 10_000);
}

#[test]
fn decisions_about_an_order_are_used_once() {
    assert_holds(order(1, 2, true), 10_000);
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
    let rivals = Operation {
        rivals: true,
        ..order(2, 1, false)
    };
    assert_caught(order(1, 2, false), Mutant::NoClaim, "at most one effect");
    assert_caught(rivals, Mutant::ClaimBlind, "at most one effect");
    assert_caught(order(1, 2, false), Mutant::SettleShort, ASKS_AFTER_SETTLE);
    assert_caught(order(1, 2, false), Mutant::WipedAsNew, "at most one effect");
    assert_caught(
        order(1, 2, false),
        Mutant::OrphanAsFree,
        "at most one effect",
    );
    let given_up = order(1, 2, true);
    assert_caught(given_up, Mutant::SpentAsFree, "at most one send undecided");
}
