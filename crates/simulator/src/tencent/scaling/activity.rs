//! What a refresh activity goes through, on the simulator's clock.
//!
//! Nothing here runs by itself: the world settles what has ended before it looks, in
//! the order of its time, and every step says what it did.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::seed::{
    BatchPause, CancelWhileRunning, ContinueWithoutFailure, FailProcess, RefreshActivity,
    RefreshBatch, RolledBack, ScalingReadings, StoppedLastBatch,
};
use super::state::{BatchStatus, RefreshStatus};
use crate::journal::NewEffect;
use crate::seed::{BadSeed, When};

/// More would make an answer too large to read.
const LARGEST_BATCH: u32 = 1000;

/// An activity.
#[derive(Clone, Debug)]
pub(super) struct Activity {
    pub(super) seed: RefreshActivity,
    pub(super) status: RefreshStatus,
    pub(super) batches: Vec<Batch>,
    /// The place of the current batch; none before it starts.
    pub(super) current: Option<usize>,
    pub(super) created_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    /// An accepted cancel shows then.
    pub(super) cancels_at: Option<Timestamp>,
    /// What rolls it back, once that has to begin.
    pub(super) roll_back: Option<(Timestamp, RefreshActivity)>,
    phase: Phase,
}

/// A batch.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) seed: RefreshBatch,
    pub(super) status: BatchStatus,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    /// Instances that succeeded are not refreshed again.
    pub(super) retried: bool,
    fails: u32,
}

/// What is under way. The status is apart: a batch goes on when its activity has been
/// stopped, or (one reading) cancelled.
#[derive(Clone, Copy, Debug)]
enum Phase {
    Starting { until: Timestamp },
    BatchInit { until: Timestamp },
    BatchRunning { until: Timestamp },
    Between { until: Timestamp },
    ScaleIn { until: Timestamp },
    Rest,
}

/// The state does not allow this.
#[derive(Debug)]
pub(super) struct Conflict;

/// ResumeMode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResumeMode {
    Retry,
    Continue,
}

/// What happened, and when.
pub(super) type Events = Vec<(Timestamp, NewEffect)>;

impl Activity {
    pub(super) fn new(seed: RefreshActivity, now: Timestamp) -> Result<Self, BadSeed> {
        let starts_at = seed.starts_at.map_or(Ok(now), |when| when.from(now))?;
        let created_at = match seed.created_at {
            Some(when) => when.from(now)?,
            None => starts_at.min(now),
        };
        let at = match (seed.at_batch as usize).checked_sub(1) {
            Some(at) if at < seed.batches.len() => at,
            _ => return Err(BadSeed::new("at_batch is no batch of the activity")),
        };
        if seed.batches.iter().any(|b| b.instances > LARGEST_BATCH) {
            return Err(BadSeed::new("a batch has too many instances"));
        }
        let begun = !matches!(seed.status, RefreshStatus::Init) && starts_at <= now;
        let status = match seed.status {
            RefreshStatus::Init | RefreshStatus::Running => RefreshStatus::Init,
            _ if starts_at > now => {
                return Err(BadSeed::new(
                    "an activity that paused or ended starts later",
                ));
            }
            other => other,
        };
        if !begun && (at > 0 || starts_at <= now) {
            let why = "INIT needs starts_at in the future, and the first batch";
            return Err(BadSeed::new(why));
        }
        let batches = seed.batches.iter().cloned().map(Batch::new).collect();
        let mut activity = Self {
            status,
            batches,
            current: None,
            created_at,
            started_at: begun.then_some(starts_at),
            ended_at: status.is_final().then_some(now),
            cancels_at: None,
            roll_back: None,
            phase: Phase::Rest,
            seed,
        };
        activity.stand(at, starts_at);
        Ok(activity)
    }

    /// Puts the batches where the seed's status has them.
    fn stand(&mut self, at: usize, starts_at: Timestamp) {
        for batch in &mut self.batches[..at] {
            batch.end_as(BatchStatus::Successful, starts_at);
        }
        let rest = match self.status {
            RefreshStatus::Init => {
                let until = starts_at;
                self.phase = Phase::Starting { until };
                return;
            }
            RefreshStatus::Successful => BatchStatus::Successful,
            RefreshStatus::Cancelled | RefreshStatus::Failed => BatchStatus::Cancelled,
            _ => BatchStatus::Waiting,
        };
        self.current = Some(at);
        for batch in &mut self.batches[at..] {
            match rest {
                BatchStatus::Waiting => {}
                status => batch.end_as(status, starts_at),
            }
        }
        if matches!(
            self.status,
            RefreshStatus::FailedPause | RefreshStatus::Failed
        ) {
            let batch = &mut self.batches[at];
            batch.fails = batch.fails.saturating_sub(1);
            batch.end_as(BatchStatus::Failed, starts_at);
        } else if self.status.is_pause() {
            self.current = Some(at.saturating_sub(1));
        }
    }

