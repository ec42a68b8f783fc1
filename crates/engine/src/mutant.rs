//! The deliberate mistakes that the tests make: in the engine, or in the model's
//! shell around it.

use crate::types::{Rules, Span};

macro_rules! mutants {
    ($($(#[$doc:meta])* $mutant:ident,)*) => {
        /// Deliberate mistakes; each must be caught by a property of the model.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Mutant { $($(#[$doc])* $mutant,)* }

        impl Mutant {
            pub(crate) const ALL: &[Mutant] = &[$(Mutant::$mutant),*];
        }
    };
}

mutants! {
    /// The intent is written without the resourceVersion precondition.
    NoPrecondition,
    /// An intent that stands there is sent from a cache alone.
    CacheSends,
    /// A step is sent whose intent was not written.
    SendWithoutIntent,
    /// Bytes that were held up by a pause are signed again as they leave.
    SignAgain,
    /// Settle is shorter than the signature's validity.
    SettleShort,
    /// Settle forgets that who lost the lease does not know it at once.
    SettleWithoutLease,
    /// Settle forgets that clocks differ.
    SettleWithoutMargin,
    /// Settle forgets how long a call may take.
    SettleWithoutTimeout,
    /// Settle counts from the time that another process's clock showed.
    RemoteClock,
    /// A reading that is older than its question proves that a step had no effect.
    StaleListAsProof,
    /// One reading proves that something is missing.
    AbsenceOnce,
    /// Refusals that no table lists prove that a step had no effect, once a user has to
    /// fix something.
    RefusalsProve,
    /// A token is trusted for ever.
    TokenForever,
    /// The intent that a decision led to leaves its question open.
    ApprovalTwice,
    /// An answer is not recorded.
    AnswerForgotten,
    /// A step of class `never` is treated as provable.
    NeverAsProvable,
    /// A step of class `never` is sent again like a natural one.
    NeverAsNatural,
    /// What does not show in time counts as not there.
    FailedAtTimeout,
    /// An accepted answer is taken for the effect.
    AcceptedIsSuccess,
    /// A step is sent without a claim.
    NoClaim,
    /// A claim takes the place of whatever the ledger holds.
    ClaimBlind,
    /// A claimed step that status lacks counts as none.
    WipedAsNew,
    /// A claimed step of an operation that is gone counts as none.
    OrphanAsFree,
    /// What the ledger keeps of an operation that has ended counts for nothing.
    SpentAsFree,
    /// An open step that is against what is wanted now is not waited for.
    ContraryIgnored,
    /// Something missing counts, whatever was seen, compared and understood.
    AnyAbsence,
    /// What is not understood is taken for a reading that shows nothing.
    UnclearIsNo,
    /// A decision that ends the operation waits for a reading that tells what is next.
    DecisionNeedsLook,
    /// A decision is used up by what keeps it from being acted on.
    DecisionLost,
    /// A question stays though what it was about is over.
    QuestionStays,
    /// A decision to look again is not taken while the cloud waits or is unclear.
    LookAgainKept,
    /// A shared reading counts for an object for which the cloud was never observed.
    OlderForNew,
    /// A question that was put because of a label ends with that label.
    EditEnds,
    /// That nothing is there counts as the effect of a call that may have acted.
    NothingProves,
    /// A call of which nothing can be understood is waited for without an end.
    UnclearWaits,
    /// A question of the kind ends with a reading that is not understood.
    UnclearWithdraws,
    /// Whether a window has passed is told by a clock that is wrong.
    SkewIgnored,
    /// A plan does what it tells.
    PlanActs,
    /// A session that is to look again does not.
    NoWake,
    /// An accepted resume whose effect does not show yet counts for nothing once
    /// something else is wanted.
    ResumeForgotten,
}

impl Rules {
    /// These rules, without what a mutant leaves out of the settle time.
    pub(crate) fn mistaken_in_settle(&self) -> Rules {
        let but = |mutant, span| match self.is(Mutant::SettleShort) || self.is(mutant) {
            true => Span(0),
            false => span,
        };
        Rules {
            validity: but(Mutant::SettleShort, self.validity),
            lease: but(Mutant::SettleWithoutLease, self.lease),
            margin: but(Mutant::SettleWithoutMargin, self.margin),
            call_timeout: but(Mutant::SettleWithoutTimeout, self.call_timeout),
            ..*self
        }
    }
}
