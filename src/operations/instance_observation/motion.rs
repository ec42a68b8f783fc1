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

/// Whether something is being done with an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Motion {
    /// Nothing, and the last operation succeeded or there was none.
    Settled,
    /// Nothing any more: it failed, and stays as it is until a user repairs it or
    /// asks for the operation again.
    Failed,
    /// An operation is under way, or the state is a passing one.
    Moving,
    /// The state is a passing one, and the operation that passes through it has failed.
    Stuck,
    /// A word that is not documented.
    Unclear,
}

/// The states that pass by themselves, with the operations that pass through them.
const PASSING: [(&str, &[&str]); 4] = [
    ("pending", &["install"]),
    ("reinstalling", &["reinstall", "switch-install"]),
    ("stopping", &["power-off", "reboot"]),
    ("shutting-down", &["uninstall"]),
];

/// The documented states, besides those that pass by themselves.
const LASTING: [&str; 5] = ["running", "stopped", "error", "failed", TERMINATED];

/// It is a state that the contracts know.
pub(super) fn is_documented(state: &str) -> bool {
    let passing = PASSING.iter().map(|(word, _)| *word);
    let state = folded(state);
    passing.chain(LASTING).any(|word| word == state)
}

/// The documented operations, of instances and of their servers.
const OPERATIONS: [&str; 8] = [
    "install",
    "reinstall",
    "switch-install",
    "modify-ip",
    "uninstall",
    "power-on",
    "power-off",
    "reboot",
];

/// How the word of one ends that failed.
const FAILED: [&str; 2] = ["-failed", "-fail"];

impl Motion {
    /// What the two words tell. `operation` is `None` where nothing was done yet.
    pub(super) fn of(state: &str, operation: Option<&str>) -> Self {
        let state = folded(state);
        let operation = operation.map(folded).unwrap_or_default();
        if let Some((_, own)) = PASSING.iter().find(|(word, _)| *word == state) {
            let failed = FAILED.iter().find_map(|end| operation.strip_suffix(end));
            return match failed {
                Some(failed) if own.contains(&failed) => Self::Stuck,
                Some(failed) if !OPERATIONS.contains(&failed) => Self::Unclear,
                // Another one failed earlier.
                Some(_) | None => Self::Moving,
            };
        }
        let ends = |ends: &[&str]| ends.iter().any(|end| operation.ends_with(end));
        let failed = is_failed(&state);
        match () {
            () if is_last(&state) => Self::Settled,
            () if ends(&["-processing"]) => Self::Moving,
            () if ends(&FAILED) => Self::Failed,
            () if !operation.is_empty() && !ends(&["-succeed", "-succeeded", "-success"]) => {
                Self::Unclear
            }
            () if failed => Self::Failed,
            () => Self::Settled,
        }
    }
}

/// It is as one wants an instance to be.
pub(super) fn is_good(state: &str) -> bool {
    matches!(folded(state).as_str(), "running" | "stopped")
}

/// It has failed, and goes on only if a user repairs it.
pub(super) fn is_failed(state: &str) -> bool {
    matches!(folded(state).as_str(), "error" | "failed")
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
    fn settled_is_what_nothing_is_done_with_and_a_failure_is_no_waiting() {
        for (state, operation, motion) in [
            ("running", None, Motion::Settled),
            ("stopped", Some("install-succeed"), Motion::Settled),
            ("stopped", Some("reinstall_succeed"), Motion::Settled),
            ("terminated", None, Motion::Settled),
            ("terminated", Some("uninstall-failed"), Motion::Settled),
            ("running", Some(""), Motion::Settled),
            ("a-word-of-tomorrow", None, Motion::Settled),
            ("error", None, Motion::Failed),
            ("failed", None, Motion::Failed),
            ("error", Some("install-failed"), Motion::Failed),
            ("error", Some("install-succeed"), Motion::Failed),
            ("stopped", Some("modify-ip-failed"), Motion::Failed),
            ("running", Some("reinstall_failed"), Motion::Failed),
            ("running", Some("install-processing"), Motion::Moving),
            ("error", Some("reinstall-processing"), Motion::Moving),
            ("pending", None, Motion::Moving),
            ("pending", Some("install-failed"), Motion::Stuck),
            ("pending", Some("modify-ip-failed"), Motion::Moving),
            ("pending", Some("install-processing"), Motion::Moving),
            ("reinstalling", Some("switch_install_failed"), Motion::Stuck),
            ("stopping", Some("reboot-fail"), Motion::Stuck),
            ("shutting_down", Some("uninstall-failed"), Motion::Stuck),
            ("shutting-down", Some("install-failed"), Motion::Moving),
            ("stopping", Some("x-failed"), Motion::Unclear),
            ("shutting_down", None, Motion::Moving),
            ("stopping", None, Motion::Moving),
            ("reinstalling", None, Motion::Moving),
            ("running", Some("a-word-of-tomorrow"), Motion::Unclear),
            ("error", Some("a-word-of-tomorrow"), Motion::Unclear),
        ] {
            assert_eq!(
                Motion::of(state, operation),
                motion,
                "{state} {operation:?}"
            );
        }
    }
}
