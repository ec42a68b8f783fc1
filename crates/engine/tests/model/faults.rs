//! What may go wrong, or come from outside. Each kind has a budget of its own;
//! the models are checked for every pair of kinds, each up to twice.

use super::refresh::{Wanted, offers};
use super::world::*;
use super::{Action, Scenario};
use errand_engine::*;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident,)*) => {
        /// A kind of fault, or of somebody else's action.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) enum Kind { $($(#[$doc])* $kind,)* }

        impl Kind {
            pub(super) const ALL: &[Kind] = &[$(Kind::$kind),*];
        }
    };
}

kinds! {
    /// The call takes effect, and its answer is lost.
    AnswerLost,
    /// The call is lost.
    RequestLost,
    /// No answer; the call may arrive later, as long as its signature is valid.
    Late,
    /// Answered as accepted, and carried out whenever the cloud likes, or never.
    Slow,
    /// Refused in a documented way, or not sent.
    Refusal,
    /// A reading that is wrong, as far as the class allows that.
    Misreading,
    /// A reading that others share, and that is older than the question.
    SharedReading,
    /// The API server does not answer, having done what was asked or not.
    Unheard,
    /// A session starts with the object as it was earlier.
    StaleCache,
    /// A process dies.
    Crash,
    /// A process stands still, for any time, and goes on.
    Pause,
    /// The lease is taken away from a process that is alive.
    Theft,
    /// A process's wall clock is set, within the margin.
    Clock,
    /// Somebody else acts on the target.
    Foreign,
    /// The object is deleted; it, or another one for the target, may be applied.
    Delete,
    /// Suspended, or no longer.
    Suspend,
    /// Somebody empties status.
    Wipe,
    /// The object is restored from a backup, and its ledger is not.
    Restore,
    /// A person answers a question.
    Decision,
    /// Another desiredState.
    Change,
    /// From now on the cloud waits, cannot be read, or takes no call; or no longer.
    Obstacle,
    /// From now on readings are not understood; or they are again.
    Unclear,
    /// A reading that lacks what makes it evidence.
    Unwitnessed,
    /// Another mode, or the label of the restore goes.
    Edit,
    /// Refused in a way that is in no table, having taken effect or not.
    Unlisted,
}

/// How often each kind may yet happen.
pub(super) type Budget = [u8; Kind::ALL.len()];

pub(super) fn budget(kinds: &[(Kind, u8)]) -> Budget {
    let mut budget = [0; Kind::ALL.len()];
    for (kind, times) in kinds {
        budget[*kind as usize] = *times;
    }
    budget
}

/// How an effect is not carried out as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Slip {
    AnswerLost,
    RequestLost,
    Late,
    Slow,
    Refused(Verdict),
    /// An unlisted refusal; true: it took effect all the same.
    Unlisted(bool),
    NotSent,
    Withheld,
    Misread,
    Shared,
    /// It is as wanted, or can no longer be, by evidence that is none.
    Reached(Evidence),
    Lost,
    /// Done, and not answered.
    Unheard,
    /// Neither.
    Undone,
}

impl Slip {
    pub(super) fn kind(self) -> Kind {
        match self {
            Slip::AnswerLost => Kind::AnswerLost,
            Slip::RequestLost => Kind::RequestLost,
            Slip::Late => Kind::Late,
            Slip::Slow => Kind::Slow,
            Slip::Refused(_) | Slip::NotSent | Slip::Withheld => Kind::Refusal,
            Slip::Unlisted(_) => Kind::Unlisted,
            Slip::Misread => Kind::Misreading,
            Slip::Shared => Kind::SharedReading,
            Slip::Reached(_) | Slip::Lost => Kind::Unwitnessed,
            Slip::Unheard | Slip::Undone => Kind::Unheard,
        }
    }
}

/// What somebody else does to the target of a single step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Deed {
    /// Makes it as wanted, or a refresh go on.
    Does,
    /// Begins what looks like ours, and could end it.
    Begins,
    /// Changes it back, or starts another refresh.
    Undoes,
    /// Makes what is wanted impossible.
    Ends,
}

/// What an edit of the object changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Edit {
    Mode,
    Label,
}

pub(super) const REFUSED: Code = Code(30);

const SLIPS: &[Slip] = &[
    Slip::AnswerLost,
    Slip::RequestLost,
    Slip::Late,
    Slip::Slow,
    Slip::Refused(Verdict::Retry),
    Slip::Refused(Verdict::Verify(REFUSED)),
    Slip::Refused(Verdict::Blocked(REFUSED)),
    Slip::Refused(Verdict::Terminal),
    Slip::Unlisted(false),
    Slip::Unlisted(true),
    Slip::NotSent,
    Slip::Withheld,
];

