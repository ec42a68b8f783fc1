//! What the cloud says: one read of the order.

use jiff::Timestamp;

use crate::cloud::CallError;
use crate::cloud::volcengine::Client;
use crate::cloud::volcengine::ecs::{self, ScheduledInstance};

/// A complete reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The cloud's time when it was begun.
    pub at: Timestamp,
    /// The order; `None`: there is no such one.
    pub order: Option<ScheduledInstance>,
}

pub(super) async fn observe(client: &Client, order: &str) -> Result<Facts, CallError> {
    let asked = client.transport.clock.now().wall.0;
    let order = ecs::describe_scheduled_instance(client, order).await?;
    let at = Timestamp::from_millisecond(asked + client.clock_offset());
    Ok(Facts {
        at: at.unwrap_or(Timestamp::UNIX_EPOCH),
        order,
    })
}
