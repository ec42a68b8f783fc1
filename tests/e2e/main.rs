//! End to end: manifests applied with kubectl to a real API server, a real
//! operator process under its generated rights, signed requests over a socket to
//! the simulator. The names of the tests are the promises.

mod costs;
mod decisions;
mod endings;
mod kills;
mod operator;
mod support;
mod weather;
