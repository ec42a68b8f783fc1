//! The admin API: the same switches over HTTP, and clear refusals.

use std::net::TcpStream;

use crate::support::desktops::*;
use crate::support::*;
use errand_simulator::{Journal, Simulator, State};
use serde_json::json;

#[test]
fn a_person_seeds_faults_and_reads_over_http() {
    let simulator = Simulator::start(Default::default()).unwrap();
    let seed = json!({
        "accounts": [{"access_key": ACCESS, "secret_key": SECRET, "projects": [PROJECT]}],
        "dcs": {PROJECT: [{
            "id": INSTANCE, "name": "cache", "spec_code": OLD, "capacity": 0.25,
            "charging_mode": 1, "maintain_begin": "18", "maintain_end": "19",
            "changes": [{"task_id": TASK, "name": "EXTEND", "new_spec_code": NEW,
                         "new_capacity": 8, "runs_at": {"in": 60}, "runs_for": 30, "fails": false}],
            "finished": [{"task_id": "t-0", "status": "FAILED",
                          "created_at": "2026-01-01T00:00:00Z"}],
        }]},
        "rate_limits": {"dcs.ShowInstance": 50},
        "readings": {"dcs": {"waiting": "CREATED", "after_cancel": "vanishes",
                             "instance_while_waiting": "RUNNING", "task_count": "number"}},
    });
    assert_eq!(
        admin(&simulator, "PUT", "/-/seed", &seed.to_string()).status,
        200
    );
    let fault = r#"{"api": "dcs.CancelInstanceResize", "kind": "drop_after"}"#;
    let fault = admin(&simulator, "POST", "/-/faults", fault);
    assert_eq!((fault.status, fault.json()), (201, json!({"id": 1})));
    let shown = get(&simulator, instance_path()).json();
    assert_eq!(
        (&shown["capacity"], &shown["capacity_minor"]),
        (&json!(0), &json!(".25"))
    );
    assert_eq!(
        (&shown["maintain_begin"], &shown["status"]),
        (&json!("18"), &json!("RUNNING"))
    );
    cancel(&simulator).assert_closed_without_a_byte();
    let state: State =
        serde_json::from_str(&admin(&simulator, "GET", "/-/state", "").text).unwrap();
    let tasks = &state.dcs[PROJECT][0].tasks;
    assert_eq!(tasks.len(), 1, "the cancelled one vanished");
    assert_eq!(state.rate_limits["dcs.ShowInstance"], 50);
    let journal = admin(&simulator, "GET", "/-/journal", "").text;
    let journal: Journal = serde_json::from_str(&journal).unwrap();
    assert_eq!(
        (journal.calls(CANCEL), journal.effects("dcs.cancel")),
        (1, 1)
    );
    let journal = admin(&simulator, "GET", "/-/journal?after=1", "").json();
    assert_eq!(journal["calls"][0]["sequence"], 2);
    let table = admin(&simulator, "GET", "/-/journal?format=text", "").text;
    assert!(table.contains("drop_after  dcs.cancel"), "{table}");
    assert!(table.ends_with("2 calls, 1 effects\n"), "{table}");
}

