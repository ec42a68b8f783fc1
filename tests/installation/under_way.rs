//! An upgrade while operations are in every state, with a call of each kind on its way:
//! nothing is sent twice, nothing is lost, and all go on.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use errand::operations::crds;
use errand_simulator::{Fault, FaultKind, OrderAction, Readings, Seed};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

use crate::install::{Cluster, LOOPBACK, PATIENCE};
use crate::operations::{KINDS, Operation, resting, under_way};
use crate::recorded::kinds;
use crate::tools::{chart, previous_chart};

const HERE: [&str; 2] = ["-n", "team"];

/// Until the old operator was told to stop, and less than it waits for an answer.
const ON_ITS_WAY: FaultKind = FaultKind::Delay { ms: 15_000 };

/// How long, in seconds, an effect is not to be seen yet.
const UNSEEN: u32 = 10;

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
        let of_kind = |crd: CustomResourceDefinition| {
            let (group, plural) = (crd.spec.group, crd.spec.names.plural);
            let path = format!("/apis/{group}/v1alpha1/namespaces/team/{plural}");
            let list = self.reader.get(&path).unwrap_or_else(|e| panic!("{e}"));
            let list = list.expect("the kind is served");
            list["items"].as_array().expect("a list").clone()
        };
        let mut all: Vec<Value> = crds().into_iter().flat_map(of_kind).collect();
        // Connections are none.
        all.retain(|object| object["spec"]["connectionRef"].is_object());
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
        // The first list is read before that order, the next one looks for it, and the
        // one after that is read before another order.
        let slow = Fault::new("bss.ListOrders", ON_ITS_WAY).skip(1);
        self.simulator.fault(slow);
        let slow = Fault::new("bss.ShowOrder", ON_ITS_WAY).always();
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
    let pays = "--set=clusterId=here,operator.paidOperations=AutomaticPayment";
    let here = ["-n", "errand-system", LOOPBACK, pays];
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
    // An order waits for the list of open orders first, which is slow now; the call of
    // every other one is sent at once.
    let is_order = |one: &Operation| one.kind == "DesktopOrder";
    let (orders, others): (Vec<_>, Vec<_>) = executing.iter().cloned().partition(is_order);
    cluster.apply_all(&orders);
    cluster.await_states(&orders);
    cluster.apply_all(&others);
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
