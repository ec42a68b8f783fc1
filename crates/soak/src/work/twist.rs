//! What is unusual about the target of an operation.

use errand_simulator::{DcsInstance, DesktopChange, DesktopOrderSeed, PendingChange, Seed, When};
use errand_testbed::DCS_PROJECT;
use rand::RngExt;
use rand::rngs::StdRng;

use super::Task;

/// What is unusual about a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Twist {
    /// Nothing.
    None,
    /// The change alters the capacity alone.
    Capacity,
    /// The record of the change is deleted before long; the change stays.
    RecordDeleted,
    /// The same, of a change of the capacity alone that runs soon after.
    RunsUnrecorded,
    /// The job of the order fails.
    JobFails,
    /// The job of the order takes longer than the operation waits for its proof.
    SlowJob,
    /// A colleague's order for the desktop waits for a person: for payment or approval.
    ColleagueWaits,
    /// A colleague's order for the desktop is being carried out.
    ColleagueBusy,
    /// It is planned for another target first, and edited.
    Edited,
    /// A batch of the refresh fails once.
    FailingBatch,
}

/// Further away than any wave lasts.
const IN_TIME: i64 = 1000 * 3600;

impl Twist {
    /// Any that such a target can have; none for every other.
    pub(super) fn draw(random: &mut StdRng, task: Task) -> Self {
        let possible: &[Self] = match task {
            Task::CancelResize => &[
                Self::Capacity,
                // What happens before the record goes decides, so often nothing comes of it.
                Self::RecordDeleted,
                Self::RecordDeleted,
                Self::RunsUnrecorded,
                Self::RunsUnrecorded,
                Self::Edited,
            ],
            Task::Order => &[
                Self::JobFails,
                Self::SlowJob,
                Self::SlowJob,
                Self::ColleagueWaits,
                Self::ColleagueBusy,
                Self::Edited,
            ],
            Task::OrderToPay => &[Self::SlowJob, Self::ColleagueWaits, Self::Edited],
            Task::CompleteRefresh => &[Self::FailingBatch, Self::FailingBatch, Self::Edited],
            Task::CancelRefresh | Task::CancelReservation => &[Self::Edited],
            Task::Observe => &[],
        };
        if possible.is_empty() || random.random_bool(0.5) {
            return Self::None;
        }
        possible[random.random_range(0..possible.len())]
    }

    /// The effect of the call may not be provable in time, or not at all.
    pub fn is_hard_to_prove(self) -> bool {
        matches!(
            self,
            Self::RecordDeleted | Self::RunsUnrecorded | Self::JobFails | Self::SlowJob
        )
    }

    /// The record of the change is deleted.
    pub fn loses_its_record(self) -> bool {
        matches!(self, Self::RecordDeleted | Self::RunsUnrecorded)
    }

    /// A colleague has ordered something for the desktop.
    pub fn has_a_colleague(self) -> bool {
        matches!(self, Self::ColleagueWaits | Self::ColleagueBusy)
    }

    /// What is added to the spec.
    pub(super) fn more(self) -> &'static str {
        match self.is_hard_to_prove() {
            true => "  verifyTimeout: 2m\n",
            false => "",
        }
    }
}

/// An instance with a change that waits.
pub(super) fn instance(id: &str, twist: Twist) -> DcsInstance {
    // Not in the middle of the night of a wave that lasts.
    let instance = DcsInstance::new(id).window("00:00:00", "00:00:01");
    let task = format!("task-of-{id}");
    instance.change(match twist {
        Twist::Capacity => PendingChange::of_capacity(task, 8.0, IN_TIME),
        Twist::RecordDeleted => {
            PendingChange::new(task, "redis.big", IN_TIME).record_deleted(When::In(60))
        }
        Twist::RunsUnrecorded => PendingChange::of_capacity(task, 8.0, 400)
            .runs_for(60)
            .record_deleted(When::In(90)),
        _ => PendingChange::new(task, "redis.big", IN_TIME),
    })
}

/// Orders of colleagues for another change of the desktop, from before.
pub(super) fn colleagues(seed: Seed, id: &str, twist: Twist) -> Seed {
    const PROCESSING: u8 = 3;
    const PENDING_APPROVAL: u8 = 8;
    if !twist.has_a_colleague() {
        return seed;
    }
    let change = DesktopChange::ExpandVolume {
        volume_id: format!("root-{id}"),
        size: 200,
    };
    let order = DesktopOrderSeed::new(DCS_PROJECT, id, change).created(When::In(-300));
    seed.desktop_order(match twist {
        Twist::ColleagueBusy => order.status(PROCESSING),
        // One of the two, by the last digit but one of its number.
        _ if id.bytes().filter(u8::is_ascii_digit).sum::<u8>() % 2 == 0 => {
            order.status(PENDING_APPROVAL)
        }
        _ => order,
    })
}
