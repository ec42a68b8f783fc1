//! Keys that cannot be printed by accident.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use sha2::{Digest as _, Sha256};

use super::verdict::{Reading, Refusal, canonical};
use crate::api::Reason;

/// Text that must not appear in logs, errors, events or status: it has no
/// `Display`, and its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for a signer.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// A key pair, and the token of temporary credentials.
#[derive(Clone, Debug)]
pub struct Key {
    /// The namespace whose Secret holds it.
    pub namespace: String,
    /// Access key id. Sent with each request, but not worth a log line either.
    pub id: SecretText,
    /// Secret access key.
    pub secret: SecretText,
    /// Token of temporary credentials.
    pub token: Option<SecretText>,
    /// What comes of its first requests, while no cloud has accepted it.
    pub trial: Option<Arc<Trial>>,
}

/// What came of the first requests that were signed with a key. Every bad signature
/// counts towards a lock that stops the key for everybody, so there is at most one of
/// them, until an answer shows that the key is good.
#[derive(Debug, Default)]
pub struct Trial(Mutex<Shown>);

/// What was shown of a key.
#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    accepted: bool,
    rejected: u32,
    unanswered: u32,
}

impl Trial {
    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().expect("no panic while it is held")
    }

    /// No further request is signed with the key.
    pub(super) fn is_over(&self) -> bool {
        let shown = *self.shown();
        !shown.accepted && shown.rejected > 0
    }

    /// An answer of success.
    pub(super) fn accept(&self) {
        self.shown().accepted = true;
    }

    /// An answer that the key or the signature is not accepted.
    pub(super) fn reject(&self) {
        self.shown().rejected += 1;
    }

    /// A request that may have arrived, and no answer.
    pub(super) fn miss(&self) {
        self.shown().unanswered += 1;
    }

    /// The cloud has shown that it takes the key for good.
    pub fn is_accepted(&self) -> bool {
        self.shown().accepted
    }

    /// How many bad signatures a cloud may have counted.
    pub fn bad_signatures(&self) -> u32 {
        let shown = *self.shown();
        match shown.accepted {
            true => 0,
            false => shown.rejected + shown.unanswered,
        }
    }
}

/// What is being tried says nothing of which key it is.
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        let parts = |key: &Self| {
            let (id, secret) = (key.id.clone(), key.secret.clone());
            (key.namespace.clone(), id, secret, key.token.clone())
        };
        parts(self) == parts(other)
    }
}

impl Eq for Key {}

impl Key {
    /// A cloud has given an answer of success, or (`Some`) a refusal, with how the tables
    /// read it.
    pub(super) fn answered(&self, refused: Option<(Option<Reading>, &Refusal)>) {
        let Some(trial) = &self.trial else {
            return;
        };
        match refused {
            None => trial.accept(),
            Some((Some(Reading::Blocked(Reason::CREDENTIALS_REJECTED)), _)) => trial.reject(),
            // Without a code it may be a proxy's, or a bad signature that the cloud counts.
            Some((_, refusal)) if refusal.status == 401 && refusal.code.is_empty() => trial.miss(),
            Some((_, refusal)) if refusal.status == 401 => trial.reject(),
            Some((listed, refusal)) if shows_authentication(listed, refusal) => trial.accept(),
            Some(_) => {}
        }
    }

    /// Tells the whole credential, as one namespace holds it, from every other one. Its
    /// id alone does not: that is no secret, and any Secret can name it. Nothing can be
    /// read back out of it, and it is not for people.
    pub fn identity(&self) -> String {
        let token = self.token.as_ref().map_or("", SecretText::reveal);
        let parts = [
            &*self.namespace,
            self.id.reveal(),
            self.secret.reveal(),
            token,
        ];
        digest(&parts)
    }

    /// Tells the key id from every other one, whichever Secret names it.
    pub fn id_digest(&self) -> String {
        digest(&[self.id.reveal()])
    }
}

/// A service refuses so once it knows who asks. Its gateway, or a proxy on the way, may
/// refuse before that, and what is in no table says nothing.
fn shows_authentication(listed: Option<Reading>, refusal: &Refusal) -> bool {
    let code = canonical(&refusal.code);
    let of_the_service = !code.is_empty() && !code.starts_with("APIGW.");
    // Elsewhere a parameter may be looked at before the signature is.
    let numbered = code.split_once('.').is_some_and(|(_, number)| {
        !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
    });
    let after_it = match listed {
        Some(Reading::Gone | Reading::Blocked(Reason::PERMISSION_DENIED)) => true,
        Some(Reading::Terminal) => numbered,
        _ => false,
    };
    of_the_service && after_it
}

fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        // With its length, so that no two lists are the same text.
        hasher.update(part.len().to_be_bytes());
        hasher.update(part);
    }
    let hex = |byte: u8| format!("{byte:02x}");
    hasher.finalize().iter().copied().map(hex).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, secret: &str, token: Option<&str>) -> Key {
        Key {
            namespace: "team".to_owned(),
            id: SecretText::new(id),
            secret: SecretText::new(secret),
            token: token.map(SecretText::new),
            trial: None,
        }
    }

    #[test]
    fn a_key_is_told_from_others_by_all_of_it_and_by_its_namespace() {
        let mut other = key("id", "secret", None);
        let one = other.identity();
        "neighbours".clone_into(&mut other.namespace);
        let all = [
            one,
            other.identity(),
            key("id", "another", None).identity(),
            key("idsecret", "", None).identity(),
            key("id", "secret", Some("token")).identity(),
        ];
        for (n, identity) in all.iter().enumerate() {
            assert!(!all[..n].contains(identity), "{n}");
            assert!(!identity.contains("id"), "{identity}");
        }
    }

    #[test]
    fn a_key_that_is_tried_signs_nothing_after_a_bad_signature_until_it_is_accepted() {
        let (trial, mut key) = (Arc::<Trial>::default(), key("id", "secret", None));
        key.trial = Some(trial.clone());
        let refusal = |status, code: &str| Refusal {
            status,
            code: code.to_owned(),
            ..Refusal::default()
        };
        let answered = |listed, refusal: Refusal| {
            key.answered(Some((listed, &refusal)));
            (trial.is_over(), trial.bad_signatures())
        };
        let unavailable = Some(Reading::Retry(Reason::CLOUD_UNAVAILABLE));
        assert_eq!(answered(unavailable, refusal(503, "")), (false, 0));
        trial.miss();
        let denied = Some(Reading::Blocked(Reason::PERMISSION_DENIED));
        // Of a proxy or the gateway, which have not looked at the signature.
        assert_eq!(answered(denied, refusal(403, "")), (false, 1));
        assert_eq!(answered(denied, refusal(403, "APIGW.0802")), (false, 1));
        assert_eq!(answered(denied, refusal(403, "APIG.0802")), (false, 1));
        assert_eq!(answered(None, refusal(403, "NEW.1")), (false, 1));
        let terminal = Some(Reading::Terminal);
        let missing = refusal(400, "MissingParameter");
        assert_eq!(answered(terminal, missing), (false, 1));
        let rejected = Some(Reading::Blocked(Reason::CREDENTIALS_REJECTED));
        assert_eq!(answered(rejected, refusal(401, "APIGW.0301")), (true, 2));
        assert_eq!(answered(None, refusal(401, "NEW.1")), (true, 3));
        assert_eq!(answered(denied, refusal(403, "DCS.2003")), (false, 0));
        *trial.shown() = Shown::default();
        assert_eq!(answered(rejected, refusal(200, "AuthFailure")), (true, 1));
        // It was one service alone that did not accept it.
        key.answered(None);
        assert_eq!((trial.is_over(), trial.bad_signatures()), (false, 0));
    }

    #[test]
    fn debug_of_a_key_prints_nothing_of_it() {
        let key = key("AKIDEXAMPLE", "wJalrXUtnFEMI", Some("FwoGZXIvYXdz"));
        for text in [format!("{key:?}"), format!("{key:#?}")] {
            assert!(text.contains("(secret)"));
            for hidden in ["AKID", "EXAMPLE", "wJalr", "FwoGZ"] {
                assert!(!text.contains(hidden), "{text}");
            }
        }
        assert_eq!(format!("{:?}", SecretText::new("")), "(secret)");
    }

    #[test]
    fn the_length_of_a_secret_does_not_show_either() {
        let short = format!("{:?}", SecretText::new("a"));
        assert_eq!(short, format!("{:?}", SecretText::new("a".repeat(4096))));
    }
}
