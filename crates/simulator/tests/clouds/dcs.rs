//! DCS: the life of a pending change, and each reading of what is not documented.

use crate::support::*;
use errand_simulator::{
    AfterCancel, DcsChange, DcsInstance, DcsReadings, EmptyTasks, FinishedTask, InstanceWord,
    PendingChange, ReplicaCount, Seed, TaskCount, TaskDetails, TaskName, TaskOrder, TaskTime,
    WaitingWord, When,
};
use serde_json::{Value, json};

fn task(simulator: &errand_simulator::Simulator) -> Value {
    let list = get(simulator, tasks_path("")).json();
    list["tasks"][0].clone()
}

fn with(readings: DcsReadings) -> (errand_simulator::Simulator, errand_testclock::TestClock) {
    started(|config| config.readings.dcs = readings, seed())
}

fn status(simulator: &errand_simulator::Simulator) -> Value {
    get(simulator, instance_path()).json()["status"].clone()
}

#[test]
fn a_pending_change_waits_runs_and_changes_the_instance() {
    let change = PendingChange::new(TASK, NEW, HOUR)
        .runs_for(600)
        .capacity(8.0);
    let (simulator, clock) = started(|_| {}, seed_with(DcsInstance::new(INSTANCE).change(change)));
    let waiting = task(&simulator);
    assert_eq!(waiting["status"], "WAITING");
    assert_eq!(waiting["details"]["old_resource_spec_code"], OLD);
    assert_eq!(waiting["details"]["new_resource_spec_code"], NEW);
    assert_eq!(waiting["details"]["old_capacity"], "4");
    assert_eq!(waiting["details"]["new_capacity"], "8");
    clock.advance(seconds(3600));
    assert_eq!(task(&simulator)["status"], "EXECUTING");
    assert_eq!(status(&simulator), "EXTENDING");
    assert_eq!(get(&simulator, instance_path()).json()["spec_code"], OLD);
    clock.advance(seconds(300));
    let progress = get(&simulator, tasks_path(&format!("/{TASK}/progress"))).json();
    assert!(
        (50..=60).contains(&progress["progress"].as_i64().unwrap()),
        "{progress}"
    );
    clock.advance(seconds(300));
    assert_eq!(task(&simulator)["status"], "SUCCESS");
    let instance = get(&simulator, instance_path()).json();
    assert_eq!(instance["status"], "RUNNING");
    assert_eq!(instance["spec_code"], NEW);
    assert_eq!(instance["capacity"], 8);
    assert_eq!(instance["maintain_begin"], "22:00:00");
    assert_eq!(
        simulator.journal().all_effects().len(),
        0,
        "no call did this"
    );
}

#[test]
fn a_change_that_fails_leaves_the_instance_as_it_was() {
    let change = PendingChange::new(TASK, NEW, 60).runs_for(0).fails();
    let (simulator, clock) = started(|_| {}, seed_with(DcsInstance::new(INSTANCE).change(change)));
    clock.advance(seconds(60));
    let instance = simulator.dcs_instance(PROJECT, INSTANCE).unwrap();
    assert_eq!(instance.tasks[0].status, "FAILED");
    assert_eq!((&*instance.status, &*instance.spec_code), ("RUNNING", OLD));
}

#[test]
fn a_cancel_of_a_waiting_change_has_one_effect_and_stops_it() {
    let (simulator, clock) = simulator();
    let answer = cancel(&simulator).answer();
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({"result": "success"}))
    );
    let again = cancel(&simulator).answer();
    again.assert_error(400, "DCS.4239");
    assert_eq!(again.json()["error_ext_msg"], Value::Null);
    clock.advance(seconds(2 * 3600));
    let instance = simulator.dcs_instance(PROJECT, INSTANCE).unwrap();
    assert_eq!((&*instance.status, &*instance.spec_code), ("RUNNING", OLD));
    let journal = simulator.journal();
    assert_eq!(journal.calls_on(CANCEL, INSTANCE), 2);
    for resource in [PROJECT, INSTANCE, TASK] {
        assert_eq!(journal.effects_on("dcs.cancel", resource), 1);
    }
    assert_eq!(journal.effects_on("dcs.cancel", "other"), 0);
    let effect = &journal.all_effects()[0];
    assert_eq!((effect.sequence, effect.call), (1, 1));
    let answered: Vec<_> = journal
        .all_calls()
        .iter()
        .map(|c| (c.status, c.code.as_deref()))
        .collect();
    assert_eq!(answered, [(Some(200), None), (Some(400), Some("DCS.4239"))]);
}

