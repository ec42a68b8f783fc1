//! What the tests are made with: for each kind, operations that the simulated cloud can
//! carry out. A kind without one fails every test.

use errand_simulator::{
    CloudDcInstance, DcsInstance, DcsReadings, EcsReadings, FinishedTask, OrderTiming,
    PendingChange, Readings, RefreshAction, RefreshActivity, RefreshStatus, Reservation,
    ReservationAction, ScalingReadings, Seed, Simulator, When, WorkspaceDesktop, WorkspaceVolume,
};
use kube::Resource as _;
use serde_json::{Value, json};

use super::bench::HERE;
use crate::cloud::Cloud;
use crate::operations::Kind;

/// What another user does at the cloud.
pub(super) type Act = fn(&Simulator);

/// The product that orders are for.
pub(super) const LARGER: &str = "workspacehost.k.xlarge4";

/// An operation of a kind, in the cloud's terms. Targets are named `a` and `b`.
#[derive(Clone, Copy)]
pub(super) struct Case {
    pub(super) name: &'static str,
    kind: &'static str,
    pub(super) cloud: Cloud,
    /// Prefixes of the APIs that it calls.
    pub(super) services: &'static [&'static str],
    /// Its mutating calls; none: it only observes.
    pub(super) calls: &'static [&'static str],
    /// The spec, but for the connection.
    pub(super) spec: fn(target: &str) -> Value,
    /// The target, on which it can be carried out. The effect of a call, or what it
    /// waits for, shows so many seconds later.
    pub(super) seed: fn(target: &str, late: u32) -> Seed,
    /// What its calls name.
    pub(super) id: fn(target: &str) -> String,
    /// How it ends well.
    pub(super) done: &'static str,
    /// The cloud shows that it did.
    pub(super) truth: fn(cloud: &Simulator, target: &str) -> bool,
    /// There is something to wait for, or to call, before it ends.
    pub(super) waits: bool,
    /// The spec is edited into one that target `a` cannot be.
    pub(super) invalid: Option<fn(&mut Value)>,
    /// Target `a` as it is while the cloud is busy with it for an hour.
    pub(super) busy: Option<fn() -> Seed>,
    /// Somebody else brings about for target `a` what is wanted; and how the operation
    /// ends then, if it never called. Absent where nobody else can.
    pub(super) by_others: Option<(Act, &'static str)>,
}

/// The cases of a kind.
pub(super) fn cases<K: Kind>() -> Vec<Case> {
    let kind = K::Object::kind(&());
    let of_kind = ALL.iter().filter(|case| case.kind == kind);
    let found: Vec<Case> = of_kind.copied().collect();
    assert!(!found.is_empty(), "{kind} has no case in passes/cases.rs");
    for case in &found {
        assert_eq!(
            case.calls.is_empty() && K::CALLS.is_empty(),
            K::CALLS.is_empty()
        );
    }
    found
}

