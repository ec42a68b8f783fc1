//! What the operators are given to do: operations of every kind, each on a target of
//! its own.

mod twist;

use std::collections::BTreeSet;
use std::fmt;

pub use self::twist::Twist;

use errand_simulator::{
    BatchPause, CloudDcInstance, OrderTiming, RefreshActivity, RefreshBatch, RefreshStatus,
    Reservation, Seed, WorkspaceDesktop, WorkspaceProduct,
};
use errand_testbed::{Bed, DCS_PROJECT};
use rand::RngExt;
use rand::rngs::StdRng;

/// The product that orders are for.
const LARGER: &str = "workspacehost.k.xlarge4";

/// How long a batch of a refresh that is to be cancelled takes, in seconds: it is not
/// to be over before somebody comes to it.
const LONG_BATCH: u32 = 900;

/// The same of one that is to be completed.
const BATCH: u32 = 60;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Task {
    /// A ResizeCancellation (natural).
    CancelResize,
    /// A DesktopOrder that is paid at once (never).
    Order,
    /// A DesktopOrder that a person pays (never).
    OrderToPay,
    /// An InstanceRefresh that is to be cancelled: a stop, then a cancel (natural).
    CancelRefresh,
    /// An InstanceRefresh that pauses at each batch and is to be completed: a resume
    /// for each decision of a person (provable).
    CompleteRefresh,
    /// A ScheduledInstanceReservation that is to be cancelled (natural).
    CancelReservation,
    /// An InstanceObservation until a state, which changes nothing.
    Observe,
}

/// All of them.
pub const TASKS: [Task; 7] = [
    Task::CancelResize,
    Task::Order,
    Task::OrderToPay,
    Task::CancelRefresh,
    Task::CompleteRefresh,
    Task::CancelReservation,
    Task::Observe,
];

/// kubectl's short names of what they are.
pub fn kinds() -> BTreeSet<&'static str> {
    TASKS.into_iter().map(Task::kind).collect()
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CancelResize => "ResizeCancellation",
            Self::Order => "DesktopOrder, paid at once",
            Self::OrderToPay => "DesktopOrder, paid later",
            Self::CancelRefresh => "InstanceRefresh, cancelled",
            Self::CompleteRefresh => "InstanceRefresh, completed",
            Self::CancelReservation => "ScheduledInstanceReservation",
            Self::Observe => "InstanceObservation",
        })
    }
}

impl Task {
    /// kubectl's short name.
    pub fn kind(self) -> &'static str {
        match self {
            Self::CancelResize => "rsc",
            Self::Order | Self::OrderToPay => "dor",
            Self::CancelRefresh | Self::CompleteRefresh => "irf",
            Self::CancelReservation => "sir",
            Self::Observe => "iob",
        }
    }

    /// It places an order, which nobody could take back.
    pub fn is_order(self) -> bool {
        matches!(self, Self::Order | Self::OrderToPay)
    }

    /// The calls that change something, by the simulator's names.
    pub fn calls(self) -> &'static [&'static str] {
        match self {
            Self::CancelResize => &["dcs.CancelInstanceResize"],
            Self::Order | Self::OrderToPay => &["workspace.CreateChangeOrder"],
            Self::CancelRefresh => &["as.StopInstanceRefresh", "as.CancelInstanceRefresh"],
            Self::CompleteRefresh => &["as.ResumeInstanceRefresh"],
            Self::CancelReservation => &["ecs.DeleteScheduledInstance"],
            Self::Observe => &[],
        }
    }

    /// The effect that its success stands on, by the simulator's name.
    pub fn effect(self) -> Option<&'static str> {
        Some(match self {
            Self::CancelResize => "dcs.cancel",
            Self::Order | Self::OrderToPay => "workspace.order",
            Self::CancelRefresh => "as.cancel",
            Self::CompleteRefresh => "as.resume",
            Self::CancelReservation => "ecs.delete",
            Self::Observe => return None,
        })
    }

    /// Prefix of the simulator's names of everything that is called for it.
    pub fn service(self) -> &'static str {
        match self {
            Self::CancelResize => "dcs.",
            Self::Order | Self::OrderToPay => "workspace.",
            Self::CancelRefresh | Self::CompleteRefresh => "as.",
            Self::CancelReservation => "ecs.",
            Self::Observe => "clouddc.",
        }
    }

    /// The outcomes that say that it was done.
    pub fn outcomes(self) -> &'static [&'static str] {
        match self {
            Self::CancelResize | Self::CancelRefresh | Self::CancelReservation => &["Cancelled"],
            Self::Order | Self::OrderToPay => &["Delivered"],
            Self::CompleteRefresh => &["Completed"],
            Self::Observe => &["Reached"],
        }
    }
}

