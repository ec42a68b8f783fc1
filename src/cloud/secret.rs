//! Keys that cannot be printed by accident.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
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
            Some((Some(Reading::Blocked(Reason::CredentialsRejected)), _)) => trial.reject(),
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
        Some(Reading::Gone | Reading::Blocked(Reason::PermissionDenied)) => true,
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

/// What must not be found in an answer to a request that was signed with a key: a cloud,
/// or what stands for one, may repeat in its words what it was sent.
#[derive(Clone)]
pub struct Hidden(Vec<String>);

const PLACEHOLDER: &str = "(secret)";

impl Hidden {
    /// Each part of the key, and of the header that its signature is in.
    pub fn of(key: &Key, authorization: &str) -> Self {
        let signature = authorization.rsplit_once('=').map(|(_, hex)| hex);
        let token = key.token.as_ref().map(SecretText::reveal);
        let parts = [key.id.reveal(), key.secret.reveal(), authorization];
        let mut all = Vec::new();
        for part in parts.into_iter().chain(token).chain(signature) {
            // So short a text is no secret, and may be a part of any word.
            if part.len() < 4 {
                continue;
            }
            let quoted = utf8_percent_encode(part, NON_ALPHANUMERIC).to_string();
            all.extend([part.to_owned(), quoted.to_lowercase(), quoted]);
        }
        // The longest first, should one be a part of another.
        all.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        all.dedup();
        Self(all)
    }

    /// The text without any of it.
    pub fn text(&self, text: &str) -> String {
        let hide = |text: String, part: &String| match text.contains(part) {
            true => text.replace(part, PLACEHOLDER),
            false => text,
        };
        self.0.iter().fold(text.to_owned(), hide)
    }

    /// The body of an answer without any of it, be it written with escapes or not.
    pub(super) fn body(&self, body: Vec<u8>) -> Vec<u8> {
        let text = String::from_utf8_lossy(&body);
        let escaped = text.contains('\\');
        if !self.is_in(&text) && !escaped {
            return body;
        }
        let Ok(mut value) = serde_json::from_slice(&body) else {
            // A reader that skips what it does not need may find JSON in it, and escapes
            // hide what is there.
            return match escaped {
                true => Vec::new(),
                false => self.text(&text).into_bytes(),
            };
        };
        match self.hide(&mut value) {
            true => value.to_string().into_bytes(),
            false => body,
        }
    }

    fn is_in(&self, text: &str) -> bool {
        self.0.iter().any(|part| text.contains(part))
    }

    /// Takes it out of every text; false if it was in none.
    fn hide(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => {
                // JSON within a text has escapes of its own.
                let inner = text.contains('\\').then(|| serde_json::from_str(text).ok());
                if inner
                    .flatten()
                    .is_some_and(|mut inner| self.hide(&mut inner))
                {
                    PLACEHOLDER.clone_into(text);
                    return true;
                }
                let found = self.is_in(text);
                if found {
                    *text = self.text(text);
                }
                found
            }
            Value::Number(number) => {
                let found = self.is_in(&number.to_string());
                if found {
                    *value = PLACEHOLDER.into();
                }
                found
            }
            Value::Array(items) => {
                let mut found = false;
                for item in items {
                    found |= self.hide(item);
                }
                found
            }
            Value::Object(members) => {
                let mut found = false;
                let all = std::mem::take(members);
                for (name, mut member) in all {
                    found |= self.hide(&mut member) || self.is_in(&name);
                    members.insert(self.text(&name), member);
                }
                found
            }
            Value::Null | Value::Bool(_) => false,
        }
    }
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

    fn hidden() -> Hidden {
        let key = key("AKID-1", "wJ/lr", Some("wJ/lr+token"));
        Hidden::of(&key, "SDK Access=AKID-1, Signature=c0ffee12")
    }

    #[test]
    fn nothing_of_a_key_is_left_in_a_text() {
        let said = "Access=AKID-1 wJ/lr, wJ/lr+token: bad; wJ%2Flr wj%2flr%2Btoken c0ffee12";
        let left = "Access=(secret) (secret), (secret): bad; (secret) (secret)%2Btoken (secret)";
        assert_eq!(hidden().text(said), left);
        assert_eq!(hidden().text("no such instance"), "no such instance");
    }

    #[test]
    fn nothing_of_a_key_is_left_in_a_body_however_it_is_written() {
        for (body, left) in [
            (r#"{"status":"is AKID-1"}"#, r#"{"status":"is (secret)"}"#),
            (
                r#"{"status":"is AKID\u002d1"}"#,
                r#"{"status":"is (secret)"}"#,
            ),
            (r#"{"a":[{"wJ\/lr":1}]}"#, r#"{"a":[{"(secret)":1}]}"#),
            (
                r#"{"details":"{\"a\":\"AKID\\u002d1\"}"}"#,
                r#"{"details":"(secret)"}"#,
            ),
            // Neither JSON nor, in the last one, text.
            ("<p>AKID-1</p>", "<p>(secret)</p>"),
            (r#"{"status":"AKID-1"#, r#"{"status":"(secret)"#),
            // Not JSON to us, and to a reader that skips what it does not need it is.
            (r#"{"status":"AKID\u002d1","x":1e999}"#, ""),
            (r#"{"status":"AKID\u002d1","x":"\ud800"}"#, ""),
            // As it came, to the last blank.
            (
                r#"{ "n": 1.50, "t": "\u4e2d" }"#,
                r#"{ "n": 1.50, "t": "\u4e2d" }"#,
            ),
        ] {
            let hidden = hidden().body(body.as_bytes().to_vec());
            assert_eq!(String::from_utf8_lossy(&hidden), left, "{body}");
        }
        let many = |bracket: &str| bracket.repeat(200);
        let deep = format!(
            r#"{{"status":"AKID\u002d1","x":{}{}}}"#,
            many("["),
            many("]")
        );
        for no_json in [
            b"\xff AKID-1".to_vec(),
            b"{\"status\":\"AKID\\u002d1\",\"x\":\"\xff\"}".to_vec(),
            deep.into_bytes(),
        ] {
            let left = hidden().body(no_json);
            let left = String::from_utf8_lossy(&left);
            assert!(!left.contains("AKID"), "{left}");
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
        let unavailable = Some(Reading::Retry(Reason::CloudUnavailable));
        assert_eq!(answered(unavailable, refusal(503, "")), (false, 0));
        trial.miss();
        let denied = Some(Reading::Blocked(Reason::PermissionDenied));
        // Of a proxy or the gateway, which have not looked at the signature.
        assert_eq!(answered(denied, refusal(403, "")), (false, 1));
        assert_eq!(answered(denied, refusal(403, "APIGW.0802")), (false, 1));
        assert_eq!(answered(denied, refusal(403, "APIG.0802")), (false, 1));
        assert_eq!(answered(None, refusal(403, "NEW.1")), (false, 1));
        let terminal = Some(Reading::Terminal);
        let missing = refusal(400, "MissingParameter");
        assert_eq!(answered(terminal, missing), (false, 1));
        let rejected = Some(Reading::Blocked(Reason::CredentialsRejected));
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
