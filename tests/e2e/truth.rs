//! What is true whatever the kind: a decision that is offered is taken, a clock that is
//! wrong decides nothing, and a plan says what executing it would come to.

use errand_simulator::{Config, DcsInstance, FinishedTask, Seed, WorkspaceDesktop};
use errand_testbed::{Bed, BedOptions, CLUSTER, DCS_PROJECT};
use serde_json::{Value, json};

use crate::command::errand;
use crate::support::{
    CANCEL, assert_held, bed, bed_with, condition, deny, ending, held, order_bed, orders, reread,
    resize, resolve_of, seconds, seed_desktop, summary, until_state,
};

/// Waits until the operation has that outcome, for half a minute of its clock at most.
fn ends_within_half_a_minute(bed: &Bed, kind: &str, name: &str, outcome: &str) {
    let mut left = 6;
    bed.wait_until(&format!("{name} is {outcome}"), || {
        let reached = ending(&bed.get(kind, name)).outcome == outcome;
        if !reached && left > 0 {
            left -= 1;
            bed.advance(seconds(5));
        }
        reached
    });
}

/// An instance that is EXTENDING for ever, though its change is cancelled.
fn extending_for_ever(bed: &Bed) {
    let instance = DcsInstance {
        status: "EXTENDING".to_owned(),
        ..DcsInstance::new("dcs-1").spec("redis.ha.xu1.large.r2.4", 4.0)
    };
    let instance = instance.finished(FinishedTask::new("task-1", "CANCELLED", 60));
    bed.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
}

#[test]
fn a_decision_is_taken_while_the_cloud_stays_busy_for_ever() {
    let mut bed = bed("extending");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    reread(&bed, json!({"cancel_visible_after": 24 * 3600}));
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", "  verifyTimeout: 10m\n"));
    bed.wait_until("the call is verified", || {
        ending(&bed.get("rsc", "stop")).state == "Verifying"
    });
    extending_for_ever(&bed);
    let object = until_state(&bed, "stop", "Held", seconds(60));
    let choices = ["LookAgain", "AssumeDone", "GiveUp"];
    assert_held(&bed, &object, "ProofTimeout", &choices);
    resolve_of(&bed, "rsc", "stop", "LookAgain");
    bed.wait_until("it looks again", || {
        bed.get("rsc", "stop")["status"]["hold"].is_null()
    });
    let object = until_state(&bed, "stop", "Held", seconds(60));
    assert_held(&bed, &object, "ProofTimeout", &choices);
    resolve_of(&bed, "rsc", "stop", "GiveUp");
    ends_within_half_a_minute(&bed, "rsc", "stop", "GivenUp");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 1);
}

/// Deletes the Secret and waits until the held operation says that it is missing.
fn lose_the_key(bed: &Bed) {
    bed.kubectl(&["delete", "secret", "huawei-key"]);
    bed.wait_until("the summary names the Secret", || {
        bed.advance(seconds(30));
        summary(&bed.get("rsc", "stop")).contains("Secret huawei-key does not exist")
    });
    assert_eq!(ending(&bed.get("rsc", "stop")).state, "Held");
}

#[test]
fn a_decision_is_taken_without_credentials_and_one_that_needs_them_is_kept() {
    let mut bed = bed("no-key");
    held(&mut bed);
    lose_the_key(&bed);
    resolve_of(&bed, "rsc", "stop", "LookAgain");
    bed.wait_until("the summary names what is in the way", || {
        bed.advance(seconds(5));
        let object = bed.get("rsc", "stop");
        summary(&object).contains("The decision LookAgain is kept")
            && summary(&object).contains("Secret huawei-key")
    });
    let object = bed.get("rsc", "stop");
    assert_eq!(ending(&object).state, "Held", "{object:#}");
    bed.put_right_secret();
    bed.wait_until("the decision is taken", || {
        bed.advance(seconds(5));
        bed.get("rsc", "stop")["status"]["hold"].is_null()
    });
    until_state(&bed, "stop", "Held", seconds(60));
    lose_the_key(&bed);
    resolve_of(&bed, "rsc", "stop", "AssumeDone");
    ends_within_half_a_minute(&bed, "rsc", "stop", "AssumedDone");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 1);
}

#[test]
fn a_decision_is_taken_while_the_operation_is_suspended() {
    let mut bed = bed("held-suspended");
    let object = held(&mut bed);
    let id = object["status"]["hold"]["id"].clone();
    let patch = |spec: Value| {
        let patch = json!({"spec": spec});
        bed.edit("rsc", "stop", &patch);
    };
    patch(json!({"suspend": true}));
    bed.wait_until("its summary tells of the question", || {
        let object = bed.get("rsc", "stop");
        let said = object["status"]["summary"].as_str().unwrap_or_default();
        said.contains("The question AnswerUnknown is open")
            || said.contains("The question ProofTimeout is open")
    });
    patch(json!({"resolution": {"holdId": id, "decision": "GiveUp"}}));
    ends_within_half_a_minute(&bed, "rsc", "stop", "GivenUp");
}

/// The clock of the operator is three hours ahead of the cloud's, and it knows that; by
/// the cloud's there is an hour left.
#[test]
fn a_window_is_not_missed_by_a_clock_that_is_known_to_be_wrong() {
    let simulator = Config {
        date_offset: -3 * 3600,
        ..Config::default()
    };
    let mut bed = bed_with(
        "clock-ahead",
        BedOptions {
            simulator,
            ..BedOptions::default()
        },
    );
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    // The first look learns how far the clocks are apart.
    bed.start_operator();
    bed.apply(&bed.cancellation("first", "dcs-1", "task-1", "  mode: Plan\n"));
    bed.wait_until("the clocks are compared", || {
        bed.advance(seconds(5));
        ending(&bed.get("rsc", "first")).reason == "ClockSkew"
    });
    let left = bed.simulator.now().as_second() + 3600;
    let until = jiff::Timestamp::from_second(left).expect("a time");
    let schedule = format!("  schedule: {{notAfter: \"{until}\"}}\n");
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", &schedule));
    bed.wait_until("it waits for its clock", || {
        bed.advance(seconds(5));
        ending(&bed.get("rsc", "stop")).reason == "ClockSkew"
    });
    let object = bed.get("rsc", "stop");
    assert_eq!(ending(&object).outcome, "", "{object:#}");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0);
}

