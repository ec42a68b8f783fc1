//! Several namespaces, and several clusters, with one cloud account: the operator
//! works on every namespace and keeps its ledgers in its own.

use std::sync::Arc;

use errand_simulator::WorkspaceDesktop;
use errand_testbed::{ACCESS_KEY, Bed, BedOptions, Plane, SECRET_KEY};
use serde_json::Value;

use crate::support::*;

/// A control plane of its own with an operator for all its namespaces.
pub struct Cluster {
    pub plane: Arc<Plane>,
    pub bed: Bed,
    /// As the operator finds it out.
    id: String,
}

impl Cluster {
    pub fn start(name: &str) -> Self {
        Self::start_with(name, BedOptions::default())
    }

    /// The same with other options.
    pub fn start_with(name: &str, options: BedOptions) -> Self {
        let plane = Arc::new(Plane::start().unwrap_or_else(|e| panic!("{e}")));
        let options = BedOptions {
            cluster: true,
            connection: false,
            ..options
        };
        let bed = bed_on(&plane, name, options);
        let id = [
            "get",
            "namespace",
            "kube-system",
            "-o",
            "jsonpath={.metadata.uid}",
        ];
        let id = plane.kubectl(&id).unwrap_or_else(|e| panic!("{e}"));
        Self { plane, bed, id }
    }

    fn kubectl(&self, arguments: &[&str], input: &str) {
        let output = self.plane.kubectl_output(arguments, Some(input));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
    }

    pub fn apply(&self, namespace: &str, manifest: &str) {
        self.kubectl(&["apply", "-n", namespace, "-f", "-"], manifest);
    }

    /// A namespace with a key and a connection.
    pub fn tenant(&self, namespace: &str, connection: &str) {
        self.kubectl(&["create", "namespace", namespace], "");
        let secret = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: huawei-key, labels: {{errand.cloud/credentials: \"true\"}}}}\nstringData: {{accessKey: {ACCESS_KEY}, secretKey: \"{SECRET_KEY}\"}}\n"
        );
        self.apply(namespace, &secret);
        self.apply(namespace, connection);
    }

    pub fn connection(&self) -> String {
        self.bed
            .paying_connection("huawei-prod", "AutomaticPayment", &self.id)
    }

    fn order(&self, namespace: &str, name: &str) -> Value {
        let path = format!(
            "/apis/huawei.errand.cloud/v1alpha1/namespaces/{namespace}/desktoporders/{name}"
        );
        let found = self.plane.read(&path).unwrap_or_else(|e| panic!("{e}"));
        found.unwrap_or_default()
    }

    pub fn wait_for(&self, namespace: &str, name: &str, reason: &str) -> Value {
        self.wait_with(&[&self.bed], namespace, name, reason)
    }

    /// The same with the clocks of all these beds, which go together.
    fn wait_with(&self, beds: &[&Bed], namespace: &str, name: &str, reason: &str) -> Value {
        self.bed
            .wait_until(&format!("{namespace}/{name}: {reason}"), || {
                let clocks = || beds.iter().filter_map(|bed| bed.clock.as_ref());
                let latest = clocks().map(|clock| clock.now()).max();
                let next = latest.map(|latest| latest + seconds(10));
                for clock in clocks() {
                    let behind = next.and_then(|next| next.duration_since(clock.now()).ok());
                    clock.advance(behind.unwrap_or_default());
                }
                ending(&self.order(namespace, name)).reason == reason
            });
        self.order(namespace, name)
    }

    pub fn delete(&self, namespace: &str, object: &str) {
        self.kubectl(&["delete", "-n", namespace, object], "");
    }

    /// What a controller manager does when a namespace is deleted.
    fn delete_namespace(&self, namespace: &str) {
        self.kubectl(&["delete", "namespace", namespace, "--wait=false"], "");
        let all = ["delete", "-n", namespace, "--all", "dor,cc,secrets"];
        self.kubectl(&all, "");
        let empty = serde_json::json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": namespace}, "spec": {"finalizers": []},
        });
        let finalize = format!("/api/v1/namespaces/{namespace}/finalize");
        self.kubectl(
            &["replace", "--raw", &finalize, "-f", "-"],
            &empty.to_string(),
        );
    }
}

