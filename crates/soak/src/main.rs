//! `cargo run -p errand-soak`: says what it will do, does it, and says what it has
//! found.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::Parser;
use errand_soak::replay::replay;
use errand_soak::{Options, run};

/// Kills operators in the middle of their work, again and again, and judges from the
/// clouds' journal whether anything happened twice, was lost, or was said to have
/// happened and had not.
#[derive(Parser)]
#[command(name = "errand-soak", version)]
struct Cli {
    /// Every choice follows from it. Chosen at random, and said, if absent.
    #[arg(long)]
    seed: Option<u64>,
    /// How many times an operator is killed.
    #[arg(long, default_value_t = 300)]
    kills: u32,
    /// Kills of a wave; each has an API server's namespace, clouds and a clock of its
    /// own, and ends with the judgement.
    #[arg(long, default_value_t = 25)]
    wave: u32,
    /// Waves that work side by side.
    #[arg(long, default_value_t = 2)]
    lanes: usize,
    /// A test build of the operator; built with cargo if absent.
    #[arg(long, value_name = "FILE")]
    operator: Option<PathBuf>,
    /// Keep what the operators were told and wanted in this folder.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Do nothing but replay these recordings through the engine.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    replay: Vec<PathBuf>,
    /// Have the operators make this mistake, which has to be noticed; the exit code
    /// is then 0.
    #[arg(long, value_name = "NAME", value_parser = ["Retry", "LostIsNotSent", "Unrecorded"])]
    mistake: Option<String>,
}

fn main() -> ExitCode {
    match soak(Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "errand-soak: {message}");
            ExitCode::from(2)
        }
    }
}

/// Whether all is as it has to be.
fn soak(cli: Cli) -> Result<bool, String> {
    if !cli.replay.is_empty() {
        return replay_all(&cli.replay);
    }
    let seed = cli.seed.unwrap_or_else(rand::random);
    println!("seed {seed}, {} kills, {} lanes", cli.kills, cli.lanes);
    println!("Real operators, a real API server and simulated clouds on this machine; nothing");
    println!("leaves it. 300 kills take about ten minutes on two cores.");
    let operator = match cli.operator {
        Some(operator) => operator,
        None => build()?,
    };
    let began = Instant::now();
    let options = Options {
        operator,
        seed,
        kills: cli.kills,
        wave: cli.wave,
        lanes: cli.lanes,
        record: cli.record,
        mistake: cli.mistake,
    };
    let tally = run(&options, |line| println!("{line}"))?;
    print!("{}", tally.report());
    println!("{} s", began.elapsed().as_secs());
    match &options.mistake {
        None => {
            for found in &tally.violations {
                println!("\n{}", found.text);
            }
            let few = tally.too_few_decisions();
            if !few.is_empty() {
                println!("\ntoo few decisions: {}", few.join(", "));
            }
            Ok(tally.violations.is_empty() && few.is_empty())
        }
        Some(mistake) => {
            let noticed = tally.violations.first();
            match noticed {
                Some(found) => println!(
                    "{mistake} was noticed within {} kills; the first finding:\n{}",
                    tally.kills(),
                    found.text
                ),
                None => println!("{mistake} was not noticed in {} kills", tally.kills()),
            }
            Ok(noticed.is_some())
        }
    }
}

fn replay_all(files: &[PathBuf]) -> Result<bool, String> {
    let mut fine = true;
    for file in files {
        let recording = std::fs::read_to_string(file);
        let recording = recording.map_err(|e| format!("{}: {e}", file.display()))?;
        match replay(&recording) {
            Ok(events) => println!("{}: {events} events, as recorded", file.display()),
            Err(text) => {
                fine = false;
                println!("{}: {text}", file.display());
            }
        }
    }
    Ok(fine)
}

/// The operator as a test build, beside us.
fn build() -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--manifest-path"])
        .arg(errand_testbed::repository().join("Cargo.toml"))
        .args(["--package", "errand", "--features", "test-clock"])
        // The features of shared dependencies are then those of the demo's build.
        .args(["--package", "errand-testbed"])
        .status()
        .map_err(|e| format!("cargo: {e}"))?;
    if !status.success() {
        return Err("the operator cannot be built; see above".to_owned());
    }
    let me = std::env::current_exe().map_err(|e| format!("where am I? {e}"))?;
    Ok(me.with_file_name("errand"))
}
