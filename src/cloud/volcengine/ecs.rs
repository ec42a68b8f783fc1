//! Elastic Compute Service: the calls that a scheduled (elastic reserved) instance
//! takes (contract: b).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use crate::cloud::call::{CallError, Ids, Meaning, Sent, unreadable};
use crate::cloud::verdict::Reading;
use crate::cloud::{Gate, lenient};

/// The name in the signature.
pub const SERVICE: &str = "ecs";

/// The version of the API.
pub const VERSION: &str = "2020-04-01";

/// Never follow more pages than this.
const MAX_PAGES: usize = 100;

/// An order of scheduled instances (`DescribeScheduledInstances`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ScheduledInstance {
    /// `ScheduledInstanceId`
    #[serde(rename = "ScheduledInstanceId")]
    pub id: String,
    /// `ScheduledInstanceName`
    #[serde(
        rename = "ScheduledInstanceName",
        default,
        deserialize_with = "lenient::text"
    )]
    pub name: Option<String>,
    /// `Status`, open: the words are not published.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// `ElasticScheduledInstanceType`: Esi or Segmented.
    #[serde(
        rename = "ElasticScheduledInstanceType",
        default,
        deserialize_with = "lenient::text"
    )]
    pub elastic_type: Option<String>,
    /// `DeliveryType`: Reserve or Immediate, of Segmented.
    #[serde(default, deserialize_with = "lenient::text")]
    pub delivery_type: Option<String>,
    /// `Count`: instances ordered.
    #[serde(default, deserialize_with = "lenient::number")]
    pub count: Option<i64>,
    /// `DeliveryCount`: instances delivered.
    #[serde(default, deserialize_with = "lenient::number")]
    pub delivery_count: Option<i64>,
    /// `ReleaseCount`: instances released.
    #[serde(default, deserialize_with = "lenient::number")]
    pub release_count: Option<i64>,
    /// `CreatedAt`
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_at: Option<Timestamp>,
    /// `UpdatedAt`
    #[serde(default, deserialize_with = "lenient::time")]
    pub updated_at: Option<Timestamp>,
    /// `InvalidAt`
    #[serde(default, deserialize_with = "lenient::time")]
    pub invalid_at: Option<Timestamp>,
    /// `StartDeliveryAt`: where the slot of the delivery begins.
    #[serde(default, deserialize_with = "lenient::time")]
    pub start_delivery_at: Option<Timestamp>,
    /// `EndDeliveryAt`: where it ends.
    #[serde(default, deserialize_with = "lenient::time")]
    pub end_delivery_at: Option<Timestamp>,
    /// `AutoReleaseAt`
    #[serde(default, deserialize_with = "lenient::time")]
    pub auto_release_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    // Null for none; a page without it is not the documented one.
    #[serde(deserialize_with = "lenient::list")]
    scheduled_instance_info: Vec<ScheduledInstance>,
    #[serde(default, deserialize_with = "lenient::text")]
    next_token: Option<String>,
}

/// `DescribeScheduledInstances` of one id, to the last page; `None`: there is no
/// such order.
pub async fn describe_scheduled_instance(
    client: &Client,
    id: &str,
) -> Result<Option<ScheduledInstance>, CallError> {
    let mut next: Option<String> = None;
    let mut seen = BTreeSet::new();
    let mut others = 0;
    loop {
        let mut query = vec![("ScheduledInstanceIds.1", id), ("MaxResults", "100")];
        query.extend(next.as_deref().map(|token| ("NextToken", token)));
        let page = match client.get("DescribeScheduledInstances", &query).await {
            Ok(result) => Page::deserialize(result).map_err(unreadable)?,
            Err(e) if e.reading == Reading::Gone => return Ok(None),
            Err(e) => return Err(e),
        };
        for order in page.scheduled_instance_info {
            match order.id == id {
                true => return Ok(Some(order)),
                false => others += 1,
            }
        }
        next = page.next_token;
        let Some(token) = &next else { break };
        if !seen.insert(token.clone()) || seen.len() >= MAX_PAGES {
            return Err(CallError::unreadable("the list does not end"));
        }
    }
    match others {
        0 => Ok(None),
        // An answer to another question proves nothing by what it lacks.
        _ => Err(CallError::unreadable("the answer is about other orders")),
    }
}

/// `DeleteScheduledInstance`. With the token of an earlier call it is that call.
pub async fn delete_scheduled_instance(client: &Client, id: &str, token: &str, gate: Gate) -> Sent {
    let query = [("ScheduledInstanceId", id), ("ClientToken", token)];
    let meaning = |result: &Value| match result {
        Value::Null => Meaning::Accepted(Ids::new()),
        Value::Object(members) if members.is_empty() => Meaning::Accepted(Ids::new()),
        _ => Meaning::Unclear(Ids::new()),
    };
    client
        .send("DeleteScheduledInstance", &query, gate, meaning)
        .await
}

#[cfg(test)]
mod tests;