#[test]
fn a_namespace_that_is_deleted_and_made_again_with_the_same_manifests_orders_once() {
    let mut cluster = Cluster::start("tenants");
    seed_desktop(&cluster.bed, WorkspaceDesktop::new("desk-1"));
    let order = resize(&cluster.bed, "bigger", "desk-1", "Manual");
    cluster.bed.start_operator();
    cluster.tenant("team-a", &cluster.connection());
    cluster.apply("team-a", &order);
    cluster.wait_for("team-a", "bigger", "WaitingForPayment");
    let again = |cluster: &Cluster| {
        cluster.delete_namespace("team-a");
        let ledgers = cluster.bed.list("operationledger");
        assert_eq!(ledgers.len(), 1, "it is in the operator's namespace");
        cluster.tenant("team-a", &cluster.connection());
        cluster.apply("team-a", &order);
    };
    // In flight,
    again(&cluster);
    cluster.wait_for("team-a", "bigger", "WaitingForPayment");
    pay(&cluster.bed, "desk-1");
    let object = cluster.wait_for("team-a", "bigger", "Delivered");
    assert_ending(&cluster.bed, &object, "Succeeded", "Delivered");
    // after success,
    again(&cluster);
    let object = cluster.wait_for("team-a", "bigger", "AlreadySatisfied");
    assert_ending(&cluster.bed, &object, "Succeeded", "AlreadySatisfied");
    // and after the desktop was changed back.
    change_back(&cluster.bed, "desk-1");
    again(&cluster);
    let object = cluster.wait_for("team-a", "bigger", "AlreadyExecuted");
    assert_ending(&cluster.bed, &object, "Failed", "AlreadyExecuted");
    assert_eq!(
        orders(&cluster.bed),
        1,
        "{}",
        cluster.bed.simulator.journal()
    );
}

#[test]
fn the_same_desktop_from_two_namespaces_is_ordered_once_while_it_is_as_ordered() {
    let mut cluster = Cluster::start("two-teams");
    seed_desktop(&cluster.bed, WorkspaceDesktop::new("desk-1"));
    let order = resize(&cluster.bed, "bigger", "desk-1", "Manual");
    cluster.bed.start_operator();
    for team in ["team-a", "team-b"] {
        cluster.tenant(team, &cluster.connection());
    }
    cluster.apply("team-a", &order);
    cluster.wait_for("team-a", "bigger", "WaitingForPayment");
    cluster.apply("team-b", &order);
    let object = cluster.wait_for("team-b", "bigger", "TargetLocked");
    assert_eq!(ending(&object).state, "Waiting");
    assert!(
        summary(&object).contains("A DesktopOrder in another namespace"),
        "{object:#}"
    );
    assert!(!summary(&object).contains("team-a"), "{object:#}");
    pay(&cluster.bed, "desk-1");
    cluster.wait_for("team-a", "bigger", "Delivered");
    let object = cluster.wait_for("team-b", "bigger", "AlreadySatisfied");
    assert_ending(&cluster.bed, &object, "Succeeded", "AlreadySatisfied");
    assert_eq!(orders(&cluster.bed), 1);
}

#[test]
fn the_same_manifests_in_a_second_cluster_order_nothing_there() {
    let mut first = Cluster::start("first");
    let mut second = Cluster::start("second");
    assert_ne!(first.id, second.id);
    seed_desktop(&first.bed, WorkspaceDesktop::new("desk-1"));
    let order = resize(&first.bed, "bigger", "desk-1", "Manual");
    // With the first one's policy.clusterId and cloud.
    let connection = first.connection();
    first.bed.start_operator();
    second.bed.start_operator();
    second.tenant("team-a", &connection);
    second.apply("team-a", &order);
    let object = second.wait_with(
        &[&first.bed, &second.bed],
        "team-a",
        "bigger",
        "ConnectionMismatch",
    );
    assert_eq!(ending(&object).state, "Blocked", "{object:#}");
    assert!(summary(&object).contains(&first.id), "{object:#}");
    assert_eq!(orders(&first.bed), 0);
    first.tenant("team-a", &connection);
    first.apply("team-a", &order);
    first.wait_with(
        &[&first.bed, &second.bed],
        "team-a",
        "bigger",
        "WaitingForPayment",
    );
    pay(&first.bed, "desk-1");
    first.wait_with(&[&first.bed, &second.bed], "team-a", "bigger", "Delivered");
    let object = second.wait_with(
        &[&first.bed, &second.bed],
        "team-a",
        "bigger",
        "AlreadySatisfied",
    );
    assert_ending(&second.bed, &object, "Succeeded", "AlreadySatisfied");
    assert_eq!(orders(&first.bed), 1, "{}", first.bed.simulator.journal());
    assert!(second.bed.list("operationledger").is_empty());
}
