//! Auto Scaling: the calls that an instance refresh takes (contract: c). None of
//! them takes an idempotency token.

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Client;
use crate::cloud::call::{CallError, Ids, Meaning, Sent, unreadable};
use crate::cloud::verdict::Reading;
use crate::cloud::{Gate, lenient};

/// The name in the signature.
pub const SERVICE: &str = "as";

/// The version of the API.
pub const VERSION: &str = "2018-04-19";

/// A refresh of a scaling group's instances (`DescribeRefreshActivities`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RefreshActivity {
    /// `AutoScalingGroupId`
    #[serde(rename = "AutoScalingGroupId")]
    pub group: String,
    /// `RefreshActivityId`
    #[serde(rename = "RefreshActivityId")]
    pub id: String,
    /// `OriginRefreshActivityId`, of a roll-back.
    #[serde(
        rename = "OriginRefreshActivityId",
        default,
        deserialize_with = "lenient::text"
    )]
    pub origin: Option<String>,
    /// `RefreshMode`, open.
    #[serde(rename = "RefreshMode", default, deserialize_with = "lenient::text")]
    pub mode: Option<String>,
    /// `ActivityType`: NORMAL or ROLLBACK.
    #[serde(default, deserialize_with = "lenient::text")]
    pub activity_type: Option<String>,
    /// `Status`, open.
    pub status: String,
    /// `CurrentRefreshBatchNum`
    #[serde(
        rename = "CurrentRefreshBatchNum",
        default,
        deserialize_with = "lenient::number"
    )]
    pub current_batch: Option<i64>,
    /// `RefreshSettings`
    #[serde(rename = "RefreshSettings", default)]
    pub settings: Option<RefreshSettings>,
    /// `RefreshBatchSet`
    #[serde(
        rename = "RefreshBatchSet",
        default,
        deserialize_with = "lenient::list"
    )]
    pub batches: Vec<RefreshBatch>,
    /// `CreatedTime`, as written.
    #[serde(default, deserialize_with = "lenient::text")]
    pub created_time: Option<String>,
    /// `StartTime`, as written.
    #[serde(default, deserialize_with = "lenient::text")]
    pub start_time: Option<String>,
    /// `EndTime`, as written.
    #[serde(default, deserialize_with = "lenient::text")]
    pub end_time: Option<String>,
}

/// How a refresh is run (`RefreshSettings`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RefreshSettings {
    /// `RollingUpdateSettings`
    #[serde(rename = "RollingUpdateSettings", default)]
    pub rolling: Option<RollingUpdateSettings>,
    /// `CheckInstanceTargetHealth`
    #[serde(default, deserialize_with = "lenient::flag")]
    pub check_instance_target_health: Option<bool>,
    /// `CheckInstanceTargetHealthTimeout`, in seconds.
    #[serde(default, deserialize_with = "lenient::number")]
    pub check_instance_target_health_timeout: Option<i64>,
}

/// `RollingUpdateSettings`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RollingUpdateSettings {
    /// `BatchNumber`
    #[serde(default, deserialize_with = "lenient::number")]
    pub batch_number: Option<i64>,
    /// `BatchPause`, open.
    #[serde(default, deserialize_with = "lenient::text")]
    pub batch_pause: Option<String>,
    /// `MaxSurge`
    #[serde(default, deserialize_with = "lenient::number")]
    pub max_surge: Option<i64>,
    /// `FailProcess`, open.
    #[serde(default, deserialize_with = "lenient::text")]
    pub fail_process: Option<String>,
}

/// Instances that are refreshed together (`RefreshBatchSet`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RefreshBatch {
    /// `RefreshBatchNum`
    #[serde(
        rename = "RefreshBatchNum",
        default,
        deserialize_with = "lenient::number"
    )]
    pub number: Option<i64>,
    /// `RefreshBatchStatus`, open.
    #[serde(rename = "RefreshBatchStatus")]
    pub status: String,
    /// `StartTime`, as written.
    #[serde(default, deserialize_with = "lenient::text")]
    pub start_time: Option<String>,
    /// `EndTime`, as written.
    #[serde(default, deserialize_with = "lenient::text")]
    pub end_time: Option<String>,
    /// `RefreshBatchRelatedInstanceSet`
    #[serde(
        rename = "RefreshBatchRelatedInstanceSet",
        default,
        deserialize_with = "lenient::list"
    )]
    pub instances: Vec<RefreshInstance>,
}

