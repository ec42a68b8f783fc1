//! An upgrade while operations are in every state, with a call of each kind on its way:
//! nothing is sent twice, nothing is lost, and all go on.

use std::time::{Duration, Instant};

use errand_simulator::{
    CloudDcInstance, DcsInstance, Fault, FaultKind, OrderAction, Readings, RefreshActivity,
    RefreshStatus, Reservation, Seed, WorkspaceDesktop,
};
use errand_testbed::DCS_PROJECT;
use serde_json::Value;

use crate::install::{Cluster, LOOPBACK, PATIENCE, distant_window};
use crate::tools::{chart, previous_chart};

const HERE: [&str; 2] = ["-n", "team"];

/// A kind, the call of its operations that has an effect, and the effect.
const KINDS: [(&str, &str, &str); 5] = [
    (
        "ResizeCancellation",
        "dcs.CancelInstanceResize",
        "dcs.cancel",
    ),
    (
        "DesktopOrder",
        "workspace.CreateChangeOrder",
        "workspace.order",
    ),
    ("InstanceRefresh", "as.CancelInstanceRefresh", "as.cancel"),
    (
        "ScheduledInstanceReservation",
        "ecs.DeleteScheduledInstance",
        "ecs.delete",
    ),
    ("InstanceObservation", "", ""),
];

/// Until the old operator was told to stop, and less than it waits for an answer.
const ON_ITS_WAY: FaultKind = FaultKind::Delay { ms: 15_000 };

/// How long, in seconds, an effect is not to be seen yet.
const UNSEEN: u32 = 15;

/// An operation on a target of its own, which has its name.
#[derive(Clone)]
struct Operation {
    kind: &'static str,
    name: String,
    state: &'static str,
    /// What is asked for, in the kind's word.
    wanted: &'static str,
    connection: &'static str,
    more: &'static str,
    labels: &'static str,
}

/// One that would be carried out.
fn operation(kind: &'static str, case: &str, state: &'static str) -> Operation {
    let (wanted, connection) = match kind {
        "ResizeCancellation" => ("", "huawei-prod"),
        "DesktopOrder" => ("Automatic", "huawei-prod"),
        "InstanceRefresh" => ("Cancelled", "tencent-prod"),
        "ScheduledInstanceReservation" => ("Cancelled", "volcengine-prod"),
        _ => ("until: {states: [terminated]}", "huawei-prod"),
    };
    let name = format!("{case}-{kind}").to_lowercase();
    Operation {
        kind,
        name,
        state,
        wanted,
        connection,
        more: "",
        labels: "",
    }
}

impl Operation {
    fn manifest(&self) -> String {
        let Self {
            kind,
            name,
            wanted,
            connection,
            more,
            labels,
            ..
        } = self;
        let (group, target) = match *kind {
            "ResizeCancellation" => (
                "huawei",
                format!("instanceId: {name}\n  taskId: task-{name}"),
            ),
            "DesktopOrder" => (
                "huawei",
                format!(
                    "desktopId: {name}\n  payment: {wanted}\n  change: {{resize: {{productId: workspacehost.k.xlarge4}}}}"
                ),
            ),
            "InstanceRefresh" => (
                "tencent",
                format!(
                    "autoScalingGroupId: asg-{name}\n  adopt: {{refreshActivityId: {name}}}\n  desiredState: {wanted}"
                ),
            ),
            "ScheduledInstanceReservation" => (
                "volcengine",
                format!("adopt: {{scheduledInstanceId: {name}}}\n  desiredState: {wanted}"),
            ),
            _ => (
                "huawei",
                format!("target: {{service: CloudDC, instanceId: {name}}}\n  {wanted}"),
            ),
        };
        format!(
            "---\napiVersion: {group}.errand.cloud/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}, labels: {{{labels}}}}}\nspec:\n  connectionRef: {{kind: CloudConnection, name: {connection}}}\n  {target}\n{more}"
        )
    }

    /// Its target, on which something can be done.
    fn seed(&self, seed: Seed) -> Seed {
        let name = &self.name;
        match self.kind {
            "ResizeCancellation" => {
                let (begin, end) = distant_window();
                let instance = DcsInstance::new(name).window(begin, end);
                let task = format!("task-{name}");
                seed.dcs(
                    DCS_PROJECT,
                    instance.pending_change(task, "redis.big", 86_400),
                )
            }
            "DesktopOrder" => seed.desktop(DCS_PROJECT, WorkspaceDesktop::new(name)),
            "InstanceRefresh" => {
                let activity = RefreshActivity::new(format!("asg-{name}"), name).batches(3, 600);
                seed.refresh(activity.standing(RefreshStatus::ManualPause, 1))
            }
            "ScheduledInstanceReservation" => seed.reservation(Reservation::esi(name)),
            _ => seed.clouddc(DCS_PROJECT, CloudDcInstance::new(name)),
        }
    }
}

