//! Everything real that a test or the demo stands on: an API server with the
//! CRDs, simulated clouds on loopback, and operator processes that run with the
//! generated rights and never as admin.
//!
//! It speaks to the API server as people do, with kubectl, and knows nothing of
//! the operator's code.

mod api;
mod bed;
mod forward;
mod plane;
mod proxy;

pub use api::Api;
pub use bed::{
    ACCESS_KEY, Bed, BedOptions, CLUSTER, DCS_PROJECT, DOMAIN, Replica, SECRET_KEY, TENCENT_REGION,
    VOLCENGINE_REGION,
};
pub use forward::{ForwardProxy, Inspect};
pub use plane::{Plane, repository, shared_plane};
pub use proxy::{Met, Proxy, Spoilt, Upstream};
