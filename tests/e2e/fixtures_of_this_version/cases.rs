//! Every state and reason of every kind, and how a test reaches it.

mod holds;
mod of_kinds;

use errand_simulator::{Account, Fault, FaultKind, Seed, TencentAccount, VolcengineAccount};
use errand_testbed::{
    ACCESS_KEY, DCS_PROJECT, DOMAIN, SECRET_KEY, TENCENT_REGION, VOLCENGINE_REGION,
};

use super::kinds::{ALL, DOR, IOB, IRF, RSC, SENDING, SIR, Sort};
use super::recording::Recording;
use crate::support::{ending, pause_at, seconds};

/// How one file is made.
pub struct Case {
    pub sort: &'static Sort,
    pub state: &'static str,
    pub reason: &'static str,
    /// Distinguishes it from others of the same state and reason.
    pub variant: &'static str,
    /// Seconds by which the cloud's clock is ahead.
    pub date_offset: i64,
    pub drive: Box<dyn FnOnce(&mut Recording) + Send>,
}

impl Case {
    pub fn file(&self) -> String {
        let mut words = vec![self.state, self.reason, self.variant];
        words.dedup();
        words.retain(|word| !word.is_empty());
        format!("{}/{}.json", self.sort.kind, words.join("-"))
    }
}

/// A case without a variant.
pub fn case(
    sort: &'static Sort,
    state: &'static str,
    reason: &'static str,
    drive: impl FnOnce(&mut Recording) + Send + 'static,
) -> Case {
    variant(sort, state, reason, "", drive)
}

pub fn variant(
    sort: &'static Sort,
    state: &'static str,
    reason: &'static str,
    variant: &'static str,
    drive: impl FnOnce(&mut Recording) + Send + 'static,
) -> Case {
    Case {
        sort,
        state,
        reason,
        variant,
        date_offset: 0,
        drive: Box::new(drive),
    }
}

pub fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for sort in ALL {
        all.extend(of_every_kind(sort));
    }
    for sort in SENDING {
        all.extend(of_sending_kinds(sort));
    }
    all.extend(of_kinds::cases());
    all.extend(holds::cases());
    all
}

/// Seeds the usual target, starts the operator and applies the usual operation.
pub fn usual(recording: &mut Recording, more: &str) {
    let target = recording.sort.target();
    recording.seed(target);
    recording.bed.start_operator();
    recording.apply(more);
}

pub fn error(status: u16, code: &str) -> FaultKind {
    FaultKind::Error {
        status,
        code: code.into(),
        message: "as the contract has it".into(),
    }
}

