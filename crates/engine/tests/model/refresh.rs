//! The cloud of an operation of several steps: a refresh is stopped, waited for
//! and cancelled, people change their minds in between and choose at each pause.
//!
//! The kind's own part, what a reading means ([`Scenario::look_refresh`]), is the
//! one of `operations/instance_refresh` in small.

use super::faults::Deed;
use super::mutant::Mutant;
use super::world::*;
use super::{Family, Scenario};
use errand_engine::*;

/// It is paused, and is wanted to go on.
pub(super) const PAUSED: Code = Code(40);
/// It was cancelled by this operation, and is wanted to be something else.
pub(super) const UNREACHABLE: Code = Code(41);
/// The decision that leads to Resume.
pub(super) const GO_ON: Decision = Decision::OfKind(0);

/// What is wanted of the refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    Completed,
    Paused,
    Cancelled,
}

/// A mutating call. That of an operation of one step is called Stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Call {
    Stop,
    Cancel,
    Resume,
}

const CALLS: [Call; 3] = [Call::Stop, Call::Cancel, Call::Resume];

/// The activity that the operation is about.
pub(super) const PINNED: u8 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    Running,
    /// Paused, and its batch goes on to its end.
    Stopping,
    Paused,
    Cancelled,
    Completed,
}

/// The group's refresh as the cloud has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Refresh {
    pub(super) stage: Stage,
    /// Counts the batches: each pause is after another one.
    pub(super) batch: u8,
    /// How the pinned one ended, when another one is there.
    pub(super) past: Option<Stage>,
    /// What a reading that lags shows, until one has not.
    pub(super) before: (Stage, u8),
    pub(super) shown: bool,
    pub(super) stops: u8,
    pub(super) resumed: u8,
}

pub(super) const RUNNING: Refresh = Refresh {
    stage: Stage::Running,
    batch: 1,
    past: None,
    before: (Stage::Running, 1),
    shown: true,
    stops: 0,
    resumed: 0,
};

pub(super) fn ended(stage: Stage) -> bool {
    matches!(stage, Stage::Cancelled | Stage::Completed)
}

impl Refresh {
    /// What is to be seen of the pinned one.
    pub(super) fn now(&self) -> (Stage, u8) {
        (self.past.unwrap_or(self.stage), self.batch)
    }

    fn goes_to(&mut self, stage: Stage) {
        self.before = self.now();
        self.shown = false;
        self.batch += u8::from(stage == Stage::Running);
        self.stage = stage;
    }

    /// A batch ends: it pauses, by itself or because it was stopped, or completes.
    pub(super) fn batch_ends(&mut self, pauses: bool) {
        self.stage = match self.stage {
            Stage::Running if !pauses => Stage::Completed,
            _ => Stage::Paused,
        };
        self.before = self.now();
    }

    pub(super) fn foreign(&mut self, deed: Deed) {
        match deed {
            Deed::Does => {
                self.stage = Stage::Running;
                self.batch += 1;
            }
            Deed::Undoes => {
                self.past = Some(self.stage);
                self.stage = Stage::Running;
            }
            Deed::Ends => self.stage = Stage::Cancelled,
            Deed::Begins => unreachable!("one refresh at a time"),
        }
        self.before = self.now();
    }
}

impl Scenario {
    pub(super) fn call(&self, key: StepKey) -> Call {
        CALLS[usize::from(key.0)]
    }

    pub(super) fn act_refresh(&self, world: &mut World, late: Late) -> Answer {
        let Cloud::Refresh(cloud) = &mut world.cloud else {
            unreachable!("a refresh")
        };
        let next = match (late.call, cloud.stage) {
            _ if cloud.past.is_some() && !self.violates(10) => None,
            (Call::Stop, Stage::Running) => Some(Stage::Stopping),
            (Call::Cancel, Stage::Paused) => Some(Stage::Cancelled),
            (Call::Resume, Stage::Paused) => Some(Stage::Running),
            _ => None,
        };
        let Some(next) = next else {
            return Answer::Refused(Verdict::Verify(Code(2)));
        };
        if cloud.past.is_some() {
            world.marks.trespass = true;
        }
        match late.call {
            Call::Stop => cloud.stops += 1,
            Call::Resume => cloud.resumed += 1,
            Call::Cancel => {}
        }
        cloud.goes_to(next);
        Answer::Accepted
    }

