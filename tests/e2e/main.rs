//! End to end: manifests applied with kubectl to a real API server, a real
//! operator process under its generated rights, signed requests over a socket to
//! the simulator. The names of the tests are the promises.

mod cli;
mod costs;
mod decisions;
mod endings;
mod kills;
mod operator;
mod robust;
mod support;
mod weather;

/// How this binary reads what the contracts leave open; `tests/e2e_other` has
/// the other reading.
fn readings() -> errand_simulator::Readings {
    errand_simulator::Readings::default()
}
