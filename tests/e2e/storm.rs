//! A control plane in bad weather: everybody writes to the same objects, and the
//! API server's answers get lost.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use errand::operations::resize_cancellation::ResizeCancellation;
use errand_simulator::{Config, OrderTiming, Seed, WorkspaceDesktop, WorkspaceProduct};
use errand_testbed::{Bed, BedOptions, CLUSTER, DCS_PROJECT, Met, Spoilt, Upstream, shared_plane};
use futures::{StreamExt, stream};
use kube::ResourceExt;
use kube::api::{Api, ListParams, Patch, PatchParams};
use kube::config::Kubeconfig;
use serde_json::{Value, json};

use crate::support::{
    CANCEL, LARGER, ORDER, bed_with, crowd, ending, reread, resize, seconds, seed,
};

const N: usize = 200;

#[test]
fn a_conflict_storm_loses_no_answer_and_repeats_no_call() {
    let seed = seed();
    let options = BedOptions {
        simulator: Config {
            delay: Duration::from_millis(20),
            ..Config::default()
        },
        proxy: Some(seed),
        ..BedOptions::default()
    };
    let mut bed = bed_with("storm", options);
    bed.apply(&crowd(&bed, N));
    // So long, nothing but the recorded answer keeps a call from being repeated.
    reread(&bed, json!({"cancel_visible_after": 3}));
    bed.start_operator();
    let rounds = edit_until_all_have_ended(&bed);

    let journal = bed.simulator.journal();
    let met = bed.proxy.as_ref().expect("it has one").met();
    println!(
        "{} calls, {} effects on {N} targets; {rounds} rounds of edits; spoilt answers: {met:?}",
        journal.calls(CANCEL),
        journal.effects("dcs.cancel"),
    );
    assert_it_was_a_storm(&bed, &met);
    assert_eq!(journal.effects("dcs.cancel"), N);
    assert_eq!(journal.calls(CANCEL), N, "a call was repeated");
    let said: HashMap<&str, &str> = journal
        .all_calls()
        .iter()
        .filter(|call| call.api == CANCEL)
        .map(|call| (call.path.as_str(), call.request_id.as_str()))
        .collect();
    let mut items = Vec::new();
    bed.wait_until("the last edits are seen", || {
        bed.advance(seconds(30));
        items = bed.list("rsc");
        let seen = |o: &Value| o["status"]["observedGeneration"] == o["metadata"]["generation"];
        items.iter().all(seen)
    });
    assert_eq!(items.len(), N);
    // One end in twenty or so is stored and answered with a conflict. That says that
    // the write was not made, so it is taken for somebody else's, who tells it.
    let told = ended(&bed);
    println!("{told} ends were told");
    assert!((N - N / 6..=N).contains(&told), "{told}");
    for object in &items {
        let instance = object["spec"]["instanceId"].as_str().expect("text");
        assert_eq!(journal.effects_on("dcs.cancel", instance), 1, "{instance}");
        assert_eq!(
            journal.calls_on(CANCEL, instance),
            1,
            "{instance}: a call was repeated\n{object:#}\n{journal}"
        );
        let ending = ending(object);
        assert_eq!(
            (ending.state.as_str(), ending.outcome.as_str()),
            ("Succeeded", "Cancelled"),
            "{object:#}"
        );
        assert!(object["status"]["finishedAt"].is_string(), "{object:#}");
        let steps = object["status"]["steps"].as_array().expect("a list");
        assert_eq!(steps.len(), 1, "{object:#}");
        assert_eq!(steps[0]["answer"], "Accepted", "{object:#}");
        let said = said
            .iter()
            .find(|(path, _)| path.contains(&format!("/{instance}/")))
            .map(|(_, request_id)| *request_id);
        assert_eq!(steps[0]["requestId"].as_str(), said, "{object:#}");
        assert_eq!(object["metadata"]["labels"]["storm"], rounds.to_string());
        assert_eq!(object["spec"]["suspend"], false, "{object:#}");
    }
}

