//! What the tests share.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use errand_simulator::{
    Account, DcsInstance, ExpandBy, OrderAction, Readings, Seed, WorkspaceDesktop, WorkspaceProduct,
};
use errand_testbed::{
    ACCESS_KEY, Bed, BedOptions, CLUSTER, DCS_PROJECT, DOMAIN, Plane, SECRET_KEY, shared_plane,
};
use serde_json::Value;

/// The simulator's name of the mutating call.
pub const CANCEL: &str = "dcs.CancelInstanceResize";

/// The simulator's name of the call that orders.
pub const ORDER: &str = "workspace.CreateChangeOrder";

/// Long enough that time passes in few steps, short enough that settling, which
/// includes it, does not take many.
pub const LEASE_OF_AN_HOUR: Duration = Duration::from_secs(3600);

/// The product that the tests' orders are for.
pub const LARGER: &str = "workspacehost.k.xlarge4";

/// A bed through whose connection orders may be placed and are paid at once.
pub fn order_bed(name: &str) -> Bed {
    let bed = bed(name);
    bed.apply(&bed.paying_connection("huawei-prod", "AutomaticPayment", CLUSTER));
    bed
}

/// A desktop, and a product that it may be changed to.
pub fn seed_desktop(bed: &Bed, desktop: WorkspaceDesktop) {
    let seed = Seed::new()
        .product(DCS_PROJECT, WorkspaceProduct::new(LARGER))
        .desktop(DCS_PROJECT, desktop);
    bed.simulator.seed(seed);
}

/// An order of the larger product.
pub fn resize(bed: &Bed, name: &str, desktop: &str, payment: &str) -> String {
    let change = format!("{{resize: {{productId: {LARGER}}}}}");
    bed.order(name, desktop, &change, &format!("  payment: {payment}\n"))
}

/// An order of a month for a desktop that is charged on demand.
pub fn subscribe(bed: &Bed, name: &str, desktop: &str, payment: &str) -> String {
    let change = "{subscribe: {unit: Month, count: 1}}";
    bed.order(name, desktop, change, &format!("  payment: {payment}\n"))
}

/// Waits, in steps of the test's clock, until the order has that reason.
pub fn until_order(bed: &Bed, name: &str, reason: &str) -> Value {
    bed.wait_until(&format!("order {name} is {reason}"), || {
        bed.advance(seconds(10));
        ending(&bed.get("dor", name)).reason == reason
    });
    bed.get("dor", name)
}

/// Waits, in steps of the test's clock, until the cancellation is in that state. A
/// jump alone may come before the operator has begun the pause that it is to end.
pub fn until_state(bed: &Bed, name: &str, state: &str, step: Duration) -> Value {
    bed.wait_until(&format!("{name} is {state}"), || {
        bed.advance(step);
        ending(&bed.get("rsc", name)).state == state
    });
    bed.get("rsc", name)
}

/// The same until it has that reason.
pub fn until_reason(bed: &Bed, name: &str, reason: &str, step: Duration) -> Value {
    bed.wait_until(&format!("{name} is {reason}"), || {
        bed.advance(step);
        ending(&bed.get("rsc", name)).reason == reason
    });
    bed.get("rsc", name)
}

/// Waits until the order's summary says this.
pub fn until_said(bed: &Bed, name: &str, words: &str) -> Value {
    let summary = |object: &Value| object["status"]["summary"].to_string();
    bed.wait_until(&format!("order {name} says {words}"), || {
        bed.advance(seconds(10));
        summary(&bed.get("dor", name)).contains(words)
    });
    bed.get("dor", name)
}

/// Every way without a kill, and every moment with every way; if not `full`, each moment
/// with one, in turn, of those that lead to it.
pub fn combinations<M: Clone, W: Clone>(
    moments: &[M],
    ways: &[W],
    full: bool,
    leads_to: impl Fn(&M, &W) -> bool,
) -> Vec<(Option<M>, W)> {
    let mut pairs: Vec<_> = ways.iter().map(|way| (None, way.clone())).collect();
    for (turn, moment) in moments.iter().enumerate() {
        let mut here = ways.to_vec();
        if !full {
            here.retain(|way| leads_to(moment, way));
            here = vec![here[turn % here.len()].clone()];
        }
        pairs.extend(here.into_iter().map(|way| (Some(moment.clone()), way)));
    }
    pairs
}

/// Lets hours pass in steps that the operator keeps its lease over.
pub fn pass_hours(bed: &Bed, hours: u64) {
    const STEP: u64 = 3;
    for _ in 0..hours.div_ceil(STEP) {
        let lease = || bed.find("lease", "errand").ok().flatten();
        let renewed = || lease().map(|lease| lease["spec"]["renewTime"].clone());
        bed.wait_until("somebody leads", || renewed().is_some());
        let before = renewed();
        bed.advance(seconds(STEP * 3600));
        bed.wait_until("the lease is renewed", || {
            // Its pause may have begun after the step.
            bed.advance(seconds(300));
            renewed() != before
        });
    }
}