/// One of them (`RefreshBatchRelatedInstanceSet`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RefreshInstance {
    /// `InstanceId`
    #[serde(rename = "InstanceId")]
    pub id: String,
    /// `InstanceStatus`, open.
    #[serde(rename = "InstanceStatus", default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// `LastActivityId`
    #[serde(default, deserialize_with = "lenient::text")]
    pub last_activity_id: Option<String>,
    /// `InstanceStatusMessage`
    #[serde(
        rename = "InstanceStatusMessage",
        default,
        deserialize_with = "lenient::text"
    )]
    pub message: Option<String>,
}

/// How a refresh that paused after a failure goes on (`ResumeMode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResumeMode {
    /// The failed instances once more.
    Retry,
    /// Without them.
    Continue,
}

impl ResumeMode {
    fn as_str(self) -> &'static str {
        match self {
            ResumeMode::Retry => "RETRY",
            ResumeMode::Continue => "CONTINUE",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default, deserialize_with = "lenient::count")]
    total_count: u64,
    // Null for none; an answer without it is not the documented one.
    #[serde(deserialize_with = "lenient::list")]
    refresh_activity_set: Vec<RefreshActivity>,
}

/// `DescribeRefreshActivities` of one id; `None`: there is no such activity.
pub async fn describe_refresh_activity(
    client: &Client,
    activity: &str,
) -> Result<Option<RefreshActivity>, CallError> {
    let body = json!({"RefreshActivityIds": [activity]});
    let page = match client.call("DescribeRefreshActivities", &body).await {
        Ok(response) => Page::deserialize(response).map_err(unreadable)?,
        Err(e) if e.reading == Reading::Gone => return Ok(None),
        Err(e) => return Err(e),
    };
    let total = page.total_count.max(page.refresh_activity_set.len() as u64);
    let mut all = page.refresh_activity_set.into_iter();
    match (all.find(|found| found.id == activity), total) {
        (Some(found), _) => Ok(Some(found)),
        (None, 0) => Ok(None),
        // An answer to another question, or a part of one, proves nothing by what
        // it lacks.
        (None, _) => Err(CallError::unreadable(
            "the answer is about other activities",
        )),
    }
}

/// `StopInstanceRefresh`: pauses once the running batch is done. The group stays
/// blocked meanwhile.
pub async fn stop_instance_refresh(
    client: &Client,
    group: &str,
    activity: &str,
    gate: Gate,
) -> Sent {
    steer(client, "StopInstanceRefresh", group, activity, gate).await
}

/// `CancelInstanceRefresh`: ends it for good; nothing is rolled back.
pub async fn cancel_instance_refresh(
    client: &Client,
    group: &str,
    activity: &str,
    gate: Gate,
) -> Sent {
    steer(client, "CancelInstanceRefresh", group, activity, gate).await
}

async fn steer(
    client: &Client,
    action: &'static str,
    group: &str,
    activity: &str,
    gate: Gate,
) -> Sent {
    let body = json!({"AutoScalingGroupId": group, "RefreshActivityId": activity});
    client.send(action, &body, gate, accepted).await
}

/// `ResumeInstanceRefresh`. Without a mode the cloud takes its own.
pub async fn resume_instance_refresh(
    client: &Client,
    group: &str,
    activity: &str,
    mode: Option<ResumeMode>,
    gate: Gate,
) -> Sent {
    let mut body = json!({"AutoScalingGroupId": group, "RefreshActivityId": activity});
    if let Some(mode) = mode {
        body["ResumeMode"] = mode.as_str().into();
    }
    client
        .send("ResumeInstanceRefresh", &body, gate, accepted)
        .await
}

/// The documented answer has a request id and nothing else; without one it is not
/// the service's.
fn accepted(response: &Value) -> Meaning {
    match &response["RequestId"] {
        Value::String(id) if !id.is_empty() => Meaning::Accepted(Ids::new()),
        _ => Meaning::Unclear(Ids::new()),
    }
}

#[cfg(test)]
mod tests;
