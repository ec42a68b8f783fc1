//! Deliberate mistakes, each with the property that it breaks.

use super::faults::{Kind, budget};
use super::pairs::{check, say};
use super::properties::*;
use super::*;
use stateright::{Checker, HasDiscoveries};

/// A mistake, the model and the faults that show it, and what it breaks.
pub(super) struct Bite {
    mutant: Mutant,
    family: Family,
    objects: usize,
    faults: &'static [(Kind, u8)],
    pub(super) breaks: &'static str,
}

const fn bite(
    mutant: Mutant,
    family: Family,
    faults: &'static [(Kind, u8)],
    breaks: &'static str,
) -> Bite {
    Bite {
        mutant,
        family,
        objects: 1,
        faults,
        breaks,
    }
}

pub(super) const LATE: (Kind, u8) = (Kind::Late, 1);
pub(super) const CRASH: (Kind, u8) = (Kind::Crash, 1);
pub(super) const DELETE: (Kind, u8) = (Kind::Delete, 1);
const DECISION: (Kind, u8) = (Kind::Decision, 1);
const LOST: (Kind, u8) = (Kind::RequestLost, 1);
const OBSTACLE: (Kind, u8) = (Kind::Obstacle, 1);

pub(super) const BITES: &[Bite] = &[
    bite(Mutant::NoPrecondition, PROVABLE, &[(Kind::Theft, 2)], FINAL),
    bite(Mutant::SendWithoutIntent, NATURAL, &[], RECORD),
    bite(Mutant::SignAgain, PROVABLE, &[(Kind::Pause, 1)], NOT_TWICE),
    bite(Mutant::SettleShort, PROVABLE, &[LATE], NOT_TWICE),
    bite(Mutant::SettleShort, NEVER, &[LATE], SETTLED),
    bite(
        Mutant::SettleWithoutLease,
        PROVABLE,
        &[(Kind::Theft, 1), (Kind::Pause, 1), LATE],
        NOT_TWICE,
    ),
    bite(
        Mutant::SettleWithoutMargin,
        PROVABLE,
        &[(Kind::Clock, 1), LATE],
        NOT_TWICE,
    ),
    bite(Mutant::SettleWithoutTimeout, PROVABLE, &[LATE], NOT_TWICE),
    bite(
        Mutant::RemoteClock,
        PROVABLE,
        &[(Kind::Clock, 2), LATE, CRASH],
        NOT_TWICE,
    ),
    bite(
        Mutant::StaleListAsProof,
        PROVABLE,
        &[LATE, (Kind::SharedReading, 2)],
        NOT_TWICE,
    ),
    bite(
        Mutant::AbsenceOnce,
        Family::Absence,
        &[(Kind::Misreading, 1)],
        UNSEEN,
    ),
    bite(
        Mutant::RefusalsProve,
        PROVABLE,
        &[(Kind::Unlisted, 2), (Kind::Misreading, 2)],
        NOT_TWICE,
    ),
    bite(
        Mutant::TokenForever,
        TOKEN,
        &[
            (Kind::AnswerLost, 1),
            (Kind::Suspend, 2),
            (Kind::Misreading, 1),
        ],
        NOT_TWICE,
    ),
    bite(
        Mutant::ApprovalTwice,
        NEVER,
        &[(Kind::RequestLost, 2), DECISION],
        AS_DECIDED,
    ),
    bite(Mutant::CacheSends, NEVER, &[(Kind::Refusal, 1)], FRESH),
    bite(Mutant::AnswerForgotten, NEVER, &[(Kind::Slow, 1)], UNASKED),
    bite(
        Mutant::NeverAsProvable,
        NEVER,
        &[(Kind::RequestLost, 1)],
        AS_DECIDED,
    ),
    bite(Mutant::NeverAsNatural, NEVER, &[LATE], NOT_TWICE),
    bite(
        Mutant::FailedAtTimeout,
        NEVER,
        &[(Kind::Slow, 1)],
        IN_FLIGHT,
    ),
    bite(
        Mutant::AcceptedIsSuccess,
        NATURAL,
        &[(Kind::Slow, 1)],
        UNSEEN,
    ),
    bite(Mutant::NoClaim, NEVER, &[LATE, DELETE], NOT_TWICE),
    Bite {
        objects: 2,
        ..bite(Mutant::ClaimBlind, NEVER, &[], NOT_TWICE)
    },
    bite(
        Mutant::WipedAsNew,
        NEVER,
        &[LATE, (Kind::Wipe, 1)],
        NOT_TWICE,
    ),
    bite(Mutant::OrphanAsFree, NEVER, &[LATE, DELETE], NOT_TWICE),
    bite(
        Mutant::SpentAsFree,
        NEVER,
        &[(Kind::Foreign, 1), DELETE],
        AS_DECIDED,
    ),
    bite(
        Mutant::ContraryIgnored,
        REFRESH,
        &[LATE, (Kind::Change, 1)],
        UNDONE,
    ),
    bite(
        Mutant::AnyAbsence,
        Family::Absence,
        &[(Kind::Unwitnessed, 2)],
        UNSEEN,
    ),
    bite(
        Mutant::UnclearIsNo,
        NATURAL,
        &[(Kind::Unclear, 1)],
        UNDERSTOOD,
    ),
    bite(
        Mutant::DecisionNeedsLook,
        NEVER,
        &[LOST, OBSTACLE, DECISION],
        TAKEN,
    ),
    bite(
        Mutant::DecisionLost,
        NEVER,
        &[LOST, OBSTACLE, DECISION],
        TAKEN,
    ),
    bite(
        Mutant::QuestionStays,
        NEVER,
        &[(Kind::AnswerLost, 1), (Kind::Unclear, 2)],
        PREMISE,
    ),
    bite(
        Mutant::LookAgainKept,
        NATURAL,
        &[(Kind::Slow, 1), OBSTACLE, DECISION],
        TAKEN,
    ),
    bite(
        Mutant::OlderForNew,
        NATURAL,
        &[(Kind::Foreign, 2), (Kind::SharedReading, 1)],
        UNSEEN,
    ),
    bite(
        Mutant::EditEnds,
        NEVER,
        &[LATE, (Kind::Restore, 1), (Kind::Edit, 1)],
        NOT_TWICE,
    ),
    bite(
        Mutant::NothingProves,
        Family::Absence,
        &[LOST, (Kind::Unwitnessed, 2)],
        UNSEEN,
    ),
    bite(
        Mutant::UnclearWaits,
        NEVER,
        &[LOST, (Kind::Unclear, 1)],
        RESTS,
    ),
    bite(
        Mutant::AnyAbsence,
        Family::Absence,
        &[(Kind::Unwitnessed, 2)],
        UNDERSTOOD,
    ),
    bite(
        Mutant::UnclearWithdraws,
        REFRESH,
        &[(Kind::Unclear, 1)],
        UNDERSTOOD,
    ),
    bite(Mutant::SkewIgnored, NATURAL, &[OBSTACLE], CLOCK),
    bite(Mutant::PlanActs, NEVER, &[(Kind::Edit, 1)], PLAN),
    bite(Mutant::NoWake, NATURAL, &[LATE], RESTS),
    bite(
        Mutant::ResumeForgotten,
        REFRESH,
        &[(Kind::Slow, 1), (Kind::Change, 1), DECISION],
        UNDONE,
    ),
];

