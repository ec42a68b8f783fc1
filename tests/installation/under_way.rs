//! An upgrade while operations are in every state, with a call of each kind on its way:
//! nothing is sent twice, nothing is lost, and all go on.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use errand_simulator::{
    CloudDcInstance, DcsInstance, Fault, FaultKind, OrderAction, Readings, RefreshActivity,
    RefreshStatus, Reservation, Seed, WorkspaceDesktop,
};
use errand_testbed::DCS_PROJECT;
use serde_json::Value;

use crate::install::{Cluster, LOOPBACK, PATIENCE, distant_window};
use crate::recorded::kinds;
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
const ON_ITS_WAY: FaultKind = FaultKind::Delay { ms: 10_000 };

/// How long, in seconds, an effect is not to be seen yet.
const UNSEEN: u32 = 10;

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
    fn call(&self) -> &'static str {
        self.row().1
    }

    fn effect(&self) -> &'static str {
        self.row().2
    }

    fn row(&self) -> &(&'static str, &'static str, &'static str) {
        let mut rows = KINDS.iter();
        let row = rows.find(|(kind, ..)| *kind == self.kind);
        row.expect("a kind of the table")
    }

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

    /// Makes what these do take a while: of the first no effect is to be seen yet, of the
    /// others no answer has come.
    fn slow_down(&self, unseen: &[Operation], unanswered: &[Operation]) {
        let mut readings = Readings::default();
        readings.dcs.cancel_visible_after = UNSEEN;
        readings.scaling.cancelled_after = UNSEEN;
        readings.ecs.cancel_visible_after = UNSEEN;
        let mut seed = Seed::new();
        seed.readings = Some(readings);
        self.simulator.seed(seed);
        // An order that was accepted is seen, unless its answer was lost.
        for order in unseen.iter().filter(|one| one.kind == "DesktopOrder") {
            let lost = Fault::new(order.call(), FaultKind::DropAfter);
            self.simulator.fault(lost.path_contains(&order.name));
        }
        let slow = Fault::new("bss.", ON_ITS_WAY).always();
        self.simulator.fault(slow);
        for one in unanswered {
            let slow = Fault::new(one.call(), ON_ITS_WAY);
            self.simulator.fault(slow.path_contains(&one.name));
        }
    }

    /// What was ordered by these is there at once.
    fn deliver(&self, operations: &[Operation]) {
        for one in operations.iter().filter(|one| one.kind == "DesktopOrder") {
            let orders = self.simulator.orders(&one.name);
            assert_eq!(orders.len(), 1, "{}", one.name);
            self.simulator
                .act_on_order(&orders[0].order_id, OrderAction::Hurry);
        }
    }

    /// How often the operation's call was sent, and had its effect.
    fn sent(&self, operation: &Operation) -> (usize, usize) {
        let (journal, name) = (self.simulator.journal(), &operation.name);
        match operation.call() {
            "" => (0, 0),
            call => {
                let effects = journal.effects_on(operation.effect(), name);
                (journal.calls_on(call, name), effects)
            }
        }
    }
}

/// An operation of each kind that sends something.
fn under_way(case: &str, state: &'static str) -> Vec<Operation> {
    let sending = KINDS.iter().filter(|(_, call, _)| !call.is_empty());
    sending
        .map(|(kind, ..)| operation(kind, case, state))
        .collect()
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
fn every_kind_of_operation_is_upgraded_in_the_middle() {
    let kinds = kinds().into_iter().map(|(_, kind)| kind);
    let operations: BTreeSet<String> = kinds.filter(|kind| kind != "CloudConnection").collect();
    let upgraded = KINDS.iter().map(|(kind, ..)| (*kind).to_owned());
    assert_eq!(upgraded.collect::<BTreeSet<_>>(), operations);
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

    let verifying = under_way("verifying", "Verifying");
    let executing = under_way("executing", "Executing");
    cluster.slow_down(&verifying, &executing);
    cluster.apply_all(&verifying);
    cluster.await_states(&verifying);
    cluster.apply_all(&executing);
    cluster.await_states(&executing);
    let specs_before = specs(&cluster.operations());
    let sent = |all: &[Operation]| -> Vec<_> { all.iter().map(|one| cluster.sent(one)).collect() };
    let sent_before = sent(&resting);

    let upgrade = [
        "upgrade",
        "errand",
        &chart(),
        "--set=podAnnotations.upgraded=yes",
    ];
    cluster.release(&[&upgrade[..], &here].concat());
    cluster.simulator.clear_faults();
    cluster.look_at(&resting, "after-the-upgrade");
    assert_eq!(specs(&cluster.operations()), specs_before);
    cluster.await_states(&resting);
    assert_eq!(sent(&resting), sent_before);
    let by_hand = "unpaid-desktoporder";
    for (operation, sent) in resting.iter().zip(sent_before) {
        let expected = if operation.name == by_hand { 1 } else { 0 };
        assert_eq!(sent, (expected, expected), "{}", operation.name);
    }

    cluster.deliver(&[&verifying[..], &executing].concat());
    let succeed = |one| Operation {
        state: "Succeeded",
        ..one
    };
    let ended: Vec<_> = [verifying, executing]
        .concat()
        .into_iter()
        .map(succeed)
        .collect();
    cluster.look_at(&ended, "once-it-shows");
    cluster.await_states(&ended);
    assert_eq!(
        sent(&ended),
        vec![(1, 1); ended.len()],
        "{}",
        cluster.simulator.journal()
    );
}
