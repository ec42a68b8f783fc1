//! The model's shell: carries out the effects of the engine, as the real one
//! does, and gives the events back.

use super::faults::Slip;
use super::mutant::Mutant;
use super::world::*;
use super::{Scenario, properties, stored};
use errand_engine::*;

/// Another object holds the target.
pub(super) const BUSY: Code = Code(2);
/// That the key was executed before.
pub(super) const SPENT: Code = Code(9);

const LOCKED: Trouble = Trouble {
    code: BUSY,
    blocked: false,
    quiet: 0,
    pause: None,
    refused: false,
};
/// What cannot be read, or may not be called, now.
pub(super) const AWAY: Code = Code(6);
const UNREACHABLE: Trouble = Trouble {
    code: AWAY,
    blocked: false,
    quiet: 1,
    pause: None,
    refused: false,
};
const WITHHELD: Trouble = Trouble {
    code: Code(3),
    blocked: false,
    quiet: u32::MAX,
    pause: None,
    refused: false,
};

impl Scenario {
    /// Gives an event to the engine, and what it leads to to the session.
    pub(super) fn advance(&self, world: &mut World, p: usize, o: usize, event: Event) {
        let now = world.clock(p);
        let session = &mut world.processes[p].sessions[o];
        let (state, effects) = self.step(session.state.clone(), event);
        session.state = state;
        for effect in effects {
            match effect {
                Effect::Announce(_) => {}
                Effect::Rest(_) if self.makes(Mutant::NoWake) => session.due = i64::MAX,
                Effect::Rest(wake) => session.due = wake.map_or(i64::MAX, |span| span.0),
                // Touches nothing that another process could see.
                Effect::Permit(_) => {
                    let event = match world.mode {
                        CloudMode::NoCalls | CloudMode::Skewed => {
                            Event::Forbidden(now, UNREACHABLE)
                        }
                        _ => Event::Permitted(now),
                    };
                    return self.advance(world, p, o, event);
                }
                other => session.todo = Some(other),
            }
        }
    }

    pub(super) fn wake(&self, world: &mut World, p: usize, o: usize) {
        let now = world.clock(p);
        let writer = world.processes[p].sessions[o].state.writer();
        let session = &mut world.processes[p].sessions[o];
        let cached = session.cache.take();
        session.fresh = cached.is_none();
        session.confirmed = false;
        let living = cached.map_or_else(|| world.objects[o].clone(), |cached| *cached);
        if session.object != living.object || living.gone {
            if session.state.has_loose_ends() {
                session.fresh = false;
                return self.advance(world, p, o, Event::Gone);
            }
            session.state = State::new(writer);
            session.object = living.object;
        }
        if living.gone {
            session.due = i64::MAX;
            return;
        }
        session.wanted = living.wanted;
        self.advance(world, p, o, Event::Woken(now, living.stored));
    }

    pub(super) fn run(&self, world: &mut World, p: usize, o: usize, slip: Option<Slip>) {
        let now = world.clock(p);
        let session = &mut world.processes[p].sessions[o];
        match session.todo.take().expect("something to do") {
            Effect::Read if slip.is_some() => self.advance(world, p, o, Event::NoReply(now)),
            Effect::Read => {
                let living = world.objects[o].clone();
                session.fresh = session.object == living.object && !living.gone;
                session.confirmed = session.fresh;
                let event = match session.fresh {
                    true => {
                        session.wanted = living.wanted;
                        Event::Woken(now, living.stored)
                    }
                    false => Event::Gone,
                };
                self.advance(world, p, o, event);
            }
            Effect::Observe if world.mode == CloudMode::Unreachable => {
                self.advance(world, p, o, Event::Unobserved(now, UNREACHABLE));
            }
            Effect::Observe => {
                let view = self.look(world, p, o, slip);
                self.advance(world, p, o, Event::Observed(now, view));
            }
            Effect::Recall => {
                let event = match slip {
                    Some(_) => Event::Unobserved(now, UNREACHABLE),
                    None => Event::Recalled(now, self.record(world, p, o)),
                };
                self.advance(world, p, o, event);
            }
            Effect::Claim(step) => self.claim(world, p, o, step, slip),
            Effect::Close(step, closing) => self.close(world, p, o, step, closing, slip),
            Effect::Intend(step, change) => self.write(world, p, o, Some(step), change, slip),
            Effect::Store(change) => self.write(world, p, o, None, change, slip),
            Effect::Send(number) => self.send(world, p, o, number, slip),
            other => unreachable!("{other:?} is carried out by advance"),
        }
    }

