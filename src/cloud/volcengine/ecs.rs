//! Elastic Compute Service: the calls that a scheduled (elastic reserved) instance
//! takes (contract: b).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use super::verdicts;
use crate::api::Site;
use crate::cloud::call::{CallError, Ids, Meaning};
use crate::cloud::field::{self, Field, Found, List};
use crate::cloud::hosts::{of_site, rule};
use crate::cloud::mutation::argument;
use crate::cloud::permissions::Needs;
use crate::cloud::verdict::Reading;
use crate::cloud::{Actions, Protocol, Regions, Service};
use crate::cloud::{Draft, Method, Mutation, Query, contradicted};

/// Its actions, by version.
pub const ACTIONS: Actions = Actions {
    service: "ecs",
    version: "2020-04-01",
};

/// Elastic Compute Service.
pub static SERVICE: Service = Service {
    name: "volcengine/ecs",
    endpoint: "ecs",
    protocol: Protocol::Volcengine(ACTIONS),
    hosts: &[
        rule("ecs.{region}.volcengineapi.com", BOOTSTRAP),
        rule("open.volcengineapi.com", Regions::All),
        rule("ecs.{region}.volcengineapi.com", Regions::All),
        // IPv4 and IPv6.
        rule("ecs.{region}.volcengine-api.com", Regions::All),
        // BytePlus, the vendor's cloud outside China, with accounts of its own.
        of_site("open.byteplusapi.com", Site::International),
        of_site("open.{region}.byteplusapi.com", Site::International),
        of_site("ecs.{region}.byteplusapi.com", Site::International),
        of_site("ecs.{region}.byteplus-api.com", Site::International),
    ],
    rows: verdicts::ECS_ROWS,
    needs: &[
        Needs::new(
            "DescribeScheduledInstances",
            &["ecs:DescribeScheduledInstances"],
        ),
        Needs::new("DeleteScheduledInstance", &["ecs:DeleteScheduledInstance"]),
    ],
};

/// Regions with endpoints of their own; the vendor's SDK calls them bootstrap regions.
const BOOTSTRAP: Regions = Regions::Only(&[
    "ap-southeast-2",
    "ap-southeast-3",
    "*-autodriving",
    "*-selfdrive",
]);

/// Never follow more pages than this.
const MAX_PAGES: usize = 100;

/// An order of scheduled instances (`DescribeScheduledInstances`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ScheduledInstance {
    /// `ScheduledInstanceId`
    #[serde(rename = "ScheduledInstanceId")]
    pub id: Field<String>,
    /// `ScheduledInstanceName`
    #[serde(rename = "ScheduledInstanceName")]
    pub name: Field<String>,
    /// `Status`, open: the words are not published.
    pub status: Field<String>,
    /// `ElasticScheduledInstanceType`: Esi or Segmented.
    #[serde(rename = "ElasticScheduledInstanceType")]
    pub elastic_type: Field<String>,
    /// `DeliveryType`: Reserve or Immediate, of Segmented.
    pub delivery_type: Field<String>,
    /// `Count`: instances ordered.
    pub count: Field<i64>,
    /// `DeliveryCount`: instances delivered.
    pub delivery_count: Field<i64>,
    /// `ReleaseCount`: instances released.
    pub release_count: Field<i64>,
    /// `CreatedAt`
    #[serde(deserialize_with = "field::time")]
    pub created_at: Field<Timestamp>,
    /// `InvalidAt`
    #[serde(deserialize_with = "field::time")]
    pub invalid_at: Field<Timestamp>,
    /// `StartDeliveryAt`: where the slot of the delivery begins.
    #[serde(deserialize_with = "field::time")]
    pub start_delivery_at: Field<Timestamp>,
    /// `EndDeliveryAt`: where it ends.
    #[serde(deserialize_with = "field::time")]
    pub end_delivery_at: Field<Timestamp>,
    /// `AutoReleaseAt`: when the delivered instances are released.
    #[serde(deserialize_with = "field::time")]
    pub auto_release_at: Field<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    // Null for none; a page without it is not the documented one.
    #[serde(default = "Field::unclear")]
    scheduled_instance_info: Field<List<ScheduledInstance>>,
    #[serde(default)]
    next_token: Field<String>,
}

impl Page {
    /// An answer without a page in it is not the documented one.
    fn of(result: Value) -> Self {
        Page::deserialize(result).unwrap_or(Page {
            scheduled_instance_info: Field::Unclear,
            next_token: Field::Absent,
        })
    }
}

/// `DescribeScheduledInstances` of one id, to the last page.
pub async fn describe_scheduled_instance(
    client: &Client,
    id: &str,
) -> Result<Found<ScheduledInstance>, CallError> {
    let mut next: Option<String> = None;
    let mut seen = BTreeSet::new();
    let (mut ours, mut others, mut whole) = (Vec::new(), false, true);
    loop {
        let mut query = Query::default().id("ScheduledInstanceIds.1", id)?;
        query = query.number("MaxResults", 100);
        if let Some(token) = next.take() {
            query = query.mark("NextToken", &token)?;
        }
        let page = match client.get("DescribeScheduledInstances", &query).await {
            Ok(result) => result.decode(Page::of),
            Err(e) if e.reading == Reading::Gone => return Ok(Found::NotThere),
            Err(e) => return Err(e),
        };
        whole &= page.scheduled_instance_info.whole().is_some() && !page.next_token.is_unclear();
        for order in page.scheduled_instance_info.members() {
            match order.id.is(id) {
                // Two that differ say as much as more of them.
                true if ours.len() > 1 || ours.contains(order) => {}
                true => ours.push(order.clone()),
                false => others = true,
            }
        }
        next = page.next_token.text().map(str::to_owned);
        // Also where it was found: a later page may say something else of it.
        let Some(token) = next.clone() else {
            break;
        };
        if !seen.insert(token) || seen.len() >= MAX_PAGES {
            whole = false;
            break;
        }
    }
    let twice = contradicted(&ours, |order| order.id.text());
    Ok(match ours.pop() {
        Some(order) if twice.is_empty() => Found::There(order),
        Some(_) => Found::Unclear("The cloud lists the order twice, differently."),
        None if whole && !others => Found::NotThere,
        // An answer to another question, or a part of one, proves nothing by what it
        // lacks.
        None => Found::Unclear("The cloud's list of orders is not complete or has others in it."),
    })
}

/// `DeleteScheduledInstance`. With the token of an earlier call it is that call.
pub static DELETE_SCHEDULED_INSTANCE: Mutation = Mutation {
    name: "DeleteScheduledInstance",
    service: &SERVICE,
    method: Method::Get,
    token: Some("ClientToken"),
    request: |arguments, _| {
        let id = argument(arguments, SCHEDULED_INSTANCE);
        Ok(Draft {
            query: Query::default().id(SCHEDULED_INSTANCE, id)?,
            ..Draft::default()
        })
    },
    meaning: |answer| match answer.result {
        Value::Null => Meaning::Accepted(Ids::new()),
        Value::Object(members) if members.is_empty() => Meaning::Accepted(Ids::new()),
        _ => Meaning::Unclear(Ids::new()),
    },
};

/// The argument of [`DELETE_SCHEDULED_INSTANCE`].
pub const SCHEDULED_INSTANCE: &str = "ScheduledInstanceId";

#[cfg(test)]
mod tests;
