//! The samples for a cluster's own rules about money. That about answers is in the
//! end-to-end tests.

use std::time::{Duration, Instant};

use errand_testbed::{Plane, repository};

/// A policy takes a moment to be in force.
const PATIENCE: Duration = Duration::from_secs(60);

const PLAN: &str = "\n  mode: Plan";

/// A control plane of its own: a policy is for all namespaces.
struct Cluster(Plane);

impl Cluster {
    fn start() -> Self {
        Self(Plane::start().unwrap_or_else(|e| panic!("{e}")))
    }

    fn install(&self, policy: &str) {
        let file = repository().join("integrations/policies").join(policy);
        let file = file.to_str().expect("text");
        let installed = self.0.kubectl(&["apply", "-f", file]);
        installed.unwrap_or_else(|e| panic!("{e}"));
    }

    fn namespace(&self, name: &str, label: &str) {
        let manifest = format!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels: {{{label}}}\n"
        );
        self.taken(&manifest);
    }

    fn apply(&self, manifest: &str) -> Result<String, String> {
        self.0.apply(manifest)
    }

    fn taken(&self, manifest: &str) {
        self.apply(manifest).unwrap_or_else(|e| panic!("{e}"));
    }

    /// Without leaving anything behind.
    fn try_out(&self, manifest: &str) -> Result<(), String> {
        let create = ["create", "--dry-run=server", "-f", "-"];
        let output = self.0.kubectl_output(&create, Some(manifest));
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    fn would_be_taken(&self, manifest: &str) {
        self.try_out(manifest).unwrap_or_else(|e| panic!("{e}"));
    }

    fn would_be_refused(&self, manifest: &str, words: &str) {
        let error = self.try_out(manifest).expect_err(words);
        assert!(error.contains(words), "{error}");
    }

    fn is_refused(&self, manifest: &str, words: &str) {
        let error = self.apply(manifest).expect_err(words);
        assert!(error.contains(words), "{error}");
    }

    /// Tries until it would be refused with these words.
    fn await_refusal(&self, manifest: &str, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.try_out(manifest) {
                Err(error) if error.contains(words) => return,
                other => assert!(Instant::now() < deadline, "{words}: {other:?}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn order(namespace: &str, name: &str, change: &str, more: &str) -> String {
    format!(
        "apiVersion: huawei.errand.cloud/v1alpha1\nkind: DesktopOrder\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  connectionRef: {{kind: CloudConnection, name: huawei-prod}}\n  desktopId: desk-1\n  payment: Manual\n  change: {change}{more}\n"
    )
}

fn connection(namespace: &str, paid: &str) -> String {
    format!(
        "apiVersion: errand.cloud/v1alpha1\nkind: CloudConnection\nmetadata: {{name: huawei-prod, namespace: {namespace}}}\nspec:\n  accountId: d-1\n  huawei: {{region: cn-north-4, projectId: p-1}}\n  credentials: {{secretRef: {{name: huawei-key}}}}\n  policy: {{paidOperations: {paid}, clusterId: here}}\n"
    )
}

const RESIZE: &str = "{resize: {productId: small}}";

#[test]
fn paid_orders_take_a_namespace_with_the_label() {
    let cluster = Cluster::start();
    cluster.namespace("unlabelled", "");
    cluster.namespace("labelled", "errand.cloud/paid-operations: allowed");
    cluster.namespace("refused", "errand.cloud/paid-operations: never");
    cluster.taken(&order("unlabelled", "before", RESIZE, ""));
    cluster.install("where-paid.yaml");
    let words = "label errand.cloud/paid-operations=allowed";
    cluster.await_refusal(&order("unlabelled", "new", RESIZE, ""), words);
    cluster.would_be_refused(&order("refused", "new", RESIZE, ""), words);
    cluster.would_be_refused(&connection("unlabelled", "ManualPayment"), words);

    cluster.would_be_taken(&order("labelled", "new", RESIZE, ""));
    cluster.would_be_taken(&connection("labelled", "ManualPayment"));
    // What stands there may be edited.
    cluster.taken(&order("unlabelled", "before", RESIZE, "\n  suspend: true"));

    // A plan is free, and what is made of it is not.
    cluster.taken(&order("unlabelled", "plan", RESIZE, PLAN));
    cluster.is_refused(&order("unlabelled", "plan", RESIZE, ""), words);
    cluster.taken(&connection("unlabelled", "Forbid"));
    cluster.is_refused(&connection("unlabelled", "AutomaticPayment"), words);
}

#[test]
fn orders_are_limited_by_a_config_map_of_their_namespace() {
    let cluster = Cluster::start();
    cluster.namespace("limited", "");
    cluster.namespace("unlimited", "");
    let limits = |volume: u32| {
        cluster.taken(&format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: errand-limits, namespace: limited}}\ndata: {{maxVolumeGiB: \"{volume}\", maxMonths: \"12\", products: small large}}\n"));
    };
    let new = |change: &str| order("limited", "new", change, "");
    let volume = |gib: u32| format!("{{expandVolume: {{volumeId: v-1, sizeGiB: {gib}}}}}");
    let term = |count: u32, unit: &str| format!("{{subscribe: {{unit: {unit}, count: {count}}}}}");
    limits(200);
    cluster.install("how-much.yaml");
    cluster.await_refusal(&new(&volume(210)), "larger than maxVolumeGiB");
    for (change, words) in [
        (term(13, "Month"), "more than maxMonths"),
        (term(2, "Year"), "more than maxMonths"),
        (
            "{resize: {productId: huge}}".to_owned(),
            "not among products",
        ),
    ] {
        cluster.would_be_refused(&new(&change), words);
    }
    for change in [
        volume(200),
        term(12, "Month"),
        term(1, "Year"),
        RESIZE.to_owned(),
    ] {
        cluster.would_be_taken(&new(&change));
    }
    let unlimited = order("unlimited", "new", RESIZE, "");
    cluster.would_be_refused(&unlimited, "no params found");

    // Lower limits do not refuse an edit of what stands there.
    cluster.taken(&order("limited", "stands", &volume(200), ""));
    limits(100);
    cluster.await_refusal(&new(&volume(200)), "larger than maxVolumeGiB");
    let suspended = order("limited", "stands", &volume(200), "\n  suspend: true");
    cluster.taken(&suspended);
}
