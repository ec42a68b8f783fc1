//! What an instance and its background tasks go through, on the simulator's clock.
//!
//! Nothing here runs by itself: every look first settles what has ended since the
//! last one, so a clock that jumps by hours misses no transition.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::readings::{
    AfterCancel, DcsReadings, InstanceWord, ReplicaCount, TaskDetails, TaskName,
};
use super::seed::{DcsInstance, PendingChange};
use crate::seed::BadSeed;

/// An instance as a caller would see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DcsInstanceState {
    /// The instance id.
    pub id: String,
    /// The status word.
    pub status: String,
    /// The present flavor.
    pub spec_code: String,
    /// GB.
    pub capacity: f64,
    /// How many replicas it has.
    pub replicas: u32,
    /// The background tasks, in the order seeded; those that vanished are left out.
    pub tasks: Vec<DcsTaskState>,
}

/// A background task as a caller would see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DcsTaskState {
    /// The task id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The status word.
    pub status: String,
}

/// What a change changes.
#[derive(Clone, Debug, PartialEq)]
struct Spec {
    code: String,
    capacity: f64,
    replicas: u32,
}

/// An instance.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) id: String,
    name: String,
    spec: Spec,
    status: String,
    maintain_begin: String,
    maintain_end: String,
    charging_mode: u8,
    created_at: Timestamp,
    tasks: Vec<Task>,
}

/// A background task.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    id: String,
    name: Option<String>,
    old: Spec,
    new: Spec,
    pub(crate) created_at: Timestamp,
    stage: Stage,
    /// Its record is gone from then on; what it does is not.
    deleted_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
enum Stage {
    Planned {
        starts: Timestamp,
        ends: Timestamp,
        fails: bool,
    },
    Cancelled {
        shows_from: Timestamp,
    },
    Finished {
        status: String,
        at: Timestamp,
    },
}

impl Instance {
    pub(crate) fn new(seed: DcsInstance, now: Timestamp) -> Result<Self, BadSeed> {
        let mut instance = Self {
            name: seed.name.unwrap_or_else(|| seed.id.clone()),
            id: seed.id,
            spec: Spec {
                code: seed.spec_code,
                capacity: seed.capacity,
                replicas: seed.replicas,
            },
            status: seed.status,
            maintain_begin: seed.maintain_begin,
            maintain_end: seed.maintain_end,
            charging_mode: seed.charging_mode,
            created_at: now,
            tasks: Vec::new(),
        };
        for task in seed.finished {
            let created_at = task.created_at.from(now)?;
            let at = task.updated_at.unwrap_or(task.created_at).from(now)?;
            let spec = |given: Option<String>| Spec {
                code: given.unwrap_or(instance.spec.code.clone()),
                ..instance.spec.clone()
            };
            let (old, new) = (spec(task.old_spec_code), spec(task.new_spec_code));
            let stage = Stage::Finished {
                status: task.status,
                at,
            };
            let task = Task {
                id: task.task_id,
                name: task.name,
                old,
                new,
                created_at,
                stage,
                deleted_at: None,
            };
            instance.add(task)?;
        }
        for change in seed.changes {
            instance.plan(change, now)?;
        }
        Ok(instance)
    }

    pub(crate) fn plan(&mut self, change: PendingChange, now: Timestamp) -> Result<(), BadSeed> {
        self.settle(now);
        let starts = change.runs_at.from(now)?;
        let ends = starts
            .checked_add(SignedDuration::from_secs(change.runs_for.into()))
            .map_err(|_| BadSeed::new("runs_for is out of range"))?;
        let created_at = match change.created_at {
            Some(when) => when.from(now)?,
            None => now,
        };
        let deleted_at = change.record_deleted_at.map(|when| when.from(now));
        let only_replicas = change.new_spec_code.is_none() && change.new_capacity.is_none();
        let of_replicas = change.new_replicas.filter(|_| only_replicas);
        let named = change
            .name
            .or(of_replicas.map(|new| match new > self.spec.replicas {
                true => TaskName::AddReplica,
                false => TaskName::DelReplica,
            }));
        let new = Spec {
            code: change.new_spec_code.unwrap_or(self.spec.code.clone()),
            capacity: change.new_capacity.unwrap_or(self.spec.capacity),
            replicas: change.new_replicas.unwrap_or(self.spec.replicas),
        };
        self.add(Task {
            id: change.task_id,
            name: named.map(|name| name.word().into()),
            old: self.spec.clone(),
            new,
            deleted_at: deleted_at.transpose()?,
            created_at,
            stage: Stage::Planned {
                starts,
                ends,
                fails: change.fails,
            },
        })
    }