const ALL: &[Case] = &[
    Case {
        name: "cancel a resize by taskId",
        spec: |t| json!({"instanceId": format!("dcs-{t}"), "taskId": format!("task-{t}")}),
        ..RESIZE
    },
    Case {
        name: "cancel a resize by pendingChange",
        ..RESIZE
    },
    Case {
        name: "order another product",
        ..ORDER
    },
    Case {
        name: "order a larger disk",
        spec: |t| {
            let volume = json!({"volumeId": format!("root-desk-{t}"), "sizeGiB": 100});
            order(t, json!({"expandVolume": volume}))
        },
        truth: |cloud, t| {
            let desktop = cloud.desktop(HERE.0, &format!("desk-{t}"));
            desktop.is_some_and(|desktop| desktop.volumes.iter().any(|(_, size)| *size == 100))
        },
        by_others: Some((
            |cloud| {
                let volume = WorkspaceVolume::new("root-desk-a", 100);
                let desktop = desktop("a", 0).root_volume(volume);
                cloud.seed(Seed::new().desktop(HERE.0, desktop));
            },
            "AlreadySatisfied",
        )),
        ..ORDER
    },
    Case {
        name: "order a month",
        spec: |t| order(t, json!({"subscribe": {"unit": "Month", "count": 1}})),
        seed: |t, late| Seed::new().desktop(HERE.0, desktop(t, late).on_demand()),
        busy: Some(|| {
            let desktop = desktop("a", 0).on_demand().busy("rebooting", 3600);
            Seed::new().desktop(HERE.0, desktop)
        }),
        truth: |cloud, t| {
            let desktop = cloud.desktop(HERE.0, &format!("desk-{t}"));
            desktop.is_some_and(|desktop| desktop.charge_mode == "0")
        },
        // Nobody can see whether the term is the wanted one.
        by_others: Some((
            |cloud| cloud.seed(Seed::new().desktop(HERE.0, desktop("a", 0))),
            "AlreadyPrepaid",
        )),
        ..ORDER
    },
    Case {
        name: "observe until it runs",
        ..OBSERVE
    },
    Case {
        name: "observe once",
        spec: |t| json!({"target": {"service": "CloudDC", "instanceId": format!("i-{t}")}}),
        done: "Observed",
        truth: |_, _| true,
        waits: false,
        ..OBSERVE
    },
    Case {
        name: "cancel a refresh",
        ..REFRESH
    },
    Case {
        name: "pause a refresh",
        calls: &["as.StopInstanceRefresh"],
        spec: |t| refresh(t, "Paused"),
        seed: |t, late| {
            let activity = RefreshActivity::new(format!("asg-{t}"), format!("asr-{t}"));
            let activity = activity.batches(100, late.max(1)).region(HERE.1);
            Seed::new().refresh(activity)
        },
        done: "Paused",
        truth: |cloud, t| {
            let activity = cloud.refresh_activity(&format!("asr-{t}"));
            activity.is_some_and(|activity| activity.status == RefreshStatus::ManualPause)
        },
        by_others: Some((
            |cloud| cloud.act_on_refresh("asr-a", RefreshAction::Pause),
            "Paused",
        )),
        ..REFRESH
    },
    Case {
        name: "see a refresh completed",
        calls: &[],
        spec: |t| refresh(t, "Completed"),
        seed: |t, late| {
            let activity = RefreshActivity::new(format!("asg-{t}"), format!("asr-{t}"));
            let activity = activity.batches(1, late.max(1)).region(HERE.1);
            Seed::new().refresh(activity)
        },
        done: "Completed",
        truth: |cloud, t| {
            let activity = cloud.refresh_activity(&format!("asr-{t}"));
            activity.is_some_and(|activity| activity.status == RefreshStatus::Successful)
        },
        ..REFRESH
    },
    Case {
        name: "cancel a reservation",
        ..RESERVATION
    },
    Case {
        name: "see a reservation delivered",
        calls: &[],
        spec: |t| reservation(t, "Delivered"),
        seed: |t, late| {
            let order = Reservation::esi(format!("esi-{t}")).region(HERE.1);
            Seed::new().reservation(order.delivers(1, late.into()))
        },
        done: "Delivered",
        truth: |cloud, t| {
            let order = cloud.reservation(&format!("esi-{t}"));
            order.is_some_and(|order| order.delivered == 1)
        },
        ..RESERVATION
    },
    Case {
        name: "see a reservation",
        calls: &[],
        spec: |t| reservation(t, "Reserved"),
        done: "Reserved",
        truth: |cloud, t| {
            let order = cloud.reservation(&format!("esi-{t}"));
            order.is_some_and(|order| order.visible)
        },
        waits: false,
        ..RESERVATION
    },
];

const RESIZE: Case = Case {
    name: "",
    kind: "ResizeCancellation",
    cloud: Cloud::Huawei,
    services: &["dcs."],
    calls: &["dcs.CancelInstanceResize"],
    spec: |t| {
        let wanted = json!({"createdBefore": "2100-01-01T00:00:00Z"});
        json!({"instanceId": format!("dcs-{t}"), "pendingChange": wanted})
    },
    seed: |t, late| {
        let change = PendingChange::new(format!("task-{t}"), "redis.larger", 10 * 3600);
        let change = change.created(When::In(-3600));
        let mut seed = Seed::new().dcs(HERE.0, DcsInstance::new(format!("dcs-{t}")).change(change));
        seed.readings = Some(readings(late));
        seed
    },
    id: |t| format!("task-{t}"),
    done: "Cancelled",
    truth: |cloud, t| {
        let journal = cloud.journal();
        journal.effects_on("dcs.cancel", &format!("task-{t}")) > 0
    },
    waits: true,
    invalid: None,
    busy: None,
    by_others: Some((
        |cloud| {
            let mut task = FinishedTask::new("task-a", "CANCELLED", 3600);
            task.new_spec_code = Some("redis.larger".into());
            let instance = DcsInstance::new("dcs-a").finished(task);
            cloud.seed(Seed::new().dcs(HERE.0, instance));
        },
        "AlreadySatisfied",
    )),
};

const ORDER: Case = Case {
    name: "",
    kind: "DesktopOrder",
    cloud: Cloud::Huawei,
    services: &["workspace.", "bss."],
    calls: &["workspace.CreateChangeOrder"],
    spec: |t| order(t, json!({"resize": {"productId": LARGER}})),
    seed: |t, late| Seed::new().desktop(HERE.0, desktop(t, late)),
    id: |t| format!("desk-{t}"),
    invalid: Some(|spec| spec["change"] = json!({"resize": {"productId": "none"}})),
    busy: Some(|| Seed::new().desktop(HERE.0, desktop("a", 0).busy("rebooting", 3600))),
    done: "Delivered",
    truth: |cloud, t| {
        let desktop = cloud.desktop(HERE.0, &format!("desk-{t}"));
        desktop.is_some_and(|desktop| desktop.product_id == LARGER)
    },
    waits: true,
    by_others: Some((
        |cloud| {
            let desktop = desktop("a", 0).product(LARGER);
            cloud.seed(Seed::new().desktop(HERE.0, desktop));
        },
        "AlreadySatisfied",
    )),
};

