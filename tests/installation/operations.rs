//! Operations of every kind in every state, as an upgrade finds them.

use errand_simulator::{
    CloudDcInstance, DcsInstance, RefreshActivity, RefreshStatus, Reservation, Seed,
    WorkspaceDesktop,
};
use errand_testbed::DCS_PROJECT;

use crate::install::distant_window;

/// A kind, the call of its operations that has an effect, and the effect.
pub const KINDS: [(&str, &str, &str); 5] = [
    (
        "ResizeCancellation",
        "dcs.CancelInstanceResize",
        "dcs.cancel",
    ),
    (
        "DesktopOrder",
        "workspace.CreateChangeOrder",
        "workspace.order",
    ),
    ("InstanceRefresh", "as.CancelInstanceRefresh", "as.cancel"),
    (
        "ScheduledInstanceReservation",
        "ecs.DeleteScheduledInstance",
        "ecs.delete",
    ),
    ("InstanceObservation", "", ""),
];

/// An operation on a target of its own, which has its name.
#[derive(Clone)]
pub struct Operation {
    pub kind: &'static str,
    pub name: String,
    pub state: &'static str,
    /// What is asked for, in the kind's word.
    pub wanted: &'static str,
    pub connection: &'static str,
    pub more: &'static str,
    pub labels: &'static str,
}

/// One that would be carried out.
pub fn operation(kind: &'static str, case: &str, state: &'static str) -> Operation {
    let (wanted, connection) = match kind {
        "ResizeCancellation" => ("", "huawei-prod"),
        "DesktopOrder" => ("Automatic", "huawei-prod"),
        "InstanceRefresh" => ("Cancelled", "tencent-prod"),
        "ScheduledInstanceReservation" => ("Cancelled", "volcengine-prod"),
        _ => ("until: {states: [terminated]}", "huawei-prod"),
    };
    let name = format!("{case}-{kind}").to_lowercase();
    Operation {
        kind,
        name,
        state,
        wanted,
        connection,
        more: "",
        labels: "",
    }
}

impl Operation {
    pub fn call(&self) -> &'static str {
        self.row().1
    }

    pub fn effect(&self) -> &'static str {
        self.row().2
    }

    fn row(&self) -> &(&'static str, &'static str, &'static str) {
        let mut rows = KINDS.iter();
        let row = rows.find(|(kind, ..)| *kind == self.kind);
        row.expect("a kind of the table")
    }

    pub fn manifest(&self) -> String {
        let Self {
            kind,
            name,
            wanted,
            connection,
            more,
            labels,
            ..
        } = self;
        let (group, target) = match *kind {
            "ResizeCancellation" => (
                "huawei",
                format!("instanceId: {name}\n  taskId: task-{name}"),
            ),
            "DesktopOrder" => (
                "huawei",
                format!(
                    "desktopId: {name}\n  payment: {wanted}\n  change: {{resize: {{productId: workspacehost.k.xlarge4}}}}"
                ),
            ),
            "InstanceRefresh" => (
                "tencent",
                format!(
                    "autoScalingGroupId: asg-{name}\n  adopt: {{refreshActivityId: {name}}}\n  desiredState: {wanted}"
                ),
            ),
            "ScheduledInstanceReservation" => (
                "volcengine",
                format!("adopt: {{scheduledInstanceId: {name}}}\n  desiredState: {wanted}"),
            ),
            _ => (
                "huawei",
                format!("target: {{service: CloudDC, instanceId: {name}}}\n  {wanted}"),
            ),
        };
        format!(
            "---\napiVersion: {group}.errand.cloud/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}, labels: {{{labels}}}}}\nspec:\n  connectionRef: {{kind: CloudConnection, name: {connection}}}\n  {target}\n{more}"
        )
    }

    /// Its target, on which something can be done.
    pub fn seed(&self, seed: Seed) -> Seed {
        let name = &self.name;
        match self.kind {
            "ResizeCancellation" => {
                let (begin, end) = distant_window();
                let instance = DcsInstance::new(name).window(begin, end);
                let task = format!("task-{name}");
                seed.dcs(
                    DCS_PROJECT,
                    instance.pending_change(task, "redis.big", 86_400),
                )
            }
            "DesktopOrder" => seed.desktop(DCS_PROJECT, WorkspaceDesktop::new(name)),
            "InstanceRefresh" => {
                let activity = RefreshActivity::new(format!("asg-{name}"), name).batches(3, 600);
                seed.refresh(activity.standing(RefreshStatus::ManualPause, 1))
            }
            "ScheduledInstanceReservation" => seed.reservation(Reservation::esi(name)),
            _ => seed.clouddc(DCS_PROJECT, CloudDcInstance::new(name)),
        }
    }
}

/// Those that stay as they are, also when somebody looks at them again.
pub fn resting() -> Vec<Operation> {
    let case = |kind, case, state, more| Operation {
        more,
        ..operation(kind, case, state)
    };
    let mut all = Vec::new();
    for (kind, call, _) in KINDS {
        let elsewhere = Operation {
            connection: match kind {
                "InstanceRefresh" => "huawei-prod",
                _ => "tencent-prod",
            },
            ..operation(kind, "blocked", "Blocked")
        };
        all.push(elsewhere);
        all.push(case(kind, "suspended", "Suspended", "  suspend: true\n"));
        if call.is_empty() {
            continue;
        }
        let early = "  schedule: {notBefore: \"2100-01-01T00:00:00Z\"}\n";
        let late = "  schedule: {notAfter: \"2020-01-01T00:00:00Z\"}\n";
        all.push(case(kind, "planned", "Planned", "  mode: Plan\n"));
        all.push(case(kind, "early", "Waiting", early));
        all.push(case(kind, "late", "Failed", late));
    }
    let wanted = |kind, case, state, wanted| Operation {
        wanted,
        ..operation(kind, case, state)
    };
    all.extend([
        operation("InstanceObservation", "awaited", "Waiting"),
        Operation {
            wanted: "",
            ..case(
                "InstanceObservation",
                "planned",
                "Planned",
                "  mode: Plan\n",
            )
        },
        wanted(
            "InstanceObservation",
            "done",
            "Succeeded",
            "until: {states: [running]}",
        ),
        wanted(
            "InstanceObservation",
            "failed",
            "Failed",
            "until: {states: [terminated], failOn: [running]}",
        ),
        wanted("InstanceRefresh", "done", "Succeeded", "Paused"),
        wanted("InstanceRefresh", "held", "Held", "Completed"),
        wanted(
            "ScheduledInstanceReservation",
            "done",
            "Succeeded",
            "Reserved",
        ),
        wanted(
            "ScheduledInstanceReservation",
            "undelivered",
            "Waiting",
            "Delivered",
        ),
        wanted("DesktopOrder", "unpaid", "Waiting", "Manual"),
        Operation {
            labels: "velero.io/restore-name: yesterday",
            ..operation("DesktopOrder", "held", "Held")
        },
    ]);
    all
}

/// An operation of each kind that sends something.
pub fn under_way(case: &str, state: &'static str) -> Vec<Operation> {
    let sending = KINDS.iter().filter(|(_, call, _)| !call.is_empty());
    sending
        .map(|(kind, ..)| operation(kind, case, state))
        .collect()
}
