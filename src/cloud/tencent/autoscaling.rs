//! Auto Scaling: the calls that an instance refresh takes (contract: c). None of
//! them takes an idempotency token.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::client::Client;
use super::verdicts;
use crate::api::Site;
use crate::cloud::call::{CallError, Ids, Meaning, unreadable};
use crate::cloud::hosts::{of_site, rule};
use crate::cloud::ids::checked;
use crate::cloud::mutation::argument;
use crate::cloud::permissions::Needs;
use crate::cloud::verdict::Reading;
use crate::cloud::{Actions, Protocol, Regions, Service};
use crate::cloud::{Draft, Field, Found, List, Method, Mutation, contradicted};

/// Its actions, by version.
pub const ACTIONS: Actions = Actions {
    service: "as",
    version: "2018-04-19",
};

/// Auto Scaling.
pub static SERVICE: Service = Service {
    name: "tencent/as",
    endpoint: "as",
    protocol: Protocol::Tencent(ACTIONS),
    hosts: &[
        rule("as.{region}.tencentcloudapi.com", FINANCE),
        of_site("as.tencentcloudapi.com", Site::China),
        of_site("as.intl.tencentcloudapi.com", Site::International),
        // The nearest region.
        rule("as.{region}.tencentcloudapi.com", Regions::All),
    ],
    rows: verdicts::AS_ROWS,
    needs: &[
        Needs::new(
            "DescribeRefreshActivities",
            &["as:DescribeRefreshActivities"],
        ),
        Needs::new("StopInstanceRefresh", &["as:StopInstanceRefresh"]),
        Needs::new("CancelInstanceRefresh", &["as:CancelInstanceRefresh"]),
        Needs::new("ResumeInstanceRefresh", &["as:ResumeInstanceRefresh"]),
    ],
};

const FINANCE: Regions = Regions::Only(&["*-fsi"]);

/// A refresh of a scaling group's instances (`DescribeRefreshActivities`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RefreshActivity {
    /// `AutoScalingGroupId`
    #[serde(rename = "AutoScalingGroupId")]
    pub group: Field<String>,
    /// `RefreshActivityId`
    #[serde(rename = "RefreshActivityId")]
    pub id: Field<String>,
    /// `OriginRefreshActivityId`, of a roll-back.
    #[serde(rename = "OriginRefreshActivityId")]
    pub origin: Field<String>,
    /// `RefreshMode`, open.
    #[serde(rename = "RefreshMode")]
    pub mode: Field<String>,
    /// `ActivityType`: NORMAL or ROLLBACK.
    pub activity_type: Field<String>,
    /// `Status`, open.
    pub status: Field<String>,
    /// `CurrentRefreshBatchNum`
    #[serde(rename = "CurrentRefreshBatchNum")]
    pub current_batch: Field<i64>,
    /// `RefreshSettings.RollingUpdateSettings.FailProcess`, open.
    #[serde(rename = "RefreshSettings", deserialize_with = "fail_process")]
    pub fail_process: Field<String>,
    /// `RefreshBatchSet`
    #[serde(rename = "RefreshBatchSet")]
    pub batches: Field<List<RefreshBatch>>,
    /// `CreatedTime`, as written.
    pub created_time: Field<String>,
    /// `StartTime`, as written.
    pub start_time: Field<String>,
    /// `EndTime`, as written.
    pub end_time: Field<String>,
}

/// Instances that are refreshed together (`RefreshBatchSet`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RefreshBatch {
    /// `RefreshBatchNum`
    #[serde(rename = "RefreshBatchNum")]
    pub number: Field<i64>,
    /// `RefreshBatchStatus`, open.
    #[serde(rename = "RefreshBatchStatus")]
    pub status: Field<String>,
    /// `StartTime`, as written.
    pub start_time: Field<String>,
    /// `EndTime`, as written.
    pub end_time: Field<String>,
    /// `RefreshBatchRelatedInstanceSet`
    #[serde(rename = "RefreshBatchRelatedInstanceSet")]
    pub instances: Field<List<RefreshInstance>>,
}

/// One of them (`RefreshBatchRelatedInstanceSet`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RefreshInstance {
    /// `InstanceId`
    #[serde(rename = "InstanceId")]
    pub id: Field<String>,
    /// `InstanceStatus`, open.
    #[serde(rename = "InstanceStatus")]
    pub status: Field<String>,
    /// `LastActivityId`
    pub last_activity_id: Field<String>,
    /// `InstanceStatusMessage`: why it failed.
    #[serde(rename = "InstanceStatusMessage")]
    pub message: Field<String>,
}

