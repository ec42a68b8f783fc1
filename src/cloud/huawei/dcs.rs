//! Distributed Cache Service: the three calls that cancelling a resize takes.

use serde::Deserialize;

use super::client::{CallError, Client, Sent};
use crate::api::Reason;
use crate::cloud::Gate;
use crate::cloud::verdict::{Reading, Refusal};

/// Largest page of background tasks that is asked for.
const PAGE: usize = 100;

/// Never ask for more tasks of one instance than this.
const MAX_TASKS: usize = 10_000;

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
    #[serde(default)]
    task_count: serde_json::Value,
    tasks: Vec<BackgroundTask>,
}

#[derive(Deserialize)]
struct CancelResult {
    result: String,
}

/// `ShowInstance`; `None`: there is no such instance.
pub async fn show_instance(client: &Client, instance: &str) -> Result<Option<Instance>, CallError> {
    let path = format!("/v2/{}/instances/{instance}", client.project);
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
    let path = format!("/v2/{}/instances/{instance}/tasks", client.project);
    let mut tasks: Vec<BackgroundTask> = Vec::new();
    loop {
        let query = [
            ("offset".to_owned(), tasks.len().to_string()),
            ("limit".to_owned(), PAGE.to_string()),
        ];
        let page: TaskPage = match client.get(&path, &query).await {
            Ok(body) => parse(&body)?,
            Err(e) if e.reading == Reading::Gone => return Ok(None),
            Err(e) => return Err(e),
        };
        let count = match &page.task_count {
            serde_json::Value::String(text) => text.parse().unwrap_or(0),
            number => number.as_u64().unwrap_or(0),
        };
        let got = page.tasks.len();
        tasks.extend(page.tasks);
        let all = tasks.len() as u64 >= count;
        match got {
            _ if tasks.len() >= MAX_TASKS => return Err(incomplete(tasks.len(), count)),
            0 if !all => return Err(incomplete(tasks.len(), count)),
            0..PAGE if all => return Ok(Some(tasks)),
            _ => {}
        }
    }
}

/// A list that is not whole proves nothing by what it lacks.
fn incomplete(got: usize, count: u64) -> CallError {
    CallError {
        reading: Reading::Retry(Reason::CloudUnavailable),
        refusal: Refusal::of_transport(format!(
            "the list of background tasks is not complete: {got} of {count}"
        )),
    }
}

/// `CancelInstanceResize`.
pub async fn cancel_resize(client: &Client, instance: &str, task: &str, gate: Gate) -> Sent {
    let path = format!(
        "/v2/{}/instances/{instance}/resize/cancel/{task}",
        client.project
    );
    match client.post(&path, Vec::new(), gate).await {
        Sent::Accepted { body, request_id } => {
            match serde_json::from_slice::<CancelResult>(&body) {
                Ok(answer) if answer.result == "success" => Sent::Accepted { body, request_id },
                _ => Sent::Unknown(Refusal {
                    status: 200,
                    message: "the answer is not the documented one".to_owned(),
                    request_id,
                    ..Refusal::default()
                }),
            }
        }
        other => other,
    }
}

fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, CallError> {
    serde_json::from_slice(body).map_err(|e| CallError {
        reading: Reading::Retry(Reason::CloudUnavailable),
        refusal: Refusal::of_transport(format!("the answer cannot be read: {e}")),
    })
}

#[cfg(test)]
mod tests;
