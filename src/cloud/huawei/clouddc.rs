//! CloudDC: the state of one instance, or of all of them in one call
//! (contract: d).

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use super::verdicts;
use super::{ALL_BUT_EU, EU};
use crate::cloud::call::{CallError, parse};
use crate::cloud::hosts::rule;
use crate::cloud::lenient::Object;
use crate::cloud::permissions::Needs;
use crate::cloud::room::Pages;
use crate::cloud::verdict::Reading;
use crate::cloud::{Field, Found, List, Path, Query, lenient};
use crate::cloud::{HuaweiScope, Protocol, Service};
use crate::text;

/// CloudDC.
pub static SERVICE: Service = Service {
    name: "huawei/clouddc",
    endpoint: "clouddc",
    protocol: Protocol::Huawei(HuaweiScope::Project),
    hosts: &[
        rule("clouddc.{region}.myhuaweicloud.eu", EU),
        rule("clouddc.{region}.myhuaweicloud.com", ALL_BUT_EU),
    ],
    rows: verdicts::CLOUDDC_ROWS,
    needs: &[
        Needs::new("ShowInstanceStatus", &["clouddc:instance:get"]),
        Needs::new("ListInstances", &["clouddc:instance:get"]),
    ],
};

/// Largest page that there is.
pub const LARGEST_PAGE: usize = 1000;

/// Never follow more pages than this.
const MAX_PAGES: usize = 100;

/// What an instance is doing (`ShowInstanceStatus`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct InstanceStatus {
    /// `state`, open.
    pub state: Field<String>,
    /// `operation_state`, open; absent where nothing was done.
    pub operation_state: Field<String>,
    /// `error`
    pub error: Field<InstanceError>,
}

/// What went wrong with it (`error`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct InstanceError {
    /// `error_code`
    #[serde(rename = "error_code")]
    pub code: Field<String>,
    /// `error_msg`
    #[serde(rename = "error_msg")]
    pub msg: Field<String>,
    /// `error_type`, open.
    #[serde(rename = "error_type")]
    pub error_type: Field<String>,
}

/// The documented object, or a text alone.
impl lenient::Form for InstanceError {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(msg) => Some(Self {
                msg: Field::Known(text::line(msg, 1024)),
                ..Self::default()
            }),
            Value::Object(_) => Self::deserialize(value).ok(),
            _ => None,
        }
    }
}

/// An instance of a list (`ListInstances`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Instance {
    /// `id`
    #[serde(default)]
    pub id: Field<String>,
    /// The same as [`show_instance_status`] gives.
    #[serde(flatten)]
    pub status: InstanceStatus,
}

#[derive(Deserialize)]
struct Page {
    // Null for none; a page without it is not the documented one.
    #[serde(default = "Field::unclear")]
    instances: Field<List<Instance>>,
    #[serde(default)]
    page_info: Value,
    #[serde(default, deserialize_with = "lenient::count")]
    count: u64,
}

impl Page {
    /// How many instances it has, those that were not understood included.
    fn size(&self) -> usize {
        let List { members, others } = match &self.instances {
            Field::Known(list) => list,
            Field::Absent | Field::Unclear => return 0,
        };
        members.len() + others
    }

    fn next_marker(&self) -> Option<String> {
        let marker = self.page_info.get("next_marker")?;
        let marker = Field::<String>::deserialize(marker).ok()?;
        marker.text().map(str::to_owned)
    }
}

/// `ShowInstanceStatus`
pub async fn show_instance_status(
    client: &Client,
    id: &str,
) -> Result<Found<InstanceStatus>, CallError> {
    let path = Path::of(&["v1", client.scope.id(), "instances", id, "status"])?;
    let body = match client.get_with_errors("ShowInstanceStatus", &path).await {
        Ok(body) => body,
        Err(e) if e.reading == Reading::Gone => return Ok(Found::NotThere),
        Err(e) => return Err(e),
    };
    let Object(Answer {
        id: own,
        instance_id,
        status,
    }) = parse(&body)?;
    let is_another =
        |own: &Field<String>| own.text().is_some_and(|own| !own.eq_ignore_ascii_case(id));
    if is_another(&own) || is_another(&instance_id) {
        return Err(CallError::unreadable(
            "the answer is about another instance",
        ));
    }
    Ok(Found::There(status))
}

/// The documented answer names no instance. One that does has to name the one that was
/// asked for.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    id: Field<String>,
    #[serde(default)]
    instance_id: Field<String>,
    #[serde(flatten)]
    status: InstanceStatus,
}

/// `ListInstances` to the last page: every instance of the project that was
/// understood, or an error where pages are missing. What is not among them may be
/// there all the same.
pub async fn list_instances(client: &Client) -> Result<Vec<Instance>, CallError> {
    let path = Path::of(&["v1", client.scope.id(), "instances"])?;
    let mut all: Vec<Instance> = Vec::new();
    let mut ids = BTreeSet::new();
    let mut got = 0;
    let mut marker: Option<String> = None;
    let mut pages = Pages::new(&client.transport, &client.key.namespace);
    for _ in 0..MAX_PAGES {
        let limit = i64::try_from(LARGEST_PAGE).unwrap_or(i64::MAX);
        let mut query = Query::default().number("limit", limit);
        if let Some(marker) = marker.take() {
            query = query.mark("marker", &marker)?;
        }
        let body = client
            .get("ListInstances", &path, &query)
            .await
            .map_err(of_a_list)?;
        let page: Page = parse(&body)?;
        let length = body.len();
        drop(body);
        if page.instances.is_unclear() {
            // It names nothing that could be followed.
            return Ok(all);
        }
        let size = page.size();
        pages.add::<Instance>(length, size).await?;
        got += size;
        for instance in page.instances.members() {
            let Some(id) = instance.id.text() else {
                continue;
            };
            // A page that comes twice would go on for ever, and hide the next.
            if !ids.insert(id.to_owned()) {
                return Err(incomplete(got, page.count));
            }
            all.push(instance.clone());
        }
        // Where the next page is not named, a full one may be followed by more.
        let last = all.last().filter(|_| size >= LARGEST_PAGE);
        marker = page
            .next_marker()
            .or_else(|| last?.id.text().map(str::to_owned));
        match marker {
            Some(_) if size > 0 => {}
            // Whether the count is that of the page or of the list, it is not more
            // than there are.
            _ if (got as u64) < page.count => {
                return Err(incomplete(got, page.count));
            }
            _ => return Ok(all),
        }
    }
    Err(incomplete(got, 0))
}

/// A list that is not there says nothing of the instances that it would have.
fn of_a_list(e: CallError) -> CallError {
    match e.reading {
        Reading::Gone => CallError::unavailable(e.refusal),
        _ => e,
    }
}

/// A list that is not whole proves nothing by what it lacks.
fn incomplete(got: usize, count: u64) -> CallError {
    CallError::unreadable(format!("the list is not complete: {got} of {count}"))
}

#[cfg(test)]
mod tests;
