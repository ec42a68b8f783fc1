//! Each ending of an operation, and what was sent to get there.

use crate::support::{bed, ending};

const CANCEL: &str = "dcs.CancelInstanceResize";

#[test]
fn a_pending_change_is_cancelled_by_its_task_id_and_proven() {
    let mut bed = bed("cancelled");
    bed.seed_pending_change("dcs-1", "task-1", 3600);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    let journal = bed.simulator.journal();
    assert_eq!(
        ending(&object),
        ("Succeeded".into(), "Cancelled".into(), "Cancelled".into()),
        "{object:#}\n{journal}"
    );
    assert_eq!(journal.calls(CANCEL), 1, "{journal}");
    assert_eq!(journal.effects("dcs.cancel"), 1, "{journal}");
}
