//! What the model takes for granted: each assumption of `docs/assumptions.md` can
//! be taken away (`Scenario::broken`), and then the property that the page names
//! does not hold any more.

use super::faults::{Kind, budget};
use super::mutants::{BITES, CRASH, DELETE, LATE};
use super::pairs::say;
use super::properties::{self, *};
use super::*;

/// An assumption that does not hold, the model and faults that show it, what it
/// breaks, and the test of that.
pub(super) struct Violation {
    number: u8,
    family: Family,
    objects: usize,
    faults: &'static [(Kind, u8)],
    pub(super) breaks: &'static str,
    test: &'static str,
}

macro_rules! violations {
    ($($number:literal $test:ident: $family:expr, $objects:literal, $faults:expr, $breaks:expr;)*) => {
        pub(super) const VIOLATIONS: &[Violation] = &[$(Violation {
            number: $number,
            family: $family,
            objects: $objects,
            faults: &$faults,
            breaks: $breaks,
            test: stringify!($test),
        }),*];

        $(#[test]
        fn $test() {
            let mut all = VIOLATIONS.iter();
            all.find(|violation| violation.test == stringify!($test)).expect("listed").assert_breaks();
        })*
    };
}

violations! {
    1 bytes_that_act_after_their_validity: PROVABLE, 1, [LATE], NOT_TWICE;
    2 bytes_that_are_repeated_on_the_way: NEVER, 1, [], NOT_TWICE;
    3 a_refusal_that_did_act: PROVABLE, 1, [(Kind::Refusal, 1), (Kind::Misreading, 1)], DENIED;
    4 readings_that_go_back: NEVER, 2, [(Kind::Misreading, 1)], NOT_TWICE;
    5 an_acknowledged_write_that_is_lost: NATURAL, 1, [], RECORD;
    6 a_restore_without_a_label: NEVER, 1, [LATE, (Kind::Restore, 1)], NOT_TWICE;
    7 two_clusters_of_one_name: NEVER, 2, [], NOT_TWICE;
    8 an_order_of_a_colleague_taken_for_ours: NEVER, 1, [LATE, (Kind::Foreign, 2)], IN_FLIGHT;
    9 a_clock_that_is_off_by_more: PROVABLE, 1, [LATE, (Kind::Clock, 1)], NOT_TWICE;
    10 a_call_that_acts_on_a_later_refresh: REFRESH, 1, [LATE, (Kind::Foreign, 1)], FOREIGN;
    11 an_instance_that_is_only_hidden: Family::Absence, 1, [(Kind::Misreading, 2)], UNSEEN;
    12 an_order_that_is_only_hidden: Family::Absence, 1, [(Kind::Misreading, 2)], UNSEEN;
    13 a_ledger_that_is_deleted: NEVER, 1, [LATE, DELETE, (Kind::Restore, 1)], NOT_TWICE;
    14 two_readings_that_both_lack_an_effect: PROVABLE, 1, [CRASH, (Kind::Misreading, 4)], NOT_TWICE;
    15 a_token_that_is_forgotten_early: TOKEN, 1, [(Kind::AnswerLost, 1), (Kind::Misreading, 2)], NOT_TWICE;
}

impl Violation {
    fn scenario(&self) -> Scenario {
        let mut scenario = Scenario::new(self.family, budget(self.faults));
        scenario.objects = self.objects;
        scenario
    }

    fn assert_breaks(&self) {
        let (number, breaks) = (self.number, self.breaks);
        let mut sound = self.scenario();
        if self.breaks_by_a_restore() {
            sound.budget[Kind::Restore as usize] = 0;
        }
        let holds = sound.counterexample(breaks).is_none();
        assert!(
            holds,
            "{breaks:?} is broken though assumption {number} holds"
        );
        let mut scenario = self.scenario();
        scenario.broken = Some(number);
        if number == 9 {
            scenario.offset = scenario.rules.settle().0 + 1;
        }
        let length = scenario.counterexample(breaks);
        let length = length.unwrap_or_else(|| panic!("{number} does not break {breaks:?}"));
        say(&format!(
            "violating assumption {number} breaks {breaks:?} in {length} actions"
        ));
    }

    /// The restore itself is what the assumption rules out.
    fn breaks_by_a_restore(&self) -> bool {
        self.number == 13
    }
}

const PAGE: &str = include_str!("../../../../docs/assumptions.md");

/// The rows of the table below that heading, as cells.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, after) = PAGE.split_once(heading).expect("the heading");
    let lines = after.lines().skip_while(|line| !line.starts_with('|'));
    let rows = lines.take_while(|line| line.starts_with('|')).skip(2);
    let cells = |row: &'static str| {
        let row = row.trim_matches('|').split(" | ");
        row.map(|cell| cell.trim().trim_matches('`')).collect()
    };
    rows.map(cells).collect()
}

#[test]
fn the_page_has_the_properties_of_the_model_neither_more_nor_fewer() {
    let page: Vec<_> = table("## What holds").iter().map(|row| row[0]).collect();
    let model: Vec<_> = properties::ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(page, model);
    let steps = format!("within {} steps", liveness::STEPS);
    assert!(PAGE.contains(&steps), "{steps}");
}

#[test]
fn the_page_has_the_assumptions_of_the_model_neither_more_nor_fewer() {
    let page = table("## What is taken for granted");
    let page: Vec<_> = page
        .iter()
        .map(|row| (row[0].to_owned(), row[4].to_owned(), row[5].to_owned()))
        .collect();
    let row = |v: &Violation| (v.number.to_string(), v.breaks.to_owned(), v.test.to_owned());
    let model: Vec<_> = VIOLATIONS.iter().map(row).collect();
    assert_eq!(page, model);
}

#[test]
fn every_property_is_broken_by_a_mutant_or_without_an_assumption() {
    for (name, _) in properties::ALL {
        let mutants = BITES.iter().any(|bite| bite.breaks == *name);
        let violations = VIOLATIONS.iter().any(|violation| violation.breaks == *name);
        assert!(mutants || violations, "nothing breaks {name:?}");
    }
}
