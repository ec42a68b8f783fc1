//! An upgrade from the chart's previous commit, with objects in every state of every
//! kind: nothing is lost, and nothing is sent.

use std::collections::BTreeSet;

use errand_simulator::{
    CloudDcInstance, DcsInstance, RefreshActivity, Reservation, Seed, TencentAccount,
    VolcengineAccount, WorkspaceDesktop, WorkspaceProduct,
};
use errand_testbed::{
    ACCESS_KEY, DCS_PROJECT, DOMAIN, SECRET_KEY, TENCENT_REGION, VOLCENGINE_REGION,
};
use serde_json::{Value, json};

use crate::install::{Cluster, LOOPBACK, distant_window};
use crate::recorded::recorded;
use crate::tools::{chart, previous_chart};

/// A reservation that is held because the cloud has it no more, unlike the others' of
/// the same name.
const GONE: &str = "gone";

impl Cluster {
    /// The operator of the new chart looks at what has ended, is suspended, only planned,
    /// or held, each with a target on which something could be sent; and sends nothing.
    fn leave_at_rest_what_is_at_rest(&self, recorded: &[Value]) {
        let here = ["-n", "recorded"];
        let mut seed = Seed::new();
        let mut seeded = BTreeSet::new();
        let mut resting = Vec::new();
        for object in recorded {
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
            let (kind, name) = (text("/kind").expect("a kind"), text("/metadata/name"));
            let name = format!("{kind}/{}", name.expect("a name")).to_lowercase();
            let state = text("/status/state").unwrap_or_default();
            let rests = ["Suspended", "Planned", "Held", "Succeeded", "Failed"].contains(&state);
            // What was changed since may be an answer.
            let rests = rests && !name.contains("/changed-");
            if !rests {
                self.kubectl(&[&["delete", &name], &here[..]].concat());
                continue;
            }
            resting.push((name, object["status"]["state"].clone()));
            let id = |pointer| text(pointer).unwrap_or_default().to_owned();
            let target = match kind {
                "ResizeCancellation" => id("/spec/instanceId"),
                "DesktopOrder" => id("/spec/desktopId"),
                "InstanceObservation" => id("/spec/target/instanceId"),
                "InstanceRefresh" => id("/spec/adopt/refreshActivityId"),
                _ => id("/spec/adopt/scheduledInstanceId"),
            };
            if target == GONE || !seeded.insert(target.clone()) {
                continue;
            }
            let (begin, end) = distant_window();
            let task = id("/spec/taskId");
            let instance = DcsInstance::new(&target).window(begin, end);
            seed = match kind {
                "ResizeCancellation" => seed.dcs(
                    DCS_PROJECT,
                    instance.pending_change(task, "redis.big", 86_400),
                ),
                "DesktopOrder" => seed.desktop(DCS_PROJECT, WorkspaceDesktop::new(target)),
                "InstanceObservation" => seed.clouddc(DCS_PROJECT, CloudDcInstance::new(target)),
                "InstanceRefresh" => {
                    let group = id("/spec/autoScalingGroupId");
                    seed.refresh(RefreshActivity::new(group, target).batches(3, 600))
                }
                _ => seed.reservation(Reservation::esi(target)),
            };
        }
        self.simulator.seed(seed);
        self.connect("recorded");
        let request = "errand.cloud/reconcile-requested-at=after-the-upgrade";
        self.kubectl(&[&["annotate", "errand", "--all", request], &here[..]].concat());
        let upgrade = [
            "upgrade",
            "errand",
            &chart(),
            LOOPBACK,
            "-n",
            "errand-system",
        ];
        let pays = "--set=replicas=1,clusterId=here,operator.paidOperations=AutomaticPayment";
        self.release(&[&upgrade[..], &[pays]].concat());
        for (name, state) in resting {
            let handled = "--for=jsonpath={.status.lastHandledReconcileAt}=after-the-upgrade";
            self.kubectl(&[&["wait", handled, &name, "--timeout=90s"], &here[..]].concat());
            let object = self.get(&[&[name.as_str()], &here[..]].concat());
            assert_eq!(object["status"]["state"], state, "{object:#}");
        }
        assert_eq!(self.effects(), 0, "{}", self.simulator.journal());
    }

