//! The closed list of reasons. A finished object's reason is its outcome.

use std::fmt;

/// Declares the list once: each word with what it means and what to do.
macro_rules! reasons {
    ($($word:ident: $meaning:literal,)*) => {
        /// Why an operation is where it is. Closed list: alerts and scripts may
        /// rely on the words.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Reason {
            $(#[doc = $meaning] $word,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$(Reason::$word,)*];

            /// What it means and, where somebody has to act, what to do.
            pub fn meaning(self) -> &'static str {
                match self { $(Reason::$word => $meaning,)* }
            }
        }

        impl fmt::Display for Reason {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Reason::$word => stringify!($word),)* })
            }
        }
    };
}

reasons! {
    Pending: "Not looked at by Errand yet.",
    ConnectionNotFound: "The connection that connectionRef names is not there. Create it, or correct the name.",
    ConnectionNotReady: "The connection cannot be used as it is. Its spec has to be mended.",
    TargetBusy: "The cloud is doing something else with the target; Errand tries again.",
    Throttled: "The cloud asked for fewer calls; Errand tries again more slowly.",
    CloudUnavailable: "The cloud cannot be reached or has a fault; Errand tries again.",
    ClockSkew: "The operator's clock and the cloud's differ by more than 10 minutes, so nothing is sent. Set the clock of the node.",
    MaintenanceWindow: "The target's maintenance window is open, so a cancel would race with the change; nothing is sent until it has closed.",
    Executing: "A call is intended and being sent.",
    Verifying: "A call was accepted; its effect is looked for in the cloud.",
    ResolvingAnswer: "The answer of a call is not known; its effect is looked for in the cloud.",
    SuspendedBySpec: "spec.suspend is true.",
    PlanReady: "mode is Plan: status.plan says what would be sent.",
    CredentialsRejected: "The cloud does not accept the key. Put a valid one into the Secret.",
    CredentialsMissing: "The Secret or a key in it is not there. Create it.",
    PermissionDenied: "The cloud forbids the call to this key. Grant the permission that the message names.",
    TargetBlocked: "The cloud will not act on the target before a person has dealt with it there, for instance paid an open order.",
    ConnectionMismatch: "The connection is of another cloud, or its endpoint does not offer this API.",
    IntentNotStored: "The API server did not keep the record of the intended call, so nothing is sent. Install the CRDs of this version.",
    AnswerUnknown: "Nobody can know whether the last call took effect. A person has to look, and decide.",
    ProofTimeout: "The call was accepted and its effect did not show in time. A person has to look, and decide.",
    AlreadySatisfied: "The target was as wanted before anything was sent.",
    Cancelled: "The pending change is cancelled.",
    Refused: "The cloud refused the call for good; it had no effect.",
    TargetNotFound: "The target is not there.",
    InvalidForTarget: "What is asked for does not fit the target.",
    TooLate: "The change has run; it cannot be cancelled any more.",
    ChangeFailed: "The change ran and failed; there is nothing left to cancel.",
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
