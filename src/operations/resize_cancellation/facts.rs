//! What the cloud says: two reads, the tasks to the last page and the instance.

use crate::cloud::huawei::Client;
use crate::cloud::huawei::dcs::{self, BackgroundTask, Instance};
use crate::cloud::{CallError, Read};

/// A complete reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The cloud's time when it was begun, in milliseconds since 1970 UTC.
    pub at: i64,
    /// Every background task of the instance; one that is not understood stays among
    /// them. `None`: no such instance.
    pub tasks: Option<Vec<Read<BackgroundTask>>>,
    /// The instance; `None`: no such instance.
    pub instance: Option<Instance>,
    /// Why the instance was not read. The tasks were: what they show is not forgotten for
    /// that.
    pub unread: Option<CallError>,
}

pub(super) async fn observe(client: &Client, instance: &str) -> Result<Facts, CallError> {
    let asked = client.transport.clock.now().wall.0;
    // The tasks first: a change that runs between the two reads then shows as
    // pending here and as run at the next look, never the other way round.
    let tasks = dcs::list_background_tasks(client, instance).await?;
    let (instance, unread) = match dcs::show_instance(client, instance).await {
        Ok(instance) => (instance, None),
        Err(e) if tasks.as_ref().is_some_and(|tasks| !tasks.is_empty()) => (None, Some(e)),
        Err(e) => return Err(e),
    };
    Ok(Facts {
        at: asked + client.clock_offset(),
        tasks,
        instance,
        unread,
    })
}
