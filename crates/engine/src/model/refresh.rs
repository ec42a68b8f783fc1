//! The model of an operation of several steps: a refresh is stopped, waited for and
//! cancelled, people change their minds in between and choose at each pause.
//!
//! The kind's own part, what a reading means ([`Refresh::view`]), is the one of
//! `operations/instance_refresh` in small.

use super::{RULES, check};
use crate::types::Mutant;
use crate::*;
use stateright::{Checker, HasDiscoveries, Model, Property};

const LAST_TICK: i64 = 3;

/// What is wanted of the refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Wanted {
    Completed,
    Paused,
    Cancelled,
}

/// A mutating call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Call {
    Stop,
    Cancel,
    Resume,
}

const CALLS: [Call; 3] = [Call::Stop, Call::Cancel, Call::Resume];

/// The refresh as the cloud has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Cloud {
    Running,
    /// Paused, and its batch goes on to its end.
    Stopping,
    Paused,
    Cancelled,
    Completed,
}

#[derive(Clone, Copy, Debug)]
struct Refresh {
    rules: Rules,
    /// The class of the resume.
    resume: Class,
    /// How many faults of all sorts may happen.
    faults: u8,
    /// How often people may change what is wanted.
    changes: u8,
    /// Processes that work at the same time, each taking itself for the leader; two
    /// are looked at for a shorter time.
    replicas: usize,
}