impl Scenario {
    /// The length of a counterexample, if the property does not hold.
    pub(super) fn counterexample(&self, property: &'static str) -> Option<usize> {
        let until = HasDiscoveries::AnyOf([property].into());
        let path = check(self, until).discovery(property)?;
        Some(path.into_actions().len())
    }
}

#[test]
fn every_mutant_is_caught_where_it_belongs() {
    for bite in BITES {
        let mut scenario = Scenario::new(bite.family, budget(bite.faults));
        scenario.objects = bite.objects;
        let sound = scenario.counterexample(bite.breaks);
        assert_eq!(
            sound, None,
            "{:?} is broken without {:?}",
            bite.breaks, bite.mutant
        );
        let (mutant, breaks) = (bite.mutant, bite.breaks);
        (scenario.rests, scenario.takes) = (Arc::default(), Arc::default());
        scenario.mutant = Some(mutant);
        let length = scenario.counterexample(breaks);
        let length = length.unwrap_or_else(|| panic!("{mutant:?} does not break {breaks:?}"));
        say(&format!(
            "mutant {mutant:?} breaks {breaks:?} in {length} actions"
        ));
    }
}

/// A resume is provable, as it may not be made twice for one pause.
#[test]
fn a_resume_taken_for_natural_is_caught() {
    let faults = budget(&[LATE, DECISION]);
    let resume = |resume| Scenario::new(Family::Refresh { resume }, faults);
    assert_eq!(resume(Class::Provable).counterexample(NOT_TWICE), None);
    let length = resume(Class::Natural).counterexample(NOT_TWICE);
    let length = length.expect("a natural resume goes on twice");
    say(&format!(
        "mutant ResumeAsNatural breaks {NOT_TWICE:?} in {length} actions"
    ));
}

#[test]
fn every_mutant_has_a_property_that_catches_it() {
    for mutant in Mutant::ALL {
        let caught = BITES.iter().any(|bite| bite.mutant == *mutant);
        assert!(caught, "nothing catches {mutant:?}");
    }
}
