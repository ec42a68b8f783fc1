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

#[cfg(test)]
mod tests {
    use super::*;

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
