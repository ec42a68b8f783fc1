//! The operator processes of a wave, and how they end.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use errand_testbed::{Bed, Replica};
use rand::RngExt;
use rand::rngs::StdRng;

use crate::chaos::Manner;

/// How long a process is waited for that is to end or to stop at a moment. It may
/// never come there.
const PATIENCE: Duration = Duration::from_secs(3);

/// Of a process that is not led to its end at once.
const AFTERLIFE: Duration = Duration::from_millis(300);

/// Real time between two steps of the clock.
const STEP: Duration = Duration::from_millis(25);

/// Seconds after which somebody looks while a process stands still.
const STRIDE: usize = 60;

/// Operators that work side by side.
pub(crate) struct Team {
    members: Vec<Member>,
    /// Numbers the files that processes wait for.
    files: u32,
    mistake: Option<String>,
    /// Processes that were killed, by the number of their log.
    pub(crate) killed: Vec<u32>,
    /// Of all.
    pub(crate) all: Vec<u32>,
    /// What each of them was told, and wanted.
    pub(crate) recordings: Vec<PathBuf>,
}

struct Member {
    replica: Replica,
    manner: Manner,
    /// Stands there for as long as the process is to wait at its moment.
    file: PathBuf,
}

impl Team {
    pub(crate) fn new(mistake: Option<&str>) -> Self {
        Self {
            members: Vec::new(),
            files: 0,
            mistake: mistake.map(str::to_owned),
            killed: Vec::new(),
            all: Vec::new(),
            recordings: Vec::new(),
        }
    }

    /// Starts another process, which is to end in that way.
    pub(crate) fn start(&mut self, bed: &mut Bed, manner: Manner) -> Result<(), String> {
        let member = self.spawn(bed, manner)?;
        self.members.push(member);
        Ok(())
    }

    fn spawn(&mut self, bed: &mut Bed, manner: Manner) -> Result<Member, String> {
        self.files += 1;
        let file = bed.file(&format!("pause-{}", self.files));
        let recording = bed.file(&format!("recording-{}.jsonl", self.files));
        let mut variables = vec![(
            "ERRAND_TEST_RECORD",
            recording.to_string_lossy().into_owned(),
        )];
        self.recordings.push(recording);
        if let Some(mistake) = &self.mistake {
            variables.push(("ERRAND_TEST_MISTAKE", mistake.clone()));
        }
        match &manner {
            Manner::At(moment) => variables.push(("ERRAND_TEST_KILL", moment.clone())),
            Manner::StoppedAt { moment, .. } => {
                std::fs::write(&file, "").map_err(|e| e.to_string())?;
                let pause = format!("{moment}:{}", file.display());
                variables.push(("ERRAND_TEST_PAUSE", pause));
            }
            Manner::After(_) | Manner::Stopped { .. } => {}
        }
        let variables: Vec<(&str, &str)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let replica = bed.start_replica(&[], &variables);
        self.all.push(replica.number());
        Ok(Member {
            replica,
            manner,
            file,
        })
    }

    /// Ends one process in its way, and has another take its place, which is to end
    /// as `next`; `meanwhile` is called now and then while the old one stands still.
    /// Tells what was done, and whether the process came to its moment.
    pub(crate) fn replace(
        &mut self,
        bed: &mut Bed,
        lease: u64,
        random: &mut StdRng,
        next: Manner,
        mut meanwhile: impl FnMut(&Bed) -> Result<(), String>,
    ) -> Result<(String, bool), String> {
        let victim = random.random_range(0..self.members.len());
        let mut old = self.members.swap_remove(victim);
        let manner = old.manner.clone();
        let mut met = true;
        match &manner {
            Manner::At(_) => met = until(bed, || has_ended(&mut old.replica))?,
            Manner::After(ms) => pass_real_time(bed, Duration::from_millis(*ms)),
            Manner::Stopped { after, .. } => {
                pass_real_time(bed, Duration::from_millis(*after));
            }
            Manner::StoppedAt { .. } => {
                met = until(bed, || {
                    Ok(bed.replica_log(&old.replica).contains("test pause"))
                })?;
            }
        }
        if let Manner::Stopped { seconds, .. } | Manner::StoppedAt { seconds, .. } = manner {
            signal(&mut old.replica, "STOP");
            let _ = std::fs::remove_file(&old.file);
            self.start(bed, next)?;
            pass_lease(bed, lease, random);
            for passed in (0..seconds).step_by(STRIDE) {
                pass(bed, (STRIDE as u64).min(seconds - passed));
                meanwhile(bed)?;
            }
            signal(&mut old.replica, "CONT");
            pass_real_time(bed, AFTERLIFE);
            self.kill(&mut old.replica);
        } else {
            self.kill(&mut old.replica);
            pass_lease(bed, lease, random);
            self.start(bed, next)?;
        }
        let _ = std::fs::remove_file(&old.file);
        Ok((manner.label(), met))
    }

    fn kill(&mut self, replica: &mut Replica) {
        self.killed.push(replica.number());
        // One that has ended needs no signal.
        let _ = replica.process.kill();
    }

    /// Has all of them work undisturbed from now on.
    pub(crate) fn calm(&mut self, bed: &mut Bed) -> Result<(), String> {
        let count = self.members.len();
        for mut old in std::mem::take(&mut self.members) {
            self.kill(&mut old.replica);
            let _ = std::fs::remove_file(&old.file);
        }
        bed.delete_lease();
        for _ in 0..count {
            self.start(bed, Manner::After(0))?;
        }
        Ok(())
    }

    /// SIGTERM to all of them; what they ended with.
    pub(crate) fn stop(&mut self) -> Vec<i32> {
        let members = std::mem::take(&mut self.members);
        let stop = |mut member: Member| member.replica.process.stop().unwrap_or(-1);
        members.into_iter().map(stop).collect()
    }
}

fn has_ended(replica: &mut Replica) -> Result<bool, String> {
    let status = replica.process.try_wait().map_err(|e| e.to_string())?;
    Ok(status.is_some())
}

/// One that has ended cannot be signalled, and need not.
fn signal(replica: &mut Replica, name: &str) {
    let _ = replica.process.signal(name);
}

/// Lets time go on until then, or until patience is over: whether it came.
fn until(bed: &Bed, mut then: impl FnMut() -> Result<bool, String>) -> Result<bool, String> {
    let deadline = Instant::now() + PATIENCE;
    while !then()? {
        if Instant::now() > deadline {
            return Ok(false);
        }
        step(bed);
    }
    Ok(true)
}

fn pass_real_time(bed: &Bed, time: Duration) {
    let deadline = Instant::now() + time;
    while Instant::now() < deadline {
        step(bed);
    }
}

/// A second or two, as far as there is a leader that keeps up.
pub(crate) fn step(bed: &Bed) {
    bed.advance_if_led(Duration::from_secs(2));
    sleep(STEP);
}

/// That many seconds, whoever keeps up.
fn pass(bed: &Bed, seconds: u64) {
    for _ in 0..seconds.div_ceil(10) {
        bed.advance(Duration::from_secs(10));
        sleep(STEP);
    }
}

/// Somebody deletes the lease of one that works no more, or it expires.
fn pass_lease(bed: &Bed, lease: u64, random: &mut StdRng) {
    match random.random_bool(0.5) {
        true => bed.delete_lease(),
        false => pass(bed, lease + lease / 2),
    }
}