    /// What a reading means, by the steps that the object has stored.
    pub(super) fn look_refresh(
        &self,
        world: &mut World,
        p: usize,
        o: usize,
        wrong: bool,
        view: View,
    ) -> View {
        let Cloud::Refresh(cloud) = &mut world.cloud else {
            unreachable!("a refresh")
        };
        let session = &mut world.processes[p].sessions[o];
        let wanted = session.wanted;
        session.saw |= reached(wanted, cloud.now().0);
        let (stage, batch) = match wrong {
            true => cloud.before,
            false => cloud.now(),
        };
        cloud.shown |= !wrong;
        session.pin = batch;
        let living = &world.objects[o];
        let steps = &living.stored.steps;
        let call = |step: &Step| self.call(step.key);
        let pin = |step: &Step| living.pins.get(step.number as usize - 1).copied();
        let paused = stage == Stage::Paused;
        let cancels = || steps.iter().filter(|s| call(s) == Call::Cancel);
        let accepted = |s: &Step| s.answer == Some(Answer::Accepted);
        let here = |step: &Step| paused && pin(step) == Some(batch);
        let resumes = || steps.iter().filter(|s| call(s) == Call::Resume);
        let forgets = self.makes(Mutant::ResumeForgotten);
        let goal = if cancels().any(accepted) && !ended(stage) {
            Goal::Act(self.plan(Call::Cancel))
        } else if resumes().any(|s| accepted(s) && here(s)) && !forgets {
            // It is on its way, whatever is wanted by now.
            Goal::Act(self.plan(Call::Resume))
        } else {
            match (wanted, stage) {
                (wanted, stage) if reached(wanted, stage) => Goal::Reached(Evidence::Presence),
                (_, Stage::Cancelled) if cancels().any(|s| s.may_have_acted()) => {
                    ask(UNREACHABLE, 99, Decision::LookAgain, None)
                }
                (_, Stage::Completed | Stage::Cancelled) => Goal::Lost(Code(1), Evidence::Presence),
                (Wanted::Completed, Stage::Paused) => {
                    let last = steps.iter().rfind(|s| call(s) == Call::Resume);
                    let resume = self.plan(Call::Resume);
                    match last.filter(|step| pin(step) == Some(batch)) {
                        Some(_) => Goal::Act(resume),
                        None => ask(PAUSED, u64::from(batch), GO_ON, Some(resume)),
                    }
                }
                (Wanted::Completed, _) | (_, Stage::Stopping) => Goal::Wait(Code(2), None),
                (_, Stage::Running) => Goal::Act(self.plan(Call::Stop)),
                (_, Stage::Paused) => Goal::Act(self.plan(Call::Cancel)),
            }
        };
        let over = |step: &&Step| match call(step) {
            _ if !step.may_have_acted() => false,
            Call::Resume => !here(step),
            Call::Stop => pin(step) != Some(batch) && stage == Stage::Running,
            Call::Cancel => false,
        };
        let against = |step: &Step| match (wanted, call(step)) {
            (Wanted::Completed, Call::Stop | Call::Cancel) => step.is_open(),
            (Wanted::Paused, Call::Cancel | Call::Resume) => step.is_open(),
            _ => false,
        };
        let last = steps.last();
        let went_on =
            last.is_some_and(|step| call(step) == Call::Resume && step.is_open() && !here(step));
        session.asking = matches!(goal, Goal::Ask(_));
        View {
            goal,
            trace: match went_on {
                true => Trace::Shown,
                false => Trace::NotShown,
            },
            due: match goal {
                Goal::Act(_) | Goal::Reached(_) | Goal::Lost(..) => Due::SinceAnswer,
                _ => Due::Later,
            },
            past: Past {
                over: steps.iter().rfind(over).map_or(0, |step| step.number),
                contrary: steps.iter().any(against),
            },
            ..view
        }
    }

    pub(super) fn plan(&self, call: Call) -> Plan {
        let class = match (self.family, call) {
            (Family::Single(class), _) => class,
            (Family::Absence, _) => Class::Natural,
            (Family::Refresh { resume }, Call::Resume) => resume,
            (Family::Refresh { .. }, _) => Class::Natural,
        };
        Plan {
            key: StepKey(call as u8),
            class,
            ledger: self.ledger(),
            paid: class == Class::Never,
        }
    }
}

fn reached(wanted: Wanted, stage: Stage) -> bool {
    matches!(
        (wanted, stage),
        (Wanted::Completed, Stage::Completed)
            | (Wanted::Paused, Stage::Paused)
            | (Wanted::Cancelled, Stage::Cancelled)
    )
}

fn ask(code: Code, pin: u64, decision: Decision, step: Option<Plan>) -> Goal {
    let mut choices = [None; Ask::MOST_CHOICES];
    choices[0] = Some(Choice { decision, step });
    Goal::Ask(Ask {
        code,
        pin: Pin(pin),
        choices,
    })
}

/// What a question offers.
pub(super) fn offers(hold: Hold) -> Vec<Decision> {
    let own = match hold {
        Hold::OfKind(UNREACHABLE) => Some(Decision::LookAgain),
        Hold::OfKind(_) => Some(GO_ON),
        _ => None,
    };
    let shared = hold.choices().iter().copied();
    own.into_iter().chain(shared).collect()
}
