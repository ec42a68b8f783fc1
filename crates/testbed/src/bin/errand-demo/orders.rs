//! What is paid for: answers that are lost, an operator that is killed, and an
//! answer that nobody can know. On a clock that the demo moves.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use errand_simulator::{Fault, FaultKind, Seed, WorkspaceDesktop, WorkspaceProduct};
use errand_testbed::{Bed, DCS_PROJECT, Plane};
use serde_json::Value;

use crate::manifest::{self, DESKTOP, ORDER, PRODUCT};
use crate::moved::{PATIENCE, in_time};
use crate::progress::{Story, condition, standing};
use crate::retry;
use crate::table::{WIDTH, wrap};

/// The call, and its effect, as the simulator names them.
pub const CALL: &str = "workspace.CreateChangeOrder";
pub const EFFECT: &str = "workspace.order";

/// Whose desktop the retry loop orders for.
pub const LOOPED: &str = "desktop-of-the-retry-loop";
/// Whose order the operator is killed over.
pub const KILLED: &str = "desktop-of-the-kill";
/// Whose order nobody can know of.
pub const UNKNOWN: &str = "desktop-of-the-unknown";

/// What came of it, for the claims.
pub struct Seen {
    /// How many attempts the retry loop needed.
    pub attempts: u32,
    /// The order that met the same as the retry loop's.
    pub ordered: Value,
    /// The one whose operator was killed: when it was dead, and applied anew.
    pub at_death: Value,
    pub reapplied: Value,
    /// The one that is held, and what `errand why` prints about it.
    pub held: Value,
    pub why: String,
}

/// Plays the three scenes.
pub fn play(story: &Story, plane: &Plane, bed: &mut Bed, operator: &Path) -> Result<Seen, String> {
    println!();
    story.tell("orders, which cost money:");
    seed(bed);
    let (attempts, ordered) = lost_answer(story, bed)?;
    let (at_death, reapplied) = kill(story, bed)?;
    let (held, why) = unknown(story, plane, bed, operator)?;
    Ok(Seen {
        attempts,
        ordered,
        at_death,
        reapplied,
        held,
        why,
    })
}

fn seed(bed: &Bed) {
    let desktops = [LOOPED, DESKTOP, KILLED, UNKNOWN];
    let product = Seed::new().product(DCS_PROJECT, WorkspaceProduct::new(PRODUCT));
    bed.simulator
        .seed(desktops.iter().fold(product, |seed, id| {
            seed.desktop(DCS_PROJECT, WorkspaceDesktop::new(*id))
        }));
}

/// A retry loop and Errand meet the same lost answer.
fn lost_answer(story: &Story, bed: &Bed) -> Result<(u32, Value), String> {
    story.tell("1. the answer to an order is lost on the way back, once for a retry loop and once for Errand");
    for desktop in [LOOPED, DESKTOP] {
        lose(bed, desktop, FaultKind::DropAfter);
    }
    let attempts = retry::order(bed, LOOPED, PRODUCT)?;
    story.tell(&format!(
        "  the retry loop has its answer at attempt {attempts}"
    ));
    story.tell("  $ kubectl apply -f examples/desktop-order.yaml");
    apply(bed, ORDER, DESKTOP)?;
    let ordered = rest(story, bed, ORDER)?;
    println!("\n              {:>6} {:>7}", "CALLS", "ORDERS");
    let journal = bed.simulator.journal();
    for (who, desktop) in [("retry loop", LOOPED), ("Errand", DESKTOP)] {
        let (calls, orders) = (
            journal.calls_on(CALL, desktop),
            journal.effects_on(EFFECT, desktop),
        );
        println!("  {who:<11} {calls:>6} {orders:>7}");
    }
    println!();
    Ok((attempts, ordered))
}

/// kill -9 between the call and the record of its answer.
fn kill(story: &Story, bed: &mut Bed) -> Result<(Value, Value), String> {
    const NAME: &str = "killed-over-it";
    story.tell("2. kill -9 when the order is placed and its answer is still awaited; delete and apply again");
    lose(bed, KILLED, FaultKind::HangAfter);
    apply(bed, NAME, KILLED)?;
    let deadline = Instant::now() + PATIENCE;
    while bed.simulator.journal().effects_on(EFFECT, KILLED) == 0 {
        in_time(bed, deadline)?;
    }
    let pid = bed.operator().pid();
    bed.kill_operator();
    story.tell(&format!("  the order is there; $ kill -9 {pid}"));
    let at_death = bed.get("dor", NAME);
    bed.try_kubectl(&["delete", "dor", NAME])?;
    apply(bed, NAME, KILLED)?;
    story.tell("  deleted and applied again; another operator starts");
    bed.start_operator();
    let reapplied = rest(story, bed, NAME)?;
    println!();
    Ok((at_death, reapplied))
}

/// No answer, and no trace of the order.
fn unknown(
    story: &Story,
    plane: &Plane,
    bed: &Bed,
    operator: &Path,
) -> Result<(Value, String), String> {
    const NAME: &str = "who-knows";
    story.tell("3. no answer, and no order to be seen: nobody can know whether one comes");
    lose(bed, UNKNOWN, FaultKind::DropBefore);
    apply(bed, NAME, UNKNOWN)?;
    let held = rest(story, bed, NAME)?;
    let object = format!("dor/{NAME}");
    let output = Command::new(operator)
        .args(["why", &object, "--namespace", &bed.namespace])
        .env("KUBECONFIG", plane.control_plane().kubeconfig())
        .output()
        .map_err(|e| e.to_string())?;
    let why = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("\n$ errand why {object}");
    for line in why.lines().flat_map(|line| wrap(line, WIDTH - 2)) {
        println!("{}", format!("  {line}").trim_end());
    }
    Ok((held, why))
}

fn lose(bed: &Bed, desktop: &str, kind: FaultKind) {
    bed.simulator
        .fault(Fault::new(CALL, kind).path_contains(desktop));
}

fn apply(bed: &Bed, name: &str, desktop: &str) -> Result<(), String> {
    let manifest = manifest::order(&bed.simulator.url(), name, desktop)?;
    bed.try_apply(&manifest).map(drop)
}

/// Lets time pass until the order is at rest, and tells every state; it as it is
/// then.
fn rest(story: &Story, bed: &Bed, name: &str) -> Result<Value, String> {
    let deadline = Instant::now() + PATIENCE;
    let began = bed.simulator.now();
    let mut told = String::new();
    loop {
        let object = bed.find("dor", name)?.ok_or("it is gone")?;
        let (state, reason) = standing(&object);
        let state = format!("{state:<10} {reason}");
        if state != told {
            let minutes = bed.simulator.now().duration_since(began).as_mins();
            story.tell(&format!("  after {minutes:>3} min   {state}"));
            told = state;
        }
        if condition(&object, "Reconciling")["status"] == "False" {
            return Ok(object);
        }
        // Steps are long only while nothing but time is waited for.
        let step = match reason {
            "ResolvingAnswer" => 600,
            "OrderProcessing" => 30,
            _ => 1,
        };
        bed.advance_if_led(Duration::from_secs(step));
        in_time(bed, deadline)?;
    }
}