/// A claim that is stored while its reply is lost is this process's own, and it
/// knows that nothing left; a claim that is not stored holds nothing. So every
/// order is placed, once, and nobody is asked.
#[test]
fn lost_replies_to_the_ledgers_writes_repeat_no_order_and_hold_none() {
    const ORDERS: usize = 40;
    let seed = seed();
    let options = BedOptions {
        proxy: Some(seed),
        ..BedOptions::default()
    };
    let mut bed = bed_with("order-storm", options);
    bed.apply(&bed.paying_connection("huawei-prod", "AutomaticPayment", CLUSTER));
    let at_once = OrderTiming {
        runs_for: 0,
        ..OrderTiming::default()
    };
    let mut seed = Seed::new().product(DCS_PROJECT, WorkspaceProduct::new(LARGER));
    let mut manifests = String::new();
    let desktop = |n: usize| format!("desk-{n:03}");
    for n in 0..ORDERS {
        seed = seed.desktop(
            DCS_PROJECT,
            WorkspaceDesktop::new(desktop(n)).timing(at_once),
        );
        manifests += &format!(
            "---\n{}",
            resize(&bed, &desktop(n), &desktop(n), "Automatic")
        );
    }
    bed.simulator.seed(seed);
    bed.start_operator();
    bed.apply(&manifests);
    bed.wait_until("all are at rest", || {
        bed.advance(seconds(2));
        let at_rest = |o: &Value| {
            ["Succeeded", "Failed", "Held", "Blocked"].contains(&ending(o).state.as_str())
        };
        bed.list("dor").iter().all(at_rest)
    });
    let met = bed.proxy.as_ref().expect("it has one").met_on_ledgers();
    println!("spoilt answers to writes of ledgers: {met:?}");
    for upstream in [Upstream::Applied, Upstream::NotApplied] {
        let these = met.iter().filter(|((_, point), _)| *point == upstream);
        let times: usize = these.map(|(_, times)| times).sum();
        assert!(times >= 5, "{upstream:?}: {met:?}");
    }
    let journal = bed.simulator.journal();
    let objects = bed.list("dor");
    assert_eq!(objects.len(), ORDERS);
    for object in &objects {
        let ending = ending(object);
        assert_eq!(
            (ending.state.as_str(), ending.outcome.as_str()),
            ("Succeeded", "Delivered"),
            "{object:#}\n{}",
            bed.operator_log()
        );
    }
    for n in 0..ORDERS {
        let calls = journal.calls_on(ORDER, &desktop(n));
        let placed = journal.effects_on("workspace.order", &desktop(n));
        assert_eq!((calls, placed), (1, 1), "{}", desktop(n));
    }
    let ledgers = bed.list("operationledger");
    assert_eq!(ledgers.len(), ORDERS);
    for ledger in ledgers {
        let spec = &ledger["spec"];
        assert!(spec["open"].is_null(), "{ledger:#}");
        let entries = spec["entries"].as_array().map(Vec::len);
        assert_eq!(entries, Some(1), "{ledger:#}");
    }
}

/// How many ends the operator has counted and told.
pub fn ended(bed: &Bed) -> usize {
    let metrics = bed.http("/metrics");
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with("errand_operations_ended_total{"));
    lines
        .filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok())
        .sum()
}

/// Every kind of fault was met, and conflicts of the other client's making too.
fn assert_it_was_a_storm(bed: &Bed, met: &Met) {
    let mut wanted = vec![(Spoilt::Hang, Upstream::Applied)];
    for spoilt in [
        Spoilt::Conflict,
        Spoilt::TooManyRequests,
        Spoilt::InternalError,
        Spoilt::Closed,
    ] {
        wanted.push((spoilt, Upstream::Applied));
        wanted.push((spoilt, Upstream::NotApplied));
    }
    for fault in wanted {
        assert!(met.contains_key(&fault), "{fault:?} was not met: {met:?}");
    }
    let conflicts: usize = bed
        .http("/metrics")
        .lines()
        .filter(|line| line.contains(r#"resource="resizecancellations/status",code="409""#))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok())
        .sum();
    let injected = |upstream| met.get(&(Spoilt::Conflict, upstream)).unwrap_or(&0);
    let injected = injected(Upstream::Applied) + injected(Upstream::NotApplied);
    println!("{conflicts} conflicts, {injected} of them made by the proxy");
    assert!(conflicts > injected, "{conflicts} of {injected}");
}

/// Another client: writes labels, annotations and `suspend` of every operation,
/// round after round, and in the end wakes those that it left suspended. Gives
/// the number of rounds.
fn edit_until_all_have_ended(bed: &Bed) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let deadline = Instant::now() + seconds(240);
    runtime.block_on(async {
        let api = operations(&bed.namespace).await;
        for round in 1.. {
            let list = api.list(&ListParams::default()).await.expect("a list");
            let ended = |o: &ResizeCancellation| o.status.as_ref()?.outcome.clone();
            let last = list.items.iter().all(|object| ended(object).is_some());
            assert!(
                last || Instant::now() < deadline,
                "still not ended: {:#?}\n{}\n{}",
                list.items.iter().find(|object| ended(object).is_none()),
                bed.simulator.journal(),
                bed.operator_log()
            );
            let edits = list.items.iter().enumerate().filter_map(|(n, object)| {
                let edit = match last {
                    true if object.spec.common.suspend == Some(true) => {
                        json!({"spec": {"suspend": false}})
                    }
                    true => return None,
                    false => json!({
                        "metadata": {
                            "labels": {"storm": round.to_string()},
                            "annotations": {"example.com/storm": round.to_string()},
                        },
                        "spec": {"suspend": (n + round) % 3 == 0},
                    }),
                };
                let (api, name) = (&api, object.name_any());
                Some(async move {
                    let params = PatchParams::default();
                    let edited = api
                        .patch_metadata(&name, &params, &Patch::Merge(edit))
                        .await;
                    edited.expect("the other client can write");
                })
            });
            let edits = stream::iter(edits).buffer_unordered(8);
            edits.collect::<Vec<()>>().await;
            if last {
                return round - 1;
            }
        }
        unreachable!("the deadline comes first")
    })
}

/// The operations in a namespace, as an administrator, past the proxy.
async fn operations(namespace: &str) -> Api<ResizeCancellation> {
    let file = shared_plane().control_plane().kubeconfig();
    let file = Kubeconfig::read_from(file).expect("its kubeconfig");
    let config = kube::Config::from_custom_kubeconfig(file, &Default::default()).await;
    let client = kube::Client::try_from(config.expect("a usable kubeconfig"));
    Api::namespaced(client.expect("a client"), namespace)
}
