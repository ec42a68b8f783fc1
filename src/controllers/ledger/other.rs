//! A host that the operator's flags admit was admitted in another way before: as an alias
//! of the vendor, as in version 0.1.0, and now as a cloud of its own, or the other way
//! round. What was claimed then is in the ledger of the other name, and still counts.

use crate::api::{LedgerEntry, OperationLedger};

/// The two ledgers of one target.
pub(super) struct Both {
    /// The one that a claim builds on.
    pub(super) used: OperationLedger,
    /// The other one.
    pub(super) rest: Option<OperationLedger>,
    /// The one that is used has the other name.
    pub(super) swapped: bool,
}

/// A call that is claimed under the other name is brought to its end there, if it went to
/// the host at which the target is now. Calls to other hosts are not: nothing that is seen
/// at one cloud may end a call to another one. Of a claim that does not tell its host, its
/// namespace is all that is known.
pub(super) fn both(
    target: OperationLedger,
    other: Option<OperationLedger>,
    namespace: &str,
    host: Option<&str>,
) -> Both {
    let is_ours = |ledger: &OperationLedger| {
        let open = ledger.spec.open.as_ref();
        open.is_some_and(|open| match &open.host {
            Some(of) => host == Some(of.as_str()),
            None => open.object.namespace == namespace,
        })
    };
    match other {
        Some(other) if is_ours(&other) && !is_ours(&target) => Both {
            used: other,
            rest: Some(target),
            swapped: true,
        },
        rest => Both {
            used: target,
            rest,
            swapped: false,
        },
    }
}

/// What of the other ledger counts for the namespace.
pub(super) fn entries_of(ledger: Option<&OperationLedger>, namespace: &str) -> Vec<LedgerEntry> {
    let entries = ledger.map_or(&[][..], |ledger| &ledger.spec.entries);
    let ours = entries
        .iter()
        .filter(|entry| entry.object.namespace == namespace);
    ours.cloned().collect()
}
