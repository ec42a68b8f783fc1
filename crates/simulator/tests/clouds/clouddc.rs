//! CloudDC: what an instance shows while its script runs, and the readings of what no
//! page says.

use crate::support::metal::*;
use crate::support::*;
use errand_simulator::{
    Account, AfterTerminated, CloudDcInstance, CloudDcReadings, CloudDcStatus, ErrorForm, Fault,
    FaultKind, NotFoundForm, Overloaded, Seed, ShuttingDown, Simulator, When,
};
use errand_testclock::TestClock;
use serde_json::json;

fn simulator_of(instance: CloudDcInstance) -> (Simulator, TestClock) {
    metal_read_as(|_| {}, instance)
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
        assert_eq!(metal_shown(&simulator), expected);
        clock.advance(seconds(60));
    }
    let journal = simulator.journal();
    assert_eq!(
        (journal.calls(METAL_STATUS), journal.all_effects().len()),
        (4, 0)
    );
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
    let why = refused(metal_with([metal().then(60, "shutting-down")]));
    assert!(why.contains("from running to shutting-down"), "{why}");
    for (from, to) in [
        ("pending", "stopped"),
        ("pending", "terminated"),
        ("error", "stopped"),
        ("error", "terminated"),
        ("terminated", "pending"),
        ("shutting-down", "running"),
    ] {
        refused(metal_with([metal().status(from).then(1, to)]));
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
    assert_eq!(
        metal_shown(&simulator)["operation_state"],
        "reinstall-succeed"
    );
}

#[test]
fn an_unknown_word_is_a_bad_seed_unless_the_cloud_says_it_all_the_same() {
    let why = refused(metal_with([metal().status("hibernating")]));
    assert!(why.contains("hibernating"), "{why}");
    let odd = CloudDcStatus::new("running").operation("defrag-processing");
    assert!(refused(metal_with([metal().status(odd)])).contains("defrag-processing"));

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
    assert_eq!(metal_shown(&simulator), json!({"state": "Shutting_Down"}));
    clock.advance(seconds(600));
    assert_eq!(
        metal_shown(&simulator),
        json!({"state": "hibernating", "operation_state": "defrag-processing"})
    );
    clock.advance(seconds(600));
    assert_eq!(metal_shown(&simulator), json!({"state": "running"}));
}

#[test]
fn a_script_must_be_in_the_order_of_time() {
    let early = metal().created(When::In(-10)).then(-20, "stopped");
    assert!(refused(metal_with([early])).contains("order of time"));
    let twisted = metal().then(20, "stopped").then(10, "running");
    assert!(refused(metal_with([twisted])).contains("order of time"));
}

#[test]
fn shutting_down_is_spelled_as_the_reading_says() {
    for (reading, word) in [
        (ShuttingDown::Hyphen, "shutting-down"),
        (ShuttingDown::Underscore, "shutting_down"),
    ] {
        let (simulator, clock) = metal_read_as(
            |readings| readings.shutting_down = reading,
            deleted_after_a_minute(),
        );
        clock.advance(seconds(60));
        assert_eq!(metal_shown(&simulator)["state"], word);
        let listed = metal_list(&simulator, "?instance_state=shutting-down").json();
        assert_eq!(listed["instances"][0]["state"], word);
    }
}

#[test]
fn a_terminated_instance_is_gone_after_a_while_or_stays() {
    let gone_after = |readings: &mut CloudDcReadings| readings.gone_after = 3600;
    let (simulator, clock) = metal_read_as(gone_after, deleted_after_a_minute());
    clock.advance(seconds(120 + 1800));
    assert_eq!(metal_shown(&simulator)["state"], "terminated");
    clock.advance(seconds(1800));
    metal_status(&simulator, METAL).assert_error(404, "CloudDC.0404");
    assert_eq!(
        listed_ids(&metal_list(&simulator, "")),
        Vec::<String>::new()
    );
    assert_eq!(simulator.clouddc_instance(PROJECT, METAL), None);
    assert!(simulator.state().clouddc[PROJECT].is_empty());

    let stays = |readings: &mut CloudDcReadings| {
        readings.after_terminated = AfterTerminated::Stays;
    };
    let (simulator, clock) = metal_read_as(stays, deleted_after_a_minute());
    clock.advance(seconds(1_000_000));
    assert_eq!(metal_shown(&simulator)["state"], "terminated");
}