    fn add(&mut self, task: Task) -> Result<(), BadSeed> {
        if self.tasks.iter().any(|other| other.id == task.id) {
            return Err(BadSeed::new(format!("two tasks with the id {}", task.id)));
        }
        self.tasks.push(task);
        Ok(())
    }

    /// Ends the changes whose time has come, in the order of their ends.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        while let Some(task) = self
            .tasks
            .iter_mut()
            .filter(|task| matches!(task.stage, Stage::Planned { ends, .. } if ends <= now))
            .min_by_key(|task| task.updated_at(now))
        {
            let Stage::Planned { ends, fails, .. } = task.stage else {
                unreachable!("only planned tasks were kept");
            };
            let status = if fails { "FAILED" } else { "SUCCESS" }.into();
            task.stage = Stage::Finished { status, at: ends };
            if !fails {
                self.spec = task.new.clone();
            }
        }
    }

    /// Whether there was something to cancel, which then is cancelled.
    pub(crate) fn cancel(&mut self, task: &str, now: Timestamp, readings: &DcsReadings) -> bool {
        let Some(task) = self.tasks.iter_mut().find(|each| each.id == task) else {
            return false;
        };
        if !matches!(task.stage, Stage::Planned { starts, .. } if now < starts) {
            return false;
        }
        let delay = SignedDuration::from_secs(readings.cancel_visible_after.into());
        task.stage = Stage::Cancelled {
            shows_from: now.checked_add(delay).unwrap_or(Timestamp::MAX),
        };
        true
    }

    fn status(&self, now: Timestamp, readings: &DcsReadings) -> &str {
        let waits = readings.instance_while_waiting == InstanceWord::Extending;
        let extending = |task: &Task| task.runs(now) || (waits && task.waits(now));
        if self.tasks.iter().any(extending) {
            "EXTENDING"
        } else {
            &self.status
        }
    }

    pub(crate) fn visible_tasks(
        &self,
        now: Timestamp,
        readings: &DcsReadings,
    ) -> impl Iterator<Item = &Task> {
        let shows = move |task: &&Task| task.status(now, readings).is_some();
        self.tasks.iter().filter(shows)
    }

    pub(crate) fn state(&self, now: Timestamp, readings: &DcsReadings) -> DcsInstanceState {
        let task = |task: &Task| {
            let status = task.status(now, readings)?.into();
            Some(DcsTaskState {
                id: task.id.clone(),
                name: task.name(readings).into(),
                status,
            })
        };
        DcsInstanceState {
            id: self.id.clone(),
            status: self.status(now, readings).into(),
            spec_code: self.spec.code.clone(),
            capacity: self.spec.capacity,
            replicas: self.spec.replicas,
            tasks: self.tasks.iter().filter_map(task).collect(),
        }
    }

    /// The body of ShowInstance: the fields that contracts section a.4 names.
    pub(crate) fn show(&self, now: Timestamp, readings: &DcsReadings) -> Value {
        let capacity = self.spec.capacity;
        let minor = (capacity < 1.0).then(|| capacity.to_string());
        let mut body = json!({
            "instance_id": self.id,
            "name": self.name,
            "engine": "Redis",
            "status": self.status(now, readings),
            "sub_status": null,
            "spec_code": self.spec.code,
            "capacity": capacity as u64,
            "capacity_minor": minor.map(|m| m.trim_start_matches('0').to_owned()),
            "max_memory": (capacity * 1024.0) as u64,
            "used_memory": 1,
            "maintain_begin": self.maintain_begin,
            "maintain_end": self.maintain_end,
            "charging_mode": self.charging_mode,
            "order_id": null,
            "sharding_count": 1,
            "created_at": millis(self.created_at),
        });
        if readings.replica_count == ReplicaCount::Given {
            body["replica_count"] = json!(self.spec.replicas);
        }
        body
    }

    pub(crate) fn progress(
        &self,
        task: &str,
        now: Timestamp,
        readings: &DcsReadings,
    ) -> Option<Value> {
        let mut tasks = self.visible_tasks(now, readings);
        Some(tasks.find(|each| each.id == task)?.progress(now))
    }
}

