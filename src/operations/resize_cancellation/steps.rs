//! The one mutating call.

use crate::api::ResizeCancellationSpec;
use crate::cloud::Gate;
use crate::cloud::huawei::{Client, Sent, dcs};

pub(super) async fn cancel(client: &Client, spec: &ResizeCancellationSpec, gate: Gate) -> Sent {
    dcs::cancel_resize(client, &spec.instance_id, &spec.task_id, gate).await
}
