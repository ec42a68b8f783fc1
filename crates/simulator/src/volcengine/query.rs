//! The query of a call: `Name`, `Name.1`, `Name.1.Field`. A `+` is a blank.

use crate::message::form_pairs;

/// The parameters, decoded, in the order sent.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn of(query: &str) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let pairs = form_pairs(query).into_iter();
        Self(
            pairs
                .map(|(name, value)| (text(name), text(value)))
                .collect(),
        )
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        pairs.find(|(n, _)| n == name).map(|(_, value)| &**value)
    }

    /// As [`Query::get`]; an empty value counts as absent.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The values of `Name.1`, `Name.2` and so on.
    pub(crate) fn list<'a>(&'a self, name: &str) -> Vec<&'a str> {
        (1..)
            .map_while(|n| self.get(&format!("{name}.{n}")))
            .collect()
    }

    /// Everything but what says who calls what and when: what a token stands for.
    pub(crate) fn without(&self, names: &[&str]) -> Vec<(String, String)> {
        let kept = |pair: &&(String, String)| !names.contains(&&*pair.0);
        let mut pairs: Vec<_> = self.0.iter().filter(kept).cloned().collect();
        pairs.sort();
        pairs
    }
}