/// Waits until the operator has begun to look at the desktop once more.
pub fn await_look(bed: &Bed) {
    let looks = || bed.simulator.journal().calls("workspace.ShowDesktop");
    let before = looks();
    bed.wait_until("the desktop is looked at", || {
        bed.advance(seconds(10));
        // The first may have begun before.
        looks() > before + 1
    });
}

/// That condition's status.
pub fn condition<'a>(object: &'a Value, name: &str) -> &'a str {
    let conditions = object["status"]["conditions"].as_array();
    let found = conditions.and_then(|all| all.iter().find(|c| c["type"] == name));
    found
        .and_then(|found| found["status"].as_str())
        .unwrap_or_default()
}

/// What the bed's one key may not call; nothing for everything.
pub fn deny(bed: &Bed, apis: &[&str]) {
    let account = Account::new(ACCESS_KEY, SECRET_KEY)
        .project(DCS_PROJECT)
        .domain(DOMAIN);
    let account = apis.iter().fold(account, |account, api| account.deny(*api));
    bed.simulator.seed(Seed::new().account(account));
}

/// A bed with the operator of this build, not started yet.
pub fn bed(name: &str) -> Bed {
    bed_with(name, BedOptions::default())
}

/// A bed with options, and a cloud that is read as this binary reads it.
pub fn bed_with(name: &str, options: BedOptions) -> Bed {
    bed_on(shared_plane(), name, options)
}

/// The same on a plane that other tests do not share. `ERRAND_TEST_OPERATOR` names another
/// operator than this build's: an earlier or an optimised one.
pub fn bed_on(plane: &Arc<Plane>, name: &str, mut options: BedOptions) -> Bed {
    options.simulator.readings = crate::readings();
    let given = std::env::var("ERRAND_TEST_OPERATOR");
    let operator = given.unwrap_or_else(|_| env!("CARGO_BIN_EXE_errand").to_owned());
    Bed::new(plane, &operator, name, options)
}

/// Where an operation stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Ending {
    pub state: String,
    pub outcome: String,
    /// Of Ready.
    pub reason: String,
}

pub fn ending(object: &Value) -> Ending {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let conditions = object["status"]["conditions"].as_array();
    let ready = conditions.and_then(|all| all.iter().find(|c| c["type"] == "Ready"));
    Ending {
        state: text(&object["status"]["state"]),
        outcome: text(&object["status"]["outcome"]),
        reason: ready
            .map(|ready| text(&ready["reason"]))
            .unwrap_or_default(),
    }
}

/// A time as it stands in an object.
pub fn time(value: &Value) -> jiff::Timestamp {
    let text = value.as_str().unwrap_or_default();
    text.parse()
        .unwrap_or_else(|e| panic!("a time, not {value}: {e}"))
}

/// The operation ended like this; its reason is its outcome.
pub fn assert_ending(bed: &Bed, object: &Value, state: &str, outcome: &str) {
    let wanted = Ending {
        state: state.to_owned(),
        outcome: outcome.to_owned(),
        reason: outcome.to_owned(),
    };
    assert_eq!(
        ending(object),
        wanted,
        "{object:#}\n{}\n{}",
        bed.simulator.journal(),
        bed.operator_log()
    );
}

/// Changes some of the simulator's readings of DCS and leaves the others.
pub fn reread(bed: &Bed, changes: Value) {
    reread_of(bed, "dcs", changes);
}

/// The same of a service.
pub fn reread_of(bed: &Bed, service: &str, changes: Value) {
    let readings = bed.simulator.state().readings;
    let mut readings = serde_json::to_value(readings).expect("readings are JSON");
    for (name, value) in changes.as_object().expect("named readings") {
        readings[service][name] = value.clone();
    }
    let seed = serde_json::json!({"readings": readings});
    bed.simulator
        .seed(serde_json::from_value(seed).expect("a seed"));
}

/// An operation that was accepted and does not show in time, so that it is held.
pub fn held(bed: &mut Bed) -> Value {
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    reread(bed, serde_json::json!({"cancel_visible_after": 24 * 3600}));
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", "  verifyTimeout: 10m\n"));
    bed.wait_until("the call is verified", || {
        ending(&bed.get("rsc", "stop")).state == "Verifying"
    });
    let object = until_state(bed, "stop", "Held", seconds(60));
    assert_eq!(ending(&object).reason, "ProofTimeout");
    object
}

/// Seeds that many instances with a pending change each; the manifests of an
/// operation for each.
pub fn crowd(bed: &Bed, size: usize) -> String {
    let mut seed = Seed::new();
    let mut manifests = String::new();
    for n in 0..size {
        let (name, task) = (format!("dcs-{n:03}"), format!("task-{n:03}"));
        let instance = DcsInstance::new(&name).pending_change(&task, "redis.big", 3600);
        seed = seed.dcs(DCS_PROJECT, instance);
        manifests += &format!("---\n{}", bed.cancellation(&name, &name, &task, ""));
    }
    bed.simulator.seed(seed);
    manifests
}

