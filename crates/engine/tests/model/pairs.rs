//! The models, each for every pair of faults, each of the two up to twice.

use super::faults::{Kind, budget};
use super::*;
use stateright::{Checker, HasDiscoveries};
use std::io::Write as _;

/// A model, and what is asked of its pairs.
struct Pairs {
    name: &'static str,
    family: Family,
    objects: usize,
    /// Kinds that mean nothing to it.
    without: &'static [Kind],
    /// Kinds that make two processes work at the same time for long: pairs with one
    /// of these have by far the most states.
    wide: &'static [Kind],
    /// How many of the four faults may happen in one run: with a kind of these, and
    /// with none.
    most: (u8, u8),
    /// Fewer unique states than this mean that the model no longer says much: of
    /// all pairs together, and of the smallest.
    floor: (usize, usize),
    /// What has to be seen to happen.
    occurs: &'static [&'static str],
}

/// Checks a scenario until that is found.
pub(super) fn check(scenario: &Scenario, until: HasDiscoveries) -> impl Checker<Scenario> {
    let checker = scenario.clone().checker().threads(1);
    checker.finish_when(until).spawn_bfs().join()
}

/// No property is broken; gives how many states there are.
fn assert_sound(scenario: &Scenario, name: &str, kinds: &[Kind]) -> usize {
    let checker = check(scenario, HasDiscoveries::AnyFailures);
    let broken = checker.discoveries().into_iter().map(|(property, path)| {
        let actions = path.into_actions();
        format!("{name} with {kinds:?} breaks {property:?}: {actions:?}")
    });
    let broken: Vec<_> = broken.collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    checker.unique_state_count()
}

impl Pairs {
    fn most(&self, pair: [Kind; 2]) -> u8 {
        match pair.iter().any(|kind| self.wide.contains(kind)) {
            true => self.most.0,
            false => self.most.1,
        }
    }

    fn assert_hold(&self) {
        // Those have a model of their own.
        let kinds = Kind::ALL.iter().filter(|kind| **kind != Kind::Unlisted);
        let kinds = kinds.filter(|kind| !self.without.contains(kind));
        let kinds: Vec<Kind> = kinds.copied().collect();
        let occurred = Arc::<occurrences::Occurred>::default();
        let mut found = vec![];
        let (mut longest, mut taken) = (0, 0);
        for (n, first) in kinds.iter().enumerate() {
            for second in &kinds[n + 1..] {
                let pair = [*first, *second];
                let mut scenario = Scenario::new(self.family, budget(&pair.map(|kind| (kind, 2))));
                scenario.objects = self.objects;
                scenario.most = self.most(pair);
                scenario.occurred = Arc::clone(&occurred);
                let states = assert_sound(&scenario, self.name, &pair);
                longest = longest.max(scenario.rests.longest());
                taken = taken.max(scenario.takes.longest());
                found.push((states, pair));
            }
        }
        found.sort_by_key(|(states, _)| *states);
        let all: usize = found.iter().map(|(states, _)| states).sum();
        let (least, most) = (found[0], found[found.len() - 1]);
        say(&format!(
            "model {}: {all} unique states in {} pairs, {} {:?} to {} {:?}; rests within {longest} steps, takes decisions within {taken}",
            self.name,
            found.len(),
            least.0,
            least.1,
            most.0,
            most.1
        ));
        let seen = occurred.names();
        for occurs in self.occurs {
            assert!(seen.contains(occurs), "{occurs:?} never occurs");
        }
        assert!(all >= self.floor.0, "below the floor of {}", self.floor.0);
        assert!(least.0 >= self.floor.1, "{least:?} is below the floor");
    }
}

/// Kinds that an operation of one step without a ledger knows nothing of.
const OF_ORDERS: &[Kind] = &[Kind::Change, Kind::Restore, Kind::Unwitnessed];

