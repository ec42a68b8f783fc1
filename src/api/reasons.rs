//! The closed list of reasons. A finished object's reason is its outcome.

use std::fmt;

/// Declares the list once: by group, each word with what it means and what to do.
macro_rules! reasons {
    ($($group:ident { $($name:ident $word:literal: $meaning:literal,)* })*) => {
        /// Why an operation is where it is. Closed list: alerts and scripts may
        /// rely on the words.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Reason {
            $($(#[doc = $meaning] $name,)*)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$($(Reason::$name,)*)*];

            /// What it means and, where somebody has to act, what to do.
            pub fn meaning(self) -> &'static str {
                match self { $($(Reason::$name => $meaning,)*)* }
            }

            /// Which sort of reason it is.
            pub fn group(self) -> Group {
                match self { $($(Reason::$name => Group::$group,)*)* }
            }
        }

        impl fmt::Display for Reason {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($(Reason::$name => $word,)*)* })
            }
        }
    };
}

/// Sorts of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Waits for something that passes by itself.
    Waiting,
    /// A call is on its way, or its effect is looked for.
    Running,
    /// Nothing further is sent because somebody said so.
    Suspended,
    /// What would be sent is known.
    Planned,
    /// A person has to mend something.
    Blocked,
    /// A person has to decide.
    Held,
    /// Ended as wanted.
    Success,
    /// Ended otherwise, and it is known that no call had an effect.
    FailureWithoutEffect,
    /// Ended otherwise.
    Failure,
}