fn of_every_kind(sort: &'static Sort) -> Vec<Case> {
    let mut all = vec![
        case(sort, "Pending", "Pending", |r| {
            r.seed(r.sort.target());
            r.apply("");
        }),
        case(sort, "Waiting", "ConnectionNotFound", |r| {
            r.bed.kubectl(&["delete", "cc", r.sort.connection]);
            usual(r, "");
        }),
        case(sort, "Waiting", "ConnectionNotReady", |r| {
            let manifest = match r.sort.connection {
                "huawei-prod" => r.bed.connection("huawei-prod"),
                name => r.bed.cloud_connection(name, ""),
            };
            r.bed.apply(&manifest.replace("127.0.0.1", "localhost"));
            usual(r, "");
        }),
        case(sort, "Waiting", "Throttled", |r| {
            let throttled = Fault::new(r.sort.service, FaultKind::Throttle);
            r.bed.simulator.fault(throttled.always());
            r.impatient = true;
            usual(r, "");
        }),
        case(sort, "Waiting", "CloudUnavailable", |r| {
            let down = Fault::new(r.sort.service, FaultKind::DropBefore);
            r.bed.simulator.fault(down.always());
            usual(r, "");
        }),
        case(sort, "Suspended", "SuspendedBySpec", |r| {
            usual(r, "  suspend: true\n");
        }),
        case(sort, "Suspended", "SuspendedByConnection", |r| {
            r.connect_with("policy: {suspend: true}");
            usual(r, "");
        }),
        case(sort, "Planned", "PlanReady", |r| {
            if r.sort.short == "iob" {
                r.seed(r.sort.target());
                r.bed.start_operator();
                r.apply_wanting("", "  mode: Plan\n");
            } else {
                usual(r, "  mode: Plan\n");
            }
        }),
        case(sort, "Blocked", "CredentialsRejected", |r| {
            r.bed.put_secret("not-the-right-one");
            usual(r, "");
        }),
        case(sort, "Blocked", "CredentialsMissing", |r| {
            r.bed.kubectl(&["delete", "secret", "huawei-key"]);
            usual(r, "");
        }),
        case(sort, "Blocked", "ConnectionMismatch", |r| {
            // A connection of another cloud.
            r.bed.connect_all_clouds();
            r.seed(r.sort.target());
            r.bed.start_operator();
            let other = match r.sort.connection {
                "huawei-prod" => "tencent-prod",
                _ => "huawei-prod",
            };
            let manifest = r
                .sort
                .manifest(&r.bed, super::recording::NAME, r.sort.wanted, "");
            r.bed.apply(&manifest.replace(r.sort.connection, other));
        }),
        case(sort, "Blocked", "PermissionDenied", |r| {
            deny(r, r.sort.service);
            usual(r, "");
        }),
        case(sort, "Failed", "TargetNotFound", |r| {
            r.bed.start_operator();
            r.apply("");
        }),
    ];
    if sort.short != "iob" {
        // What is only read is read with a corrected time.
        all.push(Case {
            date_offset: 1200,
            ..case(sort, "Waiting", "ClockSkew", |r| usual(r, ""))
        });
    }
    if sort.short == "dor" {
        // That connection has a policy of its own.
        all.retain(|case| !["ConnectionNotReady", "SuspendedByConnection"].contains(&case.reason));
        all.push(case(sort, "Waiting", "ConnectionNotReady", |r| {
            let policy = "policy: {paidOperations: AutomaticPayment, clusterId: bed-cluster}";
            let manifest = format!("{}  {policy}\n", r.bed.connection("huawei-prod"));
            r.bed.apply(&manifest.replace("127.0.0.1", "localhost"));
            usual(r, "");
        }));
        all.push(case(sort, "Suspended", "SuspendedByConnection", |r| {
            r.connect_with(
                "policy: {suspend: true, paidOperations: AutomaticPayment, clusterId: CLUSTER}",
            );
            usual(r, "");
        }));
    }
    all
}

/// The key may not call this.
fn deny(r: &mut Recording, service: &str) {
    let seed = Seed::new();
    let seed = match r.sort.connection {
        "huawei-prod" => seed.account(
            Account::new(ACCESS_KEY, SECRET_KEY)
                .project(DCS_PROJECT)
                .domain(DOMAIN)
                .deny(service),
        ),
        "tencent-prod" => seed.tencent_account(
            TencentAccount::new(ACCESS_KEY, SECRET_KEY)
                .region(TENCENT_REGION)
                .deny(service),
        ),
        _ => seed.volcengine_account(
            VolcengineAccount::new(ACCESS_KEY, SECRET_KEY)
                .region(VOLCENGINE_REGION)
                .deny(service),
        ),
    };
    r.seed(seed);
}

/// The operator waits at that moment.
pub fn paused(r: &mut Recording, moment: &str) {
    r.step = 0;
    r.seed(r.sort.target());
    let (_, pause) = pause_at(&r.bed, moment);
    r.bed
        .start_operator_with(&[], &[("ERRAND_TEST_PAUSE", &pause)]);
    r.apply("");
    r.bed.wait_until("it waits there", || {
        r.bed.operator_log().contains("test pause")
    });
}

