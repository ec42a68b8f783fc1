//! What a ResizeCancellation concludes from a cloud whose answers are not what they
//! were, not fully understood, or about another target than before.

use errand_simulator::{Account, DcsInstance, Fault, FaultKind, PendingChange, Seed, When};
use errand_testbed::{ACCESS_KEY, Bed, DCS_PROJECT, DOMAIN, SECRET_KEY};
use serde_json::{Value, json};

use crate::support::{
    CANCEL, assert_ending, assert_held, bed, ending, reread, seconds, summary, until_state,
};

/// A project of the same account, in which nothing has the ids of the first.
const OTHER_PROJECT: &str = "fedcba9876543210fedcba9876543210";

fn calls(bed: &Bed) -> usize {
    bed.simulator.journal().calls(CANCEL)
}

/// An instance of the project, with this change.
fn seed(bed: &Bed, instance: &str, change: PendingChange) {
    let instance = DcsInstance::new(instance).change(change);
    bed.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
}

/// Asks for the change that was created until a minute from now.
fn pending(bed: &Bed, name: &str, instance: &str, wanted: &str, more: &str) -> String {
    let before = bed.simulator.now().as_millisecond() + 60_000;
    let before = jiff::Timestamp::from_millisecond(before).expect("a time");
    let manifest = bed.cancellation(name, instance, "TASK", more);
    let change = format!("pendingChange: {{createdBefore: \"{before}\"{wanted}}}");
    manifest.replace("taskId: TASK", &change)
}

/// Waits until a complete reading of the cloud was judged.
fn judged(bed: &Bed, name: &str) -> Value {
    let object = || bed.get("rsc", name);
    bed.wait_until(&format!("{name} is judged"), || {
        let object = object();
        let state = ending(&object).state;
        object["status"]["observed"].is_object()
            && !["", "Pending", "Executing", "Verifying"].contains(&state.as_str())
    });
    object()
}

fn assert_says(object: &Value, words: &[&str]) {
    for words in words {
        assert!(summary(object).contains(words), "{words}: {object:#}");
    }
}

#[test]
fn what_a_plan_found_is_not_cancelled_once_it_no_longer_fits() {
    let mut bed = bed("edited-plan");
    let change = PendingChange::new("found-1", "redis.other", 48 * 3600);
    seed(&bed, "dcs-1", change);
    bed.start_operator();
    bed.apply(&pending(&bed, "stop", "dcs-1", "", "  mode: Plan\n"));
    let planned = judged(&bed, "stop");
    assert_eq!(ending(&planned).state, "Planned", "{planned:#}");
    assert_eq!(planned["status"]["observed"]["taskId"], "found-1");

    let wanted = ", newSpecCode: redis.another";
    bed.apply(&pending(&bed, "stop", "dcs-1", wanted, ""));
    bed.wait_until("it has ended", || {
        !ending(&bed.get("rsc", "stop")).outcome.is_empty()
    });
    let object = bed.get("rsc", "stop");
    assert_eq!(calls(&bed), 0, "{object:#}\n{}", bed.simulator.journal());
    assert_ending(&bed, &object, "Failed", "TargetNotFound");
    assert_says(
        &object,
        &[
            &format!("task found-1 (redis.other) is {}", waiting()),
            "newSpecCode",
        ],
    );
}

#[test]
fn an_edited_instance_id_is_observed_from_scratch() {
    let mut bed = bed("edited-instance");
    for (instance, task) in [("dcs-1", "found-1"), ("dcs-2", "found-2")] {
        seed(
            &bed,
            instance,
            PendingChange::new(task, "redis.other", 48 * 3600),
        );
    }
    bed.start_operator();
    bed.apply(&pending(&bed, "stop", "dcs-1", "", "  mode: Plan\n"));
    let planned = judged(&bed, "stop");
    assert_eq!(planned["status"]["observed"]["taskId"], "found-1");

    bed.apply(&pending(&bed, "stop", "dcs-2", "", ""));
    bed.wait_until("it has ended", || {
        !ending(&bed.get("rsc", "stop")).outcome.is_empty()
    });
    let object = bed.get("rsc", "stop");
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(object["status"]["steps"][0]["target"], "found-2");
    let journal = bed.simulator.journal();
    assert_eq!(journal.effects_on("dcs.cancel", "found-1"), 0, "{journal}");
}

