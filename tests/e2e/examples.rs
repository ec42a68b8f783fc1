//! Every manifest in `examples/` is one that the API server takes, in both ways of
//! applying, and every operation in it ends as its comment says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use errand::operations::crds;
use errand_simulator::{
    CloudDcInstance, CloudDcStatus, DcsChange, DcsInstance, PendingChange, Readings,
    RefreshActivity, Reservation, Seed, TencentAccount, VolcengineAccount, When, WorkspaceDesktop,
    WorkspaceProduct, WorkspaceVolume,
};
use errand_testbed::{
    ACCESS_KEY, Bed, BedOptions, CLUSTER, DCS_PROJECT, DOMAIN, SECRET_KEY, TENCENT_REGION,
    VOLCENGINE_REGION, repository, shared_plane,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::support::{bed_with, ending, pay, seconds};

/// Where the connections are that most examples use.
const CONNECTIONS: &str = "connections.yaml";

/// What BSS calls an order that waits for its payment.
const PENDING_PAYMENT: u8 = 6;

/// Files that work side by side.
const AT_ONCE: usize = 2;

/// A file, and what is in it.
struct Example {
    path: PathBuf,
    text: String,
    documents: Vec<Document>,
}

struct Document {
    object: Value,
    /// State and reason, by its comment.
    ends_as: Option<(String, String)>,
}

impl Document {
    fn read(text: &str) -> Self {
        let object = serde_yaml_ng::from_str(text).unwrap_or_else(|e| panic!("{e}:\n{text}"));
        let mut comments = text
            .lines()
            .filter_map(|line| line.strip_prefix("# Ends as "));
        let ends_as = comments.next_back().map(|words| {
            let words = words.trim_end_matches('.').split_once('/');
            let (state, reason) = words.expect("a state and a reason");
            (state.to_owned(), reason.to_owned())
        });
        Self { object, ends_as }
    }

    fn kind(&self) -> &str {
        text(&self.object["kind"])
    }

    fn name(&self) -> &str {
        text(&self.object["metadata"]["name"])
    }

    /// As the bed calls its kind; nothing for what is no operation.
    fn short(&self) -> Option<String> {
        let crds = crds();
        let mut names = crds.iter().map(|crd| &crd.spec.names);
        let names = names.find(|names| names.kind == self.kind())?;
        let operation = names.categories.iter().flatten().any(|c| c == "errand");
        let short = names.short_names.iter().flatten().next();
        short.filter(|_| operation).cloned()
    }
}

impl Example {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        let mut documents: Vec<Document> = text.split("---\n").map(Document::read).collect();
        // The file's own comment comes before the first.
        documents.retain(|document| !document.object.is_null());
        Self {
            path: path.to_owned(),
            text,
            documents,
        }
    }

    fn operations(&self) -> impl Iterator<Item = (&Document, String)> {
        let documents = self.documents.iter();
        documents.filter_map(|document| Some((document, document.short()?)))
    }

    /// With the simulator's keys and endpoints in it.
    fn for_simulator(&self, bed: &Bed) -> String {
        self.text
            .replace("  # endpoints:", "  endpoints:")
            .replace("http://127.0.0.1:7000", &bed.simulator.url())
            .replace("YOUR-ACCESS-KEY-ID", ACCESS_KEY)
            .replace("YOUR-SECRET-ACCESS-KEY", SECRET_KEY)
            .replace("YOUR-DOMAIN-ID", DOMAIN)
            .replace("YOUR-CLUSTER-ID", CLUSTER)
    }

    fn has_connections(&self) -> bool {
        let mut documents = self.documents.iter();
        documents.any(|document| document.kind() == "CloudConnection")
    }

    /// Nothing in it is for the cluster that other tests use, too.
    fn is_for_a_namespace(&self) -> bool {
        let ours =
            |document: &Document| text(&document.object["apiVersion"]).contains("errand.cloud/");
        let mut documents = self.documents.iter();
        documents.all(|document| ours(document) || document.kind() == "Secret")
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Every file of the folder.
fn examples() -> Vec<Example> {
    let folder = repository().join("examples");
    let files = fs::read_dir(&folder).expect("the folder");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    // Layouts of repositories, which tests/ecosystem builds.
    paths.retain(|path| path.is_file());
    paths.sort();
    for path in &paths {
        let extension = path.extension().and_then(|extension| extension.to_str());
        assert_eq!(extension, Some("yaml"), "{path:?}");
    }
    paths.iter().map(|path| Example::read(path)).collect()
}

#[test]
fn every_example_is_applied_in_both_ways_and_ends_as_its_comment_says() {
    let queue = Mutex::new(examples());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("not poisoned").pop();
                    let Some(example) = next else { return };
                    apply(&example);
                }
            });
        }
    });
}

