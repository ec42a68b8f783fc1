//! The kinds that the first part and the orders do not show, on every cloud: all
//! are applied together, and each takes its time.

use std::time::{Duration, Instant};

use errand_simulator::{
    CloudDcInstance, CloudDcStatus, RefreshActivity, RefreshActivityState, Reservation,
    ReservationState, Seed, When,
};
use errand_testbed::{Bed, DCS_PROJECT};
use jiff::Timestamp;
use serde_json::Value;

use crate::moved::{PATIENCE, in_time};
use crate::progress::{Story, condition, standing};
use crate::table::narrow;

/// The scaling group whose refresh is not to go on, and the refresh.
pub const GROUP: &str = "asg-7hq0trvd";
pub const ACTIVITY: &str = "asr-3c9wjx1p";
/// How long a batch of it takes, of which three are to come.
const BATCH: u32 = 600;

/// The server that is being built.
pub const SERVER: &str = "7d0a1c55-3a0b-4f0e-8a0c-52f5c8d0be02";
/// Seconds until it runs, and until its operating system is installed as well.
const RUNS: i64 = 240;
pub const BUILT: i64 = 480;

/// The order for scheduled instances that was a mistake, and how many seconds ago
/// it was placed: of this sort it can be cancelled for 30 minutes.
pub const RESERVED: &str = "esi-ydbwsgx5ekpo0c7abcde";
const PLACED: i64 = -20 * 60;

/// An operation of this part, and every state that it was seen in, oldest first.
struct Operation {
    kind: &'static str,
    name: &'static str,
    states: Vec<Value>,
}

/// What came of it, for the claims.
pub struct Seen {
    /// When the clouds were as they were put in.
    pub began: Timestamp,
    /// The refresh in every state that it was seen in.
    pub refresh: Vec<Value>,
    /// What the cloud has of it afterwards, and whether its group is blocked.
    pub activity: RefreshActivityState,
    pub blocked: bool,
    /// The observation in every state that it was seen in.
    pub observation: Vec<Value>,
    /// The reservation likewise, and what the cloud has of it afterwards.
    pub reservation: Vec<Value>,
    pub reserved: ReservationState,
}

/// Applies them, follows them to their ends, and shows what changed.
pub fn play(story: &Story, bed: &mut Bed) -> Result<Seen, String> {
    let began = seed(bed);
    bed.start_operator();
    let mut operations = Vec::new();
    for (kind, name, manifest) in manifests(bed) {
        story.tell("$ kubectl apply -f -");
        for line in manifest.lines() {
            println!("  {line}");
        }
        bed.try_apply(&manifest)?;
        operations.push(Operation {
            kind,
            name,
            states: Vec::new(),
        });
    }
    follow(story, bed, &mut operations)?;
    show(bed)?;
    let mut states = operations.into_iter().map(|operation| operation.states);
    let mut next = || states.next().unwrap_or_default();
    let groups = bed.simulator.state().tencent.groups;
    Ok(Seen {
        began,
        refresh: next(),
        activity: bed
            .simulator
            .refresh_activity(ACTIVITY)
            .ok_or("the refresh activity is gone")?,
        blocked: groups.iter().any(|group| group.blocked),
        observation: next(),
        reservation: next(),
        reserved: bed
            .simulator
            .reservation(RESERVED)
            .ok_or("the order for scheduled instances is gone")?,
    })
}

/// Puts in what is under way in each cloud; when.
fn seed(bed: &Bed) -> Timestamp {
    bed.put_right_secret();
    bed.connect_all_clouds();
    bed.apply(&bed.connection(CONNECTION));
    let installing = CloudDcStatus::new("running").operation("install-processing");
    let installed = CloudDcStatus::new("running").operation("install-succeed");
    let server = CloudDcInstance::new(SERVER)
        .status("pending")
        .then(RUNS, installing)
        .then(BUILT, installed);
    let refresh = RefreshActivity::new(GROUP, ACTIVITY).batches(3, BATCH);
    let began = bed.simulator.now();
    let reserved = Reservation::esi(RESERVED).created(When::In(PLACED));
    let seed = Seed::new().clouddc(DCS_PROJECT, server);
    bed.simulator
        .seed(seed.refresh(refresh).reservation(reserved));
    began
}

/// Not the one of the orders, which has other endpoints.
const CONNECTION: &str = "huawei-servers";

/// Kind, name and manifest of each.
fn manifests(bed: &Bed) -> Vec<(&'static str, &'static str, String)> {
    const REFRESH: &str = "end-the-bad-roll-out";
    const OBSERVATION: &str = "server-is-built";
    const RESERVATION: &str = "render-farm-cancelled";
    let until = "  interval: 10s\n  until: {states: [running], settled: true}\n";
    let observation = bed.observation(OBSERVATION, SERVER, until);
    vec![
        (
            "irf",
            REFRESH,
            bed.refresh(REFRESH, GROUP, ACTIVITY, "Cancelled", ""),
        ),
        (
            "iob",
            OBSERVATION,
            observation.replace("huawei-prod", CONNECTION),
        ),
        (
            "sir",
            RESERVATION,
            bed.reservation(RESERVATION, RESERVED, "Cancelled", ""),
        ),
    ]
}

/// Lets time pass until all are at rest, and tells every state and every change.
fn follow(story: &Story, bed: &Bed, operations: &mut [Operation]) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    let began = bed.simulator.now();
    let mut effects = 0;
    loop {
        let minutes = bed.simulator.now().duration_since(began).as_mins();
        let tell = |who: &str, what: &str| {
            story.tell(&format!("  after {minutes:>3} min   {who:<5}  {what}"));
        };
        for effect in &bed.simulator.journal().all_effects()[effects..] {
            effects += 1;
            tell("cloud", &effect.kind);
        }
        let (mut at_rest, mut waiting) = (true, true);
        for operation in &mut *operations {
            let found = bed.find(operation.kind, operation.name)?;
            let object = found.ok_or("it is gone")?;
            let (state, reason) = standing(&object);
            waiting &= state == "Waiting" || condition(&object, "Reconciling")["status"] == "False";
            at_rest &= condition(&object, "Reconciling")["status"] == "False";
            if operation.states.last().map(standing) != Some((state, reason)) {
                tell(operation.kind, &format!("{state:<10} {reason}"));
                operation.states.push(object);
            }
        }
        if at_rest {
            return Ok(());
        }
        // Steps are long only while nothing but time is waited for.
        let step = if waiting { 20 } else { 1 };
        bed.advance_if_led(Duration::from_secs(step));
        in_time(bed, deadline)?;
    }
}

fn show(bed: &Bed) -> Result<(), String> {
    let columns = "KIND:.kind,NAME:.metadata.name,STATE:.status.state,OUTCOME:.status.outcome";
    println!("\n$ kubectl get errand -o custom-columns=\\\n    {columns}");
    let columns = format!("custom-columns={columns}");
    let table = bed.try_kubectl(&["get", "errand", "-o", &columns])?;
    print!("{}", narrow(&table, &[]));
    Ok(())
}
