//! States of one kind only, except its questions.

use errand_simulator::{
    CloudDcInstance, CloudDcStatus, DcsInstance, Fault, FaultKind, FinishedTask, OrderTiming,
    PendingChange, RefreshAction, RefreshBatch, RefreshStatus, Reservation, Seed, When,
    WorkspaceDesktop,
};
use errand_testbed::DCS_PROJECT;

use super::*;
use crate::fixtures_of_this_version::kinds::{activity, desktop, instance};
use crate::support::LARGER;

pub fn cases() -> Vec<Case> {
    let mut all = resize_cancellations();
    all.extend(desktop_orders());
    all.extend(instance_refreshes());
    all.extend(reservations());
    all.extend(observations());
    all
}

fn dcs(instance: DcsInstance) -> Seed {
    Seed::new().dcs(DCS_PROJECT, instance)
}

/// Seeds this, starts the operator and applies the usual operation.
fn with(r: &mut Recording, seed: Seed, wanted: &str, more: &str) {
    r.seed(seed);
    r.bed.start_operator();
    r.apply_wanting(wanted, more);
}

const BY_TASK: &str = "taskId: task-1";
const BY_TIME: &str = "pendingChange: {createdBefore: \"2099-01-01T00:00:00Z\"}";

fn resize_cancellations() -> Vec<Case> {
    let finished = |status: &'static str| {
        move |r: &mut Recording| {
            let task = FinishedTask::new("task-1", status, 600);
            with(
                r,
                dcs(DcsInstance::new("dcs-1").finished(task)),
                BY_TASK,
                "",
            );
        }
    };
    vec![
        case(&RSC, "Succeeded", "Cancelled", |r| usual(r, "")),
        variant(&RSC, "Succeeded", "Cancelled", "pending-change", |r| {
            with(r, dcs(instance()), BY_TIME, "");
        }),
        case(&RSC, "Succeeded", "AlreadySatisfied", finished("CANCELLED")),
        case(&RSC, "Failed", "TooLate", finished("SUCCESS")),
        case(&RSC, "Failed", "ChangeFailed", finished("FAILED")),
        case(&RSC, "Failed", "InvalidForTarget", |r| {
            let mut task = FinishedTask::new("task-1", "SUCCESS", 600);
            task.name = Some("RestartInstance".into());
            with(
                r,
                dcs(DcsInstance::new("dcs-1").finished(task)),
                BY_TASK,
                "",
            );
        }),
        case(&RSC, "Waiting", "MaintenanceWindow", |r| {
            let instance = DcsInstance::new("dcs-1").window("11:00:00", "14:00:00");
            let instance = instance.pending_change("task-1", "redis.big", 48 * 3600);
            with(r, dcs(instance), BY_TASK, "");
        }),
        case(&RSC, "Waiting", "TargetBusy", |r| {
            let change = PendingChange::new("task-1", "redis.big", 60).runs_for(1200);
            r.seed(dcs(DcsInstance::new("dcs-1").change(change)));
            r.bed.advance(seconds(120));
            r.bed.start_operator();
            r.apply("");
        }),
        case(&RSC, "Blocked", "TargetBlocked", |r| {
            let unpaid = Fault::new(RSC.call, error(400, "DCS.4107"));
            r.bed.simulator.fault(unpaid.always());
            usual(r, "");
        }),
        variant(&RSC, "Blocked", "CredentialsMissing", "half", |r| {
            r.bed.kubectl(&["delete", "secret", "huawei-key"]);
            let half = "--from-literal=secretKey=only-half";
            r.bed
                .kubectl(&["create", "secret", "generic", "huawei-key", half]);
            let label = "errand.cloud/credentials=true";
            r.bed.kubectl(&["label", "secret", "huawei-key", label]);
            usual(r, "");
        }),
        variant(&RSC, "Blocked", "CredentialsRejected", "locked", |r| {
            r.step = 0;
            let locked = FaultKind::Error {
                status: 401,
                code: "APIGW.0301".into(),
                message: "AK access failed to reach the limit,forbidden.".into(),
            };
            r.bed.simulator.fault(Fault::new("dcs.", locked).always());
            usual(r, "");
        }),
        case(&RSC, "Waiting", "ConcurrencyLimit", |r| {
            hide_effects(r);
            r.connect_with("policy: {maxConcurrent: 1}");
            let other = DcsInstance::new("dcs-2").pending_change("task-2", "redis.big", 48 * 3600);
            r.seed(dcs(other));
            r.bed.start_operator();
            r.bed
                .apply(&r.bed.cancellation("first", "dcs-2", "task-2", ""));
            r.bed.wait_until("the first is under way", || {
                ending(&r.bed.get("rsc", "first")).state == "Verifying"
            });
            r.seed(dcs(instance()));
            r.apply("");
        }),
        case(&RSC, "Verifying", "ResolvingAnswer", |r| {
            let lost = Fault::new(RSC.call, FaultKind::DropBefore);
            r.bed.simulator.fault(lost);
            let refused = Fault::new(RSC.call, error(400, "DCS.4070"));
            r.bed.simulator.fault(refused.always());
            usual(r, "");
        }),
        variant(&RSC, "Planned", "PlanReady", "pending-change", |r| {
            with(r, dcs(instance()), BY_TIME, "  mode: Plan\n");
        }),
        variant(&RSC, "Executing", "Executing", "pending-change-sent", |r| {
            r.step = 0;
            r.seed(dcs(instance()));
            let (_, pause) = pause_at(&r.bed, "after:Send:1");
            r.bed
                .start_operator_with(&[], &[("ERRAND_TEST_PAUSE", &pause)]);
            r.apply_wanting(BY_TIME, "");
            r.bed.wait_until("it waits there", || {
                r.bed.operator_log().contains("test pause")
            });
        }),
        variant(&RSC, "Verifying", "Verifying", "pending-change", |r| {
            hide_effects(r);
            with(r, dcs(instance()), BY_TIME, "");
        }),
    ]
}

