//! One wave: operations are applied while operators are killed; then all is quiet,
//! everything has to come to its end, and is judged.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use errand_simulator::{Config, Journal, Readings};
use errand_testbed::{Bed, BedOptions, DCS_PROJECT, shared_plane};
use errand_testclock::Timing;
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use crate::Options;
use crate::audit::{Log, unaccounted};
use crate::chaos::{Manner, faults};
use crate::oracle::{Claim, Finding, Violation, judge};
use crate::person::People;
use crate::replay::replay;
use crate::tally::Tally;
use crate::team::{Team, step};
use crate::work::{Operation, Twist, furnish, kinds};

/// Short, so that much happens in a wave: leases expire, and signatures.
const TIMING: Timing = Timing {
    signature_validity: Duration::from_secs(60),
    clock_margin: Duration::from_secs(10),
    // In real time: what hangs is waited for.
    call_timeout: Duration::from_secs(2),
    lease: Duration::from_secs(60),
};

/// As long a call that was signed can still arrive: the lease, the validity, the margin
/// and the time-out. Processes are stopped for up to four times that.
const SETTLE: u64 = 132;

/// New operations per kill, at most.
const OPERATIONS: usize = 4;

/// Seconds of the wave's clock in which a decision is taken, or the operation says why not.
/// The clock moves in steps, and operators have to keep up.
const PATIENCE: i64 = 120;

/// Real time in which everything has to have ended once it is quiet.
const QUIET: Duration = Duration::from_secs(150);

pub(crate) struct Wave {
    pub(crate) number: usize,
    pub(crate) seed: u64,
    pub(crate) kills: u32,
    pub(crate) replicas: usize,
    pub(crate) other_readings: bool,
    pub(crate) proxied: bool,
}

pub(crate) struct WaveResult {
    pub(crate) tally: Tally,
    /// What it was and came to.
    pub(crate) line: String,
}

/// A wave under way.
struct Running {
    bed: Bed,
    random: StdRng,
    team: Team,
    operations: Vec<Operation>,
    people: People,
    /// Operations that are still to be edited.
    unedited: Vec<usize>,
    tally: Tally,
}

impl Wave {
    pub(crate) fn run(&self, options: &Options) -> Result<WaveResult, String> {
        let began = Instant::now();
        let mut running = self.start(options)?;
        for _ in 0..self.kills {
            running.disturb()?;
        }
        let quiet = Instant::now();
        running.come_to_rest()?;
        let quiet = quiet.elapsed();
        running.judge();
        running.replay(options.record.as_deref(), self.number)?;
        let tally = running.tally;
        let count = |counts: &BTreeMap<_, usize>| counts.values().sum::<usize>();
        let line = format!(
            "{} operator{}, {} readings, {}: {} operations, {} effects, {} questions, {} violations, {} s ({} s until all had ended)",
            self.replicas,
            if self.replicas == 1 { "" } else { "s" },
            if self.other_readings {
                "other"
            } else {
                "first"
            },
            if self.proxied {
                "spoilt API answers"
            } else {
                "direct"
            },
            count(&tally.operations),
            count(&tally.effects),
            tally.decisions.values().sum::<usize>(),
            tally.violations.len(),
            began.elapsed().as_secs(),
            quiet.as_secs(),
        );
        Ok(WaveResult { tally, line })
    }

    fn start(&self, options: &Options) -> Result<Running, String> {
        let mut random = StdRng::seed_from_u64(self.seed);
        let bed_options = BedOptions {
            timing: TIMING,
            simulator: Config {
                readings: match self.other_readings {
                    true => Readings::other(),
                    false => Readings::default(),
                },
                ..Config::default()
            },
            proxy: self.proxied.then(|| random.random()),
            ..BedOptions::default()
        };
        let operator = options.operator.to_string_lossy();
        let mut bed = Bed::new(shared_plane(), &operator, "soak", bed_options);
        let of_the_crds: BTreeSet<String> = bed.operation_kinds().into_iter().collect();
        let of_the_tasks: BTreeSet<String> = kinds().into_iter().map(str::to_owned).collect();
        if of_the_crds != of_the_tasks {
            return Err(format!(
                "there are the kinds {of_the_crds:?}, and tasks of {of_the_tasks:?} (work.rs)"
            ));
        }
        furnish(&bed);
        let mut team = Team::new(options.mistake.as_deref());
        for _ in 0..self.replicas {
            team.start(&mut bed, Manner::draw(&mut random, SETTLE))?;
        }
        Ok(Running {
            bed,
            random,
            team,
            operations: Vec::new(),
            people: People::default(),
            unedited: Vec::new(),
            tally: Tally::default(),
        })
    }
}

