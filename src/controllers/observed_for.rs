//! Whose memory it is: what an operation remembers of the cloud belongs to one place
//! and one target, and is not used for another. Pure.

use std::collections::BTreeMap;

use super::endpoints::named;
use crate::api::{CloudConnection, ObservedFor, State, Status};
use crate::operations::{Object, Service, digest};

/// Where a connection's operations of one kind take place, in every respect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At {
    cloud: &'static str,
    account: String,
    region: String,
    project: Option<String>,
    endpoints: BTreeMap<String, String>,
}

impl At {
    /// `services` are those that the kind calls.
    pub(super) fn of(connection: &CloudConnection, services: &[Service]) -> Self {
        let spec = &connection.spec;
        let (region, project) = match (&spec.huawei, &spec.volcengine, &spec.tencent) {
            (Some(huawei), ..) => (&huawei.region, Some(huawei.project_id.clone())),
            (_, Some(volcengine), _) => (&volcengine.region, None),
            (_, _, Some(tencent)) => (&tencent.region, None),
            (None, None, None) => (&spec.account_id, None),
        };
        let endpoints = services.iter().filter_map(|service| {
            let endpoint = named(spec.endpoints.as_ref(), *service)?;
            Some((service.label().to_owned(), endpoint.to_owned()))
        });
        Self {
            cloud: services
                .first()
                .map_or("", |service| service.cloud().name()),
            account: spec.account_id.clone(),
            region: region.clone(),
            project,
            endpoints: endpoints.collect(),
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
            target_digest: target_digest(object),
            bound: false,
        }
    }
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
    let same_place = ObservedFor {
        target_digest: here.target_digest.clone(),
        bound: here.bound,
        ..then.clone()
    } == *here;
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

/// By what version 0.1.0 wrote: the target, in words. A plan could be edited without
/// a trace, so what it saw is looked for again.
fn is_of_this_target<O: Object>(object: &O, status: &Status<O::Observed>) -> bool {
    let planned = status.state == Some(State::Planned) || status.plan.is_some();
    !planned && status.target.as_deref() == Some(&object.target())
}

fn described(place: &ObservedFor) -> String {
    let project = place.project_id.as_ref();
    let project = project.map_or(String::new(), |id| format!(", project {id}"));
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
        "{}, account {}, region {}{project}{endpoints}",
        place.cloud, place.account_id, place.region
    )
}

#[cfg(test)]
mod tests;