    /// When it goes on by itself.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let phase = match self.phase {
            Phase::Starting { until }
            | Phase::BatchInit { until }
            | Phase::BatchRunning { until }
            | Phase::Between { until }
            | Phase::ScaleIn { until } => Some(until),
            Phase::Rest => None,
        };
        [phase, self.cancels_at].into_iter().flatten().min()
    }

    /// Takes the next step, whose time has come.
    pub(super) fn step(&mut self, readings: &ScalingReadings, events: &mut Events) {
        let at = self.due().expect("something is due");
        if self.cancels_at == Some(at) {
            self.cancelled(at);
            events.push((at, self.event("as.cancelled", &[])));
            return;
        }
        match self.phase {
            Phase::Starting { .. } => {
                self.status = RefreshStatus::Running;
                self.started_at = Some(at);
                self.go_on(at, events);
            }
            Phase::BatchInit { .. } => self.run_batch(at),
            Phase::BatchRunning { .. } => self.end_batch(at, readings, events),
            Phase::Between { .. } => self.go_on(at, events),
            Phase::ScaleIn { .. } => self.end(at, events),
            Phase::Rest => {}
        }
    }

    /// The next batch, or the end.
    fn go_on(&mut self, at: Timestamp, events: &mut Events) {
        let waits = |batch: &Batch| batch.status == BatchStatus::Waiting;
        match self.batches.iter().position(waits) {
            Some(next) => self.begin(next, at, events),
            None if self.seed.scale_in_for > 0 => {
                let until = after(at, self.seed.scale_in_for);
                self.phase = Phase::ScaleIn { until };
            }
            None => self.end(at, events),
        }
    }

    fn begin(&mut self, at: usize, now: Timestamp, events: &mut Events) {
        self.current = Some(at);
        let batch = &mut self.batches[at];
        batch.status = BatchStatus::Init;
        (batch.started_at, batch.ended_at) = (Some(now), None);
        let until = after(now, batch.seed.init_for);
        self.phase = Phase::BatchInit { until };
        events.push((now, self.event("as.batch-started", &[])));
        if until == now {
            self.run_batch(now);
        }
    }

    fn run_batch(&mut self, at: Timestamp) {
        let batch = self.batch();
        batch.status = BatchStatus::Running;
        let until = after(at, batch.seed.runs_for);
        self.phase = Phase::BatchRunning { until };
    }

    fn end_batch(&mut self, at: Timestamp, readings: &ScalingReadings, events: &mut Events) {
        let batch = self.batch();
        let failed = batch.fails > 0;
        batch.fails = batch.fails.saturating_sub(1);
        let status = match failed {
            true => BatchStatus::Failed,
            false => BatchStatus::Successful,
        };
        batch.end_as(status, at);
        let word = status.word();
        events.push((at, self.event("as.batch-ended", &[("status", word)])));
        self.phase = Phase::Rest;
        if self.status.is_final() || self.cancels_at.is_some() {
            return;
        }
        if failed {
            // GUESS: also when it had been stopped.
            return self.fail(at, readings, events);
        }
        let waits = |batch: &Batch| batch.status == BatchStatus::Waiting;
        let last = !self.batches.iter().any(waits);
        let ends = last && readings.stopped_last_batch == StoppedLastBatch::Ends;
        if self.status == RefreshStatus::ManualPause && !ends {
            return;
        }
        if !last && self.pauses_here() {
            self.pause(RefreshStatus::AutoPause, at, events);
        } else if !last && self.seed.pause_between > 0 {
            let until = after(at, self.seed.pause_between);
            self.phase = Phase::Between { until };
        } else {
            self.status = RefreshStatus::Running;
            self.go_on(at, events);
        }
    }

    fn pauses_here(&self) -> bool {
        match self.seed.batch_pause {
            BatchPause::Automatic => false,
            BatchPause::FirstBatchPause => self.current == Some(0),
            BatchPause::BatchIntervalPause => true,
        }
    }

    fn pause(&mut self, status: RefreshStatus, at: Timestamp, events: &mut Events) {
        self.status = status;
        events.push((at, self.event("as.paused", &[("status", status.word())])));
    }

    /// What its FailProcess says.
    fn fail(&mut self, at: Timestamp, readings: &ScalingReadings, events: &mut Events) {
        match self.seed.fail_process {
            FailProcess::AutoPause => self.pause(RefreshStatus::FailedPause, at, events),
            FailProcess::AutoCancel => {
                self.cancelled(at);
                events.push((at, self.event("as.auto-cancelled", &[])));
            }
            FailProcess::AutoRollback => {
                self.cancelled(at);
                if readings.rolled_back == RolledBack::Failed {
                    self.status = RefreshStatus::Failed;
                }
                self.roll_back = Some((at, self.rolled_back_by(at)));
                events.push((at, self.event("as.rolled-back", &[])));
            }
        }
    }

    /// The activity that refreshes again what was refreshed.
    fn rolled_back_by(&self, at: Timestamp) -> RefreshActivity {
        let begun = self.batches.iter().filter(|b| b.started_at.is_some());
        let again = |batch: &Batch| RefreshBatch {
            fails: 0,
            ..batch.seed.clone()
        };
        let id = format!("{}-back", self.seed.id);
        RefreshActivity {
            region: self.seed.region.clone(),
            batches: begun.map(again).collect(),
            starts_at: Some(When::At(at)),
            ..RefreshActivity::new(&self.seed.group, id).rollback_of(&self.seed.id)
        }
    }

    fn end(&mut self, at: Timestamp, events: &mut Events) {
        self.status = if self.seed.ends_failed {
            RefreshStatus::Failed
        } else {
            RefreshStatus::Successful
        };
        self.ended_at = Some(at);
        self.phase = Phase::Rest;
        let word = self.status.word();
        events.push((at, self.event("as.ended", &[("status", word)])));
    }

    pub(super) fn stop(&mut self) -> Result<(), Conflict> {
        if self.status != RefreshStatus::Running || self.cancels_at.is_some() {
            return Err(Conflict);
        }
        match self.phase {
            Phase::BatchInit { .. } | Phase::BatchRunning { .. } => {}
            Phase::Between { .. } => self.phase = Phase::Rest,
            Phase::Starting { .. } | Phase::ScaleIn { .. } | Phase::Rest => return Err(Conflict),
        }
        self.status = RefreshStatus::ManualPause;
        Ok(())
    }

    pub(super) fn cancel(
        &mut self,
        now: Timestamp,
        readings: &ScalingReadings,
    ) -> Result<(), Conflict> {
        if self.status.is_final() || self.cancels_at.is_some() {
            return Err(Conflict);
        }
        match self.phase {
            Phase::ScaleIn { .. } => return Err(Conflict),
            Phase::BatchInit { .. } | Phase::BatchRunning { .. } => {
                if readings.cancel_while_running == CancelWhileRunning::Refused {
                    return Err(Conflict);
                }
            }
            Phase::Starting { .. } | Phase::Between { .. } | Phase::Rest => {
                self.phase = Phase::Rest;
            }
        }
        match readings.cancelled_after {
            0 => self.cancelled(now),
            seconds => self.cancels_at = Some(after(now, seconds)),
        }
        Ok(())
    }

    fn cancelled(&mut self, at: Timestamp) {
        self.status = RefreshStatus::Cancelled;
        self.ended_at = Some(at);
        self.cancels_at = None;
        for batch in &mut self.batches {
            if batch.status == BatchStatus::Waiting {
                batch.status = BatchStatus::Cancelled;
            }
        }
    }

    /// Whether it changed anything.
    pub(super) fn resume(
        &mut self,
        mode: Option<ResumeMode>,
        now: Timestamp,
        readings: &ScalingReadings,
        events: &mut Events,
    ) -> Result<bool, Conflict> {
        if !self.status.is_pause() || self.cancels_at.is_some() {
            return Err(Conflict);
        }
        let failed = self.status == RefreshStatus::FailedPause;
        let continues = mode == Some(ResumeMode::Continue);
        let inert = readings.continue_without_failure == ContinueWithoutFailure::Nothing;
        if continues && !failed && inert {
            return Ok(false);
        }
        self.status = RefreshStatus::Running;
        if failed && !continues {
            self.batch().retried = true;
            let current = self.current.unwrap_or(0);
            self.begin(current, now, events);
        } else if failed {
            self.batch().status = BatchStatus::PartiallySuccessful;
            self.go_on(now, events);
        } else if matches!(self.phase, Phase::Rest) {
            self.go_on(now, events);
        }
        Ok(true)
    }

    pub(super) fn is_scaling_in(&self) -> bool {
        matches!(self.phase, Phase::ScaleIn { .. })
    }

    fn batch(&mut self) -> &mut Batch {
        &mut self.batches[self.current.unwrap_or(0)]
    }

    /// An event of this activity, with its current batch.
    pub(super) fn event(&self, kind: &'static str, more: &[(&str, &str)]) -> NewEffect {
        let batch = self.current.map_or(0, |at| at + 1).to_string();
        let mut resources: BTreeMap<String, String> = [
            ("region", &*self.seed.region),
            ("group", &*self.seed.group),
            ("activity", &*self.seed.id),
            ("batch", &*batch),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
        resources.extend(more.iter().map(|(n, v)| ((*n).into(), (*v).into())));
        NewEffect { kind, resources }
    }
}

impl Batch {
    fn new(seed: RefreshBatch) -> Self {
        Self {
            status: BatchStatus::Waiting,
            started_at: None,
            ended_at: None,
            retried: false,
            fails: seed.fails,
            seed,
        }
    }

    fn end_as(&mut self, status: BatchStatus, at: Timestamp) {
        self.status = status;
        if status != BatchStatus::Cancelled {
            self.started_at.get_or_insert(at);
            self.ended_at = Some(at);
        }
    }
}

fn after(time: Timestamp, seconds: u32) -> Timestamp {
    time.checked_add(SignedDuration::from_secs(seconds.into()))
        .unwrap_or(Timestamp::MAX)
}