/// The effect of the call is not visible for hours.
pub fn hide_effects(r: &mut Recording) {
    let mut readings = crate::readings();
    readings.dcs.cancel_visible_after = 24 * 3600;
    readings.scaling.cancelled_after = 24 * 3600;
    readings.ecs.cancel_visible_after = 24 * 3600;
    let mut seed = Seed::new();
    seed.readings = Some(readings);
    r.seed(seed);
    if r.sort.short == "dor" {
        let account = Account::new(ACCESS_KEY, SECRET_KEY).project(DCS_PROJECT);
        r.seed(Seed::new().account(account.domain(DOMAIN).deny("bss.")));
    }
}

fn of_sending_kinds(sort: &'static Sort) -> Vec<Case> {
    vec![
        case(sort, "Waiting", "BeforeWindow", |r| {
            usual(r, "  schedule: {notBefore: \"2100-01-01T00:00:00Z\"}\n");
        }),
        case(sort, "Failed", "WindowMissed", |r| {
            usual(r, "  schedule: {notAfter: \"2020-01-01T00:00:00Z\"}\n");
        }),
        variant(sort, "Executing", "Executing", "unsent", |r| {
            paused(r, "before:Send:1");
        }),
        variant(sort, "Executing", "Executing", "sent", |r| {
            paused(r, "after:Send:1");
        }),
        case(sort, "Verifying", "Verifying", |r| {
            hide_effects(r);
            if r.sort.short == "dor" {
                r.seed(super::kinds::desktop(Seed::new(), slow_desktop()));
                r.bed.start_operator();
                r.apply("");
            } else {
                usual(r, "");
            }
        }),
        case(sort, "Held", "ProofTimeout", unproven),
        case(sort, "Failed", "GivenUp", |r| {
            unproven(r);
            r.until("ProofTimeout");
            r.resolve("GiveUp");
        }),
        case(sort, "Succeeded", "AssumedDone", |r| {
            unproven(r);
            r.until("ProofTimeout");
            r.resolve("AssumeDone");
        }),
        variant(sort, "Verifying", "Verifying", "looked-again", |r| {
            unproven(r);
            r.until("ProofTimeout");
            r.resolve("LookAgain");
            r.step = 1;
        }),
        variant(sort, "Held", "ProofTimeout", "answered-while-away", |r| {
            unproven(r);
            r.until("ProofTimeout");
            r.bed.kill_operator();
            r.resolve("GiveUp");
        }),
        case(sort, "Failed", "Refused", |r| {
            let (status, code) = match r.sort.short {
                "rsc" => (400, "DCS.4070"),
                "dor" => (400, "WKS.00010099"),
                "irf" => (200, "InvalidParameter"),
                _ => (400, "MissingParameter.ScheduledInstanceId"),
            };
            r.bed
                .simulator
                .fault(Fault::new(r.sort.call, error(status, code)));
            usual(r, "");
        }),
        variant(sort, "Blocked", "PermissionDenied", "of-the-call", |r| {
            deny(r, r.sort.call);
            usual(r, "");
        }),
    ]
}

fn unproven(r: &mut Recording) {
    hide_effects(r);
    r.step = 60;
    if r.sort.short == "dor" {
        r.seed(super::kinds::desktop(Seed::new(), slow_desktop()));
        r.bed.start_operator();
        r.apply("  verifyTimeout: 10m\n");
    } else {
        usual(r, "  verifyTimeout: 10m\n");
    }
}

/// A desktop whose orders are begun after a week.
pub fn slow_desktop() -> errand_simulator::WorkspaceDesktop {
    let timing = errand_simulator::OrderTiming {
        waits_for: 7 * 86_400,
        ..Default::default()
    };
    errand_simulator::WorkspaceDesktop::new("desk-1").timing(timing)
}

/// Waits until it has settled, in large steps.
pub fn settle(r: &mut Recording, state: &str) {
    r.bed.wait_until(&format!("it is {state}"), || {
        r.bed.advance_if_led(seconds(300));
        ending(&r.object()).state == state
    });
}