fn timed(timing: OrderTiming) -> WorkspaceDesktop {
    WorkspaceDesktop::new("desk-1").timing(timing)
}

fn desktop_orders() -> Vec<Case> {
    let ordering = |timing: OrderTiming, payment: &'static str| {
        move |r: &mut Recording| {
            with(r, desktop(Seed::new(), timed(timing)), payment, "");
        }
    };
    let usual_timing = OrderTiming::default();
    let at_once = OrderTiming {
        runs_for: 0,
        ..usual_timing
    };
    let lapses = OrderTiming {
        pay_within: 1800,
        ..usual_timing
    };
    let reviewed = OrderTiming {
        review_for: 48 * 3600,
        ..usual_timing
    };
    let waits = OrderTiming {
        waits_for: 48 * 3600,
        ..usual_timing
    };
    vec![
        case(
            &DOR,
            "Succeeded",
            "Delivered",
            ordering(at_once, "Automatic"),
        ),
        case(
            &DOR,
            "Waiting",
            "WaitingForPayment",
            ordering(usual_timing, "Manual"),
        ),
        case(&DOR, "Failed", "OrderCancelled", move |r| {
            r.step = 60;
            ordering(lapses, "Manual")(r);
        }),
        case(
            &DOR,
            "Waiting",
            "OrderInReview",
            ordering(reviewed, "Automatic"),
        ),
        case(
            &DOR,
            "Waiting",
            "OrderProcessing",
            ordering(waits, "Automatic"),
        ),
        case(&DOR, "Failed", "OrderFailed", |r| {
            let seed = desktop(Seed::new(), WorkspaceDesktop::new("desk-1").jobs_fail());
            with(r, seed, "Automatic", "");
        }),
        case(&DOR, "Succeeded", "AlreadySatisfied", |r| {
            let seed = desktop(Seed::new(), WorkspaceDesktop::new("desk-1").product(LARGER));
            with(r, seed, "Automatic", "");
        }),
        case(&DOR, "Failed", "AlreadyPrepaid", |r| {
            r.seed(DOR.target());
            r.bed.start_operator();
            let change = "{subscribe: {unit: Month, count: 1}}";
            r.bed.apply(
                &r.bed
                    .order("op", "desk-1", change, "  payment: Automatic\n"),
            );
        }),
        case(&DOR, "Failed", "InvalidForTarget", |r| {
            r.seed(DOR.target());
            r.bed.start_operator();
            let change = "{expandVolume: {volumeId: vol-9, sizeGiB: 200}}";
            r.bed.apply(
                &r.bed
                    .order("op", "desk-1", change, "  payment: Automatic\n"),
            );
        }),
        case(&DOR, "Blocked", "PaidOperationsForbidden", |r| {
            r.bed.apply(&r.bed.connection("huawei-prod"));
            usual(r, "");
        }),
        case(&DOR, "Waiting", "TargetBusy", |r| {
            let busy = WorkspaceDesktop::new("desk-1").busy("rebooting", 48 * 3600);
            with(r, desktop(Seed::new(), busy), "Automatic", "");
        }),
        case(&DOR, "Waiting", "TargetLocked", |r| {
            r.seed(DOR.target());
            r.bed.start_operator();
            r.bed.apply(&DOR.manifest(&r.bed, "first", "Manual", ""));
            r.bed.wait_until("the first is unpaid", || {
                r.bed.advance_if_led(seconds(5));
                ending(&r.bed.get("dor", "first")).reason == "WaitingForPayment"
            });
            r.bed.apply(&disk(r));
        }),
        case(&DOR, "Failed", "AlreadyExecuted", move |r| {
            with(r, desktop(Seed::new(), timed(at_once)), "Automatic", "");
            r.until("Delivered");
            r.bed.kubectl(&["delete", "dor", "op"]);
            r.seed(desktop(Seed::new(), timed(at_once)));
            r.note("The desktop was changed back after its order.");
            r.apply("");
        }),
        case(&DOR, "Failed", "OperationKeyReused", move |r| {
            with(
                r,
                desktop(Seed::new(), timed(at_once)),
                "Automatic",
                "  operationKey: k\n",
            );
            r.until("Delivered");
            r.bed.kubectl(&["delete", "dor", "op"]);
            r.bed.apply(&(disk(r) + "  operationKey: k\n"));
        }),
        case(&DOR, "Blocked", "LedgerFull", move |r| {
            with(r, desktop(Seed::new(), timed(at_once)), "Automatic", "");
            r.until("Delivered");
            let mut ledger = r.bed.list("operationledger")[0].clone();
            let first = ledger["spec"]["entries"][0].clone();
            let entries = ledger["spec"]["entries"].as_array_mut().expect("entries");
            for n in 1..256 {
                let mut entry = first.clone();
                entry["stepId"] = format!("earlier-{n}").into();
                entry["operationKey"] = format!("{n:064}").into();
                entries.push(entry);
            }
            let arguments = ["replace", "-n", &r.bed.namespace, "-f", "-"];
            let plane = errand_testbed::shared_plane();
            let output = plane.kubectl_output(&arguments, Some(&ledger.to_string()));
            assert!(output.status.success(), "{output:?}");
            r.bed.kubectl(&["delete", "dor", "op"]);
            r.seed(desktop(Seed::new(), timed(at_once)));
            r.apply("  operationKey: another\n");
        }),
        case(&DOR, "Verifying", "ResolvingAnswer", |r| {
            let lost = Fault::new(DOR.call, FaultKind::DropBefore);
            r.bed.simulator.fault(lost);
            usual(r, "");
        }),
        variant(
            &DOR,
            "Verifying",
            "ResolvingAnswer",
            "placed-and-hidden",
            |r| {
                hide_effects(r);
                let lost = Fault::new(DOR.call, FaultKind::DropAfter);
                r.bed.simulator.fault(lost);
                with(r, desktop(Seed::new(), slow_desktop()), "Automatic", "");
            },
        ),
        variant(&DOR, "Verifying", "ResolvingAnswer", "orphan", |r| {
            r.step = 1;
            orphan(r);
        }),
    ]
}