pub fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Puts the desktop back as it was before any order.
pub fn change_back(bed: &Bed, desktop: &str) {
    seed_desktop(bed, WorkspaceDesktop::new(desktop));
}

/// The id by which the cloud takes an order for the volume: which of its two ids
/// it means is a guess, and the spec takes both.
pub fn volume_id(volume: &str) -> String {
    match crate::readings().workspace.expand_by {
        ExpandBy::VolumeId => volume.to_owned(),
        ExpandBy::Id => format!("id-{volume}"),
    }
}

/// A bed whose cloud is read in the first way, whatever this binary's is: for
/// texts that are compared whole.
pub fn first_reading(bed: Bed) -> Bed {
    let seed = Seed {
        readings: Some(Readings::default()),
        ..Seed::new()
    };
    bed.simulator.seed(seed);
    bed
}

/// An order of a larger system disk.
pub fn expand(bed: &Bed, name: &str, desktop: &str, payment: &str) -> String {
    let volume = volume_id(&format!("root-{desktop}"));
    let change = format!("{{expandVolume: {{volumeId: {volume}, sizeGiB: 100}}}}");
    bed.order(name, desktop, &change, &format!("  payment: {payment}\n"))
}

/// How many orders were placed.
pub fn orders(bed: &Bed) -> usize {
    bed.simulator.journal().effects("workspace.order")
}

/// What a randomised test starts from; printed, so that a run can be repeated.
pub fn seed() -> u64 {
    let seed = match std::env::var("ERRAND_TEST_SEED") {
        Ok(seed) => seed.parse().expect("ERRAND_TEST_SEED is a number"),
        Err(_) => rand::random(),
    };
    println!("ERRAND_TEST_SEED={seed}");
    seed
}

/// Time passes until an answer that nobody knows has been looked for long enough.
pub fn settle(bed: &Bed, name: &str) -> Value {
    bed.wait_until(&format!("{name} has looked long enough"), || {
        bed.advance(seconds(300));
        let object = ending(&bed.get("dor", name));
        !["Pending", "Executing", "Verifying"].contains(&object.state.as_str())
    });
    bed.get("dor", name)
}

/// A person decides the question that stands there.
pub fn resolve(bed: &Bed, name: &str, decision: &str) {
    resolve_of(bed, "dor", name, decision);
}

/// The same of an operation of any kind.
pub fn resolve_of(bed: &Bed, kind: &str, name: &str, decision: &str) {
    let id = bed.get(kind, name)["status"]["hold"]["id"].clone();
    let resolution = serde_json::json!({"holdId": id, "decision": decision});
    let patch = serde_json::json!({"spec": {"resolution": resolution}});
    bed.edit(kind, name, &patch);
}

/// It is held because of this, with these choices.
pub fn assert_held(bed: &Bed, object: &Value, reason: &str, choices: &[&str]) {
    let found = ending(object);
    let (log, journal) = (bed.operator_log(), bed.simulator.journal());
    assert_eq!(found.state, "Held", "{object:#}\n{journal}\n{log}");
    assert_eq!(found.reason, reason, "{object:#}\n{journal}\n{log}");
    let offered = &object["status"]["hold"]["choices"];
    assert_eq!(*offered, serde_json::json!(choices), "{object:#}");
}

/// What it says in a sentence.
pub fn summary(object: &Value) -> &str {
    object["status"]["summary"].as_str().unwrap_or_default()
}

/// Pays the orders of a desktop that wait for it.
pub fn pay(bed: &Bed, desktop: &str) {
    const PENDING_PAYMENT: u8 = 6;
    let mut orders = bed.simulator.orders(desktop);
    orders.retain(|order| order.status == PENDING_PAYMENT);
    assert!(!orders.is_empty(), "{}", bed.simulator.journal());
    for order in orders {
        bed.simulator
            .act_on_order(&order.order_id, OrderAction::Pay);
    }
}

/// What changed a refresh activity, in order: the calls with an effect, and what
/// the cloud did by itself. That a cancel shows later is none of its own.
pub fn effects_on(bed: &Bed, activity: &str) -> Vec<String> {
    let journal = bed.simulator.journal();
    let on_it = |id: Option<&String>| id.is_some_and(|id| id == activity);
    let effects = journal.all_effects().iter();
    effects
        .filter(|effect| on_it(effect.resources.get("activity")))
        .map(|effect| effect.kind.clone())
        .filter(|kind| kind != "as.cancelled")
        .collect()
}

/// A file that the operator waits for at that moment.
pub fn pause_at(bed: &Bed, moment: &str) -> (PathBuf, String) {
    let dir = shared_plane().control_plane().dir();
    let file = dir.join(format!("{}.pause", bed.namespace));
    fs::write(&file, "").expect("the plane's folder can be written");
    let pause = format!("{moment}:{}", file.display());
    (file, pause)
}