#[test]
fn a_natural_step_keeps_every_promise() {
    let pairs = Pairs {
        name: "natural",
        family: NATURAL,
        objects: 1,
        without: OF_ORDERS,
        wide: &[Kind::Pause],
        most: (3, 4),
        floor: (1_500_000, 20),
        occurs: &[
            "succeeds",
            "is already satisfied",
            "is assumed done",
            "is lost",
            "is refused",
            "misses its window",
            "is given up",
            "is suspended",
            "is blocked",
            "is a plan",
            "is unclear",
            "is not reached",
            "waits for the cloud",
            "asks AnswerUnknown",
            "asks ProofTimeout",
            "LookAgain",
            "AssumeDone",
            "GiveUp",
            "takes over",
            "repeats",
        ],
    };
    pairs.assert_hold();
}

#[test]
fn a_natural_step_that_shows_by_absence_keeps_every_promise() {
    let pairs = Pairs {
        name: "absence",
        family: Family::Absence,
        objects: 1,
        without: &[Kind::Change, Kind::Restore],
        wide: &[Kind::Pause],
        most: (3, 4),
        floor: (2_000_000, 18),
        occurs: &["succeeds", "is lost", "is unclear", "takes over", "repeats"],
    };
    pairs.assert_hold();
}

#[test]
fn a_step_with_an_expiring_token_keeps_every_promise() {
    let pairs = Pairs {
        name: "token",
        family: TOKEN,
        objects: 1,
        without: OF_ORDERS,
        wide: &[],
        most: (2, 2),
        floor: (2_100_000, 25),
        occurs: &[
            "succeeds",
            "was executed before",
            "asks OrphanUnknown",
            "asks LedgerConflict",
            "takes over",
            "repeats",
        ],
    };
    pairs.assert_hold();
}

#[test]
fn a_provable_step_keeps_every_promise() {
    let pairs = Pairs {
        name: "provable",
        family: PROVABLE,
        objects: 1,
        without: OF_ORDERS,
        wide: &[Kind::Pause, Kind::Theft],
        most: (2, 4),
        floor: (2_100_000, 20),
        occurs: &[
            "succeeds",
            "was executed before",
            "asks OrphanUnknown",
            "takes over",
            "repeats",
        ],
    };
    pairs.assert_hold();
}

#[test]
fn a_step_that_must_not_repeat_keeps_every_promise() {
    let pairs = Pairs {
        name: "never",
        family: NEVER,
        objects: 1,
        without: &[Kind::Change, Kind::Unwitnessed],
        wide: &[Kind::Pause, Kind::Theft],
        most: (2, 4),
        floor: (3_400_000, 70),
        occurs: &[
            "succeeds",
            "is already satisfied",
            "is assumed done",
            "was executed before",
            "is refused",
            "is given up",
            "is suspended",
            "is blocked",
            "is a plan",
            "is unclear",
            "is not reached",
            "waits for the cloud",
            "asks AnswerUnknown",
            "asks OrphanUnknown",
            "asks ProofTimeout",
            "asks NoRecord",
            "asks LedgerConflict",
            "SendAgain",
            "LookAgain",
            "AssumeDone",
            "GiveUp",
            "takes over",
            "repeats",
        ],
    };
    pairs.assert_hold();
}

#[test]
fn a_claim_of_two_objects_keeps_every_promise() {
    let pairs = Pairs {
        name: "two objects",
        family: NEVER,
        objects: 2,
        without: &[
            Kind::Change,
            Kind::Restore,
            Kind::Theft,
            Kind::Clock,
            Kind::Obstacle,
            Kind::Unwitnessed,
            Kind::Edit,
        ],
        wide: &[],
        most: (2, 2),
        floor: (8_100_000, 1_000),
        occurs: &["succeeds", "is already satisfied", "waits for another"],
    };
    pairs.assert_hold();
}

