//! What the cloud says: one read of the order.

use jiff::Timestamp;

use crate::cloud::volcengine::Client;
use crate::cloud::volcengine::ecs::{self, ScheduledInstance};
use crate::cloud::{CallError, Found};

/// A complete reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The cloud's time when it was begun.
    pub at: Timestamp,
    /// The order.
    pub order: Found<ScheduledInstance>,
}

pub(super) async fn observe(client: &Client, order: &str) -> Result<Facts, CallError> {
    let asked = client.transport.clock.now().wall.0;
    let order = ecs::describe_scheduled_instance(client, order).await?;
    // The offset is the one that this very answer has told.
    let at = Timestamp::from_millisecond(asked.saturating_add(client.clock_offset()));
    Ok(Facts {
        // No time of an order has come on a clock that tells none.
        at: at.unwrap_or(Timestamp::MIN),
        order,
    })
}