#[test]
fn a_misspelt_field_is_named_and_nothing_is_taken() {
    let (simulator, _) = simulator();
    for (path, body, named) in [
        ("/-/seed", r#"{"account": []}"#, "account"),
        (
            "/-/seed",
            r#"{"dcs": {"p": [{"id": "i", "chnges": []}]}}"#,
            "chnges",
        ),
        (
            "/-/seed",
            r#"{"dcs": {"p": [{"id": "i", "changes": [{"task_id": "t", "new_spec_code": "s", "runs_at": {"at": 1}}]}]}}"#,
            "at",
        ),
        (
            "/-/seed",
            r#"{"dcs": {"p": [{"id": "i", "changes": [{"task_id": "t", "new_spec_code": "s", "runs_at": "soon"}]}]}}"#,
            "2026-11-21T22:00:00Z",
        ),
        (
            "/-/seed",
            r#"{"dcs": {"p": [{"id": "i"}, {"id": "i"}]}}"#,
            "two instances",
        ),
        (
            "/-/seed",
            r#"{"workspace": {"p": {"desktops": [{"id": "d", "timing": {"run_for": 1}}]}}}"#,
            "run_for",
        ),
        (
            "/-/seed",
            r#"{"desktop_orders": [{"project": "p", "desktop": "d", "change": {"resize": {"product_id": "x"}}}]}"#,
            "not there",
        ),
        (
            "/-/seed",
            r#"{"readings": {"dcs": {"waiting": "SLEEPING"}}}"#,
            "SLEEPING",
        ),
        (
            "/-/faults",
            r#"{"api": "dcs.", "kind": "explode"}"#,
            "explode",
        ),
        (
            "/-/faults",
            r#"{"api": "dcs.", "kind": {"delay": {"s": 1}}}"#,
            "`s`",
        ),
        (
            "/-/faults",
            r#"{"api": "dcs.", "kind": "throttle", "times": 0}"#,
            "times",
        ),
        (
            "/-/faults",
            r#"{"api": "d", "kind": {"error": {"status": 9, "code": "x"}}}"#,
            "status",
        ),
        ("/-/seed", "", "EOF"),
    ] {
        let answer = admin(&simulator, "POST", path, body);
        assert_eq!(answer.status, 400, "{body}");
        let why = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(why.contains(named), "{body}: {why}");
    }
    assert!(simulator.dcs_instance("p", "i").is_none());
}

#[test]
fn a_seed_is_taken_whole_or_not_at_all() {
    let (simulator, _) = simulator();
    let seed = r#"{"dcs": {"p": [{"id": "i"}]}, "dcs_changes": [{"project": "p", "instance": "j",
        "change": {"task_id": "t", "new_spec_code": "s", "runs_at": {"in": 1}}}]}"#;
    let answer = admin(&simulator, "PUT", "/-/seed", seed);
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(simulator.dcs_instance("p", "i").is_none());
    assert!(simulator.dcs_instance(PROJECT, INSTANCE).is_some());
}

#[test]
fn put_forgets_what_was_seeded_and_post_adds() {
    let (simulator, _) = simulator();
    let other = r#"{"dcs": {"p": [{"id": "i"}]}}"#;
    assert_eq!(admin(&simulator, "POST", "/-/seed", other).status, 200);
    assert!(simulator.dcs_instance(PROJECT, INSTANCE).is_some());
    assert_eq!(admin(&simulator, "PUT", "/-/seed", other).status, 200);
    assert!(simulator.dcs_instance(PROJECT, INSTANCE).is_none());
    assert!(simulator.dcs_instance("p", "i").is_some());
    assert_eq!(
        get(&simulator, instance_path()).status,
        401,
        "the key is gone"
    );
}

#[test]
fn faults_can_be_removed_one_by_one_or_all() {
    let (simulator, _) = simulator();
    let fault = r#"{"api": "dcs.", "kind": "throttle", "always": true}"#;
    for _ in 0..3 {
        admin(&simulator, "POST", "/-/faults", fault);
    }
    assert_eq!(admin(&simulator, "DELETE", "/-/faults/2", "").status, 200);
    assert_eq!(admin(&simulator, "DELETE", "/-/faults/2", "").status, 404);
    assert_eq!(simulator.state().faults.len(), 2);
    assert_eq!(admin(&simulator, "DELETE", "/-/faults", "").status, 200);
    assert_eq!(simulator.state().faults.len(), 0);
}

#[test]
fn the_help_lists_the_calls_and_no_cloud_journal_holds_them() {
    let (simulator, _) = simulator();
    let help = admin(&simulator, "GET", "/-/", "");
    assert!(help.text.contains("/-/journal"), "{}", help.text);
    assert_eq!(admin(&simulator, "GET", "/-/nothing", "").status, 404);
    assert_eq!(simulator.journal().all_calls().len(), 0);
}

