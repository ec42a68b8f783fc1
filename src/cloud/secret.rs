//! Keys that cannot be printed by accident.

use std::fmt;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Access key id. Sent with each request, but not worth a log line either.
    pub id: SecretText,
    /// Secret access key.
    pub secret: SecretText,
    /// Token of temporary credentials.
    pub token: Option<SecretText>,
}

impl Key {
    /// The text without any part of the key in it, for what a cloud said.
    pub fn redacted(&self, text: &str) -> String {
        // The longest first, should one be a part of another.
        let mut parts = vec![self.id.reveal(), self.secret.reveal()];
        parts.extend(self.token.as_ref().map(SecretText::reveal));
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        let hide = |text: String, part: &&str| match part.len() {
            // So short a text is no secret, and may be a part of any word.
            0..4 => text,
            _ => text.replace(*part, "(secret)"),
        };
        parts.iter().fold(text.to_owned(), hide)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_key_is_left_in_a_redacted_text() {
        let key = Key {
            id: SecretText::new("AKID-1"),
            secret: SecretText::new("wJalr"),
            token: Some(SecretText::new("wJalr-token")),
        };
        let said = "Access=AKID-1 wJalr, wJalr-token: bad";
        let left = "Access=(secret) (secret), (secret): bad";
        assert_eq!(key.redacted(said), left);
        assert_eq!(key.redacted("no such instance"), "no such instance");
    }

    #[test]
    fn debug_of_a_key_prints_nothing_of_it() {
        let key = Key {
            id: SecretText::new("AKIDEXAMPLE"),
            secret: SecretText::new("wJalrXUtnFEMI"),
            token: Some(SecretText::new("FwoGZXIvYXdz")),
        };
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