#[test]
fn another_place_after_a_call_is_a_mismatch_until_changed_back() {
    let mut bed = bed("moved");
    let account = Account::new(ACCESS_KEY, SECRET_KEY)
        .project(DCS_PROJECT)
        .project(OTHER_PROJECT)
        .domain(DOMAIN);
    bed.simulator.seed(Seed::new().account(account));
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    // Accepted, and it shows only later.
    reread(&bed, json!({"cancel_visible_after": 1800}));
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("the call is verified", || {
        ending(&bed.get("rsc", "stop")).state == "Verifying"
    });

    let there = bed.connection("huawei-prod");
    let moved = there.replace(DCS_PROJECT, OTHER_PROJECT);
    bed.apply(&moved.replace("region: cn-north-4", "region: cn-south-1"));
    bed.wait_until("the other place is noticed", || {
        bed.advance(seconds(10));
        !["Verifying", "Executing"].contains(&ending(&bed.get("rsc", "stop")).state.as_str())
    });
    let object = bed.get("rsc", "stop");
    assert_eq!(ending(&object).state, "Blocked", "{object:#}");
    assert_eq!(ending(&object).reason, "ConnectionMismatch", "{object:#}");
    let both = ["cn-north-4", "cn-south-1", DCS_PROJECT, OTHER_PROJECT];
    assert_says(&object, &both);

    bed.apply(&there);
    let object = until_state(&bed, "stop", "Succeeded", seconds(60));
    assert_ending(&bed, &object, "Succeeded", "Cancelled");
    assert_eq!(calls(&bed), 1, "{}", bed.simulator.journal());
}

#[test]
pub fn a_change_whose_time_is_not_understood_is_waited_for_and_never_none() {
    let mut bed = bed("no-time");
    bed.start_operator();
    let forms = ["without_zone", "null", "absent"];
    let named = |form: &str| format!("is-{}", form.replace('_', "-"));
    for form in forms {
        reread(&bed, json!({"created_at": form}));
        let name = named(form);
        let task = format!("task-{name}");
        seed(
            &bed,
            &name,
            PendingChange::new(task, "redis.other", 48 * 3600),
        );
        bed.apply(&pending(&bed, &name, &name, "", ""));
        let object = judged(&bed, &name);
        assert_eq!(ending(&object).state, "Waiting", "{form}: {object:#}");
        assert_eq!(ending(&object).reason, "ObservationUnclear", "{object:#}");
        assert_says(&object, &["created_at", "cannot be told"]);
    }
    assert_eq!(calls(&bed), 0, "{}", bed.simulator.journal());
    // In a form that is understood each of them is found, and cancelled.
    reread(&bed, json!({"created_at": "blank"}));
    for form in forms {
        let name = named(form);
        let object = until_state(&bed, &name, "Succeeded", seconds(60));
        assert_ending(&bed, &object, "Succeeded", "Cancelled");
    }
}

/// A change of the capacity alone, of which no cancel arrives and whose record is
/// deleted before it runs.
fn lose_every_cancel(bed: &mut Bed) {
    let change = PendingChange::of_capacity("task-1", 8.0, 3600).record_deleted(When::In(1800));
    seed(bed, "dcs-1", change);
    let lost = Fault::new(CANCEL, FaultKind::DropBefore).always();
    bed.simulator.fault(lost);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("a cancel was lost", || calls(bed) > 0);
    bed.wait_until("the change was seen", || {
        bed.get("rsc", "stop")["status"]["observed"]["taskStatus"] == waiting()
    });
    bed.wait_until("the record is gone", || {
        bed.advance(seconds(60));
        bed.get("rsc", "stop")["status"]["observed"]["taskStatus"].is_null()
    });
}

#[test]
fn a_larger_capacity_is_too_late_although_the_record_is_gone() {
    let mut bed = bed("capacity");
    lose_every_cancel(&mut bed);
    bed.wait_until("it has ended", || {
        bed.advance(seconds(120));
        !ending(&bed.get("rsc", "stop")).outcome.is_empty()
    });
    let object = bed.get("rsc", "stop");
    assert_ending(&bed, &object, "Failed", "TooLate");
    assert_says(&object, &["8 GB"]);
    assert_eq!(object["status"]["observed"]["oldCapacity"], "4");
}

#[test]
fn a_record_that_is_gone_is_held_where_nothing_tells_whether_it_ran() {
    let mut bed = bed("nothing-tells");
    reread(&bed, json!({"details": "null"}));
    lose_every_cancel(&mut bed);
    bed.wait_until("it is held or has ended", || {
        bed.advance(seconds(120));
        let found = ending(&bed.get("rsc", "stop"));
        found.state == "Held" || !found.outcome.is_empty()
    });
    let object = bed.get("rsc", "stop");
    let choices = object["status"]["hold"]["choices"].clone();
    let choices: Vec<String> = serde_json::from_value(choices).unwrap_or_default();
    let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
    assert_held(&bed, &object, "AnswerUnknown", &choices);
    assert!(choices.contains(&"GiveUp"), "{object:#}");
}

