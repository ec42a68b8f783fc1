//! `errand wait`: until an operation is at rest.

use std::pin::pin;
use std::time::Duration;

use futures::StreamExt as _;
use kube::api::Api;
use kube::runtime::watcher;
use tokio::time::Instant;

use errand::api::{Group, Reason};

use super::plain::Plain;
use super::view::View;
use super::{Failure, Place, WAIT_ERROR, explain, get, report};

/// Pause after a watch that broke.
const PAUSE: Duration = Duration::from_secs(2);

/// The timeout has passed.
const TIMED_OUT: u8 = 4;

/// How a wait ended.
pub struct Ended {
    /// The exit code.
    pub code: u8,
    /// The object as it was last seen.
    pub last: Plain,
}

/// The exit code of one wait.
pub fn code(ended: &Result<Ended, String>) -> u8 {
    ended.as_ref().map_or(WAIT_ERROR, |ended| ended.code)
}

/// The exit code of several.
pub fn worst(codes: impl Iterator<Item = u8>) -> u8 {
    let codes: Vec<u8> = codes.collect();
    let order = [WAIT_ERROR, TIMED_OUT, 1, 2, 3];
    order
        .into_iter()
        .find(|code| codes.contains(code))
        .unwrap_or(0)
}

/// Waits. Where there are `several` objects, each line names its own.
pub async fn wait(
    api: Api<Plain>,
    place: &Place,
    timeout: Duration,
    several: bool,
) -> Result<Ended, Failure> {
    let began = Instant::now();
    let first = get(&api, place).await?;
    let mut progress = Progress {
        said: String::new(),
        prefix: match several {
            true => format!("{}: ", place.shown()),
            false => String::new(),
        },
        last: first.clone(),
    };
    let code = match progress.see(first) {
        Some(code) => code,
        None => {
            let rest = timeout.saturating_sub(began.elapsed());
            let watched = watch(api, place, &mut progress);
            match tokio::time::timeout(rest, watched).await {
                Ok(result) => result?,
                Err(_) => {
                    let object = place.shown();
                    report(&format!(
                        "{object} has not finished; the timeout has passed"
                    ));
                    TIMED_OUT
                }
            }
        }
    };
    let last = progress.last;
    Ok(Ended { code, last })
}

async fn watch(api: Api<Plain>, place: &Place, progress: &mut Progress) -> Result<u8, Failure> {
    let object = place.shown();
    let uid = progress.last.metadata.uid.clone();
    let mut changes = pin!(watcher::watch_object(api, &place.named.name));
    while let Some(change) = changes.next().await {
        match change {
            Ok(Some(now)) if now.metadata.uid != uid => {
                let message = format!("{object} was deleted, and another of that name created");
                return Err(Failure::new(message));
            }
            Ok(Some(now)) => {
                if let Some(code) = progress.see(now) {
                    return Ok(code);
                }
            }
            Ok(None) => return Err(Failure::new(format!("{object} was deleted"))),
            Err(e) => {
                if refused(&e) {
                    return Err(Failure::new(format!("cannot watch {object}: {e}")));
                }
                report(&format!("the watch broke, trying again: {e}"));
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    Err(Failure::new(format!("the watch of {object} ended")))
}

/// The API server will not let it be watched, however often it is asked.
fn refused(e: &watcher::Error) -> bool {
    let inner = match e {
        watcher::Error::InitialListFailed(e) | watcher::Error::WatchStartFailed(e) => e,
        _ => return false,
    };
    matches!(inner, kube::Error::Api(status) if matches!(status.code, 401 | 403 | 404))
}

/// What was seen and said last.
struct Progress {
    said: String,
    prefix: String,
    last: Plain,
}

impl Progress {
    /// Says what has changed; the exit code if it is at rest.
    fn see(&mut self, object: Plain) -> Option<u8> {
        self.last = object;
        let view = View::new(&self.last);
        let standing = match view.is_current() {
            true => view.standing(),
            false => format!("{}, before the last change of the object", view.standing()),
        };
        if standing != self.said {
            let summary = match explain(&view) {
                text if text.is_empty() => String::new(),
                text => format!(": {text}"),
            };
            report(&format!("{}{standing}{summary}", self.prefix));
            self.said = standing;
        }
        at_rest(&view)
    }
}

/// The exit code of an operation that is at rest.
fn at_rest(view: &View) -> Option<u8> {
    if !view.is_current() {
        return None;
    }
    match view.state().as_str() {
        "Planned" => Some(of_a_plan(view)),
        "Succeeded" => Some(0),
        "Failed" => Some(1),
        "Blocked" | "Held" => Some(2),
        "Suspended" => Some(3),
        _ => None,
    }
}

/// A plan that would not lead to what is asked for ends as executing it would.
fn of_a_plan(view: &View) -> u8 {
    if view.ready() != "False" {
        return 0;
    }
    match view.known_reason().map(Reason::group) {
        Some(Group::Failure | Group::FailureWithoutEffect) => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::api::DynamicObject;
    use kube::core::{ApiResource, GroupVersionKind};

    fn code(generation: i64, status: serde_json::Value) -> Option<u8> {
        let gvk = GroupVersionKind::gvk("g", "v1", "K");
        let mut object = DynamicObject::new("stop", &ApiResource::from_gvk(&gvk));
        object.metadata.generation = Some(generation);
        object.data = serde_json::json!({ "status": status });
        at_rest(&View::new(&object))
    }

    #[test]
    fn only_the_status_of_the_present_generation_counts() {
        let held = serde_json::json!({"state": "Held", "observedGeneration": 1});
        assert_eq!(code(1, held.clone()), Some(2));
        assert_eq!(code(2, held), None);
        assert_eq!(code(1, serde_json::json!({"state": "Held"})), None);
        assert_eq!(code(1, serde_json::json!(null)), None);
    }

    #[test]
    fn a_plan_ends_as_executing_it_would() {
        for (reason, ready, expected) in [
            ("PlanReady", "True", 0),
            ("BeforeWindow", "True", 0),
            ("TargetBusy", "True", 0),
            ("InvalidForTarget", "False", 1),
            ("WindowMissed", "False", 1),
            ("PaidOperationsForbidden", "False", 2),
            ("CredentialsMissing", "False", 2),
            ("NoRecord", "False", 2),
        ] {
            let ready = serde_json::json!({"type": "Ready", "status": ready, "reason": reason});
            let status = serde_json::json!({
                "state": "Planned", "observedGeneration": 1, "conditions": [ready],
            });
            assert_eq!(code(1, status), Some(expected), "{reason}");
        }
    }

    #[test]
    fn of_several_objects_the_worst_code_counts() {
        for (codes, expected) in [
            (&[0, 0][..], 0),
            (&[3, 0], 3),
            (&[2, 3], 2),
            (&[2, 1, 3], 1),
            (&[1, 4], 4),
            (&[4, 5, 1], 5),
        ] {
            assert_eq!(worst(codes.iter().copied()), expected, "{codes:?}");
        }
    }

    #[test]
    fn an_outcome_is_final_whatever_is_written_into_the_spec_later() {
        let status =
            serde_json::json!({"state": "Failed", "outcome": "GivenUp", "observedGeneration": 1});
        assert_eq!(code(2, status), Some(1));
    }
}
