//! CloudDC, bare metal instances: the calls that read (contracts sections d.1, d.2
//! and h; limits and pages as the official SDK words them). What an instance goes
//! through is in [`state`], what can be put in is in [`seed`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Route;
use super::gateway::{self, Refused};
use super::query::Query;
use crate::message::{Dressed, Refusal, Reply, Request};
use crate::seed::BadSeed;
use seed::{
    AfterTerminated, CloudDcInstance, CloudDcReadings, CloudDcStatus, EmptyInstances, NextMarker,
    NotFoundForm, Overloaded, UnknownInList,
};
use state::{CloudDcInstanceState, Instance, same_word};

pub(crate) mod seed;
pub(crate) mod state;

/// Ids that one list may name.
const MOST_IDS: usize = 100;

/// A call to CloudDC, without the project.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Status { instance: String },
    List,
}

pub(crate) fn route(method: &str, segments: &[&str]) -> Option<Route> {
    let (api, project, call) = match (method, segments) {
        ("GET", ["v1", project, "instances"]) => ("clouddc.ListInstances", project, Call::List),
        ("GET", ["v1", project, "instances", instance, "status"]) => {
            let instance = String::from(*instance);
            (
                "clouddc.ShowInstanceStatus",
                project,
                Call::Status { instance },
            )
        }
        _ => return None,
    };
    Some(Route {
        api,
        project: Some((*project).into()),
        call: super::Call::CloudDc(call),
    })
}

/// The instances of every project.
#[derive(Clone, Debug, Default)]
pub(crate) struct CloudDc {
    pub(crate) readings: CloudDcReadings,
    projects: BTreeMap<String, BTreeMap<String, Instance>>,
}

impl CloudDc {
    pub(crate) fn put(
        &mut self,
        project: &str,
        seed: CloudDcInstance,
        now: Timestamp,
    ) -> Result<(), BadSeed> {
        let instance = Instance::new(seed, now)?;
        let project = self.projects.entry(project.into()).or_default();
        project.insert(instance.id.clone(), instance);
        Ok(())
    }

    /// Gives an instance another status, now.
    pub(crate) fn act(
        &mut self,
        project: &str,
        instance: &str,
        status: CloudDcStatus,
        now: Timestamp,
    ) -> Result<(), BadSeed> {
        let gone = |instance: &Instance| self.readings.is_gone(instance, now);
        let instances = self.projects.get_mut(project);
        instances
            .and_then(|instances| instances.get_mut(instance))
            .filter(|instance| !gone(instance))
            .ok_or_else(|| BadSeed::new(format!("no CloudDC instance {instance} is there")))?
            .act(status, now)
    }

    /// The instances that a caller can see, by id.
    fn visible(&self, project: &str, now: Timestamp) -> impl Iterator<Item = &Instance> {
        let instances = self.projects.get(project).into_iter();
        instances
            .flat_map(BTreeMap::values)
            .filter(move |instance| !self.readings.is_gone(instance, now))
    }

    fn find(&self, project: &str, instance: &str, now: Timestamp) -> Option<&Instance> {
        let instance = self.projects.get(project)?.get(instance)?;
        (!self.readings.is_gone(instance, now)).then_some(instance)
    }

    pub(crate) fn state_of(
        &self,
        project: &str,
        instance: &str,
        now: Timestamp,
    ) -> Option<CloudDcInstanceState> {
        let instance = self.find(project, instance, now)?;
        Some(instance.state(now, &self.readings))
    }

    pub(crate) fn state(&self, now: Timestamp) -> BTreeMap<String, Vec<CloudDcInstanceState>> {
        let of = |project: &String| {
            let visible = self.visible(project, now);
            let states = visible.map(|instance| instance.state(now, &self.readings));
            (project.clone(), states.collect())
        };
        self.projects.keys().map(of).collect()
    }

    pub(crate) fn perform(
        &self,
        project: &str,
        call: &Call,
        request: &Request,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let body = match call {
            Call::Status { instance } => self
                .find(project, instance, now)
                .ok_or_else(|| self.not_found())?
                .show_status(now, &self.readings),
            Call::List => self.list(project, request, now)?,
        };
        Ok(Reply::ok(body))
    }