const OF_READINGS: &[Slip] = &[
    Slip::Misread,
    Slip::Shared,
    Slip::Reached(Evidence::Absence(Witness {
        seen: false,
        ..Witness::FULL
    })),
    Slip::Reached(Evidence::Absence(Witness {
        compared: false,
        ..Witness::FULL
    })),
    Slip::Reached(Evidence::Absence(NOT_UNDERSTOOD)),
    Slip::Reached(Evidence::Nothing { understood: false }),
    Slip::Reached(NOTHING),
    Slip::Lost,
];

/// It is understood, and says nothing of a call that may have acted.
pub(super) const NOTHING: Evidence = Evidence::Nothing { understood: true };
pub(super) const NOT_UNDERSTOOD: Witness = Witness {
    understood: false,
    ..Witness::FULL
};

impl Scenario {
    /// How this effect may fail.
    pub(super) fn slips(&self, world: &World, p: usize, o: usize, actions: &mut Vec<Action>) {
        let session = &world.processes[p].sessions[o];
        let slips: &[Slip] = match session.todo {
            // Its signature comes first, and the same process checks it.
            Some(Effect::Send(_)) if session.signed.is_none() => &[],
            Some(Effect::Send(_)) => SLIPS,
            Some(Effect::Observe) if world.mode != CloudMode::Normal => &[],
            Some(Effect::Observe) => OF_READINGS,
            Some(Effect::Read | Effect::Recall) => &[Slip::Undone],
            _ => &[Slip::Unheard, Slip::Undone],
        };
        for slip in slips.iter().filter(|slip| world.has_left(slip.kind())) {
            let possible = match slip {
                Slip::Misread | Slip::Shared => self.can_misread(world, p, o, *slip),
                Slip::Reached(NOTHING) => session.state.may_have_acted(),
                _ => true,
            };
            if possible {
                actions.push(Action::Slip(p, o, *slip));
            }
        }
    }

    /// What may happen outside of the processes.
    pub(super) fn events(&self, world: &World, actions: &mut Vec<Action>) {
        if world.has_left(Kind::Foreign) {
            let deeds = [Deed::Does, Deed::Begins, Deed::Undoes, Deed::Ends];
            let deeds = deeds.into_iter().filter(|deed| self.can_do(world, *deed));
            actions.extend(deeds.map(Action::Foreign));
        }
        for (p, process) in world.processes.iter().enumerate() {
            if world.has_left(Kind::Clock) && world.leads(p) {
                let offsets = [-self.offset, 0, self.offset].into_iter();
                let others = offsets.filter(|offset| *offset != process.offset);
                actions.extend(others.map(|offset| Action::Clock(p, offset)));
            }
        }
        for (o, living) in world.objects.iter().enumerate() {
            self.events_of(world, o, living, actions);
        }
        if world.objects.iter().any(|o| !o.gone && !o.has_ended()) {
            let modes = match world.mode {
                CloudMode::Normal => self.cloud_modes(),
                _ => &[CloudMode::Normal],
            };
            let may = |mode: &&CloudMode| world.has_left(kind_of(world.mode, **mode));
            actions.extend(
                modes
                    .iter()
                    .filter(may)
                    .map(|mode| Action::CloudBecomes(*mode)),
            );
        }
    }

    fn events_of(&self, world: &World, o: usize, living: &Living, actions: &mut Vec<Action>) {
        if living.gone {
            actions.extend([1, 2].map(|key| Action::Create(o, key)));
            return;
        }
        let has = |kind| world.has_left(kind);
        let first = living.object.uid < RIVAL.uid;
        if has(Kind::Delete) && first {
            actions.push(Action::Delete(o));
        }
        if has(Kind::Restore) && first && self.ledger() {
            actions.push(Action::Restore(o));
        }
        if has(Kind::Suspend) {
            actions.push(Action::Suspend(o));
        }
        if has(Kind::Wipe) && living.report.is_some() {
            actions.push(Action::Wipe(o));
        }
        if has(Kind::Edit) {
            actions.push(Action::Edit(o, Edit::Mode));
            // Before it is asked about, the label is all that tells (assumption 6).
            if living.stored.restored && living.stored.hold.is_some() {
                actions.push(Action::Edit(o, Edit::Label));
            }
        }
        if has(Kind::Change) {
            let all = [Wanted::Completed, Wanted::Paused, Wanted::Cancelled];
            let others = all.into_iter().filter(|wanted| *wanted != living.wanted);
            actions.extend(others.map(|wanted| Action::Want(o, wanted)));
        }
        if let (Some(question), true) = (living.stored.hold, has(Kind::Decision)) {
            let answered = living.stored.wish.decision.map(|(id, _)| id);
            if answered != Some(question.id) {
                let choices = offers(question.hold).into_iter();
                actions.extend(choices.map(|choice| Action::Decide(o, choice)));
            }
        }
        for (p, process) in world.processes.iter().enumerate() {
            let lags = process.sessions[o].cache.is_some();
            if has(Kind::StaleCache) && world.leads(p) && !lags {
                actions.push(Action::Freeze(p, o));
            }
        }
    }

