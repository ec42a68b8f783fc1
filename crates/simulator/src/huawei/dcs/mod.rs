//! Distributed Cache Service: the calls (contracts sections a.1 to a.6). What an
//! instance goes through is in [`state`], what can be put in is in [`seed`], and what nobody could verify in
//! [`readings`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::Route;
use crate::journal::NewEffect;
use crate::message::{Refusal, Reply, Request, query_pairs};
use crate::seed::BadSeed;
use readings::{DcsReadings, EmptyTasks, TaskCount, TaskOrder};
use seed::{DcsChange, DcsInstance};
use state::{DcsInstanceState, Instance};

pub(crate) mod readings;
pub(crate) mod seed;
pub(crate) mod state;

/// A call to DCS, without the project.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Cancel { instance: String, task: String },
    Show { instance: String },
    ListTasks { instance: String },
    Progress { instance: String, task: String },
}

pub(crate) fn route(method: &str, segments: &[&str]) -> Option<Route> {
    let ["v2", project, "instances", instance, rest @ ..] = segments else {
        return None;
    };
    let instance = String::from(*instance);
    let task = |task: &str| String::from(task);
    let (api, call) = match (method, rest) {
        ("POST", ["resize", "cancel", id]) => {
            let call = Call::Cancel {
                instance,
                task: task(id),
            };
            ("dcs.CancelInstanceResize", call)
        }
        ("GET", []) => ("dcs.ShowInstance", Call::Show { instance }),
        ("GET", ["tasks"]) => ("dcs.ListBackgroundTask", Call::ListTasks { instance }),
        ("GET", ["tasks", id, "progress"]) => {
            let call = Call::Progress {
                instance,
                task: task(id),
            };
            ("dcs.ShowBackgroundTaskProgress", call)
        }
        _ => return None,
    };
    Some(Route {
        api,
        project: Some((*project).into()),
        call: super::Call::Dcs(call),
    })
}

/// The instances of every project.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dcs {
    pub(crate) readings: DcsReadings,
    projects: BTreeMap<String, BTreeMap<String, Instance>>,
}

impl Dcs {
    pub(crate) fn put(
        &mut self,
        project: &str,
        seed: DcsInstance,
        now: Timestamp,
    ) -> Result<(), BadSeed> {
        let instance = Instance::new(seed, now)?;
        self.projects
            .entry(project.into())
            .or_default()
            .insert(instance.id.clone(), instance);
        Ok(())
    }

    pub(crate) fn change(&mut self, change: DcsChange, now: Timestamp) -> Result<(), BadSeed> {
        self.projects
            .get_mut(&change.project)
            .and_then(|instances| instances.get_mut(&change.instance))
            .ok_or_else(|| BadSeed::new("dcs_changes names an instance that is not there"))?
            .plan(change.change, now)
    }

    pub(crate) fn state_of(
        &mut self,
        project: &str,
        instance: &str,
        now: Timestamp,
    ) -> Option<DcsInstanceState> {
        let instance = self.projects.get_mut(project)?.get_mut(instance)?;
        instance.settle(now);
        Some(instance.state(now, &self.readings))
    }

    pub(crate) fn state(&mut self, now: Timestamp) -> BTreeMap<String, Vec<DcsInstanceState>> {
        let readings = &self.readings;
        let each = |instance: &mut Instance| {
            instance.settle(now);
            instance.state(now, readings)
        };
        self.projects
            .iter_mut()
            .map(|(project, all)| (project.clone(), all.values_mut().map(each).collect()))
            .collect()
    }

