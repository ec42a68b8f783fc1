//! CloudDC: what an instance shows while its script runs, what a list shows, and the
//! readings of what no page says.

mod support;

use errand_simulator::{
    Account, AfterTerminated, CloudDcInstance, CloudDcReadings, CloudDcStatus, Fault, FaultKind,
    NextMarker, NotFoundForm, Overloaded, Seed, ShuttingDown, Simulator, UnknownInList, When,
};
use errand_testclock::TestClock;
use serde_json::{Value, json};
use support::*;

const METAL: &str = "2c6f5b0e-3b2e-4b8c-9d0a-1f4e2d3c4b5a";
const STATUS: &str = "clouddc.ShowInstanceStatus";
const LIST: &str = "clouddc.ListInstances";

fn metal() -> CloudDcInstance {
    CloudDcInstance::new(METAL)
}

fn with(instances: impl IntoIterator<Item = CloudDcInstance>) -> Seed {
    let account = Account::new(ACCESS, SECRET).project(PROJECT);
    let seed = Seed::new().account(account);
    let add = |seed: Seed, instance| seed.clouddc(PROJECT, instance);
    instances.into_iter().fold(seed, add)
}

fn simulator_of(instance: CloudDcInstance) -> (Simulator, TestClock) {
    read_as(|_| {}, instance)
}

fn read_as(
    read: impl FnOnce(&mut CloudDcReadings),
    instance: CloudDcInstance,
) -> (Simulator, TestClock) {
    started(
        |config| read(&mut config.readings.clouddc),
        with([instance]),
    )
}

fn status_of(simulator: &Simulator, id: &str) -> Answer {
    get(simulator, format!("/v1/{PROJECT}/instances/{id}/status"))
}

