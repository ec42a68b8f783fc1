//! The kinds, what their operations are about, and how they are written.

use errand_simulator::{
    CloudDcInstance, DcsInstance, RefreshActivity, RefreshStatus, Reservation, Seed,
    WorkspaceDesktop, WorkspaceProduct,
};
use errand_testbed::{Bed, DCS_PROJECT};

use crate::support::LARGER;

/// A kind.
pub struct Sort {
    pub kind: &'static str,
    pub short: &'static str,
    pub connection: &'static str,
    /// The call that has the effect; none for what only observes.
    pub call: &'static str,
    /// All calls of the service.
    pub service: &'static str,
    /// What is usually asked for.
    pub wanted: &'static str,
}

pub static RSC: Sort = Sort {
    kind: "ResizeCancellation",
    short: "rsc",
    connection: "huawei-prod",
    call: "dcs.CancelInstanceResize",
    service: "dcs.",
    wanted: "taskId: task-1",
};
pub static DOR: Sort = Sort {
    kind: "DesktopOrder",
    short: "dor",
    connection: "huawei-prod",
    call: "workspace.CreateChangeOrder",
    service: "workspace.",
    wanted: "Automatic",
};
pub static IRF: Sort = Sort {
    kind: "InstanceRefresh",
    short: "irf",
    connection: "tencent-prod",
    call: "as.CancelInstanceRefresh",
    service: "as.",
    wanted: "Cancelled",
};
pub static SIR: Sort = Sort {
    kind: "ScheduledInstanceReservation",
    short: "sir",
    connection: "volcengine-prod",
    call: "ecs.DeleteScheduledInstance",
    service: "ecs.",
    wanted: "Cancelled",
};
pub static IOB: Sort = Sort {
    kind: "InstanceObservation",
    short: "iob",
    connection: "huawei-prod",
    call: "",
    service: "clouddc.",
    wanted: "  until: {states: [terminated]}\n",
};

/// Those that send something.
pub static SENDING: [&Sort; 4] = [&RSC, &DOR, &IRF, &SIR];
/// All of them.
pub static ALL: [&Sort; 5] = [&RSC, &DOR, &IRF, &SIR, &IOB];

impl Sort {
    /// The manifest of an operation on the target of that kind.
    pub fn manifest(&self, bed: &Bed, name: &str, wanted: &str, more: &str) -> String {
        match self.short {
            "rsc" => {
                let manifest = bed.cancellation(name, "dcs-1", "TASK", more);
                manifest.replace("taskId: TASK", wanted)
            }
            "dor" => {
                let change = format!("{{resize: {{productId: {LARGER}}}}}");
                let more = format!("  payment: {wanted}\n{more}");
                bed.order(name, "desk-1", &change, &more)
            }
            "irf" => bed.refresh(name, "asg-1", "asr-1", wanted, more),
            "sir" => bed.reservation(name, "esi-1", wanted, more),
            _ => bed.observation(name, "i-1", &format!("{wanted}{more}")),
        }
    }

    /// The target, on which the usual operation can act.
    pub fn target(&self) -> Seed {
        let seed = Seed::new();
        match self.short {
            "rsc" => seed.dcs(DCS_PROJECT, instance()),
            "dor" => desktop(seed, WorkspaceDesktop::new("desk-1")),
            "irf" => seed.refresh(activity().standing(RefreshStatus::ManualPause, 1)),
            "sir" => seed.reservation(Reservation::esi("esi-1")),
            _ => seed.clouddc(DCS_PROJECT, CloudDcInstance::new("i-1")),
        }
    }
}

/// An instance with a change that waits for its window, in two days.
pub fn instance() -> DcsInstance {
    DcsInstance::new("dcs-1").pending_change("task-1", "redis.ha.xu1.large.r2.8", 48 * 3600)
}

/// A refresh of three batches of one instance, each of which takes ten minutes.
pub fn activity() -> RefreshActivity {
    RefreshActivity::new("asg-1", "asr-1").batches(3, 600)
}

/// A desktop and the product that it may become.
pub fn desktop(seed: Seed, desktop: WorkspaceDesktop) -> Seed {
    let seed = seed.product(DCS_PROJECT, WorkspaceProduct::new(LARGER));
    seed.desktop(DCS_PROJECT, desktop)
}
