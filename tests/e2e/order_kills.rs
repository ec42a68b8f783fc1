//! SIGKILL before and after every effect of the shell, together with every way in
//! which the answer to a paid order can be lost: at most one order, and the state
//! and reason that are true.
//!
//! The usual run takes every moment with one way in turn, and every way without a
//! kill. `ERRAND_TEST_FULL=1` (`.ci/full`) takes every moment with every way.

use std::fs;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use errand::controllers::EFFECTS;
use errand_simulator::{Fault, FaultKind, OrderTiming, WorkspaceDesktop};
use errand_testbed::{Bed, BedOptions, CLUSTER, shared_plane};
use errand_testclock::Timing;
use serde_json::Value;

use crate::support::{
    Ending, LEASE_OF_AN_HOUR, ORDER, bed_with, ending, resize, resolve, seconds, seed_desktop,
};

/// Beds that work side by side. Each waits much of its time.
const BEDS: usize = 3;

const LEASE: Duration = LEASE_OF_AN_HOUR;

/// How long a request that arrives late takes.
const LATE: u32 = 600;

/// What becomes of the order and of its answer.
#[derive(Clone)]
struct Way {
    name: &'static str,
    fault: Option<FaultKind>,
    /// The order is placed, now or later.
    ordered: bool,
}

fn ways() -> Vec<Way> {
    let way = |name, fault, ordered| Way {
        name,
        fault,
        ordered,
    };
    let error = |status| {
        Some(FaultKind::Error {
            status,
            code: "WKS.99999999".into(),
            message: "something went wrong".into(),
        })
    };
    vec![
        way("answered", None, true),
        way("dropped before", Some(FaultKind::DropBefore), false),
        way("dropped after", Some(FaultKind::DropAfter), true),
        way("hangs before", Some(FaultKind::Hang), false),
        way("hangs after", Some(FaultKind::HangAfter), true),
        way("truncated", Some(FaultKind::Truncate), true),
        way("unreadable", Some(FaultKind::BadBody), true),
        way(
            "arrives late",
            Some(FaultKind::Late { seconds: LATE }),
            true,
        ),
        way("500", error(500), false),
        way("502", error(502), false),
        way("504", error(504), false),
        way("200 with an error", error(200), false),
    ]
}

/// When the process is killed: `after:Send:1`.
#[derive(Clone, PartialEq, Eq)]
struct Moment {
    side: &'static str,
    effect: &'static str,
    nth: u32,
}

impl Moment {
    fn name(&self) -> String {
        format!("{}:{}:{}", self.side, self.effect, self.nth)
    }

    /// A ledger entry is closed only where the order was seen.
    fn comes(&self, way: &Way) -> bool {
        self.effect != "Close" || way.ordered
    }

    /// The claim may stand while nothing was sent, and the next process cannot
    /// know that.
    fn between_claim_and_call(&self) -> bool {
        match self.effect {
            // It is what follows the conflict of the intent's write.
            "Read" | "Intend" => true,
            "Claim" => self.side == "after",
            "Send" => self.side == "before",
            _ => false,
        }
    }
}

fn moments() -> Vec<Moment> {
    let mut moments = Vec::new();
    for effect in EFFECTS {
        // The look at the cloud before the order, and the one after it.
        let last = if *effect == "Observe" { 2 } else { 1 };
        for nth in 1..=last {
            for side in ["before", "after"] {
                moments.push(Moment { side, effect, nth });
            }
        }
    }
    moments
}

struct Case {
    number: usize,
    kill: Option<Moment>,
    way: Way,
}

/// Every way without a kill, and every moment with every way or with one of those
/// that lead to it.
fn cases(full: bool) -> Vec<Case> {
    let mut pairs: Vec<(Option<Moment>, Way)> = Vec::new();
    pairs.extend(ways().into_iter().map(|way| (None, way)));
    for (turn, moment) in moments().into_iter().enumerate() {
        let mut here = ways();
        if !full {
            here.retain(|way| moment.comes(way));
            here = vec![here[turn % here.len()].clone()];
        }
        pairs.extend(here.into_iter().map(|way| (Some(moment.clone()), way)));
    }
    let numbered = pairs.into_iter().enumerate();
    numbered
        .map(|(number, (kill, way))| Case { number, kill, way })
        .collect()
}