/// A plan that executing would not lead to what is asked for.
fn assert_failing_plan(bed: &Bed, kind: &str, name: &str, reason: &str, exit: i32) {
    bed.wait_until(&format!("the plan {name} is judged"), || {
        bed.advance(seconds(5));
        ending(&bed.get(kind, name)).reason == reason
    });
    let object = bed.get(kind, name);
    let found = ending(&object);
    assert_eq!(
        (&*found.state, &*found.outcome),
        ("Planned", ""),
        "{object:#}"
    );
    let conditions = ["Ready", "Stalled", "Succeeded", "Reconciling"];
    let conditions = conditions.map(|name| condition(&object, name));
    assert_eq!(
        conditions,
        ["False", "True", "Unknown", "False"],
        "{object:#}"
    );
    let said = errand(
        bed,
        &["wait", &format!("{kind}/{name}"), "--timeout", "30s"],
    );
    assert_eq!(said.code, exit, "{}{}", said.out, said.err);
}

#[test]
fn a_plan_reports_what_executing_it_would_fail_with() {
    let mut bed = order_bed("plans");
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    bed.start_operator();
    let plan = |name: &str, desktop: &str, product: &str, payment: &str| {
        let change = format!("{{resize: {{productId: {product}}}}}");
        let more = format!("  payment: {payment}\n  mode: Plan\n");
        bed.apply(&bed.order(name, desktop, &change, &more));
    };
    plan("wrong-product", "desk-1", "no-such-product", "Manual");
    assert_failing_plan(&bed, "dor", "wrong-product", "InvalidForTarget", 1);
    plan("no-desktop", "desk-9", crate::support::LARGER, "Manual");
    assert_failing_plan(&bed, "dor", "no-desktop", "TargetNotFound", 1);
    bed.apply(&bed.cancellation("no-instance", "dcs-9", "task-9", "  mode: Plan\n"));
    assert_failing_plan(&bed, "rsc", "no-instance", "TargetNotFound", 1);
    // It is still a plan: it can be corrected.
    plan("wrong-product", "desk-1", crate::support::LARGER, "Manual");
    bed.wait_until("the corrected plan is ready", || {
        bed.advance(seconds(5));
        ending(&bed.get("dor", "wrong-product")).reason == "PlanReady"
    });
    let object = bed.get("dor", "wrong-product");
    assert_eq!(condition(&object, "Ready"), "True", "{object:#}");
    let columns = bed.kubectl(&["get", "dor", "wrong-product", "-o", "wide"]);
    let heading = columns.lines().next().unwrap_or_default();
    assert!(heading.contains("PLAN COSTS MONEY"), "{columns}");
    let call = "CreateChangeOrder desktop_id=desk-1 is_auto_pay=false";
    let (before_message, _) = columns.split_once("Would be sent").expect("the message");
    assert!(before_message.contains(call), "{columns}");
    assert!(before_message.contains("true"), "{columns}");
    let said = errand(&bed, &["wait", "dor/wrong-product", "--timeout", "30s"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(orders(&bed), 0);
}

#[test]
fn a_plan_reports_what_executing_it_would_be_blocked_by() {
    let mut bed = order_bed("plans-blocked");
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    bed.apply(&bed.paying_connection("huawei-prod", "ManualPayment", CLUSTER));
    bed.start_operator();
    let manifest = resize(&bed, "automatic", "desk-1", "Automatic");
    bed.apply(&format!("{manifest}  mode: Plan\n"));
    assert_failing_plan(&bed, "dor", "automatic", "PaidOperationsForbidden", 2);
    bed.apply(&bed.paying_connection("huawei-prod", "AutomaticPayment", CLUSTER));
    bed.wait_until("the plan is judged again", || {
        bed.advance(seconds(5));
        ending(&bed.get("dor", "automatic")).reason == "PlanReady"
    });
    deny(&bed, &["dcs.ListBackgroundTask", "dcs.ShowInstance"]);
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.apply(&bed.cancellation("denied", "dcs-1", "task-1", "  mode: Plan\n"));
    assert_failing_plan(&bed, "rsc", "denied", "PermissionDenied", 2);
    assert_eq!(orders(&bed), 0);
    let ledgers: Value =
        serde_json::from_str(&bed.kubectl(&["get", "operationledgers", "-o", "json"]))
            .expect("kubectl prints JSON");
    assert_eq!(ledgers["items"], json!([]), "a plan claims nothing");
}

#[test]
fn a_plan_that_would_only_wait_stays_ready_and_says_for_what() {
    let mut bed = bed("plans-waiting");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.start_operator();
    let later = "  mode: Plan\n  schedule: {notBefore: \"2100-01-01T00:00:00Z\"}\n";
    bed.apply(&bed.cancellation("later", "dcs-1", "task-1", later));
    let object = bed.wait_at_rest("rsc", "later");
    assert_eq!(ending(&object).state, "Planned", "{object:#}");
    assert_eq!(condition(&object, "Ready"), "True", "{object:#}");
    assert!(summary(&object).contains("notBefore"), "{object:#}");
    let said = errand(&bed, &["wait", "rsc/later", "--timeout", "30s"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
}