    pub(super) fn ledger_of(&self, world: &World, o: usize) -> usize {
        o.min(world.ledgers.len() - 1)
    }

    /// Reads the ledger.
    pub(super) fn record(&self, world: &mut World, p: usize, o: usize) -> Record {
        if !self.ledger() {
            return Record::None;
        }
        let ledger = &world.ledgers[self.ledger_of(world, o)];
        let me = world.processes[p].sessions[o].object;
        let claimed = ledger.open.map(|claim| claim.object);
        let locked = claimed.is_some_and(|object| object != me && world.lives(object));
        let record = match ledger.open {
            Some(claim) if claim.object == me => Record::Ours(claim.step),
            // The claim would tell that another one is there.
            Some(_) if locked => Record::Free,
            Some(claim) if claim.object.key == me.key => Record::Ours(claim.step),
            Some(claim) => Record::Orphan(claim.step, Pin(u64::from(claim.object.uid) + 1)),
            None => {
                let mut closed = ledger.closed.iter();
                let mut steps = world.objects[o].stored.steps.iter();
                let acted = steps.any(Step::may_have_acted);
                match closed.find(|closed| closed.key == me.key) {
                    Some(closed) if *closed == me && acted => Record::Closed,
                    Some(_) => Record::Spent(SPENT),
                    None => Record::Free,
                }
            }
        };
        let session = &mut world.processes[p].sessions[o];
        session.locked = locked;
        session.ledger_fresh = true;
        record
    }

    fn claim(&self, world: &mut World, p: usize, o: usize, step: Step, slip: Option<Slip>) {
        let now = world.clock(p);
        let l = self.ledger_of(world, o);
        let session = &world.processes[p].sessions[o];
        let blind = self.makes(Mutant::ClaimBlind);
        let known = session.state.object().expect("a session");
        let plans = !known.wish.execute;
        world.marks.plan_acted |= plans;
        let session = &world.processes[p].sessions[o];
        let event = if slip == Some(Slip::Undone) {
            Event::NoReply(now)
        } else if !session.ledger_fresh && !blind {
            Event::Conflict
        } else if session.locked && !blind {
            Event::Forbidden(now, LOCKED)
        } else {
            let object = session.object;
            world.ledgers[l].open = Some(Claim { object, step });
            world.touch_ledger(l);
            let session = &mut world.processes[p].sessions[o];
            session.ledger_fresh = slip.is_none();
            match slip {
                Some(_) => Event::NoReply(now),
                None => Event::Permitted(now),
            }
        };
        self.advance(world, p, o, event);
    }

    fn close(
        &self,
        world: &mut World,
        p: usize,
        o: usize,
        step: Step,
        closing: Closing,
        slip: Option<Slip>,
    ) {
        let now = world.clock(p);
        let l = self.ledger_of(world, o);
        let ledger = &mut world.ledgers[l];
        let claim = ledger.open.filter(|c| c.step.intent() == step.intent());
        let event = match claim {
            _ if slip == Some(Slip::Undone) => Event::NoReply(now),
            None => Event::Conflict,
            Some(claim) => {
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
                world.touch_ledger(l);
                world.processes[p].sessions[o].ledger_fresh = slip.is_none();
                match slip {
                    Some(_) => Event::NoReply(now),
                    None => Event::Written(now, true),
                }
            }
        };
        self.advance(world, p, o, event);
    }

    fn write(
        &self,
        world: &mut World,
        p: usize,
        o: usize,
        intent: Option<Step>,
        change: Change,
        slip: Option<Slip>,
    ) {
        let now = world.clock(p);
        let session = &mut world.processes[p].sessions[o];
        let living = &mut world.objects[o];
        session.recorded &= intent.is_none();
        let guarded = !self.makes(Mutant::NoPrecondition);
        if slip == Some(Slip::Undone) {
            return self.advance(world, p, o, Event::NoReply(now));
        }
        let stale = guarded && !session.fresh;
        if session.object != living.object || living.gone || stale {
            return self.advance(world, p, o, Event::Conflict);
        }
        if intent.is_some() && self.violates(5) {
            // Acknowledged, and lost.
            return self.advance(world, p, o, Event::Written(now, true));
        }
        let before = (living.stored.clone(), living.report);
        let in_the_way = std::mem::replace(&mut living.in_the_way, change.in_the_way);
        let decided = living.stored.wish.decision;
        let question = decided.map_or(0, |(id, _)| id) + 1;
        stored::apply(&mut living.stored, intent, change, question);
        living.stored.seen |= session.state.judged();
        living.report = Some(change.report);
        if let Some(step) = intent {
            let pin = session.pin;
            living.pins.truncate(step.number as usize - 1);
            living.pins.push(pin);
        }
        properties::note_report(world, p, o, &before);
        properties::note_change(world, p, o, self.offset, &before.0, (intent, change));
        let living = &world.objects[o];
        // As the shell does: no write where nothing changes.
        let same = before == (living.stored.clone(), living.report);
        if !same || in_the_way != living.in_the_way {
            world.touch(o);
        }
        let session = &mut world.processes[p].sessions[o];
        session.fresh = slip.is_none();
        session.confirmed |= session.fresh;
        match slip {
            Some(_) => self.advance(world, p, o, Event::NoReply(now)),
            None => self.advance(world, p, o, Event::Written(now, true)),
        }
    }