#[test]
fn a_refresh_of_several_steps_keeps_every_promise() {
    let pairs = Pairs {
        name: "refresh",
        family: REFRESH,
        objects: 1,
        without: &[Kind::Restore, Kind::SharedReading, Kind::Unwitnessed],
        wide: &[],
        most: (2, 2),
        floor: (5_300_000, 400),
        occurs: &[
            "succeeds",
            "is lost",
            "is a plan",
            "is unclear",
            "keeps a decision",
            "asks AnswerUnknown",
            "asks Unreachable",
            "asks Paused",
            "Continue",
            "takes over",
            "stops and cancels",
            "goes on and completes",
        ],
    };
    pairs.assert_hold();
}

/// A pair of faults leads to a question, or gets in the way of a decision, and hardly
/// both. So each other kind comes on top of what leads to a question, and of decisions.
#[test]
fn a_decision_is_taken_whatever_happens_besides() {
    let questions: [(Family, &[Kind]); 4] = [
        (NEVER, &[Kind::RequestLost]),
        (NEVER, &[Kind::RequestLost, Kind::Delete]),
        (NEVER, &[Kind::Restore]),
        (NATURAL, &[Kind::Slow]),
    ];
    let occurred = Arc::<occurrences::Occurred>::default();
    let (mut all, mut taken) = (0, 0);
    for (family, lead) in questions {
        let others = Kind::ALL.iter().copied().filter(|kind| match kind {
            Kind::Decision | Kind::Change | Kind::Unwitnessed | Kind::Unlisted => false,
            // Together these are what assumption 6 rules out.
            Kind::Restore => lead == [Kind::RequestLost],
            Kind::Delete if lead == [Kind::Restore] => false,
            // Far more states than all others.
            Kind::Pause => lead.len() < 2,
            _ => !lead.contains(kind),
        });
        for other in others {
            let mut faults: Vec<_> = lead.iter().map(|kind| (*kind, 1)).collect();
            faults.extend([(Kind::Decision, 1), (other, 1)]);
            let mut scenario = Scenario::new(family, budget(&faults));
            scenario.occurred = Arc::clone(&occurred);
            let kinds: Vec<_> = faults.iter().map(|(kind, _)| *kind).collect();
            all += assert_sound(&scenario, "decisions", &kinds);
            taken = taken.max(scenario.takes.longest());
        }
    }
    say(&format!(
        "model decisions: {all} unique states; takes decisions within {taken} steps"
    ));
    let seen = occurred.names();
    for occurs in [
        "keeps a decision",
        "asks NoRecord",
        "asks OrphanUnknown",
        "asks ProofTimeout",
        "SendAgain",
        "LookAgain",
        "AssumeDone",
        "GiveUp",
    ] {
        assert!(seen.contains(&occurs), "{occurs:?} never occurs");
    }
}

/// Unlisted refusals, as many as lead to Blocked and one more, with each other kind of
/// fault once.
#[test]
fn what_the_cloud_refuses_without_a_listed_code_keeps_every_promise() {
    let occurred = Arc::<occurrences::Occurred>::default();
    let mut all = 0;
    for (family, without) in [
        (NATURAL, OF_ORDERS),
        (TOKEN, OF_ORDERS),
        (PROVABLE, OF_ORDERS),
        (NEVER, &[Kind::Change, Kind::Unwitnessed]),
    ] {
        let others = Kind::ALL.iter().filter(|kind| **kind != Kind::Unlisted);
        for other in others.filter(|kind| !without.contains(kind)) {
            let faults = [(Kind::Unlisted, 3), (*other, 1)];
            let mut scenario = Scenario::new(family, budget(&faults));
            scenario.occurred = Arc::clone(&occurred);
            all += assert_sound(&scenario, "refusals", &faults.map(|(kind, _)| kind));
        }
    }
    say(&format!("model refusals: {all} unique states"));
    let seen = occurred.names();
    for occurs in ["is refused by the cloud", "asks AnswerUnknown", "succeeds"] {
        assert!(seen.contains(&occurs), "{occurs:?} never occurs");
    }
}

/// Prints a line, also when the test passes: what is printed by macros, `cargo test`
/// keeps to itself then.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
