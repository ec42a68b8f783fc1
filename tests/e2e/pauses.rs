//! What a pause is counted from.

use std::fs;

use crate::replicas::pause_at;
use crate::support::*;

#[test]
fn a_pause_counts_from_what_decided_it_however_long_telling_it_takes() {
    let mut bed = bed("pause");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    reread(&bed, serde_json::json!({"cancel_visible_after": 900}));
    let (file, pause) = pause_at(&bed, "before:Announce:1");
    bed.start_operator_with(&[], &[("ERRAND_TEST_PAUSE", &pause)]);
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", "  verifyTimeout: 10m\n"));
    bed.wait_until("the question is stored and not told yet", || {
        bed.advance(seconds(10));
        bed.operator_log().contains("test pause")
    });
    assert_eq!(ending(&bed.get("rsc", "stop")).reason, "ProofTimeout");
    // Longer than a held operation is left alone.
    for _ in 0..4 {
        bed.advance(seconds(90));
    }
    fs::remove_file(file).expect("it was made above");
    // Time stands still from here on.
    bed.wait_until("the effect is seen", || {
        ending(&bed.get("rsc", "stop")).outcome == "Cancelled"
    });
}