#[track_caller]
fn shown(simulator: &Simulator) -> Value {
    let answer = status_of(simulator, METAL);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn list(simulator: &Simulator, query: &str) -> Answer {
    get(simulator, format!("/v1/{PROJECT}/instances{query}"))
}

fn ids(list: &Answer) -> Vec<String> {
    let list = list.json();
    let instances = list["instances"].as_array().unwrap().iter();
    let id = |instance: &Value| instance["id"].as_str().unwrap().to_owned();
    instances.map(id).collect()
}

fn refused(seed: Seed) -> String {
    let (simulator, _) = started(|_| {}, Seed::new());
    simulator.try_seed(seed).unwrap_err().to_string()
}

/// A deletion as the vendor's diagram has it.
fn deleted_after_a_minute() -> CloudDcInstance {
    metal()
        .status("stopped")
        .then(60, "shutting-down")
        .then(120, "terminated")
}

#[test]
fn an_instance_follows_its_script_and_shows_nothing_else() {
    let (simulator, clock) = simulator_of(
        metal()
            .status(CloudDcStatus::new("pending").operation("install-processing"))
            .then(
                60,
                CloudDcStatus::new("running").operation("install-succeed"),
            )
            .then(120, "stopped")
            .then(
                180,
                CloudDcStatus::new("error")
                    .operation("reinstall-failed")
                    .error("CDC.1", "no image"),
            ),
    );
    let expected = [
        json!({"state": "pending", "operation_state": "install-processing"}),
        json!({"state": "running", "operation_state": "install-succeed"}),
        json!({"state": "stopped"}),
        json!({"state": "error", "operation_state": "reinstall-failed",
               "error": {"error_code": "CDC.1", "error_msg": "no image"}}),
    ];
    for expected in expected {
        assert_eq!(shown(&simulator), expected);
        clock.advance(seconds(60));
    }
    let journal = simulator.journal();
    assert_eq!((journal.calls(STATUS), journal.all_effects().len()), (4, 0));
}

#[test]
fn a_clock_that_jumps_misses_no_step_of_the_script() {
    let (simulator, clock) = simulator_of(deleted_after_a_minute());
    let seeded = simulator.clouddc_instance(PROJECT, METAL).unwrap();
    assert_eq!(seeded.state, "stopped");
    clock.advance(seconds(600));
    let ended = simulator.clouddc_instance(PROJECT, METAL).unwrap();
    assert_eq!(ended.state, "terminated");
    let took = ended.updated_at.duration_since(seeded.updated_at);
    assert_eq!(took.as_secs(), 120);
}

#[test]
fn a_transition_that_the_diagram_lacks_is_a_bad_seed() {
    let why = refused(with([metal().then(60, "shutting-down")]));
    assert!(why.contains("from running to shutting-down"), "{why}");
    for (from, to) in [
        ("pending", "stopped"),
        ("pending", "terminated"),
        ("error", "stopped"),
        ("error", "terminated"),
        ("terminated", "pending"),
        ("shutting-down", "running"),
    ] {
        refused(with([metal().status(from).then(1, to)]));
    }
}

#[test]
fn a_state_may_stay_while_its_operation_goes_on() {
    let reinstall =
        |phase: &str| CloudDcStatus::new("running").operation(format!("reinstall-{phase}"));
    let (simulator, clock) = simulator_of(
        metal()
            .status(reinstall("processing"))
            .then(5, reinstall("succeed")),
    );
    clock.advance(seconds(5));
    assert_eq!(shown(&simulator)["operation_state"], "reinstall-succeed");
}

#[test]
fn an_unknown_word_is_a_bad_seed_unless_the_cloud_says_it_all_the_same() {
    let why = refused(with([metal().status("hibernating")]));
    assert!(why.contains("hibernating"), "{why}");
    let odd = CloudDcStatus::new("running").operation("defrag-processing");
    assert!(refused(with([metal().status(odd)])).contains("defrag-processing"));

    let undocumented = |word: &str| CloudDcStatus::new(word).undocumented();
    let (simulator, clock) = simulator_of(
        metal()
            .then(600, undocumented("Shutting_Down"))
            .then(
                1200,
                undocumented("hibernating").operation("defrag-processing"),
            )
            .then(1800, "running"),
    );
    clock.advance(seconds(600));
    assert_eq!(shown(&simulator), json!({"state": "Shutting_Down"}));
    clock.advance(seconds(600));
    assert_eq!(
        shown(&simulator),
        json!({"state": "hibernating", "operation_state": "defrag-processing"})
    );
    clock.advance(seconds(600));
    assert_eq!(shown(&simulator), json!({"state": "running"}));
}

#[test]
fn a_script_must_be_in_the_order_of_time() {
    let early = metal().created(When::In(-10)).then(-20, "stopped");
    assert!(refused(with([early])).contains("order of time"));
    let twisted = metal().then(20, "stopped").then(10, "running");
    assert!(refused(with([twisted])).contains("order of time"));
}

#[test]
fn shutting_down_is_spelled_as_the_reading_says() {
    for (reading, word) in [
        (ShuttingDown::Hyphen, "shutting-down"),
        (ShuttingDown::Underscore, "shutting_down"),
    ] {
        let (simulator, clock) = read_as(
            |readings| readings.shutting_down = reading,
            deleted_after_a_minute(),
        );
        clock.advance(seconds(60));
        assert_eq!(shown(&simulator)["state"], word);
        let listed = list(&simulator, "?instance_state=shutting-down").json();
        assert_eq!(listed["instances"][0]["state"], word);
    }
}

#[test]
fn a_terminated_instance_is_gone_after_a_while_or_stays() {
    let gone_after = |readings: &mut CloudDcReadings| readings.gone_after = 3600;
    let (simulator, clock) = read_as(gone_after, deleted_after_a_minute());
    clock.advance(seconds(120 + 1800));
    assert_eq!(shown(&simulator)["state"], "terminated");
    clock.advance(seconds(1800));
    status_of(&simulator, METAL).assert_error(404, "CloudDC.0404");
    assert_eq!(ids(&list(&simulator, "")), Vec::<String>::new());
    assert_eq!(simulator.clouddc_instance(PROJECT, METAL), None);
    assert!(simulator.state().clouddc[PROJECT].is_empty());

    let stays = |readings: &mut CloudDcReadings| {
        readings.after_terminated = AfterTerminated::Stays;
    };
    let (simulator, clock) = read_as(stays, deleted_after_a_minute());
    clock.advance(seconds(1_000_000));
    assert_eq!(shown(&simulator)["state"], "terminated");
}

#[test]
fn the_404_has_the_form_and_the_code_of_the_reading() {
    let found = |form| {
        let read = |readings: &mut CloudDcReadings| {
            readings.not_found = form;
            readings.not_found_code = "CDC.0001".into();
        };
        let (simulator, _) = read_as(read, metal());
        let answer = status_of(&simulator, "another");
        let code = simulator.journal().all_calls()[0].code.clone();
        assert_eq!(answer.status, 404);
        (answer, code)
    };
    let (answer, code) = found(NotFoundForm::Service);
    assert_eq!(
        answer.json(),
        json!({"error_code": "CDC.0001", "error_msg": "The instance does not exist."})
    );
    assert_eq!(code.as_deref(), Some("CDC.0001"));
    let (answer, code) = found(NotFoundForm::Gateway);
    assert_eq!(answer.json()["error_code"], "CDC.0001");
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    assert_eq!(code.as_deref(), Some("CDC.0001"));
    let (answer, code) = found(NotFoundForm::Iam);
    assert_eq!(answer.json()["error"]["code"], 404);
    assert_eq!(answer.json().get("error_code"), None);
    assert_eq!(code, None);
}

#[test]
fn a_throttled_call_has_no_body_or_text_or_the_gateways() {
    let throttled = |reading| {
        let (simulator, _) = read_as(|readings| readings.overloaded = reading, metal());
        simulator.fault(Fault::new("clouddc.", FaultKind::Throttle));
        let answer = status_of(&simulator, METAL);
        let code = simulator.journal().all_calls()[0].code.clone();
        assert_eq!(answer.status, 429);
        assert_eq!(shown(&simulator), json!({"state": "running"}));
        (answer, code)
    };
    let (answer, code) = throttled(Overloaded::Empty);
    assert_eq!((&*answer.text, code), ("", None));
    let (answer, code) = throttled(Overloaded::Text);
    assert_eq!((&*answer.text, code), ("The request is overloaded.", None));
    let (answer, code) = throttled(Overloaded::Gateway);
    answer.assert_error(429, "APIGW.0308");
    assert_eq!(code.as_deref(), Some("APIGW.0308"));
}

#[test]
fn a_rate_limit_answers_like_the_throttle_and_an_error_fault_as_it_says() {
    let limited = with([metal()]).rate_limit(STATUS, 0);
    let (simulator, _) = started(|_| {}, limited);
    let over = status_of(&simulator, METAL);
    assert_eq!((over.status, &*over.text), (429, ""));
    let error = FaultKind::Error {
        status: 429,
        code: "CDC.9".into(),
        message: "slow".into(),
    };
    simulator.fault(Fault::new(LIST, error));
    list(&simulator, "").assert_error(429, "CDC.9");
}

#[test]
fn a_throttled_call_to_another_service_keeps_the_gateways_body() {
    let (simulator, _) = simulator();
    simulator.fault(Fault::new("dcs.", FaultKind::Throttle));
    get(&simulator, instance_path()).assert_error(429, "APIGW.0308");
}

#[test]
fn a_denied_call_is_worded_by_the_gateway() {
    let account = Account::new(ACCESS, SECRET).project(PROJECT).deny(STATUS);
    let (simulator, _) = started(|_| {}, with([metal()]).account(account));
    status_of(&simulator, METAL).assert_error(403, "APIGW.0302");
    assert_eq!(list(&simulator, "").status, 200);
}

#[test]
fn a_list_shows_the_status_and_the_times_of_each_instance() {
    let other = CloudDcInstance::new("another")
        .server("s-9")
        .status("stopped");
    let (simulator, clock) = started(
        |_| {},
        with([
            metal().status("pending").then(
                60,
                CloudDcStatus::new("running").operation("install-succeed"),
            ),
            other,
        ]),
    );
    clock.advance(seconds(90));
    let body = list(&simulator, "?limit=1000").json();
    let listed = &body["instances"][0];
    assert_eq!(listed["id"], METAL);
    assert_eq!(
        (&listed["state"], &listed["operation_state"]),
        (&json!("running"), &json!("install-succeed"))
    );
    assert_eq!(listed["launched_at"], listed["updated_at"]);
    assert_ne!(listed["created_at"], listed["updated_at"]);
    assert_eq!(body["instances"][1]["launched_at"], Value::Null);
    assert_eq!(body["instances"][1]["server_id"], "s-9");
    assert_eq!(
        (&body["count"], &body["page_info"]["current_count"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(body["page_info"]["next_marker"], Value::Null);
}

#[test]
fn a_list_is_narrowed_by_state_ids_and_servers() {
    let named = |id: &str| CloudDcInstance::new(id).server(format!("s-{id}"));
    let (simulator, _) = started(
        |_| {},
        with([named("a"), named("b").status("stopped"), named("c")]),
    );
    let listed = |query: &str| ids(&list(&simulator, query)).join(" ");
    assert_eq!(listed("?instance_state=running"), "a c");
    assert_eq!(listed("?instance_id=c%2Cb%2Czzz"), "b c");
    assert_eq!(listed("?server_id=s-a"), "a");
    assert_eq!(listed("?instance_id=a%2Cb&instance_state=stopped"), "b");
    assert_eq!(list(&simulator, "?instance_id=a&server_id=s-a").status, 400);
    let many = |n: usize| format!("?instance_id={}", vec!["a"; n].join("%2C"));
    assert_eq!(listed(&many(100)), "a");
    assert_eq!(list(&simulator, &many(101)).status, 400);
    assert_eq!(simulator.journal().calls(LIST), 7);
}

#[test]
fn an_unknown_id_fails_the_whole_list_under_the_other_reading() {
    let read =
        |readings: &mut CloudDcReadings| readings.unknown_id_in_list = UnknownInList::Refused;
    let (simulator, _) = read_as(read, metal());
    let query = format!("?instance_id={METAL}%2Canother");
    list(&simulator, &query).assert_error(404, "CloudDC.0404");
    assert_eq!(
        ids(&list(&simulator, &format!("?instance_id={METAL}"))),
        [METAL]
    );
}

#[test]
fn pages_follow_the_marker_whichever_way_it_is_written() {
    for reading in [NextMarker::Id, NextMarker::Address] {
        let named = |n| CloudDcInstance::new(format!("metal-{n:02}"));
        let (simulator, _) = started(
            |config| config.readings.clouddc.next_marker = reading,
            with((0..25).map(named)),
        );
        let mut sizes = Vec::new();
        let mut seen = Vec::new();
        // A limit under the least one means the least one.
        let mut query = "?limit=3".to_owned();
        loop {
            let page = list(&simulator, &query);
            sizes.push(ids(&page).len());
            seen.extend(ids(&page));
            assert_eq!(page.json()["count"], 25);
            let next = page.json()["page_info"]["next_marker"].clone();
            query = match (reading, next.as_str()) {
                (_, None) => break,
                (NextMarker::Id, Some(id)) => format!("?marker={id}"),
                (NextMarker::Address, Some(address)) => {
                    format!("?{}", address.split_once('?').unwrap().1)
                }
            };
        }
        assert_eq!(sizes, [10, 10, 5]);
        seen.dedup();
        assert_eq!(seen.len(), 25);
    }
}

#[test]
fn acting_on_an_instance_ends_its_script() {
    let (simulator, clock) = simulator_of(metal().then(60, "stopped").then(120, "running"));
    clock.advance(seconds(60));
    simulator.act_on_clouddc(PROJECT, METAL, "shutting-down");
    clock.advance(seconds(600));
    assert_eq!(shown(&simulator), json!({"state": "shutting-down"}));
    let path = format!("/-/clouddc/{PROJECT}/{METAL}");
    let bad = admin(&simulator, "POST", &path, r#"{"state": "running"}"#);
    assert_eq!(bad.status, 400, "{}", bad.text);
    let body = r#"{"state": "error", "operation_state": "uninstall-failed",
                   "error": {"error_code": "CDC.2", "error_msg": "stuck"}}"#;
    assert_eq!(admin(&simulator, "POST", &path, body).status, 200);
    assert_eq!(shown(&simulator)["error"]["error_msg"], "stuck");
    let nobody = admin(&simulator, "POST", "/-/clouddc/p/i", body);
    assert_eq!(nobody.status, 400, "{}", nobody.text);
}

#[test]
fn a_person_seeds_an_instance_over_http() {
    let (simulator, clock) = started(|_| {}, Seed::new());
    let seed = json!({
        "accounts": [{"access_key": ACCESS, "secret_key": SECRET, "projects": [PROJECT]}],
        "clouddc": {PROJECT: [{
            "id": METAL, "name": "metal", "server_id": "s-1", "created_at": {"in": -60},
            "status": {"state": "stopped"},
            "script": [{"at": {"in": 60}, "status": {"state": "shutting-down"}}],
        }]},
        "readings": {"clouddc": {"shutting_down": "underscore", "overloaded": "text",
            "after_terminated": "stays", "gone_after": 1, "not_found": "iam",
            "not_found_code": "x", "unknown_id_in_list": "refused", "next_marker": "address"}},
    });
    let answer = admin(&simulator, "PUT", "/-/seed", &seed.to_string());
    assert_eq!(answer.status, 200, "{}", answer.text);
    clock.advance(seconds(60));
    assert_eq!(shown(&simulator), json!({"state": "shutting_down"}));
    let state = admin(&simulator, "GET", "/-/state", "").json();
    assert_eq!(state["clouddc"][PROJECT][0]["state"], "shutting_down");
}
