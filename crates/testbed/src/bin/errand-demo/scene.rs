//! A resize that nobody wants any more, on the wall clock.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use errand_simulator::{DcsInstance, Seed};
use errand_testbed::{Bed, BedOptions, DCS_PROJECT, Plane};
use serde_json::Value;

use crate::manifest::{self, INSTANCE, NAME, TASK};
use crate::progress::{self, Story, Watch, text};
use crate::table::{WIDTH, narrow, wrap};

pub const SPEC_BEFORE: &str = "redis.ha.xu1.large.r2.4";
const SPEC_AFTER: &str = "redis.ha.xu1.large.r2.8";
const HOUR: u64 = 3600;

/// A simulated cloud in which a change waits, and an operator.
pub fn set(story: &Story, plane: &Arc<Plane>, operator: &Path) -> Result<Bed, String> {
    let operator = operator.to_str().ok_or("the operator's path is not text")?;
    let options = BedOptions {
        test_clock: false,
        connection: false,
        ..BedOptions::default()
    };
    let mut bed = Bed::new(plane, operator, "demo", options);
    story.tell(&format!(
        "a simulated Huawei Cloud is at {}",
        bed.simulator.url()
    ));
    let (begin, end) = window_in_an_hour();
    let instance = DcsInstance::new(INSTANCE)
        .spec(SPEC_BEFORE, 4.0)
        .window(&begin, &end)
        .pending_change(TASK, SPEC_AFTER, HOUR as i64);
    bed.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
    story.tell(&format!(
        "in it DCS instance {INSTANCE} of 4 GB; task {TASK} waits to make it 8 GB"
    ));
    story.tell(&format!(
        "in an hour, when its maintenance window ({begin} to {end} UTC) opens"
    ));
    bed.start_operator();
    story.tell(&format!(
        "the operator runs (pid {}) as service account {}/errand",
        bed.operator().pid(),
        bed.namespace
    ));
    Ok(bed)
}

/// Applies the manifest and follows it; the finished object.
pub fn play(story: &Story, plane: &Plane, bed: &mut Bed) -> Result<Value, String> {
    let watch = Watch::begin(plane, &bed.namespace)?;
    let manifest = manifest::for_simulator(&bed.simulator.url())?;
    story.tell("$ kubectl apply -f examples/resize-cancellation.yaml, filled in:");
    println!();
    for line in manifest::shown(&manifest).lines() {
        println!("    {line}");
    }
    println!();
    for line in bed.try_apply(&manifest)?.lines() {
        story.tell(&format!("  {line}"));
    }
    progress::follow(story, bed, watch)
}

/// The table, the conditions, and what the cloud saw.
pub fn show(bed: &Bed, object: &Value) -> Result<(), String> {
    println!("\n$ kubectl get rsc");
    print!("{}", narrow(&bed.try_kubectl(&["get", "rsc"])?, &["AGE"]));
    println!("\nconditions of {NAME}:");
    let conditions = object["status"]["conditions"].as_array();
    for condition in conditions.into_iter().flatten() {
        println!(
            "  {:<14} {:<8} {}",
            text(&condition["type"]),
            text(&condition["status"]),
            text(&condition["reason"])
        );
    }
    for line in wrap(text(&object["status"]["summary"]), WIDTH - 2) {
        println!("  {line}");
    }
    let journal = bed.simulator.journal().to_string();
    let (rows, count) = journal.rsplit_once('\n').unwrap_or_default();
    let journal = narrow(rows, &["TIME", "PATH", "FAULT"]);
    print!("\nthe simulator's journal:\n{journal}");
    println!("{count}");
    Ok(())
}

/// From one hour from now, for four hours, in UTC as DCS writes it. Whenever
/// the demo runs, the window is closed: in an open one nothing is sent.
fn window_in_an_hour() -> (String, String) {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let of_day = |time: u64| {
        let minutes = time / 60 % (24 * 60);
        format!("{:02}:{:02}:00", minutes / 60, minutes % 60)
    };
    (of_day(now + HOUR), of_day(now + 5 * HOUR))
}