/// The one setting that something is concluded from. Settings in another form say
/// nothing about it.
fn fail_process<'de, D: Deserializer<'de>>(from: D) -> Result<Field<String>, D::Error> {
    let settings = Value::deserialize(from)?;
    let setting = settings.pointer("/RollingUpdateSettings/FailProcess");
    Ok(match setting {
        None => Field::Absent,
        Some(value) => Field::deserialize(value.clone()).unwrap_or(Field::Unclear),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    total_count: Field<i64>,
    // Null for none; an answer without it is not the documented one.
    #[serde(default = "Field::unclear")]
    refresh_activity_set: Field<List<RefreshActivity>>,
}

impl Page {
    /// Its members, if those are all that there are.
    fn whole(&self) -> Option<&[RefreshActivity]> {
        let all = self.refresh_activity_set.whole()?;
        let total = usize::try_from(*self.total_count.known()?).ok()?;
        (all.len() >= total).then_some(all)
    }
}

async fn describe(client: &Client, body: &Value) -> Result<Page, CallError> {
    let response = client.call("DescribeRefreshActivities", body).await?;
    let page = response.decode(Page::deserialize);
    page.map_err(|e| unreadable(&e))
}

/// `DescribeRefreshActivities` of one id.
pub async fn describe_refresh_activity(
    client: &Client,
    activity: &str,
) -> Result<Found<RefreshActivity>, CallError> {
    let body = json!({"RefreshActivityIds": [checked("RefreshActivityId", activity)?]});
    let page = match describe(client, &body).await {
        Ok(page) => page,
        Err(e) if e.reading == Reading::Gone => return Ok(Found::NotThere),
        Err(e) => return Err(e),
    };
    let all = page.refresh_activity_set.members();
    let twice = contradicted(all, |found| found.id.text());
    Ok(match all.iter().find(|found| found.id.is(activity)) {
        Some(found) if !twice.contains(activity) => Found::There(found.clone()),
        Some(_) => Found::Unclear("The cloud lists the refresh activity twice, differently."),
        None => match page.whole() {
            Some([]) => Found::NotThere,
            // An answer to another question, or a part of one, proves nothing by
            // what it lacks.
            _ => Found::Unclear(
                "The cloud's list of refresh activities is not complete or has others in it.",
            ),
        },
    })
}

/// Largest page.
const LARGEST_PAGE: usize = 100;

/// The activity by which the cloud rolls this one back (`DescribeRefreshActivities`
/// of the group): of type ROLLBACK, and this one is its origin.
pub async fn describe_roll_back(
    client: &Client,
    group: &str,
    activity: &str,
) -> Result<Found<RefreshActivity>, CallError> {
    let filter = |name: &str, value: &str| json!({"Name": name, "Values": [value]});
    let group = checked("AutoScalingGroupId", group)?;
    let body = json!({
        "Filters": [
            filter("auto-scaling-group-id", group),
            filter("refresh-activity-type", "ROLLBACK"),
        ],
        "Limit": LARGEST_PAGE,
    });
    let page = describe(client, &body).await?;
    let all = page.refresh_activity_set.members();
    let is_of_it = |found: &&RefreshActivity| {
        found.origin.is(activity) && found.activity_type.is("ROLLBACK") && found.group.is(group)
    };
    if !contradicted(all, |found| found.id.text()).is_empty() {
        return Ok(Found::Unclear(
            "The cloud lists a roll-back twice, differently.",
        ));
    }
    let mut found: Vec<_> = all.iter().filter(is_of_it).collect();
    // The newest: a roll-back cannot be rolled back, but it can be asked for again.
    found.sort_by(|a, b| a.created_time.text().cmp(&b.created_time.text()));
    Ok(match (found.pop(), page.whole()) {
        (Some(found), _) => Found::There(found.clone()),
        (None, Some(_)) => Found::NotThere,
        (None, None) => Found::Unclear("The cloud's list of roll-backs is not complete."),
    })
}

/// `StopInstanceRefresh`: pauses once the running batch is done. The group stays
/// blocked meanwhile.
pub static STOP_INSTANCE_REFRESH: Mutation = steering("StopInstanceRefresh");

/// `CancelInstanceRefresh`: ends it for good; nothing is rolled back.
pub static CANCEL_INSTANCE_REFRESH: Mutation = steering("CancelInstanceRefresh");

/// `ResumeInstanceRefresh`. Without a mode the cloud takes its own.
pub static RESUME_INSTANCE_REFRESH: Mutation = steering("ResumeInstanceRefresh");

/// Arguments of the calls that change a refresh.
pub const GROUP: &str = "AutoScalingGroupId";
/// The refresh.
pub const ACTIVITY: &str = "RefreshActivityId";
/// Of [`RESUME_INSTANCE_REFRESH`]: `RETRY` or `CONTINUE`; without it the cloud has its own.
pub const MODE: &str = "ResumeMode";

const fn steering(name: &'static str) -> Mutation {
    Mutation {
        name,
        service: &SERVICE,
        method: Method::Post,
        token: None,
        request: |arguments, _| {
            let mut body = serde_json::Map::new();
            for name in [GROUP, ACTIVITY] {
                let id = checked(name, argument(arguments, name))?;
                body.insert(name.to_owned(), id.into());
            }
            if let Some(mode) = arguments.get(MODE) {
                body.insert(MODE.to_owned(), checked(MODE, mode)?.into());
            }
            Ok(Draft {
                body: Value::Object(body).to_string(),
                ..Draft::default()
            })
        },
        // The documented answer has a request id and nothing else; without one it is not
        // the service's.
        meaning: |answer| match &answer.result["RequestId"] {
            Value::String(id) if !id.is_empty() => Meaning::Accepted(Ids::new()),
            _ => Meaning::Unclear(Ids::new()),
        },
    }
}

#[cfg(test)]
mod tests;
