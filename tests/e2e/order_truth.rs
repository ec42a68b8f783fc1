//! No second order beside one that is open, whoever placed it; and what the words of
//! Workspace and BSS mean.

use errand_simulator::{
    DesktopChange, DesktopOrderSeed, Fault, FaultKind, OrderAction, OrderTiming, Seed, When,
    WorkspaceDesktop,
};
use errand_testbed::{Bed, DCS_PROJECT};
use serde_json::{Value, json};

use crate::command::errand;
use crate::replays::unpaid;
use crate::support::*;
use crate::tenants::Cluster;

fn no_open_ledger_or_object(bed: &Bed) {
    bed.kubectl(&["delete", "dor", "--all"]);
    bed.kubectl(&["delete", "operationledger", "--all"]);
}

fn to_the_larger() -> DesktopChange {
    DesktopChange::Resize {
        product_id: LARGER.into(),
    }
}

/// An order for a desktop that a colleague placed an hour ago.
fn colleague(bed: &Bed, desktop: &str, id: &str, status: Option<u8>) {
    let mut order = DesktopOrderSeed::new(DCS_PROJECT, desktop, to_the_larger())
        .id(id)
        .created(When::In(-3600));
    order.status = status;
    bed.simulator.seed(Seed::new().desktop_order(order));
}

#[track_caller]
fn assert_blocked_by(bed: &Bed, object: &Value, order: &str) {
    assert_eq!(ending(object).state, "Blocked", "{object:#}");
    assert_eq!(ending(object).reason, "TargetBlocked", "{object:#}");
    let said = summary(object);
    assert!(said.contains(&format!("Order {order}")), "{said}");
    assert!(said.contains("pay it or cancel it"), "{said}");
    let journal = bed.simulator.journal();
    assert!(journal.effects("workspace.order") <= 1, "{journal}");
}

#[test]
fn in_a_cluster_rebuilt_from_git_the_first_order_blocks_a_second_one() {
    let bed = unpaid("rebuilt");
    let first = bed.simulator.orders("desk-1")[0].order_id.clone();
    no_open_ledger_or_object(&bed);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    let object = until_order(&bed, "bigger", "TargetBlocked");
    assert_blocked_by(&bed, &object, &first);
    pay(&bed, "desk-1");
    let object = until_order(&bed, "bigger", "AlreadySatisfied");
    assert_ending(&bed, &object, "Succeeded", "AlreadySatisfied");
    assert_eq!(orders(&bed), 1, "{}", bed.simulator.journal());
}

#[test]
fn a_colleagues_open_order_for_the_desktop_is_named_and_waited_for() {
    let mut bed = order_bed("colleague");
    for (desktop, status, reason) in [
        ("desk-6", None, "TargetBlocked"),
        ("desk-8", Some(8), "TargetBlocked"),
        ("desk-1", Some(1), "TargetBusy"),
        ("desk-0", Some(0), "TargetBusy"),
    ] {
        seed_desktop(&bed, WorkspaceDesktop::new(desktop));
        colleague(&bed, desktop, &format!("CS-{desktop}"), status);
        bed.apply(&resize(&bed, desktop, desktop, "Automatic"));
        if bed.simulator.journal().all_calls().is_empty() {
            bed.start_operator();
        }
        let object = until_order(&bed, desktop, reason);
        let said = summary(&object);
        assert!(said.contains(&format!("Order CS-{desktop} ")), "{said}");
    }
    // Also by what a plan comes to, and by `errand why`.
    let plan = resize(&bed, "plan", "desk-6", "Automatic") + "  mode: Plan\n";
    bed.apply(&plan);
    until_order(&bed, "plan", "TargetBlocked");
    let why = errand(&bed, &["why", "dor/plan"]);
    assert!(why.out.contains("CS-desk-6"), "{}", why.out);
    assert_eq!(bed.simulator.journal().calls(ORDER), 0);
    for desktop in ["desk-6", "desk-1"] {
        let order = format!("CS-{desktop}");
        bed.simulator.act_on_order(&order, OrderAction::Status(4));
        until_order(&bed, desktop, "Delivered");
    }
    assert_eq!(orders(&bed), 2, "{}", bed.simulator.journal());
}