/// What was seen of a case.
struct Row {
    number: usize,
    kill: String,
    way: &'static str,
    killed: bool,
    calls: usize,
    orders: usize,
    ending: Ending,
    took: Duration,
    wrong: Option<&'static str>,
}

#[test]
fn killed_at_any_effect_and_whatever_becomes_of_the_answer_there_is_at_most_one_order() {
    let full = std::env::var_os("ERRAND_TEST_FULL").is_some();
    let began = Instant::now();
    let mut cases = cases(full);
    // The last is taken first.
    cases.reverse();
    println!(
        "{} moments, {} ways, {} combinations{}",
        moments().len(),
        ways().len(),
        cases.len(),
        match full {
            true => "",
            false => " (ERRAND_TEST_FULL=1 takes all)",
        }
    );
    let (queue, rows) = (Mutex::new(cases), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..BEDS {
            scope.spawn(|| {
                let mut bed = paying_bed();
                loop {
                    let next = queue.lock().expect("not poisoned").pop();
                    let Some(case) = next else { return };
                    let row = play(&mut bed, &case);
                    rows.lock().expect("not poisoned").push(row);
                }
            });
        }
    });
    let mut rows = rows.into_inner().expect("not poisoned");
    rows.sort_by_key(|row| row.number);
    print(&rows);
    println!("{} s in all", began.elapsed().as_secs());
    for moment in moments() {
        let name = moment.name();
        let reached = rows.iter().any(|row| row.kill == name && row.killed);
        assert!(reached, "{name}: nothing was killed there");
    }
    let wrong = rows.iter().filter(|row| row.wrong.is_some()).count();
    assert_eq!(wrong, 0, "see the table");
}

fn paying_bed() -> Bed {
    let options = BedOptions {
        timing: Timing {
            lease: LEASE,
            // Each call that hangs takes this long in real time.
            call_timeout: seconds(2),
            ..Timing::default()
        },
        ..BedOptions::default()
    };
    let bed = bed_with("order-kill", options);
    bed.apply(&bed.paying_connection("huawei-prod", "AutomaticPayment", CLUSTER));
    bed
}

fn play(bed: &mut Bed, case: &Case) -> Row {
    let began = Instant::now();
    let (name, desktop) = (
        format!("order-{}", case.number),
        format!("desk-{}", case.number),
    );
    let timing = OrderTiming {
        runs_for: 20,
        ..OrderTiming::default()
    };
    seed_desktop(bed, WorkspaceDesktop::new(&desktop).timing(timing));
    if let Some(fault) = &case.way.fault {
        bed.simulator
            .fault(Fault::new(ORDER, fault.clone()).path_contains(&desktop));
    }
    let orders = |bed: &Bed| {
        let journal = bed.simulator.journal();
        journal.effects_on("workspace.order", &desktop)
    };
    let kill = case.kill.as_ref().filter(|kill| kill.comes(&case.way));
    let mut wrong = None;
    start(bed, &name, &desktop, kill);
    if kill.is_some() {
        let mut status = None;
        pass_time_until(bed, &name, "it is killed", |bed| {
            let ended = bed.operator().try_wait();
            status = ended.expect("its watchdog tells");
            status.is_some()
        });
        if status != Some(128 + 9) {
            wrong = Some("it ended otherwise");
        }
        if ending(&bed.get("dor", &name)).state == "Succeeded" && orders(bed) == 0 {
            wrong = Some("a success without an order");
        }
        bed.delete_lease();
        bed.start_operator();
    }
    pass_time_until(bed, &name, "it is at rest", |bed| {
        let state = ending(&bed.get("dor", &name)).state;
        ["Succeeded", "Failed", "Held"].contains(&state.as_str())
    });
    let object = bed.get("dor", &name);
    let row = Row {
        number: case.number,
        kill: case.kill.as_ref().map_or("-".to_owned(), Moment::name),
        way: case.way.name,
        killed: kill.is_some(),
        calls: bed.simulator.journal().calls_on(ORDER, &desktop),
        orders: orders(bed),
        ending: ending(&object),
        took: began.elapsed(),
        wrong: None,
    };
    let wrong = wrong.or_else(|| untrue(case, &row));
    if let Some(wrong) = wrong {
        let journal = bed.simulator.journal();
        println!("{} {}: {wrong}\n{object:#}\n{journal}", row.kill, row.way);
        println!("{}", bed.operator_log());
    }
    // The next one begins with nothing left of this one.
    bed.kubectl(&["delete", "dor", &name]);
    // How it ends in order is another test's.
    bed.kill_operator();
    bed.simulator.clear_faults();
    Row { wrong, ..row }
}

