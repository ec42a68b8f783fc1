//! Distributed Cache Service: the three calls that cancelling a resize takes.

use std::collections::HashSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::client::Client;
use super::pages;
use super::verdicts;
use super::{ALL_BUT_EU, EU};
use crate::cloud::call::{CallError, Ids, Meaning, parse};
use crate::cloud::hosts::rule;
use crate::cloud::lenient::{self, Form, Object, Read};
use crate::cloud::mutation::argument;
use crate::cloud::permissions::Needs;
use crate::cloud::verdict::Reading;
use crate::cloud::{Draft, Mutation, Path, Query, contradicted, is_id};
use crate::cloud::{HuaweiScope, Method, Protocol, Service};

/// Distributed Cache Service.
pub static SERVICE: Service = Service {
    name: "huawei/dcs",
    endpoint: "dcs",
    protocol: Protocol::Huawei(HuaweiScope::Project),
    hosts: &[
        rule("dcs.{region}.myhuaweicloud.eu", EU),
        rule("dcs.{region}.myhuaweicloud.com", ALL_BUT_EU),
    ],
    rows: verdicts::DCS_ROWS,
    needs: &[
        Needs::new("ShowInstance", &["dcs:instance:get"]),
        Needs::new("ListBackgroundTask", &["dcs:instance:getBackgroundTask"]),
        Needs::new("CancelInstanceResize", &["dcs:instance:cancelResizeTask"]),
    ],
};

/// The code of a cancel for a change that does not wait: cancelled already, running,
/// run, or never there.
pub const NOT_EXTENDING: &str = "DCS.4239";

/// A background task (`ListBackgroundTask`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct BackgroundTask {
    /// `id`
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// `name`: EXTEND or ChangeInstanceSpec for a specification change.
    #[serde(default)]
    pub name: Read<String>,
    /// `status`, open.
    #[serde(default)]
    pub status: Read<String>,
    /// `created_at`
    #[serde(default)]
    pub created_at: Read<Timestamp>,
    /// `updated_at`: when it ended.
    #[serde(default)]
    pub updated_at: Read<Timestamp>,
    /// `details`
    #[serde(default)]
    pub details: Read<TaskDetails>,
    /// `error_code`
    #[serde(default)]
    pub error_code: Read<String>,
}

impl BackgroundTask {
    /// It is listed twice, differently: nothing but its id is understood.
    fn contradicted(id: &str) -> Self {
        fn unclear<T>() -> Read<T> {
            Read::Unclear("listed twice, differently".to_owned())
        }
        Self {
            id: id.to_owned(),
            name: unclear(),
            status: unclear(),
            created_at: unclear(),
            updated_at: unclear(),
            details: unclear(),
            error_code: unclear(),
        }
    }
}

/// What a change would change (`details`): pairs of before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct TaskDetails {
    /// `old_resource_spec_code`
    #[serde(default)]
    pub old_resource_spec_code: Read<String>,
    /// `new_resource_spec_code`
    #[serde(default)]
    pub new_resource_spec_code: Read<String>,
    /// `old_capacity`
    #[serde(default)]
    pub old_capacity: Read<Capacity>,
    /// `new_capacity`
    #[serde(default)]
    pub new_capacity: Read<Capacity>,
    /// `old_replica_num`
    #[serde(default)]
    pub old_replica_num: Read<i64>,
    /// `new_replica_num`
    #[serde(default)]
    pub new_replica_num: Read<i64>,
}

impl Form for TaskDetails {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Object(_) => Self::deserialize(value).ok(),
            // As `params`, which is JSON in a text.
            Value::String(text) => Self::read(&serde_json::from_str(text).ok()?),
            _ => None,
        }
    }
}

/// An instance (`ShowInstance`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Instance {
    /// `instance_id`
    #[serde(default, rename = "instance_id")]
    id: Read<String>,
    /// `status`, open.
    #[serde(default)]
    pub status: Read<String>,
    /// `spec_code`
    #[serde(default)]
    pub spec_code: Read<String>,
    /// `capacity`, in GB; 0 where `capacity_minor` says it.
    #[serde(default)]
    capacity: Read<Capacity>,
    /// `capacity_minor`, in GB, below 1.
    #[serde(default)]
    capacity_minor: Read<Capacity>,
    /// `replica_count`
    #[serde(default)]
    pub replica_count: Read<i64>,
    /// `maintain_begin`, UTC.
    #[serde(default)]
    pub maintain_begin: Read<String>,
    /// `maintain_end`, UTC.
    #[serde(default)]
    pub maintain_end: Read<String>,
}

impl Instance {
    /// How large it is.
    pub fn capacity(&self) -> Read<Capacity> {
        let unclear = |text: &str| Read::Unclear(text.to_owned());
        match (&self.capacity, &self.capacity_minor) {
            (Read::Unclear(text), _) | (_, Read::Unclear(text)) => unclear(text),
            (Read::Understood(whole), Read::Understood(minor)) => match whole {
                Capacity(0) => Read::Understood(*minor),
                whole if whole == minor || *minor == Capacity(0) => Read::Understood(*whole),
                _ => unclear(&format!("{whole} and {minor} GB")),
            },
            (Read::Missing, known) => known.clone(),
            (Read::Understood(Capacity(0)), Read::Missing) => Read::Missing,
            (known, Read::Missing) => known.clone(),
        }
    }
}

/// A capacity in millionths of a GB, so that 0.125, ".125" and "0.1250" are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Capacity(u64);

impl Capacity {
    const GB: u64 = 1_000_000;