#[test]
fn a_cancel_while_running_after_the_end_or_of_nothing_looks_the_same() {
    let (simulator, clock) = simulator();
    let unknown = cancel_path("8abfa7b2718d3e8a01718d4d0f5e9999");
    let unknown = Signed::new(&simulator, "POST", unknown)
        .send(&simulator)
        .answer();
    unknown.assert_error(400, "DCS.4239");
    clock.advance(seconds(3600));
    cancel(&simulator).answer().assert_error(400, "DCS.4239");
    clock.advance(seconds(3600));
    cancel(&simulator).answer().assert_error(400, "DCS.4239");
    let journal = simulator.journal();
    assert_eq!(
        (journal.calls(CANCEL), journal.effects("dcs.cancel")),
        (3, 0)
    );
    assert_eq!(
        simulator.dcs_instance(PROJECT, INSTANCE).unwrap().spec_code,
        NEW
    );
}

#[test]
fn a_malformed_task_and_an_unknown_instance_have_their_own_codes() {
    let (simulator, _) = simulator();
    let malformed = Signed::new(&simulator, "POST", cancel_path(&"a".repeat(65)));
    malformed
        .send(&simulator)
        .answer()
        .assert_error(400, "DCS.4070");
    let unknown = format!("/v2/{PROJECT}/instances/x/resize/cancel/{TASK}");
    let unknown = Signed::new(&simulator, "POST", unknown);
    unknown
        .send(&simulator)
        .answer()
        .assert_error(404, "DCS.3022");
    let (simulator, _) = with(DcsReadings {
        strict_task_ids: true,
        ..DcsReadings::default()
    });
    let loose = Signed::new(&simulator, "POST", cancel_path("t-1"));
    loose
        .send(&simulator)
        .answer()
        .assert_error(400, "DCS.4070");
    assert_eq!(cancel(&simulator).answer().status, 200);
}

#[test]
fn each_reading_of_what_waits_is_available() {
    let (simulator, _) = with(DcsReadings::default());
    assert_eq!(task(&simulator)["status"], "WAITING");
    assert_eq!(task(&simulator)["name"], "ChangeInstanceSpec");
    assert_eq!(status(&simulator), "EXTENDING");
    assert_eq!(get(&simulator, tasks_path("")).json()["task_count"], "1");
    let (simulator, _) = with(DcsReadings {
        waiting: WaitingWord::Created,
        instance_while_waiting: InstanceWord::Running,
        task_name: TaskName::Extend,
        task_count: TaskCount::Number,
        ..DcsReadings::default()
    });
    assert_eq!(task(&simulator)["status"], "CREATED");
    assert_eq!(task(&simulator)["name"], "EXTEND");
    assert_eq!(status(&simulator), "RUNNING");
    assert_eq!(get(&simulator, tasks_path("")).json()["task_count"], 1);
}

#[test]
fn each_reading_of_what_was_cancelled_is_available() {
    for (after_cancel, word) in [
        (AfterCancel::Cancelled, json!("CANCELLED")),
        (AfterCancel::Deleted, json!("DELETED")),
        (AfterCancel::Vanishes, Value::Null),
    ] {
        let (simulator, _) = with(DcsReadings {
            after_cancel,
            ..DcsReadings::default()
        });
        assert_eq!(cancel(&simulator).answer().status, 200);
        assert_eq!(task(&simulator)["status"], word);
        assert_eq!(status(&simulator), "RUNNING");
    }
}

#[test]
fn an_effect_that_shows_late_is_there_all_the_same() {
    let (simulator, clock) = with(DcsReadings {
        cancel_visible_after: 7200,
        after_cancel: AfterCancel::Vanishes,
        ..DcsReadings::default()
    });
    assert_eq!(cancel(&simulator).answer().status, 200);
    cancel(&simulator).answer().assert_error(400, "DCS.4239");
    clock.advance(seconds(3700));
    assert_eq!(
        task(&simulator)["status"],
        "WAITING",
        "past its start, not running"
    );
    assert_eq!(status(&simulator), "EXTENDING");
    clock.advance(seconds(3700));
    assert_eq!(task(&simulator), Value::Null);
    assert_eq!(
        simulator.dcs_instance(PROJECT, INSTANCE).unwrap().spec_code,
        OLD
    );
}

fn thirty_tasks() -> DcsInstance {
    let tasks = (0..30).map(|n| FinishedTask::new(format!("t-{n:02}"), "SUCCESS", n * 60));
    tasks.fold(DcsInstance::new(INSTANCE), DcsInstance::finished)
}

