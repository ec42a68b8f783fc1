//! Whose memory it is: what an operation remembers of the cloud belongs to one place
//! and one target, and is not used for another. Pure.

use std::collections::BTreeMap;

use super::endpoints::{Origin, default_endpoint, named};
use crate::api::{CloudConnection, CloudConnectionSpec, ObservedFor, Site, State, Status};
use crate::cloud::Service;
use crate::operations::{Object, digest};

/// Where a connection's operations of one kind take place, in every respect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At {
    cloud: &'static str,
    account: String,
    region: String,
    project: Option<String>,
    endpoints: BTreeMap<String, String>,
    site: Option<Site>,
    clouds: BTreeMap<String, String>,
}

impl At {
    /// `origins` are those of the services that the kind calls.
    pub(super) fn of(connection: &CloudConnection, origins: &[(&'static Service, Origin)]) -> Self {
        let spec = &connection.spec;
        let services: Vec<&'static Service> = origins.iter().map(|(service, _)| *service).collect();
        let (region, project) = match (&spec.huawei, &spec.volcengine, &spec.tencent) {
            (Some(huawei), ..) => (&huawei.region, Some(huawei.project_id.clone())),
            (_, Some(volcengine), _) => (&volcengine.region, None),
            (_, _, Some(tencent)) => (&tencent.region, None),
            (None, None, None) => (&spec.account_id, None),
        };
        let endpoints = services.iter().filter_map(|service| {
            let endpoint = named(spec, service)?;
            Some((service.name.to_owned(), endpoint.to_owned()))
        });
        Self {
            cloud: services
                .first()
                .map_or("", |service| service.cloud().name()),
            account: spec.account_id.clone(),
            region: region.clone(),
            project,
            endpoints: endpoints.collect(),
            site: site(spec, &services),
            clouds: origins
                .iter()
                .map(|(service, origin)| (service.name.to_owned(), origin.cloud()))
                .collect(),
        }
    }

    /// What is observed there for that object, which nothing binds to it yet.
    pub(super) fn observed_for<O: Object>(&self, object: &O) -> ObservedFor {
        ObservedFor {
            cloud: self.cloud.to_owned(),
            account_id: self.account.clone(),
            region: self.region.clone(),
            project_id: self.project.clone(),
            endpoints: self.endpoints.clone(),
            site: self.site.map(|site| site.word().to_owned()),
            clouds: self.clouds.clone(),
            target_digest: target_digest(object),
            bound: false,
        }
    }
}

/// The connection's site, if an endpoint that it does not name depends on it. The
/// endpoints themselves are not compared: those of a vendor may differ between versions.
fn site(spec: &CloudConnectionSpec, services: &[&'static Service]) -> Option<Site> {
    let own = match (&spec.huawei, &spec.tencent) {
        (Some(huawei), _) => huawei.site,
        (_, Some(tencent)) => tencent.site,
        (None, None) => None,
    };
    let endpoints = |site: Site| {
        let mut spec = spec.clone();
        if let Some(huawei) = &mut spec.huawei {
            huawei.site = Some(site);
        }
        if let Some(tencent) = &mut spec.tencent {
            tencent.site = Some(site);
        }
        let unnamed = services
            .iter()
            .filter(|service| named(&spec, service).is_none());
        let endpoints: Vec<_> = unnamed
            .map(|service| default_endpoint(&spec, service))
            .collect();
        endpoints
    };
    let [first, others @ ..] = Site::WORDS.map(|(site, _)| endpoints(site));
    let depends = others.iter().any(|other| *other != first);
    depends.then(|| own.unwrap_or_default())
}

fn target_digest<O: Object>(object: &O) -> String {
    digest(&[&object.target_fields().to_string()])
}

/// What becomes of what is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// It is about this place and target.
    Kept,
    /// It is about another one, where nothing was sent: forgotten.
    Forgotten,
    /// The operation belongs to another place; a sentence that names both.
    Elsewhere(String),
}

/// Compares what is remembered with where the operation takes place now. A plan that
/// has called nothing may move.
pub(super) fn memory<O: Object>(object: &O, here: &ObservedFor, execute: bool) -> Memory {
    let Some(status) = object.status() else {
        return Memory::Kept;
    };
    let called = !status.steps.is_empty();
    let Some(then) = &status.observed_for else {
        // Version 0.1.0 did not write it.
        return match status.observed.is_none() || called || is_of_this_target(object, status) {
            true => Memory::Kept,
            false => Memory::Forgotten,
        };
    };
    let same_target = then.target_digest == here.target_digest;
    let same_place = same_account(then, here) && same_cloud(then, here);
    match (same_target, same_place) {
        (true, true) => Memory::Kept,
        // What was asked for was edited, and nothing was sent for it.
        (false, _) if !called => Memory::Forgotten,
        (_, true) => Memory::Kept,
        (_, false) if called || then.bound && execute => Memory::Elsewhere(format!(
            "The connection was changed while this operation belongs to another place. It began at {}; the connection is now at {}. Change the connection back, or create a new operation.",
            described(then),
            described(here)
        )),
        (true, false) | (false, false) => Memory::Forgotten,
    }
}

fn same_account(then: &ObservedFor, here: &ObservedFor) -> bool {
    let of = |place: &ObservedFor| {
        let ObservedFor {
            cloud,
            account_id,
            region,
            project_id,
            endpoints: _,
            site: _,
            clouds: _,
            target_digest: _,
            bound: _,
        } = place.clone();
        (cloud, account_id, region, project_id)
    };
    of(then) == of(here)
}

/// Each service is at the cloud where it was: the vendor, whose own hosts and aliases are
/// one cloud, or a cloud of its own. The same endpoint is the same cloud, whatever the
/// operator's flags say of it now.
fn same_cloud(then: &ObservedFor, here: &ObservedFor) -> bool {
    if then.clouds.is_empty() {
        // An earlier version wrote it; one of them did not write the site.
        let site = then.site.is_none() || then.site == here.site;
        return site && then.endpoints == here.endpoints;
    }
    here.clouds.iter().all(|(service, cloud)| {
        let named = |place: &ObservedFor| place.endpoints.get(service).cloned();
        let same_endpoint = named(here).is_some() && named(then) == named(here);
        same_endpoint || then.clouds.get(service) == Some(cloud)
    })
}

/// By what version 0.1.0 wrote: the target, in words. A plan could be edited without
/// a trace, so what it saw is looked for again.
fn is_of_this_target<O: Object>(object: &O, status: &Status<O::Observed>) -> bool {
    let planned = status.state == Some(State::Planned) || status.plan.is_some();
    !planned && status.target.as_deref() == Some(&object.target())
}

fn described(place: &ObservedFor) -> String {
    let project = place.project_id.as_ref();
    let project = project.map_or(String::new(), |id| format!(", project {id}"));
    let site = place.site.as_ref();
    let site = site.map_or(String::new(), |site| format!(", site {site}"));
    let endpoints: Vec<String> = place
        .endpoints
        .iter()
        .map(|(service, url)| format!("{service} at {url}"))
        .collect();
    let endpoints = match endpoints.is_empty() {
        true => String::new(),
        false => format!(", endpoints {}", endpoints.join(" and ")),
    };
    format!(
        "{}, account {}, region {}{project}{site}{endpoints}",
        place.cloud, place.account_id, place.region
    )
}

#[cfg(test)]
mod tests;
