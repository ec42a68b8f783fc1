//! The words that are stored and shown, pinned: a variant may be renamed, its word
//! may not.

use crate::api::{
    AnswerWord, ConditionStatus, ConnectionReason, Decision, Mode, PaidOperations, Reason, State,
};

#[test]
fn the_words_of_the_api_stay_as_they_are() {
    use ConditionStatus as C;
    let states = State::ALL.map(State::word).join(" ");
    assert_eq!(
        states,
        "Pending Waiting Executing Verifying Suspended Planned Blocked Held Succeeded Failed"
    );
    assert_eq!(
        Decision::ALL.map(Decision::word).join(" "),
        "SendAgain LookAgain AssumeDone GiveUp Retry Continue"
    );
    let answers = [
        AnswerWord::Accepted,
        AnswerWord::Refused,
        AnswerWord::Unknown,
        AnswerWord::NotSent,
    ];
    assert_eq!(
        answers.map(AnswerWord::word).join(" "),
        "Accepted Refused Unknown NotSent"
    );
    assert_eq!(
        [C::True, C::False, C::Unknown].map(C::word).join(" "),
        "True False Unknown"
    );
    assert_eq!(
        [Mode::Execute, Mode::Plan].map(Mode::word).join(" "),
        "Execute Plan"
    );
    let paid = [
        PaidOperations::Forbid,
        PaidOperations::ManualPayment,
        PaidOperations::AutomaticPayment,
    ];
    assert_eq!(
        paid.map(PaidOperations::word).join(" "),
        "Forbid ManualPayment AutomaticPayment"
    );
}

#[test]
fn a_word_is_what_is_serialised() {
    for decision in [Decision::SendAgain, Decision::Continue] {
        assert_eq!(
            serde_json::to_value(decision).expect("a word"),
            decision.word()
        );
    }
    for state in State::ALL {
        assert_eq!(serde_json::to_value(state).expect("a word"), state.word());
    }
}

#[test]
fn the_reasons_stay_as_they_are() {
    let words: Vec<&str> = Reason::SHARED.iter().map(|reason| reason.word()).collect();
    assert_eq!(words.join(" "), REASONS);
    let words: Vec<&str> = ConnectionReason::ALL.iter().map(|r| r.word()).collect();
    assert_eq!(
        words.join(" "),
        "CredentialsAccepted NotProbed SecretNotFound SecretKeyMissing CredentialsRejected KeyLocked EndpointNotAllowed ClockSkew SuspendedBySpec ObjectUnreadable SecretNotLabelled"
    );
}

/// Those that kinds share.
const REASONS: &str = "Pending BeforeWindow TargetLocked TargetBusy \
    ConcurrencyLimit Throttled CloudUnavailable ClockSkew ObservationUnclear \
    Executing Verifying ResolvingAnswer SuspendedBySpec SuspendedByConnection \
    PlanReady CredentialsRejected CredentialsMissing PermissionDenied \
    PaidOperationsForbidden LedgerFull TargetBlocked ConnectionMismatch \
    IntentNotStored ObjectUnreadable StatusRefused CloudRefuses \
    ConnectionNotFound ConnectionNotReady AnswerUnknown NoRecord \
    LedgerConflict DesiredStateUnreachable ProofTimeout AlreadySatisfied \
    AssumedDone Cancelled Delivered Refused TargetNotFound WindowMissed \
    InvalidForTarget AlreadyExecuted OperationKeyReused GivenUp TooLate \
    RefusedHalfway";
