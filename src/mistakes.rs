//! Mistakes that a test build can be told to make, each of which has cost other
//! operators a call made twice. The soak and `tests/e2e/mutants.rs` have to notice
//! them; a release build cannot make them.

/// A mistake of the shell around the engine. Those of the engine itself are in its
/// model.
// A release build asks about each and makes none, so some are never constructed there.
#[cfg_attr(not(feature = "test-clock"), allow(dead_code))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// The HTTP client sends a call once more when its answer is lost.
    Retry,
    /// A call whose answer is lost counts as never sent.
    LostIsNotSent,
    /// Intents and claims are taken for stored without being written.
    Unrecorded,
    /// The last check before the bytes leave is left out.
    NoLastCheck,
    /// A restarted process is taken for the one before.
    WriterIsPodName,
    /// The target is looked for again after a call was intended for it.
    TargetResolvedAgain,
    /// A deleted and re-applied object is another operation.
    KeyWithUid,
    /// Whatever is ordered, it is the same operation.
    BodyNotInKey,
}

impl Mistake {
    /// Whether `ERRAND_TEST_MISTAKE` says that it is to be made.
    #[cfg(feature = "test-clock")]
    pub(crate) fn is_made(self) -> bool {
        use std::sync::OnceLock;

        static MADE: OnceLock<Option<Mistake>> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            let name = std::env::var("ERRAND_TEST_MISTAKE").ok()?;
            let all = [
                Mistake::Retry,
                Mistake::LostIsNotSent,
                Mistake::Unrecorded,
                Mistake::NoLastCheck,
                Mistake::WriterIsPodName,
                Mistake::TargetResolvedAgain,
                Mistake::KeyWithUid,
                Mistake::BodyNotInKey,
            ];
            let found = all.into_iter().find(|one| format!("{one:?}") == name);
            Some(found.unwrap_or_else(|| panic!("ERRAND_TEST_MISTAKE={name}: one of {all:?}")))
        });
        *made == Some(self)
    }

    #[cfg(not(feature = "test-clock"))]
    pub(crate) const fn is_made(self) -> bool {
        false
    }
}
