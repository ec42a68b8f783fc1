//! What depends most on the guesses of the contracts, where each of them is read
//! the other way. `.ci/full` runs the whole suite like this.

#[path = "../e2e/decisions.rs"]
mod decisions;
#[path = "../e2e/endings.rs"]
mod endings;
#[path = "../e2e/observations.rs"]
mod observations;
#[path = "../e2e/ordering.rs"]
mod ordering;
#[path = "../e2e/refreshes.rs"]
mod refreshes;
#[path = "../e2e/reservations.rs"]
mod reservations;
// The other modules of e2e use more of it than these do.
#[allow(dead_code)]
#[path = "../e2e/support.rs"]
mod support;

fn readings() -> errand_simulator::Readings {
    errand_simulator::Readings::other()
}