    pub(crate) fn perform(
        &mut self,
        project: &str,
        call: &Call,
        request: &Request,
        now: Timestamp,
        effects: &mut Vec<NewEffect>,
    ) -> Result<Reply, Refusal> {
        if let Call::Cancel { task, .. } | Call::Progress { task, .. } = call
            && !self.readings.accepts_task_id(task)
        {
            return Err(Refusal::new(400, "DCS.4070", "Invalid task ID."));
        }
        let id = match call {
            Call::Cancel { instance, .. }
            | Call::Show { instance }
            | Call::ListTasks { instance }
            | Call::Progress { instance, .. } => instance,
        };
        let instance = self
            .projects
            .get_mut(project)
            .and_then(|instances| instances.get_mut(id))
            .ok_or_else(|| Refusal::new(404, "DCS.3022", "The instance does not exist."))?;
        instance.settle(now);
        let body = match call {
            Call::Cancel { task, .. } => {
                if !instance.cancel(task, now, &self.readings) {
                    return Err(not_extending());
                }
                effects.push(cancelled(project, id, task));
                json!({"result": "success"})
            }
            Call::Show { .. } => instance.show(now, &self.readings),
            Call::ListTasks { .. } => {
                let page = Page::of(request.query()).ok_or_else(bad_page)?;
                page.list(instance, now, &self.readings)
            }
            Call::Progress { task, .. } => instance
                .progress(task, now, &self.readings)
                .ok_or_else(|| Refusal::new(404, "DCS.4957", "The task does not exist."))?,
        };
        Ok(Reply::ok(body))
    }
}

fn cancelled(project: &str, instance: &str, task: &str) -> NewEffect {
    let resources = [("project", project), ("instance", instance), ("task", task)];
    NewEffect {
        kind: "dcs.cancel",
        resources: resources.map(|(k, v)| (k.into(), v.into())).into(),
    }
}

/// One answer for already cancelled, running, finished and never heard of.
fn not_extending() -> Refusal {
    Refusal::new(400, "DCS.4239", "instance status is not extending")
}

/// GUESS: the code; the limits are documented.
fn bad_page() -> Refusal {
    Refusal::new(400, "DCS.4004", "The query parameters are invalid.")
}

pub(crate) fn denied() -> Refusal {
    Refusal::new(
        403,
        "DCS.2003",
        "You do not have permission to perform this operation.",
    )
}

/// The body of a refusal in the form of DCS.
pub(crate) fn render(refusal: &Refusal) -> Value {
    json!({
        "error_code": refusal.code,
        "error_msg": refusal.message,
        "error_ext_msg": null,
    })
}

/// Which tasks of a list are asked for.
struct Page {
    offset: usize,
    limit: usize,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Page {
    fn of(query: &str) -> Option<Self> {
        let mut page = Self {
            offset: 0,
            limit: 10,
            from: None,
            to: None,
        };
        for (name, value) in query_pairs(query) {
            let value = std::str::from_utf8(&value).ok()?;
            match &*name {
                b"offset" => page.offset = value.parse().ok()?,
                b"limit" => page.limit = value.parse().ok()?,
                b"start_time" => page.from = Some(query_time(value)?),
                b"end_time" => page.to = Some(query_time(value)?),
                _ => {}
            }
        }
        (1..=1000).contains(&page.limit).then_some(page)
    }

    /// GUESS: that the times select by creation, both ends included.
    fn list(&self, instance: &Instance, now: Timestamp, readings: &DcsReadings) -> Value {
        let mut tasks: Vec<_> = instance
            .visible_tasks(now, readings)
            .filter(|task| self.from.is_none_or(|from| task.created_at >= from))
            .filter(|task| self.to.is_none_or(|to| task.created_at <= to))
            .collect();
        tasks.sort_by_key(|task| task.created_at);
        if readings.task_order == TaskOrder::NewestFirst {
            tasks.reverse();
        }
        let count = match readings.task_count {
            TaskCount::String => json!(tasks.len().to_string()),
            TaskCount::Number => json!(tasks.len()),
        };
        let tasks: Vec<Value> = tasks
            .into_iter()
            .skip(self.offset)
            .take(self.limit)
            .map(|task| task.show(now, readings))
            .collect();
        match (tasks.is_empty(), readings.empty_tasks) {
            (true, EmptyTasks::Null) => json!({"task_count": count, "tasks": null}),
            (true, EmptyTasks::Absent) => json!({"task_count": count}),
            _ => json!({"task_count": count, "tasks": tasks}),
        }
    }
}

/// Reads `yyyyMMddHHmmss`, UTC.
fn query_time(text: &str) -> Option<Timestamp> {
    if text.len() != 14 {
        return None;
    }
    let time = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