    /// Connections to all clouds, through which everything may be sent.
    pub fn connect(&self, namespace: &str) {
        let seed = Seed::new()
            .tencent_account(TencentAccount::new(ACCESS_KEY, SECRET_KEY).region(TENCENT_REGION))
            .volcengine_account(
                VolcengineAccount::new(ACCESS_KEY, SECRET_KEY).region(VOLCENGINE_REGION),
            )
            .product(
                DCS_PROJECT,
                WorkspaceProduct::new("workspacehost.k.xlarge4"),
            )
            .product(DCS_PROJECT, WorkspaceProduct::new("workspacehost.k.large2"));
        self.simulator.seed(seed);
        let url = self.simulator.url();
        let secret = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: huawei-key, labels: {{errand.cloud/credentials: \"true\"}}}}\nstringData: {{accessKey: {ACCESS_KEY}, secretKey: \"{SECRET_KEY}\"}}\n"
        );
        let connection = |name: &str, spec: &str| {
            format!(
                "---\napiVersion: errand.cloud/v1alpha1\nkind: CloudConnection\nmetadata: {{name: {name}}}\nspec:\n  accountId: {DOMAIN}\n  credentials: {{secretRef: {{name: huawei-key}}}}\n  policy: {{paidOperations: AutomaticPayment, clusterId: here}}\n{spec}\n"
            )
        };
        let huawei = format!(
            "  huawei: {{region: cn-north-4, projectId: {DCS_PROJECT}}}\n  endpoints: {{dcs: \"{url}\", workspace: \"{url}\", bss: \"{url}\", clouddc: \"{url}\"}}"
        );
        let tencent =
            format!("  tencent: {{region: {TENCENT_REGION}}}\n  endpoints: {{as: \"{url}\"}}");
        let volcengine = format!(
            "  volcengine: {{region: {VOLCENGINE_REGION}}}\n  endpoints: {{ecs: \"{url}\"}}"
        );
        let all = [
            secret,
            connection("huawei-prod", &huawei),
            connection("tencent-prod", &tencent),
            connection("volcengine-prod", &volcengine),
        ];
        self.kubectl_with(&["apply", "-n", namespace, "-f", "-"], &all.concat());
    }
}

/// First nobody works on them, so that they stay in the states in which they were
/// recorded; then the new operator does.
#[test]
fn an_upgrade_from_the_charts_previous_commit_loses_nothing_of_any_state_and_sends_nothing() {
    let cluster = Cluster::start();
    let here = ["-n", "errand-system", "--set=replicas=0"];
    let install = ["install", "errand", &previous_chart(), "--create-namespace"];
    cluster.release(&[&install[..], &here].concat());
    cluster.kubectl(&["create", "namespace", "recorded"]);
    let mut number = 0;
    // The previous chart does not know of a kind that is new.
    let known = cluster.get(&["crds"])["items"].clone();
    let kind = |crd: &Value| crd["spec"]["names"]["kind"].to_string();
    let known: BTreeSet<_> = known.as_array().expect("a list").iter().map(kind).collect();
    let recorded = recorded().into_iter().map(|one| one.object);
    let mut recorded: Vec<Value> = recorded
        .filter(|object| known.contains(&object["kind"].to_string()))
        .collect();
    for object in &mut recorded {
        number += 1;
        let seen = &object["status"]["observedGeneration"];
        let stale = *seen != object["metadata"]["generation"];
        let name = format!("{}-{number}", if stale { "changed" } else { "seen" });
        object["metadata"] = json!({"name": name, "namespace": "recorded"});
        let held = object["status"]["state"] == "Held";
        if held && object["kind"] == "ScheduledInstanceReservation" {
            object["spec"]["adopt"]["scheduledInstanceId"] = json!(GONE);
        }
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": recorded}).to_string();
    let apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    cluster.kubectl_with(&apply, &list);
    let status = [&apply[..], &["--subresource=status"]].concat();
    cluster.kubectl_with(&status, &list);
    let all = || cluster.get(&["errand,cloudconnections", "-n", "recorded"])["items"].clone();
    let before = all();
    let objects = before.as_array().expect("a list").iter();
    let states: BTreeSet<_> = objects
        .filter_map(|o| o["status"]["state"].as_str())
        .collect();
    assert_eq!(states.len(), 10, "{states:?}");
    let upgrade = ["upgrade", "errand", &chart()];
    cluster.release(&[&upgrade[..], &here].concat());
    assert_eq!(all(), before);
    // What is stored is what the new definitions take.
    for object in before.as_array().expect("a list") {
        let object = object.to_string();
        cluster.kubectl_with(&["replace", "--dry-run=server", "-f", "-"], &object);
    }
    cluster.leave_at_rest_what_is_at_rest(before.as_array().expect("a list"));
}
