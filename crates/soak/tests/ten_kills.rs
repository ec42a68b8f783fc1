//! Ten kills, as a part of every test run; `cargo run -p errand-soak` does more.
//!
//! It needs the operator beside it, which cargo builds for the tests of the package
//! errand: `cargo test --workspace` has it, and so has plain `cargo test`.

use std::path::Path;

use errand_soak::{Options, run};

#[test]
fn ten_kills_repeat_nothing_lose_nothing_and_leave_nothing_stuck() {
    let operator = Path::new(env!("CARGO_BIN_EXE_errand-soak")).with_file_name("errand");
    assert!(
        operator.is_file(),
        "no {}: run `cargo test --workspace`, or `cargo build --package errand --features test-clock` first",
        operator.display()
    );
    let seed = match std::env::var("ERRAND_TEST_SEED") {
        Ok(seed) => seed.parse().expect("ERRAND_TEST_SEED is a number"),
        Err(_) => rand::random(),
    };
    println!("ERRAND_TEST_SEED={seed}");
    let options = Options {
        operator,
        seed,
        kills: 10,
        wave: 5,
        lanes: 2,
        record: None,
        mistake: None,
    };
    let tally = run(&options, |line| println!("{line}")).unwrap_or_else(|e| panic!("{e}"));
    println!("{}", tally.report());
    assert_eq!(tally.kills(), 10);
    assert!(
        tally.effects.values().sum::<usize>() > 0,
        "nothing was done"
    );
    let found: Vec<&str> = tally
        .violations
        .iter()
        .map(|one| one.text.as_str())
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