impl Task {
    /// Waiting, or cancelled and it does not show yet.
    fn waits(&self, now: Timestamp) -> bool {
        match self.stage {
            Stage::Planned { starts, .. } => now < starts,
            Stage::Cancelled { shows_from, .. } => now < shows_from,
            Stage::Finished { .. } => false,
        }
    }

    fn runs(&self, now: Timestamp) -> bool {
        matches!(self.stage, Stage::Planned { starts, .. } if starts <= now)
    }

    /// The status word, or nothing for a task that left the list.
    fn status(&self, now: Timestamp, readings: &DcsReadings) -> Option<&str> {
        if self.deleted_at.is_some_and(|at| at <= now) {
            return None;
        }
        if self.waits(now) {
            return Some(readings.waiting.word());
        }
        match &self.stage {
            Stage::Planned { .. } => Some("EXECUTING"),
            Stage::Cancelled { .. } => match readings.after_cancel {
                AfterCancel::Cancelled => Some("CANCELLED"),
                AfterCancel::Deleted => Some("DELETED"),
                AfterCancel::Vanishes => None,
            },
            Stage::Finished { status, .. } => Some(status),
        }
    }

    fn name(&self, readings: &DcsReadings) -> &str {
        match &self.name {
            Some(name) => name,
            None => readings.task_name.word(),
        }
    }

    fn updated_at(&self, now: Timestamp) -> Timestamp {
        if self.waits(now) {
            return self.created_at;
        }
        match self.stage {
            Stage::Planned { starts, ends, .. } => {
                if now < ends {
                    starts
                } else {
                    ends
                }
            }
            Stage::Cancelled { shows_from } => shows_from,
            Stage::Finished { at, .. } => at,
        }
    }

    pub(crate) fn show(&self, now: Timestamp, readings: &DcsReadings) -> Value {
        let mut body = json!({
            "id": self.id,
            "name": self.name(readings),
            "status": self.status(now, readings),
            "details": self.details(readings),
            "params": "{}",
            "user_id": "0",
            "user_name": "simulator",
            "error_code": self.failed().then_some("DCS.5000"),
            "job_id": format!("job-{}", self.id),
            "enable_show": true,
        });
        let (created, updated) = (self.created_at, self.updated_at(now));
        for (name, value) in [
            ("created_at", readings.created_at.write(created)),
            ("updated_at", readings.updated_at.write(updated)),
        ] {
            if let Some(value) = value {
                body[name] = value;
            }
        }
        body
    }

    /// Tasks of another kind have no pair of values.
    fn details(&self, readings: &DcsReadings) -> Value {
        match TaskName::named(self.name(readings)) {
            _ if readings.details == TaskDetails::Null => Value::Null,
            Some(TaskName::ChangeInstanceSpec | TaskName::Extend) => json!({
                "old_resource_spec_code": self.old.code,
                "new_resource_spec_code": self.new.code,
                "old_capacity": self.old.capacity.to_string(),
                "new_capacity": self.new.capacity.to_string(),
            }),
            Some(TaskName::AddReplica | TaskName::DelReplica) => json!({
                "old_replica_num": self.old.replicas.to_string(),
                "new_replica_num": self.new.replicas.to_string(),
            }),
            None => json!({}),
        }
    }

    fn failed(&self) -> bool {
        matches!(&self.stage, Stage::Finished { status, .. } if status == "FAILED")
    }

    fn progress(&self, now: Timestamp) -> Value {
        let (percent, remain) = match self.stage {
            Stage::Planned { starts, ends, .. } if starts <= now => {
                let whole = ends.duration_since(starts).as_secs().max(1);
                let done = now.duration_since(starts).as_secs();
                (done * 100 / whole, whole - done)
            }
            Stage::Finished { .. } => (100, 0),
            Stage::Planned { .. } | Stage::Cancelled { .. } => (0, 0),
        };
        json!({"progress": percent, "remain_time": remain, "step_details": []})
    }
}

/// The cloud's form: `2020-06-17T07:38:42.503Z`.
fn millis(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