impl Running {
    /// New operations, and the end of an operator in the middle of them.
    fn disturb(&mut self) -> Result<(), String> {
        self.edit()?;
        let count = self.random.random_range(1..=OPERATIONS);
        let mut manifests = String::new();
        for _ in 0..count {
            let operation = Operation::draw(&mut self.random, self.operations.len());
            operation.seed(&self.bed);
            let validity = TIMING.signature_validity.as_secs() as u32;
            for fault in faults(&mut self.random, &operation, validity) {
                self.bed.simulator.fault(fault);
            }
            manifests += &format!("---\n{}", operation.first_manifest(&self.bed));
            if operation.twist == Twist::Edited {
                self.unedited.push(self.operations.len());
            }
            *self
                .tally
                .twists
                .entry(format!("{:?}", operation.twist))
                .or_default() += 1;
            self.operations.push(operation);
        }
        self.bed.try_apply(&manifests)?;
        if self.random.random_bool(0.25) {
            self.apply_an_order_again()?;
        }
        if self.random.random_bool(0.1) {
            self.bed.delete_lease();
        }
        let next = Manner::draw(&mut self.random, SETTLE);
        let (operations, people) = (&self.operations, &mut self.people);
        let mut choices = StdRng::seed_from_u64(self.random.random());
        let attend_meanwhile = |bed: &Bed| people.attend(bed, operations, &mut choices, false);
        let (label, met) = self.team.replace(
            &mut self.bed,
            TIMING.lease.as_secs(),
            &mut self.random,
            next,
            attend_meanwhile,
        )?;
        let ends = self.tally.ends.entry(label).or_default();
        ends.0 += usize::from(met);
        ends.1 += 1;
        self.attend(false)
    }

    fn attend(&mut self, all: bool) -> Result<(), String> {
        let (people, random) = (&mut self.people, &mut self.random);
        people.attend(&self.bed, &self.operations, random, all)
    }

    /// Gives those that were planned for another target the one that they are for.
    fn edit(&mut self) -> Result<(), String> {
        for number in std::mem::take(&mut self.unedited) {
            let operation = &self.operations[number];
            self.bed.try_apply(&operation.manifest(&self.bed))?;
        }
        Ok(())
    }

    /// As GitOps does after a prune.
    fn apply_an_order_again(&mut self) -> Result<(), String> {
        let orders: Vec<usize> = (0..self.operations.len())
            .filter(|n| self.operations[*n].task.is_order())
            .collect();
        if orders.is_empty() {
            return Ok(());
        }
        // One of the newest: it is in the middle of something.
        let recent = orders.len().saturating_sub(3);
        let chosen = orders[self.random.random_range(recent..orders.len())];
        let operation = &mut self.operations[chosen];
        operation.replaced += 1;
        self.unedited.retain(|number| *number != chosen);
        self.tally.replaced += 1;
        self.bed
            .try_kubectl(&["delete", operation.task.kind(), &operation.name])?;
        self.bed.try_apply(&operation.manifest(&self.bed))?;
        Ok(())
    }

    /// No more disturbances: everything has to come to its end.
    fn come_to_rest(&mut self) -> Result<(), String> {
        self.bed.simulator.clear_faults();
        if let Some(proxy) = &self.bed.proxy {
            proxy.calm();
        }
        self.edit()?;
        self.team.calm(&mut self.bed)?;
        let mut pending = BTreeMap::new();
        let deadline = Instant::now() + QUIET;
        while Instant::now() < deadline {
            for _ in 0..20 {
                self.bed.advance_if_led(TIMING.lease / 6);
                sleep(Duration::from_millis(25));
            }
            self.attend(true)?;
            let claims: BTreeMap<String, Claim> = self
                .objects()
                .into_iter()
                .map(|(name, object)| (name, Claim::of(&object)))
                .collect();
            self.note_ignored(&claims, &mut pending);
            let ended = |operation: &Operation| {
                claims
                    .get(&operation.name)
                    .is_some_and(|claim| !claim.outcome.is_empty() || claim.cannot_tell(operation))
            };
            if self.operations.iter().all(ended) {
                break;
            }
        }
        step(&self.bed);
        self.team.stop();
        Ok(())
    }

    /// A decision that was given while all is quiet is taken before long, or it is said
    /// what is in the way.
    fn note_ignored(
        &mut self,
        claims: &BTreeMap<String, Claim>,
        pending: &mut BTreeMap<String, Timestamp>,
    ) {
        let now = self.bed.simulator.now();
        for decision in &self.people.decisions {
            let claim = claims.get(&decision.name);
            if !claim.is_some_and(|claim| claim.ignores(decision)) {
                continue;
            }
            let since = pending.entry(decision.hold.clone()).or_insert(now);
            if now.duration_since(*since).as_secs() > PATIENCE {
                // Once for each.
                *since = Timestamp::MAX;
                let text = format!("{decision:?}: not taken after {PATIENCE} s\n{claim:#?}\n");
                self.tally.violations.push(Finding {
                    violation: Violation::Ignored,
                    text: text + &self.said_of(&decision.name),
                });
            }
        }
    }

