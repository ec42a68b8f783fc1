//! Accounts at the simulated clouds, and manifests: of the connections to them, and of
//! an operation of each kind.

use errand_simulator::{DcsInstance, Seed, TencentAccount, VolcengineAccount};

use super::{ACCESS_KEY, Bed, DCS_PROJECT, DOMAIN, SECRET_KEY};

/// The region of every bed's connection to Tencent Cloud.
pub const TENCENT_REGION: &str = "ap-guangzhou";
/// The region of every bed's connection to Volcengine.
pub const VOLCENGINE_REGION: &str = "cn-beijing";

pub(super) fn connection(name: &str, url: &str) -> String {
    format!(
        "apiVersion: errand.cloud/v1alpha1\nkind: CloudConnection\nmetadata: {{name: {name}}}\nspec:\n  accountId: {DOMAIN}\n  huawei: {{region: cn-north-4, projectId: {DCS_PROJECT}}}\n  credentials: {{secretRef: {{name: huawei-key}}}}\n  endpoints: {{dcs: \"{url}\", workspace: \"{url}\", bss: \"{url}\", clouddc: \"{url}\"}}\n"
    )
}

/// The connections' Secret, with this secret key.
pub(super) fn secret(secret_key: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: huawei-key, labels: {{errand.cloud/credentials: \"true\"}}}}\nstringData: {{accessKey: {ACCESS_KEY}, secretKey: \"{secret_key}\"}}\n"
    )
}

impl Bed {
    /// The manifest of a CloudConnection to this bed's simulator.
    pub fn connection(&self, name: &str) -> String {
        connection(name, &self.simulator.url())
    }

    /// The same, through which operations may cost money, from this cluster.
    pub fn paying_connection(&self, name: &str, payment: &str, cluster: &str) -> String {
        let connection = self.connection(name);
        format!("{connection}  policy: {{paidOperations: {payment}, clusterId: \"{cluster}\"}}\n")
    }

    /// Puts a key pair with this secret key into the connection's Secret.
    pub fn put_secret(&self, secret_key: &str) {
        self.apply(&secret(secret_key));
    }

    /// Puts the account's own key pair there.
    pub fn put_right_secret(&self) {
        self.put_secret(SECRET_KEY);
    }

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

    /// The manifest of a ResizeCancellation; `more` is added to its spec.
    pub fn cancellation(&self, name: &str, instance: &str, task: &str, more: &str) -> String {
        format!(
            "apiVersion: huawei.errand.cloud/v1alpha1\nkind: ResizeCancellation\nmetadata: {{name: {name}}}\nspec:\n  connectionRef: {{kind: CloudConnection, name: huawei-prod}}\n  instanceId: {instance}\n  taskId: {task}\n{more}"
        )
    }

    /// The manifest of a DesktopOrder; `change` is spec.change, `more` is added to
    /// the spec.
    pub fn order(&self, name: &str, desktop: &str, change: &str, more: &str) -> String {
        format!(
            "apiVersion: huawei.errand.cloud/v1alpha1\nkind: DesktopOrder\nmetadata: {{name: {name}}}\nspec:\n  connectionRef: {{kind: CloudConnection, name: huawei-prod}}\n  desktopId: {desktop}\n  change: {change}\n{more}"
        )
    }

    /// An instance with a change that would run in that many seconds.
    pub fn seed_pending_change(&self, instance: &str, task: &str, seconds: i64) {
        let instance = DcsInstance::new(instance)
            .spec("redis.ha.xu1.large.r2.4", 4.0)
            .pending_change(task, "redis.ha.xu1.large.r2.8", seconds);
        self.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
    }
}
