//! Every Held question.

use errand_simulator::{BatchPause, Fault, FaultKind, RefreshStatus, Seed, WorkspaceDesktop};

use super::*;
use crate::fixtures_of_this_version::kinds::{activity, desktop};

pub fn cases() -> Vec<Case> {
    vec![
        case(&DOR, "Held", "AnswerUnknown", |r| {
            lost(r, FaultKind::DropBefore)
        }),
        variant(&DOR, "Held", "AnswerUnknown", "placed-and-hidden", |r| {
            hide_effects(r);
            lost(r, FaultKind::DropAfter);
        }),
        // The next observation finds its order.
        variant(
            &DOR,
            "Held",
            "AnswerUnknown",
            "order-known-meanwhile",
            |r| {
                hide_effects(r);
                let lost = Fault::new(DOR.call, FaultKind::DropAfter);
                r.bed.simulator.fault(lost);
                r.seed(DOR.target());
                r.bed.start_operator();
                r.apply_wanting("Manual", "");
                settle(r, "Held");
                r.bed.kill_operator();
                let account = Account::new(ACCESS_KEY, SECRET_KEY).project(DCS_PROJECT);
                r.seed(Seed::new().account(account.domain(DOMAIN)));
            },
        ),
        variant(&DOR, "Held", "AnswerUnknown", "orphan", |r| {
            of_kinds::orphan(r);
            settle(r, "Held");
        }),
        variant(&DOR, "Held", "AnswerUnknown", "answered-while-away", |r| {
            lost(r, FaultKind::DropBefore);
            r.bed.kill_operator();
            r.resolve("SendAgain");
        }),
        case(&DOR, "Held", "NoRecord", |r| {
            r.seed(DOR.target());
            r.bed.start_operator();
            let manifest = DOR.manifest(&r.bed, "op", "Automatic", "");
            let label = "labels: {velero.io/restore-name: after-the-fire}";
            let labelled = format!("metadata: {{{label}, ");
            r.bed.apply(&manifest.replacen("metadata: {", &labelled, 1));
        }),
        case(&DOR, "Held", "LedgerConflict", |r| {
            hide_effects(r);
            r.seed(desktop(Seed::new(), WorkspaceDesktop::new("desk-1")));
            r.bed.start_operator();
            r.apply_wanting("Manual", "");
            r.bed.wait_until("it is accepted", || {
                r.object()["status"]["steps"][0]["answer"] == "Accepted"
            });
            r.bed.kubectl(&["delete", "operationledger", "--all"]);
        }),
        case(&IRF, "Held", "DesiredStateUnreachable", |r| {
            usual(r, "");
            r.until("Cancelled");
            r.apply_wanting("Completed", "");
        }),
        case(&IRF, "Held", "RefreshPausedOnFailure", |r| {
            let failed = activity().standing(RefreshStatus::FailedPause, 2);
            r.seed(Seed::new().refresh(failed));
            r.bed.start_operator();
            r.apply_wanting("Completed", "");
        }),
        case(&IRF, "Held", "RefreshPausedAtBatch", |r| {
            let paused = activity().batch_pause(BatchPause::BatchIntervalPause);
            r.seed(Seed::new().refresh(paused.standing(RefreshStatus::AutoPause, 2)));
            r.bed.start_operator();
            r.apply_wanting("Completed", "");
        }),
        variant(
            &IRF,
            "Held",
            "RefreshPausedAtBatch",
            "answered-while-away",
            |r| {
                let paused = activity().standing(RefreshStatus::AutoPause, 2);
                r.seed(Seed::new().refresh(paused));
                r.bed.start_operator();
                r.apply_wanting("Completed", "");
                r.until("RefreshPausedAtBatch");
                r.bed.kill_operator();
                r.resolve("Continue");
            },
        ),
        case(&SIR, "Held", "DesiredStateUnreachable", |r| {
            r.step = 1;
            usual(r, "");
            r.until("Cancelled");
            r.apply_wanting("Reserved", "");
        }),
    ]
}

/// An order of which nobody can know whether it was placed.
fn lost(r: &mut Recording, kind: FaultKind) {
    r.bed.simulator.fault(Fault::new(DOR.call, kind));
    r.seed(desktop(Seed::new(), slow_desktop()));
    r.bed.start_operator();
    r.apply("");
    settle(r, "Held");
}
