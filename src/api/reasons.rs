//! The reasons that kinds share, and how a kind declares those of its own. Together they are
//! the closed list. A finished object's reason is its outcome.

use std::fmt;

use super::Wait;

/// Why an operation is where it is: a row of the closed list. Alerts and scripts may rely on
/// the words.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Reason(&'static ReasonRow);

/// What is known of a reason.
#[derive(Debug, PartialEq, Eq)]
pub struct ReasonRow {
    word: &'static str,
    group: Group,
    meaning: &'static str,
    wait: Option<Wait>,
    dated: bool,
    place: u8,
}

impl ReasonRow {
    /// A reason that is no wait, or whose wait has an end that is known.
    pub const fn new(word: &'static str, group: Group, meaning: &'static str) -> Self {
        Self {
            word,
            group,
            meaning,
            wait: None,
            dated: false,
            place: u8::MAX,
        }
    }

    /// A wait of which that is expected.
    #[must_use]
    pub const fn wait(mut self, wait: Wait) -> Self {
        self.wait = Some(wait);
        self
    }

    /// A wait that ends at a time that is known.
    #[must_use]
    pub const fn dated(mut self) -> Self {
        self.dated = true;
        self
    }

    /// Where it is listed in its group; at the end if it is not said. The first shared
    /// reason has place 10, the next 20, and so on.
    #[must_use]
    pub const fn listed(mut self, place: u8) -> Self {
        self.place = place;
        self
    }
}

/// Declares reasons, by group: each word with what it means and what to do, and of a reason
/// to wait, for how long it is expected to last and what to do after that. Gives a constant
/// for each and the list of them, in a module or (`impl`) of a type.
macro_rules! reasons {
    (@row $group:ident $word:literal $meaning:literal
        [$($count:literal $unit:ident $then:literal)?] [$($dated:ident)?] [$($place:literal)?]
    ) => {{
        const ROW: &$crate::api::ReasonRow = &$crate::api::ReasonRow::new(
            $word,
            $crate::api::Group::$group,
            $meaning,
        )
        $(.wait($crate::api::Wait::$unit($count, $then)))?
        $(.$dated())?
        $(.listed($place))?;
        $crate::api::Reason::of(ROW)
    }};
    (impl $type:ident, $list:ident: $($group:ident {$(
        $name:ident $word:literal: $meaning:literal
        $(, for $count:literal $unit:ident => $then:literal)?
        $(, is $dated:ident)?
        $(, listed $place:literal)?;
    )*})*) => {
        impl $type {
            $($(
                #[doc = $meaning]
                pub const $name: $crate::api::Reason = $crate::api::reasons!(
                    @row $group $word $meaning
                    [$($count $unit $then)?] [$($dated)?] [$($place)?]
                );
            )*)*

            /// Each of them.
            pub const $list: &'static [$crate::api::Reason] = &[$($($type::$name,)*)*];
        }
    };
    ($list:ident: $($group:ident {$(
        $name:ident $word:literal: $meaning:literal
        $(, for $count:literal $unit:ident => $then:literal)?
        $(, is $dated:ident)?
        $(, listed $place:literal)?;
    )*})*) => {
        $($(
            #[doc = $meaning]
            pub(super) const $name: $crate::api::Reason = $crate::api::reasons!(
                @row $group $word $meaning
                [$($count $unit $then)?] [$($dated)?] [$($place)?]
            );
        )*)*

        /// Each of them.
        pub(super) const $list: &[$crate::api::Reason] = &[$($($name,)*)*];
    };
}

pub(crate) use reasons;