/// A request under way in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Late {
    call: Call,
    signed: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    now: i64,
    cloud: Cloud,
    /// Counts the batches: each pause is after another one.
    batch: u8,
    wanted: Wanted,
    stored: Stored,
    report: Option<Report>,
    version: u8,
    /// Which batch each intent was pinned to, by its number.
    pins: Vec<u8>,
    processes: [Process; 2],
    late: Vec<Late>,
    starts: u64,
    faults: u8,
    changes: u8,
    questions: u64,
    /// Pauses that a person let it go on from, and those that a call of ours did.
    decided: Vec<u8>,
    resumed: Vec<u8>,
    stops: u8,
    /// A success was stored that its writer had not seen.
    unseen: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Process {
    state: State,
    todo: Option<Effect>,
    version: u8,
    due: i64,
    paused: bool,
    /// What the object that it has read wants.
    wanted: Wanted,
    /// The pin of an intent that it writes now.
    pin: u8,
    /// What its last look at the cloud showed.
    seen: Option<Cloud>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fault {
    None,
    AnswerLost,
    RequestLost,
    Late,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Action {
    Tick,
    /// A batch ends, and with it the refresh if it may go on.
    BatchEnds,
    /// A batch ends, and the refresh pauses by itself.
    BatchPauses,
    Wake(usize),
    Run(usize, Fault),
    Crash(usize),
    Pause(usize),
    Arrive(usize),
    Want(Wanted),
    Continue,
    /// A colleague lets it go on.
    Foreign,
}

impl Process {
    fn start(number: u64) -> Self {
        Process {
            state: State::new(Writer(number)),
            todo: None,
            version: 0,
            due: 0,
            paused: false,
            wanted: Wanted::Cancelled,
            pin: 0,
            seen: None,
        }
    }

    fn advance(&mut self, rules: &Rules, now: Now, event: Event) {
        let (state, effects) = step(rules, self.state.clone(), event);
        self.state = state;
        for effect in effects {
            match effect {
                Effect::Announce(_) => {}
                Effect::Rest(wake) => self.due = wake.map_or(i64::MAX, |span| now.wall.0 + span.0),
                Effect::Permit(_) => return self.advance(rules, now, Event::Permitted(now)),
                other => self.todo = Some(other),
            }
        }
    }
}

/// The effect of a call on the refresh; false: it is refused.
fn act(world: &mut World, call: Call) -> bool {
    let next = match (call, world.cloud) {
        (Call::Stop, Cloud::Running) => Cloud::Stopping,
        (Call::Cancel, Cloud::Paused) => Cloud::Cancelled,
        (Call::Resume, Cloud::Paused) => Cloud::Running,
        _ => return false,
    };
    match call {
        Call::Stop => world.stops += 1,
        Call::Resume => {
            world.resumed.push(world.batch);
            world.batch += 1;
        }
        Call::Cancel => {}
    }
    world.cloud = next;
    true
}

impl Refresh {
    fn plan(&self, call: Call) -> Plan {
        Plan {
            key: StepKey(call as u8),
            class: match call {
                Call::Resume => self.resume,
                _ => Class::Natural,
            },
            ledger: false,
            paid: false,
        }
    }

    /// What a reading means, by the steps that the object has stored.
    fn view(&self, world: &World, wanted: Wanted) -> View {
        let steps = &world.stored.steps;
        let call = |step: &Step| CALLS[usize::from(step.key.0)];
        let pin = |step: &Step| world.pins[step.number as usize - 1];
        let paused = world.cloud == Cloud::Paused;
        let cancels = || steps.iter().filter(|s| call(s) == Call::Cancel);
        let accepted = |s: &Step| s.answer == Some(Answer::Accepted);
        let ended = matches!(world.cloud, Cloud::Cancelled | Cloud::Completed);
        let goal = if cancels().any(accepted) && !ended {
            Goal::Act(self.plan(Call::Cancel))
        } else {
            match (wanted, world.cloud) {
                (Wanted::Completed, Cloud::Completed)
                | (Wanted::Paused, Cloud::Paused)
                | (Wanted::Cancelled, Cloud::Cancelled) => Goal::Reached(Evidence::Presence),
                (_, Cloud::Cancelled) if cancels().any(|s| s.may_have_acted()) => {
                    ask(Hold::Unreachable, 99, None)
                }
                (_, Cloud::Completed | Cloud::Cancelled) => Goal::Lost(Code(1), Evidence::Presence),
                (Wanted::Completed, Cloud::Paused) => {
                    let last = steps.iter().rfind(|s| call(s) == Call::Resume);
                    match last.filter(|step| pin(step) == world.batch) {
                        Some(_) => Goal::Act(self.plan(Call::Resume)),
                        None => ask(
                            Hold::Paused,
                            u64::from(world.batch),
                            Some(self.plan(Call::Resume)),
                        ),
                    }
                }
                (Wanted::Completed, _) | (_, Cloud::Stopping) => Goal::Wait(Code(2), None),
                (_, Cloud::Running) => Goal::Act(self.plan(Call::Stop)),
                (Wanted::Cancelled, Cloud::Paused) => Goal::Act(self.plan(Call::Cancel)),
            }
        };
        let over = |step: &&Step| match call(step) {
            _ if !step.may_have_acted() => false,
            Call::Resume => !(paused && pin(step) == world.batch),
            Call::Stop => pin(step) != world.batch && world.cloud == Cloud::Running,
            Call::Cancel => false,
        };
        let against = |step: &Step| match (wanted, call(step)) {
            (Wanted::Completed, Call::Stop | Call::Cancel) => step.is_open(),
            (Wanted::Paused, Call::Cancel | Call::Resume) => step.is_open(),
            _ => false,
        };
        let last = steps.last();
        let went_on = last.is_some_and(|step| {
            call(step) == Call::Resume && step.is_open() && !(paused && pin(step) == world.batch)
        });
        View {
            started: Tick(world.now),
            goal,
            trace: match went_on {
                true => Trace::Shown,
                false => Trace::NotShown,
            },
            due: match goal {
                Goal::Act(_) | Goal::Reached(_) | Goal::Lost(..) => Due::SinceAnswer,
                _ => Due::Later,
            },
            record: Record::None,
            past: Past {
                over: steps.iter().rfind(over).map_or(0, |step| step.number),
                contrary: steps.iter().any(against),
            },
            shared: false,
        }
    }

    fn write(&self, world: &mut World, p: usize, intent: Option<Step>, change: Change, lost: bool) {
        let now = world.clock();
        if world.processes[p].version != world.version {
            return world.processes[p].advance(&self.rules, now, Event::Conflict);
        }
        let before = (world.stored.clone(), world.report);
        let question = world.questions + 1;
        world.stored.apply(intent, change, question);
        if world.stored.hold.is_some_and(|open| open.id == question) {
            world.questions = question;
        }
        world.report = Some(change.report);
        if let Some(step) = intent {
            world.pins.truncate(step.number as usize - 1);
            world.pins.push(world.processes[p].pin);
        }
        if let Report::Ended(End::Succeeded(how)) = change.report {
            let shown = matches!(
                (world.wanted, world.processes[p].seen),
                (Wanted::Completed, Some(Cloud::Completed))
                    | (Wanted::Paused, Some(Cloud::Paused))
                    | (Wanted::Cancelled, Some(Cloud::Cancelled))
            );
            world.unseen |= !shown && how != How::Assumed;
        }
        if before != (world.stored.clone(), world.report) {
            world.version += 1;
        }
        let version = world.version;
        let process = &mut world.processes[p];
        if lost {
            return process.advance(&self.rules, now, Event::NoReply(now));
        }
        process.version = version;
        process.advance(&self.rules, now, Event::Written(now, true));
    }

    fn send(&self, world: &mut World, p: usize, fault: Fault) {
        let now = world.clock();
        let process = &world.processes[p];
        let step = *process.state.intent().expect("only an intent is sent");
        let call = CALLS[usize::from(step.key.0)];
        let wish = world.stored.wish;
        let agrees = process.wanted == world.wanted
            && may_send(&step, process.state.writer(), now, true, &wish);
        let event = if !agrees {
            Event::Unsent(now, WITHHELD)
        } else {
            match fault {
                Fault::None => match act(world, call) {
                    true => Event::Answered(now, Answer::Accepted),
                    false => Event::Answered(now, Answer::Refused(Verdict::Verify(Code(2)))),
                },
                Fault::AnswerLost => {
                    act(world, call);
                    Event::Answered(now, Answer::Unknown)
                }
                Fault::RequestLost => Event::Answered(now, Answer::Unknown),
                Fault::Late => {
                    let signed = world.now;
                    world.late.push(Late { call, signed });
                    Event::Answered(now, Answer::Unknown)
                }
            }
        };
        world.processes[p].advance(&self.rules, now, event);
    }

    fn run(&self, world: &mut World, p: usize, effect: Effect, fault: Fault) {
        let now = world.clock();
        let lost = fault == Fault::AnswerLost;
        match effect {
            Effect::Read => self.wake(world, p),
            Effect::Observe => {
                let view = self.view(world, world.processes[p].wanted);
                world.processes[p].pin = world.batch;
                world.processes[p].seen = Some(world.cloud);
                world.processes[p].advance(&self.rules, now, Event::Observed(now, view));
            }
            Effect::Intend(step, change) => self.write(world, p, Some(step), change, lost),
            Effect::Store(change) => self.write(world, p, None, change, lost),
            Effect::Send(_) => self.send(world, p, fault),
            other => unreachable!("{other:?} without a ledger"),
        }
    }

    fn wake(&self, world: &mut World, p: usize) {
        let now = world.clock();
        let woken = Event::Woken(now, world.stored.clone());
        let (version, wanted) = (world.version, world.wanted);
        let process = &mut world.processes[p];
        process.version = version;
        process.wanted = wanted;
        process.advance(&self.rules, now, woken);
    }
}

fn ask(hold: Hold, pin: u64, go_on: Option<Plan>) -> Goal {
    Goal::Ask(Ask {
        hold,
        pin: Pin(pin),
        retry: None,
        go_on,
    })
}

const WITHHELD: Trouble = Trouble {
    code: Code(3),
    blocked: false,
    quiet: u32::MAX,
    pause: None,
};

impl World {
    fn clock(&self) -> Now {
        Now {
            wall: Tick(self.now),
            mono: Tick(self.now),
        }
    }

    /// A request of ours may still arrive and undo what the object says has
    /// succeeded.
    fn can_be_undone(&self, rules: &Rules) -> bool {
        let succeeded = matches!(self.report, Some(Report::Ended(End::Succeeded(_))));
        let alive = |late: &&Late| self.now - late.signed <= rules.validity.0;
        let undoes = |late: &Late| {
            self.wanted == Wanted::Paused && matches!(late.call, Call::Cancel | Call::Resume)
        };
        self.stored.ended && succeeded && self.late.iter().filter(alive).any(undoes)
    }
}

impl Model for Refresh {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let states = [Wanted::Completed, Wanted::Paused, Wanted::Cancelled];
        let world = |wanted| World {
            now: 0,
            cloud: Cloud::Running,
            batch: 1,
            wanted,
            stored: super::fresh(),
            report: None,
            version: 1,
            pins: vec![],
            processes: [Process::start(1), Process::start(2)],
            late: vec![],
            starts: 2,
            faults: 0,
            changes: 0,
            questions: 0,
            decided: vec![],
            resumed: vec![],
            stops: 0,
            unseen: false,
        };
        states.map(world).into()
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let still = |p: &Process| p.todo.is_none() || p.paused;
        let quiet = world.processes.iter().all(still);
        if world.now < LAST_TICK + 1 - self.replicas as i64 && quiet {
            actions.push(Action::Tick);
        }
        if quiet && matches!(world.cloud, Cloud::Running | Cloud::Stopping) {
            actions.push(Action::BatchEnds);
        }
        if quiet && world.cloud == Cloud::Running {
            actions.push(Action::BatchPauses);
        }
        if world.changes < self.changes {
            let all = [Wanted::Completed, Wanted::Paused, Wanted::Cancelled];
            let others = all.into_iter().filter(|wanted| *wanted != world.wanted);
            actions.extend(others.map(Action::Want));
        }
        let open = world.stored.hold.filter(|q| q.hold == Hold::Paused);
        let answered = world.stored.wish.decision.map(|(id, _)| id);
        if open.is_some_and(|question| answered != Some(question.id)) {
            actions.push(Action::Continue);
        }
        let faulty = world.faults < self.faults;
        if faulty && world.cloud == Cloud::Paused {
            actions.push(Action::Foreign);
        }
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
                Effect::Send(_) => &[Fault::AnswerLost, Fault::RequestLost, Fault::Late],
                Effect::Intend(..) | Effect::Store(_) => &[Fault::AnswerLost],
                _ => &[],
            };
            actions.extend(faults.iter().map(|fault| Action::Run(p, *fault)));
        }
        for (n, late) in world.late.iter().enumerate() {
            if world.now - late.signed <= self.rules.validity.0 {
                actions.push(Action::Arrive(n));
            }
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut world = world.clone();
        match action {
            Action::Tick => world.now += 1,
            Action::BatchEnds => {
                world.cloud = match world.cloud {
                    Cloud::Stopping => Cloud::Paused,
                    _ => Cloud::Completed,
                }
            }
            Action::BatchPauses => world.cloud = Cloud::Paused,
            Action::Want(wanted) => {
                world.changes += 1;
                world.wanted = wanted;
                world.stored.ended = false;
                world.version += 1;
            }
            Action::Continue => {
                let question = world.stored.hold?;
                world.stored.wish.decision = Some((question.id, Decision::Continue));
                world.decided.push(question.pin.0 as u8);
                world.version += 1;
            }
            Action::Foreign => {
                world.faults += 1;
                world.cloud = Cloud::Running;
                world.batch += 1;
            }
            Action::Arrive(n) => {
                let late = world.late.remove(n);
                act(&mut world, late.call);
            }
            Action::Crash(p) => {
                world.faults += 1;
                world.starts += 1;
                world.processes[p] = Process::start(world.starts);
            }
            Action::Pause(p) => {
                world.faults += 1;
                world.processes[p].paused = true;
            }
            Action::Wake(p) => self.wake(&mut world, p),
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
            Property::always("no success unseen", |_: &Refresh, w: &World| !w.unseen),
            Property::always("no success that a call of ours undoes", |m, w: &World| {
                !w.can_be_undone(&m.rules)
            }),
            Property::always("goes on as often as decided", |_, w: &World| {
                w.resumed.len() <= w.decided.len()
            }),
            Property::sometimes("stops and cancels", |_, w: &World| {
                w.stops == 1
                    && w.cloud == Cloud::Cancelled
                    && w.report == Some(Report::Ended(End::Succeeded(How::Proven)))
            }),
            Property::sometimes("is too late", |_, w: &World| {
                w.report == Some(Report::Ended(End::Lost(Code(1))))
            }),
        ];
        if self.changes > 0 {
            properties.extend([
                Property::sometimes(
                    "goes on after a change of mind and completes",
                    |_: &Refresh, w: &World| {
                        w.stops == 1
                            && w.resumed.len() == 1
                            && w.cloud == Cloud::Completed
                            && w.stored.ended
                    },
                ),
                Property::sometimes("asks for what cannot be had", |_, w: &World| {
                    w.report == Some(Report::Held(Hold::Unreachable))
                }),
            ]);
        }
        if self.changes > 1 {
            properties.push(Property::sometimes(
                "stops again what was let go on",
                |_: &Refresh, w: &World| w.stops == 2,
            ));
        }
        if self.faults == 0 {
            properties.push(Property::always(
                "without a fault nobody is asked about an answer",
                |_: &Refresh, w: &World| {
                    !matches!(
                        w.report,
                        Some(Report::Held(Hold::AnswerUnknown | Hold::ProofTimeout))
                    )
                },
            ));
        }
        properties
    }

    fn within_boundary(&self, world: &World) -> bool {
        world.stored.steps.len() <= 4 - self.replicas
            && world.version < 16 - 4 * self.replicas as u8
            && world.batch < 4
    }
}