#[test]
fn an_unpaid_order_whose_manifest_moves_to_another_namespace_stays_the_only_one() {
    let mut cluster = Cluster::start("moved");
    seed_desktop(&cluster.bed, WorkspaceDesktop::new("desk-1"));
    let order = resize(&cluster.bed, "bigger", "desk-1", "Manual");
    cluster.bed.start_operator();
    for team in ["team-a", "team-b"] {
        cluster.tenant(team, &cluster.connection());
    }
    cluster.apply("team-a", &order);
    cluster.wait_for("team-a", "bigger", "WaitingForPayment");
    let first = cluster.bed.simulator.orders("desk-1")[0].order_id.clone();
    cluster.delete("team-a", "dor/bigger");
    cluster.apply("team-b", &order);
    let object = cluster.wait_for("team-b", "bigger", "TargetBlocked");
    assert_blocked_by(&cluster.bed, &object, &first);
    pay(&cluster.bed, "desk-1");
    let object = cluster.wait_for("team-b", "bigger", "AlreadySatisfied");
    assert_ending(&cluster.bed, &object, "Succeeded", "AlreadySatisfied");
    assert_eq!(orders(&cluster.bed), 1);
}

#[test]
fn an_order_that_is_to_be_paid_otherwise_waits_for_the_first_without_bss_too() {
    let mut bed = order_bed("paid-otherwise");
    deny(&bed, &["bss."]);
    reread_of(&bed, "workspace", json!({"job_id_in_answer": true}));
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    until_order(&bed, "bigger", "Verifying");
    let first = bed.simulator.orders("desk-1")[0].order_id.clone();
    bed.kubectl(&["delete", "dor", "bigger"]);
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    let object = until_order(&bed, "bigger", "TargetBusy");
    let said = summary(&object);
    assert!(said.contains(&format!("Order {first} ")), "{said}");
    assert!(said.contains("its job is WAITING"), "{said}");
    pay(&bed, "desk-1");
    let object = until_order(&bed, "bigger", "AlreadySatisfied");
    assert_ending(&bed, &object, "Succeeded", "AlreadySatisfied");
    assert_eq!(orders(&bed), 1, "{}", bed.simulator.journal());
}

#[test]
fn where_open_orders_cannot_be_checked_plan_and_why_say_so() {
    let mut bed = order_bed("unchecked");
    deny(&bed, &["bss."]);
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1").on_demand());
    bed.start_operator();
    let plan = resize(&bed, "bigger", "desk-1", "Automatic") + "  mode: Plan\n";
    bed.apply(&plan);
    let unchecked =
        "The account's open orders could not be checked (ListCustomerOrders: CBC.0151: ";
    let permission = "it needs the permission bss:order:view";
    let unnoticed = "so an open order for desktop desk-1 would not be noticed.";
    let assumed = "charged on demand: the call is documented for yearly and monthly desktops";
    let object = until_said(&bed, "bigger", unchecked);
    let error = &object["status"]["lastCloudError"];
    assert_eq!(error["call"], "ListCustomerOrders", "{object:#}");
    assert_eq!(error["code"], "CBC.0151", "{object:#}");
    let why = errand(&bed, &["why", "dor/bigger"]);
    let text = why.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [unchecked, permission, unnoticed, assumed] {
        assert!(text.contains(said), "{}", why.out);
    }
    assert_eq!(bed.simulator.journal().calls(ORDER), 0);
}

#[test]
fn send_again_waits_until_an_open_order_for_the_desktop_is_over() {
    let mut bed = order_bed("again-waits");
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    bed.simulator
        .fault(Fault::new(ORDER, FaultKind::DropBefore));
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    until_order(&bed, "bigger", "ResolvingAnswer");
    let object = settle(&bed, "bigger");
    assert_held(
        &bed,
        &object,
        "AnswerUnknown",
        &["SendAgain", "AssumeDone", "GiveUp"],
    );
    colleague(&bed, "desk-1", "CS-theirs", None);
    resolve(&bed, "bigger", "SendAgain");
    let object = until_said(&bed, "bigger", "Order CS-theirs ");
    assert_eq!(ending(&object).reason, "AnswerUnknown", "{object:#}");
    assert_eq!(bed.simulator.journal().calls(ORDER), 1, "not sent yet");
    bed.simulator.act_on_order("CS-theirs", OrderAction::Cancel);
    let object = until_order(&bed, "bigger", "Delivered");
    assert_ending(&bed, &object, "Succeeded", "Delivered");
    assert_eq!(orders(&bed), 1, "{}", bed.simulator.journal());
}

