//! Many operations at once, and many that have ended: who is served first, how long it
//! takes, and how much memory it costs. Run by `.ci/full`, with a release build of the
//! operator; each prints its figures.

use std::collections::HashMap;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use errand_simulator::{DcsInstance, Journal, Seed};
use errand_testbed::{BedOptions, DCS_PROJECT};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::storm::ended;
use crate::support::{ending, time};
use crate::teams::{KINDS, Kind, Team, Tenant, cancellation, memory};
use crate::tenants::Cluster;

/// ResizeCancellations.
const OPERATIONS: Kind = KINDS[1];

/// The longest wait for so many operations, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(900);

/// A cluster with these teams, on the wall clock.
fn cluster(name: &str, teams: [&str; 2]) -> (Cluster, [Tenant; 2]) {
    let options = BedOptions {
        test_clock: false,
        ..BedOptions::default()
    };
    let cluster = Cluster::start_with(name, options);
    let tenants = teams.map(|team| {
        cluster.tenant(team, &cluster.connection());
        Tenant::admin(&cluster.plane, team)
    });
    (cluster, tenants)
}

fn names(team: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{team}-{n:06}")).collect()
}

/// Seeds an instance for each of these operations.
fn seed(cluster: &Cluster, names: &[String]) {
    let seed = names.iter().fold(Seed::new(), |seed, name| {
        let instance = DcsInstance::new(name).pending_change("task", "redis.big", 48 * 3600);
        seed.dcs(DCS_PROJECT, instance)
    });
    cluster.bed.simulator.seed(seed);
}