/// An order for another change of the same desktop.
pub fn disk(r: &Recording) -> String {
    let volume = crate::support::volume_id("root-desk-1");
    let change = format!("{{expandVolume: {{volumeId: {volume}, sizeGiB: 100}}}}");
    r.bed
        .order("op", "desk-1", &change, "  payment: Automatic\n")
}

/// A call whose answer was lost, of an object that is gone; another one finds its claim.
pub fn orphan(r: &mut Recording) {
    hide_effects(r);
    let lost = Fault::new(DOR.call, FaultKind::DropAfter);
    r.bed.simulator.fault(lost);
    with(r, desktop(Seed::new(), slow_desktop()), "Automatic", "");
    r.until("ResolvingAnswer");
    r.bed.kubectl(&["delete", "dor", "op"]);
    r.bed.apply(&disk(r));
}

fn instance_refreshes() -> Vec<Case> {
    let refresh = |activity| Seed::new().refresh(activity);
    vec![
        case(&IRF, "Waiting", "RefreshRunning", move |r| {
            with(r, refresh(activity()), "Completed", "");
        }),
        case(&IRF, "Waiting", "TargetBusy", move |r| {
            // Stopped, and its batch still runs: the first call of two was made.
            r.step = 0;
            with(r, refresh(activity()), "Cancelled", "");
        }),
        case(&IRF, "Verifying", "ResolvingAnswer", |r| {
            resume(r, FaultKind::DropBefore);
        }),
        case(&IRF, "Succeeded", "Cancelled", |r| usual(r, "")),
        case(&IRF, "Succeeded", "Paused", move |r| {
            with(r, refresh(activity()), "Paused", "");
        }),
        case(&IRF, "Succeeded", "Completed", move |r| {
            r.step = 60;
            with(r, refresh(activity()), "Completed", "");
        }),
        case(&IRF, "Succeeded", "AlreadySatisfied", move |r| {
            let cancelled = activity().standing(RefreshStatus::Cancelled, 1);
            with(r, refresh(cancelled), "Cancelled", "");
        }),
        case(&IRF, "Failed", "TooLate", move |r| {
            let over = activity().standing(RefreshStatus::Successful, 3);
            with(r, refresh(over), "Cancelled", "");
        }),
        case(&IRF, "Failed", "RefreshFailed", move |r| {
            let failed = activity().standing(RefreshStatus::Failed, 2);
            with(r, refresh(failed), "Completed", "");
        }),
        case(&IRF, "Failed", "InvalidForTarget", move |r| {
            r.seed(refresh(activity()));
            r.bed.start_operator();
            r.bed
                .apply(&r.bed.refresh("op", "asg-9", "asr-1", "Cancelled", ""));
        }),
        case(&IRF, "Failed", "CancelledElsewhere", move |r| {
            let paused = activity().standing(RefreshStatus::ManualPause, 2);
            with(r, refresh(paused), "Completed", "");
            r.until("RefreshPausedAtBatch");
            r.bed
                .simulator
                .act_on_refresh("asr-1", RefreshAction::Cancel);
        }),
        variant(
            &IRF,
            "Executing",
            "Executing",
            "second-call-unsent",
            move |r| {
                r.seed(refresh(activity()));
                let (_, pause) = pause_at(&r.bed, "before:Send:2");
                r.bed
                    .start_operator_with(&[], &[("ERRAND_TEST_PAUSE", &pause)]);
                r.apply("");
                r.bed.wait_until("it waits before the second call", || {
                    r.bed.advance_if_led(seconds(20));
                    r.bed.operator_log().contains("test pause")
                });
                r.step = 0;
            },
        ),
        variant(&IRF, "Executing", "Executing", "resume-sent", move |r| {
            let failing = activity().batch(RefreshBatch::new(1, 600));
            let paused = failing.standing(RefreshStatus::FailedPause, 2);
            let (_, pause) = pause_at(&r.bed, "after:Send:1");
            r.seed(refresh(paused));
            r.bed
                .start_operator_with(&[], &[("ERRAND_TEST_PAUSE", &pause)]);
            r.apply_wanting("Completed", "");
            r.until("RefreshPausedOnFailure");
            r.step = 0;
            r.resolve("Retry");
            r.bed.wait_until("it waits there", || {
                r.bed.operator_log().contains("test pause")
            });
        }),
    ]
}

