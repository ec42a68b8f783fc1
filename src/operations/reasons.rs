//! The closed list of reasons, made of those that kinds share and of each kind's own.

use std::sync::OnceLock;

use errand_engine::Code;

use super::{Kind, Visitor, each_kind};
use crate::api::Reason;

/// Every reason, in the order in which they are listed.
pub fn reasons() -> &'static [Reason] {
    static ALL: OnceLock<Vec<Reason>> = OnceLock::new();
    ALL.get_or_init(|| {
        struct Own;
        impl Visitor for Own {
            type Output = &'static [Reason];

            fn visit<K: Kind>(&mut self) -> Self::Output {
                K::REASONS
            }
        }
        listed(Reason::SHARED, &each_kind(&mut Own).concat())
    })
}

/// By group; in each, a kind's own reasons come where they say, or after the shared ones.
fn listed(shared: &[Reason], own: &[Reason]) -> Vec<Reason> {
    let mut all = Vec::new();
    let mut last = (None, 0);
    for reason in shared {
        let group = Some(reason.group());
        last = (group, if last.0 == group { last.1 + 10 } else { 10 });
        all.push((reason.group(), last.1, *reason));
    }
    let place = |reason: &Reason| (reason.group(), u16::from(reason.place()), *reason);
    all.extend(own.iter().map(place));
    all.sort_by_key(|(group, place, _)| (*group, *place));
    all.into_iter().map(|(_, _, reason)| reason).collect()
}

/// The reason with that word.
pub fn reason_of_word(word: &str) -> Option<Reason> {
    let mut all = reasons().iter().copied();
    all.find(|reason| reason.word() == word)
}

/// The reason with that code.
pub fn reason_of_code(code: Code) -> Option<Reason> {
    reasons().get(usize::from(code.0)).copied()
}

/// The code of a reason, for the engine: its number in the list of this version. It is never
/// stored.
pub fn code(reason: Reason) -> Code {
    let number = reasons().iter().position(|listed| *listed == reason);
    let number = number.and_then(|number| u16::try_from(number).ok());
    // What is not in the list is told as AnswerUnknown or Pending; the tests of the list
    // leave nothing out.
    Code(number.unwrap_or(NOT_LISTED))
}

/// No reason has this number, nor the engine.
const NOT_LISTED: u16 = u16::MAX / 2;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use crate::api::Group;

    #[test]
    fn code_and_word_lead_back_to_the_reason() {
        assert!(reasons().len() > 60, "{}", reasons().len());
        for reason in reasons() {
            assert_eq!(reason_of_code(code(*reason)), Some(*reason));
            assert_eq!(reason_of_word(reason.word()), Some(*reason));
        }
        assert_eq!(reason_of_code(Code(NOT_LISTED)), None);
        assert_eq!(reason_of_word("NoSuchReason"), None);
    }

    /// Alerts and scripts rely on them: a word that was released is never renamed, and
    /// keeps its place among the others.
    #[test]
    fn the_words_that_were_released_stay_as_they_are() {
        let released: Vec<&str> = RELEASED.split_whitespace().collect();
        let words = reasons().iter().map(|reason| reason.word());
        let words: Vec<&str> = words.filter(|word| released.contains(word)).collect();
        assert_eq!(words, released);
    }

    /// The whole list of the version after f7ba42e.
    const RELEASED: &str = "Pending BeforeWindow TargetLocked \
        WaitingForPayment OrderInReview OrderProcessing RefreshRunning AwaitingDelivery \
        AwaitingState TargetBusy ConcurrencyLimit Throttled CloudUnavailable ClockSkew \
        ObservationUnclear MaintenanceWindow Executing Verifying ResolvingAnswer \
        SuspendedBySpec SuspendedByConnection PlanReady CredentialsRejected \
        CredentialsMissing PermissionDenied PaidOperationsForbidden LedgerFull \
        TargetBlocked ConnectionMismatch IntentNotStored ObjectUnreadable StatusRefused \
        CloudRefuses ConnectionNotFound ConnectionNotReady AnswerUnknown \
        NoRecord LedgerConflict DesiredStateUnreachable RefreshPausedOnFailure \
        RefreshPausedAtBatch ProofTimeout AlreadySatisfied AssumedDone Cancelled \
        Delivered Reserved Completed Paused Observed Reached Refused TargetNotFound \
        WindowMissed InvalidForTarget AlreadyExecuted OperationKeyReused OrderCancelled \
        OrderFailed AlreadyPrepaid GivenUp TooLate NotDelivered RefreshFailed \
        CancelledElsewhere StateUnreachable ChangeFailed RefusedHalfway";

    #[test]
    fn no_word_is_declared_twice() {
        let words: BTreeSet<&str> = reasons().iter().map(|reason| reason.word()).collect();
        assert_eq!(words.len(), reasons().len());
    }

    #[test]
    fn every_word_is_one_and_every_meaning_a_sentence() {
        for reason in reasons() {
            let word = reason.word();
            assert!(word.starts_with(|c: char| c.is_ascii_uppercase()), "{word}");
            assert!(word.chars().all(|c| c.is_ascii_alphanumeric()), "{word}");
            assert!(reason.meaning().ends_with('.'), "{word}");
        }
    }

    #[test]
    fn every_reason_to_wait_has_an_expected_length_and_no_other() {
        // Reasons of a block that an operation can wait with.
        let also = [Reason::CLOUD_REFUSES, Reason::CREDENTIALS_MISSING];
        for reason in reasons() {
            let waits = reason.group() == Group::Waiting || also.contains(reason);
            let waits = waits && !Reason::ENDED_OTHERWISE.contains(reason);
            let expected = reason.expected_wait();
            assert_eq!(expected.is_some(), waits, "{reason}");
            if let Some(wait) = expected {
                assert!(wait.length >= Duration::from_secs(30 * 60), "{reason}");
                assert!(wait.then.ends_with('.'), "{reason}");
            }
        }
    }

    #[test]
    fn a_reason_without_a_place_comes_last_in_its_group() {
        const OWN: [Reason; 2] = [Reason::GIVEN_UP, Reason::THROTTLED];
        let shared = [Reason::PENDING, Reason::TARGET_LOCKED, Reason::REFUSED];
        let expected = [
            Reason::PENDING,
            Reason::TARGET_LOCKED,
            Reason::THROTTLED,
            Reason::REFUSED,
            Reason::GIVEN_UP,
        ];
        assert_eq!(listed(&shared, &OWN), expected);
    }
}