fn wait(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// When each instance was called about first.
fn first_calls(journal: &Journal) -> HashMap<&str, (u64, Timestamp)> {
    let mut first = HashMap::new();
    for call in journal.all_calls() {
        if let Some((_, rest)) = call.path.split_once("/instances/") {
            let instance = rest.split('/').next().unwrap_or_default();
            first.entry(instance).or_insert((call.sequence, call.time));
        }
    }
    first
}

/// Kendall's tau of an order without ties: of all pairs, how many more are in order than
/// not.
fn tau(order: &[u64]) -> f64 {
    fn inversions(order: &mut [u64]) -> u64 {
        if order.len() < 2 {
            return 0;
        }
        let (left, right) = order.split_at_mut(order.len() / 2);
        let mut count = inversions(left) + inversions(right);
        let mut at = 0;
        for n in left.iter() {
            while at < right.len() && right[at] < *n {
                at += 1;
            }
            count += at as u64;
        }
        order.sort_unstable();
        count
    }
    let pairs = order.len() as f64 * (order.len() as f64 - 1.0) / 2.0;
    1.0 - 2.0 * inversions(&mut order.to_vec()) as f64 / pairs
}

#[test]
fn kendalls_tau_is_right() {
    assert_eq!(tau(&[1, 2, 3, 4]), 1.0);
    assert_eq!(tau(&[4, 3, 2, 1]), -1.0);
    assert!((tau(&[1, 3, 2, 4]) - 2.0 / 3.0).abs() < 1e-9);
}

fn at(sorted: &[i64], percent: usize) -> i64 {
    sorted[(sorted.len() - 1) * percent / 100]
}

fn finished_at(object: &Value) -> Timestamp {
    time(&object["status"]["finishedAt"])
}

fn millis(from: Timestamp, to: Timestamp) -> i64 {
    to.as_millisecond() - from.as_millisecond()
}

#[test]
#[ignore = "measures times: run by .ci/full"]
fn four_hundred_operations_on_a_hanging_cloud_delay_no_other_team() {
    let (mut cluster, [stuck, other]) = cluster("hanging-400", ["team-stuck", "team-other"]);
    let hanging = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", hanging.local_addr().expect("its address"));
    let connection = cluster
        .connection()
        .replace(&cluster.bed.simulator.url(), &url);
    cluster.bed.start_operator();
    // Of a key that was not used yet, one operation makes the first call and the others
    // wait: the key is a good one, and then the connection's cloud hangs.
    let first = names("first", 1);
    seed(&cluster, &first);
    let plan = |name: &String| {
        let mut plan = cancellation(name);
        plan["spec"]["mode"] = "Plan".into();
        plan
    };
    stuck.create(OPERATIONS, first.iter().map(plan));
    let journal = || cluster.bed.simulator.journal();
    wait("the key is used", || {
        first_calls(&journal()).contains_key("first-000000")
    });
    cluster.apply("team-stuck", &connection);
    let mut team = Team::new(other);
    let alone = team.work(&cluster.bed, 50, || false);
    println!("figure: no cloud hangs: {alone}");
    stuck.create(
        OPERATIONS,
        names("stuck", 400).iter().map(|name| cancellation(name)),
    );
    let beside = team.work(&cluster.bed, 50, || false);
    println!("figure: 400 operations of another team on a hanging cloud: {beside}");
    team.assert_work_is_done(&cluster.bed);
    drop(hanging);
    assert!(beside.at(99) < 1_000, "{beside}");
}

#[test]
#[ignore = "measures times: run by .ci/full"]
fn ten_thousand_at_once_are_served_in_the_order_of_their_creation() {
    const COUNT: usize = 10_000;
    let (mut cluster, [team, _]) = cluster("burst", ["team-a", "team-b"]);
    let names = names("burst", COUNT);
    seed(&cluster, &names);
    cluster.bed.start_operator();
    wait("it leads", || {
        cluster.bed.operator_log().contains("leading")
    });
    let before = memory(&mut cluster.bed, "VmRSS");
    let began = Instant::now();
    let created = team.create(OPERATIONS, names.iter().map(|name| cancellation(name)));
    let creating = began.elapsed();
    wait("all have ended", || ended(&cluster.bed) >= COUNT);
    let took = began.elapsed();
    let journal = cluster.bed.simulator.journal();
    assert_eq!(journal.effects("dcs.cancel"), COUNT);
    let first = first_calls(&journal);
    let name = |object: &Value| {
        object["metadata"]["name"]
            .as_str()
            .expect("a name")
            .to_owned()
    };
    let mut order: Vec<(u64, u64)> = created
        .iter()
        .map(|(object, _)| {
            let version = object["metadata"]["resourceVersion"].as_str();
            let version = version.and_then(|version| version.parse().ok());
            let (sequence, _) = first[name(object).as_str()];
            (version.expect("a number"), sequence)
        })
        .collect();
    order.sort_unstable();
    let order: Vec<u64> = order.into_iter().map(|(_, sequence)| sequence).collect();
    let objects = team.list(OPERATIONS);
    let ends: HashMap<String, Timestamp> = objects
        .iter()
        .map(|object| (name(object), finished_at(object)))
        .collect();
    let mut waited: Vec<i64> = created
        .iter()
        .map(|(object, at)| millis(*at, ends[&name(object)]))
        .collect();
    waited.sort_unstable();
    let tau = tau(&order);
    println!(
        "figure: {COUNT} at once: {:.1} s (creating them {:.1} s), create to Succeeded p50 {} ms, p99 {} ms, longest {} ms; Kendall's tau of creation and first observation {tau:.4}",
        took.as_secs_f64(),
        creating.as_secs_f64(),
        at(&waited, 50),
        at(&waited, 99),
        at(&waited, 100),
    );
    println!(
        "figure: resident memory {before} MiB before, {} MiB after, peak {} MiB",
        memory(&mut cluster.bed, "VmRSS"),
        memory(&mut cluster.bed, "VmHWM"),
    );
    assert!(tau >= 0.95, "{tau}");
}

/// All are there when the operator starts, so that all are due at once.
#[test]
#[ignore = "measures times: run by .ci/full"]
fn a_team_with_a_hundred_operations_has_its_share_beside_one_with_9900() {
    let (mut cluster, [many, few]) = cluster("share", ["team-many", "team-few"]);
    for (tenant, count) in [(&many, 9_900), (&few, 100)] {
        let names = names(&tenant.namespace, count);
        seed(&cluster, &names);
        tenant.create(OPERATIONS, names.iter().map(|name| cancellation(name)));
    }
    cluster.bed.start_operator();
    wait("all have ended", || ended(&cluster.bed) >= 10_000);
    let journal = cluster.bed.simulator.journal();
    let first = first_calls(&journal);
    let begins = |tenant: &Tenant| {
        let own = first
            .iter()
            .filter(|(name, _)| name.starts_with(&tenant.namespace));
        own.map(|(_, (_, time))| *time).min().expect("some")
    };
    let ends = |tenant: &Tenant| {
        let all = tenant.list(OPERATIONS);
        all.iter().map(finished_at).max().expect("some")
    };
    let start = begins(&many).min(begins(&few));
    let all = millis(start, ends(&many).max(ends(&few)));
    let took = millis(start, ends(&few));
    let share = 2 * 100 * all / 10_000;
    println!(
        "figure: 9,900 and 100 operations at once: the first of each were observed after {} and {} ms; the 100 had ended after {took} ms, all after {all} ms (half of the rate: {share} ms)",
        millis(start, begins(&many)),
        millis(start, begins(&few)),
    );
    assert!(millis(start, begins(&few)) < 1_000);
    assert!(took < 2 * share + 1_000);
}

#[test]
#[ignore = "measures memory and times: run by .ci/full"]
fn what_has_ended_costs_little_memory_and_little_time_at_start() {
    let (mut cluster, [old, new]) = cluster("finished", ["team-old", "team-new"]);
    cluster.bed.start_operator();
    let mut team = Team::new(new);
    team.work(&cluster.bed, 1, || false);
    team.assert_work_is_done(&cluster.bed);
    // What an operation that has ended looks like.
    let status = team.tenant.list(OPERATIONS)[0]["status"].clone();
    let names = names("old", 100_000);
    let mut done = 0;
    for count in [10_000, 100_000] {
        cluster.bed.stop_operator();
        let finish = async |name: &String| {
            let path = OPERATIONS.path(&old.namespace);
            let made = old
                .ask(Method::POST, &path, Some(&cancellation(name)))
                .await;
            made.unwrap_or_else(|e| panic!("{name}: {e}"));
            let path = format!("{path}/{name}/status");
            let body = json!({"status": status});
            let made = old.ask(Method::PATCH, &path, Some(&body)).await;
            made.unwrap_or_else(|e| panic!("{name}: {e}"));
        };
        old.all(names[done..count].iter().map(finish));
        done = count;
        let name = format!("first-{count}");
        seed(&cluster, std::slice::from_ref(&name));
        team.tenant.post(OPERATIONS, &cancellation(&name));
        let started = Timestamp::now();
        cluster.bed.start_operator();
        let mut first = None;
        wait("the first operation has ended", || {
            let found = cluster
                .plane
                .read(&format!("{}/{name}", OPERATIONS.path("team-new")));
            let found = found.unwrap_or_else(|e| panic!("{e}")).unwrap_or_default();
            first = (ending(&found).outcome == "Cancelled").then(|| finished_at(&found));
            first.is_some()
        });
        let first = millis(started, first.expect("waited for"));
        wait("all kinds are listed", || {
            let metrics = cluster.bed.http("/metrics");
            metrics
                .lines()
                .filter(|line| line.starts_with("errand_watch_listed{"))
                .all(|line| line.ends_with(" 1"))
        });
        let at_start = memory(&mut cluster.bed, "VmRSS");
        let beside = team.work(&cluster.bed, 20, || false);
        println!(
            "figure: {count} finished: the first operation ended {first} ms after the start; resident memory {at_start} MiB at start, {} MiB after 20 more, peak {} MiB; {beside}",
            memory(&mut cluster.bed, "VmRSS"),
            memory(&mut cluster.bed, "VmHWM"),
        );
    }
}
