//! Huawei Cloud: the API gateway that every service shares (`gateway`), its
//! signatures ([`signature`]), and the services behind it, a module each.
//!
//! A new service is a module with `route`, `perform` and `render`, and a line in
//! each `match` here. Paths of different services do not collide, so one listener
//! stands for all their endpoints.

use jiff::Timestamp;
use serde_json::Value;

use crate::journal::NewEffect;
use crate::message::{Refusal, Reply, Request, percent_decode};

pub(crate) mod dcs;
pub(crate) mod gateway;
pub mod signature;

/// A request that belongs to a known API.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) api: &'static str,
    /// The project id in the path; global services have none.
    pub(crate) project: Option<String>,
    pub(crate) call: Call,
}

/// The call of a service, its path taken apart.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Dcs(dcs::Call),
}

/// The state of Huawei Cloud.
#[derive(Debug, Default)]
pub(crate) struct Huawei {
    pub(crate) gateway: gateway::Gateway,
    pub(crate) dcs: dcs::Dcs,
}

impl Huawei {
    pub(crate) fn perform(
        &mut self,
        route: &Route,
        request: &Request,
        now: Timestamp,
        effects: &mut Vec<NewEffect>,
    ) -> Result<Reply, Refusal> {
        let project = route.project.as_deref().unwrap_or_default();
        match &route.call {
            Call::Dcs(call) => self.dcs.perform(project, call, request, now, effects),
        }
    }
}

/// The API of a request, by method and path.
pub(crate) fn route(request: &Request) -> Option<Route> {
    let segments: Option<Vec<String>> = request
        .path()
        .strip_prefix('/')?
        .split('/')
        .map(|segment| String::from_utf8(percent_decode(segment)).ok())
        .collect();
    let segments = segments?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    dcs::route(&request.method, &segments)
}

/// The body of a refusal in the words of the service that made it.
pub(crate) fn render(route: &Route, refusal: &Refusal) -> Value {
    match route.call {
        Call::Dcs(_) => dcs::render(refusal),
    }
}

/// The refusal of a call that the account's policies forbid, which each service
/// words for itself.
pub(crate) fn denied(route: &Route) -> Refusal {
    match route.call {
        Call::Dcs(_) => dcs::denied(),
    }
}