    /// Something of that sort happens.
    pub(super) fn happen(&self, world: &mut World, action: Action) {
        match action {
            Action::Clock(p, offset) => {
                world.spend(Kind::Clock);
                world.processes[p].offset = offset;
            }
            Action::Freeze(p, o) => {
                world.spend(Kind::StaleCache);
                let copy = world.objects[o].clone();
                world.processes[p].sessions[o].cache = Some(Box::new(copy));
            }
            Action::Delete(o) => {
                world.spend(Kind::Delete);
                let wish = world.objects[o].stored.wish;
                let old = &mut world.objects[o];
                *old = Living::new(old.object, old.wanted, fresh(wish));
                old.gone = true;
                world.touch(o);
            }
            Action::Create(o, key) => {
                let old = &mut world.objects[o];
                let uid = old.object.uid + 1;
                let fresh = fresh(self.wish());
                *old = Living::new(Object { uid, key }, old.wanted, fresh);
                world.touch(o);
            }
            Action::Restore(o) => {
                world.spend(Kind::Restore);
                let l = self.ledger_of(world, o);
                world.ledgers[l] = Ledger::default();
                world.touch_ledger(l);
                if self.violates(13) {
                    // Somebody deleted it, and that was all.
                    return;
                }
                let old = &mut world.objects[o];
                let object = Object {
                    uid: old.object.uid + 1,
                    ..old.object
                };
                let mut fresh = fresh(self.wish());
                fresh.restored = !self.violates(6);
                *old = Living::new(object, old.wanted, fresh);
                world.touch(o);
            }
            Action::Suspend(o) => {
                world.spend(Kind::Suspend);
                world.objects[o].stored.wish.suspended ^= true;
                world.touch(o);
            }
            Action::Wipe(o) => {
                world.spend(Kind::Wipe);
                let old = &mut world.objects[o];
                let wish = old.stored.wish;
                let (restored, was_reached) = (old.stored.restored, old.was_reached);
                *old = Living::new(old.object, old.wanted, fresh(wish));
                old.stored.restored = restored;
                old.was_reached = was_reached;
                world.touch(o);
            }
            Action::CloudBecomes(mode) => {
                world.spend(kind_of(world.mode, mode));
                world.mode = mode;
            }
            Action::Edit(o, edit) => {
                world.spend(Kind::Edit);
                let stored = &mut world.objects[o].stored;
                match edit {
                    Edit::Mode => stored.wish.execute ^= true,
                    Edit::Label => stored.restored = false,
                }
                world.touch(o);
            }
            Action::Decide(o, decision) => self.decide(world, o, decision),
            Action::Want(o, wanted) => {
                world.spend(Kind::Change);
                world.objects[o].wanted = wanted;
                world.objects[o].stored.ended = false;
                world.touch(o);
            }
            _ => unreachable!("{action:?} is no event"),
        }
    }

    /// A person answers, and leaves the answer in the spec.
    fn decide(&self, world: &mut World, o: usize, decision: Decision) {
        world.spend(Kind::Decision);
        let living = &mut world.objects[o];
        let question = living.stored.hold.expect("a question");
        living.stored.wish.decision = Some((question.id, decision));
        // What a person ends leaves the way free for another operation.
        world.approvals += u8::from(decision != Decision::LookAgain);
        let again = matches!(decision, Decision::SendAgain | Decision::OfKind(_));
        world.again[usize::from(living.object.key)] += u8::from(again);
        world.touch(o);
    }
}

/// The kind of fault that such a turn is.
fn kind_of(before: CloudMode, after: CloudMode) -> Kind {
    match [before, after].contains(&CloudMode::Unclear) {
        true => Kind::Unclear,
        false => Kind::Obstacle,
    }
}

/// An object as it is applied.
pub(super) fn fresh(wish: Wish) -> Stored {
    Stored {
        steps: vec![],
        ended: false,
        restored: false,
        seen: false,
        hold: None,
        wish,
        deadline: None,
        refused: false,
    }
}