fn ids(list: &Value) -> Vec<&str> {
    let tasks = list["tasks"].as_array().unwrap().iter();
    tasks.map(|task| task["id"].as_str().unwrap()).collect()
}

#[test]
fn the_list_has_pages_of_ten_and_either_order() {
    let (simulator, _) = started(|_| {}, seed_with(thirty_tasks()));
    let page = get(&simulator, tasks_path("")).json();
    assert_eq!(
        (ids(&page)[0], ids(&page)[9], ids(&page).len()),
        ("t-00", "t-09", 10)
    );
    assert_eq!(page["task_count"], "30");
    let page = get(&simulator, tasks_path("?limit=1000&offset=25")).json();
    assert_eq!(ids(&page), ["t-25", "t-26", "t-27", "t-28", "t-29"]);
    let page = get(&simulator, tasks_path("?offset=30")).json();
    assert_eq!(ids(&page).len(), 0);
    for query in [
        "?limit=0",
        "?limit=1001",
        "?limit=x",
        "?offset=-1",
        "?start_time=2026",
    ] {
        assert_eq!(get(&simulator, tasks_path(query)).status, 400, "{query}");
    }
    let oldest = DcsReadings {
        task_order: TaskOrder::OldestFirst,
        ..DcsReadings::default()
    };
    let (simulator, _) = started(
        |config| config.readings.dcs = oldest,
        seed_with(thirty_tasks()),
    );
    let page = get(&simulator, tasks_path("?limit=2")).json();
    assert_eq!(ids(&page), ["t-29", "t-28"]);
}

#[test]
fn the_list_can_be_bounded_in_time() {
    let at = |text: &str| When::At(text.parse().unwrap());
    let mut instance = DcsInstance::new(INSTANCE);
    for (id, time) in [
        ("before", "2026-11-19T23:59:59Z"),
        ("first", "2026-11-20T00:00:00Z"),
        ("last", "2026-11-21T00:00:00Z"),
        ("after", "2026-11-21T00:00:01Z"),
    ] {
        let mut task = FinishedTask::new(id, "FAILED", 0);
        task.created_at = at(time);
        instance = instance.finished(task);
    }
    let (simulator, _) = started(|_| {}, seed_with(instance));
    let bounds = "?end_time=20261121000000&start_time=20261120000000";
    assert_eq!(
        ids(&get(&simulator, tasks_path(bounds)).json()),
        ["last", "first"]
    );
    let times = &get(&simulator, tasks_path("?end_time=20261119235959")).json()["tasks"][0];
    assert_eq!(times["created_at"], "2026-11-19T23:59:59.000Z");
}

#[test]
fn somebody_can_plan_another_change_after_a_cancel() {
    let (simulator, clock) = simulator();
    assert_eq!(cancel(&simulator).answer().status, 200);
    clock.advance(seconds(10));
    let change = PendingChange::new("t-2", NEW, 60)
        .runs_for(1)
        .named(TaskName::Extend);
    simulator.seed(Seed::new().dcs_change(DcsChange {
        project: PROJECT.into(),
        instance: INSTANCE.into(),
        change,
    }));
    assert_eq!(task(&simulator)["name"], "EXTEND");
    cancel(&simulator).answer().assert_error(400, "DCS.4239");
    clock.advance(seconds(62));
    assert_eq!(
        simulator.dcs_instance(PROJECT, INSTANCE).unwrap().spec_code,
        NEW
    );
}

#[test]
fn a_change_of_the_capacity_alone_keeps_the_flavor() {
    let change = PendingChange::of_capacity(TASK, 8.0, 60).runs_for(0);
    let instance = DcsInstance::new(INSTANCE).spec(OLD, 4.0).change(change);
    let (simulator, clock) = started(|_| {}, seed_with(instance));
    let details = &task(&simulator)["details"];
    assert_eq!(details["old_resource_spec_code"], OLD);
    assert_eq!(details["new_resource_spec_code"], OLD);
    assert_eq!(details["new_capacity"], "8");
    clock.advance(seconds(60));
    let instance = get(&simulator, instance_path()).json();
    assert_eq!(
        (&instance["spec_code"], &instance["capacity"]),
        (&json!(OLD), &json!(8))
    );
}