reasons! {
    Waiting {
        Pending "Pending": "Errand has not observed it yet.",
        BeforeWindow "BeforeWindow": "schedule.notBefore has not come yet.",
        TargetLocked "TargetLocked": "Another operation has a call to this target under way that must not be repeated; this one waits until that has ended.",
        WaitingForPayment "WaitingForPayment": "The order is placed and not paid. Pay it at the cloud before its deadline, or cancel it there.",
        OrderInReview "OrderInReview": "The order is placed and under review at the cloud.",
        OrderProcessing "OrderProcessing": "The order is placed and being carried out by the cloud.",
        RefreshRunning "RefreshRunning": "The instance refresh is running; Errand watches it.",
        AwaitingDelivery "AwaitingDelivery": "The reservation is there and not delivered yet; Errand watches it.",
        AwaitingState "AwaitingState": "The instance is not yet in a state that spec.until names; Errand watches it.",
        TargetBusy "TargetBusy": "The cloud is doing something else with the target; Errand tries again.",
        ConcurrencyLimit "ConcurrencyLimit": "As many operations of the connection are under way as its policy.maxConcurrent allows.",
        Throttled "Throttled": "The cloud asked for fewer calls; Errand tries again more slowly.",
        CloudUnavailable "CloudUnavailable": "The cloud cannot be reached or has a fault; Errand tries again.",
        ClockSkew "ClockSkew": "The operator's clock and the cloud's differ by more than 10 minutes, so nothing is sent. Set the clock of the operator's node.",
        ObservationUnclear "ObservationUnclear": "The cloud's answer is not fully understood, so Errand concludes nothing from it and keeps observing. If this lasts, check the target in the cloud console.",
        MaintenanceWindow "MaintenanceWindow": "The target's maintenance window is open, so a cancel would race with the change; nothing is sent until it has closed.",
    }
    Running {
        Executing "Executing": "A call is intended and being sent.",
        Verifying "Verifying": "A call was accepted; its effect is looked for in the cloud.",
        ResolvingAnswer "ResolvingAnswer": "The answer of a call is not known; its effect is looked for in the cloud.",
    }
    Suspended {
        SuspendedBySpec "SuspendedBySpec": "spec.suspend is true.",
        SuspendedByConnection "SuspendedByConnection": "policy.suspend of the connection is true.",
    }
    Planned {
        PlanReady "PlanReady": "mode is Plan: status.plan says what would be sent.",
    }
    Blocked {
        CredentialsRejected "CredentialsRejected": "The cloud does not accept the key. Put a valid one into the Secret.",
        CredentialsMissing "CredentialsMissing": "The Secret or a key in it is not there. Create it.",
        PermissionDenied "PermissionDenied": "The cloud forbids the call: to this key, or from this address. The message names what to grant.",
        PaidOperationsForbidden "PaidOperationsForbidden": "This payment is not allowed: by policy.paidOperations of the connection, or by --paid-operations or --paid-namespace-selector of the operator, which are for its administrators. The message names each that forbids it.",
        LedgerFull "LedgerFull": "The ledger of the target has no room for another call. Nothing is sent without a record.",
        TargetBlocked "TargetBlocked": "The cloud will not act on the target until you resolve it in the cloud console, for instance pay an open order.",
        ConnectionMismatch "ConnectionMismatch": "The connection is of another cloud, or its endpoint does not offer this API.",
        IntentNotStored "IntentNotStored": "The record of what was or is to be called could not be kept or read, so nothing is sent. Install the CRDs and the rights of this version.",
        ObjectUnreadable "ObjectUnreadable": "Errand cannot read the field of the object that the message names, so it does nothing with the object. Correct the field, or check that the CRDs match the operator's version.",
        StatusRefused "StatusRefused": "The API server refuses the status that Errand writes, so Errand sends nothing further. Correct the field that the message names, or check that the CRDs match the operator's version.",
        CloudRefuses "CloudRefuses": "The cloud refused the same call, or the operation's reads, three times in a row with an answer that Errand does not know. Fix what its message names; Errand tries again.",
        ConnectionNotFound "ConnectionNotFound": "The connection that connectionRef names does not exist. Create it, or correct the name.",
        ConnectionNotReady "ConnectionNotReady": "The connection cannot be used as it is. Fix its spec.",
    }
    Held {
        AnswerUnknown "AnswerUnknown": "It is unknown whether the last call took effect. Check the target in the cloud console, then set spec.resolution.",
        NoRecord "NoRecord": "The object was restored from a backup and there is no record of what it did. A person has to look whether the call was made, and decide.",
        LedgerConflict "LedgerConflict": "A call of this object is recorded here and not in the ledger. A person has to look, and decide.",
        DesiredStateUnreachable "DesiredStateUnreachable": "After what this operation did before, the cloud can no longer do what desiredState asks for. A person has to change desiredState, or decide.",
        RefreshPausedOnFailure "RefreshPausedOnFailure": "The cloud has paused the refresh because a batch failed, and a paused refresh blocks its group. A person has to decide, or set desiredState to Cancelled.",
        RefreshPausedAtBatch "RefreshPausedAtBatch": "The refresh is paused, and a paused refresh blocks its group. A person has to decide, or set desiredState to Cancelled.",
        ProofTimeout "ProofTimeout": "The call was accepted and its effect did not show in time. A person has to look, and decide.",
    }
    Success {
        AlreadySatisfied "AlreadySatisfied": "The target was as wanted before anything was sent.",
        AssumedDone "AssumedDone": "A person said that it is done. Errand has not seen it.",
        Cancelled "Cancelled": "It is cancelled.",
        Delivered "Delivered": "What was ordered is there.",
        Reserved "Reserved": "The reservation is there.",
        Completed "Completed": "The refresh has completed.",
        Paused "Paused": "The refresh is paused, as was wanted. Its group stays blocked until the refresh goes on or is cancelled.",
        Observed "Observed": "The state of the instance was read.",
        Reached "Reached": "The instance is in a state that spec.until names.",
    }
    FailureWithoutEffect {
        Refused "Refused": "The cloud refused the call for good; it had no effect.",
        TargetNotFound "TargetNotFound": "The cloud does not know the target.",
        WindowMissed "WindowMissed": "schedule.notAfter passed before the first call; nothing was sent.",
        InvalidForTarget "InvalidForTarget": "What is asked for does not fit the target.",
    }
    Failure {
        AlreadyExecuted "AlreadyExecuted": "The same operation was carried out before, and the target is not as it was wanted then. To run it again, create it with a spec.operationKey that was not used yet.",
        OperationKeyReused "OperationKeyReused": "The spec.operationKey was used for something else before. Give one that was not used yet.",
        OrderCancelled "OrderCancelled": "The order was cancelled at the cloud, or was not paid in time.",
        OrderFailed "OrderFailed": "The order was accepted, and the cloud could not carry it out. Look at the order there: it may have been charged.",
        AlreadyPrepaid "AlreadyPrepaid": "The desktop was prepaid before; whether its term is the wanted one cannot be seen.",
        GivenUp "GivenUp": "A person gave it up. Whether a call took effect is not known.",
        TooLate "TooLate": "It is too late for what was asked; the cloud no longer does it.",
        NotDelivered "NotDelivered": "The reservation ended without being delivered in full.",
        RefreshFailed "RefreshFailed": "The refresh failed, or the cloud cancelled it or rolled it back because instances failed.",
        CancelledElsewhere "CancelledElsewhere": "Another client cancelled the refresh.",
        StateUnreachable "StateUnreachable": "The instance is in a state that spec.until.failOn names, or one from which no wanted state can come.",
        ChangeFailed "ChangeFailed": "The change ran and failed; there is nothing left to cancel.",
        RefusedHalfway "RefusedHalfway": "The cloud refused a call for good, after an earlier call of this operation had its effect.",
    }
}

impl Reason {
    /// The reason of that number in [`Reason::ALL`].
    pub fn from_index(index: u16) -> Option<Reason> {
        Self::ALL.get(usize::from(index)).copied()
    }

    /// Its number in [`Reason::ALL`].
    pub fn index(self) -> u16 {
        self as u16
    }

    /// The reason that is written like this.
    pub fn from_word(word: &str) -> Option<Reason> {
        Self::ALL.iter().copied().find(|r| r.to_string() == word)
    }
}

impl Group {
    /// How the group is headed in the reference.
    pub fn title(self) -> &'static str {
        match self {
            Group::Waiting => "Waiting: Errand tries again",
            Group::Running => {
                "Executing, Verifying: a call is on its way, or its effect is looked for"
            }
            Group::Suspended => "Suspended",
            Group::Planned => "Planned",
            Group::Blocked => "Blocked: a user must fix something, then Errand continues",
            Group::Held => "Held: a person has to decide",
            Group::Success => "Succeeded (outcomes)",
            Group::FailureWithoutEffect => "Failed, and no call had an effect (outcomes)",
            Group::Failure => "Failed (outcomes)",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_and_word_lead_back_to_the_reason() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_index(reason.index()), Some(*reason));
            assert_eq!(Reason::from_word(&reason.to_string()), Some(*reason));
        }
    }
}