#[test]
fn request_ids_repeat_with_the_seed() {
    let ids = |seed| {
        let (simulator, _) = started(
            |config| config.seed = seed,
            seed_with(errand_simulator::DcsInstance::new("i")),
        );
        get(&simulator, instance_path())
            .header("x-request-id")
            .to_owned()
    };
    assert_eq!(ids(1), ids(1));
    assert_ne!(ids(1), ids(2));
}

#[test]
fn dropping_it_closes_the_port_and_open_connections() {
    let (simulator, _) = simulator();
    let address = simulator.address();
    let mut idle = TcpStream::connect(address).unwrap();
    get(&simulator, instance_path());
    drop(simulator);
    assert!(TcpStream::connect(address).is_err());
    let mut byte = [0];
    assert!(matches!(
        std::io::Read::read(&mut idle, &mut byte),
        Ok(0) | Err(_)
    ));
}

#[test]
fn a_person_seeds_a_desktop_and_treats_its_orders_over_http() {
    let simulator = Simulator::start(Default::default()).unwrap();
    let seed = json!({
        "accounts": [{"access_key": ACCESS, "secret_key": SECRET, "domain_id": DOMAIN,
                      "projects": [PROJECT]}],
        "workspace": {PROJECT: {
            "desktops": [{"id": DESKTOP, "charge_mode": "1", "is_freeze": true,
                "root_volume": {"volume_id": "root", "size": 40, "type": "SSD"},
                "data_volumes": [{"volume_id": VOLUME, "id": "a", "size": 100}],
                "timing": {"review_for": 5000, "runs_for": 6000}}],
            "products": [{"product_id": SMALL, "targets": [LARGE]}, {"product_id": LARGE}],
            "volume_products": [{"resource_spec_code": "workspace.volume.ssd",
                                 "volume_type": "SSD"}],
        }},
        "desktop_orders": [{"project": PROJECT, "desktop": DESKTOP, "order_id": "CS-1",
            "created_at": {"in": -60}, "paid": true,
            "change": {"expand_volume": {"volume_id": VOLUME, "size": 200}}}],
        "readings": {"workspace": {"second_order": "refused", "expand_by": "id"},
                     "bss": {"order_lines": "unlinked", "after_failure": "processing"}},
    });
    let seeded = admin(&simulator, "PUT", "/-/seed", &seed.to_string());
    assert_eq!(seeded.status, 200, "{}", seeded.text);
    let act = |body: &str| admin(&simulator, "POST", "/-/orders/CS-1", body);
    assert_eq!(order_status(&simulator, "CS-1"), 1);
    assert_eq!(act(r#""pay""#).status, 400, "it is under review");
    assert_eq!(act(r#""hurry""#).status, 200);
    assert_eq!(order_status(&simulator, "CS-1"), 3);
    order(&simulator, resize(true))
        .answer()
        .assert_error(409, "WKS.00010032");
    assert_eq!(act(r#""hurry""#).status, 200);
    assert_eq!(act(r#""cancel""#).status, 400, "it is over");
    assert_eq!(act(r#"{"status": 9}"#).status, 200);
    assert_eq!(act(r#""explode""#).status, 400);
    let state = admin(&simulator, "GET", "/-/state", "");
    let state: State = serde_json::from_str(&state.text).unwrap();
    let volumes = &state.workspace[PROJECT][0].volumes;
    assert_eq!(volumes, &[("root".into(), 40), (VOLUME.into(), 200)]);
    assert_eq!((state.orders[0].status, state.orders[0].foreign), (9, true));
    assert_eq!(act(r#"{"status": 4}"#).status, 200, "no longer open");
    let placed = placed(&simulator, expand("id-root", 50)).len();
    assert_eq!(placed, "CS2108102036B2CAI".len());
    let unknown = admin(&simulator, "POST", "/-/orders/CS-2", r#""pay""#);
    assert_eq!(unknown.status, 400);
}
