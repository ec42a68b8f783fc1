//! Every kind can be planned, suspended, blocked and behind its last change, and sends
//! nothing then.

use errand_simulator::{CloudDcInstance, RefreshActivity, Reservation, Seed, WorkspaceDesktop};
use errand_testbed::{Bed, CLUSTER, DCS_PROJECT};

use crate::support::*;

/// An operation of that kind with this in its spec.
fn operation(bed: &Bed, kind: &str, name: &str, more: &str) -> String {
    match kind {
        "rsc" => bed.cancellation(name, "dcs-1", "task-1", more),
        "dor" => {
            let change = format!("{{resize: {{productId: {LARGER}}}}}");
            bed.order(
                name,
                "desk-1",
                &change,
                &format!("  payment: Manual\n{more}"),
            )
        }
        "iob" => bed.observation(name, "i-1", more),
        "irf" => bed.refresh(name, "asg-1", "asr-1", "Cancelled", more),
        "sir" => bed.reservation(name, "esi-1", "Cancelled", more),
        new => panic!("give {new} a manifest here, and the cloud what it is about below"),
    }
}

/// Of each kind.
fn until_all_are(bed: &Bed, name: &str, state: &str) {
    for kind in &bed.operation_kinds() {
        bed.wait_until(&format!("{kind}/{name} is {state}"), || {
            let object = bed.get(kind, name);
            let observed = &object["status"]["observedGeneration"];
            *observed == object["metadata"]["generation"] && ending(&object).state == state
        });
    }
}

#[test]
fn each_kind_is_planned_suspended_blocked_and_behind_without_anything_being_sent() {
    let mut bed = bed("standings");
    bed.connect_all_clouds();
    bed.apply(&bed.paying_connection("huawei-prod", "AutomaticPayment", CLUSTER));
    bed.seed_pending_change("dcs-1", "task-1", 24 * 3600);
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    let seed = Seed::new()
        .clouddc(DCS_PROJECT, CloudDcInstance::new("i-1"))
        .refresh(RefreshActivity::new("asg-1", "asr-1").batches(3, 600))
        .reservation(Reservation::esi("esi-1"));
    bed.simulator.seed(seed);
    bed.start_operator();
    let kinds = bed.operation_kinds();
    for kind in &kinds {
        bed.apply(&operation(&bed, kind, "plan", "  mode: Plan\n"));
        bed.apply(&operation(&bed, kind, "halt", "  suspend: true\n"));
    }
    until_all_are(&bed, "plan", "Planned");
    until_all_are(&bed, "halt", "Suspended");

    bed.stop_operator();
    for kind in &kinds {
        let both = "  mode: Plan\n  suspend: true\n";
        bed.apply(&operation(&bed, kind, "plan", both));
        let object = bed.get(kind, "plan");
        assert_eq!(object["metadata"]["generation"], 2);
        assert_eq!(object["status"]["observedGeneration"], 1, "{object:#}");
    }
    bed.kubectl(&["delete", "secret", "huawei-key"]);
    bed.start_operator();
    until_all_are(&bed, "plan", "Suspended");
    for kind in &kinds {
        bed.apply(&operation(&bed, kind, "lacks-a-key", ""));
    }
    until_all_are(&bed, "lacks-a-key", "Blocked");
    let journal = bed.simulator.journal();
    assert!(journal.all_effects().is_empty(), "{journal}");
}