/// An operation that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// What it is to do.
    pub task: Task,
    /// Its name, and the id of its target; no other's contains it.
    pub name: String,
    /// What is unusual about its target.
    pub twist: Twist,
    /// How often it was deleted and applied again.
    pub replaced: u32,
}

/// The clouds that all operations of a bed use.
pub fn furnish(bed: &Bed) {
    bed.connect_all_clouds();
    bed.apply(&bed.paying_connection("huawei-prod", "AutomaticPayment", errand_testbed::CLUSTER));
    let seed = Seed::new().product(DCS_PROJECT, WorkspaceProduct::new(LARGER));
    bed.simulator.seed(seed);
}

impl Operation {
    /// The next one of a bed, of any sort.
    pub fn draw(random: &mut StdRng, number: usize) -> Self {
        // Half are orders, which is what must not happen twice.
        let task = match random.random_range(0..3) {
            0 => Task::Order,
            _ => TASKS[random.random_range(0..TASKS.len())],
        };
        Self {
            task,
            name: format!("{}-{number:04}-x", task.kind()),
            twist: Twist::draw(random, task),
            replaced: 0,
        }
    }

    /// The target that it names before it is edited.
    pub fn decoy(&self) -> String {
        let number = self.name.trim_end_matches("-x");
        format!("decoy-{number}")
    }

    /// Puts its target into the cloud.
    pub fn seed(&self, bed: &Bed) {
        bed.simulator.seed(self.target(&self.name, self.twist));
        if self.twist == Twist::Edited {
            bed.simulator.seed(self.target(&self.decoy(), Twist::None));
        }
    }

    fn target(&self, id: &str, twist: Twist) -> Seed {
        let seed = Seed::new();
        let refresh = RefreshActivity::new(format!("asg-of-{id}"), id);
        match self.task {
            Task::CancelResize => seed.dcs(DCS_PROJECT, twist::instance(id, twist)),
            Task::Order | Task::OrderToPay => {
                let timing = OrderTiming {
                    runs_for: if twist == Twist::SlowJob { 900 } else { 30 },
                    ..OrderTiming::default()
                };
                let mut desktop = WorkspaceDesktop::new(id).timing(timing);
                desktop.jobs_fail = twist == Twist::JobFails;
                twist::colleagues(seed.desktop(DCS_PROJECT, desktop), id, twist)
            }
            Task::CancelRefresh => seed.refresh(refresh.batches(3, LONG_BATCH)),
            Task::CompleteRefresh if twist == Twist::FailingBatch => {
                let failing = refresh
                    .batches(1, BATCH)
                    .batch(RefreshBatch::new(2, BATCH).fails(1));
                let failing = failing.batches(1, BATCH);
                seed.refresh(failing.standing(RefreshStatus::AutoPause, 2))
            }
            Task::CompleteRefresh => seed.refresh(
                refresh
                    .batches(3, BATCH)
                    .batch_pause(BatchPause::BatchIntervalPause)
                    .standing(RefreshStatus::AutoPause, 2),
            ),
            Task::CancelReservation => seed.reservation(Reservation::esi(id)),
            Task::Observe => {
                let instance = CloudDcInstance::new(id).status("pending");
                seed.clouddc(DCS_PROJECT, instance.then(120, "running"))
            }
        }
    }

    /// Its manifest.
    pub fn manifest(&self, bed: &Bed) -> String {
        self.manifest_for(bed, &self.name, "")
    }

    /// What is applied first, and edited later: a plan for another target.
    pub fn first_manifest(&self, bed: &Bed) -> String {
        match self.twist {
            Twist::Edited => self.manifest_for(bed, &self.decoy(), "  mode: Plan\n"),
            _ => self.manifest(bed),
        }
    }

    fn manifest_for(&self, bed: &Bed, target: &str, more: &str) -> String {
        let name = &self.name;
        let group = format!("asg-of-{target}");
        let more = format!("{more}{}", self.twist.more());
        match self.task {
            Task::CancelResize => {
                bed.cancellation(name, target, &format!("task-of-{target}"), &more)
            }
            Task::Order | Task::OrderToPay => {
                let change = format!("{{resize: {{productId: {LARGER}}}}}");
                let payment = match self.task {
                    Task::Order => "Automatic",
                    _ => "Manual",
                };
                bed.order(
                    name,
                    target,
                    &change,
                    &format!("  payment: {payment}\n{more}"),
                )
            }
            Task::CancelRefresh => bed.refresh(name, &group, target, "Cancelled", &more),
            Task::CompleteRefresh => bed.refresh(name, &group, target, "Completed", &more),
            Task::CancelReservation => bed.reservation(name, target, "Cancelled", &more),
            Task::Observe => {
                let until = "  interval: 10s\n  until: {states: [running]}\n";
                bed.observation(name, target, until)
            }
        }
    }
}
