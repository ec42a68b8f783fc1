//! `errand-demo`: five kinds of operations on a real API server and three simulated
//! clouds: one cancelled resize, from manifest to proof; the kinds of the other
//! services and clouds; and three paid orders whose answers are lost. `cargo demo`
//! builds what it needs and runs it.
//!
//! It says what happens when it happens, and then checks what it said: every
//! claim is an assertion, and one that is untrue makes the exit code 1.
//!
//! There is no handler for Ctrl-C: what was started is guarded, and ends with
//! this process in whatever way that ends (`errand_controlplane::guard`).

mod claims;
mod kind_claims;
mod kinds;
mod manifest;
mod moved;
mod order_claims;
mod orders;
mod progress;
mod retry;
mod scene;
mod table;
mod totals;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use errand_controlplane::assets;
use errand_testbed::{Bed, Plane};
use progress::Story;
use totals::Totals;

const HELP: &str = "\
Five kinds of operations on a real API server and three simulated clouds: one
cancelled resize, from manifest to proof; an instance refresh that is cancelled in
the middle of a batch, a server that is watched until it is built, and a
reservation that is cancelled in time; and three paid orders whose answers are
lost. `cargo demo` builds what is needed and runs this.

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
    story.tell("they answer and have Errand's CRDs; their files, which go with them:");
    story.tell(&format!("  {}", plane.control_plane().dir().display()));
    let mut bed = scene::set(&story, &plane, &arguments.operator)?;
    let finished = scene::play(&story, &plane, &mut bed)?;
    scene::show(&bed, &finished)?;
    let mut all_true = claims::tell(claims::claims(&plane, &bed, &finished));

    let mut clouds = moved::set(&story, &plane, &arguments.operator)?;
    let seen = kinds::play(&story, &mut clouds)?;
    let claims = kind_claims::claims(&seen, &clouds.simulator.journal());
    all_true &= claims::tell(claims);

    let seen = orders::play(&story, &plane, &mut clouds, &arguments.operator)?;
    let claims = order_claims::claims(&seen, &clouds.simulator.journal());
    all_true &= claims::tell(claims);

    let totals = Totals::of(&[&bed.simulator.journal(), &clouds.simulator.journal()]);
    print!(
        "\nin all, from the simulators' journals:\n{}",
        totals.table()
    );
    all_true &= claims::tell(totals.claims());

    if arguments.keep {
        keep(&plane, &bed, &clouds)?;
    }
    let code = bed.stop_operator().max(clouds.stop_operator());
    drop((bed, clouds));
    drop(plane);
    println!();
    story.tell(&format!(
        "the operators ended on SIGTERM with exit code {code}; all is removed"
    ));
    let (calls, effects) = totals.sum();
    println!(
        "\n{calls} cloud calls, {effects} effects: {}",
        match all_true {
            true => "every claim is true",
            false => "NOT every claim is true",
        }
    );
    Ok(all_true)
}

/// Returns when the person at the keyboard has seen enough.
fn keep(plane: &Plane, bed: &Bed, clouds: &Bed) -> Result<(), String> {
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
    let other = &clouds.namespace;
    println!("  kubectl get errand -o wide");
    println!("  kubectl describe rsc");
    println!("  kubectl explain rsc.spec");
    println!("  curl '{url}/-/journal?format=text'     # what its cloud saw");
    println!("  curl '{url}/-/'                        # seed more, inject faults");
    println!("\nThe other kinds, whose clock is ahead of yours:\n");
    println!("  kubectl get errand,cc,operationledgers -n {other}");
    println!("  kubectl describe irf,iob,sir -n {other}");
    println!("  curl '{}/-/journal?format=text'", clouds.simulator.url());
    println!("\nWhat the operators said:\n");
    println!(
        "  cd {} && less {namespace}-operator-1.log {other}-operator-*.log",
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
