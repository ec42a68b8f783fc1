//! The questions of its own.

use super::{CONTINUE, RESUME, RETRY};
use crate::api::{Decision, Reason};
use crate::operations::{Choice, Question};

const GO_ON: &str =
    "Have the cloud go on from where it stands; instances that failed stay as they are.";

/// The cloud paused it because a batch failed.
pub(super) const PAUSED_ON_FAILURE: Question = Question {
    reason: Reason::RefreshPausedOnFailure,
    choices: &[
        Choice {
            decision: Decision::Retry,
            meaning: "The cause is fixed: have the cloud try the failed instances again.",
            step: Some(RETRY),
        },
        Choice {
            decision: Decision::Continue,
            meaning: GO_ON,
            step: Some(CONTINUE),
        },
    ],
};

/// It is paused until a user lets it go on.
pub(super) const PAUSED_AT_BATCH: Question = Question {
    reason: Reason::RefreshPausedAtBatch,
    choices: &[Choice {
        decision: Decision::Continue,
        meaning: GO_ON,
        step: Some(RESUME),
    }],
};

/// This operation cancelled it, and something else is wanted now.
pub(super) const UNREACHABLE: Question = Question {
    reason: Reason::DesiredStateUnreachable,
    choices: &[Choice {
        decision: Decision::LookAgain,
        meaning: "Read the refresh again now; the question is asked again if it is still cancelled.",
        step: None,
    }],
};
