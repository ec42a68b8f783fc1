//! A tenant creates objects at every limit that the API server accepts, in a namespace
//! of its own, while another tenant works.

mod draw;
mod flood;

use std::collections::HashSet;
use std::thread;
use std::time::Instant;

use errand::api::CloudConnection;
use errand::operations::desktop_order::DesktopOrder;
use errand::operations::instance_observation::InstanceObservation;
use errand::operations::instance_refresh::InstanceRefresh;
use errand::operations::resize_cancellation::ResizeCancellation;
use errand::operations::scheduled_instance_reservation::ScheduledInstanceReservation;
use errand_simulator::{Account, Seed, TencentAccount, VolcengineAccount};
use errand_testbed::{DCS_PROJECT, DOMAIN, SECRET_KEY, TENCENT_REGION, VOLCENGINE_REGION};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::flood::flood;
use crate::fixtures_of_this_version::kinds::ALL;
use crate::support::{ending, seconds, seed};
use crate::teams::{Figures, KINDS, Kind, Team, Tenant, memory};
use crate::tenants::Cluster;

const HOSTILE: &str = "team-hostile";
const OTHER: &str = "team-other";
/// The hostile team's own.
const HOSTILE_KEY: &str = "HOSTILEACCESSKEY0001";
/// The chart's limit, in MiB.
const MEMORY: u64 = 256;

struct Scene {
    cluster: Cluster,
    other: Team,
}