fn apply(example: &Example) {
    let options = BedOptions {
        connection: false,
        ..BedOptions::default()
    };
    let mut bed = bed_with("example", options);
    let path = example.path.to_str().expect("text");
    let ways: [&[&str]; 2] = [
        &["apply", "--server-side", "-f", path],
        &["apply", "-f", path],
    ];
    if !example.is_for_a_namespace() {
        for way in ways {
            bed.kubectl(&[way, &["--dry-run=server"]].concat());
        }
        println!("{path}: taken");
        return;
    }
    for way in ways {
        bed.kubectl(way);
    }
    put_accounts(&bed);
    for (document, _) in example.operations() {
        seed(&bed, document);
    }
    if !example.has_connections() {
        let connections = Example::read(&repository().join("examples").join(CONNECTIONS));
        bed.apply(&connections.for_simulator(&bed));
    }
    bed.apply(&example.for_simulator(&bed));
    bed.start_operator();
    for (document, short) in example.operations() {
        let name = document.name();
        let ends_as = document.ends_as.as_ref();
        let (state, reason) = ends_as.unwrap_or_else(|| {
            panic!("{path}: {name} needs a comment like \"# Ends as Succeeded/Completed.\"")
        });
        let mut found = ending(&bed.get(&short, name));
        bed.wait_until(&format!("{path}: {name} is {state}/{reason}"), || {
            bed.advance_if_led(seconds(20));
            found = ending(&bed.get(&short, name));
            let desktop = text(&document.object["spec"]["desktopId"]);
            let unpaid = bed.simulator.orders(desktop);
            if unpaid.iter().any(|order| order.status == PENDING_PAYMENT) {
                pay(&bed, desktop);
            }
            found.reason == *reason
        });
        assert_eq!(found.state, *state, "{path}: {name}");
        println!("{path}: {name} is {state}/{reason}");
    }
    is_in_sync(&bed, path, &example.for_simulator(&bed));
}

/// What is there is what was applied, also for two tools that apply it side by side.
fn is_in_sync(bed: &Bed, path: &str, manifest: &str) {
    // Kubernetes lets nobody co-own a Secret's stringData.
    let ours = manifest
        .split("---\n")
        .filter(|d| !d.contains("\nkind: Secret"));
    let manifest: &str = &ours.collect::<Vec<_>>().join("---\n");
    let kubectl = |arguments: &[&str]| {
        let here = ["-n", &bed.namespace, "-f", "-"];
        let output = shared_plane().kubectl_output(&[arguments, &here].concat(), Some(manifest));
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "{path}: {arguments:?}: {said}");
    };
    kubectl(&["diff"]);
    let managers = ["argocd-controller", "kustomize-controller"];
    let by = managers.map(|manager| format!("--field-manager={manager}"));
    for verb in ["apply", "apply", "diff"] {
        for manager in &by {
            kubectl(&[verb, "--server-side", manager]);
        }
    }
}

/// The key of every example, at each of the clouds. They are read as the examples
/// do, whatever the other tests of this binary do.
fn put_accounts(bed: &Bed) {
    let mut seed = Seed::new()
        .tencent_account(TencentAccount::new(ACCESS_KEY, SECRET_KEY).region(TENCENT_REGION))
        .volcengine_account(
            VolcengineAccount::new(ACCESS_KEY, SECRET_KEY).region(VOLCENGINE_REGION),
        );
    seed.readings = Some(Readings::default());
    bed.simulator.seed(seed);
}

