//! The words for what an instance is and what is being done with it (contracts:
//! d.1). They are open: one that is not known here is shown, and nothing is
//! concluded from it.

/// The documents write some words with `_` that the service writes with `-`.
pub(super) fn folded(word: &str) -> String {
    word.trim().to_ascii_lowercase().replace('_', "-")
}

/// The two words are the same one.
pub(super) fn same(one: &str, other: &str) -> bool {
    folded(one) == folded(other)
}

/// Nothing is being done with an instance that is like this: neither is its state
/// a passing one, nor is an operation under way or failed.
pub(super) fn is_settled(state: &str, operation: Option<&str>) -> bool {
    let passing = ["pending", "shutting-down", "stopping", "reinstalling"];
    let operation = operation.map(folded).unwrap_or_default();
    let done = ["-succeed", "-succeeded", "-success"];
    let idle = operation.is_empty() || done.iter().any(|end| operation.ends_with(end));
    idle && !passing.contains(&folded(state).as_str())
}

/// It is as one wants an instance to be.
pub(super) fn is_good(state: &str) -> bool {
    matches!(folded(state).as_str(), "running" | "stopped")
}

/// No other state follows this one.
pub(super) fn is_last(state: &str) -> bool {
    same(state, TERMINATED)
}

/// What an instance is when it is deleted. A while later it is not listed at all.
pub(super) const TERMINATED: &str = "terminated";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_the_same_with_a_hyphen_and_an_underscore() {
        assert!(same("shutting-down", "shutting_down"));
        assert!(same("SHUTTING_DOWN", "shutting-down"));
        assert!(!same("running", "stopped"));
    }

    #[test]
    fn settled_is_what_nothing_is_done_with() {
        for (state, operation, settled) in [
            ("running", None, true),
            ("stopped", Some("install-succeed"), true),
            ("stopped", Some("reinstall_succeed"), true),
            ("error", None, true),
            ("terminated", None, true),
            ("running", Some(""), true),
            ("running", Some("install-processing"), false),
            ("stopped", Some("modify-ip-failed"), false),
            ("pending", None, false),
            ("shutting_down", None, false),
            ("stopping", None, false),
            ("reinstalling", None, false),
            ("running", Some("a-word-of-tomorrow"), false),
        ] {
            assert_eq!(
                is_settled(state, operation),
                settled,
                "{state} {operation:?}"
            );
        }
    }
}
