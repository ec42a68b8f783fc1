//! How what goes wrong is told: the reason, for how long nothing is said, and
//! the sentence for people. Pure.

use errand_engine::{Code, Span, Trouble};

use super::connections::Unusable;
use crate::api::Reason;
use crate::cloud::huawei::CallError;
use crate::cloud::{Reading, Refusal};

/// How often a passing fault of a cloud is met before status tells it.
const QUIET_THROTTLED: u32 = 20;
const QUIET_UNAVAILABLE: u32 = 3;

pub(super) fn concurrency_limit(pause: Span) -> Unusable {
    Unusable {
        trouble: Trouble {
            quiet: 0,
            pause: Some(pause),
            ..passing(Reason::ConcurrencyLimit)
        },
        text: Reason::ConcurrencyLimit.meaning().to_owned(),
    }
}

pub(super) fn passing(reason: Reason) -> Trouble {
    Trouble {
        code: Code(reason.index()),
        blocked: false,
        quiet: match reason {
            Reason::Throttled => QUIET_THROTTLED,
            Reason::ClockSkew => 1,
            _ => QUIET_UNAVAILABLE,
        },
        pause: None,
    }
}

pub(super) fn no_ledger() -> Trouble {
    Trouble {
        code: Code(Reason::ConnectionNotReady.index()),
        blocked: true,
        quiet: 0,
        pause: None,
    }
}

/// A sentence from a refusal. Without the request id, which differs each time.
pub(super) fn said(call: &str, refusal: &Refusal) -> String {
    match (refusal.label(), refusal.message.as_str()) {
        (label, "") => format!("{call}: {label}."),
        (label, message) if label.is_empty() => format!("{call}: {message}."),
        (label, message) => format!("{call}: {label}: {message}."),
    }
}

/// How a failed read is told.
pub(super) fn read_trouble(e: &CallError) -> Unusable {
    let (reason, blocked) = match e.reading {
        Reading::Retry(reason) | Reading::Wait(reason) => (reason, false),
        Reading::Blocked(reason) => (reason, true),
        Reading::Verify | Reading::Terminal | Reading::Gone => (Reason::CloudUnavailable, false),
    };
    let text = said("Reading the cloud", &e.refusal);
    Unusable {
        trouble: Trouble {
            blocked,
            quiet: if blocked { 0 } else { passing(reason).quiet },
            ..passing(reason)
        },
        text: match blocked {
            true => format!("{text} {}", reason.meaning()),
            false => text,
        },
    }
}