/// Sorts of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    impl Reason, SHARED:

    Waiting {
        PENDING "Pending": "Errand has not observed it yet.",
            for 30 minutes => "Errand cannot complete its first observation. Check the operator's log for this object.";
        BEFORE_WINDOW "BeforeWindow": "schedule.notBefore has not come yet.",
            is dated;
        TARGET_LOCKED "TargetLocked": "Another operation has a call to this target under way that must not be repeated; this one waits until that has ended.",
            for 24 hours => "Check the operation that holds the target: it may need a decision or a payment.";
        TARGET_BUSY "TargetBusy": "The cloud is doing something else with the target; Errand tries again.",
            for 6 hours => "Check the target in the cloud console: a task there may have failed or never end. Open a ticket with the cloud if it makes no progress.";
        CONCURRENCY_LIMIT "ConcurrencyLimit": "As many operations of the connection are under way as its policy.maxConcurrent allows.",
            for 6 hours => "Check the connection's other operations: one may need a decision. Or raise policy.maxConcurrent.";
        THROTTLED "Throttled": "The cloud asked for fewer calls; Errand tries again more slowly.",
            for 60 minutes => "Find the other clients that use up the account's quota for this API.";
        CLOUD_UNAVAILABLE "CloudUnavailable": "The cloud cannot be reached or has a fault; Errand tries again.",
            for 60 minutes => "Check the cloud's status page, and that the operator's pod reaches the endpoint (DNS, firewall, proxy).";
        CLOCK_SKEW "ClockSkew": "The operator's clock and the cloud's differ by more than 10 minutes, so nothing is sent. Set the clock of the operator's node.",
            for 30 minutes => "Set the clock of the operator's node.";
        OBSERVATION_UNCLEAR "ObservationUnclear": "The cloud's answer is not fully understood, so Errand concludes nothing from it and keeps observing. If this lasts, check the target in the cloud console.",
            for 60 minutes => "Check the target in the cloud console. The cloud's answers may have changed: check for a newer version of Errand.";
    }
    Running {
        EXECUTING "Executing": "A call is intended and being sent.";
        VERIFYING "Verifying": "A call was accepted; its effect is looked for in the cloud.";
        RESOLVING_ANSWER "ResolvingAnswer": "The answer of a call is not known; its effect is looked for in the cloud.";
    }
    Suspended {
        SUSPENDED_BY_SPEC "SuspendedBySpec": "spec.suspend is true.";
        SUSPENDED_BY_CONNECTION "SuspendedByConnection": "policy.suspend of the connection is true.";
    }
    Planned {
        PLAN_READY "PlanReady": "mode is Plan: status.plan says what would be sent.";
    }
    Blocked {
        CREDENTIALS_REJECTED "CredentialsRejected": "The cloud does not accept the key. Put a valid one into the Secret.";
        CREDENTIALS_MISSING "CredentialsMissing": "The Secret or a key in it is not there. Create it.",
            for 60 minutes => "Check that the API server answers, and that Errand's service account may read the Secret.";
        PERMISSION_DENIED "PermissionDenied": "The cloud forbids the call: to this key, or from this address. The message names what to grant.";
        PAID_OPERATIONS_FORBIDDEN "PaidOperationsForbidden": "This payment is not allowed: by policy.paidOperations of the connection, or by --paid-operations or --paid-namespace-selector of the operator, which are for its administrators. The message names each that forbids it.";
        LEDGER_FULL "LedgerFull": "The ledger of the target has no room for another call. Nothing is sent without a record.";
        TARGET_BLOCKED "TargetBlocked": "The cloud will not act on the target until you resolve it in the cloud console, for instance pay an open order.";
        CONNECTION_MISMATCH "ConnectionMismatch": "The connection is of another cloud, or its endpoint does not offer this API.";
        INTENT_NOT_STORED "IntentNotStored": "The record of what was or is to be called could not be kept or read, so nothing is sent. Install the CRDs and the rights of this version.";
        OBJECT_UNREADABLE "ObjectUnreadable": "Errand cannot read the field of the object that the message names, so it does nothing with the object. Correct the field, or check that the CRDs match the operator's version.";
        STATUS_REFUSED "StatusRefused": "The API server refuses the status that Errand writes, so Errand sends nothing further. Correct the field that the message names, or check that the CRDs match the operator's version.";
        CLOUD_REFUSES "CloudRefuses": "The cloud refused the same call, or the operation's reads, three times in a row with an answer that Errand does not know. Fix what its message names; Errand tries again.",
            for 60 minutes => "Fix what the cloud's message names: a permission, a quota, the account's balance, an allow list.";
        CONNECTION_NOT_FOUND "ConnectionNotFound": "The connection that connectionRef names does not exist. Create it, or correct the name.";
        CONNECTION_NOT_READY "ConnectionNotReady": "The connection cannot be used as it is. Fix its spec.";
    }
    Held {
        ANSWER_UNKNOWN "AnswerUnknown": "It is unknown whether the last call took effect. Check the target in the cloud console, then set spec.resolution.";
        NO_RECORD "NoRecord": "The object was restored from a backup and there is no record of what it did. A person has to look whether the call was made, and decide.";
        LEDGER_CONFLICT "LedgerConflict": "A call of this object is recorded here and not in the ledger. A person has to look, and decide.";
        DESIRED_STATE_UNREACHABLE "DesiredStateUnreachable": "After what this operation did before, the cloud can no longer do what desiredState asks for. A person has to change desiredState, or decide.";
        PROOF_TIMEOUT "ProofTimeout": "The call was accepted and its effect did not show in time. A person has to look, and decide.";
    }
    Success {
        ALREADY_SATISFIED "AlreadySatisfied": "The target was as wanted before anything was sent.";
        ASSUMED_DONE "AssumedDone": "A person said that it is done. Errand has not seen it.";
        CANCELLED "Cancelled": "It is cancelled.";
        DELIVERED "Delivered": "What was ordered is there.";
    }
    FailureWithoutEffect {
        REFUSED "Refused": "The cloud refused the call for good; it had no effect.";
        TARGET_NOT_FOUND "TargetNotFound": "The cloud does not know the target.";
        WINDOW_MISSED "WindowMissed": "schedule.notAfter passed before the first call; nothing was sent.";
        INVALID_FOR_TARGET "InvalidForTarget": "What is asked for does not fit the target.";
    }
    Failure {
        ALREADY_EXECUTED "AlreadyExecuted": "The same operation was carried out before, and the target is not as it was wanted then. To run it again, create it with a spec.operationKey that was not used yet.";
        OPERATION_KEY_REUSED "OperationKeyReused": "The spec.operationKey was used for something else before. Give one that was not used yet.";
        GIVEN_UP "GivenUp": "A person gave it up. Whether a call took effect is not known.";
        TOO_LATE "TooLate": "It is too late for what was asked; the cloud no longer does it.";
        REFUSED_HALFWAY "RefusedHalfway": "The cloud refused a call for good, after an earlier call of this operation had its effect.";
    }
}