#[test]
fn a_job_that_fails_is_order_failed_in_every_word_with_the_reason_of_its_part() {
    for (words, after_failure) in [
        ("client", "cancelled"),
        ("client", "processing"),
        ("parts", "processing"),
    ] {
        let mut bed = order_bed("job-words");
        reread_of(
            &bed,
            "workspace",
            json!({"job_words": words, "job_id_in_answer": true}),
        );
        reread_of(
            &bed,
            "bss",
            json!({"after_failure": after_failure, "times": "null"}),
        );
        seed_desktop(&bed, WorkspaceDesktop::new("desk-1").jobs_fail());
        bed.start_operator();
        bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
        let object = until_order(&bed, "bigger", "OrderFailed");
        assert_ending(&bed, &object, "Failed", "OrderFailed");
        let said = summary(&object);
        assert!(said.contains("(WKS.0001: The job failed.)"), "{said}");
    }
}

#[test]
fn an_order_that_waits_for_approval_is_in_review_however_long() {
    let mut bed = order_bed("approval");
    let timing = OrderTiming {
        review_for: 48 * 3600,
        ..OrderTiming::default()
    };
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1").timing(timing));
    bed.start_operator();
    let order = resize(&bed, "bigger", "desk-1", "Automatic") + "  verifyTimeout: 10m\n";
    bed.apply(&order);
    until_order(&bed, "bigger", "OrderInReview");
    let id = bed.simulator.orders("desk-1")[0].order_id.clone();
    bed.simulator.act_on_order(&id, OrderAction::Status(8));
    until_said(&bed, "bigger", "waits for approval");
    pass_hours(&bed, 3);
    await_look(&bed);
    let object = bed.get("dor", "bigger");
    assert_eq!(ending(&object).state, "Waiting", "{object:#}");
    assert_eq!(ending(&object).reason, "OrderInReview", "{object:#}");
    let word = &object["status"]["observed"]["orderStatus"];
    assert_eq!(word, "PendingApproval", "{object:#}");
}

#[test]
fn a_desktop_that_could_not_be_deleted_is_blocked_and_not_waited_for() {
    let mut bed = order_bed("delete-failed");
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1").delete_failed());
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    let object = until_order(&bed, "bigger", "TargetBlocked");
    assert_eq!(ending(&object).state, "Blocked", "{object:#}");
    assert!(summary(&object).contains("deleteFailed"), "{object:#}");
    assert_eq!(bed.simulator.journal().calls(ORDER), 0);
}

#[test]
fn an_order_that_stays_processing_is_given_up_at_once_and_named() {
    let mut bed = order_bed("stuck");
    let timing = OrderTiming {
        waits_for: 30 * 86_400,
        ..OrderTiming::default()
    };
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1").timing(timing));
    bed.start_operator();
    let order = resize(&bed, "bigger", "desk-1", "Automatic") + "  verifyTimeout: 10m\n";
    bed.apply(&order);
    let object = until_order(&bed, "bigger", "ProofTimeout");
    assert_held(
        &bed,
        &object,
        "ProofTimeout",
        &["LookAgain", "AssumeDone", "GiveUp"],
    );
    resolve(&bed, "bigger", "GiveUp");
    bed.wait_until("it is given up", || {
        ending(&bed.get("dor", "bigger")).outcome == "GivenUp"
    });
    let object = bed.get("dor", "bigger");
    let id = bed.simulator.orders("desk-1")[0].order_id.clone();
    let said = summary(&object);
    assert!(
        said.contains(&format!("Order {id} stays at the cloud (Processing)")),
        "{said}"
    );
    assert_eq!(orders(&bed), 1);
}