/// The answer to a call that lets it go on is lost, before it came or after.
fn resume(r: &mut Recording, lost: FaultKind) {
    let call = "as.ResumeInstanceRefresh";
    r.bed.simulator.fault(Fault::new(call, lost));
    let paused = activity().standing(RefreshStatus::AutoPause, 2);
    with(r, Seed::new().refresh(paused), "Completed", "");
    r.until("RefreshPausedAtBatch");
    r.step = 1;
    r.resolve("Continue");
}

fn reservations() -> Vec<Case> {
    let order = |order| Seed::new().reservation(order);
    vec![
        case(&SIR, "Waiting", "AwaitingDelivery", move |r| {
            with(r, order(Reservation::esi("esi-1")), "Delivered", "");
        }),
        variant(&SIR, "Waiting", "AwaitingDelivery", "in-part", move |r| {
            let parts = Reservation::esi("esi-1").count(3);
            let parts = parts.delivers(1, -1).delivers(2, 48 * 3600);
            with(r, order(parts), "Delivered", "");
        }),
        case(&SIR, "Succeeded", "Reserved", move |r| {
            with(r, order(Reservation::esi("esi-1")), "Reserved", "");
        }),
        case(&SIR, "Succeeded", "Delivered", move |r| {
            with(
                r,
                order(Reservation::esi("esi-1").delivers(1, -1)),
                "Delivered",
                "",
            );
        }),
        case(&SIR, "Succeeded", "Cancelled", |r| {
            r.step = 1;
            usual(r, "");
        }),
        case(&SIR, "Succeeded", "AlreadySatisfied", move |r| {
            let lapsed = Reservation::esi("esi-1")
                .created(When::In(-600))
                .lapses_in(-60);
            with(r, order(lapsed), "Cancelled", "");
        }),
        case(&SIR, "Failed", "NotDelivered", move |r| {
            r.step = 60;
            with(
                r,
                order(Reservation::esi("esi-1").lapses_in(1200)),
                "Delivered",
                "",
            );
        }),
        case(&SIR, "Failed", "TooLate", move |r| {
            with(
                r,
                order(Reservation::esi("esi-1").delivers(1, -1)),
                "Cancelled",
                "",
            );
        }),
        case(&SIR, "Failed", "InvalidForTarget", move |r| {
            let immediate = Reservation::immediate("esi-1").delivers_nothing();
            with(r, order(immediate), "Cancelled", "");
        }),
        case(&SIR, "Waiting", "TargetBusy", |r| {
            r.step = 2;
            let busy = error(400, "InvalidScheduledInstanceStatus");
            r.bed.simulator.fault(Fault::new(SIR.call, busy).always());
            usual(r, "");
        }),
        case(&SIR, "Verifying", "ResolvingAnswer", |r| {
            r.step = 0;
            hide_effects(r);
            r.bed
                .simulator
                .fault(Fault::new(SIR.call, FaultKind::DropAfter));
            // A refusal says nothing of the call before it.
            let refused = error(400, "MissingParameter.ScheduledInstanceId");
            r.bed
                .simulator
                .fault(Fault::new(SIR.call, refused).always());
            usual(r, "");
        }),
    ]
}

fn observations() -> Vec<Case> {
    let server = |server| Seed::new().clouddc(DCS_PROJECT, server);
    let until = |words: &str| format!("  until: {{states: [{words}]}}\n");
    vec![
        case(&IOB, "Waiting", "AwaitingState", |r| usual(r, "")),
        case(&IOB, "Succeeded", "Observed", move |r| {
            with(r, server(CloudDcInstance::new("i-1")), "", "");
        }),
        variant(&IOB, "Succeeded", "Observed", "with-an-error", move |r| {
            let failed = CloudDcStatus::new("error").error("CloudDC.0009", "no server");
            with(
                r,
                server(CloudDcInstance::new("i-1").status(failed)),
                "",
                "",
            );
        }),
        case(&IOB, "Succeeded", "Reached", move |r| {
            with(
                r,
                server(CloudDcInstance::new("i-1")),
                &until("running"),
                "",
            );
        }),
        case(&IOB, "Failed", "StateUnreachable", move |r| {
            let going = CloudDcInstance::new("i-1").status("terminated");
            with(r, server(going), &until("running"), "");
        }),
    ]
}