    /// From a decimal number of GB, without unit.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let part = part.trim_end_matches('0');
        let (short, empty) = (part.len() <= 6, text.trim().trim_matches('.').is_empty());
        if empty || !short || !digits(whole) || !digits(part) {
            return None;
        }
        let whole: u64 = match whole {
            "" => 0,
            whole => whole.parse().ok()?,
        };
        let part: u64 = format!("{part:0<6}").parse().ok()?;
        whole.checked_mul(Self::GB)?.checked_add(part).map(Self)
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / Self::GB, self.0 % Self::GB);
        match part {
            0 => write!(f, "{whole}"),
            part => write!(f, "{whole}.{}", format!("{part:06}").trim_end_matches('0')),
        }
    }
}

impl Form for Capacity {
    fn read(value: &Value) -> Option<Self> {
        Self::parse(&String::read(value)?)
    }
}

/// What is no id cannot be cancelled, and its task counts as not understood.
fn id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    match Read::<String>::deserialize(from)? {
        Read::Understood(id) if is_id(&id) => Ok(id),
        _ => Err(serde::de::Error::custom("no id")),
    }
}

#[derive(Deserialize)]
struct TaskPage {
    // A string in the model, a number in the example.
    #[serde(default)]
    task_count: Read<u64>,
    #[serde(default, deserialize_with = "lenient::members")]
    tasks: Option<Vec<Read<BackgroundTask>>>,
}

#[derive(Deserialize)]
struct CancelResult {
    result: String,
}

/// `ShowInstance`; `None`: there is no such instance.
pub async fn show_instance(client: &Client, asked: &str) -> Result<Option<Instance>, CallError> {
    let path = Path::of(&["v2", client.scope.id(), "instances", asked])?;
    let Object(instance): Object<Instance> =
        match client.get("ShowInstance", &path, &Query::default()).await {
            Ok(body) => parse(&body)?,
            Err(e) if e.reading == Reading::Gone => return Ok(None),
            Err(e) => return Err(e),
        };
    if let Read::Understood(id) = &instance.id
        && !id.eq_ignore_ascii_case(asked)
    {
        return Err(CallError::unreadable(
            "the answer is about another instance",
        ));
    }
    match (&instance.status, &instance.spec_code) {
        (Read::Missing, Read::Missing) => Err(CallError::unreadable(
            "the answer has neither the status nor the specification of an instance",
        )),
        _ => Ok(Some(instance)),
    }
}

/// `ListBackgroundTask` to the last page; `None`: there is no such instance. A task
/// that is not understood stays in the list, as does what shows that it is not whole.
pub async fn list_background_tasks(
    client: &Client,
    instance: &str,
) -> Result<Option<Vec<Read<BackgroundTask>>>, CallError> {
    let path = Path::of(&["v2", client.scope.id(), "instances", instance, "tasks"])?;
    let (mut most, mut shrunk, mut read) = (0, false, 0);
    let no_filter = Query::default();
    let tasks = pages::all(
        client,
        "ListBackgroundTask",
        &path,
        &no_filter,
        |Object(page): Object<TaskPage>| {
            let count = page.task_count.known().copied();
            shrunk |= count.is_some_and(|count| count < most);
            most = most.max(count.unwrap_or_default());
            let is_list = page.tasks.is_some();
            let tasks = match (page.tasks, count) {
                (Some(tasks), _) => tasks,
                (None, Some(0)) => Vec::new(),
                (None, _) => vec![Read::Unclear("no list of tasks".to_owned())],
            };
            read += tasks.len() as u64;
            // Something in the place of a list has no next page.
            let odd = !tasks.is_empty() && tasks.iter().all(|task| task.known().is_none());
            let no_list = !is_list || count == Some(0) && odd;
            (tasks, if no_list { Some(read) } else { count })
        },
    );
    match tasks.await {
        Ok(mut tasks) => {
            // One that moved to the next page meanwhile was read twice. If it changed
            // meanwhile, too, the next observation tells.
            let known = tasks.iter().filter_map(Read::known);
            let twice = contradicted(known, |task| Some(&*task.id));
            let mut ids = HashSet::new();
            tasks.retain_mut(|task| {
                let Read::Understood(task) = task else {
                    return true;
                };
                if twice.contains(&task.id) {
                    *task = BackgroundTask::contradicted(&task.id);
                }
                ids.insert(task.id.clone())
            });
            if shrunk {
                // A record that was deleted meanwhile has moved one over the edge of
                // a page.
                tasks.push(Read::Unclear("a list that shrank while it was read".into()));
            }
            Ok(Some(tasks))
        }
        Err(e) if e.reading == Reading::Gone => Ok(None),
        Err(e) => Err(e),
    }
}

/// `CancelInstanceResize` of a task.
pub static CANCEL_RESIZE: Mutation = Mutation {
    name: "CancelInstanceResize",
    service: &SERVICE,
    method: Method::Post,
    token: None,
    request: |arguments, project| {
        let instance = argument(arguments, INSTANCE);
        let task = argument(arguments, TASK);
        let path = [
            "v2",
            project,
            "instances",
            instance,
            "resize",
            "cancel",
            task,
        ];
        Ok(Draft {
            path: Some(Path::of(&path)?),
            ..Draft::default()
        })
    },
    meaning: |answer| match serde_json::from_slice::<CancelResult>(answer.body) {
        Ok(result) if answer.code.is_empty() && result.result == "success" => {
            Meaning::Accepted(Ids::new())
        }
        _ => Meaning::Unclear(Ids::new()),
    },
};

/// Arguments of [`CANCEL_RESIZE`].
pub const INSTANCE: &str = "instance_id";
/// The background task of the change.
pub const TASK: &str = "task_id";

#[cfg(test)]
mod tests;
