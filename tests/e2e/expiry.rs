//! ttlAfterSuccess.

use errand_testbed::Bed;

use crate::support::{assert_ending, bed, ending, seconds};

fn succeeded(bed: &Bed, name: &str, metadata: &str) {
    bed.seed_pending_change(name, name, 48 * 3600);
    let manifest = bed.cancellation(name, name, name, "  ttlAfterSuccess: 2m\n");
    let metadata = format!("metadata: {{name: {name}{metadata}}}");
    bed.apply(&manifest.replace(&format!("metadata: {{name: {name}}}"), &metadata));
    let object = bed.wait_at_rest("rsc", name);
    assert_ending(bed, &object, "Succeeded", "Cancelled");
}

fn is_there(bed: &Bed, name: &str) -> bool {
    bed.try_kubectl(&["get", "rsc", name]).is_ok()
}

#[test]
fn an_object_that_succeeded_is_deleted_after_its_ttl_and_one_that_failed_is_not() {
    let mut bed = bed("ttl");
    bed.start_operator();
    succeeded(&bed, "done", "");
    bed.apply(&bed.cancellation("failed", "dcs-none", "task", "  ttlAfterSuccess: 2m\n"));
    let failed = bed.wait_at_rest("rsc", "failed");
    assert_ending(&bed, &failed, "Failed", "TargetNotFound");
    bed.advance(seconds(100));
    assert!(is_there(&bed, "done"), "its time has not come");
    // A restart does not forget it.
    bed.stop_operator();
    bed.start_operator();
    let mut advanced = 0;
    bed.wait_until("it is deleted", || {
        bed.advance(seconds(10));
        advanced += 10;
        !is_there(&bed, "done")
    });
    assert!(advanced >= 20, "not before its time");
    bed.advance(seconds(3600));
    assert!(is_there(&bed, "failed"));
    assert!(
        bed.writes()
            .iter()
            .filter(|write| *write == "delete resizecancellations")
            .count()
            == 1
    );
}

#[test]
fn an_object_that_a_tool_tracks_is_kept_and_an_event_says_so() {
    let mut bed = bed("tracked");
    bed.start_operator();
    let tracked = ", annotations: {argocd.argoproj.io/tracking-id: \"app:x:y\"}";
    succeeded(&bed, "tracked", tracked);
    bed.wait_until("an event says that it is kept", || {
        let events = bed.kubectl(&["get", "events", "-o", "yaml"]);
        events.contains("TtlNotApplied") && events.contains("Argo CD tracks this object")
    });
    succeeded(&bed, "plain", "");
    bed.wait_until("the other one is deleted", || {
        bed.advance(seconds(30));
        !is_there(&bed, "plain")
    });
    assert!(is_there(&bed, "tracked"));
}

#[test]
fn a_ttl_that_comes_later_counts_from_the_success() {
    let mut bed = bed("ttl-later");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.start_operator();
    let manifest = bed.cancellation("stop", "dcs-1", "task-1", "");
    bed.apply(&manifest);
    bed.wait_at_rest("rsc", "stop");
    bed.advance(seconds(3600));
    assert_eq!(ending(&bed.get("rsc", "stop")).outcome, "Cancelled");
    bed.apply(&format!("{manifest}  ttlAfterSuccess: 1h\n"));
    bed.wait_until("it is deleted", || !is_there(&bed, "stop"));
    let short = bed.try_apply(&format!("{manifest}  ttlAfterSuccess: 5s\n"));
    let short = short.expect_err("too short");
    assert!(
        short.contains("ttlAfterSuccess has to be at least 60s"),
        "{short}"
    );
}
