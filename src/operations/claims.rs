//! What a kind claims in the ledger, and what is known of a call that was made.

use sha2::{Digest, Sha256};

use crate::api::{AnswerWord, LedgerTarget};
use crate::cloud::Ids;
use crate::mistakes::Mistake;

/// Where an operation takes place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The cloud's id of the project, or what it has instead.
    pub scope: String,
    /// spec.accountId of the connection.
    pub account: String,
    /// The operation's namespace.
    pub namespace: String,
}

/// What an operation claims (design: 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimant {
    /// What the ledger is about.
    pub target: LedgerTarget,
    /// The operation key.
    pub key: String,
    /// The body of the call, which says what is asked for.
    pub body: String,
}

impl Claimant {
    /// The key is spec.operationKey, or made of everything that makes the
    /// operation what it is; not of its name, as a rename must not repeat it, nor
    /// of its uid, as a deleted and re-applied object must not.
    pub fn new(target: LedgerTarget, place: &Place, given: Option<&str>, body: String) -> Self {
        let key = match given {
            Some(given) => digest(&[&place.namespace, "given", given]),
            None => digest(&[
                &place.namespace,
                "made",
                &place.account,
                &target.service,
                &target.scope,
                &target.id,
                match Mistake::BodyNotInKey.is_made() {
                    true => "",
                    false => &body,
                },
            ]),
        };
        Self { target, key, body }
    }

    /// Name of the target's ledger: by what the cloud itself checks, so that two
    /// connections to one account meet in it.
    pub fn ledger(&self) -> String {
        let target = &self.target;
        let hash = digest(&[&target.service, &target.scope, &target.id]);
        format!("{}-{}", target.service.replace('/', "-"), &hash[..20])
    }

    /// SHA-256 of the body, in hexadecimal.
    pub fn body_digest(&self) -> String {
        digest(&[&self.body])
    }
}

/// SHA-256 of the parts, each with its length, in hexadecimal.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// A mutating call that was recorded, of this object or of one that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// When it was intended, on the operator's clock, in milliseconds since 1970.
    pub intended_at: i64,
    /// After this it was not sent any more.
    pub send_before: i64,
    /// What came of it, as far as it is known.
    pub answer: Option<AnswerWord>,
    /// Ids that its answer told, or that were found by looking.
    pub ids: Ids,
    /// Its body, where the ledger has it.
    pub body: Option<String>,
    /// It is of another operation, whose object is gone.
    pub foreign: bool,
    /// It is an earlier run of this very operation and over: there is nothing to
    /// trace, but what it made is not somebody else's doing.
    pub over: bool,
}

/// What the ledger of the target holds beside the call that is to be traced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Others {
    /// Another object has claimed the target, so nothing is sent for this one.
    pub locked: bool,
    /// Calls whose claims are closed, the oldest first.
    pub closed: Vec<ClosedCall>,
}

/// A call whose claim is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedCall {
    /// How it was closed, in the ledger's word.
    pub result: String,
    /// When it was closed, on the operator's clock, in milliseconds since 1970.
    pub closed_at: i64,
    /// Ids that its answer told, or that were found later.
    pub ids: Ids,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimant(namespace: &str, account: &str, given: Option<&str>, body: &str) -> Claimant {
        let target = LedgerTarget {
            service: "huawei/workspace".into(),
            scope: "project".into(),
            id: "desktop".into(),
            unknown: Default::default(),
        };
        let place = Place {
            scope: "project".into(),
            account: account.into(),
            namespace: namespace.into(),
        };
        Claimant::new(target, &place, given, body.into())
    }

    #[test]
    fn a_key_follows_namespace_account_and_body() {
        let key = claimant("n", "a", None, "b").key;
        assert_eq!(key, claimant("n", "a", None, "b").key);
        for other in [
            claimant("m", "a", None, "b"),
            claimant("n", "c", None, "b"),
            claimant("n", "a", None, "d"),
            claimant("n", "a", Some("b"), "b"),
        ] {
            assert_ne!(key, other.key, "{other:?}");
            assert_eq!(claimant("n", "a", None, "b").ledger(), other.ledger());
        }
    }

    #[test]
    fn a_given_key_is_the_same_for_every_body_in_its_namespace() {
        let key = claimant("n", "a", Some("k"), "b").key;
        assert_eq!(key, claimant("n", "a", Some("k"), "other").key);
        assert_ne!(key, claimant("m", "a", Some("k"), "b").key);
    }
}