/// Those that stay as they are, also when somebody looks at them again.
fn resting() -> Vec<Operation> {
    let case = |kind, case, state, more| Operation {
        more,
        ..operation(kind, case, state)
    };
    let mut all = Vec::new();
    for (kind, call, _) in KINDS {
        let elsewhere = Operation {
            connection: match kind {
                "InstanceRefresh" => "huawei-prod",
                _ => "tencent-prod",
            },
            ..operation(kind, "blocked", "Blocked")
        };
        all.push(elsewhere);
        all.push(case(kind, "suspended", "Suspended", "  suspend: true\n"));
        if call.is_empty() {
            continue;
        }
        let early = "  schedule: {notBefore: \"2100-01-01T00:00:00Z\"}\n";
        let late = "  schedule: {notAfter: \"2020-01-01T00:00:00Z\"}\n";
        all.push(case(kind, "planned", "Planned", "  mode: Plan\n"));
        all.push(case(kind, "early", "Waiting", early));
        all.push(case(kind, "late", "Failed", late));
    }
    let wanted = |kind, case, state, wanted| Operation {
        wanted,
        ..operation(kind, case, state)
    };
    all.extend([
        operation("InstanceObservation", "awaited", "Waiting"),
        Operation {
            wanted: "",
            ..case(
                "InstanceObservation",
                "planned",
                "Planned",
                "  mode: Plan\n",
            )
        },
        wanted(
            "InstanceObservation",
            "done",
            "Succeeded",
            "until: {states: [running]}",
        ),
        wanted(
            "InstanceObservation",
            "failed",
            "Failed",
            "until: {states: [terminated], failOn: [running]}",
        ),
        wanted("InstanceRefresh", "done", "Succeeded", "Paused"),
        wanted("InstanceRefresh", "held", "Held", "Completed"),
        wanted(
            "ScheduledInstanceReservation",
            "done",
            "Succeeded",
            "Reserved",
        ),
        wanted(
            "ScheduledInstanceReservation",
            "undelivered",
            "Waiting",
            "Delivered",
        ),
        wanted("DesktopOrder", "unpaid", "Waiting", "Manual"),
        Operation {
            labels: "velero.io/restore-name: yesterday",
            ..operation("DesktopOrder", "held", "Held")
        },
    ]);
    all
}

impl Cluster {
    fn apply_all(&self, operations: &[Operation]) {
        let seed = operations
            .iter()
            .fold(Seed::new(), |seed, one| one.seed(seed));
        self.simulator.seed(seed);
        let manifests: String = operations.iter().map(Operation::manifest).collect();
        self.kubectl_with(&[&["apply", "-f", "-"], &HERE[..]].concat(), &manifests);
    }

    /// All operations, in the order of their names.
    fn operations(&self) -> Vec<Value> {
        let all = self.get(&[&["errand"], &HERE[..]].concat());
        let mut all = all["items"].as_array().expect("a list").clone();
        all.sort_by_key(|object| object["metadata"]["name"].to_string());
        all
    }

    fn find(&self, operation: &Operation) -> Value {
        let all = self.operations();
        let mut named = all
            .into_iter()
            .filter(|o| o["metadata"]["name"] == *operation.name);
        named.next().expect("it is there")
    }