    fn list(&self, project: &str, request: &Request, now: Timestamp) -> Result<Value, Refusal> {
        let query = Query::of(request.query());
        let asked = Asked::of(&query)?;
        let unknown = |id: &&str| self.find(project, id, now).is_none();
        if self.readings.unknown_id_in_list == UnknownInList::Refused
            && asked.ids.iter().flatten().any(unknown)
        {
            return Err(self.not_found());
        }
        let wanted: Vec<&Instance> = self
            .visible(project, now)
            .filter(|instance| asked.is_about(instance, now))
            .collect();
        // GUESS: the order, and that a marker may name what is no longer there.
        let rest = wanted.iter().filter(|each| &*each.id > asked.after);
        let page: Vec<&&Instance> = rest.clone().take(asked.limit).collect();
        let last = page.last().map(|instance| &*instance.id);
        let next =
            last.filter(|_| page.len() < rest.count())
                .map(|id| match self.readings.next_marker {
                    NextMarker::Id => id.into(),
                    NextMarker::Address => {
                        format!("/v1/{project}/instances?limit={}&marker={id}", asked.limit)
                    }
                });
        let show = |instance: &&&Instance| instance.show(now, &self.readings);
        Ok(json!({
            "instances": match (page.is_empty(), self.readings.nothing) {
                (true, EmptyInstances::Null) => Value::Null,
                _ => page.iter().map(show).collect(),
            },
            "page_info": {
                "next_marker": next,
                "previous_marker": null,
                "current_count": page.len(),
            },
            "count": wanted.len(),
        }))
    }

    /// GUESS: the code; no page has a 404.
    fn not_found(&self) -> Refusal {
        let code = &self.readings.not_found_code;
        Refusal::new(404, code, "The instance does not exist.")
    }

    /// Puts an answer into the form that the readings say, where no page has one.
    pub(crate) fn reword(&self, mut answer: Dressed, request_id: &str) -> Dressed {
        let code = answer.code.as_deref();
        match answer.status {
            404 if code == Some(&self.readings.not_found_code) => match self.readings.not_found {
                NotFoundForm::Service => {}
                NotFoundForm::Gateway => {
                    answer.body = gateway::render(&self.not_found(), request_id);
                }
                NotFoundForm::Iam => {
                    let message = self.not_found().message;
                    let error = json!({"code": 404, "message": message, "title": "Not Found"});
                    (answer.code, answer.body) = (None, json!({"error": error}));
                }
            },
            429 if code == Some(gateway::THROTTLED) => match self.readings.overloaded {
                Overloaded::Empty => (answer.code, answer.body) = (None, Value::Null),
                Overloaded::Text => {
                    answer.content_type = "text/plain";
                    (answer.code, answer.body) = (None, json!("The request is overloaded."));
                }
                Overloaded::Gateway => {}
            },
            _ => {}
        }
        answer
    }
}

impl CloudDcReadings {
    fn is_gone(&self, instance: &Instance, now: Timestamp) -> bool {
        let ended = instance.terminated_since(now);
        let long_ago = |since| now.duration_since(since).as_secs() >= self.gone_after.into();
        self.after_terminated == AfterTerminated::Gone && ended.is_some_and(long_ago)
    }
}

/// Which instances of a list are asked for.
struct Asked<'a> {
    limit: usize,
    after: &'a str,
    state: Option<&'a str>,
    ids: Option<Vec<&'a str>>,
    servers: Option<Vec<&'a str>>,
}

impl<'a> Asked<'a> {
    fn of(query: &'a Query) -> Result<Self, Refusal> {
        let limit = query.number("limit").map_err(|_| bad_query())?;
        let asked = Self {
            limit: limit.unwrap_or(0).clamp(10, 1000) as usize,
            after: query.get("marker").map_or("", id_of_marker),
            state: query.get("instance_state"),
            ids: query.get("instance_id").map(|ids| ids.split(',').collect()),
            servers: query.get("server_id").map(|ids| ids.split(',').collect()),
        };
        let too_many = |ids: &Option<Vec<_>>| ids.as_ref().is_some_and(|ids| ids.len() > MOST_IDS);
        let both = asked.ids.is_some() && asked.servers.is_some();
        if both || too_many(&asked.ids) || too_many(&asked.servers) {
            return Err(bad_query());
        }
        Ok(asked)
    }

    fn is_about(&self, instance: &Instance, now: Timestamp) -> bool {
        let has =
            |ids: &Option<Vec<&str>>, id: &str| ids.as_ref().is_none_or(|ids| ids.contains(&id));
        has(&self.ids, &instance.id)
            && has(&self.servers, &instance.server_id)
            && self
                .state
                .is_none_or(|word| same_word(word, instance.word(now)))
    }
}

/// A marker is an id, or an address that ends with one.
fn id_of_marker(marker: &str) -> &str {
    marker.rsplit_once("marker=").map_or(marker, |(_, id)| id)
}

/// GUESS: the code; the limits are documented.
fn bad_query() -> Refusal {
    Refusal::new(400, "CloudDC.0400", "The query parameters are invalid.")
}

/// The page documents no 403: the gateway words it.
pub(crate) fn denied() -> Refused {
    Refused::Gateway(gateway::forbidden("a policy denies it"))
}

/// The body of a refusal in the form of CloudDC.
pub(crate) fn render(refusal: &Refusal) -> Value {
    json!({"error_code": refusal.code, "error_msg": refusal.message})
}
