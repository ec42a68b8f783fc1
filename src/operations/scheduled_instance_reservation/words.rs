//! The question of its own.

use crate::api::{Decision, Reason};
use crate::operations::{Choice, Question};

/// This operation cancelled the order, and something else is wanted now.
pub(super) const UNREACHABLE: Question = Question {
    reason: Reason::DesiredStateUnreachable,
    choices: &[Choice {
        decision: Decision::LookAgain,
        meaning: "Read the order again now; the question is asked again if it is still cancelled.",
        step: None,
    }],
};
