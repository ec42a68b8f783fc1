//! Ids in requests. Wherever an id comes from (a spec, a status, a ledger, an answer), it
//! can be written by someone else: this module checks it, and the clients take paths,
//! queries and bodies with ids only in the types that are made here.
//!
//! An id that is not valid is never a no: nothing is asked, nothing is concluded, and the
//! error says which id it is.

use std::fmt::Write as _;

use super::call::CallError;
use super::verdict::{Reading, Refusal};
use crate::api::Reason;
use crate::text;

/// Longest id.
const LONGEST: usize = 64;

/// Longest name, for instance of a product.
const LONGEST_NAME: usize = 128;

/// Longest mark of a page.
const LONGEST_MARK: usize = 1000;

/// Longest part of an odd id that is told.
const TOLD: usize = 64;

/// What may be put into a path, into status and into a ledger.
pub fn is_id(text: &str) -> bool {
    is_made_of(text, LONGEST, |c| matches!(c, '-' | '_'))
}

/// What a product or a specification may be called.
fn is_name(text: &str) -> bool {
    is_made_of(text, LONGEST_NAME, |c| matches!(c, '-' | '_' | '.'))
}

fn is_made_of(text: &str, most: usize, other: impl Fn(char) -> bool) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || other(c);
    (1..=most).contains(&text.len()) && text.chars().all(safe)
}

/// An id that is not valid, and where it was to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OddId {
    place: String,
    id: String,
}

impl OddId {
    pub(super) fn new(place: &str, id: &str) -> Self {
        Self {
            place: place.to_owned(),
            id: text::line(id, TOLD),
        }
    }

    /// As the words of a call that is not made.
    pub fn refusal(&self) -> Refusal {
        let Self { place, id } = self;
        Refusal::of_transport(format!(
            "\"{id}\" ({place}) is not a valid id, so the cloud is not asked about it"
        ))
    }
}

impl From<OddId> for CallError {
    fn from(odd: OddId) -> Self {
        Self {
            reading: Reading::Retry(Reason::OBSERVATION_UNCLEAR),
            refusal: odd.refusal(),
        }
    }
}

/// That id, if it is valid. `place`: what the cloud calls it.
pub(super) fn checked<'a>(place: &str, id: &'a str) -> Result<&'a str, OddId> {
    match is_id(id) {
        true => Ok(id),
        false => Err(OddId::new(place, id)),
    }
}

/// The path of a request. Each segment of it is an id or looks like one, so that none
/// leads to another path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// Of these segments.
    pub(super) fn of(segments: &[&str]) -> Result<Self, OddId> {
        let (mut path, mut before) = (String::new(), "");
        for segment in segments {
            let segment = checked(before, segment)?;
            let _ = write!(path, "/{segment}");
            before = segment;
        }
        Ok(Self(path))
    }

    /// As it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The query of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// With a value that does not come from outside.
    pub(super) fn fixed(self, name: &'static str, value: &'static str) -> Self {
        self.with(name, value.to_owned())
    }

    /// With a number.
    pub(super) fn number(self, name: &'static str, value: impl Into<i64>) -> Self {
        self.with(name, value.into().to_string())
    }

    /// With a time, in milliseconds since 1970; BSS takes whole seconds.
    pub(super) fn time(self, name: &'static str, millis: i64) -> Self {
        let time = super::call::time(millis);
        self.with(name, time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    /// With an id.
    pub(super) fn id(self, name: &'static str, id: &str) -> Result<Self, OddId> {
        let id = checked(name, id)?.to_owned();
        Ok(self.with(name, id))
    }

    /// With the name of a product.
    pub(super) fn name(self, name: &'static str, value: &str) -> Result<Self, OddId> {
        match is_name(value) {
            true => Ok(self.with(name, value.to_owned())),
            false => Err(OddId::new(name, value)),
        }
    }

    /// With what the cloud gave to ask for the next page. Of any characters that can be
    /// seen, as it is encoded.
    pub(super) fn mark(self, name: &'static str, value: &str) -> Result<Self, OddId> {
        let whole = (1..=LONGEST_MARK).contains(&value.len());
        match whole && text::is_visible(value) {
            true => Ok(self.with(name, value.to_owned())),
            false => Err(OddId::new(name, value)),
        }
    }

    fn with(mut self, name: &str, value: String) -> Self {
        self.0.push((name.to_owned(), value));
        self
    }

    /// The names and values, not encoded.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: [&str; 12] = [
        "",
        ".",
        "..",
        "a/b",
        "../orders",
        "a%2fb",
        "a?b=c",
        "a#b",
        "a b",
        "a\u{200B}b",
        "实",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];

    #[test]
    fn a_path_has_no_segment_but_ids() {
        let path = Path::of(&["v2", "p_1", "instances", "i-1"]).expect("ids");
        assert_eq!(path.as_str(), "/v2/p_1/instances/i-1");
        for odd in ODD {
            let error = Path::of(&["v2", "p1", "instances", odd]).expect_err(odd);
            let CallError { reading, refusal } = error.into();
            // It is neither a no nor a fault of the cloud's.
            assert_eq!(reading, Reading::Retry(Reason::OBSERVATION_UNCLEAR));
            assert!(refusal.message.contains("(instances)"), "{refusal:?}");
        }
    }

    #[test]
    fn an_odd_id_is_told_without_what_it_would_do_to_a_terminal() {
        let error = Path::of(&["v2", "a\u{1B}[2J\u{202E}b"]).expect_err("an odd id");
        let message = error.refusal().message;
        assert!(text::is_visible(&message), "{message:?}");
        let error = Path::of(&["v2", &"x".repeat(100_000)]).expect_err("an odd id");
        assert!(error.refusal().message.len() < 200);
    }

    #[test]
    fn a_query_takes_each_value_in_its_own_form() {
        let query = Query::default()
            .fixed("order_by", "createTime")
            .number("limit", 100)
            .time("begin", 1_783_670_400_999)
            .id("id", "a-1")
            .and_then(|query| query.name("product_id", "s6.large.2"))
            .and_then(|query| query.mark("NextToken", "e J+/=="));
        let query = query.expect("all are valid");
        let values: Vec<&str> = query.pairs().iter().map(|(_, value)| &**value).collect();
        assert_eq!(
            values,
            [
                "createTime",
                "100",
                "2026-07-10T08:00:00Z",
                "a-1",
                "s6.large.2",
                "e J+/=="
            ]
        );
        for odd in ODD {
            assert!(Query::default().id("id", odd).is_err(), "{odd}");
        }
        for odd in ["", "a b", "a/b", "实", "a\n"] {
            assert!(Query::default().name("name", odd).is_err(), "{odd}");
        }
        for odd in ["", "a\u{200B}", "a\n", &"x".repeat(1_001)] {
            assert!(Query::default().mark("mark", odd).is_err(), "{odd}");
        }
    }
}
