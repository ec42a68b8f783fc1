//! What must hold in every state. The page `docs/assumptions.md` has the same
//! names, with their exceptions.

use super::refresh::{Call, PAUSED, Wanted};
use super::single::Stage;
use super::world::*;
use super::{Family, NEVER, Scenario};
use errand_engine::*;

pub(super) type Holds = fn(&Scenario, &World) -> bool;

pub(super) const ALL: &[(&str, Holds)] = &[
    (NOT_TWICE, no_effect_twice),
    (AS_DECIDED, sent_again_only_as_decided),
    (UNSEEN, |_, world| !world.marks.unseen),
    (IN_FLIGHT, failed_means_nothing_in_flight),
    (DENIED, no_effect_is_denied),
    (FOREIGN, |_, world| !world.marks.trespass),
    (RECORD, |_, world| !world.marks.unrecorded),
    (FRESH, |_, world| !world.marks.sent_blind),
    (FINAL, |_, world| !world.marks.reopened),
    (UNDONE, no_success_is_undone),
    (SETTLED, asks_only_when_no_call_can_arrive),
    (UNASKED, nobody_is_asked_without_need),
    (TAKEN, Scenario::decisions_are_taken),
    (PREMISE, |_, world| !world.marks.moot),
    (UNDERSTOOD, |_, world| !world.marks.concluded_unclear),
    (PLAN, |_, world| !world.marks.plan_acted),
    (CLOCK, |_, world| !world.marks.missed_early),
    (RESTS, Scenario::rests),
];

pub(super) const NOT_TWICE: &str = "no effect twice";
pub(super) const AS_DECIDED: &str = "sent again only as decided";
pub(super) const UNSEEN: &str = "no success unseen";
pub(super) const IN_FLIGHT: &str = "failed means nothing in flight";
pub(super) const DENIED: &str = "no effect is denied";
pub(super) const FOREIGN: &str = "a foreign target is untouched";
pub(super) const RECORD: &str = "no call without a record";
pub(super) const FRESH: &str = "no call from a cache alone";
pub(super) const FINAL: &str = "an outcome is final";
pub(super) const UNDONE: &str = "no success is undone by us";
pub(super) const SETTLED: &str = "nobody is asked while a call can arrive";
pub(super) const UNASKED: &str = "nobody is asked without need";
pub(super) const TAKEN: &str = "an offered decision is taken";
pub(super) const PREMISE: &str = "no question without its premise";
pub(super) const UNDERSTOOD: &str = "nothing is concluded from what is not understood";
pub(super) const PLAN: &str = "a plan sends nothing";
pub(super) const CLOCK: &str = "no window is missed by a wrong clock";
pub(super) const RESTS: &str = "rests";

/// What a status write says of itself.
pub(super) fn note_report(
    world: &mut World,
    p: usize,
    o: usize,
    before: &(Stored, Option<Report>),
) {
    let report = world.objects[o].report;
    let changed = before.1 != report;
    let saw = world.processes[p].sessions[o].saw;
    world.marks.reopened |= before.0.ended && changed;
    if let Some(Report::Ended(End::Succeeded(how))) = report {
        world.marks.unseen |= changed && !saw && how != How::Assumed;
    }
}

/// What a status write concludes, and what it makes of questions and decisions.
pub(super) fn note_change(
    world: &mut World,
    p: usize,
    o: usize,
    margin: i64,
    before: &Stored,
    (intent, change): (Option<Step>, Change),
) {
    let session = &world.processes[p].sessions[o];
    let state = &session.state;
    let ends = matches!(change.report, Report::Ended(_));
    let concludes = match change.report {
        Report::Ended(End::GivenUp | End::Succeeded(How::Assumed)) => false,
        Report::Ended(_) => true,
        _ => {
            let by_reading = |hold: Hold| hold.is_of_the_kind() || hold == Hold::ProofTimeout;
            intent.is_some() || state.withdrawn().is_some_and(by_reading)
        }
    };
    world.marks.concluded_unclear |= session.unclear && concludes;
    let over = before.wish.not_after.is_some_and(|at| at.0 <= margin);
    world.marks.missed_early |= change.report == Report::Ended(End::WindowMissed) && !over;
    world.marks.plan_acted |= intent.is_some() && !before.wish.execute;
    if let (Some(question), Some((id, decision)), None) =
        (before.hold, before.wish.decision, state.withdrawn())
        && id == question.id
        && change.handled == Some(id)
    {
        let done = match decision {
            Decision::LookAgain => true,
            Decision::GiveUp | Decision::AssumeDone => ends || question.hold == Hold::OrphanUnknown,
            Decision::SendAgain | Decision::OfKind(_) => ends || intent.is_some(),
        };
        world.marks.unused |= !done;
    }
    if let (Some(question), true) = (
        world.objects[o].stored.hold,
        state.judged() && !session.unclear,
    ) {
        let answered = |answer: fn(&Step) -> bool| state.steps().any(|step| answer(&step));
        let applies = match question.hold {
            Hold::AnswerUnknown => answered(Step::is_open),
            Hold::ProofTimeout => answered(|step| step.answer == Some(Answer::Accepted)),
            Hold::OrphanUnknown => matches!(state.record(), Record::Orphan(..)),
            Hold::NoRecord => state.record() == Record::Free && !answered(|_| true),
            Hold::LedgerConflict => !matches!(state.record(), Record::Ours(_) | Record::Closed),
            Hold::OfKind(_) => session.asking,
        };
        world.marks.moot |= !applies;
    }
}