    fn objects(&self) -> BTreeMap<String, Value> {
        let all = kinds().into_iter().flat_map(|kind| self.bed.list(kind));
        let name = |object: &Value| object["metadata"]["name"].as_str().map(str::to_owned);
        all.filter_map(|object| Some((name(&object)?, object)))
            .collect()
    }

    fn judge(&mut self) {
        let journal = self.bed.simulator.journal();
        let objects = self.objects();
        for operation in &self.operations.clone() {
            let mut object = objects.get(&operation.name).cloned().unwrap_or_default();
            object["metadata"]["managedFields"].take();
            let claim = Claim::of(&object);
            let instance = self
                .bed
                .simulator
                .clouddc_instance(DCS_PROJECT, &operation.name);
            let reached = instance.is_some_and(|instance| instance.state == "running");
            let found = judge(operation, &claim, &journal, &self.people, reached);
            for violation in found {
                let text = format!(
                    "{violation}: {operation:?}\n{object:#}\n{}{}",
                    told_of(&journal, &operation.name),
                    self.said_of(&operation.name)
                );
                self.tally.violations.push(Finding { violation, text });
            }
            self.count(operation, &claim, &journal);
        }
        let logs: Vec<Log> = self
            .team
            .all
            .iter()
            .map(|number| {
                let killed = self.team.killed.contains(number);
                Log::new(&self.bed.log_of(*number), killed)
            })
            .collect();
        for text in unaccounted(&journal, &self.operations, &logs) {
            let violation = Violation::Unaccounted;
            self.tally.violations.push(Finding { violation, text });
        }
        for call in journal.all_calls() {
            if let Some(fault) = &call.fault {
                *self.tally.faults.entry(fault.clone()).or_default() += 1;
            }
        }
        if let Some(proxy) = &self.bed.proxy {
            for ((spoilt, upstream), times) in proxy.met() {
                let label = format!("{spoilt:?}, {upstream:?}");
                *self.tally.spoilt.entry(label).or_default() += times;
            }
        }
        for decision in &self.people.decisions {
            let label = format!("{}: {}", decision.reason, decision.decision);
            *self.tally.decisions.entry(label).or_default() += 1;
            let word = decision.decision.clone();
            *self.tally.words.entry(word).or_default() += 1;
        }
    }

    /// Replays what the operators have recorded.
    fn replay(&mut self, keep: Option<&Path>, wave: usize) -> Result<(), String> {
        for (number, file) in self.team.recordings.iter().enumerate() {
            // A process that was killed at its start has recorded nothing.
            let recording = fs::read_to_string(file).unwrap_or_default();
            if let Some(folder) = keep {
                let name = format!("wave-{:02}-operator-{:02}.jsonl", wave + 1, number + 1);
                let kept = fs::create_dir_all(folder)
                    .and_then(|()| fs::write(folder.join(name), &recording));
                kept.map_err(|e| format!("{}: {e}", folder.display()))?;
            }
            match replay(&recording) {
                Ok(events) => self.tally.replayed += events,
                Err(text) => self.tally.violations.push(Finding {
                    violation: Violation::Unreplayable,
                    text: format!("operator {}: {text}", number + 1),
                }),
            }
        }
        Ok(())
    }

    fn count(&mut self, operation: &Operation, claim: &Claim, journal: &Journal) {
        let task = operation.task;
        let calls = task.calls().iter();
        let calls: usize = calls
            .map(|api| journal.calls_on(api, &operation.name))
            .sum();
        let effects = task
            .effect()
            .map_or(0, |kind| journal.effects_on(kind, &operation.name));
        *self.tally.operations.entry(task).or_default() += 1;
        *self.tally.calls.entry(task).or_default() += calls;
        *self.tally.effects.entry(task).or_default() += effects;
        let label = format!("{task}: {}", claim.outcome);
        *self.tally.outcomes.entry(label).or_default() += 1;
    }

    /// Lines of all operators about it.
    fn said_of(&self, name: &str) -> String {
        let mut said = String::new();
        for number in &self.team.all {
            for line in self.bed.log_of(*number).lines() {
                if line.contains(name) {
                    said += &format!("operator {number}: {line}\n");
                }
            }
        }
        said
    }
}

/// Calls and effects that the cloud has of it.
fn told_of(journal: &Journal, name: &str) -> String {
    let mut told = String::new();
    for call in journal.all_calls() {
        if call.is_about(name) {
            told += &format!(
                "{} {} {:?} {:?} fault {:?} late {:?}\n",
                call.time, call.api, call.status, call.code, call.fault, call.late
            );
        }
    }
    for effect in journal.all_effects() {
        if effect.resources.values().any(|id| id.contains(name)) {
            told += &format!("{} effect {}\n", effect.time, effect.kind);
        }
    }
    told
}