    /// First the signature and, with the newest knowledge of this process, the
    /// check; then the bytes leave, maybe much later.
    fn send(&self, world: &mut World, p: usize, o: usize, number: u32, slip: Option<Slip>) {
        let now = world.clock(p);
        let leads = world.leads(p);
        // What the cloud tells of clocks that differ is taken into account.
        let today = world.processes[p].offset;
        let session = &mut world.processes[p].sessions[o];
        let step = *session.state.intent().expect("only an intent is sent");
        let Some(date) = session.signed.take() else {
            // The wish of an object that is gone stands in a cache at best.
            let living = &world.objects[o];
            let known = session.cache.as_deref().unwrap_or(living);
            let checked = may_send(
                &step,
                session.state.writer(),
                now,
                leads,
                &known.stored.wish,
            );
            if !checked || session.wanted != known.wanted {
                return self.advance(world, p, o, Event::Unsent(now, WITHHELD));
            }
            session.signed = Some(today);
            session.todo = Some(Effect::Send(number));
            return;
        };
        let date = match self.makes(Mutant::SignAgain) {
            true => today,
            false => date,
        };
        let (recorded, confirmed) = (session.recorded, session.confirmed);
        let object = session.object;
        if matches!(slip, Some(Slip::Withheld)) {
            return self.advance(world, p, o, Event::Unsent(now, WITHHELD));
        }
        if matches!(slip, Some(Slip::NotSent)) {
            return self.advance(world, p, o, Event::Answered(now, Answer::NotSent));
        }
        world.marks.unrecorded |= !recorded;
        world.marks.sent_blind |= !confirmed;
        let answer = self.arrives(world, p, o, step, date, slip);
        // What is refused may be made again.
        let counts = !matches!(answer, Answer::Refused(_));
        world.sends[usize::from(object.key)] += u8::from(counts);
        self.advance(world, p, o, Event::Answered(now, answer));
    }

    /// The bytes are under way.
    fn arrives(
        &self,
        world: &mut World,
        p: usize,
        o: usize,
        step: Step,
        date: i64,
        slip: Option<Slip>,
    ) -> Answer {
        let session = &world.processes[p].sessions[o];
        let class = self.plan(self.call(step.key)).class;
        let late = Late {
            object: session.object,
            call: self.call(step.key),
            activity: super::refresh::PINNED,
            date,
            queued: slip == Some(Slip::Slow),
            expires: !matches!(class, Class::Natural | Class::Never),
        };
        if self.expired(&late) {
            return Answer::Refused(Verdict::Retry);
        }
        if self.violates(2) && slip.is_none() {
            world.late(late);
        }
        match slip {
            None => self.act(world, late),
            Some(Slip::AnswerLost) => {
                self.act(world, late);
                Answer::Unknown
            }
            Some(Slip::RequestLost) => Answer::Unknown,
            Some(Slip::Unlisted(acts)) => {
                if acts {
                    self.act(world, late);
                }
                Answer::Unlisted
            }
            Some(Slip::Late) => {
                world.late(late);
                Answer::Unknown
            }
            Some(Slip::Slow) => {
                world.late(late);
                Answer::Accepted
            }
            Some(Slip::Refused(verdict)) => {
                if self.violates(3) {
                    self.act(world, late);
                }
                Answer::Refused(verdict)
            }
            Some(other) => unreachable!("{other:?} is no slip of a send"),
        }
    }

    /// The cloud refuses it, as its signature is too old.
    pub(super) fn expired(&self, late: &Late) -> bool {
        !late.queued && late.date < -self.rules.validity.0 && !self.violates(1)
    }
}