impl Scene {
    fn start(name: &str) -> Self {
        let mut cluster = Cluster::start(name);
        let bed = &cluster.bed;
        bed.connect_all_clouds();
        let hostile = Account::new(HOSTILE_KEY, SECRET_KEY)
            .project(DCS_PROJECT)
            .domain(DOMAIN);
        let seed = Seed::new()
            .account(hostile)
            .tencent_account(TencentAccount::new(HOSTILE_KEY, SECRET_KEY).region(TENCENT_REGION))
            .volcengine_account(
                VolcengineAccount::new(HOSTILE_KEY, SECRET_KEY).region(VOLCENGINE_REGION),
            );
        bed.simulator.seed(seed);
        for team in [HOSTILE, OTHER] {
            cluster.tenant(team, &cluster.connection());
            for connection in ["tencent-prod", "volcengine-prod"] {
                cluster.apply(team, &cluster.bed.cloud_connection(connection, ""));
            }
        }
        let secret = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: huawei-key, labels: {{errand.cloud/credentials: \"true\"}}}}\nstringData: {{accessKey: {HOSTILE_KEY}, secretKey: \"{SECRET_KEY}\"}}\n"
        );
        cluster.apply(HOSTILE, &secret);
        cluster.bed.start_operator();
        let other = Team::new(Tenant::admin(&cluster.plane, OTHER));
        Self { cluster, other }
    }

    /// A client with the rights of one who owns the hostile namespace and no others.
    fn hostile(&self) -> Tenant {
        let rights = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: tenant}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: tenant}\nrules:\n- {apiGroups: ['*'], resources: ['*'], verbs: ['*']}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: tenant}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: tenant}\nsubjects: [{kind: ServiceAccount, name: tenant}]\n";
        self.cluster.apply(HOSTILE, rights);
        let plane = &self.cluster.plane;
        let token = plane.kubectl(&["create", "token", "tenant", "-n", HOSTILE]);
        let token = token.unwrap_or_else(|e| panic!("{e}"));
        let file = self.cluster.bed.file("tenant.kubeconfig");
        plane
            .control_plane()
            .write_kubeconfig(&file, token.trim(), HOSTILE)
            .expect("the plane's folder can be written");
        Tenant::new(&file, HOSTILE)
    }

    fn work(&mut self, most: usize, enough: impl Fn() -> bool) -> Figures {
        self.other.work(&self.cluster.bed, most, enough)
    }

    /// An operation of each kind succeeds for the second team.
    fn assert_each_kind_works(&self) {
        let bed = &self.cluster.bed;
        for sort in ALL {
            // Now, as an order can be cancelled for half an hour only.
            bed.simulator.seed(sort.target());
            let wanted = match sort.short {
                "iob" => "",
                _ => sort.wanted,
            };
            self.cluster
                .apply(OTHER, &sort.manifest(bed, "each-kind", wanted, ""));
        }
        let mut last = Vec::new();
        bed.wait_until("an operation of each kind has succeeded", || {
            bed.advance_if_led(seconds(5));
            last = KINDS[1..]
                .iter()
                .flat_map(|kind| self.other.tenant.list(*kind))
                .collect();
            last.retain(|object| object["metadata"]["name"] == "each-kind");
            let states: Vec<String> = last.iter().map(|object| ending(object).state).collect();
            assert!(!states.iter().any(|state| state == "Failed"), "{last:#?}");
            states.len() == 5 && states.iter().all(|state| state == "Succeeded")
        });
    }

    /// Each hostile object that cannot be read has an event or a status that says so, and
    /// each that can be read was looked at.
    fn assert_all_are_reported(&self, tenant: &Tenant) -> (usize, usize) {
        let bed = &self.cluster.bed;
        // Twelve thousand objects take a while.
        let deadline = Instant::now() + seconds(600);
        loop {
            bed.advance_if_led(seconds(5));
            let events = tenant.events();
            let unreadable = |event: &&Value| event["reason"] == "ObjectUnreadable";
            let events = events.iter().filter(unreadable);
            let told: HashSet<String> = events
                .map(|event| event["regarding"]["uid"].to_string())
                .collect();
            let (mut unreadable, mut readable, mut left) = (0, 0, Vec::new());
            for kind in KINDS {
                for object in tenant.list(kind) {
                    let uid = object["metadata"]["uid"].to_string();
                    let found = match wrong(kind, &object) {
                        None => {
                            readable += 1;
                            is_looked_at(kind, &object)
                        }
                        Some(_) => {
                            unreadable += 1;
                            told.contains(&uid) || is_reported(&object)
                        }
                    };
                    if !found {
                        let (name, status) = (&object["metadata"]["name"], &object["status"]);
                        left.push(format!("{} {name}: {status}", kind.name));
                    }
                }
            }
            let Some(first) = left.first() else {
                return (unreadable, readable);
            };
            println!("{} are left, for instance {first:.600}", left.len());
            assert!(Instant::now() < deadline, "{}", bed.operator_log());
        }
    }

    fn assert_it_is_well(&mut self) {
        let bed = &self.cluster.bed;
        bed.wait_until("it is ready", || {
            bed.http("/readyz").starts_with("HTTP/1.1 200")
        });
        let log = bed.operator_log();
        for words in ["panicked", "broke off"] {
            let line = log.lines().find(|line| line.contains(words));
            assert!(line.is_none(), "{line:?}");
        }
    }
}

/// Whether an object that can be read was looked at, or need not be.
fn is_looked_at(kind: Kind, object: &Value) -> bool {
    let (metadata, status) = (&object["metadata"], &object["status"]);
    let ended = !status["outcome"].is_null();
    // Nothing is begun for one that is being deleted.
    let deleted = !metadata["deletionTimestamp"].is_null();
    kind.name == "CloudConnection"
        || ended
        || deleted
        || status["observedGeneration"] == metadata["generation"]
}

/// Whether the status of an object says that it cannot be read, or cannot say it.
fn is_reported(object: &Value) -> bool {
    let (metadata, status) = (&object["metadata"], &object["status"]);
    let mut conditions = status["conditions"].as_array().into_iter().flatten();
    let reported = conditions.any(|c| c["type"] == "Ready" && c["reason"] == "ObjectUnreadable");
    // An outcome is not touched, and the API server refuses the event of an object with
    // so long a name.
    let long = metadata["name"]
        .as_str()
        .is_some_and(|name| name.len() > 236);
    reported || (long && !status["outcome"].is_null())
}

