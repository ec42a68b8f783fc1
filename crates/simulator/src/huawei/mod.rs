//! Huawei Cloud: the API gateway that every service shares (`gateway`), its
//! signatures ([`signature`]), and the services behind it, a module each.
//!
//! A new service is a module with `route`, `perform` and `render`, and a line in
//! each `match` here. Paths of different services do not collide, so one listener
//! stands for all their endpoints.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use crate::journal::NewEffect;
use crate::message::{Dressed, Refusal, Reply, Request, percent_decode};
use crate::readings::Readings;
use crate::seed::{BadSeed, Seed};
use gateway::Refused;

pub(crate) mod bss;
pub(crate) mod clouddc;
pub(crate) mod dcs;
pub(crate) mod gateway;
pub(crate) mod query;
pub mod signature;
pub(crate) mod workspace;

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
    Workspace(workspace::Call),
    Bss(bss::Call),
    CloudDc(clouddc::Call),
}

/// The state of Huawei Cloud.
#[derive(Clone, Debug, Default)]
pub(crate) struct Huawei {
    pub(crate) gateway: gateway::Gateway,
    pub(crate) services: Services,
}

/// What the services keep.
#[derive(Clone, Debug, Default)]
pub(crate) struct Services {
    pub(crate) dcs: dcs::Dcs,
    pub(crate) workspace: workspace::Workspace,
    pub(crate) bss: bss::Bss,
    pub(crate) clouddc: clouddc::CloudDc,
}

impl Huawei {
    pub(crate) fn perform(
        &mut self,
        route: &Route,
        request: &Request,
        now: Timestamp,
        effects: &mut Vec<NewEffect>,
    ) -> Result<Reply, Refusal> {
        let services = &mut self.services;
        services.settle(now);
        let project = route.project.as_deref().unwrap_or_default();
        match &route.call {
            Call::Dcs(call) => services.dcs.perform(project, call, request, now, effects),
            Call::Workspace(call) => {
                let (workspace, bss) = (&services.workspace, &mut services.bss);
                workspace.perform(project, call, request, now, bss, effects)
            }
            Call::Bss(call) => {
                let projects = self.gateway.projects_of_caller(request);
                let bss = &mut services.bss;
                bss.perform(&projects, call, request, now, effects)
            }
            Call::CloudDc(call) => services.clouddc.perform(project, call, request, now),
        }
    }
}

impl Services {
    /// Nothing, and no reading but the defaults.
    pub(crate) fn anew(&self) -> Self {
        Self {
            bss: self.bss.anew(),
            ..Self::default()
        }
    }

    /// Ends what has ended by now, and delivers the orders. Instances settle when
    /// they are looked at.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        for delivery in self.bss.settle(now) {
            self.workspace.deliver(&delivery);
        }
    }

    /// Adds what a seed has for them.
    pub(crate) fn put(&mut self, seed: &mut Seed, now: Timestamp) -> Result<(), BadSeed> {
        for (project, instances) in std::mem::take(&mut seed.dcs) {
            once_each("instances", instances.iter().map(|instance| &*instance.id))?;
            for instance in instances {
                self.dcs.put(&project, instance, now)?;
            }
        }
        for change in std::mem::take(&mut seed.dcs_changes) {
            self.dcs.change(change, now)?;
        }
        for (project, seed) in std::mem::take(&mut seed.workspace) {
            once_each("desktops", seed.desktops.iter().map(|desktop| &*desktop.id))?;
            self.workspace.put(&project, seed, now)?;
        }
        for order in std::mem::take(&mut seed.desktop_orders) {
            self.workspace.order(order, now, &mut self.bss)?;
        }
        for (project, instances) in std::mem::take(&mut seed.clouddc) {
            once_each("instances", instances.iter().map(|instance| &*instance.id))?;
            for instance in instances {
                self.clouddc.put(&project, instance, now)?;
            }
        }
        self.settle(now);
        Ok(())
    }

    /// An answer in the form that a service's readings have for it.
    pub(crate) fn reword(&self, route: Option<&Route>, dressed: Dressed, id: &str) -> Dressed {
        match route.map(|route| &route.call) {
            Some(Call::CloudDc(_)) => self.clouddc.reword(dressed, id),
            _ => dressed,
        }
    }

    pub(crate) fn readings(&self) -> Readings {
        Readings {
            dcs: self.dcs.readings.clone(),
            workspace: self.workspace.readings.clone(),
            bss: self.bss.readings.clone(),
            clouddc: self.clouddc.readings.clone(),
            ..Readings::default()
        }
    }

    pub(crate) fn read(&mut self, readings: Readings) {
        self.dcs.readings = readings.dcs;
        self.workspace.readings = readings.workspace;
        self.bss.readings = readings.bss;
        self.clouddc.readings = readings.clouddc;
    }
}

fn once_each<'a>(what: &str, ids: impl Iterator<Item = &'a str>) -> Result<(), BadSeed> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(BadSeed::new(format!("two {what} with the id {id}")));
        }
    }
    Ok(())
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
    let method = &*request.method;
    dcs::route(method, &segments)
        .or_else(|| workspace::route(method, &segments))
        .or_else(|| bss::route(method, &segments))
        .or_else(|| clouddc::route(method, &segments))
}

/// A reply as it is; a refusal in the words of the service or gateway that made it.
pub(crate) fn dress(
    route: Option<&Route>,
    result: Result<Reply, Refused>,
    request_id: &str,
) -> Dressed {
    let (status, code, body) = match result {
        Ok(reply) => (reply.status, None, reply.body),
        Err(refused) => {
            let body = match (&refused, route) {
                (Refused::Service(refusal), Some(route)) => render(route, refusal),
                (Refused::Service(refusal), None) | (Refused::Gateway(refusal), _) => {
                    gateway::render(refusal, request_id)
                }
            };
            let refusal = refused.into_refusal();
            (refusal.status, Some(refusal.code), body)
        }
    };
    Dressed {
        status,
        code,
        body,
        content_type: "application/json;charset=UTF-8",
        names_request: true,
    }
}

/// The body of a refusal in the words of the service that made it.
fn render(route: &Route, refusal: &Refusal) -> Value {
    match route.call {
        Call::Dcs(_) => dcs::render(refusal),
        Call::Workspace(_) => workspace::render(refusal),
        Call::Bss(_) => bss::render(refusal),
        Call::CloudDc(_) => clouddc::render(refusal),
    }
}

/// The refusal of a call that the account's policies forbid, which each service
/// words for itself or leaves to the gateway.
pub(crate) fn denied(route: &Route) -> Refused {
    match route.call {
        Call::Dcs(_) => Refused::Service(dcs::denied()),
        Call::Workspace(_) => workspace::denied(),
        Call::Bss(_) => bss::denied(),
        Call::CloudDc(_) => clouddc::denied(),
    }
}
