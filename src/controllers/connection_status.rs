//! The Ready condition of a CloudConnection.

use std::convert::Infallible;
use std::sync::Arc;

use errand_engine::Span;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Resource as _, ResourceExt};

use super::context::Context;
use super::put::put_status;
use super::timers::Timers;
use crate::api::{
    CloudConnection, CloudConnectionStatus, Condition, ConditionStatus, ConnectionReason, Timestamp,
};

/// How often a Secret is looked at that no operation uses just now.
const LOOK: Span = Span(60_000);

/// What the controller of connections works with.
pub(super) struct Control {
    pub(super) context: Arc<Context>,
    pub(super) timers: Timers<ObjectRef<CloudConnection>>,
}

/// Writes the condition if it has changed.
pub(super) async fn reconcile(
    connection: Arc<CloudConnection>,
    control: Arc<Control>,
) -> Result<Action, Infallible> {
    let context = &control.context;
    let reference = ObjectRef::from_obj(connection.as_ref());
    control
        .timers
        .set(reference, Some(context.clock.after(LOOK)));
    let Some((reason, message)) = context.connections.readiness(&connection).await else {
        return Ok(Action::await_change());
    };
    let now = Timestamp::from_millis(context.clock.now().wall.0);
    let status = status(&connection, reason, message, now);
    if connection.status.as_ref() != Some(&status)
        && let Err(e) = put_status(context, connection.as_ref(), &status).await
    {
        // A newer version of the object is on its way, or the next look writes it.
        tracing::debug!(connection = %connection.name_any(), error = ?e, "status not written");
    }
    Ok(Action::await_change())
}

fn status(
    connection: &CloudConnection,
    reason: ConnectionReason,
    message: String,
    now: Timestamp,
) -> CloudConnectionStatus {
    let ready = match reason {
        ConnectionReason::CredentialsAccepted => ConditionStatus::True,
        ConnectionReason::NotProbed => ConditionStatus::Unknown,
        _ => ConditionStatus::False,
    };
    let before = connection.status.as_ref();
    let same = before
        .and_then(|status| status.conditions.iter().find(|c| c.type_ == "Ready"))
        .filter(|condition| condition.status == ready);
    CloudConnectionStatus {
        observed_generation: connection.meta().generation,
        conditions: vec![Condition {
            type_: "Ready".to_owned(),
            status: ready,
            observed_generation: connection.meta().generation,
            last_transition_time: same.map_or(now, |condition| condition.last_transition_time),
            reason: reason.word().to_owned(),
            message,
        }],
    }
}
