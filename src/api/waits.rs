//! How long each reason to wait is expected to last. Past that the operation has the
//! condition `Overdue`.

use std::time::Duration;

use super::Reason;

/// The type of the condition.
pub const OVERDUE: &str = "Overdue";

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// What is expected of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// It lasts no longer than this, or than the cloud has announced, if that is later.
    pub length: Duration,
    /// What to do when it lasts longer.
    pub then: &'static str,
}

impl Wait {
    /// The length in words: `30 min`, `6 h` or `3 days`.
    pub fn words(self) -> String {
        match self.length.as_secs() {
            seconds if seconds >= 2 * DAY && seconds.is_multiple_of(DAY) => {
                format!("{} days", seconds / DAY)
            }
            seconds if seconds.is_multiple_of(HOUR) => format!("{} h", seconds / HOUR),
            seconds => format!("{} min", seconds / MINUTE),
        }
    }
}

impl Reason {
    /// Waits that something else is known to end: `schedule.notBefore`, and the minute after
    /// which a connection that does not fit is Blocked.
    #[cfg(test)]
    pub(crate) const ENDED_OTHERWISE: [Reason; 3] = [
        Reason::BeforeWindow,
        Reason::ConnectionNotFound,
        Reason::ConnectionNotReady,
    ];

    /// How long a wait for this reason is expected to last; nothing for a reason that is
    /// no wait, or whose end is known.
    pub fn expected_wait(self) -> Option<Wait> {
        let wait = |seconds, then| {
            Some(Wait {
                length: Duration::from_secs(seconds),
                then,
            })
        };
        match self {
            Reason::Pending => wait(
                30 * MINUTE,
                "Errand cannot complete its first observation. Check the operator's log for this object.",
            ),
            Reason::TargetLocked => wait(
                DAY,
                "Check the operation that holds the target: it may need a decision or a payment.",
            ),
            Reason::WaitingForPayment => wait(
                DAY,
                "Pay the order in the cloud console, or cancel it there.",
            ),
            Reason::OrderInReview => wait(
                3 * DAY,
                "Ask the person who approves the order, or cancel it in the cloud console.",
            ),
            Reason::OrderProcessing => wait(
                6 * HOUR,
                "Check the order in the cloud console, and open a ticket with the cloud if it makes no progress.",
            ),
            Reason::RefreshRunning => wait(
                DAY,
                "Check the refresh and its instances in the cloud console.",
            ),
            Reason::AwaitingDelivery => wait(
                DAY,
                "Check the reservation and its delivery slot in the cloud console.",
            ),
            Reason::AwaitingState => wait(
                7 * DAY,
                "Check the instance in the cloud console. Delete this observation if it is not needed any more.",
            ),
            Reason::TargetBusy => wait(
                6 * HOUR,
                "Check the target in the cloud console: a task there may have failed or never end. Open a ticket with the cloud if it makes no progress.",
            ),
            Reason::ConcurrencyLimit => wait(
                6 * HOUR,
                "Check the connection's other operations: one may need a decision. Or raise policy.maxConcurrent.",
            ),
            Reason::Throttled => wait(
                HOUR,
                "Find the other clients that use up the account's quota for this API.",
            ),
            Reason::CloudUnavailable => wait(
                HOUR,
                "Check the cloud's status page, and that the operator's pod reaches the endpoint (DNS, firewall, proxy).",
            ),
            Reason::ClockSkew => wait(30 * MINUTE, "Set the clock of the operator's node."),
            Reason::ObservationUnclear => wait(
                HOUR,
                "Check the target in the cloud console. The cloud's answers may have changed: check for a newer version of Errand.",
            ),
            Reason::MaintenanceWindow => wait(
                12 * HOUR,
                "Check the target's maintenance window in the cloud console.",
            ),
            // Waits until it is refused three times in a row, or without end if other faults
            // come between.
            Reason::CloudRefuses => wait(
                HOUR,
                "Fix what the cloud's message names: a permission, a quota, the account's balance, an allow list.",
            ),
            // Waits while the API server does not answer for the Secret.
            Reason::CredentialsMissing => wait(
                HOUR,
                "Check that the API server answers, and that Errand's service account may read the Secret.",
            ),
            // Its end is schedule.notBefore.
            Reason::BeforeWindow => None,
            // After a minute of waiting the operation is Blocked.
            Reason::ConnectionNotFound | Reason::ConnectionNotReady => None,
            // The send window, verifyTimeout and the settle time end these.
            Reason::Executing | Reason::Verifying | Reason::ResolvingAnswer => None,
            // These need the user, and their conditions show it.
            Reason::SuspendedBySpec
            | Reason::SuspendedByConnection
            | Reason::PlanReady
            | Reason::CredentialsRejected
            | Reason::PermissionDenied
            | Reason::PaidOperationsForbidden
            | Reason::LedgerFull
            | Reason::TargetBlocked
            | Reason::ConnectionMismatch
            | Reason::IntentNotStored
            | Reason::ObjectUnreadable
            | Reason::StatusRefused
            | Reason::AnswerUnknown
            | Reason::NoRecord
            | Reason::LedgerConflict
            | Reason::DesiredStateUnreachable
            | Reason::RefreshPausedOnFailure
            | Reason::RefreshPausedAtBatch
            | Reason::ProofTimeout => None,
            // These have ended.
            Reason::AlreadySatisfied
            | Reason::AssumedDone
            | Reason::Cancelled
            | Reason::Delivered
            | Reason::Reserved
            | Reason::Completed
            | Reason::Paused
            | Reason::Observed
            | Reason::Reached
            | Reason::Refused
            | Reason::TargetNotFound
            | Reason::WindowMissed
            | Reason::InvalidForTarget
            | Reason::AlreadyExecuted
            | Reason::OperationKeyReused
            | Reason::OrderCancelled
            | Reason::OrderFailed
            | Reason::AlreadyPrepaid
            | Reason::GivenUp
            | Reason::TooLate
            | Reason::NotDelivered
            | Reason::RefreshFailed
            | Reason::CancelledElsewhere
            | Reason::StateUnreachable
            | Reason::ChangeFailed
            | Reason::RefusedHalfway => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Group;

    #[test]
    fn every_reason_to_wait_has_an_expected_length_and_no_other() {
        // Reasons of a block that an operation can wait with.
        let also = [Reason::CloudRefuses, Reason::CredentialsMissing];
        for reason in Reason::ALL {
            let waits = reason.group() == Group::Waiting || also.contains(reason);
            let waits = waits && !Reason::ENDED_OTHERWISE.contains(reason);
            let expected = reason.expected_wait();
            assert_eq!(expected.is_some(), waits, "{reason}");
            if let Some(wait) = expected {
                assert!(wait.length >= Duration::from_secs(30 * MINUTE), "{reason}");
                assert!(wait.then.ends_with('.'), "{reason}");
            }
        }
    }

    #[test]
    fn a_length_is_told_in_whole_units() {
        let words = |reason: Reason| reason.expected_wait().expect("a wait").words();
        assert_eq!(words(Reason::ClockSkew), "30 min");
        assert_eq!(words(Reason::TargetBusy), "6 h");
        assert_eq!(words(Reason::TargetLocked), "24 h");
        assert_eq!(words(Reason::OrderInReview), "3 days");
    }
}
