//! DescribeRefreshActivities: which activities are asked for, and how one is shown.
//! The fields are those of the official SDK's models.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde_json::{Map, Value, json};

use super::activity::{Activity, Batch};
use super::refusal;
use super::seed::{EmptySet, RefreshLists, RefreshSettings, RefreshTimes, ScalingReadings};
use super::state::{BatchStatus, RefreshActivityState, RefreshBatchState};
use crate::message::Refusal;

const DEFAULT_LIMIT: u64 = 20;
const LARGEST_LIMIT: u64 = 100;
const LARGEST_IDS: usize = 100;
const LARGEST_FILTERS: usize = 10;
const LARGEST_VALUES: usize = 5;

/// The answer to a list call. GUESS: the order, newest first.
pub(super) fn list(
    mut activities: Vec<&Activity>,
    parameters: &Map<String, Value>,
    readings: &ScalingReadings,
) -> Result<Value, Refusal> {
    let known = ["RefreshActivityIds", "Filters", "Limit", "Offset"];
    if !parameters.keys().all(|name| known.contains(&&**name)) {
        return Err(refusal("UnknownParameter", "There is no such parameter."));
    }
    let ids = strings(parameters.get("RefreshActivityIds"), LARGEST_IDS)?;
    let filters = filters(parameters.get("Filters"))?;
    if !ids.is_empty() && !filters.is_empty() {
        let why = "RefreshActivityIds and Filters exclude each other.";
        return Err(refusal("InvalidParameterConflict", why));
    }
    let limit = number(parameters, "Limit")?.unwrap_or(DEFAULT_LIMIT);
    let offset = number(parameters, "Offset")?.unwrap_or(0);
    if !(1..=LARGEST_LIMIT).contains(&limit) {
        return Err(invalid("Limit is 1 to 100."));
    }
    activities.retain(|activity| ids.is_empty() || ids.contains(&&*activity.seed.id));
    activities.retain(|activity| filters.iter().all(|filter| filter.admits(activity)));
    activities.sort_by_key(|activity| std::cmp::Reverse(activity.created_at));
    let page = activities.iter().skip(offset as usize).take(limit as usize);
    let page: Vec<Value> = page.map(|activity| activity.show(readings)).collect();
    let set = match readings.nothing {
        EmptySet::Null if page.is_empty() => Value::Null,
        _ => page.into(),
    };
    Ok(json!({"TotalCount": activities.len(), "RefreshActivitySet": set}))
}

/// Any of the values will do.
struct Filter<'a> {
    field: fn(&Activity) -> &str,
    values: Vec<&'a str>,
}

impl Filter<'_> {
    fn admits(&self, activity: &Activity) -> bool {
        self.values.contains(&(self.field)(activity))
    }
}

fn filters(value: Option<&Value>) -> Result<Vec<Filter<'_>>, Refusal> {
    let filters = array(value)?;
    if filters.len() > LARGEST_FILTERS {
        return Err(invalid("There are too many filters."));
    }
    filters
        .iter()
        .map(|filter| {
            let field: fn(&Activity) -> &str = match filter["Name"].as_str() {
                Some("auto-scaling-group-id") => |activity| &activity.seed.group,
                Some("refresh-activity-status-code") => |activity| activity.status.word(),
                Some("refresh-activity-type") => |activity| &activity.seed.activity_type,
                Some("refresh-activity-id") => |activity| &activity.seed.id,
                _ => return Err(invalid("There is no such filter.")),
            };
            let values = strings(filter.get("Values"), LARGEST_VALUES)?;
            Ok(Filter { field, values })
        })
        .collect()
}

fn array(value: Option<&Value>) -> Result<&[Value], Refusal> {
    match value {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(all)) => Ok(all),
        Some(_) => Err(refusal("InvalidParameter", "A list is no list.")),
    }
}

fn strings(value: Option<&Value>, most: usize) -> Result<Vec<&str>, Refusal> {
    let all = array(value)?;
    if all.len() > most {
        return Err(invalid("A list is too long."));
    }
    let texts: Option<Vec<&str>> = all.iter().map(Value::as_str).collect();
    texts.ok_or_else(|| refusal("InvalidParameter", "A list holds more than strings."))
}

fn number(parameters: &Map<String, Value>, name: &str) -> Result<Option<u64>, Refusal> {
    match parameters.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(number) => Ok(Some(number)),
            None => Err(refusal("InvalidParameter", format!("{name} is no number."))),
        },
    }
}

fn invalid(why: &str) -> Refusal {
    refusal("InvalidParameterValue", why)
}