const OBSERVE: Case = Case {
    name: "",
    kind: "InstanceObservation",
    cloud: Cloud::Huawei,
    services: &["clouddc."],
    calls: &[],
    spec: |t| {
        json!({
            "target": {"service": "CloudDC", "instanceId": format!("i-{t}")},
            "until": {"states": ["running"]},
        })
    },
    seed: |t, late| {
        let instance = CloudDcInstance::new(format!("i-{t}")).status("stopped");
        let instance = instance.then(late.into(), "running");
        Seed::new().clouddc(HERE.0, instance)
    },
    id: |t| format!("i-{t}"),
    done: "Reached",
    truth: |cloud, t| {
        let instance = cloud.clouddc_instance(HERE.0, &format!("i-{t}"));
        instance.is_some_and(|instance| instance.state == "running")
    },
    waits: true,
    invalid: None,
    busy: None,
    by_others: None,
};

const REFRESH: Case = Case {
    name: "",
    kind: "InstanceRefresh",
    cloud: Cloud::Tencent,
    services: &["as."],
    calls: &["as.CancelInstanceRefresh"],
    spec: |t| refresh(t, "Cancelled"),
    seed: |t, late| {
        let activity = RefreshActivity::new(format!("asg-{t}"), format!("asr-{t}"));
        let activity = activity.batches(3, 60).region(HERE.1);
        let mut seed = Seed::new().refresh(activity.standing(RefreshStatus::ManualPause, 2));
        seed.readings = Some(readings(late));
        seed
    },
    id: |t| format!("asr-{t}"),
    done: "Cancelled",
    truth: |cloud, t| {
        let activity = cloud.refresh_activity(&format!("asr-{t}"));
        activity.is_some_and(|activity| activity.status == RefreshStatus::Cancelled)
    },
    waits: true,
    invalid: Some(|spec| spec["autoScalingGroupId"] = "asg-b".into()),
    busy: Some(|| {
        let activity = RefreshActivity::new("asg-a", "asr-a").batches(3, 60);
        Seed::new().refresh(activity.region(HERE.1).starts_in(3600))
    }),
    by_others: Some((
        |cloud| cloud.act_on_refresh("asr-a", RefreshAction::Cancel),
        "Cancelled",
    )),
};

const RESERVATION: Case = Case {
    name: "",
    kind: "ScheduledInstanceReservation",
    cloud: Cloud::Volcengine,
    services: &["ecs."],
    calls: &["ecs.DeleteScheduledInstance"],
    spec: |t| reservation(t, "Cancelled"),
    seed: |t, late| {
        let order = Reservation::reserve(format!("esi-{t}"), 48 * 3600);
        let mut seed = Seed::new().reservation(order.region(HERE.1));
        seed.readings = Some(readings(late));
        seed
    },
    id: |t| format!("esi-{t}"),
    done: "Cancelled",
    truth: |cloud, t| {
        let order = cloud.reservation(&format!("esi-{t}"));
        order.is_some_and(|order| order.cancelled)
    },
    waits: true,
    invalid: None,
    busy: None,
    by_others: Some((
        |cloud| cloud.act_on_reservation("esi-a", ReservationAction::Cancel),
        "AlreadySatisfied",
    )),
};

fn readings(late: u32) -> Readings {
    Readings {
        dcs: DcsReadings {
            cancel_visible_after: late,
            ..DcsReadings::default()
        },
        ecs: EcsReadings {
            cancel_visible_after: late,
            ..EcsReadings::default()
        },
        scaling: ScalingReadings {
            cancelled_after: late,
            ..ScalingReadings::default()
        },
        ..Readings::default()
    }
}

fn order(target: &str, change: Value) -> Value {
    json!({"desktopId": format!("desk-{target}"), "payment": "Automatic", "change": change})
}

fn desktop(target: &str, late: u32) -> WorkspaceDesktop {
    let timing = OrderTiming {
        runs_for: late,
        ..OrderTiming::default()
    };
    WorkspaceDesktop::new(format!("desk-{target}"))
        .root_volume(WorkspaceVolume::new(format!("root-desk-{target}"), 80))
        .timing(timing)
}

fn refresh(target: &str, wanted: &str) -> Value {
    json!({
        "autoScalingGroupId": format!("asg-{target}"),
        "adopt": {"refreshActivityId": format!("asr-{target}")},
        "desiredState": wanted,
    })
}

fn reservation(target: &str, wanted: &str) -> Value {
    json!({
        "adopt": {"scheduledInstanceId": format!("esi-{target}")},
        "desiredState": wanted,
    })
}