    fn await_that(&self, what: &str, is_so: impl Fn(&[Value]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let all = self.operations();
            if is_so(&all) {
                return;
            }
            let stand: Vec<String> = all.iter().map(stands).collect();
            let (stand, logs) = (stand.join("\n"), self.logs());
            assert!(Instant::now() < deadline, "{what}:\n{stand}\n{logs}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn await_states(&self, operations: &[Operation]) {
        self.await_that("each is in its state", |all| {
            operations.iter().all(|operation| {
                let mut named = all
                    .iter()
                    .filter(|o| o["metadata"]["name"] == *operation.name);
                named.any(|object| object["status"]["state"] == operation.state)
            })
        });
    }

    /// Has the operator look at each of them now, and has seen that it did.
    fn look_at(&self, operations: &[Operation], request: &str) {
        let asked = format!("errand.cloud/reconcile-requested-at={request}");
        self.kubectl(
            &[
                &["annotate", "--overwrite", "errand", "--all", &asked],
                &HERE[..],
            ]
            .concat(),
        );
        self.await_that("each was looked at", |all| {
            operations.iter().all(|operation| {
                let mut named = all
                    .iter()
                    .filter(|o| o["metadata"]["name"] == *operation.name);
                named.any(|object| object["status"]["lastHandledReconcileAt"] == request)
            })
        });
    }

    /// How often the operation's call was sent, and had its effect.
    fn sent(&self, operation: &Operation) -> (usize, usize) {
        let mut kinds = KINDS.iter().filter(|(kind, ..)| *kind == operation.kind);
        let (_, call, effect) = kinds.next().expect("a kind");
        let (journal, name) = (self.simulator.journal(), &operation.name);
        match call.is_empty() {
            true => (0, 0),
            false => (
                journal.calls_on(call, name),
                journal.effects_on(effect, name),
            ),
        }
    }
}

fn stands(object: &Value) -> String {
    let status = &object["status"];
    format!(
        "{}: {} {}",
        object["metadata"]["name"], status["state"], status["summary"]
    )
}

fn specs(all: &[Value]) -> Vec<(String, Value)> {
    let name = |object: &Value| object["metadata"]["name"].to_string();
    all.iter().map(|o| (name(o), o["spec"].clone())).collect()
}

#[test]
fn an_upgrade_in_the_middle_of_all_sends_nothing_twice_and_loses_nothing() {
    let cluster = Cluster::start();
    let here = ["-n", "errand-system", LOOPBACK, "--set=clusterId=here"];
    let install = ["install", "errand", &previous_chart(), "--create-namespace"];
    cluster.release(&[&install[..], &here].concat());
    cluster.kubectl(&["create", "namespace", "team"]);
    cluster.connect("team");
    let resting = resting();
    cluster.apply_all(&resting);
    cluster.await_states(&resting);

    // Accepted, and not to be seen yet. Of an order that cannot be, unless its answer
    // was lost.
    let mutating = || KINDS.into_iter().filter(|(_, call, _)| !call.is_empty());
    let mut unseen = Readings::default();
    unseen.dcs.cancel_visible_after = UNSEEN;
    unseen.scaling.cancelled_after = UNSEEN;
    unseen.ecs.cancel_visible_after = UNSEEN;
    let mut seed = Seed::new();
    seed.readings = Some(unseen);
    cluster.simulator.seed(seed);
    let under_way = |case, state| -> Vec<Operation> {
        mutating()
            .map(|(kind, ..)| operation(kind, case, state))
            .collect()
    };
    let verifying = under_way("verifying", "Verifying");
    let executing = under_way("executing", "Executing");
    let order = verifying
        .iter()
        .find(|o| o.kind == "DesktopOrder")
        .expect("an order");
    let lost = Fault::new("workspace.CreateChangeOrder", FaultKind::DropAfter);
    cluster.simulator.fault(lost.path_contains(&order.name));
    cluster
        .simulator
        .fault(Fault::new("bss.", ON_ITS_WAY).always());
    for (operation, (_, call, _)) in executing.iter().zip(mutating()) {
        cluster
            .simulator
            .fault(Fault::new(call, ON_ITS_WAY).path_contains(&operation.name));
    }
    cluster.apply_all(&verifying);
    cluster.await_states(&verifying);
    cluster.apply_all(&executing);
    cluster.await_states(&executing);
    let (before, rests_on) = (cluster.operations(), |one| cluster.sent(one));
    let sent: Vec<_> = resting.iter().map(rests_on).collect();

    let upgrade = [
        "upgrade",
        "errand",
        &chart(),
        "--set=podAnnotations.upgraded=yes",
    ];
    cluster.release(&[&upgrade[..], &here].concat());
    cluster.simulator.clear_faults();
    cluster.look_at(&resting, "after-the-upgrade");
    assert_eq!(specs(&cluster.operations()), specs(&before));
    cluster.await_states(&resting);
    assert_eq!(resting.iter().map(rests_on).collect::<Vec<_>>(), sent);

    // Now it can be seen.
    let orders = ["verifying", "executing"].map(|case| operation("DesktopOrder", case, "Waiting"));
    cluster.await_that("both orders were found", |_| {
        orders
            .iter()
            .all(|one| !cluster.simulator.orders(&one.name).is_empty())
    });
    let ended: Vec<_> = [verifying, executing].concat().into_iter().collect();
    let ended: Vec<_> = ended
        .into_iter()
        .map(|one| Operation {
            state: "Succeeded",
            ..one
        })
        .collect();
    for order in orders
        .iter()
        .flat_map(|one| cluster.simulator.orders(&one.name))
    {
        cluster
            .simulator
            .act_on_order(&order.order_id, OrderAction::Hurry);
    }
    cluster.look_at(&ended, "once-it-shows");
    cluster.await_states(&ended);
    for one in &ended {
        assert_eq!(cluster.sent(one), (1, 1), "{}", cluster.find(one));
    }
    let unpaid = operation("DesktopOrder", "unpaid", "Waiting");
    for one in resting.iter().filter(|one| one.name != unpaid.name) {
        assert_eq!(cluster.sent(one), (0, 0), "{}", cluster.find(one));
    }
    assert_eq!(cluster.sent(&unpaid), (1, 1));
}