#[test]
fn a_lost_answer_whose_order_is_found_unpaid_is_asked_about_no_more() {
    let mut bed = order_bed("found-unpaid");
    reread_of(&bed, "bss", json!({"visible_after": 20 * 3600}));
    bed.simulator.fault(Fault::new(ORDER, FaultKind::DropAfter));
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Manual"));
    until_order(&bed, "bigger", "ResolvingAnswer");
    let object = settle(&bed, "bigger");
    assert_held(
        &bed,
        &object,
        "AnswerUnknown",
        &["SendAgain", "AssumeDone", "GiveUp"],
    );
    pass_hours(&bed, 18);
    let object = until_order(&bed, "bigger", "WaitingForPayment");
    assert_eq!(ending(&object).state, "Waiting", "{object:#}");
    assert!(object["status"]["hold"].is_null(), "{object:#}");
    assert_eq!(object["status"]["steps"][0]["answer"], "Accepted");
    assert_eq!(orders(&bed), 1);
}

/// It was seen unpaid, then BSS may not be read any more.
#[test]
fn an_unpaid_order_that_is_given_up_is_named_with_its_deadline() {
    let mut bed = order_bed("left-unpaid");
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    bed.start_operator();
    let order = resize(&bed, "bigger", "desk-1", "Manual") + "  verifyTimeout: 10m\n";
    bed.apply(&order);
    let object = until_order(&bed, "bigger", "WaitingForPayment");
    let deadline = object["status"]["observed"]["paymentDeadline"].clone();
    let deadline = deadline.as_str().expect("a deadline");
    deny(&bed, &["bss."]);
    until_order(&bed, "bigger", "ProofTimeout");
    resolve(&bed, "bigger", "GiveUp");
    bed.wait_until("it is given up", || {
        ending(&bed.get("dor", "bigger")).outcome == "GivenUp"
    });
    let object = bed.get("dor", "bigger");
    let id = bed.simulator.orders("desk-1")[0].order_id.clone();
    let said = summary(&object);
    assert!(
        said.contains(&format!(
            "Order {id} stays open at the cloud and can be paid until {deadline}"
        )),
        "{said}"
    );
    // It stays payable, so no other is placed, whatever its key.
    deny(&bed, &[]);
    let again = resize(&bed, "again", "desk-1", "Manual") + "  operationKey: again\n";
    bed.apply(&again);
    let object = until_order(&bed, "again", "TargetBlocked");
    assert_blocked_by(&bed, &object, &id);
    assert_eq!(orders(&bed), 1);
}

/// Ids of colleagues' orders begin like this, and no other does.
const THEIRS: &str = "CS-theirs-";

#[test]
fn three_hundred_orders_at_once_ask_little_of_bss_before_they_are_placed() {
    const OURS: usize = 300;
    let mut bed = order_bed("crowd");
    let mut seed = Seed::new();
    for n in 0..40 {
        let desktop = format!("their-{n}");
        let order = DesktopOrderSeed::new(DCS_PROJECT, &desktop, to_the_larger());
        let order = order.id(format!("{THEIRS}{n}")).created(When::In(-3600));
        seed = seed
            .desktop(DCS_PROJECT, WorkspaceDesktop::new(&desktop))
            .desktop_order(order);
    }
    let mut manifests = String::new();
    for n in 0..OURS {
        let desktop = format!("desk-{n}");
        seed = seed.desktop(DCS_PROJECT, WorkspaceDesktop::new(&desktop));
        manifests += &format!("---\n{}", resize(&bed, &desktop, &desktop, "Manual"));
    }
    bed.simulator.seed(seed);
    seed_desktop(&bed, WorkspaceDesktop::new("desk-0"));
    bed.apply(&manifests);
    bed.start_operator();
    for placed in (50..=OURS).step_by(50) {
        bed.wait_until("more are placed", || orders(&bed) >= placed);
    }
    let journal = bed.simulator.journal();
    let looked_into = journal.calls_on("bss.ShowOrder", THEIRS);
    let lists = journal.calls("bss.ListOrders");
    assert_eq!(looked_into, 40, "each once");
    assert!(looked_into + lists <= 60, "{lists} lists");
    assert_eq!(journal.calls("bss.ListResources"), 0);
    assert_eq!(journal.calls(ORDER), OURS);
    let last = journal
        .all_calls()
        .iter()
        .rposition(|call| call.api == ORDER);
    let before = &journal.all_calls()[..last.unwrap_or_default()];
    let bss = before.iter().filter(|call| call.api.starts_with("bss."));
    eprintln!(
        "{lists} lists, {looked_into} of theirs, {} calls to BSS before the last order",
        bss.count()
    );
}
