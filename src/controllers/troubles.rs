//! How what goes wrong is told: the reason, for how long nothing is said, and
//! the sentence for people. Pure.

use errand_engine::{Span, Trouble};

use super::connections::Unusable;
use crate::api::{LedgerObject, LockedBy, Reason};
use crate::cloud::{CallError, Reading, Refusal};
use crate::operations::code;
use crate::text;

/// How often a passing fault of a cloud is met before status tells it. What the cloud
/// refuses is told from the first time on.
pub(super) const QUIET_UNAVAILABLE: u32 = 3;

/// How soon what the API server did not give is asked for again, which mostly can be
/// read then.
pub(super) const AGAIN_SOON: Span = Span(10_000);

pub(super) fn concurrency_limit(pause: Span) -> Unusable {
    Unusable {
        trouble: Trouble {
            quiet: 0,
            pause: Some(pause),
            ..passing(Reason::CONCURRENCY_LIMIT)
        },
        text: Reason::CONCURRENCY_LIMIT.meaning().to_owned(),
        said: None,
    }
}

pub(super) fn passing(reason: Reason) -> Trouble {
    Trouble {
        code: code(reason),
        blocked: false,
        quiet: match reason {
            Reason::CLOCK_SKEW => 1,
            _ => QUIET_UNAVAILABLE,
        },
        pause: None,
        refused: false,
    }
}

/// The cloud refused a request for now, and said so. The first refusal of a date is what the
/// clock's offset is learnt from, and the next request is dated right.
pub(super) fn refused_for_now(reason: Reason) -> Trouble {
    let trouble = passing(reason);
    Trouble {
        quiet: match reason {
            Reason::CLOCK_SKEW => trouble.quiet,
            _ => 0,
        },
        ..trouble
    }
}

/// Another process leads: it tells what there is to tell.
pub(super) fn not_leading() -> Trouble {
    Trouble {
        quiet: u32::MAX,
        ..passing(Reason::PENDING)
    }
}

/// Another object has a call to the target under way. Names and namespaces of other
/// tenants are told to nobody.
pub(super) fn target_locked(
    holder: &LedgerObject,
    namespace: &str,
    ledger: &str,
) -> (Unusable, LockedBy) {
    let LedgerObject { kind, name, .. } = holder;
    let here = holder.namespace == namespace;
    let who = match here {
        true => format!("{kind} {name}"),
        false => format!("A {kind} in another namespace"),
    };
    let unusable = Unusable {
        trouble: Trouble {
            quiet: 0,
            ..passing(Reason::TARGET_LOCKED)
        },
        text: format!(
            "{who} has a call to this target under way that must not be repeated (OperationLedger {ledger}). This operation waits until that has ended."
        ),
        said: None,
    };
    let locked_by = LockedBy {
        kind: kind.clone(),
        name: here.then(|| name.clone()),
        ledger: ledger.to_owned(),
    };
    (unusable, locked_by)
}

pub(super) fn ledger_full(name: &str) -> Unusable {
    blocked(
        Reason::LEDGER_FULL,
        format!(
            "OperationLedger {name} has no room for another call, and nothing of it is dropped. Nothing is sent without a record."
        ),
    )
}

/// The API server takes what was to be recorded for invalid.
pub(super) fn ledger_refused(name: &str, message: &str) -> Unusable {
    let message = text::line(message, 300);
    blocked(
        Reason::INTENT_NOT_STORED,
        format!(
            "The API server refuses what Errand writes into OperationLedger {name}: {}. Nothing is sent without a record.",
            message.trim_end_matches('.')
        ),
    )
}

/// A person has to mend something.
pub(super) fn blocked(reason: Reason, text: String) -> Unusable {
    Unusable {
        trouble: Trouble {
            blocked: true,
            quiet: 0,
            ..passing(reason)
        },
        text,
        said: None,
    }
}

/// The ledger cannot be read: what must not be repeated is not sent without it.
pub(super) fn no_ledger(text: String) -> Unusable {
    let said = blocked(
        Reason::INTENT_NOT_STORED,
        format!("{text} Nothing that must not be repeated is sent without it."),
    );
    Unusable {
        trouble: Trouble {
            quiet: QUIET_UNAVAILABLE,
            pause: Some(AGAIN_SOON),
            ..said.trouble
        },
        ..said
    }
}

