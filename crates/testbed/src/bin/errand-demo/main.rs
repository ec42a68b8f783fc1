//! `errand-demo`: one cancelled resize, from manifest to proof, and three paid
//! orders whose answers are lost, on a real API server and simulated clouds.
//! `cargo demo` builds what it needs and runs it.
//!
//! It says what happens when it happens, and then checks what it said: every
//! claim is an assertion, and one that is untrue makes the exit code 1.
//!
//! There is no handler for Ctrl-C: what was started is guarded, and ends with
//! this process in whatever way that ends (`errand_controlplane::guard`).

mod claims;
mod manifest;
mod order_claims;
mod orders;
mod progress;
mod retry;
mod scene;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use errand_controlplane::assets;
use errand_simulator::Journal;
use errand_testbed::{Bed, Plane};
use progress::Story;

const HELP: &str = "\
One cancelled resize, from manifest to proof, and three paid orders whose answers
are lost, on a real API server and simulated clouds. `cargo demo` builds what is
needed and runs this.

usage: errand-demo [--operator FILE] [--keep]
  --operator FILE  the operator, a test build; default: `errand` beside this one
  --keep           leave everything running until Enter or Ctrl-C";

struct Arguments {
    operator: PathBuf,
    keep: bool,
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Option<Arguments>, String> {
    let mut keep = false;
    let mut operator = None;
    let mut given = std::env::args_os().skip(1);
    while let Some(argument) = given.next() {
        match argument.to_str() {
            Some("--keep") => keep = true,
            Some("--operator") => operator = given.next().map(PathBuf::from),
            Some("-h" | "--help") => return Ok(None),
            _ => return Err(format!("{}: unknown\n\n{HELP}", argument.display())),
        }
    }
    let operator = match operator {
        Some(operator) => operator,
        None => std::env::current_exe()
            .map_err(|e| e.to_string())?
            .with_file_name("errand"),
    };
    match operator.is_file() {
        true => Ok(Some(Arguments { operator, keep })),
        false => Err(format!(
            "{}: there is no operator. `cargo demo` builds it first.",
            operator.display()
        )),
    }
}

/// Whether every claim was true.
fn run(arguments: &Arguments) -> Result<bool, String> {
    let story = Story::begin();
    story.tell(&format!(
        "starting etcd and kube-apiserver ({}, RBAC on)",
        assets::kubernetes_version()
    ));
    let plane = Arc::new(Plane::start()?);
    story.tell(&format!(
        "they answer and have Errand's CRDs; all files are in {} and go with it",
        plane.control_plane().dir().display()
    ));
    let mut bed = scene::set(&story, &plane, &arguments.operator)?;
    let finished = scene::play(&story, &plane, &mut bed)?;
    scene::show(&bed, &finished)?;
    let resize_true = claims::tell(claims::claims(&plane, &bed, &finished));
    let (mut orders, seen) = orders::play(&story, &plane, &arguments.operator)?;
    let claims = order_claims::claims(&seen, &orders.simulator.journal());
    let all_true = claims::tell(claims) && resize_true;
    if arguments.keep {
        keep(&plane, &bed, &orders)?;
    }
    let code = bed.stop_operator().max(orders.stop_operator());
    let journals = [bed.simulator.journal(), orders.simulator.journal()];
    drop((bed, orders));
    drop(plane);
    story.tell(&format!(
        "the operators ended on SIGTERM with exit code {code}; all has been stopped and removed"
    ));
    let count = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    let total = |of: fn(&Journal) -> usize| journals.iter().map(of).sum();
    println!(
        "\n{}, {}: {}",
        count(total(|journal| journal.all_calls().len()), "cloud call"),
        count(total(|journal| journal.all_effects().len()), "effect"),
        match all_true {
            true => "every claim is true",
            false => "NOT every claim is true",
        }
    );
    Ok(all_true)
}

/// Returns when the person at the keyboard has seen enough.
fn keep(plane: &Plane, bed: &Bed, orders: &Bed) -> Result<(), String> {
    let namespace = &bed.namespace;
    // So that none of the commands below needs it.
    plane.kubectl(&[
        "config",
        "set-context",
        "--current",
        "--namespace",
        namespace,
    ])?;
    let control_plane = plane.control_plane();
    let url = bed.simulator.url();
    println!("\nEverything is still running. In another terminal:\n");
    println!(
        "  export KUBECONFIG='{}'",
        control_plane.kubeconfig().display()
    );
    println!(
        "  alias kubectl='{}'",
        control_plane.kubectl_path().display()
    );
    println!("  kubectl get errand -o wide");
    println!("  kubectl describe rsc");
    println!("  kubectl explain rsc.spec");
    println!("  kubectl get dor,operationledgers -n {}", orders.namespace);
    println!("  curl '{url}/-/journal?format=text'     # what the cloud saw");
    println!(
        "  curl '{}/-/journal?format=text'     # of the orders",
        orders.simulator.url()
    );
    println!("  curl '{url}/-/'                        # seed more, inject faults");
    println!(
        "  less {}/{namespace}-operator-1.log",
        control_plane.dir().display()
    );
    println!("\nEnter or Ctrl-C stops and removes it all.");
    let read = io::stdin().read_line(&mut String::new());
    // In the background of a script there is nobody to press Enter.
    if matches!(read, Ok(0)) && !io::stdin().is_terminal() {
        loop {
            std::thread::park();
        }
    }
    Ok(())
}
