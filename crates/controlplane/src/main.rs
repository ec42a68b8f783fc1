//! `errand-controlplane`: the control plane by hand, without a test around it.

use std::io::{self, Read};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use errand_controlplane::assets::{self, DEFAULT_PROGRAMS, Program};
use errand_controlplane::{ControlPlane, Options};

const HELP: &str = "\
A real etcd and kube-apiserver (RBAC on), found or built, for tests and trials.

usage: errand-controlplane build
           Find or build the programs, and print the folder they are in.
       errand-controlplane path NAME ...
           The same for these alone, tools included; print the path of each.
       errand-controlplane up [--dir DIR] [--audit] [--controller-manager] [--node]
           Start one and print how to reach it. Ends with Ctrl-C, or when
           stdin ends. --dir: the folder to make the instance's folder in.

KUBEBUILDER_ASSETS names a folder with etcd, kube-apiserver and kubectl; without
it they are built once, from Go modules, into $XDG_CACHE_HOME or ~/.cache.";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let result = match arguments.next().as_deref() {
        Some("build") if arguments.next().is_none() => build(),
        Some("path") => path(&arguments.collect::<Vec<_>>()),
        Some("up") => options(arguments).and_then(up),
        Some("-h" | "--help" | "help") => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(HELP.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--audit" => options.audit = true,
            "--controller-manager" => options.controller_manager = true,
            "--node" => options.node = true,
            "--dir" => {
                let dir = arguments.next().ok_or("--dir needs a folder")?;
                options.parent = Some(PathBuf::from(dir));
            }
            other => return Err(format!("{other}: unknown\n\n{HELP}")),
        }
    }
    Ok(options)
}

fn build() -> Result<(), String> {
    let assets = assets::find_or_build(&DEFAULT_PROGRAMS).map_err(|error| error.to_string())?;
    println!("{}", assets.dir().display());
    Ok(())
}

fn path(names: &[String]) -> Result<(), String> {
    let program = |name: &String| {
        let known = Program::named(name);
        known.ok_or_else(|| format!("{name}: unknown\n\n{HELP}"))
    };
    let programs: Vec<_> = names.iter().map(program).collect::<Result<_, _>>()?;
    let assets = assets::find_or_build(&programs).map_err(|error| error.to_string())?;
    for path in programs.into_iter().filter_map(|p| assets.path(p)) {
        println!("{}", path.display());
    }
    Ok(())
}

fn up(options: Options) -> Result<(), String> {
    let started = Instant::now();
    let mut plane = ControlPlane::start(options).map_err(|error| error.to_string())?;
    eprintln!("ready after {:.1} s", started.elapsed().as_secs_f32());
    println!("{}", plane.kubeconfig().display());
    println!("export KUBECONFIG='{}'", plane.kubeconfig().display());
    println!("# kubectl: {}", plane.kubectl_path().display());
    if let Some(log) = plane.audit_log() {
        println!("# audit log: {}", log.display());
    }
    // Ctrl-C needs no handler: the watchdogs notice that we are gone.
    let ended = stdin_ends();
    loop {
        match ended.recv_timeout(Duration::from_secs(1)) {
            Err(RecvTimeoutError::Timeout) => plane.check().map_err(|error| error.to_string())?,
            _ => return Ok(()),
        }
    }
}

/// Receives, or is disconnected, when stdin has ended.
fn stdin_ends() -> mpsc::Receiver<()> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 1024];
        let mut stdin = io::stdin().lock();
        while stdin.read(&mut buffer).is_ok_and(|count| count > 0) {}
        drop(sender);
    });
    receiver
}
