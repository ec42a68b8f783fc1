//! `errand-simulator`: the clouds on loopback until Ctrl-C.

use std::error::Error;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use errand_simulator::{Config, Seed, Simulator};
use errand_testclock::TestClock;

/// The clouds that Errand calls, simulated on loopback.
///
/// Prints its URL and runs until Ctrl-C. `GET URL/-/` explains the admin API.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))]
    listen: SocketAddr,
    /// A clock file of errand-testclock, which another process moves forward.
    #[arg(long, value_name = "FILE")]
    clock: Option<PathBuf>,
    /// A seed to start with, as for `PUT /-/seed`.
    #[arg(long, value_name = "FILE.json")]
    seed_file: Option<PathBuf>,
    /// Milliseconds added to each cloud call.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    delay_ms: u64,
    /// Seconds by which the clouds' clock is ahead (negative: behind).
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    date_offset: i64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let config = match &arguments.clock {
        Some(file) => {
            let clock = TestClock::open(file);
            Config::with_clock(clock.map_err(|e| format!("{}: {e}", file.display()))?)
        }
        None => Config::default(),
    };
    let seed: Option<Seed> = match &arguments.seed_file {
        Some(file) => {
            let named = |e: &dyn Error| format!("{}: {e}", file.display());
            let text = std::fs::read(file).map_err(|e| named(&e))?;
            Some(serde_json::from_slice(&text).map_err(|e| named(&e))?)
        }
        None => None,
    };
    let simulator = Simulator::start(Config {
        listen: arguments.listen,
        delay: Duration::from_millis(arguments.delay_ms),
        date_offset: arguments.date_offset,
        ..config
    })?;
    if let Some(seed) = seed {
        simulator.try_seed(seed)?;
    }
    println!("{}", simulator.url());
    std::io::stdout().flush()?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(tokio::signal::ctrl_c())?;
    Ok(())
}
