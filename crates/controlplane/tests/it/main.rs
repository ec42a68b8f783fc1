//! The crate against the real programs. These need Go or KUBEBUILDER_ASSETS;
//! what needs neither is tested beside the code.

mod answers;
mod common;
mod left_behind;
mod sigint;
mod without_go;
