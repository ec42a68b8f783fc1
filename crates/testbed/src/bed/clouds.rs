//! Connections and operations of the clouds beside Huawei's DCS and Workspace.

use super::{ACCESS_KEY, Bed, SECRET_KEY};
use errand_simulator::{Seed, TencentAccount, VolcengineAccount};

/// The region of every bed's connection to Tencent Cloud.
pub const TENCENT_REGION: &str = "ap-guangzhou";
/// The region of every bed's connection to Volcengine.
pub const VOLCENGINE_REGION: &str = "cn-beijing";

impl Bed {
    /// Makes accounts at Tencent Cloud and Volcengine with the bed's key, and the
    /// CloudConnections tencent-prod and volcengine-prod.
    pub fn connect_all_clouds(&self) {
        self.simulator.seed(
            Seed::new()
                .tencent_account(TencentAccount::new(ACCESS_KEY, SECRET_KEY).region(TENCENT_REGION))
                .volcengine_account(
                    VolcengineAccount::new(ACCESS_KEY, SECRET_KEY).region(VOLCENGINE_REGION),
                ),
        );
        self.apply(&self.cloud_connection("tencent-prod", ""));
        self.apply(&self.cloud_connection("volcengine-prod", ""));
    }

    /// The manifest of tencent-prod or volcengine-prod; `more` is added to its
    /// spec.
    pub fn cloud_connection(&self, name: &str, more: &str) -> String {
        let url = self.simulator.url();
        let (cloud, endpoint) = match name {
            "tencent-prod" => (
                format!("tencent: {{region: {TENCENT_REGION}}}"),
                format!("as: \"{url}\""),
            ),
            _ => (
                format!("volcengine: {{region: {VOLCENGINE_REGION}}}"),
                format!("ecs: \"{url}\""),
            ),
        };
        format!(
            "apiVersion: errand.cloud/v1alpha1\nkind: CloudConnection\nmetadata: {{name: {name}}}\nspec:\n  accountId: \"100000000001\"\n  {cloud}\n  credentials: {{secretRef: {{name: huawei-key}}}}\n  endpoints: {{{endpoint}}}\n{more}"
        )
    }

    /// The manifest of an InstanceRefresh that adopts an activity; `more` is added
    /// to its spec.
    pub fn refresh(
        &self,
        name: &str,
        group: &str,
        activity: &str,
        wanted: &str,
        more: &str,
    ) -> String {
        format!(
            "apiVersion: tencent.errand.cloud/v1alpha1\nkind: InstanceRefresh\nmetadata: {{name: {name}}}\nspec:\n  connectionRef: {{kind: CloudConnection, name: tencent-prod}}\n  autoScalingGroupId: {group}\n  adopt: {{refreshActivityId: {activity}}}\n  desiredState: {wanted}\n{more}"
        )
    }

    /// The manifest of a ScheduledInstanceReservation that adopts an order; `more`
    /// is added to its spec.
    pub fn reservation(&self, name: &str, order: &str, wanted: &str, more: &str) -> String {
        format!(
            "apiVersion: volcengine.errand.cloud/v1alpha1\nkind: ScheduledInstanceReservation\nmetadata: {{name: {name}}}\nspec:\n  connectionRef: {{kind: CloudConnection, name: volcengine-prod}}\n  adopt: {{scheduledInstanceId: {order}}}\n  desiredState: {wanted}\n{more}"
        )
    }

    /// The manifest of an InstanceObservation; `more` is added to its spec.
    pub fn observation(&self, name: &str, instance: &str, more: &str) -> String {
        format!(
            "apiVersion: huawei.errand.cloud/v1alpha1\nkind: InstanceObservation\nmetadata: {{name: {name}}}\nspec:\n  connectionRef: {{kind: CloudConnection, name: huawei-prod}}\n  target: {{service: CloudDC, instanceId: {instance}}}\n{more}"
        )
    }
}