fn no_effect_twice(scenario: &Scenario, world: &World) -> bool {
    match &world.cloud {
        Cloud::Single(_) if !scenario.ledger() => true,
        Cloud::Single(cloud) => {
            let all: u8 = cloud.effects.iter().sum();
            // What somebody changed back before it was seen may be proven absent.
            let undone = match scenario.family {
                NEVER => 0,
                _ => cloud.undone,
            };
            let most = 1 + world.approvals + undone;
            let each = cloud.effects.iter().all(|n| *n <= most);
            each && all <= 1 + world.approvals + cloud.undone
        }
        Cloud::Refresh(cloud) => cloud.resumed <= world.again.iter().sum::<u8>(),
    }
}

fn sent_again_only_as_decided(scenario: &Scenario, world: &World) -> bool {
    let known = world.sends.iter().zip(world.again);
    scenario.family != NEVER || known.into_iter().all(|(sends, again)| *sends <= 1 + again)
}

/// A call of that object may yet take effect.
fn in_flight(world: &World, object: Object, what: impl Fn(&Late) -> bool) -> bool {
    let mut late = world.late.iter();
    late.any(|late| late.object == object && what(late))
}

fn failed_means_nothing_in_flight(scenario: &Scenario, world: &World) -> bool {
    let natural = |late: &Late| scenario.plan(late.call).class == Class::Natural;
    if matches!(&world.cloud, Cloud::Single(cloud) if cloud.stage == Stage::Ended) {
        return true;
    }
    world.objects.iter().all(|living| {
        let queued = match living.report {
            Some(Report::Ended(End::GivenUp)) => false,
            Some(Report::Ended(End::Lost(_) | End::Refused | End::WindowMissed)) => true,
            _ => return true,
        };
        let counts = |late: &Late| !natural(late) && (queued || !late.queued);
        !in_flight(world, living.object, counts)
    })
}

fn no_effect_is_denied(scenario: &Scenario, world: &World) -> bool {
    let Cloud::Single(cloud) = &world.cloud else {
        return true;
    };
    // A natural step has no ledger, and what status forgets nobody knows.
    !scenario.ledger()
        || world.objects.iter().all(|living| match living.report {
            Some(Report::Ended(End::Refused | End::WindowMissed)) => {
                cloud.acted & (1 << living.object.uid) == 0
            }
            _ => true,
        })
}

fn no_success_is_undone(scenario: &Scenario, world: &World) -> bool {
    if !matches!(scenario.family, Family::Refresh { .. }) {
        return true;
    }
    let undoes = |late: &Late| matches!(late.call, Call::Cancel | Call::Resume);
    world.objects.iter().all(|living| {
        let paused = living.stored.ended
            && living.wanted == Wanted::Paused
            && matches!(living.report, Some(Report::Ended(End::Succeeded(how))) if how != How::Assumed);
        !paused || !in_flight(world, living.object, undoes)
    })
}

fn asks_only_when_no_call_can_arrive(_: &Scenario, world: &World) -> bool {
    let asks = |report| {
        let unknown = [Hold::AnswerUnknown, Hold::OrphanUnknown];
        unknown.map(Report::Held).contains(&report)
    };
    !world.reports(asks) || world.late.iter().all(|late| late.queued)
}

/// Without a fault nobody is asked, unless the cloud itself waits for a decision;
/// and whether a call took effect only where its answer can be lost.
fn nobody_is_asked_without_need(scenario: &Scenario, world: &World) -> bool {
    let faultless = scenario.most == world.left;
    let asked = |report| matches!(report, Report::Held(hold) if hold != Hold::OfKind(PAUSED));
    let unknown = |report| matches!(report, Report::Held(Hold::AnswerUnknown));
    (!faultless || !world.reports(asked)) && (world.marks.doubt || !world.reports(unknown))
}
