//! The one mutating call.

use crate::api::ResizeCancellation;
use crate::cloud::huawei::{Client, dcs};
use crate::cloud::{Gate, Refusal, Sent};

/// Cancels the task that the recorded intent names, whatever is pending by now.
pub(super) async fn cancel(client: &Client, object: &ResizeCancellation, gate: Gate) -> Sent {
    let intent = object
        .status
        .as_ref()
        .and_then(|status| status.steps.last());
    let Some(task) = intent.and_then(|intent| intent.target.as_deref()) else {
        return Sent::NotSent(Refusal::of_transport("the recorded intent names no task"));
    };
    dcs::cancel_resize(client, &object.spec.instance_id, task, gate).await
}
