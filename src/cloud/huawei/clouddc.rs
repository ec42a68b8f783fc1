//! CloudDC: the state of one instance, or of all of them in one call
//! (contract: d).

use std::collections::BTreeSet;

use serde::Deserialize;

use super::client::Client;
use crate::cloud::call::{CallError, parse};
use crate::cloud::lenient;
use crate::cloud::verdict::Reading;

/// Largest page that there is.
pub const LARGEST_PAGE: usize = 1000;

/// Never follow more pages than this.
const MAX_PAGES: usize = 100;

/// What an instance is doing (`ShowInstanceStatus`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct InstanceStatus {
    /// `state`, open.
    pub state: String,
    /// `operation_state`, open.
    #[serde(default, deserialize_with = "lenient::text")]
    pub operation_state: Option<String>,
    /// `error`
    #[serde(default)]
    pub error: Option<InstanceError>,
}

/// What went wrong with it (`error`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct InstanceError {
    /// `error_code`
    #[serde(rename = "error_code", default, deserialize_with = "lenient::text")]
    pub code: Option<String>,
    /// `error_msg`
    #[serde(rename = "error_msg", default, deserialize_with = "lenient::text")]
    pub msg: Option<String>,
    /// `error_type`, open.
    #[serde(rename = "error_type", default, deserialize_with = "lenient::text")]
    pub error_type: Option<String>,
}

/// An instance of a list (`ListInstances`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Instance {
    /// `id`
    pub id: String,
    /// `name`
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// The same as [`show_instance_status`] gives.
    #[serde(flatten)]
    pub status: InstanceStatus,
    /// `server_id`
    #[serde(default, deserialize_with = "lenient::text")]
    pub server_id: Option<String>,
    /// `created_at`, as written.
    #[serde(default, deserialize_with = "lenient::text")]
    pub created_at: Option<String>,
    /// `updated_at`, as written.
    #[serde(default, deserialize_with = "lenient::text")]
    pub updated_at: Option<String>,
    /// `launched_at`, as written.
    #[serde(default, deserialize_with = "lenient::text")]
    pub launched_at: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    // Null for none; a page without it is not the documented one.
    #[serde(deserialize_with = "lenient::list")]
    instances: Vec<Instance>,
    #[serde(default)]
    page_info: Option<PageInfo>,
    #[serde(default, deserialize_with = "lenient::count")]
    count: u64,
}

#[derive(Deserialize)]
struct PageInfo {
    #[serde(default, deserialize_with = "lenient::text")]
    next_marker: Option<String>,
}

/// `ShowInstanceStatus`; `None`: there is no such instance.
pub async fn show_instance_status(
    client: &Client,
    id: &str,
) -> Result<Option<InstanceStatus>, CallError> {
    let path = format!("/v1/{}/instances/{id}/status", client.scope.id());
    match client.get_with_errors(&path).await {
        Ok(body) => parse(&body).map(Some),
        Err(e) if e.reading == Reading::Gone => Ok(None),
        Err(e) => Err(e),
    }
}

/// `ListInstances` to the last page: every instance of the project, or an error,
/// never a part of them.
pub async fn list_instances(client: &Client) -> Result<Vec<Instance>, CallError> {
    let path = format!("/v1/{}/instances", client.scope.id());
    let mut all: Vec<Instance> = Vec::new();
    let mut ids = BTreeSet::new();
    let mut marker: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut query = vec![("limit".to_owned(), LARGEST_PAGE.to_string())];
        query.extend(marker.take().map(|id| ("marker".to_owned(), id)));
        let body = client.get(&path, &query).await.map_err(of_a_list)?;
        let page: Page = parse(&body)?;
        let got = page.instances.len();
        for instance in page.instances {
            // A page that comes twice would go on for ever, and hide the next.
            if !ids.insert(instance.id.clone()) {
                return Err(incomplete(all.len(), page.count));
            }
            all.push(instance);
        }
        // Where the next page is not named, a full one may be followed by more.
        let last = all.last().filter(|_| got >= LARGEST_PAGE);
        marker = page
            .page_info
            .and_then(|info| info.next_marker)
            .or_else(|| last.map(|instance| instance.id.clone()));
        match marker {
            Some(_) if got > 0 => {}
            // Whether the count is that of the page or of the list, it is not more
            // than there are.
            _ if (all.len() as u64) < page.count => {
                return Err(incomplete(all.len(), page.count));
            }
            _ => return Ok(all),
        }
    }
    Err(incomplete(all.len(), 0))
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