fn refresh(faults: u8, changes: u8, replicas: usize) -> Refresh {
    Refresh {
        rules: RULES,
        resume: Class::Provable,
        faults,
        changes,
        replicas,
    }
}

fn assert_holds(model: Refresh, floor: usize) {
    let checker = check(model, HasDiscoveries::All);
    let states = checker.unique_state_count();
    println!(
        "model refresh, {} processes, {} faults, {} changes of mind: {states} unique states",
        model.replicas, model.faults, model.changes
    );
    checker.assert_properties();
    assert!(states >= floor, "below the floor of {floor}");
}

fn assert_caught(model: Refresh, name: &str, property: &'static str) {
    let until = HasDiscoveries::AnyOf([property].into());
    let path = check(model, until)
        .discovery(property)
        .unwrap_or_else(|| panic!("{name} does not break {property:?}"));
    println!(
        "mutant {name} breaks {property:?} in {} actions",
        path.into_actions().len()
    );
}

#[test]
fn a_refresh_is_stopped_and_cancelled_whoever_changes_their_mind() {
    assert_holds(refresh(0, 2, 1), 50_000);
}

#[test]
fn a_refresh_of_one_process_survives_every_fault_and_change_of_mind() {
    assert_holds(refresh(1, 1, 1), 200_000);
}

#[test]
fn a_refresh_of_two_processes_survives_a_fault() {
    assert_holds(refresh(1, 0, 2), 500_000);
}

#[test]
fn the_mutants_of_a_refresh_are_caught() {
    let mut contrary = refresh(1, 1, 1);
    contrary.rules.mutant = Some(Mutant::ContraryIgnored);
    let decided = "goes on as often as decided";
    let undone = "no success that a call of ours undoes";
    assert_caught(contrary, "ContraryIgnored", undone);
    let mut natural = refresh(1, 1, 1);
    natural.resume = Class::Natural;
    assert_caught(natural, "ResumeAsNatural", decided);
    let mut settle = refresh(1, 1, 1);
    settle.rules.mutant = Some(Mutant::SettleShort);
    assert_caught(settle, "SettleShort", decided);
}
