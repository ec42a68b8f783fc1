//! SIGKILL before and after every effect of the shell, together with every way in
//! which the answer to a paid order can be lost: at most one order, and the state
//! and reason that are true.
//!
//! The usual run takes every moment with one way in turn, and every way without a
//! kill. `ERRAND_TEST_FULL=1` (`.ci/full`) takes every moment with every way.

mod cases;

use std::fs;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use errand_simulator::{Fault, FaultKind, OrderTiming, WorkspaceDesktop};
use errand_testbed::{Bed, BedOptions, CLUSTER, shared_plane};
use errand_testclock::Timing;
use serde_json::Value;

use self::cases::{Case, Moment, Row, cases, moments, print, untrue, ways};
use crate::support::{
    LEASE_OF_AN_HOUR, ORDER, bed_with, ending, resize, resolve, seconds, seed_desktop,
};

/// Beds that work side by side. Each waits much of its time.
const BEDS: usize = 3;

const LEASE: Duration = LEASE_OF_AN_HOUR;

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
