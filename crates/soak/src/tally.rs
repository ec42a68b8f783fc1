//! What a run has met and found.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::oracle::{Finding, VIOLATIONS};
use crate::work::{TASKS, Task};

/// Every word that people can decide by.
const WORDS: [&str; 6] = [
    "SendAgain",
    "LookAgain",
    "AssumeDone",
    "GiveUp",
    "Retry",
    "Continue",
];

/// Kills from which on a run shows how decisions are taken, and how many those have to be.
const A_LONG_RUN: usize = 300;
const OF_EACH: usize = 5;
const IN_ALL: usize = 100;

/// How often something was met.
pub type Counts = BTreeMap<String, usize>;

/// The figures of a run or of a part of it.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Operations.
    pub operations: BTreeMap<Task, usize>,
    /// Mutating calls that the clouds got, by what they were for.
    pub calls: BTreeMap<Task, usize>,
    /// Effects of those calls.
    pub effects: BTreeMap<Task, usize>,
    /// How processes ended: those that came to their moment, and all of them.
    pub ends: BTreeMap<String, (usize, usize)>,
    /// Faults of the clouds that calls met.
    pub faults: Counts,
    /// Answers of the API server that were spoilt.
    pub spoilt: Counts,
    /// Questions to people, and their answers.
    pub decisions: Counts,
    /// Decisions, by their word.
    pub words: Counts,
    /// What was unusual about targets.
    pub twists: Counts,
    /// What operations ended with.
    pub outcomes: Counts,
    /// Events of the operators that were replayed.
    pub replayed: usize,
    /// Objects that were deleted and applied again.
    pub replaced: usize,
    /// What must not happen and did.
    pub violations: Vec<Finding>,
}

impl Tally {
    /// Adds another part of the run.
    pub fn add(&mut self, other: Tally) {
        for (mine, theirs) in [
            (&mut self.operations, other.operations),
            (&mut self.calls, other.calls),
            (&mut self.effects, other.effects),
        ] {
            for (task, count) in theirs {
                *mine.entry(task).or_default() += count;
            }
        }
        for (mine, theirs) in [
            (&mut self.faults, other.faults),
            (&mut self.spoilt, other.spoilt),
            (&mut self.decisions, other.decisions),
            (&mut self.words, other.words),
            (&mut self.twists, other.twists),
            (&mut self.outcomes, other.outcomes),
        ] {
            for (name, count) in theirs {
                *mine.entry(name).or_default() += count;
            }
        }
        for (label, (met, all)) in other.ends {
            let mine = self.ends.entry(label).or_default();
            mine.0 += met;
            mine.1 += all;
        }
        self.replaced += other.replaced;
        self.replayed += other.replayed;
        self.violations.extend(other.violations);
    }

    /// Words that were decided less often than they have to be in a run of this length;
    /// nothing in a short one.
    pub fn too_few_decisions(&self) -> Vec<String> {
        let words = WORDS
            .iter()
            .map(|word| (*word, self.words.get(*word).copied()));
        let few = words.filter(|(_, count)| count.unwrap_or(0) < OF_EACH);
        let mut few: Vec<String> = few
            .map(|(word, count)| format!("{word}: {} of {OF_EACH}", count.unwrap_or(0)))
            .collect();
        let all: usize = self.words.values().sum();
        if all < IN_ALL {
            few.push(format!("all: {all} of {IN_ALL}"));
        }
        match self.kills() < A_LONG_RUN {
            true => Vec::new(),
            false => few,
        }
    }

    /// Processes that were ended.
    pub fn kills(&self) -> usize {
        self.ends.values().map(|(_, all)| all).sum()
    }

    /// As the end of a run's log shows it.
    pub fn report(&self) -> String {
        let mut text = String::new();
        let mut line = |words: String| {
            let _ = writeln!(text, "{words}");
        };
        line("operations, mutating calls that arrived, effects:".to_owned());
        for task in TASKS {
            let of = |counts: &BTreeMap<Task, usize>| counts.get(&task).copied().unwrap_or(0);
            line(format!(
                "  {:<32} {:>4} {:>5} {:>5}",
                task.to_string(),
                of(&self.operations),
                of(&self.calls),
                of(&self.effects)
            ));
        }
        line("ends of processes (came to that moment, of those that were to):".to_owned());
        for (label, (met, all)) in &self.ends {
            line(format!("  {label:<32} {met:>4} of {all:>3}"));
        }
        for (title, counts) in [
            ("faults that calls met in the clouds:", &self.faults),
            ("answers of the API server that were spoilt:", &self.spoilt),
            (
                "questions to people, and what they answered:",
                &self.decisions,
            ),
            ("decisions given:", &self.words),
            ("targets, by what was unusual about them:", &self.twists),
            ("outcomes:", &self.outcomes),
        ] {
            line(title.to_owned());
            for (name, count) in counts {
                line(format!("  {name:<48} {count:>4}"));
            }
        }
        line(format!(
            "orders deleted and applied again: {}",
            self.replaced
        ));
        line(format!(
            "events that were replayed through the engine: {}",
            self.replayed
        ));
        let counts = VIOLATIONS.map(|violation| {
            let these = self.violations.iter();
            let count = these.filter(|one| one.violation == violation).count();
            format!("{count} {violation}")
        });
        line(format!("{} kills: {}", self.kills(), counts.join(", ")));
        text
    }
}
