//! Workspace: the life of a change order seen from the desktop and its job, what is
//! refused, and each reading of what is not documented.

use crate::support::desktops::*;
use crate::support::*;
use errand_simulator::{
    ExpandBy, Fault, FaultKind, JobWords, NoDataVolumes, OnDemandChanges, OrderAction, OrderTiming,
    SecondOrder, Simulator, WorkspaceDesktop, WorkspaceProduct, WorkspaceReadings,
};
use errand_testclock::TestClock;
use serde_json::{Value, json};

fn with(readings: WorkspaceReadings) -> (Simulator, TestClock) {
    let configure = |config: &mut errand_simulator::Config| config.readings.workspace = readings;
    started(configure, workspace_with(desktop()))
}

fn on_demand() -> (Simulator, TestClock) {
    started(|_| {}, workspace_with(desktop().on_demand()))
}

pub(crate) fn project_get(simulator: &Simulator, rest: &str) -> Answer {
    get(simulator, format!("/v2/{PROJECT}/{rest}"))
}

#[test]
fn a_paid_resize_runs_as_a_job_and_changes_the_product() {
    let timing = OrderTiming {
        waits_for: 600,
        runs_for: 600,
        ..OrderTiming::default()
    };
    let (simulator, clock) = started(|_| {}, workspace_with(desktop().timing(timing)));
    assert_eq!(shown(&simulator)["task_status"], Value::Null);
    let answer = order(&simulator, resize(true)).answer().json();
    let id = answer["order_id"].as_str().unwrap();
    assert!(id.starts_with("CS"), "{id}");
    let job = format!("workspace-jobs/{}", answer["job_id"].as_str().unwrap());
    let status = |job: &str| project_get(&simulator, job).json()["status"].clone();
    assert_eq!(
        (status(&job), order_status(&simulator, id)),
        (json!("WAITING"), json!(3))
    );
    assert_eq!(shown(&simulator)["task_status"], Value::Null);
    clock.advance(seconds(600));
    assert_eq!(status(&job), "RUNNING");
    let running = shown(&simulator);
    assert_eq!(running["task_status"], "resize_migrating");
    assert!(running["process"].is_number(), "{running}");
    assert_eq!(running["product_id"], SMALL);
    clock.advance(seconds(600));
    assert_eq!(
        (status(&job), order_status(&simulator, id)),
        (json!("SUCCESS"), json!(5))
    );
    let changed = shown(&simulator);
    assert_eq!(
        (&changed["task_status"], &changed["process"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (&changed["product_id"], &changed["product"]["product_id"]),
        (&json!(LARGE), &json!(LARGE))
    );
    let journal = simulator.journal();
    assert_eq!(journal.calls_on(ORDER, DESKTOP), 1);
    for resource in [PROJECT, DESKTOP, id, "resizeDesktops", "automatic"] {
        assert_eq!(
            journal.effects_on("workspace.order", resource),
            1,
            "{resource}"
        );
    }
}

#[test]
fn a_volume_grows_to_the_size_that_was_ordered() {
    let (simulator, clock) = workspace();
    placed(&simulator, expand(VOLUME, 200));
    assert_eq!(shown(&simulator)["task_status"], "updating");
    clock.advance(seconds(600));
    let volumes = shown(&simulator)["data_volumes"].clone();
    assert_eq!(
        (&volumes[0]["volume_id"], &volumes[0]["size"]),
        (&json!(VOLUME), &json!(200))
    );
    assert_eq!(shown(&simulator)["root_volume"]["size"], 80);
    placed(&simulator, expand(&format!("root-{DESKTOP}"), 90));
    clock.advance(seconds(600));
    assert_eq!(shown(&simulator)["root_volume"]["size"], 90);
}

#[test]
fn a_subscription_makes_the_desktop_prepaid_once() {
    let (simulator, clock) = on_demand();
    let body = json!({"type": "meteredToPeriod", "period_type": 2, "period_num": 1,
        "is_auto_renew": 1, "extend_param": {"is_auto_pay": "true"}});
    let id = placed(&simulator, body.clone());
    let line = details(&simulator, &id).json()["order_line_items"][0].clone();
    assert_eq!(
        (&line["period_type"], &line["period_num"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        details(&simulator, &id).json()["order_info"]["order_type"],
        11
    );
    assert_eq!(shown(&simulator)["product"]["charge_mode"], "1");
    clock.advance(seconds(600));
    let desktop = shown(&simulator);
    assert_eq!(
        (&desktop["product"]["charge_mode"], &desktop["order_id"]),
        (&json!("0"), &json!(id))
    );
    let again = order(&simulator, body).answer();
    again.assert_error(400, "WKS.00170312");
    assert_eq!(simulator.journal().effects("workspace.order"), 1);
}

#[test]
fn an_order_without_automatic_payment_changes_nothing_until_it_is_paid() {
    for body in [
        resize(false),
        json!({"type": "resizeDesktops", "resize_product_id": LARGE}),
        json!({"type": "resizeDesktops", "resize_product_id": LARGE, "extend_param": {}}),
    ] {
        let (simulator, clock) = workspace();
        let id = placed(&simulator, body);
        clock.advance(seconds(7200));
        assert_eq!(order_status(&simulator, &id), 6);
        assert_eq!(shown(&simulator)["product_id"], SMALL);
        simulator.act_on_order(&id, OrderAction::Pay);
        assert_eq!(order_status(&simulator, &id), 3);
        clock.advance(seconds(600));
        assert_eq!(
            simulator.desktop(PROJECT, DESKTOP).unwrap().product_id,
            LARGE
        );
    }
}

#[test]
fn a_job_that_fails_leaves_the_desktop_as_it_was() {
    let (simulator, clock) = started(|_| {}, workspace_with(desktop().jobs_fail()));
    let answer = order(&simulator, resize(true)).answer().json();
    clock.advance(seconds(600));
    let job = answer["job_id"].as_str().unwrap();
    let job = project_get(&simulator, &format!("workspace-jobs/{job}")).json();
    assert_eq!(
        (&job["status"], &job["job_error_code"]),
        (&json!("FAILED"), &json!("WKS.0001"))
    );
    assert_eq!(shown(&simulator)["product_id"], SMALL);
    let (simulator, _) = workspace();
    let id = placed(&simulator, resize(true));
    simulator.act_on_order(&id, OrderAction::Fail);
    assert_eq!(simulator.orders(DESKTOP)[0].job_status, "FAILED");
    assert_eq!(
        simulator.desktop(PROJECT, DESKTOP).unwrap().task_status,
        None
    );
}

#[test]
fn the_end_of_a_job_has_each_reading() {
    for (job_words, fails, word, code) in [
        (JobWords::Older, false, "SUCCESS", json!(null)),
        (JobWords::Older, true, "FAILED", json!("WKS.0001")),
        (JobWords::Client, false, "COMPLETE", json!(null)),
        (JobWords::Client, true, "FAIL", json!(null)),
        (JobWords::Parts, true, "COMPLETE", json!(null)),
    ] {
        let readings = WorkspaceReadings {
            job_words,
            ..WorkspaceReadings::default()
        };
        let configure =
            |config: &mut errand_simulator::Config| config.readings.workspace = readings;
        let desktop = match fails {
            true => desktop().jobs_fail(),
            false => desktop(),
        };
        let (simulator, clock) = started(configure, workspace_with(desktop));
        let answer = order(&simulator, resize(true)).answer().json();
        clock.advance(seconds(600));
        let job = answer["job_id"].as_str().unwrap();
        let job = project_get(&simulator, &format!("workspace-jobs/{job}")).json();
        assert_eq!(
            (&job["status"], &job["job_error_code"]),
            (&json!(word), &code)
        );
        let part = &job["sub_jobs"][0];
        let expected = if fails { "FAILED" } else { "SUCCESS" };
        assert_eq!(part["status"], expected, "{job_words:?}");
        assert_eq!(part["error_code"] == "WKS.0001", fails, "{job_words:?}");
    }
}

#[test]
fn an_order_that_changes_an_on_demand_desktop_has_each_reading() {
    for on_demand_changes in [OnDemandChanges::Accepted, OnDemandChanges::Refused] {
        let readings = WorkspaceReadings {
            on_demand_changes,
            ..WorkspaceReadings::default()
        };
        let configure =
            |config: &mut errand_simulator::Config| config.readings.workspace = readings;
        let (simulator, _) = started(configure, workspace_with(desktop().on_demand()));
        let answer = order(&simulator, resize(false)).answer();
        match on_demand_changes {
            OnDemandChanges::Accepted => assert!(answer.json()["order_id"].is_string()),
            OnDemandChanges::Refused => answer.assert_error(400, "WKS.00170312"),
        }
    }
}

#[test]
fn a_desktop_that_could_not_be_deleted_keeps_its_task_status() {
    let (simulator, clock) = started(|_| {}, workspace_with(desktop().delete_failed()));
    clock.advance(seconds(365 * 86_400));
    assert_eq!(shown(&simulator)["task_status"], "deleteFailed");
}

#[test]
fn no_data_volumes_are_an_empty_list_or_null() {
    for no_data_volumes in [NoDataVolumes::Empty, NoDataVolumes::Null] {
        let readings = WorkspaceReadings {
            no_data_volumes,
            ..WorkspaceReadings::default()
        };
        let configure =
            |config: &mut errand_simulator::Config| config.readings.workspace = readings;
        let bare = WorkspaceDesktop::new(DESKTOP);
        let (simulator, _) = started(configure, workspace_with(bare));
        let volumes = shown(&simulator)["data_volumes"].clone();
        assert_eq!(volumes.is_null(), no_data_volumes == NoDataVolumes::Null);
    }
}

#[test]
fn every_accepted_order_is_an_effect_unless_a_second_one_is_refused() {
    let (simulator, _) = workspace();
    let ids = [
        placed(&simulator, resize(false)),
        placed(&simulator, resize(false)),
    ];
    assert_ne!(ids[0], ids[1]);
    assert_eq!(
        simulator.journal().effects_on("workspace.order", DESKTOP),
        2
    );
    let (simulator, clock) = with(WorkspaceReadings {
        second_order: SecondOrder::Refused,
        ..WorkspaceReadings::default()
    });
    let id = placed(&simulator, resize(false));
    let second = || order(&simulator, expand(VOLUME, 200)).answer();
    second().assert_error(409, "WKS.00010032");
    simulator.act_on_order(&id, OrderAction::Pay);
    second().assert_error(409, "WKS.00010032");
    clock.advance(seconds(600));
    assert_eq!(second().status, 200, "the first is over");
    assert_eq!(simulator.journal().effects("workspace.order"), 2);
}

#[test]
fn an_order_for_a_busy_desktop_is_a_conflict_until_the_task_is_over() {
    let (simulator, clock) = started(|_| {}, workspace_with(desktop().busy("rebooting", 300)));
    assert_eq!(shown(&simulator)["task_status"], "rebooting");
    let refused = order(&simulator, resize(true)).answer();
    refused.assert_error(409, "WKS.00010032");
    clock.advance(seconds(300));
    assert_eq!(shown(&simulator)["task_status"], Value::Null);
    placed(&simulator, resize(true));
}

#[test]
fn an_order_that_breaks_a_rule_is_refused_and_has_no_effect() {
    let seed = workspace_with(desktop())
        .product(
            PROJECT,
            WorkspaceProduct::new(SMALL).targets([LARGE, "sold", "gone"]),
        )
        .product(PROJECT, WorkspaceProduct::new("sold").status("sellout"))
        .product(PROJECT, WorkspaceProduct::new("gone").status("abandon"))
        .product(PROJECT, WorkspaceProduct::new("other"));
    let (simulator, _) = started(|_| {}, seed);
    let resize_to = |id: &str| json!({"type": "resizeDesktops", "resize_product_id": id});
    let (bad, impossible) = ((400, "WKS.0001"), (400, "WKS.00170312"));
    for (body, (status, code)) in [
        (json!(null), bad),
        (json!({}), bad),
        (
            json!({"type": "resizeExclusiveLites", "new_quantity": 3}),
            bad,
        ),
        (json!({"type": "resizeDesktops"}), bad),
        (
            json!({"type": "resizeDesktops", "resize_product_id": LARGE, "extend_param": {"is_auto_pay": true}}),
            bad,
        ),
        (
            json!({"type": "resizeDesktops", "resize_product_id": LARGE, "extend_param": {"is_auto_pay": "yes"}}),
            bad,
        ),
        (
            json!({"type": "resizeDesktops", "resize_product_id": LARGE, "enterprise_project_id": "e".repeat(37)}),
            bad,
        ),
        (resize_to(SMALL), impossible),
        (resize_to("unheard-of"), impossible),
        (resize_to("other"), impossible),
        (resize_to("sold"), impossible),
        (resize_to("gone"), impossible),
        (
            json!({"type": "expandVolumes", "expand_volume_id": VOLUME}),
            bad,
        ),
        (
            json!({"type": "expandVolumes", "expand_new_size": 200}),
            bad,
        ),
        (expand(VOLUME, 205), bad),
        (expand(VOLUME, 0), bad),
        (expand(VOLUME, 32770), bad),
        (expand(VOLUME, 100), bad),
        (expand(VOLUME, 90), bad),
        (expand("unheard-of", 200), (404, "WKS.0915")),
        (json!({"type": "meteredToPeriod"}), bad),
        (
            json!({"type": "meteredToPeriod", "period_type": 4, "period_num": 1}),
            bad,
        ),
        (
            json!({"type": "meteredToPeriod", "period_type": 2, "period_num": 0}),
            bad,
        ),
        (
            json!({"type": "meteredToPeriod", "period_type": 2, "period_num": 1, "is_auto_renew": 2}),
            bad,
        ),
        (
            json!({"type": "meteredToPeriod", "period_type": 2, "period_num": 1}),
            impossible,
        ),
    ] {
        let answer = order(&simulator, body.clone()).answer();
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        answer.assert_error(status, code);
    }
    let unknown = Signed::new(&simulator, "POST", order_path("unheard-of")).body(resize(true));
    let unknown = unknown.send(&simulator).answer();
    unknown.assert_error(404, "WKS.0202");
    assert!(
        unknown.json().get("error_detail").is_some(),
        "the service's form"
    );
    assert_eq!(simulator.journal().effects("workspace.order"), 0);
    assert_eq!(simulator.orders(DESKTOP).len(), 0);
    placed(&simulator, resize(true));
}

#[test]
fn each_reading_of_the_answer_is_available() {
    let (simulator, _) = with(WorkspaceReadings {
        job_id_in_answer: false,
        refusals_with_200: true,
        ..WorkspaceReadings::default()
    });
    let answer = order(&simulator, resize(true)).answer().json();
    assert_eq!(answer.as_object().unwrap().len(), 1, "{answer}");
    let refused = order(&simulator, json!({})).answer();
    refused.assert_error(200, "WKS.0001");
    assert_eq!(refused.json().get("order_id"), None);
    let code = simulator.journal().all_calls()[1].code.clone();
    assert_eq!(code.as_deref(), Some("WKS.0001"));
    let (simulator, _) = with(WorkspaceReadings {
        not_found_status: 500,
        ..WorkspaceReadings::default()
    });
    project_get(&simulator, "desktops/unheard-of").assert_error(500, "WKS.0202");
}

#[test]
fn a_volume_is_named_by_its_volume_id_or_by_its_id() {
    for (expand_by, right, wrong) in [
        (
            ExpandBy::VolumeId,
            VOLUME.to_owned(),
            format!("id-{VOLUME}"),
        ),
        (ExpandBy::Id, format!("id-{VOLUME}"), VOLUME.to_owned()),
    ] {
        let (simulator, clock) = with(WorkspaceReadings {
            expand_by,
            ..WorkspaceReadings::default()
        });
        let refused = order(&simulator, expand(&wrong, 200)).answer();
        refused.assert_error(404, "WKS.0915");
        placed(&simulator, expand(&right, 200));
        clock.advance(seconds(600));
        assert_eq!(shown(&simulator)["data_volumes"][0]["size"], 200);
    }
}

#[test]
fn a_policy_against_ordering_is_the_gateways_403() {
    let account = errand_simulator::Account::new(ACCESS, SECRET)
        .project(PROJECT)
        .deny(ORDER);
    let (simulator, _) = started(|_| {}, workspace_with(desktop()).account(account));
    let answer = order(&simulator, resize(true)).answer();
    answer.assert_error(403, "APIGW.0302");
    assert_eq!(simulator.journal().effects("workspace.order"), 0);
    assert_eq!(shown(&simulator)["desktop_id"], DESKTOP);
}

#[test]
fn a_lost_answer_leaves_an_order_and_a_retry_makes_two() {
    let (simulator, _) = workspace();
    simulator.fault(Fault::new(ORDER, FaultKind::DropBefore));
    order(&simulator, resize(true)).assert_closed_without_a_byte();
    assert_eq!(simulator.journal().effects("workspace.order"), 0);
    for (kind, effects) in [(FaultKind::DropAfter, 1), (FaultKind::BadBody, 2)] {
        simulator.fault(Fault::new(ORDER, kind));
        order(&simulator, resize(true));
        assert_eq!(simulator.journal().effects("workspace.order"), effects);
    }
    let error = |status, code: &str| FaultKind::Error {
        status,
        code: code.into(),
        message: "no".into(),
    };
    simulator.fault(Fault::new(ORDER, error(200, "WKS.0407")));
    simulator.fault(Fault::new("workspace.", FaultKind::Throttle));
    let refused = order(&simulator, resize(true)).answer();
    refused.assert_error(200, "WKS.0407");
    let throttled = order(&simulator, resize(true)).answer();
    throttled.assert_error(429, "APIGW.0308");
    assert_eq!(simulator.journal().effects("workspace.order"), 2);
    assert_eq!(simulator.orders(DESKTOP).len(), 2);
}

#[test]
fn a_late_order_is_placed_while_its_signature_is_valid_and_never_after() {
    for (late, orders) in [(600, 1), (16 * 60, 0)] {
        let (simulator, clock) = workspace();
        simulator.fault(Fault::new(ORDER, FaultKind::Late { seconds: late }));
        order(&simulator, resize(true)).assert_closed_without_a_byte();
        assert_eq!(simulator.orders(DESKTOP).len(), 0);
        clock.advance(seconds(3600));
        let journal = simulator.journal();
        assert_eq!(journal.effects("workspace.order"), orders);
        let arrival = journal.all_calls()[0].late.clone().unwrap();
        assert_eq!(arrival.status, if orders == 1 { 200 } else { 401 });
        let delivered = simulator.desktop(PROJECT, DESKTOP).unwrap().product_id == LARGE;
        assert_eq!(delivered, orders == 1, "its ten minutes are over too");
    }
}
