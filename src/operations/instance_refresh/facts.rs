//! What the cloud says: one read of the activity, with its batches.

use crate::cloud::CallError;
use crate::cloud::tencent::Client;
use crate::cloud::tencent::autoscaling::{self, RefreshActivity};

/// A complete reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The activity; `None`: there is no such one.
    pub activity: Option<RefreshActivity>,
}

pub(super) async fn observe(client: &Client, activity: &str) -> Result<Facts, CallError> {
    let activity = autoscaling::describe_refresh_activity(client, activity).await?;
    Ok(Facts { activity })
}
