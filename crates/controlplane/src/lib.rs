//! A real Kubernetes control plane for tests, benches and the demo: etcd and
//! kube-apiserver with RBAC on, and a kubectl that fits.
//!
//! Fakes of the API server agree with whoever wrote them. What Errand relies
//! on (a stale resourceVersion is refused, a status default is applied, a CEL
//! rule sees the old object) is therefore tried against the real thing, which
//! has to be there without a person's help and gone without a trace:
//!
//! - [`assets`] finds the binaries, or builds them once from Go modules;
//! - [`ControlPlane`] starts them, in seconds, in a folder of their own;
//! - [`guard`] sees to it that nothing is left behind, however we end.
//!
//! Depends on std, and on rcgen for keys and certificates. It knows nothing of
//! Errand, so that every other crate may use it.

pub mod assets;
mod error;
pub mod guard;
mod identity;
mod plane;

pub use error::Error;
pub use plane::{ControlPlane, Options};
