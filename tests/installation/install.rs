//! Errand is installed, tested, upgraded (of that more in `upgrade`), rolled back and
//! uninstalled on a real control plane with a scheduler, and runs there as its Deployment
//! says.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use errand::operations::crds;
use errand_controlplane::assets::Program;
use errand_controlplane::{ControlPlane, Options};
use errand_simulator::{Account, Config, DcsInstance, Seed, Simulator};
use errand_testbed::{ACCESS_KEY, Api, DCS_PROJECT, DOMAIN, SECRET_KEY, repository};
use serde_json::Value;

use crate::kubelet::{Kubelet, reader};
use crate::tools::{chart, objects, run, tool};

pub const PATIENCE: Duration = Duration::from_secs(90);

/// For the simulator, and because pods share the machine's network: each has a loopback
/// address of its own.
pub const LOOPBACK: &str = "--set=operator.allowEndpoints={127.0.0.1},operator.allowHttpLoopback=true,operator.listen=$(POD_IP):8080";

/// A cluster with one node, and a cloud.
pub struct Cluster {
    // Before the control plane that its processes use.
    kubelet: Kubelet,
    pub simulator: Simulator,
    pub reader: Api,
    plane: Arc<ControlPlane>,
}

impl Cluster {
    pub fn start() -> Self {
        let options = Options {
            node: true,
            ..Options::default()
        };
        let plane = ControlPlane::start(options).unwrap_or_else(|e| panic!("{e}"));
        let plane = Arc::new(plane);
        let simulator = Simulator::start(Config::default()).expect("it starts");
        let account = Account::new(ACCESS_KEY, SECRET_KEY);
        let account = account.project(DCS_PROJECT).domain(DOMAIN);
        simulator.seed(Seed::new().account(account));
        Self {
            kubelet: Kubelet::start(Arc::clone(&plane)),
            simulator,
            reader: reader(&plane),
            plane,
        }
    }

    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.kubectl_with(arguments, "")
    }

    pub fn kubectl_with(&self, arguments: &[&str], input: &str) -> String {
        self.kubelet.check();
        let said = run(self.plane.kubectl().args(arguments), input);
        said.unwrap_or_else(|e| panic!("kubectl {arguments:?}: {e}"))
    }

    pub fn helm(&self, arguments: &[&str]) -> Result<String, String> {
        self.kubelet.check();
        let home = self.plane.dir().join("helm");
        let mut helm = Command::new(tool(Program::Helm));
        helm.args(arguments)
            .env("KUBECONFIG", self.plane.kubeconfig())
            .env("HELM_CONFIG_HOME", &home)
            .env("HELM_CACHE_HOME", &home)
            .env("HELM_DATA_HOME", &home);
        run(&mut helm, "")
    }

    /// Installs, upgrades and so on, and waits until it has come about.
    pub fn release(&self, arguments: &[&str]) {
        let wait = ["--wait", "--timeout=120s"];
        let done = self.helm(&[arguments, &wait[..]].concat());
        done.unwrap_or_else(|e| panic!("helm {arguments:?}: {e}\n{}", self.logs()));
    }

    pub fn get(&self, arguments: &[&str]) -> Value {
        let json = self.kubectl(&[&["get", "-o", "json"], arguments].concat());
        serde_json::from_str(&json).expect("JSON")
    }

    /// The README's manifest, with the simulator as the cloud, in this namespace; done.
    fn carry_out_the_example(&self, namespace: &str) {
        let file = repository().join("examples/resize-cancellation.yaml");
        let example = fs::read_to_string(file).expect("readable");
        let url = self.simulator.url();
        let example = example
            .replace("  # endpoints:", "  endpoints:")
            .replace("http://127.0.0.1:7000", &url)
            .replace("YOUR-ACCESS-KEY-ID", ACCESS_KEY)
            .replace("YOUR-SECRET-ACCESS-KEY", SECRET_KEY)
            .replace("YOUR-DOMAIN-ID", DOMAIN);
        let all = objects(&example);
        let operation = all.last().expect("an operation");
        let spec = |name: &str| operation["spec"][name].as_str().expect("text").to_owned();
        let (begin, end) = distant_window();
        let instance = DcsInstance::new(spec("instanceId"))
            .spec("redis.ha.xu1.large.r2.4", 4.0)
            .window(begin, end)
            .pending_change(spec("taskId"), "redis.ha.xu1.large.r2.8", 24 * 3600);
        let seed = Seed::new().dcs(DCS_PROJECT, instance);
        self.simulator.seed(seed);
        let exists = run(
            self.plane.kubectl().args(["get", "namespace", namespace]),
            "",
        );
        if exists.is_err() {
            self.kubectl(&["create", "namespace", namespace]);
        }
        self.kubectl_with(&["apply", "-n", namespace, "-f", "-"], &example);
        let name = operation["metadata"]["name"].as_str().expect("a name");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let object = self.get(&["rsc", name, "-n", namespace]);
            if object["status"]["state"] == "Succeeded" {
                return;
            }
            let status = &object["status"];
            assert!(Instant::now() < deadline, "{status:#}\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Operations that would send something if they were not suspended, planned or
    /// without what they need.
    fn rest_in_other_states(&self, namespace: &str) {
        let (begin, end) = distant_window();
        let instance = DcsInstance::new("dcs-2").window(begin, end).pending_change(
            "task-2",
            "redis.ha.xu1.large.r2.8",
            24 * 3600,
        );
        self.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
        for (name, connection, more) in [
            ("suspended", "huawei-prod", "suspend: true"),
            ("planned", "huawei-prod", "mode: Plan"),
            ("waiting", "none", "suspend: false"),
            (
                "failed",
                "huawei-prod",
                "schedule: {notAfter: \"2020-01-01T00:00:00Z\"}",
            ),
        ] {
            let manifest = format!(
                "apiVersion: huawei.errand.cloud/v1alpha1\nkind: ResizeCancellation\nmetadata: {{name: {name}}}\nspec:\n  connectionRef: {{kind: CloudConnection, name: {connection}}}\n  instanceId: dcs-2\n  taskId: task-2\n  {more}\n"
            );
            self.kubectl_with(&["apply", "-n", namespace, "-f", "-"], &manifest);
            let state = format!("--for=jsonpath={{.status.state}}={}", capitalised(name));
            let object = format!("rsc/{name}");
            self.kubectl(&["wait", &state, &object, "-n", namespace, "--timeout=60s"]);
        }
    }

    /// A folder with the kustomize base, as somebody builds upon it.
    fn overlay(&self) -> String {
        let [base, overlay] = ["base", "overlay"].map(|name| {
            let dir = self.plane.dir().join(name);
            fs::create_dir_all(&dir).expect("a folder can be made");
            dir
        });
        for file in fs::read_dir(repository().join("deploy/kustomize/operator")).expect("the base")
        {
            let file = file.expect("readable");
            fs::copy(file.path(), base.join(file.file_name())).expect("it can be copied");
        }
        fs::write(overlay.join("kustomization.yaml"), OVERLAY).expect("it can be written");
        overlay.to_str().expect("text").to_owned()
    }

    pub fn effects(&self) -> usize {
        self.simulator.journal().all_effects().len()
    }

    /// Names of objects of all namespaces that say that they are ours.
    fn ours(&self, kinds: &str) -> Vec<String> {
        let all = self.get(&[kinds, "-A"]);
        let items = all["items"].as_array().expect("a list").iter();
        let names = items.map(|o| o["metadata"]["name"].as_str().expect("a name").to_owned());
        names.filter(|name| name.contains("errand")).collect()
    }

    pub fn logs(&self) -> String {
        let files = fs::read_dir(self.plane.dir()).expect("the folder");
        let paths = files.map(|f| f.expect("readable").path());
        let is_pods = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().contains("errand-")
        };
        let logs = paths.filter(|p| p.extension().is_some_and(|e| e == "log"));
        logs.filter(is_pods)
            .map(|path| fs::read_to_string(&path).unwrap_or_default())
            .collect()
    }
}