/// The sentence of a read that failed.
pub(super) fn read_failed(refusal: &Refusal, refused: bool) -> String {
    refusal.sentence(&match (refused, refusal.call()) {
        (false, "") => "Reading the cloud".to_owned(),
        (false, call) => format!("Reading the cloud ({call})"),
        (true, "") => "The cloud refuses to be read".to_owned(),
        (true, call) => format!("The cloud refuses the read {call}"),
    })
}

/// How a failed read is told.
pub(super) fn read_trouble(e: &CallError) -> Unusable {
    let refusal = &e.refusal;
    let (reason, blocked) = match e.reading {
        Reading::Retry(Reason::CLOUD_UNAVAILABLE) if refusal.says_no() => {
            (Reason::CLOUD_REFUSES, false)
        }
        Reading::Retry(reason) | Reading::Wait(reason) => (reason, false),
        Reading::Blocked(reason) => (reason, true),
        // Lost is an answer to a mutating call; no table has it for a read.
        Reading::Verify | Reading::Terminal | Reading::Gone | Reading::Lost(_) => {
            (Reason::CLOUD_REFUSES, false)
        }
    };
    let refused = reason == Reason::CLOUD_REFUSES;
    let text = read_failed(refusal, refused);
    Unusable {
        trouble: Trouble {
            blocked,
            refused,
            // What is not understood does not pass by asking again, and a refusal may not.
            quiet: match () {
                () if blocked || reason == Reason::OBSERVATION_UNCLEAR => 0,
                () if refusal.says_no() => refused_for_now(reason).quiet,
                () => passing(reason).quiet,
            },
            ..passing(reason)
        },
        text: match (blocked, reason) {
            (_, Reason::PERMISSION_DENIED) => denied(text, refusal.call(), refusal),
            (true, _) => format!("{text} {}", reason.meaning()),
            (false, _) => text,
        },
        said: Some(Box::new(refusal.clone())),
    }
}

/// How a call that the key has no permission for is told: `text` is what the cloud said.
pub(super) fn denied(text: String, call: &str, refusal: &Refusal) -> String {
    if refusal.is_of_address() {
        return format!("{text} Allow the address from which the operator calls.");
    }
    if refusal.is_of_place() {
        return format!("{text} Check region, projectId and account of the connection.");
    }
    if refusal.is_of_role() {
        return format!(
            "{text} Grant the cloud's Auto Scaling the service role AS_QCSRole in this account."
        );
    }
    match (refusal.permission(), call) {
        (Some(permission), _) => {
            format!("{text} Grant the owner of the key the permission {permission}.")
        }
        (None, "") => format!("{text} {}", Reason::PERMISSION_DENIED.meaning()),
        (None, call) => format!(
            "{text} The cloud names no permission. Grant the owner of the key the one for {call}."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Unknown;

    #[test]
    fn a_missing_service_role_is_no_missing_permission_of_the_key() {
        let refusal = Refusal {
            status: 200,
            code: "UnauthorizedOperation.AutoScalingRoleUnauthorized".to_owned(),
            ..Refusal::default()
        };
        let said = denied(String::new(), "CancelInstanceRefresh", &refusal);
        assert!(said.contains("role AS_QCSRole"), "{said}");
        assert!(!said.contains("owner of the key"), "{said}");
    }

    #[test]
    fn the_holder_of_a_target_is_named_in_its_own_namespace_only() {
        let holder = LedgerObject {
            kind: "DesktopOrder".to_owned(),
            namespace: "team-a".to_owned(),
            name: "bigger".to_owned(),
            uid: "u".to_owned(),
            unknown: Unknown::new(),
        };
        let (unusable, locked_by) = target_locked(&holder, "team-a", "ledger-1");
        assert!(unusable.text.contains("bigger"), "{}", unusable.text);
        assert_eq!(locked_by.name.as_deref(), Some("bigger"));
        let (unusable, locked_by) = target_locked(&holder, "team-b", "ledger-1");
        for secret in ["bigger", "team-a"] {
            assert!(!unusable.text.contains(secret), "{}", unusable.text);
        }
        assert_eq!(
            (&*locked_by.kind, locked_by.name, &*locked_by.ledger),
            ("DesktopOrder", None, "ledger-1")
        );
    }
}