#[test]
fn a_change_of_replicas_has_a_name_and_details_of_its_own() {
    for (new, name) in [(3, "AddReplica"), (1, "DelReplica")] {
        let change = PendingChange::of_replicas(TASK, new, 60).runs_for(0);
        let instance = DcsInstance::new(INSTANCE).change(change);
        let (simulator, clock) = started(|_| {}, seed_with(instance));
        let waiting = task(&simulator);
        assert_eq!(waiting["name"], name);
        let expected = json!({"old_replica_num": "2", "new_replica_num": new.to_string()});
        assert_eq!(waiting["details"], expected);
        assert_eq!(get(&simulator, instance_path()).json()["replica_count"], 2);
        clock.advance(seconds(60));
        assert_eq!(
            get(&simulator, instance_path()).json()["replica_count"],
            new
        );
    }
}

#[test]
fn a_deleted_record_leaves_the_list_and_the_change_goes_on() {
    let change = PendingChange::new(TASK, NEW, 120).runs_for(0);
    let change = change.record_deleted(When::In(60));
    let (simulator, clock) = started(|_| {}, seed_with(DcsInstance::new(INSTANCE).change(change)));
    let listed = || get(&simulator, tasks_path("")).json()["tasks"].clone();
    assert_eq!(listed().as_array().map(Vec::len), Some(1));
    clock.advance(seconds(60));
    assert_eq!(listed(), json!([]));
    assert_eq!(status(&simulator), "EXTENDING");
    clock.advance(seconds(60));
    assert_eq!(listed(), json!([]));
    assert_eq!(
        simulator.dcs_instance(PROJECT, INSTANCE).unwrap().spec_code,
        NEW
    );
}

#[test]
fn an_empty_list_of_tasks_is_written_in_three_ways() {
    for (reading, expected) in [
        (EmptyTasks::List, json!({"task_count": "0", "tasks": []})),
        (EmptyTasks::Null, json!({"task_count": "0", "tasks": null})),
        (EmptyTasks::Absent, json!({"task_count": "0"})),
    ] {
        let readings = DcsReadings {
            empty_tasks: reading,
            ..DcsReadings::default()
        };
        let seed = seed_with(DcsInstance::new(INSTANCE));
        let (simulator, _) = started(|config| config.readings.dcs = readings, seed);
        assert_eq!(get(&simulator, tasks_path("")).json(), expected);
    }
}

#[test]
fn the_times_of_a_task_are_written_in_every_form() {
    let at = When::At("2026-11-20T08:00:00Z".parse().unwrap());
    for (form, expected) in [
        (TaskTime::Utc, json!("2026-11-20T08:00:00.000Z")),
        (TaskTime::Offset, json!("2026-11-20T08:00:00.000+0000")),
        (
            TaskTime::OffsetWithColon,
            json!("2026-11-20T08:00:00.000+00:00"),
        ),
        (TaskTime::Blank, json!("2026-11-20 08:00:00+0000")),
        (TaskTime::WithoutZone, json!("2026-11-20 08:00:00")),
        (TaskTime::Seconds, json!("1795161600")),
        (TaskTime::Millis, json!("1795161600000")),
        (TaskTime::SecondsNumber, json!(1_795_161_600)),
        (TaskTime::MillisNumber, json!(1_795_161_600_000_i64)),
        (TaskTime::Null, Value::Null),
    ] {
        let readings = DcsReadings {
            created_at: form,
            updated_at: TaskTime::Absent,
            ..DcsReadings::default()
        };
        let change = PendingChange::new(TASK, NEW, HOUR).created(at);
        let seed = seed_with(DcsInstance::new(INSTANCE).change(change));
        let (simulator, _) = started(|config| config.readings.dcs = readings, seed);
        let task = task(&simulator);
        assert_eq!(task.get("created_at"), Some(&expected), "{form:?}");
        assert_eq!(task.get("updated_at"), None);
    }
}

#[test]
fn a_failed_task_has_an_error_code_and_fields_may_be_left_out() {
    let readings = DcsReadings {
        details: TaskDetails::Null,
        replica_count: ReplicaCount::Absent,
        ..DcsReadings::default()
    };
    let change = PendingChange::new(TASK, NEW, 60).runs_for(0).fails();
    let seed = seed_with(DcsInstance::new(INSTANCE).change(change));
    let (simulator, clock) = started(|config| config.readings.dcs = readings, seed);
    let waiting = task(&simulator);
    assert_eq!(waiting["error_code"], Value::Null);
    assert_eq!(waiting["job_id"], format!("job-{TASK}"));
    assert_eq!(waiting.get("details"), Some(&Value::Null));
    assert_eq!(
        get(&simulator, instance_path()).json().get("replica_count"),
        None
    );
    clock.advance(seconds(60));
    assert_eq!(task(&simulator)["error_code"], "DCS.5000");
}