/// A person lets an order be placed once more, and the process dies while it does
/// so: an approval is used once.
#[test]
fn killed_while_a_persons_send_again_is_carried_out_there_is_one_order_for_it() {
    let mut moments = Vec::new();
    for effect in ["Claim", "Intend", "Send"] {
        for side in ["before", "after"] {
            let nth = 1;
            moments.push(Moment { side, effect, nth });
        }
    }
    let queue = Mutex::new(moments);
    thread::scope(|scope| {
        for _ in 0..BEDS {
            scope.spawn(|| {
                let mut bed = paying_bed();
                loop {
                    let next = queue.lock().expect("not poisoned").pop();
                    let Some(moment) = next else { return };
                    send_again_and_kill(&mut bed, &moment);
                    println!("killed {}: one order", moment.name());
                }
            });
        }
    });
}

fn send_again_and_kill(bed: &mut Bed, moment: &Moment) {
    let name = moment.name().replace(':', "-").to_lowercase();
    let desktop = format!("desk-{name}");
    let at_once = OrderTiming {
        runs_for: 0,
        ..OrderTiming::default()
    };
    seed_desktop(bed, WorkspaceDesktop::new(&desktop).timing(at_once));
    let lost = Fault::new(ORDER, FaultKind::DropBefore).path_contains(&desktop);
    bed.simulator.fault(lost);
    let question = |object: &Value| object["status"]["hold"]["id"].clone();
    let reason = |bed: &Bed| ending(&bed.get("dor", &name)).reason;
    let did = |bed: &Bed| {
        let journal = bed.simulator.journal();
        let calls = journal.calls_on(ORDER, &desktop);
        (calls, journal.effects_on("workspace.order", &desktop))
    };
    start(bed, &name, &desktop, None);
    pass_time_until(bed, &name, "nobody knows", |bed| {
        reason(bed) == "AnswerUnknown"
    });
    let first = question(&bed.get("dor", &name));
    bed.kill_operator();
    bed.start_operator_with(&[], &[("ERRAND_TEST_KILL", &moment.name())]);
    resolve(bed, &name, "SendAgain");
    let mut status = None;
    pass_time_until(bed, &name, "it is killed", |bed| {
        let ended = bed.operator().try_wait();
        status = ended.expect("its watchdog tells");
        status.is_some()
    });
    assert_eq!(status, Some(128 + 9), "{}", bed.operator_log());
    bed.delete_lease();
    bed.start_operator();
    pass_time_until(bed, &name, "it has ended or asks anew", |bed| {
        let object = bed.get("dor", &name);
        let reason = ending(&object).reason;
        let asks = reason == "AnswerUnknown" && question(&object) != first;
        asks || reason == "Delivered"
    });
    let asks = reason(bed) == "AnswerUnknown";
    let moment_name = moment.name();
    // The question stands in status until the intent does, and before that nothing
    // is sent: the same decision is carried out by the next process.
    let unsent = [("after", "Intend"), ("before", "Send")];
    let nobody_knows = unsent.contains(&(moment.side, moment.effect));
    assert_eq!(asks, nobody_knows, "{moment_name}");
    if asks {
        assert_eq!(
            did(bed),
            (1, 0),
            "{moment_name}: nobody has approved another"
        );
        resolve(bed, &name, "SendAgain");
        pass_time_until(bed, &name, "it is delivered", |bed| {
            reason(bed) == "Delivered"
        });
    }
    assert_eq!(did(bed), (2, 1), "{moment_name}");
    bed.kubectl(&["delete", "dor", &name]);
    bed.kill_operator();
}