#[test]
fn the_404_has_the_form_and_the_code_of_the_reading() {
    let found = |form| {
        let read = |readings: &mut CloudDcReadings| {
            readings.not_found = form;
            readings.not_found_code = "CDC.0001".into();
        };
        let (simulator, _) = metal_read_as(read, metal());
        let answer = metal_status(&simulator, "another");
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
        let (simulator, _) = metal_read_as(|readings| readings.overloaded = reading, metal());
        simulator.fault(Fault::new("clouddc.", FaultKind::Throttle));
        let answer = metal_status(&simulator, METAL);
        let code = simulator.journal().all_calls()[0].code.clone();
        assert_eq!(answer.status, 429);
        assert_eq!(metal_shown(&simulator), json!({"state": "running"}));
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
    let limited = metal_with([metal()]).rate_limit(METAL_STATUS, 0);
    let (simulator, _) = started(|_| {}, limited);
    let over = metal_status(&simulator, METAL);
    assert_eq!((over.status, &*over.text), (429, ""));
    let error = FaultKind::Error {
        status: 429,
        code: "CDC.9".into(),
        message: "slow".into(),
    };
    simulator.fault(Fault::new(METAL_LIST, error));
    metal_list(&simulator, "").assert_error(429, "CDC.9");
}

#[test]
fn a_throttled_call_to_another_service_keeps_the_gateways_body() {
    let (simulator, _) = simulator();
    simulator.fault(Fault::new("dcs.", FaultKind::Throttle));
    get(&simulator, instance_path()).assert_error(429, "APIGW.0308");
}

#[test]
fn a_denied_call_is_worded_by_the_gateway() {
    let account = Account::new(ACCESS, SECRET)
        .project(PROJECT)
        .deny(METAL_STATUS);
    let (simulator, _) = started(|_| {}, metal_with([metal()]).account(account));
    metal_status(&simulator, METAL).assert_error(403, "APIGW.0302");
    assert_eq!(metal_list(&simulator, "").status, 200);
}

#[test]
fn acting_on_an_instance_ends_its_script() {
    let (simulator, clock) = simulator_of(metal().then(60, "stopped").then(120, "running"));
    clock.advance(seconds(60));
    simulator.act_on_clouddc(PROJECT, METAL, "shutting-down");
    clock.advance(seconds(600));
    assert_eq!(metal_shown(&simulator), json!({"state": "shutting-down"}));
    let path = format!("/-/clouddc/{PROJECT}/{METAL}");
    let bad = admin(&simulator, "POST", &path, r#"{"state": "running"}"#);
    assert_eq!(bad.status, 400, "{}", bad.text);
    let body = r#"{"state": "error", "operation_state": "uninstall-failed",
                   "error": {"error_code": "CDC.2", "error_msg": "stuck"}}"#;
    assert_eq!(admin(&simulator, "POST", &path, body).status, 200);
    assert_eq!(metal_shown(&simulator)["error"]["error_msg"], "stuck");
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
    assert_eq!(metal_shown(&simulator), json!({"state": "shutting_down"}));
    let state = admin(&simulator, "GET", "/-/state", "").json();
    assert_eq!(state["clouddc"][PROJECT][0]["state"], "shutting_down");
}

#[test]
fn a_state_may_be_missing_and_an_error_may_be_text() {
    let nothing = CloudDcStatus::new("").undocumented();
    let (simulator, _) = simulator_of(metal().status(nothing));
    assert_eq!(metal_shown(&simulator), json!({}));
    let failed = CloudDcStatus::new("error").error("CDC.1", "no image");
    let text = |c: &mut CloudDcReadings| c.error = ErrorForm::Text;
    let (simulator, _) = metal_read_as(text, metal().status(failed));
    let expected = json!({"state": "error", "error": "no image"});
    assert_eq!(metal_shown(&simulator), expected);
}