/// A maintenance window that is half a day away: inside it nothing is sent, and these are
/// wall clocks.
pub fn distant_window() -> (String, String) {
    let hour = (jiff::Timestamp::now().as_second() / 3600 + 12) % 24;
    (format!("{hour:02}:00:00"), format!("{hour:02}:59:00"))
}

/// As [`LOOPBACK`], for kustomize.
const OVERLAY: &str = "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../base]
patches:
- target: {kind: Deployment, name: errand}
  patch: |
    - {op: test, path: /spec/template/spec/containers/0/args/4, value: '--listen=[::]:8080'}
    - {op: replace, path: /spec/template/spec/containers/0/args/4, value: '--listen=$(POD_IP):8080'}
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: --allow-endpoint=127.0.0.1}
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: --allow-http-loopback}
";

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

#[test]
fn helm_installs_tests_upgrades_rolls_back_and_uninstalls_and_nothing_is_sent_or_lost() {
    let cluster = Cluster::start();
    let chart = chart();
    let here = ["-n", "errand-system"];
    let install = ["install", "errand", &chart, "--create-namespace", LOOPBACK];
    cluster.release(&[&install[..], &here].concat());
    cluster
        .helm(&[&["test", "errand"], &here[..]].concat())
        .unwrap_or_else(|e| panic!("{e}\n{}", cluster.logs()));
    cluster.carry_out_the_example("team");
    cluster.rest_in_other_states("team");
    let object = || cluster.get(&["rsc", "-n", "team"])["items"].clone();
    let (done, effects) = (object(), cluster.effects());
    assert_eq!(effects, 1);

    let upgrade = ["upgrade", "errand", &chart, LOOPBACK, "--set=replicas=2"];
    cluster.release(&[&upgrade[..], &here].concat());
    let deployment = cluster.get(&["deployment", "errand", "-n", "errand-system"]);
    assert_eq!(deployment["status"]["readyReplicas"], 2);
    cluster.release(&[&["rollback", "errand", "1"], &here[..]].concat());
    let deployment = cluster.get(&["deployment", "errand", "-n", "errand-system"]);
    assert_eq!(deployment["status"]["readyReplicas"], 1);

    // The test is one that can fail.
    let nobody = ["upgrade", "errand", &chart, LOOPBACK, "--set=replicas=0"];
    cluster.release(&[&nobody[..], &here].concat());
    let tested = cluster.helm(&[&["test", "errand"], &here[..]].concat());
    tested.expect_err("no operator leads");
    assert!(
        cluster.logs().contains("no operator leads"),
        "{}",
        cluster.logs()
    );

    cluster.release(&[&["uninstall", "errand"], &here[..]].concat());
    assert!(
        cluster
            .ours("deployments,clusterroles,serviceaccounts")
            .is_empty()
    );
    assert_eq!(cluster.ours("crds").len(), crds().len());
    assert_eq!(object(), done);
    cluster.release(&[&install[..], &here].concat());
    assert_eq!((object(), cluster.effects()), (done, effects));
}

