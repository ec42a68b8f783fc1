//! What a kind claims in the ledger, and what is known of a call that was made.

use sha2::{Digest, Sha256};

use super::Call;
use crate::api::{AnswerWord, LedgerTarget};
use crate::cloud::{Ids, Service};
use crate::mistakes::Mistake;

/// Where an operation takes place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The cloud's id of the project, or what it has instead.
    pub scope: String,
    /// spec.accountId of the connection.
    pub account: String,
    /// The connection's region; empty where the cloud's services have none.
    pub region: String,
    /// The operation's namespace.
    pub namespace: String,
    /// Where the cloud's services are.
    pub hosts: Vec<ServiceHost>,
}

/// The host of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceHost {
    /// The service.
    pub service: &'static Service,
    /// Its host, with the port if that is not 443.
    pub host: String,
    /// Whose host it is.
    pub owner: HostOwner,
}

/// Whose host it is, by the vendor's documents and the operator's flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostOwner {
    /// The vendor's own.
    Vendor,
    /// Admitted as an alias of the vendor.
    Alias,
    /// Admitted as a cloud of its own.
    Own,
}

/// What an operation claims (design: 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimant {
    /// What the ledger is about.
    pub target: LedgerTarget,
    /// The operation key.
    pub key: String,
    /// The call that is claimed.
    pub call: Call,
    /// Its body, which says what is asked for.
    pub body: String,
    /// The host that the call goes to, with its port if that is not 443.
    pub host: Option<String>,
    /// The name that the target's ledger would have if the operator's flags admitted its
    /// host in the other way, as they may have done before.
    pub other_ledger: Option<String>,
    /// The ledger that it is kept in, where that is another one than the target's.
    pub kept_in: Option<String>,
}

impl Claimant {
    /// The key is spec.operationKey, or made of everything that makes the
    /// operation what it is; not of its name, as a rename must not repeat it, nor
    /// of its uid, as a deleted and re-applied object must not.
    pub fn new(
        mut target: LedgerTarget,
        place: &Place,
        given: Option<&str>,
        call: Call,
        body: String,
    ) -> Self {
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
        let mut hosts = place.hosts.iter();
        let at = hosts.find(|at| at.service.name == target.service);
        let host = at.map(|at| at.host.clone());
        let owner = at.map(|at| at.owner);
        target.host = host.clone().filter(|_| owner == Some(HostOwner::Own));
        let other_ledger = match owner {
            Some(HostOwner::Own) => Some(ledger(&target, None)),
            Some(HostOwner::Alias) => Some(ledger(&target, host.as_deref())),
            Some(HostOwner::Vendor) | None => None,
        };
        Self {
            target,
            key,
            call,
            body,
            host,
            other_ledger,
            kept_in: None,
        }
    }

    /// Name of the target's ledger: by what the cloud itself checks, so that two
    /// connections to one account meet in it.
    pub fn target_ledger(&self) -> String {
        ledger(&self.target, self.target.host.as_deref())
    }

    /// Name of the ledger that it is kept in.
    pub fn ledger(&self) -> String {
        let kept_in = self.kept_in.clone();
        kept_in.unwrap_or_else(|| self.target_ledger())
    }

    /// SHA-256 of the body, in hexadecimal.
    pub fn body_digest(&self) -> String {
        digest(&[&self.body])
    }
}

/// At the vendor, and at its aliases, the name says nothing of the host. A cloud of its
/// own has other projects and other targets, so its ledgers are named by its host, too.
fn ledger(target: &LedgerTarget, host: Option<&str>) -> String {
    let service = target.service.replace('/', "-");
    let parts = [&*target.service, &*target.scope, &*target.id];
    let Some(host) = host else {
        return format!("{service}-{}", &digest(&parts)[..20]);
    };
    let hash = digest(&[parts[0], parts[1], parts[2], host]);
    let readable = |c: char| match c {
        'a'..='z' | '0'..='9' | '.' => c,
        _ => '-',
    };
    let host: String = host.chars().take(100).map(readable).collect();
    let host = host.trim_matches(['-', '.']);
    format!("{service}-{host}-{}", &hash[..20])
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
    /// That operation was in another namespace, to which nothing of it is told.
    pub elsewhere: bool,
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
    use crate::cloud::huawei;
    use crate::operations::Kind as _;
    use crate::operations::desktop_order::OrderDesktop;

    fn target() -> LedgerTarget {
        LedgerTarget {
            service: "huawei/workspace".into(),
            scope: "project".into(),
            id: "desktop".into(),
            host: None,
            unknown: Default::default(),
        }
    }

    fn call() -> Call {
        Call::new(OrderDesktop::CALLS[0], Default::default())
    }

    fn claimant(namespace: &str, account: &str, given: Option<&str>, body: &str) -> Claimant {
        let place = Place {
            scope: "project".into(),
            region: "region".into(),
            account: account.into(),
            namespace: namespace.into(),
            hosts: Vec::new(),
        };
        Claimant::new(target(), &place, given, call(), body.into())
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

    #[test]
    fn a_ledger_of_the_vendor_is_named_as_before_and_that_of_an_own_cloud_by_its_host() {
        let claim = |hosts: &[(&str, HostOwner)]| {
            let hosts = hosts.iter().map(|(host, owner)| ServiceHost {
                service: &huawei::workspace::SERVICE,
                host: (*host).to_owned(),
                owner: *owner,
            });
            let place = Place {
                scope: "project".into(),
                region: "region".into(),
                account: "a".into(),
                namespace: "n".into(),
                hosts: hosts.collect(),
            };
            Claimant::new(target(), &place, None, call(), "b".into())
        };
        let vendor = claim(&[("workspace.example", HostOwner::Vendor)]);
        // As f7ba42e names it.
        assert_eq!(vendor.ledger(), "huawei-workspace-252c746c1449053276df");
        assert_eq!(vendor.other_ledger, None);
        let alias = claim(&[("one.example", HostOwner::Alias)]);
        assert_eq!(alias.ledger(), vendor.ledger());
        let own = claim(&[("one.example", HostOwner::Own)]);
        assert!(own.ledger().starts_with("huawei-workspace-one.example-"));
        assert_eq!(own.target.host.as_deref(), Some("one.example"));
        // Each finds what was written while the host was admitted in the other way.
        assert_eq!(alias.other_ledger, Some(own.ledger()));
        assert_eq!(own.other_ledger, Some(vendor.ledger()));
        // The operation is the same at each.
        assert_eq!(own.key, vendor.key);
        let long = "a.".repeat(120) + "example";
        let mut names = vec![vendor.ledger()];
        for host in [
            "one.example",
            "one.example:8443",
            "two.example",
            "[::1]:80",
            &long,
        ] {
            let name = claim(&[(host, HostOwner::Own)]).ledger();
            assert!(name.len() <= 253, "{name}");
            let label = |label: &str| {
                let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                !label.is_empty()
                    && label.chars().all(allowed)
                    && !label.starts_with('-')
                    && !label.ends_with('-')
            };
            assert!(name.split('.').all(label), "{name}");
            assert!(!names.contains(&name), "{name}");
            names.push(name);
        }
    }
}
