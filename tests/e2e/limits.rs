//! policy.maxConcurrent of a connection.

use errand_simulator::WorkspaceDesktop;
use errand_testbed::CLUSTER;

use crate::support::*;

#[test]
fn what_an_earlier_process_started_of_one_kind_counts_for_another_kind() {
    let mut bed = bed("limited-kinds");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    reread(&bed, serde_json::json!({"cancel_visible_after": 1800}));
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    let connection = bed.paying_connection("huawei-prod", "AutomaticPayment", CLUSTER);
    bed.apply(&connection.replace("policy: {", "policy: {maxConcurrent: 1, "));
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("it is under way", || {
        ending(&bed.get("rsc", "stop")).state == "Verifying"
    });
    bed.kill_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    bed.start_operator();
    until_order(&bed, "bigger", "ConcurrencyLimit");
    assert_eq!(orders(&bed), 0, "{}", bed.simulator.journal());
    bed.wait_until("the cancellation has ended and the order with it", || {
        bed.advance(seconds(60));
        ending(&bed.get("dor", "bigger")).outcome == "Delivered"
    });
    assert_eq!(ending(&bed.get("rsc", "stop")).outcome, "Cancelled");
}