impl Reason {
    /// Waits that something else is known to end: `schedule.notBefore`, and the minute after
    /// which a connection that does not fit is Blocked.
    #[cfg(test)]
    pub(crate) const ENDED_OTHERWISE: [Reason; 3] = [
        Self::BEFORE_WINDOW,
        Self::CONNECTION_NOT_FOUND,
        Self::CONNECTION_NOT_READY,
    ];

    /// The reason of that row.
    pub const fn of(row: &'static ReasonRow) -> Self {
        Self(row)
    }

    /// Its word, as it is stored and shown.
    pub const fn word(self) -> &'static str {
        self.0.word
    }

    /// What it means and, where a user has to act, what to do.
    pub const fn meaning(self) -> &'static str {
        self.0.meaning
    }

    /// Which sort of reason it is.
    pub const fn group(self) -> Group {
        self.0.group
    }

    /// How long a wait for this reason is expected to last; nothing for a reason that is no
    /// wait, or whose end is known.
    pub const fn expected_wait(self) -> Option<Wait> {
        self.0.wait
    }

    /// It is a wait until a time that the schedule or the cloud has set.
    pub const fn is_dated(self) -> bool {
        self.0.dated
    }

    /// Where it is listed in its group; the shared reasons have 10, 20 and so on.
    pub const fn place(self) -> u8 {
        self.0.place
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
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