fn moment(time: Option<Timestamp>, readings: &ScalingReadings) -> Value {
    let Some(time) = time else {
        return Value::Null;
    };
    let beijing = || time.to_zoned(TimeZone::fixed(Offset::constant(8)));
    match readings.times {
        RefreshTimes::Utc => json!(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        RefreshTimes::Offset => json!(beijing().strftime("%Y-%m-%dT%H:%M:%S%z").to_string()),
        RefreshTimes::NoZone => json!(beijing().strftime("%Y-%m-%d %H:%M:%S").to_string()),
        RefreshTimes::Unix => json!(time.as_second()),
        RefreshTimes::Null => Value::Null,
    }
}

impl Activity {
    fn current_batch(&self) -> u32 {
        self.current.map_or(0, |at| at as u32 + 1)
    }

    fn show(&self, readings: &ScalingReadings) -> Value {
        let seed = &self.seed;
        let batches = self.batches.iter().enumerate();
        let batches: Vec<Value> = batches
            .map(|(at, batch)| batch.show(&seed.id, at + 1, readings))
            .collect();
        let fail_process = match readings.settings {
            RefreshSettings::UnknownWord => json!("AUTO_SOMETHING"),
            _ => json!(seed.fail_process),
        };
        let time = |time| moment(time, readings);
        let mut shown = json!({
            "AutoScalingGroupId": seed.group,
            "RefreshActivityId": seed.id,
            "OriginRefreshActivityId": seed.origin,
            "RefreshMode": seed.mode,
            "RefreshSettings": {
                "RollingUpdateSettings": {
                    "BatchNumber": self.batches.len(),
                    "BatchPause": seed.batch_pause,
                    "MaxSurge": seed.max_surge,
                    "FailProcess": fail_process,
                },
                "CheckInstanceTargetHealth": false,
                "CheckInstanceTargetHealthTimeout": null,
            },
            "ActivityType": seed.activity_type,
            "Status": self.status,
            "CurrentRefreshBatchNum": self.current_batch(),
            "StartTime": time(self.started_at),
            "EndTime": time(self.ended_at),
            "CreatedTime": time(Some(self.created_at)),
            "RefreshBatchSet": batches,
        });
        if readings.settings == RefreshSettings::Null {
            shown["RefreshSettings"] = Value::Null;
        }
        match (readings.lists, shown.as_object_mut()) {
            (RefreshLists::NullBatches, Some(members)) => {
                members.insert("RefreshBatchSet".into(), Value::Null);
            }
            (RefreshLists::NoBatches, Some(members)) => {
                members.remove("RefreshBatchSet");
            }
            _ => {}
        }
        shown
    }

    pub(super) fn state(&self) -> RefreshActivityState {
        let batch = |batch: &Batch| RefreshBatchState {
            status: batch.status,
            instances: batch.seed.instances,
            started_at: batch.started_at,
            ended_at: batch.ended_at,
        };
        RefreshActivityState {
            id: self.seed.id.clone(),
            group: self.seed.group.clone(),
            region: self.seed.region.clone(),
            status: self.status,
            current_batch: self.current_batch(),
            batches: self.batches.iter().map(batch).collect(),
            cancelling: self.cancels_at.is_some(),
            scaling_in: self.is_scaling_in(),
            created_at: self.created_at,
            started_at: self.started_at,
            ended_at: self.ended_at,
        }
    }
}

impl Batch {
    fn show(&self, activity: &str, number: usize, readings: &ScalingReadings) -> Value {
        let instances = 1..=self.seed.instances;
        let instances: Vec<Value> = instances
            .map(|instance| self.instance(activity, number, instance))
            .collect();
        let instances = match readings.lists {
            RefreshLists::NullInstances => Value::Null,
            _ => instances.into(),
        };
        json!({
            "RefreshBatchNum": number,
            "RefreshBatchStatus": self.status,
            "StartTime": moment(self.started_at, readings),
            "EndTime": moment(self.ended_at, readings),
            "RefreshBatchRelatedInstanceSet": instances,
        })
    }

    /// The first instance is the one that fails, and that alone is refreshed again.
    fn instance(&self, activity: &str, batch: usize, number: u32) -> Value {
        let done = number > 1 && self.retried;
        let status = match self.status {
            BatchStatus::Init | BatchStatus::Running if done => BatchStatus::Successful,
            BatchStatus::Failed | BatchStatus::PartiallySuccessful if number == 1 => {
                BatchStatus::Failed
            }
            BatchStatus::Failed | BatchStatus::PartiallySuccessful => BatchStatus::Successful,
            other => other,
        };
        let name = activity.trim_start_matches("asr-");
        let failed = status == BatchStatus::Failed;
        json!({
            "InstanceId": format!("ins-{name}{batch:02}{number:02}"),
            "InstanceStatus": status,
            "LastActivityId": match self.started_at {
                Some(_) => format!("asa-{name}{batch:02}{number:02}"),
                None => String::new(),
            },
            "InstanceStatusMessage": if failed { "The instance failed." } else { "" },
        })
    }
}
