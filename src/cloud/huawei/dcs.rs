//! Distributed Cache Service: the three calls that cancelling a resize takes.

use serde::Deserialize;

use super::client::Client;
use super::pages;
use crate::cloud::call::{CallError, Ids, Meaning, Sent, parse};
use crate::cloud::verdict::Reading;
use crate::cloud::{Gate, lenient};

/// A background task (`ListBackgroundTask`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct BackgroundTask {
    /// `id`
    pub id: String,
    /// `name`: EXTEND or ChangeInstanceSpec for a specification change.
    #[serde(default)]
    pub name: String,
    /// `status`, open.
    #[serde(default)]
    pub status: String,
    /// `created_at`
    #[serde(default)]
    pub created_at: Option<String>,
    /// `details`
    #[serde(default)]
    pub details: Option<TaskDetails>,
}

/// What a specification change would change (`details`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct TaskDetails {
    /// `old_resource_spec_code`
    #[serde(default)]
    pub old_resource_spec_code: Option<String>,
    /// `new_resource_spec_code`
    #[serde(default)]
    pub new_resource_spec_code: Option<String>,
}

/// An instance (`ShowInstance`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Instance {
    /// `status`, open.
    pub status: String,
    /// `spec_code`
    pub spec_code: String,
    /// `maintain_begin`, UTC.
    #[serde(default)]
    pub maintain_begin: Option<String>,
    /// `maintain_end`, UTC.
    #[serde(default)]
    pub maintain_end: Option<String>,
}

#[derive(Deserialize)]
struct TaskPage {
    // A string in the model, a number in the example.
    #[serde(default, deserialize_with = "lenient::count")]
    task_count: u64,
    tasks: Vec<BackgroundTask>,
}

#[derive(Deserialize)]
struct CancelResult {
    result: String,
}

/// `ShowInstance`; `None`: there is no such instance.
pub async fn show_instance(client: &Client, instance: &str) -> Result<Option<Instance>, CallError> {
    let path = format!("/v2/{}/instances/{instance}", client.scope.id());
    match client.get(&path, &[]).await {
        Ok(body) => parse(&body).map(Some),
        Err(e) if e.reading == Reading::Gone => Ok(None),
        Err(e) => Err(e),
    }
}

/// `ListBackgroundTask` to the last page; `None`: there is no such instance.
pub async fn list_background_tasks(
    client: &Client,
    instance: &str,
) -> Result<Option<Vec<BackgroundTask>>, CallError> {
    let path = format!("/v2/{}/instances/{instance}/tasks", client.scope.id());
    let tasks = pages::all(client, &path, &[], |page: TaskPage| {
        (page.tasks, page.task_count)
    });
    match tasks.await {
        Ok(tasks) => Ok(Some(tasks)),
        Err(e) if e.reading == Reading::Gone => Ok(None),
        Err(e) => Err(e),
    }
}

/// `CancelInstanceResize`.
pub async fn cancel_resize(client: &Client, instance: &str, task: &str, gate: Gate) -> Sent {
    let path = format!(
        "/v2/{}/instances/{instance}/resize/cancel/{task}",
        client.scope.id()
    );
    let meaning = |body: &[u8], code: &str| match serde_json::from_slice::<CancelResult>(body) {
        Ok(answer) if code.is_empty() && answer.result == "success" => {
            Meaning::Accepted(Ids::new())
        }
        _ => Meaning::Unclear(Ids::new()),
    };
    client.post(&path, Vec::new(), gate, meaning).await
}

#[cfg(test)]
mod tests;
