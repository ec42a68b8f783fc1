//! Errand.
fn main() {}