/// What the operation is about, as it would be there.
fn seed(bed: &Bed, document: &Document) {
    let spec = &document.object["spec"];
    let seed = match document.kind() {
        "ResizeCancellation" => {
            let instance = text(&spec["instanceId"]);
            let task = spec["taskId"].as_str().unwrap_or("some-task");
            let change = &spec["pendingChange"];
            let becomes = change["newSpecCode"].as_str().unwrap_or("redis.larger");
            let now = bed.simulator.now();
            let before = change["createdBefore"].as_str();
            let before: Timestamp = before.map_or(now, |at| at.parse().expect("a time"));
            let created = before.min(now) - SignedDuration::from_hours(1);
            Seed::new()
                .dcs(DCS_PROJECT, DcsInstance::new(instance))
                .dcs_change(DcsChange {
                    project: DCS_PROJECT.into(),
                    instance: instance.into(),
                    change: PendingChange::new(task, becomes, 48 * 3600).created(When::At(created)),
                })
        }
        "DesktopOrder" => {
            let change = &spec["change"];
            let mut desktop = WorkspaceDesktop::new(text(&spec["desktopId"]));
            if let Some(volume) = change["expandVolume"]["volumeId"].as_str() {
                desktop = desktop.data_volume(WorkspaceVolume::new(volume, 100));
            }
            if change["subscribe"].is_object() {
                desktop = desktop.on_demand();
            }
            let product = change["resize"]["productId"].as_str();
            let product = WorkspaceProduct::new(product.unwrap_or("some.product"));
            Seed::new()
                .product(DCS_PROJECT, product)
                .desktop(DCS_PROJECT, desktop)
        }
        "InstanceObservation" => {
            let settled = CloudDcStatus::new("running").operation("install-succeed");
            let instance = CloudDcInstance::new(text(&spec["target"]["instanceId"]))
                .status("pending")
                .then(120, settled);
            Seed::new().clouddc(DCS_PROJECT, instance)
        }
        "InstanceRefresh" => {
            let group = text(&spec["autoScalingGroupId"]);
            let activity = text(&spec["adopt"]["refreshActivityId"]);
            Seed::new().refresh(RefreshActivity::new(group, activity).batches(3, 300))
        }
        "ScheduledInstanceReservation" => {
            let order = text(&spec["adopt"]["scheduledInstanceId"]);
            let order = Reservation::reserve(order, 1800).region(VOLCENGINE_REGION);
            Seed::new().reservation(order)
        }
        other => panic!("say here how a cloud is that {other} finds something in"),
    };
    bed.simulator.seed(seed);
}

#[test]
fn there_is_an_example_of_every_kind_and_form() {
    let mut forms = BTreeSet::new();
    let examples = examples();
    for (document, _) in examples.iter().flat_map(Example::operations) {
        let (kind, spec) = (document.kind(), &document.object["spec"]);
        forms.insert(kind.to_owned());
        forms.insert(format!("{kind} {}", text(&spec["desiredState"])));
        let fields = spec.as_object().expect("a spec").keys();
        let changes = spec["change"].as_object().into_iter().flatten();
        for form in fields.chain(changes.map(|(change, _)| change)) {
            forms.insert(format!("{kind} {form}"));
        }
    }
    for connection in examples.iter().flat_map(|example| &example.documents) {
        for cloud in ["huawei", "tencent", "volcengine"] {
            if connection.object["spec"][cloud].is_object() {
                forms.insert(cloud.to_owned());
            }
        }
    }
    let mut wanted: Vec<String> = ["huawei", "tencent", "volcengine"].map(String::from).into();
    for form in ["taskId", "pendingChange"] {
        wanted.push(format!("ResizeCancellation {form}"));
    }
    wanted.push("InstanceObservation until".to_owned());
    for crd in crds() {
        let names = &crd.spec.names;
        if !names.categories.iter().flatten().any(|c| c == "errand") {
            continue;
        }
        wanted.push(names.kind.clone());
        let crd = serde_json::to_value(&crd).expect("JSON");
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let spec = &schema["properties"]["spec"]["properties"];
        let states = spec["desiredState"]["enum"]
            .as_array()
            .into_iter()
            .flatten();
        let changes = spec["change"]["properties"]
            .as_object()
            .into_iter()
            .flatten();
        let states = states.map(text).map(str::to_owned);
        for form in states.chain(changes.map(|(change, _)| change.clone())) {
            wanted.push(format!("{} {form}", names.kind));
        }
    }
    for form in wanted {
        assert!(forms.contains(&form), "no example of {form}");
    }
}