/// Starts the operator, which is to be killed at that moment, and applies the
/// order.
fn start(bed: &mut Bed, name: &str, desktop: &str, kill: Option<&Moment>) {
    let manifest = resize(bed, name, desktop, "Automatic");
    let manifest = format!("{manifest}  verifyTimeout: 24h\n");
    let Some(kill) = kill else {
        bed.start_operator();
        bed.apply(&manifest);
        return;
    };
    let moment = kill.name();
    if kill.effect != "Read" {
        bed.start_operator_with(&[], &[("ERRAND_TEST_KILL", &moment)]);
        bed.apply(&manifest);
        return;
    }
    // An object is read anew where it was edited between the look and the intent.
    let dir = shared_plane().control_plane().dir();
    let file = dir.join(format!("{}-{name}.pause", bed.namespace));
    fs::write(&file, "").expect("the plane's folder can be written");
    let pause = format!("after:Observe:1:{}", file.display());
    let variables = [
        ("ERRAND_TEST_KILL", moment.as_str()),
        ("ERRAND_TEST_PAUSE", pause.as_str()),
    ];
    let pauses = |bed: &Bed| bed.operator_log().matches("test pause").count();
    let before = pauses(bed);
    bed.start_operator_with(&[], &variables);
    bed.apply(&manifest);
    bed.wait_until("it stands after its look", || pauses(bed) > before);
    bed.kubectl(&["label", "dor", name, "edited=yes"]);
    fs::remove_file(file).expect("it was made above");
}

/// Time passes as fast as the operator keeps its lease: in long steps where it
/// only waits for a request that may still arrive.
fn pass_time_until(
    bed: &mut Bed,
    name: &str,
    what: &str,
    mut condition: impl FnMut(&mut Bed) -> bool,
) {
    let deadline = Instant::now() + seconds(90);
    while !condition(bed) {
        assert!(
            Instant::now() < deadline,
            "{name}: waited in vain until {what}; it is {}\n{:#}\n{:#?}\n{}\n{}",
            bed.simulator.now(),
            bed.get("dor", name),
            bed.find("lease", "errand"),
            bed.simulator.journal(),
            bed.operator_log()
        );
        let resolving = ending(&bed.get("dor", name)).reason == "ResolvingAnswer";
        bed.advance_if_led(if resolving { LEASE / 6 } else { seconds(1) });
        thread::sleep(Duration::from_millis(20));
    }
}

/// What is not as it has to be.
fn untrue(case: &Case, row: &Row) -> Option<&'static str> {
    let is = |state: &str, reason: &str| row.ending.state == state && row.ending.reason == reason;
    let unsent = case
        .kill
        .as_ref()
        .is_some_and(Moment::between_claim_and_call);
    match (row.orders, row.calls) {
        (2.., _) => Some("ordered twice"),
        (_, 2..) => Some("sent twice"),
        (1, _) if !is("Succeeded", "Delivered") => Some("the order is there"),
        (1, _) => None,
        (0, _) if !is("Held", "AnswerUnknown") => Some("nobody can know"),
        (0, 0) if !unsent => Some("held without need"),
        (0, 1) if case.way.ordered => Some("it was to be ordered"),
        _ => None,
    }
}

fn print(rows: &[Row]) {
    println!(
        "{:<18} {:<18} {:<6} {:>5} {:>6}  {:<26} {:>5}",
        "MOMENT", "WAY", "KILLED", "CALLS", "ORDERS", "OUTCOME", "S"
    );
    for row in rows {
        println!(
            "{:<18} {:<18} {:<6} {:>5} {:>6}  {:<26} {:>5.1}{}",
            row.kill,
            row.way,
            if row.killed { "yes" } else { "no" },
            row.calls,
            row.orders,
            format!("{}/{}", row.ending.state, row.ending.reason),
            row.took.as_secs_f32(),
            row.wrong
                .map_or(String::new(), |wrong| format!("  WRONG: {wrong}")),
        );
    }
    let count = |state| rows.iter().filter(|row| row.ending.state == state).count();
    println!(
        "{} combinations, {} with a kill: {} orders; {} Succeeded, {} Held, {} Failed",
        rows.len(),
        rows.iter().filter(|row| row.killed).count(),
        rows.iter().map(|row| row.orders).sum::<usize>(),
        count("Succeeded"),
        count("Held"),
        count("Failed"),
    );
}
