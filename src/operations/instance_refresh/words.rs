//! What it says to users: its reasons and questions, and what reasons come to.

use super::{CONTINUE, RESUME, RETRY};
use crate::api::{Decision, Reason, reasons};
use crate::operations::guide::{CANCEL as CANCEL_IT, TOO_LATE};
use crate::operations::{Choice, Guide, Line, Question};

reasons! {
    REASONS:

    Waiting {
        REFRESH_RUNNING "RefreshRunning": "The instance refresh is running; Errand watches it.",
            for 24 hours => "Check the refresh and its instances in the cloud console.",
            listed 34;
    }
    Held {
        REFRESH_PAUSED_ON_FAILURE "RefreshPausedOnFailure": "The cloud has paused the refresh because a batch failed, and a paused refresh blocks its group. A person has to decide, or set desiredState to Cancelled.",
            listed 41;
        REFRESH_PAUSED_AT_BATCH "RefreshPausedAtBatch": "The refresh is paused, and a paused refresh blocks its group. A person has to decide, or set desiredState to Cancelled.",
            listed 42;
    }
    Success {
        COMPLETED "Completed": "The refresh has completed.",
            listed 42;
        PAUSED "Paused": "The refresh is paused, as was wanted. Its group stays blocked until the refresh goes on or is cancelled.",
            listed 43;
    }
    Failure {
        REFRESH_FAILED "RefreshFailed": "The refresh failed, or the cloud cancelled it or rolled it back because instances failed.",
            listed 42;
        CANCELLED_ELSEWHERE "CancelledElsewhere": "Another client cancelled the refresh.",
            listed 43;
    }
}

const GO_ON: &str =
    "Have the cloud go on from where it stands; instances that failed stay as they are.";

/// The cloud paused it because a batch failed.
pub(super) const PAUSED_ON_FAILURE: Question = Question {
    reason: REFRESH_PAUSED_ON_FAILURE,
    choices: &[
        Choice {
            decision: Decision::Retry,
            meaning: "The cause is fixed: have the cloud try the failed instances again.",
            call: Some(&RETRY),
        },
        Choice {
            decision: Decision::Continue,
            meaning: GO_ON,
            call: Some(&CONTINUE),
        },
    ],
};

/// It is paused until a user lets it go on.
pub(super) const PAUSED_AT_BATCH: Question = Question {
    reason: REFRESH_PAUSED_AT_BATCH,
    choices: &[Choice {
        decision: Decision::Continue,
        meaning: GO_ON,
        call: Some(&RESUME),
    }],
};

/// This operation cancelled it, and something else is wanted now.
pub(super) const UNREACHABLE: Question = Question {
    reason: Reason::DESIRED_STATE_UNREACHABLE,
    choices: &[Choice {
        decision: Decision::LookAgain,
        meaning: "Read the refresh again now; the question is asked again if it is still cancelled.",
        call: None,
    }],
};

pub(super) const GUIDES: &[Guide] = &[
    Guide {
        reasons: &[REFRESH_RUNNING],
        next: "{observes}, however long the refresh takes. If the cloud pauses it, the operation is Held.",
        can: &[
            Line::Say("Nothing, as a rule. To have it paused or cancelled (with GitOps: in Git):"),
            CANCEL_IT,
        ],
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[REFRESH_PAUSED_ON_FAILURE, REFRESH_PAUSED_AT_BATCH],
        can: &[
            Line::Say(
                "While it is paused, its group does not scale. To have it cancelled instead (with GitOps: in Git):",
            ),
            CANCEL_IT,
        ],
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[Reason::DESIRED_STATE_UNREACHABLE],
        can: &[
            Line::Say("Or ask for what it is (with GitOps: in Git), which ends it at once:"),
            CANCEL_IT,
        ],
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[Reason::ANSWER_UNKNOWN, Reason::PROOF_TIMEOUT],
        can: &[
            Line::Say(
                "Or change what is wanted of the refresh (with GitOps: in Git), for instance:",
            ),
            CANCEL_IT,
        ],
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[REFRESH_FAILED, CANCELLED_ELSEWHERE],
        can: &[Line::Say(
            "See in the cloud's console which instances of {target} are refreshed; failed ones stay in standby until they are dealt with there.",
        )],
        ..Guide::DEFAULT
    },
    TOO_LATE,
];
