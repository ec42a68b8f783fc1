//! What the cloud says: one read of the activity, with its batches; and a second one
//! where the cloud may have begun to roll it back.

use super::stage::Stage;
use crate::cloud::tencent::Client;
use crate::cloud::tencent::autoscaling::{self, RefreshActivity};
use crate::cloud::{CallError, Found, Reading, Refusal};

/// A complete reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The activity.
    pub activity: Found<RefreshActivity>,
    /// The activity that rolls it back. `None`: it was not asked for.
    pub roll_back: Option<Found<RefreshActivity>>,
    /// The cloud refused to list roll-backs.
    pub refused: Option<Refusal>,
}

pub(super) async fn observe(
    client: &Client,
    group: &str,
    activity: &str,
) -> Result<Facts, CallError> {
    let found = autoscaling::describe_refresh_activity(client, activity).await?;
    let may_roll_back = found.there().is_some_and(may_be_rolled_back);
    let mut facts = Facts {
        activity: found,
        roll_back: None,
        refused: None,
    };
    if may_roll_back {
        // It is only named, so a refusal of this read keeps nothing else from being told.
        let listed = autoscaling::describe_roll_back(client, group, activity).await;
        facts.roll_back = Some(match listed {
            Err(e) if !matches!(e.reading, Reading::Retry(_)) => {
                facts.refused = Some(e.refusal);
                Found::Unclear("The cloud refuses to list roll-backs.")
            }
            listed => listed?,
        });
    }
    Ok(facts)
}

/// The cloud starts a roll-back when a refresh that is set up like this fails.
fn may_be_rolled_back(found: &RefreshActivity) -> bool {
    found.fail_process.is("AUTO_ROLLBACK")
        && matches!(Stage::of(found), Stage::Cancelled | Stage::Failed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cloud::server::{Server, answer};
    use crate::cloud::tencent::server::client;

    #[tokio::test]
    async fn a_refused_list_of_roll_backs_is_reported_and_hides_nothing() {
        let failed = json!({
            "AutoScalingGroupId": "asg-1", "RefreshActivityId": "asr-1", "Status": "FAILED",
            "RefreshSettings": {"RollingUpdateSettings": {"FailProcess": "AUTO_ROLLBACK"}},
        });
        let list = json!({"TotalCount": 1, "RefreshActivitySet": [failed]});
        let refused = json!({"Error": {"Code": "UnauthorizedOperation", "Message": "m"}});
        let answers = [list, refused].map(|one| answer(200, &json!({"Response": one}).to_string()));
        let server = Server::answering(answers);
        let facts = observe(&client(server.origin()), "asg-1", "asr-1").await;
        let facts = facts.expect("a complete reading");
        assert!(facts.activity.there().is_some());
        assert!(matches!(facts.roll_back, Some(Found::Unclear(_))));
        let said = facts.refused.expect("the refusal");
        let reported = (said.call(), said.code.as_str());
        assert_eq!(
            reported,
            ("DescribeRefreshActivities", "UnauthorizedOperation")
        );
    }
}