/// What of a hostile object cannot be read, metadata apart.
fn wrong(kind: Kind, object: &Value) -> Option<String> {
    fn read<R: DeserializeOwned>(object: Value) -> Option<String> {
        serde_json::from_value::<R>(object)
            .err()
            .map(|e| e.to_string())
    }
    let mut object = object.clone();
    object["metadata"] = json!({"name": object["metadata"]["name"]});
    match kind.name {
        "CloudConnection" => read::<CloudConnection>(object),
        "ResizeCancellation" => read::<ResizeCancellation>(object),
        "DesktopOrder" => read::<DesktopOrder>(object),
        "InstanceObservation" => read::<InstanceObservation>(object),
        "InstanceRefresh" => read::<InstanceRefresh>(object),
        _ => read::<ScheduledInstanceReservation>(object),
    }
}

/// The whole scene, with so many objects of each kind.
fn hostile(name: &str, per_kind: usize, operations: usize, in_time: bool) {
    let seed = seed();
    let mut scene = Scene::start(name);
    let before = scene.work(operations, || false);
    println!("figure: without hostile objects: {before}");
    let tenant = scene.hostile();
    let flooding = thread::spawn(move || {
        let began = Instant::now();
        for (kind, n) in KINDS.into_iter().zip(0..) {
            let created = flood(&tenant, kind, per_kind, seed.wrapping_add(n));
            println!(
                "{}: {created:?}, {} s",
                kind.name,
                began.elapsed().as_secs()
            );
        }
        tenant
    });
    let during = scene.work(usize::MAX, || flooding.is_finished());
    let tenant = flooding
        .join()
        .unwrap_or_else(|e| std::panic::resume_unwind(e));
    println!(
        "figure: while they are created: {during}; {:.1} times as long at p50, {:.1} at p99",
        during.at(50) as f64 / before.at(50).max(1) as f64,
        during.at(99) as f64 / before.at(99).max(1) as f64,
    );
    let with = scene.work(operations, || false);
    println!("figure: beside them: {with}");
    scene.assert_it_is_well();
    let first = memory(&mut scene.cluster.bed, "VmHWM");
    scene.cluster.bed.kill_operator();
    scene.cluster.bed.start_operator();
    let restarted = scene.work(1, || false);
    println!("figure: the first after a restart: {restarted}");
    let after = scene.work(operations, || false);
    println!("figure: beside them after a restart: {after}");
    scene.assert_it_is_well();
    scene.other.assert_work_is_done(&scene.cluster.bed);
    scene.assert_each_kind_works();
    let (unreadable, readable) = scene.assert_all_are_reported(&tenant);
    println!("figure: {unreadable} unreadable, all reported; {readable} readable, all looked at");
    assert!(unreadable > 0, "none was hostile enough");
    scene.assert_it_is_well();
    let second = memory(&mut scene.cluster.bed, "VmHWM");
    println!("figure: peak memory (VmHWM): {first} MiB, after the restart {second} MiB");
    assert!(first.max(second) < MEMORY, "the chart's limit");
    if in_time {
        for figures in [with, after] {
            assert!(figures.at(99) < 1_000, "{figures}");
        }
    }
}

#[test]
fn hostile_objects_of_a_tenant_hurt_no_other() {
    hostile("hostile-100", 100, 10, false);
}

#[test]
#[ignore = "takes minutes and measures times: run by .ci/full"]
fn two_thousand_hostile_objects_of_each_kind_hurt_no_other_tenant() {
    let per_kind = std::env::var("ERRAND_TEST_OBJECTS");
    let per_kind = per_kind.map_or(2_000, |n| {
        n.parse().expect("ERRAND_TEST_OBJECTS is a number")
    });
    hostile("hostile-2000", per_kind, 100, true);
}