/// A record can be deleted by anybody, and the change waits on without it.
#[test]
fn a_change_whose_record_is_deleted_while_it_waits_is_cancelled_and_not_taken_for_cancelled() {
    for word in ["RUNNING", "EXTENDING"] {
        let mut bed = bed(&format!("no-record-{}", word.to_lowercase()));
        reread(&bed, json!({"instance_while_waiting": word}));
        let change =
            PendingChange::of_capacity("task-1", 8.0, 36_000).record_deleted(When::In(600));
        seed(&bed, "dcs-1", change);
        bed.simulator
            .fault(Fault::new(CANCEL, FaultKind::DropBefore).always());
        bed.start_operator();
        bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
        bed.wait_until("a cancel was lost", || calls(&bed) > 0);
        bed.wait_until("the record is gone", || {
            bed.advance(seconds(60));
            bed.get("rsc", "stop")["status"]["observed"]["taskStatus"].is_null()
        });
        let lost = calls(&bed);
        bed.wait_until("another cancel was lost", || {
            bed.advance(seconds(60));
            assert_eq!(ending(&bed.get("rsc", "stop")).outcome, "");
            calls(&bed) > lost
        });
        bed.simulator.clear_faults();
        bed.wait_until("it has ended", || {
            bed.advance(seconds(60));
            !ending(&bed.get("rsc", "stop")).outcome.is_empty()
        });
        let object = bed.get("rsc", "stop");
        assert_ending(&bed, &object, "Succeeded", "Cancelled");
        let journal = bed.simulator.journal();
        assert_eq!(journal.effects("dcs.cancel"), 1, "{journal}");
    }
}

#[test]
fn a_change_that_ran_before_the_first_look_is_too_late() {
    let mut bed = bed("ran-before");
    // Its record is deleted too, so only the instance tells.
    let change = PendingChange::new("task-1", "redis.big", 600)
        .runs_for(60)
        .record_deleted(When::In(900));
    seed(&bed, "dcs-1", change);
    bed.kubectl(&["delete", "secret", "huawei-key"]);
    bed.start_operator();
    let wanted = ", newSpecCode: redis.big";
    bed.apply(&pending(&bed, "stop", "dcs-1", wanted, ""));
    bed.wait_until("the Secret is missed", || {
        ending(&bed.get("rsc", "stop")).reason == "CredentialsMissing"
    });
    bed.advance(seconds(1000));
    bed.put_right_secret();
    bed.wait_until("it has ended", || {
        bed.advance(seconds(10));
        !ending(&bed.get("rsc", "stop")).outcome.is_empty()
    });
    let object = bed.get("rsc", "stop");
    assert_ending(&bed, &object, "Failed", "TooLate");
    assert_says(&object, &["redis.big already"]);
    assert_eq!(calls(&bed), 0);
}

#[test]
fn a_replica_change_is_cancelled_by_its_id_and_as_the_pending_change() {
    let mut bed = bed("replicas");
    bed.start_operator();
    for (instance, replicas, by_id) in [("dcs-1", 3, true), ("dcs-2", 1, false)] {
        let task = format!("task-{instance}");
        let change = PendingChange::of_replicas(&task, replicas, 48 * 3600);
        seed(&bed, instance, change);
        match by_id {
            true => bed.apply(&bed.cancellation(instance, instance, &task, "")),
            false => bed.apply(&pending(&bed, instance, instance, "", "")),
        };
        let object = bed.wait_at_rest("rsc", instance);
        assert_ending(&bed, &object, "Succeeded", "Cancelled");
        assert_eq!(object["status"]["steps"][0]["target"], task, "{object:#}");
        assert_eq!(object["status"]["observed"]["newReplicaCount"], replicas);
    }
    assert_eq!(bed.simulator.journal().effects("dcs.cancel"), 2);
}

#[test]
fn a_null_list_of_tasks_is_an_empty_one() {
    let mut bed = bed("null-tasks");
    reread(&bed, json!({"empty_tasks": "null"}));
    bed.simulator
        .seed(Seed::new().dcs(DCS_PROJECT, DcsInstance::new("dcs-1")));
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = || bed.get("rsc", "stop");
    bed.wait_until("it was looked at", || {
        !["", "Pending"].contains(&ending(&object()).reason.as_str())
    });
    assert_ending(&bed, &object(), "Succeeded", "AlreadySatisfied");
    assert_says(&object(), &["never seen"]);
}

#[test]
fn an_id_never_seen_is_not_found_while_another_change_is_pending() {
    let mut bed = bed("typo");
    bed.seed_pending_change("dcs-2", "task-2", 48 * 3600);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-2", "task-999", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Failed", "TargetNotFound");
    assert_says(&object, &["task-999", "task task-2", &waiting()]);
    assert_eq!(calls(&bed), 0);
    let left = bed.simulator.dcs_instance(DCS_PROJECT, "dcs-2");
    assert_eq!(left.expect("an instance").tasks[0].status, waiting());
}

/// The word of a change that waits, as this binary's cloud has it.
fn waiting() -> String {
    let word = serde_json::to_value(crate::readings().dcs.waiting);
    word.expect("a word")
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