#[test]
fn one_team_installs_it_for_its_namespace_with_roles_alone() {
    let cluster = Cluster::start();
    let crds = repository().join("crds");
    let crds = crds.to_str().expect("text");
    cluster.kubectl(&["apply", "--server-side", "-f", crds]);
    let chart = chart();
    let mode = "--set=watchNamespace=team,crds.enabled=false";
    let install = [
        "install",
        "ours",
        &chart,
        "--create-namespace",
        "-n",
        "team",
    ];
    cluster.release(&[&install[..], &[LOOPBACK, mode]].concat());
    assert_eq!(cluster.ours("clusterroles,clusterrolebindings"), [""; 0]);
    assert_eq!(cluster.ours("deployments"), ["ours-errand"]);
    let tested = cluster.helm(&["test", "ours", "-n", "team"]);
    tested.unwrap_or_else(|e| panic!("{e}\n{}", cluster.logs()));
    cluster.carry_out_the_example("team");
    assert_eq!(cluster.effects(), 1);
}

#[test]
fn kustomize_installs_it_and_what_it_deletes_leaves_every_object_and_ledger() {
    let cluster = Cluster::start();
    let overlay = cluster.overlay();
    let crds = repository().join("deploy/kustomize/crds");
    let crds = crds.to_str().expect("text");
    cluster.kubectl(&["apply", "--server-side", "-k", crds]);
    let established = ["wait", "--for=condition=Established", "--timeout=60s"];
    cluster.kubectl(&[&established[..], &["crd", "--all"]].concat());
    let install = || {
        cluster.kubectl(&["apply", "--server-side", "-k", &overlay]);
        let rolled = ["rollout", "status", "deployment/errand", "--timeout=90s"];
        cluster.kubectl(&[&rolled[..], &["-n", "errand-system"]].concat());
    };
    install();
    cluster.carry_out_the_example("default");
    cluster.kubectl_with(&["create", "-f", "-"], LEDGER);
    let kept = || {
        let mut kept = cluster.ours("crds");
        kept.extend(cluster.ours("namespaces"));
        let ledgers = cluster.get(&["operationledgers", "-n", "errand-system"]);
        let operations = cluster.get(&["rsc", "-n", "default"]);
        (kept, ledgers["items"].clone(), operations["items"].clone())
    };
    let before = kept();
    assert_eq!(before.0.len(), crds_count() + 1);
    assert_eq!(before.1.as_array().map(Vec::len), Some(1));
    cluster.kubectl(&["delete", "-k", &overlay, "--timeout=90s"]);
    assert!(
        cluster
            .ours("deployments,clusterroles,serviceaccounts")
            .is_empty()
    );
    assert_eq!(kept(), before);
    install();
    assert_eq!((kept(), cluster.effects()), (before, 1));
}

fn crds_count() -> usize {
    crds().len()
}

/// A record of a call, as the operator writes it.
const LEDGER: &str = "apiVersion: errand.cloud/v1alpha1
kind: OperationLedger
metadata: {name: kept, namespace: errand-system}
spec: {target: {service: huawei/workspace, scope: project-1, id: desk-1}}
";
