//! How the simulated clouds read what the contracts leave open.

use errand_simulator::Readings;

/// ERRAND_TEST_READINGS=other runs everything with the other readings, as
/// `.ci/full` does; `tests/e2e_other` what depends on them most.
pub fn chosen() -> Readings {
    match std::env::var("ERRAND_TEST_READINGS").as_deref() {
        Ok("other") => Readings::other(),
        Ok(unknown) => panic!("ERRAND_TEST_READINGS={unknown}: it can be other"),
        Err(_) => Readings::default(),
    }
}
