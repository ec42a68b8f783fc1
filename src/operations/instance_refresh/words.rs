//! What it says to users: its questions, and what its reasons come to.

use super::{CONTINUE, RESUME, RETRY};
use crate::api::{Decision, Reason};
use crate::operations::guide::CANCEL as CANCEL_IT;
use crate::operations::{Choice, Guide, Line, Question};

const GO_ON: &str =
    "Have the cloud go on from where it stands; instances that failed stay as they are.";

/// The cloud paused it because a batch failed.
pub(super) const PAUSED_ON_FAILURE: Question = Question {
    reason: Reason::RefreshPausedOnFailure,
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
    reason: Reason::RefreshPausedAtBatch,
    choices: &[Choice {
        decision: Decision::Continue,
        meaning: GO_ON,
        call: Some(&RESUME),
    }],
};

/// This operation cancelled it, and something else is wanted now.
pub(super) const UNREACHABLE: Question = Question {
    reason: Reason::DesiredStateUnreachable,
    choices: &[Choice {
        decision: Decision::LookAgain,
        meaning: "Read the refresh again now; the question is asked again if it is still cancelled.",
        call: None,
    }],
};

pub(super) const GUIDES: &[Guide] = &[
    Guide {
        reasons: &[Reason::RefreshRunning],
        next: "{observes}, however long the refresh takes. If the cloud pauses it, the operation is Held.",
        can: &[
            Line::Say("Nothing, as a rule. To have it paused or cancelled (with GitOps: in Git):"),
            CANCEL_IT,
        ],
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[Reason::RefreshPausedOnFailure, Reason::RefreshPausedAtBatch],
        can: &[
            Line::Say(
                "While it is paused, its group does not scale. To have it cancelled instead (with GitOps: in Git):",
            ),
            CANCEL_IT,
        ],
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[Reason::DesiredStateUnreachable],
        can: &[
            Line::Say("Or ask for what it is (with GitOps: in Git), which ends it at once:"),
            CANCEL_IT,
        ],
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[Reason::AnswerUnknown, Reason::ProofTimeout],
        can: &[
            Line::Say(
                "Or change what is wanted of the refresh (with GitOps: in Git), for instance:",
            ),
            CANCEL_IT,
        ],
        ..Guide::DEFAULT
    },
    Guide {
        reasons: &[Reason::RefreshFailed, Reason::CancelledElsewhere],
        can: &[Line::Say(
            "See in the cloud's console which instances of {target} are refreshed; failed ones stay in standby until they are dealt with there.",
        )],
        ..Guide::DEFAULT
    },
];
